// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/predefined_topics.hpp"

#include <string_view>

#include "gateway/core/glob.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/topic_rules.hpp"

namespace mqttsn::gateway {

bool expand_template(const std::string& text, Bytes client_id, unsigned gateway_id, std::string& out) {
    static constexpr std::string_view kClientId = "{client_id}";
    static constexpr std::string_view kGatewayId = "{gateway_id}";
    out.clear();
    std::string_view rest = text;
    while (!rest.empty()) {
        if (rest.starts_with(kClientId)) {
            if (client_id.empty()) {
                return false;
            }
            out.append(text_of(client_id));
            rest.remove_prefix(kClientId.size());
        } else if (rest.starts_with(kGatewayId)) {
            out.append(std::to_string(gateway_id));
            rest.remove_prefix(kGatewayId.size());
        } else {
            out.push_back(rest.front());
            rest.remove_prefix(1);
        }
    }
    return true;
}

PredefinedTopics::PredefinedTopics(const std::vector<PredefinedTopic>& rules, unsigned gateway_id)
    : gateway_id_(gateway_id) {
    for (const PredefinedTopic& rule : rules) {
        by_id_[rule.id].push_back(rule);
    }
}

Bytes PredefinedTopics::name_of(std::uint16_t id, Bytes client_id) const {
    const auto rules = by_id_.find(id);
    if (rules == by_id_.end()) {
        return Bytes{};
    }
    for (const PredefinedTopic& rule : rules->second) {
        const bool matches =
            client_id.empty() ? rule.client == "*" : glob_match(rule.client, text_of(client_id));
        if (!matches) {
            continue;
        }
        if (!expand_template(rule.topic, client_id, gateway_id_, expanded_)) {
            return Bytes{};
        }
        const Bytes name = octets_of(expanded_);
        return name_accepted(name) ? name : Bytes{};
    }
    return Bytes{};
}

}  // namespace mqttsn::gateway
