// SPDX-License-Identifier: BSD-3-Clause
//
// The history of all messages of a run, kept outside the code under test: who sent what when, where it
// arrived and how often, and what excuses a weaker promise. Statistics (mqttsn-sim) and the delivery checks
// (checks.hpp) read it.
#ifndef TESTS_SIM_LEDGER_HPP
#define TESTS_SIM_LEDGER_HPP

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lossy/link_model.hpp"

namespace mqttsn::sim {

using lossy::Micros;
using lossy::Way;

/// Why less than the QoS is promised for one message. Bits.
enum Excuse : std::uint16_t {
    kMayBeLost = 1U,        ///< e.g. the device lost its memory while it held it; the broker dropped it
    kMayBeRepeated = 2U,    ///< e.g. the receiver lost its memory in the middle of the exchange
    kMayBeDisordered = 4U,  ///< e.g. nobody waits for it any more, a late copy may still come
};

struct MessageRecord {
    std::uint32_t device = 0;
    Way way = Way::up;
    std::int8_t qos = 0;        ///< up: as sent, -1..2; down: as published by the application
    std::uint16_t topic = 0;    ///< which of the device's topics of that way
    std::uint16_t excuses = 0;  ///< Excuse
    std::uint16_t arrivals = 0;
    std::uint16_t copies =
        0;  ///< QoS 0 and -1: how often the link may have delivered it (1 + its duplicates)
    std::uint32_t arrival_rank = 0;   ///< position of the first arrival among all arrivals, from 1; 0 = none
    std::uint32_t transmissions = 0;  ///< PUBLISH datagrams of this message handed to the link
    Micros sent_at{0};                ///< handed to the client library / to the broker
    Micros arrived_at{-1};            ///< first arrival; -1 = none
    Micros done_at{-1};               ///< up: DELIVERED; -1 = not
    std::int32_t result = 1;          ///< up: code of DELIVERED; 1 = not ended
    bool owed = false;  ///< down: the broker had queued it for the device; up: handed to the client library
};

class Ledger {
  public:
    /// A new message. @returns its number
    std::uint32_t add(std::uint32_t device, Way way, int qos, std::uint16_t topic, Micros now);
    /// The payload that carries the number, `octets` long (at least kPayloadOctetsMin): digits, then dots.
    static std::string payload(std::uint32_t number, std::size_t octets);
    static constexpr std::size_t kPayloadOctetsMin = 8;
    /// The number in a payload, or kUnknown for one that payload() has not made.
    std::uint32_t number_in(std::string_view payload) const;
    static constexpr std::uint32_t kUnknown = 0xFFFFFFFFU;

    MessageRecord& at(std::uint32_t number) { return messages_[number]; }
    const MessageRecord& at(std::uint32_t number) const { return messages_[number]; }
    void arrived(std::uint32_t number, Micros now);

    const std::vector<MessageRecord>& messages() const { return messages_; }

  private:
    std::vector<MessageRecord> messages_;
    std::uint32_t ranks_ = 0;
};

}  // namespace mqttsn::sim

#endif
