// SPDX-License-Identifier: BSD-3-Clause
#include "bench/histogram.hpp"

#include <algorithm>
#include <cmath>

namespace mqttsn::load {

std::uint64_t Histogram::last_of(std::size_t bucket) {
    if (bucket < kSub) {
        return bucket;
    }
    const std::uint64_t shift = bucket / kSub - 1;
    return ((bucket % kSub + kSub + 1) << shift) - 1;
}

std::uint64_t Histogram::percentile(double percent) const {
    if (count_ == 0) {
        return 0;
    }
    const double exact = std::ceil(static_cast<double>(count_) * percent / 100.0);
    const std::uint64_t wanted = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(exact), 1, count_);
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket + 1 < kBuckets; ++bucket) {
        seen += counts_[bucket];
        if (seen >= wanted) {
            return std::min(last_of(bucket), max_);
        }
    }
    return max_;  // the last bucket has no end
}

}  // namespace mqttsn::load
