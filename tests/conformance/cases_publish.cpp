// SPDX-License-Identifier: BSD-3-Clause
//
// PUBLISH from the device that goes well: QoS -1 to 2, normal, short and pre-defined topics (section 5.5;
// D28, D30, D47). What is refused has its own file, lost datagrams too.
#include "conformance/mqtt_peer.hpp"
#include "conformance/sn_device.hpp"

namespace conformance {
namespace {

void every_qos(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    for (const int qos : {0, 1, 2}) {
        const std::string data = "qos " + std::to_string(qos);
        device.publish(id, data, qos);
        const mqtt::Packet packet = peer.expect(t.topic(), data);
        t.check(packet.qos == qos, "QoS " + std::to_string(qos) + " at the broker", mqtt::describe(packet));
    }
    peer.expect_no_more();
}

void qos_0_is_not_answered(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    device.publish(id, "a", 0);
    device.publish(id, "b", 0);
    peer.expect(t.topic(), "a");
    peer.expect(t.topic(), "b");
    device.expect_alive();
}

void puback_echoes_ids(Case& t) {
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    for (const std::uint16_t msg_id : {std::uint16_t{1}, std::uint16_t{0x0201}, std::uint16_t{0xFFFF}}) {
        device.send(sn::publish(sn::kQos1, id, msg_id, "echo"));
        device.expect(sn::puback(id, msg_id, sn::kAccepted));
    }
}

void msg_id_0(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    device.send(sn::publish(sn::kQos1, id, 0, "zero"));
    device.expect(sn::puback(id, 0, sn::kAccepted));
    peer.expect(t.topic(), "zero");
}

void qos_0_with_a_msg_id(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    device.send(sn::publish(0, id, 0x1234, "numbered"));
    peer.expect(t.topic(), "numbered");
    device.expect_alive();
}

void data_of_any_kind(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    std::string every_octet;
    for (int octet = 0; octet < 256; ++octet) {
        every_octet.push_back(static_cast<char>(octet));
    }
    for (const std::string& data :
         {std::string(), std::string(1, '\0'), every_octet, std::string(1400, 'x')}) {
        for (const int qos : {0, 1, 2}) {
            device.publish(id, data, qos);
            peer.expect(t.topic(), data);
        }
    }
}

void retained(Case& t) {
    t.forget_retained(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    device.publish(id, "kept", 1, sn::kRetain);
    t.check(t.subscriber(t.topic()).expect(t.topic(), "kept").retain, "a retained message", "not retained");
    device.publish(id, "passing", 1);
    t.subscriber(t.topic()).expect(t.topic(), "kept");
    device.publish(id, "", 1, sn::kRetain);
    t.subscriber(t.topic()).expect_no_more();
}

void order_is_kept(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    for (int i = 0; i < 30; ++i) {
        device.publish(id, std::to_string(i), i % 3);
        peer.expect(t.topic(), std::to_string(i));
    }
}

void predefined(Case& t) {
    t.need(!t.options().predefined.empty(), "--predefined was not given");
    for (const Predefined& topic : t.options().predefined) {
        Device& device = t.connected();
        const std::string name = t.predefined_name(topic, device.client_id());
        Peer& peer = t.subscriber(name);
        for (const int qos : {0, 1, 2}) {
            const std::string data = t.topic(std::to_string(qos));
            device.publish(topic.id, data, qos, sn::kPredefined);
            peer.expect_among(name, data);
        }
    }
}

void short_names(Case& t) {
    const std::string name = t.short_name();
    Peer& peer = t.subscriber(name);
    Device& device = t.connected();
    for (const int qos : {0, 1, 2}) {
        const std::string data = t.topic(std::to_string(qos));
        device.publish(sn::short_id(name), data, qos, sn::kShort);
        peer.expect_among(name, data);
    }
}

void kinds_of_ids_are_apart(Case& t) {
    // One number as a normal id, as a pre-defined id and as a short name are three topics.
    t.need(!t.options().predefined.empty(), "--predefined was not given");
    Device& device = t.connected();
    const Predefined& topic = t.options().predefined.front();
    const std::string name = t.predefined_name(topic, device.client_id());
    Peer& peer = t.subscriber(name);
    const std::uint16_t msg_id = device.next_msg_id();
    device.send(sn::publish(sn::kQos1, topic.id, msg_id, t.topic("as a normal id")));
    device.expect(sn::puback(topic.id, msg_id, sn::kInvalidTopicId));
    device.publish(topic.id, t.topic("as a pre-defined id"), 1, sn::kPredefined);
    peer.expect_among(name, t.topic("as a pre-defined id"));
}

void minus_one_predefined(Case& t) {
    t.need(t.options().qos_minus_one != QosMinusOne::off, "the gateway has QoS -1 off");
    const Predefined* topic = t.common_predefined();
    t.need(topic != nullptr, "no --predefined without {client_id} was given");
    Peer& peer = t.subscriber(topic->topic);
    Device& stranger = t.device();
    const std::string data = t.topic("minus one");
    const mqtt::Packet packet = stranger.publish_minus_one(
        sn::publish(sn::kQosMinus1 | sn::kPredefined, topic->id, 0, data), peer, topic->topic, data);
    t.check(packet.qos == 0, "QoS 0 at the broker", mqtt::describe(packet));
    stranger.send(sn::publish(sn::kQosMinus1 | sn::kPredefined | sn::kRetain, topic->id, 0, data + " r"));
    peer.expect_among(topic->topic, data + " r");
    t.forget_retained(topic->topic);
    stranger.connect();  // CONNACK is the first thing it hears
}

void minus_one_short(Case& t) {
    t.need(t.options().qos_minus_one == QosMinusOne::all, "--qos-minus-one is not all");
    const std::string name = t.short_name();
    Peer& peer = t.subscriber(name);
    Device& stranger = t.device();
    stranger.publish_minus_one(sn::publish(sn::kQosMinus1 | sn::kShort, sn::short_id(name), 0, t.topic()),
                               peer, name, t.topic());
    stranger.send(sn::publish(sn::kQosMinus1 | sn::kShort, sn::short_id(name), 0x4321, t.topic("id")));
    peer.expect_among(name, t.topic("id"));
    stranger.connect();
}

void minus_one_name(Case& t) {
    t.need(t.options().qos_minus_one == QosMinusOne::all, "--qos-minus-one is not all");
    Peer& peer = t.subscriber(t.topic());
    Device& stranger = t.device();
    const auto size = static_cast<std::uint16_t>(t.topic().size());
    stranger.publish_minus_one(sn::publish(sn::kQosMinus1, size, 0, t.topic() + "payload"), peer, t.topic(),
                               "payload");
    stranger.send(sn::publish(sn::kQosMinus1, size, 0, t.topic()));
    peer.expect(t.topic(), "");
    for (const std::uint16_t wrong :
         {std::uint16_t{0}, static_cast<std::uint16_t>(size + 1), std::uint16_t{0xFFFF}}) {
        stranger.send(sn::publish(sn::kQosMinus1, wrong, 0, t.topic()));
    }
    stranger.connect();
    peer.expect_no_more();
}

void minus_one_connected(Case& t) {
    t.need(t.options().qos_minus_one == QosMinusOne::all, "--qos-minus-one is not all");
    const std::string name = t.short_name();
    Peer& peer = t.subscriber(name);
    Device& device = t.connected();
    device.publish_minus_one(sn::publish(sn::kQosMinus1 | sn::kShort, sn::short_id(name), 0, t.topic()), peer,
                             name, t.topic());
    device.expect_alive();
}

void minus_one_is_never_answered(Case& t) {
    Device& stranger = t.device();
    stranger.send(sn::publish(sn::kQosMinus1 | sn::kPredefined, 0xFFFE, 0, "unknown id"));
    stranger.send(sn::publish(sn::kQosMinus1 | sn::kPredefined, 0, 0, "reserved id"));
    stranger.send(sn::publish(sn::kQosMinus1 | sn::kShort, sn::short_id("#+"), 0, "wildcards"));
    stranger.send(sn::publish(sn::kQosMinus1 | sn::kReservedTopicType, 1, 0, "type 3"));
    stranger.expect_silence();
    stranger.connect();
    stranger.send(sn::publish(sn::kQosMinus1 | sn::kPredefined, 0xFFFE, 0, "unknown id"));
    stranger.expect_alive();
}

void first_copy_with_dup(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    std::uint16_t msg_id = device.next_msg_id();
    device.send(sn::publish(sn::kQos1 | sn::kDup, id, msg_id, "first was lost"));
    device.expect(sn::puback(id, msg_id, sn::kAccepted));
    peer.expect(t.topic(), "first was lost");
    msg_id = device.next_msg_id();
    device.send(sn::publish(sn::kQos2 | sn::kDup, id, msg_id, "this one, too"));
    device.expect(sn::pubrec(msg_id));
    device.send(sn::pubrel(msg_id));
    device.expect(sn::pubcomp(msg_id));
    peer.expect(t.topic(), "this one, too");
}

void own_messages_come_back(Case& t) {
    Device& device = t.connected();
    const std::uint16_t id = device.subscribe(t.topic(), 0);
    device.publish(id, "echo", 0);
    device.expect_arrival(t.topic(), "echo");
}

void acknowledged_after_the_broker(Case& t) {
    // What is acknowledged is at the broker: a peer that subscribes after PUBACK finds it retained.
    t.forget_retained(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    for (int i = 0; i < 10; ++i) {
        const std::string data = std::to_string(i);
        device.publish(id, data, 1, sn::kRetain);
        t.subscriber(t.topic()).expect(t.topic(), data);
    }
}

}  // namespace

CaseTable publish_cases() {
    return {
        {"SN12-75.qos_0_1_and_2_to_the_broker", "SN12-15 SN12-39 SN12-40 SN12-41 SN12-70", every_qos},
        {"SN12-39.qos_0_is_not_answered", "SN12-23 SN12-75", qos_0_is_not_answered},
        {"SN12-40.puback_echoes_topic_and_msg_id", "SN12-23 TRAP-53 TRAP-32", puback_echoes_ids},
        {"D28.qos_1_with_msg_id_0", "FAULT-26", msg_id_0},
        {"D28.qos_0_with_a_msg_id", "SN12-23 TRAP-12", qos_0_with_a_msg_id},
        {"SN12-26.data_of_any_kind_and_size", "SN12-39", data_of_any_kind},
        {"SN12-16.retain_reaches_the_broker", "FAULT-52", retained},
        {"SN12-75.order_is_kept", "", order_is_kept},
        {"SN12-75.puback_means_the_broker_has_it", "SN12-02", acknowledged_after_the_broker},
        {"SN12-75.own_messages_come_back", "", own_messages_come_back},
        {"SN12-78.predefined_topics_need_no_register", "SN12-19 SN12-40", predefined},
        {"SN12-81.short_names_need_no_register", "SN12-19 SN12-25 SN12-40", short_names},
        {"SN12-80.kinds_of_topic_ids_are_kept_apart", "SN12-19 SN12-76 TRAP-30", kinds_of_ids_are_apart},
        {"SN12-82.qos_minus_1_on_a_predefined_topic", "SN12-15 SN12-118 SN12-60", minus_one_predefined},
        {"SN12-82.qos_minus_1_on_a_short_name", "SN12-15 SN12-118", minus_one_short},
        {"SN12-82.qos_minus_1_while_connected", "SN12-118", minus_one_connected},
        {"D47.qos_minus_1_with_a_topic_name", "SN12-82 FAULT-36", minus_one_name},
        {"D26.qos_minus_1_is_never_answered", "SN12-39 FAULT-35 FAULT-51", minus_one_is_never_answered},
        {"D30.a_first_copy_with_dup_is_published", "SN12-14", first_copy_with_dup},
    };
}

}  // namespace conformance
