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
      shared(*this) {}
Context::~Context() = default;

void Context::send(const Endpoint& to, const Message& message) {
    const std::size_t octets_max = settings.listeners[to.listener].max_datagram;
    if (outbox.push_message(to, message, octets_max)) {
        ++counters.datagrams_sent;
    }
}

void Context::send(Session& session, mqtt::Packet packet) {
    if (session.link.shared) {
        session.link.last_sent = now;
        shared.send(session.link.id, packet);
        return;
    }
    packet.topic = outbox.copy(packet.topic);
    packet.payload = outbox.copy(packet.payload);
    session.link.last_sent = now;
    outbox.push(LinkSend{session.link.id, packet});
}

void Context::open_link(Session& session, const mqtt::Connect& connect) {
    session.link.shared = session.mode == SessionMode::shared;
    if (session.link.shared) {
        shared.open(session.link.id, connect, session.connected());
        return;
    }
    shared.forget(session.slot);  // should it have been a shared session before
    outbox.push(LinkOpen{session.link.id, connect});
}

void Context::close_link(Session& session, bool with_disconnect) {
    if (session.link.shared) {
        shared.close(session.link.id, with_disconnect);
    } else {
        outbox.push(LinkClose{session.link.id, with_disconnect});
    }
}

void Context::read_link(Session& session, bool on) {
    if (session.link.shared) {
        shared.read(session.link.id, on);
    } else {
        outbox.push(LinkRead{session.link.id, on});
    }
}

bool Context::congested(const Session& session, std::uint8_t qos) const {
    return session.link.shared ? shared.congested(qos) : session.link.congested;
}

void Context::forget(Session& session) {
    shared.forget(session.slot);
    deadlines.remove(session.slot);
    sessions.destroy(session);
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
