// SPDX-License-Identifier: BSD-3-Clause
//
// The world (tests/sim/world.hpp): the same seed is the same run, faults and scripts do what they say, the
// gateway's memory is accounted for, and a world that cannot keep its promises says so. Needs
// heap_operators.cpp.
#include "sim/world.hpp"

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include "sim/heap_account.hpp"
#include "support/cmocka.hpp"

using namespace mqttsn;
using namespace mqttsn::sim;

namespace {

constexpr Micros kSecond{1'000'000};

DeviceSettings publisher(const char* client_id = "dev") {
    DeviceSettings device;
    device.client_id = client_id;
    device.publish_qos = {0, 1, 2};
    device.publish_every = 3 * kSecond;
    device.publish_jitter = kSecond;
    device.subscribes = true;
    device.retry_interval_ms = 1000;
    return device;
}

lossy::LinkSettings bad_link() {
    lossy::LinkSettings link;
    for (const auto way : {&lossy::LinkSettings::up, &lossy::LinkSettings::down}) {
        (link.*way).loss = lossy::percent(15);
        (link.*way).duplicate = lossy::percent(5);
        (link.*way).delay = Micros{20'000};
        (link.*way).jitter = Micros{20'000};
    }
    return link;
}

DownlinkTraffic downlink() {
    DownlinkTraffic traffic;
    traffic.every = 4 * kSecond;
    traffic.jitter = kSecond;
    traffic.qos = {0, 1, 2};
    return traffic;
}

WorldSettings quick_world(std::uint64_t seed = 1) {
    WorldSettings settings;
    settings.seed = seed;
    settings.gateway.retry.interval_ms = 1000;
    return settings;
}

// ---- the same run again

struct TraceFile {
    std::FILE* file = std::tmpfile();
};

int open_trace(void** state) {
    *state = new TraceFile;
    return 0;
}
int close_trace(void** state) {
    const std::unique_ptr<TraceFile> trace(static_cast<TraceFile*>(*state));
    std::fclose(trace->file);
    return 0;
}

/// What happened in two minutes with faults, line by line.
std::string trace_of(std::FILE* file, std::uint64_t seed) {
    std::rewind(file);
    World world(quick_world(seed));
    world.set_trace(file);
    world.add_device(publisher("one"), bad_link(), downlink());
    world.add_device(publisher("two"), bad_link(), downlink());
    world.at(30 * kSecond, [&] { world.kill_gateway(2 * kSecond); });
    world.at(60 * kSecond, [&] { world.crash_broker(2 * kSecond, true); });
    world.at(90 * kSecond, [&] { world.cut_broker_connections(lossy::percent(50)); });
    world.run_until(120 * kSecond);
    std::string text(static_cast<std::size_t>(std::ftell(file)), '\0');
    std::rewind(file);
    text.resize(std::fread(text.data(), 1, text.size(), file));
    return text;
}

void the_same_seed_is_the_same_run_octet_by_octet(void** state) {
    std::FILE* const file = static_cast<TraceFile*>(*state)->file;
    const std::string first = trace_of(file, 42);
    assert_true(first.size() > 10'000);
    assert_true(first == trace_of(file, 42));
}

void another_seed_is_another_run(void** state) {
    std::FILE* const file = static_cast<TraceFile*>(*state)->file;
    assert_true(trace_of(file, 42) != trace_of(file, 43));
}

void what_a_run_did_before_does_not_depend_on_how_it_was_cut_into_pieces(void**) {
    const auto steps_of = [](Micros piece) {
        World world(quick_world());
        world.add_device(publisher(), bad_link(), downlink());
        while (world.now() < 60 * kSecond) {
            world.run_for(piece);
        }
        return world.steps();
    };
    assert_int_equal(steps_of(60 * kSecond), steps_of(Micros{250'000}));
}

// ---- scripts

void messages_go_both_ways(void**) {
    World world(quick_world());
    DeviceSettings device = publisher();
    device.publish_every = Micros{0};
    world.add_device(device, {});
    world.run_for(kSecond);
    assert_int_equal(world.device_state(0), MQTTSN_STATE_ACTIVE);
    const std::uint32_t up = world.publish_up(0, 2);
    const std::uint32_t down = world.publish_down(0, 1);
    assert_string_equal(world.unsettled().c_str(), "dev has messages to send");
    world.settle(10 * kSecond);
    world.check_delivered();
    assert_int_equal(world.ledger().at(up).arrivals, 1);
    assert_int_equal(world.ledger().at(down).arrivals, 1);
    assert_int_equal(world.statistics(0).connects, 1);
}

void a_manual_device_does_what_the_script_says_and_nothing_else(void**) {
    World world(quick_world());
    world.add_device(publisher(), {});
    world.set_manual(0);
    world.run_for(10 * kSecond);
    assert_int_equal(world.device_state(0), MQTTSN_STATE_DISCONNECTED);
    assert_int_equal(mqttsn_connect(&world.client(0), false), MQTTSN_OK);
    world.touch(0);
    world.run_for(kSecond);
    assert_int_equal(world.device_state(0), MQTTSN_STATE_ACTIVE);
    assert_int_equal(mqttsn_disconnect(&world.client(0)), MQTTSN_OK);
    world.touch(0);
    world.run_for(60 * kSecond);
    assert_int_equal(world.device_state(0), MQTTSN_STATE_DISCONNECTED);
}

void set_loss_decides_each_datagram(void**) {
    World world(quick_world());
    world.add_device(publisher(), {});
    int asked = 0;
    world.set_loss([&](std::uint32_t, Way, Bytes) {
        ++asked;
        return true;
    });
    world.run_for(30 * kSecond);
    assert_true(asked > 3);
    assert_int_equal(world.gateway_counters().datagrams_received, 0);
    assert_int_equal(world.link_counters(0, Way::up).datagrams, 0);
    world.set_loss({});
    world.run_for(30 * kSecond);
    assert_true(world.gateway_counters().datagrams_received > 0);
    assert_true(world.link_counters(0, Way::up).datagrams > 0);
}

void settings_that_cannot_work_are_refused(void**) {
    const auto refused = [](const DeviceSettings& device, const DownlinkTraffic& traffic) {
        World world(quick_world());
        try {
            world.add_device(device, {}, traffic);
        } catch (const std::invalid_argument&) {
            return true;
        }
        return false;
    };
    DeviceSettings device = publisher();
    device.topic = TopicKind::predefined;
    assert_false(refused(device, {}));
    device.topics = 9;
    assert_true(refused(device, {}));
    device.topics = 1;
    DownlinkTraffic traffic;
    traffic.topics = 1000;
    assert_true(refused(device, traffic));
}

// ---- faults

void a_killed_gateway_is_away_and_comes_back_without_memory(void**) {
    World world(quick_world());
    world.add_device(publisher(), {}, downlink());
    world.run_for(20 * kSecond);
    const std::uint64_t received = world.gateway_counters().datagrams_received;
    world.kill_gateway(5 * kSecond);
    assert_null(world.gateway());
    world.run_for(4 * kSecond);
    assert_null(world.gateway());
    world.run_for(2 * kSecond);
    assert_non_null(world.gateway());
    assert_true(world.gateway_counters().datagrams_received >= received);
    assert_true(world.gateway()->counters().datagrams_received < received);
    world.run_for(20 * kSecond);
    world.stop_traffic();
    world.settle(60 * kSecond);
    world.check_delivered();
    assert_true(world.statistics(0).connects >= 2);
}

void a_device_that_reboots_without_its_memory_is_excused_for_what_it_held(void**) {
    World world(quick_world());
    DeviceSettings device = publisher();
    device.publish_every = Micros{0};
    world.add_device(device, {});
    world.run_for(kSecond);
    world.set_loss([](std::uint32_t, Way, Bytes) { return true; });
    const std::uint32_t number = world.publish_up(0, 1);
    world.run_for(kSecond);
    world.reboot_device(0, kSecond, false, false);
    world.set_loss({});
    world.settle(60 * kSecond);
    world.check_delivered();
    assert_int_equal(world.ledger().at(number).arrivals, 0);
    assert_true((world.ledger().at(number).excuses & kMayBeLost) != 0);
}

void healed_links_lose_nothing(void**) {
    World world(quick_world());
    world.add_device(publisher(), bad_link(), downlink());
    world.run_for(60 * kSecond);
    world.heal_links();
    const auto lost = [&] {
        return world.link_counters(0, Way::up).lost + world.link_counters(0, Way::down).lost;
    };
    const std::uint64_t before = lost();
    assert_true(before > 0);
    world.run_for(120 * kSecond);
    assert_int_equal(lost(), before);
}

// ---- the end

void a_world_that_does_not_settle_says_what_is_stuck(void**) {
    World world(quick_world());
    world.add_device(publisher(), {});
    world.run_for(5 * kSecond);
    world.set_loss([](std::uint32_t, Way, Bytes) { return true; });
    world.publish_up(0, 1);
    world.stop_traffic();
    std::string why;
    try {
        world.settle(30 * kSecond);
    } catch (const CheckFailed& failed) {
        why = failed.what();
    }
    assert_true(why.starts_with("stuck: dev has messages to send (at "));
    assert_true(why.find('\n') == std::string::npos);
}

// FAULT-89
void devices_that_leave_are_forgotten_and_the_gateways_memory_returns(void**) {
    World world(quick_world());
    const std::int64_t at_start = heap_account().blocks;
    assert_true(at_start > 0);  // the program counts
    for (const char* const client_id : {"one", "two", "three"}) {
        world.add_device(publisher(client_id), bad_link(), downlink());
    }
    world.run_for(60 * kSecond);
    assert_true(heap_account().blocks > at_start);
    world.heal_links();
    world.stop_traffic();
    world.settle(300 * kSecond);
    world.check_all_forgotten(300 * kSecond);
    assert_int_equal(world.gateway()->session_count(), 0);
    assert_int_equal(world.broker().session_count(), 0);
}

// FAULT-89
void all_of_the_gateways_memory_goes_with_its_world(void**) {
    const std::int64_t before = heap_account().blocks;
    {
        World world(quick_world());
        world.add_device(publisher(), bad_link(), downlink());
        world.run_for(60 * kSecond);
        world.kill_gateway(kSecond);
        world.run_for(10 * kSecond);
    }
    assert_int_equal(heap_account().blocks, before);
}

void a_device_that_cannot_leave_shows(void**) {
    World world(quick_world());
    world.add_device(publisher(), {});
    world.run_for(5 * kSecond);
    world.set_loss([](std::uint32_t, Way way, Bytes) { return way == Way::down; });
    std::string why;
    try {
        world.check_all_forgotten(20 * kSecond);
    } catch (const CheckFailed& failed) {
        why = failed.what();
    }
    assert_true(why.starts_with("all devices have gone, and the gateway still has 1 sessions and 1 links"));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_same_seed_is_the_same_run_octet_by_octet, open_trace,
                                        close_trace),
        cmocka_unit_test_setup_teardown(another_seed_is_another_run, open_trace, close_trace),
        cmocka_unit_test(what_a_run_did_before_does_not_depend_on_how_it_was_cut_into_pieces),
        cmocka_unit_test(messages_go_both_ways),
        cmocka_unit_test(a_manual_device_does_what_the_script_says_and_nothing_else),
        cmocka_unit_test(set_loss_decides_each_datagram),
        cmocka_unit_test(settings_that_cannot_work_are_refused),
        cmocka_unit_test(a_killed_gateway_is_away_and_comes_back_without_memory),
        cmocka_unit_test(a_device_that_reboots_without_its_memory_is_excused_for_what_it_held),
        cmocka_unit_test(healed_links_lose_nothing),
        cmocka_unit_test(a_world_that_does_not_settle_says_what_is_stuck),
        cmocka_unit_test(devices_that_leave_are_forgotten_and_the_gateways_memory_returns),
        cmocka_unit_test(all_of_the_gateways_memory_goes_with_its_world),
        cmocka_unit_test(a_device_that_cannot_leave_shows),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
