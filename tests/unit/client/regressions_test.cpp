// SPDX-License-Identifier: BSD-3-Clause
//
// What the fuzz target client_input has found, each as the shortest session that shows it.
#include "device.hpp"

using test::Device;

namespace {

class Neighbourhood : public Device {
  public:
    Neighbourhood() {
        config.gateways = gateways.data();
        config.gateways_length = static_cast<std::uint8_t>(gateways.size());
        restart();
    }
    static mqttsn_address at(std::uint8_t octet) {
        mqttsn_address address{};
        address.octets = 1;
        address.data[0] = octet;
        return address;
    }
    mqttsn_status from(std::uint8_t sender, std::string_view text) {
        datagram = test::hex(text);
        const mqttsn_address address = at(sender);
        return mqttsn_input_from(&client, now, &address, datagram.data(), datagram.size());
    }
    /// The next datagram with its destination before it, for example "2A: 02 16"; "*" = everybody.
    std::string out_to() {
        mqttsn_address to{};
        const std::size_t octets = mqttsn_output_to(&client, now, &to, buffer.data(), buffer.size());
        if (octets == 0) {
            return "";
        }
        return (to.octets != 0 ? test::to_hex(mqttsn::Bytes{to.data, to.octets}) : "*") + ": " +
               test::to_hex(mqttsn::Bytes{buffer.data(), octets});
    }
    /// Lets time pass until something is sent.
    std::string next_out_to() {
        std::string out;
        for (int i = 0; i < 10 && (out = out_to()).empty(); ++i) {
            advance_to_timeout();
        }
        return out;
    }

    std::array<mqttsn_gateway, 2> gateways{};
};

// SN12-56, SN12-59
void connect_goes_to_the_gateway_that_answered_the_search(void**) {
    Neighbourhood d;
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    assert_string_equal(d.next_out_to().c_str(), "*: 03 01 01");
    assert_int_equal(d.from(0x2A, "03 02 07"), MQTTSN_OK);
    EXPECT_EVENT(d, "GATEWAY");
    assert_int_equal(d.event.code, 7);
    assert_string_equal(d.out_to().c_str(), "2A: 0A 04 04 01 00 3C 64 65 76 31");
    assert_int_equal(d.from(0x2B, "03 05 00"), MQTTSN_ERR_SENDER);
    assert_int_equal(d.from(0x2A, "03 05 00"), MQTTSN_OK);
    EXPECT_EVENT(d, "CONNECTED");
}

void an_address_that_does_not_fit_changes_nothing(void**) {
    Neighbourhood d;
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    d.next_out_to();
    const std::string before(reinterpret_cast<const char*>(&d.client), sizeof d.client);
    assert_int_not_equal(d.from(0x2A, "1A 02 07 " + std::string(2 * 23, '1')), MQTTSN_OK);
    assert_true(before == std::string(reinterpret_cast<const char*>(&d.client), sizeof d.client));
}

// Two gateways were heard of and the second one was used; then both fell silent, and a third one is found.
void a_gateway_found_after_all_others_were_lost_is_the_one_that_is_used(void**) {
    Neighbourhood d;
    assert_int_equal(d.from(0x2A, "05 00 01 00 0A"), MQTTSN_OK);
    assert_int_equal(d.from(0x2B, "05 00 02 00 0A"), MQTTSN_OK);
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    assert_string_equal(d.out_to().substr(0, 8).c_str(), "2A: 0A 0");
    assert_int_equal(d.from(0x2A, "03 05 03"), MQTTSN_OK);
    assert_string_equal(d.out_to().substr(0, 8).c_str(), "2B: 0A 0");
    assert_int_equal(d.from(0x2B, "03 05 00"), MQTTSN_OK);
    EXPECT_EVENT(d, "CONNECTED");
    assert_int_equal(mqttsn_disconnect(&d.client), MQTTSN_OK);
    d.out_to();
    assert_int_equal(d.from(0x2B, "02 18"), MQTTSN_OK);
    EXPECT_EVENT(d, "CLOSED");
    d.now += 31000;  // N_ADV of 10 s
    d.out();
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    assert_string_equal(d.next_out_to().c_str(), "*: 03 01 01");
    assert_int_equal(d.from(0x2C, "03 02 09"), MQTTSN_OK);
    EXPECT_EVENT(d, "GATEWAY");
    assert_string_equal(d.out_to().substr(0, 8).c_str(), "2C: 0A 0");
}

// SN12-84: what is asked for the second time is what was asked for the first time.
void refused_for_congestion_a_subscription_keeps_its_topic_and_qos(void**) {
    Device d;
    d.config.keep_alive_s = 0;
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    d.out();
    EXPECT_IN(d, "03 05 00");
    EXPECT_EVENT(d, "CONNECTED");
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_predefined(5), 2, nullptr), MQTTSN_OK);
    EXPECT_OUT(d, "07 12 41 00 01 00 05");
    EXPECT_IN(d, "08 13 60 00 00 00 01 01");  // all bits of QoS, which no grant has
    EXPECT_QUIET(d);
    d.advance_to_timeout();
    EXPECT_OUT(d, "07 12 C1 00 01 00 05");
}

// SN12-86: a gateway that lost its table gives its ids anew. A name that is too long to be remembered takes
// one too.
void an_id_given_to_a_name_that_is_not_remembered_no_longer_means_its_old_name(void**) {
    Device d;
    d.connect();
    EXPECT_IN(d, "09 0A 00 10 00 05 61 2F 62");
    EXPECT_OUT(d, "07 0B 00 10 00 05 00");
    const std::string name(61, 'n');  // the table has 64 octets
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_name(name.c_str()), 1, nullptr), MQTTSN_OK);
    d.out();
    EXPECT_IN(d, "08 13 20 00 10 00 01 00");
    EXPECT_EVENT(d, "SUBSCRIBED");
    EXPECT_IN(d, "09 0C 20 00 10 00 07 68 69");
    EXPECT_NO_EVENT(d);
    EXPECT_OUT(d, "07 0D 00 10 00 07 02");
}

// SN12-70: the repetition of a message must not go to the topic that has got its topic id meanwhile.
void an_id_given_to_another_name_is_not_used_for_the_message_under_way(void**) {
    Device d;
    d.connect();
    d.publish(mqttsn_topic_name("a/b"), "x", 1);
    EXPECT_OUT(d, "09 0A 00 00 00 01 61 2F 62");
    EXPECT_IN(d, "07 0B 00 67 00 01 00");
    EXPECT_OUT(d, "08 0C 20 00 67 00 02 78");
    EXPECT_IN(d, "07 0A 00 67 00 05 63");
    EXPECT_OUT(d, "07 0B 00 67 00 05 00");
    EXPECT_QUIET(d);
    d.advance_to_timeout();
    EXPECT_OUT(d, "09 0A 00 00 00 03 61 2F 62");
    EXPECT_IN(d, "07 0B 00 68 00 03 00");
    EXPECT_OUT(d, "08 0C A0 00 68 00 02 78");
    EXPECT_IN(d, "07 0A 00 68 00 06 64");
    EXPECT_OUT(d, "07 0B 00 68 00 06 00");
    EXPECT_IN(d, "07 0D 00 68 00 02 00");  // the answer to what was sent before
    EXPECT_EVENT(d, "DELIVERED");
    EXPECT_QUIET(d);
    d.publish(mqttsn_topic_predefined(0x69), "y", 1);  // the ids of predefined topics are others
    EXPECT_OUT(d, "08 0C 21 00 69 00 04 79");
    EXPECT_IN(d, "07 0A 00 69 00 07 65");
    EXPECT_OUT(d, "07 0B 00 69 00 07 00");
    EXPECT_IN(d, "07 0D 00 69 00 04 03");
    EXPECT_EVENT(d, "DELIVERED");
    assert_int_equal(d.event.code, 3);
}

// Time is a number that wraps around: what was over must not seem to lie ahead again.
void congestion_that_ended_while_the_device_slept_for_weeks_has_ended(void**) {
    Device d;
    d.connect(false);
    d.publish(mqttsn_topic_predefined(1), "x", 1);
    d.out();
    EXPECT_IN(d, "07 0D 00 01 00 01 01");
    assert_int_equal(mqttsn_sleep(&d.client, 300), MQTTSN_OK);
    EXPECT_OUT(d, "04 18 01 2C");
    EXPECT_IN(d, "02 18");
    EXPECT_EVENT(d, "ASLEEP");
    for (int day = 0; day < 30; ++day) {
        d.now += 24 * 3600 * 1000;
        EXPECT_QUIET(d);
    }
    d.connect(false);
    EXPECT_OUT(d, "08 0C A1 00 01 00 01 78");
}

void congestion_is_over_after_weeks_in_which_only_the_timeout_was_asked_for(void**) {
    Device d;
    d.connect(false);
    d.publish(mqttsn_topic_predefined(1), "x", 1);
    d.out();
    EXPECT_IN(d, "07 0D 00 01 00 01 01");
    EXPECT_IN(d, "02 18");
    EXPECT_EVENT(d, "DISCONNECTED");
    for (int day = 0; day < 30; ++day) {
        d.now += 24 * 3600 * 1000;
        assert_int_equal(d.timeout(), UINT32_MAX);
    }
    d.connect(false);
    EXPECT_OUT(d, "08 0C A1 00 01 00 01 78");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(connect_goes_to_the_gateway_that_answered_the_search),
        cmocka_unit_test(an_address_that_does_not_fit_changes_nothing),
        cmocka_unit_test(a_gateway_found_after_all_others_were_lost_is_the_one_that_is_used),
        cmocka_unit_test(refused_for_congestion_a_subscription_keeps_its_topic_and_qos),
        cmocka_unit_test(an_id_given_to_a_name_that_is_not_remembered_no_longer_means_its_old_name),
        cmocka_unit_test(an_id_given_to_another_name_is_not_used_for_the_message_under_way),
        cmocka_unit_test(congestion_that_ended_while_the_device_slept_for_weeks_has_ended),
        cmocka_unit_test(congestion_is_over_after_weeks_in_which_only_the_timeout_was_asked_for),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
