// SPDX-License-Identifier: BSD-3-Clause
#include "device.hpp"

using test::Device;

namespace {

void fall_asleep(Device& d) {
    d.connect(false);
    assert_int_equal(mqttsn_sleep(&d.client, 300), MQTTSN_OK);
    EXPECT_OUT(d, "04 18 01 2C");
    EXPECT_IN(d, "02 18");
    EXPECT_EVENT(d, "ASLEEP");
    EXPECT_STATE(d, ASLEEP);
}

// SN12-103.
void disconnect_reply_to_a_wish_to_sleep_means_asleep(void**) {
    Device d;
    fall_asleep(d);
    assert_int_equal(d.timeout(), UINT32_MAX);  // no keep-alive, nothing to do until we wake up
    EXPECT_QUIET(d);
}

// Paho issue 169: the permit to sleep was lost and the node waited for ever.
void lost_permit_to_sleep_is_asked_for_again_and_bounded(void**) {
    Device d;
    d.connect();
    assert_int_equal(mqttsn_sleep(&d.client, 300), MQTTSN_OK);
    for (int transmission = 0; transmission < 4; ++transmission) {
        EXPECT_OUT(d, "04 18 01 2C");
        EXPECT_STATE(d, FALLING_ASLEEP);
        d.advance_to_timeout();
    }
    EXPECT_QUIET(d);
    EXPECT_EVENT(d, "LOST");
    assert_int_equal(d.event.code, MQTTSN_LOST_SLEEP);
}

// SN12-105, SN12-106.
void wake_up_without_messages_ends_at_once(void**) {
    Device d;
    fall_asleep(d);
    assert_int_equal(mqttsn_wake(&d.client), MQTTSN_OK);
    EXPECT_IGNORED(d, "02 17");  // PINGREQ has not been sent
    EXPECT_OUT(d, "06 16 64 65 76 31");
    EXPECT_STATE(d, AWAKE);
    EXPECT_IN(d, "02 17");
    EXPECT_EVENT(d, "AWAKE_DONE");
    EXPECT_STATE(d, ASLEEP);
    assert_int_equal(d.timeout(), UINT32_MAX);
}

// SN12-107: the timer starts again with every message, PINGRESP ends it. D15: REGISTER, PUBLISH and both QoS.
void wake_up_fetches_all_messages_before_it_ends(void**) {
    Device d;
    fall_asleep(d);
    assert_int_equal(mqttsn_wake(&d.client), MQTTSN_OK);
    EXPECT_OUT(d, "06 16 64 65 76 31");
    d.now += 999;
    EXPECT_IN(d, "09 0A 00 10 00 05 61 2F 62");
    EXPECT_OUT(d, "07 0B 00 10 00 05 00");
    d.now += 999;
    EXPECT_IN(d, "09 0C 20 00 10 00 07 68 69");
    EXPECT_EVENT(d, "MESSAGE");
    EXPECT_OUT(d, "07 0D 00 10 00 07 00");
    EXPECT_QUIET(d);
    d.now += 999;
    EXPECT_IN(d, "09 0C 40 00 10 00 08 68 6F");
    EXPECT_EVENT(d, "MESSAGE");
    EXPECT_OUT(d, "04 0F 00 08");
    EXPECT_IN(d, "04 10 00 08");
    EXPECT_OUT(d, "04 0E 00 08");
    d.now += 999;
    EXPECT_QUIET(d);
    d.now += 1;
    EXPECT_OUT(d, "06 16 64 65 76 31");
    EXPECT_IN(d, "02 17");
    EXPECT_EVENT(d, "AWAKE_DONE");
}

// TRAP-29: Bisquitt sends all it has at once and ends the wake-up before QoS 2 is through. What is open goes
// on in the next one, and is not delivered again.
void wake_up_that_ends_before_qos2_is_through_goes_on_in_the_next(void**) {
    Device d;
    fall_asleep(d);
    assert_int_equal(mqttsn_wake(&d.client), MQTTSN_OK);
    d.out();
    EXPECT_IN(d, "08 0C 21 00 05 00 07 78");
    EXPECT_EVENT(d, "MESSAGE");
    EXPECT_OUT(d, "07 0D 00 05 00 07 00");
    EXPECT_IN(d, "08 0C 41 00 05 00 08 79");
    EXPECT_EVENT(d, "MESSAGE");
    EXPECT_OUT(d, "04 0F 00 08");
    EXPECT_IN(d, "02 17");
    EXPECT_EVENT(d, "AWAKE_DONE");
    EXPECT_STATE(d, ASLEEP);
    EXPECT_QUIET(d);
    assert_int_equal(mqttsn_wake(&d.client), MQTTSN_OK);
    d.out();
    EXPECT_IN(d, "08 0C C1 00 05 00 08 79");
    EXPECT_NO_EVENT(d);
    EXPECT_OUT(d, "04 0F 00 08");
    EXPECT_IN(d, "04 10 00 08");
    EXPECT_OUT(d, "04 0E 00 08");
    EXPECT_IN(d, "02 17");
    EXPECT_EVENT(d, "AWAKE_DONE");
}

void every_message_of_a_wake_up_starts_the_count_anew(void**) {
    Device d;
    fall_asleep(d);
    assert_int_equal(mqttsn_wake(&d.client), MQTTSN_OK);
    for (int transmission = 0; transmission < 4; ++transmission) {
        EXPECT_OUT(d, "06 16 64 65 76 31");
        d.now += 999;
        EXPECT_QUIET(d);
        if (transmission < 3) {
            d.advance_to_timeout();
        }
    }
    EXPECT_IN(d, "02 16");
    EXPECT_OUT(d, "02 17");
    for (int repetition = 0; repetition < 3; ++repetition) {
        d.advance_to_timeout();
        EXPECT_OUT(d, "06 16 64 65 76 31");
    }
    d.advance_to_timeout();
    EXPECT_OUT(d, "0A 04 00 01 00 3C 64 65 76 31");
}

/// CONNECT, not clean; what is queued; asleep again; the wake-up that was asked for.
void expect_fall_back(Device& d) {
    EXPECT_OUT(d, "0A 04 00 01 00 3C 64 65 76 31");
    EXPECT_STATE(d, CONNECTING);
    EXPECT_IN(d, "03 05 00");
    EXPECT_EVENT(d, "CONNECTED");
    EXPECT_OUT(d, "0C 0A 00 00 00 01 61 2F 62 20 20 20");  // the gateway may have forgotten ids as well
    EXPECT_IN(d, "07 0B 00 11 00 01 00");
    EXPECT_OUT(d, "09 0C 20 00 11 00 02 68 69");
    EXPECT_IN(d, "07 0D 00 11 00 02 00");
    EXPECT_EVENT(d, "DELIVERED");
    EXPECT_OUT(d, "04 18 01 2C");
    EXPECT_IN(d, "02 18");
    EXPECT_NO_EVENT(d);
    EXPECT_STATE(d, AWAKE);
    EXPECT_OUT(d, "06 16 64 65 76 31");
    EXPECT_IN(d, "08 0C 01 00 05 00 00 78");
    EXPECT_EVENT(d, "MESSAGE");
    EXPECT_IN(d, "02 17");
    EXPECT_EVENT(d, "AWAKE_DONE");
    EXPECT_STATE(d, ASLEEP);
}

// Paho issue 157: the gateway forgot the sleeper.
// SN12-98, TRAP-48
void sleeper_that_the_gateway_forgot_connects_again_and_ends_its_wake_up(void**) {
    Device d;
    fall_asleep(d);
    d.publish(mqttsn_topic_name("a/b   "), "hi", 1);
    assert_int_equal(mqttsn_wake(&d.client), MQTTSN_OK);
    EXPECT_OUT(d, "06 16 64 65 76 31");
    EXPECT_IN(d, "02 18");
    expect_fall_back(d);
}

void sleeper_that_is_not_answered_connects_again_and_ends_its_wake_up(void**) {
    Device d;
    fall_asleep(d);
    d.publish(mqttsn_topic_name("a/b   "), "hi", 1);
    assert_int_equal(mqttsn_wake(&d.client), MQTTSN_OK);
    for (int transmission = 0; transmission < 4; ++transmission) {
        EXPECT_OUT(d, "06 16 64 65 76 31");
        d.advance_to_timeout();
    }
    expect_fall_back(d);
}

void sleeper_that_nobody_answers_is_lost_in_the_end(void**) {
    Device d;
    fall_asleep(d);
    assert_int_equal(mqttsn_wake(&d.client), MQTTSN_OK);
    for (int transmission = 0; transmission < 4; ++transmission) {
        EXPECT_OUT(d, "06 16 64 65 76 31");
        d.advance_to_timeout();
    }
    for (int transmission = 0; transmission < 4; ++transmission) {
        EXPECT_OUT(d, "0A 04 00 01 00 3C 64 65 76 31");
        d.advance_to_timeout();
    }
    EXPECT_QUIET(d);
    EXPECT_EVENT(d, "LOST");
    assert_int_equal(d.event.code, MQTTSN_LOST_CONNECT);
    EXPECT_STATE(d, DISCONNECTED);
    assert_int_equal(d.timeout(), UINT32_MAX);
}

// SN12-104: nothing is to come; what comes all the same is for the next wake-up.
void sleeping_client_hears_and_answers_nothing(void**) {
    Device d;
    fall_asleep(d);
    EXPECT_IGNORED(d, "08 0C 21 00 05 00 07 78");
    EXPECT_IGNORED(d, "02 16");
    EXPECT_IGNORED(d, "02 17");
    EXPECT_QUIET(d);
}

void sleep_waits_until_what_is_queued_is_delivered(void**) {
    Device d;
    d.connect();
    d.publish(mqttsn_topic_predefined(1), "a", 1);
    d.publish(mqttsn_topic_predefined(1), "b", 0);
    assert_int_equal(mqttsn_sleep(&d.client, 300), MQTTSN_OK);
    EXPECT_OUT(d, "08 0C 21 00 01 00 01 61");
    EXPECT_QUIET(d);
    assert_in_range(d.timeout(), 1, 1250);
    EXPECT_IN(d, "07 0D 00 01 00 01 00");
    EXPECT_EVENT(d, "DELIVERED");
    EXPECT_OUT(d, "08 0C 01 00 01 00 00 62");
    EXPECT_QUIET(d);
    EXPECT_EVENT(d, "DELIVERED");
    EXPECT_OUT(d, "04 18 01 2C");
}

void congestion_does_not_keep_a_device_awake(void**) {
    Device d;
    d.connect(false);
    d.publish(mqttsn_topic_predefined(1), "a", 1);
    d.out();
    EXPECT_IN(d, "07 0D 00 01 00 01 01");
    assert_int_equal(mqttsn_sleep(&d.client, 300), MQTTSN_OK);
    EXPECT_OUT(d, "04 18 01 2C");
    EXPECT_IN(d, "02 18");
    EXPECT_EVENT(d, "ASLEEP");
    d.now += 2 * Device::kWaitMs;
    EXPECT_QUIET(d);
    assert_int_equal(d.timeout(), UINT32_MAX);
    d.connect(false);
    EXPECT_OUT(d, "08 0C A1 00 01 00 01 61");
}

// SN12-109: to send something a sleeper goes to active. D20: topic ids outlive the sleep.
void publication_of_a_sleeper_leaves_when_it_connects_and_needs_no_register(void**) {
    Device d;
    d.connect(false);
    EXPECT_IN(d, "09 0A 00 10 00 05 61 2F 62");
    d.out();
    assert_int_equal(mqttsn_sleep(&d.client, 300), MQTTSN_OK);
    d.out();
    EXPECT_IN(d, "02 18");
    EXPECT_EVENT(d, "ASLEEP");
    d.publish(mqttsn_topic_name("a/b"), "hi", 1);
    EXPECT_QUIET(d);
    assert_int_equal(d.timeout(), UINT32_MAX);
    d.connect(false);
    EXPECT_OUT(d, "09 0C 20 00 10 00 01 68 69");
}

// SN12-108.
void sleeper_may_change_its_duration_or_leave(void**) {
    Device d;
    fall_asleep(d);
    assert_int_equal(mqttsn_sleep(&d.client, 600), MQTTSN_OK);
    EXPECT_OUT(d, "04 18 02 58");
    assert_int_equal(mqttsn_sleep(&d.client, 700), MQTTSN_ERR_STATE);
    EXPECT_IN(d, "02 18");
    EXPECT_EVENT(d, "ASLEEP");
    assert_int_equal(mqttsn_disconnect(&d.client), MQTTSN_OK);
    EXPECT_OUT(d, "02 18");
    EXPECT_IN(d, "02 18");
    EXPECT_EVENT(d, "CLOSED");
}

// SN12-98: before DISCONNECT(duration) has left, a DISCONNECT cannot be its answer.
void unasked_disconnect_is_not_taken_for_a_permit_to_sleep(void**) {
    Device d;
    d.connect();
    assert_int_equal(mqttsn_sleep(&d.client, 300), MQTTSN_OK);
    EXPECT_IN(d, "02 18");
    EXPECT_EVENT(d, "DISCONNECTED");
}

// "Publish a reading, then sleep" in any state.
void sleep_of_a_disconnected_device_connects_and_delivers_first(void**) {
    Device d;
    d.publish(mqttsn_topic_predefined(1), "a", 1);
    assert_int_equal(mqttsn_sleep(&d.client, 300), MQTTSN_OK);
    EXPECT_STATE(d, CONNECTING);
    EXPECT_OUT(d, "0A 04 00 01 00 3C 64 65 76 31");
    EXPECT_IN(d, "03 05 00");
    EXPECT_EVENT(d, "CONNECTED");
    EXPECT_OUT(d, "08 0C 21 00 01 00 01 61");
    EXPECT_IN(d, "07 0D 00 01 00 01 00");
    EXPECT_EVENT(d, "DELIVERED");
    EXPECT_OUT(d, "04 18 01 2C");
    EXPECT_IN(d, "02 18");
    EXPECT_EVENT(d, "ASLEEP");
    // Asleep with nothing to say: only the duration. With something: CONNECT again (SN12-109).
    assert_int_equal(mqttsn_sleep(&d.client, 301), MQTTSN_OK);
    EXPECT_OUT(d, "04 18 01 2D");
    EXPECT_IN(d, "02 18");
    EXPECT_EVENT(d, "ASLEEP");
    d.publish(mqttsn_topic_predefined(1), "b", 0);
    assert_int_equal(mqttsn_sleep(&d.client, 302), MQTTSN_OK);
    EXPECT_OUT(d, "0A 04 00 01 00 3C 64 65 76 31");
    EXPECT_IN(d, "03 05 01");
    EXPECT_EVENT(d, "REFUSED");
    EXPECT_QUIET(d);
    EXPECT_STATE(d, DISCONNECTED);
    // A connection of its own later has no such goal any more.
    d.connect(false);
    EXPECT_OUT(d, "08 0C 01 00 01 00 00 62");
    EXPECT_EVENT(d, "DELIVERED");
    EXPECT_QUIET(d);
    EXPECT_STATE(d, ACTIVE);
}

void sleep_and_wake_in_the_wrong_state_are_refused(void**) {
    Device d;
    assert_int_equal(mqttsn_wake(&d.client), MQTTSN_ERR_STATE);
    assert_int_equal(mqttsn_connect(&d.client, false), MQTTSN_OK);
    assert_int_equal(mqttsn_sleep(&d.client, 300), MQTTSN_ERR_STATE);
    d.restart();
    d.connect();
    assert_int_equal(mqttsn_wake(&d.client), MQTTSN_ERR_STATE);
    assert_int_equal(mqttsn_sleep(&d.client, 0), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_disconnect(&d.client), MQTTSN_OK);
    assert_int_equal(mqttsn_sleep(&d.client, 300), MQTTSN_ERR_STATE);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(disconnect_reply_to_a_wish_to_sleep_means_asleep),
        cmocka_unit_test(lost_permit_to_sleep_is_asked_for_again_and_bounded),
        cmocka_unit_test(wake_up_without_messages_ends_at_once),
        cmocka_unit_test(wake_up_fetches_all_messages_before_it_ends),
        cmocka_unit_test(wake_up_that_ends_before_qos2_is_through_goes_on_in_the_next),
        cmocka_unit_test(every_message_of_a_wake_up_starts_the_count_anew),
        cmocka_unit_test(sleeper_that_the_gateway_forgot_connects_again_and_ends_its_wake_up),
        cmocka_unit_test(sleeper_that_is_not_answered_connects_again_and_ends_its_wake_up),
        cmocka_unit_test(sleeper_that_nobody_answers_is_lost_in_the_end),
        cmocka_unit_test(sleep_of_a_disconnected_device_connects_and_delivers_first),
        cmocka_unit_test(sleeping_client_hears_and_answers_nothing),
        cmocka_unit_test(sleep_waits_until_what_is_queued_is_delivered),
        cmocka_unit_test(congestion_does_not_keep_a_device_awake),
        cmocka_unit_test(publication_of_a_sleeper_leaves_when_it_connects_and_needs_no_register),
        cmocka_unit_test(sleeper_may_change_its_duration_or_leave),
        cmocka_unit_test(unasked_disconnect_is_not_taken_for_a_permit_to_sleep),
        cmocka_unit_test(sleep_and_wake_in_the_wrong_state_are_refused),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
