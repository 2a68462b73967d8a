// SPDX-License-Identifier: BSD-3-Clause
//
// What comes through a forwarder (SN12-113 to SN12-117): who may forward, what is a sound envelope, how many
// nodes a forwarder may bring. What is inside then goes the way of every other message, with an endpoint that
// names the node. The way back is Context::send(). Inside the core only; loop thread.
#ifndef GATEWAY_CORE_FORWARDER_HPP
#define GATEWAY_CORE_FORWARDER_HPP

#include <optional>

#include "gateway/core/context.hpp"

namespace mqttsn::gateway::forwarder {

struct Forwarded {
    Endpoint from;    ///< the forwarder's address, and the node
    Message message;  ///< its views point into the datagram
};

/// Opens an envelope (is_envelope()). What is not let in is counted, said, and not answered: nothing of it
/// can be trusted to name a peer. That is: the forwarder is not in listen.forwarders, Length is under 3 or
/// beyond the datagram, an envelope in it, or anything but one whole message (D01).
std::optional<Forwarded> open(Context& context, const Endpoint& from, Bytes datagram);

/// May a session be bound to this endpoint, as far as limits.nodes_per_forwarder goes? If not, it is counted.
/// @param moving  the session that is to move there, which leaves its own place; nullptr = a new one
bool has_room(Context& context, const Endpoint& at, const Session* moving);

}  // namespace mqttsn::gateway::forwarder

#endif
