// SPDX-License-Identifier: BSD-3-Clause
//
// The blocking runner on real sockets of the loopback; the peer is a plain UDP socket in the same thread.
#include <arpa/inet.h>
#include <mqttsn/udp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>

#include "support/cmocka.hpp"
#include "support/hex.hpp"

using test::Octets;

namespace {

struct Fixture {
    int peer = -1;
    sockaddr_storage device{};
    socklen_t device_size = sizeof device;
    std::string port;
    mqttsn_udp udp{};
    mqttsn_client client{};
    mqttsn_config config{};
    mqttsn_event event{};
    std::array<mqttsn_slot, 1> queue{};
    std::array<std::uint8_t, 64> topics{};
    std::array<std::uint8_t, 1472> buffer{};

    /// What the peer got next, within a second.
    std::string heard() {
        pollfd entry = {peer, POLLIN, 0};
        if (poll(&entry, 1, 1000) != 1) {
            return "";
        }
        Octets octets(2000);
        device_size = sizeof device;
        const ssize_t got = recvfrom(peer, octets.data(), octets.size(), 0,
                                     reinterpret_cast<sockaddr*>(&device), &device_size);
        octets.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return test::to_hex(test::view(octets));
    }
    void say(const char* text) {
        const Octets octets = test::hex(text);
        assert_int_equal(
            sendto(peer, octets.data(), octets.size(), 0, reinterpret_cast<sockaddr*>(&device), device_size),
            octets.size());
    }
    int run(int timeout_ms = 1000) { return mqttsn_udp_run(&udp, &client, timeout_ms, &event); }
};

/// Binds the peer to a free port. @return false when the family is not there
bool bind_peer(Fixture& f, int family) {
    f.peer = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_storage address{};
    socklen_t size = sizeof(sockaddr_in);
    if (family == AF_INET) {
        auto* const v4 = reinterpret_cast<sockaddr_in*>(&address);
        v4->sin_family = AF_INET;
        v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else {
        auto* const v6 = reinterpret_cast<sockaddr_in6*>(&address);
        v6->sin6_family = AF_INET6;
        v6->sin6_addr = in6addr_loopback;
        size = sizeof(sockaddr_in6);
    }
    if (f.peer < 0 || bind(f.peer, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        getsockname(f.peer, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        return false;
    }
    f.port = std::to_string(ntohs(family == AF_INET ? reinterpret_cast<sockaddr_in*>(&address)->sin_port
                                                    : reinterpret_cast<sockaddr_in6*>(&address)->sin6_port));
    return true;
}

int set_up(void** state) {
    auto* const f = new Fixture;
    *state = f;
    mqttsn_config_defaults(&f->config, "dev1");
    f->config.retry_interval_ms = 200;
    f->config.seed = 7;
    f->config.first_message_id = 1;
    f->config.queue = f->queue.data();
    f->config.queue_length = static_cast<std::uint8_t>(f->queue.size());
    f->config.topic_memory = f->topics.data();
    f->config.topic_memory_octets = static_cast<std::uint16_t>(f->topics.size());
    f->udp.fd = -1;
    return bind_peer(*f, AF_INET) && mqttsn_init(&f->client, &f->config) == MQTTSN_OK &&
                   mqttsn_udp_open(&f->udp, "127.0.0.1", f->port.c_str(), f->buffer.data(),
                                   f->buffer.size()) == MQTTSN_OK
               ? 0
               : -1;
}

int tear_down(void** state) {
    auto* const f = static_cast<Fixture*>(*state);
    mqttsn_udp_close(&f->udp);
    close(f->peer);
    delete f;
    return 0;
}

void connect(Fixture& f) {
    assert_int_equal(mqttsn_connect(&f.client, true), MQTTSN_OK);
    assert_int_equal(f.run(0), 0);
    assert_string_equal(f.heard().c_str(), "0A 04 04 01 00 3C 64 65 76 31");
    f.say("03 05 00");
    assert_int_equal(f.run(), 1);
    assert_int_equal(f.event.type, MQTTSN_EVENT_CONNECTED);
}

void message_is_delivered_from_the_buffer_and_acknowledged_by_the_next_call(void** state) {
    auto& f = *static_cast<Fixture*>(*state);
    connect(f);
    f.say("0A 0C 21 00 05 00 07 61 62 63");
    assert_int_equal(f.run(), 1);
    assert_int_equal(f.event.type, MQTTSN_EVENT_MESSAGE);
    assert_memory_equal(f.event.payload, "abc", 3);
    assert_int_equal(f.run(0), 0);
    assert_string_equal(f.heard().c_str(), "07 0D 00 05 00 07 00");
}

void run_repeats_what_is_not_answered(void** state) {
    auto& f = *static_cast<Fixture*>(*state);
    connect(f);
    assert_int_equal(mqttsn_publish(&f.client, mqttsn_topic_predefined(1), "x", 1, 1, false, nullptr),
                     MQTTSN_OK);
    const std::uint32_t start = mqttsn_udp_now();
    assert_int_equal(f.run(300), 0);
    assert_in_range(mqttsn_udp_now() - start, 295, 2000);
    assert_string_equal(f.heard().c_str(), "08 0C 21 00 01 00 01 78");
    assert_string_equal(f.heard().c_str(), "08 0C A1 00 01 00 01 78");
    f.say("07 0D 00 01 00 01 00");
    assert_int_equal(f.run(), 1);
    assert_int_equal(f.event.type, MQTTSN_EVENT_DELIVERED);
}

void wait_ends_with_the_wanted_event_or_with_what_excludes_it(void** state) {
    auto& f = *static_cast<Fixture*>(*state);
    connect(f);
    assert_int_equal(mqttsn_publish(&f.client, mqttsn_topic_predefined(1), "x", 1, 1, false, nullptr),
                     MQTTSN_OK);
    f.say("09 0C 01 00 05 00 00 68 69");
    f.say("07 0D 00 01 00 01 03");
    assert_int_equal(mqttsn_udp_wait(&f.udp, &f.client, MQTTSN_EVENT_DELIVERED, 50, &f.event), 1);
    assert_int_equal(f.event.code, MQTTSN_REJECTED_NOT_SUPPORTED);
    f.say("02 18");
    assert_int_equal(mqttsn_udp_wait(&f.udp, &f.client, MQTTSN_EVENT_MESSAGE, 1000, &f.event), 0);
    assert_int_equal(f.event.type, MQTTSN_EVENT_DISCONNECTED);
    assert_int_equal(mqttsn_udp_wait(&f.udp, &f.client, MQTTSN_EVENT_MESSAGE, 10, &f.event), 0);
    assert_int_equal(f.event.type, 0);
}

// An absent gateway answers with ICMP "port unreachable": counted as lost, and the device goes on when it is
// back.
void refused_datagrams_count_as_lost(void** state) {
    auto& f = *static_cast<Fixture*>(*state);
    close(f.peer);
    assert_int_equal(mqttsn_connect(&f.client, true), MQTTSN_OK);
    const int result = f.run(3000);
    assert_int_equal(result, 1);
    assert_int_equal(f.event.type, MQTTSN_EVENT_LOST);
    assert_int_equal(f.event.code, MQTTSN_LOST_CONNECT);
    assert_true(f.udp.refused_count > 0);
    assert_true(bind_peer(f, AF_INET));
    assert_int_equal(mqttsn_udp_open(&f.udp, "127.0.0.1", f.port.c_str(), f.buffer.data(), f.buffer.size()),
                     MQTTSN_OK);
    connect(f);
}

// The socket is connected: nobody else can speak for the gateway.
void datagram_from_a_stranger_is_not_seen(void** state) {
    auto& f = *static_cast<Fixture*>(*state);
    assert_int_equal(mqttsn_connect(&f.client, true), MQTTSN_OK);
    assert_int_equal(f.run(0), 0);
    assert_string_not_equal(f.heard().c_str(), "");
    const int gateway = f.peer;
    const bool bound = bind_peer(f, AF_INET);
    f.say("03 05 00");
    close(f.peer);
    f.peer = gateway;
    assert_true(bound);
    assert_int_equal(f.run(50), 0);
    f.say("03 05 00");
    assert_int_equal(f.run(), 1);
}

void datagram_longer_than_the_buffer_is_dropped(void** state) {
    auto& f = *static_cast<Fixture*>(*state);
    connect(f);
    Octets longest(1473, 0);
    longest[0] = 1;
    longest[1] = 5;
    longest[2] = 0xC1;
    longest[3] = 0x0C;
    longest[4] = 0x01;
    longest[6] = 5;
    sendto(f.peer, longest.data(), longest.size(), 0, reinterpret_cast<sockaddr*>(&f.device), f.device_size);
    assert_int_equal(f.run(50), 0);
    longest.resize(1472);
    longest[2] = 0xC0;
    sendto(f.peer, longest.data(), longest.size(), 0, reinterpret_cast<sockaddr*>(&f.device), f.device_size);
    assert_int_equal(f.run(), 1);
    assert_int_equal(f.event.payload_octets, 1472 - 9);
}

void trace_sees_both_directions(void** state) {
    auto& f = *static_cast<Fixture*>(*state);
    std::string seen;
    f.udp.trace_context = &seen;
    f.udp.trace = [](void* context, bool sent, const void*, size_t octets) {
        *static_cast<std::string*>(context) += (sent ? ">" : "<") + std::to_string(octets);
    };
    connect(f);
    assert_string_equal(seen.c_str(), ">10<3");
}

void ipv6_works(void** state) {
    auto& f = *static_cast<Fixture*>(*state);
    mqttsn_udp_close(&f.udp);
    close(f.peer);
    if (!bind_peer(f, AF_INET6)) {
        _skip(__FILE__, __LINE__);  // no IPv6 on this machine
    }
    assert_int_equal(mqttsn_udp_open(&f.udp, "::1", f.port.c_str(), f.buffer.data(), f.buffer.size()),
                     MQTTSN_OK);
    connect(f);
}

void wrong_use_is_refused(void** state) {
    auto& f = *static_cast<Fixture*>(*state);
    mqttsn_udp other;
    assert_int_equal(mqttsn_udp_open(nullptr, "127.0.0.1", "1883", f.buffer.data(), 1), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_udp_open(&other, nullptr, "1883", f.buffer.data(), 1), MQTTSN_ERR_ARGUMENT);
    mqttsn_udp_close(&other);
    assert_int_equal(mqttsn_udp_open(&other, "127.0.0.1", "no such port", f.buffer.data(), 1),
                     MQTTSN_ERR_ADDRESS);
    mqttsn_udp_close(&other);
    mqttsn_udp_close(&other);
    mqttsn_udp_close(nullptr);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            message_is_delivered_from_the_buffer_and_acknowledged_by_the_next_call, set_up, tear_down),
        cmocka_unit_test_setup_teardown(run_repeats_what_is_not_answered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wait_ends_with_the_wanted_event_or_with_what_excludes_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(refused_datagrams_count_as_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(datagram_from_a_stranger_is_not_seen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(datagram_longer_than_the_buffer_is_dropped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(trace_sees_both_directions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ipv6_works, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_use_is_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
