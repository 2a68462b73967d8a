// SPDX-License-Identifier: BSD-3-Clause
//
// The will handshake and the stored will (session_will.cpp; changes of it: session_will_update_test.cpp;
// SN12-61, SN12-64 to SN12-68).
#include <algorithm>
#include <string>

#include "gateway/core/session_will.hpp"
#include "support/cmocka.hpp"
#include "support/gateway_harness.hpp"

using namespace mqttsn;
using namespace test;

namespace {

Message connect_of(const Device& device, bool clean, bool will) {
    return make_connect(Flags{}.with_clean_session(clean).with_will(will), 60, view(device.client_id()));
}

void gives_will(const Device& d1, Flags will_flags, const char* topic, const char* payload) {
    d1.gets(make_will_topic_req());
    d1.sends(make_will_topic(will_flags, view(topic)));
    d1.gets(make_will_msg_req());
    d1.sends(make_will_msg(view(payload)));
}

// SN12-17, SN12-61: strict order, and MQTT CONNECT only after WILLMSG.
void will_goes_to_the_broker_after_the_whole_handshake(void**) {
    Harness g;
    const Device d1 = g.device("d1");
    d1.sends("08 04 0C 01 00 3C 64 31");
    d1.gets("02 06");
    g.nothing();
    d1.sends("06 07 30 77 2F 74");
    d1.gets("02 08");
    g.nothing();
    d1.sends("05 09 6F 66 66");
    d1.opens(Open{true, "q1 retain w/t=off", ""});
    g.nothing();
    d1.accepted();
    d1.gets("03 05 00");
}

// D42: both empty forms mean no will; a zero-length WILLMSG is legal.
void empty_will_topic_means_no_will(void**) {
    for (const char* const empty : {"02 07", "03 07 30"}) {
        Harness g;
        const Device d1 = g.device("d1");
        d1.sends(connect_of(d1, true, true));
        d1.gets(make_will_topic_req());
        d1.sends(empty);
        d1.opens(Open{});
    }
}

// SN12-36, D42
void empty_will_message_is_a_will(void**) {
    Harness g;
    const Device d1 = g.device("d1");
    d1.sends(connect_of(d1, true, true));
    gives_will(d1, flags(0), "w", "");
    d1.opens(Open{true, "q0 w=", ""});
}

// D42, FAULT-14: wildcard, bad UTF-8, QoS 11.
void impossible_will_is_refused_in_connack(void**) {
    for (const char* const bad :
         {"05 07 00 61 2B", "04 07 00 23", "04 07 00 FF", "04 07 00 00", "04 07 60 61"}) {
        Harness g;
        const Device d1 = g.device("d1");
        d1.sends(connect_of(d1, true, true));
        d1.gets(make_will_topic_req());
        d1.sends(bad);
        d1.gets(make_connack(ReturnCode::not_supported));
        g.nothing();
        assert_int_equal(g.gateway().session_count(), 0);
    }
}

// TRAP-61
void will_qos_above_the_broker_s_is_refused(void**) {
    Settings settings;
    settings.broker.max_qos = 1;
    Harness g(settings);
    const Device d1 = g.device("d1");
    d1.sends(connect_of(d1, true, true));
    d1.gets(make_will_topic_req());
    d1.sends(make_will_topic(flags(2), view("w")));
    d1.gets(make_connack(ReturnCode::not_supported));
}

// D33, FAULT-12: T_retry, N_retry, then the half-open session goes.
void will_requests_are_repeated_and_given_up(void**) {
    Harness g;
    const Device d1 = g.device("d1");
    d1.sends(connect_of(d1, true, true));
    d1.gets(make_will_topic_req());
    for (int i = 0; i < 3; ++i) {
        g.advance(Millis{9999});
        g.nothing();
        g.advance(Millis{1});
        d1.gets(make_will_topic_req());
    }
    d1.sends(make_will_topic(flags(0), view("w")));
    d1.gets(make_will_msg_req());
    for (int i = 0; i < 3; ++i) {
        g.advance_seconds(10);
        d1.gets(make_will_msg_req());
    }
    g.advance_seconds(10);
    g.nothing();
    assert_int_equal(g.counters().sessions_lost, 1);
    assert_int_equal(g.gateway().session_count(), 0);
}

// FAULT-12: nothing but the handshake counts in the handshake.
void other_messages_in_the_handshake_are_dropped(void**) {
    Harness g;
    const Device d1 = g.device("d1");
    d1.sends(make_will_topic(flags(0), view("w")));  // nobody yet
    d1.gets(make_disconnect());
    d1.sends(connect_of(d1, true, true));
    d1.gets(make_will_topic_req());
    d1.sends(make_will_msg(view("too early")));
    d1.sends(make_register(0, 1, view("a")));
    d1.sends(make_publish(flags(1), 1, 1, view("x")));
    d1.sends(make_subscribe(flags(0), 2, view("a")));
    d1.sends(make_pingreq(Bytes{}));
    d1.sends(make_will_topic_upd(flags(0), view("w")));
    g.nothing();
    assert_int_equal(g.counters().dropped_out_of_state, 6);
    d1.sends(make_will_topic(flags(0), view("w")));
    d1.gets(make_will_msg_req());
}

// D09: what was lost on the way is asked for again.
void repeated_messages_of_the_handshake_get_the_same_answer(void**) {
    Harness g;
    const Device d1 = g.device("d1");
    d1.sends(connect_of(d1, true, true));
    d1.gets(make_will_topic_req());
    d1.sends(connect_of(d1, true, true));
    d1.gets(make_will_topic_req());
    d1.sends(make_will_topic(flags(0), view("w")));
    d1.gets(make_will_msg_req());
    d1.sends(make_will_topic(flags(0), view("w")));
    d1.gets(make_will_msg_req());
    d1.sends(make_will_msg(view("off")));
    d1.opens(Open{true, "q0 w=off", ""});
    d1.sends(make_will_msg(view("off")));  // the broker is being asked
    g.nothing();
    d1.accepted();
    d1.gets(make_connack(ReturnCode::accepted));
    d1.sends(make_will_msg(view("off")));  // our CONNACK was lost
    d1.gets(make_connack(ReturnCode::accepted));
    g.nothing();
}

// D09: WILLTOPIC and WILLMSG came since, so this CONNECT is a new one, and SN12-61 holds for it.
void connect_with_will_after_the_handshake_asks_for_the_will_again(void**) {
    Harness g;
    const Device d1 = g.device("d1");
    d1.sends(connect_of(d1, true, true));
    gives_will(d1, flags(0), "w", "off");
    d1.opens(Open{true, "q0 w=off", ""});
    d1.accepted();
    d1.gets(make_connack(ReturnCode::accepted));
    d1.sends(connect_of(d1, true, true));
    d1.gets(make_will_topic_req());
}

Device connected_with_will(Harness& g) {
    const Device d1 = g.device("d1");
    d1.sends(connect_of(d1, false, true));
    gives_will(d1, flags(0), "w", "off");
    d1.opens(Open{false, "q0 w=off", ""});
    d1.accepted();
    d1.gets(make_connack(ReturnCode::accepted));
    return d1;
}

// D09, found by the soak: the network delivers CONNECT once more when the device has gone on. Nobody would
// answer a handshake that this begins; the device would be given up, and its will published.
void late_copy_of_connect_with_will_changes_nothing(void**) {
    Harness g;
    const Device d1 = connected_with_will(g);
    d1.registers(1, "a");
    d1.sends(connect_of(d1, false, true));
    d1.gets(make_will_topic_req());
    d1.sends(make_publish(flags(1), 1, 2, view("x")));
    d1.to_broker(publish(1, 2, "a", "x"));
    d1.from_broker(ack(mqtt::PacketType::puback, 2));
    d1.gets(make_puback(1, 2, ReturnCode::accepted));
    d1.sends(make_will_topic(flags(0), view("w")));  // a late copy, too
    d1.gets(make_connack(ReturnCode::accepted));
    g.advance_seconds(50);
    g.nothing();
    assert_int_equal(g.counters().sessions_lost, 0);
}

void late_copy_of_connect_with_will_wakes_no_sleeper(void**) {
    Harness g;
    const Device d1 = connected_with_will(g);
    d1.sends(make_disconnect_sleep(100));
    d1.gets(make_disconnect());
    d1.sends(connect_of(d1, false, true));
    d1.gets(make_will_topic_req());
    g.advance_seconds(50);
    g.nothing();
    d1.sends(make_pingreq(view("d1")));
    d1.gets(make_pingresp());
    assert_int_equal(g.counters().sessions_lost, 0);
}

void late_copy_of_connect_does_not_end_the_handshake(void**) {
    for (const bool broker_asked : {false, true}) {
        Harness g;
        const Device d1 = g.device("d1");
        d1.sends(connect_of(d1, true, true));
        if (broker_asked) {
            gives_will(d1, flags(0), "w", "off");
            d1.opens(Open{true, "q0 w=off", ""});
        } else {
            d1.gets(make_will_topic_req());
            d1.sends(make_will_topic(flags(0), view("w")));
            d1.gets(make_will_msg_req());
        }
        d1.sends(connect_of(d1, true, true));
        d1.gets(make_will_topic_req());
        if (!broker_asked) {
            d1.sends(make_will_msg(view("off")));
            d1.opens(Open{true, "q0 w=off", ""});
        }
        d1.sends(make_will_msg(view("off")));
        g.nothing();
        d1.accepted();
        d1.gets(make_connack(ReturnCode::accepted));
    }
}

// SN12-66: and it is a new CONNECT when the device answers, whatever the gateway was doing.
void device_that_connects_again_at_once_may_bring_another_will(void**) {
    for (const int steps : {1, 2, 3}) {
        Harness g;
        const Device d1 = steps == 3 ? connected_with_will(g) : g.device("d1");
        if (steps < 3) {
            d1.sends(connect_of(d1, false, true));
            d1.gets(make_will_topic_req());
            d1.sends(make_will_topic(flags(0), view("w")));
            d1.gets(make_will_msg_req());
        }
        if (steps == 2) {
            d1.sends(make_will_msg(view("off")));
            d1.opens(Open{false, "q0 w=off", ""});
        }
        d1.sends(connect_of(d1, false, true));
        d1.gets(make_will_topic_req());
        d1.sends(make_will_topic(flags(1), view("new")));
        d1.gets(make_will_msg_req());
        d1.sends(make_will_msg(view("gone")));
        if (steps > 1) {
            d1.closes(true);
            d1.link_gone(LinkCloseReason::requested);
        }
        d1.opens(Open{false, "q1 new=gone", ""});
        d1.accepted();
        d1.gets(make_connack(ReturnCode::accepted));
    }
}

// SN12-67, D44: a stored will stays in force.
void stored_will_goes_into_the_next_connection_without_clean_session(void**) {
    Harness g;
    const Device d1 = g.device("d1");
    d1.sends(connect_of(d1, false, true));
    gives_will(d1, flags(1), "w", "off");
    d1.opens(Open{false, "q1 w=off", ""});
    d1.accepted();
    d1.gets(make_connack(ReturnCode::accepted));
    d1.sends(make_disconnect());
    d1.gets(make_disconnect());
    d1.closes(true);
    d1.link_gone(LinkCloseReason::requested);
    d1.sends(connect_of(d1, false, false));
    d1.opens(Open{false, "q1 w=off", ""});
    d1.accepted(true);
    d1.gets(make_connack(ReturnCode::accepted));
    // SN12-68: the empty WILLTOPIC deletes it.
    d1.sends(connect_of(d1, false, true));
    d1.gets(make_will_topic_req());
    d1.sends(make_will_topic_empty());
    d1.closes(true);
    d1.link_gone(LinkCloseReason::requested);
    d1.opens(Open{false, "", ""});
}

// SN12-18, SN12-65
void clean_session_deletes_the_stored_will(void**) {
    Harness g;
    const Device d1 = g.device("d1");
    d1.sends(connect_of(d1, false, true));
    gives_will(d1, flags(1), "w", "off");
    d1.opens(Open{false, "q1 w=off", ""});
    d1.accepted();
    d1.gets(make_connack(ReturnCode::accepted));
    d1.sends(connect_of(d1, true, false));
    d1.closes(true);
    d1.link_gone(LinkCloseReason::requested);
    d1.opens(Open{});
}

// SN12-66 says "overwrite": half a new will is none, the stored one stays whole.
void handshake_that_is_given_up_leaves_the_stored_will_whole(void**) {
    Harness g;
    const Device d1 = g.device("d1");
    d1.sends(connect_of(d1, false, true));
    gives_will(d1, flags(1), "w", "off");
    d1.opens(Open{false, "q1 w=off", ""});
    d1.accepted();
    d1.gets(make_connack(ReturnCode::accepted));
    d1.sends(make_disconnect());
    d1.gets(make_disconnect());
    d1.closes(true);
    d1.link_gone(LinkCloseReason::requested);
    d1.sends(connect_of(d1, false, true));
    d1.gets(make_will_topic_req());
    d1.sends(make_will_topic(flags(0), view("new")));
    d1.gets(make_will_msg_req());
    g.advance_seconds(60);  // the device is gone
    g.take();
    assert_int_equal(g.counters().sessions_lost, 1);
    d1.sends(connect_of(d1, false, false));
    d1.opens(Open{false, "q1 w=off", ""});
}

// The answer of a connection that the handshake has made superfluous must not end the handshake.
// D24, found by the simulation: the connection of the session before stands until the will is known, which
// may take many repetitions.
void connection_is_kept_alive_during_the_handshake(void**) {
    for (const bool opens_late : {false, true}) {
        Settings settings;
        settings.broker.keep_alive_s = 10;
        settings.retry.count_max = 100;
        Harness g(settings);
        g.auto_pings = false;
        const Device d1 = g.connected("d1", false, 6000);
        if (opens_late) {
            d1.link_gone();
            g.advance(Millis{500});
            d1.opens(Open{false, "", ""});
        }
        d1.sends(connect_of(d1, false, true));
        d1.gets(make_will_topic_req());
        if (opens_late) {
            d1.accepted(true);
        }
        for (int i = 0; i < 3; ++i) {
            g.advance(Millis{7500});
            const auto lines = g.take();
            assert_true(std::find(lines.begin(), lines.end(), "broker d1: PINGREQ") != lines.end());
            d1.from_broker(pingresp());
        }
        assert_int_equal(g.counters().links_failed, opens_late ? 1 : 0);
    }
}

void link_that_opens_during_the_handshake_does_not_end_it(void**) {
    Harness g;
    const Device d1 = g.device("d1");
    d1.sends(connect_of(d1, true, false));
    d1.opens(Open{});
    d1.sends(connect_of(d1, true, true));
    d1.gets(make_will_topic_req());
    d1.accepted();
    g.nothing();
    d1.sends(make_will_topic(flags(0), view("w")));
    d1.gets(make_will_msg_req());
    d1.sends(make_will_msg(view("off")));
    d1.closes(true);
    d1.link_gone(LinkCloseReason::requested);
    d1.opens(Open{true, "q0 w=off", ""});
    d1.accepted();
    d1.gets(make_connack(ReturnCode::accepted));
}

void link_refused_or_lost_during_the_handshake_does_not_end_it(void**) {
    for (const bool refused : {true, false}) {
        Harness g;
        const Device d1 = g.device("d1");
        d1.sends(connect_of(d1, true, false));
        d1.opens(Open{});
        d1.sends(connect_of(d1, true, true));
        d1.gets(make_will_topic_req());
        if (refused) {
            d1.refused(3);
        } else {
            d1.link_gone(LinkCloseReason::unreachable);
        }
        g.nothing();
        d1.sends(make_will_topic_empty());
        d1.opens(Open{});
        d1.accepted();
        d1.gets(make_connack(ReturnCode::accepted));
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(will_goes_to_the_broker_after_the_whole_handshake),
        cmocka_unit_test(empty_will_topic_means_no_will),
        cmocka_unit_test(empty_will_message_is_a_will),
        cmocka_unit_test(impossible_will_is_refused_in_connack),
        cmocka_unit_test(will_qos_above_the_broker_s_is_refused),
        cmocka_unit_test(will_requests_are_repeated_and_given_up),
        cmocka_unit_test(other_messages_in_the_handshake_are_dropped),
        cmocka_unit_test(repeated_messages_of_the_handshake_get_the_same_answer),
        cmocka_unit_test(connect_with_will_after_the_handshake_asks_for_the_will_again),
        cmocka_unit_test(late_copy_of_connect_with_will_changes_nothing),
        cmocka_unit_test(late_copy_of_connect_with_will_wakes_no_sleeper),
        cmocka_unit_test(late_copy_of_connect_does_not_end_the_handshake),
        cmocka_unit_test(device_that_connects_again_at_once_may_bring_another_will),
        cmocka_unit_test(stored_will_goes_into_the_next_connection_without_clean_session),
        cmocka_unit_test(clean_session_deletes_the_stored_will),
        cmocka_unit_test(handshake_that_is_given_up_leaves_the_stored_will_whole),
        cmocka_unit_test(connection_is_kept_alive_during_the_handshake),
        cmocka_unit_test(link_that_opens_during_the_handshake_does_not_end_it),
        cmocka_unit_test(link_refused_or_lost_during_the_handshake_does_not_end_it),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
