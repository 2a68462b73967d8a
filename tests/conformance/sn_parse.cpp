// SPDX-License-Identifier: BSD-3-Clause
//
// The reading half of sn_packet.hpp.
#include <array>
#include <cstdio>

#include "conformance/sn_packet.hpp"

namespace conformance::sn {
namespace {

/// What the body of a message holds: F flags, T TopicId, M MsgId, D Duration, C one octet (code, id, radius,
/// protocol); then '*' what runs to the end, '?' Flags and that, or nothing, '|' two octets or nothing.
struct Shape {
    std::uint8_t type;
    const char* name;
    const char* body;
    bool from_gateway;
    std::uint8_t unused_flags;  ///< bits that have no meaning in it
};

constexpr std::array<Shape, 27> kShapes{{
    {ADVERTISE, "ADVERTISE", "CD", true, 0},
    {SEARCHGW, "SEARCHGW", "C", false, 0},
    {GWINFO, "GWINFO", "C*", true, 0},
    {CONNECT, "CONNECT", "FCD*", false, 0xF3},
    {CONNACK, "CONNACK", "C", true, 0},
    {WILLTOPICREQ, "WILLTOPICREQ", "", true, 0},
    {WILLTOPIC, "WILLTOPIC", "?", false, 0x8F},
    {WILLMSGREQ, "WILLMSGREQ", "", true, 0},
    {WILLMSG, "WILLMSG", "*", false, 0},
    {REGISTER, "REGISTER", "TM*", true, 0},
    {REGACK, "REGACK", "TMC", true, 0},
    {PUBLISH, "PUBLISH", "FTM*", true, 0x0C},
    {PUBACK, "PUBACK", "TMC", true, 0},
    {PUBCOMP, "PUBCOMP", "M", true, 0},
    {PUBREC, "PUBREC", "M", true, 0},
    {PUBREL, "PUBREL", "M", true, 0},
    {SUBSCRIBE, "SUBSCRIBE", "FM*", false, 0x1C},
    {SUBACK, "SUBACK", "FTMC", true, 0x9F},
    {UNSUBSCRIBE, "UNSUBSCRIBE", "FM*", false, 0xFC},
    {UNSUBACK, "UNSUBACK", "M", true, 0},
    {PINGREQ, "PINGREQ", "*", true, 0},
    {PINGRESP, "PINGRESP", "", true, 0},
    {DISCONNECT, "DISCONNECT", "|", true, 0},
    {WILLTOPICUPD, "WILLTOPICUPD", "?", false, 0x8F},
    {WILLTOPICRESP, "WILLTOPICRESP", "C", true, 0},
    {WILLMSGUPD, "WILLMSGUPD", "*", false, 0},
    {WILLMSGRESP, "WILLMSGRESP", "C", true, 0},
}};

const Shape* shape_of(std::uint8_t type) {
    for (const Shape& shape : kShapes) {
        if (shape.type == type) {
            return &shape;
        }
    }
    return nullptr;
}

std::uint16_t get16(const Octets& octets, std::size_t at) {
    return static_cast<std::uint16_t>((octets[at] << 8) | octets[at + 1]);
}

/// Reads the fields of `shape` from `at` on. @return what is wrong, "" = nothing.
class Reader {
  public:
    Reader(Message& message, std::size_t at) : message_(message), at_(at) {}

    std::string read(const char* body) {
        for (; *body != '\0'; ++body) {
            if (!field(*body)) {
                return "shorter than its fixed part";
            }
        }
        return at_ == message_.octets.size() ? "" : "octets behind its last field (D54)";
    }

  private:
    std::size_t left() const { return message_.octets.size() - at_; }

    bool field(char kind) {
        switch (kind) {
            case 'F':
                return octet(message_.flags);
            case 'C':
                return octet(message_.code);
            case 'T':
                return two(message_.topic_id);
            case 'M':
                return two(message_.msg_id);
            case 'D':
                return two(message_.duration);
            case '|':
                message_.has_tail = left() > 0;
                return !message_.has_tail || two(message_.duration);
            case '?':
                message_.has_tail = left() > 0;
                return !message_.has_tail || (octet(message_.flags) && rest());
            default:
                return rest();
        }
    }

    bool octet(std::uint8_t& value) {
        if (left() < 1) {
            return false;
        }
        value = message_.octets[at_++];
        return true;
    }

    bool two(std::uint16_t& value) {
        if (left() < 2) {
            return false;
        }
        value = get16(message_.octets, at_);
        at_ += 2;
        return true;
    }

    bool rest() {
        message_.has_tail = message_.has_tail || left() > 0;
        message_.text.assign(message_.octets.begin() + static_cast<std::ptrdiff_t>(at_),
                             message_.octets.end());
        at_ = message_.octets.size();
        return true;
    }

    Message& message_;
    std::size_t at_;
};

std::string four_digits(std::uint16_t value) {
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "%04x", value);
    return text.data();
}

std::string flag_words(const Message& message, const char* body) {
    std::string words = message.is_dup() ? "DUP " : "";
    words += message.qos() == 3 ? "Q-1 " : "Q" + std::to_string(message.qos()) + " ";
    words += message.retain() ? "RETAIN " : "";
    words += (message.flags & kWill) != 0 ? "WILL " : "";
    words += (message.flags & kClean) != 0 ? "CLEAN " : "";
    constexpr std::array<const char*, 4> kKinds{"", "predefined ", "short ", "type3 "};
    const bool has_topic = std::string_view(body).find_first_of("T") != std::string_view::npos ||
                           message.type == SUBSCRIBE || message.type == UNSUBSCRIBE;
    return words + (has_topic || message.topic_type() != 0 ? kKinds[message.topic_type()] : "");
}

std::string field_words(const Message& message, const Shape& shape) {
    std::string words;
    for (const char* field = shape.body; *field != '\0'; ++field) {
        switch (*field) {
            case 'F':
                words += flag_words(message, shape.body);
                break;
            case '?':
                words += message.has_tail ? flag_words(message, shape.body) : "empty ";
                break;
            case 'T':
                words += "id=" + four_digits(message.topic_id) + " ";
                break;
            case 'M':
                words += "msg=" + std::to_string(message.msg_id) + " ";
                break;
            case 'D':
                words += std::to_string(message.duration) + "s ";
                break;
            case '|':
                words += message.has_tail ? "sleep " + std::to_string(message.duration) + "s " : "";
                break;
            case 'C':
                words +=
                    (message.type == CONNECT ? "protocol=" : "code=") + std::to_string(message.code) + " ";
                break;
            default:
                break;
        }
    }
    return words.empty() ? "" : " [" + words.substr(0, words.size() - 1) + "]";
}

}  // namespace

std::string type_name(std::uint8_t type) {
    if (type == ENCAPSULATED) {
        return "Encapsulated";
    }
    const Shape* shape = shape_of(type);
    return shape != nullptr ? shape->name : "type " + hex({type});
}

Message parse(const Octets& datagram) {
    Message message;
    message.octets = datagram;
    if (datagram.size() < 2) {
        message.fault = "shorter than a header (SN12-06)";
        return message;
    }
    message.long_form = datagram[0] == 1;
    const std::size_t header = message.long_form ? 4 : 2;
    if (datagram.size() < header) {
        message.fault = "shorter than a header (SN12-06)";
        return message;
    }
    message.type = datagram[header - 1];
    const std::size_t length = message.long_form ? get16(datagram, 1) : datagram[0];
    const Shape* shape = shape_of(message.type);
    if (length != datagram.size()) {
        message.fault = "Length says " + std::to_string(length) + ", the datagram has " +
                        std::to_string(datagram.size()) + " octets (SN12-07, D01)";
    } else if (shape == nullptr) {
        message.fault = "reserved message type (SN12-12)";
    } else {
        message.fault = Reader(message, header).read(shape->body);
    }
    return message;
}

Message parse_from_gateway(const Octets& datagram) {
    Message message = parse(datagram);
    if (!message.ok()) {
        return message;
    }
    const Shape& shape = *shape_of(message.type);
    const bool has_code = std::string_view(shape.body).find('C') != std::string_view::npos &&
                          message.type != GWINFO && message.type != ADVERTISE;
    if (!shape.from_gateway) {
        message.fault = "only devices send this";
    } else if ((message.flags & shape.unused_flags) != 0) {
        message.fault = "flag bits that it does not use are not 0 (D04)";
    } else if (message.long_form && datagram.size() - 2 < 256) {
        message.fault = "3-octet Length although the total is below 256 (section 13: strict devices drop it)";
    } else if (has_code && message.code > kNotSupported) {
        message.fault = "reserved return code (SN12-28)";
    } else if (message.type == DISCONNECT && message.has_tail) {
        message.fault = "DISCONNECT of a gateway with a Duration (SN12-48)";
    } else if (message.type == GWINFO && message.has_tail) {
        message.fault = "GWINFO of a gateway with GwAdd (SN12-31)";
    } else if (message.type == PUBLISH && message.qos() == 3) {
        message.fault = "PUBLISH of a gateway with QoS -1 (SN12-15)";
    } else if (message.type == PUBLISH && message.qos() == 0 && message.msg_id != 0) {
        message.fault = "PUBLISH of QoS 0 with a MsgId (SN12-23)";
    } else if (message.type == PUBLISH && message.qos() != 0 && message.msg_id == 0) {
        message.fault = "PUBLISH that wants an answer with MsgId 0000 (D28)";
    } else if (message.type == REGISTER && (message.msg_id == 0 || message.topic_id == 0 ||
                                            message.topic_id == 0xFFFF || message.text.empty())) {
        message.fault = "REGISTER without MsgId, usable TopicId or name (SN12-25, SN12-37, D28)";
    }
    return message;
}

std::optional<Unwrapped> unwrap(const Octets& datagram) {
    if (datagram.size() < 3 || datagram[1] != ENCAPSULATED || datagram[0] < 3 ||
        datagram[0] > datagram.size()) {
        return std::nullopt;
    }
    const auto split = datagram.begin() + datagram[0];
    return Unwrapped{Octets(datagram.begin() + 3, split), Octets(split, datagram.end()), datagram[2]};
}

std::string describe(const Octets& datagram) {
    if (const std::optional<Unwrapped> outer = unwrap(datagram)) {
        return "Encapsulated [ctrl=" + hex({outer->ctrl}) + " node=" + hex(outer->node) +
               "]: " + describe(outer->inner);
    }
    const Message message = parse(datagram);
    if (!message.ok()) {
        return (datagram.size() < 2 ? "?" : type_name(message.type)) + " (" + message.fault + ")  " +
               hex(datagram);
    }
    const Shape& shape = *shape_of(message.type);
    const std::string_view body = shape.body;
    const bool has_text = body.find_first_of("*?") != std::string_view::npos && message.has_tail;
    return shape.name + field_words(message, shape) + (has_text ? " " + quoted(message.text) : "") + "  " +
           hex(datagram);
}

}  // namespace conformance::sn
