// SPDX-License-Identifier: BSD-3-Clause
//
// mqttsn_address as it is on UDP (see <mqttsn/udp.h>) to and from the forms of the socket calls and of
// GWINFO.
#ifndef MQTTSN_CLIENT_POSIX_UDP_ADDRESS_HPP
#define MQTTSN_CLIENT_POSIX_UDP_ADDRESS_HPP

#include <mqttsn/udp.h>
#include <sys/socket.h>

namespace mqttsn::udp {

struct SocketAddress {
    sockaddr_storage storage;
    socklen_t octets;  ///< 0 = none
};

/// @param family  of the socket; an IPv6 socket also reaches IPv4 addresses
SocketAddress to_socket_address(const mqttsn_address& address, int family);
/// octets = 0 when it is of another family. IPv4 addresses inside IPv6 ones come out as such.
mqttsn_address from_socket_address(const SocketAddress& from);
/// False for a number outside 1..65535, which getaddrinfo() would wrap; other texts are for getaddrinfo().
bool is_port(const char* text);
bool is_multicast(const mqttsn_address& address);
inline bool is_ipv6(const mqttsn_address& address) {
    return address.octets >= 18;
}

/// A UDP socket that does not block and is not inherited. @return -1 = see errno
int new_socket(int family);

/// Longest GWINFO that canonical_gateway_info() makes.
constexpr size_t kGatewayInfoOctetsMax = 3 + 1 + sizeof(mqttsn_address::data);

/// A GWINFO that tells an address, in any of the forms of D46, is rewritten in place to length octet and
/// mqttsn_address. Everything else is left alone.
/// @param capacity  of the datagram's memory
/// @param from      who sent it; its zone is that of a link-local address inside
/// @param group     whose port stands in where none is told
/// @return octets of the datagram; 0 = a GWINFO whose address has none of the forms
size_t canonical_gateway_info(uint8_t* datagram, size_t octets, size_t capacity, const mqttsn_address& from,
                              const mqttsn_address& group);
/// The reverse, before one is sent: zones mean nothing to others.
size_t without_zone(uint8_t* datagram, size_t octets);

}  // namespace mqttsn::udp

#endif
