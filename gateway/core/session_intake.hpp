// SPDX-License-Identifier: BSD-3-Clause
//
// What the broker sends for a device: into the device's queue, in place of an earlier copy, or refused. The
// other half of the downlink, session_downlink, takes it from the queue to the device. Spec:
// sections 6.10, 6.14; D19, D40.
#ifndef GATEWAY_CORE_SESSION_INTAKE_HPP
#define GATEWAY_CORE_SESSION_INTAKE_HPP

#include "gateway/core/context.hpp"

namespace mqttsn::gateway::session_intake {

void on_broker_publish(Context& context, Session& session, const mqtt::Packet& packet);
void on_broker_pubrel(Context& context, Session& session, std::uint16_t packet_id);

/// Does a message, the announcement of a name, fit one datagram to where the device is now (SN12-92)?
bool publish_fits(const Context& context, const Session& session, std::size_t payload_octets);
bool register_fits(const Context& context, const Session& session, std::size_t name_octets);

/// PUBACK, PUBREC or PUBCOMP to the broker; nothing while there is no link (the broker will send again).
void acknowledge(Context& context, Session& session, mqtt::PacketType type, std::uint16_t packet_id);
/// The device will not get this message: the broker must not wait for it (SN12-92, D40, D41).
void refuse_upstream(Context& context, Session& session, std::uint8_t qos, std::uint16_t packet_id);

}  // namespace mqttsn::gateway::session_intake

#endif
