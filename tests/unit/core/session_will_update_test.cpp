// SPDX-License-Identifier: BSD-3-Clause
//
// WILLTOPICUPD and WILLMSGUPD (session_will.cpp; SN12-49 to SN12-51, SN12-69, D43): MQTT takes a will with
// CONNECT only, so the gateway connects again, and the device hears of it when the broker has it.
#include <string>

#include "gateway/core/session_will.hpp"
#include "support/cmocka.hpp"
#include "support/gateway_harness.hpp"

using namespace mqttsn;
using namespace test;
using mqtt::PacketType;

namespace {

Device with_will(Harness& g, bool clean = false) {
    const Device d1 = g.device("d1");
    d1.sends(make_connect(Flags{}.with_clean_session(clean).with_will(true), 60, view("d1")));
    d1.gets(make_will_topic_req());
    d1.sends(make_will_topic(flags(1).with_retain(true), view("w/t")));
    d1.gets(make_will_msg_req());
    d1.sends(make_will_msg(view("off")));
    d1.opens(Open{clean, "q1 retain w/t=off", ""});
    d1.accepted();
    d1.gets(make_connack(ReturnCode::accepted));
    return d1;
}

/// The old connection ends with DISCONNECT, so that nobody hears the old will, and a new one brings the new
/// will.
void reconnects(const Device& d1, const Open& open, bool session_present = true) {
    d1.closes(true);
    d1.link_gone(LinkCloseReason::requested);
    d1.opens(open);
    d1.accepted(session_present);
}

// SN12-49, SN12-51, SN12-69, D43, TRAP-16
void will_topic_is_changed_by_a_new_connection_of_the_same_session(void**) {
    Harness g;
    const Device d1 = with_will(g);
    d1.sends(make_will_topic_upd(flags(2), view("new")));
    d1.closes(true);
    d1.link_gone(LinkCloseReason::requested);
    d1.opens(Open{false, "q2 new=off", ""});
    g.nothing();  // the answer waits for the broker's
    d1.accepted(true);
    d1.gets(make_will_topic_resp(ReturnCode::accepted));
    g.nothing();
    assert_int_equal(g.count(EventKind::session_not_in_broker), 0);
}

// SN12-50, SN12-69, D43: each is usable without the other.
void will_message_is_changed_and_keeps_topic_qos_and_retain(void**) {
    Harness g;
    const Device d1 = with_will(g);
    d1.sends("05 1C 6F 6E 65");
    reconnects(d1, Open{false, "q1 retain w/t=one", ""});
    d1.gets("03 1D 00");
}

// SN12-49, SN12-69, D42
void empty_will_topic_update_deletes_topic_and_message(void**) {
    for (const char* const empty : {"02 1A", "03 1A 30"}) {  // D42
        Harness g;
        const Device d1 = with_will(g);
        d1.sends(empty);
        reconnects(d1, Open{false, "", ""});
        d1.gets(make_will_topic_resp(ReturnCode::accepted));
        d1.sends(empty);  // our answer was lost
        d1.gets(make_will_topic_resp(ReturnCode::accepted));
        g.nothing();
    }
}

// D30: the answer was lost; the broker has the will already.
void repeated_update_is_answered_without_another_connection(void**) {
    Harness g;
    const Device d1 = with_will(g);
    d1.sends(make_will_msg_upd(view("two")));
    d1.closes(true);
    d1.sends(make_will_msg_upd(view("two")));  // impatient
    d1.link_gone(LinkCloseReason::requested);
    d1.opens(Open{false, "q1 retain w/t=two", ""});
    d1.accepted(true);
    d1.gets(make_will_msg_resp(ReturnCode::accepted));
    d1.sends(make_will_msg_upd(view("two")));
    d1.gets(make_will_msg_resp(ReturnCode::accepted));
    g.nothing();
}

void two_updates_at_once_are_both_answered_when_the_broker_has_both(void**) {
    Harness g;
    const Device d1 = with_will(g);
    d1.sends(make_will_topic_upd(flags(0), view("a")));
    d1.closes(true);
    d1.sends(make_will_msg_upd(view("b")));
    d1.link_gone(LinkCloseReason::requested);
    d1.opens(Open{false, "q0 a=b", ""});
    d1.accepted(true);
    d1.gets(make_will_topic_resp(ReturnCode::accepted));
    d1.gets(make_will_msg_resp(ReturnCode::accepted));
    g.nothing();
}

void update_that_comes_too_late_for_a_connection_gets_another_one(void**) {
    Harness g;
    const Device d1 = with_will(g);
    d1.sends(make_will_topic_upd(flags(0), view("a")));
    d1.closes(true);
    d1.link_gone(LinkCloseReason::requested);
    d1.opens(Open{false, "q0 a=off", ""});
    d1.sends(make_will_msg_upd(view("b")));
    d1.accepted(true);
    reconnects(d1, Open{false, "q0 a=b", ""});
    d1.gets(make_will_topic_resp(ReturnCode::accepted));
    d1.gets(make_will_msg_resp(ReturnCode::accepted));
}

// FAULT-13
void update_without_a_will_is_refused(void**) {
    Harness g;
    const Device d1 = g.connected("d1", false);
    d1.sends("06 1A 30 77 2F 74");
    d1.gets("03 1B 03");
    d1.sends("05 1C 6F 66 66");
    d1.gets("03 1D 03");
}

// D42, FAULT-14
void impossible_will_topic_is_refused_and_the_old_will_stays(void**) {
    Settings settings;
    settings.broker.max_qos = 1;
    for (const char* const bad :
         {"05 1A 00 61 2B", "04 1A 00 23", "04 1A 00 FF", "04 1A 60 61", "04 1A 40 61"}) {
        Harness g(settings);
        const Device d1 = with_will(g);
        d1.sends(bad);
        d1.gets("03 1B 03");
        d1.sends(make_will_msg_upd(view("new")));
        reconnects(d1, Open{false, "q1 retain w/t=new", ""});
        d1.gets(make_will_msg_resp(ReturnCode::accepted));
    }
}

// The broker forgets a clean session with its connection: nothing that is under way may be lost by the
// change.
// D43
void clean_session_changes_its_will_when_nothing_is_under_way_and_subscribes_again(void**) {
    Harness g;
    const Device d1 = with_will(g, true);
    const std::uint16_t id = d1.subscribes(1, "a");
    d1.sends(make_publish(flags(1), id, 2, view("x")));
    d1.to_broker(publish(1, 2, "a", "x"));
    d1.sends(make_will_msg_upd(view("new")));
    g.advance_seconds(1);
    g.nothing();
    d1.from_broker(ack(PacketType::puback, 2));
    d1.gets(make_puback(id, 2, ReturnCode::accepted));
    g.advance_seconds(1);
    reconnects(d1, Open{true, "q1 retain w/t=new", ""}, false);
    d1.to_broker(subscribe(0xFFFE, "a", 1));
    g.advance_seconds(1);
    g.nothing();  // whoever publishes on "a" now is not heard
    d1.from_broker(suback(0xFFFE, 1));
    g.advance(Millis{100});
    d1.gets(make_will_msg_resp(ReturnCode::accepted));
}

// D43
void clean_session_that_is_never_quiet_is_told_congestion(void**) {
    Harness g;
    const Device d1 = with_will(g, true);
    const std::uint16_t id = d1.subscribes(1, "a");
    d1.sends(make_publish(flags(1), id, 2, view("x")));
    d1.to_broker(publish(1, 2, "a", "x"));
    d1.sends(make_will_msg_upd(view("new")));
    g.advance(Millis{7999});
    g.nothing();
    g.advance(Millis{1});
    d1.gets(make_will_msg_resp(ReturnCode::congestion));
}

// D49
void update_while_the_broker_is_away_is_answered_congestion_and_reaches_it_with_the_next_connection(void**) {
    Harness g;
    const Device d1 = with_will(g);
    d1.link_gone();
    d1.sends(make_will_msg_upd(view("new")));
    g.advance(Millis{500});
    d1.opens(Open{false, "q1 retain w/t=new", ""});
    g.advance(Millis{7500});
    d1.gets(make_will_msg_resp(ReturnCode::congestion));
    d1.accepted(true);
    d1.sends(make_will_msg_upd(view("new")));
    d1.gets(make_will_msg_resp(ReturnCode::accepted));
}

// D55
void update_of_a_sleeping_device_leaves_it_asleep(void**) {
    Harness g;
    const Device d1 = with_will(g);
    d1.sleeps(600);
    d1.sends(make_will_msg_upd(view("new")));
    reconnects(d1, Open{false, "q1 retain w/t=new", ""});
    d1.gets(make_will_msg_resp(ReturnCode::accepted));
    d1.from_broker(publish(0, 0, "w/t", "x"));
    g.nothing();
}

// SN12-63: what was changed is what is stored.
void changed_will_is_the_stored_one_after_a_reconnect(void**) {
    Harness g;
    const Device d1 = with_will(g);
    d1.sends(make_will_topic_upd(flags(0), view("new")));
    reconnects(d1, Open{false, "q0 new=off", ""});
    d1.gets(make_will_topic_resp(ReturnCode::accepted));
    d1.sends(make_disconnect());
    d1.gets(make_disconnect());
    d1.closes(true);
    d1.link_gone(LinkCloseReason::requested);
    d1.sends(make_connect(Flags{}, 60, view("d1")));
    d1.opens(Open{false, "q0 new=off", ""});
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(will_topic_is_changed_by_a_new_connection_of_the_same_session),
        cmocka_unit_test(will_message_is_changed_and_keeps_topic_qos_and_retain),
        cmocka_unit_test(empty_will_topic_update_deletes_topic_and_message),
        cmocka_unit_test(repeated_update_is_answered_without_another_connection),
        cmocka_unit_test(two_updates_at_once_are_both_answered_when_the_broker_has_both),
        cmocka_unit_test(update_that_comes_too_late_for_a_connection_gets_another_one),
        cmocka_unit_test(update_without_a_will_is_refused),
        cmocka_unit_test(impossible_will_topic_is_refused_and_the_old_will_stays),
        cmocka_unit_test(clean_session_changes_its_will_when_nothing_is_under_way_and_subscribes_again),
        cmocka_unit_test(clean_session_that_is_never_quiet_is_told_congestion),
        cmocka_unit_test(
            update_while_the_broker_is_away_is_answered_congestion_and_reaches_it_with_the_next_connection),
        cmocka_unit_test(update_of_a_sleeping_device_leaves_it_asleep),
        cmocka_unit_test(changed_will_is_the_stored_one_after_a_reconnect),
    };
    return cmocka_run_group_tests_name("session_will_update", tests, nullptr, nullptr);
}
