// SPDX-License-Identifier: BSD-3-Clause
//
// What the tests of gateway.toml share: a text that must be good, and results as text.
#ifndef TESTS_UNIT_APP_CONFIG_STEPS_HPP
#define TESTS_UNIT_APP_CONFIG_STEPS_HPP

#include <string>
#include <string_view>

#include "check.hpp"
#include "gateway/app/config.hpp"

namespace config_steps {

/// All errors, one a line.
inline std::string said(const mqttsn::gateway::ConfigResult& result) {
    std::string lines;
    for (const mqttsn::gateway::ConfigError& error : result.errors) {
        lines += to_string(error) + "\n";
    }
    return lines;
}

/// Fails the test, with the errors, when there are any.
inline mqttsn::gateway::Config good(std::string_view toml) {
    const mqttsn::gateway::ConfigResult result = mqttsn::gateway::parse_config(toml, "gateway.toml");
    check::that(result.config.has_value(), std::string(toml) + "\n" + said(result));
    return *result.config;
}

/// All keys with their values, one a line.
inline std::string as_text(const mqttsn::gateway::Config& config) {
    std::string text;
    for (const mqttsn::gateway::ConfigLine& line : describe(config)) {
        text += line.key + " = " + line.value + "\n";
    }
    return text;
}

}  // namespace config_steps

#endif
