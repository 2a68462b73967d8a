// SPDX-License-Identifier: BSD-3-Clause
//
// What became of each case, as text for people and as JUnit XML for CI. Pure functions.
#ifndef TESTS_CONFORMANCE_REPORT_HPP
#define TESTS_CONFORMANCE_REPORT_HPP

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/case.hpp"

namespace conformance {

enum class Verdict : std::uint8_t { passed, weaker, failed, not_applicable };

struct Result {
    std::string id;
    std::string cites;  ///< "SN12-47 D15", without the rule in the id
    Verdict verdict = Verdict::passed;
    std::string expected;  ///< of a failure
    std::string seen;
    std::string why;  ///< of not applicable and of weaker
    std::vector<std::string> transcript;
    std::chrono::milliseconds time{0};
};

struct Tally {
    std::size_t passed = 0;
    std::size_t weaker = 0;
    std::size_t failed = 0;
    std::size_t not_applicable = 0;
};

Tally count(const std::vector<Result>& results);

/// The rule that the id is about and those it cites: "SN12-105 SN12-47 D15".
std::string rules_of(const CaseInfo& info);
/// Whether `info` is asked for: no filter, or one of them is a rule that it is about or cites, or a part of
/// its id.
bool matches(const CaseInfo& info, const std::vector<std::string>& filters);

/// One line, and for a failure (or with `verbose`) expected, seen and the transcript below it.
std::string to_text(const Result& result, bool verbose);
/// "120 passed, 2 failed, 3 not applicable"
std::string summary(const Tally& tally, std::chrono::milliseconds time);

/// `text` as XML character data: markup escaped, what XML 1.0 cannot hold as '?'.
std::string xml_escaped(std::string_view text);
/// A whole JUnit document.
std::string to_junit(const std::vector<Result>& results, std::chrono::milliseconds time);

}  // namespace conformance

#endif
