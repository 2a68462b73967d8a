// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/app/config.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include "gateway/app/config_check.hpp"
#include "gateway/app/config_schema.hpp"
#include "gateway/app/config_toml.hpp"
#include "gateway/app/text.hpp"

namespace mqttsn::gateway {
namespace {

std::string shown_key(std::string_view section, std::string_view key) {
    std::string result(section);
    if (!section.empty() && !key.empty()) {
        result += '.';
    }
    append_escaped(result, cut(key, 60), Escaping::text);
    return result;
}

std::string double_brackets(const std::string& name) {
    return "[[" + name + "]]";
}
std::string single_brackets(const std::string& name) {
    return "[" + name + "]";
}

/// Goes through a document section by section and key by key, and through the cross-checks after it.
class Reader {
  public:
    Reader(std::string file, Config& config, std::vector<ConfigError>& errors)
        : file_(std::move(file)), config_(config), errors_(errors) {}

    void read(const TomlDocument& document) {
        for (const TomlKey& key : document.loose) {
            loose_key(key);
        }
        for (const TomlSection& section : document.sections) {
            read_section(section);
        }
    }

    void check(const ConfigOverrides& overrides) {
        if (!errors_.empty()) {
            return;  // half-read values would only give errors that are not there
        }
        apply(overrides);
        const std::string folder = std::filesystem::path(file_).parent_path().string();
        const ReportError report = [&](std::string_view section, std::size_t index, std::string_view key,
                                       std::string message) {
            add(position_of(section, index, key), shown_key(section, key), std::move(message));
        };
        const LineOf line_of = [&](std::string_view section, std::size_t index) {
            return position_of(section, index, "").line;
        };
        check_config(config_, folder, report, line_of);
        if (errors_.empty()) {
            add_warnings(config_);
        }
    }

    void add(TomlPosition at, std::string key, std::string message) {
        errors_.push_back({file_, at.line, at.column, std::move(key), std::move(message)});
    }

  private:
    using Place = std::tuple<std::string, std::size_t, std::string>;

    void loose_key(const TomlKey& key) {
        if (const SectionRow* row = find_section(key.name)) {
            const std::string name(row->name);
            add(key.at, key.name,
                "expected " +
                    (row->repeated ? "sections " + double_brackets(name)
                                   : "a section " + single_brackets(name)) +
                    ", got " + key.value.shown);
            return;
        }
        add(key.at, shown_key("", key.name),
            "unknown key " + in_quotes(key.name) + " outside of any section" +
                elsewhere(key.name, "; did you mean "));
    }

    void read_section(const TomlSection& section) {
        const SectionRow* row = find_section(section.name);
        if (row == nullptr) {
            std::vector<std::string_view> names;
            for (const SectionRow& known : config_sections()) {
                names.push_back(known.name);
            }
            const std::string_view near = closest(section.name, names);
            add(section.at, shown_key("", section.name),
                "unknown section " + in_quotes(section.name) +
                    (near.empty() ? "" : "; did you mean \"" + std::string(near) + "\"?"));
            return;
        }
        if (row->repeated != section.repeated) {
            add(section.at, section.name,
                row->repeated ? "expected " + double_brackets(section.name) +
                                    " (it may be there several times), got " + single_brackets(section.name)
                              : "expected " + single_brackets(section.name) + " (there is only one), got " +
                                    double_brackets(section.name));
            return;
        }
        std::size_t index = 0;
        if (row->repeated) {
            index = counts_[section.name]++;
            if (index >= row->count_max) {
                if (index == row->count_max) {
                    add(section.at, section.name,
                        "expected at most " + std::to_string(row->count_max) + " sections " +
                            double_brackets(section.name));
                }
                return;
            }
            if (index == 0 && section.name == "listen") {
                config_.listen.clear();
                config_.core.listeners.clear();
            }
            append_element(config_, section.name);
        }
        places_[{section.name, index, ""}] = section.at;
        for (const TomlKey& key : section.keys) {
            read_key(section, index, key);
        }
        for (const KeyRow& key : config_keys()) {
            if (key.section == section.name && key.default_value == kRequired &&
                !places_.contains({section.name, index, std::string(key.key)})) {
                add(section.at, shown_key(key.section, key.key), "is missing: expected " + expectation(key));
            }
        }
    }

    void read_key(const TomlSection& section, std::size_t index, const TomlKey& key) {
        const KeyRow* row = find_key(section.name, key.name);
        if (row == nullptr) {
            unknown_key(section.name, key);
            return;
        }
        places_[{section.name, index, key.name}] = key.value_at;
        ConfigValue value;
        std::string problem = convert(*row, key.value, value);
        if (problem.empty()) {
            problem = row->set(config_, value);
        }
        if (!problem.empty()) {
            add(key.value_at, shown_key(section.name, key.name), std::move(problem));
        }
    }

    void unknown_key(const std::string& section, const TomlKey& key) {
        std::vector<std::string_view> names;
        for (const KeyRow& known : config_keys()) {
            if (known.section == section) {
                names.push_back(known.key);
            }
        }
        std::string message = "unknown key " + in_quotes(key.name);
        const std::string_view near = closest(key.name, names);
        message += near.empty() ? elsewhere(key.name, "; did you mean ")
                                : "; did you mean \"" + std::string(near) + "\"?";
        add(key.at, shown_key(section, key.name), std::move(message));
    }

    /// "; did you mean "interval" in [retry]?" when another section has that key.
    static std::string elsewhere(std::string_view name, std::string_view before) {
        for (const KeyRow& known : config_keys()) {
            if (known.key == name) {
                const std::string section(known.section);
                return std::string(before) + "\"" + std::string(name) + "\" in " +
                       (find_section(section)->repeated ? double_brackets(section)
                                                        : single_brackets(section)) +
                       "?";
            }
        }
        return "";
    }

    /// Type and range. @returns "" or what was expected and what was found
    static std::string convert(const KeyRow& row, const TomlValue& in, ConfigValue& out) {
        std::string expected = "expected " + expectation(row) + ", got " + in.shown;
        const bool is_text = in.kind == TomlValue::Kind::text;
        switch (row.kind) {
            case ValueKind::boolean:
                out.boolean = in.boolean;
                return in.kind == TomlValue::Kind::boolean ? "" : expected + quotes_hint(row, in);
            case ValueKind::integer:
                out.number = in.integer;
                return in.kind == TomlValue::Kind::integer && in.integer >= row.min && in.integer <= row.max
                           ? ""
                           : expected + quotes_hint(row, in);
            case ValueKind::duration:
                return convert_duration(row, in, expected, out);
            case ValueKind::word: {
                const auto word = std::find(row.words.begin(), row.words.end(), in.text);
                out.number = word - row.words.begin();
                return is_text && word != row.words.end() ? "" : expected;
            }
            case ValueKind::texts:
                return convert_texts(row, in, expected, out);
            case ValueKind::text:
                break;
        }
        return convert_text(row, in, expected, out);
    }

    static std::string convert_texts(const KeyRow& row, const TomlValue& in, const std::string& expected,
                                     ConfigValue& out) {
        if (in.kind != TomlValue::Kind::array) {
            std::string problem = convert_text(row, in, expected, out);
            out.texts = {out.text};
            return problem;
        }
        for (const TomlKey& item : in.items) {
            std::string problem = convert_text(
                row, item.value,
                "expected " + expectation(row) + ", got " + item.value.shown + " in the list", out);
            if (!problem.empty()) {
                return problem;
            }
            out.texts.push_back(out.text);
        }
        return "";
    }

    static std::string convert_text(const KeyRow& row, const TomlValue& in, const std::string& expected,
                                    ConfigValue& out) {
        if (in.kind != TomlValue::Kind::text) {
            return expected;
        }
        if (std::any_of(in.text.begin(), in.text.end(),
                        [](char c) { return (c >= 0 && c < ' ') || c == 0x7F; })) {
            return "expected no control characters, got " + in.shown;
        }
        const auto octets = static_cast<std::int64_t>(in.text.size());
        if (octets < row.min || octets > row.max) {
            return octets < row.min ? "must not be empty"
                                    : "expected at most " + std::to_string(row.max) + " octets, got " +
                                          std::to_string(octets);
        }
        out.text = in.text;
        return "";
    }

    static std::string convert_duration(const KeyRow& row, const TomlValue& in, const std::string& expected,
                                        ConfigValue& out) {
        if (in.kind == TomlValue::Kind::integer) {
            return expected + " (write it as \"" + in.shown + "s\")";
        }
        if (in.kind != TomlValue::Kind::text) {
            return expected;
        }
        const std::optional<std::int64_t> ms = parse_duration_ms(in.text);
        if (!ms) {
            const bool digits =
                !in.text.empty() && in.text.find_first_not_of("0123456789") == std::string::npos;
            return expected +
                   (digits ? " (the unit is missing: ms, s, m or h)" : " (units are ms, s, m and h)");
        }
        out.number = *ms;
        return *ms >= row.min && *ms <= row.max && *ms % row.step == 0 ? "" : expected;
    }

    /// For "3" and "true", which are strings in TOML.
    static std::string quotes_hint(const KeyRow& row, const TomlValue& in) {
        if (in.kind != TomlValue::Kind::text || in.text.empty()) {
            return "";
        }
        const bool fits = row.kind == ValueKind::integer
                              ? in.text.find_first_not_of("0123456789") == std::string::npos
                              : in.text == "true" || in.text == "false";
        return fits ? " (write it without quotes)" : "";
    }

    void apply(const ConfigOverrides& overrides) {
        if (!overrides.listen.empty()) {
            config_.listen = overrides.listen;
            config_.core.listeners.assign(overrides.listen.size(),
                                          ListenerSettings(config_.core.listeners.front()));
            listen_overridden_ = true;
        }
        if (overrides.broker) {
            config_.broker = *overrides.broker;
        }
        if (overrides.log_level) {
            config_.log_level = *overrides.log_level;
        }
        config_.core.debug_events = config_.log_level == LogLevel::debug;
    }

    /// Of the key, or of its section, or of the file.
    TomlPosition position_of(std::string_view section, std::size_t index, std::string_view key) const {
        if (listen_overridden_ && section == "listen") {
            return {};
        }
        for (const std::string_view name : {key, std::string_view{}}) {
            const auto found = places_.find({std::string(section), index, std::string(name)});
            if (found != places_.end()) {
                return found->second;
            }
        }
        return {};
    }

    std::string file_;
    Config& config_;
    std::vector<ConfigError>& errors_;
    std::map<Place, TomlPosition> places_;
    std::map<std::string, std::size_t> counts_;
    bool listen_overridden_ = false;
};

/// In the order of the file, and not endless.
void tidy_errors(const std::string& file, std::vector<ConfigError>& errors) {
    std::stable_sort(errors.begin(), errors.end(), [](const ConfigError& a, const ConfigError& b) {
        return std::tie(a.line, a.column) < std::tie(b.line, b.column);
    });
    if (errors.size() > kConfigErrorsMax) {
        const std::size_t more = errors.size() - kConfigErrorsMax;
        errors.resize(kConfigErrorsMax);
        errors.push_back({file, 0, 0, "", "and " + std::to_string(more) + " more errors"});
    }
}

/// What the struct's own defaults leave open.
Config initial_config() {
    Config config;
    config.core.listeners.clear();
    append_element(config, "listen");
    parse_host_port("225.1.1.1:1883", 0, config.discovery.groups.emplace_back());
    config.core.discovery.groups = 1;
    return config;
}

/// @returns "" and fills `out`; or why not
std::string read_whole_file(const std::string& path, std::string& out) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), std::fclose);
    if (!file) {
        return "cannot read the file: " + system_message(errno);
    }
    char chunk[16384];
    std::size_t count = 0;
    while ((count = std::fread(chunk, 1, sizeof chunk, file.get())) > 0) {
        out.append(chunk, count);
        if (out.size() > kConfigOctetsMax) {
            return "the file is larger than " + std::to_string(kConfigOctetsMax >> 20) + " MiB";
        }
    }
    if (std::ferror(file.get()) != 0) {
        return "cannot read the file: " + system_message(errno);
    }
    return "";
}

}  // namespace

std::string Config::own_client_id() const {
    return name + "-" + std::to_string(core.gateway_id);
}

std::string to_string(const ConfigError& error) {
    std::string text = error.file;
    if (error.line != 0) {
        text += ':';
        text += std::to_string(error.line);
        text += ':';
        text += std::to_string(error.column);
    }
    for (const std::string* part : {&error.key, &error.message}) {
        if (!part->empty()) {
            text += text.empty() ? *part : ": " + *part;
        }
    }
    return text;
}

ConfigResult parse_config(std::string_view toml, const std::string& file, const ConfigOverrides& overrides) {
    ConfigResult result;
    Config config = initial_config();
    Reader reader(file, config, result.errors);
    TomlDocument document;
    if (const std::optional<TomlProblem> problem = parse_toml(toml, document)) {
        reader.add(problem->at, "", problem->message);
    } else {
        reader.read(document);
        reader.check(overrides);
    }
    if (result.errors.empty()) {
        result.config = std::move(config);
    } else {
        tidy_errors(file, result.errors);
    }
    return result;
}

ConfigResult load_config(const std::string& path, const ConfigOverrides& overrides) {
    std::string toml;
    if (!path.empty()) {
        const std::string problem = read_whole_file(path, toml);
        if (!problem.empty()) {
            ConfigResult result;
            result.errors.push_back({path, 0, 0, "", problem});
            return result;
        }
    }
    return parse_config(toml, path, overrides);
}

std::string parse_broker_option(std::string_view text, BrokerUrl& out) {
    std::string problem;
    const std::optional<BrokerUrl> url = parse_broker_url(text, problem);
    if (!url) {
        // Before an '@' there may be a password, which must not get into a log.
        const bool secret = text.find('@') != std::string_view::npos;
        return secret ? problem : problem + ", got " + in_quotes(text);
    }
    out = *url;
    return "";
}

Config default_config() {
    return *parse_config("", "").config;
}

std::vector<ConfigLine> describe(const Config& config) {
    std::vector<ConfigLine> lines;
    for (const SectionRow& section : config_sections()) {
        for (std::size_t i = 0; i < element_count(config, section.name); ++i) {
            std::string prefix(section.name);
            if (section.repeated) {
                prefix += '[';
                prefix += std::to_string(i);
                prefix += ']';
            }
            prefix += '.';
            for (const KeyRow& row : config_keys()) {
                if (row.section == section.name) {
                    lines.push_back({prefix + std::string(row.key), row.show(config, i)});
                }
            }
        }
    }
    return lines;
}

std::vector<std::string> changes_needing_restart(const Config& running, const Config& reloaded) {
    std::vector<std::string> changed;
    for (const SectionRow& section : config_sections()) {
        const std::size_t count = element_count(running, section.name);
        if (section.name == "predefined_topic" || section.name == "client") {
            continue;
        }
        bool section_changed = count != element_count(reloaded, section.name);
        for (const KeyRow& row : config_keys()) {
            if (row.section != section.name || (row.section == "log" && row.key == "level") ||
                section_changed) {
                continue;
            }
            bool key_changed =
                row.key == "password_file" && running.core.broker.password != reloaded.core.broker.password;
            for (std::size_t i = 0; i < count && !key_changed; ++i) {
                key_changed = row.show(running, i) != row.show(reloaded, i);
            }
            if (key_changed && section.repeated) {
                section_changed = true;
            } else if (key_changed) {
                changed.push_back(shown_key(row.section, row.key));
            }
        }
        if (section_changed) {
            changed.emplace_back(section.name);
        }
    }
    return changed;
}

}  // namespace mqttsn::gateway
