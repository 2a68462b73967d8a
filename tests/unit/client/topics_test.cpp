// SPDX-License-Identifier: BSD-3-Clause
#include "client/src/topics.cpp"  // the library keeps it to itself

#include <array>
#include <string>

#include "support/cmocka.hpp"
#include "support/hex.hpp"

using mqttsn::Bytes;
using test::view;

namespace {

struct Names : mqttsn::TopicTable {
    std::uint16_t find_id(Bytes name) { return static_cast<std::uint16_t>(use(0, name.data, name.size)); }
    bool touch(std::uint16_t id) { return use(id, nullptr, 0) != 0; }
    Bytes name_of(std::uint16_t id) const {
        const unsigned at = find(id, nullptr, 0);
        return at < used ? Bytes{name_at(at), octets_at(at)} : Bytes{};
    }
    bool learn(std::uint16_t id, Bytes name) { return TopicTable::learn(id, name.data, name.size); }
};

struct Table {
    explicit Table(std::uint16_t capacity = 15) {
        table.memory = memory.data();
        table.capacity = capacity;
        table.used = 0;
    }
    std::array<std::uint8_t, 32> memory{};
    Names table;
};

void name_and_id_lead_to_each_other(void**) {
    Table t;
    assert_true(t.table.learn(1, view("a")));
    assert_true(t.table.learn(2, view("bc")));
    assert_int_equal(t.table.find_id(view("a")), 1);
    assert_int_equal(t.table.find_id(view("bc")), 2);
    assert_int_equal(t.table.find_id(view("b")), 0);
    assert_string_equal(test::str(t.table.name_of(2)).c_str(), "bc");
    assert_true(t.table.name_of(3).empty());
    assert_false(t.table.touch(3));
}

void least_recently_used_goes_first(void**) {
    Table t;  // room for three names of one octet
    for (std::uint16_t id = 1; id <= 3; ++id) {
        assert_true(t.table.learn(id, view(std::string(1, static_cast<char>('a' + id)))));
    }
    assert_true(t.table.touch(1));
    assert_true(t.table.learn(4, view("x")));
    assert_false(t.table.touch(2));
    assert_int_equal(t.table.find_id(view("d")), 3);
    assert_true(t.table.learn(5, view("y")));  // 1 is the oldest now
    assert_false(t.table.touch(1));
    assert_true(t.table.touch(3));
    assert_true(t.table.touch(4));
    assert_true(t.table.touch(5));
}

void long_name_takes_the_room_of_several(void**) {
    Table t;
    for (std::uint16_t id = 1; id <= 3; ++id) {
        assert_true(t.table.learn(id, view(std::string(1, static_cast<char>('a' + id)))));
    }
    assert_true(t.table.learn(9, view("1234567")));
    assert_false(t.table.touch(1));
    assert_false(t.table.touch(2));
    assert_false(t.table.touch(3));
    assert_string_equal(test::str(t.table.name_of(9)).c_str(), "1234567");
}

void name_that_can_never_fit_takes_only_its_id_from_the_old_one(void**) {
    Table t;
    assert_true(t.table.learn(1, view("a")));
    assert_false(t.table.learn(2, view("123456789012")));
    assert_false(t.table.learn(1, view("123456789012")));
    assert_int_equal(t.table.find_id(view("a")), 0);
    assert_true(t.table.learn(2, view("12345678901")));  // 15 octets exactly
    assert_int_equal(t.table.find_id(view("12345678901")), 2);
    Table none(0);
    assert_false(none.table.learn(1, view("a")));
    assert_int_equal(none.table.find_id(view("a")), 0);
}

// An id given anew takes it from its old name, a name registered anew loses its old id.
void newer_pair_replaces_both_old_ones(void**) {
    Table t;
    assert_true(t.table.learn(1, view("a")));
    assert_true(t.table.learn(2, view("b")));
    assert_true(t.table.learn(1, view("b")));
    assert_int_equal(t.table.find_id(view("a")), 0);
    assert_int_equal(t.table.find_id(view("b")), 1);
    assert_false(t.table.touch(2));
    t.table.forget(1);
    assert_int_equal(t.table.find_id(view("b")), 0);
    t.table.forget(1);
}

void nothing_is_written_outside_the_memory(void**) {
    Table t;
    std::uint32_t random = 1;
    for (int i = 0; i < 20000; ++i) {
        random = random * 1664525U + 1013904223U;
        const auto id = static_cast<std::uint16_t>(1 + ((random >> 8U) & 7U));
        const std::string name((random >> 16U) % 14, static_cast<char>('a' + ((random >> 24U) & 3U)));
        switch ((random >> 28U) & 3U) {
            case 0:
                t.table.touch(id);
                break;
            case 1:
                t.table.forget(id);
                break;
            default:
                if (t.table.learn(id, view(name))) {
                    assert_string_equal(test::str(t.table.name_of(id)).c_str(), name.c_str());
                }
        }
        for (std::size_t at = 15; at < t.memory.size(); ++at) {
            assert_int_equal(t.memory[at], 0);
        }
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(name_and_id_lead_to_each_other),
        cmocka_unit_test(least_recently_used_goes_first),
        cmocka_unit_test(long_name_takes_the_room_of_several),
        cmocka_unit_test(name_that_can_never_fit_takes_only_its_id_from_the_old_one),
        cmocka_unit_test(newer_pair_replaces_both_old_ones),
        cmocka_unit_test(nothing_is_written_outside_the_memory),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
