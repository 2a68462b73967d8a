// SPDX-License-Identifier: BSD-3-Clause
#include "discover.hpp"

#include <arpa/inet.h>
#include <mqttsn/udp.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "gateway_search.hpp"

namespace mqttsn::tools {

namespace {

/// T_SEARCHGW is 5 s (section 7.2), for radios that many devices share. Someone waits for a program.
constexpr std::uint32_t kDelayMaxMs = 500;

struct SocketAddress {
    sockaddr_storage storage = {};
    socklen_t length = sizeof(sockaddr_storage);
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    bool ipv6() const { return storage.ss_family == AF_INET6; }
};

/// Closes itself.
class Socket {
  public:
    Socket() = default;
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() { close(); }
    bool open(int family) {
        fd_ = ::socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        return fd_ >= 0;
    }
    void close() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
        fd_ = -1;
    }
    bool set(int level, int option, int value) const {
        return setsockopt(fd_, level, option, &value, sizeof value) == 0;
    }
    int fd() const { return fd_; }

  private:
    int fd_ = -1;
};

/// "HOST:PORT" or "[HOST]:PORT", numeric. False when it is neither.
bool split(const std::string& text, std::string& host, std::string& port) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0) {
        return false;
    }
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (brackets) {
        host = host.substr(1, host.size() - 2);
    }
    return brackets == (host.find(':') != std::string::npos);
}

std::string parse_group(const std::string& text, SocketAddress& group) {
    std::string host;
    std::string port;
    if (!split(text, host, port)) {
        return "is not ADDRESS:PORT";
    }
    addrinfo hints = {};
    hints.ai_socktype = SOCK_DGRAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    addrinfo* list = nullptr;
    const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &list);
    if (error != 0) {
        return std::string("is not ADDRESS:PORT (") + gai_strerror(error) + ")";
    }
    std::memcpy(&group.storage, list->ai_addr, list->ai_addrlen);
    group.length = list->ai_addrlen;
    freeaddrinfo(list);
    return "";
}

bool is_multicast(const SocketAddress& group) {
    if (group.ipv6()) {
        return IN6_IS_ADDR_MULTICAST(&reinterpret_cast<const sockaddr_in6*>(&group.storage)->sin6_addr);
    }
    return IN_MULTICAST(ntohl(reinterpret_cast<const sockaddr_in*>(&group.storage)->sin_addr.s_addr));
}

class Search {
  public:
    Search(const DiscoverOptions& options, FoundGateway& found)
        : options_(options),
          found_(found),
          search_(options.radius, mqttsn_udp_now(), mqttsn_udp_seed() % (kDelayMaxMs + 1)) {}

    bool open(std::string& problem);
    Found run(const sigset_t& signals, std::string& problem);

  private:
    bool fail(std::string& problem, const std::string& what) const {
        problem = "cannot search by " + options_.group + ": " + what + ": " + std::strerror(errno);
        return false;
    }
    bool choose_interface() const;
    void listen_to_group();
    bool send(std::string& problem);
    bool receive(const Socket& socket);
    bool take(const SocketAddress& from, Bytes datagram);

    const DiscoverOptions& options_;
    FoundGateway& found_;
    GatewaySearch search_;
    SocketAddress group_;
    unsigned interface_ = 0;
    Socket asking_;
    Socket hearing_;
};

bool Search::choose_interface() const {
    if (interface_ == 0 || !is_multicast(group_)) {
        return true;
    }
    if (group_.ipv6()) {
        return asking_.set(IPPROTO_IPV6, IPV6_MULTICAST_IF, static_cast<int>(interface_));
    }
    ip_mreqn request = {};
    request.imr_ifindex = static_cast<int>(interface_);
    return setsockopt(asking_.fd(), IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request) == 0;
}

bool Search::open(std::string& problem) {
    problem = parse_group(options_.group, group_);
    if (!problem.empty()) {
        problem = "--discover: \"" + options_.group + "\" " + problem;
        return false;
    }
    if (!options_.interface.empty()) {
        interface_ = if_nametoindex(options_.interface.c_str());
        if (interface_ == 0) {
            return fail(problem, "--interface " + options_.interface);
        }
    }
    if (group_.ipv6()) {
        auto* const address = reinterpret_cast<sockaddr_in6*>(&group_.storage);
        address->sin6_scope_id = address->sin6_scope_id != 0 ? address->sin6_scope_id : interface_;
        interface_ = address->sin6_scope_id;
    }
    if (!asking_.open(group_.storage.ss_family) || !choose_interface()) {
        return fail(problem, "socket");
    }
    const int hops = options_.radius == 0 ? 255 : options_.radius;
    asking_.set(SOL_SOCKET, SO_BROADCAST, 1);
    if (group_.ipv6()) {
        asking_.set(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hops);
    } else {
        asking_.set(IPPROTO_IP, IP_MULTICAST_TTL, hops);
        asking_.set(IPPROTO_IP, IP_TTL, hops);  // broadcast; answers do not concern it
    }
    listen_to_group();
    return true;
}

/// What is advertised there helps, but gateways answer a SEARCHGW to its sender: without it goes as well.
void Search::listen_to_group() {
    if (!hearing_.open(group_.storage.ss_family)) {
        return;
    }
    hearing_.set(SOL_SOCKET, SO_REUSEADDR, 1);
    hearing_.set(SOL_SOCKET, SO_REUSEPORT, 1);
    bool joined = bind(hearing_.fd(), group_.get(), group_.length) == 0;
    if (joined && is_multicast(group_)) {
        group_req request = {};
        request.gr_interface = interface_;
        std::memcpy(&request.gr_group, &group_.storage, sizeof group_.storage);
        joined = setsockopt(hearing_.fd(), group_.ipv6() ? IPPROTO_IPV6 : IPPROTO_IP, MCAST_JOIN_GROUP,
                            &request, sizeof request) == 0;
    }
    if (!joined) {
        hearing_.close();
    }
}

bool Search::send(std::string& problem) {
    std::uint8_t datagram[GatewaySearch::kOctets];
    const std::size_t octets = search_.output(mqttsn_udp_now(), datagram);
    if (octets == 0) {
        return true;
    }
    if (options_.trace) {
        options_.trace(true, Bytes{datagram, octets});
    }
    return sendto(asking_.fd(), datagram, octets, 0, group_.get(), group_.length) >= 0 || errno == EAGAIN ||
           errno == ENOBUFS || fail(problem, "no way to send there (--interface?)");
}

/// True when the gateway is found.
bool Search::receive(const Socket& socket) {
    std::array<std::uint8_t, 2048> octets;
    SocketAddress from;
    const ssize_t count = recvfrom(socket.fd(), octets.data(), octets.size(), 0, from.get(), &from.length);
    return count >= 0 && take(from, Bytes{octets.data(), static_cast<std::size_t>(count)});
}

bool Search::take(const SocketAddress& from, Bytes datagram) {
    GatewaySearch::Gateway gateway;
    const GatewaySearch::Answer answer = search_.input(mqttsn_udp_now(), datagram, gateway);
    if (answer == GatewaySearch::Answer::none) {
        return false;
    }
    if (options_.trace) {
        options_.trace(false, datagram);
    }
    SocketAddress address = from;
    if (answer == GatewaySearch::Answer::other) {  // on the interface that the datagram came by
        const std::uint16_t own_port = group_.ipv6()
                                           ? reinterpret_cast<sockaddr_in6*>(&group_.storage)->sin6_port
                                           : reinterpret_cast<sockaddr_in*>(&group_.storage)->sin_port;
        const std::uint16_t port = gateway.address.port != 0 ? htons(gateway.address.port) : own_port;
        if (gateway.address.size == 4) {
            sockaddr_in ipv4 = {};
            ipv4.sin_family = AF_INET;
            ipv4.sin_port = port;
            std::memcpy(&ipv4.sin_addr, gateway.address.octets, 4);
            std::memcpy(&address.storage, &ipv4, sizeof ipv4);
            address.length = sizeof ipv4;
        } else {
            sockaddr_in6 ipv6 = {};
            ipv6.sin6_family = AF_INET6;
            ipv6.sin6_port = port;
            std::memcpy(&ipv6.sin6_addr, gateway.address.octets, 16);
            if (from.ipv6() && IN6_IS_ADDR_LINKLOCAL(&ipv6.sin6_addr)) {
                ipv6.sin6_scope_id = reinterpret_cast<const sockaddr_in6*>(&from.storage)->sin6_scope_id;
            }
            std::memcpy(&address.storage, &ipv6, sizeof ipv6);
            address.length = sizeof ipv6;
        }
    }
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];
    if (getnameinfo(address.get(), address.length, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV | NI_DGRAM) != 0) {
        return false;
    }
    found_ = FoundGateway{host, port, gateway.id};
    return true;
}

Found Search::run(const sigset_t& signals, std::string& problem) {
    const std::uint32_t start = mqttsn_udp_now();
    for (;;) {
        const std::uint32_t passed = mqttsn_udp_now() - start;
        if (passed >= options_.timeout_ms) {
            return Found::nobody;
        }
        if (!send(problem)) {
            return Found::failed;
        }
        const std::uint32_t wait_ms =
            std::min(search_.next_timeout(mqttsn_udp_now()), options_.timeout_ms - passed);
        pollfd entries[2] = {{asking_.fd(), POLLIN, 0}, {hearing_.fd(), POLLIN, 0}};
        const timespec timeout = {static_cast<time_t>(wait_ms / 1000),
                                  static_cast<long>(wait_ms % 1000) * 1000000L};
        if (ppoll(entries, 2, &timeout, &signals) < 0) {
            return errno == EINTR ? Found::interrupted : (fail(problem, "poll"), Found::failed);
        }
        if ((entries[0].revents != 0 && receive(asking_)) || (entries[1].revents != 0 && receive(hearing_))) {
            return Found::yes;
        }
    }
}

}  // namespace

std::string check_group(const std::string& group) {
    SocketAddress address;
    return parse_group(group, address);
}

Found discover(const DiscoverOptions& options, const sigset_t& signals, FoundGateway& found,
               std::string& problem) {
    Search search(options, found);
    return search.open(problem) ? search.run(signals, problem) : Found::failed;
}

}  // namespace mqttsn::tools
