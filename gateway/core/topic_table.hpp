// SPDX-License-Identifier: BSD-3-Clause
//
// The normal topic ids of one device (SN12-119): id <-> name, and what the device knows of it. An id keeps
// its name for the life of the session (D21); pre-defined ids and short names do not live here.
#ifndef GATEWAY_CORE_TOPIC_TABLE_HPP
#define GATEWAY_CORE_TOPIC_TABLE_HPP

#include <cstdint>
#include <memory>

#include "gateway/core/open_index.hpp"
#include "gateway/core/predefined_topics.hpp"
#include "gateway/core/small_vector.hpp"
#include "gateway/core/topic_names.hpp"

namespace mqttsn::gateway {

struct TopicEntry {
    TopicName name;
    std::uint16_t id = 0;
    bool known =
        false;  ///< the device has been told the id and it took it: PUBLISH without REGISTER (SN12-89)
    bool told = false;   ///< the device learned the id from this gateway: it may publish to it, whatever it
                         ///< forgets later (D21)
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
    void clear();
    /// The id of the first entry, 1 unless said. Ids of an earlier gateway may still be in the device's
    /// memory: a table that begins elsewhere does not know them, and says so, where one that begins at 1
    /// would take them for others (D21).
    void begin_at(std::uint16_t id) { first_id_ = id; }
    std::size_t size() const { return entries_.size(); }

  private:
    void note_name();

    static constexpr std::uint16_t kNoPlace = 0xFFFF;
    using ByName = OpenIndex<std::uint16_t, kNoPlace>;

    SmallVector<TopicEntry, 1> entries_;  // ids grow, so it is sorted by id
    std::unique_ptr<ByName> by_name_;     // places in entries_; only where there are many
    std::uint16_t first_id_ = 1;
};

}  // namespace mqttsn::gateway

#endif
