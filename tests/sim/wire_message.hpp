// SPDX-License-Identifier: BSD-3-Clause
//
// A second, small reader of MQTT-SN 1.2 datagrams for the checkers: what they need and no more. It shares
// nothing with common/mqttsn/codec on purpose, because that is under test. Pure, any thread.
#ifndef TESTS_SIM_WIRE_MESSAGE_HPP
#define TESTS_SIM_WIRE_MESSAGE_HPP

#include <cstdint>
#include <string>
#include <string_view>

#include "mqttsn/wire.hpp"

namespace mqttsn::sim {

/// Message types by their codes (SN12 section 5.2.2).
enum class WireType : std::uint8_t {
    connect = 0x04,
    connack,
    will_topic_req,
    will_topic,
    will_msg_req,
    will_msg,
    register_topic,
    regack,
    publish,
    puback,
    pubcomp,
    pubrec,
    pubrel,
    subscribe = 0x12,
    suback,
    unsubscribe,
    unsuback,
    pingreq,
    pingresp,
    disconnect,
};

struct WireMessage {
    WireType type{};
    bool valid = false;  ///< long enough for its type, length field right
    bool dup = false;
    bool clean = false;
    int qos = 0;  ///< -1..2
    std::uint16_t topic_id = 0;
    std::uint16_t message_id = 0;
    std::uint8_t code = 0;
    std::uint16_t duration = 0;  ///< CONNECT: keep-alive; DISCONNECT: sleep; seconds
    bool has_more = false;       ///< DISCONNECT with a duration, PINGREQ with a client id
    std::string_view rest;       ///< payload, topic name, client id; into the datagram
};

WireMessage read_wire(Bytes datagram);

/// A forwarder's wrapper (SN12 section 5.4.5) and what is behind it, unread.
struct WireEnvelope {
    bool valid = false;
    std::uint8_t control = 0;
    std::string_view node_id;  ///< into the datagram
    Bytes message;
};

WireEnvelope read_envelope(Bytes datagram);
/// For traces: "PUBLISH id=3 topic=7 Q1 DUP 12 B".
std::string to_text(const WireMessage& message);

}  // namespace mqttsn::sim

#endif
