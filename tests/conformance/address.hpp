// SPDX-License-Identifier: BSD-3-Clause
//
// An IPv4 or IPv6 address with a port, from "HOST:PORT".
#ifndef TESTS_CONFORMANCE_ADDRESS_HPP
#define TESTS_CONFORMANCE_ADDRESS_HPP

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>

namespace conformance {

/// "HOST:PORT" or "[IPV6]:PORT"
struct HostPort {
    std::string host;
    std::uint16_t port = 0;
};

struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;

    int family() const { return storage.ss_family; }
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    bool operator==(const Address& other) const;
};

/// @param type SOCK_DGRAM or SOCK_STREAM. Nothing when the name cannot be resolved. May block for DNS.
std::optional<Address> resolve(const HostPort& host_port, int type);
/// "127.0.0.1:1883"
std::string to_text(const Address& address);

}  // namespace conformance

#endif
