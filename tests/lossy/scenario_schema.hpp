// SPDX-License-Identifier: BSD-3-Clause
//
// The table of all keys of a scenario file: section, type, range, words, default, what it means, and how a
// value gets into a Scenario. Reading, messages, suggestions, defaults, sweeps, --set, --list-keys and
// examples/lossy/README.md are driven by it: a new key is a new row. Not here: what needs two keys
// (scenario_check.cpp). Any thread.
#ifndef TESTS_LOSSY_SCENARIO_SCHEMA_HPP
#define TESTS_LOSSY_SCENARIO_SCHEMA_HPP

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/app/config_toml.hpp"
#include "lossy/link_text.hpp"
#include "lossy/scenario.hpp"

namespace mqttsn::lossy {

struct SectionRow {
    std::string_view path;  ///< "link", "link.up", "device.link": a table in a table has its own row
    bool repeated;          ///< [[path]]
    std::size_t count_max;
    std::string_view help;
};

enum class KeyKind : std::uint8_t {
    boolean,
    integer,   ///< min..max
    time,      ///< min..max microseconds, a multiple of `step`
    word,      ///< one of `words`
    text,      ///< min..max octets, no control characters
    qos_list,  ///< an integer min..max, or an array of up to 16 of them
    current,   ///< 0..max nanoamperes
    voltage,   ///< min..max millivolts
    link,      ///< as in lossy/link_text.hpp
    sweep,     ///< of [sweep]: read by scenario.cpp
};

/// A value that has passed type and range.
struct KeyValue {
    bool boolean = false;
    std::int64_t number = 0;  ///< integer; microseconds; nanoamperes; millivolts; index of the word
    std::string text;
    std::vector<std::int64_t> list;
};

/// Where the keys of one section go.
struct KeyTarget {
    Scenario* scenario = nullptr;
    DeviceGroup* group = nullptr;   ///< of [[device]]
    LinkSettings* link = nullptr;   ///< of [link] and [device.link]
    std::string* preset = nullptr;  ///< its name
    Partition* partition = nullptr;
};

struct KeyRow {
    std::string_view section;
    std::string_view key;
    KeyKind kind;
    std::int64_t min;
    std::int64_t max;
    std::span<const std::string_view> words;
    /// As TOML text, set before the section is read; or kRequired, or in parentheses what its absence means.
    std::string_view default_value;
    /// @returns "" or what is wrong with it, a sentence
    std::string (*set)(const KeyTarget& target, const KeyValue& value);
    std::string_view help;
    std::int64_t step = 1;
    const LinkKey* link_key = nullptr;  ///< kind link; `set` is then nullptr
};

constexpr std::string_view kRequired = "(required)";

std::span<const SectionRow> scenario_sections();
std::span<const KeyRow> scenario_keys();
/// nullptr when there is none.
const SectionRow* find_section(std::string_view path);
const KeyRow* find_key(std::string_view section, std::string_view key);

/// "an integer from 1 to 255", "a time from 100ms to 10m", "\"up\", \"down\" or \"both\"", ...
std::string expectation(const KeyRow& row);

/// Checks type and range and puts the value where it belongs. @returns "" or what was expected and what was
/// found
std::string set_key(const KeyRow& row, const gateway::TomlValue& value, const KeyTarget& target);

/// All keys of `section` get their defaults.
void set_defaults(std::string_view section, const KeyTarget& target);

/// May [sweep] and --set change it? (Not the texts, the seeds, nor what a sweep is.)
bool may_be_swept(const KeyRow& row);

/// What can stand on an axis: {5, "%"} for "5%", {30, "s"} for "30s", {32, ""} for 32; nullopt for words.
struct AxisNumber {
    double number = 0;
    std::string_view unit;
};
std::optional<AxisNumber> axis_number(const gateway::TomlValue& value);

/// All keys as Markdown, a table for each section: for --list-keys and the README of the scenarios.
std::string keys_as_markdown();

}  // namespace mqttsn::lossy

#endif
