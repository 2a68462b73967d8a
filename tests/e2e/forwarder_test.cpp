// SPDX-License-Identifier: BSD-3-Clause
//
// Devices behind forwarders (SN12-113 to SN12-117): with the real gateway, the real broker, and a forwarder
// that knows nothing of ours.
#include "support/forwarder.hpp"
#include "bed.hpp"

namespace e2e {
namespace {

UdpDevice& device_behind(Bed& bed, const test::Forwarder& forwarder, const std::string& client_id) {
    UdpDevice& device = bed.device(client_id);
    assert_true(device.open(forwarder.port()));
    return device;
}

void two_devices_behind_one_forwarder_send_and_get_messages_of_every_qos(Bed& bed) {
    bed.start();
    const test::Forwarder& forwarder = bed.forwarder();
    Observer& observer = bed.observe({"up/#"});
    for (const std::string id : {"a", "b"}) {
        UdpDevice& device = device_behind(bed, forwarder, id);
        device.connect({.clean = false});
        device.subscribe("down/" + id, 2);
        const std::uint16_t topic = device.register_topic("up/" + id);
        for (const int qos : {0, 1, 2}) {
            device.publish(static_cast<mqttsn::Qos>(qos), topic, id + std::to_string(qos));
        }
    }
    assert_true(observer.wait_for(6));
    for (const int qos : {0, 1, 2}) {
        bed.publish("down/a", "for a " + std::to_string(qos), qos);
        bed.publish("down/b", "for b " + std::to_string(qos), qos);
    }
    for (const auto& device : bed.devices) {
        assert_true(device->collect(3));
        assert_true(has_all(payloads_of(device->inbox),
                            {"for " + device->client_id() + " 0", "for " + device->client_id() + " 1",
                             "for " + device->client_id() + " 2"}));
        assert_int_equal(device->inbox.size(), 3);
    }
    bed.devices[0]->disconnect();
    bed.devices[1]->ping();
    assert_int_equal(forwarder.unsound(), 0);
    assert_true(bed.gateway.wait_for_log("/node "));  // the operator reads which
}

void a_forwarder_s_address_may_be_a_device_too_and_node_ids_may_be_long(Bed& bed) {
    bed.start();
    const test::Forwarder& forwarder = bed.forwarder(252);
    UdpDevice& behind = device_behind(bed, forwarder, "behind");
    UdpDevice& direct = bed.device("direct");
    behind.connect();
    direct.connect();
    behind.subscribe("t", 1);
    direct.publish(1, direct.register_topic("t"), "across");
    assert_string_equal(behind.take().payload.c_str(), "across");
    assert_int_equal(forwarder.unsound(), 0);
}

// D10, D50, TRAP-50: by CONNECT to another node id, to another forwarder, out of it, and back.
void connect_moves_a_device_between_forwarders(Bed& bed) {
    bed.start();
    const test::Forwarder& first = bed.forwarder();
    const test::Forwarder& second = bed.forwarder(8);
    UdpDevice& device = device_behind(bed, first, "rover");
    device.connect({.clean = false});
    device.subscribe("to/rover", 1);
    int number = 0;
    for (const std::uint16_t port : {first.port(), second.port(), bed.gateway.port(), first.port()}) {
        assert_true(device.open(port));  // a new socket: also a new node id
        device.connect({.clean = false});
        const std::string text = "m" + std::to_string(++number);
        bed.publish("to/rover", text, 1);
        assert_string_equal(device.take().payload.c_str(), text.c_str());
        device.ping();  // its PUBACK has got there before the next CONNECT, which takes another way
    }
    assert_int_equal(device.inbox.size(), 0);
    assert_int_equal(first.unsound() + second.unsound(), 0);
}

// D13
void a_sleeper_wakes_behind_another_forwarder(Bed& bed) {
    bed.start();
    const test::Forwarder& first = bed.forwarder();
    const test::Forwarder& second = bed.forwarder();
    UdpDevice& device = device_behind(bed, first, "sleeper");
    device.connect({.clean = false});
    device.subscribe("sleep/x", 1);
    device.sleep(600);
    assert_true(test::broker_publish_lines(bed.broker, "sleep/x", numbered("m", 30), 1));
    assert_true(device.open(second.port()));
    device.send(mqttsn::make_pingreq(view(device.client_id())));
    device.await(MessageType::pingresp, 30000);
    assert_true(same_list(payloads_of(device.inbox), numbered("m", 30)));
    assert_int_equal(second.unsound(), 0);
}

// D12: a gateway that was killed knows neither device nor node, and says so behind the forwarder.
void a_killed_gateway_s_devices_come_back_through_their_forwarder(Bed& bed) {
    bed.start();
    const test::Forwarder& forwarder = bed.forwarder();
    UdpDevice& device = device_behind(bed, forwarder, "d");
    device.connect({.clean = false});
    device.subscribe("to/d", 1);
    bed.restart_gateway();
    device.send(mqttsn::make_pingreq(mqttsn::Bytes{}));
    device.expect(MessageType::disconnect);
    device.connect_again();
    bed.publish("to/d", "again", 1);
    assert_string_equal(device.take().payload.c_str(), "again");
}

// FAULT-37
void who_is_not_listed_forwards_nothing(Bed& bed) {
    bed.gateway.options.listen_keys = "forwarders = [\"192.0.2.0/24\"]\n";
    bed.start();
    const test::Forwarder& forwarder = bed.forwarder();
    UdpDevice& device = device_behind(bed, forwarder, "d");
    device.send(mqttsn::make_pingreq(mqttsn::Bytes{}));
    assert_true(wait_until(5000, [&] { return forwarder.forwarded() == 1; }));
    UdpDevice& direct = bed.device("direct");
    direct.connect();  // the gateway has dealt with the PINGREQ before
    device.expect_nothing(0);
}

// FAULT-39
void one_node_more_than_allowed_is_told_congestion(Bed& bed) {
    bed.gateway.options.sections = "[limits]\nnodes_per_forwarder = 1\n";
    bed.start();
    const test::Forwarder& forwarder = bed.forwarder();
    device_behind(bed, forwarder, "first").connect();
    UdpDevice& second = device_behind(bed, forwarder, "second");
    assert_int_equal(second.try_connect({}), ReturnCode::congestion);
    bed.devices[0]->disconnect();
    second.connect();
}

}  // namespace
}  // namespace e2e

int main() {
    using namespace e2e;
    const CMUnitTest tests[] = {
        BED_TEST(two_devices_behind_one_forwarder_send_and_get_messages_of_every_qos),
        BED_TEST(a_forwarder_s_address_may_be_a_device_too_and_node_ids_may_be_long),
        BED_TEST(connect_moves_a_device_between_forwarders),
        BED_TEST(a_sleeper_wakes_behind_another_forwarder),
        BED_TEST(a_killed_gateway_s_devices_come_back_through_their_forwarder),
        BED_TEST(who_is_not_listed_forwards_nothing),
        BED_TEST(one_node_more_than_allowed_is_told_congestion),
    };
    return cmocka_run_group_tests_name("e2e.forwarder", tests, nullptr, nullptr);
}
