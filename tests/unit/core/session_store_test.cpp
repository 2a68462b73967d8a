// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/session_store.hpp"

#include <array>
#include <list>
#include <string>

#include "gateway/core/prng.hpp"
#include "support/cmocka.hpp"
#include "support/hex.hpp"

using namespace mqttsn::gateway;
using test::view;

namespace {

Endpoint endpoint(std::uint16_t port) {
    Endpoint it;
    it.port = port;
    return it;
}

// A client id that is a prefix of another is another client.
void session_is_found_by_its_exact_client_id(void**) {
    WirelessNodes nodes(1);
    SessionStore store(1, nodes);
    Session& dev1 = store.create(view("dev1"));
    Session& dev10 = store.create(view("dev10"));
    assert_ptr_equal(store.find(view("dev1")), &dev1);
    assert_ptr_equal(store.find(view("dev10")), &dev10);
    assert_null(store.find(view("dev")));
    assert_null(store.find(view("dev100")));
    assert_null(store.find(view("DEV1")));
    assert_int_equal(store.size(), 2);
}

void endpoint_leads_to_one_session_and_is_forgotten_on_a_move(void**) {
    WirelessNodes nodes(1);
    SessionStore store(1, nodes);
    Session& a = store.create(view("a"));
    assert_null(store.find(endpoint(1)));
    store.bind(a, endpoint(1));
    assert_ptr_equal(store.find(endpoint(1)), &a);
    store.bind(a, endpoint(2));
    assert_null(store.find(endpoint(1)));
    assert_ptr_equal(store.find(endpoint(2)), &a);
    store.unbind(a);
    store.unbind(a);
    assert_null(store.find(endpoint(2)));
    assert_false(a.bound);
}

void destroyed_session_leaves_nothing_and_its_slot_is_used_again(void**) {
    WirelessNodes nodes(1);
    SessionStore store(1, nodes);
    store.create(view("a"));
    Session& b = store.create(view("b"));
    store.bind(b, endpoint(7));
    store.put(b, SessionList::idle);
    const std::uint32_t slot = b.slot;
    store.destroy(b);
    assert_null(store.find(view("b")));
    assert_null(store.find(endpoint(7)));
    assert_null(store.at(slot));
    assert_null(store.oldest(SessionList::idle));
    assert_int_equal(store.size(), 1);
    assert_int_equal(store.create(view("c")).slot, slot);
    assert_int_equal(store.slot_end(), 2);
    assert_null(store.at(2));
}

// Against the definition: a session is in one list at most, each list in the order of joining it.
void lists_keep_the_order_of_joining_and_their_count(void**) {
    Prng random(5);
    WirelessNodes nodes(1);
    SessionStore store(1, nodes);
    std::array<std::list<std::uint32_t>, kSessionLists> model;
    for (int i = 0; i < 30; ++i) {
        store.create(view("d" + std::to_string(i)));
    }
    for (int step = 0; step < 5000; ++step) {
        const std::uint32_t slot = random.next32() % 30;
        const std::size_t to = random.next32() % kSessionLists;
        for (std::list<std::uint32_t>& list : model) {
            list.remove(slot);
        }
        if (to != 0) {
            model[to].push_back(slot);
        }
        store.put(*store.at(slot), static_cast<SessionList>(to));
        for (std::size_t i = 1; i < kSessionLists; ++i) {
            const Session* const oldest = store.oldest(static_cast<SessionList>(i));
            assert_int_equal(store.count(static_cast<SessionList>(i)), model[i].size());
            assert_true((oldest == nullptr) == model[i].empty());
            assert_true(oldest == nullptr || oldest->slot == model[i].front());
        }
    }
    for (std::size_t i = 1; i < kSessionLists; ++i) {  // to the end of each
        const auto list = static_cast<SessionList>(i);
        for (const std::uint32_t expected : model[i]) {
            assert_int_equal(store.oldest(list)->slot, expected);
            store.destroy(*store.oldest(list));
        }
        assert_null(store.oldest(list));
        assert_int_equal(store.count(list), 0);
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(session_is_found_by_its_exact_client_id),
        cmocka_unit_test(endpoint_leads_to_one_session_and_is_forgotten_on_a_move),
        cmocka_unit_test(destroyed_session_leaves_nothing_and_its_slot_is_used_again),
        cmocka_unit_test(lists_keep_the_order_of_joining_and_their_count),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
