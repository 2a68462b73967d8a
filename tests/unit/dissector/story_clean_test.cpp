// SPDX-License-Identifier: BSD-3-Clause
//
// Conversations in which nothing is wrong: the story tells who, what, and which belongs to which, and has no
// remark of NOTE or above.
#include <string>

#include "support/cmocka.hpp"
#include "unit/common/message_checks.hpp"
#include "unit/dissector/conversation.hpp"

using mqttsnx::Direction;
using mqttsnx::State;
using mqttsnx::Telling;
using mqttsnx::TopicSource;
using test::Capture;

namespace {

void expect_no_remark(const Capture& capture) {
    CHECK_CASE(capture.remarks().empty(), "%s", capture.remarks().c_str());
}

// SN12-61
void a_connection_with_a_will_is_a_chain_from_connect_to_connack(void** /*state*/) {
    Capture c;
    c.up("0A 04 0C 01 00 3C 64 65 76 31");
    c.down("02 06");
    c.up("06 07 30 77 2F 74");
    c.down("02 08");
    c.up("05 09 6F 66 66");
    c.down("03 05 00");
    expect_no_remark(c);
    for (std::uint32_t frame = 1; frame < 6; ++frame) {
        assert_true(c.frame(frame).expects_answer);
        assert_int_equal(c.frame(frame).response_frame, frame + 1);
        assert_int_equal(c.frame(frame + 1).request_frame, frame);
        assert_true(c.frame(frame + 1).response_time == 10'000'000);
        assert_true(c.frame(frame + 1).state == (frame == 5 ? State::active : State::connecting));
        assert_int_equal(c.frame(frame + 1).connect_frame, 1);
    }
    assert_true(c.frame(6).exchange_time == 50'000'000);
    assert_false(c.frame(6).expects_answer);
    assert_true(c.frame(3).topic == "w/t" && c.frame(3).topic_source == TopicSource::octets);
    assert_true(c.frame(6).client == "dev1");
}

// SN12-71
void a_registered_id_has_its_name_in_publish_and_puback(void** /*state*/) {
    Capture c;
    c.connect();
    c.up("09 0A 00 00 00 01 61 2F 62");
    c.down("07 0B 00 10 00 01 00");
    c.up("09 0C 00 00 10 00 00 68 69");
    c.up("09 0C 20 00 10 00 02 68 69");
    c.down("07 0D 00 10 00 02 00");
    expect_no_remark(c);
    assert_true(c.frame(3).topic_source == TopicSource::octets);
    for (const std::uint32_t frame : {3U, 4U, 5U, 6U, 7U}) {
        CHECK_CASE(c.frame(frame).topic == "a/b", "frame %u", frame);
    }
    assert_int_equal(c.frame(4).topic_frame, 3);
    assert_int_equal(c.frame(5).topic_frame, 4);
    assert_int_equal(c.frame(7).topic_frame, 4);
    assert_true(c.frame(7).topic_source == TopicSource::registered);
    assert_false(c.frame(5).expects_answer);
    assert_int_equal(c.frame(6).response_frame, 7);
    assert_int_equal(c.frame(7).request_frame, 6);
    assert_ptr_equal(c.frame(6).exchange, c.frame(7).exchange);
    assert_int_equal(c.frame(7).exchange->puback, 7);
}

// SN12-41, SN12-75
void a_qos_2_publish_is_one_exchange_of_four_frames(void** /*state*/) {
    for (const bool from_device : {true, false}) {
        Capture c;
        c.connect();
        c.up("08 12 40 00 03 61 2F 62");
        c.down("08 13 40 00 10 00 03 00");
        const auto ask = [&](const char* text) { from_device ? c.up(text) : c.down(text); };
        const auto answer = [&](const char* text) { from_device ? c.down(text) : c.up(text); };
        ask("07 0C 40 00 10 00 02");
        answer("04 0F 00 02");
        ask("04 10 00 02");
        answer("04 0E 00 02");
        expect_no_remark(c);
        for (std::uint32_t frame = 5; frame <= 8; ++frame) {
            const Telling& telling = c.frame(frame);
            assert_non_null(telling.exchange);
            assert_int_equal(telling.exchange->publish, 5);
            assert_int_equal(telling.exchange->pubrec, 6);
            assert_int_equal(telling.exchange->pubrel, 7);
            assert_int_equal(telling.exchange->pubcomp, 8);
            assert_true(telling.topic == "a/b");
        }
        assert_int_equal(c.frame(5).response_frame, 6);
        assert_int_equal(c.frame(7).response_frame, 8);
        assert_int_equal(c.frame(8).request_frame, 7);
        assert_true(c.frame(8).response_time == 10'000'000);
        assert_true(c.frame(8).exchange_time == 30'000'000);
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_with_a_will_is_a_chain_from_connect_to_connack),
        cmocka_unit_test(a_registered_id_has_its_name_in_publish_and_puback),
        cmocka_unit_test(a_qos_2_publish_is_one_exchange_of_four_frames),
    };
    return cmocka_run_group_tests_name("unit.dissector.story_clean", tests, nullptr, nullptr);
}
