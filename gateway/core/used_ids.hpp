// SPDX-License-Identifier: BSD-3-Clause
//
// The MsgIds that were used towards one device a moment ago, and those it may still hold (QoS 2, not
// released). Packet ids pass through from the broker, and a broker that has forgotten a session counts from 1
// again: then an id may still mean something else to the device, or to an acknowledgement on its way.
// Bounded; the oldest goes.
#ifndef GATEWAY_CORE_USED_IDS_HPP
#define GATEWAY_CORE_USED_IDS_HPP

#include <cstdint>

#include "gateway/core/downlink_queue.hpp"
#include "gateway/core/small_vector.hpp"

namespace mqttsn::gateway {

struct UsedId {
    std::uint16_t message_id = 0;
    std::uint16_t broker_session = 0;  ///< which session of the broker it belongs to
    std::uint16_t content = 0;         ///< content_mark() of a QoS 2 message, as the device knows it
    bool unreleased : 1 = false;  ///< QoS 2: the device may take another message of this id for a repetition
    bool repeated : 1 = false;    ///< sent more than once: the device may acknowledge more than once
    bool finished : 1 = false;    ///< acknowledged to the end, or refused
    bool orphan : 1 = false;      ///< unreleased, and nothing will release it: the message was dropped
    Instant at{};  ///< of the last PUBLISH or acknowledgement: copies of that may be on their way
};

class UsedIds {
  public:
    static constexpr std::size_t kMax = 8;

    /// The message goes to the device.
    void published(const DownlinkItem& item, Instant now);
    /// The device has acknowledged it to the end, or refused it: nothing of it is held there.
    void done(std::uint16_t message_id, Instant now);
    /// The message was dropped: if the device has it, nobody will release it.
    void dropped(std::uint16_t message_id, Instant now);
    /// The device holds an id that nobody here has given it: of a session that ended while the message was on
    /// its way. Does nothing for an id that is known.
    void foreign(std::uint16_t message_id, std::uint16_t broker_session, Instant now);
    void clear() { ids_.clear(); }
    bool empty() const { return ids_.empty(); }

    /// An id that the device may hold and that no message in the queue will complete, nor the session of the
    /// broker that is open. It must go: it takes a place at the device, which would take the next message
    /// under it for a repetition.
    /// @return nullptr when there is none
    const UsedId* stale(DownlinkQueue& queue, std::uint16_t broker_session) const;
    /// How long the item has to wait for its id, so that nothing of an earlier message under it is taken for
    /// something of this one: a late acknowledgement of a message of another session of the broker (within
    /// `window`), or of one that was sent more than once; or, by the device, a late copy of a QoS 2 message
    /// of the same content (D30). Within a session only brokers that use ids again at once come here.
    Millis rest(const DownlinkItem& item, Instant now, Millis window) const;

  private:
    UsedId* find(std::uint16_t message_id);
    UsedId& add();

    SmallVector<UsedId> ids_;
};

}  // namespace mqttsn::gateway

#endif
