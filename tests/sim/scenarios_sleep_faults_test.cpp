// SPDX-License-Identifier: BSD-3-Clause
//
// Scenarios in virtual time: sleepers whose gateway is killed, or loses the broker, while they sleep or wake;
// and what a gateway that does not know a device must not say. How they are read: script.hpp.
#include "sim/script.hpp"
#include "support/cmocka.hpp"

using namespace mqttsn::sim;
using namespace std::chrono_literals;

namespace {

// A sleeper() has sent message 0 and got message 1 before it sleeps.

/// A fault so much after the PINGREQ of a wake-up that brings one message each of QoS 1 and 2.
void fault_during_a_wake_up(Micros at, std::uint64_t seed, const std::function<void(Script&)>& fault) {
    WorldSettings settings;
    settings.seed = seed;
    Script s(settings);
    auto& sensor = sleeper(s, 6000s);
    const auto first = s.application_publishes(sensor, 2);
    const auto second = s.application_publishes(sensor, 1);
    s.run_for(10s);
    sensor.start_wake();
    s.run_for(at);
    fault(s);
    s.run_until_quiet();
    for (int i = 0; i < 3;
         ++i) {  // what its application does: asleep, it wakes; told that it is unknown, it connects
        sensor.state() == MQTTSN_STATE_ASLEEP ? sensor.wake() : sensor.connect();
        s.run_until_quiet();
        if (sensor.state() == MQTTSN_STATE_ACTIVE) {
            sensor.sleep(6000s);
        }
    }
    s.assert_promises_kept();
    s.assert_arrivals(first, 1);
    s.assert_that(s.message(second).arrivals > 0, "the QoS 1 message is lost");
    s.assert_that(s.world().broker().owed() == 0, "the broker still has messages");
}

// D12, D20, D21, FAULT-80
void a_gateway_killed_anywhere_in_a_wake_up_leaves_qos_2_exact(void**) {
    for (Micros at{0}; at <= 20ms; at += 500us) {
        for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U, 6U}) {
            fault_during_a_wake_up(at, seed, [](Script& s) { s.kill_gateway(1s); });
        }
    }
}

// D49, FAULT-77: the device does not wait for the broker
void a_connection_cut_anywhere_in_a_wake_up_leaves_qos_2_exact(void**) {
    for (Micros at{0}; at <= 20ms; at += 500us) {
        for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U, 6U}) {
            fault_during_a_wake_up(at, seed, [](Script& s) { s.cut_broker_connections(); });
        }
    }
}

// D12, MQTT 3.1.1 section 4.4
void a_gateway_killed_during_a_sleep_costs_a_connect_and_no_message(void**) {
    Script s;
    auto& sensor = sleeper(s, 600s);
    std::vector<std::uint32_t> numbers{1};
    for (int i = 0; i < 5; ++i) {
        numbers.push_back(s.application_publishes(sensor, 1));
    }
    s.run_for(100s);
    s.kill_gateway(5s);
    s.run_for(100s);
    numbers.push_back(s.application_publishes(sensor, 2));
    s.run_for(100s);
    s.forget_datagrams();
    sensor.wake();  // told that it is unknown, it connects by itself, and fetches
    assert_int_equal(sensor.state(), MQTTSN_STATE_ASLEEP);
    assert_int_equal(s.count(sensor, "> CONNECT"), 1);
    assert_int_equal(s.count(sensor, "> DISCONNECT sleep"), 1);
    assert_int_equal(s.count(sensor, "> PINGREQ s1"), 2);
    s.run_until_quiet();
    s.assert_messages(sensor, numbers);
    s.assert_promises_kept();
}

// not D12: its answer would be a promise
void a_gateway_that_does_not_know_a_device_does_not_say_that_it_may_sleep(void**) {
    Script s;
    auto& sensor = acquainted(s);
    s.kill_gateway(1s);
    s.run_for(2s);
    s.forget_datagrams();
    sensor.sleep(600s);
    s.assert_datagrams(sensor,
                       "> DISCONNECT sleep, > DISCONNECT sleep, > DISCONNECT sleep, > DISCONNECT sleep");
    assert_int_equal(sensor.state(),
                     MQTTSN_STATE_DISCONNECTED);  // lost, and it knows: the next step is CONNECT
    const auto number = s.application_publishes(sensor, 1);
    sensor.connect();
    s.run_until_quiet();
    s.assert_messages(sensor, {1, number});
}

// SN12-103, D33: the same promise
void a_device_given_up_for_lost_is_not_told_that_it_may_sleep(void**) {
    Script s;
    auto& sensor = acquainted(s);
    s.lose(sensor, "< PUBLISH", 4);
    const auto number = s.application_publishes(sensor, 1);
    s.run_until_quiet();
    assert_int_equal(s.counters().sessions_lost, 1);
    s.forget_datagrams();
    sensor.sleep(600s);
    s.assert_datagrams(sensor,
                       "> DISCONNECT sleep, > DISCONNECT sleep, > DISCONNECT sleep, > DISCONNECT sleep");
    sensor.connect();
    s.run_until_quiet();
    s.assert_messages(sensor, {1, number});
}

// D21, SN12-76
void ids_of_a_killed_gateway_are_never_taken_for_other_topics(void**) {
    DeviceSettings settings;
    settings.client_id = "s1";
    settings.keep_alive_s = 0;
    settings.topics = 2;
    Script s;
    auto& sensor = s.device(settings);
    sensor.connect();
    sensor.publish(1, 0);  // gets the first id
    sensor.publish(1, 1);  // gets the second
    s.run_until_quiet();
    sensor.sleep(600s);
    s.kill_gateway(1s);
    s.run_for(10s);
    sensor.connect();  // from asleep it keeps its ids: it cannot know that this is another gateway
    s.forget_datagrams();
    sensor.publish(1, 1);  // under its old id; then it is the first that the new gateway gives out
    s.run_until_quiet();
    s.assert_datagrams(sensor, "> PUBLISH Q1, < PUBACK 02, > REGISTER, < REGACK, > PUBLISH Q1 DUP, < PUBACK");
    sensor.publish(1, 0);  // its old id must not mean the other topic now; the checkers compare names
    s.run_until_quiet();
    s.assert_datagrams(sensor, "> PUBLISH Q1, < PUBACK 02, > REGISTER, < REGACK, > PUBLISH Q1 DUP, < PUBACK");
    s.assert_published(sensor, {0, 1, 2, 3});
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_gateway_killed_anywhere_in_a_wake_up_leaves_qos_2_exact),
        cmocka_unit_test(a_connection_cut_anywhere_in_a_wake_up_leaves_qos_2_exact),
        cmocka_unit_test(a_gateway_killed_during_a_sleep_costs_a_connect_and_no_message),
        cmocka_unit_test(a_gateway_that_does_not_know_a_device_does_not_say_that_it_may_sleep),
        cmocka_unit_test(a_device_given_up_for_lost_is_not_told_that_it_may_sleep),
        cmocka_unit_test(ids_of_a_killed_gateway_are_never_taken_for_other_topics),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
