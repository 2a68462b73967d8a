// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/outbox.hpp"

#include <algorithm>
#include <cstring>

#include "mqttsn/codec.hpp"

namespace mqttsn::gateway {
namespace {

constexpr std::size_t kChunkOctets = 16384;
constexpr std::size_t kChunksKept = 8;  // what one burst needed is not held for ever
constexpr std::size_t kOutputsKept = 4096;

}  // namespace

void Outbox::clear() {
    outputs_.clear();
    if (outputs_.capacity() > kOutputsKept) {
        outputs_.shrink_to_fit();
    }
    if (chunks_.size() > kChunksKept) {
        chunks_.resize(kChunksKept);
    }
    next_ = 0;
    chunk_ = 0;
    used_ = 0;
}

std::uint8_t* Outbox::reserve(std::size_t size) {
    while (chunk_ < chunks_.size() && chunks_[chunk_].size - used_ < size) {
        ++chunk_;
        used_ = 0;
    }
    if (chunk_ == chunks_.size()) {
        const std::size_t octets = std::max(size, kChunkOctets);
        chunks_.push_back(Chunk{std::make_unique<std::uint8_t[]>(octets), octets});
        used_ = 0;
    }
    std::uint8_t* const place = chunks_[chunk_].octets.get() + used_;
    used_ += size;
    return place;
}

Bytes Outbox::copy(Bytes octets) {
    if (octets.empty()) {
        return Bytes{};
    }
    std::uint8_t* const place = reserve(octets.size);
    std::memcpy(place, octets.data, octets.size);
    return Bytes{place, octets.size};
}

bool Outbox::push_message(const Endpoint& to, const Message& message, std::size_t octets_max, Bytes wrapper) {
    const std::size_t size = encoded_size(message);
    if (size == 0 || wrapper.size + size > octets_max) {
        return false;
    }
    if (wrapper.empty()) {
        outputs_.push_back(SendDatagram{to, encoded(message, size)});
        return true;
    }
    std::uint8_t* const place = reserve(wrapper.size + size);
    std::memcpy(place, wrapper.data, wrapper.size);
    encode(message, place + wrapper.size, size);
    outputs_.push_back(SendDatagram{to, Bytes{place, wrapper.size + size}});
    return true;
}

void Outbox::push_to_group(std::uint8_t group, std::uint8_t hop_limit, const Message& message) {
    outputs_.push_back(SendToGroup{group, hop_limit, encoded(message, encoded_size(message))});
}

Bytes Outbox::encoded(const Message& message, std::size_t size) {
    std::uint8_t* const place = reserve(size);
    encode(message, place, size);
    return Bytes{place, size};
}

}  // namespace mqttsn::gateway
