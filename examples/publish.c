/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A device in ten lines: connects to the gateway on this machine, publishes one reading at QoS 1, waits until
 * the broker has it. cc publish.c $(pkg-config --cflags --libs mqttsn-client)
 */
#include <mqttsn/udp.h>

int main(int argc, char** argv) {
    static uint8_t names[256], buffer[1472];
    static mqttsn_slot queue[1];
    mqttsn_client client;
    mqttsn_config config;
    mqttsn_udp udp;
    mqttsn_event event;
    mqttsn_config_defaults(&config, "sensor-1");
    config.seed = mqttsn_udp_seed();
    config.queue = queue;
    config.queue_length = 1;
    config.topic_memory = names;
    config.topic_memory_octets = sizeof names;
    if (mqttsn_udp_open(&udp, argc > 1 ? argv[1] : "localhost", argc > 2 ? argv[2] : "1883", buffer,
                        sizeof buffer)) {
        return 1;
    }
    mqttsn_init(&client, &config);
    mqttsn_connect(&client, true);
    mqttsn_publish(&client, mqttsn_topic_name("sensors/1/temperature"), "21.5", 4, 1, false, NULL);
    const int delivered = mqttsn_udp_wait(&udp, &client, MQTTSN_EVENT_DELIVERED, 60000, &event) == 1 &&
                          event.code == MQTTSN_ACCEPTED;
    mqttsn_disconnect(&client);
    mqttsn_udp_wait(&udp, &client, MQTTSN_EVENT_CLOSED, 5000, &event);
    mqttsn_udp_close(&udp);
    return delivered ? 0 : 1;
}
