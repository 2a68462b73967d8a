// SPDX-License-Identifier: BSD-3-Clause
//
// One deadline per session, the earliest first; equal ones in the order of their slots, so that a run can be
// repeated. A 4-ary heap that knows where each slot stands. Sessions move their deadline lazily (only to an
// earlier one; a later one waits until the old one fires), so that traffic costs no heap work at all.
#ifndef GATEWAY_CORE_DEADLINE_HEAP_HPP
#define GATEWAY_CORE_DEADLINE_HEAP_HPP

#include <cstdint>
#include <vector>

#include "gateway/core/settings.hpp"

namespace mqttsn::gateway {

class DeadlineHeap {
  public:
    static constexpr std::uint32_t kAbsent = 0xFFFFFFFFU;

    /// Adds the slot, or moves it to `when`. kNever removes it.
    void set(std::uint32_t slot, Instant when);
    /// As set(), but an earlier deadline that stands already stays.
    void set_at_latest(std::uint32_t slot, Instant when);
    void remove(std::uint32_t slot);
    /// The deadline of a slot, kNever when it has none.
    Instant get(std::uint32_t slot) const;

    bool empty() const { return heap_.empty(); }
    /// The slot of the earliest one, kAbsent when there is none.
    std::uint32_t top() const { return heap_.empty() ? kAbsent : heap_.front().slot; }
    Instant top_deadline() const { return heap_.empty() ? kNever : heap_.front().when; }

  private:
    struct Entry {
        Instant when;
        std::uint32_t slot;
    };
    static bool before(const Entry& a, const Entry& b) {
        return a.when != b.when ? a.when < b.when : a.slot < b.slot;
    }
    void place(std::size_t index, Entry entry);
    void sift_up(std::size_t index);
    void sift_down(std::size_t index);

    std::vector<Entry> heap_;
    std::vector<std::uint32_t> position_;  // by slot
};

}  // namespace mqttsn::gateway

#endif
