// SPDX-License-Identifier: BSD-3-Clause
//
// Every maker against octets written by hand, and what the makers do to the flags.
#include "mqttsn/messages.hpp"

#include "mqttsn/codec.hpp"
#include "support/cmocka.hpp"
#include "unit/common/message_checks.hpp"

using namespace mqttsn;  // NOLINT(google-build-using-namespace): all makers are the subject

namespace {

constexpr Flags kAllFlags{0xFF};

/// The message as hex, so that a comparison shows both.
test::Octets encoded(const Message& message) {
    test::Octets out(encoded_size(message));
    out.resize(encode(message, out.data(), out.size()));
    return out;
}

#define ASSERT_ENCODES(message, text) \
    assert_string_equal(test::to_hex(test::view(encoded(message))).c_str(), text)

// SN12-29 to SN12-31
// SN12-27, D46
void discovery_makers_write_their_octets(void** /*state*/) {
    const std::uint8_t address[] = {6, 127, 0, 0, 1, 7, 91};
    ASSERT_ENCODES(make_advertise(5, 900), "05 00 05 03 84");
    ASSERT_ENCODES(make_search_gateway(1), "03 01 01");
    ASSERT_ENCODES(make_gateway_info(5, Bytes{}), "03 02 05");
    ASSERT_ENCODES(make_gateway_info(5, Bytes{address, 7}), "0A 02 05 06 7F 00 00 01 07 5B");
}

// SN12-32 to SN12-36, SN12-49 to SN12-51
// SN12-17, SN12-22
void connection_and_will_makers_write_their_octets(void** /*state*/) {
    ASSERT_ENCODES(make_connect(Flags{0x0C}, 60, bytes_of("dev1")), "0A 04 0C 01 00 3C 64 65 76 31");
    ASSERT_ENCODES(make_connack(ReturnCode::congestion), "03 05 01");
    ASSERT_ENCODES(make_will_topic_req(), "02 06");
    ASSERT_ENCODES(make_will_topic(Flags{0x30}, bytes_of("w/t")), "06 07 30 77 2F 74");
    ASSERT_ENCODES(make_will_topic(Flags{0x30}, Bytes{}), "03 07 30");
    ASSERT_ENCODES(make_will_topic_empty(), "02 07");
    ASSERT_ENCODES(make_will_msg_req(), "02 08");
    ASSERT_ENCODES(make_will_msg(bytes_of("off")), "05 09 6F 66 66");
    ASSERT_ENCODES(make_will_msg(Bytes{}), "02 09");
    ASSERT_ENCODES(make_will_topic_upd(Flags{0x30}, bytes_of("w/t")), "06 1A 30 77 2F 74");
    ASSERT_ENCODES(make_will_topic_upd_empty(), "02 1A");
    ASSERT_ENCODES(make_will_topic_resp(ReturnCode::not_supported), "03 1B 03");
    ASSERT_ENCODES(make_will_msg_upd(bytes_of("off")), "05 1C 6F 66 66");
    ASSERT_ENCODES(make_will_msg_resp(ReturnCode::accepted), "03 1D 00");
}

// SN12-37 to SN12-41
void register_and_publish_makers_write_their_octets(void** /*state*/) {
    ASSERT_ENCODES(make_register(0x1234, 0x5678, bytes_of("a/b")), "09 0A 12 34 56 78 61 2F 62");
    ASSERT_ENCODES(make_regack(0x1234, 0x5678, ReturnCode::invalid_topic_id), "07 0B 12 34 56 78 02");
    ASSERT_ENCODES(make_publish(Flags{0xA0}, 0x1234, 0x5678, bytes_of("hi")), "09 0C A0 12 34 56 78 68 69");
    ASSERT_ENCODES(make_puback(0x1234, 0x5678, ReturnCode::congestion), "07 0D 12 34 56 78 01");
    ASSERT_ENCODES(make_pubrec(0x5678), "04 0F 56 78");
    ASSERT_ENCODES(make_pubrel(0x5678), "04 10 56 78");
    ASSERT_ENCODES(make_pubcomp(0x5678), "04 0E 56 78");
}

// SN12-42 to SN12-48
void subscribe_and_ping_makers_write_their_octets(void** /*state*/) {
    const Flags short_name = Flags{}.with_topic_id_type(TopicIdType::short_name);
    ASSERT_ENCODES(make_subscribe(Flags{0x20}, 3, bytes_of("a/#")), "08 12 20 00 03 61 2F 23");
    ASSERT_ENCODES(make_subscribe_id(short_name.with_qos(1), 3, 0x6162), "07 12 22 00 03 61 62");
    ASSERT_ENCODES(make_suback(Flags{0x40}, 0x1234, 0x5678, ReturnCode::accepted), "08 13 40 12 34 56 78 00");
    ASSERT_ENCODES(make_unsubscribe(Flags{}, 4, bytes_of("a/#")), "08 14 00 00 04 61 2F 23");
    ASSERT_ENCODES(make_unsubscribe_id(short_name, 4, 0x6162), "07 14 02 00 04 61 62");
    ASSERT_ENCODES(make_unsuback(0x5678), "04 15 56 78");
    ASSERT_ENCODES(make_pingreq(Bytes{}), "02 16");
    ASSERT_ENCODES(make_pingreq(bytes_of("dev1")), "06 16 64 65 76 31");
    ASSERT_ENCODES(make_pingresp(), "02 17");
    ASSERT_ENCODES(make_disconnect(), "02 18");
    ASSERT_ENCODES(make_disconnect_sleep(300), "04 18 01 2C");
    ASSERT_ENCODES(make_disconnect_sleep(0), "04 18 00 00");
}

// SN12-20, D04: bits that a message does not use are sent as 0.
void makers_send_unused_flag_bits_as_0(void** /*state*/) {
    assert_int_equal(make_connect(kAllFlags, 1, Bytes{}).flags.bits, 0x0C);
    assert_int_equal(make_will_topic(kAllFlags, Bytes{}).flags.bits, 0x70);
    assert_int_equal(make_will_topic_upd(kAllFlags, Bytes{}).flags.bits, 0x70);
    assert_int_equal(make_publish(kAllFlags, 1, 1, Bytes{}).flags.bits, 0xF3);
    assert_int_equal(make_subscribe_id(kAllFlags, 1, 1).flags.bits, 0xE3);
    assert_int_equal(make_suback(kAllFlags, 1, 1, ReturnCode::accepted).flags.bits, 0x60);
    assert_int_equal(make_unsubscribe_id(kAllFlags, 1, 1).flags.bits, 0x03);
}

// SN12-19: a name in SUBSCRIBE and UNSUBSCRIBE is type 00, whatever flags the caller had at hand.
void subscribing_by_name_sets_the_topic_id_type_normal(void** /*state*/) {
    assert_int_equal(make_subscribe(kAllFlags, 1, Bytes{}).flags.bits, 0xE0);
    assert_int_equal(make_unsubscribe(kAllFlags, 1, Bytes{}).flags.bits, 0x00);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(discovery_makers_write_their_octets),
        cmocka_unit_test(connection_and_will_makers_write_their_octets),
        cmocka_unit_test(register_and_publish_makers_write_their_octets),
        cmocka_unit_test(subscribe_and_ping_makers_write_their_octets),
        cmocka_unit_test(makers_send_unused_flag_bits_as_0),
        cmocka_unit_test(subscribing_by_name_sets_the_topic_id_type_normal),
    };
    return cmocka_run_group_tests_name("unit.common.messages", tests, nullptr, nullptr);
}
