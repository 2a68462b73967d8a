// SPDX-License-Identifier: BSD-3-Clause
//
// The numbers of nodes behind forwarders: key is forwarder address and node id (D50, FAULT-39), and nothing
// stays that nobody holds.
#include "gateway/core/wireless_nodes.hpp"

#include <map>
#include <string>
#include <vector>

#include "gateway/core/prng.hpp"
#include "support/cmocka.hpp"
#include "support/hex.hpp"

using namespace mqttsn::gateway;
using mqttsn::Bytes;
using test::view;

namespace {

Endpoint forwarder(std::uint16_t port) {
    Endpoint it;
    it.port = port;
    return it;
}

void a_node_is_forwarder_and_node_id(void**) {  // D50
    WirelessNodes nodes(1);
    const std::uint32_t a = nodes.intern(forwarder(1), view("a"));
    const std::uint32_t b = nodes.intern(forwarder(1), view("b"));
    const std::uint32_t elsewhere = nodes.intern(forwarder(2), view("a"));
    assert_true(a != 0 && b != 0 && elsewhere != 0);
    assert_true(a != b && a != elsewhere && b != elsewhere);
    assert_int_equal(nodes.intern(forwarder(1), view("a")), a);
    assert_int_equal(nodes.intern(forwarder(2), view("a")), elsewhere);
    Endpoint with_node = forwarder(1);
    with_node.node = b;
    assert_int_equal(nodes.intern(with_node, view("a")), a);
    assert_true(test::str(nodes.id(a)) == "a");
    assert_true(nodes.hash(a) != nodes.hash(b) && nodes.hash(a) != nodes.hash(elsewhere));
}

void a_node_id_has_0_to_252_octets(void**) {  // SN12-115, FAULT-39
    WirelessNodes nodes(1);
    const std::string longest(252, 'x');
    std::string other = longest;
    other.back() = 'y';
    const std::uint32_t none = nodes.intern(forwarder(1), Bytes{});
    const std::uint32_t all = nodes.intern(forwarder(1), view(longest));
    assert_true(none != 0 && none != all);
    assert_true(all != nodes.intern(forwarder(1), view(other)));
    assert_int_equal(none, nodes.intern(forwarder(1), Bytes{}));
    assert_int_equal(nodes.id(none).size, 0);
    assert_true(nodes.known(none));
    assert_int_equal(nodes.id(all).size, 252);
    assert_true(none != nodes.intern(forwarder(1), view(std::string(1, '\0'))));
}

void what_nobody_holds_is_forgotten_with_the_call(void**) {
    WirelessNodes nodes(1);
    const std::uint32_t stranger = nodes.intern(forwarder(1), view("s"));
    assert_int_equal(nodes.size(), 1);
    assert_int_equal(nodes.held_behind(forwarder(1)), 0);
    nodes.release_unheld();
    assert_int_equal(nodes.size(), 0);
    assert_false(nodes.known(stranger));
    assert_int_equal(nodes.id(stranger).size, 0);
    // The place is used again, the number is not.
    assert_true(nodes.intern(forwarder(1), view("t")) != stranger);
    assert_false(nodes.known(stranger));
}

void a_held_node_stays_until_its_last_holder_lets_go(void**) {
    WirelessNodes nodes(1);
    const std::uint32_t node = nodes.intern(forwarder(1), view("n"));
    nodes.hold(node);
    nodes.hold(node);
    nodes.release_unheld();
    assert_true(nodes.held(node));
    assert_int_equal(nodes.held_behind(forwarder(1)), 1);
    assert_int_equal(nodes.held_behind(forwarder(2)), 0);
    assert_int_equal(nodes.intern(forwarder(1), view("n")), node);
    nodes.drop(node);
    assert_true(nodes.held(node));
    nodes.drop(node);
    assert_false(nodes.held(node));
    assert_true(nodes.known(node));  // an answer may still go there
    assert_int_equal(nodes.held_behind(forwarder(1)), 0);
    assert_int_equal(nodes.intern(forwarder(1), view("n")), node);
    nodes.hold(node);
    nodes.drop(node);
    nodes.release_unheld();
    assert_int_equal(nodes.size(), 0);
}

void zero_and_numbers_of_the_past_are_nobody(void**) {
    WirelessNodes nodes(1);
    const std::uint32_t past = nodes.intern(forwarder(1), view("n"));
    nodes.release_unheld();
    for (const std::uint32_t number : {0U, past, 77U, 0xFFFFFFFFU}) {
        nodes.hold(number);
        nodes.drop(number);
        assert_false(nodes.known(number) || nodes.held(number));
        assert_int_equal(nodes.hash(number), 0);
    }
    nodes.release_unheld();
    assert_int_equal(nodes.size(), 0);
}

/// Against a plain map, at random; the seed is in the failure.
void it_does_what_a_plain_map_would(void**) {
    const std::uint64_t seed = 20140217;
    Prng random(seed);
    WirelessNodes nodes(seed);
    std::map<std::pair<std::uint16_t, std::string>, std::pair<std::uint32_t, unsigned>>
        model;  // number, holds
    bool same = true;
    for (int step = 0; step < 200'000 && same; ++step) {
        const auto port = static_cast<std::uint16_t>(random.next32() % 3);
        const std::string id(random.next32() % 4, static_cast<char>('a' + random.next32() % 3));
        const std::uint32_t number = nodes.intern(forwarder(port), view(id));
        auto& [known, holds] = model[{port, id}];
        same = same && number != 0 && (known == 0 || holds == 0 || known == number);
        known = number;
        const std::uint32_t what = random.next32() % 4;
        if (what == 0) {
            nodes.hold(number);
            ++holds;
        } else if (what == 1 && holds > 0) {
            nodes.drop(number);
            --holds;
        } else if (what == 2) {
            nodes.release_unheld();
            std::size_t held = 0;
            std::size_t behind = 0;
            for (const auto& [key, value] : model) {
                held += value.second > 0 ? 1 : 0;
                behind += value.second > 0 && key.first == port ? 1 : 0;
            }
            same = same && nodes.size() == held && nodes.held_behind(forwarder(port)) == behind;
        }
        if (!same) {
            print_error("seed %llu, step %d\n", static_cast<unsigned long long>(seed), step);
        }
    }
    assert_true(same);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_node_is_forwarder_and_node_id),
        cmocka_unit_test(a_node_id_has_0_to_252_octets),
        cmocka_unit_test(what_nobody_holds_is_forgotten_with_the_call),
        cmocka_unit_test(a_held_node_stays_until_its_last_holder_lets_go),
        cmocka_unit_test(zero_and_numbers_of_the_past_are_nobody),
        cmocka_unit_test(it_does_what_a_plain_map_would),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
