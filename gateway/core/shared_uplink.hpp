// SPDX-License-Identifier: BSD-3-Clause
//
// From the devices of the shared session to the broker: each QoS 1/2 PUBLISH gets a packet id of the own
// session (a token), and its answer goes back to the device's session under the device's id. Fair: what
// cannot go at once waits with its device, and the devices take turns. Wills go the same way.
#ifndef GATEWAY_CORE_SHARED_UPLINK_HPP
#define GATEWAY_CORE_SHARED_UPLINK_HPP

#include "gateway/core/shared_state.hpp"

namespace mqttsn::gateway::shared_uplink {

/// PUBLISH of a device. One that is outstanding already (same id, same content, and marked as a repetition or
/// QoS 2) is not sent again.
void on_publish(SharedState& state, SharedClient& client, const mqtt::Packet& packet);
/// PUBREL: the id is free again. Always answered, as brokers do.
void on_pubrel(SharedState& state, SharedClient& client, std::uint16_t packet_id);
/// PUBACK or PUBCOMP of the own session for a token. code >= 0x80: the message was given up.
void on_done(SharedState& state, const mqtt::Packet& packet);
/// Publishes the will, if there is one, and forgets it.
void publish_will(SharedState& state, SharedClient& client);
/// The device's session ends here: what it was told nothing about yet still goes to the broker.
void end(SharedState& state, SharedClient& client);
/// Sends what waits, as far as the own session takes it.
void pump(SharedState& state);
/// No more room for what has to wait.
bool full(const SharedState& state);

}  // namespace mqttsn::gateway::shared_uplink

#endif
