// SPDX-License-Identifier: BSD-3-Clause
//
// Names of numbers, questions to texts, and the guesses about unknown datagrams.
#include <set>
#include <string>

#include "dissector/decode.hpp"
#include "mqttsn/topic.hpp"
#include "support/cmocka.hpp"
#include "unit/common/message_checks.hpp"
#include "unit/common/samples.hpp"
#include "unit/common/vectors.hpp"

using test::Octets;

namespace {

bool guess(const Octets& octets, std::uint32_t lost = 0) {
    return mqttsnx::looks_like_mqttsn(octets, static_cast<std::uint32_t>(octets.size()) + lost);
}

// SN12-12, SN12-29 to SN12-52
void types_have_the_names_and_senders_of_the_specification(void** /*state*/) {
    for (unsigned type = 0; type < 300; ++type) {
        const test::SpecRow* row =
            type < 256 ? test::find_spec_row(static_cast<std::uint8_t>(type)) : nullptr;
        if (row == nullptr) {
            CHECK_CASE((mqttsnx::type_name(type) != nullptr) == (type == 0xFE), "type %X", type);
            CHECK_CASE(mqttsnx::sender_of(type) == (type == 0xFE ? 3 : 0), "type %X", type);
            continue;
        }
        assert_string_equal(mqttsnx::type_name(type), row->name);
        assert_int_equal(mqttsnx::sender_of(type), (row->from_device ? 1 : 0) + (row->from_gateway ? 2 : 0));
    }
    assert_string_equal(mqttsnx::type_name(0xFE), "Encapsulated");
}

// SN12-14 to SN12-19
void flag_bits_are_those_that_mean_something(void** /*state*/) {
    const std::pair<unsigned, unsigned> rows[] = {{0x04, 0x0C}, {0x07, 0x70}, {0x1A, 0x70}, {0x0C, 0xF3},
                                                  {0x12, 0xE3}, {0x13, 0x60}, {0x14, 0x03}};
    for (unsigned type = 0; type < 256; ++type) {
        unsigned expected = 0;
        for (const auto& [code, bits] : rows) {
            expected = code == type ? bits : expected;
        }
        CHECK_CASE(mqttsnx::flag_bits(type) == expected, "type %02X", type);
    }
}

// Every type whose layout has Flags has bits, and no other.
void the_table_and_flag_bits_name_the_same_types(void** /*state*/) {
#define X(NAME, name, code, octets_min, octets_max, from, layout, section)                              \
    CHECK_CASE((std::string(layout).find('f') != std::string::npos) == (mqttsnx::flag_bits(code) != 0), \
               "%s", #NAME);
    MQTTSN_MESSAGES(X)
#undef X
}

// SN12-28
void four_return_codes_have_a_text(void** /*state*/) {
    assert_string_equal(mqttsnx::return_code_text(0), "accepted");
    assert_string_equal(mqttsnx::return_code_text(1), "rejected: congestion");
    assert_string_equal(mqttsnx::return_code_text(2), "rejected: invalid topic ID");
    assert_string_equal(mqttsnx::return_code_text(3), "rejected: not supported");
    for (unsigned code = 4; code < 300; ++code) {
        assert_null(mqttsnx::return_code_text(code));
    }
}

// The numbers of the draft of August 2026.
void version_2_types_have_the_names_of_the_draft(void** /*state*/) {
    const std::pair<unsigned, const char*> some[] = {
        {0x01, "CONNECT"},
        {0x02, "CONNACK"},
        {0x03, "PUBLISH"},
        {0x07, "PUBCOMP"},
        {0x0C, "PINGREQ"},
        {0x0E, "DISCONNECT"},
        {0x0F, "AUTH"},
        {0x10, "REGISTER"},
        {0x12, "PUBWOS"},
        {0x13, "SLEEPREQ"},
        {0x15, "WAKEUP"},
        {0x16, "ADVERTISE"},
        {0x18, "GWINFO"},
        {0xFC, "Forwarder Encapsulation"},
        {0xFE, "Connection Encapsulation"},
        {0xFF, "Protection Encapsulation"},
    };
    for (const auto& [type, name] : some) {
        assert_string_equal(mqttsnx::version_2_type_name(type), name);
    }
    std::set<std::string> names;
    for (unsigned type = 0; type < 300; ++type) {
        const char* name = mqttsnx::version_2_type_name(type);
        const bool reserved = type == 0 || (type > 0x18 && type < 0xFC) || type == 0xFD || type > 0xFF;
        CHECK_CASE((name == nullptr) == reserved, "type %X", type);
        if (name != nullptr) {
            names.insert(name);
        }
    }
    assert_int_equal(names.size(), 0x18 + 3);
}

void text_of_never_leaves_the_octets(void** /*state*/) {
    const Octets octets = test::hex("61 62 63");
    assert_true(mqttsnx::text_of(octets, {0, 3}) == "abc");
    assert_true(mqttsnx::text_of(octets, {1, 1}) == "b");
    assert_true(mqttsnx::text_of(octets, {1, 9}) == "bc");
    assert_true(mqttsnx::text_of(octets, {3, 1}).empty());
    assert_true(mqttsnx::text_of(octets, {0xFFFFFFFF, 0xFFFFFFFF}).empty());
    assert_true(mqttsnx::text_of({}, {0, 1}).empty());
}

// SN12-26, RFC 3629: every octet pair, and the corners of each length, against the codec's own reading. NUL
// is UTF-8, though no text of MQTT may hold it.
void utf8_is_what_rfc_3629_says(void** /*state*/) {
    const auto check = [](const Octets& octets) {
        const std::string text(octets.begin(), octets.end());
        if (text.find('\0') == std::string::npos) {
            CHECK_CASE(mqttsnx::is_utf8(text) == mqttsn::utf8_valid(test::view(octets)), "%s",
                       test::to_hex(test::view(octets)).c_str());
        }
    };
    for (unsigned pair = 0; pair < 0x10000; ++pair) {
        check({static_cast<std::uint8_t>(pair >> 8), static_cast<std::uint8_t>(pair)});
        for (const std::uint8_t last : test::hex("7F 80 BF C0")) {
            check({static_cast<std::uint8_t>(pair >> 8), static_cast<std::uint8_t>(pair), last});
            check({static_cast<std::uint8_t>(pair >> 8), static_cast<std::uint8_t>(pair), 0x80, last});
        }
    }
    assert_true(mqttsnx::is_utf8(""));
    assert_true(mqttsnx::is_utf8(std::string_view("\0", 1)));
    assert_false(mqttsnx::is_utf8("\xC0\x80"));
    assert_false(mqttsnx::is_utf8("\xED\xA0\x80"));
    assert_false(mqttsnx::is_utf8("\xF4\x90\x80\x80"));
    assert_true(mqttsnx::is_utf8("\xF4\x8F\xBF\xBF"));
}

void wildcards_are_found_anywhere(void** /*state*/) {
    assert_false(mqttsnx::has_wildcard(""));
    assert_false(mqttsnx::has_wildcard("a/b"));
    assert_true(mqttsnx::has_wildcard("a/+/b"));
    assert_true(mqttsnx::has_wildcard("a/#"));
    assert_true(mqttsnx::has_wildcard("a+"));
}

void every_vector_looks_like_mqttsn_and_no_part_of_it(void** /*state*/) {
    for (const test::Vector& vector :
         test::read_vectors(DORMOUSE_SOURCE_DIR "/tests/vectors/mqttsn-1.2.hex")) {
        CHECK_CASE(guess(vector.octets), "%s", vector.name.c_str());
        for (std::size_t size = 0; size < vector.octets.size(); ++size) {
            const Octets cut(vector.octets.begin(),
                             vector.octets.begin() + static_cast<std::ptrdiff_t>(size));
            CHECK_CASE(!guess(cut), "%s cut to %zu", vector.name.c_str(), size);
        }
        Octets longer = vector.octets;
        longer.push_back(0);
        CHECK_CASE(!guess(longer), "%s and an octet", vector.name.c_str());
    }
}

void other_protocols_do_not_look_like_mqttsn(void** /*state*/) {
    for (const char* octets : {
             "", "00", "02",
             "02 03",                                                     // reserved type
             "04 1E 00 00",                                               // reserved type
             "07 04 00 04 00 3C 61",                                      // ProtocolId 4
             "07 0A 00 00 00 01 FF",                                      // a name that is not UTF-8
             "07 0C 00 00 00 00 00",                                      // topic id 0000
             "03 FE 00 02 16",                                            // an envelope without node
             "05 FE 00 00 01",                                            // an envelope without message
             "05 FE 00 00 01 02 03",                                      // an envelope of a reserved type
             "12 34 01 00 00 01 00 00 00 00 00 00 01 61 00 00 01 00 01",  // DNS
             "23 00 06 EC 00 00 00 00 00 00 00 00 00 00 00 00",           // NTP
             "40 01 30 39 B4 61 62 63",                                   // CoAP
             "80 60 00 01 00 00 00 01 00 00 00 02",                       // RTP
             "01 01 06 00 12 34 56 78",                                   // BOOTP
             "16 FE FD 00 00 00 00 00 00 00 00 00 04 01 00 00 00",        // DTLS
         }) {
        CHECK_CASE(!guess(test::hex(octets)), "%s", octets);
    }
}

void a_cut_capture_may_still_look_like_mqttsn(void** /*state*/) {
    assert_true(guess(test::hex("0A 04 04 01 00 3C"), 4));
    assert_false(guess(test::hex("0A 04 04 01 00 3C"), 3));
    assert_false(guess(test::hex("0A"), 9));
}

bool version_2(const Octets& octets, std::uint32_t lost = 0) {
    return mqttsnx::looks_like_version_2_connect(octets, static_cast<std::uint32_t>(octets.size()) + lost);
}

// D53: Flags, packet identifier, version 02, keep alive, largest packet, client id; with the Will flag an
// octet of will flags behind Flags.
void a_version_2_connect_is_recognised(void** /*state*/) {
    assert_true(version_2(test::hex("0E 01 01 12 34 02 00 3C 00 00 64 65 76 31")));
    assert_true(version_2(test::hex("0A 01 01 12 34 02 00 3C 00 00")));
    assert_true(version_2(test::hex("01 00 10 01 01 12 34 02 00 3C 00 00 64 65 76 31")));
    assert_true(version_2(test::hex("11 01 03 00 12 34 02 00 3C 00 00 00 01 00 00 64 65")));
    assert_true(version_2(test::hex("0E 01 01 12 34 02 00"), 7));
}

void what_is_no_version_2_connect_is_not_taken_for_one(void** /*state*/) {
    for (const char* octets : {
             "",
             "03 01 01",                                   // SEARCHGW
             "01 00 05 01 01",                             // SEARCHGW, long Length
             "09 01 01 12 34 02 00 3C 00",                 // too short
             "0E 01 01 12 34 01 00 3C 00 00 64 65 76 31",  // version 1
             "0E 01 81 12 34 02 00 3C 00 00 64 65 76 31",  // reserved flag
             "0F 01 01 12 34 02 00 3C 00 00 64 65 76 31",  // wrong Length
             "0E 04 01 12 34 02 00 3C 00 00 64 65 76 31",  // another type
             "0E 01 03 12 34 02 00 3C 00 00 64 65 76 31",  // Will: the version is an octet later
             "0A 04 04 01 00 3C 64 65 76 31",              // CONNECT of 1.2
         }) {
        CHECK_CASE(!version_2(test::hex(octets)), "%s", octets);
    }
    assert_false(version_2(test::hex("0E 01 01 12 34"), 9));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(types_have_the_names_and_senders_of_the_specification),
        cmocka_unit_test(flag_bits_are_those_that_mean_something),
        cmocka_unit_test(the_table_and_flag_bits_name_the_same_types),
        cmocka_unit_test(four_return_codes_have_a_text),
        cmocka_unit_test(version_2_types_have_the_names_of_the_draft),
        cmocka_unit_test(text_of_never_leaves_the_octets),
        cmocka_unit_test(utf8_is_what_rfc_3629_says),
        cmocka_unit_test(wildcards_are_found_anywhere),
        cmocka_unit_test(every_vector_looks_like_mqttsn_and_no_part_of_it),
        cmocka_unit_test(other_protocols_do_not_look_like_mqttsn),
        cmocka_unit_test(a_cut_capture_may_still_look_like_mqttsn),
        cmocka_unit_test(a_version_2_connect_is_recognised),
        cmocka_unit_test(what_is_no_version_2_connect_is_not_taken_for_one),
    };
    return cmocka_run_group_tests_name("unit.dissector.words", tests, nullptr, nullptr);
}
