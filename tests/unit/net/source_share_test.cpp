// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/net/source_share.hpp"

#include <set>

#include "support/cmocka.hpp"

using mqttsn::gateway::Endpoint;
using mqttsn::gateway::Instant;
using mqttsn::gateway::Millis;
using mqttsn::gateway::SourceShare;

namespace {

constexpr unsigned kPerTurn = 512;

Endpoint device(std::uint16_t number) {
    Endpoint endpoint;
    endpoint.address[15] = 1;
    endpoint.port = number;
    return endpoint;
}

const SourceShare::Spared kNobody = [](const Endpoint&) { return false; };

Instant at(std::int64_t ms) {
    return Instant{Millis{ms}};
}

/// Turns in which one source sends all there is. How many of its datagrams are dropped.
unsigned flood(SourceShare& share, unsigned turns, std::int64_t ms, const Endpoint& from) {
    unsigned dropped = 0;
    for (unsigned turn = 0; turn < turns; ++turn) {
        for (unsigned i = 0; i < kPerTurn; ++i) {
            dropped += share.admit(from, at(ms)) ? 0 : 1;
        }
        share.end_turn(true, at(ms), kNobody);
    }
    return dropped;
}

void nothing_is_dropped_while_the_socket_is_read_empty(void**) {
    SourceShare share(1);
    for (int turn = 0; turn < 1000; ++turn) {
        for (unsigned i = 0; i < kPerTurn; ++i) {
            assert_true(share.admit(device(1), at(turn)));
        }
        assert_false(share.end_turn(false, at(turn), kNobody).has_value());
    }
}

void a_burst_of_one_device_passes_whole(void**) {
    SourceShare share(1);
    assert_int_equal(flood(share, SourceShare::kCrowdedTurns, 0, device(1)), 0);
    share.end_turn(false, at(0), kNobody);
    assert_int_equal(flood(share, SourceShare::kCrowdedTurns, 1, device(1)), 0);  // and another one
    assert_int_equal(share.slowed_count(), 0);
}

void who_floods_is_slowed_down_and_named_once(void**) {
    SourceShare share(1);
    unsigned named = 0;
    unsigned admitted = 0;
    for (unsigned turn = 0; turn < 100; ++turn) {
        for (unsigned i = 0; i < kPerTurn; ++i) {
            admitted += share.admit(device(7), at(0)) ? 1 : 0;
        }
        if (const auto source = share.end_turn(true, at(0), kNobody)) {
            assert_true(*source == device(7));
            ++named;
        }
    }
    assert_int_equal(named, 1);
    const unsigned until_judged = (SourceShare::kCrowdedTurns + 1) * kPerTurn;
    assert_int_equal(admitted, until_judged + SourceShare::kPerSecond);
}

void others_lose_nothing_while_one_is_slowed_down(void**) {
    SourceShare share(1);
    flood(share, 20, 0, device(7));
    assert_int_equal(share.slowed_count(), 1);
    for (unsigned turn = 0; turn < 100; ++turn) {
        flood(share, 1, turn, device(7));
        for (std::uint16_t other = 100; other < 200; ++other) {
            assert_true(share.admit(device(other), at(turn)));
        }
    }
    assert_int_equal(share.slowed_count(), 1);
}

void a_slowed_source_still_has_its_share_each_second(void**) {
    SourceShare share(1);
    flood(share, 20, 0, device(7));
    for (int second = 1; second <= 3; ++second) {
        const unsigned dropped = flood(share, 100, second * 1000, device(7));
        assert_int_equal(100 * kPerTurn - dropped, SourceShare::kPerSecond);
    }
}

void who_stops_flooding_is_as_free_as_before(void**) {
    SourceShare share(1);
    flood(share, 20, 0, device(7));
    share.end_turn(false, at(5000), kNobody);
    assert_int_equal(share.slowed_count(), 1);
    share.end_turn(false, at(5001), kNobody);
    assert_int_equal(share.slowed_count(), 0);
    assert_int_equal(flood(share, SourceShare::kCrowdedTurns, 6000, device(7)), 0);
}

void ten_thousand_devices_at_once_lose_nothing(void**) {
    SourceShare share(1);
    for (unsigned i = 0; i < 100000; ++i) {
        assert_true(share.admit(device(static_cast<std::uint16_t>(i % 10000)), at(0)));
        if (i % kPerTurn == kPerTurn - 1) {
            assert_false(share.end_turn(true, at(0), kNobody).has_value());
        }
    }
    assert_int_equal(share.slowed_count(), 0);
}

void behind_one_that_is_spared_a_flood_is_found(void**) {
    SourceShare share(1);
    const SourceShare::Spared first = [](const Endpoint& from) { return from == device(1); };
    std::set<std::uint16_t> named;
    for (unsigned turn = 0; turn < 100; ++turn) {
        for (unsigned i = 0; i < kPerTurn; ++i) {
            share.admit(device(i % 3 == 0 ? 2 : 1), at(0));
        }
        if (const auto source = share.end_turn(true, at(0), first)) {
            named.insert(source->port);
        }
    }
    assert_int_equal(named.size(), 1);
    assert_int_equal(*named.begin(), 2);
    assert_true(share.admit(device(1), at(0)));
}

void several_that_flood_are_found_one_after_the_other(void**) {
    SourceShare share(1);
    std::set<std::uint16_t> named;
    for (unsigned turn = 0; turn < 100; ++turn) {
        for (unsigned i = 0; i < kPerTurn; ++i) {
            share.admit(device(static_cast<std::uint16_t>(i % 3)), at(0));
        }
        if (const auto source = share.end_turn(true, at(0), kNobody)) {
            named.insert(source->port);
        }
    }
    assert_int_equal(named.size(), 3);
    assert_int_equal(share.slowed_count(), 3);
}

void more_than_it_can_remember_slow_the_latest(void**) {
    SourceShare share(1);
    for (std::uint16_t i = 0; i < 2 * SourceShare::kSlowedMax; ++i) {
        flood(share, SourceShare::kCrowdedTurns + 1, 0, device(i));
    }
    assert_int_equal(share.slowed_count(), SourceShare::kSlowedMax);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_dropped_while_the_socket_is_read_empty),
        cmocka_unit_test(a_burst_of_one_device_passes_whole),
        cmocka_unit_test(who_floods_is_slowed_down_and_named_once),
        cmocka_unit_test(others_lose_nothing_while_one_is_slowed_down),
        cmocka_unit_test(a_slowed_source_still_has_its_share_each_second),
        cmocka_unit_test(who_stops_flooding_is_as_free_as_before),
        cmocka_unit_test(ten_thousand_devices_at_once_lose_nothing),
        cmocka_unit_test(behind_one_that_is_spared_a_flood_is_found),
        cmocka_unit_test(several_that_flood_are_found_one_after_the_other),
        cmocka_unit_test(more_than_it_can_remember_slow_the_latest),
    };
    return cmocka_run_group_tests_name("net.source_share", tests, nullptr, nullptr);
}
