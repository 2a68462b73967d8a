// SPDX-License-Identifier: BSD-3-Clause
//
// Scenarios in virtual time: networks that cut a device off, give it another address, or deliver copies long
// after their time. How they are read: script.hpp.
#include "sim/script.hpp"
#include "support/cmocka.hpp"

using namespace mqttsn::sim;
using namespace std::chrono_literals;
namespace lossy = mqttsn::lossy;

namespace {

/// Every datagram comes twice, the second time up to so much later.
lossy::LinkSettings copies_within(Micros time, bool up, bool down) {
    lossy::LinkSettings link;
    if (up) {
        link.up.duplicate = lossy::kCertain;
        link.up.reorder_by = time;
    }
    if (down) {
        link.down.duplicate = lossy::kCertain;
        link.down.reorder_by = time;
    }
    return link;
}

DeviceSettings self_driven_settings() {
    DeviceSettings settings;
    settings.client_id = "s1";
    settings.subscribes = true;
    return settings;
}

// ---------------------------------------------------------------- cut off

// SN12-100, D33
void a_partition_longer_than_all_retries_costs_a_connect_and_no_message(void**) {
    Script s;
    auto& sensor = s.device("s1");
    sensor.connect();
    sensor.subscribe(2);
    sensor.publish(0);
    s.application_publishes(sensor, 0);
    s.run_until_quiet();
    s.forget_datagrams();
    s.partition(sensor);
    std::vector<std::uint32_t> up{0};
    std::vector<std::uint32_t> down{1};
    for (const int qos : {1, 2, 2}) {
        up.push_back(sensor.publish(qos));
        down.push_back(s.application_publishes(sensor, qos));
    }
    s.run_for(300s);
    assert_int_equal(s.count(sensor, "> PUBLISH Q1"), 4);  // N_retry + 1, then nothing
    assert_int_equal(s.datagrams_from(sensor), 4);
    assert_int_equal(s.count(sensor, "< PUBLISH Q1"), 4);
    assert_int_equal(s.datagrams_to(sensor), 4);
    assert_int_equal(sensor.state(), MQTTSN_STATE_DISCONNECTED);
    assert_int_equal(s.counters().sessions_lost, 1);
    s.heal(sensor);
    sensor.connect();
    s.run_until_quiet();
    s.assert_published(sensor, up);
    s.assert_messages(sensor, down);
    s.assert_promises_kept();
}

// SN12-102, SN12-112
void a_silent_device_is_lost_after_its_keep_alive_and_the_tolerance(void**) {
    DeviceSettings settings;
    settings.client_id = "s1";
    settings.keep_alive_s = 60;
    Script s;
    auto& sensor = s.device(settings);
    sensor.connect();
    s.partition(sensor);
    s.run_for(89s);
    assert_int_equal(s.counters().sessions_lost, 0);
    s.run_for(2s);
    assert_int_equal(s.counters().sessions_lost, 1);
}

// SN12-99
void a_partition_shorter_than_the_retries_is_bridged_by_them(void**) {
    Script s;
    auto& sensor = s.device("s1");
    sensor.connect();
    sensor.subscribe(2);
    s.partition(sensor);
    const auto up = sensor.publish(2);
    const auto down = s.application_publishes(sensor, 2);
    s.run_for(25s);
    s.heal(sensor);
    s.run_until_quiet();
    s.assert_published(sensor, {up});
    s.assert_messages(sensor, {down});
    assert_int_equal(s.world().statistics(sensor.index()).connects, 1);
}

// ---------------------------------------------------------------- another address

// D10, D12, FAULT-95
void a_nat_that_rebinds_an_active_device_loses_nothing(void**) {
    lossy::LinkSettings link;
    link.rebind.every = 20s;
    DeviceSettings settings = self_driven_settings();
    settings.publish_every = 5s;
    settings.publish_qos = {1, 2};
    DownlinkTraffic downlink;
    downlink.every = 7s;
    downlink.qos = {2, 1};
    Script s;
    s.use_links();
    const std::uint32_t device = s.self_driven(settings, link, downlink);
    s.run_for(300s);
    s.world().stop_traffic();
    s.settle();
    s.assert_promises_kept();
    assert_true(s.counters().takeovers >= 5);
    assert_true(s.world().link_counters(device, lossy::Way::down).unbound > 0);
    assert_true(s.world().ledger().messages().size() > 90);
}

// ---------------------------------------------------------------- late copies

/// `count` messages of QoS 2 both ways, with every datagram delivered twice. @param pause  between two
/// messages
void exactly_once_with_copies(unsigned count, Micros pause, Micros copies, bool up, bool down) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        WorldSettings settings;
        settings.seed = seed;
        Script s(settings);
        s.use_links();
        const std::uint32_t device = s.self_driven(self_driven_settings(), copies_within(copies, up, down));
        s.run_for(10s);
        for (unsigned i = 0; i < count; ++i) {
            s.publish_up(device, 2);
            s.application_publishes(device, 2);
            s.run_for(pause);
        }
        s.settle();
        s.run_until_quiet();
        s.assert_promises_kept();
        for (std::uint32_t number = 0; number < 2 * count; ++number) {
            s.assert_arrivals(number, 1);
        }
    }
}

// D30
void a_qos_2_copy_that_comes_after_pubcomp_is_not_delivered_again_by_the_client(void**) {
    exactly_once_with_copies(12, 5s, 1s, false, true);  // the client knows a copy for one to two seconds
}

// D30
void a_qos_2_copy_that_comes_after_pubcomp_is_not_published_again_by_the_gateway(void**) {
    exactly_once_with_copies(12, 5s, 3s, true, false);
}

// D09, D30, FAULT-55
void copies_of_everything_leave_qos_2_exact(void**) {
    exactly_once_with_copies(12, 5s, 1s, true, true);
}

// 4 messages: fewer than the client remembers (6). 12: fewer than the gateway remembers (16).
// D30
void copies_of_a_short_burst_leave_qos_2_exact_down(void**) {
    exactly_once_with_copies(4, 0s, 900ms, false, true);
}

// D30
void copies_of_a_short_burst_leave_qos_2_exact_up(void**) {
    exactly_once_with_copies(4, 0s, 900ms, true, false);
}

// D30
void copies_of_a_burst_leave_qos_2_exact_up(void**) {
    exactly_once_with_copies(12, 0s, 900ms, true, false);
}

// D30. The library remembers six messages: a copy that the network holds back for more exchanges may come
// as a new one.
void copies_of_a_burst_of_six_leave_qos_2_exact_down(void**) {
    exactly_once_with_copies(6, 0s, 900ms, false, true);
}

// D09
void a_late_copy_of_connect_changes_nothing_when_the_device_has_gone_on(void**) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        WorldSettings settings;
        settings.seed = seed;
        Script s(settings);
        s.use_links();
        const std::uint32_t device = s.self_driven(self_driven_settings(), copies_within(900ms, true, false));
        const auto up = s.publish_up(device, 2);
        s.run_for(2s);
        const auto down = s.application_publishes(device, 2);
        s.run_until_quiet();
        s.assert_arrivals(up, 1);
        s.assert_arrivals(down, 1);
        assert_int_equal(s.counters().links_opened, 1);
        assert_int_equal(s.counters().connects_repeated, 1);
    }
}

/// A device begins a clean session and subscribes; a copy of its CONNECT is under way meanwhile. @returns how
/// often the message came that an application publishes afterwards
unsigned arrivals_after_late_clean_connect(bool late_clean_connects) {
    WorldSettings settings;
    settings.late_clean_connects = late_clean_connects;
    Script s(settings);
    s.use_links();
    auto& sensor = s.device("s1", copies_within(3s, true, false));
    sensor.connect_clean();
    s.world().heal_links();  // only the CONNECT has a copy
    sensor.subscribe(1);
    s.run_for(5s);
    s.assert_that(sensor.state() == MQTTSN_STATE_ACTIVE, "the device is not active");
    const auto number = s.application_publishes(sensor, 1);
    s.run_until_quiet();
    s.assert_promises_kept();
    return s.message(number).arrivals;
}

// D09: the weaker promise of WorldSettings::late_clean_connects
void a_late_copy_of_a_clean_connect_costs_the_subscriptions(void**) {
    assert_int_equal(arrivals_after_late_clean_connect(false), 1);
    // MQTT-SN gives the gateway no means to tell it from a device that was restarted and wants a clean
    // session.
    assert_int_equal(arrivals_after_late_clean_connect(true), 0);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_partition_longer_than_all_retries_costs_a_connect_and_no_message),
        cmocka_unit_test(a_silent_device_is_lost_after_its_keep_alive_and_the_tolerance),
        cmocka_unit_test(a_partition_shorter_than_the_retries_is_bridged_by_them),
        cmocka_unit_test(a_nat_that_rebinds_an_active_device_loses_nothing),
        cmocka_unit_test(a_qos_2_copy_that_comes_after_pubcomp_is_not_delivered_again_by_the_client),
        cmocka_unit_test(a_qos_2_copy_that_comes_after_pubcomp_is_not_published_again_by_the_gateway),
        cmocka_unit_test(copies_of_everything_leave_qos_2_exact),
        cmocka_unit_test(copies_of_a_short_burst_leave_qos_2_exact_down),
        cmocka_unit_test(copies_of_a_short_burst_leave_qos_2_exact_up),
        cmocka_unit_test(copies_of_a_burst_leave_qos_2_exact_up),
        cmocka_unit_test(copies_of_a_burst_of_six_leave_qos_2_exact_down),
        cmocka_unit_test(a_late_copy_of_connect_changes_nothing_when_the_device_has_gone_on),
        cmocka_unit_test(a_late_copy_of_a_clean_connect_costs_the_subscriptions),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
