// SPDX-License-Identifier: BSD-3-Clause
//
// One table of figures drives the text, the JSON and the list of keys in --help.
#include <algorithm>
#include <array>
#include <cstdio>
#include <span>
#include <string>

#include "bench/result.hpp"
#include "gateway/app/text.hpp"

namespace mqttsn::load {
namespace {

using Value = std::optional<double>;  // nullopt: not measured in this run

struct Row {
    std::string_view key;
    std::string_view label;
    std::string_view unit;
    int decimals;
    std::string_view meaning;
    Value (*value)(const Result&);
};

bool has_messages(const Result& r) {
    return r.options.mode != Mode::connect && r.options.mode != Mode::idle;
}
bool has_devices(const Result& r) {
    return r.options.mode != Mode::mqtt_pub;
}
Value count(std::uint64_t number) {
    return static_cast<double>(number);
}
Value messages(const Result& r, std::uint64_t number) {
    return has_messages(r) ? count(number) : std::nullopt;
}
Value devices(const Result& r, std::uint64_t number) {
    return has_devices(r) ? count(number) : std::nullopt;
}
/// Only when it happened: what should not happen is not worth a line of zeros.
Value event(std::uint64_t number) {
    return number > 0 ? count(number) : std::nullopt;
}
Value sleeping(const Result& r, std::uint64_t number) {
    return r.options.mode == Mode::sleep ? count(number) : std::nullopt;
}
Value percentile_us(const Histogram& histogram, double percent) {
    return histogram.count() > 0 ? Value(static_cast<double>(histogram.percentile(percent)) / 1e3)
                                 : std::nullopt;
}
Value max_us(const Histogram& histogram) {
    return histogram.count() > 0 ? Value(static_cast<double>(histogram.max()) / 1e3) : std::nullopt;
}
Value per_second(double number, std::uint64_t time_ns) {
    return time_ns > 0 && number > 0 ? Value(number * 1e9 / static_cast<double>(time_ns)) : std::nullopt;
}

double cpu_ns(const UsagePair& pair) {
    return static_cast<double>(pair.after->cpu_ns - pair.before->cpu_ns);
}
/// What a CPU figure is divided by: messages, or connections.
double pieces(const Result& r) {
    return static_cast<double>(has_messages(r) ? r.counters.arrived : r.counters.connected);
}
Value cpu_us_each(const Result& r, const UsagePair& pair) {
    if (!pair.before || !pair.after || pieces(r) <= 0 || r.options.mode == Mode::idle) {
        return std::nullopt;
    }
    return cpu_ns(pair) / 1e3 / pieces(r);
}
Value cpu_percent(const Result& r, const UsagePair& pair) {
    if (!pair.before || !pair.after || r.usage_ns == 0) {
        return std::nullopt;
    }
    return cpu_ns(pair) * 100.0 / static_cast<double>(r.usage_ns);
}
Value rss_kb(const UsagePair& pair) {
    return pair.after ? Value(static_cast<double>(pair.after->rss_octets) / 1024.0) : std::nullopt;
}
Value connecting_cpu_us(const Result& r) {
    const UsagePair& pair = r.gateway_connecting;
    const bool known = pair.before && pair.after && r.counters.connected > 0;
    return known ? Value(cpu_ns(pair) / 1e3 / static_cast<double>(r.counters.connected)) : std::nullopt;
}
Value rss_kb_per_session(const Result& r) {
    const UsagePair& pair = r.gateway_connecting;
    if (!pair.before || !pair.after || r.counters.connected == 0) {
        return std::nullopt;
    }
    return (static_cast<double>(pair.after->rss_octets) - static_cast<double>(pair.before->rss_octets)) /
           1024.0 / static_cast<double>(r.counters.connected);
}

// clang-format off
constexpr std::array kRows{
    Row{"connected", "connected", "", 0, "devices (mqtt-pub: clients) that were set up",
        [](const Result& r) { return count(r.counters.connected); }},
    Row{"connect_rate", "connect rate", "/s", 0, "of them per second, register or subscribe included",
        [](const Result& r) { return per_second(static_cast<double>(r.counters.connected), r.connect_ns); }},
    Row{"connect_p50_us", "connect p50", "us", 0, "first CONNECT to CONNACK",
        [](const Result& r) { return percentile_us(r.connect, 50); }},
    Row{"connect_p99_us", "connect p99", "us", 0, "",
        [](const Result& r) { return percentile_us(r.connect, 99); }},
    Row{"connect_max_us", "connect max", "us", 0, "",
        [](const Result& r) { return max_us(r.connect); }},
    Row{"sent", "sent", "", 0, "messages; fanout: times the devices",
        [](const Result& r) { return messages(r, r.counters.sent); }},
    Row{"arrived", "arrived", "", 0, "different ones, whole, at the right recipient",
        [](const Result& r) { return messages(r, r.counters.arrived); }},
    Row{"lost", "lost", "", 0, "sent and not arrived",
        [](const Result& r) { return messages(r, r.lost()); }},
    Row{"cut_short", "cut short", "", 0, "sent, but the run was interrupted before they could\narrive: not lost",
        [](const Result& r) { return event(r.counters.cut_short); }},
    Row{"duplicates", "duplicates", "", 0, "arrived again",
        [](const Result& r) { return messages(r, r.counters.duplicates); }},
    Row{"out_of_order", "out of order", "", 0, "arrived after a newer one of the same device",
        [](const Result& r) { return messages(r, r.counters.out_of_order); }},
    Row{"wrong_recipient", "wrong recipient", "", 0, "under another topic, or at another device",
        [](const Result& r) { return messages(r, r.counters.wrong_recipient); }},
    Row{"damaged", "damaged", "", 0, "payload changed on its way",
        [](const Result& r) { return messages(r, r.counters.damaged); }},
    Row{"foreign", "of other runs", "", 0, "messages of another run, counted only here",
        [](const Result& r) { return event(r.counters.foreign); }},
    Row{"measured_s", "measured", "s", 3, "first transmission to last arrival; connect: to the\nlast device set up; sleep: from the first wake-up;\nidle: --hold",
        [](const Result& r) { return Value(static_cast<double>(r.measured_ns) / 1e9); }},
    Row{"rate", "rate", "/s", 0, "arrived / measured_s",
        [](const Result& r) { return per_second(static_cast<double>(has_messages(r) ? r.counters.arrived : 0), r.measured_ns); }},
    Row{"latency_p50_us", "latency p50", "us", 0, "first transmission to arrival",
        [](const Result& r) { return percentile_us(r.latency, 50); }},
    Row{"latency_p90_us", "latency p90", "us", 0, "",
        [](const Result& r) { return percentile_us(r.latency, 90); }},
    Row{"latency_p99_us", "latency p99", "us", 0, "",
        [](const Result& r) { return percentile_us(r.latency, 99); }},
    Row{"latency_p999_us", "latency p99.9", "us", 0, "",
        [](const Result& r) { return percentile_us(r.latency, 99.9); }},
    Row{"latency_max_us", "latency max", "us", 0, "",
        [](const Result& r) { return max_us(r.latency); }},
    Row{"ack_p50_us", "acknowledged p50", "us", 0, "first transmission to PUBACK or PUBCOMP",
        [](const Result& r) { return percentile_us(r.acknowledgement, 50); }},
    Row{"ack_p90_us", "acknowledged p90", "us", 0, "",
        [](const Result& r) { return percentile_us(r.acknowledgement, 90); }},
    Row{"ack_p99_us", "acknowledged p99", "us", 0, "",
        [](const Result& r) { return percentile_us(r.acknowledgement, 99); }},
    Row{"ack_p999_us", "acknowledged p99.9", "us", 0, "",
        [](const Result& r) { return percentile_us(r.acknowledgement, 99.9); }},
    Row{"ack_max_us", "acknowledged max", "us", 0, "",
        [](const Result& r) { return max_us(r.acknowledgement); }},
    Row{"lag_max_us", "behind schedule", "us", 0, "--rate: how late a message left at most",
        [](const Result& r) { return r.options.rate > 0 ? Value(static_cast<double>(r.lag_max_ns) / 1e3) : std::nullopt; }},
    Row{"bursts", "bursts", "", 0, "--burst: how often all devices published at once",
        [](const Result& r) { return event(r.counters.bursts); }},
    Row{"wake_ups", "wake-ups", "", 0, "sleep: of all devices",
        [](const Result& r) { return sleeping(r, r.counters.wake_ups); }},
    Row{"in_first_wake_up", "in first wake-up", "", 0, "sleep: messages that came before the first PINGRESP",
        [](const Result& r) { return sleeping(r, r.counters.in_first_wake_up); }},
    Row{"while_asleep", "while asleep", "", 0, "sleep: PUBLISHes sent to sleeping devices; nobody\nheard them",
        [](const Result& r) { return sleeping(r, r.counters.while_asleep); }},
    Row{"wake_up_p50_us", "wake-up p50", "us", 0, "PINGREQ of a sleeping device to PINGRESP",
        [](const Result& r) { return percentile_us(r.wake_up, 50); }},
    Row{"wake_up_p99_us", "wake-up p99", "us", 0, "",
        [](const Result& r) { return percentile_us(r.wake_up, 99); }},
    Row{"wake_up_max_us", "wake-up max", "us", 0, "",
        [](const Result& r) { return max_us(r.wake_up); }},
    Row{"retransmissions", "retransmissions", "", 0, "by the devices, after T_retry",
        [](const Result& r) { return devices(r, r.counters.retransmissions); }},
    Row{"gave_up", "gave up", "", 0, "without an answer after N_retry, or ended by the\ngateway's DISCONNECT; the device connects again",
        [](const Result& r) { return devices(r, r.counters.gave_up); }},
    Row{"refused_congestion", "refused: congestion", "", 0, "return code 1; tried again after T_retry",
        [](const Result& r) { return event(r.counters.refusals[0]); }},
    Row{"refused_topic_id", "refused: topic id", "", 0, "return code 2",
        [](const Result& r) { return event(r.counters.refusals[1]); }},
    Row{"refused_not_supported", "refused: unsupported", "", 0, "return code 3",
        [](const Result& r) { return event(r.counters.refusals[2]); }},
    Row{"refused_other", "refused: other code", "", 0, "reserved return codes",
        [](const Result& r) { return event(r.counters.refusals[3]); }},
    Row{"gateway_disconnects", "gateway disconnects", "", 0, "DISCONNECT that no device asked for; it connects again",
        [](const Result& r) { return event(r.counters.gateway_disconnects); }},
    Row{"dup_flags", "DUP seen", "", 0, "PUBLISH with DUP from the gateway",
        [](const Result& r) { return event(r.counters.dup_flags); }},
    Row{"registers", "REGISTER received", "", 0, "from the gateway",
        [](const Result& r) { return event(r.counters.registers); }},
    Row{"pings", "keep-alive pings", "", 0, "PINGREQ of active devices",
        [](const Result& r) { return event(r.counters.pings); }},
    Row{"malformed", "malformed datagrams", "", 0, "from the gateway",
        [](const Result& r) { return event(r.counters.malformed); }},
    Row{"socket_errors", "socket errors", "", 0, "for example connection refused",
        [](const Result& r) { return event(r.counters.socket_errors); }},
    Row{"stalls", "stalls", "", 0, "closed loop at QoS 0: nothing came for 0.5 s, what\nwas on its way was written off",
        [](const Result& r) { return event(r.counters.stalls); }},
    Row{"gateway_cpu_us", "gateway CPU", "us", 2, "--pid: CPU time for each message that arrived\n(connect: each session)",
        [](const Result& r) { return cpu_us_each(r, r.gateway); }},
    Row{"gateway_cpu_percent", "gateway CPU", "%", 1, "of one core",
        [](const Result& r) { return cpu_percent(r, r.gateway); }},
    Row{"gateway_connect_cpu_us", "gateway CPU/session", "us", 1, "to set one device up",
        [](const Result& r) { return connecting_cpu_us(r); }},
    Row{"gateway_rss_kb", "gateway memory", "KB", 0, "resident, at the end",
        [](const Result& r) { return rss_kb(r.gateway); }},
    Row{"gateway_session_kb", "gateway mem./session", "KB", 2, "what it grew by while devices were set up",
        [](const Result& r) { return rss_kb_per_session(r); }},
    Row{"broker_cpu_us", "broker CPU", "us", 2, "--broker-pid: as gateway_cpu_us",
        [](const Result& r) { return cpu_us_each(r, r.broker); }},
    Row{"broker_cpu_percent", "broker CPU", "%", 1, "of one core",
        [](const Result& r) { return cpu_percent(r, r.broker); }},
    Row{"broker_rss_kb", "broker memory", "KB", 0, "resident, at the end",
        [](const Result& r) { return rss_kb(r.broker); }},
    Row{"self_cpu_us", "mqttsn-load CPU", "us", 2, "of this program; as gateway_cpu_us",
        [](const Result& r) { return cpu_us_each(r, r.self); }},
    Row{"self_cpu_percent", "mqttsn-load CPU", "%", 1, "of one core: near 100 the generator is the limit",
        [](const Result& r) { return cpu_percent(r, r.self); }},
};
// clang-format on

std::string number(double value, int decimals) {
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
    return text.data();
}

std::string of(std::uint64_t part, std::uint64_t whole, const char* what) {
    return std::to_string(part) + " of " + std::to_string(whole) + " messages " + what;
}

std::string refusal_in_words(const LoadOptions& options, std::size_t code) {
    switch (code) {
        case 1:
            return "return code 1, congestion: is the gateway's broker up? see its log";
        case 2:
            return "return code 2, invalid topic id" + (options.topic_kind == TopicKind::predefined
                                                            ? ": does the gateway know predefined topic id " +
                                                                  std::to_string(options.predefined_id) + "?"
                                                            : std::string());
        case 3:
            return "return code 3, not supported: see the gateway's log";
        default:
            return "a reserved return code";
    }
}

/// What may be the reason when nothing arrived and nothing was refused.
std::string nothing_arrived_hint(const Result& result) {
    const LoadOptions& options = result.options;
    if (options.mode == Mode::mqtt_pub || result.silent_devices > 0) {
        return "";
    }
    if (options.qos < 0) {
        return "; does the gateway allow QoS -1, and is --broker the gateway's broker?";
    }
    const bool acknowledged = options.mode == Mode::pub && options.qos > 0 &&
                              result.acknowledgement.count() >= result.counters.sent;
    return std::string(acknowledged ? ", though all were acknowledged" : "") +
           "; is --broker the gateway's broker?";
}

std::string silence_text(const Result& result) {
    std::string text = "the gateway does not answer any more (" + std::to_string(result.silent_devices) +
                       " of " + std::to_string(result.options.devices) + " devices gave up)";
    if (has_messages(result) && result.lost() > 0) {
        text += "; " + of(result.lost(), result.counters.sent, "lost");
    }
    return text;
}

/// "  --rate: wanted 400/s, got 350/s", or "" when it was reached.
std::string missed_rate(const Result& result) {
    constexpr double kReached = 0.95;
    const double wanted = result.options.rate;
    if (wanted <= 0 || result.measured_ns == 0) {
        return "";
    }
    const double messages = static_cast<double>(result.counters.arrived) /
                            (result.options.mode == Mode::fanout ? result.options.devices : 1U);
    const double got = messages * 1e9 / static_cast<double>(result.measured_ns);
    return got >= kReached * wanted
               ? ""
               : "  --rate: wanted " + number(wanted, 0) + "/s, got " + number(got, 0) + "/s\n";
}

/// "pub: 100 devices, QoS 1, payload 32 octets, at most 128 unanswered"
std::string headline(const Result& result) {
    const LoadOptions& options = result.options;
    std::string text = std::string(mode_name(options.mode)) + ": " + std::to_string(options.devices) +
                       (options.devices == 1 ? " device" : " devices");
    if (!has_messages(result)) {
        return text;
    }
    text +=
        ", QoS " + std::to_string(options.qos) + ", payload " + std::to_string(options.payload) + " octets";
    if (options.rate > 0) {
        return text + ", " + number(options.rate, 2) + " messages/s";
    }
    if (options.burst) {
        return text + ", all at once";
    }
    const bool window = options.mode != Mode::fanout && options.mode != Mode::sleep;
    return window ? text + ", at most " + std::to_string(options.window) + " unanswered" : text;
}

}  // namespace

std::string refused_text(const Result& result) {
    const auto& by_code = result.counters.refusals;
    const std::uint64_t refusals = by_code[0] + by_code[1] + by_code[2] + by_code[3];
    if (refusals == 0) {
        return "";
    }
    const auto most = std::max_element(by_code.begin(), by_code.end());
    const std::size_t code = static_cast<std::size_t>(most - by_code.begin()) + 1;
    return "; the gateway refused " + std::to_string(refusals) + " times (" +
           refusal_in_words(result.options, code) + ")";
}

std::string verdict(const Result& result) {
    const Counters& counters = result.counters;
    if (!result.problem.empty()) {
        return result.problem;
    }
    if (result.silent_devices > 0) {
        return silence_text(result);
    }
    if (counters.damaged > 0) {
        return of(counters.damaged, counters.sent, "damaged");
    }
    if (counters.wrong_recipient > 0) {
        return of(counters.wrong_recipient, counters.sent, "at the wrong recipient");
    }
    if (result.interrupted && counters.connected == 0 && counters.arrived == 0) {
        return "interrupted before anything was shown to work";
    }
    if (result.lost() > 0 && counters.arrived == 0) {
        const std::string refused = refused_text(result);
        return of(result.lost(), counters.sent, "lost: none arrived") +
               (refused.empty() ? nothing_arrived_hint(result) : refused);
    }
    if (result.options.qos > 0 && result.lost() > 0) {
        return of(result.lost(), counters.sent, "lost") + refused_text(result);
    }
    if (result.options.qos == 2 && counters.duplicates > 0) {
        return of(counters.duplicates, counters.sent, "duplicated at QoS 2");
    }
    return "";
}

std::string report_text(const Result& result) {
    std::string text = headline(result) + "\n";
    for (const Row& row : kRows) {
        const Value value = row.value(result);
        if (!value) {
            continue;
        }
        std::array<char, 96> line{};
        std::snprintf(line.data(), line.size(), "  %-20s %14s%s%s\n", std::string(row.label).c_str(),
                      number(*value, row.decimals).c_str(), row.unit.empty() ? "" : " ",
                      std::string(row.unit).c_str());
        text += line.data();
    }
    text += missed_rate(result);
    const std::string failed = verdict(result);
    const char* const fine =
        result.options.qos <= 0 && result.lost() > 0 ? "done; what is lost may be lost at this QoS" : "done";
    return text + (failed.empty() ? fine : "FAILED: " + failed) +
           (result.interrupted ? " (interrupted)" : "") + "\n";
}

std::string report_json(const Result& result) {
    const LoadOptions& options = result.options;
    const std::string failed = verdict(result);
    std::string text = "{\"mode\":\"" + std::string(mode_name(options.mode)) +
                       "\",\"ok\":" + (failed.empty() ? "true" : "false") + ",\"problem\":\"";
    gateway::append_escaped(text, failed, gateway::Escaping::json);
    text += "\",\"interrupted\":" + std::string(result.interrupted ? "true" : "false");
    text += ",\"devices\":" + std::to_string(options.devices) + ",\"qos\":" + std::to_string(options.qos) +
            ",\"payload\":" + std::to_string(options.payload);
    for (const Row& row : kRows) {
        if (const Value value = row.value(result)) {
            text += ",\"" + std::string(row.key) + "\":" + number(*value, row.decimals);
        }
    }
    return text + "}\n";
}

std::string report_keys() {
    constexpr std::size_t kColumn = 25;
    std::string text;
    for (const Row& row : kRows) {
        std::string line = "  " + std::string(row.key);
        line.resize(std::max(line.size() + 1, kColumn), ' ');
        for (const char c : row.meaning) {
            line += c == '\n' ? "\n" + std::string(kColumn, ' ') : std::string(1, c);
        }
        text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    return text;
}

}  // namespace mqttsn::load
