/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A small blocking runner for <mqttsn/client.h> on a POSIX UDP socket, IPv4 or IPv6. C99. It takes no memory
 * and keeps no static state; one object belongs to one thread at a time. The socket is connected, so the
 * kernel drops what does not come from the gateway. Not here: reconnecting (what to do after LOST and
 * DISCONNECTED is for the program to decide), DTLS, multicast discovery.
 */
#ifndef MQTTSN_UDP_H
#define MQTTSN_UDP_H

#include <mqttsn/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Called with every datagram that is sent or received, for packet traces. */
typedef void mqttsn_udp_trace(void* context, bool sent, const void* datagram, size_t octets);

typedef struct mqttsn_udp {
    int fd;       /* the socket; poll it together with others if you like */
    void* buffer; /* the caller's, for both directions */
    size_t buffer_octets;
    uint32_t refused_count;  /* datagrams that nobody was there for (ICMP port unreachable) */
    mqttsn_udp_trace* trace; /* may be set after mqttsn_udp_open() */
    void* trace_context;
} mqttsn_udp;

/* Opens a socket towards the gateway. Blocks as long as name resolution does.
 * @param host    name or address
 * @param port    decimal port or service name
 * @param buffer  borrowed until close; at least config.datagram_octets_max and the longest datagram to
 * receive. A longer one is dropped MQTTSN_ERR_ADDRESS: not resolved. MQTTSN_ERR_NETWORK: no socket, see
 * errno. MQTTSN_ERR_ARGUMENT: a null pointer. */
mqttsn_status mqttsn_udp_open(mqttsn_udp* udp, const char* host, const char* port, void* buffer,
                              size_t buffer_octets);

/* Closes the socket; harmless when it is closed or was never opened by a failed mqttsn_udp_open(). */
void mqttsn_udp_close(mqttsn_udp* udp);

/* Milliseconds of the monotonic clock, for the `now` of the library. */
uint32_t mqttsn_udp_now(void);

/* A number that differs from one start to the next, for config.seed. */
uint32_t mqttsn_udp_seed(void);

/* Sends all that mqttsn_output() has. A datagram that the network refuses (no route, nobody listens, buffers
 * full) counts as lost: the library repeats it. MQTTSN_ERR_NETWORK: the socket itself failed, see errno. */
mqttsn_status mqttsn_udp_send(mqttsn_udp* udp, mqttsn_client* client);

/* Takes one datagram from the socket if there is one, without blocking, and gives it to mqttsn_input().
 * @return what mqttsn_input() returned; MQTTSN_OK when there was none; MQTTSN_ERR_NETWORK as above. */
mqttsn_status mqttsn_udp_receive(mqttsn_udp* udp, mqttsn_client* client);

/* Runs the loop until there is an event, at most timeout_ms (negative = for ever).
 * A MESSAGE points into the buffer: it is valid until the next call of a function with this `udp`.
 * @return 1 = event written, 0 = time is over, MQTTSN_ERR_NETWORK = see errno */
int mqttsn_udp_run(mqttsn_udp* udp, mqttsn_client* client, int timeout_ms, mqttsn_event* event);

/* Runs the loop and drops all events until one of type `wanted`, or one after which it cannot come any more
 * (REFUSED, DISCONNECTED, LOST, CLOSED).
 * @return 1 = the wanted one is in `event`, 0 = time is over or the other kind of event is in `event` (its
 * type is 0 when time is over), MQTTSN_ERR_NETWORK = see errno */
int mqttsn_udp_wait(mqttsn_udp* udp, mqttsn_client* client, mqttsn_event_type wanted, int timeout_ms,
                    mqttsn_event* event);

#ifdef __cplusplus
}
#endif

#endif
