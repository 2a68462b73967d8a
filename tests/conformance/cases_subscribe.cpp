// SPDX-License-Identifier: BSD-3-Clause
//
// SUBSCRIBE and UNSUBSCRIBE (section 5.6; D28, D30, D36, D37, D38, D51).
#include "conformance/mqtt_peer.hpp"
#include "conformance/sn_device.hpp"

namespace conformance {
namespace {

void every_qos_is_granted(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    for (const int qos : {0, 1, 2}) {
        const std::string topic = t.topic(std::to_string(qos));
        device.subscribe(topic, qos);
        peer.publish(topic, "down", 2);
        const Arrival arrival = device.expect_arrival();
        t.check(arrival.name == topic && arrival.qos == qos, "QoS " + std::to_string(qos) + " on " + topic,
                sn::describe(arrival.publish.octets));
    }
}

void suback_has_the_id_of_the_messages(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    const std::uint16_t id = device.subscribe(t.topic());
    t.check(id != 0 && id != 0xFFFF, "a usable TopicId in SUBACK", std::to_string(id));
    peer.publish(t.topic(), "by that id");
    const sn::Message publish = device.expect_type(sn::PUBLISH);
    t.check(publish.topic_id == id && publish.topic_type() == sn::kNormal, "PUBLISH with the id of SUBACK",
            sn::describe(publish.octets));
    device.acknowledge(publish);
    Peer& up = t.subscriber(t.topic());
    device.publish(id, "up by that id", 0);
    up.expect(t.topic(), "up by that id");
}

void wildcard(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    for (const char* filter : {"a/#", "b/+/c"}) {
        t.check(device.subscribe(t.topic(filter)) == 0, "TopicId 0000 in SUBACK for a wildcard", "another");
    }
    peer.publish(t.topic("a/x"), "first");
    const sn::Message reg = device.expect_type(sn::REGISTER);
    t.check(reg.text == t.topic("a/x"), "REGISTER of the matching name", sn::describe(reg.octets));
    device.accept(reg);
    device.expect_arrival(t.topic("a/x"), "first");
    peer.publish(t.topic("a/x"), "second");
    const sn::Message publish = device.expect_type(sn::PUBLISH);  // without a second REGISTER
    t.check(publish.topic_id == reg.topic_id, "the registered id", sn::describe(publish.octets));
    device.acknowledge(publish);
    peer.publish(t.topic("b/y/c"), "third");
    device.expect_arrival(t.topic("b/y/c"), "third");
}

void unsubscribe_ends_messages(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    for (const char* filter : {"plain", "wild/#"}) {
        device.subscribe(t.topic(filter));
        device.unsubscribe(t.topic(filter));
    }
    peer.publish(t.topic("plain"), "no");
    peer.publish(t.topic("wild/x"), "no");
    device.expect_alive();
    device.expect_silence();
}

void unsubscribe_is_always_answered(Case& t) {
    Device& device = t.connected();
    device.unsubscribe(t.topic("never subscribed"));
    const std::vector<Octets> odd{
        sn::unsubscribe_id(sn::kPredefined, 101, 0xFFFE),
        sn::unsubscribe_id(sn::kShort, 102, sn::short_id("zz")),
        sn::unsubscribe_id(sn::kReservedTopicType, 103, 1),
        sn::unsubscribe(104, "a/#/b"),
        sn::unsubscribe(105, "\xFF"),
        sn::unsubscribe(0, t.topic()),
    };
    for (const Octets& message : odd) {
        device.send(message);
        device.expect(sn::unsuback(sn::parse(message).msg_id));
    }
    device.expect_alive();
}

void predefined(Case& t) {
    t.need(!t.options().predefined.empty(), "--predefined was not given");
    for (const Predefined& topic : t.options().predefined) {
        Device& device = t.connected();
        const std::string name = t.predefined_name(topic, device.client_id());
        t.check(device.subscribe_id(topic.id, sn::kPredefined) == topic.id, "the pre-defined id in SUBACK",
                "another");
        t.peer().publish(name, t.topic());
        for (;;) {  // others publish on this topic, too
            const Arrival arrival = device.expect_arrival();
            t.check(arrival.publish.topic_type() == sn::kPredefined && arrival.publish.topic_id == topic.id,
                    "PUBLISH with the pre-defined id", sn::describe(arrival.publish.octets));
            if (arrival.data == t.topic()) {
                break;
            }
        }
        const std::uint16_t msg_id = device.next_msg_id();
        device.send(sn::unsubscribe_id(sn::kPredefined, msg_id, topic.id));
        for (;;) {
            const std::optional<sn::Message> message = device.receive(t.answer());
            t.check(message.has_value() && (message->type == sn::UNSUBACK || message->type == sn::PUBLISH),
                    "UNSUBACK", message ? sn::describe(message->octets) : "nothing");
            if (message->type == sn::UNSUBACK) {
                break;
            }
            device.acknowledge(*message);
        }
    }
}

void unknown_predefined(Case& t) {
    Device& device = t.connected();
    const std::uint16_t msg_id = device.next_msg_id();
    device.send(sn::subscribe_id(sn::kQos1 | sn::kPredefined, msg_id, 0xFFFE));
    const sn::Message suback = device.expect_type(sn::SUBACK);
    t.check(suback.code == sn::kInvalidTopicId && suback.topic_id == 0 && suback.msg_id == msg_id,
            "SUBACK 02 with TopicId 0000", sn::describe(suback.octets));
    device.expect_alive();
}

void short_name(Case& t) {
    const std::string name = t.short_name();
    Peer& peer = t.peer();
    Device& device = t.connected();
    t.check(device.subscribe_id(sn::short_id(name), sn::kShort, 2) == 0, "TopicId 0000 in SUBACK (D36)",
            "another");
    peer.publish(name, t.topic(), 2);
    const Arrival arrival = device.expect_arrival();
    t.check(arrival.publish.topic_type() == sn::kShort && arrival.publish.topic_id == sn::short_id(name) &&
                arrival.data == t.topic(),
            "PUBLISH with the short name", sn::describe(arrival.publish.octets));
    const std::uint16_t msg_id = device.next_msg_id();
    device.send(sn::unsubscribe_id(sn::kShort, msg_id, sn::short_id(name)));
    device.expect(sn::unsuback(msg_id));
    peer.publish(name, t.topic("no"), 2);
    device.expect_alive();
    device.expect_silence();
}

void not_subscribed_not_sent(Case& t) {
    t.need(t.common_predefined() != nullptr, "no --predefined without {client_id} was given");
    Device& device = t.connected();
    Peer& peer = t.peer();
    device.publish(t.common_predefined()->id, t.topic(), 1, sn::kPredefined);  // known, but not subscribed
    peer.publish(t.common_predefined()->topic, t.topic());
    device.register_topic(t.topic());
    peer.publish(t.topic(), "registered only");
    device.expect_alive();
    device.expect_silence();
}

void refused(Case& t, const Octets& subscribe) {
    Device& device = t.connected();
    device.send(subscribe);
    device.expect(sn::suback(0, 0, sn::parse(subscribe).msg_id, sn::kNotSupported));
    device.expect_alive();
}

void reserved_topic_type(Case& t) {
    refused(t, sn::subscribe_id(sn::kReservedTopicType, 7, 1));
}

void reserved_qos(Case& t) {
    refused(t, sn::subscribe(sn::kQosMinus1, 7, t.topic()));
}

void bad_filters(Case& t) {
    for (const std::string& filter : {std::string(), std::string("a/#/b"), std::string("a+"),
                                      std::string("#a"), std::string("a\xFF"), std::string("a\0b", 3)}) {
        refused(t, sn::subscribe(sn::kQos1, 9, filter));
    }
    refused(t, sn::subscribe_id(sn::kShort | sn::kQos1, 9, sn::short_id("a#")));
}

void repeated_subscribe(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    const std::uint16_t msg_id = device.next_msg_id();
    const Octets subscribe = sn::subscribe(sn::kQos1, msg_id, t.topic());
    device.send(subscribe);
    const sn::Message first = device.expect_type(sn::SUBACK);
    device.send(sn::dup(subscribe));  // SUBACK was lost
    device.expect(first.octets);
    peer.publish(t.topic(), "once");
    const sn::Message publish = device.expect_type(sn::PUBLISH);
    device.acknowledge(publish);
    device.expect_alive();
}

void repeated_unsubscribe(Case& t) {
    Device& device = t.connected();
    device.subscribe(t.topic());
    const std::uint16_t msg_id = device.next_msg_id();
    for (int i = 0; i < 2; ++i) {
        device.send(sn::unsubscribe(msg_id, t.topic()));
        device.expect(sn::unsuback(msg_id));
    }
}

void msg_id_0(Case& t) {
    Device& device = t.connected();
    for (const char* filter : {"plain", "wild/#"}) {
        device.send(sn::subscribe(sn::kQos1, 0, t.topic(filter)));
        const sn::Message suback = device.expect_type(sn::SUBACK);
        t.check(suback.code == sn::kAccepted && suback.msg_id == 0, "SUBACK accepted, msg=0",
                sn::describe(suback.octets));
    }
}

void new_qos_for_a_filter(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    const std::uint16_t id = device.subscribe(t.topic(), 0);
    t.check(device.subscribe(t.topic(), 1) == id, "the same TopicId for the same filter", "another");
    peer.publish(t.topic(), "now with QoS 1");
    const sn::Message publish = device.expect_type(sn::PUBLISH);
    t.check(publish.qos() == 1, "PUBLISH with QoS 1", sn::describe(publish.octets));
    device.acknowledge(publish);
    device.expect_alive();  // and only once
}

void retained_after_suback(Case& t) {
    t.forget_retained(t.topic("a"));
    t.forget_retained(t.topic("b"));
    Peer& peer = t.peer();
    peer.publish(t.topic("a"), "retained a", 1, true);
    peer.publish(t.topic("b"), "retained b", 1, true);
    Device& device = t.connected();
    device.subscribe(t.topic("a"));  // SUBACK is the first thing it hears
    Arrival arrival = device.expect_arrival();
    t.check(arrival.data == "retained a" && arrival.retain, "the retained message with Retain",
            sn::describe(arrival.publish.octets));
    t.check(device.subscribe(t.topic("+")) == 0, "TopicId 0000", "another");
    std::vector<std::string> seen;
    for (int i = 0; i < 2; ++i) {
        arrival = device.expect_arrival();
        t.check(arrival.retain, "Retain", sn::describe(arrival.publish.octets));
        seen.push_back(arrival.data);
    }
    t.check(seen[0] != seen[1], "both retained messages", seen[0] + " and " + seen[1]);
    peer.publish(t.topic("b"), "live", 1, true);
    arrival = device.expect_arrival();
    t.check(arrival.data == "live" && !arrival.retain, "a live message without Retain",
            sn::describe(arrival.publish.octets));
}

void two_devices_one_topic(Case& t) {
    Peer& peer = t.peer();
    Device& one = t.connected();
    Device& other = t.connected();
    one.subscribe(t.topic(), 1);
    other.subscribe(t.topic(), 0);
    peer.publish(t.topic(), "for both");
    one.expect_arrival(t.topic(), "for both");
    other.expect_arrival(t.topic(), "for both");
    one.unsubscribe(t.topic());
    peer.publish(t.topic(), "for the other");
    other.expect_arrival(t.topic(), "for the other");
    one.expect_alive();
}

void shared_subscription(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    const std::uint16_t msg_id = device.next_msg_id();
    device.send(sn::subscribe(sn::kQos1, msg_id, "$share/group/" + t.topic()));
    const sn::Message suback = device.expect_type(sn::SUBACK);
    t.need(suback.code == sn::kAccepted, "gateway or broker refuses $share filters");
    t.check(suback.topic_id == 0, "TopicId 0000 in SUBACK for $share", sn::describe(suback.octets));
    peer.publish(t.topic(), "shared");
    device.expect_arrival(t.topic(), "shared");
}

void long_filter(Case& t) {
    const std::string name = t.topic(std::string(600, 'f'));
    Peer& peer = t.peer();
    Device& device = t.connected();
    device.subscribe(name);
    peer.publish(name, "long");
    device.expect_arrival(name, "long");
    device.unsubscribe(name);
}

}  // namespace

CaseTable subscribe_cases() {
    return {
        {"SN12-83.every_qos_is_granted", "SN12-42 SN12-43 SN12-15 SN12-75", every_qos_is_granted},
        {"SN12-86.suback_has_the_id_of_the_messages", "SN12-43 SN12-70 SN12-89",
         suback_has_the_id_of_the_messages},
        {"SN12-87.a_wildcard_gets_topic_id_0000_and_registers", "SN12-37 SN12-74 SN12-89", wildcard},
        {"SN12-88.unsubscribe_ends_the_messages", "SN12-44 SN12-45", unsubscribe_ends_messages},
        {"SN12-88.unsubscribe_is_always_answered", "SN12-45 D37", unsubscribe_is_always_answered},
        {"SN12-80.predefined_topics_are_subscribed_by_id", "SN12-42 SN12-44 D36 D52", predefined},
        {"SN12-83.an_unknown_predefined_id_is_refused", "SN12-79 D36", unknown_predefined},
        {"SN12-81.short_names_are_subscribed_by_name", "SN12-42 SN12-44 SN12-86 D36 D52", short_name},
        {"SN12-80.nothing_comes_without_a_subscription", "SN12-78", not_subscribed_not_sent},
        {"D37.subscribe_with_the_reserved_topic_id_type", "SN12-83 SN12-19 D36", reserved_topic_type},
        {"D37.subscribe_with_qos_minus_1", "SN12-83 SN12-15 D36", reserved_qos},
        {"SN12-83.bad_filters_are_refused", "SN12-26 D36 FAULT-51", bad_filters},
        {"D30.a_repeated_subscribe_gets_the_same_suback", "SN12-14 SN12-99", repeated_subscribe},
        {"D30.a_repeated_unsubscribe_gets_unsuback_again", "SN12-99", repeated_unsubscribe},
        {"D28.subscribe_with_msg_id_0", "SN12-43 TRAP-13 TRAP-42", msg_id_0},
        {"SN12-83.a_new_qos_for_a_filter", "", new_qos_for_a_filter},
        {"D38.suback_before_retained_messages", "D39 SN12-16 SN12-83 TRAP-35 TRAP-36", retained_after_suback},
        {"SN12-119.two_devices_on_one_topic", "SN12-03 SN12-88", two_devices_one_topic},
        {"D51.a_shared_subscription_gets_topic_id_0000", "SN12-86", shared_subscription},
        {"SN12-26.a_long_filter", "SN12-09 SN12-42", long_filter},
    };
}

}  // namespace conformance
