/* SPDX-License-Identifier: BSD-3-Clause */
/* What the port uses of RIOT's sock_udp, declared from its documentation. */
#ifndef STUB_RIOT_NET_SOCK_UDP_H
#define STUB_RIOT_NET_SOCK_UDP_H
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>

typedef struct {
    int family;
    union {
        uint8_t ipv6[16];
        uint8_t ipv4[4];
    } addr;
    uint16_t netif;
    uint16_t port;
} sock_udp_ep_t;
typedef struct {
    int fd;
} sock_udp_t;

int sock_udp_create(sock_udp_t* sock, const sock_udp_ep_t* local, const sock_udp_ep_t* remote,
                    uint16_t flags);
void sock_udp_close(sock_udp_t* sock);
ssize_t sock_udp_recv(sock_udp_t* sock, void* data, size_t max_len, uint32_t timeout, sock_udp_ep_t* remote);
ssize_t sock_udp_send(sock_udp_t* sock, const void* data, size_t len, const sock_udp_ep_t* remote);
#endif
