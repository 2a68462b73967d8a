/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STUB_RIOT_NET_SOCK_UTIL_H
#define STUB_RIOT_NET_SOCK_UTIL_H
#include <net/sock/udp.h>
int sock_udp_str2ep(sock_udp_ep_t* ep_out, const char* str);
#endif
