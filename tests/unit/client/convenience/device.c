/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A device with everything that firmware does, by the C header. device.cpp is the same by the C++ header;
 * compare.cmake compares what they cost.
 */
#include <mqttsn/client.h>

extern uint32_t now(void);
extern void radio_send(const void* datagram, size_t octets);
extern size_t radio_receive(void* datagram, size_t capacity, uint32_t wait_ms);
extern size_t read_sensor(char* text);
extern void obey(const void* command, size_t octets);

static mqttsn_client client;
static mqttsn_config config;
static mqttsn_slot queue[4];
static uint8_t names[256];
static mqttsn_inbound inbound[8];
static uint8_t out[256], in[256];
static char reading[16];
static uint16_t waiting;

int device(void) {
    mqttsn_config_defaults(&config, "sensor-1");
    config.queue = queue;
    config.queue_length = 4;
    config.topic_memory = names;
    config.topic_memory_octets = sizeof names;
    config.inbound = inbound;
    config.inbound_length = 8;
    config.datagram_octets_max = sizeof out;
    config.seed = now();
    if (mqttsn_init(&client, &config) != MQTTSN_OK) {
        return 1;
    }
    mqttsn_connect(&client, false);
    if (mqttsn_subscribe(&client, mqttsn_topic_name("commands"), 1, NULL) != MQTTSN_OK) {
        return 2;
    }
    for (;;) {
        size_t octets = 0;
        mqttsn_event event;
        while ((octets = mqttsn_output(&client, now(), out, sizeof out)) > 0) {
            radio_send(out, octets);
        }
        if (mqttsn_next_event(&client, &event)) {
            switch (event.type) {
                case MQTTSN_EVENT_CONNECTED:
                    mqttsn_publish(&client, mqttsn_topic_predefined(7), reading, read_sensor(reading), 1,
                                   true, &waiting);
                    break;
                case MQTTSN_EVENT_DELIVERED:
                    if (event.token == waiting && event.code != MQTTSN_ACCEPTED) {
                        return 3;
                    }
                    mqttsn_sleep(&client, 60);
                    break;
                case MQTTSN_EVENT_MESSAGE:
                    obey(event.payload, event.payload_octets);
                    break;
                case MQTTSN_EVENT_LOST:
                    mqttsn_connect(&client, false);
                    break;
                default:
                    break;
            }
            continue;
        }
        octets = radio_receive(in, sizeof in, mqttsn_next_timeout(&client, now()));
        if (octets > 0) {
            mqttsn_input(&client, now(), in, octets);
        } else if (mqttsn_get_state(&client) == MQTTSN_STATE_ASLEEP) {
            mqttsn_wake(&client);
        }
    }
}
