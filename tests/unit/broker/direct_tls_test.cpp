// SPDX-License-Identifier: BSD-3-Clause
//
// mqtts:// with real mosquittos whose certificates are right, wrong, old or for somebody else.
#include <sys/stat.h>

#include "gateway/broker/direct_engine.hpp"
#include "support/certificates.hpp"
#include "support/cmocka.hpp"
#include "support/mosquitto.hpp"
#include "unit/broker/direct_bench.hpp"

using namespace test;
using mqtt::PacketType;

namespace {

struct World {
    Mosquitto good;     // also owns the folder of all certificates
    Mosquitto old;      // its certificate has expired
    Mosquitto foreign;  // its certificate is for another name
    Mosquitto mutual;   // wants a client certificate

    std::string path(const std::string& name) const { return good.folder() + "/" + name; }

    bool issue(const CertificateAuthority& ca, const std::string& name, const std::string& alternatives,
               int valid_until_s = 24 * 3600) const {
        CertificateOptions options;
        options.name = name;
        options.alternatives = alternatives;
        options.valid_until_s = valid_until_s;
        return ca.issue(path(name), options);
    }

    bool start(Mosquitto& broker, const std::string& name) const {
        broker.options.tls_certificate = path(name) + ".crt";
        broker.options.tls_key = path(name) + ".key";
        return broker.start();
    }

    bool start_all() {
        CertificateAuthority ca;
        CertificateAuthority other;
        mutual.options.tls_client_ca = (good.make_folder(), path("ca.crt"));
        return ca.create(path("ca"), "Test CA") && other.create(path("other-ca"), "Other CA") &&
               issue(ca, "good", "DNS:localhost,IP:127.0.0.1") && issue(ca, "old", "DNS:localhost", -60) &&
               issue(ca, "foreign", "DNS:broker.example,IP:192.0.2.1") && issue(ca, "client", "") &&
               issue(other, "stranger", "") && start(good, "good") && start(old, "old") &&
               start(foreign, "foreign") && start(mutual, "good");
    }
};

World* g_world = nullptr;

int start_world(void** /*state*/) {
    g_world = new World;
    return g_world->start_all() ? 0 : -1;
}

int stop_world(void** /*state*/) {
    delete g_world;
    return 0;
}

Bench& bench_of(void** state) {
    return *static_cast<Bench*>(*state);
}

void use(Bench& bench, const std::string& host, std::uint16_t port, const std::string& ca = "ca.crt") {
    bench.options.url.scheme = mqttsn::gateway::BrokerScheme::mqtts;
    bench.options.url.host = host;
    bench.options.url.host_is_address = host != "localhost";
    bench.options.url.port = port;
    bench.options.tls.ca_file = ca.empty() ? "" : g_world->path(ca);
}

void assert_unreachable(Bench& bench, const char* detail) {
    assert_string_equal(bench.make_engine().c_str(), "");
    bench.open(LinkId{1, 1});
    assert_true(bench.wait_for("closed 1.1"));
    assert_string_equal(bench.heard.events[0].c_str(),
                        (std::string("closed 1.1 unreachable: ") + detail).c_str());
    assert_int_equal(bench.heard.events.size(), 1);
}

void assert_opens(Bench& bench) {
    assert_string_equal(bench.make_engine().c_str(), "");
    bench.open(LinkId{1, 1}, "tls");
    assert_true(bench.wait_for("opened 1.1"));
}

void the_right_ca_and_name_open_the_link_and_packets_pass(void** state) {
    Bench& bench = bench_of(state);
    use(bench, "localhost", g_world->good.tls_port());
    assert_opens(bench);
    const LinkId link{1, 1};
    bench.send(link, with_id(PacketType::subscribe, 1, "tls/#", 2));
    bench.flush();
    assert_true(bench.wait_for_packets(1));
    assert_int_equal(bench.heard.packets[0].packet.code, 2);
    std::string payload(100000, ' ');  // several records
    for (std::size_t i = 0; i < payload.size(); ++i) {
        payload[i] = static_cast<char>(i * 11);
    }
    bench.send(link, publish("tls/t", payload, 0));
    bench.send(link, publish("tls/t", "small", 1, 7));
    bench.flush();
    assert_true(bench.wait_for_packets(4));
    std::size_t found = 0;
    for (const Heard& heard : bench.heard.packets) {
        found += heard.packet.type == PacketType::puback && heard.packet.packet_id == 7 ? 1U : 0U;
        found += heard.payload == payload || heard.payload == "small" ? 1U : 0U;
    }
    assert_int_equal(found, 3);
    bench.close(link, true);
    assert_true(bench.wait_for("closed 1.1 requested: "));
    assert_true(bench.heard.events.back() == "closed 1.1 requested: ");  // the broker closed, no time-out
}

void an_address_in_the_certificate_is_good_too(void** state) {
    Bench& bench = bench_of(state);
    use(bench, "127.0.0.1", g_world->good.tls_port());
    assert_opens(bench);
}

void a_second_link_and_a_killed_broker_work_as_without_tls(void** state) {
    Bench& bench = bench_of(state);
    use(bench, "localhost", g_world->good.tls_port());
    assert_opens(bench);
    bench.open(LinkId{2, 1}, "tls2");
    assert_true(bench.wait_for("opened 2.1"));
    g_world->good.kill();
    assert_true(bench.wait_for("closed 1.1 closed_by_peer"));
    assert_true(bench.wait_for("closed 2.1 closed_by_peer"));
    assert_true(g_world->good.start());
    bench.open(LinkId{1, 2}, "tls");
    assert_true(bench.wait_for("opened 1.2"));
}

// FAULT-79
void an_unknown_ca_is_refused_with_advice(void** state) {
    Bench& bench = bench_of(state);
    use(bench, "localhost", g_world->good.tls_port(), "");  // the system's certificates
    assert_unreachable(
        bench,
        "certificate verify failed: unable to get local issuer certificate; set broker.ca_file to the "
        "certificate of the broker's CA");
}

void another_ca_is_refused_with_advice(void** state) {
    Bench& bench = bench_of(state);
    use(bench, "localhost", g_world->good.tls_port(), "other-ca.crt");
    assert_unreachable(
        bench,
        "certificate verify failed: unable to get local issuer certificate; set broker.ca_file to the "
        "certificate of the broker's CA");
}

// FAULT-79, TRAP-59
void a_certificate_for_another_name_is_refused(void** state) {
    Bench& bench = bench_of(state);
    use(bench, "localhost", g_world->foreign.tls_port());
    assert_unreachable(
        bench,
        "certificate verify failed: hostname mismatch; the certificate is not for 'localhost', use the "
        "name it is for in broker.url");
}

void a_certificate_for_another_address_is_refused(void** state) {
    Bench& bench = bench_of(state);
    use(bench, "127.0.0.1", g_world->foreign.tls_port());
    assert_unreachable(
        bench,
        "certificate verify failed: IP address mismatch; the certificate is not for '127.0.0.1', use "
        "the name it is for in broker.url");
}

void an_expired_certificate_is_refused(void** state) {
    Bench& bench = bench_of(state);
    use(bench, "localhost", g_world->old.tls_port());
    assert_unreachable(bench, "certificate verify failed: certificate has expired");
}

void a_port_without_tls_is_recognised(void** state) {
    Bench& bench = bench_of(state);
    use(bench, "127.0.0.1", bench.server.port());
    bench.server.greeting = hex("20 02 00 00 D0 00");
    assert_unreachable(bench, "TLS handshake failed: wrong version number (is this a port without TLS?)");
}

void a_server_that_leaves_during_the_handshake_is_unreachable(void** state) {
    Bench& bench = bench_of(state);
    use(bench, "127.0.0.1", bench.server.port());
    bench.make_engine();
    bench.open(LinkId{1, 1});
    assert_true(bench.wait_for_octets(0, 100));
    bench.peer().close();
    assert_true(
        bench.wait_for("closed 1.1 unreachable: the broker closed the connection during the TLS handshake"));
    bench.open(LinkId{1, 2});
    assert_true(bench.wait_for_octets(1, 100));
    bench.close(LinkId{1, 2}, true);  // no CONNECT yet, so nothing to disconnect
    assert_true(bench.wait_for("closed 1.2 requested"));
}

void a_client_certificate_is_shown_when_there_is_one(void** state) {
    Bench& bench = bench_of(state);
    use(bench, "localhost", g_world->mutual.tls_port());
    bench.options.tls.cert_file = g_world->path("client.crt");
    bench.options.tls.key_file = g_world->path("client.key");
    assert_opens(bench);
}

void a_missing_or_strange_client_certificate_is_unreachable(void** state) {
    Bench& bench = bench_of(state);
    use(bench, "localhost", g_world->mutual.tls_port());
    bench.make_engine();
    bench.open(LinkId{1, 1});
    assert_true(bench.wait_for("closed 1.1 unreachable: TLS failed: tlsv13 alert certificate required"));
    assert_int_equal(bench.finish(), 0);
    uv_loop_init(&bench.loop);
    bench.options.tls.cert_file = g_world->path("stranger.crt");
    bench.options.tls.key_file = g_world->path("stranger.key");
    bench.make_engine();
    bench.open(LinkId{1, 2});
    assert_true(bench.wait_for("closed 1.2 unreachable: TLS failed: "));
}

void unusable_files_are_named(void** state) {
    Bench& bench = bench_of(state);
    use(bench, "localhost", 1, "none.crt");
    const std::string none = g_world->path("none.crt");
    const std::string good = g_world->path("good");
    assert_string_equal(bench.make_engine().c_str(),
                        ("cannot read broker.ca_file " + none + ": No such file or directory").c_str());
    use(bench, "localhost", 1, "good.key");  // PEM, but not a certificate
    assert_int_equal(bench.make_engine().find("cannot read broker.ca_file " + good + ".key: "), 0);
    use(bench, "localhost", 1);
    bench.options.tls.key_file = good + ".key";
    assert_string_equal(bench.make_engine().c_str(), "broker.key_file is set, but broker.cert_file is not");
    bench.options.tls.cert_file = none;
    assert_string_equal(bench.make_engine().c_str(),
                        ("cannot read broker.cert_file " + none + ": No such file or directory").c_str());
    bench.options.tls.cert_file = good + ".crt";
    bench.options.tls.key_file = none;
    assert_string_equal(bench.make_engine().c_str(),
                        ("cannot read broker.key_file " + none + ": No such file or directory").c_str());
    bench.options.tls.key_file = g_world->path("old.key");
    const std::string mismatch = bench.make_engine();
    assert_true(mismatch.find("key values mismatch") != std::string::npos ||
                mismatch.find("does not belong to the certificate") != std::string::npos);
    assert_null(bench.engine.get());
}

}  // namespace

#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, make_bench, end_bench)

int main() {
    const CMUnitTest tests[] = {
        BENCH_TEST(the_right_ca_and_name_open_the_link_and_packets_pass),
        BENCH_TEST(an_address_in_the_certificate_is_good_too),
        BENCH_TEST(a_second_link_and_a_killed_broker_work_as_without_tls),
        BENCH_TEST(an_unknown_ca_is_refused_with_advice),
        BENCH_TEST(another_ca_is_refused_with_advice),
        BENCH_TEST(a_certificate_for_another_name_is_refused),
        BENCH_TEST(a_certificate_for_another_address_is_refused),
        BENCH_TEST(an_expired_certificate_is_refused),
        BENCH_TEST(a_port_without_tls_is_recognised),
        BENCH_TEST(a_server_that_leaves_during_the_handshake_is_unreachable),
        BENCH_TEST(a_client_certificate_is_shown_when_there_is_one),
        BENCH_TEST(a_missing_or_strange_client_certificate_is_unreachable),
        BENCH_TEST(unusable_files_are_named),
    };
    return cmocka_run_group_tests(tests, start_world, stop_world);
}
