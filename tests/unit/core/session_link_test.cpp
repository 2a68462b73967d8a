// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/session_link.hpp"

#include <string>

#include "support/cmocka.hpp"
#include "support/gateway_harness.hpp"

using namespace mqttsn;
using namespace test;
using mqttsn::gateway::WhenBrokerDown;
using PacketType = mqtt::PacketType;

namespace {

const Open kKeep{false, "", ""};

/// Milliseconds until the gateway does something; the outputs stay to be read.
std::int64_t wait_for_output(Harness& g, std::int64_t limit_ms) {
    const Instant start = g.now();
    while (g.now() - start < Millis{limit_ms}) {
        const Instant next = g.gateway().next_deadline();
        if (next > start + Millis{limit_ms}) {
            break;
        }
        g.advance(next - g.now());
        if (g.pending()) {
            return (g.now() - start).count();
        }
    }
    return -1;
}

// Loss and return (D49, FAULT-73)

// D49, FAULT-73
void lost_link_is_opened_again_and_the_device_notices_nothing(void**) {
    Harness g;
    const Device d1 = g.connected("d1", false);
    d1.link_gone();
    g.nothing();
    assert_int_equal(g.count(EventKind::broker_lost), 1);
    d1.sends(make_pingreq(Bytes{}));
    d1.gets(make_pingresp());
    g.advance(Millis{500});
    d1.opens(kKeep);
    d1.accepted(true);
    g.nothing();
    assert_int_equal(g.count(EventKind::broker_back), 1);
    assert_int_equal(g.count(EventKind::session_active), 1);
}

// D49, FAULT-72, FAULT-97
void attempts_are_backed_off_up_to_thirty_seconds_with_chance(void**) {
    Harness g;
    const Device d1 = g.connected("d1", false, 65535);
    d1.link_gone();
    std::int64_t full = 500;
    bool varied = false;
    std::int64_t last = 0;
    for (int attempt = 0; attempt < 14; ++attempt) {
        const std::int64_t waited = wait_for_output(g, 60000);
        assert_true(waited >= full / 2 && waited <= full);
        varied = varied || (full == 30000 && last != 0 && waited != last);
        last = full == 30000 ? waited : 0;
        d1.opens(kKeep);
        d1.link_gone(LinkCloseReason::unreachable);
        full = std::min<std::int64_t>(30000, full * 2);
    }
    assert_true(varied);
}

// A link that is accepted and closed at once, over and over (another gateway has the client id): no hot loop.
// FAULT-75, FAULT-76, TRAP-64
void backoff_goes_on_when_links_do_not_last(void**) {
    Harness g;
    const Device d1 = g.connected("d1", false, 65535);
    d1.link_gone();
    for (int attempt = 0; attempt < 8; ++attempt) {
        assert_true(wait_for_output(g, 60000) > 0);
        d1.opens(kKeep);
        d1.link_gone(LinkCloseReason::unreachable);
    }
    assert_true(wait_for_output(g, 60000) >= 15000);
    d1.opens(kKeep);
    d1.accepted(true);
    d1.link_gone();
    assert_true(wait_for_output(g, 60000) >= 15000);
    d1.opens(kKeep);
    d1.accepted(true);
    g.advance_seconds(10);  // this one was good
    d1.link_gone();
    assert_true(wait_for_output(g, 60000) <= 500);
    d1.opens(kKeep);
}

// FAULT-74
void attempt_that_is_not_answered_is_given_up_after_fifteen_seconds(void**) {
    Harness g;
    const Device d1 = g.connected("d1", false, 600);
    d1.link_gone();
    g.advance(Millis{500});
    d1.opens(kKeep);
    assert_true(wait_for_output(g, 20000) > 14400);
    d1.closes(true);  // it may yet read what it was sent, and the device lives (D25)
    d1.link_gone(LinkCloseReason::requested);
    assert_true(wait_for_output(g, 20000) <= 1000);
    d1.opens(kKeep);
}

// D49
void when_down_disconnect_lets_the_devices_go(void**) {
    Settings settings;
    settings.broker.when_down = WhenBrokerDown::disconnect;
    Harness g(settings);
    const Device awake = g.connected("awake", false);
    const Device asleep = g.connected("asleep", false);
    asleep.sleeps(100);
    awake.link_gone();
    awake.gets(make_disconnect());
    asleep.link_gone();
    g.nothing();  // it learns when it speaks again
    asleep.sends(make_pingreq(view("asleep")));
    asleep.gets(make_disconnect());
    g.advance_seconds(100);
    g.nothing();
}

// Notes 4.6
// FAULT-75
void refusal_after_the_link_broke_ends_the_session_but_for_a_busy_broker(void**) {
    Harness g;
    const Device d1 = g.connected("d1", false);
    d1.link_gone();
    g.advance(Millis{500});
    d1.opens(kKeep);
    d1.refused(3);
    g.nothing();
    assert_true(wait_for_output(g, 2000) > 0);
    d1.opens(kKeep);
    d1.refused(5);
    d1.gets(make_disconnect());
    g.advance_seconds(100);
    g.nothing();
}

// TRAP-65: clouds close the connection when a permission is missing, and MQTT 3.1.1 has no reason to give.
// The last packet is the operator's only hint.
void connection_closed_right_after_a_packet_of_ours_names_it(void**) {
    const auto cause_after = [](const char* datagram, Millis wait, bool answered) {
        Harness g;
        const Device d1 = g.connected("d1", true, 600);
        if (*datagram != '\0') {
            d1.sends(datagram);
            g.take();
        }
        g.advance(wait);
        if (answered) {
            d1.from_broker(publish(0, 0, "other", "x"));
            g.take();
        }
        d1.link_gone();
        g.take();
        const std::string cause = g.cause(EventKind::broker_lost);
        const bool cut = cause.starts_with("closed by the broker right after ");
        assert_int_equal(g.counters().links_cut, cut ? 1 : 0);
        return cut ? cause.substr(33, cause.find(' ', 33) - 33) : cause;
    };
    const char* const kPublish = "08 0C 22 61 62 00 07 78";
    assert_string_equal(cause_after("", Millis{0}, false).c_str(), "CONNECT");
    assert_string_equal(cause_after(kPublish, Millis{10}, false).c_str(), "PUBLISH");
    assert_string_equal(cause_after("06 12 40 00 01 61", Millis{2000}, false).c_str(), "SUBSCRIBE");
    assert_string_equal(cause_after("06 12 40 00 01 61", Millis{2001}, false).c_str(),
                        "closed by the broker");
    assert_string_equal(cause_after(kPublish, Millis{10}, true).c_str(), "closed by the broker");
}

// The past (FAULT-57): what an old connection still says is nobody's word.

// FAULT-57
void packets_and_reports_of_an_old_link_are_ignored(void**) {
    Harness g;
    const Device d1 = g.connected("d1", false);
    d1.subscribes(1, "a");
    const LinkId old_link = d1.link();
    d1.link_drops_and_returns(true, kKeep);
    g.packet(old_link, publish(0, 0, "a", "old"));
    g.link_opened(old_link, false);
    g.link_closed(old_link, LinkCloseReason::closed_by_peer);
    g.link_refused(old_link, 5);
    g.link_congested(old_link, true);
    g.nothing();
    d1.from_broker(publish(0, 0, "a", "new"));
    d1.gets(make_publish(flags(0), 1, 0, view("new")));
    g.packet(LinkId{12345, 1}, publish(0, 0, "a", "nobody's"));
    g.link_closed(LinkId{12345, 1}, LinkCloseReason::closed_by_peer);
    g.nothing();
}

void packets_before_the_link_is_open_are_ignored(void**) {
    Harness g;
    const Device d1 = g.device("d1");
    d1.sends(make_connect(Flags{}, 60, view("d1")));
    d1.opens(kKeep);
    d1.from_broker(publish(1, 5, "a", "x"));
    d1.from_broker(ack(PacketType::pubrel, 5));
    g.nothing();
}

// Keep-alive towards the broker (D24)

// D24, TRAP-46, TRAP-63
void idle_link_is_pinged_whatever_the_device_does(void**) {
    Harness g;
    g.auto_pings = false;
    const Device d1 = g.connected("d1", false, 6000);
    d1.sleeps(6000);
    for (int i = 0; i < 5; ++i) {
        g.advance(Millis{44999});
        g.nothing();
        g.advance(Millis{1});
        d1.to_broker(pingreq());
        d1.from_broker(pingresp());
    }
}

// The keep-alive of MQTT 3.1.2.10 counts what the client sends, so receiving alone does not spare the
// PINGREQ.
void traffic_in_both_directions_spares_the_ping(void**) {
    Harness g;
    g.auto_pings = false;
    const Device d1 = g.connected("d1", false, 6000);
    d1.subscribes(1, "a");
    g.advance_seconds(40);
    d1.from_broker(publish(1, 5, "a", "x"));
    d1.gets(make_publish(flags(1), 1, 5, view("x")));
    d1.sends(make_puback(1, 5, ReturnCode::accepted));
    d1.to_broker(ack(PacketType::puback, 5));
    g.advance_seconds(44);
    g.nothing();
    g.advance_seconds(1);
    d1.to_broker(pingreq());
    d1.from_broker(pingresp());
    g.advance_seconds(30);
    d1.from_broker(publish(0, 0, "a", "x"));
    d1.gets(make_publish(flags(0), 1, 0, view("x")));
    g.advance_seconds(15);
    d1.to_broker(pingreq());
}

// FAULT-74: half-open
void broker_that_does_not_answer_the_ping_loses_the_link(void**) {
    Harness g;
    g.auto_pings = false;
    const Device d1 = g.connected("d1", false, 6000);
    g.advance_seconds(45);
    d1.to_broker(pingreq());
    g.advance(Millis{29999});
    g.nothing();
    g.advance(Millis{1});
    d1.closes(true);  // it may yet wake up and read: no will for a device that lives (D25)
    assert_int_equal(g.count(EventKind::broker_lost), 1);
    d1.link_gone(LinkCloseReason::requested);
    g.advance(Millis{500});
    d1.opens(kKeep);
    d1.accepted(true);
    g.nothing();
}

void congested_link_recovers_with_the_next_one(void**) {
    Harness g;
    const Device d1 = g.connected("d1", false);
    d1.registers(1, "a");
    d1.congested(true);
    d1.link_gone(LinkCloseReason::write_overflow);
    g.advance(Millis{500});
    d1.opens(kKeep);
    d1.accepted(true);
    d1.sends(make_publish(flags(0), 1, 0, view("x")));
    d1.to_broker(publish(0, 0, "a", "x"));
}

// The device's session ends while its link is down: no attempt is left over.
void device_that_leaves_while_the_link_is_down_stops_the_attempts(void**) {
    Harness g;
    const Device d1 = g.connected("d1", true);
    d1.link_gone();
    d1.sends(make_disconnect());
    d1.gets(make_disconnect());
    g.advance_seconds(100);
    g.nothing();
    assert_int_equal(g.gateway().session_count(), 0);
    assert_true(g.gateway().next_deadline() == mqttsn::gateway::kNever);
}

void device_that_leaves_during_an_attempt_stops_it(void**) {
    Harness g;
    const Device d1 = g.connected("d1", true);
    d1.link_gone();
    g.advance(Millis{500});
    d1.opens(Open{});
    d1.sends(make_disconnect());
    d1.gets(make_disconnect());
    d1.closes(true);
    d1.refused(5);  // the broker's answer crosses
    g.nothing();
    assert_int_equal(g.gateway().session_count(), 0);
    assert_int_equal(g.gateway().link_count(), 0);
}

void reconnect_of_the_device_uses_the_attempt_s_end(void**) {
    Harness g;
    const Device d1 = g.connected("d1", false);
    d1.link_gone();
    d1.sends(make_connect(Flags{}, 61, view("d1")));
    d1.opens(kKeep);  // at once, not after the backoff
    d1.accepted(true);
    d1.gets(make_connack(ReturnCode::accepted));
    g.advance_seconds(40);
    g.nothing();
}

// FAULT-76, D49: two gateways that hold the same client id must not take it from each other for ever.

// TRAP-64
void gives_up_a_silent_device_when_the_broker_cuts_three_connections_short(void**) {
    Harness g;
    const Device d1 = g.connected("d1", false);
    for (int i = 0; i < 2; ++i) {
        d1.link_drops_and_returns(true, Open{false, "", ""});
    }
    d1.link_gone();
    d1.gets(make_disconnect());  // perhaps it is elsewhere; if it is here it connects again
    assert_int_equal(g.count(EventKind::broker_duel), 1);
    g.advance_seconds(3600);
    g.nothing();
    d1.sends(make_connect(Flags{}, 60, view("d1")));
    d1.opens(Open{false, "", ""});
}

// FAULT-76, TRAP-64
void gives_up_a_present_device_later_and_keeps_it_waiting_for_a_minute(void**) {
    Harness g;
    const Device d1 = g.connected("d1", true);
    for (int i = 0; i < 5; ++i) {
        g.advance(Millis{1});
        d1.sends(make_pingreq(Bytes{}));
        d1.gets(make_pingresp());
        d1.link_drops_and_returns(false, Open{});
    }
    g.advance(Millis{1});
    d1.sends(make_pingreq(Bytes{}));
    d1.gets(make_pingresp());
    d1.link_gone();
    d1.gets(make_disconnect());
    d1.sends(make_connect(Flags{}.with_clean_session(true), 60, view("d1")));
    d1.gets(make_connack(ReturnCode::congestion));
    g.advance_seconds(60);
    d1.sends(make_connect(Flags{}.with_clean_session(true), 60, view("d1")));
    d1.opens(Open{});
}

// FAULT-76
void connections_that_lived_are_no_duel(void**) {
    Harness g;
    const Device d1 = g.connected("d1", false, 6000);
    for (int i = 0; i < 10; ++i) {
        g.advance_seconds(10);
        d1.link_drops_and_returns(true, Open{false, "", ""});
    }
    assert_int_equal(g.count(EventKind::broker_duel), 0);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(lost_link_is_opened_again_and_the_device_notices_nothing),
        cmocka_unit_test(attempts_are_backed_off_up_to_thirty_seconds_with_chance),
        cmocka_unit_test(backoff_goes_on_when_links_do_not_last),
        cmocka_unit_test(attempt_that_is_not_answered_is_given_up_after_fifteen_seconds),
        cmocka_unit_test(when_down_disconnect_lets_the_devices_go),
        cmocka_unit_test(refusal_after_the_link_broke_ends_the_session_but_for_a_busy_broker),
        cmocka_unit_test(connection_closed_right_after_a_packet_of_ours_names_it),
        cmocka_unit_test(packets_and_reports_of_an_old_link_are_ignored),
        cmocka_unit_test(packets_before_the_link_is_open_are_ignored),
        cmocka_unit_test(idle_link_is_pinged_whatever_the_device_does),
        cmocka_unit_test(traffic_in_both_directions_spares_the_ping),
        cmocka_unit_test(broker_that_does_not_answer_the_ping_loses_the_link),
        cmocka_unit_test(congested_link_recovers_with_the_next_one),
        cmocka_unit_test(device_that_leaves_while_the_link_is_down_stops_the_attempts),
        cmocka_unit_test(device_that_leaves_during_an_attempt_stops_it),
        cmocka_unit_test(reconnect_of_the_device_uses_the_attempt_s_end),
        cmocka_unit_test(gives_up_a_silent_device_when_the_broker_cuts_three_connections_short),
        cmocka_unit_test(gives_up_a_present_device_later_and_keeps_it_waiting_for_a_minute),
        cmocka_unit_test(connections_that_lived_are_no_duel),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
