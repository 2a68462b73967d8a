// SPDX-License-Identifier: BSD-3-Clause
//
// Single datagrams that are lost, doubled or late. Lost on the way up: the case does not send it. Lost on the
// way down: the case reads it and acts as if it had not. Late: sent again after the exchange has ended (D09,
// D29, D30).
#include "conformance/mqtt_peer.hpp"
#include "conformance/sn_device.hpp"

namespace conformance {
namespace {

/// Reads all that comes until nothing does for a while; every message must be one of `allowed`, DUP or not.
void drain(Case& t, Device& device, const std::vector<Octets>& allowed) {
    while (const std::optional<sn::Message> message = device.receive(Case::kSilence)) {
        bool good = false;
        for (const Octets& one : allowed) {
            good = good || message->octets == one;
        }
        t.check(good, "nothing, or the same answer again", sn::describe(message->octets));
    }
}

void puback_lost(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    const std::uint16_t msg_id = device.next_msg_id();
    const Octets message = sn::publish(sn::kQos1, id, msg_id, "once");
    device.send(message);
    device.expect(sn::puback(id, msg_id, sn::kAccepted));
    t.pause(t.retry());
    device.send(sn::dup(message));
    device.expect(sn::puback(id, msg_id, sn::kAccepted));
    peer.expect(t.topic(), "once");
    peer.expect_no_more();
}

void qos_1_doubled(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    const std::uint16_t msg_id = device.next_msg_id();
    const Octets message = sn::publish(sn::kQos1, id, msg_id, "at least once");
    device.send(message);
    device.send(sn::dup(message));
    device.expect(sn::puback(id, msg_id, sn::kAccepted));
    drain(t, device, {sn::puback(id, msg_id, sn::kAccepted)});
    peer.expect(t.topic(), "at least once");
    peer.expect_no_more();
}

void qos_2_doubled(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    const std::uint16_t msg_id = device.next_msg_id();
    device.send_twice(sn::publish(sn::kQos2, id, msg_id, "exactly once"));
    device.expect(sn::pubrec(msg_id));
    drain(t, device, {sn::pubrec(msg_id)});
    device.send_twice(sn::pubrel(msg_id));
    device.expect(sn::pubcomp(msg_id));
    drain(t, device, {sn::pubcomp(msg_id)});
    peer.expect(t.topic(), "exactly once");
    peer.expect_no_more();
}

void pubrec_lost(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    const std::uint16_t msg_id = device.next_msg_id();
    const Octets message = sn::publish(sn::kQos2, id, msg_id, "exactly once");
    device.send(message);
    device.expect(sn::pubrec(msg_id));
    t.pause(t.retry());
    device.send(sn::dup(message));
    device.expect(sn::pubrec(msg_id));
    device.send(sn::pubrel(msg_id));
    device.expect(sn::pubcomp(msg_id));
    peer.expect(t.topic(), "exactly once");
    peer.expect_no_more();
}

void pubcomp_lost(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    const std::uint16_t msg_id = device.next_msg_id();
    device.send(sn::publish(sn::kQos2, id, msg_id, "exactly once"));
    device.expect(sn::pubrec(msg_id));
    device.send(sn::pubrel(msg_id));
    device.expect(sn::pubcomp(msg_id));
    t.pause(t.retry());
    device.send(sn::pubrel(msg_id));
    device.expect(sn::pubcomp(msg_id));
    peer.expect(t.topic(), "exactly once");
    peer.expect_no_more();
}

void late_copy_of_qos_2(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    const std::uint16_t msg_id = device.next_msg_id();
    const Octets message = sn::publish(sn::kQos2, id, msg_id, "exactly once");
    device.send(sn::dup(message));  // the repetition arrives first
    device.expect(sn::pubrec(msg_id));
    device.send(sn::pubrel(msg_id));
    device.expect(sn::pubcomp(msg_id));
    device.send(message);  // and now the first transmission, within T_retry
    drain(t, device, {sn::pubrec(msg_id)});
    device.send(sn::pubrel(msg_id));
    device.expect(sn::pubcomp(msg_id));
    peer.expect(t.topic(), "exactly once");
    peer.expect_no_more();
}

void pubrel_before_publish(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    const std::uint16_t msg_id = device.next_msg_id();
    device.send(sn::pubrel(msg_id));  // of an earlier life of the device
    device.expect(sn::pubcomp(msg_id));
    device.send(sn::publish(sn::kQos2, id, msg_id, "new"));
    device.expect(sn::pubrec(msg_id));
    device.send(sn::pubrel(msg_id));
    device.expect(sn::pubcomp(msg_id));
    peer.expect(t.topic(), "new");
    peer.expect_no_more();
}

void publish_lost(Case& t) {
    Device& device = t.connected();
    device.subscribe(t.topic(), 1);
    t.peer().publish(t.topic(), "lost once");
    const sn::Message publish = device.expect_type(sn::PUBLISH);  // and not answered
    const std::optional<sn::Message> again = device.receive(t.beyond_retry());
    t.check(again && again->octets == sn::dup(publish.octets), "PUBLISH with DUP",
            again ? sn::describe(again->octets) : "nothing");
    device.acknowledge(publish);
    device.acknowledge(publish);  // the device has seen two copies
    device.expect_alive();
    t.peer().publish(t.topic(), "next");
    device.expect_arrival(t.topic(), "next");
}

void pubrec_to_the_gateway_doubled(Case& t) {
    Device& device = t.connected();
    device.subscribe(t.topic(), 2);
    t.peer().publish(t.topic(), "two", 2);
    const sn::Message publish = device.expect_type(sn::PUBLISH);
    device.send_twice(sn::pubrec(publish.msg_id));
    device.expect(sn::pubrel(publish.msg_id));
    drain(t, device, {sn::pubrel(publish.msg_id)});
    device.send_twice(sn::pubcomp(publish.msg_id));
    device.send(sn::pubrec(publish.msg_id));  // a late copy
    drain(t, device, {sn::pubrel(publish.msg_id)});
    device.send(sn::pubcomp(publish.msg_id));
    t.peer().publish(t.topic(), "next", 2);
    device.expect_arrival(t.topic(), "next");
}

void regack_lost(Case& t) {
    Device& device = t.connected();
    const std::uint16_t msg_id = device.next_msg_id();
    const Octets reg = sn::register_topic(0, msg_id, t.topic());
    device.send(reg);
    const sn::Message regack = device.expect_type(sn::REGACK);
    t.pause(t.retry());
    device.send_twice(reg);
    device.expect(regack.octets);
    device.expect(regack.octets);
    device.publish(regack.topic_id, "registered", 1);
}

void regack_to_the_gateway_late(Case& t) {
    Device& device = t.connected();
    device.subscribe(t.topic("+"), 1);
    Peer& peer = t.peer();
    peer.publish(t.topic("a"), "a");
    const sn::Message first = device.expect_type(sn::REGISTER);
    const std::optional<sn::Message> again = device.receive(t.beyond_retry());
    t.check(again && again->octets == first.octets, "REGISTER again",
            again ? sn::describe(again->octets) : "nothing");
    device.accept(first);
    device.accept(first);  // to both copies
    device.expect_arrival(t.topic("a"), "a");
    peer.publish(t.topic("b"), "b");
    const sn::Message second = device.expect_type(sn::REGISTER);
    device.send(sn::regack(first.topic_id, first.msg_id, sn::kAccepted));  // an old one, which means nothing
    device.expect_silence(std::min(t.retry() / 3, Case::kSilence));
    device.accept(second);
    device.expect_arrival(t.topic("b"), "b");
}

void suback_lost(Case& t) {
    Device& device = t.connected();
    const std::uint16_t msg_id = device.next_msg_id();
    const Octets subscribe = sn::subscribe(sn::kQos1, msg_id, t.topic());
    device.send(subscribe);
    const sn::Message suback = device.expect_type(sn::SUBACK);
    t.peer().publish(t.topic(), "while SUBACK was lost");
    const sn::Message publish = device.expect_type(sn::PUBLISH);
    device.send(sn::dup(subscribe));
    device.expect(suback.octets);
    device.acknowledge(publish);
    device.expect_alive();
}

void late_copy_of_subscribe(Case& t) {
    Device& device = t.connected();
    const std::uint16_t msg_id = device.next_msg_id();
    const Octets subscribe = sn::subscribe(sn::kQos1, msg_id, t.topic());
    device.send_twice(subscribe);
    const sn::Message suback = device.expect_type(sn::SUBACK);
    drain(t, device, {suback.octets});
    t.peer().publish(t.topic(), "once");
    device.acknowledge(device.expect_type(sn::PUBLISH));
    device.expect_alive();
}

void everything_doubled(Case& t) {
    Peer& peer = t.subscriber(t.topic("up"));
    Device& device = t.device();
    device.send_twice(sn::connect(device.client_id(), sn::kClean, 60));
    device.expect(sn::connack(sn::kAccepted));
    drain(t, device, {sn::connack(sn::kAccepted)});
    device.send_twice(sn::register_topic(0, 1, t.topic("up")));
    const sn::Message regack = device.expect_type(sn::REGACK);
    drain(t, device, {regack.octets});
    device.send_twice(sn::publish(sn::kQos2, regack.topic_id, 2, "two"));
    device.expect(sn::pubrec(2));
    drain(t, device, {sn::pubrec(2)});
    device.send_twice(sn::pubrel(2));
    device.expect(sn::pubcomp(2));
    drain(t, device, {sn::pubcomp(2)});
    peer.expect(t.topic("up"), "two");
    device.send_twice(sn::subscribe(sn::kQos2, 3, t.topic("down")));
    const sn::Message suback = device.expect_type(sn::SUBACK);
    drain(t, device, {suback.octets});
    peer.publish(t.topic("down"), "down", 2);
    const sn::Message publish = device.expect_type(sn::PUBLISH);
    device.send_twice(sn::pubrec(publish.msg_id));
    device.expect(sn::pubrel(publish.msg_id));
    drain(t, device, {sn::pubrel(publish.msg_id)});
    device.send_twice(sn::pubcomp(publish.msg_id));
    device.send_twice(sn::unsubscribe(4, t.topic("down")));
    device.expect(sn::unsuback(4));
    drain(t, device, {sn::unsuback(4), sn::pubrel(publish.msg_id)});
    device.send_twice(sn::disconnect(60));
    device.expect(sn::disconnect());
    drain(t, device, {sn::disconnect()});
    device.send_twice(sn::pingreq(device.client_id()));
    device.expect(sn::pingresp());
    drain(t, device, {sn::pingresp()});
    device.send_twice(sn::disconnect());
    device.expect(sn::disconnect());
    drain(t, device, {sn::disconnect()});
    peer.expect_no_more();
}

void connack_lost(Case& t) {
    Device& device = t.connected_kept();
    t.pause(t.retry());
    device.send(sn::connect(device.client_id(), 0, 60));
    device.expect(sn::connack(sn::kAccepted));
    device.publish(device.register_topic(t.topic()), "connected", 1);
}

void puback_of_the_device_lost_asleep(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic(), 1);
    device.sleep(60);
    peer.publish(t.topic(), "one");
    device.send(sn::pingreq(device.client_id()));
    const sn::Message publish = device.expect_type(sn::PUBLISH);  // its PUBACK is lost
    const std::optional<sn::Message> again = device.receive(t.beyond_retry());
    t.check(again && again->octets == sn::dup(publish.octets), "PUBLISH with DUP",
            again ? sn::describe(again->octets) : "nothing");
    device.acknowledge(publish);
    device.expect(sn::pingresp());
    device.expect_silence();
}

void pingreq_doubled(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic(), 1);
    device.sleep(60);
    peer.publish(t.topic(), "one");
    device.send_twice(sn::pingreq(device.client_id()));
    const sn::Message publish = device.expect_type(sn::PUBLISH);
    drain(t, device, {sn::dup(publish.octets)});  // D18
    device.acknowledge(publish);
    device.expect(sn::pingresp());
    drain(t, device, {sn::pingresp()});
    t.check(device.wake().empty(), "nothing left", "messages");
}

void pingreq_comes_late(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic(), 1);
    device.sleep(60);
    device.wake();
    device.connect(sn::kClean, 60);
    device.subscribe(t.topic(), 1);
    device.send(sn::pingreq(device.client_id()));  // of the sleep before
    device.expect(sn::pingresp());
    peer.publish(t.topic(), "the device is active");
    device.expect_arrival(t.topic(), "the device is active");
}

void disconnect_lost(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic(), 1);
    const Octets sleep = sn::disconnect(60);
    device.send(sleep);
    device.expect(sn::disconnect());
    peer.publish(t.topic(), "buffered");
    t.pause(t.retry());
    device.send(sleep);
    device.expect(sn::disconnect());
    device.expect_silence();
    t.check(device.wake().size() == 1, "the buffered message", "none");
}

}  // namespace

CaseTable loss_cases() {
    return {
        {"D09.connack_was_lost", "SN12-99 D30", connack_lost, true},
        {"D30.regack_was_lost", "SN12-99 SN12-73", regack_lost, true},
        {"D30.suback_was_lost", "SN12-99 SN12-85", suback_lost},
        {"D30.a_late_copy_of_subscribe", "SN12-85", late_copy_of_subscribe},
        {"D30.puback_was_lost", "SN12-14 SN12-99 FAULT-56", puback_lost, true},
        {"D30.qos_1_arrives_twice", "SN12-14 FAULT-55 FAULT-56", qos_1_doubled},
        {"D30.qos_2_arrives_twice", "SN12-75 FAULT-55", qos_2_doubled},
        {"D30.pubrec_was_lost", "SN12-75 SN12-99", pubrec_lost, true},
        {"D30.pubcomp_was_lost", "SN12-75 SN12-99", pubcomp_lost, true},
        {"D30.a_late_copy_of_qos_2", "SN12-75 FAULT-55", late_copy_of_qos_2},
        {"D30.pubrel_of_an_earlier_life", "D28", pubrel_before_publish},
        {"D33.publish_to_the_device_was_lost", "SN12-14 D29", publish_lost, true},
        {"D30.acknowledgements_of_qos_2_arrive_twice", "SN12-75 FAULT-42", pubrec_to_the_gateway_doubled},
        {"D33.register_to_the_device_was_lost", "SN12-89 FAULT-57", regack_to_the_gateway_late, true},
        {"D30.a_session_in_which_every_datagram_is_doubled", "D09 D18 D23", everything_doubled, true},
        {"D17.puback_was_lost_while_awake", "SN12-105 D29 D33", puback_of_the_device_lost_asleep, true},
        {"D18.pingreq_arrives_twice", "SN12-105 SN12-107", pingreq_doubled},
        {"D14.a_late_pingreq_changes_nothing", "SN12-107", pingreq_comes_late},
        {"D30.the_answer_to_disconnect_was_lost", "SN12-103 D23", disconnect_lost, true},
    };
}

}  // namespace conformance
