// SPDX-License-Identifier: BSD-3-Clause
//
// MQTT-SN 1.2 on the wire, as far as a device needs it: what a gateway's message must look like, and how one
// of ours is put together. Everything comes from message_table.h; common/mqttsn/codec is the same for
// programs that have room for messages as values, and the tests hold the two against each other.
#ifndef MQTTSN_CLIENT_WIRE_HPP
#define MQTTSN_CLIENT_WIRE_HPP

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "mqttsn/message_table.h"
#include "topics.hpp"

namespace mqttsn {
namespace {

/// MsgType (SN12-12).
enum Type : uint8_t {
#define MQTTSN_TYPE(NAME, name, code, min, max, from, layout, section) kType##NAME = (code),
    MQTTSN_MESSAGES(MQTTSN_TYPE)
#undef MQTTSN_TYPE
};

/// ReturnCode (SN12-28).
enum Code : uint8_t {
#define MQTTSN_CODE(NAME, name, code, text) kCode##NAME = (code),
    MQTTSN_RETURN_CODES(MQTTSN_CODE)
#undef MQTTSN_CODE
};

constexpr uint8_t kFlagQosMinusOne = MQTTSN_FLAG_QOS;
constexpr uint8_t kFlagQos1 = 0x20;
constexpr uint8_t kFlagQos2 = 0x40;
constexpr uint8_t kProtocolId12 = 0x01;  // SN12-24

inline uint8_t qos_of(uint8_t flags) {
    return flags & MQTTSN_FLAG_QOS;
}
/// 0 and FFFF are reserved (SN12-25).
inline bool topic_id_usable(unsigned id) {
    return id - 1U < 0xFFFEU;
}
/// Without the NUL; more than fits any datagram when there is none within 65536 octets. (A loop, or strlen,
/// would ask a firmware for one more function.)
inline size_t text_octets(const char* text) {
    const void* const end = memchr(text, 0, 0x10000);
    return end != nullptr ? static_cast<size_t>(static_cast<const char*>(end) - text) : 0x10000;
}

constexpr unsigned kMoreMayFollow = 0x80;
constexpr unsigned kNotFromGateway = 0xFF;

/// What follows the header in a message of a gateway: fixed octets, perhaps with kMoreMayFollow.
/// kNotFromGateway: reserved, or only devices send it, but for SEARCHGW, which a device is to hear as well
/// (SN12-56). DISCONNECT with a duration does not fit: only a device says how long (SN12-48).
inline unsigned shape_of(uint8_t type) {
    switch (type) {
#define MQTTSN_SHAPE(NAME, name, code, min, max, from, layout, section)     \
    case code:                                                              \
        return ((from)&MQTTSN_FROM_GATEWAY) != 0 || (code) == kTypeSEARCHGW \
                   ? (min)-2U + ((max) == 0 ? kMoreMayFollow : 0U)          \
                   : kNotFromGateway;
        MQTTSN_MESSAGES(MQTTSN_SHAPE)
#undef MQTTSN_SHAPE
        default:
            return kNotFromGateway;
    }
}

/// A message of ours without its variable part. Type 0 (ADVERTISE, which no device sends) = none.
struct Head {
    uint8_t type;
    uint8_t octets;
    uint8_t fixed[5];

    void begin(uint8_t message_type) {
        type = message_type;
        octets = 0;
    }
    void put8(unsigned value) { fixed[octets++] = static_cast<uint8_t>(value); }
    void put16(unsigned value) {
        put8(value >> 8U);
        put8(value);
    }
};

/// A message of a gateway, its fields where the layouts agree on them.
struct Incoming {
    const uint8_t* data;  ///< the variable part, borrowed
    size_t octets;
    uint16_t topic_id;  ///< of PUBREC, PUBREL, PUBCOMP, UNSUBACK: their message id
    uint16_t message_id;
    uint8_t type;
    uint8_t flags;  ///< PUBLISH, SUBACK
    uint8_t code;   ///< the last fixed octet
};

struct Outgoing {
    Head head;
    size_t octets;
    const void* data;  ///< follows the fixed part, borrowed

    void set_data(const void* from, size_t size) {
        data = from;
        octets = size;
    }
};

}  // namespace
}  // namespace mqttsn

#endif
