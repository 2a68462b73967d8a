// SPDX-License-Identifier: BSD-3-Clause
//
// Devices behind forwarders: a wrapper with a wireless node id around each message (section 8; D50).
#include "conformance/mqtt_peer.hpp"
#include "conformance/sn_device.hpp"

namespace conformance {
namespace {

std::shared_ptr<UdpSocket> forwarder(Case& t) {
    t.need(t.options().forwarder, "--no-forwarder was given");
    return std::make_shared<UdpSocket>(t.environment().gateway);
}

Device& node(Case& t, const std::shared_ptr<UdpSocket>& socket, const Octets& id) {
    Device& device = t.device();
    device.move_behind(socket, id);
    return device;
}

void answers_are_wrapped(Case& t) {
    Device& device = node(t, forwarder(t), {0x00, 0x01});
    device.connect();
    device.expect_alive();
    device.disconnect();
}

void node_id_lengths(Case& t) {
    const auto socket = forwarder(t);
    for (const std::size_t size : {1U, 2U, 4U, 8U, 32U, 252U}) {
        Device& device = node(t, socket, Octets(size, static_cast<std::uint8_t>(size)));
        device.connect();
        device.expect_alive();
    }
}

void whole_session(Case& t) {
    Peer& peer = t.subscriber(t.topic("up"));
    Device& device = node(t, forwarder(t), {0xAA});
    device.connect();
    const std::uint16_t id = device.register_topic(t.topic("up"));
    for (const int qos : {0, 1, 2}) {
        device.publish(id, std::to_string(qos), qos);
        peer.expect(t.topic("up"), std::to_string(qos));
    }
    device.subscribe(t.topic("down/+"), 2);
    for (const int qos : {0, 1, 2}) {
        peer.publish(t.topic("down/a"), std::to_string(qos), qos);
        device.expect_arrival(t.topic("down/a"), std::to_string(qos));
    }
    const std::string large(300, 'x');  // the inner message has the 3-octet Length
    peer.publish(t.topic("down/a"), large);
    device.expect_arrival(t.topic("down/a"), large);
    device.publish(id, large, 1);
    peer.expect(t.topic("up"), large);
    device.sleep(60);
    peer.publish(t.topic("down/a"), "asleep");
    t.check(device.wake().size() == 1, "the buffered message", "not one");
    device.disconnect();
}

void will_behind_a_forwarder(Case& t) {
    Peer& peer = t.subscriber(t.topic("will"));
    Device& device = node(t, forwarder(t), {0xBB});
    device.connect_with_will(t.topic("will"), "lost", 0, sn::kClean, 1);
    peer.expect(t.topic("will"), "lost", t.answer() + milliseconds(6000));
    device.expect_unknown();
}

void two_nodes(Case& t) {
    Peer& peer = t.peer();
    const auto socket = forwarder(t);
    Device& one = node(t, socket, {0x01});
    Device& other = node(t, socket, {0x01, 0x00});  // the same beginning
    Device& itself = t.device();                    // a device at the forwarder's own address
    itself.move_to(socket);
    for (Device* device : {&one, &other, &itself}) {
        device->connect();
        device->subscribe(t.topic(device->client_id()), 1);
    }
    for (Device* device : {&other, &itself, &one}) {
        peer.publish(t.topic(device->client_id()), "for " + device->client_id());
        device->expect_arrival(t.topic(device->client_id()), "for " + device->client_id());
    }
    one.disconnect();
    other.expect_alive();
    itself.expect_alive();
}

void same_node_id_at_two_forwarders(Case& t) {
    Peer& peer = t.peer();
    Device& one = node(t, forwarder(t), {0x07});
    Device& other = node(t, forwarder(t), {0x07});
    for (Device* device : {&one, &other}) {
        device->connect();
        device->subscribe(t.topic(device->client_id()), 1);
    }
    for (Device* device : {&one, &other}) {
        peer.publish(t.topic(device->client_id()), "yours");
        device->expect_arrival(t.topic(device->client_id()), "yours");
        device->expect_alive();
    }
}

void moves_to(Case& t, const std::shared_ptr<UdpSocket>& from, const std::shared_ptr<UdpSocket>& to,
              const Octets& id) {
    Peer& peer = t.peer();
    Device& before = node(t, from, {0x01});
    t.forget_session(before.client_id());
    before.connect(0);
    before.subscribe(t.topic(), 1);
    Device& after = t.device(before.client_id());
    after.move_behind(to, id);
    after.connect(0);
    peer.publish(t.topic(), "at the new place");
    after.expect_arrival(t.topic(), "at the new place");
    before.expect_unknown();
    after.expect_alive();
}

void moves_to_another_node_id(Case& t) {
    const auto socket = forwarder(t);
    moves_to(t, socket, socket, {0x02});
}

void moves_to_another_forwarder(Case& t) {
    moves_to(t, forwarder(t), forwarder(t), {0x01});
}

void wakes_behind_another_forwarder(Case& t) {
    Peer& peer = t.peer();
    Device& device = node(t, forwarder(t), {0x05});
    device.connect();
    device.subscribe(t.topic(), 1);
    device.sleep(60);
    peer.publish(t.topic(), "fetched elsewhere");
    device.move_behind(forwarder(t), {0x06});
    t.check(device.wake().size() == 1, "the message behind the other forwarder", "not one");
}

void strangers_are_answered_wrapped(Case& t) {
    Device& stranger = node(t, forwarder(t), {0x10, 0x20});
    stranger.expect_unknown();
}

void nested(Case& t) {
    const auto socket = forwarder(t);
    Device& device = node(t, socket, {0x01});
    device.connect();
    device.send(sn::wrapped({0x02}, sn::pingreq()));  // a wrapper in its wrapper
    device.send(sn::wrapped({0x02}, sn::connect(t.client_id(), sn::kClean, 60)));
    device.expect_alive();
    Device& inner = node(t, socket, {0x02});
    inner.expect_unknown();  // nothing was set up for it
}

void broken_wrappers(Case& t) {
    const auto socket = forwarder(t);
    Device& device = node(t, socket, {0x01});
    device.connect();
    const std::vector<Octets> broken{
        {0x00, 0xFE, 0x00, 0x01, 0x02, 0x16},
        {0x01, 0xFE, 0x00, 0x01, 0x02, 0x16},
        {0x02, 0xFE, 0x00, 0x01, 0x02, 0x16},
        {0x03, 0xFE},
        {0x07, 0xFE, 0x00, 0x01, 0x02, 0x16},
        {0xFF, 0xFE, 0x00, 0x01, 0x02, 0x16},
        {0x04, 0xFE, 0x00, 0x01},                          // around nothing
        {0x04, 0xFE, 0x00, 0x01, 0x03, 0x16},              // around a message that is cut
        {0x04, 0xFE, 0x00, 0x01, 0x02, 0x16, 0x00},        // octets behind it
        {0x04, 0xFE, 0x00, 0x01, 0x02},                    // half a header
        {0x01, 0x00, 0x06, 0xFE, 0x00, 0x01, 0x02, 0x16},  // 3-octet Length
        {0x03, 0xFE, 0x00, 0x02, 0x03},                    // no node id, and a reserved type in it
    };
    for (const Octets& octets : broken) {
        device.send_raw(octets);
        device.expect_alive();
    }
}

void reserved_ctrl_bits(Case& t) {
    const auto socket = forwarder(t);
    Device& device = node(t, socket, {0x33});
    device.connect();
    for (const std::uint8_t ctrl : {std::uint8_t{0xFF}, std::uint8_t{0xFC}, std::uint8_t{0x03}}) {
        device.send_raw(sn::wrapped({0x33}, sn::pingreq(), ctrl));
        device.expect(sn::pingresp());
    }
}

void minus_one_behind_a_forwarder(Case& t) {
    t.need(t.options().qos_minus_one != QosMinusOne::off, "the gateway has QoS -1 off");
    const Predefined* topic = t.common_predefined();
    t.need(topic != nullptr, "no --predefined without {client_id} was given");
    Peer& peer = t.subscriber(topic->topic);
    Device& stranger = node(t, forwarder(t), {0x44});
    stranger.publish_minus_one(sn::publish(sn::kQosMinus1 | sn::kPredefined, topic->id, 0, t.topic()), peer,
                               topic->topic, t.topic());
    stranger.expect_unknown();
}

}  // namespace

CaseTable forwarder_cases() {
    return {
        {"SN12-114.answers_are_wrapped", "SN12-113 SN12-115 SN12-117 SN12-52", answers_are_wrapped},
        {"SN12-115.node_ids_of_1_to_252_octets", "SN12-114 SN12-117 FAULT-39", node_id_lengths},
        {"SN12-113.a_whole_session_behind_a_forwarder", "SN12-52 SN12-75 SN12-105", whole_session},
        {"SN12-113.a_will_behind_a_forwarder", "SN12-102 SN12-61", will_behind_a_forwarder, true},
        {"SN12-117.two_nodes_behind_one_forwarder", "SN12-114 D50", two_nodes},
        {"D50.one_node_id_at_two_forwarders", "SN12-117", same_node_id_at_two_forwarders},
        {"D50.a_device_moves_to_another_node_id", "SN12-117 D10 TRAP-50", moves_to_another_node_id, true},
        {"D50.a_device_moves_to_another_forwarder", "SN12-117 D10", moves_to_another_forwarder, true},
        {"D13.a_device_wakes_behind_another_forwarder", "D50 SN12-105", wakes_behind_another_forwarder},
        {"D12.strangers_behind_a_forwarder_are_answered_wrapped", "SN12-98 SN12-113",
         strangers_are_answered_wrapped},
        {"SN12-116.reserved_ctrl_bits_are_ignored", "SN12-114 D04", reserved_ctrl_bits},
        {"SN12-114.nested_wrappers_are_dropped", "D01 FAULT-38", nested},
        {"SN12-115.broken_wrappers_are_dropped", "D01 D02 FAULT-40", broken_wrappers},
        {"SN12-113.qos_minus_1_behind_a_forwarder", "SN12-82 SN12-118", minus_one_behind_a_forwarder},
    };
}

}  // namespace conformance
