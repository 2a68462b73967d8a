// SPDX-License-Identifier: BSD-3-Clause
#include "device.hpp"

using test::Device;

namespace {

void subscription_ends_with_what_was_granted(void**) {
    Device d;
    d.connect();
    std::uint16_t token = 0;
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_name("a/#"), 2, &token), MQTTSN_OK);
    assert_int_not_equal(token, 0);
    EXPECT_OUT(d, "08 12 40 00 01 61 2F 23");
    EXPECT_QUIET(d);
    EXPECT_IN(d, "08 13 20 00 00 00 01 00");
    EXPECT_EVENT(d, "SUBSCRIBED");
    assert_int_equal(d.event.token, token);
    assert_int_equal(d.event.code, MQTTSN_ACCEPTED);
    assert_int_equal(d.event.qos, 1);
    EXPECT_IGNORED(d, "08 13 20 00 00 00 01 00");
}

void predefined_ids_and_short_names_travel_as_ids(void**) {
    Device d;
    d.connect();
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_predefined(1), 0, nullptr), MQTTSN_OK);
    EXPECT_OUT(d, "07 12 01 00 01 00 01");
    EXPECT_IN(d, "08 13 00 00 01 00 01 00");
    EXPECT_EVENT(d, "SUBSCRIBED");
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_short("ab"), 1, nullptr), MQTTSN_OK);
    EXPECT_OUT(d, "07 12 22 00 02 61 62");
    EXPECT_IN(d, "08 13 20 00 00 00 02 00");
    EXPECT_EVENT(d, "SUBSCRIBED");
    assert_int_equal(mqttsn_unsubscribe(&d.client, mqttsn_topic_short("ab"), nullptr), MQTTSN_OK);
    EXPECT_OUT(d, "07 14 02 00 03 61 62");
    EXPECT_IN(d, "04 15 00 03");
    EXPECT_EVENT(d, "UNSUBSCRIBED");
}

// SN12-14, SN12-99, D29: DUP on SUBSCRIBE, none on UNSUBSCRIBE.
void lost_subscribe_is_repeated_with_dup_and_unsubscribe_without(void**) {
    Device d;
    d.connect();
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_name("a/#"), 1, nullptr), MQTTSN_OK);
    EXPECT_OUT(d, "08 12 20 00 01 61 2F 23");
    d.advance_to_timeout();
    EXPECT_OUT(d, "08 12 A0 00 01 61 2F 23");
    EXPECT_IGNORED(d, "08 13 20 00 00 00 02 00");  // another message id
    EXPECT_IGNORED(d, "04 15 00 01");              // not what was asked for
    EXPECT_IN(d, "08 13 20 00 00 00 01 00");
    EXPECT_EVENT(d, "SUBSCRIBED");
    std::uint16_t token = 0;
    assert_int_equal(mqttsn_unsubscribe(&d.client, mqttsn_topic_name("a/#"), &token), MQTTSN_OK);
    EXPECT_OUT(d, "08 14 00 00 02 61 2F 23");
    d.advance_to_timeout();
    EXPECT_OUT(d, "08 14 00 00 02 61 2F 23");
    EXPECT_IN(d, "04 15 00 02");
    EXPECT_EVENT(d, "UNSUBSCRIBED");
    assert_int_equal(d.event.token, token);
}

void unanswered_subscribe_loses_the_connection_and_goes_on_after_it(void**) {
    Device d;
    d.config.retry_count = 1;
    d.connect();
    std::uint16_t token = 0;
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_name("a/#"), 1, &token), MQTTSN_OK);
    for (int transmission = 0; transmission < 2; ++transmission) {
        assert_string_not_equal(d.out().c_str(), "");
        d.advance_to_timeout();
    }
    EXPECT_QUIET(d);
    EXPECT_EVENT(d, "LOST");
    assert_int_equal(d.event.code, MQTTSN_LOST_SUBSCRIBE);
    d.connect(false);
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_name("b/#"), 1, nullptr), MQTTSN_OK);
    EXPECT_OUT(d, "08 12 A0 00 01 61 2F 23");
    EXPECT_IN(d, "08 13 20 00 00 00 01 00");
    EXPECT_EVENT(d, "SUBSCRIBED");
    assert_int_equal(d.event.token, token);
}

// SN12-86: no REGISTER follows for a name without wildcard.
void topic_id_of_the_suback_is_used_in_both_directions(void**) {
    Device d;
    d.connect();
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_name("a/b"), 1, nullptr), MQTTSN_OK);
    EXPECT_OUT(d, "08 12 20 00 01 61 2F 62");
    EXPECT_IN(d, "08 13 20 00 10 00 01 00");
    EXPECT_EVENT(d, "SUBSCRIBED");
    EXPECT_IN(d, "09 0C 00 00 10 00 00 68 69");
    EXPECT_EVENT(d, "MESSAGE");
    assert_string_equal(d.topic().c_str(), "a/b");
    d.publish(mqttsn_topic_name("a/b"), "hi", 0);
    EXPECT_OUT(d, "09 0C 00 00 10 00 00 68 69");
}

// SN12-87: an id beside a wildcard means nothing.
void topic_id_of_a_wildcard_suback_is_not_remembered(void**) {
    Device d;
    d.connect();
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_name("a/#"), 1, nullptr), MQTTSN_OK);
    d.out();
    EXPECT_IN(d, "08 13 20 00 10 00 01 00");
    EXPECT_EVENT(d, "SUBSCRIBED");
    EXPECT_IN(d, "09 0C 00 00 10 00 00 68 69");
    EXPECT_OUT(d, "07 0D 00 10 00 00 02");
}

void refused_subscription_says_the_code(void**) {
    Device d;
    d.connect();
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_name("a/b"), 1, nullptr), MQTTSN_OK);
    d.out();
    EXPECT_IN(d, "08 13 00 00 10 00 01 03");
    EXPECT_EVENT(d, "SUBSCRIBED");
    assert_int_equal(d.event.code, MQTTSN_REJECTED_NOT_SUPPORTED);
    EXPECT_IN(d, "09 0C 00 00 10 00 00 68 69");  // nothing was learned from it
    EXPECT_OUT(d, "07 0D 00 10 00 00 02");
}

// SN12-84.
void congested_subscription_is_repeated_after_the_wait(void**) {
    Device d;
    d.config.keep_alive_s = 0;
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    d.out();
    EXPECT_IN(d, "03 05 00");
    EXPECT_EVENT(d, "CONNECTED");
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_name("a/#"), 1, nullptr), MQTTSN_OK);
    EXPECT_OUT(d, "08 12 20 00 01 61 2F 23");
    EXPECT_IN(d, "08 13 00 00 00 00 01 01");
    EXPECT_NO_EVENT(d);
    EXPECT_QUIET(d);
    assert_int_equal(d.timeout(), Device::kWaitMs);
    EXPECT_IGNORED(d, "08 13 00 00 00 00 01 01");
    d.advance_to_timeout();
    EXPECT_OUT(d, "08 12 A0 00 01 61 2F 23");
    EXPECT_IN(d, "08 13 20 00 00 00 01 00");
    EXPECT_EVENT(d, "SUBSCRIBED");
}

// The trap of small clients that expect SUBACK as the next message.
// TRAP-36
void register_and_publish_may_come_before_the_suback(void**) {
    Device d;
    d.connect();
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_name("a/#"), 1, nullptr), MQTTSN_OK);
    EXPECT_OUT(d, "08 12 20 00 01 61 2F 23");
    EXPECT_IN(d, "09 0A 00 10 00 01 61 2F 62");
    EXPECT_OUT(d, "07 0B 00 10 00 01 00");
    EXPECT_IN(d, "09 0C 30 00 10 00 02 68 69");
    EXPECT_EVENT(d, "MESSAGE");
    EXPECT_OUT(d, "07 0D 00 10 00 02 00");
    EXPECT_IN(d, "08 13 20 00 00 00 01 00");
    EXPECT_EVENT(d, "SUBSCRIBED");
}

// SN12-77, SN12-85: one queue for all requests, one answer at a time.
void subscribe_and_publish_go_in_the_order_of_the_calls(void**) {
    Device d;
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_name("a/#"), 1, nullptr), MQTTSN_OK);
    d.publish(mqttsn_topic_predefined(1), "x", 1);
    EXPECT_QUIET(d);
    d.connect();
    EXPECT_OUT(d, "08 12 20 00 01 61 2F 23");
    EXPECT_QUIET(d);
    EXPECT_IN(d, "08 13 20 00 00 00 01 00");
    EXPECT_EVENT(d, "SUBSCRIBED");
    EXPECT_OUT(d, "08 0C 21 00 01 00 02 78");
    EXPECT_IN(d, "07 0D 00 01 00 02 00");
    EXPECT_EVENT(d, "DELIVERED");
}

// D28, TRAP-13: a PUBLISH under id 1 waits for the next connection, and every connection registers its name
// anew.
void message_ids_of_two_open_requests_never_meet(void**) {
    Device d;
    d.config.first_message_id = 0xFFFF;
    d.restart();
    d.publish(mqttsn_topic_name("a"), "x", 1);
    d.connect(false);
    EXPECT_OUT(d, "07 0A 00 00 FF FF 61");
    EXPECT_IN(d, "07 0B 00 10 FF FF 00");
    EXPECT_OUT(d, "08 0C 20 00 10 00 01 78");
    for (unsigned i = 0; i <= 0x10002; ++i) {
        EXPECT_IN(d, "02 18");
        EXPECT_EVENT(d, "DISCONNECTED");
        d.connect(false);
        const std::string id = d.out().substr(12, 5);  // 07 0A 00 00 HH LL 61
        assert_string_not_equal(id.c_str(), "00 00");
        assert_string_not_equal(id.c_str(), "00 01");
    }
}

void wrong_requests_are_refused(void**) {
    Device d;
    d.connect();
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_name("a/#/b"), 1, nullptr), MQTTSN_ERR_TOPIC);
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_name(""), 1, nullptr), MQTTSN_ERR_TOPIC);
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_name(nullptr), 1, nullptr), MQTTSN_ERR_TOPIC);
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_predefined(0), 1, nullptr), MQTTSN_ERR_TOPIC);
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_predefined(0xFFFF), 1, nullptr),
                     MQTTSN_ERR_TOPIC);
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_short("a#"), 1, nullptr), MQTTSN_ERR_TOPIC);
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_short("a"), 1, nullptr), MQTTSN_ERR_TOPIC);
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_name("a"), 3, nullptr), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_name("a"), -1, nullptr), MQTTSN_ERR_ARGUMENT);
    mqttsn_topic odd = mqttsn_topic_name("a");
    odd.kind = 3;
    assert_int_equal(mqttsn_subscribe(&d.client, odd, 1, nullptr), MQTTSN_ERR_ARGUMENT);
    const std::string long_name(1472, 'a');
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_name(long_name.c_str()), 1, nullptr),
                     MQTTSN_ERR_TOO_LONG);
    EXPECT_QUIET(d);
    for (std::size_t slot = 0; slot < d.queue.size(); ++slot) {
        assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_name("a"), 1, nullptr), MQTTSN_OK);
    }
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_name("b"), 1, nullptr), MQTTSN_ERR_BUSY);
    assert_int_equal(mqttsn_unsubscribe(&d.client, mqttsn_topic_name("b"), nullptr), MQTTSN_ERR_BUSY);
    EXPECT_OUT(d, "06 12 20 00 01 61");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(subscription_ends_with_what_was_granted),
        cmocka_unit_test(predefined_ids_and_short_names_travel_as_ids),
        cmocka_unit_test(lost_subscribe_is_repeated_with_dup_and_unsubscribe_without),
        cmocka_unit_test(unanswered_subscribe_loses_the_connection_and_goes_on_after_it),
        cmocka_unit_test(topic_id_of_the_suback_is_used_in_both_directions),
        cmocka_unit_test(topic_id_of_a_wildcard_suback_is_not_remembered),
        cmocka_unit_test(refused_subscription_says_the_code),
        cmocka_unit_test(congested_subscription_is_repeated_after_the_wait),
        cmocka_unit_test(register_and_publish_may_come_before_the_suback),
        cmocka_unit_test(subscribe_and_publish_go_in_the_order_of_the_calls),
        cmocka_unit_test(message_ids_of_two_open_requests_never_meet),
        cmocka_unit_test(wrong_requests_are_refused),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
