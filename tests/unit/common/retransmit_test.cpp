// SPDX-License-Identifier: BSD-3-Clause
#include "mqttsn/retransmit.hpp"

#include "support/cmocka.hpp"
#include "unit/common/message_checks.hpp"
#include "unit/common/prng.hpp"

using mqttsn::jittered;
using mqttsn::Retry;
using mqttsn::RetryPolicy;
using mqttsn::RoundTrip;

namespace {

// SN12-111: T_retry 10 to 15 s, N_retry 3 to 5.
void policy_defaults_are_those_of_the_specification(void** /*state*/) {
    const RetryPolicy policy;
    assert_in_range(policy.interval_ms, 10000, 15000);
    assert_in_range(policy.count_max, 3, 5);
}

// SN12-100: N_retry retransmissions, N_retry + 1 transmissions.
void count_max_limits_the_retransmissions(void** /*state*/) {
    for (unsigned count_max = 0; count_max <= 0xFF; ++count_max) {
        const RetryPolicy policy{10000, static_cast<std::uint8_t>(count_max)};
        Retry retry;
        retry.start();
        unsigned transmissions = 1;
        while (transmissions < 1000 && retry.expired(policy)) {
            ++transmissions;
        }
        CHECK_CASE(transmissions == count_max + 1, "count_max %u", count_max);
        assert_false(retry.expired(policy));
    }
}

// D29: DUP from the second transmission on.
void repeated_is_true_after_the_first_transmission(void** /*state*/) {
    const RetryPolicy policy;
    Retry retry;
    retry.start();
    assert_false(retry.repeated());
    assert_true(retry.expired(policy));
    assert_true(retry.repeated());
    retry.start();
    assert_false(retry.repeated());
}

void start_gives_all_retransmissions_back(void** /*state*/) {
    const RetryPolicy policy{10000, 1};
    Retry retry;
    retry.start();
    assert_true(retry.expired(policy));
    assert_false(retry.expired(policy));
    retry.start();
    assert_true(retry.expired(policy));
    assert_false(retry.expired(policy));
}

void jitter_adds_less_than_a_quarter_and_uses_the_range(void** /*state*/) {
    test::Prng prng = test::Prng::from_environment(0x5EED0004);
    std::uint32_t smallest = UINT32_MAX;
    std::uint32_t largest = 0;
    for (unsigned round = 0; round < 10000; ++round) {
        const std::uint32_t value = jittered(10000, static_cast<std::uint32_t>(prng.next()));
        CHECK_CASE(value >= 10000 && value < 12500, "seed %llu: %u", prng.seed(), value);
        smallest = value < smallest ? value : smallest;
        largest = value > largest ? value : largest;
    }
    assert_true(smallest < 10100 && largest > 12400);
    assert_int_equal(jittered(10000, 0), 10000);
    assert_int_equal(jittered(10000, 0xFFFFFFFF), 12499);
    assert_int_equal(jittered(0, 0xFFFFFFFF), 0);
    assert_int_equal(jittered(3400000000U, 0xFFFFFFFF), 4249987030U);
}

// RFC 6298 section 2, worked by hand with G = 200 ms.
void the_wait_follows_the_round_trips(void** /*state*/) {
    RoundTrip trip;
    assert_false(trip.known());
    assert_int_equal(trip.wait_ms(10000), 10000);
    trip.sample(1000);  // SRTT 1000, RTTVAR 500
    assert_true(trip.known());
    assert_int_equal(trip.wait_ms(10000), 3000);
    trip.sample(2000);  // RTTVAR 3/4 500 + 1/4 1000 = 625, SRTT 1125
    assert_int_equal(trip.wait_ms(10000), 1125 + 2500);
    trip.sample(1125);  // RTTVAR 468.75, SRTT 1125
    assert_int_equal(trip.wait_ms(10000), 1125 + 1875);
}

// A steady round trip makes RTTVAR small, and then only G keeps the wait above it.
void the_wait_is_never_shorter_than_the_round_trip_and_g(void** /*state*/) {
    for (const std::uint32_t ms : {0U, 1U, 100U, 2000U}) {
        RoundTrip trip;
        for (int i = 0; i < 200; ++i) {
            trip.sample(ms);
        }
        assert_in_range(trip.wait_ms(600000), ms + RoundTrip::kGranularityMs,
                        ms + RoundTrip::kGranularityMs + 8);
    }
}

// RFC 6298 5.5 to 5.7: each repetition doubles, up to T_retry; only a sample ends that.
void repetitions_double_the_wait_until_the_next_sample(void** /*state*/) {
    RoundTrip trip;
    for (int i = 0; i < 100; ++i) {
        trip.sample(100);
    }
    std::uint32_t before = trip.wait_ms(10000);
    for (int i = 0; i < 5; ++i) {
        trip.sent_again();
        assert_int_equal(trip.wait_ms(10000), before * 2);
        before *= 2;
    }
    for (int i = 0; i < 100; ++i) {
        trip.sent_again();
    }
    assert_int_equal(trip.wait_ms(10000), 10000);
    assert_int_equal(trip.wait_ms(0xFFFFFFFF), 0xFFFFFFFF);
    trip.sample(100);
    assert_in_range(trip.wait_ms(10000), 300, 310);
}

// Whatever comes, the wait is between G and the longest, and of the size of what was measured.
void no_sequence_of_samples_breaks_the_wait(void** /*state*/) {
    test::Prng prng = test::Prng::from_environment(0x5EED0007);
    RoundTrip trip;
    for (unsigned round = 0; round < 100000; ++round) {
        const auto bits = static_cast<std::uint32_t>(prng.next());
        if (bits % 4 == 0) {
            trip.sent_again();
        } else {
            trip.sample(bits >> (prng.next() % 32));
        }
        const std::uint32_t wait = trip.wait_ms(600000);
        CHECK_CASE(wait <= 600000 && (!trip.known() || wait >= RoundTrip::kGranularityMs), "seed %llu: %u",
                   prng.seed(), wait);
    }
    for (unsigned round = 0; round < 200; ++round) {
        trip.sample(50);
    }
    assert_in_range(trip.wait_ms(600000), 250, 260);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(policy_defaults_are_those_of_the_specification),
        cmocka_unit_test(count_max_limits_the_retransmissions),
        cmocka_unit_test(repeated_is_true_after_the_first_transmission),
        cmocka_unit_test(start_gives_all_retransmissions_back),
        cmocka_unit_test(jitter_adds_less_than_a_quarter_and_uses_the_range),
        cmocka_unit_test(the_wait_follows_the_round_trips),
        cmocka_unit_test(the_wait_is_never_shorter_than_the_round_trip_and_g),
        cmocka_unit_test(repetitions_double_the_wait_until_the_next_sample),
        cmocka_unit_test(no_sequence_of_samples_breaks_the_wait),
    };
    return cmocka_run_group_tests_name("unit.common.retransmit", tests, nullptr, nullptr);
}
