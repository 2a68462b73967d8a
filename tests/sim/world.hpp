// SPDX-License-Identifier: BSD-3-Clause
//
// Everything in one object and in virtual time: devices (the real client library), their links, the real
// gateway core, and a model broker. No sockets, no threads, no sleeping: an agenda of what happens when. The
// same settings give the same run, octet by octet. What a checker finds is thrown as CheckFailed.
#ifndef TESTS_SIM_WORLD_HPP
#define TESTS_SIM_WORLD_HPP

#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gateway/core/gateway.hpp"
#include "lossy/link_model.hpp"
#include "sim/checks.hpp"
#include "sim/device.hpp"
#include "sim/ledger.hpp"
#include "sim/model_broker.hpp"

namespace mqttsn::sim {

struct WorldSettings {
    std::uint64_t seed = 1;
    gateway::Settings gateway;  ///< predefined topics of the devices are added by the world
    BrokerSettings broker;
    Micros broker_delay{1000};  ///< one way between gateway and broker
    /// Also deliver a CONNECT with clean session when the gateway has had later datagrams of the device. It
    /// then begins a clean session behind the device's back, with all that follows; MQTT-SN gives it no means
    /// to know better (SPEC_NOTES, D09).
    bool late_clean_connects = false;
};

/// What applications send to a device through the broker.
struct DownlinkTraffic {
    Micros every{0};  ///< 0 = never
    Micros jitter{0};
    Micros first{0};
    Micros until{-1};                  ///< -1 = to the end
    std::vector<std::uint8_t> qos{1};  ///< in turn
    std::uint32_t payload_octets = 32;
    TopicKind topic = TopicKind::name;  ///< what the device subscribes to is the same
    std::uint32_t topics = 1;  ///< to so many topics in turn, all below what the device subscribes to
};

class World {
  public:
    explicit World(const WorldSettings& settings);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    /// A device with its link. @returns its index, from 0
    /// @throws std::invalid_argument for settings that cannot work
    std::uint32_t add_device(const DeviceSettings& device, const lossy::LinkSettings& link,
                             const DownlinkTraffic& downlink = {});
    std::uint32_t device_count() const;

    /// Lets everything happen up to and including `time`.
    /// @throws CheckFailed
    void run_until(Micros time);
    void run_for(Micros time) { run_until(now() + time); }
    Micros now() const;

    const Ledger& ledger() const;
    const DeviceStatistics& statistics(std::uint32_t device);  ///< radio_on up to now()
    mqttsn_state device_state(std::uint32_t device) const;
    lossy::LinkCounters link_counters(std::uint32_t device, Way way) const;
    /// What happened so far, for figures of speed.
    std::uint64_t steps() const;

    // ---- by hand, for scripts
    /// Only what the script says happens on this device: no pattern, no reconnecting.
    void set_manual(std::uint32_t device);
    /// The device's library; after calling it, call touch().
    mqttsn_client& client(std::uint32_t device);
    void touch(std::uint32_t device);
    /// A message of the device's application. @returns its number in the ledger
    std::uint32_t publish_up(std::uint32_t device, int qos, std::uint32_t topic = 0);
    /// A message of another MQTT client for the device. @returns its number in the ledger
    std::uint32_t publish_down(std::uint32_t device, int qos, std::uint32_t topic = 0,
                               std::size_t octets = 32);
    ModelBroker& broker();
    const gateway::Gateway* gateway() const;  ///< nullptr while it is down
    /// Sum over all lives of the gateway.
    gateway::Counters gateway_counters() const;
    /// Decides the fate of each datagram in place of the links: true = lost. Empty function = the links
    /// again.
    void set_loss(std::function<bool(std::uint32_t device, Way way, Bytes datagram)> lost);
    void at(Micros time, std::function<void()> action);
    /// One line per datagram, packet and fault.
    void set_trace(std::FILE* file);

    // ---- faults
    void kill_gateway(Micros outage);  ///< kill -9; starts again afterwards
    void cut_broker_connections(lossy::Chance each);
    void stall_broker(Micros time);
    void crash_broker(Micros outage, bool keeps_memory);
    /// The device turns up at the next of its places, without having said so.
    void move(std::uint32_t device);
    void reboot_device(std::uint32_t device, Micros off, bool keeps_memory, bool clean);
    /// A device that saves loses its RAM, at moment number `points` of those in which it pulls an event,
    /// writes or sends, at the latest after `patience`; it is back `off` later. See Saves.
    /// @param damage  then this bit of its flash is another one, too
    void cut_power(std::uint32_t device, std::uint32_t points, Micros off, Micros patience,
                   std::optional<std::uint64_t> damage = {});
    /// One bit of what a device has saved. @returns false when there is nothing
    bool damage_flash(std::uint32_t device, std::uint64_t bit);
    /// From now on links only delay. Traffic goes on.
    void heal_links();
    void stop_traffic();

    // ---- the end
    /// "" when no device and no session at the broker has anything left to do, else which has.
    std::string who_waits() const;
    /// "" when nobody waits and nothing that must arrive is missing, else what there is.
    std::string unsettled() const;
    /// Runs until nothing waits. @throws CheckFailed after `budget`: "stuck: ...", or which message is
    /// missing
    void settle(Micros budget);
    /// The promises that can be judged only now.
    void check_delivered() const;
    /// What devices of the shared session have subscribed, the own session has (again, after a broker lost
    /// it).
    void check_shared_subscriptions() const;
    /// Devices end their sessions and go; then the gateway must have forgotten them.
    void check_all_forgotten(Micros budget);

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace mqttsn::sim

#endif
