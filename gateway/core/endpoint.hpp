// SPDX-License-Identifier: BSD-3-Clause
//
// Where a datagram came from and where the answer goes: listener, socket address, and the wireless node
// behind a forwarder. An endpoint leads to a session; it never is its identity (that is the client id).
#ifndef GATEWAY_CORE_ENDPOINT_HPP
#define GATEWAY_CORE_ENDPOINT_HPP

#include <array>
#include <compare>
#include <cstdint>
#include <string>

#include "mqttsn/wire.hpp"

namespace mqttsn::gateway {

struct Endpoint {
    std::array<std::uint8_t, 16> address{};  ///< IPv6, or IPv4 mapped into it (::ffff:a.b.c.d), network order
    std::uint32_t scope = 0;                 ///< interface index of a link-local address, else 0
    std::uint32_t node = 0;                  ///< 0 = not behind a forwarder, else its number in WirelessNodes
    std::uint16_t port = 0;                  ///< host order
    std::uint16_t listener = 0;              ///< index into Settings::listeners

    friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// An IPv4 address, mapped.
bool is_mapped_ipv4(const Endpoint& endpoint);
/// On this machine: no stranger can send from there, the system drops such datagrams from outside.
bool is_loopback(const Endpoint& endpoint);

/// "192.0.2.7:5000", "[2001:db8::1]:5000", behind a forwarder "192.0.2.7:5000/node 00ff", or "/node -" when
/// the node id has no octets. For logs; allocates.
/// @param node_id  of endpoint.node, which alone is only a number
std::string to_string(const Endpoint& endpoint, Bytes node_id = Bytes{});

}  // namespace mqttsn::gateway

#endif
