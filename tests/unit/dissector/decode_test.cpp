// SPDX-License-Identifier: BSD-3-Clause
//
// Every message with every field at its place.
#include "dissector/decode.hpp"

#include <string>

#include "support/cmocka.hpp"
#include "support/hex.hpp"
#include "unit/dissector/printed.hpp"

namespace {

std::string read(const char* octets) {
    const test::Octets all = test::hex(octets);
    return test::printed(all, mqttsnx::decode(all, static_cast<std::uint32_t>(all.size()), 0));
}

// SN12-39
void publish_has_flags_topic_msg_id_and_data(void** /*state*/) {
    assert_string_equal(read("09 0C 20 00 10 00 02 68 69").c_str(),
                        "PUBLISH@0+9 length=9@0+1 type=12@1+1 flags=32@2+1 topic_id=16@3+2 msg_id=2@5+2 "
                        "data@7+2 form=id");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(publish_has_flags_topic_msg_id_and_data),
    };
    return cmocka_run_group_tests_name("unit.dissector.decode", tests, nullptr, nullptr);
}
