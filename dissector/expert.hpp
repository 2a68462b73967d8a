// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef DISSECTOR_EXPERT_HPP
#define DISSECTOR_EXPERT_HPP

#include <cstdint>

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

}  // namespace mqttsnx

#endif
