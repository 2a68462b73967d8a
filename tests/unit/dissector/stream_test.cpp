// SPDX-License-Identifier: BSD-3-Clause
//
// A stream is a device, whatever address it has: what Follow and mqttsnx.stream go by.
#include "support/cmocka.hpp"
#include "unit/common/message_checks.hpp"
#include "unit/dissector/conversation.hpp"

using mqttsnx::kNoStream;
using test::Capture;

namespace {

/// Streams of all frames so far: "0 0 1 -".
std::string streams(const Capture& capture) {
    std::string out;
    for (std::uint32_t frame = 1; frame <= capture.last(); ++frame) {
        const std::uint32_t stream = capture.frame(frame).stream;
        out += (out.empty() ? "" : " ") + (stream == kNoStream ? std::string("-") : std::to_string(stream));
    }
    return out;
}

void expect(const Capture& capture, const std::string& wanted) {
    CHECK_CASE(streams(capture) == wanted, "%s, not %s", streams(capture).c_str(), wanted.c_str());
}

void devices_are_numbered_as_they_appear(void** /*state*/) {
    Capture c;
    c.connect("04", "one");
    c.device = test::endpoint(8, 40002);
    c.connect("04", "two");
    c.device = test::endpoint(7, 40001);
    c.up("02 16");
    c.down("02 17");
    expect(c, "0 0 1 1 0 0");
}

// D50
void a_device_keeps_its_stream_when_its_address_changes(void** /*state*/) {
    Capture c;
    c.connect("00", "one");
    c.device = test::endpoint(9, 40009);
    c.connect("00", "one");
    c.up("05 16 6F 6E 65");
    expect(c, "0 0 0 0 0");
}

void a_device_without_a_name_is_a_stream_and_keeps_it_when_it_gets_one(void** /*state*/) {
    Capture c;
    c.up("02 16");
    c.down("02 17");
    c.connect("04", "late");
    expect(c, "0 0 0 0");
    assert_true(c.frame(1).client.empty());
    assert_true(c.frame(3).client == "late");
}

// SN12-29, SN12-30, SN12-31, SN12-82
void messages_without_a_session_are_in_no_stream(void** /*state*/) {
    Capture c;
    c.send(c.gateway, test::group(), "05 00 01 03 84");
    c.send(c.device, test::group(), "03 01 01");
    c.down("03 02 01");
    c.up("08 0C 62 61 62 00 00 78");
    expect(c, "- - - -");
    c.connect();
    c.up("08 0C 62 61 62 00 00 78");
    expect(c, "- - - - 0 0 0");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(devices_are_numbered_as_they_appear),
        cmocka_unit_test(a_device_keeps_its_stream_when_its_address_changes),
        cmocka_unit_test(a_device_without_a_name_is_a_stream_and_keeps_it_when_it_gets_one),
        cmocka_unit_test(messages_without_a_session_are_in_no_stream),
    };
    return cmocka_run_group_tests_name("unit.dissector.stream", tests, nullptr, nullptr);
}
