// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/context.hpp"

#include <algorithm>

namespace mqttsn::gateway {

Context::Context(const Settings& initial, std::uint64_t seed)
    : settings(initial),
      random(seed),
      hash_seed(random.next()),
      names(random.next()),
      predefined(initial.predefined_topics, initial.gateway_id),
      sessions(random.next()),
      new_sessions(initial.limits.new_sessions_per_second),
      unknown_replies(initial.limits.replies_per_second_to_unknown),
      discovery(discovery::initial(initial)) {}

void Context::send(const Endpoint& to, const Message& message) {
    const std::size_t octets_max = settings.listeners[to.listener].max_datagram;
    if (outbox.push_message(to, message, octets_max)) {
        ++counters.datagrams_sent;
    }
}

void Context::send(Session& session, mqtt::Packet packet) {
    packet.topic = outbox.copy(packet.topic);
    packet.payload = outbox.copy(packet.payload);
    session.link.last_sent = now;
    session.link.last_packet = packet.type;
    outbox.push(LinkSend{session.link.id, packet});
}

std::size_t Context::datagram_max(const Session& session) const {
    return settings.listeners[session.endpoint.listener].max_datagram;
}

void Context::start_timer(Session& session, SessionTimer which, Instant when) {
    session.timer(which) = when;
    deadlines.set_at_latest(session.slot, when);
}

bool Context::wanted(EventKind kind) const {
    return settings.debug_events || event_level(kind) != EventLevel::debug;
}

void Context::event(EventKind kind, const Session& session, const char* cause, int code, Bytes topic) {
    if (!wanted(kind)) {
        return;
    }
    Event event;
    event.kind = kind;
    event.client_id = outbox.copy(session.id_octets());
    event.topic = outbox.copy(topic);
    event.from = session.endpoint;
    event.has_endpoint = session.bound;
    event.cause = cause;
    event.code = code;
    outbox.push(event);
}

void Context::event(EventKind kind, const Endpoint& from, const char* cause, int code, Bytes client_id) {
    if (!wanted(kind)) {
        return;
    }
    Event event;
    event.kind = kind;
    event.client_id = outbox.copy(client_id);
    event.from = from;
    event.has_endpoint = true;
    event.cause = cause;
    event.code = code;
    outbox.push(event);
}

}  // namespace mqttsn::gateway
