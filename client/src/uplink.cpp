// SPDX-License-Identifier: BSD-3-Clause
//
// The queue of requests to the gateway: publications with REGISTER on demand, subscriptions, changes of the
// will. The first slot is the one in flight (SN12-77, SN12-85); only QoS -1 overtakes. Spec: 6.4 to 6.9.
//
//   queued -> [registering ->] sent -> finished (QoS -1 and 0 when written, QoS 1 with PUBACK, SUBACK,
//   UNSUBACK)
//                                   -> releasing -> finished (QoS 2: PUBREC, PUBCOMP; will: topic, then
//                                   payload)
//
// When a connection ends, registering and sent go back to queued; the message id and the mark "was sent"
// stay, so the next connection repeats the message under the same id with DUP and the receiver's duplicate
// check holds.
#include <string.h>

#include "client.hpp"

namespace mqttsn {
namespace {

mqttsn_status Client::enqueue(uint8_t kind, const mqttsn_topic& topic, unsigned flags, uint16_t* token,
                              const void* payload, size_t payload_octets) {
    const bool publication = kOnlyPublications || kind == kTypePUBLISH;
    bool valid = true;
    size_t octets = payload_octets + 5;
    if (kWithWill && kind == kTypeWILLTOPICUPD) {
        octets = 0;  // checked already
    } else if (topic.kind == MQTTSN_TOPIC_NAME) {
        valid = topic.name != nullptr &&
                (!publication || qos_of(static_cast<uint8_t>(flags)) != kFlagQosMinusOne) &&
                topic_text_valid(octets_of(topic.name), topic.name_octets, !publication);
        const size_t announced = topic.name_octets + (publication ? 4U : 3U);  // REGISTER, SUBSCRIBE
        octets = octets < announced ? announced : octets;
    } else if (topic.kind == MQTTSN_TOPIC_PREDEFINED) {
        valid = topic_id_usable(topic.id);
    } else if (topic.kind == MQTTSN_TOPIC_SHORT) {
        const uint8_t name[2] = {static_cast<uint8_t>(topic.id >> 8U), static_cast<uint8_t>(topic.id)};
        valid = topic_text_valid(name, 2, false);
    } else {
        return MQTTSN_ERR_ARGUMENT;
    }
    if (!valid) {
        return MQTTSN_ERR_TOPIC;
    }
    if (octets < payload_octets || !fits(octets)) {  // the sum may have wrapped around
        return MQTTSN_ERR_TOO_LONG;
    }
    if (queued_ >= config_->queue_length) {
        return MQTTSN_ERR_BUSY;
    }
    mqttsn_slot& slot = config_->queue[queued_++];
    memset(&slot, 0, sizeof slot);
    slot.topic = topic;
    if (topic.kind != MQTTSN_TOPIC_NAME) {
        slot.topic.name_octets = 0;  // whatever somebody has made by hand
    }
    slot.payload = payload;
    slot.payload_octets = static_cast<uint16_t>(payload_octets);
    slot.flags = static_cast<uint8_t>(flags | topic.kind);
    slot.kind = kind;
    if (++token_ == 0) {
        token_ = 1;
    }
    slot.token = token_;
    if (token != nullptr) {
        *token = token_;
    }
    return MQTTSN_OK;
}

#if MQTTSN_WITH_WILL
mqttsn_status Client::will_update(const mqttsn_will* will, uint16_t* token) {
    const mqttsn_status status = check_will(will);
    if (status != MQTTSN_OK) {
        return status;
    }
    mqttsn_topic none;
    memset(&none, 0, sizeof none);
    const mqttsn_status queued = enqueue(kTypeWILLTOPICUPD, none, 0, token, nullptr, 0);
    if (queued == MQTTSN_OK) {
        will_ = will;
    }
    return queued;
}
#endif

/// D28: never 0 for a request, and never an id that still waits for its answer.
uint16_t Client::next_message_id() {
    uint16_t id = 0;
    do {
        id = message_id_++;
    } while (id == 0 || id == head().message_id || id == uplink_id_);
    return id;
}

void Client::finish(mqttsn_slot& slot, int code) {
    slot.code = static_cast<int16_t>(code);
    slot.phase = kFinished;
}

/// The answer to the first slot came; what follows is sent at the next chance.
void Client::advance(mqttsn_slot& slot, Phase phase) {
    answered(kUplink);
    slot.phase = phase;
}

/// The first slot in `phase` (and of QoS -1), or null.
mqttsn_slot* Client::find_slot(Phase phase, bool only_minus_one) const {
    mqttsn_slot* slot = config_->queue;
    for (uint8_t i = 0; i < queued_; ++i, ++slot) {
        if (slot->phase == phase && (!only_minus_one || qos_of(slot->flags) == kFlagQosMinusOne)) {
            return slot;
        }
    }
    return nullptr;
}

void Client::pop(mqttsn_slot* slot) {
    --queued_;
    memmove(slot, slot + 1, static_cast<size_t>(config_->queue + queued_ - slot) * sizeof *slot);
}

void Client::minus_one_message(Outgoing& out) {
    mqttsn_slot& slot = *find_slot(kQueued, true);
    out.head.begin(kTypePUBLISH);
    out.head.put8(slot.flags);
    out.head.put16(slot.topic.id);
    out.head.put16(0);
    out.set_data(slot.payload, slot.payload_octets);
    finish(slot, MQTTSN_ACCEPTED);
}

/// PUBLISH, SUBSCRIBE, UNSUBSCRIBE: under their message id, but for QoS 0.
void Client::numbered_message(Outgoing& out, mqttsn_slot& slot, bool publication) {
    const mqttsn_topic& topic = slot.topic;
    unsigned flags = slot.flags;
    if (!publication || qos_of(slot.flags) != 0) {
        if (slot.message_id == 0) {
            slot.message_id = next_message_id();
        }
        if ((slot.marks & kWasSent) != 0 &&
            (kOnlyPublications || slot.kind != kTypeUNSUBSCRIBE)) {  // which has no DUP (D29)
            flags |= MQTTSN_FLAG_DUP;
        }
        slot.marks |= kWasSent;
    } else {
        finish(slot, MQTTSN_ACCEPTED);
    }
    out.head.begin(kOnlyPublications ? uint8_t{kTypePUBLISH} : slot.kind);
    out.head.put8(flags);
    if (publication) {
        out.head.put16(slot.topic_id);
    }
    out.head.put16(slot.message_id);
    if (publication) {
        out.set_data(slot.payload, slot.payload_octets);
    } else if (topic.kind == MQTTSN_TOPIC_NAME) {
        out.set_data(topic.name, topic.name_octets);
    } else {
        out.head.put16(topic.id);
    }
}

bool Client::uplink_message(Outgoing& out) {
    mqttsn_slot& slot = head();
    const mqttsn_topic& topic = slot.topic;
    const bool publication = kOnlyPublications || slot.kind == kTypePUBLISH;
    held_ = false;
    if (slot.phase == kQueued) {
        slot.phase = kSent;
        slot.topic_id = topic.id;
        if (publication && topic.kind == MQTTSN_TOPIC_NAME) {
            slot.topic_id = static_cast<uint16_t>(topics_.use(0, topic.name, topic.name_octets));
            if (slot.topic_id == 0) {
                slot.phase = kRegistering;
                uplink_id_ = next_message_id();
            }
        }
    }
    const bool numbered = !publication || qos_of(slot.flags) != 0;
    if (numbered || slot.phase == kRegistering) {
        if (!transmit(kUplink,
                      kWithSubscribe && (slot.kind == kTypeSUBSCRIBE || slot.kind == kTypeUNSUBSCRIBE)
                          ? MQTTSN_LOST_SUBSCRIBE
                          : MQTTSN_LOST_PUBLISH)) {
            return false;
        }
    }
    Head& head = out.head;
    if (slot.phase == kRegistering) {
        head.begin(kTypeREGISTER);
        head.put16(0);
        head.put16(uplink_id_);
        out.set_data(topic.name, topic.name_octets);
        return true;
    }
    if (kWithWill && slot.kind == kTypeWILLTOPICUPD) {
        if (slot.phase == kReleasing) {
            will_message(out, kTypeWILLMSGUPD);
        } else {
            will_topic(out, kTypeWILLTOPICUPD);
        }
        return true;
    }
    if (kWithQos2 && slot.phase == kReleasing) {
        head.begin(kTypePUBREL);
        head.put16(slot.message_id);
        return true;
    }
    numbered_message(out, slot, publication);
    return true;
}

/// Rejected for congestion: T_WAIT (SN12-72, SN12-84).
void Client::hold() {
    held_ = true;
    sent_[kUplink] = 0;
    deadline_[kUplink] = now_ + config_->congestion_wait_ms;
}

/// The first slot has got its last answer, or was refused: wait, register again, or give up.
void Client::conclude(mqttsn_slot& slot, uint8_t code) {
    if (code == kCodeCONGESTION) {
        slot.phase = kQueued;
        hold();
        return;
    }
    Phase next = kFinished;
    if (code == kCodeINVALID_TOPIC_ID && (kOnlyPublications || slot.kind == kTypePUBLISH) &&
        slot.phase == kSent && slot.topic.kind == MQTTSN_TOPIC_NAME && (slot.marks & kReregistered) == 0) {
        // Once per connection: a gateway that refuses the id it has just given would keep us busy for ever.
        slot.marks |= kReregistered;
        topics_.forget(slot.topic_id);
        next = kQueued;
    }
    slot.code = code;
    advance(slot, next);
}

bool Client::on_regack(const Incoming& in) {
    mqttsn_slot& slot = head();
    if (queued_ == 0 || slot.phase != kRegistering || in.message_id != uplink_id_) {
        return false;
    }
    if (in.code != kCodeACCEPTED) {
        conclude(slot, in.code);
        return true;
    }
    if (!topic_id_usable(in.topic_id)) {
        return false;
    }
    // Without room in the table the id serves this one publication.
    topics_.learn(in.topic_id, slot.topic.name, slot.topic.name_octets);
    slot.topic_id = in.topic_id;
    advance(slot, kSent);
    return true;
}

bool Client::on_puback(const Incoming& in) {
    mqttsn_slot& slot = head();
    const bool open = uplink_open();
    if (open && in.message_id != 0 && in.message_id == slot.message_id &&
        (kOnlyPublications || slot.kind == kTypePUBLISH)) {
        // A repetition of an older refusal has nothing to say about what was sent since: by then the slot
        // waits or registers, or has another id. (RSMB always writes topic id 0.)
        if (in.code == kCodeACCEPTED
                ? qos_of(slot.flags) != kFlagQos1
                : slot.phase != kSent || (in.topic_id != slot.topic_id && in.topic_id != 0)) {
            return false;
        }
        conclude(slot, in.code);
        return true;
    }
    if (in.message_id != 0 || in.code == kCodeACCEPTED) {
        return false;
    }
    // SN12-76: the answer to a QoS 0 message that has long ended for us. The next one does better.
    if (in.code == kCodeINVALID_TOPIC_ID) {
        topics_.forget(in.topic_id);
    } else if (in.code == kCodeCONGESTION && (!open || slot.phase == kQueued)) {
        hold();
    }
    return true;
}

/// PUBREC, PUBCOMP.
bool Client::on_pubrec(const Incoming& in) {
    mqttsn_slot& slot = head();
    const unsigned message_id = in.topic_id;
    const bool mine = uplink_open() && message_id != 0 && message_id == slot.message_id &&
                      slot.kind == kTypePUBLISH && qos_of(slot.flags) == kFlagQos2;
    if (in.type == kTypePUBCOMP) {
        if (!mine || slot.phase != kReleasing) {
            return false;
        }
        conclude(slot, kCodeACCEPTED);
    } else if (mine) {
        if (slot.phase == kReleasing) {
            sent_[kUplink] = 0;  // a copy: PUBREL again, and no round trip to learn from
        }
        advance(slot, kReleasing);
    } else {
        // We are through with it, or lost it in a restart: PUBREL lets the gateway end its side.
        reply(kTypePUBREL, message_id);
    }
    return true;
}

/// SUBACK, UNSUBACK.
bool Client::on_suback(const Incoming& in) {
    static_assert(kTypeSUBACK == kTypeSUBSCRIBE + 1 && kTypeUNSUBACK == kTypeUNSUBSCRIBE + 1,
                  "answers follow");
    mqttsn_slot& slot = head();
    const mqttsn_topic& topic = slot.topic;
    const bool subscribed = in.type == kTypeSUBACK;
    if (queued_ == 0 || slot.phase != kSent || slot.kind + 1 != in.type ||
        slot.message_id != (subscribed ? in.message_id : in.topic_id)) {
        return false;
    }
    uint8_t code = kCodeACCEPTED;
    if (subscribed) {
        code = in.code;
        if (code == kCodeACCEPTED) {
            if (qos_of(in.flags) == kFlagQosMinusOne) {
                return false;  // no such grant
            }
            // SN12-86: the id of a name without wildcard comes with the SUBACK, no REGISTER will follow.
            if (topic.kind == MQTTSN_TOPIC_NAME && topic_id_usable(in.topic_id) &&
                topic_text_valid(octets_of(topic.name), topic.name_octets, false)) {
                topics_.learn(in.topic_id, topic.name, topic.name_octets);
            }
        }
        if (code != kCodeCONGESTION) {
            slot.flags = in.flags;
        }
    }
    conclude(slot, code);
    return true;
}

/// WILLTOPICRESP, WILLMSGRESP. They have no message id.
bool Client::on_will_response(const Incoming& in) {
    mqttsn_slot& slot = head();
    const bool topic = in.type == kTypeWILLTOPICRESP;
    if (queued_ == 0 || slot.kind != kTypeWILLTOPICUPD || slot.phase != (topic ? kSent : kReleasing)) {
        return false;
    }
    if (topic && in.code == kCodeACCEPTED && has_topic(will_)) {
        advance(slot, kReleasing);
    } else {
        conclude(slot, in.code);
    }
    return true;
}

void Client::suspend_uplink() {
    if (queued_ != 0 && head().phase < kReleasing) {
        head().phase = kQueued;
    }
}

/// The session was started clean: the receiver has forgotten the message id, so a repetition could be a
/// duplicate.
void Client::discard_uplink() {
    mqttsn_slot& slot = head();
    if (uplink_open() && (slot.marks & kWasSent) != 0) {
        if (kOnlyPublications || slot.kind == kTypePUBLISH) {
            finish(slot, MQTTSN_ERR_DISCARDED);
        } else {
            slot.marks = 0;
        }
    }
}

}  // namespace
}  // namespace mqttsn
