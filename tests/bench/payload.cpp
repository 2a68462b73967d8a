// SPDX-License-Identifier: BSD-3-Clause
//
// Octets: run 4, stream 4, sequence 4, check 4, send time 8, fill. The check covers the other fields and the
// size; the fill follows from the check, so a fill of another message does not pass either.
#include "bench/payload.hpp"

#include <algorithm>
#include <cstring>

namespace mqttsn::load {
namespace {

constexpr std::size_t kCheckAt = 12;
constexpr std::size_t kSentAt = 16;

constexpr std::uint64_t mix(std::uint64_t value) {  // the output function of SplitMix64
    value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    value = (value ^ (value >> 27U)) * 0x94D049BB133111EBULL;
    return value ^ (value >> 31U);
}

std::uint64_t seed_of(const Stamp& stamp, std::size_t size) {
    const std::uint64_t ids = (static_cast<std::uint64_t>(stamp.run) << 32U) | stamp.stream;
    const std::uint64_t rest = (static_cast<std::uint64_t>(stamp.sequence) << 32U) | size;
    return mix(mix(mix(ids + 0x9E3779B97F4A7C15ULL) ^ rest) ^ stamp.sent_ns);
}

constexpr std::uint64_t fill_word(std::uint64_t seed, std::uint64_t index) {
    return (seed + index) * 0x9E3779B97F4A7C15ULL;
}

/// Calls use(offset, word, octets) for the fill of a payload until it says false.
template <class Use>
bool walk_fill(std::uint64_t seed, std::size_t size, Use use) {
    std::uint64_t index = 1;
    for (std::size_t at = kPayloadOctetsMin; at < size; at += sizeof(std::uint64_t)) {
        if (!use(at, fill_word(seed, index++), std::min(sizeof(std::uint64_t), size - at))) {
            return false;
        }
    }
    return true;
}

}  // namespace

void write_payload(const Stamp& stamp, std::uint8_t* out, std::size_t size) {
    const std::uint64_t seed = seed_of(stamp, size);
    const std::uint32_t head[] = {stamp.run, stamp.stream, stamp.sequence, static_cast<std::uint32_t>(seed)};
    std::memcpy(out, head, sizeof head);
    std::memcpy(out + kSentAt, &stamp.sent_ns, sizeof stamp.sent_ns);
    walk_fill(seed, size, [out](std::size_t at, std::uint64_t word, std::size_t octets) {
        std::memcpy(out + at, &word, octets);
        return true;
    });
}

PayloadCheck read_payload(Bytes payload, std::uint32_t run, std::size_t size, Stamp& stamp) {
    if (payload.size < kPayloadOctetsMin) {
        return PayloadCheck::damaged;
    }
    std::uint32_t head[4];
    std::memcpy(head, payload.data, sizeof head);
    stamp.run = head[0];
    stamp.stream = head[1];
    stamp.sequence = head[2];
    std::memcpy(&stamp.sent_ns, payload.data + kSentAt, sizeof stamp.sent_ns);
    const std::uint64_t seed = seed_of(stamp, payload.size);
    static_assert(kCheckAt == 3 * sizeof(std::uint32_t));
    const bool whole =
        head[3] == static_cast<std::uint32_t>(seed) &&
        walk_fill(seed, payload.size, [&payload](std::size_t at, std::uint64_t word, std::size_t octets) {
            return std::memcmp(payload.data + at, &word, octets) == 0;
        });
    if (!whole) {
        return PayloadCheck::damaged;
    }
    if (stamp.run != run) {
        return PayloadCheck::foreign;
    }
    return payload.size == size ? PayloadCheck::intact : PayloadCheck::damaged;
}

}  // namespace mqttsn::load
