// SPDX-License-Identifier: BSD-3-Clause
//
// What comes from the broker when the link breaks, the broker sends again, the gateway was restarted, or
// there is no room (FAULT-27, FAULT-33, FAULT-77, FAULT-78, FAULT-94, SN12-92, D19).
// Length: one test for each way in which what the broker sends can meet the device's queue.
#include "gateway/core/session_intake.hpp"

#include <string>

#include "support/cmocka.hpp"
#include "support/gateway_harness.hpp"

using namespace mqttsn;
using namespace test;
using PacketType = mqtt::PacketType;

namespace {

const Open kKeep{false, "", ""};

Message publish_to(int qos, std::uint16_t message_id, std::string_view payload, bool repeated = false) {
    return make_publish(flags(qos).with_dup(repeated), 1, message_id, view(payload));
}

/// A device without clean session, subscribed to "a" under the id 1; not supervised within these tests.
Device ready(Harness& g, int qos = 2) {
    const Device d1 = g.connected("d1", false, 6000);
    d1.subscribes(1, "a", qos);
    return d1;
}

/// The device's subscription is made again after the broker has lost it.
void repairs(const Device& d1, unsigned qos = 2) {
    d1.to_broker(subscribe(0xFFFE, "a", qos));
}

// The broker sends again (same id: it replaces, it never appends)

// D30
void redelivery_in_the_queue_replaces(void**) {
    Harness g;
    const Device d1 = ready(g);
    d1.from_broker(publish(1, 5, "a", "1"));
    d1.gets(publish_to(1, 5, "1"));
    d1.from_broker(publish(1, 6, "a", "2"));
    d1.from_broker(dup(publish(1, 6, "a", "two")));
    d1.from_broker(dup(publish(1, 5, "a", "1")));
    g.nothing();
    d1.sends(make_puback(1, 5, ReturnCode::accepted));
    d1.to_broker(ack(PacketType::puback, 5));
    d1.gets(publish_to(1, 6, "two", true));
    d1.sends(make_puback(1, 6, ReturnCode::accepted));
    d1.to_broker(ack(PacketType::puback, 6));
    g.nothing();
    assert_int_equal(g.counters().downlink_replaced, 2);
}

// FAULT-77, TRAP-06
void redelivery_of_what_the_device_has_gets_pubrec_again(void**) {
    Harness g;
    const Device d1 = ready(g);
    d1.from_broker(publish(2, 5, "a", "1"));
    d1.gets(publish_to(2, 5, "1"));
    d1.sends(make_pubrec(5));
    d1.to_broker(ack(PacketType::pubrec, 5));
    d1.link_drops_and_returns(true, kKeep);
    g.nothing();
    d1.from_broker(dup(publish(2, 5, "a", "1")));  // our PUBREC did not arrive
    d1.to_broker(ack(PacketType::pubrec, 5));
    d1.from_broker(ack(PacketType::pubrel, 5));
    d1.gets(make_pubrel(5));
    d1.from_broker(dup(publish(2, 5, "a", "1")));
    d1.to_broker(ack(PacketType::pubrec, 5));
    d1.sends(make_pubcomp(5));
    d1.to_broker(ack(PacketType::pubcomp, 5));
    g.nothing();
}

// A broker that releases what it was not told the device has: the message must not get lost by that.
void pubrel_before_pubrec_is_ignored(void**) {
    Harness g;
    const Device d1 = ready(g);
    d1.from_broker(publish(2, 5, "a", "1"));
    d1.gets(publish_to(2, 5, "1"));
    d1.from_broker(publish(2, 6, "a", "2"));
    d1.from_broker(ack(PacketType::pubrel, 5));
    d1.from_broker(ack(PacketType::pubrel, 6));
    g.nothing();
    assert_int_equal(g.counters().broker_ignored, 2);
    d1.sends(make_pubrec(5));
    d1.to_broker(ack(PacketType::pubrec, 5));
    d1.from_broker(ack(PacketType::pubrel, 5));
    d1.gets(make_pubrel(5));
    d1.sends(make_pubcomp(5));
    d1.to_broker(ack(PacketType::pubcomp, 5));
    d1.gets(publish_to(2, 6, "2"));
}

// The link breaks, the broker has kept the session

// FAULT-77
void publish_on_the_wire_when_the_link_breaks_waits_for_the_link(void**) {
    for (const int qos : {1, 2}) {
        Harness g;
        const Device d1 = ready(g);
        d1.from_broker(publish(static_cast<unsigned>(qos), 5, "a", "1"));
        d1.gets(publish_to(qos, 5, "1"));
        d1.link_gone();
        // The late answer has nobody to go to; the message comes again with DUP.
        d1.sends(qos == 1 ? make_puback(1, 5, ReturnCode::accepted) : make_pubrec(5));
        g.nothing();
        d1.link_returns(true, kKeep);
        d1.gets(publish_to(qos, 5, "1", true));
        d1.from_broker(dup(publish(static_cast<unsigned>(qos), 5, "a", "1")));
        g.nothing();
        d1.sends(qos == 1 ? make_puback(1, 5, ReturnCode::accepted) : make_pubrec(5));
        d1.to_broker(ack(qos == 1 ? PacketType::puback : PacketType::pubrec, 5));
    }
}

// FAULT-77
void device_may_finish_its_part_while_the_link_is_down(void**) {
    Harness g;
    const Device d1 = ready(g);
    d1.from_broker(publish(2, 5, "a", "1"));
    d1.gets(publish_to(2, 5, "1"));
    d1.sends(make_pubrec(5));
    d1.to_broker(ack(PacketType::pubrec, 5));
    d1.from_broker(ack(PacketType::pubrel, 5));
    d1.gets(make_pubrel(5));
    d1.link_gone();
    d1.sends(make_pubcomp(5));
    g.nothing();
    d1.link_returns(true, kKeep);
    d1.from_broker(ack(PacketType::pubrel, 5));  // the broker asks again, and so does the gateway
    d1.gets(make_pubrel(5));
    d1.sends(make_pubcomp(5));
    d1.to_broker(ack(PacketType::pubcomp, 5));
    g.nothing();
}

void qos0_is_delivered_while_the_link_is_down(void**) {
    Harness g;
    const Device d1 = ready(g);
    d1.subscribes(2, "#", 0);
    d1.from_broker(publish(0, 0, "other", "1"));
    const Octets octets = hex(g.take().at(0).substr(std::string("to d1: REGISTER ").size()));
    d1.link_gone();
    d1.sends(make_regack(2, static_cast<std::uint16_t>((octets[4] << 8) | octets[5]), ReturnCode::accepted));
    d1.gets(make_publish(flags(0), 2, 0, view("1")));
}

// The link breaks, the broker has lost the session (SN12-63, notes 4.2)

// FAULT-78, TRAP-70
void messages_the_broker_has_forgotten_are_delivered_but_not_acked(void**) {
    Harness g;
    const Device d1 = ready(g);
    d1.from_broker(publish(1, 5, "a", "1"));
    d1.gets(publish_to(1, 5, "1"));
    d1.from_broker(publish(2, 6, "a", "2"));
    d1.link_drops_and_returns(false, kKeep);
    repairs(d1);
    d1.gets(publish_to(1, 5, "1", true));
    d1.from_broker(publish(1, 5, "a", "new"));  // the broker counts from the start: another message
    d1.sends(make_puback(1, 5, ReturnCode::accepted));
    d1.gets(publish_to(2, 6, "2"));
    d1.sends(make_pubrec(6));
    d1.gets(make_pubrel(6));
    d1.sends(make_pubcomp(6));
    g.nothing();  // a copy of the PUBACK of the old 5 may still be on its way
    g.advance_seconds(10);
    d1.gets(publish_to(1, 5, "new"));
    d1.sends(make_puback(1, 5, ReturnCode::accepted));
    d1.to_broker(ack(PacketType::puback, 5));
    g.nothing();
}

// FAULT-78
void exchange_waiting_for_a_forgotten_pubrel_is_released_by_the_gateway(void**) {
    Harness g;
    const Device d1 = ready(g);
    d1.from_broker(publish(2, 5, "a", "1"));
    d1.gets(publish_to(2, 5, "1"));
    d1.sends(make_pubrec(5));
    d1.to_broker(ack(PacketType::pubrec, 5));
    d1.link_drops_and_returns(false, kKeep);
    repairs(d1);
    d1.gets(make_pubrel(5));
    d1.sends(make_pubcomp(5));
    g.nothing();
}

// The gateway was restarted

void pubrel_of_an_unknown_id_is_asked_of_the_device(void**) {
    Harness g;
    const Device d1 = ready(g);
    d1.from_broker(ack(PacketType::pubrel, 77));
    d1.gets(make_pubrel(77));
    g.advance_seconds(10);
    d1.gets(make_pubrel(77));
    d1.sends(make_pubcomp(77));
    d1.to_broker(ack(PacketType::pubcomp, 77));
}

// FAULT-80
void redelivery_after_a_restart_goes_to_the_device_with_dup(void**) {
    Harness g;
    const Device d1 = ready(g);
    d1.from_broker(dup(publish(2, 5, "a", "1")));
    d1.gets(publish_to(2, 5, "1", true));
}

// FAULT-79
void unknown_pubrels_are_bounded(void**) {
    Settings settings;
    settings.sleep.max_messages = 3;
    Harness g(settings);
    const Device d1 = ready(g);
    d1.from_broker(ack(PacketType::pubrel, 1));
    d1.gets(make_pubrel(1));
    for (unsigned id = 2; id <= 10; ++id) {
        d1.from_broker(ack(PacketType::pubrel, id));
    }
    g.nothing();
    assert_int_equal(g.counters().downlink_left_in_broker, 7);
}

// Too large (SN12-92, FAULT-94, notes 4.5)

// SN12-10, SN12-92, FAULT-94
void message_that_fits_no_datagram_is_dropped_and_acked(void**) {
    Settings settings;
    settings.listeners[0].max_datagram = 300;
    Harness g(settings);
    const Device d1 = ready(g);
    const std::string fits(291, 'x');  // 9 octets of header in the 3-octet form
    const std::string too_long(292, 'x');
    d1.from_broker(publish(1, 5, "a", too_long));
    d1.to_broker(ack(PacketType::puback, 5));
    d1.from_broker(publish(2, 6, "a", too_long));
    d1.to_broker(ack(PacketType::pubrec, 6));
    d1.from_broker(ack(PacketType::pubrel, 6));
    d1.to_broker(ack(PacketType::pubcomp, 6));
    d1.from_broker(publish(0, 0, "a", too_long));
    mqtt::Packet oversize = publish(1, 7, "a", "");
    oversize.oversize = true;
    d1.from_broker(oversize);
    d1.to_broker(ack(PacketType::puback, 7));
    g.nothing();
    assert_int_equal(g.counters().downlink_dropped_too_large, 4);
    d1.from_broker(publish(0, 0, "a", fits));
    d1.gets(publish_to(0, 0, fits));
}

// SN12-92, FAULT-94
void topic_that_fits_no_register_is_dropped(void**) {
    Settings settings;
    settings.listeners[0].max_datagram = 60;
    Harness g(settings);
    const Device d1 = ready(g);
    const std::string fits(54, 't');
    const std::string too_long(55, 't');
    d1.from_broker(publish(1, 5, too_long, "x"));
    d1.to_broker(ack(PacketType::puback, 5));
    g.nothing();
    d1.from_broker(publish(1, 6, fits, "x"));
    assert_int_equal(g.take().size(), 1);
}

// What pre-defined ids are for: a name that would never fit.
void long_topic_arrives_under_a_predefined_id(void**) {
    Settings settings;
    settings.listeners[0].max_datagram = 60;
    settings.predefined_topics = {{7, std::string(200, 't'), "*"}};
    Harness g(settings);
    const Device d1 = g.connected("d1");
    d1.sends(make_subscribe_id(flags(1, TopicIdType::predefined), 1, 7));
    g.take();
    d1.from_broker(suback(1, 1));
    d1.gets(make_suback(flags(1), 7, 1, ReturnCode::accepted));
    d1.from_broker(publish(0, 0, std::string(200, 't'), "x"));
    d1.gets(make_publish(flags(0, TopicIdType::predefined), 7, 0, view("x")));
}

// Overflow (D19, FAULT-33)

Settings with_room_for(std::uint32_t messages, std::uint32_t bytes) {
    Settings settings;
    settings.sleep.max_messages = messages;
    settings.sleep.max_bytes = bytes;
    return settings;
}

// D19, FAULT-28, FAULT-98
void overflow_drops_the_oldest_qos0_first_never_what_is_on_the_wire(void**) {
    Harness g(with_room_for(4, 65536));
    const Device d1 = ready(g);
    d1.from_broker(publish(1, 1, "a", "wire"));
    d1.gets(publish_to(1, 1, "wire"));
    d1.from_broker(publish(1, 2, "a", "one"));
    d1.from_broker(publish(0, 0, "a", "zero"));
    d1.from_broker(publish(1, 3, "a", "two"));
    d1.from_broker(publish(0, 0, "a", "zero again"));
    g.nothing();
    assert_int_equal(g.counters().downlink_dropped_overflow, 1);
    d1.sends(make_puback(1, 1, ReturnCode::accepted));
    d1.to_broker(ack(PacketType::puback, 1));
    d1.gets(publish_to(1, 2, "one"));
    d1.sends(make_puback(1, 2, ReturnCode::accepted));
    d1.to_broker(ack(PacketType::puback, 2));
    d1.gets(publish_to(1, 3, "two"));
    d1.sends(make_puback(1, 3, ReturnCode::accepted));
    d1.to_broker(ack(PacketType::puback, 3));
    d1.gets(publish_to(0, 0, "zero again"));
}

// A clean session has no second chance: the broker forgets with the connection.
// D19
void overflow_of_a_clean_sleeper_drops_the_oldest_and_acks_it(void**) {
    Harness g(with_room_for(3, 65536));
    const Device d1 = g.connected("d1", true, 6000);
    d1.subscribes(1, "a", 2);
    d1.sleeps(60);
    d1.from_broker(publish(2, 2, "a", "oldest"));
    d1.from_broker(publish(1, 3, "a", "kept"));
    d1.from_broker(publish(1, 4, "a", "kept too"));
    d1.from_broker(publish(1, 5, "a", "new"));
    d1.to_broker(ack(PacketType::pubrec, 2));
    d1.from_broker(ack(PacketType::pubrel, 2));
    d1.to_broker(ack(PacketType::pubcomp, 2));
    g.nothing();
}

// Acknowledging what is dropped would only make the broker send more.
// FAULT-98
void clean_session_that_is_being_emptied_stops_reading_from_the_broker_and_loses_nothing(void**) {
    Harness g(with_room_for(2, 65536));
    const Device d1 = g.connected("d1", true, 6000);
    d1.subscribes(1, "a", 1);
    std::vector<bool> reading;
    g.observer = [&reading](const mqttsn::gateway::Output& output) {
        if (const auto* const read = std::get_if<mqttsn::gateway::LinkRead>(&output)) {
            reading.push_back(read->on);
        }
    };
    d1.from_broker(publish(1, 1, "a", "one"));
    d1.gets(publish_to(1, 1, "one"));
    d1.from_broker(publish(1, 2, "a", "two"));
    assert_int_equal(reading.size(), 0);
    d1.from_broker(publish(1, 3, "a", "three"));  // was on its way when the reading stopped
    d1.from_broker(publish(1, 4, "a", "four"));
    assert_int_equal(reading.size(), 1);
    assert_false(reading[0]);
    for (std::uint16_t id = 1; id <= 4; ++id) {
        d1.sends(make_puback(1, id, ReturnCode::accepted));
        d1.to_broker(ack(PacketType::puback, id));
        if (id < 4) {
            static const char* const kTexts[] = {"two", "three", "four"};
            d1.gets(publish_to(1, static_cast<std::uint16_t>(id + 1), kTexts[id - 1]));
        }
    }
    assert_int_equal(reading.size(), 2);
    assert_true(reading[1]);
    assert_int_equal(g.counters().downlink_dropped_overflow, 0);
    g.observer = nullptr;
}

// The PUBREL of the broker stands behind the messages it has sent meanwhile.
void reading_goes_on_while_a_pubrel_is_due(void**) {
    Harness g(with_room_for(2, 65536));
    const Device d1 = g.connected("d1", true, 6000);
    d1.subscribes(1, "a", 2);
    bool reading = true;
    g.observer = [&reading](const mqttsn::gateway::Output& output) {
        if (const auto* const read = std::get_if<mqttsn::gateway::LinkRead>(&output)) {
            reading = read->on;
        }
    };
    d1.from_broker(publish(2, 1, "a", "one"));
    d1.gets(publish_to(2, 1, "one"));
    d1.from_broker(publish(2, 2, "a", "two"));
    d1.from_broker(publish(2, 3, "a", "three"));
    assert_false(reading);
    d1.sends(make_pubrec(1));
    d1.to_broker(ack(PacketType::pubrec, 1));
    assert_true(reading);
    d1.from_broker(publish(2, 4, "a", "four"));
    assert_true(reading);
    d1.from_broker(ack(PacketType::pubrel, 1));
    d1.gets(make_pubrel(1));
    g.observer = nullptr;
}

// mosquitto 2.0.11 does not keep to its in-flight window: nothing of the surplus may be acknowledged
// unseen.
// D19, FAULT-98, TRAP-55
void overflow_of_a_persistent_session_stays_in_the_broker_and_is_fetched_later(void**) {
    Harness g(with_room_for(2, 65536));
    const Device d1 = ready(g);
    d1.from_broker(publish(1, 1, "a", "one"));
    d1.gets(publish_to(1, 1, "one"));
    d1.from_broker(publish(2, 2, "a", "two"));
    d1.from_broker(publish(2, 3, "a", "three"));
    d1.sends(make_puback(1, 1, ReturnCode::accepted));
    d1.to_broker(ack(PacketType::puback, 1));
    d1.gets(publish_to(2, 2, "two"));
    d1.from_broker(publish(1, 4, "a", "four"));  // there is room, but "three" comes first
    g.nothing();
    assert_int_equal(g.counters().downlink_left_in_broker, 2);
    assert_int_equal(g.counters().downlink_dropped_overflow, 0);
    d1.sends(make_pubrec(2));
    d1.to_broker(ack(PacketType::pubrec, 2));
    d1.from_broker(ack(PacketType::pubrel, 2));
    d1.gets(make_pubrel(2));
    d1.sends(make_pubcomp(2));
    d1.to_broker(ack(PacketType::pubcomp, 2));
    d1.closes(true);
    d1.sends(
        make_publish(flags(1), 1, 9, view("up")));  // neither lost nor "congestion": the device repeats it
    g.nothing();
    d1.link_gone(LinkCloseReason::requested);
    d1.opens({.clean = false});
    d1.accepted(true);
    d1.from_broker(dup(publish(2, 3, "a", "three")));
    d1.gets(make_publish(flags(2).with_dup(true), 1, 3, view("three")));
    d1.from_broker(publish(1, 4, "a", "four"));
    g.nothing();
}

void pubrel_without_room_stays_in_the_broker_too(void**) {
    Harness g(with_room_for(1, 65536));
    const Device d1 = ready(g);
    d1.from_broker(publish(1, 1, "a", "one"));
    d1.gets(publish_to(1, 1, "one"));
    d1.from_broker(ack(PacketType::pubrel, 7));
    g.nothing();
    d1.sends(make_puback(1, 1, ReturnCode::accepted));
    d1.to_broker(ack(PacketType::puback, 1));
    d1.closes(true);
    d1.link_gone(LinkCloseReason::requested);
    d1.opens({.clean = false});
    d1.accepted(true);
    d1.from_broker(ack(PacketType::pubrel, 7));
    d1.gets(make_pubrel(7));
}

// D19, FAULT-28
void overflow_counts_octets_too(void**) {
    Harness g(with_room_for(100, 100));
    const Device d1 = ready(g);
    d1.from_broker(publish(1, 1, "a", "wire"));
    d1.gets(publish_to(1, 1, "wire"));
    const std::string forty(40, 'x');
    d1.from_broker(publish(0, 0, "a", forty));
    d1.from_broker(publish(0, 0, "a", forty));
    g.nothing();
    assert_int_equal(g.counters().downlink_dropped_overflow, 0);
    d1.from_broker(publish(0, 0, "a", forty));
    assert_int_equal(g.counters().downlink_dropped_overflow, 1);
}

void message_larger_than_the_whole_buffer_pushes_nothing_out(void**) {
    Harness g(with_room_for(100, 100));
    const Device d1 = ready(g);
    d1.from_broker(publish(1, 1, "a", "wire"));
    d1.gets(publish_to(1, 1, "wire"));
    d1.from_broker(publish(1, 2, "a", "small"));
    d1.from_broker(publish(1, 3, "a", std::string(101, 'x')));
    d1.to_broker(ack(PacketType::puback, 3));
    g.nothing();
    assert_int_equal(g.counters().downlink_dropped_too_large, 1);
    d1.sends(make_puback(1, 1, ReturnCode::accepted));
    d1.to_broker(ack(PacketType::puback, 1));
    d1.gets(publish_to(1, 2, "small"));
}

// D35, FAULT-28
void full_topic_table_drops_new_names_and_acks(void**) {
    Settings settings;
    settings.limits.topics_per_session = 2;
    Harness g(settings);
    const Device d1 = ready(g);
    d1.registers(2, "b");
    d1.from_broker(publish(1, 5, "c", "x"));
    d1.to_broker(ack(PacketType::puback, 5));
    g.nothing();
    assert_int_equal(g.counters().downlink_dropped_topics, 1);
    d1.from_broker(publish(0, 0, "b", "x"));
    d1.gets(make_publish(flags(0), 2, 0, view("x")));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(redelivery_in_the_queue_replaces),
        cmocka_unit_test(redelivery_of_what_the_device_has_gets_pubrec_again),
        cmocka_unit_test(pubrel_before_pubrec_is_ignored),
        cmocka_unit_test(publish_on_the_wire_when_the_link_breaks_waits_for_the_link),
        cmocka_unit_test(device_may_finish_its_part_while_the_link_is_down),
        cmocka_unit_test(qos0_is_delivered_while_the_link_is_down),
        cmocka_unit_test(messages_the_broker_has_forgotten_are_delivered_but_not_acked),
        cmocka_unit_test(exchange_waiting_for_a_forgotten_pubrel_is_released_by_the_gateway),
        cmocka_unit_test(pubrel_of_an_unknown_id_is_asked_of_the_device),
        cmocka_unit_test(redelivery_after_a_restart_goes_to_the_device_with_dup),
        cmocka_unit_test(unknown_pubrels_are_bounded),
        cmocka_unit_test(message_that_fits_no_datagram_is_dropped_and_acked),
        cmocka_unit_test(topic_that_fits_no_register_is_dropped),
        cmocka_unit_test(long_topic_arrives_under_a_predefined_id),
        cmocka_unit_test(overflow_drops_the_oldest_qos0_first_never_what_is_on_the_wire),
        cmocka_unit_test(overflow_of_a_clean_sleeper_drops_the_oldest_and_acks_it),
        cmocka_unit_test(clean_session_that_is_being_emptied_stops_reading_from_the_broker_and_loses_nothing),
        cmocka_unit_test(reading_goes_on_while_a_pubrel_is_due),
        cmocka_unit_test(overflow_of_a_persistent_session_stays_in_the_broker_and_is_fetched_later),
        cmocka_unit_test(pubrel_without_room_stays_in_the_broker_too),
        cmocka_unit_test(overflow_counts_octets_too),
        cmocka_unit_test(message_larger_than_the_whole_buffer_pushes_nothing_out),
        cmocka_unit_test(full_topic_table_drops_new_names_and_acks),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
