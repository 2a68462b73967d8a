// SPDX-License-Identifier: BSD-3-Clause
//
// World: the gateway's own session, when there are shared sessions. The wiring is in world.cpp.
#include "gateway/core/glob.hpp"
#include "sim/world_parts.hpp"

namespace mqttsn::sim {

bool World::Parts::is_shared(std::string_view client_id) const {
    for (const gateway::ClientRule& rule : settings.gateway.clients) {
        if (gateway::glob_match(rule.id, client_id) && rule.sessions) {
            return *rule.sessions == gateway::SessionMode::shared;
        }
    }
    return settings.gateway.listeners[0].sessions == gateway::SessionMode::shared;
}

void World::Parts::own_opened(bool session_present) {
    gateway_call(std::nullopt,
                 [&] { gateway->handle_link_opened(instant(), gateway::kOwnLink, session_present); });
}
void World::Parts::own_closed() {
    gateway_call(std::nullopt, [&] {
        gateway->handle_link_closed(instant(), gateway::kOwnLink, gateway::LinkCloseReason::closed_by_peer);
    });
}
void World::Parts::own_congested(bool congested) {
    gateway_call(std::nullopt,
                 [&] { gateway->handle_link_congested(instant(), gateway::kOwnLink, congested); });
}
void World::Parts::own_packet(const mqtt::Packet& packet) {
    if (packet.type == mqtt::PacketType::publish) {
        checks.shared_message_taken(
            {reinterpret_cast<const char*>(packet.payload.data), packet.payload.size});
    }
    if (tracing()) {
        trace("  < gateway gets on its own session type=" + std::to_string(static_cast<int>(packet.type)) +
              " token=" + std::to_string(packet.packet_id) +
              (packet.type == mqtt::PacketType::publish
                   ? " Q" + std::to_string(packet.qos) + (packet.retain ? " retain" : "") +
                         (packet.dup ? " DUP" : "") +
                         " subscription=" + std::to_string(packet.subscription_id) + " topic=" +
                         std::string(reinterpret_cast<const char*>(packet.topic.data), packet.topic.size)
                   : ""));
    }
    gateway_call(std::nullopt, [&] { gateway->handle_packet(instant(), gateway::kOwnLink, packet); });
}
void World::Parts::own_wake_at(Micros time) {
    actions.emplace_back([this] { own->wake(now); });
    agenda.add(time, Agenda::What::action, static_cast<std::uint32_t>(actions.size() - 1));
}
void World::Parts::own_lost(std::string_view payload) {
    if (const std::uint32_t number = ledger.number_in(payload); number != Ledger::kUnknown) {
        checks.dropped(number);
    }
}

void World::Parts::own_overtaken(std::string_view payload) {
    if (const std::uint32_t number = ledger.number_in(payload); number != Ledger::kUnknown) {
        checks.shared_overtaken(number);
    }
}

}  // namespace mqttsn::sim
