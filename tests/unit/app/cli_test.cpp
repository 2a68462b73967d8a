// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/app/cli.hpp"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"

using namespace mqttsn::gateway;

namespace {

CliResult parse(const std::vector<std::string>& arguments) {
    std::vector<const char*> argv{"mqttsn-gateway"};
    for (const std::string& argument : arguments) {
        argv.push_back(argument.c_str());
    }
    return parse_cli(static_cast<int>(argv.size()), argv.data());
}

CliOptions good(const std::vector<std::string>& arguments) {
    const CliResult result = parse(arguments);
    check::that(result.options.has_value(), result.exit.err + result.exit.out);
    return *result.options;
}

void nothing_given_means_defaults(void**) {
    const CliOptions options = good({});
    check::equal(options.config_file, "");
    assert_false(options.check_config);
    assert_true(options.overrides.listen.empty());
    assert_false(options.overrides.broker.has_value());
    assert_false(options.overrides.log_level.has_value());
}

void every_option_is_read(void**) {
    const CliOptions options =
        good({"-c", "a.toml", "--check-config", "--listen", "udp://127.0.0.1:1", "--listen", "udp://[::1]:2",
              "--broker=mqtts://b:8", "--log-level", "debug"});
    check::equal(options.config_file, "a.toml");
    assert_true(options.check_config);
    assert_int_equal(options.overrides.listen.size(), 2);
    check::equal(to_string(options.overrides.listen[0]), "udp://127.0.0.1:1");
    check::equal(to_string(options.overrides.listen[1]), "udp://[::1]:2");
    check::equal(to_string(*options.overrides.broker), "mqtts://b:8");
    assert_true(options.overrides.log_level == LogLevel::debug);
    check::equal(good({"--config=b.toml"}).config_file, "b.toml");
}

void help_names_every_option_with_default_and_example(void**) {
    for (const char* option : {"--help", "-h"}) {
        const CliResult result = parse({option});
        assert_false(result.options.has_value());
        assert_int_equal(result.exit.exit_code, 0);
        check::equal(result.exit.err, "");
        for (const std::string_view part :
             {"-c, --config FILE", "--check-config", "--listen URL", "--broker URL", "--log-level L",
              "--version", "-h, --help", "default: udp://[::]:1883", "default: mqtt://127.0.0.1:1883",
              "default: info", "Example:\n  mqttsn-gateway --"}) {
            check::contains(result.exit.out, part);
        }
        for (std::size_t start = 0; start < result.exit.out.size();) {
            const std::size_t end = result.exit.out.find('\n', start);
            check::that(end - start <= 80, result.exit.out.substr(start, end - start));
            start = end + 1;
        }
    }
    assert_int_equal(parse({"--help", "--listen", "udp://127.0.0.1:1"}).exit.exit_code, 0);
}

void version_is_one_line(void**) {
    const CliResult result = parse({"--version"});
    assert_false(result.options.has_value());
    assert_int_equal(result.exit.exit_code, 0);
    check::that(result.exit.out.starts_with("mqttsn-gateway ") && result.exit.out.size() > 20,
                result.exit.out);
    check::that(result.exit.out.find('\n') == result.exit.out.size() - 1, result.exit.out);
}

void bad_usage_exits_2_and_names_the_option(void**) {
    const struct {
        std::vector<std::string> arguments;
        std::string_view says;
    } rows[] = {
        {{"--lisen", "udp://[::]:1"}, "unknown option \"--lisen\"; did you mean --listen?"},
        {{"--lisen=udp://[::]:1"}, "unknown option \"--lisen\"; did you mean --listen?"},
        {{"--banana"}, "unknown option \"--banana\""},
        {{"-x"}, "unknown option \"-x\""},
        {{"gateway.toml"},
         "unexpected argument \"gateway.toml\"; a configuration file is given with -c FILE"},
        {{"--listen", "udp://127.0.0.1:1", "udp://127.0.0.1:2"}, "unexpected argument \"udp://127.0.0.1:2\""},
        {{"-c"}, "--config: expected a value"},
        {{"--listen"}, "--listen: expected a value"},
        {{"--broker"}, "--broker: expected a value"},
        {{"--log-level"}, "--log-level: expected a value"},
        {{"--listen", "--broker", "mqtt://a"}, "--listen: expected a URL like \"udp://[::]:1883\""},
        {{"-c", ""}, "--config: expected the name of a file, got \"\""},
        {{"-c", "a", "-c", "b"}, "--config: may be given only once"},
        {{"--broker", "mqtt://a", "--broker", "mqtt://b"}, "--broker: may be given only once"},
        {{"--log-level", "info", "--log-level", "info"}, "--log-level: may be given only once"},
        {{"--listen", "127.0.0.1"}, "--listen: expected a URL like \"udp://[::]:1883\""},
        {{"--listen", ""}, "--listen: expected a URL like"},
        {{"--listen", "udp://[::]:1", "--listen", "udp://[0::0]:1"},
         "--listen: udp://[0::0]:1 is given twice"},
        {{"--broker", "http://a"}, "--broker: the scheme must be mqtt, mqtts"},
        {{"--broker", ""}, "--broker: expected scheme://host[:port]"},
        {{"--log-level", "loud"}, "--log-level: expected error, warn, info or debug, got \"loud\""},
        {{"--log-level", "a\nb"}, "--log-level: expected error, warn, info or debug, got \"a\\nb\""},
        {{"--check-config=yes please"}, "--check-config"},
        {{"--bad\x1B[2J"}, "unknown option \"--bad\\x1b[2J\""},
    };
    for (const auto& row : rows) {
        const CliResult result = parse(row.arguments);
        check::that(!result.options && result.exit.exit_code == 2, row.says);
        check::equal(result.exit.out, "", row.says);
        const std::string first = result.exit.err.substr(0, result.exit.err.find('\n'));
        check::contains(first, row.says);
        check::that(first.starts_with("mqttsn-gateway: "), first);
        check::equal(result.exit.err.substr(first.size()), "\nTry: mqttsn-gateway --help\n", first);
    }
}

void at_most_16_listeners(void**) {
    std::vector<std::string> arguments;
    for (int i = 0; i < 16; ++i) {
        arguments.insert(arguments.end(), {"--listen", "udp://127.0.0.1:" + std::to_string(1000 + i)});
    }
    assert_int_equal(good(arguments).overrides.listen.size(), 16);
    arguments.insert(arguments.end(), {"--listen", "udp://127.0.0.1:2000"});
    check::contains(parse(arguments).exit.err, "--listen: at most 16 times");
}

struct File {
    char path[40] = "/tmp/dormouse-cli-XXXXXX";
};

int make_file(void** state) {
    auto* file = new File;
    *state = file;
    const int fd = mkstemp(file->path);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0 ? 0 : -1;
}

int remove_file(void** state) {
    auto* file = static_cast<File*>(*state);
    unlink(file->path);
    delete file;
    return 0;
}

void check_config_says_ok_with_summary_and_warnings(void** state) {
    const std::string path = static_cast<File*>(*state)->path;
    std::ofstream(path) << "[gateway]\nid = 3\n[broker]\nversion = \"5\"\n[[predefined_topic]]\nid = "
                           "1\ntopic = \"a\"\n";
    const CliExit report =
        check_config_report(good({"-c", path, "--check-config", "--listen", "udp://127.0.0.1:5"}));
    assert_int_equal(report.exit_code, 0);
    check::equal(report.out,
                 path +
                     ": ok\n"
                     "  gateway  \"dormouse-3\", status topic \"mqttsn/gateway/3/status\"\n"
                     "  listen   udp://127.0.0.1:5, sessions \"dedicated\", QoS -1 \"predefined\"\n"
                     "  broker   mqtt://127.0.0.1:1883\n"
                     "  rules    1 predefined topic, 0 client rules\n");
    check::equal(report.err, path +
                                 ": warning: broker.version = \"5\": not active yet with engine = "
                                 "\"direct\": devices' sessions use MQTT 3.1.1\n");
}

void check_config_says_all_errors_and_exits_2(void** state) {
    const std::string path = static_cast<File*>(*state)->path;
    std::ofstream(path) << "[gateway]\nid = 0\nnam = \"a\"\n";
    const CliExit report = check_config_report(good({"-c", path, "--check-config"}));
    assert_int_equal(report.exit_code, 2);
    check::equal(report.out, "");
    check::equal(report.err, path + ":2:6: gateway.id: expected an integer from 1 to 255, got 0\n" + path +
                                 ":3:1: gateway.nam: unknown key \"nam\"; did you mean \"name\"?\n");
}

void check_config_without_a_file_checks_what_is_built_in(void**) {
    const CliExit report = check_config_report(good({"--check-config"}));
    assert_int_equal(report.exit_code, 0);
    check::that(report.out.starts_with("built-in configuration: ok\n"), report.out);
    check::equal(report.err, "");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(nothing_given_means_defaults),
        cmocka_unit_test(every_option_is_read),
        cmocka_unit_test(help_names_every_option_with_default_and_example),
        cmocka_unit_test(version_is_one_line),
        cmocka_unit_test(bad_usage_exits_2_and_names_the_option),
        cmocka_unit_test(at_most_16_listeners),
        cmocka_unit_test_setup_teardown(check_config_says_ok_with_summary_and_warnings, make_file,
                                        remove_file),
        cmocka_unit_test_setup_teardown(check_config_says_all_errors_and_exits_2, make_file, remove_file),
        cmocka_unit_test(check_config_without_a_file_checks_what_is_built_in),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
