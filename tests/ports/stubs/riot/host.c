/* SPDX-License-Identifier: BSD-3-Clause */
/* RIOT's calls on one UDP socket of this host. */
#include <errno.h>
#include <net/sock/util.h>
#include <netdb.h>
#include <poll.h>
#include <random.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <ztimer.h>

#include "../host.h"

int example_main(void);

int sock_udp_str2ep(sock_udp_ep_t* ep_out, const char* str) {
    memset(ep_out, 0, sizeof *ep_out);
    ep_out->port = 1;
    return str[0] == '[' ? 0 : -EINVAL;
}
int sock_udp_create(sock_udp_t* sock, const sock_udp_ep_t* local, const sock_udp_ep_t* remote,
                    uint16_t flags) {
    struct addrinfo hints, *found;
    (void)flags;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_DGRAM;
    if (local->port == 0 || remote->port == 0 || getaddrinfo(stub_host(), stub_port(), &hints, &found) != 0) {
        return -EINVAL;
    }
    sock->fd = socket(found->ai_family, SOCK_DGRAM, 0);
    const int result =
        sock->fd < 0 || connect(sock->fd, found->ai_addr, found->ai_addrlen) != 0 ? -EINVAL : 0;
    freeaddrinfo(found);
    return result;
}
void sock_udp_close(sock_udp_t* sock) {
    close(sock->fd);
}
ssize_t sock_udp_recv(sock_udp_t* sock, void* data, size_t max_len, uint32_t timeout, sock_udp_ep_t* remote) {
    struct pollfd readable = {sock->fd, POLLIN, 0};
    (void)remote;
    /* 0 does not wait; more is rounded up, so that a wait of microseconds does not become a busy loop. */
    if (poll(&readable, 1, (int)((timeout + 999U) / 1000U)) <= 0) {
        return timeout == 0 ? -EAGAIN : -ETIMEDOUT;
    }
    const ssize_t octets = recv(sock->fd, data, max_len, MSG_TRUNC);
    if (octets < 0) {
        return -errno;
    }
    return (size_t)octets > max_len ? -ENOBUFS : octets;
}
ssize_t sock_udp_send(sock_udp_t* sock, const void* data, size_t len, const sock_udp_ep_t* remote) {
    (void)remote;
    const ssize_t octets = send(sock->fd, data, len, 0);
    return octets < 0 ? -errno : octets;
}

uint32_t ztimer_now(ztimer_clock_t* clock) {
    (void)clock;
    return host_now();
}
void ztimer_sleep(ztimer_clock_t* clock, uint32_t duration) {
    (void)clock;
    (void)duration;
    host_sleep();
}
uint32_t random_uint32(void) {
    return host_random();
}

int main(int argc, char** argv) {
    host_begin(argc, argv);
    return example_main();
}
