// SPDX-License-Identifier: BSD-3-Clause
//
// A scenario file (TOML) as checked values: the network, the gateway, the broker, the devices, and what is to
// be swept. mqttsn-sim runs it; mqttsn-lossy takes its link. The table of all keys is scenario_schema.cpp;
// what a key means for a user is in examples/lossy/README.md. Nothing runs here. Any thread; loading blocks
// on the disk.
#ifndef TESTS_LOSSY_SCENARIO_HPP
#define TESTS_LOSSY_SCENARIO_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/core/settings.hpp"
#include "lossy/link_settings.hpp"
#include "sim/device.hpp"
#include "sim/model_broker.hpp"
#include "sim/world.hpp"

namespace mqttsn::lossy {

constexpr std::size_t kScenarioOctetsMax = std::size_t{1} << 20;
constexpr std::size_t kScenarioErrorsMax = 20;  ///< more are counted, not listed
constexpr std::size_t kDeviceGroupsMax = 100;
constexpr std::uint32_t kDevicesMax = 10'000;
constexpr std::size_t kPartitionsMax = 100;
constexpr std::int64_t kFaultsMax = 100'000;  ///< of one kind in a run
constexpr std::uint64_t kRunsMax = 100'000;
constexpr std::uint64_t kMessagesMax = 2'000'000;  ///< of one run: they are all remembered until its end
constexpr std::size_t kSweepValuesMax = 200;
constexpr std::size_t kSeriesValuesMax = 8;  ///< curves that one can tell apart

/// [[device]]: `count` devices that behave alike, with client ids "name-1" to "name-count".
struct DeviceGroup {
    std::string name;
    std::uint32_t count = 1;
    sim::DeviceSettings device;  ///< client_id, start_at, publish_until: set for each device when it is made
    sim::DownlinkTraffic downlink;  ///< first, until: the same
    std::optional<Micros>
        start_spread;  ///< devices are switched on evenly at random within it; nullopt = one period
    std::optional<LinkSettings> link;  ///< nullopt = the scenario's
    std::string preset;                ///< of `link`, "" = none
};

/// [faults]: things that happen again and again, `every` after the last time; 0 = never.
struct FaultSettings {
    Micros gateway_every{0};  ///< the gateway process is killed and forgets everything
    Micros gateway_outage{0};
    Micros broker_every{0};
    Micros broker_outage{0};
    bool broker_keeps_memory = true;
};

/// [radio]: supply currents in nanoamperes, voltage in millivolts.
struct RadioSettings {
    std::uint64_t transmit_na = 0;
    std::uint64_t receive_na = 0;  ///< also while it only listens
    std::uint64_t sleep_na = 0;
    std::uint32_t voltage_mv = 0;
};

struct Scenario {
    std::string name;      ///< default: the file's name without folder and ending
    std::string question;  ///< "" = none
    Micros duration{0};    ///< virtual time of one run
    Micros drain{0};       ///< so long before the end no more messages are sent: what is then missing is lost
    Micros deadline{0};    ///< a message that comes later is late; 0 = none is
    std::uint64_t seed = 1;
    std::uint32_t seeds = 1;  ///< runs with seed, seed + 1, ...
    std::string preset;       ///< of the link, "" = none
    LinkSettings link;        ///< with all [[partition]]
    gateway::Settings gateway;
    sim::BrokerSettings broker;
    Micros broker_delay{0};
    std::vector<DeviceGroup> devices;
    RadioSettings radio;
    FaultSettings faults;
    bool drain_is_computed = true;

    std::uint32_t device_count() const;
};

/// Messages that one run will have, about.
std::uint64_t expected_messages(const Scenario& scenario);

/// Either a scenario, or at least one error: lines "FILE:LINE:COLUMN: KEY: expected ..., got ...", in the
/// order of the file.
struct ScenarioResult {
    std::optional<Scenario> scenario;
    std::vector<std::string> errors;
};

/// Reads and checks a whole file. It need not have devices. Of a sweep the values are checked too; what is
/// returned is the file without the sweep.
[[nodiscard]] ScenarioResult load_scenario(const std::string& path);
/// The same from memory. @param file  only for messages and the default name
[[nodiscard]] ScenarioResult parse_scenario(std::string_view toml, const std::string& file);

/// One axis of a sweep: a parameter and its values. No values = there is no such axis.
struct SweepAxis {
    std::string
        parameter;  ///< "link.loss"; several: "device.retry_interval, gateway.retry_interval"; "" = no sweep
    std::string label;                ///< what to call it; its last part if the file does not say
    std::vector<std::string> values;  ///< as in the file, without quotes
    std::vector<double> numbers;      ///< in `unit`; empty when the values are words
    std::string unit;                 ///< "%", "s", "bit/s", "mA", "V" or ""
};

struct SweepPoint {
    std::size_t value = 0;   ///< index into Plan::sweep.values
    std::size_t series = 0;  ///< index into Plan::series.values
    Scenario scenario;
};

/// All that is to be run. Without a sweep there is one point.
struct Plan {
    Scenario base;
    SweepAxis sweep;
    SweepAxis series;                ///< one curve for each value
    std::vector<SweepPoint> points;  ///< series by series, and in each value by value
};

struct PlanResult {
    std::optional<Plan> plan;
    std::vector<std::string> errors;
};

/// "link.loss=20%": a key of the file with another value; applied before everything else, also when the file
/// has no such section. `device.KEY` is meant for every [[device]].
struct ScenarioOverrides {
    std::vector<std::string> set;
    std::optional<std::uint64_t> seed;
    std::optional<std::uint32_t> seeds;
};

/// Like load_scenario(), for mqttsn-sim: there must be a device, and the limits of runs and messages hold.
[[nodiscard]] PlanResult load_plan(const std::string& path, const ScenarioOverrides& overrides = {});
[[nodiscard]] PlanResult parse_plan(std::string_view toml, const std::string& file,
                                    const ScenarioOverrides& overrides = {});

}  // namespace mqttsn::lossy

#endif
