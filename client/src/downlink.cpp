// SPDX-License-Identifier: BSD-3-Clause
//
// What the gateway sends on its own: REGISTER, PUBLISH, PUBREL. Spec: 6.10.
#include "client.hpp"
#include "mqttsn/content_mark.hpp"

namespace mqttsn {
namespace {

void Client::on_register(const Incoming& in) {
    uint8_t code = kCodeACCEPTED;
    if (!topic_id_usable(in.topic_id)) {
        code = kCodeINVALID_TOPIC_ID;
    } else if (!topic_text_valid(in.data, in.octets, false) ||
               !topics_.learn(in.topic_id, in.data, in.octets)) {
        // A name longer than the whole table can never be accepted: the gateway is to drop its messages
        // (D40).
        code = kCodeNOT_SUPPORTED;
    }
    // What is under way with this id for another name must not be repeated with it.
    if (queued_ != 0 && head().topic.kind == MQTTSN_TOPIC_NAME && head().topic_id == in.topic_id) {
        suspend_uplink();
    }
    reply_code(kTypeREGACK, in, code);
}

bool Client::on_publish(const Incoming& in) {
    const uint8_t kind = in.flags & MQTTSN_FLAG_TOPIC_ID_TYPE;
    const uint8_t qos = qos_of(in.flags);
    if (qos == kFlagQosMinusOne) {
        return false;  // only devices send it (SN12-15)
    }
    bool repeated = false;
    uint8_t code = kCodeACCEPTED;
    if (kind > MQTTSN_TOPIC_SHORT) {
        code = kCodeNOT_SUPPORTED;
    } else if ((kind != MQTTSN_TOPIC_SHORT && !topic_id_usable(in.topic_id)) ||
               (kind == MQTTSN_TOPIC_NAME && topics_.use(in.topic_id, nullptr, 0) == 0)) {
        code = kCodeINVALID_TOPIC_ID;  // SN12-91
    } else if (qos == kFlagQos2) {
        code = kWithQos2 ? receive_qos2(in, repeated) : uint8_t{kCodeNOT_SUPPORTED};
    }
    if (code == kCodeACCEPTED && !repeated) {
        payload_ = in.data;
        payload_octets_ = static_cast<uint16_t>(in.octets);
        message_topic_id_ = in.topic_id;
        message_flags_ = in.flags;
        message_waits_ = true;
    }
    if (qos == kFlagQos2 && code == kCodeACCEPTED) {
        reply(kTypePUBREC, in.message_id);
    } else if (qos != 0 || code != kCodeACCEPTED) {
        reply_code(kTypePUBACK, in, code);
    }
    return true;
}

mqttsn_inbound* Client::find_inbound(unsigned message_id) const {
    mqttsn_inbound* entry = config_->inbound;
    for (uint8_t i = 0; i < config_->inbound_length; ++i, ++entry) {
        if (entry->message_id == message_id) {
            return entry;
        }
    }
    return nullptr;
}

/// Is it new? An open entry is a message that the gateway has not released. A closed one was released a
/// moment ago: the network can deliver a copy of a PUBLISH when its exchange has ended with PUBREL, PUBCOMP
/// (D30), and exactly once must hold then as well; no longer than copies live, one to two seconds, for there
/// are brokers that use the same id for every message. Closed entries make room in turn; then those of an
/// earlier connection, which may be left over for ever when the broker lost its session meanwhile. Open ones
/// of this connection never do: that would deliver a message twice.
uint8_t Client::receive_qos2(const Incoming& in, bool& repeated) {
    const uint16_t content = content_mark(in.data, in.octets);
    const uint16_t now = static_cast<uint16_t>(now_ >> 10U);
    mqttsn_inbound* entry = find_inbound(in.message_id);
    if (entry != nullptr) {
        repeated = entry->open != 0;
        if (!repeated && entry->content == content && static_cast<uint16_t>(now - entry->time) <= 1U) {
            repeated = true;  // and released: no PUBREL will come to close it
            return kCodeACCEPTED;
        }
    } else {
        const uint8_t length = config_->inbound_length;
        for (uint8_t i = 0; i < length && (entry == nullptr || entry->open != 0); ++i) {
            if (++inbound_at_ >= length) {
                inbound_at_ = 0;
            }
            mqttsn_inbound* const other = config_->inbound + inbound_at_;
            if (other->open == 0 || other->old != 0) {
                entry = other;
            }
        }
        if (entry == nullptr) {
            // Without any table it will never be better, and the gateway is not to wait for it (D41).
            return length != 0 ? kCodeCONGESTION : kCodeNOT_SUPPORTED;
        }
    }
    entry->message_id = in.message_id;
    entry->content = content;
    entry->time = now;
    entry->open = 1;
    entry->old = 0;
    return kCodeACCEPTED;
}

// PUBCOMP also for an id that is not known: the one before was lost (SN12-41).
void Client::on_pubrel(unsigned message_id) {
    mqttsn_inbound* const entry = find_inbound(message_id);
    if (entry != nullptr) {
        entry->open = 0;
        entry->time = static_cast<uint16_t>(now_ >> 10U);
    }
    reply(kTypePUBCOMP, message_id);
}

}  // namespace
}  // namespace mqttsn
