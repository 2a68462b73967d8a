// SPDX-License-Identifier: BSD-3-Clause
//
// The swarm: a seed draws a whole world (settings, devices, links) and its faults; the run goes through a
// safety phase with the faults, then everything heals and must settle, then all devices leave. Every seed is
// a run of its own; the same seed is the same run.
#ifndef TESTS_SIM_SWARM_HPP
#define TESTS_SIM_SWARM_HPP

#include <cstdio>
#include <string>
#include <vector>

#include "sim/world.hpp"

namespace mqttsn::sim {

enum class FaultKind : std::uint8_t {
    gateway_killed,
    connections_cut,
    broker_stalls,
    broker_restarts,       ///< with its memory
    broker_forgets,        ///< restarts without
    device_off,            ///< and on again, with its RAM
    device_reboots,        ///< without its RAM
    device_reboots_clean,  ///< without its RAM; its first CONNECT is clean
    power_cut,             ///< one that always saves, at a random moment of what it does then
    power_cut_damaged,     ///< ... and a bit of what it has saved is another one
    flash_damaged,         ///< a bit of what one that saves before it sleeps has saved
};

struct Fault {
    Micros at{0};
    FaultKind kind = FaultKind::gateway_killed;
    Micros time{0};  ///< how long it lasts
    std::uint32_t device = 0;
    std::uint32_t detail = 0;  ///< power_cut: how many moments later; damaged: which bit, too
};

struct SwarmDevice {
    DeviceSettings device;
    lossy::LinkSettings link;
    DownlinkTraffic downlink;
    bool shared = false;  ///< in the shared session, with its weaker promise (checks.hpp)
};

/// All that a seed draws.
struct SwarmPlan {
    std::uint64_t seed = 0;
    WorldSettings world;
    std::vector<SwarmDevice> devices;
    std::vector<Fault> faults;
    Micros faults_until{0};
    Micros budget{0};  ///< for settling
};

SwarmPlan draw_plan(std::uint64_t seed);
/// Several lines, for a person.
std::string to_text(const SwarmPlan& plan);

struct SwarmResult {
    std::string failure;  ///< "" = all promises held, else one line
    std::uint64_t messages = 0;
    std::uint64_t steps = 0;
};

/// @param trace  null, or gets one line per datagram, packet and fault
SwarmResult run_plan(const SwarmPlan& plan, std::FILE* trace);

}  // namespace mqttsn::sim

#endif
