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
// Paho's codes (MQTTAsync.h) for what no retry can cure: null parameter, bad UTF-8, bad structure, bad QoS.
bool cannot_be_sent(int code) {
    return code == -5 || code == -6 || code == -8 || code == -9;
}

Bytes bytes_of_string(const std::string& text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::shared_ptr<const PahoMessage> make_message(Bytes topic, Bytes payload, std::uint8_t qos, bool retain) {
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

}  // namespace

bool OwnSession::publish(Bytes topic, Bytes payload, std::uint8_t qos, bool retain) {
    if (qos > 2 || !topic_name_valid(topic)) {
        ++counters_.refused_invalid;
        return false;
    }
    const bool running = state_ == State::connecting || state_ == State::up || state_ == State::waiting;
    if (!running || (qos == 0 && state_ != State::up)) {
        ++counters_.refused_not_connected;
        return false;
    }
    const std::size_t size = topic.size + payload.size;
    if (size + kPacketOverhead > (packet_max_ != 0 ? packet_max_ : kPacketMax)) {
        ++counters_.refused_too_large;
        return false;
    }
    if (outbox_messages_ >= options_.outbox_messages_max ||
        size > options_.outbox_bytes_max - outbox_bytes_) {
        ++counters_.refused_full;
        return false;
    }
    ++counters_.accepted;
    ++outbox_messages_;
    outbox_bytes_ += size;
    queued_.emplace(next_id_++, make_message(topic, payload, qos, retain));
    pump();
    return true;
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

/// False when no slot is free, which takes more abandoned ones than ever seen.
bool OwnSession::dispatch(std::uint64_t id, Message message) {
    const auto slot = std::find_if(slots_.begin(), slots_.end(),
                                   [](const Slot& candidate) { return candidate.use == Slot::Use::free; });
    if (slot == slots_.end()) {
        return false;
    }
    if (in_paho_ == 0) {
        last_progress_ms_ = uv_now(loop_);
    }
    if (message->qos > qos_max_ || (message->retain && !retain_available_)) {
        auto allowed = std::make_shared<PahoMessage>(*message);
        allowed->qos = std::min(allowed->qos, qos_max_);
        allowed->retain = allowed->retain && retain_available_;
        message = std::move(allowed);
    }
    *slot = Slot{Slot::Use::taken, id, counters_.connects, mqtt5_, message};
    ++in_paho_;
    worker_->publish(static_cast<std::uint32_t>(slot - slots_.begin()), mqtt5_, std::move(message));
    return true;
}

OwnSession::Slot* OwnSession::taken_slot(const PahoEvent& event) {
    Slot& slot = slots_[event.slot];
    last_progress_ms_ = uv_now(loop_);
    if (slot.use == Slot::Use::abandoned) {
        slot = Slot{};  // the late answer: the slot can be used again
    }
    return slot.use == Slot::Use::taken ? &slot : nullptr;
}

void OwnSession::release(Slot& slot) {
    slot = Slot{};
    --in_paho_;
}

void OwnSession::forget(const PahoMessage& message) {
    --outbox_messages_;
    outbox_bytes_ -= size_of(message);
}

void OwnSession::requeue(Slot& slot) {
    if (slot.id == 0) {
        return;  // each connection says "online" anew
    }
    if (slot.message->qos == 0) {
        ++counters_.lost_qos0;
        forget(*slot.message);
    } else {
        ++counters_.republished;
        queued_.emplace(slot.id, slot.message);
    }
}

void OwnSession::on_sent(const PahoEvent& event) {
    if (Slot* slot = taken_slot(event)) {
        if (slot->id != 0) {
            ++counters_.sent;
            forget(*slot->message);
        }
        release(*slot);
    }
    pump();
    finish_flush_if_empty();
}

void OwnSession::on_send_failed(const PahoEvent& event) {
    if (Slot* slot = taken_slot(event)) {
        if (event.reason >= 0x80 || cannot_be_sent(event.code)) {
            ++counters_.refused_by_broker;
            if (slot->id != 0) {
                forget(*slot->message);
            }
        } else {
            requeue(
                *slot);  // -11, -3, -1: the connection went; the outbox sends it again after the reconnect
            paused_ = state_ == State::up;  // `lost` follows; meanwhile do not run in circles with Paho
        }
        release(*slot);
    }
    pump();
    finish_flush_if_empty();
}

/// Paho answers each request, at the latest when its connection ends; what it had not begun to send it sends
/// on the next connection. Should it keep one for longer, or have it in the handle of the other MQTT version,
/// the message is queued again here and its slot rests until the late answer comes.
void OwnSession::abandon_stuck_slots() {
    for (Slot& slot : slots_) {
        if (slot.use == Slot::Use::taken &&
            (slot.mqtt5 != mqtt5_ || slot.connection + 1 < counters_.connects)) {
            requeue(slot);
            slot = Slot{Slot::Use::abandoned, 0, 0, slot.mqtt5, nullptr};
            --in_paho_;
        }
    }
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
