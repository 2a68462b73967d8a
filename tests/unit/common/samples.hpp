// SPDX-License-Identifier: BSD-3-Clause
//
// The message set of MQTT-SN 1.2 typed a second time, by hand from SN12-29 to SN12-51, and at least one
// datagram of every message: what tests compare message_table.h and the codec with. Nothing here may be made
// from the table.
#ifndef TESTS_UNIT_COMMON_SAMPLES_HPP
#define TESTS_UNIT_COMMON_SAMPLES_HPP

#include <cstddef>
#include <cstdint>

#include "mqttsn/wire.hpp"
#include "support/hex.hpp"

namespace test {

struct SpecRow {
    std::uint8_t code;
    const char* name;
    std::size_t total_min;  ///< octets with the 1-octet Length
    std::size_t total_max;  ///< 0 = no maximum
    bool from_device;
    bool from_gateway;
};

inline constexpr SpecRow kSpecRows[] = {
    {0x00, "ADVERTISE", 5, 5, false, true},     {0x01, "SEARCHGW", 3, 3, true, false},
    {0x02, "GWINFO", 3, 0, true, true},         {0x04, "CONNECT", 6, 0, true, false},
    {0x05, "CONNACK", 3, 3, false, true},       {0x06, "WILLTOPICREQ", 2, 2, false, true},
    {0x07, "WILLTOPIC", 2, 0, true, false},     {0x08, "WILLMSGREQ", 2, 2, false, true},
    {0x09, "WILLMSG", 2, 0, true, false},       {0x0A, "REGISTER", 6, 0, true, true},
    {0x0B, "REGACK", 7, 7, true, true},         {0x0C, "PUBLISH", 7, 0, true, true},
    {0x0D, "PUBACK", 7, 7, true, true},         {0x0E, "PUBCOMP", 4, 4, true, true},
    {0x0F, "PUBREC", 4, 4, true, true},         {0x10, "PUBREL", 4, 4, true, true},
    {0x12, "SUBSCRIBE", 5, 0, true, false},     {0x13, "SUBACK", 8, 8, false, true},
    {0x14, "UNSUBSCRIBE", 5, 0, true, false},   {0x15, "UNSUBACK", 4, 4, false, true},
    {0x16, "PINGREQ", 2, 0, true, true},        {0x17, "PINGRESP", 2, 2, true, true},
    {0x18, "DISCONNECT", 2, 4, true, true},     {0x1A, "WILLTOPICUPD", 2, 0, true, false},
    {0x1B, "WILLTOPICRESP", 3, 3, false, true}, {0x1C, "WILLMSGUPD", 2, 0, true, false},
    {0x1D, "WILLMSGRESP", 3, 3, false, true},
};

inline const SpecRow* find_spec_row(std::uint8_t code) {
    for (const SpecRow& row : kSpecRows) {
        if (row.code == code) {
            return &row;
        }
    }
    return nullptr;
}

/// Whether a message with this many octets in all (1-octet Length) has a legal size for its type.
/// @param first  the octet after MsgType, the Flags where the type has them; any value when there is none
inline bool spec_size_ok(const SpecRow& row, std::size_t total, std::uint8_t first) {
    if (total < row.total_min || (row.total_max != 0 && total > row.total_max)) {
        return false;
    }
    if (row.code == 0x18) {
        return total != 3;  // Duration has two octets or is missing (D54)
    }
    if ((row.code == 0x12 || row.code == 0x14) && ((first & 3U) == 1 || (first & 3U) == 2)) {
        return total == 7;  // a predefined id or a short name has two octets (SN12-42)
    }
    return true;
}

/// Who may send it, asked the way decode() is told.
inline bool spec_direction_ok(const SpecRow& row, mqttsn::Sender sender) {
    return sender == mqttsn::Sender::device ? row.from_device : row.from_gateway;
}
inline mqttsn::Sender a_sender_of(const SpecRow& row) {
    return row.from_device ? mqttsn::Sender::device : mqttsn::Sender::gateway;
}

/// Legal datagrams, 1-octet Length form, every type at least once (wire_test.cpp counts).
inline constexpr const char* kSamples[] = {
    "05 00 05 03 84",
    "03 01 01",
    "03 02 05",
    "0A 02 05 06 7F 00 00 01 07 5B",
    "06 04 04 01 00 3C",
    "0A 04 0C 01 00 3C 64 65 76 31",
    "03 05 01",
    "02 06",
    "02 07",
    "03 07 30",
    "06 07 30 77 2F 74",
    "02 08",
    "02 09",
    "05 09 6F 66 66",
    "09 0A 00 00 00 01 61 2F 62",
    "06 0A 00 10 00 01",
    "07 0B 00 10 00 01 02",
    "07 0C 40 00 10 00 02",
    "09 0C A0 00 10 00 02 68 69",
    "08 0C 63 00 10 00 02 68",
    "07 0D 00 10 00 02 03",
    "04 0E 00 02",
    "04 0F 00 02",
    "04 10 00 02",
    "05 12 00 00 03",
    "08 12 20 00 03 61 2F 23",
    "07 12 01 00 03 00 01",
    "07 12 22 00 03 61 62",
    "06 12 03 00 03 61",
    "08 13 20 00 00 00 03 00",
    "08 14 00 00 04 61 2F 23",
    "07 14 01 00 04 00 01",
    "07 14 02 00 04 61 62",
    "09 14 03 00 04 61 62 63 64",
    "04 15 00 04",
    "02 16",
    "06 16 64 65 76 31",
    "02 17",
    "02 18",
    "04 18 01 2C",
    "06 1A 30 77 2F 74",
    "03 1A 10",
    "02 1A",
    "03 1B 00",
    "02 1C",
    "05 1C 6F 66 66",
    "03 1D 80",
};

/// The body, what follows MsgType, under a new header of the wanted form.
inline Octets with_header(std::uint8_t code, const Octets& body, bool long_form) {
    const std::size_t total = body.size() + (long_form ? 4U : 2U);
    Octets out;
    if (long_form) {
        out = {0x01, static_cast<std::uint8_t>(total >> 8U)};
    }
    out.push_back(static_cast<std::uint8_t>(total));
    out.push_back(code);
    out.insert(out.end(), body.begin(), body.end());
    return out;
}

}  // namespace test

#endif
