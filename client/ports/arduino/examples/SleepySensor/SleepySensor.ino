// SPDX-License-Identifier: BSD-3-Clause
//
// Publishes a reading at QoS 1 once in ten minutes and fetches the messages that the gateway has kept meanwhile. The
// radio is off between.
#include <WiFi.h>
#include <WiFiUdp.h>
#include <mqttsn_arduino.h>

const char kNetwork[] = "network";
const char kPassword[] = "password";
const IPAddress kGateway(192, 168, 1, 2);
const uint16_t kPort = 1883;
const uint16_t kIntervalSeconds = 600;

WiFiUDP udp;
mqttsn_arduino sn_link;
mqttsn_client client;
mqttsn_config config;
mqttsn_slot queue[2];
uint8_t names[64];
uint8_t buffer[256];

// Runs the client until it is asleep or has given up. @return whether it is asleep
bool runUntilAsleep() {
    mqttsn_event event;
    while (mqttsn_arduino_run(sn_link, client, 60000, event)) {
        switch (event.type) {
            case MQTTSN_EVENT_MESSAGE:
                Serial.write(static_cast<const uint8_t*>(event.payload), event.payload_octets);
                Serial.println();
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

void setup() {
    Serial.begin(115200);
    mqttsn_config_defaults(&config, "arduino-1");
    config.seed = static_cast<uint32_t>(analogRead(A0)) * 2654435761U + micros();
    config.queue = queue;
    config.queue_length = sizeof queue / sizeof queue[0];
    config.topic_memory = names;
    config.topic_memory_octets = sizeof names;
    config.datagram_octets_max = sizeof buffer;
    mqttsn_init(&client, &config);
    mqttsn_subscribe(&client, mqttsn_topic_name("commands/arduino-1"), 1, nullptr);
}

void loop() {
    WiFi.begin(kNetwork, kPassword);
    for (int tries = 0; WiFi.status() != WL_CONNECTED && tries < 100; ++tries) {
        delay(100);
    }
    if (mqttsn_arduino_open(sn_link, udp, kGateway, kPort, 1885, buffer, sizeof buffer) == MQTTSN_OK) {
        mqttsn_publish(&client, mqttsn_topic_name("sensors/arduino-1"), "21.5", 4, 1, false, nullptr);
        // Longer than the interval: the gateway counts the device as lost when the time is over.
        mqttsn_sleep(&client, 2 * kIntervalSeconds);
        if (runUntilAsleep() && mqttsn_wake(&client) == MQTTSN_OK) {
            runUntilAsleep();
        }
        mqttsn_arduino_close(sn_link);
    }
    WiFi.disconnect();
    delay(1000UL * kIntervalSeconds);
}
