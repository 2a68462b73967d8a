// SPDX-License-Identifier: BSD-3-Clause
//
// Devices behind forwarders (SN12-113 to SN12-117, D50) as scripts: each has several places (Place), and
// turns up at the next one without a word. The world wraps what they send, and takes nothing of the gateway
// but sound wrappers for nodes that there are.
#include "sim/script.hpp"
#include "support/cmocka.hpp"

using namespace mqttsn;
using namespace mqttsn::sim;
using namespace std::chrono_literals;

namespace {

/// A device with these places, without keep-alive.
DeviceSettings at(const std::string& name, const std::vector<Place>& places) {
    DeviceSettings settings;
    settings.client_id = name;
    settings.keep_alive_s = 0;
    settings.places = places;
    return settings;
}

ScriptDevice& subscribed(Script& s, const DeviceSettings& settings) {
    ScriptDevice& device = s.device(settings);
    device.connect();
    device.subscribe(2);
    device.publish(0);
    s.application_publishes(device, 0);  // now it knows the ids of its topics
    s.run_until_quiet();
    s.forget_datagrams();
    return device;
}

// SN12-113, SN12-117: the answers of one never reach the other, and silence of one is not the other's.
void two_devices_behind_one_forwarder_do_not_disturb_each_other(void**) {
    Script s;
    auto& one = subscribed(s, at("one", {{1, "\1"}}));
    auto& two = subscribed(s, at("two", {{1, "\2"}}));
    s.partition(one);
    const auto first = s.application_publishes(one, 2);
    const auto second = s.application_publishes(two, 2);
    const auto up = two.publish(2);
    s.run_until_quiet();
    s.assert_arrivals(first, 0);
    s.assert_arrivals(second, 1);
    s.assert_arrivals(up, 1);
    assert_int_equal(s.counters().sessions_lost, 1);
    s.heal(one);
    one.connect();
    s.run_until_quiet();
    s.assert_arrivals(first, 1);
    s.assert_promises_kept();
}

// D12, D50: an active device that has moved is told that nobody knows it there; CONNECT moves its session.
void an_active_device_that_moved_connects_and_loses_nothing(void**) {
    for (const std::vector<Place>& places :
         {std::vector<Place>{{1, "a"}, {1, "b"}}, std::vector<Place>{{1, "a"}, {2, "a"}},
          std::vector<Place>{{1, "a"}, {}}, std::vector<Place>{{}, {1, ""}}}) {
        Script s;
        auto& device = subscribed(s, at("s1", places));
        s.move(device);
        const auto missed = s.application_publishes(device, 2);
        s.run_for(1s);
        s.assert_arrivals(missed, 0);
        s.forget_datagrams();
        const auto up = device.publish(2);
        s.run_for(1s);
        s.assert_datagrams(device, "> PUBLISH Q2, < DISCONNECT");
        device.connect();
        s.run_until_quiet();
        s.assert_arrivals(missed, 1);
        s.assert_arrivals(up, 1);
        s.assert_promises_kept();
        assert_int_equal(s.counters().takeovers, 1);
        assert_int_equal(s.world().gateway()->session_count(), 1);
    }
}

// D13: no CONNECT is needed.
void a_sleeper_that_moved_gets_what_waits_by_its_wake_up(void**) {
    Script s;
    auto& device = subscribed(s, at("s1", {{1, "a"}, {2, "a"}, {2, "bb"}, {}}));
    device.sleep(600s);
    for (int turn = 1; turn <= 4; ++turn) {
        s.move(device);
        const auto number = s.application_publishes(device, 1);
        s.run_for(10s);
        s.forget_datagrams();
        device.wake();
        s.assert_datagrams(device, "> PINGREQ s1, < PUBLISH Q1, > PUBACK, < PINGRESP");
        s.assert_arrivals(number, 1);
    }
    assert_int_equal(s.counters().roamed, 4);
}

// D50: the key is forwarder and node id.
void the_same_node_id_behind_another_forwarder_is_another_device(void**) {
    Script s;
    auto& first = subscribed(s, at("first", {{1, "a"}}));
    auto& second = subscribed(s, at("second", {{2, "a"}}));
    const auto one = s.application_publishes(first, 1);
    const auto two = s.application_publishes(second, 1);
    s.run_until_quiet();
    s.assert_arrivals(one, 1);
    s.assert_arrivals(two, 1);
    second.disconnect();
    s.assert_promises_kept();
    assert_int_equal(s.counters().sessions_lost, 0);
}

void a_killed_gateway_learns_its_forwarders_again(void**) {
    Script s;
    auto& one = subscribed(s, at("one", {{1, "\1"}}));
    auto& two = subscribed(s, at("two", {{1, "\2"}}));
    const auto up = one.publish(2);
    s.kill_gateway(2s);
    const auto down = s.application_publishes(two, 2);
    s.run_for(15s);  // its repetition is answered with DISCONNECT
    one.connect();
    two.connect();
    s.run_until_quiet();
    s.assert_arrivals(up, 1);
    s.assert_arrivals(down, 1);
    s.assert_promises_kept();
}

/// Moves at its link's moments, with traffic both ways.
void a_device_that_wanders_between_forwarders_loses_nothing(void**) {
    lossy::LinkSettings link;
    link.rebind.every = 20s;
    DeviceSettings settings = at("s1", {{1, "a"}, {2, "a"}, {}, {1, "b"}});
    settings.keep_alive_s = 60;
    settings.subscribes = true;
    settings.publish_every = 5s;
    settings.publish_qos = {1, 2};
    settings.topic = TopicKind::predefined;
    DownlinkTraffic downlink;
    downlink.every = 7s;
    downlink.qos = {2, 1};
    downlink.topic = settings.topic;
    Script s;
    s.use_links();
    const std::uint32_t device = s.self_driven(settings, link, downlink);
    s.run_for(300s);
    s.world().stop_traffic();
    s.settle();
    s.assert_promises_kept();
    assert_true(s.counters().takeovers >= 5);
    assert_true(s.counters().forwarded_received > 50);
    assert_true(s.world().link_counters(device, lossy::Way::down).unbound > 0);
    assert_true(s.world().ledger().messages().size() > 90);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(two_devices_behind_one_forwarder_do_not_disturb_each_other),
        cmocka_unit_test(an_active_device_that_moved_connects_and_loses_nothing),
        cmocka_unit_test(a_sleeper_that_moved_gets_what_waits_by_its_wake_up),
        cmocka_unit_test(the_same_node_id_behind_another_forwarder_is_another_device),
        cmocka_unit_test(a_killed_gateway_learns_its_forwarders_again),
        cmocka_unit_test(a_device_that_wanders_between_forwarders_loses_nothing),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
