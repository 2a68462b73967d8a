// SPDX-License-Identifier: BSD-3-Clause
//
// SUBSCRIBE and UNSUBSCRIBE, and making subscriptions again that the broker has lost. Spec: section 6.9.
#ifndef GATEWAY_CORE_SESSION_SUBSCRIBE_HPP
#define GATEWAY_CORE_SESSION_SUBSCRIBE_HPP

#include "gateway/core/context.hpp"
#include "mqttsn/messages.hpp"

namespace mqttsn::gateway::session_subscribe {

void on_subscribe(Context& context, Session& session, const Message& message);
void on_unsubscribe(Context& context, Session& session, const Message& message);

/// SUBACK and UNSUBACK of the broker.
void on_broker_answer(Context& context, Session& session, const mqtt::Packet& packet);

/// The device refused the id of exactly this name: the subscription ends (SN12-90). @return false when there
/// is none.
bool drop_exact(Context& context, Session& session, const TopicName& name);
/// How messages of this name reach the device: the subscription by pre-defined id or short name, or nullptr
/// (D52).
const Subscription* find_id_form(const Session& session, const TopicName& name);

/// A new connection of the device. `forget` also forgets the subscriptions (clean session).
void reset(Session& session, bool forget);
/// @param in_doubt  the broker may have begun this session without our knowledge: it has it, and perhaps no
///   subscriptions
void on_link_opened(Context& context, Session& session, bool session_present, bool in_doubt);
void on_link_closed(Context& context, Session& session);
void on_timer(Context& context, Session& session);

}  // namespace mqttsn::gateway::session_subscribe

#endif
