// SPDX-License-Identifier: BSD-3-Clause
//
// The will handshake and what becomes of will data over connections (SN12-61 to SN12-68, D25, D42, D44). A
// device is lost here by falling silent with a keep alive of 1 s.
#include "conformance/mqtt_peer.hpp"
#include "conformance/sn_device.hpp"

namespace conformance {
namespace {

constexpr std::uint16_t kShortKeepAlive = 1;

milliseconds until_lost(Case& t) {
    return t.answer() + milliseconds(6000);
}

void order_of_the_handshake(Case& t) {
    Device& device = t.device();
    device.send(sn::connect(device.client_id(), sn::kClean | sn::kWill, 60));
    device.expect(sn::will_topic_req());
    device.send(sn::will_topic(sn::kQos1, t.topic("will")));
    device.expect(sn::will_msg_req());
    device.send(sn::will_msg("w"));
    device.expect(sn::connack(sn::kAccepted));
    device.expect_alive();
}

void will_is_published(Case& t, int qos, bool retain) {
    Peer& peer = t.subscriber(t.topic("will"));
    Device& device = t.device();
    const auto flags = static_cast<std::uint8_t>(sn::qos_flag(qos) | (retain ? sn::kRetain : 0));
    if (retain) {
        t.forget_retained(t.topic("will"));
    }
    device.connect_with_will(t.topic("will"), "off", flags, sn::kClean, kShortKeepAlive);
    const mqtt::Packet will = peer.expect(t.topic("will"), "off", until_lost(t));
    t.check(will.qos == qos, "the will with QoS " + std::to_string(qos), mqtt::describe(will));
    Peer& later = t.subscriber(t.topic("will"));
    if (retain) {
        t.check(later.expect(t.topic("will"), "off").retain, "a retained will", "not retained");
    } else {
        later.expect_no_more();
    }
    device.expect_unknown();
}

void will_qos_0(Case& t) {
    will_is_published(t, 0, false);
}
void will_qos_1_retained(Case& t) {
    will_is_published(t, 1, true);
}
void will_qos_2(Case& t) {
    will_is_published(t, 2, false);
}

void long_will(Case& t) {
    const std::string message(1000, 'w');
    const std::string topic = t.topic(std::string(300, 'n'));
    Peer& peer = t.subscriber(topic);
    Device& device = t.device();
    device.connect_with_will(topic, message, 0, sn::kClean, kShortKeepAlive);
    peer.expect(topic, message, until_lost(t));
}

void empty_will_topic(Case& t) {
    Device& device = t.device();
    device.send(sn::connect(device.client_id(), sn::kClean | sn::kWill, 60));
    device.expect(sn::will_topic_req());
    device.send(sn::will_topic_empty());
    device.expect(sn::connack(sn::kAccepted));
    device.expect_alive();
}

void will_topic_of_3_octets(Case& t) {
    Device& device = t.device();
    device.send(sn::connect(device.client_id(), sn::kClean | sn::kWill, 60));
    device.expect(sn::will_topic_req());
    device.send(sn::will_topic(sn::kQos1, ""));
    device.expect(sn::connack(sn::kAccepted));
    device.expect_alive();
}

void empty_will_message(Case& t) {
    Peer& peer = t.subscriber(t.topic("will"));
    Device& device = t.device();
    device.connect_with_will(t.topic("will"), "", 0, sn::kClean, kShortKeepAlive);
    peer.expect(t.topic("will"), "", until_lost(t));
}

void bad_will_topics(Case& t) {
    const std::vector<Octets> bad{sn::will_topic(0, t.topic("#")), sn::will_topic(0, t.topic("+/x")),
                                  sn::will_topic(sn::kQosMinus1, t.topic("will")),
                                  sn::will_topic(0, "bad\xFF\xFEutf8")};
    for (const Octets& will_topic : bad) {
        Device& device = t.device();
        device.send(sn::connect(device.client_id(), sn::kClean | sn::kWill, 60));
        device.expect(sn::will_topic_req());
        device.send(will_topic);
        sn::Message answer = *device.receive(t.answer());
        if (answer.type == sn::WILLMSGREQ) {  // refused at the end of the handshake is as good
            device.send(sn::will_msg("x"));
            answer = device.expect_type(sn::CONNACK);
        }
        t.check(answer.octets == sn::connack(sn::kNotSupported), sn::describe(sn::connack(sn::kNotSupported)),
                sn::describe(answer.octets));
    }
}

void repetitions_in_the_handshake(Case& t) {
    Peer& peer = t.subscriber(t.topic("will"));
    Device& device = t.device();
    const Octets connect = sn::connect(device.client_id(), sn::kClean | sn::kWill, kShortKeepAlive);
    device.send(connect);
    device.expect(sn::will_topic_req());
    device.send(connect);  // WILLTOPICREQ was lost
    device.expect(sn::will_topic_req());
    device.send(sn::will_topic(0, t.topic("will")));
    device.expect(sn::will_msg_req());
    device.send(sn::will_topic(0, t.topic("will")));  // WILLMSGREQ was lost
    device.expect(sn::will_msg_req());
    device.send(sn::will_msg("once"));
    device.expect(sn::connack(sn::kAccepted));
    device.send(sn::will_msg("once"));  // CONNACK was lost
    device.expect(sn::connack(sn::kAccepted));
    device.expect_alive();
    peer.expect(t.topic("will"), "once", until_lost(t));
    peer.expect_no_more();
}

void others_in_the_handshake(Case& t) {
    Peer& peer = t.subscriber(t.topic("#"));
    Device& device = t.device();
    device.send(sn::connect(device.client_id(), sn::kClean | sn::kWill, 60));
    device.expect(sn::will_topic_req());
    const auto disturb = [&] {
        device.send(sn::register_topic(0, 7, t.topic("r")));
        device.send(sn::publish(sn::kQos1, 1, 8, "x"));
        device.send(sn::subscribe(0, 9, t.topic("s")));
    };
    disturb();
    device.send(sn::will_msg("too early"));
    device.expect_silence();
    device.send(sn::will_topic(0, t.topic("will")));
    device.expect(sn::will_msg_req());
    disturb();
    device.expect_silence();
    device.send(sn::will_msg("w"));
    device.expect(sn::connack(sn::kAccepted));
    device.expect_alive();
    peer.expect_no_more();
}

/// Connects `device` anew without a will of its own, lets it be lost, and says whether a will came. A second
/// device with a will of its own tells when that must have happened.
bool has_will(Case& t, Device& device, std::uint8_t flags) {
    Peer& peer = t.subscriber(t.topic("will"));
    Peer& control = t.subscriber(t.topic("control"));
    device.connect(flags, kShortKeepAlive);
    Device& other = t.device();
    other.connect_with_will(t.topic("control"), "lost", 0, sn::kClean, kShortKeepAlive);
    control.expect(t.topic("control"), "lost", until_lost(t));
    const std::optional<mqtt::Packet> will = peer.receive(milliseconds(700));
    device.expect_unknown();
    return will.has_value();
}

/// A device with a stored will that has disconnected.
Device& with_stored_will(Case& t) {
    Device& device = t.device();
    t.forget_session(device.client_id());
    device.connect_with_will(t.topic("will"), "stored", 0, 0);
    device.disconnect();
    return device;
}

void stored_will_stays(Case& t) {
    t.check(has_will(t, with_stored_will(t), 0),
            "the stored will in force after CONNECT without clean session", "no will");
}

void clean_connect_deletes_will(Case& t) {
    t.check(!has_will(t, with_stored_will(t), sn::kClean), "no will after CONNECT with clean session",
            "a will");
}

void empty_topic_deletes_will(Case& t) {
    Device& device = with_stored_will(t);
    device.send(sn::connect(device.client_id(), sn::kWill, 60));
    device.expect(sn::will_topic_req());
    device.send(sn::will_topic_empty());
    device.expect(sn::connack(sn::kAccepted));
    device.disconnect();
    t.check(!has_will(t, device, 0), "no will after an empty WILLTOPIC", "a will");
}

void new_will_overwrites(Case& t) {
    Peer& peer = t.subscriber(t.topic("+"));
    Device& device = with_stored_will(t);
    device.connect_with_will(t.topic("other"), "new", 0, 0, kShortKeepAlive);
    peer.expect(t.topic("other"), "new", until_lost(t));
    peer.expect_no_more();
}

void will_prompt_keeps_subscriptions(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected_kept();
    device.subscribe(t.topic());
    device.disconnect();
    device.connect_with_will(t.topic("will"), "w", 0, 0);
    peer.publish(t.topic(), "kept");
    device.expect_arrival(t.topic(), "kept");
}

void clean_will_connect_deletes(Case& t) {
    Peer& peer = t.subscriber(t.topic("+"));
    Device& device = with_stored_will(t);
    device.connect(0);
    device.subscribe(t.topic("sub"));
    device.disconnect();
    device.connect_with_will(t.topic("new"), "new", 0, sn::kClean, 3);
    peer.publish(t.topic("sub"), "not any more");
    peer.expect(t.topic("sub"), "not any more");
    device.expect_alive();
    device.expect_silence();
    peer.expect(t.topic("new"), "new", until_lost(t) + milliseconds(3000));
    peer.expect_no_more();
}

void handshake_is_prompted_again(Case& t) {
    Device& device = t.device();
    device.send(sn::connect(device.client_id(), sn::kClean | sn::kWill, 60));
    device.expect(sn::will_topic_req());
    const std::optional<sn::Message> again = device.receive(t.beyond_retry());
    t.check(again.has_value() && again->octets == sn::will_topic_req(), "WILLTOPICREQ again after T_retry",
            again ? sn::describe(again->octets) : "nothing");
    device.send(sn::will_topic(0, t.topic("will")));
    device.expect(sn::will_msg_req());
    const std::optional<sn::Message> message_again = device.receive(t.beyond_retry());
    t.check(message_again.has_value() && message_again->octets == sn::will_msg_req(),
            "WILLMSGREQ again after T_retry",
            message_again ? sn::describe(message_again->octets) : "nothing");
    device.send(sn::will_msg("w"));
    device.expect(sn::connack(sn::kAccepted));
}

void handshake_ends(Case& t) {
    Device& device = t.device();
    device.send(sn::connect(device.client_id(), sn::kClean | sn::kWill, 60));
    device.expect(sn::will_topic_req());
    for (int i = 0; i < t.options().retry_count; ++i) {
        const std::optional<sn::Message> again = device.receive(t.beyond_retry());
        t.check(again.has_value() && again->octets == sn::will_topic_req(),
                "WILLTOPICREQ again after T_retry", again ? sn::describe(again->octets) : "nothing");
    }
    device.expect_silence(t.retry() * 3);
    device.expect_unknown();
}

}  // namespace

CaseTable will_cases() {
    return {
        {"SN12-61.order_of_the_will_handshake", "SN12-17 SN12-34 SN12-35 SN12-36", order_of_the_handshake},
        {"SN12-102.a_will_of_qos_0", "SN12-16 SN12-35 D25", will_qos_0, true},
        {"SN12-102.a_retained_will_of_qos_1", "SN12-16 SN12-35 D25", will_qos_1_retained, true},
        {"SN12-102.a_will_of_qos_2", "SN12-35 D25", will_qos_2, true},
        {"SN12-26.a_long_will", "SN12-09 SN12-35 SN12-36", long_will, true},
        {"SN12-35.an_empty_will_topic_is_no_will", "D42", empty_will_topic},
        {"D42.a_will_topic_of_3_octets_is_no_will", "D54", will_topic_of_3_octets},
        {"D42.an_empty_will_message_is_legal", "SN12-36", empty_will_message, true},
        {"D42.bad_will_topics_are_refused", "SN12-62 FAULT-14", bad_will_topics},
        {"SN12-64.clean_connect_with_will_deletes_and_prompts", "SN12-63", clean_will_connect_deletes, true},
        {"SN12-65.clean_connect_without_will_deletes_the_will", "SN12-63", clean_connect_deletes_will, true},
        {"SN12-66.will_prompt_keeps_subscriptions", "SN12-63", will_prompt_keeps_subscriptions},
        {"SN12-66.a_new_will_overwrites_the_stored_one", "SN12-63", new_will_overwrites, true},
        {"SN12-67.a_stored_will_stays_in_force", "SN12-63 SN12-97 D44", stored_will_stays, true},
        {"SN12-68.an_empty_will_topic_deletes_the_stored_will", "SN12-35 D42", empty_topic_deletes_will,
         true},
        {"D09.repetitions_in_the_will_handshake", "SN12-99 D30", repetitions_in_the_handshake, true},
        {"SN12-61.other_messages_in_the_will_handshake_are_dropped", "FAULT-12", others_in_the_handshake},
        {"D33.will_requests_are_repeated", "SN12-34", handshake_is_prompted_again, true},
        {"D33.a_will_handshake_ends_after_n_retry", "SN12-100 FAULT-12 FAULT-18", handshake_ends, true},
    };
}

}  // namespace conformance
