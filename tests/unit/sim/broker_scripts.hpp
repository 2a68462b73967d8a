// SPDX-License-Identifier: BSD-3-Clause
//
// What is played against the model broker and mosquitto (model_broker_differential_test.cpp): written
// scripts, and a random walk of three clients. A script does what clients may do, and says nothing about what
// should come back.
#ifndef TESTS_UNIT_SIM_BROKER_SCRIPTS_HPP
#define TESTS_UNIT_SIM_BROKER_SCRIPTS_HPP

#include <cstdint>
#include <vector>

#include "unit/sim/broker_sides.hpp"

namespace test {

struct BrokerScript {
    const char* name;
    void (*play)(Play&);
    mqttsn::sim::BrokerSettings settings;
    /// Where the two are known to differ: these lines of mosquitto's transcript are, in the model's, the
    /// others.
    const char* only_mosquitto = "";
    const char* only_model = "";
};

std::vector<BrokerScript> broker_scripts();

/// Stays clear of what is known to differ: clients have one QoS each for all their filters, wills only in
/// clean sessions, send no third copy, and have at most `unreleased_max` exchanges of QoS 2 open; and of what
/// has no order: retained messages have one topic.
void random_walk(Play& play, std::uint32_t seed, unsigned steps, std::size_t unreleased_max);

}  // namespace test

#endif
