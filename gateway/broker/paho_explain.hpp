// SPDX-License-Identifier: BSD-3-Clause
//
// One line for the log about a connection that could not be made or was lost: what happened and what to do.
// Paho tells little (a code and "TCP/TLS connect failure"), so a plain TCP connection finds out the rest.
// probe_tcp blocks for up to a name look-up and 300 ms: the thread that calls Paho. The rest is pure: any
// thread.
#ifndef GATEWAY_BROKER_PAHO_EXPLAIN_HPP
#define GATEWAY_BROKER_PAHO_EXPLAIN_HPP

#include <cstdint>
#include <string>
#include <string_view>

namespace mqttsn::gateway {

/// Opens and closes a TCP connection. "" when it works, else the reason ("Connection refused").
std::string probe_tcp(const std::string& host, std::uint16_t port);

/// What the line says about the broker: its address and what it was asked for.
struct BrokerIdentity {
    bool tls = false;
    std::string_view host;
    std::uint16_t port = 0;
    std::string_view client_id;
    std::string_view ca_file;
    bool websocket = false;
};

/// CONNACK said no. `code`: the return code of MQTT 3.1.1 (1..5) or the reason code of MQTT 5 (128..255).
std::string explain_refusal(const BrokerIdentity& broker, int code);
/// True for the codes that mean "not this MQTT version".
bool is_version_refusal(int code);
/// The TLS library's own words.
std::string explain_tls_failure(const BrokerIdentity& broker, std::string_view openssl_text);
/// No CONNACK came. `tcp_problem`: what probe_tcp said; `paho_text`: Paho's message.
std::string explain_unreachable(const BrokerIdentity& broker, std::string_view tcp_problem,
                                std::string_view paho_text);
/// An established connection is gone. `disconnect_code`: MQTT 5 reason in the broker's DISCONNECT, or -1.
std::string explain_lost(const BrokerIdentity& broker, int disconnect_code);

}  // namespace mqttsn::gateway

#endif
