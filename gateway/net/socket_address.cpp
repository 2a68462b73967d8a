// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/net/socket_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace mqttsn::gateway {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

}  // namespace

bool is_ipv4(const Endpoint& endpoint) {
    return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), endpoint.address.begin());
}

bool is_unspecified(const Endpoint& address) {
    static constexpr std::array<std::uint8_t, 16> kZero{};
    return address.address == kZero ||
           (is_ipv4(address) && std::memcmp(address.address.data() + 12, kZero.data(), 4) == 0);
}

SocketAddress socket_address(const Endpoint& endpoint, AddressForm form) {
    SocketAddress address;
    if (form == AddressForm::ipv4 || (form == AddressForm::own && is_ipv4(endpoint))) {
        sockaddr_in ipv4{};
        ipv4.sin_family = AF_INET;
        ipv4.sin_port = htons(endpoint.port);
        std::memcpy(&ipv4.sin_addr, endpoint.address.data() + 12, 4);
        std::memcpy(&address.storage, &ipv4, sizeof ipv4);
        address.length = sizeof ipv4;
    } else {
        sockaddr_in6 ipv6{};
        ipv6.sin6_family = AF_INET6;
        ipv6.sin6_port = htons(endpoint.port);
        ipv6.sin6_scope_id = endpoint.scope;
        std::memcpy(&ipv6.sin6_addr, endpoint.address.data(), 16);
        std::memcpy(&address.storage, &ipv6, sizeof ipv6);
        address.length = sizeof ipv6;
    }
    return address;
}

Endpoint endpoint_of(const sockaddr* address, std::uint16_t listener) {
    Endpoint endpoint;
    endpoint.listener = listener;
    if (address->sa_family == AF_INET) {
        sockaddr_in ipv4{};
        std::memcpy(&ipv4, address, sizeof ipv4);
        std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), endpoint.address.begin());
        std::memcpy(endpoint.address.data() + 12, &ipv4.sin_addr, 4);
        endpoint.port = ntohs(ipv4.sin_port);
    } else {
        sockaddr_in6 ipv6{};
        std::memcpy(&ipv6, address, sizeof ipv6);
        std::memcpy(endpoint.address.data(), &ipv6.sin6_addr, 16);
        endpoint.port = ntohs(ipv6.sin6_port);
        endpoint.scope = IN6_IS_ADDR_LINKLOCAL(&ipv6.sin6_addr) ? ipv6.sin6_scope_id : 0;
    }
    return endpoint;
}

}  // namespace mqttsn::gateway
