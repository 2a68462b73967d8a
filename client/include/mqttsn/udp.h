/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A small blocking runner for <mqttsn/client.h> on a POSIX UDP socket, IPv4 or IPv6. C99. It takes no memory
 * and keeps no static state; one object belongs to one thread at a time. There are two ways to open it:
 * towards one gateway whose name is known (the socket is connected, so the kernel drops what does not come
 * from it), or on a multicast or broadcast group, where the library finds the gateway (and compares senders
 * itself). Not here: reconnecting (what to do after LOST and DISCONNECTED is for the program to decide),
 * DTLS.
 *
 * An mqttsn_address on UDP: 4 octets (IPv4) or 16 octets (IPv6) of address, then 2 octets of port, high one
 * first; an IPv6 address that is link-local is followed by 4 octets of zone (interface index), high one
 * first. So 6, 18 or 22 octets. On the wire, in a GWINFO, the zone is not sent, and others may leave out the
 * port: it is then that of the group (D46). The runner puts every GWINFO into the one form above.
 */
#ifndef MQTTSN_UDP_H
#define MQTTSN_UDP_H

#include <mqttsn/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Called with every datagram, before it is sent and after it was received: for packet traces, and to save the
 * session before anything leaves (see mqttsn_save()). */
typedef void mqttsn_udp_trace(void* context, bool sent, const void* datagram, size_t octets);

typedef struct mqttsn_udp {
    int fd;       /* the socket; poll it together with others if you like */
    int group_fd; /* -1, or what hears the group: poll it, too */
    void* buffer; /* the caller's, for both directions */
    size_t buffer_octets;
    uint32_t refused_count;  /* datagrams that nobody was there for (ICMP port unreachable) */
    int send_error;          /* errno of the last datagram if it could not be sent, else 0 */
    int family;              /* of the sockets on a group, as in socket() */
    mqttsn_address group;    /* octets = 0: opened towards one gateway */
    mqttsn_address gateway;  /* on a group: where the last datagram for one gateway went */
    mqttsn_udp_trace* trace; /* may be set after opening */
    void* trace_context;
} mqttsn_udp;

/* Opens a socket towards the gateway. Blocks as long as name resolution does.
 * @param host    name or address
 * @param port    decimal port or service name
 * @param buffer  borrowed until close; at least config.datagram_octets_max and the longest datagram to
 * receive; a longer one is dropped. MQTTSN_ERR_ADDRESS: not resolved. MQTTSN_ERR_NETWORK: no socket, see
 * errno. MQTTSN_ERR_ARGUMENT: a null pointer. */
mqttsn_status mqttsn_udp_open(mqttsn_udp* udp, const char* host, const char* port, void* buffer,
                              size_t buffer_octets);

#if MQTTSN_WITH_DISCOVERY
/* Opens a socket for a client with config.gateways. What is for all nodes goes to the group, and what
 * gateways advertise there is heard as far as another program does not have the port alone. An IPv4 group
 * finds gateways with IPv4 addresses only.
 * @param group      multicast or broadcast: "225.1.1.1:1883", "[ff02::1%eth0]:1883", "255.255.255.255:1883"
 * @param interface  name; null or "" = that of the group's zone, or the system's choice
 * @param hop_limit  of what goes to a multicast group, 1..255; 0 = 255. As config.search_radius
 * MQTTSN_ERR_ADDRESS: the group is not such a text. MQTTSN_ERR_NETWORK: no such interface (errno ENODEV), or
 * no socket, see errno. MQTTSN_ERR_ARGUMENT: a null pointer, a hop limit outside its range. */
mqttsn_status mqttsn_udp_open_group(mqttsn_udp* udp, const char* group, const char* interface, int hop_limit,
                                    void* buffer, size_t buffer_octets);
#endif

/* Closes the sockets; harmless when that has been done or opening had failed. */
void mqttsn_udp_close(mqttsn_udp* udp);

/* The address in "192.0.2.7:1883" or "[fe80::1%eth0]:1883", for mqttsn_add_gateway(). Numeric only.
 * MQTTSN_ERR_ADDRESS: not such a text. MQTTSN_ERR_ARGUMENT: a null pointer. */
mqttsn_status mqttsn_udp_parse_address(const char* text, mqttsn_address* address);

/* The longest text of an address, with its NUL. */
#define MQTTSN_UDP_ADDRESS_TEXT 80

/* The reverse. `text` holds MQTTSN_UDP_ADDRESS_TEXT octets; "?" when it is not an address of this form. */
void mqttsn_udp_format_address(const mqttsn_address* address, char* text);

/* Milliseconds of the monotonic clock, for the `now` of the library. */
uint32_t mqttsn_udp_now(void);

/* A number that differs from one start to the next, for config.seed. */
uint32_t mqttsn_udp_seed(void);

/* Sends all that mqttsn_output() has. A datagram that the network refuses (no route, nobody listens, buffers
 * full) counts as lost: the library repeats it. MQTTSN_ERR_NETWORK: the socket itself failed, see errno. */
mqttsn_status mqttsn_udp_send(mqttsn_udp* udp, mqttsn_client* client);

/* Takes one datagram from the sockets if there is one, without blocking, and gives it to mqttsn_input().
 * @return what mqttsn_input() returned; MQTTSN_OK when there was none; MQTTSN_ERR_NETWORK as above. */
mqttsn_status mqttsn_udp_receive(mqttsn_udp* udp, mqttsn_client* client);

/* Runs the loop until there is an event, at most timeout_ms (negative = for ever).
 * A MESSAGE points into the buffer: it is valid until the next call of a function with this `udp`.
 * @return 1 = event written, 0 = time is over, MQTTSN_ERR_NETWORK = see errno, MQTTSN_ERR_ARGUMENT = the
 * buffer is smaller than config.datagram_octets_max */
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
