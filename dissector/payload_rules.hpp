// SPDX-License-Identifier: GPL-2.0-or-later
//
// The user's table "Payload rules": which dissector reads the data of a PUBLISH on which topics.
#ifndef DISSECTOR_PAYLOAD_RULES_HPP
#define DISSECTOR_PAYLOAD_RULES_HPP

#include "dissector/plugin.hpp"

namespace mqttsnx {

struct PayloadRule;

void register_payload_rules(module_t* preferences);

/// The first rule from `from` on that means the topic, and has a dissector; nullptr if there is none. Valid
/// until the user changes the table: not beyond this packet. @param topic  NUL-terminated
const PayloadRule* find_payload_rule(const PayloadRule* after, const char* topic);

dissector_handle_t reader_of(const PayloadRule& rule);

/// What the dissector gets as its `data`: "message,pkg.Type" for Protobuf, else nullptr.
void* data_of(const PayloadRule& rule);

}  // namespace mqttsnx

#endif
