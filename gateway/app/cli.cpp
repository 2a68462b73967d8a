// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/app/cli.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <string_view>
#include <vector>

#include "gateway/app/arguments.hpp"
#include "gateway/app/text.hpp"

namespace mqttsn::gateway {
namespace {

constexpr std::string_view kOptionNames[] = {"--config",    "--check-config", "--listen", "--broker",
                                             "--log-level", "--version",      "--help"};

constexpr std::string_view kHelp =
    R"(mqttsn-gateway: connects MQTT-SN devices (UDP) to an MQTT broker

Usage: mqttsn-gateway [-c FILE] [OPTION]...

Options (what is given here overrides the file):
  -c, --config FILE    configuration (TOML); default: none, only built-in values
      --check-config   check the configuration, say what is wrong, and exit
      --listen URL     where devices come in, instead of the file's [[listen]];
                       up to 16 times; default: udp://[::]:1883 (IPv6 and IPv4)
      --broker URL     mqtt://HOST[:PORT] or mqtts://HOST[:PORT];
                       default: mqtt://127.0.0.1:1883
      --log-level L    error, warn, info or debug; default: info
      --version        print the version and exit
  -h, --help           print this and exit

Example:
  mqttsn-gateway --listen udp://0.0.0.0:1883 --broker mqtts://broker.example.com

Exit code: 0 done, 1 failed, 2 bad usage or bad configuration.
All keys of the file with their defaults are in gateway.toml of the examples.
)";

CliResult usage_error(const std::string& message) {
    CliResult result;
    result.exit = {kExitUsage, "", "mqttsn-gateway: " + message + "\nTry: mqttsn-gateway --help\n"};
    return result;
}

CliResult success(std::string_view text) {
    CliResult result;
    result.exit.out = text;
    return result;
}

std::string unexpected(const std::string& argument) {
    if (!argument.starts_with('-')) {
        return "unexpected argument " + in_quotes(argument) + "; a configuration file is given with -c FILE";
    }
    return unknown_option(argument, kOptionNames);
}

/// What CLI11 collects, as it was written.
struct RawOptions {
    std::vector<std::string> config;
    std::vector<std::string> listen;
    std::vector<std::string> broker;
    std::vector<std::string> log_level;
    bool check_config = false;
    bool version = false;
};

/// @returns "" or what is wrong with the values
std::string convert(const RawOptions& raw, CliOptions& out) {
    const auto once = [](const std::vector<std::string>& values) { return values.size() <= 1; };
    if (!once(raw.config) || !once(raw.broker) || !once(raw.log_level)) {
        return std::string(!once(raw.config)   ? "--config"
                           : !once(raw.broker) ? "--broker"
                                               : "--log-level") +
               ": may be given only once";
    }
    out.check_config = raw.check_config;
    if (!raw.config.empty()) {
        out.config_file = raw.config[0];
        if (out.config_file.empty()) {
            return "--config: expected the name of a file, got \"\"";
        }
    }
    if (raw.listen.size() > kListenersMax) {
        return "--listen: at most " + std::to_string(kListenersMax) + " times";
    }
    for (const std::string& text : raw.listen) {
        ListenUrl url;
        const std::string problem = parse_listen_url(text, url);
        if (!problem.empty()) {
            return "--listen: " + problem;
        }
        if (std::any_of(out.overrides.listen.begin(), out.overrides.listen.end(),
                        [&](const ListenUrl& other) { return url.same_as(other); })) {
            return "--listen: " + to_string(url) + " is given twice";
        }
        out.overrides.listen.push_back(std::move(url));
    }
    if (!raw.broker.empty()) {
        BrokerUrl url;
        const std::string problem = parse_broker_option(raw.broker[0], url);
        if (!problem.empty()) {
            return "--broker: " + problem;
        }
        out.overrides.broker = std::move(url);
    }
    if (!raw.log_level.empty()) {
        out.overrides.log_level = parse_log_level(raw.log_level[0]);
        if (!out.overrides.log_level) {
            return "--log-level: expected error, warn, info or debug, got " + in_quotes(raw.log_level[0]);
        }
    }
    return "";
}

/// "1 predefined topic", "3 predefined topics".
std::string counted(std::size_t count, const std::string& noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string value_of(const std::vector<ConfigLine>& lines, std::string_view key) {
    const auto found =
        std::find_if(lines.begin(), lines.end(), [&](const ConfigLine& line) { return line.key == key; });
    return found == lines.end() ? "" : found->value;
}

std::string summary(const Config& config) {
    const std::vector<ConfigLine> lines = describe(config);
    std::string out = "  gateway  " + in_quotes(config.own_client_id()) + ", status topic " +
                      (config.status_topic.empty() ? "off" : in_quotes(config.status_topic)) + "\n";
    for (std::size_t i = 0; i < config.listen.size(); ++i) {
        const std::string prefix = "listen[" + std::to_string(i) + "].";
        out += "  listen   " + to_string(config.listen[i]) + ", sessions " +
               value_of(lines, prefix + "sessions") + ", QoS -1 " +
               value_of(lines, prefix + "qos_minus_one") + "\n";
    }
    out += "  broker   " + to_string(config.broker) +
           (config.core.broker.username.empty() ? "" : ", user " + in_quotes(config.core.broker.username)) +
           "\n";
    out += "  rules    " + counted(config.core.predefined_topics.size(), "predefined topic") + ", " +
           counted(config.core.clients.size(), "client rule") + "\n";
    return out;
}

}  // namespace

CliResult parse_cli(int argc, const char* const* argv) {
    RawOptions raw;
    CLI::App app;
    add_values(app, "-c,--config", raw.config);
    add_values(app, "--listen", raw.listen);
    add_values(app, "--broker", raw.broker);
    add_values(app, "--log-level", raw.log_level);
    app.add_flag("--check-config", raw.check_config);
    app.add_flag("--version", raw.version);
    const ArgumentsResult arguments = parse_arguments(app, argc, argv);
    if (arguments.help) {
        return success(kHelp);
    }
    if (!arguments.problem.empty()) {
        return usage_error(arguments.problem);
    }
    CliOptions options;
    const std::string problem = convert(raw, options);
    if (!problem.empty() || !arguments.extras.empty()) {
        return usage_error(problem.empty() ? unexpected(arguments.extras.front()) : problem);
    }
    if (raw.version) {
        return success("mqttsn-gateway " DORMOUSE_VERSION "\n");
    }
    CliResult result;
    result.options = std::move(options);
    return result;
}

CliExit check_config_report(const CliOptions& options) {
    const std::string name = options.config_file.empty() ? "built-in configuration" : options.config_file;
    const ConfigResult result = load_config(options.config_file, options.overrides);
    if (!result.config) {
        return {kExitUsage, "", error_lines(result.errors)};
    }
    CliExit exit{kExitDone, name + ": ok\n" + summary(*result.config), ""};
    for (const std::string& warning : result.config->warnings) {
        exit.err += name;
        exit.err += ": warning: ";
        exit.err += warning;
        exit.err += '\n';
    }
    return exit;
}

std::string error_lines(const std::vector<ConfigError>& errors) {
    std::string lines;
    for (const ConfigError& error : errors) {
        lines += to_string(error) + "\n";
    }
    return lines;
}

}  // namespace mqttsn::gateway
