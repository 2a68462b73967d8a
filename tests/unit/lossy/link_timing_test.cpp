// SPDX-License-Identifier: BSD-3-Clause
//
// What is exact about a link, to the microsecond: rate, queue, duty cycle, frames, partitions, the NAT, and
// the extremes of all numbers. What is random is in link_model_test.cpp.
#include <limits>

#include "lossy/link_model.hpp"
#include "support/cmocka.hpp"

namespace {

using namespace mqttsn::lossy;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// A link whose way up has `rate` and `queue` and no overhead.
LinkSettings slow(std::uint64_t rate, std::uint32_t queue) {
    LinkSettings settings;
    settings.up.rate = rate;
    settings.up.queue = queue;
    return settings;
}

void sending_takes_octets_times_eight_over_rate(void**) {
    LinkSettings settings = slow(9600, 10);
    settings.up.delay = milliseconds{7};
    LinkModel link(settings, 1);
    const Verdict verdict = link.send(Way::up, seconds{1}, 120);
    assert_int_equal(verdict.airtime.count(), 100'000);  // 960 bits
    assert_int_equal(verdict.at[0].count(), 1'107'000);
}

void airtime_is_rounded_up_to_whole_microseconds(void**) {
    const LinkSettings settings = slow(7, 10);
    LinkModel link(settings, 1);
    assert_int_equal(link.send(Way::up, Micros{0}, 1).airtime.count(), 1'142'858);  // 8/7 s
    assert_int_equal(link.send(Way::up, hours{1}, 7).airtime.count(), 8'000'000);   // exact stays exact
}

void every_frame_costs_its_overhead(void**) {
    LinkSettings settings = slow(8'000'000, 10);  // an octet a microsecond
    settings.up.frame = 50;
    settings.up.overhead = 9;
    LinkModel link(settings, 1);
    assert_int_equal(link.send(Way::up, seconds{1}, 0).airtime.count(), 9);
    assert_int_equal(link.send(Way::up, seconds{2}, 50).airtime.count(), 59);
    assert_int_equal(link.send(Way::up, seconds{3}, 51).airtime.count(), 51 + 18);
    settings.up.frame = 0;
    assert_int_equal(link.send(Way::up, seconds{4}, 1000).airtime.count(), 1009);
}

void datagrams_wait_for_those_before_them_and_the_queue_is_exact(void**) {
    const LinkSettings settings = slow(8'000, 2);  // an octet a millisecond
    LinkModel link(settings, 1);
    assert_int_equal(link.send(Way::up, Micros{0}, 10).at[0].count(), 10'000);  // on the air at once
    assert_int_equal(link.send(Way::up, Micros{0}, 10).at[0].count(), 20'000);  // waits
    assert_int_equal(link.send(Way::up, Micros{0}, 10).at[0].count(), 30'000);  // waits
    const Verdict full = link.send(Way::up, Micros{0}, 10);
    assert_int_equal(full.fate, Fate::queue_full);
    assert_int_equal(full.airtime.count(), 0);
    assert_int_equal(full.copies, 0);
    assert_int_equal(link.send(Way::up, Micros{9'999}, 10).fate, Fate::queue_full);
    assert_int_equal(link.send(Way::up, Micros{10'000}, 10).at[0].count(),
                     40'000);  // the second begins: a place
    assert_int_equal(link.send(Way::up, Micros{10'001}, 10).fate, Fate::queue_full);
    assert_int_equal(link.send(Way::up, Micros{100'000}, 10).at[0].count(), 110'000);
    assert_int_equal(link.counters(Way::up).queue_full, 3);
    assert_int_equal(link.counters(Way::up).airtime.count(), 5 * 10'000);
}

void a_queue_of_none_sends_only_when_the_transmitter_is_free(void**) {
    const LinkSettings settings = slow(8'000, 0);
    LinkModel link(settings, 1);
    assert_int_equal(link.send(Way::up, Micros{0}, 10).fate, Fate::delivered);
    assert_int_equal(link.send(Way::up, Micros{9'999}, 10).fate, Fate::queue_full);
    assert_int_equal(link.send(Way::up, Micros{10'000}, 10).at[0].count(), 20'000);
}

void the_transmitter_is_silent_until_the_duty_cycle_is_kept(void**) {
    LinkSettings settings = slow(8'000, 5);
    settings.up.duty_cycle = percent(1);
    LinkModel link(settings, 1);
    assert_int_equal(link.send(Way::up, seconds{1}, 10).at[0].count(), 1'010'000);
    assert_int_equal(link.send(Way::up, seconds{1}, 20).at[0].count(),
                     2'020'000);  // begins 10 ms / 1 % later
    assert_int_equal(link.send(Way::up, seconds{3}, 30).at[0].count(), 4'030'000);  // 2 s + 20 ms / 1 %
    assert_int_equal(link.send(Way::up, seconds{7}, 10).at[0].count(), 7'010'000);  // 4 s + 3 s: exactly free
    settings.up.duty_cycle = Chance{333'333};
    LinkModel third(settings, 1);
    third.send(Way::up, Micros{0}, 10);
    assert_int_equal(third.send(Way::up, Micros{0}, 10).at[0].count(), 30'001 + 10'000);  // 30 000.03 us, up
}

void a_lost_datagram_costs_airtime(void**) {
    LinkSettings settings = slow(8'000, 5);
    settings.up.loss = kCertain;
    LinkModel link(settings, 1);
    const Verdict verdict = link.send(Way::up, Micros{0}, 10);
    assert_int_equal(verdict.fate, Fate::lost);
    assert_int_equal(verdict.airtime.count(), 10'000);
    settings.up.loss = Chance{0};
    assert_int_equal(link.send(Way::up, Micros{0}, 10).at[0].count(), 20'000);
    assert_int_equal(link.counters(Way::up).airtime.count(), 20'000);
}

void what_is_longer_than_the_mtu_is_dropped_before_it_is_sent(void**) {
    LinkSettings settings = slow(8'000, 5);
    settings.up.mtu = 100;
    LinkModel link(settings, 1);
    const Verdict verdict = link.send(Way::up, Micros{0}, 101);
    assert_int_equal(verdict.fate, Fate::too_long);
    assert_int_equal(verdict.airtime.count(), 0);
    assert_int_equal(link.send(Way::up, Micros{0}, 100).at[0].count(), 100'000);
    assert_int_equal(link.counters(Way::up).too_long, 1);
    assert_int_equal(link.counters(Way::up).octets, 201);
}

void a_partition_begins_with_from_and_ends_before_to(void**) {
    LinkSettings settings = slow(8'000, 5);
    settings.partitions.push_back(Partition{seconds{10}, seconds{20}});
    LinkModel link(settings, 1);
    assert_int_equal(link.send(Way::up, seconds{10} - Micros{1}, 1).fate,
                     Fate::delivered);  // also if it arrives then
    const Verdict verdict = link.send(Way::up, seconds{11}, 10);
    assert_int_equal(verdict.fate, Fate::partitioned);
    assert_int_equal(verdict.airtime.count(), 10'000);  // it was sent
    assert_int_equal(link.send(Way::down, seconds{10}, 1).fate, Fate::partitioned);
    assert_int_equal(link.send(Way::down, seconds{20} - Micros{1}, 1).fate, Fate::partitioned);
    assert_int_equal(link.send(Way::down, seconds{20}, 1).fate, Fate::delivered);
    assert_int_equal(link.counters(Way::down).partitioned, 2);
}

void a_periodic_partition_comes_again(void**) {
    LinkSettings settings;
    settings.partitions.push_back(Partition{seconds{5}, seconds{6}, seconds{60}});
    LinkModel link(settings, 1);
    for (const int k : {0, 1, 2, 1'000, 5'000'000}) {  // the last after 9 years
        const Micros base = seconds{60} * k;
        assert_int_equal(link.send(Way::up, base + seconds{5} - Micros{1}, 1).fate, Fate::delivered);
        assert_int_equal(link.send(Way::up, base + seconds{5}, 1).fate, Fate::partitioned);
        assert_int_equal(link.send(Way::up, base + seconds{6} - Micros{1}, 1).fate, Fate::partitioned);
        assert_int_equal(link.send(Way::up, base + seconds{6}, 1).fate, Fate::delivered);
    }
}

void a_partition_may_stop_one_direction_and_several_add_up(void**) {
    LinkSettings settings;
    settings.partitions.push_back(Partition{seconds{0}, seconds{10}, Micros{0}, true, false});
    settings.partitions.push_back(Partition{seconds{5}, seconds{15}, Micros{0}, false, true});
    LinkModel link(settings, 1);
    assert_int_equal(link.send(Way::up, seconds{1}, 1).fate, Fate::partitioned);
    assert_int_equal(link.send(Way::down, seconds{1}, 1).fate, Fate::delivered);
    assert_int_equal(link.send(Way::up, seconds{6}, 1).fate, Fate::partitioned);
    assert_int_equal(link.send(Way::down, seconds{6}, 1).fate, Fate::partitioned);
    assert_int_equal(link.send(Way::up, seconds{10}, 1).fate, Fate::delivered);
    assert_int_equal(link.send(Way::down, seconds{10}, 1).fate, Fate::partitioned);
}

void without_rebinding_the_first_binding_stays(void**) {
    const LinkSettings settings;
    LinkModel link(settings, 1);
    assert_true(link.bound(0, Micros{0}));
    link.send(Way::up, Micros{0}, 1);
    link.send(Way::up, hours{24 * 3650}, 1);
    assert_int_equal(link.binding(), 0);
    assert_true(link.bound(0, hours{24 * 3650}));
    assert_false(link.bound(1, hours{24 * 3650}));
}

void the_nat_changes_the_port_with_the_first_datagram_after_each_period(void**) {
    LinkSettings settings;
    settings.rebind.every = seconds{10};
    LinkModel link(settings, 1);
    link.send(Way::up, seconds{100}, 1);  // the period begins with the first datagram
    assert_int_equal(link.binding(), 0);
    link.send(Way::up, seconds{110} - Micros{1}, 1);
    assert_int_equal(link.binding(), 0);
    link.send(Way::down, seconds{110}, 1);
    assert_int_equal(link.binding(), 0);
    assert_true(link.bound(0, seconds{112}));  // until the device sends again the old port holds
    link.send(Way::up, seconds{113}, 1);
    assert_int_equal(link.binding(), 1);
    assert_false(link.bound(0, seconds{113}));
    assert_true(link.bound(1, seconds{113}));
    link.send(Way::up, seconds{123} - Micros{1}, 1);
    assert_int_equal(link.binding(), 1);
    link.send(Way::up, seconds{123}, 1);  // ten after the last time, not after a multiple
    assert_int_equal(link.binding(), 2);
}

void an_idle_device_is_forgotten_until_it_sends_again(void**) {
    LinkSettings settings;
    settings.rebind.after_idle = minutes{2};
    LinkModel link(settings, 1);
    assert_false(link.bound(0, Micros{0}));  // it has not sent yet
    link.send(Way::up, seconds{0}, 1);
    assert_true(link.bound(0, minutes{2} - Micros{1}));
    assert_false(link.bound(0, minutes{2}));
    link.send(Way::up, minutes{2} - Micros{1}, 1);  // just in time
    assert_int_equal(link.binding(), 0);
    link.send(Way::up, minutes{4} - Micros{1}, 1);  // too late by nothing
    assert_int_equal(link.binding(), 1);
    assert_false(link.bound(0, minutes{4}));
    assert_true(link.bound(1, minutes{4}));
}

void only_what_leaves_the_device_keeps_its_mapping_alive(void**) {
    LinkSettings settings = slow(8'000, 0);
    settings.up.mtu = 1'000;
    settings.rebind.after_idle = minutes{2};
    LinkModel link(settings, 1);
    link.send(Way::up, seconds{0}, 1000);                                         // on the air for a second
    link.send(Way::down, minutes{1}, 1);                                          // not its own
    assert_int_equal(link.send(Way::up, minutes{1}, 1001).fate, Fate::too_long);  // never left
    assert_false(link.bound(0, minutes{2}));
    settings.up.loss = kCertain;
    link.send(Way::up, minutes{3}, 10);  // left, and was lost
    assert_int_equal(link.binding(), 1);
    assert_true(link.bound(1, minutes{5} - Micros{1}));
    link.count_unbound();
    assert_int_equal(link.counters(Way::down).unbound, 1);
    assert_int_equal(link.counters(Way::up).unbound, 0);
}

void a_datagram_dropped_from_the_queue_does_not_renew_the_mapping(void**) {
    LinkSettings settings = slow(8, 0);  // a second for an octet
    settings.rebind.after_idle = seconds{50};
    LinkModel link(settings, 1);
    link.send(Way::up, seconds{0}, 100);
    assert_int_equal(link.send(Way::up, seconds{40}, 1).fate, Fate::queue_full);
    assert_false(link.bound(0, seconds{50}));
}

void counters_add_up(void**) {
    LinkCounters one{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, Micros{12}};
    one += one;
    assert_true(one.datagrams == 2 && one.octets == 4 && one.delivered == 6 && one.duplicated == 8);
    assert_true(one.reordered == 10 && one.lost == 12 && one.lost_in_burst == 14 && one.partitioned == 16);
    assert_true(one.queue_full == 18 && one.too_long == 20 && one.unbound == 22 && one.airtime == Micros{24});
    one.airtime = Micros::max();
    one += one;
    assert_true(one.airtime == Micros::max());
}

void ten_years_and_the_largest_numbers_do_not_wrap(void**) {
    constexpr Micros kTenYears = hours{24 * 3650};
    constexpr std::size_t kHuge = std::numeric_limits<std::size_t>::max();
    for (const std::uint64_t rate :
         {std::uint64_t{1}, std::uint64_t{1'000'000'000'000}, std::numeric_limits<std::uint64_t>::max()}) {
        for (const Chance duty : {Chance{1}, percent(1), kCertain}) {
            LinkSettings settings = slow(rate, 4);
            settings.up.frame = 1;
            settings.up.overhead = std::numeric_limits<std::uint32_t>::max();
            settings.up.duty_cycle = duty;
            settings.up.delay = Micros::max();
            settings.up.jitter = Micros::max();
            settings.up.reorder_by = Micros::max();
            settings.up.duplicate = kCertain;
            LinkModel link(settings, 1);
            for (const std::size_t octets : {std::size_t{65507}, kHuge, std::size_t{0}, std::size_t{65507}}) {
                const Verdict verdict = link.send(Way::up, kTenYears, octets);
                assert_true(verdict.airtime.count() >= 0);
                assert_true(verdict.fate == Fate::queue_full || verdict.at[0] >= kTenYears);
                assert_true(verdict.fate == Fate::queue_full || verdict.at[1] >= kTenYears);
            }
            assert_true(link.counters(Way::up).airtime.count() > 0);
        }
    }
}

void what_cannot_be_counted_stops_at_the_largest_value(void**) {
    LinkSettings settings = slow(1, 4);
    settings.up.frame = 1;
    settings.up.overhead = 65535;
    LinkModel plain(settings, 1);
    const Micros airtime = plain.send(Way::up, Micros{0}, 65507).airtime;
    assert_true(airtime == seconds{std::int64_t{8} * 65507 * 65536});
    settings.up.overhead = std::numeric_limits<std::uint32_t>::max();
    settings.up.duty_cycle = Chance{1};
    LinkModel link(settings, 1);
    assert_true(link.send(Way::up, Micros{0}, 65507).airtime == airtime);
    assert_true(link.send(Way::up, Micros{0}, 1).at[0] ==
                Micros::max());  // a million times as long, and more
}

void a_rate_of_one_bit_per_second_is_exact(void**) {
    const LinkSettings settings = slow(1, 1);
    LinkModel link(settings, 1);
    assert_true(link.send(Way::up, Micros{0}, 65507).airtime == seconds{8 * 65507});
}

void the_highest_rates_take_a_microsecond(void**) {
    const LinkSettings settings = slow(std::numeric_limits<std::uint64_t>::max(), 1);
    LinkModel link(settings, 1);
    assert_int_equal(link.send(Way::up, Micros{0}, 65507).airtime.count(), 1);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(sending_takes_octets_times_eight_over_rate),
        cmocka_unit_test(airtime_is_rounded_up_to_whole_microseconds),
        cmocka_unit_test(every_frame_costs_its_overhead),
        cmocka_unit_test(datagrams_wait_for_those_before_them_and_the_queue_is_exact),
        cmocka_unit_test(a_queue_of_none_sends_only_when_the_transmitter_is_free),
        cmocka_unit_test(the_transmitter_is_silent_until_the_duty_cycle_is_kept),
        cmocka_unit_test(a_lost_datagram_costs_airtime),
        cmocka_unit_test(what_is_longer_than_the_mtu_is_dropped_before_it_is_sent),
        cmocka_unit_test(a_partition_begins_with_from_and_ends_before_to),
        cmocka_unit_test(a_periodic_partition_comes_again),
        cmocka_unit_test(a_partition_may_stop_one_direction_and_several_add_up),
        cmocka_unit_test(without_rebinding_the_first_binding_stays),
        cmocka_unit_test(the_nat_changes_the_port_with_the_first_datagram_after_each_period),
        cmocka_unit_test(an_idle_device_is_forgotten_until_it_sends_again),
        cmocka_unit_test(only_what_leaves_the_device_keeps_its_mapping_alive),
        cmocka_unit_test(a_datagram_dropped_from_the_queue_does_not_renew_the_mapping),
        cmocka_unit_test(counters_add_up),
        cmocka_unit_test(ten_years_and_the_largest_numbers_do_not_wrap),
        cmocka_unit_test(what_cannot_be_counted_stops_at_the_largest_value),
        cmocka_unit_test(a_rate_of_one_bit_per_second_is_exact),
        cmocka_unit_test(the_highest_rates_take_a_microsecond),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
