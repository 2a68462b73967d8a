// SPDX-License-Identifier: GPL-2.0-or-later
//
// Hidden fields with the names of Wireshark's own MQTT-SN dissector: see alias_table.h.
#ifndef DISSECTOR_ALIASES_HPP
#define DISSECTOR_ALIASES_HPP

#include "dissector/decode.hpp"
#include "dissector/wireshark.hpp"

namespace mqttsnx {

void register_aliases();  ///< needs `proto`
void register_alias_preference(module_t* preferences);

/// Adds those fields of `datagram` that a filter, a column or a listener asks for; nothing else, so that they
/// cost nothing and stay out of the details.
void add_aliases(tvbuff_t* tvb, proto_tree* tree, const Datagram& datagram);

}  // namespace mqttsnx

#endif
