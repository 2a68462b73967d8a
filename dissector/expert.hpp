// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef DISSECTOR_EXPERT_HPP
#define DISSECTOR_EXPERT_HPP

#include <cstdint>
#include <string_view>

#include "dissector/expert_table.h"

namespace mqttsnx {

/// One row of expert_table.h.
enum class Expert : std::uint8_t {
#define X(NAME, name, severity, group, text, rule) name,
    MQTTSNX_EXPERTS(X)
#undef X
        count
};

constexpr int kExperts = static_cast<int>(Expert::count);

/// The severity column of the row: "CHAT", "NOTE", "WARN" or "ERROR".
constexpr std::string_view severity_of(Expert expert) {
    constexpr std::string_view kSeverities[] = {
#define X(NAME, name, severity, group, text, rule) #severity,
        MQTTSNX_EXPERTS(X)
#undef X
    };
    return kSeverities[static_cast<int>(expert)];
}
constexpr bool is_error(Expert expert) {
    return severity_of(expert) == "ERROR";
}
constexpr bool is_warning(Expert expert) {
    return severity_of(expert) == "WARN";
}

}  // namespace mqttsnx

#endif
