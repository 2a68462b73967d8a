// SPDX-License-Identifier: BSD-3-Clause
//
// What a sleeping device gets, and when: buffering, the awake cycle and its end (SN12-103 to SN12-107; D15 to
// D19). State changes of sleepers have their own file.
#include "conformance/mqtt_peer.hpp"
#include "conformance/sn_device.hpp"

namespace conformance {
namespace {

void buffered_until_pingreq(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic(), 2);
    device.sleep(60);
    for (const int qos : {0, 1, 2}) {
        peer.publish(t.topic(), std::to_string(qos), qos);
    }
    device.expect_silence(std::min(t.retry() * 2, milliseconds(3000)));
    const std::vector<Arrival> arrivals = device.wake();
    t.check(arrivals.size() == 3, "3 messages", std::to_string(arrivals.size()));
    for (std::size_t i = 0; i < arrivals.size(); ++i) {
        t.check(arrivals[i].data == std::to_string(arrivals[i].qos), "each message with its QoS",
                sn::describe(arrivals[i].publish.octets));
    }
    device.expect_silence();
}

void pingresp_comes_last(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic("#"), 1);
    device.sleep(60);
    for (int i = 0; i < 6; ++i) {
        peer.publish(t.topic(std::to_string(i % 2)), std::to_string(i));
    }
    device.send(sn::pingreq(device.client_id()));
    for (int i = 0; i < 6; ++i) {  // with a REGISTER before the first message of each name
        device.expect_arrival(t.topic(std::to_string(i % 2)), std::to_string(i));
    }
    device.expect(sn::pingresp());
    device.expect_silence();
}

void pingresp_waits_for_puback(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic(), 2);
    device.sleep(60);
    peer.publish(t.topic(), "one");
    peer.publish(t.topic(), "two", 2);
    device.send(sn::pingreq(device.client_id()));
    const milliseconds while_unanswered = std::min(t.retry() / 4, Case::kSilence);
    for (int i = 0; i < 2; ++i) {
        const sn::Message publish = device.expect_type(sn::PUBLISH);
        device.expect_silence(while_unanswered);
        if (publish.qos() == 1) {
            device.send(sn::puback(publish.topic_id, publish.msg_id, sn::kAccepted));
        } else {
            device.send(sn::pubrec(publish.msg_id));
            device.expect(sn::pubrel(publish.msg_id));
            device.expect_silence(while_unanswered);
            device.send(sn::pubcomp(publish.msg_id));
        }
    }
    device.expect(sn::pingresp());
}

void nothing_buffered(Case& t) {
    Device& device = t.sleeper();
    for (int i = 0; i < 3; ++i) {
        device.send(sn::pingreq(device.client_id()));
        device.expect(sn::pingresp());
    }
    device.expect_silence();
}

void many_cycles(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic(), 1);
    device.sleep(60);
    for (int cycle = 0; cycle < 5; ++cycle) {
        for (int i = 0; i < cycle; ++i) {
            peer.publish(t.topic(), std::to_string(cycle) + "." + std::to_string(i));
        }
        const std::vector<Arrival> arrivals = device.wake();
        t.check(arrivals.size() == static_cast<std::size_t>(cycle), std::to_string(cycle) + " messages",
                std::to_string(arrivals.size()));
        device.expect_silence(milliseconds(50));
    }
}

void first_message_of_a_wildcard(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic("+"), 0);
    device.sleep(60);
    peer.publish(t.topic("new"), "needs REGISTER", 0);
    t.pause(Case::kSilence);
    device.send(sn::pingreq(device.client_id()));
    const sn::Message reg = device.expect_type(sn::REGISTER);
    device.expect_silence(std::min(t.retry() / 4, Case::kSilence));
    device.accept(reg);
    const sn::Message publish = device.expect_type(sn::PUBLISH);
    t.check(publish.topic_id == reg.topic_id && publish.text == "needs REGISTER", "the message after REGACK",
            sn::describe(publish.octets));
    device.expect(sn::pingresp());
}

void ids_survive_sleep(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    const std::uint16_t id = device.subscribe(t.topic(), 1);
    device.sleep(60);
    peer.publish(t.topic(), "no REGISTER needed");
    device.send(sn::pingreq(device.client_id()));
    const sn::Message publish = device.expect_type(sn::PUBLISH);
    t.check(publish.topic_id == id, "the id that the device knows", sn::describe(publish.octets));
    device.acknowledge(publish);
    device.expect(sn::pingresp());
}

void messages_while_awake(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic(), 1);
    device.sleep(60);
    peer.publish(t.topic(), "before");
    device.send(sn::pingreq(device.client_id()));
    const sn::Message publish = device.expect_type(sn::PUBLISH);
    peer.publish(t.topic(), "meanwhile");  // while the device is awake and busy
    device.acknowledge(publish);
    device.expect_arrival(t.topic(), "meanwhile");
    device.expect(sn::pingresp());
}

void pingreq_again_while_awake(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic(), 1);
    device.sleep(60);
    peer.publish(t.topic(), "first");
    peer.publish(t.topic(), "second");
    device.send(sn::pingreq(device.client_id()));
    const sn::Message publish = device.expect_type(sn::PUBLISH);
    device.send(sn::pingreq(device.client_id()));  // PUBLISH was lost
    device.expect(sn::dup(publish.octets));
    device.acknowledge(publish);
    device.expect_arrival(t.topic(), "second");
    device.expect(sn::pingresp());
    device.expect_silence();
}

void pingresp_lost(Case& t) {
    Device& device = t.sleeper();
    device.send(sn::pingreq(device.client_id()));
    device.expect(sn::pingresp());
    device.send(sn::pingreq(device.client_id()));
    device.expect(sn::pingresp());
}

void silent_while_awake(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic(), 1);
    device.sleep(600);
    peer.publish(t.topic(), "first");
    peer.publish(t.topic(), "second");
    device.send(sn::pingreq(device.client_id()));
    const sn::Message publish = device.expect_type(sn::PUBLISH);
    int repeats = 0;
    while (std::optional<sn::Message> again = device.receive(t.retry() * 3 + milliseconds(1000))) {
        t.check(again->octets == sn::dup(publish.octets), sn::describe(sn::dup(publish.octets)),
                sn::describe(again->octets));
        ++repeats;
    }
    t.check(repeats == t.options().retry_count,
            std::to_string(t.options().retry_count) + " repetitions, then silence", std::to_string(repeats));
    const std::vector<Arrival> arrivals = device.wake();
    t.check(arrivals.size() == 2 && arrivals[0].data == "first" && arrivals[1].data == "second",
            "both messages at the next wake-up, in their order",
            std::to_string(arrivals.size()) + " messages");
}

void no_retries_while_asleep(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic(), 1);
    peer.publish(t.topic(), "unacknowledged");
    device.expect_type(sn::PUBLISH);
    device.sleep(60);
    device.expect_silence(t.retry() * 3);
    const std::vector<Arrival> arrivals = device.wake();
    t.check(arrivals.size() == 1 && arrivals[0].data == "unacknowledged", "the message after waking",
            std::to_string(arrivals.size()) + " messages");
}

void order_in_the_buffer(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic(), 1);
    device.sleep(60);
    constexpr int kMessages = 15;
    for (int i = 0; i < kMessages; ++i) {
        peer.publish(t.topic(), std::to_string(i));
    }
    const std::vector<Arrival> arrivals = device.wake();
    for (std::size_t i = 0; i < arrivals.size(); ++i) {
        t.check(arrivals[i].data == std::to_string(i), std::to_string(i), arrivals[i].data);
    }
    t.check(arrivals.size() == kMessages, "15 messages", std::to_string(arrivals.size()));
}

void overflow(Case& t) {
    t.need(t.options().sleep_limit.has_value(), "--sleep-limit was not given");
    const unsigned limit = *t.options().sleep_limit;
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic(), 0);
    device.sleep(60);
    constexpr unsigned kMore = 5;
    for (unsigned i = 0; i < limit + kMore; ++i) {
        peer.publish(t.topic(), std::to_string(i), 0);
    }
    t.pause(Case::kSilence);
    const std::vector<Arrival> arrivals = device.wake();
    t.check(arrivals.size() == limit && arrivals.front().data == std::to_string(kMore) &&
                arrivals.back().data == std::to_string(limit + kMore - 1),
            "the last " + std::to_string(limit) + " messages",
            std::to_string(arrivals.size()) + (arrivals.empty() ? "" : " from " + arrivals.front().data));
}

void overflow_spares_qos_1(Case& t) {
    t.need(t.options().sleep_limit.has_value(), "--sleep-limit was not given");
    const unsigned limit = *t.options().sleep_limit;
    Peer& peer = t.peer();
    Device& device = t.connected_kept();
    device.subscribe(t.topic(), 1);
    device.sleep(60);
    peer.publish(t.topic(), "important", 1);
    for (unsigned i = 0; i < limit + 5; ++i) {
        peer.publish(t.topic(), "reading", 0);
    }
    t.pause(Case::kSilence);
    std::size_t important = 0;
    for (const Arrival& arrival : device.wake()) {
        important += arrival.data == "important" ? 1 : 0;
    }
    t.check(important == 1, "the QoS 1 message although the buffer was full", std::to_string(important));
}

}  // namespace

CaseTable sleep_cases() {
    return {
        {"SN12-104.all_qos_are_buffered_until_pingreq", "SN12-103 SN12-105 SN12-46 D19",
         buffered_until_pingreq, true},
        {"SN12-105.pingresp_comes_last", "SN12-47 SN12-89 D15 TRAP-39 TRAP-44 TRAP-45", pingresp_comes_last},
        {"SN12-105.pingresp_waits_for_acknowledgements", "SN12-47 D15 D31 TRAP-29 TRAP-39",
         pingresp_waits_for_puback},
        {"SN12-105.many_cycles", "SN12-101 SN12-104", many_cycles},
        {"SN12-106.nothing_buffered_pingresp_at_once", "SN12-47 TRAP-45", nothing_buffered},
        {"D15.register_inside_the_awake_cycle", "SN12-89 SN12-87 SN12-105 TRAP-25 TRAP-40 TRAP-44",
         first_message_of_a_wildcard},
        {"D21.ids_survive_sleep", "SN12-105", ids_survive_sleep},
        {"D16.messages_that_come_while_awake", "SN12-105", messages_while_awake},
        {"D18.pingreq_again_while_awake", "SN12-107 D29", pingreq_again_while_awake},
        {"SN12-107.pingresp_was_lost", "SN12-106 D18", pingresp_lost},
        {"D17.a_device_that_falls_silent_while_awake", "SN12-100 SN12-105 D33", silent_while_awake, true},
        {"SN12-104.no_repetitions_while_asleep", "SN12-103 D33", no_retries_while_asleep, true},
        {"SN12-104.order_in_the_buffer", "D19", order_in_the_buffer},
        {"D19.the_oldest_goes_when_the_buffer_is_full", "SN12-104 FAULT-33", overflow},
        {"D19.qos_0_goes_before_qos_1", "SN12-104 FAULT-33", overflow_spares_qos_1},
    };
}

}  // namespace conformance
