// SPDX-License-Identifier: BSD-3-Clause
//
// From the device to the broker: REGISTER, PUBLISH of QoS 0 to 2, and the broker's acknowledgements on their
// way back. An acknowledgement goes to the device only when the broker has given it. Spec:
// sections 6.5, 6.6, 6.7, 6.8.
#ifndef GATEWAY_CORE_SESSION_UPLINK_HPP
#define GATEWAY_CORE_SESSION_UPLINK_HPP

#include "gateway/core/context.hpp"
#include "mqttsn/messages.hpp"

namespace mqttsn::gateway::session_uplink {

void on_register(Context& context, Session& session, const Message& message);
/// QoS 0, 1, 2.
void on_publish(Context& context, Session& session, const Message& message);
void on_pubrel(Context& context, Session& session, const Message& message);

/// PUBACK, PUBREC, PUBCOMP of the broker.
void on_broker_ack(Context& context, Session& session, const mqtt::Packet& packet);

/// A new connection of the device: nothing is in flight any more, and what it sends is no repetition of what
/// came before. A rebooted device counts its MsgIds from the start again.
void reset(Session& session);
/// The link is another one now: what the device repeats must be passed on again.
/// @return true when the broker has forgotten a QoS 2 message that the device was told it had received
bool on_link_opened(Session& session, bool session_present);

}  // namespace mqttsn::gateway::session_uplink

#endif
