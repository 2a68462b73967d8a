// SPDX-License-Identifier: BSD-3-Clause
#include "lossy/scenario.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>

#include "gateway/app/text.hpp"
#include "lossy/scenario_reader.hpp"

namespace mqttsn::lossy {
namespace {

using gateway::in_quotes;
using gateway::TomlKey;
using gateway::TomlValue;

/// @returns "" and fills `out`; or why not
std::string read_whole_file(const std::string& path, std::string& out) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), std::fclose);
    if (!file) {
        return "cannot read the file: " + gateway::system_message(errno);
    }
    char chunk[16384];
    std::size_t count = 0;
    while ((count = std::fread(chunk, 1, sizeof chunk, file.get())) > 0) {
        out.append(chunk, count);
        if (out.size() > kScenarioOctetsMax) {
            return "the file is larger than " + std::to_string(kScenarioOctetsMax >> 10U) + " KiB";
        }
    }
    return std::ferror(file.get()) != 0 ? "cannot read the file: " + gateway::system_message(errno) : "";
}

/// An axis as the file has it: which keys get which values, and where each value stands.
struct RawAxis {
    std::vector<const KeyRow*> rows;
    std::vector<FileKey> values;  // row is not used
    SweepAxis shown;
};

class AxisReader {
  public:
    AxisReader(ErrorList& errors, std::string_view section, std::size_t count_max)
        : errors_(errors), section_(section), count_max_(count_max) {}

    RawAxis read(const FileSection& section) {
        RawAxis axis;
        for (const FileKey& key : section.keys) {
            if (key.row->key == "parameter") {
                parameters(key, axis);
            } else if (key.row->key == "values") {
                values(key, axis);
            } else {
                label(key, axis);
            }
        }
        if (axis.shown.label.empty()) {
            const std::string first = axis.shown.parameter.substr(0, axis.shown.parameter.find(','));
            axis.shown.label = first.substr(first.rfind('.') + 1);
        }
        for (const std::string_view key : {"parameter", "values"}) {
            const bool there = std::any_of(section.keys.begin(), section.keys.end(),
                                           [&](const FileKey& one) { return one.row->key == key; });
            if (!there) {
                errors_.add(section.origin, shown_key(section_, key),
                            "is missing: expected " + expectation(*find_key(section_, key)));
            }
        }
        return axis;
    }

  private:
    void parameters(const FileKey& key, RawAxis& axis) {
        if (key.value.kind != TomlValue::Kind::array) {
            parameter(key.value, key.origin, axis);
            return;
        }
        for (const TomlKey& item : key.value.items) {
            parameter(item.value, {item.at, key.origin.option}, axis);
        }
        if (key.value.items.empty()) {
            errors_.add(key.origin, shown_key(section_, "parameter"), "expected at least one");
        }
    }

    void parameter(const TomlValue& value, const Origin& origin, RawAxis& axis) {
        const std::string shown = shown_key(section_, "parameter");
        if (value.kind != TomlValue::Kind::text) {
            errors_.add(origin, shown, "expected a text such as \"link.loss\", got " + value.shown);
            return;
        }
        std::string problem;
        const KeyRow* row = find_parameter(value.text, problem);
        if (row == nullptr || !may_be_swept(*row)) {
            errors_.add(origin, shown, row == nullptr ? problem : in_quotes(value.text) + " cannot be swept");
            return;
        }
        axis.rows.push_back(row);
        axis.shown.parameter += (axis.shown.parameter.empty() ? "" : ", ") + value.text;
    }

    void label(const FileKey& key, RawAxis& axis) {
        axis.shown.label = key.value.text;
        if (key.value.kind != TomlValue::Kind::text ||
            static_cast<std::int64_t>(key.value.text.size()) > key.row->max ||
            std::any_of(key.value.text.begin(), key.value.text.end(),
                        [](char c) { return c >= 0 && c < ' '; })) {
            errors_.add(key.origin, shown_key(section_, "label"),
                        "expected " + expectation(*key.row) + ", got " + key.value.shown);
        }
    }

    void values(const FileKey& key, RawAxis& axis) {
        const std::string shown = shown_key(section_, "values");
        if (key.value.kind != TomlValue::Kind::array) {
            errors_.add(key.origin, shown, "expected an array of values, got " + key.value.shown);
            return;
        }
        if (key.value.items.empty() || key.value.items.size() > count_max_) {
            errors_.add(key.origin, shown,
                        "expected 1 to " + std::to_string(count_max_) + " values, got " +
                            std::to_string(key.value.items.size()));
            return;
        }
        for (const TomlKey& item : key.value.items) {
            axis.values.push_back({nullptr, item.value, {item.at, key.origin.option}});
            axis.shown.values.push_back(item.value.kind == TomlValue::Kind::text ? item.value.text
                                                                                 : item.value.shown);
        }
        numbers(axis);
    }

    /// They stand on a number axis if all of them are numbers of one unit; "0s" and "10m" are.
    static void numbers(RawAxis& axis) {
        for (const FileKey& value : axis.values) {
            const std::optional<AxisNumber> number = axis_number(value.value);
            const bool first = axis.shown.numbers.empty();
            if (!number || (!first && number->unit != axis.shown.unit)) {
                axis.shown.numbers.clear();
                axis.shown.unit.clear();
                return;
            }
            axis.shown.numbers.push_back(number->number);
            axis.shown.unit = number->unit;
        }
    }

    ErrorList& errors_;
    std::string_view section_;
    std::size_t count_max_;
};

/// "link.loss=20%": what is right of '=' is TOML, or else a text without quotes.
void apply_option(const std::string& text, FileSections& sections, ErrorList& errors) {
    const Origin origin{{}, "--set " + in_quotes(text)};
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
        errors.add(origin, "", "expected SECTION.KEY=VALUE");
        return;
    }
    const std::string parameter = text.substr(0, equals);
    const std::string written = text.substr(equals + 1);
    std::string problem;
    const KeyRow* row = find_parameter(parameter, problem);
    if (row == nullptr || row->kind == KeyKind::sweep) {
        errors.add(origin, "", row == nullptr ? problem : "a sweep can only be changed in the file");
        return;
    }
    gateway::TomlDocument document;
    TomlValue value;
    const bool toml = written.find_first_of("\r\n") == std::string::npos &&
                      !gateway::parse_toml("value = " + written, document) && document.loose.size() == 1;
    if (toml && document.loose.front().value.kind != TomlValue::Kind::other) {
        value = document.loose.front().value;
    } else {
        value.kind = TomlValue::Kind::text;
        value.text = written;
        value.shown = in_quotes(written);
    }
    problem = replace_key(sections, *row, value, origin);
    if (!problem.empty()) {
        errors.add(origin, "", problem);
    }
}

class PlanMaker {
  public:
    PlanMaker(const std::string& file, const ScenarioOverrides& overrides, ErrorList& errors)
        : file_(file), overrides_(overrides), errors_(errors) {}

    Plan make(std::string_view toml) {
        Plan plan;
        gateway::TomlDocument document;
        if (const std::optional<gateway::TomlProblem> problem = gateway::parse_toml(toml, document)) {
            errors_.add({problem->at, ""}, "", problem->message);
            return plan;
        }
        sections_ = read_sections(document, errors_);
        for (const std::string& text : overrides_.set) {
            apply_option(text, sections_, errors_);
        }
        plan.base = scenario_of(sections_);
        read_axes();
        plan.sweep = sweep_.shown;
        plan.series = series_.shown;
        if (!errors_.empty()) {
            return plan;
        }
        const std::size_t values = std::max<std::size_t>(sweep_.values.size(), 1);
        const std::size_t series = std::max<std::size_t>(series_.values.size(), 1);
        if (std::uint64_t{values} * series * plan.base.seeds > kRunsMax) {
            errors_.add({}, "",
                        std::to_string(values * series) + " points of " + std::to_string(plan.base.seeds) +
                            " runs each: expected at most " + std::to_string(kRunsMax) + " runs in all");
            return plan;
        }
        for (std::size_t s = 0; s < series; ++s) {
            for (std::size_t v = 0; v < values && !errors_.full(); ++v) {
                plan.points.push_back({v, s, point(v, s)});
            }
        }
        equal_drains(plan.points);
        return plan;
    }

  private:
    Scenario scenario_of(const FileSections& sections) {
        Scenario scenario = interpret(sections, file_, errors_);
        scenario.seed = overrides_.seed.value_or(scenario.seed);
        scenario.seeds = overrides_.seeds.value_or(scenario.seeds);
        return scenario;
    }

    void read_axes() {
        for (const FileSection& section : sections_) {
            if (section.row->path == "sweep") {
                sweep_ = AxisReader(errors_, "sweep", kSweepValuesMax).read(section);
            } else if (section.row->path == "sweep.series") {
                series_ = AxisReader(errors_, "sweep.series", kSeriesValuesMax).read(section);
            }
        }
    }

    Scenario point(std::size_t value, std::size_t series) {
        FileSections changed = sections_;
        apply(sweep_, "sweep", value, changed);
        apply(series_, "sweep.series", series, changed);
        return scenario_of(changed);
    }

    /// So that all points of a sweep have the same messages.
    static void equal_drains(std::vector<SweepPoint>& points) {
        Micros longest{0};
        for (const SweepPoint& point : points) {
            longest = std::max(longest, point.scenario.drain);
        }
        for (SweepPoint& point : points) {
            if (point.scenario.drain_is_computed) {
                point.scenario.drain = std::min(longest, point.scenario.duration / 2);
            }
        }
    }

    void apply(const RawAxis& axis, std::string_view section, std::size_t index, FileSections& sections) {
        for (const KeyRow* row : axis.rows) {
            const FileKey& value = axis.values[index];
            const std::string problem = replace_key(sections, *row, value.value, value.origin);
            if (!problem.empty()) {
                errors_.add(value.origin, shown_key(section, "parameter"), problem);
            }
        }
    }

    const std::string& file_;
    const ScenarioOverrides& overrides_;
    ErrorList& errors_;
    FileSections sections_;
    RawAxis sweep_;
    RawAxis series_;
};

}  // namespace

PlanResult parse_plan(std::string_view toml, const std::string& file, const ScenarioOverrides& overrides) {
    ErrorList errors(file);
    PlanResult result;
    Plan plan = PlanMaker(file, overrides, errors).make(toml);
    if (errors.empty() && plan.base.devices.empty()) {
        errors.add({}, "", "there is no section [[device]]: nothing would happen");
    }
    if (errors.empty()) {
        result.plan = std::move(plan);
    } else {
        result.errors = errors.lines();
    }
    return result;
}

ScenarioResult parse_scenario(std::string_view toml, const std::string& file) {
    ErrorList errors(file);
    ScenarioResult result;
    Plan plan = PlanMaker(file, {}, errors).make(toml);
    if (errors.empty()) {
        result.scenario = std::move(plan.base);
    } else {
        result.errors = errors.lines();
    }
    return result;
}

PlanResult load_plan(const std::string& path, const ScenarioOverrides& overrides) {
    std::string toml;
    const std::string problem = read_whole_file(path, toml);
    return problem.empty() ? parse_plan(toml, path, overrides)
                           : PlanResult{std::nullopt, {path + ": " + problem}};
}

ScenarioResult load_scenario(const std::string& path) {
    std::string toml;
    const std::string problem = read_whole_file(path, toml);
    return problem.empty() ? parse_scenario(toml, path)
                           : ScenarioResult{std::nullopt, {path + ": " + problem}};
}

}  // namespace mqttsn::lossy
