// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/app/discovery_groups.hpp"

#include <algorithm>

namespace mqttsn::gateway {

void DiscoveryGroups::open(const std::vector<std::unique_ptr<UdpListener>>& listeners) {
    groups_.resize(config_.discovery.groups.size());
    for (std::size_t i = 0; i < groups_.size(); ++i) {
        if (groups_[i].socket == nullptr || !groups_[i].socket->is_open()) {
            open_one(i, listeners);
        }
    }
}

void DiscoveryGroups::open_one(std::size_t index,
                               const std::vector<std::unique_ptr<UdpListener>>& listeners) {
    const HostPort& address = config_.discovery.groups[index];
    GroupAddress group;
    group.at.address = address.address;
    group.at.port = address.port;
    group.zone = address.zone;
    group.interface = config_.discovery.interface;
    Group& place = groups_[index];
    if (place.socket == nullptr) {
        const auto serving = std::find_if(listeners.begin(), listeners.end(),
                                          [&](const auto& listener) { return listener->reaches(group.at); });
        if (serving == listeners.end()) {
            say_trouble(index, "no [[listen]] has an address of this IP version");
            return;
        }
        place.socket =
            std::make_unique<GroupSocket>(loop_, static_cast<std::uint8_t>(index), **serving, receiver_);
    }
    const std::string problem = place.socket->open(group);
    say_trouble(index, problem);
    if (problem.empty()) {
        log_.write(LogLevel::info, "discovery",
                   {{"group", to_string(address)},
                    {"interface", place.socket->interface_name()},
                    {"advertise", config_.core.discovery.advertise ? "yes" : "no"}});
    }
}

void DiscoveryGroups::send(const SendToGroup& datagram) {
    const Group& group = groups_[datagram.group];
    if (group.socket == nullptr || !group.socket->is_open()) {
        return;  // that was said when it was opened
    }
    const int error = group.socket->send(datagram.octets, datagram.hop_limit);
    say_trouble(datagram.group, error == 0 ? "" : std::string("cannot send to it: ") + uv_strerror(error));
}

/// Once for each kind of trouble, which may last until somebody plugs in a cable. Who has not asked for
/// ADVERTISE may well have no network for it: that is no warning.
void DiscoveryGroups::say_trouble(std::size_t index, const std::string& trouble) {
    Group& group = groups_[index];
    if (trouble == group.last_trouble) {
        return;
    }
    group.last_trouble = trouble;
    if (trouble.empty()) {
        return;
    }
    const DiscoverySettings& wanted = config_.core.discovery;
    log_.write(wanted.advertise || wanted.standby_for != 0 ? LogLevel::warn : LogLevel::info, "no discovery",
               {{"group", to_string(config_.discovery.groups[index])}, {"detail", trouble}});
}

void DiscoveryGroups::close() {
    for (const Group& group : groups_) {
        if (group.socket != nullptr) {
            group.socket->close();
        }
    }
}

}  // namespace mqttsn::gateway
