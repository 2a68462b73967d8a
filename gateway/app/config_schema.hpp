// SPDX-License-Identifier: BSD-3-Clause
//
// The table of all keys of gateway.toml: section, type, range, words, default, and how a value gets into
// Config and out again. Reading, messages, suggestions, describe() and the tests are driven by it: a new key
// is a new row here. Not here: checks that need two keys or a file (config_check.cpp). Any thread.
#ifndef GATEWAY_APP_CONFIG_SCHEMA_HPP
#define GATEWAY_APP_CONFIG_SCHEMA_HPP

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/app/config.hpp"

namespace mqttsn::gateway {

struct SectionRow {
    std::string_view name;
    bool repeated;          ///< [[name]]
    std::size_t count_max;  ///< how many of them
};

enum class ValueKind : std::uint8_t {
    boolean,
    integer,   ///< min..max
    duration,  ///< min..max milliseconds, a multiple of `step`
    word,      ///< one of `words`
    text,      ///< min..max octets, no control characters
    texts,     ///< one text, or a list of them
};

constexpr std::string_view kRequired = "(required)";  ///< KeyRow::default_value of a key that must be given
constexpr std::string_view kNoDefault = "(no default)";  ///< ... whose absence means something no value means

/// A value that has passed type and range.
struct ConfigValue {
    bool boolean = false;
    std::int64_t number = 0;  ///< integer; milliseconds; index of the word
    std::string text;
    std::vector<std::string> texts;
};

struct KeyRow {
    std::string_view section;
    std::string_view key;
    ValueKind kind;
    std::int64_t min;
    std::int64_t max;
    std::span<const std::string_view> words;
    /// As TOML text, or kRequired, or kNoDefault.
    std::string_view default_value;
    /// Puts the value into the config; of a repeated section, into the last element.
    /// @returns "" or what is wrong with it, a sentence for the operator
    std::string (*set)(Config& config, const ConfigValue& value);
    /// The value as TOML text. @param index  which element of a repeated section, else 0
    std::string (*show)(const Config& config, std::size_t index);
    std::int64_t step = 1;
};

std::span<const SectionRow> config_sections();
std::span<const KeyRow> config_keys();

/// nullptr when there is none.
const SectionRow* find_section(std::string_view name);
const KeyRow* find_key(std::string_view section, std::string_view key);

/// Adds an element with default values to a repeated section.
void append_element(Config& config, std::string_view section);
std::size_t element_count(const Config& config, std::string_view section);

/// "an integer from 1 to 255", "a duration from 100ms to 10m", "\"text\" or \"json\"", "true or false", "a
/// string".
std::string expectation(const KeyRow& row);

}  // namespace mqttsn::gateway

#endif
