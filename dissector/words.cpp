// SPDX-License-Identifier: GPL-2.0-or-later
//
// Names of numbers, and what can be asked of a text.
#include <iterator>

#include "dissector/decode.hpp"

namespace mqttsnx {
namespace {

struct Row {
    const char* name;
    std::uint32_t type;
    int from;
};

constexpr Row kRows[] = {
#define X(NAME, name, code, octets_min, octets_max, from, layout, section) {#NAME, code, from},
    MQTTSN_MESSAGES(X)
#undef X
        {"Encapsulated", MQTTSN_ENVELOPE_CODE, MQTTSN_FROM_BOTH},
};

const Row* row_of(std::uint32_t type) {
    for (const Row& row : kRows) {
        if (row.type == type) {
            return &row;
        }
    }
    return nullptr;
}

// A code point and the octets it takes; no octets if none begins here.
struct CodePoint {
    std::uint32_t value;
    std::size_t octets;
};

CodePoint first_code_point(std::string_view text) {
    const auto octet = [text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t lead = octet(0);
    if (lead < 0x80) {
        return {lead, 1};
    }
    const std::size_t octets = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC0 || lead > 0xF7 || octets > text.size()) {
        return {0, 0};
    }
    std::uint32_t value = lead & (0xFFU >> (octets + 1));
    for (std::size_t i = 1; i < octets; ++i) {
        if ((octet(i) & 0xC0) != 0x80) {
            return {0, 0};
        }
        value = value << 6 | (octet(i) & 0x3FU);
    }
    constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (value < kSmallest[octets] || surrogate || value > 0x10FFFF) {
        return {0, 0};
    }
    return {value, octets};
}

}  // namespace

bool Message::known() const {
    return type.there() && type.value != MQTTSN_ENVELOPE_CODE && type_name(type.value) != nullptr;
}

const char* type_name(std::uint32_t type) noexcept {
    const Row* row = row_of(type);
    return row != nullptr ? row->name : nullptr;
}

int sender_of(std::uint32_t type) noexcept {
    const Row* row = row_of(type);
    return row != nullptr ? row->from : 0;
}

std::uint8_t flag_bits(std::uint32_t type) noexcept {
    switch (static_cast<Type>(type)) {
        case Type::connect:
            return MQTTSN_FLAG_WILL | MQTTSN_FLAG_CLEAN_SESSION;
        case Type::will_topic:
        case Type::will_topic_upd:
            return MQTTSN_FLAG_QOS | MQTTSN_FLAG_RETAIN;
        case Type::publish:
            return MQTTSN_FLAG_DUP | MQTTSN_FLAG_QOS | MQTTSN_FLAG_RETAIN | MQTTSN_FLAG_TOPIC_ID_TYPE;
        case Type::subscribe:
            return MQTTSN_FLAG_DUP | MQTTSN_FLAG_QOS | MQTTSN_FLAG_TOPIC_ID_TYPE;
        case Type::suback:
            return MQTTSN_FLAG_QOS;
        case Type::unsubscribe:
            return MQTTSN_FLAG_TOPIC_ID_TYPE;
        default:
            return 0;
    }
}

const char* return_code_text(std::uint32_t code) noexcept {
    switch (code) {
#define X(NAME, name, value, text) \
    case value:                    \
        return text;
        MQTTSN_RETURN_CODES(X)
#undef X
        default:
            return nullptr;
    }
}

const char* version_2_type_name(std::uint32_t type) noexcept {
    static constexpr const char* kNames[] = {
        nullptr,      "CONNECT",   "CONNACK",  "PUBLISH",     "PUBACK",   "PUBREC",   "PUBREL",
        "PUBCOMP",    "SUBSCRIBE", "SUBACK",   "UNSUBSCRIBE", "UNSUBACK", "PINGREQ",  "PINGRESP",
        "DISCONNECT", "AUTH",      "REGISTER", "REGACK",      "PUBWOS",   "SLEEPREQ", "SLEEPRESP",
        "WAKEUP",     "ADVERTISE", "SEARCHGW", "GWINFO",
    };
    switch (type) {
        case 0xFC:
            return "Forwarder Encapsulation";
        case 0xFE:
            return "Connection Encapsulation";
        case 0xFF:
            return "Protection Encapsulation";
        default:
            return type < std::size(kNames) ? kNames[type] : nullptr;
    }
}

std::string_view text_of(Octets captured, Range range) noexcept {
    if (range.at >= captured.size()) {
        return {};
    }
    const std::size_t left = captured.size() - range.at;
    const std::size_t size = range.size < left ? range.size : left;
    return {reinterpret_cast<const char*>(captured.data()) + range.at, size};
}

bool is_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        const CodePoint point = first_code_point(text);
        if (point.octets == 0) {
            return false;
        }
        text.remove_prefix(point.octets);
    }
    return true;
}

bool has_wildcard(std::string_view topic) noexcept {
    return topic.find_first_of("+#") != std::string_view::npos;
}

}  // namespace mqttsnx
