// SPDX-License-Identifier: BSD-3-Clause
//
// Named networks. Each number's source stands beside it in link_presets.cpp.
#ifndef TESTS_LOSSY_LINK_PRESETS_HPP
#define TESTS_LOSSY_LINK_PRESETS_HPP

#include <span>
#include <string_view>

#include "lossy/link_settings.hpp"

namespace mqttsn::lossy {

struct LinkPreset {
    std::string_view name;
    std::string_view summary;  ///< one line: what kind of network, for --help and reports
    LinkSettings settings;
};

/// lan, wifi-bad, 802.15.4, nb-iot, lora-like, satellite.
std::span<const LinkPreset> link_presets();
/// nullptr when there is none of this name.
const LinkPreset* find_link_preset(std::string_view name);

}  // namespace mqttsn::lossy

#endif
