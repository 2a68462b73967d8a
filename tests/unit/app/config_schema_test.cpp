// SPDX-License-Identifier: BSD-3-Clause
//
// Tests generated from the table of keys: each key gets its default, its limits, what lies beyond, and wrong
// types.
#include "gateway/app/config_schema.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "gateway/app/text.hpp"

using namespace mqttsn::gateway;

namespace {

std::string toml_string(std::string_view text) {
    std::string result("\"");
    result += text;
    result += '"';
    return result;
}

/// A document with one key, and what its section needs besides; the key is in the last line.
struct Document {
    std::string text;
    std::string where;  ///< "f.toml:LINE:COLUMN: section.key: "
};

Document document_with(const KeyRow& row, const std::string& value) {
    const bool repeated = find_section(row.section)->repeated;
    const std::string section(row.section);
    const std::string key(row.key);
    std::vector<std::string> lines{repeated ? "[[" + section + "]]" : "[" + section + "]"};
    for (const KeyRow& other : config_keys()) {
        if (other.section == row.section && other.default_value == kRequired && other.key != row.key) {
            lines.push_back(std::string(other.key) +
                            (other.kind == ValueKind::integer ? " = 7" : " = \"x\""));
        }
    }
    if (section == "broker" && key == "password_file") {
        lines.emplace_back("username = \"u\"");
    }
    lines.push_back(key + " = " + value);
    Document document;
    for (const std::string& line : lines) {
        document.text += line + "\n";
    }
    document.where = "f.toml:" + std::to_string(lines.size()) + ":" + std::to_string(key.size() + 4) + ": " +
                     section + "." + key + ": ";
    return document;
}

std::string first_error(const ConfigResult& result) {
    return result.errors.empty() ? "no error" : to_string(result.errors.front());
}

void expect_error(const KeyRow& row, const std::string& value, const std::string& message) {
    const Document document = document_with(row, value);
    const ConfigResult result = parse_config(document.text, "f.toml");
    check::equal(first_error(result), document.where + message, document.text);
    check::that(result.errors.size() == 1 && !result.config, document.text);
}

Config expect_good(const KeyRow& row, const std::string& value) {
    const Document document = document_with(row, value);
    const ConfigResult result = parse_config(document.text, "f.toml");
    check::that(result.config.has_value(), document.text + first_error(result));
    return *result.config;
}

std::string line_of(const Config& config, const KeyRow& row) {
    const std::string key = std::string(row.section) + (find_section(row.section)->repeated ? "[0]." : ".") +
                            std::string(row.key);
    for (const ConfigLine& line : describe(config)) {
        if (line.key == key) {
            return line.value;
        }
    }
    return "no such line: " + key;
}

void every_key_is_there_once_and_in_a_known_section(void**) {
    std::map<std::pair<std::string_view, std::string_view>, int> seen;
    for (const KeyRow& row : config_keys()) {
        check::that(find_section(row.section) != nullptr, row.section);
        check::that(seen[{row.section, row.key}]++ == 0, row.key);
        check::that(find_key(row.section, row.key) == &row, row.key);
    }
    assert_int_equal(config_keys().size(), 66);  // those of the design, and what was added to each section
    assert_int_equal(config_sections().size(), 11);
}

void the_default_of_the_table_is_what_one_gets_without_the_key(void**) {
    const Config defaults = default_config();
    for (const KeyRow& row : config_keys()) {
        if (row.default_value == kRequired || row.default_value == kNoDefault) {
            continue;
        }
        const std::string value(row.default_value);
        if (row.section == "predefined_topic" || row.section == "client") {
            Config config;
            append_element(config, row.section);
            check::equal(row.show(config, 0), value, row.key);
        } else {
            check::equal(line_of(defaults, row), value, row.key);
        }
        check::equal(line_of(expect_good(row, value), row), value, row.key);
    }
}

// FAULT-100
void a_wrong_type_is_refused_with_position_and_expectation(void**) {
    const std::pair<std::string, std::string> literals[] = {
        {"true", "true"},
        {"7", "7"},
        {"3.5", "3.5"},
        {"nan", "nan"},
        {"[1, 2]", "an array"},
        {"[]", "an array"},
        {"{ a = 1 }", "a table"},
        {"1979-05-27", "a date or time"},
        {"\"strange\"", "\"strange\""},
        {"-9223372036854775808", "-9223372036854775808"},
    };
    for (const KeyRow& row : config_keys()) {
        for (const auto& [literal, shown] : literals) {
            const bool number = literal == "7" || literal[0] == '-';
            const bool text = literal[0] == '"';
            const bool texts = row.kind == ValueKind::texts;
            if ((texts && (text || literal == "[]")) ||
                (row.kind == ValueKind::boolean && literal == "true") ||
                (row.kind == ValueKind::text && text) || (row.kind == ValueKind::integer && number)) {
                continue;  // the right type; whether in range is another test
            }
            std::string message = "expected " + expectation(row) + ", got " +
                                  (texts && literal == "[1, 2]" ? "1 in the list" : shown);
            if (row.kind == ValueKind::duration && number) {
                message += " (write it as \"" + shown + "s\")";
            } else if (row.kind == ValueKind::duration && text) {
                message += " (units are ms, s, m and h)";
            }
            expect_error(row, literal, message);
        }
    }
}

void integers_are_taken_up_to_their_limits_and_not_beyond(void**) {
    for (const KeyRow& row : config_keys()) {
        if (row.kind != ValueKind::integer) {
            continue;
        }
        check::equal(line_of(expect_good(row, std::to_string(row.min)), row), std::to_string(row.min),
                     row.key);
        check::equal(line_of(expect_good(row, std::to_string(row.max)), row), std::to_string(row.max),
                     row.key);
        for (const std::string& value : {std::to_string(row.min - 1), std::to_string(row.max + 1),
                                         std::string("9223372036854775807"), std::string("-1")}) {
            expect_error(row, value, "expected " + expectation(row) + ", got " + value);
        }
        expect_error(row, "\"7\"", "expected " + expectation(row) + ", got \"7\" (write it without quotes)");
    }
}

// TRAP-63
void durations_are_taken_up_to_their_limits_and_not_beyond(void**) {
    for (const KeyRow& row : config_keys()) {
        if (row.kind != ValueKind::duration) {
            continue;
        }
        const auto literal = [](std::int64_t ms) { return toml_string(std::to_string(ms) + "ms"); };
        for (const std::int64_t ms : {row.min, row.max}) {
            check::equal(line_of(expect_good(row, literal(ms)), row), toml_string(format_duration(ms)),
                         row.key);
        }
        for (const std::int64_t ms : {row.min - 1, row.max + row.step}) {
            if (ms < 0) {
                continue;  // there is no way to write it
            }
            expect_error(row, literal(ms), "expected " + expectation(row) + ", got " + literal(ms));
        }
        if (row.step > 1) {
            expect_error(row, literal(row.min + 1),
                         "expected " + expectation(row) + ", got " + literal(row.min + 1));
        }
        expect_error(row, "\"10\"",
                     "expected " + expectation(row) + ", got \"10\" (the unit is missing: ms, s, m or h)");
    }
}

void words_are_taken_exactly(void**) {
    for (const KeyRow& row : config_keys()) {
        if (row.kind != ValueKind::word) {
            continue;
        }
        for (const std::string_view word : row.words) {
            const std::string value = toml_string(word);
            check::equal(line_of(expect_good(row, value), row), value, row.key);
            expect_error(row, toml_string(std::string(word) + " "),
                         "expected " + expectation(row) + ", got " + toml_string(std::string(word) + " "));
        }
        expect_error(row, "\"\"", "expected " + expectation(row) + ", got \"\"");
    }
}

void texts_have_a_longest_length_and_no_control_characters(void**) {
    for (const KeyRow& row : config_keys()) {
        if (row.kind != ValueKind::text && row.kind != ValueKind::texts) {
            continue;
        }
        const auto octets = static_cast<std::size_t>(row.max) + 1;
        expect_error(
            row, toml_string(std::string(octets, 'a')),
            "expected at most " + std::to_string(row.max) + " octets, got " + std::to_string(octets));
        expect_error(row, "\"a\\u0000b\"", "expected no control characters, got \"a\\x00b\"");
        expect_error(row, "\"a\\nb\"", "expected no control characters, got \"a\\nb\"");
        if (row.min > 0) {
            expect_error(row, "\"\"", "must not be empty");
        }
    }
}

/// Another value than the default, or "" when there is none.
std::string other_value(const KeyRow& row) {
    switch (row.kind) {
        case ValueKind::boolean:
            return row.default_value == "true" ? "false" : "true";
        case ValueKind::integer:
            return std::to_string(row.default_value == std::to_string(row.max) ? row.min : row.max);
        case ValueKind::duration:
            return toml_string(format_duration(
                row.default_value == toml_string(format_duration(row.min)) ? row.max : row.min));
        case ValueKind::word:
            return row.words.size() < 2 ? "" : toml_string(row.words.back());
        case ValueKind::text:
        case ValueKind::texts:
            break;
    }
    static const std::map<std::string_view, std::string> texts{
        {"forwarders", "\"off\""},
        {"name", "\"other\""},
        {"status_topic", "\"other/{gateway_id}\""},
        {"username", "\"{client_id}\""},
        {"client_id", "\"x-{client_id}\""},
        {"group", "\"[ff02::1]:1884\""},
        {"topic", "\"other/{client_id}\""},
        {"client", "\"meter-*\""},
        {"id", "\"meter-?\""},
        {"interface", "\"eth0\""},
    };
    if (row.key == "url") {
        return row.section == "listen" ? "\"udp://127.0.0.1:1999\"" : "\"mqtts://[::1]:8884\"";
    }
    const auto found = texts.find(row.key);
    return found == texts.end() ? "" : found->second;
}

// Two rows that write or show the same field would be a copy-and-paste error that nothing else finds.
void a_key_changes_its_own_line_and_no_other(void**) {
    int tried = 0;
    for (const KeyRow& row : config_keys()) {
        const std::string value = other_value(row);
        if (value.empty()) {
            continue;
        }
        ++tried;
        Config before = default_config();
        if (row.section == "predefined_topic" || row.section == "client") {
            append_element(before, row.section);
            if (row.section == "predefined_topic") {
                before.core.predefined_topics[0] = {7, "x", "*"};
            } else {
                before.core.clients[0].id = "x";
            }
        }
        const Config after = expect_good(row, value);
        const std::vector<ConfigLine> old_lines = describe(before);
        const std::vector<ConfigLine> new_lines = describe(after);
        assert_int_equal(old_lines.size(), new_lines.size());
        for (std::size_t i = 0; i < old_lines.size(); ++i) {
            const bool own = new_lines[i].key.ends_with(std::string(".").append(row.key)) &&
                             new_lines[i].key.starts_with(row.section);
            check::equal(new_lines[i].value, own ? value : old_lines[i].value, new_lines[i].key);
        }
    }
    assert_int_equal(tried, 61);  // all but overflow, which has one word, and the four files
}

void changes_that_a_reload_cannot_take_over_are_named(void**) {
    const Config running = default_config();
    assert_true(changes_needing_restart(running, default_config()).empty());
    for (const KeyRow& row : config_keys()) {
        const std::string value = other_value(row);
        if (value.empty()) {
            continue;
        }
        const std::vector<std::string> changed = changes_needing_restart(running, expect_good(row, value));
        const bool hot = row.section == "predefined_topic" || row.section == "client" ||
                         (row.section == "log" && row.key == "level");
        const std::string name =
            row.section == "listen" ? "listen" : std::string(row.section) + "." + std::string(row.key);
        check::that(hot ? changed.empty() : changed == std::vector<std::string>{name}, name);
    }
}

/// All errors of a file whose only key is `row` with a letter too many.
std::string errors_with_typo(const KeyRow& row, const std::string& typo) {
    const std::string section(row.section);
    const std::string header =
        find_section(section)->repeated ? "[[" + section + "]]\n" : "[" + section + "]\n";
    std::string said;
    for (const ConfigError& error : parse_config(header + typo + " = 1\n", "f.toml").errors) {
        said += to_string(error);
        said += '\n';
    }
    return said;
}

std::string suggestion(const KeyRow& row, const std::string& typo) {
    return "f.toml:2:1: " + std::string(row.section) + "." + typo + ": unknown key " + toml_string(typo) +
           "; did you mean " + toml_string(row.key) + "?\n";
}

void every_unknown_key_near_a_known_one_gets_a_suggestion(void**) {
    for (const KeyRow& row : config_keys()) {
        if (row.key.size() >= 4) {
            const std::string typo = std::string(row.key).append("x");
            check::contains(errors_with_typo(row, typo), suggestion(row, typo));
        }
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(every_key_is_there_once_and_in_a_known_section),
        cmocka_unit_test(the_default_of_the_table_is_what_one_gets_without_the_key),
        cmocka_unit_test(a_wrong_type_is_refused_with_position_and_expectation),
        cmocka_unit_test(integers_are_taken_up_to_their_limits_and_not_beyond),
        cmocka_unit_test(durations_are_taken_up_to_their_limits_and_not_beyond),
        cmocka_unit_test(words_are_taken_exactly),
        cmocka_unit_test(texts_have_a_longest_length_and_no_control_characters),
        cmocka_unit_test(a_key_changes_its_own_line_and_no_other),
        cmocka_unit_test(changes_that_a_reload_cannot_take_over_are_named),
        cmocka_unit_test(every_unknown_key_near_a_known_one_gets_a_suggestion),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
