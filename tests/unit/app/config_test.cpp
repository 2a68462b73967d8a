// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/app/config.hpp"

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "config_steps.hpp"

using namespace mqttsn::gateway;
using config_steps::as_text;
using config_steps::good;
using config_steps::said;

namespace {

void without_a_file_it_is_dual_stack_udp_to_the_broker_on_this_machine(void**) {
    const Config config = default_config();
    assert_int_equal(config.listen.size(), 1);
    assert_int_equal(config.core.listeners.size(), 1);
    check::equal(to_string(config.listen[0]), "udp://[::]:1883");
    check::equal(to_string(config.broker), "mqtt://127.0.0.1:1883");
    check::equal(config.own_client_id(), "dormouse-1");
    check::equal(config.status_topic, "mqttsn/gateway/1/status");
    assert_int_equal(config.discovery.groups.size(), 1);
    assert_int_equal(config.core.discovery.groups, 1);
    check::equal(to_string(config.discovery.groups[0]), "225.1.1.1:1883");
    assert_false(config.core.discovery.advertise);
    assert_true(config.core.listeners[0].sessions == SessionMode::dedicated);
    assert_int_equal(config.core.retry.interval_ms, 10000);
    assert_int_equal(config.core.retry.count_max, 3);
    assert_true(config.warnings.empty());
    assert_false(config.core.debug_events);
    const ConfigResult loaded = load_config("");
    assert_true(loaded.config.has_value());
    check::equal(as_text(*loaded.config), as_text(config));
}

void the_example_file_holds_every_default(void**) {
    const ConfigResult result = load_config(DORMOUSE_SOURCE_DIR "/examples/gateway.toml");
    check::equal(said(result), "");
    check::equal(as_text(*result.config), as_text(default_config()));
    assert_true(result.config->warnings.empty());
}

/// Sections and keys of the file, also the ones that are only shown as comments.
void the_example_file_names_every_key(void**) {
    std::ifstream file(DORMOUSE_SOURCE_DIR "/examples/gateway.toml");
    std::string text = "\n";
    for (std::string line; std::getline(file, line);) {
        text += (line.starts_with("# [[") || line.find(" = ") != std::string::npos) && line.starts_with("# ")
                    ? line.substr(2) + "\n"
                    : line + "\n";
    }
    Config with_rules = default_config();
    with_rules.core.predefined_topics.push_back({1, "sensors/{client_id}/temperature", "*"});
    with_rules.core.clients.push_back({"meter-*", true, SessionMode::shared, {30000, 5, true}});
    std::size_t at = 0;
    for (const ConfigLine& line : describe(with_rules)) {
        const std::string key = line.key.substr(line.key.find('.') + 1);
        check::contains(text, "\n" + key + " = " + line.value);
        ++at;
    }
    assert_int_equal(at, 66);
}

using check::Bad;
// A config error is file:line:column, the key, what was expected.
template <std::size_t N>
void check_bad(const Bad (&rows)[N]) {
    check::each_bad(rows, "gateway.toml", [](std::string_view toml) {
        const ConfigResult result = parse_config(toml, "gateway.toml");
        std::vector<std::string> errors;
        for (const ConfigError& error : result.errors) {
            errors.push_back(to_string(error));
        }
        check::that(result.config.has_value() == errors.empty(), toml);
        return errors;
    });
}

// FAULT-100
void what_is_no_toml_is_refused_with_line_and_column(void**) {
    const Bad rows[] = {
        {"[gateway\nid = 1\n", "1:9: not valid TOML: table header: expected ']', saw '\\n'"},
        {"[gateway]\nid = \n", "2:6: not valid TOML: key-value pair: expected value, saw '\\n'"},
        {"[gateway]\nid = 1\nname = \"a\nb\"\n",
         "3:10: not valid TOML: string: unescaped control characters"},
        {"[gateway]\nid = 1\nid = 2\n", "3:6: 'id' is given twice"},
        {"[gateway]\nid = 1\n[broker]\n[gateway]\n", "4:1: 'gateway' is given twice"},
        {"[gateway]\nname = \"\xFF\"\n", "2:8: not valid TOML: Encountered invalid utf-8"},
        {"[gateway]\nname = \"\\q\"\n", "2:10: not valid TOML: string: unknown escape sequence '\\q'"},
        {"[gateway]\nname = abc\n", "2:8: expected a value; a text needs quotes, as in \"abc\""},
        {"[retry]\ninterval = 10s\n",
         "2:14: not valid TOML: decimal integer: expected digit, saw 's' (a text needs quotes, also a "
         "duration: "
         "\"10s\")"},
    };
    check_bad(rows);
}

// FAULT-100
void unknown_sections_and_keys_get_a_suggestion(void**) {
    const Bad rows[] = {
        {"[brocker]\n", "1:2: brocker: unknown section \"brocker\"; did you mean \"broker\"?"},
        {"[banana]\n", "1:2: banana: unknown section \"banana\""},
        {"[listen]\n", "1:2: listen: expected [[listen]] (it may be there several times), got [listen]"},
        {"\n[[broker]]\n", "2:1: broker: expected [broker] (there is only one), got [[broker]]"},
        {"broker = 1\n", "1:1: broker: expected a section [broker], got 1"},
        {"listen = [\"udp://[::]:1883\"]\n", "1:1: listen: expected sections [[listen]], got an array"},
        {"listen = []\n", "1:1: listen: expected sections [[listen]], got an array"},
        {"[retry]\n  intervall = \"10s\"\n",
         "2:3: retry.intervall: unknown key \"intervall\"; did you mean \"interval\"?"},
        {"[gateway]\nlevel = \"info\"\n",
         "2:1: gateway.level: unknown key \"level\"; did you mean \"level\" in [log]?"},
        {"[gateway]\nqos_minus_one = \"off\"\n",
         "2:1: gateway.qos_minus_one: unknown key \"qos_minus_one\"; did you mean \"qos_minus_one\" in "
         "[[listen]]?"},
        {"[gateway]\nbanana = 1\n", "2:1: gateway.banana: unknown key \"banana\""},
        {"keep_alive = \"60s\"\n",
         "1:1: keep_alive: unknown key \"keep_alive\" outside of any section; did you mean \"keep_alive\" in "
         "[broker]?"},
        {"\"a\\nb\" = 1\n", "1:1: a\\nb: unknown key \"a\\nb\" outside of any section"},
        {"[gateway.name]\nx = 1\n", "1:1: gateway.name: expected a string, got a table"},
    };
    check_bad(rows);
}

// Every key's type and range is in config_schema_test.cpp.
// FAULT-100
void bad_values_are_refused_with_key_and_expectation(void**) {
    const Bad rows[] = {
        {"[retry]\n  interval = \"10\"\n",
         "2:14: retry.interval: expected a duration from 100ms to 10m, got \"10\" (the unit is missing: ms, "
         "s, m or "
         "h)"},
        {"[retry]\ninterval = 10\n",
         "2:12: retry.interval: expected a duration from 100ms to 10m, got 10 (write it as \"10s\")"},
        {"[retry]\ninterval = \"11m\"\n",
         "2:12: retry.interval: expected a duration from 100ms to 10m, got \"11m\""},
        {"[broker]\nkeep_alive = \"1500ms\"\n",
         "2:14: broker.keep_alive: expected a duration in whole seconds from 1s to 18h, got \"1500ms\""},
        {"[log]\nformat = \"xml\"\n", "2:10: log.format: expected \"text\" or \"json\", got \"xml\""},
        {"[session]\nroaming = \"true\"\n",
         "2:11: session.roaming: expected true or false, got \"true\" (write it without quotes)"},
        {"[gateway]\nid = 0x100\n", "2:6: gateway.id: expected an integer from 1 to 255, got 256"},
        {"[gateway]\nname = \"a/b\"\n", "2:8: gateway.name: expected a name without '/', '+' and '#'"},
        {"[gateway]\nstatus_topic = \"a/#\"\n", "2:16: gateway.status_topic: expected a topic name"},
        {"[gateway]\nstatus_topic = \"{client_id}\"\n",
         "2:16: gateway.status_topic: unknown template \"{client_id}\"; only {id} and {gateway_id} can stand "
         "in "
         "braces here"},
        {"[broker]\nurl = \"tcp://x\"\n",
         "2:7: broker.url: the scheme must be mqtt, mqtts, ws or wss (write mqtt://"},
        {"[broker]\nurl = \"mqtt://x:99999\"\n",
         "2:7: broker.url: the port must be a number from 1 to 65535, got \"mqtt://x:99999\""},
        {"[broker]\nusername = \"{clientid}\"\n",
         "2:12: broker.username: unknown template \"{clientid}\"; only {client_id} and {gateway_id} can "
         "stand in "
         "braces here"},
        {"[broker]\nclient_id = \"gw\"\n",
         "2:13: broker.client_id: expected a text with {client_id}, got \"gw\""},
        {"[[listen]]\nurl = \"udp://host:1883\"\n",
         "2:7: listen.url: expected a URL like \"udp://[::]:1883\" or \"udp://192.0.2.1:1883\", got "
         "\"udp://host:1883\" (\"host\" is no IP address)"},
    };
    check_bad(rows);
}

void repeated_sections_are_checked_against_each_other(void**) {
    const Bad rows[] = {
        {"[[listen]]\nurl = \"udp://[::1]:1\"\n[[listen]]\nurl = \"udp://[0::1]:1\"\n",
         "4:7: listen.url: udp://[0::1]:1 is given twice; the first is in line 1"},
        {"[[listen]]\n[[listen]]\n",
         "2:1: listen.url: udp://[::]:1883 is given twice; the first is in line 1"},
        {"[[predefined_topic]]\nid = 1\n", "1:1: predefined_topic.topic: is missing: expected a string"},
        {"[[predefined_topic]]\ntopic = \"a\"\n",
         "1:1: predefined_topic.id: is missing: expected an integer from 1 to 65534"},
        {"[[client]]\n", "1:1: client.id: is missing: expected a string"},
        {"[[client]]\nid = \"\"\n",
         "2:6: client.id: expected a client id or a pattern like \"meter-*\", got \"\""},
        {"[[predefined_topic]]\nid = 1\ntopic = \"a/+/b\"\n",
         "3:9: predefined_topic.topic: expected a topic name (no '+' or '#', at most 128 levels), got "
         "\"a/+/b\""},
        {"[[predefined_topic]]\nid = 1\ntopic = \"{id}\"\n",
         "3:9: predefined_topic.topic: unknown template \"{id}\""},
        {"[[predefined_topic]]\nid = 1\ntopic = \"a\"\n[[predefined_topic]]\nid = 1\ntopic = \"b\"\n",
         "5:6: predefined_topic.id: id 1 for client \"*\" is given twice; the first is in line 1"},
        {"[broker]\nca_file = \"/nonexistent/ca.pem\"\n",
         "2:11: broker.ca_file: cannot read \"/nonexistent/ca.pem\": No such file or directory"},
        {"[broker]\ncert_file = \"/\"\n", "2:13: broker.cert_file: expected a file, but \"/\" is none"},
    };
    check_bad(rows);
}

void all_errors_of_a_file_are_told_at_once_in_its_order(void**) {
    const ConfigResult result = parse_config(
        "[retry]\ncount = -1\nadaptive = 1\n[log]\nlevel = 3\n[gateway]\nid = 0\n"
        "idd = 1\n",
        "g.toml");
    check::equal(said(result),
                 "g.toml:2:9: retry.count: expected an integer from 0 to 100, got -1\n"
                 "g.toml:3:12: retry.adaptive: expected true or false, got 1\n"
                 "g.toml:5:9: log.level: expected \"error\", \"warn\", \"info\" or \"debug\", got 3\n"
                 "g.toml:7:6: gateway.id: expected an integer from 1 to 255, got 0\n"
                 "g.toml:8:1: gateway.idd: unknown key \"idd\"; did you mean \"id\"?\n");
    // Also those that are found after all keys have been read.
    check::equal(
        said(parse_config("[[predefined_topic]]\nid = 1\ntopic = \"#\"\n[gateway]\nstatus_topic = \"+\"\n",
                          "g.toml"))
            .substr(0, 12),
        "g.toml:3:9: ");
}

void a_flood_of_errors_is_cut_and_counted(void**) {
    std::string toml = "[gateway]\n";
    for (int i = 0; i < 100; ++i) {
        toml += "banana" + std::to_string(i) + " = 1\n";
    }
    const ConfigResult result = parse_config(toml, "g.toml");
    assert_int_equal(result.errors.size(), kConfigErrorsMax + 1);
    check::equal(to_string(result.errors.back()), "g.toml: and 80 more errors");
}

void repeated_sections_have_a_limit(void**) {
    std::string toml;
    for (std::size_t i = 0; i < kListenersMax; ++i) {
        toml += "[[listen]]\nurl = \"udp://127.0.0.1:" + std::to_string(1000 + i) + "\"\n";
    }
    assert_int_equal(good(toml).listen.size(), kListenersMax);
    toml += "[[listen]]\nurl = \"udp://127.0.0.1:2000\"\n[[listen]]\nurl = \"udp://127.0.0.1:2001\"\n";
    check::equal(said(parse_config(toml, "g.toml")),
                 "g.toml:33:1: listen: expected at most 16 sections [[listen]]\n");
}

void every_value_ends_up_in_its_place(void**) {
    const Config config = good(R"(
[gateway]
id = 7
name = "roof"
status_topic = "gw/{gateway_id}"
[[listen]]
url = "udp://127.0.0.1:1885"
qos_minus_one = "all"
[[listen]]
url = "udp://[::1]:1886"
max_datagram = 500
[broker]
url = "mqtts://broker.example:8884"
username = "{client_id}"
max_qos = 1
above_max_qos = "downgrade"
when_down = "disconnect"
keep_alive = "2m"
[retry]
interval = "1500ms"
[session]
takeover = "reject"
roaming = false
[[predefined_topic]]
id = 1
topic = "a/{client_id}"
[[predefined_topic]]
id = 1
topic = "b"
client = "meter-*"
[[client]]
id = "meter-?"
[[client]]
id = "*"
allow = false
[log]
level = "debug"
format = "json"
)");
    check::equal(config.own_client_id(), "roof-7");
    check::equal(config.status_topic, "gw/7");
    assert_int_equal(config.listen.size(), 2);
    assert_int_equal(config.core.listeners.size(), 2);
    assert_true(config.core.listeners[0].qos_minus_one == QosMinusOne::all);
    assert_int_equal(config.core.listeners[0].max_datagram, 1472);
    assert_int_equal(config.core.listeners[1].max_datagram, 500);
    assert_true(config.broker.tls());
    check::equal(config.broker.host, "broker.example");
    assert_int_equal(config.broker.port, 8884);
    assert_true(config.core.broker.above_max_qos == AboveMaxQos::downgrade);
    assert_true(config.core.broker.when_down == WhenBrokerDown::disconnect);
    assert_int_equal(config.core.broker.keep_alive_s, 120);
    assert_int_equal(config.core.retry.interval_ms, 1500);
    assert_true(config.core.session.takeover == Takeover::reject);
    assert_int_equal(config.core.predefined_topics.size(), 2);
    check::equal(config.core.predefined_topics[0].client, "*");
    check::equal(config.core.predefined_topics[1].client, "meter-*");
    assert_int_equal(config.core.clients.size(), 2);
    assert_true(config.core.clients[0].allow && !config.core.clients[0].sessions);
    assert_false(config.core.clients[1].allow);
    assert_true(config.core.debug_events);
    assert_true(config.log_format == LogFormat::json);
    assert_true(config.warnings.empty());
}

void the_command_line_overrides_the_file(void**) {
    ConfigOverrides overrides;
    overrides.listen.resize(2);
    check::equal(parse_listen_url("udp://127.0.0.1:2001", overrides.listen[0]), "");
    check::equal(parse_listen_url("udp://127.0.0.1:2002", overrides.listen[1]), "");
    overrides.broker = BrokerUrl{};
    overrides.broker->port = 2003;
    overrides.log_level = LogLevel::debug;
    const ConfigResult result = parse_config(
        "[[listen]]\nurl = \"udp://[::]:1\"\nmax_datagram = 99\n[broker]\nurl = \"mqtts://x\"\n[log]\nlevel "
        "= \"error\"",
        "g.toml", overrides);
    check::equal(said(result), "");
    check::equal(to_string(result.config->listen[1]), "udp://127.0.0.1:2002");
    assert_int_equal(result.config->listen.size(), 2);
    assert_int_equal(result.config->core.listeners.size(), 2);
    assert_int_equal(result.config->core.listeners[1].max_datagram, 99);
    check::equal(to_string(result.config->broker), "mqtt://127.0.0.1:2003");
    assert_true(result.config->log_level == LogLevel::debug && result.config->core.debug_events);
}

void what_is_accepted_but_not_active_is_a_warning_each(void**) {
    const Bad rows[] = {
        {"[broker]\nversion = \"5\"\n", "broker.version = \"5\": not active yet with engine = \"direct\": "},
        {"[broker]\nurl = \"mqtt://192.0.2.1\"\nusername = \"u\"\n",
         "broker.username: user name and password cross the network to 192.0.2.1:1883 in clear text"},
        {"[broker]\nca_file = \"/dev/null/x\"\n", ""},
        {"[sleep]\nmax_bytes = 1024\n", "sleep.max_bytes = 1024: less than listen.max_datagram = 1472"},
        {"[[client]]\nid = \"*\"\n[[client]]\nid = \"a\"\n",
         "client.id = \"a\": never used, because \"*\" stands"},
        {"[[client]]\nid = \"m-*\"\n[[client]]\nid = \"m-1\"\n", "client.id = \"m-1\": never used"},
    };
    for (const Bad& row : rows) {
        if (row.says.empty()) {
            assert_false(parse_config(row.text, "g.toml").config.has_value());
            continue;
        }
        const Config config = good(row.text);
        assert_int_equal(config.warnings.size(), 1);
        check::equal(config.warnings[0].substr(0, row.says.size()), row.says, row.text);
        check::that(config.warnings[0].find('\n') == std::string::npos, row.text);
    }
}

void a_password_in_clear_is_only_warned_of_when_it_leaves_the_machine(void**) {
    const std::pair<std::string_view, bool> rows[] = {
        {"mqtt://127.0.0.1", false},
        {"mqtt://127.8.9.1", false},
        {"mqtt://[::1]", false},
        {"mqtt://localhost", false},
        {"mqtt://LOCALHOST", false},
        {"mqtt://[::ffff:127.0.0.1]", false},
        {"mqtts://192.0.2.1", false},
        {"mqtt://192.0.2.1", true},
        {"mqtt://[::2]", true},
        {"mqtt://[2001:db8::1]", true},
        {"mqtt://localhost.example", true},
        {"mqtt://[::ffff:192.0.2.1]", true},
    };
    for (const auto& [url, warned] : rows) {
        const Config config = good("[broker]\nusername = \"u\"\nurl = \"" + std::string(url) + "\"\n");
        check::that(config.warnings.empty() != warned, url);
    }
}

// FAULT-54
void a_password_in_the_url_does_not_get_into_the_message(void**) {
    const ConfigResult result = parse_config("[broker]\nurl = \"mqtt://user:hunter2@host\"\n", "g.toml");
    check::contains(said(result),
                    "g.toml:2:7: broker.url: user name and password do not belong into the URL");
    check::that(said(result).find("hunter2") == std::string::npos, said(result));
}

void settings_for_what_the_core_must_know_of_the_command_line_have_no_file_position(void**) {
    ConfigOverrides overrides;
    overrides.listen.resize(2);
    check::equal(parse_listen_url("udp://127.0.0.1:1", overrides.listen[0]), "");
    check::equal(parse_listen_url("udp://127.0.0.1:1", overrides.listen[1]), "");
    check::equal(said(parse_config("", "", overrides)), "listen.url: udp://127.0.0.1:1 is given twice\n");
}

void line_ends_of_windows_and_a_bom_do_not_matter(void**) {
    check::equal(good("\xEF\xBB\xBF[gateway]\r\nid = 9\r\n").own_client_id(), "dormouse-9");
}

// A wrecked file must give errors or a config, never a crash: a fixed seed, so a failure repeats.
void a_mutated_example_never_crashes(void**) {
    std::ifstream file(DORMOUSE_SOURCE_DIR "/examples/gateway.toml");
    std::string example((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    for (std::size_t at = 0; (at = example.find("\n# ", at)) != std::string::npos;) {
        example.replace(at, 3,
                        "\n");  // the commented sections too; what is no TOML then is part of the mutation
        at = example.find('\n', at + 1);
    }
    std::uint32_t seed = 1;
    const auto next = [&](std::size_t below) {
        seed = seed * 1664525U + 1013904223U;
        return static_cast<std::size_t>(seed >> 8) % below;
    };
    std::ifstream again(DORMOUSE_SOURCE_DIR "/examples/gateway.toml");
    const std::string clean((std::istreambuf_iterator<char>(again)), std::istreambuf_iterator<char>());
    int refused = 0;
    for (int round = 0; round < 1500; ++round) {
        std::string text = round % 2 == 0 ? clean : example;
        for (std::size_t i = 0; i <= next(4); ++i) {
            const std::size_t at = next(text.size());
            switch (next(4)) {
                case 0:
                    text[at] = static_cast<char>(static_cast<std::uint8_t>(next(256)));
                    break;
                case 1:
                    text.erase(at, 1 + next(20));
                    break;
                case 2:
                    text.insert(at, text.substr(next(text.size()), next(40)));
                    break;
                default:
                    text.resize(at + 1);
                    break;
            }
        }
        const ConfigResult result = parse_config(text, "g.toml");
        assert_true(result.config.has_value() == result.errors.empty());
        refused += result.errors.empty() ? 0 : 1;
        for (const ConfigError& error : result.errors) {
            check::that(to_string(error).find_first_of("\n\r\x1B") == std::string::npos, to_string(error));
        }
    }
    assert_true(refused > 500);
}

void deep_nesting_is_an_error_not_a_crash(void**) {
    const ConfigResult result = parse_config("a = " + std::string(100000, '['), "g.toml");
    check::that(!result.config, "nesting");
    std::string tables = "a = ";
    for (int i = 0; i < 50000; ++i) {
        tables += "{a=";
    }
    check::that(!parse_config(tables, "g.toml").config, "nesting");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(without_a_file_it_is_dual_stack_udp_to_the_broker_on_this_machine),
        cmocka_unit_test(the_example_file_holds_every_default),
        cmocka_unit_test(the_example_file_names_every_key),
        cmocka_unit_test(what_is_no_toml_is_refused_with_line_and_column),
        cmocka_unit_test(unknown_sections_and_keys_get_a_suggestion),
        cmocka_unit_test(bad_values_are_refused_with_key_and_expectation),
        cmocka_unit_test(repeated_sections_are_checked_against_each_other),
        cmocka_unit_test(all_errors_of_a_file_are_told_at_once_in_its_order),
        cmocka_unit_test(a_flood_of_errors_is_cut_and_counted),
        cmocka_unit_test(repeated_sections_have_a_limit),
        cmocka_unit_test(every_value_ends_up_in_its_place),
        cmocka_unit_test(the_command_line_overrides_the_file),
        cmocka_unit_test(what_is_accepted_but_not_active_is_a_warning_each),
        cmocka_unit_test(a_password_in_clear_is_only_warned_of_when_it_leaves_the_machine),
        cmocka_unit_test(a_password_in_the_url_does_not_get_into_the_message),
        cmocka_unit_test(settings_for_what_the_core_must_know_of_the_command_line_have_no_file_position),
        cmocka_unit_test(line_ends_of_windows_and_a_bom_do_not_matter),
        cmocka_unit_test(a_mutated_example_never_crashes),
        cmocka_unit_test(deep_nesting_is_an_error_not_a_crash),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
