// SPDX-License-Identifier: BSD-3-Clause
//
// A model broker with an observer that writes everything down, for its unit tests. One thread.
#ifndef TESTS_UNIT_SIM_MODEL_BROKER_BENCH_HPP
#define TESTS_UNIT_SIM_MODEL_BROKER_BENCH_HPP

#include <string>
#include <string_view>
#include <utility>

#include "sim/model_broker.hpp"
#include "support/cmocka.hpp"
#include "unit/sim/mqtt_text.hpp"

namespace test {

using mqttsn::sim::BrokerObserver;
using mqttsn::sim::BrokerSettings;
using mqttsn::sim::ModelBroker;
using mqttsn::sim::OwnedPacket;

/// What the observer was told, in order, as text.
class Notes : public BrokerObserver {
  public:
    std::string published;   ///< "dev q1 a/b=x" with " retain", " will"
    std::string queues;      ///< "queued dev q1 x", "dropped dev q1 x: why", "acknowledged dev q1 x"
    std::string violations;  ///< "dev: what"

    void on_published(std::string_view client_id, std::string_view topic, std::string_view payload,
                      unsigned qos, bool retain, bool will) override {
        append_text(published, std::string(client_id) + " q" + std::to_string(qos) +
                                   (retain ? " retain" : "") + (will ? " will" : "") + " " +
                                   std::string(topic) + "=" + std::string(payload));
    }
    void on_queued(std::string_view client_id, std::string_view /*topic*/, std::string_view payload,
                   unsigned qos) override {
        note("queued ", client_id, payload, qos);
    }
    void on_dropped(std::string_view client_id, std::string_view payload, unsigned qos,
                    const char* why) override {
        note("dropped ", client_id, payload, qos);
        queues += std::string(": ") + why;
    }
    void on_acknowledged(std::string_view client_id, std::string_view payload, unsigned qos) override {
        note("acknowledged ", client_id, payload, qos);
    }
    void on_violation(std::string_view client_id, const std::string& what) override {
        append_text(violations, std::string(client_id) + ": " + what);
    }

  private:
    void note(const char* what, std::string_view client_id, std::string_view payload, unsigned qos) {
        append_text(queues,
                    what + std::string(client_id) + " q" + std::to_string(qos) + " " + std::string(payload));
    }
};

struct Bench {
    Notes notes;
    ModelBroker broker;

    explicit Bench(const BrokerSettings& settings = {}) : broker(settings, notes) {}

    /// CONNECT; "accepted", "accepted, present", "refused 2"; with ", took over 1".
    std::string connect(ModelBroker::ConnectionId connection, const mqtt::Connect& connect) {
        const ModelBroker::Answer answer = broker.connect(connection, connect);
        std::string out = answer.code == mqtt::ConnectCode::accepted
                              ? "accepted"
                              : "refused " + std::to_string(static_cast<int>(answer.code));
        out += answer.session_present ? ", present" : "";
        return out + (answer.taken_over != 0 ? ", took over " + std::to_string(answer.taken_over) : "");
    }
    /// All packets that wait for the client.
    std::string got(ModelBroker::ConnectionId connection) {
        std::string out;
        for (OwnedPacket owned; broker.poll(connection, owned);) {
            append_text(out, text_of(owned.view()));
        }
        return out;
    }
    /// One packet in, all that wait out.
    std::string say(ModelBroker::ConnectionId connection, const mqtt::Packet& packet) {
        broker.handle(connection, packet);
        return got(connection);
    }
    std::string take_queues() { return std::exchange(notes.queues, {}); }
    std::string take_published() { return std::exchange(notes.published, {}); }
    std::string take_violations() { return std::exchange(notes.violations, {}); }
};

}  // namespace test

/// Compares any kind of string with what is expected.
#define ASSERT_TEXT(actual, expected) \
    assert_string_equal(std::string(actual).c_str(), std::string(expected).c_str())

#endif
