// SPDX-License-Identifier: BSD-3-Clause
//
// The table of devices of mqttsn-lossy, and the datagrams that are under way.
#include "lossy/proxy_mappings.hpp"

#include <cstdio>
#include <list>
#include <map>
#include <random>
#include <string>

#include "lossy/held_datagrams.hpp"
#include "support/cmocka.hpp"
#include "support/hex.hpp"

namespace {

using namespace mqttsn::lossy;

constexpr Micros kExpire{1000};

Endpoint device(std::uint16_t port) {
    Endpoint endpoint;
    endpoint.address[15] = 1;
    endpoint.port = port;
    return endpoint;
}

/// Three devices at most, idle for at most 1 ms.
struct Table {
    LinkSettings settings;
    ProxyMappings mappings{settings, 7, 3, kExpire, 99};
    MappingId add(std::uint16_t port, std::int64_t now) {
        return mappings.find_or_create(device(port), Micros{now}).id;
    }
};

void a_device_is_found_again_by_address_and_port(void**) {
    Table table;
    const auto first = table.mappings.find_or_create(device(1), Micros{0});
    assert_true(first.created && !first.evicted);
    const auto again = table.mappings.find_or_create(device(1), Micros{5});
    assert_true(!again.created && again.id == first.id);
    assert_int_equal(table.mappings.get(first.id)->last_used.count(), 5);
    Endpoint other = device(1);
    other.address[15] = 2;
    assert_true(table.mappings.find_or_create(other, Micros{6}).created);
    assert_int_equal(table.mappings.size(), 2);
    assert_true(table.mappings.get(first.id)->device == device(1));
}

void a_full_table_forgets_the_one_that_was_idle_longest(void**) {
    Table table;
    table.add(1, 0);
    const MappingId second = table.add(2, 1);
    table.add(3, 2);
    table.add(1, 3);  // now the second is the oldest
    const auto fourth = table.mappings.find_or_create(device(4), Micros{4});
    assert_true(fourth.created && fourth.evicted == second);
    assert_int_equal(fourth.id.slot, second.slot);
    assert_null(table.mappings.get(second));
    assert_true(table.mappings.get(fourth.id)->device == device(4));
    assert_int_equal(table.mappings.size(), 3);
    assert_int_equal(table.mappings.evicted(), 1);
    assert_false(table.mappings.find_or_create(device(1), Micros{5}).created);
    assert_false(table.mappings.find_or_create(device(3), Micros{6}).created);
}

void what_comes_for_a_device_keeps_it_too(void**) {
    Table table;
    const MappingId first = table.add(1, 0);
    table.add(2, 1);
    table.add(3, 2);
    table.mappings.touch(first, Micros{3});
    assert_true(table.mappings.find_or_create(device(4), Micros{4}).evicted.has_value());
    assert_non_null(table.mappings.get(first));
}

void an_idle_device_expires_and_not_a_moment_earlier(void**) {
    Table table;
    const MappingId first = table.add(1, 0);
    table.add(2, 500);
    assert_false(table.mappings.expire_one(kExpire).has_value());
    assert_true(table.mappings.expire_one(kExpire + Micros{1}) == first);
    assert_false(table.mappings.expire_one(kExpire + Micros{1}).has_value());
    assert_int_equal(table.mappings.expired(), 1);
    assert_int_equal(table.mappings.size(), 1);
    assert_true(table.mappings.find_or_create(device(1), Micros{2000}).created);
}

void room_is_made_by_others_than_who_needs_it(void**) {
    Table table;
    const MappingId first = table.add(1, 0);
    assert_false(table.mappings.evict_oldest(first).has_value());
    const MappingId second = table.add(2, 1);
    assert_true(table.mappings.evict_oldest(first) == second);
    assert_int_equal(table.mappings.evicted(), 1);
    assert_non_null(table.mappings.get(first));
}

void totals_keep_what_forgotten_links_have_counted(void**) {
    Table table;
    for (std::uint16_t port = 1; port <= 10; ++port) {
        const MappingId id = table.add(port, port);
        table.mappings.get(id)->link.send(Way::up, Micros{port}, 100);
        table.mappings.get(id)->link.send(Way::down, Micros{port}, 10);
        table.mappings.get(id)->link.count_unbound();
    }
    assert_int_equal(table.mappings.size(), 3);
    assert_int_equal(table.mappings.totals(Way::up).octets, 1000);
    assert_int_equal(table.mappings.totals(Way::up).delivered, 10);
    assert_int_equal(table.mappings.totals(Way::down).octets, 100);
    assert_int_equal(table.mappings.totals(Way::down).unbound, 10);
}

/// What becomes of 64 datagrams of one device, as bits.
std::uint64_t fates(ProxyMappings& mappings, std::uint16_t port) {
    Mapping& mapping = *mappings.get(mappings.find_or_create(device(port), Micros{0}).id);
    std::uint64_t bits = 0;
    for (int i = 0; i < 64; ++i) {
        bits = bits * 2 + mapping.link.send(Way::up, Micros{i}, 10).copies;
    }
    return bits;
}

void the_links_depend_on_the_seed_and_the_order_of_appearance_only(void**) {
    LinkSettings settings;
    settings.up.loss = percent(50);
    ProxyMappings first(settings, 7, 3, kExpire, 1);
    ProxyMappings second(settings, 7, 3, kExpire, 2);
    ProxyMappings other_seed(settings, 8, 3, kExpire, 1);
    const std::uint64_t of_first = fates(first, 1);
    assert_true(of_first == fates(second, 77));
    assert_true(of_first != fates(first, 2));
    assert_true(fates(first, 3) == (fates(second, 78), fates(second, 79)));
    assert_true(of_first != fates(other_seed, 1));
    assert_true(device_seed(7, 1) != device_seed(8, 0));
}

/// The table against the plain thing: a list in the order of use.
void the_order_of_use_is_right_after_any_sequence(void**) {
    const unsigned seed = std::random_device{}();
    std::printf("seed %u\n", seed);
    std::mt19937 random(seed);
    LinkSettings settings;
    constexpr std::size_t kCapacity = 8;
    ProxyMappings mappings(settings, 1, kCapacity, kExpire, seed);
    std::list<std::pair<std::uint16_t, std::int64_t>> plain;  // oldest first: port, last used
    std::map<std::uint16_t, MappingId> ids;
    std::int64_t now = 0;
    for (int step = 0; step < 20000; ++step) {
        now += static_cast<std::int64_t>(random() % 150);
        const auto port = static_cast<std::uint16_t>(random() % 20);
        if (random() % 4 == 0) {
            while (!plain.empty() && now - plain.front().second > kExpire.count()) {
                assert_true(mappings.expire_one(Micros{now}) == ids[plain.front().first]);
                plain.pop_front();
            }
            assert_false(mappings.expire_one(Micros{now}).has_value());
            continue;
        }
        const auto before = plain.size();
        plain.remove_if([&](const auto& entry) { return entry.first == port; });
        const bool known = plain.size() != before;
        const auto found = mappings.find_or_create(device(port), Micros{now});
        assert_int_equal(found.created, !known);
        assert_int_equal(found.evicted.has_value(), !known && before == kCapacity);
        if (found.evicted) {
            assert_true(*found.evicted == ids[plain.front().first]);
            plain.pop_front();
        }
        ids[port] = found.id;
        plain.emplace_back(port, now);
        assert_int_equal(mappings.size(), plain.size());
    }
}

HeldDatagram held(std::int64_t at) {
    HeldDatagram datagram;
    datagram.at = Micros{at};
    return datagram;
}

std::string next_text(HeldDatagrams& line, std::int64_t now) {
    const std::optional<HeldDatagram> datagram = line.pop(Micros{now});
    return datagram ? test::str(datagram->view()) : "-";
}

void held_datagrams_come_in_the_order_of_their_time_and_then_of_their_sending(void**) {
    HeldDatagrams line(10, 100);
    assert_true(line.push(held(30), test::view("c")));
    assert_true(line.push(held(10), test::view("a")));
    assert_true(line.push(held(20), test::view("b1")));
    assert_true(line.push(held(20), test::view("b2")));
    assert_true(line.push(held(20), test::view("")));
    assert_int_equal(line.next()->count(), 10);
    assert_string_equal(next_text(line, 9).c_str(), "-");
    assert_string_equal(next_text(line, 25).c_str(), "a");
    assert_string_equal(next_text(line, 25).c_str(), "b1");
    assert_string_equal(next_text(line, 25).c_str(), "b2");
    assert_string_equal(next_text(line, 25).c_str(), "");
    assert_string_equal(next_text(line, 25).c_str(), "-");
    assert_string_equal(next_text(line, 30).c_str(), "c");
    assert_false(line.next().has_value());
    assert_int_equal(line.octets(), 0);
}

void what_is_under_way_is_bounded_in_number_and_octets(void**) {
    HeldDatagrams few(2, 100);
    assert_true(few.push(held(1), test::view("a")));
    assert_true(few.push(held(1), test::view("b")));
    assert_false(few.push(held(1), test::view("c")));
    assert_string_equal(next_text(few, 1).c_str(), "a");
    assert_true(few.push(held(1), test::view("c")));
    HeldDatagrams small(10, 5);
    assert_true(small.push(held(1), test::view("abc")));
    assert_false(small.push(held(1), test::view("def")));
    assert_true(small.push(held(1), test::view("de")));
    assert_int_equal(small.octets(), 5);
    assert_int_equal(small.size(), 2);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_device_is_found_again_by_address_and_port),
        cmocka_unit_test(a_full_table_forgets_the_one_that_was_idle_longest),
        cmocka_unit_test(what_comes_for_a_device_keeps_it_too),
        cmocka_unit_test(an_idle_device_expires_and_not_a_moment_earlier),
        cmocka_unit_test(room_is_made_by_others_than_who_needs_it),
        cmocka_unit_test(totals_keep_what_forgotten_links_have_counted),
        cmocka_unit_test(the_links_depend_on_the_seed_and_the_order_of_appearance_only),
        cmocka_unit_test(the_order_of_use_is_right_after_any_sequence),
        cmocka_unit_test(held_datagrams_come_in_the_order_of_their_time_and_then_of_their_sending),
        cmocka_unit_test(what_is_under_way_is_bounded_in_number_and_octets),
    };
    return cmocka_run_group_tests_name("unit.lossy.proxy_mappings", tests, nullptr, nullptr);
}
