// SPDX-License-Identifier: BSD-3-Clause
//
// Which filters match a name (MQTT 3.1.1 section 4.7), for shared sessions (SN12-03): filter_tree.cpp. The
// random test compares with topic_matches(), which looks at one filter at a time.
#include "gateway/core/filter_tree.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "mqttsn/topic.hpp"
#include "support/cmocka.hpp"
#include "support/hex.hpp"

using mqttsn::gateway::FilterTree;
using test::view;

namespace {

std::vector<std::uint32_t> matches(const FilterTree& tree, const std::string& name) {
    std::vector<std::uint32_t> values;
    tree.match(view(name), values);
    std::sort(values.begin(), values.end());
    return values;
}

void expect(const FilterTree& tree, const std::string& name, const std::vector<std::uint32_t>& expected) {
    if (matches(tree, name) != expected) {
        print_error("for the name '%s'\n", name.c_str());
        _fail(__FILE__, __LINE__);
    }
}

FilterTree tree_of(const std::vector<std::string>& filters) {
    FilterTree tree(1);
    for (std::size_t i = 0; i < filters.size(); ++i) {
        tree.insert(view(filters[i]), static_cast<std::uint32_t>(i));
    }
    return tree;
}

void names_match_their_filters_and_no_others(void**) {
    const FilterTree tree = tree_of({"a/b", "a/+", "a/#", "+/b", "#", "a", "a/b/c"});
    expect(tree, "a/b", {0, 1, 2, 3, 4});
    expect(tree, "a", {2, 4, 5});
    expect(tree, "a/b/c", {2, 4, 6});
    expect(tree, "x/b", {3, 4});
    expect(tree, "A/B", {4});
}

// MQTT 3.1.1 section 4.7.1.3
void an_empty_level_is_a_level(void**) {
    const FilterTree tree = tree_of({"+/+", "/+", "+", "a//b", "a/+/b", "/"});
    expect(tree, "/finance", {0, 1});
    expect(tree, "/", {0, 1, 5});
    expect(tree, "a//b", {3, 4});
    expect(tree, "a", {2});
}

// MQTT-4.7.2-1, FAULT-50
void a_leading_wildcard_never_matches_a_dollar_topic(void**) {
    const FilterTree tree = tree_of({"#", "+/monitor", "$SYS/#", "$SYS/+", "a/+"});
    expect(tree, "$SYS/monitor", {2, 3});
    expect(tree, "$SYS", {2});
    expect(tree, "a/$x", {0, 4});  // only in the first level
}

void an_erased_filter_matches_nothing_and_leaves_the_others(void**) {
    FilterTree tree = tree_of({"a/b", "a/b/#", "a/+/c"});
    tree.erase(view("a/b/#"));
    tree.erase(view("a/nothing"));
    expect(tree, "a/b/c", {2});
    expect(tree, "a/b", {0});
    assert_int_equal(tree.find(view("a/b/#")), FilterTree::kNone);
    assert_int_equal(tree.find(view("a/b")), 0);
    tree.erase(view("a/b"));
    tree.erase(view("a/+/c"));
    assert_true(tree.empty());
}

void a_beginning_of_a_filter_is_no_filter(void**) {
    const FilterTree tree = tree_of({"a/b/c"});
    expect(tree, "a/b", {});
    expect(tree, "a", {});
    assert_int_equal(tree.find(view("a/b")), FilterTree::kNone);
}

// No recursion, no matter how deep.
void the_deepest_names_and_filters_work(void**) {
    std::string deep = "a";
    for (std::size_t i = 1; i < mqttsn::kTopicLevelsMax; ++i) {
        deep += "/a";
    }
    FilterTree tree = tree_of({deep, "a/#"});
    expect(tree, deep, {0, 1});
    expect(tree, deep + "/a", {1});
    tree.erase(view(deep));
    expect(tree, deep, {1});
}

std::string random_topic(std::mt19937_64& random, bool filter) {
    static const char* const kLevels[] = {"a", "b", "", "$x", "ab"};
    std::string topic;
    const std::size_t levels = 1 + random() % 4;
    for (std::size_t i = 0; i < levels; ++i) {
        topic += i > 0 ? "/" : "";
        const std::uint64_t choice = random() % 10;
        if (filter && choice < 3) {
            topic += '+';
        } else if (filter && choice == 3) {
            return topic + '#';
        } else {
            topic += kLevels[random() % 5];
        }
    }
    return topic.empty() ? "a" : topic;
}

void it_agrees_with_one_filter_at_a_time(void**) {
    const char* const given = std::getenv("MQTTSN_TEST_SEED");
    const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    print_message("MQTTSN_TEST_SEED=%llu\n", static_cast<unsigned long long>(seed));
    std::mt19937_64 random(seed);
    FilterTree tree(seed);
    std::map<std::string, std::uint32_t> model;
    for (std::uint32_t step = 0; step < 4000; ++step) {
        const std::string filter = random_topic(random, true);
        if (model.contains(filter)) {
            assert_int_equal(tree.find(view(filter)), model[filter]);
            tree.erase(view(filter));
            model.erase(filter);
        } else {
            assert_int_equal(tree.find(view(filter)), FilterTree::kNone);
            tree.insert(view(filter), step);
            model[filter] = step;
        }
        const std::string name = random_topic(random, false);
        std::vector<std::uint32_t> expected;
        for (const auto& [each, value] : model) {
            if (mqttsn::topic_matches(view(each), view(name))) {
                expected.push_back(value);
            }
        }
        std::sort(expected.begin(), expected.end());
        expect(tree, name, expected);
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(names_match_their_filters_and_no_others),
        cmocka_unit_test(an_empty_level_is_a_level),
        cmocka_unit_test(a_leading_wildcard_never_matches_a_dollar_topic),
        cmocka_unit_test(an_erased_filter_matches_nothing_and_leaves_the_others),
        cmocka_unit_test(a_beginning_of_a_filter_is_no_filter),
        cmocka_unit_test(the_deepest_names_and_filters_work),
        cmocka_unit_test(it_agrees_with_one_filter_at_a_time),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
