// SPDX-License-Identifier: BSD-3-Clause
//
// What the broker has sent for one device and the core has not acknowledged yet, for the engine `paho`. Paho
// has told the broker "received" already; so here is the only copy, and this stands in for the broker: a few
// messages are with the core under packet ids of ours, the rest waits its turn; on a new connection what was
// not acknowledged comes again under the same id. Pure: no Paho, no loop. Loop thread.
//
// Bounded: when full, the oldest QoS 0 message that waits goes, then the oldest that waits (counted).
#ifndef GATEWAY_BROKER_PAHO_DOWNLINK_HPP
#define GATEWAY_BROKER_PAHO_DOWNLINK_HPP

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "gateway/broker/paho_message.hpp"
#include "gateway/broker/seen_messages.hpp"
#include "gateway/core/mqtt_packet.hpp"

namespace mqttsn::gateway {

struct PahoDownlinkLimits {
    std::size_t messages_max = 1000;
    std::size_t octets_max = 128U << 10U;  ///< a single larger message passes when nothing else is there
    /// QoS 1 and 2 that are with the core: what mosquitto lets a client have (max_inflight_messages).
    std::size_t window = 20;
};

class PahoDownlink {
  public:
    explicit PahoDownlink(const PahoDownlinkLimits& limits) : limits_(limits) {}

    /// Behind the others. A QoS 2 message that the broker sends again on a new connection, because it has not
    /// got Paho's PUBREC, is not taken twice: Paho's handle is a new one and does not know.
    /// @return messages dropped for it, or it alone
    std::size_t push(std::unique_ptr<const PahoArrival> arrival, std::uint64_t now_ms);

    /// The next PUBLISH or PUBREL for the core, if there is one and the window allows it. Views live until
    /// the next call of next().
    bool next(mqtt::Packet& packet);

    /// PUBACK, PUBREC or PUBCOMP of the core. An unknown PUBREC is answered with PUBREL too, so that the
    /// device can let go (compare DECISIONS 11).
    void acknowledge(const mqtt::Packet& packet);

    /// The connection is gone.
    void connection_lost(std::uint64_t now_ms) { seen_.connection_lost(now_ms); }
    /// A new connection of the same session: what is with the core comes again, with DUP.
    void repeat();
    /// The broker has forgotten the session. QoS 2 of which the device has a part is given up, the rest are
    /// new messages.
    void begin_anew();

    bool empty() const { return waiting_.empty() && given_.empty(); }
    /// Nothing to be remembered for the next connection either.
    bool forgettable() const { return empty() && seen_.empty(); }
    std::size_t size() const { return waiting_.size() + given_.size(); }

  private:
    static constexpr std::size_t kSeenMax = 200;  // above what brokers have in flight

    struct Given {
        std::uint16_t id = 0;
        std::shared_ptr<const PahoArrival> arrival;
        bool received = false;  ///< PUBREC has come: PUBREL next
        bool due = false;       ///< to be said (again) by next()
        bool dup = false;
    };

    Given* find(std::uint16_t id);
    std::uint16_t free_id();
    bool make_room(const PahoArrival& arrival, std::size_t& dropped);
    void give(mqtt::Packet& packet, const Given& given);
    void forget(const PahoArrival& arrival) { octets_ -= arrival.size(); }

    const PahoDownlinkLimits limits_;
    std::deque<std::shared_ptr<const PahoArrival>> waiting_;
    std::deque<Given> given_;              ///< at most the window, so looking through it is cheap
    std::deque<std::uint16_t> strangers_;  ///< ids of unknown PUBRECs, to be answered; at most the window
    std::shared_ptr<const PahoArrival> current_;  ///< keeps the views of the last next() alive
    SeenMessages seen_{kSeenMax};
    std::size_t octets_ = 0;
    std::uint16_t last_id_ = 0;
};

}  // namespace mqttsn::gateway

#endif
