// SPDX-License-Identifier: BSD-3-Clause
//
// Comparing texts with a readable report. The report is printed before the assert fails, because a failing
// assert longjmps and takes nothing with it.
#ifndef TESTS_UNIT_APP_CHECK_HPP
#define TESTS_UNIT_APP_CHECK_HPP

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "support/cmocka.hpp"

namespace check {

inline void print(const char* label, std::string_view text) {
    print_error("%s%s\n", label, std::string(text).c_str());
}

inline void equal(std::string_view got, std::string_view expected, std::string_view input = {}) {
    if (got != expected) {
        print("input:    ", input);
        print("got:      ", got);
        print("expected: ", expected);
        assert_true(false);
    }
}

inline void contains(std::string_view text, std::string_view part) {
    if (text.find(part) == std::string_view::npos) {
        print("missing: ", part);
        print("in:      ", text);
        assert_true(false);
    }
}

inline void that(bool claim, std::string_view input) {
    if (!claim) {
        print("wrong for: ", input);
        assert_true(false);
    }
}

/// A text that must be refused.
struct Bad {
    std::string_view text;
    std::string_view says;  ///< how the error begins, after "FILE:"
};

/// Each row is one error, one line, at that place.
/// @param errors_of  std::string_view -> the errors as strings without a line feed; empty when it is accepted
template <std::size_t N, class ErrorsOf>
void each_bad(const Bad (&rows)[N], std::string_view file, ErrorsOf errors_of) {
    for (const Bad& row : rows) {
        const std::vector<std::string> errors = errors_of(row.text);
        std::string all;
        for (const std::string& error : errors) {
            all += error + "\n";
        }
        that(errors.size() == 1, std::string(row.text) + "\n" + all);
        const std::string expected = std::string(file) + ":" + std::string(row.says);
        check::equal(errors[0].substr(0, expected.size()), expected, row.text);
        that(errors[0].find('\n') == std::string::npos, errors[0]);
    }
}

}  // namespace check

#endif
