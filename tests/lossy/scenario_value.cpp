// SPDX-License-Identifier: BSD-3-Clause
//
// The generic half of scenario_schema.hpp: from a TOML value to a checked one, what to say when it is wrong,
// and the list of keys as text. What keys there are is in scenario_schema.cpp.
#include <algorithm>
#include <cmath>

#include "gateway/app/text.hpp"
#include "lossy/scenario_schema.hpp"

namespace mqttsn::lossy {
namespace {

using gateway::in_quotes;
using gateway::TomlKey;
using gateway::TomlValue;

constexpr std::size_t kQosListMax = 16;

/// "4.8" with 6 decimals -> 4800000. nullopt when it is no such number, or has more decimals than count.
std::optional<std::int64_t> parse_decimal(std::string_view text, int decimals) {
    std::int64_t number = 0;
    int after_point = -1;
    bool digits = false;
    for (const char c : text) {
        if (c == '.' && after_point < 0) {
            after_point = 0;
            continue;
        }
        if (c < '0' || c > '9' || number > INT64_MAX / 100 || after_point == decimals) {
            return std::nullopt;
        }
        digits = true;
        number = number * 10 + (c - '0');
        after_point += after_point < 0 ? 0 : 1;
    }
    for (int i = std::max(after_point, 0); i < decimals; ++i) {
        if (number > INT64_MAX / 10) {
            return std::nullopt;
        }
        number *= 10;
    }
    return digits && after_point != 0 ? std::optional(number) : std::nullopt;
}

struct Unit {
    std::string_view name;
    int decimals;  // of the unit below all
};

std::optional<std::int64_t> parse_with_unit(std::string_view text, std::span<const Unit> units) {
    for (const Unit& unit : units) {
        if (text.ends_with(unit.name)) {
            return parse_decimal(text.substr(0, text.size() - unit.name.size()), unit.decimals);
        }
    }
    return std::nullopt;
}

// The longer names first: "mA" ends in "A".
constexpr Unit kCurrentUnits[] = {{"nA", 0}, {"uA", 3}, {"mA", 6}, {"A", 9}};
constexpr Unit kVoltageUnits[] = {{"mV", 0}, {"V", 3}};

/// For "3" and "true", which are strings in TOML, and 20 where "20%" is meant.
std::string quotes_hint(const KeyRow& row, const TomlValue& value) {
    if (value.kind == TomlValue::Kind::text && !value.text.empty()) {
        const bool fits = row.kind == KeyKind::boolean
                              ? value.text == "true" || value.text == "false"
                              : value.text.find_first_not_of("-0123456789") == std::string::npos;
        if ((row.kind == KeyKind::boolean || row.kind == KeyKind::integer || row.kind == KeyKind::qos_list) &&
            fits) {
            return " (write it without quotes)";
        }
    }
    return "";
}

std::string convert_time(const KeyRow& row, const TomlValue& in, const std::string& expected, KeyValue& out) {
    if (in.kind == TomlValue::Kind::integer || in.kind == TomlValue::Kind::number) {
        return expected + " (write it as \"" + in.shown + "s\")";
    }
    const std::optional<Micros> time = in.kind == TomlValue::Kind::text ? parse_time(in.text) : std::nullopt;
    if (!time) {
        return expected + (in.kind == TomlValue::Kind::text ? " (units are us, ms, s, m, h and d)" : "");
    }
    out.number = time->count();
    return out.number >= row.min && out.number <= row.max && out.number % row.step == 0 ? "" : expected;
}

std::string convert_qos_list(const KeyRow& row, const TomlValue& in, const std::string& expected,
                             KeyValue& out) {
    const auto good = [&](const TomlValue& value) {
        return value.kind == TomlValue::Kind::integer && value.integer >= row.min && value.integer <= row.max;
    };
    if (in.kind != TomlValue::Kind::array) {
        out.list = {in.integer};
        return good(in) ? "" : expected + quotes_hint(row, in);
    }
    for (const TomlKey& item : in.items) {
        if (!good(item.value)) {
            return "expected " + expectation(row) + ", got an array with " + item.value.shown;
        }
        out.list.push_back(item.value.integer);
    }
    return out.list.empty() || out.list.size() > kQosListMax
               ? "expected 1 to " + std::to_string(kQosListMax) + " items, got " +
                     std::to_string(out.list.size())
               : "";
}

std::string convert_text(const KeyRow& row, const TomlValue& in, const std::string& expected, KeyValue& out) {
    if (in.kind != TomlValue::Kind::text) {
        return expected;
    }
    if (std::any_of(in.text.begin(), in.text.end(),
                    [](char c) { return (c >= 0 && c < ' ') || c == 0x7F; })) {
        return "expected no control characters, got " + in.shown;
    }
    const auto octets = static_cast<std::int64_t>(in.text.size());
    out.text = in.text;
    return octets < row.min ? "must not be empty"
           : octets > row.max
               ? "expected at most " + std::to_string(row.max) + " octets, got " + std::to_string(octets)
               : "";
}

std::string convert(const KeyRow& row, const TomlValue& in, KeyValue& out) {
    const std::string expected = "expected " + expectation(row) + ", got " + in.shown;
    const bool is_text = in.kind == TomlValue::Kind::text;
    switch (row.kind) {
        case KeyKind::boolean:
            out.boolean = in.boolean;
            return in.kind == TomlValue::Kind::boolean ? "" : expected + quotes_hint(row, in);
        case KeyKind::integer:
            out.number = in.integer;
            return in.kind == TomlValue::Kind::integer && in.integer >= row.min && in.integer <= row.max
                       ? ""
                       : expected + quotes_hint(row, in);
        case KeyKind::time:
            return convert_time(row, in, expected, out);
        case KeyKind::word: {
            const auto word = std::find(row.words.begin(), row.words.end(), in.text);
            out.number = word - row.words.begin();
            if (is_text && word != row.words.end()) {
                return "";
            }
            const std::string_view near = is_text ? gateway::closest(in.text, row.words) : std::string_view{};
            return expected + (near.empty() ? "" : "; did you mean \"" + std::string(near) + "\"?");
        }
        case KeyKind::text:
            return convert_text(row, in, expected, out);
        case KeyKind::qos_list:
            return convert_qos_list(row, in, expected, out);
        case KeyKind::current:
        case KeyKind::voltage: {
            const std::optional<std::int64_t> number = row.kind == KeyKind::current
                                                           ? parse_with_unit(in.text, kCurrentUnits)
                                                           : parse_with_unit(in.text, kVoltageUnits);
            out.number = number.value_or(-1);
            return is_text && number && *number >= row.min && *number <= row.max ? "" : expected;
        }
        case KeyKind::link:
        case KeyKind::sweep:
            break;
    }
    return expected;
}

/// A link key for the directions that its section is about.
std::string set_link_key(const KeyRow& row, const TomlValue& value, const KeyTarget& target) {
    const bool integer = value.kind == TomlValue::Kind::integer;
    const std::string text = integer ? std::to_string(value.integer) : value.text;
    LinkSettings changed = *target.link;
    bool good = integer || value.kind == TomlValue::Kind::text;
    if (!row.section.ends_with(".down")) {
        good = good && row.link_key->set(changed.up, text);
    }
    if (!row.section.ends_with(".up")) {
        good = good && row.link_key->set(changed.down, text);
    }
    if (good) {
        *target.link = changed;
        return "";
    }
    std::string message = "expected " + expectation(row) + ", got " + value.shown;
    if (value.kind == TomlValue::Kind::integer || value.kind == TomlValue::Kind::number) {
        message += expectation(row).find('"') == std::string::npos
                       ? ""
                       : " (it is a text: in quotes, with its unit)";
    }
    return message;
}

std::string shown_default(const KeyRow& row) {
    return row.default_value.starts_with('(')
               ? std::string(row.default_value.substr(1, row.default_value.size() - 2))
               : "`" + std::string(row.default_value) + "`";
}

void append_table(std::string& out, std::string_view section) {
    out += "\n| key | value | default | |\n|---|---|---|---|\n";
    for (const KeyRow& row : scenario_keys()) {
        if (row.section == section) {
            out += "| `" + std::string(row.key) + "` | " + expectation(row) + " | " + shown_default(row) +
                   " | " + std::string(row.help) + " |\n";
        }
    }
}

}  // namespace

std::string expectation(const KeyRow& row) {
    const auto time = [](std::int64_t micros) { return format_time(Micros{micros}); };
    switch (row.kind) {
        case KeyKind::boolean:
            return "true or false";
        case KeyKind::integer:
            return "an integer from " + std::to_string(row.min) + " to " + std::to_string(row.max);
        case KeyKind::time:
            return std::string(row.step == 1'000'000 ? "a time in whole seconds"
                               : row.step == 1000    ? "a time in whole milliseconds"
                                                     : "a time") +
                   " from \"" + time(row.min) + "\" to \"" + time(row.max) + "\"";
        case KeyKind::word:
            return gateway::quoted_choice(row.words);
        case KeyKind::text:
            return "a text of at most " + std::to_string(row.max) + " octets";
        case KeyKind::qos_list:
            return "an integer from " + std::to_string(row.min) + " to " + std::to_string(row.max) +
                   ", or an array of them";
        case KeyKind::current:
            return "a current such as \"4.8mA\" or \"1.5uA\", at most \"10A\"";
        case KeyKind::voltage:
            return "a voltage such as \"3V\" or \"3.6V\", at most \"100V\"";
        case KeyKind::link:
            return std::string(row.link_key->expected);
        case KeyKind::sweep:
            break;
    }
    return row.key == "values"  ? "an array of values"
           : row.key == "label" ? "a text of at most " + std::to_string(row.max) + " octets"
                                : "a text such as \"link.loss\", or an array of them";
}

std::string set_key(const KeyRow& row, const TomlValue& value, const KeyTarget& target) {
    if (row.kind == KeyKind::link) {
        return set_link_key(row, value, target);
    }
    KeyValue converted;
    std::string problem = convert(row, value, converted);
    if (problem.empty() && row.set != nullptr) {
        problem = row.set(target, converted);
    }
    return problem;
}

void set_defaults(std::string_view section, const KeyTarget& target) {
    for (const KeyRow& row : scenario_keys()) {
        if (row.section == section && !row.default_value.starts_with('(')) {
            gateway::TomlDocument document;
            gateway::parse_toml("value = " + std::string(row.default_value), document);
            set_key(row, document.loose.front().value, target);
        }
    }
}

std::optional<AxisNumber> axis_number(const TomlValue& value) {
    if (value.kind == TomlValue::Kind::integer) {
        return AxisNumber{static_cast<double>(value.integer), ""};
    }
    if (value.kind != TomlValue::Kind::text) {
        return std::nullopt;
    }
    if (const std::optional<Chance> chance = parse_chance(value.text)) {
        return AxisNumber{chance->ppm / 1e4, "%"};
    }
    if (const std::optional<Micros> time = parse_time(value.text)) {
        return AxisNumber{static_cast<double>(time->count()) / 1e6, "s"};
    }
    if (const std::optional<std::uint64_t> rate = parse_rate(value.text)) {
        return AxisNumber{static_cast<double>(*rate), "bit/s"};
    }
    if (const std::optional<std::int64_t> current = parse_with_unit(value.text, kCurrentUnits)) {
        return AxisNumber{static_cast<double>(*current) / 1e6, "mA"};
    }
    if (const std::optional<std::int64_t> voltage = parse_with_unit(value.text, kVoltageUnits)) {
        return AxisNumber{static_cast<double>(*voltage) / 1e3, "V"};
    }
    return std::nullopt;
}

std::string keys_as_markdown() {
    std::string out;
    for (const SectionRow& section : scenario_sections()) {
        const std::string path(section.path);
        out += out.empty() ? "" : "\n";
        out += section.repeated ? "### `[[" + path + "]]`\n\n" : "### `[" + path + "]`\n\n";
        out += std::string(section.help) + "\n";
        // The keys of a link are the same in all six sections.
        if (section.path.ends_with(".up") || section.path.ends_with(".down")) {
            out += "Keys as in `[link]`, without `preset`, `rebind` and `rebind_idle`.\n";
        } else if (section.path == "device.link") {
            out += "Keys as in `[link]`.\n";
        } else {
            append_table(out, section.path);
        }
    }
    return out;
}

}  // namespace mqttsn::lossy
