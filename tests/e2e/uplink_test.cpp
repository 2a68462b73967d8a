// SPDX-License-Identifier: BSD-3-Clause
//
// From a device to the broker: every QoS and every kind of topic, seen by mosquitto_sub.
#include "bed.hpp"

namespace e2e {
namespace {

constexpr const char* kPredefined =
    "[[predefined_topic]]\nid = 7\ntopic = \"fixed/seven\"\n"
    "[[predefined_topic]]\nid = 8\ntopic = \"fixed/{client_id}/eight\"\n";

void await_own_session(const Bed& bed) {
    assert_true(bed.gateway.wait_for_log("gateway's own session is up"));
}

/// One message of `topic` with this payload, and nothing else.
void assert_single(const Observer& observer, const std::string& topic, const std::string& payload, int qos) {
    assert_true(observer.wait_for(1));
    const auto all = observer.messages();
    assert_int_equal(all.size(), 1);
    assert_string_equal(all[0].topic.c_str(), topic.c_str());
    assert_string_equal(all[0].payload.c_str(), payload.c_str());
    assert_int_equal(all[0].qos, qos);
    assert_false(all[0].retain);
}

// SN12-75
void qos0_publish_of_a_registered_topic_reaches_the_broker(Bed& bed) {
    bed.start();
    Observer& witness = bed.observe({"up/#"});
    UdpDevice& device = bed.device("dev0");
    device.connect();
    device.publish(0, device.register_topic("up/zero"), "value 0");
    assert_single(witness, "up/zero", "value 0", 0);
}

// SN12-75
void qos1_publish_is_acked_and_reaches_the_broker(Bed& bed) {
    bed.start();
    Observer& witness = bed.observe({"up/#"});
    UdpDevice& device = bed.device("dev1");
    device.connect();
    device.publish(1, device.register_topic("up/one"), "value 1");
    assert_single(witness, "up/one", "value 1", 1);
}

// SN12-75
void qos2_publish_completes_and_reaches_the_broker_once(Bed& bed) {
    bed.start();
    Observer& witness = bed.observe({"up/#"});
    UdpDevice& device = bed.device("dev2");
    device.connect();
    const std::uint16_t id = device.register_topic("up/two");
    device.publish(2, id, "value 2");
    assert_single(witness, "up/two", "value 2", 2);
}

// D30: repetitions of the network and of the device, with and without DUP.
void repeated_qos2_publish_and_pubrel_reach_the_broker_once(Bed& bed) {
    bed.start();
    Observer& witness = bed.observe({"up/#"});
    UdpDevice& device = bed.device("dev2");
    device.connect();
    const std::uint16_t id = device.register_topic("up/two");
    device.send_publish(2, id, 40, "once");
    device.send_publish(2, id, 40, "once", true);
    device.expect(MessageType::pubrec);
    device.send_publish(2, id, 40, "once", true);
    device.expect(MessageType::pubrec);
    device.send(mqttsn::make_pubrel(40));
    device.await(MessageType::pubcomp);
    device.send(mqttsn::make_pubrel(40));
    device.await(MessageType::pubcomp);
    device.publish(2, id, "next");
    assert_true(witness.wait_for(2));
    assert_true(same_list(witness.payloads(), {"once", "next"}));
}

// D30: acknowledged a moment ago, so the copy is only acknowledged again.
void repeated_qos1_publish_after_its_puback_reaches_the_broker_once(Bed& bed) {
    bed.start();
    Observer& witness = bed.observe({"up/#"});
    UdpDevice& device = bed.device("dev1");
    device.connect();
    const std::uint16_t id = device.register_topic("up/one");
    const std::uint16_t message_id = device.publish(1, id, "once");
    device.send_publish(1, id, message_id, "once", true);
    assert_int_equal(device.expect(MessageType::puback).message_id, message_id);
    device.publish(1, id, "next");
    assert_true(witness.wait_for(2));
    assert_true(same_list(witness.payloads(), {"once", "next"}));
}

// SN12-82, SN12-118: no connection at all, before and beside connected devices.
void qos_minus_one_by_predefined_id_needs_no_connection(Bed& bed) {
    bed.gateway.options.sections = kPredefined;
    bed.start();
    await_own_session(bed);
    Observer& witness = bed.observe({"fixed/#"});
    UdpDevice& stranger = bed.device("nobody");
    stranger.send_publish(-1, 7, 0, "fire and forget", false, TopicIdType::predefined);
    assert_single(witness, "fixed/seven", "fire and forget", 0);
    stranger.expect_nothing(50);  // D26: never any reply
}

// D26, FAULT-35: refused without a word, and nothing reaches the broker.
void qos_minus_one_is_dropped_silently_when_it_is_not_allowed(Bed& bed) {
    bed.gateway.options.sections = kPredefined;
    bed.start();
    await_own_session(bed);
    Observer& witness = bed.observe({"fixed/#", "ab", "a/b"});
    UdpDevice& stranger = bed.device("nobody");
    stranger.send_publish(-1, 99, 0, "unknown id", false, TopicIdType::predefined);
    stranger.send_publish(-1, short_id("ab"), 0, "short", false, TopicIdType::short_name);
    stranger.send_publish(-1, 3, 0, "a/btext", false, TopicIdType::normal);
    stranger.send_publish(-1, 7, 0, "good", false, TopicIdType::predefined);
    assert_single(witness, "fixed/seven", "good", 0);
    stranger.expect_nothing(50);
}

// SN12-82, D47
void qos_minus_one_by_short_name_and_full_name_work_where_allowed(Bed& bed) {
    bed.gateway.options.listen_keys = "qos_minus_one = \"all\"";
    bed.start();
    await_own_session(bed);
    Observer& witness = bed.observe({"ab", "a/b"});
    UdpDevice& stranger = bed.device("nobody");
    stranger.send_publish(-1, short_id("ab"), 0, "short", false, TopicIdType::short_name);
    assert_true(witness.wait_for(1));
    stranger.send_publish(-1, 3, 0, "a/bfull", false, TopicIdType::normal);
    assert_true(witness.wait_for(2));
    assert_true(same_list(witness.payloads("ab"), {"short"}));
    assert_true(same_list(witness.payloads("a/b"), {"full"}));
}

// SN12-78, SN12-81: no REGISTER needed; {client_id} in a predefined topic is the sender's.
void predefined_ids_and_short_names_work_with_every_qos(Bed& bed) {
    bed.gateway.options.sections = kPredefined;
    bed.start();
    Observer& witness = bed.observe({"fixed/#", "xy"});
    UdpDevice& device = bed.device("dev3");
    device.connect();
    for (mqttsn::Qos qos = 0; qos <= 2; ++qos) {
        device.publish(qos, 8, "p" + std::to_string(qos), TopicIdType::predefined);
        device.publish(qos, short_id("xy"), "s" + std::to_string(qos), TopicIdType::short_name);
    }
    assert_true(witness.wait_for(6));
    assert_true(same_list(witness.payloads("fixed/dev3/eight"), {"p0", "p1", "p2"}));
    assert_true(same_list(witness.payloads("xy"), {"s0", "s1", "s2"}));
}

// SN12-16, FAULT-52
void retained_publish_is_retained_and_an_empty_one_removes_it(Bed& bed) {
    bed.start();
    UdpDevice& device = bed.device("dev4");
    device.connect();
    const std::uint16_t id = device.register_topic("up/kept");
    device.publish(1, id, "last value", TopicIdType::normal, true);
    assert_string_equal(test::retained_message(bed.broker, "up/kept").c_str(), "last value");
    device.publish(1, id, "", TopicIdType::normal, true);
    assert_string_equal(test::retained_message(bed.broker, "up/kept").c_str(), "");
}

// SN12-76, SN12-79, D27, D34: each refusal has its code, and the connection lives on.
// FAULT-41, FAULT-58, TRAP-27
void publish_with_unknown_topics_is_refused_with_the_right_code(Bed& bed) {
    bed.start();
    UdpDevice& device = bed.device("dev5");
    device.connect();
    for (mqttsn::Qos qos = 0; qos <= 2; ++qos) {
        device.send_publish(qos, 77, qos > 0 ? 50 : 0, "x");
        const Message& refusal = device.expect(MessageType::puback);
        assert_int_equal(refusal.return_code, ReturnCode::invalid_topic_id);
        assert_int_equal(refusal.topic_id, 77);
        assert_int_equal(refusal.message_id, qos > 0 ? 50 : 0);
        device.send_publish(qos, 66, qos > 0 ? 51 : 0, "x", false, TopicIdType::predefined);
        assert_int_equal(device.expect(MessageType::puback).return_code, ReturnCode::invalid_topic_id);
    }
    for (const char* const name : {"", "a/+/b", "a/#", "bad\xFFutf8"}) {
        device.send(mqttsn::make_register(0, 60, mqttsn::bytes_of(name)));
        const Message& refusal = device.expect(MessageType::regack);
        assert_int_equal(refusal.return_code, ReturnCode::not_supported);
        assert_int_equal(refusal.topic_id, 0);
    }
    device.ping();
}

// SN12-09: the 3-octet Length, up to the gateway's max_datagram.
void large_payload_reaches_the_broker_unchanged(Bed& bed) {
    bed.start();
    Observer& witness = bed.observe({"up/#"});
    UdpDevice& device = bed.device("dev6");
    device.connect();
    std::string payload;
    while (payload.size() < 1463) {  // with 9 octets of header: 1472
        payload += static_cast<char>('a' + payload.size() % 26);
    }
    device.publish(1, device.register_topic("up/large"), payload);
    assert_single(witness, "up/large", payload, 1);
}

// D32, TRAP-09: up to four exchanges at once, the next is refused.
void more_than_the_uplink_window_is_refused_with_congestion(Bed& bed) {
    bed.start();
    Observer& witness = bed.observe({"up/#"});
    UdpDevice& device = bed.device("dev7");
    device.connect();
    const std::uint16_t id = device.register_topic("up/window");
    bed.broker.pause();
    for (std::uint16_t i = 1; i <= 5; ++i) {
        device.send_publish(1, id, static_cast<std::uint16_t>(100 + i), "w" + std::to_string(i));
    }
    const Message& refusal = device.expect(MessageType::puback);
    assert_int_equal(refusal.message_id, 105);
    assert_int_equal(refusal.return_code, ReturnCode::congestion);
    bed.broker.resume();
    for (int i = 1; i <= 4; ++i) {
        assert_int_equal(device.expect(MessageType::puback).message_id, 100 + i);
    }
    assert_true(witness.wait_for(4));
    assert_true(same_list(witness.payloads(), {"w1", "w2", "w3", "w4"}));
}

}  // namespace
}  // namespace e2e

int main() {
    using namespace e2e;
    const CMUnitTest tests[] = {
        BED_TEST(qos0_publish_of_a_registered_topic_reaches_the_broker),
        BED_TEST(qos1_publish_is_acked_and_reaches_the_broker),
        BED_TEST(qos2_publish_completes_and_reaches_the_broker_once),
        BED_TEST(repeated_qos2_publish_and_pubrel_reach_the_broker_once),
        BED_TEST(repeated_qos1_publish_after_its_puback_reaches_the_broker_once),
        BED_TEST(qos_minus_one_by_predefined_id_needs_no_connection),
        BED_TEST(qos_minus_one_is_dropped_silently_when_it_is_not_allowed),
        BED_TEST(qos_minus_one_by_short_name_and_full_name_work_where_allowed),
        BED_TEST(predefined_ids_and_short_names_work_with_every_qos),
        BED_TEST(retained_publish_is_retained_and_an_empty_one_removes_it),
        BED_TEST(publish_with_unknown_topics_is_refused_with_the_right_code),
        BED_TEST(large_payload_reaches_the_broker_unchanged),
        BED_TEST(more_than_the_uplink_window_is_refused_with_congestion),
    };
    return cmocka_run_group_tests_name("e2e.uplink", tests, nullptr, nullptr);
}
