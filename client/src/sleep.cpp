// SPDX-License-Identifier: BSD-3-Clause
//
// Falling asleep and waking up to fetch messages. The answer to DISCONNECT(duration) is in connect.cpp,
// because a DISCONNECT must first be told from its two other meanings. Spec: 6.14.
#include "client.hpp"

namespace mqttsn {

mqttsn_status Client::sleep(uint16_t duration_s) {
    // Once DISCONNECT(duration) is on its way its answer could not be told from that to another duration.
    const bool falling = request_ == Request::sleep && control_.transmissions > 0;
    const bool active = state_ == State::active && request_ != Request::disconnect;
    const bool asleep = state_ == State::asleep && (request_ == Request::none || request_ == Request::sleep);
    if (falling || !(active || asleep)) {
        return MQTTSN_ERR_STATE;
    }
    sleep_s_ = duration_s;
    request(Request::sleep);
    return MQTTSN_OK;
}

mqttsn_status Client::wake() {
    if (state() != MQTTSN_STATE_ASLEEP) {
        return MQTTSN_ERR_STATE;
    }
    request(Request::wake);
    return MQTTSN_OK;
}

bool Client::on_pingresp() {
    if ((request_ != Request::ping && request_ != Request::wake) || control_.transmissions == 0) {
        return false;
    }
    if (request_ == Request::wake) {
        link_event_ = MQTTSN_EVENT_AWAKE_DONE;
        link_code_ = 0;
    }
    control_.stop();
    request_ = Request::none;
    return true;
}

/// SN12-107: while awake the timer starts again with every message, because PINGRESP comes only after the
/// last one.
void Client::note_awake_traffic(uint32_t now) {
    if (request_ == Request::wake && control_.timer == Exchange::Timer::running) {
        control_.transmissions = 1;
        control_.deadline = now + config_->retry_interval_ms;
    }
}

}  // namespace mqttsn
