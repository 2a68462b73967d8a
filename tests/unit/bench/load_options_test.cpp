// SPDX-License-Identifier: BSD-3-Clause
#include "bench/load_options.hpp"

#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "support/cmocka.hpp"

namespace {

using namespace mqttsn::load;

using Words = std::vector<std::string>;

LoadCommand parse(const Words& words) {
    std::vector<const char*> argv{"mqttsn-load"};
    for (const std::string& word : words) {
        argv.push_back(word.c_str());
    }
    return parse_load_options(static_cast<int>(argv.size()), argv.data());
}

LoadOptions good(const Words& words) {
    const LoadCommand command = parse(words);
    assert_string_equal(command.err.c_str(), "");
    assert_true(command.options.has_value());
    return *command.options;
}

/// Exit code 2 and one line that begins with the program's name and has `part` in it.
void bad(const Words& words, std::string_view part) {
    const LoadCommand command = parse(words);
    assert_false(command.options.has_value());
    assert_int_equal(command.exit_code, kExitUsage);
    assert_string_equal(command.out.c_str(), "");
    const bool one_line = command.err.find('\n') + 1 == command.err.size();
    if (!one_line || !command.err.starts_with("mqttsn-load: ") ||
        command.err.find(part) == std::string::npos) {
        print_error("\"%s\" is not in, or not one line: %s\n", std::string(part).c_str(),
                    command.err.c_str());
        assert_true(false);
    }
}

void a_mode_alone_is_enough(void**) {
    const LoadOptions options = good({"pub"});
    assert_true(options.mode == Mode::pub);
    assert_string_equal(options.gateway.host.c_str(), "127.0.0.1");
    assert_int_equal(options.gateway.port, 1883);
    assert_int_equal(options.broker.port, 1883);
    assert_int_equal(options.devices, 100);
    assert_int_equal(options.qos, 1);
    assert_int_equal(options.device_window, 1);
    assert_true(options.seconds > 9.9 && options.seconds < 10.1);
    assert_int_equal(options.count, 0);
}

void each_mode_has_its_name(void**) {
    const std::pair<const char*, Mode> modes[] = {{"connect", Mode::connect},  {"pub", Mode::pub},
                                                  {"sub", Mode::sub},          {"fanout", Mode::fanout},
                                                  {"sleep", Mode::sleep},      {"idle", Mode::idle},
                                                  {"mqtt-pub", Mode::mqtt_pub}};
    for (const auto& [name, mode] : modes) {
        assert_true(good({name}).mode == mode);
        assert_true(mode_name(mode) == name);
    }
}

void options_and_mode_come_in_any_order(void**) {
    const LoadOptions options = good({"--devices", "7", "sub", "--qos=2"});
    assert_true(options.mode == Mode::sub);
    assert_int_equal(options.devices, 7);
    assert_int_equal(options.qos, 2);
}

void hosts_are_names_or_addresses(void**) {
    assert_string_equal(good({"pub", "--gateway", "[::1]:99"}).gateway.host.c_str(), "::1");
    assert_int_equal(good({"pub", "--gateway", "[::1]:99"}).gateway.port, 99);
    assert_int_equal(good({"pub", "--gateway", "[::1]"}).gateway.port, 1883);
    assert_string_equal(good({"pub", "--broker", "mqtt.example.com:77"}).broker.host.c_str(),
                        "mqtt.example.com");
    assert_int_equal(good({"pub", "--broker", "mqtt.example.com:77"}).broker.port, 77);
    assert_int_equal(good({"pub", "--broker", "localhost"}).broker.port, 1883);
    for (const char* text : {"", ":1883", "host:", "host:0", "host:65536", "host:x", "::1", "[::1", "[::1]x",
                             "1.2.3", "1.2.3.4:5:6", "udp://1.2.3.4", "a/b", "a b"}) {
        bad({"pub", "--gateway", text}, "--gateway: expected HOST:PORT");
    }
}

void numbers_outside_of_their_range_are_refused(void**) {
    const std::pair<const char*, std::vector<const char*>> wrong[] = {
        {"--devices", {"0", "-1", "1000001", "x", "1.5", ""}},
        {"--qos", {"-2", "3", "01x", ""}},
        {"--subscriber-qos", {"-1", "3"}},
        {"--rate", {"0", "-1", "1e9", "nan", "inf", "1.2.3", ""}},
        {"--window", {"0", "x"}},
        {"--count", {"0", "4000000001", "99999999999999999999"}},
        {"--seconds", {"0", "1s", "86401", "-1"}},
        {"--settle", {"0"}},
        {"--payload", {"23", "60001"}},
        {"--retry", {"0", "x"}},
        {"--retries", {"251"}},
        {"--connect-window", {"0"}},
        {"--keep-alive", {"0", "65536"}},
        {"--pid", {"0", "self"}},
        {"--topic", {"", "a/+", "#"}},
        {"--topic-kind", {"", "long", "predefined:", "predefined:0", "predefined:65535"}},
        {"--client-id", {"", "a b", "a/b"}},
    };
    for (const auto& [option, values] : wrong) {
        for (const char* value : values) {
            bad({"pub", std::string(option) + "=" + value}, std::string(option) + ": expected");
        }
    }
}

void an_option_of_another_mode_is_refused(void**) {
    bad({"connect", "--rate", "3"}, "--rate: not with mode connect");
    bad({"pub", "--hold", "3"}, "--hold: not with mode pub");
    bad({"sub", "--subscriber-qos", "1"}, "--subscriber-qos: not with mode sub");
    bad({"sub", "--burst"}, "--burst: only with mode pub");
    bad({"fanout", "--window", "3"}, "--window: not with mode fanout");
    bad({"sleep", "--seconds", "3"}, "--seconds: not with mode sleep");
}

// So that one set of addresses serves all modes of a script.
void addresses_that_a_mode_does_not_need_are_ignored(void**) {
    good({"connect", "--broker", "localhost"});
    good({"idle", "--broker", "localhost"});
    assert_int_equal(good({"mqtt-pub", "--gateway", "localhost", "--pid", "77"}).gateway_pid, 0);
}

void what_does_not_go_together_is_refused(void**) {
    bad({"sub", "--qos", "-1"}, "--qos -1: only with mode pub");
    bad({"pub", "--qos", "-1", "--topic-kind", "registered"}, "nothing can be registered");
    bad({"sub", "--topic-kind", "predefined"}, "apart");
    bad({"sub", "--topic-kind", "short", "--devices", "3845"}, "3844");
    bad({"pub", "--topic-kind", "short", "--topic", "x"}, "--topic: not with");
    bad({"pub", "--burst", "--rate", "3"}, "--burst");
    bad({"pub", "--rate", "3", "--window", "3"}, "not both");
    bad({"pub", "--device-window", "3"}, "--device-window");
}

void qos_minus_one_takes_short_topics_unless_told(void**) {
    assert_true(good({"pub", "--qos", "-1"}).topic_kind == TopicKind::short_name);
    const LoadOptions options =
        good({"pub", "--qos", "-1", "--topic-kind", "predefined:300", "--topic", "a/b"});
    assert_true(options.topic_kind == TopicKind::predefined);
    assert_int_equal(options.predefined_id, 300);
}

void a_count_replaces_the_default_time(void**) {
    assert_true(good({"pub", "--count", "5"}).seconds < 0.01);
    assert_int_equal(good({"sleep"}).count, 5);
    const LoadOptions both = good({"pub", "--count", "5", "--seconds", "2.5"});
    assert_int_equal(both.count, 5);
    assert_true(both.seconds > 2.4 && both.seconds < 2.6);
}

void what_is_no_option_and_no_mode_is_named(void**) {
    bad({}, "no mode: expected");
    bad({"pbu"}, "unknown mode \"pbu\"");
    bad({"pub", "sub"}, "unexpected argument \"sub\"");
    bad({"pub", "--devises", "3"}, "did you mean --devices?");
    bad({"pub", "--devices"}, "--devices: expected a value");
    bad({"pub", "--devices", "3", "--devices", "4"}, "--devices: may be given only once");
    bad({"pub", "a\nb"}, "\\n");
}

void help_and_version_go_to_standard_output(void**) {
    const LoadCommand help = parse({"--help"});
    assert_int_equal(help.exit_code, kExitDone);
    assert_true(help.out == load_help());
    assert_string_equal(help.err.c_str(), "");
    assert_true(parse({"--version"}).out.starts_with("mqttsn-load "));
}

// An option in --help that the program does not know would send its reader away with exit code 2.
void every_option_in_help_is_known_and_help_fits_80_columns(void**) {
    std::istringstream text(load_help());
    std::set<std::string> options;
    std::string line;
    while (std::getline(text, line)) {
        if (line.size() > 80) {
            print_error("longer than 80: %s\n", line.c_str());
            assert_true(false);
        }
        if (line.starts_with("  --")) {
            options.insert(line.substr(2, line.find(' ', 2) - 2));
        }
    }
    assert_int_equal(options.size(), 28);
    for (const std::string& option : options) {
        const LoadCommand command = parse({"pub", option});
        if (command.err.find("unknown option") != std::string::npos) {
            print_error("%s", command.err.c_str());
            assert_true(false);
        }
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_mode_alone_is_enough),
        cmocka_unit_test(each_mode_has_its_name),
        cmocka_unit_test(options_and_mode_come_in_any_order),
        cmocka_unit_test(hosts_are_names_or_addresses),
        cmocka_unit_test(numbers_outside_of_their_range_are_refused),
        cmocka_unit_test(an_option_of_another_mode_is_refused),
        cmocka_unit_test(addresses_that_a_mode_does_not_need_are_ignored),
        cmocka_unit_test(what_does_not_go_together_is_refused),
        cmocka_unit_test(qos_minus_one_takes_short_topics_unless_told),
        cmocka_unit_test(a_count_replaces_the_default_time),
        cmocka_unit_test(what_is_no_option_and_no_mode_is_named),
        cmocka_unit_test(help_and_version_go_to_standard_output),
        cmocka_unit_test(every_option_in_help_is_known_and_help_fits_80_columns),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
