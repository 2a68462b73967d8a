// SPDX-License-Identifier: BSD-3-Clause
//
// Seeded hashes for the look-up tables: what a stranger chooses (addresses, ids, topics) must not be able to
// pile up in one bucket.
#ifndef GATEWAY_CORE_HASH_HPP
#define GATEWAY_CORE_HASH_HPP

#include <cstdint>
#include <cstring>

#include "gateway/core/endpoint.hpp"
#include "gateway/core/prng.hpp"
#include "mqttsn/wire.hpp"

namespace mqttsn::gateway {

inline std::uint64_t hash_octets(std::uint64_t seed, Bytes octets) {
    std::uint64_t state = Prng::mix(seed ^ octets.size);
    std::size_t i = 0;
    for (; i + 8 <= octets.size; i += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, octets.data + i, 8);
        state = Prng::mix(state ^ word) + 0x9E3779B97F4A7C15ULL;
    }
    std::uint64_t tail = 0;
    for (; i < octets.size; ++i) {
        tail = (tail << 8U) | octets.data[i];
    }
    return Prng::mix(state ^ tail);
}

inline std::uint64_t hash_endpoint(std::uint64_t seed, const Endpoint& endpoint) {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    std::memcpy(&high, endpoint.address.data(), 8);
    std::memcpy(&low, endpoint.address.data() + 8, 8);
    const std::uint64_t rest = (static_cast<std::uint64_t>(endpoint.port) << 48U) |
                               (static_cast<std::uint64_t>(endpoint.listener) << 32U) | endpoint.node;
    return Prng::mix(Prng::mix(Prng::mix(seed ^ high) ^ low) ^ rest ^
                     (static_cast<std::uint64_t>(endpoint.scope) << 16U));
}

/// Of the network an endpoint is in: what one operator, or one attacker, can have many addresses of. /24 of
/// IPv4, /64 of IPv6.
inline std::uint64_t hash_source(std::uint64_t seed, const Endpoint& endpoint) {
    return hash_octets(
        seed, Bytes{endpoint.address.data(), is_mapped_ipv4(endpoint) ? std::size_t{15} : std::size_t{8}});
}

}  // namespace mqttsn::gateway

#endif
