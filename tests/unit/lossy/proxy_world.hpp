// SPDX-License-Identifier: BSD-3-Clause
//
// What the tests of the proxy stand on: a loop, the proxy, and plain sockets of the loopback interface that
// play gateway and devices. Owned by the fixture (see cmocka.hpp). One thread.
#ifndef TESTS_UNIT_LOSSY_PROXY_WORLD_HPP
#define TESTS_UNIT_LOSSY_PROXY_WORLD_HPP

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/net/socket_address.hpp"
#include "lossy/proxy.hpp"
#include "support/cmocka.hpp"
#include "support/process.hpp"

namespace proxy_world {

using namespace mqttsn::lossy;

constexpr std::uint64_t kPatienceNs = 5'000'000'000ULL;

/// A UDP socket on loopback that does not block, and what it has received: payload and source port.
struct Peer {
    int descriptor = -1;
    int family = AF_INET;
    std::uint16_t port = 0;
    std::vector<std::pair<std::string, std::uint16_t>> received;

    explicit Peer(int of_family) : family(of_family) {
        descriptor = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        const int octets = 4 * 1024 * 1024;
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
        sockaddr_storage own = address(0);
        static_cast<void>(bind(descriptor, reinterpret_cast<const sockaddr*>(&own), length()));
        socklen_t size = sizeof own;
        getsockname(descriptor, reinterpret_cast<sockaddr*>(&own), &size);
        port = mqttsn::gateway::endpoint_of(reinterpret_cast<const sockaddr*>(&own)).port;
    }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;
    ~Peer() { close(descriptor); }

    socklen_t length() const { return family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6); }
    sockaddr_storage address(std::uint16_t to_port) const {
        sockaddr_storage storage{};
        sockaddr_in ipv4{};
        ipv4.sin_family = AF_INET;
        ipv4.sin_port = htons(to_port);
        ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        sockaddr_in6 ipv6{};
        ipv6.sin6_family = AF_INET6;
        ipv6.sin6_port = htons(to_port);
        ipv6.sin6_addr = in6addr_loopback;
        family == AF_INET ? std::memcpy(&storage, &ipv4, sizeof ipv4)
                          : std::memcpy(&storage, &ipv6, sizeof ipv6);
        return storage;
    }
    void send(std::uint16_t to_port, const std::string& octets) const {
        const sockaddr_storage to = address(to_port);
        sendto(descriptor, octets.data(), octets.size(), 0, reinterpret_cast<const sockaddr*>(&to), length());
    }
    void receive() {
        std::string buffer(70000, '\0');
        sockaddr_storage from{};
        for (;;) {
            socklen_t size = sizeof from;
            const ssize_t count = recvfrom(descriptor, buffer.data(), buffer.size(), 0,
                                           reinterpret_cast<sockaddr*>(&from), &size);
            if (count < 0) {
                return;
            }
            received.emplace_back(
                buffer.substr(0, static_cast<std::size_t>(count)),
                mqttsn::gateway::endpoint_of(reinterpret_cast<const sockaddr*>(&from)).port);
        }
    }
};

/// The loop, the proxy and all sockets; the fixture owns them (see cmocka.hpp).
struct World {
    uv_loop_t loop{};
    ProxySettings settings;
    test::TemporaryFolder folder;
    PcapWriter capture;
    std::optional<Proxy> proxy;
    std::optional<Peer> gateway;
    std::vector<std::unique_ptr<Peer>> devices;
    std::vector<std::string> notices;
    rlimit files{};

    /// On 127.0.0.1, or on [::] with an IPv6 gateway.
    void start(bool ipv6 = false, bool with_capture = false) {
        gateway.emplace(ipv6 ? AF_INET6 : AF_INET);
        settings.listen = ipv6 ? mqttsn::gateway::UdpAddress{"::", 0, true}
                               : mqttsn::gateway::UdpAddress{"127.0.0.1", 0, false};
        const sockaddr_storage to = gateway->address(gateway->port);
        settings.gateway = mqttsn::gateway::endpoint_of(reinterpret_cast<const sockaddr*>(&to));
        proxy.emplace(&loop, settings, with_capture ? &capture : nullptr,
                      [this](const std::string& text) { notices.push_back(text); });
        assert_string_equal(proxy->open().c_str(), "");
    }
    Peer& device(int family = AF_INET) {
        devices.push_back(std::make_unique<Peer>(family));
        return *devices.back();
    }
    void send(const Peer& from, const std::string& octets) const { from.send(proxy->port(), octets); }
    /// One turn of the loop, and what has come.
    void turn() {
        uv_run(&loop, UV_RUN_NOWAIT);
        gateway->receive();
        for (const auto& peer : devices) {
            peer->receive();
        }
    }
    /// Runs the loop until `condition` holds, at most 5 s.
    template <typename Condition>
    bool until(Condition condition) {
        const std::uint64_t end = uv_hrtime() + kPatienceNs;
        while (!condition() && uv_hrtime() < end) {
            turn();
        }
        return condition();
    }
    bool at_gateway(std::size_t count) {
        return until([&] { return gateway->received.size() >= count; });
    }
    /// Sends and waits until it is there. @return the source port at the gateway
    std::uint16_t pass(const Peer& from, const std::string& octets) {
        const std::size_t before = gateway->received.size();
        send(from, octets);
        assert_true(at_gateway(before + 1));
        assert_string_equal(gateway->received.back().first.c_str(), octets.c_str());
        return gateway->received.back().second;
    }
    /// An answer of the gateway to a source port, until the proxy has dealt with it.
    void answer(std::uint16_t to_port, const std::string& octets) {
        const auto handled = [&] {
            const ProxyReport report = proxy->report();
            return report.links[1].datagrams + report.links[1].unbound;
        };
        const std::uint64_t before = handled();
        gateway->send(to_port, octets);
        assert_true(until([&] { return handled() > before; }));
        turn();
    }
    std::size_t notices_with(const std::string& text) const {
        return static_cast<std::size_t>(
            std::count_if(notices.begin(), notices.end(),
                          [&](const std::string& notice) { return notice.find(text) != std::string::npos; }));
    }
};

inline int set_up(void** state) {
    auto* const world = new World;
    uv_loop_init(&world->loop);
    getrlimit(RLIMIT_NOFILE, &world->files);
    *state = world;
    return 0;
}

inline int tear_down(void** state) {
    auto* const world = static_cast<World*>(*state);
    setrlimit(RLIMIT_NOFILE, &world->files);
    if (world->proxy) {
        world->proxy->close();
    }
    uv_run(&world->loop, UV_RUN_DEFAULT);
    world->proxy.reset();
    const int left = uv_loop_close(&world->loop);
    delete world;
    return left;
}

inline World& world_of(void** state) {
    return *static_cast<World*>(*state);
}

}  // namespace proxy_world

#endif
