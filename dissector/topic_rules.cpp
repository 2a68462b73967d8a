// SPDX-License-Identifier: GPL-2.0-or-later
#include "dissector/topic_rules.hpp"

#include <algorithm>
#include <cstddef>

namespace mqttsnx {
namespace {

constexpr std::string_view kAnyClient = "*";
constexpr std::size_t kTopicOctetsMax = 65535;

/// Octets of the character at the begin: an octet that begins none counts as one.
std::size_t character_size(std::string_view text) noexcept {
    const auto lead = static_cast<unsigned char>(text.front());
    const std::size_t wanted = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    std::size_t size = 1;
    while (size < wanted && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) {
        ++size;
    }
    return size;
}

bool client_matches(const TopicRule& rule, std::string_view client) {
    return rule.client == kAnyClient || (!client.empty() && glob_matches(rule.client, client));
}

bool gateway_matches(const TopicRule& rule, const Endpoint& gateway) {
    return rule.any_gateway || (rule.gateway.kind == gateway.kind && rule.gateway.size == gateway.size &&
                                rule.gateway.octets == gateway.octets);
}

int rank(const TopicRule& rule) {
    constexpr int kGateway = 4;
    const bool is_pattern = rule.client.find_first_of("*?") != std::string::npos;
    return (rule.any_gateway ? 0 : kGateway) + (rule.client == kAnyClient ? 0 : is_pattern ? 1 : 2);
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text) noexcept {
    // Only the last star needs another try: an earlier one that takes more makes the rest shorter.
    std::string_view after_star;
    std::string_view retry;
    bool has_star = false;
    while (!text.empty()) {
        if (!pattern.empty() && pattern.front() == '*') {
            pattern.remove_prefix(1);
            after_star = pattern;
            retry = text;
            has_star = true;
        } else if (!pattern.empty() && pattern.front() == '?') {
            pattern.remove_prefix(1);
            text.remove_prefix(character_size(text));
        } else if (!pattern.empty() && pattern.front() == text.front()) {
            pattern.remove_prefix(1);
            text.remove_prefix(1);
        } else if (has_star) {
            retry.remove_prefix(1);
            pattern = after_star;
            text = retry;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*') == std::string_view::npos;
}

std::string topic_rule_problem(std::uint32_t id, std::string_view topic) {
    if (id < kTopicIdMin || id > kTopicIdMax) {
        return "expected a topic id from 1 to 65534, got " + std::to_string(id);
    }
    if (topic.empty() || topic.size() > kTopicOctetsMax) {
        return "expected a topic name of 1 to 65535 octets";
    }
    if (has_wildcard(topic)) {
        return "expected a topic name without '+' and '#', got \"" + std::string(topic) + "\"";
    }
    return is_utf8(topic) ? "" : "expected a topic name in UTF-8";
}

const TopicRule* TopicRules::find(const Endpoint& gateway, std::string_view client, std::uint16_t id) const {
    const auto rules = by_id_.find(id);
    if (rules == by_id_.end()) {
        return nullptr;
    }
    const TopicRule* best = nullptr;
    for (const TopicRule& rule : rules->second) {
        if (!client_matches(rule, client) || !gateway_matches(rule, gateway)) {
            continue;
        }
        if (order_ == Order::first) {
            return &rule;
        }
        if (best == nullptr || rank(rule) > rank(*best)) {
            best = &rule;
        }
    }
    return best;
}

std::string_view TopicNames::name_of(const TopicRule& rule, std::string_view client) {
    constexpr std::string_view kClientId = "{client_id}";
    constexpr std::string_view kGatewayId = "{gateway_id}";
    expanded_.clear();
    std::string_view rest = rule.topic;
    while (!rest.empty()) {
        if (rest.starts_with(kClientId)) {
            if (client.empty()) {
                return {};
            }
            expanded_.append(client);
            rest.remove_prefix(kClientId.size());
        } else if (rest.starts_with(kGatewayId)) {
            expanded_.append(std::to_string(rule.gateway_id));
            rest.remove_prefix(kGatewayId.size());
        } else {
            expanded_.push_back(rest.front());
            rest.remove_prefix(1);
        }
    }
    return *names_.insert(expanded_).first;
}

}  // namespace mqttsnx
