// SPDX-License-Identifier: BSD-3-Clause
//
// The checks of a config that need more than one key or a look at a file, and the warnings. Internal to
// gateway/app. Any thread; blocks on the disk.
#ifndef GATEWAY_APP_CONFIG_CHECK_HPP
#define GATEWAY_APP_CONFIG_CHECK_HPP

#include <functional>
#include <string>
#include <string_view>

#include "gateway/app/config.hpp"

namespace mqttsn::gateway {

/// Where the checks report. Key as in the schema; index: which element of a repeated section.
using ReportError = std::function<void(std::string_view section, std::size_t index, std::string_view key,
                                       std::string message)>;
/// The line where an element of a repeated section begins, for "the same as in line 12".
using LineOf = std::function<std::uint32_t(std::string_view section, std::size_t index)>;

/// What must hold between the keys; also expands status_topic, makes relative paths relative to `folder` and
/// reads the password. Run it on values that have passed the schema, after the command line has been applied.
void check_config(Config& config, const std::string& folder, const ReportError& report,
                  const LineOf& line_of);

/// Fills config.warnings: what is accepted but not active yet in this version, what is risky, what has no
/// effect.
void add_warnings(Config& config);

}  // namespace mqttsn::gateway

#endif
