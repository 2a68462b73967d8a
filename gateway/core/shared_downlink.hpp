// SPDX-License-Identifier: BSD-3-Clause
//
// From the broker to the devices of the shared session: who gets a message, and each device's in-flight
// window and queue, which behave towards its session as a broker's would. MQTT 3.1.1
// sections 3.3.5, 4.3, 4.4, 4.6.
#ifndef GATEWAY_CORE_SHARED_DOWNLINK_HPP
#define GATEWAY_CORE_SHARED_DOWNLINK_HPP

#include "gateway/core/shared_state.hpp"

namespace mqttsn::gateway::shared_downlink {

/// A PUBLISH of the own session: to all devices whose filters match, or, a retained one, to the newcomers.
void on_own_publish(SharedState& state, const mqtt::Packet& packet);

/// PUBACK, PUBREC, PUBCOMP of a device's session.
void on_ack(SharedState& state, SharedClient& client, const mqtt::Packet& packet);
/// The link of a session that goes on is open: what is not acknowledged is sent again.
void resume(SharedState& state, SharedClient& client);
/// Sends what the window, and LinkRead, let through.
void pump(SharedState& state, SharedClient& client);
/// The session ends: what waits is dropped, and counted.
void end(SharedState& state, SharedClient& client);

}  // namespace mqttsn::gateway::shared_downlink

#endif
