// SPDX-License-Identifier: BSD-3-Clause
//
// The gateway's own session over TLS against a real mosquitto: which certificates it takes, and finding 0.1
// (see own_session_flaky_test) below TLS.
#include <MQTTAsync.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <set>
#include <string>

#include "gateway/broker/write_guard.hpp"
#include "mini_subscriber.hpp"
#include "own_session_harness.hpp"
#include "support/certificates.hpp"
#include "support/cmocka.hpp"
#include "support/mosquitto.hpp"
#include "tcp_relay.hpp"

namespace {

using mqttsn::gateway::OwnSessionOptions;

std::atomic<std::uint64_t> double_frees{0};
void on_paho_error(enum MQTTASYNC_TRACE_LEVELS, char* message) {
    if (std::strstr(message, "heap item") != nullptr) {
        ++double_frees;
    }
}

struct Bench {
    test::Mosquitto broker;
    std::unique_ptr<test::TcpRelay> relay;
    test::MiniSubscriber subscriber;
    test::OwnSessionHarness gateway;

    std::string file(const char* name) const { return broker.folder() + "/" + name; }
    OwnSessionOptions options() const {
        OwnSessionOptions options;
        options.tls = true;
        options.host = "localhost";
        options.port = relay ? relay->port() : broker.tls_port();
        options.ca_file = file("ca.crt");
        options.reconnect_min = std::chrono::milliseconds(20);
        options.reconnect_max = std::chrono::milliseconds(100);
        return options;
    }
    bool fails_with(OwnSessionOptions options, std::string_view text) {
        const bool told = gateway.start(std::move(options)) &&
                          gateway.run_until([this] { return !gateway.downs.empty(); }, 8000);
        const bool right = told && gateway.ups == 0 && gateway.said(text);
        if (!right) {
            std::fprintf(stderr, "ups %d, said: %s\n", gateway.ups,
                         told ? gateway.downs.back().c_str() : "nothing");
        }
        return right;
    }
};

int start(void** state, bool certificates_of_devices) {
    auto* bench = new Bench;
    *state = bench;
    test::CertificateAuthority ours;
    test::CertificateAuthority other;
    if (!bench->broker.make_folder() || !ours.create(bench->file("ca"), "Dormouse test CA") ||
        !other.create(bench->file("other"), "Another CA") || !ours.issue(bench->file("broker"), {}) ||
        !ours.issue(bench->file("gateway"), {.name = "dormouse-1", .alternatives = ""})) {
        return -1;
    }
    bench->broker.options.tls_certificate = bench->file("broker.crt");
    bench->broker.options.tls_key = bench->file("broker.key");
    if (certificates_of_devices) {
        bench->broker.options.tls_client_ca = bench->file("ca.crt");
    }
    return bench->broker.start() ? 0 : -1;
}

int set_up(void** state) {
    return start(state, false);
}
int set_up_mutual(void** state) {
    return start(state, true);
}
int set_up_flaky(void** state) {
    if (start(state, false) != 0) {
        return -1;
    }
    auto* bench = static_cast<Bench*>(*state);
    bench->relay = std::make_unique<test::TcpRelay>(bench->broker.tls_port(), 40000);
    return bench->relay->start() ? 0 : -1;
}

int tear_down(void** state) {
    delete static_cast<Bench*>(*state);
    return 0;
}

void the_right_authority_and_name_are_accepted(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    assert_true(bench.gateway.start(bench.options()));
    assert_true(bench.gateway.run_until_up());
    assert_true(bench.subscriber.connect(bench.broker.port(), "secret"));
    const std::string large(100000, 'x');
    assert_true(bench.gateway.publish("secret", large, 1));
    assert_true(bench.gateway.run_until(
        [&] {
            bench.subscriber.poll();
            return bench.subscriber.has("secret", large);
        },
        5000));
    assert_in_range(bench.gateway.stop(), 0, 3000);
    assert_int_equal(bench.gateway.downs.size(), 0);
}

void another_authority_is_refused_and_named(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    OwnSessionOptions options = bench.options();
    options.ca_file = bench.file("other.crt");
    assert_true(bench.fails_with(options, "certificate verify failed"));
    assert_true(bench.gateway.said(options.ca_file));
    assert_true(bench.broker.wait_for_log("unknown ca"));
}

void the_systems_authorities_do_not_know_ours(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    OwnSessionOptions options = bench.options();
    options.ca_file.clear();
    assert_true(bench.fails_with(options, "not signed by an authority this system trusts"));
}

void a_certificate_for_another_name_is_refused_and_named(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    OwnSessionOptions options = bench.options();
    options.host = "127.0.0.1";  // the certificate says localhost
    assert_true(bench.fails_with(options, "not made out to \"127.0.0.1\""));
}

void a_missing_ca_file_is_named(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    OwnSessionOptions options = bench.options();
    options.ca_file = bench.file("nothing.crt");
    assert_true(bench.fails_with(options, "no such file"));
}

void a_port_without_tls_is_named(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    OwnSessionOptions options = bench.options();
    options.port = bench.broker.port();
    assert_true(bench.fails_with(options, "does not speak TLS"));
}

void the_gateways_own_certificate_is_shown_when_asked_for(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    OwnSessionOptions options = bench.options();
    options.cert_file = bench.file("gateway.crt");
    options.key_file = bench.file("gateway.key");
    assert_true(bench.gateway.start(options));
    assert_true(bench.gateway.run_until_up());
}

/// Numbered messages through a relay that resets the connection again and again.
void each_octet_arrives_over_tls_although_connections_break(void** state) {
    auto& bench = *static_cast<Bench*>(*state);
    MQTTAsync_setTraceCallback(&on_paho_error);
    MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_ERROR);
    assert_true(bench.subscriber.connect(bench.broker.port(), "tls/#"));
    OwnSessionOptions options = bench.options();
    options.reconnect_min = std::chrono::milliseconds(2);
    options.reconnect_max = std::chrono::milliseconds(10);
    options.outbox_messages_max = 60;
    assert_true(bench.gateway.start(options));
    const auto payload_of = [](int number) {
        return std::string(static_cast<std::size_t>(number * 37 % 1400),
                           static_cast<char>('a' + number % 26));
    };
    int number = 0;
    std::set<int> seen;
    int faults = 0;
    const auto take = [&] {
        bench.subscriber.poll();
        for (const auto& message : bench.subscriber.messages) {
            const int of = message.topic.rfind("tls/", 0) == 0 ? std::atoi(message.topic.c_str() + 4) : 0;
            faults +=
                of > 0 && message.topic == "tls/" + std::to_string(of) && message.payload == payload_of(of)
                    ? 0
                    : 1;
            seen.insert(of);
        }
        bench.subscriber.messages.clear();
    };
    bench.gateway.run_until(
        [&] {
            while (bench.gateway.publish("tls/" + std::to_string(number + 1), payload_of(number + 1), 1)) {
                ++number;
            }
            take();
            return faults > 0 || double_frees > 0;
        },
        8000);
    bench.relay->calm_down();
    const bool all = bench.gateway.run_until(
        [&] {
            take();
            return bench.gateway.session->outbox_messages() == 0 &&
                   seen.size() == static_cast<std::size_t>(number);
        },
        10000);
    const auto counters = bench.gateway.session->counters();
    std::printf("%d messages, %d resets, %d writes guarded, %d sent again, %d double frees\n", number,
                static_cast<int>(bench.relay->resets()), static_cast<int>(counters.guarded_writes),
                static_cast<int>(counters.republished), static_cast<int>(double_frees));
    assert_int_equal(faults, 0);
    assert_int_equal(double_frees, 0);
    assert_true(all);
    assert_true(bench.relay->resets() >= 3);
}

}  // namespace

int main(int argc, char** argv) {
    mqttsn::gateway::prepare_process_for_own_session();
    // As in own_session_flaky_test: shows what the last test is good for; not part of CTest.
    mqttsn::gateway::write_guard_set_enabled(argc < 2 || std::strcmp(argv[1], "--without-guard") != 0);
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_right_authority_and_name_are_accepted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_authority_is_refused_and_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_systems_authorities_do_not_know_ours, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_certificate_for_another_name_is_refused_and_named, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_missing_ca_file_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_port_without_tls_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_gateways_own_certificate_is_shown_when_asked_for, set_up_mutual,
                                        tear_down),
        cmocka_unit_test_setup_teardown(each_octet_arrives_over_tls_although_connections_break, set_up_flaky,
                                        tear_down),
    };
    return cmocka_run_group_tests_name("own_session_tls", tests, nullptr, nullptr);
}
