/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The transport of mqttsn_esp.h.
 */
#include <errno.h>
#include <esp_random.h>
#include <esp_timer.h>
#include <lwip/netdb.h>
#include <lwip/sockets.h>
#include <mqttsn_esp.h>
#include <string.h>
#include <unistd.h>

/* select() takes seconds; more than a day at once is not needed. */
#define WAIT_MS_MAX 86400000U

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

mqttsn_status mqttsn_esp_open(mqttsn_esp* link, const char* host, const char* port, void* buffer,
                              size_t buffer_octets) {
    struct addrinfo hints;
    struct addrinfo* list = NULL;

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
    hints.ai_socktype = SOCK_DGRAM;
    if (getaddrinfo(host, port, &hints, &list) != 0) {
        return MQTTSN_ERR_ADDRESS;
    }
    for (struct addrinfo* at = list; at != NULL && link->fd < 0; at = at->ai_next) {
        const int fd = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
        if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) != 0) {
            const int error = errno;
            close(fd);
            errno = error;
            continue;
        }
        link->fd = fd;
    }
    freeaddrinfo(list);
    return link->fd < 0 ? MQTTSN_ERR_NETWORK : MQTTSN_OK;
}

void mqttsn_esp_close(mqttsn_esp* link) {
    if (link->fd >= 0) {
        close(link->fd);
        link->fd = -1;
    }
}

uint32_t mqttsn_esp_now(void) {
    return (uint32_t)(esp_timer_get_time() / 1000);
}

uint32_t mqttsn_esp_seed(void) {
    return esp_random();
}

mqttsn_status mqttsn_esp_send(mqttsn_esp* link, mqttsn_client* client) {
    size_t octets;

    while ((octets = mqttsn_output(client, mqttsn_esp_now(), link->buffer, link->buffer_octets)) > 0) {
        if (send(link->fd, link->buffer, octets, 0) < 0 && !is_loss(errno)) {
            return MQTTSN_ERR_NETWORK;
        }
    }
    return MQTTSN_OK;
}

mqttsn_status mqttsn_esp_receive(mqttsn_esp* link, mqttsn_client* client) {
    struct iovec part = {.iov_base = link->buffer, .iov_len = link->buffer_octets};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    const ssize_t octets = recvmsg(link->fd, &message, MSG_DONTWAIT);

    if (octets < 0) {
        return is_loss(errno) ? MQTTSN_OK : MQTTSN_ERR_NETWORK;
    }
    if ((message.msg_flags & MSG_TRUNC) != 0) {
        return MQTTSN_ERR_MALFORMED;
    }
    return mqttsn_input(client, mqttsn_esp_now(), link->buffer, (size_t)octets);
}

/* Waits for the socket. @return whether the socket works */
static bool wait_readable(int fd, uint32_t wait_ms) {
    fd_set readable;
    struct timeval time;

    wait_ms = wait_ms < WAIT_MS_MAX ? wait_ms : WAIT_MS_MAX;
    time.tv_sec = (time_t)(wait_ms / 1000U);
    time.tv_usec = (suseconds_t)(wait_ms % 1000U * 1000U);
    FD_ZERO(&readable);
    FD_SET(fd, &readable);
    return select(fd + 1, &readable, NULL, NULL, &time) >= 0 || errno == EINTR;
}

int mqttsn_esp_run(mqttsn_esp* link, mqttsn_client* client, int timeout_ms, mqttsn_event* event) {
    const uint32_t start = mqttsn_esp_now();

    for (;;) {
        if (mqttsn_next_event(client, event)) {
            return 1;
        }
        if (mqttsn_esp_send(link, client) != MQTTSN_OK) {
            return MQTTSN_ERR_NETWORK;
        }
        if (mqttsn_next_event(client, event)) {
            return 1;
        }
        const uint32_t now = mqttsn_esp_now();
        uint32_t wait = mqttsn_next_timeout(client, now);
        if (timeout_ms >= 0) {
            if (now - start >= (uint32_t)timeout_ms) {
                return 0;
            }
            const uint32_t left = (uint32_t)timeout_ms - (now - start);
            wait = left < wait ? left : wait;
        }
        if (!wait_readable(link->fd, wait) || mqttsn_esp_receive(link, client) == MQTTSN_ERR_NETWORK) {
            return MQTTSN_ERR_NETWORK;
        }
    }
}
