// SPDX-License-Identifier: BSD-3-Clause
#include "conformance/options.hpp"

#include <CLI/CLI.hpp>
#include <cmath>
#include <sstream>
#include <stdexcept>

namespace conformance {
namespace {

constexpr const char* kFooter =
    "Exit code: 0 all cases passed, 1 some failed (or there is no gateway or broker), 2 bad usage.\n"
    "Cases that need a setting of the gateway (--predefined, --multicast, ...) are reported as \"n/a\" "
    "without it.\n"
    "Give the gateway a short T_retry (1 s) and tell it by --retry: a run then takes about a minute.";

/// "HOST:PORT" or "[IPV6]:PORT". Throws CLI::ValidationError.
HostPort host_port_of(const std::string& text, const std::string& option) {
    const std::size_t colon = text.rfind(':');
    HostPort result;
    const auto wrong = [&] { return CLI::ValidationError(option, "'" + text + "' is not HOST:PORT"); };
    if (colon == std::string::npos || colon == 0) {
        throw wrong();
    }
    result.host = text.substr(0, colon);
    if (result.host.front() == '[' && result.host.back() == ']') {
        result.host = result.host.substr(1, result.host.size() - 2);
    } else if (result.host.find(':') != std::string::npos) {
        throw wrong();
    }
    const std::string digits = text.substr(colon + 1);
    unsigned port = 0;
    if (!CLI::detail::lexical_cast(digits, port) || port == 0 || port > 65535) {
        throw wrong();
    }
    result.port = static_cast<std::uint16_t>(port);
    return result;
}

Predefined predefined_of(const std::string& text) {
    const std::size_t equals = text.find('=');
    unsigned id = 0;
    if (equals == std::string::npos || equals + 1 == text.size() ||
        !CLI::detail::lexical_cast(text.substr(0, equals), id) || id == 0 || id > 0xFFFE) {
        throw CLI::ValidationError("--predefined", "'" + text + "' is not ID=TOPIC with an ID in 1..65534");
    }
    return {static_cast<std::uint16_t>(id), text.substr(equals + 1)};
}

std::chrono::milliseconds seconds_of(double seconds, const std::string& option) {
    if (!std::isfinite(seconds) || seconds < 0.05 || seconds > 3600) {
        throw CLI::ValidationError(option, "is not between 0.05 and 3600 seconds");
    }
    return std::chrono::milliseconds(static_cast<long long>(seconds * 1000));
}

/// What CLI11 fills, before it is judged.
struct Words {
    std::string gateway;
    std::string broker;
    std::string filter;
    std::string qos_minus_one = "predefined";
    std::string multicast;
    std::vector<std::string> predefined;
    std::string when_down = "keep";
    double retry = 10;
    double answer = 5;
    bool no_forwarder = false;
};

void describe_run(CLI::App& app, Words& words, Options& options) {
    app.add_option("--gateway", words.gateway, "the gateway under test")->type_name("HOST:PORT");
    app.add_option("--broker", words.broker, "the broker behind it")->type_name("HOST:PORT");
    app.add_option("--filter", words.filter,
                   "only cases of these rules, or with this in their id; with commas")
        ->type_name("TEXT");
    app.add_option("--jobs", options.jobs, "cases at a time; most of them wait (default 32)")
        ->check(CLI::Range(1, 256));
    app.add_option("--junit", options.junit, "also write the results there")->type_name("FILE");
    app.add_option("--answer", words.answer, "how long an answer may take (default 5)")->type_name("SECONDS");
    app.add_flag("--list", options.list, "say the cases with their rules and end");
    app.add_flag("--verbose", options.verbose, "the transcript of every case, not only of those that fail");
}

void describe_gateway(CLI::App& app, Words& words, Options& options) {
    app.add_option("--retry", words.retry, "T_retry of the gateway (default 10)")->type_name("SECONDS");
    app.add_option("--retry-count", options.retry_count, "N_retry of the gateway (default 3)")
        ->check(CLI::Range(0, 100));
    app.add_option("--predefined", words.predefined,
                   "a pre-defined topic of the gateway; {client_id} in it is the device's; may be repeated")
        ->type_name("ID=TOPIC");
    app.add_option("--qos-minus-one", words.qos_minus_one,
                   "QoS -1 is served: off, predefined (default), all (short names too)")
        ->check(CLI::IsMember({"off", "predefined", "all"}));
    app.add_option("--topic-limit", options.topic_limit, "topic ids that a device can hold")
        ->check(CLI::Range(1, 65534));
    app.add_option("--sleep-limit", options.sleep_limit, "messages that the gateway keeps for a sleeper")
        ->check(CLI::Range(1, 10000));
    app.add_option("--window", options.window, "QoS 1/2 messages a device may have on the way (default 4)")
        ->check(CLI::Range(1, 64));
    app.add_option("--client-id-limit", options.client_id_limit, "longest client id, in octets (default 64)")
        ->check(CLI::Range(23, 1024));
    app.add_flag("--no-forwarder", words.no_forwarder, "the gateway serves no forwarders");
    app.add_option("--multicast", words.multicast, "the group where the gateway advertises")
        ->type_name("GROUP:PORT");
    app.add_option("--interface", options.multicast_interface,
                   "the local address for --multicast (default 127.0.0.1)")
        ->type_name("ADDRESS");
    app.add_option(
           "--relay", options.relay,
           "listen on 127.0.0.1:PORT for the gateway, pass all on to the broker, and cut it in some cases")
        ->type_name("PORT")
        ->check(CLI::Range(1, 65535));
    app.add_option("--when-down", words.when_down,
                   "what it does with devices when the broker is gone: keep, disconnect")
        ->check(CLI::IsMember({"keep", "disconnect"}));
    app.add_option("--weaker", options.weaker,
                   "promises that this gateway does not make, by design: shared, paho; may be repeated")
        ->check(CLI::IsMember({"shared", "paho"}));
}

void judge(const Words& words, Options& options) {
    options.retry = seconds_of(words.retry, "--retry");
    options.answer = seconds_of(words.answer, "--answer");
    options.disconnects = words.when_down == "disconnect";
    options.forwarder = !words.no_forwarder;
    options.qos_minus_one = words.qos_minus_one == "off"   ? QosMinusOne::off
                            : words.qos_minus_one == "all" ? QosMinusOne::all
                                                           : QosMinusOne::predefined;
    for (const std::string& text : words.predefined) {
        options.predefined.push_back(predefined_of(text));
    }
    std::istringstream parts(words.filter);
    for (std::string part; std::getline(parts, part, ',');) {
        if (!part.empty()) {
            options.filters.push_back(part);
        }
    }
    if (options.list) {
        return;
    }
    if (words.gateway.empty() || words.broker.empty()) {
        throw CLI::ValidationError("--gateway and --broker", "are both needed");
    }
    options.gateway = host_port_of(words.gateway, "--gateway");
    options.broker = host_port_of(words.broker, "--broker");
    if (!words.multicast.empty()) {
        options.multicast = host_port_of(words.multicast, "--multicast");
    }
}

std::string one_line(std::string text) {
    for (char& letter : text) {
        letter = letter == '\n' ? ' ' : letter;
    }
    return text;
}

}  // namespace

Command parse_options(int argc, const char* const* argv) {
    CLI::App app(
        "Does a gateway keep the rules of MQTT-SN 1.2? Black box: UDP on one side, MQTT on the other.",
        "mqttsn-conformance");
    app.set_version_flag("--version", "mqttsn-conformance " DORMOUSE_VERSION);
    app.footer(kFooter);
    Options options;
    Words words;
    describe_run(app, words, options);
    describe_gateway(app, words, options);
    Command command;
    try {
        app.parse(argc, argv);
        judge(words, options);
        command.options = std::move(options);
    } catch (const CLI::Success& asked) {
        std::ostringstream out;
        std::ostringstream err;
        app.exit(asked, out, err);
        command.out = out.str();
    } catch (const CLI::Error& error) {
        command.exit_code = 2;
        command.err = "mqttsn-conformance: " + one_line(error.what()) + "\n";
    }
    return command;
}

}  // namespace conformance
