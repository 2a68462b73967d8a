// SPDX-License-Identifier: BSD-3-Clause
//
// The look-ups of the core, one by one: a session by endpoint and by client id, a topic by id and by name,
// a name among those of all sessions. Keys come in an order that has nothing to do with memory.
#include <benchmark/benchmark.h>

#include <numeric>
#include <string>
#include <vector>

#include "bench/core_load.hpp"
#include "gateway/core/prng.hpp"
#include "gateway/core/session_store.hpp"
#include "gateway/core/topic_names.hpp"
#include "gateway/core/topic_table.hpp"

namespace {

using namespace mqttsn::gateway;

std::vector<std::uint32_t> shuffled(std::size_t count) {
    std::vector<std::uint32_t> all(count);
    std::iota(all.begin(), all.end(), 0U);
    mqttsn::gateway::Prng random(count);
    for (std::size_t i = count - 1; i > 0; --i) {
        std::swap(all[i], all[random.next() % (i + 1)]);
    }
    return all;
}

std::string text(const char* head, std::size_t number) {
    return head + std::to_string(number);
}

struct Sessions {
    explicit Sessions(std::size_t count) : order(shuffled(count)) {
        for (std::size_t who = 0; who < count; ++who) {
            ids.push_back(text("sensor-", 100000 + who));
            store.bind(store.create(octets_of(ids.back())), bench::endpoint_of(who));
        }
    }
    WirelessNodes nodes{1};
    SessionStore store{1, nodes};
    std::vector<std::string> ids;
    std::vector<std::uint32_t> order;
};

void session_by_endpoint(benchmark::State& state) {
    Sessions sessions(static_cast<std::size_t>(state.range(0)));
    std::size_t next = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(sessions.store.find(bench::endpoint_of(sessions.order[next])));
        next = next + 1 == sessions.order.size() ? 0 : next + 1;
    }
}

void session_by_client_id(benchmark::State& state) {
    Sessions sessions(static_cast<std::size_t>(state.range(0)));
    std::size_t next = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(sessions.store.find(octets_of(sessions.ids[sessions.order[next]])));
        next = next + 1 == sessions.order.size() ? 0 : next + 1;
    }
}

void topic_name(benchmark::State& state) {
    const auto count = static_cast<std::size_t>(state.range(0));
    TopicNames names(1);
    std::vector<TopicName> held;
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < count; ++i) {
        texts.push_back(text("plant/line7/temperature/", i));
        held.push_back(names.intern(octets_of(texts.back())));
    }
    const std::vector<std::uint32_t> order = shuffled(count);
    std::size_t next = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(names.find(octets_of(texts[order[next]])));
        next = next + 1 == count ? 0 : next + 1;
    }
}

struct Topics {
    explicit Topics(std::size_t count) : order(shuffled(count)) {
        for (std::size_t i = 0; i < count; ++i) {
            held.push_back(names.intern(octets_of(text("plant/line7/temperature/", i))));
            table.add(held.back(), predefined, static_cast<std::uint32_t>(count));
        }
    }
    TopicNames names{1};
    PredefinedTopics predefined;
    TopicTable table;
    std::vector<TopicName> held;
    std::vector<std::uint32_t> order;
};

void topic_by_id(benchmark::State& state) {
    Topics topics(static_cast<std::size_t>(state.range(0)));
    std::size_t next = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(topics.table.find(static_cast<std::uint16_t>(topics.order[next] + 1)));
        next = next + 1 == topics.order.size() ? 0 : next + 1;
    }
}

void topic_by_name(benchmark::State& state) {
    Topics topics(static_cast<std::size_t>(state.range(0)));
    std::size_t next = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(topics.table.find(topics.held[topics.order[next]]));
        next = next + 1 == topics.order.size() ? 0 : next + 1;
    }
}

BENCHMARK(session_by_endpoint)->Arg(100)->Arg(10'000)->Arg(100'000);
BENCHMARK(session_by_client_id)->Arg(100)->Arg(10'000)->Arg(100'000);
BENCHMARK(topic_name)->Arg(100)->Arg(10'000)->Arg(100'000);
BENCHMARK(topic_by_id)->Arg(10)->Arg(1000);
BENCHMARK(topic_by_name)->Arg(10)->Arg(1000);

}  // namespace
