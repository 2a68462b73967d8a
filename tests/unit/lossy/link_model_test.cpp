// SPDX-License-Identifier: BSD-3-Clause
//
// The link of one device: what is exact (rate, queue, duty cycle, partitions, NAT, order) is checked to the
// microsecond, what is random over 100 000 datagrams of fixed seeds.
#include "lossy/link_model.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "lossy/random.hpp"
#include "support/cmocka.hpp"

namespace {

using namespace mqttsn::lossy;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kMany = 100'000;

/// Every setting at work, so that each has its part in the golden numbers.
LinkSettings everything() {
    LinkSettings link;
    link.up.loss = percent(5);
    link.up.burst = Burst{percent(2), percent(25), percent(70)};
    link.up.duplicate = percent(10);
    link.up.reorder = percent(15);
    link.up.reorder_by = milliseconds{300};
    link.up.delay = milliseconds{40};
    link.up.jitter = milliseconds{25};
    link.up.rate = 9'600;
    link.up.queue = 3;
    link.up.duty_cycle = percent(60);
    link.up.mtu = 120;
    link.up.frame = 50;
    link.up.overhead = 9;
    link.down = link.up;
    link.down.loss = percent(30);
    link.down.rate = 250'000;
    link.partitions.push_back(Partition{seconds{10}, seconds{12}, seconds{60}, true, false});
    link.rebind = RebindSettings{seconds{30}, milliseconds{1'200}};
    return link;
}

/// FNV-1a over everything that a verdict says.
void hash(std::uint64_t& sum, std::uint64_t value) {
    for (int i = 0; i < 8; ++i) {
        sum = (sum ^ (value >> (8 * i) & 0xFFU)) * 0x100000001B3ULL;
    }
}

struct GoldenRow {
    Fate fate;
    int copies;
    std::array<std::int64_t, 2> at;
    std::int64_t airtime;
};

void the_fate_of_a_seed_is_the_same_everywhere_and_for_ever(void**) {
    constexpr std::array<GoldenRow, 10> kRows{{
        {Fate::delivered, 1, {348'588, 0}, 89'167},
        {Fate::lost, 0, {0, 0}, 2'304},
        {Fate::delivered, 1, {390'055, 0}, 1'088},
        {Fate::delivered, 1, {629'582, 0}, 12'500},
        {Fate::delivered, 1, {702'170, 0}, 17'500},
        {Fate::delivered, 1, {768'886, 0}, 45'834},
        {Fate::too_long, 0, {0, 0}, 0},
        {Fate::lost_in_burst, 0, {0, 0}, 95'000},
        {Fate::delivered, 2, {1'234'344, 1'341'575}, 992},
        {Fate::lost, 0, {0, 0}, 3'584},
    }};
    const LinkSettings settings = everything();
    LinkModel link(settings, 42);
    Random traffic(43);
    std::uint64_t sum = 0xCBF29CE484222325ULL;
    Micros now{0};
    for (std::size_t i = 0; i < 20'000; ++i) {
        now += Micros{traffic.between(0, 250'000)};
        const Way way = traffic.below(2) == 0 ? Way::up : Way::down;
        const Verdict verdict = link.send(way, now, traffic.below(130));
        if (i < kRows.size()) {
            const GoldenRow& row = kRows.at(i);
            assert_int_equal(verdict.fate, row.fate);
            assert_int_equal(verdict.copies, row.copies);
            assert_int_equal(verdict.at[0].count(), row.at[0]);
            assert_int_equal(verdict.at[1].count(), row.at[1]);
            assert_int_equal(verdict.airtime.count(), row.airtime);
        }
        hash(sum, static_cast<std::uint64_t>(verdict.fate));
        hash(sum, verdict.copies + (verdict.reordered ? 16U : 0U));
        hash(sum, static_cast<std::uint64_t>(verdict.at[0].count()));
        hash(sum, static_cast<std::uint64_t>(verdict.at[1].count()));
        hash(sum, static_cast<std::uint64_t>(verdict.airtime.count()));
        hash(sum, link.binding());
    }
    const LinkCounters& up = link.counters(Way::up);
    assert_int_equal(sum, 0xBA30BD4F5878500AULL);
    assert_int_equal(up.datagrams, 10'045);
    // So that the golden run does contain everything.
    assert_true(up.lost > 100 && up.lost_in_burst > 100 && up.partitioned > 100 && up.queue_full > 10);
    assert_true(up.too_long > 100 && up.duplicated > 100 && up.reordered > 100 && link.binding() > 100);
}

void a_link_without_settings_is_perfect(void**) {
    const LinkSettings settings;
    LinkModel link(settings, 1);
    for (const std::size_t octets : {std::size_t{0}, std::size_t{1}, std::size_t{65507}}) {
        const Verdict verdict = link.send(Way::down, seconds{5}, octets);
        assert_int_equal(verdict.fate, Fate::delivered);
        assert_int_equal(verdict.copies, 1);
        assert_int_equal(verdict.at[0].count(), 5'000'000);
        assert_int_equal(verdict.airtime.count(), 0);
    }
    assert_int_equal(link.counters(Way::down).octets, 65508);
    assert_int_equal(link.counters(Way::up).datagrams, 0);
}

void every_fate_has_a_text_of_its_own(void**) {
    std::vector<std::string> texts;
    for (const Fate fate : {Fate::delivered, Fate::lost, Fate::lost_in_burst, Fate::partitioned,
                            Fate::queue_full, Fate::too_long, Fate::unbound}) {
        texts.emplace_back(fate_text(fate));
    }
    std::sort(texts.begin(), texts.end());
    assert_true(std::adjacent_find(texts.begin(), texts.end()) == texts.end());
    assert_string_equal(fate_text(Fate::lost_in_burst), "lost in a burst");
}

void independent_loss_takes_its_share(void**) {
    LinkSettings settings;
    settings.up.loss = percent(10);
    LinkModel link(settings, 11);
    int pairs = 0;
    bool before = false;
    for (int i = 0; i < kMany; ++i) {
        const bool lost = link.send(Way::up, Micros{i}, 10).fate == Fate::lost;
        pairs += lost && before ? 1 : 0;
        before = lost;
    }
    assert_in_range(link.counters(Way::up).lost, 9'525, 10'475);  // 5 standard deviations of 95
    assert_in_range(pairs, 850, 1'150);                           // independent: 1 in 100
    assert_int_equal(link.counters(Way::up).lost + link.counters(Way::up).delivered, kMany);
}

void a_burst_lasts_one_over_leave_frames_on_average(void**) {
    LinkSettings settings;
    settings.up.burst = Burst{percent(1), percent(20), kCertain};
    LinkModel link(settings, 12);
    std::uint64_t bursts = 0;
    bool before = false;
    for (int i = 0; i < 10 * kMany; ++i) {
        const Fate fate = link.send(Way::up, Micros{i}, 10).fate;
        assert_true(fate == Fate::delivered || fate == Fate::lost_in_burst);
        bursts += fate == Fate::lost_in_burst && !before ? 1U : 0U;
        before = fate == Fate::lost_in_burst;
    }
    const std::uint64_t lost = link.counters(Way::up).lost_in_burst;
    assert_in_range(lost * 100 / bursts, 480, 520);                         // 5 frames
    assert_in_range(lost, 1'000'000 / 21 - 2'000, 1'000'000 / 21 + 2'000);  // enter / (enter + leave)
}

void a_bad_period_has_its_own_loss(void**) {
    LinkSettings settings;
    settings.up.loss = percent(1);
    settings.up.burst = Burst{percent(10), percent(10), percent(50)};  // half of the time in each
    LinkModel link(settings, 13);
    for (int i = 0; i < kMany; ++i) {
        link.send(Way::up, Micros{i}, 10);
    }
    assert_in_range(link.counters(Way::up).lost, 350, 650);
    assert_in_range(link.counters(Way::up).lost_in_burst, 23'500, 26'500);
}

void a_lost_frame_loses_the_whole_datagram(void**) {
    LinkSettings settings;
    settings.up.loss = percent(10);
    settings.up.frame = 100;
    for (const auto& [octets, delivered] :
         {std::pair<std::size_t, int>{0, 90'000}, {100, 90'000}, {101, 81'000}, {1000, 34'868}}) {
        LinkModel link(settings, 14);
        for (int i = 0; i < kMany; ++i) {
            link.send(Way::up, Micros{i}, octets);
        }
        assert_in_range(link.counters(Way::up).delivered, delivered - 800, delivered + 800);
    }
}

void duplicates_take_their_share_and_come_later(void**) {
    LinkSettings settings;
    settings.down.duplicate = percent(5);
    settings.down.delay = milliseconds{10};
    settings.down.jitter = milliseconds{5};
    settings.down.reorder_by = milliseconds{50};
    LinkModel link(settings, 15);
    Micros longest{0};
    for (int i = 0; i < kMany; ++i) {
        const Micros now = seconds{i};
        const Verdict verdict = link.send(Way::down, now, 10);
        assert_int_equal(verdict.fate, Fate::delivered);
        assert_true(verdict.at[0] >= now + milliseconds{10} && verdict.at[0] <= now + milliseconds{15});
        if (verdict.copies == 2) {
            assert_true(verdict.at[1] >= verdict.at[0] && verdict.at[1] <= now + milliseconds{65});
            longest = std::max(longest, verdict.at[1] - now);
        }
    }
    const LinkCounters& counters = link.counters(Way::down);
    assert_in_range(counters.duplicated, 4'655, 5'345);
    assert_int_equal(counters.delivered, kMany + counters.duplicated);
    assert_true(longest > milliseconds{60});
}

void what_is_reordered_is_overtaken(void**) {
    LinkSettings settings;
    settings.up.reorder = percent(10);
    settings.up.reorder_by = milliseconds{100};
    settings.up.jitter = milliseconds{20};
    LinkModel link(settings, 16);
    std::uint64_t overtaken = 0;
    Micros held{-1};
    for (int i = 0; i < kMany; ++i) {
        const Micros now = milliseconds{10} * i;
        const Verdict verdict = link.send(Way::up, now, 10);
        overtaken += verdict.at[0] < held ? 1U : 0U;
        held = verdict.reordered ? verdict.at[0] : Micros{-1};
        assert_true(verdict.at[0] >= now && verdict.at[0] <= now + milliseconds{200});
    }
    const std::uint64_t reordered = link.counters(Way::up).reordered;
    assert_in_range(reordered, 9'525, 10'475);
    assert_in_range(overtaken, reordered * 3 / 4, reordered);  // most are held back longer than 10 ms
}

void held_back_by_at_least_a_microsecond_and_at_most_reorder_by(void**) {
    LinkSettings settings;
    settings.up.reorder = kCertain;
    settings.up.reorder_by = Micros{3};
    LinkModel link(settings, 17);
    std::array<int, 4> seen{};
    for (int i = 0; i < 3'000; ++i) {
        const Verdict verdict = link.send(Way::up, seconds{i}, 10);
        ++seen.at(static_cast<std::size_t>((verdict.at[0] - seconds{i}).count()));
    }
    assert_int_equal(seen[0], 0);
    assert_true(seen[1] > 850 && seen[2] > 850 && seen[3] > 850);
}

void jitter_alone_never_changes_the_order(void**) {
    LinkSettings settings;
    settings.up.jitter = seconds{1};
    settings.up.delay = milliseconds{1};
    settings.up.duplicate = percent(50);
    settings.up.loss = percent(20);
    LinkModel link(settings, 18);
    Micros last{0};
    Micros least = hours{1};
    Micros most{0};
    for (int i = 0; i < kMany; ++i) {
        const Micros now = milliseconds{100} * i;
        const Verdict verdict = link.send(Way::up, now, 10);
        if (verdict.copies > 0) {
            assert_true(verdict.at[0] >= last);
            last = verdict.at[0];
            least = std::min(least, last - now);
            most = std::max(most, last - now);
        }
    }
    assert_true(least >= milliseconds{1} && least < milliseconds{150});
    assert_true(most <= milliseconds{1'001} && most > milliseconds{990});
}

void changing_one_setting_leaves_the_other_choices_alone(void**) {
    const LinkSettings plain = everything();
    LinkSettings changed = plain;
    changed.up.loss = percent(20);
    changed.up.queue = 100'000;
    changed.up.mtu = 0;
    changed.partitions.clear();
    LinkModel one(plain, 19);
    LinkModel other(changed, 19);
    int both = 0;
    for (int i = 0; i < 20'000; ++i) {
        const Micros now = seconds{5} * i;
        const Verdict a = one.send(Way::up, now, static_cast<std::size_t>(i) % 130);
        const Verdict b = other.send(Way::up, now, static_cast<std::size_t>(i) % 130);
        if (a.fate == Fate::lost) {
            assert_int_equal(b.fate, Fate::lost);
        }
        if (a.fate == Fate::delivered && b.fate == Fate::delivered) {
            ++both;
            assert_int_equal(a.copies, b.copies);
            assert_true(a.at == b.at && a.reordered == b.reordered);
        }
    }
    assert_true(both > 5'000);
    assert_true(other.counters(Way::up).lost > 2 * one.counters(Way::up).lost);
}

void the_directions_and_the_seeds_are_independent(void**) {
    LinkSettings settings;
    settings.up.loss = percent(50);
    settings.down.loss = percent(50);
    LinkModel link(settings, 20);
    LinkModel alone(settings, 20);
    LinkModel next(settings, 21);
    int same_way = 0;
    int same_seed = 0;
    for (int i = 0; i < kMany; ++i) {
        const Fate up = link.send(Way::up, Micros{i}, 10).fate;
        same_way += up == link.send(Way::down, Micros{i}, 10).fate ? 1 : 0;
        same_seed += up == next.send(Way::up, Micros{i}, 10).fate ? 1 : 0;
        assert_int_equal(up,
                         alone.send(Way::up, Micros{i}, 10).fate);  // what happens down changes nothing up
    }
    assert_in_range(same_way, 49'200, 50'800);
    assert_in_range(same_seed, 49'200, 50'800);
}

void settings_may_change_between_calls(void**) {
    LinkSettings settings;
    settings.up.loss = kCertain;
    LinkModel link(settings, 22);
    assert_int_equal(link.send(Way::up, Micros{0}, 10).fate, Fate::lost);
    settings.up.loss = Chance{0};
    assert_int_equal(link.send(Way::up, Micros{1}, 10).fate, Fate::delivered);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(the_fate_of_a_seed_is_the_same_everywhere_and_for_ever),
        cmocka_unit_test(a_link_without_settings_is_perfect),
        cmocka_unit_test(every_fate_has_a_text_of_its_own),
        cmocka_unit_test(independent_loss_takes_its_share),
        cmocka_unit_test(a_burst_lasts_one_over_leave_frames_on_average),
        cmocka_unit_test(a_bad_period_has_its_own_loss),
        cmocka_unit_test(a_lost_frame_loses_the_whole_datagram),
        cmocka_unit_test(duplicates_take_their_share_and_come_later),
        cmocka_unit_test(what_is_reordered_is_overtaken),
        cmocka_unit_test(held_back_by_at_least_a_microsecond_and_at_most_reorder_by),
        cmocka_unit_test(jitter_alone_never_changes_the_order),
        cmocka_unit_test(changing_one_setting_leaves_the_other_choices_alone),
        cmocka_unit_test(the_directions_and_the_seeds_are_independent),
        cmocka_unit_test(settings_may_change_between_calls),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
