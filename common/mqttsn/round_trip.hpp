// SPDX-License-Identifier: BSD-3-Clause
//
// How long an answer may take, from how long answers took: RFC 6298 in whole milliseconds. An optimisation
// that the specification does not have: T_retry (10 to 15 s) is right for the slowest network, and on a quick
// one each lost datagram costs all of it. All zeros is "nothing known". C++11, because the device library is.
#ifndef MQTTSN_ROUND_TRIP_HPP
#define MQTTSN_ROUND_TRIP_HPP

#include <stdint.h>

namespace mqttsn {

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
    void sample(uint32_t ms) {
        const uint32_t r = ms < kSampleMaxMs ? ms : static_cast<uint32_t>(kSampleMaxMs);
        doublings_ = 0;
        if (!known()) {  // RFC 6298 (2.2): SRTT = R, RTTVAR = R / 2
            srtt_8_ = r * 8 + 1;
            rttvar_4_ = r * 2;
            return;
        }
        // (2.3) with alpha = 1/8 and beta = 1/4, RTTVAR with the SRTT before: x += (new - x) / n, in n-ths.
        const uint32_t srtt = srtt_8_ / 8;
        const uint32_t deviation = srtt > r ? srtt - r : r - srtt;
        rttvar_4_ += deviation - rttvar_4_ / 4;
        srtt_8_ += r - srtt;
        srtt_8_ = srtt_8_ == 0 ? 1 : srtt_8_;
    }
    /// The reply did not come in time.
    void sent_again() {
        if (doublings_ < kDoublingsMax) {
            ++doublings_;
        }
    }
    /// How long to wait for the reply to what is sent now.
    /// @param longest_ms  T_retry: never more than that
    uint32_t wait_ms(uint32_t longest_ms) const {
        if (!known()) {
            return longest_ms;
        }
        // 4 RTTVAR is rttvar_4_.
        uint32_t wait =
            srtt_8_ / 8 + (rttvar_4_ > kGranularityMs ? rttvar_4_ : static_cast<uint32_t>(kGranularityMs));
        for (uint8_t i = 0; i < doublings_; ++i) {
            if (wait > longest_ms / 2) {
                return longest_ms;
            }
            wait += wait;
        }
        return wait < longest_ms ? wait : longest_ms;
    }
    /// There was a sample.
    bool known() const { return srtt_8_ != 0; }

  private:
    static constexpr uint8_t kDoublingsMax = 24;
    uint32_t srtt_8_ = 0;    ///< SRTT in eighths of a millisecond, rounded up so that 0 is "nothing known"
    uint32_t rttvar_4_ = 0;  ///< RTTVAR in quarters of a millisecond
    uint8_t doublings_ = 0;
};
static_assert(sizeof(RoundTrip) <= 12, "one for each device");

}  // namespace mqttsn

#endif
