// SPDX-License-Identifier: BSD-3-Clause
#include "support/multicast_peer.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstring>

namespace test {
namespace {

struct Address {
    sockaddr_storage storage{};
    socklen_t length = 0;
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    bool ipv6() const { return storage.ss_family == AF_INET6; }
    bool multicast() const {
        std::uint8_t first = 0;
        const auto* const octets = reinterpret_cast<const std::uint8_t*>(&storage);
        first = octets[ipv6() ? offsetof(sockaddr_in6, sin6_addr) : offsetof(sockaddr_in, sin_addr)];
        return ipv6() ? first == 0xFF : (first & 0xF0) == 0xE0;
    }
};

Address address_of(const std::string& host, std::uint16_t port, unsigned interface) {
    Address address;
    sockaddr_in ipv4{};
    sockaddr_in6 ipv6{};
    if (inet_pton(AF_INET, host.c_str(), &ipv4.sin_addr) == 1) {
        ipv4.sin_family = AF_INET;
        ipv4.sin_port = htons(port);
        std::memcpy(&address.storage, &ipv4, address.length = sizeof ipv4);
    } else if (inet_pton(AF_INET6, host.c_str(), &ipv6.sin6_addr) == 1) {
        ipv6.sin6_family = AF_INET6;
        ipv6.sin6_port = htons(port);
        const bool local =
            IN6_IS_ADDR_LINKLOCAL(&ipv6.sin6_addr) || IN6_IS_ADDR_MC_LINKLOCAL(&ipv6.sin6_addr);
        ipv6.sin6_scope_id = local ? interface : 0;
        std::memcpy(&address.storage, &ipv6, address.length = sizeof ipv6);
    }
    return address;
}

int set(int descriptor, int level, int option, int value) {
    return setsockopt(descriptor, level, option, &value, sizeof value);
}

}  // namespace

bool MulticastPeer::open(bool ipv6, const std::string& interface, const std::string& address) {
    close();
    interface_ = if_nametoindex(interface.c_str());
    socket_ = ::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    set(socket_, SOL_SOCKET, SO_BROADCAST, 1);
    watch_hops();
    bool ok = socket_ >= 0 && interface_ != 0;
    if (ipv6) {
        ok = ok && set(socket_, IPPROTO_IPV6, IPV6_MULTICAST_IF, static_cast<int>(interface_)) == 0;
    } else {
        ip_mreqn request{};
        request.imr_ifindex = static_cast<int>(interface_);
        ok = ok && setsockopt(socket_, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request) == 0;
    }
    const Address own = address_of(address.empty() ? (ipv6 ? "::" : "0.0.0.0") : address, 0, interface_);
    ok = ok && ::bind(socket_, own.get(), own.length) == 0;
    if (!ok) {
        std::perror("multicast peer");
    }
    return ok;
}

bool MulticastPeer::listen(const std::string& group, std::uint16_t port, const std::string& interface) {
    close();
    interface_ = if_nametoindex(interface.c_str());
    const Address own = address_of(group, port, interface_);
    socket_ = ::socket(own.get()->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    set(socket_, SOL_SOCKET, SO_REUSEADDR, 1);
    set(socket_, SOL_SOCKET, SO_REUSEPORT, 1);
    set(socket_, IPPROTO_IP, IP_MULTICAST_ALL, 0);  // not from other interfaces
    watch_hops();
    bool ok = socket_ >= 0 && ::bind(socket_, own.get(), own.length) == 0;
    if (own.multicast()) {
        group_req request{};
        request.gr_interface = interface_;
        std::memcpy(&request.gr_group, &own.storage, sizeof own.storage);
        ok = ok && setsockopt(socket_, own.ipv6() ? IPPROTO_IPV6 : IPPROTO_IP, MCAST_JOIN_GROUP, &request,
                              sizeof request) == 0;
    }
    if (!ok) {
        std::perror("multicast peer");
    }
    return ok;
}

void MulticastPeer::watch_hops() const {
    set(socket_, IPPROTO_IP, IP_RECVTTL, 1);
    set(socket_, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
}

void MulticastPeer::close() {
    if (socket_ >= 0) {
        ::close(socket_);
    }
    socket_ = -1;
}

bool MulticastPeer::send(const std::string& octets, const std::string& host, std::uint16_t port) const {
    const Address to = address_of(host, port, interface_);
    const bool ok = ::sendto(socket_, octets.data(), octets.size(), 0, to.get(), to.length) ==
                    static_cast<ssize_t>(octets.size());
    if (!ok) {
        std::perror(("sending to " + host).c_str());
    }
    return ok;
}

bool MulticastPeer::receive(Heard& heard, int timeout_ms) const {
    pollfd entry{socket_, POLLIN, 0};
    if (::poll(&entry, 1, timeout_ms) <= 0) {
        return false;
    }
    std::array<char, 2048> octets{};
    alignas(cmsghdr) std::array<char, 256> control{};
    Address from;
    iovec piece{octets.data(), octets.size()};
    msghdr header{};
    header.msg_name = from.get();
    header.msg_namelen = sizeof from.storage;
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const ssize_t count = ::recvmsg(socket_, &header, 0);
    if (count < 0) {
        return false;
    }
    heard = Heard{};
    heard.octets.assign(octets.data(), static_cast<std::size_t>(count));
    std::array<char, NI_MAXHOST> host{};
    std::array<char, NI_MAXSERV> port{};
    ::getnameinfo(from.get(), header.msg_namelen, host.data(), host.size(), port.data(), port.size(),
                  NI_NUMERICHOST | NI_NUMERICSERV);
    heard.host = host.data();
    heard.host = heard.host.substr(0, heard.host.find('%'));
    heard.port = static_cast<std::uint16_t>(std::stoul(port.data()));
    for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
        if ((part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_TTL) ||
            (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_HOPLIMIT)) {
            std::memcpy(&heard.hops, CMSG_DATA(part), sizeof heard.hops);
        }
    }
    return true;
}

std::uint16_t MulticastPeer::port() const {
    sockaddr_storage own{};
    socklen_t length = sizeof own;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&own), &length);
    std::uint16_t port = 0;  // at the same place in both families
    std::memcpy(&port, reinterpret_cast<const char*>(&own) + offsetof(sockaddr_in, sin_port), sizeof port);
    return ntohs(port);
}

bool MulticastPeer::can_bind(const std::string& address, std::uint16_t port, bool reuse) {
    const Address own = address_of(address, port, 0);
    const int descriptor = ::socket(own.get()->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (reuse) {
        set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
    }
    const bool ok = ::bind(descriptor, own.get(), own.length) == 0;
    ::close(descriptor);
    return ok;
}

}  // namespace test
