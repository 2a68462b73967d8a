// SPDX-License-Identifier: BSD-3-Clause
#include "sim/model_broker_topics.hpp"

#include <cstddef>
#include <cstdint>

namespace mqttsn::sim {

namespace {

constexpr std::size_t kStringOctetsMax = 65535;  // section 1.5.3: a string carries a 2-octet length

/// The faults that names and filters share.
const char* fault_of_text(std::string_view text) {
    if (text.empty()) {
        return "is empty";
    }
    if (text.size() > kStringOctetsMax) {
        return "is longer than 65535 octets";
    }
    if (text.find('\0') != std::string_view::npos) {
        return "contains U+0000";
    }
    return is_utf8(text) ? nullptr : "is not UTF-8";
}

/// Takes the first level off, with the `/` behind it. `more` says whether there was one.
std::string_view take_level(std::string_view& rest, bool& more) {
    const std::size_t end = rest.find('/');
    more = end != std::string_view::npos;
    const std::string_view level = rest.substr(0, end);
    rest.remove_prefix(more ? end + 1 : rest.size());
    return level;
}

/// One code point at the front: how many octets it has, 0 when it is none.
std::size_t code_point_octets(std::string_view text) {
    const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t head = octet(0);
    if (head < 0x80) {
        return 1;
    }
    const std::size_t octets = head >= 0xF0 ? 4 : head >= 0xE0 ? 3 : 2;
    if (head < 0xC2 || head > 0xF4 || text.size() < octets) {
        return 0;
    }
    for (std::size_t i = 1; i < octets; ++i) {
        if ((octet(i) & 0xC0U) != 0x80) {
            return 0;
        }
    }
    // Only the second octet tells an overlong form, a surrogate, or more than U+10FFFF.
    const std::uint8_t second = octet(1);
    const bool wrong = (head == 0xE0 && second < 0xA0) || (head == 0xED && second > 0x9F) ||
                       (head == 0xF0 && second < 0x90) || (head == 0xF4 && second > 0x8F);
    return wrong ? 0 : octets;
}

}  // namespace

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t octets = code_point_octets(text);
        if (octets == 0) {
            return false;
        }
        text.remove_prefix(octets);
    }
    return true;
}

const char* fault_of_topic_name(std::string_view name) {
    if (const char* fault = fault_of_text(name)) {
        return fault;
    }
    return name.find_first_of("+#") == std::string_view::npos ? nullptr : "contains a wildcard";
}

const char* fault_of_topic_filter(std::string_view filter) {
    if (const char* fault = fault_of_text(filter)) {
        return fault;
    }
    for (bool more = true; more;) {
        const std::string_view level = take_level(filter, more);
        if (level == "#" ? more : level.find('#') != std::string_view::npos) {
            return "has a # that is not the last level";
        }
        if (level != "+" && level.find('+') != std::string_view::npos) {
            return "has a + that is not a whole level";
        }
    }
    return nullptr;
}

bool filter_matches(std::string_view filter, std::string_view name) {
    if (name.front() == '$' && (filter.front() == '+' || filter.front() == '#')) {
        return false;
    }
    for (;;) {
        if (filter == "#") {
            return true;
        }
        bool more_filter = false;
        bool more_name = false;
        const std::string_view wanted = take_level(filter, more_filter);
        const std::string_view level = take_level(name, more_name);
        if (wanted != "+" && wanted != level) {
            return false;
        }
        if (!more_name) {
            return !more_filter || filter == "#";  // `a/#` matches `a` as well
        }
        if (!more_filter) {
            return false;
        }
    }
}

}  // namespace mqttsn::sim
