// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/forwarder.hpp"

#include <algorithm>

#include "mqttsn/codec.hpp"

namespace mqttsn::gateway::forwarder {
namespace {

bool same_forwarder(Endpoint left, Endpoint right) {
    left.node = right.node = 0;
    return left == right;
}

bool may_forward(const ForwarderSettings& settings, const Endpoint& from) {
    return settings.any || settings.names(from.address);
}

void drop(Context& context, const Endpoint& from, std::uint64_t& counter, const char* cause) {
    ++counter;
    context.event(EventKind::datagram_dropped, from, cause);
}

}  // namespace

std::optional<Forwarded> open(Context& context, const Endpoint& from, Bytes datagram) {
    Counters& counters = context.counters;
    ++counters.forwarded_received;
    if (!may_forward(context.settings.listeners[from.listener].forwarders, from)) {
        drop(context, from, counters.dropped_forwarder, "not in listen.forwarders");
        return std::nullopt;
    }
    Envelope envelope;
    if (decode_envelope(datagram, envelope) != DecodeError::none) {
        drop(context, from, counters.dropped_envelope, "forwarder envelope with an impossible Length");
        return std::nullopt;
    }
    Forwarded inside;
    inside.from = from;
    inside.from.node = context.nodes.intern(from, envelope.node_id);
    if (is_envelope(envelope.message)) {
        drop(context, inside.from, counters.dropped_envelope_nested, "forwarder envelope in another");
        return std::nullopt;
    }
    const DecodeError error = decode(envelope.message, Sender::device, inside.message);
    if (error != DecodeError::none) {
        drop(context, inside.from, counters.dropped_envelope_message, decode_error_text(error));
        return std::nullopt;
    }
    if (inside.from.node ==
        0) {  // more nodes held than there are numbers: not to be taken for the forwarder's own
        drop(context, from, counters.forwarder_full, "too many nodes");
        return std::nullopt;
    }
    return inside;
}

bool has_room(Context& context, const Endpoint& at, const Session* moving) {
    if (at.node == 0 || context.nodes.held(at.node) ||
        context.nodes.held_behind(at) < context.settings.limits.nodes_per_forwarder) {
        return true;
    }
    if (moving != nullptr && moving->bound && moving->endpoint.node != 0 &&
        same_forwarder(moving->endpoint, at)) {
        return true;  // its old node goes
    }
    ++context.counters.forwarder_full;
    return false;
}

}  // namespace mqttsn::gateway::forwarder
