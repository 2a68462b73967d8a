// SPDX-License-Identifier: GPL-2.0-or-later
//
// What carries MQTT-SN: UDP and DTLS by port, by a look at the octets, or by the user's choice (Decode As),
// IEEE 802.15.4, and whatever finds a dissector by its name (DLT_USER, exported PDUs, Lua).
#include "dissector/plugin.hpp"

namespace mqttsnx {
namespace {

constexpr char kUdpTable[] = "udp.port";
constexpr char kDtlsTable[] = "dtls.port";
constexpr char kUdpPortsDefault[] = "1883-1885,10000";
constexpr char kDtlsPortsDefault[] = "8883";
constexpr std::uint32_t kPortMax = 65535;

range_t* udp_ports;   // as the preferences say
range_t* dtls_ports;  // likewise
range_t* udp_ports_in_use;
range_t* dtls_ports_in_use;
PreferenceBool replaces_builtin = 0;
bool builtin_is_off = false;
dissector_table_t udp_table;

template <class Function>
void for_each_port(const range_t* ports, Function function) {
    for (guint i = 0; ports != nullptr && i < ports->nranges; ++i) {
        for (std::uint32_t port = ports->ranges[i].low; port <= ports->ranges[i].high && port <= kPortMax;
             ++port) {
            if (port != 0) {
                function(port);
            }
        }
    }
}

bool has_port(const range_t* ports, std::uint32_t port) {
    return value_is_in_range(ports, port);
}

/// Changes only what differs: what the user has chosen for another port with "Decode As" stays.
void take_ports() {
    for_each_port(udp_ports_in_use, [](std::uint32_t port) {
        if (!has_port(udp_ports, port) && dissector_get_uint_handle(udp_table, port) == handle) {
            dissector_delete_uint(kUdpTable, port, handle);
        }
    });
    for_each_port(udp_ports, [](std::uint32_t port) {
        if (!has_port(udp_ports_in_use, port)) {
            dissector_add_uint(kUdpTable, port, handle);
        }
    });
    for_each_port(dtls_ports_in_use, [](std::uint32_t port) {
        if (!has_port(dtls_ports, port)) {
            dtls_dissector_delete(port, handle);
        }
    });
    for_each_port(dtls_ports, [](std::uint32_t port) {
        if (!has_port(dtls_ports_in_use, port)) {
            dtls_dissector_add(port, handle);
        }
    });
    wmem_free(wmem_epan_scope(), udp_ports_in_use);
    wmem_free(wmem_epan_scope(), dtls_ports_in_use);
    udp_ports_in_use = range_copy(wmem_epan_scope(), udp_ports);
    dtls_ports_in_use = range_copy(wmem_epan_scope(), dtls_ports);
}

/// Only what this preference has switched off is switched on again.
void switch_builtin() {
    const bool off = replaces_builtin != 0;
    if (off == builtin_is_off) {
        return;
    }
    builtin_is_off = off;
    if (const int builtin = proto_get_id_by_filter_name("mqttsn"); builtin != -1) {
        proto_set_decoding(builtin, !off);
    }
}

bool looks_like_ours(tvbuff_t* tvb) {
    const auto size = tvb_captured_length(tvb);
    return size != 0 &&
           looks_like_mqttsn({tvb_get_ptr(tvb, 0, static_cast<int>(size)), size}, tvb_reported_length(tvb));
}

HeuristicResult dissect_udp_by_look(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, void* data) {
    if (!looks_like_ours(tvb)) {
        return false;
    }
    conversation_set_dissector(find_or_create_conversation(pinfo), handle);
    dissect(tvb, pinfo, tree, data);
    return true;
}

/// The conversation belongs to DTLS: that one of its messages was ours is kept beside it.
HeuristicResult dissect_dtls_by_look(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, void* data) {
    conversation_t* conversation = find_or_create_conversation(pinfo);
    if (conversation_get_proto_data(conversation, proto) == nullptr) {
        if (!looks_like_ours(tvb)) {
            return false;
        }
        conversation_add_proto_data(conversation, proto, conversation);
    }
    dissect(tvb, pinfo, tree, data);
    return true;
}

}  // namespace

void register_carriers(module_t* preferences) {
    range_convert_str(wmem_epan_scope(), &udp_ports, kUdpPortsDefault, kPortMax);
    range_convert_str(wmem_epan_scope(), &dtls_ports, kDtlsPortsDefault, kPortMax);
    udp_ports_in_use = range_empty(wmem_epan_scope());
    dtls_ports_in_use = range_empty(wmem_epan_scope());
    prefs_register_range_preference(preferences, "udp.ports", "UDP ports of gateways",
                                    "Packets from and to these ports are MQTT-SN; they also tell who is the "
                                    "gateway",
                                    &udp_ports, kPortMax);
    prefs_register_range_preference(preferences, "dtls.ports", "DTLS ports of gateways",
                                    "What DTLS carries from and to these UDP ports is MQTT-SN", &dtls_ports,
                                    kPortMax);
    prefs_register_bool_preference(
        preferences, "replace_builtin", "Switch Wireshark's own MQTT-SN dissector off",
        "Then it decodes nothing any more, also where \"Decode As\" names it", &replaces_builtin);
}

void hand_off_carriers() {
    udp_table = find_dissector_table(kUdpTable);
    take_ports();
    dissector_add_for_decode_as(kUdpTable, handle);
    dissector_add_for_decode_as(kDtlsTable, handle);
    constexpr char kPanTable[] = "wpan.panid";
    if (find_dissector_table(kPanTable) != nullptr) {
        dissector_add_for_decode_as(kPanTable, handle);
    }
    heur_dissector_add("udp", dissect_udp_by_look, "MQTT-SN over UDP", "mqttsnx_udp", proto,
                       HEURISTIC_DISABLE);
    heur_dissector_add("dtls", dissect_dtls_by_look, "MQTT-SN over DTLS", "mqttsnx_dtls", proto,
                       HEURISTIC_ENABLE);
}

void carriers_changed() {
    take_ports();
    switch_builtin();
}

bool is_gateway_port(std::uint32_t port) {
    return value_is_in_range(udp_ports_in_use, port) || value_is_in_range(dtls_ports_in_use, port);
}

}  // namespace mqttsnx
