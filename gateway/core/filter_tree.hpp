// SPDX-License-Identifier: BSD-3-Clause
//
// Topic filters by their levels: which of them match a name (MQTT 3.1.1 section 4.7). What a match costs
// depends on the filters that share a beginning with the name, not on how many there are. Nothing recurses;
// levels are bounded by kTopicLevelsMax. What a filter stands for is the caller's number. Loop thread only.
#ifndef GATEWAY_CORE_FILTER_TREE_HPP
#define GATEWAY_CORE_FILTER_TREE_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mqttsn/wire.hpp"

namespace mqttsn::gateway {

class FilterTree {
  public:
    static constexpr std::uint32_t kNone = 0xFFFFFFFFU;

    /// `seed`: of the hashes, so that devices cannot choose names that pile up.
    explicit FilterTree(std::uint64_t seed);

    /// The value of exactly this filter, or kNone.
    std::uint32_t find(Bytes filter) const;
    /// Adds a valid filter that is not there yet.
    void insert(Bytes filter, std::uint32_t value);
    /// Takes a filter out; nothing when it is not there.
    void erase(Bytes filter);
    /// Appends the values of all filters that match a valid name, each once. The order depends on the filters
    /// and their history alone. '+' and '#' in the first level never match a name that begins with '$'.
    void match(Bytes name, std::vector<std::uint32_t>& values) const;

    bool empty() const { return edges_.empty() && nodes_[0].plus == kNone && nodes_[0].hash == kNone; }

  private:
    struct Node {
        std::uint32_t value = kNone;
        std::uint32_t plus = kNone;  ///< the child '+'
        std::uint32_t hash = kNone;  ///< the child '#', always a leaf
        std::uint32_t children = 0;  ///< of all kinds
    };
    struct Edge {
        std::uint32_t parent;
        std::string level;
    };
    struct EdgeView {
        std::uint32_t parent;
        std::string_view level;
    };
    struct Hash {
        using is_transparent = void;
        std::uint64_t seed;
        std::size_t operator()(const EdgeView& edge) const;
        std::size_t operator()(const Edge& edge) const { return (*this)(EdgeView{edge.parent, edge.level}); }
    };
    struct Equal {
        using is_transparent = void;
        bool operator()(const Edge& a, const Edge& b) const {
            return a.parent == b.parent && a.level == b.level;
        }
        bool operator()(const EdgeView& a, const Edge& b) const {
            return a.parent == b.parent && a.level == b.level;
        }
        bool operator()(const Edge& a, const EdgeView& b) const { return (*this)(b, a); }
    };

    std::uint32_t child(std::uint32_t node, std::string_view level) const;
    std::uint32_t literal(std::uint32_t node, std::string_view level) const;
    std::uint32_t add_child(std::uint32_t node, std::string_view level);
    void remove_child(std::uint32_t node, std::string_view level);
    void step(std::string_view level, bool wildcards, std::vector<std::uint32_t>& values) const;

    std::vector<Node> nodes_;  // 0 is the root
    std::vector<std::uint32_t> free_;
    std::unordered_map<Edge, std::uint32_t, Hash, Equal> edges_;  // literal levels only; never iterated
    mutable std::vector<std::uint32_t> frontier_;  // of match(): what the levels so far lead to
    mutable std::vector<std::uint32_t> next_;
};

}  // namespace mqttsn::gateway

#endif
