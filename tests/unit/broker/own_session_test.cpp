// SPDX-License-Identifier: BSD-3-Clause
//
// The gateway's own session against a real mosquitto: status and will, publishing, reconnecting, stopping.
#include "gateway/broker/own_session.hpp"

#include <memory>
#include <string>

#include "mini_subscriber.hpp"
#include "own_session_harness.hpp"
#include "support/cmocka.hpp"
#include "support/free_port.hpp"
#include "support/mosquitto.hpp"
#include "tcp_relay.hpp"

namespace {

using mqttsn::gateway::OwnSessionOptions;

constexpr const char* kStatus = "mqttsn/gateway/1/status";

struct Bench {
    test::Mosquitto broker;
    std::unique_ptr<test::TcpRelay> relay;
    test::MiniSubscriber subscriber;
    test::OwnSessionHarness gateway;

    OwnSessionOptions options() const {
        OwnSessionOptions options;
        options.port = relay ? relay->port() : broker.port();
        options.status_topic = kStatus;
        options.reconnect_min = std::chrono::milliseconds(20);
        options.reconnect_max = std::chrono::milliseconds(100);
        return options;
    }
    bool sees(std::string_view topic, std::string_view payload, int timeout_ms = 5000) {
        return gateway.run_until(
            [&] {
                subscriber.poll();
                return subscriber.has(topic, payload);
            },
            timeout_ms);
    }
    /// What a newcomer gets: the retained message of the status topic.
    std::string retained_status() {
        if (!subscriber.connect(broker.port(), kStatus)) {
            return "(cannot subscribe)";
        }
        gateway.run_until(
            [&] {
                subscriber.poll();
                return !subscriber.messages.empty();
            },
            2000);
        const bool one = subscriber.messages.size() == 1 && subscriber.messages[0].retained;
        return one ? subscriber.messages[0].payload : "(none)";
    }
};

int set_up(void** state) {
    auto* bench = new Bench;
    *state = bench;
    return bench->broker.start() ? 0 : -1;
}

int set_up_with_relay(void** state) {
    if (set_up(state) != 0) {
        return -1;
    }
    auto* bench = static_cast<Bench*>(*state);
    bench->relay = std::make_unique<test::TcpRelay>(bench->broker.port());
    return bench->relay->start() ? 0 : -1;
}

int tear_down(void** state) {
    delete static_cast<Bench*>(*state);
    return 0;
}

void status_is_online_while_connected_and_offline_after_stop(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.gateway.start(bench.options()));
    assert_true(bench.gateway.run_until_up());
    assert_int_equal(bench.gateway.ups, 1);
    assert_true(bench.gateway.last_up_mqtt5);
    assert_true(bench.broker.wait_for_log("as dormouse-1 (p5, c1, k60)"));
    assert_true(bench.gateway.run_until([&] { return bench.retained_status() == "online"; }, 5000));
    const int took_ms = bench.gateway.stop();
    assert_in_range(took_ms, 0, 3000);
    assert_string_equal(bench.retained_status().c_str(), "offline");
    assert_true(bench.broker.wait_for_log("Received DISCONNECT from dormouse-1"));
    assert_int_equal(bench.gateway.downs.size(), 0);
}

void the_broker_publishes_offline_when_the_connection_dies(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.gateway.start(bench.options()));
    assert_true(bench.gateway.run_until_up());
    assert_true(bench.subscriber.connect(bench.broker.port(), kStatus));
    assert_true(bench.sees(kStatus, "online"));
    bench.relay->cut();
    assert_true(bench.sees(kStatus, "offline"));
    // And then it is back by itself, and says so.
    assert_true(bench.gateway.run_until([&] { return bench.gateway.ups == 2; }, 5000));
    assert_true(bench.gateway.run_until(
        [&] {
            bench.subscriber.poll();
            return bench.subscriber.messages.back().payload == "online";
        },
        5000));
    assert_int_equal(bench.gateway.session->counters().connections_lost, 1);
    assert_int_equal(bench.gateway.downs.size(), 1);
    assert_true(bench.gateway.said("lost the connection"));
}

void publishes_of_every_qos_arrive_as_they_were(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    OwnSessionOptions options = bench.options();
    options.status_topic.clear();  // no status, no will
    assert_true(bench.subscriber.connect(bench.broker.port(), "#"));
    assert_true(bench.gateway.start(options));
    assert_true(bench.gateway.run_until_up());
    std::string binary(70000, '\0');
    for (std::size_t i = 0; i < binary.size(); ++i) {
        binary[i] = static_cast<char>(i * 7);
    }
    assert_true(bench.gateway.publish("a/zero", binary, 0));
    assert_true(bench.gateway.publish("a/one", binary, 1));
    assert_true(bench.gateway.publish("a/two", binary, 2));
    assert_true(bench.gateway.publish("a/empty", "", 1));
    assert_true(bench.gateway.publish("a/keep", "kept", 1, true));
    for (const char* topic : {"a/zero", "a/one", "a/two"}) {
        assert_true(bench.sees(topic, binary));
    }
    assert_true(bench.sees("a/empty", ""));
    assert_true(bench.sees("a/keep", "kept"));
    assert_true(bench.gateway.run_until([&] { return bench.gateway.session->outbox_messages() == 0; }, 5000));
    assert_int_equal(bench.subscriber.messages.size(), 5);
    assert_int_equal(bench.gateway.session->counters().sent, 5);
    assert_true(bench.subscriber.connect(bench.broker.port(), "#"));
    assert_true(bench.sees("a/keep", "kept"));
    assert_int_equal(bench.subscriber.messages.size(), 1);
}

/// Finding 0.3: more in Paho's hands than the broker allows costs a second each time.
void a_thousand_messages_need_no_pause(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.gateway.start(bench.options()));
    assert_true(bench.gateway.run_until_up());
    const std::uint64_t begin = uv_hrtime();
    for (int i = 0; i < 1000; ++i) {
        assert_true(bench.gateway.publish("many", std::to_string(i), 1));
    }
    assert_true(
        bench.gateway.run_until([&] { return bench.gateway.session->outbox_messages() == 0; }, 20000));
    assert_in_range((uv_hrtime() - begin) / 1000000U, 0, 5000);  // 50 s with the pauses
}

void it_comes_back_when_the_broker_restarts(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.gateway.start(bench.options()));
    assert_true(bench.gateway.run_until_up());
    bench.broker.kill();
    assert_true(bench.gateway.run_until([&] { return bench.gateway.said("Connection refused"); }, 5000));
    assert_true(bench.gateway.said("correct broker.url"));
    // QoS 1 waits, QoS 0 is refused at once.
    assert_true(bench.gateway.publish("while/down", "waited", 1));
    assert_false(bench.gateway.publish("while/down", "gone", 0));
    assert_int_equal(bench.gateway.session->counters().refused_not_connected, 1);
    // Further failures of the same kind are counted, not said.
    const std::size_t said = bench.gateway.downs.size();
    const std::uint64_t failures = bench.gateway.session->counters().connect_failures;
    assert_true(bench.gateway.run_until(
        [&] { return bench.gateway.session->counters().connect_failures >= failures + 3; }, 10000));
    assert_int_equal(bench.gateway.downs.size(), said);
    assert_true(bench.broker.start());
    assert_true(bench.subscriber.connect(bench.broker.port(), "while/down"));
    assert_true(bench.sees("while/down", "waited", 10000));
    assert_int_equal(bench.gateway.ups, 2);
    assert_false(bench.subscriber.has("while/down", "gone"));
}

void stop_ends_in_time_although_the_broker_hangs(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.gateway.start(bench.options()));
    assert_true(bench.gateway.run_until_up());
    bench.broker.pause();
    for (int i = 0; i < 50; ++i) {
        assert_true(bench.gateway.publish("to/nobody", std::string(10000, 'x'), 1));
    }
    const int took_ms = bench.gateway.stop();
    assert_in_range(took_ms, 0, 3000);
    assert_true(bench.gateway.session->counters().unsent_at_stop >= 31);  // 50 less a window
    bench.broker.resume();
    assert_string_equal(bench.retained_status().c_str(), "offline");
}

void stop_ends_in_time_while_connecting_to_a_broker_that_hangs(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    bench.broker.pause();
    assert_true(bench.gateway.start(bench.options()));
    bench.gateway.run_until([] { return false; }, 300);
    assert_false(bench.gateway.session->is_up());
    const int took_ms = bench.gateway.stop();
    assert_in_range(took_ms, 0, 3000);
    bench.broker.resume();
}

void a_wrong_host_name_is_named(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    OwnSessionOptions options = bench.options();
    options.host = "no-such-host.invalid";
    assert_true(bench.gateway.start(options));
    assert_true(bench.gateway.run_until([&] { return !bench.gateway.downs.empty(); }, 20000));
    assert_true(bench.gateway.said("cannot reach the broker at mqtt://no-such-host.invalid:"));
    assert_true(bench.gateway.stop() >= 0);
}

int set_up_with_password(void** state) {
    auto* bench = new Bench;
    *state = bench;
    bench->broker.options.users = {{"gateway", "secret"}};
    return bench->broker.start() ? 0 : -1;
}

void a_wrong_password_is_named_and_the_right_one_works(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    OwnSessionOptions options = bench.options();
    options.username = "gateway";
    options.password = "guess";
    assert_true(bench.gateway.start(options));
    assert_true(bench.gateway.run_until([&] { return !bench.gateway.downs.empty(); }, 5000));
    assert_true(bench.gateway.said("broker.password_file") || bench.gateway.said("not authorized"));
    assert_true(bench.gateway.stop() >= 0);
    options.password = "secret";
    assert_true(bench.gateway.start(options));
    assert_true(bench.gateway.run_until_up());
}

}  // namespace

int main() {
    mqttsn::gateway::prepare_process_for_own_session();
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(status_is_online_while_connected_and_offline_after_stop, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_broker_publishes_offline_when_the_connection_dies,
                                        set_up_with_relay, tear_down),
        cmocka_unit_test_setup_teardown(publishes_of_every_qos_arrive_as_they_were, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_thousand_messages_need_no_pause, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_comes_back_when_the_broker_restarts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stop_ends_in_time_although_the_broker_hangs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stop_ends_in_time_while_connecting_to_a_broker_that_hangs, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_wrong_host_name_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wrong_password_is_named_and_the_right_one_works,
                                        set_up_with_password, tear_down),
    };
    return cmocka_run_group_tests_name("own_session", tests, nullptr, nullptr);
}
