// SPDX-License-Identifier: BSD-3-Clause
//
// What mqttsn-lossy writes about itself.
#include "lossy/proxy_report.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "lossy/link_presets.hpp"
#include "support/cmocka.hpp"

namespace {

using namespace mqttsn::lossy;

bool contains(const std::string& text, std::string_view part) {
    const bool found = text.find(part) != std::string::npos;
    if (!found) {
        print_error("\"%s\" is not in: %s\n", std::string(part).c_str(), text.c_str());
    }
    return found;
}

ProxyReport sample() {
    ProxyReport report;
    report.listen = "127.0.0.1:1985";
    report.gateway = "[::1]:1883";
    report.seed = 42;
    report.elapsed = Micros{12'345'678};
    report.links[0].datagrams = 1000;
    report.links[0].octets = 12345;
    report.links[0].delivered = 850;
    report.links[0].lost = 150;
    report.links[0].lost_in_burst = 50;
    report.links[0].airtime = Micros{1'500'000};
    report.links[1].datagrams = 500;
    report.links[1].unbound = 7;
    report.proxy.unreachable = 3;
    report.devices_seen = 4;
    report.devices_now = 2;
    report.devices_max = 10'000;
    report.under_way = 9;
    return report;
}

/// A JSON value: objects, strings without escapes, numbers. Nothing else is written here.
bool json_value(std::string_view& text);

bool json_take(std::string_view& text, char wanted) {
    if (text.empty() || text.front() != wanted) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

bool json_string(std::string_view& text) {
    if (!json_take(text, '"')) {
        return false;
    }
    const std::size_t end = text.find('"');
    const bool plain =
        end != std::string_view::npos && text.substr(0, end).find('\\') == std::string_view::npos;
    text.remove_prefix(plain ? end + 1 : 0);
    return plain;
}

bool json_object(std::string_view& text) {
    do {
        if (!json_string(text) || !json_take(text, ':') || !json_value(text)) {
            return false;
        }
    } while (json_take(text, ','));
    return json_take(text, '}');
}

bool json_value(std::string_view& text) {
    if (json_take(text, '{')) {
        return json_object(text);
    }
    if (text.starts_with('"')) {
        return json_string(text);
    }
    const std::size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
    text.remove_prefix(end);
    return end > 0;
}

void the_summary_is_one_json_object_with_all_that_was_counted(void**) {
    const std::string json = summary_json(sample());
    std::string_view rest = json;
    assert_true(json_value(rest) && rest == "\n");
    for (const char* const part :
         {"\"listen\":\"127.0.0.1:1985\"", "\"gateway\":\"[::1]:1883\"", "\"seed\":42",
          "\"duration_s\":12.346", "\"devices\":4", "\"devices_now\":2", "\"devices_max\":10000",
          "\"unreachable\":3", "\"under_way\":9",
          "\"up\":{\"datagrams\":1000,\"octets\":12345,\"delivered\":850", "\"lost_in_burst\":50",
          "\"airtime_s\":1.500000", "\"down\":{\"datagrams\":500", "\"unbound\":7"}) {
        assert_true(contains(json, part));
    }
}

void the_text_leaves_out_what_did_not_happen(void**) {
    const std::string text = summary_text(sample());
    for (const char* const part :
         {"127.0.0.1:1985 to [::1]:1883, 12.3 s, seed 42\n", "datagrams", "lost in a burst",
          "old source port", "gateway unreachable                   3\n", "still under way",
          "time on air (s)"}) {
        assert_true(contains(text, part));
    }
    for (const char* const part : {"queue full", "evicted", "not sent", "expired"}) {
        assert_true(text.find(part) == std::string::npos);
    }
    ProxyReport idle;
    assert_true(contains(summary_text(idle), "datagrams"));
    assert_true(summary_text(idle).find("time on air") == std::string::npos);
}

void the_live_line_has_totals_rates_and_no_more_than_the_width(void**) {
    ProxyReport before = sample();
    before.elapsed -= Micros{2'000'000};
    before.links[0].datagrams -= 100;
    assert_string_equal(live_line(sample(), before, 200).c_str(),
                        "12s  2 devices  up 1000 (lost 20.0%) 50/s  down 500 (lost 0.0%) 0/s  under way 9");
    assert_int_equal(live_line(sample(), before, 20).size(), 20);
    assert_true(contains(live_line(ProxyReport{}, ProxyReport{}, 200), "up 0 (lost 0.0%) 0/s"));
}

void links_are_described_by_what_makes_them_bad(void**) {
    LinkSettings link;
    assert_string_equal(describe_link(link).c_str(), "  both ways: perfect\n");
    link.up.loss = percent(20);
    link.up.delay = Micros{50'000};
    link.partitions = {{Micros{1'000'000}, Micros{2'000'000}, Micros{0}, true, true},
                       {Micros{0}, Micros{1000}, Micros{60'000'000}, true, false},
                       {Micros{0}, Micros{1000}, Micros{0}, false, true}};
    link.rebind.every = Micros{60'000'000};
    link.rebind.after_idle = Micros{5'000'000};
    assert_string_equal(describe_link(link).c_str(),
                        "  up:   loss 20%, delay 50ms\n"
                        "  down: perfect\n"
                        "  nothing passes: 1s to 2s\n"
                        "  nothing passes up: 0s to 1ms, again every 1m\n"
                        "  nothing passes down: 0s to 1ms\n"
                        "  new source port every 1m\n"
                        "  new source port after 5s without a datagram\n");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(the_summary_is_one_json_object_with_all_that_was_counted),
        cmocka_unit_test(the_text_leaves_out_what_did_not_happen),
        cmocka_unit_test(the_live_line_has_totals_rates_and_no_more_than_the_width),
        cmocka_unit_test(links_are_described_by_what_makes_them_bad),
    };
    return cmocka_run_group_tests_name("unit.lossy.proxy_report", tests, nullptr, nullptr);
}
