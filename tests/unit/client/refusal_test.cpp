// SPDX-License-Identifier: BSD-3-Clause
//
// What the client does when the gateway refuses a REGISTER or a PUBLISH (SN12-72, SN12-76, SN12-79).
#include "device.hpp"

using test::Device;

namespace {

mqttsn_topic name() {
    return mqttsn_topic_name("a/b");
}

/// Connected, "a/b" registered as 0010 under message id 1; the next message id is 3.
void connect_and_register(Device& d) {
    d.connect();
    d.publish(name(), "hi", 1);
    EXPECT_OUT(d, "09 0A 00 00 00 01 61 2F 62");
    EXPECT_IN(d, "07 0B 00 10 00 01 00");
    EXPECT_OUT(d, "09 0C 20 00 10 00 02 68 69");
    EXPECT_IN(d, "07 0D 00 10 00 02 00");
    EXPECT_EVENT(d, "DELIVERED");
}

// SN12-76: PUBACK 01, nothing for T_WAIT, then the same message id.
void congestion_holds_the_queue_off_and_repeats_the_message(void**) {
    Device d;
    d.connect();
    d.publish(mqttsn_topic_predefined(1), "x", 2);
    d.publish(mqttsn_topic_predefined(2), "y", -1);
    EXPECT_OUT(d, "08 0C 61 00 02 00 00 79");
    EXPECT_EVENT(d, "DELIVERED");
    EXPECT_OUT(d, "08 0C 41 00 01 00 01 78");
    EXPECT_IN(d, "07 0D 00 01 00 01 01");
    EXPECT_NO_EVENT(d);
    EXPECT_IGNORED(d, "07 0D 00 01 00 01 01");  // the same again does not start the wait anew
    d.publish(mqttsn_topic_predefined(2), "y", -1);
    EXPECT_QUIET(d);
    d.now += 58750;
    EXPECT_OUT(d, "02 16");  // keep-alive goes on
    EXPECT_IN(d, "02 17");
    assert_int_equal(d.timeout(), Device::kWaitMs - 58750);
    d.now += Device::kWaitMs - 58750 - 1;
    EXPECT_QUIET(d);
    d.now += 1;
    EXPECT_OUT(d, "08 0C 61 00 02 00 00 79");
    EXPECT_OUT(d, "08 0C C1 00 01 00 01 78");
    EXPECT_EVENT(d, "DELIVERED");
    EXPECT_IN(d, "04 0F 00 01");
    EXPECT_OUT(d, "04 10 00 01");
}

// SN12-72
void congestion_on_register_holds_off_too(void**) {
    Device d;
    d.connect();
    d.publish(name(), "hi", 0);
    EXPECT_OUT(d, "09 0A 00 00 00 01 61 2F 62");
    EXPECT_IN(d, "07 0B 00 00 00 01 01");
    EXPECT_QUIET(d);
    d.now += 58750;
    d.out();
    EXPECT_IN(d, "02 17");
    d.now += Device::kWaitMs - 58750;
    EXPECT_OUT(d, "09 0A 00 00 00 02 61 2F 62");
}

void congestion_answering_qos0_holds_off_the_next_one(void**) {
    Device d;
    d.connect();
    d.publish(mqttsn_topic_predefined(1), "x", 0);
    d.out();
    EXPECT_EVENT(d, "DELIVERED");
    EXPECT_IN(d, "07 0D 00 01 00 00 01");
    d.publish(mqttsn_topic_predefined(1), "y", 0);
    EXPECT_QUIET(d);
    d.now += 58750;
    d.out();
    EXPECT_IN(d, "02 17");
    d.now += Device::kWaitMs - 58750;
    EXPECT_OUT(d, "08 0C 01 00 01 00 00 79");
}

// SN12-76, D41: register again, then the same message id.
void forgotten_topic_id_is_registered_again(void**) {
    Device d;
    connect_and_register(d);
    d.publish(name(), "ho", 1);
    EXPECT_OUT(d, "09 0C 20 00 10 00 03 68 6F");
    EXPECT_IN(d, "07 0D 00 10 00 03 02");
    EXPECT_OUT(d, "09 0A 00 00 00 04 61 2F 62");
    EXPECT_IGNORED(d, "07 0D 00 10 00 03 02");  // the answer to a repetition
    EXPECT_IN(d, "07 0B 00 11 00 04 00");
    EXPECT_OUT(d, "09 0C A0 00 11 00 03 68 6F");
    EXPECT_IGNORED(d, "07 0D 00 10 00 03 02");  // still about the old id
    EXPECT_IN(d, "07 0D 00 11 00 03 00");
    EXPECT_EVENT(d, "DELIVERED");
    assert_int_equal(d.event.code, MQTTSN_ACCEPTED);
}

void topic_id_refused_twice_ends_the_publication(void**) {
    Device d;
    connect_and_register(d);
    d.publish(name(), "ho", 1);
    d.out();
    EXPECT_IN(d, "07 0D 00 10 00 03 02");
    d.out();
    EXPECT_IN(d, "07 0B 00 11 00 04 00");
    d.out();
    EXPECT_IN(d, "07 0D 00 11 00 03 02");
    EXPECT_EVENT(d, "DELIVERED");
    assert_int_equal(d.event.code, MQTTSN_REJECTED_INVALID_TOPIC_ID);
}

void forgotten_topic_id_of_a_qos0_message_is_registered_for_the_next_one(void**) {
    Device d;
    connect_and_register(d);
    d.publish(name(), "ho", 0);
    EXPECT_OUT(d, "09 0C 00 00 10 00 00 68 6F");
    EXPECT_EVENT(d, "DELIVERED");
    EXPECT_IN(d, "07 0D 00 10 00 00 02");
    d.publish(name(), "ho", 0);
    EXPECT_OUT(d, "09 0A 00 00 00 03 61 2F 62");
}

// SN12-79: registering cannot cure it. D27: PUBACK also refuses QoS 2.
void unknown_predefined_id_ends_the_publication(void**) {
    Device d;
    d.connect();
    d.publish(mqttsn_topic_predefined(1), "x", 2);
    d.out();
    EXPECT_IN(d, "07 0D 00 01 00 01 02");
    EXPECT_EVENT(d, "DELIVERED");
    assert_int_equal(d.event.code, MQTTSN_REJECTED_INVALID_TOPIC_ID);
}

// TRAP-17, TRAP-23
void other_refusals_end_the_publication_with_their_code(void**) {
    Device d;
    d.connect();
    d.publish(mqttsn_topic_predefined(1), "x", 1);
    d.out();
    EXPECT_IN(d, "07 0D 00 00 00 01 03");  // RSMB always writes topic id 0
    EXPECT_EVENT(d, "DELIVERED");
    assert_int_equal(d.event.code, MQTTSN_REJECTED_NOT_SUPPORTED);
    d.publish(name(), "x", 1);
    d.out();
    EXPECT_IN(d, "07 0B 00 00 00 02 83");  // reserved codes are refusals, too
    EXPECT_EVENT(d, "DELIVERED");
    assert_int_equal(d.event.code, 0x83);
    EXPECT_QUIET(d);
}

void hold_off_outlives_the_connection(void**) {
    Device d;
    d.connect();
    d.publish(mqttsn_topic_predefined(1), "x", 1);
    d.out();
    EXPECT_IN(d, "07 0D 00 01 00 01 01");
    d.now += 10000;
    EXPECT_IN(d, "02 18");
    EXPECT_EVENT(d, "DISCONNECTED");
    d.connect(false);
    EXPECT_QUIET(d);
    assert_int_equal(d.timeout(), Device::kWaitMs - 10000);
    d.advance_to_timeout();
    EXPECT_OUT(d, "08 0C A1 00 01 00 01 78");
}

// A new connection may have a new gateway behind it: the one repair of a topic id is available again.
void topic_id_may_be_repaired_once_per_connection(void**) {
    Device d;
    connect_and_register(d);
    d.publish(name(), "ho", 1);
    d.out();
    EXPECT_IN(d, "07 0D 00 10 00 03 02");
    d.out();
    EXPECT_IN(d, "02 18");
    EXPECT_EVENT(d, "DISCONNECTED");
    d.connect(false);
    EXPECT_OUT(d, "09 0A 00 00 00 05 61 2F 62");
    EXPECT_IN(d, "07 0B 00 11 00 05 00");
    EXPECT_OUT(d, "09 0C A0 00 11 00 03 68 6F");
    EXPECT_IN(d, "07 0D 00 11 00 03 02");
    EXPECT_NO_EVENT(d);
    EXPECT_OUT(d, "09 0A 00 00 00 06 61 2F 62");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(congestion_holds_the_queue_off_and_repeats_the_message),
        cmocka_unit_test(congestion_on_register_holds_off_too),
        cmocka_unit_test(congestion_answering_qos0_holds_off_the_next_one),
        cmocka_unit_test(forgotten_topic_id_is_registered_again),
        cmocka_unit_test(topic_id_refused_twice_ends_the_publication),
        cmocka_unit_test(forgotten_topic_id_of_a_qos0_message_is_registered_for_the_next_one),
        cmocka_unit_test(unknown_predefined_id_ends_the_publication),
        cmocka_unit_test(other_refusals_end_the_publication_with_their_code),
        cmocka_unit_test(hold_off_outlives_the_connection),
        cmocka_unit_test(topic_id_may_be_repaired_once_per_connection),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
