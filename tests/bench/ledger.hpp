// SPDX-License-Identifier: BSD-3-Clause
//
// Which messages of which stream have arrived: tells the first copy from a repetition and a late one from one
// in order, exactly, for the newest messages of each stream. Memory is bounded and allocated at the start:
// all streams share 4 Mbit, and each remembers at least its newest 1024. Older arrivals count as repetitions,
// so that they can never hide a loss. One thread.
#ifndef TESTS_BENCH_LEDGER_HPP
#define TESTS_BENCH_LEDGER_HPP

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mqttsn::load {

enum class Arrival : std::uint8_t {
    in_order,   ///< new, and the newest so far
    late,       ///< new, but a newer one was here before
    duplicate,  ///< here before, or too old to tell
};

class Ledger {
  public:
    /// @param streams  who receives messages with sequence numbers of its own
    explicit Ledger(std::size_t streams);

    struct Entry {
        Arrival arrival = Arrival::duplicate;
        /// in_order: by how much the newest sequence number went up; above 1 there is a gap before it.
        std::uint32_t advanced = 0;
    };
    /// @param stream    below the constructor's `streams`
    /// @param sequence  from 0
    Entry arrive(std::size_t stream, std::uint32_t sequence);

    /// Different messages that this stream has received.
    std::uint32_t arrived(std::size_t stream) const { return streams_[stream].arrived; }
    /// One more than the newest sequence number received; 0 before the first.
    std::uint32_t next(std::size_t stream) const { return streams_[stream].next; }
    std::uint64_t arrived() const { return arrived_; }
    std::uint64_t duplicates() const { return duplicates_; }
    std::uint64_t late() const { return late_; }
    /// How many of the newest sequence numbers of each stream are remembered.
    std::uint32_t window() const { return window_; }

  private:
    struct Stream {
        std::uint32_t next = 0;
        std::uint32_t arrived = 0;
    };

    std::uint64_t& word(std::size_t stream, std::uint32_t sequence) {
        return bits_[stream * (window_ / 64) + (sequence & (window_ - 1)) / 64];
    }
    void forget(std::size_t stream, std::uint32_t from, std::uint32_t to);

    std::uint32_t window_;
    std::vector<Stream> streams_;
    std::vector<std::uint64_t> bits_;  // of stream s and sequence n: bit n mod window_
    std::uint64_t arrived_ = 0;
    std::uint64_t duplicates_ = 0;
    std::uint64_t late_ = 0;
};

}  // namespace mqttsn::load

#endif
