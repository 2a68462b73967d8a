// SPDX-License-Identifier: BSD-3-Clause
//
// REGISTER and PUBLISH to the device. What happens when the link breaks, or the broker sends again:
// session_intake_test.cpp. Sleep: session_sleep_test.cpp.
// Length: one test for each answer that a device can give.
#include "gateway/core/session_downlink.hpp"

#include <string>

#include "support/cmocka.hpp"
#include "support/gateway_harness.hpp"

using namespace mqttsn;
using namespace test;
using PacketType = mqtt::PacketType;

namespace {

/// Expects REGISTER as the only output and answers it. @return its MsgId
std::uint16_t takes_register(Harness& g, const Device& d1, std::uint16_t topic_id, std::string_view name,
                             ReturnCode code = ReturnCode::accepted, Where where = Where()) {
    const std::vector<std::string> lines = g.take();
    const std::string head = "to " + d1.label() + ": REGISTER ";
    if (lines.size() != 1 || !lines[0].starts_with(head)) {
        stop(where, "no REGISTER but " + (lines.empty() ? "nothing" : lines[0]));
    }
    const Octets octets = hex(lines[0].substr(head.size()));
    const std::string got(octets.begin() + 6, octets.end());
    if (octets[2] * 256 + octets[3] != topic_id || got != name) {
        stop(where, "another REGISTER: " + lines[0]);
    }
    const auto message_id = static_cast<std::uint16_t>((octets[4] << 8) | octets[5]);
    d1.sends(make_regack(topic_id, message_id, code), where);
    return message_id;
}

Message publish_to(int qos, std::uint16_t topic_id, std::uint16_t message_id, std::string_view payload,
                   bool repeated = false) {
    return make_publish(flags(qos).with_dup(repeated), topic_id, message_id, view(payload));
}

// Delivery (SN12-75, SN12-89, design 1.2)

// SN12-75, SN12-86, TRAP-01
void qos0_arrives_under_the_id_of_the_suback(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    const std::uint16_t id = d1.subscribes(1, "a/b");
    d1.from_broker(publish(0, 0, "a/b", "hi"));
    d1.gets(publish_to(0, id, 0, "hi"));
    d1.from_broker(retained(publish(0, 0, "a/b", "")));  // D39
    d1.gets(make_publish(flags(0).with_retain(true), id, 0, Bytes{}));
}

// SN12-75
void qos1_is_acked_to_the_broker_only_after_the_device_acked(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    const std::uint16_t id = d1.subscribes(1, "a");
    d1.from_broker(publish(1, 0x1234, "a", "hi"));
    d1.gets(publish_to(1, id, 0x1234, "hi"));
    g.advance_seconds(5);
    g.nothing();
    d1.sends(make_puback(id, 0x1234, ReturnCode::accepted));
    d1.to_broker(ack(PacketType::puback, 0x1234));
    assert_int_equal(g.counters().downlink_delivered, 1);
}

// SN12-75
void qos2_goes_end_to_end_in_four_steps(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    const std::uint16_t id = d1.subscribes(1, "a", 2);
    d1.from_broker(publish(2, 9, "a", "hi"));
    d1.gets(publish_to(2, id, 9, "hi"));
    d1.sends(make_puback(id, 9, ReturnCode::accepted));  // the wrong acknowledgement changes nothing
    g.nothing();
    d1.sends(make_pubrec(9));
    d1.to_broker(ack(PacketType::pubrec, 9));
    d1.from_broker(ack(PacketType::pubrel, 9));
    d1.gets(make_pubrel(9));
    d1.from_broker(ack(PacketType::pubrel, 9));  // the device has been asked already
    d1.sends(make_pubcomp(9));
    d1.to_broker(ack(PacketType::pubcomp, 9));
}

// SN12-74, SN12-87, SN12-89, TRAP-07, TRAP-25, TRAP-40
void wildcard_match_is_registered_before_the_first_publish(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    assert_int_equal(d1.subscribes(1, "a/#"), 0);
    d1.from_broker(publish(0, 0, "a/b", "1"));
    takes_register(g, d1, 1, "a/b");
    d1.gets(publish_to(0, 1, 0, "1"));
    d1.from_broker(publish(0, 0, "a/b", "2"));
    d1.gets(publish_to(0, 1, 0, "2"));
    d1.from_broker(publish(1, 5, "a/c", "3"));
    takes_register(g, d1, 2, "a/c");
    d1.gets(publish_to(1, 2, 5, "3"));
}

// A name the device registered itself needs no REGISTER of ours.
// SN12-70, TRAP-07
void name_the_device_registered_is_known(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    const std::uint16_t id = d1.registers(1, "a/b");
    d1.subscribes(2, "a/#");
    d1.from_broker(publish(0, 0, "a/b", "1"));
    d1.gets(publish_to(0, id, 0, "1"));
}

// D31: one exchange at a time, the order of the broker kept.
void messages_keep_their_order_and_wait_for_each_other(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    const std::uint16_t id = d1.subscribes(1, "a");
    d1.subscribes(2, "w/#", 2);
    d1.from_broker(publish(1, 1, "a", "1"));
    d1.gets(publish_to(1, id, 1, "1"));
    d1.from_broker(publish(0, 0, "a", "2"));
    d1.from_broker(publish(2, 3, "w/x", "3"));
    d1.from_broker(publish(0, 0, "w/x", "4"));
    d1.from_broker(publish(1, 4, "a", "5"));
    g.nothing();
    d1.sends(make_puback(id, 1, ReturnCode::accepted));
    d1.to_broker(ack(PacketType::puback, 1));
    d1.gets(publish_to(0, id, 0, "2"));
    takes_register(g, d1, 2, "w/x");
    d1.gets(publish_to(2, 2, 3, "3"));
    d1.sends(make_pubrec(3));
    d1.to_broker(ack(PacketType::pubrec, 3));
    g.nothing();
    d1.from_broker(ack(PacketType::pubrel, 3));
    d1.gets(make_pubrel(3));
    d1.sends(make_pubcomp(3));
    d1.to_broker(ack(PacketType::pubcomp, 3));
    d1.gets(publish_to(0, 2, 0, "4"));
    d1.gets(publish_to(1, id, 4, "5"));
}

// D52, SN12-80
void message_comes_in_the_form_of_the_subscription(void**) {
    Settings settings;
    settings.predefined_topics = {{7, "sensors/{client_id}", "*"}};
    Harness g(settings);
    const Device d1 = g.connected("d1");
    d1.sends(make_subscribe_id(flags(1, TopicIdType::predefined), 1, 7));
    d1.to_broker(subscribe(1, "sensors/d1", 1));
    d1.from_broker(suback(1, 1));
    d1.gets(make_suback(flags(1), 7, 1, ReturnCode::accepted));
    d1.sends(make_subscribe_id(flags(0, TopicIdType::short_name), 2, 0x6162));
    d1.to_broker(subscribe(2, "ab", 0));
    d1.from_broker(suback(2, 0));
    d1.gets(make_suback(flags(0), 0, 2, ReturnCode::accepted));
    d1.from_broker(publish(0, 0, "sensors/d1", "x"));
    d1.gets(make_publish(flags(0, TopicIdType::predefined), 7, 0, view("x")));
    d1.from_broker(publish(0, 0, "ab", "x"));
    d1.gets(make_publish(flags(0, TopicIdType::short_name), 0x6162, 0, view("x")));
    // A name of two octets that only a name filter matches gets a normal id.
    d1.subscribes(3, "#");
    d1.from_broker(publish(0, 0, "cd", "x"));
    takes_register(g, d1, 1, "cd");
    d1.gets(publish_to(0, 1, 0, "x"));
}

// Retransmission (SN12-99, SN12-100, D29, D33)

// SN12-14, SN12-99, SN12-100, D29, D33, TRAP-01
void unanswered_publish_is_repeated_with_dup_then_the_device_is_lost(void**) {
    Harness g;
    const Device d1 = g.connected("d1", false, 600);
    const std::uint16_t id = d1.subscribes(1, "a");
    d1.from_broker(publish(1, 5, "a", "x"));
    d1.gets(publish_to(1, id, 5, "x"));
    for (int i = 0; i < 3; ++i) {
        g.advance(Millis{9999});
        g.nothing();
        g.advance(Millis{1});
        d1.gets(publish_to(1, id, 5, "x", true));
    }
    g.advance(Millis{9999});
    g.nothing();
    g.advance(Millis{1});
    d1.closes(false);  // no DISCONNECT: the will
    g.nothing();       // and the broker keeps the message
    assert_int_equal(g.counters().sessions_lost, 1);
    assert_int_equal(g.counters().downlink_retransmissions, 3);
}

// SN12-99, D29, D33, FAULT-24, TRAP-06
void unanswered_register_and_pubrel_are_repeated_unchanged(void**) {
    Harness g;
    const Device d1 = g.connected("d1", false, 600);
    d1.subscribes(1, "#", 2);
    d1.from_broker(publish(2, 5, "a", "x"));
    const std::vector<std::string> first = g.take();
    assert_int_equal(first.size(), 1);
    g.advance_seconds(10);
    g.expect(first[0]);
    const Octets octets = hex(first[0].substr(first[0].find("REGISTER ") + 9));
    d1.sends(make_regack(1, static_cast<std::uint16_t>((octets[4] << 8) | octets[5]), ReturnCode::accepted));
    d1.gets(publish_to(2, 1, 5, "x"));
    d1.sends(make_pubrec(5));
    d1.to_broker(ack(PacketType::pubrec, 5));
    g.advance_seconds(60);  // waiting for the broker: nothing is repeated to the device
    g.nothing();
    d1.from_broker(ack(PacketType::pubrel, 5));
    for (int i = 0; i < 4; ++i) {
        d1.gets("04 10 00 05");
        g.advance_seconds(10);
    }
    d1.closes(false);
}

void an_answer_starts_the_count_of_repetitions_anew(void**) {
    Harness g;
    const Device d1 = g.connected("d1", false, 600);
    const std::uint16_t id = d1.subscribes(1, "a");
    for (std::uint16_t message = 1; message <= 3; ++message) {
        d1.from_broker(publish(1, message, "a", "x"));
        d1.gets(publish_to(1, id, message, "x"));
        for (int i = 0; i < 3; ++i) {
            g.advance_seconds(10);
            d1.gets(publish_to(1, id, message, "x", true));
        }
        d1.sends(make_puback(id, message, ReturnCode::accepted));
        d1.to_broker(ack(PacketType::puback, message));
    }
    g.advance_seconds(100);
    g.nothing();
}

// What the device refuses (D40, D41, SN12-90, SN12-91)

// SN12-90, D40, TRAP-10, TRAP-52
void refused_name_is_muted_until_the_next_subscribe(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.subscribes(1, "a/#");
    d1.from_broker(publish(1, 5, "a/b", "1"));
    takes_register(g, d1, 1, "a/b", ReturnCode::not_supported);
    d1.to_broker(ack(PacketType::puback, 5));  // the broker must not wait for it
    d1.from_broker(publish(2, 6, "a/b", "2"));
    d1.to_broker(ack(PacketType::pubrec, 6));
    d1.from_broker(ack(PacketType::pubrel, 6));
    d1.to_broker(ack(PacketType::pubcomp, 6));
    d1.from_broker(publish(0, 0, "a/b", "3"));
    g.nothing();
    assert_int_equal(g.counters().downlink_dropped_refused, 3);
    d1.from_broker(publish(0, 0, "a/c", "4"));  // the filter still stands for other names
    takes_register(g, d1, 2, "a/c");
    d1.gets(publish_to(0, 2, 0, "4"));
    d1.subscribes(2, "a/#");
    d1.from_broker(publish(0, 0, "a/b", "5"));
    takes_register(g, d1, 1, "a/b");
    d1.gets(publish_to(0, 1, 0, "5"));
}

// SN12-90: after a reconnect even exact names are registered; a refusal ends the subscription.
// D40, TRAP-10, TRAP-52
void refused_exact_name_is_unsubscribed(void**) {
    Harness g;
    g.auto_links = true;
    g.auto_session_present = true;
    const Device d1 = g.connected("d1", false);
    d1.subscribes(1, "a");
    d1.sends(make_connect(Flags{}, 61, view("d1")));
    d1.gets(make_connack(ReturnCode::accepted));
    d1.from_broker(publish(1, 5, "a", "1"));
    takes_register(g, d1, 1, "a", ReturnCode::invalid_topic_id);
    d1.to_broker(unsubscribe(0xFFFE, "a"));
    d1.to_broker(ack(PacketType::puback, 5));
    d1.from_broker(ack(PacketType::unsuback, 0xFFFE));
    g.nothing();
}

// FAULT-27
void two_refused_names_are_unsubscribed_under_different_ids(void**) {
    Harness g;
    g.auto_links = true;
    g.auto_session_present = true;
    const Device d1 = g.connected("d1", false);
    d1.subscribes(1, "a");
    d1.subscribes(2, "b");
    d1.sends(make_connect(Flags{}, 61, view("d1")));
    d1.gets(make_connack(ReturnCode::accepted));
    d1.from_broker(publish(0, 0, "a", "1"));
    takes_register(g, d1, 1, "a", ReturnCode::not_supported);
    d1.to_broker(unsubscribe(0xFFFE, "a"));
    d1.from_broker(publish(0, 0, "b", "1"));
    takes_register(g, d1, 2, "b", ReturnCode::not_supported);
    d1.to_broker(unsubscribe(0xFFFD, "b"));
    d1.from_broker(ack(PacketType::unsuback, 0xFFFE));
    d1.from_broker(ack(PacketType::unsuback, 0xFFFD));
    assert_int_equal(g.counters().broker_ignored, 0);
}

// SN12-72, SN12-111, D40, D41
void congestion_in_regack_or_puback_holds_for_five_minutes(void**) {
    Harness g;
    const Device d1 = g.connected("d1", false, 6000);
    d1.subscribes(1, "#");
    d1.from_broker(publish(1, 5, "a", "1"));
    takes_register(g, d1, 1, "a", ReturnCode::congestion);
    g.advance(Millis{299999});
    g.nothing();
    g.advance(Millis{1});
    takes_register(g, d1, 1, "a");
    d1.gets(publish_to(1, 1, 5, "1"));
    d1.sends(make_puback(1, 5, ReturnCode::congestion));
    g.advance(Millis{299999});
    g.nothing();
    g.advance(Millis{1});
    d1.gets(publish_to(1, 1, 5, "1"));
    d1.sends(make_puback(1, 5, ReturnCode::accepted));
    d1.to_broker(ack(PacketType::puback, 5));
}

// D41, SN12-91
// The second refusal may be a copy of the first, which the network made; only the refusal of the repetition
// is final.
void puback_02_registers_again_and_sends_twice_more(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    const std::uint16_t id = d1.subscribes(1, "a");
    d1.from_broker(publish(1, 5, "a", "1"));
    d1.gets(publish_to(1, id, 5, "1"));
    d1.sends(make_puback(id, 5, ReturnCode::invalid_topic_id));
    takes_register(g, d1, id, "a");
    d1.gets(publish_to(1, id, 5, "1"));
    d1.sends(make_puback(id, 5, ReturnCode::invalid_topic_id));
    g.nothing();
    g.advance_seconds(10);
    d1.gets(publish_to(1, id, 5, "1", true));
    d1.sends(make_puback(id, 5, ReturnCode::invalid_topic_id));
    d1.to_broker(ack(PacketType::puback, 5));
    g.nothing();
    assert_int_equal(g.counters().downlink_dropped_refused, 1);
}

void puback_02_for_qos0_registers_before_the_next_message(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    const std::uint16_t id = d1.subscribes(1, "a");
    d1.from_broker(publish(0, 0, "a", "1"));
    d1.gets(publish_to(0, id, 0, "1"));
    d1.sends(make_puback(id, 0, ReturnCode::invalid_topic_id));
    g.nothing();
    d1.from_broker(publish(0, 0, "a", "2"));
    takes_register(g, d1, id, "a");
    d1.gets(publish_to(0, id, 0, "2"));
}

// SN12-89 holds for repetitions, too.
void repetition_is_registered_first_when_the_device_has_forgotten_the_id(void**) {
    Harness g;
    const Device d1 = g.connected("d1", false, 600);
    const std::uint16_t id = d1.subscribes(1, "a");
    d1.from_broker(publish(1, 5, "a", "1"));
    d1.gets(publish_to(1, id, 5, "1"));
    d1.sends(make_puback(id, 0, ReturnCode::invalid_topic_id));  // for an earlier message of QoS 0
    g.nothing();
    g.advance_seconds(10);
    takes_register(g, d1, id, "a");
    d1.gets(publish_to(1, id, 5, "1", true));
}

// D52
void repetition_after_the_end_of_the_predefined_subscription_is_registered(void**) {
    Settings settings;
    settings.predefined_topics = {{7, "p", "*"}};
    Harness g(settings);
    const Device d1 = g.connected("d1", false, 600);
    d1.sends(make_subscribe_id(flags(1, TopicIdType::predefined), 1, 7));
    d1.to_broker(subscribe(1, "p", 1));
    d1.from_broker(suback(1, 1));
    d1.gets(make_suback(flags(1), 7, 1, ReturnCode::accepted));
    d1.from_broker(publish(1, 5, "p", "x"));
    d1.gets(make_publish(flags(1, TopicIdType::predefined), 7, 5, view("x")));
    d1.sends(make_unsubscribe_id(flags(0, TopicIdType::predefined), 2, 7));
    d1.to_broker(unsubscribe(2, "p"));
    d1.from_broker(ack(PacketType::unsuback, 2));
    d1.gets(make_unsuback(2));
    g.advance_seconds(10);
    takes_register(g, d1, 1, "p");
    d1.gets(publish_to(1, 1, 5, "x", true));
}

void puback_02_for_a_predefined_id_drops_the_message(void**) {
    Settings settings;
    settings.predefined_topics = {{7, "p", "*"}};
    Harness g(settings);
    const Device d1 = g.connected("d1");
    d1.sends(make_subscribe_id(flags(1, TopicIdType::predefined), 1, 7));
    d1.to_broker(subscribe(1, "p", 1));
    d1.from_broker(suback(1, 1));
    d1.gets(make_suback(flags(1), 7, 1, ReturnCode::accepted));
    d1.from_broker(publish(1, 5, "p", "x"));
    d1.gets(make_publish(flags(1, TopicIdType::predefined), 7, 5, view("x")));
    d1.sends(make_puback(7, 5, ReturnCode::invalid_topic_id));
    d1.to_broker(ack(PacketType::puback, 5));
}

// D41
void puback_03_or_a_reserved_code_drops_the_message(void**) {
    for (const unsigned code : {3U, 4U, 255U}) {
        Harness g;
        const Device d1 = g.connected("d1");
        const std::uint16_t id = d1.subscribes(1, "a", 2);
        d1.from_broker(publish(2, 5, "a", "1"));
        d1.gets(publish_to(2, id, 5, "1"));
        d1.sends(make_puback(id, 5, static_cast<ReturnCode>(code)));  // also instead of PUBREC (D27)
        d1.to_broker(ack(PacketType::pubrec, 5));
        d1.from_broker(publish(0, 0, "a", "2"));
        d1.gets(publish_to(0, id, 0, "2"));
        d1.from_broker(ack(PacketType::pubrel, 5));
        d1.to_broker(ack(PacketType::pubcomp, 5));
        g.nothing();
    }
}

// FAULT-42
void regack_that_matches_nothing_is_ignored(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.subscribes(1, "#");
    d1.from_broker(publish(0, 0, "a", "1"));
    const Octets octets = hex(g.take().at(0).substr(std::string("to d1: REGISTER ").size()));
    const auto message_id = static_cast<std::uint16_t>((octets[4] << 8) | octets[5]);
    d1.sends(make_regack(1, static_cast<std::uint16_t>(message_id ^ 1), ReturnCode::accepted));
    d1.sends(make_regack(2, message_id, ReturnCode::accepted));
    d1.sends(make_puback(1, message_id, ReturnCode::accepted));
    g.nothing();
    assert_int_equal(g.counters().dropped_stray_ack, 3);
    d1.sends(make_regack(1, message_id, ReturnCode::accepted));
    d1.gets(publish_to(0, 1, 0, "1"));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(qos0_arrives_under_the_id_of_the_suback),
        cmocka_unit_test(qos1_is_acked_to_the_broker_only_after_the_device_acked),
        cmocka_unit_test(qos2_goes_end_to_end_in_four_steps),
        cmocka_unit_test(wildcard_match_is_registered_before_the_first_publish),
        cmocka_unit_test(name_the_device_registered_is_known),
        cmocka_unit_test(messages_keep_their_order_and_wait_for_each_other),
        cmocka_unit_test(message_comes_in_the_form_of_the_subscription),
        cmocka_unit_test(unanswered_publish_is_repeated_with_dup_then_the_device_is_lost),
        cmocka_unit_test(unanswered_register_and_pubrel_are_repeated_unchanged),
        cmocka_unit_test(an_answer_starts_the_count_of_repetitions_anew),
        cmocka_unit_test(refused_name_is_muted_until_the_next_subscribe),
        cmocka_unit_test(refused_exact_name_is_unsubscribed),
        cmocka_unit_test(two_refused_names_are_unsubscribed_under_different_ids),
        cmocka_unit_test(congestion_in_regack_or_puback_holds_for_five_minutes),
        cmocka_unit_test(puback_02_registers_again_and_sends_twice_more),
        cmocka_unit_test(puback_02_for_qos0_registers_before_the_next_message),
        cmocka_unit_test(repetition_is_registered_first_when_the_device_has_forgotten_the_id),
        cmocka_unit_test(repetition_after_the_end_of_the_predefined_subscription_is_registered),
        cmocka_unit_test(puback_02_for_a_predefined_id_drops_the_message),
        cmocka_unit_test(puback_03_or_a_reserved_code_drops_the_message),
        cmocka_unit_test(regack_that_matches_nothing_is_ignored),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
