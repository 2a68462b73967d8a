// SPDX-License-Identifier: BSD-3-Clause
//
// What a scenario file can get wrong although each of its keys is right, and what follows from several of
// them.
#include <algorithm>
#include <set>

#include "lossy/link_text.hpp"
#include "lossy/scenario_reader.hpp"

namespace mqttsn::lossy {
namespace {

constexpr Micros kSecond{1'000'000};
// What sim/world.cpp can give each device.
constexpr std::uint32_t kShortTopicDevicesMax = 1900;
constexpr std::uint32_t kPredefinedTopicsMax = 8;

bool sends(const DeviceGroup& group) {
    return group.device.publish_every.count() > 0;
}

void check_group(const Scenario& scenario, std::size_t index, const ReportProblem& report) {
    const DeviceGroup& group = scenario.devices[index];
    const sim::DeviceSettings& device = group.device;
    const auto say = [&](std::string_view key, const std::string& message) {
        report("device", index, key, message);
    };
    if (device.pattern != sim::Pattern::active && device.wake_every.count() == 0) {
        say("wake_every", "is missing: a sleeper or visitor needs a time above \"0s\"");
    }
    if (device.pattern == sim::Pattern::sleeper && device.sleep_s != 0 &&
        device.sleep_s * kSecond <= device.wake_every) {
        say("sleep_duration", "expected more than wake_every (" + format_time(device.wake_every) +
                                  "), got \"" + format_time(device.sleep_s * kSecond) +
                                  "\": the gateway would take the device for lost");
    }
    const bool minus_one =
        std::find(device.publish_qos.begin(), device.publish_qos.end(), -1) != device.publish_qos.end();
    if (device.topic == sim::TopicKind::two_octets && scenario.device_count() > kShortTopicDevicesMax) {
        say("topic", "expected at most " + std::to_string(kShortTopicDevicesMax) +
                         " devices with topic = \"short\" in a scenario: there are no more short topics");
    }
    const bool is_short = device.topic == sim::TopicKind::two_octets;
    const bool is_predefined = device.topic == sim::TopicKind::predefined || minus_one;
    const std::uint32_t topics_max = is_short ? 1 : is_predefined ? kPredefinedTopicsMax : device.topics;
    if (device.topics > topics_max) {
        say("topics", "expected at most " + std::to_string(topics_max) +
                          (is_short ? " with topic = \"short\"" : " with predefined topics or QoS -1") +
                          ", got " + std::to_string(device.topics));
    }
    for (std::size_t other = 0; other < index; ++other) {
        if (scenario.devices[other].name == group.name) {
            say("name", "expected another name than the group before, got \"" + group.name + "\" again");
        }
    }
}

bool check_partitions(const LinkSettings& link, const ReportProblem& report) {
    bool good = true;
    // Presets have none, so the indexes are those of the sections.
    for (std::size_t i = 0; i < link.partitions.size(); ++i) {
        const Partition& partition = link.partitions[i];
        if (partition.to <= partition.from) {
            report("partition", i, "to",
                   "expected a time after from (" + format_time(partition.from) + "), got \"" +
                       format_time(partition.to) + "\"");
            good = false;
        } else if (partition.every.count() > 0 && partition.every <= partition.to - partition.from) {
            report("partition", i, "every",
                   "expected \"0s\" or more than the partition lasts (" +
                       format_time(partition.to - partition.from) + "), got \"" +
                       format_time(partition.every) + "\"");
            good = false;
        }
    }
    return good;
}

void check_network(const LinkSettings& link, std::string_view section, std::size_t index,
                   const ReportProblem& report) {
    const std::string problem = check_link(link);
    if (!problem.empty()) {
        report(section, index, "", problem);
    }
}

void check_faults(const Scenario& scenario, const ReportProblem& report) {
    const auto check = [&](std::string_view key, Micros every, Micros outage) {
        if (every.count() > 0 && every <= outage) {
            report("faults", 0, key,
                   "expected \"0s\" or more than the outage (" + format_time(outage) + "), got \"" +
                       format_time(every) + "\"");
        } else if (every.count() > 0 && scenario.duration / every > kFaultsMax) {
            report("faults", 0, key,
                   "expected at most " + std::to_string(kFaultsMax) + " faults in a run, these would be " +
                       std::to_string(scenario.duration / every));
        }
    };
    check("gateway_every", scenario.faults.gateway_every, scenario.faults.gateway_outage);
    check("broker_every", scenario.faults.broker_every, scenario.faults.broker_outage);
}

}  // namespace

std::uint32_t Scenario::device_count() const {
    std::uint32_t count = 0;
    for (const DeviceGroup& group : devices) {
        count += group.count;
    }
    return count;
}

Micros computed_drain(const Scenario& scenario) {
    const auto retries = [](std::uint64_t interval_ms, std::uint64_t count) {
        return Micros{static_cast<std::int64_t>(interval_ms * (count + 1) *
                                                1250)};  // each wait gets up to a quarter more
    };
    Micros longest{0};
    for (const DeviceGroup& group : scenario.devices) {
        const sim::DeviceSettings& device = group.device;
        const Micros wakes = device.pattern == sim::Pattern::active ? Micros{0} : 2 * device.wake_every;
        longest = std::max(longest, 2 * retries(device.retry_interval_ms, device.retry_count) +
                                        device.reconnect_after + wakes);
    }
    longest += retries(scenario.gateway.retry.interval_ms, scenario.gateway.retry.count_max);
    const Micros rounded = (longest / kSecond + 1) * kSecond;
    return std::min(rounded, scenario.duration / 2);
}

std::uint64_t expected_messages(const Scenario& scenario) {
    std::uint64_t sum = 0;
    for (const DeviceGroup& group : scenario.devices) {
        for (const Micros every : {group.device.publish_every, group.downlink.every}) {
            if (every.count() > 0) {
                const std::int64_t each = (scenario.duration - scenario.drain).count() / every.count() + 1;
                // 366 days in microseconds times 10 000 devices stays below 2^64.
                sum += static_cast<std::uint64_t>(each) * group.count;
            }
        }
    }
    return sum;
}

void check_scenario(const Scenario& scenario, const ReportProblem& report) {
    if (scenario.drain >= scenario.duration) {
        report("scenario", 0, "drain",
               "expected less than the duration (" + format_time(scenario.duration) + "), got \"" +
                   format_time(scenario.drain) + "\"");
        return;
    }
    if (scenario.device_count() > kDevicesMax) {
        report("device", scenario.devices.size() - 1, "count",
               "expected at most " + std::to_string(kDevicesMax) + " devices in all, got " +
                   std::to_string(scenario.device_count()));
        return;
    }
    if (check_partitions(scenario.link, report)) {
        check_network(scenario.link, "link", 0, report);
    }
    for (std::size_t i = 0; i < scenario.devices.size(); ++i) {
        check_group(scenario, i, report);
        if (scenario.devices[i].link) {
            check_network(*scenario.devices[i].link, "device.link", i, report);
        }
    }
    check_faults(scenario, report);
    const std::uint64_t messages = expected_messages(scenario);
    if (messages > kMessagesMax) {
        const bool up = std::any_of(scenario.devices.begin(), scenario.devices.end(), sends);
        report("scenario", 0, "duration",
               "expected at most " + std::to_string(kMessagesMax) + " messages in one run, these would be " +
                   std::to_string(messages) + ": shorter, fewer devices, or a longer " +
                   (up ? "publish_every" : "receive_every"));
    }
}

}  // namespace mqttsn::lossy
