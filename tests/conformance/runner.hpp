// SPDX-License-Identifier: BSD-3-Clause
//
// Runs cases beside each other and reports them in their order. Most cases wait: a thread each, up to --jobs.
// Cases that wait for timers begin first, so that the run is little longer than the longest of them.
#ifndef TESTS_CONFORMANCE_RUNNER_HPP
#define TESTS_CONFORMANCE_RUNNER_HPP

#include <functional>
#include <string>
#include <vector>

#include "conformance/case.hpp"
#include "conformance/report.hpp"

namespace conformance {

/// Runs one case to its end, with its clean-up. Never throws.
Result run_case(Environment& environment, const CaseInfo& info, std::size_t number);

/// Runs `cases`. @param report called with each result, in the order of `cases`, as soon as it and all before
/// it are there; never from two threads at once.
std::vector<Result> run_cases(Environment& environment, const CaseTable& cases,
                              const std::function<void(const Result&)>& report);

/// Whether gateway and broker are there at all. @return "" or one line that says what is missing.
std::string find_both(Environment& environment);

}  // namespace conformance

#endif
