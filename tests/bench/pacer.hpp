// SPDX-License-Identifier: BSD-3-Clause
//
// Which sender may send when. Closed loop: so many messages unanswered over all senders; open loop: a fixed
// rate, whatever comes back; burst: all senders at once, and again when all are answered. Senders take turns.
// Times go in, decisions come out; nothing is allocated after the constructor. One thread.
#ifndef TESTS_BENCH_PACER_HPP
#define TESTS_BENCH_PACER_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace mqttsn::load {

constexpr std::uint64_t kNever = UINT64_MAX;

struct PacerSettings {
    std::size_t senders = 1;
    std::uint32_t each_max =
        1;  ///< unanswered messages of one sender; not looked at in an open loop at QoS 0
    std::uint64_t window = 128;          ///< over all senders; not looked at with a rate
    double rate = 0;                     ///< messages per second, 0 = closed loop
    bool burst = false;                  ///< not with a rate
    std::uint64_t count = 0;             ///< messages in all, 0 = no limit
    std::uint64_t duration_ns = kNever;  ///< no message later than this after start()
};

class Pacer {
  public:
    /// Every sender is ready.
    explicit Pacer(const PacerSettings& settings);

    void start(std::uint64_t now_ns);
    /// Who is to send one message now; nothing when nobody may.
    std::optional<std::size_t> take(std::uint64_t now_ns);
    /// take() has its reason to be asked again at this time, or after answered(); kNever: only then, or not
    /// at all because it is done.
    std::uint64_t next_ns(std::uint64_t now_ns) const;
    /// So many messages of this sender are no longer on their way.
    void answered(std::size_t sender, std::uint32_t messages = 1);
    /// All that is on its way will not be answered any more.
    void write_off();
    /// Nothing more is sent, for example because of a signal.
    void stop() { stopped_ = true; }

    /// take() will never again name a sender.
    bool done(std::uint64_t now_ns) const;
    std::uint64_t sent() const { return sent_; }
    std::uint64_t in_flight() const { return in_flight_; }
    /// How far the open loop was behind its schedule at most.
    std::uint64_t lag_max_ns() const { return lag_max_ns_; }

  private:
    struct Sender {
        std::uint32_t in_flight = 0;
        bool queued = false;
    };

    void queue(std::size_t sender);
    bool allowed(std::uint64_t now_ns);

    PacerSettings settings_;
    std::vector<Sender> senders_;
    std::vector<std::size_t> ready_;  // a ring: each sender is in it at most once
    std::size_t front_ = 0;
    std::size_t ready_count_ = 0;
    double interval_ns_ = 0;
    std::uint64_t start_ns_ = 0;
    std::uint64_t end_ns_ = kNever;
    std::uint64_t next_ns_ = 0;  // of the open loop
    std::uint64_t sent_ = 0;
    std::uint64_t in_flight_ = 0;
    std::uint64_t lag_max_ns_ = 0;
    std::uint64_t round_left_ = 0;  // of a burst
    bool stopped_ = false;
};

}  // namespace mqttsn::load

#endif
