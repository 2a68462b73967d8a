/* SPDX-License-Identifier: BSD-3-Clause */
/* What the port uses of Zephyr's sockets. The structures are those of the host, so that host.c can pass them
 * on. */
#ifndef STUB_ZEPHYR_NET_SOCKET_H
#define STUB_ZEPHYR_NET_SOCKET_H
#include <stddef.h>
#include <sys/types.h>
#include <zephyr/version.h>

#if KERNEL_VERSION_NUMBER >= ZEPHYR_VERSION(4, 3, 0)
enum { NET_SOCK_DGRAM = 2 };
#define STUB_SOCKADDR net_sockaddr
#else
enum { SOCK_DGRAM = 2 };
#define STUB_SOCKADDR sockaddr
#endif

#define ZSOCK_POLLIN 1
#define ZSOCK_MSG_TRUNC 0x20
#define ZSOCK_MSG_DONTWAIT 0x40

struct STUB_SOCKADDR;
struct zsock_pollfd {
    int fd;
    short events;
    short revents;
};
struct zsock_addrinfo {
    struct zsock_addrinfo* ai_next;
    int ai_flags;
    int ai_family;
    int ai_socktype;
    int ai_protocol;
    unsigned int ai_addrlen;
    struct STUB_SOCKADDR* ai_addr;
    char* ai_canonname;
};

int zsock_getaddrinfo(const char* host, const char* service, const struct zsock_addrinfo* hints,
                      struct zsock_addrinfo** res);
void zsock_freeaddrinfo(struct zsock_addrinfo* ai);
int zsock_socket(int family, int type, int proto);
int zsock_close(int sock);
int zsock_connect(int sock, const struct STUB_SOCKADDR* addr, unsigned int addrlen);
ssize_t zsock_send(int sock, const void* buf, size_t len, int flags);
ssize_t zsock_recv(int sock, void* buf, size_t max_len, int flags);
int zsock_poll(struct zsock_pollfd* fds, int nfds, int timeout);
#endif
