// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/app/address_range.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "gateway/app/text.hpp"

namespace mqttsn::gateway {
namespace {

constexpr unsigned kMappedBits = 96;  // of ::ffff:0:0/96, into which IPv4 is mapped
constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

bool is_ipv4(const AddressRange& range) {
    return range.prefix >= kMappedBits &&
           std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), range.address.begin());
}

/// Digits only, at most `max`.
std::optional<unsigned> parse_prefix(std::string_view text, unsigned max) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value > max) {
        return std::nullopt;
    }
    return value;
}

AddressRange cleared(AddressRange range) {
    for (unsigned bit = range.prefix; bit < 128; ++bit) {
        range.address[bit / 8] = static_cast<std::uint8_t>(range.address[bit / 8] & ~(0x80U >> (bit % 8)));
    }
    return range;
}

}  // namespace

std::string parse_address_range(std::string_view text, AddressRange& out) {
    std::string expected =
        "expected an address or a range such as \"192.0.2.7\", \"10.0.0.0/8\" or \"2001:db8::/32\", got " +
        in_quotes(text);
    const std::size_t slash = text.find('/');
    const std::string address(text.substr(0, slash));
    AddressRange range;
    unsigned bits_before = 0;
    if (inet_pton(AF_INET, address.c_str(), range.address.data() + kMappedPrefix.size()) == 1) {
        std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), range.address.begin());
        bits_before = kMappedBits;
    } else if (inet_pton(AF_INET6, address.c_str(), range.address.data()) != 1) {
        return expected;
    }
    if (address.find('\0') != std::string::npos) {
        return expected;
    }
    if (slash != std::string_view::npos) {
        const std::optional<unsigned> prefix = parse_prefix(text.substr(slash + 1), 128 - bits_before);
        if (!prefix) {
            return expected + " (the prefix is 0 to " + std::to_string(128 - bits_before) + " bits)";
        }
        range.prefix = static_cast<std::uint8_t>(bits_before + *prefix);
    }
    const AddressRange clear = cleared(range);
    if (clear.address != range.address) {
        return expected + "; did you mean " + in_quotes(to_string(clear)) + "?";
    }
    out = range;
    return "";
}

std::string to_string(const AddressRange& range) {
    const bool ipv4 = is_ipv4(range);
    std::array<char, INET6_ADDRSTRLEN> address{};
    inet_ntop(ipv4 ? AF_INET : AF_INET6, range.address.data() + (ipv4 ? kMappedPrefix.size() : 0),
              address.data(), address.size());
    std::string text = address.data();
    if (range.prefix < 128) {
        text += '/' + std::to_string(range.prefix - (ipv4 ? kMappedBits : 0U));
    }
    return text;
}

}  // namespace mqttsn::gateway
