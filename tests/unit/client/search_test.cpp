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

mqttsn_address address(std::uint8_t last) {
    mqttsn_address made{};
    made.octets = 2;
    made.data[1] = last;
    return made;
}

mqttsn_status hear(Searcher& d, const mqttsn_address& from, std::string_view text) {
    d.datagram = test::hex(text);
    return mqttsn_input_from(&d.client, d.now, &from, d.datagram.data(), d.datagram.size());
}

/// The next datagram and the last octet of where it goes; 255 = to all nodes.
std::string out_to(Searcher& d, int& last) {
    mqttsn_address to{};
    const std::size_t octets = mqttsn_output_to(&d.client, d.now, &to, d.buffer.data(), d.buffer.size());
    last = to.octets == 0 ? 255 : to.data[1];
    return test::to_hex(mqttsn::Bytes{d.buffer.data(), octets});
}

// SN12-55: a client that knows several gateways.
void gateway_that_does_not_answer_or_refuses_is_followed_by_the_next(void**) {
    Searcher d;
    d.config.retry_count = 0;
    d.restart();
    const mqttsn_address one = address(1);
    const mqttsn_address two = address(2);
    assert_int_equal(mqttsn_add_gateway(&d.client, 1, &one), MQTTSN_OK);
    assert_int_equal(mqttsn_add_gateway(&d.client, 2, &two), MQTTSN_OK);
    assert_int_equal(mqttsn_add_gateway(&d.client, 3, &two), MQTTSN_ERR_BUSY);
    assert_int_equal(mqttsn_connect(&d.client, false), MQTTSN_OK);
    int to = 0;
    assert_string_equal(out_to(d, to).c_str(), "0A 04 00 01 00 3C 64 65 76 31");
    assert_int_equal(to, 1);
    assert_int_equal(hear(d, two, "03 05 00"), MQTTSN_ERR_SENDER);
    d.advance_to_timeout();
    assert_string_equal(out_to(d, to).c_str(), "0A 04 00 01 00 3C 64 65 76 31");
    assert_int_equal(to, 2);
    assert_int_equal(hear(d, one, "03 05 00"), MQTTSN_ERR_SENDER);
    assert_int_equal(hear(d, two, "03 05 01"), MQTTSN_OK);  // all have been tried
    EXPECT_EVENT(d, "REFUSED");
    assert_int_equal(mqttsn_connect(&d.client, false), MQTTSN_OK);
    assert_string_equal(out_to(d, to).c_str(), "0A 04 00 01 00 3C 64 65 76 31");
    assert_int_equal(to, 2);
    assert_int_equal(hear(d, two, "03 05 01"), MQTTSN_OK);
    EXPECT_NO_EVENT(d);
    assert_string_equal(out_to(d, to).c_str(), "0A 04 00 01 00 3C 64 65 76 31");
    assert_int_equal(to, 1);
    assert_int_equal(hear(d, one, "03 05 00"), MQTTSN_OK);
    EXPECT_EVENT(d, "CONNECTED");
}

void found_gateway_that_falls_silent_is_searched_for_again(void**) {
    Searcher d;
    d.config.retry_count = 0;
    d.config.search_delay_ms = 0;
    d.restart();
    assert_int_equal(mqttsn_connect(&d.client, false), MQTTSN_OK);
    int to = 0;
    assert_string_equal(out_to(d, to).c_str(), "03 01 02");
    assert_int_equal(to, 255);
    assert_int_equal(hear(d, address(9), "03 02 05"), MQTTSN_OK);
    EXPECT_EVENT(d, "GATEWAY");
    assert_string_equal(out_to(d, to).c_str(), "0A 04 00 01 00 3C 64 65 76 31");
    assert_int_equal(to, 9);
    d.advance_to_timeout();
    assert_string_equal(out_to(d, to).c_str(), "");
    EXPECT_EVENT(d, "LOST");
    assert_int_equal(mqttsn_connect(&d.client, false), MQTTSN_OK);
    assert_string_equal(out_to(d, to).c_str(), "03 01 02");
}

// Anybody can say ADVERTISE or GWINFO.
void configured_gateway_keeps_its_address(void**) {
    Searcher d;
    d.restart();
    const mqttsn_address one = address(1);
    assert_int_equal(mqttsn_add_gateway(&d.client, 7, &one), MQTTSN_OK);
    assert_int_equal(hear(d, address(66), "05 00 07 03 84"), MQTTSN_ERR_UNEXPECTED);
    assert_int_equal(hear(d, address(66), "03 02 07"), MQTTSN_ERR_UNEXPECTED);
    assert_int_equal(hear(d, one, "05 00 07 00 01"), MQTTSN_OK);
    d.now += 1000000;  // and it is not forgotten when it stops to advertise
    assert_int_equal(mqttsn_connect(&d.client, false), MQTTSN_OK);
    int to = 0;
    assert_string_equal(out_to(d, to).c_str(), "0A 04 00 01 00 3C 64 65 76 31");
    assert_int_equal(to, 1);
}

// An application that does not look first: only the last thing that happened to the connection is reported.
void closed_while_searching_takes_the_place_of_what_was_not_pulled(void**) {
    Searcher d;
    d.restart();
    mqttsn_address from{};
    from.octets = 1;
    const auto in = [&](const char* octets) {
        const test::Octets datagram = test::hex(octets);
        return mqttsn_input_from(&d.client, d.now, &from, datagram.data(), datagram.size());
    };
    assert_int_equal(in("05 00 07 00 01"), MQTTSN_OK);
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    assert_string_equal(d.out().substr(0, 5).c_str(), "0A 04");
    assert_int_equal(in("03 05 00"), MQTTSN_OK);
    EXPECT_EVENT(d, "CONNECTED");
    d.now += 5000;  // three ADVERTISE did not come
    assert_int_equal(in("02 18"), MQTTSN_OK);
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    assert_int_equal(mqttsn_disconnect(&d.client), MQTTSN_OK);
    EXPECT_EVENT(d, "CLOSED");
    EXPECT_NO_EVENT(d);
    EXPECT_STATE(d, DISCONNECTED);
    assert_int_equal(d.timeout(), UINT32_MAX);
}

// SN12-56
void somebody_elses_search_takes_the_place_of_ours(void**) {
    Searcher d;
    d.restart();
    assert_int_equal(mqttsn_search(&d.client), MQTTSN_OK);
    int to = 0;
    assert_string_equal(out_to(d, to).c_str(), "");
    assert_int_equal(hear(d, address(3), "03 01 02"), MQTTSN_OK);
    assert_int_equal(mqttsn_next_timeout(&d.client, d.now), 5000);
    assert_int_equal(hear(d, address(4), "03 02 05"), MQTTSN_OK);
    EXPECT_EVENT(d, "GATEWAY");
    assert_int_equal(mqttsn_next_timeout(&d.client, d.now), UINT32_MAX);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(search_begins_after_a_random_delay_and_asks_at_growing_intervals),
        cmocka_unit_test(search_ends_with_the_first_gateway_that_is_heard),
        cmocka_unit_test(gateway_that_does_not_answer_or_refuses_is_followed_by_the_next),
        cmocka_unit_test(found_gateway_that_falls_silent_is_searched_for_again),
        cmocka_unit_test(configured_gateway_keeps_its_address),
        cmocka_unit_test(closed_while_searching_takes_the_place_of_what_was_not_pulled),
        cmocka_unit_test(somebody_elses_search_takes_the_place_of_ours),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
