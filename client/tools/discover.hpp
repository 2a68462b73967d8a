// SPDX-License-Identifier: BSD-3-Clause
//
// --discover: finds a gateway by multicast or broadcast (D45). Asks the group from a socket of its own, to
// which gateways answer, and listens to the group, where they advertise, if another program does not have its
// port alone.
#ifndef MQTTSN_CLIENT_TOOLS_DISCOVER_HPP
#define MQTTSN_CLIENT_TOOLS_DISCOVER_HPP

#include <signal.h>

#include <cstdint>
#include <functional>
#include <string>

#include "mqttsn/wire.hpp"

namespace mqttsn::tools {

struct DiscoverOptions {
    std::string group;        ///< "225.1.1.1:1883", "[ff02::1%eth0]:1883", "255.255.255.255:1883"
    std::string interface;    ///< name; "" = the system's choice
    std::uint8_t radius = 1;  ///< also the hop limit; 0 = everywhere
    std::uint32_t timeout_ms = 0;
    /// For -d: every datagram, and whether it was sent.
    std::function<void(bool sent, Bytes datagram)> trace;
};

struct FoundGateway {
    std::string host;  ///< numeric, with zone where needed
    std::string port;
    std::uint8_t id = 0;
};

/// "" or what is wrong with the text of a group, for the command line.
std::string check_group(const std::string& group);

enum class Found { yes, nobody, interrupted, failed };

/// Blocks until a gateway is found, the time is over, or a signal of `signals` (ppoll's mask) has come.
/// @param problem  why it failed
Found discover(const DiscoverOptions& options, const sigset_t& signals, FoundGateway& found,
               std::string& problem);

}  // namespace mqttsn::tools

#endif
