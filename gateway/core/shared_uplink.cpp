// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/shared_uplink.hpp"

#include <algorithm>
#include <utility>

namespace mqttsn::gateway::shared_uplink {
namespace {

using Phase = SharedExchange::Phase;

// PUBLISHes that the own session has not answered yet. More would only fill its outbox, first come, first
// served; here the devices take turns.
constexpr std::size_t kTokensMax = 1000;
// What may wait here for all devices together; then they hear "congestion", which silences them for T_WAIT.
// To wait is kinder, for a device's T_retry is longer than most hold-ups.
constexpr std::size_t kWaitingOctetsMax = 16UL * 1024 * 1024;
constexpr std::size_t kWaitingOverhead = 128;
constexpr std::uint32_t kNobody = 0xFFFFFFFFU;

std::uint64_t content_hash(const SharedState& state, const mqtt::Packet& packet) {
    return hash_octets(hash_octets(state.context.hash_seed ^ (packet.retain ? 1U : 0U), packet.topic),
                       packet.payload);
}

std::size_t weight(const SharedMessagePtr& message) {
    return message->octets() + kWaitingOverhead;
}

bool own_session_takes(const SharedState& state, std::uint8_t qos) {
    return state.context.own_link_up && !state.congested &&
           (qos == 0 || state.uplink.on_their_way < kTokensMax);
}

/// @return the token, 0 for QoS 0
std::uint16_t emit(SharedState& state, mqtt::Packet packet, std::uint32_t slot, std::uint64_t serial) {
    packet.dup = false;  // of the hop, and the own session's business there (MQTT-3.3.1-3)
    packet.packet_id = 0;
    if (packet.qos > 0) {
        SharedToken token;
        token.kind = SharedToken::Kind::publish;
        token.place = slot;
        token.serial = serial;
        packet.packet_id = state.new_token(token);
        ++state.uplink.on_their_way;
    }
    state.emit(packet);
    return packet.packet_id;
}

void send_orphan(SharedState& state, const SharedCopy& copy) {
    emit(state, publish_of(*copy.message, copy.qos, copy.retain), kNobody, 0);
}

void send_waiting(SharedState& state, std::uint32_t slot, const SharedClient& client,
                  SharedExchange& exchange) {
    exchange.token =
        emit(state, publish_of(*exchange.message, exchange.qos, exchange.retain), slot, client.serial);
    exchange.phase = Phase::sent;
    state.uplink.waiting_octets -= weight(exchange.message);
    exchange.message.reset();
}

SharedExchange* find(SharedClient& client, std::uint16_t packet_id) {
    const auto found = std::find_if(client.exchanges.begin(), client.exchanges.end(),
                                    [&](const SharedExchange& e) { return e.packet_id == packet_id; });
    return found != client.exchanges.end() ? &*found : nullptr;
}

void erase(SharedClient& client, const SharedExchange& exchange) {
    client.exchanges.erase(client.exchanges.begin() + (&exchange - client.exchanges.data()));
}

void answer(SharedState& state, const SharedClient& client, const SharedExchange& exchange,
            std::uint8_t code) {
    state.answer(client, exchange.qos == 2 ? mqtt::PacketType::pubrec : mqtt::PacketType::puback,
                 exchange.packet_id, code);
}

/// Nobody waits for its answer any more, but the message goes on: it was accepted.
void let_go(SharedState& state, SharedExchange& exchange) {
    if (exchange.phase == Phase::waiting) {
        state.uplink.orphans.push_back(
            SharedCopy{std::move(exchange.message), exchange.qos, exchange.retain});
    }
}

void make_room(SharedState& state, SharedClient& client) {
    auto& exchanges = client.exchanges;
    if (exchanges.size() < kSharedExchangesMax) {
        return;
    }
    const auto done = std::find_if(exchanges.begin(), exchanges.end(),
                                   [](const SharedExchange& e) { return e.phase == Phase::done; });
    SharedExchange& victim = done != exchanges.end() ? *done : exchanges.front();
    let_go(state, victim);
    erase(client, victim);
}

SharedExchange* first_waiting(SharedClient& client) {
    const auto found = std::find_if(client.exchanges.begin(), client.exchanges.end(),
                                    [](const SharedExchange& e) { return e.phase == Phase::waiting; });
    return found != client.exchanges.end() ? &*found : nullptr;
}

}  // namespace

bool full(const SharedState& state) {
    return state.uplink.waiting_octets >= kWaitingOctetsMax;
}

void on_publish(SharedState& state, SharedClient& client, const mqtt::Packet& packet) {
    if (packet.qos == 0) {
        emit(state, packet, kNobody, 0);
        return;
    }
    const std::uint64_t hash = content_hash(state, packet);
    if (SharedExchange* const known = find(client, packet.packet_id)) {
        const bool repeated =
            known->content_hash == hash && known->qos == packet.qos && (packet.dup || packet.qos == 2);
        if (repeated && known->phase == Phase::done) {
            answer(state, client, *known, 0);
            if (known->qos == 1) {
                erase(client, *known);
            }
        }
        if (repeated) {
            return;
        }
        let_go(state, *known);  // the device has forgotten the old one: this is another message
        erase(client, *known);
    }
    make_room(state, client);
    SharedExchange& exchange = client.exchanges.emplace_back();
    exchange.qos = packet.qos;
    exchange.retain = packet.retain;
    exchange.packet_id = packet.packet_id;
    exchange.content_hash = hash;
    if (own_session_takes(state, packet.qos) && state.uplink.turns.empty() && state.uplink.orphans.empty()) {
        exchange.phase = Phase::sent;
        exchange.token = emit(state, packet, client.link.slot, client.serial);
        return;
    }
    ++state.context.counters.shared_waited;
    exchange.message = make_shared_message(packet.topic, packet.payload);
    state.uplink.waiting_octets += weight(exchange.message);
    if (!client.in_turn) {
        client.in_turn = true;
        state.uplink.turns.push_back(client.link.slot);
    }
}

void on_pubrel(SharedState& state, SharedClient& client, std::uint16_t packet_id) {
    SharedExchange* const exchange = find(client, packet_id);
    if (exchange != nullptr && exchange->qos == 2) {
        let_go(state, *exchange);
        erase(client, *exchange);
    }
    state.answer(client, mqtt::PacketType::pubcomp, packet_id);
}

void on_done(SharedState& state, const mqtt::Packet& packet) {
    const auto found = state.tokens.find(packet.packet_id);
    if (found == state.tokens.end() || found->second.kind != SharedToken::Kind::publish) {
        ++state.context.counters.broker_ignored;
        return;
    }
    const SharedToken token = found->second;
    state.tokens.erase(found);
    --state.uplink.on_their_way;
    const bool given_up = packet.code >= 0x80;
    state.context.counters.shared_given_up += given_up ? 1 : 0;
    SharedClient* const client = state.client(token.place, token.serial);
    if (client == nullptr) {
        return;
    }
    const auto exchange = std::find_if(
        client->exchanges.begin(), client->exchanges.end(),
        [&](const SharedExchange& e) { return e.phase == Phase::sent && e.token == packet.packet_id; });
    if (exchange == client->exchanges.end()) {
        return;  // the device has used the id for something else
    }
    answer(state, *client, *exchange, packet.code);
    if (given_up || (exchange->qos == 1 && client->open)) {
        erase(*client, *exchange);
    } else {
        exchange->phase = Phase::done;
    }
}

void publish_will(SharedState& state, SharedClient& client) {
    if (client.will == nullptr) {
        return;
    }
    SharedCopy will{std::move(client.will), client.will_qos, client.will_retain};
    client.will.reset();
    if (full(state)) {
        ++state.context.counters.shared_wills_dropped;
        return;
    }
    ++state.context.counters.shared_wills;
    state.uplink.waiting_octets += weight(will.message);
    state.uplink.orphans.push_back(std::move(will));
}

void end(SharedState& state, SharedClient& client) {
    for (SharedExchange& exchange : client.exchanges) {
        let_go(state, exchange);
    }
    client.exchanges.clear();
}

void pump(SharedState& state) {
    SharedUplink& uplink = state.uplink;
    while (!uplink.orphans.empty() && own_session_takes(state, uplink.orphans.front().qos)) {
        const SharedCopy copy = std::move(uplink.orphans.front());
        uplink.orphans.pop_front();
        uplink.waiting_octets -= weight(copy.message);
        send_orphan(state, copy);
    }
    while (uplink.orphans.empty() && !uplink.turns.empty() && own_session_takes(state, 1)) {
        const std::uint32_t slot = uplink.turns.front();
        uplink.turns.pop_front();
        SharedClient* const client = state.client(slot);
        SharedExchange* const exchange =
            client != nullptr && client->in_turn ? first_waiting(*client) : nullptr;
        if (exchange == nullptr) {
            if (client != nullptr) {
                client->in_turn = false;
            }
            continue;
        }
        send_waiting(state, slot, *client, *exchange);
        client->in_turn = first_waiting(*client) != nullptr;
        if (client->in_turn) {
            uplink.turns.push_back(slot);
        }
    }
}

}  // namespace mqttsn::gateway::shared_uplink
