// SPDX-License-Identifier: BSD-3-Clause
//
// The broker's side of a session: its one connection. Opening, keep-alive, loss, backoff, and telling the
// other rooms when it is back. MQTT 3.1.1 sections 3.1, 3.2, 3.12.
#ifndef GATEWAY_CORE_SESSION_LINK_HPP
#define GATEWAY_CORE_SESSION_LINK_HPP

#include "gateway/core/context.hpp"

namespace mqttsn::gateway::session_link {

/// Connects for the session as its CONNECT says. When an old connection still stands it ends first, so that
/// the broker never sees two and no will fires by a take-over.
void open(Context& context, Session& session);
/// Ends the connection, if there is one.
void close(Context& context, Session& session, bool with_disconnect);

/// Closes and opens again: on a new connection the broker sends again what it has not been acknowledged.
void reopen(Context& context, Session& session);

/// Back-pressure on the broker while the device's queue is full.
void pause_reading(Context& context, Session& session, bool pause);

void on_opened(Context& context, Session& session, bool session_present);
void on_refused(Context& context, Session& session, std::uint8_t code);
void on_closed(Context& context, Session& session, LinkCloseReason reason);
void on_pingresp(Context& context, Session& session);
void on_timer(Context& context, Session& session);

/// An MQTT PINGREQ behind everything sent so far.
void ping(Context& context, Session& session);

/// The device or the gateway has a packet under this id on its way to the broker.
bool packet_id_in_use(const Session& session, std::uint16_t id);
/// A packet id for packets the gateway itself sends on the link; never one that the device has in flight.
std::uint16_t own_packet_id(const Session& session);
/// MsgId = packet id, but 0, which MQTT forbids, travels as FFFF (D28).
constexpr std::uint16_t packet_id_of(std::uint16_t message_id) {
    return message_id != 0 ? message_id : 0xFFFFU;
}

}  // namespace mqttsn::gateway::session_link

#endif
