// SPDX-License-Identifier: BSD-3-Clause
//
// The conformance program's own MQTT 3.1.1 codec.
#include "conformance/mqtt_packet.hpp"

#include "support/cmocka.hpp"

namespace {

using namespace conformance;

void is(const Octets& made, const Octets& wanted) {
    if (made != wanted) {
        print_error("%s, wanted %s\n", hex(made).c_str(), hex(wanted).c_str());
        assert_true(false);
    }
}

void makers_write_what_the_standard_says(void**) {
    is(mqtt::connect("ab"), {0x10, 14, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0, 0, 2, 'a', 'b'});
    is(mqtt::publish("t", "x", 0, false, 9), {0x30, 4, 0, 1, 't', 'x'});
    is(mqtt::publish("t", "x", 2, true, 0x0102), {0x35, 6, 0, 1, 't', 1, 2, 'x'});
    is(mqtt::acknowledgement(mqtt::PUBREC, 3), {0x50, 2, 0, 3});
    is(mqtt::acknowledgement(mqtt::PUBREL, 3), {0x62, 2, 0, 3});
    is(mqtt::subscribe(7, "a", 2), {0x82, 6, 0, 7, 0, 1, 'a', 2});
    is(mqtt::disconnect(), {0xE0, 0});
}

void what_is_made_is_read_again_at_every_size(void**) {
    for (const std::size_t size : {0U, 1U, 122U, 123U, 124U, 16377U, 16378U, 16379U, 70000U}) {
        Octets stream = mqtt::publish("top", std::string(size, 'p'), 1, true, 77);
        stream.push_back(0xD0);  // the next packet has begun
        mqtt::Fault fault = mqtt::Fault::none;
        const auto packet = mqtt::take(stream, fault);
        assert_true(packet.has_value());
        assert_int_equal(packet->payload.size(), size);
        assert_string_equal(packet->topic.c_str(), "top");
        assert_int_equal(packet->id, 77);
        assert_true(packet->retain && packet->qos == 1 && !packet->dup);
        is(stream, {0xD0});
        assert_false(mqtt::take(stream, fault).has_value());
        assert_true(fault == mqtt::Fault::none);
    }
}

void a_packet_that_is_not_complete_stays(void**) {
    const Octets whole = mqtt::publish("t", "payload", 2, false, 1);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        Octets stream(whole.begin(), whole.begin() + static_cast<long>(size));
        mqtt::Fault fault = mqtt::Fault::none;
        assert_false(mqtt::take(stream, fault).has_value());
        assert_true(fault == mqtt::Fault::none);
        assert_int_equal(stream.size(), size);
    }
}

void answers_are_read(void**) {
    Octets stream{0x20, 2, 1, 5, 0x90, 3, 0, 4, 0x80, 0x40, 2, 1, 2, 0xD0, 0};
    mqtt::Fault fault = mqtt::Fault::none;
    assert_int_equal(mqtt::take(stream, fault)->code, 5);
    const auto suback = mqtt::take(stream, fault);
    assert_true(suback->type == mqtt::SUBACK && suback->id == 4 && suback->code == 0x80);
    assert_int_equal(mqtt::take(stream, fault)->id, 0x0102);
    assert_int_equal(mqtt::take(stream, fault)->type, mqtt::PINGRESP);
    assert_true(stream.empty());
}

void what_is_no_mqtt_is_a_fault(void**) {
    for (const Octets& broken : {Octets{0x30, 0x80, 0x80, 0x80, 0x80, 0x01}, Octets{0x30, 1, 0},
                                 Octets{0x30, 2, 0, 9}, Octets{0x32, 3, 0, 1, 't'}, Octets{0x40, 1, 0}}) {
        Octets stream = broken;
        mqtt::Fault fault = mqtt::Fault::none;
        assert_false(mqtt::take(stream, fault).has_value());
        assert_true(fault == mqtt::Fault::broken);
    }
}

void packets_are_described(void**) {
    Octets stream = mqtt::publish("a/b", "hi", 1, true, 3);
    mqtt::Fault fault = mqtt::Fault::none;
    assert_string_equal(mqtt::describe(*mqtt::take(stream, fault)).c_str(),
                        "PUBLISH [Q1 RETAIN id=3] a/b \"hi\"");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(makers_write_what_the_standard_says),
        cmocka_unit_test(what_is_made_is_read_again_at_every_size),
        cmocka_unit_test(a_packet_that_is_not_complete_stays),
        cmocka_unit_test(answers_are_read),
        cmocka_unit_test(what_is_no_mqtt_is_a_fault),
        cmocka_unit_test(packets_are_described),
    };
    return cmocka_run_group_tests_name("unit.conformance.mqtt_packet", tests, nullptr, nullptr);
}
