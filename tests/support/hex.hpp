// SPDX-License-Identifier: BSD-3-Clause
//
// Octets written as text in tests: hex("05 00 05 03 84").
#ifndef TESTS_SUPPORT_HEX_HPP
#define TESTS_SUPPORT_HEX_HPP

#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "mqttsn/wire.hpp"

namespace test {

using Octets = std::vector<std::uint8_t>;

inline Octets hex(std::string_view text) {
    Octets out;
    out.reserve(text.size() / 2 + 1);
    int high = -1;
    for (const char c : text) {
        if (std::isspace(static_cast<unsigned char>(c)) != 0) {
            continue;
        }
        const int digit = std::isdigit(static_cast<unsigned char>(c)) != 0 ? c - '0' : (c | 0x20) - 'a' + 10;
        if (digit < 0 || digit > 15) {
            std::abort();  // the test itself is wrong
        }
        if (high < 0) {
            high = digit;
        } else {
            out.push_back(static_cast<std::uint8_t>(high * 16 + digit));
            high = -1;
        }
    }
    return out;
}

inline std::string to_hex(mqttsn::Bytes bytes) {
    static constexpr char kDigits[] = "0123456789ABCDEF";
    std::string out;
    for (const std::uint8_t octet : bytes) {
        if (!out.empty()) {
            out += ' ';
        }
        out += kDigits[octet >> 4U];
        out += kDigits[octet & 15U];
    }
    return out;
}

inline mqttsn::Bytes view(const Octets& octets) {
    return mqttsn::Bytes{octets.data(), octets.size()};
}
inline mqttsn::Bytes view(std::string_view text) {
    return mqttsn::Bytes{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string str(mqttsn::Bytes bytes) {
    return std::string(reinterpret_cast<const char*>(bytes.data), bytes.size);
}

}  // namespace test

#endif
