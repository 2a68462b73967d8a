// SPDX-License-Identifier: BSD-3-Clause
//
// Many devices at once on one gateway.
#include "bed.hpp"

namespace e2e {
namespace {

constexpr std::size_t kDevices = 200;
constexpr std::size_t kRounds = 5;

std::string topic_of(std::size_t index) {
    return "many/" + std::to_string(index);
}

/// All CONNECTs are on the way before the first CONNACK is read.
void connect_all(Bed& bed) {
    const auto flags = Flags{}.with_clean_session(true);
    for (std::size_t i = 0; i < kDevices; ++i) {
        UdpDevice& device = bed.device("dev-" + std::to_string(i));
        device.send(mqttsn::make_connect(flags, 60, view(device.client_id())));
    }
    for (const auto& device : bed.devices) {
        assert_int_equal(device->expect(MessageType::connack, 30000).return_code, ReturnCode::accepted);
    }
}

// Each device publishes to its right neighbour's topic, all at the same time: nothing is lost, nothing comes
// twice, in order, and nobody sees what is for somebody else.
// SN12-02, SN12-119
void devices_200_exchange_qos1_messages_and_nobody_sees_anothers(Bed& bed) {
    bed.start();
    connect_all(bed);
    std::vector<std::uint16_t> neighbour;
    for (std::size_t i = 0; i < kDevices; ++i) {
        bed.devices[i]->subscribe(topic_of(i), 1);
        neighbour.push_back(bed.devices[i]->register_topic(topic_of((i + 1) % kDevices)));
    }
    for (std::size_t round = 0; round < kRounds; ++round) {
        for (std::size_t i = 0; i < kDevices; ++i) {
            UdpDevice& device = *bed.devices[i];
            device.send_publish(1, neighbour[i], device.next_message_id(),
                                "from " + std::to_string(i) + " " + std::to_string(round));
        }
        for (const auto& device : bed.devices) {
            assert_int_equal(device->await(MessageType::puback, 30000).return_code, ReturnCode::accepted);
        }
    }
    for (std::size_t i = 0; i < kDevices; ++i) {
        const std::string from = std::to_string((i + kDevices - 1) % kDevices);
        std::vector<std::string> wanted;
        for (std::size_t round = 0; round < kRounds; ++round) {
            wanted.push_back("from " + from + " " + std::to_string(round));
        }
        assert_true(bed.devices[i]->collect(kRounds));
        assert_true(same_list(payloads_of(bed.devices[i]->inbox), wanted));
        assert_string_equal(bed.devices[i]->inbox[0].topic.c_str(), topic_of(i).c_str());
    }
}

// One message of the broker to all of them.
void one_message_reaches_200_devices_once_each(Bed& bed) {
    bed.start();
    connect_all(bed);
    for (const auto& device : bed.devices) {
        device->subscribe("many/#", 2);
    }
    bed.publish("many/all", "hello", 2);
    for (const auto& device : bed.devices) {
        assert_true(device->collect(1));
        assert_string_equal(device->inbox[0].payload.c_str(), "hello");
    }
    for (const auto& device : bed.devices) {
        device->drain(0);
        assert_int_equal(device->inbox.size(), 1);
    }
}

// Sessions and connections end with their devices.
// SN12-02
void gateway_keeps_nothing_open_after_200_devices_have_gone(Bed& bed) {
    bed.start();
    assert_true(bed.gateway.wait_for_log("gateway's own session is up"));
    UdpDevice& first = bed.device("first");  // what the libraries open once is open from then on
    first.connect();
    first.disconnect();
    bed.devices.clear();
    bed.await_broker_log("Received DISCONNECT from first");
    assert_true(bed.gateway.wait_until_idle());
    const std::size_t before = bed.gateway.descriptor_count();
    connect_all(bed);
    assert_true(bed.gateway.descriptor_count() >= before + kDevices);
    for (const auto& device : bed.devices) {
        device->disconnect();
    }
    assert_true(wait_until(test::kAnswerMs, [&] { return bed.gateway.descriptor_count() <= before; }));
}

}  // namespace
}  // namespace e2e

int main() {
    using namespace e2e;
    const CMUnitTest tests[] = {
        BED_TEST(devices_200_exchange_qos1_messages_and_nobody_sees_anothers),
        BED_TEST(one_message_reaches_200_devices_once_each),
        BED_TEST(gateway_keeps_nothing_open_after_200_devices_have_gone),
    };
    return cmocka_run_group_tests_name("e2e.many_devices", tests, nullptr, nullptr);
}
