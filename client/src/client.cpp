// SPDX-License-Identifier: BSD-3-Clause
#include "client.hpp"

#include <string.h>

#include "mqttsn/codec.hpp"
#include "mqttsn/retransmit.hpp"

namespace mqttsn {

uint32_t Exchange::wait(uint32_t now) const {
    if (timer == Timer::idle) {
        return UINT32_MAX;
    }
    const int32_t left = static_cast<int32_t>(deadline - now);
    return timer == Timer::due || left <= 0 ? 0 : static_cast<uint32_t>(left);
}

void Client::init(const mqttsn_config* config) {
    memset(static_cast<void*>(this), 0, sizeof *this);
    config_ = config;
    topics_.init(config->topic_memory, config->topic_memory_octets);
    // Xorshift never leaves zero.
    random_ = config->seed != 0 ? config->seed : 0x9E3779B9U;
    message_id_ =
        config->first_message_id != 0 ? config->first_message_id : static_cast<uint16_t>(random() >> 8U);
}

uint32_t Client::random() {
    random_ ^= random_ << 13U;
    random_ ^= random_ >> 17U;
    random_ ^= random_ << 5U;
    return random_;
}

// D28: never 0 for a request, and never an id that still waits for its answer.
uint16_t Client::next_message_id() {
    for (;;) {
        const uint16_t id = message_id_++;
        const bool taken = (subscription_open() && id == subscription_.message_id) ||
                           (queued_ > 0 && (id == head()->message_id || id == uplink_.message_id));
        if (id != 0 && !taken) {
            return id;
        }
    }
}

uint16_t Client::next_token() {
    ++token_;
    if (token_ == 0) {
        token_ = 1;
    }
    return token_;
}

bool Client::fits(size_t octets_after_header) const {
    const size_t total = octets_after_header + 2;
    return total + (total > kShortFormOctetsMax ? 2U : 0U) <= config_->datagram_octets_max;
}

bool Client::event_waits() const {
    return message_waits_ || link_event_ != 0 || subscription_phase_ >= Subscription::subscribed ||
           find_slot(Phase::finished, false) < queued_;
}

/// DISCONNECT(duration) lets what is on its way finish first; an exchange that is held off is not waited for.
bool Client::exchanges_busy() const {
    return (subscription_open() && subscription_.timer != Exchange::Timer::held) ||
           (queued_ > 0 && uplink_.timer != Exchange::Timer::held);
}

bool Client::control_open() const {
    if (request_ == Request::sleep && control_.transmissions == 0 && state_ == State::active) {
        return !exchanges_busy();
    }
    return request_ != Request::none;
}

bool Client::exchanges_open() const {
    return state_ == State::active && (request_ == Request::none || request_ == Request::ping ||
                                       (request_ == Request::sleep && control_.transmissions == 0));
}

/// After DISCONNECT has been asked for, messages are left to the gateway: nobody would read them any more.
bool Client::hears_messages() const {
    return (state_ == State::active && request_ != Request::disconnect) || request_ == Request::wake;
}

mqttsn_status Client::input(uint32_t now, Bytes datagram) {
    if (reply_waits_ || message_waits_ || link_event_ != 0) {
        return MQTTSN_ERR_BUSY;
    }
    Message message;
    if (decode(datagram, Sender::gateway, message) != DecodeError::none) {
        return MQTTSN_ERR_MALFORMED;
    }
    return handle(now, message) ? MQTTSN_OK : MQTTSN_ERR_UNEXPECTED;
}

bool Client::handle(uint32_t now, const Message& message) {
    switch (message.type) {
        case MessageType::connack:
            return on_connack(message);
        case MessageType::will_topic_req:
            return on_will_topic_req();
        case MessageType::will_msg_req:
            return on_will_msg_req();
        case MessageType::disconnect:
            // Only a device says how long (SN12-48).
            return !message.has_optional && on_disconnect();
        case MessageType::pingresp:
            return on_pingresp();
        case MessageType::register_topic:
        case MessageType::publish:
        case MessageType::pubrel:
        case MessageType::pingreq:
            return hears_messages() && handle_message(now, message);
        default:
            break;
    }
    if (state_ != State::active || request_ == Request::disconnect) {
        return false;
    }
    switch (message.type) {
        case MessageType::regack:
            return on_regack(now, message);
        case MessageType::puback:
            return on_puback(now, message);
        case MessageType::pubrec:
            return on_pubrec(message);
        case MessageType::pubcomp:
            return on_pubcomp(message);
        case MessageType::suback:
            return on_suback(now, message);
        case MessageType::unsuback:
            return on_unsuback(message);
        default:
            return false;
    }
}

/// What the gateway sends on its own.
bool Client::handle_message(uint32_t now, const Message& message) {
    bool expected = true;
    switch (message.type) {
        case MessageType::register_topic:
            on_register(message);
            break;
        case MessageType::publish:
            expected = on_publish(now, message);
            break;
        case MessageType::pubrel:
            on_pubrel(now, message);
            break;
        default:
            reply(MessageType::pingresp, 0, 0);  // SN12-94, D48
            break;
    }
    if (expected) {
        note_awake_traffic(now);
    }
    return expected;
}

void Client::reply(MessageType type, uint16_t topic_id, uint16_t message_id, ReturnCode code) {
    reply_ = Reply{type, code, topic_id, message_id};
    reply_waits_ = true;
}

/// Counts one transmission of the exchange and arms its timer. False = N_retry is used up and the connection
/// is lost (SN12-100).
bool Client::transmit(Exchange& exchange, uint32_t now, mqttsn_lost_reason reason) {
    if (exchange.timer == Exchange::Timer::running && exchange.transmissions > config_->retry_count) {
        end_connection(MQTTSN_EVENT_LOST, reason);
        return false;
    }
    ++exchange.transmissions;
    exchange.timer = Exchange::Timer::running;
    exchange.deadline = now + jittered(config_->retry_interval_ms, random());
    return true;
}

size_t Client::output(uint32_t now, uint8_t* out, size_t capacity) {
    // The acknowledgement of a message waits until the application has pulled the message.
    if (capacity < config_->datagram_octets_max || message_waits_) {
        return 0;
    }
    Message message;
    if (reply_waits_) {
        message.type = reply_.type;
        message.topic_id = reply_.topic_id;
        message.message_id = reply_.message_id;
        message.return_code = reply_.code;
        reply_waits_ = false;
    } else if (link_event_ != 0 || !next_message(now, message)) {
        return 0;
    }
    // QoS -1 is no part of the connection, a gateway need not count it as a sign of life.
    if (message.type != MessageType::publish || message.flags.qos() != kQosMinusOne) {
        last_sent_ = now;
    }
    return encode(message, out, capacity);
}

bool Client::next_message(uint32_t now, Message& message) {
    if (control_open() && control_.ready(now)) {
        return control_message(now, message);
    }
    if (minus_one_message(now, message)) {
        return true;
    }
    if (!exchanges_open()) {
        return false;
    }
    if (subscription_open() && subscription_.ready(now)) {
        return subscription_message(now, message);
    }
    if (uplink_.ready(now) && uplink_message(now, message)) {
        return true;
    }
    // The uplink may just have found that the connection is lost.
    if (exchanges_open() && keep_alive_wait(now) == 0) {
        request(Request::ping);
        return control_message(now, message);
    }
    return false;
}

uint32_t Client::next_timeout(uint32_t now) const {
    if (reply_waits_ || event_waits()) {
        return 0;
    }
    uint32_t least = control_open() ? control_.wait(now) : UINT32_MAX;
    const auto shorten = [&least](uint32_t wait) {
        if (wait < least) {
            least = wait;
        }
    };
    if (find_slot(Phase::queued, true) < queued_) {
        shorten(uplink_.timer == Exchange::Timer::held ? uplink_.wait(now) : 0);
    }
    if (exchanges_open()) {
        shorten(subscription_open() ? subscription_.wait(now) : UINT32_MAX);
        shorten(uplink_.wait(now));
        shorten(keep_alive_wait(now));
    }
    return least;
}

bool Client::next_event(mqttsn_event& event) {
    if (!event_waits()) {
        return false;
    }
    memset(&event, 0, sizeof event);
    if (message_waits_) {
        message_waits_ = false;
        event.type = MQTTSN_EVENT_MESSAGE;
        event.topic.kind = static_cast<uint8_t>(message_flags_.topic_id_type());
        event.topic.id = message_topic_id_;
        if (event.topic.kind == MQTTSN_TOPIC_NAME) {
            const Bytes name = topics_.name_of(message_topic_id_);
            event.topic.name = reinterpret_cast<const char*>(name.data);
            event.topic.name_octets = static_cast<uint16_t>(name.size);
        }
        event.payload = payload_;
        event.payload_octets = payload_octets_;
        event.qos = message_flags_.qos();
        event.retain = message_flags_.retain();
        event.dup = message_flags_.dup();
    } else if (subscription_phase_ >= Subscription::subscribed) {
        const bool subscribed = subscription_phase_ == Subscription::subscribed;
        event.type = subscribed ? MQTTSN_EVENT_SUBSCRIBED : MQTTSN_EVENT_UNSUBSCRIBED;
        event.token = subscription_token_;
        event.code = static_cast<int>(subscription_code_);
        event.qos = subscription_flags_.qos();
        subscription_phase_ = Subscription::none;
    } else if (const uint8_t index = find_slot(Phase::finished, false); index < queued_) {
        event.type = MQTTSN_EVENT_DELIVERED;
        event.token = config_->queue[index].token;
        event.code = config_->queue[index].code;
        pop(index);
    } else {
        event.type = static_cast<mqttsn_event_type>(link_event_);
        event.code = link_code_;
        link_event_ = 0;
    }
    return true;
}

mqttsn_state Client::state() const {
    switch (request_) {
        case Request::connect:
        case Request::will_topic:
        case Request::will_message:
            return MQTTSN_STATE_CONNECTING;
        case Request::sleep:
            return MQTTSN_STATE_FALLING_ASLEEP;
        case Request::wake:
            return MQTTSN_STATE_AWAKE;
        case Request::disconnect:
            return MQTTSN_STATE_DISCONNECTING;
        default:
            return state_ == State::active   ? MQTTSN_STATE_ACTIVE
                   : state_ == State::asleep ? MQTTSN_STATE_ASLEEP
                                             : MQTTSN_STATE_DISCONNECTED;
    }
}

}  // namespace mqttsn
