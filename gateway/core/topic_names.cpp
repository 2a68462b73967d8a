// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/topic_names.hpp"

#include <cstring>

#include "gateway/core/hash.hpp"

namespace mqttsn::gateway {

struct TopicName::Entry {
    TopicNames* pool;
    std::uint64_t hash;
    std::uint32_t references;
    std::uint32_t size;
    std::unique_ptr<std::uint8_t[]> octets;
    Bytes bytes() const { return Bytes{octets.get(), size}; }
};

struct TopicNames::Set {
    using Entry = TopicName::Entry;
    struct Key {
        Bytes octets;
        std::uint64_t hash;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(const std::unique_ptr<Entry>& entry) const { return entry->hash; }
        std::size_t operator()(const Key& key) const { return key.hash; }
    };
    struct Equal {
        using is_transparent = void;
        bool operator()(const std::unique_ptr<Entry>& a, const std::unique_ptr<Entry>& b) const {
            return a == b;
        }
        bool operator()(const Key& key, const std::unique_ptr<Entry>& entry) const {
            return key.hash == entry->hash && equal(key.octets, entry->bytes());
        }
        bool operator()(const std::unique_ptr<Entry>& entry, const Key& key) const {
            return (*this)(key, entry);
        }
    };
    std::unordered_set<std::unique_ptr<Entry>, Hash, Equal> entries;
};

TopicName::TopicName(const TopicName& other) noexcept : entry_(other.entry_) {
    if (entry_ != nullptr) {
        ++entry_->references;
    }
}

TopicName::~TopicName() {
    if (entry_ != nullptr && --entry_->references == 0) {
        auto& entries = entry_->pool->set_->entries;
        entries.erase(entries.find(TopicNames::Set::Key{entry_->bytes(), entry_->hash}));
    }
}

Bytes TopicName::bytes() const {
    return entry_ != nullptr ? entry_->bytes() : Bytes{};
}

TopicNames::TopicNames(std::uint64_t seed) : seed_(seed), set_(std::make_unique<Set>()) {}
TopicNames::~TopicNames() = default;

TopicName TopicNames::find(Bytes octets) const {
    const auto found = set_->entries.find(Set::Key{octets, hash_octets(seed_, octets)});
    if (found == set_->entries.end()) {
        return TopicName{};
    }
    ++(*found)->references;
    return TopicName{found->get()};
}

TopicName TopicNames::intern(Bytes octets) {
    TopicName name = find(octets);
    if (name) {
        return name;
    }
    auto entry = std::make_unique<TopicName::Entry>();
    entry->pool = this;
    entry->hash = hash_octets(seed_, octets);
    entry->references = 1;
    entry->size = static_cast<std::uint32_t>(octets.size);
    entry->octets = std::make_unique<std::uint8_t[]>(octets.size);
    if (!octets.empty()) {
        std::memcpy(entry->octets.get(), octets.data, octets.size);
    }
    TopicName::Entry* const place = entry.get();
    set_->entries.insert(std::move(entry));
    return TopicName{place};
}

std::size_t TopicNames::size() const {
    return set_->entries.size();
}

}  // namespace mqttsn::gateway
