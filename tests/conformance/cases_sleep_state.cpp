// SPDX-License-Identifier: BSD-3-Clause
//
// How a device gets into sleep, out of it, and lost in it (SN12-101 to SN12-103, SN12-108, SN12-109; D13,
// D14, D20, D24, D55).
#include "conformance/mqtt_peer.hpp"
#include "conformance/sn_device.hpp"

namespace conformance {
namespace {

void disconnect_with_duration(Case& t) {
    Device& device = t.connected();
    device.send(sn::disconnect(60));
    const sn::Message answer = device.expect_type(sn::DISCONNECT);
    t.check(answer.octets.size() == 2, "a DISCONNECT of 2 octets", sn::describe(answer.octets));
    device.send(sn::disconnect(60));  // the answer was lost
    device.expect(sn::disconnect());
    device.wake();
}

void lost_after_sleep(Case& t) {
    Peer& peer = t.subscriber(t.topic("will"));
    Device& device = t.device();
    device.connect_with_will(t.topic("will"), "lost", 0, sn::kClean, 60);
    device.sleep(2);
    const Clock::time_point silent_since = Clock::now();
    peer.expect(t.topic("will"), "lost", t.answer() + milliseconds(8000));
    t.check(Clock::now() - silent_since >= milliseconds(1900),
            "the will not before the 2 s of sleep have passed", "the will before that");
    device.expect_unknown(sn::pingreq(device.client_id()));
}

void sleep_longer_than_keep_alive(Case& t) {
    Peer& peer = t.subscriber(t.topic("will"));
    Device& device = t.device();
    device.connect_with_will(t.topic("will"), "lost", 0, sn::kClean, 1);
    device.subscribe(t.topic());
    device.sleep(60);
    peer.publish(t.topic(), "waiting");
    t.pause(milliseconds(5000));
    const std::vector<Arrival> arrivals = device.wake();
    t.check(arrivals.size() == 1, "the message after a sleep beyond the keep alive",
            std::to_string(arrivals.size()) + " messages");
    peer.expect_no_more();
}

void pingreq_restarts_the_timer(Case& t) {
    Peer& peer = t.subscriber(t.topic("will"));
    Device& device = t.device();
    device.connect_with_will(t.topic("will"), "lost", 0, sn::kClean, 60);
    device.sleep(3);
    for (int i = 0; i < 4; ++i) {  // 8 s in all
        t.pause(milliseconds(2000));
        device.wake();
    }
    peer.expect_no_more();
}

void new_duration(Case& t) {
    Peer& peer = t.subscriber(t.topic("will"));
    Device& device = t.device();
    device.connect_with_will(t.topic("will"), "lost", 0, sn::kClean, 60);
    device.sleep(1);
    device.sleep(60);
    t.pause(milliseconds(4000));
    device.wake();
    peer.expect_no_more();
    device.sleep(1);  // and shorter again
    peer.expect(t.topic("will"), "lost", t.answer() + milliseconds(6000));
}

void disconnect_from_asleep(Case& t) {
    Peer& peer = t.subscriber(t.topic("will"));
    Device& device = t.device();
    device.connect_with_will(t.topic("will"), "lost", 0, sn::kClean, 60);
    device.sleep(1);
    device.disconnect();
    device.expect_unknown(sn::pingreq(device.client_id()));
    t.pause(milliseconds(3500));
    peer.expect_no_more();
}

/// A device that is awake: a message to it is not acknowledged yet.
sn::Message wake_half(Case& t, Device& device) {
    Peer& peer = t.peer();
    device.subscribe(t.topic(), 1);
    device.sleep(60);
    peer.publish(t.topic(), "half");
    device.send(sn::pingreq(device.client_id()));
    return device.expect_type(sn::PUBLISH);
}

void disconnect_from_awake(Case& t) {
    Device& device = t.connected();
    wake_half(t, device);
    device.disconnect();
    device.expect_silence(t.retry() * 2);
    device.expect_unknown();
}

void sleep_again_from_awake(Case& t) {
    Device& device = t.connected();
    wake_half(t, device);
    device.sleep(90);
    device.expect_silence(t.retry() * 2);
    const std::vector<Arrival> arrivals = device.wake();
    t.check(arrivals.size() == 1 && arrivals[0].data == "half", "the message at the next wake-up",
            std::to_string(arrivals.size()) + " messages");
}

void connect_from_awake(Case& t) {
    Device& device = t.device();
    t.forget_session(device.client_id());
    device.connect(0);
    wake_half(t, device);
    device.connect(0);
    device.expect_arrival(t.topic(), "half");
    device.expect_alive();
}

void connect_from_asleep(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected_kept();
    device.subscribe(t.topic(), 1);
    device.sleep(60);
    peer.publish(t.topic(), "one");
    peer.publish(t.topic(), "two");
    device.connect(0);
    device.expect_arrival(t.topic(), "one");
    device.expect_arrival(t.topic(), "two");
    device.expect_alive();
    peer.publish(t.topic(), "active again");  // without PINGREQ
    device.expect_arrival(t.topic(), "active again");
}

void clean_connect_from_asleep(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic(), 1);
    device.sleep(60);
    peer.publish(t.topic(), "wiped");
    t.pause(milliseconds(100));
    device.connect(sn::kClean);
    device.expect_alive();
    peer.publish(t.topic(), "not subscribed");
    device.expect_alive();
    device.expect_silence();
}

void will_connect_from_asleep(Case& t) {
    Device& device = t.connected_kept();
    device.subscribe(t.topic());
    device.sleep(60);
    device.connect_with_will(t.topic("will"), "w", 0, 0);
    t.peer().publish(t.topic(), "still subscribed");
    device.expect_arrival(t.topic(), "still subscribed");
}

void wake_at_a_new_address(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic(), 1);
    device.sleep(60);
    peer.publish(t.topic(), "for the new address");
    t.pause(milliseconds(100));
    device.change_address();
    std::vector<Arrival> arrivals = device.wake();
    t.check(arrivals.size() == 1, "the message at the new address", std::to_string(arrivals.size()));
    device.change_address();
    peer.publish(t.topic(), "and at the next");
    arrivals = device.wake();
    t.check(arrivals.size() == 1, "the message at the next address", std::to_string(arrivals.size()));
}

void pingreq_without_client_id(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic(), 1);
    device.sleep(60);
    peer.publish(t.topic(), "fetched");
    device.send(sn::pingreq());
    device.expect_arrival(t.topic(), "fetched");
    device.expect(sn::pingresp());
    device.expect_silence();
}

void uplink_from_asleep(Case& t) {
    Peer& peer = t.subscriber(t.topic("up"));
    Device& device = t.connected();
    device.subscribe(t.topic("down"));
    device.sleep(60);
    const std::uint16_t id = device.register_topic(t.topic("up"));
    for (const int qos : {0, 1, 2}) {
        device.publish(id, std::to_string(qos), qos);
        peer.expect(t.topic("up"), std::to_string(qos));
    }
    device.subscribe(t.topic("more"));
    device.unsubscribe(t.topic("more"));
    peer.publish(t.topic("down"), "still asleep");
    device.expect_silence();
    const std::vector<Arrival> arrivals = device.wake();
    t.check(arrivals.size() == 1, "the message when awake", std::to_string(arrivals.size()));
}

void uplink_restarts_the_timer(Case& t) {
    Peer& peer = t.subscriber(t.topic("will"));
    Device& device = t.device();
    device.connect_with_will(t.topic("will"), "lost", 0, sn::kClean, 60);
    const std::uint16_t id = device.register_topic(t.topic());
    device.sleep(3);
    for (int i = 0; i < 4; ++i) {
        t.pause(milliseconds(2000));
        device.publish(id, "reading", 1);
    }
    peer.expect_no_more();
}

void uplink_from_awake(Case& t) {
    Peer& peer = t.subscriber(t.topic("up"));
    Device& device = t.connected();
    const sn::Message publish = wake_half(t, device);
    const std::uint16_t id = device.register_topic(t.topic("up"));
    device.publish(id, "from awake", 1);
    peer.expect(t.topic("up"), "from awake");
    device.acknowledge(publish);
    device.expect(sn::pingresp());
}

}  // namespace

CaseTable sleep_state_cases() {
    return {
        {"SN12-103.disconnect_with_duration_is_answered_without", "SN12-48 SN12-101 D30",
         disconnect_with_duration},
        {"SN12-103.lost_after_the_sleep_duration", "SN12-101 SN12-112 D12 D25 TRAP-34", lost_after_sleep,
         true},
        {"SN12-103.sleep_longer_than_the_keep_alive", "SN12-102 SN12-104 D24 TRAP-46",
         sleep_longer_than_keep_alive, true},
        {"SN12-106.pingreq_restarts_the_sleep_timer", "SN12-105 D08", pingreq_restarts_the_timer, true},
        {"SN12-108.a_new_sleep_duration", "SN12-103", new_duration, true},
        {"SN12-108.disconnect_from_asleep", "SN12-97 SN12-110", disconnect_from_asleep, true},
        {"SN12-108.disconnect_from_awake", "SN12-96", disconnect_from_awake, true},
        {"SN12-108.asleep_again_from_awake", "SN12-103 D17", sleep_again_from_awake, true},
        {"SN12-108.connect_from_asleep_resumes", "SN12-67 D20", connect_from_asleep},
        {"SN12-108.connect_from_awake_resumes", "SN12-67 D20", connect_from_awake},
        {"D20.clean_connect_from_asleep_wipes", "SN12-65 SN12-108", clean_connect_from_asleep},
        {"D20.connect_with_will_from_asleep_prompts", "SN12-66 SN12-108", will_connect_from_asleep},
        {"D13.waking_at_a_new_address", "SN12-105 FAULT-5", wake_at_a_new_address},
        {"D14.pingreq_without_client_id_while_asleep", "SN12-105 SN12-46", pingreq_without_client_id},
        {"D55.messages_from_asleep_are_processed", "SN12-109 SN12-104 TRAP-47", uplink_from_asleep},
        {"D55.messages_from_asleep_restart_the_sleep_timer", "SN12-103 D08", uplink_restarts_the_timer, true},
        {"D55.messages_from_awake_are_processed", "SN12-109 SN12-105", uplink_from_awake},
    };
}

}  // namespace conformance
