// SPDX-License-Identifier: BSD-3-Clause
//
// Messages from the broker to an active device (section 5.7; D31, D39, D40, D41, D52).
#include <algorithm>
#include <set>

#include "conformance/mqtt_peer.hpp"
#include "conformance/sn_device.hpp"

namespace conformance {
namespace {

void qos_1_flow(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    const std::uint16_t id = device.subscribe(t.topic(), 1);
    peer.publish(t.topic(), "one");
    const sn::Message publish = device.expect_type(sn::PUBLISH);
    t.check(publish.octets == sn::publish(sn::kQos1, id, publish.msg_id, "one"), "PUBLISH Q1 without DUP",
            sn::describe(publish.octets));
    device.send(sn::puback(id, publish.msg_id, sn::kAccepted));
    device.expect_alive();
}

void qos_2_flow(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    const std::uint16_t id = device.subscribe(t.topic(), 2);
    peer.publish(t.topic(), "two", 2);
    const sn::Message publish = device.expect_type(sn::PUBLISH);
    t.check(publish.octets == sn::publish(sn::kQos2, id, publish.msg_id, "two"), "PUBLISH Q2 without DUP",
            sn::describe(publish.octets));
    device.send(sn::pubrec(publish.msg_id));
    device.expect(sn::pubrel(publish.msg_id));
    device.send(sn::pubcomp(publish.msg_id));
    device.expect_alive();
}

void qos_0_flow(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    const std::uint16_t id = device.subscribe(t.topic(), 0);
    peer.publish(t.topic(), "zero", 0);
    device.expect(sn::publish(0, id, 0, "zero"));
    device.expect_alive();
}

void lower_of_two_qos(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic(), 1);
    for (const int qos : {0, 1, 2}) {
        peer.publish(t.topic(), "x", qos);
        const Arrival arrival = device.expect_arrival();
        t.check(arrival.qos == std::min(qos, 1), "QoS " + std::to_string(std::min(qos, 1)),
                sn::describe(arrival.publish.octets));
    }
}

void any_data(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic(), 2);
    std::string every_octet;
    for (int octet = 0; octet < 256; ++octet) {
        every_octet.push_back(static_cast<char>(octet));
    }
    for (const std::string& data : {std::string(), every_octet, std::string(1400, 'd')}) {
        for (const int qos : {0, 1, 2}) {
            peer.publish(t.topic(), data, qos);
            device.expect_arrival(t.topic(), data);
        }
    }
}

void one_at_a_time(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic(), 2);
    peer.publish(t.topic(), "first");
    peer.publish(t.topic(), "second", 2);
    peer.publish(t.topic(), "third");
    std::set<std::string> seen;  // QoS 1 and QoS 2 may overtake each other on the way
    for (int i = 0; i < 3; ++i) {
        const sn::Message publish = device.expect_type(sn::PUBLISH);
        device.expect_silence(
            std::min(t.retry() / 4, Case::kSilence));  // nothing while it is not acknowledged
        device.acknowledge(publish);
        seen.insert(publish.text);
    }
    t.check(seen.size() == 3, "three messages", std::to_string(seen.size()));
    device.expect_alive();
}

void register_before_publish(Case& t, int qos) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic("+"), qos);
    peer.publish(t.topic("a"), "a", qos);
    const sn::Message reg = device.expect_type(sn::REGISTER);
    device.expect_silence(std::min(t.retry() / 3, Case::kSilence));  // no PUBLISH before REGACK
    device.accept(reg);
    const Arrival arrival = device.expect_arrival();
    t.check(arrival.publish.topic_id == reg.topic_id && arrival.data == "a" && arrival.qos == qos,
            "the message with the registered id", sn::describe(arrival.publish.octets));
    device.expect_alive();
}

void qos_0_waits_for_regack(Case& t) {
    register_before_publish(t, 0);
}
void qos_1_waits_for_regack(Case& t) {
    register_before_publish(t, 1);
}
void qos_2_waits_for_regack(Case& t) {
    register_before_publish(t, 2);
}

void order_is_kept(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic("#"), 2);
    for (int i = 0; i < 24; ++i) {
        peer.publish(t.topic(std::to_string(i % 3)), std::to_string(i), 1 + i % 2);
    }
    // Two QoS may overtake each other at the broker; within one QoS the order holds.
    int last_of[3] = {-1, -1, -1};
    for (int i = 0; i < 24; ++i) {
        const Arrival arrival = device.expect_arrival();
        const int number = std::stoi(arrival.data);
        t.check(number > last_of[arrival.qos], "messages of one QoS in their order",
                arrival.data + " after " + std::to_string(last_of[arrival.qos]));
        last_of[arrival.qos] = number;
    }
    device.expect_alive();
}

void registered_again_after_reconnect(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected_kept();
    const std::uint16_t id = device.subscribe(t.topic());
    device.disconnect();
    device.connect(0);
    peer.publish(t.topic(), "after");
    const sn::Message reg = device.expect_type(sn::REGISTER);
    t.check(reg.text == t.topic() && reg.topic_id == id, "REGISTER of the old id before its first use",
            sn::describe(reg.octets));
    device.accept(reg);
    device.expect_arrival(t.topic(), "after");
    peer.publish(t.topic(), "again");
    device.expect_type(sn::PUBLISH);
}

void rejected_register_unsubscribes(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected_kept();
    device.subscribe(t.topic());
    device.disconnect();
    device.connect(0);
    peer.publish(t.topic(), "unwanted");
    const sn::Message reg = device.expect_type(sn::REGISTER);
    device.send(sn::regack(reg.topic_id, reg.msg_id, sn::kNotSupported));
    device.expect_silence();
    device.expect_alive();
    peer.publish(t.topic(), "unwanted, too");
    device.expect_silence();
    device.expect_alive();
    device.subscribe(t.topic());  // until it wants them again
    peer.publish(t.topic(), "wanted");
    device.expect_arrival(t.topic(), "wanted");
}

void rejected_register_under_a_wildcard(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic("+"));
    peer.publish(t.topic("unwanted"), "1");
    const sn::Message reg = device.expect_type(sn::REGISTER);
    device.send(sn::regack(reg.topic_id, reg.msg_id, sn::kNotSupported));
    device.expect_silence();
    peer.publish(t.topic("unwanted"), "2");
    peer.publish(t.topic("wanted"), "3");
    device.expect_arrival(t.topic("wanted"), "3");
    device.expect_alive();
    device.subscribe(t.topic("+"));  // a new SUBSCRIBE makes the name heard again
    peer.publish(t.topic("unwanted"), "4");
    device.expect_arrival(t.topic("unwanted"), "4");
}

void unknown_id_is_registered_again(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic());
    for (const int qos : {1, 0}) {
        peer.publish(t.topic(), "again", qos);
        const sn::Message publish = device.expect_type(sn::PUBLISH);
        device.refuse(publish, sn::kInvalidTopicId);
        if (qos == 0) {
            break;  // nobody promises a QoS 0 message a second time
        }
        const sn::Message reg = device.expect_type(sn::REGISTER);
        t.check(reg.text == t.topic(), "REGISTER of the name", sn::describe(reg.octets));
        device.accept(reg);
        device.expect_arrival(t.topic(), "again");
    }
    device.expect_silence(std::min(t.retry() / 3, Case::kSilence));
    peer.publish(t.topic(), "next");
    device.expect_arrival(t.topic(), "next");
}

void not_supported_drops(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic(), 2);
    for (const int qos : {1, 2}) {
        peer.publish(t.topic(), "unwanted", qos);
        const sn::Message publish = device.expect_type(sn::PUBLISH);
        device.refuse(publish, sn::kNotSupported);
        peer.publish(t.topic(), "next", qos);
        device.expect_arrival(t.topic(), "next");
    }
    device.expect_alive();
}

void unknown_predefined_drops(Case& t) {
    t.need(!t.options().predefined.empty(), "--predefined was not given");
    Peer& peer = t.peer();
    Device& device = t.connected();
    const Predefined& topic = t.options().predefined.back();
    const std::string name = t.predefined_name(topic, device.client_id());
    t.need(name != topic.topic, "the last --predefined is not one with {client_id}");
    device.subscribe_id(topic.id, sn::kPredefined);
    peer.publish(name, "unknown to the device");
    const sn::Message publish = device.expect_type(sn::PUBLISH);
    device.refuse(publish, sn::kInvalidTopicId);
    peer.publish(name, "next");
    device.expect_arrival("predefined " + std::to_string(topic.id), "next");
    device.expect_alive();
}

void too_large_is_dropped(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic(), 2);
    const std::string huge(66000, 'h');  // more than any UDP datagram
    for (const int qos : {0, 1, 2}) {
        peer.publish(t.topic(), huge, qos);
        peer.publish(t.topic(), "fits", qos);
        device.expect_arrival(t.topic(), "fits");
    }
    device.expect_alive();
}

void too_long_a_name_is_dropped(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic("#"), 1);
    peer.publish(t.topic(std::string(65000, 'n') + std::string(480, 'n')), "does not fit a REGISTER");
    peer.publish(t.topic("short"), "fits");
    device.expect_arrival(t.topic("short"), "fits");
    device.expect_alive();
}

void name_of_two_octets(Case& t) {
    const std::string name = t.short_name();
    Peer& peer = t.peer();
    Device& device = t.connected();
    const std::uint16_t id = device.subscribe(name);  // by name, so it hears the name's id
    t.check(id != 0, "a TopicId in SUBACK", "0000");
    peer.publish(name, t.topic());
    const sn::Message publish = device.expect_type(sn::PUBLISH);
    t.check(publish.topic_type() == sn::kNormal && publish.topic_id == id, "PUBLISH with the normal id",
            sn::describe(publish.octets));
    device.acknowledge(publish);
}

void wrong_acknowledgements(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic());
    peer.publish(t.topic(), "first");
    peer.publish(t.topic(), "second");
    const sn::Message publish = device.expect_type(sn::PUBLISH);
    const auto other = static_cast<std::uint16_t>(publish.msg_id ^ 0x5555);
    device.send(sn::puback(publish.topic_id, other, sn::kAccepted));
    device.send(sn::regack(publish.topic_id, publish.msg_id, sn::kAccepted));
    device.send(sn::pubcomp(publish.msg_id));
    device.expect_silence(std::min(t.retry() / 3, Case::kSilence));
    device.acknowledge(publish);
    device.expect_arrival(t.topic(), "second");
}

void puback_with_topic_id_0(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(t.topic());
    peer.publish(t.topic(), "first");
    const sn::Message publish = device.expect_type(sn::PUBLISH);
    device.send(sn::puback(0, publish.msg_id, sn::kAccepted));  // deployed devices do this
    peer.publish(t.topic(), "second");
    device.expect_arrival(t.topic(), "second");
}

}  // namespace

CaseTable downlink_cases() {
    return {
        {"SN12-75.qos_0_to_the_device", "SN12-23 SN12-39", qos_0_flow},
        {"SN12-75.qos_1_to_the_device", "SN12-39 SN12-40 D28 D29", qos_1_flow},
        {"SN12-75.qos_2_to_the_device", "SN12-39 SN12-41 D28", qos_2_flow},
        {"SN12-75.the_lower_of_two_qos", "SN12-15", lower_of_two_qos},
        {"SN12-26.data_of_any_kind_to_the_device", "SN12-39 TRAP-01", any_data},
        {"D31.one_message_at_a_time", "SN12-75", one_at_a_time},
        {"SN12-89.qos_0_waits_for_regack", "SN12-38 SN12-74 SN12-87 TRAP-25 TRAP-40", qos_0_waits_for_regack},
        {"SN12-89.qos_1_waits_for_regack", "SN12-38 SN12-74 SN12-87 TRAP-40", qos_1_waits_for_regack},
        {"SN12-89.qos_2_waits_for_regack", "SN12-38 SN12-74 SN12-87 TRAP-40", qos_2_waits_for_regack},
        {"SN12-75.order_is_kept_to_the_device", "D31", order_is_kept},
        {"SN12-74.an_id_is_registered_again_after_a_reconnect", "SN12-89 D21 TRAP-51",
         registered_again_after_reconnect},
        {"SN12-90.a_rejected_register_unsubscribes", "SN12-38 D40 TRAP-52", rejected_register_unsubscribes},
        {"SN12-90.a_rejected_register_under_a_wildcard", "SN12-87 D40 TRAP-10 TRAP-52",
         rejected_register_under_a_wildcard},
        {"SN12-91.an_unknown_id_is_registered_again", "SN12-76 D41", unknown_id_is_registered_again},
        {"D41.not_supported_drops_the_message", "SN12-40", not_supported_drops},
        {"D41.an_unknown_predefined_id_drops_the_message", "SN12-91", unknown_predefined_drops},
        {"SN12-92.too_large_data_is_dropped_silently", "SN12-10", too_large_is_dropped},
        {"SN12-92.a_name_that_fits_no_register_is_dropped", "SN12-37", too_long_a_name_is_dropped},
        {"D52.a_name_of_two_octets_has_a_normal_id", "SN12-81 SN12-86 TRAP-14", name_of_two_octets},
        {"D12.wrong_acknowledgements_are_ignored", "SN12-23 FAULT-42 FAULT-57", wrong_acknowledgements},
        {"SN12-40.puback_with_topic_id_0_is_accepted", "SN12-23 TRAP-17", puback_with_topic_id_0},
    };
}

}  // namespace conformance
