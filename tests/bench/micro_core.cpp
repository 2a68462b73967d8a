// SPDX-License-Identifier: BSD-3-Clause
//
// The whole core at 1 000, 10 000 and 100 000 connected devices: time per flow, and octets per idle session.
// `shuffled` visits the devices in an order that has nothing to do with where they lie in memory, as traffic
// does; `in_order` one after the other. A flow includes what time brings meanwhile (core_load.hpp).
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "bench/core_load.hpp"
#include "gateway/core/prng.hpp"
#include "gateway/core/session.hpp"

namespace {

using bench::CoreLoad;

enum Order : int { shuffled, in_order };

/// Made once: a hundred thousand sessions take a while to connect.
CoreLoad& load_of(std::size_t devices) {
    static std::map<std::size_t, std::unique_ptr<CoreLoad>> loads;
    std::unique_ptr<CoreLoad>& load = loads[devices];
    if (load == nullptr) {
        load = std::make_unique<CoreLoad>(devices);
    }
    return *load;
}

const std::vector<std::uint32_t>& visits(std::size_t devices, int order) {
    static std::map<std::pair<std::size_t, int>, std::vector<std::uint32_t>> made;
    std::vector<std::uint32_t>& all = made[{devices, order}];
    if (all.empty()) {
        mqttsn::gateway::Prng random(devices);
        for (std::uint32_t who = 0; who < devices; ++who) {
            all.push_back(who);
        }
        for (std::size_t i = devices - 1; order == shuffled && i > 0; --i) {
            std::swap(all[i], all[random.next() % (i + 1)]);
        }
    }
    return all;
}

template <typename Flow>
void run(benchmark::State& state, Flow flow) {
    const auto devices = static_cast<std::size_t>(state.range(0));
    CoreLoad& load = load_of(devices);
    const std::vector<std::uint32_t>& order = visits(devices, static_cast<int>(state.range(1)));
    for (const std::uint32_t who : order) {  // every device has the memory that this flow needs
        if (!flow(load, who)) {
            state.SkipWithError("an answer is missing");
            return;
        }
    }
    const auto ahead = static_cast<std::size_t>(state.range(2));
    std::size_t next = 0;
    for (auto _ : state) {
        if (ahead > 0) {
            load.expect(order[(next + ahead) % devices]);
        }
        if (!flow(load, order[next])) {
            state.SkipWithError("an answer is missing");
            return;
        }
        next = next + 1 == devices ? 0 : next + 1;
    }
    state.SetItemsProcessed(state.iterations());
}

void publish_up(benchmark::State& state) {
    const auto qos = static_cast<int>(state.range(3));
    run(state, [qos](CoreLoad& load, std::size_t who) { return load.publish_up(who, qos); });
}

void publish_down(benchmark::State& state) {
    const auto qos = static_cast<int>(state.range(3));
    run(state, [qos](CoreLoad& load, std::size_t who) { return load.publish_down(who, qos); });
}

void ping(benchmark::State& state) {
    run(state, [](CoreLoad& load, std::size_t who) { return load.ping(who); });
}

/// CONNECT up to CONNACK and REGISTER's id is not needed: the DISCONNECT before it counts as well.
void reconnect(benchmark::State& state) {
    run(state, [](CoreLoad& load, std::size_t who) { return load.disconnect(who) && load.connect(who); });
}

/// Octets of heap per session, as the C library counts them, its own overhead included.
void idle_session(benchmark::State& state) {
    const auto devices = static_cast<std::size_t>(state.range(0));
    const auto topic = static_cast<CoreLoad::Topic>(state.range(1));
    for (auto _ : state) {
        const struct mallinfo2 before = mallinfo2();
        const CoreLoad load(devices, topic);
        const struct mallinfo2 after = mallinfo2();
        const std::size_t taken = after.uordblks + after.hblkhd - before.uordblks - before.hblkhd;
        state.counters["octets"] = static_cast<double>(taken) / static_cast<double>(devices);
    }
    state.counters["sizeof_session"] = sizeof(mqttsn::gateway::Session);
}

BENCHMARK(idle_session)
    ->ArgNames({"sessions", "topic"})
    ->ArgsProduct({{100'000}, {0, 1, 2}})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

void all_flows(std::int64_t devices) {
    const std::vector<std::int64_t> sizes{devices};
    const std::vector<std::int64_t> orders{shuffled, in_order};
    const std::vector<std::int64_t> aheads{0, 8};
    benchmark::RegisterBenchmark("publish_up", publish_up)
        ->ArgNames({"sessions", "order", "ahead", "qos"})
        ->ArgsProduct({sizes, orders, aheads, {0, 1, 2}});
    benchmark::RegisterBenchmark("publish_down", publish_down)
        ->ArgNames({"sessions", "order", "ahead", "qos"})
        ->ArgsProduct({sizes, orders, aheads, {0, 1, 2}});
    benchmark::RegisterBenchmark("ping", ping)
        ->ArgNames({"sessions", "order", "ahead"})
        ->ArgsProduct({sizes, orders, aheads});
    benchmark::RegisterBenchmark("reconnect", reconnect)
        ->ArgNames({"sessions", "order", "ahead"})
        ->ArgsProduct({sizes, orders, aheads});
}

const int registered = [] {
    for (const std::int64_t devices : {1'000, 10'000, 100'000}) {
        all_flows(devices);
    }
    return 0;
}();

}  // namespace
