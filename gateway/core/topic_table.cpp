// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/topic_table.hpp"

#include <algorithm>

namespace mqttsn::gateway {

TopicEntry* TopicTable::find(std::uint16_t id) {
    const auto found =
        std::lower_bound(entries_.begin(), entries_.end(), id,
                         [](const TopicEntry& entry, std::uint16_t key) { return entry.id < key; });
    return found != entries_.end() && found->id == id ? &*found : nullptr;
}

TopicEntry* TopicTable::find(const TopicName& name) {
    const auto found = std::find_if(entries_.begin(), entries_.end(),
                                    [&name](const TopicEntry& entry) { return entry.name == name; });
    return found != entries_.end() ? &*found : nullptr;
}

TopicEntry* TopicTable::add(const TopicName& name, const PredefinedTopics& predefined,
                            std::uint32_t entries_max) {
    if (TopicEntry* const entry = find(name)) {
        return entry;
    }
    if (entries_.size() >= entries_max) {
        return nullptr;
    }
    std::uint32_t id = entries_.empty() ? first_id_ : entries_.back().id + 1U;
    while (id <= kTopicIdMax && predefined.is_predefined(static_cast<std::uint16_t>(id))) {
        ++id;
    }
    if (id > kTopicIdMax) {
        return nullptr;
    }
    entries_.push_back(TopicEntry{name, static_cast<std::uint16_t>(id)});
    return &entries_.back();
}

void TopicTable::forget_what_device_knows() {
    for (TopicEntry& entry : entries_) {
        entry.known = false;
    }
    unmute();
}

void TopicTable::unmute() {
    for (TopicEntry& entry : entries_) {
        entry.muted = false;
    }
}

}  // namespace mqttsn::gateway
