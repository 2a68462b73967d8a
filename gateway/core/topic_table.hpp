// SPDX-License-Identifier: BSD-3-Clause
//
// The normal topic ids of one device (SN12-119): id <-> name, and what the device knows of it. An id keeps
// its name for the life of the session (D21); pre-defined ids and short names do not live here.
#ifndef GATEWAY_CORE_TOPIC_TABLE_HPP
#define GATEWAY_CORE_TOPIC_TABLE_HPP

#include <cstdint>
#include <vector>

#include "gateway/core/predefined_topics.hpp"
#include "gateway/core/topic_names.hpp"

namespace mqttsn::gateway {

struct TopicEntry {
    TopicName name;
    std::uint16_t id = 0;
    bool known =
        false;  ///< the device has been told the id and it took it: PUBLISH without REGISTER (SN12-89)
    bool muted = false;  ///< the device refused the REGISTER: nothing of this name until it asks again (D40)
};

class TopicTable {
  public:
    /// Pointers live until the next add() or clear().
    TopicEntry* find(std::uint16_t id);
    TopicEntry* find(const TopicName& name);
    /// The entry of `name`, made when it is new, with the next id that no pre-defined topic has (D35).
    /// @return nullptr when the table has `entries_max` entries or the ids are used up.
    TopicEntry* add(const TopicName& name, const PredefinedTopics& predefined, std::uint32_t entries_max);
    /// After a reconnect: every id must be registered again before its first use (D21), mutes are over (D40).
    void forget_what_device_knows();
    /// A new SUBSCRIBE: names the device refused may come again (D40).
    void unmute();
    void clear() { entries_.clear(); }
    std::size_t size() const { return entries_.size(); }

  private:
    std::vector<TopicEntry> entries_;  // ids grow, so it is sorted by id
};

}  // namespace mqttsn::gateway

#endif
