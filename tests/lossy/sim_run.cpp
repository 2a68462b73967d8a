// SPDX-License-Identifier: BSD-3-Clause
#include "lossy/sim_run.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "lossy/random.hpp"
#include "sim/world.hpp"

namespace mqttsn::lossy {
namespace {

constexpr int kSlices = 64;                                 // how often a run tells how far it is
constexpr std::uint64_t kMessagesInMemoryMax = 20'000'000;  // over all threads; about 100 octets each

Micros start_spread(const DeviceGroup& group, const Scenario& scenario) {
    if (group.start_spread) {
        return std::min(*group.start_spread, scenario.duration);
    }
    const Micros period =
        std::max({group.device.publish_every, group.downlink.every, group.device.wake_every});
    return std::min(period, (scenario.duration - scenario.drain) / 2);
}

void add_group(sim::World& world, const Scenario& scenario, const DeviceGroup& group, Random& random) {
    const Micros spread = start_spread(group, scenario);
    const Micros last_message = scenario.duration - scenario.drain;
    for (std::uint32_t i = 1; i <= group.count; ++i) {
        sim::DeviceSettings device = group.device;
        device.client_id = group.name + "-" + std::to_string(i);
        device.start_at = random.up_to(spread);
        device.publish_until = last_message;
        sim::DownlinkTraffic downlink = group.downlink;
        // Half a minute to connect and subscribe; the world adds a part of a period.
        downlink.first = device.start_at + Micros{30'000'000};
        downlink.until = last_message;
        world.add_device(device, group.link ? *group.link : scenario.link, downlink);
    }
}

void add_faults(sim::World& world, const Scenario& scenario) {
    const FaultSettings& faults = scenario.faults;
    const Micros end = scenario.duration - scenario.drain;
    const auto repeat = [&](Micros every, const std::function<void()>& fault) {
        for (Micros at = every; every.count() > 0 && at < end; at += every) {
            world.at(at, fault);
        }
    };
    repeat(faults.gateway_every, [&world, outage = faults.gateway_outage] { world.kill_gateway(outage); });
    repeat(faults.broker_every, [&world, outage = faults.broker_outage, keeps = faults.broker_keeps_memory] {
        world.crash_broker(outage, keeps);
    });
}

/// Hands out runs and adds up what they give.
class Workers {
  public:
    explicit Workers(const Plan& plan) : plan_(plan) {
        run_.points.resize(plan.points.size());
        for (const SweepPoint& point : plan.points) {
            jobs_ += point.scenario.seeds;
            all_us_ += static_cast<std::uint64_t>(point.scenario.duration.count()) / kMicrosPerTick *
                       point.scenario.seeds;
            first_job_.push_back(jobs_);
        }
    }

    void start(unsigned threads) {
        working_ = threads;
        for (unsigned i = 0; i < threads; ++i) {
            threads_.emplace_back([this] { work(); });
        }
    }

    void wait(const std::function<void(double)>& progress) {
        std::unique_lock lock(mutex_);
        while (!finished_.wait_for(lock, std::chrono::milliseconds(100), [this] { return working_ == 0; })) {
            if (progress) {
                lock.unlock();
                progress(std::min(1.0, static_cast<double>(done_us_.load()) /
                                           static_cast<double>(std::max<std::uint64_t>(all_us_, 1))));
                lock.lock();
            }
        }
        lock.unlock();
        for (std::thread& thread : threads_) {
            thread.join();
        }
    }

    PlanRun take() { return std::move(run_); }

  private:
    // Of progress: so that 100 000 runs of a year do not overflow it.
    static constexpr std::uint64_t kMicrosPerTick = 1000;

    void work() {
        for (;;) {
            std::uint64_t job = 0;
            {
                const std::lock_guard lock(mutex_);
                if (next_job_ == jobs_ || failed_) {
                    // Runs before the failed one are already with a thread, so the first failure is always
                    // found.
                    --working_;
                    finished_.notify_all();
                    return;
                }
                job = next_job_++;
            }
            do_job(job);
        }
    }

    void do_job(std::uint64_t job) {
        const auto point = static_cast<std::size_t>(
            std::upper_bound(first_job_.begin(), first_job_.end(), job) - first_job_.begin());
        const Scenario& scenario = plan_.points[point].scenario;
        const std::uint64_t seed = scenario.seed + (job - (first_job_[point] - scenario.seeds));
        try {
            const PointResult result = run_once(scenario, seed, [this](Micros time) {
                done_us_ += static_cast<std::uint64_t>(time.count()) / kMicrosPerTick;
            });
            const std::lock_guard lock(mutex_);
            run_.points[point].add(result);
        } catch (const std::exception& error) {
            const std::lock_guard lock(mutex_);
            if (!failed_ || job < failed_job_) {
                failed_ = true;
                failed_job_ = job;
                run_.failure =
                    where(plan_.points[point]) + "seed " + std::to_string(seed) + ": " + error.what();
            }
        }
    }

    std::string where(const SweepPoint& point) const {
        std::string text;
        if (!plan_.sweep.values.empty()) {
            text += plan_.sweep.parameter + " = " + plan_.sweep.values[point.value] + ", ";
        }
        if (!plan_.series.values.empty()) {
            text += plan_.series.parameter + " = " + plan_.series.values[point.series] + ", ";
        }
        return text;
    }

    const Plan& plan_;
    std::vector<std::uint64_t> first_job_;  // of the point after this one
    std::uint64_t jobs_ = 0;
    std::uint64_t all_us_ = 0;
    std::vector<std::thread> threads_;
    std::atomic<std::uint64_t> done_us_{0};
    std::mutex mutex_;
    std::condition_variable finished_;
    // Guarded by mutex_.
    std::uint64_t next_job_ = 0;
    unsigned working_ = 0;
    bool failed_ = false;
    std::uint64_t failed_job_ = 0;
    PlanRun run_;
};

}  // namespace

PointResult run_once(const Scenario& scenario, std::uint64_t seed,
                     const std::function<void(Micros)>& advance) {
    sim::WorldSettings settings;
    settings.seed = seed;
    settings.gateway = scenario.gateway;
    settings.broker = scenario.broker;
    settings.broker_delay = scenario.broker_delay;
    sim::World world(settings);
    Random random(seed);
    for (const DeviceGroup& group : scenario.devices) {
        add_group(world, scenario, group, random);
    }
    add_faults(world, scenario);
    Micros told{0};
    for (int slice = 1; slice <= kSlices; ++slice) {
        const Micros until = slice == kSlices ? scenario.duration : scenario.duration / kSlices * slice;
        world.run_until(until);
        if (advance) {
            advance(until - told);
        }
        told = until;
    }
    PointResult result;
    result.runs = 1;
    result.events = world.steps();
    for (const sim::MessageRecord& message : world.ledger().messages()) {
        result.count(message, scenario.deadline);
    }
    for (std::uint32_t i = 0; i < world.device_count(); ++i) {
        result.count(world.statistics(i), scenario.radio, scenario.duration);
        result.links.up += world.link_counters(i, Way::up);
        result.links.down += world.link_counters(i, Way::down);
    }
    return result;
}

PlanRun run_plan(const Plan& plan, unsigned threads, const std::function<void(double)>& progress) {
    std::uint64_t jobs = 0;
    std::uint64_t messages = 1;
    for (const SweepPoint& point : plan.points) {
        jobs += point.scenario.seeds;
        messages = std::max(messages, expected_messages(point.scenario));
    }
    const std::uint64_t useful = std::min({std::uint64_t{threads}, std::uint64_t{kThreadsMax}, jobs,
                                           std::max<std::uint64_t>(kMessagesInMemoryMax / messages, 1)});
    Workers workers(plan);
    workers.start(static_cast<unsigned>(std::max<std::uint64_t>(useful, 1)));
    workers.wait(progress);
    return workers.take();
}

}  // namespace mqttsn::lossy
