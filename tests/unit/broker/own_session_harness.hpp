// SPDX-License-Identifier: BSD-3-Clause
//
// A loop with an OwnSession on it, and a note of what it said. Owned by a fixture: the destructor stops the
// session and checks nothing, so it also runs after a failed assert. One thread.
#ifndef TESTS_UNIT_BROKER_OWN_SESSION_HARNESS_HPP
#define TESTS_UNIT_BROKER_OWN_SESSION_HARNESS_HPP

#include <uv.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/broker/own_session.hpp"

namespace test {

inline mqttsn::Bytes octets(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::string text(mqttsn::Bytes octets) {
    return {reinterpret_cast<const char*>(octets.data), octets.size};
}

/// What on_own_packet() brought.
struct Arrival {
    std::string topic;
    std::string payload;
    std::uint8_t qos = 0;
    bool retain = false;
    std::uint32_t subscription_id = 0;
};
struct Answer {
    mqttsn::gateway::mqtt::PacketType type{};
    std::uint16_t packet_id = 0;
    std::uint8_t code = 0;
};

class OwnSessionHarness final : public mqttsn::gateway::OwnSessionListener {
  public:
    OwnSessionHarness() {
        uv_loop_init(&loop_);
        uv_timer_init(&loop_, &tick_);
    }
    OwnSessionHarness(const OwnSessionHarness&) = delete;
    OwnSessionHarness& operator=(const OwnSessionHarness&) = delete;
    ~OwnSessionHarness() {
        if (session && !stopped) {
            stop();
        }
        uv_close(reinterpret_cast<uv_handle_t*>(&tick_), nullptr);
        uv_run(&loop_, UV_RUN_DEFAULT);
        if (uv_loop_close(&loop_) != 0) {
            std::fprintf(stderr, "the session left uv handles behind\n");
        }
    }

    /// Quick reconnects unless `options` say otherwise.
    bool start(mqttsn::gateway::OwnSessionOptions options) {
        session = std::make_unique<mqttsn::gateway::OwnSession>(&loop_, std::move(options), *this);
        stopped = false;
        return session->start();
    }

    /// Runs the loop until `done` says true; false when that takes longer.
    bool run_until(const std::function<bool()>& done, int timeout_ms) {
        const std::uint64_t end = uv_hrtime() + static_cast<std::uint64_t>(timeout_ms) * 1000000U;
        uv_timer_start(
            &tick_, [](uv_timer_t*) {}, 2, 2);
        bool ok = done();
        while (!ok && uv_hrtime() < end) {
            uv_run(&loop_, UV_RUN_ONCE);
            ok = done();
        }
        uv_timer_stop(&tick_);
        return ok;
    }
    /// One turn of the loop, at most 2 ms.
    void run_once() {
        uv_timer_start(
            &tick_, [](uv_timer_t*) {}, 2, 2);
        uv_run(&loop_, UV_RUN_ONCE);
        uv_timer_stop(&tick_);
    }
    bool run_until_up(int timeout_ms = 5000) {
        return run_until([this] { return session->is_up(); }, timeout_ms);
    }

    /// Stops the session; milliseconds it took, or -1 when it did not stop within 10 s.
    int stop() {
        const std::uint64_t begin = uv_hrtime();
        session->stop([this] { stopped = true; });
        if (!run_until([this] { return stopped; }, 10000)) {
            return -1;
        }
        return static_cast<int>((uv_hrtime() - begin) / 1000000U);
    }

    bool publish(std::string_view topic, std::string_view payload, std::uint8_t qos, bool retain = false) {
        return session->publish(octets(topic), octets(payload), qos, retain);
    }

    void on_own_session_up(bool mqtt5, bool session_present) override {
        ++ups;
        last_up_mqtt5 = mqtt5;
        last_session_present = session_present;
    }
    void on_own_packet(const mqttsn::gateway::mqtt::Packet& packet) override {
        if (packet.type == mqttsn::gateway::mqtt::PacketType::publish) {
            arrivals.push_back({text(packet.topic), text(packet.payload), packet.qos, packet.retain,
                                packet.subscription_id});
        } else {
            answers.push_back({packet.type, packet.packet_id, packet.code});
        }
    }
    void on_own_session_congested(bool congested) override { congestion.push_back(congested); }
    void on_own_session_down(std::string_view detail) override { downs.emplace_back(detail); }

    bool said(std::string_view text) const {
        return !downs.empty() && downs.back().find(text) != std::string::npos;
    }

    std::unique_ptr<mqttsn::gateway::OwnSession> session;
    int ups = 0;
    bool last_up_mqtt5 = false;
    bool last_session_present = false;
    std::vector<Arrival> arrivals;
    std::vector<Answer> answers;
    std::vector<bool> congestion;
    std::vector<std::string> downs;
    bool stopped = true;

  private:
    uv_loop_t loop_{};
    uv_timer_t tick_{};
};

}  // namespace test

#endif
