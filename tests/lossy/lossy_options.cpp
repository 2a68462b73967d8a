// SPDX-License-Identifier: BSD-3-Clause
#include "lossy/lossy_options.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <map>
#include <string_view>
#include <vector>

#include "gateway/app/arguments.hpp"
#include "gateway/app/listen_url.hpp"
#include "gateway/app/text.hpp"
#include "lossy/link_presets.hpp"
#include "lossy/link_text.hpp"
#include "lossy/proxy_report.hpp"
#include "lossy/scenario.hpp"

namespace mqttsn::lossy {
namespace {

using gateway::in_quotes;
using gateway::parse_number;

constexpr std::size_t kMappingsMost = 25'000;  // each has a source port, and Linux gives 28,000 of them
constexpr Micros kExpireLeast = std::chrono::seconds{1};

constexpr std::string_view kHelpHead =
    R"(mqttsn-lossy: a bad network between MQTT-SN devices and their gateway (UDP)

Usage: mqttsn-lossy [OPTION]...

Where:
  --listen URL           where devices send to; default: udp://127.0.0.1:1985.
                         [::] takes IPv6 and IPv4; port 0: the system chooses
  --to HOST[:PORT]       the gateway; default: 127.0.0.1:1883. A name is looked
                         up once, at the start

What the network does (CHANCE is 20% or 0.5%; TIME is 250us, 50ms, 1.5s, 10m,
1h or 1d; RATE is 9600bit/s or 1.5Mbit/s):
  --scenario FILE        the [link] and the seed of a scenario (TOML)
  --preset NAME          a known network, instead of the scenario's link
  --list-presets         print them with their numbers and exit
)";

constexpr std::string_view kHelpMiddle =
    R"(  --up-KEY, --down-KEY   each of these for one direction: --up-loss 20%; up is
                         from the device to the gateway
  --partition FROM-TO    nothing passes in this time since the start, 10s-20s;
                         10s-20s@60s: again every 60s; up to 100 times.
                         --up-partition, --down-partition: one direction
  --rebind TIME          each device gets a new source port so often, as from a
                         NAT, with its next datagram
  --rebind-idle TIME     and when it has not sent for so long; until it sends
                         again nothing reaches it
  --seed N               the same network again (for the same traffic; devices
                         count in the order in which they appear); default:
                         drawn and printed
Numbers override the preset, and both override the scenario.

Limits and output:
  --mappings-max N       devices at the same time, 1 to 25000; then the one that
                         is idle longest is forgotten; default: 10000, less
                         where the limit of open files (ulimit -Hn) asks for it
  --expire TIME          an idle device is forgotten; default: 1d, because a
                         sleeping one may be silent for 18h
  --pcap FILE            a capture of both sides for Wireshark: what devices
                         send and receive (--listen's port), and what the
                         gateway receives and sends (--to's port, one source
                         port for each device). What is on one side only was
                         lost. It ends at 1 GiB
  --duration TIME        end after so long; default: at SIGINT or SIGTERM
  --json                 the summary as JSON on standard output
  --quiet                no live line (there is none without a terminal)
  --version              print the version and exit
  -h, --help             print this and exit

Examples:
  mqttsn-lossy --loss 20% --duplicate 5% --reorder 10%
  mqttsn-pub -p 1985 -t a/b -q 1 -m hello
  mqttsn-lossy --to gateway.example.com:1883 --preset lora-like --pcap air.pcap
  mqttsn-lossy --preset nb-iot --up-loss 30% --partition 30s-45s

Exit code: 0 done, 1 failed (the port is taken, no such host), 2 bad usage or a
bad scenario.
)";

/// What CLI11 collects, as it was written: option -> its values.
using Raw = std::map<std::string, std::vector<std::string>>;

struct Flags {
    bool json = false;
    bool quiet = false;
    bool version = false;
    bool list_presets = false;
};

constexpr std::string_view kSingles[] = {"--listen", "--to",          "--scenario", "--preset",
                                         "--rebind", "--rebind-idle", "--seed",     "--mappings-max",
                                         "--expire", "--pcap",        "--duration"};
constexpr std::string_view kPartitions[] = {"--partition", "--up-partition", "--down-partition"};
constexpr std::string_view kPrefixes[] = {"--", "--up-", "--down-"};

std::string option_of(std::string_view prefix, const LinkKey& key) {
    std::string name = std::string(prefix) + std::string(key.name);
    std::replace(name.begin(), name.end(), '_', '-');
    return name;
}

/// What stands for the value in --help.
std::string_view placeholder_of(const LinkKey& key) {
    constexpr std::pair<std::string_view, std::string_view> kPlaceholders[] = {{"a chance", "CHANCE"},
                                                                               {"a time", "TIME"},
                                                                               {"a rate", "RATE"},
                                                                               {"a number", "N"},
                                                                               {"ENTER", "ENTER:LEAVE"}};
    for (const auto& [beginning, placeholder] : kPlaceholders) {
        if (key.expected.starts_with(beginning)) {
            return placeholder;
        }
    }
    return "VALUE";
}

/// A line, or several, of --help, wrapped to the column of the others.
std::string help_of(const LinkKey& key) {
    constexpr std::size_t kColumn = 25;
    constexpr std::size_t kWidth = 80;
    std::string text = "  " + option_of("--", key) + " " + std::string(placeholder_of(key));
    text.resize(std::max(text.size(), kColumn - 1), ' ');
    std::size_t at = text.size();
    std::string_view rest = key.help;
    while (!rest.empty()) {
        const std::string_view word = rest.substr(0, rest.find(' '));
        if (at + 1 + word.size() > kWidth) {
            text += "\n" + std::string(kColumn - 1, ' ');
            at = kColumn - 1;
        }
        text.append(" ").append(word);
        at += 1 + word.size();
        rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    }
    return text + "\n";
}

std::string help() {
    std::string text(kHelpHead);
    for (const LinkKey& key : link_keys()) {
        text += help_of(key);
    }
    return text.append(kHelpMiddle);
}

std::string presets() {
    std::string text;
    for (const LinkPreset& preset : link_presets()) {
        text += std::string(preset.name) + ": " + std::string(preset.summary) + "\n" +
                describe_link(preset.settings);
    }
    return text;
}

std::string expected(std::string_view option, std::string_view what, std::string_view got) {
    return std::string(option) + ": expected " + std::string(what) + ", got " + in_quotes(got);
}

/// The value of an option that may be there once; nullptr when it is not there.
const std::string* value_of(const Raw& raw, std::string_view option) {
    const auto found = raw.find(std::string(option));
    return found == raw.end() || found->second.empty() ? nullptr : &found->second[0];
}

std::string set_listen(const Raw& raw, LossyOptions& options) {
    const std::string* const text = value_of(raw, "--listen");
    if (text == nullptr) {
        return "";
    }
    gateway::ListenUrl url;
    const std::string problem = gateway::parse_listen_url(*text, url);
    if (!problem.empty()) {
        return "--listen: " + problem;
    }
    options.listen = {url.at.host, url.at.port, url.at.ipv6};
    // The URL's default is the gateway's port, which is not ours.
    const std::string port = ":" + std::to_string(url.at.port);
    if (!text->ends_with(port) && !text->ends_with(port + "/")) {
        return "--listen: expected a port, as in \"udp://127.0.0.1:1985\", got " + in_quotes(*text);
    }
    return "";
}

/// Numeric addresses are checked now, names when they are looked up.
std::string set_to(const Raw& raw, LossyOptions& options) {
    const std::string* const text = value_of(raw, "--to");
    if (text == nullptr) {
        return "";
    }
    constexpr std::string_view kWhat = "HOST:PORT like \"127.0.0.1:1883\" or \"[::1]:1883\"";
    if (text->find("://") != std::string::npos) {
        return expected("--to", kWhat, *text) + " (without udp://)";
    }
    std::string host = text->substr(0, text->rfind(':'));
    const bool numeric = text->starts_with('[') ||
                         host.find_first_not_of("0123456789.") == std::string::npos ||
                         host.find(':') != std::string::npos;
    gateway::HostPort at;
    std::string rest =
        numeric ? *text : "127.0.0.1" + (host.size() < text->size() ? text->substr(host.size()) : "");
    const std::string problem = gateway::parse_host_port(rest, kDefaultGatewayPort, at);
    const bool zeros = at.address == gateway::HostPort{}.address || at.host == "0.0.0.0";
    if (!problem.empty() || at.port == 0 || gateway::is_multicast(at) || zeros) {
        const std::string why = !problem.empty() ? problem
                                : at.port == 0   ? "port 0 is nowhere"
                                                 : "not the address of one host";
        return expected("--to", kWhat, *text) + " (" + why + ")";
    }
    const bool printable = std::all_of(host.begin(), host.end(), [](char c) { return c > ' ' && c <= '~'; });
    if (!numeric && (host.empty() || host.size() > 253 || !printable)) {
        return expected("--to", kWhat, *text);
    }
    options.to_host = numeric ? at.host : host;
    options.to_port = at.port;
    return "";
}

/// What is before and after the first `mark`; all and "" without one.
std::pair<std::string_view, std::string_view> split(std::string_view text, char mark) {
    const std::size_t at = std::min(text.find(mark), text.size());
    return {text.substr(0, at), text.substr(std::min(at + 1, text.size()))};
}

std::string add_partition(std::string_view option, std::string_view text, LinkSettings& link) {
    const auto [window, repetition] = split(text, '@');
    const auto [begin, end] = split(window, '-');
    const std::optional<Micros> from = parse_time(begin);
    const std::optional<Micros> to = parse_time(end);
    const std::optional<Micros> every = window == text ? Micros{0} : parse_time(repetition);
    if (!from || !to || !every) {
        return expected(option, "FROM-TO or FROM-TO@EVERY like \"10s-20s\" or \"10s-20s@60s\"", text);
    }
    if (*from >= *to || (every->count() > 0 && *every <= *to - *from)) {
        return expected(option, "FROM before TO, and EVERY longer than from FROM to TO", text);
    }
    link.partitions.push_back(
        Partition{*from, *to, *every, option != "--down-partition", option != "--up-partition"});
    return "";
}

std::string set_partitions(const Raw& raw, LinkSettings& link) {
    const bool any = std::any_of(std::begin(kPartitions), std::end(kPartitions),
                                 [&](std::string_view option) { return value_of(raw, option) != nullptr; });
    if (any) {
        link.partitions.clear();  // those of the scenario
    }
    for (const std::string_view option : kPartitions) {
        const auto found = raw.find(std::string(option));
        for (const std::string& text : found == raw.end() ? std::vector<std::string>{} : found->second) {
            if (link.partitions.size() >= kPartitionsMax) {
                return std::string(option) + ": at most " + std::to_string(kPartitionsMax) + " times";
            }
            std::string problem = add_partition(option, text, link);
            if (!problem.empty()) {
                return problem;
            }
        }
    }
    return "";
}

std::string set_time(const Raw& raw, std::string_view option, Micros least, Micros& out) {
    const std::string* const text = value_of(raw, option);
    if (text == nullptr) {
        return "";
    }
    const std::optional<Micros> time = parse_time(*text);
    if (!time || *time < least) {
        return expected(option, "a time of at least " + format_time(least) + " such as \"90s\"", *text);
    }
    out = *time;
    return "";
}

/// Preset, then the keys for both directions, then those for one.
std::string set_link(const Raw& raw, LinkSettings& link) {
    if (const std::string* const name = value_of(raw, "--preset")) {
        const LinkPreset* const preset = find_link_preset(*name);
        if (preset == nullptr) {
            std::vector<std::string_view> names;
            for (const LinkPreset& known : link_presets()) {
                names.push_back(known.name);
            }
            return expected("--preset", gateway::quoted_choice(names), *name);
        }
        link = preset->settings;
    }
    for (const std::string_view prefix : kPrefixes) {
        for (const LinkKey& key : link_keys()) {
            const std::string option = option_of(prefix, key);
            const std::string* const text = value_of(raw, option);
            if (text != nullptr && ((prefix != "--down-" && !key.set(link.up, *text)) ||
                                    (prefix != "--up-" && !key.set(link.down, *text)))) {
                return expected(option, key.expected, *text);
            }
        }
    }
    std::string problem = set_partitions(raw, link);
    problem = problem.empty() ? set_time(raw, "--rebind", Micros{0}, link.rebind.every) : problem;
    problem = problem.empty() ? set_time(raw, "--rebind-idle", Micros{0}, link.rebind.after_idle) : problem;
    return problem.empty() ? check_link(link) : problem;
}

std::string set_limits(const Raw& raw, LossyOptions& options) {
    if (const std::string* const text = value_of(raw, "--seed")) {
        options.seed = parse_number(*text, 0, ~std::uint64_t{0});
        if (!options.seed) {
            return expected("--seed", "a number from 0 to 18446744073709551615", *text);
        }
    }
    if (const std::string* const text = value_of(raw, "--mappings-max")) {
        const auto count = parse_number(*text, 1, kMappingsMost);
        if (!count) {
            return expected("--mappings-max", "a number from 1 to " + std::to_string(kMappingsMost), *text);
        }
        options.mappings_max = static_cast<std::size_t>(*count);
    }
    if (const std::string* const text = value_of(raw, "--pcap")) {
        if (text->empty()) {
            return "--pcap: expected the name of a file, got \"\"";
        }
        options.pcap = *text;
    }
    const std::string problem = set_time(raw, "--expire", kExpireLeast, options.expire);
    return problem.empty() ? set_time(raw, "--duration", Micros{1000}, options.duration) : problem;
}

/// "" or what is wrong, without a line feed; all errors of a scenario, with line feeds, in `scenario_errors`.
std::string convert(const Raw& raw, LossyOptions& options, std::string& scenario_errors) {
    for (const auto& [option, values] : raw) {
        const bool repeatable =
            std::find(std::begin(kPartitions), std::end(kPartitions), option) != std::end(kPartitions);
        if (values.size() > 1 && !repeatable) {
            return option + ": may be given only once";
        }
    }
    if (const std::string* const file = value_of(raw, "--scenario")) {
        const ScenarioResult result = load_scenario(*file);
        if (!result.scenario) {
            for (const std::string& error : result.errors) {
                scenario_errors += error + "\n";
            }
            return "";
        }
        options.link = result.scenario->link;
        options.seed = result.scenario->seed;
    }
    std::string problem = set_listen(raw, options);
    problem = problem.empty() ? set_to(raw, options) : problem;
    problem = problem.empty() ? set_link(raw, options.link) : problem;
    return problem.empty() ? set_limits(raw, options) : problem;
}

std::string unexpected(const std::string& argument, const Raw& known) {
    if (!argument.starts_with('-')) {
        return "unexpected argument " + in_quotes(argument);
    }
    std::vector<std::string_view> names{"--json", "--quiet", "--version", "--list-presets", "--help"};
    for (const auto& [option, values] : known) {
        names.push_back(option);
    }
    return gateway::unknown_option(argument, names);
}

LossyCommand usage_error(const std::string& message) {
    LossyCommand command;
    command.exit_code = kExitUsage;
    command.err = "mqttsn-lossy: " + message + " (see --help)\n";
    return command;
}

LossyCommand say(std::string text) {
    LossyCommand command;
    command.out = std::move(text);
    return command;
}

void declare(CLI::App& app, Raw& raw, Flags& flags) {
    std::vector<std::string> options(std::begin(kSingles), std::end(kSingles));
    options.insert(options.end(), std::begin(kPartitions), std::end(kPartitions));
    for (const std::string_view prefix : kPrefixes) {
        for (const LinkKey& key : link_keys()) {
            options.push_back(option_of(prefix, key));
        }
    }
    for (const std::string& option : options) {
        gateway::add_values(app, option, raw[option]);  // how often it may be there is checked by convert()
    }
    app.add_flag("--json", flags.json);
    app.add_flag("--quiet", flags.quiet);
    app.add_flag("--version", flags.version);
    app.add_flag("--list-presets", flags.list_presets);
}

}  // namespace

LossyCommand parse_lossy_options(int argc, const char* const* argv) {
    Raw raw;
    Flags flags;
    CLI::App app;
    declare(app, raw, flags);
    const gateway::ArgumentsResult arguments = gateway::parse_arguments(app, argc, argv);
    if (arguments.help) {
        return say(help());
    }
    if (!arguments.problem.empty()) {
        return usage_error(arguments.problem);
    }
    if (!arguments.extras.empty()) {
        return usage_error(unexpected(arguments.extras.front(), raw));
    }
    if (flags.version || flags.list_presets) {
        return say(flags.version ? "mqttsn-lossy " DORMOUSE_VERSION "\n" : presets());
    }
    LossyCommand command;
    LossyOptions options;
    const std::string problem = convert(raw, options, command.err);
    if (!problem.empty()) {
        return usage_error(problem);
    }
    if (!command.err.empty()) {
        command.exit_code = kExitUsage;
        return command;
    }
    options.json = flags.json;
    options.quiet = flags.quiet;
    command.options = std::move(options);
    return command;
}

}  // namespace mqttsn::lossy
