// SPDX-License-Identifier: BSD-3-Clause
//
// What mqttsn-sim counts: messages by direction and QoS, latencies, and what it cost the devices. Whole
// numbers only, so that results of runs can be added up in any order and give the same. Not here: running
// (sim_run.hpp), writing (sim_report.hpp). One thread at a time per object.
#ifndef TESTS_LOSSY_SIM_RESULT_HPP
#define TESTS_LOSSY_SIM_RESULT_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "lossy/link_model.hpp"
#include "lossy/scenario.hpp"
#include "sim/device.hpp"
#include "sim/ledger.hpp"

namespace mqttsn::lossy {

/// Times, kept as counts in buckets: exact below 256 us, above that to 1/128 of the value (HdrHistogram's
/// idea). Takes a few KiB however many times are in it.
class Latencies {
  public:
    void add(Micros time);
    void add(const Latencies& other);
    std::uint64_t count() const { return count_; }
    /// The smallest time that `permille` of 1000 do not exceed (nearest rank), as exactly as the buckets are;
    /// 0 without any.
    Micros percentile(std::uint32_t permille) const;
    Micros max() const { return max_; }
    Micros mean() const;
    friend bool operator==(const Latencies&, const Latencies&) = default;

  private:
    std::vector<std::uint64_t> buckets_;
    std::uint64_t count_ = 0;
    std::uint64_t sum_us_ = 0;
    Micros max_{0};
};

/// Messages of one direction and QoS. sent = delivered + lost + waiting.
struct Traffic {
    std::uint64_t sent = 0;       ///< by an application
    std::uint64_t delivered = 0;  ///< arrived, at least once
    std::uint64_t late = 0;       ///< of those: later than the scenario's deadline
    std::uint64_t lost = 0;
    std::uint64_t waiting =
        0;  ///< not there at the end, and not given up: in the device, the gateway or the broker
    std::uint64_t extra = 0;            ///< arrivals after the first
    std::uint64_t transmissions = 0;    ///< PUBLISH datagrams on the device's link
    std::uint64_t retransmissions = 0;  ///< those of them that were not the first of their message
    Latencies latency;                  ///< from the application to the first arrival

    void add(const Traffic& other);
    double delivered_share() const;  ///< 0..1; of none sent: 1
    double in_time_share() const;    ///< the same without the late ones
    friend bool operator==(const Traffic&, const Traffic&) = default;
};

/// A number of each device of each run.
struct Figure {
    std::uint64_t sum = 0;
    std::uint64_t max = 0;
    void add(std::uint64_t value);
    void add(const Figure& other);
    friend bool operator==(const Figure&, const Figure&) = default;
};

/// What it cost the devices; each figure is of one device and one run.
struct DeviceFigures {
    std::uint64_t devices = 0;  ///< summed over the runs
    Figure datagrams_sent;
    Figure datagrams_received;
    Figure octets_sent;
    Figure octets_received;
    Figure airtime_up_us;
    Figure airtime_down_us;
    Figure radio_on_us;
    Figure energy_uj;
    Figure connections_lost;
    Figure refused;
    Figure wake_ups;
    Figure wake_ups_cut_short;
    Figure never_taken;  ///< messages that its application dropped, its backlog being full

    void add(const DeviceFigures& other);
    friend bool operator==(const DeviceFigures&, const DeviceFigures&) = default;
};

/// What became of the datagrams of one direction, over all links.
struct LinkFigures {
    LinkCounters up;
    LinkCounters down;
};

/// One point of a sweep, over all its runs.
struct PointResult {
    std::uint64_t runs = 0;
    std::uint64_t events = 0;                       ///< of the simulation, for figures of speed
    std::array<std::array<Traffic, 4>, 2> traffic;  ///< [Way][QoS + 1]
    DeviceFigures devices;
    LinkFigures links;

    void add(const PointResult& other);
    /// @param deadline  0 = none
    void count(const sim::MessageRecord& message, Micros deadline);
    void count(const sim::DeviceStatistics& device, const RadioSettings& radio, Micros duration);
    const Traffic& of(Way way, int qos) const {
        return traffic[static_cast<std::size_t>(way)][static_cast<std::size_t>(qos + 1)];
    }
};

/// Microjoules that a device takes in `duration`:
/// U * (radio_on * I_receive + airtime_up * (I_transmit - I_receive) + (duration - radio_on) * I_sleep).
/// Airtime is part of radio_on; where sending takes no time (a link without a rate) all of radio_on is
/// receiving.
std::uint64_t energy_uj(const RadioSettings& radio, Micros radio_on, Micros airtime_up, Micros duration);

}  // namespace mqttsn::lossy

#endif
