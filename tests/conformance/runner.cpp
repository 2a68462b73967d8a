// SPDX-License-Identifier: BSD-3-Clause
#include "conformance/runner.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <numeric>
#include <optional>
#include <thread>

#include "conformance/mqtt_peer.hpp"
#include "conformance/sn_device.hpp"

namespace conformance {

Result run_case(Environment& environment, const CaseInfo& info, std::size_t number) {
    Result result;
    result.id = info.id;
    result.cites = info.cites;
    const Clock::time_point start = Clock::now();
    Case running(environment, number);
    try {
        info.body(running);
        result.why = running.weaker_note();
        result.verdict = result.why.empty() ? Verdict::passed : Verdict::weaker;
    } catch (const Failure& failure) {
        result.verdict = Verdict::failed;
        result.expected = failure.expected;
        result.seen = failure.seen;
    } catch (const NotApplicable& reason) {
        result.verdict = Verdict::not_applicable;
        result.why = reason.why;
    } catch (const std::exception& error) {
        result.verdict = Verdict::failed;
        result.expected = "a case that can be run";
        result.seen = error.what();
    }
    running.clean_up();
    result.transcript = running.transcript();
    result.time = std::chrono::duration_cast<milliseconds>(Clock::now() - start);
    return result;
}

std::vector<Result> run_cases(Environment& environment, const CaseTable& cases,
                              const std::function<void(const Result&)>& report) {
    std::vector<std::size_t> order(cases.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_partition(order.begin(), order.end(), [&](std::size_t i) { return cases[i].slow; });
    const auto alone =
        std::stable_partition(order.begin(), order.end(), [&](std::size_t i) { return !cases[i].alone; });
    const auto together = static_cast<std::size_t>(alone - order.begin());
    std::vector<std::optional<Result>> done(cases.size());
    std::atomic<std::size_t> next{0};
    std::size_t reported = 0;
    std::mutex mutex;  // guards `done` and `reported`
    const auto work = [&](std::size_t end) {
        for (std::size_t turn = next++; turn < end; turn = next++) {
            const std::size_t index = order[turn];
            Result result = run_case(environment, cases[index], index + 1);
            const std::lock_guard<std::mutex> lock(mutex);
            done[index] = std::move(result);
            for (; reported < done.size() && done[reported].has_value(); ++reported) {
                report(*done[reported]);
            }
        }
    };
    std::vector<std::thread> threads;
    const std::size_t count = std::min<std::size_t>(environment.options.jobs, cases.size());
    for (std::size_t i = 0; i < count; ++i) {
        threads.emplace_back(work, together);
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    next = together;
    work(order.size());
    std::vector<Result> results;
    results.reserve(done.size());
    for (std::optional<Result>& result : done) {
        results.push_back(std::move(*result));
    }
    return results;
}

std::string find_both(Environment& environment) {
    constexpr int kAttempts = 3;
    Case probe(environment, 0);
    try {
        probe.peer();
    } catch (const Failure& failure) {
        return "no MQTT broker at " + to_text(environment.broker) + ": " + failure.seen;
    }
    Device& device = probe.device();
    bool there = false;
    bool accepted = false;
    for (int attempt = 0; attempt < kAttempts && !accepted; ++attempt) {
        device.send(sn::connect(device.client_id(), sn::kClean, 60));
        const std::optional<Octets> answer = device.socket()->receive(std::nullopt, probe.answer());
        // Any answer will do, also a wrong one: judging is for the cases. But a gateway that has just been
        // started may not have found its broker yet.
        there = there || answer.has_value();
        accepted = answer == sn::connack(sn::kAccepted);
        if (answer.has_value() && !accepted) {
            probe.pause(milliseconds(1000));
        }
    }
    device.send(sn::disconnect());
    return there ? "" : "no answer to CONNECT from " + to_text(environment.gateway);
}

}  // namespace conformance
