// SPDX-License-Identifier: BSD-3-Clause
//
// The proxy on real sockets of the loopback interface.
#include "lossy/proxy.hpp"

#include <set>

#include "pcap_reader.hpp"
#include "proxy_world.hpp"

namespace {

using namespace mqttsn::lossy;
using namespace proxy_world;

void each_device_has_a_source_port_of_its_own_and_gets_its_own_answers(void** state) {
    World& world = world_of(state);
    world.start();
    Peer& first = world.device();
    Peer& second = world.device();
    const std::uint16_t first_port = world.pass(first, "one");
    const std::uint16_t second_port = world.pass(second, "two");
    assert_true(first_port != second_port);
    assert_int_equal(world.pass(first, "three"), first_port);
    world.answer(second_port, "to the second");
    world.answer(first_port, "to the first");
    assert_int_equal(first.received.size(), 1);
    assert_string_equal(first.received[0].first.c_str(), "to the first");
    assert_int_equal(first.received[0].second, world.proxy->port());
    assert_int_equal(second.received.size(), 1);
    assert_string_equal(second.received[0].first.c_str(), "to the second");
    const ProxyReport report = world.proxy->report();
    assert_int_equal(report.devices_seen, 2);
    assert_int_equal(report.links[0].datagrams, 3);
    assert_int_equal(report.links[0].octets, 11);
    assert_int_equal(report.links[0].delivered, 3);
    assert_int_equal(report.links[1].delivered, 2);
}

void ipv4_and_ipv6_devices_reach_a_gateway_on_ipv6(void** state) {
    World& world = world_of(state);
    world.start(true);
    Peer& ipv4 = world.device(AF_INET);
    Peer& ipv6 = world.device(AF_INET6);
    const std::uint16_t port4 = world.pass(ipv4, "four");
    const std::uint16_t port6 = world.pass(ipv6, "six");
    world.answer(port4, "answer 4");
    world.answer(port6, "answer 6");
    assert_string_equal(ipv4.received.at(0).first.c_str(), "answer 4");
    assert_string_equal(ipv6.received.at(0).first.c_str(), "answer 6");
}

void empty_and_longest_datagrams_pass_whole(void** state) {
    World& world = world_of(state);
    world.start();
    Peer& device = world.device();
    world.pass(device, "");
    const std::uint16_t port = world.pass(device, std::string(65507, 'x'));
    world.answer(port, "");
    world.answer(port, std::string(65507, 'y'));
    assert_int_equal(device.received.size(), 2);
    assert_int_equal(device.received[0].first.size(), 0);
    assert_true(device.received[1].first == std::string(65507, 'y'));
}

void only_the_gateway_answers(void** state) {
    World& world = world_of(state);
    world.start();
    Peer& device = world.device();
    const Peer& stranger = world.device();
    const std::uint16_t port = world.pass(device, "x");
    stranger.send(port, "forged");
    world.answer(port, "genuine");
    assert_int_equal(device.received.size(), 1);
    assert_string_equal(device.received[0].first.c_str(), "genuine");
}

void lost_and_doubled_datagrams_are_as_the_model_counts_them(void** state) {
    World& world = world_of(state);
    world.settings.link.up.loss = percent(30);
    world.settings.link.up.duplicate = percent(20);
    world.settings.link.up.reorder_by = Micros{0};
    world.settings.link.down.loss = kCertain;
    world.settings.seed = 5;
    world.start();
    Peer& device = world.device();
    constexpr std::uint64_t kSent = 500;
    for (std::uint64_t i = 0; i < kSent; ++i) {
        world.send(device, std::to_string(i));
        world.turn();
    }
    assert_true(world.until([&] { return world.proxy->report().links[0].datagrams == kSent; }));
    const LinkCounters up = world.proxy->report().links[0];
    assert_true(world.at_gateway(up.delivered));
    world.turn();
    assert_int_equal(world.gateway->received.size(), up.delivered);
    assert_int_equal(up.delivered, kSent - up.lost + up.duplicated);
    assert_in_range(up.lost, 100, 200);
    assert_in_range(up.duplicated, 30, 110);
    world.answer(world.gateway->received[0].second, "lost");
    assert_int_equal(device.received.size(), 0);
    assert_int_equal(world.proxy->report().links[1].lost, 1);
}

/// The payloads that reach the gateway, of 100 datagrams with half of them lost.
std::vector<std::string> survivors(World& world, std::uint64_t seed) {
    world.settings.link.up.loss = percent(50);
    world.settings.seed = seed;
    world.start();
    const Peer& device = world.device();
    for (int i = 0; i < 100; ++i) {
        world.send(device, std::to_string(i));
    }
    assert_true(world.until([&] { return world.proxy->report().links[0].datagrams == 100; }));
    assert_true(world.at_gateway(world.proxy->report().links[0].delivered));
    std::vector<std::string> all;
    for (const auto& [octets, port] : world.gateway->received) {
        all.push_back(octets);
    }
    world.proxy->close();
    uv_run(&world.loop, UV_RUN_DEFAULT);
    world.proxy.reset();
    return all;
}

void the_same_seed_loses_the_same_datagrams(void** state) {
    World& world = world_of(state);
    const std::vector<std::string> first = survivors(world, 3);
    assert_true(first == survivors(world, 3));
    assert_true(first != survivors(world, 4));
}

void delayed_datagrams_keep_their_order_and_come_when_it_is_time(void** state) {
    World& world = world_of(state);
    world.settings.link.up.delay = Micros{200'000};  // all are sent before the first arrives
    world.settings.link.up.jitter = Micros{100'000};
    world.start();
    const Peer& device = world.device();
    const std::uint64_t sent_at = uv_hrtime();
    for (int i = 0; i < 50; ++i) {
        world.send(device, std::to_string(i));
    }
    assert_true(world.until([&] { return world.proxy->report().under_way == 50; }));
    assert_true(world.at_gateway(1));
    assert_true(uv_hrtime() - sent_at >= 200'000'000);
    assert_true(world.at_gateway(50));
    for (std::size_t i = 0; i < 50; ++i) {
        assert_string_equal(world.gateway->received[i].first.c_str(), std::to_string(i).c_str());
    }
    assert_int_equal(world.proxy->report().under_way, 0);
}

// The timer has milliseconds: what is due before its next tick must not be overtaken by what needs no delay.
void delays_shorter_than_the_timer_keep_the_order_too(void** state) {
    World& world = world_of(state);
    world.settings.link.up.jitter = Micros{1};
    world.start();
    const Peer& device = world.device();
    constexpr std::size_t kSent = 500;
    for (std::size_t i = 0; i < kSent; ++i) {
        world.send(device, std::to_string(i));
    }
    assert_true(world.at_gateway(kSent));
    for (std::size_t i = 0; i < kSent; ++i) {
        assert_string_equal(world.gateway->received[i].first.c_str(), std::to_string(i).c_str());
    }
}

void a_held_back_datagram_is_overtaken(void** state) {
    World& world = world_of(state);
    world.settings.link.up.reorder = percent(50);
    world.settings.link.up.reorder_by = Micros{20'000};
    world.settings.seed = 1;
    world.start();
    const Peer& device = world.device();
    for (int i = 0; i < 40; ++i) {
        world.send(device, std::string(1, static_cast<char>('0' + i)));
    }
    assert_true(world.at_gateway(40));
    std::string order;
    for (const auto& [octets, port] : world.gateway->received) {
        order += octets;
    }
    assert_false(std::is_sorted(order.begin(), order.end()));
    std::sort(order.begin(), order.end());
    assert_true(std::adjacent_find(order.begin(), order.end()) == order.end());
}

void what_does_not_fit_under_way_is_dropped_and_told_once(void** state) {
    World& world = world_of(state);
    world.settings.link.up.delay = std::chrono::hours{1};
    world.settings.held_datagrams_max = 10;
    world.start();
    const Peer& device = world.device();
    for (int i = 0; i < 25; ++i) {
        world.send(device, "x");
    }
    assert_true(world.until([&] { return world.proxy->report().links[0].datagrams == 25; }));
    assert_int_equal(world.proxy->report().under_way, 10);
    assert_int_equal(world.proxy->report().proxy.overflow[0], 15);
    assert_int_equal(world.notices_with("under way"), 1);
}

// A datagram of the device finds the NAT with a new port; what the gateway sends to the old one is lost.
void a_rebinding_is_a_new_source_port_and_the_old_one_reaches_nobody(void** state) {
    World& world = world_of(state);
    world.settings.link.rebind.every = Micros{30'000};
    world.start();
    Peer& device = world.device();
    const std::uint16_t old_port = world.pass(device, "before");
    world.answer(old_port, "reaches");
    assert_int_equal(device.received.size(), 1);
    std::uint16_t new_port = old_port;
    assert_true(world.until([&] {
        new_port = world.pass(device, "again");
        return new_port != old_port;
    }));
    world.answer(old_port, "too late");
    assert_int_equal(device.received.size(), 1);
    world.answer(new_port, "reaches too");
    assert_int_equal(device.received.size(), 2);
    assert_string_equal(device.received[1].first.c_str(), "reaches too");
    const ProxyReport report = world.proxy->report();
    assert_int_equal(report.links[1].unbound, 1);
    assert_true(report.proxy.rebinds >= 1);
    assert_int_equal(report.devices_seen, 1);
}

void an_idle_binding_is_dead_until_the_device_speaks(void** state) {
    World& world = world_of(state);
    world.settings.link.rebind.after_idle = Micros{20'000};
    world.start();
    Peer& device = world.device();
    const std::uint16_t old_port = world.pass(device, "x");
    const Micros spoken = world.proxy->now();
    assert_true(world.until([&] { return world.proxy->now() > spoken + Micros{20'000}; }));
    world.answer(old_port, "nobody hears");
    assert_int_equal(device.received.size(), 0);
    assert_int_equal(world.proxy->report().links[1].unbound, 1);
    assert_true(world.pass(device, "y") != old_port);
    assert_int_equal(world.proxy->report().proxy.rebinds, 1);
}

void a_datagram_that_was_sent_before_a_rebinding_keeps_its_source_port(void** state) {
    World& world = world_of(state);
    world.settings.link.rebind.every = Micros{10'000};
    world.settings.link.up.delay = Micros{30'000};
    world.start();
    const Peer& device = world.device();
    world.send(device, "first");
    assert_true(world.until([&] { return world.proxy->report().links[0].datagrams == 1; }));
    const Micros sent = world.proxy->now();
    assert_true(world.until([&] { return world.proxy->now() > sent + Micros{11'000}; }));
    world.send(device, "second");
    assert_true(world.at_gateway(2));
    assert_string_equal(world.gateway->received[0].first.c_str(), "first");
    assert_true(world.gateway->received[0].second != world.gateway->received[1].second);
    assert_int_equal(world.proxy->report().proxy.rebinds, 1);
}

void more_devices_than_fit_push_out_the_one_idle_longest(void** state) {
    World& world = world_of(state);
    world.settings.mappings_max = 3;
    world.start();
    std::set<std::uint16_t> ports;
    for (int i = 0; i < 50; ++i) {
        ports.insert(world.pass(world.device(), "x"));
    }
    const ProxyReport report = world.proxy->report();
    assert_int_equal(report.devices_seen, 50);
    assert_int_equal(report.devices_now, 3);
    assert_int_equal(report.evicted, 47);
    assert_int_equal(world.notices_with("idle longest"), 1);
    const std::uint16_t last = world.gateway->received.back().second;
    world.answer(last, "still here");
    assert_int_equal(world.devices.back()->received.size(), 1);
}

void without_sockets_the_oldest_devices_give_theirs(void** state) {
    World& world = world_of(state);
    world.start();
    for (int i = 0; i < 20; ++i) {
        world.device();
    }
    const int next = dup(world.devices.back()->descriptor);
    close(next);
    const rlimit few{static_cast<rlim_t>(next + 5), world.files.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
    for (const auto& device : world.devices) {
        world.pass(*device, "x");
    }
    const ProxyReport report = world.proxy->report();
    assert_int_equal(report.proxy.no_socket, 0);
    assert_int_equal(report.devices_now, 5);
    assert_int_equal(report.evicted, 15);
    assert_int_equal(world.notices_with("too many open files"), 1);
}

void what_is_under_way_for_a_forgotten_device_is_counted(void** state) {
    World& world = world_of(state);
    world.settings.link.up.delay = Micros{200'000};
    world.settings.mappings_max = 1;
    world.start();
    world.send(world.device(), "first");
    assert_true(world.until([&] { return world.proxy->report().under_way == 1; }));
    world.send(world.device(), "second");
    assert_true(world.at_gateway(1));
    assert_string_equal(world.gateway->received[0].first.c_str(), "second");
    assert_int_equal(world.proxy->report().proxy.forgotten[0], 1);
    assert_int_equal(world.proxy->report().under_way, 0);
}

void an_idle_device_is_forgotten_and_comes_back_as_a_new_one(void** state) {
    World& world = world_of(state);
    world.settings.expire = Micros{1};
    world.start();
    const Peer& device = world.device();
    world.pass(device, "x");
    assert_true(world.until([&] { return world.proxy->report().expired == 1; }));
    assert_int_equal(world.proxy->report().devices_now, 0);
    world.pass(device, "y");
    assert_int_equal(world.proxy->report().devices_seen, 2);
}

void a_gateway_that_is_not_there_is_counted_and_told_once(void** state) {
    World& world = world_of(state);
    world.start();
    close(world.gateway->descriptor);
    world.gateway->descriptor = -1;
    Peer& device = world.device();
    assert_true(world.until([&] {
        world.send(device, "x");
        return world.proxy->report().proxy.unreachable >= 5;
    }));
    assert_int_equal(world.notices_with("connection refused"), 1);
    assert_int_equal(world.proxy->report().proxy.not_sent[0], 0);  // the error was about an earlier one
}

void a_port_that_is_taken_is_one_sentence(void** state) {
    World& world = world_of(state);
    world.start();
    ProxySettings same = world.settings;
    same.listen.port = world.proxy->port();
    same.listen.host = "127.0.0.1";
    Proxy second(&world.loop, same, nullptr, [](const std::string&) {});
    const std::string problem = second.open();
    assert_non_null(std::strstr(problem.c_str(), "the port is taken"));
    assert_null(std::strstr(problem.c_str(), "listen.url"));  // that is a key of the gateway
}

void a_proxy_to_itself_is_refused(void** state) {
    World& world = world_of(state);
    world.start();  // only to have a free port
    const std::uint16_t port = world.proxy->port();
    world.proxy->close();
    uv_run(&world.loop, UV_RUN_DEFAULT);
    for (const char* const host : {"127.0.0.1", "0.0.0.0"}) {
        ProxySettings circle = world.settings;
        circle.listen = {host, port, false};
        circle.gateway.port = port;
        world.proxy.emplace(&world.loop, circle, nullptr, [](const std::string&) {});
        assert_non_null(std::strstr(world.proxy->open().c_str(), "in circles"));
        uv_run(&world.loop, UV_RUN_DEFAULT);
    }
}

// Four records for a datagram and its answer, two for one that is lost on the way.
void the_capture_shows_both_sides(void** state) {
    World& world = world_of(state);
    assert_string_equal(world.capture.open(world.folder.file("capture"), Micros{1'000'000}).c_str(), "");
    world.settings.link.up.mtu = 10;
    world.start(true, true);
    Peer& device = world.device(AF_INET);
    const std::uint16_t port = world.pass(device, "question");
    world.answer(port, "answer");
    world.send(device, "far too long to pass");
    assert_true(world.until([&] { return world.proxy->report().links[0].too_long == 1; }));
    const std::uint16_t listening = world.proxy->port();
    world.proxy->close();
    const pcap_reader::Capture capture = pcap_reader::read(test::read_file(world.folder.file("capture")));
    assert_string_equal(capture.problem.c_str(), "");
    assert_int_equal(capture.packets.size(), 5);
    const auto is = [&](std::size_t index, bool ipv6, std::uint16_t from, std::uint16_t to,
                        const char* payload) {
        const pcap_reader::Packet& packet = capture.packets[index];
        return packet.ipv6 == ipv6 && packet.source_port == from && packet.destination_port == to &&
               packet.payload == payload;
    };
    assert_true(is(0, false, device.port, listening, "question"));
    assert_true(is(1, true, port, world.gateway->port, "question"));
    assert_true(is(2, true, world.gateway->port, port, "answer"));
    assert_true(is(3, false, listening, device.port, "answer"));
    assert_true(is(4, false, device.port, listening, "far too long to pass"));
    const std::string loopback("\x7F\x00\x00\x01", 4);
    assert_true(capture.packets[0].source == loopback && capture.packets[0].destination == loopback);
    assert_true(capture.packets[3].source == loopback);
}

}  // namespace

int main() {
    const auto test_of = [](const char* name, CMUnitTestFunction body) {
        return CMUnitTest{name, body, set_up, tear_down, nullptr};
    };
#define WORLD_TEST(body) test_of(#body, body)
    const CMUnitTest tests[] = {
        WORLD_TEST(each_device_has_a_source_port_of_its_own_and_gets_its_own_answers),
        WORLD_TEST(ipv4_and_ipv6_devices_reach_a_gateway_on_ipv6),
        WORLD_TEST(empty_and_longest_datagrams_pass_whole),
        WORLD_TEST(only_the_gateway_answers),
        WORLD_TEST(lost_and_doubled_datagrams_are_as_the_model_counts_them),
        WORLD_TEST(the_same_seed_loses_the_same_datagrams),
        WORLD_TEST(delayed_datagrams_keep_their_order_and_come_when_it_is_time),
        WORLD_TEST(delays_shorter_than_the_timer_keep_the_order_too),
        WORLD_TEST(a_held_back_datagram_is_overtaken),
        WORLD_TEST(what_does_not_fit_under_way_is_dropped_and_told_once),
        WORLD_TEST(a_rebinding_is_a_new_source_port_and_the_old_one_reaches_nobody),
        WORLD_TEST(an_idle_binding_is_dead_until_the_device_speaks),
        WORLD_TEST(a_datagram_that_was_sent_before_a_rebinding_keeps_its_source_port),
        WORLD_TEST(more_devices_than_fit_push_out_the_one_idle_longest),
        WORLD_TEST(without_sockets_the_oldest_devices_give_theirs),
        WORLD_TEST(what_is_under_way_for_a_forgotten_device_is_counted),
        WORLD_TEST(an_idle_device_is_forgotten_and_comes_back_as_a_new_one),
        WORLD_TEST(a_gateway_that_is_not_there_is_counted_and_told_once),
        WORLD_TEST(a_port_that_is_taken_is_one_sentence),
        WORLD_TEST(a_proxy_to_itself_is_refused),
        WORLD_TEST(the_capture_shows_both_sides),
    };
    return cmocka_run_group_tests_name("unit.lossy.proxy", tests, nullptr, nullptr);
}
