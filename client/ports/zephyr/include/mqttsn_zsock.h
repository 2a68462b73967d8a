/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A UDP transport for <mqttsn/client.h> on Zephyr's sockets, IPv4 or IPv6. It takes no memory and keeps no
 * static state; one object belongs to one thread at a time. The socket is connected, so the network stack
 * drops what does not come from the gateway.
 */
#ifndef MQTTSN_ZSOCK_H
#define MQTTSN_ZSOCK_H

#include <mqttsn/client.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mqttsn_zsock {
    int fd;       /* the socket; poll it together with others if you like */
    void* buffer; /* the caller's, for both directions */
    size_t buffer_octets;
} mqttsn_zsock;

/* Opens a socket towards the gateway. Blocks as long as name resolution does.
 * @param host    name (CONFIG_DNS_RESOLVER) or address
 * @param port    decimal
 * @param buffer  borrowed until close; at least config.datagram_octets_max. A longer datagram is dropped
 * MQTTSN_ERR_ADDRESS: not resolved. MQTTSN_ERR_NETWORK: no socket, see errno. MQTTSN_ERR_ARGUMENT: a null
 * pointer. */
mqttsn_status mqttsn_zsock_open(mqttsn_zsock* link, const char* host, const char* port, void* buffer,
                                size_t buffer_octets);

/* Closes the socket; harmless when it is closed or mqttsn_zsock_open() has failed. */
void mqttsn_zsock_close(mqttsn_zsock* link);

/* Milliseconds since the start, for the `now` of the library. */
uint32_t mqttsn_zsock_now(void);

/* A number for config.seed. */
uint32_t mqttsn_zsock_seed(void);

/* Sends all that mqttsn_output() has. What the network does not take counts as lost: the library repeats it.
 * MQTTSN_ERR_NETWORK: the socket itself failed, see errno. */
mqttsn_status mqttsn_zsock_send(mqttsn_zsock* link, mqttsn_client* client);

/* Gives one datagram to mqttsn_input(), if there is one; does not block.
 * @return what mqttsn_input() returned; MQTTSN_OK when there was none; MQTTSN_ERR_NETWORK as above */
mqttsn_status mqttsn_zsock_receive(mqttsn_zsock* link, mqttsn_client* client);

/* Runs the loop until there is an event, at most timeout_ms (negative = for ever). A MESSAGE points into the
 * buffer: it is valid until the next call with this `link`.
 * @return 1 = event written, 0 = time is over, MQTTSN_ERR_NETWORK = see errno */
int mqttsn_zsock_run(mqttsn_zsock* link, mqttsn_client* client, int timeout_ms, mqttsn_event* event);

#ifdef __cplusplus
}
#endif

#endif
