// SPDX-License-Identifier: BSD-3-Clause
#include "trace.hpp"

#include "mqttsn/codec.hpp"
#include "mqttsn/topic.hpp"

namespace mqttsn::tools {

namespace {

constexpr std::size_t kTextOctetsMax = 80;

std::string hex(Bytes bytes) {
    static constexpr char kDigits[] = "0123456789ABCDEF";
    std::string out;
    for (std::size_t i = 0; i < bytes.size && i < kTextOctetsMax; ++i) {
        out += ' ';
        out += kDigits[bytes[i] >> 4U];
        out += kDigits[bytes[i] & 15U];
    }
    return bytes.size > kTextOctetsMax ? out + " ..." : out;
}

/// Names and ids as text; what a terminal should not see becomes '?'.
std::string text(Bytes bytes) {
    std::string out = "\"";
    for (std::size_t i = 0; i < bytes.size && i < kTextOctetsMax; ++i) {
        out += bytes[i] < 0x20 || bytes[i] == 0x7F ? '?' : static_cast<char>(bytes[i]);
    }
    out += bytes.size > kTextOctetsMax ? "...\"" : "\"";
    return out;
}

std::string flags_text(const Message& message) {
    const Flags flags = message.flags;
    std::string out;
    if (message.type == MessageType::connect) {
        return std::string(flags.will() ? " will" : "") + (flags.clean_session() ? " clean" : "");
    }
    if (flags.dup()) {
        out += " dup";
    }
    out += " qos=" + std::to_string(flags.qos());
    if (flags.retain()) {
        out += " retain";
    }
    return out;
}

std::string topic_text(const Message& message) {
    if (message.type == MessageType::publish || message.type == MessageType::subscribe ||
        message.type == MessageType::unsubscribe) {
        switch (message.flags.topic_id_type()) {
            case TopicIdType::predefined:
                return "predefined:" + std::to_string(message.topic_id);
            case TopicIdType::short_name:
                return "short:" + text(short_name_of(message.topic_id).bytes());
            default:
                break;
        }
    }
    return std::to_string(message.topic_id);
}

void append_field(std::string& out, char field, const Message& message) {
    switch (field) {
        case 'f':
            out += flags_text(message);
            break;
        case 'g':
            out.append(" gateway=").append(std::to_string(message.gateway_id));
            break;
        case 'a':
            out.append(" radius=").append(std::to_string(message.radius));
            break;
        case 'd':
            out.append(" duration=").append(std::to_string(message.duration));
            break;
        case 'r': {
            const auto code = static_cast<std::uint8_t>(message.return_code);
            out.append(" code=").append(std::to_string(code));
            out.append(" (").append(return_code_text(code)).append(")");
            break;
        }
        case 't':
            out.append(" topic=").append(topic_text(message));
            break;
        case 'm':
            out.append(" msgid=").append(std::to_string(message.message_id));
            break;
        case 's':
            out.append(" topic=").append(message.data.empty() ? topic_text(message) : text(message.data));
            break;
        case 'v':
            if (message.type == MessageType::publish || message.type == MessageType::will_msg) {
                out.append(" data=").append(std::to_string(message.data.size));
            } else if (message.type == MessageType::gateway_info && !message.data.empty()) {
                out.append(" address:").append(hex(message.data));
            } else if (!message.data.empty()) {
                out.append(" ").append(text(message.data));
            }
            break;
        default:
            break;
    }
}

}  // namespace

std::string describe_packet(Bytes datagram, Sender sender) {
    Message message;
    const DecodeError error = decode(datagram, sender, message);
    if (error != DecodeError::none) {
        return std::string("? ") + decode_error_text(error) + ":" + hex(datagram);
    }
    const auto code = static_cast<std::uint8_t>(message.type);
    std::string out = message_name(code);
    for (const char* field = find_message_row(code)->layout; *field != '\0'; ++field) {
        if (*field == '?' && !message.has_optional) {
            break;
        }
        append_field(out, *field, message);
    }
    return out;
}

}  // namespace mqttsn::tools
