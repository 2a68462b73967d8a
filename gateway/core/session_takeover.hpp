// SPDX-License-Identifier: BSD-3-Clause
//
// takeover = "probe" (D10): a CONNECT with the client id of a device that is connected elsewhere. The device
// at the old address is asked with PINGREQ (SN12-94) and has T_retry to say anything; only its silence lets
// the new one in. Plain UDP proves nobody's identity: this keeps a session from being taken by one datagram,
// no more.
#ifndef GATEWAY_CORE_SESSION_TAKEOVER_HPP
#define GATEWAY_CORE_SESSION_TAKEOVER_HPP

#include "gateway/core/context.hpp"
#include "mqttsn/messages.hpp"

namespace mqttsn::gateway::session_takeover {

/// `message` is a CONNECT for `session` from another address. One newcomer at a time: a later one takes the
/// place of the earlier, but not more time.
void challenge(Context& context, Session& session, const Endpoint& from, const Message& message);
/// The old address has spoken: the newcomer is refused.
void on_heard(Context& context, Session& session);
/// When the supervision timer has to look at the newcomer; kNever without one.
Instant next_look(const Session& session);
/// Asks again, or lets the newcomer in. @return true when the session has begun anew
bool on_timer(Context& context, Session& session);

}  // namespace mqttsn::gateway::session_takeover

#endif
