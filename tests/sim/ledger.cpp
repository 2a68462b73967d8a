// SPDX-License-Identifier: BSD-3-Clause
#include "sim/ledger.hpp"

#include <algorithm>

namespace mqttsn::sim {

std::uint32_t Ledger::add(std::uint32_t device, Way way, int qos, std::uint16_t topic, Micros now) {
    MessageRecord record;
    record.device = device;
    record.way = way;
    record.qos = static_cast<std::int8_t>(qos);
    record.topic = topic;
    record.sent_at = now;
    messages_.push_back(record);
    return static_cast<std::uint32_t>(messages_.size() - 1);
}

std::string Ledger::payload(std::uint32_t number, std::size_t octets) {
    std::string text(std::max(octets, kPayloadOctetsMin), '.');
    for (std::size_t digit = kPayloadOctetsMin; digit-- > 0; number /= 16) {
        text[digit] = "0123456789abcdef"[number % 16];
    }
    return text;
}

std::uint32_t Ledger::number_in(std::string_view payload) const {
    if (payload.size() < kPayloadOctetsMin) {
        return kUnknown;
    }
    std::uint32_t number = 0;
    for (const char digit : payload.substr(0, kPayloadOctetsMin)) {
        const std::size_t value = std::string_view{"0123456789abcdef"}.find(digit);
        if (value == std::string_view::npos) {
            return kUnknown;
        }
        number = number * 16 + static_cast<std::uint32_t>(value);
    }
    const std::string_view rest = payload.substr(kPayloadOctetsMin);
    return number < messages_.size() && rest.find_first_not_of('.') == std::string_view::npos ? number
                                                                                              : kUnknown;
}

void Ledger::arrived(std::uint32_t number, Micros now) {
    MessageRecord& record = messages_[number];
    ++record.arrivals;
    if (record.arrival_rank == 0) {
        record.arrival_rank = ++ranks_;
        record.arrived_at = now;
    }
}

}  // namespace mqttsn::sim
