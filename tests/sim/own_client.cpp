// SPDX-License-Identifier: BSD-3-Clause
#include "sim/own_client.hpp"

#include <algorithm>
#include <utility>

namespace mqttsn::sim {

using mqtt::PacketType;

namespace {

constexpr Micros kReconnectAfter{1'000'000};
constexpr std::size_t kCongestedAbove = 16;
constexpr std::size_t kCongestedUntil = 4;

mqtt::Packet packet_of(PacketType type, std::uint16_t id) {
    mqtt::Packet packet;
    packet.type = type;
    packet.packet_id = id;
    return packet;
}

}  // namespace

void OwnClient::start(Micros now) {
    running_ = true;
    clean_ = true;
    ended_old_ = false;
    open(now);
}

void OwnClient::killed() {
    running_ = false;
    open_ = false;
    congested_ = false;
    ++link_.generation;  // what is still on its way is for nobody
    outbox_.clear();
    asked_.clear();
    unreleased_.clear();
}

void OwnClient::open(Micros now) {
    link_ = gateway::LinkId{kSlot, link_.generation + 1};
    gateway::LinkOpen open;
    open.link = link_;
    const std::string_view id = kClientId;
    open.connect.client_id = Bytes{reinterpret_cast<const std::uint8_t*>(id.data()), id.size()};
    open.connect.clean_session = clean_;
    open.connect.keep_alive_s = 0;
    side_.open(now, open);
}

void OwnClient::write(Micros now, const mqtt::Packet& packet) {
    side_.send(now, gateway::LinkSend{link_, packet});
}

void OwnClient::acknowledge(Micros now, PacketType type, std::uint16_t id) {
    write(now, packet_of(type, id));
}

std::uint16_t OwnClient::next_id() {
    const auto used = [this](std::uint16_t id) {
        return id == 0 || asked_.contains(id) ||
               std::any_of(outbox_.begin(), outbox_.end(), [id](const Published& p) { return p.id == id; });
    };
    do {
        ++last_id_;
    } while (used(last_id_));
    return last_id_;
}

void OwnClient::send(Micros now, const mqtt::Packet& packet) {
    if (packet.type == PacketType::publish && packet.qos == 0) {
        if (open_) {
            write(now, packet);
        }
        return;
    }
    mqtt::Packet own = packet;
    own.packet_id = next_id();
    if (packet.type == PacketType::publish) {
        outbox_.push_back(Published{own.packet_id, packet.packet_id, false, OwnedPacket{own}});
    } else {
        asked_[own.packet_id] = Asked{packet.packet_id, packet.type};
    }
    if (open_) {
        write(now, own);
    }
}

void OwnClient::opened(Micros now, gateway::LinkId link, bool session_present) {
    if (!current(link)) {
        return;
    }
    if (clean_) {
        ended_old_ = true;
        side_.close(now, gateway::LinkClose{link_, true});
        return;
    }
    open_ = true;
    if (!session_present) {
        for (const auto& [id, message] : unreleased_) {
            owner_.own_lost(message.payload);
        }
        unreleased_.clear();
    }
    for (const Published& message : outbox_) {
        mqtt::Packet again = message.packet.view();
        again.dup = true;
        write(now, message.released ? packet_of(PacketType::pubrel, message.id) : again);
    }
    const bool in_doubt = std::exchange(unanswered_, false);
    owner_.own_opened(session_present && !in_doubt);
    tell_congestion();
}

void OwnClient::closed(Micros now, gateway::LinkId link) {
    if (!current(link) || !running_) {
        return;
    }
    const bool was_open = open_;
    unanswered_ = unanswered_ || !was_open;
    open_ = false;
    congested_ = false;
    asked_.clear();
    ++link_.generation;
    if (was_open) {
        owner_.own_closed();
    }
    clean_ = clean_ && !ended_old_;
    owner_.own_wake_at(now + kReconnectAfter);
}

void OwnClient::wake(Micros now) {
    if (running_ && !open_) {
        open(now);
    }
}

void OwnClient::answer(PacketType type, std::uint16_t token, std::uint8_t code) {
    mqtt::Packet packet = packet_of(type, token);
    packet.code = code;
    owner_.own_packet(packet);
}

void OwnClient::on_done(const mqtt::Packet& packet) {
    const auto found = std::find_if(outbox_.begin(), outbox_.end(),
                                    [&](const Published& p) { return p.id == packet.packet_id; });
    if (found == outbox_.end()) {
        return;
    }
    const std::uint16_t token = found->token;
    outbox_.erase(found);
    answer(packet.type, token, 0);
}

void OwnClient::on_message(Micros now, const mqtt::Packet& packet) {
    if (packet.qos == 2) {
        unreleased_.try_emplace(packet.packet_id, packet);
        acknowledge(now, PacketType::pubrec, packet.packet_id);
        return;
    }
    if (packet.qos == 1) {
        acknowledge(now, PacketType::puback, packet.packet_id);
    }
    hand_over(packet);
}

void OwnClient::hand_over(mqtt::Packet message) {
    for (const auto& [id, held] : unreleased_) {
        owner_.own_overtaken(held.payload);
    }
    message.packet_id = 0;
    message.dup = false;
    owner_.own_packet(message);
}

void OwnClient::packet(Micros now, gateway::LinkId link, const mqtt::Packet& packet) {
    if (!current(link) || !open_) {
        return;
    }
    switch (packet.type) {
        case PacketType::publish:
            on_message(now, packet);
            break;
        case PacketType::pubrel: {
            const auto held = unreleased_.find(packet.packet_id);
            acknowledge(now, PacketType::pubcomp, packet.packet_id);
            if (held != unreleased_.end()) {
                const OwnedPacket message = std::move(held->second);
                unreleased_.erase(held);
                hand_over(message.view());
            }
            break;
        }
        case PacketType::pubrec:
            for (Published& message : outbox_) {
                message.released = message.released || message.id == packet.packet_id;
            }
            acknowledge(now, PacketType::pubrel, packet.packet_id);
            break;
        case PacketType::puback:
        case PacketType::pubcomp:
            on_done(packet);
            break;
        case PacketType::suback:
        case PacketType::unsuback:
            if (const auto asked = asked_.find(packet.packet_id); asked != asked_.end()) {
                const std::uint16_t token = asked->second.token;
                asked_.erase(asked);
                answer(packet.type, token, packet.code);
            }
            break;
        default:
            break;
    }
    tell_congestion();
}

void OwnClient::tell_congestion() {
    const bool now_congested = outbox_.size() > (congested_ ? kCongestedUntil : kCongestedAbove);
    if (now_congested != congested_ && open_) {
        congested_ = now_congested;
        owner_.own_congested(congested_);
    }
}

}  // namespace mqttsn::sim
