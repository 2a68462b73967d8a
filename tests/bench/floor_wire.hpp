// SPDX-License-Identifier: BSD-3-Clause
//
// Numbers of MQTT-SN 1.2 and MQTT 3.1.1 as bench_floor needs them. It shares no code with the gateway.
#ifndef TESTS_BENCH_FLOOR_WIRE_HPP
#define TESTS_BENCH_FLOOR_WIRE_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bench {

using Octets = std::vector<std::uint8_t>;

// clang-format off
namespace sn {
enum Type : std::uint8_t {
    connect = 0x04, connack = 0x05, reg = 0x0A, regack = 0x0B, publish = 0x0C, puback = 0x0D, pubcomp = 0x0E,
    pubrec = 0x0F, pubrel = 0x10, subscribe = 0x12, suback = 0x13, pingreq = 0x16, pingresp = 0x17, disconnect = 0x18
};
}
namespace mqtt {
enum Header : std::uint8_t {
    connect = 0x10, connack = 0x20, publish = 0x30, puback = 0x40, pubrec = 0x50, pubrel = 0x62, pubcomp = 0x70,
    subscribe = 0x82, suback = 0x90, pingreq = 0xC0, pingresp = 0xD0, disconnect = 0xE0
};
}
// clang-format on

/// The least octets behind length and type, by MQTT-SN message type.
inline constexpr std::array<std::uint8_t, 0x19> kLeastOctets{0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 4, 0, 5,
                                                             5, 2, 2, 2, 0, 3, 0, 0, 0, 0, 0, 0};

/// PUBREC, PUBREL and PUBCOMP are the message id alone on both sides.
struct Acknowledgement {
    sn::Type device;
    mqtt::Header broker;
};
inline constexpr std::array<Acknowledgement, 3> kAcknowledgements{
    {{sn::pubrec, mqtt::pubrec}, {sn::pubrel, mqtt::pubrel}, {sn::pubcomp, mqtt::pubcomp}}};

inline std::uint16_t get16(const std::uint8_t* at) {
    return static_cast<std::uint16_t>(at[0] << 8 | at[1]);
}
inline void put16(Octets& to, std::size_t value) {
    to.push_back(static_cast<std::uint8_t>(value >> 8));
    to.push_back(static_cast<std::uint8_t>(value));
}

/// The halves of a number on the wire.
inline std::uint8_t high(std::size_t value) {
    return static_cast<std::uint8_t>(value >> 8);
}
inline std::uint8_t low(std::size_t value) {
    return static_cast<std::uint8_t>(value);
}

}  // namespace bench

#endif
