// SPDX-License-Identifier: BSD-3-Clause
//
// The conformance program's own MQTT-SN encoder and reader, against octets that were written by hand from the
// rules.
#include "conformance/sn_packet.hpp"

#include <fstream>
#include <sstream>

#include "support/cmocka.hpp"

namespace {

using namespace conformance;

/// The octets of a line such as "07 0B 00".
Octets octets_of(const std::string& text) {
    Octets octets;
    std::istringstream in(text);
    for (std::string digits; in >> digits;) {
        octets.push_back(static_cast<std::uint8_t>(std::stoul(digits, nullptr, 16)));
    }
    return octets;
}

void is(const Octets& made, const char* wanted) {
    if (made != octets_of(wanted)) {
        print_error("%s, wanted %s\n", hex(made).c_str(), wanted);
        assert_true(false);
    }
}

void makers_write_what_the_rules_say(void**) {
    is(sn::advertise(5, 900), "05 00 05 03 84");
    is(sn::search_gateway(1), "03 01 01");
    is(sn::gateway_info(5), "03 02 05");
    is(sn::connect("dev1", sn::kClean, 60), "0A 04 04 01 00 3C 64 65 76 31");
    is(sn::connect("dev1", sn::kClean | sn::kWill, 60), "0A 04 0C 01 00 3C 64 65 76 31");
    is(sn::connack(0), "03 05 00");
    is(sn::will_topic_req(), "02 06");
    is(sn::will_topic(sn::kQos1 | sn::kRetain, "w/t"), "06 07 30 77 2F 74");
    is(sn::will_topic_empty(), "02 07");
    is(sn::will_msg_req(), "02 08");
    is(sn::will_msg("off"), "05 09 6F 66 66");
    is(sn::register_topic(0, 1, "a/b"), "09 0A 00 00 00 01 61 2F 62");
    is(sn::regack(0x10, 1, 0), "07 0B 00 10 00 01 00");
    is(sn::publish(0, 0x10, 0, "hi"), "09 0C 00 00 10 00 00 68 69");
    is(sn::publish(sn::kQos1, 0x10, 2, "hi"), "09 0C 20 00 10 00 02 68 69");
    is(sn::dup(sn::publish(sn::kQos1, 0x10, 2, "hi")), "09 0C A0 00 10 00 02 68 69");
    is(sn::publish(sn::kQosMinus1 | sn::kShort, sn::short_id("ab"), 0, "x"), "08 0C 62 61 62 00 00 78");
    is(sn::puback(0x10, 2, 0), "07 0D 00 10 00 02 00");
    is(sn::pubrec(2), "04 0F 00 02");
    is(sn::pubrel(2), "04 10 00 02");
    is(sn::pubcomp(2), "04 0E 00 02");
    is(sn::subscribe(sn::kQos1, 3, "a/#"), "08 12 20 00 03 61 2F 23");
    is(sn::subscribe_id(sn::kPredefined, 3, 1), "07 12 01 00 03 00 01");
    is(sn::suback(sn::kQos1, 0, 3, 0), "08 13 20 00 00 00 03 00");
    is(sn::unsubscribe(4, "a/#"), "08 14 00 00 04 61 2F 23");
    is(sn::unsubscribe_id(sn::kShort, 4, sn::short_id("ab")), "07 14 02 00 04 61 62");
    is(sn::unsuback(4), "04 15 00 04");
    is(sn::pingreq(), "02 16");
    is(sn::pingreq("dev1"), "06 16 64 65 76 31");
    is(sn::pingresp(), "02 17");
    is(sn::disconnect(), "02 18");
    is(sn::disconnect(300), "04 18 01 2C");
    is(sn::will_topic_update(sn::kQos1 | sn::kRetain, "w/t"), "06 1A 30 77 2F 74");
    is(sn::will_topic_update_empty(), "02 1A");
    is(sn::will_topic_resp(0), "03 1B 00");
    is(sn::will_msg_update("off"), "05 1C 6F 66 66");
    is(sn::will_msg_resp(0), "03 1D 00");
    is(sn::wrapped({0, 1}, sn::pingreq()), "05 FE 00 00 01 02 16");
    is(sn::long_form(sn::search_gateway(1)), "01 00 05 01 01");
}

void the_long_form_begins_where_the_short_one_ends(void**) {
    const Octets short_one = sn::publish(0, 1, 0, std::string(248, 'x'));
    assert_int_equal(short_one[0], 255);
    assert_int_equal(short_one.size(), 255);
    const Octets long_one = sn::publish(0, 1, 0, std::string(249, 'x'));
    is(Octets(long_one.begin(), long_one.begin() + 4), "01 01 02 0C");
    assert_int_equal(long_one.size(), 258);
    assert_int_equal(sn::parse(long_one).text.size(), 249);
}

// The vectors of the gateway's own codec are read as well: two codecs, one truth.
void every_golden_vector_is_read(void**) {
    std::ifstream file(DORMOUSE_SOURCE_DIR "/tests/vectors/mqttsn-1.2.hex");
    int seen = 0;
    for (std::string line; std::getline(file, line);) {
        const std::size_t last = line.rfind('|');
        if (line.empty() || line[0] == '#' || last == std::string::npos) {
            continue;
        }
        const Octets octets = octets_of(line.substr(last + 1));
        const auto outer = sn::unwrap(octets);
        const sn::Message message = sn::parse(outer ? outer->inner : octets);
        if (!message.ok()) {
            print_error("%s: %s\n", line.c_str(), message.fault.c_str());
            assert_true(false);
        }
        ++seen;
    }
    assert_true(seen > 40);
}

void every_truncation_is_a_fault(void**) {
    for (const Octets& whole :
         {sn::connack(0), sn::regack(1, 2, 0), sn::puback(1, 2, 0), sn::suback(0, 1, 2, 0),
          sn::publish(sn::kQos1, 1, 2, ""), sn::pubrel(7), sn::disconnect(60)}) {
        assert_true(sn::parse(whole).ok());
        for (std::size_t size = 0; size < whole.size(); ++size) {
            assert_false(sn::parse(Octets(whole.begin(), whole.begin() + static_cast<long>(size))).ok());
        }
        Octets longer = whole;
        longer.push_back(0);
        assert_false(sn::parse(longer).ok());
        longer[0] = static_cast<std::uint8_t>(longer.size());
        assert_int_equal(sn::parse(longer).ok(), whole[1] == sn::PUBLISH);
    }
}

void what_a_gateway_must_not_send_is_a_fault(void**) {
    for (const char* text : {"02 16 ", "09 0C 20 00 10 00 02 68 69", "02 18", "08 13 60 00 00 00 03 00"}) {
        assert_string_equal(sn::parse_from_gateway(octets_of(text)).fault.c_str(), "");
    }
    for (const char* text : {
             "0A 04 04 01 00 3C 64 65 76 31",  // CONNECT
             "03 1E 00",                       // reserved type
             "03 05 04",                       // reserved return code
             "04 18 00 3C",                    // DISCONNECT with Duration
             "04 02 05 01",                    // GWINFO with GwAdd
             "08 13 A0 00 00 00 03 00",        // DUP in SUBACK
             "08 13 21 00 00 00 03 00",        // TopicIdType in SUBACK
             "07 0C 04 00 01 00 00",           // CleanSession in PUBLISH
             "07 0C 60 00 01 00 00",           // QoS -1
             "07 0C 00 00 01 00 02",           // QoS 0 with MsgId
             "07 0C 20 00 01 00 00",           // QoS 1 without
             "07 0A 00 01 00 00 61",           // REGISTER without MsgId
             "07 0A 00 00 00 01 61",           // REGISTER without TopicId
             "07 0A FF FF 00 01 61",           // reserved TopicId
             "06 0A 00 01 00 01",              // REGISTER without name
             "01 00 04 17",                    // PINGRESP in the long form
         }) {
        if (sn::parse_from_gateway(octets_of(text)).ok()) {
            print_error("taken: %s\n", text);
            assert_true(false);
        }
    }
}

void wrappers_are_taken_off(void**) {
    const auto outer = sn::unwrap(sn::wrapped({1, 2, 3}, sn::pingreq(), 2));
    assert_true(outer.has_value());
    is(outer->node, "01 02 03");
    is(outer->inner, "02 16");
    assert_int_equal(outer->ctrl, 2);
    for (const char* text : {"", "03 FE", "02 FE 00", "07 FE 00 01 02 16", "02 16"}) {
        assert_false(sn::unwrap(octets_of(text)).has_value());
    }
}

void messages_are_described_with_their_fields(void**) {
    const auto says = [](const Octets& octets, const char* wanted) {
        assert_string_equal(sn::describe(octets).c_str(), wanted);
    };
    says(sn::dup(sn::publish(sn::kQos1, 0x10, 2, "hi")),
         "PUBLISH [DUP Q1 id=0010 msg=2] \"hi\"  09 0c a0 00 10 00 02 68 69");
    says(sn::publish(sn::kQosMinus1 | sn::kShort, sn::short_id("ab"), 0, ""),
         "PUBLISH [Q-1 short id=6162 msg=0]  07 0c 62 61 62 00 00");
    says(sn::disconnect(60), "DISCONNECT [sleep 60s]  04 18 00 3c");
    says(sn::will_topic_empty(), "WILLTOPIC [empty]  02 07");
    says(sn::wrapped({0xAA}, sn::pingresp()), "Encapsulated [ctrl=00 node=aa]: PINGRESP  02 17");
    assert_int_equal(sn::describe({}).find("? (shorter than a header"), 0);
    assert_int_equal(sn::describe({0x03, 0x16}).find("PINGREQ (Length says 3, the datagram has 2 octets"), 0);
    assert_string_equal(quoted("a\"\\\n\xFF").c_str(), "\"a\\x22\\x5c\\x0a\\xff\"");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(makers_write_what_the_rules_say),
        cmocka_unit_test(the_long_form_begins_where_the_short_one_ends),
        cmocka_unit_test(every_golden_vector_is_read),
        cmocka_unit_test(every_truncation_is_a_fault),
        cmocka_unit_test(what_a_gateway_must_not_send_is_a_fault),
        cmocka_unit_test(wrappers_are_taken_off),
        cmocka_unit_test(messages_are_described_with_their_fields),
    };
    return cmocka_run_group_tests_name("unit.conformance.sn_packet", tests, nullptr, nullptr);
}
