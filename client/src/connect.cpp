// SPDX-License-Identifier: BSD-3-Clause
//
// CONNECT with and without will, DISCONNECT both ways, keep-alive, the end of a connection.
// Spec: 6.2, 6.3, 6.11, 6.12.
#include "client.hpp"

namespace mqttsn {
namespace {

bool has_topic(const mqttsn_will* will) {
    return will != nullptr && will->topic != nullptr && will->topic[0] != '\0';
}

mqttsn_status Client::check_will(const mqttsn_will* will) const {
    if (!has_topic(will)) {
        return MQTTSN_OK;
    }
    const size_t octets = text_octets(will->topic);
    if (will->qos > 2 || (will->payload == nullptr && will->payload_octets != 0)) {
        return MQTTSN_ERR_ARGUMENT;
    }
    if (!topic_text_valid(octets_of(will->topic), octets, false)) {
        return MQTTSN_ERR_TOPIC;
    }
    return fits(1 + octets) && fits(will->payload_octets) ? MQTTSN_OK : MQTTSN_ERR_TOO_LONG;
}

mqttsn_status Client::connect(bool clean_session) {
    if (connecting()) {
        return MQTTSN_ERR_STATE;
    }
    const size_t client_id_octets = text_octets(config_->client_id);
    // 249: what an envelope around a PINGREQ, and a gateway's logs, have room for.
    if (client_id_octets - 1 >= 249) {
        return MQTTSN_ERR_ARGUMENT;
    }
    if (!fits(4 + client_id_octets)) {
        return MQTTSN_ERR_TOO_LONG;
    }
    if (kWithWill) {
        const mqttsn_status status = check_will(will_);
        if (status != MQTTSN_OK) {
            return status;
        }
    }
    goal_ = kNoRequest;
    begin_connect(clean_session);
    return MQTTSN_OK;
}

void Client::begin_connect(bool clean_session) {
    // The gateway keeps topic ids while a device sleeps. In every other case it may have lost them, and an id
    // it gave anew would carry our message to a wrong topic; so they are asked for again (RSMB forgets them
    // at every CONNECT).
    resumed_ = kWithSleep && state_ == kAsleep && goal_ != kWake;
    clean_ = clean_session;
    suspend_uplink();
    state_ = kDisconnected;
    request(kConnect);
    if (kWithDiscovery && config_->gateways != nullptr) {
        tried_ = 0;
        if (!choose_gateway(gateway_)) {
            search();
        }
    }
}

mqttsn_status Client::disconnect() {
    if (state_ == kDisconnected && request_ == kNoRequest) {
        return MQTTSN_ERR_STATE;
    }
    if (kWithDiscovery && needs_gateway()) {
        search_ = kNoSearch;
        end_connection(MQTTSN_EVENT_CLOSED, 0);
    } else {
        request(kDisconnect);
    }
    return MQTTSN_OK;
}

void Client::request(Request what) {
    request_ = what;
    sent_[kControl] = 0;
}

/// Without a topic the empty message, which deletes the will (SN12-35).
void Client::will_topic(Outgoing& out, uint8_t type) const {
    out.head.begin(type);
    if (has_topic(will_)) {
        out.head.put8(static_cast<unsigned>(will_->qos) << 5U | (will_->retain ? MQTTSN_FLAG_RETAIN : 0U));
        out.set_data(will_->topic, text_octets(will_->topic));
    }
}

void Client::will_message(Outgoing& out, uint8_t type) const {
    out.head.begin(type);
    // The will must not change while connecting, but a null pointer would be worse than an odd will.
    if (will_ != nullptr) {
        out.set_data(will_->payload, will_->payload_octets);
    }
}

bool Client::control_message(Outgoing& out) {
    static_assert(MQTTSN_LOST_WAKE - MQTTSN_LOST_PING == kWake - kPing &&
                      MQTTSN_LOST_DISCONNECT - MQTTSN_LOST_PING == kDisconnect - kPing,
                  "reasons are in the order of requests");
    const uint8_t reason =
        connecting() ? static_cast<uint8_t>(MQTTSN_LOST_CONNECT)
                     : static_cast<uint8_t>(request_ - kPing + static_cast<unsigned>(MQTTSN_LOST_PING));
    if (!transmit(kControl, reason)) {
        return false;
    }
    const uint8_t what = request_;
    Head& head = out.head;
    if (kWithWill && what == kWillTopic) {
        will_topic(out, kTypeWILLTOPIC);
    } else if (kWithWill && what == kWillMessage) {
        will_message(out, kTypeWILLMSG);
    } else if (what == kPing || what == kWake) {
        head.begin(kTypePINGREQ);
    } else if (what == kConnect) {
        head.begin(kTypeCONNECT);
        head.put8((kWithWill && will_ != nullptr ? MQTTSN_FLAG_WILL : 0U) |
                  (clean_ ? MQTTSN_FLAG_CLEAN_SESSION : 0U));
        head.put8(kProtocolId12);
        head.put16(config_->keep_alive_s);
    } else {
        head.begin(kTypeDISCONNECT);
        if (kWithSleep && what == kSleep) {
            head.put16(sleep_s_);
        }
    }
    if (what == kConnect || (kWithSleep && what == kWake)) {
        out.set_data(config_->client_id, text_octets(config_->client_id));
    }
    return true;
}

bool Client::on_connack(uint8_t code) {
    if (!connecting() || sent_[kControl] == 0) {
        return false;
    }
    answered(kControl);
    if (code != kCodeACCEPTED) {
        end_connection(MQTTSN_EVENT_REFUSED, code);
    } else {
        connected();
    }
    return true;
}

void Client::connected() {
    request_ = kNoRequest;
    state_ = kActive;
    if (!kWithSleep || clean_ || !resumed_) {
        topics_.used = 0;
    }
    for (uint8_t i = 0; kWithInbound && i < config_->inbound_length; ++i) {
        mqttsn_inbound& entry = config_->inbound[i];
        entry.old = 1;
        if (clean_) {
            entry.message_id = 0;
            entry.open = 0;
        }
    }
    if (clean_) {
        discard_uplink();
    }
    if (queued_ != 0) {
        head().marks &= static_cast<uint8_t>(~kReregistered);
    }
    if (!held_) {
        sent_[kUplink] = 0;
    }
    if (kWithSleep && goal_ != kNoRequest) {
        request(kSleep);
    }
    link_event(MQTTSN_EVENT_CONNECTED, 0);
}

// A repeated WILLTOPICREQ or WILLMSGREQ means that our answer was lost: it is sent again at once.
// WILLTOPICREQ after WILLMSGREQ: for the gateway the handshake has begun anew (a late copy of CONNECT does
// that), and it waits for the topic.
bool Client::on_will_request(Request what) {
    if (!connecting() || sent_[kControl] == 0 || (what == kWillMessage && request_ == kConnect)) {
        return false;
    }
    request(what);
    return true;
}

/// DISCONNECT means three things: the answer to ours, the answer to a wish to sleep, or "I do not know you"
/// (SN12-98). It is never answered (D23).
bool Client::on_disconnect() {
    if (connecting()) {
        // To CONNECT: the answer to something sent before. If it is not, CONNECT will be repeated anyway.
        // Later: the gateway forgot the handshake, which starts again with the next repetition, under the
        // same count.
        const bool forgotten = kWithWill && request_ != kConnect;
        request_ = kConnect;
        return forgotten;
    }
    if (request_ == kDisconnect) {
        if (sent_[kControl] == 0) {
            return false;  // ours is still to be sent, and will be answered
        }
        end_connection(MQTTSN_EVENT_CLOSED, 0);
        return true;
    }
    if (state_ == kDisconnected) {
        return false;
    }
    if (kWithSleep && request_ == kWake) {
        goal_ = kWake;
        begin_connect(false);
        return true;
    }
    if (kWithSleep && request_ == kSleep && sent_[kControl] != 0) {
        answered(kControl);
        state_ = kAsleep;
        suspend_uplink();
        if (goal_ == kWake) {
            request(kWake);
        } else {
            request_ = kNoRequest;
            link_event(MQTTSN_EVENT_ASLEEP, 0);
        }
        goal_ = kNoRequest;
        return true;
    }
    end_connection(MQTTSN_EVENT_DISCONNECTED, 0);
    return true;
}

/// Unfinished exchanges in both directions stay, for the next connection. A sleeper that is not answered
/// connects again by itself, and a device that knows other gateways tries them first.
void Client::end_connection(uint8_t event, uint8_t code) {
    if (kWithSleep && request_ == kWake) {
        goal_ = kWake;
        begin_connect(false);
        return;
    }
    if (kWithDiscovery && connecting() && tried_ < known_) {
        mqttsn_gateway& gateway = config_->gateways[gateway_];
        if (event == MQTTSN_EVENT_LOST && gateway.expires == kWhenSilent) {
            gateway.expires = kAtTime;  // this is when: the next connection will search
            gateway.expires_ms = now_;
        }
        if (++tried_ < known_ && choose_gateway(gateway_ + 1U)) {
            resumed_ = false;
            request(kConnect);
            return;
        }
    }
    suspend_uplink();
    state_ = kDisconnected;
    goal_ = kNoRequest;
    request_ = kNoRequest;
    link_event(event, code);
}

/// PINGREQ goes out so early that one repetition still arrives within the keep-alive period, but not before
/// half of it.
uint32_t Client::keep_alive_wait() const {
    const uint32_t period = config_->keep_alive_s * 1000U;
    if (period == 0) {
        return UINT32_MAX;
    }
    const uint32_t margin = config_->retry_interval_ms + config_->retry_interval_ms / 4;
    return left(last_sent_ + (period / 2 > margin ? period - margin : period / 2));
}

}  // namespace
}  // namespace mqttsn
