// SPDX-License-Identifier: GPL-2.0-or-later
//
// File > Export Objects > MQTT-SN (tshark --export-objects mqttsnx,DIR): the data of every PUBLISH, named
// after its topic. Wireshark makes the topic a file name that is safe, and numbers what comes again.
#include "dissector/content.hpp"
#include "dissector/plugin.hpp"

#include <epan/export_object.h>

namespace mqttsnx {

int tap_objects = -1;

namespace {

/// A retransmission is the same object again; of a message that was cut by the capture there is a part.
bool is_object(const TapRow& row) {
    const Message& message = row.datagram->message;
    if (!row.datagram->has_message || message.kind() != Type::publish || !message.has_data) {
        return false;
    }
    return row.telling == nullptr || (!row.telling->version_2 && row.telling->retransmission_of == 0);
}

/// The topic's name if the story or the octets have it. Behind the first message of a datagram there is no
/// story.
std::string_view topic_name(const TapRow& row) {
    const Message& message = row.datagram->message;
    if (row.telling != nullptr && !row.telling->topic.empty()) {
        return row.telling->topic;
    }
    if (message.topic_form == TopicForm::short_name) {
        return text_of(row.captured, message.topic_id.where);
    }
    return message.topic_form == TopicForm::long_name ? text_of(row.captured, message.text)
                                                      : std::string_view{};
}

tap_packet_status on_object(void* list_of_objects, packet_info* pinfo, epan_dissect_t*, const void* data,
                            tap_flags_t) {
    const auto& row = *static_cast<const TapRow*>(data);
    if (!is_object(row)) {
        return TAP_PACKET_DONT_REDRAW;
    }
    const Message& message = row.datagram->message;
    const Octets payload = row.captured.subspan(message.data.at, message.data.size);
    const std::string_view topic = topic_name(row);
    const bool has_client = row.telling != nullptr && !row.telling->client.empty();
    auto* entry = g_new0(export_object_entry_t, 1);
    entry->pkt_num = pinfo->num;
    entry->hostname = g_strdup(has_client ? printable(pinfo->pool, row.telling->client) : nullptr);
    entry->filename = topic.empty() ? g_strdup_printf("topic id %u", message.topic_id.value)
                                    : g_strdup(printable(pinfo->pool, topic));
    entry->content_type = g_strdup(content_type(payload));
    entry->payload_len = payload.size();
    entry->payload_data = static_cast<guint8*>(g_malloc(payload.size() + 1));  // not nullptr if empty
    std::copy(payload.begin(), payload.end(), entry->payload_data);
    auto* list = static_cast<export_object_list_t*>(list_of_objects);
    list->add_entry(list->gui_data, entry);
    return TAP_PACKET_REDRAW;
}

}  // namespace

void register_objects() {
    tap_objects = register_export_object(proto, on_object, nullptr);
}

}  // namespace mqttsnx
