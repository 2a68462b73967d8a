// SPDX-License-Identifier: BSD-3-Clause
//
// Comparing texts with a readable report. The report is printed before the assert fails, because a failing
// assert longjmps and takes nothing with it.
#ifndef TESTS_UNIT_APP_CHECK_HPP
#define TESTS_UNIT_APP_CHECK_HPP

#include <string>
#include <string_view>

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

}  // namespace check

#endif
