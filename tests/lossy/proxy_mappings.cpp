// SPDX-License-Identifier: BSD-3-Clause
#include "lossy/proxy_mappings.hpp"

#include "lossy/random.hpp"

namespace mqttsn::lossy {

std::uint64_t device_seed(std::uint64_t seed, std::uint64_t number) {
    return Random::mix(Random::mix(seed) + number);
}

ProxyMappings::ProxyMappings(const LinkSettings& settings, std::uint64_t seed, std::size_t capacity,
                             Micros expire, std::uint64_t hash_seed)
    : settings_(settings), seed_(seed), capacity_(capacity), expire_(expire), index_(16, Hash{hash_seed}) {}

void ProxyMappings::unlink(std::uint32_t slot) {
    Slot& entry = slots_[slot];
    (entry.newer == kNone ? newest_ : slots_[entry.newer].older) = entry.older;
    (entry.older == kNone ? oldest_ : slots_[entry.older].newer) = entry.newer;
    entry.newer = entry.older = kNone;
}

void ProxyMappings::link_newest(std::uint32_t slot) {
    slots_[slot].older = newest_;
    (newest_ == kNone ? oldest_ : slots_[newest_].newer) = slot;
    newest_ = slot;
}

Mapping* ProxyMappings::get(MappingId id) {
    if (id.slot >= slots_.size() || slots_[id.slot].generation != id.generation || !slots_[id.slot].mapping) {
        return nullptr;
    }
    return &*slots_[id.slot].mapping;
}

void ProxyMappings::touch(MappingId id, Micros now) {
    if (Mapping* const mapping = get(id)) {
        mapping->last_used = now;
        unlink(id.slot);
        link_newest(id.slot);
    }
}

void ProxyMappings::remove(MappingId id) {
    const Mapping* const mapping = get(id);
    if (mapping == nullptr) {
        return;
    }
    gone_[0] += mapping->link.counters(Way::up);
    gone_[1] += mapping->link.counters(Way::down);
    index_.erase(mapping->device);
    unlink(id.slot);
    slots_[id.slot].mapping.reset();
    ++slots_[id.slot].generation;
    free_.push_back(id.slot);
}

std::optional<MappingId> ProxyMappings::evict_oldest(MappingId keep) {
    std::uint32_t slot = oldest_;
    if (slot == keep.slot && slot != kNone) {
        slot = slots_[slot].newer;
    }
    if (slot == kNone) {
        return std::nullopt;
    }
    const MappingId id{slot, slots_[slot].generation};
    remove(id);
    ++evicted_;
    return id;
}

std::optional<MappingId> ProxyMappings::expire_one(Micros now) {
    if (oldest_ == kNone || now - slots_[oldest_].mapping->last_used <= expire_) {
        return std::nullopt;
    }
    const MappingId id{oldest_, slots_[oldest_].generation};
    remove(id);
    ++expired_;
    return id;
}

ProxyMappings::Found ProxyMappings::find_or_create(const Endpoint& device, Micros now) {
    if (const auto known = index_.find(device); known != index_.end()) {
        const MappingId id{known->second, slots_[known->second].generation};
        touch(id, now);
        return {id, false, std::nullopt};
    }
    Found found;
    found.created = true;
    if (index_.size() >= capacity_) {
        found.evicted = evict_oldest(MappingId{kNone, 0});
    }
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.emplace_back();
    }
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    slots_[slot].mapping.emplace(Mapping{device, LinkModel(settings_, device_seed(seed_, created_)), now});
    ++created_;
    index_.emplace(device, slot);
    link_newest(slot);
    found.id = {slot, slots_[slot].generation};
    return found;
}

LinkCounters ProxyMappings::totals(Way way) const {
    LinkCounters sum = gone_[static_cast<std::size_t>(way)];
    for (const Slot& slot : slots_) {
        if (slot.mapping) {
            sum += slot.mapping->link.counters(way);
        }
    }
    return sum;
}

}  // namespace mqttsn::lossy
