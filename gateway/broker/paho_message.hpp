// SPDX-License-Identifier: BSD-3-Clause
//
// What goes to and comes from the threads that use Eclipse Paho MQTT C, as values: nothing here knows Paho.
// Any thread.
#ifndef GATEWAY_BROKER_PAHO_MESSAGE_HPP
#define GATEWAY_BROKER_PAHO_MESSAGE_HPP

#include <cstddef>
#include <cstdint>
#include <string>
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

/// What Paho is asked to send: a PUBLISH, SUBSCRIBE or UNSUBSCRIBE.
struct PahoMessage {
    enum class Kind : std::uint8_t { publish, subscribe, unsubscribe } kind = Kind::publish;
    std::string topic;  ///< or the filter
    std::vector<std::uint8_t> payload;
    std::uint8_t qos = 0;  ///< subscribe: the requested one
    bool retain = false;
    std::uint16_t token = 0;            ///< of who asked, not MQTT's; 0 = wants no answer
    std::uint32_t subscription_id = 0;  ///< subscribe; 0 = none
};

/// A PUBLISH that arrived.
struct PahoArrival {
    std::string topic;
    std::vector<std::uint8_t> payload;
    std::uint8_t qos = 0;
    bool retain = false;
    bool dup = false;
    std::uint16_t id = 0;                         ///< the broker's packet id; 0 with QoS 0
    std::vector<std::uint32_t> subscription_ids;  ///< MQTT 5

    std::size_t size() const { return topic.size() + payload.size() + sizeof(PahoArrival); }
};

}  // namespace mqttsn::gateway

#endif
