// SPDX-License-Identifier: BSD-3-Clause
//
// Which topic id stands for which name, in memory of the caller. One table for both directions, because the
// gateway gives a name one id (D35). Records lie one after the other, the most recently used last: id (2),
// octets (2), name. When the memory is full the least recently used record goes; a forgotten id is repaired
// by REGISTER (uplink) or by PUBACK 02 (downlink, SN12-91). Not here: predefined ids and short names, which
// need no table.
#ifndef MQTTSN_CLIENT_TOPICS_HPP
#define MQTTSN_CLIENT_TOPICS_HPP

#include "mqttsn/wire.hpp"

namespace mqttsn {

// may_alias: the object lives in storage that the caller declared with the public C type.
class __attribute__((may_alias)) TopicTable {
  public:
    /// `memory` is borrowed for the life of the table and may be null when `capacity` is 0.
    void init(uint8_t* memory, uint16_t capacity);
    void clear() { used_ = 0; }

    /// The id of `name`, or kTopicIdNone. Counts as a use.
    uint16_t find_id(Bytes name);
    /// True when `id` has a name. Counts as a use.
    bool touch(uint16_t id);
    /// The name of `id`, empty when unknown; lives until the next call that is not const.
    Bytes name_of(uint16_t id) const;

    /// Remembers the pair; every older record with the same id or the same name goes.
    /// @return false when the name could never fit; the table is unchanged then.
    bool learn(uint16_t id, Bytes name);
    void forget(uint16_t id);

  private:
    static constexpr uint16_t kHeader = 4;

    uint16_t id_at(uint16_t offset) const;
    uint16_t size_at(uint16_t offset) const;  // of the whole record
    Bytes name_at(uint16_t offset) const;
    uint16_t offset_of(uint16_t id) const;  // used_ when there is none
    uint16_t offset_of(Bytes name) const;   // used_ when there is none
    void erase(uint16_t offset);
    void reverse(uint16_t from, uint16_t to);
    void move_to_end(uint16_t offset);

    uint8_t* memory_;
    uint16_t capacity_;
    uint16_t used_;
};

}  // namespace mqttsn

#endif
