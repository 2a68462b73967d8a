// SPDX-License-Identifier: GPL-2.0-or-later
//
// Statistics > Conversations and Endpoints: who talks with whom, by client id. A device that comes back from
// another address or behind another forwarder stays one row; a device that nobody has named yet is its
// address.
#include "dissector/plugin.hpp"

#include <epan/conversation_table.h>

namespace mqttsnx {
namespace {

const char* address_field(const address& a, bool source, bool destination) {
    switch (a.type) {
        case AT_STRINGZ:
            return "mqttsnx.client";
        case AT_IPv4:
            return source ? "ip.src" : destination ? "ip.dst" : "ip.addr";
        case AT_IPv6:
            return source ? "ipv6.src" : destination ? "ipv6.dst" : "ipv6.addr";
        default:
            return CONV_FILTER_INVALID;
    }
}

/// The field that Wireshark makes a display filter of. Which end a client id is on does not matter to it.
const char* conversation_field(conv_item_t* item, conv_filter_type_e what) {
    switch (what) {
        case CONV_FT_SRC_ADDRESS:
            return address_field(item->src_address, true, false);
        case CONV_FT_DST_ADDRESS:
            return address_field(item->dst_address, false, true);
        case CONV_FT_ANY_ADDRESS:
            return address_field(item->src_address, false, false);
        default:
            return CONV_FILTER_INVALID;
    }
}

const char* endpoint_field(endpoint_item_t* item, conv_filter_type_e what) {
    return what == CONV_FT_ANY_ADDRESS ? address_field(item->myaddress, false, false) : CONV_FILTER_INVALID;
}

ct_dissector_info_t conversation_info = {&conversation_field};
et_dissector_info_t endpoint_info = {&endpoint_field};

struct Ends {
    address source, destination;
};

/// The two ends of a message: the client id in the place of the device's address.
Ends ends_of(packet_info* pinfo, const Telling& telling) {
    Ends ends{pinfo->src, pinfo->dst};
    if (telling.client.empty() || telling.direction == Direction::unknown) {
        return ends;
    }
    const char* name = printable(pinfo->pool, telling.client);  // the tables copy it
    address& device = telling.direction == Direction::up ? ends.source : ends.destination;
    set_address(&device, AT_STRINGZ, static_cast<int>(strlen(name)) + 1, name);
    return ends;
}

tap_packet_status on_conversation(void* table, packet_info* pinfo, epan_dissect_t*, const void* data,
                                  tap_flags_t flags) {
    const auto* row = static_cast<const TapRow*>(data);
    if (row->telling == nullptr) {
        return TAP_PACKET_DONT_REDRAW;  // the frame has been counted with its first message
    }
    auto* hash = static_cast<conv_hash_t*>(table);
    hash->flags = flags;
    const Ends ends = ends_of(pinfo, *row->telling);
    add_conversation_table_data(hash, &ends.source, &ends.destination, 0, 0, 1,
                                static_cast<int>(pinfo->fd->pkt_len), &pinfo->rel_ts, &pinfo->abs_ts,
                                &conversation_info, CONVERSATION_NONE);
    return TAP_PACKET_REDRAW;
}

tap_packet_status on_endpoint(void* table, packet_info* pinfo, epan_dissect_t*, const void* data,
                              tap_flags_t flags) {
    const auto* row = static_cast<const TapRow*>(data);
    if (row->telling == nullptr) {
        return TAP_PACKET_DONT_REDRAW;
    }
    auto* hash = static_cast<conv_hash_t*>(table);
    hash->flags = flags;
    const Ends ends = ends_of(pinfo, *row->telling);
    const int octets = static_cast<int>(pinfo->fd->pkt_len);
    add_endpoint_table_data(hash, &ends.source, 0, TRUE, 1, octets, &endpoint_info, ENDPOINT_NONE);
    add_endpoint_table_data(hash, &ends.destination, 0, FALSE, 1, octets, &endpoint_info, ENDPOINT_NONE);
    return TAP_PACKET_REDRAW;
}

}  // namespace

void register_conversations() {
    register_conversation_table(proto, TRUE, on_conversation, on_endpoint);
}

}  // namespace mqttsnx
