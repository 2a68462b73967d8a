// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/net/interfaces.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "gateway/net/socket_address.hpp"

namespace mqttsn::gateway {
namespace {

struct FreeAddresses {
    void operator()(ifaddrs* list) const { freeifaddrs(list); }
};

/// Calls `wanted` with every address of every interface until it says true. @return that interface, 0 = none
template <typename Wanted>
unsigned find_address(const Wanted& wanted) {
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0) {
        return 0;
    }
    const std::unique_ptr<ifaddrs, FreeAddresses> owner(list);
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
        const bool ip = entry->ifa_addr != nullptr &&
                        (entry->ifa_addr->sa_family == AF_INET || entry->ifa_addr->sa_family == AF_INET6);
        if (ip && wanted(*entry)) {
            return if_nametoindex(entry->ifa_name);
        }
    }
    return 0;
}

/// A socket that is closed at the end. -1 inside when there is none to be had.
class ProbeSocket {
  public:
    explicit ProbeSocket(int family) : fd_(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}
    ~ProbeSocket() {
        const int error = errno;  // of what was tried with it
        if (fd_ >= 0) {
            ::close(fd_);
        }
        errno = error;
    }
    ProbeSocket(const ProbeSocket&) = delete;
    ProbeSocket& operator=(const ProbeSocket&) = delete;
    int fd() const { return fd_; }

  private:
    int fd_;
};

bool can_bind(const SocketAddress& name) {
    const ProbeSocket probe(name.get()->sa_family);
    return probe.fd() >= 0 && ::bind(probe.fd(), name.get(), name.length) == 0;
}

}  // namespace

unsigned find_interface(const std::string& name) {
    Endpoint address;
    sockaddr_in ipv4{};
    sockaddr_in6 ipv6{};
    if (inet_pton(AF_INET, name.c_str(), &ipv4.sin_addr) == 1) {
        ipv4.sin_family = AF_INET;
        address = endpoint_of(reinterpret_cast<const sockaddr*>(&ipv4));
    } else if (inet_pton(AF_INET6, name.c_str(), &ipv6.sin6_addr) == 1) {
        ipv6.sin6_family = AF_INET6;
        address = endpoint_of(reinterpret_cast<const sockaddr*>(&ipv6));
    } else {
        return if_nametoindex(name.c_str());
    }
    return interface_with(address);
}

unsigned interface_with(const Endpoint& address) {
    return find_address(
        [&](const ifaddrs& entry) { return endpoint_of(entry.ifa_addr).address == address.address; });
}

unsigned first_ipv6_interface() {
    return find_address([](const ifaddrs& entry) {
        constexpr unsigned kNeeded = IFF_UP | IFF_MULTICAST;
        return entry.ifa_addr->sa_family == AF_INET6 &&
               (entry.ifa_flags & (kNeeded | static_cast<unsigned>(IFF_LOOPBACK))) == kNeeded;
    });
}

bool ipv4_address_of(unsigned interface, void* out) {
    return find_address([&](const ifaddrs& entry) {
               if (entry.ifa_addr->sa_family != AF_INET || if_nametoindex(entry.ifa_name) != interface) {
                   return false;
               }
               sockaddr_in ipv4{};
               std::memcpy(&ipv4, entry.ifa_addr, sizeof ipv4);
               std::memcpy(out, &ipv4.sin_addr, sizeof ipv4.sin_addr);
               return true;
           }) != 0;
}

bool is_own_address(const Endpoint& address) {
    Endpoint any_port = address;
    any_port.port = 0;
    return can_bind(socket_address(any_port));
}

bool is_free_on_every_address(std::uint16_t port) {
    return find_address([&](const ifaddrs& entry) {
               Endpoint own = endpoint_of(entry.ifa_addr);
               own.port = port;
               return !can_bind(socket_address(own)) && errno == EADDRINUSE;
           }) == 0;
}

bool is_broadcast(const Endpoint& address) {
    if (!is_ipv4(address)) {
        return false;
    }
    static constexpr std::uint8_t kEverybody[4] = {255, 255, 255, 255};
    if (std::memcmp(address.address.data() + 12, kEverybody, 4) == 0) {
        return true;
    }
    // The system lets nobody connect to a broadcast address who has not said that this is what he wants.
    const SocketAddress name = socket_address(address);
    const ProbeSocket probe(AF_INET);
    return probe.fd() >= 0 && ::connect(probe.fd(), name.get(), name.length) != 0 && errno == EACCES;
}

}  // namespace mqttsn::gateway
