// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/session_store.hpp"

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

// Issue 2: a client id that is a prefix of another is another client.
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
    store.set_idle(b, true);
    const std::uint32_t slot = b.slot;
    store.destroy(b);
    assert_null(store.find(view("b")));
    assert_null(store.find(endpoint(7)));
    assert_null(store.at(slot));
    assert_null(store.oldest_idle());
    assert_int_equal(store.size(), 1);
    assert_int_equal(store.create(view("c")).slot, slot);
    assert_int_equal(store.slot_end(), 2);
    assert_null(store.at(2));
}

// Against the definition: a list in the order of becoming idle.
void idle_list_keeps_the_order_of_becoming_idle(void**) {
    Prng random(5);
    WirelessNodes nodes(1);
    SessionStore store(1, nodes);
    std::list<std::uint32_t> model;
    for (int i = 0; i < 30; ++i) {
        store.create(view("d" + std::to_string(i)));
    }
    for (int step = 0; step < 5000; ++step) {
        const std::uint32_t slot = random.next32() % 30;
        const bool idle = random.next32() % 2 == 0;
        Session* const session = store.at(slot);
        if (idle && !session->idle) {
            model.push_back(slot);
        } else if (!idle) {
            model.remove(slot);
        }
        store.set_idle(*session, idle);
        Session* const oldest = store.oldest_idle();
        assert_true((oldest == nullptr) == model.empty());
        if (oldest != nullptr) {
            assert_int_equal(oldest->slot, model.front());
        }
        if (step % 100 == 0) {  // the whole list, by taking the oldest away until there is none
            for (const std::uint32_t expected : model) {
                assert_int_equal(store.oldest_idle()->slot, expected);
                store.set_idle(*store.oldest_idle(), false);
            }
            assert_null(store.oldest_idle());
            model.clear();
        }
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(session_is_found_by_its_exact_client_id),
        cmocka_unit_test(endpoint_leads_to_one_session_and_is_forgotten_on_a_move),
        cmocka_unit_test(destroyed_session_leaves_nothing_and_its_slot_is_used_again),
        cmocka_unit_test(idle_list_keeps_the_order_of_becoming_idle),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
