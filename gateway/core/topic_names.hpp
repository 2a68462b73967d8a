// SPDX-License-Identifier: BSD-3-Clause
//
// Topic names and filters, each kept once however many sessions use it. Equal names are equal pointers.
// Loop thread only; a TopicName must not outlive its pool.
#ifndef GATEWAY_CORE_TOPIC_NAMES_HPP
#define GATEWAY_CORE_TOPIC_NAMES_HPP

#include <cstddef>
#include <cstdint>
#include <utility>

#include "gateway/core/open_index.hpp"
#include "mqttsn/wire.hpp"

namespace mqttsn::gateway {

class TopicNames;

/// A counted reference to a name in the pool; empty when default-made.
class TopicName {
  public:
    TopicName() = default;
    TopicName(const TopicName& other) noexcept;
    TopicName(TopicName&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}
    TopicName& operator=(TopicName other) noexcept {
        std::swap(entry_, other.entry_);
        return *this;
    }
    ~TopicName();

    /// Valid as long as any reference to the name is.
    Bytes bytes() const;
    /// Seeded, of the octets; 0 of no name.
    std::uint64_t hash() const;
    explicit operator bool() const { return entry_ != nullptr; }
    friend bool operator==(const TopicName& a, const TopicName& b) { return a.entry_ == b.entry_; }

  private:
    friend class TopicNames;
    struct Entry;
    explicit TopicName(Entry* entry) noexcept : entry_(entry) {}
    Entry* entry_ = nullptr;
};

class TopicNames {
  public:
    explicit TopicNames(std::uint64_t seed) : seed_(seed) {}
    ~TopicNames() = default;  // names must not outlive it: it is empty by then
    TopicNames(const TopicNames&) = delete;
    TopicNames& operator=(const TopicNames&) = delete;

    /// The name, added when it is new.
    TopicName intern(Bytes octets);
    /// The name when somebody uses it, else empty.
    TopicName find(Bytes octets) const;
    /// Names in use.
    std::size_t size() const { return names_.size(); }

  private:
    friend class TopicName;
    using Entry = TopicName::Entry;

    Entry* find_entry(Bytes octets, std::uint64_t hash) const;
    void drop(Entry* entry);

    std::uint64_t seed_;
    OpenIndex<Entry*, nullptr> names_;
};

}  // namespace mqttsn::gateway

#endif
