// SPDX-License-Identifier: BSD-3-Clause
//
// T_retry / N_retry of one awaited reply, as values (SN12-99, SN12-100): how long to wait, whether to send
// again, and an estimate of the round trip for those who want to wait no longer than that takes. Time is the
// owner's affair. Not here: what is sent, and the timer. Any thread; no heap, no clock, integers only.
#ifndef MQTTSN_RETRANSMIT_HPP
#define MQTTSN_RETRANSMIT_HPP

#include <stddef.h>
#include <stdint.h>

#include "mqttsn/wire.hpp"

namespace mqttsn {

struct RetryPolicy {
    uint32_t interval_ms = 10000;  ///< T_retry
    uint8_t count_max = 3;         ///< N_retry: retransmissions after the first transmission
};

/// Counts the transmissions of one message. count_max retransmissions, so count_max + 1 transmissions in all.
class Retry {
  public:
    /// The first transmission leaves now.
    constexpr void start() { retransmissions_ = 0; }
    /// The timer ran out: true = send again (and count it), false = give up.
    constexpr bool expired(const RetryPolicy& policy) {
        if (retransmissions_ >= policy.count_max) {
            return false;
        }
        ++retransmissions_;
        return true;
    }
    /// The message on the wire is a repetition (DUP, D29).
    constexpr bool repeated() const { return retransmissions_ > 0; }

  private:
    uint8_t retransmissions_ = 0;
};

/// The interval with up to a quarter added, so that devices that lost the same datagram do not
/// repeat in step.
/// @param interval_ms  at most 3 400 000 000, so that the sum fits
/// @param random       any 32 random bits
constexpr uint32_t jittered(uint32_t interval_ms, uint32_t random) {
    return interval_ms +
           static_cast<uint32_t>((static_cast<uint64_t>(interval_ms) * (random & 0xFFFFU)) >> 18);
}

/// How long an answer may take, from how long answers took: RFC 6298 in whole milliseconds. An optimisation
/// that the specification does not have: T_retry (10 to 15 s) is right for the slowest network, and on a
/// quick one each lost datagram costs all of it.
///   sample(t)          SRTT and RTTVAR of section 2; only of exchanges that were sent once (Karn, section 3)
///   sent_again()       each repetition doubles the wait, and the doubling outlives the exchange until the
///                      next sample (sections 5.5 to 5.7): when the network has become slower than the wait,
///                      no exchange gives a sample any more, and only so it comes right again
///   wait_ms(longest)   SRTT + max(G, 4 RTTVAR), doubled, at most `longest`; that alone while nothing is
///   known
class RoundTrip {
  public:
    /// G, and so the least wait there is. The clocks are finer, but a device that polls its radio, or is busy
    /// with a measurement, answers at its own time, and a steady round trip makes RTTVAR small: TCP stacks
    /// keep the same 200 ms for delayed acknowledgements.
    static constexpr uint32_t kGranularityMs = 200;
    /// More than any T_retry (10 min) doubled; keeps the sums small.
    static constexpr uint32_t kSampleMaxMs = 1U << 21U;

    /// A reply came `ms` after the only transmission of what it answers.
    void sample(uint32_t ms);
    /// The reply did not come in time.
    void sent_again() {
        doublings_ = doublings_ < kDoublingsMax ? static_cast<uint8_t>(doublings_ + 1) : doublings_;
    }
    /// How long to wait for the reply to what is sent now.
    /// @param longest_ms  T_retry: never more than that
    uint32_t wait_ms(uint32_t longest_ms) const;
    /// There was a sample.
    bool known() const { return srtt_8_ != 0; }

  private:
    static constexpr uint8_t kDoublingsMax = 24;
    uint32_t srtt_8_ = 0;    ///< SRTT in eighths of a millisecond, rounded up so that 0 is "nothing known"
    uint32_t rttvar_4_ = 0;  ///< RTTVAR in quarters of a millisecond
    uint8_t doublings_ = 0;
};
static_assert(sizeof(RoundTrip) <= 12, "one for each device");

/// What tells two QoS 2 messages apart that come under the same MsgId within seconds: a late copy of the one
/// before has the same mark (D30). Two octets, so a device can keep a few. The gateway computes it as well,
/// to wait where a device would be mistaken.
constexpr uint16_t content_mark(Bytes content) {
    uint32_t hash = 0x811C9DC5U;  // FNV-1a
    for (size_t i = 0; i < content.size; ++i) {
        hash = (hash ^ content.data[i]) * 0x01000193U;
    }
    return static_cast<uint16_t>(hash ^ (hash >> 16U));
}

}  // namespace mqttsn

#endif
