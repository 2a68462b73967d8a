// SPDX-License-Identifier: BSD-3-Clause
//
// Which topic id stands for which name, in memory of the caller. One table for both directions, because the
// gateway gives a name one id (D35). Records lie one after the other, the most recently used last: id (2),
// octets (2), name. When the memory is full the least recently used record goes; a forgotten id is repaired
// by REGISTER (uplink) or by PUBACK 02 (downlink, SN12-91). Not here: predefined ids and short names, which
// need no table.
#ifndef MQTTSN_CLIENT_TOPICS_HPP
#define MQTTSN_CLIENT_TOPICS_HPP

#include <stddef.h>
#include <stdint.h>

namespace mqttsn {
namespace {

/// Marks what -Os would copy into several callers although a call is smaller.
#define MQTTSN_CALLED __attribute__((noinline))

MQTTSN_CALLED unsigned read_u16(const uint8_t* at);

struct TopicTable {
    uint8_t* memory;  ///< borrowed; may be null when capacity is 0
    uint16_t capacity;
    uint16_t used;

    /// Where the record of the name is, or of the id when `name` is null; `used` when there is none.
    unsigned find(unsigned id, const void* name, size_t octets) const;
    /// The id of that record, which counts as used now; 0 = none.
    MQTTSN_CALLED unsigned use(unsigned id, const void* name, size_t octets);
    /// Remembers the pair; every older record with the same id or the same name goes.
    /// @return false when the name could never fit; the id means nothing then.
    MQTTSN_CALLED bool learn(unsigned id, const void* name, size_t octets);
    void forget(unsigned id) { erase(find(id, nullptr, 0)); }

    const uint8_t* name_at(unsigned offset) const { return memory + offset + kHeader; }
    unsigned octets_at(unsigned offset) const;  ///< of the name

  private:
    static constexpr unsigned kHeader = 4;
    void erase(unsigned offset);
};

}  // namespace
}  // namespace mqttsn

#endif
