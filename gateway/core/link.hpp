// SPDX-License-Identifier: BSD-3-Clause
//
// A link is one MQTT connection to the broker, as the core names it. The core decides when a link opens and
// closes; an engine does it and reports what became of it.
#ifndef GATEWAY_CORE_LINK_HPP
#define GATEWAY_CORE_LINK_HPP

#include <cstddef>
#include <cstdint>
#include <functional>

namespace mqttsn::gateway {

/// Names one attempt to connect: `slot` is small and reused (index by it), `generation` makes the pair
/// unique, so that what an old connection still says is never taken for the new one's word.
struct LinkId {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;
    friend bool operator==(const LinkId&, const LinkId&) = default;
};

/// The gateway's own session (status, QoS -1, shared sessions). Never in the slot of a device.
constexpr LinkId kOwnLink{0xFFFFFFFFU, 0};

/// Why a link is not there (any more).
enum class LinkCloseReason : std::uint8_t {
    unreachable,     ///< name look-up, TCP or TLS set-up failed: no CONNECT has reached the broker
    unanswered,      ///< CONNECT was sent, or may have been, and no CONNACK came
    closed_by_peer,  ///< the broker closed or reset an established connection
    protocol_error,  ///< the broker sent something that is not MQTT
    write_overflow,  ///< the broker does not read and the bounded write queue is full
    requested,       ///< answer to LinkClose
};

/// Static text for logs.
const char* link_close_reason_text(LinkCloseReason reason);

}  // namespace mqttsn::gateway

template <>
struct std::hash<mqttsn::gateway::LinkId> {
    std::size_t operator()(const mqttsn::gateway::LinkId& id) const noexcept {
        return (static_cast<std::size_t>(id.generation) << 32U) ^ id.slot;
    }
};

#endif
