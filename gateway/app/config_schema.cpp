// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/app/config_schema.hpp"

#include <algorithm>

#include "gateway/app/address_range.hpp"
#include "gateway/app/templates.hpp"
#include "gateway/app/text.hpp"

namespace mqttsn::gateway {
namespace {

using Words = std::span<const std::string_view>;

// In the order of the enumerators.
constexpr std::string_view kSessionWords[] = {"dedicated", "shared"};
constexpr std::string_view kQosMinusOneWords[] = {"off", "predefined", "all"};
constexpr std::string_view kEngineWords[] = {"direct", "paho"};
constexpr std::string_view kVersionWords[] = {"3.1.1", "5"};
constexpr std::string_view kAboveMaxQosWords[] = {"reject", "downgrade"};
constexpr std::string_view kWhenDownWords[] = {"keep", "disconnect"};
constexpr std::string_view kTakeoverWords[] = {"allow", "probe", "reject"};
constexpr std::string_view kOverflowWords[] = {"drop-oldest-qos0"};
constexpr std::string_view kAnswerWords[] = {"unicast", "both"};
constexpr std::string_view kLevelWords[] = {"error", "warn", "info", "debug"};
constexpr std::string_view kFormatWords[] = {"text", "json"};

constexpr std::string_view kForwarderAny = "any";
constexpr std::string_view kForwarderOff = "off";

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kPathOctetsMax = 4095;

/// A TOML basic string; also when there are quotes or controls in it.
std::string toml_text(std::string_view text) {
    std::string result = "\"";
    append_escaped(result, text, Escaping::json);
    return result + "\"";
}

template <class Enum>
std::string toml_word(Words words, Enum value) {
    return toml_text(words[static_cast<std::size_t>(value)]);
}

std::string toml_duration(std::int64_t ms) {
    return toml_text(format_duration(ms));
}
std::string toml_boolean(bool value) {
    return value ? "true" : "false";
}

template <class Enum>
Enum as(const ConfigValue& value) {
    return static_cast<Enum>(value.number);
}

std::string glob_problem(std::string_view glob) {
    return glob.empty() ? "expected a client id or a pattern like \"meter-*\", got \"\"" : "";
}

std::string set_name(Config& c, const ConfigValue& v) {
    if (v.text.find_first_of("/+#") != std::string::npos) {
        return "expected a name without '/', '+' and '#', which some brokers refuse in client ids, got " +
               in_quotes(v.text);
    }
    c.name = v.text;
    return "";
}

std::string set_status_topic(Config& c, const ConfigValue& v) {
    c.status_topic_template = v.text;
    return template_problem(v.text, {"id", "gateway_id"});
}

std::string set_broker_url(Config& c, const ConfigValue& v) {
    return parse_broker_option(v.text, c.broker);
}

std::string set_username(Config& c, const ConfigValue& v) {
    c.core.broker.username = v.text;
    return template_problem(v.text, {"client_id", "gateway_id"});
}

std::string set_broker_client_id(Config& c, const ConfigValue& v) {
    c.core.broker.client_id = v.text;
    std::string problem = template_problem(v.text, {"client_id", "gateway_id"});
    if (problem.empty() && v.text.find("{client_id}") == std::string::npos) {
        return "expected a text with {client_id}, got " + in_quotes(v.text) +
               ": with one client id for all devices the broker keeps only the last one connected";
    }
    return problem;
}

std::string set_forwarders(Config& c, const ConfigValue& v) {
    ForwarderSettings& forwarders = c.core.listeners.back().forwarders;
    const std::string_view word = v.texts.size() == 1 ? std::string_view(v.texts[0]) : std::string_view();
    forwarders.any = word == kForwarderAny;
    forwarders.allowed.clear();
    if (forwarders.any || word == kForwarderOff) {
        return "";
    }
    if (v.texts.size() > kForwarderRangesMax) {
        return "expected at most " + std::to_string(kForwarderRangesMax) + " addresses, got " +
               std::to_string(v.texts.size());
    }
    for (const std::string& text : v.texts) {
        AddressRange range;
        std::string problem = parse_address_range(text, range);
        if (!problem.empty()) {
            return problem + " (all of them: \"any\", none: \"off\")";
        }
        forwarders.allowed.push_back(range);
    }
    return "";
}

std::string show_forwarders(const Config& c, std::size_t i) {
    const ForwarderSettings& forwarders = c.core.listeners[i].forwarders;
    if (forwarders.any || forwarders.allowed.empty()) {
        return toml_text(forwarders.any ? kForwarderAny : kForwarderOff);
    }
    std::string list;
    for (const AddressRange& range : forwarders.allowed) {
        list += (list.empty() ? "[" : ", ") + toml_text(to_string(range));
    }
    return list + "]";
}

/// "" or why nothing can be sent to all by this address. Which addresses are for broadcast only the host
/// knows: at the start of the gateway; but their last bits are ones.
std::string group_problem(const HostPort& group) {
    if (group.port == 0) {
        return "port 0 is no port to send to";
    }
    const bool may_be_broadcast = !group.ipv6 && (group.address[15] & 3U) == 3 && group.address[12] != 0;
    return is_multicast(group) || may_be_broadcast
               ? ""
               : "that is not multicast (224.0.0.0 to 239.255.255.255 or ff00::/8) and not broadcast";
}

std::string set_discovery_groups(Config& c, const ConfigValue& v) {
    constexpr const char* kExpected =
        "expected a multicast address like \"225.1.1.1:1883\" or \"[ff02::1]:1883\", or a broadcast address "
        "like "
        "\"255.255.255.255:1883\", got ";
    if (v.texts.size() > kGroupsMax) {
        return "expected at most " + std::to_string(kGroupsMax) + " addresses, got " +
               std::to_string(v.texts.size());
    }
    c.discovery.groups.clear();
    for (const std::string& text : v.texts) {
        HostPort group;
        std::string problem = parse_host_port(text, 0, group);
        if (problem.empty()) {
            problem = group_problem(group);
        }
        if (!problem.empty()) {
            return kExpected + in_quotes(text) + " (" + problem + ")";
        }
        const auto same = [&](const HostPort& other) {
            return other.address == group.address && other.port == group.port && other.zone == group.zone;
        };
        if (std::any_of(c.discovery.groups.begin(), c.discovery.groups.end(), same)) {
            return in_quotes(text) + " is given twice";
        }
        c.discovery.groups.push_back(group);
    }
    c.core.discovery.groups = static_cast<std::uint8_t>(c.discovery.groups.size());
    return "";
}

/// One as a string, otherwise a list.
std::string show_groups(const std::vector<HostPort>& groups) {
    std::string list;
    for (const HostPort& group : groups) {
        list += (list.empty() ? "" : ", ") + toml_text(to_string(group));
    }
    return groups.size() == 1 ? list : "[" + list + "]";
}

std::string set_predefined_topic(Config& c, const ConfigValue& v) {
    c.core.predefined_topics.back().topic = v.text;
    return template_problem(v.text, {"client_id", "gateway_id"});
}

// What a row's functions have in common: `c` config, `v` value, `i` index.
#define SET(statement)                                   \
    [](Config& c, const ConfigValue& v) -> std::string { \
        statement;                                       \
        return "";                                       \
    }
#define SHOW(expression) [](const Config& c, std::size_t) -> std::string { return expression; }
#define SHOW_AT(expression) [](const Config& c, std::size_t i) -> std::string { return expression; }
#define NUMBER(type, field) SET(c.field = static_cast<type>(v.number)), SHOW(std::to_string(c.field))
#define BOOLEAN(field) SET(c.field = v.boolean), SHOW(toml_boolean(c.field))
#define TEXT(field) SET(c.field = v.text), SHOW(toml_text(c.field))
#define WORD(words, type, field) SET(c.field = as<type>(v)), SHOW(toml_word(words, c.field))

constexpr ValueKind kBoolean = ValueKind::boolean;
constexpr ValueKind kInteger = ValueKind::integer;
constexpr ValueKind kDuration = ValueKind::duration;
constexpr ValueKind kWord = ValueKind::word;
constexpr ValueKind kText = ValueKind::text;
constexpr ValueKind kTexts = ValueKind::texts;

constexpr SectionRow kSections[] = {
    {"gateway", false, 1},
    {"listen", true, kListenersMax},
    {"broker", false, 1},
    {"retry", false, 1},
    {"session", false, 1},
    {"sleep", false, 1},
    {"limits", false, 1},
    {"discovery", false, 1},
    {"predefined_topic", true, kPredefinedTopicsMax},
    {"client", true, kClientRulesMax},
    {"log", false, 1},
};

// clang-format off
constexpr KeyRow kKeys[] = {
    {"gateway", "id", kInteger, 1, 255, {}, "1", NUMBER(std::uint8_t, core.gateway_id)},
    {"gateway", "name", kText, 1, 64, {}, "\"dormouse\"", set_name, SHOW(toml_text(c.name))},
    {"gateway", "status_topic", kText, 0, 1024, {}, "\"mqttsn/gateway/{id}/status\"",
        set_status_topic, SHOW(toml_text(c.status_topic_template))},

    {"listen", "url", kText, 1, 128, {}, "\"udp://[::]:1883\"",
        [](Config& c, const ConfigValue& v) { return parse_listen_url(v.text, c.listen.back()); },
        SHOW_AT(toml_text(to_string(c.listen[i])))},
    {"listen", "sessions", kWord, 0, 0, kSessionWords, "\"dedicated\"",
        SET(c.core.listeners.back().sessions = as<SessionMode>(v)),
        SHOW_AT(toml_word(kSessionWords, c.core.listeners[i].sessions))},
    // The smallest that a CONNECT with a client id of the usual 23 octets and a short topic fit into, and what UDP over
    // IPv4 can carry.
    {"listen", "max_datagram", kInteger, 64, 65507, {}, "1472",
        SET(c.core.listeners.back().max_datagram = static_cast<std::uint32_t>(v.number)),
        SHOW_AT(std::to_string(c.core.listeners[i].max_datagram))},
    {"listen", "qos_minus_one", kWord, 0, 0, kQosMinusOneWords, "\"predefined\"",
        SET(c.core.listeners.back().qos_minus_one = as<QosMinusOne>(v)),
        SHOW_AT(toml_word(kQosMinusOneWords, c.core.listeners[i].qos_minus_one))},
    {"listen", "forwarders", kTexts, 1, 64, {}, "\"any\"",
        set_forwarders, show_forwarders},
    // Without them the next one decides: [[client]], [[listen]], [retry].
    {"listen", "retry_interval", kDuration, 100, 10 * kMinute, {}, kNoDefault,
        SET(c.core.listeners.back().retry.interval_ms = static_cast<std::uint32_t>(v.number)),
        SHOW_AT(c.core.listeners[i].retry.interval_ms ? toml_duration(*c.core.listeners[i].retry.interval_ms) : "")},
    {"listen", "retry_count", kInteger, 0, 100, {}, kNoDefault,
        SET(c.core.listeners.back().retry.count_max = static_cast<std::uint8_t>(v.number)),
        SHOW_AT(c.core.listeners[i].retry.count_max ? std::to_string(*c.core.listeners[i].retry.count_max) : "")},
    {"listen", "retry_adaptive", kBoolean, 0, 0, {}, kNoDefault,
        SET(c.core.listeners.back().retry.adaptive = v.boolean),
        SHOW_AT(c.core.listeners[i].retry.adaptive ? toml_boolean(*c.core.listeners[i].retry.adaptive) : "")},

    {"broker", "url", kText, 1, 1024, {}, "\"mqtt://127.0.0.1:1883\"", set_broker_url, SHOW(toml_text(to_string(c.broker)))},
    {"broker", "engine", kWord, 0, 0, kEngineWords, "\"direct\"", WORD(kEngineWords, BrokerEngine, engine)},
    {"broker", "version", kWord, 0, 0, kVersionWords, "\"3.1.1\"", WORD(kVersionWords, MqttVersion, mqtt_version)},
    // MQTT 3.1.1 has 16 bits of seconds; without keep-alive (0) a dead broker would go unnoticed.
    {"broker", "keep_alive", kDuration, kSecond, 18 * kHour, {}, "\"60s\"",
        SET(c.core.broker.keep_alive_s = static_cast<std::uint16_t>(v.number / kSecond)),
        SHOW(toml_duration(c.core.broker.keep_alive_s * kSecond)), kSecond},
    {"broker", "username", kText, 0, 1024, {}, "\"\"", set_username, SHOW(toml_text(c.core.broker.username))},
    {"broker", "password_file", kText, 0, kPathOctetsMax, {}, "\"\"", TEXT(password_file)},
    {"broker", "client_id", kText, 1, 1024, {}, "\"{client_id}\"",
        set_broker_client_id, SHOW(toml_text(c.core.broker.client_id))},
    {"broker", "max_qos", kInteger, 0, 2, {}, "2", NUMBER(std::uint8_t, core.broker.max_qos)},
    {"broker", "above_max_qos", kWord, 0, 0, kAboveMaxQosWords, "\"reject\"",
        WORD(kAboveMaxQosWords, AboveMaxQos, core.broker.above_max_qos)},
    {"broker", "when_down", kWord, 0, 0, kWhenDownWords, "\"keep\"",
        WORD(kWhenDownWords, WhenBrokerDown, core.broker.when_down)},
    {"broker", "ca_file", kText, 0, kPathOctetsMax, {}, "\"\"", TEXT(ca_file)},
    {"broker", "cert_file", kText, 0, kPathOctetsMax, {}, "\"\"", TEXT(cert_file)},
    {"broker", "key_file", kText, 0, kPathOctetsMax, {}, "\"\"", TEXT(key_file)},

    {"retry", "interval", kDuration, 100, 10 * kMinute, {}, "\"10s\"",
        SET(c.core.retry.interval_ms = static_cast<std::uint32_t>(v.number)),
        SHOW(toml_duration(c.core.retry.interval_ms))},
    {"retry", "count", kInteger, 0, 100, {}, "3", NUMBER(std::uint8_t, core.retry.count_max)},
    {"retry", "adaptive", kBoolean, 0, 0, {}, "false", BOOLEAN(core.retry_adaptive)},

    {"session", "takeover", kWord, 0, 0, kTakeoverWords, "\"allow\"", WORD(kTakeoverWords, Takeover, core.session.takeover)},
    {"session", "roaming", kBoolean, 0, 0, {}, "true", BOOLEAN(core.session.roaming)},
    {"session", "expiry", kDuration, 0, std::int64_t{365} * 24 * kHour, {}, "\"0s\"",
        SET(c.core.session.expiry_s = static_cast<std::uint32_t>(v.number / kSecond)),
        SHOW(toml_duration(std::int64_t{c.core.session.expiry_s} * kSecond)), kSecond},

    {"sleep", "max_messages", kInteger, 1, 100000, {}, "100", NUMBER(std::uint32_t, core.sleep.max_messages)},
    {"sleep", "max_bytes", kInteger, 1024, std::int64_t{1} << 30, {}, "65536",
        NUMBER(std::uint32_t, core.sleep.max_bytes)},
    {"sleep", "overflow", kWord, 0, 0, kOverflowWords, "\"drop-oldest-qos0\"",
        WORD(kOverflowWords, Overflow, core.sleep.overflow)},
    // DISCONNECT has 16 bits of seconds, and so has CONNECT for the keep-alive.
    {"sleep", "max_duration", kDuration, kSecond, 65535 * kSecond, {}, "\"65535s\"",
        SET(c.core.sleep.max_duration_s = static_cast<std::uint16_t>(v.number / kSecond)),
        SHOW(toml_duration(c.core.sleep.max_duration_s * kSecond)), kSecond},

    {"limits", "sessions", kInteger, 1, 1000000, {}, "100000", NUMBER(std::uint32_t, core.limits.sessions)},
    {"limits", "half_open", kInteger, 1, 1000000, {}, "16384", NUMBER(std::uint32_t, core.limits.half_open)},
    {"limits", "topics_per_session", kInteger, 1, 65534, {}, "1000",
        NUMBER(std::uint32_t, core.limits.topics_per_session)},
    {"limits", "client_id_length", kInteger, 1, 1024, {}, "64", NUMBER(std::uint32_t, core.limits.client_id_length)},
    {"limits", "uplink_window", kInteger, 1, 64, {}, "4", NUMBER(std::uint32_t, core.limits.uplink_window)},
    {"limits", "messages_per_second", kInteger, 0, 1000000, {}, "0",
        NUMBER(std::uint32_t, core.limits.messages_per_second)},
    {"limits", "unproven_messages", kInteger, 0, 65535, {}, "32", NUMBER(std::uint32_t, core.limits.unproven_messages)},
    {"limits", "buffered_bytes", kInteger, 65536, std::int64_t{1} << 40, {}, "268435456",
        NUMBER(std::uint64_t, core.limits.buffered_bytes)},
    {"limits", "keep_alive_max", kDuration, kSecond, 65535 * kSecond, {}, "\"65535s\"",
        SET(c.core.limits.keep_alive_max_s = static_cast<std::uint16_t>(v.number / kSecond)),
        SHOW(toml_duration(c.core.limits.keep_alive_max_s * kSecond)), kSecond},
    {"limits", "new_sessions_per_second", kInteger, 0, 1000000, {}, "50000",
        NUMBER(std::uint32_t, core.limits.new_sessions_per_second)},
    {"limits", "connects_per_source_per_second", kInteger, 0, 1000000, {}, "1000",
        NUMBER(std::uint32_t, core.limits.connects_per_source_per_second)},
    {"limits", "qos_minus_one_per_source_per_second", kInteger, 0, 1000000, {}, "1000",
        NUMBER(std::uint32_t, core.limits.qos_minus_one_per_source_per_second)},
    {"limits", "replies_per_second_to_unknown", kInteger, 0, 1000000, {}, "100",
        NUMBER(std::uint32_t, core.limits.replies_per_second_to_unknown)},
    {"limits", "nodes_per_forwarder", kInteger, 1, 1000000, {}, "10000",
        NUMBER(std::uint32_t, core.limits.nodes_per_forwarder)},

    {"discovery", "advertise", kBoolean, 0, 0, {}, "false", BOOLEAN(core.discovery.advertise)},
    {"discovery", "group", kTexts, 1, 128, {}, "\"225.1.1.1:1883\"",
        set_discovery_groups, SHOW(show_groups(c.discovery.groups))},
    {"discovery", "interface", kText, 0, 64, {}, "\"\"", TEXT(discovery.interface)},
    // ADVERTISE carries 16 bits of seconds.
    {"discovery", "interval", kDuration, kSecond, 18 * kHour, {}, "\"15m\"",
        SET(c.core.discovery.interval_s = static_cast<std::uint32_t>(v.number / kSecond)),
        SHOW(toml_duration(c.core.discovery.interval_s * kSecond)), kSecond},
    {"discovery", "hop_limit", kInteger, 1, 255, {}, "1", NUMBER(std::uint8_t, core.discovery.hop_limit)},
    {"discovery", "answer", kWord, 0, 0, kAnswerWords, "\"unicast\"", WORD(kAnswerWords, SearchAnswer, core.discovery.answer)},
    {"discovery", "standby_for", kInteger, 0, 255, {}, "0", NUMBER(std::uint8_t, core.discovery.standby_for)},

    // 0 and 65535 are reserved as topic ids (SN12-25).
    {"predefined_topic", "id", kInteger, 1, 65534, {}, kRequired,
        SET(c.core.predefined_topics.back().id = static_cast<std::uint16_t>(v.number)),
        SHOW_AT(std::to_string(c.core.predefined_topics[i].id))},
    {"predefined_topic", "topic", kText, 1, 4096, {}, kRequired,
        set_predefined_topic, SHOW_AT(toml_text(c.core.predefined_topics[i].topic))},
    {"predefined_topic", "client", kText, 0, 1024, {}, "\"*\"",
        [](Config& c, const ConfigValue& v) { c.core.predefined_topics.back().client = v.text; return glob_problem(v.text); },
        SHOW_AT(toml_text(c.core.predefined_topics[i].client))},

    {"client", "id", kText, 0, 1024, {}, kRequired,
        [](Config& c, const ConfigValue& v) { c.core.clients.back().id = v.text; return glob_problem(v.text); },
        SHOW_AT(toml_text(c.core.clients[i].id))},
    {"client", "allow", kBoolean, 0, 0, {}, "true",
        SET(c.core.clients.back().allow = v.boolean), SHOW_AT(toml_boolean(c.core.clients[i].allow))},
    // Without it the listener decides, so there is no word that would be its default.
    {"client", "sessions", kWord, 0, 0, kSessionWords, kNoDefault,
        SET(c.core.clients.back().sessions = as<SessionMode>(v)),
        SHOW_AT(c.core.clients[i].sessions ? toml_word(kSessionWords, *c.core.clients[i].sessions) : "")},
    {"client", "retry_interval", kDuration, 100, 10 * kMinute, {}, kNoDefault,
        SET(c.core.clients.back().retry.interval_ms = static_cast<std::uint32_t>(v.number)),
        SHOW_AT(c.core.clients[i].retry.interval_ms ? toml_duration(*c.core.clients[i].retry.interval_ms) : "")},
    {"client", "retry_count", kInteger, 0, 100, {}, kNoDefault,
        SET(c.core.clients.back().retry.count_max = static_cast<std::uint8_t>(v.number)),
        SHOW_AT(c.core.clients[i].retry.count_max ? std::to_string(*c.core.clients[i].retry.count_max) : "")},
    {"client", "retry_adaptive", kBoolean, 0, 0, {}, kNoDefault,
        SET(c.core.clients.back().retry.adaptive = v.boolean),
        SHOW_AT(c.core.clients[i].retry.adaptive ? toml_boolean(*c.core.clients[i].retry.adaptive) : "")},

    {"log", "level", kWord, 0, 0, kLevelWords, "\"info\"",
        SET(c.log_level = as<LogLevel>(v)), SHOW(toml_word(kLevelWords, c.log_level))},
    {"log", "format", kWord, 0, 0, kFormatWords, "\"text\"", WORD(kFormatWords, LogFormat, log_format)},
};
// clang-format on

#undef SET
#undef SHOW
#undef SHOW_AT
#undef NUMBER
#undef BOOLEAN
#undef TEXT
#undef WORD

}  // namespace

std::span<const SectionRow> config_sections() {
    return kSections;
}
std::span<const KeyRow> config_keys() {
    return kKeys;
}

const SectionRow* find_section(std::string_view name) {
    const auto* found = std::find_if(std::begin(kSections), std::end(kSections),
                                     [&](const SectionRow& row) { return row.name == name; });
    return found == std::end(kSections) ? nullptr : found;
}

const KeyRow* find_key(std::string_view section, std::string_view key) {
    const auto* found = std::find_if(std::begin(kKeys), std::end(kKeys), [&](const KeyRow& row) {
        return row.section == section && row.key == key;
    });
    return found == std::end(kKeys) ? nullptr : found;
}

void append_element(Config& config, std::string_view section) {
    if (section == "listen") {
        ListenUrl url;
        parse_listen_url("udp://[::]:1883", url);
        config.listen.push_back(url);
        config.core.listeners.emplace_back();
    } else if (section == "predefined_topic") {
        config.core.predefined_topics.emplace_back();
    } else if (section == "client") {
        config.core.clients.emplace_back();
    }
}

std::size_t element_count(const Config& config, std::string_view section) {
    return section == "listen"             ? config.listen.size()
           : section == "predefined_topic" ? config.core.predefined_topics.size()
           : section == "client"           ? config.core.clients.size()
                                           : 1;
}

std::string expectation(const KeyRow& row) {
    switch (row.kind) {
        case ValueKind::boolean:
            return "true or false";
        case ValueKind::integer:
            return "an integer from " + std::to_string(row.min) + " to " + std::to_string(row.max);
        case ValueKind::duration:
            return std::string(row.step == kSecond ? "a duration in whole seconds" : "a duration") +
                   " from " + format_duration(row.min) + " to " + format_duration(row.max);
        case ValueKind::word:
            return quoted_choice(row.words);
        case ValueKind::texts:
            return "a string or a list of strings";
        case ValueKind::text:
            break;
    }
    return "a string";
}

}  // namespace mqttsn::gateway
