// SPDX-License-Identifier: BSD-3-Clause
//
// From the queue to the device (what fills the queue is session_intake): REGISTER where the device does not
// know the id, PUBLISH, and the device's acknowledgements on their way up. One exchange at a time, in the
// order of the broker (D31). What a sleeping device has to wait for waits here (QoS 0, and what the broker
// has in flight) and in the broker (the rest). Spec: sections 6.10, 6.13, 6.14.
#ifndef GATEWAY_CORE_SESSION_DOWNLINK_HPP
#define GATEWAY_CORE_SESSION_DOWNLINK_HPP

#include "gateway/core/context.hpp"
#include "mqttsn/messages.hpp"

namespace mqttsn::gateway::session_downlink {

/// The device's answers.
void on_regack(Context& context, Session& session, const Message& message);
void on_puback(Context& context, Session& session, const Message& message);
void on_pubrec(Context& context, Session& session, const Message& message);
void on_pubcomp(Context& context, Session& session, const Message& message);

/// Sends what may be sent now; in the awake state ends the cycle when nothing is left.
void pump(Context& context, Session& session);
/// Sends the outstanding message again at once (D18).
void repeat(Context& context, Session& session);
/// The device sleeps, or is given up: what was on the wire goes back to the head of the queue (D17).
void suspend(Session& session);
/// A new connection of the device: the broker will send again what it has not been acknowledged.
void reset(Session& session);

/// Any datagram of the device (see limits.unproven_messages).
void on_heard(Session& session);
void on_barrier_reached(Context& context, Session& session);
/// The broker knows none of the messages from before any more, and its ids begin anew.
void forget_broker_session(Session& session);
/// @param in_doubt  see session_subscribe; the broker's first message decides
void on_link_opened(Context& context, Session& session, bool session_present, bool in_doubt);
void on_link_closed(Context& context, Session& session);
void on_timer(Context& context, Session& session);

}  // namespace mqttsn::gateway::session_downlink

#endif
