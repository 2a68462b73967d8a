// SPDX-License-Identifier: BSD-3-Clause
//
// The messages of the gateway's own session: the bounded outbox, what is in Paho's hands, and what becomes of
// it. The connection is in own_session.cpp.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "gateway/broker/own_session.hpp"
#include "gateway/broker/paho_worker.hpp"
#include "mqttsn/topic.hpp"

namespace mqttsn::gateway {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTick{1000};            // while something waits for an acknowledgement
constexpr std::size_t kPacketOverhead = 16;    // fixed header, lengths, id, properties
constexpr std::size_t kPacketMax = 268435455;  // MQTT's own limit
constexpr std::size_t kAbandonedMax = PahoWorker::kSlotsMax / 2;  // then a clean start makes Paho let go
constexpr std::uint8_t kAccepted = 0;
// What a PUBACK or PUBCOMP of ours says about a message that did not go out: reason codes of MQTT 5.
constexpr std::uint8_t kRefusedByPaho = 0x80, kNotConnected = 0x88, kInvalidTopic = 0x90, kTooLarge = 0x95,
                       kFull = 0x97;
Bytes bytes_of_string(const std::string& text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::shared_ptr<PahoMessage> make_message(Bytes topic, Bytes payload, std::uint8_t qos, bool retain) {
    auto message = std::make_shared<PahoMessage>();
    message->topic.assign(topic.begin(), topic.end());
    message->payload.assign(payload.begin(), payload.end());
    message->qos = qos;
    message->retain = retain;
    return message;
}

std::size_t size_of(const PahoMessage& message) {
    return message.topic.size() + message.payload.size();
}

mqtt::Packet answer_to(const PahoMessage& message, std::uint8_t code) {
    mqtt::Packet packet;
    packet.packet_id = message.token;
    packet.code = code;
    switch (message.kind) {
        case PahoMessage::Kind::publish:
            packet.type = message.qos == 2 ? mqtt::PacketType::pubcomp : mqtt::PacketType::puback;
            break;
        case PahoMessage::Kind::subscribe:
            packet.type = mqtt::PacketType::suback;
            packet.code = code > 2 ? mqtt::kSubackFailure : code;
            break;
        case PahoMessage::Kind::unsubscribe:
            packet.type = mqtt::PacketType::unsuback;
            break;
    }
    return packet;
}

}  // namespace

bool OwnSession::publish(Bytes topic, Bytes payload, std::uint8_t qos, bool retain) {
    return accept(make_message(topic, payload, qos, retain)) == kAccepted;
}

void OwnSession::send(const mqtt::Packet& packet) {
    std::shared_ptr<PahoMessage> message =
        make_message(packet.topic, packet.payload, packet.qos, packet.retain);
    message->token = packet.packet_id;
    message->subscription_id = packet.subscription_id;
    switch (packet.type) {
        case mqtt::PacketType::publish:
            break;
        case mqtt::PacketType::subscribe:
            message->kind = PahoMessage::Kind::subscribe;
            break;
        case mqtt::PacketType::unsubscribe:
            message->kind = PahoMessage::Kind::unsubscribe;
            break;
        default:
            return;
    }
    if (const std::uint8_t code = accept(message); code != kAccepted && message->token != 0) {
        answers_.push_back(answer_to(*message, code));
        uv_async_send(&async_);
    }
}

/// kAccepted, or why not (counted).
std::uint8_t OwnSession::refusal_of(const PahoMessage& message) {
    const Bytes topic = bytes_of_string(message.topic);
    const bool publish = message.kind == PahoMessage::Kind::publish;
    if (message.qos > 2 || !(publish ? topic_name_valid(topic) : topic_filter_valid(topic))) {
        ++counters_.refused_invalid;
        return kInvalidTopic;
    }
    const bool running = state_ == State::connecting || state_ == State::up || state_ == State::waiting;
    if (!running || (publish && message.qos == 0 && state_ != State::up)) {
        ++counters_.refused_not_connected;
        return kNotConnected;
    }
    const std::size_t size = size_of(message);
    if (size + kPacketOverhead > (packet_max_ != 0 ? packet_max_ : kPacketMax)) {
        ++counters_.refused_too_large;
        return kTooLarge;
    }
    const bool full = publish ? outbox_messages_ >= options_.outbox_messages_max ||
                                    size > options_.outbox_bytes_max - outbox_bytes_
                              : requests_ >= options_.requests_max;
    counters_.refused_full += full ? 1 : 0;
    return full ? kFull : kAccepted;
}

std::uint8_t OwnSession::accept(std::shared_ptr<PahoMessage> message) {
    const std::uint8_t code = refusal_of(*message);
    if (code != kAccepted) {
        return code;
    }
    if (message->kind == PahoMessage::Kind::publish) {
        ++counters_.accepted;
        ++outbox_messages_;
        outbox_bytes_ += size_of(*message);
    } else {
        ++requests_;
    }
    queued_.emplace(next_id_++, std::move(message));
    pump();
    check_congestion();
    return kAccepted;
}

void OwnSession::answer(const PahoMessage& message, std::uint8_t code) {
    if (message.token != 0) {
        listener_.on_own_packet(answer_to(message, code));
    }
}

/// What came up inside send(), where nobody may be called.
void OwnSession::tell_what_waits() {
    std::vector<mqtt::Packet> answers;
    answers.swap(answers_);
    for (const mqtt::Packet& packet : answers) {
        listener_.on_own_packet(packet);
    }
    if (congestion_told_ != congested_) {
        congestion_told_ = congested_;
        listener_.on_own_session_congested(congested_);
    }
}

void OwnSession::check_congestion() {
    const std::size_t messages_max = options_.outbox_messages_max;
    const std::size_t bytes_max = options_.outbox_bytes_max;
    if (congested_) {
        congested_ = outbox_messages_ > messages_max / 2 || outbox_bytes_ > bytes_max / 2;
    } else {
        congested_ =
            outbox_messages_ > messages_max - messages_max / 4 || outbox_bytes_ > bytes_max - bytes_max / 4;
    }
    if (congested_ != congestion_told_) {
        uv_async_send(&async_);
    }
}

/// Gives Paho what the window allows, oldest first.
void OwnSession::pump() {
    while ((state_ == State::up || state_ == State::flushing) && !paused_ && in_paho_ < window_ &&
           !queued_.empty()) {
        const auto first = queued_.begin();
        if (!dispatch(first->first, first->second)) {
            return;
        }
        queued_.erase(first);
    }
    if (state_ == State::up) {
        const bool needed = in_paho_ > 0 || paused_;
        if (needed && uv_is_active(reinterpret_cast<uv_handle_t*>(&timer_)) == 0) {
            arm(kTick);
        }
    }
}

void OwnSession::dispatch_status(const char* status, std::uint8_t qos) {
    dispatch(0, make_message(bytes_of_string(options_.status_topic), bytes_of(status), qos, true));
}

/// With what this connection cannot do taken away.
OwnSession::Message OwnSession::allowed(const Message& message) const {
    const bool publish = message->kind == PahoMessage::Kind::publish;
    const bool fits = message->qos <= qos_max_ && (!message->retain || retain_available_);
    if (publish ? fits : message->subscription_id == 0 || subscription_ids_) {
        return message;
    }
    auto changed = std::make_shared<PahoMessage>(*message);
    if (publish) {
        changed->qos = std::min(changed->qos, qos_max_);
        changed->retain = changed->retain && retain_available_;
    } else {
        changed->subscription_id = 0;
    }
    return changed;
}

/// False when no slot is free, which takes more abandoned ones than ever seen.
bool OwnSession::dispatch(std::uint64_t id, const Message& message) {
    if (free_slots_.empty()) {
        if (slots_.size() >= PahoWorker::kSlotsMax) {
            return false;
        }
        free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.emplace_back();
    }
    const std::uint32_t number = free_slots_.back();
    free_slots_.pop_back();
    if (in_paho_ == 0) {
        last_progress_ms_ = uv_now(loop_);
    }
    slots_[number] = Slot{Slot::Use::taken, 0, uv_now(loop_), id, counters_.connects, mqtt5_, message};
    ++in_paho_;
    worker_->send(number, mqtt5_, allowed(message));
    return true;
}

OwnSession::Slot* OwnSession::taken_slot(const PahoEvent& event) {
    Slot& slot = slots_[event.slot];
    last_progress_ms_ = uv_now(loop_);
    if (slot.use == Slot::Use::abandoned) {
        slot = Slot{};  // the late answer: the slot can be used again
        --abandoned_;
        free_slots_.push_back(event.slot);
    }
    return slot.use == Slot::Use::taken ? &slot : nullptr;
}

void OwnSession::release(Slot& slot) {
    free_slots_.push_back(static_cast<std::uint32_t>(&slot - slots_.data()));
    slot = Slot{};
    --in_paho_;
}

void OwnSession::forget(const PahoMessage& message) {
    if (message.kind == PahoMessage::Kind::publish) {
        --outbox_messages_;
        outbox_bytes_ -= size_of(message);
        check_congestion();
    } else {
        --requests_;
    }
}

void OwnSession::requeue(Slot& slot) {
    if (slot.id == 0) {
        return;  // each connection says "online" anew
    }
    const bool publish = slot.message->kind == PahoMessage::Kind::publish;
    if (publish && slot.message->qos == 0) {
        ++counters_.lost_qos0;
        forget(*slot.message);
    } else {
        counters_.republished += publish ? 1 : 0;
        queued_.emplace(slot.id, slot.message);
    }
}

void OwnSession::on_sent(const PahoEvent& event) {
    if (Slot* slot = taken_slot(event)) {
        const Slot was = *slot;
        release(*slot);
        if (was.id != 0) {
            counters_.sent += was.message->kind == PahoMessage::Kind::publish ? 1 : 0;
            forget(*was.message);
            answer(*was.message, static_cast<std::uint8_t>(event.code));
        }
    }
    pump();
    finish_flush_if_empty();
}

void OwnSession::on_send_failed(const PahoEvent& event) {
    if (Slot* slot = taken_slot(event)) {
        const Slot was = *slot;
        const bool refused = event.reason >= 0x80 || event.hopeless;
        if (!refused) {
            // -11, -3, -1: the connection went; the outbox sends it again after the reconnect.
            requeue(*slot);
            paused_ = state_ == State::up;  // `lost` follows; meanwhile do not run in circles with Paho
        }
        release(*slot);
        if (refused) {
            ++counters_.refused_by_broker;
            if (was.id != 0) {
                forget(*was.message);
                answer(*was.message,
                       static_cast<std::uint8_t>(event.reason >= 0x80 ? event.reason : kRefusedByPaho));
            }
        }
    }
    pump();
    finish_flush_if_empty();
}

void OwnSession::on_arrived(const PahoEvent& event) {
    const PahoArrival& arrival = *event.arrival;
    ++counters_.arrived;
    if (arrival.qos == 2 && seen_.repeated(arrival, uv_now(loop_))) {
        ++counters_.arrivals_repeated;
        return;
    }
    mqtt::Packet packet;
    packet.type = mqtt::PacketType::publish;
    packet.dup = arrival.dup;
    packet.retain = arrival.retain;
    packet.qos = arrival.qos;
    packet.topic = bytes_of_string(arrival.topic);
    packet.payload = {arrival.payload.data(), arrival.payload.size()};
    packet.subscription_id = arrival.subscription_ids.empty() ? 0 : arrival.subscription_ids.front();
    listener_.on_own_packet(packet);
    // A broker may send one copy for all subscriptions that match, or one for each (MQTT 5 section 3.3.4):
    // the core gets one for each.
    for (std::size_t i = 1; i < arrival.subscription_ids.size(); ++i) {
        packet.subscription_id = arrival.subscription_ids[i];
        listener_.on_own_packet(packet);
    }
}

/// Queued again here; the slot rests until Paho's late answer.
void OwnSession::abandon(Slot& slot) {
    requeue(slot);
    slot = Slot{Slot::Use::abandoned, 0, 0, 0, 0, slot.mqtt5, nullptr};
    --in_paho_;
    ++abandoned_;
}

/// A new connection: what becomes of what Paho has? It has answered what a lost session took with it, and
/// sends now what it had not begun to send.
///   - The session is there: Paho goes on with QoS 1 and 2. It does not repeat SUBSCRIBE and UNSUBSCRIBE, and
///     says nothing about them or about QoS 0: we do.
///   - A new session: all is answered, in principle; what is left from the connection before the last, or is
///     in the handle of the other MQTT version, is queued again.
void OwnSession::sort_out_slots(bool session_present) {
    for (Slot& slot : slots_) {
        if (slot.use != Slot::Use::taken) {
            continue;
        }
        const bool exchange = slot.message->kind == PahoMessage::Kind::publish && slot.message->qos > 0;
        const bool stuck = session_present ? !exchange : clean_ && slot.connection + 1 < counters_.connects;
        if (slot.mqtt5 != mqtt5_ || stuck) {
            abandon(slot);
        } else {
            slot.since_ms = uv_now(loop_);
        }
    }
    clean_next_ = abandoned_ > kAbandonedMax;
}

void OwnSession::drop_queued_qos0() {
    for (auto at = queued_.begin(); at != queued_.end();) {
        if (at->second->qos == 0) {
            ++counters_.lost_qos0;
            forget(*at->second);
            at = queued_.erase(at);
        } else {
            ++at;
        }
    }
}

}  // namespace mqttsn::gateway
