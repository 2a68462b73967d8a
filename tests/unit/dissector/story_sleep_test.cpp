// SPDX-License-Identifier: BSD-3-Clause
//
// Sleepers in which nothing is wrong: wake-ups, what is delivered in them, and what stays the same across
// them.
#include "support/cmocka.hpp"
#include "unit/common/message_checks.hpp"
#include "unit/dissector/conversation.hpp"

using mqttsnx::State;
using test::Capture;

namespace {

void expect_no_remark(const Capture& capture) {
    CHECK_CASE(capture.remarks().empty(), "%s", capture.remarks().c_str());
}

// SN12-103, SN12-105, SN12-106
void a_sleeper_wakes_up_gets_its_messages_and_sleeps_again(void** /*state*/) {
    Capture c;
    c.connect();
    c.play("learn");
    c.play("> 04 18 01 2C; < 02 18; wait 290; > 06 16 64 65 76 31");  // 5, 6, 7
    c.play("< 09 0C 00 00 10 00 00 68 69");                           // 8
    c.play("< 09 0C 20 00 10 00 02 68 69; > 07 0D 00 10 00 02 00");   // 9, 10
    c.play("< 09 0A 00 11 00 03 61 2F 63; > 07 0B 00 11 00 03 00");   // 11, 12
    c.play("< 09 0C 00 00 11 00 00 68 69; < 02 17");                  // 13, 14
    c.play("wait 320; > 06 16 64 65 76 31; < 02 17");                 // 15, 16
    expect_no_remark(c);
    assert_true(c.frame(5).state_before == State::active && c.frame(5).state == State::asleep);
    assert_int_equal(c.frame(6).request_frame, 5);
    assert_true(c.frame(7).state_before == State::asleep && c.frame(7).state == State::awake);
    assert_true(c.frame(7).silence == 290'020'000'000);
    assert_true(c.frame(13).topic == "a/c");
    assert_int_equal(c.frame(13).topic_frame, 11);
    assert_true(c.frame(14).has_delivered);
    assert_int_equal(c.frame(14).delivered, 3);
    assert_int_equal(c.frame(14).request_frame, 7);
    assert_true(c.frame(14).state == State::asleep);
    assert_true(c.frame(16).has_delivered);
    assert_int_equal(c.frame(16).delivered, 0);
}

// A message whose acknowledgement did not come is delivered at the next wake-up as well, though it is a
// repetition.
void a_message_of_two_wake_ups_is_delivered_in_both(void** /*state*/) {
    Capture c;
    c.connect();
    c.play("learn; > 04 18 01 2C; < 02 18; wait 290; > 06 16 64 65 76 31");                  // 5, 6, 7
    c.play("< 09 0C 20 00 10 00 02 68 69; wait 10; < 09 0C A0 00 10 00 02 68 69; < 02 17");  // 8, 9, 10
    c.play("wait 280; > 06 16 64 65 76 31; < 09 0C A0 00 10 00 02 68 69");                   // 11, 12
    c.play("> 07 0D 00 10 00 02 00; < 02 17");                                               // 13, 14
    assert_int_equal(c.frame(12).retransmission_of, 8);
    assert_int_equal(c.frame(10).delivered, 1);
    assert_int_equal(c.frame(14).delivered, 1);
}

// SN12-108, D20: the topic ids are those of before
void a_sleeper_that_connects_is_active_with_its_topics(void** /*state*/) {
    Capture c;
    c.connect("00");
    c.play("learn; > 04 18 01 2C; < 02 18; wait 100; connect 00; < 09 0C 00 00 10 00 00 68 69");
    expect_no_remark(c);
    assert_true(c.frame(7).state_before == State::asleep && c.frame(8).state == State::active);
    assert_true(c.frame(9).topic == "a/b");
    assert_int_equal(c.frame(9).connect_frame, 7);
}

// D13, D50, SN12-105: NAT gives a sleeper another port
void a_sleeper_that_wakes_at_another_address_keeps_its_record(void** /*state*/) {
    Capture c;
    c.connect();
    c.play(
        "learn; > 04 18 01 2C; < 02 18; device 40002; > 06 16 64 65 76 31; < 09 0C 00 00 10 00 00 68 69; < "
        "02 17");
    expect_no_remark(c);
    assert_string_equal(c.remarks(true).c_str(), "7 session_moved@5");
    assert_true(c.frame(8).client == "dev1" && c.frame(8).topic == "a/b");
    assert_int_equal(c.frame(8).connect_frame, 1);
    c.play("device 40001; > 09 0C 00 00 10 00 00 68 69");
    assert_true(c.frame(10).client.empty());  // nobody is there any more
}
}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_sleeper_wakes_up_gets_its_messages_and_sleeps_again),
        cmocka_unit_test(a_message_of_two_wake_ups_is_delivered_in_both),
        cmocka_unit_test(a_sleeper_that_connects_is_active_with_its_topics),
        cmocka_unit_test(a_sleeper_that_wakes_at_another_address_keeps_its_record),
    };
    return cmocka_run_group_tests_name("unit.dissector.story_sleep", tests, nullptr, nullptr);
}
