// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/deadline_heap.hpp"

#include <algorithm>

namespace mqttsn::gateway {

void DeadlineHeap::place(std::size_t index, Entry entry) {
    position_[entry.slot] = static_cast<std::uint32_t>(index);
    heap_[index] = entry;
}

void DeadlineHeap::sift_up(std::size_t index) {
    const Entry entry = heap_[index];
    while (index > 0) {
        const std::size_t parent = (index - 1) / 4;
        if (!before(entry, heap_[parent])) {
            break;
        }
        place(index, heap_[parent]);
        index = parent;
    }
    place(index, entry);
}

void DeadlineHeap::sift_down(std::size_t index) {
    const Entry entry = heap_[index];
    for (;;) {
        const std::size_t first = 4 * index + 1;
        if (first >= heap_.size()) {
            break;
        }
        std::size_t least = first;
        const std::size_t end = std::min(first + 4, heap_.size());
        for (std::size_t child = first + 1; child < end; ++child) {
            if (before(heap_[child], heap_[least])) {
                least = child;
            }
        }
        if (!before(heap_[least], entry)) {
            break;
        }
        place(index, heap_[least]);
        index = least;
    }
    place(index, entry);
}

Instant DeadlineHeap::get(std::uint32_t slot) const {
    return slot < position_.size() && position_[slot] != kAbsent ? heap_[position_[slot]].when : kNever;
}

void DeadlineHeap::set(std::uint32_t slot, Instant when) {
    if (when == kNever) {
        remove(slot);
        return;
    }
    if (slot >= position_.size()) {
        position_.resize(slot + 1U, kAbsent);
    }
    std::size_t index = position_[slot];
    if (index == kAbsent) {
        index = heap_.size();
        heap_.push_back(Entry{when, slot});
        position_[slot] = static_cast<std::uint32_t>(index);
        sift_up(index);
        return;
    }
    const Instant old = heap_[index].when;
    heap_[index].when = when;
    if (when < old) {
        sift_up(index);
    } else {
        sift_down(index);
    }
}

void DeadlineHeap::set_at_latest(std::uint32_t slot, Instant when) {
    if (when < get(slot)) {
        set(slot, when);
    }
}

void DeadlineHeap::remove(std::uint32_t slot) {
    if (slot >= position_.size() || position_[slot] == kAbsent) {
        return;
    }
    const std::size_t index = position_[slot];
    const Entry last = heap_.back();
    heap_.pop_back();
    position_[slot] = kAbsent;
    if (index < heap_.size()) {
        place(index, last);
        sift_up(index);
        sift_down(position_[last.slot]);
    }
}

}  // namespace mqttsn::gateway
