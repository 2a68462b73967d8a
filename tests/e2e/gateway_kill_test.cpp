// SPDX-License-Identifier: BSD-3-Clause
//
// The gateway dies by kill -9 at every step of a QoS 1 and a QoS 2 exchange, in both directions, and comes
// back with an empty memory. The device has a kept session (clean session 0), may be told DISCONNECT first
// (D12), connects again, and repeats with DUP and the same MsgId: nothing is lost, QoS 2 arrives exactly
// once.
//
// How a step is hit exactly: what is sent to a stopped gateway (SIGSTOP) dies with it; what a gateway sends
// to a stopped broker is in the broker's socket and is read after the gateway's death, but the broker's
// answer is not.
#include "bed.hpp"

namespace e2e {
namespace {

using Device = UdpDevice;
constexpr mqttsn::Qos kQos1 = 1;
constexpr mqttsn::Qos kQos2 = 2;
constexpr std::uint16_t kMessageId = 500;

enum class UplinkStep {
    publish_lost,       // the gateway dies before it has read PUBLISH
    publish_at_broker,  // PUBLISH has reached the broker, its PUBACK / PUBREC has not reached the device
    acknowledged,       // the device has PUBACK / PUBREC
    pubrel_lost,        // as publish_lost, with PUBREL
    pubrel_at_broker,   // PUBREL has reached the broker, PUBCOMP has not reached the device
};

struct Uplink {
    Device& device;
    Observer& witness;
    std::uint16_t topic_id;
};

Uplink start_uplink(Bed& bed) {
    bed.start();
    Observer& witness = bed.observe({"kill/#"});
    Device& device = bed.device("victim");
    device.connect({.clean = false});
    return Uplink{device, witness, device.register_topic("kill/up")};
}

/// What `send` sends is dealt with by the gateway and written to the stopped broker; then the gateway dies
/// and the broker reads it.
template <typename Send>
void lose_answer_of_broker(Bed& bed, Device& device, const std::string& broker_log, const Send& send) {
    bed.broker.pause();
    send();
    device.ping();
    assert_true(bed.gateway.wait_until_idle());
    bed.gateway.kill();
    bed.broker.resume();
    bed.await_broker_log(broker_log);
}

/// What `send` sends dies with the gateway.
template <typename Send>
void lose_datagram(Bed& bed, const Send& send) {
    bed.gateway.pause();
    send();
    bed.gateway.kill();
}

void die_at(Bed& bed, const Uplink& up, mqttsn::Qos qos, UplinkStep step) {
    Device& device = up.device;
    const auto publish = [&] { device.send_publish(qos, up.topic_id, kMessageId, "important"); };
    const auto release = [&] { device.send(mqttsn::make_pubrel(kMessageId)); };
    const auto acknowledged = [&] {
        publish();
        device.expect(qos == kQos1 ? MessageType::puback : MessageType::pubrec);
    };
    switch (step) {
        case UplinkStep::publish_lost:
            lose_datagram(bed, publish);
            return;
        case UplinkStep::publish_at_broker:
            lose_answer_of_broker(bed, device, "Received PUBLISH from victim", publish);
            return;
        case UplinkStep::acknowledged:
            acknowledged();
            bed.gateway.kill();
            return;
        case UplinkStep::pubrel_lost:
            acknowledged();
            lose_datagram(bed, release);
            return;
        case UplinkStep::pubrel_at_broker:
            acknowledged();
            lose_answer_of_broker(bed, device, "Received PUBREL from victim", release);
            return;
    }
}

/// As a device whose exchange has no answer: it repeats, hears DISCONNECT, connects again, and goes on.
void go_on(Uplink& up, mqttsn::Qos qos, UplinkStep step) {
    Device& device = up.device;
    const bool released = step == UplinkStep::pubrel_lost || step == UplinkStep::pubrel_at_broker;
    if (step == UplinkStep::publish_lost || step == UplinkStep::publish_at_broker) {
        device.send_publish(qos, up.topic_id, kMessageId, "important", true);
        device.expect(MessageType::disconnect);
        device.connect_again();
        up.topic_id = device.register_topic("kill/up");  // the ids died with the gateway
        const Message publish = mqttsn::make_publish(Flags{}.with_qos(qos).with_dup(true), up.topic_id,
                                                     kMessageId, view("important"));
        const MessageType wanted = qos == kQos1 ? MessageType::puback : MessageType::pubrec;
        const Message& answer = device.repeat_until(publish, wanted);
        assert_int_equal(answer.message_id, kMessageId);
        assert_int_equal(answer.return_code, ReturnCode::accepted);
    } else if (qos == kQos2 && released) {
        device.send(mqttsn::make_pubrel(kMessageId));
        device.expect(MessageType::disconnect);
        device.connect_again();
    } else {
        device.connect_again();
    }
    if (qos == kQos2) {
        assert_int_equal(
            device.repeat_until(mqttsn::make_pubrel(kMessageId), MessageType::pubcomp).message_id,
            kMessageId);
    }
    up.topic_id = device.register_topic("kill/up");
}

void survive_uplink(Bed& bed, mqttsn::Qos qos, UplinkStep step) {
    Uplink up = start_uplink(bed);
    die_at(bed, up, qos, step);
    bed.start_gateway();
    go_on(up, qos, step);
    up.device.publish(qos, up.topic_id, "end");
    assert_true(wait_until(test::kAnswerMs, [&] {
        const auto seen = up.witness.payloads();
        return !seen.empty() && seen.back() == "end";
    }));
    const auto seen = up.witness.payloads();
    assert_true(same_list(qos == kQos2 ? seen : without_repeats(seen), {"important", "end"}));
}

void qos1_uplink_survives_death_before_publish_is_read(Bed& bed) {
    survive_uplink(bed, kQos1, UplinkStep::publish_lost);
}
void qos1_uplink_survives_death_before_puback(Bed& bed) {
    survive_uplink(bed, kQos1, UplinkStep::publish_at_broker);
}
// FAULT-80
void qos1_uplink_that_was_acknowledged_is_at_the_broker(Bed& bed) {
    survive_uplink(bed, kQos1, UplinkStep::acknowledged);
}
void qos2_uplink_survives_death_before_publish_is_read(Bed& bed) {
    survive_uplink(bed, kQos2, UplinkStep::publish_lost);
}
// FAULT-59, FAULT-80
void qos2_uplink_survives_death_before_pubrec(Bed& bed) {
    survive_uplink(bed, kQos2, UplinkStep::publish_at_broker);
}
// FAULT-59, FAULT-80
void qos2_uplink_survives_death_after_pubrec(Bed& bed) {
    survive_uplink(bed, kQos2, UplinkStep::acknowledged);
}
// FAULT-59, FAULT-80
void qos2_uplink_survives_death_before_pubrel_is_read(Bed& bed) {
    survive_uplink(bed, kQos2, UplinkStep::pubrel_lost);
}
// FAULT-59, FAULT-80
void qos2_uplink_survives_death_before_pubcomp(Bed& bed) {
    survive_uplink(bed, kQos2, UplinkStep::pubrel_at_broker);
}

// D21, SN12-76: the id means nothing to the new gateway; the old one is refused, never taken for another
// topic.
void stale_topic_id_is_refused_after_a_gateway_death(Bed& bed) {
    Uplink up = start_uplink(bed);
    bed.restart_gateway();
    up.device.connect_again();
    up.device.send_publish(kQos1, up.topic_id, kMessageId, "important", true);
    const Message& refusal = up.device.await(MessageType::puback);
    assert_int_equal(refusal.return_code, ReturnCode::invalid_topic_id);
    assert_int_equal(refusal.message_id, kMessageId);
}

enum class DownlinkStep {
    publish_unread,      // the gateway dies before it has read the broker's PUBLISH
    register_seen,       // wildcard: the device has REGISTER and has not answered
    regack_lost,         // wildcard: the device's REGACK dies with the gateway
    publish_unanswered,  // the device's radio lost PUBLISH
    ack_lost,            // the device has taken the message, its PUBACK / PUBREC dies with the gateway
    ack_at_broker,       // PUBACK / PUBREC has reached the broker, its PUBREL has not reached the device
    pubrel_unanswered,   // the device's radio lost PUBREL
    pubcomp_lost,        // the device's PUBCOMP dies with the gateway
    pubcomp_at_broker,   // PUBCOMP has reached the broker
};

void die_in_qos2_release(Bed& bed, Device& device, DownlinkStep step) {
    device.answer(device.expect(MessageType::publish));
    const Message release = device.expect(MessageType::pubrel);
    if (step == DownlinkStep::pubrel_unanswered) {
        bed.gateway.kill();
    } else if (step == DownlinkStep::pubcomp_lost) {
        lose_datagram(bed, [&] { device.answer(release); });
    } else {
        lose_answer_of_broker(bed, device, "Received PUBCOMP from victim", [&] { device.answer(release); });
    }
}

void die_at(Bed& bed, Device& device, mqttsn::Qos qos, DownlinkStep step) {
    if (step == DownlinkStep::publish_unread) {
        bed.gateway.pause();
        bed.publish("kill/down", "important", qos);
        bed.await_broker_log("Sending PUBLISH to victim");
        bed.gateway.kill();
        return;
    }
    bed.publish("kill/down", "important", qos);
    switch (step) {
        case DownlinkStep::register_seen:
            device.expect(MessageType::register_topic);
            bed.gateway.kill();
            return;
        case DownlinkStep::regack_lost: {
            const Message announced = device.expect(MessageType::register_topic);
            lose_datagram(bed, [&] { device.answer(announced); });
            return;
        }
        case DownlinkStep::publish_unanswered:
            device.expect(MessageType::publish);
            bed.gateway.kill();
            return;
        case DownlinkStep::ack_lost: {
            const Message message = device.expect(MessageType::publish);
            lose_datagram(bed, [&] { device.answer(message); });
            return;
        }
        case DownlinkStep::ack_at_broker: {
            const Message message = device.expect(MessageType::publish);
            lose_answer_of_broker(
                bed, device, qos == kQos1 ? "Received PUBACK from victim" : "Received PUBREC from victim",
                [&] { device.answer(message); });
            return;
        }
        default:
            die_in_qos2_release(bed, device, step);
    }
}

void survive_downlink(Bed& bed, mqttsn::Qos qos, DownlinkStep step) {
    bed.start();
    Device& device = bed.device("victim");
    device.connect({.clean = false});
    const bool wildcard = step == DownlinkStep::register_seen || step == DownlinkStep::regack_lost;
    device.subscribe(wildcard ? "kill/#" : "kill/down", qos);
    die_at(bed, device, qos, step);
    const bool taken_before = !device.inbox.empty();
    bed.start_gateway();
    device.send(mqttsn::make_pingreq({}));
    device.expect(MessageType::disconnect);  // D12
    device.connect_again();
    bed.publish("kill/down", "end", qos);
    assert_true(wait_until(test::kAnswerMs, [&] {
        device.drain(20);
        return !device.inbox.empty() && device.inbox.back().payload == "end";
    }));
    device.drain(100);
    const auto got = payloads_of(device.inbox);
    assert_true(same_list(qos == kQos2 ? got : without_repeats(got), {"important", "end"}));
    assert_int_equal(device.unknown_topics, 0);
    if (taken_before && step == DownlinkStep::ack_lost) {  // it did come again, and was recognisable
        assert_int_equal(qos == kQos2 ? device.duplicates_seen : got.size() - 2, 1);
    } else {
        assert_int_equal(got.size(), 2);
    }
}

#define DOWNLINK_TEST(name, qos, step)                  \
    void name(Bed& bed) {                               \
        survive_downlink(bed, qos, DownlinkStep::step); \
    }

DOWNLINK_TEST(qos1_downlink_survives_death_before_publish_is_read, kQos1, publish_unread)
DOWNLINK_TEST(qos1_downlink_survives_death_after_register, kQos1, register_seen)
DOWNLINK_TEST(qos1_downlink_survives_death_before_regack_is_read, kQos1, regack_lost)
DOWNLINK_TEST(qos1_downlink_survives_death_after_publish, kQos1, publish_unanswered)
DOWNLINK_TEST(qos1_downlink_survives_death_before_puback_is_read, kQos1, ack_lost)
DOWNLINK_TEST(qos1_downlink_survives_death_after_puback, kQos1, ack_at_broker)
DOWNLINK_TEST(qos2_downlink_survives_death_before_publish_is_read, kQos2, publish_unread)
DOWNLINK_TEST(qos2_downlink_survives_death_after_register, kQos2, register_seen)
DOWNLINK_TEST(qos2_downlink_survives_death_before_regack_is_read, kQos2, regack_lost)
DOWNLINK_TEST(qos2_downlink_survives_death_after_publish, kQos2, publish_unanswered)
DOWNLINK_TEST(qos2_downlink_survives_death_before_pubrec_is_read, kQos2, ack_lost)
DOWNLINK_TEST(qos2_downlink_survives_death_before_pubrel, kQos2, ack_at_broker)
DOWNLINK_TEST(qos2_downlink_survives_death_after_pubrel, kQos2, pubrel_unanswered)
DOWNLINK_TEST(qos2_downlink_survives_death_before_pubcomp_is_read, kQos2, pubcomp_lost)
DOWNLINK_TEST(qos2_downlink_survives_death_after_pubcomp, kQos2, pubcomp_at_broker)

// More than the broker's in-flight window (20) is on its way: it all comes, in order.
// FAULT-80
void queue_of_100_qos2_messages_survives_two_deaths_in_order(Bed& bed) {
    bed.start();
    Device& device = bed.device("victim");
    device.connect({.clean = false});
    device.subscribe("kill/down", kQos2);
    assert_true(test::broker_publish_lines(bed.broker, "kill/down", numbered("m", 100), 2));
    for (const std::size_t count : {10U, 55U}) {
        assert_true(device.collect(count));
        bed.restart_gateway();
        device.connect_again();
    }
    assert_true(device.collect(100, 30000));
    device.drain(100);
    assert_true(same_list(payloads_of(device.inbox), numbered("m", 100)));
}

}  // namespace
}  // namespace e2e

int main() {
    using namespace e2e;
    const CMUnitTest tests[] = {
        BED_TEST(qos1_uplink_survives_death_before_publish_is_read),
        BED_TEST(qos1_uplink_survives_death_before_puback),
        BED_TEST(qos1_uplink_that_was_acknowledged_is_at_the_broker),
        BED_TEST(qos2_uplink_survives_death_before_publish_is_read),
        BED_TEST(qos2_uplink_survives_death_before_pubrec),
        BED_TEST(qos2_uplink_survives_death_after_pubrec),
        BED_TEST(qos2_uplink_survives_death_before_pubrel_is_read),
        BED_TEST(qos2_uplink_survives_death_before_pubcomp),
        BED_TEST(stale_topic_id_is_refused_after_a_gateway_death),
        BED_TEST(qos1_downlink_survives_death_before_publish_is_read),
        BED_TEST(qos1_downlink_survives_death_after_register),
        BED_TEST(qos1_downlink_survives_death_before_regack_is_read),
        BED_TEST(qos1_downlink_survives_death_after_publish),
        BED_TEST(qos1_downlink_survives_death_before_puback_is_read),
        BED_TEST(qos1_downlink_survives_death_after_puback),
        BED_TEST(qos2_downlink_survives_death_before_publish_is_read),
        BED_TEST(qos2_downlink_survives_death_after_register),
        BED_TEST(qos2_downlink_survives_death_before_regack_is_read),
        BED_TEST(qos2_downlink_survives_death_after_publish),
        BED_TEST(qos2_downlink_survives_death_before_pubrec_is_read),
        BED_TEST(qos2_downlink_survives_death_before_pubrel),
        BED_TEST(qos2_downlink_survives_death_after_pubrel),
        BED_TEST(qos2_downlink_survives_death_before_pubcomp_is_read),
        BED_TEST(qos2_downlink_survives_death_after_pubcomp),
        BED_TEST(queue_of_100_qos2_messages_survives_two_deaths_in_order),
    };
    return cmocka_run_group_tests_name("e2e.gateway_kill", tests, nullptr, nullptr);
}
