// SPDX-License-Identifier: GPL-2.0-or-later
//
// Octets to fields: the plugin's own reading of MQTT-SN 1.2, made from common/mqttsn/message_table.h alone.
// Pure: nothing is allocated, nothing is kept, nothing throws, and Wireshark is not known here, because an
// exception of Wireshark jumps over C++ destructors. Whatever the octets are, what can be read is read and
// each fault is told.
#ifndef DISSECTOR_DECODE_HPP
#define DISSECTOR_DECODE_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "dissector/expert.hpp"
#include "mqttsn/message_table.h"

namespace mqttsnx {

using Octets = std::span<const std::uint8_t>;

constexpr std::size_t kEnvelopesMax = 8;  ///< nested this deep; more is a fault (Expert::envelopes_too_deep)
constexpr std::size_t kFaultsMax = 48;    ///< of one message and its envelopes: more than there can be

enum class Type : std::uint8_t {
#define X(NAME, name, code, octets_min, octets_max, from, layout, section) name = code,
    MQTTSN_MESSAGES(X)
#undef X
        envelope = MQTTSN_ENVELOPE_CODE,
};

/// A piece of the packet: octets [at, at + size), counted from the first octet of the buffer.
struct Range {
    std::uint32_t at = 0;
    std::uint32_t size = 0;
    constexpr std::uint32_t end() const { return at + size; }
};

/// A number that may be absent: then it takes no octets.
struct Number {
    std::uint32_t value = 0;
    Range where{};
    constexpr bool there() const { return where.size != 0; }
};

/// What a topic field holds (SN12-19).
enum class TopicForm : std::uint8_t {
    none,        ///< this message has no topic
    name,        ///< a name or filter in `text` (REGISTER, WILLTOPIC, SUBSCRIBE with type 00)
    id,          ///< normal topic id in `topic_id`
    predefined,  ///< pre-defined id in `topic_id`
    short_name,  ///< two octets of text; `topic_id` has them as a number and a place
    long_name,  ///< QoS -1 extension (D47): `topic_id` is the length of the name, `text` the name, `data` the
                ///< rest
    reserved,   ///< TopicIdType 11; `topic_id` has the octets if there are two
};

struct Fault {
    Expert expert;
    Range where;
};

/// One MQTT-SN message. A field that the message does not have, or that is not there any more, is not
/// there().
struct Message {
    Range whole;         ///< from Length to the end that Length gives, cut to the octets at hand
    Number length;       ///< 1 or 3 octets; value = octets of the message
    Number type;         ///< MsgType
    Number flags;        ///< Flags octet
    Number gw_id;        ///< ADVERTISE, GWINFO
    Number radius;       ///< SEARCHGW
    Number protocol_id;  ///< CONNECT
    Number return_code;  ///< CONNACK, REGACK, PUBACK, SUBACK, WILL...RESP
    Number duration;     ///< seconds: ADVERTISE interval, keep alive of CONNECT, sleep of DISCONNECT
    Number topic_id;     ///< PUBLISH, REGISTER, REGACK, PUBACK, SUBACK; SUBSCRIBE, UNSUBSCRIBE by form
    Number msg_id;
    Range text;  ///< ClientId, TopicName or filter, WillTopic, in SUBSCRIBE/UNSUBSCRIBE also a short name
    bool has_text = false;  ///< `text` is a field of this message, though it may be empty
    Range data;             ///< Data of PUBLISH, WillMsg, GwAdd
    bool has_data = false;
    Range unread;  ///< octets inside the message that no field takes: extra octets, a reserved type's body
    TopicForm topic_form = TopicForm::none;

    Type kind() const { return static_cast<Type>(type.value); }
    bool known() const;  ///< the type is one of the 27 (the envelope is no message)
    int qos() const {
        return flags.there() ? ((flags.value >> 5) & 3) == 3 ? -1 : static_cast<int>((flags.value >> 5) & 3)
                             : 0;
    }
    bool dup() const { return (flags.value & MQTTSN_FLAG_DUP) != 0; }
};

/// A forwarder's wrapper (SN12-114 to SN12-117).
struct Envelope {
    Range whole;  ///< without the message inside
    Number length, type, ctrl;
    Range node_id;
};

/// A datagram, or what follows the first message in it.
struct Datagram {
    std::array<Envelope, kEnvelopesMax> envelopes{};
    std::uint8_t envelope_count = 0;
    Message message;           ///< only if has_message
    bool has_message = false;  ///< at least Length is there
    Range rest;  ///< octets behind the message: one more message (Expert::several_messages) or not
    bool rest_is_message = false;
    std::array<Fault, kFaultsMax> faults{};
    std::uint8_t fault_count = 0;

    std::span<const Fault> all_faults() const { return {faults.data(), fault_count}; }
};

/// @param captured  the octets at hand, from the start of the buffer
/// @param reported  how many octets the datagram had on the wire, >= captured.size(); lengths are judged by
/// it
/// @param at        where to begin: 0, or rest.at of the call before (at most captured.size())
Datagram decode(Octets captured, std::uint32_t reported, std::uint32_t at) noexcept;

/// The row's upper-case name ("PUBLISH"), "Encapsulated" for FE, nullptr for a reserved type.
const char* type_name(std::uint32_t type) noexcept;
/// MQTTSN_FROM_DEVICE, MQTTSN_FROM_GATEWAY, MQTTSN_FROM_BOTH; 0 for a reserved type.
int sender_of(std::uint32_t type) noexcept;
/// The bits of Flags that mean something in this message (SN12-14 to SN12-19); 0 for a type without Flags.
std::uint8_t flag_bits(std::uint32_t type) noexcept;
/// "accepted", "rejected: congestion" ...; nullptr for a reserved code (SN12-28).
const char* return_code_text(std::uint32_t code) noexcept;

/// Whether a datagram that came on no known port may be MQTT-SN 1.2: its Length is the datagram's, the type
/// is known and the size is one the type can have, a CONNECT has ProtocolId 01, topic names are UTF-8;
/// envelopes likewise inside. A guess: short payloads of other protocols can look like it.
bool looks_like_mqttsn(Octets captured, std::uint32_t reported) noexcept;
/// Whether it can be the first packet of an MQTT-SN 2.0 device: type 01 with 10 octets or more and a Protocol
/// Version 2 where the drafts of 2025 and 2026 have it (D53). 1.2 has SEARCHGW there, of 3 or 5 octets.
bool looks_like_version_2_connect(Octets captured, std::uint32_t reported) noexcept;
/// The name of a message type in MQTT-SN 2.0, nullptr if reserved there.
const char* version_2_type_name(std::uint32_t type) noexcept;

std::string_view text_of(Octets captured, Range range) noexcept;
/// RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF.
bool is_utf8(std::string_view text) noexcept;
bool has_wildcard(std::string_view topic) noexcept;

}  // namespace mqttsnx

#endif
