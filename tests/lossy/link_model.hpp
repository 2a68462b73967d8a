// SPDX-License-Identifier: BSD-3-Clause
//
// The link of one device, sans I/O: a datagram and the time go in; out comes what becomes of it and when it
// arrives. The simulation (virtual time) and mqttsn-lossy (real sockets) move the octets. Same seed, same
// sequence of calls: same fate, on every platform. One thread at a time per object.
#ifndef TESTS_LOSSY_LINK_MODEL_HPP
#define TESTS_LOSSY_LINK_MODEL_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "lossy/link_settings.hpp"

namespace mqttsn::lossy {

enum class Way : std::uint8_t { up, down };

/// What became of a datagram.
enum class Fate : std::uint8_t { delivered, lost, lost_in_burst, partitioned, queue_full, too_long, unbound };
/// "lost in a burst", for reports. Static text.
const char* fate_text(Fate fate);

struct Verdict {
    Fate fate = Fate::delivered;
    std::uint8_t copies = 0;     ///< 0..2; how many of `at` count
    std::array<Micros, 2> at{};  ///< when each copy arrives; not before `now`
    Micros airtime{0};           ///< how long sending took (all frames); also of a datagram that is lost or
                                 ///< partitioned, 0 of one that was too long or found the queue full
    bool reordered = false;      ///< was held back
};

/// All that happened in one direction of one link.
struct LinkCounters {
    std::uint64_t datagrams = 0;   ///< handed in
    std::uint64_t octets = 0;      ///< handed in, without overhead
    std::uint64_t delivered = 0;   ///< copies that arrive: datagrams that came through + duplicated
    std::uint64_t duplicated = 0;  ///< second copies
    std::uint64_t reordered = 0;   ///< held back, and delivered
    std::uint64_t lost = 0;
    std::uint64_t lost_in_burst = 0;
    std::uint64_t partitioned = 0;
    std::uint64_t queue_full = 0;
    std::uint64_t too_long = 0;
    std::uint64_t unbound = 0;  ///< to a source port that the NAT no longer knows
    Micros airtime{0};          ///< stays at its largest value instead of wrapping
    LinkCounters& operator+=(const LinkCounters& other);
};

/// Randomness: the numbers drawn for a datagram depend only on the seed, the direction and on how many
/// datagrams were handed to this direction before it, never on what became of those. They are drawn in a
/// fixed order and also when a setting does not need them. So a change of one setting leaves the others'
/// choices as they were: with another loss rate the same datagrams are duplicated and held back by the same
/// times, and what is lost at 10 % is also lost at 20 %. (The burst state goes on from frame to frame.)
class LinkModel {
  public:
    /// `settings` outlives the model, and fits together (check_link() of link_text.hpp). It may be changed
    /// between calls; the next call sees that. Links with different seeds are independent; up and down of one
    /// link are too.
    LinkModel(const LinkSettings& settings, std::uint64_t seed);

    /// One datagram of `octets` handed to the link at `now`, which never goes back. In this order:
    /// 1. longer than the mtu: too_long. 2. The transmitter is busy or silent for the duty cycle and `queue`
    /// datagrams wait already (their sending has not begun): queue_full. Neither has left its sender: no
    /// airtime, no frames, and it does not keep the NAT's mapping alive. 3. It is sent, which costs airtime
    /// whatever happens then: all frames' octets and overhead at `rate`, rounded up to whole microseconds. 4.
    /// `now` is in the window of a partition: partitioned. 5. A frame is lost: lost or lost_in_burst, after
    /// the first such frame.
    /// 6. It arrives `delay` and some jitter after it has left, but not before the one in front of it; held
    /// back if it is reordered. A second copy has its own jitter and comes up to `reorder_by` later; it is
    /// never before the time at which the first would arrive without being held back. Delivered datagrams
    /// keep their order, unless one was reordered or is a second copy; what arrives at the same microsecond
    /// arrives in the order of the calls. Octets and overhead beyond 65535 count as 65535. Times stop at
    /// their largest value instead of wrapping.
    Verdict send(Way way, Micros now, std::size_t octets);

    /// Counts the bindings of the NAT, from 0: a change means that the device now has another source port and
    /// that what is sent to the old one is lost (the caller reports that with count_unbound()). send(up)
    /// changes it, nothing else; after send(up) it is the binding of this datagram. The NAT sees a datagram
    /// when it is handed in.
    std::uint32_t binding() const { return binding_; }
    /// For a datagram that arrives at the NAT at `now` for the binding it was sent to: is it still known?
    /// False if the device has another one now, or has not sent for `after_idle` or longer (also when it has
    /// never sent).
    bool bound(std::uint32_t binding, Micros now) const;
    void count_unbound() { ++ways_[1].counters.unbound; }

    const LinkCounters& counters(Way way) const { return ways_[static_cast<std::size_t>(way)].counters; }

  private:
    struct Direction {
        const DirectionSettings* settings;
        std::uint64_t seed;
        LinkCounters counters;
        bool bad = false;        ///< the burst state
        Micros free_at{0};       ///< when the transmitter may start the next datagram
        Micros last_arrival{0};  ///< jitter does not reorder
        std::deque<Micros>
            waiting;  ///< when each queued datagram begins to leave; bounded by settings->queue
    };

    bool partitioned(Way way, Micros now) const;
    void device_sends(Micros now);

    const LinkSettings& settings_;
    std::array<Direction, 2> ways_;
    std::uint32_t binding_ = 0;
    bool used_ = false;   ///< the device has sent
    Micros bound_at_{0};  ///< when it got its present binding
    Micros last_up_{0};
};

}  // namespace mqttsn::lossy

#endif
