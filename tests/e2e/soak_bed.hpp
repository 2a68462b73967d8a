// SPDX-License-Identifier: BSD-3-Clause
//
// The programs of a soak: mosquitto that keeps its sessions over a restart, the gateway, and mqttsn-lossy in
// front of it; and the memory that the gateway takes meanwhile. Not here: devices (soak_fleet). One thread.
#ifndef TESTS_E2E_SOAK_BED_HPP
#define TESTS_E2E_SOAK_BED_HPP

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "soak_plan.hpp"
#include "support/gateway_process.hpp"
#include "support/mosquitto.hpp"
#include "support/process.hpp"

namespace soak {

/// Resident size of the gateway over the time of the traffic.
class MemorySeries {
  public:
    /// /proc/PID/status, VmRSS; nothing is added when it cannot be read.
    void sample(pid_t pid);
    bool empty() const { return kilobytes_.empty(); }
    std::size_t size() const { return kilobytes_.size(); }
    /// Mean of the n-th quarter of the series, n = 0..3, in KiB.
    double quarter(unsigned number) const;
    /// "min 10240 max 11264 kB; ..."
    std::string report() const;

  private:
    std::vector<std::uint64_t> kilobytes_;
};

class Bed {
  public:
    test::Mosquitto broker;
    test::GatewayProcess gateway;

    /// All three, from the broker on. False says on stderr what did not work.
    [[nodiscard]] bool start(const Settings& settings);
    /// Where devices send to.
    std::uint16_t network_port() const { return network_port_; }
    /// SIGTERM to the network. @return what it says it did, for a person
    std::string stop_network();

    /// Sockets that the gateway has open. (Of other descriptors libuv keeps one from the first connection
    /// on.)
    std::size_t gateway_sockets() const;
    /// What the gateway's log says of a field in its last line with this event: "stopping", "sessions".
    std::optional<std::uint64_t> logged(const std::string& event, const std::string& field) const;
    /// The counters that it wrote when it stopped.
    std::string counters() const;
    /// How often the log says that each device was lost; nothing when the log left lines out.
    std::optional<std::map<std::string, std::uint32_t>> lost_devices() const;
    /// Copies the logs of broker, gateway and network there.
    void keep_logs(const std::string& folder) const;

  private:
    bool start_network();

    test::TemporaryFolder folder_;
    test::Process network_;
    std::uint16_t network_port_ = 0;
};

}  // namespace soak

#endif
