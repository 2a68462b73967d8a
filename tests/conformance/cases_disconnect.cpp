// SPDX-License-Identifier: BSD-3-Clause
//
// Keep alive, ping, DISCONNECT, and peers that the gateway does not know (sections 5.8, 5.9; D08, D12, D14,
// D22, D23).
#include "conformance/mqtt_peer.hpp"
#include "conformance/sn_device.hpp"

namespace conformance {
namespace {

void ping(Case& t) {
    Device& device = t.connected();
    for (int i = 0; i < 3; ++i) {
        device.expect_alive();
    }
}

void ping_with_client_id_while_active(Case& t) {
    Device& device = t.connected();
    device.send(sn::pingreq(device.client_id()));
    device.expect(sn::pingresp());
    device.expect_silence();
    device.publish(device.register_topic(t.topic()), "active still", 1);
}

void ping_with_foreign_client_id(Case& t) {
    Device& sleeper = t.connected();
    sleeper.sleep(60);
    Device& device = t.connected();
    device.expect_unknown(sn::pingreq(t.client_id()));  // nobody has it
    sleeper.send(sn::pingreq(sleeper.client_id()));
    sleeper.expect(sn::pingresp());
}

void lost_after_keep_alive(Case& t) {
    Peer& peer = t.subscriber(t.topic("will"));
    Device& device = t.device();
    device.connect_with_will(t.topic("will"), "lost", sn::kQos1, sn::kClean, 2);
    const Clock::time_point silent_since = Clock::now();
    peer.expect(t.topic("will"), "lost", t.answer() + milliseconds(8000));
    t.check(Clock::now() - silent_since >= milliseconds(1900),
            "the will not before the keep alive of 2 s has passed", "the will before that");
    device.expect_unknown();
}

void any_message_keeps_alive(Case& t) {
    Peer& peer = t.subscriber(t.topic("will"));
    Device& device = t.device();
    device.connect_with_will(t.topic("will"), "lost", 0, sn::kClean, 3);
    const std::uint16_t id = device.register_topic(t.topic());
    for (int i = 0; i < 7; ++i) {  // 7 s, beyond the keep alive with any tolerance
        t.pause(milliseconds(1000));
        if (i % 3 == 0) {
            device.expect_alive();
        } else {
            device.publish(id, "alive", i % 3 == 1 ? 0 : 1);
        }
    }
    device.expect_alive();
    peer.expect_no_more();
}

void disconnect_is_answered(Case& t) {
    Device& device = t.connected();
    device.send(sn::disconnect());
    const sn::Message answer = device.expect_type(sn::DISCONNECT);
    t.check(answer.octets.size() == 2, "a DISCONNECT of 2 octets", sn::describe(answer.octets));
    device.expect_silence();
}

void disconnect_repeated(Case& t) {
    Device& device = t.connected();
    device.disconnect();
    device.expect_unknown(sn::disconnect());
}

void nothing_after_disconnect(Case& t) {
    Peer& peer = t.subscriber(t.topic());
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    device.disconnect();
    device.expect_unknown(sn::publish(sn::kQos1, id, device.next_msg_id(), "too late"));
    peer.expect_no_more();
    device.connect();
    device.publish(device.register_topic(t.topic()), "in time", 1);
    peer.expect(t.topic(), "in time");
}

void no_downlink_after_disconnect(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected_kept();
    device.subscribe(t.topic());
    device.disconnect();
    peer.publish(t.topic(), "nobody there");
    device.expect_silence();
}

void no_will_after_disconnect(Case& t) {
    Peer& peer = t.subscriber(t.topic("will"));
    Device& device = t.device();
    device.connect_with_will(t.topic("will"), "lost");
    device.disconnect();
    t.pause(Case::kSilence);
    peer.expect_no_more();
}

void duration_0(Case& t) {
    Device& device = t.connected();
    device.send(sn::disconnect(0));
    device.expect(sn::disconnect());
    device.expect_unknown();
}

void any_disconnect_counts(Case& t) {
    Device& device = t.connected();
    device.send_twice(sn::disconnect());
    device.expect(sn::disconnect());
    // The second may be answered or not; a device must hear nothing else.
    const std::optional<sn::Message> second = device.receive(Case::kSilence);
    t.check(!second.has_value() || second->octets == sn::disconnect(), "DISCONNECT or nothing",
            second ? sn::describe(second->octets) : "");
    device.connect();
}

void strangers_get_disconnect(Case& t) {
    const std::vector<Octets> requests{
        sn::pingreq(),
        sn::pingreq("cf-nobody"),
        sn::register_topic(0, 1, t.topic()),
        sn::publish(0, 1, 0, "x"),
        sn::publish(sn::kQos1, 1, 1, "x"),
        sn::publish(sn::kQos2, 1, 1, "x"),
        sn::subscribe(0, 1, t.topic()),
        sn::unsubscribe(1, t.topic()),
        sn::will_topic_update(0, t.topic()),
        sn::will_msg_update("x"),
        sn::disconnect(),
    };
    for (const Octets& request : requests) {
        t.device().expect_unknown(request);
    }
}

void strangers_acknowledgements_dropped(Case& t) {
    for (const Octets& message :
         {sn::puback(1, 1, 0), sn::regack(1, 1, 0), sn::pubrec(1), sn::pubcomp(1), sn::pingresp()}) {
        Device& stranger = t.device();
        stranger.send(message);
        stranger.connect();  // CONNACK is the first thing it hears
    }
}

void stranger_that_wants_to_sleep(Case& t) {
    Device& stranger = t.device();
    stranger.send(sn::disconnect(60));
    stranger.expect_silence();  // the same two octets would promise to keep its messages
    stranger.connect();
}

void replies_to_strangers_are_few(Case& t) {
    Device& stranger = t.device();
    constexpr int kSent = 50;
    for (int i = 0; i < kSent; ++i) {
        stranger.send(sn::pingreq());
    }
    int answers = 0;
    while (stranger.receive(Case::kSilence).has_value()) {
        ++answers;
    }
    t.check(answers < kSent / 2, "far fewer answers to a stranger than it sends",
            std::to_string(answers) + " for " + std::to_string(kSent));
}

void unexpected_acknowledgements(Case& t) {
    Device& device = t.connected();
    device.send(sn::puback(7, 7, sn::kAccepted));
    device.send(sn::puback(7, 7, sn::kInvalidTopicId));
    device.send(sn::regack(7, 7, sn::kAccepted));
    device.send(sn::regack(7, 7, sn::kNotSupported));
    device.send(sn::pubrec(7));
    device.send(sn::pubcomp(7));
    device.send(sn::pingresp());
    device.send(sn::will_topic(0, t.topic()));
    device.send(sn::will_topic_empty());
    device.send(sn::will_msg("x"));
    // PUBREC of an unknown message may be answered by PUBREL: the broker's message is then let go.
    device.send(sn::pingreq());
    std::optional<sn::Message> answer = device.receive(t.answer());
    if (answer.has_value() && answer->octets == sn::pubrel(7)) {
        device.send(sn::pubcomp(7));
        answer = device.receive(t.answer());
    }
    t.check(answer.has_value() && answer->octets == sn::pingresp(), "PINGRESP, and at most a PUBREL before",
            answer ? sn::describe(answer->octets) : "nothing");
}

void gateways_messages_from_devices(Case& t) {
    Device& device = t.connected();
    device.send(sn::gateway_info(200));
    device.send(sn::advertise(200, 900));
    device.expect_alive();
}

}  // namespace

CaseTable disconnect_cases() {
    return {
        {"SN12-93.pingreq_gets_pingresp", "SN12-46 SN12-47 TRAP-48", ping},
        {"D14.pingreq_with_its_own_client_id_while_active", "SN12-46 SN12-93",
         ping_with_client_id_while_active},
        {"D14.pingreq_with_a_foreign_client_id", "D12 SN12-98 FAULT-31", ping_with_foreign_client_id},
        {"SN12-102.lost_after_the_keep_alive", "SN12-112 SN12-101 SN12-22 D25", lost_after_keep_alive, true},
        {"SN12-102.any_message_keeps_a_device_alive", "D08 SN12-93", any_message_keeps_alive, true},
        {"SN12-96.disconnect_is_answered_by_disconnect", "SN12-48 TRAP-02", disconnect_is_answered},
        {"D30.a_repeated_disconnect_is_answered_again", "SN12-99 D12", disconnect_repeated},
        {"SN12-96.a_new_connection_is_needed_after_disconnect", "SN12-60 SN12-110 D12",
         nothing_after_disconnect},
        {"SN12-96.no_messages_after_disconnect", "SN12-60", no_downlink_after_disconnect},
        {"SN12-97.no_will_after_disconnect", "", no_will_after_disconnect},
        {"D22.disconnect_with_duration_0", "SN12-96", duration_0},
        {"D23.two_disconnects_in_a_row", "SN12-96 D30", any_disconnect_counts},
        {"D12.strangers_get_disconnect", "SN12-60 SN12-98 FAULT-31", strangers_get_disconnect},
        {"D12.acknowledgements_of_strangers_are_dropped", "FAULT-32", strangers_acknowledgements_dropped},
        {"D12.a_stranger_that_wants_to_sleep_gets_no_answer", "SN12-103", stranger_that_wants_to_sleep},
        {"D12.answers_to_strangers_are_few", "FAULT-31 FAULT-32", replies_to_strangers_are_few, true},
        {"D12.unexpected_acknowledgements_are_ignored", "SN12-94 FAULT-12 FAULT-42",
         unexpected_acknowledgements},
        {"D03.discovery_messages_of_a_device_change_nothing", "SN12-29 SN12-31 SN12-55",
         gateways_messages_from_devices},
    };
}

}  // namespace conformance
