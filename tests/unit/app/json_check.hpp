// SPDX-License-Identifier: BSD-3-Clause
//
// A validator for one JSON object in one line (RFC 8259), strict: an object of strings, integers and
// booleans, octets that are UTF-8, no duplicate names, nothing after it. It also gives the decoded members,
// to compare values.
#ifndef TESTS_UNIT_APP_JSON_CHECK_HPP
#define TESTS_UNIT_APP_JSON_CHECK_HPP

#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "mqttsn/topic.hpp"

namespace json_check {

/// Strings decoded to UTF-8 (lone surrogates are errors); numbers and booleans as written.
using Members = std::map<std::string, std::string>;

class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text) {}

    std::optional<Members> object() {
        Members members;
        const auto* data = reinterpret_cast<const std::uint8_t*>(text_.data());
        if (!mqttsn::utf8_valid(mqttsn::Bytes{data, text_.size()}) || !take('{')) {
            return std::nullopt;
        }
        do {
            std::string name;
            std::string value;
            if (!string(name) || !take(':') || !this->value(value) || !members.emplace(name, value).second) {
                return std::nullopt;
            }
        } while (take(','));
        if (!take('}') || at_ != text_.size()) {
            return std::nullopt;
        }
        return members;
    }

  private:
    bool take(char c) {
        if (at_ < text_.size() && text_[at_] == c) {
            ++at_;
            return true;
        }
        return false;
    }

    bool value(std::string& out) {
        if (at_ < text_.size() && text_[at_] == '"') {
            return string(out);
        }
        for (const std::string_view word : {"true", "false"}) {
            if (text_.substr(at_).starts_with(word)) {
                out = word;
                at_ += word.size();
                return true;
            }
        }
        const std::size_t start = at_;
        take('-');
        const std::size_t digits = at_;
        while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') {
            ++at_;
        }
        out = text_.substr(start, at_ - start);
        return at_ > digits && (text_[digits] != '0' || at_ == digits + 1);
    }

    bool string(std::string& out) {
        if (!take('"')) {
            return false;
        }
        while (at_ < text_.size()) {
            const char c = text_[at_++];
            if (c == '"') {
                return true;
            }
            if (static_cast<std::uint8_t>(c) < 0x20) {
                return false;
            }
            if (c != '\\') {
                out += c;
            } else if (!escape(out)) {
                return false;
            }
        }
        return false;
    }

    bool escape(std::string& out) {
        if (at_ >= text_.size()) {
            return false;
        }
        const char c = text_[at_++];
        constexpr std::string_view kFrom = "\"\\/bfnrt";
        constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
        if (const std::size_t i = kFrom.find(c); i != std::string_view::npos) {
            out += kTo[i];
            return true;
        }
        std::uint32_t code = 0;
        if (c != 'u' || !hex4(code) || (code >= 0xDC00 && code <= 0xDFFF)) {
            return false;
        }
        if (code >= 0xD800 && code <= 0xDBFF) {
            std::uint32_t low = 0;
            if (!take('\\') || !take('u') || !hex4(low) || low < 0xDC00 || low > 0xDFFF) {
                return false;
            }
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        }
        append_utf8(out, code);
        return true;
    }

    bool hex4(std::uint32_t& out) {
        const std::string digits(text_.substr(at_, 4));
        if (digits.size() != 4 || digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
            return false;
        }
        out = static_cast<std::uint32_t>(std::strtoul(digits.c_str(), nullptr, 16));
        at_ += 4;
        return true;
    }

    static void append_utf8(std::string& out, std::uint32_t code) {
        const auto put = [&](std::uint32_t octet) {
            out += static_cast<char>(static_cast<std::uint8_t>(octet));
        };
        if (code < 0x80) {
            put(code);
        } else if (code < 0x800) {
            put(0xC0U | (code >> 6));
            put(0x80U | (code & 0x3FU));
        } else if (code < 0x10000) {
            put(0xE0U | (code >> 12));
            put(0x80U | ((code >> 6) & 0x3FU));
            put(0x80U | (code & 0x3FU));
        } else {
            put(0xF0U | (code >> 18));
            put(0x80U | ((code >> 12) & 0x3FU));
            put(0x80U | ((code >> 6) & 0x3FU));
            put(0x80U | (code & 0x3FU));
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

/// nullopt when `line` is not one valid object.
inline std::optional<Members> parse(std::string_view line) {
    return Parser(line).object();
}

}  // namespace json_check

#endif
