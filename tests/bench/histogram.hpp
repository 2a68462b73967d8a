// SPDX-License-Identifier: BSD-3-Clause
//
// How long things took, in a fixed amount of memory: counts in buckets whose width is 1/64 of their value, so
// a percentile is at most 1.6 % too high, from 64 ns to 18 minutes. Recording is a few instructions and never
// allocates. One thread at a time per object.
#ifndef TESTS_BENCH_HISTOGRAM_HPP
#define TESTS_BENCH_HISTOGRAM_HPP

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace mqttsn::load {

class Histogram {
  public:
    /// What is longer than the last bucket is counted there; max() stays exact.
    void record(std::uint64_t nanoseconds) {
        ++counts_[bucket_of(nanoseconds)];
        ++count_;
        sum_ += nanoseconds;
        if (nanoseconds > max_) {
            max_ = nanoseconds;
        }
    }
    std::uint64_t count() const { return count_; }
    std::uint64_t max() const { return max_; }
    /// 0 without records.
    double mean() const { return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_); }
    /// The smallest value that so many of 100 records do not exceed: the upper end of its bucket, but not
    /// above max(). 0 without records.
    /// @param percent  above 0, up to 100
    std::uint64_t percentile(double percent) const;

  private:
    static constexpr unsigned kSubBits = 6;
    static constexpr std::uint64_t kSub = 1U << kSubBits;
    static constexpr unsigned kTopBit = 40;  // 2^40 ns: 18 minutes
    static constexpr std::size_t kBuckets = (kTopBit - kSubBits + 1) * kSub;

    static std::size_t bucket_of(std::uint64_t value) {
        if (value < kSub) {
            return static_cast<std::size_t>(value);
        }
        const unsigned top = static_cast<unsigned>(std::bit_width(value)) - 1;
        if (top >= kTopBit) {
            return kBuckets - 1;
        }
        const unsigned shift = top - kSubBits;
        return (shift + 1) * kSub + static_cast<std::size_t>((value >> shift) - kSub);
    }
    static std::uint64_t last_of(std::size_t bucket);

    std::array<std::uint64_t, kBuckets> counts_{};
    std::uint64_t count_ = 0;
    std::uint64_t sum_ = 0;
    std::uint64_t max_ = 0;
};

}  // namespace mqttsn::load

#endif
