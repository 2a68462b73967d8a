// SPDX-License-Identifier: BSD-3-Clause
//
// All that leaves the core. Effects are values: the core never calls out. Views in an output live until the
// next input.
#ifndef GATEWAY_CORE_OUTPUT_HPP
#define GATEWAY_CORE_OUTPUT_HPP

#include <variant>

#include "gateway/core/event.hpp"
#include "gateway/core/link.hpp"
#include "gateway/core/mqtt_packet.hpp"

namespace mqttsn::gateway {

/// One datagram to a device.
struct SendDatagram {
    Endpoint to;
    Bytes octets;
};

/// One datagram to a multicast group or broadcast address of [discovery].
struct SendToGroup {
    std::uint8_t group = 0;      ///< which one, below DiscoverySettings::groups
    std::uint8_t hop_limit = 1;  ///< TTL or hop limit
    Bytes octets;
};

/// Connect to the broker for a session; answered by link_opened, link_refused or link_closed.
struct LinkOpen {
    LinkId link;
    mqtt::Connect connect;
};

/// One MQTT packet to the broker. link == kOwnLink: on the gateway's own session (QoS -1, and what
/// shared_sessions.hpp says).
struct LinkSend {
    LinkId link;
    mqtt::Packet packet;
};

/// End a connection; with_disconnect = false makes the broker publish the will (D25). Answered by
/// link_closed.
struct LinkClose {
    LinkId link;
    bool with_disconnect = true;
};

/// Back-pressure: stop, or go on, reading from the broker on this link. What has been read already still
/// comes.
struct LinkRead {
    LinkId link;
    bool on = true;
};

using Output = std::variant<SendDatagram, SendToGroup, LinkOpen, LinkSend, LinkClose, LinkRead, Event>;

}  // namespace mqttsn::gateway

#endif
