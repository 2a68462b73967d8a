// SPDX-License-Identifier: BSD-3-Clause
//
// MQTT 3.1.1 packets as octets, both ways, for a client: encoding what we send, decoding what a server may
// send. A broker is input too, so the decoder believes nothing. Pure functions on caller's memory: no
// sockets, no state, any thread. Sections named here are those of MQTT 3.1.1; rule names (MQTT-2.2.2-2) are
// its own.
#ifndef GATEWAY_BROKER_MQTT_CODEC_HPP
#define GATEWAY_BROKER_MQTT_CODEC_HPP

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gateway/core/mqtt_packet.hpp"

namespace mqttsn::gateway::mqtt {

/// Octets to send; encoders append. Kept by the caller, so that in steady state nothing is allocated per
/// packet.
using OctetBuffer = std::vector<std::uint8_t>;

constexpr std::size_t kRemainingLengthMax = 268435455;  // section 2.2.3
constexpr std::size_t kFieldOctetsMax = 65535;          // strings and binary fields carry a 2-octet length

/// Appends a CONNECT. False, and nothing appended, when it cannot be said in MQTT 3.1.1: a field above
/// kFieldOctetsMax, will QoS above 2, a password without user name (MQTT-3.1.2-22).
[[nodiscard]] bool encode_connect(const Connect& connect, OctetBuffer& out);

/// Appends any packet that Packet can hold (those a server sends too: a model broker uses them). False, and
/// nothing appended, when it cannot be said: a QoS above 2, packet id 0 where one is needed, topic empty or
/// above kFieldOctetsMax, more than kRemainingLengthMax, or a type that Packet does not carry.
[[nodiscard]] bool encode_packet(const Packet& packet, OctetBuffer& out);

void encode_disconnect(OctetBuffer& out);

enum class DecodeStatus : std::uint8_t {
    need_more,  ///< at least Decoded::size octets in total are needed to say more; ask again then, not before
    packet,     ///< Decoded::packet; its views point into the input
    connack,    ///< Decoded::session_present and connect_code
    error,  ///< not MQTT, or not what a server may send: Decoded::error says what. The connection is lost.
};

struct Decoded {
    DecodeStatus status = DecodeStatus::need_more;
    /// packet, connack: octets of the whole packet. For an oversize PUBLISH this goes past the input: the
    /// rest of the stream up to there is payload to be skipped, `head_size` is what of the input was needed
    /// to tell.
    std::size_t size = 0;
    std::size_t head_size = 0;
    Packet packet;
    bool session_present = false;
    std::uint8_t connect_code = 0;
    const char* error = nullptr;  ///< static text
};

/// Looks at the octets received so far, from the first octet of a packet on. `remaining_length_max`: a
/// PUBLISH whose remaining length is above is reported as packet with `oversize` set and no payload as soon
/// as its head (topic and packet id) is there. Constant work while the packet is incomplete.
Decoded decode(Bytes input, std::size_t remaining_length_max);

}  // namespace mqttsn::gateway::mqtt

#endif
