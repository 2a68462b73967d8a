// SPDX-License-Identifier: BSD-3-Clause
//
// Each fault of the octets, the octets that have it, and the place it is told of; and octets that look as if
// they had it but have not.
#include <string>
#include <vector>

#include "support/cmocka.hpp"
#include "unit/common/message_checks.hpp"
#include "unit/dissector/printed.hpp"

using mqttsnx::Expert;

namespace {

struct Case {
    const char* octets;
    const char* faults;      // all of them, as printed_faults() writes them
    std::uint32_t lost = 0;  // octets of the datagram that the capture did not keep
};

std::string printed_faults(const mqttsnx::Datagram& datagram) {
    std::string out;
    for (const mqttsnx::Fault& fault : datagram.all_faults()) {
        out += (out.empty() ? "" : " ") + std::string(test::expert_name(fault.expert)) +
               test::printed(fault.where);
    }
    return out;
}

mqttsnx::Datagram read(const test::Octets& octets, std::uint32_t lost) {
    return mqttsnx::decode(octets, static_cast<std::uint32_t>(octets.size()) + lost, 0);
}

void check(const std::vector<Case>& cases) {
    for (const Case& item : cases) {
        const std::string found = printed_faults(read(test::hex(item.octets), item.lost));
        CHECK_CASE(found == item.faults, "%s, %u lost:\nfound:    %s\nexpected: %s", item.octets, item.lost,
                   found.c_str(), item.faults);
    }
}

// SN12-07, SN12-08, D02
std::vector<Case> length_cases() {
    return {
        {"", ""},
        {"00", "length_too_small@0+1"},
        {"00 16", "length_too_small@0+1"},
        {"01", "length_too_small@0+1"},
        {"01 16", "length_too_small@0+1"},
        {"01 00 00 16", "length_too_small@0+3"},
        {"01 00 03 16", "length_too_small@0+3"},
        {"01 00 04 16", "length_not_minimal@0+3"},
        {"02", "length_beyond@0+1"},
        {"05", "length_beyond@0+1"},
        {"FF 16", "length_beyond@0+1"},
        {"01 00 05 16", "length_not_minimal@0+3 length_beyond@0+3"},
        {"01 FF FF 16", "length_beyond@0+3"},
        {"01 00 04", "length_not_minimal@0+3 length_beyond@0+3"},
        {"07 0D 00 10 00 02", "length_beyond@0+1"},
        {"0A 0D 00 10 00 02 00", "length_beyond@0+1"},
        {"0A 0C 20 00 10 00 02 68 69", "length_beyond@0+1"},
        {"06 0D 00 10 00 02", "message_cut_short@0+6"},
        {"06 0D 00 10 00 02 00", "message_cut_short@0+6 trailing_octets@6+1"},
        {"06 0C 00 00 11 00 00 68 69", "message_cut_short@0+6 trailing_octets@6+3"},
        {"02 0C", "message_cut_short@0+2"},
        {"05 04 04 01 00", "message_cut_short@0+5"},
        {"02 01", "message_cut_short@0+2"},
        {"03 18 01", "message_cut_short@0+3"},
        {"04 18 00 00", ""},
        {"02 18", ""},
        {"05 18 01 2C 00", "extra_octets@4+1"},
        {"09 0D 00 10 00 02 00 AA BB", "extra_octets@7+2"},
        {"03 17 00", "extra_octets@2+1"},
        {"04 05 00 00", "extra_octets@3+1"},
        {"0E 01 00 02 00 3C 00 00 01 00 64 65 76 31", "extra_octets@3+11"},
        {"02 16 00", "trailing_octets@2+1"},
        {"02 16 02", "trailing_octets@2+1"},
        {"02 16 02 17", "several_messages@2+2"},
        {"02 16 02 17 00", "several_messages@2+3"},
        {"02 16 03 FE 00 02 17", "several_messages@2+5"},
        {"02 16 03 FE 00", "trailing_octets@2+3"},
        {"02 16 02 03", "trailing_octets@2+2"},
        {"02 16 03 17 00", "trailing_octets@2+3"},
        {"02 16 07 0D 00 10 00 02", "trailing_octets@2+6"},
        {"02 16 09 0C 20 FF FF 00 02 68 69", "trailing_octets@2+9"},
    };
}

// SN12-12
std::vector<Case> type_cases() {
    return {
        {"02 03", "type_reserved@1+1"},
        {"04 11 01 02", "type_reserved@1+1"},
        {"02 19", "type_reserved@1+1"},
        {"02 1E", "type_reserved@1+1"},
        {"02 FD", "type_reserved@1+1"},
        {"01 00 05 FF 00", "length_not_minimal@0+3 type_reserved@3+1"},
        {"05 FD 00", "length_beyond@0+1 type_reserved@1+1"},
        {"02 FD 02 16", "type_reserved@1+1 several_messages@2+2"},
    };
}

// SN12-09
std::vector<Case> long_form_cases() {
    std::vector<Case> cases;
    static const std::string zeros_254 = [] {
        std::string out;
        for (int i = 0; i < 253; ++i) {
            out += " 78";
        }
        return out;
    }();
    static const std::string short_would_do = "01 01 01 09" + zeros_254;
    static const std::string needed = short_would_do.substr(0, 6) + "02 09 78" + zeros_254;
    cases.push_back({short_would_do.c_str(), "length_not_minimal@0+3"});
    cases.push_back({needed.c_str(), ""});
    return cases;
}

// SN12-114 to SN12-117
std::vector<Case> envelope_cases() {
    return {
        {"05 FE 03 00 01 02 16", ""},
        {"05 FE 00 00 01", "envelope_empty@0+5"},
        {"05 FE 80 00 01 02 16", "envelope_ctrl_bits@2+1"},
        {"05 FE 07 00 01 02 16", "envelope_ctrl_bits@2+1"},
        {"03 FE 00 02 16", "node_id_empty@0+3"},
        {"01 00 07 FE 00 00 01 02 16", "envelope_long_length@0+3"},
        {"02 FE 02 16", "message_cut_short@0+2"},
        {"02 FE", "message_cut_short@0+2 envelope_empty@0+2"},
        {"01 00 04 FE 02 16", "envelope_long_length@0+3 message_cut_short@0+4"},
        {"06 FE 00 00 01", "length_beyond@0+1"},
        {"09 FE", "length_beyond@0+1"},
        {"04 FE 00 0A 04 FE 00 0B 02 16", "envelope_nested@5+1"},
        {"04 FE 00 0A 04 FE 00 0B", "envelope_nested@5+1 envelope_empty@4+4"},
        {"04 FE 00 0A 00", "length_too_small@4+1"},
        {"04 FE 00 0A 05 17", "length_beyond@4+1"},
        {"04 FE 00 0A 02 17 00", "trailing_octets@6+1"},
        {"04 FE 00 0A 02 17 02 16", "several_messages@6+2"},
        {"04 FE 00 01 04 FE 00 02 04 FE 00 03 04 FE 00 04 04 FE 00 05 04 FE 00 06 04 FE 00 07 04 FE 00 08 "
         "02 16",
         "envelope_nested@5+1 envelope_nested@9+1 envelope_nested@13+1 envelope_nested@17+1 "
         "envelope_nested@21+1 envelope_nested@25+1 envelope_nested@29+1"},
        {"04 FE 00 01 04 FE 00 02 04 FE 00 03 04 FE 00 04 04 FE 00 05 04 FE 00 06 04 FE 00 07 04 FE 00 08 "
         "04 FE 00 09 02 16",
         "envelope_nested@5+1 envelope_nested@9+1 envelope_nested@13+1 envelope_nested@17+1 "
         "envelope_nested@21+1 envelope_nested@25+1 envelope_nested@29+1 envelopes_too_deep@32+6"},
    };
}

// SN12-14 to SN12-20: which bits mean something in which message
std::vector<Case> flag_cases() {
    return {
        {"07 04 0C 01 00 3C 61", ""},
        {"07 04 80 01 00 3C 61", "flags_unused_set@2+1"},
        {"07 04 60 01 00 3C 61", "flags_unused_set@2+1"},
        {"07 04 10 01 00 3C 61", "flags_unused_set@2+1"},
        {"07 04 01 01 00 3C 61", "flags_unused_set@2+1"},
        {"01 00 09 04 10 01 00 3C 61", "length_not_minimal@0+3 flags_unused_set@4+1"},
        {"04 07 50 61", ""},
        {"04 07 80 61", "flags_unused_set@2+1"},
        {"04 1A 8F 61", "flags_unused_set@2+1"},
        {"04 07 60 61", "qos_reserved@2+1"},
        {"04 1A 70 61", "qos_reserved@2+1"},
        {"08 0C 08 00 01 00 00 78", "flags_unused_set@2+1"},
        {"08 0C 04 00 01 00 00 78", "flags_unused_set@2+1"},
        {"08 0C 03 00 01 00 00 78", "topic_id_type_reserved@2+1"},
        {"06 12 A0 00 01 61", ""},
        {"06 12 10 00 01 61", "flags_unused_set@2+1"},
        {"06 12 60 00 01 61", "qos_reserved@2+1"},
        {"07 12 03 00 01 00 01", "topic_id_type_reserved@2+1"},
        {"06 14 03 00 01 61", "topic_id_type_reserved@2+1"},
        {"06 14 80 00 01 61", "flags_unused_set@2+1"},
        {"06 14 60 00 01 61", "flags_unused_set@2+1"},
        {"08 13 40 00 01 00 03 00", ""},
        {"08 13 60 00 01 00 03 00", "qos_reserved@2+1"},
        {"08 13 9F 00 01 00 03 00", "flags_unused_set@2+1"},
        {"08 0C 80 00 01 00 00 78", "dup_without_ack@2+1"},
        {"08 0C E1 00 01 00 00 78", "dup_without_ack@2+1"},
        {"08 0C A0 00 01 00 07 78", ""},
        {"08 0C C0 00 01 00 07 78", ""},
    };
}

// SN12-21 to SN12-25, SN12-28, SN12-82, D28
std::vector<Case> number_cases() {
    return {
        {"07 04 00 02 00 3C 61", "protocol_id_unknown@3+1"},
        {"07 04 00 00 00 3C 61", "protocol_id_unknown@3+1"},
        {"07 04 00 01 00 00 61", "keep_alive_zero@4+2"},
        {"05 00 05 00 00", ""},
        {"03 05 01", "return_code_rejected@2+1"},
        {"07 0B 00 10 00 01 03", "return_code_rejected@6+1"},
        {"08 13 00 00 00 00 01 02", "return_code_rejected@7+1"},
        {"03 1D 04", "return_code_reserved@2+1"},
        {"07 0D 00 10 00 02 FF", "return_code_reserved@6+1"},
        {"07 0A 00 00 00 00 61", "msg_id_zero@4+2"},
        {"07 0C 20 00 10 00 00", "msg_id_zero@5+2"},
        {"07 0C 40 00 10 00 00", "msg_id_zero@5+2"},
        {"07 0C 00 00 10 00 07", "msg_id_unused_set@5+2"},
        {"07 0C 61 00 10 00 07", "msg_id_unused_set@5+2"},
        {"06 12 00 00 00 61", "msg_id_zero@3+2"},
        {"06 14 00 00 00 61", "msg_id_zero@3+2"},
        {"04 0F 00 00", "msg_id_zero@2+2"},
        {"04 10 00 00", "msg_id_zero@2+2"},
        {"04 0E 00 00", "msg_id_zero@2+2"},
        {"07 0D 00 10 00 00 02", "return_code_rejected@6+1"},  // of QoS 0, which has no MsgId (SN12-76)
        {"07 0B 00 10 00 00 00", ""},
        {"04 15 00 00", ""},
        {"07 0C 00 00 00 00 00", "topic_id_reserved@3+2"},
        {"07 0C 00 FF FF 00 00", "topic_id_reserved@3+2"},
        {"07 0C 01 00 00 00 00", "topic_id_reserved@3+2"},
        {"07 0C 00 FF FE 00 00", ""},
        {"07 0C 03 FF FF 00 00", "topic_id_type_reserved@2+1"},
        {"07 12 01 00 01 FF FF", "topic_id_reserved@5+2"},
        {"07 14 01 00 01 00 00", "topic_id_reserved@5+2"},
        {"07 0A 00 00 00 01 61", ""},  // judged with what is known of the sender
        {"07 0B 00 00 00 01 03", "return_code_rejected@6+1"},
        {"07 0D FF FF 00 01 00", ""},
        {"08 0C 60 00 09 00 00 78", "qos_minus_one_id@3+2"},
        {"08 0C 60 00 02 00 00 78", "qos_minus_one_id@3+2"},
        {"08 0C 60 00 01 00 00 78", "qos_minus_one_name@7+1"},
        {"08 0C 60 00 00 00 00 78", "topic_id_reserved@3+2 qos_minus_one_id@3+2"},
        {"07 0C 60 00 01 00 00", "qos_minus_one_id@3+2"},
    };
}

// SN12-21, SN12-26, SN12-37, SN12-81, D34, D42
std::vector<Case> text_cases() {
    return {
        {"06 04 00 01 00 3C", "client_id_empty@6+0"},
        {"1D 04 00 01 00 3C 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61", ""},
        {"1E 04 00 01 00 3C 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61",
         "client_id_long@6+24"},
        // 12 characters of two octets
        {"1E 04 00 01 00 3C C3A4 C3A4 C3A4 C3A4 C3A4 C3A4 C3A4 C3A4 C3A4 C3A4 C3A4 C3A4", ""},
        {"1A 16 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61",
         "client_id_long@2+24"},
        {"02 16", ""},
        {"07 04 00 01 00 3C FF", "text_not_utf8@6+1"},
        {"09 04 00 01 00 3C 61 00 62", "text_has_control@7+1"},
        {"04 16 61 7F", "text_has_control@3+1"},
        {"06 0A 00 00 00 01", "topic_empty@6+0"},
        {"09 0A 00 00 00 01 61 2F 23", "topic_has_wildcard@8+1"},
        {"09 0A 00 00 00 01 2B 2F 23", "topic_has_wildcard@6+1"},
        {"09 0A 00 00 00 01 61 1F FF", "text_not_utf8@6+3 text_has_control@7+1"},
        {"09 0A 00 00 00 01 61 C2 85", "text_has_control@7+1"},
        {"09 0A 00 00 00 01 61 C2 A0", ""},
        {"05 12 00 00 01", "topic_empty@5+0"},
        {"05 14 00 00 01", "topic_empty@5+0"},
        {"06 12 00 00 01 23", ""},
        {"06 12 00 00 01 2B", ""},
        {"0A 12 00 00 01 2B 2F 2B 2F 23", ""},
        {"07 12 00 00 01 61 23", "filter_bad@6+1"},
        {"07 12 00 00 01 2B 61", "filter_bad@5+1"},
        {"07 12 00 00 01 23 2F", "filter_bad@5+1"},
        {"08 14 00 00 01 61 2F 2F", ""},
        {"09 14 00 00 01 61 2F 61 2B", "filter_bad@8+1"},
        {"07 12 00 00 01 FF FE", "text_not_utf8@5+2"},
        {"03 07 00", ""},
        {"03 1A 50", ""},
        {"05 07 00 61 23", "topic_has_wildcard@4+1"},
        {"05 1A 00 61 0A", "text_has_control@4+1"},
        {"07 12 02 00 01 61 2B", "topic_has_wildcard@6+1"},
        {"07 12 02 00 01 61 FF", "text_not_utf8@5+2"},
        {"07 0C 02 61 62 00 00", ""},
        {"07 0C 02 61 23 00 00", "topic_has_wildcard@4+1"},
        {"07 0C 02 00 05 00 00", "text_has_control@3+1"},
        {"07 0C 02 FF FF 00 00", "text_not_utf8@3+2"},
        {"06 12 02 00 01 61", "short_name_length@5+1"},
        {"08 12 02 00 01 61 62 63", "short_name_length@5+3"},
        {"06 14 01 00 01 61", "short_name_length@5+1"},
        {"08 12 02 00 01 61", "length_beyond@0+1"},
        {"09 0A 00 00 00 01 61 20 62", ""},
        {"08 14 01 00 01 00 07 63", "short_name_length@5+3"},
        {"05 12 01 00 01", "short_name_length@0+5"},
        {"05 12 02 00 01", "short_name_length@0+5 topic_empty@5+0"},
        {"0A 0C 60 00 02 00 00 61 2B 78", "qos_minus_one_name@7+2 topic_has_wildcard@8+1"},
        {"0A 0C 60 00 02 00 00 61 00 78", "qos_minus_one_name@7+2 text_has_control@8+1"},
        {"0A 0C 60 00 02 00 00 61 FF 78", "qos_minus_one_name@7+2 text_not_utf8@7+2"},
        // Data and WillMsg are octets: nothing is asked of them.
        {"09 0C 00 00 01 00 00 FF 00", ""},
        {"04 09 FF 00", ""},
        {"02 09", ""},
        {"04 1C FF 00", ""},
    };
}

// SN12-27, SN12-31, D46
std::vector<Case> gateway_address_cases() {
    return {
        {"03 02 05", ""},
        {"07 02 05 7F 00 00 01", ""},
        {"09 02 05 7F 00 00 01 07 5B", ""},
        {"08 02 05 04 7F 00 00 01", ""},
        {"0A 02 05 06 7F 00 00 01 07 5B", ""},
        {"0A 02 05 04 7F 00 00 01 07 5B", ""},
        {"0A 02 05 07 7F 00 00 01 07 5B", ""},
        {"0A 02 05 08 7F 00 00 01 07 5B", "gw_address_form@3+7"},
        {"04 02 05 7F", "gw_address_form@3+1"},
        {"06 02 05 02 01 02", "gw_address_form@3+3"},
        {"09 02 05 7F 00 00 01 07", "length_beyond@0+1"},
    };
}

// An octet that the capture did not keep is no fault of the message; only what is kept is judged.
std::vector<Case> cut_cases() {
    return {
        {"", "capture_cut@0+0", 9},
        {"09", "capture_cut@0+1", 8},
        {"01", "capture_cut@0+1", 300},
        {"01 01", "capture_cut@0+2", 300},
        {"01 00", "capture_cut@0+2", 1},
        {"01", "length_too_small@0+1 capture_cut@0+1", 1},
        {"01 01 35", "capture_cut@0+3", 306},
        {"09 0C", "capture_cut@0+2", 7},
        {"09 0C 20 00", "capture_cut@0+4", 5},
        {"09 0C 20 00 10 00 02", "capture_cut@0+7", 2},
        {"09 0C 20 00 10 00 02 68", "capture_cut@0+8", 1},
        {"09 0C 20 FF FF 00 00", "msg_id_zero@5+2 topic_id_reserved@3+2 capture_cut@0+7", 2},
        {"09 0C 20 00 10", "length_beyond@0+1 capture_cut@0+5", 3},
        {"06 0D 00", "message_cut_short@0+3 capture_cut@0+3", 3},
        {"03 18", "message_cut_short@0+2 capture_cut@0+2", 1},
        {"04 18", "capture_cut@0+2", 2},
        {"05 18", "capture_cut@0+2", 3},
        {"09 0D 00 10 00 02 00", "extra_octets@7+0 capture_cut@0+7", 2},
        {"09 0A 00 00 00 01 C3", "capture_cut@0+7", 2},  // half a character, by the capture
        {"08 12 00 00 01 61 23", "capture_cut@0+7", 1},  // "#" may not be the last
        {"08 12 00 00 01", "capture_cut@0+5", 3},
        {"07 12 02 00 01", "capture_cut@0+5", 2},
        {"08 12 02 00 01 61", "short_name_length@5+1 capture_cut@0+6", 2},
        {"08 04 00 01 00 3C", "capture_cut@0+6", 2},
        {"0A 02 05 06", "capture_cut@0+4", 6},
        {"0C 0C 60 00 02 00 00 61 2B", "qos_minus_one_name@7+2 topic_has_wildcard@8+1 capture_cut@0+9", 3},
        {"0C 0C 60 00 02 00 00 61", "qos_minus_one_name@7+1 capture_cut@0+8", 4},
        {"02 16", "trailing_octets@2+0 capture_cut@0+2", 1},
        {"02 16 02", "trailing_octets@2+1 capture_cut@0+2", 1},
        {"02 16 02 17", "several_messages@2+2", 1},
        {"02 16 04 0F 00", "trailing_octets@2+3 capture_cut@0+2", 1},
        {"05 FE 00 00", "capture_cut@0+4", 3},
        {"05 FE", "capture_cut@0+2", 5},
        {"05 FE 00 00 01", "capture_cut@0+5", 2},
        {"05 FE 00 00 01 02", "capture_cut@5+1", 1},
        {"04 FE 00", "length_beyond@0+1", 0},
        {"09 FE 00", "length_beyond@0+1 capture_cut@0+3", 5},
        {"02 03", "type_reserved@1+1 trailing_octets@2+0 capture_cut@0+2", 1},
    };
}

std::vector<Case> all_cases() {
    std::vector<Case> all;
    for (const auto& cases : {length_cases(), type_cases(), long_form_cases(), envelope_cases(), flag_cases(),
                              number_cases(), text_cases(), gateway_address_cases(), cut_cases()}) {
        all.insert(all.end(), cases.begin(), cases.end());
    }
    return all;
}

// SN12-07, SN12-08, D01, D02, D54
void impossible_sizes_are_told_at_length(void** /*state*/) {
    check(length_cases());
}
// SN12-12, D03
void reserved_types_are_told(void** /*state*/) {
    check(type_cases());
}
// SN12-09
void a_long_length_is_told_where_a_short_one_would_do(void** /*state*/) {
    check(long_form_cases());
}
// SN12-114, SN12-115, SN12-116, SN12-117
void faults_of_envelopes_are_told(void** /*state*/) {
    check(envelope_cases());
}
// SN12-14, SN12-15, SN12-16, SN12-17, SN12-18, SN12-19, SN12-20
void flags_that_mean_nothing_are_told_in_each_message(void** /*state*/) {
    check(flag_cases());
}
// SN12-22, SN12-23, SN12-24, SN12-25, SN12-28, SN12-82, D28, D47
void numbers_that_cannot_be_are_told(void** /*state*/) {
    check(number_cases());
}
// SN12-21, SN12-26, SN12-37, SN12-81, D34, D42
void texts_that_cannot_be_are_told_at_the_octet(void** /*state*/) {
    check(text_cases());
}
// SN12-27, D46
void addresses_of_no_known_form_are_told(void** /*state*/) {
    check(gateway_address_cases());
}
void a_cut_capture_is_told_and_nothing_else_blamed_for_it(void** /*state*/) {
    check(cut_cases());
}

// A new row of the table must bring octets that have the fault. version_2 is told by whoever knows the
// conversation.
void every_row_of_the_table_is_provoked(void** /*state*/) {
    std::vector<bool> provoked(mqttsnx::kExperts);
    for (const Case& item : all_cases()) {
        const mqttsnx::Datagram datagram = read(test::hex(item.octets), item.lost);
        for (const mqttsnx::Fault& fault : datagram.all_faults()) {
            provoked[static_cast<std::size_t>(fault.expert)] = true;
        }
    }
    std::size_t rows = 0;
#define X(NAME, name, severity, group, text, rule)                                                    \
    CHECK_CASE(provoked[static_cast<std::size_t>(Expert::name)] || Expert::name == Expert::version_2, \
               "nothing provokes %s", #name);                                                         \
    ++rows;
    MQTTSNX_EXPERTS_OF_OCTETS(X)
#undef X
    assert_true(rows >= 30);
}

// The most faults that one datagram can have are told, the last of them too.
void no_fault_is_dropped(void** /*state*/) {
    test::Octets octets;
    for (std::size_t i = 0; i < mqttsnx::kEnvelopesMax; ++i) {
        const test::Octets worst = test::hex("01 00 05 FE FC");
        octets.insert(octets.end(), worst.begin(), worst.end());
    }
    const test::Octets message = test::hex("01 00 0C 0C EC 00 03 00 01 FF 00 2B AA");
    octets.insert(octets.end(), message.begin(), message.end());
    const mqttsnx::Datagram datagram = read(octets, 1);
    assert_true(datagram.fault_count < mqttsnx::kFaultsMax);
    assert_int_equal(datagram.fault_count, 8 * 4 - 1 + 10);
    assert_true(datagram.faults[datagram.fault_count - 1U].expert == Expert::capture_cut);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(impossible_sizes_are_told_at_length),
        cmocka_unit_test(reserved_types_are_told),
        cmocka_unit_test(a_long_length_is_told_where_a_short_one_would_do),
        cmocka_unit_test(faults_of_envelopes_are_told),
        cmocka_unit_test(flags_that_mean_nothing_are_told_in_each_message),
        cmocka_unit_test(numbers_that_cannot_be_are_told),
        cmocka_unit_test(texts_that_cannot_be_are_told_at_the_octet),
        cmocka_unit_test(addresses_of_no_known_form_are_told),
        cmocka_unit_test(a_cut_capture_is_told_and_nothing_else_blamed_for_it),
        cmocka_unit_test(every_row_of_the_table_is_provoked),
        cmocka_unit_test(no_fault_is_dropped),
    };
    return cmocka_run_group_tests_name("unit.dissector.faults", tests, nullptr, nullptr);
}
