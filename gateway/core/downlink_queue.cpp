// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/downlink_queue.hpp"

#include <algorithm>
#include <utility>

namespace mqttsn::gateway {
namespace {

constexpr std::size_t kPayloadKept = 256;  // octets of payload memory an idle place may keep
constexpr std::size_t kItemsKept = 8;      // places an empty queue may keep

}  // namespace

DownlinkItem* DownlinkQueue::find(std::uint16_t packet_id) {
    for (std::size_t i = 0; i < count_; ++i) {
        DownlinkItem& item = (*this)[i];
        if (item.packet_id == packet_id && !item.detached &&
            (item.qos > 0 || item.kind == DownlinkItem::Kind::release)) {
            return &item;
        }
    }
    return nullptr;
}

void DownlinkQueue::grow() {
    const std::uint32_t places = std::max(1U, places_ * 2);
    auto bigger = std::make_unique<DownlinkItem[]>(places);
    for (std::size_t i = 0; i < count_; ++i) {
        bigger[i] = std::move((*this)[i]);
    }
    items_ = std::move(bigger);
    places_ = places;
    head_ = 0;
}

DownlinkItem& DownlinkQueue::push(Bytes payload) {
    if (count_ == places_) {
        grow();
    }
    DownlinkItem& item = items_[place(count_)];
    ++count_;
    item.payload.assign(payload.begin(), payload.end());
    octets_ += static_cast<std::uint32_t>(payload.size);
    add(cost(payload.size));
    return item;
}

void DownlinkQueue::replace_payload(DownlinkItem& item, Bytes payload) {
    octets_ -= static_cast<std::uint32_t>(item.payload.size());
    subtract(item.payload.size());
    item.payload.assign(payload.begin(), payload.end());
    octets_ += static_cast<std::uint32_t>(payload.size);
    add(payload.size);
}

void DownlinkQueue::reset(DownlinkItem& item) {
    std::vector<std::uint8_t> payload = std::move(item.payload);
    payload.clear();
    item = DownlinkItem{};
    if (payload.capacity() <= kPayloadKept) {
        item.payload = std::move(payload);
    }
}

void DownlinkQueue::pop_front() {
    octets_ -= static_cast<std::uint32_t>(front().payload.size());
    subtract(cost(front().payload.size()));
    reset(front());
    head_ = static_cast<std::uint32_t>(place(1));
    --count_;
    if (count_ == 0) {
        head_ = 0;
        if (places_ > kItemsKept) {
            items_.reset();
            places_ = 0;
        }
    }
}

void DownlinkQueue::erase(std::size_t index) {
    for (std::size_t i = index; i > 0; --i) {
        std::swap((*this)[i], (*this)[i - 1]);
    }
    pop_front();
}

void DownlinkQueue::clear() {
    subtract(octets_ + count_ * cost(0));
    items_.reset();
    places_ = 0;
    head_ = 0;
    count_ = 0;
    octets_ = 0;
}

}  // namespace mqttsn::gateway
