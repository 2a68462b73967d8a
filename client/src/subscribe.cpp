// SPDX-License-Identifier: BSD-3-Clause
//
// SUBSCRIBE and UNSUBSCRIBE, one at a time (SN12-85). Spec: 6.9.
#include "client.hpp"
#include "mqttsn/topic.hpp"

namespace mqttsn {

bool Client::subscription_open() const {
    return subscription_phase_ == Subscription::subscribing ||
           subscription_phase_ == Subscription::unsubscribing;
}

mqttsn_status Client::subscribe(const mqttsn_topic& topic, Flags flags, bool wanted, uint16_t* token) {
    const mqttsn_status status = check_topic(topic, true);
    if (status != MQTTSN_OK) {
        return status;
    }
    if (topic.kind == MQTTSN_TOPIC_NAME && !fits(3U + topic.name_octets)) {
        return MQTTSN_ERR_TOO_LONG;
    }
    if (!exchanges_open()) {
        return MQTTSN_ERR_STATE;
    }
    if (subscription_phase_ != Subscription::none) {
        return MQTTSN_ERR_BUSY;
    }
    filter_ = topic;
    subscription_flags_ = flags.with_topic_id_type(static_cast<TopicIdType>(topic.kind));
    subscription_.message_id = next_message_id();
    subscription_phase_ = wanted ? Subscription::subscribing : Subscription::unsubscribing;
    subscription_sent_ = false;
    subscription_.start();
    subscription_token_ = next_token();
    if (token != nullptr) {
        *token = subscription_token_;
    }
    return MQTTSN_OK;
}

bool Client::subscription_message(uint32_t now, Message& message) {
    if (!transmit(subscription_, now, MQTTSN_LOST_SUBSCRIBE)) {
        return false;
    }
    const uint16_t id = subscription_.message_id;
    const bool named = filter_.kind == MQTTSN_TOPIC_NAME;
    Flags flags = subscription_flags_;
    if (subscription_phase_ == Subscription::subscribing) {
        flags = flags.with_dup(subscription_sent_);  // D29: UNSUBSCRIBE has no DUP
        message =
            named ? make_subscribe(flags, id, name_of(filter_)) : make_subscribe_id(flags, id, filter_.id);
    } else {
        message = named ? make_unsubscribe(flags, id, name_of(filter_))
                        : make_unsubscribe_id(flags, id, filter_.id);
    }
    subscription_sent_ = true;
    return true;
}

bool Client::on_suback(uint32_t now, const Message& message) {
    if (subscription_phase_ != Subscription::subscribing || !subscription_sent_ ||
        message.message_id != subscription_.message_id || subscription_.timer == Exchange::Timer::held) {
        return false;
    }
    if (message.return_code == ReturnCode::congestion) {
        subscription_.hold(now, config_->congestion_wait_ms);  // SN12-84
        return true;
    }
    if (message.return_code == ReturnCode::accepted) {
        if (message.flags.qos() == kQosMinusOne) {
            return false;  // no such grant
        }
        // SN12-86: the id of a name without wildcard comes with the SUBACK, no REGISTER will follow.
        if (filter_.kind == MQTTSN_TOPIC_NAME && topic_id_usable(message.topic_id) &&
            !filter_has_wildcard(name_of(filter_))) {
            topics_.learn(message.topic_id, name_of(filter_));
        }
    }
    subscription_.stop();
    subscription_flags_ = message.flags;
    subscription_code_ = message.return_code;
    subscription_phase_ = Subscription::subscribed;
    return true;
}

bool Client::on_unsuback(const Message& message) {
    if (subscription_phase_ != Subscription::unsubscribing || !subscription_sent_ ||
        message.message_id != subscription_.message_id) {
        return false;
    }
    subscription_.stop();
    subscription_flags_ = Flags{};
    subscription_code_ = ReturnCode::accepted;
    subscription_phase_ = Subscription::unsubscribed;
    return true;
}

}  // namespace mqttsn
