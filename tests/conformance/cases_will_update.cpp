// SPDX-License-Identifier: BSD-3-Clause
//
// WILLTOPICUPD and WILLMSGUPD (SN12-69, D43).
#include "conformance/mqtt_peer.hpp"
#include "conformance/sn_device.hpp"

namespace conformance {
namespace {

constexpr std::uint16_t kKeepAlive = 3;

milliseconds until_lost(Case& t) {
    return t.answer() + milliseconds(10000);
}

void topic_update(Case& t) {
    Peer& peer = t.subscriber(t.topic("+"));
    Device& device = t.device();
    t.forget_retained(t.topic("new"));
    device.connect_with_will(t.topic("old"), "message", 0, sn::kClean, kKeepAlive);
    device.send(sn::will_topic_update(sn::kQos1 | sn::kRetain, t.topic("new")));
    device.expect(sn::will_topic_resp(sn::kAccepted));
    device.expect_alive();
    const mqtt::Packet will = peer.expect(t.topic("new"), "message", until_lost(t));
    t.check(will.qos == 1, "the will with its new QoS 1", mqtt::describe(will));
    peer.expect_no_more();
    t.check(t.subscriber(t.topic("new")).expect(t.topic("new"), "message").retain, "a retained will", "not");
}

void message_update(Case& t) {
    Peer& peer = t.subscriber(t.topic("+"));
    Device& device = t.device();
    device.connect_with_will(t.topic("will"), "old", sn::kQos1, sn::kClean, kKeepAlive);
    device.send(sn::will_msg_update("new"));
    device.expect(sn::will_msg_resp(sn::kAccepted));
    device.send(sn::will_msg_update("newer"));
    device.expect(sn::will_msg_resp(sn::kAccepted));
    const mqtt::Packet will = peer.expect(t.topic("will"), "newer", until_lost(t));
    t.check(will.qos == 1, "the will with its QoS 1", mqtt::describe(will));
    peer.expect_no_more();
}

void repeated_update(Case& t) {
    Peer& peer = t.subscriber(t.topic("+"));
    Device& device = t.device();
    device.connect_with_will(t.topic("old"), "old", 0, sn::kClean, kKeepAlive);
    for (int i = 0; i < 2; ++i) {  // the first answers were lost
        device.send(sn::will_topic_update(0, t.topic("new")));
        device.expect(sn::will_topic_resp(sn::kAccepted));
        device.send(sn::will_msg_update("new"));
        device.expect(sn::will_msg_resp(sn::kAccepted));
    }
    peer.expect(t.topic("new"), "new", until_lost(t));
    peer.expect_no_more();
}

void empty_update_deletes(Case& t) {
    Peer& peer = t.subscriber(t.topic("will"));
    Peer& control = t.subscriber(t.topic("control"));
    Device& device = t.device();
    device.connect_with_will(t.topic("will"), "deleted", 0, sn::kClean, kKeepAlive);
    device.send(sn::will_topic_update_empty());
    device.expect(sn::will_topic_resp(sn::kAccepted));
    Device& other = t.device();
    other.connect_with_will(t.topic("control"), "lost", 0, sn::kClean, kKeepAlive);
    control.expect(t.topic("control"), "lost", until_lost(t));
    t.pause(milliseconds(700));
    peer.expect_no_more();
    device.expect_unknown();
}

void update_is_stored(Case& t) {
    Peer& peer = t.subscriber(t.topic("+"));
    Device& device = t.device();
    t.forget_session(device.client_id());
    device.connect_with_will(t.topic("old"), "old", 0, 0, 60);
    device.send(sn::will_topic_update(0, t.topic("new")));
    device.expect(sn::will_topic_resp(sn::kAccepted));
    device.send(sn::will_msg_update("new"));
    device.expect(sn::will_msg_resp(sn::kAccepted));
    device.disconnect();
    device.connect(0, 1);
    peer.expect(t.topic("new"), "new", until_lost(t));
    peer.expect_no_more();
}

void session_survives_update(Case& t, bool clean) {
    Peer& peer = t.subscriber(t.topic("will"));
    Device& device = t.device();
    if (!clean) {
        t.forget_session(device.client_id());
    }
    device.connect_with_will(t.topic("will"), "old", 0, clean ? sn::kClean : std::uint8_t{0}, 60);
    const std::uint16_t id = device.register_topic(t.topic("up"));
    device.subscribe(t.topic("down"));
    device.send(sn::will_msg_update("new"));
    device.expect(sn::will_msg_resp(sn::kAccepted));
    peer.publish(t.topic("down"), "after the update");
    device.expect_arrival(t.topic("down"), "after the update");
    Peer& up = t.subscriber(t.topic("up"));
    device.publish(id, "same id", 1);
    up.expect(t.topic("up"), "same id");
    device.disconnect();
    t.pause(Case::kSilence);
    peer.expect_no_more();  // neither the old will nor the new one
}

void kept_session_survives(Case& t) {
    session_survives_update(t, false);
}

void clean_session_survives(Case& t) {
    session_survives_update(t, true);
}

void update_without_will(Case& t) {
    Device& device = t.connected();
    device.send(sn::will_msg_update("x"));
    device.expect(sn::will_msg_resp(sn::kNotSupported));
    device.send(sn::will_topic_update(0, t.topic("will")));
    device.expect(sn::will_topic_resp(sn::kNotSupported));
    device.expect_alive();
}

void bad_update(Case& t) {
    Device& device = t.device();
    device.connect_with_will(t.topic("will"), "w");
    device.send(sn::will_topic_update(0, t.topic("#")));
    device.expect(sn::will_topic_resp(sn::kNotSupported));
    device.send(sn::will_topic_update(sn::kQosMinus1, t.topic("new")));
    device.expect(sn::will_topic_resp(sn::kNotSupported));
    device.expect_alive();
}

}  // namespace

CaseTable will_update_cases() {
    return {
        {"SN12-69.willtopicupd_changes_topic_qos_and_retain", "SN12-16 SN12-49 SN12-51 D43", topic_update,
         true},
        {"SN12-69.willmsgupd_changes_the_message", "SN12-50 SN12-51 D43", message_update, true},
        {"SN12-69.an_empty_willtopicupd_deletes_the_will", "SN12-49", empty_update_deletes, true},
        {"SN12-69.an_updated_will_is_stored", "SN12-63 SN12-67 D44", update_is_stored, true},
        {"D30.repeated_will_updates", "SN12-69 SN12-99", repeated_update, true},
        {"D43.a_kept_session_survives_the_update", "SN12-69", kept_session_survives},
        {"D43.a_clean_session_survives_the_update", "SN12-69", clean_session_survives},
        {"D43.will_updates_without_a_will_are_refused", "SN12-51 FAULT-13", update_without_will},
        {"D42.bad_will_topic_updates_are_refused", "SN12-69 FAULT-14", bad_update},
    };
}

}  // namespace conformance
