// SPDX-License-Identifier: BSD-3-Clause
#include "mqttsn/retransmit.hpp"

#include "support/cmocka.hpp"
#include "unit/common/message_checks.hpp"
#include "unit/common/prng.hpp"

using mqttsn::jittered;
using mqttsn::Retry;
using mqttsn::RetryPolicy;

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

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(policy_defaults_are_those_of_the_specification),
        cmocka_unit_test(count_max_limits_the_retransmissions),
        cmocka_unit_test(repeated_is_true_after_the_first_transmission),
        cmocka_unit_test(start_gives_all_retransmissions_back),
        cmocka_unit_test(jitter_adds_less_than_a_quarter_and_uses_the_range),
    };
    return cmocka_run_group_tests_name("unit.common.retransmit", tests, nullptr, nullptr);
}
