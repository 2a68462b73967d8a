// SPDX-License-Identifier: BSD-3-Clause
#include "topics.hpp"

#include <string.h>

namespace mqttsn {

namespace {

uint16_t read_u16(const uint8_t* at) {
    return static_cast<uint16_t>((at[0] << 8U) | at[1]);
}

void write_u16(uint8_t* at, size_t value) {
    at[0] = static_cast<uint8_t>(value >> 8U);
    at[1] = static_cast<uint8_t>(value);
}

}  // namespace

void TopicTable::init(uint8_t* memory, uint16_t capacity) {
    memory_ = memory;
    capacity_ = capacity;
    used_ = 0;
}

uint16_t TopicTable::id_at(uint16_t offset) const {
    return read_u16(memory_ + offset);
}

uint16_t TopicTable::size_at(uint16_t offset) const {
    return static_cast<uint16_t>(kHeader + read_u16(memory_ + offset + 2));
}

Bytes TopicTable::name_at(uint16_t offset) const {
    return Bytes{memory_ + offset + kHeader, static_cast<size_t>(size_at(offset) - kHeader)};
}

uint16_t TopicTable::offset_of(uint16_t id) const {
    uint16_t at = 0;
    while (at < used_ && id_at(at) != id) {
        at = static_cast<uint16_t>(at + size_at(at));
    }
    return at;
}

uint16_t TopicTable::offset_of(Bytes name) const {
    uint16_t at = 0;
    while (at < used_ && !equal(name_at(at), name)) {
        at = static_cast<uint16_t>(at + size_at(at));
    }
    return at;
}

void TopicTable::erase(uint16_t offset) {
    if (offset >= used_) {
        return;
    }
    const uint16_t size = size_at(offset);
    memmove(memory_ + offset, memory_ + offset + size, static_cast<size_t>(used_ - offset - size));
    used_ = static_cast<uint16_t>(used_ - size);
}

void TopicTable::reverse(uint16_t from, uint16_t to) {
    while (from + 1 < to) {
        --to;
        const uint8_t octet = memory_[from];
        memory_[from] = memory_[to];
        memory_[to] = octet;
        ++from;
    }
}

// Rotates the record behind all others without a second buffer: three reversals.
void TopicTable::move_to_end(uint16_t offset) {
    const uint16_t next = static_cast<uint16_t>(offset + size_at(offset));
    if (next == used_) {
        return;
    }
    reverse(offset, next);
    reverse(next, used_);
    reverse(offset, used_);
}

uint16_t TopicTable::find_id(Bytes name) {
    const uint16_t at = offset_of(name);
    if (at >= used_) {
        return kTopicIdNone;
    }
    const uint16_t id = id_at(at);
    move_to_end(at);
    return id;
}

bool TopicTable::touch(uint16_t id) {
    const uint16_t at = offset_of(id);
    if (at >= used_) {
        return false;
    }
    move_to_end(at);
    return true;
}

Bytes TopicTable::name_of(uint16_t id) const {
    const uint16_t at = offset_of(id);
    return at < used_ ? name_at(at) : Bytes{};
}

bool TopicTable::learn(uint16_t id, Bytes name) {
    const size_t size = kHeader + name.size;
    if (size > capacity_) {
        return false;
    }
    // An id that now means another name must never be used for its old one again: that would publish to, or
    // report, the wrong topic. It happens when a gateway lost its table and gives its ids anew.
    erase(offset_of(id));
    erase(offset_of(name));
    while (used_ + size > capacity_) {
        erase(0);
    }
    uint8_t* const record = memory_ + used_;
    write_u16(record, id);
    write_u16(record + 2, name.size);
    memcpy(record + kHeader, name.data, name.size);
    used_ = static_cast<uint16_t>(used_ + size);
    return true;
}

void TopicTable::forget(uint16_t id) {
    erase(offset_of(id));
}

}  // namespace mqttsn
