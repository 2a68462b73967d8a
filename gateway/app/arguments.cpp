// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/app/arguments.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <charconv>

#include "gateway/app/text.hpp"

namespace mqttsn::gateway {

void add_values(CLI::App& app, const std::string& names, std::vector<std::string>& values) {
    app.add_option(names, values)->allow_extra_args(false);
}

ArgumentsResult parse_arguments(CLI::App& app, int argc, const char* const* argv) {
    ArgumentsResult result;
    app.set_help_flag("-h,--help");
    app.allow_extras();  // so that the message about them is ours
    try {
        app.parse(argc, argv);
        result.extras = app.remaining();
    } catch (const CLI::CallForHelp&) {
        result.help = true;
    } catch (const CLI::ArgumentMismatch& error) {
        const std::string text = error.what();  // "--listen: 1 required TEXT missing"
        result.problem = text.substr(0, text.find(':')) + ": expected a value";
    } catch (const CLI::ParseError& error) {
        append_escaped(result.problem, error.what(), Escaping::text);
    }
    return result;
}

std::string unknown_option(std::string_view argument, std::span<const std::string_view> names) {
    const std::string_view name = argument.substr(0, argument.find('='));
    const std::string_view near = closest(name, names);
    return "unknown option " + in_quotes(name) +
           (near.empty() ? "" : "; did you mean " + std::string(near) + "?");
}

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t least, std::uint64_t most) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
        return std::nullopt;
    }
    return value;
}

}  // namespace mqttsn::gateway
