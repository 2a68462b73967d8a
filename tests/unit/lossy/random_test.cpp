// SPDX-License-Identifier: BSD-3-Clause
//
// The generator: its numbers are pinned for ever, because a seed in a report must mean the same network later
// and elsewhere.
#include "lossy/random.hpp"

#include <array>
#include <limits>

#include "support/cmocka.hpp"

namespace {

using mqttsn::lossy::Chance;
using mqttsn::lossy::kCertain;
using mqttsn::lossy::Micros;
using mqttsn::lossy::percent;
using mqttsn::lossy::Random;

constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15ULL;

void seeds_go_through_the_published_splitmix64(void**) {
    // The first two outputs of SplitMix64 from state 0.
    assert_int_equal(Random::mix(kGolden), 0xE220A8397B1DCDAFULL);
    assert_int_equal(Random::mix(2 * kGolden), 0x6E789E6AA1B965F4ULL);
}

void outputs_are_those_of_xorshift64star(void**) {
    // This seed is mixed to 0, which the algorithm cannot use, so the state is 1. Worked out by hand from the
    // definition: 1 ^ 1 << 25 = 0x2000001, times the constant.
    Random random(std::uint64_t{0} - kGolden);
    assert_int_equal(random.next(), 0x2545F4914F6CDD1DULL * 0x2000001ULL);
    assert_int_equal(random.next(), 12380297144915551517ULL);
    assert_int_equal(random.next(), 13389498078930870103ULL);
    assert_int_equal(random.next(), 5599127315341312413ULL);
}

void numbers_of_a_seed_never_change(void**) {
    struct Golden {
        std::uint64_t seed;
        std::array<std::uint64_t, 4> numbers;
    };
    constexpr std::array<Golden, 3> kNumbers{{
        {0, {0x7bbcb40d550682d0ULL, 0xde7fe413d00cc9fdULL, 0xb3c638353c668c91ULL, 0xe073afc0949195fcULL}},
        {1, {0x4b46a55df3611b9bULL, 0xd7e1f1410e763ef4ULL, 0x5f14ec66975f9b06ULL, 0x3b2c74fad44d6cdbULL}},
        {0x123456789abcdefULL,
         {0xa4d6df4ec094d5d2ULL, 0x9d4733ac431ca6eeULL, 0xef925439938754fbULL, 0xe9db10ef3a7ba424ULL}},
    }};
    for (const Golden& golden : kNumbers) {
        Random random(golden.seed);
        for (const std::uint64_t number : golden.numbers) {
            assert_int_equal(random.next(), number);
        }
    }
}

void below_takes_the_upper_half_of_a_number(void**) {
    Random raw(7);
    Random random(7);
    assert_int_equal(random.below(1000), ((raw.next() >> 32U) * 1000) >> 32U);
    assert_int_equal(random.below(0x100000000ULL), raw.next() % 0x100000000ULL);
    assert_int_equal(random.below(1), 0);
    assert_int_equal(random.below(0), 0);
    raw.next();
    raw.next();
    assert_int_equal(random.next(), raw.next());  // each of them took one number, also the last two
}

void between_includes_both_ends_and_nothing_else(void**) {
    Random random(3);
    std::array<int, 5> seen{};
    for (int i = 0; i < 10'000; ++i) {
        const std::int64_t value = random.between(-2, 2);
        assert_in_range(value + 2, 0, 4);
        ++seen.at(static_cast<std::size_t>(value + 2));
    }
    for (const int count : seen) {
        assert_in_range(count, 1800, 2200);  // 2000 +- 5 standard deviations of 40
    }
    assert_int_equal(random.between(5, 5), 5);
}

void between_spans_half_of_all_numbers_without_overflow(void**) {
    Random random(4);
    constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
    bool negative = false;
    for (int i = 0; i < 100; ++i) {
        const std::int64_t value = random.between(kLeast, 0);
        assert_true(value <= 0);
        negative = negative || value < kLeast / 2;
    }
    assert_true(negative);
}

void a_chance_comes_true_as_often_as_it_says(void**) {
    for (const std::uint32_t ppm : {1000U, 100'000U, 500'000U, 999'000U}) {
        Random random(ppm);
        int happened = 0;
        for (int i = 0; i < 1'000'000; ++i) {
            happened += random.happens(Chance{ppm}) ? 1 : 0;
        }
        // The largest standard deviation of these is 500 (at one half).
        assert_in_range(happened, ppm - (ppm == 1000 ? 160 : 2500), ppm + 2500);
    }
}

void nothing_is_drawn_for_what_is_impossible_or_certain(void**) {
    Random random(5);
    Random untouched(5);
    for (int i = 0; i < 100; ++i) {
        assert_false(random.happens(Chance{0}));
        assert_true(random.happens(kCertain));
        assert_int_equal(random.up_to(Micros{0}).count(), 0);
        assert_int_equal(random.up_to(Micros{-5}).count(), 0);
    }
    assert_int_equal(random.next(), untouched.next());
    assert_true(percent(100) == kCertain);
}

void up_to_reaches_both_ends(void**) {
    Random random(6);
    bool first = false;
    bool last = false;
    for (int i = 0; i < 1000; ++i) {
        const std::int64_t value = random.up_to(Micros{9}).count();
        assert_in_range(value, 0, 9);
        first = first || value == 0;
        last = last || value == 9;
    }
    assert_true(first && last);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(seeds_go_through_the_published_splitmix64),
        cmocka_unit_test(outputs_are_those_of_xorshift64star),
        cmocka_unit_test(numbers_of_a_seed_never_change),
        cmocka_unit_test(below_takes_the_upper_half_of_a_number),
        cmocka_unit_test(between_includes_both_ends_and_nothing_else),
        cmocka_unit_test(between_spans_half_of_all_numbers_without_overflow),
        cmocka_unit_test(a_chance_comes_true_as_often_as_it_says),
        cmocka_unit_test(nothing_is_drawn_for_what_is_impossible_or_certain),
        cmocka_unit_test(up_to_reaches_both_ends),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
