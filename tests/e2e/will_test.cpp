// SPDX-License-Identifier: BSD-3-Clause
//
// The will: published when a device is silent for longer than its keep-alive allows or the gateway dies, and
// in no other case.
#include <chrono>

#include "bed.hpp"

namespace e2e {
namespace {

using Clock = std::chrono::steady_clock;

test::ConnectOptions with_will(std::uint16_t keep_alive_s, bool clean = true) {
    test::ConnectOptions options;
    options.clean = clean;
    options.keep_alive_s = keep_alive_s;
    options.will_topic = "will/dev";
    options.will_payload = "gone";
    options.will_qos = 1;
    return options;
}

/// A message of this test's own comes after all that came before it: no will until now.
void assert_no_will(Bed& bed, const Observer& witness) {
    bed.publish("will/marker", "marker", 1);
    assert_true(wait_until(test::kAnswerMs, [&] { return !witness.payloads("will/marker").empty(); }));
    assert_int_equal(witness.payloads("will/dev").size(), 0);
}

// SN12-102, SN12-112, D25: not before keep-alive + 50 %, and not much later.
void will_is_published_when_a_device_is_silent_beyond_keep_alive(Bed& bed) {
    bed.start();
    Observer& witness = bed.observe({"will/#"});
    UdpDevice& device = bed.device("dev");
    const auto before = Clock::now();
    device.connect(with_will(2));
    assert_true(witness.wait_for(1));
    const auto silence = Clock::now() - before;
    assert_true(silence >= std::chrono::milliseconds(2900));
    assert_true(silence < std::chrono::milliseconds(9000));
    const auto seen = witness.messages();
    assert_string_equal(seen[0].topic.c_str(), "will/dev");
    assert_string_equal(seen[0].payload.c_str(), "gone");
    assert_int_equal(seen[0].qos, 1);
    assert_true(bed.gateway.wait_for_log("device lost client=dev"));
    device.send(mqttsn::make_pingreq({}));  // D12: lost is lost
    device.expect(MessageType::disconnect);
}

// SN12-93, D08: any message keeps the device alive.
void will_is_not_published_while_a_device_pings(Bed& bed) {
    bed.start();
    Observer& witness = bed.observe({"will/#"});
    UdpDevice& device = bed.device("dev");
    device.connect(with_will(1));
    const auto before = Clock::now();
    while (Clock::now() - before < std::chrono::milliseconds(3000)) {
        device.ping();
        device.expect_nothing(250);
    }
    assert_no_will(bed, witness);
}

// SN12-97
void will_is_not_published_after_disconnect(Bed& bed) {
    bed.start();
    Observer& witness = bed.observe({"will/#"});
    UdpDevice& device = bed.device("dev");
    device.connect(with_will(60));
    device.disconnect();
    bed.await_broker_log("Received DISCONNECT from dev");
    assert_no_will(bed, witness);
}

// FAULT-15
void will_is_not_published_when_the_gateway_stops(Bed& bed) {
    bed.start();
    Observer& witness = bed.observe({"will/#"});
    UdpDevice& device = bed.device("dev");
    device.connect(with_will(60));
    assert_int_equal(bed.gateway.stop().value_or(-1), 0);
    device.expect(MessageType::disconnect);
    bed.await_broker_log("Received DISCONNECT from dev");
    assert_no_will(bed, witness);
}

// D09, D10, D25: connecting again, from the same address and from another one, is no death.
void will_is_not_published_when_a_device_connects_again(Bed& bed) {
    bed.start();
    Observer& witness = bed.observe({"will/#"});
    UdpDevice& device = bed.device("dev");
    device.connect(with_will(60, false));
    device.ping();
    device.connect(with_will(60, false));
    UdpDevice& elsewhere = bed.device("dev");
    elsewhere.connect(with_will(60, false));
    elsewhere.ping();
    assert_no_will(bed, witness);
}

// D11: the address belongs to a new device, so the old one is lost.
void will_is_published_when_another_device_takes_the_address(Bed& bed) {
    bed.start();
    Observer& witness = bed.observe({"will/#"});
    UdpDevice& device = bed.device("dev");
    device.connect(with_will(60));
    device.send(mqttsn::make_connect(Flags{}.with_clean_session(true), 60, view("other")));
    assert_int_equal(device.expect(MessageType::connack).return_code, ReturnCode::accepted);
    assert_true(witness.wait_for(1));
    assert_true(same_list(witness.payloads(), {"gone"}));
}

// The broker holds the will, so it outlives the gateway. Retained as the device wished (SN12-16).
void will_is_published_when_the_gateway_dies(Bed& bed) {
    bed.start();
    Observer& witness = bed.observe({"will/#"});
    UdpDevice& device = bed.device("dev");
    test::ConnectOptions options = with_will(60);
    options.will_qos = 2;
    options.will_retain = true;
    device.connect(options);
    bed.gateway.kill();
    assert_true(witness.wait_for(1));
    assert_int_equal(witness.messages()[0].qos, 2);
    assert_string_equal(test::retained_message(bed.broker, "will/dev").c_str(), "gone");
}

// SN12-67, D44: a kept session keeps its will, also when CONNECT does not speak of it.
void stored_will_stays_in_force_after_connect_without_will(Bed& bed) {
    bed.start();
    Observer& witness = bed.observe({"will/#"});
    UdpDevice& device = bed.device("dev");
    device.connect(with_will(60, false));
    device.disconnect();
    device.connect({.clean = false, .keep_alive_s = 1});
    assert_true(witness.wait_for(1));
    assert_true(same_list(witness.payloads(), {"gone"}));
}

// SN12-68, D42: the empty WILLTOPIC removes it.
void empty_will_topic_removes_the_stored_will(Bed& bed) {
    bed.start();
    Observer& witness = bed.observe({"will/#"});
    UdpDevice& device = bed.device("dev");
    device.connect(with_will(60, false));
    device.disconnect();
    device.send(mqttsn::make_connect(Flags{}.with_will(true), 1, view("dev")));
    device.expect(MessageType::will_topic_req);
    device.send(mqttsn::make_will_topic_empty());
    assert_int_equal(device.expect(MessageType::connack).return_code, ReturnCode::accepted);
    assert_true(bed.gateway.wait_for_log("device lost client=dev"));
    assert_no_will(bed, witness);
}

// SN12-103, TRAP-34: asleep, the sleep duration counts; it is over, so the will is published.
void will_is_published_when_a_sleeper_does_not_wake_up(Bed& bed) {
    bed.start();
    Observer& witness = bed.observe({"will/#"});
    UdpDevice& device = bed.device("dev");
    device.connect(with_will(60));
    const auto before = Clock::now();
    device.sleep(2);
    assert_true(witness.wait_for(1));
    assert_true(Clock::now() - before >= std::chrono::milliseconds(2900));
}

// SN12-69, D43: the broker has the new will when the device is told so, nobody hears the old one, and the
// session lives on.
void changed_will_is_published_and_the_session_is_kept(Bed& bed) {
    bed.start();
    Observer& witness = bed.observe({"will/#"});
    UdpDevice& device = bed.device("dev");
    device.connect(with_will(2, false));
    const std::uint16_t id = device.subscribe("news", 1);
    device.send(mqttsn::make_will_topic_upd(Flags{}.with_qos(0), view("will/other")));
    assert_int_equal(device.expect(MessageType::will_topic_resp).return_code, ReturnCode::accepted);
    device.send(mqttsn::make_will_msg_upd(view("changed")));
    assert_int_equal(device.expect(MessageType::will_msg_resp).return_code, ReturnCode::accepted);
    bed.publish("news", "still subscribed", 1);
    const auto news = device.expect(MessageType::publish);
    assert_int_equal(news.topic_id, id);
    device.send(mqttsn::make_puback(news.topic_id, news.message_id, ReturnCode::accepted));
    assert_true(witness.wait_for(1));
    const auto seen = witness.messages();
    assert_string_equal(seen[0].topic.c_str(), "will/other");
    assert_string_equal(seen[0].payload.c_str(), "changed");
    assert_int_equal(seen[0].qos, 0);
}

}  // namespace
}  // namespace e2e

int main() {
    using namespace e2e;
    const CMUnitTest tests[] = {
        BED_TEST(will_is_published_when_a_device_is_silent_beyond_keep_alive),
        BED_TEST(will_is_not_published_while_a_device_pings),
        BED_TEST(will_is_not_published_after_disconnect),
        BED_TEST(will_is_not_published_when_the_gateway_stops),
        BED_TEST(will_is_not_published_when_a_device_connects_again),
        BED_TEST(will_is_published_when_another_device_takes_the_address),
        BED_TEST(will_is_published_when_the_gateway_dies),
        BED_TEST(stored_will_stays_in_force_after_connect_without_will),
        BED_TEST(empty_will_topic_removes_the_stored_will),
        BED_TEST(will_is_published_when_a_sleeper_does_not_wake_up),
        BED_TEST(changed_will_is_published_and_the_session_is_kept),
    };
    return cmocka_run_group_tests_name("e2e.will", tests, nullptr, nullptr);
}
