// SPDX-License-Identifier: BSD-3-Clause
//
// The devices that mqttsn-lossy knows: source address -> the link model of this device. Bounded; the one that
// has been idle longest makes room, and who is idle for too long is forgotten. No sockets and no clock: slots
// are small numbers beside which the proxy keeps its sockets. One thread.
#ifndef TESTS_LOSSY_PROXY_MAPPINGS_HPP
#define TESTS_LOSSY_PROXY_MAPPINGS_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "gateway/core/endpoint.hpp"
#include "gateway/core/hash.hpp"
#include "lossy/link_model.hpp"

namespace mqttsn::lossy {

using gateway::Endpoint;

/// The seed of the link of the device that appeared as `number`-th (from 0): neighbours share nothing.
std::uint64_t device_seed(std::uint64_t seed, std::uint64_t number);

/// A place in the table and who has it: an id of a device that was forgotten never finds the next one there.
struct MappingId {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;
    friend bool operator==(const MappingId&, const MappingId&) = default;
};

struct Mapping {
    Endpoint device;
    LinkModel link;
    Micros last_used{0};  ///< the last datagram from or for it
};

class ProxyMappings {
  public:
    /// `settings` outlives the table. `capacity` > 0; `hash_seed` is not for others to know (any number in
    /// tests).
    ProxyMappings(const LinkSettings& settings, std::uint64_t seed, std::size_t capacity, Micros expire,
                  std::uint64_t hash_seed);

    struct Found {
        MappingId id;
        bool created = false;
        std::optional<MappingId> evicted;  ///< whose slot this is now: close its sockets first
    };
    /// The device's mapping, or a new one; then it is the last to go. `now` never goes back.
    Found find_or_create(const Endpoint& device, Micros now);
    /// nullptr when it has been forgotten.
    Mapping* get(MappingId id);
    void touch(MappingId id, Micros now);
    /// Forgets one mapping that has been idle for longer than `expire`; call it until there is none.
    std::optional<MappingId> expire_one(Micros now);
    /// Forgets the one that has been idle longest, whoever it is, but never `keep`. Counts as evicted.
    std::optional<MappingId> evict_oldest(MappingId keep);
    /// Not counted as expired or evicted.
    void remove(MappingId id);

    std::size_t size() const { return index_.size(); }
    std::size_t capacity() const { return capacity_; }
    std::uint64_t created() const { return created_; }
    std::uint64_t evicted() const { return evicted_; }
    std::uint64_t expired() const { return expired_; }
    /// Of all links, also of those that were forgotten.
    LinkCounters totals(Way way) const;

  private:
    static constexpr std::uint32_t kNone = 0xFFFFFFFFU;
    struct Slot {
        std::optional<Mapping> mapping;
        std::uint32_t generation = 0;
        std::uint32_t newer = kNone;  ///< neighbours in the order of use
        std::uint32_t older = kNone;
    };
    struct Hash {
        std::uint64_t seed;
        std::size_t operator()(const Endpoint& endpoint) const {
            return static_cast<std::size_t>(gateway::hash_endpoint(seed, endpoint));
        }
    };

    void unlink(std::uint32_t slot);
    void link_newest(std::uint32_t slot);

    const LinkSettings& settings_;
    const std::uint64_t seed_;
    const std::size_t capacity_;
    const Micros expire_;
    std::vector<Slot> slots_;  ///< grows up to capacity_
    std::vector<std::uint32_t> free_;
    std::unordered_map<Endpoint, std::uint32_t, Hash> index_;
    std::uint32_t newest_ = kNone;
    std::uint32_t oldest_ = kNone;
    std::uint64_t created_ = 0;
    std::uint64_t evicted_ = 0;
    std::uint64_t expired_ = 0;
    std::array<LinkCounters, 2> gone_{};  ///< of forgotten links
};

}  // namespace mqttsn::lossy

#endif
