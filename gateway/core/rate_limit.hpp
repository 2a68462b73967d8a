// SPDX-License-Identifier: BSD-3-Clause
//
// Limits on what strangers can make the gateway do: a token bucket, and one answer a second for each unknown
// source.
#ifndef GATEWAY_CORE_RATE_LIMIT_HPP
#define GATEWAY_CORE_RATE_LIMIT_HPP

#include <algorithm>
#include <cstdint>
#include <vector>

#include "gateway/core/settings.hpp"

namespace mqttsn::gateway {

/// `per_second` permits a second, at most one second's worth saved up. 0 = no limit.
class TokenBucket {
  public:
    explicit TokenBucket(std::uint32_t per_second) : per_second_(per_second), milli_tokens_(capacity()) {}

    /// Would take() succeed?
    bool available(Instant now) {
        if (per_second_ == 0) {
            return true;
        }
        if (started_) {
            const auto elapsed = static_cast<std::uint64_t>((now - last_).count());
            milli_tokens_ =
                std::min(capacity(), milli_tokens_ + std::min<std::uint64_t>(elapsed, 1000) * per_second_);
        }
        started_ = true;
        last_ = now;
        return milli_tokens_ >= 1000;
    }
    bool take(Instant now) {
        if (!available(now)) {
            return false;
        }
        milli_tokens_ -= per_second_ == 0 ? 0 : 1000;
        return true;
    }

  private:
    std::uint64_t capacity() const { return static_cast<std::uint64_t>(per_second_) * 1000; }
    std::uint32_t per_second_;
    std::uint64_t milli_tokens_;
    Instant last_{};
    bool started_ = false;
};

/// Answers to one source at most once a second (D12), so that two gateways cannot keep each other busy with
/// DISCONNECTs. A fixed table: sources that share a place share the limit.
class SourceLimit {
  public:
    bool take(std::uint64_t source_hash, Instant now) {
        if (last_.empty()) {
            last_.assign(kPlaces, Instant::min());
        }
        Instant& last = last_[source_hash % kPlaces];
        if (last != Instant::min() && now - last < Millis{1000}) {
            return false;
        }
        last = now;
        return true;
    }

  private:
    static constexpr std::size_t kPlaces = 4096;
    std::vector<Instant> last_;
};

/// Answers to the unknown nodes behind one forwarder: a quarter of those to all that are unknown, so that a
/// forwarder with many of them, or one who forges node ids, leaves some for the others. A fixed table, as
/// above.
class ForwarderLimit {
  public:
    /// @param per_second  for all together; 0 = no limit
    explicit ForwarderLimit(std::uint32_t per_second) : per_second_((per_second + 3) / 4) {}

    TokenBucket& of(std::uint64_t forwarder_hash) {
        if (buckets_.empty()) {
            buckets_.assign(kPlaces, TokenBucket(per_second_));
        }
        return buckets_[forwarder_hash % kPlaces];
    }

  private:
    static constexpr std::size_t kPlaces = 256;
    std::uint32_t per_second_;
    std::vector<TokenBucket> buckets_;
};

}  // namespace mqttsn::gateway

#endif
