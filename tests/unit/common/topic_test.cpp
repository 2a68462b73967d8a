// SPDX-License-Identifier: BSD-3-Clause
//
// UTF-8, names, filters and matching, each also against a naive second implementation.
#include "mqttsn/topic.hpp"

#include <string>
#include <vector>

#include "support/cmocka.hpp"
#include "unit/common/message_checks.hpp"
#include "unit/common/prng.hpp"

using mqttsn::Bytes;
using mqttsn::topic_filter_valid;
using mqttsn::topic_matches;
using mqttsn::topic_name_valid;
using mqttsn::utf8_valid;
using test::view;

namespace {

bool utf8_ok(const char* hex_text) {
    return utf8_valid(view(test::hex(hex_text)));
}
bool name_ok(const std::string& name) {
    return topic_name_valid(view(name));
}
bool filter_ok(const std::string& filter) {
    return topic_filter_valid(view(filter));
}
bool matches(const std::string& filter, const std::string& name) {
    return topic_matches(view(filter), view(name));
}

/// One code point the long way: decode by the bit pattern, then judge the number.
/// @return octets used, 0 = no valid code point starts at `at`
std::size_t reference_code_point(Bytes text, std::size_t at) {
    const unsigned first = text[at];
    const std::size_t size = first < 0x80          ? 1
                             : (first >> 5U) == 6  ? 2
                             : (first >> 4U) == 14 ? 3
                             : (first >> 3U) == 30 ? 4
                                                   : 0;
    if (size == 0 || text.size - at < size) {
        return 0;
    }
    static constexpr unsigned kLeadBits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    static constexpr unsigned kSmallest[] = {0, 1, 0x80, 0x800, 0x10000};  // 1: U+0000 is refused
    unsigned value = first & kLeadBits[size];
    for (std::size_t i = 1; i < size; ++i) {
        if (text[at + i] / 64 != 2) {
            return 0;
        }
        value = value * 64 + text[at + i] % 64;
    }
    const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    return value >= kSmallest[size] && value <= 0x10FFFF && !surrogate ? size : 0;
}

bool reference_utf8_valid(Bytes text) {
    for (std::size_t at = 0; at < text.size;) {
        const std::size_t size = reference_code_point(text, at);
        if (size == 0) {
            return false;
        }
        at += size;
    }
    return true;
}

// MQTT-1.5.3-1, -2; RFC 3629.
void utf8_validity_at_the_edges(void** /*state*/) {
    assert_true(utf8_ok(""));
    assert_true(utf8_ok("41 7F C2 80 DF BF E0 A0 80 EF BF BF F0 90 80 80 F4 8F BF BF"));
    assert_true(utf8_ok("EF BB BF"));  // U+FEFF is a character like others (MQTT-1.5.3-3)
    assert_false(utf8_ok("00"));
    assert_false(utf8_ok("41 00 42"));
    assert_false(utf8_ok("80"));           // a continuation alone
    assert_false(utf8_ok("C0 80"));        // overlong U+0000
    assert_false(utf8_ok("C1 BF"));        // overlong U+007F
    assert_false(utf8_ok("E0 9F BF"));     // overlong U+07FF
    assert_false(utf8_ok("F0 8F BF BF"));  // overlong U+FFFF
    assert_true(utf8_ok("ED 9F BF"));
    assert_false(utf8_ok("ED A0 80"));  // U+D800
    assert_false(utf8_ok("ED BF BF"));  // U+DFFF
    assert_true(utf8_ok("EE 80 80"));
    assert_false(utf8_ok("F4 90 80 80"));  // U+110000
    assert_false(utf8_ok("F5 80 80 80"));
    assert_false(utf8_ok("FE"));
    assert_false(utf8_ok("FF"));
}

// FAULT-22
void every_code_point_is_valid_and_none_of_its_beginnings(void** /*state*/) {
    for (unsigned value = 1; value <= 0x10FFFF; ++value) {
        if (value >= 0xD800 && value <= 0xDFFF) {
            continue;
        }
        std::uint8_t octets[4];
        std::size_t size = 0;
        const auto put = [&](unsigned octet) { octets[size++] = static_cast<std::uint8_t>(octet); };
        if (value < 0x80) {
            put(value);
        } else if (value < 0x800) {
            put(0xC0 | value >> 6U), put(0x80 | (value & 63U));
        } else if (value < 0x10000) {
            put(0xE0 | value >> 12U), put(0x80 | (value >> 6U & 63U)), put(0x80 | (value & 63U));
        } else {
            put(0xF0 | value >> 18U), put(0x80 | (value >> 12U & 63U));
            put(0x80 | (value >> 6U & 63U)), put(0x80 | (value & 63U));
        }
        CHECK_CASE(utf8_valid(Bytes{octets, size}), "U+%04X", value);
        for (std::size_t cut = 1; cut < size; ++cut) {
            CHECK_CASE(!utf8_valid(Bytes{octets, cut}), "U+%04X cut to %zu", value, cut);
        }
    }
}

// All strings of one and two octets, of three after every lead that can have three, of four with the edges of
// the last two octets.
void utf8_valid_agrees_with_the_reference_on_short_strings(void** /*state*/) {
    std::uint8_t octets[4];
    const auto agree = [&octets](std::size_t size) {
        const Bytes text{octets, size};
        return utf8_valid(text) == reference_utf8_valid(text);
    };
    static constexpr std::uint8_t kEdges[] = {0x00, 0x01, 0x41, 0x7F, 0x80, 0x8F,
                                              0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF};
    for (unsigned high = 0; high <= 0xFFFF; ++high) {
        octets[0] = static_cast<std::uint8_t>(high >> 8U);
        octets[1] = static_cast<std::uint8_t>(high);
        CHECK_CASE(agree(1) && agree(2), "%04X", high);
        const bool three_octet_lead = octets[0] >= 0xDF && octets[0] <= 0xF0;
        for (unsigned third = 0; third <= (three_octet_lead ? 0xFFU : 0U); ++third) {
            octets[2] = static_cast<std::uint8_t>(third);
            CHECK_CASE(agree(3), "%04X %02X", high, third);
        }
        for (const std::uint8_t third : kEdges) {
            octets[2] = third;
            CHECK_CASE(agree(3), "%04X %02X", high, third);
            for (const std::uint8_t fourth : kEdges) {
                octets[3] = fourth;
                const bool has_lead = octets[0] >= 0xE0 || octets[0] == 0x41 || octets[0] == 0x80;
                CHECK_CASE(!has_lead || agree(4), "%04X %02X %02X", high, third, fourth);
            }
        }
    }
}

// D34, FAULT-22
void a_name_has_octets_levels_and_no_wildcard(void** /*state*/) {
    for (const char* name :
         {"a", "/", "//", "a/b", "/a", "a/", "$SYS/x", " ", "a b", "\xC3\xA4/\xE2\x82\xAC"}) {
        CHECK_CASE(name_ok(name), "%s", name);
    }
    for (const char* name : {"", "+", "#", "a/+", "a/#", "a+b", "a#", "\xFF", "a/\xC3"}) {
        CHECK_CASE(!name_ok(name), "%s", name);
    }
    assert_false(name_ok(std::string("a\0b", 3)));
}

// MQTT-4.7.1-2, MQTT-4.7.1-3
void a_filter_has_wildcards_only_as_whole_levels(void** /*state*/) {
    for (const char* filter : {"#", "+", "/", "+/+", "/+", "+/", "a/#", "+/#", "a/+/b", "a//+",
                               "sport/tennis/+", "$SYS/#", "+/tennis/#", "/#", "$share/group/a/#", "a/b"}) {
        CHECK_CASE(filter_ok(filter), "%s", filter);
    }
    for (const char* filter :
         {"",     "##",   "a#",         "#/",          "#/a",    "a/#/b",  "a/#b", "sport/tennis#",
          "++",   "a+",   "+a",         "sport+",      "a/+b/c", "a/b+/c", "+#",   "#+",
          "a/#/", "+/a+", "\xC0\x80/#", "\xED\xA0\x80"}) {
        CHECK_CASE(!filter_ok(filter), "%s", filter);
    }
    assert_false(filter_ok(std::string("a\0/#", 4)));
}

void filter_has_wildcard_finds_both_anywhere(void** /*state*/) {
    for (const char* filter : {"#", "+", "a/#", "a/+/b", "+/a"}) {
        assert_true(mqttsn::filter_has_wildcard(mqttsn::bytes_of(filter)));
    }
    for (const char* filter : {"", "a", "/", "a/b"}) {
        assert_false(mqttsn::filter_has_wildcard(mqttsn::bytes_of(filter)));
    }
}

// FAULT-23, TRAP-57
void topics_are_limited_in_octets_and_levels(void** /*state*/) {
    assert_true(name_ok(std::string(65535, 'a')) && filter_ok(std::string(65535, 'a')));
    assert_false(name_ok(std::string(65536, 'a')) || filter_ok(std::string(65536, 'a')));
    const std::string deepest(mqttsn::kTopicLevelsMax - 1, '/');  // n slashes make n + 1 levels
    assert_true(name_ok(deepest) && filter_ok(deepest) && filter_ok(deepest + "#"));
    assert_false(name_ok(deepest + "/") || filter_ok(deepest + "/") || filter_ok(deepest + "/#"));
}

// The examples of MQTT 3.1.1 section 4.7, all of them.
void matching_follows_the_examples_of_mqtt_4_7(void** /*state*/) {
    for (const char* name :
         {"sport/tennis/player1", "sport/tennis/player1/ranking", "sport/tennis/player1/score/wimbledon"}) {
        assert_true(matches("sport/tennis/player1/#", name));
    }
    assert_true(matches("sport/#", "sport"));
    assert_true(matches("#", "sport/tennis/player1"));
    assert_true(matches("sport/tennis/+", "sport/tennis/player1"));
    assert_true(matches("sport/tennis/+", "sport/tennis/player2"));
    assert_false(matches("sport/tennis/+", "sport/tennis/player1/ranking"));
    assert_false(matches("sport/+", "sport"));
    assert_true(matches("sport/+", "sport/"));
    assert_true(matches("+", "sport"));
    assert_true(matches("+/tennis/#", "sport/tennis/x"));
    assert_true(matches("sport/+/player1", "sport/tennis/player1"));
    assert_true(matches("+/+", "/finance"));
    assert_true(matches("/+", "/finance"));
    assert_false(matches("+", "/finance"));
    assert_false(matches("ACCOUNTS", "Accounts"));
    assert_true(matches("Accounts payable", "Accounts payable"));
    assert_false(matches("/finance", "finance"));
}

// MQTT-4.7.2-1
// FAULT-50
void wildcards_in_the_first_level_do_not_match_dollar_names(void** /*state*/) {
    assert_false(matches("#", "$SYS/broker"));
    assert_false(matches("#", "$"));
    assert_false(matches("+", "$SYS"));
    assert_false(matches("+/monitor/Clients", "$SYS/monitor/Clients"));
    assert_false(matches("+/#", "$SYS/x"));
    assert_true(matches("$SYS/#", "$SYS/monitor/Clients"));
    assert_true(matches("$SYS/#", "$SYS"));
    assert_true(matches("$SYS/monitor/+", "$SYS/monitor/Clients"));
    assert_true(matches("a/+", "a/$b"));
    assert_true(matches("a/#", "a/$b"));
}

void matching_at_the_ends_of_levels(void** /*state*/) {
    assert_true(matches("a/#", "a"));
    assert_true(matches("a/#", "a/"));
    assert_true(matches("+/#", "a"));
    assert_true(matches("/#", "/"));
    assert_true(matches("/#", "/a/b"));
    assert_false(matches("/#", "a"));
    assert_false(matches("a/#", "ab"));
    assert_false(matches("a/b/#", "a"));
    assert_true(matches("a/+/#", "a/b"));
    assert_false(matches("a/+/#", "a"));
    assert_false(matches("a/b", "a/bc"));
    assert_false(matches("a/bc", "a/b"));
    assert_false(matches("a", "a/"));
    assert_false(matches("a/", "a"));
    assert_true(matches("+/+/+", "//"));
    assert_false(matches("+/+", "//"));
    assert_true(matches("a/+/b", "a//b"));
}

std::vector<std::string> levels_of(const std::string& topic) {
    std::vector<std::string> levels(1);
    for (const char c : topic) {
        if (c == '/') {
            levels.emplace_back();
        } else {
            levels.back() += c;
        }
    }
    return levels;
}

/// Recursion over split levels; `at` levels are already done.
bool reference_levels_match(const std::vector<std::string>& filter, const std::vector<std::string>& name,
                            std::size_t at) {
    if (at == filter.size()) {
        return at == name.size();
    }
    if (filter[at] == "#") {
        return true;  // zero levels too: the parent matches
    }
    if (at == name.size()) {
        return false;
    }
    return (filter[at] == "+" || filter[at] == name[at]) && reference_levels_match(filter, name, at + 1);
}

bool reference_matches(const std::string& filter, const std::string& name) {
    const std::vector<std::string> filter_levels = levels_of(filter);
    const bool wild = filter_levels[0] == "#" || filter_levels[0] == "+";
    return !(wild && name[0] == '$') && reference_levels_match(filter_levels, levels_of(name), 0);
}

bool reference_filter_valid(const std::string& filter) {
    const std::vector<std::string> levels = levels_of(filter);
    for (std::size_t i = 0; i < levels.size(); ++i) {
        const bool wild = levels[i].find_first_of("+#") != std::string::npos;
        const bool whole = levels[i] == "+" || (levels[i] == "#" && i + 1 == levels.size());
        if (wild && !whole) {
            return false;
        }
    }
    return !filter.empty();
}

/// Strings over few letters, so that random filters and names meet.
std::string random_topic(test::Prng& prng, const char* letters, std::uint32_t letter_count) {
    std::string topic;
    for (std::uint32_t size = prng.below(9); size > 0; --size) {
        topic += letters[prng.below(letter_count)];
    }
    return topic;
}

void random_filters_are_judged_and_matched_as_by_the_reference(void** /*state*/) {
    test::Prng prng = test::Prng::from_environment(0x5EED0005);
    unsigned valid = 0;
    unsigned matched = 0;
    for (unsigned round = 0; round < 100000; ++round) {
        const std::string filter = random_topic(prng, "a//+#+/b$", 9);
        const std::string name = random_topic(prng, "a/b/$/", 6);
        CHECK_CASE(filter_ok(filter) == reference_filter_valid(filter), "seed %llu: %s", prng.seed(),
                   filter.c_str());
        if (!filter_ok(filter) || !name_ok(name)) {
            continue;
        }
        ++valid;
        CHECK_CASE(matches(filter, name) == reference_matches(filter, name), "seed %llu: %s against %s",
                   prng.seed(), filter.c_str(), name.c_str());
        matched += matches(filter, name) ? 1 : 0;
    }
    CHECK_CASE(valid > 5000 && matched > 500, "seed %llu: %u valid, %u matched", prng.seed(), valid, matched);
}

// Arguments that nobody checked must not make it read outside them (the sanitizer builds watch).
void matching_of_invalid_topics_ends(void** /*state*/) {
    test::Prng prng = test::Prng::from_environment(0x5EED0006);
    for (unsigned round = 0; round < 100000; ++round) {
        const std::string filter = random_topic(prng, "a/+#$", 5);
        const std::string name = random_topic(prng, "a/+#$", 5);
        const std::vector<char> exact_filter(filter.begin(), filter.end());
        const std::vector<char> exact_name(name.begin(), name.end());
        const bool result = topic_matches(view(std::string_view(exact_filter.data(), exact_filter.size())),
                                          view(std::string_view(exact_name.data(), exact_name.size())));
        CHECK_CASE(!result || (!filter.empty() && !name.empty()), "seed %llu", prng.seed());
    }
}

// SN12-25, SN12-81: the first octet is the high one.
void short_names_are_the_octets_of_the_topic_id(void** /*state*/) {
    assert_int_equal(mqttsn::topic_id_of_short_name(mqttsn::bytes_of("ab")), 0x6162);
    for (unsigned id = 0; id <= 0xFFFF; ++id) {
        const mqttsn::ShortName name = mqttsn::short_name_of(static_cast<std::uint16_t>(id));
        assert_int_equal(name.bytes().size, 2);
        assert_int_equal(name.octets[0], id / 256);
        assert_int_equal(name.octets[1], id % 256);
        assert_int_equal(mqttsn::topic_id_of_short_name(name.bytes()), id);
    }
}

// SN12-81, FAULT-51: topic name rules hold for short names as well; the caller asks topic_name_valid().
void short_names_with_wildcards_are_no_names(void** /*state*/) {
    for (const unsigned id : {0x612BU, 0x2361U, 0x6100U, 0x0000U, 0xFFFFU, 0xC328U}) {
        assert_false(topic_name_valid(mqttsn::short_name_of(static_cast<std::uint16_t>(id)).bytes()));
    }
    assert_true(topic_name_valid(mqttsn::short_name_of(0x6162).bytes()));
    assert_true(topic_name_valid(mqttsn::short_name_of(0xC3A4).bytes()));  // one letter of two octets
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(utf8_validity_at_the_edges),
        cmocka_unit_test(every_code_point_is_valid_and_none_of_its_beginnings),
        cmocka_unit_test(utf8_valid_agrees_with_the_reference_on_short_strings),
        cmocka_unit_test(a_name_has_octets_levels_and_no_wildcard),
        cmocka_unit_test(a_filter_has_wildcards_only_as_whole_levels),
        cmocka_unit_test(filter_has_wildcard_finds_both_anywhere),
        cmocka_unit_test(topics_are_limited_in_octets_and_levels),
        cmocka_unit_test(matching_follows_the_examples_of_mqtt_4_7),
        cmocka_unit_test(wildcards_in_the_first_level_do_not_match_dollar_names),
        cmocka_unit_test(matching_at_the_ends_of_levels),
        cmocka_unit_test(random_filters_are_judged_and_matched_as_by_the_reference),
        cmocka_unit_test(matching_of_invalid_topics_ends),
        cmocka_unit_test(short_names_are_the_octets_of_the_topic_id),
        cmocka_unit_test(short_names_with_wildcards_are_no_names),
    };
    return cmocka_run_group_tests_name("unit.common.topic", tests, nullptr, nullptr);
}
