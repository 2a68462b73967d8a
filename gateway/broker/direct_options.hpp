// SPDX-License-Identifier: BSD-3-Clause
//
// What the engine `direct` is told at start, and what it counts. Values only.
#ifndef GATEWAY_BROKER_DIRECT_OPTIONS_HPP
#define GATEWAY_BROKER_DIRECT_OPTIONS_HPP

#include <cstdint>

#include "gateway/broker/broker_url.hpp"
#include "gateway/broker/tls_stream.hpp"

namespace mqttsn::gateway {

struct DirectOptions {
    BrokerUrl url;  ///< mqtt or mqtts
    TlsFiles tls;   ///< read with mqtts only

    /// A PUBLISH with more (octets of remaining length) is skipped and reported as oversize.
    std::uint32_t remaining_length_max = 1024 * 1024;
    /// Octets that wait for the broker to read, per link; a single larger packet passes when nothing waits.
    /// Congested from one half of it, until a quarter.
    std::uint32_t write_queue_max = 256 * 1024;
    /// Connections that may wait in the broker's listen queue; the others wait here, in order (ConnectPace).
    /// mosquitto's queue has 100 places, and a connection beyond them costs a second of TCP's patience.
    std::uint32_t connects_max = 80;
    /// LinkId::slot must be below.
    std::uint32_t slots_max = 1024 * 1024;
    /// Patience with one address when there is another one to try.
    std::uint32_t connect_attempt_ms = 3000;
    /// How long the broker has to close its side after DISCONNECT.
    std::uint32_t drain_ms = 1000;
    /// Age of a name look-up from which it is repeated.
    std::uint32_t lookup_refresh_ms = 60000;
};

struct DirectCounters {
    std::uint64_t octets_in = 0;  ///< on TCP, so with TLS included
    std::uint64_t octets_out = 0;
    std::uint64_t packets_in = 0;
    std::uint64_t packets_out = 0;
    std::uint64_t lookups = 0;
    std::uint64_t opens = 0;    ///< calls of open(); each ends in one of the next three
    std::uint64_t opened = 0;   ///< CONNACK 0
    std::uint64_t refused = 0;  ///< CONNACK with another code
    std::uint64_t failed = 0;   ///< gone before CONNACK, for one of the reasons below
    std::uint64_t unreachable = 0;
    std::uint64_t closed_by_peer = 0;
    std::uint64_t protocol_errors = 0;
    std::uint64_t write_overflows = 0;
    std::uint64_t closed_on_request = 0;
    std::uint64_t oversize_publishes = 0;  ///< reported without payload
    std::uint64_t unencodable = 0;         ///< send() of a packet that MQTT 3.1.1 cannot say
    std::uint64_t ignored_calls = 0;       ///< send() and close() for links that are gone
};

}  // namespace mqttsn::gateway

#endif
