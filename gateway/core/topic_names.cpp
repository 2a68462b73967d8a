// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/topic_names.hpp"

#include <cstring>
#include <new>

#include "gateway/core/hash.hpp"

namespace mqttsn::gateway {

/// Its octets follow it in the same piece of memory.
struct TopicName::Entry {
    TopicNames* pool;
    std::uint64_t hash;
    std::uint32_t references;
    std::uint32_t size;

    std::uint8_t* octets() { return reinterpret_cast<std::uint8_t*>(this + 1); }
    Bytes bytes() { return Bytes{octets(), size}; }
};

TopicName::TopicName(const TopicName& other) noexcept : entry_(other.entry_) {
    if (entry_ != nullptr) {
        ++entry_->references;
    }
}

TopicName::~TopicName() {
    if (entry_ != nullptr && --entry_->references == 0) {
        entry_->pool->drop(entry_);
    }
}

Bytes TopicName::bytes() const {
    return entry_ != nullptr ? entry_->bytes() : Bytes{};
}

std::uint64_t TopicName::hash() const {
    return entry_ != nullptr ? entry_->hash : 0;
}

TopicNames::Entry* TopicNames::find_entry(Bytes octets, std::uint64_t hash) const {
    return names_.find(hash, [&](Entry* entry) { return equal(entry->bytes(), octets); });
}

void TopicNames::drop(Entry* entry) {
    names_.erase(entry->hash, entry);
    ::operator delete(entry);
}

TopicName TopicNames::find(Bytes octets) const {
    Entry* const entry = find_entry(octets, hash_octets(seed_, octets));
    if (entry != nullptr) {
        ++entry->references;
    }
    return TopicName{entry};
}

TopicName TopicNames::intern(Bytes octets) {
    const std::uint64_t hash = hash_octets(seed_, octets);
    Entry* entry = find_entry(octets, hash);
    if (entry == nullptr) {
        entry = new (::operator new(sizeof(Entry) + octets.size))
            Entry{this, hash, 0, static_cast<std::uint32_t>(octets.size)};
        if (!octets.empty()) {
            std::memcpy(entry->octets(), octets.data, octets.size);
        }
        names_.insert(hash, entry);
    }
    ++entry->references;
    return TopicName{entry};
}

}  // namespace mqttsn::gateway
