// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/app/text.hpp"

#include <algorithm>
#include <numeric>
#include <system_error>
#include <vector>

namespace mqttsn::gateway {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

/// One decoded character: its code point and octets, or valid == false and one octet.
struct Character {
    std::uint32_t code = 0;
    std::size_t octets = 1;
    bool valid = false;
};

/// Well-formed UTF-8 as in Unicode table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF.
Character decode(std::string_view text) {
    const auto lead = static_cast<std::uint8_t>(text[0]);
    if (lead < 0x80) {
        return {lead, 1, true};
    }
    const std::size_t octets = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < octets) {
        return {};
    }
    std::uint32_t code = lead & (0xFFU >> (octets + 1));
    for (std::size_t i = 1; i < octets; ++i) {
        const auto next = static_cast<std::uint8_t>(text[i]);
        if ((next & 0xC0U) != 0x80U) {
            return {};
        }
        code = (code << 6) | (next & 0x3FU);
    }
    const bool overlong = (octets == 3 && code < 0x800) || (octets == 4 && code < 0x10000);
    if (overlong || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
        return {};
    }
    return {code, octets, true};
}

/// Characters that a terminal or a log viewer obeys or hides instead of showing.
bool must_be_escaped(std::uint32_t code) {
    return code < 0x20 || (code >= 0x7F && code <= 0x9F) ||         // C0, DEL, C1
           code == 0xAD || (code >= 0x200B && code <= 0x200F) ||    // invisible, direction marks
           (code >= 0x2028 && code <= 0x202E) ||                    // separators, direction overrides
           (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF ||  // word joiner, isolates, BOM
           (code >= 0xFFF9 && code <= 0xFFFB) || (code & 0xFFFE) == 0xFFFE;  // annotations, non-characters
}

void append_hex(std::string& out, std::uint32_t value, int digits) {
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
        out += kHexDigits[(value >> shift) & 0xFU];
    }
}

void append_json_unit(std::string& out, std::uint32_t unit) {
    out += "\\u";
    append_hex(out, unit, 4);
}

void append_escape(std::string& out, std::uint32_t code, Escaping escaping) {
    switch (code) {
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        default:
            break;
    }
    if (escaping == Escaping::json) {
        if (code >= 0x10000) {
            append_json_unit(out, 0xD800 + ((code - 0x10000) >> 10));
            append_json_unit(out, 0xDC00 + ((code - 0x10000) & 0x3FFU));
        } else {
            append_json_unit(out, code);
        }
    } else if (code < 0x80) {
        out += "\\x";
        append_hex(out, code, 2);
    } else {
        out += "\\u{";
        append_hex(out, code, code >= 0x10000 ? 6 : 4);
        out += '}';
    }
}

/// Letters small, '_' as '-': so that "Max_QoS" is near "max-qos".
char folded(char letter) {
    if (letter >= 'A' && letter <= 'Z') {
        return static_cast<char>(letter - 'A' + 'a');
    }
    return letter == '_' ? '-' : letter;
}

/// Levenshtein distance after folding, one row at a time.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (folded(a[i]) == folded(b[j]) ? 0U : 1U);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row[b.size()];
}

}  // namespace

void append_escaped(std::string& out, std::string_view octets, Escaping escaping) {
    while (!octets.empty()) {
        const Character character = decode(octets);
        if (!character.valid) {
            out += escaping == Escaping::json ? "\\\\x" : "\\x";
            append_hex(out, static_cast<std::uint8_t>(octets[0]), 2);
        } else if (must_be_escaped(character.code) || character.code == '"' || character.code == '\\') {
            append_escape(out, character.code, escaping);
        } else {
            out.append(octets.substr(0, character.octets));
        }
        octets.remove_prefix(character.octets);
    }
}

std::string_view cut(std::string_view octets, std::size_t count_max) {
    if (octets.size() <= count_max) {
        return octets;
    }
    std::size_t end = count_max;
    // A sequence has at most three continuation octets; more of them are no UTF-8 and may be cut anywhere.
    while (end > 0 && count_max - end < 3 && (static_cast<std::uint8_t>(octets[end]) & 0xC0U) == 0x80U) {
        --end;
    }
    return octets.substr(0, end);
}

std::string in_quotes(std::string_view octets) {
    const std::string_view shown = cut(octets, 60);
    std::string result = "\"";
    append_escaped(result, shown, Escaping::text);
    result += shown.size() < octets.size() ? "...\"" : "\"";
    return result;
}

std::optional<std::int64_t> parse_duration_ms(std::string_view text) {
    constexpr std::int64_t kLongest = std::int64_t{366} * 24 * 3600 * 1000;
    std::int64_t number = 0;
    std::size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
        number = number * 10 + (text[digits] - '0');
        if (number > kLongest) {
            return std::nullopt;
        }
        ++digits;
    }
    const std::string_view unit = text.substr(digits);
    const std::int64_t factor = unit == "ms"  ? 1
                                : unit == "s" ? 1000
                                : unit == "m" ? 60000
                                : unit == "h" ? 3600000
                                              : 0;
    if (digits == 0 || factor == 0 || number > kLongest / factor) {
        return std::nullopt;
    }
    return number * factor;
}

std::string format_duration(std::int64_t ms) {
    if (ms >= 3600000 && ms % 3600000 == 0) {
        return std::to_string(ms / 3600000) + "h";
    }
    if (ms > 60000 && ms % 60000 == 0) {
        return std::to_string(ms / 60000) + "m";
    }
    return ms % 1000 == 0 ? std::to_string(ms / 1000) + "s" : std::to_string(ms) + "ms";
}

std::string_view closest(std::string_view word, std::span<const std::string_view> candidates) {
    if (word.empty() || word.size() > 64) {
        return {};
    }
    std::string_view best;
    std::size_t best_distance = word.size() <= 3 ? 2 : word.size() <= 6 ? 3 : 4;  // must be below this
    for (const std::string_view candidate : candidates) {
        const std::size_t distance = edit_distance(word, candidate);
        if (distance < best_distance && distance < candidate.size()) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

std::string system_message(int error_number) {
    return std::generic_category().message(error_number);
}

std::string quoted_choice(std::span<const std::string_view> words) {
    std::string result;
    for (std::size_t i = 0; i < words.size(); ++i) {
        result += i == 0 ? "" : i + 1 == words.size() ? " or " : ", ";
        result += '"';
        result += words[i];
        result += '"';
    }
    return result;
}

}  // namespace mqttsn::gateway
