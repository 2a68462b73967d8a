// SPDX-License-Identifier: BSD-3-Clause
//
// What devices do when the gateway says something.
#include <algorithm>

#include "bench/fleet.hpp"

namespace mqttsn::load {

void Fleet::on_message(std::size_t device, const Message& message, std::uint64_t now_ns) {
    Device& at = devices_[device];
    const bool mine = message.message_id == at.message_id;
    switch (message.type) {
        case MessageType::connack:
        case MessageType::regack:
        case MessageType::suback:
            on_set_up_answer(device, message, now_ns);
            break;
        case MessageType::puback:
            if (options_.qos <= 0 && message.return_code != ReturnCode::accepted) {
                count_refusal(message.return_code);
                ++counters_.refused_messages;
            } else if (mine && (at.waiting == Waiting::puback || at.waiting == Waiting::pubrec) &&
                       !refused(device, message.return_code, now_ns) && at.waiting == Waiting::puback) {
                end_publish(device, true, now_ns);
            }
            break;
        case MessageType::pubrec:
            if (mine && at.waiting == Waiting::pubrec) {
                at.waiting = Waiting::pubcomp;
                at.attempt = 0;
                due_ns_[device] = now_ns + retry_ns_;
                transmit(device, false);
            }
            break;
        case MessageType::pubcomp:
            if (mine && at.waiting == Waiting::pubcomp) {
                end_publish(device, true, now_ns);
            }
            break;
        case MessageType::publish:
            on_publish(device, message, now_ns);
            break;
        case MessageType::pubrel:
            release_qos2(at, message.message_id);
            send(device, make_pubcomp(message.message_id));
            break;
        case MessageType::register_topic:
            on_register(device, message);
            break;
        case MessageType::disconnect:
            on_gateway_disconnect(device, now_ns);
            break;
        case MessageType::pingreq:
            send(device, make_pingresp());
            break;
        case MessageType::pingresp:
            if (at.waiting == Waiting::pingresp) {
                on_pingresp(device, now_ns);
            }
            break;
        default:  // ADVERTISE, GWINFO, will: nothing that a device of this kind asked for
            break;
    }
}

void Fleet::on_set_up_answer(std::size_t device, const Message& message, std::uint64_t now_ns) {
    Device& at = devices_[device];
    const bool wanted = (message.type == MessageType::connack && at.waiting == Waiting::connack) ||
                        (message.message_id == at.message_id &&
                         ((message.type == MessageType::regack && at.waiting == Waiting::regack) ||
                          (message.type == MessageType::suback && at.waiting == Waiting::suback)));
    if (!wanted || refused(device, message.return_code, now_ns)) {
        return;
    }
    if (message.type != MessageType::connack && topic_type_ == TopicIdType::normal) {
        at.topic_id = message.topic_id;
    }
    next_setup_step(device, now_ns);
}

/// Counts a return code that is not "accepted". After "congestion" the same is tried again after T_retry, up
/// to N_retry times, anything else ends the exchange.
bool Fleet::refused(std::size_t device, ReturnCode code, std::uint64_t now_ns) {
    if (code == ReturnCode::accepted) {
        return false;
    }
    Device& at = devices_[device];
    count_refusal(code);
    if (code == ReturnCode::congestion && at.attempt < options_.retries) {
        at.again = true;
        due_ns_[device] = now_ns + retry_ns_;
    } else if (at.state == State::setting_up) {
        fail(device);
    } else {
        ++counters_.refused_messages;
        end_publish(device, false, now_ns);
    }
    return true;
}

void Fleet::count_refusal(ReturnCode code) {
    ++counters_.refusals[std::min<std::size_t>(static_cast<std::size_t>(code), 4) - 1];
}

void Fleet::end_publish(std::size_t device, bool acknowledged, std::uint64_t now_ns) {
    if (acknowledged) {
        result_.acknowledgement.record(now_ns - devices_[device].begun_ns);
    }
    settle_down(device, now_ns);
    events_.on_published(device, now_ns);
}

void Fleet::on_publish(std::size_t device, const Message& message, std::uint64_t now_ns) {
    Device& at = devices_[device];
    counters_.dup_flags += message.flags.dup() ? 1U : 0U;
    if (at.state == State::asleep) {
        ++counters_.while_asleep;  // a sleeping radio hears nothing: no answer
        return;
    }
    const bool topic_known = message.flags.topic_id_type() == topic_type_ && message.topic_id == at.topic_id;
    if (at.waiting == Waiting::pingresp) {
        due_ns_[device] = now_ns + retry_ns_;  // the gateway is at work
    }
    const Qos qos = message.flags.qos();
    if (qos == 2) {
        send(device, make_pubrec(message.message_id));
        if (!is_new_qos2(at, message.message_id)) {
            return;
        }
    } else if (qos == 1) {
        const ReturnCode code = topic_known ? ReturnCode::accepted : ReturnCode::invalid_topic_id;
        send(device, make_puback(message.topic_id, message.message_id, code));
    }
    events_.on_device_message(device, message.data, topic_known, now_ns);
}

bool Fleet::is_new_qos2(Device& at, std::uint16_t message_id) {
    const auto end = at.qos2.begin() + at.qos2_count;
    if (std::find(at.qos2.begin(), end, message_id) != end) {
        return false;
    }
    if (at.qos2_count == kQos2Max) {  // one is what the specification allows
        std::rotate(at.qos2.begin(), at.qos2.begin() + 1, at.qos2.end());
        --at.qos2_count;
    }
    at.qos2[at.qos2_count++] = message_id;
    return true;
}

void Fleet::release_qos2(Device& at, std::uint16_t message_id) {
    const auto end = at.qos2.begin() + at.qos2_count;
    const auto found = std::find(at.qos2.begin(), end, message_id);
    if (found != end) {
        *found = *(end - 1);
        --at.qos2_count;
    }
}

void Fleet::on_register(std::size_t device, const Message& message) {
    Device& at = devices_[device];
    ++counters_.registers;
    const std::string& name = topic(device);
    const bool own =
        equal(message.data, Bytes{reinterpret_cast<const std::uint8_t*>(name.data()), name.size()});
    if (own) {
        at.topic_id = message.topic_id;
    }
    send(device, make_regack(message.topic_id, message.message_id, ReturnCode::accepted));
}

void Fleet::on_gateway_disconnect(std::size_t device, std::uint64_t now_ns) {
    Device& at = devices_[device];
    if (at.waiting == Waiting::disconnect) {  // the answer to ours
        at.waiting = Waiting::nothing;
        due_ns_[device] = kNever;
        asleep_ += at.state == State::falling_asleep ? 1U : 0U;
        leaving_ -= at.state == State::leaving ? 1U : 0U;
        at.state = at.state == State::falling_asleep ? State::asleep : State::gone;
        return;
    }
    ++counters_.gateway_disconnects;
    // While it connects this is about an earlier session at the same address: CONNECT is repeated.
    if (at.state != State::active || ending_) {
        return;
    }
    counters_.gave_up += is_publishing(at) ? 1U : 0U;
    connect_again(device, now_ns);
}

bool Fleet::is_publishing(const Device& at) {
    return at.waiting == Waiting::puback || at.waiting == Waiting::pubrec || at.waiting == Waiting::pubcomp;
}

/// The gateway has forgotten the device, or does not answer any more. What it was publishing is over.
void Fleet::connect_again(std::size_t device, std::uint64_t now_ns) {
    Device& at = devices_[device];
    const bool publishing = is_publishing(at);
    at.waiting = Waiting::nothing;
    due_ns_[device] = kNever;
    if (set_up_ == SetUp::nothing) {
        return;
    }
    at.state = State::fresh;
    queue_.push_back(device);
    if (publishing) {
        events_.on_published(device, now_ns);
    }
}

void Fleet::on_pingresp(std::size_t device, std::uint64_t now_ns) {
    Device& at = devices_[device];
    if (at.state != State::awake) {
        settle_down(device, now_ns);
        return;
    }
    at.state = State::asleep;
    at.waiting = Waiting::nothing;
    due_ns_[device] = kNever;
    ++asleep_;
    result_.wake_up.record(now_ns - at.begun_ns);
    events_.on_woken(device, now_ns);
}

}  // namespace mqttsn::load
