// SPDX-License-Identifier: BSD-3-Clause
//
// The engine `paho` with a real mosquitto on loopback: MQTT 3.1.1 and 5, plain, TLS, WebSocket.
#include "gateway/broker/paho_engine.hpp"

#include <memory>

#include "gateway/broker/own_session.hpp"
#include "paho_bench.hpp"
#include "support/certificates.hpp"
#include "support/cmocka.hpp"
#include "support/mosquitto_clients.hpp"

using namespace test;
using mqtt::PacketType;
using mqttsn::gateway::BrokerScheme;

namespace {

PahoBench& bench_of(void** state) {
    return *static_cast<PahoBench*>(*state);
}

int set_up(void** state) {
    auto* bench = new PahoBench;
    *state = bench;
    return bench->broker.start() ? 0 : -1;
}
int set_up_5(void** state) {
    const int result = set_up(state);
    bench_of(state).options.mqtt5 = true;
    return result;
}
int set_up_with_relay(void** state) {
    if (set_up(state) != 0) {
        return -1;
    }
    PahoBench& bench = bench_of(state);
    bench.relay = std::make_unique<TcpRelay>(bench.broker.port());
    return bench.relay->start() ? 0 : -1;
}
int set_up_with_relay_5(void** state) {
    const int result = set_up_with_relay(state);
    bench_of(state).options.mqtt5 = true;
    return result;
}
int set_up_with_password(void** state) {
    auto* bench = new PahoBench;
    *state = bench;
    bench->broker.options.users = {{"meter", "secret"}};
    return bench->broker.start() ? 0 : -1;
}
int tear_down(void** state) {
    const std::unique_ptr<PahoBench> bench(static_cast<PahoBench*>(*state));
    return bench->finish();
}

constexpr LinkId kLink{1, 1};

void packets_of_every_qos_go_both_ways(void** state) {
    PahoBench& bench = bench_of(state);
    assert_true(bench.start() && bench.witness.connect(bench.broker.port(), "up/#"));
    assert_true(bench.open(kLink, "meter"));
    assert_true(bench.heard.has("opened 1.1"));
    assert_true(bench.subscribe(kLink, "down/#", 2));
    Heard answer;
    bench.send(kLink, publish("up/0", "zero"));
    bench.send(kLink, publish("up/1", "one", 1, 11));
    assert_true(bench.next(PacketType::puback, answer));
    assert_int_equal(answer.packet.packet_id, 11);
    bench.send(kLink, publish("up/2", "two", 2, 65535));
    assert_true(bench.next(PacketType::pubrec, answer));
    assert_int_equal(answer.packet.packet_id, 65535);
    bench.send(kLink, with_id(PacketType::pubrel, 65535));
    assert_true(bench.next(PacketType::pubcomp, answer));
    assert_int_equal(answer.packet.packet_id, 65535);
    assert_true(bench.witness_sees("up/0", "zero") && bench.witness_sees("up/1", "one") &&
                bench.witness_sees("up/2", "two"));

    for (const int qos : {0, 1, 2}) {
        assert_true(broker_publish(bench.broker, "down/x", std::to_string(qos), qos));
        assert_true(bench.next(PacketType::publish, answer));
        assert_string_equal(answer.topic.c_str(), "down/x");
        assert_string_equal(answer.payload.c_str(), std::to_string(qos).c_str());
        assert_int_equal(answer.packet.qos, qos);
        assert_int_equal(answer.packet.packet_id != 0, qos > 0);
        const std::uint16_t id = answer.packet.packet_id;
        if (qos == 1) {
            bench.send(kLink, with_id(PacketType::puback, id));
        } else if (qos == 2) {
            bench.send(kLink, with_id(PacketType::pubrec, id));
            assert_true(bench.next(PacketType::pubrel, answer));
            assert_int_equal(answer.packet.packet_id, id);
            bench.send(kLink, with_id(PacketType::pubcomp, id));
        }
    }
    bench.send(kLink, with_id(PacketType::unsubscribe, 901, "down/#"));
    assert_true(bench.next(PacketType::unsuback, answer));
    bench.close(kLink, true);
    assert_true(bench.wait_for("closed 1.1 requested"));
    assert_true(bench.broker.wait_for_log("Received DISCONNECT from meter"));
    assert_int_equal(bench.engine->link_count(), 0);
}

/// D30: the device repeats while the broker has not answered; the broker gets it once.
void a_repeated_publish_of_an_open_exchange_is_sent_once(void** state) {
    PahoBench& bench = bench_of(state);
    assert_true(bench.start() && bench.witness.connect(bench.broker.port(), "up"));
    assert_true(bench.open(kLink, "meter"));
    mqtt::Packet packet = publish("up", "once", 2, 7);
    bench.send(kLink, packet);
    packet.dup = true;
    bench.send(kLink, packet);
    Heard answer;
    assert_true(bench.next(PacketType::pubrec, answer));
    bench.send(kLink, packet);  // PUBREC did not get through to the device
    assert_true(bench.next(PacketType::pubrec, answer));
    assert_int_equal(answer.packet.packet_id, 7);
    bench.send(kLink, with_id(PacketType::pubrel, 7));
    assert_true(bench.next(PacketType::pubcomp, answer));
    bench.send(kLink, with_id(PacketType::pubrel, 7));  // PUBCOMP neither
    assert_true(bench.next(PacketType::pubcomp, answer));
    packet.dup = false;
    bench.send(kLink, packet);  // and now a new one
    assert_true(bench.next(PacketType::pubrec, answer));
    assert_true(bench.run_until([&] { return bench.witnessed() == 2; }));
    assert_int_equal(bench.engine->counters().repeated_publishes, 2);
}

/// The barrier of a wake-up: its PINGRESP comes behind all that the broker sent before.
void pingresp_comes_behind_what_the_broker_had(void** state) {
    PahoBench& bench = bench_of(state);
    assert_true(bench.start() && bench.open(kLink, "meter") && bench.subscribe(kLink, "down", 1));
    for (int round = 0; round < 20; ++round) {
        assert_true(broker_publish(bench.broker, "down", std::to_string(round), 1));
        bench.send(kLink, with_id(PacketType::pingreq, 0));
        Heard first;
        Heard second;
        assert_true(bench.next(PacketType::publish, first));
        assert_string_equal(first.payload.c_str(), std::to_string(round).c_str());
        bench.send(kLink, with_id(PacketType::puback, first.packet.packet_id));
        assert_true(bench.next(PacketType::pingresp, second));
    }
}

/// Also when it waited behind the window until the core's last acknowledgement.
void pingresp_comes_behind_what_had_no_place_in_the_window(void** state) {
    PahoBench& bench = bench_of(state);
    bench.options.downlink.window = 2;
    assert_true(bench.start() && bench.open(kLink, "meter") && bench.subscribe(kLink, "down", 1));
    assert_true(broker_publish_lines(bench.broker, "down", {"a", "b", "c"}, 1));
    assert_true(bench.run_until([&] { return bench.heard.packets.size() == 2; }));
    bench.run_ms(100);  // c is here as well, behind the window
    Heard packet;
    assert_true(bench.next(PacketType::publish, packet));
    bench.send(kLink, with_id(PacketType::pingreq, 0));
    Mosquitto::sleep_ms(100);  // the answer has come before the loop turns again
    bench.send(kLink, with_id(PacketType::puback, packet.packet.packet_id));
    assert_true(bench.next(PacketType::publish, packet));
    assert_true(bench.next(PacketType::publish, packet));
    assert_string_equal(packet.payload.c_str(), "c");
    assert_true(bench.next(PacketType::pingresp, packet));
}

void what_cannot_be_read_waits_and_is_bounded(void** state) {
    PahoBench& bench = bench_of(state);
    bench.options.downlink.messages_max = 30;
    assert_true(bench.start() && bench.open(kLink, "meter") && bench.subscribe(kLink, "down", 0));
    bench.engine->set_reading(kLink, false);
    std::vector<std::string> lines;
    for (int i = 0; i < 50; ++i) {
        lines.push_back(std::to_string(i));
    }
    assert_true(broker_publish_lines(bench.broker, "down", lines, 0));
    assert_true(bench.run_until([&] { return bench.engine->counters().downlink_dropped == 20; }));
    assert_int_equal(bench.heard.packets.size(), 0);
    bench.engine->set_reading(kLink, true);
    assert_true(bench.run_until([&] { return bench.heard.packets.size() == 30; }));
    assert_string_equal(bench.heard.packets.front().payload.c_str(), "20");
    assert_string_equal(bench.heard.packets.back().payload.c_str(), "49");
}

/// What Paho has told the broker is ours to deliver: FAULT-73, FAULT-77.
void a_kept_session_gets_again_what_it_has_not_acknowledged(void** state) {
    PahoBench& bench = bench_of(state);
    assert_true(bench.start() && bench.open(kLink, "meter", false) && bench.subscribe(kLink, "down", 2));
    assert_true(broker_publish(bench.broker, "down", "first", 1));
    assert_true(broker_publish(bench.broker, "down", "second", 2));
    Heard first;
    Heard second;
    Heard packet;
    assert_true(bench.next(PacketType::publish, first) && bench.next(PacketType::publish, second));
    bench.send(kLink, with_id(PacketType::pubrec, second.packet.packet_id));
    assert_true(bench.next(PacketType::pubrel, packet));
    bench.relay->cut();
    assert_true(bench.wait_for("closed 1.1 closed_by_peer"));
    assert_true(broker_publish(bench.broker, "down", "third", 1));
    assert_true(bench.open({1, 2}, "meter", false));
    assert_true(bench.heard.has("opened 1.2 with session"));
    assert_true(bench.next(PacketType::publish, packet));
    assert_string_equal(packet.payload.c_str(), "first");
    assert_true(packet.packet.dup);
    assert_int_equal(packet.packet.packet_id, first.packet.packet_id);
    assert_true(bench.next(PacketType::pubrel, packet));
    assert_int_equal(packet.packet.packet_id, second.packet.packet_id);
    do {  // the broker may not have got Paho's PUBACK of the first, but the second is of QoS 2
        assert_true(bench.next(PacketType::publish, packet));
        assert_string_not_equal(packet.payload.c_str(), "second");
    } while (packet.payload == "first");
    assert_string_equal(packet.payload.c_str(), "third");
    // A clean session begins without them.
    bench.close({1, 2}, true);
    assert_true(bench.wait_for("closed 1.2") && bench.open({1, 3}, "meter"));
    bench.run_ms(200);
    assert_int_equal(bench.heard.packets.size(), 0);
}

void expect_will(PahoBench& bench, std::uint8_t qos) {
    assert_true(bench.start() && bench.witness.connect(bench.broker.port(), "will/#"));
    assert_true(bench.open_with_will(kLink, qos));
    bench.close(kLink, false);
    assert_true(bench.wait_for("closed 1.1 requested"));
    assert_true(bench.witness_sees("will/topic", "gone"));
    bench.run_ms(100);
    assert_int_equal(bench.witnessed(), 1);
}
// D25
template <std::uint8_t qos>
void close_without_disconnect_publishes_the_will(void** state) {
    expect_will(bench_of(state), qos);
}

void an_empty_retained_will_is_one(void** state) {
    PahoBench& bench = bench_of(state);
    assert_true(broker_publish(bench.broker, "will/topic", "kept", 1, true));
    assert_true(bench.start() && bench.open_with_will(kLink, 1, "", true));
    bench.close(kLink, false);
    assert_true(bench.wait_for("closed 1.1 requested"));
    assert_true(bench.witness.connect(bench.broker.port(), "will/#"));
    bench.run_ms(300);
    assert_int_equal(bench.witnessed(), 0);  // it has removed the retained message
}

void close_with_disconnect_publishes_no_will(void** state) {
    PahoBench& bench = bench_of(state);
    assert_true(bench.start() && bench.witness.connect(bench.broker.port(), "#"));
    assert_true(bench.open_with_will(kLink, 1));
    bench.send(kLink, publish("last/word", "before", 1, 5));
    bench.close(kLink, true);
    assert_true(bench.wait_for("closed 1.1 requested"));
    assert_true(bench.witness_sees("last/word", "before"));  // what was queued went first
    bench.run_ms(200);
    assert_int_equal(bench.witnessed(), 1);
}

void shutdown_lets_the_broker_publish_the_wills(void** state) {
    PahoBench& bench = bench_of(state);
    assert_true(bench.start() && bench.witness.connect(bench.broker.port(), "will/#"));
    assert_true(bench.open_with_will(kLink, 1));
    assert_true(bench.open({2, 1}, "other"));
    bench.engine->shutdown();
    uv_run(&bench.loop, UV_RUN_DEFAULT);
    assert_int_equal(bench.heard.count("closed"), 0);  // silent
    for (int i = 0; i < 500 && bench.witnessed() == 0; ++i) {
        Mosquitto::sleep_ms(10);
    }
    assert_int_equal(bench.witnessed(), 1);
}

void a_lost_connection_is_told(void** state) {
    PahoBench& bench = bench_of(state);
    assert_true(bench.start() && bench.open(kLink, "meter"));
    bench.relay->cut();
    assert_true(bench.wait_for("closed 1.1 closed_by_peer"));
    bench.send(kLink, publish("up", "late", 1, 1));  // ignored, no care needed
    bench.close(kLink, true);
    assert_int_equal(bench.engine->counters().ignored_calls, 2);
    assert_true(bench.open({1, 2}, "meter"));
    assert_true(bench.run_until([&] { return bench.engine->handle_count() == 1; }));
}

void an_unreachable_broker_and_a_refusal_are_told(void** state) {
    PahoBench& bench = bench_of(state);
    assert_true(bench.start());
    mqtt::Connect connect;
    connect.client_id = view("meter");
    connect.has_username = connect.has_password = true;
    connect.username = view("meter");
    connect.password = view("guess");
    bench.open({1, 1}, connect);
    assert_true(bench.wait_for(bench.options.mqtt5 ? "refused 1.1 5" : "refused 1.1 "));
    connect.password = view("secret");
    bench.open({1, 2}, connect);
    assert_true(bench.wait_for("opened 1.2"));
    bench.broker.kill();
    assert_true(bench.wait_for("closed 1.2 closed_by_peer"));
    bench.open({1, 3}, connect);
    assert_true(bench.wait_for("closed 1.3 unanswered: mqtt://"));
}

void links_beyond_the_limit_are_refused_and_disturb_nobody(void** state) {
    PahoBench& bench = bench_of(state);
    bench.options.links_max = 3;
    assert_true(bench.start());
    for (std::uint32_t i = 1; i <= 3; ++i) {
        assert_true(bench.open({i, 1}, "meter-" + std::to_string(i)));
    }
    mqtt::Connect connect;
    connect.client_id = view("meter-4");
    bench.open({4, 1}, connect);
    assert_true(bench.wait_for("refused 4.1 3"));
    assert_int_equal(bench.engine->counters().refused_full, 1);
    Heard answer;
    for (std::uint32_t i = 1; i <= 3; ++i) {
        bench.send({i, 1}, publish("up", "x", 1, 1));
        assert_true(bench.next(PacketType::puback, answer));
    }
    bench.close({2, 1}, true);
    assert_true(bench.wait_for("closed 2.1"));
    assert_true(bench.run_until([&] { return bench.engine->handle_count() == 2; }));
    assert_true(bench.open({4, 2}, "meter-4"));
}

void a_broker_that_does_not_read_brings_congestion_and_then_the_end(void** state) {
    PahoBench& bench = bench_of(state);
    assert_true(bench.start() && bench.open(kLink, "meter"));
    bench.broker.pause();
    const std::string large(10000, 'x');
    std::uint16_t id = 0;
    for (; id < 20 && !bench.heard.has("congested"); ++id) {
        bench.send(kLink, publish("up", large, 1, static_cast<std::uint16_t>(id + 1)));
        bench.run_ms(1);
    }
    assert_true(bench.heard.has("congested 1.1"));
    for (; id < 40; ++id) {
        bench.send(kLink, publish("up", large, 1, static_cast<std::uint16_t>(id + 1)));
    }
    assert_true(bench.wait_for("closed 1.1 write_overflow"));
    bench.broker.resume();
    assert_true(bench.open({1, 2}, "meter"));
}

void congestion_ends_when_the_broker_reads_again(void** state) {
    PahoBench& bench = bench_of(state);
    assert_true(bench.start() && bench.open(kLink, "meter"));
    bench.broker.pause();
    const std::string large(10000, 'x');
    for (std::uint16_t id = 1; id <= 20; ++id) {
        bench.send(kLink, publish("up", large, 1, id));
    }
    assert_true(bench.wait_for("congested 1.1"));
    bench.broker.resume();
    assert_true(bench.wait_for("flowing 1.1"));
    assert_true(bench.run_until([&] { return bench.heard.packets.size() == 20; }));
}

/// Paho 1.3.12 waits a second when its window is full; we never fill it.
void five_hundred_publishes_at_once_need_no_pause(void** state) {
    PahoBench& bench = bench_of(state);
    assert_true(bench.start() && bench.open(kLink, "meter"));
    const std::uint64_t begin = uv_hrtime();
    for (std::uint16_t id = 1; id <= 500; ++id) {
        bench.send(kLink, publish("up", "x", 1, id));
    }
    assert_true(bench.run_until([&] { return bench.heard.packets.size() == 500; }));
    assert_in_range((uv_hrtime() - begin) / 1000000U, 0, 10000);  // 25 s with the pauses
    for (std::uint16_t id = 1; id <= 500; ++id) {
        assert_int_equal(bench.heard.packets[id - 1U].packet.packet_id, id);
    }
}

void a_slot_that_is_used_again_ends_its_earlier_link(void** state) {
    PahoBench& bench = bench_of(state);
    assert_true(bench.start() && bench.open(kLink, "meter"));
    assert_true(bench.open({1, 2}, "other"));
    assert_true(bench.wait_for("closed 1.1 requested"));
    Heard answer;
    bench.send({1, 2}, publish("up", "x", 1, 1));
    assert_true(bench.next(PacketType::puback, answer));
    // And one that is closed before it is open.
    mqtt::Connect connect;
    connect.client_id = view("hasty");
    bench.open({3, 1}, connect);
    bench.close({3, 1}, false);
    assert_true(bench.wait_for("closed 3.1 requested"));
    assert_true(bench.run_until([&] { return bench.engine->handle_count() == 1; }));
}

void websocket_works(void** state) {
    PahoBench& bench = bench_of(state);
    assert_true(bench.bridge.start(bench.broker.port(), "/mqtt"));
    bench.options.url.scheme = BrokerScheme::ws;
    bench.options.url.port = bench.bridge.port();
    bench.options.url.path = "/mqtt";
    packets_of_every_qos_go_both_ways(state);
    assert_int_equal(bench.bridge.upgrades(), 1);
    assert_int_equal(bench.bridge.faults(), 0);
}

void websocket_over_tls_works_and_checks_the_certificate(void** state) {
    PahoBench& bench = bench_of(state);
    const std::string folder = bench.broker.folder();
    CertificateAuthority ours;
    CertificateAuthority other;
    assert_true(ours.create(folder + "/ca", "Dormouse test CA") &&
                other.create(folder + "/other", "Another CA") && ours.issue(folder + "/broker", {}));
    assert_true(
        bench.bridge.start(bench.broker.port(), "/mqtt", folder + "/broker.crt", folder + "/broker.key"));
    bench.options.url = {BrokerScheme::wss, "localhost", bench.bridge.port(), "/mqtt", false};
    bench.options.tls.ca_file = folder + "/ca.crt";
    packets_of_every_qos_go_both_ways(state);
    bench.engine->shutdown();
    uv_run(&bench.loop, UV_RUN_DEFAULT);
    bench.options.tls.ca_file = folder + "/other.crt";
    assert_true(bench.start());
    mqtt::Connect connect;
    connect.client_id = view("meter");
    bench.open({1, 2}, connect);
    assert_true(bench.wait_for("closed 1.2 unanswered: wss://localhost"));
    assert_true(bench.heard.events.back().find("certificate verify failed") != std::string::npos);
}

}  // namespace

#define PAHO_TEST(body) cmocka_unit_test_setup_teardown(body, set_up, tear_down)
#define PAHO_TEST_5(body) \
    { #body " (MQTT 5)", body, set_up_5, tear_down, nullptr }
#define PAHO_TEST_RELAY(body) cmocka_unit_test_setup_teardown(body, set_up_with_relay, tear_down)
#define PAHO_TEST_RELAY_5(body) \
    { #body " (MQTT 5)", body, set_up_with_relay_5, tear_down, nullptr }

int main() {
    mqttsn::gateway::prepare_process_for_own_session();
    const CMUnitTest tests[] = {
        PAHO_TEST(packets_of_every_qos_go_both_ways),
        PAHO_TEST_5(packets_of_every_qos_go_both_ways),
        PAHO_TEST(a_repeated_publish_of_an_open_exchange_is_sent_once),
        PAHO_TEST(pingresp_comes_behind_what_the_broker_had),
        PAHO_TEST_5(pingresp_comes_behind_what_the_broker_had),
        PAHO_TEST(pingresp_comes_behind_what_had_no_place_in_the_window),
        PAHO_TEST(what_cannot_be_read_waits_and_is_bounded),
        PAHO_TEST_RELAY(a_kept_session_gets_again_what_it_has_not_acknowledged),
        PAHO_TEST_RELAY_5(a_kept_session_gets_again_what_it_has_not_acknowledged),
        PAHO_TEST(close_without_disconnect_publishes_the_will<0>),
        PAHO_TEST(close_without_disconnect_publishes_the_will<1>),
        PAHO_TEST(close_without_disconnect_publishes_the_will<2>),
        PAHO_TEST_5(close_without_disconnect_publishes_the_will<2>),
        PAHO_TEST(an_empty_retained_will_is_one),
        PAHO_TEST_5(an_empty_retained_will_is_one),
        PAHO_TEST(close_with_disconnect_publishes_no_will),
        PAHO_TEST_5(close_with_disconnect_publishes_no_will),
        PAHO_TEST(shutdown_lets_the_broker_publish_the_wills),
        PAHO_TEST_5(shutdown_lets_the_broker_publish_the_wills),
        PAHO_TEST_RELAY(a_lost_connection_is_told),
        PAHO_TEST_RELAY_5(a_lost_connection_is_told),
        cmocka_unit_test_setup_teardown(an_unreachable_broker_and_a_refusal_are_told, set_up_with_password,
                                        tear_down),
        PAHO_TEST(links_beyond_the_limit_are_refused_and_disturb_nobody),
        PAHO_TEST(a_broker_that_does_not_read_brings_congestion_and_then_the_end),
        PAHO_TEST(congestion_ends_when_the_broker_reads_again),
        PAHO_TEST(five_hundred_publishes_at_once_need_no_pause),
        PAHO_TEST_5(five_hundred_publishes_at_once_need_no_pause),
        PAHO_TEST(a_slot_that_is_used_again_ends_its_earlier_link),
        PAHO_TEST(websocket_works),
        PAHO_TEST_5(websocket_works),
        PAHO_TEST(websocket_over_tls_works_and_checks_the_certificate),
    };
    return cmocka_run_group_tests_name("paho_engine", tests, nullptr, nullptr);
}
