// SPDX-License-Identifier: GPL-2.0-or-later
//
// Analyze > Follow > MQTT-SN (tshark -z follow,mqttsnx,ascii,0): all that one device and its gateway have
// said to each other, whatever address the device had. A stream is a device, mqttsnx.stream its number.
#include "dissector/plugin.hpp"
#include "dissector/summary.hpp"

#include <epan/addr_resolv.h>
#include <epan/follow.h>

namespace mqttsnx {
namespace {

enum Shown : int { kMessages, kPublications, kPayload };
int shown = kMessages;

const enum_val_t shown_names[] = {
    {"messages", "Every message in a line, the data of a PUBLISH below it", kMessages},
    {"publications", "The topic and the data of every PUBLISH", kPublications},
    {"payload", "Only the data of every PUBLISH", kPayload},
    {nullptr, nullptr, 0},
};

gchar* filter_of_stream(guint stream, guint) {
    return g_strdup_printf("mqttsnx.stream == %u", stream);
}

gchar* filter_of_packet(epan_dissect_t*, packet_info* pinfo, guint* stream, guint* sub_stream) {
    const Telling* telling = telling_of_frame(pinfo);
    if (telling == nullptr || telling->stream == kNoStream) {
        return nullptr;
    }
    *stream = telling->stream;
    *sub_stream = 0;
    return filter_of_stream(telling->stream, 0);
}

/// What "follow,mqttsnx,ascii,10.0.0.1:4711,10.0.0.2:1884" means: not a device, but two sockets.
gchar* filter_of_addresses(address* one, address* other, int one_port, int other_port) {
    const char* ip = one->type == AT_IPv6 ? "ipv6" : "ip";
    char* a = address_to_str(nullptr, one);
    char* b = address_to_str(nullptr, other);
    gchar* filter = g_strdup_printf(
        "mqttsnx and ((%s.src == %s and udp.srcport == %d and %s.dst == %s and "
        "udp.dstport == %d) or (%s.src == %s and udp.srcport == %d and "
        "%s.dst == %s and udp.dstport == %d))",
        ip, a, one_port, ip, b, other_port, ip, b, other_port, ip, a, one_port);
    wmem_free(nullptr, a);
    wmem_free(nullptr, b);
    return filter;
}

/// The two nodes of the window's head: the device's first address, and the gateway's.
void name_nodes(follow_info_t* follow, const packet_info* pinfo, bool from_gateway) {
    if (follow->client_ip.type != AT_NONE) {
        return;
    }
    copy_address(&follow->client_ip, from_gateway ? &pinfo->dst : &pinfo->src);
    copy_address(&follow->server_ip, from_gateway ? &pinfo->src : &pinfo->dst);
    follow->client_port = from_gateway ? pinfo->destport : pinfo->srcport;
    follow->server_port = from_gateway ? pinfo->srcport : pinfo->destport;
}

bool is_from_gateway(const follow_info_t& follow, const packet_info* pinfo, const Telling* telling) {
    if (telling != nullptr && telling->direction != Direction::unknown) {
        return telling->direction == Direction::down;
    }
    return follow.client_ip.type != AT_NONE &&
           !(addresses_equal(&follow.client_ip, &pinfo->src) && follow.client_port == pinfo->srcport);
}

void append(GByteArray* to, std::string_view text) {
    g_byte_array_append(to, reinterpret_cast<const guint8*>(text.data()), static_cast<guint>(text.size()));
}

/// What the window shows of a message; nothing appended if it shows nothing.
void write(GByteArray* out, const TapRow& row) {
    const Message& message = row.datagram->message;
    const bool has_payload = row.datagram->has_message && message.kind() == Type::publish && message.has_data;
    if (shown != kMessages && !has_payload) {
        return;
    }
    const Octets payload = has_payload ? row.captured.subspan(message.data.at, message.data.size) : Octets{};
    Line line;
    if (shown == kMessages) {
        summarize(line, *row.datagram, row.captured, row.telling);
    } else if (shown == kPublications) {
        if (row.telling != nullptr && !row.telling->topic.empty()) {
            line.add_foreign(row.telling->topic);
        } else {
            line.add("topic id ").add(message.topic_id.value);
        }
    }
    append(out, line.view());
    if (shown != kPayload) {
        append(out, "\n");
    }
    g_byte_array_append(out, payload.data(), static_cast<guint>(payload.size()));
    if (shown != kPayload && !payload.empty()) {
        append(out, "\n");
    }
}

tap_packet_status on_message(void* info, packet_info* pinfo, epan_dissect_t*, const void* data, tap_flags_t) {
    auto* follow = static_cast<follow_info_t*>(info);
    const auto& row = *static_cast<const TapRow*>(data);
    const bool from_gateway = is_from_gateway(*follow, pinfo, row.telling);
    name_nodes(follow, pinfo, from_gateway);
    GByteArray* text = g_byte_array_new();
    write(text, row);
    if (text->len == 0) {
        g_byte_array_free(text, TRUE);
        return TAP_PACKET_DONT_REDRAW;
    }
    auto* record = g_new0(follow_record_t, 1);
    record->is_server = from_gateway;
    record->packet_num = pinfo->num;
    record->abs_ts = pinfo->abs_ts;
    record->data = text;
    follow->bytes_written[from_gateway ? 1 : 0] += text->len;
    follow->payload = g_list_prepend(follow->payload, record);  // the newest first, as Wireshark wants it
    return TAP_PACKET_REDRAW;
}

/// Since 4.4 there are two more arguments: how many streams there are, and how to go to the next sub-stream.
template <typename Register>
void register_with(Register register_function) {
    if constexpr (std::is_invocable_v<Register, int, const char*, follow_conv_filter_func,
                                      follow_index_filter_func, follow_address_filter_func,
                                      follow_port_to_display_func, tap_packet_cb>) {
        register_function(proto, kFilterName, filter_of_packet, filter_of_stream, filter_of_addresses,
                          udp_port_to_display, on_message);
    } else {
        register_function(proto, kFilterName, filter_of_packet, filter_of_stream, filter_of_addresses,
                          udp_port_to_display, on_message, stream_count, nullptr);
    }
}

}  // namespace

void register_follow(module_t* preferences) {
    prefs_register_enum_preference(preferences, "follow", "Follow shows",
                                   "What Analyze > Follow > MQTT-SN shows of the messages of a device",
                                   &shown, shown_names, FALSE);
    register_with(register_follow_stream);
}

}  // namespace mqttsnx
