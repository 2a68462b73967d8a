// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/shared_state.hpp"

#include <utility>

namespace mqttsn::gateway {

void SharedState::answer(LinkId link, const mqtt::Packet& packet, SharedMessagePtr message) {
    SharedAnswer& answer = answers.emplace_back();
    answer.link = link;
    answer.packet = packet;
    answer.message = std::move(message);
}

void SharedState::answer(const SharedClient& client, mqtt::PacketType type, std::uint16_t packet_id,
                         std::uint8_t code) {
    if (!client.open) {
        return;
    }
    mqtt::Packet packet;
    packet.type = type;
    packet.packet_id = packet_id;
    packet.code = code;
    answer(client.link, packet);
}

void SharedState::emit(mqtt::Packet packet) {
    packet.topic = context.outbox.copy(packet.topic);
    packet.payload = context.outbox.copy(packet.payload);
    context.outbox.push(LinkSend{kOwnLink, packet});
}

std::uint16_t SharedState::new_token(const SharedToken& token) {
    do {
        ++last_token;
    } while (last_token == 0 || tokens.contains(last_token));
    tokens.emplace(last_token, token);
    return last_token;
}

void SharedState::event(EventKind kind, const char* cause, int code, Bytes topic) {
    Event event;
    event.kind = kind;
    event.topic = context.outbox.copy(topic);
    event.cause = cause;
    event.code = code;
    context.outbox.push(event);
}

}  // namespace mqttsn::gateway
