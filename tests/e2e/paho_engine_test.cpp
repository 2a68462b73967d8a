// SPDX-License-Identifier: BSD-3-Clause
//
// engine = "paho" in the whole gateway: what is different from the engine `direct`. What is the same is
// tested by the other end-to-end tests, which run with it too (see CMakeLists.txt).
#include "bed.hpp"
#include "support/ws_bridge.hpp"

namespace e2e {
namespace {

constexpr std::size_t kLinksMax = 500;
constexpr std::size_t kAtOnce = 100;

/// Owned here, because a failed assert leaves a test body by longjmp.
test::WsBridge* g_bridge = nullptr;

void start_with_paho(Bed& bed, const std::string& more = "") {
    bed.gateway.options.broker_keys = "engine = \"paho\"\n" + more;
    bed.start();
}

// Design section 4: at most 500; the next one is told "congestion" (SN12-15) and nobody else notices.
void device_501_gets_congestion_and_the_500_go_on(Bed& bed) {
    start_with_paho(bed);
    const auto flags = Flags{}.with_clean_session(true);
    for (std::size_t i = 0; i < kLinksMax; i += kAtOnce) {  // one by one, each would take a second
        for (std::size_t k = i; k < i + kAtOnce; ++k) {
            UdpDevice& device = bed.device("dev-" + std::to_string(k));
            device.send(mqttsn::make_connect(flags, 600, view(device.client_id())));
        }
        for (std::size_t k = i; k < i + kAtOnce; ++k) {
            assert_int_equal(bed.devices[k]->expect(MessageType::connack, 30000).return_code,
                             ReturnCode::accepted);
        }
    }
    UdpDevice& late = bed.device("late");
    late.send(mqttsn::make_connect(flags, 60, view(late.client_id())));
    assert_int_equal(late.expect(MessageType::connack, 30000).return_code, ReturnCode::congestion);
    assert_true(bed.gateway.wait_for_log("the engine paho is full: 500 connections"));
    for (std::size_t i = 0; i < kLinksMax; i += 50) {
        UdpDevice& device = *bed.devices[i];
        const std::uint16_t id = device.register_topic("up/" + device.client_id());
        device.publish(2, id, "still here");
    }
    // When one has gone there is room.
    bed.devices[7]->disconnect();
    assert_true(wait_until(30000, [&] {
        late.send(mqttsn::make_connect(flags, 60, view(late.client_id())));
        return late.expect(MessageType::connack, 30000).return_code == ReturnCode::accepted;
    }));
}

void device_talks_to_a_broker_behind_websocket(Bed& bed) {
    bed.start_broker();
    assert_true(g_bridge->start(bed.broker.port(), "/mqtt"));
    bed.gateway.options.broker_url = "ws://127.0.0.1:" + std::to_string(g_bridge->port()) + "/mqtt";
    bed.gateway.options.broker_keys = "engine = \"paho\"\n";
    bed.start_gateway();
    assert_true(bed.gateway.wait_for_log("gateway's own session is up"));  // it goes the same way
    Observer& witness = bed.observe({"up/#"});
    UdpDevice& device = bed.device("dev");
    device.connect();
    device.subscribe("down/x", 2);
    const std::uint16_t id = device.register_topic("up/x");
    for (const mqttsn::Qos qos : {mqttsn::Qos{0}, mqttsn::Qos{1}, mqttsn::Qos{2}}) {
        device.publish(qos, id, "up " + std::to_string(qos));
        bed.publish("down/x", "down " + std::to_string(qos), qos);
        assert_string_equal(device.take().payload.c_str(), ("down " + std::to_string(qos)).c_str());
    }
    assert_true(witness.wait_for(3));
    assert_true(same_list(witness.payloads(), {"up 0", "up 1", "up 2"}));
    assert_int_equal(g_bridge->faults(), 0);
    assert_int_equal(g_bridge->upgrades(), 2);
}

// MQTT 5 towards the broker, the same towards the device.
void device_talks_mqtt5_to_the_broker(Bed& bed) {
    start_with_paho(bed, "version = \"5\"\n");
    UdpDevice& device = bed.device("dev");
    device.connect({.clean = false});
    bed.await_broker_log("as dev (p5, c0,");
    device.subscribe("down/x", 1);
    device.disconnect();
    bed.await_broker_log("Received DISCONNECT from dev");
    bed.publish("down/x", "kept", 1);
    device.connect({.clean = false});
    assert_string_equal(device.take().payload.c_str(), "kept");
}

/// Owns g_bridge for one test.
int set_up_bridge(void** state) {
    g_bridge = new test::WsBridge;
    return set_up(state);
}
int tear_down_bridge(void** state) {
    const int result = tear_down(state);
    delete g_bridge;
    g_bridge = nullptr;
    return result;
}

}  // namespace
}  // namespace e2e

int main() {
    using namespace e2e;
    const CMUnitTest tests[] = {
        BED_TEST(device_501_gets_congestion_and_the_500_go_on),
        {"device_talks_to_a_broker_behind_websocket", run<device_talks_to_a_broker_behind_websocket>,
         set_up_bridge, tear_down_bridge, nullptr},
        BED_TEST(device_talks_mqtt5_to_the_broker),
    };
    return cmocka_run_group_tests_name("e2e.paho_engine", tests, nullptr, nullptr);
}
