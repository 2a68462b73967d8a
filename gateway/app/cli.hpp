// SPDX-License-Identifier: BSD-3-Clause
//
// The command line of mqttsn-gateway, and what --check-config says. Nothing is printed and nothing exits
// here: results are texts and an exit code, main prints them. Main thread.
#ifndef GATEWAY_APP_CLI_HPP
#define GATEWAY_APP_CLI_HPP

#include <optional>
#include <string>

#include "gateway/app/config.hpp"

namespace mqttsn::gateway {

constexpr int kExitDone = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;  ///< bad usage or bad config

struct CliOptions {
    std::string config_file;    ///< "" = none
    bool check_config = false;  ///< check, report, and do nothing else
    ConfigOverrides overrides;
};

/// What to print before the process ends with `exit_code`. Texts end with a line feed or are empty.
struct CliExit {
    int exit_code = kExitDone;
    std::string out;  ///< to stdout
    std::string err;  ///< to stderr
};

/// Exactly one of the two: go on with `options`, or print and exit.
struct CliResult {
    std::optional<CliOptions> options;
    CliExit exit;
};

/// --help and --version: exit 0 with a text on stdout. Bad usage: exit 2 with two lines on stderr, the first
/// of which names the option and says what was expected.
/// @param argv  as main gets it; argv[0] is not used
CliResult parse_cli(int argc, const char* const* argv);

/// --check-config: loads the config and says "FILE: ok" with a summary on stdout and the warnings on stderr,
/// exit 0; or the errors on stderr, exit 2.
CliExit check_config_report(const CliOptions& options);

/// All errors, one a line: for stderr, with exit code 2.
std::string error_lines(const std::vector<ConfigError>& errors);

}  // namespace mqttsn::gateway

#endif
