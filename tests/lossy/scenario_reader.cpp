// SPDX-License-Identifier: BSD-3-Clause
#include "lossy/scenario_reader.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include "gateway/app/text.hpp"

namespace mqttsn::lossy {
namespace {

using gateway::in_quotes;
using gateway::TomlKey;
using gateway::TomlValue;

std::string brackets(const SectionRow& row) {
    const std::string path(row.path);
    return row.repeated ? "[[" + path + "]]" : "[" + path + "]";
}

std::string did_you_mean(std::string_view near) {
    return near.empty() ? "" : "; did you mean \"" + std::string(near) + "\"?";
}

std::vector<std::string_view> keys_of(std::string_view section) {
    std::vector<std::string_view> names;
    for (const KeyRow& row : scenario_keys()) {
        if (row.section == section) {
            names.push_back(row.key);
        }
    }
    for (const SectionRow& row : scenario_sections()) {
        if (row.path.size() > section.size() + 1 && row.path.starts_with(section) &&
            row.path[section.size()] == '.') {
            names.push_back(row.path.substr(section.size() + 1));
        }
    }
    return names;
}

/// "; did you mean "wake_every" in [[device]]?" when another section has that key.
std::string elsewhere(std::string_view key) {
    for (const KeyRow& row : scenario_keys()) {
        if (row.key == key) {
            return "; did you mean \"" + std::string(key) + "\" in " + brackets(*find_section(row.section)) +
                   "?";
        }
    }
    return "";
}

std::string unknown_key(std::string_view section, std::string_view key) {
    const std::string_view near = gateway::closest(key, keys_of(section));
    return "unknown key " + in_quotes(key) + (near.empty() ? elsewhere(key) : did_you_mean(near));
}

class SectionReader {
  public:
    SectionReader(FileSections& sections, ErrorList& errors) : sections_(sections), errors_(errors) {}

    void read(const gateway::TomlDocument& document) {
        for (const TomlKey& key : document.loose) {
            const SectionRow* row = find_section(key.name);
            errors_.add(
                {key.at, ""}, shown_key("", key.name),
                row != nullptr
                    ? "expected " + std::string(row->repeated ? "sections " : "a section ") + brackets(*row) +
                          ", got " + key.value.shown
                    : "unknown key " + in_quotes(key.name) + " outside of any section" + elsewhere(key.name));
        }
        for (const gateway::TomlSection& section : document.sections) {
            section_of(section);
        }
    }

  private:
    void section_of(const gateway::TomlSection& section) {
        const SectionRow* row = find_section(section.name);
        if (row == nullptr || row->path.find('.') != std::string_view::npos) {
            std::vector<std::string_view> names;
            for (const SectionRow& known : scenario_sections()) {
                names.push_back(known.path);
            }
            errors_.add({section.at, ""}, shown_key("", section.name),
                        "unknown section " + in_quotes(section.name) +
                            did_you_mean(gateway::closest(section.name, names)));
            return;
        }
        if (row->repeated != section.repeated) {
            errors_.add({section.at, ""}, section.name,
                        "expected " + brackets(*row) +
                            (row->repeated ? " (it may be there several times), got [" + section.name + "]"
                                           : " (there is only one), got [[" + section.name + "]]"));
            return;
        }
        const std::size_t index = row->repeated ? counts_[row->path]++ : 0;
        if (index >= row->count_max) {
            if (index == row->count_max) {
                errors_.add(
                    {section.at, ""}, section.name,
                    "expected at most " + std::to_string(row->count_max) + " sections " + brackets(*row));
            }
            return;
        }
        keys(*row, index, section.at, section.keys);
    }

    void keys(const SectionRow& row, std::size_t index, gateway::TomlPosition at,
              const std::vector<TomlKey>& keys_in) {
        const std::size_t own = sections_.size();
        sections_.push_back({&row, index, {at, ""}, {}});
        for (const TomlKey& key : keys_in) {
            const SectionRow* inner = find_section(std::string(row.path) + "." + key.name);
            if (inner != nullptr && key.value.kind == TomlValue::Kind::table) {
                keys(*inner, index, key.at, key.value.items);
            } else if (inner != nullptr) {
                errors_.add({key.value_at, ""}, shown_key(row.path, key.name),
                            "expected a section " + brackets(*inner) + ", got " + key.value.shown);
            } else if (const KeyRow* known = find_key(row.path, key.name)) {
                sections_[own].keys.push_back({known, key.value, {key.value_at, ""}});
            } else {
                errors_.add({key.at, ""}, shown_key(row.path, key.name), unknown_key(row.path, key.name));
            }
        }
    }

    FileSections& sections_;
    ErrorList& errors_;
    std::map<std::string_view, std::size_t> counts_;
};

/// Puts sections into a Scenario, one after the other.
class Interpreter {
  public:
    Interpreter(const std::string& file, ErrorList& errors) : errors_(errors) {
        scenario_.name = std::filesystem::path(file).stem().string();
        scenario_.gateway.listeners.front().qos_minus_one = gateway::QosMinusOne::all;
        for (const SectionRow& row : scenario_sections()) {
            if (!row.repeated && row.path.find('.') == std::string_view::npos) {
                set_defaults(row.path, target(row.path));
            }
        }
    }

    Scenario run(const FileSections& sections) {
        // In the order of the table: [link] before [link.up], whatever the file's order is.
        std::vector<const FileSection*> sorted;
        for (const FileSection& section : sections) {
            sorted.push_back(&section);
        }
        std::stable_sort(sorted.begin(), sorted.end(),
                         [](const FileSection* a, const FileSection* b) { return a->row < b->row; });
        for (const FileSection* section : sorted) {
            read(*section);
        }
        finish();
        if (errors_.empty()) {
            check();
        }
        return std::move(scenario_);
    }

  private:
    using Place = std::tuple<std::string, std::size_t, std::string>;

    KeyTarget target(std::string_view section, std::size_t index = 0) {
        KeyTarget to;
        to.scenario = &scenario_;
        to.link = &scenario_.link;
        to.preset = &scenario_.preset;
        if (section == "partition") {
            to.partition = &partitions_.back();
        } else if (section.starts_with("device")) {
            to.group = &scenario_.devices[index];
            if (section != "device") {
                to.link = &*to.group->link;
                to.preset = &to.group->preset;
            }
        }
        return to;
    }

    void read(const FileSection& section) {
        const std::string path(section.row->path);
        if (path.starts_with("sweep")) {
            return;
        }
        if (path == "device") {
            scenario_.devices.emplace_back();
        } else if (path == "device.link") {
            scenario_.devices[section.index].link.emplace();
        } else if (path == "partition") {
            partitions_.emplace_back();
        }
        const KeyTarget to = target(path, section.index);
        if (section.row->repeated) {
            set_defaults(path, to);
        }
        places_[{path, section.index, ""}] = section.origin;
        // The preset is what the other keys change.
        for (const bool preset : {true, false}) {
            for (const FileKey& key : section.keys) {
                if ((key.row->key == "preset") == preset) {
                    set(section, key, to);
                }
            }
        }
        for (const KeyRow& row : scenario_keys()) {
            if (row.section == path && row.default_value == kRequired &&
                !places_.contains({path, section.index, std::string(row.key)})) {
                errors_.add(section.origin, shown_key(path, row.key),
                            "is missing: expected " + expectation(row));
            }
        }
    }

    void set(const FileSection& section, const FileKey& key, const KeyTarget& to) {
        places_[{std::string(section.row->path), section.index, std::string(key.row->key)}] = key.origin;
        const std::string problem = set_key(*key.row, key.value, to);
        if (!problem.empty()) {
            errors_.add(key.origin, shown_key(section.row->path, key.row->key), problem);
        }
    }

    void finish() {
        scenario_.link.partitions.insert(scenario_.link.partitions.end(), partitions_.begin(),
                                         partitions_.end());
        for (DeviceGroup& group : scenario_.devices) {
            if (group.link) {
                group.link->partitions.insert(group.link->partitions.end(), partitions_.begin(),
                                              partitions_.end());
            }
            group.device.subscribes = group.downlink.every.count() > 0;
        }
        if (scenario_.drain_is_computed) {
            scenario_.drain = computed_drain(scenario_);
        }
    }

    void check() {
        check_scenario(scenario_, [&](std::string_view section, std::size_t index, std::string_view key,
                                      const std::string& message) {
            // Of the key, or of its section, or of the file.
            for (const std::string_view name : {key, std::string_view{}}) {
                const auto found = places_.find({std::string(section), index, std::string(name)});
                if (found != places_.end()) {
                    errors_.add(found->second, shown_key(section, key), message);
                    return;
                }
            }
            errors_.add({}, shown_key(section, key), message);
        });
    }

    ErrorList& errors_;
    Scenario scenario_;
    std::vector<Partition> partitions_;
    std::map<Place, Origin> places_;
};

}  // namespace

void ErrorList::add(const Origin& origin, std::string_view key, const std::string& message) {
    std::string text = origin.option.empty() ? file_ : origin.option;
    if (origin.option.empty() && origin.at.line != 0) {
        text += ":" + std::to_string(origin.at.line) + ":" + std::to_string(origin.at.column);
    }
    text += text.empty() ? "" : ": ";
    text += key.empty() ? message : std::string(key) + ": " + message;
    // A sweep reads the file once for each of its points, and says everything as often.
    if (std::none_of(errors_.begin(), errors_.end(),
                     [&](const Error& error) { return error.text == text; })) {
        errors_.push_back({origin, std::move(text)});
    }
}

std::vector<std::string> ErrorList::lines() const {
    std::vector<Error> sorted = errors_;
    std::stable_sort(sorted.begin(), sorted.end(), [](const Error& a, const Error& b) {
        return std::tie(a.origin.at.line, a.origin.at.column) <
               std::tie(b.origin.at.line, b.origin.at.column);
    });
    std::vector<std::string> lines;
    for (const Error& error : sorted) {
        if (lines.size() == kScenarioErrorsMax) {
            lines.push_back(file_ + ": and " + std::to_string(sorted.size() - kScenarioErrorsMax) +
                            " more errors");
            break;
        }
        lines.push_back(error.text);
    }
    return lines;
}

std::string shown_key(std::string_view section, std::string_view key) {
    std::string result(section);
    if (!section.empty() && !key.empty()) {
        result += '.';
    }
    gateway::append_escaped(result, gateway::cut(key, 60), gateway::Escaping::text);
    return result;
}

FileSections read_sections(const gateway::TomlDocument& document, ErrorList& errors) {
    FileSections sections;
    SectionReader(sections, errors).read(document);
    return sections;
}

const KeyRow* find_parameter(std::string_view parameter, std::string& problem) {
    const std::size_t dot = parameter.rfind('.');
    const std::string_view section = parameter.substr(0, dot == std::string_view::npos ? 0 : dot);
    const std::string_view key = dot == std::string_view::npos ? parameter : parameter.substr(dot + 1);
    if (find_section(section) == nullptr) {
        std::vector<std::string_view> names;
        for (const SectionRow& row : scenario_sections()) {
            names.push_back(row.path);
        }
        problem =
            dot == std::string_view::npos
                ? "expected SECTION.KEY such as \"link.loss\", got " + in_quotes(parameter) + elsewhere(key)
                : "unknown section " + in_quotes(section) + did_you_mean(gateway::closest(section, names));
        return nullptr;
    }
    const KeyRow* row = find_key(section, key);
    if (row == nullptr) {
        problem = unknown_key(section, key);
    }
    return row;
}

std::string replace_key(FileSections& sections, const KeyRow& row, const TomlValue& value,
                        const Origin& origin) {
    bool found = false;
    for (FileSection& section : sections) {
        if (section.row->path != row.section) {
            continue;
        }
        found = true;
        std::erase_if(section.keys, [&](const FileKey& key) { return key.row == &row; });
        section.keys.push_back({&row, value, origin});
    }
    if (found) {
        return "";
    }
    const SectionRow* section = find_section(row.section);
    if (section->repeated || section->path.starts_with("device")) {
        return "there is no section " + brackets(*section) + " in the file";
    }
    sections.push_back({section, 0, origin, {{&row, value, origin}}});
    return "";
}

Scenario interpret(const FileSections& sections, const std::string& file, ErrorList& errors) {
    return Interpreter(file, errors).run(sections);
}

}  // namespace mqttsn::lossy
