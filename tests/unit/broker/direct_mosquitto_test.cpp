// SPDX-License-Identifier: BSD-3-Clause
//
// The engine `direct` with a real mosquitto on loopback, plain TCP.
#include "gateway/broker/direct_engine.hpp"
#include "support/cmocka.hpp"
#include "support/mosquitto.hpp"
#include "unit/broker/direct_bench.hpp"

using namespace test;
using mqtt::PacketType;

namespace {

Mosquitto* g_broker = nullptr;
Mosquitto* g_strict = nullptr;  // wants a password

int start_brokers(void** /*state*/) {
    g_broker = new Mosquitto;
    g_strict = new Mosquitto;
    g_strict->options.users = {{"meter", "secret"}};
    return g_broker->start() && g_strict->start() ? 0 : -1;
}

int stop_brokers(void** /*state*/) {
    delete g_broker;
    delete g_strict;
    return 0;
}

int make_broker_bench(void** state) {
    if (!g_broker->start()) {  // a test may have killed it
        return -1;
    }
    auto* bench = new Bench;
    bench->options.url.port = g_broker->port();
    *state = bench;
    return bench->make_engine().empty() ? 0 : -1;
}

int make_strict_bench(void** state) {
    auto* bench = new Bench;
    bench->options.url.port = g_strict->port();
    *state = bench;
    return bench->make_engine().empty() ? 0 : -1;
}

Bench& bench_of(void** state) {
    return *static_cast<Bench*>(*state);
}

void open_link(Bench& bench, LinkId link, std::string_view client_id, bool clean = true) {
    bench.open(link, client_id, clean);
    assert_true(bench.wait_for("opened " + Recorder::name(link)));
}

void send_now(Bench& bench, LinkId link, const mqtt::Packet& packet) {
    bench.send(link, packet);
    bench.flush();
}

/// The next packet, which must be of this type and link; it is taken from the list.
Heard expect(Bench& bench, LinkId link, PacketType type) {
    assert_true(bench.wait_for_packets(1));
    Heard heard = bench.heard.packets.front();
    bench.heard.packets.erase(bench.heard.packets.begin());
    assert_int_equal(heard.packet.type, type);
    assert_true(heard.link == link);
    return heard;
}

void subscribe(Bench& bench, LinkId link, std::string_view filter, std::uint8_t qos) {
    send_now(bench, link, with_id(PacketType::subscribe, 900, filter, qos));
    const Heard granted = expect(bench, link, PacketType::suback);
    assert_int_equal(granted.packet.packet_id, 900);
    assert_int_equal(granted.packet.code, qos);
}

void qos0_publish_goes_both_ways(void** state) {
    Bench& bench = bench_of(state);
    const LinkId link{1, 1};
    open_link(bench, link, "q0");
    subscribe(bench, link, "q0/+", 0);
    const std::string all_octets = [] {
        std::string text(256, '\0');
        for (std::size_t i = 0; i < text.size(); ++i) {
            text[i] = static_cast<char>(i);
        }
        return text;
    }();
    send_now(bench, link, publish("q0/t", all_octets));
    const Heard heard = expect(bench, link, PacketType::publish);
    assert_string_equal(heard.topic.c_str(), "q0/t");
    assert_true(heard.payload == all_octets);
    assert_int_equal(heard.packet.qos, 0);
    assert_false(heard.packet.retain);
}

void qos1_publish_is_acknowledged_under_its_own_id_both_ways(void** state) {
    Bench& bench = bench_of(state);
    const LinkId from{1, 1};
    const LinkId to{2, 1};
    open_link(bench, from, "q1-from");
    open_link(bench, to, "q1-to");
    subscribe(bench, to, "q1/#", 1);
    send_now(bench, from, publish("q1/t", "one", 1, 0xBEEF));
    assert_true(bench.wait_for_packets(2));
    if (bench.heard.packets[0].link == to) {
        std::swap(bench.heard.packets[0], bench.heard.packets[1]);
    }
    assert_int_equal(expect(bench, from, PacketType::puback).packet.packet_id, 0xBEEF);
    const Heard heard = expect(bench, to, PacketType::publish);
    assert_int_equal(heard.packet.qos, 1);
    assert_int_not_equal(heard.packet.packet_id, 0);
    send_now(bench, to, with_id(PacketType::puback, heard.packet.packet_id));
    // Acknowledged means that it does not come again.
    bench.close(to, true);
    assert_true(bench.wait_for("closed 2.1 requested"));
}

void qos2_publish_passes_its_four_steps_both_ways(void** state) {
    Bench& bench = bench_of(state);
    const LinkId from{1, 1};
    const LinkId to{2, 1};
    open_link(bench, from, "q2-from");
    open_link(bench, to, "q2-to");
    subscribe(bench, to, "q2/t", 2);
    send_now(bench, from, publish("q2/t", "two", 2, 0x1234));
    assert_int_equal(expect(bench, from, PacketType::pubrec).packet.packet_id, 0x1234);
    send_now(bench, from, with_id(PacketType::pubrel, 0x1234));
    assert_true(bench.wait_for_packets(2));
    if (bench.heard.packets[0].link == to) {
        std::swap(bench.heard.packets[0], bench.heard.packets[1]);
    }
    assert_int_equal(expect(bench, from, PacketType::pubcomp).packet.packet_id, 0x1234);
    const Heard heard = expect(bench, to, PacketType::publish);
    assert_int_equal(heard.packet.qos, 2);
    assert_string_equal(heard.payload.c_str(), "two");
    send_now(bench, to, with_id(PacketType::pubrec, heard.packet.packet_id));
    assert_int_equal(expect(bench, to, PacketType::pubrel).packet.packet_id, heard.packet.packet_id);
    send_now(bench, to, with_id(PacketType::pubcomp, heard.packet.packet_id));
    send_now(bench, to, with_id(PacketType::pingreq, 0));
    expect(bench, to, PacketType::pingresp);
}

void unacknowledged_message_comes_again_with_dup_and_the_same_id(void** state) {
    Bench& bench = bench_of(state);
    const LinkId from{1, 1};
    open_link(bench, from, "dup-from");
    open_link(bench, LinkId{2, 1}, "dup-to", false);
    subscribe(bench, LinkId{2, 1}, "dup/t", 1);
    send_now(bench, from, publish("dup/t", "x", 1, 1));
    assert_true(bench.wait_for_packets(2));
    bench.heard.packets.erase(std::remove_if(bench.heard.packets.begin(), bench.heard.packets.end(),
                                             [&](const Heard& heard) { return heard.link == from; }),
                              bench.heard.packets.end());
    const Heard first = expect(bench, LinkId{2, 1}, PacketType::publish);
    assert_false(first.packet.dup);
    bench.close(LinkId{2, 1}, false);
    assert_true(bench.wait_for("closed 2.1"));
    bench.open(LinkId{2, 2}, "dup-to", false);
    assert_true(bench.wait_for("opened 2.2 with session"));
    const Heard again = expect(bench, LinkId{2, 2}, PacketType::publish);
    assert_true(again.packet.dup);
    assert_int_equal(again.packet.packet_id, first.packet.packet_id);
    // Leave nothing behind for the next run of this test.
    bench.close(LinkId{2, 2}, false);
    bench.open(LinkId{2, 3}, "dup-to", true);
    assert_true(bench.wait_for("opened 2.3"));
}

void retained_message_comes_with_the_flag(void** state) {
    Bench& bench = bench_of(state);
    const LinkId link{1, 1};
    open_link(bench, link, "retained");
    mqtt::Packet retained = publish("kept/t", "old", 1, 1);
    retained.retain = true;
    send_now(bench, link, retained);
    expect(bench, link, PacketType::puback);
    send_now(bench, link, with_id(PacketType::subscribe, 2, "kept/#", 0));
    expect(bench, link, PacketType::suback);
    const Heard heard = expect(bench, link, PacketType::publish);
    assert_true(heard.packet.retain);
    assert_string_equal(heard.payload.c_str(), "old");
    send_now(bench, link, with_id(PacketType::unsubscribe, 3, "kept/#"));
    assert_int_equal(expect(bench, link, PacketType::unsuback).packet.packet_id, 3);
}

void session_present_is_told(void** state) {
    Bench& bench = bench_of(state);
    const LinkId first{1, 1};
    open_link(bench, first, "present", false);
    assert_false(bench.heard.has("opened 1.1 with session"));
    bench.close(first, true);
    assert_true(bench.wait_for("closed 1.1 requested"));
    open_link(bench, LinkId{1, 2}, "present", false);
    assert_true(bench.heard.has("opened 1.2 with session"));
    bench.close(LinkId{1, 2}, true);
    assert_true(bench.wait_for("closed 1.2 requested"));
    open_link(bench, LinkId{1, 3}, "present", true);
    assert_false(bench.heard.has("opened 1.3 with session"));
}

void will_is_published_only_without_disconnect(void** state) {
    Bench& bench = bench_of(state);
    const LinkId watcher{1, 1};
    open_link(bench, watcher, "watcher");
    subscribe(bench, watcher, "will/#", 1);
    mqtt::Connect connect;
    connect.client_id = view("mortal");
    connect.has_will = true;
    connect.will = mqtt::Will{view("will/t"), view("gone"), 1, false};
    bench.open(LinkId{2, 1}, connect);
    assert_true(bench.wait_for("opened 2.1"));
    bench.close(LinkId{2, 1}, true);
    assert_true(bench.wait_for("closed 2.1 requested"));
    bench.open(LinkId{2, 2}, connect);
    assert_true(bench.wait_for("opened 2.2"));
    assert_int_equal(bench.heard.packets.size(), 0);
    bench.close(LinkId{2, 2}, false);
    const Heard will = expect(bench, watcher, PacketType::publish);
    assert_string_equal(will.payload.c_str(), "gone");
    send_now(bench, watcher, with_id(PacketType::puback, will.packet.packet_id));
}

void close_with_disconnect_loses_no_queued_message(void** state) {
    Bench& bench = bench_of(state);
    const LinkId watcher{1, 1};
    open_link(bench, watcher, "flush-watcher");
    subscribe(bench, watcher, "flush/t", 0);
    open_link(bench, LinkId{2, 1}, "flush-sender");
    for (int i = 0; i < 200; ++i) {
        bench.send(LinkId{2, 1}, publish("flush/t", std::to_string(i)));
    }
    bench.close(LinkId{2, 1}, true);
    assert_true(bench.wait_for("closed 2.1 requested"));
    assert_true(bench.wait_for_packets(200));
    assert_string_equal(bench.heard.packets[199].payload.c_str(), "199");
}

void wrong_credentials_are_refused_and_right_ones_are_not(void** state) {
    Bench& bench = bench_of(state);
    bench.open(LinkId{1, 1}, "anonymous");
    assert_true(bench.wait_for("refused 1.1 5"));
    mqtt::Connect connect;
    connect.client_id = view("meter");
    connect.has_username = connect.has_password = true;
    connect.username = view("meter");
    connect.password = view("wrong");
    bench.open(LinkId{1, 2}, connect);
    assert_true(bench.wait_for("refused 1.2 5"));
    connect.password = view("secret");
    bench.open(LinkId{1, 3}, connect);
    assert_true(bench.wait_for("opened 1.3"));
    assert_int_equal(bench.heard.events.size(), 3);
}

void a_killed_broker_closes_every_link_and_can_come_back(void** state) {
    Bench& bench = bench_of(state);
    open_link(bench, LinkId{1, 1}, "k1");
    open_link(bench, LinkId{2, 1}, "k2");
    g_broker->kill();
    assert_true(bench.wait_for("closed 1.1 closed_by_peer"));
    assert_true(bench.wait_for("closed 2.1 closed_by_peer"));
    bench.open(LinkId{1, 2}, "k1");
    assert_true(bench.wait_for("closed 1.2 unreachable"));
    assert_true(g_broker->start());
    open_link(bench, LinkId{1, 3}, "k1");
}

void a_broker_that_stops_reading_does_not_stop_the_loop(void** state) {
    Bench& bench = bench_of(state);
    open_link(bench, LinkId{1, 1}, "paused");
    g_broker->pause();
    for (int i = 0; i < 5000 && !bench.heard.has("congested"); ++i) {
        bench.send(LinkId{1, 1}, publish("paused/t", std::string(8000, 'x')));
        bench.flush();
        uv_run(&bench.loop, UV_RUN_NOWAIT);
    }
    const bool congested = bench.heard.has("congested 1.1");
    g_broker->resume();
    assert_true(congested);
    assert_true(bench.wait_for("flowing 1.1"));
}

void three_hundred_links_open_and_close_properly(void** state) {
    Bench& bench = bench_of(state);
    constexpr std::uint32_t kCount = 300;
    for (std::uint32_t slot = 0; slot < kCount; ++slot) {
        bench.open(LinkId{slot, 1}, "many-" + std::to_string(slot));
    }
    assert_true(bench.wait_for("opened", kCount));
    for (std::uint32_t slot = 0; slot < kCount; ++slot) {
        bench.send(LinkId{slot, 1}, with_id(PacketType::pingreq, 0));
    }
    bench.flush();
    assert_true(bench.wait_for_packets(kCount));
    for (std::uint32_t slot = 0; slot < kCount; ++slot) {
        bench.close(LinkId{slot, 1}, true);
    }
    assert_true(bench.wait_for("closed", kCount));
    assert_int_equal(bench.heard.events.size(), 2 * kCount);
    assert_int_equal(bench.engine->link_count(), 0);
    assert_int_equal(bench.engine->counters().closed_on_request, kCount);
}

void a_large_message_goes_both_ways(void** state) {
    Bench& bench = bench_of(state);
    const LinkId link{1, 1};
    open_link(bench, link, "large");
    subscribe(bench, link, "large/t", 0);
    std::string payload(200000, ' ');
    for (std::size_t i = 0; i < payload.size(); ++i) {
        payload[i] = static_cast<char>(i * 7);
    }
    send_now(bench, link, publish("large/t", payload));
    assert_true(expect(bench, link, PacketType::publish).payload == payload);
}

}  // namespace

#define BROKER_TEST(name) cmocka_unit_test_setup_teardown(name, make_broker_bench, end_bench)

int main() {
    const CMUnitTest tests[] = {
        BROKER_TEST(qos0_publish_goes_both_ways),
        BROKER_TEST(qos1_publish_is_acknowledged_under_its_own_id_both_ways),
        BROKER_TEST(qos2_publish_passes_its_four_steps_both_ways),
        BROKER_TEST(unacknowledged_message_comes_again_with_dup_and_the_same_id),
        BROKER_TEST(retained_message_comes_with_the_flag),
        BROKER_TEST(session_present_is_told),
        BROKER_TEST(will_is_published_only_without_disconnect),
        BROKER_TEST(close_with_disconnect_loses_no_queued_message),
        cmocka_unit_test_setup_teardown(wrong_credentials_are_refused_and_right_ones_are_not,
                                        make_strict_bench, end_bench),
        BROKER_TEST(a_killed_broker_closes_every_link_and_can_come_back),
        BROKER_TEST(a_broker_that_stops_reading_does_not_stop_the_loop),
        BROKER_TEST(three_hundred_links_open_and_close_properly),
        BROKER_TEST(a_large_message_goes_both_ways),
    };
    return cmocka_run_group_tests(tests, start_brokers, stop_brokers);
}
