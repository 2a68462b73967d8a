// SPDX-License-Identifier: BSD-3-Clause
//
// Shared sessions (SN12-03) with the real client library, the model broker and an own session as Paho's is:
// what holds, and by name what does not (the weaker promise of this mode).
#include <string>
#include <vector>

#include "sim/own_client.hpp"
#include "sim/script.hpp"
#include "support/cmocka.hpp"

using namespace mqttsn::sim;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

WorldSettings shared_world() {
    WorldSettings settings;
    settings.gateway.listeners[0].sessions = mqttsn::gateway::SessionMode::shared;
    return settings;
}

/// The own session needs a moment: it ends the one of the process before, then begins its own.
void wait_for_the_own_session(Script& s) {
    s.run_for(seconds{5});
}

// SN12-03: one session in the broker for all; each device gets its own and nothing else (the checks look).
void many_devices_are_one_session_in_the_broker(void**) {
    Script s(shared_world());
    wait_for_the_own_session(s);
    ScriptDevice& d1 = subscriber(s, "d1");
    ScriptDevice& d2 = subscriber(s, "d2");
    const std::uint32_t one = s.application_publishes(d1, 2);
    const std::uint32_t two = s.application_publishes(d2, 1);
    const std::uint32_t up = d1.publish(2);
    s.run_until_quiet();
    s.assert_messages(d1, {one});
    s.assert_messages(d2, {two});
    s.assert_published(d1, {up});
    s.assert_that(s.world().broker().session_count() == 1, "more than one session in the broker");
    s.assert_that(s.world().broker().has_session(OwnClient::kClientId), "and it is not the own one");
}

// SN12-104 to SN12-106
void a_sleeper_gets_all_that_waited_in_one_wake_up(void**) {
    Script s(shared_world());
    wait_for_the_own_session(s);
    ScriptDevice& d1 = sleeper(s, seconds{600}, "d1");
    std::vector<std::uint32_t> numbers;
    for (int i = 0; i < 50; ++i) {
        numbers.push_back(s.application_publishes(d1, 1));
    }
    s.run_for(seconds{5});
    s.forget_datagrams();
    d1.wake();
    for (const std::uint32_t number : numbers) {
        s.assert_arrivals(number, 1);
    }
    s.assert_that(s.count(d1, "< PINGRESP") == 1, "more than one wake-up");
}

// D49: the connection of the own session is cut in the middle of everything: exactly once, both ways.
void qos2_survives_cuts_of_the_own_connection_both_ways(void**) {
    for (int at = 0; at < 40; ++at) {
        Script s(shared_world());
        wait_for_the_own_session(s);
        ScriptDevice& d1 = subscriber(s, "d1");
        d1.publish(2);
        s.application_publishes(d1, 2);
        s.run_for(std::chrono::milliseconds{at / 2});
        s.cut_broker_connections();
        s.settle();
        s.assert_promises_kept();
        s.assert_arrivals(0, 1);
        s.assert_arrivals(1, 1);
    }
}

// D49: the broker has forgotten the own session: its subscriptions are made again.
void a_broker_that_forgets_is_told_the_subscriptions_again(void**) {
    Script s(shared_world());
    wait_for_the_own_session(s);
    ScriptDevice& d1 = subscriber(s, "d1");
    s.crash_broker(seconds{2}, false);
    s.run_for(minutes{1});
    const std::uint32_t number = s.application_publishes(d1, 1);
    s.run_until_quiet();
    s.assert_messages(d1, {number});
}

// The weaker promise: what the gateway has acknowledged for a sleeper is gone with its process, and so is the
// subscription, until the device subscribes again.
void a_kill_loses_what_waited_and_the_subscriptions(void**) {
    Script s(shared_world());
    wait_for_the_own_session(s);
    ScriptDevice& d1 = sleeper(s, seconds{600}, "d1");
    const std::uint32_t lost = s.application_publishes(d1, 2);
    s.run_for(seconds{5});
    s.kill_gateway(seconds{2});
    s.run_for(seconds{10});
    d1.connect();
    const std::uint32_t unheard = s.application_publishes(d1, 2);
    s.run_until_quiet();
    d1.subscribe(2);
    const std::uint32_t heard = s.application_publishes(d1, 2);
    s.run_until_quiet();
    s.assert_arrivals(lost, 0);
    s.assert_arrivals(unheard, 0);
    s.assert_arrivals(heard, 1);
}

// The other half: what a device was told is delivered is, kill or not.
void a_kill_loses_nothing_that_a_device_was_told_is_delivered(void**) {
    for (int at = 0; at < 30; ++at) {
        Script s(shared_world());
        wait_for_the_own_session(s);
        ScriptDevice& d1 = subscriber(s, "d1");
        const std::uint32_t number = d1.publish(1);
        s.run_for(std::chrono::milliseconds{at / 2});
        s.kill_gateway(seconds{1});
        s.run_for(seconds{60});
        d1.connect();
        d1.subscribe(2);
        s.settle();
        s.assert_promises_kept();
        s.assert_that(s.message(number).arrivals >= 1, "a message was lost on its way up");
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(many_devices_are_one_session_in_the_broker),
        cmocka_unit_test(a_sleeper_gets_all_that_waited_in_one_wake_up),
        cmocka_unit_test(qos2_survives_cuts_of_the_own_connection_both_ways),
        cmocka_unit_test(a_broker_that_forgets_is_told_the_subscriptions_again),
        cmocka_unit_test(a_kill_loses_what_waited_and_the_subscriptions),
        cmocka_unit_test(a_kill_loses_nothing_that_a_device_was_told_is_delivered),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
