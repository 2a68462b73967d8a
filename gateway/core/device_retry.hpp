// SPDX-License-Identifier: BSD-3-Clause
//
// How long the gateway waits for what a device must answer (REGISTER, PUBLISH, PUBREL, WILLTOPICREQ,
// WILLMSGREQ), and when it gives up: T_retry and N_retry (SN12-99, SN12-100) of the first [[client]] rule
// that names them, else of the [[listen]], else of [retry]. A session has one such exchange at a time, so its
// state is one SessionRetry. Not here: what is sent, and what giving up means (session_connect,
// session_downlink).
//
// With `adaptive` the waits follow the round trips of this session (RoundTrip: RFC 6298 with Karn's rule and
// backoff, jitter above it), never longer than T_retry. Patience stays what the operator configured: the
// gateway gives up T_retry x (N_retry + 1) after the first transmission, as with fixed waits, and not after
// N_retry repetitions, which would be used up in a second; so there are more repetitions, but few, because
// each wait is double the one before. N_retry = 0 means no repetition at all, adaptive or not. A new session
// begins with T_retry. Nothing is measured across a sleep: what was sent before it is no sample.
#ifndef GATEWAY_CORE_DEVICE_RETRY_HPP
#define GATEWAY_CORE_DEVICE_RETRY_HPP

#include "gateway/core/context.hpp"

namespace mqttsn::gateway::device_retry {

/// At CONNECT. @param rule  the [[client]] rule of this device, or nullptr
void choose(const Context& context, Session& session, const ClientRule* rule);
/// A session begins: of the way to the device nothing is known.
void begin_session(Session& session);

/// T_retry of this device, which is also our guess of what the device itself waits (D30).
Millis interval(const Session& session);
/// How long one message may be repeated in all.
Millis patience(const Session& session);

/// The first transmission leaves now: waits for the answer.
/// @param first_ever  no earlier transmission, before a sleep or another connection, may be answered yet
void start(Context& context, Session& session, SessionTimer which, bool first_ever);
/// The wait is over. @return true = send again, then call sent_again(); false = give up
bool expired(Context& context, Session& session);
void sent_again(Context& context, Session& session, SessionTimer which);
/// The device itself asked for the repetition, so it is there: patience begins anew.
void asked_for(Context& context, Session& session);
/// The answer has come.
void answered(const Context& context, Session& session);
/// The device sleeps, or something else came between: what comes now measures nothing.
void interrupt(Session& session);

}  // namespace mqttsn::gateway::device_retry

#endif
