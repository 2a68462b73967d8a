// SPDX-License-Identifier: BSD-3-Clause
//
// Who may share a gateway without disturbing each other: similar client ids, several listeners, IPv4 and
// IPv6, and strangers that send garbage.
#include <random>

#include "bed.hpp"

namespace e2e {
namespace {

// A client id that is a prefix of another is another client.
// SN12-21
void client_ids_that_are_prefixes_of_each_other_are_different_devices(Bed& bed) {
    bed.start();
    const std::vector<std::string> ids{"m", "meter", "meter-1", "meter-10", "METER"};
    for (const std::string& id : ids) {
        UdpDevice& device = bed.device(id);
        device.connect({.clean = false});
        device.subscribe("own/" + id, 1);
    }
    for (const std::string& id : ids) {
        bed.publish("own/" + id, "for " + id, 1);
    }
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const Delivery got = bed.devices[i]->take();
        assert_string_equal(got.payload.c_str(), ("for " + ids[i]).c_str());
    }
    bed.devices[1]->disconnect();
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (i != 1) {
            bed.devices[i]->ping();
            assert_int_equal(bed.devices[i]->inbox.size(), 0);
        }
    }
}

// D05, FAULT-8, FAULT-9, FAULT-10: refused with a code, not with silence.
void impossible_client_ids_are_refused(Bed& bed) {
    bed.start();
    for (const std::string& id :
         {std::string(), std::string(65, 'x'), std::string("bad\xFF"), std::string("a\0b", 3)}) {
        UdpDevice& device = bed.device(id);
        assert_int_equal(device.try_connect({}), ReturnCode::not_supported);
    }
    UdpDevice& longest = bed.device(std::string(64, 'x'));
    longest.connect();
}

void two_listeners_serve_devices_of_one_broker(Bed& bed) {
    bed.gateway.choose_port();
    test::GatewayProcess other;  // only for its port
    other.choose_port();
    bed.gateway.options.listen.push_back("udp://127.0.0.1:" + std::to_string(other.port()));
    bed.start();
    UdpDevice& one = bed.device("one");
    UdpDevice& two = bed.device("two");
    assert_true(two.open(other.port()));
    one.connect();
    two.connect();
    two.subscribe("both", 1);
    one.publish(1, one.register_topic("both"), "across");
    assert_string_equal(two.take().payload.c_str(), "across");
}

void dual_stack_listener_serves_ipv4_and_ipv6(Bed& bed) {
    bed.gateway.options.listen = {"udp://[::]:{port}"};
    bed.start();
    UdpDevice& four = bed.device("four", "127.0.0.1");
    UdpDevice& six = bed.device("six", "::1");
    four.connect();
    six.connect();
    four.subscribe("to/four", 2);
    six.subscribe("to/six", 2);
    four.publish(2, four.register_topic("to/six"), "4 to 6");
    six.publish(2, six.register_topic("to/four"), "6 to 4");
    assert_string_equal(six.take().payload.c_str(), "4 to 6");
    assert_string_equal(four.take().payload.c_str(), "6 to 4");
}

std::vector<std::vector<std::uint8_t>> garbage() {
    std::vector<std::vector<std::uint8_t>> all;
    for (unsigned octet = 0; octet < 256; ++octet) {  // every datagram of one octet
        all.push_back({static_cast<std::uint8_t>(octet)});
    }
    for (unsigned octet = 0; octet < 256; ++octet) {  // every header without a body, in both forms
        all.push_back({2, static_cast<std::uint8_t>(octet)});
        all.push_back({1, 0, 4, static_cast<std::uint8_t>(octet)});
    }
    std::mt19937 random(20261122);
    for (std::size_t i = 0; i < 2000; ++i) {
        std::vector<std::uint8_t> octets(random() % 64);
        for (std::uint8_t& octet : octets) {
            octet = static_cast<std::uint8_t>(random());
        }
        if (!octets.empty() && i % 2 == 0) {  // so that more than the first check is reached
            octets[0] = static_cast<std::uint8_t>(octets.size());
        }
        all.push_back(std::move(octets));
    }
    for (const std::size_t size : {1473U, 9000U, 60000U}) {
        std::vector<std::uint8_t> octets(size, 0x20);
        octets[0] = 1;
        octets[1] = static_cast<std::uint8_t>(size >> 8U);
        octets[2] = static_cast<std::uint8_t>(size);
        octets[3] = 0x0C;
        all.push_back(std::move(octets));
    }
    return all;
}

// D01 to D03, D54: dropped and counted, nothing else changes.
// FAULT-44, FAULT-45, FAULT-47, FAULT-49
void garbage_of_strangers_does_not_disturb_a_connected_device(Bed& bed) {
    bed.start();
    UdpDevice& device = bed.device("good");
    device.connect();
    device.subscribe("calm", 2);
    UdpDevice& stranger = bed.device("stranger");
    for (const auto& octets : garbage()) {
        stranger.send_octets(view(octets));
    }
    const std::uint16_t id = device.register_topic("calm");
    for (int i = 0; i < 3; ++i) {
        device.publish(2, id, "message " + std::to_string(i));
        assert_string_equal(device.take().payload.c_str(), ("message " + std::to_string(i)).c_str());
    }
    while (const Message* const message =
               stranger.receive(50)) {  // what happened to be a question got an answer
        assert_true(message->type == MessageType::disconnect || message->type == MessageType::connack ||
                    message->type == MessageType::pingresp);
    }
}

// The same from the device's own address: malformed octets leave its session alone.
// FAULT-44, FAULT-49
void garbage_of_a_connected_device_leaves_its_session_alone(Bed& bed) {
    bed.start();
    UdpDevice& device = bed.device("good");
    device.connect();
    device.subscribe("calm", 1);
    for (unsigned octet = 0; octet < 256; ++octet) {
        device.send_octets(view(test::Octets{static_cast<std::uint8_t>(octet)}));
        device.send_octets(view(test::Octets{5, static_cast<std::uint8_t>(octet)}));     // Length is wrong
        device.send_octets(view(test::Octets{2, static_cast<std::uint8_t>(octet), 0}));  // octets behind it
    }
    std::vector<std::uint8_t> oversize(4000, 0);
    oversize[0] = 1;
    oversize[1] = static_cast<std::uint8_t>(oversize.size() >> 8U);
    oversize[2] = static_cast<std::uint8_t>(oversize.size() & 0xFFU);
    oversize[3] = 0x0C;
    device.send_octets(view(oversize));
    device.expect_nothing(100);
    bed.publish("calm", "still here", 1);
    assert_string_equal(device.take().payload.c_str(), "still here");
}

// D12, FAULT-31: one DISCONNECT for a stranger's question, and not one for each of a flood.
void strangers_are_told_disconnect_at_a_limited_rate(Bed& bed) {
    bed.start();
    UdpDevice& stranger = bed.device("stranger");
    stranger.send(mqttsn::make_pingreq({}));
    stranger.expect(MessageType::disconnect);
    for (int i = 0; i < 500; ++i) {
        stranger.send(mqttsn::make_pingreq({}));
    }
    std::size_t answers = 0;
    while (stranger.receive(200) != nullptr) {
        ++answers;
    }
    assert_true(answers < 250);
}

}  // namespace
}  // namespace e2e

int main() {
    using namespace e2e;
    const CMUnitTest tests[] = {
        BED_TEST(client_ids_that_are_prefixes_of_each_other_are_different_devices),
        BED_TEST(impossible_client_ids_are_refused),
        BED_TEST(two_listeners_serve_devices_of_one_broker),
        BED_TEST(dual_stack_listener_serves_ipv4_and_ipv6),
        BED_TEST(garbage_of_strangers_does_not_disturb_a_connected_device),
        BED_TEST(garbage_of_a_connected_device_leaves_its_session_alone),
        BED_TEST(strangers_are_told_disconnect_at_a_limited_rate),
    };
    return cmocka_run_group_tests_name("e2e.robustness", tests, nullptr, nullptr);
}
