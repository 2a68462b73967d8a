/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A sensor that sleeps with its power off. Each start is one wake-up: the session comes from a file (on a
 * device: flash, or RAM that keeps), the messages that wait at the gateway are fetched, one reading is
 * published at QoS 1, the device goes to sleep, the session goes back to the file, power off. A reading that
 * could not be delivered stays in the session, and the next start delivers it. */
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/sys.h>
#include <lwip/timeouts.h>
#include <mqttsn/client.h>
#include <mqttsn_lwip.h>
#include <netif/ethernet.h>
#include <string.h>

#include "board.h"
#include "console.h"
#include "lan9118.h"
#include "options.h"
#include "semihosting.h"

enum exit_code {
    EXIT_OK = 0,
    EXIT_OPTIONS = 2,
    EXIT_BOARD = 3,      /* no Ethernet controller, no memory for the port */
    EXIT_NO_GATEWAY = 4, /* no answer, or not all of it in the time allowed */
    EXIT_REFUSED = 5,    /* the gateway does not want this device, or its subscription */
    EXIT_NOT_SAVED = 6   /* the session is lost: the next start begins a new one */
};

#define QUEUE_LENGTH 4      /* readings that wait while there is no gateway */
#define INBOUND_LENGTH 8    /* QoS 2 messages */
#define NAMES_OCTETS 256    /* topic ids */
#define DATAGRAM_OCTETS 256 /* what is sent; what comes may be longer */
#define NAME_OCTETS 64      /* a topic of ours */
#define WAITING_OCTETS (QUEUE_LENGTH * (NAME_OCTETS + OPTIONS_READING_OCTETS))
#define SESSION_OCTETS MQTTSN_SAVE_OCTETS(QUEUE_LENGTH, WAITING_OCTETS, NAMES_OCTETS, INBOUND_LENGTH, 0)

static options given;
static struct netif ethernet;
static mqttsn_lwip transport;
static mqttsn_client client;
static mqttsn_config config;
static mqttsn_slot queue[QUEUE_LENGTH];
static mqttsn_inbound inbound[INBOUND_LENGTH];
static uint8_t names[NAMES_OCTETS];
static char reading_topic[NAME_OCTETS];
static char command_filter[NAME_OCTETS];
/* Two, because what mqttsn_restore() brought back lives in the first one until it is saved anew. */
static uint8_t restored[SESSION_OCTETS];
static uint8_t saved[SESSION_OCTETS];
static bool reading_waits; /* for room in the queue */
static bool publishes;     /* something may be in the queue: of now, or of a start that was cut off */
static bool fetched;       /* what waited at the gateway is here */

static void name_topics(void) {
    strcpy(reading_topic, "devices/");
    strcat(reading_topic, given.client_id);
    strcpy(command_filter, reading_topic);
    strcat(reading_topic, "/temperature");
    strcat(command_filter, "/command/#");
}

static bool open_network(void) {
    ip4_addr_t address, mask, router;
    IP4_ADDR(&address, 10, 0, 2, 15); /* what QEMU's network gives its first guest */
    IP4_ADDR(&mask, 255, 255, 255, 0);
    IP4_ADDR(&router, 10, 0, 2, 2);
    static const uint8_t mac[] = {0x02, 0x00, 0x00, 0x00, 0x00, 0x01}; /* locally administered */
    memcpy(ethernet.hwaddr, mac, sizeof mac);
    lwip_init();
    if (netif_add(&ethernet, &address, &mask, &router, (void*)(uintptr_t)BOARD_ETHERNET_BASE, lan9118_init,
                  ethernet_input) == NULL) {
        console_line("there is no Ethernet controller");
        return false;
    }
    netif_set_default(&ethernet);
    netif_set_up(&ethernet);
    const ip_addr_t gateway = IPADDR4_INIT(given.gateway.addr);
    if (mqttsn_lwip_open(&transport, &gateway, given.gateway_port, 0, DATAGRAM_OCTETS) != ERR_OK) {
        console_line("there is no memory for the UDP port");
        return false;
    }
    return true;
}

/* A real device takes it from a hardware source of randomness. */
static uint32_t make_seed(void) {
    uint32_t seed = semihosting_time() * 2654435761U ^ semihosting_clock() * 40503U;
    for (const char* at = given.client_id; *at != '\0'; ++at) {
        seed = seed * 31U + (uint8_t)*at;
    }
    return seed;
}

/* @return true: a session goes on */
static bool start_session(void) {
    mqttsn_config_defaults(&config, given.client_id);
    config.queue = queue;
    config.queue_length = QUEUE_LENGTH;
    config.inbound = inbound;
    config.inbound_length = INBOUND_LENGTH;
    config.topic_memory = names;
    config.topic_memory_octets = sizeof names;
    config.datagram_octets_max = DATAGRAM_OCTETS;
    config.retry_interval_ms = given.retry_ms;
    config.retry_count = given.retry_count;
    config.seed = make_seed();
    const int32_t octets = semihosting_read_file(given.session, restored, sizeof restored);
    const mqttsn_status status = octets < 0
                                     ? mqttsn_init(&client, &config)
                                     : mqttsn_restore(&client, &config, sys_now(), restored, (size_t)octets);
    if (status == MQTTSN_ERR_ARGUMENT) {
        board_panic("the configuration of the client is not valid");
    }
    if (octets < 0) {
        console_line("session: none saved");
        return false;
    }
    console_text(status == MQTTSN_OK ? "session: restored, " : "session: refused, ");
    console_line(status != MQTTSN_OK                                ? mqttsn_status_name(status)
                 : mqttsn_get_state(&client) == MQTTSN_STATE_ASLEEP ? "asleep"
                                                                    : "not asleep");
    return status == MQTTSN_OK;
}

static bool save_session(void) {
    char scratch[sizeof "session.bin.new" + 240U];
    const size_t octets = mqttsn_save(&client, saved, sizeof saved);
    if (octets == 0 || strlen(given.session) + sizeof ".new" > sizeof scratch) {
        console_line("session: cannot be saved");
        return false;
    }
    /* Beside the old one first, because the power may fail in the middle. */
    strcpy(scratch, given.session);
    strcat(scratch, ".new");
    if (!semihosting_write_file(scratch, saved, octets) || !semihosting_rename(scratch, given.session)) {
        console_line("session: cannot be written");
        return false;
    }
    console_text("session: saved, octets ");
    console_number((int32_t)octets);
    console_end();
    return true;
}

static void show_message(const mqttsn_event* event) {
    console_text("message: qos ");
    console_number(event->qos);
    console_text(" topic ");
    console_octets(event->topic.name, event->topic.name_octets);
    console_text(" payload ");
    console_octets(event->payload, event->payload_octets);
    console_end();
}

/* Once it is queued it is in the session, whatever becomes of this wake-up. BUSY: so many wait that there is
 * room only when one of them is delivered. */
static void queue_reading(void) {
    if (reading_waits && mqttsn_publish(&client, mqttsn_topic_name(reading_topic), given.reading,
                                        strlen(given.reading), 1, false, NULL) == MQTTSN_OK) {
        reading_waits = false;
        publishes = true;
    }
}

/* What fails here because the session was saved in the middle of something needs nothing: that goes on. */
static void begin(bool goes_on) {
    if (!goes_on) { /* a gateway that has the subscription still takes it once more */
        (void)mqttsn_subscribe(&client, mqttsn_topic_name(command_filter), 2, NULL);
    }
    reading_waits = given.reading != NULL;
    queue_reading();
    /* What waits for us comes first: asleep, PINGREQ is enough for that, and then no message is on its way
     * when we say that we go to sleep again. */
    if (mqttsn_get_state(&client) == MQTTSN_STATE_ASLEEP) {
        (void)mqttsn_wake(&client);
    } else {
        publishes = true;
        (void)mqttsn_sleep(&client, given.sleep_s);
    }
}

/* @return the program's end, or -1 to go on */
static int handle(const mqttsn_event* event) {
    if (event->type == MQTTSN_EVENT_MESSAGE) {
        show_message(event);
        return -1;
    }
    console_text("event: ");
    console_text(mqttsn_event_name(event->type));
    console_text(" ");
    console_number(event->code);
    console_end();
    switch (event->type) {
        case MQTTSN_EVENT_DELIVERED:
            queue_reading();
            return -1;
        case MQTTSN_EVENT_ASLEEP:
            publishes = false;
            if (fetched) {
                return EXIT_OK;
            }
            (void)mqttsn_wake(&client);
            return -1;
        case MQTTSN_EVENT_AWAKE_DONE:
            fetched = true;
            if (!publishes) {
                return EXIT_OK;
            }
            (void)mqttsn_sleep(&client, given.sleep_s); /* which connects, publishes and sleeps */
            return -1;
        case MQTTSN_EVENT_DISCONNECTED: /* the gateway was restarted in the middle: connect, not clean */
            (void)mqttsn_sleep(&client, given.sleep_s);
            return -1;
        case MQTTSN_EVENT_LOST:
            return EXIT_NO_GATEWAY;
        case MQTTSN_EVENT_REFUSED:
            return EXIT_REFUSED;
        case MQTTSN_EVENT_SUBSCRIBED:
            return event->code == MQTTSN_ACCEPTED ? -1 : EXIT_REFUSED;
        default:
            return -1;
    }
}

static int run(void) {
    const uint32_t start = sys_now();
    while (sys_now() - start < given.bound_ms) {
        mqttsn_event event;
        lan9118_poll(&ethernet);
        sys_check_timeouts();
        while (mqttsn_lwip_poll(&transport, &client, &event)) {
            const int code = handle(&event);
            if (code >= 0) {
                return code;
            }
        }
        if (mqttsn_lwip_idle_ms(&transport, &client) > 0) {
            board_wait();
        }
    }
    console_line("no end in the time allowed");
    return EXIT_NO_GATEWAY;
}

int main(void) {
    if (!options_read(&given)) {
        return EXIT_OPTIONS;
    }
    name_topics();
    if (!open_network()) {
        return EXIT_BOARD;
    }
    begin(start_session());
    const int code = run();
    if (reading_waits) {
        console_line("reading: not kept, the queue is full");
    }
    return save_session() ? code : EXIT_NOT_SAVED;
}
