// SPDX-License-Identifier: BSD-3-Clause
//
// Scenarios in virtual time: messages both ways between an active device and the broker. What they cost in
// datagrams when nothing is lost, and what is repeated (and how) when one acknowledgement is. Sleep, faults
// and bad networks have their own files. How they are read: script.hpp.
#include "sim/script.hpp"
#include "support/cmocka.hpp"

using namespace mqttsn::sim;
using namespace std::chrono_literals;

namespace {

// ---------------------------------------------------------------- nothing is lost

// SN12-61, SN12-83, SN12-96
void connecting_and_subscribing_cost_one_round_trip_each(void**) {
    Script s;
    auto& sensor = s.device("s1");
    sensor.connect();
    s.assert_datagrams(sensor, "> CONNECT, < CONNACK");
    sensor.subscribe(1);
    s.assert_datagrams(sensor, "> SUBSCRIBE, < SUBACK");
    sensor.disconnect();
    s.assert_datagrams(sensor, "> DISCONNECT, < DISCONNECT");
    assert_int_equal(sensor.state(), MQTTSN_STATE_DISCONNECTED);
}

// SN12-39, SN12-71, SN12-75
void a_message_up_costs_one_two_or_four_datagrams(void**) {
    Script s;
    auto& sensor = s.device("s1");
    sensor.connect();
    s.forget_datagrams();
    sensor.publish(0);
    s.run_until_quiet();
    s.assert_datagrams(sensor, "> REGISTER, < REGACK, > PUBLISH Q0");
    sensor.publish(0);
    s.run_until_quiet();
    s.assert_datagrams(sensor, "> PUBLISH Q0");
    sensor.publish(1);
    s.run_until_quiet();
    s.assert_datagrams(sensor, "> PUBLISH Q1, < PUBACK");
    sensor.publish(2);
    s.run_until_quiet();
    s.assert_datagrams(sensor, "> PUBLISH Q2, < PUBREC, > PUBREL, < PUBCOMP");
    s.assert_published(sensor, {0, 1, 2, 3});
}

// SN12-75, SN12-87, SN12-89
void a_message_down_costs_one_two_or_four_datagrams(void**) {
    Script s;
    auto& sensor = subscriber(s);
    s.forget_datagrams();
    s.application_publishes(sensor, 0);
    s.run_until_quiet();
    s.assert_datagrams(sensor, "< REGISTER, > REGACK, < PUBLISH Q0");
    s.application_publishes(sensor, 0);
    s.run_until_quiet();
    s.assert_datagrams(sensor, "< PUBLISH Q0");
    s.application_publishes(sensor, 1);
    s.run_until_quiet();
    s.assert_datagrams(sensor, "< PUBLISH Q1, > PUBACK");
    s.application_publishes(sensor, 2);
    s.run_until_quiet();
    s.assert_datagrams(sensor, "< PUBLISH Q2, > PUBREC, < PUBREL, > PUBCOMP");
    s.assert_messages(sensor, {0, 1, 2, 3});
}

// SN12-86: no REGISTER
void an_exact_filter_brings_its_topic_id_with_suback(void**) {
    Script s;
    auto& sensor = s.device("s1");
    sensor.connect();
    sensor.subscribe_exactly(1);
    s.forget_datagrams();
    s.application_publishes(sensor, 1);
    s.run_until_quiet();
    s.assert_datagrams(sensor, "< PUBLISH Q1, > PUBACK");
}

// SN12-74, D21, TRAP-51
void after_a_reconnect_an_id_is_registered_again_before_its_message(void**) {
    Script s;
    auto& sensor = acquainted(s);
    sensor.disconnect();
    s.application_publishes(sensor, 1);
    s.forget_datagrams();
    sensor.connect();
    s.run_until_quiet();
    s.assert_datagrams(sensor, "> CONNECT, < CONNACK, < REGISTER, > REGACK, < PUBLISH Q1, > PUBACK");
}

// SN12-78, SN12-82
void a_predefined_topic_needs_no_register_and_qos_minus_1_no_connection(void**) {
    DeviceSettings settings;
    settings.client_id = "s1";
    settings.keep_alive_s = 0;
    settings.topic = TopicKind::predefined;
    Script s;
    auto& sensor = s.device(settings);
    sensor.publish(-1);
    s.run_until_quiet();
    s.assert_datagrams(sensor, "> PUBLISH Q-1");
    sensor.connect();
    sensor.subscribe(1);
    s.forget_datagrams();
    sensor.publish(1);
    s.run_until_quiet();
    s.assert_datagrams(sensor, "> PUBLISH Q1, < PUBACK");
    s.application_publishes(sensor, 1);
    s.run_until_quiet();
    s.assert_datagrams(sensor, "< PUBLISH Q1, > PUBACK");
    s.assert_published(sensor, {0, 1});
    s.assert_messages(sensor, {2});
}

// SN12-119: topic ids are per device
void two_devices_do_not_see_each_others_messages(void**) {
    Script s;
    auto& left = acquainted(s, "left");
    auto& right = acquainted(s, "right");
    for (int i = 0; i < 5; ++i) {
        s.application_publishes(left, 1);
        right.publish(2);
        s.application_publishes(right, 2);
        left.publish(1);
    }
    s.run_until_quiet();
    s.assert_messages(left, {1, 4, 8, 12, 16, 20});
    s.assert_messages(right, {3, 6, 10, 14, 18, 22});
    s.assert_published(left, {0, 7, 11, 15, 19, 23});
    s.assert_promises_kept();
}

// ---------------------------------------------------------------- one acknowledgement is lost

// D09
void a_lost_connack_brings_connect_again_and_no_second_session(void**) {
    Script s;
    auto& sensor = s.device("s1");
    s.lose(sensor, "< CONNACK");
    sensor.connect();
    s.assert_repeated_with_dup_only(sensor, "> CONNECT");
    s.assert_datagrams(sensor, "> CONNECT, < CONNACK (lost), > CONNECT, < CONNACK");
    assert_int_equal(s.counters().connects_repeated, 1);
    assert_int_equal(s.counters().links_opened, 1);
}

// D29
void a_lost_suback_brings_subscribe_again_with_dup(void**) {
    Script s;
    auto& sensor = s.device("s1");
    sensor.connect();
    s.forget_datagrams();
    s.lose(sensor, "< SUBACK");
    sensor.subscribe(1);
    s.assert_repeated_with_dup_only(sensor, "> SUBSCRIBE");
    s.assert_datagrams(sensor, "> SUBSCRIBE, < SUBACK (lost), > SUBSCRIBE DUP, < SUBACK");
    s.application_publishes(sensor, 1);
    s.run_until_quiet();
    s.assert_messages(sensor, {0});
}

// D29: REGISTER has no DUP
void a_lost_regack_brings_register_again_as_it_was(void**) {
    Script s;
    auto& sensor = subscriber(s);
    s.forget_datagrams();
    s.lose(sensor, "< REGACK");
    sensor.publish(1);
    s.run_until_quiet();
    s.assert_repeated_with_dup_only(sensor, "> REGISTER");
    s.assert_datagrams(sensor, "> REGISTER, < REGACK (lost), > REGISTER, < REGACK, > PUBLISH Q1, < PUBACK");

    s.lose(sensor, "> REGACK");
    s.application_publishes(sensor, 1);
    s.run_until_quiet();
    s.assert_repeated_with_dup_only(sensor, "< REGISTER");
    s.assert_datagrams(sensor, "< REGISTER, > REGACK (lost), < REGISTER, > REGACK, < PUBLISH Q1, > PUBACK");
}

// D29, D30
void a_lost_puback_brings_publish_again_with_dup(void**) {
    Script s;
    auto& sensor = acquainted(s);
    s.lose(sensor, "< PUBACK");
    const auto up = sensor.publish(1);
    s.run_until_quiet();
    s.assert_repeated_with_dup_only(sensor, "> PUBLISH");
    s.assert_datagrams(sensor, "> PUBLISH Q1, < PUBACK (lost), > PUBLISH Q1 DUP, < PUBACK");
    s.assert_arrivals(up, 1);  // more than QoS 1 asks for: the gateway remembers it for a while

    s.lose(sensor, "> PUBACK");
    const auto down = s.application_publishes(sensor, 1);
    s.run_until_quiet();
    s.assert_repeated_with_dup_only(sensor, "< PUBLISH");
    s.assert_datagrams(sensor, "< PUBLISH Q1, > PUBACK (lost), < PUBLISH Q1 DUP, > PUBACK");
    s.assert_arrivals(down, 2);  // QoS 1 allows it: the device keeps no list
}

// D29, D30
void a_lost_pubrec_brings_publish_again_with_dup(void**) {
    Script s;
    auto& sensor = acquainted(s);
    s.lose(sensor, "< PUBREC");
    const auto up = sensor.publish(2);
    s.run_until_quiet();
    s.assert_repeated_with_dup_only(sensor, "> PUBLISH");
    s.assert_datagrams(sensor,
                       "> PUBLISH Q2, < PUBREC (lost), > PUBLISH Q2 DUP, < PUBREC, > PUBREL, < PUBCOMP");
    s.assert_arrivals(up, 1);

    s.lose(sensor, "> PUBREC");
    const auto down = s.application_publishes(sensor, 2);
    s.run_until_quiet();
    s.assert_repeated_with_dup_only(sensor, "< PUBLISH");
    s.assert_datagrams(sensor,
                       "< PUBLISH Q2, > PUBREC (lost), < PUBLISH Q2 DUP, > PUBREC, < PUBREL, > PUBCOMP");
    s.assert_arrivals(down, 1);
}

// D29: PUBREL has no DUP
void a_lost_pubrel_is_sent_again_as_it_was(void**) {
    Script s;
    auto& sensor = acquainted(s);
    s.lose(sensor, "> PUBREL");
    const auto up = sensor.publish(2);
    s.run_until_quiet();
    s.assert_repeated_with_dup_only(sensor, "> PUBREL");
    s.assert_datagrams(sensor, "> PUBLISH Q2, < PUBREC, > PUBREL (lost), > PUBREL, < PUBCOMP");
    s.assert_arrivals(up, 1);

    s.lose(sensor, "< PUBREL");
    const auto down = s.application_publishes(sensor, 2);
    s.run_until_quiet();
    s.assert_repeated_with_dup_only(sensor, "< PUBREL");
    s.assert_datagrams(sensor, "< PUBLISH Q2, > PUBREC, < PUBREL (lost), < PUBREL, > PUBCOMP");
    s.assert_arrivals(down, 1);
}

// D30, SN12-41
void a_lost_pubcomp_brings_pubrel_again(void**) {
    Script s;
    auto& sensor = acquainted(s);
    s.lose(sensor, "< PUBCOMP");
    const auto up = sensor.publish(2);
    s.run_until_quiet();
    s.assert_datagrams(sensor, "> PUBLISH Q2, < PUBREC, > PUBREL, < PUBCOMP (lost), > PUBREL, < PUBCOMP");
    s.assert_arrivals(up, 1);

    s.lose(sensor, "> PUBCOMP");
    const auto down = s.application_publishes(sensor, 2);
    s.run_until_quiet();
    s.assert_datagrams(sensor, "< PUBLISH Q2, > PUBREC, < PUBREL, > PUBCOMP (lost), < PUBREL, > PUBCOMP");
    s.assert_arrivals(down, 1);
    assert_int_equal(s.world().broker().owed(), 0);
}

// SN12-93, SN12-99
void a_lost_pingresp_brings_pingreq_again_and_the_connection_lives_on(void**) {
    DeviceSettings settings;
    settings.client_id = "s1";
    settings.keep_alive_s = 60;
    Script s;
    auto& sensor = s.device(settings);
    sensor.connect();
    s.forget_datagrams();
    s.lose(sensor, "< PINGRESP");
    s.run_for(90s);
    s.assert_datagrams(sensor, "> PINGREQ, < PINGRESP (lost), > PINGREQ, < PINGRESP");
    assert_int_equal(sensor.state(), MQTTSN_STATE_ACTIVE);
}

// D12
void a_lost_answer_to_disconnect_is_given_again_to_an_unknown_peer(void**) {
    Script s;
    auto& sensor = s.device("s1");
    sensor.connect();
    s.forget_datagrams();
    s.lose(sensor, "< DISCONNECT");
    sensor.disconnect();
    s.assert_datagrams(sensor, "> DISCONNECT, < DISCONNECT (lost), > DISCONNECT, < DISCONNECT");
    assert_int_equal(s.world().statistics(sensor.index()).lost, 0);
}

// ---------------------------------------------------------------- many messages, little room

// MQTT 3.1.1 section 4.4
void a_window_of_1_and_of_20_bring_the_same_messages_in_order(void**) {
    for (const std::uint32_t window : {1U, 20U}) {
        WorldSettings settings;
        settings.broker.window = window;
        Script s(settings);
        auto& sensor = subscriber(s);
        std::vector<std::uint32_t> sent;
        for (int i = 0; i < 50; ++i) {
            sent.push_back(s.application_publishes(sensor, 1 + i % 2));
        }
        s.run_until_quiet();
        s.assert_messages(sensor, sent);
        assert_int_equal(s.count(sensor, "< REGISTER"), 1);
        assert_int_equal(s.count(sensor, "< PUBLISH"), 50);
    }
}

// D19: kept session fetched again, clean session not read from
void an_active_devices_full_queue_loses_nothing(void**) {
    for (const bool clean : {false, true}) {
        WorldSettings settings;
        settings.gateway.sleep.max_messages = 2;
        Script s(settings);
        auto& sensor = s.device("s1");
        clean ? sensor.connect_clean() : sensor.connect();
        sensor.subscribe(2);
        std::vector<std::uint32_t> sent;
        for (int i = 0; i < 30; ++i) {
            sent.push_back(s.application_publishes(sensor, 1 + i % 2));
        }
        s.run_until_quiet();
        s.assert_messages(sensor, sent);
        assert_int_equal(s.counters().downlink_dropped_overflow, 0);
    }
}

// D49, SN12-76
void without_a_broker_a_device_is_told_congestion_and_keeps_silent_for_t_wait(void**) {
    Script s;
    auto& sensor = acquainted(s);
    s.crash_broker(60s, true);
    s.run_for(1s);
    const auto number = sensor.publish(1);
    s.run_for(290s);  // T_WAIT is 5 minutes; the broker has long been back
    s.assert_datagrams(sensor, "> PUBLISH Q1, < PUBACK 01");
    s.run_for(20s);
    assert_string_equal(s.last_datagram(sensor).c_str(), "< PUBACK");
    s.assert_arrivals(number, 1);
}

// D41: PUBACK 03, counted
void a_device_without_room_for_qos_2_gets_nothing_and_the_broker_is_rid_of_it(void**) {
    DeviceSettings settings;
    settings.client_id = "s1";
    settings.keep_alive_s = 0;
    settings.inbound_length = 0;
    Script s;
    auto& sensor = s.device(settings);
    sensor.connect();
    sensor.subscribe(2);
    s.forget_datagrams();
    s.application_publishes(sensor, 2);
    s.application_publishes(sensor, 1);
    s.run_until_quiet();
    s.assert_datagrams(sensor, "< REGISTER, > REGACK, < PUBLISH Q2, > PUBACK 03, < PUBLISH Q1, > PUBACK");
    s.assert_messages(sensor, {1});
    assert_int_equal(s.counters().downlink_dropped_refused, 1);
    assert_int_equal(s.world().broker().owed(), 0);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(connecting_and_subscribing_cost_one_round_trip_each),
        cmocka_unit_test(a_message_up_costs_one_two_or_four_datagrams),
        cmocka_unit_test(a_message_down_costs_one_two_or_four_datagrams),
        cmocka_unit_test(an_exact_filter_brings_its_topic_id_with_suback),
        cmocka_unit_test(after_a_reconnect_an_id_is_registered_again_before_its_message),
        cmocka_unit_test(a_predefined_topic_needs_no_register_and_qos_minus_1_no_connection),
        cmocka_unit_test(two_devices_do_not_see_each_others_messages),
        cmocka_unit_test(a_lost_connack_brings_connect_again_and_no_second_session),
        cmocka_unit_test(a_lost_suback_brings_subscribe_again_with_dup),
        cmocka_unit_test(a_lost_regack_brings_register_again_as_it_was),
        cmocka_unit_test(a_lost_puback_brings_publish_again_with_dup),
        cmocka_unit_test(a_lost_pubrec_brings_publish_again_with_dup),
        cmocka_unit_test(a_lost_pubrel_is_sent_again_as_it_was),
        cmocka_unit_test(a_lost_pubcomp_brings_pubrel_again),
        cmocka_unit_test(a_lost_pingresp_brings_pingreq_again_and_the_connection_lives_on),
        cmocka_unit_test(a_lost_answer_to_disconnect_is_given_again_to_an_unknown_peer),
        cmocka_unit_test(a_window_of_1_and_of_20_bring_the_same_messages_in_order),
        cmocka_unit_test(an_active_devices_full_queue_loses_nothing),
        cmocka_unit_test(without_a_broker_a_device_is_told_congestion_and_keeps_silent_for_t_wait),
        cmocka_unit_test(a_device_without_room_for_qos_2_gets_nothing_and_the_broker_is_rid_of_it),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
