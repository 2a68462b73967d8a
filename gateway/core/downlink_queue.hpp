// SPDX-License-Identifier: BSD-3-Clause
//
// What waits for one device, in order: QoS 0 messages, and the QoS 1/2 messages the broker has in flight (the
// rest waits in the broker). Bounded in messages and octets. Memory of small messages is reused from message
// to message.
#ifndef GATEWAY_CORE_DOWNLINK_QUEUE_HPP
#define GATEWAY_CORE_DOWNLINK_QUEUE_HPP

#include <cstdint>
#include <memory>
#include <vector>

#include "gateway/core/settings.hpp"
#include "gateway/core/topic_names.hpp"

namespace mqttsn::gateway {

struct DownlinkItem {
    enum class Kind : std::uint8_t {
        message,  ///< a PUBLISH for the device
        release,  ///< a PUBREL of the broker for a message this gateway has never seen (it was restarted)
    };
    Kind kind = Kind::message;
    std::uint8_t qos = 0;
    bool retain = false;
    bool dup = false;           ///< the broker has sent it before: so has, perhaps, the gateway before us
    std::uint8_t refusals = 0;  ///< how often the device answered 02 (D41)
    bool detached = false;      ///< the broker has forgotten it: deliver, but acknowledge nothing
    std::uint16_t broker_session = 0;  ///< SessionDownlink::broker_session when it came
    std::uint16_t packet_id = 0;       ///< = MsgId towards the device; 0 for QoS 0
    TopicName topic;
    std::vector<std::uint8_t> payload;
};

class DownlinkQueue {
  public:
    /// From now on the memory of what waits also counts in `*sum`, which must live as long as the queue is
    /// not empty. Call while it is empty.
    void charge(std::uint64_t* sum) { sum_ = sum; }
    /// What an item with such a payload adds to that sum: its place counts as well.
    static std::uint64_t cost(std::size_t payload_octets) { return payload_octets + sizeof(DownlinkItem); }

    bool empty() const { return count_ == 0; }
    std::size_t size() const { return count_; }
    std::size_t octets() const { return octets_; }
    /// Items in order, 0 = the next to be sent. The index must be below size().
    DownlinkItem& operator[](std::size_t index) { return items_[place(index)]; }
    DownlinkItem& front() { return items_[head_]; }

    /// The item the broker knows by this packet id, or nullptr.
    DownlinkItem* find(std::uint16_t packet_id);

    /// Appends an item with a copy of `payload`; the caller has made room.
    DownlinkItem& push(Bytes payload);
    /// Puts another payload into an item that is in the queue.
    void replace_payload(DownlinkItem& item, Bytes payload);
    void pop_front();
    /// Removes any item, order kept.
    void erase(std::size_t index);
    void clear();

  private:
    std::size_t place(std::size_t index) const {
        const std::size_t at = head_ + index;
        return at < places_ ? at : at - places_;
    }
    void grow();
    static void reset(DownlinkItem& item);
    void add(std::uint64_t cost) {
        if (sum_ != nullptr) {
            *sum_ += cost;
        }
    }
    void subtract(std::uint64_t cost) {
        if (sum_ != nullptr) {
            *sum_ -= cost;
        }
    }

    std::unique_ptr<DownlinkItem[]> items_;  // a ring
    std::uint32_t places_ = 0;
    std::uint32_t head_ = 0;
    std::uint32_t count_ = 0;
    std::uint32_t octets_ = 0;
    std::uint64_t* sum_ = nullptr;
};

}  // namespace mqttsn::gateway

#endif
