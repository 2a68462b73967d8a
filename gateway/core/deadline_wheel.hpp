// SPDX-License-Identifier: BSD-3-Clause
//
// One deadline per session, the earliest first; equal ones in the order of their slots, so that a run can be
// repeated. Exact to the millisecond. Sessions move their deadline lazily (only to an earlier one; a later
// one waits until the old one fires), so that most traffic does not come here at all.
//
// A hierarchical timer wheel. Level n has 64 places, each 64^n ms wide; eleven levels hold any 64-bit time,
// so nothing is too far ahead. A deadline stands at the level of the highest base-64 digit in which it
// differs from `base_`, in the place of that digit. It is therefore later than everything at the levels
// below, and the first place in use at the lowest level in use holds the earliest one; two words of bits find
// it.
//
// The wheel has no clock. `base_` is the earliest deadline that it knew when it last looked, and all that are
// not later stand in front of the wheel, in a small heap: those of one millisecond, and those that were set
// since to something still earlier. When the front is empty, the first place is spread over the levels below.
// Each deadline only ever moves down, at most once per level, whatever time does between two calls.
//
// Cost: set and remove O(1) and without allocation (the two arrays grow to the most that they ever held), and
// O(log f) with f deadlines in front. At worst, all of them set before `base_`, it is the heap with all.
// Memory: 16 octets per slot, and 16 for each in front.
#ifndef GATEWAY_CORE_DEADLINE_WHEEL_HPP
#define GATEWAY_CORE_DEADLINE_WHEEL_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gateway/core/settings.hpp"

namespace mqttsn::gateway {

/// Not for several threads at once. Slots are small dense numbers below 2^31: memory grows with the highest.
class DeadlineWheel {
  public:
    static constexpr std::uint32_t kAbsent = 0xFFFFFFFFU;

    DeadlineWheel() { heads_.fill(kAbsent); }

    /// Adds the slot, or moves it to `when`, which may be in the past. kNever removes it.
    void set(std::uint32_t slot, Instant when);
    /// As set(), but an earlier deadline that stands already stays.
    void set_at_latest(std::uint32_t slot, Instant when);
    void remove(std::uint32_t slot);
    /// The deadline of a slot, kNever when it has none.
    Instant get(std::uint32_t slot) const { return slot < nodes_.size() ? nodes_[slot].when : kNever; }

    bool empty() const { return front_.empty(); }
    /// The slot of the earliest one, kAbsent when there is none.
    std::uint32_t top() const { return front_.empty() ? kAbsent : front_.front().slot; }
    /// Exactly when that is, kNever when there is none.
    Instant top_deadline() const { return front_.empty() ? kNever : front_.front().when; }

  private:
    static constexpr unsigned kDigitBits = 6;
    static constexpr unsigned kPlaces = 1U << kDigitBits;  // of a level
    static constexpr unsigned kLevels = (64 + kDigitBits - 1) / kDigitBits;
    static constexpr std::uint32_t kFirst = 0x80000000U;

    struct Node {
        Instant when = kNever;       // kNever: stands nowhere; not after base_: in front; else in the wheel
        std::uint32_t next = 0;      // of its place, kAbsent for the last; in front: the index there
        std::uint32_t previous = 0;  // for the first of a place: kFirst | the place
    };
    struct Entry {
        Instant when;
        std::uint32_t slot;
    };
    static bool before(const Entry& a, const Entry& b) {
        return a.when != b.when ? a.when < b.when : a.slot < b.slot;
    }

    void insert(std::uint32_t slot);
    void detach(std::uint32_t slot);
    void refill_front();

    void link(std::uint32_t slot);
    void unlink(const Node& node);
    void mark_empty(std::uint32_t place);

    void place_in_front(std::size_t index, Entry entry);
    void sift_up(std::size_t index);
    void sift_down(std::size_t index);
    void remove_from_front(std::size_t index);

    Instant base_{};
    std::uint32_t levels_ = 0;                   // bit n: level n holds something
    std::array<std::uint64_t, kLevels> used_{};  // bit n: place n of the level holds something
    std::array<std::uint32_t, std::size_t{kLevels} * kPlaces> heads_;  // the first slot of each place
    std::vector<Node> nodes_;                                          // by slot
    std::vector<Entry> front_;  // a 4-ary heap; empty only if the wheel is, too
};

}  // namespace mqttsn::gateway

#endif
