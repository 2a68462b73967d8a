// SPDX-License-Identifier: BSD-3-Clause
//
// The gateway's own session as carrier of shared sessions, against a real mosquitto: subscriptions, messages
// down, answers to each request, and what becomes of all that when connections are lost.
#include <arpa/inet.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "gateway/broker/own_session.hpp"
#include "mini_subscriber.hpp"
#include "own_session_harness.hpp"
#include "support/cmocka.hpp"
#include "support/mosquitto.hpp"
#include "support/mosquitto_clients.hpp"
#include "tcp_relay.hpp"

namespace {

using mqttsn::gateway::OwnSessionOptions;
using mqttsn::gateway::mqtt::Packet;
using mqttsn::gateway::mqtt::PacketType;

struct Bench {
    test::Mosquitto broker;
    std::unique_ptr<test::TcpRelay> relay;
    test::MiniSubscriber observer;
    test::OwnSessionHarness gateway;
    test::OwnSessionHarness other;  ///< publishes to the first
    bool mqtt5 = true;

    OwnSessionOptions options() const {
        OwnSessionOptions options;
        options.port = relay ? relay->port() : broker.port();
        options.keep_session = true;
        options.mqtt5 = mqtt5;
        options.reconnect_min = std::chrono::milliseconds(20);
        options.reconnect_max = std::chrono::milliseconds(100);
        options.outbox_messages_max = 20000;
        return options;
    }
    bool up() { return gateway.start(options()) && gateway.run_until_up(); }
    bool other_up() {
        OwnSessionOptions options;
        options.port = broker.port();
        options.client_id = "other";
        options.outbox_messages_max = 20000;
        return other.start(options) && other.run_until_up();
    }

    void send(PacketType type, std::uint16_t id, std::string_view topic, std::uint8_t qos = 0,
              std::uint32_t subscription_id = 0, std::string_view payload = {}, bool retain = false) {
        Packet packet;
        packet.type = type;
        packet.packet_id = id;
        packet.topic = test::octets(topic);
        packet.payload = test::octets(payload);
        packet.qos = qos;
        packet.retain = retain;
        packet.subscription_id = subscription_id;
        gateway.session->send(packet);
    }
    const test::Answer* answer(PacketType type, std::uint16_t id) const {
        const auto found =
            std::find_if(gateway.answers.begin(), gateway.answers.end(),
                         [&](const test::Answer& a) { return a.type == type && a.packet_id == id; });
        return found == gateway.answers.end() ? nullptr : &*found;
    }
    bool answered(PacketType type, std::uint16_t id, int timeout_ms = 10000) {
        return gateway.run_until([&] { return answer(type, id) != nullptr; }, timeout_ms);
    }
    bool subscribed(std::uint16_t id, std::string_view filter, std::uint8_t qos,
                    std::uint32_t subscription_id = 0) {
        send(PacketType::subscribe, id, filter, qos, subscription_id);
        return answered(PacketType::suback, id) && answer(PacketType::suback, id)->code == qos;
    }
    bool other_publishes(std::string_view topic, std::string_view payload, std::uint8_t qos,
                         bool retain = false) {
        return other.publish(topic, payload, qos, retain) &&
               other.run_until([&] { return other.session->outbox_messages() == 0; }, 10000);
    }
    const test::Arrival* arrival(std::string_view topic, std::string_view payload) const {
        const auto found =
            std::find_if(gateway.arrivals.begin(), gateway.arrivals.end(),
                         [&](const test::Arrival& a) { return a.topic == topic && a.payload == payload; });
        return found == gateway.arrivals.end() ? nullptr : &*found;
    }
    bool arrived(std::string_view topic, std::string_view payload, int timeout_ms = 10000) {
        return gateway.run_until([&] { return arrival(topic, payload) != nullptr; }, timeout_ms);
    }
    bool lost_and_up_again() {
        const int ups = gateway.ups;
        relay->cut();
        return gateway.run_until([&] { return gateway.ups == ups + 1; }, 10000);
    }
    /// What the broker says to a CONNECT that asks for an old session of this client id.
    int session_present(std::string_view client_id) const {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(broker.port());
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const timeval limit{5, 0};
        ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        std::string connect("\x10", 1);
        connect += static_cast<char>(12 + client_id.size());
        connect += std::string("\0\4MQTT\4\0\0\0\0", 11) + static_cast<char>(client_id.size());
        connect += client_id;
        char connack[4] = {};
        const bool ok = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                        ::send(fd, connect.data(), connect.size(), MSG_NOSIGNAL) > 0 &&
                        ::recv(fd, connack, sizeof connack, MSG_WAITALL) == 4 && connack[3] == 0;
        ::close(fd);
        return ok ? connack[2] : -1;
    }
};

int set_up(void** state) {
    auto* bench = new Bench;
    *state = bench;
    bench->broker.options.extra_global = "max_queued_messages 0\n";
    return bench->broker.start() ? 0 : -1;
}
int set_up_with_relay(void** state) {
    if (set_up(state) != 0) {
        return -1;
    }
    auto* bench = static_cast<Bench*>(*state);
    bench->relay = std::make_unique<test::TcpRelay>(bench->broker.port());
    return bench->relay->start() ? 0 : -1;
}
int set_up_311_with_relay(void** state) {
    const int result = set_up_with_relay(state);
    static_cast<Bench*>(*state)->mqtt5 = false;
    return result;
}
constexpr std::size_t kResetAfterMax = 3000;
int set_up_flaky(void** state) {
    if (set_up(state) != 0) {
        return -1;
    }
    auto* bench = static_cast<Bench*>(*state);
    bench->relay = std::make_unique<test::TcpRelay>(bench->broker.port(), kResetAfterMax, 20261);
    return bench->relay->start() ? 0 : -1;
}
int set_up_flaky_311(void** state) {
    const int result = set_up_flaky(state);
    static_cast<Bench*>(*state)->mqtt5 = false;
    return result;
}
int tear_down(void** state) {
    delete static_cast<Bench*>(*state);
    return 0;
}

void messages_of_every_qos_arrive_for_a_subscription(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.up() && bench.other_up());
    assert_true(bench.subscribed(7, "down/#", 2));
    const std::string large(100000, 'x');
    assert_true(bench.other_publishes("down/0", "zero", 0));
    assert_true(bench.other_publishes("down/1", large, 1));
    assert_true(bench.other_publishes("down/2", "", 2));
    assert_true(bench.arrived("down/0", "zero") && bench.arrived("down/1", large) &&
                bench.arrived("down/2", ""));
    assert_int_equal(bench.arrival("down/0", "zero")->qos, 0);
    assert_int_equal(bench.arrival("down/1", large)->qos, 1);
    assert_int_equal(bench.arrival("down/2", "")->qos, 2);
    assert_int_equal(bench.gateway.arrivals.size(), 3);
    bench.send(PacketType::unsubscribe, 8, "down/#");
    assert_true(bench.answered(PacketType::unsuback, 8));
    assert_true(bench.other_publishes("down/0", "late", 1));
    assert_true(bench.subscribed(9, "end", 0));  // what was sent before has arrived by now
    assert_int_equal(bench.gateway.arrivals.size(), 3);
}

void each_publish_with_an_id_is_answered_once_and_the_others_never(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.up());
    assert_true(bench.observer.connect(bench.broker.port(), "#"));
    bench.send(PacketType::publish, 0, "up/none", 0, 0, "a");
    bench.send(PacketType::publish, 1, "up/one", 1, 0, "b");
    bench.send(PacketType::publish, 2, "up/two", 2, 0, "c");
    bench.send(PacketType::publish, 65535, "up/bad/#", 1, 0, "d");
    assert_true(bench.answered(PacketType::puback, 1) && bench.answered(PacketType::pubcomp, 2) &&
                bench.answered(PacketType::puback, 65535));
    assert_int_equal(bench.answer(PacketType::puback, 1)->code, 0);
    assert_int_equal(bench.answer(PacketType::pubcomp, 2)->code, 0);
    assert_true(bench.answer(PacketType::puback, 65535)->code >= 0x80);
    bench.gateway.run_until([] { return false; }, 100);
    assert_int_equal(bench.gateway.answers.size(), 3);
    bench.observer.poll();
    assert_int_equal(bench.observer.messages.size(), 3);
}

/// The core tells by it which of its devices a retained message is for (MQTT 5 section 3.8.2.1.2).
void a_retained_message_carries_the_identifier_of_the_subscribe(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.up() && bench.other_up());
    assert_true(bench.other_publishes("kept/a", "old", 1, true));
    assert_true(bench.subscribed(1, "kept/a", 1, 11));
    assert_true(bench.arrived("kept/a", "old"));
    assert_true(bench.gateway.arrivals[0].retain);
    assert_int_equal(bench.gateway.arrivals[0].subscription_id, 11);
    // Again, with a new identifier: the newcomer's.
    assert_true(bench.subscribed(2, "kept/a", 1, 268435455));
    assert_true(bench.gateway.run_until([&] { return bench.gateway.arrivals.size() == 2; }, 5000));
    assert_true(bench.gateway.arrivals[1].retain);
    assert_int_equal(bench.gateway.arrivals[1].subscription_id, 268435455);
    // Not retained: a message of now.
    assert_true(bench.other_publishes("kept/a", "new", 1));
    assert_true(bench.arrived("kept/a", "new"));
    assert_false(bench.arrival("kept/a", "new")->retain);
}

void with_311_there_are_no_identifiers_and_all_else_works(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    bench.mqtt5 = false;
    assert_true(bench.up() && bench.other_up());
    assert_false(bench.gateway.last_up_mqtt5);
    assert_true(bench.other_publishes("kept/a", "old", 1, true));
    assert_true(bench.subscribed(1, "kept/a", 1, 11));
    assert_true(bench.arrived("kept/a", "old"));
    assert_true(bench.gateway.arrivals[0].retain);
    assert_int_equal(bench.gateway.arrivals[0].subscription_id, 0);
    bench.send(PacketType::publish, 3, "kept/a", 2, 0, "mine");
    assert_true(bench.answered(PacketType::pubcomp, 3) && bench.arrived("kept/a", "mine"));
    bench.send(PacketType::unsubscribe, 4, "kept/a");
    assert_true(bench.answered(PacketType::unsuback, 4));
}

void what_an_earlier_process_subscribed_is_forgotten(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.up() && bench.other_up());
    assert_true(bench.subscribed(1, "old/#", 1));
    bench.relay->cut();  // as a kill does
    assert_true(bench.gateway.stop() >= 0);
    assert_true(bench.gateway.start(bench.options()) && bench.gateway.run_until_up());
    assert_false(bench.gateway.last_session_present);
    assert_true(bench.other_publishes("old/a", "x", 1));
    assert_true(bench.subscribed(2, "new", 1));
    assert_int_equal(bench.gateway.arrivals.size(), 0);
}

void subscriptions_and_messages_outlive_a_lost_connection(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.up() && bench.other_up());
    assert_false(bench.gateway.last_session_present);
    assert_true(bench.subscribed(1, "stay/#", 2));
    assert_true(bench.lost_and_up_again());
    assert_true(bench.gateway.last_session_present);
    assert_true(bench.other_publishes("stay/1", "after", 1));
    assert_true(bench.arrived("stay/1", "after"));
    // And what comes while we are away waits in the broker.
    bench.relay->stop();
    assert_true(bench.gateway.run_until([&] { return !bench.gateway.session->is_up(); }, 5000));
    assert_true(bench.other_publishes("stay/1", "away 1", 1));
    assert_true(bench.other_publishes("stay/2", "away 2", 2));
    assert_true(bench.relay->start());
    assert_true(bench.arrived("stay/1", "away 1") && bench.arrived("stay/2", "away 2"));
    assert_int_equal(bench.gateway.session->counters().session_restarts, 0);
}

/// FAULT-73, FAULT-78.
void a_broker_that_forgot_the_session_is_told_apart(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.up());
    assert_true(bench.subscribed(1, "gone/#", 1));
    bench.broker.kill();
    assert_true(bench.gateway.run_until([&] { return !bench.gateway.session->is_up(); }, 5000));
    // Asked for while there is no connection: answered after it.
    bench.send(PacketType::subscribe, 2, "again/#", 1);
    bench.send(PacketType::publish, 3, "again/a", 2, 0, "waited");
    assert_true(bench.broker.start());
    assert_true(bench.answered(PacketType::suback, 2) && bench.answered(PacketType::pubcomp, 3));
    assert_false(bench.gateway.last_session_present);
    assert_true(bench.arrived("again/a", "waited"));
    assert_int_equal(bench.gateway.session->counters().session_restarts, 1);
}

/// The broker has begun a session, and its word that it is new was lost: what it calls present has nothing.
void a_session_that_began_behind_an_answer_that_was_lost_counts_as_new(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.up());
    assert_true(bench.subscribed(1, "gone/#", 1));
    bench.broker.kill();
    assert_true(bench.gateway.run_until([&] { return !bench.gateway.session->is_up(); }, 5000));
    bench.relay->lose_answers(true);
    assert_true(bench.broker.start());
    assert_true(bench.gateway.run_until([&] { return bench.relay->answers_lost() > 0; }, 10000));
    bench.relay->lose_answers(false);
    assert_true(bench.gateway.run_until_up(10000));
    assert_false(bench.gateway.last_session_present);
    assert_true(bench.lost_and_up_again());
    assert_true(bench.gateway.last_session_present);
}

void requests_on_their_way_when_the_connection_breaks_are_answered(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.up() && bench.other_up());
    for (std::uint16_t round = 0; round < 5; ++round) {
        bench.broker.pause();  // so that nothing is answered before the cut
        const auto id = static_cast<std::uint16_t>(10 * round + 1);
        bench.send(PacketType::subscribe, id, "r/" + std::to_string(round), 1);
        bench.send(PacketType::unsubscribe, static_cast<std::uint16_t>(id + 1), "r/x");
        bench.send(PacketType::publish, static_cast<std::uint16_t>(id + 2), "r/y", 1, 0, "y");
        bench.gateway.run_until([] { return false; }, 50);
        bench.relay->cut();
        bench.gateway.run_until([] { return false; }, 50);
        bench.broker.resume();
        assert_true(bench.answered(PacketType::suback, id, 20000));
        assert_true(bench.answered(PacketType::unsuback, static_cast<std::uint16_t>(id + 1), 20000));
        assert_true(bench.answered(PacketType::puback, static_cast<std::uint16_t>(id + 2), 20000));
        assert_true(bench.other_publishes("r/" + std::to_string(round), "ok", 1));
        assert_true(bench.arrived("r/" + std::to_string(round), "ok"));
    }
    assert_int_equal(bench.gateway.answers.size(), 15);
}

/// FAULT-77: with the session, Paho goes on where an exchange was; a new PUBLISH would arrive twice.
void qos2_arrives_exactly_once_over_many_lost_connections(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.observer.connect(bench.broker.port(), "#"));
    assert_true(bench.up());
    constexpr std::uint16_t kMessages = 150;
    for (std::uint16_t i = 1; i <= kMessages; ++i) {
        bench.send(PacketType::publish, i, "once/" + std::to_string(i), 2, 0, std::string(i % 90, 'x'));
    }
    assert_true(bench.gateway.run_until(
        [&] {
            bench.observer.poll();
            return bench.gateway.answers.size() >= kMessages;
        },
        60000));
    bench.relay->calm_down();
    assert_true(bench.relay->resets() >= 3);
    bench.gateway.run_until(
        [&] {
            bench.observer.poll();
            return bench.observer.messages.size() > kMessages;
        },
        300);
    std::map<std::string, int> times;
    for (const auto& message : bench.observer.messages) {
        const int number = std::atoi(message.topic.c_str() + 5);
        assert_string_equal(message.payload.c_str(),
                            std::string(static_cast<std::size_t>(number % 90), 'x').c_str());
        ++times[message.topic];
    }
    assert_int_equal(times.size(), kMessages);
    assert_int_equal(bench.observer.messages.size(), kMessages);
    assert_int_equal(bench.gateway.answers.size(), kMessages);
    assert_int_equal(bench.gateway.session->counters().session_restarts, 0);
}

/// FAULT-77. mosquitto 2.0.11 sends more than it remembers, and PUBLISHes some of that again after its
/// PUBREL.
void qos2_comes_down_exactly_once_over_many_lost_connections(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.up());
    // Subscribed only when SUBACK is there, which may take several connections.
    bench.send(PacketType::subscribe, 1, "down/#", 2);
    assert_true(bench.answered(PacketType::suback, 1, 60000));
    constexpr std::size_t kMessages = 1500;
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < kMessages; ++i) {
        lines.push_back(std::to_string(i));
    }
    assert_true(test::broker_publish_lines(bench.broker, "down/once", lines, 2));
    assert_true(bench.gateway.run_until([&] { return bench.gateway.arrivals.size() >= kMessages; }, 60000));
    bench.relay->calm_down();
    bench.gateway.run_until([&] { return bench.gateway.arrivals.size() > kMessages; }, 500);
    assert_true(bench.relay->resets() >= 2);
    std::map<std::string, int> times;
    for (const auto& arrival : bench.gateway.arrivals) {
        ++times[arrival.payload];
    }
    assert_int_equal(times.size(), kMessages);
    assert_int_equal(bench.gateway.arrivals.size(), kMessages);
}

void a_full_outbox_is_announced_and_then_refuses(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    OwnSessionOptions options = bench.options();
    options.outbox_messages_max = 100;
    assert_true(bench.gateway.start(options) && bench.gateway.run_until_up());
    bench.broker.pause();
    for (std::uint16_t i = 1; i <= 75; ++i) {
        bench.send(PacketType::publish, i, "full", 1, 0, "x");
    }
    bench.gateway.run_once();
    assert_int_equal(bench.gateway.congestion.size(), 0);
    bench.send(PacketType::publish, 76, "full", 1, 0, "x");
    assert_true(bench.gateway.run_until([&] { return bench.gateway.congestion.size() == 1; }, 5000));
    assert_true(bench.gateway.congestion[0]);
    for (std::uint16_t i = 77; i <= 101; ++i) {
        bench.send(PacketType::publish, i, "full", 1, 0, "x");
    }
    assert_true(bench.answered(PacketType::puback, 101));
    assert_true(bench.answer(PacketType::puback, 101)->code >= 0x80);
    assert_int_equal(bench.gateway.answers.size(), 1);
    bench.broker.resume();
    assert_true(bench.gateway.run_until([&] { return bench.gateway.answers.size() == 101; }, 10000));
    assert_int_equal(bench.gateway.congestion.size(), 2);
    assert_false(bench.gateway.congestion[1]);
}

void stop_leaves_no_session_in_the_broker(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.up());
    assert_true(bench.subscribed(1, "a", 1));
    assert_true(bench.gateway.stop() >= 0);
    assert_int_equal(bench.session_present("dormouse-1"), 0);
}

/// FAULT-98. A loop that does not keep up makes the broker wait; it loses nothing, and memory stays bounded.
void a_slow_loop_holds_the_broker_back(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.up());
    assert_true(bench.subscribed(1, "fan/#", 1));
    constexpr std::size_t kMessages = 10000;
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < kMessages; ++i) {
        lines.push_back(std::to_string(i));
    }
    // The loop does not run meanwhile: the mailbox fills up.
    assert_true(test::broker_publish_lines(bench.broker, "fan/in", lines, 1));
    const std::uint64_t begin = uv_hrtime();
    assert_true(bench.gateway.run_until([&] { return bench.gateway.arrivals.size() == kMessages; }, 30000));
    std::printf("    10000 messages in %.0f ms\n", static_cast<double>(uv_hrtime() - begin) / 1e6);
    for (std::size_t i = 0; i < kMessages; ++i) {
        assert_string_equal(bench.gateway.arrivals[i].payload.c_str(), std::to_string(i).c_str());
    }
    assert_int_equal(bench.gateway.session->counters().arrivals_lost, 0);
    assert_int_equal(bench.gateway.session->counters().events_lost, 0);
}

}  // namespace

int main() {
    mqttsn::gateway::prepare_process_for_own_session();
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(messages_of_every_qos_arrive_for_a_subscription, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_publish_with_an_id_is_answered_once_and_the_others_never, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_retained_message_carries_the_identifier_of_the_subscribe, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(with_311_there_are_no_identifiers_and_all_else_works, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_an_earlier_process_subscribed_is_forgotten, set_up_with_relay,
                                        tear_down),
        cmocka_unit_test_setup_teardown(subscriptions_and_messages_outlive_a_lost_connection,
                                        set_up_with_relay, tear_down),
        {"subscriptions_and_messages_outlive_a_lost_connection_of_mqtt_311",
         subscriptions_and_messages_outlive_a_lost_connection, set_up_311_with_relay, tear_down, nullptr},
        cmocka_unit_test_setup_teardown(a_broker_that_forgot_the_session_is_told_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_session_that_began_behind_an_answer_that_was_lost_counts_as_new,
                                        set_up_with_relay, tear_down),
        cmocka_unit_test_setup_teardown(requests_on_their_way_when_the_connection_breaks_are_answered,
                                        set_up_with_relay, tear_down),
        {"requests_on_their_way_when_the_connection_breaks_are_answered_with_mqtt_311",
         requests_on_their_way_when_the_connection_breaks_are_answered, set_up_311_with_relay, tear_down,
         nullptr},
        cmocka_unit_test_setup_teardown(qos2_arrives_exactly_once_over_many_lost_connections, set_up_flaky,
                                        tear_down),
        {"qos2_arrives_exactly_once_over_many_lost_connections_of_mqtt_311",
         qos2_arrives_exactly_once_over_many_lost_connections, set_up_flaky_311, tear_down, nullptr},
        cmocka_unit_test_setup_teardown(qos2_comes_down_exactly_once_over_many_lost_connections, set_up_flaky,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_full_outbox_is_announced_and_then_refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stop_leaves_no_session_in_the_broker, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_slow_loop_holds_the_broker_back, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("own_session_shared", tests, nullptr, nullptr);
}
