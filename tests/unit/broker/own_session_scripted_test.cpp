// SPDX-License-Identifier: BSD-3-Clause
//
// The gateway's own session against a broker that does what mosquitto cannot be made to do: refuse MQTT 5,
// allow few messages in flight, never acknowledge, refuse messages, throw us out.
#include <memory>
#include <string>

#include "own_session_harness.hpp"
#include "scripted_broker.hpp"
#include "support/cmocka.hpp"

namespace {

using mqttsn::gateway::OwnSessionOptions;
using test::ScriptedBroker;
using test::ScriptedBrokerOptions;
using Version5 = ScriptedBrokerOptions::Version5;

struct Bench {
    std::unique_ptr<ScriptedBroker> broker;
    test::OwnSessionHarness gateway;

    OwnSessionOptions options() const {
        OwnSessionOptions options;
        options.port = broker->port();
        options.reconnect_min = std::chrono::milliseconds(20);
        options.reconnect_max = std::chrono::milliseconds(100);
        return options;
    }
    /// Starts with `script` and waits for the connection.
    bool connect(ScriptedBrokerOptions script) { return listen(std::move(script)) && up(options()); }
    bool listen(ScriptedBrokerOptions script) {
        broker = std::make_unique<ScriptedBroker>(std::move(script));
        return broker->start();
    }
    bool up(OwnSessionOptions options) { return gateway.start(std::move(options)) && gateway.run_until_up(); }
    bool drained() {
        return gateway.run_until([this] { return gateway.session->outbox_messages() == 0; }, 5000);
    }
    mqttsn::gateway::OwnSessionCounters counters() const { return gateway.session->counters(); }
};

int set_up(void** state) {
    *state = new Bench;
    return 0;
}

int tear_down(void** state) {
    delete static_cast<Bench*>(*state);
    return 0;
}

void mqtt5_is_first_and_311_follows_a_refusal_at_once(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.listen({.version5 = Version5::refuse}));
    OwnSessionOptions options = bench.options();
    options.reconnect_min = options.reconnect_max = std::chrono::milliseconds(60000);
    assert_true(bench.up(options));
    assert_int_equal(bench.broker->last_version(), 4);
    assert_false(bench.gateway.last_up_mqtt5);
    assert_int_equal(bench.counters().connect_failures, 1);
    assert_int_equal(bench.gateway.downs.size(), 0);  // nothing to tell: it works
    assert_true(bench.gateway.publish("a", "one", 1));
    assert_true(bench.gateway.publish("a", "two", 2));
    assert_true(bench.drained());
    assert_int_equal(bench.counters().sent, 2);
    assert_int_equal(bench.broker->faults(), 0);
}

void a_broker_that_just_closes_on_mqtt5_gets_311(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.connect({.version5 = Version5::close}));
    assert_int_equal(bench.broker->last_version(), 4);
    assert_true(bench.gateway.said("does not answer CONNECT"));
}

void a_refused_connect_is_explained_once(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.listen({.connack_refusal = 0x87}));
    assert_true(bench.gateway.start(bench.options()));
    assert_true(bench.gateway.run_until([&] { return bench.counters().connect_failures >= 3; }, 10000));
    assert_int_equal(bench.gateway.downs.size(), 1);
    assert_true(bench.gateway.said("\"dormouse-1\""));
    assert_true(bench.gateway.said("not authorized"));
    assert_int_equal(bench.broker->last_version(), 5);
}

// FAULT-27
void the_window_stays_below_the_brokers_receive_maximum(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.connect({.receive_maximum = 4, .acknowledge = false}));
    for (int i = 0; i < 10; ++i) {
        assert_true(bench.gateway.publish("a", "b", 1));
    }
    assert_true(bench.gateway.run_until([&] { return bench.broker->publishes() == 3; }, 5000));
    bench.gateway.run_until([] { return false; }, 200);
    assert_int_equal(bench.broker->unacknowledged_max(), 3);
}

void the_window_is_nineteen_without_a_receive_maximum(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.connect({.acknowledge = false}));
    for (int i = 0; i < 40; ++i) {
        assert_true(bench.gateway.publish("a", "b", 1));
    }
    assert_true(bench.gateway.run_until([&] { return bench.broker->publishes() == 19; }, 5000));
    bench.gateway.run_until([] { return false; }, 200);
    assert_int_equal(bench.broker->publishes(), 19);
}

// FAULT-73
void a_full_outbox_refuses_and_counts_messages(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.listen({.acknowledge = false}));
    OwnSessionOptions options = bench.options();
    options.outbox_messages_max = 5;
    assert_true(bench.gateway.start(options));
    for (int i = 0; i < 8; ++i) {  // not connected yet: they wait
        assert_int_equal(bench.gateway.publish("a", "b", 1), i < 5);
    }
    assert_int_equal(bench.counters().refused_full, 3);
    assert_int_equal(bench.counters().accepted, 5);
    assert_int_equal(bench.gateway.session->outbox_messages(), 5);
}

void a_full_outbox_refuses_and_counts_octets(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.listen({}));
    OwnSessionOptions options = bench.options();
    options.outbox_bytes_max = 100;
    assert_true(bench.gateway.start(options));
    assert_true(bench.gateway.publish("12345", std::string(90, 'x'), 1));
    assert_false(bench.gateway.publish("12345", "6", 1));
    assert_true(bench.gateway.publish("1234", "5", 1));  // exactly at the limit
    assert_false(bench.gateway.publish("1", "", 1));
    assert_int_equal(bench.counters().refused_full, 2);
    assert_true(bench.drained());
    assert_true(bench.gateway.publish("12345", std::string(95, 'x'), 1));  // there is room again
}

void what_mqtt_does_not_allow_is_refused(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.connect({}));
    assert_false(bench.gateway.publish("", "x", 1));
    assert_false(bench.gateway.publish("a/+/b", "x", 1));
    assert_false(bench.gateway.publish("a/#", "x", 1));
    assert_false(bench.gateway.publish(std::string("a\0b", 3), "x", 1));
    assert_false(bench.gateway.publish("\xC0\x80", "x", 1));
    assert_false(bench.gateway.publish("a", "x", 3));
    assert_int_equal(bench.counters().refused_invalid, 6);
    assert_int_equal(bench.counters().accepted, 0);
}

void a_message_the_broker_refuses_is_counted_and_not_repeated(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.connect({.puback_reason = 0x87}));
    assert_true(bench.gateway.publish("a", "b", 1));
    assert_true(bench.drained());
    assert_int_equal(bench.counters().refused_by_broker, 1);
    assert_int_equal(bench.counters().sent, 0);
    bench.gateway.run_until([] { return false; }, 100);
    assert_int_equal(bench.broker->publishes(), 1);
    assert_true(bench.gateway.session->is_up());
}

/// Another client with our id: MQTT 5 says so.
// FAULT-76, TRAP-64
void a_twin_is_named_and_does_not_make_us_hurry(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.listen({.disconnect_reason = 0x8E}));
    OwnSessionOptions options = bench.options();
    options.status_topic = "status";  // the first message of each connection
    options.reconnect_min = std::chrono::milliseconds(100);
    options.reconnect_max = std::chrono::milliseconds(10000);
    assert_true(bench.gateway.start(options));
    assert_true(bench.gateway.run_until([&] { return !bench.gateway.downs.empty(); }, 5000));
    assert_true(bench.gateway.said("another client took over"));
    // 100, 200, 400, 800 ms and so on, halved at most, although each attempt succeeds for a moment.
    bench.gateway.run_until([] { return false; }, 2000);
    assert_in_range(bench.broker->connections(), 2, 6);
}

void qos1_is_published_again_after_a_lost_connection_and_qos0_is_not(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    std::string got;
    assert_true(bench.connect({.acknowledge = false}));
    assert_true(bench.gateway.publish("one", "1", 1));
    assert_true(bench.gateway.run_until([&] { return bench.broker->publishes() == 1; }, 5000));
    const std::uint16_t port = bench.broker->port();
    for (int i = 0; i < 18; ++i) {
        assert_true(bench.gateway.publish("fill", "x", 1));
    }
    assert_true(bench.gateway.run_until([&] { return bench.broker->publishes() == 19; }, 5000));
    assert_true(bench.gateway.publish("zero", "0", 0));  // behind a full window
    bench.broker->stop();
    assert_true(bench.gateway.run_until([&] { return !bench.gateway.downs.empty(); }, 5000));
    assert_int_equal(bench.counters().lost_qos0, 1);
    assert_true(bench.gateway.run_until([&] { return bench.counters().republished == 19; }, 5000));
    assert_int_equal(bench.gateway.session->outbox_messages(), 19);
    ScriptedBrokerOptions script;
    script.port = port;
    script.check = [&got](std::string_view topic, std::string_view) {
        got += std::string(topic) + " ";
        return std::string();
    };
    assert_true(bench.listen(std::move(script)));
    assert_true(bench.drained());
    bench.broker->stop();
    assert_int_equal(got.rfind("one fill ", 0), 0);  // in the order they were accepted
    assert_int_equal(got.find("zero"), std::string::npos);
    assert_int_equal(bench.counters().sent, 19);
}

}  // namespace

int main() {
    mqttsn::gateway::prepare_process_for_own_session();
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(mqtt5_is_first_and_311_follows_a_refusal_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_broker_that_just_closes_on_mqtt5_gets_311, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refused_connect_is_explained_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_window_stays_below_the_brokers_receive_maximum, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_window_is_nineteen_without_a_receive_maximum, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_outbox_refuses_and_counts_messages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_outbox_refuses_and_counts_octets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_mqtt_does_not_allow_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_message_the_broker_refuses_is_counted_and_not_repeated, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_twin_is_named_and_does_not_make_us_hurry, set_up, tear_down),
        cmocka_unit_test_setup_teardown(qos1_is_published_again_after_a_lost_connection_and_qos0_is_not,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests_name("own_session_scripted", tests, nullptr, nullptr);
}
