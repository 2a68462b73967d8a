// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/broker/paho_common.hpp"

#include <cstring>

namespace mqttsn::gateway {

std::string paho_uri(const PahoBroker& broker) {
    const char* scheme =
        broker.tls ? (broker.websocket ? "wss://" : "ssl://") : (broker.websocket ? "ws://" : "tcp://");
    const bool brackets = broker.host.find(':') != std::string::npos;
    return std::string(scheme) + (brackets ? "[" : "") + broker.host + (brackets ? "]" : "") + ":" +
           std::to_string(broker.port) + broker.path;
}

void fill_tls_options(MQTTAsync_SSLOptions& tls, const PahoBroker& broker,
                      int (*on_text)(const char*, size_t, void*), void* context) {
    const auto file = [](const std::string& name) { return name.empty() ? nullptr : name.c_str(); };
    tls.trustStore = file(broker.ca_file);
    tls.keyStore = file(broker.cert_file);
    tls.privateKey = file(broker.key_file);
    tls.enabledCipherSuites = "DEFAULT:!aNULL";
    tls.enableServerCertAuth = 1;
    tls.verify = 1;  // also the name in the certificate
    tls.ssl_error_cb = on_text;
    tls.ssl_error_context = context;
}

std::uint32_t property_or(const MQTTProperties& properties, enum MQTTPropertyCodes code,
                          std::uint32_t otherwise) {
    for (int i = 0; i < properties.count; ++i) {
        const MQTTProperty& property = properties.array[i];
        if (property.identifier != code) {
            continue;
        }
        switch (code) {
            case MQTTPROPERTY_CODE_RECEIVE_MAXIMUM:
                return property.value.integer2;
            case MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE:
                return property.value.integer4;
            default:
                return property.value.byte;
        }
    }
    return otherwise;
}

void PahoProperties::add_integer4(enum MQTTPropertyCodes code, std::uint32_t value) {
    MQTTProperty property{};
    property.identifier = code;
    property.value.integer4 = value;
    MQTTProperties_add(&properties, &property);
}

PahoArrival copy_arrival(const char* topic, int topic_size, const MQTTAsync_message& message) {
    PahoArrival arrival;
    // Paho gives a size only when there is a zero octet in the topic.
    arrival.topic.assign(topic, topic_size > 0 ? static_cast<std::size_t>(topic_size) : std::strlen(topic));
    const auto* payload = static_cast<const std::uint8_t*>(message.payload);
    if (message.payloadlen > 0 && payload != nullptr) {
        arrival.payload.assign(payload, payload + message.payloadlen);
    }
    arrival.qos = static_cast<std::uint8_t>(message.qos & 3);
    arrival.retain = message.retained != 0;
    arrival.dup = message.dup != 0;
    arrival.id = static_cast<std::uint16_t>(message.msgid);
    for (int i = 0; i < message.properties.count; ++i) {
        const MQTTProperty& property = message.properties.array[i];
        if (property.identifier == MQTTPROPERTY_CODE_SUBSCRIPTION_IDENTIFIER) {
            arrival.subscription_ids.push_back(property.value.integer4);
        }
    }
    return arrival;
}

bool cannot_be_sent(int code) {
    return code == MQTTASYNC_NULL_PARAMETER || code == MQTTASYNC_BAD_UTF8_STRING ||
           code == MQTTASYNC_BAD_STRUCTURE || code == MQTTASYNC_BAD_QOS;
}

int hand_over(MQTTAsync handle, bool mqtt5, const PahoMessage& message, MQTTAsync_responseOptions& options) {
    switch (message.kind) {
        case PahoMessage::Kind::publish:
            break;
        case PahoMessage::Kind::subscribe: {
            PahoProperties properties;
            if (mqtt5 && message.subscription_id != 0) {
                properties.add_integer4(MQTTPROPERTY_CODE_SUBSCRIPTION_IDENTIFIER, message.subscription_id);
                options.properties = properties.properties;
            }
            return MQTTAsync_subscribe(handle, message.topic.c_str(), message.qos, &options);
        }
        case PahoMessage::Kind::unsubscribe:
            return MQTTAsync_unsubscribe(handle, message.topic.c_str(), &options);
    }
    return MQTTAsync_send(handle, message.topic.c_str(), static_cast<int>(message.payload.size()),
                          message.payload.data(), message.qos, message.retain ? 1 : 0, &options);
}

std::mutex& paho_calls() {
    static std::mutex mutex;
    return mutex;
}

}  // namespace mqttsn::gateway
