// SPDX-License-Identifier: BSD-3-Clause
//
// The script's vocabulary: packets in short, and what a Device sends and expects.
#include <algorithm>

#include "gateway/core/text.hpp"
#include "mqttsn/codec.hpp"
#include "support/cmocka.hpp"
#include "support/gateway_harness.hpp"

namespace test {
namespace {

using mqttsn::Bytes;

Octets encoded(const Message& message) {
    Octets octets(mqttsn::encoded_size(message));
    mqttsn::encode(message, octets.data(), octets.size());
    return octets;
}

std::string printable(Bytes octets) {
    const bool plain =
        std::all_of(octets.begin(), octets.end(), [](std::uint8_t c) { return c > 0x20 && c < 0x7F; });
    return plain && octets.size <= 60
               ? '\'' + str(octets) + '\''
               : '<' + std::to_string(octets.size) + " octets " +
                     to_hex(Bytes{octets.data, std::min<std::size_t>(octets.size, 40)}) + '>';
}

const char* name_of(mqtt::PacketType type) {
    static constexpr const char* kNames[] = {"?",           "CONNECT",  "CONNACK", "PUBLISH",   "PUBACK",
                                             "PUBREC",      "PUBREL",   "PUBCOMP", "SUBSCRIBE", "SUBACK",
                                             "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP",  "DISCONNECT"};
    return kNames[static_cast<unsigned>(type)];
}

}  // namespace

mqtt::Packet publish(unsigned qos, unsigned packet_id, std::string_view topic, std::string_view payload) {
    mqtt::Packet packet;
    packet.type = mqtt::PacketType::publish;
    packet.qos = static_cast<std::uint8_t>(qos);
    packet.packet_id = static_cast<std::uint16_t>(packet_id);
    packet.topic = view(topic);
    packet.payload = view(payload);
    return packet;
}

mqtt::Packet subscribe(unsigned packet_id, std::string_view filter, unsigned qos) {
    mqtt::Packet packet;
    packet.type = mqtt::PacketType::subscribe;
    packet.qos = static_cast<std::uint8_t>(qos);
    packet.packet_id = static_cast<std::uint16_t>(packet_id);
    packet.topic = view(filter);
    return packet;
}

mqtt::Packet suback(unsigned packet_id, unsigned code) {
    mqtt::Packet packet = ack(mqtt::PacketType::suback, packet_id);
    packet.code = static_cast<std::uint8_t>(code);
    return packet;
}

mqtt::Packet unsubscribe(unsigned packet_id, std::string_view filter) {
    mqtt::Packet packet = ack(mqtt::PacketType::unsubscribe, packet_id);
    packet.topic = view(filter);
    return packet;
}

mqtt::Packet ack(mqtt::PacketType type, unsigned packet_id) {
    mqtt::Packet packet;
    packet.type = type;
    packet.packet_id = static_cast<std::uint16_t>(packet_id);
    return packet;
}

mqtt::Packet pingreq() {
    return ack(mqtt::PacketType::pingreq, 0);
}
mqtt::Packet pingresp() {
    return ack(mqtt::PacketType::pingresp, 0);
}

mqtt::Packet dup(mqtt::Packet packet) {
    packet.dup = true;
    return packet;
}

mqtt::Packet retained(mqtt::Packet packet) {
    packet.retain = true;
    return packet;
}

Flags flags(int qos, TopicIdType type) {
    return Flags{}.with_qos(static_cast<mqttsn::Qos>(qos)).with_topic_id_type(type);
}

std::string text(const mqtt::Packet& packet) {
    std::string line = name_of(packet.type);
    switch (packet.type) {
        case mqtt::PacketType::publish:
            line += " q" + std::to_string(packet.qos) + (packet.dup ? " dup" : "") +
                    (packet.retain ? " retain" : "") +
                    (packet.qos > 0 ? " id=" + std::to_string(packet.packet_id) : "") + ' ' +
                    str(packet.topic) + ' ' + printable(packet.payload);
            break;
        case mqtt::PacketType::subscribe:
            line += " id=" + std::to_string(packet.packet_id) + ' ' + str(packet.topic) + " q" +
                    std::to_string(packet.qos);
            break;
        case mqtt::PacketType::unsubscribe:
            line += " id=" + std::to_string(packet.packet_id) + ' ' + str(packet.topic);
            break;
        case mqtt::PacketType::pingreq:
        case mqtt::PacketType::pingresp:
            break;
        default:
            line += " id=" + std::to_string(packet.packet_id);
            break;
    }
    return line;
}

// Device

void Device::sends(const Message& message, Where where) const {
    Octets octets = encoded(message);
    octets.insert(octets.begin(), wrapper_.begin(), wrapper_.end());
    harness_->datagram(endpoint_, view(octets), where);
}

void Device::sends(std::string_view hex_text, Where where) const {
    Octets octets = hex(hex_text);
    octets.insert(octets.begin(), wrapper_.begin(), wrapper_.end());
    harness_->datagram(endpoint_, view(octets), where);
}

void Device::gets(const Message& message, Where where) const {
    harness_->expect("to " + label_ + ": " + mqttsn::message_name(static_cast<std::uint8_t>(message.type)) +
                         ' ' + to_hex(view(encoded(message))),
                     where);
}

void Device::gets(std::string_view hex_text, Where where) const {
    Message message;
    const Octets octets = hex(hex_text);
    if (mqttsn::decode(view(octets), mqttsn::Sender::gateway, message) != mqttsn::DecodeError::none) {
        stop(where, "the test expects what is no message: " + std::string(hex_text));
    }
    gets(message, where);
}

void Device::opens(const Open& open, Where where) const {
    harness_->expect("open " + client_id_ + ": " + (open.clean ? "clean" : "keep") +
                         (open.will.empty() ? "" : " will " + open.will) +
                         (open.user.empty() ? "" : " user " + open.user),
                     where);
}

void Device::closes(bool with_disconnect, Where where) const {
    harness_->expect("close " + client_id_ + (with_disconnect ? ": DISCONNECT" : ": abrupt"), where);
}

void Device::to_broker(const mqtt::Packet& packet, Where where) const {
    harness_->expect("broker " + client_id_ + ": " + text(packet), where);
}

LinkId Device::link() const {
    const Harness::LinkRecord* const record = harness_->link_of(client_id_);
    if (record == nullptr) {
        stop(Where(), "no link of " + client_id_);
    }
    return record->id;
}

void Device::accepted(bool session_present, Where where) const {
    harness_->link_opened(link(), session_present, where);
}
void Device::refused(unsigned code, Where where) const {
    harness_->link_refused(link(), static_cast<std::uint8_t>(code), where);
}
void Device::link_gone(LinkCloseReason reason, Where where) const {
    harness_->link_closed(link(), reason, where);
}
void Device::congested(bool on, Where where) const {
    harness_->link_congested(link(), on, where);
}
void Device::from_broker(const mqtt::Packet& packet, Where where) const {
    harness_->packet(link(), packet, where);
}

std::uint16_t Device::subscribes(std::uint16_t message_id, std::string_view filter, int qos,
                                 Where where) const {
    sends(mqttsn::make_subscribe(flags(qos), message_id, view(filter)), where);
    to_broker(subscribe(message_id, filter, static_cast<unsigned>(qos)), where);
    from_broker(suback(message_id, static_cast<unsigned>(qos)), where);
    const std::vector<std::string> lines = harness_->take();
    const std::string head = "to " + label_ + ": SUBACK ";
    if (lines.empty() || lines[0].compare(0, head.size(), head) != 0) {
        stop(where, "no SUBACK but " + (lines.empty() ? "nothing" : lines[0]));
    }
    for (std::size_t i = 1; i < lines.size(); ++i) {
        stop(where, "unexpected after SUBACK: " + lines[i]);
    }
    const Octets octets = hex(lines[0].substr(head.size()));
    return static_cast<std::uint16_t>((octets[3] << 8) | octets[4]);
}

std::uint16_t Device::registers(std::uint16_t message_id, std::string_view name, Where where) const {
    sends(mqttsn::make_register(0, message_id, view(name)), where);
    const std::vector<std::string> lines = harness_->take();
    const std::string head = "to " + label_ + ": REGACK ";
    if (lines.size() != 1 || lines[0].compare(0, head.size(), head) != 0) {
        stop(where, "no REGACK but " + (lines.empty() ? "nothing" : lines[0]));
    }
    const Octets octets = hex(lines[0].substr(head.size()));
    if (octets[6] != 0) {
        stop(where, "REGISTER refused: " + lines[0]);
    }
    return static_cast<std::uint16_t>((octets[2] << 8) | octets[3]);
}

void Device::sleeps(std::uint16_t seconds, Where where) const {
    sends(mqttsn::make_disconnect_sleep(seconds), where);
    gets(mqttsn::make_disconnect(), where);
}

void Device::link_returns(bool session_present, const Open& open, Where where) const {
    for (int i = 0; i < 310 && harness_->link_of(client_id_)->state == Harness::LinkState::closed; ++i) {
        harness_->advance(Millis{100}, where);
    }
    opens(open, where);
    accepted(session_present, where);
}

void Device::link_drops_and_returns(bool session_present, const Open& open, Where where) const {
    link_gone(LinkCloseReason::closed_by_peer, where);
    link_returns(session_present, open, where);
}

}  // namespace test
