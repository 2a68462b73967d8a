// SPDX-License-Identifier: BSD-3-Clause
//
// Our own generator: a seed means the same numbers on every platform and for ever. Not for secrets.
#ifndef GATEWAY_CORE_PRNG_HPP
#define GATEWAY_CORE_PRNG_HPP

#include <cstdint>

namespace mqttsn::gateway {

/// SplitMix64: a counter through a mixing function.
class Prng {
  public:
    explicit Prng(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        state_ += 0x9E3779B97F4A7C15ULL;
        return mix(state_);
    }
    std::uint32_t next32() { return static_cast<std::uint32_t>(next() >> 32U); }

    static constexpr std::uint64_t mix(std::uint64_t value) {
        value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9ULL;
        value = (value ^ (value >> 27U)) * 0x94D049BB133111EBULL;
        return value ^ (value >> 31U);
    }

  private:
    std::uint64_t state_;
};

}  // namespace mqttsn::gateway

#endif
