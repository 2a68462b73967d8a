// SPDX-License-Identifier: BSD-3-Clause
//
// Each expert info of the story, provoked: what was sent, and all that is remarked on it. Steps as in
// Capture::play(); frames count the messages from 1. `connect` takes two frames, `learn` two more.
#include <set>
#include <string>
#include <vector>

#include "support/cmocka.hpp"
#include "unit/common/message_checks.hpp"
#include "unit/dissector/conversation.hpp"

using test::Capture;

namespace {

struct Case {
    const char* steps;
    const char* remarks;  ///< of all frames, CHAT included
};

std::set<std::string> provoked;

void check(const std::vector<Case>& cases) {
    for (const Case& item : cases) {
        Capture capture;
        capture.play(item.steps);
        const std::string found = capture.remarks(true);
        CHECK_CASE(found == item.remarks, "%s\nfound:    %s\nexpected: %s", item.steps, found.c_str(),
                   item.remarks);
        for (std::uint32_t frame = 1; frame <= capture.last(); ++frame) {
            for (const mqttsnx::Note& note : capture.frame(frame).notes) {
                provoked.insert(test::expert_name(note.expert));
            }
        }
    }
}

// SN12-29 to SN12-52, D03
void a_type_from_the_wrong_side_is_remarked_and_not_followed(void** /*state*/) {
    check({
        {"connect; > 03 05 01; > 02 16", "3 wrong_direction"},
        {"connect; < 08 12 20 00 03 61 2F 62; < 02 17", "3 wrong_direction, 4 response_unexpected"},
        {"connect; < 0A 04 04 01 00 3C 64 65 76 31", "3 wrong_direction"},
        {"connect; > 05 00 05 03 84", "3 wrong_direction"},
    });
}

// SN12-15, SN12-48, SN12-37, SN12-25
void what_only_a_device_or_only_a_gateway_may_say(void** /*state*/) {
    check({
        {"connect; < 08 0C 62 61 62 00 00 78", "3 qos_minus_one_down"},
        {"connect; > 02 18; < 04 18 01 2C", "4 duration_from_gateway"},
        {"connect; > 09 0A 00 07 00 01 61 2F 62; < 07 0B 00 10 00 01 00", "3 register_id_set"},
        {"connect; < 09 0A 00 00 00 01 61 2F 62; > 07 0B 00 00 00 01 03", "3 register_id_reserved"},
        {"connect; < 09 0A FF FF 00 01 61 2F 62; > 07 0B FF FF 00 01 03", "3 register_id_reserved"},
        {"connect; > 09 0A 00 00 00 01 61 2F 62; < 07 0B 00 00 00 01 00", "4 accepted_id_reserved"},
        {"connect; > 09 0A 00 00 00 01 61 2F 62; < 07 0B FF FF 00 01 00", "4 accepted_id_reserved"},
        {"connect; > 08 12 20 00 03 61 2F 62; < 08 13 20 00 00 00 03 00", "4 accepted_id_reserved@3"},
        // D36: not accepted, and D51: a filter whose messages have other names
        {"connect; > 08 12 20 00 03 61 2F 62; < 08 13 00 00 00 00 03 03", ""},
        {"connect; > 0F 12 20 00 03 24 73 68 61 72 65 2F 67 2F 61; < 08 13 20 00 00 00 03 00", ""},
    });
}

// SN12-83, SN12-86, SN12-87
void suback_is_held_against_its_subscribe(void** /*state*/) {
    check({
        {"connect; > 08 12 20 00 03 61 2F 23; < 08 13 20 00 10 00 03 00", "4 suback_id_not_zero@3"},
        {"connect; > 08 12 20 00 03 61 2F 62; < 08 13 40 00 10 00 03 00", "4 qos_granted_higher@3"},
        {"connect; > 08 12 20 00 03 61 2F 62; < 08 13 00 00 10 00 03 00", "4 qos_granted_lower@3"},
        {"connect; > 07 12 00 00 03 61 62; < 08 13 00 00 10 00 03 00", ""},
        {"connect; > 07 12 01 00 03 00 07; < 08 13 00 00 08 00 03 00",
         "3 predefined_unknown, 4 ack_topic_differs@3"},
        {"connect; > 07 12 01 00 03 00 07; < 08 13 00 00 00 00 03 00", "3 predefined_unknown"},
    });
}

// SN12-39, SN12-40, SN12-38
void acknowledgements_are_held_against_what_they_acknowledge(void** /*state*/) {
    check({
        {"connect; learn; > 09 0C 20 00 10 00 02 68 69; < 07 0D 15 A0 00 02 00", "6 ack_topic_differs@5"},
        {"connect; learn; > 09 0C 40 00 10 00 02 68 69; < 07 0D 00 10 00 02 00", "6 ack_qos_differs@5"},
        {"connect; learn; > 09 0C 20 00 10 00 02 68 69; < 04 0F 00 02", "6 ack_qos_differs@5"},
        {"connect; learn; > 09 0C 00 00 10 00 00 68 69; < 07 0D 00 10 00 00 00", "6 ack_qos_differs@5"},
        {"connect; < 09 0A 00 11 00 01 61 2F 63; > 07 0B 00 12 00 01 00", "4 ack_topic_differs@3"},
    });
}

// SN12-70, SN12-74, SN12-78, SN12-89, SN12-91
void topic_ids_have_to_be_known(void** /*state*/) {
    check({
        {"connect; > 09 0C 00 00 10 00 00 68 69", "3 topic_id_unknown"},
        {"connect 00; > 09 0C 00 00 10 00 00 68 69", "3 topic_id_before"},
        {"< 09 0C 00 00 10 00 00 68 69", "1 topic_id_before"},
        // refused by its receiver, though the capture did not see how it was learned or it was known
        {"connect 00; > 09 0C 20 00 10 00 02 68 69; < 07 0D 00 10 00 02 02; > 09 0C 20 00 10 00 03 68 69;"
         "< 07 0D 00 10 00 03 02",
         "3 topic_id_before, 5 topic_id_unknown@4"},
        {"connect; learn; > 09 0C 20 00 10 00 02 68 69; < 07 0D 00 10 00 02 02; > 09 0C 00 00 10 00 00 68 69",
         "7 topic_id_unknown@6"},
        {"connect; < 09 0A 00 11 00 01 61 2F 63; > 07 0B 00 11 00 01 03; < 09 0C 00 00 11 00 00 68 69",
         "5 topic_id_unknown@4"},
        {"connect; < 09 0A 00 11 00 01 61 2F 63; < 09 0C 00 00 11 00 00 68 69; > 07 0B 00 11 00 01 00;"
         "< 09 0C 00 00 11 00 00 68 69",
         "4 topic_id_unconfirmed@3"},
        {"connect; learn; < 09 0A 00 10 00 01 61 2F 63; > 07 0B 00 10 00 01 00", "5 topic_id_reassigned@4"},
        {"connect; learn; > 09 0A 00 00 00 01 61 2F 63; < 07 0B 00 10 00 01 00", "6 topic_id_reassigned@4"},
        {"connect; learn; < 09 0A 00 10 00 01 61 2F 62; > 07 0B 00 10 00 01 00", ""},
        {"connect; > 08 0C 01 00 07 00 00 78", "3 predefined_unknown"},
    });
}

// SN12-23, D30
void answers_belong_to_one_request(void** /*state*/) {
    check({
        {"connect; < 07 0D 00 10 00 02 00", "3 response_unexpected"},
        {"connect; < 04 0E 00 02", "3 response_unexpected"},
        {"connect; < 02 17", "3 response_unexpected"},
        {"connect; < 03 1D 00", "3 response_unexpected"},
        {"connect; learn; > 07 0B 00 10 00 01 00", "5 response_unexpected"},
        // before the capture, as long as none of the kind was seen
        {"< 07 0D 00 10 00 02 00; > 09 0C 20 00 10 00 03 68 69; < 07 0D 00 10 00 03 00; < 07 0D 00 10 00 09 "
         "00",
         "2 topic_id_before, 4 response_unexpected"},
        {"connect; learn; > 09 0C 20 00 10 00 02 68 69; < 07 0D 00 10 00 02 00; < 07 0D 00 10 00 02 00",
         "7 response_duplicate@6"},
        {"connect; < 03 05 00", "3 response_duplicate@2"},
        {"connect; > 02 18; < 02 18; < 02 18", "5 response_duplicate@4"},
        {"connect; > 04 18 01 2C; < 02 18; < 02 18", "5 response_duplicate@4"},
    });
}

// SN12-99, SN12-100, SN12-14, D29
void repetitions_are_told_from_new_requests(void** /*state*/) {
    check({
        {"connect; learn; > 09 0C 20 00 10 00 02 68 69; wait 15; > 09 0C A0 00 10 00 02 68 69; < 07 0D 00 10 "
         "00 02 00",
         "6 retransmission@5"},
        {"connect; learn; > 09 0C 20 00 10 00 02 68 69; wait 15; > 09 0C 20 00 10 00 02 68 69",
         "6 retransmission@5, 6 retransmission_no_dup@5"},
        // a copy that the network made has no DUP
        {"connect; learn; > 09 0C 20 00 10 00 02 68 69; > 09 0C 20 00 10 00 02 68 69", "6 retransmission@5"},
        // its answer was lost behind the capture
        {"connect; learn; > 09 0C 20 00 10 00 02 68 69; < 07 0D 00 10 00 02 00; wait 15; > 09 0C A0 00 10 00 "
         "02 68 69;"
         "< 07 0D 00 10 00 02 00",
         "7 retransmission@5, 8 response_duplicate@6"},
        // the MsgId is free again: another message with the same octets
        {"connect; learn; > 09 0C 20 00 10 00 02 68 69; < 07 0D 00 10 00 02 00; wait 15; > 09 0C 20 00 10 00 "
         "02 68 69;"
         "< 07 0D 00 10 00 02 00",
         ""},
        {"connect; learn; > 09 0C A0 00 10 00 02 68 69", "5 dup_first_seen"},
        {"connect; > 08 12 A0 00 03 61 2F 23", "3 dup_first_seen"},
        {"connect; learn; > 09 0C 20 00 10 00 02 68 69; > 09 0C 20 00 10 00 02 6A 6B", "6 msg_id_reused@5"},
        {"connect; > 08 12 20 00 03 61 2F 23; wait 15; > 08 12 20 00 03 61 2F 23", "4 retransmission@3"},
        {"connect; > 09 0A 00 00 00 01 61 2F 62; wait 15; > 09 0A 00 00 00 01 61 2F 62",
         "4 retransmission@3"},
        {"connect; > 02 16; wait 10; > 02 16; < 02 17", "4 retransmission@3"},
        {"connect; > 04 18 01 2C; wait 10; > 04 18 01 2C; < 02 18", "4 retransmission@3"},
        {"> 0A 04 04 01 00 3C 64 65 76 31; wait 10; > 0A 04 04 01 00 3C 64 65 76 31; < 03 05 00",
         "2 retransmission@1"},
        {"connect; learn; > 07 0C 40 00 10 00 02; < 04 0F 00 02; > 04 10 00 02; wait 15; > 04 10 00 02; < 04 "
         "0E 00 02",
         "8 retransmission@7"},
        // QoS 2 is not over before PUBCOMP
        {"connect; learn; > 07 0C 40 00 10 00 02; < 04 0F 00 02; wait 15; > 07 0C C0 00 10 00 02; < 04 0F 00 "
         "02",
         "7 retransmission@5, 8 response_duplicate@6"},
        {"connect; learn; > 07 0C 40 00 10 00 02; > 04 10 00 02", "6 qos2_released_early@5"},
        {"connect; > 04 10 00 02", "3 qos2_released_early"},
        {"connect 00; > 04 10 00 02; < 04 0E 00 02", ""},
    });
}

// SN12-73, SN12-77, SN12-85, SN12-100
void more_than_one_request_without_an_answer(void** /*state*/) {
    check({
        {"connect; learn; > 09 0C 20 00 10 00 02 68 69; > 09 0C 20 00 10 00 03 68 69; < 07 0D 00 10 00 02 00;"
         "> 09 0C 20 00 10 00 04 68 69",
         "6 too_many_outstanding@5, 8 too_many_outstanding@6"},
        {"connect; > 09 0A 00 00 00 01 61 2F 62; > 09 0A 00 00 00 02 61 2F 63", "4 too_many_outstanding@3"},
        {"connect; > 08 12 20 00 03 61 2F 62; > 08 14 00 00 04 61 2F 62", "4 too_many_outstanding@3"},
        // kinds do not count together, directions neither
        {"connect; learn; > 09 0C 20 00 10 00 02 68 69; > 09 0A 00 00 00 03 61 2F 62; > 08 12 20 00 04 61 2F "
         "62;"
         "< 09 0C 20 00 10 00 02 68 69",
         ""},
        {"connect; learn; > 07 0C 40 00 10 00 02; < 04 0F 00 02; > 04 10 00 02; > 09 0C 20 00 10 00 03 68 69",
         "8 too_many_outstanding@5"},
        {"connect; learn; > 09 0C 20 00 10 00 02 68 69; wait 11; > 09 0C 20 00 10 00 03 68 69",
         "6 gave_up@5"},
        // the device's own T_retry is shorter than the one that the specification recommends
        {"connect; learn; > 09 0C 20 00 10 00 02 68 69; wait 2; > 09 0C A0 00 10 00 02 68 69; wait 2;"
         "> 09 0C 20 00 10 00 03 68 69; < 07 0D 00 10 00 03 00",
         "6 retransmission@5, 7 gave_up@5"},
        {"connect; learn; > 09 0C 20 00 10 00 02 68 69; wait 40; connect",
         "6 gave_up@5, 6 connected_again@1"},
    });
}

// SN12-60, SN12-98, D09, D12
void who_is_not_connected_cannot_ask(void** /*state*/) {
    check({
        {"connect; learn; > 02 18; < 02 18; wait 1; > 09 0C 20 00 10 00 02 68 69; < 02 18",
         "7 not_connected@5"},
        {"connect; > 02 18; < 02 18; wait 1; > 02 16; < 02 18", "5 not_connected@3"},
        {"connect; > 02 18; < 02 18; > 04 18 01 2C; < 02 18", "5 not_connected@3"},
        {"connect; > 02 18; < 02 18; < 02 16", "5 not_connected@3"},
        {"connect; > 02 18; < 02 16; < 02 18", ""},  // sent before the gateway knew
        {"> 0A 04 04 01 00 3C 64 65 76 31; > 08 12 20 00 03 61 2F 23; < 03 05 00", "2 not_connected@1"},
        {"> 0A 04 04 01 00 3C 64 65 76 31; < 03 05 03; wait 1; > 02 16", "3 not_connected@2"},
        {"> 02 16; < 02 18; wait 1; > 02 16; < 02 18", "2 session_lost, 3 not_connected@2"},
        {"connect; < 02 18", "3 session_lost@1"},
        // sent before the device could know
        {"connect; < 02 18; > 02 16", "3 session_lost@1"},
        // a copy that the network made, and another message
        {"connect; learn; > 09 0C 00 00 10 00 00 68 69; > 02 18; < 02 18; > 09 0C 00 00 10 00 00 68 69", ""},
        {"connect; learn; > 09 0C 00 00 10 00 00 68 69; > 02 18; < 02 18; > 09 0C 00 00 10 00 00 6A 6B",
         "8 not_connected@6"},
        {"connect; learn; > 09 0C 20 00 10 00 02 68 69; < 02 18", "6 session_lost@1"},
        {"connect; > 02 16; < 02 17; connect", "5 connected_again@1"},
        // the same octets and nothing between: a repetition, its answer was lost behind the capture
        {"connect; wait 1; connect", "3 retransmission@1, 4 response_duplicate@2"},
        {"connect; > 02 18; < 02 18; device 40002; connect", ""},
        {"connect; device 40002; connect", "3 session_moved@1, 3 connected_again@1"},
        {"connect 00; > 02 18; < 02 18; device 40002; connect 00", "5 session_moved@3"},
        // the same CONNECT after the end of its session is a new one
        {"connect; < 02 18; connect; > 02 16; < 02 17", "3 session_lost@1"},
    });
}

// SN12-104, SN12-105, SN12-109, D55
void sleepers_neither_send_nor_hear(void** /*state*/) {
    check({
        {"connect; learn; > 04 18 01 2C; < 02 18; wait 1; > 09 0C 00 00 10 00 00 68 69",
         "7 sent_while_asleep@5"},
        {"connect; learn; > 04 18 01 2C; < 02 18; < 09 0C 00 00 10 00 00 68 69", "7 sent_to_asleep@5"},
        {"connect; learn; > 04 18 01 2C; < 09 0C 00 00 10 00 00 68 69; < 02 18", ""},  // before it knew
        {"connect; learn; > 04 18 01 2C; < 02 18; wait 1; > 09 0C 20 00 10 00 02 68 69; < 07 0D 00 10 00 02 "
         "00",
         "7 sent_while_asleep@5"},
        {"> 06 16 64 65 76 31; < 02 18; wait 5; > 06 16 64 65 76 31; < 02 18",
         "2 ping_unknown_client@1, 3 ping_unknown_client@2"},
        {"connect; > 06 16 64 65 76 39", "3 ping_unknown_client@1"},
        {"connect; > 06 16 64 65 76 31; < 02 17", ""},  // D14: its own id while it is active
    });
}

// SN12-102, SN12-103, SN12-112
void silence_is_measured_with_the_tolerance(void** /*state*/) {
    check({
        {"connect; wait 89; > 02 16; < 02 17", ""},
        {"connect; wait 91; > 02 16; < 02 17", "3 keep_alive_exceeded@1"},
        {"connect; > 04 18 01 2C; < 02 18; wait 329; > 06 16 64 65 76 31; < 02 17", ""},
        {"connect; > 04 18 01 2C; < 02 18; wait 331; > 06 16 64 65 76 31; < 02 17", "5 sleep_exceeded@3"},
        // its timer starts again with the PINGRESP
        {"connect; > 04 18 01 2C; < 02 18; wait 300; > 06 16 64 65 76 31; wait 20; < 02 17; wait 315;"
         "> 06 16 64 65 76 31; < 02 17",
         ""},
        {"connect; wait 3600; connect", "3 keep_alive_exceeded@1"},
    });
}

// SN12-61
void the_will_is_given_when_asked_for(void** /*state*/) {
    check({
        {"> 0A 04 04 01 00 3C 64 65 76 31; > 06 07 30 77 2F 74", "2 will_not_asked@1"},
        {"> 0A 04 0C 01 00 3C 64 65 76 31; > 06 07 30 77 2F 74", "2 will_not_asked@1"},
        {"> 0A 04 0C 01 00 3C 64 65 76 31; < 02 06; > 05 09 6F 66 66", "3 will_not_asked@1"},
        {"> 0A 04 04 01 00 3C 64 65 76 31; < 02 06", "2 will_not_asked@1"},
        {"> 0A 04 0C 01 00 3C 64 65 76 31; < 03 05 00", "2 connack_before_will@1"},
        {"> 0A 04 0C 01 00 3C 64 65 76 31; < 02 06; < 03 05 00", "3 connack_before_will@1"},
        {"> 0A 04 0C 01 00 3C 64 65 76 31; < 03 05 03", ""},
        {"> 0A 04 0C 01 00 3C 64 65 76 31; < 02 06; > 02 07; < 03 05 00", ""},  // D42
        // D09: a late copy of the CONNECT, and a device that begins its handshake again
        {"> 0A 04 0C 01 00 3C 64 65 76 31; < 02 06; > 06 07 30 77 2F 74; > 0A 04 0C 01 00 3C 64 65 76 31; < "
         "02 08; < 02 06;"
         "> 05 09 6F 66 66; < 03 05 00",
         "4 retransmission@1, 6 retransmission@2"},
        {"> 0A 04 0C 01 00 3C 64 65 76 31; < 02 06; wait 15; < 02 06; > 06 07 30 77 2F 74; < 02 08; wait 15; "
         "< 02 08;"
         "> 05 09 6F 66 66; < 03 05 00",
         "3 retransmission@2, 6 retransmission@5"},
    });
}

// A capture may miss the CONNACK: once the gateway has accepted something else the device is connected.
void a_connack_that_was_not_captured_costs_one_remark(void** /*state*/) {
    Capture c;
    c.up("0A 04 04 01 00 3C 64 65 76 31");
    c.up("07 0A 00 00 00 01 61");
    c.down("07 0B 00 10 00 01 00");
    c.up("08 0C 20 00 10 00 02 78");
    c.down("07 0D 00 10 00 02 00");
    assert_string_equal(c.remarks().c_str(), "2 not_connected@1");
    assert_true(c.frame(3).state == mqttsnx::State::active && c.frame(4).state == mqttsnx::State::active);
    // refused because there is no connection
    Capture refused;
    refused.up("0A 04 04 01 00 3C 64 65 76 31");
    refused.up("07 0A 00 00 00 01 61");
    refused.down("07 0B 00 00 00 01 03");
    assert_true(refused.frame(3).state == mqttsnx::State::connecting);
}

// The capture has cut the names off: the ids are registered all the same.
void an_id_whose_name_was_not_captured_whole_is_not_unknown(void** /*state*/) {
    const auto cut = [](Capture& c, const char* text, std::size_t left) {
        test::Octets octets = test::hex(text);
        const auto reported = static_cast<std::uint32_t>(octets.size());
        octets.resize(left);
        c.send(c.device, c.gateway, octets, reported);
    };
    Capture c;
    c.connect();
    cut(c, "0A 0A 00 00 00 01 61 62 63 64", 8);
    c.down("07 0B 00 10 00 01 00");
    cut(c, "09 12 20 00 02 61 62 63 64", 7);
    c.down("08 13 20 00 11 00 02 00");
    c.up("08 0C 00 00 10 00 00 78");
    c.down("08 0C 00 00 11 00 00 78");
    c.up("08 0C 00 00 12 00 00 78");
    assert_string_equal(c.remarks().c_str(), "9 topic_id_unknown");
    assert_true(c.frame(7).topic.empty() && c.frame(8).topic.empty());
}

// SN12-76, SN12-84, SN12-111
void congestion_is_to_be_waited_for(void** /*state*/) {
    check({
        {"connect; learn; > 09 0C 20 00 10 00 02 68 69; < 07 0D 00 10 00 02 01; wait 30; > 09 0C 00 00 10 00 "
         "00 68 69",
         "7 congestion_ignored@6"},
        {"connect; learn; > 09 0C 20 00 10 00 02 68 69; < 07 0D 00 10 00 02 01; > 02 16; < 02 17; wait 80; > "
         "02 16;"
         "< 02 17; wait 80; > 02 16; < 02 17; wait 80; > 02 16; < 02 17; wait 80; > 09 0C 00 00 10 00 00 68 "
         "69",
         ""},
        {"connect; > 09 0A 00 00 00 01 61 2F 62; < 07 0B 00 00 00 01 01; > 09 0A 00 00 00 02 61 2F 62",
         "5 congestion_ignored@4"},
        {"connect; > 08 12 20 00 03 61 2F 62; < 08 13 00 00 00 00 03 01; > 08 12 20 00 04 61 2F 62",
         "5 congestion_ignored@4"},
        {"> 0A 04 04 01 00 3C 64 65 76 31; < 03 05 01; wait 30; > 0A 04 04 01 00 3C 64 65 76 31",
         "3 congestion_ignored@2"},
    });
}

// SN12-27, SN12-29, SN12-59
void discovery_is_watched_over_all_addresses(void** /*state*/) {
    Capture c;
    const mqttsnx::Endpoint other = test::endpoint(2, 1883);
    c.send(c.device, test::group(), "03 01 01");
    c.wait(5);
    c.send(c.device, test::group(), "03 01 02");  // the radius grows
    c.send(c.gateway, test::group(), "05 00 05 00 64");
    c.wait(111);
    c.send(c.gateway, test::group(), "05 00 05 00 64");
    c.send(other, test::group(), "05 00 05 00 64");
    c.send(c.gateway, c.device, "03 02 05");
    c.send(c.gateway, c.device, "03 02 05");
    const std::string found = c.remarks();
    CHECK_CASE(found ==
                   "2 search_unanswered@1, 4 advertise_late@3, 5 gw_id_conflict@4, 6 gw_id_conflict@5, "
                   "7 response_duplicate@6",
               "%s", found.c_str());
    assert_int_equal(c.frame(2).retransmission_of, 1);
    assert_int_equal(c.frame(1).response_frame, 6);
    assert_int_equal(c.frame(2).response_frame, 6);
    assert_int_equal(c.frame(6).request_frame, 1);
    for (const char* name : {"search_unanswered", "advertise_late", "gw_id_conflict"}) {
        provoked.insert(name);
    }
}

// SN12-99: whoever shows it takes it from these two, when the capture is over
void an_unanswered_request_expects_an_answer_and_has_none(void** /*state*/) {
    Capture c;
    c.play("connect; learn; > 09 0C 20 00 10 00 02 68 69; wait 15; > 09 0C A0 00 10 00 02 68 69; > 02 16");
    for (const std::uint32_t frame : {5U, 6U, 7U}) {
        assert_true(c.frame(frame).expects_answer);
        assert_int_equal(c.frame(frame).response_frame, 0);
    }
    c.play("< 07 0D 00 10 00 02 00");
    assert_int_equal(c.frame(5).response_frame, 8);
    assert_int_equal(c.frame(6).response_frame, 8);
    assert_int_equal(c.frame(7).response_frame, 0);
    provoked.insert("request_unanswered");
}

/// After all others.
void every_expert_of_the_story_was_provoked(void** /*state*/) {
#define X(NAME, name, severity, group, text, rule) \
    CHECK_CASE(provoked.count(#name) == 1, "%s was not provoked", #name);
    MQTTSNX_EXPERTS_OF_STORY(X)
#undef X
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_type_from_the_wrong_side_is_remarked_and_not_followed),
        cmocka_unit_test(what_only_a_device_or_only_a_gateway_may_say),
        cmocka_unit_test(suback_is_held_against_its_subscribe),
        cmocka_unit_test(acknowledgements_are_held_against_what_they_acknowledge),
        cmocka_unit_test(topic_ids_have_to_be_known),
        cmocka_unit_test(answers_belong_to_one_request),
        cmocka_unit_test(repetitions_are_told_from_new_requests),
        cmocka_unit_test(more_than_one_request_without_an_answer),
        cmocka_unit_test(who_is_not_connected_cannot_ask),
        cmocka_unit_test(sleepers_neither_send_nor_hear),
        cmocka_unit_test(silence_is_measured_with_the_tolerance),
        cmocka_unit_test(the_will_is_given_when_asked_for),
        cmocka_unit_test(a_connack_that_was_not_captured_costs_one_remark),
        cmocka_unit_test(an_id_whose_name_was_not_captured_whole_is_not_unknown),
        cmocka_unit_test(congestion_is_to_be_waited_for),
        cmocka_unit_test(discovery_is_watched_over_all_addresses),
        cmocka_unit_test(an_unanswered_request_expects_an_answer_and_has_none),
        cmocka_unit_test(every_expert_of_the_story_was_provoked),
    };
    return cmocka_run_group_tests_name("unit.dissector.story_experts", tests, nullptr, nullptr);
}
