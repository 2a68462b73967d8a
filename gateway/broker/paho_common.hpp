// SPDX-License-Identifier: BSD-3-Clause
//
// What every user of Eclipse Paho MQTT C in this folder needs: the broker's address and TLS files as Paho
// wants them, and what is in its structs as plain values. Here nothing calls Paho except where said, so all
// of it may be used in its callbacks. Only paho_*.cpp include this: nobody else sees MQTTAsync.h.
#ifndef GATEWAY_BROKER_PAHO_COMMON_HPP
#define GATEWAY_BROKER_PAHO_COMMON_HPP

#include <MQTTAsync.h>

#include <cstdint>
#include <mutex>
#include <string>

#include "gateway/broker/paho_message.hpp"

namespace mqttsn::gateway {

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

/// Copies what MQTTAsync_messageArrived gets.
PahoArrival copy_arrival(const char* topic, int topic_size, const MQTTAsync_message& message);

/// Paho's codes for what no retry can cure: null parameter, bad UTF-8, bad structure, bad QoS.
bool cannot_be_sent(int code);

/// MQTTAsync_send, _subscribe or _unsubscribe. Paho copies. `options` holds context and callbacks.
int hand_over(MQTTAsync handle, bool mqtt5, const PahoMessage& message, MQTTAsync_responseOptions& options);

/// Held during every call of Paho that may change its lists of handles or wait for its threads, so that for
/// Paho there is one calling thread. Never held by the loop, nor by callbacks.
std::mutex& paho_calls();

}  // namespace mqttsn::gateway

#endif
