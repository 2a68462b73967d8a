// SPDX-License-Identifier: BSD-3-Clause
//
// A bounded queue from any thread to one reader that sleeps elsewhere (the uv loop, a condition variable).
// Here: the queue and when to wake. Not here: what is in it, and the reader. push() from any thread; drain()
// and close() from the reader's thread only. The lock is a leaf: nothing but `wake` is called with it held,
// so `wake` must neither block nor come back here (uv_async_send does neither), and nobody calls Paho with it
// held.
#ifndef GATEWAY_BROKER_MAILBOX_HPP
#define GATEWAY_BROKER_MAILBOX_HPP

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace mqttsn::gateway {

template <class Item>
class Mailbox {
  public:
    /// `wake` is called when the mailbox stops being empty: once for all items up to the next drain(). Since
    /// uv_async_t coalesces too, the reader must take everything at each wake-up, which drain() does.
    Mailbox(std::size_t capacity, std::function<void()> wake) : capacity_(capacity), wake_(std::move(wake)) {}
    Mailbox(const Mailbox&) = delete;
    Mailbox& operator=(const Mailbox&) = delete;

    /// Queues `item` behind the others. False when full (counted) or closed; the item is gone then.
    bool push(Item item) {
        const std::lock_guard lock(mutex_);
        if (closed_) {
            return false;
        }
        if (items_.size() >= capacity_) {
            ++dropped_;
            return false;
        }
        items_.push_back(std::move(item));
        if (items_.size() == 1) {
            wake_();
        }
        return true;
    }

    /// Hands over everything that is queued now, oldest first, with no lock held; returns how many. What
    /// comes meanwhile wakes again, so a busy sender cannot keep the reader here.
    template <class Handle>
    std::size_t drain(Handle&& handle) {
        std::vector<Item> taken;
        {
            const std::lock_guard lock(mutex_);
            taken.swap(items_);
        }
        for (Item& item : taken) {
            handle(std::move(item));
        }
        return taken.size();
    }

    /// From now on push() does nothing and `wake` is never called again: after this the reader may go away.
    void close() {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        items_.clear();
        wake_ = nullptr;
    }

    /// Items lost because it was full.
    std::uint64_t dropped() const {
        const std::lock_guard lock(mutex_);
        return dropped_;
    }

  private:
    mutable std::mutex mutex_;
    std::vector<Item> items_;
    const std::size_t capacity_;
    std::function<void()> wake_;
    std::uint64_t dropped_ = 0;
    bool closed_ = false;
};

}  // namespace mqttsn::gateway

#endif
