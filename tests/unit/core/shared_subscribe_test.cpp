// SPDX-License-Identifier: BSD-3-Clause
//
// The filters of the shared session (SN12-03): what goes up to the broker, who waits for what:
// shared_subscribe.cpp.
#include <string>

#include "support/cmocka.hpp"
#include "support/shared_bench.hpp"

using namespace mqttsn;
using namespace test;
using PacketType = mqtt::PacketType;
using mqttsn::gateway::kOwnLink;

namespace {

void unsubscribed(SharedHarness& g, const OwnLinkPacket& packet, Where where = Where()) {
    g.packet(kOwnLink, ack(PacketType::unsuback, packet.packet_id), where);
}

OwnLinkPacket unsubscribe_of(SharedHarness& g, std::string_view filter, Where where = Where()) {
    OwnLinkPacket packet = g.own(where);
    if (packet.type != PacketType::unsubscribe || packet.topic != filter) {
        stop(where, "no UNSUBSCRIBE of that filter but one for " + packet.topic);
    }
    return packet;
}

// SN12-83: SUBACK only after the broker's, with what it granted.
void suback_waits_for_the_broker_and_says_what_it_granted(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    d1.sends(make_subscribe(flags(2), 5, view("a")));
    const OwnLinkPacket asked = g.own();
    g.nothing();
    assert_int_equal(asked.qos, 2);
    assert_true(asked.subscription_id != 0);
    g.grants(asked, 1);
    d1.gets(make_suback(flags(1), 1, 5, ReturnCode::accepted));
    g.from_own(2, "a", "x", asked.subscription_id);
    d1.gets(downlink(1, 1, 1, "x"));
}

void a_refusal_of_the_broker_reaches_the_device(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    d1.sends(make_subscribe(flags(1), 5, view("secret")));
    g.grants(g.own(), 0x80);
    d1.gets(make_suback(flags(0), 0, 5, ReturnCode::not_supported));
    g.nothing();
    g.from_own(1, "secret", "x");
    g.nothing();
}

// Each new subscription asks the broker again, under a fresh id; the broker holds one for all, at the highest
// QoS that is wanted.
void every_new_subscription_goes_up_at_the_highest_qos_wanted(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    const Device d2 = g.joined("d2");
    const Followed first = g.follows(d1, 1, "a", 2);
    d2.sends(make_subscribe(flags(0), 1, view("a")));
    const OwnLinkPacket asked = g.own();
    assert_int_equal(asked.qos, 2);
    assert_true(asked.subscription_id != first.subscription_id);
    g.grants(asked, 2);
    d2.gets(make_suback(flags(0), 1, 1, ReturnCode::accepted));
}

// Those who ask while a SUBSCRIBE is on its way share the next one.
void subscriptions_that_come_together_share_one_subscribe(void**) {
    SharedHarness g;
    std::vector<Device> devices;
    for (int i = 0; i < 10; ++i) {
        devices.push_back(g.joined("d" + std::to_string(i)));
    }
    devices[0].sends(make_subscribe(flags(1), 1, view("a")));
    const OwnLinkPacket first = g.own();
    for (int i = 1; i < 10; ++i) {
        devices[static_cast<std::size_t>(i)].sends(make_subscribe(flags(1), 1, view("a")));
        g.nothing();
    }
    g.grants(first, 1);
    g.subacked(devices[0]);
    const OwnLinkPacket second = g.own();
    g.grants(second, 1);
    for (int i = 1; i < 10; ++i) {
        g.subacked(devices[static_cast<std::size_t>(i)]);
    }
    g.nothing();
    assert_int_equal(g.counters().shared_subscribes, 2);
    g.retained_from_own(0, "a", "kept", second.subscription_id);
    assert_int_equal(g.take().size(), 9);  // all of the second, none of the first
}

// SN12-88: the last one to leave takes the filter from the broker.
void unsubscribe_goes_up_only_when_the_last_one_has_left(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    const Device d2 = g.joined("d2");
    g.follows(d1, 1, "a", 1);
    const Followed both = g.follows(d2, 1, "a", 1);
    d1.sends(make_unsubscribe(flags(0), 2, view("a")));
    d1.gets(make_unsuback(2));
    g.from_own(1, "a", "x", both.subscription_id);
    d2.gets(downlink(1, both.topic_id, 1, "x"));
    d2.sends(make_unsubscribe(flags(0), 2, view("a")));
    const OwnLinkPacket left = unsubscribe_of(g, "a");
    g.from_own(1, "a", "y", both.subscription_id);
    g.nothing();
    unsubscribed(g, left);
    d2.gets(make_unsuback(2));
}

void unsubscribe_of_an_unknown_filter_is_answered_at_once(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    d1.sends(make_unsubscribe(flags(0), 2, view("a")));
    d1.gets(make_unsuback(2));
}

// A filter that is wanted again while it is being taken from the broker.
void a_filter_wanted_again_during_unsubscribe_is_subscribed_after_it(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    const Device d2 = g.joined("d2");
    g.follows(d1, 1, "a", 1);
    d1.sends(make_unsubscribe(flags(0), 2, view("a")));
    const OwnLinkPacket left = unsubscribe_of(g, "a");
    d2.sends(make_subscribe(flags(1), 1, view("a")));
    g.nothing();
    unsubscribed(g, left);
    d1.gets(make_unsuback(2));
    const OwnLinkPacket asked = g.own();
    assert_int_equal(asked.type, PacketType::subscribe);
    g.grants(asked, 1);
    const std::uint16_t id = g.subacked(d2);
    g.from_own(1, "a", "x", asked.subscription_id);
    d2.gets(downlink(1, id, 1, "x"));
    g.nothing();
}

// A device that goes before its SUBACK has not subscribed.
void a_subscriber_that_has_gone_leaves_no_filter_behind(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    d1.sends(make_subscribe(flags(1), 1, view("a")));
    const OwnLinkPacket asked = g.own();
    d1.sends(make_disconnect());
    d1.gets(make_disconnect());
    g.grants(asked, 1);
    unsubscribed(g, unsubscribe_of(g, "a"));
    g.nothing();
}

// One that waits for the next SUBSCRIBE and goes: nobody is asked for it.
void a_waiting_subscriber_that_has_gone_asks_nobody(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    const Device d2 = g.joined("d2");
    d1.sends(make_subscribe(flags(1), 1, view("a")));
    const OwnLinkPacket asked = g.own();
    d2.sends(make_subscribe(flags(1), 1, view("a")));
    d2.sends(make_disconnect());
    d2.gets(make_disconnect());
    g.grants(asked, 1);
    g.subacked(d1);
    g.nothing();
}

// A message may come under the new id before the SUBACK does.
void a_live_message_before_suback_is_held_and_delivered(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    d1.sends(make_subscribe(flags(1), 1, view("a")));
    const OwnLinkPacket asked = g.own();
    g.from_own(1, "a", "x", asked.subscription_id);
    g.nothing();
    g.grants(asked, 1);
    const std::uint16_t id = g.subacked(d1);
    d1.gets(downlink(1, id, 1, "x"));
}

// The broker's queue may still hold messages under the id that was replaced.
void messages_under_a_replaced_id_are_still_delivered_once(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    const Device d2 = g.joined("d2");
    const Followed first = g.follows(d1, 1, "a/b", 1);
    const Followed wide = g.follows(d2, 1, "a/#", 0);
    g.follows(d1, 2, "a/b", 1);
    g.from_own(1, "a/b", "x", first.subscription_id);
    d1.gets(downlink(1, first.topic_id, 1, "x"));
    g.nothing();
    (void)wide;
}

// A message in the broker's queue under a filter that is no more goes to nobody: the others have their
// copies.
void messages_under_an_abandoned_id_go_to_nobody(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    const Device d2 = g.joined("d2");
    const Followed gone = g.follows(d1, 1, "a/b", 0);
    g.follows(d2, 1, "a/+", 0);
    d1.sends(make_unsubscribe(flags(0), 2, view("a/b")));
    unsubscribed(g, unsubscribe_of(g, "a/b"));
    d1.gets(make_unsuback(2));
    g.from_own(0, "a/b", "x", gone.subscription_id);
    g.nothing();
}

// SN12-64: a kept session that is forgotten to make room leaves its filters.
void an_evicted_session_leaves_its_filters(void**) {
    Settings settings = shared_settings();
    settings.limits.sessions = 1;
    SharedHarness g(settings);
    const Device d1 = g.joined("d1", false);
    g.follows(d1, 1, "a", 1);
    d1.sends(make_disconnect());
    d1.gets(make_disconnect());
    const Device d2 = g.device("d2");
    d2.sends(make_connect(Flags{}.with_clean_session(true), 60, view("d2")));
    const std::vector<std::string> lines = g.take();
    assert_int_equal(lines.size(), 2);  // CONNACK and UNSUBSCRIBE
    assert_true(lines[0].find("UNSUBSCRIBE") != std::string::npos ||
                lines[1].find("UNSUBSCRIBE") != std::string::npos);
    assert_int_equal(g.counters().sessions_evicted, 1);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(suback_waits_for_the_broker_and_says_what_it_granted),
        cmocka_unit_test(a_refusal_of_the_broker_reaches_the_device),
        cmocka_unit_test(every_new_subscription_goes_up_at_the_highest_qos_wanted),
        cmocka_unit_test(subscriptions_that_come_together_share_one_subscribe),
        cmocka_unit_test(unsubscribe_goes_up_only_when_the_last_one_has_left),
        cmocka_unit_test(unsubscribe_of_an_unknown_filter_is_answered_at_once),
        cmocka_unit_test(a_filter_wanted_again_during_unsubscribe_is_subscribed_after_it),
        cmocka_unit_test(a_subscriber_that_has_gone_leaves_no_filter_behind),
        cmocka_unit_test(a_waiting_subscriber_that_has_gone_asks_nobody),
        cmocka_unit_test(a_live_message_before_suback_is_held_and_delivered),
        cmocka_unit_test(messages_under_a_replaced_id_are_still_delivered_once),
        cmocka_unit_test(messages_under_an_abandoned_id_go_to_nobody),
        cmocka_unit_test(an_evicted_session_leaves_its_filters),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
