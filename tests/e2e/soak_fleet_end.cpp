// SPDX-License-Identifier: BSD-3-Clause
//
// Fleet: how a soak ends, what is judged then, and the report. The loop is in soak_fleet.cpp.
#include <algorithm>
#include <array>
#include <cstdio>

#include "soak_fleet.hpp"

namespace soak {

using namespace mqttsn::sim;

void Fleet::stop_traffic() {
    traffic_ = false;
    for (Host& host : hosts_) {
        host.device.stop_publishing();
        host.device.stop_visiting();
        arm(host);
    }
}

std::string Fleet::unsettled() const {
    for (const Host& host : hosts_) {
        const std::string& name = host.member.device.client_id;
        if (host.gone) {
            return name + " is off";
        }
        if (!host.device.idle()) {
            return name + " has messages to send";
        }
        if (!host.device.subscribed()) {
            return name + " is not subscribed";
        }
        if (host.sending || !host.waiting.empty()) {
            return "the broker has not got all messages for " + name;
        }
    }
    const std::size_t missing = checks_.missing();
    return missing == 0 ? "" : std::to_string(missing) + " messages have not arrived";
}

void Fleet::judge_deliveries() {
    for (std::uint32_t number = 0; number < ledger_.messages().size(); ++number) {
        excuse(number);
        check([&] { checks_.check_delivered(number); });
    }
    for (const BrokerClient* const client : {&witness_, &application_}) {
        if (client->sessions_forgotten() > 0) {
            fail("the broker has forgotten a session that it was to keep");
        }
    }
}

void Fleet::judge_wills(const std::optional<std::map<std::string, std::uint32_t>>& lost) {
    for (const Host& host : hosts_) {
        const std::string& name = host.member.device.client_id;
        if (host.member.vanishes && !host.was_gone) {
            fail(name + " was to vanish and found no moment for it");
        }
        if (!lost) {
            continue;
        }
        const auto found = lost->find(name);
        const std::uint32_t times = found == lost->end() ? 0 : found->second;
        // A broker that ends publishes the wills of all who are connected.
        if (host.wills > times + broker_stops_) {
            fail("the will of " + name + " was published " + std::to_string(host.wills) +
                 " times, the gateway has lost it " + std::to_string(times) + " times");
        }
    }
}

void Fleet::leave() {
    for (Host& host : hosts_) {
        host.device.leave();
        step(host);
    }
}

std::uint32_t Fleet::still_there() const {
    return static_cast<std::uint32_t>(
        std::count_if(hosts_.begin(), hosts_.end(), [](const Host& host) { return !host.device.left(); }));
}

std::string Fleet::report() {
    struct Row {
        std::uint64_t sent = 0, arrived = 0, copies = 0, again = 0, excused = 0;
    };
    std::array<std::array<Row, 4>, 2> rows{};  // way, QoS + 1
    for (const MessageRecord& record : ledger_.messages()) {
        Row& row = rows[record.way == Way::up ? 0 : 1][static_cast<std::size_t>(record.qos + 1)];
        ++row.sent;
        row.arrived += record.arrivals > 0 ? 1U : 0U;
        row.copies += record.arrivals > 1 ? record.arrivals - 1U : 0U;
        row.again += record.transmissions > 1 ? record.transmissions - 1U : 0U;
        row.excused += (record.excuses & kMayBeLost) != 0 ? 1U : 0U;
    }
    std::string text;
    for (const std::size_t way : {0U, 1U}) {
        for (int qos = -1; qos <= 2; ++qos) {
            const Row& row = rows[way][static_cast<std::size_t>(qos + 1)];
            if (row.sent == 0) {
                continue;
            }
            char line[200];
            std::snprintf(
                line, sizeof line,
                "%s QoS %2d: %7lu messages, %7lu arrived, %lu more than once, %lu not promised%s%s\n",
                way == 0 ? "up  " : "down", qos, row.sent, row.arrived, row.copies, row.excused,
                way == 0 && qos > 0 ? ", sent again: " : "",
                way == 0 && qos > 0 ? std::to_string(row.again).c_str() : "");
            text += line;
        }
    }
    std::uint64_t connects = 0, lost = 0, wake_ups = 0;
    for (Host& host : hosts_) {
        const DeviceStatistics& statistics = host.device.statistics(now());
        connects += statistics.connects;
        lost += statistics.lost;
        wake_ups += statistics.wake_ups;
    }
    text += "devices: " + std::to_string(connects) + " connects, " + std::to_string(wake_ups) +
            " wake-ups, gave up " + std::to_string(lost) + " times\n";
    text += "wills: " + std::to_string(wills_.vanished) + " devices vanished, " +
            std::to_string(wills_.published) + " wills published\n";
    return text;
}

}  // namespace soak
