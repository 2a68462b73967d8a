/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A temperature sensor that sleeps: one run of this program is one wake-up. It publishes a reading at QoS 1,
 * takes what came for it, and goes back to sleep; between two runs its session is in a file, as it would be
 * in flash or RTC RAM. Usage: sleepy_sensor CELSIUS FILE [HOST [PORT]]
 */
#include <mqttsn/udp.h>
#include <stdio.h>
#include <string.h>

enum { SLEEP_S = 600, BLOB_OCTETS = 4096, TIMEOUT_MS = 60000 };

static uint8_t names[256], buffer[1472], old_blob[BLOB_OCTETS], new_blob[BLOB_OCTETS];
static mqttsn_slot queue[4];
static mqttsn_inbound inbound[8];

static size_t load(const char* path) {
    FILE* const file = fopen(path, "rb");
    const size_t octets = file ? fread(old_blob, 1, sizeof old_blob, file) : 0;
    return file && fclose(file) == 0 ? octets : 0;
}

/* Beside the old one first: a write that is cut short must not be the only copy. */
static bool save(const mqttsn_client* client, const char* path) {
    char beside[4096];
    const size_t octets = mqttsn_save(client, new_blob, sizeof new_blob);
    snprintf(beside, sizeof beside, "%s.new", path);
    FILE* const file = octets > 0 ? fopen(beside, "wb") : NULL;
    const bool written = file != NULL && fwrite(new_blob, 1, octets, file) == octets;
    return file != NULL && fclose(file) == 0 && written && rename(beside, path) == 0;
}

/* Runs until one of `wanted` or of what excludes it, and prints the messages on the way. */
static bool run_until(mqttsn_udp* udp, mqttsn_client* client, mqttsn_event_type wanted) {
    mqttsn_event event;
    while (mqttsn_udp_run(udp, client, TIMEOUT_MS, &event) == 1) {
        if (event.type == MQTTSN_EVENT_MESSAGE) {
            printf("%.*s\n", (int)event.payload_octets, (const char*)event.payload);
        } else if (event.type == wanted) {
            return true;
        } else if (event.type == MQTTSN_EVENT_LOST || event.type == MQTTSN_EVENT_REFUSED ||
                   event.type == MQTTSN_EVENT_DISCONNECTED) {
            break;
        }
    }
    return false;
}

int main(int argc, char** argv) {
    mqttsn_client client;
    mqttsn_config config;
    mqttsn_udp udp;
    if (argc < 3) {
        fprintf(stderr, "usage: sleepy_sensor CELSIUS FILE [HOST [PORT]]\n");
        return 2;
    }
    mqttsn_config_defaults(&config, "sleepy-sensor");
    config.seed = mqttsn_udp_seed();
    config.queue = queue;
    config.queue_length = sizeof queue / sizeof queue[0];
    config.inbound = inbound;
    config.inbound_length = sizeof inbound / sizeof inbound[0];
    config.topic_memory = names;
    config.topic_memory_octets = sizeof names;
    if (mqttsn_udp_open(&udp, argc > 3 ? argv[3] : "localhost", argc > 4 ? argv[4] : "1883", buffer,
                        sizeof buffer)) {
        return 1;
    }
    if (mqttsn_restore(&client, &config, mqttsn_udp_now(), old_blob, load(argv[2])) != MQTTSN_OK) {
        mqttsn_subscribe(&client, mqttsn_topic_name("sensors/sleepy/settings"), 1, NULL); /* a new session */
    }
    mqttsn_publish(&client, mqttsn_topic_name("sensors/sleepy/temperature"), argv[1], strlen(argv[1]), 1,
                   true, NULL);
    mqttsn_sleep(&client, SLEEP_S); /* connects, empties the queue, falls asleep */
    const bool done = run_until(&udp, &client, MQTTSN_EVENT_ASLEEP) && mqttsn_wake(&client) == MQTTSN_OK &&
                      run_until(&udp, &client, MQTTSN_EVENT_AWAKE_DONE);
    const bool saved =
        save(&client, argv[2]); /* also what did not get through: the next run goes on with it */
    mqttsn_udp_close(&udp);
    return done && saved ? 0 : 1;
}
