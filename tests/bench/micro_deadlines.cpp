// SPDX-License-Identifier: BSD-3-Clause
//
// The core's deadline structure, a 4-ary heap, beside what it was chosen over: a hierarchical timer wheel,
// exact to the millisecond and with equal deadlines in the order of their slots, too. Both are moved lazily,
// as Context does it. Each session does something every ten seconds:
//   quiet    supervision (90 s) and keep-alive of the link (45 s) only
//   retry    T_retry (10 s) is armed and stopped each time as well, as by a QoS 1 message to the device
#include <benchmark/benchmark.h>

#include <algorithm>
#include <bit>
#include <vector>

#include "gateway/core/deadline_heap.hpp"

namespace {

using mqttsn::gateway::DeadlineHeap;
using mqttsn::gateway::Instant;
using mqttsn::gateway::kNever;
using mqttsn::gateway::Millis;

/// Levels of 64 buckets; one of level n is 64^n ms wide. Lists are linked through the slots.
class Wheel {
  public:
    void set(std::uint32_t slot, std::int64_t when) {
        if (slot >= nodes_.size()) {
            nodes_.resize(slot + 1U);
        }
        unlink(slot);
        link(slot, std::max(when, now_ + 1));
    }

    /// Calls fire(slot) for all deadlines up to `until`, in order of time and slot.
    template <typename Fire>
    void advance(std::int64_t until, Fire fire) {
        for (std::int64_t at = next(); at <= until; at = next()) {
            now_ = at - 1;
            for (unsigned level = kLevels - 1; level > 0; --level) {
                if ((at & ((std::int64_t{1} << (6 * level)) - 1)) == 0) {
                    cascade(level, at);
                }
            }
            const unsigned bucket = static_cast<unsigned>(at & 63);
            due_.clear();
            for (std::uint32_t slot = heads_[0][bucket]; slot != kEnd; slot = nodes_[slot].next) {
                due_.push_back(slot);
            }
            std::sort(due_.begin(), due_.end());
            for (const std::uint32_t slot : due_) {
                unlink(slot);
            }
            now_ = at;
            for (const std::uint32_t slot : due_) {
                fire(slot);
            }
        }
        now_ = std::max(now_, until);
    }

  private:
    static constexpr unsigned kLevels = 7;
    static constexpr std::uint32_t kEnd = 0xFFFFFFFFU;
    struct Node {
        std::int64_t when = 0;
        std::uint32_t next = kEnd;
        std::uint32_t previous = kEnd;
        std::uint8_t level = 0xFF;
        std::uint8_t bucket = 0;
    };

    void link(std::uint32_t slot, std::int64_t when) {
        const auto differs = static_cast<std::uint64_t>(when ^ now_);
        const unsigned level =
            std::min(kLevels - 1, (63U - static_cast<unsigned>(std::countl_zero(differs))) / 6);
        const auto bucket = static_cast<unsigned>((when >> (6 * level)) & 63);
        Node& node = nodes_[slot];
        node.when = when;
        node.level = static_cast<std::uint8_t>(level);
        node.bucket = static_cast<std::uint8_t>(bucket);
        node.previous = kEnd;
        node.next = heads_[level][bucket];
        if (node.next != kEnd) {
            nodes_[node.next].previous = slot;
        }
        heads_[level][bucket] = slot;
        used_[level] |= std::uint64_t{1} << bucket;
    }

    void unlink(std::uint32_t slot) {
        Node& node = nodes_[slot];
        if (node.level == 0xFF) {
            return;
        }
        if (node.previous != kEnd) {
            nodes_[node.previous].next = node.next;
        } else {
            heads_[node.level][node.bucket] = node.next;
            if (node.next == kEnd) {
                used_[node.level] &= ~(std::uint64_t{1} << node.bucket);
            }
        }
        if (node.next != kEnd) {
            nodes_[node.next].previous = node.previous;
        }
        node.level = 0xFF;
    }

    /// When there is something to do: a deadline, or a bucket to be spread over the level below.
    std::int64_t next() const {
        for (unsigned level = 0; level < kLevels; ++level) {
            const std::int64_t here = now_ >> (6 * level);
            const unsigned position = static_cast<unsigned>(here & 63);
            const std::uint64_t ahead =
                position == 63 ? 0 : used_[level] & (~std::uint64_t{0} << (position + 1));
            if (ahead != 0) {
                return ((here & ~std::int64_t{63}) + std::countr_zero(ahead)) << (6 * level);
            }
        }
        return INT64_MAX;
    }

    void cascade(unsigned level, std::int64_t at) {
        const auto bucket = static_cast<unsigned>((at >> (6 * level)) & 63);
        std::uint32_t slot = heads_[level][bucket];
        heads_[level][bucket] = kEnd;
        used_[level] &= ~(std::uint64_t{1} << bucket);
        while (slot != kEnd) {
            const std::uint32_t following = nodes_[slot].next;
            link_at(slot, nodes_[slot].when, at);
            slot = following;
        }
    }
    void link_at(std::uint32_t slot, std::int64_t when, std::int64_t at) {
        const std::int64_t before = now_;
        now_ = at;
        if (when == at) {  // due in this very millisecond
            now_ = at ^ 1;
        }
        link(slot, when);
        now_ = before;
    }

    std::vector<Node> nodes_;
    std::vector<std::uint32_t> due_;
    std::uint32_t heads_[kLevels][64];
    std::uint64_t used_[kLevels] = {};
    std::int64_t now_ = 0;

  public:
    Wheel() { std::fill_n(&heads_[0][0], kLevels * 64, kEnd); }
};

class Heap {
  public:
    void set(std::uint32_t slot, std::int64_t when) { heap_.set(slot, Instant{Millis{when}}); }
    template <typename Fire>
    void advance(std::int64_t until, Fire fire) {
        while (heap_.top_deadline() <= Instant{Millis{until}}) {
            fire(heap_.top());  // which sets it again
        }
    }

  private:
    DeadlineHeap heap_;
};

template <typename Structure>
void deadlines(benchmark::State& state) {
    constexpr std::int64_t kPeriodUs = 10'000'000;
    const auto sessions = static_cast<std::uint32_t>(state.range(0));
    const bool retry = state.range(1) != 0;
    Structure structure;
    std::vector<std::int64_t> heard(sessions, 0);
    std::vector<std::int64_t> armed(sessions, 0);
    std::int64_t now_us = 0;
    std::int64_t now = 0;
    std::uint64_t fired = 0;
    const auto set = [&](std::uint32_t slot, std::int64_t when) {
        armed[slot] = when;
        structure.set(slot, when);
    };
    const auto fire = [&](std::uint32_t slot) {
        ++fired;
        set(slot, std::max(now + 1, std::min(heard[slot] + 90'000, heard[slot] + 45'000)));
    };
    for (std::uint32_t slot = 0; slot < sessions; ++slot) {
        set(slot, 1 + slot * std::int64_t{45'000} / sessions);
    }
    // An odd multiplier visits all slots in an order that has nothing to do with memory.
    std::uint64_t turn = 0;
    for (auto _ : state) {
        now_us += kPeriodUs / sessions;
        now = now_us / 1000;
        structure.advance(now, fire);
        const auto slot = static_cast<std::uint32_t>(turn++ * 7'919'041 % sessions);
        heard[slot] = now;
        if (retry && now + 10'000 < armed[slot]) {
            set(slot, now + 10'000);
        }
    }
    state.counters["fired_per_flow"] =
        static_cast<double>(fired) / static_cast<double>(std::max<std::int64_t>(1, state.iterations()));
}

void heap(benchmark::State& state) {
    deadlines<Heap>(state);
}
void wheel(benchmark::State& state) {
    deadlines<Wheel>(state);
}

BENCHMARK(heap)->ArgNames({"sessions", "retry"})->ArgsProduct({{100, 10'000, 100'000}, {0, 1}});
BENCHMARK(wheel)->ArgNames({"sessions", "retry"})->ArgsProduct({{100, 10'000, 100'000}, {0, 1}});

}  // namespace
