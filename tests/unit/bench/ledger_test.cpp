// SPDX-License-Identifier: BSD-3-Clause
#include "bench/ledger.hpp"

#include <algorithm>
#include <random>
#include <set>
#include <vector>

#include "support/cmocka.hpp"

namespace {

using namespace mqttsn::load;

void messages_in_order_are_in_order(void**) {
    Ledger ledger(1);
    for (std::uint32_t sequence = 0; sequence < 10000; ++sequence) {
        const Ledger::Entry entry = ledger.arrive(0, sequence);
        assert_true(entry.arrival == Arrival::in_order);
        assert_int_equal(entry.advanced, 1);
    }
    assert_int_equal(ledger.arrived(), 10000);
    assert_int_equal(ledger.duplicates() + ledger.late(), 0);
}

void a_gap_is_told_by_the_next_message_and_filled_by_a_late_one(void**) {
    Ledger ledger(1);
    ledger.arrive(0, 0);
    const Ledger::Entry after_gap = ledger.arrive(0, 4);
    assert_true(after_gap.arrival == Arrival::in_order);
    assert_int_equal(after_gap.advanced, 4);
    assert_int_equal(ledger.next(0), 5);
    assert_int_equal(ledger.arrived(0), 2);
    const Ledger::Entry late = ledger.arrive(0, 2);
    assert_true(late.arrival == Arrival::late);
    assert_int_equal(late.advanced, 0);
    assert_true(ledger.arrive(0, 2).arrival == Arrival::duplicate);
    assert_true(ledger.arrive(0, 4).arrival == Arrival::duplicate);
    assert_int_equal(ledger.arrived(), 3);
    assert_int_equal(ledger.late(), 1);
    assert_int_equal(ledger.duplicates(), 2);
}

void streams_do_not_touch_each_other(void**) {
    Ledger ledger(3);
    for (std::uint32_t sequence = 0; sequence < 70; ++sequence) {
        assert_true(ledger.arrive(1, sequence).arrival == Arrival::in_order);
    }
    assert_int_equal(ledger.next(0), 0);
    assert_int_equal(ledger.arrived(2), 0);
    assert_true(ledger.arrive(0, 5).arrival == Arrival::in_order);
    assert_true(ledger.arrive(2, 5).arrival == Arrival::in_order);
    assert_true(ledger.arrive(1, 5).arrival == Arrival::duplicate);
}

// A ring of bits that is not cleared would call new messages repetitions, and the other way round.
void beyond_the_window_a_message_counts_as_repetition_and_hides_no_loss(void**) {
    Ledger ledger(1000);
    const std::uint32_t window = ledger.window();
    assert_true(window >= 1024);
    ledger.arrive(7, 0);
    ledger.arrive(7, window);  // 1 .. window - 1 are missing, 0 and window share a bit
    assert_true(ledger.arrive(7, 0).arrival == Arrival::duplicate);
    assert_true(ledger.arrive(7, 1).arrival == Arrival::late);
    assert_true(ledger.arrive(7, window + 1).arrival == Arrival::in_order);  // has the bit of 1
    ledger.arrive(7, 10 * window);
    assert_true(ledger.arrive(7, window + 2).arrival == Arrival::duplicate);  // never here, but too old
    for (std::uint32_t sequence = 9 * window + 1; sequence < 10 * window; ++sequence) {
        assert_true(ledger.arrive(7, sequence).arrival == Arrival::late);
    }
    assert_int_equal(ledger.arrived(7), 5 + window - 1);
}

void memory_is_bounded_however_many_streams(void**) {
    assert_int_equal(Ledger(1).window(), 1U << 22U);
    assert_int_equal(Ledger(100).window(), 1U << 15U);
    assert_int_equal(Ledger(20000).window(), 1024);
}

// Losses, repetitions and delays at random, against a set.
void random_arrivals_are_told_apart_as_a_set_would(void**) {
    constexpr unsigned kSeed = 5;
    std::mt19937 random{kSeed};
    const auto below = [&random](std::uint32_t limit) {
        return std::uniform_int_distribution<std::uint32_t>(0, limit - 1)(random);
    };
    std::vector<std::pair<std::uint32_t, std::uint32_t>> arrivals;  // time, sequence
    for (std::uint32_t sequence = 0; sequence < 20000; ++sequence) {
        for (std::uint32_t copies = below(10) == 0 ? 0 : 1 + (below(10) == 0 ? 1 : 0); copies > 0; --copies) {
            arrivals.emplace_back(sequence + below(10) * below(50), sequence);
        }
    }
    std::stable_sort(arrivals.begin(), arrivals.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    Ledger ledger(4096);
    assert_int_equal(ledger.window(), 1024);
    std::set<std::uint32_t> seen;
    for (const auto& [time, sequence] : arrivals) {
        const bool newest = seen.empty() || sequence > *seen.rbegin();
        const bool fresh = seen.insert(sequence).second;
        const Arrival wanted = !fresh ? Arrival::duplicate : newest ? Arrival::in_order : Arrival::late;
        assert_true(ledger.arrive(4095, sequence).arrival == wanted);
    }
    assert_int_equal(ledger.arrived(), seen.size());
    assert_int_equal(ledger.duplicates(), arrivals.size() - seen.size());
    assert_true(ledger.late() > 0 && ledger.duplicates() > 0);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(messages_in_order_are_in_order),
        cmocka_unit_test(a_gap_is_told_by_the_next_message_and_filled_by_a_late_one),
        cmocka_unit_test(streams_do_not_touch_each_other),
        cmocka_unit_test(beyond_the_window_a_message_counts_as_repetition_and_hides_no_loss),
        cmocka_unit_test(memory_is_bounded_however_many_streams),
        cmocka_unit_test(random_arrivals_are_told_apart_as_a_set_would),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
