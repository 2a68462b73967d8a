// SPDX-License-Identifier: BSD-3-Clause
//
// The model broker against mosquitto 2.0.11: the same packets into both must bring the same packets back, in
// the same order and with the same ids (as broker_sides.hpp numbers them). SIM_SEED repeats a random walk.
//
// Known to differ, and tested to differ, where the model keeps to the standard or is harder on a client:
// - A kept session is taken over by a kept one: mosquitto does not publish the will of the old connection.
// - Overlapping filters: mosquitto takes the QoS of the first it finds, the model the highest (MQTT-3.3.5-1).
// - PUBREC for an id that is not in flight: mosquitto answers PUBREL, the model nothing.
// - The third copy of an unreleased PUBLISH: mosquitto closes the connection, the model answers each.
// - A client has as many unreleased exchanges as max_inflight_messages: mosquitto acknowledges a further
//   PUBLISH of QoS 1 and forgets it, the model publishes it.
// - A PUBLISH of QoS 2 has the id of an unreleased one and other content: mosquitto takes the new one, the
//   model keeps the first.
//
// Not compared: the order of several retained messages that one SUBSCRIBE brings; what a broken rule brings
// (mosquitto closes the connection, the model reports it); keeps_to_window = true with a window above 1,
// which mosquitto has not; a full queue, or acknowledgements out of order, while it has more than its window
// in flight.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "support/cmocka.hpp"
#include "unit/sim/broker_scripts.hpp"

using namespace test;

namespace {

constexpr unsigned kWalkSteps = 2000;

struct Case {
    BrokerScript script{};  ///< without play: a random walk
    Mosquitto mosquitto;
    std::unique_ptr<ModelSide> model_side;
    std::unique_ptr<MosquittoSide> mosquitto_side;
    std::unique_ptr<Play> play;
};

int start(void** state) {
    auto* one = static_cast<Case*>(*state);
    one->script.settings.keeps_to_window = one->script.settings.window == 1;
    one->mosquitto.options.persistence = true;
    one->mosquitto.options.extra_global =
        "max_inflight_messages " + std::to_string(one->script.settings.window) + "\nmax_queued_messages " +
        std::to_string(one->script.settings.queue_max);
    if (!one->mosquitto.start()) {
        return -1;
    }
    one->model_side = std::make_unique<ModelSide>(one->script.settings);
    one->mosquitto_side = std::make_unique<MosquittoSide>(one->mosquitto);
    one->play = std::make_unique<Play>(*one->model_side, *one->mosquitto_side);
    return 0;
}

int stop(void** state) {
    auto* one = static_cast<Case*>(*state);
    one->mosquitto_side.reset();
    one->mosquitto.stop();
    return 0;
}

/// From the step where they part: what both said.
void print_difference(const std::string& model, const std::string& mosquitto) {
    const auto parted = std::mismatch(model.begin(), model.end(), mosquitto.begin(), mosquitto.end()).first;
    const auto place = static_cast<std::size_t>(parted - model.begin());
    std::size_t step = model.rfind("\n> ", place);
    for (int before = 0; before < 15 && step != std::string::npos && step > 0; ++before) {
        step = model.rfind("\n> ", step - 1);
    }
    const std::size_t from = step == std::string::npos ? 0 : step;
    const std::size_t length = place - from + 400;
    std::fprintf(stderr, "model:%s\n\nmosquitto:%s\n\n", model.substr(from, length).c_str(),
                 mosquitto.substr(from, length).c_str());
}

void walk(Play& play, std::uint32_t window) {
    const char* given = std::getenv("SIM_SEED");
    const std::uint32_t seed = given != nullptr ? static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10))
                                                : std::random_device{}();
    std::fprintf(stderr, "random walk: SIM_SEED=%u\n", seed);
    random_walk(play, seed, kWalkSteps, window - 1);
}

void the_model_answers_like_mosquitto(void** state) {
    const auto* one = static_cast<Case*>(*state);
    if (one->script.play != nullptr) {
        one->script.play(*one->play);
    } else {
        walk(*one->play, one->script.settings.window);
    }
    const std::string& model = one->play->model();
    std::string mosquitto = one->play->mosquitto();
    const std::string differs = one->script.only_mosquitto;
    const std::size_t place = mosquitto.find(differs);
    assert_true(place != std::string::npos);
    mosquitto.replace(place, differs.size(), one->script.only_model);
    if (model != mosquitto) {
        print_difference(model, mosquitto);
    }
    assert_true(model == mosquitto);
}

}  // namespace

int main() {
    std::deque<Case> cases;
    std::vector<CMUnitTest> tests;
    for (const BrokerScript& script : broker_scripts()) {
        Case& one = cases.emplace_back();
        one.script = script;
        tests.push_back({script.name, the_model_answers_like_mosquitto, start, stop, &one});
    }
    for (const std::uint32_t window : {1000U, 1U}) {  // between them mosquitto does not keep to its window
        Case& one = cases.emplace_back();
        one.script.name = window == 1 ? "random_walk_one_in_flight" : "random_walk";
        one.script.settings.window = window;
        one.script.settings.queue_max = 100000;
        tests.push_back({one.script.name, the_model_answers_like_mosquitto, start, stop, &one});
    }
    return _cmocka_run_group_tests("model_broker_differential", tests.data(), tests.size(), nullptr, nullptr);
}
