// SPDX-License-Identifier: BSD-3-Clause
//
// How a session begins and ends. Sleep has a file of its own (session_sleep_test.cpp), and so has
// another address (session_takeover_test.cpp).
#include "gateway/core/session_connect.hpp"

#include <string>

#include "support/cmocka.hpp"
#include "support/gateway_harness.hpp"

using namespace mqttsn;
using namespace test;

namespace {

Message connect_of(const Device& device, bool clean, std::uint16_t keep_alive_s = 60, bool will = false) {
    return make_connect(Flags{}.with_clean_session(clean).with_will(will), keep_alive_s,
                        view(device.client_id()));
}

// CONNECT and the broker's answer (SN12-61, 4.2 of the notes)

// SN12-61
void connack_comes_only_after_the_broker_has_answered(void**) {
    Harness g;
    const Device d1 = g.device("d1");
    d1.sends("08 04 04 01 00 3C 64 31");
    d1.opens(Open{});
    g.nothing();
    g.advance(Millis{7999});
    g.nothing();
    d1.accepted();
    d1.gets("03 05 00");
    assert_int_equal(g.count(EventKind::session_active), 1);
}

// FAULT-75, notes 4.2
// SN12-62, TRAP-28
void every_mqtt_connack_code_has_its_mqttsn_code(void**) {
    static constexpr struct {
        unsigned mqtt;
        ReturnCode code;
    } kRows[] = {
        {1, ReturnCode::not_supported},   {2, ReturnCode::not_supported}, {3, ReturnCode::congestion},
        {4, ReturnCode::not_supported},   {5, ReturnCode::not_supported}, {6, ReturnCode::not_supported},
        {255, ReturnCode::not_supported},
    };
    for (const auto& row : kRows) {
        Harness g;
        const Device d1 = g.device("d1");
        d1.sends(connect_of(d1, true));
        d1.opens(Open{});
        d1.refused(row.mqtt);
        d1.gets(make_connack(row.code));
        g.nothing();
        assert_int_equal(g.count(EventKind::broker_refused), 1);
        assert_int_equal(g.gateway().session_count(), 0);
        g.advance_seconds(600);  // no attempt of its own: the device asks again
        g.nothing();
    }
}

// SN12-62, FAULT-72
void unreachable_broker_is_congestion(void**) {
    Harness g;
    const Device d1 = g.device("d1");
    d1.sends(connect_of(d1, true));
    d1.opens(Open{});
    d1.link_gone(LinkCloseReason::unreachable);
    d1.gets(make_connack(ReturnCode::congestion));
    assert_int_equal(g.gateway().session_count(), 0);
}

// SN12-62, FAULT-74, TRAP-08: the answer comes before the device's T_retry of 10 s.
void broker_that_does_not_answer_is_congestion_after_eight_seconds(void**) {
    Harness g;
    const Device d1 = g.device("d1");
    d1.sends(connect_of(d1, true));
    d1.opens(Open{});
    g.advance(Millis{7999});
    g.nothing();
    g.advance(Millis{1});
    d1.gets(make_connack(ReturnCode::congestion));
    d1.closes(true);
    d1.accepted();  // too late, the link is being closed
    g.nothing();
    d1.link_gone(LinkCloseReason::requested);
    assert_int_equal(g.gateway().session_count(), 0);
    assert_int_equal(g.gateway().link_count(), 0);
}

// TRAP-69
void connect_says_what_the_settings_say(void**) {
    Settings settings;
    settings.broker.client_id = "gw{gateway_id}-{client_id}";
    settings.broker.username = "user-{client_id}";
    settings.broker.password = "secret";
    Harness g(settings);
    const Device d1 = g.device("d1");
    d1.sends(connect_of(d1, false));
    g.expect("open gw1-d1: keep user user-d1:secret");
}

// What is refused

// D05, FAULT-8, FAULT-9, FAULT-10: empty, too long, not UTF-8, control characters, wildcards, slash, quote,
// NUL
void impossible_client_ids_are_not_supported(void**) {
    const std::string bad[] = {"",
                               std::string(65, 'x'),
                               "\xFF",
                               "\xC3",
                               "\xED\xA0\x80",
                               std::string("a\0b", 3),
                               "a\nb",
                               "a\x1B[31m",
                               "a\x7F",
                               "a+",
                               "#",
                               "a/b",
                               "a\"b"};
    for (const std::string& id : bad) {
        Harness g;
        const Device device = g.device(id);
        device.sends(connect_of(device, true));
        device.gets(make_connack(ReturnCode::not_supported));
        assert_int_equal(g.counters().connects_refused, 1);
        assert_int_equal(g.gateway().session_count(), 0);
    }
}

// SN12-21, D05
void longest_client_id_and_every_utf8_is_accepted(void**) {
    const std::string good[] = {std::string(64, 'x'), "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", "a b",
                                "{client_id}"};
    for (const std::string& id : good) {
        Harness g;
        g.connected(id);
    }
}

// SN12-24, D06, FAULT-11
void unknown_protocol_id_is_not_supported(void**) {
    Harness g;
    const Device d1 = g.device("d1");
    d1.sends("08 04 04 02 00 3C 64 31");
    d1.gets(make_connack(ReturnCode::not_supported));
    d1.sends("08 04 04 00 00 3C 64 31");
    d1.gets(make_connack(ReturnCode::not_supported));
    assert_int_equal(g.gateway().session_count(), 0);
}

void client_rule_refuses_and_the_first_match_decides(void**) {
    Settings settings;
    settings.clients = {{"meter-7", true, {}}, {"meter-*", false, {}}};
    Harness g(settings);
    g.connected("meter-7");
    g.connected("pump");
    const Device d1 = g.device("meter-8");
    d1.sends(connect_of(d1, true));
    d1.gets(make_connack(ReturnCode::not_supported));
    g.nothing();
}

// SN12-02, D14, TRAP-48
void client_id_that_is_a_prefix_of_another_is_another_client(void**) {
    Harness g;
    const Device a = g.connected("dev1");
    const Device b = g.connected("dev10");
    assert_int_equal(g.gateway().session_count(), 2);
    a.sends(make_pingreq(view("dev1")));
    a.gets(make_pingresp());
    b.sends(make_disconnect());
    b.gets(make_disconnect());
    b.closes(true);
    b.link_gone(LinkCloseReason::requested);
    a.sends(make_pingreq(Bytes{}));
    a.gets(make_pingresp());
}

// CONNECT again (D09)

// D09, FAULT-6
void repeated_connect_gets_the_same_connack_and_opens_nothing(void**) {
    Harness g;
    const Device d1 = g.device("d1");
    d1.sends(connect_of(d1, true));
    d1.opens(Open{});
    d1.sends(connect_of(d1, true));
    g.nothing();
    d1.accepted();
    d1.gets(make_connack(ReturnCode::accepted));
    g.nothing();
    d1.sends(connect_of(d1, true));
    d1.gets(make_connack(ReturnCode::accepted));
    g.nothing();
    assert_int_equal(g.counters().connects_repeated, 2);
}

// D09, TRAP-38: the old connection ends with DISCONNECT (no will) before the new one opens.
void connect_after_other_messages_is_a_new_connection(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.sends(make_pingreq(Bytes{}));
    d1.gets(make_pingresp());
    d1.sends(connect_of(d1, true));
    d1.closes(true);
    g.nothing();
    d1.link_gone(LinkCloseReason::requested);
    d1.opens(Open{});
    g.nothing();
    d1.accepted();
    d1.gets(make_connack(ReturnCode::accepted));
    assert_int_equal(g.gateway().session_count(), 1);
    assert_int_equal(g.gateway().link_count(), 1);
}

// D09, FAULT-7
void connect_with_other_flags_or_keep_alive_is_a_new_connection(void**) {
    Harness g;
    const Device d1 = g.connected("d1", true, 60);
    d1.sends(connect_of(d1, true, 61));
    d1.closes(true);
    d1.link_gone(LinkCloseReason::requested);
    d1.opens(Open{});
    d1.accepted();
    d1.gets(make_connack(ReturnCode::accepted));
    d1.sends(connect_of(d1, false, 61));
    d1.closes(true);
    d1.link_gone(LinkCloseReason::requested);
    d1.opens(Open{false, "", ""});
    d1.accepted();
    d1.gets(make_connack(ReturnCode::accepted));
}

void other_connect_while_the_broker_is_asked_starts_again(void**) {
    Harness g;
    const Device d1 = g.device("d1");
    d1.sends(connect_of(d1, true));
    d1.opens(Open{});
    d1.sends(connect_of(d1, false));
    d1.closes(true);
    d1.accepted(true);  // the first connection's answer crosses ours
    g.nothing();
    d1.link_gone(LinkCloseReason::requested);
    d1.opens(Open{false, "", ""});
    d1.accepted(true);
    d1.gets(make_connack(ReturnCode::accepted));
}

// What the broker sends on the old connection belongs to the old session (SN12-64).
void old_connection_s_messages_do_not_reach_the_new_session(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.subscribes(1, "a/b");
    d1.sends(connect_of(d1, true, 60, true));
    d1.gets(make_will_topic_req());
    d1.from_broker(publish(0, 0, "a/b", "old"));
    d1.from_broker(publish(1, 7, "a/b", "old"));
    g.nothing();
    d1.sends(make_will_topic_empty());
    d1.closes(true);
    d1.link_gone(LinkCloseReason::requested);
    d1.opens(Open{});
    d1.accepted();
    d1.gets(make_connack(ReturnCode::accepted));
    g.nothing();
}

// Topic ids and subscriptions across connections (SN12-63 to SN12-67, D21)

// SN12-18, SN12-64, SN12-65
void clean_session_forgets_topics_and_subscriptions(void**) {
    Harness g;
    g.auto_links = true;
    const Device d1 = g.connected("d1", false);
    assert_int_equal(d1.registers(1, "a"), 1);
    assert_int_equal(d1.subscribes(2, "b"), 2);
    d1.sends(connect_of(d1, true));
    d1.gets(make_connack(ReturnCode::accepted));  // and nothing is subscribed again
    g.nothing();
    d1.sends(make_publish(flags(1), 1, 3, view("x")));
    d1.gets(make_puback(1, 3, ReturnCode::invalid_topic_id));
    assert_int_equal(d1.registers(4, "other"), 1);
}

// D21: after Clean=0 the device may use its ids, the gateway registers before it does.
// SN12-74, TRAP-05, TRAP-51
void ids_live_on_without_clean_session(void**) {
    Harness g;
    g.auto_links = true;
    g.auto_session_present = true;
    const Device d1 = g.connected("d1", false);
    assert_int_equal(d1.registers(1, "a"), 1);
    assert_int_equal(d1.subscribes(2, "b"), 2);
    d1.sends(connect_of(d1, false, 61));
    d1.gets(make_connack(ReturnCode::accepted));
    d1.sends(make_publish(flags(0), 1, 0, view("x")));
    d1.to_broker(publish(0, 0, "a", "x"));
    d1.from_broker(publish(0, 0, "b", "y"));
    const std::vector<std::string> lines = g.take();
    assert_int_equal(lines.size(), 1);
    assert_true(lines[0].starts_with("to d1: REGISTER 07 0A 00 02 "));
}

// DISCONNECT (SN12-96, SN12-97)

// SN12-48, SN12-96, SN12-97, TRAP-02
void disconnect_is_answered_and_ends_the_link_properly(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.sends("02 18");
    d1.gets("02 18");
    d1.closes(true);
    g.nothing();
    d1.link_gone(LinkCloseReason::requested);
    assert_int_equal(g.gateway().session_count(), 0);
}

// D22
void disconnect_with_duration_zero_is_no_sleep(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.sends("04 18 00 00");
    d1.gets("02 18");
    d1.closes(true);
}

// SN12-63, SN12-97, SN12-101
void session_without_clean_is_remembered_and_with_clean_is_not(void**) {
    Harness g;
    g.auto_links = true;
    const Device keeps = g.connected("keeps", false);
    const Device clean = g.connected("clean", true);
    assert_int_equal(keeps.registers(1, "a"), 1);
    keeps.sends(make_disconnect());
    keeps.gets(make_disconnect());
    clean.sends(make_disconnect());
    clean.gets(make_disconnect());
    assert_int_equal(g.gateway().session_count(), 1);
    keeps.sends(connect_of(keeps, false));
    keeps.gets(make_connack(ReturnCode::accepted));
    keeps.sends(make_publish(flags(0), 1, 0, view("x")));
    keeps.to_broker(publish(0, 0, "a", "x"));
}

void disconnect_while_connecting_ends_the_attempt(void**) {
    Harness g;
    const Device d1 = g.device("d1");
    d1.sends(connect_of(d1, true));
    d1.opens(Open{});
    d1.sends(make_disconnect());
    d1.gets(make_disconnect());
    d1.closes(true);
    d1.accepted();
    g.nothing();
    d1.link_gone(LinkCloseReason::requested);
    assert_int_equal(g.gateway().session_count(), 0);
}

// Keep-alive (SN12-102, SN12-112, D07, D08, D25)

void check_lost_at(std::uint16_t keep_alive_s, std::int64_t ms) {
    Harness g;
    const Device d1 = g.connected("d1", true, keep_alive_s);
    g.advance(Millis{ms - 1});
    g.nothing();
    assert_int_equal(g.counters().sessions_lost, 0);
    g.advance(Millis{1});
    d1.closes(false);  // the broker publishes the will
    g.nothing();
    assert_int_equal(g.counters().sessions_lost, 1);
    d1.link_gone(LinkCloseReason::requested);
    assert_int_equal(g.gateway().session_count(), 0);
}

// SN12-22, SN12-102, SN12-112, D07, D25, TRAP-26
void silent_device_is_lost_after_the_tolerance_to_the_millisecond(void**) {
    check_lost_at(1, 1500);
    check_lost_at(60, 90000);
    check_lost_at(61, 67100);
    check_lost_at(100, 110000);
    check_lost_at(65535, 72088500);
    check_lost_at(0, 72088500);
}

// D08, found by the simulation: our CONNACK is lost again and again; the device repeats its CONNECT, and
// lives.
void repeated_connect_restarts_the_supervision(void**) {
    Harness g;
    const Device d1 = g.connected("d1", true, 10);
    for (int i = 0; i < 3; ++i) {
        g.advance(Millis{14999});
        d1.sends(make_connect(Flags{}.with_clean_session(true), 10, view("d1")));
        d1.gets(make_connack(ReturnCode::accepted));
    }
    assert_int_equal(g.counters().sessions_lost, 0);
}

// SN12-102, D08
void any_message_restarts_the_supervision(void**) {
    Harness g;
    const Device d1 = g.connected("d1", true, 10);
    const char* const messages[] = {"02 16",                     // PINGREQ
                                    "07 0B 00 01 00 01 00",      // a REGACK of nothing
                                    "04 0F 00 09",               // a PUBREC of nothing
                                    "08 0C 61 00 01 00 00 78"};  // PUBLISH QoS -1
    for (const char* const message : messages) {
        g.advance(Millis{14999});
        d1.sends(message);
        g.take();
    }
    g.advance(Millis{14999});
    g.nothing();
    d1.sends("03 16 FF 00");  // not a message at all: Length is wrong
    g.advance(Millis{1});
    d1.closes(false);
}

// SN12-98, D12
void lost_device_is_told_so_when_it_speaks_again(void**) {
    Harness g;
    g.auto_links = true;
    const Device d1 = g.connected("d1", false, 10);
    g.advance(Millis{15000});
    assert_int_equal(g.count(EventKind::session_lost), 1);
    d1.sends(make_pingreq(Bytes{}));
    d1.gets(make_disconnect());
    d1.sends(connect_of(d1, false, 10));
    d1.gets(make_connack(ReturnCode::accepted));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(connack_comes_only_after_the_broker_has_answered),
        cmocka_unit_test(every_mqtt_connack_code_has_its_mqttsn_code),
        cmocka_unit_test(unreachable_broker_is_congestion),
        cmocka_unit_test(broker_that_does_not_answer_is_congestion_after_eight_seconds),
        cmocka_unit_test(connect_says_what_the_settings_say),
        cmocka_unit_test(impossible_client_ids_are_not_supported),
        cmocka_unit_test(longest_client_id_and_every_utf8_is_accepted),
        cmocka_unit_test(unknown_protocol_id_is_not_supported),
        cmocka_unit_test(client_rule_refuses_and_the_first_match_decides),
        cmocka_unit_test(client_id_that_is_a_prefix_of_another_is_another_client),
        cmocka_unit_test(repeated_connect_gets_the_same_connack_and_opens_nothing),
        cmocka_unit_test(connect_after_other_messages_is_a_new_connection),
        cmocka_unit_test(connect_with_other_flags_or_keep_alive_is_a_new_connection),
        cmocka_unit_test(other_connect_while_the_broker_is_asked_starts_again),
        cmocka_unit_test(old_connection_s_messages_do_not_reach_the_new_session),
        cmocka_unit_test(clean_session_forgets_topics_and_subscriptions),
        cmocka_unit_test(ids_live_on_without_clean_session),
        cmocka_unit_test(disconnect_is_answered_and_ends_the_link_properly),
        cmocka_unit_test(disconnect_with_duration_zero_is_no_sleep),
        cmocka_unit_test(session_without_clean_is_remembered_and_with_clean_is_not),
        cmocka_unit_test(disconnect_while_connecting_ends_the_attempt),
        cmocka_unit_test(silent_device_is_lost_after_the_tolerance_to_the_millisecond),
        cmocka_unit_test(repeated_connect_restarts_the_supervision),
        cmocka_unit_test(any_message_restarts_the_supervision),
        cmocka_unit_test(lost_device_is_told_so_when_it_speaks_again),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
