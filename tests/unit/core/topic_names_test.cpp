// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/topic_names.hpp"

#include <string>
#include <vector>

#include "support/cmocka.hpp"
#include "support/hex.hpp"

using mqttsn::gateway::TopicName;
using mqttsn::gateway::TopicNames;
using test::view;

namespace {

void equal_names_are_one(void**) {
    TopicNames names(1);
    const TopicName a = names.intern(view("a/b"));
    const TopicName b = names.intern(view("a/b"));
    const TopicName c = names.intern(view("a/c"));
    assert_true(a == b);
    assert_false(a == c);
    assert_ptr_equal(a.bytes().data, b.bytes().data);
    assert_true(test::str(c.bytes()) == "a/c");
    assert_int_equal(names.size(), 2);
}

// FAULT-19
void name_goes_with_its_last_user(void**) {
    TopicNames names(1);
    {
        TopicName a = names.intern(view("a"));
        const TopicName copy = a;
        const TopicName moved = std::move(a);
        assert_int_equal(names.size(), 1);
        a = moved;
        a = TopicName{};
        assert_int_equal(names.size(), 1);
        assert_true(copy == moved);
    }
    assert_int_equal(names.size(), 0);
}

void assigning_a_name_to_itself_keeps_it(void**) {
    TopicNames names(1);
    TopicName a = names.intern(view("a"));
    const TopicName& alias = a;
    a = alias;
    assert_int_equal(names.size(), 1);
    assert_true(test::str(a.bytes()) == "a");
}

void find_adds_nothing(void**) {
    TopicNames names(1);
    assert_false(static_cast<bool>(names.find(view("a"))));
    assert_int_equal(names.size(), 0);
    const TopicName a = names.intern(view("a"));
    assert_true(names.find(view("a")) == a);
    assert_int_equal(names.size(), 1);
}

void empty_name_and_odd_octets_are_kept(void**) {
    TopicNames names(1);
    const TopicName none;
    assert_true(none.bytes().empty());
    const TopicName empty = names.intern(mqttsn::Bytes{});
    assert_true(static_cast<bool>(empty));
    assert_false(empty == none);
    const std::string octets("a\0b\xFF", 4);
    const TopicName odd = names.intern(view(octets));
    assert_true(test::str(odd.bytes()) == octets);
}

void many_names_stay_apart(void**) {
    TopicNames names(99);
    std::vector<TopicName> all;
    for (int i = 0; i < 5000; ++i) {
        all.push_back(names.intern(view("sensor/" + std::to_string(i))));
    }
    assert_int_equal(names.size(), 5000);
    for (int i = 0; i < 5000; ++i) {
        const auto index = static_cast<std::size_t>(i);
        assert_true(test::str(all[index].bytes()) == "sensor/" + std::to_string(i));
    }
    all.clear();
    assert_int_equal(names.size(), 0);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(equal_names_are_one),
        cmocka_unit_test(name_goes_with_its_last_user),
        cmocka_unit_test(assigning_a_name_to_itself_keeps_it),
        cmocka_unit_test(find_adds_nothing),
        cmocka_unit_test(empty_name_and_odd_octets_are_kept),
        cmocka_unit_test(many_names_stay_apart),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
