// SPDX-License-Identifier: BSD-3-Clause
//
// The engine `direct` against a TCP server that does what no broker would do: every octet, pause and reset is
// scripted. The end of each test checks that the loop can be closed, so that no handle was left behind.
#include "gateway/broker/direct_engine.hpp"

#include <sys/resource.h>

#include "support/cmocka.hpp"
#include "support/free_port.hpp"
#include "unit/broker/direct_bench.hpp"

using namespace test;
using mqtt::PacketType;

namespace {

constexpr LinkId kLink{1, 1};
constexpr const char* kConnect = "10 0D 00 04 4D 51 54 54 04 02 00 3C 00 01 63";

Bench& bench_of(void** state) {
    return *static_cast<Bench*>(*state);
}

void assert_received(const Peer& peer, const std::string& expected) {
    assert_string_equal(to_hex(view(peer.received)).c_str(), to_hex(view(hex(expected))).c_str());
}

Octets encoded(const mqtt::Packet& packet) {
    Octets out;
    assert_true(mqtt::encode_packet(packet, out));
    return out;
}

void append(Octets& out, const Octets& more) {
    out.insert(out.end(), more.begin(), more.end());
}

// ---- opening ----

void connect_goes_out_and_connack_opens_the_link(void** state) {
    Bench& bench = bench_of(state);
    assert_string_equal(bench.make_engine().c_str(), "");
    bench.open(kLink);
    assert_true(bench.wait_for_octets(0, Bench::kConnectOctets));
    assert_received(bench.peer(), kConnect);
    assert_true(bench.heard.events.empty());
    assert_true(bench.peer().send(hex("20 02 01 00")));
    assert_true(bench.wait_for("opened 1.1 with session"));
    assert_int_equal(bench.heard.events.size(), 1);
    assert_int_equal(bench.engine->counters().opened, 1);
}

// FAULT-75
void each_refusal_is_told_with_its_code_and_nothing_follows(void** state) {
    Bench& bench = bench_of(state);
    bench.make_engine();
    const std::uint8_t codes[] = {1, 2, 3, 4, 5, 200};
    std::uint32_t generation = 0;
    for (const std::uint8_t code : codes) {
        const LinkId link{3, ++generation};
        const std::size_t index = bench.server.peers.size();
        bench.open(link);
        assert_true(bench.wait_for_octets(index, Bench::kConnectOctets));
        assert_true(bench.peer().send({0x20, 2, 0, code}));
        assert_true(bench.wait_for("refused " + Recorder::name(link) + " " + std::to_string(code)));
        assert_true(bench.run_until([&] { return bench.peer().ended; }));
    }
    assert_int_equal(bench.heard.events.size(), sizeof codes);
    assert_int_equal(bench.engine->counters().refused, sizeof codes);
    assert_int_equal(bench.engine->link_count(), 0);
}

void packets_sent_before_connack_follow_connect(void** state) {
    Bench& bench = bench_of(state);
    bench.make_engine();
    bench.open(kLink);
    bench.send(kLink, with_id(PacketType::subscribe, 1, "a", 0));
    bench.flush();
    assert_true(bench.wait_for_octets(0, Bench::kConnectOctets + 8));
    assert_received(bench.peer(), std::string(kConnect) + "82 06 00 01 00 01 61 00");
}

void a_closed_port_is_unreachable_with_address_and_reason(void** state) {
    Bench& bench = bench_of(state);
    const std::uint16_t port = free_port();
    bench.options.url.port = port;
    bench.make_engine();
    bench.open(kLink);
    assert_true(
        bench.wait_for("closed 1.1 unreachable: 127.0.0.1:" + std::to_string(port) + ": connection refused"));
    assert_int_equal(bench.engine->counters().failed, 1);
}

void a_server_that_closes_before_connack_is_unreachable(void** state) {
    Bench& bench = bench_of(state);
    bench.make_engine();
    bench.open(kLink);
    assert_true(bench.wait_for_octets(0, Bench::kConnectOctets));
    bench.peer().close();
    assert_true(bench.wait_for("closed 1.1 unanswered: the broker closed the connection before CONNACK"));
    bench.open(LinkId{1, 2});
    assert_true(bench.wait_for_octets(1, Bench::kConnectOctets));
    bench.peer().reset();
    assert_true(bench.wait_for("closed 1.2 unanswered: connection reset by peer before CONNACK"));
}

// FAULT-96
void connects_beyond_the_limit_wait_in_order(void** state) {
    Bench& bench = bench_of(state);
    bench.options.connects_max = 2;
    bench.make_engine();
    for (std::uint32_t slot = 0; slot < 6; ++slot) {
        bench.open(LinkId{slot, 1}, std::string(1, static_cast<char>('a' + slot)));
    }
    bench.close(LinkId{3, 1}, false);  // one of those that wait
    assert_true(bench.wait_for("closed 3.1 requested"));
    bench.run_ms(50);
    assert_int_equal(bench.server.peers.size(), 2);
    assert_int_equal(bench.engine->waiting_count(), 3);
    bench.server.peers[1]->send(hex("20 02 00 00"));  // one opens,
    bench.server.peers[0]->close();                   // one fails: both make room
    assert_true(bench.wait_for_octets(3, Bench::kConnectOctets));
    assert_int_equal(bench.server.peers.size(), 4);
    std::string ids;
    for (const auto& peer : bench.server.peers) {
        ids += static_cast<char>(peer->received.back());
    }
    assert_true(ids == "abce" || ids == "bace" || ids == "abec" || ids == "baec");
    assert_int_equal(bench.engine->waiting_count(), 1);
}

// FAULT-88
void no_free_descriptor_is_unreachable_and_passes(void** state) {
    Bench& bench = bench_of(state);
    bench.make_engine();
    rlimit old{};
    getrlimit(RLIMIT_NOFILE, &old);
    const int next = ::dup(0);
    ::close(next);
    rlimit none = old;
    none.rlim_cur = static_cast<rlim_t>(next);
    setrlimit(RLIMIT_NOFILE, &none);
    for (std::uint32_t slot = 0; slot < 50; ++slot) {
        bench.open(LinkId{slot, 1});
    }
    const bool told = bench.run_until([&] { return bench.heard.events.size() == 50; });
    setrlimit(RLIMIT_NOFILE, &old);
    assert_true(told);
    assert_int_equal(bench.heard.count("closed"), 50);
    assert_true(bench.heard.has("closed 7.1 unreachable: 127.0.0.1:" + std::to_string(bench.server.port()) +
                                ": too many open files; raise the limit"));
    assert_true(bench.establish(LinkId{7, 2}));
}

void a_connect_that_mqtt_cannot_say_is_answered(void** state) {
    Bench& bench = bench_of(state);
    bench.options.slots_max = 10;
    bench.make_engine();
    mqtt::Connect connect;
    connect.has_password = true;  // without a user name
    bench.open(kLink, connect);
    bench.open(LinkId{10, 1});
    assert_true(bench.wait_for("closed 1.1 unreachable: this CONNECT cannot be said in MQTT 3.1.1"));
    assert_true(bench.wait_for("closed 10.1 unreachable: too many links"));
    assert_int_equal(bench.server.peers.size(), 0);
}

void websocket_urls_are_refused_with_advice(void** state) {
    Bench& bench = bench_of(state);
    bench.options.url.scheme = mqttsn::gateway::BrokerScheme::ws;
    assert_string_equal(
        bench.make_engine().c_str(),
        "the engine direct speaks mqtt:// and mqtts://; for ws:// and wss:// set broker.engine to "
        "\"paho\"");
    assert_null(bench.engine.get());
}

// ---- reading ----

void packets_that_come_octet_by_octet_are_whole(void** state) {
    Bench& bench = bench_of(state);
    bench.make_engine();
    bench.open(kLink);
    assert_true(bench.wait_for_octets(0, Bench::kConnectOctets));
    Octets stream = hex("20 02 00 00 90 03 00 01 02 D0 00");
    append(stream, encoded(publish("a/b", std::string(200, 'x'), 2, 5)));
    append(stream, hex("62 02 00 05"));
    for (const std::uint8_t octet : stream) {
        assert_true(bench.peer().send({octet}));
        for (int i = 0; i < 3; ++i) {
            uv_run(&bench.loop, UV_RUN_NOWAIT);
        }
    }
    assert_true(bench.wait_for_packets(4));
    assert_true(bench.heard.has("opened 1.1"));
    assert_int_equal(bench.heard.packets[0].packet.type, PacketType::suback);
    assert_int_equal(bench.heard.packets[0].packet.code, 2);
    assert_int_equal(bench.heard.packets[1].packet.type, PacketType::pingresp);
    assert_int_equal(bench.heard.packets[2].packet.packet_id, 5);
    assert_string_equal(bench.heard.packets[2].topic.c_str(), "a/b");
    assert_string_equal(bench.heard.packets[2].payload.c_str(), std::string(200, 'x').c_str());
    assert_int_equal(bench.heard.packets[3].packet.type, PacketType::pubrel);
}

void several_packets_in_one_segment_are_all_told(void** state) {
    Bench& bench = bench_of(state);
    bench.make_engine();
    bench.open(kLink);
    assert_true(bench.wait_for_octets(0, Bench::kConnectOctets));
    assert_true(bench.peer().send(hex("20 02 00 00 40 02 00 07 30 04 00 01 61 78 30 04")));
    assert_true(bench.wait_for_packets(2));
    assert_true(bench.peer().send(hex("00 01 61 79 D0 00")));
    assert_true(bench.wait_for_packets(4));
    assert_int_equal(bench.heard.packets[0].packet.packet_id, 7);
    assert_string_equal(bench.heard.packets[1].payload.c_str(), "x");
    assert_string_equal(bench.heard.packets[2].payload.c_str(), "y");
    assert_int_equal(bench.heard.packets[3].packet.type, PacketType::pingresp);
}

// FAULT-79
void malformed_packets_close_the_link_with_the_reason(void** state) {
    Bench& bench = bench_of(state);
    bench.make_engine();
    const struct {
        const char* octets;
        const char* reason;
    } rows[] = {{"30 80 80 80 80", "remaining length has more than 4 octets"},
                {"F0", "reserved packet type"},
                {"C0 00", "a packet that only a client sends"},
                {"36 05", "PUBLISH with QoS 3"},
                {"40 02 00 00", "packet id 0"},
                {"90 04 00 01 00 00", "wrong remaining length"},
                {"30 05 00 03 61 2F 23", "PUBLISH with a wildcard in the topic"},
                {"20 02 00 00", "a second CONNACK"}};
    std::uint32_t generation = 0;
    for (const auto& row : rows) {
        const LinkId link{1, ++generation};
        assert_true(bench.establish(link));
        assert_true(bench.peer().send(hex(std::string("D0 00") + row.octets + "D0 00")));
        assert_true(bench.wait_for("closed " + Recorder::name(link) + " protocol_error: " + row.reason));
        assert_true(bench.run_until([&] { return bench.peer().ended; }));
    }
    assert_int_equal(bench.heard.packets.size(),
                     generation);  // what came before was told, what came behind was not
    assert_int_equal(bench.engine->counters().protocol_errors, generation);
}

// FAULT-79
void a_packet_before_connack_is_a_protocol_error(void** state) {
    Bench& bench = bench_of(state);
    bench.make_engine();
    bench.open(kLink);
    assert_true(bench.wait_for_octets(0, Bench::kConnectOctets));
    assert_true(bench.peer().send(hex("D0 00 20 02 00 00")));
    assert_true(bench.wait_for("closed 1.1 protocol_error: a packet before CONNACK"));
    assert_int_equal(bench.heard.events.size(), 1);
}

// FAULT-79
void oversize_publish_is_skipped_reported_and_the_next_packet_is_whole(void** state) {
    Bench& bench = bench_of(state);
    bench.options.remaining_length_max = 1000;
    bench.make_engine();
    assert_true(bench.establish(kLink));
    Octets stream = encoded(publish("big", std::string(200000, '0'), 1, 77));
    append(stream, encoded(publish("fits", std::string(990, 'f'))));
    append(stream, encoded(publish("big", std::string(1000, '\x30'), 2, 78)));
    append(stream, hex("D0 00"));
    // Once in pieces that cut everywhere near the edges, and once as the kernel likes.
    for (std::size_t at = 0; at < stream.size();) {
        const bool edge = at < 30 || stream.size() - at < 2200;
        const std::size_t piece = std::min<std::size_t>(edge ? 1 : 1777, stream.size() - at);
        const auto from = stream.begin() + static_cast<std::ptrdiff_t>(at);
        assert_true(bench.peer().send(Octets(from, from + static_cast<std::ptrdiff_t>(piece))));
        uv_run(&bench.loop, UV_RUN_NOWAIT);
        at += piece;
    }
    assert_true(bench.wait_for_packets(4));
    assert_true(bench.peer().send(stream));
    assert_true(bench.wait_for_packets(8));
    for (const std::size_t first : {0U, 4U}) {
        const Heard* heard = &bench.heard.packets[first];
        assert_true(heard[0].packet.oversize && heard[0].packet.packet_id == 77 && heard[0].packet.qos == 1);
        assert_string_equal(heard[0].topic.c_str(), "big");
        assert_string_equal(heard[0].payload.c_str(), "");
        assert_false(heard[1].packet.oversize);
        assert_int_equal(heard[1].payload.size(), 990);
        assert_true(heard[2].packet.oversize && heard[2].packet.packet_id == 78);
        assert_int_equal(heard[3].packet.type, PacketType::pingresp);
    }
    assert_int_equal(bench.engine->counters().oversize_publishes, 4);
}

void a_flood_of_packets_arrives_in_order(void** state) {
    Bench& bench = bench_of(state);
    bench.make_engine();
    assert_true(bench.establish(kLink));
    constexpr int kCount = 5000;
    Octets stream;
    for (int i = 0; i < kCount; ++i) {
        append(stream, encoded(publish(
                           "t", std::to_string(i) + std::string(static_cast<std::size_t>(i % 300), '.'))));
    }
    for (std::size_t at = 0; at < stream.size();) {
        const std::size_t piece = std::min<std::size_t>(100000, stream.size() - at);
        const auto from = stream.begin() + static_cast<std::ptrdiff_t>(at);
        assert_true(bench.peer().send(Octets(from, from + static_cast<std::ptrdiff_t>(piece))));
        uv_run(&bench.loop, UV_RUN_NOWAIT);
        at += piece;
    }
    assert_true(bench.wait_for_packets(kCount));
    for (int i = 0; i < kCount; ++i) {
        assert_int_equal(std::atoi(bench.heard.packets[static_cast<std::size_t>(i)].payload.c_str()), i);
    }
}

}  // namespace

#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, make_bench, end_bench)

int main() {
    const CMUnitTest tests[] = {
        BENCH_TEST(connect_goes_out_and_connack_opens_the_link),
        BENCH_TEST(each_refusal_is_told_with_its_code_and_nothing_follows),
        BENCH_TEST(packets_sent_before_connack_follow_connect),
        BENCH_TEST(a_closed_port_is_unreachable_with_address_and_reason),
        BENCH_TEST(a_server_that_closes_before_connack_is_unreachable),
        BENCH_TEST(connects_beyond_the_limit_wait_in_order),
        BENCH_TEST(no_free_descriptor_is_unreachable_and_passes),
        BENCH_TEST(a_connect_that_mqtt_cannot_say_is_answered),
        BENCH_TEST(packets_that_come_octet_by_octet_are_whole),
        BENCH_TEST(several_packets_in_one_segment_are_all_told),
        BENCH_TEST(malformed_packets_close_the_link_with_the_reason),
        BENCH_TEST(a_packet_before_connack_is_a_protocol_error),
        BENCH_TEST(oversize_publish_is_skipped_reported_and_the_next_packet_is_whole),
        BENCH_TEST(a_flood_of_packets_arrives_in_order),
        BENCH_TEST(websocket_urls_are_refused_with_advice),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
