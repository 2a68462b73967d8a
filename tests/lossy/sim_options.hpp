// SPDX-License-Identifier: BSD-3-Clause
//
// The command line of mqttsn-sim. Nothing is printed and nothing exits here: results are texts and an exit
// code. Main thread.
#ifndef TESTS_LOSSY_SIM_OPTIONS_HPP
#define TESTS_LOSSY_SIM_OPTIONS_HPP

#include <optional>
#include <string>

#include "lossy/scenario.hpp"

namespace mqttsn::lossy {

constexpr int kExitDone = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;  ///< bad usage or bad scenario

struct SimOptions {
    std::string file;
    ScenarioOverrides overrides;
    unsigned threads = 0;  ///< 0 = one for each core
    std::string json;      ///< file, "-" = stdout, "" = none
    std::string svg;       ///< the same
    bool quiet = false;
    bool check = false;
};

/// Exactly one of the two: go on with `options`, or print `out` and `err` and exit.
struct SimOptionsResult {
    std::optional<SimOptions> options;
    int exit_code = kExitDone;
    std::string out;
    std::string err;
};

/// --help, --version, --list-keys: exit 0 with a text on stdout. Bad usage: exit 2 with two lines on stderr,
/// the first of which names the option and says what was expected.
/// @param argv  as main gets it; argv[0] is not used
SimOptionsResult parse_sim_options(int argc, const char* const* argv);

}  // namespace mqttsn::lossy

#endif
