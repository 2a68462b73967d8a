// SPDX-License-Identifier: BSD-3-Clause
//
// Is this QoS 2 message one that has come before? MQTT's own check is Paho's, but it forgets: a new handle
// knows nothing of the one before, and mosquitto 2.0.11 sends some messages again whose exchange is over.
// What a broker sends again on a new connection has the old packet id and content, and comes soon, but not
// always before everything new, and perhaps only on the connection after that. So what came shortly before a
// connection was lost is remembered until the broker has been back for a while, or gives one of these ids to
// something else: then it counts from 1 again, and a new message may have an old id. Pure. Loop thread.
#ifndef GATEWAY_BROKER_SEEN_MESSAGES_HPP
#define GATEWAY_BROKER_SEEN_MESSAGES_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/broker/paho_message.hpp"

namespace mqttsn::gateway {

class SeenMessages {
  public:
    /// Older ones at the time of the loss are not looked for: their exchange had time enough to end. Nor is
    /// any looked for when messages have come for so long on a new connection.
    static constexpr std::uint64_t kRecentMs = 10000;

    explicit SeenMessages(std::size_t capacity) : capacity_(capacity) {}

    /// Call for each message of QoS 2. True: drop it, it has come before. `now_ms` is monotonic.
    bool repeated(const PahoArrival& arrival, std::uint64_t now_ms) {
        const Seen what{arrival.id, hash_of(arrival), now_ms};
        if (std::exchange(lost_, false)) {
            back_since_ms_ = now_ms;
        }
        const bool before = now_ms - back_since_ms_ <= kRecentMs && take_expected(what);
        if (!before && (now_ms - back_since_ms_ > kRecentMs || expects(what.id))) {
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
        lost_ = true;
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
    bool take_expected(const Seen& what) {
        const auto found = std::find_if(expected_.begin(), expected_.end(), [&](const Seen& one) {
            return one.id == what.id && one.hash == what.hash;
        });
        if (found == expected_.end()) {
            return false;
        }
        expected_.erase(found);
        return true;
    }
    bool expects(std::uint16_t id) const {
        return std::any_of(expected_.begin(), expected_.end(),
                           [id](const Seen& one) { return one.id == id; });
    }
    void put(std::deque<Seen>& list, const Seen& one) const {
        list.push_back(one);
        if (list.size() > capacity_) {
            list.pop_front();
        }
    }

    const std::size_t capacity_;
    std::deque<Seen> seen_;      ///< of this connection
    std::deque<Seen> expected_;  ///< of those before
    bool lost_ = false;          ///< and nothing has come since
    std::uint64_t back_since_ms_ = 0;
};

}  // namespace mqttsn::gateway

#endif
