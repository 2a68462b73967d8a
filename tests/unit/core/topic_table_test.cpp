// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/topic_table.hpp"

#include <string>

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
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
