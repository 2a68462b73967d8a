// SPDX-License-Identifier: BSD-3-Clause
//
// GroupSocket beside UdpListener on real sockets, in a network of its own: who gets which datagram, what
// leaves with which source and hop limit (D45, D46).
#include "gateway/net/group_socket.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "gateway/app/listen_url.hpp"
#include "support/cmocka.hpp"
#include "support/hex.hpp"
#include "support/multicast_peer.hpp"
#include "support/network_namespace.hpp"

namespace {

using mqttsn::Bytes;
using mqttsn::gateway::DatagramReceiver;
using mqttsn::gateway::Endpoint;
using mqttsn::gateway::GroupAddress;
using mqttsn::gateway::GroupReceiver;
using mqttsn::gateway::GroupSocket;
using mqttsn::gateway::HostPort;
using mqttsn::gateway::UdpAddress;
using mqttsn::gateway::UdpListener;
using test::Heard;
using test::kTestAddress;
using test::kTestBroadcast;
using test::kTestInterface;
using test::MulticastPeer;

constexpr std::uint16_t kPort = 1883;
constexpr const char* kGroup4 = "225.1.1.1";
constexpr const char* kGroup6 = "ff02::4d51";

GroupAddress group(const std::string& address, const std::string& interface = "") {
    HostPort at;
    assert_string_equal(parse_host_port(address, 0, at).c_str(), "");
    GroupAddress result;
    result.at.address = at.address;
    result.at.port = at.port;
    result.zone = at.zone;
    result.interface = interface;
    return result;
}

struct World final : DatagramReceiver, GroupReceiver {
    uv_loop_t loop{};
    UdpListener listener{&loop, 3, *this};
    UdpListener second{&loop, 4, *this};
    std::vector<std::unique_ptr<GroupSocket>> groups;
    std::vector<std::unique_ptr<MulticastPeer>> peers;
    MulticastPeer four;
    MulticastPeer six;
    std::vector<std::string> at_listener;
    std::vector<std::string> at_group;
    std::vector<Endpoint> from;

    void on_datagram(const Endpoint&, Bytes datagram) override { at_listener.push_back(test::str(datagram)); }
    void on_group_datagram(std::uint8_t index, const Endpoint& source, bool own, Bytes datagram) override {
        if (own) {
            return;
        }
        at_group.push_back(std::to_string(index) + " " + test::str(datagram));
        from.push_back(source);
    }

    MulticastPeer& peer() { return *peers.emplace_back(std::make_unique<MulticastPeer>()); }
    std::string open(const std::string& address, const std::string& interface = "",
                     UdpListener* on = nullptr) {
        groups.push_back(std::make_unique<GroupSocket>(&loop, static_cast<std::uint8_t>(groups.size()),
                                                       on != nullptr ? *on : listener, *this));
        return groups.back()->open(group(address, interface));
    }
    /// Everything that has been sent is in a socket already: one turn of the loop takes it.
    void run() {
        for (int i = 0; i < 20; ++i) {
            uv_run(&loop, UV_RUN_NOWAIT);
        }
    }
};

int set_up(void** state) {
    auto* const world = new World;
    uv_loop_init(&world->loop);
    *state = world;
    return world->four.open(false, kTestInterface, kTestAddress) && world->six.open(true, kTestInterface)
               ? 0
               : -1;
}

int tear_down(void** state) {
    auto* const world = static_cast<World*>(*state);
    for (const auto& one : world->groups) {
        one->close();
    }
    world->listener.close();
    world->second.close();
    uv_run(&world->loop, UV_RUN_DEFAULT);
    const int left = uv_loop_close(&world->loop);
    delete world;
    return left;
}

World& world_of(void** state) {
    return *static_cast<World*>(*state);
}

#define ASSERT_TEXT(actual, expected) assert_string_equal(std::string(actual).c_str(), expected)

void expect_all(const std::vector<std::string>& got, const std::vector<std::string>& wanted) {
    assert_int_equal(got.size(), wanted.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
        ASSERT_TEXT(got[i], wanted[i].c_str());
    }
}

// The default: udp://[::]:1883 and 225.1.1.1:1883.
void what_comes_to_a_group_comes_to_its_socket_once_and_unicast_to_the_listener(void** state) {
    World& world = world_of(state);
    ASSERT_TEXT(world.listener.open(UdpAddress{"::", kPort, true}), "");
    ASSERT_TEXT(world.open("225.1.1.1:1883"), "");
    ASSERT_TEXT(world.open("[ff02::4d51]:1883"), "");
    ASSERT_TEXT(world.open("255.255.255.255:1883", kTestInterface), "");
    ASSERT_TEXT(world.open("10.45.0.255:1883"), "");
    assert_true(world.four.send("multicast", kGroup4, kPort));
    assert_true(world.six.send("multicast6", kGroup6, kPort));
    assert_true(world.four.send("directed", kTestBroadcast, kPort));
    assert_true(world.four.send("unicast", kTestAddress, kPort));
    assert_true(world.six.send("unicast6", "fd45::1", kPort));
    world.run();
    expect_all(world.at_listener, {"unicast", "unicast6"});
    assert_int_equal(world.at_group.size(), 3);
    for (const char* const wanted : {"0 multicast", "1 multicast6", "3 directed"}) {
        assert_int_equal(std::count(world.at_group.begin(), world.at_group.end(), wanted), 1);
    }
    for (const Endpoint& source : world.from) {
        assert_int_equal(source.listener, 3);
    }
}

void limited_broadcast_comes_to_its_socket_once(void** state) {
    World& world = world_of(state);
    ASSERT_TEXT(world.listener.open(UdpAddress{"0.0.0.0", kPort, false}), "");
    assert_true(world.four.send("directed", kTestBroadcast, kPort));
    world.run();
    expect_all(world.at_listener, {"directed"});  // not left out: there is no group for it
    ASSERT_TEXT(world.open("255.255.255.255:1883", kTestInterface), "");
    GroupSocket sender(&world.loop, 9, world.second, world);
    ASSERT_TEXT(world.second.open(UdpAddress{kTestAddress, 1999, false}), "");
    ASSERT_TEXT(sender.open(group("255.255.255.255:1883", kTestInterface)), "");
    assert_int_equal(sender.send(test::view("limited"), 1), 0);
    world.run();
    sender.close();
    world.run();
    expect_all(world.at_listener, {"directed"});
    expect_all(world.at_group, {"0 limited"});  // the sender's own copy is left out
    ASSERT_TEXT(to_string(world.from[0]), "10.45.0.1:1999");
}

void listener_gets_nothing_of_groups_that_others_have_joined(void** state) {
    World& world = world_of(state);
    ASSERT_TEXT(world.listener.open(UdpAddress{"0.0.0.0", kPort, false}), "");
    world.listener.share_port();
    MulticastPeer& other = world.peer();
    assert_true(other.listen(kGroup4, kPort, kTestInterface));
    assert_true(world.four.send("x", kGroup4, kPort));
    world.run();
    expect_all(world.at_listener, {});
    Heard heard;
    assert_true(other.receive(heard, 1000));
}

// D46: devices take the source for the gateway's address. D45: the hop limit is on the wire.
void what_is_sent_to_a_group_comes_from_the_listener_with_the_hop_limit(void** state) {
    World& world = world_of(state);
    ASSERT_TEXT(world.listener.open(UdpAddress{"::", 1884, true}), "");
    struct Row {
        const char* address;
        const char* host;
        const char* interface;
        int hops;
    };
    const Row rows[] = {{"225.1.1.1:1883", kGroup4, "", 1},
                        {"225.1.1.1:1885", kGroup4, kTestInterface, 7},
                        {"225.1.1.1:1886", kGroup4, kTestAddress, 255},
                        {"[ff02::4d51]:1883", kGroup6, "", 1},
                        {"[ff05::4d51]:1885", "ff05::4d51", kTestInterface, 9},
                        {"[ff02::4d51%dm0]:1886", kGroup6, "", 255},
                        {"10.45.0.255:1883", kTestBroadcast, "", 3},
                        {"255.255.255.255:1887", "255.255.255.255", kTestInterface, 4}};
    for (const Row& row : rows) {
        const std::string address = row.address;
        const auto port = static_cast<std::uint16_t>(std::stoul(address.substr(address.rfind(':') + 1)));
        MulticastPeer& hearer = world.peer();
        assert_true(hearer.listen(row.host, port, kTestInterface));
        ASSERT_TEXT(world.open(row.address, row.interface), "");
        assert_int_equal(world.groups.back()->send(test::view("hello"), static_cast<std::uint8_t>(row.hops)),
                         0);
        Heard heard;
        assert_true(hearer.receive(heard, 2000));
        ASSERT_TEXT(heard.octets, "hello");
        assert_int_equal(heard.port, 1884);
        assert_int_equal(heard.hops, row.hops);
        assert_true(address[0] == '[' ? heard.host.starts_with("fe80::") || heard.host == "fd45::1"
                                      : heard.host == kTestAddress);
        world.run();
        assert_int_equal(world.groups.back()->counters().own, 1);
    }
    expect_all(world.at_group, {});  // what one has said oneself is no news
}

// Another gateway on this host: the same address, another port.
void two_gateways_on_one_host_hear_each_other(void** state) {
    World& world = world_of(state);
    ASSERT_TEXT(world.listener.open(UdpAddress{"::", kPort, true}), "");
    ASSERT_TEXT(world.open("225.1.1.1:1883"), "");
    ASSERT_TEXT(world.second.open(UdpAddress{"::", 1884, true}), "");
    ASSERT_TEXT(world.open("225.1.1.1:1883", "", &world.second), "");
    assert_int_equal(world.groups[0]->send(test::view("first"), 1), 0);
    assert_int_equal(world.groups[1]->send(test::view("second"), 1), 0);
    world.run();
    assert_int_equal(world.at_group.size(), 2);
    assert_int_equal(std::count(world.at_group.begin(), world.at_group.end(), "1 first"), 1);
    assert_int_equal(std::count(world.at_group.begin(), world.at_group.end(), "0 second"), 1);
}

void listener_starts_beside_the_group_socket_of_another_program(void** state) {
    World& world = world_of(state);
    MulticastPeer& other = world.peer();
    assert_true(other.listen(kGroup4, kPort, kTestInterface));
    ASSERT_TEXT(world.listener.open(UdpAddress{"::", kPort, true}), "");
    ASSERT_TEXT(world.open("225.1.1.1:1883"), "");
    assert_true(world.four.send("to all", kGroup4, kPort));
    assert_true(world.four.send("to one", kTestAddress, kPort));
    world.run();
    expect_all(world.at_group, {"0 to all"});
    expect_all(world.at_listener, {"to one"});
}

void port_of_the_listener_stays_its_own(void** state) {
    World& world = world_of(state);
    ASSERT_TEXT(world.listener.open(UdpAddress{"::", kPort, true}), "");
    ASSERT_TEXT(world.open("225.1.1.1:1883"), "");
    for (const char* const address : {"127.0.0.1", kTestAddress, "0.0.0.0", "::1", "::"}) {
        assert_false(MulticastPeer::can_bind(address, kPort, false));
        assert_false(MulticastPeer::can_bind(address, kPort, true));
    }
    const std::string error = world.second.open(UdpAddress{"::", kPort, true});
    assert_non_null(std::strstr(error.c_str(), "the port is taken"));
    const std::string error4 = world.second.open(UdpAddress{"0.0.0.0", kPort, false});
    assert_non_null(std::strstr(error4.c_str(), "the port is taken"));
}

// A gateway for this host only does not speak to the network.
void listener_on_loopback_has_its_group_on_loopback(void** state) {
    World& world = world_of(state);
    ASSERT_TEXT(world.listener.open(UdpAddress{"127.0.0.1", 1884, false}), "");
    ASSERT_TEXT(world.open("225.1.1.1:1883"), "");
    ASSERT_TEXT(world.groups[0]->interface_name(), "lo");
    assert_true(world.four.send("from the network", kGroup4, kPort));
    MulticastPeer& local = world.peer();
    assert_true(local.open(false, "lo", "127.0.0.1"));
    assert_true(local.send("from here", kGroup4, kPort));
    world.run();
    expect_all(world.at_group, {"0 from here"});
    MulticastPeer& hears_loopback = world.peer();
    MulticastPeer& hears_network = world.peer();
    assert_true(hears_loopback.listen("225.1.1.1", 1883, "lo"));
    assert_true(hears_network.listen("225.1.1.2", 1883, kTestInterface));
    ASSERT_TEXT(world.open("225.1.1.2:1883"), "");
    assert_int_equal(world.groups[0]->send(test::view("hello"), 1), 0);
    assert_int_equal(world.groups[1]->send(test::view("hello"), 1), 0);
    Heard heard;
    assert_true(hears_loopback.receive(heard, 2000));
    ASSERT_TEXT(heard.host, "127.0.0.1");
    assert_int_equal(heard.port, 1884);
    assert_false(hears_network.receive(heard, 0));
}

void what_cannot_be_joined_is_one_sentence_and_can_be_tried_again(void** state) {
    World& world = world_of(state);
    ASSERT_TEXT(world.listener.open(UdpAddress{"::", kPort, true}), "");
    const auto says = [&](const std::string& address, const std::string& interface, const char* text) {
        const std::string error = world.open(address, interface);
        assert_non_null(std::strstr(error.c_str(), text));
        assert_null(std::strchr(error.c_str(), '\n'));
        assert_false(world.groups.back()->is_open());
        assert_int_equal(world.groups.back()->send(test::view("x"), 1), UV_EBADF);
    };
    says("225.1.1.1:1883", "eth7", "no interface eth7");
    says("225.1.1.1:1883", "192.0.2.9", "no interface 192.0.2.9");
    says("[ff02::1%eth7]:1883", "", "no interface eth7");
    says("10.45.0.127:1883", "", "no broadcast address");
    says("10.45.0.1:1883", "", "no broadcast address");
    ASSERT_TEXT(world.groups[0]->open(group("225.1.1.1:1883", kTestInterface)), "");
    assert_true(world.four.send("x", kGroup4, kPort));
    world.run();
    expect_all(world.at_group, {"0 x"});
}

void foreign_port_that_is_not_shared_is_one_sentence(void** state) {
    World& world = world_of(state);
    ASSERT_TEXT(world.second.open(UdpAddress{"0.0.0.0", kPort, false}), "");
    ASSERT_TEXT(world.listener.open(UdpAddress{"::", 1884, true}), "");
    const std::string error = world.open("225.1.1.1:1883");
    assert_non_null(std::strstr(error.c_str(), "another program has port 1883"));
}

void too_long_for_discovery_is_dropped(void** state) {
    World& world = world_of(state);
    ASSERT_TEXT(world.listener.open(UdpAddress{"::", kPort, true}), "");
    ASSERT_TEXT(world.open("225.1.1.1:1883"), "");
    assert_true(world.four.send(std::string(5000, 'x'), kGroup4, kPort));
    assert_true(world.four.send("after", kGroup4, kPort));
    world.run();
    expect_all(world.at_group, {"0 after"});
    assert_int_equal(world.groups[0]->counters().truncated, 1);
}

}  // namespace

int main() {
    if (!test::enter_network_namespace()) {
        return 1;
    }
#define GROUP_TEST(claim) cmocka_unit_test_setup_teardown(claim, set_up, tear_down)
    const CMUnitTest tests[] = {
        GROUP_TEST(what_comes_to_a_group_comes_to_its_socket_once_and_unicast_to_the_listener),
        GROUP_TEST(limited_broadcast_comes_to_its_socket_once),
        GROUP_TEST(listener_gets_nothing_of_groups_that_others_have_joined),
        GROUP_TEST(what_is_sent_to_a_group_comes_from_the_listener_with_the_hop_limit),
        GROUP_TEST(two_gateways_on_one_host_hear_each_other),
        GROUP_TEST(listener_starts_beside_the_group_socket_of_another_program),
        GROUP_TEST(port_of_the_listener_stays_its_own),
        GROUP_TEST(listener_on_loopback_has_its_group_on_loopback),
        GROUP_TEST(what_cannot_be_joined_is_one_sentence_and_can_be_tried_again),
        GROUP_TEST(foreign_port_that_is_not_shared_is_one_sentence),
        GROUP_TEST(too_long_for_discovery_is_dropped),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
