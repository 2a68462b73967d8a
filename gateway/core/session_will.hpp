// SPDX-License-Identifier: BSD-3-Clause
//
// The will of a device: asked for after CONNECT, kept (SN12-63), changed while connected. The broker learns
// it with MQTT CONNECT only, so a change is applied by connecting again (D43). Spec: sections 6.3, 6.4.
#ifndef GATEWAY_CORE_SESSION_WILL_HPP
#define GATEWAY_CORE_SESSION_WILL_HPP

#include "gateway/core/context.hpp"
#include "mqttsn/messages.hpp"

namespace mqttsn::gateway::session_will {

// The handshake after CONNECT with the flag Will (SN12-61).

/// WILLTOPICREQ; the rest follows from the device's answers.
void request(Context& context, Session& session);
/// The same when WILLTOPICREQ has been sent and its answer is there.
void await_topic(Context& context, Session& session);
void on_will_topic(Context& context, Session& session, const Message& message);
void on_will_msg(Context& context, Session& session, const Message& message);

// Changes while connected (SN12-69). Without a will there is nothing to change: 03.

/// WILLTOPICUPD; the empty form deletes topic and message.
void on_topic_update(Context& context, Session& session, const Message& message);
/// WILLMSGUPD.
void on_message_update(Context& context, Session& session, const Message& message);

/// A new link is open: it was opened with the will as it stood then.
void on_link_opened(Context& context, Session& session);
/// Repeats the requests of the handshake, or goes on with a change that has to wait.
void on_timer(Context& context, Session& session);
/// The session ends: what is stored stays, what is under way does not.
void reset(Session& session);

}  // namespace mqttsn::gateway::session_will

#endif
