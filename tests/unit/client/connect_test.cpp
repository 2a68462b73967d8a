// SPDX-License-Identifier: BSD-3-Clause
#include "device.hpp"

using test::Device;

namespace {

// SN12-60
void connack_makes_the_client_active(void**) {
    Device d;
    EXPECT_STATE(d, DISCONNECTED);
    assert_int_equal(d.timeout(), UINT32_MAX);
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    EXPECT_STATE(d, CONNECTING);
    assert_int_equal(d.timeout(), 0);
    EXPECT_OUT(d, "0A 04 04 01 00 3C 64 65 76 31");
    EXPECT_QUIET(d);
    EXPECT_IN(d, "03 05 00");
    EXPECT_EVENT(d, "CONNECTED");
    EXPECT_NO_EVENT(d);
    EXPECT_STATE(d, ACTIVE);
}

void connect_without_clean_session_leaves_the_flag_out(void**) {
    Device d;
    d.config.keep_alive_s = 300;
    assert_int_equal(mqttsn_connect(&d.client, false), MQTTSN_OK);
    EXPECT_OUT(d, "0A 04 00 01 01 2C 64 65 76 31");
}

// SN12-99, SN12-100: N_retry retransmissions, then the procedure is aborted. D29: the same octets, no DUP.
void connect_is_repeated_n_retry_times_and_then_lost(void**) {
    Device d;
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    for (int transmission = 0; transmission < 4; ++transmission) {
        EXPECT_OUT(d, "0A 04 04 01 00 3C 64 65 76 31");
        EXPECT_QUIET(d);
        EXPECT_NO_EVENT(d);
        const std::uint32_t wait = d.timeout();
        assert_in_range(wait, Device::kRetryMs, Device::kRetryMs + Device::kRetryMs / 4);
        d.now += wait - 1;
        EXPECT_QUIET(d);
        d.now += 1;
    }
    EXPECT_QUIET(d);
    EXPECT_EVENT(d, "LOST");
    assert_int_equal(d.event.code, MQTTSN_LOST_CONNECT);
    EXPECT_STATE(d, DISCONNECTED);
    assert_int_equal(d.timeout(), UINT32_MAX);
}

void waits_of_two_devices_differ(void**) {
    Device a;
    Device b;
    b.config.seed = 8;
    b.restart();
    std::string waits[2];
    Device* devices[] = {&a, &b};
    for (int i = 0; i < 2; ++i) {
        assert_int_equal(mqttsn_connect(&devices[i]->client, true), MQTTSN_OK);
        for (int n = 0; n < 4; ++n) {
            devices[i]->out();
            waits[i] += std::to_string(devices[i]->timeout()) + " ";
            devices[i]->advance_to_timeout();
        }
    }
    assert_string_not_equal(waits[0].c_str(), waits[1].c_str());
}

// SN12-62, TRAP-26
void refused_connection_says_the_code_and_can_be_tried_again(void**) {
    Device d;
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    d.out();
    EXPECT_IN(d, "03 05 03");
    EXPECT_EVENT(d, "REFUSED");
    assert_int_equal(d.event.code, MQTTSN_REJECTED_NOT_SUPPORTED);
    EXPECT_STATE(d, DISCONNECTED);
    d.connect();
}

void connack_that_nobody_waits_for_is_ignored(void**) {
    Device d;
    EXPECT_IGNORED(d, "03 05 00");
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    EXPECT_IGNORED(d, "03 05 00");  // CONNECT is not even sent
    d.out();
    EXPECT_IN(d, "03 05 00");
    EXPECT_EVENT(d, "CONNECTED");
    EXPECT_IGNORED(d, "03 05 00");
    EXPECT_IGNORED(d, "03 05 01");
    EXPECT_STATE(d, ACTIVE);
    EXPECT_NO_EVENT(d);
}

// SN12-61: CONNECT, WILLTOPICREQ, WILLTOPIC, WILLMSGREQ, WILLMSG, CONNACK.
void will_is_handed_over_on_request(void**) {
    Device d;
    const mqttsn_will will = {"w/t", "off", 3, 1, true};
    d.config.will = &will;
    d.restart();
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    EXPECT_OUT(d, "0A 04 0C 01 00 3C 64 65 76 31");
    EXPECT_IN(d, "02 06");
    EXPECT_OUT(d, "06 07 30 77 2F 74");
    EXPECT_STATE(d, CONNECTING);
    EXPECT_IN(d, "02 08");
    EXPECT_OUT(d, "05 09 6F 66 66");
    EXPECT_IN(d, "03 05 00");
    EXPECT_EVENT(d, "CONNECTED");
}

void lost_will_messages_are_repeated(void**) {
    Device d;
    const mqttsn_will will = {"w/t", nullptr, 0, 0, false};
    d.config.will = &will;
    d.restart();
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    d.out();
    EXPECT_IN(d, "02 06");
    EXPECT_OUT(d, "06 07 00 77 2F 74");
    d.advance_to_timeout();
    EXPECT_OUT(d, "06 07 00 77 2F 74");  // no WILLMSGREQ came
    EXPECT_IN(d, "02 06");               // the gateway repeats its question: our answer was lost
    EXPECT_OUT(d, "06 07 00 77 2F 74");
    EXPECT_IN(d, "02 08");
    EXPECT_OUT(d, "02 09");
    EXPECT_IN(d, "02 08");
    EXPECT_OUT(d, "02 09");
    d.advance_to_timeout();
    EXPECT_OUT(d, "02 09");
    for (int i = 0; i < 2; ++i) {
        d.advance_to_timeout();
        EXPECT_OUT(d, "02 09");
    }
    d.advance_to_timeout();
    EXPECT_QUIET(d);
    EXPECT_EVENT(d, "LOST");
    assert_int_equal(d.event.code, MQTTSN_LOST_CONNECT);
}

// D09, found by the soak: a late copy of CONNECT makes a gateway begin the handshake anew.
void gateway_that_begins_the_will_handshake_anew_gets_the_topic_again(void**) {
    Device d;
    const mqttsn_will will = {"w/t", "off", 3, 1, true};
    d.config.will = &will;
    d.restart();
    assert_int_equal(mqttsn_connect(&d.client, false), MQTTSN_OK);
    d.out();
    EXPECT_IN(d, "02 06");
    d.out();
    EXPECT_IN(d, "02 08");
    EXPECT_OUT(d, "05 09 6F 66 66");
    EXPECT_IN(d, "02 06");
    EXPECT_OUT(d, "06 07 30 77 2F 74");
    EXPECT_IN(d, "03 05 00");  // the question was a late copy itself
    EXPECT_EVENT(d, "CONNECTED");
    EXPECT_IGNORED(d, "02 06");
}

// SN12-68: CONNECT with Will = 1 and the empty WILLTOPIC deletes the stored will.
void empty_will_topic_deletes_the_stored_will(void**) {
    Device d;
    const mqttsn_will will = {nullptr, nullptr, 0, 0, false};
    d.config.will = &will;
    d.restart();
    assert_int_equal(mqttsn_connect(&d.client, false), MQTTSN_OK);
    EXPECT_OUT(d, "0A 04 08 01 00 3C 64 65 76 31");
    EXPECT_IN(d, "02 06");
    EXPECT_OUT(d, "02 07");
    EXPECT_IN(d, "03 05 00");
    EXPECT_EVENT(d, "CONNECTED");
}

void gateway_that_forgot_the_will_handshake_gets_connect_again(void**) {
    Device d;
    const mqttsn_will will = {"w/t", "off", 3, 1, true};
    d.config.will = &will;
    d.restart();
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    d.out();
    EXPECT_IN(d, "02 06");
    d.out();
    EXPECT_IN(d, "02 18");
    EXPECT_NO_EVENT(d);
    d.advance_to_timeout();
    EXPECT_OUT(d, "0A 04 0C 01 00 3C 64 65 76 31");
    EXPECT_IN(d, "02 06");
    EXPECT_OUT(d, "06 07 30 77 2F 74");
}

void unusable_will_is_refused_before_anything_is_sent(void**) {
    Device d;
    mqttsn_will will = {"w/#", "off", 3, 1, true};
    d.config.will = &will;
    d.restart();
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_ERR_TOPIC);
    will.topic = "w/t";
    will.qos = 3;
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_ERR_ARGUMENT);
    will.qos = 2;
    will.payload = nullptr;
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_ERR_ARGUMENT);
    will.payload = "off";
    will.payload_octets = 1472;
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_ERR_TOO_LONG);
    EXPECT_STATE(d, DISCONNECTED);
    EXPECT_QUIET(d);
}

// SN12-98, D23, TRAP-21: before CONNACK a DISCONNECT answers something older.
void disconnect_while_connecting_is_ignored(void**) {
    Device d;
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    d.out();
    EXPECT_IGNORED(d, "02 18");
    EXPECT_IN(d, "03 05 00");
    EXPECT_EVENT(d, "CONNECTED");
}

// SN12-98, D23
void unasked_disconnect_is_reported_and_never_answered(void**) {
    Device d;
    d.connect();
    EXPECT_IN(d, "02 18");
    EXPECT_EVENT(d, "DISCONNECTED");
    EXPECT_QUIET(d);
    EXPECT_STATE(d, DISCONNECTED);
    EXPECT_IGNORED(d, "02 18");
    EXPECT_NO_EVENT(d);
}

void our_disconnect_is_repeated_until_answered(void**) {
    Device d;
    d.connect();
    assert_int_equal(mqttsn_disconnect(&d.client), MQTTSN_OK);
    EXPECT_IGNORED(d, "02 18");  // crossed ours
    EXPECT_OUT(d, "02 18");
    EXPECT_STATE(d, DISCONNECTING);
    d.advance_to_timeout();
    EXPECT_OUT(d, "02 18");
    EXPECT_IN(d, "02 18");
    EXPECT_EVENT(d, "CLOSED");
    EXPECT_STATE(d, DISCONNECTED);
    assert_int_equal(mqttsn_disconnect(&d.client), MQTTSN_ERR_STATE);
}

void disconnect_without_answer_is_lost(void**) {
    Device d;
    d.config.retry_count = 0;
    d.connect();
    assert_int_equal(mqttsn_disconnect(&d.client), MQTTSN_OK);
    EXPECT_OUT(d, "02 18");
    d.advance_to_timeout();
    EXPECT_QUIET(d);
    EXPECT_EVENT(d, "LOST");
    assert_int_equal(d.event.code, MQTTSN_LOST_DISCONNECT);
}

// SN12-93: within every keep-alive period; one repetition still arrives in time.
void keep_alive_sends_pingreq_before_the_period_ends(void**) {
    Device d;
    d.connect();
    const std::uint32_t connected_at = d.now;
    d.advance_to_timeout();
    assert_int_equal(d.now - connected_at, 60000 - 1250);
    EXPECT_OUT(d, "02 16");
    EXPECT_STATE(d, ACTIVE);
    EXPECT_IN(d, "02 17");
    EXPECT_NO_EVENT(d);
    EXPECT_QUIET(d);
    EXPECT_IGNORED(d, "02 17");
    assert_int_equal(d.timeout(), 60000 - 1250);
}

void short_keep_alive_pings_at_half_of_it(void**) {
    Device d;
    d.config.keep_alive_s = 2;
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    d.out();
    EXPECT_IN(d, "03 05 00");
    EXPECT_EVENT(d, "CONNECTED");
    assert_int_equal(d.timeout(), 1000);
}

// The trap of commschamp/cc.mqttsn.libs issue 3: received traffic must not put off the PINGREQ.
void keep_alive_counts_sent_messages_only(void**) {
    Device d;
    d.connect();
    d.now += 30000;
    EXPECT_IN(d, "08 0C 01 00 05 00 00 78");  // QoS 0, predefined id 5
    EXPECT_EVENT(d, "MESSAGE");
    EXPECT_QUIET(d);
    assert_int_equal(d.timeout(), 60000 - 1250 - 30000);
    d.publish(mqttsn_topic_predefined(5), "x", 0);
    EXPECT_OUT(d, "08 0C 01 00 05 00 00 78");
    EXPECT_EVENT(d, "DELIVERED");
    assert_int_equal(d.timeout(), 60000 - 1250);
    d.publish(mqttsn_topic_predefined(5), "x", -1);  // connectionless: no sign of life of the connection
    d.now += 1000;
    EXPECT_OUT(d, "08 0C 61 00 05 00 00 78");
    EXPECT_EVENT(d, "DELIVERED");
    assert_int_equal(d.timeout(), 60000 - 1250 - 1000);
}

void keep_alive_zero_never_pings(void**) {
    Device d;
    d.config.keep_alive_s = 0;
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    d.out();
    EXPECT_IN(d, "03 05 00");
    EXPECT_EVENT(d, "CONNECTED");
    assert_int_equal(d.timeout(), UINT32_MAX);
}

void unanswered_ping_loses_the_connection(void**) {
    Device d;
    d.connect();
    for (int transmission = 0; transmission < 4; ++transmission) {
        d.advance_to_timeout();
        EXPECT_OUT(d, "02 16");
        EXPECT_QUIET(d);
    }
    d.advance_to_timeout();
    EXPECT_QUIET(d);
    EXPECT_EVENT(d, "LOST");
    assert_int_equal(d.event.code, MQTTSN_LOST_PING);
    EXPECT_STATE(d, DISCONNECTED);
}

// SN12-94, D48, TRAP-31
void pingreq_of_the_gateway_is_answered(void**) {
    Device d;
    EXPECT_IGNORED(d, "02 16");  // SN12-94: only of the gateway we are connected to
    d.connect();
    EXPECT_IN(d, "02 16");
    EXPECT_OUT(d, "02 17");
}

void time_may_wrap_around_while_waiting(void**) {
    Device d;
    d.now = UINT32_MAX - 500;
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    EXPECT_OUT(d, "0A 04 04 01 00 3C 64 65 76 31");
    d.now += 501;  // 0
    EXPECT_QUIET(d);
    assert_in_range(d.timeout(), 1, Device::kRetryMs);
    d.advance_to_timeout();
    assert_in_range(d.now, 1, 2000);
    EXPECT_OUT(d, "0A 04 04 01 00 3C 64 65 76 31");
    EXPECT_IN(d, "03 05 00");
    EXPECT_EVENT(d, "CONNECTED");
    assert_in_range(d.timeout(), 1, 60000);
    d.now = UINT32_MAX - 10;
    EXPECT_IN(d, "02 16");
    EXPECT_OUT(d, "02 17");  // last sent just before the wrap
    assert_int_equal(d.timeout(), 60000 - 1250);
    d.now += 60000 - 1250 - 1;
    EXPECT_QUIET(d);
    d.now += 1;
    EXPECT_OUT(d, "02 16");
}

// TRAP-21
void connect_again_while_active_starts_over(void**) {
    Device d;
    d.connect();
    d.connect(false);
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_ERR_STATE);
}

void client_id_is_checked(void**) {
    Device d;
    const std::string longest(249, 'x');
    d.config.client_id = longest.c_str();
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    assert_int_equal(mqttsn_output(&d.client, d.now, d.buffer.data(), d.buffer.size()), 255);
    d.restart();
    const std::string too_long(250, 'x');
    d.config.client_id = too_long.c_str();
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_ERR_ARGUMENT);
    EXPECT_STATE(d, DISCONNECTED);
    const std::string over_datagram(40, 'x');
    d.config.client_id = over_datagram.c_str();
    d.config.datagram_octets_max = 40;
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_ERR_TOO_LONG);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(connack_makes_the_client_active),
        cmocka_unit_test(connect_without_clean_session_leaves_the_flag_out),
        cmocka_unit_test(connect_is_repeated_n_retry_times_and_then_lost),
        cmocka_unit_test(waits_of_two_devices_differ),
        cmocka_unit_test(refused_connection_says_the_code_and_can_be_tried_again),
        cmocka_unit_test(connack_that_nobody_waits_for_is_ignored),
        cmocka_unit_test(will_is_handed_over_on_request),
        cmocka_unit_test(lost_will_messages_are_repeated),
        cmocka_unit_test(gateway_that_begins_the_will_handshake_anew_gets_the_topic_again),
        cmocka_unit_test(empty_will_topic_deletes_the_stored_will),
        cmocka_unit_test(gateway_that_forgot_the_will_handshake_gets_connect_again),
        cmocka_unit_test(unusable_will_is_refused_before_anything_is_sent),
        cmocka_unit_test(disconnect_while_connecting_is_ignored),
        cmocka_unit_test(unasked_disconnect_is_reported_and_never_answered),
        cmocka_unit_test(our_disconnect_is_repeated_until_answered),
        cmocka_unit_test(disconnect_without_answer_is_lost),
        cmocka_unit_test(keep_alive_sends_pingreq_before_the_period_ends),
        cmocka_unit_test(short_keep_alive_pings_at_half_of_it),
        cmocka_unit_test(keep_alive_counts_sent_messages_only),
        cmocka_unit_test(keep_alive_zero_never_pings),
        cmocka_unit_test(unanswered_ping_loses_the_connection),
        cmocka_unit_test(pingreq_of_the_gateway_is_answered),
        cmocka_unit_test(time_may_wrap_around_while_waiting),
        cmocka_unit_test(connect_again_while_active_starts_over),
        cmocka_unit_test(client_id_is_checked),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
