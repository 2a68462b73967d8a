// SPDX-License-Identifier: BSD-3-Clause
//
// Opening <mqttsn/udp.h> on a multicast or broadcast group (D45): one socket on a port of its own, from which
// everything is sent and to which gateways answer, and one on the port of the group, where they advertise.
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "udp_address.hpp"

#if MQTTSN_WITH_DISCOVERY

namespace {

using mqttsn::udp::SocketAddress;

bool set(int fd, int level, int option, int value) {
    return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

/// Where what is sent to the group leaves, and how far it goes.
bool set_way(const mqttsn_udp& udp, unsigned interface, int hops) {
    if (!mqttsn::udp::is_multicast(udp.group)) {
        return set(udp.fd, SOL_SOCKET, SO_BROADCAST, 1);
    }
    if (udp.family == AF_INET6) {
        return set(udp.fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hops) &&
               (interface == 0 || set(udp.fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, static_cast<int>(interface)));
    }
    ip_mreqn request;
    memset(&request, 0, sizeof request);
    request.imr_ifindex = static_cast<int>(interface);
    return set(udp.fd, IPPROTO_IP, IP_MULTICAST_TTL, hops) &&
           (interface == 0 || setsockopt(udp.fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request) == 0);
}

/// What is advertised there helps, but gateways answer a SEARCHGW to its sender: without it goes as well.
int listen_to_group(const mqttsn_udp& udp, const SocketAddress& group, unsigned interface) {
    const int fd = mqttsn::udp::new_socket(udp.family);
    if (fd < 0) {
        return -1;
    }
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    bool joined = bind(fd, reinterpret_cast<const sockaddr*>(&group.storage), group.octets) == 0;
    if (joined && mqttsn::udp::is_multicast(udp.group)) {
        group_req request;
        memset(&request, 0, sizeof request);
        request.gr_interface = interface;
        memcpy(&request.gr_group, &group.storage, sizeof group.storage);
        joined = setsockopt(fd, udp.family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP, MCAST_JOIN_GROUP,
                            &request, sizeof request) == 0;
    }
    if (joined) {
        return fd;
    }
    close(fd);
    return -1;
}

/// The zone of a group with a link-local address and `interface` are one thing.
/// @return false when there is no such interface
bool choose_interface(mqttsn_address& group, const char* interface, unsigned& index) {
    const bool has_zone = group.octets == 22;
    uint8_t* const zone = group.data + 18;
    index = has_zone ? static_cast<unsigned>(zone[0]) << 24U | static_cast<unsigned>(zone[1]) << 16U |
                           static_cast<unsigned>(zone[2]) << 8U | zone[3]
                     : 0;
    if (interface == nullptr || interface[0] == '\0') {
        return true;
    }
    index = if_nametoindex(interface);
    for (unsigned i = 0; has_zone && i < 4; ++i) {
        zone[i] = static_cast<uint8_t>(index >> (24 - 8 * i));
    }
    errno = ENODEV;
    return index != 0;
}

}  // namespace

extern "C" mqttsn_status mqttsn_udp_open_group(mqttsn_udp* udp, const char* group, const char* interface,
                                               int hop_limit, void* buffer, size_t buffer_octets) {
    if (udp == nullptr) {
        return MQTTSN_ERR_ARGUMENT;
    }
    memset(udp, 0, sizeof *udp);
    udp->fd = -1;
    udp->group_fd = -1;
    if (group == nullptr || buffer == nullptr || hop_limit < 0 || hop_limit > 255) {
        return MQTTSN_ERR_ARGUMENT;
    }
    mqttsn_address address;
    if (mqttsn_udp_parse_address(group, &address) != MQTTSN_OK) {
        return MQTTSN_ERR_ADDRESS;
    }
    unsigned index = 0;
    if (!choose_interface(address, interface, index)) {
        return MQTTSN_ERR_NETWORK;
    }
    udp->group = address;
    udp->family = mqttsn::udp::is_ipv6(address) ? AF_INET6 : AF_INET;
    udp->fd = mqttsn::udp::new_socket(udp->family);
    if (udp->fd < 0 || !set_way(*udp, index, hop_limit == 0 ? 255 : hop_limit)) {
        const int error = errno;
        mqttsn_udp_close(udp);
        errno = error;
        return MQTTSN_ERR_NETWORK;
    }
    udp->group_fd = listen_to_group(*udp, mqttsn::udp::to_socket_address(address, udp->family), index);
    udp->buffer = buffer;
    udp->buffer_octets = buffer_octets;
    return MQTTSN_OK;
}

#endif
