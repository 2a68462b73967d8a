// SPDX-License-Identifier: BSD-3-Clause
//
// Which datagrams are dropped before anybody looks at them, so that one source that floods a socket does not
// take the others' time and their places in the kernel's buffer. Nothing is dropped, and nothing costs, as
// long as the socket can be read empty. When so many turns in a row leave something unread that no burst of
// an honest device explains it (kCrowdedTurns), those who sent more than a sixteenth of it are slowed down:
// kPerSecond datagrams each, until they have sent less for kHoldMs. Ten thousand devices that speak at once
// crowd the socket, too, but none of them has such a part of it. Dropping costs a tenth of handling, so the
// flood is read and gone before it fills the buffer. A source is an address with its port. Pure; loop thread
// only.
#ifndef GATEWAY_NET_SOURCE_SHARE_HPP
#define GATEWAY_NET_SOURCE_SHARE_HPP

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "gateway/core/endpoint.hpp"
#include "gateway/core/rate_limit.hpp"

namespace mqttsn::gateway {

class SourceShare {
  public:
    using Spared = std::function<bool(const Endpoint&)>;
    static constexpr std::uint32_t kPerSecond = 1000;  ///< of a source that floods; as many at once
    static constexpr unsigned kCrowdedTurns = 8;
    static constexpr std::size_t kSlowedMax = 16;  ///< sources; of more the one slowed longest is let go
    static constexpr Millis kHoldMs{5000};

    /// @param seed  so that no stranger can choose a source that shares a place with another one
    explicit SourceShare(std::uint64_t seed) : seed_(seed) {}

    /// false = drop it.
    bool admit(const Endpoint& from, Instant now) {
        if (!slowed_.empty() && !admit_slowed(from, now)) {
            return false;
        }
        if (counting_) {
            note(from);
        }
        return true;
    }
    /// The listener has read what one turn may read.
    /// @param left_unread  there was more
    /// @param spared       such sources are never slowed down
    /// @return a source that is slowed down from now on, for the operator: once while it floods
    std::optional<Endpoint> end_turn(bool left_unread, Instant now, const Spared& spared);

    std::size_t slowed_count() const { return slowed_.size(); }

  private:
    static constexpr std::size_t kPlaces = 1024;
    static constexpr std::uint32_t kPart = 16;
    struct Place {
        Endpoint source;
        std::uint32_t count = 0;
    };
    struct Slowed {
        Endpoint source;
        TokenBucket bucket{kPerSecond};
        Instant last_dropped{};
    };

    bool admit_slowed(const Endpoint& from, Instant now);
    void note(const Endpoint& from);
    void stop_counting();
    Slowed* find_slowed(const Endpoint& source);
    std::optional<Endpoint> judge(Instant now, const Spared& spared);

    std::uint64_t seed_;
    unsigned crowded_turns_ = 0;
    bool counting_ = false;
    std::uint32_t total_ = 0;
    std::vector<Place> places_;   ///< kPlaces once it was needed; who has the majority of a place has it
    std::vector<Slowed> slowed_;  ///< at most kSlowedMax, the latest last
};

}  // namespace mqttsn::gateway

#endif
