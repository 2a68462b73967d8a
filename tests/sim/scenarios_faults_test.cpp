// SPDX-License-Identifier: BSD-3-Clause
//
// Scenarios in virtual time: the gateway is killed, the broker restarts, stalls or forgets, connections
// between them break, at every half millisecond of an exchange (a datagram and a packet take 1 ms each). How
// they are read: script.hpp.
#include "sim/script.hpp"
#include "support/cmocka.hpp"

using namespace mqttsn::sim;
using namespace std::chrono_literals;

namespace {

constexpr Micros kExchange = 16ms;  // longer than PUBLISH .. PUBCOMP between device and broker
constexpr Micros kHalfStep = 500us;

DeviceSettings self_driven_settings() {
    DeviceSettings settings;
    settings.client_id = "s1";
    settings.subscribes = true;
    return settings;
}

struct Case {
    std::uint64_t seed;
    Micros at;
    Way way;
};

/// Calls `test` for each moment of an exchange, both ways, with six seeds (they decide how much of what was
/// written still arrives).
template <typename Test>
void at_each_half_millisecond(const Test& test) {
    for (const Way way : {Way::up, Way::down}) {
        for (Micros at{0}; at <= kExchange; at += kHalfStep) {
            for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U, 6U}) {
                test(Case{seed, at, way});
            }
        }
    }
}

/// One message of this QoS, the fault so much later, then everything must settle: QoS 2 came once, QoS 1 at
/// least once. What happens between gateway and broker costs the device repetitions, never its connection.
/// @param gateways  how many the device has to do with
void check_with_fault(const Case& one, int qos, unsigned gateways,
                      const std::function<void(Script&)>& fault) {
    WorldSettings settings;
    settings.seed = one.seed;
    Script s(settings);
    const std::uint32_t device = s.self_driven(self_driven_settings());
    s.run_for(5s);
    const bool up = one.way == Way::up;
    up ? s.publish_up(device, 0) : s.application_publishes(device, 0);  // the topic gets its id
    s.run_for(5s);
    const std::uint32_t number = up ? s.publish_up(device, qos) : s.application_publishes(device, qos);
    s.run_for(one.at);
    fault(s);
    s.settle();
    s.run_until_quiet();
    s.assert_promises_kept();
    s.assert_that(s.message(number).arrivals > 0 && (qos < 2 || s.message(number).arrivals == 1),
                  "QoS " + std::to_string(qos) + (up ? " up" : " down") + ", fault after " +
                      std::to_string(one.at.count()) + " us, seed " + std::to_string(one.seed) + ": came " +
                      std::to_string(s.message(number).arrivals) + " times");
    s.assert_that(s.world().statistics(device).connects <= gateways, "the device had to connect again");
}

// ---------------------------------------------------------------- the gateway

// D21, D30; PUBREL that nobody knows goes on
// FAULT-59, FAULT-80
void a_gateway_killed_anywhere_in_a_qos_2_exchange_leaves_exactly_one_message(void**) {
    at_each_half_millisecond(
        [](const Case& one) { check_with_fault(one, 2, 2, [](Script& s) { s.kill_gateway(1s); }); });
}

// FAULT-80
void a_gateway_killed_anywhere_in_a_qos_1_exchange_leaves_at_least_one_message(void**) {
    at_each_half_millisecond(
        [](const Case& one) { check_with_fault(one, 1, 2, [](Script& s) { s.kill_gateway(1s); }); });
}

void a_gateway_killed_three_times_in_a_row_loses_nothing(void**) {
    Script s;
    const std::uint32_t device = s.self_driven(self_driven_settings());
    s.run_for(5s);
    for (int i = 0; i < 3; ++i) {
        s.publish_up(device, 2);
        s.application_publishes(device, 2);
        s.run_for(4ms);
        s.kill_gateway(2s);
        s.run_for(7s);
    }
    s.settle();
    s.assert_promises_kept();
    for (std::uint32_t number = 0; number < 6; ++number) {
        s.assert_arrivals(number, 1);
    }
}

// D12, SN12-98
void an_active_device_learns_from_disconnect_that_its_gateway_has_forgotten_it(void**) {
    Script s;
    auto& sensor = acquainted(s);  // messages 0 and 1
    s.kill_gateway(1s);
    s.run_for(2s);
    const auto number = sensor.publish(1);
    s.run_until_quiet();
    s.assert_datagrams(sensor, "> PUBLISH Q1, < DISCONNECT");
    assert_int_equal(sensor.state(), MQTTSN_STATE_DISCONNECTED);
    sensor.connect();
    s.run_until_quiet();
    s.assert_arrivals(number, 1);
    s.assert_promises_kept();
}

// D21, SN12-74
void a_killed_gateways_downlink_goes_on_under_a_topic_that_is_registered_again(void**) {
    Script s;
    auto& sensor = acquainted(s);  // messages 0 and 1
    s.lose(sensor, "> PUBACK");
    const auto number = s.application_publishes(sensor, 1);
    s.run_for(100ms);
    s.kill_gateway(1s);
    s.run_for(2s);
    sensor.publish(0);  // QoS 0: gone, but it shows the device where it stands
    s.run_for(1s);
    s.forget_datagrams();
    sensor.connect();
    s.run_until_quiet();
    s.assert_datagrams(sensor, "> CONNECT, < CONNACK, < REGISTER, > REGACK, < PUBLISH Q1 DUP, > PUBACK");
    s.assert_arrivals(number, 2);  // QoS 1
}

// ---------------------------------------------------------------- the broker

// MQTT 3.1.1 section 4.4, D30
// FAULT-77
void a_connection_cut_anywhere_in_a_qos_2_exchange_leaves_exactly_one_message(void**) {
    at_each_half_millisecond(
        [](const Case& one) { check_with_fault(one, 2, 1, [](Script& s) { s.cut_broker_connections(); }); });
}

// FAULT-77
void a_connection_cut_anywhere_in_a_qos_1_exchange_leaves_at_least_one_message(void**) {
    at_each_half_millisecond(
        [](const Case& one) { check_with_fault(one, 1, 1, [](Script& s) { s.cut_broker_connections(); }); });
}

// D49: the device's session stays
void a_broker_that_restarts_with_its_memory_loses_nothing(void**) {
    at_each_half_millisecond(
        [](const Case& one) { check_with_fault(one, 2, 1, [](Script& s) { s.crash_broker(3s, true); }); });
}

// MQTT 3.1.1 section 3.2.2.2
// FAULT-78, TRAP-70
void a_broker_that_restarts_without_memory_gets_the_subscriptions_again(void**) {
    Script s;
    auto& sensor = acquainted(s);  // messages 0 and 1
    s.crash_broker(3s, false);
    s.run_for(60s);
    s.assert_datagrams(sensor, "");  // the device notices nothing
    const auto down = s.application_publishes(sensor, 2);
    const auto up = sensor.publish(2);
    s.run_until_quiet();
    s.assert_messages(sensor, {1, down});
    s.assert_published(sensor, {0, up});
    assert_int_equal(s.world().broker().subscription_count("s1"), 1);
}

// FAULT-74
void a_stalled_broker_delays_and_loses_nothing(void**) {
    Script s;
    auto& sensor = acquainted(s);  // messages 0 and 1
    s.stall_broker(25s);
    const auto up = sensor.publish(2);
    const auto down = s.application_publishes(sensor, 2);
    s.run_for(24s);
    s.assert_published(sensor, {0});
    s.assert_messages(sensor, {1});
    s.run_until_quiet();
    s.assert_published(sensor, {0, up});
    s.assert_messages(sensor, {1, down});
    s.assert_promises_kept();
}

// SN12-62, FAULT-74, TRAP-08
void a_device_that_connects_while_the_broker_stalls_is_told_congestion_before_its_t_retry(void**) {
    Script s;
    auto& sensor = s.device("s1");
    s.stall_broker(60s);
    sensor.connect();
    s.assert_datagrams(sensor, "> CONNECT, < CONNACK 01");
    assert_int_equal(sensor.state(), MQTTSN_STATE_DISCONNECTED);
    s.run_for(300s);  // T_WAIT
    sensor.connect();
    assert_int_equal(sensor.state(), MQTTSN_STATE_ACTIVE);
}

// ---------------------------------------------------------------- the broker forgets in the middle of QoS 2

// D30, FAULT-57: the device would take it for a repetition
void an_id_the_broker_has_forgotten_is_cleared_before_a_new_message_uses_it(void**) {
    Script s;
    auto& sensor = acquainted(s);                                 // messages 0 and 1
    const auto old_message = s.application_publishes(sensor, 2);  // MsgId 1
    s.when(sensor, "< PUBLISH", [&] { s.lose(sensor, ">", 100); });
    s.run_for(1s);
    s.assert_arrivals(old_message, 1);  // the device holds the id, nobody knows
    s.crash_broker(3s, false);
    s.run_for(10s);
    s.heal(sensor);
    s.forget_datagrams();
    sensor.connect();
    s.run_for(1s);
    const auto number = s.application_publishes(sensor, 2);  // MsgId 1 again: a new session counts anew
    s.run_until_quiet();
    s.assert_arrivals(number, 1);
    s.assert_arrivals(old_message, 1);
    s.assert_that(s.count(sensor, "< PUBREL") == 2 && s.count(sensor, "< PUBLISH") == 1,
                  "one PUBREL clears, one belongs to the message");
    s.assert_promises_kept();
}

// MQTT 3.1.1 section 3.1.2.4
void a_clean_session_whose_qos_2_message_the_broker_forgot_ends_instead_of_a_false_pubcomp(void**) {
    Script s;
    auto& sensor = s.device("s1");
    sensor.connect_clean();
    sensor.publish(0);
    s.run_until_quiet();
    s.forget_datagrams();
    s.lose(sensor, "> PUBREL");
    const auto number = sensor.publish(2);
    s.run_for(100ms);
    s.assert_datagrams(sensor, "> PUBLISH Q2, < PUBREC, > PUBREL (lost)");
    s.cut_broker_connections();
    s.run_for(5s);
    s.assert_datagrams(sensor, "< DISCONNECT");
    assert_int_equal(sensor.state(), MQTTSN_STATE_DISCONNECTED);
    sensor.connect_clean();
    s.run_until_quiet();
    assert_int_equal(s.message(number).result, MQTTSN_ERR_DISCARDED);  // the application knows
    s.assert_arrivals(number, 0);
}

// its subscriptions are made again
void a_clean_session_whose_connection_is_cut_goes_on_when_nothing_was_under_way(void**) {
    Script s;
    auto& sensor = s.device("s1");
    sensor.connect_clean();
    sensor.subscribe(1);
    s.cut_broker_connections();
    s.run_for(10s);
    const auto number = s.application_publishes(sensor, 1);
    s.run_until_quiet();
    s.assert_messages(sensor, {number});
    assert_int_equal(sensor.state(), MQTTSN_STATE_ACTIVE);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_gateway_killed_anywhere_in_a_qos_2_exchange_leaves_exactly_one_message),
        cmocka_unit_test(a_gateway_killed_anywhere_in_a_qos_1_exchange_leaves_at_least_one_message),
        cmocka_unit_test(a_gateway_killed_three_times_in_a_row_loses_nothing),
        cmocka_unit_test(an_active_device_learns_from_disconnect_that_its_gateway_has_forgotten_it),
        cmocka_unit_test(a_killed_gateways_downlink_goes_on_under_a_topic_that_is_registered_again),
        cmocka_unit_test(a_connection_cut_anywhere_in_a_qos_2_exchange_leaves_exactly_one_message),
        cmocka_unit_test(a_connection_cut_anywhere_in_a_qos_1_exchange_leaves_at_least_one_message),
        cmocka_unit_test(a_broker_that_restarts_with_its_memory_loses_nothing),
        cmocka_unit_test(a_broker_that_restarts_without_memory_gets_the_subscriptions_again),
        cmocka_unit_test(a_stalled_broker_delays_and_loses_nothing),
        cmocka_unit_test(
            a_device_that_connects_while_the_broker_stalls_is_told_congestion_before_its_t_retry),
        cmocka_unit_test(an_id_the_broker_has_forgotten_is_cleared_before_a_new_message_uses_it),
        cmocka_unit_test(
            a_clean_session_whose_qos_2_message_the_broker_forgot_ends_instead_of_a_false_pubcomp),
        cmocka_unit_test(a_clean_session_whose_connection_is_cut_goes_on_when_nothing_was_under_way),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
