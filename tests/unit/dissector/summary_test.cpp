// SPDX-License-Identifier: BSD-3-Clause
//
// The line of a message: what the Info column says.
#include "dissector/summary.hpp"

#include <string>

#include "support/cmocka.hpp"
#include "support/hex.hpp"

namespace {

using mqttsnx::Datagram;
using mqttsnx::Direction;
using mqttsnx::Line;
using mqttsnx::State;
using mqttsnx::Telling;

/// @param lost  octets of the datagram that the capture did not keep
std::string line_of(const std::string& octets, const Telling* telling = nullptr, std::size_t lost = 0) {
    const test::Octets captured = test::hex(octets);
    const Datagram datagram =
        mqttsnx::decode(captured, static_cast<std::uint32_t>(captured.size() + lost), 0);
    Line line;
    mqttsnx::summarize(line, datagram, captured, telling);
    return line.c_str();
}

std::string foreign(std::string_view text, std::size_t octets_max = 100) {
    Line line;
    return line.add_foreign(text, octets_max).c_str();
}

struct Row {
    const char* octets;
    const char* line;
};

void expect(const Row& row) {
    const std::string got = line_of(row.octets);
    assert_string_equal(got.c_str(), row.line);
}

// SN12-29 to SN12-52
void every_message_has_its_line(void** /*state*/) {
    const Row rows[] = {
        {"05 00 05 03 84", "ADVERTISE gateway 5, again in 900 s"},
        {"03 01 01", "SEARCHGW radius 1"},
        {"03 02 05", "GWINFO gateway 5"},
        {"07 02 05 0a 00 00 01", "GWINFO gateway 5 at 10.0.0.1"},
        {"0a 02 05 06 0a 00 00 01 07 5b", "GWINFO gateway 5 at 10.0.0.1:1883"},
        {"06 02 05 0a 0b 0c", "GWINFO gateway 5 at 0a0b0c"},
        {"0A 04 04 01 00 3C 64 65 76 31", "CONNECT dev1 clean keep-alive 60 s"},
        {"0A 04 08 01 00 3C 64 65 76 31", "CONNECT dev1 keep-alive 60 s will"},
        {"03 05 00", "CONNACK accepted"},
        {"03 05 01", "CONNACK rejected: congestion"},
        {"03 05 09", "CONNACK return code 9"},
        {"02 06", "WILLTOPICREQ"},
        {"06 07 30 77 2F 74", "WILLTOPIC [w/t] Q1 retain"},
        {"02 07", "WILLTOPIC (no will)"},
        {"02 08", "WILLMSGREQ"},
        {"05 09 6F 66 66", "WILLMSG, 3 B"},
        {"09 0A 00 00 00 01 61 2F 62", "REGISTER [a/b] id=1"},
        {"09 0A 00 10 00 01 61 2F 62", "REGISTER [a/b] topic id 16 id=1"},
        {"07 0B 00 10 00 01 00", "REGACK topic id 16 id=1 accepted"},
        {"09 0C 00 00 10 00 00 68 69", "PUBLISH [topic id 16] Q0, 2 B"},
        {"09 0C B0 00 10 00 02 68 69", "PUBLISH [topic id 16] Q1 id=2 DUP retain, 2 B"},
        {"08 0C 61 00 01 00 00 78", "PUBLISH [predefined 1] Q-1, 1 B"},
        {"08 0C 62 61 62 00 00 78", "PUBLISH [ab] Q-1, 1 B"},
        {"0B 0C 60 00 03 00 00 61 2F 62 78", "PUBLISH [a/b] Q-1, 1 B"},
        {"07 0D 00 10 00 02 02", "PUBACK [topic id 16] id=2 rejected: invalid topic ID"},
        {"04 0F 00 02", "PUBREC id=2"},
        {"04 10 00 02", "PUBREL id=2"},
        {"04 0E 00 02", "PUBCOMP id=2"},
        {"08 12 A0 00 03 61 2F 23", "SUBSCRIBE [a/#] Q1 id=3 DUP"},
        {"07 12 22 00 03 61 62", "SUBSCRIBE [ab] Q1 id=3"},
        {"07 12 01 00 03 00 01", "SUBSCRIBE [predefined 1] Q0 id=3"},
        {"08 13 20 00 07 00 03 00", "SUBACK Q1 topic id 7 id=3 accepted"},
        {"08 14 00 00 04 61 2F 23", "UNSUBSCRIBE [a/#] id=4"},
        {"04 15 00 04", "UNSUBACK id=4"},
        {"06 16 64 65 76 31", "PINGREQ dev1"},
        {"02 16", "PINGREQ"},
        {"02 17", "PINGRESP"},
        {"02 18", "DISCONNECT"},
        {"04 18 01 2C", "DISCONNECT sleep 300 s"},
        {"02 1A", "WILLTOPICUPD (no will)"},
        {"03 1B 00", "WILLTOPICRESP accepted"},
        {"05 1C 6F 66 66", "WILLMSGUPD, 3 B"},
        {"03 1D 03", "WILLMSGRESP rejected: not supported"},
    };
    for (const Row& row : rows) {
        expect(row);
    }
}

// SN12-114, SN12-12
void envelopes_and_what_is_no_message_are_told(void** /*state*/) {
    expect({"05 FE 00 00 01 02 16", "{node 0001} PINGREQ"});
    expect({"04 FE 00 AB 05 FE 00 00 01 02 16", "{node ab} {node 0001} PINGREQ"});
    expect({"05 FE 00 00 01", "{node 0001} no message [Malformed]"});
    expect({"02 03", "reserved type 0x03"});
    expect({"00", "no message [Malformed]"});
}

// SN12-07, SN12-11
void what_is_cut_shows_its_type_alone(void** /*state*/) {
    expect({"04 0C 00 00", "PUBLISH [Malformed]"});
    expect({"20 0C 20 00 10 00 02 68 69", "PUBLISH [topic id 16] Q1 id=2, 25 B [Malformed]"});
}

// Of a message that the capture has cut, what it has kept.
void what_was_not_captured_is_not_shown(void** /*state*/) {
    const struct {
        const char* octets;
        std::size_t lost;
        const char* line;
    } rows[] = {
        {"05", 4, "no message (cut)"},
        {"05 FE 00 00 01", 2, "{node 0001} no message (cut)"},
        {"05 00", 3, "ADVERTISE (cut)"},
        {"05 00 07", 2, "ADVERTISE gateway 7 (cut)"},
        {"05 00 07 03", 1, "ADVERTISE gateway 7 (cut)"},
        {"03 01", 1, "SEARCHGW (cut)"},
        {"03 02", 1, "GWINFO (cut)"},
        {"09 02 05 0A 00 00 01", 2, "GWINFO gateway 5 at 0a000001..."},
        {"0A 04", 8, "CONNECT (cut)"},
        {"0A 04 04", 7, "CONNECT clean (cut)"},
        {"0A 04 04 01 00 3C", 4, "CONNECT clean keep-alive 60 s (cut)"},
        {"0A 04 04 01 00 3C 64", 3, "CONNECT d... clean keep-alive 60 s"},
        {"03 05", 1, "CONNACK (cut)"},
        {"06 07", 4, "WILLTOPIC (cut)"},
        {"06 07 30", 3, "WILLTOPIC (cut)"},
        {"06 07 30 77", 2, "WILLTOPIC [w...] Q1 retain"},
        {"05 09", 3, "WILLMSG, 3 B"},
        {"09 0A", 7, "REGISTER (cut)"},
        {"09 0A 00 10 00 01", 3, "REGISTER topic id 16 id=1 (cut)"},
        {"07 0B", 5, "REGACK (cut)"},
        {"07 0B 00 10", 3, "REGACK topic id 16 (cut)"},
        {"09 0C", 7, "PUBLISH (cut)"},
        {"09 0C 20", 6, "PUBLISH Q1 (cut)"},
        {"09 0C 22 61 62", 4, "PUBLISH [ab] Q1 (cut)"},
        {"09 0C 20 00 10 00 02", 2, "PUBLISH [topic id 16] Q1 id=2, 2 B"},
        {"0B 0C 60 00 03 00 00 61 2F", 2, "PUBLISH [a/...] Q-1, 2 B"},
        {"0B 0C 60 00 03 00 00 61 2F 62", 1, "PUBLISH [a/b] Q-1, 1 B"},
        {"07 0D 61 62", 3, "PUBACK (cut)"},
        {"07 0D 61 62 00 02", 1, "PUBACK id=2 (cut)"},
        {"04 0F", 2, "PUBREC (cut)"},
        {"08 12", 6, "SUBSCRIBE (cut)"},
        {"08 12 20 00 03", 3, "SUBSCRIBE Q1 id=3 (cut)"},
        {"08 12 20 00 03 61", 2, "SUBSCRIBE [a...] Q1 id=3"},
        {"07 12 22 00 03 61", 1, "SUBSCRIBE [a...] Q1 id=3"},
        {"07 12 01 00 03 00", 1, "SUBSCRIBE Q0 id=3 (cut)"},
        {"08 13", 6, "SUBACK (cut)"},
        {"08 13 20 00 07", 3, "SUBACK Q1 topic id 7 (cut)"},
        {"08 14 00", 5, "UNSUBSCRIBE (cut)"},
        {"06 16", 4, "PINGREQ (cut)"},
        {"06 16 64", 3, "PINGREQ d..."},
        {"04 18", 2, "DISCONNECT (cut)"},
        {"04 18 01", 1, "DISCONNECT (cut)"},
        {"03 1B", 1, "WILLTOPICRESP (cut)"},
    };
    for (const auto& row : rows) {
        assert_string_equal(line_of(row.octets, nullptr, row.lost).c_str(), row.line);
    }
    Telling telling;
    telling.topic = "ab";
    assert_string_equal(line_of("07 0D 61 62 00 02", &telling, 1).c_str(), "PUBACK [ab] id=2 (cut)");
}

// SN12-07
void a_length_beyond_the_datagram_adds_no_values(void** /*state*/) {
    expect({"07 0D 61 62", "PUBACK [Malformed]"});
    expect({"0A 04 04", "CONNECT clean [Malformed]"});
    expect({"06 07", "WILLTOPIC [Malformed]"});
    expect({"09 12 20 00 03 61", "SUBSCRIBE [a...] Q1 id=3 [Malformed]"});
}

void the_story_adds_names_and_marks(void** /*state*/) {
    Telling telling;
    telling.topic = "room/4/temp";
    assert_string_equal(line_of("09 0C 20 00 10 00 02 68 69", &telling).c_str(),
                        "PUBLISH [room/4/temp] Q1 id=2, 2 B");
    assert_string_equal(line_of("08 13 20 00 07 00 03 00", &telling).c_str(),
                        "SUBACK Q1 [room/4/temp] topic id 7 id=3 accepted");
    telling.retransmission_of = 7;
    assert_string_equal(line_of("04 10 00 02", &telling).c_str(),
                        "PUBREL [room/4/temp] id=2 [Retransmission]");
    Telling duplicate;
    duplicate.duplicate_of = 3;
    assert_string_equal(line_of("03 05 00", &duplicate).c_str(), "CONNACK accepted [Duplicate answer]");
}

// SN12-105, SN12-107
void the_story_tells_of_sleep(void** /*state*/) {
    Telling telling;
    telling.state_before = State::asleep;
    telling.state = State::awake;
    assert_string_equal(line_of("06 16 64 65 76 31", &telling).c_str(), "PINGREQ dev1 (wakes up)");
    Telling end;
    end.has_delivered = true;
    end.delivered = 1;
    assert_string_equal(line_of("02 17", &end).c_str(), "PINGRESP (1 message delivered)");
    end.delivered = 3;
    assert_string_equal(line_of("02 17", &end).c_str(), "PINGRESP (3 messages delivered)");
    Telling answer;
    answer.direction = Direction::down;
    answer.state = State::asleep;
    assert_string_equal(line_of("02 18", &answer).c_str(), "DISCONNECT (may sleep)");
}

// D53
void version_2_shows_its_header_alone(void** /*state*/) {
    Telling telling;
    telling.version_2 = true;
    assert_string_equal(line_of("0D 01 02 00 01 00 3C 02 00 00 64 65 76", &telling).c_str(),
                        "2.0 CONNECT, 13 B");
    assert_string_equal(line_of("03 77 00", &telling).c_str(), "2.0 reserved type, 3 B");
    // FE is an envelope in 1.2 only
    assert_string_equal(line_of("05 FE 00 00 01", &telling).c_str(), "2.0 Connection Encapsulation, 5 B");
    telling.version_2_inside = true;
    assert_string_equal(line_of("05 FE 00 00 01 02 0C", &telling).c_str(), "{node 0001} 2.0 PINGREQ, 2 B");
}

// SN12-26
void controls_and_bad_utf8_become_escapes(void** /*state*/) {
    assert_string_equal(foreign("caf\xc3\xa9/\xe2\x82\xac").c_str(), "caf\xc3\xa9/\xe2\x82\xac");
    assert_string_equal(foreign("a\x1b[31mb\x7f").c_str(), "a\\x1b[31mb\\x7f");
    assert_string_equal(foreign({"a\0b", 3}).c_str(), "a\\x00b");
    assert_string_equal(foreign("\xc2\x9b").c_str(), "\\xc2\\x9b");
    assert_string_equal(foreign("\xff\xc3").c_str(), "\\xff\\xc3");
    assert_string_equal(foreign("\xed\xa0\x80").c_str(), "\\xed\\xa0\\x80");
}

void long_text_ends_with_dots_and_whole_characters(void** /*state*/) {
    assert_string_equal(foreign("abcdef", 4).c_str(), "abcd...");
    assert_string_equal(foreign("abcd", 4).c_str(), "abcd");
    assert_string_equal(foreign("abc\xc3\xa9xyz", 4).c_str(), "abc\xc3\xa9...");
    Line line;
    for (int i = 0; i < 1000; ++i) {
        line.add("0123456789").add(4294967295U).add_foreign("\x01\xc3\xa9");
    }
    assert_true(line.view().size() <= Line::kOctetsMax + 3);
    assert_true(line.view().ends_with("..."));
    assert_true(mqttsnx::is_utf8(line.view()));
    assert_int_equal(line.c_str()[line.view().size()], 0);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(every_message_has_its_line),
        cmocka_unit_test(envelopes_and_what_is_no_message_are_told),
        cmocka_unit_test(what_is_cut_shows_its_type_alone),
        cmocka_unit_test(what_was_not_captured_is_not_shown),
        cmocka_unit_test(a_length_beyond_the_datagram_adds_no_values),
        cmocka_unit_test(the_story_adds_names_and_marks),
        cmocka_unit_test(the_story_tells_of_sleep),
        cmocka_unit_test(version_2_shows_its_header_alone),
        cmocka_unit_test(controls_and_bad_utf8_become_escapes),
        cmocka_unit_test(long_text_ends_with_dots_and_whole_characters),
    };
    return cmocka_run_group_tests_name("unit.dissector.summary", tests, nullptr, nullptr);
}
