// SPDX-License-Identifier: BSD-3-Clause
//
// Pre-defined topic ids (SN12-78): the rules of the config, looked up by id and client id.
#ifndef GATEWAY_CORE_PREDEFINED_TOPICS_HPP
#define GATEWAY_CORE_PREDEFINED_TOPICS_HPP

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/core/settings.hpp"
#include "mqttsn/wire.hpp"

namespace mqttsn::gateway {

/// Replaces {client_id} and {gateway_id} in a template that the config has checked.
/// @return false when {client_id} is asked for and there is none: `out` is then unspecified.
bool expand_template(const std::string& text, Bytes client_id, unsigned gateway_id, std::string& out);

class PredefinedTopics {
  public:
    PredefinedTopics() = default;
    PredefinedTopics(const std::vector<PredefinedTopic>& rules, unsigned gateway_id);

    /// The name behind `id` for this device, by the first rule whose glob matches. A sender without a client
    /// id (QoS -1 without a session) matches only the glob "*" and no name that holds {client_id}.
    /// @return the name, valid until the next call; empty when there is none or it is not a valid topic name.
    Bytes name_of(std::uint16_t id, Bytes client_id) const;

    bool is_predefined(std::uint16_t id) const { return by_id_.contains(id); }

  private:
    std::unordered_map<std::uint16_t, std::vector<PredefinedTopic>> by_id_;
    unsigned gateway_id_ = 1;
    mutable std::string expanded_;  // reused, so that a message costs no allocation
};

}  // namespace mqttsn::gateway

#endif
