// SPDX-License-Identifier: BSD-3-Clause
//
// Datagrams on their way through the link: kept until the time at which they arrive. One heap for all
// devices, bounded in datagrams and octets; what does not fit is dropped by the caller, who counts it. No
// clock, no sockets. One thread.
#ifndef TESTS_LOSSY_HELD_DATAGRAMS_HPP
#define TESTS_LOSSY_HELD_DATAGRAMS_HPP

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "lossy/proxy_mappings.hpp"
#include "mqttsn/wire.hpp"

namespace mqttsn::lossy {

struct HeldDatagram {
    Micros at{0};  ///< when it arrives
    MappingId mapping;
    std::uint32_t binding = 0;  ///< up: the source port it left with
    Way way = Way::up;
    std::uint32_t size = 0;
    std::unique_ptr<std::uint8_t[]> octets;

    Bytes view() const { return Bytes{octets.get(), size}; }
};

class HeldDatagrams {
  public:
    HeldDatagrams(std::size_t datagrams_max, std::size_t octets_max)
        : datagrams_max_(datagrams_max), octets_max_(octets_max) {}

    /// Copies the octets into `datagram` and keeps it. False when it does not fit; then nothing has changed.
    bool push(HeldDatagram datagram, Bytes octets);
    /// When the next one is due; nullopt when there is none.
    std::optional<Micros> next() const;
    /// The next one that is due at `now`, in the order of `at`, then of push().
    std::optional<HeldDatagram> pop(Micros now);

    std::size_t size() const { return heap_.size(); }
    std::size_t octets() const { return octets_; }

  private:
    struct Entry {
        HeldDatagram datagram;
        std::uint64_t order;  ///< of push()
    };
    /// For std::push_heap, which keeps the greatest in front: the later, the smaller.
    static bool later(const Entry& left, const Entry& right);

    const std::size_t datagrams_max_;
    const std::size_t octets_max_;
    std::vector<Entry> heap_;
    std::size_t octets_ = 0;
    std::uint64_t pushed_ = 0;
};

}  // namespace mqttsn::lossy

#endif
