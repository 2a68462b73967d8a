// SPDX-License-Identifier: BSD-3-Clause
//
// CONNECT with and without will, DISCONNECT both ways, keep-alive, the end of a connection.
// Spec: 6.2, 6.3, 6.11, 6.12.
#include "client.hpp"

#include <string.h>

#include "mqttsn/topic.hpp"

namespace mqttsn {

namespace {

constexpr size_t kConnectFixed = 4;  // Flags, ProtocolId, Duration
constexpr size_t kClientIdOctetsMax = 249;

Bytes topic_of(const mqttsn_will& will) {
    return will.topic != nullptr ? bytes_of(will.topic) : Bytes{};
}

}  // namespace

mqttsn_status Client::check_connect() const {
    const size_t client_id_octets = bytes_of(config_->client_id).size;
    if (client_id_octets == 0 || client_id_octets > kClientIdOctetsMax) {
        return MQTTSN_ERR_ARGUMENT;
    }
    if (!fits(kConnectFixed + client_id_octets)) {
        return MQTTSN_ERR_TOO_LONG;
    }
    const mqttsn_will* const will = config_->will;
    if (will == nullptr || topic_of(*will).empty()) {
        return MQTTSN_OK;
    }
    if (will->qos > 2 || (will->payload == nullptr && will->payload_octets != 0)) {
        return MQTTSN_ERR_ARGUMENT;
    }
    if (!topic_name_valid(topic_of(*will))) {
        return MQTTSN_ERR_TOPIC;
    }
    return fits(1 + topic_of(*will).size) && fits(will->payload_octets) ? MQTTSN_OK : MQTTSN_ERR_TOO_LONG;
}

mqttsn_status Client::connect(bool clean_session) {
    if (state() == MQTTSN_STATE_CONNECTING) {
        return MQTTSN_ERR_STATE;
    }
    const mqttsn_status status = check_connect();
    if (status != MQTTSN_OK) {
        return status;
    }
    // The gateway keeps topic ids while a device sleeps. In every other case it may have lost them, and an id
    // it gave anew would carry our message to a wrong topic; so they are asked for again (RSMB forgets them
    // at every CONNECT).
    resumed_ = state_ == State::asleep;
    clean_ = clean_session;
    suspend_uplink();
    subscription_.suspend();
    state_ = State::disconnected;
    request(Request::connect);
    return MQTTSN_OK;
}

mqttsn_status Client::disconnect() {
    if (state() == MQTTSN_STATE_DISCONNECTED) {
        return MQTTSN_ERR_STATE;
    }
    request(Request::disconnect);
    return MQTTSN_OK;
}

void Client::request(Request what) {
    request_ = what;
    control_.start();
}

bool Client::control_message(uint32_t now, Message& message) {
    mqttsn_lost_reason reason = MQTTSN_LOST_CONNECT;
    const mqttsn_will* const will = config_->will;
    switch (request_) {
        case Request::will_topic:
            // The configuration must not change while connecting, but a null pointer would be worse than an
            // odd will.
            message =
                will == nullptr || topic_of(*will).empty()
                    ? make_will_topic_empty()
                    : make_will_topic(Flags{}.with_qos(static_cast<Qos>(will->qos)).with_retain(will->retain),
                                      topic_of(*will));
            break;
        case Request::will_message:
            message = make_will_msg(
                will == nullptr ? Bytes{}
                                : Bytes{static_cast<const uint8_t*>(will->payload), will->payload_octets});
            break;
        case Request::ping:
            message = make_pingreq(Bytes{});
            reason = MQTTSN_LOST_PING;
            break;
        case Request::wake:
            message = make_pingreq(bytes_of(config_->client_id));
            reason = MQTTSN_LOST_WAKE;
            break;
        case Request::sleep:
            message = make_disconnect_sleep(sleep_s_);
            reason = MQTTSN_LOST_SLEEP;
            break;
        case Request::disconnect:
            message = make_disconnect();
            reason = MQTTSN_LOST_DISCONNECT;
            break;
        default:
            message = make_connect(Flags{}.with_will(will != nullptr).with_clean_session(clean_),
                                   config_->keep_alive_s, bytes_of(config_->client_id));
            break;
    }
    return transmit(control_, now, reason);
}

bool Client::on_connack(const Message& message) {
    if (state() != MQTTSN_STATE_CONNECTING || control_.transmissions == 0) {
        return false;
    }
    if (message.return_code != ReturnCode::accepted) {
        end_connection(MQTTSN_EVENT_REFUSED, static_cast<int>(message.return_code));
        return true;
    }
    connected();
    return true;
}

void Client::connected() {
    control_.stop();
    request_ = Request::none;
    state_ = State::active;
    if (clean_ || !resumed_) {
        topics_.clear();
    }
    if (clean_) {
        inbound_count_ = 0;
        memset(recent_ids_, 0, sizeof recent_ids_);  // message id 0 is none
        discard_uplink();
        subscription_sent_ = false;
    }
    inbound_old_ = inbound_count_;
    if (queued_ > 0) {
        head()->marks = static_cast<uint8_t>(head()->marks & ~kReregistered);
        uplink_.resume();
    }
    if (subscription_open()) {
        subscription_.resume();
    }
    link_event_ = MQTTSN_EVENT_CONNECTED;
    link_code_ = 0;
}

// A repeated WILLTOPICREQ or WILLMSGREQ means that our answer was lost: it is sent again at once.
// WILLTOPICREQ after WILLMSGREQ: for the gateway the handshake has begun anew (a late copy of CONNECT does
// that), and it waits for the topic.
bool Client::on_will_topic_req() {
    if ((request_ != Request::connect && request_ != Request::will_topic &&
         request_ != Request::will_message) ||
        control_.transmissions == 0) {
        return false;
    }
    request(Request::will_topic);
    return true;
}

bool Client::on_will_msg_req() {
    if ((request_ != Request::will_topic && request_ != Request::will_message) ||
        control_.transmissions == 0) {
        return false;
    }
    request(Request::will_message);
    return true;
}

/// DISCONNECT means three things: the answer to ours, the answer to a wish to sleep, or "I do not know you"
/// (SN12-98). It is never answered (D23).
bool Client::on_disconnect() {
    switch (request_) {
        case Request::connect:
            // The answer to something sent before the CONNECT. If it is not, CONNECT will be repeated anyway.
            return false;
        case Request::will_topic:
        case Request::will_message:
            // The gateway forgot the handshake: it starts again with the next repetition, under the same
            // count.
            request_ = Request::connect;
            return true;
        case Request::disconnect:
            if (control_.transmissions == 0) {
                return false;  // ours is still to be sent, and will be answered
            }
            end_connection(MQTTSN_EVENT_CLOSED, 0);
            return true;
        case Request::sleep:
            if (control_.transmissions > 0) {
                control_.stop();
                request_ = Request::none;
                state_ = State::asleep;
                suspend_uplink();
                subscription_.suspend();
                link_event_ = MQTTSN_EVENT_ASLEEP;
                link_code_ = 0;
                return true;
            }
            break;
        default:
            break;
    }
    if (state_ == State::disconnected) {
        return false;
    }
    end_connection(MQTTSN_EVENT_DISCONNECTED, 0);
    return true;
}

/// Unfinished exchanges in both directions stay, for the next connection.
void Client::end_connection(mqttsn_event_type event, int code) {
    state_ = State::disconnected;
    request_ = Request::none;
    control_.stop();
    suspend_uplink();
    subscription_.suspend();
    link_event_ = static_cast<uint8_t>(event);
    link_code_ = static_cast<uint8_t>(code);
}

/// PINGREQ goes out so early that one repetition still arrives within the keep-alive period, but not before
/// half of it.
uint32_t Client::keep_alive_wait(uint32_t now) const {
    if (config_->keep_alive_s == 0 || request_ != Request::none) {
        return UINT32_MAX;
    }
    const uint32_t period = config_->keep_alive_s * 1000U;
    const uint32_t margin = config_->retry_interval_ms + config_->retry_interval_ms / 4;
    const uint32_t interval = period / 2 > margin ? period - margin : period / 2;
    const int32_t left = static_cast<int32_t>(last_sent_ + interval - now);
    return left > 0 ? static_cast<uint32_t>(left) : 0;
}

}  // namespace mqttsn
