// SPDX-License-Identifier: BSD-3-Clause
//
// Limits on what strangers can make the gateway do: token buckets, one for all, one for each device, one for
// each network that datagrams come from; and one answer a second for each unknown source.
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

/// The same in eight octets, for many of them: the rate is the caller's. Two months without a call may cost
/// it a second's worth of tokens, no more.
class SmallBucket {
  public:
    /// @param per_second  permits a second, at most 1 000 000; 0 = no limit
    bool take(std::uint32_t per_second, Instant now) {
        if (per_second == 0) {
            return true;
        }
        const auto now_ms = static_cast<std::uint32_t>(now.time_since_epoch().count());
        const std::uint64_t capacity = std::uint64_t{per_second} * 1000;
        const std::uint64_t elapsed = std::min<std::uint32_t>(now_ms - last_ms_, 1000);
        std::uint64_t tokens = std::min(capacity, milli_tokens_ + elapsed * per_second);
        last_ms_ = now_ms;
        const bool taken = tokens >= 1000;
        tokens -= taken ? 1000 : 0;
        milli_tokens_ = static_cast<std::uint32_t>(tokens);
        return taken;
    }

  private:
    std::uint32_t milli_tokens_ = 0xFFFFFFFFU;  // as full as the rate allows
    std::uint32_t last_ms_ = 0;
};

/// `per_second` permits a second for each source; see hash_source(). A fixed table: sources that share a
/// place share the permits, so many spoofed ones can use up a stranger's, but only as fast as all places
/// together.
class SourceBuckets {
  public:
    explicit SourceBuckets(std::uint32_t per_second)
        : per_second_(per_second), buckets_(per_second == 0 ? 0 : kPlaces) {}

    bool take(std::uint64_t source_hash, Instant now) {
        return per_second_ == 0 || buckets_[source_hash % kPlaces].take(per_second_, now);
    }

  private:
    static constexpr std::size_t kPlaces = 4096;
    std::uint32_t per_second_;
    std::vector<SmallBucket> buckets_;
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
