// SPDX-License-Identifier: BSD-3-Clause
//
// MQTT 3.1.1 control packets as octets, the few that a witness at the broker needs, written from the
// standard. No I/O, no state.
#ifndef TESTS_CONFORMANCE_MQTT_PACKET_HPP
#define TESTS_CONFORMANCE_MQTT_PACKET_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "conformance/sn_packet.hpp"

namespace conformance::mqtt {

enum Type : std::uint8_t {
    CONNECT = 1,
    CONNACK = 2,
    PUBLISH = 3,
    PUBACK = 4,
    PUBREC = 5,
    PUBREL = 6,
    PUBCOMP = 7,
    SUBSCRIBE = 8,
    SUBACK = 9,
    UNSUBSCRIBE = 10,
    UNSUBACK = 11,
    PINGREQ = 12,
    PINGRESP = 13,
    DISCONNECT = 14,
};

/// One packet, taken apart; fields that its type does not have are 0.
struct Packet {
    std::uint8_t type = 0;
    std::uint16_t id = 0;
    std::uint8_t code = 0;  ///< CONNACK return code, SUBACK's first code
    bool dup = false;
    bool retain = false;
    int qos = 0;
    std::string topic;
    std::string payload;
};

/// A clean session without keep alive, user name and will (section 3.1).
Octets connect(std::string_view client_id);
/// @param qos 0..2; `id` counts for 1 and 2 (section 3.3).
Octets publish(std::string_view topic, std::string_view payload, int qos, bool retain, std::uint16_t id);
/// PUBACK, PUBREC, PUBREL (with its reserved bits), PUBCOMP.
Octets acknowledgement(Type type, std::uint16_t id);
Octets subscribe(std::uint16_t id, std::string_view filter, int qos);
Octets disconnect();

enum class Fault : std::uint8_t { none, broken };

/// Takes the first packet off `stream` and returns it; nothing while it is not complete. `fault` tells a
/// stream that is no MQTT from one that is only short.
std::optional<Packet> take(Octets& stream, Fault& fault);

/// `PUBLISH [Q1 id=3] cf/x "hi"`
std::string describe(const Packet& packet);

}  // namespace conformance::mqtt

#endif
