// SPDX-License-Identifier: BSD-3-Clause
//
// The promises, as checkers outside the code under test. They see what enters and leaves the gateway and the
// devices, and what the broker sees; each breach throws CheckFailed. What a fault makes impossible to promise
// is an excuse of single messages (ledger.hpp), given here, with the reason beside it. No checker is ever
// off.
#ifndef TESTS_SIM_CHECKS_HPP
#define TESTS_SIM_CHECKS_HPP

#include <array>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/core/link.hpp"
#include "gateway/core/mqtt_packet.hpp"
#include "mqttsn/retransmit.hpp"
#include "sim/device.hpp"
#include "sim/ledger.hpp"
#include "sim/wire_message.hpp"

namespace mqttsn::sim {

/// A promise does not hold; what() is one line.
class CheckFailed : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

class Checks {
  public:
    /// What published() tells comes at once, or from a witness on a connection of its own: then a device may
    /// be told first, and only check_delivered() judges.
    enum class Witness : std::uint8_t { at_once, later };

    /// @param gateway_retry  T_retry and N_retry of the gateway
    Checks(Ledger& ledger, const RetryPolicy& gateway_retry, Witness witness = Witness::at_once)
        : ledger_(ledger), gateway_retry_(gateway_retry), witness_(witness) {}

    /// @param shared  it has no session of its own with the broker: the weaker promise (see shared_*)
    void add_device(const DeviceSettings& settings, bool shared = false);

    // ---- on the wire, as the gateway's end sees it
    void to_gateway(std::uint32_t device, const WireMessage& message);
    /// @param answering  the gateway is dealing with a datagram of this device right now
    void from_gateway(Micros now, std::uint32_t device, const WireMessage& message, bool answering);
    /// The gateway lost its memory.
    void gateway_restarted();
    /// The gateway says that a device is active, or lost: not before N_retry repetitions, where that is the
    /// cause.
    void session_changed(Micros now, std::string_view client_id, bool lost, std::string_view cause);

    // ---- as the device's end sees it
    void from_device(Micros now, std::uint32_t device, const WireMessage& message);
    /// The library took this datagram.
    void input(std::uint32_t device, const WireMessage& message);
    /// LOST comes after exactly N_retry repetitions.
    void state_changed(Micros now, std::uint32_t device, const mqttsn_event& event);
    void message_came(Micros now, std::uint32_t device, std::string_view topic, bool by_name,
                      std::uint16_t topic_id, std::string_view payload);
    void delivered(Micros now, std::uint32_t device, std::uint32_t number, int code);
    void forgotten(std::uint32_t number);
    void device_lost_memory(std::uint32_t device);
    /// It goes on from what it has saved last: answers that came since count as lost.
    void device_power_lost(std::uint32_t device) { devices_[device].power_lost = true; }
    /// The gateway has ended the device's session. A clean one it forgets, with the ids that the device may
    /// hold.
    void session_ended(std::string_view client_id);
    /// A message of this device has the id of one that it began before it lost its memory. @returns false
    /// when it never did
    bool id_of_an_earlier_life(std::string_view client_id);

    // ---- as the broker sees it
    void published(Micros now, std::string_view client_id, std::string_view topic, std::string_view payload);
    void queued(std::uint32_t number, unsigned qos);
    void dropped(std::uint32_t number);
    /// @param counted_drops  what the gateway says it has dropped of all messages for devices
    void acknowledged(Micros now, std::uint32_t number, std::uint64_t counted_drops);
    void broker_lost_memory();
    void session_begins(std::string_view client_id);

    // ---- devices of the shared session. The promise is weaker: what the gateway has acknowledged for them
    // it may lose when it is killed, and their subscriptions with it. Everything else holds.
    /// A message for a device comes to the gateway, which has acknowledged it.
    void shared_message_taken(std::string_view payload);
    /// The gateway has ended the device's session: a clean one takes what waits with it.
    void shared_session_ended(std::string_view client_id);
    /// The gateway has told the device that it is subscribed, and has not lost its memory since.
    bool shared_subscribed(std::uint32_t device) const {
        return devices_[device].shared && devices_[device].shared_subscribed;
    }
    /// The own session hands another message over first.
    void shared_overtaken(std::uint32_t number);
    /// The gateway says that it has dropped a message for this device.
    void shared_drop_said(std::string_view client_id);

    // ---- on the connections to the broker, as the gateway's end sees it
    /// @param uplink_window  limits.uplink_window
    void packet_to_broker(Micros now, gateway::LinkId link, const gateway::mqtt::Packet& packet,
                          std::size_t uplink_window);
    void packet_from_broker(gateway::LinkId link, const gateway::mqtt::Packet& packet);
    void link_gone(gateway::LinkId link) { unanswered_.erase(link); }

    // ---- the end
    void check_delivered() const;
    /// One message, for who wants to hear of all that are lost.
    void check_delivered(std::uint32_t number) const { check_one(ledger_.at(number), number); }
    /// Messages that must still arrive.
    std::size_t missing() const;

    [[noreturn]] static void fail(Micros now, const std::string& what);

  private:
    enum class Rest : std::uint8_t { none, asked, asleep, awake };
    /// Transmissions of the same message in a row.
    struct Repetitions {
        std::uint32_t what = 0;
        std::uint32_t count = 0;
        void sent(const WireMessage& message);
    };
    enum Exchange : std::size_t { kControl, kUplink, kSubscription, kExchanges };
    struct DeviceView {
        DeviceSettings settings;
        Rest rest = Rest::none;
        bool asks_now = false;                           // the last datagram was a DISCONNECT with a duration
        std::map<std::uint16_t, std::string> to_device;  // PUBLISH in flight: MsgId -> payload
        std::map<std::uint16_t, std::uint32_t> from_device;  // PUBLISH in flight: MsgId -> number
        std::map<std::pair<Way, std::uint16_t>, std::uint32_t>
            last_first;  // per topic: newest message that arrived
        /// QoS 2 messages the device may hold, by MsgId, until its PUBCOMP.
        struct Held {
            std::uint32_t number;
            bool gateway_knows;
        };
        std::map<std::uint16_t, Held> held;
        std::uint32_t broker_session = 0;
        bool lost_memory = false;
        bool power_lost = false;  // since its last state: it may have counted more than it has sent
        bool shared = false;
        bool shared_clean = false;       // what its last CONNECT asked for
        bool shared_subscribed = false;  // the gateway has said so, and kept its memory since
        std::uint32_t shared_drops = 0;  // that the gateway has named
        std::array<Repetitions, kExchanges> device_sends;
        Repetitions gateway_sends;
    };

    void arrived(Micros now, std::uint32_t number);
    void forgets_what_it_has(std::uint32_t device);
    void shared_connect(std::uint32_t device, bool clean);
    void shared_forgotten(std::uint32_t device);
    void shared_repeats(std::uint32_t device);
    /// Messages for a device of the shared session that have not arrived and must.
    std::size_t shared_missing(std::uint32_t device) const;
    std::string shared_missing_names(std::uint32_t device) const;
    void publish_to_device(Micros now, DeviceView& view, const WireMessage& message);
    void check_one(const MessageRecord& record, std::uint32_t number) const;
    std::string name_of(std::uint32_t number) const;
    std::uint32_t queued_in(std::uint32_t number) const;

    static Exchange exchange_of(WireType type);

    Ledger& ledger_;
    RetryPolicy gateway_retry_;
    Witness witness_;
    std::vector<DeviceView> devices_;
    std::map<std::string, std::uint32_t, std::less<>> by_client_id_;
    std::vector<bool> acknowledged_;  // down: by number
    std::vector<std::uint32_t>
        queued_in_;  // down: by number, which of its sessions the broker had begun for the device
    std::uint64_t acknowledged_unseen_ = 0;
    std::unordered_map<gateway::LinkId, std::set<std::uint16_t>>
        unanswered_;  // QoS 1/2 PUBLISH without PUBACK, PUBREC
};

}  // namespace mqttsn::sim

#endif
