// SPDX-License-Identifier: BSD-3-Clause
//
// The C functions of <mqttsn/client.h>: null and range checks, then the session. Nothing else is decided
// here.
#include <string.h>

#include "client.hpp"
#include "mqttsn/topic.hpp"

namespace mqttsn {

mqttsn_status check_topic(const mqttsn_topic& topic, bool filter) {
    switch (topic.kind) {
        case MQTTSN_TOPIC_NAME: {
            if (topic.name == nullptr) {
                return MQTTSN_ERR_TOPIC;
            }
            const Bytes name = name_of(topic);
            return (filter ? topic_filter_valid(name) : topic_name_valid(name)) ? MQTTSN_OK
                                                                                : MQTTSN_ERR_TOPIC;
        }
        case MQTTSN_TOPIC_PREDEFINED:
            return topic_id_usable(topic.id) ? MQTTSN_OK : MQTTSN_ERR_TOPIC;
        case MQTTSN_TOPIC_SHORT: {
            const ShortName name = short_name_of(topic.id);
            return topic_name_valid(name.bytes()) ? MQTTSN_OK : MQTTSN_ERR_TOPIC;
        }
        default:
            return MQTTSN_ERR_ARGUMENT;
    }
}

namespace {

static_assert(sizeof(Client) <= sizeof(mqttsn_client), "grow mqttsn_client");
static_assert(alignof(Client) <= alignof(mqttsn_client), "align mqttsn_client");
static_assert(static_cast<int>(TopicIdType::predefined) == MQTTSN_TOPIC_PREDEFINED &&
                  static_cast<int>(TopicIdType::short_name) == MQTTSN_TOPIC_SHORT,
              "kinds are the TopicIdType values");

constexpr uint32_t kRetryIntervalMaxMs = 1U << 30U;
constexpr uint16_t kDatagramOctetsMin = 32;

Client* session(mqttsn_client* client) {
    return reinterpret_cast<Client*>(client);
}
const Client* session(const mqttsn_client* client) {
    return reinterpret_cast<const Client*>(client);
}

bool config_valid(const mqttsn_config& config) {
    return config.client_id != nullptr && config.client_id[0] != '\0' && config.retry_interval_ms != 0 &&
           config.retry_interval_ms <= kRetryIntervalMaxMs && config.congestion_wait_ms != 0 &&
           config.congestion_wait_ms <= INT32_MAX && config.retry_count < UINT8_MAX &&
           config.datagram_octets_max >= kDatagramOctetsMin &&
           (config.queue != nullptr || config.queue_length == 0) &&
           (config.topic_memory != nullptr || config.topic_memory_octets == 0) &&
           (config.inbound_ids != nullptr || config.inbound_length == 0);
}

}  // namespace

}  // namespace mqttsn

using namespace mqttsn;

extern "C" {

mqttsn_topic mqttsn_topic_name(const char* name) {
    const size_t octets = name != nullptr ? bytes_of(name).size : 0;
    // A name that does not fit 16 bits fits no datagram either: an empty one is refused wherever it is used.
    return mqttsn_topic{name, static_cast<uint16_t>(octets <= UINT16_MAX ? octets : 0), 0, MQTTSN_TOPIC_NAME};
}

mqttsn_topic mqttsn_topic_predefined(uint16_t id) {
    return mqttsn_topic{nullptr, 0, id, MQTTSN_TOPIC_PREDEFINED};
}

mqttsn_topic mqttsn_topic_short(const char* two_octets) {
    uint16_t id = 0;
    if (two_octets != nullptr && two_octets[0] != '\0') {
        id = topic_id_of_short_name(Bytes{reinterpret_cast<const uint8_t*>(two_octets), 2});
    }
    return mqttsn_topic{nullptr, 0, id, MQTTSN_TOPIC_SHORT};
}

void mqttsn_config_defaults(mqttsn_config* config, const char* client_id) {
    if (config == nullptr) {
        return;
    }
    memset(config, 0, sizeof *config);
    config->client_id = client_id;
    config->retry_interval_ms = 10000;
    config->congestion_wait_ms = 300000;
    config->retry_count = 3;
    config->keep_alive_s = 60;
    config->datagram_octets_max = 1472;
}

mqttsn_status mqttsn_init(mqttsn_client* client, const mqttsn_config* config) {
    if (client == nullptr || config == nullptr || !config_valid(*config)) {
        return MQTTSN_ERR_ARGUMENT;
    }
    session(client)->init(config);
    return MQTTSN_OK;
}

mqttsn_status mqttsn_connect(mqttsn_client* client, bool clean_session) {
    return client != nullptr ? session(client)->connect(clean_session) : MQTTSN_ERR_ARGUMENT;
}

mqttsn_status mqttsn_publish(mqttsn_client* client, mqttsn_topic topic, const void* payload,
                             size_t payload_octets, int qos, bool retain, uint16_t* token) {
    if (client == nullptr || qos < kQosMinusOne || qos > 2 || (payload == nullptr && payload_octets != 0)) {
        return MQTTSN_ERR_ARGUMENT;
    }
    const Flags flags = Flags{}.with_qos(static_cast<Qos>(qos)).with_retain(retain);
    return session(client)->publish(topic, Bytes{static_cast<const uint8_t*>(payload), payload_octets}, flags,
                                    token);
}

mqttsn_status mqttsn_subscribe(mqttsn_client* client, mqttsn_topic topic, int qos, uint16_t* token) {
    if (client == nullptr || qos < 0 || qos > 2) {
        return MQTTSN_ERR_ARGUMENT;
    }
    return session(client)->subscribe(topic, Flags{}.with_qos(static_cast<Qos>(qos)), true, token);
}

mqttsn_status mqttsn_unsubscribe(mqttsn_client* client, mqttsn_topic topic, uint16_t* token) {
    return client != nullptr ? session(client)->subscribe(topic, Flags{}, false, token) : MQTTSN_ERR_ARGUMENT;
}

mqttsn_status mqttsn_sleep(mqttsn_client* client, uint16_t duration_s) {
    return client != nullptr && duration_s != 0 ? session(client)->sleep(duration_s) : MQTTSN_ERR_ARGUMENT;
}

mqttsn_status mqttsn_wake(mqttsn_client* client) {
    return client != nullptr ? session(client)->wake() : MQTTSN_ERR_ARGUMENT;
}

mqttsn_status mqttsn_disconnect(mqttsn_client* client) {
    return client != nullptr ? session(client)->disconnect() : MQTTSN_ERR_ARGUMENT;
}

mqttsn_status mqttsn_input(mqttsn_client* client, uint32_t now_ms, const void* datagram, size_t octets) {
    if (client == nullptr || (datagram == nullptr && octets != 0)) {
        return MQTTSN_ERR_ARGUMENT;
    }
    return session(client)->input(now_ms, Bytes{static_cast<const uint8_t*>(datagram), octets});
}

size_t mqttsn_output(mqttsn_client* client, uint32_t now_ms, void* buffer, size_t capacity) {
    return client != nullptr && buffer != nullptr
               ? session(client)->output(now_ms, static_cast<uint8_t*>(buffer), capacity)
               : 0;
}

uint32_t mqttsn_next_timeout(const mqttsn_client* client, uint32_t now_ms) {
    return client != nullptr ? session(client)->next_timeout(now_ms) : UINT32_MAX;
}

bool mqttsn_next_event(mqttsn_client* client, mqttsn_event* event) {
    return client != nullptr && event != nullptr && session(client)->next_event(*event);
}

mqttsn_state mqttsn_get_state(const mqttsn_client* client) {
    return client != nullptr ? session(client)->state() : MQTTSN_STATE_DISCONNECTED;
}

}  // extern "C"
