// SPDX-License-Identifier: BSD-3-Clause
//
// The golden datagrams of tests/vectors/mqttsn-1.2.hex, field by field.
#include <string>
#include <vector>

#include "mqttsn/codec.hpp"
#include "support/cmocka.hpp"
#include "unit/common/message_checks.hpp"
#include "unit/common/vectors.hpp"

using mqttsn::bytes_of;
using mqttsn::DecodeError;
using mqttsn::Message;
using mqttsn::MessageType;
using mqttsn::ReturnCode;
using mqttsn::Sender;
using test::Vector;

namespace {

struct Golden {
    const char* name;
    Message message;
    const char* minimal = nullptr;  // what it encodes to, where that is not the vector itself
};

const std::uint8_t kZeros[300] = {};

// Written field by field and not with the makers, which have their own tests.
Golden golden(const char* name, MessageType type, void (*fill)(Message&)) {
    Golden result{name, Message{}};
    result.message.type = type;
    fill(result.message);
    return result;
}

#define GOLDEN(name, type, ...)                       \
    golden(#name, MessageType::type, [](Message& m) { \
        static_cast<void>(m);                         \
        __VA_ARGS__;                                  \
    })

// clang-format off
std::vector<Golden> expectations() {
    std::vector<Golden> all = {
        GOLDEN(advertise, advertise, m.gateway_id = 5, m.duration = 900),
        GOLDEN(search_gateway, search_gateway, m.radius = 1),
        GOLDEN(gateway_info, gateway_info, m.gateway_id = 5),
        GOLDEN(connect_clean, connect,
               m.flags.bits = 0x04, m.protocol_id = 1, m.duration = 60, m.data = bytes_of("dev1")),
        GOLDEN(connect_clean_will, connect,
               m.flags.bits = 0x0C, m.protocol_id = 1, m.duration = 60, m.data = bytes_of("dev1")),
        GOLDEN(connack_accepted, connack, m.return_code = ReturnCode::accepted),
        GOLDEN(will_topic_req, will_topic_req),
        GOLDEN(will_topic, will_topic, m.has_optional = true, m.flags.bits = 0x30, m.data = bytes_of("w/t")),
        GOLDEN(will_topic_empty, will_topic),
        GOLDEN(will_msg_req, will_msg_req),
        GOLDEN(will_msg, will_msg, m.data = bytes_of("off")),
        GOLDEN(register_from_device, register_topic, m.message_id = 1, m.data = bytes_of("a/b")),
        GOLDEN(regack_accepted, regack, m.topic_id = 0x10, m.message_id = 1),
        GOLDEN(publish_qos0, publish, m.topic_id = 0x10, m.data = bytes_of("hi")),
        GOLDEN(publish_qos1, publish,
               m.flags.bits = 0x20, m.topic_id = 0x10, m.message_id = 2, m.data = bytes_of("hi")),
        GOLDEN(publish_qos1_dup, publish,
               m.flags.bits = 0xA0, m.topic_id = 0x10, m.message_id = 2, m.data = bytes_of("hi")),
        GOLDEN(publish_qos2_empty, publish, m.flags.bits = 0x40, m.topic_id = 0x10, m.message_id = 2),
        GOLDEN(publish_qos_minus_1_predefined, publish,
               m.flags.bits = 0x61, m.topic_id = 1, m.data = bytes_of("x")),
        GOLDEN(publish_qos_minus_1_short, publish,
               m.flags.bits = 0x62, m.topic_id = 0x6162, m.data = bytes_of("x")),
        GOLDEN(publish_qos_minus_1_name, publish,
               m.flags.bits = 0x60, m.topic_id = 3, m.data = bytes_of("a/bx")),
        GOLDEN(publish_long_form, publish, m.topic_id = 0x10, m.data = (mqttsn::Bytes{kZeros, 300})),
        GOLDEN(puback_accepted, puback, m.topic_id = 0x10, m.message_id = 2),
        GOLDEN(pubrec, pubrec, m.message_id = 2),
        GOLDEN(pubrel, pubrel, m.message_id = 2),
        GOLDEN(pubcomp, pubcomp, m.message_id = 2),
        GOLDEN(subscribe_name, subscribe, m.flags.bits = 0x20, m.message_id = 3, m.data = bytes_of("a/#")),
        GOLDEN(subscribe_predefined, subscribe, m.flags.bits = 0x01, m.message_id = 3, m.topic_id = 1),
        GOLDEN(subscribe_short, subscribe, m.flags.bits = 0x22, m.message_id = 3, m.topic_id = 0x6162),
        GOLDEN(suback_wildcard, suback, m.flags.bits = 0x20, m.message_id = 3),
        GOLDEN(unsubscribe_name, unsubscribe, m.message_id = 4, m.data = bytes_of("a/#")),
        GOLDEN(unsuback, unsuback, m.message_id = 4),
        GOLDEN(pingreq, pingreq),
        GOLDEN(pingreq_with_client_id, pingreq, m.data = bytes_of("dev1")),
        GOLDEN(pingresp, pingresp),
        GOLDEN(disconnect, disconnect),
        GOLDEN(disconnect_sleep, disconnect, m.has_optional = true, m.duration = 300),
        GOLDEN(will_topic_upd, will_topic_upd,
               m.has_optional = true, m.flags.bits = 0x30, m.data = bytes_of("w/t")),
        GOLDEN(will_topic_upd_empty, will_topic_upd),
        GOLDEN(will_topic_resp_accepted, will_topic_resp),
        GOLDEN(will_msg_upd, will_msg_upd, m.data = bytes_of("off")),
        GOLDEN(will_msg_resp_accepted, will_msg_resp),
        GOLDEN(search_gateway_long_form, search_gateway, m.radius = 1),
    };
    all.back().minimal = "03 01 01";  // SN12-09: accepted in the long form, sent in the short one
    return all;
}
// clang-format on

struct Fixture {
    std::vector<Vector> vectors = test::read_vectors(DORMOUSE_SOURCE_DIR "/tests/vectors/mqttsn-1.2.hex");
    std::vector<Golden> expected = expectations();

    const Golden* find(const std::string& name) const {
        for (const Golden& golden : expected) {
            if (name == golden.name) {
                return &golden;
            }
        }
        return nullptr;
    }
};

int make_fixture(void** state) {
    *state = new Fixture;
    return 0;
}

int drop_fixture(void** state) {
    delete static_cast<Fixture*>(*state);
    return 0;
}

const Fixture& fixture(void** state) {
    return *static_cast<Fixture*>(*state);
}

bool is_wrapped(const Vector& vector) {
    return mqttsn::is_envelope(test::view(vector.octets));
}

// SN12-29 to SN12-51
// SN12-26
void every_vector_decodes_to_its_fields(void** state) {
    for (const Vector& vector : fixture(state).vectors) {
        if (is_wrapped(vector)) {
            continue;
        }
        const Golden* golden = fixture(state).find(vector.name);
        CHECK_CASE(golden != nullptr, "%s", vector.name.c_str());
        for (const Sender sender : {Sender::device, Sender::gateway}) {
            if (!(sender == Sender::device ? vector.from_device : vector.from_gateway)) {
                continue;
            }
            Message message;
            const DecodeError error = decode(test::view(vector.octets), sender, message);
            CHECK_CASE(error == DecodeError::none, "%s: %s", vector.name.c_str(), decode_error_text(error));
            CHECK_CASE(test::same(message, golden->message), "%s: %s", vector.name.c_str(),
                       test::describe(message).c_str());
        }
    }
}

void every_vector_is_what_its_fields_encode_to(void** state) {
    for (const Vector& vector : fixture(state).vectors) {
        if (is_wrapped(vector)) {
            continue;
        }
        const Golden* golden = fixture(state).find(vector.name);
        CHECK_CASE(golden != nullptr, "%s", vector.name.c_str());
        const test::Octets wanted = golden->minimal != nullptr ? test::hex(golden->minimal) : vector.octets;
        test::Octets out(wanted.size());
        CHECK_CASE(encoded_size(golden->message) == wanted.size(), "%s", vector.name.c_str());
        CHECK_CASE(encode(golden->message, out.data(), out.size()) == wanted.size(), "%s",
                   vector.name.c_str());
        CHECK_CASE(out == wanted, "%s: %s", vector.name.c_str(), test::to_hex(test::view(out)).c_str());
    }
}

// SN12-113 to SN12-117
void the_wrapped_vector_unwraps_to_node_and_message(void** state) {
    unsigned count = 0;
    for (const Vector& vector : fixture(state).vectors) {
        if (!is_wrapped(vector)) {
            continue;
        }
        ++count;
        mqttsn::Envelope envelope;
        assert_int_equal(decode_envelope(test::view(vector.octets), envelope), DecodeError::none);
        assert_int_equal(envelope.radius, 0);
        assert_string_equal(test::to_hex(envelope.node_id).c_str(), "00 01");
        Message message;
        assert_int_equal(decode(envelope.message, Sender::device, message), DecodeError::none);
        assert_true(message.type == MessageType::pingreq && message.data.empty());

        std::uint8_t out[5];
        assert_int_equal(encode_envelope_header(0, envelope.node_id, out, sizeof out), 5);
        assert_memory_equal(out, vector.octets.data(), 5);
    }
    assert_int_equal(count, 1);
}

// The vectors that may come from one side only are refused from the other (D03), except where the
// specification fixes only what a well-behaved sender does: those stay legal, and the list of them is here.
void one_sided_vectors_are_refused_from_the_other_side(void** state) {
    const std::vector<std::string> tolerated = {
        "gateway_info",                    // SN12-31: a device's answer without GwAdd (D46)
        "register_from_device",            // SN12-37: REGISTER goes both ways
        "publish_qos_minus_1_predefined",  // SN12-15: QoS is not a matter of size or type
        "publish_qos_minus_1_short",
        "publish_qos_minus_1_name",
        "pingreq_with_client_id",  // SN12-46
        "disconnect_sleep",        // SN12-48
    };
    unsigned refused = 0;
    for (const Vector& vector : fixture(state).vectors) {
        if (is_wrapped(vector) || (vector.from_device && vector.from_gateway)) {
            continue;
        }
        bool expect_refusal = true;
        for (const std::string& name : tolerated) {
            expect_refusal = expect_refusal && name != vector.name;
        }
        Message message;
        const DecodeError error =
            decode(test::view(vector.octets), vector.from_device ? Sender::gateway : Sender::device, message);
        CHECK_CASE(error == (expect_refusal ? DecodeError::wrong_direction : DecodeError::none), "%s: %s",
                   vector.name.c_str(), decode_error_text(error));
        refused += expect_refusal ? 1 : 0;
    }
    assert_true(refused > 20);
}

void file_and_expectations_name_the_same_vectors(void** state) {
    std::size_t wrapped = 0;
    for (const Vector& vector : fixture(state).vectors) {
        wrapped += is_wrapped(vector) ? 1 : 0;
        CHECK_CASE(is_wrapped(vector) || fixture(state).find(vector.name) != nullptr, "%s",
                   vector.name.c_str());
    }
    assert_int_equal(fixture(state).vectors.size(), fixture(state).expected.size() + wrapped);
    for (const Golden& golden : fixture(state).expected) {
        bool found = false;
        for (const Vector& vector : fixture(state).vectors) {
            found = found || vector.name == golden.name;
        }
        CHECK_CASE(found, "%s", golden.name);
    }
}

// A new row of the table must bring a golden datagram.
void every_row_has_a_vector(void** state) {
#define ROW(NAME, row_name, code, min, max, from, layout, section)         \
    {                                                                      \
        bool found = false;                                                \
        for (const Golden& golden : fixture(state).expected) {             \
            found = found || golden.message.type == MessageType::row_name; \
        }                                                                  \
        CHECK_CASE(found, "%s", #NAME);                                    \
    }
    MQTTSN_MESSAGES(ROW)
#undef ROW
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_decodes_to_its_fields),
        cmocka_unit_test(every_vector_is_what_its_fields_encode_to),
        cmocka_unit_test(the_wrapped_vector_unwraps_to_node_and_message),
        cmocka_unit_test(one_sided_vectors_are_refused_from_the_other_side),
        cmocka_unit_test(file_and_expectations_name_the_same_vectors),
        cmocka_unit_test(every_row_has_a_vector),
    };
    return cmocka_run_group_tests_name("unit.common.vectors", tests, make_fixture, drop_fixture);
}
