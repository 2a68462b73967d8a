// SPDX-License-Identifier: GPL-2.0-or-later
//
// The session of a device as the gateway sees it (section 7 of the specification), and what is unusual in a
// state. Functions over a Client; they keep nothing themselves.
#ifndef DISSECTOR_STORY_SESSIONS_HPP
#define DISSECTOR_STORY_SESSIONS_HPP

#include "dissector/story_records.hpp"

namespace mqttsnx::story {

/// A message of the device: how long it was silent, and whether that was too long (SN12-102, SN12-103).
void supervise(Scene& scene);
/// A message of the gateway: whether the device has been silent for too long.
void supervise_from_gateway(Scene& scene);
/// After a message of the device: the timers start again.
void heard_from_device(Scene& scene);
/// A message of the gateway shows that it has not given the session up. Not for DISCONNECT and CONNACK.
void heard_from_gateway(Scene& scene);

/// A CONNECT that is no repetition. Before Exchanges::ask, which belongs to the new session then.
void begin_session(Scene& scene);
void accept_session(Scene& scene);  ///< CONNACK
void refuse_session(Scene& scene);  ///< CONNACK with another return code
void will_asked(Scene& scene);      ///< WILLTOPICREQ, WILLMSGREQ
void will_given(Scene& scene);      ///< WILLTOPIC, WILLMSG

void ping_from_device(Scene& scene);
void end_of_wake_up(Scene& scene);           ///< PINGRESP of the gateway
void disconnect_from_device(Scene& scene);   ///< with or without Duration
void disconnect_confirmed(Scene& scene);     ///< the gateway's answer to it
void disconnect_from_gateway(Scene& scene);  ///< unasked

/// A request of the device that needs a connection: whether there is one.
void judge_request_up(Scene& scene);
/// A request of the gateway: whether the device can hear it.
void judge_request_down(Scene& scene);
/// A new request of the device shortly after "rejected: congestion".
void judge_congestion(Scene& scene, Congested kind);
/// The gateway's answer to such a request.
void remember_congestion(Scene& scene, Congested kind);

}  // namespace mqttsnx::story

#endif
