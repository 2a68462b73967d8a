// SPDX-License-Identifier: BSD-3-Clause
//
// MQTT packets for tests of the model broker: made with one short call, read back as text, so that what a
// client got compares as one string: "SUBACK 1 q1, PUBLISH 1 q1 a/b=hello". The makers' views are those of
// string literals.
#ifndef TESTS_UNIT_SIM_MQTT_TEXT_HPP
#define TESTS_UNIT_SIM_MQTT_TEXT_HPP

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/core/mqtt_packet.hpp"
#include "support/hex.hpp"

namespace test {

namespace mqtt = mqttsn::gateway::mqtt;
using mqtt::PacketType;

inline mqtt::Packet packet(PacketType type, std::uint16_t id) {
    mqtt::Packet out;
    out.type = type;
    out.packet_id = id;
    return out;
}
inline mqtt::Packet publish(std::uint16_t id, unsigned qos, std::string_view topic, std::string_view payload,
                            bool retain = false) {
    mqtt::Packet out = packet(PacketType::publish, id);
    out.qos = static_cast<std::uint8_t>(qos);
    out.topic = view(topic);
    out.payload = view(payload);
    out.retain = retain;
    return out;
}
inline mqtt::Packet again(mqtt::Packet publish) {
    publish.dup = true;
    return publish;
}
inline mqtt::Packet puback(std::uint16_t id) {
    return packet(PacketType::puback, id);
}
inline mqtt::Packet pubrec(std::uint16_t id) {
    return packet(PacketType::pubrec, id);
}
inline mqtt::Packet pubrel(std::uint16_t id) {
    return packet(PacketType::pubrel, id);
}
inline mqtt::Packet pubcomp(std::uint16_t id) {
    return packet(PacketType::pubcomp, id);
}
inline mqtt::Packet pingreq() {
    return packet(PacketType::pingreq, 0);
}
inline mqtt::Packet subscribe(std::uint16_t id, unsigned qos, std::string_view filter) {
    mqtt::Packet out = packet(PacketType::subscribe, id);
    out.qos = static_cast<std::uint8_t>(qos);
    out.topic = view(filter);
    return out;
}
inline mqtt::Packet unsubscribe(std::uint16_t id, std::string_view filter) {
    mqtt::Packet out = packet(PacketType::unsubscribe, id);
    out.topic = view(filter);
    return out;
}

inline mqtt::Connect connect(std::string_view client_id, bool clean) {
    mqtt::Connect out;
    out.client_id = view(client_id);
    out.clean_session = clean;
    return out;
}
inline mqtt::Connect connect_with_will(std::string_view client_id, bool clean, unsigned qos,
                                       std::string_view topic, std::string_view payload,
                                       bool retain = false) {
    mqtt::Connect out = connect(client_id, clean);
    out.has_will = true;
    out.will.qos = static_cast<std::uint8_t>(qos);
    out.will.topic = view(topic);
    out.will.payload = view(payload);
    out.will.retain = retain;
    return out;
}

inline std::string publish_text(const mqtt::Packet& publish) {
    std::string out = "PUBLISH";
    if (publish.qos > 0) {
        out += " " + std::to_string(publish.packet_id);
    }
    out += " q" + std::to_string(publish.qos);
    out += publish.dup ? " dup" : "";
    out += publish.retain ? " retain" : "";
    return out + " " + str(publish.topic) + "=" + str(publish.payload);
}

inline std::string text_of(const mqtt::Packet& packet) {
    const std::string id = " " + std::to_string(packet.packet_id);
    switch (packet.type) {
        case PacketType::publish:
            return publish_text(packet);
        case PacketType::puback:
            return "PUBACK" + id;
        case PacketType::pubrec:
            return "PUBREC" + id;
        case PacketType::pubrel:
            return "PUBREL" + id;
        case PacketType::pubcomp:
            return "PUBCOMP" + id;
        case PacketType::suback:
            return "SUBACK" + id +
                   (packet.code == mqtt::kSubackFailure ? " refused" : " q" + std::to_string(packet.code));
        case PacketType::unsuback:
            return "UNSUBACK" + id;
        case PacketType::pingresp:
            return "PINGRESP";
        default:
            return "packet of type " + std::to_string(static_cast<int>(packet.type));
    }
}

/// Texts with ", " between them.
inline void append_text(std::string& list, const std::string& text) {
    list += list.empty() ? text : ", " + text;
}

}  // namespace test

#endif
