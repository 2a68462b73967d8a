// SPDX-License-Identifier: BSD-3-Clause
//
// What this host's network interfaces are called and which addresses they have, as the system says at this
// moment. Any thread.
#ifndef GATEWAY_NET_INTERFACES_HPP
#define GATEWAY_NET_INTERFACES_HPP

#include <cstdint>
#include <string>

#include "gateway/core/endpoint.hpp"

namespace mqttsn::gateway {

/// @param name  "eth0", or an address that an interface has ("192.0.2.1", "fe80::1"). @return its index, 0 =
/// none
unsigned find_interface(const std::string& name);
/// The interface that has this address (port and scope are not looked at), 0 = none.
unsigned interface_with(const Endpoint& address);
/// For what is sent to neighbours only and needs an interface: the first one that is up, can multicast, has
/// an IPv6 address and is not loopback. 0 = none.
unsigned first_ipv6_interface();
/// The first IPv4 address of an interface into `out`, network order. False when it has none.
bool ipv4_address_of(unsigned interface, void* out);
/// Whether this host has the address. Asks by binding to it, so it also knows all of 127.0.0.0/8.
bool is_own_address(const Endpoint& address);
/// Whether no socket is bound to this UDP port on any single address of this host, or on all of them
/// unshared.
bool is_free_on_every_address(std::uint16_t port);
/// Whether the address is an IPv4 broadcast address on an interface of this host.
bool is_broadcast(const Endpoint& address);

}  // namespace mqttsn::gateway

#endif
