// SPDX-License-Identifier: BSD-3-Clause
//
// URLs of [[listen]] and --listen: udp://ADDRESS:PORT. No name look-up: one listens on an address of one's
// own. Pure functions, any thread. The brokers' URLs are in gateway/broker/broker_url.hpp.
#ifndef GATEWAY_APP_LISTEN_URL_HPP
#define GATEWAY_APP_LISTEN_URL_HPP

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace mqttsn::gateway {

constexpr std::uint16_t kDefaultListenPort = 1883;  ///< what IANA gave MQTT, for UDP too

/// An IP address and a port, and how both were written.
struct HostPort {
    std::string host;        ///< "127.0.0.1", "::", "fe80::1%eth0": for uv_ip4_addr, uv_ip6_addr
    std::uint16_t port = 0;  ///< host order
    bool ipv6 = false;       ///< which of the two
    std::array<std::uint8_t, 16> address{};  ///< network order; IPv4 mapped into IPv6 (::ffff:a.b.c.d)
    std::string zone;                        ///< "eth0" or "2" of "%eth0"; "" = none

    friend bool operator==(const HostPort&, const HostPort&) = default;
};

struct ListenUrl {
    HostPort at;  ///< port 0: the system chooses one (tests); "::" listens on IPv4 too

    /// Same address, zone and port, however written. Two ports 0 are not the same.
    bool same_as(const ListenUrl& other) const;
    friend bool operator==(const ListenUrl&, const ListenUrl&) = default;
};

/// "udp://[::]:1883" (brackets only when needed).
std::string to_string(const ListenUrl& url);
/// "[::]:1883", "225.1.1.1:1883".
std::string to_string(const HostPort& value);

/// "1.2.3.4:99", "[::1]:99", "[fe80::1%eth0]:99"; the port may be missing when default_port is not 0.
/// @returns "" and fills `out`; or what is wrong ("the port is missing"), and `out` is unchanged.
std::string parse_host_port(std::string_view text, std::uint16_t default_port, HostPort& out);

/// udp://ADDRESS[:PORT]; "localhost" is 127.0.0.1, "*" is [::].
/// @returns "" and fills `out`; or a whole sentence for the operator with what was expected, and `out` is
/// unchanged.
std::string parse_listen_url(std::string_view text, ListenUrl& out);

/// 224.0.0.0/4 or ff00::/8.
bool is_multicast(const HostPort& value);

}  // namespace mqttsn::gateway

#endif
