/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The device side of MQTT-SN 1.2: the whole public API of the client library. C99, usable from C++.
 *
 * The library does no I/O, reads no clock, takes no memory and calls nothing back. The caller moves the
 * datagrams and says what time it is. One object belongs to one thread at a time. Not here: sockets (see
 * <mqttsn/udp.h> for a blocking POSIX runner). What a firmware does not need can be left out:
 * <mqttsn/config.h>.
 *
 * The loop that every user has in some form:
 *
 *     for (;;) {
 *         while ((n = mqttsn_output(&client, now(), buffer, sizeof buffer)) > 0) send(buffer, n);
 *         if (mqttsn_next_event(&client, &event)) { handle(&event); continue; }
 *         wait for a datagram, at most mqttsn_next_timeout(&client, now()) milliseconds
 *         if (one came) mqttsn_input(&client, now(), datagram, size);
 *     }
 *
 * `now` is a monotonic 32-bit count of milliseconds that may start anywhere and may wrap around; the library
 * must see it at least every 24 days while it waits for something, by any call. (The wait after a rejection
 * for congestion goes on while there is no connection, when mqttsn_next_timeout() has nothing to say.)
 *
 * What is borrowed: the configuration and all memory it points to, for the life of the client; the topic name
 * and the payload given to mqttsn_publish(), mqttsn_subscribe() and mqttsn_unsubscribe() until the event of
 * that token; the will given to mqttsn_will_update() until the next one is given.
 *
 * Spec: MQTT-SN 1.2 sections 5.4 and 6.
 */
#ifndef MQTTSN_CLIENT_H
#define MQTTSN_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What calls return, and what the code of an event may be. Nothing has changed when a call returned an error.
 */
typedef enum mqttsn_status {
    MQTTSN_OK = 0,
    MQTTSN_ERR_ARGUMENT = -1, /* a null pointer, a QoS or a length outside its range: correct the call */
    MQTTSN_ERR_STATE = -2,    /* not possible in this state, see mqttsn_get_state(): connect first, or wait */
    MQTTSN_ERR_BUSY = -3,  /* no free slot, or something is not drained yet: run the loop, then call again */
    MQTTSN_ERR_TOPIC = -4, /* not a valid topic for this call: correct it, it can never work */
    MQTTSN_ERR_TOO_LONG = -5, /* does not fit a datagram of config.datagram_octets_max: make it shorter */
    MQTTSN_ERR_MALFORMED =
        -6, /* input: not a message that a gateway may send; dropped, count it if you like */
    MQTTSN_ERR_UNEXPECTED =
        -7, /* input: well-formed, but nothing waits for it; dropped (a late duplicate, mostly) */
    MQTTSN_ERR_DISCARDED =
        -8,                  /* DELIVERED: sent, never acknowledged, and then the session was started clean */
    MQTTSN_ERR_ADDRESS = -9, /* <mqttsn/udp.h>: host or port cannot be resolved */
    MQTTSN_ERR_NETWORK = -10, /* <mqttsn/udp.h>: the socket failed; errno says how */
    MQTTSN_ERR_BLOB = -11,  /* restore: damaged, of another version, device or configuration: start afresh */
    MQTTSN_ERR_SENDER = -12 /* input_from: not from our gateway; dropped */
} mqttsn_status;

/* The name of a status, for example "MQTTSN_ERR_BUSY"; "?" for any other number. Static storage. */
const char* mqttsn_status_name(int status);

/* Return codes of the gateway (SN12-28) as they appear in the code of an event; 4..255 are reserved. */
#define MQTTSN_ACCEPTED 0
#define MQTTSN_REJECTED_CONGESTION 1
#define MQTTSN_REJECTED_INVALID_TOPIC_ID 2
#define MQTTSN_REJECTED_NOT_SUPPORTED 3

/* ---- topics ---- */

typedef enum mqttsn_topic_kind {
    MQTTSN_TOPIC_NAME = 0, /* a name (publish) or a filter (subscribe); the library registers names itself */
    MQTTSN_TOPIC_PREDEFINED = 1, /* an id that device and gateway were configured with, 1..65534 */
    MQTTSN_TOPIC_SHORT = 2       /* a name of two octets that travels in the place of an id */
} mqttsn_topic_kind;

/* A topic as a value. Make it with the three functions below. */
typedef struct mqttsn_topic {
    const char* name;     /* kind NAME only; need not end in NUL */
    uint16_t name_octets; /* kind NAME only */
    uint16_t id; /* PREDEFINED: the id. SHORT: the two octets, the first one high. NAME in an event: its id */
    uint8_t kind; /* mqttsn_topic_kind */
} mqttsn_topic;

/* The topic with this NUL-terminated name, which is borrowed. */
mqttsn_topic mqttsn_topic_name(const char* name);
mqttsn_topic mqttsn_topic_predefined(uint16_t id);
/* The topic whose name is the first two octets of `two_octets`; the string must not be shorter. */
mqttsn_topic mqttsn_topic_short(const char* two_octets);

/* ---- memory and configuration ---- */

/* One publication, subscription or change of the will that waits or is in flight. The caller provides the
 * array, the library owns the contents. 32 octets on a 32-bit machine. */
typedef struct mqttsn_slot {
    mqttsn_topic topic;
    const void* payload;
    uint16_t payload_octets;
    uint16_t token;
    uint16_t message_id;
    uint16_t topic_id;
    int16_t code;
    uint8_t flags;
    uint8_t kind;
    uint8_t phase;
    uint8_t marks;
} mqttsn_slot;

/* One QoS 2 message that came: until the gateway has released it, and a moment longer against late copies.
 * The caller provides the array, the library owns the contents. */
typedef struct mqttsn_inbound {
    uint16_t message_id;
    uint16_t content;
    uint16_t time;
    uint8_t open;
    uint8_t old;
} mqttsn_inbound;

/* An address in the form of the transport (for UDP see <mqttsn/udp.h>); the library only compares and keeps
 * it. octets = 0: all nodes in reach, a broadcast. */
typedef struct mqttsn_address {
    uint8_t octets;
    uint8_t data[MQTTSN_ADDRESS_OCTETS];
} mqttsn_address;

/* A gateway that was heard of. The caller provides the array, the library owns the contents. */
typedef struct mqttsn_gateway {
    uint32_t expires_ms;
    mqttsn_address address;
    uint8_t id;
    uint8_t expires;
} mqttsn_gateway;

/* Octets of topic memory that one name takes. */
#define MQTTSN_TOPIC_OCTETS(name_octets) ((name_octets) + 4)

/* The most that mqttsn_save() can need. `waiting_octets`: names and payloads of what is in the queue. */
#define MQTTSN_SAVE_OCTETS(queue_length, waiting_octets, topic_memory_octets, inbound_length, \
                           gateways_length)                                                   \
    (8 + sizeof(mqttsn_client) + (queue_length) * sizeof(mqttsn_slot) + (waiting_octets) +    \
     (topic_memory_octets) + (inbound_length) * sizeof(mqttsn_inbound) +                      \
     (gateways_length) * sizeof(mqttsn_gateway))

/* The will: what the broker publishes when the device is lost (SN12-63 to SN12-68). */
typedef struct mqttsn_will {
    const char* topic;   /* NUL-terminated name; NULL or "" = delete the will that the gateway has stored */
    const void* payload; /* may be NULL when payload_octets is 0 */
    uint16_t payload_octets;
    uint8_t qos; /* 0..2 */
    bool retain;
} mqttsn_will;

/* Start with mqttsn_config_defaults(), then set what differs. While the client is disconnected, client_id,
 * keep_alive_s and the times may be changed, the will by mqttsn_will_update(); all the rest only before
 * mqttsn_init(). */
typedef struct mqttsn_config {
    const char* client_id;      /* NUL-terminated, 1..249 octets; the specification allows 23 (SN12-21) */
    const mqttsn_will* will;    /* NULL = CONNECT without the will flag: a stored will stays unless clean */
    mqttsn_slot* queue;         /* publications that wait, the first one in flight (SN12-77) */
    uint8_t* topic_memory;      /* ids of names, both directions; full: the least recently used goes */
    mqttsn_inbound* inbound;    /* QoS 2 messages that were received; 8 also keep late copies out */
    mqttsn_gateway* gateways;   /* discovery, and gateways to fall back to; NULL = the link has one gateway */
    uint32_t retry_interval_ms; /* T_retry, 1..2^30; each wait gets up to a quarter more. Default 10 s */
    uint32_t congestion_wait_ms;  /* T_WAIT after "rejected: congestion", 1..2^31-1. Default 5 min */
    uint32_t seed;                /* for jitter and message ids: differs per device and per start */
    uint16_t topic_memory_octets; /* 0 is allowed: every publication to a name is then preceded by REGISTER */
    uint16_t keep_alive_s;        /* 0 = none. Default 60 */
    uint16_t datagram_octets_max; /* no datagram of ours is longer, 32..65535. Default 1472 */
    uint16_t search_delay_ms;     /* the most to wait before the first SEARCHGW (SN12-56). Default 5000 */
    uint16_t first_message_id;    /* 0 = from the seed. After a restart do not repeat the last ids */
    uint8_t queue_length;         /* slots, at least 1 to publish or subscribe; at most 254 */
    uint8_t inbound_length;  /* full: PUBACK "congestion"; 0: QoS 2 is answered "not supported"; <= 254 */
    uint8_t gateways_length; /* at most 254 */
    uint8_t search_radius;   /* of SEARCHGW; 0 = everywhere. Default 1 */
    bool adaptive_retry;     /* T_retry from the measured round trip (RFC 6298), at most
                                retry_interval_ms. Default off */
    uint8_t retry_count;     /* N_retry, 0..254: retransmissions after the first transmission. Default 3 */
} mqttsn_config;

/* All fields to their defaults, the memories to none. */
void mqttsn_config_defaults(mqttsn_config* config, const char* client_id);

/* The session. 128 octets on a 32-bit machine; the contents are the library's. */
typedef struct mqttsn_client {
    void* opaque_pointers[4];
    uint32_t opaque_words[28];
} mqttsn_client;

/* sizeof(mqttsn_client), for languages that do not read this header. */
size_t mqttsn_client_octets(void);

/* Makes a disconnected client. `config` is borrowed for its life. There is nothing to free.
 * MQTTSN_ERR_ARGUMENT: a null pointer, an empty client id, a number outside its range, a length without its
 * memory, a will, gateways or adaptive retry where <mqttsn/config.h> leaves them out. */
mqttsn_status mqttsn_init(mqttsn_client* client, const mqttsn_config* config);

/* ---- requests ---- */
/* They only note what to do: mqttsn_output() sends it, an event tells how it ended. */

/* Asks for a connection, with the will of the configuration if it has one (the whole handshake of SN12-61).
 * clean_session = false goes on with the session: publications and subscriptions that were not finished are
 * sent again under their message ids once connected, QoS 2 messages received before are still known. true
 * starts a new one: gateway and client forget all that; a publication that was sent and not acknowledged ends
 * with DELIVERED, MQTTSN_ERR_DISCARDED; those that were never sent stay queued. Also leads from asleep to
 * active (SN12-108). With config.gateways and none known yet, one is searched for first; with several, the
 * next is tried when one does not answer or refuses. Ends with CONNECTED, REFUSED (code 1: wait T_WAIT before
 * the next attempt) or LOST. MQTTSN_ERR_STATE: already connecting. MQTTSN_ERR_TOPIC: will topic is not a
 * valid name. MQTTSN_ERR_ARGUMENT: will QoS or payload. MQTTSN_ERR_TOO_LONG: client id or will does not fit a
 * datagram.
 */
mqttsn_status mqttsn_connect(mqttsn_client* client, bool clean_session);

/* Queues a message. In any state: QoS 0, 1 and 2 leave in their order, one at a time, while the client is
 * active; QoS -1 leaves at once and needs no connection (SN12-82), but a known gateway: mqttsn_search(). Ends
 * with DELIVERED: QoS -1 and 0 when handed to the caller of mqttsn_output(), 1 and 2 when the gateway has
 * acknowledged to the end. Congestion (code 1) and a forgotten topic id (code 2) are repaired by the library:
 * hold-off of T_WAIT, REGISTER again.
 * @param qos    -1, 0, 1 or 2; -1 only with predefined ids and short names
 * @param token  null, or receives what the DELIVERED event will carry; never 0
 * MQTTSN_ERR_BUSY: all slots taken, wait for a DELIVERED. MQTTSN_ERR_TOPIC, MQTTSN_ERR_TOO_LONG,
 * MQTTSN_ERR_ARGUMENT. */
mqttsn_status mqttsn_publish(mqttsn_client* client, mqttsn_topic topic, const void* payload,
                             size_t payload_octets, int qos, bool retain, uint16_t* token);

#if MQTTSN_WITH_SUBSCRIBE
/* Queues a subscription to a filter, a predefined id or a short name: in any state, and in one queue with the
 * publications, because requests go one at a time (SN12-85). Ends with SUBSCRIBED; survives a reconnection.
 * MQTTSN_ERR_BUSY: all slots taken. MQTTSN_ERR_TOPIC, MQTTSN_ERR_TOO_LONG, MQTTSN_ERR_ARGUMENT as for
 * mqttsn_publish(); qos is 0..2. */
mqttsn_status mqttsn_subscribe(mqttsn_client* client, mqttsn_topic topic, int qos, uint16_t* token);
/* The same for the end of a subscription. Ends with UNSUBSCRIBED. */
mqttsn_status mqttsn_unsubscribe(mqttsn_client* client, mqttsn_topic topic, uint16_t* token);
#endif

#if MQTTSN_WITH_WILL
/* Queues a change of the will that the gateway has stored (SN12-63 to SN12-68), which is also that of the
 * next CONNECT. Borrowed until the next change; `will` null or with an empty topic deletes it. Ends with
 * WILL_UPDATED. MQTTSN_ERR_BUSY: all slots taken. MQTTSN_ERR_TOPIC, MQTTSN_ERR_TOO_LONG, MQTTSN_ERR_ARGUMENT
 * as for mqttsn_connect(). */
mqttsn_status mqttsn_will_update(mqttsn_client* client, const mqttsn_will* will, uint16_t* token);
#endif

#if MQTTSN_WITH_SLEEP
/* Asks to sleep for so many seconds. While disconnected, or asleep with something queued, the client first
 * connects (not clean). Then everything queued is finished (what is held off for congestion is not waited for
 * and stays queued) and DISCONNECT with the duration is sent. Ends with ASLEEP, REFUSED, LOST or
 * DISCONNECTED. So "publish a reading, sleep" is mqttsn_publish(), mqttsn_sleep() in any state. Wake up well
 * before the duration ends: the gateway counts the device as lost after it (SN12-103). MQTTSN_ERR_ARGUMENT: 0
 * s. MQTTSN_ERR_STATE: connecting, fetching or disconnecting, or DISCONNECT is already on its way. The errors
 * of mqttsn_connect(). */
mqttsn_status mqttsn_sleep(mqttsn_client* client, uint16_t duration_s);

/* Fetches what the gateway has kept: PINGREQ with the client id. Messages follow; AWAKE_DONE ends it, the
 * device is asleep again and the gateway counts the duration from its start. A gateway that does not answer,
 * or has forgotten the device, is connected to again (not clean, the queue is kept): CONNECTED comes, the
 * queue is emptied, the device goes to sleep and fetches, and AWAKE_DONE ends that, too. Else REFUSED, LOST
 * or DISCONNECTED. MQTTSN_ERR_STATE: not asleep. */
mqttsn_status mqttsn_wake(mqttsn_client* client);
#endif

/* Ends the connection properly: no will is published. Ends with CLOSED or LOST. Unfinished publications stay.
 * While a gateway is still being searched for it is CLOSED at once, in the place of what was reported about
 * the connection before and not pulled. MQTTSN_ERR_STATE: disconnected. */
mqttsn_status mqttsn_disconnect(mqttsn_client* client);

#if MQTTSN_WITH_DISCOVERY
/* Searches for gateways: SEARCHGW to everyone after a random delay (SN12-56), again in intervals of 5, 10, 20
 * ... seconds until GATEWAY reports an answer. mqttsn_connect() does it by itself when it knows no gateway:
 * one that answered a search is forgotten when it does not answer CONNECT, one that advertises after three
 * intervals. MQTTSN_ERR_STATE: config.gateways is null. */
mqttsn_status mqttsn_search(mqttsn_client* client);

/* Adds a gateway whose address is known beforehand, or renews it; it never expires.
 * MQTTSN_ERR_BUSY: the table is full. MQTTSN_ERR_ARGUMENT: a null pointer, an empty or too long address. */
mqttsn_status mqttsn_add_gateway(mqttsn_client* client, uint8_t gateway_id, const mqttsn_address* address);
#endif

/* ---- a session that outlives RAM ---- */

/* Writes all that the session is into `blob`: ids, what is queued with its names and payloads, QoS 2 state,
 * counted retries, known gateways, under a CRC-32 that also covers the client id. For RTC RAM or flash,
 * before a deep sleep that loses RAM; or, against loss at any moment, each time before a datagram that
 * mqttsn_output() wrote is sent and before an event is acted on. Not over the only copy there is: a write may
 * be cut short.
 * @param blob  null: only the size is wanted
 * @return octets of the blob, at most 65535; 0 = `capacity` is too small, it would be longer than that, a
 * MESSAGE event waits to be pulled, or what mqttsn_restore() brought back still lives in `blob` */
size_t mqttsn_save(const mqttsn_client* client, void* blob, size_t capacity);

/* mqttsn_init(), and goes on with the session in `blob`, which is borrowed until every token in it has ended:
 * restore from a copy if the place is wanted for the next mqttsn_save(). How long it was is not asked: what
 * was to be repeated in 3 s is repeated in 3 s. `config` must not be smaller than it was,
 * config.inbound_length, the client id and the library the same; config.will is the will that was last given
 * to mqttsn_will_update(). MQTTSN_ERR_BLOB: not such a blob; the client is as after mqttsn_init() and can be
 * used: connect, not clean. MQTTSN_ERR_ARGUMENT as for mqttsn_init(). */
mqttsn_status mqttsn_restore(mqttsn_client* client, const mqttsn_config* config, uint32_t now_ms,
                             const void* blob, size_t octets);

/* ---- the loop ---- */

/* Takes one datagram, which must come from the gateway: who else sent it is for the transport to find out.
 * Borrowed until the next call of mqttsn_input() (the payload of a MESSAGE event points into it).
 * MQTTSN_ERR_MALFORMED, MQTTSN_ERR_UNEXPECTED: dropped. MQTTSN_ERR_BUSY: dropped, because the datagram before
 * it has left an event or an answer that must be drained first; the gateway will repeat it. */
mqttsn_status mqttsn_input(mqttsn_client* client, uint32_t now_ms, const void* datagram, size_t octets);

/* Writes the next datagram to send. Call it until it returns 0, then drain the events.
 * The acknowledgement of a received message is written only after its MESSAGE event has been pulled, so a
 * message that was acknowledged has been seen by the application.
 * @param capacity  at least config.datagram_octets_max, else 0 is returned and nothing happens
 * @return octets written, 0 = nothing to send now */
size_t mqttsn_output(mqttsn_client* client, uint32_t now_ms, void* buffer, size_t capacity);

#if MQTTSN_WITH_DISCOVERY
/* The same two on a link where others can be heard, for config.gateways. Datagrams of the session that are
 * not from the gateway it belongs to are dropped: MQTTSN_ERR_SENDER.
 * @param from  who sent the datagram; null = the gateway
 * @param to    receives where the datagram goes: the gateway, or octets = 0 for all nodes */
mqttsn_status mqttsn_input_from(mqttsn_client* client, uint32_t now_ms, const mqttsn_address* from,
                                const void* datagram, size_t octets);
size_t mqttsn_output_to(mqttsn_client* client, uint32_t now_ms, mqttsn_address* to, void* buffer,
                        size_t capacity);
#endif

/* Milliseconds until mqttsn_output() has something to do; 0 = now (or an event waits); UINT32_MAX = nothing
 * is scheduled, only a request or a datagram will change that. */
uint32_t mqttsn_next_timeout(const mqttsn_client* client, uint32_t now_ms);

typedef enum mqttsn_event_type {
    MQTTSN_EVENT_CONNECTED = 1, /* CONNACK accepted */
    MQTTSN_EVENT_REFUSED,       /* CONNACK with `code`; disconnected */
    MQTTSN_EVENT_DELIVERED,  /* publication `token` has ended: code 0, a return code, or MQTTSN_ERR_DISCARDED
                              */
    MQTTSN_EVENT_SUBSCRIBED, /* request `token` has ended with `code`; `qos` was granted when it is 0 */
    MQTTSN_EVENT_UNSUBSCRIBED, /* request `token` has ended */
    MQTTSN_EVENT_MESSAGE,      /* topic, payload, qos, retain, dup */
    MQTTSN_EVENT_ASLEEP,       /* the gateway keeps our messages now: the radio may be switched off */
    MQTTSN_EVENT_AWAKE_DONE,   /* all messages fetched, asleep again: the radio may be switched off */
    MQTTSN_EVENT_CLOSED,       /* our DISCONNECT was answered */
    MQTTSN_EVENT_DISCONNECTED, /* the gateway sent DISCONNECT unasked: it does not know us, connect again */
    MQTTSN_EVENT_LOST,         /* no answer after N_retry; `code` is a mqttsn_lost_reason. Connect again */
    MQTTSN_EVENT_WILL_UPDATED, /* request `token` has ended with `code` */
    MQTTSN_EVENT_GATEWAY,      /* a search has found the gateway whose GwId is `code` */
    MQTTSN_EVENT_SAFE_TO_SLEEP = MQTTSN_EVENT_AWAKE_DONE
} mqttsn_event_type;

/* Which request got no answer. */
typedef enum mqttsn_lost_reason {
    MQTTSN_LOST_CONNECT = 1, /* CONNECT, WILLTOPIC or WILLMSG */
    MQTTSN_LOST_PUBLISH,     /* REGISTER, PUBLISH or PUBREL; a change of the will */
    MQTTSN_LOST_SUBSCRIBE,   /* SUBSCRIBE or UNSUBSCRIBE */
    MQTTSN_LOST_PING,        /* keep-alive */
    MQTTSN_LOST_SLEEP,       /* DISCONNECT with a duration */
    MQTTSN_LOST_WAKE,        /* not used: the client connects again, and loses that */
    MQTTSN_LOST_DISCONNECT   /* DISCONNECT */
} mqttsn_lost_reason;

typedef struct mqttsn_event {
    mqttsn_event_type type;
    int code;
    uint16_t token;
    /* MESSAGE only, all but `type`. The name lives until the next call with this client, the payload until
     * the next mqttsn_input(). */
    mqttsn_topic topic;
    const void* payload;
    size_t payload_octets;
    int8_t qos; /* also in SUBSCRIBED */
    bool retain;
    bool dup;
} mqttsn_event;

/* Pulls the next event. @return false = there is none, `event` is unchanged. */
bool mqttsn_next_event(mqttsn_client* client, mqttsn_event* event);

/* The name of an event, for example "CONNECTED"; "?" for any other number. Static storage. */
const char* mqttsn_event_name(int type);

typedef enum mqttsn_state {
    MQTTSN_STATE_DISCONNECTED = 0,
    MQTTSN_STATE_CONNECTING,
    MQTTSN_STATE_ACTIVE,
    MQTTSN_STATE_FALLING_ASLEEP, /* mqttsn_sleep() was called, ASLEEP has not come */
    MQTTSN_STATE_ASLEEP,
    MQTTSN_STATE_AWAKE, /* mqttsn_wake() was called, AWAKE_DONE has not come */
    MQTTSN_STATE_DISCONNECTING
} mqttsn_state;

mqttsn_state mqttsn_get_state(const mqttsn_client* client);

#ifdef __cplusplus
}
#endif

#endif
