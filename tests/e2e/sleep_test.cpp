// SPDX-License-Identifier: BSD-3-Clause
//
// Sleeping devices: messages wait, one wake-up brings all of them, PINGRESP comes last.
#include "bed.hpp"

namespace e2e {
namespace {

void wake(UdpDevice& device) {
    device.send(mqttsn::make_pingreq(view(device.client_id())));
}

UdpDevice& start_sleeper(Bed& bed, mqttsn::Qos qos) {
    bed.start();
    UdpDevice& device = bed.device("sleeper");
    device.connect({.clean = false});
    device.subscribe("sleep/x", qos);
    device.sleep(600);
    return device;
}

/// All messages, then PINGRESP, then silence.
std::vector<std::string> fetch(UdpDevice& device) {
    wake(device);
    device.await(MessageType::pingresp, 30000);
    device.expect_nothing(100);
    const auto got = payloads_of(device.inbox);
    device.inbox.clear();
    return got;
}

// SN12-103, SN12-104
void nothing_is_sent_to_a_sleeping_device(Bed& bed) {
    UdpDevice& device = start_sleeper(bed, 1);
    bed.publish("sleep/x", "m", 1);
    bed.await_broker_log("Sending PUBLISH to sleeper");
    device.expect_nothing(300);
}

// SN12-106
void wake_up_without_messages_brings_pingresp_at_once(Bed& bed) {
    UdpDevice& device = start_sleeper(bed, 1);
    wake(device);
    device.expect(MessageType::pingresp);
    wake(device);
    device.expect(MessageType::pingresp);
    device.expect_nothing(100);
}

// SN12-105, D15, TRAP-39, TRAP-45: also those that wait in the broker, behind its in-flight window.
void one_wake_up_brings_50_qos1_messages_in_order_and_pingresp_last(Bed& bed) {
    UdpDevice& device = start_sleeper(bed, 1);
    assert_true(test::broker_publish_lines(bed.broker, "sleep/x", numbered("m", 50), 1));
    assert_true(same_list(fetch(device), numbered("m", 50)));
    assert_true(fetch(device).empty());
}

void one_wake_up_brings_50_qos2_messages_once_each(Bed& bed) {
    UdpDevice& device = start_sleeper(bed, 2);
    assert_true(test::broker_publish_lines(bed.broker, "sleep/x", numbered("m", 50), 2));
    assert_true(same_list(fetch(device), numbered("m", 50)));
    assert_int_equal(device.duplicates_seen, 0);
    assert_true(fetch(device).empty());
}

// D19
void qos0_messages_wait_in_the_gateway(Bed& bed) {
    UdpDevice& device = start_sleeper(bed, 0);
    assert_true(test::broker_publish_lines(bed.broker, "sleep/x", numbered("m", 50), 0));
    bed.await_broker_log("Sending PUBLISH to sleeper", 50);
    assert_true(same_list(fetch(device), numbered("m", 50)));
}

// The broker's queue is the store: more than the gateway may hold (sleep.max_messages) is not lost. Not every
// broker keeps to its in-flight window: mosquitto 2.0.11 sends up to 20 more for each acknowledgement, so
// after ten of them more than 200 are in flight.
void one_wake_up_brings_500_qos1_messages_in_order_to_a_slow_device(Bed& bed) {
    UdpDevice& device = start_sleeper(bed, 1);
    assert_true(test::broker_publish_lines(bed.broker, "sleep/x", numbered("m", 500), 1));
    wake(device);
    assert_true(device.collect(10));
    wait_until(2000,
               [&] { return test::count_of(bed.broker.log_text(), "Sending PUBLISH to sleeper") > 200; });
    device.await(MessageType::pingresp, 30000);
    assert_true(same_list(payloads_of(device.inbox), numbered("m", 500)));
}

// SN12-74, D15, TRAP-44: a name behind a wildcard is announced within the wake-up.
void wake_up_announces_new_names(Bed& bed) {
    bed.start();
    UdpDevice& device = bed.device("sleeper");
    device.connect({.clean = false});
    device.subscribe("sleep/#", 1);
    device.sleep(600);
    bed.publish("sleep/a", "one", 1);
    bed.publish("sleep/b", "two", 1);
    assert_true(same_list(fetch(device), {"one", "two"}));
    assert_int_equal(device.registers_seen, 2);
    assert_int_equal(device.unknown_topics, 0);
}

// D13: a NAT has given the device a new address meanwhile.
void sleeper_may_wake_up_at_a_new_address(Bed& bed) {
    UdpDevice& device = start_sleeper(bed, 1);
    bed.publish("sleep/x", "m", 1);
    bed.await_broker_log("Sending PUBLISH to sleeper");
    assert_true(device.open(bed.gateway.port()));
    assert_true(same_list(fetch(device), {"m"}));
}

// D20: back to active, with what has waited.
void connect_resumes_a_sleeping_session(Bed& bed) {
    UdpDevice& device = start_sleeper(bed, 1);
    bed.publish("sleep/x", "waited", 1);
    bed.await_broker_log("Sending PUBLISH to sleeper");
    device.connect({.clean = false});
    assert_string_equal(device.take().payload.c_str(), "waited");
    bed.publish("sleep/x", "live", 1);
    assert_string_equal(device.take().payload.c_str(), "live");
}

// The messages of a sleeper were never only in the gateway's memory.
// FAULT-80
void messages_for_a_sleeper_survive_death_of_the_gateway(Bed& bed) {
    UdpDevice& device = start_sleeper(bed, 2);
    assert_true(test::broker_publish_lines(bed.broker, "sleep/x", numbered("m", 50), 2));
    bed.await_broker_log("Sending PUBLISH to sleeper", 20);
    bed.restart_gateway();
    wake(device);
    device.expect(MessageType::disconnect);  // D12: who are you?
    device.connect_again();
    if (Bed::with_paho()) {  // they were: Paho acknowledges by itself. The session goes on nevertheless
        bed.publish("sleep/x", "after", 2);
        assert_true(wait_until(test::kAnswerMs, [&] {
            device.drain(50);
            return !device.inbox.empty() && device.inbox.back().payload == "after";
        }));
        return;
    }
    assert_true(device.collect(50));
    device.drain(100);
    assert_true(same_list(payloads_of(device.inbox), numbered("m", 50)));
}

}  // namespace
}  // namespace e2e

int main() {
    using namespace e2e;
    const CMUnitTest tests[] = {
        BED_TEST(nothing_is_sent_to_a_sleeping_device),
        BED_TEST(wake_up_without_messages_brings_pingresp_at_once),
        BED_TEST(one_wake_up_brings_50_qos1_messages_in_order_and_pingresp_last),
        BED_TEST(one_wake_up_brings_50_qos2_messages_once_each),
        BED_TEST(qos0_messages_wait_in_the_gateway),
        BED_TEST(one_wake_up_brings_500_qos1_messages_in_order_to_a_slow_device),
        BED_TEST(wake_up_announces_new_names),
        BED_TEST(sleeper_may_wake_up_at_a_new_address),
        BED_TEST(connect_resumes_a_sleeping_session),
        BED_TEST(messages_for_a_sleeper_survive_death_of_the_gateway),
    };
    return cmocka_run_group_tests_name("e2e.sleep", tests, nullptr, nullptr);
}
