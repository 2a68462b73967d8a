// SPDX-License-Identifier: BSD-3-Clause
#include "udp_address.hpp"

#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

static_assert(MQTTSN_ADDRESS_OCTETS >= 22, "IPv6 address, port and zone do not fit an mqttsn_address");

namespace mqttsn::udp {

namespace {

constexpr size_t kIpv4 = 4;
constexpr size_t kIpv6 = 16;
constexpr size_t kPort = 2;
constexpr size_t kZone = 4;
constexpr uint8_t kGatewayInfo = 0x02;

bool is_link_local(const uint8_t* ipv6) {
    const bool unicast = ipv6[0] == 0xFE && (ipv6[1] & 0xC0U) == 0x80;
    const bool multicast = ipv6[0] == 0xFF && (ipv6[1] & 0x0FU) <= 2;
    return unicast || multicast;
}

uint16_t port_of(const mqttsn_address& address) {
    const uint8_t* const port = address.data + (is_ipv6(address) ? kIpv6 : kIpv4);
    return static_cast<uint16_t>(port[0] << 8U | port[1]);
}

uint32_t zone_of(const mqttsn_address& address) {
    if (address.octets != kIpv6 + kPort + kZone) {
        return 0;
    }
    const uint8_t* const zone = address.data + kIpv6 + kPort;
    return static_cast<uint32_t>(zone[0]) << 24U | static_cast<uint32_t>(zone[1]) << 16U |
           static_cast<uint32_t>(zone[2]) << 8U | zone[3];
}

mqttsn_address make_address(const uint8_t* ip, size_t ip_octets, uint16_t port, uint32_t zone) {
    mqttsn_address address;
    memset(&address, 0, sizeof address);
    memcpy(address.data, ip, ip_octets);
    uint8_t* end = address.data + ip_octets;
    *end++ = static_cast<uint8_t>(port >> 8U);
    *end++ = static_cast<uint8_t>(port);
    if (ip_octets == kIpv6 && is_link_local(ip)) {
        for (int shift = 24; shift >= 0; shift -= 8) {
            *end++ = static_cast<uint8_t>(zone >> static_cast<unsigned>(shift));
        }
    }
    address.octets = static_cast<uint8_t>(end - address.data);
    return address;
}

bool is_form(const mqttsn_address& address) {
    return address.octets == kIpv4 + kPort || address.octets == kIpv6 + kPort ||
           address.octets == kIpv6 + kPort + kZone;
}

/// Where the message of a GWINFO that tells an address begins (its type); 0 = it is none.
size_t gateway_info_at(const uint8_t* datagram, size_t octets) {
    if (octets < 4) {
        return 0;
    }
    const bool is_long = datagram[0] == 1;
    const size_t said = is_long ? static_cast<size_t>(datagram[1] << 8U | datagram[2]) : datagram[0];
    const size_t at = is_long ? 3 : 1;
    return said == octets && octets > at + 2 && datagram[at] == kGatewayInfo ? at : 0;
}

size_t write_gateway_info(uint8_t* datagram, uint8_t gateway_id, const uint8_t* address, size_t octets) {
    memmove(datagram + 4, address, octets);
    datagram[0] = static_cast<uint8_t>(4 + octets);
    datagram[1] = kGatewayInfo;
    datagram[2] = gateway_id;
    datagram[3] = static_cast<uint8_t>(octets);
    return datagram[0];
}

}  // namespace

SocketAddress to_socket_address(const mqttsn_address& address, int family) {
    SocketAddress to;
    memset(&to, 0, sizeof to);
    if (!is_form(address) || (is_ipv6(address) && family != AF_INET6)) {
        return to;
    }
    if (family == AF_INET) {
        sockaddr_in ipv4;
        memset(&ipv4, 0, sizeof ipv4);
        ipv4.sin_family = AF_INET;
        ipv4.sin_port = htons(port_of(address));
        memcpy(&ipv4.sin_addr, address.data, kIpv4);
        memcpy(&to.storage, &ipv4, sizeof ipv4);
        to.octets = sizeof ipv4;
        return to;
    }
    sockaddr_in6 ipv6;
    memset(&ipv6, 0, sizeof ipv6);
    ipv6.sin6_family = AF_INET6;
    ipv6.sin6_port = htons(port_of(address));
    ipv6.sin6_scope_id = zone_of(address);
    if (is_ipv6(address)) {
        memcpy(&ipv6.sin6_addr, address.data, kIpv6);
    } else {
        ipv6.sin6_addr.s6_addr[10] = 0xFF;
        ipv6.sin6_addr.s6_addr[11] = 0xFF;
        memcpy(ipv6.sin6_addr.s6_addr + kIpv6 - kIpv4, address.data, kIpv4);
    }
    memcpy(&to.storage, &ipv6, sizeof ipv6);
    to.octets = sizeof ipv6;
    return to;
}

mqttsn_address from_socket_address(const SocketAddress& from) {
    if (from.storage.ss_family == AF_INET) {
        sockaddr_in ipv4;
        memcpy(&ipv4, &from.storage, sizeof ipv4);
        uint8_t ip[kIpv4];
        memcpy(ip, &ipv4.sin_addr, sizeof ip);
        return make_address(ip, kIpv4, ntohs(ipv4.sin_port), 0);
    }
    if (from.storage.ss_family == AF_INET6) {
        sockaddr_in6 ipv6;
        memcpy(&ipv6, &from.storage, sizeof ipv6);
        const uint8_t* const ip = ipv6.sin6_addr.s6_addr;
        return IN6_IS_ADDR_V4MAPPED(&ipv6.sin6_addr)
                   ? make_address(ip + kIpv6 - kIpv4, kIpv4, ntohs(ipv6.sin6_port), 0)
                   : make_address(ip, kIpv6, ntohs(ipv6.sin6_port), ipv6.sin6_scope_id);
    }
    mqttsn_address none;
    memset(&none, 0, sizeof none);
    return none;
}

bool is_port(const char* text) {
    uint32_t number = 0;
    for (const char* digit = text; *digit != '\0'; ++digit) {
        if (*digit < '0' || *digit > '9') {
            return true;
        }
        number = number * 10 + static_cast<uint32_t>(*digit - '0');
        if (number > 65535) {
            return false;
        }
    }
    return number > 0;
}

bool is_multicast(const mqttsn_address& address) {
    return is_ipv6(address) ? address.data[0] == 0xFF : (address.data[0] & 0xF0U) == 0xE0;
}

size_t canonical_gateway_info(uint8_t* datagram, size_t octets, size_t capacity, const mqttsn_address& from,
                              const mqttsn_address& group) {
    const size_t at = gateway_info_at(datagram, octets);
    if (at == 0) {
        return octets;
    }
    const size_t told = octets - at - 2;
    // With a length octet the whole is odd. What exactly it counts is not clear (D46), and not needed.
    const size_t skip = told % 2;
    const size_t rest = told - skip;
    const size_t ip_octets = rest == kIpv4 || rest == kIpv4 + kPort ? kIpv4 : kIpv6;
    if ((rest != ip_octets && rest != ip_octets + kPort) || capacity < kGatewayInfoOctetsMax) {
        return 0;
    }
    const uint8_t* const ip = datagram + at + 2 + skip;
    const uint8_t* const port = ip + ip_octets;
    const uint16_t number = static_cast<uint16_t>(rest > ip_octets ? port[0] << 8U | port[1] : 0);
    const mqttsn_address address =
        make_address(ip, ip_octets, number != 0 ? number : port_of(group), zone_of(from));
    return write_gateway_info(datagram, datagram[at + 1], address.data, address.octets);
}

size_t without_zone(uint8_t* datagram, size_t octets) {
    const size_t at = gateway_info_at(datagram, octets);
    const size_t head = at + 3;
    if (at == 0 || octets != head + kIpv6 + kPort + kZone) {
        return octets;
    }
    return write_gateway_info(datagram, datagram[at + 1], datagram + head, kIpv6 + kPort);
}

}  // namespace mqttsn::udp

using namespace mqttsn::udp;

extern "C" {

mqttsn_status mqttsn_udp_parse_address(const char* text, mqttsn_address* address) {
    if (text == nullptr || address == nullptr) {
        return MQTTSN_ERR_ARGUMENT;
    }
    const char* const colon = strrchr(text, ':');
    char host[NI_MAXHOST];
    size_t host_octets = colon != nullptr ? static_cast<size_t>(colon - text) : 0;
    if (host_octets == 0 || host_octets >= sizeof host) {
        return MQTTSN_ERR_ADDRESS;
    }
    const bool brackets = host_octets > 2 && text[0] == '[' && colon[-1] == ']';
    host_octets -= brackets ? 2 : 0;
    memcpy(host, text + (brackets ? 1 : 0), host_octets);
    host[host_octets] = '\0';
    addrinfo hints;
    memset(&hints, 0, sizeof hints);
    hints.ai_family = brackets ? AF_INET6 : AF_INET;
    hints.ai_socktype = SOCK_DGRAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    addrinfo* list = nullptr;
    if (colon[1] == '\0' || !mqttsn::udp::is_port(colon + 1) ||
        getaddrinfo(host, colon + 1, &hints, &list) != 0) {
        return MQTTSN_ERR_ADDRESS;
    }
    SocketAddress found;
    memset(&found, 0, sizeof found);
    memcpy(&found.storage, list->ai_addr, list->ai_addrlen);
    freeaddrinfo(list);
    *address = from_socket_address(found);
    return MQTTSN_OK;
}

void mqttsn_udp_format_address(const mqttsn_address* address, char* text) {
    const bool ipv6 = is_ipv6(*address);
    const SocketAddress to = to_socket_address(*address, ipv6 ? AF_INET6 : AF_INET);
    char port[8];
    char* const host = text + (ipv6 ? 1 : 0);
    const socklen_t room = MQTTSN_UDP_ADDRESS_TEXT - sizeof port - 3;  // brackets and colon
    if (to.octets == 0 || getnameinfo(reinterpret_cast<const sockaddr*>(&to.storage), to.octets, host, room,
                                      port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV | NI_DGRAM) != 0) {
        memcpy(text, "?", 2);
        return;
    }
    char* end = host + strlen(host);
    if (ipv6) {
        *text = '[';
        *end++ = ']';
    }
    *end++ = ':';
    memcpy(end, port, strlen(port) + 1);
}

}  // extern "C"
