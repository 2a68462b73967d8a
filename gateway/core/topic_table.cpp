// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/topic_table.hpp"

#include <algorithm>

namespace mqttsn::gateway {
namespace {

constexpr std::size_t kFewEntries = 16;  // these are compared one by one: their names are pointers

}  // namespace

TopicEntry* TopicTable::find(std::uint16_t id) {
    if (entries_.empty()) {
        return nullptr;
    }
    // Ids follow each other but for those that pre-defined topics have.
    const auto likely = static_cast<std::uint16_t>(id - entries_.front().id);
    if (likely < entries_.size() && entries_[likely].id == id) {
        return &entries_[likely];
    }
    TopicEntry* const found =
        std::lower_bound(entries_.begin(), entries_.end(), id,
                         [](const TopicEntry& entry, std::uint16_t key) { return entry.id < key; });
    return found != entries_.end() && found->id == id ? found : nullptr;
}

TopicEntry* TopicTable::find(const TopicName& name) {
    if (by_name_ != nullptr) {
        const std::uint16_t place = by_name_->find(
            name.hash(), [&](std::uint16_t candidate) { return entries_[candidate].name == name; });
        return place != kNoPlace ? &entries_[place] : nullptr;
    }
    TopicEntry* const found = std::find_if(entries_.begin(), entries_.end(),
                                           [&name](const TopicEntry& entry) { return entry.name == name; });
    return found != entries_.end() ? found : nullptr;
}

/// The last entry is new.
void TopicTable::note_name() {
    std::size_t first = entries_.size() - 1;
    if (by_name_ == nullptr) {
        if (entries_.size() <= kFewEntries) {
            return;
        }
        by_name_ = std::make_unique<ByName>();
        first = 0;
    }
    for (std::size_t i = first; i < entries_.size(); ++i) {
        by_name_->insert(entries_[i].name.hash(), static_cast<std::uint16_t>(i));
    }
}

void TopicTable::clear() {
    entries_.clear();
    by_name_.reset();
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
    note_name();
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
