// SPDX-License-Identifier: BSD-3-Clause
//
// What the layer of shared sessions remembers of one device: what a broker would. Data, and the queue that
// waits for the device; what happens to it stands in shared_sessions, shared_uplink, shared_downlink,
// shared_subscribe. Kept small: an idle device has a filter or two and nothing else.
#ifndef GATEWAY_CORE_SHARED_CLIENT_HPP
#define GATEWAY_CORE_SHARED_CLIENT_HPP

#include <cstdint>
#include <memory>
#include <vector>

#include "gateway/core/link.hpp"
#include "gateway/core/shared_message.hpp"

namespace mqttsn::gateway {

/// One message for one device.
struct SharedCopy {
    SharedMessagePtr message;
    std::uint8_t qos = 0;
    bool retain = false;
};

/// Messages that wait for a device, oldest first.
class SharedQueue {
  public:
    bool empty() const { return head_ == copies_.size(); }
    std::size_t size() const { return copies_.size() - head_; }
    /// Of the payloads, as sleep.max_bytes counts them, each for every device it waits for.
    std::size_t octets() const { return octets_; }
    /// 0 = the oldest; the index must be below size().
    const SharedCopy& operator[](std::size_t index) const { return copies_[head_ + index]; }

    void push(SharedCopy copy);
    SharedCopy pop_front();
    /// Removes any message, order kept.
    void erase(std::size_t index);

  private:
    std::vector<SharedCopy> copies_;
    std::size_t head_ = 0;  // what is before it has gone; taken out when it is half of all
    std::size_t octets_ = 0;
};

/// A QoS 1/2 message that the device's session has not acknowledged to the end.
struct SharedInFlight {
    SharedCopy copy;        ///< no message any more once received
    bool received = false;  ///< QoS 2: PUBREC has come, PUBREL is due
    std::uint16_t packet_id = 0;
};

struct SharedDownlink {
    std::vector<SharedInFlight> in_flight;  // at most kSharedWindow, in the order of sending
    SharedQueue queue;
};
constexpr std::size_t kSharedWindow = 20;  // as mosquitto's max_inflight_messages

/// A QoS 1/2 PUBLISH of the device.
struct SharedExchange {
    enum class Phase : std::uint8_t {
        waiting,  ///< for its turn on the own session
        sent,     ///< the own session's answer is to come
        done,  ///< the answer has come: the device has not heard it (QoS 1), or has not released it (QoS 2)
    };
    Phase phase = Phase::waiting;
    std::uint8_t qos = 1;
    bool retain = false;
    std::uint16_t packet_id = 0;
    std::uint16_t token = 0;  ///< sent: its packet id on the own session
    std::uint64_t content_hash = 0;
    SharedMessagePtr message;  ///< waiting only
};
constexpr std::size_t kSharedExchangesMax = 128;  // above any uplink window: ids that were left half-done

struct SharedSubscription {
    std::uint32_t filter = 0;  ///< index in SharedState::filters
    std::uint32_t place = 0;   ///< in that filter's list of subscribers
};

struct SharedClient {
    std::uint64_t serial = 0;  ///< of this session of the device; never used twice
    LinkId link;               ///< the latest
    bool open = false;         ///< the link is
    bool clean = true;
    bool reading = true;   ///< LinkRead
    bool in_turn = false;  ///< stands in SharedUplink::turns
    std::uint8_t will_qos = 0;
    bool will_retain = false;
    std::uint16_t last_packet_id = 0;
    SharedMessagePtr will;
    std::vector<SharedSubscription> subscriptions;
    std::vector<SharedExchange> exchanges;     // in the order of arrival
    std::unique_ptr<SharedDownlink> downlink;  // nullptr: nothing waits, nothing is in flight
};

}  // namespace mqttsn::gateway

#endif
