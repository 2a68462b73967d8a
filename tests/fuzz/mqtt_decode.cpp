// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <vector>

#include "fuzz/targets.hpp"
#include "gateway/broker/mqtt_codec.hpp"

using mqttsn::Bytes;
using namespace mqttsn::gateway::mqtt;

namespace {

/// Small, so that a short input can be above it.
constexpr std::size_t kLimit = 200;

bool inside(Bytes part, Bytes whole) {
    return part.empty() || (part.data >= whole.data && part.data + part.size <= whole.data + whole.size);
}

/// A packet that was decoded encodes to something that decodes to the same, and to the same octets where MQTT
/// leaves no choice.
void check_encodes_again(const Packet& packet, Bytes octets) {
    OctetBuffer out;
    FUZZ_CHECK(encode_packet(packet, out));
    FUZZ_CHECK(out.size() <= octets.size);  // a remaining length with idle octets comes back shorter
    if (out.size() == octets.size) {
        const bool dup_dropped = packet.type == PacketType::publish && packet.qos == 0;
        out[0] = dup_dropped ? static_cast<std::uint8_t>(out[0] | (octets[0] & 8U)) : out[0];
        FUZZ_CHECK(std::equal(out.begin(), out.end(), octets.begin()));
    }
    const Decoded again = decode(Bytes{out.data(), out.size()}, kLimit);
    FUZZ_CHECK(again.status == DecodeStatus::packet && again.size == out.size());
    FUZZ_CHECK(again.packet.type == packet.type && again.packet.packet_id == packet.packet_id);
    FUZZ_CHECK(again.packet.qos == packet.qos && again.packet.code == packet.code);
    FUZZ_CHECK(mqttsn::equal(again.packet.topic, packet.topic));
    FUZZ_CHECK(mqttsn::equal(again.packet.payload, packet.payload));
}

/// One octet more each time: it asks for more until the size it named is there, and never for more than the
/// packet has.
void check_growth(Bytes input, const Decoded& whole) {
    const bool complete = whole.status != DecodeStatus::need_more;
    const std::size_t enough = !complete ? input.size : whole.packet.oversize ? whole.head_size : whole.size;
    std::size_t wanted = 0;
    for (std::size_t size = 0; size < enough; ++size) {
        const std::vector<std::uint8_t> copy(input.data, input.data + size);
        const Decoded part = decode(Bytes{copy.data(), copy.size()}, kLimit);
        FUZZ_CHECK(part.status == DecodeStatus::need_more);
        FUZZ_CHECK(part.size > size && part.size >= wanted);
        FUZZ_CHECK(!complete || part.size <= enough);
        wanted = part.size;
    }
}

}  // namespace

void fuzz_mqtt_decode(const std::uint8_t* data, std::size_t size) {
    std::size_t at = 0;
    while (true) {
        // A copy of exactly this size on the heap: one octet read outside it is an error in sanitizer builds.
        const std::vector<std::uint8_t> copy(data + at, data + size);
        const Bytes input{copy.data(), copy.size()};
        const Decoded decoded = decode(input, kLimit);
        if (decoded.status != DecodeStatus::error) {
            check_growth(input, decoded);
        }
        if (decoded.status == DecodeStatus::need_more) {
            FUZZ_CHECK(decoded.size > input.size);
            return;
        }
        if (decoded.status == DecodeStatus::error) {
            FUZZ_CHECK(decoded.error != nullptr);
            return;
        }
        FUZZ_CHECK(decoded.head_size <= input.size && decoded.head_size <= decoded.size && decoded.size >= 2);
        const Packet& packet = decoded.packet;
        if (decoded.status == DecodeStatus::packet) {
            FUZZ_CHECK(inside(packet.topic, input) && inside(packet.payload, input));
            FUZZ_CHECK(!packet.oversize || (packet.type == PacketType::publish && packet.payload.empty()));
            if (!packet.oversize) {
                FUZZ_CHECK(decoded.size <= input.size);
                check_encodes_again(packet, Bytes{input.data, decoded.size});
            }
        }
        if (decoded.size >= input.size) {
            return;
        }
        at += decoded.size;
    }
}
