// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/endpoint.hpp"

#include <array>
#include <string>

#include "gateway/core/hash.hpp"
#include "support/cmocka.hpp"

using mqttsn::gateway::Endpoint;

namespace {

Endpoint ipv6(const std::array<unsigned, 8>& groups, std::uint16_t port = 1883) {
    Endpoint endpoint;
    for (std::size_t i = 0; i < 8; ++i) {
        endpoint.address[2 * i] = static_cast<std::uint8_t>(groups[i] >> 8U);
        endpoint.address[2 * i + 1] = static_cast<std::uint8_t>(groups[i]);
    }
    endpoint.port = port;
    return endpoint;
}

void check(const Endpoint& endpoint, const char* text) {
    assert_string_equal(to_string(endpoint).c_str(), text);
}

void mapped_ipv4_is_written_as_ipv4(void**) {
    check(ipv6({0, 0, 0, 0, 0, 0xFFFF, 0xC000, 0x0207}, 5000), "192.0.2.7:5000");
    check(ipv6({0, 0, 0, 0, 0, 0xFFFF, 0xFFFF, 0xFFFF}, 65535), "255.255.255.255:65535");
    check(ipv6({0, 0, 0, 0, 0, 0xFFFF, 0, 0}, 0), "0.0.0.0:0");
}

// RFC 5952 section 4.2: the longest run of zero groups, the first of equal ones, never a single one.
void longest_run_of_zero_groups_is_shortened(void**) {
    check(ipv6({0x2001, 0xDB8, 0, 0, 0, 0, 0, 1}), "[2001:db8::1]:1883");
    check(ipv6({0x2001, 0xDB8, 0, 0, 1, 0, 0, 1}), "[2001:db8::1:0:0:1]:1883");
    check(ipv6({0x2001, 0, 0, 1, 0, 0, 0, 1}), "[2001:0:0:1::1]:1883");
    check(ipv6({0x2001, 0xDB8, 0, 1, 1, 1, 1, 1}), "[2001:db8:0:1:1:1:1:1]:1883");
    check(ipv6({1, 2, 3, 4, 5, 6, 7, 8}), "[1:2:3:4:5:6:7:8]:1883");
}

void zero_groups_at_either_end_are_shortened(void**) {
    check(ipv6({0, 0, 0, 0, 0, 0, 0, 0}), "[::]:1883");
    check(ipv6({0, 0, 0, 0, 0, 0, 0, 1}), "[::1]:1883");
    check(ipv6({1, 0, 0, 0, 0, 0, 0, 0}), "[1::]:1883");
    check(ipv6({1, 2, 3, 4, 5, 6, 0, 0}), "[1:2:3:4:5:6::]:1883");
    check(ipv6({0, 0, 3, 4, 5, 6, 7, 8}), "[::3:4:5:6:7:8]:1883");
    check(ipv6({0, 2, 3, 4, 5, 6, 7, 0}), "[0:2:3:4:5:6:7:0]:1883");
}

void scope_and_node_are_written(void**) {
    Endpoint endpoint = ipv6({0xFE80, 0, 0, 0, 0, 0, 0, 1});
    endpoint.scope = 2;
    check(endpoint, "[fe80::1%2]:1883");
    endpoint.node = 7;
    const std::array<std::uint8_t, 3> node_id{0x00, 0x0A, 0xFF};
    assert_string_equal(to_string(endpoint, mqttsn::Bytes{node_id.data(), node_id.size()}).c_str(),
                        "[fe80::1%2]:1883/node 000aff");
    check(endpoint, "[fe80::1%2]:1883/node -");  // a node id without octets (SN12-115)
}

// A session is found by its endpoint: every part of it counts, for equality and for the hash.
void every_part_of_an_endpoint_counts(void**) {
    const Endpoint base = ipv6({1, 2, 3, 4, 5, 6, 7, 8});
    std::array<Endpoint, 6> others{base, base, base, base, base, base};
    others[0].address[0] ^= 1;
    others[1].address[15] ^= 1;
    others[2].scope = 1;
    others[3].node = 1;
    others[4].port ^= 1;
    others[5].listener = 1;
    for (const Endpoint& other : others) {
        assert_false(other == base);
        assert_true(hash_endpoint(1, other) != hash_endpoint(1, base));
    }
    assert_true(hash_endpoint(1, base) != hash_endpoint(2, base));
    assert_true(hash_endpoint(1, base) == hash_endpoint(1, Endpoint{base}));
}

// FAULT-16: what one attacker has many of is one source; ports, listeners and forwarded nodes change nothing.
void a_source_is_a_network(void**) {
    const Endpoint base = ipv6({1, 2, 3, 4, 5, 6, 7, 8});
    Endpoint same = ipv6({1, 2, 3, 4, 0, 0, 0, 9});
    same.port ^= 1;
    same.node = 3;
    same.listener = 2;
    assert_true(hash_source(1, base) == hash_source(1, same));
    assert_true(hash_source(1, base) != hash_source(1, ipv6({1, 2, 3, 5, 5, 6, 7, 8})));
    assert_true(hash_source(1, base) != hash_source(2, base));
    const Endpoint four = ipv6({0, 0, 0, 0, 0, 0xFFFF, 0xC000, 0x0201});
    assert_true(hash_source(1, four) == hash_source(1, ipv6({0, 0, 0, 0, 0, 0xFFFF, 0xC000, 0x02FE})));
    assert_true(hash_source(1, four) != hash_source(1, ipv6({0, 0, 0, 0, 0, 0xFFFF, 0xC000, 0x0301})));
}

void loopback_is_recognised_in_both_families(void**) {
    assert_true(is_loopback(ipv6({0, 0, 0, 0, 0, 0, 0, 1})));
    assert_true(is_loopback(ipv6({0, 0, 0, 0, 0, 0xFFFF, 0x7F00, 1})));
    assert_true(is_loopback(ipv6({0, 0, 0, 0, 0, 0xFFFF, 0x7F12, 0x3456})));
    assert_false(is_loopback(ipv6({0, 0, 0, 0, 0, 0, 0, 2})));
    assert_false(is_loopback(ipv6({0, 0, 0, 0, 0, 0, 0, 0})));
    assert_false(is_loopback(ipv6({0, 0, 0, 0, 0, 0xFFFF, 0x7E00, 1})));
    assert_false(is_loopback(ipv6({0, 0, 0, 0, 0, 0, 0x7F00, 1})));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(mapped_ipv4_is_written_as_ipv4),
        cmocka_unit_test(longest_run_of_zero_groups_is_shortened),
        cmocka_unit_test(zero_groups_at_either_end_are_shortened),
        cmocka_unit_test(scope_and_node_are_written),
        cmocka_unit_test(every_part_of_an_endpoint_counts),
        cmocka_unit_test(a_source_is_a_network),
        cmocka_unit_test(loopback_is_recognised_in_both_families),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
