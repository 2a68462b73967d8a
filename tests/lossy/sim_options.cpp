// SPDX-License-Identifier: BSD-3-Clause
#include "lossy/sim_options.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <string_view>
#include <vector>

#include "gateway/app/arguments.hpp"
#include "gateway/app/text.hpp"
#include "lossy/link_presets.hpp"
#include "lossy/scenario_schema.hpp"
#include "lossy/sim_run.hpp"

namespace mqttsn::lossy {
namespace {

using gateway::in_quotes;

constexpr std::size_t kSetMax = 100;

constexpr std::string_view kOptionNames[] = {"--seeds",     "--seed",    "--set",   "--threads",
                                             "--json",      "--svg",     "--quiet", "--check",
                                             "--list-keys", "--version", "--help"};

constexpr std::string_view kHelp =
    R"(mqttsn-sim: MQTT-SN devices, gateway and broker on a simulated bad network, in
virtual time. What arrives, how late, and what does it cost the devices?

Usage: mqttsn-sim FILE [OPTION]...

FILE is a scenario (TOML). The result goes to stdout as tables.

Options (what is given here overrides the file):
      --seeds N         how many runs of each point, with different random numbers
      --seed N          of the first run
      --set KEY=VALUE   another value for a key, as in --set link.loss=20% or
                        --set device.retry_count=5 (of every [[device]]); repeatable
      --threads N       1 to 256; default: one for each core
      --json FILE       also all results as JSON; - = to stdout, instead of the tables
      --svg FILE        also a chart; - = to stdout, instead of the tables
      --check           only check the scenario and say what would be run
  -q, --quiet           no tables, no progress
      --list-keys       print all keys of a scenario with their values, and exit
      --version         print the version and exit
  -h, --help            print this and exit

Networks for [link] preset:
)";

constexpr std::string_view kHelpEnd = R"(
Example:
  mqttsn-sim examples/lossy/retry-802154.toml --svg retry.svg

Exit code: 0 done, 1 failed, 2 bad usage or bad scenario.
)";

std::string help() {
    std::string text(kHelp);
    for (const LinkPreset& preset : link_presets()) {
        std::string name(preset.name);
        name.resize(std::max<std::size_t>(name.size(), 10), ' ');
        text += "  " + name + "  " + std::string(preset.summary) + "\n";
    }
    return text + std::string(kHelpEnd);
}

SimOptionsResult usage_error(const std::string& message) {
    return {std::nullopt, kExitUsage, "", "mqttsn-sim: " + message + "\nTry: mqttsn-sim --help\n"};
}

SimOptionsResult success(std::string text) {
    return {std::nullopt, kExitDone, std::move(text), ""};
}

/// What CLI11 collects, as it was written.
struct RawOptions {
    std::vector<std::string> files;
    std::vector<std::string> seeds;
    std::vector<std::string> seed;
    std::vector<std::string> set;
    std::vector<std::string> threads;
    std::vector<std::string> json;
    std::vector<std::string> svg;
    bool quiet = false;
    bool check = false;
    bool list_keys = false;
    bool version = false;
};

/// @returns "" and fills `out` if `values` is one number of the range; nothing happens if it is empty
template <class Number, class Out>
std::string number(const char* name, const std::vector<std::string>& values, Number first, Number last,
                   Out& out) {
    if (values.empty()) {
        return "";
    }
    if (values.size() > 1) {
        return std::string(name) + ": may be given only once";
    }
    const auto value = gateway::parse_number(values[0], first, last);
    if (!value) {
        return std::string(name) + ": expected an integer from " + std::to_string(first) + " to " +
               std::to_string(last) + ", got " + in_quotes(values[0]);
    }
    out = static_cast<Number>(*value);
    return "";
}

std::string file_name(const char* name, const std::vector<std::string>& values, std::string& out) {
    if (values.size() > 1) {
        return std::string(name) + ": may be given only once";
    }
    if (!values.empty()) {
        out = values[0];
    }
    return !values.empty() && out.empty() ? std::string(name) + ": expected the name of a file, got \"\""
                                          : "";
}

/// @returns "" or what is wrong with the values
std::string convert(const RawOptions& raw, SimOptions& out) {
    out.quiet = raw.quiet;
    out.check = raw.check;
    out.overrides.set = raw.set;
    for (const std::string& problem :
         {number<std::uint32_t>("--seeds", raw.seeds, 1, std::uint32_t{kRunsMax}, out.overrides.seeds),
          number<std::uint64_t>("--seed", raw.seed, 0, INT64_MAX, out.overrides.seed),
          number<unsigned>("--threads", raw.threads, 1, kThreadsMax, out.threads),
          file_name("--json", raw.json, out.json), file_name("--svg", raw.svg, out.svg)}) {
        if (!problem.empty()) {
            return problem;
        }
    }
    if (raw.set.size() > kSetMax) {
        return "--set: at most " + std::to_string(kSetMax) + " times";
    }
    if (out.json == "-" && out.svg == "-") {
        return "--json and --svg: only one of them can go to stdout";
    }
    return "";
}

}  // namespace

SimOptionsResult parse_sim_options(int argc, const char* const* argv) {
    RawOptions raw;
    CLI::App app;
    const auto add = [&](const char* names, std::vector<std::string>& values) {
        gateway::add_values(app, names, values);
    };
    add("--seeds", raw.seeds);
    add("--seed", raw.seed);
    add("--set", raw.set);
    add("--threads", raw.threads);
    add("--json", raw.json);
    add("--svg", raw.svg);
    app.add_flag("-q,--quiet", raw.quiet);
    app.add_flag("--check", raw.check);
    app.add_flag("--list-keys", raw.list_keys);
    app.add_flag("--version", raw.version);
    const gateway::ArgumentsResult arguments = gateway::parse_arguments(app, argc, argv);
    if (arguments.help) {
        return success(help());
    }
    if (!arguments.problem.empty()) {
        return usage_error(arguments.problem);
    }
    SimOptions options;
    std::string problem = convert(raw, options);
    for (const std::string& extra : arguments.extras) {
        if (problem.empty() && extra.starts_with('-') && extra != "-") {
            problem = gateway::unknown_option(extra, kOptionNames);
        }
        raw.files.push_back(extra);
    }
    if (problem.empty() && raw.version) {
        return success("mqttsn-sim " DORMOUSE_VERSION "\n");
    }
    if (problem.empty() && raw.list_keys) {
        return success(keys_as_markdown());
    }
    if (problem.empty() && raw.files.size() != 1) {
        problem = raw.files.empty() ? "expected a scenario file"
                                    : "expected one scenario file, got also " + in_quotes(raw.files[1]);
    }
    if (!problem.empty()) {
        return usage_error(problem);
    }
    options.file = raw.files[0];
    SimOptionsResult result;
    result.options = std::move(options);
    return result;
}

}  // namespace mqttsn::lossy
