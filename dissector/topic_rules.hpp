// SPDX-License-Identifier: GPL-2.0-or-later
//
// Names of pre-defined topic ids (SN12-78), which no capture holds: rows of the user's table, and the
// [[predefined_topic]] of a gateway's configuration. Knows nothing of Wireshark.
#ifndef DISSECTOR_TOPIC_RULES_HPP
#define DISSECTOR_TOPIC_RULES_HPP

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "dissector/story.hpp"

namespace mqttsnx {

struct TopicRule {
    bool any_gateway = true;
    Endpoint gateway;          ///< only if not any_gateway; the port does not count
    std::string client = "*";  ///< glob: * stands for any text, ? for one character
    std::uint16_t id = 0;
    std::string topic;  ///< {client_id} and {gateway_id} are replaced
    unsigned gateway_id = 1;
};

/// What the id of a topic must be: 0000 and FFFF are reserved (SN12-25).
constexpr std::uint32_t kTopicIdMin = 1;
constexpr std::uint32_t kTopicIdMax = 0xFFFE;

/// "" or what is wrong with a topic name that has `id`: "expected ...".
std::string topic_rule_problem(std::uint32_t id, std::string_view topic);

/// '*' and '?' (a whole UTF-8 character). At most pattern.size() * text.size() steps.
bool glob_matches(std::string_view pattern, std::string_view text) noexcept;

class TopicRules {
  public:
    enum class Order {
        most_specific,  ///< this gateway before any, then a client id before a pattern before "*"
        first,          ///< as the gateway does
    };
    explicit TopicRules(Order order) : order_(order) {}

    void clear() { by_id_.clear(); }
    void add(const TopicRule& rule) { by_id_[rule.id].push_back(rule); }
    /// The rule for this device, nullptr if there is none. A device without client id (QoS -1) has only "*".
    const TopicRule* find(const Endpoint& gateway, std::string_view client, std::uint16_t id) const;

  private:
    Order order_;
    std::unordered_map<std::uint16_t, std::vector<TopicRule>> by_id_;
};

/// Topic names that stay where they are until they are cleared, each once.
class TopicNames {
  public:
    /// The rule's topic for this client; empty if it wants a client id and there is none.
    std::string_view name_of(const TopicRule& rule, std::string_view client);
    void clear() { names_.clear(); }

  private:
    std::unordered_set<std::string> names_;
    std::string expanded_;
};

/// Whether this build can read a gateway's configuration (it needs toml++).
bool can_read_gateway_config() noexcept;
/// Adds the [[predefined_topic]] of a gateway's TOML file. @returns "" or what is wrong, with the line; what
/// is right is added all the same.
std::string read_gateway_config(const std::string& path, TopicRules& rules);

}  // namespace mqttsnx

#endif
