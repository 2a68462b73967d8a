// SPDX-License-Identifier: BSD-3-Clause
//
// Conversations in which nothing is wrong: the story tells who, what, and which belongs to which, and has no
// remark of NOTE or above.
#include <string>
#include <utility>

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
    assert_true(c.frame(6).topic.empty() && c.frame(6).client == "dev1");
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

// SN12-74, D21
void a_reconnect_without_clean_session_keeps_names_and_may_number_anew(void** /*state*/) {
    Capture c;
    c.connect("00");
    c.play("learn; > 02 18; < 02 18; wait 3600; device 40002; connect 00");  // 1-4, 5-6, 7-8
    c.play("> 09 0C 20 00 10 00 02 68 69; < 07 0D 00 10 00 02 00");          // 9, 10
    c.play("> 02 18; < 02 18; wait 3600; connect 00");
    c.play("< 09 0A 00 10 00 09 78 2F 79; > 07 0B 00 10 00 09 00; < 09 0C 00 00 10 00 00 68 69");
    expect_no_remark(c);
    assert_true(c.frame(9).topic == "a/b" && c.frame(9).client == "dev1");
    assert_true(c.frame(c.last()).topic == "x/y");
}

// SN12-65
void a_clean_session_forgets_what_the_ids_stood_for(void** /*state*/) {
    Capture c;
    c.connect();
    c.play("learn; > 02 18; < 02 18; wait 30; connect 04; < 09 0C 00 00 10 00 00 68 69");
    assert_true(c.frame(9).topic.empty());
    assert_string_equal(c.remarks().c_str(), "9 topic_id_unknown");
}

// SN12-65: a CONNECT that is refused begins no session, and ends none.
void a_refused_clean_session_forgets_nothing(void** /*state*/) {
    Capture c;
    c.connect("00");
    c.play("learn; > 02 18; < 02 18; wait 30");
    c.up("0A 04 04 01 00 3C 64 65 76 31");
    c.down("03 05 01");
    c.play("wait 301; connect 00; < 09 0C 00 00 10 00 00 68 69");
    assert_true(c.frame(c.last()).topic == "a/b");
    c.play("> 02 18; < 02 18; wait 30");
    c.up("0A 04 04 01 00 3C 64 65 76 31");
    c.down("03 05 01");
    c.play("wait 301; connect 04; < 09 0C 00 00 10 00 00 68 69");
    assert_true(c.frame(c.last()).topic.empty());
}

// Captures of two machines put together badly: nothing takes less than no time, and nobody is late for that.
void times_that_go_backwards_are_no_spans(void** /*state*/) {
    Capture c;
    c.wait(1000);
    c.connect("00");
    c.play("learn");
    c.wait(-500);
    c.play("> 09 0C 20 00 10 00 02 68 69");
    c.wait(-100);
    c.play("< 07 0D 00 10 00 02 00; > 02 16; < 02 17");
    expect_no_remark(c);
    assert_true(c.frame(5).silence == 0);
    assert_int_equal(c.frame(6).request_frame, 5);
    assert_true(c.frame(6).response_time == 0 && c.frame(6).exchange_time == 0);
    assert_true(c.frame(8).state == State::active);
}

// SN12-50, D50, SN12-114: two nodes of one forwarder are two devices, and an envelope in an envelope a third
void devices_behind_a_forwarder_are_told_apart_by_their_node_ids(void** /*state*/) {
    Capture c;
    const std::string one = "05 FE 00 00 01 ";
    const std::string two = "05 FE 00 00 02 ";
    c.up(one + "0A 04 04 01 00 3C 64 65 76 31");
    c.up(two + "0A 04 04 01 00 3C 64 65 76 32");
    c.down(two + "03 05 00");
    c.up(one + two + "0A 04 04 01 00 3C 64 65 76 33");
    c.down(one + "03 05 00");
    c.down(one + two + "03 05 00");
    c.up(one + "09 0A 00 00 00 01 61 2F 62");
    c.up(two + "09 0A 00 00 00 01 78 2F 79");
    c.down(one + "07 0B 00 10 00 01 00");
    c.down(two + "07 0B 00 10 00 01 00");
    c.down(one + "09 0C 00 00 10 00 00 68 69");
    c.down(two + "09 0C 00 00 10 00 00 68 69");
    expect_no_remark(c);
    assert_int_equal(c.frame(3).request_frame, 2);
    assert_int_equal(c.frame(5).request_frame, 1);
    assert_int_equal(c.frame(6).request_frame, 4);
    assert_true(c.frame(3).client == "dev2" && c.frame(5).client == "dev1" && c.frame(6).client == "dev3");
    assert_true(c.frame(11).topic == "a/b" && c.frame(11).client == "dev1");
    assert_true(c.frame(12).topic == "x/y" && c.frame(12).client == "dev2");
}

// SN12-57, SN12-58, D45
void gwinfo_answers_searchgw_across_addresses(void** /*state*/) {
    Capture c;
    const mqttsnx::Endpoint other = test::endpoint(8, 50000);
    c.send(c.gateway, test::group(), "05 00 05 03 84");             // 1 ADVERTISE
    c.send(c.device, test::group(), "03 01 01");                    // 2 SEARCHGW
    c.down("03 02 05");                                             // 3 to it alone
    c.send(c.device, test::group(), "03 01 01");                    // 4
    c.send(other, test::group(), "03 01 01");                       // 5
    c.send(c.gateway, test::group(), "03 02 05");                   // 6 to all
    c.send(test::endpoint(2, 1883), c.device, "03 02 06");          // 7 another gateway
    c.send(other, test::group(), "0A 02 06 06 0A 00 00 02 07 5B");  // 8 of a device
    c.wait(899);
    c.send(c.gateway, test::group(), "05 00 05 03 84");  // 9
    expect_no_remark(c);
    assert_true(c.frame(1).direction == Direction::down && c.frame(2).direction == Direction::up);
    assert_true(c.frame(6).direction == Direction::down && c.frame(8).direction == Direction::up);
    assert_int_equal(c.frame(2).response_frame, 3);
    assert_int_equal(c.frame(3).request_frame, 2);
    assert_int_equal(c.frame(4).response_frame, 6);
    assert_int_equal(c.frame(5).response_frame, 6);
    assert_int_equal(c.frame(6).request_frame, 5);
    assert_int_equal(c.frame(7).request_frame, 4);
    assert_int_equal(c.frame(7).duplicate_of, 0);
}

// SN12-93, SN12-94, D48
void pings_of_both_sides_keep_a_session_alive(void** /*state*/) {
    Capture c;
    c.connect();
    c.play("wait 60; > 02 16; < 02 17; wait 60; < 02 16; > 02 17; wait 60; > 02 16; < 02 17");
    expect_no_remark(c);
    assert_true(c.frame(3).silence == 60'020'000'000);
    assert_int_equal(c.frame(4).request_frame, 3);
    assert_int_equal(c.frame(6).request_frame, 5);
    assert_true(c.frame(6).direction == Direction::up);
    assert_int_equal(c.frame(8).request_frame, 7);
    assert_false(c.frame(8).has_delivered);
    assert_true(c.frame(8).state == State::active);
}

// SN12-76, D26, D27
void refusals_answer_publishes_of_every_qos(void** /*state*/) {
    Capture c;
    c.connect();
    c.play("learn");
    c.play("> 09 0C 00 00 10 00 00 68 69; > 09 0C 00 00 10 00 00 6A 6B; < 07 0D 00 10 00 00 03");  // 5, 6, 7
    c.play("> 09 0C 40 00 10 00 02 68 69; < 07 0D 00 10 00 02 03");                                // 8, 9
    expect_no_remark(c);
    assert_int_equal(c.frame(7).request_frame, 6);
    assert_int_equal(c.frame(6).response_frame, 7);
    assert_false(c.frame(6).expects_answer);
    assert_int_equal(c.frame(9).request_frame, 8);
    assert_int_equal(c.frame(8).exchange->puback, 9);
}

// SN12-69, SN12-88
void updates_and_unsubscribe_have_their_answers(void** /*state*/) {
    Capture c;
    c.connect();
    c.play("> 06 1A 30 77 2F 74; < 03 1B 00; > 05 1C 6F 66 66; < 03 1D 00");
    c.play("> 08 12 20 00 03 61 2F 23; < 08 13 20 00 00 00 03 00; > 08 14 00 00 04 61 2F 23; < 04 15 00 04");
    expect_no_remark(c);
    for (std::uint32_t frame = 3; frame < 11; frame += 2) {
        assert_int_equal(c.frame(frame).response_frame, frame + 1);
        assert_int_equal(c.frame(frame + 1).request_frame, frame);
    }
    assert_true(c.frame(3).topic == "w/t" && c.frame(4).topic == "w/t");
    assert_true(c.frame(8).topic == "a/#" && c.frame(8).topic_source == TopicSource::subscribed);
    assert_int_equal(c.frame(8).topic_frame, 7);
    assert_true(c.frame(10).topic == "a/#");
}

std::string_view one_name(const mqttsnx::Endpoint& gateway, std::string_view client, std::uint16_t id,
                          void* context) {
    ++*static_cast<int*>(context);
    return gateway.port == 1883 && (client.empty() || client == "dev1") && id == 1 ? "pre/defined" : "";
}

// SN12-78, SN12-81, SN12-82, D47: also without any connection
void predefined_short_and_long_names_need_no_registration(void** /*state*/) {
    int asked = 0;
    mqttsnx::StorySettings settings;
    settings.predefined = one_name;
    settings.context = &asked;
    Capture c(settings);
    c.play("> 08 0C 61 00 01 00 00 78; > 08 0C 62 61 62 00 00 78; > 0B 0C 60 00 03 00 00 61 2F 62 78");
    c.connect();
    c.play("> 08 0C 01 00 01 00 00 78; > 08 0C 22 61 62 00 05 78; < 07 0D 61 62 00 05 00");
    c.play(
        "> 07 12 01 00 06 00 01; < 08 13 00 00 01 00 06 00; > 07 12 02 00 07 61 62; < 08 13 00 00 00 00 07 "
        "00");
    expect_no_remark(c);
    for (const std::uint32_t frame : {1U, 6U, 9U, 10U}) {
        CHECK_CASE(c.frame(frame).topic == "pre/defined", "frame %u", frame);
        CHECK_CASE(c.frame(frame).topic_source == TopicSource::predefined, "frame %u", frame);
    }
    for (const std::uint32_t frame : {2U, 7U, 8U, 11U, 12U}) {
        CHECK_CASE(c.frame(frame).topic == "ab", "frame %u", frame);
    }
    assert_true(c.frame(3).topic == "a/b");
    assert_true(c.frame(1).direction == Direction::up && c.frame(1).state == State::unknown);
    assert_int_equal(asked, 3);  // not for what an answer has from its request
}

// SN12-82: a QoS -1 message makes no session, but shows whose it is
void qos_minus_one_changes_no_session(void** /*state*/) {
    Capture c;
    c.connect();
    c.play("> 02 18; < 02 18; > 08 0C 62 61 62 00 00 78");
    expect_no_remark(c);
    assert_true(c.frame(5).client == "dev1" && c.frame(5).state == State::disconnected);
    assert_false(c.frame(5).expects_answer);
}

// A capture that begins in the middle knows little and accuses nobody.
void a_capture_that_begins_late_has_no_remarks(void** /*state*/) {
    Capture c;
    c.play("< 07 0D 00 10 00 02 00; < 04 0F 00 07; > 04 10 00 07; < 04 0E 00 07; > 04 0E 00 08");
    c.play("> 09 0C 20 00 10 00 03 68 69; < 07 0D 00 10 00 03 00; < 09 0C 00 00 11 00 00 68 69");
    c.play("< 03 1B 00; < 04 15 00 09; < 08 13 00 00 00 00 0A 00; < 02 17; > 02 16; < 02 17");
    c.play(
        "> 06 16 64 65 76 31; < 09 0C 00 00 11 00 00 68 69; < 02 17; wait 4000; > 06 16 64 65 76 31; < 02 "
        "17");
    c.play("> 09 0C 00 00 10 00 00 68 69; > 05 09 6F 66 66; < 03 05 00");
    expect_no_remark(c);
    assert_true(c.frame(6).direction == Direction::up);
    assert_int_equal(c.frame(7).request_frame, 6);
    assert_true(c.frame(15).client == "dev1" && c.frame(15).state == State::awake);
    assert_int_equal(c.frame(17).delivered, 1);
}

// The ports need not tell: CONNECT does, and what usually comes from one side.
void message_types_tell_who_is_the_device(void** /*state*/) {
    Capture c;
    c.ports_tell = false;
    c.gateway.port = 5000;
    c.connect();
    c.play("learn; < 09 0C 20 00 10 00 02 68 69; > 07 0D 00 10 00 02 00");
    expect_no_remark(c);
    assert_true(c.frame(5).direction == Direction::down && c.frame(6).direction == Direction::up);
    assert_true(c.frame(5).topic == "a/b");
}

// Nothing tells: the direction stays open, but what belongs together is linked.
void answers_are_linked_even_where_the_direction_is_not_known(void** /*state*/) {
    Capture c;
    c.ports_tell = false;
    c.gateway.port = 5000;
    c.play("< 09 0C 20 00 10 00 02 68 69; > 07 0D 00 10 00 02 00; > 02 18; < 02 18");
    expect_no_remark(c);
    assert_true(c.frame(1).direction == Direction::unknown);
    assert_int_equal(c.frame(1).response_frame, 2);
    assert_true(c.frame(2).state == State::unknown && c.frame(4).state == State::unknown);
    c.connect();
    assert_true(c.frame(5).direction == Direction::up && c.frame(6).direction == Direction::down);
    assert_true(c.frame(6).state == State::active);
}

// The user's ports are wrong: the types correct them.
void types_win_over_ports(void** /*state*/) {
    Capture c;
    std::swap(c.device, c.gateway);  // the device uses the gateway's port
    c.connect();
    c.play("> 09 0C 20 00 10 00 02 68 69; < 07 0D 00 10 00 02 00");
    assert_string_equal(c.remarks().c_str(), "3 topic_id_unknown");
    assert_true(c.frame(1).direction == Direction::up && c.frame(3).direction == Direction::up);
}

// SN12-102, D07
void a_keep_alive_of_0_is_not_supervised(void** /*state*/) {
    Capture c;
    c.connect("04", "dev1", "00 00");
    c.play("wait 100000; > 02 16; < 02 17");
    expect_no_remark(c);
    assert_true(c.frame(3).silence == -1);
}

// SN12-62, SN12-76: what was refused is asked again, and then there is another answer.
void what_was_refused_may_be_asked_again(void** /*state*/) {
    Capture c;
    c.connect("04", "dev1", "0E 10");
    c.up("07 0A 00 00 00 01 61");
    c.down("07 0B 00 00 00 01 01");
    c.wait(301);
    c.up("07 0A 00 00 00 01 61");
    c.down("07 0B 00 10 00 01 00");
    c.up("08 0C 20 00 10 00 02 78");
    c.down("07 0D 00 10 00 02 01");
    c.wait(301);
    c.up("08 0C A0 00 10 00 02 78");
    c.down("07 0D 00 10 00 02 00");
    expect_no_remark(c);
    assert_int_equal(c.frame(3).response_frame, 4);
    assert_int_equal(c.frame(5).response_frame, 6);
    assert_int_equal(c.frame(6).request_frame, 5);
    assert_int_equal(c.frame(7).response_frame, 8);
    assert_int_equal(c.frame(9).response_frame, 10);
    assert_int_equal(c.frame(10).request_frame, 9);
    assert_int_equal(c.frame(10).duplicate_of, 0);
    assert_true(c.frame(7).topic == "a" && c.frame(7).topic_frame == 6);
}

// D28: MsgIds go round. What got no answer an hour ago and has the same octets by chance is not repeated.
void a_msg_id_that_comes_again_after_it_was_given_up_is_a_new_exchange(void** /*state*/) {
    for (const char* payload : {"78", "79"}) {
        Capture c;
        c.connect("04", "dev1", "0E 10");
        c.up("08 0C 22 61 62 00 01 78");
        c.wait(20);
        c.up("08 0C 22 61 62 00 02 78");
        c.down("07 0D 61 62 00 02 00");
        c.wait(3000);
        c.up(std::string("08 0C 22 61 62 00 01 ") + payload);
        c.down("07 0D 61 62 00 01 00");
        assert_string_equal(c.remarks().c_str(), "4 gave_up@3");
        assert_int_equal(c.frame(3).response_frame, 0);
        assert_int_equal(c.frame(6).response_frame, 7);
        assert_int_equal(c.frame(7).request_frame, 6);
        assert_true(c.frame(7).exchange_time == 10'000'000);
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_with_a_will_is_a_chain_from_connect_to_connack),
        cmocka_unit_test(a_registered_id_has_its_name_in_publish_and_puback),
        cmocka_unit_test(a_qos_2_publish_is_one_exchange_of_four_frames),
        cmocka_unit_test(a_reconnect_without_clean_session_keeps_names_and_may_number_anew),
        cmocka_unit_test(a_clean_session_forgets_what_the_ids_stood_for),
        cmocka_unit_test(a_refused_clean_session_forgets_nothing),
        cmocka_unit_test(times_that_go_backwards_are_no_spans),
        cmocka_unit_test(devices_behind_a_forwarder_are_told_apart_by_their_node_ids),
        cmocka_unit_test(gwinfo_answers_searchgw_across_addresses),
        cmocka_unit_test(pings_of_both_sides_keep_a_session_alive),
        cmocka_unit_test(refusals_answer_publishes_of_every_qos),
        cmocka_unit_test(updates_and_unsubscribe_have_their_answers),
        cmocka_unit_test(predefined_short_and_long_names_need_no_registration),
        cmocka_unit_test(qos_minus_one_changes_no_session),
        cmocka_unit_test(a_capture_that_begins_late_has_no_remarks),
        cmocka_unit_test(message_types_tell_who_is_the_device),
        cmocka_unit_test(answers_are_linked_even_where_the_direction_is_not_known),
        cmocka_unit_test(types_win_over_ports),
        cmocka_unit_test(a_keep_alive_of_0_is_not_supervised),
        cmocka_unit_test(what_was_refused_may_be_asked_again),
        cmocka_unit_test(a_msg_id_that_comes_again_after_it_was_given_up_is_a_new_exchange),
    };
    return cmocka_run_group_tests_name("unit.dissector.story_clean", tests, nullptr, nullptr);
}
