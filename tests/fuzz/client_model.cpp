// SPDX-License-Identifier: BSD-3-Clause
#include "fuzz/client_model.hpp"

#include <algorithm>

#include "fuzz/targets.hpp"

namespace test {

using mqttsn::Message;
using mqttsn::MessageType;
using mqttsn::ReturnCode;
using mqttsn::TopicIdType;

namespace {

std::string text_of(mqttsn::Bytes octets) {
    return std::string(octets.begin(), octets.end());
}

/// Nothing more is to be sent for it, or the gateway's refusal may have ended it.
bool may_have_ended(const ClientModel::Request& request) {
    const bool handed_over = request.ends_with == MQTTSN_EVENT_DELIVERED && request.qos < 1 && request.sent;
    return handed_over || request.acknowledged || request.may_be_discarded || !request.refusals.empty();
}

}  // namespace

void ClientModel::asked_to_disconnect(mqttsn_state state) {
    if (state == MQTTSN_STATE_DISCONNECTED) {
        // No gateway was known: at once, in the place of what was not pulled.
        owed_ = MQTTSN_EVENT_CLOSED;
    } else {
        disconnect_asked_ = true;  // perhaps for the second time, and the first CLOSED was not pulled
    }
}

void ClientModel::requested(Request request) {
    FUZZ_CHECK(request.token != 0);
    for (const Request& other : open_) {
        FUZZ_CHECK(other.token != request.token);
    }
    open_.push_back(std::move(request));
    FUZZ_CHECK(open_.size() <= config_.queue_length);
}

ClientModel::Request* ClientModel::by_message_id(std::uint16_t id) {
    for (Request& request : open_) {
        if (id != 0 && request.sent && request.message_id == id) {
            return &request;
        }
    }
    return nullptr;
}

// ---- what came ----

void ClientModel::taken(const Message& message, mqttsn_state state, const mqttsn_address* from) {
    FUZZ_CHECK(owed_ == 0);
    if (message.type == MessageType::connack && message.return_code == ReturnCode::accepted) {
        owed_ = MQTTSN_EVENT_CONNECTED;
    } else if (message.type == MessageType::pingresp && state == MQTTSN_STATE_AWAKE) {
        owed_ = MQTTSN_EVENT_AWAKE_DONE;
    } else if (message.type == MessageType::disconnect && state == MQTTSN_STATE_ACTIVE) {
        owed_ = MQTTSN_EVENT_DISCONNECTED;
    } else if (message.type == MessageType::disconnect && state == MQTTSN_STATE_DISCONNECTING) {
        owed_ = MQTTSN_EVENT_CLOSED;
        FUZZ_CHECK(disconnect_asked_);
        disconnect_asked_ = false;
    }
    last_ = message;
    last_data_ = text_of(message.data);
    any_taken_ = true;
    reported_last_ = false;
    replied_ = false;
    switch (message.type) {
        case MessageType::connack:
            taken_connack(message);
            break;
        case MessageType::will_topic_req:
            will_topic_asked_ = true;
            break;
        case MessageType::will_msg_req:
            will_message_asked_ = true;
            break;
        case MessageType::pubrel:
            unreleased_.erase(message.message_id);
            left_over_.erase(message.message_id);
            certain_.erase(message.message_id);
            break;
        case MessageType::gateway_info:
            if (!message.data.empty()) {
                // With and without a first octet that says its length (D46).
                gateways_.insert(last_data_);
                gateways_.insert(last_data_.substr(1));
                break;
            }
            [[fallthrough]];
        case MessageType::advertise:
            FUZZ_CHECK(from != nullptr);
            gateways_.insert(octets_of(*from));
            break;
        default:
            taken_answer(message);
    }
}

void ClientModel::taken_connack(const Message& message) {
    FUZZ_CHECK(connect_sent_);
    connect_sent_ = false;
    if (message.return_code != ReturnCode::accepted) {
        return;
    }
    clean_ = false;
    left_over_.insert(unreleased_.begin(), unreleased_.end());
    certain_.insert(unreleased_.begin(), unreleased_.end());
    unreleased_.clear();
    seen_.clear();
    if (!connect_was_clean_) {
        return;
    }
    left_over_.clear();
    certain_.clear();
    names_.clear();
    for (Request& request : open_) {
        request.may_be_discarded = request.may_be_discarded || (request.sent && request.message_id != 0);
    }
}

void ClientModel::taken_answer(const Message& message) {
    const int code = static_cast<int>(message.return_code);
    Request* const request = by_message_id(message.message_id);
    switch (message.type) {
        case MessageType::regack:
            FUZZ_CHECK(registering_.count(message.message_id) != 0);
            if (code == 0) {
                names_[message.topic_id] = registering_.at(message.message_id);
            }
            for (Request& other : open_) {
                if (code != 0 && other.kind == MQTTSN_TOPIC_NAME &&
                    other.ends_with == MQTTSN_EVENT_DELIVERED) {
                    other.refusals.insert(code);
                }
            }
            break;
        case MessageType::puback:
            if (request != nullptr && request->ends_with == MQTTSN_EVENT_DELIVERED) {
                if (code != 0) {
                    request->refusals.insert(code);
                }
                request->acknowledged = request->acknowledged || (code == 0 && request->qos == 1);
            }
            break;
        case MessageType::pubrec:
            if (request != nullptr && request->qos == 2 && request->ends_with == MQTTSN_EVENT_DELIVERED) {
                request->received = true;
            }
            break;
        case MessageType::pubcomp:
            FUZZ_CHECK(request != nullptr && request->received);
            request->acknowledged = true;
            break;
        case MessageType::suback:
        case MessageType::unsuback:
            FUZZ_CHECK(request != nullptr);
            FUZZ_CHECK(
                request->ends_with ==
                (message.type == MessageType::suback ? MQTTSN_EVENT_SUBSCRIBED : MQTTSN_EVENT_UNSUBSCRIBED));
            if (code != 0) {
                request->refusals.insert(code);
            } else {
                request->acknowledged = true;
                request->granted_qos = message.flags.qos();
                if (message.type == MessageType::suback && request->kind == MQTTSN_TOPIC_NAME &&
                    message.topic_id != 0 && message.topic_id != 0xFFFF &&
                    request->name.find_first_of("+#") == std::string::npos) {
                    names_[message.topic_id] = request->name;
                }
            }
            break;
        case MessageType::will_topic_resp:
        case MessageType::will_msg_resp:
            for (Request& other : open_) {
                if (other.ends_with == MQTTSN_EVENT_WILL_UPDATED && other.sent) {
                    other.acknowledged = other.acknowledged || code == 0;
                    other.refusals.insert(code);
                    break;
                }
            }
            break;
        default:
            break;
    }
}

// ---- what the library sent ----

void ClientModel::sent(const Message& message, mqttsn_state state, const mqttsn_address* to) {
    if (to != nullptr) {
        const bool to_all = message.type == MessageType::search_gateway;
        FUZZ_CHECK(to_all ? to->octets == 0 : gateways_.count(octets_of(*to)) != 0);
    }
    switch (message.type) {
        case MessageType::connect:
            sent_connect(message);
            break;
        case MessageType::will_topic:
        case MessageType::will_msg:
        case MessageType::will_topic_upd:
        case MessageType::will_msg_upd:
            sent_will(message);
            break;
        case MessageType::register_topic:
            FUZZ_CHECK(message.topic_id == 0 && message.message_id != 0 && !message.data.empty());
            FUZZ_CHECK(state == MQTTSN_STATE_ACTIVE || state == MQTTSN_STATE_FALLING_ASLEEP);
            check_fresh_id(message.message_id);
            registering_[message.message_id] = text_of(message.data);
            break;
        case MessageType::publish:
            sent_publish(message, state);
            break;
        case MessageType::pubrel:
            sent_pubrel(message);
            break;
        case MessageType::subscribe:
            sent_subscribe(message, MQTTSN_EVENT_SUBSCRIBED);
            break;
        case MessageType::unsubscribe:
            sent_subscribe(message, MQTTSN_EVENT_UNSUBSCRIBED);
            break;
        case MessageType::pingreq:
            FUZZ_CHECK(message.data.empty() || text_of(message.data) == client_id_);
            break;
        case MessageType::disconnect:
        case MessageType::search_gateway:
            break;
        default:
            sent_reply(message);
    }
}

void ClientModel::sent_connect(const Message& message) {
    FUZZ_CHECK(text_of(message.data) == client_id_ && message.protocol_id == mqttsn::kProtocolId);
    FUZZ_CHECK(message.duration == config_.keep_alive_s);
    FUZZ_CHECK(!message.flags.clean_session() || clean_);
    connect_sent_ = true;
    connect_was_clean_ = message.flags.clean_session();
    will_topic_asked_ = will_message_asked_ = false;
}

void ClientModel::sent_will(const Message& message) {
    if (message.type == MessageType::will_topic) {
        FUZZ_CHECK(will_topic_asked_);
    } else if (message.type == MessageType::will_msg) {
        FUZZ_CHECK(will_message_asked_);
    } else {
        const auto change = std::find_if(open_.begin(), open_.end(), [](const Request& request) {
            return request.ends_with == MQTTSN_EVENT_WILL_UPDATED && !may_have_ended(request);
        });
        const auto going_on = std::find_if(open_.begin(), open_.end(), [](const Request& request) {
            return request.ends_with == MQTTSN_EVENT_WILL_UPDATED && request.sent;
        });
        FUZZ_CHECK(change != open_.end() || going_on != open_.end());
        if (change != open_.end() && message.type == MessageType::will_topic_upd) {
            change->sent = true;
        }
    }
}

/// A new message id must not be that of a message that still waits for its answer.
void ClientModel::check_fresh_id(std::uint16_t id) const {
    for (const Request& request : open_) {
        FUZZ_CHECK(!request.sent || request.message_id != id || may_have_ended(request));
    }
}

/// Requests leave in the order in which they were made.
void ClientModel::check_turn(const Request& request) const {
    for (const Request& earlier : open_) {
        if (earlier.token == request.token) {
            return;
        }
        const bool overtakes = earlier.ends_with == MQTTSN_EVENT_DELIVERED && earlier.qos == -1;
        FUZZ_CHECK(overtakes || may_have_ended(earlier));
    }
}

void ClientModel::sent_publish(const Message& message, mqttsn_state state) {
    const std::string payload = text_of(message.data);
    const auto found = std::find_if(open_.begin(), open_.end(), [&payload](const Request& request) {
        return request.ends_with == MQTTSN_EVENT_DELIVERED && request.payload == payload;
    });
    FUZZ_CHECK(found != open_.end());
    Request& request = *found;
    FUZZ_CHECK(message.flags.qos() == request.qos && message.flags.retain() == request.retain);
    FUZZ_CHECK(static_cast<std::uint8_t>(message.flags.topic_id_type()) == request.kind);
    FUZZ_CHECK(!request.acknowledged && !request.received && !request.may_be_discarded);
    if (request.kind == MQTTSN_TOPIC_NAME) {
        FUZZ_CHECK(names_.count(message.topic_id) != 0 && names_.at(message.topic_id) == request.name);
    } else {
        FUZZ_CHECK(message.topic_id == request.topic_id);
    }
    if (request.qos < 1) {
        FUZZ_CHECK(message.message_id == 0 && !message.flags.dup() && !request.sent);
    } else if (request.sent) {
        FUZZ_CHECK(message.message_id == request.message_id && message.flags.dup());
    } else {
        FUZZ_CHECK(message.message_id != 0 && !message.flags.dup());
        check_fresh_id(message.message_id);
    }
    if (request.qos != -1) {
        FUZZ_CHECK(state == MQTTSN_STATE_ACTIVE || state == MQTTSN_STATE_FALLING_ASLEEP);
        check_turn(request);
    }
    request.sent = true;
    request.message_id = message.message_id;
}

void ClientModel::sent_subscribe(const Message& message, mqttsn_event_type ends_with) {
    const auto found = std::find_if(open_.begin(), open_.end(), [ends_with](const Request& request) {
        return request.ends_with == ends_with && !request.acknowledged &&
               (request.refusals.empty() || request.refusals.count(MQTTSN_REJECTED_CONGESTION) != 0);
    });
    FUZZ_CHECK(found != open_.end());
    Request& request = *found;
    check_turn(request);
    FUZZ_CHECK(message.message_id != 0);
    FUZZ_CHECK(static_cast<std::uint8_t>(message.flags.topic_id_type()) == request.kind);
    FUZZ_CHECK(request.kind == MQTTSN_TOPIC_NAME ? text_of(message.data) == request.name
                                                 : message.topic_id == request.topic_id);
    if (ends_with == MQTTSN_EVENT_SUBSCRIBED) {
        FUZZ_CHECK(message.flags.qos() == request.qos);
    }
    if (request.sent && !request.may_be_discarded) {
        FUZZ_CHECK(message.message_id == request.message_id);
        FUZZ_CHECK(message.flags.dup() == (ends_with == MQTTSN_EVENT_SUBSCRIBED));
    } else if (!request.sent) {
        FUZZ_CHECK(!message.flags.dup());
        check_fresh_id(message.message_id);
    }
    request.sent = true;
    request.may_be_discarded = false;
    request.message_id = message.message_id;
}

void ClientModel::sent_pubrel(const Message& message) {
    Request* const request = by_message_id(message.message_id);
    if (request != nullptr && request->received) {
        request->released = true;
        return;
    }
    // For one that has ended, or that another life began.
    FUZZ_CHECK(any_taken_ && !replied_ && last_.type == MessageType::pubrec);
    FUZZ_CHECK(last_.message_id == message.message_id);
    replied_ = true;
}

/// The answer to what came last, once, and about the same thing.
void ClientModel::sent_reply(const Message& message) {
    FUZZ_CHECK(any_taken_ && !replied_);
    replied_ = true;
    const bool accepted = message.return_code == ReturnCode::accepted;
    if (message.type == MessageType::pingresp) {
        FUZZ_CHECK(last_.type == MessageType::pingreq);
        return;
    }
    FUZZ_CHECK(message.message_id == last_.message_id);
    if (message.type == MessageType::regack) {
        FUZZ_CHECK(last_.type == MessageType::register_topic && message.topic_id == last_.topic_id);
        if (accepted) {
            names_[message.topic_id] = last_data_;
        }
    } else if (message.type == MessageType::pubcomp) {
        FUZZ_CHECK(last_.type == MessageType::pubrel);
    } else {
        FUZZ_CHECK(last_.type == MessageType::publish);
        if (message.type == MessageType::pubrec) {
            FUZZ_CHECK(last_.flags.qos() == 2 && reported_2_.count(message.message_id) != 0);
        } else {
            FUZZ_CHECK(message.type == MessageType::puback && message.topic_id == last_.topic_id);
            FUZZ_CHECK(!accepted || (last_.flags.qos() == 1 && reported_last_));
        }
    }
}

// ---- what the library reported ----

void ClientModel::reported(const mqttsn_event& event) {
    switch (event.type) {
        case MQTTSN_EVENT_MESSAGE:
            reported_message(event);
            break;
        case MQTTSN_EVENT_DELIVERED:
        case MQTTSN_EVENT_SUBSCRIBED:
        case MQTTSN_EVENT_UNSUBSCRIBED:
        case MQTTSN_EVENT_WILL_UPDATED:
            reported_end(event);
            break;
        default:
            FUZZ_CHECK(event.token == 0 && (owed_ == 0 || owed_ == static_cast<int>(event.type)));
            reported_link(event);
            owed_ = 0;
    }
}

void ClientModel::reported_message(const mqttsn_event& event) {
    FUZZ_CHECK(any_taken_ && last_.type == MessageType::publish && !reported_last_ && !replied_);
    reported_last_ = true;
    FUZZ_CHECK(std::string(static_cast<const char*>(event.payload), event.payload_octets) == last_data_);
    FUZZ_CHECK(event.qos == last_.flags.qos() && event.qos >= 0);
    FUZZ_CHECK(event.retain == last_.flags.retain() && event.dup == last_.flags.dup());
    FUZZ_CHECK(event.topic.kind == static_cast<std::uint8_t>(last_.flags.topic_id_type()));
    FUZZ_CHECK(event.topic.id == last_.topic_id);
    if (event.topic.kind == MQTTSN_TOPIC_NAME) {
        FUZZ_CHECK(names_.count(event.topic.id) != 0);
        FUZZ_CHECK(names_.at(event.topic.id) == std::string(event.topic.name, event.topic.name_octets));
    }
    const std::uint16_t id = last_.message_id;
    if (event.qos == 1) {
        reported_1_.insert(id);
    } else if (event.qos == 2) {
        reported_2_.insert(id);
        FUZZ_CHECK(unreleased_.count(id) == 0 && certain_.count(id) == 0);
        seen_.insert(id);
        left_over_.erase(id);
        if (seen_.size() + left_over_.size() > config_.inbound_length) {
            certain_.clear();  // it may have taken the place of any of them
        }
        unreleased_.insert(id);
        FUZZ_CHECK(unreleased_.size() <= config_.inbound_length);
    }
}

void ClientModel::reported_end(const mqttsn_event& event) {
    const auto found = std::find_if(open_.begin(), open_.end(), [&event](const Request& request) {
        return request.token == event.token;
    });
    FUZZ_CHECK(found != open_.end());
    const Request& request = *found;
    FUZZ_CHECK(request.ends_with == event.type);
    if (event.code == MQTTSN_ERR_DISCARDED) {
        FUZZ_CHECK(request.may_be_discarded && request.qos > 0);
    } else if (event.code != 0) {
        FUZZ_CHECK(request.refusals.count(event.code) != 0);
    } else if (event.type == MQTTSN_EVENT_DELIVERED && request.qos < 1) {
        FUZZ_CHECK(request.sent);
    } else {
        FUZZ_CHECK(request.acknowledged);
    }
    if (event.type == MQTTSN_EVENT_SUBSCRIBED && event.code == 0) {
        FUZZ_CHECK(event.qos == request.granted_qos);
    }
    open_.erase(found);
}

void ClientModel::reported_link(const mqttsn_event& event) {
    const int code = static_cast<int>(last_.return_code);
    switch (event.type) {
        case MQTTSN_EVENT_CONNECTED:
            FUZZ_CHECK(last_.type == MessageType::connack && code == 0);
            break;
        case MQTTSN_EVENT_REFUSED:
            FUZZ_CHECK(last_.type == MessageType::connack && code != 0 && event.code == code);
            break;
        case MQTTSN_EVENT_ASLEEP:
        case MQTTSN_EVENT_DISCONNECTED:
            FUZZ_CHECK(last_.type == MessageType::disconnect);
            break;
        case MQTTSN_EVENT_CLOSED:
            FUZZ_CHECK(owed_ != 0);
            break;
        case MQTTSN_EVENT_AWAKE_DONE:
            FUZZ_CHECK(last_.type == MessageType::pingresp);
            break;
        case MQTTSN_EVENT_GATEWAY:
            FUZZ_CHECK(last_.type == MessageType::gateway_info || last_.type == MessageType::advertise);
            FUZZ_CHECK(event.code == last_.gateway_id);
            break;
        case MQTTSN_EVENT_LOST:
            FUZZ_CHECK(event.code >= MQTTSN_LOST_CONNECT && event.code <= MQTTSN_LOST_DISCONNECT);
            break;
        default:
            FUZZ_CHECK(!"an event that there is not");
    }
}

}  // namespace test
