// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/wireless_nodes.hpp"

#include "gateway/core/hash.hpp"
#include "gateway/core/text.hpp"

namespace mqttsn::gateway {
namespace {

// A number is the slot (from 1, so that no number is 0) and, above it, the slot's life.
constexpr unsigned kSlotBits = 24;
constexpr std::uint32_t kSlotMask = (1U << kSlotBits) - 1;

Endpoint address_of(Endpoint endpoint) {
    endpoint.node = 0;
    return endpoint;
}

}  // namespace

bool WirelessNodes::KeyEqual::operator()(const Key& key, const Node* node) const {
    return key.hash == node->hash && text_of(key.id) == node->id && key.forwarder == node->forwarder;
}

std::size_t WirelessNodes::ForwarderHash::operator()(const Endpoint& endpoint) const {
    return hash_endpoint(seed, endpoint);
}

WirelessNodes::WirelessNodes(std::uint64_t seed)
    : seed_(Prng::mix(seed)), held_behind_(0, ForwarderHash{Prng::mix(seed_)}) {}

WirelessNodes::Node* WirelessNodes::find(std::uint32_t number) const {
    const std::uint32_t slot = (number & kSlotMask) - 1;  // of 0: beyond every slot
    if (slot >= slots_.size() || slots_[slot] == nullptr || slots_[slot]->number != number) {
        return nullptr;
    }
    return slots_[slot].get();
}

std::uint32_t WirelessNodes::intern(const Endpoint& forwarder, Bytes node_id) {
    const Endpoint address = address_of(forwarder);
    const Key key{address, node_id, hash_octets(hash_endpoint(seed_, address), node_id)};
    if (const auto found = held_.find(key); found != held_.end()) {
        return (*found)->number;
    }
    for (const std::uint32_t number : passing_) {  // one, or a few that lost their holder in this call
        const Node* const node = find(number);
        if (node != nullptr && KeyEqual{}(key, node)) {
            return number;
        }
    }
    auto slot = static_cast<std::uint32_t>(slots_.size());
    if (!free_.empty()) {
        slot = free_.back();
        free_.pop_back();
    } else if (slot >= kSlotMask) {
        return 0;
    } else {
        slots_.emplace_back();
        lives_.push_back(0);
    }
    slots_[slot] = std::make_unique<Node>();
    Node& node = *slots_[slot];
    node.forwarder = address;
    node.id = text_of(node_id);
    node.hash = key.hash;
    node.number = (slot + 1) | static_cast<std::uint32_t>(lives_[slot]++) << kSlotBits;
    passing_.push_back(node.number);
    return node.number;
}

void WirelessNodes::hold(std::uint32_t number) {
    Node* const node = find(number);
    if (node != nullptr && node->holds++ == 0) {
        held_.insert(node);
        ++held_behind_[node->forwarder];
    }
}

void WirelessNodes::drop(std::uint32_t number) {
    Node* const node = find(number);
    if (node == nullptr || node->holds == 0 || --node->holds > 0) {
        return;
    }
    held_.erase(node);
    const auto count = held_behind_.find(node->forwarder);
    if (--count->second == 0) {
        held_behind_.erase(count);
    }
    passing_.push_back(number);
}

void WirelessNodes::release_unheld() {
    for (const std::uint32_t number : passing_) {
        const Node* const node = find(number);  // a number may stand here twice
        if (node != nullptr && node->holds == 0) {
            const std::uint32_t slot = (number & kSlotMask) - 1;
            slots_[slot].reset();
            free_.push_back(slot);
        }
    }
    passing_.clear();
}

bool WirelessNodes::held(std::uint32_t number) const {
    const Node* const node = find(number);
    return node != nullptr && node->holds > 0;
}

Bytes WirelessNodes::id(std::uint32_t number) const {
    const Node* const node = find(number);
    return node != nullptr ? octets_of(node->id) : Bytes{};
}

std::uint64_t WirelessNodes::hash(std::uint32_t number) const {
    const Node* const node = find(number);
    return node != nullptr ? node->hash : 0;
}

std::size_t WirelessNodes::held_behind(const Endpoint& forwarder) const {
    const auto found = held_behind_.find(address_of(forwarder));
    return found != held_behind_.end() ? found->second : 0;
}

}  // namespace mqttsn::gateway
