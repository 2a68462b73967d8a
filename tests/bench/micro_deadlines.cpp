// SPDX-License-Identifier: BSD-3-Clause
//
// The core's deadlines, moved lazily, as Context does it. Each session does something every ten seconds:
//   quiet    supervision (90 s) and keep-alive of the link (45 s) only
//   retry    T_retry (10 s) is armed and stopped each time as well, as by a QoS 1 message to the device
#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

#include "gateway/core/deadline_wheel.hpp"

namespace {

using mqttsn::gateway::DeadlineWheel;
using mqttsn::gateway::Instant;
using mqttsn::gateway::Millis;

void deadlines(benchmark::State& state) {
    constexpr std::int64_t kPeriodUs = 10'000'000;
    const auto sessions = static_cast<std::uint32_t>(state.range(0));
    const bool retry = state.range(1) != 0;
    DeadlineWheel wheel;
    std::vector<std::int64_t> heard(sessions, 0);
    std::vector<std::int64_t> armed(sessions, 0);
    std::int64_t now_us = 0;
    std::int64_t now = 0;
    std::uint64_t fired = 0;
    const auto set = [&](std::uint32_t slot, std::int64_t when) {
        armed[slot] = when;
        wheel.set(slot, Instant{Millis{when}});
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
        while (wheel.top_deadline() <= Instant{Millis{now}}) {
            fire(wheel.top());  // which sets it again
        }
        const auto slot = static_cast<std::uint32_t>(turn++ * 7'919'041 % sessions);
        heard[slot] = now;
        if (retry && now + 10'000 < armed[slot]) {
            set(slot, now + 10'000);
        }
    }
    state.counters["fired_per_flow"] =
        static_cast<double>(fired) / static_cast<double>(std::max<std::int64_t>(1, state.iterations()));
}

BENCHMARK(deadlines)->ArgNames({"sessions", "retry"})->ArgsProduct({{100, 10'000, 100'000}, {0, 1}});

}  // namespace
