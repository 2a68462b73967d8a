// SPDX-License-Identifier: BSD-3-Clause
#include "topics.hpp"

#include <string.h>

namespace mqttsn {
namespace {

unsigned read_u16(const uint8_t* at) {
    return static_cast<unsigned>(at[0]) << 8U | at[1];
}

unsigned TopicTable::octets_at(unsigned offset) const {
    return read_u16(memory + offset + 2);
}

unsigned TopicTable::find(unsigned id, const void* name, size_t octets) const {
    unsigned at = 0;
    while (at < used) {
        const bool found = name == nullptr
                               ? read_u16(memory + at) == id
                               : octets_at(at) == octets && memcmp(name_at(at), name, octets) == 0;
        if (found) {
            break;
        }
        at += kHeader + octets_at(at);
    }
    return at;
}

void TopicTable::erase(unsigned offset) {
    if (offset < used) {
        const unsigned size = kHeader + octets_at(offset);
        used = static_cast<uint16_t>(used - size);
        memmove(memory + offset, memory + offset + size, used - offset);
    }
}

unsigned TopicTable::use(unsigned id, const void* name, size_t octets) {
    const unsigned at = find(id, name, octets);
    if (at >= used) {
        return 0;
    }
    id = read_u16(memory + at);
    // To the end, octet by octet: no second buffer, and little code. Nothing moves when it is there already.
    const unsigned size = kHeader + octets_at(at);
    const unsigned behind = used - at - size;
    for (unsigned i = 0; behind != 0 && i < size; ++i) {
        const uint8_t octet = memory[at];
        memmove(memory + at, memory + at + 1, behind + size - 1);
        memory[used - 1U] = octet;
    }
    return id;
}

bool TopicTable::learn(unsigned id, const void* name, size_t octets) {
    const size_t size = kHeader + octets;
    // An id that now means another name must never be used for its old one again: that would publish to, or
    // report, the wrong topic. It happens when a gateway lost its table and gives its ids anew.
    forget(id);
    if (size > capacity) {
        return false;
    }
    erase(find(0, name, octets));
    while (used + size > capacity) {
        erase(0);
    }
    uint8_t* const record = memory + used;
    record[0] = static_cast<uint8_t>(id >> 8U);
    record[1] = static_cast<uint8_t>(id);
    record[2] = static_cast<uint8_t>(octets >> 8U);
    record[3] = static_cast<uint8_t>(octets);
    memcpy(record + kHeader, name, octets);
    used = static_cast<uint16_t>(used + size);
    return true;
}

}  // namespace
}  // namespace mqttsn
