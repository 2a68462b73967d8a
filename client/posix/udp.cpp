// SPDX-License-Identifier: BSD-3-Clause
//
// The blocking runner of <mqttsn/udp.h>.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mqttsn/udp.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "udp_address.hpp"

namespace {

using mqttsn::udp::SocketAddress;

/// Errors that say something about the path, not about the socket. An ICMP error of an earlier datagram shows
/// up here.
bool is_loss(int error) {
    switch (error) {
        case EAGAIN:
        case EINTR:
        case ENOBUFS:
        case ENOMEM:
        case ECONNREFUSED:
        case ECONNRESET:
        case EHOSTUNREACH:
        case EHOSTDOWN:
        case ENETUNREACH:
        case ENETDOWN:
        case EPERM:  // a packet filter
        case EMSGSIZE:
            return true;
        default:
            return false;
    }
}

/// Waits for the sockets, at most `wait_ms`. @return false when poll failed
bool wait_readable(const mqttsn_udp& udp, uint32_t wait_ms) {
    pollfd entries[2] = {{udp.fd, POLLIN, 0}, {udp.group_fd, POLLIN, 0}};
    const int wait = wait_ms > INT_MAX ? INT_MAX : static_cast<int>(wait_ms);
    return poll(entries, 2, wait) >= 0 || errno == EINTR;
}

void close_keeping_errno(int fd) {
    const int error = errno;
    close(fd);
    errno = error;
}

int open_connected(const addrinfo& address) {
    const int fd = mqttsn::udp::new_socket(address.ai_family);
    if (fd >= 0 && connect(fd, address.ai_addr, address.ai_addrlen) != 0) {
        close_keeping_errno(fd);
        return -1;
    }
    return fd;
}

/// @return false when an argument is missing
bool reset(mqttsn_udp* udp, const char* where, const void* buffer) {
    if (udp == nullptr) {
        return false;
    }
    memset(udp, 0, sizeof *udp);
    udp->fd = -1;
    udp->group_fd = -1;
    return where != nullptr && buffer != nullptr;
}

/// Sends; the error of an earlier datagram is reported in place of sending this one: then once more.
bool send_datagram(mqttsn_udp& udp, size_t octets, const SocketAddress& to) {
    const sockaddr* const address = to.octets > 0 ? reinterpret_cast<const sockaddr*>(&to.storage) : nullptr;
    for (int attempt = 0; attempt < 2; ++attempt) {
        if (sendto(udp.fd, udp.buffer, octets, 0, address, to.octets) >= 0) {
            udp.send_error = 0;
            return true;
        }
        udp.send_error = errno;
        if (errno != ECONNREFUSED) {
            break;
        }
        ++udp.refused_count;
    }
    return is_loss(udp.send_error);
}

}  // namespace

int mqttsn::udp::new_socket(int family) {
    const int fd = socket(family, SOCK_DGRAM, 0);
    if (fd >= 0 && (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0)) {
        close_keeping_errno(fd);
        return -1;
    }
    return fd;
}

extern "C" {

mqttsn_status mqttsn_udp_open(mqttsn_udp* udp, const char* host, const char* port, void* buffer,
                              size_t buffer_octets) {
    if (!reset(udp, host, buffer) || port == nullptr) {
        return MQTTSN_ERR_ARGUMENT;
    }
    addrinfo hints;
    memset(&hints, 0, sizeof hints);
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_DGRAM;
    addrinfo* list = nullptr;
    if (!mqttsn::udp::is_port(port) || getaddrinfo(host, port, &hints, &list) != 0) {
        return MQTTSN_ERR_ADDRESS;
    }
    for (const addrinfo* address = list; address != nullptr && udp->fd < 0; address = address->ai_next) {
        udp->fd = open_connected(*address);
    }
    freeaddrinfo(list);
    if (udp->fd < 0) {
        return MQTTSN_ERR_NETWORK;
    }
    udp->buffer = buffer;
    udp->buffer_octets = buffer_octets;
    return MQTTSN_OK;
}

void mqttsn_udp_close(mqttsn_udp* udp) {
    if (udp == nullptr) {
        return;
    }
    if (udp->fd >= 0) {
        close(udp->fd);
    }
    if (udp->group_fd >= 0) {
        close(udp->group_fd);
    }
    udp->fd = -1;
    udp->group_fd = -1;
}

uint32_t mqttsn_udp_now(void) {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint32_t>(static_cast<uint64_t>(now.tv_sec) * 1000U +
                                 static_cast<uint64_t>(now.tv_nsec) / 1000000U);
}

uint32_t mqttsn_udp_seed(void) {
    timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const uint64_t mixed = (static_cast<uint64_t>(now.tv_sec) * 1000000007U) ^
                           (static_cast<uint64_t>(now.tv_nsec) << 7U) ^ static_cast<uint64_t>(getpid());
    return static_cast<uint32_t>((mixed * 0x9E3779B97F4A7C15ULL) >> 32U);
}

mqttsn_status mqttsn_udp_send(mqttsn_udp* udp, mqttsn_client* client) {
    for (;;) {
        SocketAddress to;
        to.octets = 0;
#if MQTTSN_WITH_DISCOVERY
        const bool on_group = udp->group.octets > 0;
        mqttsn_address address;
        size_t octets = mqttsn_output_to(client, mqttsn_udp_now(), &address, udp->buffer, udp->buffer_octets);
        if (octets > 0 && on_group) {
            if (address.octets > 0) {
                udp->gateway = address;
            }
            to = mqttsn::udp::to_socket_address(address.octets > 0 ? address : udp->group, udp->family);
            octets = mqttsn::udp::without_zone(static_cast<uint8_t*>(udp->buffer), octets);
        }
#else
        const bool on_group = false;
        const size_t octets = mqttsn_output(client, mqttsn_udp_now(), udp->buffer, udp->buffer_octets);
#endif
        if (octets == 0) {
            return MQTTSN_OK;
        }
        if (udp->trace != nullptr) {
            udp->trace(udp->trace_context, true, udp->buffer, octets);
        }
        if (on_group && to.octets == 0) {
            udp->send_error = EAFNOSUPPORT;  // an address that this socket cannot reach: lost
        } else if (!send_datagram(*udp, octets, to)) {
            return MQTTSN_ERR_NETWORK;
        }
    }
}

mqttsn_status mqttsn_udp_receive(mqttsn_udp* udp, mqttsn_client* client) {
    SocketAddress from;
    from.octets = sizeof from.storage;
    auto* const address = reinterpret_cast<sockaddr*>(&from.storage);
    ssize_t received = recvfrom(udp->fd, udp->buffer, udp->buffer_octets, MSG_TRUNC, address, &from.octets);
    if (received < 0) {
        udp->refused_count += errno == ECONNREFUSED ? 1U : 0U;
        if (!is_loss(errno)) {
            return MQTTSN_ERR_NETWORK;
        }
        if (udp->group_fd < 0) {
            return MQTTSN_OK;
        }
        from.octets = sizeof from.storage;
        received = recvfrom(udp->group_fd, udp->buffer, udp->buffer_octets, MSG_TRUNC, address, &from.octets);
        if (received < 0) {
            return is_loss(errno) ? MQTTSN_OK : MQTTSN_ERR_NETWORK;
        }
    }
    size_t octets = static_cast<size_t>(received);
    if (octets > udp->buffer_octets) {
        return MQTTSN_ERR_MALFORMED;
    }
    if (udp->trace != nullptr) {
        udp->trace(udp->trace_context, false, udp->buffer, octets);
    }
#if MQTTSN_WITH_DISCOVERY
    if (udp->group.octets > 0) {
        const mqttsn_address sender = mqttsn::udp::from_socket_address(from);
        octets = mqttsn::udp::canonical_gateway_info(static_cast<uint8_t*>(udp->buffer), octets,
                                                     udp->buffer_octets, sender, udp->group);
        return mqttsn_input_from(client, mqttsn_udp_now(), &sender, udp->buffer, octets);
    }
#endif
    return mqttsn_input(client, mqttsn_udp_now(), udp->buffer, octets);
}

int mqttsn_udp_run(mqttsn_udp* udp, mqttsn_client* client, int timeout_ms, mqttsn_event* event) {
    const uint32_t start = mqttsn_udp_now();
    int stuck = 0;
    for (;;) {
        if (mqttsn_next_event(client, event)) {
            return 1;
        }
        if (mqttsn_udp_send(udp, client) != MQTTSN_OK) {
            return MQTTSN_ERR_NETWORK;
        }
        if (mqttsn_next_event(client, event)) {
            return 1;
        }
        const uint32_t now = mqttsn_udp_now();
        uint32_t wait = mqttsn_next_timeout(client, now);
        // Something is due, nothing is written, again and again: the buffer is smaller than a datagram may
        // be.
        stuck = wait == 0 ? stuck + 1 : 0;
        if (stuck > 3) {
            return MQTTSN_ERR_ARGUMENT;
        }
        if (timeout_ms >= 0) {
            const uint32_t passed = now - start;
            const uint32_t limit = static_cast<uint32_t>(timeout_ms);
            if (passed >= limit) {
                return 0;
            }
            wait = limit - passed < wait ? limit - passed : wait;
        }
        if (!wait_readable(*udp, wait) || mqttsn_udp_receive(udp, client) == MQTTSN_ERR_NETWORK) {
            return MQTTSN_ERR_NETWORK;
        }
    }
}

int mqttsn_udp_wait(mqttsn_udp* udp, mqttsn_client* client, mqttsn_event_type wanted, int timeout_ms,
                    mqttsn_event* event) {
    const uint32_t start = mqttsn_udp_now();
    for (;;) {
        int left = -1;
        if (timeout_ms >= 0) {
            const uint32_t passed = mqttsn_udp_now() - start;
            left = passed >= static_cast<uint32_t>(timeout_ms) ? 0 : timeout_ms - static_cast<int>(passed);
        }
        const int result = mqttsn_udp_run(udp, client, left, event);
        if (result <= 0) {
            memset(event, 0, sizeof *event);
            return result;
        }
        if (event->type == wanted) {
            return 1;
        }
        switch (event->type) {
            case MQTTSN_EVENT_REFUSED:
            case MQTTSN_EVENT_DISCONNECTED:
            case MQTTSN_EVENT_LOST:
            case MQTTSN_EVENT_CLOSED:
                return 0;
            default:
                break;
        }
    }
}

}  // extern "C"
