// SPDX-License-Identifier: BSD-3-Clause
//
// Randomness for property tests: splitmix64, so that a seed means the same with every compiler and library.
// The seed is fixed; MQTTSN_TEST_SEED in the environment sets another. Whoever fails prints seed() so that it
// can be set again.
#ifndef TESTS_UNIT_COMMON_PRNG_HPP
#define TESTS_UNIT_COMMON_PRNG_HPP

#include <cstdint>
#include <cstdlib>

namespace test {

class Prng {
  public:
    explicit Prng(std::uint64_t seed) : seed_(seed), state_(seed) {}
    /// Seeded from the environment, or with `fallback`.
    static Prng from_environment(std::uint64_t fallback) {
        const char* text = std::getenv("MQTTSN_TEST_SEED");
        return Prng(text != nullptr ? std::strtoull(text, nullptr, 0) : fallback);
    }

    std::uint64_t next() {
        state_ += 0x9E3779B97F4A7C15U;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31U);
    }
    /// 0..limit-1; limit > 0. The small bias towards low values does not matter here.
    std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(next() % limit); }
    std::uint8_t octet() { return static_cast<std::uint8_t>(next() >> 56U); }
    bool chance(std::uint32_t one_in) { return below(one_in) == 0; }
    unsigned long long seed() const { return seed_; }

  private:
    std::uint64_t seed_;
    std::uint64_t state_;
};

}  // namespace test

#endif
