// SPDX-License-Identifier: BSD-3-Clause
#include "device.hpp"

using test::Device;

namespace {

// SN12-74, SN12-89.
void registered_name_is_remembered_and_delivered(void**) {
    Device d;
    d.connect();
    EXPECT_IN(d, "09 0A 00 10 00 05 61 2F 62");
    EXPECT_OUT(d, "07 0B 00 10 00 05 00");
    EXPECT_IN(d, "09 0C 10 00 10 00 00 68 69");
    EXPECT_EVENT(d, "MESSAGE");
    assert_string_equal(d.topic().c_str(), "a/b");
    assert_string_equal(d.payload().c_str(), "hi");
    assert_int_equal(d.event.topic.kind, MQTTSN_TOPIC_NAME);
    assert_int_equal(d.event.topic.id, 0x10);
    assert_int_equal(d.event.qos, 0);
    assert_true(d.event.retain);
    assert_false(d.event.dup);
    EXPECT_QUIET(d);
}

void repeated_register_is_answered_again_and_takes_no_room(void**) {
    Device d;
    d.connect();
    for (int i = 0; i < 50; ++i) {
        EXPECT_IN(d, "09 0A 00 10 00 05 61 2F 62");
        EXPECT_OUT(d, "07 0B 00 10 00 05 00");
    }
    EXPECT_IN(d, "09 0A 00 11 00 06 63 2F 64");
    EXPECT_OUT(d, "07 0B 00 11 00 06 00");
    EXPECT_IN(d, "09 0C 00 00 10 00 00 68 69");
    EXPECT_EVENT(d, "MESSAGE");
    assert_string_equal(d.topic().c_str(), "a/b");
}

// SN12-91, for every QoS.
void unknown_topic_id_is_answered_with_puback_02(void**) {
    Device d;
    d.connect();
    EXPECT_IN(d, "09 0C 20 00 10 00 07 68 69");
    EXPECT_OUT(d, "07 0D 00 10 00 07 02");
    EXPECT_IN(d, "09 0C 40 00 10 00 08 68 69");
    EXPECT_OUT(d, "07 0D 00 10 00 08 02");
    EXPECT_IN(d, "09 0C 00 00 10 00 00 68 69");
    EXPECT_OUT(d, "07 0D 00 10 00 00 02");
    EXPECT_IN(d, "07 0C 21 00 00 00 09");  // SN12-25: 0000 is no predefined id
    EXPECT_OUT(d, "07 0D 00 00 00 09 02");
    EXPECT_NO_EVENT(d);
}

void name_that_cannot_be_used_is_refused(void**) {
    Device d;
    d.connect();
    EXPECT_IN(d, "09 0A 00 10 00 05 61 2F 23");
    EXPECT_OUT(d, "07 0B 00 10 00 05 03");
    EXPECT_IN(d, "06 0A 00 10 00 05");
    EXPECT_OUT(d, "07 0B 00 10 00 05 03");
    EXPECT_IN(d, "07 0A 00 10 00 05 FF");
    EXPECT_OUT(d, "07 0B 00 10 00 05 03");
    EXPECT_IN(d, "09 0A FF FF 00 05 61 2F 62");
    EXPECT_OUT(d, "07 0B FF FF 00 05 02");
    EXPECT_IN(
        d, "43 0A 00 10 00 05 " + std::string(2 * 61, '6'));  // 61 octets: 4 more than the table has room for
    EXPECT_OUT(d, "07 0B 00 10 00 05 03");
    EXPECT_IN(d, "09 0C 00 00 10 00 00 68 69");
    EXPECT_OUT(d, "07 0D 00 10 00 00 02");
}

// D41: the acknowledgement leaves after the application has seen the message.
void qos1_is_acknowledged_only_after_the_event_was_pulled(void**) {
    Device d;
    d.connect();
    EXPECT_IN(d, "08 0C 21 00 05 00 07 78");
    assert_int_equal(d.timeout(), 0);
    EXPECT_QUIET(d);
    EXPECT_EVENT(d, "MESSAGE");
    assert_int_equal(d.event.topic.kind, MQTTSN_TOPIC_PREDEFINED);
    assert_int_equal(d.event.topic.id, 5);
    assert_int_equal(d.event.qos, 1);
    EXPECT_OUT(d, "07 0D 00 05 00 07 00");
    EXPECT_QUIET(d);
}

// D30, TRAP-14
void repeated_qos1_is_delivered_and_acknowledged_again(void**) {
    Device d;
    d.connect();
    for (const char* text : {"08 0C 22 61 62 00 07 78", "08 0C A2 61 62 00 07 78"}) {
        EXPECT_IN(d, text);
        EXPECT_EVENT(d, "MESSAGE");
        assert_int_equal(d.event.topic.kind, MQTTSN_TOPIC_SHORT);
        assert_int_equal(d.event.topic.id, 0x6162);
        EXPECT_OUT(d, "07 0D 61 62 00 07 00");
    }
    assert_true(d.event.dup);
}

// TRAP-33, D30: cc.mqttsn passes the broker's DUP on. It may stand on what this device has never seen.
void a_first_delivery_with_dup_is_delivered(void**) {
    Device d;
    d.connect();
    EXPECT_IN(d, "08 0C A1 00 05 00 07 78");
    EXPECT_EVENT(d, "MESSAGE");
    EXPECT_OUT(d, "07 0D 00 05 00 07 00");
    EXPECT_IN(d, "08 0C C1 00 05 00 08 78");
    EXPECT_EVENT(d, "MESSAGE");
    EXPECT_OUT(d, "04 0F 00 08");
}

// D30. cc.mqttsn ignores a repetition without DUP and stalls; both must get their PUBREC.
void qos2_is_delivered_once_however_often_it_comes(void**) {
    Device d;
    d.connect();
    EXPECT_IN(d, "08 0C 41 00 05 00 07 78");
    EXPECT_EVENT(d, "MESSAGE");
    EXPECT_OUT(d, "04 0F 00 07");
    for (const char* text : {"08 0C C1 00 05 00 07 78", "08 0C 41 00 05 00 07 78"}) {
        EXPECT_IN(d, text);
        EXPECT_NO_EVENT(d);
        EXPECT_OUT(d, "04 0F 00 07");
    }
    EXPECT_IN(d, "04 10 00 07");
    EXPECT_OUT(d, "04 0E 00 07");
    EXPECT_IN(d, "04 10 00 07");  // PUBCOMP was lost
    EXPECT_OUT(d, "04 0E 00 07");
    EXPECT_IN(d, "08 0C 41 00 05 00 07 79");  // the id is free again: a new message
    EXPECT_EVENT(d, "MESSAGE");
    assert_string_equal(d.payload().c_str(), "y");
}

// D30: found by the simulation. The network can deliver a copy of PUBLISH after PUBREL.
void late_copy_of_a_released_qos2_message_is_not_delivered_again(void**) {
    Device d;
    d.connect();
    EXPECT_IN(d, "08 0C 41 00 05 00 07 78");
    EXPECT_EVENT(d, "MESSAGE");
    EXPECT_OUT(d, "04 0F 00 07");
    EXPECT_IN(d, "04 10 00 07");
    EXPECT_OUT(d, "04 0E 00 07");
    for (const char* text :
         {"08 0C 41 00 05 00 07 78", "08 0C C1 00 06 00 07 78"}) {  // also by another gateway
        EXPECT_IN(d, text);
        EXPECT_NO_EVENT(d);
        EXPECT_OUT(d, "04 0F 00 07");
    }
    d.now += 2100;  // copies do not live so long: there are brokers that use one id for every message
    EXPECT_IN(d, "08 0C 41 00 05 00 07 78");
    EXPECT_EVENT(d, "MESSAGE");
}

// A broker that always takes the lowest free id: ON, OFF, ON under MsgId 1.
void same_id_and_content_are_a_new_message_when_another_came_in_between(void**) {
    Device d;
    d.connect();
    for (const char* text :
         {"08 0C 41 00 05 00 01 31", "08 0C 41 00 05 00 01 30", "08 0C 41 00 05 00 01 31"}) {
        EXPECT_IN(d, text);
        EXPECT_EVENT(d, "MESSAGE");
        EXPECT_OUT(d, "04 0F 00 01");
        EXPECT_IN(d, "04 10 00 01");
        EXPECT_OUT(d, "04 0E 00 01");
    }
}

void unknown_pubrel_is_answered_with_pubcomp(void**) {
    Device d;
    d.connect();
    EXPECT_IN(d, "04 10 00 63");
    EXPECT_OUT(d, "04 0E 00 63");
    EXPECT_NO_EVENT(d);
}

void qos2_is_known_after_a_reconnection_and_forgotten_by_a_clean_one(void**) {
    Device d;
    d.connect();
    EXPECT_IN(d, "08 0C 41 00 05 00 07 78");
    EXPECT_EVENT(d, "MESSAGE");
    EXPECT_OUT(d, "04 0F 00 07");
    EXPECT_IN(d, "02 18");
    EXPECT_EVENT(d, "DISCONNECTED");
    d.connect(false);
    EXPECT_IN(d, "08 0C C1 00 05 00 07 78");
    EXPECT_NO_EVENT(d);
    EXPECT_OUT(d, "04 0F 00 07");
    d.connect(true);
    EXPECT_IN(d, "08 0C 41 00 05 00 07 78");
    EXPECT_EVENT(d, "MESSAGE");
}

// The table never forgets an id of this connection: that would deliver twice. It says "congestion" instead.
void full_qos2_table_refuses_with_congestion(void**) {
    Device d;
    d.connect();
    for (const char* text : {"08 0C 41 00 05 00 07 78", "08 0C 41 00 05 00 08 78"}) {
        EXPECT_IN(d, text);
        EXPECT_EVENT(d, "MESSAGE");
        d.out();
    }
    EXPECT_IN(d, "08 0C 41 00 05 00 09 78");
    EXPECT_NO_EVENT(d);
    EXPECT_OUT(d, "07 0D 00 05 00 09 01");
    EXPECT_IN(d, "08 0C C1 00 05 00 07 78");  // those in the table are still known
    EXPECT_NO_EVENT(d);
    EXPECT_OUT(d, "04 0F 00 07");
    EXPECT_IN(d, "04 10 00 08");
    EXPECT_OUT(d, "04 0E 00 08");
    EXPECT_IN(d, "08 0C C1 00 05 00 09 78");
    EXPECT_EVENT(d, "MESSAGE");
    EXPECT_OUT(d, "04 0F 00 09");
}

// Ids that a broker never released must not block the table for ever.
void ids_of_an_earlier_connection_make_room(void**) {
    Device d;
    d.connect();
    for (const char* text : {"08 0C 41 00 05 00 07 78", "08 0C 41 00 05 00 08 78"}) {
        EXPECT_IN(d, text);
        EXPECT_EVENT(d, "MESSAGE");
        d.out();
    }
    d.connect(false);
    EXPECT_IN(d, "08 0C C1 00 05 00 07 78");  // seen again: belongs to this connection now
    EXPECT_OUT(d, "04 0F 00 07");
    EXPECT_IN(d, "08 0C 41 00 05 00 09 78");  // takes the room of 8
    EXPECT_EVENT(d, "MESSAGE");
    EXPECT_OUT(d, "04 0F 00 09");
    EXPECT_IN(d, "08 0C 41 00 05 00 0A 78");
    EXPECT_NO_EVENT(d);
    EXPECT_OUT(d, "07 0D 00 05 00 0A 01");
}

void without_qos2_table_qos2_is_not_supported(void**) {
    Device d;
    d.config.inbound_length = 0;
    d.config.inbound = nullptr;
    d.restart();
    d.connect();
    EXPECT_IN(d, "08 0C 41 00 05 00 07 78");
    EXPECT_NO_EVENT(d);
    EXPECT_OUT(d, "07 0D 00 05 00 07 03");
}

// D37, SN12-15.
void impossible_flags_are_refused(void**) {
    Device d;
    d.connect();
    EXPECT_IN(d, "08 0C 23 00 05 00 07 78");
    EXPECT_OUT(d, "07 0D 00 05 00 07 03");
    EXPECT_IGNORED(d, "08 0C 61 00 05 00 00 78");
    EXPECT_NO_EVENT(d);
}

void second_datagram_before_the_first_is_drained_is_dropped(void**) {
    Device d;
    d.connect();
    EXPECT_IN(d, "08 0C 21 00 05 00 07 78");
    assert_int_equal(d.in("08 0C 21 00 05 00 08 79"), MQTTSN_ERR_BUSY);
    EXPECT_EVENT(d, "MESSAGE");
    assert_int_equal(d.in("08 0C 21 00 05 00 08 79"), MQTTSN_ERR_BUSY);  // the PUBACK still waits
    EXPECT_OUT(d, "07 0D 00 05 00 07 00");
    EXPECT_IN(d, "08 0C 21 00 05 00 08 79");
}

void messages_without_connection_are_ignored(void**) {
    Device d;
    for (const char* text : {"08 0C 21 00 05 00 07 78", "09 0A 00 10 00 05 61 2F 62", "04 10 00 07"}) {
        EXPECT_IGNORED(d, text);
    }
    EXPECT_QUIET(d);
    // After DISCONNECT was asked for nobody reads on: the gateway keeps the message for the next connection.
    d.connect();
    assert_int_equal(mqttsn_disconnect(&d.client), MQTTSN_OK);
    EXPECT_IGNORED(d, "08 0C 21 00 05 00 07 78");
}

// The table is bounded; what is forgotten is repaired by PUBACK 02.
void full_topic_table_drops_the_least_recently_used(void**) {
    Device d;  // 64 octets: 9 records of a 3-octet name
    d.connect();
    for (int id = 1; id <= 9; ++id) {
        const std::string digit = std::to_string(id);
        EXPECT_IN(d, "09 0A 00 0" + digit + " 00 05 61 2F 3" + digit);
        EXPECT_OUT(d, "07 0B 00 0" + digit + " 00 05 00");
    }
    EXPECT_IN(d, "07 0C 00 00 01 00 00");  // 1 is used
    EXPECT_EVENT(d, "MESSAGE");
    EXPECT_IN(d, "09 0A 00 10 00 05 61 2F 62");
    EXPECT_OUT(d, "07 0B 00 10 00 05 00");
    EXPECT_IN(d, "07 0C 00 00 02 00 00");
    EXPECT_OUT(d, "07 0D 00 02 00 00 02");
    for (const char* id : {"01", "03", "09", "10"}) {
        EXPECT_IN(d, "07 0C 00 00 " + std::string(id) + " 00 00");
        EXPECT_EVENT(d, "MESSAGE");
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(registered_name_is_remembered_and_delivered),
        cmocka_unit_test(repeated_register_is_answered_again_and_takes_no_room),
        cmocka_unit_test(unknown_topic_id_is_answered_with_puback_02),
        cmocka_unit_test(name_that_cannot_be_used_is_refused),
        cmocka_unit_test(qos1_is_acknowledged_only_after_the_event_was_pulled),
        cmocka_unit_test(repeated_qos1_is_delivered_and_acknowledged_again),
        cmocka_unit_test(a_first_delivery_with_dup_is_delivered),
        cmocka_unit_test(qos2_is_delivered_once_however_often_it_comes),
        cmocka_unit_test(late_copy_of_a_released_qos2_message_is_not_delivered_again),
        cmocka_unit_test(same_id_and_content_are_a_new_message_when_another_came_in_between),
        cmocka_unit_test(unknown_pubrel_is_answered_with_pubcomp),
        cmocka_unit_test(qos2_is_known_after_a_reconnection_and_forgotten_by_a_clean_one),
        cmocka_unit_test(full_qos2_table_refuses_with_congestion),
        cmocka_unit_test(ids_of_an_earlier_connection_make_room),
        cmocka_unit_test(without_qos2_table_qos2_is_not_supported),
        cmocka_unit_test(impossible_flags_are_refused),
        cmocka_unit_test(second_datagram_before_the_first_is_drained_is_dropped),
        cmocka_unit_test(messages_without_connection_are_ignored),
        cmocka_unit_test(full_topic_table_drops_the_least_recently_used),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
