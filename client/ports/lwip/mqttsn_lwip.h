/* SPDX-License-Identifier: BSD-3-Clause
 *
 * <mqttsn/client.h> over UDP on the raw API of lwIP 2: for bare metal (NO_SYS) and for whoever runs inside
 * lwIP's thread. C99. It takes no memory of its own; datagrams are written straight into pbufs and read
 * straight out of them. Time is lwIP's sys_now(). All functions belong to the thread (on bare metal: the main
 * loop) that calls sys_check_timeouts(); none may be called from an interrupt. Not here: the driver, DHCP,
 * DTLS, the search for gateways: the address of the gateway is given.
 *
 *     for (;;) {
 *         driver_poll(&netif);              // gives received frames to netif.input
 *         sys_check_timeouts();
 *         while (mqttsn_lwip_poll(&link, &client, &event)) handle(&event);
 *         sleep until an interrupt, at most mqttsn_lwip_idle_ms(&link, &client)
 *     }
 */
#ifndef MQTTSN_LWIP_H
#define MQTTSN_LWIP_H

#include <lwip/ip_addr.h>
#include <lwip/pbuf.h>
#include <lwip/udp.h>
#include <mqttsn/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Datagrams that may wait between two calls of mqttsn_lwip_poll(). More are dropped: the gateway repeats
 * them. */
#ifndef MQTTSN_LWIP_WAITING
#define MQTTSN_LWIP_WAITING 4
#endif

/* One UDP port towards one gateway. The fields are the transport's, the counts may be read. */
typedef struct mqttsn_lwip {
    struct udp_pcb* pcb;
    struct pbuf* waiting[MQTTSN_LWIP_WAITING]; /* received, in order from `first` */
    struct pbuf* held;                         /* given to the client, which may still point into it */
    uint32_t dropped_count;                    /* received, and no room: too many at once, or no pbuf */
    uint32_t unsent_count;                     /* refused by lwIP (no route, no memory): as good as lost */
    uint16_t datagram_octets_max;
    uint8_t first;
    uint8_t waiting_count;
} mqttsn_lwip;

/* Opens a port towards the gateway; what others send to it is dropped by lwIP.
 * @param gateway              copied
 * @param gateway_port         in host order, as all ports here
 * @param local_port           0 = any. A device that sleeps keeps its place at the gateway by its client id,
 * so it need not be the same after a restart
 * @param datagram_octets_max  that of the client's configuration
 * @return ERR_OK; ERR_MEM: no udp_pcb (MEMP_NUM_UDP_PCB); ERR_USE: the local port is taken; ERR_ARG: a null
 * pointer. After an error there is nothing to close */
err_t mqttsn_lwip_open(mqttsn_lwip* link, const ip_addr_t* gateway, uint16_t gateway_port,
                       uint16_t local_port, uint16_t datagram_octets_max);

/* Closes the port and drops what waits. Pull all events of the client first: a MESSAGE points into what is
 * dropped. Harmless when it is closed, or when mqttsn_lwip_open() failed. */
void mqttsn_lwip_close(mqttsn_lwip* link);

/* Sends what the client has to send, gives it what has come, until there is an event or nothing left to do.
 * Never waits. The payload of a MESSAGE is valid until the next call.
 * @return true: there is an event in `event`, call again. false: nothing more now */
bool mqttsn_lwip_poll(mqttsn_lwip* link, mqttsn_client* client, mqttsn_event* event);

/* Milliseconds for which neither the client nor lwIP's timers have anything to do, if nothing is received; 0
 * = call mqttsn_lwip_poll() now; UINT32_MAX = only a datagram or a request will change that. */
uint32_t mqttsn_lwip_idle_ms(const mqttsn_lwip* link, const mqttsn_client* client);

#ifdef __cplusplus
}
#endif

#endif
