// SPDX-License-Identifier: BSD-3-Clause
//
// What a run has counted and measured, as values. One thread.
#ifndef TESTS_BENCH_RESULT_HPP
#define TESTS_BENCH_RESULT_HPP

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "bench/histogram.hpp"
#include "bench/load_options.hpp"
#include "bench/process_usage.hpp"

namespace mqttsn::load {

struct Counters {
    // Messages.
    std::uint64_t sent = 0;     ///< messages; fanout: times the devices they are for
    std::uint64_t arrived = 0;  ///< different ones, at the right recipient
    std::uint64_t duplicates = 0;
    std::uint64_t out_of_order = 0;
    std::uint64_t wrong_recipient = 0;  ///< under another's topic, or at another device
    std::uint64_t damaged = 0;
    std::uint64_t foreign = 0;    ///< of another run
    std::uint64_t cut_short = 0;  ///< could not arrive any more, because the run was interrupted
    std::uint64_t stalls = 0;     ///< closed loop at QoS 0: all that was on its way was written off
    // The devices' side of MQTT-SN.
    std::uint64_t connected = 0;  ///< devices that are set up; mqtt-pub: clients
    std::uint64_t retransmissions = 0;
    std::uint64_t gave_up = 0;                ///< exchanges without an answer after N_retry
    std::array<std::uint64_t, 4> refusals{};  ///< by return code 1, 2, 3, others
    std::uint64_t gateway_disconnects = 0;
    std::uint64_t dup_flags = 0;  ///< PUBLISHes with DUP received
    std::uint64_t registers = 0;  ///< REGISTERs received
    std::uint64_t pings = 0;
    std::uint64_t refused_messages = 0;  ///< refused for good: they cannot arrive
    std::uint64_t malformed = 0;         ///< datagrams from the gateway that are no MQTT-SN message
    std::uint64_t socket_errors = 0;
    // Mode sleep.
    std::uint64_t while_asleep = 0;  ///< PUBLISHes sent to sleeping devices
    std::uint64_t wake_ups = 0;
    std::uint64_t in_first_wake_up = 0;  ///< messages
    // Mode pub with --burst.
    std::uint64_t bursts = 0;
};

/// A process before and after the measured part.
struct UsagePair {
    std::optional<ProcessUsage> before;
    std::optional<ProcessUsage> after;
};

struct Result {
    LoadOptions options;
    std::uint32_t run = 0;  ///< run id
    std::string problem;    ///< "" or why the run failed, a sentence
    /// Devices that the gateway did not answer in the end; above 0 the run has failed.
    std::uint64_t silent_devices = 0;
    Counters counters;
    Histogram latency;              ///< first transmission to arrival
    Histogram acknowledgement;      ///< first transmission to PUBACK or PUBCOMP
    Histogram connect;              ///< first CONNECT to CONNACK
    Histogram wake_up;              ///< PINGREQ to PINGRESP of a sleeping device
    std::uint64_t connect_ns = 0;   ///< first CONNECT to the last device that is set up
    std::uint64_t measured_ns = 0;  ///< first transmission to last arrival; idle: the time held
    std::uint64_t usage_ns = 0;     ///< between before and after of gateway, broker and self
    std::uint64_t lag_max_ns = 0;   ///< open loop: how late a message left at most
    UsagePair gateway;              ///< of the measured part
    UsagePair broker;
    UsagePair self;
    UsagePair gateway_connecting;  ///< of setting up
    bool interrupted = false;

    std::uint64_t lost() const { return lost_so_far(counters.arrived); }
    /// Counters::arrived is only known in the end.
    std::uint64_t lost_so_far(std::uint64_t arrived) const {
        const std::uint64_t accounted = arrived + counters.cut_short;
        return counters.sent > accounted ? counters.sent - accounted : 0;
    }
};

/// "" when every message that must arrive arrived as it should, else one sentence; Result::problem first.
std::string verdict(const Result& result);

/// "" or how often the gateway refused, the return code in words and what may be the reason, after "; ".
std::string refused_text(const Result& result);

/// One line a figure, aligned; ends with a line feed.
std::string report_text(const Result& result);
/// One object on one line; ends with a line feed. The keys are those of report_keys().
std::string report_json(const Result& result);
/// For --help: each key with its meaning, a line or two each.
std::string report_keys();

}  // namespace mqttsn::load

#endif
