// SPDX-License-Identifier: BSD-3-Clause
//
// How a session begins and ends: CONNECT, the answer once the broker has answered, DISCONNECT, sleep,
// wake-up, keep-alive supervision, lost. Spec: sections 6.2, 6.3, 6.11, 6.12, 6.14. The will is in
// session_will.
#ifndef GATEWAY_CORE_SESSION_CONNECT_HPP
#define GATEWAY_CORE_SESSION_CONNECT_HPP

#include "gateway/core/context.hpp"
#include "mqttsn/messages.hpp"

namespace mqttsn::gateway::session_connect {

/// CONNECT from any endpoint; finds or makes the session (D05, D06, D09 to D11, D20).
void on_connect(Context& context, const Endpoint& from, const Message& message);
/// The session begins anew for a device at another address (D10).
void take_over(Context& context, Session& session, const Endpoint& from, const Message& connect);
/// CONNACK with a rejection, counted; `cause` is for the log.
void refuse(Context& context, const Endpoint& to, ReturnCode code, const char* cause, Bytes client_id);
void on_disconnect(Context& context, Session& session, const Message& message);
/// PINGREQ, with or without a client id; `at_endpoint` is the session the sender's address leads to, or
/// nullptr.
void on_pingreq(Context& context, const Endpoint& from, Session* at_endpoint, const Message& message);

/// Any valid message of the device: restarts its supervision (D08).
void heard(Context& context, Session& session);

/// All is known that MQTT CONNECT has to say: the broker decides.
void ask_broker(Context& context, Session& session);
/// WILLTOPIC has come in answer to SessionConnect::asked_again: the CONNECT was a new one. False: too many
/// sessions begin just now, the device is to ask again.
bool begin_again(Context& context, Session& session);
/// The broker accepted the link a connecting session waits for: CONNACK, active.
void on_accepted(Context& context, Session& session);
/// It refused, or the link failed: CONNACK with `code`, disconnected.
void on_failed(Context& context, Session& session, ReturnCode code);

/// Supervision or retries are over: the link ends without DISCONNECT, so that the broker publishes the will
/// (D25).
void lost(Context& context, Session& session, const char* cause);
/// The gateway ends the session: DISCONNECT to an active device, the link ends properly.
void dismiss(Context& context, Session& session, const char* cause);
/// The awake cycle is over: PINGRESP, asleep again (SN12-105).
void back_to_sleep(Context& context, Session& session, bool with_pingresp);

void on_supervision_timer(Context& context, Session& session);
void on_connect_timer(Context& context, Session& session);

}  // namespace mqttsn::gateway::session_connect

#endif
