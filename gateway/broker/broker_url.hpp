// SPDX-License-Identifier: BSD-3-Clause
//
// The value of broker.url: mqtt://host[:port], mqtts://, ws://host[:port][/path], wss://. Only text in, parts
// out: no look-up, no socket. User name and password are not part of it (they are config keys of their own).
// Any thread.
#ifndef GATEWAY_BROKER_BROKER_URL_HPP
#define GATEWAY_BROKER_BROKER_URL_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mqttsn::gateway {

enum class BrokerScheme : std::uint8_t { mqtt, mqtts, ws, wss };

struct BrokerUrl {
    BrokerScheme scheme = BrokerScheme::mqtt;
    std::string host = "127.0.0.1";  ///< name or address, IPv6 without brackets, zone ("%eth0") included
    std::uint16_t port = 1883;
    std::string path;  ///< ws and wss only, with the leading '/', or empty
    bool host_is_address = true;

    bool tls() const { return scheme == BrokerScheme::mqtts || scheme == BrokerScheme::wss; }
    bool websocket() const { return scheme == BrokerScheme::ws || scheme == BrokerScheme::wss; }
};

/// Default ports: mqtt 1883, mqtts 8883, ws 80, wss 443. On failure nothing is returned and `error` says what
/// was expected (one sentence without the URL itself, ready to stand behind "broker.url: ").
std::optional<BrokerUrl> parse_broker_url(std::string_view text, std::string& error);

/// "127.0.0.1:1883", "[::1]:1883": for logs.
std::string host_and_port(const BrokerUrl& url);
/// The URL again, port always written.
std::string to_string(const BrokerUrl& url);

}  // namespace mqttsn::gateway

#endif
