// SPDX-License-Identifier: BSD-3-Clause
//
// Devices behind forwarders (SN12-113 to SN12-117, D50, FAULT-37 to FAULT-40): what is let in, that answers
// go back in a wrapper with the right node id, and who is who. Moving and limits: forwarder_moves_test.cpp.
#include <string>

#include "support/cmocka.hpp"
#include "unit/core/forwarder_steps.hpp"

using namespace mqttsn;
using namespace test;
using mqttsn::gateway::AddressRange;
using mqttsn::gateway::Counters;
using mqttsn::gateway::QosMinusOne;

namespace {

Settings with_list(const AddressRange& range) {
    Settings settings;
    settings.listeners[0].forwarders.any = false;
    settings.listeners[0].forwarders.allowed = {range};
    return settings;
}

// ---------------------------------------------------------------- what is let in

struct Drop {
    const char* hex;
    std::uint64_t Counters::*counter;
};

constexpr Drop kDrops[] = {
    // FAULT-40: Length under 3, or beyond the datagram (SN12-115)
    {"00 FE 00", &Counters::dropped_envelope},
    {"02 FE", &Counters::dropped_envelope},
    {"02 FE 00 02 16", &Counters::dropped_envelope},
    {"03 FE", &Counters::dropped_envelope},
    {"06 FE 00 00 01", &Counters::dropped_envelope},
    {"FF FE 00 00 01 02 16", &Counters::dropped_envelope},
    // FAULT-40, D01: the inner Length is not the rest of the datagram, or there is no message
    {"05 FE 00 00 01", &Counters::dropped_envelope_message},
    {"05 FE 00 00 01 02", &Counters::dropped_envelope_message},
    {"05 FE 00 00 01 03 16", &Counters::dropped_envelope_message},
    {"05 FE 00 00 01 02 16 00", &Counters::dropped_envelope_message},
    {"05 FE 00 00 01 02 16 02 16", &Counters::dropped_envelope_message},
    {"05 FE 00 00 01 02 03", &Counters::dropped_envelope_message},     // D03: reserved
    {"05 FE 00 00 01 03 05 00", &Counters::dropped_envelope_message},  // D03: only a gateway sends it
    {"05 FE 00 00 01 03 18 00", &Counters::dropped_envelope_message},  // D54
    // FAULT-38: an envelope in an envelope
    {"05 FE 00 00 01 05 FE 00 00 02 02 16", &Counters::dropped_envelope_nested},
    {"05 FE 00 00 01 03 FE 00 02 16", &Counters::dropped_envelope_nested},
    {"05 FE 00 00 01 02 FE", &Counters::dropped_envelope_nested},
    {"05 FE 00 00 01 01 00 06 FE 00 02 16", &Counters::dropped_envelope_message},  // no such form (SN12-114)
};

void unsound_envelopes_are_dropped_counted_and_change_nothing(void**) {
    Harness g;
    const Device forwarder = g.device("f");
    const Device device = g.behind(forwarder, "00 01", "d1");
    connect(device, true);
    for (const Drop& drop : kDrops) {
        const std::uint64_t before = g.counters().*drop.counter;
        forwarder.sends(drop.hex);
        g.nothing();
        if (g.counters().*drop.counter != before + 1) {
            print_error("not counted where it belongs: %s\n", drop.hex);
            assert_true(false);
        }
    }
    assert_int_equal(g.counters().forwarded_received, 1 + sizeof(kDrops) / sizeof(kDrops[0]));
    assert_int_equal(g.gateway().session_count(), 1);
    g.advance_seconds(90);  // nor have they restarted the supervision
    device.closes(false);
}

void a_datagram_with_its_wrapper_must_fit_the_listener(void**) {
    Settings settings;
    settings.listeners[0].max_datagram = 64;
    settings.listeners[0].qos_minus_one = QosMinusOne::all;
    Harness g(settings);
    g.own_link(true);
    const Device device = g.behind(g.device("f"), "00 01", "d1");
    const std::string fits(64 - 5 - 7, 'x');
    device.sends(make_publish(flags(-1, TopicIdType::short_name), 0x6162, 0, view(fits)));
    g.to_own_link(publish(0, 0, "ab", fits));
    device.sends(make_publish(flags(-1, TopicIdType::short_name), 0x6162, 0, view(fits + "x")));
    g.nothing();
    assert_int_equal(g.counters().dropped_oversize, 1);
}

// FAULT-37
void only_listed_addresses_may_forward(void**) {
    AddressRange range;  // 192.0.2.0/24, where the harness has its devices
    range.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 0};
    range.prefix = 96 + 24;
    {
        Harness g(with_list(range));
        connect(g.behind(g.device("f"), "00 01", "d1"), true);
    }
    range.address[14] = 3;
    Harness g(with_list(range));
    const Device forwarder = g.device("f");
    g.behind(forwarder, "00 01", "d1").sends(make_pingreq(Bytes{}));
    g.nothing();
    assert_int_equal(g.counters().dropped_forwarder, 1);
    connect(g.device_at(forwarder, "d2"), true);  // it may still be a device of its own
}

void no_list_is_nobody(void**) {  // FAULT-37
    Settings settings;
    settings.listeners[0].forwarders.any = false;
    Harness g(settings);
    g.behind(g.device("f"), "00 01", "d1").sends("02 16");
    g.nothing();
    assert_int_equal(g.counters().dropped_forwarder, 1);
}

void an_address_range_is_its_first_bits(void**) {
    AddressRange range;
    range.address = {0x20, 0x01, 0x0D, 0xB8, 0x80};
    range.prefix = 33;
    std::array<std::uint8_t, 16> address = range.address;
    address[15] = 7;
    assert_true(range.holds(address));
    address[4] = 0xFF;
    assert_true(range.holds(address));
    address[4] = 0x7F;
    assert_false(range.holds(address));
    address[4] = 0x80;
    address[3] = 0;
    assert_false(range.holds(address));
    range.prefix = 0;
    assert_true(range.holds(address));
    range.address = address;
    range.prefix = 128;
    assert_true(range.holds(address));
    address[15] ^= 1;
    assert_false(range.holds(address));
}

// ---------------------------------------------------------------- all of it goes both ways

// SN12-113 to SN12-117. The harness sees to Length, Ctrl 0 and the node id of every wrapper.
void uplink_and_downlink_of_every_qos(void**) {
    Harness g;
    const Device d1 = g.behind(g.device("f"), "00 01", "d1");
    connect(d1, false);
    const std::uint16_t id = d1.registers(1, "a/b");
    d1.sends(make_publish(flags(0), id, 0, view("zero")));
    d1.to_broker(publish(0, 0, "a/b", "zero"));
    d1.sends(make_publish(flags(1), id, 2, view("one")));
    d1.to_broker(publish(1, 2, "a/b", "one"));
    d1.from_broker(ack(mqtt::PacketType::puback, 2));
    d1.gets(make_puback(id, 2, ReturnCode::accepted));
    d1.sends(make_publish(flags(2), id, 3, view("two")));
    d1.to_broker(publish(2, 3, "a/b", "two"));
    d1.from_broker(ack(mqtt::PacketType::pubrec, 3));
    d1.gets(make_pubrec(3));
    d1.sends(make_pubrel(3));
    d1.to_broker(ack(mqtt::PacketType::pubrel, 3));
    d1.from_broker(ack(mqtt::PacketType::pubcomp, 3));
    d1.gets(make_pubcomp(3));

    const std::uint16_t down = d1.subscribes(4, "c", 2);
    d1.from_broker(publish(2, 9, "c", "down"));
    d1.gets(make_publish(flags(2), down, 9, view("down")));
    g.advance_seconds(10);  // T_retry
    d1.gets(make_publish(flags(2).with_dup(true), down, 9, view("down")));
    d1.sends(make_pubrec(9));
    d1.to_broker(ack(mqtt::PacketType::pubrec, 9));
    d1.from_broker(ack(mqtt::PacketType::pubrel, 9));
    d1.gets(make_pubrel(9));
    d1.sends(make_pubcomp(9));
    d1.to_broker(ack(mqtt::PacketType::pubcomp, 9));
    d1.sends(make_disconnect());
    d1.gets(make_disconnect());
    d1.closes(true);
}

void the_radius_and_reserved_bits_of_a_device_do_not_matter(void**) {  // SN12-116, D04
    Harness g;
    const Device d1 = g.behind(g.device("f"), "00 01", "d1");
    connect(d1, true);
    g.device_at(d1, "f").sends("02 16");
    d1.gets(make_pingresp());
    Octets datagram = hex("05 FE FF 00 01 02 16");
    g.datagram(d1.endpoint(), view(datagram));
    d1.gets(make_pingresp());
}

void a_will_is_asked_for_and_given_behind_a_forwarder(void**) {
    Harness g;
    const Device d1 = g.behind(g.device("f"), "00 01", "d1");
    d1.sends(connect_of(d1, true, true));
    d1.gets(make_will_topic_req());
    g.advance_seconds(10);
    d1.gets(make_will_topic_req());
    d1.sends(make_will_topic(flags(1), view("w")));
    d1.gets(make_will_msg_req());
    d1.sends(make_will_msg(view("gone")));
    d1.opens(Open{true, "q1 w=gone", ""});
    d1.accepted();
    d1.gets(make_connack(ReturnCode::accepted));
}

void qos_minus_one_gets_no_answer(void**) {  // SN12-82
    Settings settings;
    settings.listeners[0].qos_minus_one = QosMinusOne::all;
    Harness g(settings);
    g.own_link(true);
    const Device stranger = g.behind(g.device("f"), "00 01", "d1");
    stranger.sends(make_publish(flags(-1, TopicIdType::short_name), 0x6162, 0, view("x")));
    g.to_own_link(publish(0, 0, "ab", "x"));
    assert_int_equal(g.gateway().session_count(), 0);
}

// ---------------------------------------------------------------- who is who

void two_devices_behind_one_forwarder_are_independent(void**) {
    Harness g;
    const Device forwarder = g.device("f");
    const Device d1 = g.behind(forwarder, "01", "d1");
    const Device d2 = g.behind(forwarder, "02", "d2");
    connect(d1, true);
    connect(d2, true);
    const std::uint16_t one = d1.subscribes(1, "t", 1);
    d2.subscribes(1, "u", 1);
    const std::uint16_t two = d2.subscribes(2, "t", 1);
    d1.from_broker(publish(1, 5, "t", "for d1"));
    d1.gets(make_publish(flags(1), one, 5, view("for d1")));
    d2.from_broker(publish(1, 5, "t", "for d2"));
    d2.gets(make_publish(flags(1), two, 5, view("for d2")));
    d2.sends(make_puback(two, 5, ReturnCode::accepted));
    d2.to_broker(ack(mqtt::PacketType::puback, 5));
    d1.sends(make_disconnect());
    d1.gets(make_disconnect());
    d1.closes(true);
    d2.sends("02 16");
    d2.gets(make_pingresp());
}

void the_forwarder_may_be_a_device_itself(void**) {
    Harness g;
    const Device forwarder = g.connected("f");
    const Device d1 = g.behind(forwarder, "01", "d1");
    connect(d1, true);
    forwarder.sends("02 16");
    forwarder.gets(make_pingresp());
    d1.sends("02 16");
    d1.gets(make_pingresp());
    forwarder.sends(make_disconnect());
    forwarder.gets(make_disconnect());
    forwarder.closes(true);
    d1.sends("02 16");
    d1.gets(make_pingresp());
}

void node_ids_of_0_to_252_octets_are_each_their_own(void**) {  // SN12-115, FAULT-39
    Harness g;
    const Device forwarder = g.device("f");
    std::string longest;
    for (int i = 0; i < 252; ++i) {
        longest += "AB ";
    }
    const Device nameless = g.behind(forwarder, "", "nameless");
    const Device zero = g.behind(forwarder, "00", "zero");
    const Device longer = g.behind(forwarder, "00 00", "longer");
    const Device long_one = g.behind(forwarder, longest, "longest");
    for (const Device* const device : {&nameless, &zero, &longer, &long_one}) {
        connect(*device, true);
    }
    for (const Device* const device : {&nameless, &zero, &longer, &long_one}) {
        device->sends("02 16");
        device->gets(make_pingresp());
    }
    assert_int_equal(g.gateway().session_count(), 4);
}

// D11
void another_client_id_at_the_same_node_loses_the_old_one(void**) {
    Harness g;
    const Device d1 = g.behind(g.device("f"), "01", "d1");
    connect(d1, true);
    const Device d2 = g.device_at(d1, "d2");
    d2.sends(connect_of(d2, true));
    d1.closes(false);
    d2.opens(Open{});
    d1.link_gone(LinkCloseReason::requested);
    d2.accepted();
    g.expect("to d1: CONNACK 03 05 00");  // to the same place
    assert_int_equal(g.counters().sessions_lost, 1);
    assert_int_equal(g.gateway().session_count(), 1);
}

// ---------------------------------------------------------------- what the operator reads

void events_name_the_node(void**) {
    Settings settings;
    settings.debug_events = true;
    Harness g(settings);
    const Device forwarder = g.device("f");
    const Device d1 = g.behind(forwarder, "00 1F", "d1");
    connect(d1, true);
    const std::string place = "192.0.2.1:" + std::to_string(forwarder.endpoint().port);
    assert_string_equal(g.place(EventKind::session_active).c_str(), (place + "/node 001f").c_str());
    g.behind(forwarder, "", "d2").sends("02 03");
    assert_string_equal(g.place(EventKind::datagram_dropped).c_str(), (place + "/node -").c_str());
    assert_string_equal(g.cause(EventKind::datagram_dropped).c_str(), "unknown type");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(unsound_envelopes_are_dropped_counted_and_change_nothing),
        cmocka_unit_test(a_datagram_with_its_wrapper_must_fit_the_listener),
        cmocka_unit_test(only_listed_addresses_may_forward),
        cmocka_unit_test(no_list_is_nobody),
        cmocka_unit_test(an_address_range_is_its_first_bits),
        cmocka_unit_test(uplink_and_downlink_of_every_qos),
        cmocka_unit_test(the_radius_and_reserved_bits_of_a_device_do_not_matter),
        cmocka_unit_test(a_will_is_asked_for_and_given_behind_a_forwarder),
        cmocka_unit_test(qos_minus_one_gets_no_answer),
        cmocka_unit_test(two_devices_behind_one_forwarder_are_independent),
        cmocka_unit_test(the_forwarder_may_be_a_device_itself),
        cmocka_unit_test(node_ids_of_0_to_252_octets_are_each_their_own),
        cmocka_unit_test(another_client_id_at_the_same_node_loses_the_old_one),
        cmocka_unit_test(events_name_the_node),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
