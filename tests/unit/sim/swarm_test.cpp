// SPDX-License-Identifier: BSD-3-Clause
//
// The swarm (tests/sim/swarm.hpp): a seed means the same plan for ever, a plan the same run; a plan that
// cannot hold fails with one line. The many seeds themselves are sim_swarm's.
#include "sim/swarm.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

#include "sim/heap_account.hpp"
#include "support/cmocka.hpp"

using namespace mqttsn;
using namespace mqttsn::sim;

namespace {

constexpr Micros kSecond{1'000'000};

/// FNV-1a.
std::uint64_t hash_of(const std::string& text) {
    std::uint64_t hash = 0xCBF29CE484222325ULL;
    for (const char octet : text) {
        hash = (hash ^ static_cast<std::uint8_t>(octet)) * 0x100000001B3ULL;
    }
    return hash;
}

struct GoldenPlan {
    std::uint64_t seed;
    std::uint64_t hash;
};
/// Whoever changes what a seed draws, on purpose, takes the new numbers from the failure; seeds noted
/// elsewhere mean other runs then.
constexpr GoldenPlan kGolden[] = {
    {1, 0x97FBA4FE128622A1ULL},
    {2, 0xC6698003501EA15AULL},
    {0xFFFFFFFFFFFFFFFFULL, 0xFB2724C9BE5BAA66ULL},
    {1'000'001, 0xE24BE581351C6480ULL},      // with forwarders
    {3'000'000'127, 0x15EA66CE315DE47FULL},  // with devices that save
};

void a_seed_means_the_same_plan_for_ever(void**) {
    bool same = true;
    for (const GoldenPlan& golden : kGolden) {
        const std::uint64_t hash = hash_of(to_text(draw_plan(golden.seed)));
        if (hash != golden.hash) {
            print_error("seed %llu: {%lluULL, 0x%016llXULL}\n", static_cast<unsigned long long>(golden.seed),
                        static_cast<unsigned long long>(golden.seed), static_cast<unsigned long long>(hash));
            same = false;
        }
    }
    assert_true(same);
}

void every_plan_can_be_set_up(void**) {
    for (std::uint64_t number = 0; number < 1000; ++number) {
        const std::uint64_t seed = number + (number < 500 ? 0 : 1'000'000);
        const SwarmPlan plan = draw_plan(seed);
        assert_int_equal(plan.seed, seed);
        assert_in_range(plan.devices.size(), 1, 100);
        assert_true(plan.budget > Micros{0});
        World world(plan.world);
        for (const SwarmDevice& one : plan.devices) {
            world.add_device(one.device, one.link, one.downlink);
        }
        Micros last{0};
        for (const Fault& fault : plan.faults) {
            assert_true(fault.at >= last && fault.at <= plan.faults_until &&
                        fault.device < plan.devices.size());
            last = fault.at;
        }
        assert_false(to_text(plan).empty());
    }
}

void many_seeds_draw_every_kind_of_fault_and_pattern(void**) {
    unsigned faults = 0;
    unsigned patterns = 0;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        const SwarmPlan plan = draw_plan(seed);
        for (const Fault& fault : plan.faults) {
            faults |= 1U << static_cast<unsigned>(fault.kind);
        }
        for (const SwarmDevice& one : plan.devices) {
            patterns |= 1U << static_cast<unsigned>(one.device.pattern);
        }
    }
    assert_int_equal(faults, (1U << (static_cast<unsigned>(FaultKind::device_reboots_clean) + 1)) - 1);
    assert_int_equal(patterns, (1U << (static_cast<unsigned>(Pattern::visitor) + 1)) - 1);
}

void forwarders_come_in_from_seed_1000000_and_leave_the_rest_of_the_plan_alone(void**) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        for (const SwarmDevice& one : draw_plan(seed).devices) {
            assert_true(one.device.places.empty());
        }
    }
    unsigned behind = 0;
    unsigned moving = 0;
    unsigned to_an_address_of_its_own = 0;
    unsigned without_octets = 0;
    for (std::uint64_t seed = 1'000'000; seed < 1'000'300; ++seed) {
        for (const SwarmDevice& one : draw_plan(seed).devices) {
            behind += one.device.places.empty() ? 0 : 1;
            moving += one.device.places.size() > 1 && one.link.rebind.every.count() > 0 ? 1 : 0;
            for (const Place& place : one.device.places) {
                to_an_address_of_its_own += place.forwarder == 0 ? 1 : 0;
                without_octets += place.forwarder != 0 && place.node_id.empty() ? 1 : 0;
            }
        }
    }
    assert_true(behind > 200 && moving > 100 && to_an_address_of_its_own > 20 && without_octets > 5);
}

void devices_that_save_come_in_from_seed_2_to_the_31_with_power_cuts(void**) {
    unsigned always = 0;
    unsigned before_sleep = 0;
    unsigned kinds = 0;
    for (std::uint64_t seed = 0x8000'0000ULL - 200; seed < 0x8000'0000ULL + 200; ++seed) {
        const SwarmPlan plan = draw_plan(seed);
        for (const SwarmDevice& one : plan.devices) {
            assert_true(seed >= 0x8000'0000ULL ||
                        (one.device.saves == Saves::never && !one.device.adaptive_retry));
            always += one.device.saves == Saves::always ? 1 : 0;
            before_sleep += one.device.saves == Saves::before_sleep ? 1 : 0;
        }
        for (const Fault& fault : plan.faults) {
            kinds |= 1U << static_cast<unsigned>(fault.kind);
        }
    }
    assert_true(always > 100 && before_sleep > 30);
    assert_int_equal(kinds, (1U << (static_cast<unsigned>(FaultKind::flash_damaged) + 1)) - 1);
}

void a_plan_is_the_same_run_twice(void**) {
    for (const std::uint64_t seed : {3ULL, 4ULL, 1'000'001ULL, 3'000'000'127ULL}) {
        const SwarmPlan plan = draw_plan(seed);
        const SwarmResult first = run_plan(plan, nullptr);
        const SwarmResult second = run_plan(plan, nullptr);
        assert_string_equal(first.failure.c_str(), "");
        assert_string_equal(second.failure.c_str(), "");
        assert_int_equal(first.messages, second.messages);
        assert_int_equal(first.steps, second.steps);
        assert_true(first.messages > 10);
    }
}

void assert_one_line(const std::string& failure) {
    assert_false(failure.empty());
    assert_true(failure.find('\n') == std::string::npos);
}

void a_world_that_cannot_deliver_fails_with_one_line(void**) {
    SwarmPlan plan = draw_plan(6);
    plan.faults.clear();
    plan.faults_until = 60 * kSecond;
    plan.budget = 60 * kSecond;
    plan.world.gateway.limits.client_id_length = 1;  // nobody is let in
    const SwarmResult result = run_plan(plan, nullptr);
    assert_one_line(result.failure);
    assert_true(result.failure.starts_with("stuck: dev-"));
}

void a_world_that_never_settles_fails_with_one_line(void**) {
    SwarmPlan plan = draw_plan(6);
    plan.faults.clear();
    plan.faults_until = 300 * kSecond;
    // Two devices of one name take the session from each other for ever.
    plan.devices.resize(1);
    plan.devices[0].device.pattern = Pattern::active;
    plan.devices.push_back(plan.devices[0]);
    assert_one_line(run_plan(plan, nullptr).failure);
}

void a_trace_changes_nothing(void** state) {
    const SwarmPlan plan = draw_plan(7);
    auto* const file = static_cast<std::FILE*>(*state);
    const SwarmResult with = run_plan(plan, file);
    assert_true(std::ftell(file) > 10'000);
    const SwarmResult without = run_plan(plan, nullptr);
    assert_int_equal(with.steps, without.steps);
    assert_string_equal(with.failure.c_str(), without.failure.c_str());
}

void the_programs_heap_is_counted(void**) {
    World world(WorldSettings{});
    assert_true(heap_account().blocks > 0);  // or run_plan() would find no leak
}

int open_trace(void** state) {
    *state = std::tmpfile();
    return *state == nullptr ? -1 : 0;
}
int close_trace(void** state) {
    return std::fclose(static_cast<std::FILE*>(*state));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_means_the_same_plan_for_ever),
        cmocka_unit_test(every_plan_can_be_set_up),
        cmocka_unit_test(many_seeds_draw_every_kind_of_fault_and_pattern),
        cmocka_unit_test(forwarders_come_in_from_seed_1000000_and_leave_the_rest_of_the_plan_alone),
        cmocka_unit_test(devices_that_save_come_in_from_seed_2_to_the_31_with_power_cuts),
        cmocka_unit_test(a_plan_is_the_same_run_twice),
        cmocka_unit_test(a_world_that_cannot_deliver_fails_with_one_line),
        cmocka_unit_test(a_world_that_never_settles_fails_with_one_line),
        cmocka_unit_test_setup_teardown(a_trace_changes_nothing, open_trace, close_trace),
        cmocka_unit_test(the_programs_heap_is_counted),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
