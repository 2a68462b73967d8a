// SPDX-License-Identifier: BSD-3-Clause
//
// Devices behind forwarders that move (D50, D10, D13), what fits where they are, and limits: nodes of a
// forwarder (FAULT-39), answers to strangers (D12).
#include <string>
#include <vector>

#include "gateway/core/prng.hpp"
#include "support/cmocka.hpp"
#include "unit/core/forwarder_steps.hpp"

using namespace mqttsn;
using namespace test;

namespace {

// ---------------------------------------------------------------- moving

// D50, D10: to another node id, to another forwarder, out of and back behind one.
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

}  // namespace

int main() {
    const CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
