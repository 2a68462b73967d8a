// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/minus_one.hpp"

#include "gateway/core/shared_sessions.hpp"
#include "gateway/core/topic_rules.hpp"
#include "mqttsn/topic.hpp"

namespace mqttsn::gateway::minus_one {

void on_publish(Context& context, const Endpoint& from, const Session* session, const Message& message) {
    if (!is_loopback(from) &&
        !context.minus_one_by_source.take(hash_source(context.hash_seed, from), context.now)) {
        ++context.counters.minus_one_dropped;
        context.event(EventKind::datagram_dropped, from,
                      "QoS -1: limits.qos_minus_one_per_source_per_second reached");
        return;
    }
    const QosMinusOne allowed = context.settings.listeners[from.listener].qos_minus_one;
    const TopicIdType type = message.flags.topic_id_type();
    const ShortName short_name = short_name_of(message.topic_id);
    mqtt::Packet packet;
    packet.type = mqtt::PacketType::publish;
    packet.retain = message.flags.retain();
    packet.payload = message.data;
    if (type == TopicIdType::predefined && allowed != QosMinusOne::off) {
        packet.topic =
            context.predefined.name_of(message.topic_id, session != nullptr ? session->id_octets() : Bytes{});
    } else if (type == TopicIdType::short_name && allowed == QosMinusOne::all) {
        packet.topic = short_name.bytes();
    } else if (type == TopicIdType::normal && allowed == QosMinusOne::all &&
               message.topic_id <= message.data.size) {
        // D47: the TopicId field holds the length of a name at the head of the data.
        packet.topic = Bytes{message.data.data, message.topic_id};
        packet.payload = Bytes{message.data.data + message.topic_id, message.data.size - message.topic_id};
    }
    if (type != TopicIdType::predefined && SharedSessions::refusal_of_name(packet.topic) != nullptr) {
        packet.topic = Bytes{};  // FAULT-50: the sender has no right to what the gateway may do
    }
    if (packet.topic.empty() || !name_accepted(packet.topic) || !context.own_link_up) {
        ++context.counters.minus_one_dropped;  // never answered (D26)
        context.event(
            EventKind::datagram_dropped, from,
            packet.topic.empty() ? "QoS -1: not allowed here, or unknown topic" : "QoS -1: no broker");
        return;
    }
    ++context.counters.minus_one_published;
    packet.topic = context.outbox.copy(packet.topic);
    packet.payload = context.outbox.copy(packet.payload);
    context.outbox.push(LinkSend{kOwnLink, packet});
}

}  // namespace mqttsn::gateway::minus_one
