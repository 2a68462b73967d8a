// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/broker/mqtt_codec.hpp"

#include <algorithm>

#include "mqttsn/topic.hpp"

namespace mqttsn::gateway::mqtt {
namespace {

constexpr std::uint8_t kProtocolLevel = 4;  // MQTT 3.1.1, section 3.1.2.2

// The connect flags of section 3.1.2.3.
constexpr std::uint8_t kFlagUsername = 0x80;
constexpr std::uint8_t kFlagPassword = 0x40;
constexpr std::uint8_t kFlagWillRetain = 0x20;
constexpr unsigned kWillQosShift = 3;
constexpr std::uint8_t kFlagWill = 0x04;
constexpr std::uint8_t kFlagCleanSession = 0x02;

// ---- encoding ----

void put_u8(OctetBuffer& out, unsigned value) {
    out.push_back(static_cast<std::uint8_t>(value));
}

void put_u16(OctetBuffer& out, std::size_t value) {
    put_u8(out, static_cast<unsigned>(value >> 8U) & 0xFFU);
    put_u8(out, static_cast<unsigned>(value) & 0xFFU);
}

void put_octets(OctetBuffer& out, Bytes octets) {
    out.insert(out.end(), octets.begin(), octets.end());
}

void put_field(OctetBuffer& out, Bytes octets) {
    put_u16(out, octets.size);
    put_octets(out, octets);
}

/// The fixed header, section 2.2. `remaining` is at most kRemainingLengthMax.
void put_header(OctetBuffer& out, PacketType type, unsigned flags, std::size_t remaining) {
    put_u8(out, (static_cast<unsigned>(type) << 4U) | flags);
    do {
        const auto digit = static_cast<unsigned>(remaining & 0x7FU);
        remaining >>= 7U;
        put_u8(out, digit | (remaining > 0 ? 0x80U : 0U));
    } while (remaining > 0);
}

bool encode_publish(const Packet& packet, OctetBuffer& out) {
    if (packet.qos > 2 || packet.topic.empty() || packet.topic.size > kFieldOctetsMax ||
        (packet.qos > 0 && packet.packet_id == 0)) {
        return false;
    }
    const std::size_t head = 2 + packet.topic.size + (packet.qos > 0 ? 2U : 0U);
    if (packet.payload.size > kRemainingLengthMax - head) {
        return false;
    }
    const unsigned flags = (packet.dup && packet.qos > 0 ? 8U : 0U) |
                           (static_cast<unsigned>(packet.qos) << 1U) |
                           (packet.retain ? 1U : 0U);  // MQTT-3.3.1-2: no DUP with QoS 0
    put_header(out, PacketType::publish, flags, head + packet.payload.size);
    put_field(out, packet.topic);
    if (packet.qos > 0) {
        put_u16(out, packet.packet_id);
    }
    put_octets(out, packet.payload);
    return true;
}

bool encode_subscription(const Packet& packet, OctetBuffer& out) {
    const bool subscribe = packet.type == PacketType::subscribe;
    if (packet.packet_id == 0 || packet.topic.empty() || packet.topic.size > kFieldOctetsMax ||
        (subscribe && packet.qos > 2)) {
        return false;
    }
    put_header(out, packet.type, 2, 2 + 2 + packet.topic.size + (subscribe ? 1U : 0U));
    put_u16(out, packet.packet_id);
    put_field(out, packet.topic);
    if (subscribe) {
        put_u8(out, packet.qos);
    }
    return true;
}

bool suback_code_valid(std::uint8_t code) {
    return code <= 2 || code == kSubackFailure;
}

bool encode_with_id(const Packet& packet, OctetBuffer& out) {
    const bool suback = packet.type == PacketType::suback;
    if (packet.packet_id == 0 || (suback && !suback_code_valid(packet.code))) {
        return false;
    }
    put_header(out, packet.type, packet.type == PacketType::pubrel ? 2U : 0U, suback ? 3U : 2U);
    put_u16(out, packet.packet_id);
    if (suback) {
        put_u8(out, packet.code);
    }
    return true;
}

// ---- decoding ----

Decoded error(const char* text) {
    Decoded result;
    result.status = DecodeStatus::error;
    result.error = text;
    return result;
}

Decoded need(std::size_t octets) {
    Decoded result;
    result.size = octets;
    return result;
}

std::uint16_t get_u16(Bytes input, std::size_t at) {
    return static_cast<std::uint16_t>((static_cast<unsigned>(input[at]) << 8U) | input[at + 1]);
}

/// What the first octet alone tells: is this a packet a server may send, with the flags of section 2.2.2?
const char* first_octet_error(std::uint8_t octet) {
    const unsigned flags = octet & 0x0FU;
    switch (static_cast<PacketType>(octet >> 4U)) {
        case PacketType::publish:
            return (flags & 6U) == 6U ? "PUBLISH with QoS 3" : nullptr;
        case PacketType::pubrel:
            return flags != 2 ? "PUBREL with wrong flags" : nullptr;
        case PacketType::connack:
        case PacketType::puback:
        case PacketType::pubrec:
        case PacketType::pubcomp:
        case PacketType::suback:
        case PacketType::unsuback:
        case PacketType::pingresp:
            return flags != 0 ? "reserved flags are not 0" : nullptr;
        case PacketType::connect:
        case PacketType::subscribe:
        case PacketType::unsubscribe:
        case PacketType::pingreq:
        case PacketType::disconnect:
            return "a packet that only a client sends";
    }
    return "reserved packet type";
}

/// Fixed remaining length of every server packet but PUBLISH. SUBACK: we send one filter per SUBSCRIBE.
std::size_t fixed_remaining_length(PacketType type) {
    switch (type) {
        case PacketType::pingresp:
            return 0;
        case PacketType::suback:
            return 3;
        default:
            return 2;
    }
}

struct FixedHeader {
    PacketType type = PacketType::pingresp;
    std::uint8_t flags = 0;
    std::size_t size = 0;       ///< octets of the fixed header itself; 0 = not complete
    std::size_t remaining = 0;  ///< remaining length
    const char* error = nullptr;
};

FixedHeader read_fixed_header(Bytes input) {
    FixedHeader header;
    header.type = static_cast<PacketType>(input[0] >> 4U);
    header.flags = input[0] & 0x0FU;
    header.error = first_octet_error(input[0]);
    if (header.error != nullptr) {
        return header;
    }
    for (std::size_t i = 1; i < input.size && i <= 4; ++i) {
        header.remaining |= static_cast<std::size_t>(input[i] & 0x7FU) << (7U * (i - 1));
        if ((input[i] & 0x80U) == 0) {
            header.size = i + 1;
            return header;
        }
        if (i == 4) {
            header.error = "remaining length has more than 4 octets";
        }
    }
    return header;
}

bool has_wildcard(Bytes topic) {
    return std::any_of(topic.begin(), topic.end(), [](std::uint8_t c) { return c == '+' || c == '#'; });
}

/// Section 3.3. The number of topic levels is not limited here: that is the subscriber's concern, not the
/// link's.
Decoded decode_publish(Bytes input, const FixedHeader& header, std::size_t remaining_length_max) {
    const std::uint8_t qos = (header.flags >> 1U) & 3U;
    const std::size_t id_octets = qos > 0 ? 2 : 0;
    if (header.remaining < 2 + 1 + id_octets) {
        return error("PUBLISH is too short");
    }
    const std::size_t whole = header.size + header.remaining;
    const bool oversize = header.remaining > remaining_length_max;
    if (!oversize && input.size < whole) {
        return need(whole);
    }
    if (input.size < header.size + 2) {
        return need(header.size + 2);
    }
    const std::size_t topic_size = get_u16(input, header.size);
    if (topic_size == 0) {
        return error("PUBLISH with an empty topic");
    }
    if (2 + topic_size + id_octets > header.remaining) {
        return error("the topic of a PUBLISH is longer than the packet");
    }
    const std::size_t head = header.size + 2 + topic_size + id_octets;
    if (input.size < head) {
        return need(head);
    }
    Decoded result;
    result.status = DecodeStatus::packet;
    result.size = whole;
    result.head_size = head;
    Packet& packet = result.packet;
    packet.type = PacketType::publish;
    packet.qos = qos;
    packet.dup = (header.flags & 8U) != 0 && qos > 0;  // DUP says nothing with QoS 0 (MQTT-3.3.1-2)
    packet.retain = (header.flags & 1U) != 0;
    packet.topic = Bytes{input.data + header.size + 2, topic_size};
    if (!utf8_valid(packet.topic)) {
        return error("the topic of a PUBLISH is not UTF-8");
    }
    if (has_wildcard(packet.topic)) {
        return error("PUBLISH with a wildcard in the topic");
    }
    if (qos > 0) {
        packet.packet_id = get_u16(input, head - 2);
        if (packet.packet_id == 0) {
            return error("packet id 0");
        }
    }
    packet.oversize = oversize;
    if (!oversize) {
        packet.payload = Bytes{input.data + head, whole - head};
    }
    return result;
}

Decoded decode_connack(Bytes body) {
    if ((body[0] & 0xFEU) != 0) {
        return error("CONNACK with reserved flags");
    }
    Decoded result;
    result.status = DecodeStatus::connack;
    result.session_present = body[0] == 1;
    result.connect_code = body[1];
    return result;
}

/// Every packet but PUBLISH, complete.
Decoded decode_short(PacketType type, Bytes body) {
    if (type == PacketType::connack) {
        return decode_connack(body);
    }
    Decoded result;
    result.status = DecodeStatus::packet;
    result.packet.type = type;
    if (type == PacketType::pingresp) {
        return result;
    }
    result.packet.packet_id = get_u16(body, 0);
    if (result.packet.packet_id == 0) {
        return error("packet id 0");
    }
    if (type == PacketType::suback) {
        result.packet.code = body[2];
        if (!suback_code_valid(body[2])) {
            return error("SUBACK with a reserved return code");
        }
    }
    return result;
}

}  // namespace

bool encode_connect(const Connect& connect, OctetBuffer& out) {
    const Bytes fields[] = {connect.client_id, connect.has_will ? connect.will.topic : Bytes{},
                            connect.has_will ? connect.will.payload : Bytes{},
                            connect.has_username ? connect.username : Bytes{},
                            connect.has_password ? connect.password : Bytes{}};
    if (std::any_of(std::begin(fields), std::end(fields), [](Bytes f) { return f.size > kFieldOctetsMax; }) ||
        (connect.has_will && (connect.will.qos > 2 || connect.will.topic.empty())) ||
        (connect.has_password && !connect.has_username)) {
        return false;
    }
    std::size_t remaining = 10 + 2 + connect.client_id.size;
    unsigned flags = connect.clean_session ? kFlagCleanSession : 0U;
    if (connect.has_will) {
        remaining += 2 + connect.will.topic.size + 2 + connect.will.payload.size;
        flags |= kFlagWill | (static_cast<unsigned>(connect.will.qos) << kWillQosShift) |
                 (connect.will.retain ? kFlagWillRetain : 0U);
    }
    if (connect.has_username) {
        remaining += 2 + connect.username.size;
        flags |= kFlagUsername;
    }
    if (connect.has_password) {
        remaining += 2 + connect.password.size;
        flags |= kFlagPassword;
    }
    put_header(out, PacketType::connect, 0, remaining);
    put_field(out, bytes_of("MQTT"));
    put_u8(out, kProtocolLevel);
    put_u8(out, flags);
    put_u16(out, connect.keep_alive_s);
    put_field(out, connect.client_id);
    if (connect.has_will) {
        put_field(out, connect.will.topic);
        put_field(out, connect.will.payload);
    }
    if (connect.has_username) {
        put_field(out, connect.username);
    }
    if (connect.has_password) {
        put_field(out, connect.password);
    }
    return true;
}

bool encode_packet(const Packet& packet, OctetBuffer& out) {
    switch (packet.type) {
        case PacketType::publish:
            return encode_publish(packet, out);
        case PacketType::subscribe:
        case PacketType::unsubscribe:
            return encode_subscription(packet, out);
        case PacketType::puback:
        case PacketType::pubrec:
        case PacketType::pubrel:
        case PacketType::pubcomp:
        case PacketType::suback:
        case PacketType::unsuback:
            return encode_with_id(packet, out);
        case PacketType::pingreq:
        case PacketType::pingresp:
            put_header(out, packet.type, 0, 0);
            return true;
        case PacketType::connect:
        case PacketType::connack:
        case PacketType::disconnect:
            break;
    }
    return false;
}

void encode_disconnect(OctetBuffer& out) {
    put_header(out, PacketType::disconnect, 0, 0);
}

Decoded decode(Bytes input, std::size_t remaining_length_max) {
    if (input.empty()) {
        return need(2);
    }
    const FixedHeader header = read_fixed_header(input);
    if (header.error != nullptr) {
        return error(header.error);
    }
    if (header.size == 0) {
        return need(input.size + 1);
    }
    if (header.type == PacketType::publish) {
        return decode_publish(input, header, remaining_length_max);
    }
    if (header.remaining != fixed_remaining_length(header.type)) {
        return error("wrong remaining length");
    }
    const std::size_t whole = header.size + header.remaining;
    if (input.size < whole) {
        return need(whole);
    }
    Decoded result = decode_short(header.type, Bytes{input.data + header.size, header.remaining});
    result.size = result.head_size = whole;
    return result;
}

}  // namespace mqttsn::gateway::mqtt
