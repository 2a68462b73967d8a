// SPDX-License-Identifier: BSD-3-Clause
#include "conformance/sn_packet.hpp"

#include <array>
#include <cstdio>

namespace conformance {

std::string hex(const Octets& octets) {
    constexpr std::size_t kShown = 48;
    std::string text;
    std::array<char, 4> digits{};
    for (std::size_t i = 0; i < octets.size() && i < kShown; ++i) {
        std::snprintf(digits.data(), digits.size(), "%02x", octets[i]);
        text += (text.empty() ? "" : " ") + std::string(digits.data());
    }
    if (octets.size() > kShown) {
        text += " ... (" + std::to_string(octets.size()) + " octets)";
    }
    return text.empty() ? "(no octets)" : text;
}

std::string quoted(std::string_view text) {
    constexpr std::size_t kShown = 60;
    std::string out = "\"";
    std::array<char, 8> escape{};
    for (const char letter : text.substr(0, kShown)) {
        const auto octet = static_cast<std::uint8_t>(letter);
        if (octet >= 0x20 && octet < 0x7F && letter != '"' && letter != '\\') {
            out += letter;
        } else {
            std::snprintf(escape.data(), escape.size(), "\\x%02x", octet);
            out += escape.data();
        }
    }
    return out + (text.size() > kShown ? "\"... (" + std::to_string(text.size()) + " octets)" : "\"");
}

namespace sn {
namespace {

void put16(Octets& body, std::uint16_t value) {
    body.push_back(static_cast<std::uint8_t>(value >> 8));
    body.push_back(static_cast<std::uint8_t>(value & 0xFF));
}

void put(Octets& body, std::string_view text) {
    body.insert(body.end(), text.begin(), text.end());
}

Octets with_msg_id(std::uint8_t type, std::uint16_t msg_id) {
    Octets body;
    put16(body, msg_id);
    return frame(type, body);
}

Octets with_code(std::uint8_t type, std::uint8_t code) {
    return frame(type, {code});
}

Octets with_text(std::uint8_t type, std::string_view text) {
    Octets body;
    put(body, text);
    return frame(type, body);
}

Octets will_topic_of(std::uint8_t type, std::uint8_t flags, std::string_view topic) {
    Octets body{flags};
    put(body, topic);
    return frame(type, body);
}

Octets acknowledgement(std::uint8_t type, std::uint16_t topic_id, std::uint16_t msg_id, std::uint8_t code) {
    Octets body;
    put16(body, topic_id);
    put16(body, msg_id);
    body.push_back(code);
    return frame(type, body);
}

Octets filter_message(std::uint8_t type, std::uint8_t flags, std::uint16_t msg_id, std::string_view filter) {
    Octets body{flags};
    put16(body, msg_id);
    put(body, filter);
    return frame(type, body);
}

Octets filter_id_message(std::uint8_t type, std::uint8_t flags, std::uint16_t msg_id,
                         std::uint16_t topic_id) {
    Octets body{flags};
    put16(body, msg_id);
    put16(body, topic_id);
    return frame(type, body);
}

}  // namespace

Octets frame(std::uint8_t type, const Octets& body) {
    Octets message;
    if (body.size() + 2 < 256) {
        message = {static_cast<std::uint8_t>(body.size() + 2), type};
    } else {
        message.push_back(1);
        put16(message, static_cast<std::uint16_t>(body.size() + 4));
        message.push_back(type);
    }
    message.insert(message.end(), body.begin(), body.end());
    return message;
}

Octets long_form(const Octets& message) {
    if (message.size() < 2 || message[0] == 1) {
        return message;
    }
    Octets longer{1};
    put16(longer, static_cast<std::uint16_t>(message.size() + 2));
    longer.insert(longer.end(), message.begin() + 1, message.end());
    return longer;
}

std::uint16_t short_id(std::string_view name) {
    return static_cast<std::uint16_t>((static_cast<std::uint8_t>(name[0]) << 8) |
                                      static_cast<std::uint8_t>(name[1]));
}

Octets dup(Octets message) {
    const std::size_t at = message.at(0) == 1 ? 4 : 2;
    message.at(at) = static_cast<std::uint8_t>(message.at(at) | kDup);
    return message;
}

Octets advertise(std::uint8_t gateway_id, std::uint16_t duration) {
    Octets body{gateway_id};
    put16(body, duration);
    return frame(ADVERTISE, body);
}
Octets search_gateway(std::uint8_t radius) {
    return frame(SEARCHGW, {radius});
}
Octets gateway_info(std::uint8_t gateway_id) {
    return frame(GWINFO, {gateway_id});
}
Octets connect(std::string_view client_id, std::uint8_t flags, std::uint16_t duration,
               std::uint8_t protocol) {
    Octets body{flags, protocol};
    put16(body, duration);
    put(body, client_id);
    return frame(CONNECT, body);
}
Octets connack(std::uint8_t code) {
    return with_code(CONNACK, code);
}
Octets will_topic_req() {
    return frame(WILLTOPICREQ, {});
}
Octets will_msg_req() {
    return frame(WILLMSGREQ, {});
}
Octets will_topic(std::uint8_t flags, std::string_view topic) {
    return will_topic_of(WILLTOPIC, flags, topic);
}
Octets will_topic_empty() {
    return frame(WILLTOPIC, {});
}
Octets will_msg(std::string_view message) {
    return with_text(WILLMSG, message);
}
Octets will_topic_update(std::uint8_t flags, std::string_view topic) {
    return will_topic_of(WILLTOPICUPD, flags, topic);
}
Octets will_topic_update_empty() {
    return frame(WILLTOPICUPD, {});
}
Octets will_msg_update(std::string_view message) {
    return with_text(WILLMSGUPD, message);
}
Octets will_topic_resp(std::uint8_t code) {
    return with_code(WILLTOPICRESP, code);
}
Octets will_msg_resp(std::uint8_t code) {
    return with_code(WILLMSGRESP, code);
}
Octets register_topic(std::uint16_t topic_id, std::uint16_t msg_id, std::string_view name) {
    Octets body;
    put16(body, topic_id);
    put16(body, msg_id);
    put(body, name);
    return frame(REGISTER, body);
}
Octets regack(std::uint16_t topic_id, std::uint16_t msg_id, std::uint8_t code) {
    return acknowledgement(REGACK, topic_id, msg_id, code);
}
Octets publish(std::uint8_t flags, std::uint16_t topic_id, std::uint16_t msg_id, std::string_view data) {
    Octets body{flags};
    put16(body, topic_id);
    put16(body, msg_id);
    put(body, data);
    return frame(PUBLISH, body);
}
Octets puback(std::uint16_t topic_id, std::uint16_t msg_id, std::uint8_t code) {
    return acknowledgement(PUBACK, topic_id, msg_id, code);
}
Octets pubrec(std::uint16_t msg_id) {
    return with_msg_id(PUBREC, msg_id);
}
Octets pubrel(std::uint16_t msg_id) {
    return with_msg_id(PUBREL, msg_id);
}
Octets pubcomp(std::uint16_t msg_id) {
    return with_msg_id(PUBCOMP, msg_id);
}
Octets subscribe(std::uint8_t flags, std::uint16_t msg_id, std::string_view filter) {
    return filter_message(SUBSCRIBE, flags, msg_id, filter);
}
Octets subscribe_id(std::uint8_t flags, std::uint16_t msg_id, std::uint16_t topic_id) {
    return filter_id_message(SUBSCRIBE, flags, msg_id, topic_id);
}
Octets suback(std::uint8_t flags, std::uint16_t topic_id, std::uint16_t msg_id, std::uint8_t code) {
    Octets body{flags};
    put16(body, topic_id);
    put16(body, msg_id);
    body.push_back(code);
    return frame(SUBACK, body);
}
Octets unsubscribe(std::uint16_t msg_id, std::string_view filter, std::uint8_t flags) {
    return filter_message(UNSUBSCRIBE, flags, msg_id, filter);
}
Octets unsubscribe_id(std::uint8_t flags, std::uint16_t msg_id, std::uint16_t topic_id) {
    return filter_id_message(UNSUBSCRIBE, flags, msg_id, topic_id);
}
Octets unsuback(std::uint16_t msg_id) {
    return with_msg_id(UNSUBACK, msg_id);
}
Octets pingreq(std::string_view client_id) {
    return with_text(PINGREQ, client_id);
}
Octets pingresp() {
    return frame(PINGRESP, {});
}
Octets disconnect() {
    return frame(DISCONNECT, {});
}
Octets disconnect(std::uint16_t duration) {
    return with_msg_id(DISCONNECT, duration);  // two octets at the same place
}
Octets wrapped(const Octets& node, const Octets& inner, std::uint8_t ctrl) {
    Octets datagram{static_cast<std::uint8_t>(node.size() + 3), ENCAPSULATED, ctrl};
    datagram.insert(datagram.end(), node.begin(), node.end());
    datagram.insert(datagram.end(), inner.begin(), inner.end());
    return datagram;
}

}  // namespace sn
}  // namespace conformance
