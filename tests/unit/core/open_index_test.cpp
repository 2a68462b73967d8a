// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/open_index.hpp"

#include <algorithm>
#include <set>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gateway/core/prng.hpp"
#include "support/cmocka.hpp"

using mqttsn::gateway::OpenIndex;
using mqttsn::gateway::Prng;

namespace {

constexpr std::uint32_t kNone = 0xFFFFFFFFU;
using Index = OpenIndex<std::uint32_t, kNone>;
using Model = std::unordered_multimap<std::uint64_t, std::uint32_t>;

// A copy would stand for the same things and miss what happens to them.
static_assert(!std::is_copy_constructible_v<Index> && !std::is_move_constructible_v<Index>);
static_assert(!std::is_copy_assignable_v<Index> && !std::is_move_assignable_v<Index>);

/// The table looks at the upper half of a hash, and its lowest bits say where: this one begins at `home` in
/// any table of up to 2^16 places, and `other` tells it from the rest of those.
std::uint64_t hash_at(std::uint32_t home, std::uint32_t other = 0) {
    return static_cast<std::uint64_t>((other << 16U) | home) << 32U;
}

std::uint32_t find_value(const Index& index, std::uint64_t hash, std::uint32_t value) {
    return index.find(hash, [value](std::uint32_t candidate) { return candidate == value; });
}

/// All values that are asked for under a hash, when none of them is the wanted one.
std::set<std::uint32_t> candidates(const Index& index, std::uint64_t hash) {
    std::set<std::uint32_t> asked;
    const std::uint32_t found = index.find(hash, [&asked](std::uint32_t candidate) {
        assert_true(asked.insert(candidate).second);  // each once
        return false;
    });
    assert_int_equal(found, kNone);
    return asked;
}

void empty_index_finds_nothing_and_asks_nobody(void**) {
    const Index index;
    assert_int_equal(index.size(), 0);
    assert_true(candidates(index, 0).empty());
    assert_true(candidates(index, ~std::uint64_t{0}).empty());
}

void values_of_equal_hashes_are_told_apart_by_the_caller(void**) {
    Index index;
    for (std::uint32_t value = 0; value < 100; ++value) {
        index.insert(hash_at(5), value);
    }
    for (std::uint32_t value = 0; value < 100; value += 2) {
        index.erase(hash_at(5), value);
    }
    assert_int_equal(index.size(), 50);
    for (std::uint32_t value = 0; value < 100; ++value) {
        assert_int_equal(find_value(index, hash_at(5), value), value % 2 == 1 ? value : kNone);
    }
    assert_true(candidates(index, hash_at(6)).empty());
}

// 16 places: three begin at the last one but one, so the run goes on at the start of the table, among those
// whose place that is.
void gap_is_closed_across_the_end_of_the_table(void**) {
    const std::vector<std::uint32_t> homes{14, 14, 14, 0, 15, 0, 3};
    std::vector<std::uint32_t> order{0, 1, 2, 3, 4, 5, 6};
    do {
        Index index;
        for (std::uint32_t value = 0; value < homes.size(); ++value) {
            index.insert(hash_at(homes[value], value), value);
        }
        for (std::size_t gone = 0; gone < order.size(); ++gone) {
            index.erase(hash_at(homes[order[gone]], order[gone]), order[gone]);
            for (std::size_t i = 0; i < order.size(); ++i) {
                const std::uint32_t value = order[i];
                assert_int_equal(find_value(index, hash_at(homes[value], value), value),
                                 i <= gone ? kNone : value);
            }
        }
        assert_int_equal(index.size(), 0);
    } while (std::next_permutation(order.begin(), order.end()));
}

void growth_keeps_every_value(void**) {
    constexpr std::uint32_t kMany = 20000;
    Index index;
    for (std::uint32_t value = 0; value < kMany; ++value) {
        index.insert(Prng::mix(value), value);
        assert_int_equal(index.size(), value + 1);
        if ((value & (value + 1)) == 0 || value == 12 || value == 24) {  // also around the first growths
            for (std::uint32_t earlier = 0; earlier <= value; ++earlier) {
                assert_int_equal(find_value(index, Prng::mix(earlier), earlier), earlier);
            }
        }
    }
    for (std::uint32_t value = 0; value < kMany; ++value) {
        assert_int_equal(find_value(index, Prng::mix(value), value), value);
        index.erase(Prng::mix(value), value);
        assert_int_equal(find_value(index, Prng::mix(value), value), kNone);
    }
    assert_int_equal(index.size(), 0);
}

// Only a free place ends a search, and there must be one at every moment.
void searches_end_at_every_fill(void**) {
    Index index;
    for (std::uint32_t value = 0; value < 500; ++value) {
        index.insert(hash_at(value % 7), value);
        assert_true(candidates(index, hash_at(9999)).empty());
    }
}

/// Hashes of a few homes, around the end of small tables, and few others: most runs collide and wrap.
std::uint64_t crowded_hash(Prng& random) {
    static constexpr std::uint32_t kHomes[] = {0, 1, 13, 14, 15, 31, 63, 127, 0xFFFF, 0xFFFE};
    return hash_at(kHomes[random.next32() % 10], random.next32() % 3);
}

struct Walk {
    Index index;
    Model model;
    std::vector<std::pair<std::uint64_t, std::uint32_t>> held;
    std::uint32_t next_value = 0;

    void insert(std::uint64_t hash) {
        index.insert(hash, next_value);
        model.emplace(hash, next_value);
        held.emplace_back(hash, next_value++);
    }
    void erase(std::size_t which) {
        const auto [hash, value] = held[which];
        held[which] = held.back();
        held.pop_back();
        index.erase(hash, value);
        const auto [first, last] = model.equal_range(hash);
        model.erase(std::find_if(first, last, [value](const auto& entry) { return entry.second == value; }));
    }
    bool agrees(std::uint64_t hash) const {
        std::set<std::uint32_t> expected;
        const auto [first, last] = model.equal_range(hash);
        for (auto it = first; it != last; ++it) {
            expected.insert(it->second);
        }
        return index.size() == model.size() && candidates(index, hash) == expected;
    }
};

void agrees_with_an_unordered_multimap_on_random_steps(void**) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Prng random(seed);
        Walk walk;
        const std::uint32_t most = 10U << (seed % 6);  // some tables stay small, some grow
        for (int i = 0; i < 4000; ++i) {
            const std::uint64_t hash = seed % 2 == 0 ? crowded_hash(random) : hash_at(random.next32() % 64);
            if (walk.held.size() < most && random.next32() % 2 == 0) {
                walk.insert(hash);
            } else if (!walk.held.empty()) {
                walk.erase(random.next32() % walk.held.size());
            }
            if (!walk.agrees(hash)) {
                print_error("differs at step %d of seed %d\n", i, static_cast<int>(seed));
                assert_true(false);
            }
        }
        for (const auto& [hash, value] : walk.held) {
            assert_int_equal(find_value(walk.index, hash, value), value);
        }
    }
}

// As the names of topics are kept.
void pointers_are_values_too(void**) {
    int things[40] = {};
    OpenIndex<int*, nullptr> index;
    for (int& thing : things) {
        index.insert(hash_at(15), &thing);
    }
    for (int& thing : things) {
        assert_ptr_equal(index.find(hash_at(15), [&thing](int* it) { return it == &thing; }), &thing);
        index.erase(hash_at(15), &thing);
        assert_null(index.find(hash_at(15), [&thing](int* it) { return it == &thing; }));
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(empty_index_finds_nothing_and_asks_nobody),
        cmocka_unit_test(values_of_equal_hashes_are_told_apart_by_the_caller),
        cmocka_unit_test(gap_is_closed_across_the_end_of_the_table),
        cmocka_unit_test(growth_keeps_every_value),
        cmocka_unit_test(searches_end_at_every_fill),
        cmocka_unit_test(agrees_with_an_unordered_multimap_on_random_steps),
        cmocka_unit_test(pointers_are_values_too),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
