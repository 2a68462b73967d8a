// SPDX-License-Identifier: BSD-3-Clause
//
// How many messages of the broker may wait in a mailbox for the loop. Paho acknowledges a message when its
// callback has returned, whatever it returns, so the only way not to lose one without room is to stay in the
// callback: Paho's receiving thread waits here, TCP holds the broker back. The loop never waits for Paho, so
// this cannot be a deadlock. enter(): Paho's threads; the rest: the loop. The lock is a leaf.
#ifndef GATEWAY_BROKER_ARRIVAL_GATE_HPP
#define GATEWAY_BROKER_ARRIVAL_GATE_HPP

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace mqttsn::gateway {

class ArrivalGate {
  public:
    static constexpr std::size_t kMessagesMax = 2048;
    static constexpr std::size_t kOctetsMax = 8U << 20U;  ///< a single larger message passes when none waits
    /// A loop that makes no room for so long hangs; then a message is lost rather than all of Paho stopped.
    static constexpr std::chrono::seconds kPatience{5};

    /// Waits for room. False: there will be none, the message is lost (counted, unless closed).
    bool enter(std::size_t octets) {
        std::unique_lock lock(mutex_);
        const bool room = changed_.wait_for(lock, kPatience, [&] {
            return closed_ || messages_ == 0 || (messages_ < kMessagesMax && octets_ + octets <= kOctetsMax);
        });
        if (closed_ || !room) {
            lost_ += closed_ ? 0 : 1;
            return false;
        }
        ++messages_;
        octets_ += octets;
        return true;
    }
    /// The loop has dealt with a message that entered.
    void leave(std::size_t octets) {
        {
            const std::lock_guard lock(mutex_);
            --messages_;
            octets_ -= octets;
        }
        changed_.notify_one();
    }
    /// Nobody reads any more: nobody waits.
    void close() {
        {
            const std::lock_guard lock(mutex_);
            closed_ = true;
        }
        changed_.notify_all();
    }
    std::uint64_t lost() const { return lost_; }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t messages_ = 0;
    std::size_t octets_ = 0;
    bool closed_ = false;
    std::atomic<std::uint64_t> lost_{0};
};

}  // namespace mqttsn::gateway

#endif
