// SPDX-License-Identifier: BSD-3-Clause
//
// Is this QoS 2 message one that has come before? MQTT's own check is Paho's, but it forgets: a new handle
// knows nothing of the one before, and mosquitto 2.0.11 sends some messages again whose exchange is over.
// What a broker sends again on a new connection has the old packet id and content, and comes before anything
// new. So only what came shortly before a connection was lost is remembered, and only until something new
// comes: a broker that counts from 1 again may give a new message an old id. Pure. Loop thread.
#ifndef GATEWAY_BROKER_SEEN_MESSAGES_HPP
#define GATEWAY_BROKER_SEEN_MESSAGES_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "gateway/broker/paho_message.hpp"

namespace mqttsn::gateway {

class SeenMessages {
  public:
    /// Older ones at the time of the loss are not looked for: their exchange had time enough to end.
    static constexpr std::uint64_t kRecentMs = 10000;

    explicit SeenMessages(std::size_t capacity) : capacity_(capacity) {}

    /// Call for each message of QoS 2. True: drop it, it has come before. `now_ms` is monotonic.
    bool repeated(const PahoArrival& arrival, std::uint64_t now_ms) {
        const Seen what{arrival.id, hash_of(arrival), now_ms};
        const auto found = std::find_if(expected_.begin(), expected_.end(), [&](const Seen& one) {
            return one.id == what.id && one.hash == what.hash;
        });
        const bool before = found != expected_.end();
        if (before) {
            expected_.erase(found);
        } else {
            expected_.clear();
        }
        put(seen_, what);
        return before;
    }
    void connection_lost(std::uint64_t now_ms) {
        for (const Seen& one : seen_) {
            if (now_ms - one.at_ms <= kRecentMs) {
                put(expected_, one);
            }
        }
        seen_.clear();
    }
    /// The broker has forgotten the session: all is new.
    void forget() {
        seen_.clear();
        expected_.clear();
    }
    bool empty() const { return seen_.empty() && expected_.empty(); }

  private:
    struct Seen {
        std::uint16_t id = 0;
        std::size_t hash = 0;
        std::uint64_t at_ms = 0;
    };

    static std::size_t hash_of(const PahoArrival& arrival) {
        const std::string_view payload(reinterpret_cast<const char*>(arrival.payload.data()),
                                       arrival.payload.size());
        return std::hash<std::string_view>{}(payload)*31 + std::hash<std::string>{}(arrival.topic);
    }
    void put(std::deque<Seen>& list, const Seen& one) const {
        list.push_back(one);
        if (list.size() > capacity_) {
            list.pop_front();
        }
    }

    const std::size_t capacity_;
    std::deque<Seen> seen_;      ///< of this connection
    std::deque<Seen> expected_;  ///< of those before, as long as nothing new has come
};

}  // namespace mqttsn::gateway

#endif
