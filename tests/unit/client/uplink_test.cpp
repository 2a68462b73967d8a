// SPDX-License-Identifier: BSD-3-Clause
#include "device.hpp"

using test::Device;

namespace {

const char kConnectKeep[] = "0A 04 00 01 00 3C 64 65 76 31";

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

/// LOST after N_retry, then CONNECT without clean session.
void lose_and_reconnect(Device& d, bool clean = false) {
    while (d.next() != "LOST") {
        d.advance_to_timeout();
        d.out();
    }
    assert_int_equal(mqttsn_connect(&d.client, clean), MQTTSN_OK);
    d.out();
    EXPECT_IN(d, "03 05 00");
}

// SN12-70, SN12-71
void name_is_registered_once_and_then_published_by_id(void**) {
    Device d;
    connect_and_register(d);
    assert_int_equal(d.event.token, d.token);
    assert_int_equal(d.event.code, MQTTSN_ACCEPTED);
    d.publish(name(), "hi", 1);
    EXPECT_OUT(d, "09 0C 20 00 10 00 03 68 69");
}

// SN12-23, TRAP-12: MsgId 0000 for QoS 0.
void qos0_is_delivered_when_written_and_has_message_id_0(void**) {
    Device d;
    d.connect();
    d.publish(mqttsn_topic_predefined(1), "x", 0, true);
    EXPECT_NO_EVENT(d);
    EXPECT_OUT(d, "08 0C 11 00 01 00 00 78");
    EXPECT_EVENT(d, "DELIVERED");
    assert_int_equal(d.event.token, d.token);
    d.publish(mqttsn_topic_short("ab"), "", 0);
    EXPECT_OUT(d, "07 0C 02 61 62 00 00");
    EXPECT_EVENT(d, "DELIVERED");
    EXPECT_QUIET(d);
}

// SN12-82, TRAP-12
void qos_minus_one_needs_no_connection(void**) {
    Device d;
    d.publish(mqttsn_topic_predefined(1), "x", -1);
    assert_int_equal(d.timeout(), 0);
    EXPECT_OUT(d, "08 0C 61 00 01 00 00 78");
    EXPECT_EVENT(d, "DELIVERED");
    d.publish(mqttsn_topic_short("ab"), "x", -1);
    EXPECT_OUT(d, "08 0C 62 61 62 00 00 78");
    EXPECT_EVENT(d, "DELIVERED");
    EXPECT_STATE(d, DISCONNECTED);
    assert_int_equal(d.timeout(), UINT32_MAX);
    assert_int_equal(mqttsn_publish(&d.client, name(), "x", 1, -1, false, nullptr), MQTTSN_ERR_TOPIC);
}

void qos_minus_one_overtakes_what_waits_for_a_connection(void**) {
    Device d;
    d.publish(mqttsn_topic_predefined(1), "a", 1);
    const std::uint16_t first = d.token;
    d.publish(mqttsn_topic_predefined(2), "b", -1);
    EXPECT_OUT(d, "08 0C 61 00 02 00 00 62");
    EXPECT_EVENT(d, "DELIVERED");
    assert_int_equal(d.event.token, d.token);
    EXPECT_QUIET(d);
    d.connect();
    EXPECT_OUT(d, "08 0C 21 00 01 00 01 61");
    EXPECT_IN(d, "07 0D 00 01 00 01 00");
    EXPECT_EVENT(d, "DELIVERED");
    assert_int_equal(d.event.token, first);
}

// D29: DUP and nothing else changes.
void lost_qos1_publish_is_repeated_with_dup(void**) {
    Device d;
    d.connect();
    d.publish(mqttsn_topic_predefined(1), "x", 1);
    EXPECT_OUT(d, "08 0C 21 00 01 00 01 78");
    for (int i = 0; i < 3; ++i) {
        d.advance_to_timeout();
        EXPECT_OUT(d, "08 0C A1 00 01 00 01 78");
        EXPECT_QUIET(d);
    }
    EXPECT_IN(d, "07 0D 00 01 00 01 00");
    EXPECT_EVENT(d, "DELIVERED");
    EXPECT_IGNORED(d, "07 0D 00 01 00 01 00");
    EXPECT_NO_EVENT(d);
}

void lost_register_is_repeated_as_it_was(void**) {
    Device d;
    d.connect();
    d.publish(name(), "hi", 1);
    EXPECT_OUT(d, "09 0A 00 00 00 01 61 2F 62");
    d.advance_to_timeout();
    EXPECT_OUT(d, "09 0A 00 00 00 01 61 2F 62");
    EXPECT_IGNORED(d, "07 0B 00 10 00 07 00");  // another message id
    EXPECT_IGNORED(d, "07 0B 00 00 00 01 00");  // SN12-25: no such id
    EXPECT_IGNORED(d, "07 0B FF FF 00 01 00");
    EXPECT_IN(d, "07 0B 00 10 00 01 00");
    EXPECT_IGNORED(d, "07 0B 00 11 00 01 00");  // late
    EXPECT_OUT(d, "09 0C 20 00 10 00 02 68 69");
}

void qos2_goes_through_all_four_steps(void**) {
    Device d;
    d.connect();
    d.publish(mqttsn_topic_predefined(1), "x", 2);
    EXPECT_OUT(d, "08 0C 41 00 01 00 01 78");
    EXPECT_IN(d, "04 0F 00 01");
    EXPECT_OUT(d, "04 10 00 01");
    EXPECT_NO_EVENT(d);
    EXPECT_IN(d, "04 0E 00 01");
    EXPECT_EVENT(d, "DELIVERED");
    assert_int_equal(d.event.code, MQTTSN_ACCEPTED);
}

// The trap of Zephyr's client: after PUBREC the PUBLISH must never be repeated.
// D29, TRAP-06
void lost_qos2_steps_are_repeated_one_by_one(void**) {
    Device d;
    d.connect();
    d.publish(mqttsn_topic_predefined(1), "x", 2);
    EXPECT_OUT(d, "08 0C 41 00 01 00 01 78");
    EXPECT_IGNORED(d, "04 0E 00 01");           // PUBCOMP before PUBREC
    EXPECT_IGNORED(d, "07 0D 00 01 00 01 00");  // an accepted QoS 2 has no PUBACK
    d.advance_to_timeout();
    EXPECT_OUT(d, "08 0C C1 00 01 00 01 78");
    EXPECT_IN(d, "04 0F 00 01");
    EXPECT_OUT(d, "04 10 00 01");
    d.advance_to_timeout();
    EXPECT_OUT(d, "04 10 00 01");
    EXPECT_IN(d, "04 0F 00 01");  // PUBREL was lost
    EXPECT_OUT(d, "04 10 00 01");
    EXPECT_QUIET(d);
    EXPECT_IN(d, "04 0E 00 01");
    EXPECT_EVENT(d, "DELIVERED");
    EXPECT_IN(d, "04 0F 00 01");  // a late duplicate: PUBREL again, nothing else
    EXPECT_OUT(d, "04 10 00 01");
    EXPECT_IGNORED(d, "04 0E 00 01");
    EXPECT_NO_EVENT(d);
}

// SN12-73, SN12-77: one at a time, in order; the queue is the caller's.
void queue_keeps_the_order_and_says_when_it_is_full(void**) {
    Device d;
    d.connect();
    for (const char* text : {"1", "2", "3", "4"}) {
        d.publish(mqttsn_topic_predefined(1), text, text[0] == '2' ? 0 : 1);
    }
    assert_int_equal(mqttsn_publish(&d.client, mqttsn_topic_predefined(1), "5", 1, 1, false, nullptr),
                     MQTTSN_ERR_BUSY);
    EXPECT_OUT(d, "08 0C 21 00 01 00 01 31");
    EXPECT_QUIET(d);
    EXPECT_IN(d, "07 0D 00 01 00 01 00");
    EXPECT_EVENT(d, "DELIVERED");
    EXPECT_OUT(d, "08 0C 01 00 01 00 00 32");
    EXPECT_QUIET(d);  // its DELIVERED has not been pulled
    EXPECT_EVENT(d, "DELIVERED");
    EXPECT_OUT(d, "08 0C 21 00 01 00 02 33");
    EXPECT_IN(d, "07 0D 00 01 00 02 00");
    EXPECT_EVENT(d, "DELIVERED");
    EXPECT_OUT(d, "08 0C 21 00 01 00 03 34");
}

// D28, TRAP-13: 0 is skipped when the message ids wrap around.
void message_id_0_is_skipped(void**) {
    Device d;
    d.config.first_message_id = 0xFFFF;
    d.restart();
    d.connect();
    d.publish(mqttsn_topic_predefined(1), "x", 1);
    EXPECT_OUT(d, "08 0C 21 00 01 FF FF 78");
    EXPECT_IN(d, "07 0D 00 01 FF FF 00");
    EXPECT_EVENT(d, "DELIVERED");
    d.publish(mqttsn_topic_predefined(1), "x", 1);
    EXPECT_OUT(d, "08 0C 21 00 01 00 01 78");
}

void first_message_id_comes_from_the_seed(void**) {
    Device d;
    std::string first;
    for (const std::uint32_t seed : {1U, 2U}) {
        d.config.seed = seed;
        d.config.first_message_id = 0;
        d.restart();
        d.connect();
        d.publish(mqttsn_topic_predefined(1), "x", 1);
        const std::string datagram = d.out();
        assert_string_not_equal(datagram.c_str(), first.c_str());
        first = datagram;
    }
}

void acknowledgement_of_another_message_id_is_not_ours(void**) {
    Device d;
    d.connect();
    d.publish(mqttsn_topic_predefined(1), "x", 1);
    d.out();
    for (const char* text : {"07 0D 00 01 00 02 00", "07 0D 00 01 00 02 03", "04 0E 00 02"}) {
        EXPECT_IGNORED(d, text);
    }
    EXPECT_IN(d, "07 0D 00 01 00 01 00");
    EXPECT_EVENT(d, "DELIVERED");
    d.publish(mqttsn_topic_predefined(1), "x", 2);
    d.out();
    EXPECT_IN(d, "04 0F 00 01");  // of an exchange that has ended: its gateway is helped, ours goes on
    EXPECT_OUT(d, "04 10 00 01");
    d.advance_to_timeout();
    EXPECT_OUT(d, "08 0C C1 00 01 00 02 78");
    EXPECT_IN(d, "04 0F 00 02");
    EXPECT_OUT(d, "04 10 00 02");
    EXPECT_IGNORED(d, "04 0E 00 01");
    EXPECT_IN(d, "04 0E 00 02");
    EXPECT_EVENT(d, "DELIVERED");
}

// TRAP-17, TRAP-32: RSMB always writes topic id 0, cc.mqttsn that of its last PUBLISH. The MsgId says what is
// meant.
void acknowledgement_counts_whatever_its_topic_id(void**) {
    Device d;
    d.connect();
    for (const char* id : {"00 00", "00 05", "FF FF"}) {
        d.publish(mqttsn_topic_predefined(1), "x", 1);
        const std::string message_id = d.out().substr(15, 5);
        EXPECT_IN(d, "07 0D " + std::string(id) + " " + message_id + " 00");
        EXPECT_EVENT(d, "DELIVERED");
        assert_int_equal(d.event.code, MQTTSN_ACCEPTED);
    }
}

// Found by the simulation: a device that was switched off for a while, with its RAM. PINGREQ was due as well.
void no_ping_follows_when_the_last_repetition_was_in_vain(void**) {
    Device d;
    d.connect();
    d.publish(mqttsn_topic_predefined(1), "x", 1);
    for (int transmission = 0; transmission < 4; ++transmission) {
        assert_string_not_equal(d.out().c_str(), "");
        d.now += transmission < 3 ? d.timeout() : 600'000;
    }
    EXPECT_QUIET(d);
    EXPECT_EVENT(d, "LOST");
    EXPECT_STATE(d, DISCONNECTED);
    EXPECT_QUIET(d);
    assert_true(d.timeout() == UINT32_MAX);
}

// SN12-100; the publication survives.
// TRAP-18
void unanswered_publish_loses_the_connection_and_is_repeated_on_the_next(void**) {
    Device d;
    d.connect();
    d.publish(mqttsn_topic_predefined(1), "x", 1);
    for (int transmission = 0; transmission < 4; ++transmission) {
        assert_string_not_equal(d.out().c_str(), "");
        d.advance_to_timeout();
    }
    EXPECT_QUIET(d);
    EXPECT_EVENT(d, "LOST");
    assert_int_equal(d.event.code, MQTTSN_LOST_PUBLISH);
    EXPECT_NO_EVENT(d);
    assert_int_equal(mqttsn_connect(&d.client, false), MQTTSN_OK);
    EXPECT_OUT(d, kConnectKeep);
    EXPECT_QUIET(d);
    EXPECT_IN(d, "03 05 00");
    EXPECT_EVENT(d, "CONNECTED");
    EXPECT_OUT(d, "08 0C A1 00 01 00 01 78");
    EXPECT_IN(d, "07 0D 00 01 00 01 00");
    EXPECT_EVENT(d, "DELIVERED");
}

// A gateway that was killed has lost its topic ids: the name is registered anew, the PUBLISH keeps its
// message id.
void qos2_survives_a_gateway_restart_under_the_same_message_id(void**) {
    Device d;
    connect_and_register(d);
    d.publish(name(), "ho", 2);
    EXPECT_OUT(d, "09 0C 40 00 10 00 03 68 6F");
    EXPECT_IN(d, "02 18");  // "I do not know you"
    EXPECT_EVENT(d, "DISCONNECTED");
    d.connect(false);
    EXPECT_OUT(d, "09 0A 00 00 00 04 61 2F 62");
    EXPECT_IN(d, "07 0B 00 01 00 04 00");
    EXPECT_OUT(d, "09 0C C0 00 01 00 03 68 6F");
    EXPECT_IN(d, "04 0F 00 03");
    EXPECT_OUT(d, "04 10 00 03");
    EXPECT_IN(d, "02 18");
    EXPECT_EVENT(d, "DISCONNECTED");
    d.connect(false);
    EXPECT_OUT(d, "04 10 00 03");  // never PUBLISH again after PUBREC
    EXPECT_IN(d, "04 0E 00 03");
    EXPECT_EVENT(d, "DELIVERED");
    assert_int_equal(d.event.token, d.token);
}

// TRAP-18
void late_acknowledgement_on_the_next_connection_counts(void**) {
    Device d;
    connect_and_register(d);
    d.publish(name(), "ho", 1);
    d.out();
    lose_and_reconnect(d);
    EXPECT_EVENT(d, "CONNECTED");
    EXPECT_OUT(d, "09 0A 00 00 00 04 61 2F 62");
    EXPECT_IN(d, "07 0D 00 10 00 03 00");
    EXPECT_EVENT(d, "DELIVERED");
    EXPECT_IGNORED(d, "07 0B 00 11 00 04 00");
    EXPECT_QUIET(d);
}

void clean_connection_discards_what_was_sent_and_keeps_what_was_not(void**) {
    Device d;
    d.connect();
    d.publish(mqttsn_topic_predefined(1), "x", 2);
    const std::uint16_t sent = d.token;
    d.publish(mqttsn_topic_predefined(1), "y", 1);
    d.out();
    lose_and_reconnect(d, true);
    EXPECT_EVENT(d, "DELIVERED");
    assert_int_equal(d.event.token, sent);
    assert_int_equal(d.event.code, MQTTSN_ERR_DISCARDED);
    EXPECT_EVENT(d, "CONNECTED");
    EXPECT_OUT(d, "08 0C 21 00 01 00 02 79");
}

void publication_queued_before_the_connection_leaves_after_it(void**) {
    Device d;
    d.publish(name(), "hi", 1);
    EXPECT_QUIET(d);
    assert_int_equal(d.timeout(), UINT32_MAX);
    d.connect();
    EXPECT_OUT(d, "09 0A 00 00 00 01 61 2F 62");
}

void without_topic_memory_every_publication_registers(void**) {
    Device d;
    d.config.topic_memory = nullptr;
    d.config.topic_memory_octets = 0;
    d.restart();
    connect_and_register(d);
    d.publish(name(), "ho", 0);
    EXPECT_OUT(d, "09 0A 00 00 00 03 61 2F 62");
    EXPECT_IN(d, "07 0B 00 10 00 03 00");
    EXPECT_OUT(d, "09 0C 00 00 10 00 00 68 6F");
}

// After a restart the gateway gives ids anew: 0010 now means c/d, and a/b must not be published under it.
void id_given_anew_is_never_used_for_its_old_name(void**) {
    Device d;
    connect_and_register(d);
    EXPECT_IN(d, "09 0A 00 10 00 01 63 2F 64");
    EXPECT_OUT(d, "07 0B 00 10 00 01 00");
    d.publish(name(), "ho", 0);
    EXPECT_OUT(d, "09 0A 00 00 00 03 61 2F 62");
}

void payload_limit_is_the_datagram(void**) {
    Device d;
    d.config.datagram_octets_max = 300;
    d.restart();
    d.connect();
    const std::string payload(300, 'x');
    assert_int_equal(
        mqttsn_publish(&d.client, mqttsn_topic_predefined(1), payload.data(), 292, 0, false, nullptr),
        MQTTSN_ERR_TOO_LONG);
    assert_int_equal(
        mqttsn_publish(&d.client, mqttsn_topic_predefined(1), payload.data(), 291, 0, false, nullptr),
        MQTTSN_OK);
    assert_int_equal(mqttsn_output(&d.client, d.now, d.buffer.data(), 299),
                     0);  // too small a buffer changes nothing
    assert_int_equal(mqttsn_output(&d.client, d.now, d.buffer.data(), 300), 300);
    assert_int_equal(d.buffer[0], 1);
    const std::string topic(295, 't');
    assert_int_equal(mqttsn_publish(&d.client, mqttsn_topic_name(topic.c_str()), "x", 1, 0, false, nullptr),
                     MQTTSN_ERR_TOO_LONG);
}

void acknowledgements_before_the_connection_change_nothing(void**) {
    Device d;
    d.publish(mqttsn_topic_predefined(1), "x", 2);
    for (const char* text : {"07 0D 00 01 00 01 00", "07 0D 00 01 00 00 01", "04 0F 00 01", "04 0E 00 01",
                             "07 0B 00 10 00 01 00", "08 13 20 00 00 00 01 00", "04 15 00 01"}) {
        EXPECT_IGNORED(d, text);
    }
    EXPECT_QUIET(d);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(name_is_registered_once_and_then_published_by_id),
        cmocka_unit_test(qos0_is_delivered_when_written_and_has_message_id_0),
        cmocka_unit_test(qos_minus_one_needs_no_connection),
        cmocka_unit_test(qos_minus_one_overtakes_what_waits_for_a_connection),
        cmocka_unit_test(lost_qos1_publish_is_repeated_with_dup),
        cmocka_unit_test(lost_register_is_repeated_as_it_was),
        cmocka_unit_test(qos2_goes_through_all_four_steps),
        cmocka_unit_test(lost_qos2_steps_are_repeated_one_by_one),
        cmocka_unit_test(queue_keeps_the_order_and_says_when_it_is_full),
        cmocka_unit_test(message_id_0_is_skipped),
        cmocka_unit_test(first_message_id_comes_from_the_seed),
        cmocka_unit_test(acknowledgement_of_another_message_id_is_not_ours),
        cmocka_unit_test(acknowledgement_counts_whatever_its_topic_id),
        cmocka_unit_test(no_ping_follows_when_the_last_repetition_was_in_vain),
        cmocka_unit_test(unanswered_publish_loses_the_connection_and_is_repeated_on_the_next),
        cmocka_unit_test(qos2_survives_a_gateway_restart_under_the_same_message_id),
        cmocka_unit_test(late_acknowledgement_on_the_next_connection_counts),
        cmocka_unit_test(clean_connection_discards_what_was_sent_and_keeps_what_was_not),
        cmocka_unit_test(publication_queued_before_the_connection_leaves_after_it),
        cmocka_unit_test(without_topic_memory_every_publication_registers),
        cmocka_unit_test(id_given_anew_is_never_used_for_its_old_name),
        cmocka_unit_test(payload_limit_is_the_datagram),
        cmocka_unit_test(acknowledgements_before_the_connection_change_nothing),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
