// SPDX-License-Identifier: BSD-3-Clause
#include "sim/wire_message.hpp"

#include <array>

namespace mqttsn::sim {

namespace {

constexpr std::array<const char*, 0x19> kNames{
    "ADVERTISE", "SEARCHGW",   "GWINFO",   "?",         "CONNECT",   "CONNACK", "WILLTOPICREQ",
    "WILLTOPIC", "WILLMSGREQ", "WILLMSG",  "REGISTER",  "REGACK",    "PUBLISH", "PUBACK",
    "PUBCOMP",   "PUBREC",     "PUBREL",   "?",         "SUBSCRIBE", "SUBACK",  "UNSUBSCRIBE",
    "UNSUBACK",  "PINGREQ",    "PINGRESP", "DISCONNECT"};

std::uint16_t two(std::string_view octets, std::size_t at) {
    return static_cast<std::uint16_t>(static_cast<std::uint8_t>(octets[at]) << 8U |
                                      static_cast<std::uint8_t>(octets[at + 1]));
}

void read_flags(WireMessage& out, char octet) {
    const auto flags = static_cast<std::uint8_t>(octet);
    const int qos = flags >> 5U & 3U;
    out.dup = (flags & 0x80U) != 0;
    out.qos = qos == 3 ? -1 : qos;
    out.clean = (flags & 0x04U) != 0;
}

/// Everything behind the type octet.
bool read_body(WireMessage& out, std::string_view body) {
    const auto at_least = [&](std::size_t octets) { return body.size() >= octets; };
    switch (out.type) {
        case WireType::connect:
            if (!at_least(5)) {
                return false;
            }
            read_flags(out, body[0]);
            out.duration = two(body, 2);
            out.rest = body.substr(4);
            return true;
        case WireType::publish:
            if (!at_least(5)) {
                return false;
            }
            read_flags(out, body[0]);
            out.topic_id = two(body, 1);
            out.message_id = two(body, 3);
            out.rest = body.substr(5);
            return true;
        case WireType::register_topic:
            if (!at_least(5)) {
                return false;
            }
            out.topic_id = two(body, 0);
            out.message_id = two(body, 2);
            out.rest = body.substr(4);
            return true;
        case WireType::regack:
        case WireType::puback:
            if (body.size() != 5) {
                return false;
            }
            out.topic_id = two(body, 0);
            out.message_id = two(body, 2);
            out.code = static_cast<std::uint8_t>(body[4]);
            return true;
        case WireType::subscribe:
        case WireType::unsubscribe:
            if (!at_least(4)) {
                return false;
            }
            read_flags(out, body[0]);
            out.message_id = two(body, 1);
            out.rest = body.substr(3);
            return true;
        case WireType::suback:
            if (body.size() != 6) {
                return false;
            }
            read_flags(out, body[0]);
            out.topic_id = two(body, 1);
            out.message_id = two(body, 3);
            out.code = static_cast<std::uint8_t>(body[5]);
            return true;
        case WireType::pubcomp:
        case WireType::pubrec:
        case WireType::pubrel:
        case WireType::unsuback:
            if (body.size() != 2) {
                return false;
            }
            out.message_id = two(body, 0);
            return true;
        case WireType::connack:
            if (body.size() != 1) {
                return false;
            }
            out.code = static_cast<std::uint8_t>(body[0]);
            return true;
        case WireType::pingresp:
        case WireType::will_topic_req:
        case WireType::will_msg_req:
            return body.empty();
        case WireType::disconnect:
            out.has_more = !body.empty();
            out.rest = body;
            if (body.size() == 2) {
                out.duration = two(body, 0);
            }
            return body.empty() || body.size() == 2;
        default:
            out.has_more = !body.empty();
            out.rest = body;
            return true;
    }
}

}  // namespace

WireMessage read_wire(Bytes datagram) {
    WireMessage out;
    const std::string_view octets{reinterpret_cast<const char*>(datagram.data), datagram.size};
    if (octets.size() < 2) {
        return out;
    }
    std::size_t header = 1;
    std::size_t length = static_cast<std::uint8_t>(octets[0]);
    if (length == 1) {
        if (octets.size() < 4) {
            return out;
        }
        header = 3;
        length = two(octets, 1);
    }
    if (length != octets.size()) {
        return out;
    }
    out.type = static_cast<WireType>(octets[header]);
    out.valid = read_body(out, octets.substr(header + 1));
    return out;
}

WireEnvelope read_envelope(Bytes datagram) {
    WireEnvelope out;
    const std::string_view octets{reinterpret_cast<const char*>(datagram.data), datagram.size};
    if (octets.size() < 3 || octets[1] != '\xFE') {
        return out;
    }
    const std::size_t length = static_cast<std::uint8_t>(octets[0]);
    if (length < 3 || length > octets.size()) {
        return out;
    }
    out.valid = true;
    out.control = static_cast<std::uint8_t>(octets[2]);
    out.node_id = octets.substr(3, length - 3);
    out.message = Bytes{datagram.data + length, datagram.size - length};
    return out;
}

std::string to_text(const WireMessage& message) {
    const auto code = static_cast<std::size_t>(message.type);
    std::string text = code < kNames.size() ? kNames[code] : "?";
    if (!message.valid) {
        return text + " (malformed)";
    }
    text += " id=" + std::to_string(message.message_id) + " topic=" + std::to_string(message.topic_id) +
            " Q" + std::to_string(message.qos) + (message.dup ? " DUP" : "") +
            (message.clean ? " clean" : "") + " code=" + std::to_string(message.code) + " " +
            std::to_string(message.rest.size()) + " B";
    return text;
}

}  // namespace mqttsn::sim
