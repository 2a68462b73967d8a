// SPDX-License-Identifier: BSD-3-Clause
//
// The own link goes down and comes back under shared sessions (SN12-03, D49): what devices hear, and what
// goes on where it was.
#include <string>

#include "support/cmocka.hpp"
#include "support/shared_bench.hpp"

using namespace mqttsn;
using namespace test;
using PacketType = mqtt::PacketType;
using mqttsn::gateway::WhenBrokerDown;

namespace {

// D49, D26
void while_the_own_link_is_down_devices_hear_congestion(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    const std::uint16_t id = d1.registers(1, "t");
    g.own_link(false);
    for (int qos = 0; qos <= 2; ++qos) {
        const auto message_id = static_cast<std::uint16_t>(qos > 0 ? 10 + qos : 0);
        d1.sends(publish_up(qos, id, message_id, "x"));
        d1.gets(make_puback(id, message_id, ReturnCode::congestion));
    }
    d1.sends(make_subscribe(flags(1), 2, view("a")));
    d1.gets(make_suback(flags(0), 0, 2, ReturnCode::congestion));
    d1.sends(make_pingreq(Bytes{}));
    d1.gets(make_pingresp());
    assert_int_equal(g.count(EventKind::broker_lost), 1);
}

// D49: the other policy.
void with_when_down_disconnect_devices_are_sent_away(void**) {
    Settings settings = shared_settings();
    settings.broker.when_down = WhenBrokerDown::disconnect;
    SharedHarness g(settings);
    const Device d1 = g.joined("d1");
    g.own_link(false);
    d1.gets(make_disconnect());
    g.nothing();
    assert_int_equal(g.gateway().session_count(), 0);
}

// D49, FAULT-56: one message upstream, one acknowledgement, whenever the own session is done.
void a_message_on_its_way_is_not_sent_twice_over_an_outage(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    const std::uint16_t id = d1.registers(1, "t");
    d1.sends(publish_up(1, id, 7, "x"));
    const OwnLinkPacket sent = g.published(1, "t", "x");
    g.own_link(false);
    g.own_link_returns(true);
    g.until_link_returns("d1");
    d1.sends(publish_up(1, id, 7, "x", true));
    g.nothing();
    g.done(sent);
    d1.gets(make_puback(id, 7, ReturnCode::accepted));
}

// The answer comes while the device's link is closed: its repetition is answered from memory.
void an_answer_that_comes_in_the_outage_is_kept_for_the_repetition(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    const std::uint16_t id = d1.registers(1, "t");
    d1.sends(publish_up(1, id, 7, "x"));
    const OwnLinkPacket one = g.published(1, "t", "x");
    d1.sends(publish_up(2, id, 8, "y"));
    const OwnLinkPacket two = g.published(2, "t", "y");
    g.own_link(false);
    g.done(one);
    g.done(two);
    g.nothing();
    g.own_link_returns(true);
    g.until_link_returns("d1");
    d1.sends(publish_up(1, id, 7, "x", true));
    d1.gets(make_puback(id, 7, ReturnCode::accepted));
    d1.sends(publish_up(2, id, 8, "y", true));
    d1.gets(make_pubrec(8));
    d1.sends(make_pubrel(8));
    d1.gets(make_pubcomp(8));
}

// A QoS 2 message that the device has been told is received is complete, whatever happens to the own link.
void a_received_qos2_message_survives_the_outage_of_a_clean_session(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    const std::uint16_t id = d1.registers(1, "t");
    d1.sends(publish_up(2, id, 8, "y"));
    g.done(g.published(2, "t", "y"));
    d1.gets(make_pubrec(8));
    g.own_link(false);
    g.own_link_returns(false);
    g.until_link_returns("d1");
    d1.sends(make_pubrel(8));
    d1.gets(make_pubcomp(8));
    g.nothing();
}

// The broker has kept the subscriptions: nobody subscribes again, and messages go on coming.
void a_kept_own_session_needs_no_repair(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    const Followed a = g.follows(d1, 1, "a", 1);
    g.own_link(false);
    g.own_link_returns(true);
    g.until_link_returns("d1");
    g.nothing();
    g.from_own(1, "a", "x", a.subscription_id);
    d1.gets(downlink(1, a.topic_id, 1, "x"));
}

// What comes between the own link's return and the device's waits for it.
void what_comes_before_the_devices_link_is_back_waits(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    const Followed a = g.follows(d1, 1, "a", 1);
    g.own_link(false);
    g.own_link_returns(true);
    g.from_own(1, "a", "x", a.subscription_id);
    g.nothing();
    g.until_link_returns("d1");
    d1.gets(downlink(1, a.topic_id, 1, "x"));
}

// D49: paced re-subscription: a bounded number of SUBSCRIBEs at a time, until all are there.
void lost_subscriptions_are_made_again_a_few_at_a_time(void**) {
    SharedHarness g;
    for (int i = 0; i < 100; ++i) {
        const Device device = g.joined("d" + std::to_string(i));
        g.follows(device, 1, "t/" + std::to_string(i), 1);
    }
    g.own_link(false);
    g.own_link_returns(false);
    std::deque<OwnLinkPacket> asked;
    std::size_t most = 0;
    std::size_t all = 0;
    for (;;) {
        while (g.pending()) {
            asked.push_back(g.own());
            assert_int_equal(asked.back().type, PacketType::subscribe);
            ++all;
        }
        most = std::max(most, asked.size());
        if (asked.empty()) {
            break;
        }
        const OwnLinkPacket next = asked.front();
        asked.pop_front();
        g.grants(next, 1);
    }
    assert_int_equal(most, 32);
    assert_int_equal(all, 100);
}

// A repair brings retained messages for everybody again; nobody has asked for them.
void retained_messages_of_a_repair_go_to_nobody(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    g.follows(d1, 1, "a", 1);
    g.own_link(false);
    g.own_link_returns(false);
    const OwnLinkPacket asked = g.own();
    g.grants(asked, 1);
    g.until_link_returns("d1");
    g.retained_from_own(1, "a", "kept", asked.subscription_id);
    g.nothing();
    g.from_own(1, "a", "live", asked.subscription_id);
    assert_true(g.take_line().find("to d1: PUBLISH") == 0);
}

// A device that goes while the own link is down: its filter is taken from the broker afterwards.
void filters_left_in_the_outage_are_unsubscribed_after_it(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    g.follows(d1, 1, "a", 1);
    g.own_link(false);
    d1.sends(make_disconnect());
    d1.gets(make_disconnect());
    g.nothing();
    g.own_link_returns(true);
    const OwnLinkPacket left = g.own();
    assert_int_equal(left.type, PacketType::unsubscribe);
    assert_string_equal(left.topic.c_str(), "a");
}

// "Not present" may also mean that the gateway is not certain (a lost CONNACK): what a filter nobody wants
// brings would go to nobody, and to the next device that subscribes it as a message from before its time.
void filters_left_in_the_outage_are_unsubscribed_in_a_new_session_too(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    g.follows(d1, 1, "a", 1);
    g.own_link(false);
    d1.sends(make_disconnect());
    d1.gets(make_disconnect());
    g.own_link_returns(false);
    const OwnLinkPacket left = g.own();
    assert_int_equal(left.type, PacketType::unsubscribe);
    assert_string_equal(left.topic.c_str(), "a");
    g.nothing();
}

// The own link closes with a SUBSCRIBE on its way: the device hears congestion, nothing stays half-done.
void a_subscribe_on_its_way_is_answered_with_congestion(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    d1.sends(make_subscribe(flags(1), 2, view("a")));
    const OwnLinkPacket asked = g.own();
    g.own_link(false);
    d1.gets(make_suback(flags(0), 0, 2, ReturnCode::congestion));
    g.own_link_returns(true);
    const OwnLinkPacket left = g.own();  // the broker may have it
    assert_int_equal(left.type, PacketType::unsubscribe);
    g.grants(asked, 1);  // an answer of the past
    g.packet(mqttsn::gateway::kOwnLink, ack(PacketType::unsuback, left.packet_id));
    g.nothing();
    g.until_link_returns("d1");
    g.follows(d1, 3, "a", 1);
}

// SN12-105, D49: a sleeper wakes in an outage: PINGRESP, and sleeps on.
void a_sleeper_that_wakes_in_an_outage_sleeps_on(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1", false);
    const Followed a = g.follows(d1, 1, "a", 1);
    d1.sleeps(600);
    g.from_own(1, "a", "x", a.subscription_id);
    g.own_link(false);
    d1.sends(make_pingreq(view("d1")));
    d1.gets(make_pingresp());
    g.own_link_returns(true);
    g.until_link_returns("d1");
    d1.sends(make_pingreq(view("d1")));
    d1.gets(downlink(1, a.topic_id, 1, "x", true));
    d1.sends(make_puback(a.topic_id, 1, ReturnCode::accepted));
    d1.gets(make_pingresp());
}

// D49: an own link that comes and goes is no quarrel about the devices' client ids: nobody is sent away for
// it.
void an_own_link_that_flaps_costs_no_device_its_session(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    for (int i = 0; i < 20; ++i) {
        g.own_link(false);
        g.own_link_returns(true);
        g.until_link_returns("d1");
        d1.sends(make_pingreq(Bytes{}));
        d1.gets(make_pingresp());
    }
    g.nothing();
    assert_int_equal(g.gateway().session_count(), 1);
}

// Everything at once for many: each device's link is closed in the one event, none is forgotten.
void all_links_close_in_the_one_event(void**) {
    SharedHarness g;
    for (int i = 0; i < 200; ++i) {
        g.joined("d" + std::to_string(i));
    }
    g.own_link(false);
    assert_int_equal(g.gateway().link_count(), 0);
    assert_int_equal(g.gateway().session_count(), 200);
    g.own_link_returns(false);
    g.advance_seconds(31);
    assert_int_equal(g.gateway().link_count(), 200);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(while_the_own_link_is_down_devices_hear_congestion),
        cmocka_unit_test(with_when_down_disconnect_devices_are_sent_away),
        cmocka_unit_test(a_message_on_its_way_is_not_sent_twice_over_an_outage),
        cmocka_unit_test(an_answer_that_comes_in_the_outage_is_kept_for_the_repetition),
        cmocka_unit_test(a_received_qos2_message_survives_the_outage_of_a_clean_session),
        cmocka_unit_test(a_kept_own_session_needs_no_repair),
        cmocka_unit_test(what_comes_before_the_devices_link_is_back_waits),
        cmocka_unit_test(lost_subscriptions_are_made_again_a_few_at_a_time),
        cmocka_unit_test(retained_messages_of_a_repair_go_to_nobody),
        cmocka_unit_test(filters_left_in_the_outage_are_unsubscribed_after_it),
        cmocka_unit_test(filters_left_in_the_outage_are_unsubscribed_in_a_new_session_too),
        cmocka_unit_test(a_subscribe_on_its_way_is_answered_with_congestion),
        cmocka_unit_test(a_sleeper_that_wakes_in_an_outage_sleeps_on),
        cmocka_unit_test(an_own_link_that_flaps_costs_no_device_its_session),
        cmocka_unit_test(all_links_close_in_the_one_event),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
