// SPDX-License-Identifier: BSD-3-Clause
//
// A second pair of eyes at the broker for the tests of mqttsn-load, with the program's own MQTT client:
// payloads are octets, which mosquitto_sub's lines cannot carry. One thread.
#ifndef TESTS_E2E_LOAD_WATCHER_HPP
#define TESTS_E2E_LOAD_WATCHER_HPP

#include <string>
#include <string_view>

#include "bed.hpp"
#include "bench/mqtt_client.hpp"

namespace e2e {

/// A client of ours at the broker: counts what it sees, and may give messages of one device to another.
struct Watcher final : mqttsn::load::MqttEvents {
    mqttsn::load::Poller poller;
    mqttsn::load::MqttShared shared{poller, *this};
    mqttsn::load::MqttClient client{shared, 0};
    bool subscribed = false;
    std::size_t seen = 0;
    int to_give = 0;

    void on_connack(mqttsn::load::MqttClient&, std::uint8_t, std::uint64_t) override {
        client.subscribe("load/+", 0);
    }
    void on_suback(mqttsn::load::MqttClient&, std::uint8_t) override { subscribed = true; }
    /// Messages of device 0 also go out under the name of device 1.
    void on_message(mqttsn::load::MqttClient&, std::string_view topic, mqttsn::Bytes payload,
                    std::uint64_t) override {
        ++seen;
        if (to_give > 0 && topic.ends_with("-0")) {
            --to_give;
            client.publish(std::string(topic.substr(0, topic.size() - 1)) + "1", 1, payload);
        }
    }
    void on_acknowledged(mqttsn::load::MqttClient&, std::uint16_t, std::uint64_t) override {}
    void on_closed(mqttsn::load::MqttClient&, const std::string&) override {}

    void turn() {
        shared.flush_all();
        for (const mqttsn::load::Ready& ready : poller.wait(mqttsn::load::steady_ns() + 5'000'000)) {
            client.on_ready(ready.events);
        }
        shared.flush_all();
    }
    void start(const Bed& bed) {
        mqttsn::load::Address broker;
        assert_string_equal(mqttsn::load::resolve({"127.0.0.1", bed.broker.port()}, broker).c_str(), "");
        assert_string_equal(client.open(broker, 0, "watcher").c_str(), "");
        assert_true(wait_until(test::kAnswerMs, [this] {
            turn();
            return subscribed;
        }));
    }
    /// Until the tool has ended and what it caused has been seen.
    void watch(Tool& tool) {
        assert_true(wait_until(60000, [&] {
            turn();
            return !tool.process.running();
        }));
        for (int quiet = 0; quiet < 20; ++quiet) {
            const std::size_t before = seen;
            turn();
            quiet = seen == before ? quiet : 0;
        }
    }
};

}  // namespace e2e

#endif
