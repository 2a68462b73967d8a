// SPDX-License-Identifier: GPL-2.0-or-later
//
// Statistics > MQTT-SN: a tree of counts.
#include "dissector/plugin.hpp"

#include <epan/stats_tree.h>

namespace mqttsnx {
namespace {

constexpr char kMessages[] = "Messages";
int messages_node;

void start_tree(stats_tree* tree) {
    messages_node = stats_tree_create_node(tree, kMessages, 0, STAT_DT_INT, TRUE);
}

tap_packet_status on_tree(stats_tree* tree, packet_info*, epan_dissect_t*, const void* data, tap_flags_t) {
    const auto* row = static_cast<const TapRow*>(data);
    const char* name = row->datagram->has_message ? type_name(row->datagram->message.type.value) : nullptr;
    tick_stat_node(tree, kMessages, 0, TRUE);
    tick_stat_node(tree, name != nullptr ? name : "(reserved type)", messages_node, FALSE);
    return TAP_PACKET_REDRAW;
}

}  // namespace

void register_statistics() {
    stats_tree_register_plugin(kFilterName, kFilterName, "MQTT-SN", 0, on_tree, start_tree, nullptr);
}

}  // namespace mqttsnx
