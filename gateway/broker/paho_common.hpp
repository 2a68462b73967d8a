// SPDX-License-Identifier: BSD-3-Clause
//
// What every user of Eclipse Paho MQTT C in this folder needs: the broker's address and TLS files as Paho
// wants them, and what is in its structs as plain values. Here nothing calls Paho except where said, so all
// of it may be used in its callbacks. Only paho_*.cpp include this: nobody else sees MQTTAsync.h.
#ifndef GATEWAY_BROKER_PAHO_COMMON_HPP
#define GATEWAY_BROKER_PAHO_COMMON_HPP

#include <MQTTAsync.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mqttsn::gateway {

/// Where the broker is and how to get there.
struct PahoBroker {
    bool tls = false;
    bool websocket = false;
    std::string host;  ///< name or address, IPv6 without brackets
    std::uint16_t port = 0;
    std::string path;     ///< WebSocket only, with the leading '/', or empty
    std::string ca_file;  ///< PEM; "" = the system's certificates
    std::string cert_file, key_file;
};

/// "tcp://", "ssl://", "ws://" or "wss://", host, port, path.
std::string paho_uri(const PahoBroker& broker);

/// `tls` borrows the names from `broker`. `on_text` gets OpenSSL's words about a failed handshake.
void fill_tls_options(MQTTAsync_SSLOptions& tls, const PahoBroker& broker,
                      int (*on_text)(const char*, size_t, void*), void* context);

/// The value of an integer property, or `otherwise`. Reads the struct itself: no call into Paho.
std::uint32_t property_or(const MQTTProperties& properties, enum MQTTPropertyCodes code,
                          std::uint32_t otherwise);

/// Frees itself (calls Paho: not in callbacks).
class PahoProperties {
  public:
    PahoProperties() = default;
    PahoProperties(const PahoProperties&) = delete;
    PahoProperties& operator=(const PahoProperties&) = delete;
    ~PahoProperties() { MQTTProperties_free(&properties); }
    void add_integer4(enum MQTTPropertyCodes code, std::uint32_t value);

    MQTTProperties properties = MQTTProperties_initializer;
};

/// A PUBLISH that arrived.
struct PahoArrival {
    std::string topic;
    std::vector<std::uint8_t> payload;
    std::uint8_t qos = 0;
    bool retain = false;
    bool dup = false;
    std::vector<std::uint32_t> subscription_ids;  ///< MQTT 5

    std::size_t size() const { return topic.size() + payload.size() + sizeof(PahoArrival); }
};

/// Copies what MQTTAsync_messageArrived gets.
PahoArrival copy_arrival(const char* topic, int topic_size, const MQTTAsync_message& message);

}  // namespace mqttsn::gateway

#endif
