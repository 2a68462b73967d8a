// SPDX-License-Identifier: BSD-3-Clause
#include "options.hpp"

#include <mqttsn/udp.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

#include "mqttsn/topic.hpp"

namespace mqttsn::tools {

namespace {

Bytes view(const std::string& text) {
    return Bytes{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

enum class Number { whole, any };

/// Low to high, both in it; `meaning` says what that is.
CLI::Validator within(double low, double high, const std::string& meaning, Number kind = Number::whole) {
    const auto check = [low, high, meaning, kind](const std::string& text) {
        char* end = nullptr;
        const double value = std::strtod(text.c_str(), &end);
        const bool plain = !text.empty() && text.find_first_not_of("0123456789.-") == std::string::npos &&
                           *end == '\0' && (kind == Number::any || text.find('.') == std::string::npos);
        return plain && value >= low && value <= high ? std::string() : meaning + ", not \"" + text + "\"";
    };
    return CLI::Validator(check, "");
}

/// Options that are asked whether they were there; a message, for example, may be empty.
struct Given {
    CLI::Option* host = nullptr;
    CLI::Option* port = nullptr;
    CLI::Option* discover = nullptr;
    CLI::Option* interface = nullptr;
    CLI::Option* radius = nullptr;
    CLI::Option* message = nullptr;
    CLI::Option* file = nullptr;
    bool lines = false;
    bool standard_input = false;
};

void add_common(CLI::App& app, Program program, Options& options, Given& given) {
    app.set_help_flag("--help", "Print this help and exit");
    app.set_version_flag("--version", MQTTSN_TOOLS_VERSION);
    given.host = app.add_option("-h,--host", options.host, "Gateway host")->capture_default_str();
    given.port = app.add_option("-p,--port", options.port, "Gateway UDP port")
                     ->check(within(1, 65535, "a port is 1 to 65535"))
                     ->capture_default_str();
    given.discover = app.add_option("--discover", options.group,
                                    "Find the gateway by multicast or broadcast instead: ADDRESS:PORT of the "
                                    "group, or nothing for the usual one")
                         ->expected(0, 1)
                         ->capture_default_str();
    given.interface = app.add_option("--interface", options.interface,
                                     "Network interface to search by (default: the system's choice)");
    given.radius = app.add_option("--radius", options.radius, "How many hops to search, 0 = everywhere")
                       ->check(within(0, 255, "a radius is 0 to 255 hops"))
                       ->capture_default_str();
    app.add_option("-i,--id", options.client_id, "Client id (default: program name and process id)");
    app.add_option("-q,--qos", options.qos, "Quality of service")
        ->check(program == Program::pub ? within(-1, 2, "QoS is -1, 0, 1 or 2")
                                        : within(0, 2, "QoS is 0, 1 or 2"))
        ->capture_default_str();
    app.add_option("-k,--keepalive", options.keep_alive_s, "Keep-alive in seconds, 0 = none")
        ->check(within(0, 65535, "seconds are 0 to 65535"))
        ->capture_default_str();
    app.add_flag("-c,--disable-clean-session", options.keep_session,
                 "Keep the session in gateway and broker after the end (needs -i)");
    app.add_flag("-d,--debug", options.debug, "Write every packet to standard error");
    app.add_option("--state", options.state_file,
                   "Keep the session in this file and go on with it in the next run (as -c, needs -i)");
    app.add_option("-W", options.timeout_s,
                   program == Program::pub ? "Give up after this many seconds"
                                           : "Stop after this many seconds; exit code 27 when no "
                                             "message came, or fewer than -C")
        ->check(within(0.001, 1e6, "seconds are more than 0 and at most 1000000", Number::any));
    app.add_option("--will-topic", options.will_topic, "Topic of the will");
    app.add_option("--will-payload", options.will_payload, "Payload of the will");
    app.add_option("--will-qos", options.will_qos, "QoS of the will")
        ->check(within(0, 2, "QoS is 0, 1 or 2"));
    app.add_flag("--will-retain", options.will_retain, "The will is retained");
    app.add_flag("--short", options.short_names, "-t names short topics: two octets, no registration");
    app.add_option("--retry", options.retry_s, "T_retry: seconds to wait for an answer")
        ->check(within(0.01, 86400, "seconds are 0.01 to 86400", Number::any))
        ->capture_default_str();
    app.add_option("--retries", options.retry_count,
                   "N_retry: repetitions before the connection counts as lost")
        ->check(within(0, 254, "repetitions are 0 to 254"))
        ->capture_default_str();
    app.add_option("--wait", options.congestion_wait_s,
                   "T_WAIT: seconds to wait after \"rejected: congestion\"")
        ->check(within(0.01, 86400, "seconds are 0.01 to 86400", Number::any))
        ->capture_default_str();
    auto* const topic = app.add_option("-t,--topic", options.topics,
                                       program == Program::pub ? "Topic" : "Topic filter; may be repeated");
    auto* const predefined =
        app.add_option("--predefined", options.predefined,
                       program == Program::pub ? "Predefined topic id instead of a topic"
                                               : "Predefined topic id to subscribe to; may be repeated");
    topic->allow_extra_args(false);
    predefined->check(within(1, 65534, "ids are 1 to 65534"));
    predefined->allow_extra_args(false);
}

void add_pub(CLI::App& app, Options& options, Given& given) {
    given.message = app.add_option("-m,--message", options.message, "Message to send; may be empty");
    given.file = app.add_option("-f,--file", options.file, "Send the contents of a file");
    app.add_flag("-l,--stdin-line", given.lines,
                 "Send each line of standard input; blank lines are left out");
    app.add_flag("-s,--stdin-file", given.standard_input, "Send all of standard input as one message");
    app.add_flag("-r,--retain", options.retain, "Ask the broker to retain the message");
}

void add_sub(CLI::App& app, Options& options) {
    app.add_flag("-v,--verbose", options.verbose, "Print the topic before the payload");
    app.add_option("-C", options.message_count, "Exit after this many messages")
        ->check(within(1, 1e15, "a count of messages is 1 or more"));
    app.add_option("--sleep", options.sleep_s, "Sleep, and wake up every so many seconds to fetch messages")
        ->check(within(1, 65535, "seconds are 1 to 65535"));
}

/// @return what is wrong, or "".
std::string check_source(const Given& given, Options& options) {
    const std::size_t sources = (given.message->count() > 0 ? 1U : 0U) + (given.file->count() > 0 ? 1U : 0U) +
                                (given.lines ? 1U : 0U) + (given.standard_input ? 1U : 0U);
    if (sources != 1) {
        return sources == 0 ? "nothing to send: give one of -m, -f, -l, -s"
                            : "give only one of -m, -f, -l, -s";
    }
    options.source = given.message->count() > 0 ? Source::message
                     : given.file->count() > 0  ? Source::file
                     : given.lines              ? Source::lines
                                                : Source::standard_input;
    return "";
}

std::string check_discovery(const Given& given, Options& options) {
    options.discover = given.discover->count() > 0;
    if (!options.discover) {
        return given.interface->count() + given.radius->count() > 0
                   ? "--interface, --radius: only with --discover"
                   : "";
    }
    if (given.host->count() + given.port->count() > 0) {
        return "--discover finds host and port: give it or -h and -p";
    }
    if (options.group.empty()) {
        options.group = Options{}.group;
    }
    mqttsn_address group;
    return mqttsn_udp_parse_address(options.group.c_str(), &group) == MQTTSN_OK
               ? ""
               : "--discover: \"" + options.group + "\" is not ADDRESS:PORT";
}

std::string check_topics(Program program, const Options& options) {
    const std::size_t count = options.topics.size() + options.predefined.size();
    if (count == 0) {
        return "no topic: give -t or --predefined";
    }
    if (program == Program::pub && count > 1) {
        return "only one topic: give -t or --predefined once";
    }
    for (const std::string& topic : options.topics) {
        if (options.short_names) {
            if (topic.size() != 2 || !topic_name_valid(view(topic))) {
                return "--short: a short topic is exactly two octets without wildcard, not \"" + topic + "\"";
            }
        } else if (program == Program::pub && !topic_name_valid(view(topic))) {
            return topic_filter_valid(view(topic))
                       ? "-t: cannot publish to a filter with wildcards: \"" + topic + "\""
                       : "-t: not a valid topic name: \"" + topic + "\"";
        } else if (!topic_filter_valid(view(topic))) {
            return "-t: not a valid topic filter: \"" + topic + "\"";
        }
    }
    return options.short_names && options.topics.empty() ? "--short: give the short topic with -t" : "";
}

std::string check_will(const Options& options) {
    if (options.will_topic.empty()) {
        return options.will_payload.empty() && options.will_qos == 0 && !options.will_retain
                   ? ""
                   : "a will needs --will-topic";
    }
    if (!topic_name_valid(view(options.will_topic))) {
        return "--will-topic: not a valid topic name: \"" + options.will_topic + "\"";
    }
    if (options.will_payload.size() > kDatagramOctetsMax - 4U) {
        return "--will-payload: does not fit a datagram";
    }
    return "";
}

std::string check_connection(const Options& options) {
    if (options.qos == -1 && !options.topics.empty() && !options.short_names) {
        return "-q -1: needs a topic that both sides know: use --predefined ID, or --short with a two-octet "
               "name";
    }
    if (options.qos == -1 &&
        (options.keep_session || !options.state_file.empty() || !options.will_topic.empty())) {
        return "-q -1: sends without a connection, so -c, --state and a will make no sense";
    }
    if (options.client_id.empty() && (options.keep_session || !options.state_file.empty())) {
        return "-c, --state: a kept session needs a client id, give -i";
    }
    if (options.client_id.size() > 249) {
        return "-i: at most 249 octets (gateways may allow fewer, the specification says 23)";
    }
    if (options.client_id.find('\0') != std::string::npos) {
        return "-i: a client id has no NUL";
    }
    return "";
}

}  // namespace

std::vector<mqttsn_topic> Options::topic_values() const {
    std::vector<mqttsn_topic> values;
    for (const std::string& topic : topics) {
        values.push_back(short_names ? mqttsn_topic_short(topic.c_str()) : mqttsn_topic_name(topic.c_str()));
    }
    for (const std::uint16_t id : predefined) {
        values.push_back(mqttsn_topic_predefined(id));
    }
    return values;
}

std::optional<int> parse_options(Program program, int argc, char** argv, Options& options) {
    const char* const name = program == Program::pub ? "mqttsn-pub" : "mqttsn-sub";
    CLI::App app(
        program == Program::pub ? "Publishes to an MQTT-SN gateway" : "Subscribes at an MQTT-SN gateway",
        name);
    Given given;
    add_common(app, program, options, given);
    if (program == Program::pub) {
        add_pub(app, options, given);
    } else {
        add_sub(app, options);
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        std::fputs(app.help().c_str(), stdout);
        return kExitDone;
    } catch (const CLI::CallForVersion&) {
        std::printf("%s %s\n", name, MQTTSN_TOOLS_VERSION);
        return kExitDone;
    } catch (const CLI::ParseError& error) {
        std::fprintf(stderr, "%s: %s (see --help)\n", name, error.what());
        return kExitUsage;
    }
    std::string wrong = check_topics(program, options);
    if (wrong.empty() && program == Program::pub) {
        wrong = check_source(given, options);
    }
    if (wrong.empty()) {
        wrong = check_discovery(given, options);
    }
    if (wrong.empty()) {
        wrong = check_connection(options);
    }
    if (wrong.empty()) {
        wrong = check_will(options);
    }
    if (!wrong.empty()) {
        std::fprintf(stderr, "%s: %s (see --help)\n", name, wrong.c_str());
        return kExitUsage;
    }
    options.keep_session = options.keep_session || !options.state_file.empty();
    if (options.client_id.empty()) {
        options.client_id = std::string(name) + "-" + std::to_string(getpid());
    }
    return std::nullopt;
}

}  // namespace mqttsn::tools
