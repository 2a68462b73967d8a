// SPDX-License-Identifier: GPL-2.0-or-later
//
// Where the user says what pre-defined topic ids stand for: a table of his own, which comes first, and the
// configuration of the gateway.
#include <algorithm>
#include <charconv>
#include <cstring>
#include <exception>

#include "dissector/plugin.hpp"
#include "dissector/topic_rules.hpp"

namespace mqttsnx {
namespace {

/// A row as Wireshark keeps it: texts are g_malloc'ed.
struct Row {
    char* gateway;
    char* client;
    char* id;
    char* topic;
};

Row* rows;
guint row_count;
const char* gateway_config = "";

// They live as long as the program: Wireshark may still ask when it ends.
TopicRules& table() {
    static auto* rules = new TopicRules(TopicRules::Order::most_specific);
    return *rules;
}
TopicRules& configured() {
    static auto* rules = new TopicRules(TopicRules::Order::first);
    return *rules;
}
TopicNames& names() {
    static auto* the_names = new TopicNames;
    return *the_names;
}

std::string_view view(const char* text) {
    return text == nullptr ? std::string_view() : std::string_view(text);
}

bool is_any(std::string_view text) {
    return text.empty() || text == "*";
}

bool parse_address(const char* text, Endpoint& out) {
    out = Endpoint{};
    ws_in4_addr ipv4 = 0;
    if (ws_inet_pton4(text, &ipv4)) {
        out.kind = AT_IPv4;
        out.size = sizeof ipv4;
        std::memcpy(out.octets.data(), &ipv4, sizeof ipv4);
        return true;
    }
    ws_in6_addr ipv6;
    if (ws_inet_pton6(text, &ipv6)) {
        out.kind = AT_IPv6;
        out.size = sizeof ipv6;
        std::memcpy(out.octets.data(), &ipv6, sizeof ipv6);
        return true;
    }
    return false;
}

/// Decimal, or hexadecimal with 0x; 0, which is no topic id, for anything else.
std::uint32_t parse_id(std::string_view text) {
    int base = 10;
    if (text.starts_with("0x") || text.starts_with("0X")) {
        text.remove_prefix(2);
        base = 16;
    }
    std::uint32_t value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value, base);
    return result.ec == std::errc() && result.ptr == text.data() + text.size() ? value : 0;
}

/// "" or what is wrong with the row.
std::string read_row(const Row& row, TopicRule& out) {
    out = TopicRule{};
    if (!is_any(view(row.gateway))) {
        out.any_gateway = false;
        if (!parse_address(row.gateway, out.gateway)) {
            return "Gateway: expected an IPv4 or IPv6 address or *, got \"" + std::string(view(row.gateway)) +
                   "\"";
        }
    }
    if (!is_any(view(row.client))) {
        out.client = row.client;
    }
    const std::uint32_t id = parse_id(view(row.id));
    if (id == 0 && view(row.id) != "0") {
        return "Topic id: expected a topic id from 1 to 65534, got \"" + std::string(view(row.id)) + "\"";
    }
    std::string problem = topic_rule_problem(id, view(row.topic));
    out.id = static_cast<std::uint16_t>(id);
    out.topic = view(row.topic);
    return problem;
}

UatBool check_row(void* record, char** error) {
    *error = nullptr;
    try {
        TopicRule rule;
        const std::string problem = read_row(*static_cast<const Row*>(record), rule);
        if (!problem.empty()) {
            *error = g_strdup(problem.c_str());
        }
    } catch (const std::exception& failure) {
        *error = g_strdup(failure.what());
    }
    return *error == nullptr;
}

void* copy_row(void* to, const void* from, std::size_t) {
    const auto* source = static_cast<const Row*>(from);
    *static_cast<Row*>(to) = {g_strdup(source->gateway), g_strdup(source->client), g_strdup(source->id),
                              g_strdup(source->topic)};
    return to;
}

void free_row(void* record) {
    const auto* row = static_cast<const Row*>(record);
    g_free(row->gateway);
    g_free(row->client);
    g_free(row->id);
    g_free(row->topic);
}

void rows_changed() {
    try {
        table().clear();
        for (guint i = 0; i < row_count; ++i) {
            TopicRule rule;
            if (read_row(rows[i], rule).empty()) {
                table().add(rule);
            }
        }
    } catch (...) {
        table().clear();
    }
}

template <char* Row::*Member>
void set_text(void* record, const char* text, unsigned size, const void*, const void*) {
    char*& member = static_cast<Row*>(record)->*Member;
    g_free(member);
    member = g_strndup(text, size);
}

template <char* Row::*Member>
void get_text(void* record, char** text, unsigned* size, const void*, const void*) {
    const std::string_view member = view(static_cast<const Row*>(record)->*Member);
    *text = g_strndup(member.data() == nullptr ? "" : member.data(), member.size());
    *size = static_cast<unsigned>(member.size());
}

template <char* Row::*Member>
constexpr uat_field_t field(const char* name, const char* title, const char* description) {
    return {name,
            title,
            PT_TXTMOD_STRING,
            {nullptr, set_text<Member>, get_text<Member>},
            {nullptr, nullptr, nullptr},
            nullptr,
            description,
            nullptr};
}

uat_field_t fields[] = {
    field<&Row::gateway>("gateway", "Gateway", "IPv4 or IPv6 address of the gateway, or * for any"),
    field<&Row::client>("client", "Client id", "Client id or a pattern with * and ?, or * for any"),
    field<&Row::id>("id", "Topic id", "1 to 65534"),
    field<&Row::topic>("topic", "Topic name", "{client_id} stands for the device's client id"),
    UAT_END_FIELDS,
};

/// The file is read each time: it may have changed. The user is told once what is wrong with it.
void read_config() {
    static auto* told = new std::string;
    configured().clear();
    if (is_any(view(gateway_config))) {
        told->clear();
        return;
    }
    std::string problem = read_gateway_config(gateway_config, configured());
    if (problem != *told && !problem.empty()) {
        report_failure("MQTT-SN: gateway configuration %s: %s", gateway_config, problem.c_str());
    }
    *told = std::move(problem);
}

}  // namespace

void register_predefined(module_t* preferences) {
    uat_t* uat = uat_new("MQTT-SN Pre-defined Topics", sizeof(Row), "mqttsnx_predefined_topics", TRUE, &rows,
                         &row_count, UAT_AFFECTS_DISSECTION, nullptr, copy_row, check_row, free_row,
                         rows_changed, nullptr, fields);
    prefs_register_uat_preference(preferences, "predefined_topics", "Pre-defined topics",
                                  "What pre-defined topic ids stand for. The most specific row counts", uat);
    if (can_read_gateway_config()) {
        prefs_register_filename_preference(
            preferences, "gateway_config", "Gateway configuration",
            "TOML file of mqttsn-gateway: its pre-defined topics count where the "
            "table above has none",
            &gateway_config, FALSE);
    } else {
        prefs_register_static_text_preference(preferences, "gateway_config",
                                              "Gateway configuration: this build cannot read it",
                                              "The plugin was built without toml++");
    }
}

void predefined_changed() {
    try {
        read_config();
    } catch (...) {
        report_failure("MQTT-SN: gateway configuration %s: out of memory", gateway_config);
    }
}

void forget_predefined() {
    names().clear();
}

std::string_view predefined_name(const Endpoint& gateway, std::string_view client, std::uint16_t id, void*) {
    const TopicRule* rule = table().find(gateway, client, id);
    if (rule == nullptr) {
        rule = configured().find(gateway, client, id);
    }
    return rule == nullptr ? std::string_view() : names().name_of(*rule, client);
}

}  // namespace mqttsnx
