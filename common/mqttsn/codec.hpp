// SPDX-License-Identifier: BSD-3-Clause
//
// Datagram <-> Message. Spec: sections 5.2 and 5.4; strictness by D01 to D04 and D54 of SPEC_NOTES.md.
// Decoding never reads outside the view it is given and never allocates; a decoded Message borrows its data
// from it.
#ifndef MQTTSN_CODEC_HPP
#define MQTTSN_CODEC_HPP

#include "mqttsn/messages.hpp"

namespace mqttsn {

/// Why a datagram is not a message. The caller drops and counts it; nothing is ever answered (D02, D03).
enum class DecodeError : uint8_t {
    none,
    truncated,        ///< fewer octets than a header needs
    length_mismatch,  ///< Length differs from the datagram's size, or is impossible (D01, D02)
    unknown_type,     ///< reserved MsgType (D03)
    wrong_direction,  ///< a type this sender may not send (D03)
    wrong_size,       ///< too short or too long for its type (D02, D54)
};

/// Static text for logs, for example "length mismatch".
const char* decode_error_text(DecodeError error);

/// Reads the one message that fills `datagram` (both Length forms, SN12-09). The forwarder envelope is not a
/// message here: see decode_envelope(). On an error `out` is unspecified.
DecodeError decode(Bytes datagram, Sender sender, Message& out);

/// Octets that encode() will write, or 0 when the message is over 65535.
size_t encoded_size(const Message& message);

/// Writes `message`; the 1-octet Length form whenever the total is below 256 (peers insist on it). `out` must
/// not overlap the octets that message.data borrows.
/// @return octets written, or 0 and `out` untouched when it does not fit.
size_t encode(const Message& message, uint8_t* out, size_t capacity);

/// The forwarder's wrapper (SN12-113 to SN12-117).
struct Envelope {
    uint8_t radius = 0;  ///< 0..3: Ctrl bits 1-0; the other bits are sent as 0 and ignored (D04)
    Bytes node_id;       ///< 0..252 octets
    Bytes message;       ///< the wrapped message, header included; its own Length is not checked here
};

/// True when the MsgType after a 1-octet Length says "encapsulated": decode_envelope() is the
/// function to call.
bool is_envelope(Bytes datagram);
/// Only the 1-octet Length form exists for the wrapper (SN12-114). The message may turn out empty or another
/// wrapper: decode() refuses both. On an error `out` is unspecified.
DecodeError decode_envelope(Bytes datagram, Envelope& out);
/// Writes the wrapper's header; the message is to follow it. A radius above 3 is sent as 3, the widest
/// limited one that two bits can say, because its low bits alone could read as 0 = everywhere.
/// @return octets written, or 0 and `out` untouched when node_id is over 252 octets or it does not fit.
size_t encode_envelope_header(uint8_t radius, Bytes node_id, uint8_t* out, size_t capacity);

}  // namespace mqttsn

#endif
