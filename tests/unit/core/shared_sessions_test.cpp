// SPDX-License-Identifier: BSD-3-Clause
//
// Shared sessions through the front door (SN12-03): CONNECT, will, uplink, the choice of the mode. What
// devices get stands in shared_downlink_test, filters in shared_subscribe_test, outages in
// shared_outage_test.
#include <string>

#include "support/cmocka.hpp"
#include "support/shared_bench.hpp"

using namespace mqttsn;
using namespace test;
using PacketType = mqtt::PacketType;
using mqttsn::gateway::ClientRule;
using mqttsn::gateway::ListenerSettings;
using mqttsn::gateway::SessionMode;

namespace {

// SN12-03: no connection of its own, CONNACK at once.
void a_shared_device_opens_no_connection(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    assert_true(g.links().empty());
    assert_int_equal(g.gateway().link_count(), 1);
    d1.sends(make_disconnect());
    d1.gets(make_disconnect());
    assert_int_equal(g.gateway().link_count(), 0);
    assert_int_equal(g.gateway().session_count(), 0);
}

// SN12-03, D49
void connect_without_the_own_link_is_congestion(void**) {
    SharedHarness g(shared_settings(), false);
    const Device d1 = g.device("d1");
    d1.sends(make_connect(Flags{}.with_clean_session(true), 60, view("d1")));
    d1.gets(make_connack(ReturnCode::congestion));
    g.own_link_returns(false);
    d1.sends(make_connect(Flags{}.with_clean_session(true), 60, view("d1")));
    d1.gets(make_connack(ReturnCode::accepted));
}

// SN12-77: PUBACK when the broker has it, not before.
void qos1_is_acknowledged_when_the_own_session_is_done(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    const std::uint16_t id = d1.registers(1, "t");
    d1.sends(publish_up(1, id, 7, "x"));
    const OwnLinkPacket sent = g.published(1, "t", "x");
    g.nothing();
    g.done(sent);
    d1.gets(make_puback(id, 7, ReturnCode::accepted));
}

// SN12-77
void qos2_is_received_when_the_own_session_is_done_and_completed_at_once(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    const std::uint16_t id = d1.registers(1, "t");
    d1.sends(publish_up(2, id, 7, "x"));
    const OwnLinkPacket sent = g.published(2, "t", "x");
    d1.sends(publish_up(2, id, 7, "x", true));  // FAULT-56: repeated meanwhile
    g.nothing();
    g.done(sent);
    d1.gets(make_pubrec(7));
    d1.sends(publish_up(2, id, 7, "x", true));
    d1.gets(make_pubrec(7));
    d1.sends(make_pubrel(7));
    d1.gets(make_pubcomp(7));
    d1.sends(make_pubrel(7));  // its answer was lost
    d1.gets(make_pubcomp(7));
}

void qos0_goes_up_at_once(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    const std::uint16_t id = d1.registers(1, "t");
    d1.sends(publish_up(0, id, 0, "x"));
    g.published(0, "t", "x");
}

// SN12-03: two devices may use the same MsgId; the answers find the right one, in any order.
void equal_message_ids_of_two_devices_are_kept_apart(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    const Device d2 = g.joined("d2");
    const std::uint16_t id1 = d1.registers(1, "t");
    const std::uint16_t id2 = d2.registers(1, "t");
    d1.sends(publish_up(1, id1, 7, "one"));
    const OwnLinkPacket first = g.published(1, "t", "one");
    d2.sends(publish_up(1, id2, 7, "two"));
    const OwnLinkPacket second = g.published(1, "t", "two");
    g.done(second);
    d2.gets(make_puback(id2, 7, ReturnCode::accepted));
    g.done(first);
    d1.gets(make_puback(id1, 7, ReturnCode::accepted));
}

// What was given up was not delivered, and the device must not believe so.
void a_message_given_up_is_refused_to_the_device(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    const std::uint16_t id = d1.registers(1, "t");
    d1.sends(publish_up(1, id, 7, "x"));
    g.done(g.published(1, "t", "x"), 0x97);  // quota exceeded: later, perhaps
    d1.gets(make_puback(id, 7, ReturnCode::congestion));
    d1.sends(publish_up(1, id, 7, "x", true));  // it tries again: not a copy of something delivered
    g.done(g.published(1, "t", "x"), 0x87);     // not authorized
    d1.gets(make_puback(id, 7, ReturnCode::not_supported));
    d1.sends(publish_up(2, id, 8, "y"));
    g.done(g.published(2, "t", "y"), 0x90);
    d1.gets(make_puback(id, 8, ReturnCode::not_supported));
    assert_int_equal(g.counters().shared_given_up, 3);
}

// TRAP-72: what the broker does not take is that device's trouble alone.
void a_message_too_large_for_the_broker_concerns_its_device_only(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    const Device d2 = g.joined("d2");
    const std::uint16_t id1 = d1.registers(1, "t");
    const std::uint16_t id2 = d2.registers(1, "t");
    d1.sends(publish_up(1, id1, 7, "large"));
    g.done(g.published(1, "t", "large"), 0x95);  // packet too large
    d1.gets(make_puback(id1, 7, ReturnCode::not_supported));
    d2.sends(publish_up(1, id2, 7, "x"));
    g.done(g.published(1, "t", "x"));
    d2.gets(make_puback(id2, 7, ReturnCode::accepted));
    g.nothing();
}

// FAULT-50: the gateway's own rights are not for the devices.
void dollar_topics_are_refused_both_ways(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    d1.sends(make_register(0, 1, view("$CONTROL/dynamic-security/v1")));
    d1.gets(make_regack(0, 1, ReturnCode::not_supported));
    d1.sends(make_publish(flags(1, TopicIdType::short_name), 0x2461, 2, view("x")));  // "$a"
    d1.gets(make_puback(0x2461, 2, ReturnCode::not_supported));
    for (const char* const filter : {"$SYS/#", "$CONTROL/#", "$share/g/t"}) {
        d1.sends(make_subscribe(flags(1), 3, view(filter)));
        d1.gets(make_suback(flags(0), 0, 3, ReturnCode::not_supported));
    }
    g.nothing();
    assert_int_equal(g.count(EventKind::subscribe_refused), 3);
    assert_true(g.cause(EventKind::subscribe_refused).find("dedicated") != std::string::npos);
}

Device joins_with_will(SharedHarness& g, const std::string& client_id, int qos, bool clean = true) {
    const Device d1 = g.device(client_id);
    d1.sends(make_connect(Flags{}.with_clean_session(clean).with_will(true), 60, view(client_id)));
    d1.gets(make_will_topic_req());
    d1.sends(make_will_topic(flags(qos).with_retain(true), view("w")));
    d1.gets(make_will_msg_req());
    d1.sends(make_will_msg(view("gone")));
    d1.gets(make_connack(ReturnCode::accepted));
    return d1;
}

// D25: the gateway publishes it itself.
void the_will_of_a_lost_device_is_published_by_the_gateway(void**) {
    SharedHarness g;
    joins_with_will(g, "d1", 1);
    g.advance_seconds(90);
    const OwnLinkPacket will = g.published(1, "w", "gone");
    assert_true(will.retain);
    g.done(will);
    g.nothing();
    assert_int_equal(g.counters().shared_wills, 1);
}

// SN12-64, D25
void disconnect_discards_the_will(void**) {
    SharedHarness g;
    const Device d1 = joins_with_will(g, "d1", 0);
    d1.sends(make_disconnect());
    d1.gets(make_disconnect());
    g.advance_seconds(200);
    g.nothing();
}

// FAULT-50
void a_will_on_a_dollar_topic_is_refused(void**) {
    SharedHarness g;
    const Device d1 = g.device("d1");
    d1.sends(make_connect(Flags{}.with_clean_session(true).with_will(true), 60, view("d1")));
    d1.gets(make_will_topic_req());
    d1.sends(make_will_topic(flags(0), view("$CONTROL/x")));
    d1.gets(make_connack(ReturnCode::not_supported));
}

// D49, D25: nobody can publish while the own link is down; the will waits for it.
void the_will_of_a_device_lost_in_an_outage_is_published_after_it(void**) {
    SharedHarness g;
    joins_with_will(g, "d1", 1);
    g.own_link(false);
    g.advance_seconds(120);
    g.nothing();
    assert_int_equal(g.counters().sessions_lost, 1);
    g.own_link_returns(true);
    g.published(1, "w", "gone");
}

// The will of a device that only roamed through an outage does not fire.
void an_outage_alone_publishes_no_will(void**) {
    SharedHarness g;
    const Device d1 = joins_with_will(g, "d1", 1);
    g.own_link(false);
    g.advance_seconds(5);
    g.own_link_returns(true);
    g.until_link_returns("d1");
    d1.sends(make_pingreq(Bytes{}));
    d1.gets(make_pingresp());
    g.nothing();
    g.advance_seconds(90);
    g.published(1, "w", "gone");  // but it is still there
}

// D10, D11: the same client id, another address.
void a_take_over_fires_no_will_and_keeps_the_session(void**) {
    SharedHarness g;
    const Device d1 = joins_with_will(g, "d1", 1, false);
    const Followed a = g.follows(d1, 1, "a", 0);
    const Device again = g.device("d1");
    again.sends(make_connect(Flags{}, 60, view("d1")));
    again.gets(make_connack(ReturnCode::accepted));
    g.from_own(0, "a", "x", a.subscription_id);
    assert_true(g.take_line().find("to d1@2: REGISTER") == 0);
    g.nothing();
}

// SN12-02, SN12-03: the rule before the listener.
void the_mode_is_the_rules_word_else_the_listeners(void**) {
    Settings settings;
    settings.listeners.push_back(ListenerSettings{});
    settings.listeners[1].sessions = SessionMode::shared;
    settings.clients = {ClientRule{"meter-*", true, SessionMode::shared},
                        ClientRule{"boss", true, SessionMode::dedicated}};
    SharedHarness g(settings);
    const auto connects = [&](const char* id, std::uint16_t listener) {
        const Device device = g.device(id, listener);
        device.sends(make_connect(Flags{}.with_clean_session(true), 60, view(id)));
        return device;
    };
    connects("meter-1", 0).gets(make_connack(ReturnCode::accepted));
    connects("any", 1).gets(make_connack(ReturnCode::accepted));
    connects("any2", 0).opens(Open{true, "", ""});
    connects("boss", 1).opens(Open{true, "", ""});
}

// A session that comes back by another listener ends there and goes on here, with its subscriptions.
void a_session_that_changes_to_dedicated_leaves_the_shared_one(void**) {
    Settings settings;
    settings.listeners.push_back(ListenerSettings{});
    settings.listeners[0].sessions = SessionMode::shared;
    SharedHarness g(settings);
    const Device d1 = g.joined("d1", false);
    g.follows(d1, 1, "a", 1);
    const Device moved = g.device("d1", 1);
    moved.sends(make_connect(Flags{}, 60, view("d1")));
    moved.opens(Open{false, "", ""});
    const OwnLinkPacket left = g.own();
    assert_int_equal(left.type, PacketType::unsubscribe);
    assert_string_equal(left.topic.c_str(), "a");
    moved.accepted(false);
    moved.gets(make_connack(ReturnCode::accepted));
    moved.to_broker(subscribe(0xFFFE, "a", 1));
    moved.from_broker(suback(0xFFFE, 1));
    g.packet(mqttsn::gateway::kOwnLink, ack(PacketType::unsuback, left.packet_id));
    g.nothing();
}

void a_session_that_changes_to_shared_ends_its_connection(void**) {
    Settings settings;
    settings.listeners.push_back(ListenerSettings{});
    settings.listeners[1].sessions = SessionMode::shared;
    SharedHarness g(settings);
    const Device d1 = g.connected("d1", false);
    d1.subscribes(1, "a");
    const Device moved = g.device("d1", 1);
    moved.sends(make_connect(Flags{}, 60, view("d1")));
    d1.closes(true);
    d1.link_gone(LinkCloseReason::requested);
    moved.gets(make_connack(ReturnCode::accepted));
    const OwnLinkPacket asked = g.own();
    assert_int_equal(asked.type, PacketType::subscribe);
    assert_string_equal(asked.topic.c_str(), "a");
    g.grants(asked, 1);
    g.nothing();
    assert_true(g.links().empty());
}

// SN12-118: QoS -1 needs no session and no answer, and goes on the same own session.
void qos_minus_one_uses_the_same_session(void**) {
    Settings settings = shared_settings();
    settings.predefined_topics = {{1, "p", "*"}};
    SharedHarness g(settings);
    const Device stranger = g.device("x");
    stranger.sends(make_publish(flags(-1, TopicIdType::predefined), 1, 0, view("m")));
    g.published(0, "p", "m");
}

// FAULT-50: strangers publish with the gateway's rights, so not where those count.
void qos_minus_one_to_a_dollar_topic_is_dropped(void**) {
    Settings settings = shared_settings();
    settings.listeners[0].qos_minus_one = mqttsn::gateway::QosMinusOne::all;
    SharedHarness g(settings);
    const Device stranger = g.device("x");
    const std::string_view name = "$CONTROL/x";
    stranger.sends(make_publish(flags(-1), static_cast<std::uint16_t>(name.size()), 0, view("$CONTROL/xm")));
    stranger.sends(make_publish(flags(-1, TopicIdType::short_name), 0x2441, 0, view("m")));  // "$A"
    g.nothing();
    assert_int_equal(g.counters().minus_one_dropped, 2);
}

void shutdown_ends_every_session_and_fires_no_will(void**) {
    SharedHarness g;
    const Device d1 = joins_with_will(g, "d1", 1);
    const Device d2 = g.joined("d2", false);
    g.shutdown();
    d1.gets(make_disconnect());
    d2.gets(make_disconnect());
    g.nothing();
    assert_int_equal(g.gateway().link_count(), 0);
}

// The own session keeps the connection alive: idle devices cost no timers and no packets.
void an_idle_shared_device_pings_nobody(void**) {
    Settings settings = shared_settings();
    settings.broker.keep_alive_s = 10;
    SharedHarness g(settings);
    g.joined("d1");
    g.advance_seconds(20);  // past the deadline that CONNECT had
    const mqttsn::gateway::Instant first = g.gateway().next_deadline();
    assert_true(first - g.now() >= Millis{580000});  // the device's own keep-alive, nothing before
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_shared_device_opens_no_connection),
        cmocka_unit_test(connect_without_the_own_link_is_congestion),
        cmocka_unit_test(qos1_is_acknowledged_when_the_own_session_is_done),
        cmocka_unit_test(qos2_is_received_when_the_own_session_is_done_and_completed_at_once),
        cmocka_unit_test(qos0_goes_up_at_once),
        cmocka_unit_test(equal_message_ids_of_two_devices_are_kept_apart),
        cmocka_unit_test(a_message_given_up_is_refused_to_the_device),
        cmocka_unit_test(a_message_too_large_for_the_broker_concerns_its_device_only),
        cmocka_unit_test(dollar_topics_are_refused_both_ways),
        cmocka_unit_test(the_will_of_a_lost_device_is_published_by_the_gateway),
        cmocka_unit_test(disconnect_discards_the_will),
        cmocka_unit_test(a_will_on_a_dollar_topic_is_refused),
        cmocka_unit_test(the_will_of_a_device_lost_in_an_outage_is_published_after_it),
        cmocka_unit_test(an_outage_alone_publishes_no_will),
        cmocka_unit_test(a_take_over_fires_no_will_and_keeps_the_session),
        cmocka_unit_test(the_mode_is_the_rules_word_else_the_listeners),
        cmocka_unit_test(a_session_that_changes_to_dedicated_leaves_the_shared_one),
        cmocka_unit_test(a_session_that_changes_to_shared_ends_its_connection),
        cmocka_unit_test(qos_minus_one_uses_the_same_session),
        cmocka_unit_test(qos_minus_one_to_a_dollar_topic_is_dropped),
        cmocka_unit_test(shutdown_ends_every_session_and_fires_no_will),
        cmocka_unit_test(an_idle_shared_device_pings_nobody),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
