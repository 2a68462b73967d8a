// SPDX-License-Identifier: BSD-3-Clause
//
// From the broker to a device: every QoS and every kind of topic, published by mosquitto_pub.
#include <algorithm>

#include "bed.hpp"

namespace e2e {
namespace {

constexpr const char* kPredefined = "[[predefined_topic]]\nid = 7\ntopic = \"fixed/seven\"\n";
constexpr std::size_t kBurst = 1000;

void assert_delivery(const Delivery& got, const std::string& topic, const std::string& payload, int qos) {
    assert_string_equal(got.topic.c_str(), topic.c_str());
    assert_string_equal(got.payload.c_str(), payload.c_str());
    assert_int_equal(got.qos, qos);
    assert_false(got.dup);
}

// SN12-86: the id of SUBACK is the one in PUBLISH, no REGISTER in between.
void exact_name_delivers_every_qos_with_the_id_of_suback(Bed& bed) {
    bed.start();
    UdpDevice& device = bed.device("sub");
    device.connect();
    assert_int_not_equal(device.subscribe("down/x", 2), 0);
    for (int qos = 0; qos <= 2; ++qos) {
        bed.publish("down/x", "m" + std::to_string(qos), qos);
        assert_delivery(device.take(), "down/x", "m" + std::to_string(qos), qos);
    }
    assert_int_equal(device.registers_seen, 0);
}

// MQTT-3.8.4-6: the granted QoS is the most a device gets.
void subscription_qos_is_an_upper_bound(Bed& bed) {
    bed.start();
    UdpDevice& device = bed.device("sub");
    device.connect();
    for (mqttsn::Qos granted = 0; granted <= 1; ++granted) {
        const std::string topic = "down/" + std::to_string(granted);
        device.subscribe(topic, granted);
        bed.publish(topic, "m", 2);
        assert_delivery(device.take(), topic, "m", granted);
    }
}

// SN12-87, SN12-89: SUBACK 0000, then REGISTER, and PUBLISH only after the REGACK; once for a name.
// TRAP-07, TRAP-40
void wildcard_delivers_after_register_and_regack(Bed& bed) {
    bed.start();
    UdpDevice& device = bed.device("sub");
    device.connect();
    assert_int_equal(device.subscribe("down/+/t", 2), 0);
    bed.publish("down/a/t", "first", 1);
    bed.publish("down/a/t", "second", 0);
    const Message announced = device.expect(MessageType::register_topic);
    assert_string_equal(test::str(announced.data).c_str(), "down/a/t");
    device.expect_nothing(100);
    device.answer(announced);
    assert_delivery(device.take(), "down/a/t", "first", 1);
    assert_delivery(device.take(), "down/a/t", "second", 0);
    bed.publish("down/b/t", "third", 2);
    assert_delivery(device.take(), "down/b/t", "third", 2);
    assert_int_equal(device.registers_seen, 2);
}

// SN12-80, D52: delivered in the form in which the device has subscribed.
void predefined_and_short_subscriptions_deliver_in_their_form(Bed& bed) {
    bed.gateway.options.sections = kPredefined;
    bed.start();
    UdpDevice& device = bed.device("sub");
    device.predefined[7] = "fixed/seven";
    device.connect();
    assert_int_equal(device.subscribe_id(TopicIdType::predefined, 7, 2), 7);
    device.subscribe_id(TopicIdType::short_name, short_id("xy"), 2);
    for (int qos = 0; qos <= 2; ++qos) {
        bed.publish("fixed/seven", "p", qos);
        const Delivery by_id = device.take();
        assert_delivery(by_id, "fixed/seven", "p", qos);
        assert_true(by_id.form == TopicIdType::predefined);
        bed.publish("xy", "s", qos);
        const Delivery by_name = device.take();
        assert_delivery(by_name, "xy", "s", qos);
        assert_true(by_name.form == TopicIdType::short_name);
    }
    assert_int_equal(device.registers_seen, 0);
}

// D38, D39, TRAP-35: SUBACK first, then the retained message with its flag; a live one comes without it.
void retained_message_comes_after_suback_with_the_retain_flag(Bed& bed) {
    bed.start();
    bed.publish("down/kept", "old", 1, true);
    UdpDevice& device = bed.device("sub");
    device.connect();
    const std::uint16_t message_id = device.next_message_id();
    device.send(mqttsn::make_subscribe(Flags{}.with_qos(1), message_id, view("down/#")));
    device.expect(MessageType::suback);
    const Delivery kept = device.take();
    assert_delivery(kept, "down/kept", "old", 1);
    assert_true(kept.retain);
    bed.publish("down/kept", "new", 1, true);
    const Delivery live = device.take();
    assert_delivery(live, "down/kept", "new", 1);
    assert_false(live.retain);
}

// SN12-88
void unsubscribed_topics_are_silent(Bed& bed) {
    bed.gateway.options.sections = kPredefined;
    bed.start();
    UdpDevice& device = bed.device("sub");
    device.connect();
    device.subscribe("down/gone", 1);
    device.subscribe("down/all/#", 1);
    device.subscribe("down/stays", 1);
    device.unsubscribe("down/gone");
    device.unsubscribe("down/all/#");
    device.unsubscribe("down/never/subscribed");
    bed.publish("down/gone", "no", 1);
    bed.publish("down/all/x", "no", 1);
    bed.publish("down/stays", "yes", 1);
    assert_delivery(device.take(), "down/stays", "yes", 1);
    assert_int_equal(device.inbox.size(), 0);
}

// D29, D30, D33: repeated with DUP and the same MsgId; a device that stays silent is lost.
void unacknowledged_publish_is_repeated_with_dup_and_then_the_device_is_lost(Bed& bed) {
    bed.gateway.options.retry_interval = "200ms";
    bed.start();
    UdpDevice& device = bed.device("sub");
    device.connect();
    device.subscribe("down/x", 1);
    bed.publish("down/x", "m", 1);
    const Message first = device.expect(MessageType::publish);
    assert_false(first.flags.dup());
    for (int i = 0; i < 5; ++i) {  // N_retry of the bed's gateway
        const Message& again = device.expect(MessageType::publish);
        assert_true(again.flags.dup());
        assert_int_equal(again.message_id, first.message_id);
        assert_int_equal(again.topic_id, first.topic_id);
    }
    assert_true(bed.gateway.wait_for_log("device lost client=sub"));
}

// D30: the device's own repetitions do not confuse a QoS 2 exchange.
void repeated_pubrec_and_pubcomp_do_no_harm(Bed& bed) {
    bed.start();
    UdpDevice& device = bed.device("sub");
    device.connect();
    device.subscribe("down/x", 2);
    bed.publish("down/x", "m", 2);
    const std::uint16_t id = device.expect(MessageType::publish).message_id;
    device.send(mqttsn::make_pubrec(id));
    device.send(mqttsn::make_pubrec(id));
    device.await(MessageType::pubrel);
    device.send(mqttsn::make_pubcomp(id));
    device.send(mqttsn::make_pubcomp(id));
    device.drain(100);
    bed.publish("down/x", "n", 2);
    assert_delivery(device.take(), "down/x", "n", 2);
}

// SN12-91, D41: the device has forgotten the id: it is announced again, the message is not lost.
void puback_invalid_topic_id_brings_register_and_the_message_again(Bed& bed) {
    bed.start();
    UdpDevice& device = bed.device("sub");
    device.connect();
    device.subscribe("down/x", 1);
    bed.publish("down/x", "m", 1);
    const Message publish = device.expect(MessageType::publish);
    device.send(mqttsn::make_puback(publish.topic_id, publish.message_id, ReturnCode::invalid_topic_id));
    device.answer(device.expect(MessageType::register_topic));
    assert_string_equal(device.take().payload.c_str(), "m");
}

// SN12-63, SN12-74, TRAP-51: what came meanwhile is delivered, and names are announced again.
void messages_wait_for_a_device_with_a_kept_session(Bed& bed) {
    bed.start();
    UdpDevice& device = bed.device("sub");
    device.connect({.clean = false});
    device.subscribe("down/x", 2);
    device.disconnect();
    bed.await_broker_log("Received DISCONNECT from sub");
    for (const std::string& payload : numbered("m", 50)) {
        bed.publish("down/x", payload, payload.back() % 2 == 0 ? 1 : 2);
    }
    UdpDevice& after_reboot = bed.device("sub");  // a new socket, and no memory of ids
    after_reboot.connect({.clean = false});
    assert_true(after_reboot.collect(50));
    std::vector<std::string> got = payloads_of(after_reboot.inbox);
    if (Bed::with_paho()) {  // with MQTT 3.1.1 Paho hands QoS 2 over with PUBREL: in order only among
                             // themselves
        std::sort(got.begin(), got.end());
    }
    assert_true(same_list(got, numbered("m", 50)));
    assert_int_equal(after_reboot.registers_seen, 1);
    assert_int_equal(after_reboot.unknown_topics, 0);
}

// SN12-64, SN12-65
void clean_session_forgets_subscriptions_and_messages(Bed& bed) {
    bed.start();
    UdpDevice& device = bed.device("sub");
    device.connect({.clean = false});
    device.subscribe("down/x", 1);
    device.disconnect();
    bed.await_broker_log("Received DISCONNECT from sub");
    bed.publish("down/x", "old", 1);
    device.connect({.clean = true});
    bed.publish("down/x", "not subscribed", 1);
    device.subscribe("down/y", 1);
    bed.publish("down/y", "new", 1);
    assert_string_equal(device.take().payload.c_str(), "new");
}

// SN12-92: dropped, and the broker does not wait for it.
void message_over_max_datagram_is_dropped_and_the_next_arrives(Bed& bed) {
    bed.start();
    UdpDevice& device = bed.device("sub");
    device.connect();
    device.subscribe("down/x", 2);
    for (int qos = 0; qos <= 2; ++qos) {
        bed.publish("down/x", std::string(1464, 'x'), qos);  // one octet too many
    }
    bed.publish("down/x", std::string(1463, 'y'), 2);
    assert_string_equal(device.take().payload.c_str(), std::string(1463, 'y').c_str());
    assert_int_equal(device.inbox.size(), 0);
}

// D31: one at a time, in the broker's order, nothing twice. mosquitto 2.0.11 does not keep to its in-flight
// window: each acknowledgement lets it send up to 20 more, so that hundreds arrive at once.
void deliver_burst(Bed& bed, mqttsn::Qos qos, bool clean) {
    bed.start();
    UdpDevice& device = bed.device("sub");
    device.connect({.clean = clean});
    device.subscribe("down/#", qos);
    const auto burst = numbered("m", kBurst);
    assert_true(test::broker_publish_lines(bed.broker, "down/burst", burst, qos));
    assert_true(device.collect(kBurst, 20000));
    device.drain(100);
    assert_true(same_list(payloads_of(device.inbox), burst));
    assert_int_equal(device.duplicates_seen, 0);
}

// D31, FAULT-98, TRAP-55
void burst_of_1000_qos1_messages_arrives_in_order(Bed& bed) {
    deliver_burst(bed, 1, false);
}
// D31, TRAP-55
void burst_of_1000_qos2_messages_arrives_in_order(Bed& bed) {
    deliver_burst(bed, 2, false);
}
void burst_of_1000_qos1_messages_arrives_in_order_in_a_clean_session(Bed& bed) {
    deliver_burst(bed, 1, true);
}
void burst_of_1000_qos2_messages_arrives_in_order_in_a_clean_session(Bed& bed) {
    deliver_burst(bed, 2, true);
}

// In portions that any socket buffer holds: UDP itself promises nothing.
void burst_of_1000_qos0_messages_arrives_in_order(Bed& bed) {
    bed.start();
    UdpDevice& device = bed.device("sub");
    device.connect();
    device.subscribe("down/#", 0);
    constexpr std::size_t kPortion = 100;
    for (std::size_t sent = 0; sent < kBurst; sent += kPortion) {
        assert_true(test::broker_publish_lines(bed.broker, "down/burst", numbered("m", kPortion, sent), 0));
        assert_true(device.collect(sent + kPortion));
    }
    assert_true(same_list(payloads_of(device.inbox), numbered("m", kBurst)));
}

}  // namespace
}  // namespace e2e

int main() {
    using namespace e2e;
    const CMUnitTest tests[] = {
        BED_TEST(exact_name_delivers_every_qos_with_the_id_of_suback),
        BED_TEST(subscription_qos_is_an_upper_bound),
        BED_TEST(wildcard_delivers_after_register_and_regack),
        BED_TEST(predefined_and_short_subscriptions_deliver_in_their_form),
        BED_TEST(retained_message_comes_after_suback_with_the_retain_flag),
        BED_TEST(unsubscribed_topics_are_silent),
        BED_TEST(unacknowledged_publish_is_repeated_with_dup_and_then_the_device_is_lost),
        BED_TEST(repeated_pubrec_and_pubcomp_do_no_harm),
        BED_TEST(puback_invalid_topic_id_brings_register_and_the_message_again),
        BED_TEST(messages_wait_for_a_device_with_a_kept_session),
        BED_TEST(clean_session_forgets_subscriptions_and_messages),
        BED_TEST(message_over_max_datagram_is_dropped_and_the_next_arrives),
        BED_TEST(burst_of_1000_qos1_messages_arrives_in_order),
        BED_TEST(burst_of_1000_qos2_messages_arrives_in_order),
        BED_TEST(burst_of_1000_qos1_messages_arrives_in_order_in_a_clean_session),
        BED_TEST(burst_of_1000_qos2_messages_arrives_in_order_in_a_clean_session),
        BED_TEST(burst_of_1000_qos0_messages_arrives_in_order),
    };
    return cmocka_run_group_tests_name("e2e.downlink", tests, nullptr, nullptr);
}
