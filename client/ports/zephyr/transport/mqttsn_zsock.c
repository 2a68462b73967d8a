/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The transport of mqttsn_zsock.h.
 */
#include <errno.h>
#include <limits.h>
#include <mqttsn_zsock.h>
#include <string.h>
#include <zephyr/kernel.h>
#include <zephyr/net/socket.h>
#include <zephyr/random/random.h>
#include <zephyr/version.h>

/* The socket types of 4.3 carry a prefix. */
#if KERNEL_VERSION_NUMBER >= ZEPHYR_VERSION(4, 3, 0)
#define MQTTSN_SOCK_DGRAM NET_SOCK_DGRAM
#else
#define MQTTSN_SOCK_DGRAM SOCK_DGRAM
#endif

/* Errors that say something about the path, not about the socket. */
static bool is_loss(int error) {
    switch (error) {
        case EAGAIN:
        case EINTR:
        case ENOBUFS:
        case ENOMEM:
        case ECONNREFUSED:
        case ECONNRESET:
        case EHOSTUNREACH:
        case ENETUNREACH:
        case ENETDOWN:
        case EMSGSIZE:
            return true;
        default:
            return false;
    }
}

mqttsn_status mqttsn_zsock_open(mqttsn_zsock* link, const char* host, const char* port, void* buffer,
                                size_t buffer_octets) {
    struct zsock_addrinfo hints;
    struct zsock_addrinfo* list = NULL;

    if (link == NULL) {
        return MQTTSN_ERR_ARGUMENT;
    }
    link->fd = -1;
    link->buffer = buffer;
    link->buffer_octets = buffer_octets;
    if (host == NULL || port == NULL || buffer == NULL) {
        return MQTTSN_ERR_ARGUMENT;
    }
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = MQTTSN_SOCK_DGRAM;
    if (zsock_getaddrinfo(host, port, &hints, &list) != 0) {
        return MQTTSN_ERR_ADDRESS;
    }
    for (struct zsock_addrinfo* at = list; at != NULL && link->fd < 0; at = at->ai_next) {
        const int fd = zsock_socket(at->ai_family, at->ai_socktype, at->ai_protocol);
        if (fd >= 0 && zsock_connect(fd, at->ai_addr, at->ai_addrlen) != 0) {
            const int error = errno;
            zsock_close(fd);
            errno = error;
            continue;
        }
        link->fd = fd;
    }
    zsock_freeaddrinfo(list);
    return link->fd < 0 ? MQTTSN_ERR_NETWORK : MQTTSN_OK;
}

void mqttsn_zsock_close(mqttsn_zsock* link) {
    if (link->fd >= 0) {
        zsock_close(link->fd);
        link->fd = -1;
    }
}

uint32_t mqttsn_zsock_now(void) {
    return k_uptime_get_32();
}

uint32_t mqttsn_zsock_seed(void) {
    return sys_rand32_get();
}

mqttsn_status mqttsn_zsock_send(mqttsn_zsock* link, mqttsn_client* client) {
    size_t octets;

    while ((octets = mqttsn_output(client, mqttsn_zsock_now(), link->buffer, link->buffer_octets)) > 0) {
        if (zsock_send(link->fd, link->buffer, octets, 0) < 0 && !is_loss(errno)) {
            return MQTTSN_ERR_NETWORK;
        }
    }
    return MQTTSN_OK;
}

mqttsn_status mqttsn_zsock_receive(mqttsn_zsock* link, mqttsn_client* client) {
    const ssize_t octets =
        zsock_recv(link->fd, link->buffer, link->buffer_octets, ZSOCK_MSG_DONTWAIT | ZSOCK_MSG_TRUNC);

    if (octets < 0) {
        return is_loss(errno) ? MQTTSN_OK : MQTTSN_ERR_NETWORK;
    }
    if ((size_t)octets > link->buffer_octets) {
        return MQTTSN_ERR_MALFORMED;
    }
    return mqttsn_input(client, mqttsn_zsock_now(), link->buffer, (size_t)octets);
}

int mqttsn_zsock_run(mqttsn_zsock* link, mqttsn_client* client, int timeout_ms, mqttsn_event* event) {
    const uint32_t start = mqttsn_zsock_now();

    for (;;) {
        if (mqttsn_next_event(client, event)) {
            return 1;
        }
        if (mqttsn_zsock_send(link, client) != MQTTSN_OK) {
            return MQTTSN_ERR_NETWORK;
        }
        if (mqttsn_next_event(client, event)) {
            return 1;
        }
        const uint32_t now = mqttsn_zsock_now();
        uint32_t wait = mqttsn_next_timeout(client, now);
        if (timeout_ms >= 0) {
            if (now - start >= (uint32_t)timeout_ms) {
                return 0;
            }
            const uint32_t left = (uint32_t)timeout_ms - (now - start);
            wait = left < wait ? left : wait;
        }
        struct zsock_pollfd readable = {.fd = link->fd, .events = ZSOCK_POLLIN};
        if (zsock_poll(&readable, 1, wait > INT_MAX ? INT_MAX : (int)wait) < 0 && errno != EINTR) {
            return MQTTSN_ERR_NETWORK;
        }
        if (mqttsn_zsock_receive(link, client) == MQTTSN_ERR_NETWORK) {
            return MQTTSN_ERR_NETWORK;
        }
    }
}
