// SPDX-License-Identifier: BSD-3-Clause
//
// What the gateway accepts as names from devices: what MQTT allows, without the characters that MQTT advises
// against (MQTT 3.1.1 section 1.5.3). mosquitto closes the connection of whoever sends them, so a device
// would lose its session by a name; a refusal with a return code is kinder.
#ifndef GATEWAY_CORE_TOPIC_RULES_HPP
#define GATEWAY_CORE_TOPIC_RULES_HPP

#include <cstddef>
#include <cstdint>

#include "mqttsn/wire.hpp"

namespace mqttsn::gateway {

/// A topic name or a short name to publish to.
bool name_accepted(Bytes name);
/// A topic filter to subscribe to.
bool filter_accepted(Bytes filter);
/// A client id: it becomes part of topics, user names and log lines, so nothing in it may act as more than a
/// name.
bool client_id_accepted(Bytes id, std::size_t octets_max);

}  // namespace mqttsn::gateway

#endif
