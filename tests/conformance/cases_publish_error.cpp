// SPDX-License-Identifier: BSD-3-Clause
//
// PUBLISH that a gateway must refuse, and repetitions that it must tell from new messages (SN12-76, SN12-77,
// SN12-79; D26, D27, D30, D32, D37).
#include "conformance/mqtt_peer.hpp"
#include "conformance/sn_device.hpp"

namespace conformance {
namespace {

/// PUBLISH with each QoS must be refused with `code`, ids echoed.
void expect_refused(Device& device, std::uint16_t topic_id, std::uint8_t type, std::uint8_t code) {
    for (const int qos : {0, 1, 2}) {
        const std::uint16_t msg_id = qos == 0 ? std::uint16_t{0} : device.next_msg_id();
        device.send(sn::publish(static_cast<std::uint8_t>(sn::qos_flag(qos) | type), topic_id, msg_id, "no"));
        device.expect(sn::puback(topic_id, msg_id, code));
    }
    device.expect_alive();
}

void unknown_topic_id(Case& t) {
    expect_refused(t.connected(), 0x7ABC, sn::kNormal, sn::kInvalidTopicId);
}

void reserved_topic_ids(Case& t) {
    Device& device = t.connected();
    device.register_topic(t.topic());
    expect_refused(device, 0x0000, sn::kNormal, sn::kInvalidTopicId);
    expect_refused(device, 0xFFFF, sn::kNormal, sn::kInvalidTopicId);
}

void unknown_predefined(Case& t) {
    expect_refused(t.connected(), 0xFFFE, sn::kPredefined, sn::kInvalidTopicId);
}

void reserved_topic_type(Case& t) {
    expect_refused(t.connected(), 1, sn::kReservedTopicType, sn::kNotSupported);
}

void short_names_with_wildcards(Case& t) {
    Device& device = t.connected();
    for (const char* name : {"#+", "a#", "+b"}) {
        expect_refused(device, sn::short_id(name), sn::kShort, sn::kNotSupported);
    }
}

void bad_short_names(Case& t) {
    Device& device = t.connected();
    for (const std::string& name : {std::string(2, '\0'), std::string("\xFF\xFE"), std::string("a\0", 2)}) {
        expect_refused(device, sn::short_id(name), sn::kShort, sn::kNotSupported);
    }
}

void refusal_leaves_the_session(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    expect_refused(device, static_cast<std::uint16_t>(id + 1000), sn::kNormal, sn::kInvalidTopicId);
    for (const int qos : {0, 1, 2}) {
        device.publish(id, "good", qos);
        peer.expect(t.topic(), "good");
    }
    peer.expect_no_more();
}

void qos_1_again_after_puback(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    const std::uint16_t msg_id = device.next_msg_id();
    const Octets message = sn::publish(sn::kQos1, id, msg_id, "once");
    device.send(message);
    device.expect(sn::puback(id, msg_id, sn::kAccepted));
    device.send(sn::dup(message));
    device.expect(sn::puback(id, msg_id, sn::kAccepted));
    peer.expect(t.topic(), "once");
    peer.expect_no_more();
}

void same_msg_id_other_content(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    for (const char* data : {"first", "second", "third"}) {  // devices with one constant MsgId exist
        device.send(sn::publish(sn::kQos1, id, 1, data));
        device.expect(sn::puback(id, 1, sn::kAccepted));
        peer.expect(t.topic(), data);
    }
    for (const char* data : {"fourth", "fifth"}) {
        device.send(sn::publish(sn::kQos2, id, 1, data));
        device.expect(sn::pubrec(1));
        device.send(sn::pubrel(1));
        device.expect(sn::pubcomp(1));
        peer.expect(t.topic(), data);
    }
}

void same_data_new_msg_id(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    for (const int qos : {0, 0, 1, 1, 2, 2}) {  // equal readings are not repetitions
        device.publish(id, "21.5", qos);
        peer.expect(t.topic(), "21.5");
    }
    peer.expect_no_more();
}

void two_at_a_time(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    const std::uint16_t first = device.next_msg_id();
    const std::uint16_t second = device.next_msg_id();
    device.send(sn::publish(sn::kQos2, id, first, "first"));
    device.expect(sn::pubrec(first));
    device.send(sn::publish(sn::kQos1, id, second, "second"));
    device.expect(sn::puback(id, second, sn::kAccepted));
    device.send(sn::pubrel(first));
    device.expect(sn::pubcomp(first));
    // QoS 2 is passed on at the latest with PUBREL: the two may arrive in any order.
    const std::optional<mqtt::Packet> one = peer.receive(t.answer());
    const std::optional<mqtt::Packet> other = peer.receive(t.answer());
    t.check(one && other && one->payload != other->payload, "both messages at the broker", "not both");
    peer.expect_no_more();
}

void beyond_the_window(Case& t) {
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    std::vector<std::uint16_t> open;
    for (unsigned i = 0; i < t.options().window; ++i) {
        open.push_back(device.next_msg_id());
        device.send(sn::publish(sn::kQos2, id, open.back(), std::to_string(i)));
        device.expect(sn::pubrec(open.back()));
    }
    const std::uint16_t msg_id = device.next_msg_id();
    device.send(sn::publish(sn::kQos2, id, msg_id, "one too many"));
    device.expect(sn::puback(id, msg_id, sn::kCongestion));
    device.send(sn::publish(0, id, 0, "QoS 0 is not counted"));
    for (const std::uint16_t one : open) {
        device.send(sn::pubrel(one));
        device.expect(sn::pubcomp(one));
    }
    device.publish(id, "room again", 2);
}

void pubrel_of_an_unknown_message(Case& t) {
    Device& device = t.connected();
    device.send(sn::pubrel(0x0777));
    device.expect(sn::pubcomp(0x0777));
    device.expect_alive();
}

void pubrel_again(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    const std::uint16_t msg_id = device.next_msg_id();
    device.send(sn::publish(sn::kQos2, id, msg_id, "once"));
    device.expect(sn::pubrec(msg_id));
    for (int i = 0; i < 3; ++i) {  // PUBCOMP was lost
        device.send(sn::pubrel(msg_id));
        device.expect(sn::pubcomp(msg_id));
    }
    peer.expect(t.topic(), "once");
    peer.expect_no_more();
}

}  // namespace

CaseTable publish_error_cases() {
    return {
        {"SN12-76.an_unknown_topic_id_is_refused", "SN12-40 D26 D27 FAULT-41 TRAP-18", unknown_topic_id},
        {"SN12-25.reserved_topic_ids_are_refused", "SN12-76 D26 D27 FAULT-41", reserved_topic_ids},
        {"SN12-79.an_unknown_predefined_id_is_refused", "SN12-76 D26 D27", unknown_predefined},
        {"D37.the_reserved_topic_id_type_is_refused", "SN12-19 SN12-76 FAULT-47", reserved_topic_type},
        {"SN12-81.short_names_with_wildcards_are_refused", "SN12-76 FAULT-51", short_names_with_wildcards},
        {"SN12-81.bad_short_names_are_refused", "SN12-26", bad_short_names},
        {"SN12-76.a_refusal_leaves_the_session_alone", "SN12-70 TRAP-27", refusal_leaves_the_session},
        {"D30.qos_1_repeated_after_puback", "SN12-14 FAULT-56", qos_1_again_after_puback},
        {"D30.a_constant_msg_id_is_no_repetition", "D28", same_msg_id_other_content},
        {"D30.equal_data_is_no_repetition", "SN12-75", same_data_new_msg_id},
        {"D32.two_transactions_at_a_time", "SN12-77 TRAP-09", two_at_a_time},
        {"D32.beyond_the_window_congestion", "SN12-76 SN12-77 SN12-28 FAULT-43 TRAP-09", beyond_the_window},
        {"D30.pubrel_of_an_unknown_message_gets_pubcomp", "SN12-41 FAULT-42", pubrel_of_an_unknown_message},
        {"D30.a_second_pubrel_publishes_nothing", "SN12-41", pubrel_again},
    };
}

}  // namespace conformance
