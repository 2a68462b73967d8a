// SPDX-License-Identifier: BSD-3-Clause
//
// What every message of a run carries, so that whoever receives it can tell whose it is, when it left and
// whether a single bit of it changed: run, stream, sequence number, check, send time, then a fill pattern
// that is different in each message. Octets are in the machine's order, because the process that wrote them
// reads them. Pure functions, any thread.
#ifndef TESTS_BENCH_PAYLOAD_HPP
#define TESTS_BENCH_PAYLOAD_HPP

#include <cstddef>
#include <cstdint>

#include "mqttsn/wire.hpp"

namespace mqttsn::load {

constexpr std::size_t kPayloadOctetsMin = 24;
constexpr std::size_t kPayloadOctetsMax = 60000;  ///< with MQTT-SN's and UDP's headers still one datagram

struct Stamp {
    std::uint32_t run = 0;
    std::uint32_t stream = 0;    ///< the device that sends it or that it is for; 0 when it is for all
    std::uint32_t sequence = 0;  ///< of the stream, from 0
    std::uint64_t sent_ns = 0;   ///< steady clock
};

/// Writes `size` octets to `out`.
/// @param size  kPayloadOctetsMin to kPayloadOctetsMax
void write_payload(const Stamp& stamp, std::uint8_t* out, std::size_t size);

enum class PayloadCheck : std::uint8_t {
    intact,
    damaged,  ///< size, check or fill pattern is wrong; the stamp says nothing
    foreign,  ///< whole, but of another run: a retained or late message
};

/// @param size  what write_payload() was given in this run
PayloadCheck read_payload(Bytes payload, std::uint32_t run, std::size_t size, Stamp& stamp);

}  // namespace mqttsn::load

#endif
