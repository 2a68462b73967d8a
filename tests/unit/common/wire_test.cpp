// SPDX-License-Identifier: BSD-3-Clause
//
// The table, and the vocabulary made from it.
#include "mqttsn/wire.hpp"

#include <cstring>
#include <iterator>

#include "support/cmocka.hpp"
#include "unit/common/message_checks.hpp"
#include "unit/common/samples.hpp"

using mqttsn::Bytes;
using mqttsn::bytes_of;
using mqttsn::find_message_row;
using mqttsn::Flags;
using mqttsn::MessageRow;
using mqttsn::TopicIdType;

namespace {

struct TableRow {
    const char* upper;
    std::uint8_t code;
    unsigned octets_min;
    unsigned octets_max;
    unsigned from;
    const char* layout;
    const char* section;
};

constexpr TableRow kTable[] = {
#define ROW(NAME, name, code, min, max, from, layout, section) {#NAME, code, min, max, from, layout, section},
    MQTTSN_MESSAGES(ROW)
#undef ROW
};

// SN12-12, SN12-29 to SN12-51.
void table_has_the_message_set_of_the_specification(void** /*state*/) {
    assert_int_equal(std::size(kTable), std::size(test::kSpecRows));
    for (const TableRow& row : kTable) {
        const test::SpecRow* spec = test::find_spec_row(row.code);
        CHECK_CASE(spec != nullptr, "%s", row.upper);
        assert_string_equal(row.upper, spec->name);
        CHECK_CASE(row.octets_min == spec->total_min, "%s", row.upper);
        CHECK_CASE(row.octets_max == spec->total_max, "%s", row.upper);
        CHECK_CASE(((row.from & MQTTSN_FROM_DEVICE) != 0) == spec->from_device, "%s", row.upper);
        CHECK_CASE(((row.from & MQTTSN_FROM_GATEWAY) != 0) == spec->from_gateway, "%s", row.upper);
        CHECK_CASE((row.from & ~static_cast<unsigned>(MQTTSN_FROM_BOTH)) == 0, "%s", row.upper);
    }
}

void table_codes_ascend_without_repetition(void** /*state*/) {
    for (std::size_t i = 1; i < std::size(kTable); ++i) {
        CHECK_CASE(kTable[i - 1].code < kTable[i].code, "%s", kTable[i].upper);
    }
}

// The sizes and the layout say the same thing twice; the codec uses the layout, other readers the sizes.
void table_sizes_follow_from_the_layout(void** /*state*/) {
    for (const TableRow& row : kTable) {
        unsigned smallest = 2;
        unsigned largest = 2;
        bool optional = false;
        bool open_end = false;
        for (const char* letter = row.layout; *letter != '\0'; ++letter) {
            CHECK_CASE(std::strchr("gafprdtmvs?", *letter) != nullptr, "%s", row.upper);
            CHECK_CASE(!open_end, "%s: something after the open end", row.upper);
            open_end = *letter == 'v' || *letter == 's';
            optional = optional || *letter == '?';
            if (std::strchr("vs?", *letter) == nullptr) {
                const unsigned octets = std::strchr("dtm", *letter) != nullptr ? 2 : 1;
                largest += octets;
                smallest += optional ? 0 : octets;
            }
        }
        CHECK_CASE(row.octets_min == smallest, "%s", row.upper);
        CHECK_CASE(row.octets_max == (open_end ? 0 : largest), "%s", row.upper);
        CHECK_CASE(std::strncmp(row.section, "5.4.", 4) == 0, "%s", row.upper);
    }
}

// A row without a sample is a row without truncation, length and round trip tests.
void every_row_has_a_sample(void** /*state*/) {
    for (const TableRow& row : kTable) {
        unsigned count = 0;
        for (const char* sample : test::kSamples) {
            count += test::hex(sample)[1] == row.code ? 1 : 0;
        }
        CHECK_CASE(count > 0, "%s has no datagram in samples.hpp", row.upper);
    }
}

void find_message_row_knows_exactly_the_codes_of_the_table(void** /*state*/) {
    for (unsigned code = 0; code <= 0xFF; ++code) {
        const MessageRow* found = find_message_row(static_cast<std::uint8_t>(code));
        const test::SpecRow* spec = test::find_spec_row(static_cast<std::uint8_t>(code));
        CHECK_CASE((found != nullptr) == (spec != nullptr), "code %02X", code);
        if (found != nullptr) {
            CHECK_CASE(static_cast<unsigned>(found->type) == code, "code %02X", code);
            CHECK_CASE(found->octets_min == spec->total_min, "code %02X", code);
            CHECK_CASE(found->octets_max == spec->total_max, "code %02X", code);
        }
    }
}

// SN12-12: PUBCOMP and PUBREC are not in the order of MQTT.
void pubcomp_is_0e_and_pubrec_is_0f(void** /*state*/) {
    assert_int_equal(static_cast<int>(mqttsn::MessageType::pubcomp), 0x0E);
    assert_int_equal(static_cast<int>(mqttsn::MessageType::pubrec), 0x0F);
    assert_int_equal(static_cast<int>(mqttsn::MessageType::pubrel), 0x10);
}

void message_name_is_the_name_in_the_specification_or_a_question_mark(void** /*state*/) {
    for (unsigned code = 0; code <= 0xFF; ++code) {
        const test::SpecRow* spec = test::find_spec_row(static_cast<std::uint8_t>(code));
        assert_string_equal(mqttsn::message_name(static_cast<std::uint8_t>(code)),
                            spec != nullptr ? spec->name : "?");
    }
}

// SN12-28
void return_code_text_covers_the_four_codes_and_the_reserved_ones(void** /*state*/) {
    assert_string_equal(mqttsn::return_code_text(0), "accepted");
    assert_string_equal(mqttsn::return_code_text(1), "rejected: congestion");
    assert_string_equal(mqttsn::return_code_text(2), "rejected: invalid topic ID");
    assert_string_equal(mqttsn::return_code_text(3), "rejected: not supported");
    for (unsigned code = 4; code <= 0xFF; ++code) {
        assert_string_equal(mqttsn::return_code_text(static_cast<std::uint8_t>(code)), "reserved");
    }
}

// SN12-13, SN12-15, SN12-19: the bit positions, for all 256 values.
void flags_read_their_bits(void** /*state*/) {
    for (unsigned bits = 0; bits <= 0xFF; ++bits) {
        const Flags flags{static_cast<std::uint8_t>(bits)};
        CHECK_CASE(flags.dup() == (bits / 128 == 1), "flags %02X", bits);
        const unsigned qos = bits / 32 % 4;
        CHECK_CASE(flags.qos() == (qos == 3 ? -1 : static_cast<int>(qos)), "flags %02X", bits);
        CHECK_CASE(flags.retain() == (bits / 16 % 2 == 1), "flags %02X", bits);
        CHECK_CASE(flags.will() == (bits / 8 % 2 == 1), "flags %02X", bits);
        CHECK_CASE(flags.clean_session() == (bits / 4 % 2 == 1), "flags %02X", bits);
        CHECK_CASE(static_cast<unsigned>(flags.topic_id_type()) == bits % 4, "flags %02X", bits);
    }
}

void flags_with_changes_its_field_and_no_other(void** /*state*/) {
    for (unsigned bits = 0; bits <= 0xFF; ++bits) {
        const Flags flags{static_cast<std::uint8_t>(bits)};
        assert_int_equal(flags.with_dup(true).bits, bits | 0x80U);
        assert_int_equal(flags.with_dup(false).bits, bits & 0x7FU);
        assert_int_equal(flags.with_retain(true).bits, bits | 0x10U);
        assert_int_equal(flags.with_retain(false).bits, bits & 0xEFU);
        assert_int_equal(flags.with_will(true).bits, bits | 0x08U);
        assert_int_equal(flags.with_will(false).bits, bits & 0xF7U);
        assert_int_equal(flags.with_clean_session(true).bits, bits | 0x04U);
        assert_int_equal(flags.with_clean_session(false).bits, bits & 0xFBU);
        assert_int_equal(flags.with_qos(0).bits, bits & 0x9FU);
        assert_int_equal(flags.with_qos(1).bits, (bits & 0x9FU) | 0x20U);
        assert_int_equal(flags.with_qos(2).bits, (bits & 0x9FU) | 0x40U);
        assert_int_equal(flags.with_qos(mqttsn::kQosMinusOne).bits, bits | 0x60U);
        for (unsigned type = 0; type <= 3; ++type) {
            assert_int_equal(flags.with_topic_id_type(static_cast<TopicIdType>(type)).bits,
                             (bits & 0xFCU) | type);
        }
    }
}

void equal_compares_length_and_octets(void** /*state*/) {
    assert_true(equal(bytes_of("abc"), bytes_of("abc")));
    assert_false(equal(bytes_of("abc"), bytes_of("abd")));
    assert_false(equal(bytes_of("abc"), bytes_of("ab")));
    assert_false(equal(bytes_of("ab"), bytes_of("abc")));
    assert_true(equal(Bytes{}, bytes_of("")));
    assert_true(equal(Bytes{}, Bytes{}));
    assert_false(equal(Bytes{}, bytes_of("a")));
}

void bytes_of_leaves_the_nul_out(void** /*state*/) {
    assert_int_equal(bytes_of("").size, 0);
    const Bytes bytes = bytes_of("dev1");
    assert_int_equal(bytes.size, 4);
    assert_memory_equal(bytes.data, "dev1", 4);
    assert_int_equal(bytes.end() - bytes.begin(), 4);
    assert_int_equal(bytes[3], '1');
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(table_has_the_message_set_of_the_specification),
        cmocka_unit_test(table_codes_ascend_without_repetition),
        cmocka_unit_test(table_sizes_follow_from_the_layout),
        cmocka_unit_test(every_row_has_a_sample),
        cmocka_unit_test(find_message_row_knows_exactly_the_codes_of_the_table),
        cmocka_unit_test(pubcomp_is_0e_and_pubrec_is_0f),
        cmocka_unit_test(message_name_is_the_name_in_the_specification_or_a_question_mark),
        cmocka_unit_test(return_code_text_covers_the_four_codes_and_the_reserved_ones),
        cmocka_unit_test(flags_read_their_bits),
        cmocka_unit_test(flags_with_changes_its_field_and_no_other),
        cmocka_unit_test(equal_compares_length_and_octets),
        cmocka_unit_test(bytes_of_leaves_the_nul_out),
    };
    return cmocka_run_group_tests_name("unit.common.wire", tests, nullptr, nullptr);
}
