// SPDX-License-Identifier: BSD-3-Clause
//
// A hash table of small values that stand for things kept elsewhere (a slot, a pointer): open addressing with
// linear probing and backward shift, so that a look-up reads one or two neighbouring cache lines and there
// are no tombstones. It holds 32 bits of each hash; the keys stay with the things, and the caller compares
// them. Grows to the double at three quarters; never shrinks. Nothing here has an order that could be seen.
#ifndef GATEWAY_CORE_OPEN_INDEX_HPP
#define GATEWAY_CORE_OPEN_INDEX_HPP

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mqttsn::gateway {

/// @tparam Value  small and cheap to copy
/// @tparam kNone  the value that nothing has
template <typename Value, Value kNone>
class OpenIndex {
  public:
    OpenIndex() = default;
    OpenIndex(const OpenIndex&) = delete;  // it would miss what happens to the things
    OpenIndex& operator=(const OpenIndex&) = delete;

    /// The value of that hash for which `matches(value)` holds, or kNone. Some of those asked have another
    /// hash.
    template <typename Matches>
    Value find(std::uint64_t hash, Matches matches) const {
        if (places_.empty()) {
            return kNone;
        }
        const std::uint32_t key = fold(hash);
        for (std::size_t at = key & mask();; at = (at + 1) & mask()) {
            const Place& place = places_[at];
            if (place.value == kNone) {
                return kNone;
            }
            if (place.key == key && matches(place.value)) {
                return place.value;
            }
        }
    }

    /// Adds a value, also when another one of the same hash is there. No equal value may be there.
    void insert(std::uint64_t hash, Value value) {
        if ((size_ + 1) * 4 > places_.size() * 3) {
            grow();
        }
        ++size_;
        put(Place{value, fold(hash)});
    }

    /// Takes a value out that was inserted with this hash.
    void erase(std::uint64_t hash, Value value) {
        std::size_t hole = fold(hash) & mask();
        while (places_[hole].value != value) {
            hole = (hole + 1) & mask();
        }
        // What stands behind the hole moves up, unless it would come before its own place.
        for (std::size_t at = (hole + 1) & mask(); places_[at].value != kNone; at = (at + 1) & mask()) {
            const std::size_t home = places_[at].key & mask();
            if (((at - home) & mask()) >= ((at - hole) & mask())) {
                places_[hole] = places_[at];
                hole = at;
            }
        }
        places_[hole].value = kNone;
        --size_;
    }

    std::size_t size() const { return size_; }

  private:
    struct Place {
        Value value = kNone;
        std::uint32_t key = 0;
    };
    static std::uint32_t fold(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32U); }
    std::size_t mask() const { return places_.size() - 1; }

    void put(Place place) {
        std::size_t at = place.key & mask();
        while (places_[at].value != kNone) {
            at = (at + 1) & mask();
        }
        places_[at] = place;
    }

    void grow() {
        std::vector<Place> old(places_.empty() ? 16 : places_.size() * 2);
        old.swap(places_);
        for (const Place& place : old) {
            if (place.value != kNone) {
                put(place);
            }
        }
    }

    std::vector<Place> places_;  // a power of two of them, or none
    std::size_t size_ = 0;
};

}  // namespace mqttsn::gateway

#endif
