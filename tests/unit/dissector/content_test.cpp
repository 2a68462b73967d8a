// SPDX-License-Identifier: BSD-3-Clause
//
// What the data of a PUBLISH is taken for, and which topics a filter means.
#include "dissector/content.hpp"

#include <string>

#include "mqttsn/topic.hpp"
#include "support/cmocka.hpp"
#include "support/hex.hpp"
#include "unit/common/prng.hpp"

namespace {

using mqttsnx::content_type;
using mqttsnx::filter_matches;
using mqttsnx::is_topic_filter;

bool json(const std::string& text) {
    return mqttsnx::is_json({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

bool cbor(const char* octets) {
    const test::Octets all = test::hex(octets);
    return mqttsnx::is_cbor(all);
}

/// As assert_true, but the failure says of what.
void expect(bool got, bool wanted, const char* of_what) {
    if (got != wanted) {
        print_message("of: %s\n", of_what);
    }
    assert_int_equal(got, wanted);
}

std::string type_of(const std::string& text) {
    return content_type({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

// RFC 8259 2 to 7
void one_whole_object_or_array_is_json(void** /*state*/) {
    for (const char* text :
         {"{}", "[]", " [1, -2.5e+3, 0, true, false, null] \r\n\t", "{\"a\":{\"b\":[[]]},\"c\":\"d\"}",
          "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00aF\"]", "[\"caf\xc3\xa9\"]", "[0.5,1E9,1e-9]"}) {
        expect(json(text), true, text);
    }
}

void what_only_begins_like_json_is_not_json(void** /*state*/) {
    for (const char* text : {"",           " ",
                             "21.5",       "\"text\"",
                             "true",       "{",
                             "[",          "[1",
                             "[1,]",       "[,1]",
                             "{\"a\"}",    "{\"a\":}",
                             "{a:1}",      "{\"a\":1,}",
                             "[]]",        "{}x",
                             "[01]",       "[1.]",
                             "[.5]",       "[1e]",
                             "[+1]",       "[-]",
                             "[\"a]",      "[\"\n\"]",
                             "[\"\\x\"]",  "[\"\\u12g4\"]",
                             "[\"\\",      "[\"\\u12",
                             "[tru]",      "[nul",
                             "[INFO]",     "[12:03] started",
                             "[\"\xff\"]", "[\"\xc3\"]"}) {
        expect(json(text), false, text);
    }
    assert_false(json(std::string("[\0]", 3)));
    assert_false(json(std::string("[]\0", 3)));
}

void json_nested_too_deep_is_not_recognised(void** /*state*/) {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    assert_true(json(nested(mqttsnx::kContentDepth)));
    assert_false(json(nested(mqttsnx::kContentDepth + 2)));
    assert_false(json(nested(100000)));
    assert_false(json(std::string(100000, '[')));
}

// RFC 8949 3 and appendix C
void one_whole_map_or_array_is_cbor(void** /*state*/) {
    for (const char* octets :
         {"80", "A0", "83 01 02 03", "A1 61 74 18 DE", "82 19 03E8 39 03E7", "9F 01 FF", "BF 61 61 01 FF",
          "81 5F 42 0102 41 03 FF", "81 7F 61 61 FF", "81 C1 1A 514B67B0", "84 F4 F5 F6 F7", "81 F9 3C00",
          "81 FB 3FF199999999999A", "81 F8 FF", "D9 D9F7 80", "81 1B 0000000000000001", "9F 9F FF FF"}) {
        expect(cbor(octets), true, octets);
    }
}

void what_is_cut_or_goes_on_is_not_cbor(void** /*state*/) {
    for (const char* octets : {"01",
                               "61 61",
                               "83 01 02",
                               "80 00",
                               "A1 01",
                               "A1 61 74 18",
                               "9F 01",
                               "BF 61 61 FF",
                               "FF",
                               "81 FF",
                               "9C",
                               "81 1C",
                               "81 F8 10",
                               "81 62 61",
                               "81 61 FF",
                               "81 5F 61 61 FF",
                               "81 5F 5F FF FF",
                               "81 5F",
                               "81 3F",
                               "81 DF 00",
                               "D9 D9F7",
                               "9B FFFFFFFFFFFFFFFF",
                               "BB 8000000000000000",
                               "81 5B FFFFFFFFFFFFFFFF",
                               "C0",
                               "C1 80"}) {
        expect(cbor(octets), false, octets);
    }
    assert_false(cbor(""));
}

void cbor_nested_too_deep_is_not_recognised(void** /*state*/) {
    test::Octets deep(100000, 0x81);
    deep.push_back(0x80);
    assert_false(mqttsnx::is_cbor(deep));
    const test::Octets endless(100000, 0x9F);
    assert_false(mqttsnx::is_cbor(endless));
}

void data_has_the_content_type_that_it_looks_like(void** /*state*/) {
    assert_string_equal(type_of("{\"t\":21.5}").c_str(), "application/json");
    assert_string_equal(type_of("21.5\r\n").c_str(), "text/plain");
    assert_string_equal(type_of("caf\xc3\xa9").c_str(), "text/plain");
    assert_string_equal(type_of("\xa1\x61\x74\x18\xde").c_str(), "application/cbor");
    assert_string_equal(type_of(std::string("a\0b", 3)).c_str(), "application/octet-stream");
    assert_string_equal(type_of("\xff\xfe").c_str(), "application/octet-stream");
    assert_string_equal(type_of("").c_str(), "application/octet-stream");
}

// MQTT 3.1.1 4.7.1
void a_filter_has_its_wildcards_in_whole_levels(void** /*state*/) {
    for (const char* filter : {"a", "/", "#", "+", "a/#", "+/+/#", "/+", "a//b", "$SYS/#"}) {
        expect(is_topic_filter(filter), true, filter);
    }
    for (const char* filter : {"", "a#", "#/a", "a/#/b", "a+", "+a", "a/b+/c", "##", "++"}) {
        expect(is_topic_filter(filter), false, filter);
    }
}

// MQTT 3.1.1 4.7.1, 4.7.2, 4.7.3
void a_filter_means_the_topics_that_mqtt_says(void** /*state*/) {
    const struct {
        const char* filter;
        const char* topic;
        bool means;
    } rows[] = {
        {"a/b", "a/b", true},       {"a/b", "a/B", false},
        {"a/b", "a/b/", false},     {"a/b/", "a/b", false},
        {"a/#", "a", true},         {"a/#", "a/", true},
        {"a/#", "a/b/c", true},     {"a/#", "ab", false},
        {"#", "a/b", true},         {"#", "/", true},
        {"#", "$SYS/a", false},     {"+/a", "$SYS/a", false},
        {"$SYS/#", "$SYS/a", true}, {"$SYS/+", "$SYS/a", true},
        {"+", "a", true},           {"+", "/a", false},
        {"+/+", "/a", true},        {"/+", "/a", true},
        {"a/+/c", "a/b/c", true},   {"a/+/c", "a//c", true},
        {"a/+", "a", false},        {"a/+", "a/b/c", false},
        {"a/+/#", "a", false},      {"a/+/#", "a/b", true},
        {"a", "", false},           {"#", "", false},
        {"a/b/#", "a", false},      {"room/+/temp", "room/4/temp", true},
    };
    for (const auto& row : rows) {
        const std::string pair = std::string(row.filter) + " and " + row.topic;
        expect(filter_matches(row.filter, row.topic), row.means, pair.c_str());
    }
}

// The gateway's own idea of filters is another program's.
void filters_mean_what_they_mean_to_the_gateway(void** /*state*/) {
    test::Prng prng = test::Prng::from_environment(20260101);
    const auto random_text = [&prng] {
        std::string text;
        for (std::uint32_t left = prng.below(7); left > 0; --left) {
            text += "aab//++#$"[prng.below(9)];
        }
        return text;
    };
    const auto octets_of = [](const std::string& text) {
        return mqttsn::Bytes{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
    };
    int meant = 0;
    for (int round = 0; round < 50000; ++round) {
        const std::string filter = random_text();
        const std::string topic = random_text();
        const bool valid = mqttsn::topic_filter_valid(octets_of(filter));
        const bool both = valid && mqttsn::topic_name_valid(octets_of(topic));
        const bool means = both && filter_matches(filter, topic);
        meant += means ? 1 : 0;
        if (is_topic_filter(filter) != valid ||
            (both && means != mqttsn::topic_matches(octets_of(filter), octets_of(topic)))) {
            print_message("MQTTSN_TEST_SEED=%llu: \"%s\" and \"%s\"\n", prng.seed(), filter.c_str(),
                          topic.c_str());
            assert_true(false);
        }
    }
    assert_true(meant > 250);  // else the texts were badly chosen
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(one_whole_object_or_array_is_json),
        cmocka_unit_test(what_only_begins_like_json_is_not_json),
        cmocka_unit_test(json_nested_too_deep_is_not_recognised),
        cmocka_unit_test(one_whole_map_or_array_is_cbor),
        cmocka_unit_test(what_is_cut_or_goes_on_is_not_cbor),
        cmocka_unit_test(cbor_nested_too_deep_is_not_recognised),
        cmocka_unit_test(data_has_the_content_type_that_it_looks_like),
        cmocka_unit_test(a_filter_has_its_wildcards_in_whole_levels),
        cmocka_unit_test(a_filter_means_the_topics_that_mqtt_says),
        cmocka_unit_test(filters_mean_what_they_mean_to_the_gateway),
    };
    return cmocka_run_group_tests_name("unit.dissector.content", tests, nullptr, nullptr);
}
