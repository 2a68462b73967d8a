// SPDX-License-Identifier: BSD-3-Clause
//
// What deployed gateways do to a device that the specification does not say, or forbids.
#include "device.hpp"

using test::Device;

namespace {

void fall_asleep(Device& d) {
    d.connect(false);
    assert_int_equal(mqttsn_sleep(&d.client, 300), MQTTSN_OK);
    EXPECT_OUT(d, "04 18 01 2C");
    EXPECT_IN(d, "02 18");
    EXPECT_EVENT(d, "ASLEEP");
}

// TRAP-36, D38: retained messages of a new subscription may be faster than its SUBACK.
void register_and_publish_may_come_before_the_suback(void**) {
    Device d;
    d.connect();
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_name("a/#"), 1, nullptr), MQTTSN_OK);
    EXPECT_OUT(d, "08 12 20 00 01 61 2F 23");
    EXPECT_IN(d, "09 0A 00 10 00 05 61 2F 62");
    EXPECT_OUT(d, "07 0B 00 10 00 05 00");
    EXPECT_IN(d, "09 0C 30 00 10 00 06 68 69");
    EXPECT_EVENT(d, "MESSAGE");
    EXPECT_OUT(d, "07 0D 00 10 00 06 00");
    EXPECT_IN(d, "08 13 20 00 00 00 01 00");
    EXPECT_EVENT(d, "SUBSCRIBED");
}

// TRAP-42: the id of another request is not the answer; the request is repeated, and answered.
void suback_with_another_message_id_answers_nothing(void**) {
    Device d;
    d.connect();
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_name("a/#"), 1, nullptr), MQTTSN_OK);
    EXPECT_OUT(d, "08 12 20 00 01 61 2F 23");
    EXPECT_IGNORED(d, "08 13 20 00 00 00 00 00");
    EXPECT_IGNORED(d, "08 13 20 00 00 00 02 00");
    d.advance_to_timeout();
    EXPECT_OUT(d, "08 12 A0 00 01 61 2F 23");
    EXPECT_IN(d, "08 13 20 00 00 00 01 00");
    EXPECT_EVENT(d, "SUBSCRIBED");
}

// D36: Paho and cc.mqttsn echo a short name as topic id. It must not become a normal id.
void echoed_short_name_in_a_suback_is_not_a_topic_id(void**) {
    Device d;
    d.connect();
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_short("ab"), 1, nullptr), MQTTSN_OK);
    EXPECT_OUT(d, "07 12 22 00 01 61 62");
    EXPECT_IN(d, "08 13 20 61 62 00 01 00");
    EXPECT_EVENT(d, "SUBSCRIBED");
    EXPECT_IN(d, "08 0C 20 61 62 00 07 78");
    EXPECT_NO_EVENT(d);
    EXPECT_OUT(d, "07 0D 61 62 00 07 02");
}

// TRAP-12, SN12-38: QoS 0 and -1 with a message id are dropped by the Paho gateway.
void qos0_and_minus_one_leave_with_message_id_0(void**) {
    Device d;
    d.publish(mqttsn_topic_predefined(1), "x", -1);
    EXPECT_OUT(d, "08 0C 61 00 01 00 00 78");
    EXPECT_EVENT(d, "DELIVERED");
    d.connect();
    d.publish(mqttsn_topic_predefined(1), "y", 0);
    EXPECT_OUT(d, "08 0C 01 00 01 00 00 79");
    EXPECT_EVENT(d, "DELIVERED");
}

// TRAP-13, D28: what expects an answer never has message id 0, also not after FFFF.
void requests_never_have_message_id_0(void**) {
    Device d;
    d.config.first_message_id = 0xFFFF;
    d.restart();
    d.connect();
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_predefined(1), 1, nullptr), MQTTSN_OK);
    EXPECT_OUT(d, "07 12 21 FF FF 00 01");
    EXPECT_IN(d, "08 13 20 00 01 FF FF 00");
    EXPECT_EVENT(d, "SUBSCRIBED");
    d.publish(mqttsn_topic_predefined(1), "x", 1);
    EXPECT_OUT(d, "08 0C 21 00 01 00 01 78");
}

// A gateway may number QoS 0 as it likes (D28); it is delivered and not acknowledged.
void qos0_message_with_a_message_id_is_delivered_and_not_acknowledged(void**) {
    Device d;
    d.connect();
    EXPECT_IN(d, "08 0C 01 00 05 00 07 78");
    EXPECT_EVENT(d, "MESSAGE");
    EXPECT_QUIET(d);
}

// TRAP-17, TRAP-53, TRAP-32: RSMB writes topic id 0, cc.mqttsn that of another PUBLISH. The message id
// counts.
void puback_counts_by_its_message_id_whatever_topic_id_it_has(void**) {
    for (const char* topic_id : {"00 00", "00 63"}) {
        Device d;
        d.connect();
        d.publish(mqttsn_topic_predefined(1), "x", 1);
        EXPECT_OUT(d, "08 0C 21 00 01 00 01 78");
        EXPECT_IN(d, "07 0D " + std::string(topic_id) + " 00 01 00");
        EXPECT_EVENT(d, "DELIVERED");
        assert_int_equal(d.event.code, 0);
    }
}

// TRAP-17, D41
void puback_with_topic_id_0_and_an_unknown_id_makes_the_name_registered_again(void**) {
    Device d;
    d.connect();
    d.publish(mqttsn_topic_name("a/b"), "hi", 1);
    EXPECT_OUT(d, "09 0A 00 00 00 01 61 2F 62");
    EXPECT_IN(d, "07 0B 00 10 00 01 00");
    EXPECT_OUT(d, "09 0C 20 00 10 00 02 68 69");
    EXPECT_IN(d, "07 0D 00 00 00 02 02");
    EXPECT_OUT(d, "09 0A 00 00 00 03 61 2F 62");
    EXPECT_IN(d, "07 0B 00 11 00 03 00");
    EXPECT_OUT(d, "09 0C A0 00 11 00 02 68 69");
    EXPECT_IN(d, "07 0D 00 11 00 02 00");
    EXPECT_EVENT(d, "DELIVERED");
}

// TRAP-18: RSMB says nothing about an id it does not know. The loss is told, and the next connection
// registers anew (RSMB wipes ids at each CONNECT, D21).
void publication_that_nobody_answers_is_kept_and_registered_anew(void**) {
    Device d;
    d.config.retry_count = 1;
    d.connect(false);
    EXPECT_IN(d, "09 0A 00 10 00 05 61 2F 62");
    EXPECT_OUT(d, "07 0B 00 10 00 05 00");
    d.publish(mqttsn_topic_name("a/b"), "hi", 1);
    EXPECT_OUT(d, "09 0C 20 00 10 00 01 68 69");
    d.advance_to_timeout();
    EXPECT_OUT(d, "09 0C A0 00 10 00 01 68 69");
    d.advance_to_timeout();
    EXPECT_QUIET(d);
    EXPECT_EVENT(d, "LOST");
    d.connect(false);
    EXPECT_OUT(d, "09 0A 00 00 00 02 61 2F 62");
    EXPECT_IN(d, "07 0B 00 20 00 02 00");
    EXPECT_OUT(d, "09 0C A0 00 20 00 01 68 69");
    EXPECT_IN(d, "07 0D 00 20 00 01 00");
    EXPECT_EVENT(d, "DELIVERED");
}

// TRAP-27: Bisquitt ends the session of who uses an id that it does not know.
void publication_that_ends_the_session_is_delivered_by_the_next(void**) {
    Device d;
    d.connect(false);
    d.publish(mqttsn_topic_predefined(1), "x", 1);
    EXPECT_OUT(d, "08 0C 21 00 01 00 01 78");
    EXPECT_IN(d, "02 18");
    EXPECT_EVENT(d, "DISCONNECTED");
    d.connect(false);
    EXPECT_OUT(d, "08 0C A1 00 01 00 01 78");
    EXPECT_IN(d, "07 0D 00 01 00 01 00");
    EXPECT_EVENT(d, "DELIVERED");
}

// SN12-48, SN12-98: one message, three meanings, three events.
void disconnect_is_a_permit_to_sleep_an_answer_or_the_end(void**) {
    Device d;
    fall_asleep(d);
    d.connect(false);
    EXPECT_IN(d, "02 18");
    EXPECT_EVENT(d, "DISCONNECTED");
    EXPECT_STATE(d, DISCONNECTED);
    d.connect(false);
    assert_int_equal(mqttsn_disconnect(&d.client), MQTTSN_OK);
    EXPECT_OUT(d, "02 18");
    EXPECT_IN(d, "02 18");
    EXPECT_EVENT(d, "CLOSED");
    EXPECT_IGNORED(d, "02 18");  // a fourth has nothing to say, and is never answered (D23)
    EXPECT_QUIET(d);
}

// TRAP-21: EMQX ends the session that another CONNECT finds open. The repetition of CONNECT begins the new
// one.
void connect_answered_by_disconnect_is_repeated(void**) {
    Device d;
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    EXPECT_OUT(d, "0A 04 04 01 00 3C 64 65 76 31");
    EXPECT_IGNORED(d, "02 18");
    EXPECT_STATE(d, CONNECTING);
    EXPECT_QUIET(d);
    d.advance_to_timeout();
    EXPECT_OUT(d, "0A 04 04 01 00 3C 64 65 76 31");
    EXPECT_IN(d, "03 05 00");
    EXPECT_EVENT(d, "CONNECTED");
}

// TRAP-23: EMQX has return codes 80 to 84. They are refusals, and reach the application as they came.
void return_codes_beyond_the_specification_are_refusals(void**) {
    Device d;
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    d.out();
    EXPECT_IN(d, "03 05 80");
    EXPECT_EVENT(d, "REFUSED");
    assert_int_equal(d.event.code, 0x80);
    d.connect();
    d.publish(mqttsn_topic_predefined(1), "x", 1);
    EXPECT_OUT(d, "08 0C 21 00 01 00 01 78");
    EXPECT_IN(d, "07 0D 00 01 00 01 84");
    EXPECT_EVENT(d, "DELIVERED");
    assert_int_equal(d.event.code, 0x84);
    d.publish(mqttsn_topic_name("a/b"), "x", 1);
    EXPECT_OUT(d, "09 0A 00 00 00 02 61 2F 62");
    EXPECT_IN(d, "07 0B 00 00 00 02 81");
    EXPECT_EVENT(d, "DELIVERED");
    assert_int_equal(d.event.code, 0x81);
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_predefined(1), 1, nullptr), MQTTSN_OK);
    EXPECT_OUT(d, "07 12 21 00 03 00 01");
    EXPECT_IN(d, "08 13 00 00 00 00 03 82");
    EXPECT_EVENT(d, "SUBSCRIBED");
    assert_int_equal(d.event.code, 0x82);
    EXPECT_QUIET(d);
}

// TRAP-26: Bisquitt refuses keep-alive 0. It is told, and not tried again by itself.
void refused_keep_alive_of_0_is_reported_once(void**) {
    Device d;
    d.config.keep_alive_s = 0;
    d.restart();
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    EXPECT_OUT(d, "0A 04 04 01 00 00 64 65 76 31");
    EXPECT_IN(d, "03 05 03");
    EXPECT_EVENT(d, "REFUSED");
    assert_int_equal(d.event.code, MQTTSN_REJECTED_NOT_SUPPORTED);
    EXPECT_QUIET(d);
    assert_int_equal(d.timeout(), UINT32_MAX);
}

// TRAP-16: Paho and Bisquitt refuse changes of the will.
void refused_change_of_the_will_is_reported_and_harms_nothing(void**) {
    static const mqttsn_will will = {"w/t", "gone", 4, 1, false};
    Device d;
    d.connect();
    assert_int_equal(mqttsn_will_update(&d.client, &will, nullptr), MQTTSN_OK);
    EXPECT_OUT(d, "06 1A 20 77 2F 74");
    EXPECT_IN(d, "03 1B 03");
    EXPECT_EVENT(d, "WILL_UPDATED");
    assert_int_equal(d.event.code, MQTTSN_REJECTED_NOT_SUPPORTED);
    EXPECT_QUIET(d);
    EXPECT_STATE(d, ACTIVE);
}

// SN12-61: answers get lost, and a gateway that wants no will does not ask for one.
void will_handshake_may_be_repeated_or_left_out(void**) {
    static const mqttsn_will will = {"w/t", "gone", 4, 1, true};
    Device d;
    d.config.will = &will;
    d.restart();
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    EXPECT_OUT(d, "0A 04 0C 01 00 3C 64 65 76 31");
    for (int copy = 0; copy < 2; ++copy) {
        EXPECT_IN(d, "02 06");
        EXPECT_OUT(d, "06 07 30 77 2F 74");
    }
    for (int copy = 0; copy < 2; ++copy) {
        EXPECT_IN(d, "02 08");
        EXPECT_OUT(d, "06 09 67 6F 6E 65");
    }
    EXPECT_IN(d, "02 06");  // the gateway begins anew
    EXPECT_OUT(d, "06 07 30 77 2F 74");
    EXPECT_IN(d, "03 05 00");
    EXPECT_EVENT(d, "CONNECTED");
    EXPECT_IGNORED(d, "02 06");  // and now it is too late
    EXPECT_IGNORED(d, "02 08");
    EXPECT_IGNORED(d, "03 05 00");
    EXPECT_IGNORED(d, "03 05 03");
    EXPECT_STATE(d, ACTIVE);
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    EXPECT_OUT(d, "0A 04 0C 01 00 3C 64 65 76 31");
    EXPECT_IN(d, "03 05 00");
    EXPECT_EVENT(d, "CONNECTED");
}

// TRAP-04, SN12-10: peers insist on the 1-octet Length below 256.
void length_has_one_octet_up_to_255_and_three_beyond(void**) {
    const std::string text(300, 'x');
    Device d;
    d.connect();
    for (const std::size_t octets : {247U, 248U, 249U, 250U}) {
        assert_int_equal(
            mqttsn_publish(&d.client, mqttsn_topic_predefined(1), text.data(), octets, 0, false, nullptr),
            MQTTSN_OK);
        const std::string out = d.out();
        EXPECT_EVENT(d, "DELIVERED");
        const std::size_t size = (out.size() + 1) / 3;
        const std::size_t expected = octets + (octets <= 248 ? 7 : 9);
        assert_int_equal(size, expected);
        assert_string_equal(out.substr(0, 5).c_str(), octets == 247   ? "FE 0C"
                                                      : octets == 248 ? "FF 0C"
                                                                      : "01 01");
    }
}

// SN12-09: the 3-octet Length is legal for short messages, too.
void short_messages_with_the_long_length_are_understood(void**) {
    Device d;
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    d.out();
    EXPECT_IN(d, "01 00 05 05 00");
    EXPECT_EVENT(d, "CONNECTED");
    EXPECT_IN(d, "01 00 0A 0C 21 00 05 00 07 78");
    EXPECT_EVENT(d, "MESSAGE");
    assert_string_equal(d.payload().c_str(), "x");
    EXPECT_OUT(d, "07 0D 00 05 00 07 00");
}

// TRAP-43, D01, D54
void octets_after_a_message_spoil_it(void**) {
    Device d;
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    d.out();
    assert_int_equal(d.in("03 05 00 00"), MQTTSN_ERR_MALFORMED);
    assert_int_equal(d.in("04 05 00 00"), MQTTSN_ERR_MALFORMED);
    assert_int_equal(d.in("04 18 00 0A"), MQTTSN_ERR_MALFORMED);  // only a device says how long it sleeps
    EXPECT_STATE(d, CONNECTING);
}

// TRAP-29: Bisquitt sends all it has when the device wakes, and waits for nothing. Who takes the datagrams
// one after the other and drains in between gets them all; what comes before that is refused, unacknowledged,
// and comes again.
void burst_at_a_wake_up_loses_nothing(void**) {
    Device d;
    fall_asleep(d);
    assert_int_equal(mqttsn_wake(&d.client), MQTTSN_OK);
    EXPECT_OUT(d, "06 16 64 65 76 31");
    EXPECT_IN(d, "08 0C 21 00 05 00 07 61");
    assert_int_equal(d.in("08 0C 21 00 05 00 08 62"), MQTTSN_ERR_BUSY);
    d.datagram = test::hex("08 0C 21 00 05 00 07 61");
    EXPECT_EVENT(d, "MESSAGE");
    EXPECT_OUT(d, "07 0D 00 05 00 07 00");
    EXPECT_QUIET(d);
    EXPECT_IN(d, "08 0C 01 00 05 00 00 63");
    EXPECT_EVENT(d, "MESSAGE");
    assert_string_equal(d.payload().c_str(), "c");
    EXPECT_IN(d, "02 17");
    EXPECT_EVENT(d, "AWAKE_DONE");
    assert_int_equal(mqttsn_wake(&d.client), MQTTSN_OK);
    d.out();
    EXPECT_IN(d, "08 0C A1 00 05 00 08 62");
    EXPECT_EVENT(d, "MESSAGE");
    EXPECT_OUT(d, "07 0D 00 05 00 08 00");
}

// TRAP-48: the gateway forgot the sleeper. It connects again by itself, not clean, and the wake-up goes on to
// its end.
void wake_up_answered_by_disconnect_connects_and_fetches(void**) {
    Device d;
    fall_asleep(d);
    assert_int_equal(mqttsn_wake(&d.client), MQTTSN_OK);
    EXPECT_OUT(d, "06 16 64 65 76 31");
    EXPECT_IN(d, "02 18");
    EXPECT_OUT(d, "0A 04 00 01 00 3C 64 65 76 31");
    EXPECT_IN(d, "03 05 00");
    EXPECT_EVENT(d, "CONNECTED");
    EXPECT_OUT(d, "04 18 01 2C");
    EXPECT_IN(d, "02 18");
    EXPECT_NO_EVENT(d);
    EXPECT_OUT(d, "06 16 64 65 76 31");
    EXPECT_IN(d, "02 17");
    EXPECT_EVENT(d, "AWAKE_DONE");
    EXPECT_STATE(d, ASLEEP);
}

// TRAP-31, D48: cc.mqttsn asks whether the device lives; with or without a client id, also while it is awake.
void pingreq_of_the_gateway_is_answered(void**) {
    Device d;
    d.connect();
    for (const char* text : {"02 16", "06 16 64 65 76 31"}) {
        EXPECT_IN(d, text);
        EXPECT_OUT(d, "02 17");
        EXPECT_QUIET(d);
    }
    EXPECT_NO_EVENT(d);
}

// A gateway may answer a question that was not put, or twice.
void answers_nobody_waits_for_are_dropped(void**) {
    Device d;
    d.connect();
    for (const char* text : {"07 0B 00 10 00 01 00", "07 0D 00 10 00 01 00", "07 0D 00 10 00 01 03",
                             "04 0E 00 01", "08 13 20 00 10 00 01 00", "04 15 00 01", "02 17", "03 1B 00",
                             "03 1D 00", "05 00 01 00 0A", "03 02 01"}) {
        EXPECT_IGNORED(d, text);
        EXPECT_QUIET(d);
        EXPECT_NO_EVENT(d);
    }
    EXPECT_STATE(d, ACTIVE);
}

// SN12-15: only devices publish with QoS -1.
void publish_of_qos_minus_one_from_a_gateway_is_dropped(void**) {
    Device d;
    d.connect();
    EXPECT_IGNORED(d, "08 0C 61 00 05 00 00 78");
    EXPECT_QUIET(d);
    EXPECT_NO_EVENT(d);
}

// D26: the answer to QoS 0 comes when nobody waits for it. Unknown id: the next one registers.
void refusal_of_a_qos0_message_makes_the_next_one_register(void**) {
    Device d;
    d.connect();
    EXPECT_IN(d, "09 0A 00 10 00 05 61 2F 62");
    EXPECT_OUT(d, "07 0B 00 10 00 05 00");
    d.publish(mqttsn_topic_name("a/b"), "x", 0);
    EXPECT_OUT(d, "08 0C 00 00 10 00 00 78");
    EXPECT_EVENT(d, "DELIVERED");
    EXPECT_IN(d, "07 0D 00 10 00 00 02");
    d.publish(mqttsn_topic_name("a/b"), "y", 0);
    EXPECT_OUT(d, "09 0A 00 00 00 01 61 2F 62");
}

// TRAP-30: cc.mqttsn looks ids up without regard to their type. Ours keep apart.
void a_predefined_id_and_a_normal_id_of_the_same_number_are_two_topics(void**) {
    Device d;
    d.connect();
    EXPECT_IN(d, "09 0A 00 05 00 05 61 2F 62");
    EXPECT_OUT(d, "07 0B 00 05 00 05 00");
    EXPECT_IN(d, "08 0C 01 00 05 00 00 78");
    EXPECT_EVENT(d, "MESSAGE");
    assert_int_equal(d.event.topic.kind, MQTTSN_TOPIC_PREDEFINED);
    EXPECT_IN(d, "08 0C 00 00 05 00 00 78");
    EXPECT_EVENT(d, "MESSAGE");
    assert_int_equal(d.event.topic.kind, MQTTSN_TOPIC_NAME);
    assert_string_equal(d.topic().c_str(), "a/b");
}

// SN12-41: a gateway that has lost our PUBCOMP, or its memory.
void pubrel_and_pubrec_of_the_past_are_answered(void**) {
    Device d;
    d.connect();
    EXPECT_IN(d, "04 10 00 63");
    EXPECT_OUT(d, "04 0E 00 63");
    EXPECT_IN(d, "04 0F 00 63");
    EXPECT_OUT(d, "04 10 00 63");
    EXPECT_NO_EVENT(d);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(register_and_publish_may_come_before_the_suback),
        cmocka_unit_test(suback_with_another_message_id_answers_nothing),
        cmocka_unit_test(echoed_short_name_in_a_suback_is_not_a_topic_id),
        cmocka_unit_test(qos0_and_minus_one_leave_with_message_id_0),
        cmocka_unit_test(requests_never_have_message_id_0),
        cmocka_unit_test(qos0_message_with_a_message_id_is_delivered_and_not_acknowledged),
        cmocka_unit_test(puback_counts_by_its_message_id_whatever_topic_id_it_has),
        cmocka_unit_test(puback_with_topic_id_0_and_an_unknown_id_makes_the_name_registered_again),
        cmocka_unit_test(publication_that_nobody_answers_is_kept_and_registered_anew),
        cmocka_unit_test(publication_that_ends_the_session_is_delivered_by_the_next),
        cmocka_unit_test(disconnect_is_a_permit_to_sleep_an_answer_or_the_end),
        cmocka_unit_test(connect_answered_by_disconnect_is_repeated),
        cmocka_unit_test(return_codes_beyond_the_specification_are_refusals),
        cmocka_unit_test(refused_keep_alive_of_0_is_reported_once),
        cmocka_unit_test(refused_change_of_the_will_is_reported_and_harms_nothing),
        cmocka_unit_test(will_handshake_may_be_repeated_or_left_out),
        cmocka_unit_test(length_has_one_octet_up_to_255_and_three_beyond),
        cmocka_unit_test(short_messages_with_the_long_length_are_understood),
        cmocka_unit_test(octets_after_a_message_spoil_it),
        cmocka_unit_test(burst_at_a_wake_up_loses_nothing),
        cmocka_unit_test(wake_up_answered_by_disconnect_connects_and_fetches),
        cmocka_unit_test(pingreq_of_the_gateway_is_answered),
        cmocka_unit_test(answers_nobody_waits_for_are_dropped),
        cmocka_unit_test(publish_of_qos_minus_one_from_a_gateway_is_dropped),
        cmocka_unit_test(refusal_of_a_qos0_message_makes_the_next_one_register),
        cmocka_unit_test(a_predefined_id_and_a_normal_id_of_the_same_number_are_two_topics),
        cmocka_unit_test(pubrel_and_pubrec_of_the_past_are_answered),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
