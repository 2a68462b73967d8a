// SPDX-License-Identifier: BSD-3-Clause
//
// The layer of shared sessions alone (SN12-03), as an engine sees it: links by number, packets as values, no
// devices. Fairness of the uplink, window and queue of the downlink, back-pressure.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gateway/core/context.hpp"
#include "gateway/core/shared_sessions.hpp"
#include "mqttsn/topic.hpp"
#include "support/cmocka.hpp"
#include "support/shared_bench.hpp"

using namespace test;
using PacketType = mqtt::PacketType;
using mqttsn::gateway::Context;
using mqttsn::gateway::kOwnLink;
using mqttsn::gateway::LinkSend;
using mqttsn::gateway::Output;
using mqttsn::gateway::SharedAnswer;
using mqttsn::gateway::SharedSessions;

namespace {

Settings layer_settings() {
    Settings settings = shared_settings();
    settings.first_topic_id = 1;
    return settings;
}

/// A Context and nothing else around the layer.
struct Layer {
    explicit Layer(const Settings& settings = layer_settings()) : context(settings, 1) {
        shared().on_own_opened(false);
    }
    SharedSessions& shared() { return context.shared; }
    LinkId opens(std::uint32_t slot, bool clean = true, bool again = false) {
        const LinkId link{slot, ++context.link_generation};
        mqtt::Connect connect;
        connect.clean_session = clean;
        shared().open(link, connect, again);
        return link;
    }
    /// What left on the own session since the last time.
    std::vector<OwnLinkPacket> out() {
        shared().pump();
        std::vector<OwnLinkPacket> packets;
        while (const Output* const output = context.outbox.poll()) {
            if (const auto* const send = std::get_if<LinkSend>(output)) {
                const mqtt::Packet& p = send->packet;
                assert_true(send->link == kOwnLink);
                packets.push_back(OwnLinkPacket{p.type, p.qos, p.retain, p.packet_id, p.subscription_id,
                                                str(p.topic), str(p.payload)});
            }
        }
        return packets;
    }
    /// What the layer says, as text: "3: PUBLISH q1 id=1 a 'x'".
    std::vector<std::string> said() {
        std::vector<std::string> lines;
        SharedAnswer answer;
        while (shared().next_answer(answer)) {
            std::string line = std::to_string(answer.link.slot) + ": ";
            switch (answer.kind) {
                case SharedAnswer::Kind::opened:
                    line += answer.session_present ? "opened, present" : "opened";
                    break;
                case SharedAnswer::Kind::refused:
                    line += "refused " + std::to_string(answer.code);
                    break;
                case SharedAnswer::Kind::closed:
                    line += "closed";
                    break;
                case SharedAnswer::Kind::packet:
                    line += text(answer.packet);
                    break;
            }
            lines.push_back(line);
        }
        return lines;
    }
    std::uint32_t subscribes(LinkId link, std::string_view filter, unsigned qos) {
        shared().send(link, subscribe(1, filter, qos));
        const std::vector<OwnLinkPacket> asked = out();
        assert_int_equal(asked.size(), 1);
        shared().on_own_packet(suback(asked[0].packet_id, qos));
        said();
        return asked[0].subscription_id;
    }
    void broker_sends(unsigned qos, std::string_view topic, std::string_view payload, std::uint32_t id) {
        mqtt::Packet packet = publish(qos, 0, topic, payload);
        packet.subscription_id = id;
        shared().on_own_packet(packet);
    }

    Context context;
};

void expect_lines(const std::vector<std::string>& got, const std::vector<std::string>& expected) {
    for (std::size_t i = 0; i < std::max(got.size(), expected.size()); ++i) {
        const std::string a = i < got.size() ? got[i] : "(nothing)";
        const std::string b = i < expected.size() ? expected[i] : "(nothing)";
        if (a != b) {
            print_error("line %u: got '%s', expected '%s'\n", static_cast<unsigned>(i), a.c_str(), b.c_str());
            _fail(__FILE__, __LINE__);
        }
    }
}

// Nobody can fill the own session: a bounded number of messages on their way, the rest waits with its device.
void messages_on_their_way_are_bounded_and_devices_take_turns(void**) {
    Layer layer;
    const LinkId greedy = layer.opens(0);
    const LinkId modest = layer.opens(1);
    layer.said();
    std::vector<OwnLinkPacket> sent;
    // The rooms let each device have limits.uplink_window messages; here many devices stand for that.
    std::vector<LinkId> others;
    for (std::uint32_t slot = 2; slot < 1002; ++slot) {
        others.push_back(layer.opens(slot));
        layer.shared().send(others.back(), publish(1, 1, "fill", "x"));
    }
    assert_int_equal(layer.out().size(), 1000);
    for (unsigned id = 1; id <= 4; ++id) {
        layer.shared().send(greedy, publish(1, id, "greedy", std::to_string(id)));
    }
    layer.shared().send(modest, publish(1, 1, "modest", "1"));
    assert_int_equal(layer.out().size(), 0);
    assert_int_equal(layer.context.counters.shared_waited, 5);
    std::string order;
    for (unsigned token = 1; token <= 5; ++token) {
        layer.shared().on_own_packet(ack(PacketType::puback, token));
        for (const OwnLinkPacket& packet : layer.out()) {
            order += packet.topic[0] + packet.payload + ' ';
        }
    }
    assert_string_equal(order.c_str(), "g1 m1 g2 g3 g4 ");
}

// The own session's write queue is nearly full: QoS 1/2 wait here, QoS 0 is refused by the rooms.
void congestion_of_the_own_link_holds_messages_back(void**) {
    Layer layer;
    const LinkId link = layer.opens(0);
    layer.shared().on_own_congested(true);
    assert_true(layer.shared().congested(0));
    assert_false(layer.shared().congested(1));
    layer.shared().send(link, publish(1, 1, "a", "x"));
    assert_int_equal(layer.out().size(), 0);
    layer.shared().on_own_congested(false);
    assert_int_equal(layer.out().size(), 1);
    assert_false(layer.shared().congested(0));
}

// What waits is bounded too: then devices hear congestion.
void too_much_waiting_is_congestion_for_everybody(void**) {
    Layer layer;
    const std::string large(64000, 'x');
    layer.shared().on_own_congested(true);
    for (std::uint32_t slot = 0; slot < 300 && !layer.shared().congested(1); ++slot) {
        layer.shared().send(layer.opens(slot), publish(1, 1, "a", large));
    }
    assert_true(layer.shared().congested(1));
    layer.shared().on_own_congested(false);
    layer.out();
    assert_false(layer.shared().congested(1));
}

// A session that ends: what it was told nothing about yet still goes up, its will after that.
void a_session_that_ends_leaves_nothing_unsent(void**) {
    Layer layer;
    mqtt::Connect connect;
    connect.has_will = true;
    connect.will.topic = view("w");
    connect.will.payload = view("gone");
    const LinkId link{0, 1};
    layer.shared().open(link, connect, false);
    layer.shared().on_own_congested(true);
    layer.shared().send(link, publish(2, 1, "a", "last"));
    layer.shared().close(link, false);
    layer.shared().ended(0, true);
    layer.shared().on_own_congested(false);
    const std::vector<OwnLinkPacket> sent = layer.out();
    assert_int_equal(sent.size(), 2);
    layer.shared().on_own_packet(
        ack(PacketType::pubcomp, sent[0].packet_id != 0 ? sent[0].packet_id : sent[1].packet_id));
    expect_lines(layer.said(), {"0: opened", "0: closed"});
}

// An id that was used for another message meanwhile: both go up, each answer finds its own.
void a_reused_id_is_another_message(void**) {
    Layer layer;
    const LinkId link = layer.opens(0);
    layer.shared().send(link, publish(1, 7, "a", "old"));
    layer.shared().send(link, publish(1, 7, "a", "new"));
    const std::vector<OwnLinkPacket> sent = layer.out();
    assert_int_equal(sent.size(), 2);
    layer.said();
    layer.shared().on_own_packet(ack(PacketType::puback, sent[0].packet_id));
    expect_lines(layer.said(), {});
    layer.shared().on_own_packet(ack(PacketType::puback, sent[1].packet_id));
    expect_lines(layer.said(), {"0: PUBACK id=7"});
}

// MQTT-4.4.0-1, as mosquitto: 20 in flight, the rest waits for acknowledgements.
void twenty_are_in_flight_and_the_rest_waits(void**) {
    Layer layer;
    const LinkId link = layer.opens(0, false);
    const std::uint32_t id = layer.subscribes(link, "a", 1);
    for (int i = 0; i < 30; ++i) {
        layer.broker_sends(1, "a", "x", id);
    }
    assert_int_equal(layer.said().size(), 20);
    layer.shared().send(link, ack(PacketType::puback, 1));
    expect_lines(layer.said(), {"0: PUBLISH q1 id=21 a 'x'"});
    layer.shared().close(link, true);
    layer.said();
    layer.opens(0, false);
    const std::vector<std::string> again = layer.said();
    assert_int_equal(again.size(), 21);
    assert_string_equal(again[0].c_str(), "0: opened, present");
    assert_string_equal(again[1].c_str(), "0: PUBLISH q1 dup id=2 a 'x'");
}

// The barrier of a wake-up: PINGRESP behind all that could be sent.
void pingresp_comes_behind_what_could_be_sent(void**) {
    Layer layer;
    const LinkId link = layer.opens(0);
    const std::uint32_t id = layer.subscribes(link, "a", 1);
    layer.broker_sends(1, "a", "x", id);
    layer.shared().send(link, pingreq());
    expect_lines(layer.said(), {"0: PUBLISH q1 id=1 a 'x'", "0: PINGRESP"});
}

void reading_stops_and_goes_on(void**) {
    Layer layer;
    const LinkId link = layer.opens(0);
    const std::uint32_t id = layer.subscribes(link, "a", 1);
    layer.shared().read(link, false);
    layer.broker_sends(1, "a", "x", id);
    layer.broker_sends(0, "a", "y", id);
    expect_lines(layer.said(), {});
    layer.shared().read(link, true);
    expect_lines(layer.said(), {"0: PUBLISH q1 id=1 a 'x'", "0: PUBLISH q0 a 'y'"});
}

// MQTT-4.3.3-1: PUBREC is answered whatever is known of the id; the message is not sent again.
void a_received_message_is_only_released_again(void**) {
    Layer layer;
    const LinkId link = layer.opens(0, false);
    const std::uint32_t id = layer.subscribes(link, "a", 2);
    layer.broker_sends(2, "a", "x", id);
    layer.said();
    layer.shared().send(link, ack(PacketType::pubrec, 1));
    expect_lines(layer.said(), {"0: PUBREL id=1"});
    layer.shared().close(link, false);
    layer.said();
    const LinkId next = layer.opens(0, false);
    expect_lines(layer.said(), {"0: opened, present", "0: PUBREL id=1"});
    layer.shared().send(next, ack(PacketType::pubcomp, 1));
    layer.shared().send(next, ack(PacketType::pubrec, 99));
    expect_lines(layer.said(), {"0: PUBREL id=99"});
}

// D19
void the_queue_drops_qos0_first_then_the_oldest(void**) {
    Settings settings = layer_settings();
    settings.sleep.max_messages = 3;
    settings.sleep.max_bytes = 10;
    Layer layer(settings);
    const LinkId link = layer.opens(0, false);
    const std::uint32_t id = layer.subscribes(link, "a", 1);
    layer.shared().read(link, false);
    layer.broker_sends(1, "a", "1", id);
    layer.broker_sends(0, "a", "2", id);
    layer.broker_sends(1, "a", "3", id);
    layer.broker_sends(1, "a", "4", id);         // "2" goes
    layer.broker_sends(1, "a", "56789012", id);  // "1" goes, for the number
    layer.broker_sends(1, "a", std::string(11, 'x'), id);
    layer.shared().read(link, true);
    expect_lines(layer.said(),
                 {"0: PUBLISH q1 id=1 a '3'", "0: PUBLISH q1 id=2 a '4'", "0: PUBLISH q1 id=3 a '56789012'"});
    assert_int_equal(layer.context.counters.shared_dropped_overflow, 3);
}

void opens_are_refused_while_the_own_link_is_down(void**) {
    Layer layer;
    const LinkId link = layer.opens(0, false);
    layer.said();
    layer.shared().on_own_closed();
    expect_lines(layer.said(), {"0: closed"});
    layer.shared().send(link, publish(1, 1, "a", "x"));  // the session has not heard of it yet
    assert_int_equal(layer.out().size(), 0);
    layer.opens(0, false);
    expect_lines(layer.said(), {"0: refused 3"});
}

// Devices join and leave filters in any order, as clean sessions and by UNSUBSCRIBE: each message goes to
// those who are subscribed, once, and to nobody else.
void whoever_is_subscribed_gets_it_whatever_the_order(void**) {
    const char* const given = std::getenv("MQTTSN_TEST_SEED");
    const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    print_message("MQTTSN_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
    std::mt19937_64 random(seed);
    constexpr std::uint32_t kSlots = 6;
    constexpr const char* kFilters[] = {"a/b", "a/+", "a/#", "#", "c"};
    Layer layer;
    std::map<std::uint32_t, LinkId> links;
    std::map<std::uint32_t, std::set<std::string>> model;
    for (int step = 0; step < 3000; ++step) {
        const auto slot = static_cast<std::uint32_t>(random() % kSlots);
        const std::string filter = kFilters[random() % std::size(kFilters)];
        if (!links.contains(slot)) {
            links[slot] = layer.opens(slot);
        } else if (random() % 8 == 0) {
            layer.shared().close(links[slot], true);
            layer.shared().ended(slot, false);
            links.erase(slot);
            model.erase(slot);
        } else if (random() % 2 == 0) {
            layer.shared().send(links[slot], subscribe(1, filter, 0));
            model[slot].insert(filter);
        } else {
            layer.shared().send(links[slot], unsubscribe(1, filter));
            model[slot].erase(filter);
        }
        for (std::vector<OwnLinkPacket> asked = layer.out(); !asked.empty(); asked = layer.out()) {
            for (const OwnLinkPacket& packet : asked) {
                layer.shared().on_own_packet(packet.type == PacketType::subscribe
                                                 ? suback(packet.packet_id, packet.qos)
                                                 : ack(PacketType::unsuback, packet.packet_id));
            }
        }
        layer.said();
        const std::string name = random() % 2 == 0 ? "a/b" : "c";
        layer.broker_sends(0, name, "x", 0);
        std::vector<std::string> expected;
        for (const auto& [each, filters] : model) {
            if (std::any_of(filters.begin(), filters.end(), [&](const std::string& f) {
                    return mqttsn::topic_matches(view(f), view(name));
                })) {
                expected.push_back(std::to_string(each) + ": PUBLISH q0 " + name + " 'x'");
            }
        }
        std::vector<std::string> got = layer.said();
        std::sort(got.begin(), got.end());
        expect_lines(got, expected);
        layer.context.outbox.clear();
    }
}

// Filters cost memory only as long as somebody has them.
void no_filter_outlives_its_devices(void**) {
    Layer layer;
    for (int round = 0; round < 3; ++round) {
        std::vector<LinkId> links;
        for (std::uint32_t slot = 0; slot < 50; ++slot) {
            links.push_back(layer.opens(slot));
            layer.subscribes(links.back(), "t/" + std::to_string(slot), 1);
        }
        assert_int_equal(layer.shared().filter_count(), 50);
        for (const LinkId link : links) {
            layer.shared().close(link, true);
            layer.shared().ended(link.slot, false);
        }
        for (std::vector<OwnLinkPacket> left = layer.out(); !left.empty(); left = layer.out()) {
            for (const OwnLinkPacket& packet : left) {
                layer.shared().on_own_packet(ack(PacketType::unsuback, packet.packet_id));
            }
        }
        assert_int_equal(layer.shared().filter_count(), 0);
        layer.said();
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(messages_on_their_way_are_bounded_and_devices_take_turns),
        cmocka_unit_test(congestion_of_the_own_link_holds_messages_back),
        cmocka_unit_test(too_much_waiting_is_congestion_for_everybody),
        cmocka_unit_test(a_session_that_ends_leaves_nothing_unsent),
        cmocka_unit_test(a_reused_id_is_another_message),
        cmocka_unit_test(twenty_are_in_flight_and_the_rest_waits),
        cmocka_unit_test(pingresp_comes_behind_what_could_be_sent),
        cmocka_unit_test(reading_stops_and_goes_on),
        cmocka_unit_test(a_received_message_is_only_released_again),
        cmocka_unit_test(the_queue_drops_qos0_first_then_the_oldest),
        cmocka_unit_test(opens_are_refused_while_the_own_link_is_down),
        cmocka_unit_test(whoever_is_subscribed_gets_it_whatever_the_order),
        cmocka_unit_test(no_filter_outlives_its_devices),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
