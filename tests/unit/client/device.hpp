// SPDX-License-Identifier: BSD-3-Clause
//
// A client in virtual time, driven through its C API with datagrams as hex text. What it is to send and to
// report is compared by the macros, so that a failure shows the line of the test.
#ifndef TESTS_UNIT_CLIENT_DEVICE_HPP
#define TESTS_UNIT_CLIENT_DEVICE_HPP

#include <mqttsn/client.h>

#include <array>
#include <cstring>
#include <string>
#include <string_view>

#include "support/cmocka.hpp"
#include "support/hex.hpp"

namespace test {

class Device {
  public:
    static constexpr std::uint32_t kRetryMs = 1000;
    static constexpr std::uint32_t kWaitMs = 60000;

    Device() {
        mqttsn_config_defaults(&config, "dev1");
        config.retry_interval_ms = kRetryMs;
        config.congestion_wait_ms = kWaitMs;
        config.seed = 7;
        config.first_message_id = 1;
        config.queue = queue.data();
        config.queue_length = static_cast<std::uint8_t>(queue.size());
        config.topic_memory = topics.data();
        config.topic_memory_octets = static_cast<std::uint16_t>(topics.size());
        config.inbound = inbound.data();
        config.inbound_length = static_cast<std::uint8_t>(inbound.size());
        restart();
    }
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;

    /// mqttsn_init() with what `config` says now.
    void restart() { assert_int_equal(mqttsn_init(&client, &config), MQTTSN_OK); }

    /// The next datagram, or "".
    std::string out() {
        const std::size_t octets = mqttsn_output(&client, now, buffer.data(), buffer.size());
        return to_hex(mqttsn::Bytes{buffer.data(), octets});
    }
    mqttsn_status in(std::string_view text) {
        datagram = hex(text);
        return mqttsn_input(&client, now, datagram.data(), datagram.size());
    }
    mqttsn_status in_octets(const Octets& octets) {
        datagram = octets;
        return mqttsn_input(&client, now, datagram.data(), datagram.size());
    }
    /// The name of the next event ("" = none); the event itself is in `event`.
    std::string next() { return mqttsn_next_event(&client, &event) ? mqttsn_event_name(event.type) : ""; }
    std::uint32_t timeout() const { return mqttsn_next_timeout(&client, now); }
    /// Lets the time pass that the client wants to wait.
    void advance_to_timeout() { now += timeout(); }
    std::string payload() const {
        return std::string(static_cast<const char*>(event.payload), event.payload_octets);
    }
    std::string topic() const { return std::string(event.topic.name, event.topic.name_octets); }

    /// CONNECT, CONNACK, CONNECTED.
    void connect(bool clean = true) {
        assert_int_equal(mqttsn_connect(&client, clean), MQTTSN_OK);
        assert_string_equal(out().c_str(),
                            clean ? "0A 04 04 01 00 3C 64 65 76 31" : "0A 04 00 01 00 3C 64 65 76 31");
        assert_int_equal(in("03 05 00"), MQTTSN_OK);
        assert_string_equal(next().c_str(), "CONNECTED");
    }
    void publish(mqttsn_topic topic, const char* text, int qos, bool retain = false) {
        assert_int_equal(mqttsn_publish(&client, topic, text, std::strlen(text), qos, retain, &token),
                         MQTTSN_OK);
    }

    mqttsn_config config;
    mqttsn_client client;
    mqttsn_event event;
    std::uint32_t now = 1000;
    std::uint16_t token = 0;
    std::array<mqttsn_slot, 4> queue{};
    std::array<std::uint8_t, 64> topics{};
    std::array<mqttsn_inbound, 2> inbound{};
    std::array<std::uint8_t, 1472> buffer{};
    Octets datagram;
};

}  // namespace test

#define EXPECT_OUT(device, text) assert_string_equal((device).out().c_str(), std::string(text).c_str())
#define EXPECT_QUIET(device) assert_string_equal((device).out().c_str(), "")
#define EXPECT_EVENT(device, name) assert_string_equal((device).next().c_str(), name)
#define EXPECT_NO_EVENT(device) assert_string_equal((device).next().c_str(), "")
#define EXPECT_IN(device, text) assert_int_equal((device).in(text), MQTTSN_OK)
#define EXPECT_IGNORED(device, text) assert_int_equal((device).in(text), MQTTSN_ERR_UNEXPECTED)
#define EXPECT_STATE(device, state) assert_int_equal(mqttsn_get_state(&(device).client), MQTTSN_STATE_##state)

#endif
