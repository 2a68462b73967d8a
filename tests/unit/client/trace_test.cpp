// SPDX-License-Identifier: BSD-3-Clause
#include "client/tools/trace.hpp"

#include "support/cmocka.hpp"
#include "support/hex.hpp"

using mqttsn::Sender;
using mqttsn::tools::describe_packet;

namespace {

void expect(const char* octets, Sender sender, const char* text) {
    const test::Octets datagram = test::hex(octets);
    assert_string_equal(describe_packet(test::view(datagram), sender).c_str(), text);
}

void packets_are_described_with_their_fields(void**) {
    expect("0A 04 0C 01 00 3C 64 65 76 31", Sender::device, "CONNECT will clean duration=60 \"dev1\"");
    expect("03 05 03", Sender::gateway, "CONNACK code=3 (rejected: not supported)");
    expect("06 07 30 77 2F 74", Sender::device, "WILLTOPIC qos=1 retain \"w/t\"");
    expect("02 07", Sender::device, "WILLTOPIC");
    expect("09 0A 00 00 00 01 61 2F 62", Sender::device, "REGISTER topic=0 msgid=1 \"a/b\"");
    expect("09 0C A0 00 10 00 02 68 69", Sender::device, "PUBLISH dup qos=1 topic=16 msgid=2 data=2");
    expect("08 0C 61 00 01 00 00 78", Sender::device, "PUBLISH qos=-1 topic=predefined:1 msgid=0 data=1");
    expect("08 0C 62 61 62 00 00 78", Sender::device, "PUBLISH qos=-1 topic=short:\"ab\" msgid=0 data=1");
    expect("08 12 20 00 03 61 2F 23", Sender::device, "SUBSCRIBE qos=1 msgid=3 topic=\"a/#\"");
    expect("07 12 01 00 03 00 01", Sender::device, "SUBSCRIBE qos=0 msgid=3 topic=predefined:1");
    expect("04 18 01 2C", Sender::device, "DISCONNECT duration=300");
    expect("02 17", Sender::gateway, "PINGRESP");
    expect("05 00 07 03 84", Sender::gateway, "ADVERTISE gateway=7 duration=900");
    expect("03 01 02", Sender::device, "SEARCHGW radius=2");
    expect("03 02 07", Sender::gateway, "GWINFO gateway=7");
    expect("08 02 07 C0 00 02 07 1B", Sender::device, "GWINFO gateway=7 address: C0 00 02 07 1B");
}

void what_does_not_decode_is_shown_with_the_reason(void**) {
    const std::string text = describe_packet(test::view(test::hex("03 17 00")), Sender::gateway);
    assert_true(text.rfind("? ", 0) == 0);
    assert_true(text.find("03 17 00") != std::string::npos);
}

// The trace goes to a terminal: octets of others must not control it.
void control_characters_are_not_passed_on(void**) {
    expect("09 0A 00 10 00 01 1B 5B 41", Sender::gateway, "REGISTER topic=16 msgid=1 \"?[A\"");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(packets_are_described_with_their_fields),
        cmocka_unit_test(what_does_not_decode_is_shown_with_the_reason),
        cmocka_unit_test(control_characters_are_not_passed_on),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
