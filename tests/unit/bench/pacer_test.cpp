// SPDX-License-Identifier: BSD-3-Clause
#include "bench/pacer.hpp"

#include <vector>

#include "support/cmocka.hpp"

namespace {

using namespace mqttsn::load;

constexpr std::uint64_t kMs = 1'000'000;

Pacer started(const PacerSettings& settings, std::uint64_t now = 1000) {
    Pacer pacer(settings);
    pacer.start(now);
    return pacer;
}

std::vector<std::size_t> take_all(Pacer& pacer, std::uint64_t now) {
    std::vector<std::size_t> senders;
    while (const auto sender = pacer.take(now)) {
        senders.push_back(*sender);
        assert_true(senders.size() < 100000);
    }
    return senders;
}

PacerSettings closed(std::size_t senders, std::uint32_t each, std::uint64_t window) {
    PacerSettings settings;
    settings.senders = senders;
    settings.each_max = each;
    settings.window = window;
    return settings;
}

void a_closed_loop_keeps_the_window_over_all(void**) {
    Pacer pacer = started(closed(10, 1, 4));
    assert_true((take_all(pacer, 1000) == std::vector<std::size_t>{0, 1, 2, 3}));
    assert_int_equal(pacer.in_flight(), 4);
    pacer.answered(2);
    assert_true((take_all(pacer, 1000) == std::vector<std::size_t>{4}));
    assert_int_equal(pacer.sent(), 5);
    assert_true(pacer.next_ns(1000) == kNever);
}

void a_sender_has_at_most_its_own_share_unanswered(void**) {
    Pacer one = started(closed(3, 1, 100));
    assert_true((take_all(one, 1000) == std::vector<std::size_t>{0, 1, 2}));
    one.answered(1);
    assert_true((take_all(one, 1000) == std::vector<std::size_t>{1}));
    Pacer two = started(closed(3, 2, 100));
    assert_true((take_all(two, 1000) == std::vector<std::size_t>{0, 1, 2, 0, 1, 2}));
}

void the_count_is_exact_and_ends_it(void**) {
    PacerSettings settings = closed(3, 10, 100);
    settings.count = 7;
    Pacer pacer = started(settings);
    assert_false(pacer.done(1000));
    assert_int_equal(take_all(pacer, 1000).size(), 7);
    assert_true(pacer.done(1000));
    pacer.answered(0);
    assert_false(pacer.take(1000).has_value());
}

void nothing_is_sent_after_the_duration(void**) {
    PacerSettings settings = closed(3, 1, 100);
    settings.duration_ns = 10 * kMs;
    Pacer pacer = started(settings, 5 * kMs);
    assert_false(pacer.done(15 * kMs - 1));
    assert_int_equal(pacer.next_ns(15 * kMs - 1), 15 * kMs);
    assert_true(pacer.take(15 * kMs - 1).has_value());
    assert_true(pacer.done(15 * kMs));
    assert_false(pacer.take(15 * kMs).has_value());
    assert_true(pacer.next_ns(15 * kMs) == kNever);
}

void stop_ends_it(void**) {
    Pacer pacer = started(closed(3, 1, 100));
    pacer.stop();
    assert_true(pacer.done(1000));
    assert_false(pacer.take(1000).has_value());
}

// Who waits for the answers would spin on a time that has passed.
void when_it_is_done_there_is_no_next_time(void**) {
    for (const double rate : {0.0, 1000.0}) {
        PacerSettings settings = closed(2, 10, 1);
        settings.rate = rate;
        settings.duration_ns = 10 * kMs;
        Pacer pacer = started(settings, 0);
        assert_true(pacer.take(0).has_value());
        assert_true(pacer.next_ns(9 * kMs) <= 10 * kMs);
        assert_int_equal(pacer.in_flight(), 1);
        assert_true(pacer.next_ns(10 * kMs) == kNever);
        Pacer stopped = started(settings, 0);
        stopped.stop();
        assert_true(stopped.next_ns(1 * kMs) == kNever);
    }
}

// Also when asked late: what was missed is sent at once, and the schedule stays.
void an_open_loop_keeps_its_schedule_whatever_is_answered(void**) {
    PacerSettings settings = closed(4, UINT32_MAX, 1);
    settings.rate = 1000;
    Pacer pacer = started(settings, 0);
    assert_int_equal(take_all(pacer, 0).size(), 1);
    assert_int_equal(pacer.next_ns(0), kMs);
    assert_int_equal(take_all(pacer, kMs - 1).size(), 0);
    assert_int_equal(take_all(pacer, kMs).size(), 1);
    assert_int_equal(take_all(pacer, 101 * kMs).size(), 100);
    assert_int_equal(pacer.lag_max_ns(), 99 * kMs);
    assert_int_equal(pacer.next_ns(101 * kMs), 102 * kMs);
    assert_int_equal(pacer.in_flight(), 102);
}

void an_open_loop_waits_for_a_sender_that_may_send(void**) {
    PacerSettings settings = closed(2, 1, 100);
    settings.rate = 1000;
    Pacer pacer = started(settings, 0);
    assert_int_equal(take_all(pacer, 10 * kMs).size(), 2);
    assert_true(pacer.next_ns(10 * kMs) == kNever);
    pacer.answered(1);
    assert_int_equal(pacer.next_ns(10 * kMs), 2 * kMs);
    assert_true((take_all(pacer, 12 * kMs) == std::vector<std::size_t>{1}));
    assert_int_equal(pacer.lag_max_ns(), 10 * kMs);
}

void a_burst_is_everybody_once_and_again_when_all_are_answered(void**) {
    PacerSettings settings = closed(5, 1, 1);
    settings.burst = true;
    Pacer pacer = started(settings);
    assert_int_equal(take_all(pacer, 1000).size(), 5);
    for (std::size_t sender = 0; sender < 5; ++sender) {
        assert_int_equal(take_all(pacer, 1000).size(), 0);
        pacer.answered(sender);
    }
    assert_int_equal(take_all(pacer, 1000).size(), 5);
}

// At QoS 0 a sender may have many on their way, but a burst is one of each all the same.
void a_burst_of_senders_without_a_limit_is_still_one_each(void**) {
    PacerSettings settings = closed(3, 65000, 1);
    settings.burst = true;
    Pacer pacer = started(settings);
    assert_true((take_all(pacer, 1000) == std::vector<std::size_t>{0, 1, 2}));
}

void after_write_off_everybody_may_send_and_late_answers_do_no_harm(void**) {
    Pacer pacer = started(closed(2, 1, 2));
    take_all(pacer, 1000);
    pacer.write_off();
    assert_int_equal(pacer.in_flight(), 0);
    pacer.answered(0);
    pacer.answered(1, 5);
    assert_int_equal(pacer.in_flight(), 0);
    assert_int_equal(take_all(pacer, 1000).size(), 2);
    assert_int_equal(pacer.in_flight(), 2);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_closed_loop_keeps_the_window_over_all),
        cmocka_unit_test(a_sender_has_at_most_its_own_share_unanswered),
        cmocka_unit_test(the_count_is_exact_and_ends_it),
        cmocka_unit_test(nothing_is_sent_after_the_duration),
        cmocka_unit_test(stop_ends_it),
        cmocka_unit_test(when_it_is_done_there_is_no_next_time),
        cmocka_unit_test(an_open_loop_keeps_its_schedule_whatever_is_answered),
        cmocka_unit_test(an_open_loop_waits_for_a_sender_that_may_send),
        cmocka_unit_test(a_burst_is_everybody_once_and_again_when_all_are_answered),
        cmocka_unit_test(a_burst_of_senders_without_a_limit_is_still_one_each),
        cmocka_unit_test(after_write_off_everybody_may_send_and_late_answers_do_no_harm),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
