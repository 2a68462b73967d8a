// SPDX-License-Identifier: BSD-3-Clause
#include "lossy/held_datagrams.hpp"

#include <algorithm>
#include <cstring>

namespace mqttsn::lossy {

bool HeldDatagrams::later(const Entry& left, const Entry& right) {
    return left.datagram.at != right.datagram.at ? left.datagram.at > right.datagram.at
                                                 : left.order > right.order;
}

bool HeldDatagrams::push(HeldDatagram datagram, Bytes octets) {
    if (heap_.size() >= datagrams_max_ || octets.size > octets_max_ - octets_) {
        return false;
    }
    datagram.size = static_cast<std::uint32_t>(octets.size);
    datagram.octets = std::make_unique_for_overwrite<std::uint8_t[]>(octets.size);
    if (octets.size > 0) {
        std::memcpy(datagram.octets.get(), octets.data, octets.size);
    }
    octets_ += octets.size;
    heap_.push_back(Entry{std::move(datagram), pushed_++});
    std::push_heap(heap_.begin(), heap_.end(), later);
    return true;
}

std::optional<Micros> HeldDatagrams::next() const {
    return heap_.empty() ? std::nullopt : std::optional<Micros>(heap_.front().datagram.at);
}

std::optional<HeldDatagram> HeldDatagrams::pop(Micros now) {
    if (heap_.empty() || heap_.front().datagram.at > now) {
        return std::nullopt;
    }
    std::pop_heap(heap_.begin(), heap_.end(), later);
    HeldDatagram datagram = std::move(heap_.back().datagram);
    heap_.pop_back();
    octets_ -= datagram.size;
    return datagram;
}

}  // namespace mqttsn::lossy
