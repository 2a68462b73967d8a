// SPDX-License-Identifier: BSD-3-Clause
//
// Links in the order in which they were opened, that wait for their turn to connect. Any of them may leave at
// any time. Every call is O(1), taken over many.
#ifndef GATEWAY_BROKER_WAITING_LINKS_HPP
#define GATEWAY_BROKER_WAITING_LINKS_HPP

#include <cstddef>
#include <cstdint>
#include <deque>

#include "gateway/broker/direct_link.hpp"

namespace mqttsn::gateway {

class WaitingLinks {
  public:
    /// The link must not be deleted before it is taken or removed.
    void add(DirectLink& link) {
        link.waiting_number = first_ + places_.size();
        places_.push_back(&link);
        ++size_;
    }
    /// Not there: nothing happens.
    void remove(DirectLink& link) {
        if (link.waiting_number == 0) {
            return;
        }
        places_[static_cast<std::size_t>(link.waiting_number - first_)] = nullptr;
        link.waiting_number = 0;
        --size_;
    }
    /// The one that has waited longest, or nullptr.
    DirectLink* take() {
        while (!places_.empty()) {
            DirectLink* const link = places_.front();
            places_.pop_front();
            ++first_;
            if (link != nullptr) {
                link->waiting_number = 0;
                --size_;
                return link;
            }
        }
        return nullptr;
    }
    void clear() {
        while (take() != nullptr) {
        }
    }
    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }

  private:
    std::deque<DirectLink*> places_;  ///< nullptr = it has left
    std::uint64_t first_ = 1;         ///< number of places_.front()
    std::size_t size_ = 0;
};

}  // namespace mqttsn::gateway

#endif
