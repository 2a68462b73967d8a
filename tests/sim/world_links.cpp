// SPDX-License-Identifier: BSD-3-Clause
//
// World: datagrams on their way between devices and gateway. The wiring is in world.cpp.
#include <algorithm>

#include "sim/world_parts.hpp"

namespace mqttsn::sim {

namespace {

constexpr std::uint16_t kFirstPort = 10000;
constexpr std::uint32_t kPorts = 50000;
constexpr std::uint8_t kForwarderNet = 0xFF;  // 10.255.x.x; devices are below
constexpr std::uint16_t kForwarderPort = 1883;

bool is_forwarder(const gateway::Endpoint& endpoint) {
    return endpoint.address[13] == kForwarderNet;
}

/// What a forwarder sends for a device: octets of its own making, as the checkers' reader is one of its own.
std::vector<std::uint8_t> wrapped(const Place& place, Bytes message) {
    std::vector<std::uint8_t> octets{static_cast<std::uint8_t>(3 + place.node_id.size()), 0xFE, 0};
    octets.insert(octets.end(), place.node_id.begin(), place.node_id.end());
    octets.insert(octets.end(), message.data, message.data + message.size);
    return octets;
}

}  // namespace

const Place* World::Parts::forwarded_at(std::uint32_t device, std::uint32_t turn) const {
    const std::vector<Place>& places = hosts[device].device.settings().places;
    const Place* const place = places.empty() ? nullptr : &places[turn % places.size()];
    return place != nullptr && place->forwarder != 0 ? place : nullptr;
}

gateway::Endpoint World::Parts::endpoint(std::uint32_t device, std::uint32_t turn) const {
    gateway::Endpoint endpoint;
    endpoint.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10};
    if (const Place* const place = forwarded_at(device, turn)) {
        endpoint.address[13] = kForwarderNet;
        endpoint.address[14] = static_cast<std::uint8_t>(place->forwarder >> 8U);
        endpoint.address[15] = static_cast<std::uint8_t>(place->forwarder);
        endpoint.port = kForwarderPort;
        return endpoint;
    }
    endpoint.address[13] = static_cast<std::uint8_t>(device >> 16U);
    endpoint.address[14] = static_cast<std::uint8_t>(device >> 8U);
    endpoint.address[15] = static_cast<std::uint8_t>(device);
    endpoint.port = static_cast<std::uint16_t>(kFirstPort + turn % kPorts);
    return endpoint;
}

std::uint32_t World::Parts::find_receiver(const gateway::SendDatagram& send, Bytes& message) const {
    message = send.octets;
    if (!is_forwarder(send.to)) {
        const auto device = static_cast<std::uint32_t>(send.to.address[13] << 16 | send.to.address[14] << 8 |
                                                       send.to.address[15]);
        if (device >= hosts.size()) {
            Checks::fail(now, "the gateway sends to an address that nobody has");
        }
        return device;
    }
    const WireEnvelope envelope = read_envelope(send.octets);
    if (!envelope.valid || envelope.control != 0) {
        Checks::fail(now, "the gateway sends a forwarder what has no sound wrapper");
    }
    const auto forwarder = static_cast<std::uint32_t>(send.to.address[14] << 8 | send.to.address[15]);
    const auto found = nodes.find({forwarder, std::string(envelope.node_id)});
    if (found == nodes.end()) {
        Checks::fail(now, "the gateway sends to a wireless node that nobody is");
    }
    message = envelope.message;
    return found->second;
}

/// Is the device still where the gateway sends to?
bool World::Parts::is_there(std::uint32_t device, const gateway::SendDatagram& send) const {
    const Host& host = hosts[device];
    const gateway::Endpoint here = endpoint(device, turn_of(host));
    const Place* const place = forwarded_at(device, turn_of(host));
    return here.address == send.to.address && here.port == send.to.port &&
           (place == nullptr || place->node_id == read_envelope(send.octets).node_id) &&
           host.link.bound(host.link.binding(), now);
}

void World::Parts::to_device(const gateway::SendDatagram& send, std::optional<std::uint32_t> answering) {
    Bytes octets;
    const std::uint32_t device = find_receiver(send, octets);
    if (send.octets.size > settings.gateway.listeners[0].max_datagram) {
        Checks::fail(now, "the gateway sends a datagram longer than max_datagram");
    }
    Host& host = hosts[device];
    const WireMessage message = read_wire(octets);
    checks.from_gateway(now, device, message, answering == device);
    if (!is_there(device, send)) {
        host.link.count_unbound();
        if (tracing()) {
            trace("<-x " + host.device.settings().client_id + " (is not there) " + to_text(message));
        }
        return;
    }
    transmit(device, Way::down, octets, message);
}

void World::Parts::transmit(std::uint32_t device, Way way, Bytes octets, const WireMessage& message) {
    Host& host = hosts[device];
    const std::uint64_t order = way == Way::up ? ++host.sent : 0;
    lossy::Verdict verdict;
    if (lost) {
        verdict.copies = lost(device, way, octets) ? 0 : 1;
        verdict.at[0] = now + Micros{1000};
        verdict.fate = verdict.copies == 0 ? lossy::Fate::lost : lossy::Fate::delivered;
    } else {
        verdict = host.link.send(way, now, octets.size);
    }
    DeviceStatistics& statistics = host.device.statistics(now);
    (way == Way::up ? statistics.airtime_up : statistics.airtime_down) += verdict.airtime;
    if (message.type == WireType::publish) {
        const std::uint32_t number = ledger.number_in(message.rest);
        if (number != Ledger::kUnknown) {
            MessageRecord& record = ledger.at(number);
            record.copies = static_cast<std::uint16_t>(record.copies + verdict.copies);
            record.transmissions += way == Way::down ? 1U : 0U;  // up: counted by the checks
        }
    }
    if (tracing()) {
        trace((way == Way::up ? "--> " : "<-- ") + host.device.settings().client_id + " " + to_text(message) +
              (verdict.copies == 1   ? ""
               : verdict.copies == 2 ? " (twice)"
                                     : std::string(" (") + fate_text(verdict.fate) + ")"));
    }
    for (std::uint8_t copy = 0; copy < verdict.copies; ++copy) {
        if (free_datagrams.empty()) {
            free_datagrams.push_back(static_cast<std::uint32_t>(datagrams.size()));
            datagrams.emplace_back();
        }
        const std::uint32_t slot = free_datagrams.back();
        free_datagrams.pop_back();
        Datagram& datagram = datagrams[slot];
        datagram.device = device;
        datagram.turn = turn_of(host);
        datagram.order = order;
        datagram.octets.assign(octets.data, octets.data + octets.size);
        agenda.add(verdict.at[copy], way == Way::up ? Agenda::What::datagram_up : Agenda::What::datagram_down,
                   slot);
    }
}

void World::Parts::to_gateway(const Datagram& datagram) {
    const Bytes octets{datagram.octets.data(), datagram.octets.size()};
    const WireMessage message = read_wire(octets);
    Host& host = hosts[datagram.device];
    const bool late = datagram.order < host.newest_in;
    host.newest_in = std::max(host.newest_in, datagram.order);
    if (!gateway ||
        (late && message.type == WireType::connect && message.clean && !settings.late_clean_connects)) {
        return;
    }
    if (tracing()) {
        trace("  > gateway gets from " + host.device.settings().client_id + " " + to_text(message));
    }
    checks.to_gateway(datagram.device, message);
    const Place* const place = forwarded_at(datagram.device, datagram.turn);
    // Behind a forwarder the gateway knows the place again; a port is new each time.
    const auto places = static_cast<std::uint32_t>(host.device.settings().places.size());
    wills.to_gateway(now, datagram.device, place != nullptr ? datagram.turn % places : datagram.turn,
                     message);
    const gateway::Endpoint from = endpoint(datagram.device, datagram.turn);
    const std::vector<std::uint8_t> envelope = place != nullptr ? wrapped(*place, octets) : datagram.octets;
    gateway_call(datagram.device, [&] {
        gateway->handle_datagram(instant(), from, Bytes{envelope.data(), envelope.size()});
    });
}

void World::Parts::arrive(std::uint32_t slot, Way way) {
    Datagram& datagram = datagrams[slot];
    const std::uint32_t device = datagram.device;
    const Bytes octets{datagram.octets.data(), datagram.octets.size()};
    if (way == Way::up) {
        to_gateway(datagram);
    } else {
        hosts[device].device.input(now, octets);
        step_device(device);
    }
    free_datagrams.push_back(slot);
}

}  // namespace mqttsn::sim
