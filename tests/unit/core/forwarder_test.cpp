// SPDX-License-Identifier: BSD-3-Clause
//
// Devices behind forwarders (SN12-113 to SN12-117, D50, FAULT-37 to FAULT-40): what is let in, that answers
// go back in a wrapper with the right node id, and that a node's place is as good as an address.
// Length: one test for each way to come through a forwarder.
#include <string>
#include <vector>

#include "gateway/core/event.hpp"
#include "gateway/core/prng.hpp"
#include "support/cmocka.hpp"
#include "support/gateway_harness.hpp"

using namespace mqttsn;
using namespace test;
using mqttsn::gateway::AddressRange;
using mqttsn::gateway::Counters;
using mqttsn::gateway::QosMinusOne;

namespace {

Message connect_of(const Device& device, bool clean, bool will = false) {
    return make_connect(Flags{}.with_clean_session(clean).with_will(will), 60, view(device.client_id()));
}

void connect(const Device& device, bool clean, bool session_present = false) {
    device.sends(connect_of(device, clean));
    device.opens(Open{clean, "", ""});
    device.accepted(session_present);
    device.gets(make_connack(ReturnCode::accepted));
}

/// The old connection to the broker goes, a new one comes.
void moves_by_connect(const Device& device, bool clean) {
    device.sends(connect_of(device, clean));
    device.closes(true);
    device.link_gone(LinkCloseReason::requested);
    device.opens(Open{clean, "", ""});
    device.accepted(!clean);
    device.gets(make_connack(ReturnCode::accepted));
}

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

// ---------------------------------------------------------------- moving

// D10, D50, TRAP-50: to another node id, to another forwarder, out of and back behind one.
void connect_moves_a_session_to_another_node_or_forwarder(void**) {
    Harness g;
    const Device first = g.device("f1");
    const Device second = g.device("f2");
    const Device places[] = {g.behind(first, "01", "d1"), g.behind(first, "02", "d1"),
                             g.behind(second, "02", "d1"), g.device("d1"), g.behind(second, "03", "d1")};
    connect(places[0], false);
    for (std::size_t i = 1; i < 5; ++i) {
        moves_by_connect(places[i], false);
        places[i].sends("02 16");
        places[i].gets(make_pingresp());
        places[i - 1].sends("02 16");  // nobody is there any more
        places[i - 1].gets(make_disconnect());
        g.advance_seconds(2);
    }
    assert_int_equal(g.counters().takeovers, 4);
    assert_int_equal(g.gateway().session_count(), 1);
}

// D13: what a sleeper has waiting follows it, and the way back is the new one.
void a_sleeper_wakes_at_another_node_or_forwarder(void**) {
    Harness g;
    const Device first = g.device("f1");
    const Device places[] = {g.behind(first, "01", "d1"), g.behind(first, "02", "d1"),
                             g.behind(g.device("f2"), "02", "d1"), g.device("d1")};
    connect(places[0], false);
    const std::uint16_t id = places[0].subscribes(1, "t", 1);
    places[0].sleeps(100);
    unsigned packet_id = 10;
    for (std::size_t i = 1; i < 4; ++i) {
        places[0].from_broker(publish(1, ++packet_id, "t", "x"));
        g.nothing();
        places[i].sends(make_pingreq(view("d1")));
        places[i].gets(make_publish(flags(1), id, static_cast<std::uint16_t>(packet_id), view("x")));
        places[i].sends(make_puback(id, static_cast<std::uint16_t>(packet_id), ReturnCode::accepted));
        places[i].to_broker(ack(mqtt::PacketType::puback, packet_id));
        places[i].gets(make_pingresp());
    }
    assert_int_equal(g.counters().roamed, 3);
}

// D10 with a probe: the newcomer's place is kept until the old one has had its time.
void a_probed_takeover_answers_the_node_that_asked(void**) {
    for (const bool old_one_answers : {true, false}) {
        Settings settings;
        settings.session.takeover = mqttsn::gateway::Takeover::probe;
        Harness g(settings);
        const Device old_place = g.behind(g.device("f1"), "01", "d1");
        connect(old_place, false);
        const Device forwarder = g.device("f2");
        const Device new_place = g.behind(forwarder, "02", "d1");
        new_place.sends(connect_of(new_place, false));
        old_place.gets(make_pingreq(Bytes{}));
        // Others come and go behind the same forwarder meanwhile.
        const Device stranger = g.behind(forwarder, "03", "stranger");
        stranger.sends("02 16");
        stranger.gets(make_disconnect());
        if (old_one_answers) {
            old_place.sends(make_pingresp());
            new_place.gets(make_connack(ReturnCode::not_supported));
            continue;
        }
        for (int i = 0; i < 3; ++i) {
            g.advance(Millis{3333});
            old_place.gets(make_pingreq(Bytes{}));
        }
        g.advance(Millis{1});
        old_place.closes(true);
        old_place.link_gone(LinkCloseReason::requested);
        new_place.opens(Open{false, "", ""});
        new_place.accepted(true);
        new_place.gets(make_connack(ReturnCode::accepted));
        stranger.sends("02 16");
        stranger.gets(make_disconnect());
    }
}

// SN12-57: from whom it comes, there the answer goes. A device behind a forwarder is one source.
void a_search_behind_a_forwarder_is_answered_in_a_wrapper(void**) {
    Harness g;
    g.own_link(true);
    g.take();
    const Device forwarder = g.device("f");
    const Device node = g.behind(forwarder, "01", "n");
    node.sends("03 01 00");
    node.gets(make_gateway_info(1, Bytes{}));
    node.sends("03 01 00");
    g.nothing();
    assert_int_equal(g.counters().searches_unanswered, 1);
    const Device other = g.behind(forwarder, "02", "m");
    other.sends("03 01 00");
    other.gets(make_gateway_info(1, Bytes{}));
}

// SN12-92: what does not fit with the wrapper is dropped, also when it was queued before there was one.
void the_wrapper_counts_for_what_fits_a_datagram(void**) {
    Settings settings;
    settings.listeners[0].max_datagram = 100;
    Harness g(settings);
    const Device direct = g.connected("d1", false);
    const std::uint16_t id = direct.subscribes(1, "t", 1);
    direct.sleeps(100);
    const std::string fits_direct(100 - 7, 'x');
    const std::string fits_behind(100 - 7 - 5, 'y');
    direct.from_broker(publish(1, 11, "t", fits_direct));
    direct.from_broker(publish(1, 12, "t", fits_behind));
    const Device d1 = g.behind(g.device("f"), "00 01", "d1");
    d1.sends(make_pingreq(view("d1")));
    d1.to_broker(ack(mqtt::PacketType::puback, 11));
    d1.gets(make_publish(flags(1), id, 12, view(fits_behind)));
    assert_int_equal(g.counters().downlink_dropped_too_large, 1);
    d1.sends(make_puback(id, 12, ReturnCode::accepted));
    d1.to_broker(ack(mqtt::PacketType::puback, 12));
    d1.gets(make_pingresp());
    d1.from_broker(publish(1, 13, "t", fits_behind + "y"));
    d1.to_broker(ack(mqtt::PacketType::puback, 13));
    assert_int_equal(g.counters().downlink_dropped_too_large, 2);
}

void the_name_in_a_register_must_fit_beside_the_wrapper(void**) {  // SN12-92
    Settings settings;
    settings.listeners[0].max_datagram = 100;
    Harness g(settings);
    const Device d1 = g.behind(g.device("f"), "00 01", "d1");
    connect(d1, false);
    d1.subscribes(1, "#", 1);
    const std::string longest(100 - 6 - 5, 't');
    d1.from_broker(publish(1, 11, longest + "t", "x"));
    d1.to_broker(ack(mqtt::PacketType::puback, 11));
    d1.from_broker(publish(1, 12, longest, "x"));
    assert_true(g.take().at(0).starts_with("to d1: REGISTER"));
    assert_int_equal(g.counters().downlink_dropped_too_large, 1);
}

void a_wrapper_that_leaves_no_room_stops_nothing(void**) {
    Settings settings;
    settings.listeners[0].max_datagram = 64;
    Harness g(settings);
    const Device direct = g.connected("d1", false);
    direct.subscribes(1, "t", 1);
    direct.sleeps(100);
    direct.from_broker(publish(1, 11, "t", "x"));
    std::string node_id;
    for (int i = 0; i < 57; ++i) {
        node_id += "11 ";
    }
    const Device d1 = g.behind(g.device("f"), node_id, "d1");  // 60 octets; PINGREQ with "d1" is 4
    d1.sends(make_pingreq(view("d1")));
    d1.to_broker(ack(mqtt::PacketType::puback, 11));  // PUBLISH needs 8
    d1.gets(make_pingresp());
}

// ---------------------------------------------------------------- limits

Settings with_two_nodes() {
    Settings settings;
    settings.limits.nodes_per_forwarder = 2;
    return settings;
}

// FAULT-39
void connect_of_one_node_too_many_is_congestion(void**) {
    Harness g(with_two_nodes());
    const Device forwarder = g.device("f");
    const Device d1 = g.behind(forwarder, "01", "d1");
    const Device d3 = g.behind(forwarder, "03", "d3");
    connect(d1, true);
    connect(g.behind(forwarder, "02", "d2"), true);
    d3.sends(connect_of(d3, true));
    d3.gets(make_connack(ReturnCode::congestion));
    assert_int_equal(g.counters().forwarder_full, 1);
    assert_int_equal(g.gateway().session_count(), 2);
    connect(g.behind(g.device("f2"), "03", "d4"), true);  // another forwarder has room of its own
    connect(g.device_at(forwarder, "d5"), true);          // and its own address is no node
    // Repetitions and new devices at a known node are no more nodes.
    const Device d6 = g.device_at(d1, "d6");
    d6.sends(connect_of(d6, true));
    d1.closes(false);
    d6.opens(Open{});
    d1.link_gone(LinkCloseReason::requested);
    d6.accepted();
    g.expect("to d1: CONNACK 03 05 00");
    assert_int_equal(g.counters().forwarder_full, 1);
}

void a_node_counts_while_its_session_is_connected(void**) {
    for (const bool clean : {true, false}) {
        Harness g(with_two_nodes());
        const Device forwarder = g.device("f");
        const Device d1 = g.behind(forwarder, "01", "d1");
        connect(d1, clean);
        connect(g.behind(forwarder, "02", "d2"), true);
        d1.sends(make_disconnect());
        d1.gets(make_disconnect());
        d1.closes(true);  // the end of the link need not be awaited
        connect(g.behind(forwarder, "03", "d3"), true);
        assert_int_equal(g.counters().forwarder_full, 0);
    }
}

void a_full_forwarder_still_lets_its_devices_move(void**) {
    Harness g(with_two_nodes());
    const Device forwarder = g.device("f");
    connect(g.behind(forwarder, "01", "d1"), false);
    const Device d2 = g.behind(forwarder, "02", "d2");
    connect(d2, false);
    moves_by_connect(g.behind(forwarder, "03", "d1"), false);
    d2.sleeps(100);
    const Device moved = g.behind(forwarder, "04", "d2");
    moved.sends(make_pingreq(view("d2")));
    moved.gets(make_pingresp());
    assert_int_equal(g.counters().forwarder_full, 0);
}

void a_sleeper_does_not_roam_to_a_full_forwarder(void**) {
    Harness g(with_two_nodes());
    const Device forwarder = g.device("f");
    connect(g.behind(forwarder, "01", "d1"), true);
    connect(g.behind(forwarder, "02", "d2"), true);
    const Device outside = g.connected("d3", false);
    outside.sleeps(100);
    const Device d3 = g.behind(forwarder, "03", "d3");
    d3.sends(make_pingreq(view("d3")));
    d3.gets(make_disconnect());
    assert_int_equal(g.counters().forwarder_full, 1);
    assert_int_equal(g.counters().roamed, 0);
    outside.sends(make_pingreq(view("d3")));
    outside.gets(make_pingresp());
}

// ---------------------------------------------------------------- unknown peers (D12)

void an_unknown_node_is_answered_once_a_second(void**) {
    Harness g;
    const Device forwarder = g.device("f");
    const Device first = g.behind(forwarder, "01", "d1");
    const Device second = g.behind(forwarder, "02", "d2");
    first.sends("02 16");
    first.gets(make_disconnect());
    first.sends("02 16");
    g.nothing();
    second.sends("02 16");
    second.gets(make_disconnect());
    forwarder.sends("02 16");
    forwarder.gets(make_disconnect());
    g.advance_seconds(1);
    first.sends("02 16");
    first.gets(make_disconnect());
    assert_int_equal(g.counters().unknown_peer_replies, 4);
    assert_int_equal(g.gateway().session_count(), 0);
}

// FAULT-39: forged node ids. One forwarder gets a quarter of all answers, and fills no table.
void a_flood_of_node_ids_leaves_answers_for_others(void**) {
    Harness g;
    const Device forwarder = g.device("f");
    for (int i = 0; i < 10'000; ++i) {
        Octets datagram = hex("05 FE 00 00 00 02 16");
        datagram[3] = static_cast<std::uint8_t>(i >> 8);
        datagram[4] = static_cast<std::uint8_t>(i);
        g.datagram(forwarder.endpoint(), view(datagram));
        g.take();
    }
    assert_int_equal(g.counters().unknown_peer_replies, 25);
    for (int i = 0; i < 10; ++i) {
        const Device other = g.device("other" + std::to_string(i));
        other.sends("02 16");
        other.gets(make_disconnect());
        const Device node = g.behind(other, "01", "node" + std::to_string(i));
        node.sends("02 16");
        node.gets(make_disconnect());
    }
}

void acknowledgements_of_unknown_nodes_are_dropped(void**) {  // D12
    Harness g;
    const Device d1 = g.behind(g.device("f"), "01", "d1");
    d1.sends(make_puback(1, 1, ReturnCode::accepted));
    d1.sends("02 17");
    d1.sends(make_disconnect_sleep(10));
    g.nothing();
    assert_int_equal(g.counters().dropped_unknown_peer, 3);
}

// ---------------------------------------------------------------- at random

/// Devices with random places behind two forwarders and on two listeners say random things, sound or damaged,
/// and the broker random things to them. What must hold is what the harness checks: sound wrappers, messages
/// that decode, nothing over max_datagram, packets on open links only.
void random_devices_behind_forwarders_break_nothing(void**) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        mqttsn::gateway::Prng random(seed);
        const auto below = [&random](std::uint32_t limit) { return random.next32() % limit; };
        Settings settings;
        settings.listeners = {{}, {}};
        settings.listeners[1].max_datagram = 64;
        settings.limits.nodes_per_forwarder = seed % 3 == 0 ? 2 : 100;
        settings.limits.sessions = seed % 4 == 0 ? 3 : 100;
        Harness g(settings, seed);
        g.keep_lines = false;
        g.auto_links = true;
        g.auto_session_present = seed % 2 == 0;
        std::vector<Device> places;
        for (const char* const id : {"d1", "d2", "d3", "d4"}) {
            for (std::uint16_t listener = 0; listener < 2; ++listener) {
                const Device forwarder = places.empty() ? g.device("f") : g.device_at(places[0], "f");
                places.push_back(g.device(id, listener));
                places.push_back(g.behind(forwarder, "", id));
                places.push_back(g.behind(places[places.size() - 2], "00 01", id));
                places.push_back(g.behind(places[places.size() - 3], std::string(2 * below(40), '3'), id));
            }
        }
        for (int step = 0; step < 3000; ++step) {
            const Device& device = places[below(static_cast<std::uint32_t>(places.size()))];
            const std::string id = below(10) == 0 ? "d1" : device.client_id();
            const std::string text(below(60), 't');
            const auto number = static_cast<std::uint16_t>(below(5));
            switch (below(10)) {
                case 0:
                case 1:
                    device.sends(make_connect(
                        Flags{}.with_clean_session(below(2) == 0).with_will(below(4) == 0), 60, view(id)));
                    break;
                case 2:
                    device.sends(make_pingreq(below(2) == 0 ? Bytes{} : view(id)));
                    break;
                case 3:
                    device.sends(below(3) == 0 ? make_disconnect() : make_disconnect_sleep(30));
                    break;
                case 4:
                    device.sends(make_subscribe(flags(1), number, view(below(2) == 0 ? "#" : "t")));
                    break;
                case 5:
                    device.sends(make_publish(flags(static_cast<int>(below(3))), number, number, view(text)));
                    break;
                case 6:
                    device.sends(below(2) == 0 ? make_regack(number, number, ReturnCode::accepted)
                                               : make_puback(number, number, ReturnCode::accepted));
                    break;
                case 7: {  // damaged
                    Octets octets = device.wrapper();
                    for (std::uint32_t count = below(8); count > 0; --count) {
                        octets.push_back(static_cast<std::uint8_t>(below(256)));
                    }
                    if (!octets.empty() && below(2) == 0) {
                        octets[below(static_cast<std::uint32_t>(octets.size()))] =
                            static_cast<std::uint8_t>(below(256));
                    }
                    g.datagram(device.endpoint(), view(octets));
                    break;
                }
                case 8:
                    if (const auto links = g.links(); !links.empty()) {
                        const auto& link = links[below(static_cast<std::uint32_t>(links.size()))];
                        if (link.state == Harness::LinkState::open) {
                            g.packet(link.id, publish(below(2), number + 1U, "t/" + text, text));
                        }
                    }
                    break;
                default:
                    g.advance(Millis{below(20'000)});
                    break;
            }
        }
        assert_true(g.counters().forwarded_received > 1000 && g.counters().connects_accepted > 50);
        g.shutdown();
    }
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
        cmocka_unit_test(connect_moves_a_session_to_another_node_or_forwarder),
        cmocka_unit_test(a_sleeper_wakes_at_another_node_or_forwarder),
        cmocka_unit_test(a_probed_takeover_answers_the_node_that_asked),
        cmocka_unit_test(a_search_behind_a_forwarder_is_answered_in_a_wrapper),
        cmocka_unit_test(the_wrapper_counts_for_what_fits_a_datagram),
        cmocka_unit_test(the_name_in_a_register_must_fit_beside_the_wrapper),
        cmocka_unit_test(a_wrapper_that_leaves_no_room_stops_nothing),
        cmocka_unit_test(connect_of_one_node_too_many_is_congestion),
        cmocka_unit_test(a_node_counts_while_its_session_is_connected),
        cmocka_unit_test(a_full_forwarder_still_lets_its_devices_move),
        cmocka_unit_test(a_sleeper_does_not_roam_to_a_full_forwarder),
        cmocka_unit_test(an_unknown_node_is_answered_once_a_second),
        cmocka_unit_test(a_flood_of_node_ids_leaves_answers_for_others),
        cmocka_unit_test(acknowledgements_of_unknown_nodes_are_dropped),
        cmocka_unit_test(random_devices_behind_forwarders_break_nothing),
        cmocka_unit_test(events_name_the_node),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
