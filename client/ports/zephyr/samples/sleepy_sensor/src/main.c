/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Publishes one reading at QoS 1, fetches the messages that the gateway has kept, and then loses its RAM but
 * for the session. Here the loss is a restart, which every board can do; a product calls sys_poweroff()
 * there, with the wake-up source of its board.
 */
#include <mqttsn_zsock.h>
#include <zephyr/device.h>
#include <zephyr/drivers/retained_mem.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>
#include <zephyr/sys/reboot.h>

#define INTERVAL_S CONFIG_SLEEPY_SENSOR_INTERVAL
/* The gateway is told more than that: it counts the device as lost when the time is over. */
#define SLEEP_S ((INTERVAL_S)*2)

static const struct device* const retained = DEVICE_DT_GET(DT_ALIAS(mqttsn_session));

/* What lies in the retained memory. Two objects, because what was restored lives on in the one it came from.
 */
typedef struct {
    uint32_t octets;
    uint8_t blob[508];
} saved_session;
static saved_session restored, saved;

static uint8_t buffer[256], names[128];
static mqttsn_slot queue[2];

/* Runs the client until it is asleep or has given up. @return whether it is asleep */
static bool run_until_asleep(mqttsn_zsock* link, mqttsn_client* client) {
    mqttsn_event event;

    while (mqttsn_zsock_run(link, client, 60 * 1000, &event) == 1) {
        switch (event.type) {
            case MQTTSN_EVENT_MESSAGE:
                printk("message of %u octets\n", (unsigned int)event.payload_octets);
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
    mqttsn_zsock link;

    mqttsn_config_defaults(&config, "zephyr-1");
    config.seed = mqttsn_zsock_seed();
    config.queue = queue;
    config.queue_length = ARRAY_SIZE(queue);
    config.topic_memory = names;
    config.topic_memory_octets = sizeof names;
    config.datagram_octets_max = sizeof buffer;

    /* A session that is not there, or damaged, is no error: the client then starts without one. */
    if (retained_mem_read(retained, 0, (uint8_t*)&restored, sizeof restored) != 0 ||
        restored.octets > sizeof restored.blob) {
        restored.octets = 0;
    }
    if (mqttsn_restore(&client, &config, mqttsn_zsock_now(), restored.blob, restored.octets) == MQTTSN_OK) {
        printk("session restored\n");
    } else {
        mqttsn_subscribe(&client, mqttsn_topic_name("commands/zephyr-1"), 1, NULL);
    }

    if (mqttsn_zsock_open(&link, CONFIG_SLEEPY_SENSOR_GATEWAY, CONFIG_SLEEPY_SENSOR_PORT, buffer,
                          sizeof buffer) == MQTTSN_OK) {
        mqttsn_publish(&client, mqttsn_topic_name("sensors/zephyr-1"), "21.5", 4, 1, false, NULL);
        mqttsn_sleep(&client, SLEEP_S);
        if (run_until_asleep(&link, &client) && mqttsn_wake(&client) == MQTTSN_OK) {
            run_until_asleep(&link, &client);
        }
        mqttsn_zsock_close(&link);
    }

    saved.octets = (uint32_t)mqttsn_save(&client, saved.blob, sizeof saved.blob);
    printk("session: %u octets\n", (unsigned int)saved.octets);
    if (retained_mem_write(retained, 0, (const uint8_t*)&saved, sizeof saved) != 0) {
        printk("session lost: the next start begins a new one\n");
    }
    k_sleep(K_SECONDS(INTERVAL_S));
    sys_reboot(SYS_REBOOT_WARM);
    return 0;
}
