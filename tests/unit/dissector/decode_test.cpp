// SPDX-License-Identifier: BSD-3-Clause
//
// Every message with every field at its exact place, in both forms of Length. The lines are typed from
// SN12-29 to SN12-52, not made by a program.
#include "dissector/decode.hpp"

#include <string>
#include <vector>

#include "support/cmocka.hpp"
#include "unit/common/message_checks.hpp"
#include "unit/common/vectors.hpp"
#include "unit/dissector/printed.hpp"

using mqttsnx::Datagram;
using mqttsnx::Range;

namespace {

struct Golden {
    const char* name;  // in tests/vectors/mqttsn-1.2.hex
    const char* line;  // what printed() says
};

constexpr Golden kGolden[] = {
    {"advertise", "ADVERTISE@0+5 length=5@0+1 type=0@1+1 gw_id=5@2+1 duration=900@3+2"},
    {"search_gateway", "SEARCHGW@0+3 length=3@0+1 type=1@1+1 radius=1@2+1"},
    {"gateway_info", "GWINFO@0+3 length=3@0+1 type=2@1+1 gw_id=5@2+1"},
    {"connect_clean",
     "CONNECT@0+10 length=10@0+1 type=4@1+1 flags=4@2+1 protocol_id=1@3+1 duration=60@4+2 text='dev1'@6+4"},
    {"connect_clean_will",
     "CONNECT@0+10 length=10@0+1 type=4@1+1 flags=12@2+1 protocol_id=1@3+1 duration=60@4+2 text='dev1'@6+4"},
    {"connack_accepted", "CONNACK@0+3 length=3@0+1 type=5@1+1 return_code=0@2+1"},
    {"will_topic_req", "WILLTOPICREQ@0+2 length=2@0+1 type=6@1+1"},
    {"will_topic", "WILLTOPIC@0+6 length=6@0+1 type=7@1+1 flags=48@2+1 text='w/t'@3+3 form=name"},
    {"will_topic_empty", "WILLTOPIC@0+2 length=2@0+1 type=7@1+1"},
    {"will_msg_req", "WILLMSGREQ@0+2 length=2@0+1 type=8@1+1"},
    {"will_msg", "WILLMSG@0+5 length=5@0+1 type=9@1+1 data@2+3"},
    {"register_from_device",
     "REGISTER@0+9 length=9@0+1 type=10@1+1 topic_id=0@2+2 msg_id=1@4+2 text='a/b'@6+3 form=name"},
    {"regack_accepted",
     "REGACK@0+7 length=7@0+1 type=11@1+1 topic_id=16@2+2 msg_id=1@4+2 return_code=0@6+1 form=id"},
    {"publish_qos0",
     "PUBLISH@0+9 length=9@0+1 type=12@1+1 flags=0@2+1 topic_id=16@3+2 msg_id=0@5+2 data@7+2 form=id"},
    {"publish_qos1",
     "PUBLISH@0+9 length=9@0+1 type=12@1+1 flags=32@2+1 topic_id=16@3+2 msg_id=2@5+2 data@7+2 form=id"},
    {"publish_qos1_dup",
     "PUBLISH@0+9 length=9@0+1 type=12@1+1 flags=160@2+1 topic_id=16@3+2 msg_id=2@5+2 data@7+2 form=id"},
    {"publish_qos2_empty",
     "PUBLISH@0+7 length=7@0+1 type=12@1+1 flags=64@2+1 topic_id=16@3+2 msg_id=2@5+2 data@7+0 form=id"},
    {"publish_qos_minus_1_predefined",
     "PUBLISH@0+8 length=8@0+1 type=12@1+1 flags=97@2+1 topic_id=1@3+2 msg_id=0@5+2 data@7+1 "
     "form=predefined"},
    {"publish_qos_minus_1_short",
     "PUBLISH@0+8 length=8@0+1 type=12@1+1 flags=98@2+1 topic_id=24930@3+2 msg_id=0@5+2 data@7+1 "
     "form=short_name"},
    {"publish_qos_minus_1_name",
     "PUBLISH@0+11 length=11@0+1 type=12@1+1 flags=96@2+1 topic_id=3@3+2 msg_id=0@5+2 text='a/b'@7+3 "
     "data@10+1 form=long_name | qos_minus_one_name@7+3"},
    {"publish_long_form",
     "PUBLISH@0+309 length=309@0+3 type=12@3+1 flags=0@4+1 topic_id=16@5+2 msg_id=0@7+2 data@9+300 form=id"},
    {"puback_accepted",
     "PUBACK@0+7 length=7@0+1 type=13@1+1 topic_id=16@2+2 msg_id=2@4+2 return_code=0@6+1 form=id"},
    {"pubrec", "PUBREC@0+4 length=4@0+1 type=15@1+1 msg_id=2@2+2"},
    {"pubrel", "PUBREL@0+4 length=4@0+1 type=16@1+1 msg_id=2@2+2"},
    {"pubcomp", "PUBCOMP@0+4 length=4@0+1 type=14@1+1 msg_id=2@2+2"},
    {"subscribe_name",
     "SUBSCRIBE@0+8 length=8@0+1 type=18@1+1 flags=32@2+1 msg_id=3@3+2 text='a/#'@5+3 form=name"},
    {"subscribe_predefined",
     "SUBSCRIBE@0+7 length=7@0+1 type=18@1+1 flags=1@2+1 msg_id=3@3+2 topic_id=1@5+2 form=predefined"},
    {"subscribe_short",
     "SUBSCRIBE@0+7 length=7@0+1 type=18@1+1 flags=34@2+1 msg_id=3@3+2 topic_id=24930@5+2 text='ab'@5+2 "
     "form=short_name"},
    {"suback_wildcard",
     "SUBACK@0+8 length=8@0+1 type=19@1+1 flags=32@2+1 topic_id=0@3+2 msg_id=3@5+2 return_code=0@7+1 "
     "form=id"},
    {"unsubscribe_name",
     "UNSUBSCRIBE@0+8 length=8@0+1 type=20@1+1 flags=0@2+1 msg_id=4@3+2 text='a/#'@5+3 form=name"},
    {"unsuback", "UNSUBACK@0+4 length=4@0+1 type=21@1+1 msg_id=4@2+2"},
    {"pingreq", "PINGREQ@0+2 length=2@0+1 type=22@1+1"},
    {"pingreq_with_client_id", "PINGREQ@0+6 length=6@0+1 type=22@1+1 text='dev1'@2+4"},
    {"pingresp", "PINGRESP@0+2 length=2@0+1 type=23@1+1"},
    {"disconnect", "DISCONNECT@0+2 length=2@0+1 type=24@1+1"},
    {"disconnect_sleep", "DISCONNECT@0+4 length=4@0+1 type=24@1+1 duration=300@2+2"},
    {"will_topic_upd", "WILLTOPICUPD@0+6 length=6@0+1 type=26@1+1 flags=48@2+1 text='w/t'@3+3 form=name"},
    {"will_topic_upd_empty", "WILLTOPICUPD@0+2 length=2@0+1 type=26@1+1"},
    {"will_topic_resp_accepted", "WILLTOPICRESP@0+3 length=3@0+1 type=27@1+1 return_code=0@2+1"},
    {"will_msg_upd", "WILLMSGUPD@0+5 length=5@0+1 type=28@1+1 data@2+3"},
    {"will_msg_resp_accepted", "WILLMSGRESP@0+3 length=3@0+1 type=29@1+1 return_code=0@2+1"},
    {"envelope_pingreq",
     "envelope@0+5 length=5@0+1 type=254@1+1 ctrl=0@2+1 node@3+2 | PINGREQ@5+2 length=2@5+1 type=22@6+1"},
    {"search_gateway_long_form",
     "SEARCHGW@0+5 length=5@0+3 type=1@3+1 radius=1@4+1 | length_not_minimal@0+3"},
};

struct Fixture {
    std::vector<test::Vector> vectors;
};

int make_fixture(void** state) {
    *state = new Fixture{test::read_vectors(DORMOUSE_SOURCE_DIR "/tests/vectors/mqttsn-1.2.hex")};
    return 0;
}

int drop_fixture(void** state) {
    delete static_cast<Fixture*>(*state);
    return 0;
}

const std::vector<test::Vector>& vectors(void** state) {
    return static_cast<Fixture*>(*state)->vectors;
}

const char* golden_line(const std::string& name) {
    for (const Golden& golden : kGolden) {
        if (name == golden.name) {
            return golden.line;
        }
    }
    return nullptr;
}

Datagram read(const test::Octets& octets, std::uint32_t at = 0) {
    return mqttsnx::decode(octets, static_cast<std::uint32_t>(octets.size()), at);
}

// SN12-06 to SN12-52, SN12-114, SN12-115
void every_vector_has_its_fields_at_their_places(void** state) {
    std::size_t found = 0;
    for (const test::Vector& vector : vectors(state)) {
        const char* line = golden_line(vector.name);
        CHECK_CASE(line != nullptr, "%s has no line here", vector.name.c_str());
        const std::string printed = test::printed(vector.octets, read(vector.octets));
        CHECK_CASE(printed == line, "%s:\n%s\n%s", vector.name.c_str(), printed.c_str(), line);
        ++found;
    }
    assert_int_equal(found, std::size(kGolden));
}

void shift(Range& range, std::uint32_t from, std::uint32_t by) {
    range.at += range.at >= from ? by : 0;
}

/// Moves everything that lies at `from` or behind it.
void shift(Datagram& datagram, std::uint32_t from, std::uint32_t by) {
    mqttsnx::Message& m = datagram.message;
    for (Range* range :
         {&m.type.where, &m.flags.where, &m.gw_id.where, &m.radius.where, &m.protocol_id.where,
          &m.return_code.where, &m.duration.where, &m.topic_id.where, &m.msg_id.where, &m.text, &m.data}) {
        shift(*range, from, by);
    }
    for (unsigned i = 0; i < datagram.fault_count; ++i) {
        shift(datagram.faults[i].where, from, by);
    }
}

// SN12-08, SN12-09, SN12-11: the same message with the long Length: everything two octets later, and a note.
void the_long_form_shifts_every_field_by_two(void** state) {
    std::size_t seen = 0;
    for (const test::Vector& vector : vectors(state)) {
        const test::Octets& octets = vector.octets;
        if (octets[0] == 1 || octets[1] == MQTTSN_ENVELOPE_CODE) {
            continue;
        }
        const auto size = static_cast<std::uint32_t>(octets.size() + 2);
        test::Octets long_form{1, static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
        long_form.insert(long_form.end(), octets.begin() + 1, octets.end());
        Datagram expected = read(octets);
        shift(expected, 1, 2);
        expected.message.whole.size = size;
        expected.message.length = {size, {0, 3}};
        const std::string fields = test::printed_message(long_form, expected.message);
        const Datagram found = read(long_form);
        const std::string printed = test::printed_message(long_form, found.message);
        CHECK_CASE(printed == fields, "%s:\n%s\n%s", vector.name.c_str(), printed.c_str(), fields.c_str());
        assert_int_equal(found.fault_count, expected.fault_count + 1);
        assert_true(found.faults[0].expert == mqttsnx::Expert::length_not_minimal);
        for (unsigned i = 0; i < expected.fault_count; ++i) {
            assert_true(found.faults[i + 1U].expert == expected.faults[i].expert);
            assert_int_equal(found.faults[i + 1U].where.at, expected.faults[i].where.at);
        }
        ++seen;
    }
    assert_true(seen >= 40);
}

// SN12-113 to SN12-115: the same message in one to eight wrappers.
void envelopes_shift_the_message_and_change_nothing_in_it(void** state) {
    const test::Octets wrapper = test::hex("05 FE 01 0A 0B");
    for (const test::Vector& vector : vectors(state)) {
        const Datagram bare = read(vector.octets);
        test::Octets octets = vector.octets;
        for (std::uint8_t depth = 1; depth + bare.envelope_count <= mqttsnx::kEnvelopesMax; ++depth) {
            octets.insert(octets.begin(), wrapper.begin(), wrapper.end());
            const Datagram found = read(octets);
            assert_int_equal(found.envelope_count, depth + bare.envelope_count);
            for (std::uint32_t i = 0; i < depth; ++i) {
                assert_int_equal(found.envelopes[i].whole.at, i * 5);
                assert_int_equal(found.envelopes[i].whole.size, 5);
                assert_int_equal(found.envelopes[i].node_id.at, i * 5 + 3);
                assert_int_equal(found.envelopes[i].node_id.size, 2);
                assert_int_equal(found.envelopes[i].ctrl.value, 1);
            }
            const std::uint32_t at = depth * 5U;
            Datagram expected = bare;
            shift(expected, 0, at);
            shift(expected.message.whole, 0, at);
            shift(expected.message.length.where, 0, at);
            // What is not there has no place.
            const std::string want = test::printed_message(octets, expected.message);
            const std::string have = test::printed_message(octets, found.message);
            CHECK_CASE(have == want, "%s\n%s", have.c_str(), want.c_str());
        }
    }
}

// D02: one message after the other, each with places that count from the start of the buffer.
void a_loop_over_the_rest_reads_every_vector_of_one_buffer(void** state) {
    test::Octets all;
    for (const test::Vector& vector : vectors(state)) {
        all.insert(all.end(), vector.octets.begin(), vector.octets.end());
    }
    std::uint32_t at = 0;
    std::size_t read_so_far = 0;
    for (const test::Vector& vector : vectors(state)) {
        const Datagram found = read(all, at);
        const Datagram alone = read(vector.octets);
        assert_int_equal(found.message.type.value, alone.message.type.value);
        assert_int_equal(found.message.whole.at, at + alone.message.whole.at);
        assert_int_equal(found.message.whole.size, alone.message.whole.size);
        const bool last = ++read_so_far == vectors(state).size();
        assert_true(found.rest_is_message == !last);
        assert_int_equal(found.rest.at, at + vector.octets.size());
        at = found.rest.at;
    }
    assert_int_equal(at, all.size());
}

// SN12-28, SN12-17: what the accessors say
void accessors_read_the_flags(void** /*state*/) {
    const Datagram minus_one = read(test::hex("08 0C E2 61 62 00 00 78"));
    assert_int_equal(minus_one.message.qos(), -1);
    assert_true(minus_one.message.dup());
    assert_true(minus_one.message.known());
    assert_true(minus_one.message.kind() == mqttsnx::Type::publish);
    for (int qos = 0; qos <= 2; ++qos) {
        test::Octets publish = test::hex("08 0C 00 00 01 00 00 78");
        publish[2] = static_cast<std::uint8_t>(qos << 5);
        assert_int_equal(read(publish).message.qos(), qos);
        assert_false(read(publish).message.dup());
    }
    assert_int_equal(read(test::hex("02 16")).message.qos(), 0);
    assert_false(read(test::hex("02 03")).message.known());
    assert_false(read(test::hex("02 1E")).message.known());
    assert_false(read(test::hex("05")).message.known());
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_has_its_fields_at_their_places),
        cmocka_unit_test(the_long_form_shifts_every_field_by_two),
        cmocka_unit_test(envelopes_shift_the_message_and_change_nothing_in_it),
        cmocka_unit_test(a_loop_over_the_rest_reads_every_vector_of_one_buffer),
        cmocka_unit_test(accessors_read_the_flags),
    };
    return cmocka_run_group_tests_name("unit.dissector.decode", tests, make_fixture, drop_fixture);
}
