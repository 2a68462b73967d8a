// SPDX-License-Identifier: BSD-3-Clause
#include "conformance/address.hpp"

#include <netdb.h>
#include <netinet/in.h>

#include <array>
#include <cstring>

namespace conformance {

bool Address::operator==(const Address& other) const {
    if (family() != other.family()) {
        return false;
    }
    if (family() == AF_INET) {
        const auto& mine = reinterpret_cast<const sockaddr_in&>(storage);
        const auto& its = reinterpret_cast<const sockaddr_in&>(other.storage);
        return mine.sin_port == its.sin_port && mine.sin_addr.s_addr == its.sin_addr.s_addr;
    }
    const auto& mine = reinterpret_cast<const sockaddr_in6&>(storage);
    const auto& its = reinterpret_cast<const sockaddr_in6&>(other.storage);
    return mine.sin6_port == its.sin6_port &&
           std::memcmp(&mine.sin6_addr, &its.sin6_addr, sizeof mine.sin6_addr) == 0;
}

std::optional<Address> resolve(const HostPort& host_port, int type) {
    addrinfo hints{};
    hints.ai_socktype = type;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host_port.host.c_str(), std::to_string(host_port.port).c_str(), &hints, &found) != 0) {
        return std::nullopt;
    }
    Address address;
    std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
    address.size = found->ai_addrlen;
    ::freeaddrinfo(found);
    return address;
}

std::string to_text(const Address& address) {
    std::array<char, NI_MAXHOST> host{};
    std::array<char, NI_MAXSERV> port{};
    if (::getnameinfo(address.get(), address.size, host.data(), host.size(), port.data(), port.size(),
                      NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return "?";
    }
    const std::string name = host.data();
    return (address.family() == AF_INET6 ? "[" + name + "]" : name) + ":" + port.data();
}

}  // namespace conformance
