/* SPDX-License-Identifier: BSD-3-Clause
 *
 * lwIP for a device that speaks MQTT-SN and nothing else: IPv4, ARP, UDP, one thread, no operating system. */
#ifndef FIRMWARE_LWIPOPTS_H
#define FIRMWARE_LWIPOPTS_H

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0 /* interrupts only count time, see startup.c */
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0

#define LWIP_IPV4 1
#ifndef LWIP_IPV6
#define LWIP_IPV6 0
#endif
#define LWIP_ARP 1
#define LWIP_UDP 1
#define LWIP_TCP 0
#define LWIP_RAW 0
#define LWIP_ICMP 0
#define LWIP_DHCP 0
#define IP_REASSEMBLY 0 /* the gateway sends no datagram that needs it: max_datagram is 1472 */
#define IP_FRAG 0
#define LWIP_STATS 0

#define MEM_ALIGNMENT 4
#define MEM_SIZE 4096    /* datagrams to send, one or two at a time */
#define PBUF_POOL_SIZE 8 /* received frames */
#define PBUF_POOL_BUFSIZE 592
#define MEMP_NUM_UDP_PCB 1

#endif
