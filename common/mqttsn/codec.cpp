// SPDX-License-Identifier: BSD-3-Clause
//
// Both directions walk the layout column of the message's row, so a new message is a new row and no code
// here.
#include "mqttsn/codec.hpp"

#include <string.h>

namespace mqttsn {
namespace {

constexpr size_t kShortHeaderOctets = 2;     // Length, MsgType
constexpr size_t kLongHeaderOctets = 4;      // 01, Length high, Length low, MsgType
constexpr size_t kEnvelopeHeaderOctets = 3;  // Length, FE, Ctrl
constexpr uint8_t kLongFormMark = 0x01;
constexpr uint8_t kRadiusMask = 0x03;

constexpr uint16_t big_endian(const uint8_t* at) {
    return static_cast<uint16_t>((at[0] << 8) | at[1]);
}

// The topic of SUBSCRIBE and UNSUBSCRIBE is an id or a name; the other letters always mean the same. The
// reserved type goes with the names: its octets are kept as they are, because the message is answered and not
// dropped (D37).
char resolve(char letter, Flags flags) {
    if (letter != 's') {
        return letter;
    }
    const TopicIdType type = flags.topic_id_type();
    return type == TopicIdType::predefined || type == TopicIdType::short_name ? 't' : 'v';
}

bool is_two_octets(char letter) {
    return letter == 'd' || letter == 't' || letter == 'm';
}

void store_field(Message& message, char letter, uint16_t value) {
    const uint8_t octet = static_cast<uint8_t>(value);
    switch (letter) {
        case 'g':
            message.gateway_id = octet;
            break;
        case 'a':
            message.radius = octet;
            break;
        case 'f':
            message.flags.bits = octet;
            break;
        case 'p':
            message.protocol_id = octet;
            break;
        case 'r':
            message.return_code = static_cast<ReturnCode>(octet);
            break;
        case 'd':
            message.duration = value;
            break;
        case 't':
            message.topic_id = value;
            break;
        default:  // 'm'
            message.message_id = value;
            break;
    }
}

uint16_t load_field(const Message& message, char letter) {
    switch (letter) {
        case 'g':
            return message.gateway_id;
        case 'a':
            return message.radius;
        case 'f':
            return message.flags.bits;
        case 'p':
            return message.protocol_id;
        case 'r':
            return static_cast<uint8_t>(message.return_code);
        case 'd':
            return message.duration;
        case 't':
            return message.topic_id;
        default:  // 'm'
            return message.message_id;
    }
}

// Counts the octets after the header and, unless `out` is null, writes them. 32 bits: the sum must not wrap
// where size_t has 16.
uint32_t walk_fields(const Message& message, const MessageRow& row, uint8_t* out) {
    uint32_t at = 0;
    for (const char* next = row.layout; *next != '\0'; ++next) {
        const char letter = resolve(*next, message.flags);
        if (letter == '?') {
            if (!message.has_optional) {
                break;
            }
        } else if (letter == 'v') {
            if (out != nullptr && !message.data.empty()) {
                memcpy(out + at, message.data.data, message.data.size);
            }
            at += static_cast<uint32_t>(message.data.size);
        } else {
            const uint16_t value = load_field(message, letter);
            const bool wide = is_two_octets(letter);
            if (out != nullptr) {
                out[at] = static_cast<uint8_t>(wide ? value >> 8 : value);
                if (wide) {
                    out[at + 1] = static_cast<uint8_t>(value);
                }
            }
            at += wide ? 2 : 1;
        }
    }
    return at;
}

}  // namespace

const char* decode_error_text(DecodeError error) {
    switch (error) {
        case DecodeError::none:
            return "none";
        case DecodeError::truncated:
            return "truncated";
        case DecodeError::length_mismatch:
            return "length mismatch";
        case DecodeError::unknown_type:
            return "unknown type";
        case DecodeError::wrong_direction:
            return "wrong direction";
        case DecodeError::wrong_size:
            return "wrong size";
    }
    return "?";
}

DecodeError decode(Bytes datagram, Sender sender, Message& out) {
    const bool long_form = !datagram.empty() && datagram[0] == kLongFormMark;
    const size_t header = long_form ? kLongHeaderOctets : kShortHeaderOctets;
    if (datagram.size < header) {
        return DecodeError::truncated;
    }
    // Equality with a size that holds the header also refuses every impossible Length (D02).
    const size_t length = long_form ? big_endian(datagram.data + 1) : datagram[0];
    if (length != datagram.size) {
        return DecodeError::length_mismatch;
    }
    const MessageRow* row = find_message_row(datagram[header - 1]);
    if (row == nullptr) {
        return DecodeError::unknown_type;
    }
    if ((row->from & static_cast<uint8_t>(sender)) == 0) {
        return DecodeError::wrong_direction;
    }

    out = Message{};
    out.type = row->type;
    const uint8_t* at = datagram.data + header;
    size_t left = datagram.size - header;
    for (const char* next = row->layout; *next != '\0'; ++next) {
        const char letter = resolve(*next, out.flags);
        if (letter == '?') {
            if (left == 0) {
                break;
            }
            out.has_optional = true;
        } else if (letter == 'v') {
            out.data = Bytes{at, left};
            left = 0;
        } else {
            const size_t octets = is_two_octets(letter) ? 2 : 1;
            if (left < octets) {
                return DecodeError::wrong_size;
            }
            store_field(out, letter, octets == 2 ? big_endian(at) : *at);
            at += octets;
            left -= octets;
        }
    }
    return left == 0 ? DecodeError::none : DecodeError::wrong_size;
}

size_t encoded_size(const Message& message) {
    const MessageRow* row = find_message_row(static_cast<uint8_t>(message.type));
    if (row == nullptr || message.data.size > kMessageOctetsMax) {
        return 0;
    }
    const uint32_t fields = walk_fields(message, *row, nullptr);
    // The longer header counts in the total, so a total of 256 or 257 never occurs.
    const bool long_form = fields + kShortHeaderOctets > kShortFormOctetsMax;
    const uint32_t total = fields + static_cast<uint32_t>(long_form ? kLongHeaderOctets : kShortHeaderOctets);
    return total > kMessageOctetsMax ? 0 : static_cast<size_t>(total);
}

size_t encode(const Message& message, uint8_t* out, size_t capacity) {
    const size_t total = encoded_size(message);
    if (total == 0 || total > capacity) {
        return 0;
    }
    uint8_t* at = out;
    if (total > kShortFormOctetsMax) {
        *at++ = kLongFormMark;
        *at++ = static_cast<uint8_t>(total >> 8);
    }
    *at++ = static_cast<uint8_t>(total);
    *at++ = static_cast<uint8_t>(message.type);
    walk_fields(message, *find_message_row(static_cast<uint8_t>(message.type)), at);
    return total;
}

bool is_envelope(Bytes datagram) {
    return datagram.size >= 2 && datagram[0] != kLongFormMark && datagram[1] == MQTTSN_ENVELOPE_CODE;
}

DecodeError decode_envelope(Bytes datagram, Envelope& out) {
    if (datagram.size < kEnvelopeHeaderOctets) {
        return DecodeError::truncated;
    }
    const size_t length = datagram[0];
    if (length < kEnvelopeHeaderOctets || length > datagram.size) {
        return DecodeError::length_mismatch;
    }
    if (datagram[1] != MQTTSN_ENVELOPE_CODE) {
        return DecodeError::unknown_type;
    }
    out.radius = datagram[2] & kRadiusMask;
    out.node_id = Bytes{datagram.data + kEnvelopeHeaderOctets, length - kEnvelopeHeaderOctets};
    out.message = Bytes{datagram.data + length, datagram.size - length};
    return DecodeError::none;
}

size_t encode_envelope_header(uint8_t radius, Bytes node_id, uint8_t* out, size_t capacity) {
    if (node_id.size > kNodeIdOctetsMax || capacity < kEnvelopeHeaderOctets + node_id.size) {
        return 0;
    }
    out[0] = static_cast<uint8_t>(kEnvelopeHeaderOctets + node_id.size);
    out[1] = MQTTSN_ENVELOPE_CODE;
    out[2] = radius < kRadiusMask ? radius : kRadiusMask;
    if (!node_id.empty()) {
        memcpy(out + kEnvelopeHeaderOctets, node_id.data, node_id.size);
    }
    return kEnvelopeHeaderOctets + node_id.size;
}

}  // namespace mqttsn
