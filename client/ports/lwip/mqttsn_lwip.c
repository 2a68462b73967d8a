/* SPDX-License-Identifier: BSD-3-Clause */
#include "mqttsn_lwip.h"

#include <lwip/sys.h>
#include <lwip/timeouts.h>
#include <string.h>

/* lwIP calls it from the driver's poll or from its thread, in which the client may be in the middle of
 * nothing: the datagram waits for mqttsn_lwip_poll(). */
static void receive(void* context, struct udp_pcb* pcb, struct pbuf* datagram, const ip_addr_t* from,
                    u16_t from_port) {
    mqttsn_lwip* const link = (mqttsn_lwip*)context;
    (void)pcb;
    (void)from;
    (void)from_port;
    if (datagram == NULL) {
        return;
    }
    if (datagram->next != NULL) {
        datagram = pbuf_coalesce(datagram, PBUF_RAW); /* one piece, or unchanged when there is no memory */
    }
    if (datagram->next != NULL || link->waiting_count == MQTTSN_LWIP_WAITING) {
        ++link->dropped_count;
        pbuf_free(datagram);
        return;
    }
    link->waiting[(link->first + link->waiting_count) % MQTTSN_LWIP_WAITING] = datagram;
    ++link->waiting_count;
}

static void release_held(mqttsn_lwip* link) {
    if (link->held != NULL) {
        pbuf_free(link->held);
        link->held = NULL;
    }
}

static void send_all(mqttsn_lwip* link, mqttsn_client* client) {
    /* The question comes first because a pbuf for an answer of "nothing" would be taken at each call. */
    while (mqttsn_next_timeout(client, sys_now()) == 0) {
        struct pbuf* const datagram = pbuf_alloc(PBUF_TRANSPORT, link->datagram_octets_max, PBUF_RAM);
        if (datagram == NULL) {
            return; /* nothing is lost: the client has not been asked yet */
        }
        const size_t octets = mqttsn_output(client, sys_now(), datagram->payload, link->datagram_octets_max);
        if (octets > 0) {
            pbuf_realloc(datagram, (u16_t)octets);
            if (udp_send(link->pcb, datagram) != ERR_OK) {
                ++link->unsent_count;
            }
        }
        pbuf_free(datagram);
        if (octets == 0) {
            return;
        }
    }
}

err_t mqttsn_lwip_open(mqttsn_lwip* link, const ip_addr_t* gateway, uint16_t gateway_port,
                       uint16_t local_port, uint16_t datagram_octets_max) {
    if (link == NULL) {
        return ERR_ARG;
    }
    memset(link, 0, sizeof *link);
    if (gateway == NULL) {
        return ERR_ARG;
    }
    link->datagram_octets_max = datagram_octets_max;
    link->pcb = udp_new_ip_type(IP_GET_TYPE(gateway));
    if (link->pcb == NULL) {
        return ERR_MEM;
    }
    udp_recv(link->pcb, receive, link);
    err_t error = udp_bind(link->pcb, IP_ANY_TYPE, local_port);
    if (error == ERR_OK) {
        error = udp_connect(link->pcb, gateway, gateway_port);
    }
    if (error != ERR_OK) {
        mqttsn_lwip_close(link);
    }
    return error;
}

void mqttsn_lwip_close(mqttsn_lwip* link) {
    if (link == NULL || link->pcb == NULL) {
        return;
    }
    udp_remove(link->pcb);
    link->pcb = NULL;
    release_held(link);
    for (; link->waiting_count > 0; --link->waiting_count) {
        pbuf_free(link->waiting[link->first]);
        link->first = (uint8_t)((link->first + 1U) % MQTTSN_LWIP_WAITING);
    }
}

bool mqttsn_lwip_poll(mqttsn_lwip* link, mqttsn_client* client, mqttsn_event* event) {
    for (;;) {
        if (mqttsn_next_event(client, event)) {
            return true;
        }
        send_all(link, client);
        if (mqttsn_next_event(client, event)) {
            return true;
        }
        if (link->waiting_count == 0) {
            return false;
        }
        /* Only now: until the next mqttsn_input() the client may point into the datagram before. */
        release_held(link);
        link->held = link->waiting[link->first];
        link->first = (uint8_t)((link->first + 1U) % MQTTSN_LWIP_WAITING);
        --link->waiting_count;
        /* What it refuses, it has dropped as the specification says: there is nothing to do about it here. */
        (void)mqttsn_input(client, sys_now(), link->held->payload, link->held->len);
    }
}

uint32_t mqttsn_lwip_idle_ms(const mqttsn_lwip* link, const mqttsn_client* client) {
    if (link->waiting_count > 0) {
        return 0;
    }
    const uint32_t client_ms = mqttsn_next_timeout(client, sys_now());
    const uint32_t stack_ms = sys_timeouts_sleeptime();
    return client_ms < stack_ms ? client_ms : stack_ms;
}
