// SPDX-License-Identifier: BSD-3-Clause
//
// What happens between the caller's loop and the rooms: a datagram in, a datagram out, an event, a deadline.
#include <string.h>

#include "client.hpp"

namespace mqttsn {
namespace {

void Client::init(const mqttsn_config* config) {
    memset(static_cast<void*>(this), 0, sizeof(mqttsn_client));
    config_ = config;
    will_ = config->will;
    if (kWithInbound && config->inbound_length != 0) {
        memset(config->inbound, 0, config->inbound_length * sizeof *config->inbound);
    }
    topics_.memory = config->topic_memory;
    topics_.capacity = config->topic_memory_octets;
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

bool Client::fits(size_t octets_after_header) const {
    return octets_after_header + (octets_after_header > 253 ? 4U : 2U) <= config_->datagram_octets_max;
}

void Client::set_now(uint32_t now) {
    now_ = now + skew_;
    // Noticed by every call, in every state: 24 days later the deadline would seem to lie ahead again.
    if (held_ && left(deadline_[kUplink]) == 0) {
        held_ = false;
    }
}

/// Milliseconds; the difference is signed, so `now` may wrap around.
uint32_t Client::left(uint32_t deadline) const {
    const int32_t difference = static_cast<int32_t>(deadline - now_);
    return difference > 0 ? static_cast<uint32_t>(difference) : 0;
}

uint32_t Client::wait(Exchange exchange) const {
    return sent_[exchange] != 0 || (exchange == kUplink && held_) ? left(deadline_[exchange]) : 0;
}

/// The queue may speak: not while connecting, falling asleep or disconnecting.
bool Client::exchanges_open() const {
    return state_ == kActive &&
           (request_ <= kPing || (kWithSleep && request_ == kSleep && sent_[kControl] == 0));
}

/// Something in the queue waits for its turn or for an answer.
bool Client::uplink_open() const {
    return queued_ != 0 && head().phase != kFinished;
}

/// What is to be done first, and in how many milliseconds (UINT32_MAX = nothing is scheduled).
unsigned Client::plan(uint32_t& wait_ms) const {
    const uint32_t never = UINT32_MAX;
    const bool open = exchanges_open();
    const bool searching = kWithDiscovery && needs_gateway();
    uint32_t waits[kSteps];
    if (kWithQosMinusOne) {
        // A hold-off for congestion holds for these, too (SN12-76: no publishing for T_WAIT).
        waits[kStepMinusOne] = searching || find_slot(kQueued, true) == nullptr ? never
                               : held_                                          ? wait(kUplink)
                                                                                : 0;
    }
    waits[kStepUplink] = open && uplink_open() ? wait(kUplink) : never;
    waits[kStepControl] = never;
    if (request_ == kNoRequest) {
        if (open) {
            waits[kStepControl] = keep_alive_wait();  // PINGREQ
        }
    } else if (!searching && !(kWithSleep && request_ == kSleep && open && queued_ != 0 && !held_)) {
        // DISCONNECT(duration) lets what is on its way finish first; what is held off is not waited for.
        waits[kStepControl] = wait(kControl);
    }
    if (kWithDiscovery) {
        waits[kStepSearch] = search_ == kNoSearch ? never : search_ == kSearchAsked ? 0 : left(search_at_);
    }
    unsigned first = kFirstStep;
    for (unsigned step = kFirstStep + 1U; step < kSteps; ++step) {
        if (waits[step] < waits[first]) {
            first = step;
        }
    }
    wait_ms = waits[first];
    return first;
}

bool Client::next_message(Outgoing& out) {
    uint32_t wait_ms = 0;
    for (;;) {
        const unsigned step = plan(wait_ms);
        if (wait_ms != 0 || link_event_ != 0) {
            return false;
        }
        bool written = true;
        switch (step) {
            case kStepMinusOne:
                // No part of the connection: a gateway need not count it as a sign of life.
                if (kWithQosMinusOne) {
                    minus_one_message(out);
                }
                return true;
            case kStepUplink:
                written = uplink_message(out);
                break;
            case kStepSearch:
                if (!kWithDiscovery || !search_message(out)) {
                    continue;
                }
                return true;
            default:
                if (request_ == kNoRequest) {
                    request(kPing);
                }
                written = control_message(out);
                break;
        }
        if (written) {
            last_sent_ = now_;
            return true;
        }
    }
}

size_t Client::output(mqttsn_address* to, uint8_t* out, size_t capacity) {
    // The acknowledgement of a message waits until the application has pulled the message.
    if (capacity < config_->datagram_octets_max || message_waits_) {
        return 0;
    }
    Outgoing message;
    message.octets = 0;
    if (reply_.type != 0) {
        message.head = reply_;
        reply_.type = 0;
        last_sent_ = now_;
    } else if (!next_message(message)) {
        return 0;
    }
    if (kWithDiscovery && to != nullptr) {
        const bool to_all = message.head.type <= kTypeGWINFO || config_->gateways == nullptr;
        if (to_all) {
            to->octets = 0;
        } else {
            *to = config_->gateways[gateway_].address;
        }
    }
    uint8_t* at = out;
    size_t total = message.head.octets + message.octets + 2U;
    if (!fits(total - 2U)) {
        return 0;  // somebody has changed what is borrowed
    }
    if (total > 255) {
        total += 2;
        *at++ = 1;
        *at++ = static_cast<uint8_t>(total >> 8U);
    }
    *at++ = static_cast<uint8_t>(total);
    *at++ = message.head.type;
    memcpy(at, message.head.fixed, message.head.octets);
    if (message.octets != 0) {
        memcpy(at + message.head.octets, message.data, message.octets);
    }
    return total;
}

/// Counts one transmission of the exchange and arms its timer. False = N_retry is used up: the connection is
/// lost (SN12-100), or begins anew.
bool Client::transmit(Exchange exchange, uint8_t reason) {
    uint8_t& sent = sent_[exchange];
    if (sent > config_->retry_count) {
        end_connection(MQTTSN_EVENT_LOST, reason);
        return false;
    }
    uint32_t interval = config_->retry_interval_ms;
    if (kWithAdaptiveRetry && config_->adaptive_retry) {
        if (sent != 0) {
            round_trip_.sent_again();
        }
        interval = round_trip_.wait_ms(interval);
    }
    ++sent;
    // Up to a quarter more, so that devices that lost the same datagram do not repeat in step.
    deadline_[exchange] = now_ + interval + ((interval >> 4U) * (random() & 63U) >> 4U);
    sent_at_[exchange] = now_;
    return true;
}

/// The answer has come. Only what was sent once tells how long that takes (Karn).
void Client::answered(Exchange exchange) {
    if (kWithAdaptiveRetry && sent_[exchange] == 1) {
        round_trip_.sample(now_ - sent_at_[exchange]);
    }
    sent_[exchange] = 0;
}

void Client::reply(uint8_t type, unsigned message_id) {
    reply_.begin(type);
    reply_.put16(message_id);
}

/// REGACK, PUBACK.
void Client::reply_code(uint8_t type, const Incoming& to, uint8_t code) {
    reply(type, to.topic_id);
    reply_.put16(to.message_id);
    reply_.put8(code);
}

void Client::link_event(uint8_t event, uint8_t code) {
    link_event_ = event;
    link_code_ = code;
}

mqttsn_status Client::input(const mqttsn_address* from, const uint8_t* datagram, size_t octets) {
    if (reply_.type != 0 || message_waits_ || link_event_ != 0) {
        return MQTTSN_ERR_BUSY;
    }
    if (octets < 2) {
        return MQTTSN_ERR_MALFORMED;
    }
    size_t length = datagram[0];
    size_t header = 2;
    if (length == 1) {
        if (octets < 4) {
            return MQTTSN_ERR_MALFORMED;
        }
        length = read_u16(datagram + 1);
        header = 4;
    }
    // Equality with a size that holds the header also refuses every impossible Length (D02).
    const uint8_t* body = datagram + header;
    Incoming in = Incoming();  // all of it: compilers cannot see that a shape has what its type reads
    in.type = body[-1];
    const unsigned shape = shape_of(in.type);
    const size_t fixed = shape & ~kMoreMayFollow;
    in.octets = octets - header - fixed;
    if (length != octets || shape == kNotFromGateway || octets < header + fixed ||
        (in.octets != 0 && shape == fixed)) {
        return MQTTSN_ERR_MALFORMED;
    }
    in.data = body + fixed;
    in.code = in.data[-1];
    if (kWithSubscribe && (in.type == kTypePUBLISH || in.type == kTypeSUBACK)) {
        in.flags = *body++;
    }
    if (fixed >= 2) {
        in.topic_id = static_cast<uint16_t>(read_u16(body));
    }
    if (fixed >= 4) {
        in.message_id = static_cast<uint16_t>(read_u16(body + 2));
    }
    if (kWithDiscovery && from != nullptr) {
        if (in.type <= kTypeGWINFO) {
            return on_gateway(in, *from) ? MQTTSN_OK : MQTTSN_ERR_UNEXPECTED;
        }
        if (!is_gateway(*from)) {
            return MQTTSN_ERR_SENDER;
        }
    }
    return handle(in) ? MQTTSN_OK : MQTTSN_ERR_UNEXPECTED;
}

/// Sets of message types, a bit each.
constexpr uint32_t bit(Type type) {
    return uint32_t{1} << type;
}
constexpr uint32_t kMessages = bit(kTypeREGISTER) | bit(kTypePUBLISH) | bit(kTypePUBREL) | bit(kTypePINGREQ);
constexpr uint32_t kAnswersToQueue = bit(kTypeREGACK) | bit(kTypePUBACK) | bit(kTypePUBREC) |
                                     bit(kTypePUBCOMP) | bit(kTypeSUBACK) | bit(kTypeUNSUBACK) |
                                     bit(kTypeWILLTOPICRESP) | bit(kTypeWILLMSGRESP);

/// What answers a request of ours; what the gateway sends on its own is in handle_message().
bool Client::handle(const Incoming& in) {
    // After DISCONNECT has been asked for, messages are left to the gateway: nobody would read them any more.
    if ((state_ != kActive || request_ == kDisconnect) &&
        ((kWithSleep && request_ == kWake ? kAnswersToQueue : kAnswersToQueue | kMessages) >> in.type & 1U) !=
            0) {
        return false;
    }
    switch (in.type) {
        case kTypeCONNACK:
            return on_connack(in.code);
        case kTypeWILLTOPICREQ:
            return kWithWill && on_will_request(kWillTopic);
        case kTypeWILLMSGREQ:
            return kWithWill && on_will_request(kWillMessage);
        case kTypeDISCONNECT:
            return on_disconnect();
        case kTypePINGRESP:
            return on_pingresp();
        case kTypeREGISTER:
        case kTypePUBLISH:
        case kTypePUBREL:
        case kTypePINGREQ:
            return handle_message(in);
        case kTypeREGACK:
            return on_regack(in);
        case kTypePUBACK:
            return on_puback(in);
        case kTypePUBREC:
        case kTypePUBCOMP:
            return kWithQos2 && on_pubrec(in);
        case kTypeSUBACK:
        case kTypeUNSUBACK:
            return kWithSubscribe && on_suback(in);
        case kTypeWILLTOPICRESP:
        case kTypeWILLMSGRESP:
            return kWithWill && on_will_response(in);
        default:
            return false;  // ADVERTISE, GWINFO: nobody says from whom
    }
}

bool Client::handle_message(const Incoming& in) {
    if (in.type == kTypePINGREQ) {
        reply_.begin(kTypePINGRESP);  // SN12-94, D48
    } else if (!kWithSubscribe) {
        return false;
    } else if (in.type == kTypePUBLISH) {
        if (!on_publish(in)) {
            return false;
        }
    } else if (in.type == kTypeREGISTER) {
        on_register(in);
    } else if (kWithQos2) {
        on_pubrel(in.topic_id);
    }
    if (kWithSleep) {
        note_awake_traffic();
    }
    return true;
}

bool Client::event_waits() const {
    return message_waits_ || link_event_ != 0 || find_slot(kFinished, false) != nullptr;
}

uint32_t Client::next_timeout() {
    if (reply_.type != 0 || event_waits()) {
        return 0;
    }
    uint32_t wait_ms = 0;
    plan(wait_ms);
    return wait_ms;
}

bool Client::next_event(mqttsn_event& event) {
    if (!event_waits()) {
        return false;
    }
    mqttsn_slot* const finished = find_slot(kFinished, false);
    memset(&event, 0, sizeof event);
    uint8_t flags = 0;
    if (kWithSubscribe && message_waits_) {
        message_waits_ = false;
        event.type = MQTTSN_EVENT_MESSAGE;
        event.topic.kind = message_flags_ & MQTTSN_FLAG_TOPIC_ID_TYPE;
        event.topic.id = message_topic_id_;
        if (event.topic.kind == MQTTSN_TOPIC_NAME) {
            const unsigned at = topics_.find(message_topic_id_, nullptr, 0);
            event.topic.name = reinterpret_cast<const char*>(topics_.name_at(at));
            event.topic.name_octets = static_cast<uint16_t>(topics_.octets_at(at));
        }
        event.payload = payload_;
        event.payload_octets = payload_octets_;
        flags = message_flags_;
        event.retain = (flags & MQTTSN_FLAG_RETAIN) != 0;
        event.dup = (flags & MQTTSN_FLAG_DUP) != 0;
    } else if (finished != nullptr) {
        event.type = MQTTSN_EVENT_DELIVERED;
        if (kWithSubscribe && finished->kind == kTypeSUBSCRIBE) {
            event.type = MQTTSN_EVENT_SUBSCRIBED;
            flags = finished->flags;
        } else if (kWithSubscribe && finished->kind == kTypeUNSUBSCRIBE) {
            event.type = MQTTSN_EVENT_UNSUBSCRIBED;
        } else if (kWithWill && finished->kind == kTypeWILLTOPICUPD) {
            event.type = MQTTSN_EVENT_WILL_UPDATED;
        }
        event.token = finished->token;
        event.code = finished->code;
        pop(finished);
    } else {
        event.type = static_cast<mqttsn_event_type>(link_event_);
        event.code = link_code_;
        link_event_ = 0;
    }
    if (kWithSubscribe) {
        event.qos = static_cast<int8_t>(qos_of(flags) >> 5U);
    }
    return true;
}

mqttsn_state Client::state() const {
    if (connecting()) {
        return MQTTSN_STATE_CONNECTING;
    }
    if (request_ > kPing) {
        return kWithSleep && request_ == kSleep  ? MQTTSN_STATE_FALLING_ASLEEP
               : kWithSleep && request_ == kWake ? MQTTSN_STATE_AWAKE
                                                 : MQTTSN_STATE_DISCONNECTING;
    }
    return state_ == kActive                 ? MQTTSN_STATE_ACTIVE
           : kWithSleep && state_ == kAsleep ? MQTTSN_STATE_ASLEEP
                                             : MQTTSN_STATE_DISCONNECTED;
}

}  // namespace
}  // namespace mqttsn
