// SPDX-License-Identifier: BSD-3-Clause
//
// The generator of everything random in tests/lossy and tests/sim: whole numbers only, so that a seed means
// the same network on every platform and for ever. Not for secrets. Own, because the standard library's
// distributions differ between platforms, and because what checks the gateway shares no code with it. One
// thread at a time per object.
#ifndef TESTS_LOSSY_RANDOM_HPP
#define TESTS_LOSSY_RANDOM_HPP

#include <cstdint>

#include "lossy/link_settings.hpp"

namespace mqttsn::lossy {

/// xorshift64* (Vigna 2016), seeded through SplitMix64.
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(mix(seed + 0x9E3779B97F4A7C15ULL)) {
        if (state_ == 0) {
            state_ = 1;
        }
    }

    std::uint64_t next() {
        state_ ^= state_ >> 12U;
        state_ ^= state_ << 25U;
        state_ ^= state_ >> 27U;
        return state_ * 0x2545F4914F6CDD1DULL;
    }
    /// 0 .. limit - 1; 0 for a limit of 0. Always one draw. Evenly up to a part in 2^32 for limits below
    /// 2^32.
    std::uint64_t below(std::uint64_t limit) {
        if (limit > 0xFFFFFFFFULL) {
            return next() % limit;
        }
        return ((next() >> 32U) * limit) >> 32U;
    }
    /// first .. last, both included; first <= last, and fewer than 2^64 values. Always one draw.
    std::int64_t between(std::int64_t first, std::int64_t last) {
        // Unsigned, because last - first need not fit in an int64_t.
        const std::uint64_t from = static_cast<std::uint64_t>(first);
        return static_cast<std::int64_t>(from + below(static_cast<std::uint64_t>(last) - from + 1));
    }
    /// Draws nothing for 0 and for certain.
    bool happens(Chance chance) {
        return chance.ppm >= kCertain.ppm || (chance.ppm > 0 && below(kCertain.ppm) < chance.ppm);
    }
    /// 0 .. most, evenly; draws nothing for 0.
    Micros up_to(Micros most) { return most.count() <= 0 ? Micros{0} : Micros{between(0, most.count())}; }

    /// The output function of SplitMix64 (Steele, Lea, Flood 2014): turns counters into seeds.
    static constexpr std::uint64_t mix(std::uint64_t value) {
        value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9ULL;
        value = (value ^ (value >> 27U)) * 0x94D049BB133111EBULL;
        return value ^ (value >> 31U);
    }

  private:
    std::uint64_t state_;
};

}  // namespace mqttsn::lossy

#endif
