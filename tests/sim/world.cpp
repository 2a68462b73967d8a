// SPDX-License-Identifier: BSD-3-Clause
//
// Length: what World is told by its parts, one short function each.
#include "sim/world.hpp"

#include <algorithm>

#include "sim/heap_account.hpp"
#include "sim/world_parts.hpp"

namespace mqttsn::sim {

using gateway::Instant;
using gateway::Millis;

namespace {

constexpr std::int64_t kEpochMillis = 1'000'000;     // the gateway's clock at virtual time 0
constexpr std::uint32_t kTopicsMax = 900;            // ids of Device::topic_id() stay apart
constexpr std::uint32_t kTwoOctetDevicesMax = 1900;  // two names of two octets for each
constexpr std::uint32_t kDeadlineCallsMax = 1000;
constexpr std::uint32_t kOutputsMax = 10'000'000;
constexpr std::uint64_t kStepsMax = 2'000'000'000;

}  // namespace

World::Parts::Host::Host(const DeviceSettings& settings, std::uint32_t index, std::uint64_t seed,
                         const lossy::LinkSettings& link_of, const DownlinkTraffic& traffic, Ledger& ledger,
                         DeviceObserver& observer)
    : link_settings(link_of),
      link(link_settings, lossy::Random::mix(seed + 1)),
      device(settings, index, lossy::Random::mix(seed + 2), ledger, observer),
      downlink(traffic),
      random(lossy::Random::mix(seed + 3)) {
    for (std::uint32_t topic = 0; topic < std::max(traffic.topics, 1U); ++topic) {
        downlink_topics.push_back(Device::topic_text(settings, index, Way::down, topic, false));
    }
}

World::Parts::Parts(const WorldSettings& world_settings)
    : settings(world_settings),
      random(world_settings.seed),
      checks(ledger, settings.gateway.retry),
      broker_side(settings.broker, settings.broker_delay, random.next(), agenda, *this, *this) {
    // Ids that every device may use; {client_id} makes them its own.
    for (std::uint16_t topic = 0; topic < 8; ++topic) {
        const std::string number = std::to_string(topic);
        auto& topics = settings.gateway.predefined_topics;
        topics.push_back({Device::topic_id(Way::up, topic, false), "up/{client_id}/" + number, "*"});
        topics.push_back({Device::topic_id(Way::down, topic, false), "down/{client_id}/" + number, "*"});
        topics.push_back({Device::topic_id(Way::up, topic, true), "anonymous/" + number, "*"});
    }
    const auto shared = [](const auto& of) { return of.sessions == gateway::SessionMode::shared; };
    if (std::any_of(settings.gateway.listeners.begin(), settings.gateway.listeners.end(), shared) ||
        std::any_of(settings.gateway.clients.begin(), settings.gateway.clients.end(), shared)) {
        own = std::make_unique<OwnClient>(broker_side, *this);
    }
    start_gateway();
}

// ---------------------------------------------------------------- time

Instant World::Parts::instant() const {
    return Instant{Millis{kEpochMillis + now.count() / 1000}};
}

void World::Parts::run_until(Micros time) {
    while (!agenda.empty() && agenda.first().at <= time) {
        const Agenda::Entry entry = agenda.take();
        now = std::max(now, entry.at);
        if (++steps > kStepsMax) {
            Checks::fail(now, "it does not come to an end");
        }
        take(entry);
    }
    now = std::max(now, time);
}

void World::Parts::take(const Agenda::Entry& entry) {
    switch (entry.what) {
        case Agenda::What::datagram_up:
            arrive(entry.number, Way::up);
            break;
        case Agenda::What::datagram_down:
            arrive(entry.number, Way::down);
            break;
        case Agenda::What::device_timer:
            if (entry.at == hosts[entry.number].timer_at) {  // else it was put off meanwhile
                hosts[entry.number].timer_at = Micros::max();
                step_device(entry.number);
            }
            break;
        case Agenda::What::gateway_timer:
            if (entry.at == gateway_timer_at) {
                gateway_timer_at = Micros::max();
                gateway_call(std::nullopt, [this] { gateway->handle_deadline(instant()); });
                check_deadline_moves();
            }
            break;
        case Agenda::What::connection:
            broker_side.step(now, entry.number);
            break;
        case Agenda::What::downlink:
            downlink_is_due(entry.number);
            break;
        case Agenda::What::action:
            actions[entry.number]();
            break;
    }
}

/// A call does a bounded part of what is due, so some may be left; but not for ever.
void World::Parts::check_deadline_moves() {
    const bool due = gateway && gateway->next_deadline() <= instant();
    deadline_calls = due ? deadline_calls + 1 : 0;
    if (deadline_calls > kDeadlineCallsMax) {
        Checks::fail(now, "the gateway's next deadline does not get into the future");
    }
}

// ---------------------------------------------------------------- the gateway

void World::Parts::start_gateway() {
    {
        InGateway in_gateway;
        gateway = std::make_unique<gateway::Gateway>(settings.gateway, random.next());
    }
    blocks_at_start = heap_account().blocks;
    octets_at_start = heap_account().octets;
    gateway_timer_at = Micros::max();
    if (own) {
        own->start(now);
    } else if (broker_side.up(now)) {
        link_opened(gateway::kOwnLink, false);
    }
}

void World::Parts::kill_gateway(Micros outage) {
    if (!gateway) {
        return;
    }
    if (tracing()) {
        trace("*** the gateway is killed");
    }
    add_counters();
    gateway.reset();
    gateway_timer_at = Micros::max();
    wills.connections_broken();
    broker_side.gateway_killed(now);
    if (own) {
        own->killed();
    }
    checks.gateway_restarted();
    actions.emplace_back([this] {
        if (!gateway) {
            trace("*** the gateway starts");
            start_gateway();
        }
    });
    agenda.add(now + outage, Agenda::What::action, static_cast<std::uint32_t>(actions.size() - 1));
}

void World::Parts::drain(std::optional<std::uint32_t> answering) {
    for (std::uint32_t count = 0;; ++count) {
        if (count > kOutputsMax) {
            Checks::fail(now, "the gateway's outputs do not come to an end");
        }
        const gateway::Output* output = nullptr;
        {
            InGateway in_gateway;
            output = gateway->poll_output();
        }
        if (output == nullptr) {
            return;
        }
        take_output(*output, answering);
    }
}

void World::Parts::take_output(const gateway::Output& output, std::optional<std::uint32_t> answering) {
    if (const auto* const send = std::get_if<gateway::SendDatagram>(&output)) {
        to_device(*send, answering);
    } else if (const auto* const open = std::get_if<gateway::LinkOpen>(&output)) {
        broker_side.open(now, *open);
    } else if (const auto* const packet = std::get_if<gateway::LinkSend>(&output)) {
        if (packet->link == gateway::kOwnLink && own) {
            own->send(now, packet->packet);
        } else if (packet->link == gateway::kOwnLink) {
            broker_side.publish_own(now, packet->packet);
        } else {
            checks.packet_to_broker(now, packet->link, packet->packet, settings.gateway.limits.uplink_window);
            broker_side.send(now, *packet);
        }
    } else if (const auto* const close = std::get_if<gateway::LinkClose>(&output)) {
        broker_side.close(now, *close);
    } else if (const auto* const read = std::get_if<gateway::LinkRead>(&output)) {
        broker_side.read(now, *read);
    } else if (const auto* const event = std::get_if<gateway::Event>(&output)) {
        take_event(*event);
    }
}

void World::Parts::take_event(const gateway::Event& event) {
    const std::string client_id(reinterpret_cast<const char*>(event.client_id.data), event.client_id.size);
    if (tracing()) {
        trace(std::string("    gateway says: ") + gateway::event_text(event.kind) + " " + client_id + " " +
              event.cause);
    }
    const bool is_lost = event.kind == gateway::EventKind::session_lost;
    const bool is_active = event.kind == gateway::EventKind::session_active;
    if (is_lost || is_active) {
        checks.session_changed(now, client_id, is_lost, event.cause);
    }
    if (is_active || event.kind == gateway::EventKind::session_asleep) {
        wills.rests(client_id, !is_active);
    }
    if (is_lost) {
        // In the will handshake of a shared session nothing may be connected yet.
        const bool handshake = std::string_view(event.cause).find("handshake") != std::string_view::npos;
        const bool certain = is_shared(client_id) ? !handshake : broker_side.has_connection(now, client_id);
        wills.lost(now, client_id, event.cause, certain);
    }
    if (is_lost || event.kind == gateway::EventKind::session_disconnected) {
        checks.session_ended(client_id);
        checks.shared_session_ended(client_id);
    } else if (event.kind == gateway::EventKind::message_dropped) {
        checks.shared_drop_said(client_id);
    }
}

void World::Parts::arm_gateway() {
    const Instant next = gateway->next_deadline();
    if (next == gateway::kNever) {
        return;
    }
    const Micros at = std::max(now, Micros{(next.time_since_epoch().count() - kEpochMillis) * 1000});
    if (at < gateway_timer_at) {
        gateway_timer_at = at;
        agenda.add(at, Agenda::What::gateway_timer, 0);
    }
}

void World::Parts::add_counters() {
    const gateway::Counters& now_gone = gateway->counters();
#define MQTTSN_COUNTER(name, text) earlier_counters.name += now_gone.name;
    MQTTSN_GATEWAY_COUNTERS(MQTTSN_COUNTER)
#undef MQTTSN_COUNTER
}

/// What the gateway says that it dropped of messages for devices, and whose acknowledgement it therefore gave
/// itself.
std::uint64_t World::Parts::counted_drops() const {
    const auto sum = [](const gateway::Counters& counters) {
        return counters.downlink_dropped_overflow + counters.downlink_dropped_too_large +
               counters.downlink_dropped_topics + counters.downlink_dropped_refused +
               counters.downlink_dropped_memory + counters.downlink_dropped_unproven;
    };
    return sum(earlier_counters) + (gateway ? sum(gateway->counters()) : 0);
}

// ---------------------------------------------------------------- devices

void World::Parts::step_device(std::uint32_t device) {
    Device& one = hosts[device].device;
    one.step(now);
    if (one.next_step(now) <= now) {
        Checks::fail(now,
                     one.settings().client_id + ": the library's next timeout is now, and nothing is due");
    }
    arm_device(device);
}

void World::Parts::arm_device(std::uint32_t device) {
    Host& host = hosts[device];
    const Micros at = std::max(now, host.device.next_step(now));
    if (at < host.timer_at) {
        host.timer_at = at;
        if (at != Micros::max()) {
            agenda.add(at, Agenda::What::device_timer, device);
        }
    }
}

std::uint32_t World::Parts::publish_down(std::uint32_t device, int qos, std::uint32_t topic,
                                         std::size_t octets) {
    const std::uint32_t number = ledger.add(device, Way::down, qos, static_cast<std::uint16_t>(topic), now);
    if (broker_side.up(now)) {
        broker_side.publish(now, hosts[device].downlink_topics[topic], Ledger::payload(number, octets),
                            static_cast<unsigned>(qos), false);
    }
    return number;
}

void World::Parts::downlink_is_due(std::uint32_t device) {
    Host& host = hosts[device];
    const DownlinkTraffic& downlink = host.downlink;
    if (!traffic || (downlink.until.count() >= 0 && now >= downlink.until)) {
        return;
    }
    publish_down(device, downlink.qos[host.published % downlink.qos.size()],
                 static_cast<std::uint32_t>(host.published % host.downlink_topics.size()),
                 downlink.payload_octets);
    ++host.published;
    agenda.add(now + downlink.every + host.random.up_to(downlink.jitter), Agenda::What::downlink, device);
}

void World::Parts::on_send(std::uint32_t device, Bytes datagram) {
    const WireMessage message = read_wire(datagram);
    checks.from_device(now, device, message);
    transmit(device, Way::up, datagram, message);
}

void World::Parts::on_input(std::uint32_t device, Bytes datagram) {
    checks.input(device, read_wire(datagram));
}

void World::Parts::on_delivered(std::uint32_t device, std::uint32_t number, int code) {
    checks.delivered(now, device, number, code);
}

void World::Parts::on_message(std::uint32_t device, const mqttsn_event& event) {
    const std::string_view topic{event.topic.name == nullptr ? "" : event.topic.name,
                                 event.topic.name_octets};
    const std::string_view payload{static_cast<const char*>(event.payload), event.payload_octets};
    if (tracing()) {
        trace("  = " + hosts[device].device.settings().client_id + " has message " +
              std::string(payload.substr(0, 8)));
    }
    checks.message_came(now, device, topic, event.topic.kind == MQTTSN_TOPIC_NAME, event.topic.id, payload);
}

void World::Parts::on_state(std::uint32_t device, const mqttsn_event& event) {
    checks.state_changed(now, device, event);
    if (tracing()) {
        trace("  = " + hosts[device].device.settings().client_id + " " + mqttsn_event_name(event.type) + " " +
              std::to_string(event.code));
    }
}

void World::Parts::on_unsent(std::uint32_t device, Bytes datagram) {
    const WireMessage message = read_wire(datagram);
    checks.from_device(now, device, message);
    if (tracing()) {
        trace("-x  " + hosts[device].device.settings().client_id + " " + to_text(message) + " (power lost)");
    }
}

void World::Parts::on_power_lost(std::uint32_t device) {
    checks.device_power_lost(device);
    trace("*** " + hosts[device].device.settings().client_id + " loses its RAM, not its flash");
}

void World::Parts::on_memory_lost(std::uint32_t device) {
    checks.device_lost_memory(device);
    trace("*** " + hosts[device].device.settings().client_id +
          " has lost its memory: what it had saved is damaged");
}

void World::Parts::on_forgotten(std::uint32_t, std::uint32_t number) {
    checks.forgotten(number);
}

// ---------------------------------------------------------------- the broker's side

void World::Parts::on_published(std::string_view client_id, std::string_view topic, std::string_view payload,
                                unsigned, bool, bool will) {
    if (const std::string lost_one = WillChecks::client_of(topic); !will && !lost_one.empty()) {
        if (tracing()) {
            trace("  = the gateway publishes the will of " + lost_one);
        }
        wills.published(now, lost_one, topic, payload);  // of a shared session
        return;
    }
    if (!will) {
        if (tracing()) {
            trace("  = broker publishes " + std::string(payload.substr(0, 8)) + " of " +
                  std::string(client_id));
        }
        checks.published(now, client_id, topic, payload);
        return;
    }
    if (tracing()) {
        trace("  = broker publishes the will of " + std::string(client_id));
    }
    wills.published(now, client_id, topic, payload);
}

void World::Parts::on_queued(std::string_view, std::string_view, std::string_view payload, unsigned qos) {
    const std::uint32_t number = ledger.number_in(payload);
    if (number != Ledger::kUnknown) {
        checks.queued(number, qos);
    }
}

void World::Parts::on_dropped(std::string_view, std::string_view payload, unsigned, const char* why) {
    const std::uint32_t number = ledger.number_in(payload);
    if (number != Ledger::kUnknown) {
        if (tracing()) {
            trace("  = broker drops " + std::string(payload.substr(0, 8)) + ": " + why);
        }
        checks.dropped(number);
    }
}

void World::Parts::on_acknowledged(std::string_view, std::string_view payload, unsigned) {
    const std::uint32_t number = ledger.number_in(payload);
    if (number != Ledger::kUnknown) {
        checks.acknowledged(now, number, counted_drops());
    }
}

void World::Parts::on_violation(std::string_view client_id, const std::string& what) {
    if (what.find("an unreleased other message") != std::string::npos &&
        checks.id_of_an_earlier_life(client_id)) {
        return;
    }
    Checks::fail(now, "the broker says of " + std::string(client_id) + ": " + what);
}

void World::Parts::link_opened(gateway::LinkId link, bool session_present) {
    if (link.slot == OwnClient::kSlot) {
        own->opened(now, link, session_present);
        return;
    }
    gateway_call(std::nullopt, [&] { gateway->handle_link_opened(instant(), link, session_present); });
}
void World::Parts::link_refused(gateway::LinkId link, std::uint8_t code) {
    if (link.slot == OwnClient::kSlot) {
        own->closed(now, link);
        return;
    }
    gateway_call(std::nullopt, [&] { gateway->handle_link_refused(instant(), link, code); });
}
void World::Parts::link_closed(gateway::LinkId link, gateway::LinkCloseReason reason) {
    if (link.slot == OwnClient::kSlot) {
        own->closed(now, link);
        return;
    }
    checks.link_gone(link);
    gateway_call(std::nullopt, [&] { gateway->handle_link_closed(instant(), link, reason); });
}
void World::Parts::link_congested(gateway::LinkId link, bool congested) {
    if (link.slot == OwnClient::kSlot) {
        return;  // it looks at its outbox
    }
    gateway_call(std::nullopt, [&] { gateway->handle_link_congested(instant(), link, congested); });
}
void World::Parts::link_packet(gateway::LinkId link, const mqtt::Packet& packet) {
    if (link.slot == OwnClient::kSlot) {
        own->packet(now, link, packet);
        return;
    }
    checks.packet_from_broker(link, packet);
    if (tracing()) {
        trace("  < gateway gets from broker type=" + std::to_string(static_cast<int>(packet.type)) +
              " id=" + std::to_string(packet.packet_id) + (packet.dup ? " DUP" : ""));
    }
    gateway_call(std::nullopt, [&] { gateway->handle_packet(instant(), link, packet); });
}

void World::Parts::session_begins(std::string_view client_id) {
    checks.session_begins(client_id);
}

void World::Parts::trace(const std::string& line) const {
    if (trace_file != nullptr) {
        std::fprintf(trace_file, "%9.3f %s\n", static_cast<double>(now.count()) / 1e6, line.c_str());
    }
}

// ---------------------------------------------------------------- World

World::World(const WorldSettings& settings) : parts_(std::make_unique<Parts>(settings)) {}
World::~World() = default;

std::uint32_t World::add_device(const DeviceSettings& device, const lossy::LinkSettings& link,
                                const DownlinkTraffic& downlink) {
    Parts& parts = *parts_;
    const auto index = static_cast<std::uint32_t>(parts.hosts.size());
    const std::uint32_t topics_max = device.topic == TopicKind::name         ? kTopicsMax
                                     : device.topic == TopicKind::predefined ? 8
                                                                             : 1;
    if (device.topics > topics_max || downlink.topics > topics_max) {
        throw std::invalid_argument("too many topics for their kind");
    }
    if (device.topic == TopicKind::two_octets && index >= kTwoOctetDevicesMax) {
        throw std::invalid_argument("not enough names of two octets for so many devices");
    }
    for (const Place& place : device.places) {
        if (place.node_id.size() > 252 || place.forwarder > 0xFFFF ||
            (place.forwarder != 0 &&
             parts.nodes.emplace(std::pair(place.forwarder, place.node_id), index).first->second != index)) {
            throw std::invalid_argument("a wireless node that cannot be, or is another device already");
        }
    }
    parts.hosts.emplace_back(device, index, parts.random.next(), link, downlink, parts.ledger, parts);
    parts.checks.add_device(device, parts.is_shared(device.client_id));
    parts.wills.add_device(device, parts.is_shared(device.client_id));
    parts.arm_device(index);
    if (downlink.every.count() > 0) {
        Parts::Host& host = parts.hosts.back();
        parts.agenda.add(std::max(parts.now, downlink.first) + host.random.up_to(downlink.every),
                         Agenda::What::downlink, index);
    }
    return index;
}

std::uint32_t World::device_count() const {
    return static_cast<std::uint32_t>(parts_->hosts.size());
}
void World::run_until(Micros time) {
    parts_->run_until(time);
}
Micros World::now() const {
    return parts_->now;
}
const Ledger& World::ledger() const {
    return parts_->ledger;
}
const DeviceStatistics& World::statistics(std::uint32_t device) {
    return parts_->hosts[device].device.statistics(parts_->now);
}
mqttsn_state World::device_state(std::uint32_t device) const {
    return parts_->hosts[device].device.state();
}
lossy::LinkCounters World::link_counters(std::uint32_t device, Way way) const {
    return parts_->hosts[device].link.counters(way);
}
std::uint64_t World::steps() const {
    return parts_->steps;
}

}  // namespace mqttsn::sim
