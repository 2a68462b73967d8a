// SPDX-License-Identifier: BSD-3-Clause
//
// World: what a script or a swarm does to it (by hand, faults), and how a run ends. The wiring is in
// world.cpp.
#include <algorithm>

#include "sim/heap_account.hpp"
#include "sim/world_parts.hpp"

namespace mqttsn::sim {

namespace {

constexpr Micros kStep{1'000'000};
/// What a container keeps for the next time: blocks of the gateway's heap that may remain when all devices
/// have gone.
constexpr std::int64_t kKeptBlocksMax = 40;
constexpr std::int64_t kKeptOctetsMax = 73728;  // with the tables of who was answered last

}  // namespace

// ---------------------------------------------------------------- by hand

void World::set_manual(std::uint32_t device) {
    parts_->hosts[device].device.set_manual();
}

mqttsn_client& World::client(std::uint32_t device) {
    return parts_->hosts[device].device.client();
}

void World::touch(std::uint32_t device) {
    parts_->step_device(device);
}

std::uint32_t World::publish_up(std::uint32_t device, int qos, std::uint32_t topic) {
    const std::uint32_t number = parts_->hosts[device].device.publish(parts_->now, qos, topic);
    parts_->step_device(device);
    return number;
}

std::uint32_t World::publish_down(std::uint32_t device, int qos, std::uint32_t topic, std::size_t octets) {
    return parts_->publish_down(device, qos, topic, octets);
}

ModelBroker& World::broker() {
    return parts_->broker_side.broker();
}

const gateway::Gateway* World::gateway() const {
    return parts_->gateway.get();
}

gateway::Counters World::gateway_counters() const {
    gateway::Counters sum = parts_->earlier_counters;
    if (parts_->gateway) {
        const gateway::Counters& now = parts_->gateway->counters();
#define MQTTSN_COUNTER(name, text) sum.name += now.name;
        MQTTSN_GATEWAY_COUNTERS(MQTTSN_COUNTER)
#undef MQTTSN_COUNTER
    }
    return sum;
}

void World::set_loss(std::function<bool(std::uint32_t, Way, Bytes)> lost) {
    parts_->lost = std::move(lost);
}

void World::at(Micros time, std::function<void()> action) {
    parts_->actions.push_back(std::move(action));
    parts_->agenda.add(std::max(time, parts_->now), Agenda::What::action,
                       static_cast<std::uint32_t>(parts_->actions.size() - 1));
}

void World::set_trace(std::FILE* file) {
    parts_->trace_file = file;
}

// ---------------------------------------------------------------- faults

void World::kill_gateway(Micros outage) {
    parts_->kill_gateway(outage);
}

void World::cut_broker_connections(lossy::Chance each) {
    parts_->trace("*** connections to the broker are cut");
    parts_->wills.connections_broken();
    parts_->broker_side.cut(parts_->now, each);
}

void World::stall_broker(Micros time) {
    parts_->trace("*** the broker stalls");
    parts_->broker_side.stall(parts_->now, parts_->now + time);
}

void World::crash_broker(Micros outage, bool keeps_memory) {
    Parts& parts = *parts_;
    parts.trace(keeps_memory ? "*** the broker crashes" : "*** the broker crashes and loses its memory");
    parts.wills.connections_broken();
    parts.broker_side.crash(parts.now, parts.now + outage, keeps_memory);
    if (!keeps_memory) {
        parts.checks.broker_lost_memory();
    }
    if (parts.own) {
        return;  // its connection has gone with the others, and it comes back by itself
    }
    parts.link_closed(gateway::kOwnLink, gateway::LinkCloseReason::closed_by_peer);
    at(parts.now + outage, [&parts] {
        if (parts.broker_side.up(parts.now)) {
            parts.trace("*** the broker is back");
            parts.link_opened(gateway::kOwnLink, false);
        }
    });
}

void World::move(std::uint32_t device) {
    Parts::Host& host = parts_->hosts[device];
    ++host.moves;
    parts_->trace("*** " + host.device.settings().client_id + " moves");
}

void World::reboot_device(std::uint32_t device, Micros off, bool keeps_memory, bool clean) {
    Parts& parts = *parts_;
    parts.trace("*** " + parts.hosts[device].device.settings().client_id + " reboots" +
                (keeps_memory ? " with its memory"
                 : clean      ? " without memory, then clean"
                              : " without memory"));
    parts.hosts[device].device.power_off(parts.now, parts.now + off, keeps_memory, clean);
    if (!keeps_memory) {
        parts.checks.device_lost_memory(device);
    }
    parts.arm_device(device);
}

void World::cut_power(std::uint32_t device, std::uint32_t points, Micros off, Micros patience,
                      std::optional<std::uint64_t> damage) {
    Parts& parts = *parts_;
    Device& one = parts.hosts[device].device;
    one.cut_power_at(points, off, damage);
    at(parts.now + patience, [&parts, &one, device] {
        if (one.cut_power_now(parts.now)) {
            parts.arm_device(device);
        }
    });
}

bool World::damage_flash(std::uint32_t device, std::uint64_t bit) {
    return parts_->hosts[device].device.damage_flash(bit);
}

void World::heal_links() {
    Parts& parts = *parts_;
    parts.trace("*** the links are good from now on");
    for (Parts::Host& host : parts.hosts) {
        lossy::LinkSettings healed;
        for (const auto way : {&lossy::LinkSettings::up, &lossy::LinkSettings::down}) {
            (healed.*way).delay = (host.link_settings.*way).delay;
            (healed.*way).jitter = (host.link_settings.*way).jitter;
        }
        host.link_settings = healed;  // the model reads them with every datagram
    }
}

void World::stop_traffic() {
    parts_->traffic = false;
    for (Parts::Host& host : parts_->hosts) {
        host.device.stop_publishing();
        host.device.stop_visiting();
        parts_->arm_device(host.device.index());
    }
}

// ---------------------------------------------------------------- the end

std::string World::who_waits() const {
    const Parts& parts = *parts_;
    for (const Parts::Host& host : parts.hosts) {
        const std::string& name = host.device.settings().client_id;
        if (!host.device.powered()) {
            return name + " is off";
        }
        if (!host.device.idle()) {
            return name + " has messages to send";
        }
        if (!host.device.subscribed()) {
            return name + " is not subscribed";
        }
        if (const std::size_t owed = parts.broker_side.broker().owed(name); owed > 0) {
            return "the broker has " + std::to_string(owed) + " messages for " + name;
        }
    }
    if (const std::size_t owed = parts.broker_side.broker().owed(OwnClient::kClientId); owed > 0) {
        return "the broker has " + std::to_string(owed) + " messages for the shared session";
    }
    return "";
}

std::string World::unsettled() const {
    if (std::string why = who_waits(); !why.empty()) {
        return why;
    }
    if (const std::size_t missing = parts_->checks.missing(); missing > 0) {
        return std::to_string(missing) + " messages have not arrived";
    }
    return "";
}

void World::settle(Micros budget) {
    const Micros until = now() + budget;
    for (std::string why = unsettled(); !why.empty(); why = unsettled()) {
        if (now() >= until) {
            if (who_waits().empty()) {
                parts_->checks.check_delivered();  // names the message
            }
            Checks::fail(now(), "stuck: " + why);
        }
        run_for(kStep);
    }
}

void World::check_delivered() const {
    parts_->checks.check_delivered();
    parts_->wills.check_end(parts_->now);
}

void World::check_shared_subscriptions() const {
    Parts& parts = *parts_;
    for (std::uint32_t device = 0; device < parts.hosts.size(); ++device) {
        if (!parts.checks.shared_subscribed(device)) {
            continue;
        }
        for (const std::string& topic : parts.hosts[device].downlink_topics) {
            if (!parts.broker_side.broker().subscribed(OwnClient::kClientId, topic)) {
                Checks::fail(parts.now, parts.hosts[device].device.settings().client_id +
                                            " is subscribed, and the shared session is not, to " + topic);
            }
        }
    }
}

void World::check_all_forgotten(Micros budget) {
    Parts& parts = *parts_;
    for (std::uint32_t device = 0; device < parts.hosts.size(); ++device) {
        parts.hosts[device].device.leave();
        parts.step_device(device);
    }
    const Micros until = now() + budget;
    const std::size_t own_connections = parts.own ? 1 : 0;
    const auto remain = [&] {
        return parts.gateway->session_count() > 0 || parts.gateway->link_count() > 0 ||
               parts.broker_side.connection_count() > own_connections;
    };
    while (remain() && now() < until) {
        run_for(kStep);
    }
    if (remain()) {
        Checks::fail(now(), "all devices have gone, and the gateway still has " +
                                std::to_string(parts.gateway->session_count()) + " sessions and " +
                                std::to_string(parts.gateway->link_count()) + " links, the broker " +
                                std::to_string(parts.broker_side.connection_count()) + " connections");
    }
    if (parts.own) {  // replaced subscription ids are remembered for a while
        run_for(Micros{120'000'000});
        parts.gateway_call(std::nullopt, [&] { parts.gateway->handle_deadline(parts.instant()); });
    }
    const std::int64_t kept = heap_account().blocks - parts.blocks_at_start;
    const std::int64_t octets = heap_account().octets - parts.octets_at_start;
    if (parts.blocks_at_start == 0) {
        throw std::logic_error("heap_operators.cpp is not linked: nothing counts the gateway's memory");
    }
    if (octets > kKeptOctetsMax) {
        Checks::fail(now(),
                     "all devices have gone, and the gateway keeps " + std::to_string(octets) + " octets");
    }
    if (kept > kKeptBlocksMax) {
        Checks::fail(now(), "all devices have gone, and the gateway keeps " + std::to_string(kept) +
                                " blocks of memory");
    }
}

}  // namespace mqttsn::sim
