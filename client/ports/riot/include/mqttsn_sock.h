/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A UDP transport for <mqttsn/client.h> on RIOT's sock_udp, IPv4 or IPv6. It takes no memory and keeps no
 * static state; one object belongs to one thread at a time. The sock has the gateway as its remote end point,
 * so the stack drops what does not come from it.
 */
#ifndef MQTTSN_SOCK_H
#define MQTTSN_SOCK_H

#include <mqttsn/client.h>
#include <net/sock/udp.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mqttsn_sock {
    sock_udp_t sock;
    void* buffer; /* the caller's, for both directions */
    size_t buffer_octets;
} mqttsn_sock;

/* Opens a sock towards the gateway.
 * @param gateway     address and port; sock_udp_str2ep() makes it from text
 * @param local_port  not 0
 * @param buffer      borrowed until close; at least config.datagram_octets_max. A longer datagram is dropped
 * MQTTSN_ERR_NETWORK: the sock cannot be made (port taken, family not built in). MQTTSN_ERR_ARGUMENT: a null
 * pointer. */
mqttsn_status mqttsn_sock_open(mqttsn_sock* link, const sock_udp_ep_t* gateway, uint16_t local_port,
                               void* buffer, size_t buffer_octets);
void mqttsn_sock_close(mqttsn_sock* link);

/* Milliseconds, for the `now` of the library. */
uint32_t mqttsn_sock_now(void);

/* A number for config.seed; as good as what the board seeds its generator with. */
uint32_t mqttsn_sock_seed(void);

/* Sends all that mqttsn_output() has. What the stack does not take counts as lost: the library repeats it. */
void mqttsn_sock_send(mqttsn_sock* link, mqttsn_client* client);

/* Waits for a datagram at most so many milliseconds and gives it to mqttsn_input().
 * @return what mqttsn_input() returned; MQTTSN_OK when there was none; MQTTSN_ERR_MALFORMED: longer than the
 * buffer, dropped; MQTTSN_ERR_SENDER: not from the gateway, dropped; MQTTSN_ERR_NETWORK: the sock failed */
mqttsn_status mqttsn_sock_receive(mqttsn_sock* link, mqttsn_client* client, uint32_t wait_ms);

/* Runs the loop until there is an event, at most timeout_ms (negative = for ever). A MESSAGE points into the
 * buffer: it is valid until the next call with this `link`.
 * @return 1 = event written, 0 = time is over, MQTTSN_ERR_NETWORK = the sock failed */
int mqttsn_sock_run(mqttsn_sock* link, mqttsn_client* client, int timeout_ms, mqttsn_event* event);

#ifdef __cplusplus
}
#endif

#endif
