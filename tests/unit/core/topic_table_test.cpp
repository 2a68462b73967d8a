// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/topic_table.hpp"

#include <string>
#include <vector>

#include "support/cmocka.hpp"
#include "support/hex.hpp"

using namespace mqttsn::gateway;
using test::view;

namespace {

struct Pool {
    TopicNames names{1};
    PredefinedTopics predefined;
    TopicName operator()(const std::string& name) { return names.intern(view(name)); }
};

// SN12-71, D21, D35, FAULT-20: ids from 1, the same name has the same id for ever.
void same_name_gets_the_same_id(void**) {
    Pool pool;
    TopicTable table;
    assert_int_equal(table.add(pool("a"), pool.predefined, 10)->id, 1);
    assert_int_equal(table.add(pool("b"), pool.predefined, 10)->id, 2);
    assert_int_equal(table.add(pool("a"), pool.predefined, 10)->id, 1);
    assert_int_equal(table.size(), 2);
}

void entry_is_found_by_id_and_by_name(void**) {
    Pool pool;
    TopicTable table;
    table.add(pool("a"), pool.predefined, 10);
    table.add(pool("b"), pool.predefined, 10);
    assert_true(table.find(2)->name == pool("b"));
    assert_int_equal(table.find(pool("a"))->id, 1);
    assert_null(table.find(0));
    assert_null(table.find(3));
    assert_null(table.find(0xFFFF));
    assert_null(table.find(pool("c")));
}

void full_table_takes_no_new_name(void**) {
    Pool pool;
    TopicTable table;
    table.add(pool("a"), pool.predefined, 2);
    table.add(pool("b"), pool.predefined, 2);
    assert_null(table.add(pool("c"), pool.predefined, 2));
    assert_int_equal(table.add(pool("b"), pool.predefined, 2)->id, 2);
    assert_int_equal(table.size(), 2);
}

// D35, TRAP-30: some peers ignore TopicIdType, so normal ids keep out of the configured ones.
void ids_of_predefined_topics_are_left_out(void**) {
    Pool pool;
    pool.predefined = PredefinedTopics({{1, "x", "*"}, {3, "y", "other-*"}, {4, "z", "*"}}, 1);
    TopicTable table;
    assert_int_equal(table.add(pool("a"), pool.predefined, 10)->id, 2);
    assert_int_equal(table.add(pool("b"), pool.predefined, 10)->id, 5);
}

// SN12-25: 0000 and FFFF are reserved.
void ids_end_at_fffe(void**) {
    Pool pool;
    std::vector<PredefinedTopic> rules;
    for (std::uint32_t id = 1; id <= 0xFFFC; ++id) {
        rules.push_back({static_cast<std::uint16_t>(id), "p", "*"});
    }
    pool.predefined = PredefinedTopics(rules, 1);
    TopicTable table;
    assert_int_equal(table.add(pool("a"), pool.predefined, 10)->id, 0xFFFD);
    assert_int_equal(table.add(pool("b"), pool.predefined, 10)->id, 0xFFFE);
    assert_null(table.add(pool("c"), pool.predefined, 10));
}

// D21, D40
void reconnect_forgets_what_the_device_knows_but_not_the_ids(void**) {
    Pool pool;
    TopicTable table;
    table.add(pool("a"), pool.predefined, 10)->known = true;
    table.add(pool("b"), pool.predefined, 10)->muted = true;
    table.forget_what_device_knows();
    assert_false(table.find(1)->known);
    assert_false(table.find(2)->muted);
    assert_int_equal(table.find(pool("b"))->id, 2);
}

void clean_session_forgets_all(void**) {
    Pool pool;
    TopicTable table;
    table.add(pool("a"), pool.predefined, 10);
    table.clear();
    assert_int_equal(table.size(), 0);
    assert_int_equal(pool.names.size(), 0);
    assert_int_equal(table.add(pool("b"), pool.predefined, 10)->id, 1);
}

std::string numbered(std::uint32_t number) {
    return std::string("a/b/").append(std::to_string(number));
}

// Beyond the few that are compared one by one there is an index of the names: nothing changes with it.
void many_names_are_found_by_id_and_by_name_at_every_size(void**) {
    constexpr std::uint16_t kMany = 1000;
    Pool pool;
    pool.predefined = PredefinedTopics({{3, "x", "*"}, {17, "y", "*"}, {18, "z", "*"}, {500, "u", "*"}}, 1);
    TopicTable table;
    std::vector<std::uint16_t> ids;
    for (std::uint32_t i = 0; i < kMany; ++i) {
        ids.push_back(table.add(pool(numbered(i)), pool.predefined, kMany)->id);
        assert_int_equal(table.size(), i + 1);
        assert_null(table.find(pool("a/b/none")));
        if (i < 40 || i + 1 == kMany) {
            for (std::uint32_t earlier = 0; earlier <= i; ++earlier) {
                const TopicName name = pool(numbered(earlier));
                assert_int_equal(table.find(name)->id, ids[earlier]);
                assert_true(table.find(ids[earlier])->name == name);
            }
        }
    }
    assert_int_equal(ids[2], 4);
    assert_int_equal(ids.back(), kMany + 4);
    assert_null(table.find(static_cast<std::uint16_t>(3)));
    assert_null(table.find(static_cast<std::uint16_t>(500)));
    assert_null(table.find(static_cast<std::uint16_t>(kMany + 5)));
    assert_null(table.add(pool("one more"), pool.predefined, kMany));
}

// D21
void same_name_keeps_its_id_among_many(void**) {
    Pool pool;
    TopicTable table;
    for (int round = 0; round < 3; ++round) {
        for (std::uint32_t i = 0; i < 200; ++i) {
            assert_int_equal(table.add(pool(numbered(i)), pool.predefined, 200)->id, i + 1);
        }
        assert_int_equal(table.size(), 200);
    }
}

// D21, D40
void reconnect_forgets_what_the_device_knows_of_many(void**) {
    Pool pool;
    TopicTable table;
    for (std::uint32_t i = 0; i < 100; ++i) {
        TopicEntry& entry = *table.add(pool(numbered(i)), pool.predefined, 100);
        entry.known = entry.told = entry.muted = true;
    }
    table.forget_what_device_knows();
    for (std::uint32_t i = 0; i < 100; ++i) {
        const TopicEntry& entry = *table.find(pool(numbered(i)));
        assert_int_equal(entry.id, i + 1);
        assert_false(entry.known);
        assert_true(entry.told);
        assert_false(entry.muted);
    }
}

// The index of the names must not outlive them: places in it would lead to other entries, or to none.
void clean_session_forgets_many_and_begins_with_few_again(void**) {
    Pool pool;
    TopicTable table;
    for (int round = 0; round < 3; ++round) {
        for (std::uint32_t i = 0; i < 50; ++i) {
            table.add(pool(numbered(i)), pool.predefined, 100);
        }
        table.clear();
        assert_int_equal(table.size(), 0);
        assert_int_equal(pool.names.size(), 0);
        assert_null(table.find(pool(numbered(30))));
        assert_null(table.find(static_cast<std::uint16_t>(30)));
        assert_int_equal(table.add(pool(numbered(49)), pool.predefined, 100)->id, 1);
        assert_null(table.find(pool(numbered(0))));
    }
}

void table_that_begins_elsewhere_does_not_know_ids_before_that(void**) {
    Pool pool;
    TopicTable table;
    table.begin_at(1000);
    for (std::uint32_t i = 0; i < 30; ++i) {
        assert_int_equal(table.add(pool(numbered(i)), pool.predefined, 100)->id, 1000 + i);
    }
    assert_null(table.find(static_cast<std::uint16_t>(1)));
    assert_null(table.find(static_cast<std::uint16_t>(999)));
    assert_null(table.find(static_cast<std::uint16_t>(1030)));
    assert_true(table.find(static_cast<std::uint16_t>(1029))->name == pool(numbered(29)));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(same_name_gets_the_same_id),
        cmocka_unit_test(entry_is_found_by_id_and_by_name),
        cmocka_unit_test(full_table_takes_no_new_name),
        cmocka_unit_test(ids_of_predefined_topics_are_left_out),
        cmocka_unit_test(ids_end_at_fffe),
        cmocka_unit_test(reconnect_forgets_what_the_device_knows_but_not_the_ids),
        cmocka_unit_test(clean_session_forgets_all),
        cmocka_unit_test(many_names_are_found_by_id_and_by_name_at_every_size),
        cmocka_unit_test(same_name_keeps_its_id_among_many),
        cmocka_unit_test(reconnect_forgets_what_the_device_knows_of_many),
        cmocka_unit_test(clean_session_forgets_many_and_begins_with_few_again),
        cmocka_unit_test(table_that_begins_elsewhere_does_not_know_ids_before_that),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
