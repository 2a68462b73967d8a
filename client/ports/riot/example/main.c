/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Publishes a reading at QoS 1 once in ten minutes and fetches the messages that the gateway has kept
 * meanwhile.
 */
#include <mqttsn_sock.h>
#include <net/sock/util.h>
#include <stdio.h>
#include <ztimer.h>

#ifndef GATEWAY
#define GATEWAY "[fe80::1]:1883"
#endif
#define LOCAL_PORT 1885
#define INTERVAL_S 600
/* The gateway is told more than that: it counts the device as lost when the time is over. */
#define SLEEP_S ((INTERVAL_S)*2)

static uint8_t buffer[256], names[128];
static mqttsn_slot queue[2];

/* Runs the client until it is asleep or has given up. @return whether it is asleep */
static bool run_until_asleep(mqttsn_sock* link, mqttsn_client* client) {
    mqttsn_event event;

    while (mqttsn_sock_run(link, client, 60 * 1000, &event) == 1) {
        switch (event.type) {
            case MQTTSN_EVENT_MESSAGE:
                printf("message: %.*s\n", (int)event.payload_octets, (const char*)event.payload);
                break;
            case MQTTSN_EVENT_ASLEEP:
            case MQTTSN_EVENT_AWAKE_DONE:
                return true;
            case MQTTSN_EVENT_REFUSED:
            case MQTTSN_EVENT_DISCONNECTED:
            case MQTTSN_EVENT_LOST:
                return false;
            default:
                break;
        }
    }
    return false;
}

int main(void) {
    mqttsn_config config;
    mqttsn_client client;
    mqttsn_sock link;
    sock_udp_ep_t gateway;

    if (sock_udp_str2ep(&gateway, GATEWAY) != 0) {
        printf("not an address with a port: %s\n", GATEWAY);
        return 1;
    }
    mqttsn_config_defaults(&config, "riot-1");
    config.seed = mqttsn_sock_seed();
    config.queue = queue;
    config.queue_length = sizeof queue / sizeof queue[0];
    config.topic_memory = names;
    config.topic_memory_octets = sizeof names;
    config.datagram_octets_max = sizeof buffer;
    mqttsn_init(&client, &config);
    mqttsn_subscribe(&client, mqttsn_topic_name("commands/riot-1"), 1, NULL);

    for (;;) {
        if (mqttsn_sock_open(&link, &gateway, LOCAL_PORT, buffer, sizeof buffer) == MQTTSN_OK) {
            mqttsn_publish(&client, mqttsn_topic_name("sensors/riot-1"), "21.5", 4, 1, false, NULL);
            mqttsn_sleep(&client, SLEEP_S);
            if (run_until_asleep(&link, &client) && mqttsn_wake(&client) == MQTTSN_OK) {
                run_until_asleep(&link, &client);
            }
            mqttsn_sock_close(&link);
        }
        ztimer_sleep(ZTIMER_SEC, INTERVAL_S);
    }
}
