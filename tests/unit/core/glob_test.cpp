// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/glob.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "support/cmocka.hpp"

using mqttsn::gateway::glob_match;

namespace {

struct Row {
    std::string_view pattern;
    std::string_view text;
    bool matches;
};

void check(const Row& row) {
    if (glob_match(row.pattern, row.text) != row.matches) {
        print_error("glob_match(\"%.*s\", \"%.*s\") should be %s\n", static_cast<int>(row.pattern.size()),
                    row.pattern.data(), static_cast<int>(row.text.size()), row.text.data(),
                    row.matches ? "true" : "false");
        assert_true(false);
    }
}

void star_and_question_mark_match_as_documented(void**) {
    const Row rows[] = {
        {"*", "", true},
        {"*", "anything", true},
        {"", "", true},
        {"", "a", false},
        {"a", "", false},
        {"meter-*", "meter-", true},
        {"meter-*", "meter-17", true},
        {"meter-*", "meter", false},
        {"meter-*", "xmeter-17", false},
        {"*-roof", "a-roof", true},
        {"*-roof", "a-roof-b", false},
        {"a*b*c", "abc", true},
        {"a*b*c", "a1b2b3c", true},
        {"a*b*c", "a1b2b3", false},
        {"a**c", "abc", true},
        {"**", "", true},
        {"?", "a", true},
        {"?", "", false},
        {"?", "ab", false},
        {"a?c", "abc", true},
        {"*?", "", false},
        {"*?", "a", true},
        {"?*?", "ab", true},
        {"?*?", "a", false},
        {"*ab", "aab", true},
        {"*aab", "aaaab", true},
        {"*a?", "aaab", true},
        {"abc*", "ab", false},
    };
    for (const Row& row : rows) {
        check(row);
    }
}

// A client id that is a prefix of another is another client.
void pattern_without_wildcard_matches_only_itself(void**) {
    check({"dev-1", "dev-1", true});
    check({"dev-1", "dev-10", false});
    check({"dev-10", "dev-1", false});
    check({"dev-1", "DEV-1", false});
    check({"[ab]", "a", false});
    check({"[ab]", "[ab]", true});
    check({"a\\*", "a*", false});
}

void question_mark_stands_for_a_whole_utf8_character(void**) {
    check({"?", "\xC3\xA4", true});
    check({"??", "\xC3\xA4", false});
    check({"a?b",
           "a\xE2\x82\xAC"
           "b",
           true});
    check({"?", "\xF0\x9F\x98\x80", true});
    check({"*?", "\xF0\x9F\x98\x80", true});
    check({"*?\xA4", "\xC3\xA4", false});
}

void malformed_utf8_counts_octets_and_stays_inside_the_text(void**) {
    check({"?", "\xF0", true});
    check({"?b",
           "\xF0"
           "b",
           true});
    check({"??", "\x80\x80", true});
    check({"?", "\xC3", true});
    check({"*b",
           "\xF0"
           "b",
           true});
    check({std::string_view("a\0b", 3), std::string_view("a\0b", 3), true});
    check({"a", std::string_view("a\0b", 3), false});
}

// The reference: the textbook definition, exponential, on short words over a tiny alphabet.
bool naive(std::string_view pattern, std::string_view text) {
    if (pattern.empty()) {
        return text.empty();
    }
    if (pattern[0] == '*') {
        return naive(pattern.substr(1), text) || (!text.empty() && naive(pattern, text.substr(1)));
    }
    return !text.empty() && (pattern[0] == '?' || pattern[0] == text[0]) &&
           naive(pattern.substr(1), text.substr(1));
}

std::string word(unsigned number, const char* alphabet, unsigned letters, unsigned length) {
    std::string result;
    for (unsigned i = 0; i < length; ++i, number /= letters) {
        result += alphabet[number % letters];
    }
    return result;
}

void agrees_with_the_definition_on_all_short_words(void**) {
    for (unsigned pattern_length = 0; pattern_length <= 5; ++pattern_length) {
        for (unsigned p = 0; p < 1U << (2 * pattern_length); ++p) {
            const std::string pattern = word(p, "ab*?", 4, pattern_length);
            for (unsigned text_length = 0; text_length <= 5; ++text_length) {
                for (unsigned t = 0; t < 1U << text_length; ++t) {
                    const std::string text = word(t, "ab", 2, text_length);
                    check({pattern, text, naive(pattern, text)});
                }
            }
        }
    }
}

// Thirty stars against a text that never fits: the exponential way would not end in this world's lifetime.
void many_stars_do_not_explode(void**) {
    std::string pattern;
    for (int i = 0; i < 30; ++i) {
        pattern += "*a";
    }
    pattern += "*b";
    const std::string text(1000, 'a');
    const auto start = std::chrono::steady_clock::now();
    assert_false(glob_match(pattern, text));
    assert_true(std::chrono::steady_clock::now() - start < std::chrono::seconds(2));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(star_and_question_mark_match_as_documented),
        cmocka_unit_test(pattern_without_wildcard_matches_only_itself),
        cmocka_unit_test(question_mark_stands_for_a_whole_utf8_character),
        cmocka_unit_test(malformed_utf8_counts_octets_and_stays_inside_the_text),
        cmocka_unit_test(agrees_with_the_definition_on_all_short_words),
        cmocka_unit_test(many_stars_do_not_explode),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
