// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/used_ids.hpp"

#include <algorithm>

#include "mqttsn/retransmit.hpp"

namespace mqttsn::gateway {
namespace {

constexpr Millis kCopyLife{2100};  // longer than a device takes a message for a late copy

std::uint16_t content_of(const DownlinkItem& item) {
    return item.qos == 2 ? content_mark(Bytes{item.payload.data(), item.payload.size()}) : std::uint16_t{0};
}

}  // namespace

UsedId* UsedIds::find(std::uint16_t message_id) {
    const auto found = std::find_if(ids_.begin(), ids_.end(),
                                    [message_id](const UsedId& id) { return id.message_id == message_id; });
    return found != ids_.end() ? &*found : nullptr;
}

UsedId& UsedIds::add() {
    if (ids_.size() >= kMax) {
        ids_.erase(ids_.begin());
    }
    return ids_.emplace_back();
}

void UsedIds::published(const DownlinkItem& item, Instant now) {
    UsedId* id = find(item.packet_id);
    const bool repeated = id != nullptr && id->broker_session == item.broker_session && !id->finished;
    if (id == nullptr) {
        id = &add();
    }
    *id = UsedId{};
    id->message_id = item.packet_id;
    id->broker_session = item.broker_session;
    id->unreleased = item.qos == 2;
    id->content = content_of(item);
    id->repeated = repeated;
    id->at = now;
}

void UsedIds::done(std::uint16_t message_id, Instant now) {
    if (UsedId* const id = find(message_id)) {
        id->unreleased = false;
        id->finished = true;
        id->at = now;
    }
}

void UsedIds::dropped(std::uint16_t message_id, Instant now) {
    if (UsedId* const id = find(message_id)) {
        id->orphan = true;
        id->finished = true;
        id->repeated = true;  // an acknowledgement of it may still come
        id->at = now;
    }
}

void UsedIds::foreign(std::uint16_t message_id, std::uint16_t broker_session, Instant now) {
    if (find(message_id) != nullptr) {
        return;
    }
    UsedId& id = add();
    id.message_id = message_id;
    id.broker_session = static_cast<std::uint16_t>(broker_session - 1);
    id.unreleased = id.orphan = id.finished = id.repeated = true;
    id.at = now;
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

Millis UsedIds::rest(const DownlinkItem& item, Instant now, Millis window) const {
    Millis wait{0};
    for (const UsedId& id : ids_) {
        if (id.message_id != item.packet_id) {
            continue;
        }
        if (id.broker_session != item.broker_session) {
            wait = std::max(wait, window - (now - id.at));
        }
        if (id.finished && (id.repeated || (item.qos == 2 && id.content == content_of(item)))) {
            wait = std::max(wait, kCopyLife - (now - id.at));
        }
    }
    return wait;
}

}  // namespace mqttsn::gateway
