// SPDX-License-Identifier: BSD-3-Clause
//
// How many connections to the broker may be on their way at once, found out from how long they take. A broker
// accepts at its own pace; what it has not accepted waits in its listen queue (mosquitto: 100 places), and
// what does not fit there is dropped by its kernel and tried again by ours a second later. So the handshake
// tells: the shortest one seen is the way to the broker and back with nobody waiting; by what part a
// handshake takes longer, that part of the window is waiting. The window grows while few wait (a broker far
// away needs many on their way), shrinks when many do, and is halved when a handshake shows a second of TCP's
// patience. Pure: no clock, no sockets.
#ifndef GATEWAY_BROKER_CONNECT_PACE_HPP
#define GATEWAY_BROKER_CONNECT_PACE_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace mqttsn::gateway {

class ConnectPace {
  public:
    static constexpr std::uint32_t kWindowMax = 1024;
    static constexpr std::uint32_t kWindowMin = 4;

    /// @param queue_max  connections that may wait in the broker's listen queue; also the window to begin
    /// with
    explicit ConnectPace(std::uint32_t queue_max)
        : queue_max_(std::max(1U, queue_max)), window_(queue_max_), ceiling_(kWindowMax) {}

    bool may_start(std::size_t under_way) const { return under_way < static_cast<std::size_t>(window_); }
    std::uint32_t window() const { return static_cast<std::uint32_t>(window_); }

    /// A handshake, from the first octet of TCP to CONNACK, has come to its end.
    /// @param now_us, took_us  microseconds; `now_us` never goes back
    /// @param others_wait      the window keeps somebody waiting
    void on_done(std::uint64_t now_us, std::uint64_t took_us, bool others_wait) {
        if (took_us >= kOverflowUs && shortest() <= kOverflowUs / 3) {
            on_overflow(now_us);
            return;
        }
        remember(took_us, others_wait);
        if (!others_wait || ++seen_ < kSeenMin) {
            return;
        }
        const double in_queue =
            window_ * (1.0 - static_cast<double>(shortest()) /
                                 static_cast<double>(std::max<std::uint64_t>(1, took_us)));
        if (in_queue > queue_max_) {
            window_ = std::max(static_cast<double>(std::min(kWindowMin, queue_max_)), window_ - 1.0);
        } else if (in_queue < queue_max_ / 2.0) {
            window_ = std::min(static_cast<double>(kWindowMax),
                               window_ + (window_ < ceiling_ ? 1.0 : 1.0 / window_));
        }
    }

    /// The kernel gave up: nobody answered.
    void on_timeout(std::uint64_t now_us) { on_overflow(now_us); }

  private:
    static constexpr std::uint64_t kOverflowUs = 900'000;  // the first SYN is repeated after a second
    static constexpr std::uint32_t kSeenMin = 16;
    static constexpr std::uint32_t kPeriod =
        64;  // handshakes; the way that has become longer is learnt after two

    std::uint64_t shortest() const { return std::min(shortest_now_, shortest_before_); }

    /// While somebody waits, the shortest is only made shorter: who finds its own queue everywhere would take
    /// that for the way. That the way has become longer is learnt when nobody waits.
    void remember(std::uint64_t took_us, bool others_wait) {
        if (!others_wait && ++alone_ > kPeriod) {
            alone_ = 0;
            shortest_before_ = shortest_now_;
            shortest_now_ = kNone;
        }
        shortest_now_ = std::min(shortest_now_, took_us);
    }

    /// Those that were dropped together are one overflow.
    void on_overflow(std::uint64_t now_us) {
        if (overflowed_ && now_us - overflow_us_ < kOverflowUs) {
            return;
        }
        overflowed_ = true;
        overflow_us_ = now_us;
        window_ = std::max(static_cast<double>(std::min(kWindowMin, queue_max_)), window_ / 2);
        ceiling_ = window_;
    }

    static constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();
    std::uint32_t queue_max_;
    double window_;
    double ceiling_;  ///< below it the window grows fast; where it overflowed last, halved
    std::uint32_t seen_ = 0;
    std::uint32_t alone_ = 0;
    std::uint64_t shortest_now_ = kNone;  ///< of this period
    std::uint64_t shortest_before_ = kNone;
    bool overflowed_ = false;
    std::uint64_t overflow_us_ = 0;
};

}  // namespace mqttsn::gateway

#endif
