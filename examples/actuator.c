/* SPDX-License-Identifier: BSD-3-Clause
 *
 * An actuator that sleeps: every PERIOD seconds it wakes up, fetches the commands that came meanwhile and
 * carries them out (here: prints them). Ends with the command "stop". Usage: actuator PERIOD [HOST [PORT]]
 */
#include <mqttsn/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t names[256], buffer[1472];
static mqttsn_slot queue[1];
static mqttsn_inbound inbound[8];

/* Carries out one command. @return false = it was the last */
static bool obey(const char* command, size_t octets) {
    printf("%.*s\n", (int)octets, command);
    fflush(stdout);
    return octets != 4 || memcmp(command, "stop", 4) != 0;
}

/* Runs until the device is asleep or has lost its gateway. @return false = the last command has come */
static bool run_until_quiet(mqttsn_udp* udp, mqttsn_client* client) {
    mqttsn_event event;
    bool more = true;
    while (mqttsn_udp_run(udp, client, -1, &event) == 1) {
        switch (event.type) {
            case MQTTSN_EVENT_MESSAGE:
                more = obey(event.payload, event.payload_octets) && more;
                break;
            case MQTTSN_EVENT_ASLEEP:
            case MQTTSN_EVENT_AWAKE_DONE:
            case MQTTSN_EVENT_LOST:
            case MQTTSN_EVENT_REFUSED:
            case MQTTSN_EVENT_DISCONNECTED:
                return more;
            default:
                break;
        }
    }
    return false; /* the socket failed */
}

int main(int argc, char** argv) {
    const int period_s = argc > 1 ? atoi(argv[1]) : 0;
    mqttsn_client client;
    mqttsn_config config;
    mqttsn_udp udp;
    mqttsn_event event;
    if (period_s < 1 || period_s > 30000) {
        fprintf(stderr, "usage: actuator PERIOD [HOST [PORT]]\n");
        return 2;
    }
    mqttsn_config_defaults(&config, "actuator");
    config.seed = mqttsn_udp_seed();
    config.queue = queue;
    config.queue_length = 1;
    config.inbound = inbound;
    config.inbound_length = sizeof inbound / sizeof inbound[0];
    config.topic_memory = names;
    config.topic_memory_octets = sizeof names;
    if (mqttsn_udp_open(&udp, argc > 2 ? argv[2] : "localhost", argc > 3 ? argv[3] : "1883", buffer,
                        sizeof buffer) ||
        mqttsn_init(&client, &config)) {
        return 1;
    }
    mqttsn_subscribe(&client, mqttsn_topic_name("actuator/command"), 2, NULL);
    /* Connects, subscribes, sleeps; the gateway gives us up when the duration ends without a wake-up. */
    for (mqttsn_sleep(&client, (uint16_t)(2 * period_s)); run_until_quiet(&udp, &client);) {
        mqttsn_udp_run(&udp, &client, period_s * 1000, &event); /* nothing comes: the radio may be off */
        if (mqttsn_wake(&client) == MQTTSN_ERR_STATE) {
            mqttsn_sleep(&client, (uint16_t)(2 * period_s)); /* lost the gateway: connects again */
        }
    }
    mqttsn_disconnect(&client);
    mqttsn_udp_wait(&udp, &client, MQTTSN_EVENT_CLOSED, 5000, &event);
    mqttsn_udp_close(&udp);
    return 0;
}
