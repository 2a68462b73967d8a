// SPDX-License-Identifier: GPL-2.0-or-later
//
// The pre-defined topics of a gateway's configuration: [gateway] id, and id, topic and client of each
// [[predefined_topic]]. All else in the file is the gateway's business.
#include "dissector/topic_rules.hpp"

#if __has_include(<toml++/toml.h>)
#define MQTTSNX_HAS_TOML 1
#include <toml++/toml.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <system_error>
#include <utility>
#endif

namespace mqttsnx {

#ifdef MQTTSNX_HAS_TOML
namespace {

constexpr std::uintmax_t kFileOctetsMax = std::uintmax_t{16} << 20;

std::string at_line(const toml::node& node) {
    return "line " + std::to_string(node.source().begin.line) + ": ";
}

/// Where an id was first given to a client or a pattern: the line.
using Given = std::map<std::pair<std::uint16_t, std::string>, unsigned>;

/// "" or what is wrong with this entry, with the line. What the gateway refuses is not added.
std::string add_rule(const toml::node& node, unsigned gateway_id, Given& given, TopicRules& rules) {
    const toml::table* table = node.as_table();
    if (table == nullptr) {
        return at_line(node) + "expected [[predefined_topic]]";
    }
    const std::optional<std::int64_t> id = (*table)["id"].value<std::int64_t>();
    const std::optional<std::string> topic = (*table)["topic"].value<std::string>();
    if (!id || !topic) {
        return at_line(node) + "expected id = NUMBER and topic = \"NAME\" in [[predefined_topic]]";
    }
    if (*id < kTopicIdMin || *id > kTopicIdMax) {
        return at_line(node) + "expected a topic id from 1 to 65534, got " + std::to_string(*id);
    }
    TopicRule rule;
    rule.id = static_cast<std::uint16_t>(*id);
    rule.topic = *topic;
    rule.gateway_id = gateway_id;
    if (const toml::node* client = table->get("client"); client != nullptr) {
        const std::optional<std::string> glob = client->value<std::string>();
        if (!glob || glob->empty()) {
            return at_line(*client) + "expected a client id or a pattern like \"meter-*\"";
        }
        rule.client = *glob;
    }
    if (const std::string problem = topic_rule_problem(rule.id, rule.topic); !problem.empty()) {
        return at_line(node) + problem;
    }
    const auto [first, is_new] = given.try_emplace({rule.id, rule.client}, node.source().begin.line);
    if (!is_new) {
        return at_line(node) + "id " + std::to_string(rule.id) + " for client \"" + rule.client +
               "\" is given twice; the first is in line " + std::to_string(first->second);
    }
    rules.add(rule);
    return "";
}

std::string add_rules(const toml::table& file, TopicRules& rules) {
    const auto gateway_id = static_cast<unsigned>(file["gateway"]["id"].value_or<std::int64_t>(1) & 0xFF);
    const toml::node* entries = file.get("predefined_topic");
    if (entries == nullptr) {
        return "there is no [[predefined_topic]] in it";
    }
    if (entries->as_array() == nullptr) {
        return at_line(*entries) + "expected [[predefined_topic]], with two brackets";
    }
    Given given;
    std::string first_problem;
    std::size_t faulty = 0;
    for (const toml::node& entry : *entries->as_array()) {
        std::string problem = add_rule(entry, gateway_id, given, rules);
        if (!problem.empty() && ++faulty == 1) {
            first_problem = std::move(problem);
        }
    }
    const std::size_t all = entries->as_array()->size();
    if (faulty == 0 || faulty == all) {
        return first_problem;
    }
    return first_problem + " (" + std::to_string(faulty) + " of " + std::to_string(all) +
           " entries left out, the others count)";
}

}  // namespace

bool can_read_gateway_config() noexcept {
    return true;
}

std::string read_gateway_config(const std::string& path, TopicRules& rules) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) {
        return error ? "cannot be read: " + error.message() : "not a file";
    }
    if (std::filesystem::file_size(path, error) > kFileOctetsMax) {
        return "larger than any configuration";
    }
    errno = 0;
    std::ifstream stream(path, std::ios::binary);
    if (!stream) {
        return "cannot be read: " + std::generic_category().message(errno);
    }
    try {
        return add_rules(toml::parse(stream, path), rules);
    } catch (const toml::parse_error& problem) {
        return "line " + std::to_string(problem.source().begin.line) + ", column " +
               std::to_string(problem.source().begin.column) + ": " + std::string(problem.description());
    }
}
#else

bool can_read_gateway_config() noexcept {
    return false;
}

std::string read_gateway_config(const std::string&, TopicRules&) {
    return "this build cannot read it: toml++ was missing";
}
#endif

}  // namespace mqttsnx
