// SPDX-License-Identifier: GPL-2.0-or-later
#include "dissector/summary.hpp"

#include <algorithm>
#include <charconv>

namespace mqttsnx {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

/// Octets of the UTF-8 character at the begin of `text`, 0 if there is none.
std::size_t character_size(std::string_view text) {
    const auto first = static_cast<unsigned char>(text.front());
    if (first < 0x80) {
        return 1;
    }
    const std::size_t size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    return size <= text.size() && is_utf8(text.substr(0, size)) ? size : 0;
}

/// C0, DEL and C1: no text that anybody wants in a line. @param text  begins with a UTF-8 character
bool is_control(std::string_view text) {
    const auto first = static_cast<unsigned char>(text.front());
    return first < 0x20 || first == 0x7F || (first == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0);
}

/// Octets at the begin that are ASCII and no control characters: nearly all text is.
std::size_t plain_size(std::string_view text) {
    std::size_t size = 0;
    while (size < text.size() && text[size] >= ' ' && text[size] < '\x7F') {
        ++size;
    }
    return size;
}

/// The two octets of a short topic name.
std::string_view short_name(const Message& message, Octets captured) {
    return text_of(captured, message.topic_id.there() ? message.topic_id.where : message.text);
}

/// " [room/4/temp]": the name if it is known, else the number.
void add_topic(Line& line, const Message& message, Octets captured, const Telling* telling) {
    line.add(" [");
    if (telling != nullptr && !telling->topic.empty()) {
        line.add_foreign(telling->topic);
    } else if (message.topic_form == TopicForm::name || message.topic_form == TopicForm::long_name) {
        line.add_foreign(text_of(captured, message.text));
    } else if (message.topic_form == TopicForm::short_name) {
        line.add_foreign(short_name(message, captured));
    } else if (message.topic_form == TopicForm::predefined) {
        line.add("predefined ").add(message.topic_id.value);
    } else {
        line.add("topic id ").add(message.topic_id.value);
    }
    line.add("]");
}

/// The same where only the story knows a name, because the message has none.
void add_known_topic(Line& line, const Telling* telling) {
    if (telling != nullptr && !telling->topic.empty()) {
        line.add(" [").add_foreign(telling->topic).add("]");
    }
}

void add_qos(Line& line, const Message& message) {
    constexpr std::string_view kNames[] = {" Q-1", " Q0", " Q1", " Q2"};
    line.add(kNames[message.qos() + 1]);
}

void add_msg_id(Line& line, const Message& message) {
    if (message.msg_id.there()) {
        line.add(" id=").add(message.msg_id.value);
    }
}

void add_return_code(Line& line, const Message& message) {
    if (!message.return_code.there()) {
        return;
    }
    const char* text = return_code_text(message.return_code.value);
    if (text != nullptr) {
        line.add(" ").add(text);
    } else {
        line.add(" return code ").add(message.return_code.value);
    }
}

void add_octets(Line& line, std::uint32_t count) {
    line.add(", ").add(count).add(" B");
}

/// How many octets the data had on the wire, though the capture may have fewer.
std::uint32_t data_octets(const Message& message) {
    return message.data.size + (message.length.value - std::min(message.length.value, message.whole.size));
}

void add_publish(Line& line, const Message& message, Octets captured, const Telling* telling) {
    add_topic(line, message, captured, telling);
    add_qos(line, message);
    if (message.qos() > 0 || message.msg_id.value != 0) {
        add_msg_id(line, message);
    }
    if (message.dup()) {
        line.add(" DUP");
    }
    if ((message.flags.value & MQTTSN_FLAG_RETAIN) != 0) {
        line.add(" retain");
    }
    add_octets(line, data_octets(message));
}

void add_connect(Line& line, const Message& message, Octets captured) {
    if (message.text.size != 0) {
        line.add(" ").add_foreign(text_of(captured, message.text));
    }
    if ((message.flags.value & MQTTSN_FLAG_CLEAN_SESSION) != 0) {
        line.add(" clean");
    }
    line.add(" keep-alive ").add(message.duration.value).add(" s");
    if ((message.flags.value & MQTTSN_FLAG_WILL) != 0) {
        line.add(" will");
    }
}

void add_will_topic(Line& line, const Message& message, Octets captured) {
    if (message.text.size == 0) {
        line.add(" (no will)");
        return;
    }
    line.add(" [").add_foreign(text_of(captured, message.text)).add("]");
    add_qos(line, message);
    if ((message.flags.value & MQTTSN_FLAG_RETAIN) != 0) {
        line.add(" retain");
    }
}

void add_subscribe(Line& line, const Message& message, Octets captured, const Telling* telling) {
    add_topic(line, message, captured, telling);
    if (message.kind() == Type::subscribe) {
        add_qos(line, message);
    }
    add_msg_id(line, message);
    if (message.dup() && message.kind() == Type::subscribe) {
        line.add(" DUP");
    }
}

void add_ping_request(Line& line, const Message& message, Octets captured, const Telling* telling) {
    if (message.text.size != 0) {
        line.add(" ").add_foreign(text_of(captured, message.text));
    }
    if (telling != nullptr && telling->state_before == State::asleep && telling->state == State::awake) {
        line.add(" (wakes up)");
    }
}

void add_ping_response(Line& line, const Telling* telling) {
    if (telling == nullptr || !telling->has_delivered) {
        return;
    }
    line.add(" (").add(telling->delivered).add(telling->delivered == 1 ? " message" : " messages");
    line.add(" delivered)");
}

void add_disconnect(Line& line, const Message& message, const Telling* telling) {
    if (message.duration.there() && message.duration.value != 0) {
        line.add(" sleep ").add(message.duration.value).add(" s");
    } else if (telling != nullptr && telling->direction == Direction::down &&
               telling->state == State::asleep) {
        line.add(" (may sleep)");
    }
}

/// GwAdd in the forms that gateways on UDP are known to use (D46), anything else as octets.
void add_gateway_address(Line& line, Octets address) {
    const Octets whole = address;
    if (address.size() % 2 == 1) {
        address = address.subspan(1);  // an octet of length
    }
    constexpr std::size_t kIpv4 = 4;
    constexpr std::size_t kIpv6 = 16;
    constexpr std::size_t kPort = 2;
    const std::size_t host = address.size() >= kIpv6 ? kIpv6 : kIpv4;
    if (address.size() != host && address.size() != host + kPort) {
        line.add_hex(whole);
        return;
    }
    if (host == kIpv4) {
        for (std::size_t i = 0; i < kIpv4; ++i) {
            line.add(i == 0 ? "" : ".").add(address[i]);
        }
    } else {
        for (std::size_t i = 0; i < kIpv6; i += 2) {
            line.add(i == 0 ? "[" : ":").add_hex(address.subspan(i, 2));
        }
        line.add("]");
    }
    if (address.size() > host) {
        line.add(":").add(static_cast<std::uint32_t>(address[host] << 8U | address[host + 1]));
    }
}

void add_gateway(Line& line, const Message& message, Octets captured) {
    line.add(" gateway ").add(message.gw_id.value);
    if (message.kind() == Type::advertise) {
        line.add(", again in ").add(message.duration.value).add(" s");
    } else if (message.has_data && message.data.size != 0) {
        line.add(" at ");
        add_gateway_address(line, captured.subspan(message.data.at, message.data.size));
    }
}

/// Answers: which topic, which exchange, what result.
void add_answer(Line& line, const Message& message, Octets captured, const Telling* telling) {
    switch (message.kind()) {
        case Type::suback:
            add_qos(line, message);
            add_known_topic(line, telling);
            if (message.topic_id.value != 0) {
                line.add(" topic id ").add(message.topic_id.value);
            }
            break;
        case Type::regack:
            add_known_topic(line, telling);
            line.add(" topic id ").add(message.topic_id.value);
            break;
        case Type::puback:
            add_topic(line, message, captured, telling);
            break;
        default:
            add_known_topic(line, telling);
            break;
    }
    add_msg_id(line, message);
    add_return_code(line, message);
}

void add_register(Line& line, const Message& message, Octets captured, const Telling* telling) {
    add_topic(line, message, captured, telling);
    if (message.topic_id.value != 0) {
        line.add(" topic id ").add(message.topic_id.value);
    }
    add_msg_id(line, message);
}

void add_fields(Line& line, const Message& message, Octets captured, const Telling* telling) {
    switch (message.kind()) {
        case Type::advertise:
        case Type::gateway_info:
            return add_gateway(line, message, captured);
        case Type::search_gateway:
            line.add(" radius ").add(message.radius.value);
            return;
        case Type::connect:
            return add_connect(line, message, captured);
        case Type::will_topic:
        case Type::will_topic_upd:
            return add_will_topic(line, message, captured);
        case Type::will_msg:
        case Type::will_msg_upd:
            return add_octets(line, data_octets(message));
        case Type::register_topic:
            return add_register(line, message, captured, telling);
        case Type::publish:
            return add_publish(line, message, captured, telling);
        case Type::subscribe:
        case Type::unsubscribe:
            return add_subscribe(line, message, captured, telling);
        case Type::pingreq:
            return add_ping_request(line, message, captured, telling);
        case Type::pingresp:
            return add_ping_response(line, telling);
        case Type::disconnect:
            return add_disconnect(line, message, telling);
        default:
            return add_answer(line, message, captured, telling);
    }
}

constexpr bool is_malformed(Expert expert) {
    enum Group { MALFORMED, PROTOCOL, SEQUENCE, RESPONSE_CODE, ASSUMPTION, UNDECODED };
    constexpr Group kGroups[] = {
#define X(NAME, name, severity, group, text, rule) group,
        MQTTSNX_EXPERTS(X)
#undef X
    };
    return kGroups[static_cast<std::size_t>(expert)] == MALFORMED;
}

bool is_malformed(const Datagram& datagram) {
    const auto faults = datagram.all_faults();
    return std::any_of(faults.begin(), faults.end(), [](const Fault& f) { return is_malformed(f.expert); });
}

/// Fixed fields are missing: what is there is in the details.
bool is_cut_short(const Datagram& datagram) {
    const auto faults = datagram.all_faults();
    return std::any_of(faults.begin(), faults.end(),
                       [](const Fault& f) { return f.expert == Expert::message_cut_short; });
}

void add_version_2(Line& line, const Datagram& datagram, Octets captured) {
    const std::uint32_t at = datagram.envelope_count != 0 ? datagram.envelopes[0].whole.at
                             : datagram.has_message       ? datagram.message.whole.at
                                                          : 0;
    const Header header = header_of(captured, at);
    const char* name = header.type.there() ? version_2_type_name(header.type.value) : nullptr;
    line.add("2.0 ").add(name != nullptr ? name : "reserved type");
    add_octets(line, header.length.value);
}

}  // namespace

void Line::put(std::string_view text) {
    if (full_) {
        return;
    }
    if (text.size() > kOctetsMax - size_) {
        full_ = true;
        text = kEllipsis;
    }
    std::copy(text.begin(), text.end(), text_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += text.size();
}

Line& Line::add(std::string_view text) {
    put(text);
    return *this;
}

Line& Line::add(std::uint32_t number) {
    char digits[10];
    const auto result = std::to_chars(std::begin(digits), std::end(digits), number);
    put({digits, static_cast<std::size_t>(result.ptr - digits)});
    return *this;
}

Line& Line::add_hex(Octets octets) {
    for (const std::uint8_t octet : octets) {
        const char digits[] = {kHexDigits[octet >> 4], kHexDigits[octet & 15]};
        put({digits, sizeof digits});
    }
    return *this;
}

Line& Line::add_foreign(std::string_view text, std::size_t octets_max) {
    const std::size_t end = size_ + std::min(octets_max, kOctetsMax - std::min(size_, kOctetsMax));
    while (!text.empty() && !full_) {
        if (size_ >= end) {
            put(kEllipsis);
            break;
        }
        if (const std::size_t plain = plain_size(text.substr(0, end - size_)); plain != 0) {
            put(text.substr(0, plain));
            text.remove_prefix(plain);
            continue;
        }
        const std::size_t size = character_size(text);
        if (size != 0 && !is_control(text)) {
            put(text.substr(0, size));
            text.remove_prefix(size);
        } else {
            const auto octet = static_cast<unsigned char>(text.front());
            const char escaped[] = {'\\', 'x', kHexDigits[octet >> 4], kHexDigits[octet & 15]};
            put({escaped, sizeof escaped});
            text.remove_prefix(1);
        }
    }
    return *this;
}

Header header_of(Octets captured, std::uint32_t at) noexcept {
    Header header;
    if (at >= captured.size()) {
        return header;
    }
    const std::size_t left = captured.size() - at;
    std::uint32_t size = 1;
    if (captured[at] == 1) {
        if (left < 3) {
            return header;
        }
        size = 3;
    }
    const std::uint32_t value =
        size == 1 ? captured[at] : (std::uint32_t{captured[at + 1]} << 8 | captured[at + 2]);
    header.length = {value, {at, size}};
    if (left > size) {
        header.type = {captured[at + size], {at + size, 1}};
    }
    return header;
}

void summarize(Line& line, const Datagram& datagram, Octets captured, const Telling* telling) {
    if (telling != nullptr && telling->version_2) {
        return add_version_2(line, datagram, captured);
    }
    for (std::size_t i = 0; i < datagram.envelope_count; ++i) {
        const Range node = datagram.envelopes[i].node_id;
        line.add(node.size != 0 ? "{node " : "{node").add_hex(captured.subspan(node.at, node.size)).add("} ");
    }
    const Message& message = datagram.message;
    if (datagram.has_message && message.type.there()) {
        const char* name = type_name(message.type.value);
        if (name == nullptr) {
            const auto octet = static_cast<std::uint8_t>(message.type.value);
            line.add("reserved type 0x").add_hex({&octet, 1});
        } else {
            line.add(name);
            if (message.known() && !is_cut_short(datagram)) {
                add_fields(line, message, captured, telling);
            }
        }
    } else {
        line.add("no message");
    }
    if (telling != nullptr && telling->retransmission_of != 0) {
        line.add(" [Retransmission]");
    } else if (telling != nullptr && telling->duplicate_of != 0) {
        line.add(" [Duplicate answer]");
    }
    if (is_malformed(datagram)) {
        line.add(" [Malformed]");
    }
}

}  // namespace mqttsnx
