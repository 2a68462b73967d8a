// SPDX-License-Identifier: GPL-2.0-or-later
#include "dissector/payload_rules.hpp"

#include <cstring>
#include <string_view>

#include "dissector/content.hpp"

namespace mqttsnx {

/// A row of the table. Wireshark keeps the rows and calls back to copy and free them; strings are never
/// nullptr once a row is accepted.
struct PayloadRule {
    guint match;
    char* pattern;
    char* reader;   ///< name of a dissector
    char* message;  ///< Protobuf's message type, may be empty
    char* data;     ///< made of `message` when the row is accepted, or nullptr
    GRegex* regex;  ///< compiled when the row is accepted, or nullptr
};

namespace {

enum Match : guint { kEqual, kContains, kStartsWith, kEndsWith, kRegularExpression, kTopicFilter };

const value_string match_names[] = {
    {kEqual, "equal"},
    {kContains, "contains"},
    {kStartsWith, "starts with"},
    {kEndsWith, "ends with"},
    {kRegularExpression, "regular expression"},
    {kTopicFilter, "topic filter"},
    {0, nullptr},
};

constexpr char kProtobuf[] = "protobuf";

PayloadRule* rules;
guint rule_count;

PayloadRule& rule_at(void* record) {
    return *static_cast<PayloadRule*>(record);
}

void* copy_rule(void* to, const void* from, size_t) {
    const auto& source = *static_cast<const PayloadRule*>(from);
    PayloadRule& copy = rule_at(to);
    copy.match = source.match;
    copy.pattern = g_strdup(source.pattern);
    copy.reader = g_strdup(source.reader);
    copy.message = g_strdup(source.message);
    copy.data = g_strdup(source.data);
    copy.regex = source.regex != nullptr ? g_regex_ref(source.regex) : nullptr;
    return to;
}

void free_rule(void* record) {
    PayloadRule& rule = rule_at(record);
    for (char* text : {rule.pattern, rule.reader, rule.message, rule.data}) {
        g_free(text);
    }
    if (rule.regex != nullptr) {
        g_regex_unref(rule.regex);
    }
}

/// Compiles the regular expression of the row. @returns false: `error` says why there is none
bool compile(PayloadRule& rule, char** error) {
    if (rule.regex != nullptr) {
        g_regex_unref(rule.regex);
        rule.regex = nullptr;
    }
    if (rule.match != kRegularExpression) {
        return true;
    }
    GError* reason = nullptr;
    rule.regex = g_regex_new(rule.pattern, G_REGEX_OPTIMIZE, static_cast<GRegexMatchFlags>(0), &reason);
    if (rule.regex == nullptr) {
        *error = g_strdup_printf("Payload rule: \"%s\" is no regular expression: %s", rule.pattern,
                                 reason->message);
        g_error_free(reason);
    }
    return rule.regex != nullptr;
}

/// A whole row, from the file, the command line or the dialog.
UatBool accept_rule(void* record, char** error) {
    PayloadRule& rule = rule_at(record);
    if (rule.pattern == nullptr || rule.pattern[0] == '\0') {
        *error = g_strdup("Payload rule: the pattern is empty");
        return false;
    }
    if (rule.reader == nullptr || find_dissector(rule.reader) == nullptr) {
        *error = g_strdup_printf("Payload rule: no dissector is called \"%s\"",
                                 rule.reader != nullptr ? rule.reader : "");
        return false;
    }
    if (rule.match == kTopicFilter && !is_topic_filter(rule.pattern)) {
        *error = g_strdup_printf(
            "Payload rule: \"%s\" is no topic filter: + fills a level, # is the last one", rule.pattern);
        return false;
    }
    const bool has_message = rule.message != nullptr && rule.message[0] != '\0';
    if (has_message && strcmp(rule.reader, kProtobuf) != 0) {
        *error =
            g_strdup_printf("Payload rule: only %s has message types, %s has not", kProtobuf, rule.reader);
        return false;
    }
    g_free(rule.data);
    rule.data = has_message ? g_strdup_printf("message,%s", rule.message) : nullptr;
    return compile(rule, error);
}

using Text = char* PayloadRule::*;

template <Text member>
void set_text(void* record, const char* text, unsigned size, const void*, const void*) {
    PayloadRule& rule = rule_at(record);
    g_free(rule.*member);
    rule.*member = g_strndup(text, size);
}

template <Text member>
void get_text(void* record, char** text, unsigned* size, const void*, const void*) {
    const char* value = rule_at(record).*member;
    *text = g_strdup(value != nullptr ? value : "");
    *size = static_cast<unsigned>(strlen(*text));
}

void set_match(void* record, const char* text, unsigned size, const void*, const void*) {
    for (const value_string* row = match_names; row->strptr != nullptr; ++row) {
        if (std::string_view(text, size) == row->strptr) {
            rule_at(record).match = row->value;
        }
    }
}

/// Says which words there are: Wireshark's own check does not.
UatBool check_match(void*, const char* text, unsigned size, const void*, const void*, char** error) {
    GString* message = g_string_new("expected one of:");
    for (const value_string* row = match_names; row->strptr != nullptr; ++row) {
        if (std::string_view(text, size) == row->strptr) {
            g_string_free(message, TRUE);
            return true;
        }
        g_string_append_printf(message, " \"%s\"", row->strptr);
    }
    g_string_append_printf(message, "; got \"%.*s\"", static_cast<int>(size), text);
    *error = g_string_free(message, FALSE);
    return false;
}

void get_match(void* record, char** text, unsigned* size, const void*, const void*) {
    *text = g_strdup(match_names[rule_at(record).match].strptr);
    *size = static_cast<unsigned>(strlen(*text));
}

template <Text member>
uat_field_t text_field(const char* name, const char* title, const char* help) {
    return {name,
            title,
            PT_TXTMOD_STRING,
            {uat_fld_chk_str, set_text<member>, get_text<member>},
            {nullptr, nullptr, nullptr},
            nullptr,
            help,
            nullptr};
}

uat_field_t fields[] = {
    {"match",
     "Topic",
     PT_TXTMOD_ENUM,
     {check_match, set_match, get_match},
     {match_names, match_names, match_names},
     match_names,
     "How the topic of the PUBLISH is compared with the pattern",
     nullptr},
    text_field<&PayloadRule::pattern>("pattern", "Pattern",
                                      "Text, regular expression, or topic filter with + and #"),
    text_field<&PayloadRule::reader>("dissector", "Dissector", "Its name, e.g. json, cbor, protobuf, xml"),
    text_field<&PayloadRule::message>(
        "message", "Message type", "Of Protobuf only: package.Message as in the .proto files; may be empty"),
    UAT_END_FIELDS,
};

bool means(const PayloadRule& rule, std::string_view topic) {
    const std::string_view pattern = rule.pattern;
    switch (rule.match) {
        case kEqual:
            return topic == pattern;
        case kContains:
            return topic.find(pattern) != std::string_view::npos;
        case kStartsWith:
            return topic.starts_with(pattern);
        case kEndsWith:
            return topic.ends_with(pattern);
        case kTopicFilter:
            return filter_matches(pattern, topic);
        case kRegularExpression:
            // GRegex wants UTF-8. Without it no rule of the user can mean this topic.
            return rule.regex != nullptr && is_utf8(topic) &&
                   g_regex_match_full(rule.regex, topic.data(), static_cast<gssize>(topic.size()), 0,
                                      static_cast<GRegexMatchFlags>(0), nullptr, nullptr) != FALSE;
        default:
            return false;
    }
}

}  // namespace

void register_payload_rules(module_t* preferences) {
    uat_t* table = uat_new("MQTT-SN Payload Rules", sizeof(PayloadRule), "mqttsnx_payload_rules", TRUE,
                           &rules, &rule_count, UAT_AFFECTS_DISSECTION, nullptr, copy_rule, accept_rule,
                           free_rule, nullptr, nullptr, fields);
    static const char* defaults[] = {nullptr, nullptr, nullptr, ""};
    uat_set_default_values(table, defaults);
    prefs_register_uat_preference(
        preferences, "payload_rules", "Payload rules",
        "Which dissector reads the data of a PUBLISH. The first rule that means the topic counts.", table);
}

const PayloadRule* find_payload_rule(const PayloadRule* after, const char* topic) {
    for (guint i = after == nullptr ? 0 : static_cast<guint>(after - rules) + 1; i < rule_count; ++i) {
        if (means(rules[i], topic) && find_dissector(rules[i].reader) != nullptr) {
            return &rules[i];
        }
    }
    return nullptr;
}

dissector_handle_t reader_of(const PayloadRule& rule) {
    return find_dissector(rule.reader);
}

void* data_of(const PayloadRule& rule) {
    return rule.data;
}

}  // namespace mqttsnx
