// SPDX-License-Identifier: BSD-3-Clause
//
// Asleep and awake (SN12-103 to SN12-109, D13 to D20, D55): session_connect.cpp and session_downlink.cpp.
#include <string>

#include "gateway/core/session_connect.hpp"
#include "support/cmocka.hpp"
#include "support/gateway_harness.hpp"
#include "unit/core/sleeper.hpp"

using namespace mqttsn;
using namespace test;
using PacketType = mqtt::PacketType;

namespace {

// SN12-48, SN12-103, TRAP-02: the link stays, the answer has no duration.
void sleep_is_answered_and_keeps_the_link(void**) {
    Harness g;
    const Device d1 = g.connected("d1", true);
    d1.sends("04 18 02 58");
    d1.gets("02 18");
    g.nothing();
    assert_int_equal(g.gateway().link_count(), 1);
    assert_int_equal(g.count(EventKind::session_asleep), 1);
}

// SN12-103, SN12-108, SN12-112, D25, TRAP-34, TRAP-46
void sleeper_is_supervised_by_the_sleep_duration_with_tolerance(void**) {
    Harness g;
    const Device d1 = g.connected("d1", true, 10);
    d1.sleeps(100);
    g.advance(Millis{109999});
    g.nothing();
    d1.sleeps(30);  // a new duration, counted from here
    g.advance(Millis{44999});
    g.nothing();
    g.advance(Millis{1});
    d1.closes(false);
    assert_int_equal(g.counters().sessions_lost, 1);
}

// SN12-106
void empty_wake_up_ends_at_once_when_the_broker_has_nothing(void**) {
    Harness g;
    const Device d1 = sleeper(g);
    wakes(d1);
    d1.to_broker(pingreq());
    g.nothing();
    d1.from_broker(pingresp());
    d1.gets(make_pingresp());
    g.nothing();
}

// SN12-47, SN12-104, SN12-105, D15, TRAP-39, TRAP-45: order, acknowledgements one by one, PINGRESP last.
void buffered_messages_come_in_order_and_pingresp_last(void**) {
    Harness g;
    const Device d1 = sleeper(g);
    d1.from_broker(publish(0, 0, "a", "0"));
    d1.from_broker(publish(1, 5, "a", "1"));
    d1.from_broker(publish(2, 6, "a", "2"));
    d1.from_broker(publish(0, 0, "a", "3"));
    g.advance_seconds(40);
    g.nothing();  // nothing is sent to a sleeper, nothing acknowledged for it
    wakes(d1);
    d1.gets(publish_to(0, 0, "0"));
    d1.gets(publish_to(1, 5, "1"));
    g.nothing();
    d1.sends(make_puback(1, 5, ReturnCode::accepted));
    d1.to_broker(ack(PacketType::puback, 5));
    d1.gets(publish_to(2, 6, "2"));
    d1.sends(make_pubrec(6));
    d1.to_broker(ack(PacketType::pubrec, 6));
    d1.from_broker(ack(PacketType::pubrel, 6));
    d1.gets(make_pubrel(6));
    d1.sends(make_pubcomp(6));
    d1.to_broker(ack(PacketType::pubcomp, 6));
    d1.gets(publish_to(0, 0, "3"));
    broker_has_no_more(d1);
    d1.gets(make_pingresp());
}

// D16, design section 4: what the broker holds behind its window comes in the same cycle.
void messages_that_come_while_awake_are_part_of_the_cycle(void**) {
    Harness g;
    const Device d1 = sleeper(g);
    wakes(d1);
    d1.to_broker(pingreq());
    d1.from_broker(publish(1, 5, "a", "1"));
    d1.gets(publish_to(1, 5, "1"));
    d1.from_broker(pingresp());  // the barrier is reached in the middle of an exchange
    g.nothing();
    d1.sends(make_puback(1, 5, ReturnCode::accepted));
    d1.to_broker(ack(PacketType::puback, 5));
    d1.to_broker(pingreq());
    d1.from_broker(publish(1, 6, "a", "2"));
    d1.gets(publish_to(1, 6, "2"));
    d1.sends(make_puback(1, 6, ReturnCode::accepted));
    d1.to_broker(ack(PacketType::puback, 6));
    d1.from_broker(pingresp());  // of before that acknowledgement: not proof enough
    broker_has_no_more(d1);
    d1.gets(make_pingresp());
}

// A PINGREQ of the link's own keep-alive is no barrier.
void keep_alive_ping_in_flight_does_not_end_the_cycle_early(void**) {
    Harness g;
    const Device d1 = sleeper(g);
    g.advance_seconds(45);
    d1.to_broker(pingreq());
    wakes(d1);
    d1.to_broker(pingreq());
    d1.from_broker(pingresp());
    g.nothing();
    d1.from_broker(pingresp());
    d1.gets(make_pingresp());
}

// SN12-89, D15, TRAP-25, TRAP-44, TRAP-45
void new_names_are_registered_within_the_cycle(void**) {
    Harness g;
    g.auto_pings = false;
    const Device d1 = g.connected("d1", false);
    d1.subscribes(1, "#", 0);
    d1.sleeps(600);
    d1.from_broker(publish(0, 0, "x", "1"));
    g.nothing();
    wakes(d1);
    const Octets octets = hex(g.take().at(0).substr(std::string("to d1: REGISTER ").size()));
    d1.sends(make_regack(1, static_cast<std::uint16_t>((octets[4] << 8) | octets[5]), ReturnCode::accepted));
    d1.gets(publish_to(0, 0, "1"));
    broker_has_no_more(d1);
    d1.gets(make_pingresp());
}

// D17: back to the head of the queue, asleep without PINGRESP, the sleep timer counts from the last message.
void silent_awake_device_is_asleep_again_and_loses_nothing(void**) {
    Harness g;
    const Device d1 = sleeper(g, 100);
    d1.from_broker(publish(1, 5, "a", "1"));
    wakes(d1);
    d1.gets(publish_to(1, 5, "1"));
    for (int i = 0; i < 3; ++i) {
        g.advance_seconds(10);
        d1.gets(publish_to(1, 5, "1", true));
    }
    g.advance_seconds(10);
    g.nothing();
    d1.from_broker(publish(0, 0, "a", "2"));
    g.nothing();
    g.auto_pings = true;
    g.advance(Millis{69999});
    g.nothing();
    wakes(d1);
    d1.gets(publish_to(1, 5, "1", true));
    d1.sends(make_puback(1, 5, ReturnCode::accepted));
    d1.to_broker(ack(PacketType::puback, 5));
    d1.gets(publish_to(0, 0, "2"));
    d1.gets(make_pingresp());
    g.advance(Millis{109999});
    g.nothing();
    g.advance(Millis{1});
    d1.closes(false);
}

// D18
void repeated_pingreq_repeats_the_outstanding_message_only(void**) {
    Harness g;
    const Device d1 = sleeper(g);
    d1.from_broker(publish(1, 5, "a", "1"));
    d1.from_broker(publish(1, 6, "a", "2"));
    wakes(d1);
    d1.gets(publish_to(1, 5, "1"));
    wakes(d1);
    d1.gets(publish_to(1, 5, "1", true));
    g.nothing();
    d1.sends(make_puback(1, 5, ReturnCode::accepted));
    d1.to_broker(ack(PacketType::puback, 5));
    d1.gets(publish_to(1, 6, "2"));
    d1.sends(make_puback(1, 6, ReturnCode::accepted));
    d1.to_broker(ack(PacketType::puback, 6));
    d1.to_broker(pingreq());
    wakes(d1);  // while the broker is asked
    g.nothing();
    d1.from_broker(pingresp());
    d1.gets(make_pingresp());
    wakes(d1);  // our PINGRESP was lost: a new, empty cycle
    broker_has_no_more(d1);
    d1.gets(make_pingresp());
}

// D13, D14, D55

// D13, FAULT-5
void sleeper_may_wake_from_a_new_address(void**) {
    Harness g;
    const Device d1 = sleeper(g);
    const Device moved = g.device("d1");
    moved.sends(make_pingreq(view("d1")));
    broker_has_no_more(d1);
    moved.gets(make_pingresp());
    assert_int_equal(g.counters().roamed, 1);
    d1.sends(make_pingreq(Bytes{}));
    d1.gets(make_disconnect());
}

// D13, FAULT-5
void roaming_off_leaves_the_sleeper_alone(void**) {
    Settings settings;
    settings.session.roaming = false;
    Harness g(settings);
    const Device d1 = sleeper(g);
    d1.from_broker(publish(0, 0, "a", "secret"));
    const Device thief = g.device("d1");
    thief.sends(make_pingreq(view("d1")));
    thief.gets(make_disconnect());
    g.nothing();
    wakes(d1);
    d1.gets(publish_to(0, 0, "secret"));
    broker_has_no_more(d1);
    d1.gets(make_pingresp());
}

// D14
void pingreq_without_client_id_wakes_a_known_address(void**) {
    Harness g;
    const Device d1 = sleeper(g);
    d1.sends("02 16");
    broker_has_no_more(d1);
    d1.gets("02 17");
}

// D14
void pingreq_with_the_id_of_an_active_device_elsewhere_is_refused(void**) {
    Harness g;
    g.connected("d1");
    const Device other = g.device("d2");
    other.sends(make_pingreq(view("d1")));
    other.gets(make_disconnect());
}

// SN12-109, D55, TRAP-47
void sleeper_may_publish_register_and_subscribe_and_stays_asleep(void**) {
    Harness g;
    g.auto_pings = true;
    const Device d1 = g.connected("d1", false);
    d1.sleeps(100);
    g.advance_seconds(100);
    assert_int_equal(d1.registers(1, "b"), 1);
    d1.sends(make_publish(flags(1), 1, 2, view("x")));
    d1.to_broker(publish(1, 2, "b", "x"));
    d1.from_broker(ack(PacketType::puback, 2));
    d1.gets(make_puback(1, 2, ReturnCode::accepted));
    d1.subscribes(3, "c", 1);
    d1.from_broker(publish(0, 0, "c", "x"));
    g.nothing();                // still asleep
    g.advance(Millis{109999});  // the sleep timer began again
    g.nothing();
    g.advance(Millis{1});
    d1.closes(false);
}

// CONNECT and DISCONNECT from asleep (D20, SN12-108)

// SN12-108, D20
void connect_from_asleep_resumes_without_asking_the_broker(void**) {
    Harness g;
    const Device d1 = sleeper(g);
    d1.from_broker(publish(1, 5, "a", "1"));
    d1.sends(make_connect(Flags{}, 60, view("d1")));
    d1.gets(make_connack(ReturnCode::accepted));
    d1.gets(publish_to(1, 5, "1"));  // ids and buffer kept, no REGISTER
    d1.sends(make_puback(1, 5, ReturnCode::accepted));
    d1.to_broker(ack(PacketType::puback, 5));
    g.nothing();  // active: no PINGRESP
    d1.sends(make_pingreq(Bytes{}));
    d1.gets(make_pingresp());
}

// SN12-108, D20
void connect_from_awake_resumes_what_is_on_the_wire(void**) {
    Harness g;
    const Device d1 = sleeper(g);
    d1.from_broker(publish(1, 5, "a", "1"));
    wakes(d1);
    d1.gets(publish_to(1, 5, "1"));
    d1.sends(make_connect(Flags{}, 60, view("d1")));
    d1.gets(make_connack(ReturnCode::accepted));
    d1.gets(publish_to(1, 5, "1", true));
}

// D20
void connect_from_asleep_with_clean_session_or_other_keep_alive_is_a_new_connection(void**) {
    for (const bool clean : {true, false}) {
        Harness g;
        const Device d1 = sleeper(g);
        d1.from_broker(publish(0, 0, "a", "old"));
        d1.sends(make_connect(Flags{}.with_clean_session(clean), clean ? 60 : 61, view("d1")));
        d1.closes(true);
        d1.link_gone(LinkCloseReason::requested);
        d1.opens(Open{clean, "", ""});
        d1.accepted(!clean);
        d1.gets(make_connack(ReturnCode::accepted));
        g.nothing();
    }
}

// SN12-108
void disconnect_from_asleep_ends_the_session(void**) {
    Harness g;
    const Device d1 = sleeper(g);
    d1.sends("02 18");
    d1.gets("02 18");
    d1.closes(true);
}

void sleep_again_while_awake_takes_back_what_is_on_the_wire(void**) {
    Harness g;
    const Device d1 = sleeper(g);
    d1.from_broker(publish(2, 5, "a", "1"));
    wakes(d1);
    d1.gets(publish_to(2, 5, "1"));
    d1.sleeps(600);
    g.advance_seconds(30);
    g.nothing();
    wakes(d1);
    d1.gets(publish_to(2, 5, "1", true));
    d1.sends(make_pubrec(5));
    d1.to_broker(ack(PacketType::pubrec, 5));
    d1.sleeps(600);  // between PUBREC and PUBREL
    d1.from_broker(ack(PacketType::pubrel, 5));
    g.nothing();
    wakes(d1);
    d1.gets(make_pubrel(5));
    d1.sleeps(600);
    wakes(d1);
    d1.gets(make_pubrel(5));
    d1.sends(make_pubcomp(5));
    d1.to_broker(ack(PacketType::pubcomp, 5));
    broker_has_no_more(d1);
    d1.gets(make_pingresp());
}

// The device sleeps at once, before it has read all (SN12-104).
void going_to_sleep_keeps_what_was_not_acked(void**) {
    Harness g;
    g.auto_pings = false;
    const Device d1 = g.connected("d1", false);
    d1.subscribes(1, "a", 1);
    d1.from_broker(publish(1, 5, "a", "1"));
    d1.gets(publish_to(1, 5, "1"));
    d1.sleeps(600);
    d1.sends(make_puback(1, 5, ReturnCode::accepted));  // late: nothing is on the wire any more
    g.nothing();
    wakes(d1);
    d1.gets(publish_to(1, 5, "1", true));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(sleep_is_answered_and_keeps_the_link),
        cmocka_unit_test(sleeper_is_supervised_by_the_sleep_duration_with_tolerance),
        cmocka_unit_test(empty_wake_up_ends_at_once_when_the_broker_has_nothing),
        cmocka_unit_test(buffered_messages_come_in_order_and_pingresp_last),
        cmocka_unit_test(messages_that_come_while_awake_are_part_of_the_cycle),
        cmocka_unit_test(keep_alive_ping_in_flight_does_not_end_the_cycle_early),
        cmocka_unit_test(new_names_are_registered_within_the_cycle),
        cmocka_unit_test(silent_awake_device_is_asleep_again_and_loses_nothing),
        cmocka_unit_test(repeated_pingreq_repeats_the_outstanding_message_only),
        cmocka_unit_test(sleeper_may_wake_from_a_new_address),
        cmocka_unit_test(roaming_off_leaves_the_sleeper_alone),
        cmocka_unit_test(pingreq_without_client_id_wakes_a_known_address),
        cmocka_unit_test(pingreq_with_the_id_of_an_active_device_elsewhere_is_refused),
        cmocka_unit_test(sleeper_may_publish_register_and_subscribe_and_stays_asleep),
        cmocka_unit_test(connect_from_asleep_resumes_without_asking_the_broker),
        cmocka_unit_test(connect_from_awake_resumes_what_is_on_the_wire),
        cmocka_unit_test(connect_from_asleep_with_clean_session_or_other_keep_alive_is_a_new_connection),
        cmocka_unit_test(disconnect_from_asleep_ends_the_session),
        cmocka_unit_test(sleep_again_while_awake_takes_back_what_is_on_the_wire),
        cmocka_unit_test(going_to_sleep_keeps_what_was_not_acked),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
