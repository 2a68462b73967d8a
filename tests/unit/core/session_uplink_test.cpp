// SPDX-License-Identifier: BSD-3-Clause
//
// REGISTER and PUBLISH of the device. What happens to an exchange when the link breaks:
// uplink_recovery_test.cpp.
#include "gateway/core/session_uplink.hpp"

#include <string>

#include "support/cmocka.hpp"
#include "support/gateway_harness.hpp"

using namespace mqttsn;
using namespace test;
using mqttsn::gateway::AboveMaxQos;
using mqttsn::gateway::QosMinusOne;
using PacketType = mqtt::PacketType;

namespace {

Message publish_of(int qos, std::uint16_t topic_id, std::uint16_t message_id, std::string_view payload = "x",
                   bool repeated = false) {
    return make_publish(flags(qos).with_dup(repeated), topic_id, message_id, view(payload));
}

// REGISTER (SN12-71)

// SN12-71, D30, FAULT-20
void same_name_is_registered_under_the_same_id(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.sends("09 0A 00 00 00 01 61 2F 62");
    d1.gets("07 0B 00 01 00 01 00");
    assert_int_equal(d1.registers(2, "c"), 2);
    assert_int_equal(d1.registers(3, "a/b"), 1);
    d1.sends("09 0A 77 77 00 04 61 2F 62");  // the TopicId of the device means nothing (SN12-37)
    d1.gets("07 0B 00 01 00 04 00");
    d1.sends(make_register(0, 0, view("c")));  // MsgId 0 is accepted (D28)
    d1.gets(make_regack(2, 0, ReturnCode::accepted));
}

// D34, FAULT-21, FAULT-22
void impossible_names_are_refused_in_regack(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    const std::string bad[] = {"",     "a/+",          "#",        "a/#/b", std::string("a\0b", 3),
                               "\xFF", "\xED\xA0\x80", "a\xC0\x80"};
    for (const std::string& name : bad) {
        d1.sends(make_register(0, 9, view(name)));
        d1.gets(make_regack(0, 9, ReturnCode::not_supported));
    }
    assert_int_equal(g.counters().registers_refused, 8);
    assert_int_equal(d1.registers(10, "good"), 1);
}

// D35, FAULT-19
void full_topic_table_is_congestion(void**) {
    Settings settings;
    settings.limits.topics_per_session = 2;
    Harness g(settings);
    const Device d1 = g.connected("d1");
    d1.registers(1, "a");
    d1.registers(2, "b");
    d1.sends(make_register(0, 3, view("c")));
    d1.gets(make_regack(0, 3, ReturnCode::congestion));
    assert_int_equal(d1.registers(4, "b"), 2);
}

// SN12-119
void ids_of_one_device_are_not_those_of_another(void**) {
    Harness g;
    const Device a = g.connected("a");
    const Device b = g.connected("b");
    assert_int_equal(a.registers(1, "first"), 1);
    assert_int_equal(b.registers(1, "second"), 1);
    b.sends(publish_of(0, 1, 0));
    b.to_broker(publish(0, 0, "second", "x"));
    a.sends(publish_of(0, 1, 0));
    a.to_broker(publish(0, 0, "first", "x"));
}

// QoS 0, 1, 2 (SN12-75)

// SN12-16, SN12-39, SN12-75, FAULT-52
void qos0_publish_goes_up_with_retain_and_without_answer(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    const std::uint16_t id = d1.registers(1, "a/b");
    d1.sends(publish_of(0, id, 0, "hi"));
    d1.to_broker(publish(0, 0, "a/b", "hi"));
    d1.sends(make_publish(flags(0).with_retain(true), id, 0, Bytes{}));
    d1.to_broker(retained(publish(0, 0, "a/b", "")));
    d1.sends(publish_of(0, id, 77, "hi"));  // MsgId of QoS 0 means nothing
    d1.to_broker(publish(0, 0, "a/b", "hi"));
}

// SN12-40, SN12-75, TRAP-53
void qos1_publish_is_acked_only_after_the_broker_acks(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.registers(1, "a");
    d1.sends("09 0C 20 00 01 12 34 68 69");
    d1.to_broker(publish(1, 0x1234, "a", "hi"));
    g.advance_seconds(5);
    g.nothing();
    d1.from_broker(ack(PacketType::puback, 0x1234));
    d1.gets("07 0D 00 01 12 34 00");
}

// SN12-41, SN12-75
void qos2_goes_end_to_end_in_four_steps(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.registers(1, "a");
    d1.sends("09 0C 40 00 01 00 02 68 69");
    d1.to_broker(publish(2, 2, "a", "hi"));
    d1.from_broker(ack(PacketType::pubrec, 2));
    d1.gets("04 0F 00 02");
    d1.sends("04 10 00 02");
    d1.to_broker(ack(PacketType::pubrel, 2));
    d1.from_broker(ack(PacketType::pubcomp, 2));
    d1.gets("04 0E 00 02");
}

// FAULT-26 asks for a refusal, D28 (ours) accepts: MQTT forbids id 0, so it travels as FFFF.
void msgid_zero_travels_as_ffff(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.registers(1, "a");
    d1.sends(publish_of(1, 1, 0));
    d1.to_broker(publish(1, 0xFFFF, "a", "x"));
    d1.from_broker(ack(PacketType::puback, 0xFFFF));
    d1.gets(make_puback(1, 0, ReturnCode::accepted));
}

// SN12-78, SN12-81
void predefined_and_short_topics_need_no_register(void**) {
    Settings settings;
    settings.predefined_topics = {{1, "sensors/{client_id}", "*"}};
    Harness g(settings);
    const Device d1 = g.connected("d1");
    d1.sends(make_publish(flags(0, TopicIdType::predefined), 1, 0, view("x")));
    d1.to_broker(publish(0, 0, "sensors/d1", "x"));
    d1.sends(make_publish(flags(1, TopicIdType::short_name), 0x6162, 7, view("x")));
    d1.to_broker(publish(1, 7, "ab", "x"));
    d1.from_broker(ack(PacketType::puback, 7));
    d1.gets(make_puback(0x6162, 7, ReturnCode::accepted));
    assert_int_equal(d1.registers(8, "n"), 2);  // not the pre-defined 1 (D35)
}

// Refusals

// SN12-70, SN12-76, SN12-79, D26, FAULT-41, FAULT-58: whatever the QoS.
void unknown_topic_id_is_puback_02(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    for (const int qos : {0, 1, 2}) {
        for (const std::uint16_t id : {std::uint16_t{0}, std::uint16_t{5}, std::uint16_t{0xFFFF}}) {
            const auto message_id = static_cast<std::uint16_t>(qos == 0 ? 0 : 3);
            d1.sends(publish_of(qos, id, message_id));
            d1.gets(make_puback(id, message_id, ReturnCode::invalid_topic_id));
        }
        d1.sends(make_publish(flags(qos, TopicIdType::predefined), 9, 4, view("x")));
        d1.gets(make_puback(9, 4, ReturnCode::invalid_topic_id));
    }
    assert_int_equal(g.counters().uplink_unknown_topic, 12);
}

// D37, FAULT-47, FAULT-51
void reserved_topic_type_and_wildcards_in_short_names_are_puback_03(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    for (const int qos : {0, 1, 2}) {
        d1.sends(make_publish(flags(qos, TopicIdType::reserved), 1, 4, view("x")));
        d1.gets(make_puback(1, 4, ReturnCode::not_supported));
        static constexpr std::uint16_t kNames[] = {0x612B, 0x6123, 0x2B23, 0x0061, 0x6100, 0xC3C3};
        for (const std::uint16_t name : kNames) {
            d1.sends(make_publish(flags(qos, TopicIdType::short_name), name, 4, view("x")));
            d1.gets(make_puback(name, 4, ReturnCode::not_supported));
        }
    }
}

// D26, FAULT-73
void publish_without_a_link_is_congestion_at_any_qos(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.registers(1, "a");
    d1.link_gone();
    for (const int qos : {0, 1, 2}) {
        d1.sends(publish_of(qos, 1, 5));
        d1.gets(make_puback(1, 5, ReturnCode::congestion));
    }
    assert_int_equal(g.counters().uplink_congestion, 3);
}

// FAULT-74: the engine's queue is nearly full.
void publish_on_a_congested_link_is_congestion_until_it_drains(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.registers(1, "a");
    d1.congested(true);
    d1.sends(publish_of(1, 1, 5));
    d1.gets(make_puback(1, 5, ReturnCode::congestion));
    d1.congested(false);
    d1.sends(publish_of(1, 1, 5));
    d1.to_broker(publish(1, 5, "a", "x"));
}

// D32, FAULT-27, FAULT-43, TRAP-09: SN12-77 allows one; four are tolerated.
void fifth_publish_in_flight_is_congestion(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.registers(1, "a");
    for (std::uint16_t id = 1; id <= 4; ++id) {
        d1.sends(publish_of(id % 2 == 0 ? 2 : 1, 1, id));
        d1.to_broker(publish(id % 2 == 0 ? 2 : 1, id, "a", "x"));
    }
    d1.sends(publish_of(1, 1, 5));
    d1.gets(make_puback(1, 5, ReturnCode::congestion));
    d1.sends(publish_of(0, 1, 0));  // QoS 0 needs no place
    d1.to_broker(publish(0, 0, "a", "x"));
    d1.from_broker(ack(PacketType::puback, 3));  // in any order
    d1.gets(make_puback(1, 3, ReturnCode::accepted));
    d1.sends(publish_of(1, 1, 5));
    d1.to_broker(publish(1, 5, "a", "x"));
}

// FAULT-43: what the device leaves half-done does not fill the window for ever.
void abandoned_qos2_exchanges_give_way(void**) {
    Harness g;
    const Device d1 = g.connected("d1", true, 600);
    d1.registers(1, "a");
    for (std::uint16_t id = 1; id <= 4; ++id) {
        d1.sends(publish_of(2, 1, id));
        d1.to_broker(publish(2, id, "a", "x"));
        d1.from_broker(ack(PacketType::pubrec, id));
        d1.gets(make_pubrec(id));
    }
    g.advance_seconds(40);
    d1.sends(publish_of(1, 1, 5));
    d1.gets(make_puback(1, 5, ReturnCode::congestion));
    g.advance(Millis{1});
    d1.sends(publish_of(1, 1, 5));
    d1.to_broker(publish(1, 5, "a", "x"));
}

// Repetitions (D30, FAULT-56)

// D30, FAULT-56
void repeated_qos1_publish_is_not_passed_on_while_the_first_is_unacked(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.registers(1, "a");
    d1.sends(publish_of(1, 1, 2));
    d1.to_broker(publish(1, 2, "a", "x"));
    d1.sends(publish_of(1, 1, 2, "x", true));
    d1.sends(publish_of(1, 1, 2, "x", true));
    g.nothing();
    d1.from_broker(ack(PacketType::puback, 2));
    d1.gets(make_puback(1, 2, ReturnCode::accepted));
    assert_int_equal(g.counters().uplink_duplicates, 2);
}

// D30, FAULT-55
void late_repetition_after_puback_gets_puback_again(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.registers(1, "a");
    d1.sends(publish_of(1, 1, 2));
    d1.to_broker(publish(1, 2, "a", "x"));
    d1.from_broker(ack(PacketType::puback, 2));
    d1.gets(make_puback(1, 2, ReturnCode::accepted));
    d1.sends(publish_of(1, 1, 2, "x", true));
    d1.gets(make_puback(1, 2, ReturnCode::accepted));
    g.nothing();
    d1.sends(publish_of(1, 1, 2, "y", true));  // same id, other content: another message
    d1.to_broker(dup(publish(1, 2, "a", "y")));
}

// A device that always uses the same MsgId is no repetition, as long as it does not say so.
void same_msgid_without_dup_is_a_new_qos1_message(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.registers(1, "a");
    for (int i = 0; i < 3; ++i) {
        d1.sends(publish_of(1, 1, 1));
        d1.to_broker(publish(1, 1, "a", "x"));
        d1.from_broker(ack(PacketType::puback, 1));
        d1.gets(make_puback(1, 1, ReturnCode::accepted));
    }
}

void repetition_after_the_window_is_passed_on(void**) {
    Harness g;
    const Device d1 = g.connected("d1", true, 600);
    d1.registers(1, "a");
    d1.sends(publish_of(1, 1, 2));
    d1.to_broker(publish(1, 2, "a", "x"));
    d1.from_broker(ack(PacketType::puback, 2));
    d1.gets(make_puback(1, 2, ReturnCode::accepted));
    g.advance(Millis{40001});
    d1.sends(publish_of(1, 1, 2, "x", true));
    d1.to_broker(dup(publish(1, 2, "a", "x")));
}

// D30, FAULT-55
void repeated_qos2_publish_gets_pubrec_again_until_pubrel(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.registers(1, "a");
    d1.sends(publish_of(2, 1, 2));
    d1.to_broker(publish(2, 2, "a", "x"));
    d1.sends(publish_of(2, 1, 2, "x", true));
    g.nothing();
    d1.from_broker(ack(PacketType::pubrec, 2));
    d1.gets(make_pubrec(2));
    d1.sends(publish_of(2, 1, 2, "x", true));
    d1.gets(make_pubrec(2));
    d1.sends(make_pubrel(2));
    d1.to_broker(ack(PacketType::pubrel, 2));
    d1.sends(make_pubrel(2));  // the broker's PUBCOMP is on its way
    g.nothing();
    d1.from_broker(ack(PacketType::pubcomp, 2));
    d1.gets(make_pubcomp(2));
    d1.sends(publish_of(2, 1, 2));  // a copy that the network kept
    d1.gets(make_pubrec(2));
    g.nothing();
}

// A rebooted device counts from 1 again: its first message is no copy of the one before the reboot.
void connect_ends_the_memory_of_repetitions(void**) {
    Harness g;
    g.auto_links = true;
    const Device d1 = g.connected("d1", false);
    for (int boot = 0; boot < 2; ++boot) {
        d1.registers(1, "a");
        d1.sends(publish_of(2, 1, 2, "boot"));
        d1.to_broker(publish(2, 2, "a", "boot"));
        d1.from_broker(ack(PacketType::pubrec, 2));
        d1.gets(make_pubrec(2));
        d1.sends(make_pubrel(2));
        d1.to_broker(ack(PacketType::pubrel, 2));
        d1.from_broker(ack(PacketType::pubcomp, 2));
        d1.gets(make_pubcomp(2));
        g.advance_seconds(2);  // sooner it could be a copy of the CONNECT before
        d1.sends(make_connect(Flags{}, 60, view("d1")));
        d1.gets(make_connack(ReturnCode::accepted));
    }
}

// D09: found by the simulation. A copy of CONNECT that comes when the device has gone on must not make the
// gateway forget which messages it has passed on; the copies of those are on their way as well.
void late_copy_of_connect_forgets_nothing(void**) {
    Harness g;
    g.auto_links = true;
    const Device d1 = g.connected("d1", false);
    d1.registers(1, "a");
    d1.sends(publish_of(2, 1, 2, "x"));
    d1.to_broker(publish(2, 2, "a", "x"));
    d1.from_broker(ack(PacketType::pubrec, 2));
    d1.gets(make_pubrec(2));
    d1.sends(make_connect(Flags{}, 60, view("d1")));
    d1.gets(make_connack(ReturnCode::accepted));
    d1.sends(make_pubrel(2));
    d1.to_broker(ack(PacketType::pubrel, 2));
    d1.from_broker(ack(PacketType::pubcomp, 2));
    d1.gets(make_pubcomp(2));
    d1.sends(publish_of(2, 1, 2, "x"));
    d1.gets(make_pubrec(2));
    g.nothing();
}

// D21: found by the simulation. Ids of a gateway before this one mean nothing here until the device has been
// told.
// SN12-70
void topic_id_counts_only_when_this_gateway_told_it(void**) {
    Harness g;
    g.auto_links = true;
    const Device d1 = g.connected("d1", false);
    d1.from_broker(publish(1, 5, "down", "x"));
    assert_int_equal(g.take().size(), 1);  // REGISTER of id 1, not answered yet
    d1.sends(publish_of(1, 1, 7, "for another topic"));
    d1.gets(make_puback(1, 7, ReturnCode::invalid_topic_id));
    g.nothing();
}

// FAULT-42
void stray_acknowledgements_of_the_device_are_ignored(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    g.advance_seconds(3);
    d1.sends(make_puback(1, 1, ReturnCode::accepted));
    d1.sends(make_regack(1, 1, ReturnCode::accepted));
    d1.sends(make_pubrec(1));
    d1.sends(make_pubcomp(1));
    g.nothing();
    assert_int_equal(g.counters().dropped_stray_ack, 4);
}

// FAULT-79
void acknowledgements_of_the_broker_that_match_nothing_are_ignored(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.registers(1, "a");
    d1.sends(publish_of(2, 1, 2));
    d1.to_broker(publish(2, 2, "a", "x"));
    d1.from_broker(ack(PacketType::puback, 2));   // PUBACK for QoS 2
    d1.from_broker(ack(PacketType::pubcomp, 2));  // before PUBREL
    d1.from_broker(ack(PacketType::pubrec, 3));
    d1.from_broker(suback(2, 0));
    d1.from_broker(ack(PacketType::unsuback, 2));
    d1.from_broker(pingresp());
    g.nothing();
    assert_int_equal(g.counters().broker_ignored, 6);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(same_name_is_registered_under_the_same_id),
        cmocka_unit_test(impossible_names_are_refused_in_regack),
        cmocka_unit_test(full_topic_table_is_congestion),
        cmocka_unit_test(ids_of_one_device_are_not_those_of_another),
        cmocka_unit_test(qos0_publish_goes_up_with_retain_and_without_answer),
        cmocka_unit_test(qos1_publish_is_acked_only_after_the_broker_acks),
        cmocka_unit_test(qos2_goes_end_to_end_in_four_steps),
        cmocka_unit_test(msgid_zero_travels_as_ffff),
        cmocka_unit_test(predefined_and_short_topics_need_no_register),
        cmocka_unit_test(unknown_topic_id_is_puback_02),
        cmocka_unit_test(reserved_topic_type_and_wildcards_in_short_names_are_puback_03),
        cmocka_unit_test(publish_without_a_link_is_congestion_at_any_qos),
        cmocka_unit_test(publish_on_a_congested_link_is_congestion_until_it_drains),
        cmocka_unit_test(fifth_publish_in_flight_is_congestion),
        cmocka_unit_test(abandoned_qos2_exchanges_give_way),
        cmocka_unit_test(repeated_qos1_publish_is_not_passed_on_while_the_first_is_unacked),
        cmocka_unit_test(late_repetition_after_puback_gets_puback_again),
        cmocka_unit_test(same_msgid_without_dup_is_a_new_qos1_message),
        cmocka_unit_test(repetition_after_the_window_is_passed_on),
        cmocka_unit_test(repeated_qos2_publish_gets_pubrec_again_until_pubrel),
        cmocka_unit_test(connect_ends_the_memory_of_repetitions),
        cmocka_unit_test(late_copy_of_connect_forgets_nothing),
        cmocka_unit_test(topic_id_counts_only_when_this_gateway_told_it),
        cmocka_unit_test(stray_acknowledgements_of_the_device_are_ignored),
        cmocka_unit_test(acknowledgements_of_the_broker_that_match_nothing_are_ignored),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
