// SPDX-License-Identifier: BSD-3-Clause
//
// Between octets (as packets carry them) and std text.
#ifndef GATEWAY_CORE_TEXT_HPP
#define GATEWAY_CORE_TEXT_HPP

#include <cstdint>
#include <string_view>

#include "mqttsn/wire.hpp"

namespace mqttsn::gateway {

inline std::string_view text_of(Bytes octets) {
    return octets.empty() ? std::string_view{}
                          : std::string_view{reinterpret_cast<const char*>(octets.data), octets.size};
}

inline Bytes octets_of(std::string_view text) {
    return Bytes{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace mqttsn::gateway

#endif
