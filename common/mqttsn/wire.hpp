// SPDX-License-Identifier: BSD-3-Clause
//
// The vocabulary of MQTT-SN 1.2 on the wire: octet views, message types, flags, return codes, limits.
// Everything is made from message_table.h. Freestanding: no heap, clock, exceptions, RTTI or C++ standard
// library, here and in every file of common/. Any thread; there is no state.
#ifndef MQTTSN_WIRE_HPP
#define MQTTSN_WIRE_HPP

#include <stddef.h>
#include <stdint.h>

#include "mqttsn/message_table.h"

namespace mqttsn {

/// A borrowed run of octets. Who lends it says how long it lives.
struct Bytes {
    const uint8_t* data = nullptr;
    size_t size = 0;

    constexpr bool empty() const { return size == 0; }
    constexpr const uint8_t* begin() const { return data; }
    constexpr const uint8_t* end() const { return data + size; }
    constexpr uint8_t operator[](size_t i) const { return data[i]; }
};

/// Same length and same octets.
bool equal(Bytes a, Bytes b);

/// The octets of a NUL-terminated string, without the NUL.
Bytes bytes_of(const char* text);

enum class MessageType : uint8_t {
#define MQTTSN_ENUM(NAME, name, code, min, max, from, layout, section) name = code,
    MQTTSN_MESSAGES(MQTTSN_ENUM)
#undef MQTTSN_ENUM
};

enum class ReturnCode : uint8_t {
#define MQTTSN_ENUM(NAME, name, code, text) name = code,
    MQTTSN_RETURN_CODES(MQTTSN_ENUM)
#undef MQTTSN_ENUM
};

/// Who sends a message; the values are those of the `from` column of the table.
enum class Sender : uint8_t { device = MQTTSN_FROM_DEVICE, gateway = MQTTSN_FROM_GATEWAY };

/// SN12-19. `reserved` reaches the receiver, because it is answered, not dropped (D37).
enum class TopicIdType : uint8_t { normal = 0, predefined = 1, short_name = 2, reserved = 3 };

/// QoS 0, 1, 2, and -1 = publish without a connection (SN12-15).
using Qos = int8_t;
constexpr Qos kQosMinusOne = -1;

/// One row of the message table.
struct MessageRow {
    MessageType type;
    uint8_t octets_min;  ///< with the 1-octet Length form
    uint8_t octets_max;  ///< 0 = no fixed maximum
    uint8_t from;        ///< MQTTSN_FROM_*
    char layout[5];
};

/// The row of a MsgType code, or nullptr for a reserved code (SN12-12).
const MessageRow* find_message_row(uint8_t code);

/// The name in the specification ("PUBLISH"), or "?" for a reserved code. Static storage.
const char* message_name(uint8_t code);
/// The text of SN12-28, or "reserved". Static storage.
const char* return_code_text(uint8_t code);

/// The Flags octet (SN12-13): DUP, QoS, Retain, Will, CleanSession, TopicIdType. Unused bits are sent as 0
/// and ignored on receipt (D04).
struct Flags {
    uint8_t bits = 0;

    static constexpr uint8_t kDup = MQTTSN_FLAG_DUP;
    static constexpr uint8_t kQosMask = MQTTSN_FLAG_QOS;
    static constexpr uint8_t kRetain = MQTTSN_FLAG_RETAIN;
    static constexpr uint8_t kWill = MQTTSN_FLAG_WILL;
    static constexpr uint8_t kCleanSession = MQTTSN_FLAG_CLEAN_SESSION;
    static constexpr uint8_t kTopicIdTypeMask = MQTTSN_FLAG_TOPIC_ID_TYPE;

    constexpr bool dup() const { return (bits & kDup) != 0; }
    constexpr Qos qos() const {
        return (bits & kQosMask) == kQosMask ? kQosMinusOne : static_cast<Qos>((bits & kQosMask) >> 5);
    }
    constexpr bool retain() const { return (bits & kRetain) != 0; }
    constexpr bool will() const { return (bits & kWill) != 0; }
    constexpr bool clean_session() const { return (bits & kCleanSession) != 0; }
    constexpr TopicIdType topic_id_type() const { return static_cast<TopicIdType>(bits & kTopicIdTypeMask); }

    constexpr Flags with(uint8_t mask, bool on) const {
        return Flags{static_cast<uint8_t>(on ? (bits | mask) : (bits & ~mask))};
    }
    constexpr Flags with_dup(bool on) const { return with(kDup, on); }
    constexpr Flags with_qos(Qos qos) const {
        return Flags{static_cast<uint8_t>((bits & ~kQosMask) | ((static_cast<uint8_t>(qos) & 3U) << 5))};
    }
    constexpr Flags with_retain(bool on) const { return with(kRetain, on); }
    constexpr Flags with_will(bool on) const { return with(kWill, on); }
    constexpr Flags with_clean_session(bool on) const { return with(kCleanSession, on); }
    constexpr Flags with_topic_id_type(TopicIdType type) const {
        return Flags{static_cast<uint8_t>((bits & ~kTopicIdTypeMask) | static_cast<uint8_t>(type))};
    }
};

constexpr uint8_t kProtocolId = 0x01;          // SN12-24
constexpr uint16_t kTopicIdNone = 0x0000;      // reserved, SN12-25
constexpr uint16_t kTopicIdReserved = 0xFFFF;  // reserved, SN12-25
constexpr uint16_t kTopicIdMax = 0xFFFE;
constexpr size_t kMessageOctetsMax = 65535;  // SN12-09
constexpr size_t kShortFormOctetsMax = 255;  // largest total the 1-octet Length can say
constexpr size_t kNodeIdOctetsMax = 252;     // SN12-115

}  // namespace mqttsn

#endif
