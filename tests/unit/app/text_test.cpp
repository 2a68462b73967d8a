// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/app/text.hpp"

#include <optional>
#include <string>
#include <string_view>

#include "check.hpp"
#include "gateway/app/templates.hpp"

using namespace mqttsn::gateway;

namespace {

std::string escaped(std::string_view octets, Escaping escaping) {
    std::string out;
    append_escaped(out, octets, escaping);
    return out;
}

// FAULT-53
void escaping_keeps_readable_text_and_shows_the_rest(void**) {
    const struct {
        std::string_view octets;
        std::string_view text;
        std::string_view json;
    } rows[] = {
        {"plain text", "plain text", "plain text"},
        {"a\r\nb\tc", "a\\r\\nb\\tc", "a\\r\\nb\\tc"},
        {"\"\\", "\\\"\\\\", "\\\"\\\\"},
        {std::string_view("\0", 1), "\\x00", "\\u0000"},
        {"\x1B[31m", "\\x1b[31m", "\\u001b[31m"},
        {"\x7F", "\\x7f", "\\u007f"},
        {"gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F"},
        {"\xC2\x85", "\\u{0085}", "\\u0085"},                          // C1: next line
        {"\xE2\x80\xA8", "\\u{2028}", "\\u2028"},                      // line separator
        {"\xE2\x80\xAE", "\\u{202e}", "\\u202e"},                      // right-to-left override
        {"\xEF\xBF\xBF", "\\u{ffff}", "\\uffff"},                      // non-character
        {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},  // beyond the BMP
        {"\xF4\x8F\xBF\xBF", "\\u{10ffff}", "\\udbff\\udfff"},
        {"\xFF", "\\xff", "\\\\xff"},                                  // never UTF-8
        {"\xC0\x80", "\\xc0\\x80", "\\\\xc0\\\\x80"},                  // overlong NUL
        {"\xED\xA0\x80", "\\xed\\xa0\\x80", "\\\\xed\\\\xa0\\\\x80"},  // surrogate
        {"\xF4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\\\\xf4\\\\x90\\\\x80\\\\x80"},
        {"\xE2\x82", "\\xe2\\x82", "\\\\xe2\\\\x82"},  // cut off
        {"\xC3\"", "\\xc3\\\"", "\\\\xc3\\\""},        // must not swallow the quote
    };
    for (const auto& row : rows) {
        check::equal(escaped(row.octets, Escaping::text), row.text, row.octets);
        check::equal(escaped(row.octets, Escaping::json), row.json, row.octets);
    }
}

void in_quotes_cuts_long_text_between_characters(void**) {
    check::equal(in_quotes("abc"), "\"abc\"");
    check::equal(in_quotes(std::string(60, 'a')), "\"" + std::string(60, 'a') + "\"");
    check::equal(in_quotes(std::string(61, 'a')), "\"" + std::string(60, 'a') + "...\"");
    check::equal(in_quotes(std::string(59, 'a') + "\xE2\x82\xAC" + "b"),
                 "\"" + std::string(59, 'a') + "...\"");
    check::equal(cut("\x80\x80\x80\x80\x80\x80", 5), "\x80\x80",
                 "no UTF-8: at most three octets are given up");
    check::equal(cut("\xE2\x82\xAC", 1), "");
}

void durations_have_digits_and_one_unit(void**) {
    const struct {
        std::string_view text;
        std::optional<std::int64_t> ms;
    } rows[] = {
        {"10s", 10000},
        {"500ms", 500},
        {"15m", 900000},
        {"1h", 3600000},
        {"0s", 0},
        {"007s", 7000},
        {"8784h", 31622400000},  // 366 days
        {"8785h", {}},
        {"", {}},
        {"10", {}},
        {"s", {}},
        {"-1s", {}},
        {"+1s", {}},
        {"1.5s", {}},
        {"1 s", {}},
        {" 1s", {}},
        {"1s ", {}},
        {"1S", {}},
        {"1d", {}},
        {"1m30s", {}},
        {"99999999999999999999s", {}},
    };
    for (const auto& row : rows) {
        check::that(parse_duration_ms(row.text) == row.ms, row.text);
    }
}

void formatted_durations_read_back(void**) {
    check::equal(format_duration(0), "0s");
    check::equal(format_duration(100), "100ms");
    check::equal(format_duration(60000), "60s");
    check::equal(format_duration(90000), "90s");
    check::equal(format_duration(120000), "2m");
    check::equal(format_duration(64800000), "18h");
    for (const std::int64_t ms : {0, 1, 999, 1000, 1001, 59999, 60000, 3600000, 3601000, 86400000}) {
        check::that(parse_duration_ms(format_duration(ms)) == ms, format_duration(ms));
    }
}

void closest_finds_typos_and_nothing_far(void**) {
    const std::string_view words[] = {"interval", "count", "adaptive", "max_qos", "id"};
    check::equal(closest("intervall", words), "interval");
    check::equal(closest("intreval", words), "interval");
    check::equal(closest("Max-QoS", words), "max_qos");
    check::equal(closest("counts", words), "count");
    check::equal(closest("ID", words), "id");
    check::equal(closest("banana", words), "");
    check::equal(closest("xy", words), "", "two letters replaced is another word");
    check::equal(closest("", words), "");
    check::equal(closest(std::string(100000, 'x'), words), "");
}

void templates_allow_only_known_names(void**) {
    check::equal(template_problem("a/{client_id}/b/{gateway_id}", {"client_id", "gateway_id"}), "");
    check::equal(template_problem("plain", {"client_id"}), "");
    check::equal(template_problem("a/{device}", {"client_id", "gateway_id"}),
                 "unknown template \"{device}\"; only {client_id} and {gateway_id} can stand in braces here");
    check::equal(template_problem("{client_id}{}", {"client_id"}),
                 "unknown template \"{}\"; only {client_id} can stand in braces here");
    check::contains(template_problem("{client_id", {"client_id"}), "'{' without '}'");
    check::contains(template_problem("client_id}", {"client_id"}), "'}' without '{'");
    check::contains(template_problem("{{client_id}}", {"client_id"}), "unknown template \"{{client_id}\"");
    check::contains(template_problem("{CLIENT_ID}", {"client_id"}), "unknown template");
}

void expansion_does_not_look_at_what_it_put_in(void**) {
    check::equal(
        fill_template("a/{client_id}/{gateway_id}", {{"client_id", "{gateway_id}"}, {"gateway_id", "7"}}),
        "a/{gateway_id}/7");
    check::equal(fill_template("{id}{id}", {{"id", "12"}}), "1212");
    check::equal(fill_template("{idx} {", {{"id", "12"}}), "{idx} {");
    check::equal(fill_template("", {{"id", "12"}}), "");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(escaping_keeps_readable_text_and_shows_the_rest),
        cmocka_unit_test(in_quotes_cuts_long_text_between_characters),
        cmocka_unit_test(durations_have_digits_and_one_unit),
        cmocka_unit_test(formatted_durations_read_back),
        cmocka_unit_test(closest_finds_typos_and_nothing_far),
        cmocka_unit_test(templates_allow_only_known_names),
        cmocka_unit_test(expansion_does_not_look_at_what_it_put_in),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
