// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/used_ids.hpp"

#include <algorithm>

namespace mqttsn::gateway {

UsedId* UsedIds::find(std::uint16_t message_id) {
    const auto found = std::find_if(ids_.begin(), ids_.end(),
                                    [message_id](const UsedId& id) { return id.message_id == message_id; });
    return found != ids_.end() ? &*found : nullptr;
}

void UsedIds::published(const DownlinkItem& item, Instant now) {
    UsedId* id = find(item.packet_id);
    if (id == nullptr) {
        if (ids_.size() >= kMax) {
            ids_.erase(ids_.begin());
        }
        id = &ids_.emplace_back();
    }
    *id = UsedId{item.packet_id, item.broker_session, item.qos == 2, false, now};
}

void UsedIds::done(std::uint16_t message_id, Instant now) {
    if (UsedId* const id = find(message_id)) {
        id->unreleased = false;
        id->at = now;
    }
}

void UsedIds::dropped(std::uint16_t message_id) {
    if (UsedId* const id = find(message_id)) {
        id->orphan = true;
    }
}

const UsedId* UsedIds::stale(DownlinkQueue& queue, std::uint16_t broker_session) const {
    for (const UsedId& id : ids_) {
        bool waits = !id.unreleased || (id.broker_session == broker_session && !id.orphan);
        for (std::size_t i = 0; !waits && i < queue.size(); ++i) {
            waits = queue[i].packet_id == id.message_id && queue[i].broker_session == id.broker_session;
        }
        if (!waits) {
            return &id;
        }
    }
    return nullptr;
}

bool UsedIds::fresh(const DownlinkItem& item, Instant now, Millis window) const {
    return std::any_of(ids_.begin(), ids_.end(), [&](const UsedId& id) {
        return id.message_id == item.packet_id && id.broker_session != item.broker_session &&
               now - id.at < window;
    });
}

}  // namespace mqttsn::gateway
