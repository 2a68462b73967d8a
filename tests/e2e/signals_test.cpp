// SPDX-License-Identifier: BSD-3-Clause
//
// SIGTERM and SIGINT end the gateway properly, whatever is going on; SIGHUP changes what may change at run
// time and disturbs nobody.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "bed.hpp"

namespace e2e {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kStatusTopic = "mqttsn/gateway/1/status";
constexpr auto kStopMax = std::chrono::milliseconds(5000);

/// Exit code 0 within 5 s of the signal.
void assert_stops(Bed& bed, int signal = SIGTERM) {
    const auto before = Clock::now();
    ::kill(bed.gateway.pid(), signal);
    assert_int_equal(bed.gateway.wait(15000).value_or(-1), 0);
    assert_true(Clock::now() - before < kStopMax);
}

void connect_devices(Bed& bed, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        bed.device("dev-" + std::to_string(i)).connect({.clean = false});
    }
}

void await_status(Bed& bed, const std::string& status) {
    assert_true(wait_until(test::kAnswerMs,
                           [&] { return test::retained_message(bed.broker, kStatusTopic) == status; }));
}

// SN12-98: active devices hear it; a sleeper would not, and learns it when it wakes up.
void sigterm_says_disconnect_to_active_devices_and_offline_to_the_broker(Bed& bed) {
    bed.start();
    connect_devices(bed, 20);
    UdpDevice& sleeper = bed.device("sleeper");
    sleeper.connect({.clean = false});
    sleeper.sleep(600);
    await_status(bed, "online");
    assert_stops(bed);
    for (const auto& device : bed.devices) {
        if (device.get() != &sleeper) {
            device->expect(MessageType::disconnect);
            bed.await_broker_log("Received DISCONNECT from " + device->client_id());
        }
    }
    assert_null(sleeper.receive(0));
    bed.await_broker_log("Received DISCONNECT from sleeper");
    await_status(bed, "offline");
    assert_true(bed.gateway.wait_for_log("stopped"));
}

void sigint_stops_as_sigterm(Bed& bed) {
    bed.start();
    connect_devices(bed, 2);
    await_status(bed, "online");
    assert_stops(bed, SIGINT);
    bed.devices[0]->expect(MessageType::disconnect);
    await_status(bed, "offline");
}

void status_becomes_offline_when_the_gateway_is_killed(Bed& bed) {
    bed.start();
    await_status(bed, "online");
    bed.gateway.kill();
    await_status(bed, "offline");
}

void sigterm_ends_within_5s_although_the_broker_is_stopped(Bed& bed) {
    bed.start();
    assert_true(bed.gateway.wait_for_log("gateway's own session is up"));
    connect_devices(bed, 10);
    const std::uint16_t id = bed.devices[0]->register_topic("up/x");
    bed.broker.pause();
    bed.devices[0]->send_publish(1, id, 900, "pending");
    UdpDevice& newcomer = bed.device("newcomer");  // waits for the broker
    newcomer.send(mqttsn::make_connect(Flags{}, 60, view("newcomer")));
    bed.devices[0]->ping();
    assert_stops(bed);
    for (std::size_t i = 0; i < 10; ++i) {
        bed.devices[i]->await(MessageType::disconnect);
    }
    assert_int_equal(newcomer.expect(MessageType::connack).return_code, ReturnCode::congestion);
}

void sigterm_ends_within_5s_without_any_broker(Bed& bed) {
    bed.start();
    connect_devices(bed, 3);
    bed.broker.kill();
    assert_true(bed.gateway.wait_for_log("broker connection lost", 3));
    assert_stops(bed);
}

// Traffic in both directions when the signal comes.
// FAULT-104
void sigterm_ends_within_5s_under_load(Bed& bed) {
    bed.start();
    connect_devices(bed, 20);
    std::vector<std::uint16_t> ids;
    for (const auto& device : bed.devices) {
        device->subscribe("load/#", 1);
        ids.push_back(device->register_topic("up/" + device->client_id()));
    }
    std::string lines;
    for (const std::string& line : numbered("load", 3000)) {
        lines += line + "\n";
    }
    assert_true(test::write_file(bed.folder.file("lines"), lines));
    assert_true(
        test::start_broker_publisher(bed.process(), bed.broker, "load/x", bed.folder.file("lines"), 1));
    bed.devices[0]->take();
    for (int round = 0; round < 20; ++round) {
        for (std::size_t i = 0; i < bed.devices.size(); ++i) {
            bed.devices[i]->send_publish(0, ids[i], 0, "load");
            bed.devices[i]->drain(0);
        }
    }
    assert_stops(bed);
    for (const auto& device : bed.devices) {
        device->await(MessageType::disconnect);
    }
}

// No new life for a device while the gateway is on its way out; a second signal ends it at once.
// FAULT-104
void second_sigterm_does_not_wait(Bed& bed) {
    bed.start();
    connect_devices(bed, 1);
    bed.broker.pause();
    ::kill(bed.gateway.pid(), SIGTERM);
    assert_true(bed.gateway.wait_for_log("stopping"));
    const auto before = Clock::now();
    std::this_thread::sleep_for(
        std::chrono::milliseconds(150));  // at once, it would be taken for the same wish
    ::kill(bed.gateway.pid(), SIGTERM);
    assert_int_equal(bed.gateway.wait(10000).value_or(-1), 1);
    assert_true(Clock::now() - before < kStopMax);
}

// FAULT-105: what would end a process by default does not, reloading over and over disturbs nobody, and no
// wake-up is lost.
void a_storm_of_signals_disturbs_nobody(Bed& bed) {
    bed.start();
    Observer& witness = bed.observe({"storm"});
    UdpDevice& device = bed.device("dev");
    device.connect();
    const std::uint16_t id = device.register_topic("storm");
    constexpr int kRounds = 40;
    for (int round = 0; round < kRounds; ++round) {
        for (const int number : {SIGUSR1, SIGUSR2, SIGPIPE, SIGHUP, SIGCHLD, SIGCONT, SIGWINCH}) {
            ::kill(bed.gateway.pid(), number);
        }
        device.publish(static_cast<mqttsn::Qos>(round % 3), id, "storm-" + std::to_string(round));
    }
    assert_true(witness.wait_for(kRounds));
    assert_int_equal(witness.payloads().size(), kRounds);
    assert_true(bed.gateway.wait_for_log("config reloaded"));
    device.ping();
    assert_int_equal(test::count_of(bed.broker.log_text(), " as dev "), 1);
}

// FAULT-88, FAULT-103: who is connected stays, who comes is told congestion, the config that cannot be read
// changes nothing; and all of it passes.
void without_free_descriptors_nobody_is_lost(Bed& bed) {
    bed.gateway.options.sections = "[[predefined_topic]]\nid = 1\ntopic = \"fixed/one\"\n";
    bed.start();
    await_status(bed, "online");
    UdpDevice& device = bed.device("dev");
    device.connect();
    assert_true(bed.gateway.wait_until_idle());
    bed.gateway.allow_new_descriptors(false);
    UdpDevice& late = bed.device("late");
    assert_int_equal(late.try_connect({}), ReturnCode::congestion);
    bed.gateway.hang_up();
    assert_true(bed.gateway.wait_for_log("config not reloaded"));
    device.publish(1, 1, "still there", TopicIdType::predefined);
    bed.gateway.allow_new_descriptors(true);
    assert_int_equal(late.try_connect({}), ReturnCode::accepted);
    bed.gateway.hang_up();
    assert_true(bed.gateway.wait_for_log("config reloaded"));
    device.publish(1, 1, "all the time", TopicIdType::predefined);
    assert_int_equal(test::count_of(bed.broker.log_text(), " as dev "), 1);
}

// FAULT-106: only a loop that turns says that it is alive.
void the_service_manager_hears_ready_alive_and_stopping(Bed& bed) {
    const std::string name = bed.folder.file("notify");
    assert_true(bed.manager.open(name));
    bed.start_broker();  // it knows the protocol, too
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    ::setenv("WATCHDOG_USEC", "100000", 1);
    bed.start_gateway();
    ::unsetenv("NOTIFY_SOCKET");
    ::unsetenv("WATCHDOG_USEC");
    std::string word = bed.manager.receive();
    while (word == "WATCHDOG=1") {
        word = bed.manager.receive();
    }
    assert_string_equal(word.c_str(), "READY=1");
    for (int i = 0; i < 3; ++i) {
        assert_string_equal(bed.manager.receive().c_str(), "WATCHDOG=1");
    }
    bed.gateway.pause();
    while (!bed.manager.receive(0).empty()) {
    }
    assert_string_equal(bed.manager.receive(300).c_str(), "");
    bed.gateway.resume();
    assert_string_equal(bed.manager.receive().c_str(), "WATCHDOG=1");
    assert_stops(bed);
    do {
        word = bed.manager.receive();
    } while (word == "WATCHDOG=1");
    assert_string_equal(word.c_str(), "STOPPING=1");
}

void sighup_changes_predefined_topics_and_log_level_without_dropping_sessions(Bed& bed) {
    bed.gateway.options.sections = "[[predefined_topic]]\nid = 1\ntopic = \"fixed/old\"\n";
    bed.start();
    Observer& witness = bed.observe({"fixed/#"});
    UdpDevice& device = bed.device("dev");
    device.connect();
    device.subscribe("down/x", 1);
    device.publish(1, 1, "to the old one", TopicIdType::predefined);
    assert_int_equal(test::count_of(bed.gateway.log_text(), " debug "), 0);
    bed.gateway.options.sections =
        "[[predefined_topic]]\nid = 1\ntopic = \"fixed/new\"\n"
        "[[predefined_topic]]\nid = 2\ntopic = \"fixed/two\"\n";
    bed.gateway.options.log_level = "debug";
    assert_true(bed.gateway.write_config());
    bed.gateway.hang_up();
    assert_true(bed.gateway.wait_for_log("config reloaded"));
    device.publish(1, 1, "to the new one", TopicIdType::predefined);
    device.publish(1, 2, "to the second", TopicIdType::predefined);
    device.send_publish(1, 3, 950, "nowhere", false, TopicIdType::predefined);
    assert_int_equal(device.expect(MessageType::puback).return_code, ReturnCode::invalid_topic_id);
    assert_true(bed.gateway.wait_for_log(" debug "));
    bed.publish("down/x", "still subscribed", 1);
    assert_string_equal(device.take().payload.c_str(), "still subscribed");
    assert_true(witness.wait_for(3));
    assert_true(same_list(witness.payloads("fixed/old"), {"to the old one"}));
    assert_true(same_list(witness.payloads("fixed/new"), {"to the new one"}));
    assert_true(same_list(witness.payloads("fixed/two"), {"to the second"}));
    assert_int_equal(test::count_of(bed.broker.log_text(), " as dev "), 1);  // one connection all the time
}

// FAULT-103
void sighup_with_a_broken_config_keeps_the_old_one(Bed& bed) {
    const std::string good = "[[predefined_topic]]\nid = 1\ntopic = \"fixed/old\"\n";
    bed.gateway.options.sections = good;
    bed.start();
    Observer& witness = bed.observe({"fixed/#"});
    UdpDevice& device = bed.device("dev");
    device.connect();
    bed.gateway.options.sections = good + "[[predefined_topic]]\nid = 0\ntopic = \"fixed/none\"\n";
    assert_true(bed.gateway.write_config());
    bed.gateway.hang_up();
    assert_true(bed.gateway.wait_for_log("config not reloaded"));
    assert_true(bed.gateway.wait_for_log("predefined_topic.id"));
    device.publish(1, 1, "as before", TopicIdType::predefined);
    assert_true(witness.wait_for(1));
    bed.gateway.options.sections = good;
    bed.gateway.options.retry_interval = "7s";  // needs a restart: said, not done
    assert_true(bed.gateway.write_config());
    bed.gateway.hang_up();
    assert_true(bed.gateway.wait_for_log("retry.interval"));
    assert_true(bed.gateway.wait_for_log("config reloaded"));
    device.ping();
}

}  // namespace
}  // namespace e2e

int main() {
    using namespace e2e;
    const CMUnitTest tests[] = {
        BED_TEST(sigterm_says_disconnect_to_active_devices_and_offline_to_the_broker),
        BED_TEST(sigint_stops_as_sigterm),
        BED_TEST(status_becomes_offline_when_the_gateway_is_killed),
        BED_TEST(sigterm_ends_within_5s_although_the_broker_is_stopped),
        BED_TEST(sigterm_ends_within_5s_without_any_broker),
        BED_TEST(sigterm_ends_within_5s_under_load),
        BED_TEST(second_sigterm_does_not_wait),
        BED_TEST(a_storm_of_signals_disturbs_nobody),
        BED_TEST(without_free_descriptors_nobody_is_lost),
        BED_TEST(the_service_manager_hears_ready_alive_and_stopping),
        BED_TEST(sighup_changes_predefined_topics_and_log_level_without_dropping_sessions),
        BED_TEST(sighup_with_a_broken_config_keeps_the_old_one),
    };
    return cmocka_run_group_tests_name("e2e.signals", tests, nullptr, nullptr);
}
