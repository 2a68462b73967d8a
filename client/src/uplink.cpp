// SPDX-License-Identifier: BSD-3-Clause
//
// Publications to the gateway: the queue, REGISTER on demand, PUBLISH and its acknowledgements. Spec: 6.5
// to 6.8. The first slot is the one in flight (SN12-77); only QoS -1 overtakes.
//
//   queued -> [registering ->] publishing -> finished (QoS -1 and 0 when written, QoS 1 with PUBACK)
//                                         -> releasing -> finished (QoS 2: PUBREC, PUBCOMP)
//
// When a connection ends, registering and publishing go back to queued; the message id and the mark "sent"
// stay, so the next connection repeats the PUBLISH under the same id with DUP and the receiver's duplicate
// check holds.
#include <string.h>

#include "client.hpp"
#include "mqttsn/topic.hpp"

namespace mqttsn {

mqttsn_slot* Client::head() {
    return config_->queue;
}

mqttsn_status Client::publish(const mqttsn_topic& topic, Bytes payload, Flags flags, uint16_t* token) {
    if (flags.qos() == kQosMinusOne && topic.kind == MQTTSN_TOPIC_NAME) {
        return MQTTSN_ERR_TOPIC;
    }
    const mqttsn_status status = check_topic(topic, false);
    if (status != MQTTSN_OK) {
        return status;
    }
    if (!fits(5 + payload.size) || (topic.kind == MQTTSN_TOPIC_NAME && !fits(4U + topic.name_octets))) {
        return MQTTSN_ERR_TOO_LONG;
    }
    if (queued_ >= config_->queue_length) {
        return MQTTSN_ERR_BUSY;
    }
    mqttsn_slot& slot = config_->queue[queued_];
    memset(&slot, 0, sizeof slot);
    slot.topic = topic;
    slot.payload = payload.data;
    slot.payload_octets = static_cast<uint16_t>(payload.size);
    slot.flags = flags.with_topic_id_type(static_cast<TopicIdType>(topic.kind)).bits;
    slot.token = next_token();
    if (token != nullptr) {
        *token = slot.token;
    }
    ++queued_;
    uplink_.resume();
    return MQTTSN_OK;
}

void Client::finish(mqttsn_slot& slot, int code) {
    slot.code = static_cast<int16_t>(code);
    set_phase(slot, Phase::finished);
    if (&slot == head()) {
        uplink_.suspend();
    }
}

/// The index of the first slot in `phase` (and of QoS -1), or queued_.
uint8_t Client::find_slot(Phase phase, bool only_minus_one) const {
    uint8_t index = 0;
    while (index < queued_ && (phase_of(config_->queue[index]) != phase ||
                               (only_minus_one && flags_of(config_->queue[index]).qos() != kQosMinusOne))) {
        ++index;
    }
    return index;
}

void Client::pop(uint8_t index) {
    --queued_;
    memmove(config_->queue + index, config_->queue + index + 1,
            static_cast<size_t>(queued_ - index) * sizeof *config_->queue);
    if (queued_ > 0) {
        uplink_.resume();
    }
}

// A hold-off for congestion holds for these, too (SN12-76: no publishing for T_WAIT).
bool Client::minus_one_message(uint32_t now, Message& message) {
    const uint8_t index = find_slot(Phase::queued, true);
    if (index >= queued_ || (uplink_.timer == Exchange::Timer::held && !uplink_.ready(now))) {
        return false;
    }
    mqttsn_slot& slot = config_->queue[index];
    message = make_publish(flags_of(slot), slot.topic.id, 0,
                           Bytes{static_cast<const uint8_t*>(slot.payload), slot.payload_octets});
    finish(slot, MQTTSN_ACCEPTED);
    return true;
}

bool Client::uplink_message(uint32_t now, Message& message) {
    mqttsn_slot& slot = *head();
    if (queued_ == 0 || phase_of(slot) == Phase::finished) {
        uplink_.stop();
        return false;
    }
    if (phase_of(slot) == Phase::queued) {
        slot.topic_id =
            slot.topic.kind == MQTTSN_TOPIC_NAME ? topics_.find_id(name_of(slot.topic)) : slot.topic.id;
        if (slot.topic_id == kTopicIdNone) {
            set_phase(slot, Phase::registering);
            uplink_.message_id = next_message_id();
        } else {
            set_phase(slot, Phase::publishing);
        }
    }
    if (!transmit(uplink_, now, MQTTSN_LOST_PUBLISH)) {
        return false;
    }
    if (phase_of(slot) == Phase::registering) {
        message = make_register(kTopicIdNone, uplink_.message_id, name_of(slot.topic));
        return true;
    }
    if (phase_of(slot) == Phase::releasing) {
        message = make_pubrel(slot.message_id);
        return true;
    }
    Flags flags = flags_of(slot);
    if (flags.qos() > 0) {
        if (slot.message_id == 0) {
            slot.message_id = next_message_id();
        }
        flags = flags.with_dup((slot.marks & kSent) != 0);
        slot.marks |= kSent;
    } else {
        finish(slot, MQTTSN_ACCEPTED);
    }
    message = make_publish(flags, slot.topic_id, slot.message_id,
                           Bytes{static_cast<const uint8_t*>(slot.payload), slot.payload_octets});
    return true;
}

/// The first slot, when it is a QoS 1 or 2 publication under this message id that has not ended.
mqttsn_slot* Client::slot_in_flight(uint16_t message_id, Qos qos) {
    mqttsn_slot* const slot = head();
    return queued_ > 0 && phase_of(*slot) != Phase::finished && message_id != 0 &&
                   slot->message_id == message_id && flags_of(*slot).qos() >= qos
               ? slot
               : nullptr;
}

/// A refusal of REGISTER or PUBLISH: wait, register again, or give up.
bool Client::reject(uint32_t now, mqttsn_slot& slot, ReturnCode code) {
    const bool registering = phase_of(slot) == Phase::registering;
    if (code == ReturnCode::congestion) {
        set_phase(slot, Phase::queued);
        uplink_.hold(now, config_->congestion_wait_ms);
    } else if (code == ReturnCode::invalid_topic_id && !registering && slot.topic.kind == MQTTSN_TOPIC_NAME &&
               (slot.marks & kReregistered) == 0) {
        // Once per connection: a gateway that refuses the id it has just given would keep us busy for ever.
        slot.marks |= kReregistered;
        topics_.forget(slot.topic_id);
        set_phase(slot, Phase::queued);
        uplink_.start();
    } else {
        finish(slot, static_cast<int>(code));
    }
    return true;
}

bool Client::on_regack(uint32_t now, const Message& message) {
    mqttsn_slot& slot = *head();
    if (queued_ == 0 || phase_of(slot) != Phase::registering || message.message_id != uplink_.message_id) {
        return false;
    }
    if (message.return_code != ReturnCode::accepted) {
        return reject(now, slot, message.return_code);
    }
    if (!topic_id_usable(message.topic_id)) {
        return false;
    }
    // Without room in the table the id serves this one publication.
    topics_.learn(message.topic_id, name_of(slot.topic));
    slot.topic_id = message.topic_id;
    set_phase(slot, Phase::publishing);
    uplink_.start();
    return true;
}

bool Client::on_puback(uint32_t now, const Message& message) {
    mqttsn_slot* const slot = slot_in_flight(message.message_id, 1);
    const bool accepted = message.return_code == ReturnCode::accepted;
    if (slot != nullptr) {
        if (accepted) {
            if (flags_of(*slot).qos() != 1) {
                return false;
            }
            finish(*slot, MQTTSN_ACCEPTED);
            return true;
        }
        // A repetition of an older refusal has nothing to say about what was sent since: by then the slot
        // waits or registers, or has another id. (RSMB always writes topic id 0.)
        if (phase_of(*slot) != Phase::publishing ||
            (message.topic_id != slot->topic_id && message.topic_id != kTopicIdNone)) {
            return false;
        }
        return reject(now, *slot, message.return_code);
    }
    if (message.message_id != 0 || accepted) {
        return false;
    }
    // SN12-76: the answer to a QoS 0 message that has long ended for us. The next one does better.
    if (message.return_code == ReturnCode::invalid_topic_id) {
        topics_.forget(message.topic_id);
    } else if (message.return_code == ReturnCode::congestion &&
               (queued_ == 0 || phase_of(*head()) == Phase::queued || phase_of(*head()) == Phase::finished)) {
        uplink_.hold(now, config_->congestion_wait_ms);
    }
    return true;
}

bool Client::on_pubrec(const Message& message) {
    mqttsn_slot* const slot = slot_in_flight(message.message_id, 2);
    if (slot == nullptr) {
        // We are through with it, or lost it in a restart: PUBREL lets the gateway end its side.
        reply(MessageType::pubrel, 0, message.message_id);
        return true;
    }
    set_phase(*slot, Phase::releasing);
    uplink_.start();
    return true;
}

bool Client::on_pubcomp(const Message& message) {
    mqttsn_slot* const slot = slot_in_flight(message.message_id, 2);
    if (slot == nullptr || phase_of(*slot) != Phase::releasing) {
        return false;
    }
    finish(*slot, MQTTSN_ACCEPTED);
    return true;
}

void Client::suspend_uplink() {
    uplink_.suspend();
    if (queued_ > 0 && (phase_of(*head()) == Phase::registering || phase_of(*head()) == Phase::publishing)) {
        set_phase(*head(), Phase::queued);
    }
}

/// The session was started clean: the receiver has forgotten the message id, so a repetition could be a
/// duplicate.
void Client::discard_uplink() {
    if (queued_ > 0 && phase_of(*head()) != Phase::finished && (head()->marks & kSent) != 0) {
        finish(*head(), MQTTSN_ERR_DISCARDED);
    }
}

}  // namespace mqttsn
