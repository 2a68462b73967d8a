// SPDX-License-Identifier: BSD-3-Clause
//
// The MQTT client against a broker that says what the test says, in pieces of any size. Against mosquitto it
// runs in tests/e2e.
#include "bench/mqtt_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "support/cmocka.hpp"

namespace {

using namespace mqttsn::load;
using mqttsn::Bytes;
using Octets = std::vector<std::uint8_t>;

/// One client, its connection as the broker has it, and what the client told.
struct Bench final : MqttEvents {
    Poller poller;
    MqttShared shared{poller, *this};
    MqttClient client{shared, 0};
    int listener = -1;
    int broker = -1;
    std::vector<std::string> told;

    ~Bench() {
        ::close(listener);
        ::close(broker);
    }
    void on_connack(MqttClient&, std::uint8_t code, std::uint64_t) override {
        told.push_back("connack " + std::to_string(code));
    }
    void on_suback(MqttClient&, std::uint8_t code) override {
        told.push_back("suback " + std::to_string(code));
    }
    void on_message(MqttClient&, std::string_view topic, Bytes payload, std::uint64_t) override {
        told.push_back("message " + std::string(topic) + " " + std::to_string(payload.size));
    }
    void on_acknowledged(MqttClient&, std::uint16_t packet_id, std::uint64_t) override {
        told.push_back("acknowledged " + std::to_string(packet_id));
    }
    void on_closed(MqttClient&, const std::string& why) override { told.push_back("closed: " + why); }

    void turn() {
        shared.flush_all();
        for (const Ready& ready : poller.wait(steady_ns() + 20'000'000)) {
            client.on_ready(ready.events);
        }
        shared.flush_all();
    }
    /// Turns until the client has told so much.
    bool wait_told(std::size_t count) {
        for (int i = 0; i < 500 && told.size() < count; ++i) {
            turn();
        }
        return told.size() == count;
    }
    void say(const Octets& octets) const {
        assert_int_equal(::send(broker, octets.data(), octets.size(), MSG_NOSIGNAL), octets.size());
    }
    /// Exactly so many octets from the client.
    Octets hear(std::size_t count) {
        Octets octets(count);
        std::size_t at = 0;
        for (int i = 0; i < 500 && at < count; ++i) {
            turn();
            const ssize_t got = ::recv(broker, octets.data() + at, count - at, MSG_DONTWAIT);
            at += got > 0 ? static_cast<std::size_t>(got) : 0;
        }
        octets.resize(at);
        return octets;
    }
    /// Connected, and CONNACK has been seen.
    void connect() {
        assert_int_equal(hear(14 + 3).size(), 17);
        say({0x20, 2, 0, 0});
        assert_true(wait_told(1));
        told.clear();
    }
};

int set_up(void** state) {
    auto bench = std::make_unique<Bench>();
    bench->listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    Address address;
    auto* const in = reinterpret_cast<sockaddr_in*>(&address.storage);
    in->sin_family = AF_INET;
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.length = sizeof *in;
    auto* const any = reinterpret_cast<sockaddr*>(&address.storage);
    if (::bind(bench->listener, any, address.length) != 0 || ::listen(bench->listener, 1) != 0 ||
        ::getsockname(bench->listener, any, &address.length) != 0 ||
        !bench->client.open(address, 0, "abc").empty()) {
        return -1;
    }
    bench->broker = ::accept4(bench->listener, nullptr, nullptr, SOCK_CLOEXEC);
    *state = bench.release();
    return 0;
}

int tear_down(void** state) {
    const std::unique_ptr<Bench> bench(static_cast<Bench*>(*state));
    return 0;
}

Bench& of(void** state) {
    return *static_cast<Bench*>(*state);
}

void connect_is_mqtt_3_1_1_with_a_clean_session(void** state) {
    Bench& bench = of(state);
    const Octets wanted{0x10, 15, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0, 0, 3, 'a', 'b', 'c'};
    assert_true(bench.hear(wanted.size()) == wanted);
    assert_false(bench.client.connected());
    bench.say({0x20, 2, 0, 5});
    assert_true(bench.wait_told(1));
    assert_string_equal(bench.told[0].c_str(), "connack 5");
    assert_false(bench.client.connected());
}

void packets_in_single_octets_are_put_together(void** state) {
    Bench& bench = of(state);
    bench.connect();
    Octets stream{0x90, 3, 0, 1, 1, 0x40, 2, 0, 9, 0x30, 6, 0, 2, 'a', '/', 1, 2};
    stream.insert(stream.end(), {0x30, 0xC9, 1, 0, 1, 'b'});
    stream.resize(stream.size() + 198, 7);
    for (const std::uint8_t octet : stream) {
        bench.say({octet});
        bench.turn();
    }
    assert_true(bench.wait_told(4));
    assert_true((bench.told ==
                 std::vector<std::string>{"suback 1", "acknowledged 9", "message a/ 2", "message b 198"}));
}

void a_publish_is_encoded_as_mosquitto_reads_it(void** state) {
    Bench& bench = of(state);
    bench.connect();
    const std::uint8_t payload[] = {1, 2, 3};
    assert_int_equal(bench.client.publish("a/b", 0, Bytes{payload, 3}), 0);
    assert_int_equal(bench.client.publish("a/b", 2, Bytes{payload, 3}), 1);
    assert_int_equal(bench.client.unacknowledged(), 1);
    const Octets wanted{0x30, 8,  0, 3, 'a', '/', 'b', 1, 2, 3,  //
                        0x34, 10, 0, 3, 'a', '/', 'b', 0, 1, 1, 2, 3};
    assert_true(bench.hear(wanted.size()) == wanted);
    bench.say({0x50, 2, 0, 1});
    assert_true((bench.hear(4) == Octets{0x62, 2, 0, 1}));
    bench.say({0x70, 2, 0, 1});
    assert_true(bench.wait_told(1));
    assert_string_equal(bench.told[0].c_str(), "acknowledged 1");
    assert_int_equal(bench.client.unacknowledged(), 0);
}

void a_qos_2_message_is_told_once_until_it_is_released(void** state) {
    Bench& bench = of(state);
    bench.connect();
    const Octets publish{0x34, 6, 0, 1, 'a', 0, 5, 9};
    bench.say(publish);
    bench.say(publish);
    assert_true((bench.hear(8) == Octets{0x50, 2, 0, 5, 0x50, 2, 0, 5}));
    assert_int_equal(bench.told.size(), 1);
    bench.say({0x62, 2, 0, 5});
    assert_true((bench.hear(4) == Octets{0x70, 2, 0, 5}));
    bench.say(publish);
    assert_true(bench.wait_told(2));
}

void a_packet_too_large_to_be_ours_is_skipped(void** state) {
    Bench& bench = of(state);
    bench.connect();
    Octets large{0x30, 0x80, 0x80, 0x10};  // remaining length 262144
    large.resize(4 + 262144);
    std::size_t at = 0;
    while (at < large.size()) {
        const ssize_t sent =
            ::send(bench.broker, large.data() + at, large.size() - at, MSG_DONTWAIT | MSG_NOSIGNAL);
        at += sent > 0 ? static_cast<std::size_t>(sent) : 0;
        bench.turn();
    }
    bench.say({0x30, 4, 0, 1, 'a', 1});
    assert_true(bench.wait_told(1));
    assert_string_equal(bench.told[0].c_str(), "message a 1");
}

void what_is_not_mqtt_closes_the_connection(void** state) {
    const Octets wrong[] = {
        {0x00, 2, 0, 0},                    // reserved type
        {0x10, 2, 0, 0},                    // what only a client sends
        {0x30, 0x80, 0x80, 0x80, 0x80, 1},  // a length of five octets
        {0x30, 1, 0},                       // PUBLISH without a topic
        {0x30, 3, 0, 9, 'a'},               // topic longer than the packet
        {0x32, 3, 0, 1, 'a'},               // no room for the packet id
        {0x36, 5, 0, 1, 'a', 0, 1},         // QoS 3
        {0x40, 1, 0},                       // PUBACK too short
        {0x90, 2, 0, 1},                    // SUBACK without a code
    };
    for (const Octets& octets : wrong) {
        assert_int_equal(tear_down(state), 0);
        assert_int_equal(set_up(state), 0);
        Bench& bench = of(state);
        bench.connect();
        bench.say(octets);
        assert_true(bench.wait_told(1));
        assert_string_equal(bench.told[0].c_str(), "closed: the broker sent what is not MQTT");
    }
}

void a_broker_that_goes_is_told_once(void** state) {
    Bench& bench = of(state);
    bench.connect();
    ::shutdown(bench.broker, SHUT_RDWR);
    assert_true(bench.wait_told(1));
    bench.turn();
    assert_int_equal(bench.told.size(), 1);
    assert_string_equal(bench.told[0].c_str(), "closed: the broker closed the connection");
    const std::uint8_t payload[] = {1};
    bench.client.publish("a", 0, Bytes{payload, 1});  // does no harm
    bench.turn();
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(connect_is_mqtt_3_1_1_with_a_clean_session, set_up, tear_down),
        cmocka_unit_test_setup_teardown(packets_in_single_octets_are_put_together, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_publish_is_encoded_as_mosquitto_reads_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_qos_2_message_is_told_once_until_it_is_released, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_packet_too_large_to_be_ours_is_skipped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_mqtt_closes_the_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_broker_that_goes_is_told_once, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
