// SPDX-License-Identifier: BSD-3-Clause
//
// What packets do to the sessions of the model broker: messages in, messages out, acknowledgements,
// subscriptions (sections 3.3 to 3.12 and 4.3 to 4.6). Connections are in model_broker.cpp.
#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "sim/model_broker.hpp"
#include "sim/model_broker_topics.hpp"

namespace mqttsn::sim {

using mqtt::PacketType;

namespace {

constexpr std::size_t kIdsMax = 65535;  // packet ids 1..65535

std::string_view text(Bytes octets) {
    return {reinterpret_cast<const char*>(octets.data), octets.size};
}

template <typename Queue>
auto find_id(Queue& queue, std::uint16_t id) {
    return std::find_if(queue.begin(), queue.end(), [id](const auto& outgoing) { return outgoing.id == id; });
}

/// What is wrong with a PUBLISH, of a client or of the caller. Empty = nothing.
std::string fault_of_publish(std::string_view topic, unsigned qos) {
    if (qos > 2) {
        return "QoS above 2";
    }
    const char* fault = fault_of_topic_name(topic);
    return fault == nullptr ? std::string() : std::string("the topic ") + fault;
}

bool needs_id(const mqtt::Packet& packet) {
    return packet.type == PacketType::publish ? packet.qos > 0 : packet.type != PacketType::pingreq;
}

}  // namespace

void ModelBroker::violation(const Session& session, const std::string& what) {
    observer_.on_violation(session.client_id, what);
}

void ModelBroker::handle(ConnectionId connection, const mqtt::Packet& packet) {
    const auto found = connections_.find(connection);
    if (found == connections_.end()) {
        return;
    }
    Session& session = *found->second;
    if (needs_id(packet) && packet.packet_id == 0) {
        violation(session,
                  "packet id 0 in a packet of type " + std::to_string(static_cast<int>(packet.type)));
        return;
    }
    switch (packet.type) {
        case PacketType::publish:
            return on_publish(session, packet);
        case PacketType::puback:
            return on_puback(session, packet.packet_id);
        case PacketType::pubrec:
            return on_pubrec(session, packet.packet_id);
        case PacketType::pubrel:
            return on_pubrel(session, packet.packet_id);
        case PacketType::pubcomp:
            return on_pubcomp(session, packet.packet_id);
        case PacketType::subscribe:
            return on_subscribe(session, packet);
        case PacketType::unsubscribe:
            return on_unsubscribe(session, packet);
        case PacketType::pingreq:
            return send(session, PacketType::pingresp, 0);
        default:  // what only a server sends, and what has a call of its own
            violation(session, "a packet of type " + std::to_string(static_cast<int>(packet.type)));
    }
}

void ModelBroker::send(Session& session, PacketType type, std::uint16_t id, std::uint8_t code) {
    ToClient packet;
    packet.type = type;
    packet.id = id;
    packet.code = code;
    session.to_client.push_back(std::move(packet));
}

// ---- Messages from clients

ModelBroker::MessagePtr ModelBroker::make_message(const mqtt::Packet& publish) {
    return std::make_shared<Message>(Message{
        std::string(text(publish.topic)), std::string(text(publish.payload)), publish.qos, publish.retain});
}

bool ModelBroker::is_same(const Message& message, const mqtt::Packet& publish) {
    return message.qos == publish.qos && message.retain == publish.retain &&
           message.topic == text(publish.topic) && message.payload == text(publish.payload);
}

void ModelBroker::on_publish(Session& session, const mqtt::Packet& packet) {
    if (const std::string fault = fault_of_publish(text(packet.topic), packet.qos); !fault.empty()) {
        violation(session, "PUBLISH: " + fault);
        return;
    }
    if (packet.qos == 0 && packet.dup) {
        violation(session, "PUBLISH with QoS 0 and DUP");
        return;
    }
    const auto held = packet.qos == 0 ? session.unreleased.end() : session.unreleased.find(packet.packet_id);
    const bool is_new = held == session.unreleased.end();
    if (!is_new && !is_same(*held->second, packet)) {
        violation(session, "PUBLISH with packet id " + std::to_string(packet.packet_id) +
                               ", which an unreleased other message of QoS 2 has");
    }
    if (packet.qos == 2) {
        if (is_new) {
            session.unreleased.emplace(packet.packet_id, make_message(packet));
        }
        send(session, PacketType::pubrec, packet.packet_id);
        return;
    }
    const MessagePtr message = make_message(packet);
    announce(session.client_id, *message, false);
    route(message);
    if (packet.qos == 1) {
        send(session, PacketType::puback, packet.packet_id);
    }
}

void ModelBroker::on_pubrel(Session& session, std::uint16_t id) {
    if (const auto held = session.unreleased.find(id); held != session.unreleased.end()) {
        const MessagePtr message = std::move(held->second);
        session.unreleased.erase(held);
        announce(session.client_id, *message, false);
        route(message);
    }
    send(session, PacketType::pubcomp, id);
}

void ModelBroker::announce(std::string_view client_id, const Message& message, bool will) {
    observer_.on_published(client_id, message.topic, message.payload, message.qos, message.retain, will);
}

void ModelBroker::publish(std::string_view topic, std::string_view payload, unsigned qos, bool retain) {
    if (const std::string fault = fault_of_publish(topic, qos); !fault.empty()) {
        observer_.on_violation({}, "publish(): " + fault);
        return;
    }
    route(std::make_shared<Message>(Message{std::string(topic), std::string(payload), qos, retain}));
}

// ---- Messages to clients

void ModelBroker::route(const MessagePtr& message) {
    if (message->retain && message->payload.empty()) {
        retained_.erase(message->topic);
    } else if (message->retain) {
        retained_[message->topic] = message;
    }
    for (auto& [client_id, session] : sessions_) {
        if (!session.ids.empty()) {
            deliver_by_id(session, message);
            continue;
        }
        int granted = -1;  // the highest of all filters that match: one copy (section 3.3.5)
        for (const auto& [filter, qos] : session.filters) {
            if (static_cast<int>(qos) > granted && filter_matches(filter, message->topic)) {
                granted = static_cast<int>(qos);
            }
        }
        if (granted >= 0) {
            deliver(session, message, std::min(static_cast<unsigned>(granted), message->qos), false);
        }
    }
}

/// MQTT 5 section 3.3.4: a copy for each matching subscription, with its identifier, as mosquitto does.
void ModelBroker::deliver_by_id(Session& session, const MessagePtr& message) {
    for (const auto& [filter, qos] : session.filters) {
        if (filter_matches(filter, message->topic)) {
            const auto id = session.ids.find(filter);
            deliver(session, message, std::min(qos, message->qos), false,
                    id != session.ids.end() ? id->second : 0);
        }
    }
}

void ModelBroker::deliver(Session& session, const MessagePtr& message, unsigned qos, bool retain,
                          std::uint32_t subscription_id) {
    const bool connected = session.connection != kNone;
    if (qos == 0 && !connected) {
        return;
    }
    observer_.on_queued(session.client_id, message->topic, message->payload, qos);
    Outgoing outgoing;
    outgoing.qos = qos;
    outgoing.retain = retain;
    outgoing.subscription_id = subscription_id;
    outgoing.message = message;
    if (qos == 0) {
        send_publish(session, outgoing, false);
    } else if (connected && session.waiting.empty() && session.quota > 0) {
        transmit(session, std::move(outgoing));
    } else if (session.waiting.size() < settings_.queue_max) {
        session.waiting.push_back(std::move(outgoing));
    } else {
        observer_.on_dropped(session.client_id, message->payload, qos, "queue full");
    }
}

std::size_t ModelBroker::window() const {
    return settings_.window == 0 ? kIdsMax : std::min<std::size_t>(settings_.window, kIdsMax);
}

void ModelBroker::transmit_waiting(Session& session, std::size_t at_most) {
    for (; at_most > 0 && !session.waiting.empty() && session.in_flight.size() < kIdsMax; --at_most) {
        transmit(session, std::move(session.waiting.front()));
        session.waiting.pop_front();
    }
}

void ModelBroker::transmit(Session& session, Outgoing outgoing) {
    if (settings_.lowest_free_id) {
        session.last_id = 0;
    }
    do {
        ++session.last_id;  // wraps to 0
    } while (session.last_id == 0 || find_id(session.in_flight, session.last_id) != session.in_flight.end());
    outgoing.id = session.last_id;
    session.quota -= session.quota > 0 ? 1 : 0;
    send_publish(session, outgoing, false);
    session.in_flight.push_back(std::move(outgoing));
}

void ModelBroker::send_publish(Session& session, const Outgoing& outgoing, bool dup) {
    ToClient packet;
    packet.type = PacketType::publish;
    packet.id = outgoing.id;
    packet.qos = outgoing.qos;
    packet.dup = dup;
    packet.retain = outgoing.retain;
    packet.subscription_id = outgoing.subscription_id;
    packet.message = outgoing.message;
    session.to_client.push_back(std::move(packet));
}

void ModelBroker::resend(Session& session) {
    for (const Outgoing& outgoing : session.in_flight) {
        if (outgoing.received) {
            send(session, PacketType::pubrel, outgoing.id);
        } else {
            send_publish(session, outgoing, true);
        }
    }
    session.quota = window() - std::min(window(), session.in_flight.size());
    transmit_waiting(session, session.quota);
}

// ---- Acknowledgements of clients. One for an id that is not in flight is late, not wrong.

void ModelBroker::on_puback(Session& session, std::uint16_t id) {
    const auto at = find_id(session.in_flight, id);
    if (at == session.in_flight.end()) {
        return;
    }
    if (at->qos != 1) {
        violation(session, "PUBACK for QoS 2, packet id " + std::to_string(id));
        return;
    }
    observer_.on_acknowledged(session.client_id, at->message->payload, 1);
    complete(session, static_cast<std::size_t>(at - session.in_flight.begin()));
}

void ModelBroker::on_pubrec(Session& session, std::uint16_t id) {
    const auto at = find_id(session.in_flight, id);
    if (at == session.in_flight.end()) {
        return;
    }
    if (at->qos != 2) {
        violation(session, "PUBREC for QoS 1, packet id " + std::to_string(id));
        return;
    }
    if (!at->received) {
        observer_.on_acknowledged(session.client_id, at->message->payload, 2);
        at->received = true;
        at->message = nullptr;
    }
    send(session, PacketType::pubrel, id);
}

void ModelBroker::on_pubcomp(Session& session, std::uint16_t id) {
    const auto at = find_id(session.in_flight, id);
    if (at == session.in_flight.end()) {
        return;
    }
    if (!at->received) {
        violation(session, "PUBCOMP before PUBREC, packet id " + std::to_string(id));
        return;
    }
    complete(session, static_cast<std::size_t>(at - session.in_flight.begin()));
}

/// The message at `position` of those in flight is done.
void ModelBroker::complete(Session& session, std::size_t position) {
    session.in_flight.erase(session.in_flight.begin() + static_cast<std::ptrdiff_t>(position));
    session.quota = std::min(session.quota + 1, window());
    transmit_waiting(session,
                     settings_.keeps_to_window ? session.quota : window() - std::min(window(), position));
}

// ---- Subscriptions

void ModelBroker::on_subscribe(Session& session, const mqtt::Packet& packet) {
    const std::string_view filter = text(packet.topic);
    const char* fault = packet.qos > 2 ? "has a QoS above 2" : fault_of_topic_filter(filter);
    if (fault != nullptr) {
        violation(session, std::string("the filter of a SUBSCRIBE ") + fault);
        send(session, PacketType::suback, packet.packet_id, mqtt::kSubackFailure);
        return;
    }
    const std::uint8_t granted = std::min(packet.qos, settings_.granted_qos_max);
    session.filters[std::string(filter)] = granted;
    if (packet.subscription_id != 0) {
        session.ids[std::string(filter)] = packet.subscription_id;
    } else {
        session.ids.erase(std::string(filter));
    }
    send(session, PacketType::suback, packet.packet_id, granted);
    for (const auto& [topic, message] : retained_) {
        if (filter_matches(filter, topic)) {
            deliver(session, message, std::min<unsigned>(granted, message->qos), true,
                    packet.subscription_id);
        }
    }
}

void ModelBroker::on_unsubscribe(Session& session, const mqtt::Packet& packet) {
    const std::string_view filter = text(packet.topic);
    if (const char* fault = fault_of_topic_filter(filter)) {
        violation(session, std::string("the filter of an UNSUBSCRIBE ") + fault);
    }
    session.filters.erase(std::string(filter));
    session.ids.erase(std::string(filter));
    send(session, PacketType::unsuback, packet.packet_id);
}

}  // namespace mqttsn::sim
