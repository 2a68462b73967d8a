// SPDX-License-Identifier: BSD-3-Clause
//
// The C++ header: whole exchanges in octets through it, with a client of every shape.
#include <mqttsn/udp.hpp>

#include <array>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "support/cmocka.hpp"
#include "support/hex.hpp"

namespace sn = mqttsn::device;
using test::Octets;

namespace {

template <typename Client>
void prepare(Client& client) {
    client.config().seed = 7;
    client.config().first_message_id = 1;
    assert_true(client.start() == sn::Status::ok);
}

/// What the client sends next.
template <typename Client>
std::string said(Client& client, std::uint32_t now = 0) {
    std::array<std::uint8_t, 1472> buffer;
    const std::size_t octets = client.output(now, buffer.data(), buffer.size());
    return test::to_hex(mqttsn::Bytes{buffer.data(), octets});
}

template <typename Client>
sn::Status hears(Client& client, Octets& memory, const char* hex, std::uint32_t now = 0) {
    memory = test::hex(hex);
    return client.input(now, memory);
}

template <typename Client>
sn::Event next(Client& client) {
    sn::Event event;
    if (!client.next_event(event)) {
        assert_true(event.type() == sn::EventType::none);
    }
    return event;
}

template <typename Client>
void connect(Client& client, Octets& memory) {
    assert_true(client.connect(sn::Session::clean) == sn::Status::ok);
    assert_true(client.state() == sn::State::connecting);
    assert_string_equal(said(client).c_str(), "0A 04 04 01 00 3C 64 65 76 31");
    assert_true(hears(client, memory, "03 05 00") == sn::Status::ok);
    assert_true(next(client).type() == sn::EventType::connected);
    assert_true(client.state() == sn::State::active);
}

void publications_of_every_kind_of_topic_and_payload_leave_as_they_should(void**) {
    sn::Client<8> client("dev1");
    prepare(client);
    Octets memory;
    connect(client, memory);
    const std::string text = "c";
    const std::array<std::uint8_t, 1> octets = {0x64};
    const std::vector<char> none;
    assert_true(client.publish(sn::Topic::predefined(5), "ab", sn::Qos::minus_one).status == sn::Status::ok);
    assert_string_equal(said(client).c_str(), "09 0C 61 00 05 00 00 61 62");
    assert_true(next(client).type() == sn::EventType::delivered);
    for (const sn::Bytes payload : {sn::Bytes(text), sn::Bytes(octets), sn::Bytes(none),
                                    sn::Bytes(std::string_view("e")), sn::Bytes("f\0g")}) {
        const sn::Request request =
            client.publish(sn::Topic::short_name("st"), payload, sn::Qos::at_most_once, sn::Retain::yes);
        assert_true(static_cast<bool>(request));
        Octets wanted = test::hex("00 0C 12 73 74 00 00");
        wanted.insert(wanted.end(), payload.begin(), payload.end());
        wanted[0] = static_cast<std::uint8_t>(wanted.size());
        assert_string_equal(said(client).c_str(), test::to_hex(test::view(wanted)).c_str());
        const sn::Event event = next(client);
        assert_true(event.type() == sn::EventType::delivered);
        assert_int_equal(event.token(), request.token);
    }
    const sn::Request named = client.publish("a/b", "x", sn::Qos::at_least_once);
    assert_string_equal(said(client).c_str(), "09 0A 00 00 00 01 61 2F 62");
    assert_true(hears(client, memory, "07 0B 00 10 00 01 00") == sn::Status::ok);
    assert_string_equal(said(client).c_str(), "08 0C 20 00 10 00 02 78");
    assert_true(hears(client, memory, "07 0D 00 10 00 02 00") == sn::Status::ok);
    const sn::Event delivered = next(client);
    assert_true(delivered.type() == sn::EventType::delivered);
    assert_int_equal(delivered.token(), named.token);
    assert_int_equal(delivered.code(), MQTTSN_ACCEPTED);
}

void message_comes_with_its_topic_and_payload(void**) {
    sn::Client<> client("dev1");
    prepare(client);
    Octets memory;
    connect(client, memory);
    const sn::Request request = client.subscribe("a/b", sn::Qos::at_least_once);
    assert_string_equal(said(client).c_str(), "08 12 20 00 01 61 2F 62");
    assert_true(hears(client, memory, "08 13 20 00 07 00 01 00") == sn::Status::ok);
    const sn::Event subscribed = next(client);
    assert_true(subscribed.type() == sn::EventType::subscribed);
    assert_int_equal(subscribed.token(), request.token);
    assert_true(subscribed.qos() == sn::Qos::at_least_once);
    assert_true(hears(client, memory, "0A 0C 30 00 07 00 09 6F 66 66") == sn::Status::ok);
    const sn::Event message = next(client);
    assert_true(message.type() == sn::EventType::message);
    assert_true(message.topic().is_name());
    assert_int_equal(message.topic().id(), 7);
    assert_memory_equal(message.topic().name().data(), "a/b", 3);
    assert_int_equal(message.topic().name().size(), 3);
    assert_memory_equal(message.payload().text(), "off", 3);
    assert_int_equal(message.payload().size(), 3);
    assert_true(message.retain());
    assert_false(message.dup());
    assert_string_equal(said(client).c_str(), "07 0D 00 07 00 09 00");
}

void device_sleeps_wakes_up_and_goes_on_in_another_object_after_its_memory_was_lost(void**) {
    std::array<std::uint8_t, sn::Client<>::save_octets(0)> blob;
    std::size_t octets = 0;
    Octets memory;
    {
        sn::Client<> client("dev1");
        prepare(client);
        connect(client, memory);
        assert_true(client.sleep(60) == sn::Status::ok);
        assert_string_equal(said(client).c_str(), "04 18 00 3C");
        assert_true(hears(client, memory, "02 18") == sn::Status::ok);
        assert_true(next(client).type() == sn::EventType::asleep);
        octets = client.save(blob.data(), blob.size());
        assert_true(octets > 0);
    }
    sn::Client<> other("dev1");
    assert_true(other.restore(12345, sn::Bytes(blob.data(), octets)) == sn::Status::ok);
    assert_true(other.state() == sn::State::asleep);
    assert_true(other.wake() == sn::Status::ok);
    assert_string_equal(said(other, 12345).c_str(), "06 16 64 65 76 31");
    assert_true(hears(other, memory, "02 17", 12345) == sn::Status::ok);
    assert_true(next(other).type() == sn::EventType::awake_done);
    blob[octets / 2] ^= 1U;
    sn::Client<> third("dev1");
    assert_true(third.restore(0, sn::Bytes(blob.data(), octets)) == sn::Status::blob);
    assert_true(third.state() == sn::State::disconnected);
}

void errors_are_of_one_type_with_names(void**) {
    sn::Client<1, 0, 0, 0> client("dev1");
    prepare(client);
    assert_true(client.disconnect() == sn::Status::state);
    assert_true(client.wake() == sn::Status::state);
    assert_true(client.search() == sn::Status::state);
    assert_true(client.publish("a/#", "x", sn::Qos::at_least_once).status == sn::Status::topic);
    assert_true(client.publish("a", "x", sn::Qos::minus_one).status == sn::Status::topic);
    const sn::Request first = client.publish("a", "x", sn::Qos::at_least_once);
    const sn::Request second = client.publish("a", "x", sn::Qos::at_least_once);
    assert_true(first && !second);
    assert_true(second.status == sn::Status::busy);
    assert_int_equal(second.token, 0);
    assert_string_equal(sn::name_of(second.status), "MQTTSN_ERR_BUSY");
    assert_string_equal(sn::name_of(sn::EventType::awake_done), "AWAKE_DONE");
    sn::Client<> empty("");
    assert_true(empty.start() == sn::Status::argument);
}

void socket_opens_runs_and_closes_itself(void**) {
    sn::Client<> client("dev1");
    prepare(client);
    int fd = -1;
    {
        sn::UdpSocket<> socket;
        assert_true(socket.open("127.0.0.1", "no such port") == sn::Status::address);
        assert_true(socket.open("127.0.0.1", "9") == sn::Status::ok);
        assert_true(socket.open("127.0.0.1", "9") == sn::Status::ok);
        fd = socket.c().fd;
        sn::Event event;
        assert_true(socket.run(client, 0, event) == sn::UdpSocket<>::Outcome::time_over);
        assert_true(socket.send(client) == sn::Status::ok);
        assert_true(socket.receive(client) == sn::Status::ok);
    }
    mqttsn_udp closed{};
    closed.fd = fd;
    closed.group_fd = -1;
    assert_int_equal(mqttsn_udp_receive(&closed, client.c()), MQTTSN_ERR_NETWORK);
}

static_assert(!std::is_copy_constructible_v<sn::Client<>> && !std::is_move_constructible_v<sn::Client<>>);
static_assert(!std::is_copy_constructible_v<sn::UdpSocket<>>);
// Nothing beside the C structures and the memory asked for.
static_assert(sizeof(sn::Client<2, 64, 0, 0>) <= sizeof(mqttsn_client) + sizeof(mqttsn_config) +
                                                     2 * sizeof(mqttsn_slot) + 64 + 2 * sizeof(void*));
static_assert(sizeof(sn::Event) == sizeof(mqttsn_event) && sizeof(sn::Topic) == sizeof(mqttsn_topic));

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(publications_of_every_kind_of_topic_and_payload_leave_as_they_should),
        cmocka_unit_test(message_comes_with_its_topic_and_payload),
        cmocka_unit_test(device_sleeps_wakes_up_and_goes_on_in_another_object_after_its_memory_was_lost),
        cmocka_unit_test(errors_are_of_one_type_with_names),
        cmocka_unit_test(socket_opens_runs_and_closes_itself),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
