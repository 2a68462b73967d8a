// SPDX-License-Identifier: BSD-3-Clause
//
// What devices of the shared session get (SN12-03), asleep and awake, kept and clean: shared_downlink.cpp
// with the rooms around it. Who gets what: only what a device's own filters match.
#include <string>

#include "support/cmocka.hpp"
#include "support/shared_bench.hpp"

using namespace mqttsn;
using namespace test;
using PacketType = mqtt::PacketType;

namespace {

/// The next output is a REGISTER of this name; the device accepts it. @return the topic id
std::uint16_t registered(SharedHarness& g, const Device& device, std::string_view name,
                         Where where = Where()) {
    const std::string line = g.take_line(where);
    const std::string head = "to " + device.label() + ": REGISTER ";
    if (line.compare(0, head.size(), head) != 0) {
        stop(where, "no REGISTER but " + line);
    }
    const Octets octets = hex(line.substr(head.size()));
    const auto id = static_cast<std::uint16_t>((octets[2] << 8) | octets[3]);
    const auto message_id = static_cast<std::uint16_t>((octets[4] << 8) | octets[5]);
    if (octets.size() != 6 + name.size()) {
        stop(where, "another name in " + line);
    }
    device.sends(make_regack(id, message_id, ReturnCode::accepted), where);
    return id;
}

// SN12-03: a device sees nothing of the others beyond its own filters.
void a_device_gets_what_its_filters_match_and_nothing_else(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    const Device d2 = g.joined("d2");
    const Followed one = g.follows(d1, 1, "home/1", 1);
    const Followed two = g.follows(d2, 1, "home/2", 1);
    g.from_own(1, "home/1", "for one", one.subscription_id);
    d1.gets(downlink(1, one.topic_id, 1, "for one"));
    g.nothing();
    g.from_own(1, "home/2", "for two", two.subscription_id);
    d2.gets(downlink(1, two.topic_id, 1, "for two"));
    g.nothing();
    g.from_own(1, "home/3", "for nobody");
    g.from_own(1, "home/2", "under a wrong id", one.subscription_id);  // whatever the broker does
    g.nothing();
    assert_int_equal(g.counters().shared_unclaimed, 2);
}

// MQTT 3.1.1 section 3.8.4
void each_gets_the_lower_of_the_two_qos(void**) {
    SharedHarness g;
    const Device d0 = g.joined("d0");
    const Device d2 = g.joined("d2");
    const Followed none = g.follows(d0, 1, "a", 0);
    const Followed most = g.follows(d2, 1, "a", 2);
    g.from_own(1, "a", "x", most.subscription_id);
    d0.gets(downlink(0, none.topic_id, 0, "x"));
    d2.gets(downlink(1, most.topic_id, 1, "x"));
    d2.sends(make_puback(most.topic_id, 1, ReturnCode::accepted));
    g.from_own(2, "a", "y", most.subscription_id);
    d0.gets(downlink(0, none.topic_id, 0, "y"));
    d2.gets(downlink(2, most.topic_id, 2, "y"));
}

// SN12-75: QoS 2 to the device, all four steps; the broker has its own already.
void qos2_to_a_device_takes_all_four_steps(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    const Followed a = g.follows(d1, 1, "a", 2);
    g.from_own(2, "a", "x", a.subscription_id);
    d1.gets(downlink(2, a.topic_id, 1, "x"));
    d1.sends(make_pubrec(1));
    d1.gets(make_pubrel(1));
    d1.sends(make_pubcomp(1));
    g.nothing();
    assert_int_equal(g.counters().downlink_delivered, 1);
}

// MQTT 3.1.1 section 3.3.5: overlapping filters, one copy at the highest QoS, although a broker that names
// subscriptions sends a copy for each.
void overlapping_filters_bring_one_copy_at_the_highest_qos(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    const Device d2 = g.joined("d2");
    const Followed low = g.follows(d1, 1, "a/#", 0);
    const Followed high = g.follows(d1, 2, "a/b", 1);
    const Followed other = g.follows(d2, 1, "a/+", 1);
    g.from_own(0, "a/b", "x", low.subscription_id);
    g.nothing();
    g.from_own(1, "a/b", "x", high.subscription_id);
    d1.gets(downlink(1, high.topic_id, 1, "x"));
    g.from_own(1, "a/b", "x", other.subscription_id);
    assert_true(g.take_line().find("to d2: REGISTER") == 0);
    g.nothing();
}

// The same without ids (an MQTT 3.1.1 broker): one copy comes, and goes to all.
void without_subscription_ids_one_copy_goes_to_all_that_match(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    const Device d2 = g.joined("d2");
    g.follows(d1, 1, "a/#", 0);
    const Followed high = g.follows(d1, 2, "a/b", 1);
    const Followed other = g.follows(d2, 1, "a/b", 0);
    g.from_own(1, "a/b", "x");
    d1.gets(downlink(1, high.topic_id, 1, "x"));
    d2.gets(downlink(0, other.topic_id, 0, "x"));
    g.nothing();
}

// One message, a thousand devices: one copy in memory, one datagram each.
void a_thousand_devices_on_one_topic_get_it_once_each(void**) {
    SharedHarness g;
    Followed topic;
    for (int i = 0; i < 1000; ++i) {
        const Device device = g.joined("d" + std::to_string(i));
        topic = g.follows(device, 1, "all", 1);
    }
    g.from_own(1, "all", "x", topic.subscription_id);
    assert_int_equal(g.take().size(), 1000);
    assert_int_equal(g.counters().shared_copies, 1000);
    g.from_own(1, "all", "y", topic.subscription_id);
    g.nothing();  // each waits for its PUBACK (D31)
}

// SN12-104 to SN12-106, D15: a sleeper's messages wait, and PINGRESP comes last.
void a_sleeper_gets_what_waited_and_then_pingresp(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1", false);
    const Followed a = g.follows(d1, 1, "a", 1);
    d1.sleeps(600);
    for (int i = 0; i < 50; ++i) {  // more than a window
        g.from_own(1, "a", "m" + std::to_string(i), a.subscription_id);
    }
    g.from_own(0, "a", "zero", a.subscription_id);
    g.nothing();
    d1.sends(make_pingreq(view("d1")));
    for (int i = 0; i < 50; ++i) {
        const auto id = static_cast<std::uint16_t>(i + 1);
        d1.gets(downlink(1, a.topic_id, id, "m" + std::to_string(i)));
        g.nothing();
        d1.sends(make_puback(a.topic_id, id, ReturnCode::accepted));
    }
    d1.gets(downlink(0, a.topic_id, 0, "zero"));
    d1.gets(make_pingresp());
    g.nothing();
}

// SN12-64: a kept session lives on while the device is away; QoS 0 is for those who are there.
void a_kept_session_collects_while_the_device_is_away(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1", false);
    const Followed a = g.follows(d1, 1, "a", 1);
    d1.sends(make_disconnect());
    d1.gets(make_disconnect());
    g.from_own(1, "a", "waits", a.subscription_id);
    g.from_own(0, "a", "passes", a.subscription_id);
    g.nothing();
    d1.sends(make_connect(Flags{}, 60, view("d1")));
    d1.gets(make_connack(ReturnCode::accepted));
    const std::uint16_t id = registered(g, d1, "a");
    d1.gets(downlink(1, id, 1, "waits"));
    g.nothing();
}

// What was not acknowledged comes again, marked, under the same id (MQTT-4.4.0-1).
void what_was_not_acknowledged_comes_again_after_a_reconnect(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1", false);
    const Followed a = g.follows(d1, 1, "a", 2);
    g.from_own(2, "a", "x", a.subscription_id);
    d1.gets(downlink(2, a.topic_id, 1, "x"));
    d1.sends(make_pubrec(1));
    d1.gets(make_pubrel(1));
    g.from_own(1, "a", "y", a.subscription_id);
    g.nothing();
    g.advance_seconds(5);
    const Device again = g.device("d1");
    again.sends(make_connect(Flags{}, 60, view("d1")));
    again.gets(make_connack(ReturnCode::accepted));
    again.gets(make_pubrel(1));  // the message is there, its release was lost
    again.sends(make_pubcomp(1));
    const std::uint16_t id = registered(g, again, "a");
    again.gets(downlink(1, id, 2, "y", true));
    g.nothing();
}

// SN12-64: a clean session takes nothing with it.
void a_clean_session_ends_with_its_link(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1", false);
    const Followed a = g.follows(d1, 1, "a", 1);
    d1.sends(make_disconnect());
    d1.gets(make_disconnect());
    g.from_own(1, "a", "waits", a.subscription_id);
    d1.sends(make_connect(Flags{}.with_clean_session(true), 60, view("d1")));
    d1.gets(make_connack(ReturnCode::accepted));
    const OwnLinkPacket left = g.own();
    assert_int_equal(left.type, PacketType::unsubscribe);
    g.nothing();
    assert_int_equal(g.counters().shared_dropped_ended, 1);
}

// D19: bounded, the oldest QoS 0 first, then the oldest; all counted.
void a_full_queue_drops_the_oldest_and_says_so(void**) {
    Settings settings = shared_settings();
    settings.sleep.max_messages = 3;
    SharedHarness g(settings);
    const Device d1 = g.joined("d1", false);
    const Followed a = g.follows(d1, 1, "a", 1);
    d1.sends(make_disconnect());
    d1.gets(make_disconnect());
    for (int i = 0; i < 5; ++i) {
        g.from_own(1, "a", "m" + std::to_string(i), a.subscription_id);
    }
    assert_int_equal(g.counters().shared_dropped_overflow, 2);
    assert_int_equal(g.count(EventKind::message_dropped), 2);
    d1.sends(make_connect(Flags{}, 60, view("d1")));
    d1.gets(make_connack(ReturnCode::accepted));
    const std::uint16_t id = registered(g, d1, "a");
    d1.gets(downlink(1, id, 1, "m2"));
}

// D38: SUBACK before what the subscription brings.
void retained_messages_come_after_suback(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    d1.sends(make_subscribe(flags(1), 1, view("a")));
    const OwnLinkPacket asked = g.own();
    g.retained_from_own(1, "a", "kept", asked.subscription_id);  // brokers may send it before SUBACK
    g.nothing();
    g.grants(asked, 1);
    const std::uint16_t id = g.subacked(d1);
    d1.gets(downlink(1, id, 1, "kept", false, true));
}

// The rule that makes aggregation bearable: retained messages for a second subscriber are for that one only.
void retained_messages_are_for_the_newcomer_only(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    const Device d2 = g.joined("d2");
    const Followed first = g.follows(d1, 1, "a", 1);
    g.retained_from_own(1, "a", "kept", first.subscription_id);
    d1.gets(downlink(1, first.topic_id, 1, "kept", false, true));
    d1.sends(make_puback(first.topic_id, 1, ReturnCode::accepted));
    const Followed second = g.follows(d2, 1, "a", 0);
    assert_true(second.subscription_id != first.subscription_id);
    g.retained_from_own(1, "a", "kept", second.subscription_id);
    d2.gets(downlink(0, second.topic_id, 0, "kept", false, true));
    g.nothing();
    g.retained_from_own(1, "a", "kept", 4711);  // nobody asked
    g.nothing();
    assert_int_equal(g.counters().shared_unclaimed, 1);
}

// Without ids: who has subscribed within the last seconds.
void without_ids_retained_messages_are_for_the_latest_subscribers(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1");
    const Device d2 = g.joined("d2");
    g.follows(d1, 1, "a", 0);
    g.advance_seconds(6);
    const Followed second = g.follows(d2, 1, "a", 0);
    g.retained_from_own(0, "a", "kept", 0);
    d2.gets(downlink(0, second.topic_id, 0, "kept", false, true));
    g.nothing();
}

// SN12-92: the room's check holds as ever.
void a_message_that_fits_no_datagram_is_dropped_for_that_device(void**) {
    Settings settings = shared_settings();
    settings.listeners[0].max_datagram = 64;
    SharedHarness g(settings);
    const Device d1 = g.joined("d1");
    const Followed a = g.follows(d1, 1, "a", 1);
    g.from_own(1, "a", std::string(100, 'x'), a.subscription_id);
    g.nothing();
    assert_int_equal(g.counters().downlink_dropped_too_large, 1);
    g.from_own(1, "a", "small", a.subscription_id);  // and nothing is stuck behind it
    d1.gets(downlink(1, a.topic_id, 2, "small"));
}

// D33: a device that does not answer is lost; its kept session keeps the message.
void a_lost_device_finds_its_message_later(void**) {
    SharedHarness g;
    const Device d1 = g.joined("d1", false);
    const Followed a = g.follows(d1, 1, "a", 1);
    g.from_own(1, "a", "x", a.subscription_id);
    d1.gets(downlink(1, a.topic_id, 1, "x"));
    g.advance_seconds(100);
    assert_int_equal(g.take().size(), 3);  // N_retry
    assert_int_equal(g.counters().sessions_lost, 1);
    d1.sends(make_connect(Flags{}, 60, view("d1")));
    d1.gets(make_connack(ReturnCode::accepted));
    const std::uint16_t id = registered(g, d1, "a");
    d1.gets(downlink(1, id, 1, "x", true));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_device_gets_what_its_filters_match_and_nothing_else),
        cmocka_unit_test(each_gets_the_lower_of_the_two_qos),
        cmocka_unit_test(qos2_to_a_device_takes_all_four_steps),
        cmocka_unit_test(overlapping_filters_bring_one_copy_at_the_highest_qos),
        cmocka_unit_test(without_subscription_ids_one_copy_goes_to_all_that_match),
        cmocka_unit_test(a_thousand_devices_on_one_topic_get_it_once_each),
        cmocka_unit_test(a_sleeper_gets_what_waited_and_then_pingresp),
        cmocka_unit_test(a_kept_session_collects_while_the_device_is_away),
        cmocka_unit_test(what_was_not_acknowledged_comes_again_after_a_reconnect),
        cmocka_unit_test(a_clean_session_ends_with_its_link),
        cmocka_unit_test(a_full_queue_drops_the_oldest_and_says_so),
        cmocka_unit_test(retained_messages_come_after_suback),
        cmocka_unit_test(retained_messages_are_for_the_newcomer_only),
        cmocka_unit_test(without_ids_retained_messages_are_for_the_latest_subscribers),
        cmocka_unit_test(a_message_that_fits_no_datagram_is_dropped_for_that_device),
        cmocka_unit_test(a_lost_device_finds_its_message_later),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
