// SPDX-License-Identifier: BSD-3-Clause
//
// listen.forwarders of gateway.toml: who may pass on messages of devices behind it.
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "config_steps.hpp"
#include "gateway/app/config.hpp"

using namespace mqttsn::gateway;
using config_steps::as_text;
using config_steps::good;
using config_steps::said;

namespace {

// FAULT-37
void who_may_forward_is_anybody_nobody_or_a_list(void**) {
    const auto of = [](std::string_view value) {
        return good("[[listen]]\nforwarders = " + std::string(value) + "\n").core.listeners[0].forwarders;
    };
    assert_true(of("\"any\"").any);
    assert_false(of("\"off\"").any);
    assert_true(of("\"off\"").allowed.empty());
    assert_false(of("[]").any);
    assert_int_equal(of("\"10.0.0.0/8\"").allowed.size(), 1);
    const ForwarderSettings list = of("[\"10.0.0.0/8\", \"2001:db8::/32\"]");
    assert_false(list.any);
    assert_int_equal(list.allowed.size(), 2);
    assert_int_equal(list.allowed[0].prefix, 104);
    assert_int_equal(list.allowed[1].prefix, 32);
    check::contains(as_text(good("[[listen]]\nforwarders = [\"10.0.0.0/8\", \"::1\"]\n")),
                    "listen[0].forwarders = [\"10.0.0.0/8\", \"::1\"]\n");
    std::string many = "[\"::1\"";
    for (int i = 1; i < 256; ++i) {
        many += ", \"::1\"";
    }
    assert_int_equal(of(many + "]").allowed.size(), 256);
    const ConfigResult over =
        parse_config("[[listen]]\nforwarders = " + many + ", \"::1\"]\n", "gateway.toml");
    check::contains(said(over), "expected at most 256 addresses, got 257");
}

void what_is_no_address_is_refused_with_line_and_column(void**) {
    const check::Bad rows[] = {
        {"[[listen]]\nforwarders = [\"10.0.0.0/8\", \"10.1.0.0/8\"]\n",
         "2:14: listen.forwarders: expected an address or a range such as \"192.0.2.7\", \"10.0.0.0/8\" or "
         "\"2001:db8::/32\", got \"10.1.0.0/8\"; did you mean \"10.0.0.0/8\"?"},
        {"[[listen]]\nforwarders = [\"off\", \"::1\"]\n",
         "2:14: listen.forwarders: expected an address or a range"},
        {"[[listen]]\nforwarders = \"all\"\n",
         "2:14: listen.forwarders: expected an address or a range such as \"192.0.2.7\", \"10.0.0.0/8\" or "
         "\"2001:db8::/32\", got \"all\" (all of them: \"any\", none: \"off\")"},
    };
    check::each_bad(rows, "gateway.toml", [](std::string_view toml) {
        std::vector<std::string> errors;
        for (const ConfigError& error : parse_config(toml, "gateway.toml").errors) {
            errors.push_back(to_string(error));
        }
        return errors;
    });
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(who_may_forward_is_anybody_nobody_or_a_list),
        cmocka_unit_test(what_is_no_address_is_refused_with_line_and_column),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
