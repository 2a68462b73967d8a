// SPDX-License-Identifier: BSD-3-Clause
//
// From a plan to results: each run is one sim::World in virtual time; runs are spread over threads. The
// results do not depend on how many threads there are. Not here: what a run does (sim/world.hpp), what is
// printed (sim_report.hpp).
#ifndef TESTS_LOSSY_SIM_RUN_HPP
#define TESTS_LOSSY_SIM_RUN_HPP

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lossy/scenario.hpp"
#include "lossy/sim_result.hpp"

namespace mqttsn::lossy {

constexpr unsigned kThreadsMax = 256;

struct PlanRun {
    std::vector<PointResult> points;  ///< as Plan::points
    std::string failure;              ///< "" or why the first run that failed did: one line with its seed
};

/// One run of a scenario with one seed. Throws what World throws (sim::CheckFailed when a promise is broken).
/// @param advance  called now and then with the virtual time that has passed since the last call
PointResult run_once(const Scenario& scenario, std::uint64_t seed,
                     const std::function<void(Micros)>& advance = {});

/// All runs of all points. Blocks. @param threads  at most so many; fewer when their memory would be too much
/// @param progress  called from this thread about ten times a second with the share that is done, 0..1
PlanRun run_plan(const Plan& plan, unsigned threads, const std::function<void(double)>& progress = {});

}  // namespace mqttsn::lossy

#endif
