// SPDX-License-Identifier: BSD-3-Clause
//
// What the command lines of our programs share: running CLI11 so that every complaint is one sentence of
// ours, "did you mean", whole numbers. Which options there are, and what their values mean, is each
// program's. Pure functions, main thread.
#ifndef GATEWAY_APP_ARGUMENTS_HPP
#define GATEWAY_APP_ARGUMENTS_HPP

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace mqttsn::gateway {

/// What a command line came to. Values are where the options of the CLI::App point to.
struct ArgumentsResult {
    bool help = false;                ///< -h or --help; nothing else counts then
    std::string problem;              ///< "" or one sentence without a line feed; nothing else counts then
    std::vector<std::string> extras;  ///< what is neither an option of the App nor the value of one, in order
};

/// Adds an option to `app` that takes one value each time it is there. How often it may be is the caller's to
/// check.
/// @param names  "-c,--config"
void add_values(CLI::App& app, const std::string& names, std::vector<std::string>& values);

/// Adds -h,--help to `app` and parses. Throws nothing.
/// @param argv  as main gets it; argv[0] is not used
ArgumentsResult parse_arguments(CLI::App& app, int argc, const char* const* argv);

/// "unknown option "--lisen"; did you mean --listen?"
/// @param argument  one of the extras, begins with '-'; what follows '=' is not repeated
/// @param names     all options, as "--listen"
std::string unknown_option(std::string_view argument, std::span<const std::string_view> names);

/// Decimal digits and nothing else. nullopt when it is not that, or outside of `least` to `most`.
std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t least, std::uint64_t most);

}  // namespace mqttsn::gateway

#endif
