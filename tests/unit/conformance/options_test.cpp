// SPDX-License-Identifier: BSD-3-Clause
//
// The command line of mqttsn-conformance.
#include "conformance/options.hpp"

#include <algorithm>
#include <string_view>

#include "support/cmocka.hpp"

namespace {

using namespace conformance;
using Words = std::vector<std::string>;

Command parse(const Words& words) {
    std::vector<const char*> argv{"mqttsn-conformance"};
    for (const std::string& word : words) {
        argv.push_back(word.c_str());
    }
    return parse_options(static_cast<int>(argv.size()), argv.data());
}

Options good(Words words) {
    words.insert(words.begin(), {"--gateway", "127.0.0.1:1883", "--broker", "localhost:1884"});
    Command command = parse(words);
    assert_string_equal(command.err.c_str(), "");
    assert_true(command.options.has_value());
    return std::move(*command.options);
}

/// Exit code 2 and one line that names `part`.
void bad(const Words& words, const char* part) {
    const Command command = parse(words);
    assert_false(command.options.has_value());
    assert_int_equal(command.exit_code, 2);
    assert_int_equal(std::count(command.err.begin(), command.err.end(), '\n'), 1);
    assert_int_equal(command.err.find("mqttsn-conformance: "), 0);
    if (command.err.find(part) == std::string::npos) {
        print_error("\"%s\" is not in: %s\n", part, command.err.c_str());
        assert_true(false);
    }
}

void defaults_are_those_of_the_specification(void**) {
    const Options options = good({});
    assert_string_equal(options.gateway.host.c_str(), "127.0.0.1");
    assert_int_equal(options.gateway.port, 1883);
    assert_string_equal(options.broker.host.c_str(), "localhost");
    assert_int_equal(options.retry.count(), 10000);
    assert_int_equal(options.retry_count, 3);
    assert_true(options.filters.empty() && options.predefined.empty() && options.weaker.empty());
    assert_false(options.topic_limit.has_value() || options.multicast.has_value() || options.list);
    assert_true(options.forwarder);
}

void every_option_is_read(void**) {
    const Options options = good({"--filter",
                                  "one,two,,will",
                                  "--retry",
                                  "0.5",
                                  "--retry-count=5",
                                  "--junit",
                                  "x.xml",
                                  "--predefined",
                                  "1=a/b",
                                  "--predefined",
                                  "65534={client_id}/x=y",
                                  "--qos-minus-one",
                                  "all",
                                  "--topic-limit",
                                  "7",
                                  "--sleep-limit",
                                  "8",
                                  "--window",
                                  "2",
                                  "--client-id-limit",
                                  "23",
                                  "--no-forwarder",
                                  "--multicast",
                                  "[ff02::1]:1883",
                                  "--interface",
                                  "lo",
                                  "--weaker",
                                  "shared",
                                  "--relay",
                                  "1885",
                                  "--when-down",
                                  "disconnect",
                                  "--jobs",
                                  "4",
                                  "--answer",
                                  "2",
                                  "--verbose"});
    assert_int_equal(options.filters.size(), 3);
    assert_int_equal(options.retry.count(), 500);
    assert_int_equal(options.retry_count, 5);
    assert_string_equal(options.junit.c_str(), "x.xml");
    assert_int_equal(options.predefined.size(), 2);
    assert_int_equal(options.predefined[1].id, 65534);
    assert_string_equal(options.predefined[1].topic.c_str(), "{client_id}/x=y");
    assert_true(options.qos_minus_one == QosMinusOne::all);
    assert_true(options.topic_limit == 7U && options.sleep_limit == 8U);
    assert_int_equal(options.window, 2);
    assert_int_equal(options.client_id_limit, 23);
    assert_false(options.forwarder);
    assert_string_equal(options.multicast->host.c_str(), "ff02::1");
    assert_string_equal(options.multicast_interface.c_str(), "lo");
    assert_string_equal(options.weaker.at(0).c_str(), "shared");
    assert_true(options.relay == 1885 && options.disconnects);
    assert_int_equal(options.jobs, 4);
    assert_int_equal(options.answer.count(), 2000);
    assert_true(options.verbose);
}

void bad_usage_is_one_line_and_exit_code_2(void**) {
    bad({}, "--gateway");
    bad({"--gateway", "127.0.0.1:1883"}, "--broker");
    for (const char* wrong : {"host", "host:", ":1883", "host:0", "host:65536", "host:x", "::1:1883"}) {
        bad({"--broker", "b:1", "--gateway", wrong}, wrong);
    }
    const Words both{"--gateway", "g:1", "--broker", "b:1"};
    const auto with = [&](Words more) {
        more.insert(more.begin(), both.begin(), both.end());
        return more;
    };
    bad(with({"--retry", "0"}), "--retry");
    bad(with({"--retry", "nan"}), "--retry");
    bad(with({"--predefined", "0=x"}), "--predefined");
    bad(with({"--predefined", "65535=x"}), "--predefined");
    bad(with({"--predefined", "1="}), "--predefined");
    bad(with({"--qos-minus-one", "some"}), "--qos-minus-one");
    bad(with({"--jobs", "0"}), "--jobs");
    bad(with({"--weaker", "all"}), "--weaker");
    bad(with({"--multicast", "225.1.1.1"}), "225.1.1.1");
    bad(with({"--relay", "0"}), "--relay");
    bad(with({"--when-down", "maybe"}), "--when-down");
    bad(with({"--unknown"}), "--unknown");
    bad(with({"stray"}), "stray");
}

void help_and_list_need_no_gateway(void**) {
    const Command help = parse({"--help"});
    assert_false(help.options.has_value());
    assert_int_equal(help.exit_code, 0);
    for (const char* part : {"--gateway", "--junit", "--weaker", "Exit code"}) {
        assert_true(help.out.find(part) != std::string::npos);
    }
    const Command list = parse({"--list"});
    assert_true(list.options.has_value() && list.options->list);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_specification),
        cmocka_unit_test(every_option_is_read),
        cmocka_unit_test(bad_usage_is_one_line_and_exit_code_2),
        cmocka_unit_test(help_and_list_need_no_gateway),
    };
    return cmocka_run_group_tests_name("unit.conformance.options", tests, nullptr, nullptr);
}
