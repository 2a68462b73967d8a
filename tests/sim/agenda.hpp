// SPDX-License-Identifier: BSD-3-Clause
//
// What happens when, in virtual time: a heap of small entries. Entries of the same time come in the order in
// which they were added, so that a run depends on its seed alone.
#ifndef TESTS_SIM_AGENDA_HPP
#define TESTS_SIM_AGENDA_HPP

#include <algorithm>
#include <cstdint>
#include <vector>

#include "lossy/link_settings.hpp"

namespace mqttsn::sim {

using lossy::Micros;

class Agenda {
  public:
    enum class What : std::uint8_t {
        datagram_up,    ///< number = slot of the datagram
        datagram_down,  ///< number = slot of the datagram
        device_timer,   ///< number = device
        gateway_timer,
        connection,  ///< number = connection to the broker: something on it is due
        downlink,    ///< number = device: an application publishes to it
        action,      ///< number = index of a planned action
    };
    struct Entry {
        Micros at;
        std::uint64_t order;
        What what;
        std::uint32_t number;
    };

    void add(Micros at, What what, std::uint32_t number) {
        heap_.push_back(Entry{at, next_order_++, what, number});
        std::push_heap(heap_.begin(), heap_.end(), later);
    }
    bool empty() const { return heap_.empty(); }
    const Entry& first() const { return heap_.front(); }
    Entry take() {
        std::pop_heap(heap_.begin(), heap_.end(), later);
        const Entry entry = heap_.back();
        heap_.pop_back();
        return entry;
    }

  private:
    static bool later(const Entry& left, const Entry& right) {
        return left.at != right.at ? left.at > right.at : left.order > right.order;
    }

    std::vector<Entry> heap_;
    std::uint64_t next_order_ = 0;
};

}  // namespace mqttsn::sim

#endif
