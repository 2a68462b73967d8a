// SPDX-License-Identifier: BSD-3-Clause
//
// A TOML document as plain values with positions: sections, keys, values, in the order of the file. The one
// place that knows toml++ is config_toml.cpp; what a key means is not known here. Any thread.
#ifndef GATEWAY_APP_CONFIG_TOML_HPP
#define GATEWAY_APP_CONFIG_TOML_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mqttsn::gateway {

struct TomlPosition {
    std::uint32_t line = 0;    ///< from 1
    std::uint32_t column = 0;  ///< from 1, in characters
};

struct TomlKey;

struct TomlValue {
    enum class Kind : std::uint8_t { boolean, integer, number, text, array, table, other };
    Kind kind = Kind::other;
    bool boolean = false;
    std::int64_t integer = 0;
    double number = 0;
    std::string text;
    /// Of an array its items, without names; of a table its keys.
    std::vector<TomlKey> items;
    std::string shown;  ///< for messages: "true", "7", "\"abc\"", "3.5", "an array", "a table", "a date"
};

/// Also an item of an array: then `name` is empty, and `at` is where the item is.
struct TomlKey {
    std::string name;
    TomlPosition at;        ///< of the key
    TomlPosition value_at;  ///< of the value
    TomlValue value;
};

/// [name], or one [[name]].
struct TomlSection {
    std::string name;
    bool repeated = false;  ///< [[name]]
    TomlPosition at;
    std::vector<TomlKey> keys;
};

struct TomlDocument {
    std::vector<TomlSection> sections;
    std::vector<TomlKey> loose;  ///< keys before the first section
};

struct TomlProblem {
    TomlPosition at;
    std::string message;  ///< one line
};

/// @returns nullopt and fills `out`; or why it is not TOML (which includes a key or a section given twice)
std::optional<TomlProblem> parse_toml(std::string_view text, TomlDocument& out);

}  // namespace mqttsn::gateway

#endif
