// SPDX-License-Identifier: BSD-3-Clause
//
// The command line of mqttsn-conformance. No I/O.
#ifndef TESTS_CONFORMANCE_OPTIONS_HPP
#define TESTS_CONFORMANCE_OPTIONS_HPP

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "conformance/address.hpp"

namespace conformance {

/// --predefined ID=TOPIC
struct Predefined {
    std::uint16_t id = 0;
    std::string topic;  ///< may hold {client_id}
};

enum class QosMinusOne : std::uint8_t { off, predefined, all };

struct Options {
    HostPort gateway;
    HostPort broker;
    std::vector<std::string> filters;        ///< rules, or parts of ids; none = all cases
    std::chrono::milliseconds retry{10000};  ///< T_retry of the gateway
    int retry_count = 3;                     ///< N_retry of the gateway
    std::chrono::milliseconds answer{5000};  ///< how long an answer may take
    std::vector<Predefined> predefined;
    QosMinusOne qos_minus_one = QosMinusOne::predefined;
    std::optional<unsigned> topic_limit;  ///< topic ids a device can hold
    std::optional<unsigned> sleep_limit;  ///< messages the gateway keeps for a sleeper
    unsigned window = 4;                  ///< QoS 1 and 2 messages a device may have on the way (D32)
    unsigned client_id_limit = 64;        ///< D05
    bool forwarder = true;                ///< the gateway serves forwarders
    std::optional<HostPort> multicast;    ///< where it advertises
    std::string multicast_interface = "127.0.0.1";
    std::optional<std::uint16_t> relay;  ///< port on which the gateway finds its broker through us
    bool disconnects = false;            ///< D49: devices are disconnected when the broker is gone
    std::vector<std::string> weaker;     ///< names of promises that are weaker by design
    unsigned jobs = 32;
    std::string junit;  ///< file; "" = none
    bool list = false;
    bool verbose = false;
};

/// What the command line asks for: options, or text and an exit code.
struct Command {
    std::optional<Options> options;
    int exit_code = 0;
    std::string out;
    std::string err;
};

/// @return options; or exit code 0 and help in `out`; or exit code 2 and one line in `err`.
Command parse_options(int argc, const char* const* argv);

}  // namespace conformance

#endif
