/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The transport of mqttsn_sock.h.
 */
#include <errno.h>
#include <mqttsn_sock.h>
#include <random.h>
#include <ztimer.h>

/* sock_udp_recv() takes microseconds in 32 bits. */
#define WAIT_MS_MAX 60000U

mqttsn_status mqttsn_sock_open(mqttsn_sock* link, const sock_udp_ep_t* gateway, uint16_t local_port,
                               void* buffer, size_t buffer_octets) {
    sock_udp_ep_t local = {0};

    if (link == NULL || gateway == NULL || buffer == NULL) {
        return MQTTSN_ERR_ARGUMENT;
    }
    link->buffer = buffer;
    link->buffer_octets = buffer_octets;
    local.family = gateway->family;
    local.netif = gateway->netif;
    local.port = local_port;
    return sock_udp_create(&link->sock, &local, gateway, 0) == 0 ? MQTTSN_OK : MQTTSN_ERR_NETWORK;
}

void mqttsn_sock_close(mqttsn_sock* link) {
    sock_udp_close(&link->sock);
}

uint32_t mqttsn_sock_now(void) {
    return ztimer_now(ZTIMER_MSEC);
}

uint32_t mqttsn_sock_seed(void) {
    return random_uint32();
}

void mqttsn_sock_send(mqttsn_sock* link, mqttsn_client* client) {
    size_t octets;

    while ((octets = mqttsn_output(client, mqttsn_sock_now(), link->buffer, link->buffer_octets)) > 0) {
        (void)sock_udp_send(&link->sock, link->buffer, octets, NULL);
    }
}

mqttsn_status mqttsn_sock_receive(mqttsn_sock* link, mqttsn_client* client, uint32_t wait_ms) {
    wait_ms = wait_ms < WAIT_MS_MAX ? wait_ms : WAIT_MS_MAX;
    const ssize_t octets =
        sock_udp_recv(&link->sock, link->buffer, link->buffer_octets, wait_ms * 1000U, NULL);

    switch (octets) {
        case 0:
        case -EAGAIN:
        case -EINTR:
        case -ETIMEDOUT:
            return MQTTSN_OK;
        case -ENOBUFS:
            return MQTTSN_ERR_MALFORMED;
        case -EPROTO:
            return MQTTSN_ERR_SENDER;
        default:
            break;
    }
    if (octets < 0) {
        return MQTTSN_ERR_NETWORK;
    }
    return mqttsn_input(client, mqttsn_sock_now(), link->buffer, (size_t)octets);
}

int mqttsn_sock_run(mqttsn_sock* link, mqttsn_client* client, int timeout_ms, mqttsn_event* event) {
    const uint32_t start = mqttsn_sock_now();

    for (;;) {
        if (mqttsn_next_event(client, event)) {
            return 1;
        }
        mqttsn_sock_send(link, client);
        if (mqttsn_next_event(client, event)) {
            return 1;
        }
        const uint32_t now = mqttsn_sock_now();
        uint32_t wait = mqttsn_next_timeout(client, now);
        if (timeout_ms >= 0) {
            if (now - start >= (uint32_t)timeout_ms) {
                return 0;
            }
            const uint32_t left = (uint32_t)timeout_ms - (now - start);
            wait = left < wait ? left : wait;
        }
        if (mqttsn_sock_receive(link, client, wait) == MQTTSN_ERR_NETWORK) {
            return MQTTSN_ERR_NETWORK;
        }
    }
}
