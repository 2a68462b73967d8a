// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/glob.hpp"

#include <cstddef>
#include <cstdint>

namespace mqttsn::gateway {
namespace {

/// Octets of the character at `at`: 1 to 4, and never past the end of the text. A lead octet takes only the
/// continuation octets that are really there, so that bad UTF-8 cannot swallow what follows.
std::size_t character_octets(std::string_view text, std::size_t at) {
    const auto lead = static_cast<std::uint8_t>(text[at]);
    const std::size_t wanted = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    std::size_t count = 1;
    while (count < wanted && at + count < text.size() &&
           (static_cast<std::uint8_t>(text[at + count]) & 0xC0U) == 0x80U) {
        ++count;
    }
    return count;
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view text) {
    std::size_t p = 0;
    std::size_t t = 0;
    // Where to go on when the part after the last '*' does not fit: only that star needs another try, because
    // an earlier one taking more could only make the rest shorter. That is why no recursion is needed.
    std::size_t after_star = std::string_view::npos;
    std::size_t retry_from = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            after_star = ++p;
            retry_from = t;
        } else if (p < pattern.size() && pattern[p] == '?') {
            t += character_octets(text, t);
            ++p;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (after_star != std::string_view::npos) {
            // Whole characters, so that a '?' behind the star never starts inside one.
            retry_from += character_octets(text, retry_from);
            p = after_star;
            t = retry_from;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') {
        ++p;
    }
    return p == pattern.size();
}

}  // namespace mqttsn::gateway
