// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/session_subscribe.hpp"

#include <algorithm>
#include <string>

#include "support/cmocka.hpp"
#include "support/gateway_harness.hpp"

using namespace mqttsn;
using namespace test;
using PacketType = mqtt::PacketType;

namespace {

const Open kKeep{false, "", ""};

// SUBSCRIBE (SN12-83, SN12-86, SN12-87, D36)

// SN12-43, SN12-83, SN12-86
void suback_comes_only_after_the_broker_has_answered(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.sends("08 12 20 00 03 61 2F 62");
    d1.to_broker(subscribe(3, "a/b", 1));
    g.advance_seconds(5);
    g.nothing();
    d1.from_broker(suback(3, 1));
    d1.gets("08 13 20 00 01 00 03 00");
    assert_int_equal(g.count(EventKind::session_active), 1);
}

// SN12-43, SN12-83, TRAP-42, TRAP-68
void granted_qos_passes_through(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    for (std::uint16_t granted = 0; granted <= 2; ++granted) {
        const auto id = static_cast<std::uint16_t>(10 + granted);
        d1.sends(make_subscribe(flags(2), id, view("a")));
        d1.to_broker(subscribe(id, "a", 2));
        d1.from_broker(suback(id, granted));
        d1.gets(make_suback(flags(granted), 1, id, ReturnCode::accepted));
    }
}

// Notes 4.4
// SN12-83
void refusal_of_the_broker_is_not_supported(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.sends(make_subscribe(flags(2), 7, view("a")));
    d1.to_broker(subscribe(7, "a", 2));
    d1.from_broker(suback(7, 0x80));
    d1.gets(make_suback(flags(0), 0, 7, ReturnCode::not_supported));
    assert_int_equal(g.counters().subscribes_refused, 1);
}

void silence_of_the_broker_is_congestion_after_eight_seconds(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.sends(make_subscribe(flags(2), 7, view("a")));
    d1.to_broker(subscribe(7, "a", 2));
    g.advance(Millis{7999});
    g.nothing();
    g.advance(Millis{1});
    d1.gets(make_suback(flags(0), 0, 7, ReturnCode::congestion));
    d1.from_broker(suback(7, 0));  // too late
    g.nothing();
}

// SN12-87, D51, FAULT-50, TRAP-42: ids come by REGISTER when the names are known.
void wildcards_and_shared_filters_get_topic_id_zero(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    std::uint16_t id = 1;
    for (const char* const filter : {"a/#", "#", "+", "a/+/b", "$share/group/a"}) {
        assert_int_equal(d1.subscribes(id++, filter), 0);
    }
}

// SN12-80, SN12-86, D36
void predefined_and_short_forms_are_subscribed_by_name(void**) {
    Settings settings;
    settings.predefined_topics = {{7, "p/{client_id}", "*"}};
    Harness g(settings);
    const Device d1 = g.connected("d1");
    d1.sends("07 12 21 00 03 00 07");
    d1.to_broker(subscribe(3, "p/d1", 1));
    d1.from_broker(suback(3, 1));
    d1.gets("08 13 20 00 07 00 03 00");
    d1.sends("07 12 22 00 04 61 62");
    d1.to_broker(subscribe(4, "ab", 1));
    d1.from_broker(suback(4, 1));
    d1.gets("08 13 20 00 00 00 04 00");
}

// Traps of section 13: Paho loses SUBSCRIBE with MsgId 0.
// D28, FAULT-26, TRAP-42
void subscribe_with_msgid_zero_is_answered(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.sends(make_subscribe(flags(0), 0, view("a")));
    d1.to_broker(subscribe(0xFFFF, "a", 0));
    d1.from_broker(suback(0xFFFF, 0));
    d1.gets(make_suback(flags(0), 1, 0, ReturnCode::accepted));
}

// Refusals

// SN12-79, SN12-81, D34, D36, D37, FAULT-51
void impossible_filters_are_refused(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    for (const char* const bad : {"", "a#", "a/#/b", "+a", "\xFF"}) {
        d1.sends(make_subscribe(flags(0), 7, view(bad)));
        d1.gets(make_suback(flags(0), 0, 7, ReturnCode::not_supported));
    }
    d1.sends("08 12 60 00 07 61 2F 62");  // QoS 11
    d1.gets(make_suback(flags(0), 0, 7, ReturnCode::not_supported));
    d1.sends("07 12 03 00 07 00 01");  // type 11
    d1.gets(make_suback(flags(0), 0, 7, ReturnCode::not_supported));
    d1.sends("07 12 02 00 07 61 23");  // "a#" as a short name
    d1.gets(make_suback(flags(0), 0, 7, ReturnCode::not_supported));
    d1.sends("07 12 01 00 07 00 09");  // unknown pre-defined id
    d1.gets(make_suback(flags(0), 0, 7, ReturnCode::invalid_topic_id));
    assert_int_equal(g.counters().subscribes_refused, 9);
}

// SN12-85
void second_subscribe_at_a_time_is_congestion(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.sends(make_subscribe(flags(0), 1, view("a")));
    d1.to_broker(subscribe(1, "a", 0));
    d1.sends(make_subscribe(flags(0), 2, view("b")));
    d1.gets(make_suback(flags(0), 0, 2, ReturnCode::congestion));
    d1.sends(make_unsubscribe(Flags{}, 3, view("c")));  // UNSUBACK has no code: the device repeats it
    g.nothing();
    d1.from_broker(suback(1, 0));
    d1.gets(make_suback(flags(0), 1, 1, ReturnCode::accepted));
}

void subscribe_without_a_link_or_on_a_congested_one_is_congestion(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.congested(true);
    d1.sends(make_subscribe(flags(0), 1, view("a")));
    d1.gets(make_suback(flags(0), 0, 1, ReturnCode::congestion));
    d1.congested(false);
    d1.sends(make_subscribe(flags(0), 1, view("a")));
    d1.to_broker(subscribe(1, "a", 0));
    d1.link_gone();
    d1.gets(make_suback(flags(0), 0, 1, ReturnCode::congestion));  // the link took the answer with it
    d1.sends(make_subscribe(flags(0), 2, view("a")));
    d1.gets(make_suback(flags(0), 0, 2, ReturnCode::congestion));
}

void too_many_subscriptions_are_congestion(void**) {
    Settings settings;
    settings.limits.topics_per_session = 2;
    Harness g(settings);
    const Device d1 = g.connected("d1");
    d1.subscribes(1, "a/#");
    d1.subscribes(2, "b/#");
    d1.sends(make_subscribe(flags(0), 3, view("c/#")));
    d1.gets(make_suback(flags(0), 0, 3, ReturnCode::congestion));
    d1.subscribes(4, "b/#");  // again is no more
}

// D35: what the device is told it does not have, the broker must not send.
void subscription_without_a_topic_id_is_taken_back(void**) {
    Settings settings;
    settings.limits.topics_per_session = 1;
    Harness g(settings);
    const Device d1 = g.connected("d1");
    d1.registers(1, "x");
    d1.sends(make_subscribe(flags(1), 2, view("a")));
    d1.to_broker(subscribe(2, "a", 1));
    d1.from_broker(suback(2, 1));
    d1.to_broker(unsubscribe(0xFFFE, "a"));
    d1.gets(make_suback(flags(0), 0, 2, ReturnCode::congestion));
    d1.from_broker(ack(PacketType::unsuback, 0xFFFE));
    g.nothing();
}

// Repetitions (D30)

// D30
void repeated_subscribe_gets_one_answer_or_the_same_again(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.sends("08 12 20 00 03 61 2F 62");
    d1.to_broker(subscribe(3, "a/b", 1));
    d1.sends("08 12 A0 00 03 61 2F 62");
    g.nothing();
    d1.from_broker(suback(3, 1));
    d1.gets("08 13 20 00 01 00 03 00");
    d1.sends("08 12 A0 00 03 61 2F 62");
    d1.gets("08 13 20 00 01 00 03 00");
    g.nothing();
    d1.sends("08 12 A0 00 03 61 2F 63");  // another filter is another request
    d1.to_broker(subscribe(3, "a/c", 1));
}

void subscribing_again_goes_to_the_broker_for_its_retained_messages(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.subscribes(1, "a");
    assert_int_equal(d1.subscribes(2, "a"), 1);
}

// D38, FAULT-98

// D38, TRAP-35, TRAP-54
void messages_wait_for_the_suback(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.sends(make_subscribe(flags(1), 3, view("a")));
    d1.to_broker(subscribe(3, "a", 1));
    d1.from_broker(retained(publish(1, 9, "a", "kept")));
    g.nothing();
    d1.from_broker(suback(3, 1));
    d1.gets(make_suback(flags(1), 1, 3, ReturnCode::accepted));
    d1.gets(make_publish(flags(1).with_retain(true), 1, 9, view("kept")));
}

void messages_go_on_after_a_subscribe_that_failed(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.subscribes(1, "a");
    d1.sends(make_subscribe(flags(1), 3, view("b")));
    d1.to_broker(subscribe(3, "b", 1));
    d1.from_broker(publish(0, 0, "a", "x"));
    g.nothing();
    g.advance_seconds(8);
    d1.gets(make_suback(flags(0), 0, 3, ReturnCode::congestion));
    d1.gets(make_publish(flags(0), 1, 0, view("x")));
}

// UNSUBSCRIBE (SN12-88)

// SN12-45, SN12-88, D30
void unsuback_comes_after_the_broker_s(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.subscribes(1, "a/#");
    d1.sends("08 14 00 00 04 61 2F 23");
    d1.to_broker(unsubscribe(4, "a/#"));
    g.nothing();
    d1.sends("08 14 00 00 04 61 2F 23");
    g.nothing();
    d1.from_broker(ack(PacketType::unsuback, 4));
    d1.gets("04 15 00 04");
    d1.sends("08 14 00 00 04 61 2F 23");  // our UNSUBACK was lost
    d1.gets("04 15 00 04");
}

// SN12-88: always; D37
void impossible_unsubscribe_is_answered(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.sends(make_unsubscribe(Flags{}, 4, view("a#")));
    d1.gets(make_unsuback(4));
    d1.sends("07 14 03 00 05 00 01");
    d1.gets(make_unsuback(5));
    d1.sends("07 14 01 00 06 00 09");
    d1.gets(make_unsuback(6));
}

void silence_of_the_broker_lets_the_device_repeat_unsubscribe(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.sends(make_unsubscribe(Flags{}, 4, view("a")));
    d1.to_broker(unsubscribe(4, "a"));
    g.advance_seconds(10);
    g.nothing();
    d1.sends(make_unsubscribe(Flags{}, 4, view("a")));
    d1.to_broker(unsubscribe(4, "a"));
}

// Two forms of one name are two subscriptions of the device, but one of the broker.
void ending_one_form_of_a_name_leaves_the_other(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.subscribes(1, "ab");
    d1.sends(make_subscribe_id(flags(1, TopicIdType::short_name), 2, 0x6162));
    d1.to_broker(subscribe(2, "ab", 1));
    d1.from_broker(suback(2, 1));
    d1.gets(make_suback(flags(1), 0, 2, ReturnCode::accepted));
    d1.sends(make_unsubscribe(Flags{}, 3, view("ab")));
    d1.gets(make_unsuback(3));
    d1.from_broker(publish(0, 0, "ab", "x"));
    d1.gets(make_publish(flags(0, TopicIdType::short_name), 0x6162, 0, view("x")));
    d1.sends(make_unsubscribe_id(flags(0, TopicIdType::short_name), 4, 0x6162));
    d1.to_broker(unsubscribe(4, "ab"));
}

// Repair (notes 4.2: the broker has lost the session)

// FAULT-78, TRAP-62
void lost_subscriptions_are_made_again_in_a_window(void**) {
    Harness g;
    const Device d1 = g.connected("d1", false);
    for (std::uint16_t i = 1; i <= 20; ++i) {
        d1.subscribes(i, "f/" + std::to_string(i) + "/#", i % 3);
    }
    d1.link_gone();
    g.advance(Millis{500});
    d1.opens(kKeep);
    d1.accepted(false);
    assert_int_equal(g.count(EventKind::session_not_in_broker), 1);
    std::vector<std::string> lines = g.take();
    assert_int_equal(lines.size(), 8);
    assert_string_equal(lines[0].c_str(), "broker d1: SUBSCRIBE id=65534 f/1/# q1");
    assert_string_equal(lines[7].c_str(), "broker d1: SUBSCRIBE id=65527 f/8/# q2");
    d1.from_broker(suback(65530, 0));  // in any order
    d1.to_broker(subscribe(65530, "f/9/#", 0));
    for (unsigned i = 10; i <= 20; ++i) {
        d1.from_broker(suback(65530, i == 12 ? 0x80 : 0));
        d1.to_broker(subscribe(65530, "f/" + std::to_string(i) + "/#", i % 3));
    }
    for (unsigned id = 65534; id >= 65527; --id) {
        d1.from_broker(suback(id, 0));
    }
    g.nothing();
    assert_int_equal(g.count(EventKind::subscribe_refused), 1);
}

// FAULT-78
void subscriptions_are_made_again_when_the_broker_has_none_at_connect(void**) {
    Harness g;
    const Device d1 = g.connected("d1", false);
    d1.subscribes(1, "a", 2);
    d1.sends(make_connect(Flags{}, 61, view("d1")));
    d1.closes(true);
    d1.link_gone(LinkCloseReason::requested);
    d1.opens(kKeep);
    d1.accepted(false);
    d1.gets(make_connack(ReturnCode::accepted));
    d1.to_broker(subscribe(65534, "a", 2));
}

void nothing_is_made_again_when_the_broker_has_the_session(void**) {
    Harness g;
    const Device d1 = g.connected("d1", false);
    d1.subscribes(1, "a", 2);
    d1.link_drops_and_returns(true, kKeep);
    g.nothing();
    assert_int_equal(g.count(EventKind::session_not_in_broker), 0);
}

// A clean session of the device outlives a break of the gateway's own connection.
void clean_session_keeps_its_subscriptions_when_only_the_link_broke(void**) {
    Harness g;
    const Device d1 = g.connected("d1", true);
    d1.subscribes(1, "a", 1);
    d1.link_drops_and_returns(false, Open{});
    d1.to_broker(subscribe(65534, "a", 1));
    assert_int_equal(g.count(EventKind::session_not_in_broker), 0);
}

void repair_that_breaks_off_starts_again_with_the_next_link(void**) {
    Harness g;
    const Device d1 = g.connected("d1", false);
    d1.subscribes(1, "a", 1);
    d1.subscribes(2, "b", 1);
    d1.link_drops_and_returns(false, kKeep);
    d1.to_broker(subscribe(65534, "a", 1));
    d1.to_broker(subscribe(65533, "b", 1));
    d1.from_broker(suback(65534, 1));
    d1.link_drops_and_returns(false, kKeep);
    d1.to_broker(subscribe(65534, "a", 1));
    d1.to_broker(subscribe(65533, "b", 1));
}

void unsubscribed_filters_are_not_made_again(void**) {
    Harness g;
    const Device d1 = g.connected("d1", false);
    d1.subscribes(1, "a", 1);
    d1.subscribes(2, "b", 1);
    d1.sends(make_unsubscribe(Flags{}, 3, view("a")));
    d1.to_broker(unsubscribe(3, "a"));
    d1.from_broker(ack(PacketType::unsuback, 3));
    d1.gets(make_unsuback(3));
    d1.link_drops_and_returns(false, kKeep);
    d1.to_broker(subscribe(65534, "b", 1));
    g.nothing();
}

// MQTT-2.3.1-2: ids of ours keep out of the way of the device's.
// FAULT-27
void ids_of_ours_are_not_those_the_device_has_in_flight(void**) {
    Harness g;
    const Device d1 = g.connected("d1", false);
    d1.subscribes(1, "a", 1);
    d1.sends(make_publish(flags(1, TopicIdType::short_name), 0x6162, 0xFFFE, view("x")));
    d1.to_broker(publish(1, 0xFFFE, "ab", "x"));
    d1.link_drops_and_returns(false, kKeep);
    d1.to_broker(subscribe(0xFFFD, "a", 1));
}

// TRAP-60
void subscription_qos_is_capped_by_the_broker_s(void**) {
    Settings settings;
    settings.broker.max_qos = 1;
    Harness g(settings);
    const Device d1 = g.connected("d1");
    d1.sends(make_subscribe(flags(2), 1, view("a")));
    d1.to_broker(subscribe(1, "a", 1));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(suback_comes_only_after_the_broker_has_answered),
        cmocka_unit_test(granted_qos_passes_through),
        cmocka_unit_test(refusal_of_the_broker_is_not_supported),
        cmocka_unit_test(silence_of_the_broker_is_congestion_after_eight_seconds),
        cmocka_unit_test(wildcards_and_shared_filters_get_topic_id_zero),
        cmocka_unit_test(predefined_and_short_forms_are_subscribed_by_name),
        cmocka_unit_test(subscribe_with_msgid_zero_is_answered),
        cmocka_unit_test(impossible_filters_are_refused),
        cmocka_unit_test(second_subscribe_at_a_time_is_congestion),
        cmocka_unit_test(subscribe_without_a_link_or_on_a_congested_one_is_congestion),
        cmocka_unit_test(too_many_subscriptions_are_congestion),
        cmocka_unit_test(subscription_without_a_topic_id_is_taken_back),
        cmocka_unit_test(repeated_subscribe_gets_one_answer_or_the_same_again),
        cmocka_unit_test(subscribing_again_goes_to_the_broker_for_its_retained_messages),
        cmocka_unit_test(messages_wait_for_the_suback),
        cmocka_unit_test(messages_go_on_after_a_subscribe_that_failed),
        cmocka_unit_test(unsuback_comes_after_the_broker_s),
        cmocka_unit_test(impossible_unsubscribe_is_answered),
        cmocka_unit_test(silence_of_the_broker_lets_the_device_repeat_unsubscribe),
        cmocka_unit_test(ending_one_form_of_a_name_leaves_the_other),
        cmocka_unit_test(lost_subscriptions_are_made_again_in_a_window),
        cmocka_unit_test(subscriptions_are_made_again_when_the_broker_has_none_at_connect),
        cmocka_unit_test(nothing_is_made_again_when_the_broker_has_the_session),
        cmocka_unit_test(clean_session_keeps_its_subscriptions_when_only_the_link_broke),
        cmocka_unit_test(repair_that_breaks_off_starts_again_with_the_next_link),
        cmocka_unit_test(unsubscribed_filters_are_not_made_again),
        cmocka_unit_test(ids_of_ours_are_not_those_the_device_has_in_flight),
        cmocka_unit_test(subscription_qos_is_capped_by_the_broker_s),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
