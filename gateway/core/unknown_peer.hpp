// SPDX-License-Identifier: BSD-3-Clause
//
// What is not for anybody: messages of peers that have no session here (D12).
#ifndef GATEWAY_CORE_UNKNOWN_PEER_HPP
#define GATEWAY_CORE_UNKNOWN_PEER_HPP

#include "gateway/core/context.hpp"
#include "mqttsn/messages.hpp"

namespace mqttsn::gateway::unknown_peer {

/// DISCONNECT with a duration. Its answer says "sleep, your messages are kept": who cannot keep that must not
/// answer, although DISCONNECT is the answer to unknown peers elsewhere. The device repeats, is lost, and
/// connects.
bool wants_to_sleep(const Message& message);

/// May a stranger be answered now? Once a second to each source (behind a forwarder: to each node), a quarter
/// of all answers to one forwarder, limits.replies_per_second_to_unknown to all. If so, it is counted.
/// @param sources  who was answered last, with this kind of answer
bool may_answer(Context& context, const Endpoint& from, SourceLimit& sources);

/// One DISCONNECT, rate-limited; nothing for acknowledgements and for a wish to sleep.
void answer(Context& context, const Endpoint& from, const Message& message);

}  // namespace mqttsn::gateway::unknown_peer

#endif
