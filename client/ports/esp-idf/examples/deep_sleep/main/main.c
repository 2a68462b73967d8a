/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Publishes one reading at QoS 1, fetches the messages that the gateway has kept, and goes to deep sleep, in
 * which all RAM is lost but that of the RTC. There the session waits: the next start goes on with it, topic
 * ids, message ids, unfinished messages and all.
 */
#include <esp_event.h>
#include <esp_log.h>
#include <esp_netif.h>
#include <esp_sleep.h>
#include <mqttsn_esp.h>
#include <nvs_flash.h>
#include <protocol_examples_common.h>

#define INTERVAL_S CONFIG_DEEP_SLEEP_INTERVAL
/* The gateway is told more than that: it counts the device as lost when the time is over. */
#define SLEEP_S ((INTERVAL_S)*2)

static const char* const TAG = "deep_sleep";

/* Two, written in turn: what was restored lives on in the one it came from, and a brown-out while one is
 * written spoils only that one. */
static RTC_DATA_ATTR uint8_t sessions[2][512];
static RTC_DATA_ATTR size_t session_octets;
static RTC_DATA_ATTR unsigned session_now;

static uint8_t buffer[256], names[128];
static mqttsn_slot queue[2];

/* Runs the client until it is asleep or has given up. @return whether it is asleep */
static bool run_until_asleep(mqttsn_esp* link, mqttsn_client* client) {
    mqttsn_event event;

    while (mqttsn_esp_run(link, client, 60 * 1000, &event) == 1) {
        switch (event.type) {
            case MQTTSN_EVENT_MESSAGE:
                ESP_LOGI(TAG, "message: %.*s", (int)event.payload_octets, (const char*)event.payload);
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

static void talk(mqttsn_client* client) {
    mqttsn_esp link;

    mqttsn_publish(client, mqttsn_topic_name("sensors/esp-1"), "21.5", 4, 1, false, NULL);
    mqttsn_sleep(client, SLEEP_S);
    if (mqttsn_esp_open(&link, CONFIG_DEEP_SLEEP_GATEWAY, CONFIG_DEEP_SLEEP_PORT, buffer, sizeof buffer) !=
        MQTTSN_OK) {
        ESP_LOGW(TAG, "no way to the gateway; the reading waits for the next start");
        return;
    }
    if (run_until_asleep(&link, client) && mqttsn_wake(client) == MQTTSN_OK) {
        run_until_asleep(&link, client);
    }
    mqttsn_esp_close(&link);
}

void app_main(void) {
    mqttsn_config config;
    mqttsn_client client;

    ESP_ERROR_CHECK(nvs_flash_init());
    ESP_ERROR_CHECK(esp_netif_init());
    ESP_ERROR_CHECK(esp_event_loop_create_default());
    ESP_ERROR_CHECK(example_connect());

    mqttsn_config_defaults(&config, "esp-1");
    config.seed = mqttsn_esp_seed();
    config.queue = queue;
    config.queue_length = sizeof queue / sizeof queue[0];
    config.topic_memory = names;
    config.topic_memory_octets = sizeof names;
    config.datagram_octets_max = sizeof buffer;

    /* After power-on there is none, and after a brown-out it may be anything: no error, the client then
     * starts without. */
    session_now &= 1U;
    if (session_octets > sizeof sessions[0]) {
        session_octets = 0;
    }
    if (mqttsn_restore(&client, &config, mqttsn_esp_now(), sessions[session_now], session_octets) ==
        MQTTSN_OK) {
        ESP_LOGI(TAG, "session restored");
    } else {
        mqttsn_subscribe(&client, mqttsn_topic_name("commands/esp-1"), 1, NULL);
    }
    talk(&client);

    const unsigned next = 1U - session_now;
    const size_t saved = mqttsn_save(&client, sessions[next], sizeof sessions[next]);
    if (saved > 0) { /* else the older one is better than none */
        session_octets = saved;
        session_now = next;
    }
    ESP_LOGI(TAG, "session: %u octets", (unsigned)session_octets);
    esp_deep_sleep(INTERVAL_S * 1000000ULL);
}
