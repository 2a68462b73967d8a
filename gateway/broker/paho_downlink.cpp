// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/broker/paho_downlink.hpp"

#include <algorithm>
#include <utility>

namespace mqttsn::gateway {
namespace {

Bytes octets_of_text(const std::string& text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

std::size_t PahoDownlink::push(std::unique_ptr<const PahoArrival> arrival, std::uint64_t now_ms) {
    std::size_t dropped = 0;
    if (arrival->qos == 2 && seen_.repeated(*arrival, now_ms)) {
        return 0;
    }
    if (!make_room(*arrival, dropped)) {
        return dropped + 1;
    }
    octets_ += arrival->size();
    waiting_.push_back(std::move(arrival));
    return dropped;
}

bool PahoDownlink::make_room(const PahoArrival& arrival, std::size_t& dropped) {
    while (size() > 0 && (size() >= limits_.messages_max || octets_ + arrival.size() > limits_.octets_max)) {
        if (waiting_.empty()) {
            return false;
        }
        auto victim =
            std::find_if(waiting_.begin(), waiting_.end(), [](const auto& one) { return one->qos == 0; });
        if (victim == waiting_.end()) {
            if (arrival.qos == 0) {
                return false;  // it is the oldest QoS 0 itself
            }
            victim = waiting_.begin();
        }
        forget(**victim);
        waiting_.erase(victim);
        ++dropped;
    }
    return true;
}

bool PahoDownlink::next(mqtt::Packet& packet) {
    packet = mqtt::Packet{};
    if (!strangers_.empty()) {
        packet.type = mqtt::PacketType::pubrel;
        packet.packet_id = strangers_.front();
        strangers_.pop_front();
        return true;
    }
    for (Given& given : given_) {
        if (given.due) {
            given.due = false;
            give(packet, given);
            return true;
        }
    }
    if (waiting_.empty()) {
        return false;
    }
    Given given;
    given.arrival = waiting_.front();
    if (given.arrival->qos == 0) {
        waiting_.pop_front();
        forget(*given.arrival);
        give(packet, given);
        return true;
    }
    if (given_.size() >= limits_.window) {
        return false;
    }
    waiting_.pop_front();
    given.id = free_id();
    given.dup = given.arrival->dup;
    given_.push_back(given);
    give(packet, given);
    return true;
}

void PahoDownlink::give(mqtt::Packet& packet, const Given& given) {
    packet.packet_id = given.id;
    if (given.received) {
        packet.type = mqtt::PacketType::pubrel;
        return;
    }
    current_ = given.arrival;
    packet.type = mqtt::PacketType::publish;
    packet.qos = current_->qos;
    packet.retain = current_->retain;
    packet.dup = given.dup;
    packet.topic = octets_of_text(current_->topic);
    packet.payload = {current_->payload.data(), current_->payload.size()};
}

PahoDownlink::Given* PahoDownlink::find(std::uint16_t id) {
    const auto found =
        std::find_if(given_.begin(), given_.end(), [id](const Given& given) { return given.id == id; });
    return found == given_.end() ? nullptr : &*found;
}

std::uint16_t PahoDownlink::free_id() {
    do {
        last_id_ = last_id_ == 65535 ? std::uint16_t{1} : static_cast<std::uint16_t>(last_id_ + 1);
    } while (find(last_id_) != nullptr);
    return last_id_;
}

void PahoDownlink::acknowledge(const mqtt::Packet& packet) {
    Given* const given = find(packet.packet_id);
    if (packet.type == mqtt::PacketType::pubrec) {
        if (given == nullptr) {
            if (strangers_.size() < limits_.window) {
                strangers_.push_back(packet.packet_id);
            }
        } else if (given->arrival->qos == 2) {
            given->received = true;
            given->due = true;
        }
        return;
    }
    const std::uint8_t qos = packet.type == mqtt::PacketType::puback ? 1 : 2;
    if (given != nullptr && given->arrival->qos == qos && (qos == 1 || given->received)) {
        forget(*given->arrival);
        given_.erase(std::find_if(given_.begin(), given_.end(),
                                  [&](const Given& one) { return one.id == packet.packet_id; }));
    }
}

void PahoDownlink::repeat() {
    strangers_.clear();
    for (Given& given : given_) {
        given.due = true;
        given.dup = true;
    }
}

void PahoDownlink::begin_anew() {
    strangers_.clear();
    seen_.forget();
    while (!given_.empty()) {
        if (given_.back().received) {
            forget(*given_.back().arrival);
        } else {
            waiting_.push_front(given_.back().arrival);
        }
        given_.pop_back();
    }
}

}  // namespace mqttsn::gateway
