// SPDX-License-Identifier: BSD-3-Clause
//
// When the client asks for a gateway, in virtual time. Whom it takes for one is in udp_group_test.
#include "device.hpp"

using test::Device;

namespace {

struct Searcher : Device {
    Searcher() {
        config.gateways = gateways.data();
        config.gateways_length = static_cast<std::uint8_t>(gateways.size());
        config.search_radius = 2;
    }
    std::array<mqttsn_gateway, 2> gateways{};
};

// SN12-30 SN12-56 SN12-59
void search_begins_after_a_random_delay_and_asks_at_growing_intervals(void**) {
    std::uint32_t first_delay = 0;
    bool differ = false;
    for (std::uint32_t seed = 1; seed <= 20; ++seed) {
        Searcher d;
        d.config.seed = seed;
        d.restart();
        d.now = 0xFFFFFF00U;  // the clock wraps
        assert_int_equal(mqttsn_search(&d.client), MQTTSN_OK);
        assert_string_equal(d.out().c_str(), "");
        const std::uint32_t delay = mqttsn_next_timeout(&d.client, d.now);
        assert_in_range(delay, 0, 5000);
        first_delay = seed == 1 ? delay : first_delay;
        differ = differ || delay != first_delay;
        d.now += delay;
        std::uint32_t last = 0;
        for (int i = 0; i < 6; ++i) {
            assert_string_equal(d.out().c_str(), "03 01 02");
            assert_string_equal(d.out().c_str(), "");
            const std::uint32_t interval = mqttsn_next_timeout(&d.client, d.now);
            assert_true(interval > last && interval != UINT32_MAX);
            last = interval;
            d.now += interval - 1;
            assert_string_equal(d.out().c_str(), "");
            d.now += 1;
        }
    }
    assert_true(differ);
}

// SN12-31 SN12-55
void search_ends_with_the_first_gateway_that_is_heard(void**) {
    for (const char* const octets : {"05 00 07 03 84", "03 02 07", "01 00 05 02 07"}) {
        Searcher d;
        d.restart();
        assert_int_equal(mqttsn_search(&d.client), MQTTSN_OK);
        assert_string_equal(d.out().c_str(), "");
        const test::Octets datagram = test::hex(octets);
        mqttsn_address from{};
        from.octets = 1;
        assert_int_equal(mqttsn_input_from(&d.client, d.now, &from, datagram.data(), datagram.size()),
                         MQTTSN_OK);
        EXPECT_EVENT(d, "GATEWAY");
        assert_int_equal(d.event.code, 7);
        assert_string_equal(d.out().c_str(), "");
        assert_int_equal(mqttsn_next_timeout(&d.client, d.now), UINT32_MAX);
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(search_begins_after_a_random_delay_and_asks_at_growing_intervals),
        cmocka_unit_test(search_ends_with_the_first_gateway_that_is_heard),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
