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
    std::vector<DownlinkItem> bigger(std::max<std::size_t>(4, items_.size() * 2));
    for (std::size_t i = 0; i < count_; ++i) {
        bigger[i] = std::move((*this)[i]);
    }
    items_ = std::move(bigger);
    head_ = 0;
}

DownlinkItem& DownlinkQueue::push(Bytes payload) {
    if (count_ == items_.size()) {
        grow();
    }
    DownlinkItem& item = items_[place(count_)];
    ++count_;
    item.payload.assign(payload.begin(), payload.end());
    octets_ += payload.size;
    add(cost(payload.size));
    return item;
}

void DownlinkQueue::replace_payload(DownlinkItem& item, Bytes payload) {
    octets_ -= item.payload.size();
    subtract(item.payload.size());
    item.payload.assign(payload.begin(), payload.end());
    octets_ += payload.size;
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
    octets_ -= front().payload.size();
    subtract(cost(front().payload.size()));
    reset(front());
    head_ = (head_ + 1) % items_.size();
    --count_;
    if (count_ == 0) {
        head_ = 0;
        if (items_.size() > kItemsKept) {
            items_ = std::vector<DownlinkItem>{};
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
    items_ = std::vector<DownlinkItem>{};
    head_ = 0;
    count_ = 0;
    octets_ = 0;
}

}  // namespace mqttsn::gateway
