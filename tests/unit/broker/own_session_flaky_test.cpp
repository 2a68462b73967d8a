// SPDX-License-Identifier: BSD-3-Clause
//
// Does Paho send what we gave it, when connections break all the time? Eclipse Paho MQTT C 1.3.12 frees topic
// and payload of a QoS 1 PUBLISH whose TCP write failed, and goes on using them (see write_guard.hpp). The
// broker of this test resets connections at random moments and compares each octet that it gets; nothing may
// be wrong and nothing lost. Repeat it with each new version of Paho.
//
// That it can fail is shown by the same program without the guard (not part of CTest, because it depends on
// chance):
//
//     unit_broker_own_session_flaky --without-guard [--seed N] [--seconds N]
//
// Expected: "double frees" by the dozen in each of the two tests, with and without AddressSanitizer, and in a
// plain build now and then a message with the payload of another one ("has another payload") or a crash.
// AddressSanitizer itself stays silent: Paho's list of allocations (see below) stands before free(), and with
// a clean start the broken message is thrown away with the connection instead of being sent again.
#include <MQTTAsync.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>

#include "gateway/broker/write_guard.hpp"
#include "own_session_harness.hpp"
#include "scripted_broker.hpp"
#include "support/cmocka.hpp"

namespace {

using mqttsn::gateway::OwnSessionOptions;
using test::ScriptedBroker;
using test::ScriptedBrokerOptions;

std::uint64_t seed = 20240229;
int seconds = 6;
bool with_guard = true;

/// Paho keeps a list of what it allocated and says so when it is asked to free something that is not on it:
/// each time it has freed a message twice. By chance the second free() hits what somebody else has got
/// meanwhile: then octets are wrong. This sees every case, the comparison of octets only those.
std::atomic<std::uint64_t> double_frees{0};
void on_paho_error(enum MQTTASYNC_TRACE_LEVELS, char* message) {
    if (std::strstr(message, "heap item") != nullptr) {
        ++double_frees;
    }
}

/// Topic and payload that follow from the number, so that the broker needs no memory of what was sent.
std::string topic_of(std::uint64_t number) {
    return "flaky/" + std::to_string(number) + "/" +
           std::string(number % 61, static_cast<char>('a' + number % 26));
}
std::string payload_of(std::uint64_t number) {
    std::string payload(number * 37 % 1500, '\0');
    std::uint64_t state = number * 0x9E3779B97F4A7C15U + 1;
    for (char& octet : payload) {
        state ^= state << 13U;
        state ^= state >> 7U;
        state ^= state << 17U;
        octet = static_cast<char>(state & 0xFFU);
    }
    return payload;
}

/// Several sessions, not because a gateway has them, but because Paho's receiving thread notices a new
/// connection only when its poll() of up to a second ends: the traffic of the others ends it sooner, so that
/// more connections break.
constexpr std::size_t kSessions = 4;

struct Flaky {
    std::mutex mutex;
    std::set<std::uint64_t> seen;
    std::unique_ptr<ScriptedBroker> broker;
    std::array<test::OwnSessionHarness, kSessions> gateways;

    std::string check(std::string_view topic, std::string_view payload) {
        const std::string text(topic);
        const std::uint64_t number =
            text.rfind("flaky/", 0) == 0 ? std::strtoull(text.c_str() + 6, nullptr, 10) : 0;
        if (number == 0 || topic != topic_of(number)) {
            return "not a topic that was published: " + text;
        }
        if (payload != payload_of(number)) {
            return "message " + std::to_string(number) + " has another payload";
        }
        const std::lock_guard lock(mutex);
        seen.insert(number);
        return "";
    }
    std::size_t seen_count() {
        const std::lock_guard lock(mutex);
        return seen.size();
    }
    /// Runs all loops by turns until `done`; false when that takes longer.
    bool run_until(const std::function<bool()>& done, int timeout_ms) {
        const std::uint64_t end = uv_hrtime() + static_cast<std::uint64_t>(timeout_ms) * 1000000U;
        while (!done()) {
            if (uv_hrtime() > end) {
                return false;
            }
            for (test::OwnSessionHarness& gateway : gateways) {
                gateway.run_once();
            }
        }
        return true;
    }
    std::size_t waiting() const {
        std::size_t sum = 0;
        for (const test::OwnSessionHarness& gateway : gateways) {
            sum += gateway.session->outbox_messages();
        }
        return sum;
    }
};

template <ScriptedBrokerOptions::Version5 version5>
int set_up(void** state) {
    auto* flaky = new Flaky;
    *state = flaky;
    ScriptedBrokerOptions options;
    options.version5 = version5;
    options.resets_after_max = 60;
    options.seed = seed;
    options.check = [flaky](std::string_view topic, std::string_view payload) {
        return flaky->check(topic, payload);
    };
    flaky->broker = std::make_unique<ScriptedBroker>(std::move(options));
    if (!flaky->broker->start()) {
        return -1;
    }
    for (std::size_t i = 0; i < kSessions; ++i) {
        OwnSessionOptions own;
        own.port = flaky->broker->port();
        own.client_id = "flaky-" + std::to_string(i);
        own.reconnect_min = std::chrono::milliseconds(2);
        own.reconnect_max = std::chrono::milliseconds(10);
        own.outbox_messages_max = 100;
        own.jitter_seed = seed + i;
        if (!flaky->gateways[i].start(std::move(own))) {
            return -1;
        }
    }
    return 0;
}

int tear_down(void** state) {
    delete static_cast<Flaky*>(*state);
    return 0;
}

// FAULT-79
void each_octet_arrives_although_connections_break(void** state) {
    auto& flaky = *static_cast<Flaky*>(*state);
    std::uint64_t number = 0;
    flaky.run_until(
        [&] {
            for (test::OwnSessionHarness& gateway : flaky.gateways) {
                while (gateway.publish(topic_of(number + 1), payload_of(number + 1), 1)) {
                    ++number;
                }
            }
            return with_guard && (flaky.broker->faults() > 0 || double_frees > 0);
        },
        seconds * 1000);
    flaky.broker->calm_down();
    const bool drained = flaky.run_until([&] { return flaky.waiting() == 0; }, 15000);
    mqttsn::gateway::OwnSessionCounters sum;
    for (const test::OwnSessionHarness& gateway : flaky.gateways) {
        const mqttsn::gateway::OwnSessionCounters one = gateway.session->counters();
        sum.sent += one.sent;
        sum.republished += one.republished;
        sum.events_lost += one.events_lost;
    }
    using Number = unsigned long long;
    std::printf(
        "%llu messages, %llu connections, %llu resets, %llu writes guarded, %llu sent again, "
        "%llu double frees, %llu faults\n",
        Number{number}, Number{flaky.broker->connections()}, Number{flaky.broker->resets()},
        Number{mqttsn::gateway::write_guard_count()}, Number{sum.republished}, Number{double_frees},
        Number{flaky.broker->faults()});
    assert_string_equal(flaky.broker->first_fault().c_str(), "");
    assert_int_equal(double_frees, 0);
    assert_true(drained);
    assert_int_equal(flaky.seen_count(), number);
    assert_int_equal(sum.sent, number);
    // Otherwise the test has not tested anything.
    assert_true(flaky.broker->resets() >= 20);
    assert_true(sum.republished > 0);
    assert_true(!with_guard || mqttsn::gateway::write_guard_count() > 0);
    assert_int_equal(sum.events_lost, 0);
}

}  // namespace

int main(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--without-guard") == 0) {
            with_guard = false;
        } else if (std::strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
            seed = std::strtoull(argv[++i], nullptr, 10);
        } else if (std::strcmp(argv[i], "--seconds") == 0 && i + 1 < argc) {
            seconds = std::atoi(argv[++i]);
        } else {
            std::fprintf(stderr, "usage: %s [--without-guard] [--seed N] [--seconds N]\n", argv[0]);
            return 2;
        }
    }
    mqttsn::gateway::prepare_process_for_own_session();
    mqttsn::gateway::write_guard_set_enabled(with_guard);
    MQTTAsync_setTraceCallback(&on_paho_error);
    MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_ERROR);
    const CMUnitTest tests[] = {
        {"each_octet_arrives_although_connections_break_mqtt5", each_octet_arrives_although_connections_break,
         set_up<ScriptedBrokerOptions::Version5::accept>, tear_down, nullptr},
        {"each_octet_arrives_although_connections_break_mqtt311",
         each_octet_arrives_although_connections_break, set_up<ScriptedBrokerOptions::Version5::refuse>,
         tear_down, nullptr},
    };
    return cmocka_run_group_tests_name("own_session_flaky", tests, nullptr, nullptr);
}
