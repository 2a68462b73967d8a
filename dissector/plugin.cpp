// SPDX-License-Identifier: GPL-2.0-or-later
//
// What Wireshark finds in mqttsnx.so.
#include "dissector/plugin.hpp"
#include "dissector/aliases.hpp"

namespace {

void preferences_changed() {
    mqttsnx::carriers_changed();
    mqttsnx::predefined_changed();
}

void register_all() {
    using namespace mqttsnx;
    register_fields();
    module_t* preferences = prefs_register_protocol(proto, preferences_changed);
    register_packet(preferences);
    register_alias_preference(preferences);
    register_carriers(preferences);
    register_predefined(preferences);
    register_payload(preferences);
    register_statistics();
    register_response_times();
    register_conversations();
    register_follow(preferences);
    register_objects();
}

void hand_off_all() {
    mqttsnx::hand_off_carriers();
    mqttsnx::hand_off_payload();
}

}  // namespace

// The declarations make them external: a const at namespace scope is not, in C++.
extern "C" {
WS_DLL_PUBLIC const char plugin_version[];
WS_DLL_PUBLIC const int plugin_want_major;
WS_DLL_PUBLIC const int plugin_want_minor;
WS_DLL_PUBLIC void plugin_register(void);

const char plugin_version[] = PLUGIN_VERSION;
const int plugin_want_major = WIRESHARK_VERSION_MAJOR;
const int plugin_want_minor = WIRESHARK_VERSION_MINOR;

void plugin_register(void) {
    static proto_plugin plugin;
    plugin.register_protoinfo = register_all;
    plugin.register_handoff = hand_off_all;
    proto_register_plugin(&plugin);
}

#ifdef WS_PLUGIN_DESC_DISSECTOR  // 4.4
WS_DLL_PUBLIC uint32_t plugin_describe(void);
uint32_t plugin_describe(void) {
    return WS_PLUGIN_DESC_DISSECTOR;
}
#endif
}
