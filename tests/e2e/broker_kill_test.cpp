// SPDX-License-Identifier: BSD-3-Clause
//
// The broker dies, comes back, or stops answering, while devices are in the middle of things. Devices are
// told (congestion), nothing hangs, and service returns by itself.
//
// "Nothing lost" ends at the broker, and mosquitto keeps what it has acknowledged in memory until its next
// snapshot. So that these tests measure the gateway and not that, mosquitto writes a snapshot after every
// turn of its loop (autosave_on_changes, 1), and is killed when it waits for input: see
// kill_broker_after_save().
#include <chrono>

#include "bed.hpp"

namespace e2e {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kWitness = "witness";  // away while the broker dies: its messages wait in the broker

void start_with_saving_broker(Bed& bed) {
    bed.broker.options.persistence = true;
    bed.broker.options.extra_global = "max_queued_messages 0";
    bed.start();
    assert_true(Observer::prepare(bed.broker, {"up/#"}, kWitness));
}

Observer& collect_witness(Bed& bed) {
    return bed.observe({"up/#"}, {.client_id = kWitness, .persistent = true});
}

struct Publisher {
    UdpDevice* device;
    mqttsn::Qos qos;
    std::uint16_t topic_id;
    std::string topic;
};

Publisher start_publisher(Bed& bed, const std::string& name, mqttsn::Qos qos) {
    UdpDevice& device = bed.device(name);
    device.connect({.clean = false});
    const std::string topic = "up/" + name;
    return Publisher{&device, qos, device.register_topic(topic), topic};
}

/// The exchange of MsgId 500 from wherever it is to its end, as a device that repeats.
void finish(const Publisher& publisher, bool pubrec_seen) {
    UdpDevice& device = *publisher.device;
    const Message publish = mqttsn::make_publish(Flags{}.with_qos(publisher.qos).with_dup(true),
                                                 publisher.topic_id, 500, view("important"));
    if (publisher.qos == 1) {
        // Congestion is an answer, too: then the device is to try again later.
        while (device.repeat_until(publish, MessageType::puback).return_code != ReturnCode::accepted) {
            device.drain(100);
        }
        return;
    }
    if (!pubrec_seen) {
        device.repeat_until(publish, MessageType::pubrec);
    }
    device.repeat_until(mqttsn::make_pubrel(500), MessageType::pubcomp);
}

// One death, and a device at each step of its exchange.
// FAULT-77
void uplink_survives_kill_and_restart_of_the_broker_at_every_step(Bed& bed) {
    start_with_saving_broker(bed);
    const Publisher one = start_publisher(bed, "q1-published", 1);
    const Publisher two = start_publisher(bed, "q2-published", 2);
    const Publisher received = start_publisher(bed, "q2-received", 2);
    const Publisher released = start_publisher(bed, "q2-released", 2);
    const Publisher unread = start_publisher(bed, "q2-unread", 2);
    const Publisher unreleased = start_publisher(bed, "q2-unreleased", 2);
    const auto all = {&one, &two, &received, &released, &unread, &unreleased};
    for (const Publisher* const publisher : {&received, &released, &unreleased}) {
        publisher->device->send_publish(2, publisher->topic_id, 500, "important");
        publisher->device->expect(MessageType::pubrec);
    }
    one.device->send_publish(1, one.topic_id, 500, "important");
    two.device->send_publish(2, two.topic_id, 500, "important");
    released.device->send(mqttsn::make_pubrel(500));
    for (const char* const line :
         {"Received PUBLISH from q1-p", "Received PUBLISH from q2-p", "Received PUBREL from q2-rel"}) {
        bed.await_broker_log(line);
    }
    assert_true(test::stop_broker_after_save(bed.broker));
    unread.device->send_publish(2, unread.topic_id, 500, "important");
    unread.device->ping();
    unreleased.device->send(mqttsn::make_pubrel(500));
    unreleased.device->ping();
    bed.broker.kill();
    assert_true(bed.gateway.wait_for_log("broker connection lost", all.size()));
    bed.start_broker();
    finish(one, false);
    finish(two, false);
    finish(received, true);
    finish(released, true);
    finish(unread, false);
    finish(unreleased, true);
    for (const Publisher* const publisher : all) {
        publisher->device->publish(publisher->qos, publisher->topic_id, "end");
    }
    Observer& witness = collect_witness(bed);
    for (const Publisher* const publisher : all) {
        assert_true(wait_until(test::kAnswerMs, [&] {
            const auto seen = witness.payloads(publisher->topic);
            return !seen.empty() && seen.back() == "end";
        }));
        const auto seen = witness.payloads(publisher->topic);
        assert_true(same_list(publisher->qos == 2 ? seen : without_repeats(seen), {"important", "end"}));
    }
}

// The same towards devices: each is at another step when the broker dies.
// FAULT-77
void downlink_survives_kill_and_restart_of_the_broker_at_every_step(Bed& bed) {
    start_with_saving_broker(bed);
    std::vector<UdpDevice*> devices;
    for (const char* const name : {"q1-publish", "q2-publish", "q2-silent", "q2-release"}) {
        UdpDevice& device = bed.device(name);
        device.connect({.clean = false});
        device.subscribe("down/#", name[1] == '1' ? 1 : 2);
        devices.push_back(&device);
    }
    bed.publish("down/x", "important", 2);
    std::vector<Message> at_hand;  // what each device has received and has not answered
    for (UdpDevice* const device : devices) {
        device->answer(device->expect(MessageType::register_topic));
        at_hand.push_back(device->expect(MessageType::publish));
    }
    devices[3]->answer(at_hand[3]);
    at_hand[3] = devices[3]->expect(MessageType::pubrel);
    bed.await_broker_log("Received PUBREC from q2-release");
    assert_true(test::stop_broker_after_save(bed.broker));
    devices[1]->answer(at_hand[1]);  // acknowledged to a broker that will not read it
    devices[1]->ping();
    bed.broker.kill();
    assert_true(bed.gateway.wait_for_log("broker connection lost", 4));
    devices[0]->answer(at_hand[0]);  // acknowledged while there is no broker
    devices[3]->answer(at_hand[3]);
    bed.start_broker();
    assert_true(bed.gateway.wait_for_log("broker connection back", 4));
    bed.publish("down/x", "end", 2);
    for (UdpDevice* const device : devices) {
        assert_true(wait_until(20000, [&] {
            device->drain(20);
            return !device->inbox.empty() && device->inbox.back().payload == "end";
        }));
        const auto got = payloads_of(device->inbox);
        const bool qos2 = device != devices[0];
        assert_true(same_list(qos2 ? got : without_repeats(got), {"important", "end"}));
    }
}

// SN12-76, SN12-62, D49: the codes while it is down; then all is well again, without a word from the devices.
// FAULT-73
void devices_hear_congestion_while_the_broker_is_down_and_service_returns(Bed& bed) {
    start_with_saving_broker(bed);
    UdpDevice& device = bed.device("dev");
    device.connect({.clean = false});
    device.subscribe("down/x", 1);
    const std::uint16_t id = device.register_topic("up/x");
    bed.broker.stop();
    assert_true(bed.gateway.wait_for_log("broker connection lost"));
    for (mqttsn::Qos qos = 0; qos <= 2; ++qos) {
        device.send_publish(qos, id, qos > 0 ? 700 : 0, "no");
        assert_int_equal(device.expect(MessageType::puback).return_code, ReturnCode::congestion);
    }
    device.send(mqttsn::make_subscribe(Flags{}, 701, view("down/y")));
    assert_int_equal(device.expect(MessageType::suback).return_code, ReturnCode::congestion);
    device.ping();  // the gateway itself is there
    UdpDevice& newcomer = bed.device("newcomer");
    assert_int_equal(newcomer.try_connect({}), ReturnCode::congestion);
    bed.start_broker();
    assert_true(bed.gateway.wait_for_log("broker connection back"));
    bed.publish("down/x", "back", 1);
    assert_string_equal(device.take().payload.c_str(), "back");
    device.publish(2, id, "yes");
    newcomer.connect();
    Observer& witness = collect_witness(bed);
    assert_true(witness.wait_for(1));
    assert_true(same_list(witness.payloads(), {"yes"}));
}

// A broker without persistence has forgotten everything: the gateway makes the subscriptions again.
// FAULT-78
void subscriptions_are_made_again_when_the_broker_has_forgotten_them(Bed& bed) {
    bed.gateway.options.sections = "[[predefined_topic]]\nid = 7\ntopic = \"fixed/seven\"\n";
    bed.start();
    UdpDevice& device = bed.device("dev");
    device.predefined[7] = "fixed/seven";
    device.connect({.clean = false});
    device.subscribe("down/x", 1);
    device.subscribe("down/all/#", 2);
    device.subscribe_id(TopicIdType::predefined, 7, 1);
    bed.broker.kill();
    bed.start_broker();
    bed.await_broker_log("Sending SUBACK to dev", 3 + 3);
    bed.publish("down/x", "one", 1);
    bed.publish("down/all/a", "two", 2);
    bed.publish("fixed/seven", "three", 1);
    assert_true(device.collect(3));
    assert_true(same_list(payloads_of(device.inbox), {"one", "two", "three"}));
}

// D49: when_down = "disconnect".
void devices_are_disconnected_when_the_operator_wants_that(Bed& bed) {
    bed.gateway.options.broker_keys = "when_down = \"disconnect\"";
    bed.start();
    UdpDevice& device = bed.device("dev");
    device.connect();
    bed.broker.kill();
    device.expect(MessageType::disconnect);
}

// A broker that is there and answers nothing: the gateway answers others and says congestion.
// FAULT-74
void stopped_broker_does_not_hang_the_gateway(Bed& bed) {
    bed.gateway.options.broker_keys = "keep_alive = \"2s\"";
    bed.start();
    UdpDevice& device = bed.device("dev");
    device.connect({.clean = false});
    const std::uint16_t id = device.register_topic("up/x");
    bed.broker.pause();
    device.send_publish(1, id, 800, "pending");
    const auto before = Clock::now();
    device.ping();
    assert_true(Clock::now() - before < std::chrono::seconds(2));
    UdpDevice& newcomer = bed.device("newcomer");
    newcomer.send(mqttsn::make_connect(Flags{}.with_clean_session(true), 60, view("newcomer")));
    // The gateway's own keep-alive finds out; from then on it says so at once.
    assert_true(bed.gateway.wait_for_log("broker connection lost client=dev"));
    device.send_publish(1, id, 801, "no");
    assert_int_equal(device.await(MessageType::puback).return_code, ReturnCode::congestion);
    assert_int_equal(newcomer.expect(MessageType::connack, 15000).return_code, ReturnCode::congestion);
    bed.broker.resume();
    assert_true(bed.gateway.wait_for_log("broker connection back client=dev", 1, 30000));
    device.publish(1, id, "yes");
}

// The write queue of one device is bounded: beyond it the device hears congestion (SN12-76), others do not.
// FAULT-74
void flood_against_a_stopped_broker_is_answered_with_congestion(Bed& bed) {
    bed.start();
    UdpDevice& device = bed.device("flood");
    device.connect();
    const std::uint16_t id = device.register_topic("up/x");
    bed.broker.pause();
    const std::string payload(1400, 'f');
    bool congested = false;
    for (int i = 0; i < 20000 && !congested; ++i) {
        device.send_publish(0, id, 0, payload);
        if (i % 20 == 0) {
            device.send(mqttsn::make_pingreq({}));
            const Message* const answer = device.receive(test::kAnswerMs);
            assert_non_null(answer);
            congested = answer->type == MessageType::puback && answer->return_code == ReturnCode::congestion;
        }
    }
    assert_true(congested);
    bed.broker.resume();
    assert_true(wait_until(test::kAnswerMs, [&] {
        device.drain(0);
        device.send_publish(1, id, device.next_message_id(), "after");
        return device.await(MessageType::puback).return_code == ReturnCode::accepted;
    }));
}

}  // namespace
}  // namespace e2e

int main() {
    using namespace e2e;
    const CMUnitTest tests[] = {
        BED_TEST(uplink_survives_kill_and_restart_of_the_broker_at_every_step),
        BED_TEST(downlink_survives_kill_and_restart_of_the_broker_at_every_step),
        BED_TEST(devices_hear_congestion_while_the_broker_is_down_and_service_returns),
        BED_TEST(subscriptions_are_made_again_when_the_broker_has_forgotten_them),
        BED_TEST(devices_are_disconnected_when_the_operator_wants_that),
        BED_TEST(stopped_broker_does_not_hang_the_gateway),
        BED_TEST(flood_against_a_stopped_broker_is_answered_with_congestion),
    };
    return cmocka_run_group_tests_name("e2e.broker_kill", tests, nullptr, nullptr);
}
