// SPDX-License-Identifier: BSD-3-Clause
//
// [discovery] of gateway.toml: groups, and what goes together.
#include <string>
#include <string_view>

#include "check.hpp"
#include "config_steps.hpp"
#include "gateway/app/config.hpp"

using namespace mqttsn::gateway;
using config_steps::as_text;
using config_steps::good;
using config_steps::said;

namespace {

struct Row {
    std::string_view toml;
    std::string_view says;
};

void groups_of_discovery_are_one_address_or_a_list(void**) {
    const Config one = good("[discovery]\ngroup = \"[ff02::1%eth0]:1884\"\n");
    assert_int_equal(one.discovery.groups.size(), 1);
    check::equal(one.discovery.groups[0].zone, "eth0");
    const Config three = good(
        "[discovery]\nadvertise = true\ngroup = [\"225.1.1.1:1883\", \"255.255.255.255:1883\", "
        "\"10.0.0.127:1883\"]\ninterface = \"eth0\"\ninterval = \"2s\"\nhop_limit = 3\nanswer = \"both\"\n"
        "standby_for = 2\n");
    assert_int_equal(three.core.discovery.groups, 3);
    assert_true(three.core.discovery.advertise);
    assert_int_equal(three.core.discovery.interval_s, 2);
    assert_int_equal(three.core.discovery.hop_limit, 3);
    assert_int_equal(three.core.discovery.standby_for, 2);
    assert_true(three.core.discovery.answer == SearchAnswer::both);
    check::equal(three.discovery.interface, "eth0");
    assert_true(three.warnings.empty());
    check::contains(
        as_text(three),
        "discovery.group = [\"225.1.1.1:1883\", \"255.255.255.255:1883\", \"10.0.0.127:1883\"]\n");
    const Config none = good("[discovery]\ngroup = []\n");
    assert_int_equal(none.core.discovery.groups, 0);
    check::contains(as_text(none), "discovery.group = []\n");
}

void what_cannot_be_is_an_error_with_its_place(void**) {
    const Row rows[] = {
        {"[discovery]\ngroup = \"192.0.2.1:1883\"\n",
         "2:9: discovery.group: expected a multicast address like \"225.1.1.1:1883\""},
        {"[discovery]\ngroup = \"225.1.1.1\"\n", "2:9: discovery.group: expected a multicast address like "},
        {"[discovery]\ngroup = \"225.1.1.1:0\"\n",
         "2:9: discovery.group: expected a multicast address like "},
        {"[discovery]\ngroup = [\"225.1.1.1:1883\", \"192.0.2.2:1883\"]\n",
         "2:9: discovery.group: expected a multicast address like \"225.1.1.1:1883\" or \"[ff02::1]:1883\", "
         "or a broadcast address like \"255.255.255.255:1883\", got \"192.0.2.2:1883\" (that is not"},
        {"[discovery]\ngroup = [\"225.1.1.1:1883\", 7]\n",
         "2:9: discovery.group: expected a string or a list of strings, got 7 in the list"},
        {"[discovery]\ngroup = [\"225.1.1.1:1\", \"225.1.1.1:1\"]\n",
         "2:9: discovery.group: \"225.1.1.1:1\" is given twice"},
        {"[discovery]\ngroup = 7\n", "2:9: discovery.group: expected a string or a list of strings, got 7"},
        {"[discovery]\ngroup = [\"225.1.1.1:1\", \"225.1.1.1:2\", \"225.1.1.1:3\", \"225.1.1.1:4\", "
         "\"225.1.1.1:5\", \"225.1.1.1:6\", \"225.1.1.1:7\", \"225.1.1.1:8\", \"225.1.1.1:9\"]\n",
         "2:9: discovery.group: expected at most 8 addresses, got 9"},
        {"[discovery]\nanswer = \"multicast\"\n",
         "2:10: discovery.answer: expected \"unicast\" or \"both\", got \"multicast\""},
        {"[gateway]\nid = 3\n[discovery]\nstandby_for = 3\n",
         "4:15: discovery.standby_for: expected the id of another gateway, got 3, which is gateway.id"},
        {"[discovery]\nstandby_for = 3\ngroup = []\n",
         "2:15: discovery.standby_for: the other gateway can only be heard on a group"},
    };
    for (const Row& row : rows) {
        const ConfigResult result = parse_config(row.toml, "g.toml");
        check::that(!result.config && result.errors.size() == 1, row.toml);
        const std::string says = "g.toml:" + std::string(row.says);
        check::equal(said(result).substr(0, says.size()), says, row.toml);
    }
}

void what_has_no_effect_is_a_warning(void**) {
    const Row rows[] = {
        {"[discovery]\nadvertise = true\ngroup = []\n", "discovery.advertise = true: no effect without"},
        {"[discovery]\nstandby_for = 2\n", "discovery.standby_for: without discovery.advertise = true"},
    };
    for (const Row& row : rows) {
        const Config config = good(row.toml);
        assert_int_equal(config.warnings.size(), 1);
        check::equal(config.warnings[0].substr(0, row.says.size()), row.says, row.toml);
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(groups_of_discovery_are_one_address_or_a_list),
        cmocka_unit_test(what_cannot_be_is_an_error_with_its_place),
        cmocka_unit_test(what_has_no_effect_is_a_warning),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
