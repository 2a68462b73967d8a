// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who reads the data of a PUBLISH.
#include "dissector/plugin.hpp"

namespace mqttsnx {
namespace {

constexpr char kTopicTable[] = "mqttsnx.topic";
dissector_table_t by_topic;

}  // namespace

void register_payload(module_t*) {
    by_topic = register_dissector_table(kTopicTable, "MQTT-SN topic", proto, FT_STRING, FALSE);
}

void hand_off_payload() {}

void show_payload(tvbuff_t* payload, packet_info* pinfo, proto_tree* tree, const Telling* telling) {
    if (telling == nullptr || telling->topic.empty()) {
        return;
    }
    const char* topic = wmem_strndup(pinfo->pool, telling->topic.data(), telling->topic.size());
    if (dissector_handle_t reader = dissector_get_string_handle(by_topic, topic); reader != nullptr) {
        call_dissector(reader, payload, pinfo, tree);
    }
}

}  // namespace mqttsnx
