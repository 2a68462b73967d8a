// SPDX-License-Identifier: BSD-3-Clause
//
// The engine `direct` against a scripted TCP server, second part: the write queue, all ways to end a link,
// which link is meant, and calls from callbacks. direct_engine_test.cpp has opening and reading.
#include "gateway/broker/direct_engine.hpp"
#include "support/cmocka.hpp"
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

// ---- writing ----

// FAULT-74
void a_server_that_does_not_read_congests_and_then_overflows(void** state) {
    Bench& bench = bench_of(state);
    bench.make_engine();
    assert_true(bench.establish(kLink));
    bench.peer().reading = false;
    const std::string payload(8000, 'x');
    for (int i = 0; i < 5000 && !bench.heard.has("closed"); ++i) {
        bench.send(kLink, publish("t", payload));
        bench.flush();
        uv_run(&bench.loop, UV_RUN_NOWAIT);
    }
    assert_true(
        bench.wait_for("closed 1.1 write_overflow: the broker does not read: the write queue is full"));
    assert_string_equal(bench.heard.events[1].c_str(), "congested 1.1");
    assert_int_equal(bench.heard.count("congested"), 1);
    assert_int_equal(bench.engine->counters().write_overflows, 1);
}

void a_server_that_reads_again_ends_the_congestion_and_gets_all(void** state) {
    Bench& bench = bench_of(state);
    bench.make_engine();
    assert_true(bench.establish(kLink));
    bench.peer().reading = false;
    const std::string payload(8000, 'x');
    std::size_t sent = 0;
    while (sent < 5000 && !bench.heard.has("congested")) {
        bench.send(kLink, publish("t", payload));
        bench.flush();
        uv_run(&bench.loop, UV_RUN_NOWAIT);
        ++sent;
    }
    assert_true(bench.heard.has("congested 1.1"));
    bench.run_ms(20);
    assert_false(bench.heard.has("flowing"));
    bench.peer().reading = true;
    const std::size_t octets = sent * encoded(publish("t", payload)).size();
    assert_true(bench.wait_for_octets(0, Bench::kConnectOctets + octets));
    assert_true(bench.wait_for("flowing 1.1"));
    assert_int_equal(bench.server.peers[0]->received.size(), Bench::kConnectOctets + octets);
    assert_int_equal(bench.engine->counters().octets_out, Bench::kConnectOctets + octets);
    assert_false(bench.heard.has("closed"));
}

void a_batch_larger_than_the_queue_is_no_overflow_while_the_server_reads(void** state) {
    Bench& bench = bench_of(state);
    bench.options.write_queue_max = 100000;
    bench.make_engine();
    assert_true(bench.establish(kLink));
    bench.send(kLink, publish("t", std::string(150000, 'x')));  // alone it passes
    assert_true(bench.wait_for_octets(0, 150000));
    for (int i = 0; i < 20; ++i) {  // 160 000 octets without a flush between
        bench.send(kLink, publish("t", std::string(8000, 'x')));
    }
    bench.flush();
    assert_true(bench.wait_for_octets(0, 310000));
    assert_false(bench.heard.has("closed"));
}

void packets_that_mqtt_cannot_say_are_dropped_and_counted(void** state) {
    Bench& bench = bench_of(state);
    bench.make_engine();
    assert_true(bench.establish(kLink));
    bench.send(kLink, publish("t", "x", 1, 0));
    bench.send(kLink, with_id(PacketType::pingreq, 0));
    bench.flush();
    assert_true(bench.wait_for_octets(0, Bench::kConnectOctets + 2));
    assert_received(bench.peer(), std::string(kConnect) + "C0 00");
    assert_int_equal(bench.engine->counters().unencodable, 1);
}

// FAULT-105
void writing_to_a_reset_connection_ends_it_without_a_signal(void** state) {
    Bench& bench = bench_of(state);
    bench.make_engine();
    assert_true(bench.establish(kLink));
    bench.peer().reset();
    for (int i = 0; i < 3; ++i) {  // before the loop has seen the reset
        bench.send(kLink, publish("t", "x"));
        bench.flush();
    }
    assert_true(bench.wait_for("closed 1.1 closed_by_peer"));
}

// ---- closing ----

void close_with_disconnect_sends_it_behind_queued_data(void** state) {
    Bench& bench = bench_of(state);
    bench.make_engine();
    assert_true(bench.establish(kLink));
    bench.send(kLink, publish("a", "1"));
    bench.send(kLink, publish("a", "2"));  // no flush
    bench.close(kLink, true);
    bench.send(kLink, publish("a", "3"));  // too late
    assert_true(bench.run_until([&] { return bench.peer().ended; }));
    assert_received(bench.peer(), std::string(kConnect) + "30 04 00 01 61 31 30 04 00 01 61 32 E0 00");
    assert_false(bench.heard.has("closed"));
    bench.peer().send(hex("D0 00"));  // nobody wants it any more
    bench.peer().close();
    assert_true(bench.wait_for("closed 1.1 requested"));
    assert_int_equal(bench.heard.packets.size(), 0);
    assert_int_equal(bench.engine->counters().ignored_calls, 1);
}

void close_with_disconnect_waits_for_a_congested_server(void** state) {
    Bench& bench = bench_of(state);
    bench.make_engine();
    assert_true(bench.establish(kLink));
    bench.peer().reading = false;
    while (!bench.heard.has("congested")) {
        bench.send(kLink, publish("t", std::string(8000, 'x')));
        bench.flush();
        uv_run(&bench.loop, UV_RUN_NOWAIT);
    }
    bench.close(kLink, true);
    bench.run_ms(20);
    bench.peer().reading = true;
    assert_true(bench.run_until([&] { return bench.peer().ended; }));
    const Octets& received = bench.peer().received;
    assert_int_equal(received[received.size() - 2], 0xE0);
    assert_int_equal(received[received.size() - 1], 0x00);
}

void close_with_disconnect_waits_no_longer_than_the_limit(void** state) {
    Bench& bench = bench_of(state);
    bench.options.drain_ms = 150;
    bench.make_engine();
    assert_true(bench.establish(kLink));
    const std::uint64_t start = uv_hrtime();
    bench.close(kLink, true);
    assert_true(bench.wait_for("closed 1.1 requested: the broker did not close its side"));
    const std::uint64_t waited_ms = (uv_hrtime() - start) / 1000000U;
    assert_in_range(waited_ms, 140, 3000);
}

void close_without_disconnect_sends_none_and_drops_what_is_queued(void** state) {
    Bench& bench = bench_of(state);
    bench.make_engine();
    assert_true(bench.establish(kLink));
    bench.send(kLink, publish("a", "1"));
    bench.close(kLink, false);
    assert_true(bench.run_until([&] { return bench.peer().ended; }));
    assert_received(bench.peer(), kConnect);
    assert_true(bench.wait_for("closed 1.1 requested"));
}

void close_hurries_a_link_that_waits_for_its_peer(void** state) {
    Bench& bench = bench_of(state);
    bench.options.drain_ms = 60000;
    bench.make_engine();
    assert_true(bench.establish(kLink));
    bench.close(kLink, true);
    assert_true(bench.run_until([&] { return bench.peer().ended; }));
    bench.close(kLink, false);
    assert_true(bench.wait_for("closed 1.1 requested"));
}

void close_while_connecting_is_answered(void** state) {
    Bench& bench = bench_of(state);
    bench.make_engine();
    bench.open(LinkId{1, 1});
    bench.close(LinkId{1, 1}, false);  // before the loop has done anything
    bench.open(LinkId{2, 1});
    bench.close(LinkId{2, 1}, true);
    bench.open(LinkId{3, 1});
    uv_run(&bench.loop, UV_RUN_NOWAIT);  // TCP is on its way
    bench.close(LinkId{3, 1}, true);
    for (const char* event : {"closed 1.1 requested", "closed 2.1 requested", "closed 3.1 requested"}) {
        assert_true(bench.wait_for(event));
    }
    assert_int_equal(bench.heard.events.size(), 3);
}

void close_with_disconnect_before_connack_keeps_the_will_from_going_out(void** state) {
    Bench& bench = bench_of(state);
    bench.make_engine();
    bench.open(kLink);
    assert_true(bench.wait_for_octets(0, Bench::kConnectOctets));
    bench.close(kLink, true);
    assert_true(bench.run_until([&] { return bench.peer().ended; }));
    assert_received(bench.peer(), std::string(kConnect) + "E0 00");
    bench.peer().send(hex("20 02 00 00"));
    bench.peer().close();
    assert_true(bench.wait_for("closed 1.1 requested"));
    assert_false(bench.heard.has("opened"));
}

void a_peer_that_closes_or_resets_is_told_apart_from_us(void** state) {
    Bench& bench = bench_of(state);
    bench.make_engine();
    assert_true(bench.establish(LinkId{1, 1}));
    bench.peer().send(hex("40 02 00 01"));
    bench.peer().close();
    assert_true(bench.wait_for("closed 1.1 closed_by_peer: the broker closed the connection"));
    assert_int_equal(bench.heard.packets.size(), 1);  // what it said before is told before
    assert_true(bench.establish(LinkId{1, 2}));
    bench.peer().reset();
    assert_true(bench.wait_for("closed 1.2 closed_by_peer: connection reset by peer"));
}

// ---- identity and callbacks ----

void stale_and_unknown_link_ids_are_ignored(void** state) {
    Bench& bench = bench_of(state);
    bench.make_engine();
    assert_true(bench.establish(LinkId{5, 2}));
    for (const LinkId other :
         {LinkId{5, 1}, LinkId{5, 3}, LinkId{4, 2}, LinkId{99999, 1}, mqttsn::gateway::kOwnLink}) {
        bench.send(other, publish("t", "x"));
        bench.close(other, false);
        bench.close(other, true);
    }
    bench.flush();
    bench.run_ms(20);
    assert_received(bench.peer(), kConnect);
    assert_int_equal(bench.heard.events.size(), 1);
    assert_int_equal(bench.engine->counters().ignored_calls, 15);
}

void a_slot_can_be_used_again_before_its_old_link_has_ended(void** state) {
    Bench& bench = bench_of(state);
    bench.make_engine();
    assert_true(bench.establish(LinkId{5, 1}));
    Peer& old = bench.peer();
    bench.close(LinkId{5, 1}, true);
    assert_true(bench.establish(LinkId{5, 2}));
    bench.send(LinkId{5, 1}, publish("t", "old"));
    bench.send(LinkId{5, 2}, publish("t", "new"));
    bench.flush();
    assert_true(bench.wait_for_octets(1, Bench::kConnectOctets + 8));
    old.close();
    assert_true(bench.wait_for("closed 5.1 requested"));
    assert_received(old, std::string(kConnect) + "E0 00");
    bench.open(LinkId{5, 3});  // without a close before
    assert_true(bench.wait_for("closed 5.2 requested: its slot is used again"));
    assert_int_equal(bench.engine->link_count(), 1);
}

void listener_may_call_the_engine_from_each_callback(void** state) {
    Bench& bench = bench_of(state);
    bench.make_engine();
    bench.heard.then_opened = [&](LinkId link) {
        bench.engine->send(link, with_id(PacketType::pingreq, 0));
        bench.engine->flush();
    };
    bench.heard.then_packet = [&](LinkId link) { bench.engine->close(link, false); };
    bench.heard.then_closed = [&](LinkId link) {
        if (link.generation < 5) {
            bench.engine->open(LinkId{link.slot, link.generation + 1}, mqtt::Connect{});
        }
    };
    bench.server.greeting = hex("20 02 00 00 D0 00 D0 00");  // the second PINGRESP comes to a closed link
    bench.open(kLink);
    assert_true(bench.wait_for("closed 1.5 requested"));
    assert_int_equal(bench.heard.packets.size(), 5);
    assert_int_equal(bench.heard.count("opened"), 5);
    assert_int_equal(bench.heard.count("closed"), 5);
    assert_int_equal(bench.server.peers.size(), 5);
}

void shutdown_is_silent_in_every_state_and_leaves_no_handle(void** state) {
    Bench& bench = bench_of(state);
    bench.options.connects_max = 4;
    bench.make_engine();
    assert_true(bench.establish(LinkId{1, 1}));  // open
    assert_true(bench.establish(LinkId{2, 1}));  // open, with octets that cannot leave
    bench.peer().reading = false;
    while (!bench.heard.has("congested")) {
        bench.send(LinkId{2, 1}, publish("t", std::string(8000, 'x')));
        bench.flush();
        uv_run(&bench.loop, UV_RUN_NOWAIT);
    }
    assert_true(bench.establish(LinkId{3, 1}));
    bench.close(LinkId{3, 1}, true);  // draining
    bench.open(LinkId{4, 1});
    assert_true(bench.wait_for_octets(3, Bench::kConnectOctets));  // greeting
    assert_true(bench.establish(LinkId{5, 1}));
    bench.close(LinkId{5, 1}, false);  // ended, not told yet
    for (std::uint32_t slot = 6; slot < 12; ++slot) {
        bench.open(LinkId{slot, 1});
    }
    uv_run(&bench.loop, UV_RUN_NOWAIT);  // some are connecting, some wait
    bench.open(LinkId{12, 1});
    bench.close(LinkId{12, 1}, false);  // ended without ever having had a handle
    const std::size_t told = bench.heard.events.size();
    bench.engine->shutdown();
    bench.engine->shutdown();
    bench.open(LinkId{13, 1});
    bench.send(LinkId{1, 1}, publish("t", "x"));
    bench.close(LinkId{1, 1}, true);
    bench.flush();
    assert_int_equal(bench.finish(), 0);
    assert_int_equal(bench.heard.events.size(), told);
    uv_loop_init(&bench.loop);  // for the tear-down
}

void shutdown_from_a_callback_is_the_last_thing_heard(void** state) {
    Bench& bench = bench_of(state);
    bench.make_engine();
    bench.heard.then_packet = [&](LinkId) { bench.engine->shutdown(); };
    bench.server.greeting = hex("20 02 00 00 D0 00 D0 00 D0 00");
    bench.open(LinkId{1, 1});
    bench.open(LinkId{2, 1});
    assert_true(bench.wait_for_packets(1));
    bench.run_ms(20);
    assert_int_equal(bench.heard.packets.size(), 1);
    assert_false(bench.heard.has("closed"));
}

}  // namespace

#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, make_bench, end_bench)

int main() {
    const CMUnitTest tests[] = {
        BENCH_TEST(a_server_that_does_not_read_congests_and_then_overflows),
        BENCH_TEST(a_server_that_reads_again_ends_the_congestion_and_gets_all),
        BENCH_TEST(a_batch_larger_than_the_queue_is_no_overflow_while_the_server_reads),
        BENCH_TEST(packets_that_mqtt_cannot_say_are_dropped_and_counted),
        BENCH_TEST(writing_to_a_reset_connection_ends_it_without_a_signal),
        BENCH_TEST(close_with_disconnect_sends_it_behind_queued_data),
        BENCH_TEST(close_with_disconnect_waits_for_a_congested_server),
        BENCH_TEST(close_with_disconnect_waits_no_longer_than_the_limit),
        BENCH_TEST(close_without_disconnect_sends_none_and_drops_what_is_queued),
        BENCH_TEST(close_hurries_a_link_that_waits_for_its_peer),
        BENCH_TEST(close_while_connecting_is_answered),
        BENCH_TEST(close_with_disconnect_before_connack_keeps_the_will_from_going_out),
        BENCH_TEST(a_peer_that_closes_or_resets_is_told_apart_from_us),
        BENCH_TEST(stale_and_unknown_link_ids_are_ignored),
        BENCH_TEST(a_slot_can_be_used_again_before_its_old_link_has_ended),
        BENCH_TEST(listener_may_call_the_engine_from_each_callback),
        BENCH_TEST(shutdown_is_silent_in_every_state_and_leaves_no_handle),
        BENCH_TEST(shutdown_from_a_callback_is_the_last_thing_heard),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
