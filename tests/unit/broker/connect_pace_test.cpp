// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/broker/connect_pace.hpp"

#include "support/cmocka.hpp"

using mqttsn::gateway::ConnectPace;

namespace {

constexpr std::uint64_t kSecond = 1'000'000;

/// A broker that accepts one connection each `service_us`, `way_us` away: what the pace makes of it, with so
/// many devices that somebody always waits. `now` goes on.
void accept(ConnectPace& pace, unsigned count, std::uint64_t way_us, std::uint64_t service_us,
            std::uint64_t& now) {
    for (unsigned i = 0; i < count; ++i) {
        now += service_us;
        const std::uint64_t queue_us = pace.window() * service_us;
        pace.on_done(now, std::max(way_us + service_us, queue_us), true);
    }
}

/// The first handshakes find nobody before them.
ConnectPace started(std::uint32_t queue_max, std::uint64_t way_us, std::uint64_t& now) {
    ConnectPace pace(queue_max);
    pace.on_done(now += way_us, way_us, true);
    return pace;
}

void it_begins_with_what_the_listen_queue_holds(void**) {
    const ConnectPace pace(80);
    assert_int_equal(pace.window(), 80);
    assert_true(pace.may_start(79));
    assert_false(pace.may_start(80));
}

void at_a_broker_nearby_no_more_are_started_than_its_queue_holds(void**) {
    std::uint64_t now = kSecond;
    ConnectPace pace = started(80, 100, now);
    accept(pace, 20000, 100, 50, now);
    assert_in_range(pace.window(), 40, 82);
}

void at_a_broker_far_away_the_window_grows(void**) {
    std::uint64_t now = kSecond;
    ConnectPace pace = started(80, 100000, now);
    accept(pace, 20000, 100000, 50, now);
    assert_int_equal(pace.window(), ConnectPace::kWindowMax);
}

void it_does_not_grow_when_nobody_waits(void**) {
    ConnectPace pace(80);
    for (std::uint64_t i = 0; i < 1000; ++i) {
        pace.on_done(i * 1000, 500, false);
    }
    assert_int_equal(pace.window(), 80);
}

void a_handshake_with_a_second_of_patience_in_it_halves_the_window_once(void**) {
    std::uint64_t now = kSecond;
    ConnectPace pace = started(80, 100, now);
    for (int i = 0; i < 30; ++i) {  // all dropped by the same full queue
        pace.on_done(now + 1000 + static_cast<std::uint64_t>(i), 1'001'000, true);
    }
    assert_int_equal(pace.window(), 40);
    pace.on_done(now + 2 * kSecond, 1'001'000, true);
    assert_int_equal(pace.window(), 20);
}

void where_it_overflowed_it_grows_slowly(void**) {
    std::uint64_t now = kSecond;
    ConnectPace pace = started(80, 100000, now);
    pace.on_done(now, 1'100'000, true);
    accept(pace, 100, 100000, 50, now);
    assert_in_range(pace.window(), 40, 45);
}

void a_broker_that_always_takes_seconds_is_not_taken_for_a_full_queue(void**) {
    ConnectPace pace(80);
    for (std::uint64_t i = 1; i < 1000; ++i) {
        pace.on_done(i * kSecond, 2'000'000, true);
    }
    assert_true(pace.window() >= 80);
}

void it_never_stands_still(void**) {
    ConnectPace pace(80);
    for (std::uint64_t i = 0; i < 100; ++i) {
        pace.on_timeout(i * 3 * kSecond);
    }
    assert_true(pace.may_start(0));
    ConnectPace one(1);
    one.on_timeout(0);
    assert_int_equal(one.window(), 1);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(it_begins_with_what_the_listen_queue_holds),
        cmocka_unit_test(at_a_broker_nearby_no_more_are_started_than_its_queue_holds),
        cmocka_unit_test(at_a_broker_far_away_the_window_grows),
        cmocka_unit_test(it_does_not_grow_when_nobody_waits),
        cmocka_unit_test(a_handshake_with_a_second_of_patience_in_it_halves_the_window_once),
        cmocka_unit_test(where_it_overflowed_it_grows_slowly),
        cmocka_unit_test(a_broker_that_always_takes_seconds_is_not_taken_for_a_full_queue),
        cmocka_unit_test(it_never_stands_still),
    };
    return cmocka_run_group_tests_name("broker.connect_pace", tests, nullptr, nullptr);
}
