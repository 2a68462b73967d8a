// SPDX-License-Identifier: BSD-3-Clause
//
// What the gateway sends on its own: REGISTER, PUBLISH, PUBREL. Spec: 6.10.
#include <string.h>

#include "client.hpp"
#include "mqttsn/retransmit.hpp"
#include "mqttsn/topic.hpp"

namespace mqttsn {

void Client::on_register(const Message& message) {
    ReturnCode code = ReturnCode::accepted;
    if (!topic_id_usable(message.topic_id)) {
        code = ReturnCode::invalid_topic_id;
    } else if (!topic_name_valid(message.data) || !topics_.learn(message.topic_id, message.data)) {
        // A name longer than the whole table can never be accepted: the gateway is to drop its messages
        // (D40).
        code = ReturnCode::not_supported;
    }
    reply(MessageType::regack, message.topic_id, message.message_id, code);
}

/// In units of 1.024 s.
static uint16_t time_mark(uint32_t now) {
    return static_cast<uint16_t>(now >> 10U);
}

/// The network can deliver a copy of a PUBLISH when its exchange has ended with PUBREL, PUBCOMP (D30).
/// Exactly once must hold then as well. No longer than copies live, one to two seconds: there are brokers
/// that use the same id for every message.
bool Client::is_late_copy(uint32_t now, const Message& message) const {
    const uint8_t i = recent_index(message.message_id);
    return i < kRecent && recent_contents_[i] == content_mark(message.data) &&
           static_cast<uint16_t>(time_mark(now) - recent_times_[i]) <= 1U;
}

/// kRecent when the id is not there.
uint8_t Client::recent_index(uint16_t message_id) const {
    uint8_t i = 0;
    while (i < kRecent && recent_ids_[i] != message_id) {
        ++i;
    }
    return i;
}

/// A new message takes the place of the one that had its id before.
void Client::remember_recent(uint32_t now, const Message& message) {
    uint8_t i = recent_index(message.message_id);
    if (i >= kRecent) {
        i = recent_next_;
        recent_next_ = static_cast<uint8_t>((recent_next_ + 1U) % kRecent);
    }
    recent_ids_[i] = message.message_id;
    recent_contents_[i] = content_mark(message.data);
    recent_times_[i] = time_mark(now);
}

bool Client::on_publish(uint32_t now, const Message& message) {
    const Qos qos = message.flags.qos();
    const TopicIdType type = message.flags.topic_id_type();
    if (qos == kQosMinusOne) {
        return false;  // only devices send it (SN12-15)
    }
    ReturnCode code = ReturnCode::accepted;
    if (type == TopicIdType::reserved) {
        code = ReturnCode::not_supported;
    } else if ((type != TopicIdType::short_name && !topic_id_usable(message.topic_id)) ||
               (type == TopicIdType::normal && !topics_.touch(message.topic_id))) {
        code = ReturnCode::invalid_topic_id;  // SN12-91
    }
    bool repeated = false;
    if (code == ReturnCode::accepted && qos == 2) {
        repeated = inbound_index(message.message_id) < inbound_count_;
        if (!repeated && is_late_copy(now, message)) {
            repeated = true;  // and released: no PUBREL will come to take the id out of the table
        } else if (!inbound_remember(message.message_id)) {
            // Without any table it will never be better, and the gateway is not to wait for it (D41).
            code = config_->inbound_length != 0 ? ReturnCode::congestion : ReturnCode::not_supported;
        }
    }
    if (code == ReturnCode::accepted && qos == 2 && !repeated) {
        remember_recent(now, message);
    }
    if (code == ReturnCode::accepted && !repeated) {
        payload_ = message.data.data;
        payload_octets_ = static_cast<uint16_t>(message.data.size);
        message_topic_id_ = message.topic_id;
        message_flags_ = message.flags;
        message_waits_ = true;
    }
    if (qos == 2 && code == ReturnCode::accepted) {
        reply(MessageType::pubrec, 0, message.message_id);
    } else if (qos == 1 || code != ReturnCode::accepted) {
        reply(MessageType::puback, message.topic_id, message.message_id, code);
    }
    return true;
}

// PUBCOMP also for an id that is not known: the one before was lost (SN12-41).
void Client::on_pubrel(uint32_t now, const Message& message) {
    if (const uint8_t recent = recent_index(message.message_id); recent < kRecent) {
        recent_times_[recent] = time_mark(now);
    }
    inbound_erase(inbound_index(message.message_id));
    reply(MessageType::pubcomp, 0, message.message_id);
}

/// inbound_count_ when the id is not there.
uint8_t Client::inbound_index(uint16_t message_id) const {
    uint8_t index = 0;
    while (index < inbound_count_ && config_->inbound_ids[index] != message_id) {
        ++index;
    }
    return index;
}

void Client::inbound_erase(uint8_t index) {
    if (index >= inbound_count_) {
        return;
    }
    --inbound_count_;
    memmove(config_->inbound_ids + index, config_->inbound_ids + index + 1,
            static_cast<size_t>(inbound_count_ - index) * sizeof(uint16_t));
    if (index < inbound_old_) {
        --inbound_old_;
    }
}

/// Ids of an earlier connection may be left over for ever, when the broker lost its session meanwhile; they
/// are at the front and make room. Ids of this connection never do: that would deliver a message twice.
/// @return false when the table is full of those
bool Client::inbound_remember(uint16_t message_id) {
    inbound_erase(inbound_index(message_id));
    if (inbound_count_ >= config_->inbound_length) {
        if (inbound_old_ == 0) {
            return false;
        }
        inbound_erase(0);
    }
    config_->inbound_ids[inbound_count_++] = message_id;
    return true;
}

}  // namespace mqttsn
