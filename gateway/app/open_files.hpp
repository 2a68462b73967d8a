// SPDX-License-Identifier: BSD-3-Clause
//
// The limit of open files, of which each device with a connection of its own to the broker takes one.
#ifndef GATEWAY_APP_OPEN_FILES_HPP
#define GATEWAY_APP_OPEN_FILES_HPP

#include <cstdint>
#include <string>

namespace mqttsn::gateway {

/// What the gateway has open beside the connections of devices: sockets, log, Paho, name look-ups.
constexpr std::uint64_t kOwnOpenFiles = 64;

/// Raises the soft limit to the hard one.
/// @return open files that are allowed then; 0 when the system does not say
std::uint64_t raise_open_files();

/// "" or, where so many sessions would need more open files than are allowed, one sentence for the operator.
std::string too_few_open_files(std::uint64_t allowed, std::uint64_t sessions);

}  // namespace mqttsn::gateway

#endif
