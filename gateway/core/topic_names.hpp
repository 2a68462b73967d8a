// SPDX-License-Identifier: BSD-3-Clause
//
// Topic names and filters, each kept once however many sessions use it. Equal names are equal pointers.
// Loop thread only; a TopicName must not outlive its pool.
#ifndef GATEWAY_CORE_TOPIC_NAMES_HPP
#define GATEWAY_CORE_TOPIC_NAMES_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_set>
#include <utility>

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
    explicit TopicNames(std::uint64_t seed);
    ~TopicNames();
    TopicNames(const TopicNames&) = delete;
    TopicNames& operator=(const TopicNames&) = delete;

    /// The name, added when it is new.
    TopicName intern(Bytes octets);
    /// The name when somebody uses it, else empty.
    TopicName find(Bytes octets) const;
    /// Names in use.
    std::size_t size() const;

  private:
    friend class TopicName;
    struct Set;
    std::uint64_t seed_;
    std::unique_ptr<Set> set_;
};

}  // namespace mqttsn::gateway

#endif
