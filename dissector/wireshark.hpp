// SPDX-License-Identifier: GPL-2.0-or-later
//
// Wireshark's headers, and what differs between 4.0, 4.2, 4.4 and 4.6: the only file that knows versions.
#ifndef DISSECTOR_WIRESHARK_HPP
#define DISSECTOR_WIRESHARK_HPP

#define WS_BUILD_DLL
#include <ws_version.h>

#include <epan/expert.h>
#include <epan/packet.h>
#include <epan/prefs.h>
#include <epan/tap.h>
#include <epan/uat.h>
#include <epan/unit_strings.h>

#include <type_traits>

namespace mqttsnx {

/// What callbacks of a table of the user (UAT) return: gboolean, since 4.4 bool.
using UatBool = std::invoke_result_t<uat_update_cb_t, void*, char**>;

}  // namespace mqttsnx

#endif
