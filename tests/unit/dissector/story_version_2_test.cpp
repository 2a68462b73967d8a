// SPDX-License-Identifier: BSD-3-Clause
//
// MQTT-SN 2.0 is told from 1.2 by conversation, by node behind a forwarder, and in discovery by whoever spoke
// it before.
#include <string>

#include "support/cmocka.hpp"
#include "unit/common/message_checks.hpp"
#include "unit/dissector/conversation.hpp"

using test::Capture;

namespace {

// D53: the conversation is 2.0 from its first packet on, in both directions; another is not.
void a_version_2_connect_makes_the_conversation_version_2(void** /*state*/) {
    const std::string connect_2 = "0E 01 00 00 01 02 00 3C 00 00 64 65 76 31";
    const test::Octets octets = test::hex(connect_2);
    if (!mqttsnx::looks_like_version_2_connect(octets, 14)) {
        CHECK_CASE(false, "%s is no CONNECT of 2.0", connect_2.c_str());
    }
    Capture c;
    c.up(connect_2);
    c.down("05 02 00 01 00");
    c.up("02 16");
    assert_true(c.frame(1).version_2 && c.frame(2).version_2 && c.frame(3).version_2);
    c.device.port = 40002;
    c.connect();
    c.up(connect_2);  // after a CONNECT of 1.2
    assert_false(c.frame(4).version_2 || c.frame(6).version_2);

    // A capture that begins late: what is faultless in 1.2 may have been 2.0 all the same.
    Capture late;
    late.up("02 16");
    late.down("03 02 01");
    late.up(connect_2);
    late.up("02 16");
    assert_false(late.frame(1).version_2 || late.frame(2).version_2);
    assert_true(late.frame(3).version_2 && late.frame(4).version_2);
    Capture answered;
    answered.down("03 05 00");
    answered.up(connect_2);
    assert_false(answered.frame(2).version_2);

    mqttsnx::StorySettings settings;
    settings.version = mqttsnx::StorySettings::Version::v2_0;
    Capture forced(settings);
    assert_true(forced.up("02 16").version_2);
    settings.version = mqttsnx::StorySettings::Version::v1_2;
    Capture never(settings);
    assert_false(never.up(connect_2).version_2);
}

// D50, D53: two devices behind one forwarder need not speak the same.
void version_2_behind_a_forwarder_is_told_by_node(void** /*state*/) {
    const std::string one = "05 FE 00 00 01 ";
    const std::string two = "05 FE 00 00 02 ";
    Capture c;
    c.up(two + "0A 04 04 01 00 3C 64 65 76 31");
    c.up(one + "0E 01 00 00 01 02 00 3C 00 00 64 65 76 31");
    c.down(one + "05 02 00 01 00");
    c.down(two + "03 05 00");
    c.up(one + "02 16");
    c.up(two + "02 16");
    c.connect();  // the forwarder itself
    for (const std::uint32_t frame : {2U, 3U, 5U}) {
        CHECK_CASE(c.frame(frame).version_2 && c.frame(frame).version_2_inside, "frame %u", frame);
    }
    for (const std::uint32_t frame : {1U, 4U, 6U, 7U, 8U}) {
        CHECK_CASE(!c.frame(frame).version_2 && !c.frame(frame).version_2_inside, "frame %u", frame);
    }
    assert_true(c.frame(6).client == "dev1");
}

// D53: numbers that 1.2 never sends to a group
void discovery_of_whoever_has_spoken_version_2_is_version_2(void** /*state*/) {
    Capture c;
    c.send(c.gateway, test::group(), "05 16 05 03 84");  // nobody knows yet
    c.up("0E 01 00 00 01 02 00 3C 00 00 64 65 76 31");
    c.send(c.gateway, test::group(), "05 16 05 03 84");
    c.send(c.gateway, test::group(), "03 18 05");
    c.send(c.device, test::group(), "03 17 00");
    c.send(test::endpoint(9, 1883), test::group(), "05 16 05 03 84");
    c.send(c.gateway, test::group(), "05 00 05 03 84");  // it speaks 1.2 too
    const bool expected[] = {false, true, true, true, true, false, false};
    for (std::uint32_t frame = 1; frame <= 7; ++frame) {
        CHECK_CASE(c.frame(frame).version_2 == expected[frame - 1], "frame %u", frame);
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_version_2_connect_makes_the_conversation_version_2),
        cmocka_unit_test(version_2_behind_a_forwarder_is_told_by_node),
        cmocka_unit_test(discovery_of_whoever_has_spoken_version_2_is_version_2),
    };
    return cmocka_run_group_tests_name("unit.dissector.story_version_2", tests, nullptr, nullptr);
}
