// SPDX-License-Identifier: BSD-3-Clause
//
// A gateway that stands by for another one (SN12-55), in virtual time.
#include "discovery_bench.hpp"

using namespace discovery_bench;

namespace {

void stand_by_gateway_is_silent_while_the_other_one_advertises(void**) {  // SN12-55
    Harness g(standing_by_for(9));
    g.own_link(true);
    const Neighbour other(g, "other");
    const Neighbour searcher(g, "searcher");
    for (int i = 0; i < 20; ++i) {
        other.advertises(9, 60);
        searcher.says("03 01 00");
        searcher.at.sends("03 01 00");
        g.advance_seconds(60);
        g.nothing();
    }
    assert_int_equal(g.counters().searches_unanswered, 40);
    assert_int_equal(g.count(EventKind::standby_active), 0);
}

void stand_by_gateway_takes_over_after_two_missed_advertises(void**) {  // SN12-55 N_ADV
    Harness g(standing_by_for(9));
    g.own_link(true);
    const Neighbour other(g, "other");
    other.advertises(9, 60);
    // Missed at 60 and at 120 s; the period is the other one's.
    assert_int_equal(wait_for_output(g, 1000), 150000);
    g.expect(kAdvertise);
    assert_int_equal(g.count(EventKind::standby_active), 1);
    const Neighbour searcher(g, "searcher");
    searcher.says("03 01 00");
    searcher.at.gets("03 02 05");
    assert_int_equal(wait_for_output(g, 2000), kPeriod * 1000);  // and goes on as any gateway
    g.expect(kAdvertise);
}

void stand_by_gateway_is_silent_again_when_the_other_one_is_back(void**) {  // SN12-55
    Harness g(standing_by_for(9));
    g.own_link(true);
    const Neighbour other(g, "other");
    for (int round = 1; round <= 3; ++round) {
        other.advertises(9, 60);
        const Neighbour searcher(g, "searcher");
        searcher.says("03 01 00");
        g.nothing();
        assert_int_equal(wait_for_output(g, 1000), 150000);
        g.expect(kAdvertise);
        assert_int_equal(g.count(EventKind::standby_active), round);
        assert_int_equal(g.count(EventKind::standby_silent), round - 1);
    }
}

void one_missed_advertise_changes_nothing(void**) {  // SN12-55
    Harness g(standing_by_for(9));
    g.own_link(true);
    const Neighbour other(g, "other");
    for (int i = 0; i < 10; ++i) {
        other.advertises(9, 60);
        g.advance_seconds(i % 2 == 0 ? 121 : 60);
        g.nothing();
    }
}

void gwinfo_of_the_other_gateway_shows_that_it_is_there(void**) {  // SN12-55
    Harness g(standing_by_for(9));
    g.own_link(true);
    const Neighbour other(g, "other");
    other.advertises(9, 60);
    g.advance_seconds(149);
    other.says("03 02 09");
    assert_int_equal(wait_for_output(g, 1000), 150000);
    g.expect(kAdvertise);
}

void stand_by_gateway_gives_the_other_one_time_at_its_start(void**) {  // SN12-55
    Harness g(standing_by_for(9));
    g.own_link(true);
    Neighbour(g, "third").advertises(8, 1);  // another one does not count
    assert_int_equal(wait_for_output(g, 10 * kPeriod), kPeriod * 2500);
    g.expect(kAdvertise);
    assert_int_equal(g.count(EventKind::standby_active), 1);
}

void stand_by_gateway_without_a_broker_does_not_advertise(void**) {  // SN12-53 SN12-55
    Harness g(standing_by_for(9));
    g.own_link(true);
    g.own_link(false);
    g.advance_seconds(10 * kPeriod);
    g.nothing();
    g.own_link(true);
    assert_true(wait_for_output(g, 10) <= 5000);
    g.expect(kAdvertise);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(stand_by_gateway_is_silent_while_the_other_one_advertises),
        cmocka_unit_test(stand_by_gateway_takes_over_after_two_missed_advertises),
        cmocka_unit_test(stand_by_gateway_is_silent_again_when_the_other_one_is_back),
        cmocka_unit_test(one_missed_advertise_changes_nothing),
        cmocka_unit_test(gwinfo_of_the_other_gateway_shows_that_it_is_there),
        cmocka_unit_test(stand_by_gateway_gives_the_other_one_time_at_its_start),
        cmocka_unit_test(stand_by_gateway_without_a_broker_does_not_advertise),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
