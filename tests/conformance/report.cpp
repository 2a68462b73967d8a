// SPDX-License-Identifier: BSD-3-Clause
#include "conformance/report.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace conformance {
namespace {

std::string seconds(std::chrono::milliseconds time) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.3f", static_cast<double>(time.count()) / 1000.0);
    return text.data();
}

std::string detail(const Result& result) {
    std::string text;
    if (result.verdict == Verdict::failed) {
        text += "  expected: " + result.expected + "\n  seen:     " + result.seen + "\n";
    }
    for (const std::string& line : result.transcript) {
        text += "    " + line + "\n";
    }
    return text;
}

/// Octets that are no well-formed UTF-8 become '?': a report must be readable whatever a gateway sent.
std::size_t sequence_length(std::string_view text) {
    const auto first = static_cast<std::uint8_t>(text[0]);
    const std::size_t length = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 0;
    if (length == 0 || text.size() < length) {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if ((static_cast<std::uint8_t>(text[i]) & 0xC0) != 0x80) {
            return 0;
        }
    }
    const auto second = length > 1 ? static_cast<std::uint8_t>(text[1]) : std::uint8_t{0};
    const bool bad = (first == 0xE0 && second < 0xA0) || (first == 0xED && second >= 0xA0) ||
                     (first == 0xEF && second == 0xBF && static_cast<std::uint8_t>(text[2]) >= 0xBE);
    return bad ? 0 : length;
}

/// "SN12-105", "D17", "FAULT-38", "TRAP-04"
bool is_rule(std::string_view text) {
    for (const std::string_view kind : {"SN12-", "D", "FAULT-", "TRAP-"}) {
        if (text.size() > kind.size() && text.substr(0, kind.size()) == kind) {
            text.remove_prefix(kind.size());
            return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
        }
    }
    return false;
}

std::string test_case(const Result& result) {
    const std::string kind = result.id.substr(0, result.id.find('.'));
    std::string text = "  <testcase classname=\"" + xml_escaped("conformance." + kind) + "\" name=\"" +
                       xml_escaped(result.id) + "\" time=\"" + seconds(result.time) + "\">\n";
    if (result.verdict == Verdict::failed) {
        text += "    <failure message=\"" +
                xml_escaped("expected " + result.expected + ", seen " + result.seen) + "\">" +
                xml_escaped(detail(result)) + "</failure>\n";
    } else if (result.verdict == Verdict::not_applicable) {
        text += "    <skipped message=\"" + xml_escaped(result.why) + "\"/>\n";
    } else if (result.verdict == Verdict::weaker) {
        text += "    <system-out>" + xml_escaped("weaker by design: " + result.why) + "</system-out>\n";
    }
    return text + "  </testcase>\n";
}

}  // namespace

Tally count(const std::vector<Result>& results) {
    Tally tally;
    for (const Result& result : results) {
        switch (result.verdict) {
            case Verdict::passed:
                ++tally.passed;
                break;
            case Verdict::weaker:
                ++tally.weaker;
                break;
            case Verdict::failed:
                ++tally.failed;
                break;
            case Verdict::not_applicable:
                ++tally.not_applicable;
                break;
        }
    }
    return tally;
}

std::string rules_of(const CaseInfo& info) {
    const std::string id = info.id;
    const std::string cites = info.cites;
    return id.substr(0, id.find('.')) + (cites.empty() ? "" : " " + cites);
}

bool matches(const CaseInfo& info, const std::vector<std::string>& filters) {
    const std::string rules = " " + rules_of(info) + " ";
    return filters.empty() || std::any_of(filters.begin(), filters.end(), [&](const std::string& filter) {
               // A whole rule, or a part of what the case says of itself: D3 is not D30.
               return rules.find(" " + filter + " ") != std::string::npos ||
                      (!is_rule(filter) && std::string(info.id).find(filter) != std::string::npos);
           });
}

std::string to_text(const Result& result, bool verbose) {
    constexpr std::array<const char*, 4> kWords{"ok    ", "weaker", "FAILED", "n/a   "};
    std::string text = kWords[static_cast<std::size_t>(result.verdict)];
    text += " " + result.id + (result.cites.empty() ? "" : "  (" + result.cites + ")");
    text += result.why.empty() ? "" : ": " + result.why;
    text += "\n";
    return text + (verbose || result.verdict == Verdict::failed ? detail(result) : "");
}

std::string summary(const Tally& tally, std::chrono::milliseconds time) {
    std::string text = std::to_string(tally.passed) + " passed";
    if (tally.weaker > 0) {
        text += ", " + std::to_string(tally.weaker) + " passed with a weaker promise";
    }
    text += ", " + std::to_string(tally.failed) + " failed";
    if (tally.not_applicable > 0) {
        text += ", " + std::to_string(tally.not_applicable) + " not applicable";
    }
    return text + " in " + seconds(time) + " s\n";
}

std::string xml_escaped(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const char letter = text[0];
        const auto octet = static_cast<std::uint8_t>(letter);
        const std::size_t length = sequence_length(text);
        if (letter == '&') {
            out += "&amp;";
        } else if (letter == '<') {
            out += "&lt;";
        } else if (letter == '>') {
            out += "&gt;";
        } else if (letter == '"') {
            out += "&quot;";
        } else if (length == 0 || (octet < 0x20 && letter != '\n' && letter != '\t')) {
            out += '?';
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return out;
}

std::string to_junit(const std::vector<Result>& results, std::chrono::milliseconds time) {
    const Tally tally = count(results);
    std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
    text += "<testsuite name=\"mqttsn-conformance\" tests=\"" + std::to_string(results.size()) +
            "\" failures=\"" + std::to_string(tally.failed) + "\" errors=\"0\" skipped=\"" +
            std::to_string(tally.not_applicable) + "\" time=\"" + seconds(time) + "\">\n";
    for (const Result& result : results) {
        text += test_case(result);
    }
    return text + "</testsuite>\n</testsuites>\n";
}

}  // namespace conformance
