// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/app/config_toml.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

#include "gateway/app/text.hpp"

namespace mqttsn::gateway {
namespace {

TomlPosition position(const toml::source_region& region) {
    return {region.begin.line, region.begin.column};
}

bool before(const TomlPosition& a, const TomlPosition& b) {
    return a.line != b.line ? a.line < b.line : a.column < b.column;
}

std::vector<TomlKey> convert_keys(const toml::table& table);
std::vector<TomlKey> convert_items(const toml::array& array);

TomlValue convert(const toml::node& node) {
    TomlValue value;
    if (const auto* boolean = node.as_boolean()) {
        value.kind = TomlValue::Kind::boolean;
        value.boolean = boolean->get();
        value.shown = value.boolean ? "true" : "false";
    } else if (const auto* integer = node.as_integer()) {
        value.kind = TomlValue::Kind::integer;
        value.integer = integer->get();
        value.shown = std::to_string(value.integer);
    } else if (const auto* text = node.as_string()) {
        value.kind = TomlValue::Kind::text;
        value.text = text->get();
        value.shown = in_quotes(value.text);
    } else if (const auto* number = node.as_floating_point()) {
        std::ostringstream shown;
        shown << *number;
        value.kind = TomlValue::Kind::number;
        value.number = number->get();
        value.shown = shown.str();
    } else if (const auto* array = node.as_array()) {
        value.kind = TomlValue::Kind::array;
        value.items = convert_items(*array);
        value.shown = "an array";
    } else if (const auto* table = node.as_table()) {
        value.kind = TomlValue::Kind::table;
        value.items = convert_keys(*table);
        value.shown = "a table";
    } else {
        value.shown = "a date or time";
    }
    return value;
}

std::vector<TomlKey> convert_keys(const toml::table& table) {
    std::vector<TomlKey> keys;
    for (const auto& [key, node] : table) {
        keys.push_back(
            {std::string(key.str()), position(key.source()), position(node.source()), convert(node)});
    }
    // toml++ sorts by name; the operator reads by line.
    std::sort(keys.begin(), keys.end(),
              [](const TomlKey& a, const TomlKey& b) { return before(a.at, b.at); });
    return keys;
}

std::vector<TomlKey> convert_items(const toml::array& array) {
    std::vector<TomlKey> items;
    for (const toml::node& node : array) {
        items.push_back({"", position(node.source()), position(node.source()), convert(node)});
    }
    return items;
}

void convert_document(const toml::table& root, TomlDocument& out) {
    for (const auto& [key, node] : root) {
        const std::string name(key.str());
        if (const toml::table* table = node.as_table()) {
            out.sections.push_back({name, false, position(key.source()), convert_keys(*table)});
        } else if (const toml::array* array = node.as_array();
                   array != nullptr && array->is_array_of_tables()) {
            for (const toml::node& element : *array) {
                out.sections.push_back(
                    {name, true, position(element.source()), convert_keys(*element.as_table())});
            }
        } else {
            out.loose.push_back({name, position(key.source()), position(node.source()), convert(node)});
        }
    }
    std::stable_sort(out.sections.begin(), out.sections.end(),
                     [](const TomlSection& a, const TomlSection& b) { return before(a.at, b.at); });
    std::sort(out.loose.begin(), out.loose.end(),
              [](const TomlKey& a, const TomlKey& b) { return before(a.at, b.at); });
}

/// toml++'s words without its frame, and with a hint where its words do not help an operator.
std::string readable(std::string_view description) {
    constexpr std::string_view kFrame = "Error while parsing ";
    constexpr std::string_view kTwice = "cannot redefine existing ";
    std::string message;
    const std::size_t twice = description.find(kTwice);
    const std::size_t name = description.find('\'', twice);
    if (description.find("could not determine value type") != std::string_view::npos) {
        message = "expected a value; a text needs quotes, as in \"abc\"";
    } else if (twice != std::string_view::npos && name < description.size() && description.ends_with('\'')) {
        append_escaped(message, description.substr(name), Escaping::text);
        message += " is given twice";
    } else {
        const bool framed = description.starts_with(kFrame);
        message = "not valid TOML: ";
        // toml++ has escaped line ends already; what is left is quotes and backslashes of its own, and odd
        // characters.
        for (std::string_view rest = description.substr(framed ? kFrame.size() : 0); !rest.empty();) {
            const std::size_t plain = std::min(rest.find_first_of("\\\""), rest.size());
            append_escaped(message, rest.substr(0, plain), Escaping::text);
            message += rest.substr(plain, 1);
            rest.remove_prefix(std::min(plain + 1, rest.size()));
        }
        if (description.find("integer: expected digit") != std::string_view::npos) {
            message += " (a text needs quotes, also a duration: \"10s\")";
        }
    }
    return message;
}

}  // namespace

std::optional<TomlProblem> parse_toml(std::string_view text, TomlDocument& out) {
    try {
        convert_document(toml::parse(text), out);
        return std::nullopt;
    } catch (const toml::parse_error& error) {
        return TomlProblem{position(error.source()), readable(error.description())};
    }
}

}  // namespace mqttsn::gateway
