// SPDX-License-Identifier: GPL-2.0-or-later
//
// File > Export Objects > MQTT-SN: the data of every PUBLISH, named after its topic.
#include "dissector/plugin.hpp"

#include <epan/export_object.h>

namespace mqttsnx {

int tap_objects = -1;

namespace {

tap_packet_status on_object(void* list_of_objects, packet_info* pinfo, epan_dissect_t*, const void* data,
                            tap_flags_t) {
    auto* list = static_cast<export_object_list_t*>(list_of_objects);
    const auto* row = static_cast<const TapRow*>(data);
    const Message& message = row->datagram->message;
    const bool is_object = row->datagram->has_message && row->telling != nullptr &&
                           !row->telling->version_2 && message.kind() == Type::publish && message.has_data;
    if (!is_object || row->telling->retransmission_of != 0) {
        return TAP_PACKET_DONT_REDRAW;
    }
    const Octets payload = row->captured.subspan(message.data.at, message.data.size);
    const Telling& telling = *row->telling;
    auto* entry = g_new0(export_object_entry_t, 1);
    entry->pkt_num = pinfo->num;
    entry->hostname = g_strndup(telling.client.data(), telling.client.size());
    entry->filename = g_strndup(telling.topic.data(), telling.topic.size());
    entry->content_type = g_strdup("application/octet-stream");
    entry->payload_len = payload.size();
    entry->payload_data = static_cast<guint8*>(g_memdup2(payload.data(), payload.size()));
    list->add_entry(list->gui_data, entry);
    return TAP_PACKET_REDRAW;
}

}  // namespace

void register_objects() {
    tap_objects = register_export_object(proto, on_object, nullptr);
}

}  // namespace mqttsnx
