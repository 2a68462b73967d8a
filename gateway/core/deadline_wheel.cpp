// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/deadline_wheel.hpp"

#include <algorithm>
#include <bit>

namespace mqttsn::gateway {
namespace {

/// The time as an unsigned number in the same order, also before zero.
std::uint64_t ordered(Instant when) {
    return static_cast<std::uint64_t>(when.time_since_epoch().count()) ^ (std::uint64_t{1} << 63U);
}

}  // namespace

// ---- the wheel ----

inline void DeadlineWheel::mark_empty(std::uint32_t place) {
    const std::uint32_t level = place / kPlaces;
    used_[level] &= ~(std::uint64_t{1} << (place % kPlaces));
    if (used_[level] == 0) {
        levels_ &= ~(1U << level);
    }
}

inline void DeadlineWheel::link(std::uint32_t slot) {
    Node& node = nodes_[slot];
    const std::uint64_t time = ordered(node.when);
    const std::uint64_t differs = time ^ ordered(base_);  // not 0: it is later
    // The bound is for the analyzer, which does not know countl_zero().
    const unsigned level =
        std::min((63U - static_cast<unsigned>(std::countl_zero(differs))) / kDigitBits, kLevels - 1);
    const auto digit = static_cast<unsigned>(time >> (kDigitBits * level)) % kPlaces;
    const std::uint32_t place = level * kPlaces + digit;
    node.previous = kFirst | place;
    node.next = heads_[place];
    if (node.next != kAbsent) {
        nodes_[node.next].previous = slot;
    }
    heads_[place] = slot;
    used_[level] |= std::uint64_t{1} << digit;
    levels_ |= 1U << level;
}

inline void DeadlineWheel::unlink(const Node& node) {
    if (node.next != kAbsent) {
        nodes_[node.next].previous = node.previous;
    }
    if ((node.previous & kFirst) == 0) {
        nodes_[node.previous].next = node.next;
        return;
    }
    const std::uint32_t place = node.previous & ~kFirst;
    heads_[place] = node.next;
    if (node.next == kAbsent) {
        mark_empty(place);
    }
}

// ---- the front ----

inline void DeadlineWheel::place_in_front(std::size_t index, Entry entry) {
    nodes_[entry.slot].next = static_cast<std::uint32_t>(index);
    front_[index] = entry;
}

void DeadlineWheel::sift_up(std::size_t index) {
    const Entry entry = front_[index];
    while (index > 0) {
        const std::size_t parent = (index - 1) / 4;
        if (!before(entry, front_[parent])) {
            break;
        }
        place_in_front(index, front_[parent]);
        index = parent;
    }
    place_in_front(index, entry);
}

void DeadlineWheel::sift_down(std::size_t index) {
    const Entry entry = front_[index];
    for (;;) {
        const std::size_t first = 4 * index + 1;
        if (first >= front_.size()) {
            break;
        }
        std::size_t least = first;
        const std::size_t end = std::min(first + 4, front_.size());
        for (std::size_t child = first + 1; child < end; ++child) {
            if (before(front_[child], front_[least])) {
                least = child;
            }
        }
        if (!before(front_[least], entry)) {
            break;
        }
        place_in_front(index, front_[least]);
        index = least;
    }
    place_in_front(index, entry);
}

void DeadlineWheel::remove_from_front(std::size_t index) {
    const Entry last = front_.back();
    front_.pop_back();
    if (index < front_.size()) {
        place_in_front(index, last);
        sift_up(index);
        sift_down(nodes_[last.slot].next);
    }
}

// ---- both ----

inline void DeadlineWheel::insert(std::uint32_t slot) {
    if (nodes_[slot].when > base_) {
        link(slot);
        return;
    }
    front_.push_back(Entry{nodes_[slot].when, slot});
    sift_up(front_.size() - 1);
}

inline void DeadlineWheel::detach(std::uint32_t slot) {
    const Node& node = nodes_[slot];
    if (node.when > base_) {
        unlink(node);
    } else {
        remove_from_front(node.next);
    }
}

/// Moves base_ to the earliest deadline of the wheel, if nothing is in front of it.
void DeadlineWheel::refill_front() {
    if (!front_.empty() || levels_ == 0) {
        return;
    }
    // The levels below are empty and the digits above stay, so only this place stands wrong for the new base.
    const auto level = static_cast<unsigned>(std::countr_zero(levels_));
    const std::uint32_t place = level * kPlaces + static_cast<unsigned>(std::countr_zero(used_[level]));
    const std::uint32_t first = heads_[place];
    heads_[place] = kAbsent;
    mark_empty(place);
    base_ = nodes_[first].when;
    if (level != 0) {  // else all in the place have the same
        for (std::uint32_t slot = nodes_[first].next; slot != kAbsent; slot = nodes_[slot].next) {
            base_ = std::min(base_, nodes_[slot].when);
        }
    }
    for (std::uint32_t slot = first; slot != kAbsent;) {
        const std::uint32_t next = nodes_[slot].next;
        insert(slot);
        slot = next;
    }
}

void DeadlineWheel::set(std::uint32_t slot, Instant when) {
    if (when == kNever) {
        remove(slot);
        return;
    }
    if (slot >= nodes_.size()) {
        nodes_.resize(slot + std::size_t{1});
    }
    const Instant old = nodes_[slot].when;
    if (old == when) {
        return;
    }
    if (old != kNever) {
        detach(slot);
    }
    nodes_[slot].when = when;
    if (front_.empty() && levels_ == 0) {
        base_ = when;  // nothing is bound to the old one
    }
    insert(slot);
    refill_front();
}

void DeadlineWheel::set_at_latest(std::uint32_t slot, Instant when) {
    if (when < get(slot)) {
        set(slot, when);
    }
}

void DeadlineWheel::remove(std::uint32_t slot) {
    if (get(slot) == kNever) {
        return;
    }
    detach(slot);
    nodes_[slot].when = kNever;
    refill_front();
}

}  // namespace mqttsn::gateway
