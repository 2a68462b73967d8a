// SPDX-License-Identifier: BSD-3-Clause
//
// The inside of World: the parts and how they are wired. World (world.hpp) is what others use.
#ifndef TESTS_SIM_WORLD_PARTS_HPP
#define TESTS_SIM_WORLD_PARTS_HPP

#include <deque>
#include <map>
#include <optional>

#include "sim/agenda.hpp"
#include "sim/broker_side.hpp"
#include "sim/heap_account.hpp"
#include "sim/own_client.hpp"
#include "sim/will_checks.hpp"
#include "sim/world.hpp"

namespace mqttsn::sim {

struct World::Parts : DeviceObserver, BrokerObserver, BrokerSideOwner, OwnClientOwner {
    struct Host {  // a device where it stands
        Host(const DeviceSettings& settings, std::uint32_t index, std::uint64_t seed,
             const lossy::LinkSettings& link_of, const DownlinkTraffic& traffic, Ledger& ledger,
             DeviceObserver& observer);
        lossy::LinkSettings link_settings;
        lossy::LinkModel link;
        Device device;
        DownlinkTraffic downlink;
        lossy::Random random;
        std::uint64_t published = 0;
        std::uint64_t sent = 0;       // datagrams of the device
        std::uint64_t newest_in = 0;  // the last of them that the gateway has got
        std::uint32_t moves = 0;      // by hand, besides those of its link
        std::vector<std::string> downlink_topics;
        Micros timer_at = Micros::max();
    };
    struct Datagram {  // on its way
        std::uint32_t device = 0;
        std::uint32_t turn = 0;   // up: which of the device's places it came from
        std::uint64_t order = 0;  // up: counts what the device sends
        std::vector<std::uint8_t> octets;
    };

    explicit Parts(const WorldSettings& settings);

    // ---- time
    void run_until(Micros time);
    void take(const Agenda::Entry& entry);
    void check_deadline_moves();
    gateway::Instant instant() const;

    // ---- the gateway
    void start_gateway();
    void kill_gateway(Micros outage);
    template <typename Call>
    void gateway_call(std::optional<std::uint32_t> answering, Call&& call);
    void drain(std::optional<std::uint32_t> answering);
    void take_output(const gateway::Output& output, std::optional<std::uint32_t> answering);
    void to_device(const gateway::SendDatagram& send, std::optional<std::uint32_t> answering);
    void arm_gateway();
    void add_counters();
    std::uint64_t counted_drops() const;

    // ---- links
    void transmit(std::uint32_t device, Way way, Bytes octets, const WireMessage& message);
    void arrive(std::uint32_t slot, Way way);
    void to_gateway(const Datagram& datagram);
    /// Counts the places a device has been at.
    static std::uint32_t turn_of(const Host& host) { return host.link.binding() + host.moves; }
    /// nullptr: at an address of its own.
    const Place* forwarded_at(std::uint32_t device, std::uint32_t turn) const;
    gateway::Endpoint endpoint(std::uint32_t device, std::uint32_t turn) const;
    /// Where a datagram of the gateway goes. Out of a forwarder's wrapper, if it goes to one.
    std::uint32_t find_receiver(const gateway::SendDatagram& send, Bytes& message) const;
    bool is_there(std::uint32_t device, const gateway::SendDatagram& send) const;

    // ---- devices
    void step_device(std::uint32_t device);
    void arm_device(std::uint32_t device);
    std::uint32_t publish_down(std::uint32_t device, int qos, std::uint32_t topic, std::size_t octets);
    void downlink_is_due(std::uint32_t device);

    // DeviceObserver
    void on_send(std::uint32_t device, Bytes datagram) override;
    void on_input(std::uint32_t device, Bytes datagram) override;
    void on_delivered(std::uint32_t device, std::uint32_t number, int code) override;
    void on_message(std::uint32_t device, const mqttsn_event& event) override;
    void on_state(std::uint32_t device, const mqttsn_event& event) override;
    void on_unsent(std::uint32_t device, Bytes datagram) override;
    void on_power_lost(std::uint32_t device) override;
    void on_memory_lost(std::uint32_t device) override;
    void on_forgotten(std::uint32_t device, std::uint32_t number) override;
    // BrokerObserver
    void on_published(std::string_view client_id, std::string_view topic, std::string_view payload,
                      unsigned qos, bool retain, bool will) override;
    void on_queued(std::string_view client_id, std::string_view topic, std::string_view payload,
                   unsigned qos) override;
    void on_dropped(std::string_view client_id, std::string_view payload, unsigned qos,
                    const char* why) override;
    void on_acknowledged(std::string_view client_id, std::string_view payload, unsigned qos) override;
    void on_violation(std::string_view client_id, const std::string& what) override;
    // BrokerSideOwner
    void link_opened(gateway::LinkId link, bool session_present) override;
    void link_refused(gateway::LinkId link, std::uint8_t code) override;
    void link_closed(gateway::LinkId link, gateway::LinkCloseReason reason) override;
    void link_congested(gateway::LinkId link, bool congested) override;
    void link_packet(gateway::LinkId link, const mqtt::Packet& packet) override;
    void session_begins(std::string_view client_id) override;
    // OwnClientOwner
    void own_opened(bool session_present) override;
    void own_closed() override;
    void own_congested(bool congested) override;
    void own_packet(const mqtt::Packet& packet) override;
    void own_wake_at(Micros time) override;
    void own_lost(std::string_view payload) override;
    void own_overtaken(std::string_view payload) override;
    bool is_shared(std::string_view client_id) const;
    void take_event(const gateway::Event& event);

    void trace(const std::string& line) const;
    bool tracing() const { return trace_file != nullptr; }

    WorldSettings settings;
    lossy::Random random;
    Micros now{0};
    std::uint64_t steps = 0;
    Agenda agenda;
    Ledger ledger;
    Checks checks;
    WillChecks wills;
    std::deque<Host> hosts;
    std::map<std::pair<std::uint32_t, std::string>, std::uint32_t> nodes;  // forwarder and node id -> device
    std::deque<Datagram> datagrams;
    std::vector<std::uint32_t> free_datagrams;
    std::deque<std::function<void()>> actions;  // an action may plan others while it runs
    BrokerSide broker_side;
    std::unique_ptr<OwnClient> own;  // when any device may be in the shared session; else QoS -1 needs none
    std::unique_ptr<gateway::Gateway> gateway;
    gateway::Counters earlier_counters;  // of gateways that were killed
    Micros gateway_timer_at = Micros::max();
    std::uint32_t deadline_calls = 0;  // in a row, without getting into the future
    std::int64_t octets_at_start = 0;
    std::int64_t blocks_at_start = 0;  // of the gateway's heap
    std::function<bool(std::uint32_t, Way, Bytes)> lost;
    bool traffic = true;
    std::FILE* trace_file = nullptr;
};

template <typename Call>
void World::Parts::gateway_call(std::optional<std::uint32_t> answering, Call&& call) {
    if (!gateway) {
        return;
    }
    {
        InGateway in_gateway;
        call();
    }
    drain(answering);
    if (gateway->session_count() > settings.gateway.limits.sessions) {
        Checks::fail(now, "more sessions than limits.sessions");
    }
    arm_gateway();
}

}  // namespace mqttsn::sim

#endif
