// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/net/source_share.hpp"

#include <algorithm>

#include "gateway/core/hash.hpp"

namespace mqttsn::gateway {

SourceShare::Slowed* SourceShare::find_slowed(const Endpoint& source) {
    for (Slowed& slowed : slowed_) {
        if (slowed.source == source) {
            return &slowed;
        }
    }
    return nullptr;
}

bool SourceShare::admit_slowed(const Endpoint& from, Instant now) {
    Slowed* const slowed = find_slowed(from);
    if (slowed == nullptr || slowed->bucket.take(now)) {
        return true;
    }
    slowed->last_dropped = now;
    return false;
}

/// A majority vote in each place: who has more than all others there together stays.
void SourceShare::note(const Endpoint& from) {
    ++total_;
    Place& place = places_[hash_endpoint(seed_, from) % kPlaces];
    if (place.count == 0) {
        place.source = from;
        place.count = 1;
    } else if (place.source == from) {
        ++place.count;
    } else {
        --place.count;
    }
}

void SourceShare::stop_counting() {
    crowded_turns_ = 0;
    counting_ = false;
}

std::optional<Endpoint> SourceShare::end_turn(bool left_unread, Instant now, const Spared& spared) {
    if (!slowed_.empty()) {
        const auto over = [now](const Slowed& slowed) { return now - slowed.last_dropped > kHoldMs; };
        slowed_.erase(std::remove_if(slowed_.begin(), slowed_.end(), over), slowed_.end());
    }
    if (!left_unread) {
        stop_counting();
        return std::nullopt;
    }
    if (crowded_turns_++ == 0) {
        places_.assign(kPlaces, Place{});
        total_ = 0;
        counting_ = true;
        return std::nullopt;
    }
    return crowded_turns_ > kCrowdedTurns ? judge(now, spared) : std::nullopt;
}

std::optional<Endpoint> SourceShare::judge(Instant now, const Spared& spared) {
    const Place* most = nullptr;
    for (const Place& place : places_) {
        if (place.count > total_ / kPart && (most == nullptr || place.count > most->count) &&
            find_slowed(place.source) == nullptr && !spared(place.source)) {
            most = &place;
        }
    }
    stop_counting();  // what is left unread now is counted anew, without that one
    if (most == nullptr) {
        return std::nullopt;
    }
    if (slowed_.size() == kSlowedMax) {
        slowed_.erase(slowed_.begin());
    }
    slowed_.push_back(Slowed{most->source, TokenBucket{kPerSecond}, now});
    return most->source;
}

}  // namespace mqttsn::gateway
