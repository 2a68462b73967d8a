// SPDX-License-Identifier: BSD-3-Clause
//
// Endpoint <-> the system's socket addresses. Pure functions, any thread.
#ifndef GATEWAY_NET_SOCKET_ADDRESS_HPP
#define GATEWAY_NET_SOCKET_ADDRESS_HPP

#include <sys/socket.h>

#include <cstdint>

#include "gateway/core/endpoint.hpp"

namespace mqttsn::gateway {

/// An address for bind(), connect() and sendto().
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = sizeof(sockaddr_storage);  ///< of what is in `storage`; room for it before a call

    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

/// Which family an address is wanted in.
enum class AddressForm : std::uint8_t {
    own,   ///< AF_INET for an IPv4 address, else AF_INET6
    ipv4,  ///< AF_INET: the address must be an IPv4 one
    ipv6,  ///< AF_INET6, for a dual stack socket: IPv4 stays mapped (::ffff:a.b.c.d)
};

/// True for ::ffff:a.b.c.d, as IPv4 is kept in an Endpoint.
bool is_ipv4(const Endpoint& endpoint);
/// 0.0.0.0 or [::].
bool is_unspecified(const Endpoint& address);

/// Address, port and, of a link-local address, interface; listener and node are not looked at.
SocketAddress socket_address(const Endpoint& endpoint, AddressForm form = AddressForm::own);

/// Of AF_INET or AF_INET6; the scope only where it means something (link-local).
Endpoint endpoint_of(const sockaddr* address, std::uint16_t listener = 0);

}  // namespace mqttsn::gateway

#endif
