// SPDX-License-Identifier: BSD-3-Clause
//
// Golden octets are written by hand from MQTT 3.1.1; its rule names stand behind the cases.
#include "gateway/broker/mqtt_codec.hpp"

#include <string>
#include <vector>

#include "support/cmocka.hpp"
#include "support/hex.hpp"

using namespace mqttsn::gateway::mqtt;
using mqttsn::Bytes;
using test::hex;
using test::Octets;
using test::str;
using test::to_hex;
using test::view;

namespace {

constexpr std::size_t kLimit = std::size_t{1024} * 1024;

void assert_octets(const Octets& actual, const char* expected) {
    assert_string_equal(to_hex(view(actual)).c_str(), to_hex(view(hex(expected))).c_str());
}

Octets encoded(const Packet& packet) {
    Octets out;
    assert_true(encode_packet(packet, out));
    return out;
}

Packet with_id(PacketType type, std::uint16_t packet_id) {
    Packet packet;
    packet.type = type;
    packet.packet_id = packet_id;
    return packet;
}

Packet publish(std::string_view topic, std::string_view payload, std::uint8_t qos, std::uint16_t packet_id) {
    Packet packet = with_id(PacketType::publish, packet_id);
    packet.topic = view(topic);
    packet.payload = view(payload);
    packet.qos = qos;
    return packet;
}

/// Decodes from heap memory of exactly that size, so that a sanitizer sees each octet read outside.
struct Run {
    Octets octets;
    Decoded decoded;
    explicit Run(Octets input, std::size_t limit = kLimit)
        : octets(std::move(input)), decoded(decode(view(octets), limit)) {}
};

void assert_error(const char* octets, const char* text) {
    const Run run(hex(octets));
    if (run.decoded.status != DecodeStatus::error) {
        print_error("taken as good: %s\n", octets);
    }
    assert_int_equal(run.decoded.status, DecodeStatus::error);
    assert_string_equal(run.decoded.error, text);
}

// ---- encoding ----

void connect_has_the_octets_of_section_3_1(void** /*state*/) {
    Connect connect;
    connect.client_id = view("meter");
    Octets out;
    assert_true(encode_connect(connect, out));
    assert_octets(out, "10 11 00 04 4D 51 54 54 04 02 00 3C 00 05 6D 65 74 65 72");
}

void connect_with_everything_has_its_fields_in_order(void** /*state*/) {
    Connect connect;
    connect.client_id = view("m");
    connect.clean_session = false;
    connect.keep_alive_s = 0x1234;
    connect.has_will = true;
    connect.will = Will{view("w/t"), view("gone"), 2, true};
    connect.has_username = true;
    connect.username = view("u");
    connect.has_password = true;
    connect.password = view("pw");
    Octets out = hex("FF");  // encoders append
    assert_true(encode_connect(connect, out));
    assert_octets(out,
                  "FF 10 1F 00 04 4D 51 54 54 04 F4 12 34 00 01 6D 00 03 77 2F 74 00 04 67 6F 6E 65 00 01 75 "
                  "00 02 70 77");
}

void connect_fields_that_are_not_set_are_not_sent(void** /*state*/) {
    Connect connect;
    connect.client_id = view("m");
    connect.will = Will{view("t"), view("p"), 1, true};
    connect.username = view("u");
    connect.password = view("p");
    Octets out;
    assert_true(encode_connect(connect, out));
    assert_octets(out, "10 0D 00 04 4D 51 54 54 04 02 00 3C 00 01 6D");
}

void connect_that_mqtt_cannot_say_is_refused_and_appends_nothing(void** /*state*/) {
    const std::string long_text(65536, 'x');
    Connect connect;
    connect.client_id = view(long_text);
    Octets out = hex("AA");
    assert_false(encode_connect(connect, out));
    connect.client_id = view("m");
    connect.has_password = true;  // MQTT-3.1.2-22
    assert_false(encode_connect(connect, out));
    connect.has_password = false;
    connect.has_will = true;
    connect.will = Will{view("t"), Bytes{}, 3, false};  // MQTT-3.1.2-14
    assert_false(encode_connect(connect, out));
    connect.will = Will{Bytes{}, Bytes{}, 0, false};
    assert_false(encode_connect(connect, out));
    connect.will = Will{view("t"), view(long_text), 0, false};
    assert_false(encode_connect(connect, out));
    assert_octets(out, "AA");
    const std::string longest(65535, 'x');
    connect.will = Will{view("t"), view(longest), 0, false};
    assert_true(encode_connect(connect, out));
}

void packets_have_the_octets_of_the_specification(void** /*state*/) {
    assert_octets(encoded(publish("a/b", "hi", 0, 0)), "30 07 00 03 61 2F 62 68 69");
    assert_octets(encoded(publish("a/b", "hi", 1, 10)), "32 09 00 03 61 2F 62 00 0A 68 69");
    Packet repeated = publish("a/b", "", 2, 0xFFFF);
    repeated.dup = true;
    repeated.retain = true;
    assert_octets(encoded(repeated), "3D 07 00 03 61 2F 62 FF FF");
    assert_octets(encoded(with_id(PacketType::puback, 1)), "40 02 00 01");
    assert_octets(encoded(with_id(PacketType::pubrec, 0x0203)), "50 02 02 03");
    assert_octets(encoded(with_id(PacketType::pubrel, 0x0203)), "62 02 02 03");  // MQTT-3.6.1-1
    assert_octets(encoded(with_id(PacketType::pubcomp, 0x0203)), "70 02 02 03");
    Packet subscribe = with_id(PacketType::subscribe, 7);
    subscribe.topic = view("a/#");
    subscribe.qos = 1;
    assert_octets(encoded(subscribe), "82 08 00 07 00 03 61 2F 23 01");
    Packet suback = with_id(PacketType::suback, 7);
    suback.code = kSubackFailure;
    assert_octets(encoded(suback), "90 03 00 07 80");
    Packet unsubscribe = with_id(PacketType::unsubscribe, 8);
    unsubscribe.topic = view("a/#");
    assert_octets(encoded(unsubscribe), "A2 07 00 08 00 03 61 2F 23");
    assert_octets(encoded(with_id(PacketType::unsuback, 8)), "B0 02 00 08");
    assert_octets(encoded(with_id(PacketType::pingreq, 0)), "C0 00");
    assert_octets(encoded(with_id(PacketType::pingresp, 0)), "D0 00");
    Octets out;
    encode_disconnect(out);
    assert_octets(out, "E0 00");
}

void qos0_publish_never_carries_dup(void** /*state*/) {
    Packet packet = publish("a", "x", 0, 0);
    packet.dup = true;  // MQTT-3.3.1-2
    assert_octets(encoded(packet), "30 04 00 01 61 78");
}

void remaining_length_is_as_in_table_2_4(void** /*state*/) {
    const struct {
        std::size_t remaining;
        const char* header;
    } rows[] = {{127, "30 7F"},         {128, "30 80 01"},        {16383, "30 FF 7F"},
                {16384, "30 80 80 01"}, {2097151, "30 FF FF 7F"}, {2097152, "30 80 80 80 01"}};
    for (const auto& row : rows) {
        const std::string payload(row.remaining - 3, 'p');
        const Octets out = encoded(publish("a", payload, 0, 0));
        const Octets header = hex(row.header);
        assert_int_equal(out.size(), header.size() + row.remaining);
        assert_memory_equal(out.data(), header.data(), header.size());
    }
}

void packets_that_mqtt_cannot_say_are_refused_and_append_nothing(void** /*state*/) {
    Octets out = hex("AA");
    const std::string long_topic(65536, 't');
    assert_false(encode_packet(publish("a", "x", 1, 0), out));  // MQTT-2.3.1-1
    assert_false(encode_packet(publish("a", "x", 3, 1), out));  // MQTT-3.3.1-4
    assert_false(encode_packet(publish("", "x", 0, 0), out));
    assert_false(encode_packet(publish(long_topic, "x", 0, 0), out));
    for (const PacketType type : {PacketType::puback, PacketType::pubrec, PacketType::pubrel,
                                  PacketType::pubcomp, PacketType::suback, PacketType::unsuback}) {
        assert_false(encode_packet(with_id(type, 0), out));
    }
    Packet subscribe = with_id(PacketType::subscribe, 1);
    assert_false(encode_packet(subscribe, out));  // no filter
    subscribe.topic = view("a");
    subscribe.qos = 3;
    assert_false(encode_packet(subscribe, out));
    subscribe.qos = 0;
    subscribe.packet_id = 0;
    assert_false(encode_packet(subscribe, out));
    Packet suback = with_id(PacketType::suback, 1);
    suback.code = 3;
    assert_false(encode_packet(suback, out));
    for (const PacketType type : {PacketType::connect, PacketType::connack, PacketType::disconnect}) {
        assert_false(encode_packet(with_id(type, 1), out));
    }
    // More than the remaining length can say; the size is refused before an octet is read.
    Packet huge = publish("a", "x", 0, 0);
    huge.payload.size = kRemainingLengthMax - 2;
    assert_false(encode_packet(huge, out));
    assert_octets(out, "AA");
}

// ---- decoding ----

void publish_is_decoded_with_all_its_parts(void** /*state*/) {
    const Run run(hex("3D 0B 00 03 61 2F 62 00 0A 68 69 21 21"));
    const Packet& packet = run.decoded.packet;
    assert_int_equal(run.decoded.status, DecodeStatus::packet);
    assert_int_equal(run.decoded.size, 13);
    assert_int_equal(packet.type, PacketType::publish);
    assert_true(packet.dup && packet.retain && !packet.oversize);
    assert_int_equal(packet.qos, 2);
    assert_int_equal(packet.packet_id, 10);
    assert_string_equal(str(packet.topic).c_str(), "a/b");
    assert_string_equal(str(packet.payload).c_str(), "hi!!");
}

void connack_tells_session_present_and_code(void** /*state*/) {
    const Run fresh(hex("20 02 00 00"));
    assert_int_equal(fresh.decoded.status, DecodeStatus::connack);
    assert_false(fresh.decoded.session_present);
    assert_int_equal(fresh.decoded.connect_code, 0);
    assert_int_equal(fresh.decoded.size, 4);
    const Run present(hex("20 02 01 00"));
    assert_true(present.decoded.session_present);
    const Run refused(hex("20 02 00 05"));
    assert_int_equal(refused.decoded.connect_code, 5);
}

struct ServerPacket {
    const char* octets;
    PacketType type;
    std::uint16_t packet_id;
    std::uint8_t code;
};
constexpr ServerPacket kShortPackets[] = {
    {"40 02 00 01", PacketType::puback, 1, 0},     {"50 02 01 00", PacketType::pubrec, 256, 0},
    {"62 02 FF FF", PacketType::pubrel, 65535, 0}, {"70 02 12 34", PacketType::pubcomp, 0x1234, 0},
    {"90 03 00 07 00", PacketType::suback, 7, 0},  {"90 03 00 07 01", PacketType::suback, 7, 1},
    {"90 03 00 07 02", PacketType::suback, 7, 2},  {"90 03 00 07 80", PacketType::suback, 7, 0x80},
    {"B0 02 00 08", PacketType::unsuback, 8, 0},   {"D0 00", PacketType::pingresp, 0, 0},
};

void short_packets_are_decoded_and_encode_to_the_same_octets(void** /*state*/) {
    for (const ServerPacket& row : kShortPackets) {
        Run run(hex(row.octets));
        assert_int_equal(run.decoded.status, DecodeStatus::packet);
        assert_int_equal(run.decoded.packet.type, row.type);
        assert_int_equal(run.decoded.packet.packet_id, row.packet_id);
        assert_int_equal(run.decoded.packet.code, row.code);
        assert_int_equal(run.decoded.size, run.octets.size());
        assert_octets(encoded(run.decoded.packet), row.octets);
    }
}

void publishes_survive_the_round_trip_at_each_boundary_of_the_length(void** /*state*/) {
    for (const std::size_t size : {0U, 1U, 120U, 121U, 122U, 123U, 16375U, 16376U, 16377U, 65535U, 300000U}) {
        for (std::uint8_t qos = 0; qos <= 2; ++qos) {
            const std::string payload(size, 'p');
            Packet packet = publish("topic", payload, qos, qos > 0 ? 77 : 0);
            packet.retain = size % 2 == 0;
            Run run(encoded(packet));
            assert_int_equal(run.decoded.status, DecodeStatus::packet);
            assert_int_equal(run.decoded.size, run.octets.size());
            assert_int_equal(run.decoded.packet.qos, qos);
            assert_int_equal(run.decoded.packet.packet_id, packet.packet_id);
            assert_int_equal(run.decoded.packet.retain, packet.retain);
            assert_true(mqttsn::equal(run.decoded.packet.topic, packet.topic));
            assert_true(mqttsn::equal(run.decoded.packet.payload, packet.payload));
        }
    }
}

void every_truncation_needs_more_and_says_how_much_at_least(void** /*state*/) {
    std::vector<Octets> packets{hex("20 02 00 00"), hex("3D 0B 00 03 61 2F 62 00 0A 68 69 21 21"),
                                hex("30 05 00 03 61 2F 62"),
                                encoded(publish("a", std::string(200, 'x'), 1, 5))};
    for (const ServerPacket& row : kShortPackets) {
        packets.push_back(hex(row.octets));
    }
    for (const Octets& packet : packets) {
        for (std::size_t size = 0; size < packet.size(); ++size) {
            const Run run(Octets(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size)));
            assert_int_equal(run.decoded.status, DecodeStatus::need_more);
            assert_in_range(run.decoded.size, size + 1, packet.size());
        }
        const Run whole{Octets(packet)};
        assert_int_not_equal(whole.decoded.status, DecodeStatus::need_more);
        assert_int_equal(whole.decoded.size, packet.size());
        Octets more = packet;
        more.push_back(0xFF);  // the next packet is none of this one's business
        const Run followed(std::move(more));
        assert_int_equal(followed.decoded.size, packet.size());
    }
}

// FAULT-79
void what_a_server_may_not_send_is_an_error_at_the_first_octet(void** /*state*/) {
    for (const char* octet : {"10", "82", "A2", "C0", "E0"}) {
        assert_error(octet, "a packet that only a client sends");
    }
    assert_error("00", "reserved packet type");
    assert_error("F0", "reserved packet type");
    for (const char* octet : {"21", "41", "42", "58", "71", "94", "B2", "D1"}) {  // MQTT-2.2.2-2
        assert_error(octet, "reserved flags are not 0");
    }
    assert_error("60", "PUBREL with wrong flags");
    assert_error("63", "PUBREL with wrong flags");
    assert_error("36", "PUBLISH with QoS 3");  // MQTT-3.3.1-4
    assert_error("3F", "PUBLISH with QoS 3");
}

// FAULT-79
void wrong_lengths_are_errors(void** /*state*/) {
    assert_error("30 80 80 80 80", "remaining length has more than 4 octets");
    assert_error("30 FF FF FF FF 01", "remaining length has more than 4 octets");
    for (const char* octets : {"20 01", "20 03", "40 01", "40 03", "50 00", "62 04", "70 FF 01", "90 02",
                               "90 04", "B0 03", "D0 01"}) {
        assert_error(octets, "wrong remaining length");
    }
    assert_error("30 00", "PUBLISH is too short");
    assert_error("30 02", "PUBLISH is too short");
    assert_error("32 04", "PUBLISH is too short");
    assert_error("30 05 00 04 61 2F 62", "the topic of a PUBLISH is longer than the packet");
    assert_error("32 07 00 04 61 2F 62 63 00", "the topic of a PUBLISH is longer than the packet");
    assert_error("30 05 FF FF 61 2F 62", "the topic of a PUBLISH is longer than the packet");
}

// FAULT-79
void wrong_contents_are_errors(void** /*state*/) {
    assert_error("20 02 02 00", "CONNACK with reserved flags");
    assert_error("20 02 FF 00", "CONNACK with reserved flags");
    for (const char* octets : {"40 02 00 00", "50 02 00 00", "62 02 00 00", "70 02 00 00", "90 03 00 00 01",
                               "B0 02 00 00", "32 05 00 01 61 00 00"}) {
        assert_error(octets, "packet id 0");
    }
    assert_error("90 03 00 01 03", "SUBACK with a reserved return code");  // MQTT-3.9.3-2
    assert_error("90 03 00 01 7F", "SUBACK with a reserved return code");
    assert_error("90 03 00 01 81", "SUBACK with a reserved return code");
    assert_error("30 03 00 00 78", "PUBLISH with an empty topic");                 // MQTT-4.7.3-1
    assert_error("30 05 00 03 61 2F 2B", "PUBLISH with a wildcard in the topic");  // MQTT-3.3.2-2
    assert_error("30 05 00 03 61 2F 23", "PUBLISH with a wildcard in the topic");
    assert_error("30 05 00 03 61 00 62", "the topic of a PUBLISH is not UTF-8");  // MQTT-1.5.3-2
    assert_error("30 05 00 03 ED A0 80", "the topic of a PUBLISH is not UTF-8");  // MQTT-1.5.3-1
    assert_error("30 04 00 02 C3 28", "the topic of a PUBLISH is not UTF-8");
}

void qos0_publish_with_dup_is_taken_without_it(void** /*state*/) {
    const Run run(hex("38 04 00 01 61 78"));
    assert_int_equal(run.decoded.status, DecodeStatus::packet);
    assert_false(run.decoded.packet.dup);
}

void a_topic_of_many_levels_does_not_cost_the_connection(void** /*state*/) {
    const std::string topic(1000, '/');
    const Run run(encoded(publish(topic, "x", 0, 0)));
    assert_int_equal(run.decoded.status, DecodeStatus::packet);
}

void oversize_publish_is_told_by_its_head_alone(void** /*state*/) {
    const std::string payload(1000, 'p');
    const Octets whole = encoded(publish("a/b", payload, 1, 9));
    const std::size_t head = 3 + 2 + 3 + 2;
    for (std::size_t size = 0; size < head; ++size) {
        const Run run(Octets(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)), 500);
        assert_int_equal(run.decoded.status, DecodeStatus::need_more);
        assert_in_range(run.decoded.size, size + 1, head);
    }
    for (const std::size_t size : {head, head + 1, whole.size()}) {
        const Run run(Octets(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)), 500);
        assert_int_equal(run.decoded.status, DecodeStatus::packet);
        assert_int_equal(run.decoded.size, whole.size());
        assert_int_equal(run.decoded.head_size, head);
        assert_true(run.decoded.packet.oversize);
        assert_true(run.decoded.packet.payload.empty());
        assert_int_equal(run.decoded.packet.packet_id, 9);
        assert_string_equal(str(run.decoded.packet.topic).c_str(), "a/b");
    }
    const std::size_t remaining = whole.size() - 3;
    assert_true(Run(whole, remaining - 1).decoded.packet.oversize);
    assert_false(Run(whole, remaining).decoded.packet.oversize);
}

void the_largest_remaining_length_is_skippable(void** /*state*/) {
    const Run run(hex("30 FF FF FF 7F 00 01 61"));
    assert_int_equal(run.decoded.status, DecodeStatus::packet);
    assert_true(run.decoded.packet.oversize);
    assert_int_equal(run.decoded.size, 5 + kRemainingLengthMax);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(connect_has_the_octets_of_section_3_1),
        cmocka_unit_test(connect_with_everything_has_its_fields_in_order),
        cmocka_unit_test(connect_fields_that_are_not_set_are_not_sent),
        cmocka_unit_test(connect_that_mqtt_cannot_say_is_refused_and_appends_nothing),
        cmocka_unit_test(packets_have_the_octets_of_the_specification),
        cmocka_unit_test(qos0_publish_never_carries_dup),
        cmocka_unit_test(remaining_length_is_as_in_table_2_4),
        cmocka_unit_test(packets_that_mqtt_cannot_say_are_refused_and_append_nothing),
        cmocka_unit_test(publish_is_decoded_with_all_its_parts),
        cmocka_unit_test(connack_tells_session_present_and_code),
        cmocka_unit_test(short_packets_are_decoded_and_encode_to_the_same_octets),
        cmocka_unit_test(publishes_survive_the_round_trip_at_each_boundary_of_the_length),
        cmocka_unit_test(every_truncation_needs_more_and_says_how_much_at_least),
        cmocka_unit_test(what_a_server_may_not_send_is_an_error_at_the_first_octet),
        cmocka_unit_test(wrong_lengths_are_errors),
        cmocka_unit_test(wrong_contents_are_errors),
        cmocka_unit_test(qos0_publish_with_dup_is_taken_without_it),
        cmocka_unit_test(a_topic_of_many_levels_does_not_cost_the_connection),
        cmocka_unit_test(oversize_publish_is_told_by_its_head_alone),
        cmocka_unit_test(the_largest_remaining_length_is_skippable),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
