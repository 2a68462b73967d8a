// SPDX-License-Identifier: BSD-3-Clause
//
// Addresses and ranges of them as an operator writes them: "192.0.2.7", "10.0.0.0/8", "2001:db8::/32". No
// names, no ports, no zones. Pure functions, any thread. What a range means: gateway/core/settings.hpp.
#ifndef GATEWAY_APP_ADDRESS_RANGE_HPP
#define GATEWAY_APP_ADDRESS_RANGE_HPP

#include <string>
#include <string_view>

#include "gateway/core/settings.hpp"

namespace mqttsn::gateway {

/// @returns "" and fills `out`; or a sentence for the operator, and `out` is unchanged. Bits behind the
/// prefix must be 0: "10.1.2.3/8" is more likely a slip than a range.
std::string parse_address_range(std::string_view text, AddressRange& out);
/// parse_address_range() reads it back. A single address has no prefix.
std::string to_string(const AddressRange& range);

}  // namespace mqttsn::gateway

#endif
