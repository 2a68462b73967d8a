// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/filter_tree.hpp"

#include "gateway/core/hash.hpp"
#include "gateway/core/text.hpp"

namespace mqttsn::gateway {
namespace {

/// Takes the first level off `rest`. @return false when there is none left
class Levels {
  public:
    explicit Levels(Bytes topic) : rest_(text_of(topic)) {}
    bool next(std::string_view& level) {
        if (done_) {
            return false;
        }
        const std::size_t end = rest_.find('/');
        level = rest_.substr(0, end);
        done_ = end == std::string_view::npos;
        if (!done_) {
            rest_.remove_prefix(end + 1);
        }
        return true;
    }

  private:
    std::string_view rest_;
    bool done_ = false;
};

}  // namespace

std::size_t FilterTree::Hash::operator()(const EdgeView& edge) const {
    return hash_octets(seed ^ edge.parent, octets_of(edge.level));
}

FilterTree::FilterTree(std::uint64_t seed) : nodes_(1), edges_(0, Hash{seed}) {}

std::uint32_t FilterTree::literal(std::uint32_t node, std::string_view level) const {
    const auto found = edges_.find(EdgeView{node, level});
    return found != edges_.end() ? found->second : kNone;
}

std::uint32_t FilterTree::child(std::uint32_t node, std::string_view level) const {
    if (level == "+") {
        return nodes_[node].plus;
    }
    return level == "#" ? nodes_[node].hash : literal(node, level);
}

std::uint32_t FilterTree::add_child(std::uint32_t node, std::string_view level) {
    auto added = static_cast<std::uint32_t>(nodes_.size());
    if (free_.empty()) {
        nodes_.emplace_back();
    } else {
        added = free_.back();
        free_.pop_back();
        nodes_[added] = Node{};
    }
    if (level == "+") {
        nodes_[node].plus = added;
    } else if (level == "#") {
        nodes_[node].hash = added;
    } else {
        edges_.emplace(Edge{node, std::string(level)}, added);
    }
    ++nodes_[node].children;
    return added;
}

void FilterTree::remove_child(std::uint32_t node, std::string_view level) {
    free_.push_back(child(node, level));
    if (level == "+") {
        nodes_[node].plus = kNone;
    } else if (level == "#") {
        nodes_[node].hash = kNone;
    } else {
        edges_.erase(edges_.find(EdgeView{node, level}));
    }
    --nodes_[node].children;
}

std::uint32_t FilterTree::find(Bytes filter) const {
    std::uint32_t node = 0;
    std::string_view level;
    for (Levels levels(filter); node != kNone && levels.next(level);) {
        node = child(node, level);
    }
    return node != kNone ? nodes_[node].value : kNone;
}

void FilterTree::insert(Bytes filter, std::uint32_t value) {
    std::uint32_t node = 0;
    std::string_view level;
    for (Levels levels(filter); levels.next(level);) {
        const std::uint32_t known = child(node, level);
        node = known != kNone ? known : add_child(node, level);
    }
    nodes_[node].value = value;
}

void FilterTree::erase(Bytes filter) {
    struct Step {
        std::uint32_t parent;
        std::string_view level;
    };
    std::vector<Step> path;
    std::uint32_t node = 0;
    std::string_view level;
    for (Levels levels(filter); levels.next(level);) {
        const std::uint32_t below = child(node, level);
        if (below == kNone) {
            return;
        }
        path.push_back(Step{node, level});
        node = below;
    }
    nodes_[node].value = kNone;
    while (!path.empty() && nodes_[node].value == kNone && nodes_[node].children == 0) {
        node = path.back().parent;
        remove_child(node, path.back().level);
        path.pop_back();
    }
}

/// From frontier_ into next_ by one level of the name. A '#' below any node matches whatever follows.
void FilterTree::step(std::string_view level, bool wildcards, std::vector<std::uint32_t>& values) const {
    next_.clear();
    for (const std::uint32_t at : frontier_) {
        const Node& node = nodes_[at];
        if (wildcards && node.hash != kNone) {
            values.push_back(nodes_[node.hash].value);
        }
        if (const std::uint32_t exact = literal(at, level); exact != kNone) {
            next_.push_back(exact);
        }
        if (wildcards && node.plus != kNone) {
            next_.push_back(node.plus);
        }
    }
    frontier_.swap(next_);
}

void FilterTree::match(Bytes name, std::vector<std::uint32_t>& values) const {
    frontier_.assign(1, 0);
    bool wildcards = name.empty() || name[0] != '$';
    std::string_view level;
    for (Levels levels(name); !frontier_.empty() && levels.next(level);) {
        step(level, wildcards, values);
        wildcards = true;
    }
    for (const std::uint32_t at : frontier_) {
        const Node& node = nodes_[at];
        if (node.value != kNone) {
            values.push_back(node.value);
        }
        if (node.hash != kNone) {  // "a/#" matches "a"
            values.push_back(nodes_[node.hash].value);
        }
    }
}

}  // namespace mqttsn::gateway
