// SPDX-License-Identifier: BSD-3-Clause
//
// T_retry and N_retry of a device: which rule gives them (SN12-99, SN12-100), and waits that follow its round
// trips (device_retry.cpp). The estimator by itself is in tests/unit/common/retransmit_test.cpp.
#include "gateway/core/device_retry.hpp"

#include "support/cmocka.hpp"
#include "support/gateway_harness.hpp"

using namespace mqttsn;
using namespace test;
using mqttsn::gateway::kNever;
using PacketType = mqtt::PacketType;

namespace {

constexpr std::uint32_t kInterval = 4000;
constexpr std::uint8_t kCount = 3;

Settings adaptive_settings() {
    Settings settings;
    settings.retry = RetryPolicy{kInterval, kCount};
    settings.retry_adaptive = true;
    return settings;
}

/// What was sent to devices while time went by, and when (milliseconds since the call).
std::vector<std::int64_t> times_of_sending(Harness& g, Millis by) {
    std::vector<std::int64_t> times;
    const Instant begin = g.now();
    while (g.gateway().next_deadline() <= begin + by) {
        g.advance(g.gateway().next_deadline() - g.now());
        for (const std::string& line : g.take()) {
            if (line.starts_with("to ")) {
                times.push_back((g.now() - begin).count());
            }
        }
    }
    g.advance(begin + by - g.now());
    return times;
}

/// A QoS 1 message comes for the device, which answers it after `round_trip`.
void one_exchange(Harness& g, const Device& device, unsigned packet_id, std::uint16_t topic_id,
                  Millis round_trip) {
    device.from_broker(publish(1, packet_id, "a", "x"));
    device.gets(make_publish(flags(1), topic_id, static_cast<std::uint16_t>(packet_id), view("x")));
    g.advance(round_trip);
    device.sends(make_puback(topic_id, static_cast<std::uint16_t>(packet_id), ReturnCode::accepted));
    device.to_broker(ack(PacketType::puback, packet_id));
}

/// How long after it was sent the first repetition of a message comes; the device then acknowledges.
std::int64_t first_wait(Harness& g, const Device& device, unsigned packet_id, std::uint16_t topic_id) {
    device.from_broker(publish(1, packet_id, "a", "x"));
    device.gets(make_publish(flags(1), topic_id, static_cast<std::uint16_t>(packet_id), view("x")));
    const Instant begin = g.now();
    while (!g.pending()) {
        g.advance(g.gateway().next_deadline() - g.now());
    }
    g.take();
    const std::int64_t wait = (g.now() - begin).count();
    device.sends(make_puback(topic_id, static_cast<std::uint16_t>(packet_id), ReturnCode::accepted));
    device.to_broker(ack(PacketType::puback, packet_id));
    return wait;
}

/// What a device with this client id gets at this listener, as far as its transmissions tell: time of the
/// first repetition and the number of transmissions of a PUBLISH that is never answered.
void check_fixed(const Settings& settings, const char* client_id, std::uint16_t listener,
                 std::int64_t interval_ms, std::size_t repetitions) {
    Harness g(settings);
    const Device d1 = g.device(client_id, listener);
    d1.sends(make_connect(Flags{}.with_clean_session(true), 0, view(client_id)));
    d1.opens(Open{});
    d1.accepted();
    d1.gets(make_connack(ReturnCode::accepted));
    const std::uint16_t id = d1.subscribes(1, "a", 1);
    d1.from_broker(publish(1, 7, "a", "x"));
    d1.gets(make_publish(flags(1), id, 7, view("x")));
    const std::vector<std::int64_t> times = times_of_sending(g, Millis{interval_ms * 20});
    assert_int_equal(times.size(), repetitions);
    for (std::size_t i = 0; i < times.size(); ++i) {
        assert_int_equal(times[i], interval_ms * static_cast<std::int64_t>(i + 1));
    }
    assert_int_equal(g.counters().sessions_lost, 1);
}

// Each of the three values comes from the first that names it.
void a_client_rule_goes_before_the_listener_and_that_before_the_section(void**) {
    Settings settings;
    settings.retry = RetryPolicy{4000, 3};
    settings.listeners = {gateway::ListenerSettings{}, gateway::ListenerSettings{}};
    settings.listeners[1].retry.interval_ms = 9000;
    gateway::ClientRule quick;
    quick.id = "quick-*";
    quick.retry.interval_ms = 500;
    gateway::ClientRule few;
    few.id = "few-*";
    few.retry.count_max = 1;
    settings.clients = {quick, few};
    check_fixed(settings, "d1", 0, 4000, 3);
    check_fixed(settings, "d1", 1, 9000, 3);
    check_fixed(settings, "quick-1", 1, 500, 3);
    check_fixed(settings, "few-1", 0, 4000, 1);
    check_fixed(settings, "few-1", 1, 9000, 1);
}

// SN12-99: also the will handshake.
void the_will_handshake_is_repeated_by_the_client_rule(void**) {
    Settings settings;
    gateway::ClientRule rule;
    rule.id = "*";
    rule.retry = {500, 1, {}};
    settings.clients = {rule};
    Harness g(settings);
    const Device d1 = g.device("d1");
    d1.sends(make_connect(Flags{}.with_clean_session(true).with_will(true), 60, view("d1")));
    d1.gets(make_will_topic_req());
    g.advance(Millis{500});
    d1.gets(make_will_topic_req());
    g.advance(Millis{500});
    g.nothing();
    assert_int_equal(g.gateway().session_count(), 0);
}

void a_new_session_waits_t_retry_and_learns(void**) {
    Harness g(adaptive_settings());
    const Device d1 = g.connected("d1", true, 0);
    const std::uint16_t id = d1.subscribes(1, "a", 1);
    assert_int_equal(first_wait(g, d1, 1, id), kInterval);  // that was no sample: it was sent twice
    assert_int_equal(first_wait(g, d1, 2, id), kInterval);
    for (unsigned i = 3; i < 20; ++i) {
        one_exchange(g, d1, i, id, Millis{100});
    }
    assert_in_range(first_wait(g, d1, 30, id), 300, 375);  // SRTT 100 + G 200, and up to a quarter
}

// Karn: an answer to what was sent twice tells nothing; and the doubled wait stays until one does.
void a_link_that_became_slower_than_the_wait_is_learned_again(void**) {
    Harness g(adaptive_settings());
    const Device d1 = g.connected("d1", true, 0);
    const std::uint16_t id = d1.subscribes(1, "a", 1);
    for (unsigned i = 1; i < 20; ++i) {
        one_exchange(g, d1, i, id, Millis{10});
    }
    unsigned packet_id = 20;
    for (; packet_id < 26; ++packet_id) {  // from now on 1000 ms
        d1.from_broker(publish(1, packet_id, "a", "x"));
        g.take();
        const std::vector<std::int64_t> times = times_of_sending(g, Millis{1000});
        d1.sends(make_puback(id, static_cast<std::uint16_t>(packet_id), ReturnCode::accepted));
        d1.to_broker(ack(PacketType::puback, packet_id));
        if (times.empty()) {
            break;
        }
    }
    assert_in_range(packet_id, 21, 24);  // some were sent twice, then one was not
    assert_true(first_wait(g, d1, 30, id) > 1000);
}

// What the operator configured is how long a device may be silent: T_retry x (N_retry + 1).
void adaptive_waits_give_up_no_sooner_than_fixed_ones(void**) {
    Harness g(adaptive_settings());
    const Device d1 = g.connected("d1", false, 0);
    const std::uint16_t id = d1.subscribes(1, "a", 1);
    for (unsigned i = 1; i < 20; ++i) {
        one_exchange(g, d1, i, id, Millis{50});
    }
    d1.from_broker(publish(1, 30, "a", "x"));
    g.take();
    const std::int64_t patience = std::int64_t{kInterval} * (kCount + 1);
    const std::vector<std::int64_t> times = times_of_sending(g, Millis{patience - 1});
    assert_int_equal(g.counters().sessions_lost, 0);
    assert_in_range(times.size(), kCount + 1, kCount + 6);  // and not a storm of them
    std::int64_t before = 0;
    std::int64_t gap = 0;
    for (const std::int64_t time : times) {
        assert_true(time - before <= kInterval);
        assert_true(time - before >= gap || time - before >= kInterval * 4 / 5);  // each longer than the last
        gap = time - before;
        before = time;
    }
    g.advance(Millis{1});
    assert_int_equal(g.counters().sessions_lost, 1);
    g.take();
}

void adaptive_without_repetitions_waits_all_of_t_retry(void**) {
    Settings settings = adaptive_settings();
    settings.retry.count_max = 0;
    Harness g(settings);
    const Device d1 = g.connected("d1", false, 0);
    const std::uint16_t id = d1.subscribes(1, "a", 1);
    for (unsigned i = 1; i < 20; ++i) {
        one_exchange(g, d1, i, id, Millis{50});
    }
    d1.from_broker(publish(1, 30, "a", "x"));
    g.take();
    assert_int_equal(times_of_sending(g, Millis{kInterval - 1}).size(), 0);
    assert_int_equal(g.counters().sessions_lost, 0);
    g.advance(Millis{1});
    assert_int_equal(g.counters().sessions_lost, 1);
    g.take();
}

// D17, D18: a device that fell asleep in the middle of an exchange answers at its next wake-up.
void nothing_is_measured_across_a_sleep(void**) {
    Harness g(adaptive_settings());
    const Device d1 = g.connected("d1", false, 0);
    const std::uint16_t id = d1.subscribes(1, "a", 1);
    for (unsigned i = 1; i < 20; ++i) {
        one_exchange(g, d1, i, id, Millis{50});
    }
    d1.from_broker(publish(1, 30, "a", "x"));
    d1.gets(make_publish(flags(1), id, 30, view("x")));
    d1.sleeps(600);
    g.advance_seconds(60);
    d1.sends(make_pingreq(view("d1")));
    d1.gets(make_publish(flags(1).with_dup(true), id, 30, view("x")));
    g.advance(Millis{1});
    d1.sends(make_puback(id, 30, ReturnCode::accepted));  // of which of the two?
    d1.to_broker(ack(PacketType::puback, 30));
    g.take();  // PINGRESP
    d1.sends(make_connect(Flags{}, 0, view("d1")));
    d1.gets(make_connack(ReturnCode::accepted));
    assert_in_range(first_wait(g, d1, 31, id), 250, 313);  // 50 + 200: neither 60 s nor 1 ms has come in
}

// A device that was connected before is where it was, or somewhere else: nothing is known.
void a_new_connection_begins_with_t_retry_again(void**) {
    Harness g(adaptive_settings());
    const Device d1 = g.connected("d1", false, 0);
    const std::uint16_t id = d1.subscribes(1, "a", 1);
    for (unsigned i = 1; i < 20; ++i) {
        one_exchange(g, d1, i, id, Millis{50});
    }
    d1.sends(make_disconnect());
    d1.gets(make_disconnect());
    d1.closes(true);
    d1.link_gone(LinkCloseReason::requested);
    d1.sends(make_connect(Flags{}, 0, view("d1")));
    d1.opens(Open{false, "", ""});
    d1.accepted(true);
    d1.gets(make_connack(ReturnCode::accepted));
    d1.from_broker(publish(1, 40, "a", "x"));
    g.take();
    assert_int_equal(times_of_sending(g, Millis{kInterval - 1}).size(), 0);
    assert_int_equal(times_of_sending(g, Millis{1}).size(), 1);
    d1.sends(make_disconnect());
    g.take();
}

// Without `adaptive` nothing of all this: the repetitions stand on the grid of T_retry.
void fixed_waits_do_not_learn(void**) {
    Settings settings = adaptive_settings();
    settings.retry_adaptive = false;
    Harness g(settings);
    const Device d1 = g.connected("d1", true, 0);
    const std::uint16_t id = d1.subscribes(1, "a", 1);
    for (unsigned i = 1; i < 20; ++i) {
        one_exchange(g, d1, i, id, Millis{50});
    }
    assert_int_equal(first_wait(g, d1, 30, id), kInterval);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_client_rule_goes_before_the_listener_and_that_before_the_section),
        cmocka_unit_test(the_will_handshake_is_repeated_by_the_client_rule),
        cmocka_unit_test(a_new_session_waits_t_retry_and_learns),
        cmocka_unit_test(a_link_that_became_slower_than_the_wait_is_learned_again),
        cmocka_unit_test(adaptive_waits_give_up_no_sooner_than_fixed_ones),
        cmocka_unit_test(adaptive_without_repetitions_waits_all_of_t_retry),
        cmocka_unit_test(nothing_is_measured_across_a_sleep),
        cmocka_unit_test(a_new_connection_begins_with_t_retry_again),
        cmocka_unit_test(fixed_waits_do_not_learn),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
