// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/settings.hpp"

#include <algorithm>

namespace mqttsn::gateway {

bool AddressRange::holds(const std::array<std::uint8_t, 16>& other) const {
    const std::size_t whole = prefix / 8U;
    const unsigned rest = prefix % 8U;
    if (!std::equal(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(whole), other.begin())) {
        return false;
    }
    return rest == 0 || ((address[whole] ^ other[whole]) >> (8U - rest)) == 0;
}

bool ForwarderSettings::names(const std::array<std::uint8_t, 16>& address) const {
    return std::any_of(allowed.begin(), allowed.end(),
                       [&](const AddressRange& range) { return range.holds(address); });
}

}  // namespace mqttsn::gateway
