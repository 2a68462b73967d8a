// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/unknown_peer.hpp"

#include "gateway/core/hash.hpp"

namespace mqttsn::gateway::unknown_peer {

bool wants_to_sleep(const Message& message) {
    return message.type == MessageType::disconnect && message.has_optional && message.duration != 0;  // D22
}

void answer(Context& context, const Endpoint& from, const Message& message) {
    if (wants_to_sleep(message)) {
        ++context.counters.dropped_unknown_peer;
        return;
    }
    switch (message.type) {
        case MessageType::regack:
        case MessageType::puback:
        case MessageType::pubrec:
        case MessageType::pubcomp:
        case MessageType::pingresp:
        case MessageType::gateway_info:
        case MessageType::search_gateway:
            ++context.counters.dropped_unknown_peer;
            return;
        default:
            break;
    }
    const std::uint64_t source = hash_endpoint(context.hash_seed, from);
    if (!context.unknown_sources.take(source, context.now) || !context.unknown_replies.take(context.now)) {
        ++context.counters.dropped_unknown_peer;
        return;
    }
    ++context.counters.unknown_peer_replies;
    context.send(from, make_disconnect());
}

}  // namespace mqttsn::gateway::unknown_peer
