// SPDX-License-Identifier: BSD-3-Clause
#include "support/shared_bench.hpp"

#include "support/hex.hpp"

namespace test {

using mqttsn::gateway::kOwnLink;
using mqttsn::gateway::SessionMode;

Settings shared_settings() {
    Settings settings;
    settings.listeners[0].sessions = SessionMode::shared;
    return settings;
}

SharedHarness::SharedHarness(const Settings& settings, bool up) : Harness(settings) {
    if (up) {
        own_link_returns(false);
    }
}

Device SharedHarness::joined(const std::string& client_id, bool clean, Where where) {
    const Device it = device(client_id);
    it.sends(mqttsn::make_connect(Flags{}.with_clean_session(clean), 600, view(client_id)), where);
    it.gets(mqttsn::make_connack(ReturnCode::accepted), where);
    return it;
}

Followed SharedHarness::follows(const Device& device, std::uint16_t message_id, std::string_view filter,
                                int qos, Where where) {
    device.sends(mqttsn::make_subscribe(flags(qos), message_id, view(filter)), where);
    const OwnLinkPacket asked = own(where);
    if (asked.type != mqtt::PacketType::subscribe || asked.topic != filter || asked.qos < qos) {
        stop(where, "another packet than the SUBSCRIBE for " + std::string(filter));
    }
    grants(asked, asked.qos, where);
    return Followed{subacked(device, where), asked.subscription_id};
}

void SharedHarness::grants(const OwnLinkPacket& subscribe, unsigned code, Where where) {
    packet(kOwnLink, suback(subscribe.packet_id, code), where);
}

std::uint16_t SharedHarness::subacked(const Device& device, Where where) {
    const std::string next = take_line(where);
    const std::string head = "to " + device.label() + ": SUBACK ";
    if (next.compare(0, head.size(), head) != 0) {
        stop(where, "no SUBACK but " + next);
    }
    const Octets octets = hex(next.substr(head.size()));
    return static_cast<std::uint16_t>((octets[3] << 8) | octets[4]);
}

void SharedHarness::from_own(unsigned qos, std::string_view topic, std::string_view payload,
                             std::uint32_t subscription_id, Where where) {
    mqtt::Packet message = publish(qos, 0, topic, payload);
    message.subscription_id = subscription_id;
    packet(kOwnLink, message, where);
}

void SharedHarness::retained_from_own(unsigned qos, std::string_view topic, std::string_view payload,
                                      std::uint32_t subscription_id, Where where) {
    mqtt::Packet message = retained(publish(qos, 0, topic, payload));
    message.subscription_id = subscription_id;
    packet(kOwnLink, message, where);
}

void SharedHarness::done(const OwnLinkPacket& publish, unsigned code, Where where) {
    mqtt::Packet answer =
        ack(publish.qos == 2 ? mqtt::PacketType::pubcomp : mqtt::PacketType::puback, publish.packet_id);
    answer.code = static_cast<std::uint8_t>(code);
    packet(kOwnLink, answer, where);
}

OwnLinkPacket SharedHarness::published(unsigned qos, std::string_view topic, std::string_view payload,
                                       Where where) {
    OwnLinkPacket packet = own(where);
    if (packet.type != mqtt::PacketType::publish || packet.qos != qos || packet.topic != topic ||
        packet.payload != payload || (packet.packet_id == 0) != (qos == 0)) {
        stop(where,
             "another packet: QoS " + std::to_string(packet.qos) + ' ' + packet.topic + ' ' + packet.payload);
    }
    return packet;
}

void SharedHarness::until_link_returns(const std::string& client_id, Where where) {
    const std::uint64_t before = counters().links_opened;
    for (int i = 0; i < 310 && counters().links_opened == before; ++i) {
        advance(Millis{100}, where);
    }
    if (counters().links_opened == before) {
        stop(where, client_id + " has no link again");
    }
}

Message downlink(int qos, std::uint16_t topic_id, std::uint16_t message_id, std::string_view payload,
                 bool repeated, bool retain) {
    return mqttsn::make_publish(flags(qos).with_dup(repeated).with_retain(retain), topic_id, message_id,
                                view(payload));
}

}  // namespace test
