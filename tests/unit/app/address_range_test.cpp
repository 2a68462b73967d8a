// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/app/address_range.hpp"

#include <string>
#include <string_view>

#include "check.hpp"

using namespace mqttsn::gateway;

namespace {

void what_is_read_is_written_the_same(void**) {
    for (const std::string_view text :
         {"0.0.0.0/0", "10.0.0.0/8", "192.0.2.7", "192.0.2.4/30", "::/0", "2001:db8::/32", "fe80::/10", "::1",
          "2001:db8::/127", "::fffe:0:0/95", "128.0.0.0/1"}) {
        AddressRange range;
        check::equal(parse_address_range(text, range), "", text);
        check::equal(to_string(range), text);
        AddressRange again;
        check::equal(parse_address_range(to_string(range), again), "", text);
        check::that(again.address == range.address && again.prefix == range.prefix, text);
    }
}

void ipv4_is_mapped_and_its_prefix_too(void**) {
    AddressRange range;
    check::equal(parse_address_range("10.0.0.0/8", range), "");
    assert_int_equal(range.prefix, 104);
    assert_int_equal(range.address[10], 0xFF);
    assert_int_equal(range.address[12], 10);
    check::equal(parse_address_range("192.0.2.7", range), "");
    assert_int_equal(range.prefix, 128);
    check::equal(parse_address_range("::ffff:10.0.0.0/104", range), "");  // the same, written long
    check::equal(to_string(range), "10.0.0.0/8");
}

void what_is_no_range_is_refused_and_changes_nothing(void**) {
    for (const std::string_view text :
         {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8x",
          "10.0.0.0/8/8", "10.0.0/8", "10.0.0.0:1883", "[::1]", "::1%lo", "::/129", "::/1e1", "localhost",
          " ::1", "1.2.3.04x"}) {
        AddressRange range;
        const std::string problem = parse_address_range(text, range);
        check::that(problem.starts_with("expected an address or a range such as"), text);
        assert_int_equal(range.prefix, 128);
        assert_int_equal(range.address[15], 0);
    }
}

void bits_behind_the_prefix_are_a_slip(void**) {
    AddressRange range;
    const auto hint = [&](std::string_view text) {
        const std::string problem = parse_address_range(text, range);
        return problem.substr(std::min(problem.find("; did"), problem.size()));
    };
    check::equal(hint("10.1.2.3/8"), "; did you mean \"10.0.0.0/8\"?");
    check::equal(hint("192.0.2.7/29"), "; did you mean \"192.0.2.0/29\"?");
    check::equal(hint("2001:db8::1/32"), "; did you mean \"2001:db8::/32\"?");
    check::equal(hint("1.2.3.4/0"), "; did you mean \"0.0.0.0/0\"?");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_is_written_the_same),
        cmocka_unit_test(ipv4_is_mapped_and_its_prefix_too),
        cmocka_unit_test(what_is_no_range_is_refused_and_changes_nothing),
        cmocka_unit_test(bits_behind_the_prefix_are_a_slip),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
