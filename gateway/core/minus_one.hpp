// SPDX-License-Identifier: BSD-3-Clause
//
// PUBLISH of QoS -1 (SN12-82, SN12-118): messages of devices that need not be connected. They keep no state,
// get no answer, and go to the broker on the gateway's own session. What a listener allows, and how often a
// network may (FAULT-35), is in the settings. Not here: QoS 0 to 2 (session_uplink).
#ifndef GATEWAY_CORE_MINUS_ONE_HPP
#define GATEWAY_CORE_MINUS_ONE_HPP

#include "gateway/core/context.hpp"
#include "mqttsn/messages.hpp"

namespace mqttsn::gateway::minus_one {

/// From any endpoint; `session` is the one the endpoint leads to, or nullptr.
void on_publish(Context& context, const Endpoint& from, const Session* session, const Message& message);

}  // namespace mqttsn::gateway::minus_one

#endif
