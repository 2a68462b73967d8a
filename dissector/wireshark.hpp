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
#include <epan/unit_strings.h>

#endif
