// SPDX-License-Identifier: BSD-3-Clause
#include "mqttsn/retransmit.hpp"

namespace mqttsn {

void RoundTrip::sample(uint32_t ms) {
    const uint32_t r = ms < kSampleMaxMs ? ms : kSampleMaxMs;
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

uint32_t RoundTrip::wait_ms(uint32_t longest_ms) const {
    if (!known()) {
        return longest_ms;
    }
    const uint32_t spread = rttvar_4_ > kGranularityMs ? rttvar_4_ : kGranularityMs;  // 4 RTTVAR is rttvar_4_
    uint64_t wait = uint64_t{srtt_8_ / 8} + spread;
    wait <<= doublings_;
    return wait < longest_ms ? static_cast<uint32_t>(wait) : longest_ms;
}

}  // namespace mqttsn
