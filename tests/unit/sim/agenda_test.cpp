// SPDX-License-Identifier: BSD-3-Clause
//
// The agenda (tests/sim/agenda.hpp): what comes when.
#include "sim/agenda.hpp"

#include <algorithm>

#include "lossy/random.hpp"
#include "support/cmocka.hpp"

using mqttsn::lossy::Random;
using mqttsn::sim::Agenda;
using mqttsn::sim::Micros;

namespace {

using What = Agenda::What;

void the_earliest_entry_comes_first_whenever_it_was_added(void**) {
    Agenda agenda;
    agenda.add(Micros{30}, What::action, 3);
    agenda.add(Micros{10}, What::downlink, 1);
    agenda.add(Micros{20}, What::connection, 2);
    assert_int_equal(agenda.first().at.count(), 10);
    const Agenda::Entry first = agenda.take();
    assert_int_equal(first.number, 1);
    assert_true(first.what == What::downlink);
    agenda.add(Micros{15}, What::action, 4);
    assert_int_equal(agenda.take().number, 4);
    assert_int_equal(agenda.take().number, 2);
    assert_int_equal(agenda.take().number, 3);
    assert_true(agenda.empty());
}

void entries_of_one_time_come_in_the_order_in_which_they_were_added(void**) {
    Agenda agenda;
    for (std::uint32_t number = 0; number < 100; ++number) {
        agenda.add(Micros{7}, number % 2 == 0 ? What::datagram_up : What::device_timer, number);
    }
    for (std::uint32_t number = 0; number < 100; ++number) {
        assert_int_equal(agenda.take().number, number);
    }
}

void what_is_added_for_now_comes_after_what_was_there_for_now(void**) {
    Agenda agenda;
    agenda.add(Micros{5}, What::action, 0);
    agenda.add(Micros{5}, What::action, 1);
    assert_int_equal(agenda.take().number, 0);
    agenda.add(Micros{5}, What::action, 2);
    assert_int_equal(agenda.take().number, 1);
    assert_int_equal(agenda.take().number, 2);
}

void nothing_is_lost_or_out_of_order_among_many(void**) {
    constexpr std::uint64_t kSeed = 20240607;
    Random random(kSeed);
    Agenda agenda;
    Micros now{0};
    std::uint64_t last_order = 0;
    std::uint32_t in = 0;
    std::uint32_t out = 0;
    for (int step = 0; step < 20'000; ++step) {
        if (agenda.empty() || random.below(100) < 52) {
            agenda.add(now + Micros{random.between(0, 40)}, What::action, in++);
            continue;
        }
        const Agenda::Entry entry = agenda.take();
        ++out;
        if (entry.at < now || (entry.at == now && out > 1 && entry.order < last_order)) {
            print_error("seed %llu: entry %u came out of order\n", static_cast<unsigned long long>(kSeed),
                        entry.number);
            assert_true(false);
        }
        last_order = entry.at == now ? std::max(last_order, entry.order) : entry.order;
        now = entry.at;
    }
    for (; !agenda.empty(); ++out) {
        const Micros at = agenda.take().at;
        assert_true(at >= now);
        now = at;
    }
    assert_int_equal(in, out);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(the_earliest_entry_comes_first_whenever_it_was_added),
        cmocka_unit_test(entries_of_one_time_come_in_the_order_in_which_they_were_added),
        cmocka_unit_test(what_is_added_for_now_comes_after_what_was_there_for_now),
        cmocka_unit_test(nothing_is_lost_or_out_of_order_among_many),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
