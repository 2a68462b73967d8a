// SPDX-License-Identifier: BSD-3-Clause
//
// Every checker can fail (tests/sim/checks.hpp), second half: what arrives, what is acknowledged, what is
// left at the end.
#include "unit/sim/checks_bench.hpp"

using namespace test;

namespace {

// ---- arrivals

void qos_2_comes_once(void**) {
    ChecksBench bench;
    const std::uint32_t down = bench.down(2);
    ASSERT_KEPT(bench.comes_down(down));
    ASSERT_BREACH(bench.comes_down(down),
                  "message 0 (QoS 2 for a, sent at 0.001 s) came 2 times (at 1.500 s)");
    const std::uint32_t up = bench.up(2);
    ASSERT_KEPT(bench.published(up));
    ASSERT_BREACH(bench.published(up), "message 1 (QoS 2 of a, sent at 0.001 s) came 2 times (at 1.500 s)");
}

void qos_1_may_come_again(void**) {
    ChecksBench bench;
    const std::uint32_t down = bench.down(1);
    const std::uint32_t up = bench.up(1);
    for (int time = 0; time < 3; ++time) {
        ASSERT_KEPT(bench.comes_down(down));
        ASSERT_KEPT(bench.published(up));
    }
}

void qos_0_comes_no_more_often_than_the_link_delivered_it(void**) {
    ChecksBench bench;
    const std::uint32_t down = bench.down(0);
    bench.copies(down, 2);
    ASSERT_KEPT(bench.comes_down(down));
    ASSERT_KEPT(bench.comes_down(down));
    ASSERT_BREACH(bench.comes_down(down), "came more often than the link delivered it");
}

/// A first arrival is not compared at once; the end of the run is where it shows.
void qos_0_that_the_link_never_delivered_cannot_have_come(void**) {
    ChecksBench bench;
    ASSERT_KEPT(bench.comes_down(bench.down(0)));
    ASSERT_BREACH(bench.at_the_end(), "came more often than the link delivered it");
}

void a_device_that_forgot_may_get_qos_2_again_until_the_broker_knows(void**) {
    ChecksBench bench;
    const std::uint32_t number = bench.down(2);
    bench.comes_down(number);
    bench.checks.device_lost_memory(1);  // another one
    ASSERT_BREACH(bench.comes_down(number), "came 2 times");
    bench.checks.device_lost_memory(0);
    ASSERT_KEPT(bench.comes_down(number));

    const std::uint32_t done = bench.down(2);
    bench.comes_down(done);
    ASSERT_KEPT(bench.acknowledged(done));
    bench.checks.device_lost_memory(0);
    ASSERT_BREACH(bench.comes_down(done), "came 2 times");
}

void messages_of_one_topic_keep_their_order(void**) {
    for (const bool up : {true, false}) {
        ChecksBench bench;
        const auto add = [&](std::uint16_t topic) { return up ? bench.up(1, topic) : bench.down(1, topic); };
        const auto comes = [&](std::uint32_t number) {
            return up ? bench.published(number) : bench.comes_down(number);
        };
        const std::uint32_t first = add(0);
        const std::uint32_t other_topic = add(1);
        const std::uint32_t second = add(0);
        ASSERT_KEPT(comes(second));
        ASSERT_KEPT(comes(other_topic));
        ASSERT_BREACH(comes(first), "came after message 2 of the same topic");
        ASSERT_KEPT(comes(second));  // a repetition is no disorder
    }
}

void nobody_waits_for_the_order_of_what_is_given_up(void**) {
    ChecksBench bench;
    const std::uint32_t first = bench.down(1);
    const std::uint32_t second = bench.down(1);
    bench.checks.dropped(first);
    ASSERT_KEPT(bench.comes_down(second));
    ASSERT_KEPT(bench.comes_down(first));
    const std::uint32_t forgotten = bench.up(1);
    const std::uint32_t after = bench.up(1);
    bench.checks.forgotten(forgotten);
    ASSERT_KEPT(bench.published(after));
    ASSERT_KEPT(bench.published(forgotten));
}

void qos_0_may_overtake(void**) {
    ChecksBench bench;
    const std::uint32_t first = bench.down(0);
    bench.copies(first, 1);
    ASSERT_KEPT(bench.comes_down(bench.down(1)));
    ASSERT_KEPT(bench.comes_down(first));
}

void a_message_comes_to_whom_and_under_what_it_was_sent(void**) {
    ChecksBench bench;
    const std::uint32_t number = bench.down(1, 3);
    ASSERT_BREACH(bench.comes_down(number, 1), "b got message 0");
    ASSERT_BREACH(bench.comes_down(bench.up(1)), "a got message 1");
    ASSERT_BREACH(bench.comes_down(number, 0, "down/a/4"), "came under another topic");
    ASSERT_BREACH(
        ChecksBench::told([&] { bench.checks.message_came(kNow, 0, "down/a/3", true, 0, "hello world"); }),
        "a got a payload that nobody sent");
    const auto by_id = [&](std::uint16_t id) {
        return ChecksBench::told(
            [&] { bench.checks.message_came(kNow, 0, "", false, id, Ledger::payload(number, 12)); });
    };
    ASSERT_BREACH(by_id(1004), "came under another topic");
    ASSERT_KEPT(by_id(1003));
}

void the_broker_gets_what_was_sent_from_whom_and_under_what(void**) {
    ChecksBench bench;
    const std::uint32_t number = bench.up(1, 2);
    ASSERT_BREACH(bench.published(number, "b"), "came from \"b\"");
    ASSERT_BREACH(bench.published(number, "a", "up/a/1"), "came under the topic up/a/1");
    ASSERT_BREACH(ChecksBench::told([&] { bench.checks.published(kNow, "a", "up/a/2", "hello world"); }),
                  "the broker got a payload that nobody sent, from a");
    ASSERT_KEPT(bench.published(number));
}

void qos_minus_one_comes_from_the_gateway_itself(void**) {
    ChecksBench bench;
    const std::uint32_t number = bench.up(-1, 4);
    bench.copies(number, 1);
    ASSERT_BREACH(bench.published(number), "came from \"a\"");
    ASSERT_BREACH(bench.published(number, ""), "came under the topic up/a/4");
    ASSERT_KEPT(bench.published(number, "", "anonymous/4"));
}

// ---- acknowledgements

void a_device_is_told_only_of_what_the_broker_has(void**) {
    for (const int qos : {1, 2}) {
        ChecksBench bench;
        ASSERT_BREACH(bench.delivered(bench.up(qos)),
                      "was acknowledged and the broker has never published it");
        const std::uint32_t number = bench.up(qos);
        bench.published(number);
        ASSERT_KEPT(bench.delivered(number));
        const std::uint32_t excused = bench.up(qos);
        bench.checks.forgotten(excused);
        ASSERT_KEPT(bench.delivered(excused));
    }
    ChecksBench bench;
    ASSERT_KEPT(bench.delivered(bench.up(0)));
}

void a_message_is_not_refused(void**) {
    ChecksBench bench;
    ASSERT_BREACH(bench.delivered(bench.up(1), MQTTSN_REJECTED_NOT_SUPPORTED), "was refused with code 3");
}

void what_a_clean_session_discards_may_be_lost(void**) {
    ChecksBench bench;
    const std::uint32_t number = bench.up(1);
    ASSERT_KEPT(bench.delivered(number, MQTTSN_ERR_DISCARDED));
    ASSERT_KEPT(bench.at_the_end());
}

void the_broker_is_told_only_of_what_the_device_has(void**) {
    ChecksBench bench;
    const std::uint32_t here = bench.down(1);
    bench.comes_down(here);
    ASSERT_KEPT(bench.acknowledged(here));
    ASSERT_BREACH(bench.acknowledged(bench.down(1)), "the broker was told that message 1");
}

void each_drop_that_the_gateway_counts_excuses_one_message(void**) {
    ChecksBench bench;
    ASSERT_KEPT(bench.acknowledged(bench.down(1), 1));
    ASSERT_BREACH(bench.acknowledged(bench.down(1), 1), "the broker was told that message 1");
    const std::uint32_t excused = bench.down(1);
    bench.checks.dropped(excused);
    ASSERT_KEPT(bench.acknowledged(excused, 0));
}

// ---- the end

void what_is_owed_must_have_come(void**) {
    for (const int qos : {1, 2}) {
        ChecksBench bench;
        const std::uint32_t down = bench.down(qos);
        assert_int_equal(bench.checks.missing(), 1);
        ASSERT_BREACH(bench.at_the_end(), "for a, sent at 0.001 s) was lost");
        bench.comes_down(down);
        assert_int_equal(bench.checks.missing(), 0);
        ASSERT_KEPT(bench.at_the_end());
        const std::uint32_t up = bench.up(qos);
        ASSERT_BREACH(bench.at_the_end(), "of a, sent at 0.001 s) was lost");
        bench.published(up);
        ASSERT_BREACH(bench.at_the_end(), "arrived, and its sender was never told");
        bench.delivered(up);
        ASSERT_KEPT(bench.at_the_end());
    }
}

void what_nobody_owes_need_not_come(void**) {
    ChecksBench bench;
    bench.down(0);
    bench.up(0);
    bench.up(-1);
    bench.ledger.add(0, Way::down, 2, 0, kNow);  // nobody had subscribed when it was published
    bench.checks.dropped(bench.down(2));
    bench.checks.forgotten(bench.up(2));
    assert_int_equal(bench.checks.missing(), 0);
    ASSERT_KEPT(bench.at_the_end());
}

void the_qos_of_the_delivery_counts(void**) {
    ChecksBench bench;
    const std::uint32_t number = bench.ledger.add(0, Way::down, 2, 0, kNow);
    bench.checks.queued(number, 1);  // subscribed at QoS 1
    bench.comes_down(number);
    ASSERT_KEPT(bench.comes_down(number));
}

void a_broker_that_forgets_excuses_qos_2_that_was_not_finished(void**) {
    ChecksBench bench;
    const std::uint32_t finished = bench.up(2);
    bench.published(finished);
    bench.delivered(finished);
    bench.up(2);
    bench.checks.broker_lost_memory();
    ASSERT_KEPT(bench.at_the_end());
    ASSERT_BREACH(bench.published(finished), "came 2 times");
    bench.up(1);  // PUBACK was given when it was published: no excuse
    bench.checks.broker_lost_memory();
    ASSERT_BREACH(bench.at_the_end(), "message 2 (QoS 1 of a, sent at 0.001 s) was lost");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(qos_2_comes_once),
        cmocka_unit_test(qos_1_may_come_again),
        cmocka_unit_test(qos_0_comes_no_more_often_than_the_link_delivered_it),
        cmocka_unit_test(qos_0_that_the_link_never_delivered_cannot_have_come),
        cmocka_unit_test(a_device_that_forgot_may_get_qos_2_again_until_the_broker_knows),
        cmocka_unit_test(messages_of_one_topic_keep_their_order),
        cmocka_unit_test(nobody_waits_for_the_order_of_what_is_given_up),
        cmocka_unit_test(qos_0_may_overtake),
        cmocka_unit_test(a_message_comes_to_whom_and_under_what_it_was_sent),
        cmocka_unit_test(the_broker_gets_what_was_sent_from_whom_and_under_what),
        cmocka_unit_test(qos_minus_one_comes_from_the_gateway_itself),
        cmocka_unit_test(a_device_is_told_only_of_what_the_broker_has),
        cmocka_unit_test(a_message_is_not_refused),
        cmocka_unit_test(what_a_clean_session_discards_may_be_lost),
        cmocka_unit_test(the_broker_is_told_only_of_what_the_device_has),
        cmocka_unit_test(each_drop_that_the_gateway_counts_excuses_one_message),
        cmocka_unit_test(what_is_owed_must_have_come),
        cmocka_unit_test(what_nobody_owes_need_not_come),
        cmocka_unit_test(the_qos_of_the_delivery_counts),
        cmocka_unit_test(a_broker_that_forgets_excuses_qos_2_that_was_not_finished),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
