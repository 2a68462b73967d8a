// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/session_store.hpp"

#include <array>
#include <list>
#include <map>
#include <string>
#include <vector>

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

// Not by operator+: g++ 12 warns of an overlap in it that cannot be.
std::string numbered(const char* prefix, std::uint32_t number) {
    return std::string(prefix).append(std::to_string(number));
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
    for (std::uint32_t i = 0; i < 30; ++i) {
        store.create(view(numbered("d", i)));
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

// Sessions lie in blocks: a pointer to one stays good however many come after it.
void sessions_stay_where_they_are_while_others_come_and_go(void**) {
    constexpr std::uint32_t kMany = 1000;
    WirelessNodes nodes(1);
    SessionStore store(1, nodes);
    std::vector<Session*> places;
    for (std::uint32_t i = 0; i < kMany; ++i) {
        places.push_back(&store.create(view(numbered("d", i))));
        assert_int_equal(places.back()->slot, i);
        assert_int_equal(reinterpret_cast<std::uintptr_t>(places.back()) % alignof(Session), 0);
    }
    for (std::uint32_t i = 0; i < kMany; i += 3) {
        store.destroy(*places[i]);
    }
    for (std::uint32_t i = 0; i < kMany; ++i) {
        Session* const expected = i % 3 == 0 ? nullptr : places[i];
        assert_ptr_equal(store.at(i), expected);
        assert_ptr_equal(store.find(view(numbered("d", i))), expected);
    }
    assert_null(store.at(kMany));
    assert_null(store.at(Session::kNoSlot));
}

void free_slots_are_used_before_new_ones_and_begin_anew(void**) {
    constexpr std::uint32_t kMany = 200;
    WirelessNodes nodes(1);
    SessionStore store(1, nodes);
    for (std::uint32_t i = 0; i < kMany; ++i) {
        Session& session = store.create(view(numbered("old", i)));
        session.state = SessionState::active;
        session.subscribe.own_ids.push_back(7);
        store.bind(session, endpoint(static_cast<std::uint16_t>(i + 1)));
    }
    for (std::uint32_t slot = 0; slot < kMany; ++slot) {
        store.destroy(*store.at(slot));
    }
    assert_int_equal(store.size(), 0);
    std::vector<bool> used(kMany, false);
    for (std::uint32_t i = 0; i < kMany; ++i) {
        const Session& session = store.create(view(numbered("new", i)));
        assert_in_range(session.slot, 0, kMany - 1);
        assert_false(used[session.slot]);
        used[session.slot] = true;
        assert_false(session.bound);
        assert_true(session.state == SessionState::disconnected);
        assert_true(session.subscribe.own_ids.empty());
        assert_null(store.find(endpoint(static_cast<std::uint16_t>(session.slot + 1))));
    }
    assert_int_equal(store.slot_end(), kMany);
    assert_int_equal(store.create(view("one more")).slot, kMany);
}

void endpoint_that_one_session_left_leads_to_the_one_that_took_it(void**) {
    WirelessNodes nodes(1);
    SessionStore store(1, nodes);
    Session& a = store.create(view("a"));
    Session& b = store.create(view("b"));
    store.bind(a, endpoint(1));
    store.bind(b, endpoint(2));
    store.unbind(a);
    store.bind(b, endpoint(1));
    store.bind(a, endpoint(2));
    assert_ptr_equal(store.find(endpoint(1)), &b);
    assert_ptr_equal(store.find(endpoint(2)), &a);
    store.bind(a, a.endpoint);  // once more where it is
    assert_ptr_equal(store.find(endpoint(2)), &a);
    store.destroy(a);
    assert_null(store.find(endpoint(2)));
    assert_ptr_equal(store.find(endpoint(1)), &b);
}

void node_is_held_as_long_as_a_session_is_bound_to_it(void**) {
    WirelessNodes nodes(1);
    SessionStore store(1, nodes);
    Endpoint first = endpoint(1);
    first.node = nodes.intern(endpoint(1), view("n1"));
    Endpoint second = endpoint(1);
    second.node = nodes.intern(endpoint(1), view("n2"));
    Session& a = store.create(view("a"));
    store.bind(a, first);
    store.bind(a, first);
    assert_null(store.find(second));
    assert_true(nodes.held(first.node));
    store.bind(a, second);
    assert_false(nodes.held(first.node));
    assert_true(nodes.held(second.node));
    assert_ptr_equal(store.find(second), &a);
    store.destroy(a);
    assert_false(nodes.held(second.node));
}

struct StoreModel {
    std::map<std::string, std::uint32_t> by_client_id;
    std::map<std::uint16_t, std::uint32_t> by_port;

    void unbind(std::uint32_t slot) {
        std::erase_if(by_port, [slot](const auto& entry) { return entry.second == slot; });
    }
};

void walk_step(SessionStore& store, StoreModel& model, Prng& random) {
    const std::string client_id = numbered("d", random.next32() % 300);
    const auto port = static_cast<std::uint16_t>(random.next32() % 200 + 1);
    Session* const session = store.find(view(client_id));
    if (session == nullptr) {
        model.by_client_id[client_id] = store.create(view(client_id)).slot;
        return;
    }
    switch (random.next32() % 4) {
        case 0:
            model.unbind(session->slot);
            model.by_client_id.erase(client_id);
            store.destroy(*session);
            break;
        case 1:
            model.unbind(session->slot);
            store.unbind(*session);
            break;
        default:  // whoever has the endpoint leaves it first
            if (Session* const other = store.find(endpoint(port))) {
                store.unbind(*other);
            }
            model.unbind(session->slot);
            model.by_port[port] = session->slot;
            store.bind(*session, endpoint(port));
            break;
    }
}

bool agrees(SessionStore& store, const StoreModel& model) {
    bool same = store.size() == model.by_client_id.size();
    for (std::uint32_t i = 0; i < 300; ++i) {
        const std::string client_id = numbered("d", i);
        const auto expected = model.by_client_id.find(client_id);
        const Session* const found = store.find(view(client_id));
        same = same && (found != nullptr) == (expected != model.by_client_id.end()) &&
               (found == nullptr || (found->slot == expected->second && found->client_id == client_id &&
                                     store.at(found->slot) == found));
    }
    for (std::uint16_t port = 1; port <= 200; ++port) {
        const auto expected = model.by_port.find(port);
        const Session* const found = store.find(endpoint(port));
        same = same && (found != nullptr) == (expected != model.by_port.end()) &&
               (found == nullptr || (found->slot == expected->second && found->bound));
    }
    std::size_t live = 0;
    for (std::uint32_t slot = 0; slot < store.slot_end(); ++slot) {
        live += store.at(slot) != nullptr ? 1 : 0;
    }
    return same && live == store.size();
}

void agrees_with_maps_on_random_steps(void**) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Prng random(seed);
        WirelessNodes nodes(seed);
        SessionStore store(seed, nodes);
        StoreModel model;
        for (int i = 0; i < 3000; ++i) {
            walk_step(store, model, random);
            if (i % 50 == 0 && !agrees(store, model)) {
                print_error("differs at step %d of seed %d\n", i, static_cast<int>(seed));
                assert_true(false);
            }
        }
        assert_true(agrees(store, model));
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(session_is_found_by_its_exact_client_id),
        cmocka_unit_test(endpoint_leads_to_one_session_and_is_forgotten_on_a_move),
        cmocka_unit_test(destroyed_session_leaves_nothing_and_its_slot_is_used_again),
        cmocka_unit_test(lists_keep_the_order_of_joining_and_their_count),
        cmocka_unit_test(sessions_stay_where_they_are_while_others_come_and_go),
        cmocka_unit_test(free_slots_are_used_before_new_ones_and_begin_anew),
        cmocka_unit_test(endpoint_that_one_session_left_leads_to_the_one_that_took_it),
        cmocka_unit_test(node_is_held_as_long_as_a_session_is_bound_to_it),
        cmocka_unit_test(agrees_with_maps_on_random_steps),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
