// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/context.hpp"

#include <algorithm>
#include <array>

#include "mqttsn/codec.hpp"

namespace mqttsn::gateway {
namespace {

constexpr std::size_t kEnvelopeHeaderOctets = 3;  // Length, MsgType, Ctrl
/// Ctrl of what we send (SN12-116): 0 bounds nothing. The node is one, and may be any number of hops away.
constexpr std::uint8_t kRadius = 0;

}  // namespace

Context::Context(const Settings& initial, std::uint64_t seed)
    : settings(initial),
      random(seed),
      hash_seed(random.next()),
      names(random.next()),
      predefined(initial.predefined_topics, initial.gateway_id),
      nodes(Prng::mix(hash_seed + 1)),
      sessions(random.next(), nodes),
      new_sessions(initial.limits.new_sessions_per_second),
      connects_by_source(initial.limits.connects_per_source_per_second),
      minus_one_by_source(initial.limits.qos_minus_one_per_source_per_second),
      unknown_replies(initial.limits.replies_per_second_to_unknown),
      unknown_by_forwarder(initial.limits.replies_per_second_to_unknown),
      discovery(discovery::initial(initial)),
      shared(*this) {}
Context::~Context() = default;

void Context::send(const Endpoint& to, const Message& message) {
    const std::size_t octets_max = settings.listeners[to.listener].max_datagram;
    std::array<std::uint8_t, kEnvelopeHeaderOctets + kNodeIdOctetsMax>
        wrapper;  // not initialized: the hot path
    std::size_t wrapper_octets = 0;
    if (to.node != 0) {
        if (!nodes.known(to.node)) {
            return;  // nobody holds it: to send to its forwarder without a name would reach somebody else
        }
        wrapper_octets = encode_envelope_header(kRadius, nodes.id(to.node), wrapper.data(), wrapper.size());
    }
    if (outbox.push_message(to, message, octets_max, Bytes{wrapper.data(), wrapper_octets})) {
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
    session.link.last_packet = packet.type;
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
    const std::size_t octets_max = settings.listeners[session.endpoint.listener].max_datagram;
    if (session.endpoint.node == 0) {
        return octets_max;
    }
    return octets_max - std::min(octets_max, kEnvelopeHeaderOctets + nodes.id(session.endpoint.node).size);
}

void Context::start_timer(Session& session, SessionTimer which, Instant when) {
    session.timer(which) = when;
    if (when < session.armed) {  // a later one waits until the earlier one fires: traffic costs nothing
        session.armed = when;
        deadlines.set(session.slot, when);
    }
}

bool Context::wanted(EventKind kind) const {
    return settings.debug_events || event_level(kind) != EventLevel::debug;
}

void Context::name_endpoint(Event& event, const Endpoint& from) {
    event.from = from;
    event.node_id = outbox.copy(nodes.id(from.node));
    event.has_endpoint = true;
}

void Context::event(EventKind kind, const Session& session, const char* cause, int code, Bytes topic) {
    if (!wanted(kind)) {
        return;
    }
    Event event;
    event.kind = kind;
    event.client_id = outbox.copy(session.id_octets());
    event.topic = outbox.copy(topic);
    if (session.bound) {
        name_endpoint(event, session.endpoint);
    }
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
    name_endpoint(event, from);
    event.cause = cause;
    event.code = code;
    outbox.push(event);
}

}  // namespace mqttsn::gateway
