// SPDX-License-Identifier: BSD-3-Clause
//
// Results of mqttsn-sim as a picture: SVG, with its own background, no scripts, no fonts to load. Pure
// function, any thread.
#ifndef TESTS_LOSSY_SIM_CHART_HPP
#define TESTS_LOSSY_SIM_CHART_HPP

#include <string>
#include <vector>

#include "lossy/scenario.hpp"
#include "lossy/sim_result.hpp"

namespace mqttsn::lossy {

/// With a sweep: what arrives, and the latency (p50, p95), over the swept parameter; a curve for each value
/// of the series and each direction and QoS (those are put together where more than eight curves would come
/// out). Without: how many messages had arrived after how long. The same results give the same octets. @param
/// points  as plan.points
std::string svg_chart(const Plan& plan, const std::vector<PointResult>& points);

}  // namespace mqttsn::lossy

#endif
