/* SPDX-License-Identifier: BSD-3-Clause */
/* Zephyr's calls on the sockets of this host. It cannot include the stub of socket.h beside the host's: the
 * structures are laid out alike. */
#include "../host.h"

#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zephyr/drivers/retained_mem.h>
#include <zephyr/kernel.h>
#include <zephyr/random/random.h>
#include <zephyr/sys/printk.h>
#include <zephyr/sys/reboot.h>

struct zsock_addrinfo {
    struct zsock_addrinfo* ai_next;
    int ai_flags, ai_family, ai_socktype, ai_protocol;
    unsigned int ai_addrlen;
    struct sockaddr* ai_addr;
    char* ai_canonname;
};
static struct zsock_addrinfo found;
static struct addrinfo* list;

const struct device stub_device_mqttsn_session = {"retained"};
int sample_main(void);

int zsock_getaddrinfo(const char* host, const char* service, const struct zsock_addrinfo* hints,
                      struct zsock_addrinfo** res) {
    struct addrinfo wanted;
    memset(&wanted, 0, sizeof wanted);
    wanted.ai_family = hints->ai_family;
    wanted.ai_socktype = hints->ai_socktype;
    const int result = getaddrinfo(host, service, &wanted, &list);
    if (result == 0) {
        found = (struct zsock_addrinfo){NULL,
                                        0,
                                        list->ai_family,
                                        list->ai_socktype,
                                        list->ai_protocol,
                                        (unsigned int)list->ai_addrlen,
                                        list->ai_addr,
                                        NULL};
        *res = &found;
    }
    return result;
}
void zsock_freeaddrinfo(struct zsock_addrinfo* ai) {
    (void)ai;
    freeaddrinfo(list);
}
int zsock_socket(int family, int type, int proto) {
    return socket(family, type, proto);
}
int zsock_close(int sock) {
    return close(sock);
}
int zsock_connect(int sock, const struct sockaddr* addr, unsigned int addrlen) {
    return connect(sock, addr, addrlen);
}
ssize_t zsock_send(int sock, const void* buf, size_t len, int flags) {
    return send(sock, buf, len, flags);
}
ssize_t zsock_recv(int sock, void* buf, size_t max_len, int flags) {
    return recv(sock, buf, max_len, flags);
}
int zsock_poll(struct pollfd* fds, int nfds, int timeout) {
    return poll(fds, (nfds_t)nfds, timeout);
}

int retained_mem_read(const struct device* dev, off_t offset, uint8_t* buffer, size_t size) {
    (void)dev;
    memset(buffer, 0xA5, size); /* RAM after power-on */
    return offset == 0 && host_retained_read(buffer, size) <= size ? 0 : -1;
}
int retained_mem_write(const struct device* dev, off_t offset, const uint8_t* buffer, size_t size) {
    (void)dev;
    (void)offset;
    host_retained_write(buffer, size);
    return 0;
}

uint32_t k_uptime_get_32(void) {
    return host_now();
}
int32_t k_sleep(k_timeout_t timeout) {
    (void)timeout;
    return 0;
}
uint32_t sys_rand32_get(void) {
    return host_random();
}
void printk(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
}
void sys_reboot(int type) {
    (void)type;
    exit(0);
}

int main(int argc, char** argv) {
    host_begin(argc, argv);
    return sample_main();
}
