// SPDX-License-Identifier: BSD-3-Clause
//
// The port towards the broker: MQTT 3.1.1 packets as values. The core makes and reads these; an engine in
// gateway/broker/ turns them into octets on a connection. Nothing here knows sockets.
#ifndef GATEWAY_CORE_MQTT_PACKET_HPP
#define GATEWAY_CORE_MQTT_PACKET_HPP

#include <cstdint>

#include "mqttsn/wire.hpp"

namespace mqttsn::gateway::mqtt {

/// Control packet types, MQTT 3.1.1 section 2.2.1.
enum class PacketType : std::uint8_t {
    connect = 1,
    connack = 2,
    publish = 3,
    puback = 4,
    pubrec = 5,
    pubrel = 6,
    pubcomp = 7,
    subscribe = 8,
    suback = 9,
    unsubscribe = 10,
    unsuback = 11,
    pingreq = 12,
    pingresp = 13,
    disconnect = 14,
};

constexpr std::uint8_t kSubackFailure = 0x80;  // MQTT 3.1.1 section 3.9.3

/// Every packet of an established connection. Which fields count depends on the type:
///   publish      dup, qos, retain, topic, payload, subscription_id; packet_id when qos > 0
///   subscribe    packet_id, topic (one filter), qos (requested), subscription_id
///   suback       packet_id, code (0..2 granted, or kSubackFailure)
///   unsubscribe  packet_id, topic (one filter)
///   puback, pubrec, pubrel, pubcomp, unsuback   packet_id
///   pingreq, pingresp                           nothing
/// CONNECT, CONNACK and DISCONNECT are not sent through here: see Connect and the link calls.
struct Packet {
    PacketType type = PacketType::pingreq;
    bool dup = false;
    bool retain = false;
    std::uint8_t qos = 0;
    std::uint8_t code = 0;
    std::uint16_t packet_id = 0;
    /// MQTT 5 section 3.8.2.1.2, on the gateway's own link only: names the SUBSCRIBE that a retained message
    /// answers. 0 = none.
    std::uint32_t subscription_id = 0;
    Bytes topic;            ///< borrowed, see the contract of who hands the packet over
    Bytes payload;          ///< borrowed
    bool oversize = false;  ///< publish: payload was larger than the engine's limit and is missing
};

struct Will {
    Bytes topic;
    Bytes payload;
    std::uint8_t qos = 0;
    bool retain = false;
};

/// What a CONNECT says (MQTT 3.1.1 section 3.1). Views are borrowed.
struct Connect {
    Bytes client_id;
    bool clean_session = true;
    std::uint16_t keep_alive_s = 60;
    bool has_will = false;
    Will will;
    bool has_username = false;
    Bytes username;
    bool has_password = false;
    Bytes password;
};

/// CONNACK return codes, MQTT 3.1.1 section 3.2.2.3.
enum class ConnectCode : std::uint8_t {
    accepted = 0,
    unacceptable_protocol = 1,
    identifier_rejected = 2,
    server_unavailable = 3,
    bad_credentials = 4,
    not_authorized = 5,
};

}  // namespace mqttsn::gateway::mqtt

#endif
