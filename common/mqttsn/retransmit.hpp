// SPDX-License-Identifier: BSD-3-Clause
//
// T_retry / N_retry of one awaited reply, as values (SN12-99, SN12-100): how long to wait, whether to send
// again; with round_trip.hpp for those who want to wait no longer than an answer takes. Time is the owner's
// affair. Not here: what is sent, and the timer. Any thread; no heap, no clock, integers only.
#ifndef MQTTSN_RETRANSMIT_HPP
#define MQTTSN_RETRANSMIT_HPP

#include <stddef.h>
#include <stdint.h>

#include "mqttsn/content_mark.hpp"
#include "mqttsn/round_trip.hpp"
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

inline uint16_t content_mark(Bytes content) {
    return content_mark(content.data, content.size);
}

}  // namespace mqttsn

#endif
