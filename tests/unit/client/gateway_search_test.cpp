// SPDX-License-Identifier: BSD-3-Clause
//
// The search for a gateway without sockets: when it asks, and what it takes for an answer.
#include "gateway_search.hpp"

#include <string>
#include <vector>

#include "support/cmocka.hpp"
#include "support/hex.hpp"

using mqttsn::Bytes;
using mqttsn::tools::GatewayAddress;
using mqttsn::tools::GatewaySearch;
using Answer = mqttsn::tools::GatewaySearch::Answer;

namespace {

std::string asked(GatewaySearch& search, std::uint32_t now) {
    std::uint8_t out[GatewaySearch::kOctets];
    const std::size_t octets = search.output(now, out);
    return test::to_hex(Bytes{out, octets});
}

Answer says(GatewaySearch& search, const std::string& hex, GatewaySearch::Gateway& gateway,
            std::uint32_t now = 0) {
    const test::Octets octets = test::hex(hex);
    return search.input(now, test::view(octets), gateway);
}

void search_begins_after_its_delay_and_asks_at_growing_intervals(void**) {  // SN12-30 SN12-56 SN12-59
    const std::uint32_t start = 0xFFFFFF00U;                                // the clock wraps
    GatewaySearch search(2, start, 300);
    std::uint32_t now = start;
    assert_int_equal(search.next_timeout(now), 300);
    assert_string_equal(asked(search, now + 299).c_str(), "");
    now += 300;
    for (const std::uint32_t interval : {1000U, 2000U, 4000U, 8000U, 16000U, 32000U, 64000U, 64000U}) {
        assert_string_equal(asked(search, now).c_str(), "03 01 02");
        assert_string_equal(asked(search, now).c_str(), "");
        assert_int_equal(search.next_timeout(now), interval);
        now += interval;
    }
}

void same_search_of_another_device_takes_the_place_of_the_first(void**) {  // SN12-56
    GatewaySearch::Gateway gateway;
    GatewaySearch search(1, 0, 300);
    assert_true(says(search, "03 01 02", gateway, 100) == Answer::none);  // another radius: not the same
    assert_int_equal(search.next_timeout(100), 200);
    assert_true(says(search, "03 01 01", gateway, 100) == Answer::none);
    assert_int_equal(search.next_timeout(100), 1000);
    assert_true(says(search, "03 01 01", gateway, 200) == Answer::none);  // once it stands for ours, no more
    assert_int_equal(search.next_timeout(200), 900);
    assert_string_equal(asked(search, 1100).c_str(), "03 01 01");
}

void advertise_and_gwinfo_of_a_gateway_mean_their_sender(void**) {  // SN12-29 SN12-31 SN12-55 D46
    for (const char* const octets : {"05 00 07 03 84", "03 02 07", "01 00 05 02 07"}) {
        GatewaySearch search(1, 0, 0);
        GatewaySearch::Gateway gateway;
        assert_true(says(search, octets, gateway) == Answer::sender);
        assert_int_equal(gateway.id, 7);
    }
}

void gwinfo_of_a_device_tells_the_address_in_any_of_the_forms(void**) {  // SN12-27 SN12-31 SN12-58 D46
    const std::string ipv4 = "C0 00 02 07";
    const std::string ipv6 = "FD 45 00 00 00 00 00 00 00 00 00 00 00 00 00 01";
    struct Row {
        std::string add;
        int size;
        int port;
    };
    const Row rows[] = {{ipv4, 4, 0},
                        {ipv4 + " 07 5B", 4, 1883},
                        {"06 " + ipv4 + " 07 5B", 4, 1883},  // as we send it
                        {"04 " + ipv4 + " 07 5B", 4, 1883},
                        {"07 " + ipv4 + " 07 5B", 4, 1883},
                        {"04 " + ipv4, 4, 0},
                        {ipv6, 16, 0},
                        {ipv6 + " 27 10", 16, 10000},
                        {"12 " + ipv6 + " 27 10", 16, 10000},
                        {"10 " + ipv6, 16, 0}};
    for (const Row& row : rows) {
        const test::Octets add = test::hex(row.add);
        test::Octets datagram{static_cast<std::uint8_t>(3 + add.size()), 2, 9};
        datagram.insert(datagram.end(), add.begin(), add.end());
        GatewaySearch search(1, 0, 0);
        GatewaySearch::Gateway gateway;
        assert_true(search.input(0, test::view(datagram), gateway) == Answer::other);
        assert_int_equal(gateway.id, 9);
        assert_int_equal(gateway.address.size, row.size);
        assert_int_equal(gateway.address.port, row.port);
        const std::string shown =
            test::to_hex(Bytes{gateway.address.octets, static_cast<std::size_t>(row.size)});
        assert_string_equal(shown.c_str(), (row.size == 4 ? ipv4 : ipv6).c_str());
    }
}

void what_is_no_answer_is_passed_over(void**) {
    for (const char* const octets : {"", "00", "05 00 07 03", "04 02 07 01", "05 02 07 01 02", "03 05 00",
                                     "02 18", "0B 02 07 01 02 03 04 05 06 07 08"}) {
        GatewaySearch search(1, 0, 300);
        GatewaySearch::Gateway gateway;
        assert_true(says(search, octets, gateway) == Answer::none);
        assert_int_equal(search.next_timeout(0), 300);
    }
}

void every_length_of_gwadd_is_read_within_its_octets(void**) {
    for (std::size_t size = 0; size <= 40; ++size) {
        const test::Octets exact(size, 1);
        GatewayAddress address;
        const bool known = size == 4 || size == 5 || size == 6 || size == 7 || (size >= 16 && size <= 19);
        assert_int_equal(mqttsn::tools::parse_gateway_address(test::view(exact), address), known);
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(search_begins_after_its_delay_and_asks_at_growing_intervals),
        cmocka_unit_test(same_search_of_another_device_takes_the_place_of_the_first),
        cmocka_unit_test(advertise_and_gwinfo_of_a_gateway_mean_their_sender),
        cmocka_unit_test(gwinfo_of_a_device_tells_the_address_in_any_of_the_forms),
        cmocka_unit_test(what_is_no_answer_is_passed_over),
        cmocka_unit_test(every_length_of_gwadd_is_read_within_its_octets),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
