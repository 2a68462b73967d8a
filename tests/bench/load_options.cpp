// SPDX-License-Identifier: BSD-3-Clause
#include "bench/load_options.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <map>
#include <span>
#include <vector>

#include "bench/payload.hpp"
#include "gateway/app/arguments.hpp"
#include "gateway/app/listen_url.hpp"
#include "gateway/app/text.hpp"
#include "mqttsn/topic.hpp"

namespace mqttsn::load {
namespace {

using gateway::in_quotes;

constexpr std::array<std::string_view, 7> kModeNames{"connect", "pub",  "sub",     "fanout",
                                                     "sleep",   "idle", "mqtt-pub"};

// ---- values: each reads `text` into `out` and says whether it is in its range ----

template <class Number>
bool read_number(std::string_view text, std::uint64_t least, std::uint64_t most, Number& out) {
    const std::optional<std::uint64_t> value = gateway::parse_number(text, least, most);
    out = static_cast<Number>(value.value_or(0));
    return value.has_value();
}

bool read_decimal(std::string_view text, double least, double most, double& out) {
    const bool plain = text.find_first_not_of("0123456789.") == std::string_view::npos;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return plain && error == std::errc{} && end == text.data() + text.size() && out >= least && out <= most;
}

bool read_qos(std::string_view text, int& out) {
    return text == "-1" ? (out = -1, true) : read_number(text, 0, 2, out);
}

/// Numeric addresses are checked now, names when they are looked up.
bool read_host_port(std::string_view text, HostAndPort& out) {
    const bool bracket = text.starts_with('[');
    const std::size_t colon =
        bracket ? text.find(':', std::min(text.find(']'), text.size())) : text.rfind(':');
    const std::string host(text.substr(0, std::min(colon, text.size())));
    const bool numeric = bracket || host.find_first_not_of("0123456789.") == std::string::npos;
    gateway::HostPort at;
    // A name stands in for its address, so that the port is read by the same rules.
    const std::string address =
        numeric ? std::string(text) : "127.0.0.1" + std::string(text.substr(host.size()));
    const bool printable = std::all_of(host.begin(), host.end(), [](char c) { return c > ' ' && c <= '~'; });
    if (!gateway::parse_host_port(address, 1883, at).empty() || at.port == 0 || host.empty() ||
        host.size() > 253 || !printable ||
        host.find_first_of(":/") != (bracket ? host.find(':') : host.npos)) {
        return false;
    }
    out.host = numeric ? at.host : host;
    out.port = at.port;
    return true;
}

bool read_topic(std::string_view text, std::string& out) {
    out = text;
    return text.size() <= 200 &&
           topic_name_valid(Bytes{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

bool read_client_id(std::string_view text, std::string& out) {
    out = text;
    return !text.empty() && text.size() <= 100 && std::all_of(text.begin(), text.end(), [](char c) {
        return c > ' ' && c <= '~' && c != '/' && c != '+' && c != '#';
    });
}

/// "registered", "short", "predefined", "predefined:ID".
bool read_topic_kind(std::string_view text, LoadOptions& out) {
    constexpr std::string_view kPredefined = "predefined";
    if (text == "registered" || text == "short") {
        out.topic_kind = text == "short" ? TopicKind::short_name : TopicKind::registered;
        return true;
    }
    out.topic_kind = TopicKind::predefined;
    return text == kPredefined ||
           (text.starts_with("predefined:") &&
            read_number(text.substr(kPredefined.size() + 1), 1, 0xFFFE, out.predefined_id));
}

// ---- the table of options ----

constexpr unsigned in(Mode mode) {
    return 1U << static_cast<unsigned>(mode);
}
constexpr unsigned kUp = in(Mode::pub) | in(Mode::mqtt_pub);
constexpr unsigned kDown = in(Mode::sub) | in(Mode::fanout) | in(Mode::sleep);
constexpr unsigned kMessages = kUp | kDown;
constexpr unsigned kAll = kMessages | in(Mode::connect) | in(Mode::idle);
constexpr unsigned kDevices = kAll & ~in(Mode::mqtt_pub);  // with MQTT-SN devices

struct Option {
    std::string_view name;
    unsigned modes;
    std::string_view expected;
    bool (*set)(std::string_view text, LoadOptions& options);
};

using Text = std::string_view;
using Load = LoadOptions;

constexpr std::string_view kHostPort = "HOST:PORT like \"127.0.0.1:1883\" or \"[::1]:1883\"";
constexpr std::string_view kSeconds = "seconds from 0.01 to 86400";
constexpr std::string_view kPid = "the number of a process";
constexpr int kPidMax = 1 << 22;

// clang-format off
const std::array kOptions{
    Option{"--gateway", kAll, kHostPort, [](Text t, Load& o) { return read_host_port(t, o.gateway); }},
    Option{"--broker", kAll, kHostPort, [](Text t, Load& o) { return read_host_port(t, o.broker); }},
    Option{"--devices", kAll, "a number from 1 to 1000000",
        [](Text t, Load& o) { return read_number(t, 1, 1'000'000, o.devices); }},
    Option{"--qos", kMessages, "-1, 0, 1 or 2", [](Text t, Load& o) { return read_qos(t, o.qos); }},
    Option{"--subscriber-qos", kUp, "0, 1 or 2",
        [](Text t, Load& o) { return read_number(t, 0, 2, o.subscriber_qos); }},
    Option{"--rate", kMessages & ~in(Mode::sleep), "messages per second from 0.01 to 10000000",
        [](Text t, Load& o) { return read_decimal(t, 0.01, 1e7, o.rate); }},
    Option{"--window", kMessages & ~in(Mode::fanout), "a number from 1 to 1000000",
        [](Text t, Load& o) { return read_number(t, 1, 1'000'000, o.window); }},
    Option{"--device-window", kMessages & ~in(Mode::fanout), "a number from 1 to 65000",
        [](Text t, Load& o) { return read_number(t, 1, 65'000, o.device_window); }},
    Option{"--count", kMessages, "a number from 1 to 4000000000",
        [](Text t, Load& o) { return read_number(t, 1, 4'000'000'000, o.count); }},
    Option{"--seconds", kMessages & ~in(Mode::sleep), kSeconds,
        [](Text t, Load& o) { return read_decimal(t, 0.01, 86400, o.seconds); }},
    Option{"--hold", in(Mode::idle), kSeconds,
        [](Text t, Load& o) { return read_decimal(t, 0.01, 86400, o.hold_s); }},
    Option{"--settle", kMessages, kSeconds,
        [](Text t, Load& o) { return read_decimal(t, 0.01, 86400, o.settle_s); }},
    Option{"--payload", kMessages, "octets from 24 to 60000",
        [](Text t, Load& o) { return read_number(t, kPayloadOctetsMin, kPayloadOctetsMax, o.payload); }},
    Option{"--topic", kMessages, "a topic name without wildcards, up to 200 octets",
        [](Text t, Load& o) { return read_topic(t, o.topic); }},
    Option{"--topic-kind", kMessages & ~in(Mode::mqtt_pub), "registered, short, predefined or predefined:ID (1 to 65534)",
        [](Text t, Load& o) { return read_topic_kind(t, o); }},
    Option{"--client-id", kAll, "1 to 100 visible ASCII characters, not / + #",
        [](Text t, Load& o) { return read_client_id(t, o.client_id); }},
    Option{"--retry", kDevices, kSeconds,
        [](Text t, Load& o) { return read_decimal(t, 0.01, 86400, o.retry_s); }},
    Option{"--retries", kDevices, "a number from 0 to 250",
        [](Text t, Load& o) { return read_number(t, 0, 250, o.retries); }},
    Option{"--connect-window", kAll, "a number from 1 to 1000000",
        [](Text t, Load& o) { return read_number(t, 1, 1'000'000, o.connect_window); }},
    Option{"--keep-alive", kDevices, "seconds from 1 to 65535",
        [](Text t, Load& o) { return read_number(t, 1, 65535, o.keep_alive_s); }},
    Option{"--sleep", in(Mode::sleep), "seconds from 1 to 65535",
        [](Text t, Load& o) { return read_number(t, 1, 65535, o.sleep_s); }},
    Option{"--wake-ups", in(Mode::sleep), "a number from 1 to 1000",
        [](Text t, Load& o) { return read_number(t, 1, 1000, o.wake_ups); }},
    Option{"--pid", kAll, kPid, [](Text t, Load& o) { return read_number(t, 1, kPidMax, o.gateway_pid); }},
    Option{"--broker-pid", kAll, kPid, [](Text t, Load& o) { return read_number(t, 1, kPidMax, o.broker_pid); }},
};
// clang-format on

/// What CLI11 collects, as it was written: option -> its values.
using Raw = std::map<std::string_view, std::vector<std::string>>;

bool given(const Raw& raw, std::string_view option) {
    return !raw.at(option).empty();
}

std::string set_all(const Raw& raw, LoadOptions& options) {
    for (const Option& option : kOptions) {
        const std::vector<std::string>& values = raw.at(option.name);
        const std::string name(option.name);
        if (values.empty()) {
            continue;
        }
        if (values.size() > 1) {
            return name + ": may be given only once";
        }
        if ((option.modes & in(options.mode)) == 0) {
            return name + ": not with mode " + std::string(mode_name(options.mode));
        }
        if (!option.set(values[0], options)) {
            return name + ": expected " + std::string(option.expected) + ", got " + in_quotes(values[0]);
        }
    }
    return "";
}

constexpr std::uint32_t kShortNames = 62 * 62;

/// What each option alone does not tell.
std::string check_together(const Raw& raw, const LoadOptions& options) {
    const bool own_topics = options.mode == Mode::sub || options.mode == Mode::sleep;
    if (options.qos < 0 && options.mode != Mode::pub) {
        return "--qos -1: only with mode pub";
    }
    if (options.qos < 0 && options.topic_kind == TopicKind::registered) {
        return "--qos -1: needs --topic-kind short or predefined, because nothing can be registered";
    }
    if (own_topics && options.topic_kind == TopicKind::predefined && options.devices > 1) {
        return "--topic-kind predefined: one topic cannot tell the devices of mode " +
               std::string(mode_name(options.mode)) + " apart; give --devices 1 or another kind";
    }
    if (own_topics && options.topic_kind == TopicKind::short_name && options.devices > kShortNames) {
        return "--topic-kind short: there are short topics for " + std::to_string(kShortNames) +
               " devices; give fewer --devices or another kind";
    }
    if (options.topic_kind == TopicKind::short_name && given(raw, "--topic")) {
        return "--topic: not with --topic-kind short, where topics are called \"00\", \"01\", ...";
    }
    if (options.burst && options.mode != Mode::pub) {
        return "--burst: only with mode pub";
    }
    if (options.burst && (given(raw, "--rate") || given(raw, "--window"))) {
        return "--burst: all devices publish at once; not with --rate or --window";
    }
    if (given(raw, "--rate") && given(raw, "--window")) {
        return "give --rate (open loop) or --window (closed loop), not both";
    }
    if (given(raw, "--device-window") && options.qos > 0 && (in(options.mode) & kUp) != 0) {
        return "--device-window: a device has one unanswered message at QoS 1 and 2";
    }
    return "";
}

void set_defaults(const Raw& raw, LoadOptions& options) {
    if (options.qos < 0 && !given(raw, "--topic-kind")) {
        options.topic_kind = TopicKind::short_name;
    }
    if (options.mode == Mode::mqtt_pub) {
        options.gateway_pid = 0;  // no gateway takes part
    }
    if (options.mode == Mode::sleep) {
        options.count = options.count == 0 ? 5 : options.count;
    } else if (options.count == 0 && options.seconds <= 0) {
        options.seconds = 10;
    }
    if (options.settle_s <= 0) {
        // The gateway repeats what a device did not answer; the specification's T_retry is up to 15 s.
        options.settle_s = options.qos > 0 ? 20 : 1;
    }
    const bool up = (in(options.mode) & kUp) != 0;
    if (options.qos > 0 && up) {
        options.device_window = 1;
    } else if (up && !given(raw, "--device-window")) {
        options.device_window = 65'000;
    }
}

LoadCommand usage_error(const std::string& message) {
    LoadCommand command;
    command.exit_code = kExitUsage;
    command.err = "mqttsn-load: " + message + " (see --help)\n";
    return command;
}

LoadCommand say(std::string text) {
    LoadCommand command;
    command.out = std::move(text);
    return command;
}

struct Flags {
    bool burst = false;
    bool json = false;
    bool progress = false;
    bool version = false;
};

void declare(CLI::App& app, Raw& raw, Flags& flags) {
    for (const Option& option : kOptions) {
        gateway::add_values(app, std::string(option.name), raw[option.name]);
    }
    app.add_flag("--burst", flags.burst);
    app.add_flag("--json", flags.json);
    app.add_flag("--progress", flags.progress);
    app.add_flag("--version", flags.version);
}

/// The mode is the one word that is no option. "" or a sentence.
std::string set_mode(const std::vector<std::string>& extras, LoadOptions& options) {
    std::vector<std::string_view> words;
    for (const std::string& extra : extras) {
        if (extra.starts_with('-')) {
            std::vector<std::string_view> names{"--burst", "--json", "--progress", "--version", "--help"};
            for (const Option& option : kOptions) {
                names.push_back(option.name);
            }
            return gateway::unknown_option(extra, names);
        }
        words.push_back(extra);
    }
    if (words.empty()) {
        return "no mode: expected " + gateway::quoted_choice(kModeNames);
    }
    const auto found = std::find(kModeNames.begin(), kModeNames.end(), words[0]);
    if (found == kModeNames.end()) {
        return "unknown mode " + in_quotes(words[0]) + ": expected " + gateway::quoted_choice(kModeNames);
    }
    if (words.size() > 1) {
        return "unexpected argument " + in_quotes(words[1]);
    }
    options.mode = static_cast<Mode>(found - kModeNames.begin());
    return "";
}

}  // namespace

std::string_view mode_name(Mode mode) {
    return kModeNames[static_cast<std::size_t>(mode)];
}

std::string device_id(const LoadOptions& options, std::uint32_t run, std::size_t device) {
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "-%08x-%zu", static_cast<unsigned>(run), device);
    return options.client_id + text.data();
}

LoadCommand parse_load_options(int argc, const char* const* argv) {
    Raw raw;
    Flags flags;
    CLI::App app;
    declare(app, raw, flags);
    const gateway::ArgumentsResult arguments = gateway::parse_arguments(app, argc, argv);
    if (arguments.help) {
        return say(load_help());
    }
    if (!arguments.problem.empty()) {
        return usage_error(arguments.problem);
    }
    if (flags.version) {
        return say("mqttsn-load " DORMOUSE_VERSION "\n");
    }
    LoadOptions options;
    std::string problem = set_mode(arguments.extras, options);
    options.burst = flags.burst;
    options.json = flags.json;
    options.progress = flags.progress;
    problem = problem.empty() ? set_all(raw, options) : problem;
    if (problem.empty()) {
        set_defaults(raw, options);
        problem = check_together(raw, options);
    }
    if (!problem.empty()) {
        return usage_error(problem);
    }
    LoadCommand command;
    command.options = std::move(options);
    return command;
}

}  // namespace mqttsn::load
