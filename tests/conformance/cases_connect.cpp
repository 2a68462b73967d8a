// SPDX-License-Identifier: BSD-3-Clause
//
// CONNECT and what a gateway makes of its fields, of a second one, and of one from elsewhere (section 5.2,
// D05 to D11, D20 while active). Wills have their own file.
#include "conformance/mqtt_peer.hpp"
#include "conformance/sn_device.hpp"

namespace conformance {
namespace {

void connack_without_will(Case& t) {
    Device& device = t.device();
    device.send(sn::connect(device.client_id(), sn::kClean, 60));
    device.expect(sn::connack(sn::kAccepted));
    device.expect_alive();
    device.disconnect();
}

void client_id_lengths(Case& t) {
    const std::string unique = t.client_id();
    const std::string one(1, t.short_name()[1]);
    for (const std::string& client_id : {one, unique + std::string(23 - unique.size(), 'x')}) {
        Device& device = t.device(client_id);
        device.connect();
        device.disconnect();
    }
}

void long_client_ids(Case& t) {
    const std::string unique = t.client_id();
    const std::size_t limit = t.options().client_id_limit;
    t.device(unique + std::string(limit - unique.size(), 'x')).connect();
    for (const std::size_t size : {limit + 1, limit + 200, std::size_t{1200}}) {
        Device& device = t.device(unique + std::string(size - unique.size(), 'y'));
        device.send(sn::connect(device.client_id(), sn::kClean, 60));
        device.expect(sn::connack(sn::kNotSupported));
    }
}

void empty_client_id(Case& t) {
    Device& device = t.device();
    device.send(sn::connect("", sn::kClean, 60));
    device.expect(sn::connack(sn::kNotSupported));
    device.send(sn::connect("", 0, 60));
    device.expect(sn::connack(sn::kNotSupported));
}

void odd_client_ids(Case& t) {
    const std::string unique = t.client_id();
    const std::vector<std::string> odd{std::string("a\0b", 3),
                                       "\xFF\xFE",
                                       "\xC3",
                                       "\xED\xA0\x80",
                                       "a\nb",
                                       "a+b",
                                       "a#b",
                                       "a/b",
                                       "a\"b",
                                       "\x1B[2J"};
    for (const std::string& part : odd) {
        Device& device = t.device();
        device.send(sn::connect(unique + part, sn::kClean, 60));
        device.expect(sn::connack(sn::kNotSupported));
    }
}

void unknown_protocol(Case& t) {
    for (const std::uint8_t protocol :
         {std::uint8_t{0}, std::uint8_t{2}, std::uint8_t{4}, std::uint8_t{0xFF}}) {
        Device& device = t.device();
        device.send(sn::connect(device.client_id(), sn::kClean, 60, protocol));
        device.expect(sn::connack(sn::kNotSupported));
    }
}

void keep_alive_0(Case& t) {
    Device& device = t.connected(0);
    device.expect_alive();
    t.pause(milliseconds(2500));
    device.expect_alive();
}

void repeated_connect(Case& t) {
    Device& device = t.device();
    const Octets connect = sn::connect(device.client_id(), sn::kClean, 60);
    for (int i = 0; i < 3; ++i) {  // each time as if CONNACK had been lost
        device.send(connect);
        device.expect(sn::connack(sn::kAccepted));
    }
    device.send_twice(connect);
    device.expect_type(sn::CONNACK);
    std::optional<sn::Message> second = device.receive(Case::kSilence);  // one CONNACK may serve both
    t.check(!second.has_value() || second->octets == sn::connack(sn::kAccepted),
            "CONNACK for the second copy", second ? sn::describe(second->octets) : "");
    device.publish(device.register_topic(t.topic()), "after", 1);
}

void late_copy_of_connect(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected_kept();
    device.subscribe(t.topic());
    device.send(sn::connect(device.client_id(), 0, 60));  // the first transmission comes late
    device.expect(sn::connack(sn::kAccepted));
    peer.publish(t.topic(), "still subscribed");
    device.expect_arrival(t.topic(), "still subscribed");
}

void connect_while_active(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected_kept(60);
    device.subscribe(t.topic());
    device.connect(0, 90);  // another Duration: no repetition
    peer.publish(t.topic(), "kept");
    device.expect_arrival(t.topic(), "kept");
    device.connect(sn::kClean, 90);
    peer.publish(t.topic(), "wiped");
    peer.subscribe(t.topic("barrier"));
    device.publish(device.register_topic(t.topic("barrier")), "b", 1);
    peer.expect(t.topic("barrier"), "b");
    device.expect_alive();
}

void clean_connect_forgets_ids(Case& t) {
    Device& device = t.connected();
    const std::uint16_t id = device.register_topic(t.topic());
    device.connect(sn::kClean, 90);
    const std::uint16_t msg_id = device.next_msg_id();
    device.send(sn::publish(sn::kQos1, id, msg_id, "stale"));
    device.expect(sn::puback(id, msg_id, sn::kInvalidTopicId));
}

void subscriptions_kept(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected_kept();
    device.subscribe(t.topic());
    device.disconnect();
    peer.publish(t.topic(), "while away");
    device.forget_topics();
    device.connect(0);
    device.expect_arrival(t.topic(), "while away");
    peer.publish(t.topic(), "back again");
    device.expect_arrival(t.topic(), "back again");
}

void subscriptions_wiped(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected_kept();
    device.subscribe(t.topic());
    device.disconnect();
    device.connect(sn::kClean);
    peer.publish(t.topic(), "not any more");
    device.register_topic(t.topic("barrier"));
    device.expect_alive();
    device.expect_silence();
    device.disconnect();
    device.connect(0);  // nor does it come back without clean session
    peer.publish(t.topic(), "still not");
    device.expect_alive();
    device.expect_silence();
}

void clean_session_leaves_nothing(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected();
    t.forget_session(device.client_id());
    device.subscribe(t.topic());
    device.disconnect();
    device.connect(0);
    peer.publish(t.topic(), "gone");
    device.expect_alive();
    device.expect_silence();
}

void take_over(Case& t) {
    Peer& peer = t.peer();
    Device& device = t.connected_kept();
    device.subscribe(t.topic());
    Device& elsewhere = t.device(device.client_id());
    elsewhere.connect(0);
    peer.publish(t.topic(), "to the new address");
    elsewhere.expect_arrival(t.topic(), "to the new address");
    device.expect_unknown();
    elsewhere.expect_alive();
}

void another_id_from_a_known_address(Case& t) {
    Peer& peer = t.subscriber(t.topic("will"));
    Device& first = t.device();
    first.connect_with_will(t.topic("will"), "lost");
    first.subscribe(t.topic());
    Device& second = t.device();
    second.move_to(first.socket());
    second.connect();
    peer.expect(t.topic("will"), "lost");
    peer.publish(t.topic(), "for the first");
    second.expect_alive();
    second.expect_silence();
}

void topic_ids_are_per_device(Case& t) {
    Peer& peer = t.subscriber(t.topic("#"));
    Device& one = t.connected();
    Device& other = t.connected();
    const std::uint16_t id_a = one.register_topic(t.topic("a"));
    const std::uint16_t id_b = other.register_topic(t.topic("b"));
    one.publish(id_a, "from one", 1);
    peer.expect(t.topic("a"), "from one");
    other.publish(id_b, "from other", 1);
    peer.expect(t.topic("b"), "from other");
    const std::uint16_t only_one = one.register_topic(t.topic("c"));
    if (only_one != id_b) {
        const std::uint16_t msg_id = other.next_msg_id();
        other.send(sn::publish(sn::kQos1, only_one, msg_id, "not mine"));
        other.expect(sn::puback(only_one, msg_id, sn::kInvalidTopicId));
    }
}

void many_devices(Case& t) {
    constexpr int kDevices = 12;
    Peer& peer = t.subscriber(t.topic("+"));
    std::vector<Device*> devices;
    for (int i = 0; i < kDevices; ++i) {
        devices.push_back(&t.device());
        devices.back()->send(sn::connect(devices.back()->client_id(), sn::kClean, 60));
    }
    for (Device* device : devices) {
        device->expect(sn::connack(sn::kAccepted));
    }
    for (Device* device : devices) {
        const std::string topic = t.topic(device->client_id());
        device->publish(device->register_topic(topic), "hello", 1);
        peer.expect(topic, "hello");
    }
}

}  // namespace

CaseTable connect_cases() {
    return {
        {"SN12-61.connect_without_will_gets_connack", "SN12-02 SN12-24 SN12-32 SN12-33 SN12-60",
         connack_without_will},
        {"SN12-21.client_ids_of_1_and_23_characters", "SN12-32", client_id_lengths},
        {"D05.client_ids_up_to_the_limit", "SN12-21 SN12-62 FAULT-9", long_client_ids},
        {"D05.an_empty_client_id_is_refused", "SN12-62 FAULT-8", empty_client_id},
        {"D05.odd_client_ids_are_refused", "SN12-62 FAULT-10 FAULT-53", odd_client_ids},
        {"D06.unknown_protocol_ids_are_refused", "SN12-24 SN12-62 FAULT-11", unknown_protocol},
        {"D07.keep_alive_0_is_accepted", "SN12-22 TRAP-26", keep_alive_0, true},
        {"D09.a_repeated_connect_gets_connack_again", "SN12-99 FAULT-6", repeated_connect},
        {"D09.a_late_copy_of_connect_changes_nothing", "FAULT-6", late_copy_of_connect},
        {"D09.connect_while_active_is_a_new_connection", "SN12-18 SN12-64 SN12-67 FAULT-7 TRAP-21 TRAP-38",
         connect_while_active},
        {"SN12-65.clean_connect_forgets_topic_ids", "SN12-76 D21", clean_connect_forgets_ids},
        {"SN12-67.subscriptions_survive_without_clean_session", "SN12-63 SN12-74 SN12-97 D21",
         subscriptions_kept},
        {"SN12-65.clean_session_deletes_subscriptions", "SN12-63", subscriptions_wiped},
        {"SN12-65.a_clean_session_leaves_nothing_behind", "SN12-63", clean_session_leaves_nothing},
        {"D10.connect_from_a_new_address_takes_over", "SN12-54 FAULT-2 TRAP-41", take_over},
        {"D11.another_client_id_from_a_known_address", "SN12-102 D25 FAULT-4 TRAP-49",
         another_id_from_a_known_address},
        {"SN12-119.topic_ids_are_per_device", "SN12-70 SN12-76", topic_ids_are_per_device},
        {"SN12-02.devices_beside_each_other", "SN12-03 SN12-119", many_devices},
    };
}

}  // namespace conformance
