// SPDX-License-Identifier: BSD-3-Clause
//
// The fields that are read of a message with faults: as much as there is.
#include <string>

#include "dissector/judge.hpp"
#include "support/cmocka.hpp"
#include "unit/common/message_checks.hpp"
#include "unit/dissector/printed.hpp"

namespace {

struct Shown {
    const char* octets;
    const char* line;
    std::uint32_t lost = 0;
};

constexpr Shown kShown[] = {
    // PUBACK without its end, by Length and by the datagram
    {"05 0D 00 10 00", "PUBACK@0+5 length=5@0+1 type=13@1+1 topic_id=16@2+2 unread@4+1 form=id"},
    {"07 0D 00 10 00", "PUBACK@0+5 length=7@0+1 type=13@1+1 topic_id=16@2+2 unread@4+1 form=id"},
    // data as far as they are there
    {"09 0C 00 00 10 00 00 68",
     "PUBLISH@0+8 length=9@0+1 type=12@1+1 flags=0@2+1 topic_id=16@3+2 msg_id=0@5+2 data@7+1 form=id"},
    {"09 0C 00 00 10 00 00 68",
     "PUBLISH@0+8 length=9@0+1 type=12@1+1 flags=0@2+1 topic_id=16@3+2 msg_id=0@5+2 data@7+1 form=id", 1},
    // octets too many, and a reserved type
    {"05 17 01 02 03", "PINGRESP@0+5 length=5@0+1 type=23@1+1 unread@2+3"},
    {"05 11 01 02 03", "reserved@0+5 length=5@0+1 type=17@1+1 unread@2+3"},
    // a whole name where the flags say that it is short: no part of it is an id
    {"0A 12 02 00 01 72 6F 6F 6D 34",
     "SUBSCRIBE@0+10 length=10@0+1 type=18@1+1 flags=2@2+1 msg_id=1@3+2 text='room4'@5+5 form=short_name"},
    {"06 12 02 00 01 72",
     "SUBSCRIBE@0+6 length=6@0+1 type=18@1+1 flags=2@2+1 msg_id=1@3+2 text='r'@5+1 form=short_name"},
    {"08 14 01 00 01 00 07 63",
     "UNSUBSCRIBE@0+8 length=8@0+1 type=20@1+1 flags=1@2+1 msg_id=1@3+2 topic_id=7@5+2 unread@7+1 "
     "form=predefined"},
    {"07 12 03 00 01 00 07",
     "SUBSCRIBE@0+7 length=7@0+1 type=18@1+1 flags=3@2+1 msg_id=1@3+2 topic_id=7@5+2 form=reserved"},
    {"08 12 03 00 01 61 62 63",
     "SUBSCRIBE@0+8 length=8@0+1 type=18@1+1 flags=3@2+1 msg_id=1@3+2 unread@5+3 form=reserved"},
    // Length that cannot be
    {"00 16 17", "?@0+1 length=0@0+1 | rest@1+2"},
    {"01 00 03 16", "?@0+3 length=3@0+3 | rest@3+1"},
    {"06 18", "DISCONNECT@0+2 length=6@0+1 type=24@1+1"},
    // an envelope without its end
    {"09 FE 01 0A", "envelope@0+4 length=9@0+1 type=254@1+1 ctrl=1@2+1 node@3+1"},
    {"09 FE", "envelope@0+2 length=9@0+1 type=254@1+1 node@2+0"},
};

// SN12-07, SN12-11: as much as there is.
void what_is_there_of_a_faulty_message_is_shown(void** /*state*/) {
    for (const Shown& item : kShown) {
        const test::Octets octets = test::hex(item.octets);
        mqttsnx::Datagram datagram =
            mqttsnx::decode(octets, static_cast<std::uint32_t>(octets.size()) + item.lost, 0);
        datagram.fault_count = 0;  // faults_test.cpp has them
        const std::string found = test::printed(octets, datagram);
        CHECK_CASE(found == item.line, "%s:\n%s\n%s", item.octets, found.c_str(), item.line);
    }
}

// D46: every size, with every first octet
void gateway_addresses_have_eight_sizes(void** /*state*/) {
    for (std::size_t size = 0; size <= 24; ++size) {
        unsigned accepted = 0;
        for (unsigned first = 0; first < 256; ++first) {
            test::Octets address(size, 1);
            if (size > 0) {
                address[0] = static_cast<std::uint8_t>(first);
            }
            accepted += mqttsnx::gw_address_known(address) ? 1 : 0;
        }
        const bool raw = size == 4 || size == 6 || size == 16 || size == 18;
        const unsigned with_length = size == 5 || size == 17 ? 2 : size == 7 || size == 19 ? 3 : 0;
        assert_int_equal(accepted, raw ? 256 : with_length);
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(what_is_there_of_a_faulty_message_is_shown),
        cmocka_unit_test(gateway_addresses_have_eight_sizes),
    };
    return cmocka_run_group_tests_name("unit.dissector.faulty_fields", tests, nullptr, nullptr);
}
