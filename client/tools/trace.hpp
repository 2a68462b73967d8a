// SPDX-License-Identifier: BSD-3-Clause
//
// One line per packet for -d.
#ifndef MQTTSN_CLIENT_TOOLS_TRACE_HPP
#define MQTTSN_CLIENT_TOOLS_TRACE_HPP

#include <string>

#include "mqttsn/wire.hpp"

namespace mqttsn::tools {

/// For example "PUBLISH dup qos=1 retain topic=normal:16 msgid=2 data=5". What does not decode is shown with
/// the reason and its octets.
std::string describe_packet(Bytes datagram, Sender sender);

}  // namespace mqttsn::tools

#endif
