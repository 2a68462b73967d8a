// SPDX-License-Identifier: BSD-3-Clause
//
// Who may begin a session: nothing lasting must come of CONNECTs that nobody stands behind (spoofed sources),
// and those who do connect must not be locked out by them. From the outside in:
//   connects_per_source_per_second   over it CONNECT is not answered: a device repeats it after T_retry,
//   where
//                                    "congestion" would silence it for minutes; a spoofed address gets
//                                    nothing
//   half_open                        when full, the oldest will handshake in which the device was never heard
//                                    gives way; else CONNACK congestion
//   new_sessions_per_second          CONNACK congestion
//   sessions                         the one that was disconnected first gives way; else the oldest session
//                                    from which nothing but CONNECT was ever heard; else CONNACK congestion
// Work is the same however many sessions there are. Not here: what happens after (session_connect).
#ifndef GATEWAY_CORE_ADMISSION_HPP
#define GATEWAY_CORE_ADMISSION_HPP

#include "gateway/core/context.hpp"
#include "mqttsn/messages.hpp"

namespace mqttsn::gateway::admission {

/// false = do as if the CONNECT had not come. Sources on this machine have no limit: nobody can spoof them,
/// and a load generator or a proxy of the operator stands there.
bool source_may_connect(Context& context, const Endpoint& from);

/// A new session, or nullptr and the device has been told.
Session* create(Context& context, const Endpoint& from, Bytes client_id);

/// There is room for one more handshake (this session may be in one already). false = the device has been
/// told, nothing has changed; a new session is forgotten.
bool may_begin(Context& context, const Endpoint& from, Session& session);

/// Something else than CONNECT came from the device.
void confirm(Context& context, Session& session);

}  // namespace mqttsn::gateway::admission

#endif
