// SPDX-License-Identifier: BSD-3-Clause
//
// The runner on a group, with real sockets in a network of the test's own: searching, and who is listened to.
#include <mqttsn/udp.h>
#include <net/if.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "support/cmocka.hpp"
#include "support/hex.hpp"
#include "support/multicast_peer.hpp"
#include "support/network_namespace.hpp"

using test::Heard;
using test::kTestInterface;
using test::MulticastPeer;

namespace {

constexpr const char* kGroup4 = "225.1.1.1";
constexpr const char* kGroup6 = "ff02::4d51";
constexpr std::uint16_t kPort = 1900;
constexpr int kWaitMs = 10000;

struct Fixture {
    MulticastPeer group;    ///< hears what goes to the group
    MulticastPeer gateway;  ///< a socket of its own
    MulticastPeer stranger;
    Heard heard;
    mqttsn_udp udp{};
    mqttsn_client client{};
    mqttsn_config config{};
    mqttsn_event event{};
    std::array<mqttsn_slot, 1> queue{};
    std::array<mqttsn_gateway, 2> gateways{};
    std::array<std::uint8_t, 256> buffer{};

    int run(int timeout_ms) { return mqttsn_udp_run(&udp, &client, timeout_ms, &event); }
    /// The runner's loop until `peer` has heard something.
    std::string hears(const MulticastPeer& peer) {
        for (int i = 0; i < kWaitMs / 20; ++i) {
            assert_int_equal(run(20), 0);
            if (peer.receive(heard, 0)) {
                return test::to_hex(test::view(heard.octets));
            }
        }
        return "";
    }
    void open(const std::string& where, int hops = 1) {
        assert_int_equal(
            mqttsn_udp_open_group(&udp, where.c_str(), kTestInterface, hops, buffer.data(), buffer.size()),
            MQTTSN_OK);
        assert_true(udp.group_fd >= 0);
    }
    void say(const MulticastPeer& peer, const char* hex) const {
        const test::Octets octets = test::hex(hex);
        assert_true(peer.send(std::string(octets.begin(), octets.end()), heard.host, heard.port));
    }
};

int set_up(void** state) {
    auto* const f = new Fixture;
    *state = f;
    f->udp.fd = -1;
    f->udp.group_fd = -1;
    mqttsn_config_defaults(&f->config, "dev1");
    f->config.retry_interval_ms = 500;
    f->config.seed = 7;
    f->config.datagram_octets_max = static_cast<std::uint16_t>(f->buffer.size());
    f->config.queue = f->queue.data();
    f->config.queue_length = static_cast<std::uint8_t>(f->queue.size());
    f->config.gateways = f->gateways.data();
    f->config.gateways_length = static_cast<std::uint8_t>(f->gateways.size());
    return mqttsn_init(&f->client, &f->config) == MQTTSN_OK ? 0 : -1;
}

int tear_down(void** state) {
    auto* const f = static_cast<Fixture*>(*state);
    mqttsn_udp_close(&f->udp);
    delete f;
    return 0;
}

void connect_by_search(Fixture& f, bool ipv6) {
    assert_true(f.group.listen(ipv6 ? kGroup6 : kGroup4, kPort, kTestInterface));
    assert_true(f.gateway.open(ipv6, kTestInterface));
    assert_int_equal(mqttsn_connect(&f.client, true), MQTTSN_OK);
    assert_string_equal(f.hears(f.group).c_str(), "03 01 01");
    f.say(f.gateway, "03 02 05");
    assert_int_equal(f.run(kWaitMs), 1);
    assert_int_equal(f.event.type, MQTTSN_EVENT_GATEWAY);
    assert_int_equal(f.event.code, 5);
    assert_string_equal(f.hears(f.gateway).c_str(), "0A 04 04 01 00 3C 64 65 76 31");
}

// SN12-56, D45
void client_searches_in_the_group_and_connects_to_who_answers(void** state) {
    auto& f = *static_cast<Fixture*>(*state);
    f.open("225.1.1.1:1900", 7);
    connect_by_search(f, false);
    f.say(f.gateway, "03 05 00");
    assert_int_equal(f.run(kWaitMs), 1);
    assert_int_equal(f.event.type, MQTTSN_EVENT_CONNECTED);
    char text[MQTTSN_UDP_ADDRESS_TEXT];
    mqttsn_udp_format_address(&f.udp.gateway, text);
    assert_string_equal(text, ("10.45.0.1:" + std::to_string(f.gateway.port())).c_str());
}

void hop_limit_is_that_of_the_datagrams_to_the_group(void** state) {
    auto& f = *static_cast<Fixture*>(*state);
    for (const int hops : {7, 0}) {
        mqttsn_udp_close(&f.udp);
        f.open("225.1.1.1:1900", hops);
        if (hops == 7) {
            assert_true(f.group.listen(kGroup4, kPort, kTestInterface));
        }
        assert_int_equal(mqttsn_init(&f.client, &f.config), MQTTSN_OK);
        assert_int_equal(mqttsn_search(&f.client), MQTTSN_OK);
        assert_string_equal(f.hears(f.group).c_str(), "03 01 01");
        assert_int_equal(f.heard.hops, hops == 0 ? 255 : hops);
    }
}

void link_local_group_of_ipv6_works_by_interface_and_by_zone(void** state) {
    auto& f = *static_cast<Fixture*>(*state);
    f.open("[ff02::4d51]:1900");
    connect_by_search(f, true);
    f.say(f.gateway, "03 05 00");
    assert_int_equal(f.run(kWaitMs), 1);
    assert_int_equal(f.event.type, MQTTSN_EVENT_CONNECTED);
    mqttsn_address by_interface = f.udp.group;
    mqttsn_udp_close(&f.udp);
    assert_int_equal(
        mqttsn_udp_open_group(&f.udp, (std::string("[ff02::4d51%") + kTestInterface + "]:1900").c_str(),
                              nullptr, 1, f.buffer.data(), f.buffer.size()),
        MQTTSN_OK);
    assert_int_equal(f.udp.group.octets, 22);
    assert_memory_equal(f.udp.group.data, by_interface.data, 22);
}

void datagram_from_anyone_but_the_gateway_is_dropped(void** state) {
    auto& f = *static_cast<Fixture*>(*state);
    f.open("225.1.1.1:1900");
    connect_by_search(f, false);
    assert_true(f.stranger.open(false, kTestInterface));
    f.say(f.stranger, "03 05 00");
    assert_int_equal(f.run(100), 0);
    assert_int_equal(mqttsn_get_state(&f.client), MQTTSN_STATE_CONNECTING);
    f.say(f.gateway, "03 05 00");
    assert_int_equal(f.run(kWaitMs), 1);
    assert_int_equal(f.event.type, MQTTSN_EVENT_CONNECTED);
    f.say(f.stranger, "02 18");
    f.say(f.stranger, "08 0C 01 00 01 00 00 78");
    assert_int_equal(f.run(100), 0);
    assert_int_equal(mqttsn_get_state(&f.client), MQTTSN_STATE_ACTIVE);
    f.say(f.gateway, "08 0C 01 00 01 00 00 79");
    assert_int_equal(f.run(kWaitMs), 1);
    assert_int_equal(f.event.type, MQTTSN_EVENT_MESSAGE);
    assert_memory_equal(f.event.payload, "y", 1);
}

// SN12-29 SN12-55
void gateway_that_advertises_in_the_group_is_found(void** state) {
    auto& f = *static_cast<Fixture*>(*state);
    f.open("225.1.1.1:1900");
    assert_true(f.gateway.open(false, kTestInterface));
    assert_int_equal(mqttsn_connect(&f.client, true), MQTTSN_OK);
    assert_true(f.gateway.send(std::string("\x05\x00\x09\x00\x3C", 5), kGroup4, kPort));
    assert_int_equal(f.run(kWaitMs), 1);
    assert_int_equal(f.event.type, MQTTSN_EVENT_GATEWAY);
    assert_int_equal(f.event.code, 9);
    assert_string_equal(f.hears(f.gateway).c_str(), "0A 04 04 01 00 3C 64 65 76 31");
}

// SN12-31 SN12-58 D46: raw octets, as another implementation may send them.
void address_that_another_device_tells_is_used(void** state) {
    auto& f = *static_cast<Fixture*>(*state);
    f.open("225.1.1.1:1900");
    assert_true(f.group.listen(kGroup4, kPort, kTestInterface));
    assert_true(f.gateway.open(false, kTestInterface));
    assert_true(f.stranger.open(false, kTestInterface));
    assert_int_equal(mqttsn_connect(&f.client, true), MQTTSN_OK);
    assert_string_equal(f.hears(f.group).c_str(), "03 01 01");
    const std::uint16_t port = f.gateway.port();
    test::Octets gwinfo = test::hex("09 02 06 0A 2D 00 01");
    gwinfo.push_back(static_cast<std::uint8_t>(port >> 8U));
    gwinfo.push_back(static_cast<std::uint8_t>(port));
    f.say(f.stranger, test::to_hex(test::view(gwinfo)).c_str());
    assert_int_equal(f.run(kWaitMs), 1);
    assert_int_equal(f.event.type, MQTTSN_EVENT_GATEWAY);
    assert_string_equal(f.hears(f.gateway).c_str(), "0A 04 04 01 00 3C 64 65 76 31");
    f.say(f.gateway, "03 05 00");
    assert_int_equal(f.run(kWaitMs), 1);
    assert_int_equal(f.event.type, MQTTSN_EVENT_CONNECTED);
}

void gateway_known_beforehand_needs_no_search(void** state) {
    auto& f = *static_cast<Fixture*>(*state);
    f.open("225.1.1.1:1900");
    assert_true(f.gateway.open(false, kTestInterface));
    mqttsn_address address;
    assert_int_equal(
        mqttsn_udp_parse_address(("10.45.0.1:" + std::to_string(f.gateway.port())).c_str(), &address),
        MQTTSN_OK);
    assert_int_equal(mqttsn_add_gateway(&f.client, 3, &address), MQTTSN_OK);
    assert_int_equal(mqttsn_connect(&f.client, true), MQTTSN_OK);
    assert_string_equal(f.hears(f.gateway).c_str(), "0A 04 04 01 00 3C 64 65 76 31");
    f.say(f.gateway, "03 05 00");
    assert_int_equal(f.run(kWaitMs), 1);
    assert_int_equal(f.event.type, MQTTSN_EVENT_CONNECTED);
}

// An address that this socket cannot reach, or no way out: lost, said in send_error, and nothing else.
void datagram_that_cannot_be_sent_counts_as_lost(void** state) {
    auto& f = *static_cast<Fixture*>(*state);
    f.open("225.1.1.1:1900");
    mqttsn_address address;
    assert_int_equal(mqttsn_udp_parse_address("[fd45::99]:1900", &address), MQTTSN_OK);
    assert_int_equal(mqttsn_add_gateway(&f.client, 3, &address), MQTTSN_OK);
    assert_int_equal(mqttsn_connect(&f.client, true), MQTTSN_OK);
    assert_int_equal(mqttsn_udp_send(&f.udp, &f.client), MQTTSN_OK);
    assert_int_equal(f.udp.send_error, EAFNOSUPPORT);
}

void group_that_is_none_is_refused(void** state) {
    auto& f = *static_cast<Fixture*>(*state);
    const auto open = [&](const char* group, const char* interface, int hops) {
        const mqttsn_status status =
            mqttsn_udp_open_group(&f.udp, group, interface, hops, f.buffer.data(), f.buffer.size());
        assert_int_equal(f.udp.fd, -1);
        return status;
    };
    assert_int_equal(open("225.1.1.1", nullptr, 1), MQTTSN_ERR_ADDRESS);
    assert_int_equal(open("localhost:1883", nullptr, 1), MQTTSN_ERR_ADDRESS);
    assert_int_equal(open("225.1.1.1:1883", nullptr, 256), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(open("225.1.1.1:1883", nullptr, -1), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(open(nullptr, nullptr, 1), MQTTSN_ERR_ARGUMENT);
    errno = 0;
    assert_int_equal(open("225.1.1.1:1883", "eth7", 1), MQTTSN_ERR_NETWORK);
    assert_int_equal(errno, ENODEV);
    assert_int_equal(mqttsn_udp_open_group(nullptr, "225.1.1.1:1883", nullptr, 1, f.buffer.data(), 1),
                     MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_udp_open_group(&f.udp, "225.1.1.1:1883", nullptr, 1, nullptr, 1),
                     MQTTSN_ERR_ARGUMENT);
}

}  // namespace

int main() {
    if (!test::enter_network_namespace()) {
        return 1;
    }
#define GROUP_TEST(claim) cmocka_unit_test_setup_teardown(claim, set_up, tear_down)
    const CMUnitTest tests[] = {
        GROUP_TEST(client_searches_in_the_group_and_connects_to_who_answers),
        GROUP_TEST(hop_limit_is_that_of_the_datagrams_to_the_group),
        GROUP_TEST(link_local_group_of_ipv6_works_by_interface_and_by_zone),
        GROUP_TEST(datagram_from_anyone_but_the_gateway_is_dropped),
        GROUP_TEST(gateway_that_advertises_in_the_group_is_found),
        GROUP_TEST(address_that_another_device_tells_is_used),
        GROUP_TEST(gateway_known_beforehand_needs_no_search),
        GROUP_TEST(datagram_that_cannot_be_sent_counts_as_lost),
        GROUP_TEST(group_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
