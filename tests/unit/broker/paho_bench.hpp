// SPDX-License-Identifier: BSD-3-Clause
//
// What the tests of the engine `paho` share: a loop with an engine on it, a mosquitto, perhaps a relay or a
// WebSocket bridge before it, a listener that writes down what it hears, a witness at the broker. Owned by a
// fixture. One thread.
#ifndef TESTS_UNIT_BROKER_PAHO_BENCH_HPP
#define TESTS_UNIT_BROKER_PAHO_BENCH_HPP

#include <cstdio>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/broker/paho_engine.hpp"
#include "mini_subscriber.hpp"
#include "support/mosquitto.hpp"
#include "support/ws_bridge.hpp"
#include "tcp_relay.hpp"
#include "unit/broker/direct_bench.hpp"

namespace test {

using mqttsn::gateway::PahoEngine;
using mqttsn::gateway::PahoEngineOptions;

struct PahoBench {
    uv_loop_t loop{};
    Recorder heard;
    Mosquitto broker;
    std::unique_ptr<TcpRelay> relay;
    WsBridge bridge;
    MiniSubscriber witness;
    PahoEngineOptions options;
    std::unique_ptr<PahoEngine> engine;

    PahoBench() { uv_loop_init(&loop); }
    PahoBench(const PahoBench&) = delete;
    PahoBench& operator=(const PahoBench&) = delete;

    bool start() {
        if (options.url.port == 1883) {
            options.url.port = relay ? relay->port() : broker.port();
        }
        std::string error;
        engine = PahoEngine::create(&loop, heard, options, error);
        return engine != nullptr;
    }
    int finish() {
        if (engine != nullptr) {
            engine->shutdown();
        }
        uv_run(&loop, UV_RUN_DEFAULT);
        engine.reset();
        return uv_loop_close(&loop);
    }
    bool run_until(const std::function<bool()>& done, int timeout_ms = 15000) {
        const std::uint64_t end = uv_hrtime() + static_cast<std::uint64_t>(timeout_ms) * 1000000U;
        while (!done()) {
            if (uv_hrtime() > end) {
                for (const std::string& event : heard.events) {
                    std::fprintf(stderr, "heard: %s\n", event.c_str());
                }
                return false;
            }
            uv_run(&loop, UV_RUN_NOWAIT);
            const timespec pause{0, 500000};
            ::nanosleep(&pause, nullptr);
        }
        return true;
    }
    void run_ms(int ms) {
        const std::uint64_t end = uv_hrtime() + static_cast<std::uint64_t>(ms) * 1000000U;
        run_until([&] { return uv_hrtime() >= end; });
    }
    bool wait_for(const std::string& event, std::size_t times = 1) {
        return run_until([&] { return heard.count(event) >= times; });
    }
    void open(LinkId link, const mqtt::Connect& connect) {
        heard.inside_engine = true;
        engine->open(link, connect);
        heard.inside_engine = false;
    }
    bool open(LinkId link, std::string_view client_id, bool clean = true) {
        mqtt::Connect connect;
        connect.client_id = view(client_id);
        connect.clean_session = clean;
        open(link, connect);
        return wait_for("opened " + Recorder::name(link));
    }
    bool open_with_will(LinkId link, std::uint8_t qos, std::string_view payload = "gone",
                        bool retain = false) {
        mqtt::Connect connect;
        connect.client_id = view("willing");
        connect.has_will = true;
        connect.will = {view("will/topic"), view(payload), qos, retain};
        open(link, connect);
        return wait_for("opened " + Recorder::name(link));
    }
    void send(LinkId link, const mqtt::Packet& packet) {
        heard.inside_engine = true;
        engine->send(link, packet);
        heard.inside_engine = false;
    }
    void close(LinkId link, bool with_disconnect) {
        heard.inside_engine = true;
        engine->close(link, with_disconnect);
        heard.inside_engine = false;
    }
    /// The next packet, taken out; nothing when none of this type is first.
    bool next(mqtt::PacketType type, Heard& out) {
        if (!run_until([&] { return !heard.packets.empty(); })) {
            return false;
        }
        out = heard.packets.front();
        heard.packets.erase(heard.packets.begin());
        return out.packet.type == type;
    }
    bool subscribe(LinkId link, std::string_view filter, std::uint8_t qos) {
        send(link, with_id(mqtt::PacketType::subscribe, 900, filter, qos));
        Heard answer;
        return next(mqtt::PacketType::suback, answer) && answer.packet.packet_id == 900 &&
               answer.packet.code == qos;
    }
    bool witness_sees(std::string_view topic, std::string_view payload, int timeout_ms = 10000) {
        return run_until(
            [&] {
                witness.poll();
                return witness.has(topic, payload);
            },
            timeout_ms);
    }
    std::size_t witnessed() {
        witness.poll();
        return witness.messages.size();
    }
};

}  // namespace test

#endif
