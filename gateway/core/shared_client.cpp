// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/shared_client.hpp"

#include <utility>

namespace mqttsn::gateway {

void SharedQueue::push(SharedCopy copy) {
    octets_ += copy.message->payload().size;
    copies_.push_back(std::move(copy));
}

SharedCopy SharedQueue::pop_front() {
    SharedCopy copy = std::move(copies_[head_]);
    octets_ -= copy.message->payload().size;
    ++head_;
    if (head_ * 2 >= copies_.size()) {
        copies_.erase(copies_.begin(), copies_.begin() + static_cast<std::ptrdiff_t>(head_));
        head_ = 0;
    }
    return copy;
}

void SharedQueue::erase(std::size_t index) {
    const std::size_t at = head_ + index;
    octets_ -= copies_[at].message->payload().size;
    copies_.erase(copies_.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace mqttsn::gateway
