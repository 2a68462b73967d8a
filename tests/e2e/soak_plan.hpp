// SPDX-License-Identifier: BSD-3-Clause
//
// Who takes part in a soak and when what happens: times that follow from its length, and devices drawn from
// its seed. Values only. One thread.
#ifndef TESTS_E2E_SOAK_PLAN_HPP
#define TESTS_E2E_SOAK_PLAN_HPP

#include <cstdint>
#include <string>
#include <vector>

#include "sim/device.hpp"

namespace soak {

using mqttsn::lossy::Micros;

struct Settings {
    std::uint32_t devices = 100;
    std::uint32_t seconds = 40;  ///< of traffic
    std::uint64_t seed = 1;
    std::uint32_t growth_percent = 10;  ///< of memory, last quarter against the second; 0 = not judged
    std::string trace;  ///< file: one line per datagram of a device, and per message; "" = none
    std::string logs;   ///< folder for the logs of all programs; "" = gone at the end
};

/// One device and what is sent to it.
struct Member {
    mqttsn::sim::DeviceSettings device;
    bool promised = true;      ///< its session is kept: what it sends and what is sent to it must arrive
    Micros downlink_every{0};  ///< 0 = nobody publishes to it
    std::vector<std::uint8_t> downlink_qos{1};
    std::uint32_t downlink_topics = 1;
    /// Vanishes once (without a word, with its RAM) in one of Times::vanish, and comes back when its will
    /// has been published.
    bool vanishes = false;
    std::uint32_t vanish_slot = 0;
    bool forwarded = false;  ///< it has no address of its own: forwarder number `forwarder` speaks for it
    std::uint32_t forwarder = 0;
};

/// All since the start of the traffic.
struct Times {
    static constexpr std::uint32_t kSlots = 3;

    Micros ramp;             ///< devices are switched on until then
    Micros end;              ///< of the traffic
    Micros broker_stops[2];  ///< at one and two thirds
    Micros broker_pause;     ///< from its end to its start
    Micros vanish[kSlots];   ///< before, between and after the restarts
    Micros memory_from;      ///< the warm-up is over
    Micros memory_every;
    Micros settle_budget;  ///< after the traffic: everything arrives
    Micros leave_budget;   ///< then all devices leave
};

Times times_of(const Settings& settings);
std::vector<Member> draw_members(const Settings& settings, const Times& times);

/// The gateway's and the devices' T_retry and N_retry. Nobody is to give up by chance: 15 % of the exchanges
/// fail.
constexpr std::uint32_t kRetryMs = 2000;
constexpr std::uint8_t kRetries = 6;
/// How many topics of each kind the gateway knows by number.
constexpr std::uint32_t kPredefinedTopics = 3;
/// After that long a silence the gateway gives the device up (SN12-112): keep-alive, or the sleep it told.
Micros patience_for(const mqttsn::sim::DeviceSettings& device);

}  // namespace soak

#endif
