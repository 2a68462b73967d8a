// SPDX-License-Identifier: BSD-3-Clause
//
// ADVERTISE, SEARCHGW and GWINFO in virtual time: when the gateway speaks, to whom, and when it is silent.
// Length: one test for each reason to speak or not.
#include <string>
#include <vector>

#include "discovery_bench.hpp"

using namespace discovery_bench;

namespace {

// ADVERTISE (SN12-29, SN12-53, SN12-111)

void advertises_its_id_and_the_time_until_the_next_one(void**) {  // SN12-29 SN12-53
    Harness g(discovering());
    g.own_link(true);
    wait_for_output(g, 10);
    g.expect(kAdvertise);
    for (int i = 0; i < 3; ++i) {
        assert_int_equal(wait_for_output(g, 2000), kPeriod * 1000);
        g.expect(kAdvertise);
    }
    assert_int_equal(g.counters().advertises_sent, 4);
}

void every_group_gets_each_advertise(void**) {  // SN12-53 D45
    Settings settings = discovering();
    settings.discovery.groups = 3;
    settings.discovery.hop_limit = 7;
    Harness g(settings);
    g.own_link(true);
    wait_for_output(g, 10);
    for (const char* const group : {"0", "1", "2"}) {
        g.expect(std::string("to group ") + group + " hops 7: ADVERTISE 05 00 05 03 84");
    }
    g.nothing();
}

void advertises_only_while_the_broker_is_there(void**) {  // SN12-53
    Harness g(discovering());
    g.advance_seconds(3 * kPeriod);
    g.nothing();
    g.own_link(true);
    wait_for_output(g, 10);
    g.expect(kAdvertise);
    g.own_link(false);
    g.advance_seconds(3 * kPeriod);
    g.nothing();
    assert_true(g.gateway().next_deadline() == kNever);
    g.own_link(true);
    assert_true(wait_for_output(g, 10) <= 5000);
    g.expect(kAdvertise);
}

void broker_that_comes_and_goes_causes_no_more_advertises(void**) {  // SN12-111
    Harness g(discovering());
    g.own_link(true);
    wait_for_output(g, 10);
    g.expect(kAdvertise);
    for (int i = 0; i < 50; ++i) {
        g.own_link(false);
        g.advance_seconds(1);
        g.own_link(true);
    }
    g.nothing();
    assert_int_equal(wait_for_output(g, 2000), (kPeriod - 50) * 1000);  // the period goes on
    g.expect(kAdvertise);
}

// FAULT-97: a hundred gateways after a power cut. Their seeds differ, and so do the moments, within 5 s.
void gateways_that_start_together_advertise_at_different_moments(void**) {
    std::vector<int> per_half_second(10, 0);
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        Harness g(discovering(), seed);
        g.own_link(true);
        const std::int64_t waited = wait_for_output(g, 10);
        assert_true(waited >= 0 && waited <= 5000);
        ++per_half_second[static_cast<std::size_t>(std::min<std::int64_t>(waited / 500, 9))];
        g.expect(kAdvertise);
    }
    for (const int count : per_half_second) {
        assert_true(count > 0 && count < 40);
    }
}

void start_jitter_is_not_longer_than_a_short_period(void**) {
    Settings settings = discovering();
    settings.discovery.interval_s = 1;
    Harness g(settings);
    g.own_link(true);
    assert_true(wait_for_output(g, 10) <= 1000);
    g.expect("to group 0 hops 1: ADVERTISE 05 00 05 00 01");
}

void without_advertise_or_without_groups_it_does_not_advertise(void**) {
    Settings no_groups = discovering();
    no_groups.discovery.groups = 0;
    for (const Settings& settings : {discovering(false), no_groups}) {
        Harness g(settings);
        g.own_link(true);
        assert_true(g.gateway().next_deadline() == kNever);
        g.advance_seconds(3 * kPeriod);
        g.nothing();
    }
}

void sessions_and_advertise_share_one_deadline(void**) {
    Harness g(discovering());
    g.own_link(true);
    wait_for_output(g, 10);
    g.expect(kAdvertise);
    const Instant with_advertise = g.gateway().next_deadline();
    const Device d1 = g.connected("d1", true, 10);
    assert_true(g.gateway().next_deadline() < with_advertise);
    d1.sends("02 18");
    d1.gets("02 18");
    d1.closes(true);
    d1.link_gone(LinkCloseReason::requested);
    wait_for_output(g, 2 * kPeriod);
    g.expect(kAdvertise);
}

void gateway_that_stops_is_silent(void**) {
    Harness g(discovering());
    g.own_link(true);
    g.shutdown();
    assert_true(g.gateway().next_deadline() == kNever);
    g.device("d").sends("03 01 00");
    g.advance_seconds(3 * kPeriod);
    g.nothing();
}

// SEARCHGW (SN12-30, SN12-31, SN12-57, D45, FAULT-30)

void search_is_answered_with_three_octets_to_its_sender(void**) {  // SN12-30 SN12-31 SN12-57 D45 FAULT-30
    for (const bool advertise : {false, true}) {                   // SN12-57 does not depend on it
        Harness g(discovering(advertise));
        g.own_link(true);
        const Device unicast = g.device("unicast");
        unicast.sends("03 01 00");
        unicast.gets("03 02 05");
        const Neighbour searcher(g, "searcher");
        searcher.says("03 01 01");
        searcher.at.gets("03 02 05");
        searcher.says("01 00 05 01 01");  // within the second
        g.nothing();
        assert_int_equal(g.counters().searches_answered, 2);
        assert_int_equal(g.gateway().session_count(), 0);
    }
}

void search_without_any_group_is_answered_at_the_listener(void**) {  // D45
    Harness g(Settings{});
    g.own_link(true);
    const Device d = g.device("d");
    d.sends("03 01 01");
    d.gets("03 02 01");
}

void source_is_answered_once_a_second_whichever_way_it_came(void**) {  // FAULT-30
    Settings settings = discovering();
    settings.listeners.resize(2);
    settings.discovery.groups = 2;
    settings.discovery.advertise = false;
    Harness g(settings);
    g.own_link(true);
    const Neighbour searcher(g, "s");
    searcher.says("03 01 00");
    searcher.at.gets("03 02 05");
    Endpoint other_listener = searcher.at.endpoint();
    other_listener.listener = 1;
    const Octets search = test::hex("03 01 00");
    g.datagram(other_listener, view(search));
    searcher.says("03 01 00", 1);
    g.advance(Millis{999});
    searcher.says("03 01 00");
    g.nothing();
    assert_int_equal(g.counters().searches_unanswered, 3);
    g.advance(Millis{1});
    searcher.says("03 01 00");
    searcher.at.gets("03 02 05");
}

void searches_of_all_sources_together_are_limited(void**) {  // FAULT-30
    Settings settings = discovering(false);
    settings.limits.replies_per_second_to_unknown = 5;
    Harness g(settings);
    g.own_link(true);
    std::size_t answers = 0;
    for (int i = 0; i < 50; ++i) {
        Neighbour(g, "s").says("03 01 00");
        answers += g.take().size();
    }
    assert_int_equal(answers, 5);
}

// The witness is the gateway's own session: without a broker a device would only get "congestion".
void search_is_not_answered_without_a_broker(void**) {  // SN12-53
    Harness g(discovering(false));
    const Neighbour searcher(g, "s");
    searcher.says("03 01 00");
    searcher.at.sends("03 01 00");
    g.nothing();
    assert_int_equal(g.counters().searches_unanswered, 2);
    g.own_link(true);
    searcher.says("03 01 00");  // silence does not use up the answer of the second
    searcher.at.gets("03 02 05");
}

void answer_goes_to_the_group_too_when_asked_for_with_the_radius_of_the_search(
    void**) {  // SN12-57 SN12-27 D45
    Settings settings = discovering(false);
    settings.discovery.answer = SearchAnswer::both;
    settings.discovery.hop_limit = 4;
    Harness g(settings);
    g.own_link(true);
    struct Row {
        const char* search;
        const char* hops;
    };
    for (const Row& row :
         {Row{"03 01 00", "4"}, Row{"03 01 01", "1"}, Row{"03 01 04", "4"}, Row{"03 01 FF", "4"}}) {
        g.advance_seconds(1);
        const Neighbour searcher(g, "s");
        searcher.says(row.search);
        searcher.at.gets("03 02 05");
        g.expect(std::string("to group 0 hops ") + row.hops + ": GWINFO 03 02 05");
    }
    // Many at once: each gets its own answer, the group one.
    for (int i = 0; i < 5; ++i) {
        const Neighbour searcher(g, "s");
        searcher.says("03 01 00");
        searcher.at.gets("03 02 05");
        g.nothing();
    }
    // What came to a listener may come from anywhere: it does not make the gateway speak to the group.
    g.advance_seconds(1);
    const Device far = g.device("far");
    far.sends("03 01 00");
    far.gets("03 02 05");
    g.nothing();
}

// What the gateway has said itself comes back from the system; its own id from anywhere else is another
// gateway.
void own_words_that_come_back_are_nothing(void**) {  // SN12-53
    Settings settings = discovering(false);
    settings.discovery.answer = SearchAnswer::both;
    Harness g(settings);
    g.own_link(true);
    const Device own_listener = g.device("own");
    for (const char* const text : {"05 00 05 03 84", "03 02 05"}) {
        const Octets octets = test::hex(text);
        g.group_datagram(0, own_listener.endpoint(), true, view(octets));
    }
    g.nothing();
    assert_int_equal(g.counters().gateways_heard, 0);
    assert_int_equal(g.count(EventKind::gateway_id_conflict), 0);
    // A program on this host may share the group's port with the listener: it hears the answer on the group.
    const Octets search = test::hex("03 01 00");
    g.group_datagram(0, own_listener.endpoint(), true, view(search));
    g.expect("to group 0 hops 1: GWINFO 03 02 05");
    g.nothing();
}

// What comes to a group

void only_discovery_is_taken_from_a_group(void**) {
    Harness g(discovering(false));
    g.own_link(true);
    const Neighbour n(g, "n");
    const Device d1 = g.connected("d1");
    for (const char* const octets : {"02 16", "06 16 64 65 76 31", "02 18", "08 0C 62 61 62 00 00 68",
                                     "07 04 04 01 00 3C 78", "03 05 00", "07 0D 00 10 00 02 00"}) {
        n.says(octets);
        const Octets of_device = test::hex(octets);
        g.group_datagram(0, d1.endpoint(), false, view(of_device));
        g.nothing();
    }
    assert_int_equal(g.counters().dropped_out_of_state, 14);
    for (const char* const broken : {"", "00", "05 00 05 03", "05 03 05 03 84", "04 01 00 00", "03 FE 00"}) {
        n.says(broken);
        g.nothing();
    }
    assert_int_equal(g.gateway().session_count(), 1);
}

// The other side: what gateways send is not taken from a listener, so nobody outside of the group's reach can
// silence a stand-by gateway.
void advertise_to_a_listener_is_dropped(void**) {
    Harness g(standing_by_for(9));
    g.own_link(true);
    g.advance_seconds(kPeriod);
    g.device("far").sends("05 00 09 03 84");
    g.device("far").sends("03 02 09");
    assert_int_equal(g.counters().dropped_wrong_direction, 1);
    assert_int_equal(g.counters().gateways_heard, 0);
    assert_int_equal(wait_for_output(g, 5 * kPeriod), kPeriod * 1500);
    g.expect(kAdvertise);
}

void other_gateways_are_told_of_once(void**) {  // SN12-54
    Harness g(discovering(false));
    const Neighbour seven(g, "seven");
    const Neighbour eight(g, "eight");
    for (int i = 0; i < 3; ++i) {
        seven.advertises(7, kPeriod);
        eight.says("03 02 08");
        g.advance_seconds(kPeriod);
    }
    assert_int_equal(g.count(EventKind::gateway_heard), 2);
    assert_int_equal(g.count(EventKind::gateway_id_conflict), 0);
    assert_int_equal(g.counters().gateways_heard, 6);
}

void gwinfo_of_a_device_says_nothing_about_a_gateway(void**) {  // SN12-58
    Harness g(discovering(false));
    Neighbour(g, "device").says("0A 02 07 06 C0 00 02 01 07 5B");
    assert_int_equal(g.counters().gateways_heard, 0);
    assert_int_equal(g.count(EventKind::gateway_heard), 0);
}

void two_gateways_with_one_id_are_told_of_once(void**) {  // SN12-27
    Harness g(discovering(false));
    const Neighbour a(g, "a");
    const Neighbour b(g, "b");
    for (int i = 0; i < 5; ++i) {
        a.advertises(7, kPeriod);
        g.advance_seconds(10);
        b.advertises(7, kPeriod);
        g.advance_seconds(kPeriod - 10);
    }
    assert_int_equal(g.count(EventKind::gateway_id_conflict), 1);
    // Another one with our id: once, too, and nothing else comes of it.
    for (int i = 0; i < 5; ++i) {
        b.advertises(kOwnId, kPeriod);
        a.says("03 02 05");
    }
    assert_int_equal(g.count(EventKind::gateway_id_conflict), 2);
    g.nothing();
}

void gateway_with_a_new_address_is_no_conflict(void**) {
    Settings settings = discovering(false);
    settings.discovery.groups = 2;
    Harness g(settings);
    Neighbour(g, "before").advertises(7, 60);
    g.advance_seconds(60);
    Neighbour(g, "after").advertises(7, 60);
    Neighbour(g, "by IPv6").advertises(7, 60, 1);  // each group on its own: one address per family
    assert_int_equal(g.count(EventKind::gateway_id_conflict), 0);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(advertises_its_id_and_the_time_until_the_next_one),
        cmocka_unit_test(every_group_gets_each_advertise),
        cmocka_unit_test(advertises_only_while_the_broker_is_there),
        cmocka_unit_test(broker_that_comes_and_goes_causes_no_more_advertises),
        cmocka_unit_test(gateways_that_start_together_advertise_at_different_moments),
        cmocka_unit_test(start_jitter_is_not_longer_than_a_short_period),
        cmocka_unit_test(without_advertise_or_without_groups_it_does_not_advertise),
        cmocka_unit_test(sessions_and_advertise_share_one_deadline),
        cmocka_unit_test(gateway_that_stops_is_silent),
        cmocka_unit_test(search_is_answered_with_three_octets_to_its_sender),
        cmocka_unit_test(search_without_any_group_is_answered_at_the_listener),
        cmocka_unit_test(source_is_answered_once_a_second_whichever_way_it_came),
        cmocka_unit_test(searches_of_all_sources_together_are_limited),
        cmocka_unit_test(search_is_not_answered_without_a_broker),
        cmocka_unit_test(answer_goes_to_the_group_too_when_asked_for_with_the_radius_of_the_search),
        cmocka_unit_test(own_words_that_come_back_are_nothing),
        cmocka_unit_test(only_discovery_is_taken_from_a_group),
        cmocka_unit_test(advertise_to_a_listener_is_dropped),
        cmocka_unit_test(other_gateways_are_told_of_once),
        cmocka_unit_test(gwinfo_of_a_device_says_nothing_about_a_gateway),
        cmocka_unit_test(two_gateways_with_one_id_are_told_of_once),
        cmocka_unit_test(gateway_with_a_new_address_is_no_conflict),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
