/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A UDP transport for <mqttsn/client.h> on the lwIP sockets of ESP-IDF, IPv4 or IPv6. It takes no memory and
 * keeps no static state; one object belongs to one thread at a time. The socket is connected, so the network
 * stack drops what does not come from the gateway.
 */
#ifndef MQTTSN_ESP_H
#define MQTTSN_ESP_H

#include <mqttsn/client.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mqttsn_esp {
    int fd;       /* the socket; poll it together with others if you like */
    void* buffer; /* the caller's, for both directions */
    size_t buffer_octets;
} mqttsn_esp;

/* Opens a socket towards the gateway. Blocks as long as name resolution does.
 * @param host    name or address
 * @param port    decimal
 * @param buffer  borrowed until close; at least config.datagram_octets_max. A longer datagram is dropped
 * MQTTSN_ERR_ADDRESS: not resolved. MQTTSN_ERR_NETWORK: no socket, see errno. MQTTSN_ERR_ARGUMENT: a null
 * pointer. */
mqttsn_status mqttsn_esp_open(mqttsn_esp* link, const char* host, const char* port, void* buffer,
                              size_t buffer_octets);

/* Closes the socket; harmless when it is closed or mqttsn_esp_open() has failed. */
void mqttsn_esp_close(mqttsn_esp* link);

/* Milliseconds since the start, for the `now` of the library. After deep sleep they begin at 0, which
 * mqttsn_restore() allows for. */
uint32_t mqttsn_esp_now(void);

/* A number for config.seed; truly random while the radio is on. */
uint32_t mqttsn_esp_seed(void);

/* Sends all that mqttsn_output() has. What the network does not take counts as lost: the library repeats it.
 * MQTTSN_ERR_NETWORK: the socket itself failed, see errno. */
mqttsn_status mqttsn_esp_send(mqttsn_esp* link, mqttsn_client* client);

/* Gives one datagram to mqttsn_input(), if there is one; does not block.
 * @return what mqttsn_input() returned; MQTTSN_OK when there was none; MQTTSN_ERR_NETWORK as above */
mqttsn_status mqttsn_esp_receive(mqttsn_esp* link, mqttsn_client* client);

/* Runs the loop until there is an event, at most timeout_ms (negative = for ever). A MESSAGE points into the
 * buffer: it is valid until the next call with this `link`.
 * @return 1 = event written, 0 = time is over, MQTTSN_ERR_NETWORK = see errno */
int mqttsn_esp_run(mqttsn_esp* link, mqttsn_client* client, int timeout_ms, mqttsn_event* event);

#ifdef __cplusplus
}
#endif

#endif
