// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/unknown_peer.hpp"

#include "gateway/core/hash.hpp"

namespace mqttsn::gateway::unknown_peer {

bool wants_to_sleep(const Message& message) {
    return message.type == MessageType::disconnect && message.has_optional && message.duration != 0;  // D22
}

bool may_answer(Context& context, const Endpoint& from, SourceLimit& sources) {
    if (context.settings.limits.replies_per_second_to_unknown == 0 ||
        !context.unknown_replies.available(context.now)) {
        return false;
    }
    // The source comes behind: what would not be answered anyway must not take places in the table of
    // sources, or a flood of forged node ids would fill it.
    if (from.node == 0) {
        return sources.take(hash_endpoint(context.hash_seed, from), context.now) &&
               context.unknown_replies.take(context.now);
    }
    Endpoint forwarder = from;
    forwarder.node = 0;
    TokenBucket& bucket = context.unknown_by_forwarder.of(hash_endpoint(context.hash_seed, forwarder));
    return bucket.available(context.now) && sources.take(context.nodes.hash(from.node), context.now) &&
           bucket.take(context.now) && context.unknown_replies.take(context.now);
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
    if (!may_answer(context, from, context.unknown_sources)) {
        ++context.counters.dropped_unknown_peer;
        return;
    }
    ++context.counters.unknown_peer_replies;
    context.send(from, make_disconnect());
}

}  // namespace mqttsn::gateway::unknown_peer
