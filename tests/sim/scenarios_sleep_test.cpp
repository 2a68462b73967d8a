// SPDX-License-Identifier: BSD-3-Clause
//
// Scenarios in virtual time: devices that sleep. What is kept for them, how a wake-up goes, what becomes of a
// device that does not wake, and of a sleeper whose gateway was killed. How they are read: script.hpp.
#include "sim/script.hpp"
#include "support/cmocka.hpp"

using namespace mqttsn::sim;
namespace lossy = mqttsn::lossy;
using namespace std::chrono_literals;

namespace {

// A sleeper() has sent message 0 and got message 1 before it sleeps.

std::vector<std::uint32_t> publish_many(Script& s, const ScriptDevice& device, unsigned count, int qos) {
    std::vector<std::uint32_t> numbers{1};
    while (count-- > 0) {
        numbers.push_back(s.application_publishes(device, qos));
    }
    return numbers;
}

// ---------------------------------------------------------------- a wake-up

// SN12-104, SN12-105
void sleeper_gets_buffered_qos1_message_once_after_pingreq(void**) {
    Script s;
    auto& sensor = sleeper(s, 60s);
    s.application_publishes(sensor, 1);
    s.run_for(59s);
    assert_int_equal(s.datagrams_to(sensor), 0);
    sensor.wake();
    s.assert_datagrams(sensor, "> PINGREQ s1, < PUBLISH Q1, > PUBACK, < PINGRESP");
    s.run_until_quiet();
    s.assert_datagrams(sensor, "");
    s.assert_messages(sensor, {1, 2});
    assert_int_equal(sensor.state(), MQTTSN_STATE_ASLEEP);
}

// SN12-106
void a_wake_up_for_nothing_costs_two_datagrams(void**) {
    Script s;
    auto& sensor = sleeper(s, 60s);
    s.run_for(50s);
    sensor.wake();
    s.assert_datagrams(sensor, "> PINGREQ s1, < PINGRESP");
}

// SN12-104, SN12-107, D15
void fifty_messages_of_all_qos_come_in_one_wake_up_in_order_and_pingresp_is_last(void**) {
    WorldSettings settings;
    settings.broker.window = 0;  // else brokers let QoS 0 overtake what waits behind their window
    Script s(settings);
    auto& sensor = sleeper(s, 600s);
    std::vector<std::uint32_t> numbers{1};
    for (int i = 0; i < 50; ++i) {
        numbers.push_back(s.application_publishes(sensor, i % 3));
    }
    s.run_for(500s);
    assert_int_equal(s.datagrams_to(sensor), 0);
    sensor.wake();
    assert_int_equal(s.count(sensor, "> PINGREQ"), 1);
    assert_int_equal(s.count(sensor, "< PUBLISH"), 50);
    assert_int_equal(s.count(sensor, "< PINGRESP"), 1);
    assert_string_equal(s.last_datagram(sensor).c_str(), "< PINGRESP");
    s.assert_messages(sensor, numbers);
}

// D16
void a_message_that_comes_during_the_wake_up_belongs_to_it(void**) {
    Script s;
    auto& sensor = sleeper(s, 60s);
    s.application_publishes(sensor, 1);
    s.when(sensor, "> PUBACK", [&] { s.application_publishes(sensor, 1); });
    s.run_for(10s);
    sensor.wake();
    s.assert_datagrams(sensor, "> PINGREQ s1, < PUBLISH Q1, > PUBACK, < PUBLISH Q1, > PUBACK, < PINGRESP");
    s.assert_messages(sensor, {1, 2, 3});
}

// SN12-74, D15
void a_topic_that_is_new_to_a_sleeper_is_registered_before_its_message(void**) {
    DeviceSettings settings;
    settings.client_id = "s1";
    settings.keep_alive_s = 0;
    Script s;
    auto& sensor = s.device(settings);
    sensor.connect();
    sensor.subscribe(1);
    sensor.sleep(60s);
    s.forget_datagrams();
    s.application_publishes(sensor, 1);
    s.run_for(10s);
    sensor.wake();
    s.assert_datagrams(sensor, "> PINGREQ s1, < REGISTER, > REGACK, < PUBLISH Q1, > PUBACK, < PINGRESP");
}

// D19: the rest is left in the broker
void a_queue_of_two_brings_thirty_messages_in_one_wake_up(void**) {
    WorldSettings settings;
    settings.gateway.sleep.max_messages = 2;
    Script s(settings);
    auto& sensor = sleeper(s, 600s);
    const auto numbers = publish_many(s, sensor, 30, 1);
    s.run_for(500s);
    sensor.wake();
    assert_int_equal(s.count(sensor, "> PINGREQ"), 1);
    assert_string_equal(s.last_datagram(sensor).c_str(), "< PINGRESP");
    s.assert_messages(sensor, numbers);
    assert_true(s.counters().downlink_left_in_broker > 0);
    assert_int_equal(s.counters().downlink_dropped_overflow, 0);
}

// D19: no broker keeps anything for a clean session, and a sleeper's connection must be read
void a_clean_session_that_sleeps_keeps_the_newest_messages_and_counts_the_others(void**) {
    WorldSettings settings;
    settings.gateway.sleep.max_messages = 2;
    Script s(settings);
    auto& sensor = s.device("s1");
    sensor.connect_clean();
    sensor.subscribe(1);
    sensor.sleep(60s);
    std::vector<std::uint32_t> sent;
    for (int i = 0; i < 5; ++i) {
        sent.push_back(s.application_publishes(sensor, 1));
    }
    s.run_for(50s);
    sensor.wake();
    s.assert_messages(sensor, {sent[3], sent[4]});
    assert_int_equal(s.counters().downlink_dropped_overflow, 3);
}

// D15: a ping to the broker is the barrier
void a_window_of_one_brings_thirty_messages_in_one_wake_up(void**) {
    WorldSettings settings;
    settings.broker.window = 1;
    Script s(settings);
    auto& sensor = sleeper(s, 600s);
    const auto numbers = publish_many(s, sensor, 30, 2);
    s.run_for(500s);
    sensor.wake();
    assert_int_equal(s.count(sensor, "> PINGREQ"), 1);
    assert_string_equal(s.last_datagram(sensor).c_str(), "< PINGRESP");
    s.assert_messages(sensor, numbers);
}

// ---------------------------------------------------------------- a wake-up on a bad network

// SN12-107
void a_lost_pingresp_brings_pingreq_again_and_no_message_twice(void**) {
    Script s;
    auto& sensor = sleeper(s, 60s);
    s.application_publishes(sensor, 1);
    s.lose(sensor, "< PINGRESP");
    sensor.wake();
    s.assert_datagrams(sensor,
                       "> PINGREQ s1, < PUBLISH Q1, > PUBACK, < PINGRESP (lost), > PINGREQ s1, < PINGRESP");
    s.assert_messages(sensor, {1, 2});
    assert_int_equal(sensor.state(), MQTTSN_STATE_ASLEEP);
}

// SN12-99, SN12-103
void a_lost_answer_to_going_to_sleep_brings_the_same_disconnect_again(void**) {
    Script s;
    auto& sensor = acquainted(s);
    s.forget_datagrams();
    s.lose(sensor, "< DISCONNECT");
    sensor.sleep(60s);
    s.assert_repeated_with_dup_only(sensor, "> DISCONNECT");
    s.assert_datagrams(sensor, "> DISCONNECT sleep, < DISCONNECT (lost), > DISCONNECT sleep, < DISCONNECT");
    assert_int_equal(sensor.state(), MQTTSN_STATE_ASLEEP);
}

// D17
void a_device_that_falls_silent_while_awake_gets_the_message_at_the_next_wake_up(void**) {
    Script s;
    auto& sensor = sleeper(s, 600s);
    s.application_publishes(sensor, 1);
    s.lose(sensor, "< PUBLISH");
    s.when(sensor, "< PUBLISH", [&] { s.switch_off(sensor, 120s); });
    sensor.start_wake();
    s.run_for(119s);
    s.assert_datagrams(
        sensor, "> PINGREQ s1, < PUBLISH Q1 (lost), < PUBLISH Q1 DUP, < PUBLISH Q1 DUP, < PUBLISH Q1 DUP");
    s.run_until_quiet();  // it is back, and its PINGREQ was long due
    s.assert_datagrams(sensor, "> PINGREQ s1, < PUBLISH Q1 DUP, > PUBACK, < PINGRESP");
    s.assert_messages(sensor, {1, 2});
    assert_int_equal(s.counters().sessions_lost, 0);
}

// SN12-100, SN12-107, D17
void a_device_cut_off_while_awake_connects_again_and_gets_the_message(void**) {
    Script s;
    auto& sensor = sleeper(s, 600s);
    const auto number = s.application_publishes(sensor, 2);
    s.when(sensor, "> PUBREC", [&] { s.partition(sensor); });
    sensor.wake();
    assert_int_equal(sensor.state(), MQTTSN_STATE_DISCONNECTED);
    s.heal(sensor);
    sensor.connect();
    s.run_until_quiet();
    s.assert_messages(sensor, {1, number});
    s.assert_promises_kept();
}

// SN12-99, D18
void a_lost_message_of_the_wake_up_is_repeated_within_it(void**) {
    Script s;
    auto& sensor = sleeper(s, 600s);
    const auto numbers = publish_many(s, sensor, 3, 2);
    s.lose(sensor, "< PUBLISH");
    s.lose(sensor, "< PUBREL");
    s.lose(sensor, "> PUBCOMP");
    sensor.wake();
    assert_int_equal(sensor.state(), MQTTSN_STATE_ASLEEP);
    assert_string_equal(s.last_datagram(sensor).c_str(), "< PINGRESP");
    s.assert_messages(sensor, numbers);
}

// D13
void a_sleeper_that_wakes_at_a_new_address_gets_its_messages_there(void**) {
    lossy::LinkSettings behind_nat;
    behind_nat.rebind.after_idle = 30s;
    DeviceSettings settings;
    settings.client_id = "s1";
    settings.pattern = Pattern::sleeper;
    settings.wake_every = 60s;
    settings.subscribes = true;
    Script s;
    s.use_links();
    const std::uint32_t sensor = s.self_driven(settings, behind_nat);
    s.run_for(10s);
    const auto number = s.application_publishes(sensor, 2);
    s.run_for(100s);
    s.assert_arrivals(number, 1);
    assert_true(s.counters().roamed > 0);
    assert_int_equal(s.world().statistics(sensor).connects, 1);
}

// ---------------------------------------------------------------- sleeping on, and other ends of a sleep

// SN12-103, SN12-112
void a_sleeper_is_lost_when_its_duration_and_the_tolerance_are_over_but_keeps_its_messages(void**) {
    Script s;
    auto& sensor = sleeper(s, 60s);
    const auto number = s.application_publishes(sensor, 1);
    s.run_for(89s);  // 50 % of 60 s are tolerated
    assert_int_equal(s.counters().sessions_lost, 0);
    s.run_for(2s);
    assert_int_equal(s.counters().sessions_lost, 1);
    s.assert_datagrams(sensor, "");
    sensor.wake();
    assert_int_equal(s.count(sensor, "< DISCONNECT"), 2);  // D12, and the answer to its wish to sleep again
    assert_int_equal(s.count(sensor, "> CONNECT"), 1);
    assert_int_equal(sensor.state(), MQTTSN_STATE_ASLEEP);
    s.run_until_quiet();
    s.assert_messages(sensor, {1, number});
}

// SN12-105
void each_wake_up_begins_the_sleep_anew(void**) {
    Script s;
    auto& sensor = sleeper(s, 60s);
    for (int i = 0; i < 10; ++i) {
        s.run_for(80s);
        sensor.wake();
    }
    assert_int_equal(s.counters().sessions_lost, 0);
}

// SN12-108
void a_sleeper_may_change_its_duration(void**) {
    Script s;
    auto& sensor = sleeper(s, 60s);
    sensor.sleep(600s);
    s.assert_datagrams(sensor, "> DISCONNECT sleep, < DISCONNECT");
    const auto number = s.application_publishes(sensor, 1);
    s.run_for(590s);
    sensor.wake();
    s.assert_messages(sensor, {1, number});
    assert_int_equal(s.counters().sessions_lost, 0);
}

// SN12-108, D20
void connect_from_asleep_goes_on_with_the_session_and_brings_what_was_kept(void**) {
    Script s;
    auto& sensor = sleeper(s, 600s);
    const auto numbers = publish_many(s, sensor, 3, 1);
    s.run_for(500s);
    sensor.connect();
    s.run_until_quiet();
    s.assert_datagrams(
        sensor,
        "> CONNECT, < CONNACK, < PUBLISH Q1, > PUBACK, < PUBLISH Q1, > PUBACK, < PUBLISH Q1, > PUBACK");
    s.assert_messages(sensor, numbers);
    assert_int_equal(s.counters().links_opened, 1);
    assert_int_equal(sensor.state(), MQTTSN_STATE_ACTIVE);
}

// SN12-109
void what_a_sleeper_wants_to_say_waits_for_its_connect(void**) {
    Script s;
    auto& sensor = sleeper(s, 600s);
    const auto number = sensor.publish(1);
    s.run_for(60s);
    s.assert_datagrams(sensor, "");
    sensor.connect();
    s.run_until_quiet();
    s.assert_published(sensor, {0, number});
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(sleeper_gets_buffered_qos1_message_once_after_pingreq),
        cmocka_unit_test(a_wake_up_for_nothing_costs_two_datagrams),
        cmocka_unit_test(fifty_messages_of_all_qos_come_in_one_wake_up_in_order_and_pingresp_is_last),
        cmocka_unit_test(a_message_that_comes_during_the_wake_up_belongs_to_it),
        cmocka_unit_test(a_topic_that_is_new_to_a_sleeper_is_registered_before_its_message),
        cmocka_unit_test(a_queue_of_two_brings_thirty_messages_in_one_wake_up),
        cmocka_unit_test(a_clean_session_that_sleeps_keeps_the_newest_messages_and_counts_the_others),
        cmocka_unit_test(a_window_of_one_brings_thirty_messages_in_one_wake_up),
        cmocka_unit_test(a_lost_pingresp_brings_pingreq_again_and_no_message_twice),
        cmocka_unit_test(a_lost_answer_to_going_to_sleep_brings_the_same_disconnect_again),
        cmocka_unit_test(a_device_that_falls_silent_while_awake_gets_the_message_at_the_next_wake_up),
        cmocka_unit_test(a_device_cut_off_while_awake_connects_again_and_gets_the_message),
        cmocka_unit_test(a_lost_message_of_the_wake_up_is_repeated_within_it),
        cmocka_unit_test(a_sleeper_that_wakes_at_a_new_address_gets_its_messages_there),
        cmocka_unit_test(
            a_sleeper_is_lost_when_its_duration_and_the_tolerance_are_over_but_keeps_its_messages),
        cmocka_unit_test(each_wake_up_begins_the_sleep_anew),
        cmocka_unit_test(a_sleeper_may_change_its_duration),
        cmocka_unit_test(connect_from_asleep_goes_on_with_the_session_and_brings_what_was_kept),
        cmocka_unit_test(what_a_sleeper_wants_to_say_waits_for_its_connect),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
