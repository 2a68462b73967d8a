// SPDX-License-Identifier: BSD-3-Clause
//
// The C functions of <mqttsn/client.h>: null and range checks, then the session. Nothing else is decided
// here.
#include <string.h>

#include "client.hpp"

namespace mqttsn {
namespace {

static_assert(sizeof(Client) <= sizeof(mqttsn_client), "grow mqttsn_client");
static_assert(alignof(Client) <= alignof(mqttsn_client), "align mqttsn_client");

constexpr uint32_t kRetryIntervalMaxMs = 1U << 30U;
constexpr uint16_t kDatagramOctetsMin = 32;

Client* session(mqttsn_client* client) {
    return reinterpret_cast<Client*>(client);
}

/// A table of at most 254 entries, which exists when it has any.
bool table_valid(const void* memory, uint8_t length) {
    return length < UINT8_MAX && (memory != nullptr || length == 0);
}

bool config_valid(const mqttsn_config* config) {
    if (config != nullptr &&
        ((!kWithWill && config->will != nullptr) || (!kWithDiscovery && config->gateways != nullptr) ||
         (!kWithAdaptiveRetry && config->adaptive_retry))) {
        return false;  // left out: MQTTSN_WITH_*
    }
    return config != nullptr && config->client_id != nullptr && config->client_id[0] != '\0' &&
           config->retry_interval_ms - 1U < kRetryIntervalMaxMs &&
           config->congestion_wait_ms - 1U < INT32_MAX && config->retry_count < UINT8_MAX &&
           config->datagram_octets_max >= kDatagramOctetsMin &&
           (config->topic_memory != nullptr || config->topic_memory_octets == 0) &&
           table_valid(config->queue, config->queue_length) &&
           table_valid(config->inbound, config->inbound_length) &&
           table_valid(config->gateways, config->gateways_length);
}

mqttsn_topic make_topic(const char* name, size_t octets, uint16_t id, uint8_t kind) {
    mqttsn_topic topic;
    topic.name = name;
    topic.name_octets = static_cast<uint16_t>(octets);
    topic.id = id;
    topic.kind = kind;
    return topic;
}

}  // namespace

}  // namespace mqttsn

using namespace mqttsn;

extern "C" {

mqttsn_topic mqttsn_topic_name(const char* name) {
    const size_t octets = name != nullptr ? text_octets(name) : 0;
    // A name that does not fit 16 bits counts 0x10000, and so becomes an empty one, which is refused wherever
    // it is used.
    return make_topic(name, octets, 0, MQTTSN_TOPIC_NAME);
}

mqttsn_topic mqttsn_topic_predefined(uint16_t id) {
    return make_topic(nullptr, 0, id, MQTTSN_TOPIC_PREDEFINED);
}

mqttsn_topic mqttsn_topic_short(const char* two_octets) {
    uint16_t id = 0;
    if (two_octets != nullptr && two_octets[0] != '\0') {
        id = static_cast<uint16_t>(read_u16(octets_of(two_octets)));
    }
    return make_topic(nullptr, 0, id, MQTTSN_TOPIC_SHORT);
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
    config->search_radius = 1;
    config->search_delay_ms = 5000;
}

size_t mqttsn_client_octets(void) {
    return sizeof(mqttsn_client);
}

mqttsn_status mqttsn_init(mqttsn_client* client, const mqttsn_config* config) {
    if (client == nullptr || !config_valid(config)) {
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
    if (client == nullptr || (payload == nullptr && payload_octets != 0) ||
        qos < (kWithQosMinusOne ? -1 : 0) || qos > (kWithQos2 ? 2 : 1)) {
        return MQTTSN_ERR_ARGUMENT;
    }
    const unsigned flags = (static_cast<unsigned>(qos) & 3U) << 5U | (retain ? MQTTSN_FLAG_RETAIN : 0U);
    return session(client)->enqueue(kTypePUBLISH, topic, flags, token, payload, payload_octets);
}

#if MQTTSN_WITH_SUBSCRIBE
mqttsn_status mqttsn_subscribe(mqttsn_client* client, mqttsn_topic topic, int qos, uint16_t* token) {
    if (client == nullptr || qos < 0 || qos > 2) {
        return MQTTSN_ERR_ARGUMENT;
    }
    return session(client)->enqueue(kTypeSUBSCRIBE, topic, static_cast<unsigned>(qos) << 5U, token, nullptr,
                                    0);
}

mqttsn_status mqttsn_unsubscribe(mqttsn_client* client, mqttsn_topic topic, uint16_t* token) {
    return client != nullptr ? session(client)->enqueue(kTypeUNSUBSCRIBE, topic, 0, token, nullptr, 0)
                             : MQTTSN_ERR_ARGUMENT;
}
#endif

#if MQTTSN_WITH_WILL
mqttsn_status mqttsn_will_update(mqttsn_client* client, const mqttsn_will* will, uint16_t* token) {
    return client != nullptr ? session(client)->will_update(will, token) : MQTTSN_ERR_ARGUMENT;
}
#endif

#if MQTTSN_WITH_SLEEP
mqttsn_status mqttsn_sleep(mqttsn_client* client, uint16_t duration_s) {
    return client != nullptr && duration_s != 0 ? session(client)->sleep(duration_s) : MQTTSN_ERR_ARGUMENT;
}

mqttsn_status mqttsn_wake(mqttsn_client* client) {
    return client != nullptr ? session(client)->wake() : MQTTSN_ERR_ARGUMENT;
}
#endif

mqttsn_status mqttsn_disconnect(mqttsn_client* client) {
    return client != nullptr ? session(client)->disconnect() : MQTTSN_ERR_ARGUMENT;
}

#if MQTTSN_WITH_DISCOVERY
mqttsn_status mqttsn_search(mqttsn_client* client) {
    return client != nullptr ? session(client)->search() : MQTTSN_ERR_ARGUMENT;
}

mqttsn_status mqttsn_add_gateway(mqttsn_client* client, uint8_t gateway_id, const mqttsn_address* address) {
    return client != nullptr && address != nullptr
               ? session(client)->learn_gateway(gateway_id, address->data, address->octets, kNever, 0)
               : MQTTSN_ERR_ARGUMENT;
}

mqttsn_status mqttsn_input_from(mqttsn_client* client, uint32_t now_ms, const mqttsn_address* from,
                                const void* datagram, size_t octets) {
    if (client == nullptr || (datagram == nullptr && octets != 0)) {
        return MQTTSN_ERR_ARGUMENT;
    }
    session(client)->set_now(now_ms);
    return session(client)->input(from, octets_of(datagram), octets);
}

size_t mqttsn_output_to(mqttsn_client* client, uint32_t now_ms, mqttsn_address* to, void* buffer,
                        size_t capacity) {
    if (client == nullptr || buffer == nullptr) {
        return 0;
    }
    session(client)->set_now(now_ms);
    return session(client)->output(to, static_cast<uint8_t*>(buffer), capacity);
}

mqttsn_status mqttsn_input(mqttsn_client* client, uint32_t now_ms, const void* datagram, size_t octets) {
    return mqttsn_input_from(client, now_ms, nullptr, datagram, octets);
}

size_t mqttsn_output(mqttsn_client* client, uint32_t now_ms, void* buffer, size_t capacity) {
    return mqttsn_output_to(client, now_ms, nullptr, buffer, capacity);
}
#else
mqttsn_status mqttsn_input(mqttsn_client* client, uint32_t now_ms, const void* datagram, size_t octets) {
    if (client == nullptr || (datagram == nullptr && octets != 0)) {
        return MQTTSN_ERR_ARGUMENT;
    }
    session(client)->set_now(now_ms);
    return session(client)->input(nullptr, octets_of(datagram), octets);
}

size_t mqttsn_output(mqttsn_client* client, uint32_t now_ms, void* buffer, size_t capacity) {
    if (client == nullptr || buffer == nullptr) {
        return 0;
    }
    session(client)->set_now(now_ms);
    return session(client)->output(nullptr, static_cast<uint8_t*>(buffer), capacity);
}
#endif

uint32_t mqttsn_next_timeout(const mqttsn_client* client, uint32_t now_ms) {
    if (client == nullptr) {
        return UINT32_MAX;
    }
    // What time it is belongs to every call; nothing else changes but a hold-off that has ended.
    Client* const self = session(const_cast<mqttsn_client*>(client));
    self->set_now(now_ms);
    return self->next_timeout();
}

bool mqttsn_next_event(mqttsn_client* client, mqttsn_event* event) {
    return client != nullptr && event != nullptr && session(client)->next_event(*event);
}

mqttsn_state mqttsn_get_state(const mqttsn_client* client) {
    return client != nullptr ? session(const_cast<mqttsn_client*>(client))->state()
                             : MQTTSN_STATE_DISCONNECTED;
}

size_t mqttsn_save(const mqttsn_client* client, void* blob, size_t capacity) {
    return client != nullptr
               ? session(const_cast<mqttsn_client*>(client))->save(static_cast<uint8_t*>(blob), capacity)
               : 0;
}

mqttsn_status mqttsn_restore(mqttsn_client* client, const mqttsn_config* config, uint32_t now_ms,
                             const void* blob, size_t octets) {
    mqttsn_status status = mqttsn_init(client, config);
    if (status == MQTTSN_OK &&
        (blob == nullptr || !session(client)->restore(now_ms, octets_of(blob), octets))) {
        session(client)->init(config);
        status = MQTTSN_ERR_BLOB;
    }
    return status;
}

}  // extern "C"
