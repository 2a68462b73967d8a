// SPDX-License-Identifier: BSD-3-Clause
#include "conformance/mqtt_packet.hpp"

#include <array>

namespace conformance::mqtt {
namespace {

void put16(Octets& body, std::size_t value) {
    body.push_back(static_cast<std::uint8_t>((value >> 8) & 0xFF));
    body.push_back(static_cast<std::uint8_t>(value & 0xFF));
}

void put_text(Octets& body, std::string_view text) {
    put16(body, text.size());
    body.insert(body.end(), text.begin(), text.end());
}

Octets frame(std::uint8_t first, const Octets& body) {
    Octets packet{first};
    std::size_t left = body.size();
    do {  // section 2.2.3: seven bits an octet, the lowest first
        const auto low = static_cast<std::uint8_t>(left & 0x7F);
        left >>= 7;
        packet.push_back(left > 0 ? static_cast<std::uint8_t>(low | 0x80) : low);
    } while (left > 0);
    packet.insert(packet.end(), body.begin(), body.end());
    return packet;
}

std::uint16_t get16(const Octets& octets, std::size_t at) {
    return static_cast<std::uint16_t>((octets[at] << 8) | octets[at + 1]);
}

/// @return false when the body does not fit its type.
bool read_body(Packet& packet, const Octets& octets, std::size_t at) {
    const std::size_t size = octets.size() - at;
    if (packet.type == PUBLISH) {
        if (size < 2 || size < 2U + get16(octets, at)) {
            return false;
        }
        const std::size_t name_size = get16(octets, at);
        const auto name = octets.begin() + static_cast<std::ptrdiff_t>(at) + 2;
        packet.topic.assign(name, name + static_cast<std::ptrdiff_t>(name_size));
        std::size_t payload = at + 2 + name_size;
        if (packet.qos > 0) {
            if (octets.size() - payload < 2) {
                return false;
            }
            packet.id = get16(octets, payload);
            payload += 2;
        }
        packet.payload.assign(octets.begin() + static_cast<std::ptrdiff_t>(payload), octets.end());
        return true;
    }
    if (packet.type == PINGRESP) {
        return size == 0;
    }
    if (size < 2) {
        return false;
    }
    if (packet.type == CONNACK) {
        packet.code = octets[at + 1];
        return true;
    }
    packet.id = get16(octets, at);
    packet.code = size > 2 ? octets[at + 2] : std::uint8_t{0};
    return true;
}

}  // namespace

Octets connect(std::string_view client_id) {
    Octets body;
    put_text(body, "MQTT");
    body.push_back(4);     // protocol level
    body.push_back(0x02);  // clean session
    put16(body, 0);        // no keep alive
    put_text(body, client_id);
    return frame(CONNECT << 4, body);
}

Octets publish(std::string_view topic, std::string_view payload, int qos, bool retain, std::uint16_t id) {
    Octets body;
    put_text(body, topic);
    if (qos > 0) {
        put16(body, id);
    }
    body.insert(body.end(), payload.begin(), payload.end());
    return frame(static_cast<std::uint8_t>((PUBLISH << 4) | (qos << 1) | (retain ? 1 : 0)), body);
}

Octets acknowledgement(Type type, std::uint16_t id) {
    Octets body;
    put16(body, id);
    return frame(static_cast<std::uint8_t>((type << 4) | (type == PUBREL ? 2 : 0)), body);
}

Octets subscribe(std::uint16_t id, std::string_view filter, int qos) {
    Octets body;
    put16(body, id);
    put_text(body, filter);
    body.push_back(static_cast<std::uint8_t>(qos));
    return frame((SUBSCRIBE << 4) | 2, body);
}

Octets disconnect() {
    return frame(DISCONNECT << 4, {});
}

std::optional<Packet> take(Octets& stream, Fault& fault) {
    fault = Fault::none;
    std::size_t size = 0;
    std::size_t at = 1;
    for (int shift = 0;; shift += 7, ++at) {
        if (at >= stream.size()) {
            return std::nullopt;
        }
        if (shift > 21) {
            fault = Fault::broken;
            return std::nullopt;
        }
        size |= static_cast<std::size_t>(stream[at] & 0x7F) << shift;
        if ((stream[at] & 0x80) == 0) {
            break;
        }
    }
    ++at;
    if (stream.size() < at + size) {
        return std::nullopt;
    }
    const auto end = stream.begin() + static_cast<std::ptrdiff_t>(at + size);
    const Octets octets(stream.begin(), end);
    stream.erase(stream.begin(), end);
    Packet packet;
    packet.type = static_cast<std::uint8_t>(octets[0] >> 4);
    packet.dup = (octets[0] & 8) != 0;
    packet.qos = (octets[0] >> 1) & 3;
    packet.retain = (octets[0] & 1) != 0;
    if (!read_body(packet, octets, at)) {
        fault = Fault::broken;
        return std::nullopt;
    }
    return packet;
}

std::string describe(const Packet& packet) {
    constexpr std::array<const char*, 16> kNames{
        "type 0",    "CONNECT", "CONNACK",     "PUBLISH",  "PUBACK",  "PUBREC",   "PUBREL",     "PUBCOMP",
        "SUBSCRIBE", "SUBACK",  "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "type 15"};
    std::string text = kNames[packet.type & 15];
    if (packet.type == PUBLISH) {
        text += std::string(" [") + (packet.dup ? "DUP " : "") + "Q" + std::to_string(packet.qos) +
                (packet.retain ? " RETAIN" : "") + (packet.qos > 0 ? " id=" + std::to_string(packet.id) : "");
        return text + "] " + packet.topic + " " + quoted(packet.payload);
    }
    return text + " [id=" + std::to_string(packet.id) + " code=" + std::to_string(packet.code) + "]";
}

}  // namespace conformance::mqtt
