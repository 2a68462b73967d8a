// SPDX-License-Identifier: BSD-3-Clause
#include "bench/ledger.hpp"

#include <algorithm>
#include <bit>

namespace mqttsn::load {
namespace {

constexpr std::size_t kBitsOfAll = std::size_t{1} << 22;
constexpr std::size_t kWindowMin = 1024;

constexpr std::uint64_t bit(std::uint32_t sequence) {
    return std::uint64_t{1} << (sequence & 63U);
}

}  // namespace

Ledger::Ledger(std::size_t streams)
    : window_(static_cast<std::uint32_t>(
          std::bit_floor(std::max(kWindowMin, kBitsOfAll / std::max<std::size_t>(streams, 1))))),
      streams_(streams),
      bits_(streams * (window_ / 64)) {}

/// The bits of `from` .. `to` - 1 get a new meaning.
void Ledger::forget(std::size_t stream, std::uint32_t from, std::uint32_t to) {
    if (to - from >= window_) {
        std::fill_n(bits_.begin() + static_cast<std::ptrdiff_t>(stream * (window_ / 64)), window_ / 64, 0);
        return;
    }
    for (std::uint32_t sequence = from; sequence != to; ++sequence) {
        word(stream, sequence) &= ~bit(sequence);
    }
}

Ledger::Entry Ledger::arrive(std::size_t stream, std::uint32_t sequence) {
    Stream& at = streams_[stream];
    Entry entry;
    if (sequence >= at.next) {
        entry = {Arrival::in_order, sequence + 1 - at.next};
        forget(stream, at.next, sequence + 1);
        at.next = sequence + 1;
    } else if (at.next - sequence > window_ || (word(stream, sequence) & bit(sequence)) != 0) {
        ++duplicates_;
        return entry;
    } else {
        entry.arrival = Arrival::late;
        ++late_;
    }
    word(stream, sequence) |= bit(sequence);
    ++at.arrived;
    ++arrived_;
    return entry;
}

}  // namespace mqttsn::load
