// SPDX-License-Identifier: GPL-2.0-or-later
//
// Wireshark's headers, and what differs between 4.0, 4.2, 4.4 and 4.6: the only file that knows versions.
#ifndef DISSECTOR_WIRESHARK_HPP
#define DISSECTOR_WIRESHARK_HPP

#define WS_BUILD_DLL
#include <ws_version.h>

#include <epan/address.h>
#include <epan/charsets.h>
#include <epan/conversation.h>
#include <epan/decode_as.h>
#include <epan/expert.h>
#include <epan/exported_pdu.h>
#include <epan/packet.h>
#include <epan/prefs.h>
#include <epan/proto_data.h>
#include <epan/tap.h>
#include <epan/tfs.h>
#include <epan/to_str.h>
#include <epan/uat.h>
#include <epan/unit_strings.h>
#include <wsutil/inet_addr.h>
#include <wsutil/report_message.h>
#if __has_include(<wsutil/plugins.h>)
#include <wsutil/plugins.h>  // 4.4: WS_PLUGIN_DESC_DISSECTOR, for plugin_describe()
#endif

extern "C" {
#include <epan/dissectors/packet-dtls.h>  // has no linkage of its own in 4.0
}

#include <type_traits>

namespace mqttsnx {

// gboolean until 4.2, bool since 4.4: callbacks and preferences changed with it.
using HeuristicResult = std::invoke_result_t<heur_dissector_t, tvbuff_t*, packet_info*, proto_tree*, void*>;
using UatBool = std::invoke_result_t<uat_update_cb_t, void*, char**>;

template <class Function>
struct PointeeOfLast;
template <class Module, class Name, class Title, class Description, class Value>
struct PointeeOfLast<void(Module, Name, Title, Description, Value*)> {
    using type = Value;
};
using PreferenceBool = PointeeOfLast<decltype(prefs_register_bool_preference)>::type;

}  // namespace mqttsnx

#endif
