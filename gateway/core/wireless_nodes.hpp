// SPDX-License-Identifier: BSD-3-Clause
//
// The devices behind forwarders (SN12-117): forwarder address and wireless node id, known to the rest of the
// core as one number (Endpoint::node). Here: the numbers, and how long they live. A node stays only while
// somebody holds it, that is while a session is bound to it; what a stranger sends is forgotten with the call
// that dealt with it. Not here: the wrapper's octets (common/mqttsn/codec) and what is let in
// (forwarder.hpp). Loop thread only.
#ifndef GATEWAY_CORE_WIRELESS_NODES_HPP
#define GATEWAY_CORE_WIRELESS_NODES_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "gateway/core/endpoint.hpp"
#include "mqttsn/wire.hpp"

namespace mqttsn::gateway {

class WirelessNodes {
  public:
    explicit WirelessNodes(std::uint64_t seed);

    /// The number of a node; the same one as long as it is held. 0 only when 2^24 - 1 nodes are held.
    /// @param forwarder  its node is ignored
    /// @param node_id    0..252 octets; no octets are a node id, too (SN12-115)
    std::uint32_t intern(const Endpoint& forwarder, Bytes node_id);

    /// Holds are counted. 0 and numbers of the past are ignored.
    void hold(std::uint32_t node);
    void drop(std::uint32_t node);
    /// Forgets what nobody holds. Until then a number stays good, so that answers find their way.
    void release_unheld();

    /// Is it a node, or a number of the past?
    bool known(std::uint32_t node) const { return find(node) != nullptr; }
    bool held(std::uint32_t node) const;
    /// Empty also for a node that is not known.
    Bytes id(std::uint32_t node) const;
    /// Depends on forwarder and node id only, not on the number.
    std::uint64_t hash(std::uint32_t node) const;
    /// How many nodes behind this forwarder are held.
    std::size_t held_behind(const Endpoint& forwarder) const;
    /// All that are remembered at this moment.
    std::size_t size() const { return slots_.size() - free_.size(); }

  private:
    struct Node {
        Endpoint forwarder;
        std::string id;
        std::uint64_t hash = 0;
        std::uint32_t number = 0;
        std::uint32_t holds = 0;
    };
    struct Key {
        const Endpoint& forwarder;
        Bytes id;
        std::uint64_t hash;
    };
    struct KeyHash {
        using is_transparent = void;
        std::size_t operator()(const Node* node) const { return node->hash; }
        std::size_t operator()(const Key& key) const { return key.hash; }
    };
    struct KeyEqual {
        using is_transparent = void;
        bool operator()(const Node* left, const Node* right) const { return left == right; }
        bool operator()(const Key& key, const Node* node) const;
        bool operator()(const Node* node, const Key& key) const { return (*this)(key, node); }
    };
    struct ForwarderHash {
        std::uint64_t seed;
        std::size_t operator()(const Endpoint& endpoint) const;
    };

    Node* find(std::uint32_t number) const;

    std::uint64_t seed_;
    std::vector<std::unique_ptr<Node>> slots_;
    std::vector<std::uint32_t> free_;
    std::vector<std::uint8_t>
        lives_;  // per slot: how often it was used, so that old numbers are not taken for new
    std::unordered_set<Node*, KeyHash, KeyEqual> held_;
    std::unordered_map<Endpoint, std::uint32_t, ForwarderHash> held_behind_;
    std::vector<std::uint32_t> passing_;  // numbers that may have nobody to hold them
};

/// Holds a node as long as it lives: for whoever keeps an endpoint beyond the call that brought it.
class NodeHold {
  public:
    NodeHold() = default;
    NodeHold(WirelessNodes& nodes, std::uint32_t node) : nodes_(&nodes), node_(node) { nodes.hold(node); }
    NodeHold(NodeHold&& other) noexcept : nodes_(std::exchange(other.nodes_, nullptr)), node_(other.node_) {}
    NodeHold& operator=(NodeHold&& other) noexcept {
        std::swap(nodes_, other.nodes_);
        std::swap(node_, other.node_);
        return *this;
    }
    NodeHold(const NodeHold&) = delete;
    NodeHold& operator=(const NodeHold&) = delete;
    ~NodeHold() {
        if (nodes_ != nullptr) {
            nodes_->drop(node_);
        }
    }

  private:
    WirelessNodes* nodes_ = nullptr;
    std::uint32_t node_ = 0;
};

}  // namespace mqttsn::gateway

#endif
