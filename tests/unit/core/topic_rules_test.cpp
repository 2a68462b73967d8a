// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/topic_rules.hpp"

#include <string>

#include "support/cmocka.hpp"
#include "support/hex.hpp"

namespace {

using mqttsn::gateway::client_id_accepted;
using mqttsn::gateway::filter_accepted;
using mqttsn::gateway::name_accepted;
using test::view;

void ordinary_names_in_any_script_are_accepted(void**) {
    for (const char* const name : {"a", "a/b", "/", "$SYS/x", "\u00e9t\u00e9", "\u6e29\u5ea6", "\U0001F321",
                                   "\u00a0", "\ufdcf", "\ufffd", "\U0001FFFD", "a b"}) {
        assert_true(name_accepted(view(name)));
        assert_true(filter_accepted(view(name)));
    }
}

// mosquitto 2.0.11 ends the connection for these.
// FAULT-22, TRAP-58
void control_characters_and_noncharacters_are_refused(void**) {
    for (const char* const name :
         {"a\x01", "\n", "\x1f", "\x7f", "\xC2\x80", "\xC2\x9F", "\xEF\xB7\x90", "\xEF\xB7\xAF",
          "\xEF\xBF\xBE", "\xEF\xBF\xBF", "\xF0\x9F\xBF\xBE", "\xF4\x8F\xBF\xBF"}) {
        assert_false(name_accepted(view(name)));
        assert_false(filter_accepted(view(name)));
        assert_false(client_id_accepted(view(name), 64));
    }
}

void wildcards_are_for_filters_only(void**) {
    assert_false(name_accepted(view("a/+")));
    assert_true(filter_accepted(view("a/+")));
}

// D05, FAULT-8 to FAULT-10.
// FAULT-9
void client_id_is_a_name_and_nothing_more(void**) {
    assert_true(client_id_accepted(view("meter-7"), 64));
    assert_true(client_id_accepted(view("a4:cf:12"), 64));
    assert_true(client_id_accepted(view(std::string(64, 'x')), 64));
    assert_false(client_id_accepted(view(std::string(65, 'x')), 64));
    for (const char* const id : {"", "a+", "#", "a/b", "\"", "\xFF"}) {
        assert_false(client_id_accepted(view(id), 64));
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_names_in_any_script_are_accepted),
        cmocka_unit_test(control_characters_and_noncharacters_are_refused),
        cmocka_unit_test(wildcards_are_for_filters_only),
        cmocka_unit_test(client_id_is_a_name_and_nothing_more),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
