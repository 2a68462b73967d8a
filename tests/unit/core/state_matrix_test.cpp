// SPDX-License-Identifier: BSD-3-Clause
//
// Every message a device can send, in every state of its session and in the middle of every exchange (faults:
// EMQX 17258, 17287). The harness checks what must always hold; here: nothing crashes, somebody is always
// either told or counted, and the device can always start afresh.
#include <string>
#include <vector>

#include "support/cmocka.hpp"
#include "support/gateway_harness.hpp"

using namespace mqttsn;
using namespace test;
using PacketType = mqtt::PacketType;

namespace {

/// All messages of a device, some in several forms. MsgId 5 and topic id 1 are those the states use.
std::vector<std::string> all_messages() {
    return {
        "03 01 01",                 // SEARCHGW
        "03 02 05",                 // GWINFO
        "08 04 04 01 00 3C 64 31",  // CONNECT clean
        "08 04 00 01 00 3C 64 31",  // CONNECT
        "08 04 0C 01 00 3C 64 31",  // CONNECT clean will
        "08 04 08 01 00 3C 64 31",  // CONNECT will
        "02 07",                    // WILLTOPIC empty
        "06 07 30 77 2F 74",        // WILLTOPIC
        "02 09",                    // WILLMSG empty
        "05 09 6F 66 66",           // WILLMSG
        "07 0A 00 00 00 05 61",     // REGISTER
        "06 0A 00 00 00 05",        // REGISTER, no name
        "07 0B 00 01 00 05 00",
        "07 0B 00 01 00 05 01",
        "07 0B 00 01 00 05 02",
        "07 0B 00 01 00 05 03",
        "08 0C 00 00 01 00 00 78",  // PUBLISH QoS 0
        "08 0C 20 00 01 00 05 78",
        "08 0C A0 00 01 00 05 78",
        "08 0C 40 00 01 00 05 78",
        "08 0C C0 00 01 00 05 78",
        "08 0C 61 00 07 00 00 78",
        "08 0C 62 61 62 00 00 78",
        "08 0C 60 00 01 00 00 78",
        "08 0C 22 61 62 00 05 78",
        "08 0C 23 00 01 00 05 78",
        "07 0D 00 01 00 05 00",
        "07 0D 00 01 00 05 01",
        "07 0D 00 01 00 05 02",
        "07 0D 00 01 00 05 03",
        "07 0D 00 01 00 00 02",  // PUBACK 02 for QoS 0
        "04 0F 00 05",
        "04 10 00 05",
        "04 0E 00 05",  // PUBREC, PUBREL, PUBCOMP
        "06 12 20 00 05 61",
        "06 12 A0 00 05 61",
        "06 12 20 00 05 23",
        "07 12 21 00 05 00 07",
        "07 12 22 00 05 61 62",
        "07 12 03 00 05 00 01",
        "06 12 60 00 05 61",
        "06 14 00 00 05 61",
        "07 14 01 00 05 00 07",
        "07 14 03 00 05 00 01",
        "02 16",
        "04 16 64 31",
        "04 16 64 32",  // PINGREQ: plain, own id, foreign id
        "02 17",        // PINGRESP
        "02 18",
        "04 18 00 00",
        "04 18 01 2C",  // DISCONNECT, and to sleep
        "02 1A",
        "06 1A 30 77 2F 74",
        "05 1C 6F 66 66",  // WILL..UPD
    };
}

struct State {
    const char* name;
    void (*enter)(Harness& g, const Device& d1);
};

void begin(Harness& g, const Device& d1, const char* connect = "08 04 00 01 00 3C 64 31") {
    d1.sends(connect);
    g.take();
}

void become_active(Harness& g, const Device& d1) {
    begin(g, d1);
    d1.accepted(false);
    g.take();
    d1.sends("06 12 40 00 01 61");  // SUBSCRIBE "a" QoS 2: topic id 1
    g.take();
    d1.from_broker(suback(1, 2));
    g.take();
}

void become_asleep(Harness& g, const Device& d1) {
    become_active(g, d1);
    d1.sends("04 18 01 2C");
    g.take();
    d1.from_broker(publish(0, 0, "a", "x"));
    d1.from_broker(publish(2, 5, "a", "x"));
    g.take();
}

void device_publishes(Harness& g, const Device& d1) {
    become_active(g, d1);
    d1.sends("08 0C 40 00 01 00 05 78");
    g.take();
}

void broker_publishes(Harness& g, const Device& d1) {
    become_active(g, d1);
    d1.from_broker(publish(2, 5, "a", "x"));
    g.take();
}

constexpr State kStates[] = {
    {"unknown", [](Harness&, const Device&) {}},
    {"will topic awaited", [](Harness& g, const Device& d1) { begin(g, d1, "08 04 08 01 00 3C 64 31"); }},
    {"will message awaited",
     [](Harness& g, const Device& d1) {
         begin(g, d1, "08 04 08 01 00 3C 64 31");
         d1.sends("06 07 30 77 2F 74");
         g.take();
     }},
    {"broker asked", [](Harness& g, const Device& d1) { begin(g, d1); }},
    {"will again, the old link open",
     [](Harness& g, const Device& d1) {
         become_active(g, d1);
         begin(g, d1, "08 04 08 01 00 3C 64 31");
     }},
    {"active", become_active},
    {"active, link down",
     [](Harness& g, const Device& d1) {
         become_active(g, d1);
         d1.link_gone();
         g.take();
     }},
    {"active, subscribing",
     [](Harness& g, const Device& d1) {
         become_active(g, d1);
         d1.sends("06 12 20 00 05 62");
         g.take();
     }},
    {"active, publishing up", device_publishes},
    {"active, PUBREC given",
     [](Harness& g, const Device& d1) {
         device_publishes(g, d1);
         d1.from_broker(ack(PacketType::pubrec, 5));
         g.take();
     }},
    {"active, registering",
     [](Harness& g, const Device& d1) {
         become_active(g, d1);
         d1.from_broker(publish(1, 5, "new", "x"));
         g.take();
     }},
    {"active, publishing down", broker_publishes},
    {"active, PUBREL awaited",
     [](Harness& g, const Device& d1) {
         broker_publishes(g, d1);
         d1.sends("04 0F 00 05");
         g.take();
     }},
    {"active, releasing",
     [](Harness& g, const Device& d1) {
         broker_publishes(g, d1);
         d1.sends("04 0F 00 05");
         g.take();
         d1.from_broker(ack(PacketType::pubrel, 5));
         g.take();
     }},
    {"active, holding",
     [](Harness& g, const Device& d1) {
         broker_publishes(g, d1);
         d1.sends("07 0D 00 01 00 05 01");
         g.take();
     }},
    {"asleep", become_asleep},
    {"awake",
     [](Harness& g, const Device& d1) {
         become_asleep(g, d1);
         d1.sends("04 16 64 31");
         g.take();
     }},
    {"awake, link down",
     [](Harness& g, const Device& d1) {
         become_asleep(g, d1);
         d1.sends("04 16 64 31");
         g.take();
         d1.link_gone();
         g.take();
     }},
    {"link closing",
     [](Harness& g, const Device& d1) {
         become_active(g, d1);
         d1.sends("02 18");
         g.take();
     }},
    {"disconnected",
     [](Harness& g, const Device& d1) {
         become_active(g, d1);
         d1.sends("02 18");
         g.take();
         d1.link_gone(LinkCloseReason::requested);
         g.take();
     }},
    {"lost",
     [](Harness& g, const Device& d1) {
         become_active(g, d1);
         g.advance_seconds(90);
         g.take();
         d1.link_gone(LinkCloseReason::requested);
         g.take();
     }},
};

Settings settings_of_matrix() {
    Settings settings;
    settings.predefined_topics = {{7, "p", "*"}};
    settings.listeners[0].qos_minus_one = mqttsn::gateway::QosMinusOne::all;
    return settings;
}

/// Answers all that waits for the engine, so that the session comes to rest.
void settle_links(Harness& g) {
    for (int i = 0; i < 10; ++i) {
        for (const Harness::LinkRecord& link : g.links()) {
            if (link.state == Harness::LinkState::closing) {
                g.link_closed(link.id, LinkCloseReason::requested);
                g.take();
            } else if (link.state == Harness::LinkState::opening) {
                g.link_opened(link.id, false);
                g.take();
            }
        }
    }
}

/// After anything at all: a clean CONNECT that is carried through gives a working session.
void check_that_the_device_can_start_afresh(Harness& g, const Device& d1) {
    d1.sends("02 18");
    g.take();
    settle_links(g);
    d1.sends("08 04 04 01 00 3D 64 31");
    g.take();
    settle_links(g);
    d1.sends("07 0A 00 00 12 34 7A");
    const std::vector<std::string> lines = g.take();
    assert_int_equal(lines.size(), 1);
    assert_string_equal(lines[0].c_str(), "to d1: REGACK 07 0B 00 01 12 34 00");
}

void run(const State& state, const std::vector<std::string>& messages) {
    Harness g(settings_of_matrix());
    const Device d1 = g.device("d1");
    state.enter(g, d1);
    for (const std::string& message : messages) {
        d1.sends(message);
        g.take();
    }
    check_that_the_device_can_start_afresh(g, d1);
    settle_links(g);
    g.advance_seconds(300);  // every timer that is left
    g.take();
    settle_links(g);
    g.advance_seconds(300);
    g.take();
}

// SN12-101, FAULT-7, FAULT-12, TRAP-66
void every_message_is_survived_in_every_state(void**) {
    for (const State& state : kStates) {
        for (const std::string& message : all_messages()) {
            run(state, {message});
        }
    }
}

// Each pair in a quarter of the states, so that all pairs and all states have their turn within seconds.
void pairs_of_messages_are_survived_in_every_state(void**) {
    const std::vector<std::string> messages = all_messages();
    std::size_t turn = 0;
    for (const State& state : kStates) {
        ++turn;
        for (std::size_t i = 0; i < messages.size(); ++i) {
            for (std::size_t j = 0; j < messages.size(); ++j) {
                if ((i + 2 * j + turn) % 4 == 0) {
                    run(state, {messages[i], messages[j]});
                }
            }
        }
    }
}

/// Packets of the broker, in every state as well.
// FAULT-79
void every_packet_of_the_broker_is_survived_in_every_state(void**) {
    std::vector<mqtt::Packet> packets = {publish(0, 0, "a", "x"),
                                         publish(1, 5, "a", "x"),
                                         publish(2, 5, "a", "x"),
                                         dup(publish(2, 5, "a", "x")),
                                         publish(1, 5, "other", "x"),
                                         publish(0, 0, "p", ""),
                                         suback(5, 0),
                                         suback(5, 0x80),
                                         suback(0xFFFE, 0x80),
                                         pingresp(),
                                         pingreq()};
    for (const PacketType type :
         {PacketType::puback, PacketType::pubrec, PacketType::pubrel, PacketType::pubcomp,
          PacketType::unsuback, PacketType::subscribe, PacketType::connect, PacketType::disconnect}) {
        packets.push_back(ack(type, 5));
        packets.push_back(ack(type, 0));
    }
    for (const State& state : kStates) {
        for (const mqtt::Packet& first : packets) {
            for (const mqtt::Packet& second : packets) {
                Harness g(settings_of_matrix());
                const Device d1 = g.device("d1");
                state.enter(g, d1);
                for (const Harness::LinkRecord& link : g.links()) {
                    g.packet(link.id, first);
                    g.take();
                    g.packet(link.id, second);
                    g.take();
                }
                check_that_the_device_can_start_afresh(g, d1);
            }
        }
    }
}

void every_link_event_is_survived_in_every_state(void**) {
    for (const State& state : kStates) {
        for (int event = 0; event < 6; ++event) {
            Harness g(settings_of_matrix());
            const Device d1 = g.device("d1");
            state.enter(g, d1);
            for (const Harness::LinkRecord& link : g.links()) {
                switch (event) {
                    case 0:
                    case 1:
                        g.link_opened(link.id, event == 1);
                        break;
                    case 2:
                    case 3:
                        g.link_refused(link.id, event == 2 ? 3 : 5);
                        break;
                    case 4:
                        g.link_closed(link.id, LinkCloseReason::protocol_error);
                        break;
                    default:
                        g.link_congested(link.id, true);
                        break;
                }
                g.take();
            }
            check_that_the_device_can_start_afresh(g, d1);
        }
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(every_message_is_survived_in_every_state),
        cmocka_unit_test(pairs_of_messages_are_survived_in_every_state),
        cmocka_unit_test(every_packet_of_the_broker_is_survived_in_every_state),
        cmocka_unit_test(every_link_event_is_survived_in_every_state),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
