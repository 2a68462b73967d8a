// SPDX-License-Identifier: BSD-3-Clause
//
// Results of mqttsn-sim as texts: tables for people and JSON for programs. The same plan and results give the
// same octets. Pure functions, any thread. Charts are in sim_chart.hpp.
#ifndef TESTS_LOSSY_SIM_REPORT_HPP
#define TESTS_LOSSY_SIM_REPORT_HPP

#include <string>
#include <vector>

#include "lossy/scenario.hpp"
#include "lossy/sim_result.hpp"

namespace mqttsn::lossy {

/// What is run: the question, devices, times, seeds, network. Ends with a line feed.
std::string plan_text(const Plan& plan);

/// plan_text(), then a table of messages and one of the devices' costs; no line is longer than 100 characters
/// unless a name or a value of the scenario makes it so. @param points  as plan.points
std::string text_report(const Plan& plan, const std::vector<PointResult>& points);

/// One JSON object (RFC 8259), a line for each point; times in microseconds, energy in microjoules.
std::string json_report(const Plan& plan, const std::vector<PointResult>& points);

/// "12.3ms", "4.56s", "2m05s", "1h02m", "3d04h": three digits or so.
std::string short_time(Micros time);
/// "8", "12.3k", "4.56M".
std::string short_count(double count);
/// `share` of 0..1 as "99.95%": never rounded to 100% or to 0%.
std::string short_share(double share);

}  // namespace mqttsn::lossy

#endif
