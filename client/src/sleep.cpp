// SPDX-License-Identifier: BSD-3-Clause
//
// Falling asleep and waking up to fetch messages. The answer to DISCONNECT(duration) is in connect.cpp,
// because a DISCONNECT must first be told from its two other meanings. Spec: 6.14.
#include "client.hpp"

namespace mqttsn {
namespace {

#if MQTTSN_WITH_SLEEP
mqttsn_status Client::sleep(uint16_t duration_s) {
    // Once DISCONNECT(duration) is on its way its answer could not be told from that to another duration.
    if (request_ > kSleep || (request_ == kSleep && sent_[kControl] != 0)) {
        return MQTTSN_ERR_STATE;
    }
    if (state_ == kDisconnected || (state_ == kAsleep && uplink_open())) {
        const mqttsn_status status = connect(false);
        if (status != MQTTSN_OK) {
            return status;
        }
        goal_ = kSleep;
    } else {
        request(kSleep);
    }
    sleep_s_ = duration_s;
    return MQTTSN_OK;
}

mqttsn_status Client::wake() {
    if (state() != MQTTSN_STATE_ASLEEP) {
        return MQTTSN_ERR_STATE;
    }
    request(kWake);
    return MQTTSN_OK;
}
#endif

bool Client::on_pingresp() {
    if ((request_ != kPing && !(kWithSleep && request_ == kWake)) || sent_[kControl] == 0) {
        return false;
    }
    if (kWithSleep && request_ == kWake) {
        link_event(MQTTSN_EVENT_AWAKE_DONE, 0);  // its round trip is that of many messages
    } else {
        answered(kControl);
    }
    request_ = kNoRequest;
    return true;
}

/// SN12-107: while awake the timer starts again with every message, because PINGRESP comes only after the
/// last one.
void Client::note_awake_traffic() {
    if (request_ == kWake && sent_[kControl] != 0) {
        sent_[kControl] = 1;
        deadline_[kControl] = now_ + config_->retry_interval_ms;
    }
}

}  // namespace
}  // namespace mqttsn
