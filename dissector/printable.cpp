// SPDX-License-Identifier: GPL-2.0-or-later
//
// Text of the network as one line for people: tables, columns and file names want UTF-8 without control
// characters. (Wireshark's own function for it changes its file and its arguments between 4.0 and 4.6.)
#include "dissector/plugin.hpp"

namespace mqttsnx {
namespace {

/// Octets of the control character that begins here: C0 and DEL are one, C1 (C2 80 to C2 9F) two; else 0.
std::size_t control_octets(std::string_view text, std::size_t at) {
    const auto octet = static_cast<unsigned char>(text[at]);
    if (octet < 0x20 || octet == 0x7F) {
        return 1;
    }
    const bool c1 = octet == 0xC2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xA0;
    return c1 ? 2 : 0;
}

}  // namespace

const char* printable(wmem_allocator_t* pool, std::string_view text) {
    constexpr char kHex[] = "0123456789abcdef";
    const bool utf8 = is_utf8(text);
    // An octet becomes at most "\xNN".
    auto* out = static_cast<char*>(wmem_alloc(pool, 4 * text.size() + 1));
    std::size_t end = 0;
    std::size_t to_escape = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto octet = static_cast<unsigned char>(text[i]);
        if (to_escape == 0) {
            to_escape = !utf8 && octet >= 0x80 ? 1 : control_octets(text, i);
        }
        if (to_escape == 0) {
            out[end++] = text[i];
            continue;
        }
        --to_escape;
        out[end++] = '\\';
        out[end++] = 'x';
        out[end++] = kHex[octet >> 4];
        out[end++] = kHex[octet & 15];
    }
    out[end] = '\0';
    return out;
}

}  // namespace mqttsnx
