// SPDX-License-Identifier: BSD-3-Clause
#include "lossy/scenario.hpp"

#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "lossy/link_presets.hpp"
#include "lossy/link_text.hpp"
#include "lossy/random.hpp"
#include "lossy/scenario_schema.hpp"
#include "unit/app/check.hpp"

using namespace mqttsn::lossy;
using mqttsn::sim::Pattern;

namespace {

constexpr std::string_view kDevice = "[[device]]\nname = \"a\"\n";

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) {
        text += line + "\n";
    }
    return text;
}

Plan good_plan(std::string_view toml, const ScenarioOverrides& overrides = {}) {
    PlanResult result = parse_plan(toml, "s.toml", overrides);
    check::that(result.plan.has_value(), std::string(toml) + "\n" + joined(result.errors));
    return std::move(*result.plan);
}

Scenario good(std::string_view toml) {
    return good_plan(std::string(toml) + "\n" + std::string(kDevice)).base;
}

std::vector<std::string> examples() {
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::directory_iterator(DORMOUSE_SOURCE_DIR "/examples/lossy")) {
        if (entry.path().extension() == ".toml") {
            paths.push_back(entry.path().string());
        }
    }
    return paths;
}

std::string text_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

using check::Bad;

template <std::size_t N>
void check_bad(const Bad (&rows)[N]) {
    check::each_bad(rows, "s.toml", [](std::string_view toml) {
        const PlanResult result = parse_plan(toml, "s.toml");
        check::that(result.plan.has_value() == result.errors.empty(), toml);
        return result.errors;
    });
}

void every_default_of_the_table_passes_its_own_check(void**) {
    for (const KeyRow& row : scenario_keys()) {
        if (row.default_value.starts_with('(')) {
            continue;
        }
        mqttsn::gateway::TomlDocument document;
        assert_false(parse_toml("value = " + std::string(row.default_value), document).has_value());
        Scenario scenario;
        scenario.devices.emplace_back();
        Partition partition;
        const KeyTarget target{&scenario, &scenario.devices[0], &scenario.link, &scenario.preset, &partition};
        check::equal(set_key(row, document.loose[0].value, target), "", row.key);
    }
}

void a_file_with_only_a_device_has_the_documented_defaults(void**) {
    const Scenario scenario = good("");
    check::equal(scenario.name, "s");
    assert_int_equal(scenario.duration.count(), 3'600'000'000);
    assert_int_equal(scenario.seeds, 1);
    assert_true(scenario.link == LinkSettings{});
    assert_int_equal(scenario.gateway.retry.interval_ms, 10'000);
    assert_int_equal(scenario.gateway.retry.count_max, 3);
    assert_int_equal(scenario.broker.window, 20);
    assert_int_equal(scenario.radio.transmit_na, 4'800'000);
    assert_int_equal(scenario.radio.sleep_na, 1'500);
    assert_int_equal(scenario.radio.voltage_mv, 3'000);
    assert_int_equal(scenario.devices.size(), 1);
    assert_int_equal(scenario.devices[0].count, 1);
    assert_true(scenario.devices[0].device.pattern == Pattern::active);
    assert_int_equal(scenario.devices[0].device.publish_qos.size(), 1);
    assert_false(scenario.devices[0].device.subscribes);
    assert_false(scenario.devices[0].link.has_value());
}

void a_preset_comes_first_wherever_it_stands_and_a_direction_wins_over_both(void**) {
    const Scenario scenario =
        good("[link.down]\nloss = \"3%\"\n[link]\nloss = \"7%\"\nrebind = \"1h\"\npreset = \"satellite\"\n");
    const LinkSettings& satellite = find_link_preset("satellite")->settings;
    assert_int_equal(scenario.link.up.loss.ppm, 70'000);
    assert_int_equal(scenario.link.down.loss.ppm, 30'000);
    assert_true(scenario.link.up.delay == satellite.up.delay);
    assert_true(scenario.link.down.rate == satellite.down.rate);
    assert_int_equal(scenario.link.rebind.every.count(), 3'600'000'000);
    check::equal(scenario.preset, "satellite");
}

void every_key_of_a_link_is_taken_from_the_table_of_links(void**) {
    for (const LinkKey& key : link_keys()) {
        assert_non_null(find_key("link", key.name));
        assert_non_null(find_key("link.up", key.name));
        assert_non_null(find_key("device.link.down", key.name));
    }
    const Scenario scenario = good("[link.up]\nmtu = 200\nrate = \"9600bit/s\"\nduty_cycle = \"10%\"\n");
    assert_int_equal(scenario.link.up.mtu, 200);
    assert_int_equal(scenario.link.up.rate, 9600);
    assert_int_equal(scenario.link.down.mtu, 0);
}

void a_group_of_devices_may_have_a_link_of_its_own_and_partitions_cut_all_links(void**) {
    const Plan plan = good_plan(
        "[link]\nloss = \"1%\"\n"
        "[[partition]]\nfrom = \"1m\"\nto = \"2m\"\ndirection = \"up\"\n"
        "[[device]]\nname = \"near\"\n"
        "[[device]]\nname = \"far\"\n[device.link]\npreset = \"nb-iot\"\n[device.link.up]\nloss = \"9%\"\n");
    assert_false(plan.base.devices[0].link.has_value());
    assert_int_equal(plan.base.devices[1].link->up.loss.ppm, 90'000);
    check::equal(plan.base.devices[1].preset, "nb-iot");
    for (const LinkSettings& link : {plan.base.link, *plan.base.devices[1].link}) {
        assert_int_equal(link.partitions.size(), 1);
        assert_true(link.partitions[0].up);
        assert_false(link.partitions[0].down);
    }
}

void qos_may_be_a_number_or_an_array(void**) {
    const Plan plan = good_plan(
        "[[device]]\nname = \"a\"\npublish_qos = [0, 2, -1]\nreceive_qos = 2\nreceive_every = \"1m\"\n");
    const DeviceGroup& group = plan.base.devices[0];
    assert_int_equal(group.device.publish_qos.size(), 3);
    assert_int_equal(group.device.publish_qos[2], -1);
    assert_int_equal(group.downlink.qos.size(), 1);
    assert_int_equal(group.downlink.qos[0], 2);
    assert_true(group.device.subscribes);
}

void a_link_alone_is_a_scenario_for_the_proxy_but_not_for_the_simulator(void**) {
    const std::string_view toml = "[scenario]\nseed = 7\n[link]\npreset = \"wifi-bad\"\n";
    const ScenarioResult result = parse_scenario(toml, "s.toml");
    assert_true(result.scenario.has_value());
    assert_int_equal(result.scenario->seed, 7);
    assert_true(result.scenario->link == find_link_preset("wifi-bad")->settings);
    const PlanResult plan = parse_plan(toml, "s.toml");
    check::equal(joined(plan.errors), "s.toml: there is no section [[device]]: nothing would happen\n");
}

void a_sweep_makes_a_point_for_each_value_and_series(void**) {
    const Plan plan = good_plan(
        "[[device]]\nname = \"a\"\nretry_count = 9\n[[device]]\nname = \"b\"\n"
        "[sweep]\nparameter = \"link.loss\"\nvalues = [\"0%\", \"2.5%\"]\nlabel = \"loss of frames\"\n"
        "[sweep.series]\nparameter = [\"device.retry_count\", \"gateway.retry_count\"]\nvalues = [1, 2, "
        "4]\n");
    assert_int_equal(plan.points.size(), 6);
    assert_int_equal(plan.sweep.numbers.size(), 2);
    assert_true(plan.sweep.numbers[1] == 2.5);
    check::equal(plan.sweep.unit, "%");
    check::equal(plan.sweep.label, "loss of frames");
    check::equal(plan.series.label, "retry_count");
    const SweepPoint& point = plan.points[5];
    assert_int_equal(point.value, 1);
    assert_int_equal(point.series, 2);
    assert_int_equal(point.scenario.link.down.loss.ppm, 25'000);
    assert_int_equal(point.scenario.gateway.retry.count_max, 4);
    for (const DeviceGroup& group : point.scenario.devices) {
        assert_int_equal(group.device.retry_count, 4);
    }
    assert_int_equal(plan.base.devices[0].device.retry_count, 9);
}

void words_can_be_swept_too(void**) {
    const Plan plan = good_plan(std::string(kDevice) +
                                "[sweep]\nparameter = \"link.preset\"\nvalues = [\"lan\", \"nb-iot\"]\n");
    assert_true(plan.sweep.numbers.empty());
    check::equal(plan.points[1].scenario.preset, "nb-iot");
}

void all_points_of_a_sweep_send_their_last_message_at_the_same_time(void**) {
    const Plan plan =
        good_plan(std::string(kDevice) +
                  "[sweep]\nparameter = \"device.retry_interval\"\nvalues = [\"1s\", \"30s\"]\n");
    assert_true(plan.points[0].scenario.drain == plan.points[1].scenario.drain);
    assert_true(plan.points[0].scenario.drain > Micros{2 * 4 * 30'000'000LL});
    const Plan fixed = good_plan("[scenario]\ndrain = \"5s\"\n" + std::string(kDevice));
    assert_int_equal(fixed.points[0].scenario.drain.count(), 5'000'000);
}

void an_error_in_a_swept_value_is_said_once_where_the_value_stands(void**) {
    const Bad rows[] = {
        {"[[device]]\nname = \"a\"\n[sweep]\nparameter = \"link.loss\"\nvalues = [\"1%\", \"101%\"]\n"
         "[sweep.series]\nparameter = \"device.retry_count\"\nvalues = [1, 2]\n",
         "5:17: link.loss: expected "},
        {"[[device]]\nname = \"a\"\n[sweep]\nparameter = \"link.los\"\nvalues = [1]\n",
         "4:13: sweep.parameter: unknown key \"los\"; did you mean \"loss\"?"},
        {"[[device]]\nname = \"a\"\n[sweep]\nparameter = \"lonk.loss\"\nvalues = [1]\n",
         "4:13: sweep.parameter: unknown section \"lonk\"; did you mean \"link\"?"},
        {"[[device]]\nname = \"a\"\n[sweep]\nparameter = \"loss\"\nvalues = [1]\n",
         "4:13: sweep.parameter: expected SECTION.KEY such as \"link.loss\", got \"loss\"; did you mean "
         "\"loss\" in [link]?"},
        {"[[device]]\nname = \"a\"\n[sweep]\nparameter = \"scenario.seed\"\nvalues = [1]\n",
         "4:13: sweep.parameter: \"scenario.seed\" cannot be swept"},
        {"[[device]]\nname = \"a\"\n[sweep]\nparameter = [\"link.loss\", 7]\nvalues = [\"1%\"]\n",
         "4:27: sweep.parameter: expected a text such as \"link.loss\", got 7"},
        {"[[device]]\nname = \"a\"\n[sweep]\nparameter = \"link.loss\"\nvalues = []\n",
         "5:10: sweep.values: expected 1 to 200 values, got 0"},
        {"[[device]]\nname = \"a\"\n[sweep]\nparameter = \"link.loss\"\nvalues = \"1%\"\n",
         "5:10: sweep.values: expected an array of values, got \"1%\""},
        {"[[device]]\nname = \"a\"\n[sweep]\nvalues = [\"1%\"]\n",
         "3:2: sweep.parameter: is missing: expected a text such as \"link.loss\", or an array of them"},
        {"[[device]]\nname = \"a\"\n[sweep]\nparameter = \"partition.to\"\nvalues = [\"1m\"]\n",
         "5:11: sweep.parameter: there is no section [[partition]] in the file"},
        {"[scenario]\nseeds = 100000\n[[device]]\nname = \"a\"\n[sweep]\nparameter = \"link.loss\"\nvalues = "
         "[\"1%\", \"2%\"]\n",
         " 2 points of 100000 runs each: expected at most 100000 runs in all"},
    };
    check_bad(rows);
}

void set_changes_a_key_as_the_file_would(void**) {
    const std::string file =
        "[link]\nloss = \"1%\"\n[[device]]\nname = \"a\"\n[[device]]\nname = \"b\"\nretry_count = 1\n";
    ScenarioOverrides overrides;
    overrides.set = {"link.loss=20%",        "device.retry_count=7",         "device.publish_qos=[0, 2]",
                     "link.preset=802.15.4", "broker.keeps_to_window=false", "scenario.duration=2h"};
    overrides.seed = 99;
    overrides.seeds = 3;
    const Plan plan = good_plan(file, overrides);
    assert_int_equal(plan.base.link.up.loss.ppm, 200'000);
    check::equal(plan.base.preset, "802.15.4");
    for (const DeviceGroup& group : plan.base.devices) {
        assert_int_equal(group.device.retry_count, 7);
        assert_int_equal(group.device.publish_qos.size(), 2);
    }
    assert_false(plan.base.broker.keeps_to_window);
    assert_int_equal(plan.base.duration.count(), 7'200'000'000);
    assert_int_equal(plan.points[0].scenario.seed, 99);
    assert_int_equal(plan.points[0].scenario.seeds, 3);
    overrides.set = {"link.up.loss=5%", "link.preset=lan"};
    assert_int_equal(good_plan(kDevice, overrides).base.link.up.loss.ppm, 50'000);
}

void a_bad_set_is_named_in_the_error(void**) {
    const Bad rows[] = {
        {"link.loss=120%", "--set \"link.loss=120%\": link.loss: expected "},
        {"link.los=1%", "--set \"link.los=1%\": unknown key \"los\"; did you mean \"loss\"?"},
        {"loss", "--set \"loss\": expected SECTION.KEY=VALUE"},
        {"", "--set \"\": expected SECTION.KEY=VALUE"},
        {"sweep.values=[1]", "--set \"sweep.values=[1]\": a sweep can only be changed in the file"},
        {"device.retry_count=1\n[link]",
         "--set \"device.retry_count=1\\n[link]\": device.retry_count: expected an integer"},
        {"device.link.loss=1%",
         "--set \"device.link.loss=1%\": there is no section [device.link] in the file"},
        {"device.wake_every=1e400", "--set \"device.wake_every=1e400\": device.wake_every: expected a time"},
    };
    for (const Bad& row : rows) {
        ScenarioOverrides overrides;
        overrides.set = {std::string(row.text)};
        const PlanResult result = parse_plan(kDevice, "s.toml", overrides);
        check::that(result.errors.size() == 1, std::string(row.text) + "\n" + joined(result.errors));
        check::equal(result.errors[0].substr(0, row.says.size()), row.says, row.text);
    }
}

void every_kind_of_wrong_value_says_what_was_expected(void**) {
    const Bad rows[] = {
        {"[scenario]\nduration = 10\n",
         "2:12: scenario.duration: expected a time from \"1s\" to \"366d\", got 10 (write it as \"10s\")"},
        {"[scenario]\nduration = \"10 s\"\n",
         "2:12: scenario.duration: expected a time from \"1s\" to \"366d\", got \"10 s\" (units are"},
        {"[scenario]\nseeds = \"3\"\n",
         "2:9: scenario.seeds: expected an integer from 1 to 100000, got \"3\" (write it without quotes)"},
        {"[scenario]\nname = 7\n", "2:8: scenario.name: expected a text of at most 100 octets, got 7"},
        {"[scenario]\nquestion = \"a\\nb\"\n", "2:12: scenario.question: expected no control characters"},
        {"[link]\nloss = 20\n", "2:8: link.loss: expected a chance"},
        {"[link]\nloss = [1]\n", "2:8: link.loss: expected a chance"},
        {"[link]\npreset = \"nbiot\"\n", "2:10: link.preset: expected \"lan\""},
        {"[link]\nup = \"1%\"\n", "2:6: link.up: expected a section [link.up], got \"1%\""},
        {"[[device]]\nname = \"a\"\nadaptive = true\n",
         "3:12: device.adaptive: not available in this version: the retry intervals of devices are fixed"},
        {"[gateway]\nroaming = \"true\"\n",
         "2:11: gateway.roaming: expected true or false, got \"true\" (write it without quotes)"},
        {"[gateway]\nretry_interval = \"10.5ms\"\n",
         "2:18: gateway.retry_interval: expected a time in whole milliseconds"},
        {"[radio]\ntransmit = \"5\"\n", "2:12: radio.transmit: expected a current such as \"4.8mA\""},
        {"[radio]\ntransmit = \"11A\"\n", "2:12: radio.transmit: expected a current"},
        {"[radio]\nvoltage = \"0V\"\n", "2:11: radio.voltage: expected a voltage"},
        {"[[device]]\nname = \"a\"\npublish_qos = 3\n",
         "3:15: device.publish_qos: expected an integer from -1 to 2, or an array"},
        {"[[device]]\nname = \"a\"\npublish_qos = [1, \"0\"]\n",
         "3:15: device.publish_qos: expected an integer from -1 to 2"},
        {"[[device]]\nname = \"a\"\npublish_qos = []\n",
         "3:15: device.publish_qos: expected 1 to 16 items, got 0"},
        {"[[device]]\nname = \"a b\"\n", "2:8: device.name: expected letters, digits, '-' and '_'"},
        {"[[device]]\ncount = 2\n", "1:1: device.name: is missing: expected a text"},
        {"[[device]]\nname = \"a\"\npattern = \"sleper\"\nwake_every = \"1m\"\n",
         "3:11: device.pattern: expected \"active\", \"sleeper\" or \"visitor\", got \"sleper\"; did you "
         "mean \"sleeper\"?"},
        {"[device]\nname = \"a\"\n",
         "1:2: device: expected [[device]] (it may be there several times), got [device]"},
        {"[[link]]\n", "1:1: link: expected [link] (there is only one), got [[link]]"},
        {"[lnk]\n", "1:2: lnk: unknown section \"lnk\"; did you mean \"link\"?"},
        {"[link]\nlos = \"1%\"\n", "2:1: link.los: unknown key \"los\"; did you mean \"loss\"?"},
        {"[link]\nwake_every = \"1m\"\n",
         "2:1: link.wake_every: unknown key \"wake_every\"; did you mean \"wake_every\" in [[device]]?"},
        {"loss = \"1%\"\n",
         "1:1: loss: unknown key \"loss\" outside of any section; did you mean \"loss\" in [link]?"},
        {"link = 3\n", "1:1: link: expected a section [link], got 3"},
        {"[link\n", "1:6: not valid TOML"},
    };
    check_bad(rows);
}

void what_does_not_go_together_is_refused_where_it_stands(void**) {
    const Bad rows[] = {
        {"[scenario]\nduration = \"1h\"\ndrain = \"1h\"\n[[device]]\nname = \"a\"\n",
         "3:9: scenario.drain: expected less than the duration (1h), got \"1h\""},
        {"[[partition]]\nfrom = \"2m\"\nto = \"1m\"\n",
         "3:6: partition.to: expected a time after from (2m), got \"1m\""},
        {"[[partition]]\nfrom = \"1m\"\nto = \"2m\"\nevery = \"1m\"\n",
         "4:9: partition.every: expected \"0s\" or more than the partition"},
        {"[[device]]\nname = \"a\"\npattern = \"sleeper\"\n", "1:1: device.wake_every: is missing"},
        {"[[device]]\nname = \"a\"\npattern = \"sleeper\"\nwake_every = \"1h\"\nsleep_duration = \"1h\"\n",
         "5:18: device.sleep_duration: expected more than wake_every (1h)"},
        {"[[device]]\nname = \"a\"\n[[device]]\nname = \"a\"\n",
         "4:8: device.name: expected another name than the group before"},
        {"[[device]]\nname = \"a\"\ncount = 6000\n[[device]]\nname = \"b\"\ncount = 6000\n",
         "6:9: device.count: expected at most 10000 devices in all, got 12000"},
        {"[[device]]\nname = \"a\"\ntopic = \"short\"\ntopics = 2\n",
         "4:10: device.topics: expected at most 1 with topic = \"short\", got 2"},
        {"[[device]]\nname = \"a\"\ntopic = \"short\"\ncount = 2000\n",
         "3:9: device.topic: expected at most 1900 devices"},
        {"[[device]]\nname = \"a\"\npublish_qos = -1\ntopics = 9\n",
         "4:10: device.topics: expected at most 8"},
        {"[scenario]\nduration = \"366d\"\n[[device]]\nname = \"a\"\ncount = 10000\npublish_every = "
         "\"1us\"\n",
         "2:12: scenario.duration: expected at most 2000000 messages in one run, these would be "},
        {"[faults]\ngateway_every = \"5s\"\n",
         "2:17: faults.gateway_every: expected \"0s\" or more than the outage (5s)"},
        {"[scenario]\nduration = \"300d\"\n[faults]\nbroker_every = \"2s\"\nbroker_outage = \"1s\"\n",
         "4:16: faults.broker_every: expected at most 100000 faults in a run"},
        {"[link]\nduty_cycle = \"1%\"\n[[device]]\nname = \"a\"\n", "1:2: link: "},
        {"[[device]]\nname = \"a\"\n[device.link]\nduty_cycle = \"1%\"\n", "3:9: device.link: "},
    };
    check_bad(rows);
}

/// Ranges are the table's: one below and one above is refused, the ends are taken.
void every_integer_and_time_is_checked_against_its_range(void**) {
    for (const KeyRow& row : scenario_keys()) {
        if (row.kind != KeyKind::integer && row.kind != KeyKind::time) {
            continue;
        }
        Scenario scenario;
        scenario.devices.emplace_back();
        Partition partition;
        const KeyTarget target{&scenario, &scenario.devices[0], &scenario.link, &scenario.preset, &partition};
        const auto problem = [&](std::int64_t number) {
            mqttsn::gateway::TomlDocument document;
            const std::string text = row.kind == KeyKind::integer ? std::to_string(number)
                                                                  : "\"" + std::to_string(number) + "us\"";
            assert_false(parse_toml("value = " + text, document).has_value());
            return set_key(row, document.loose[0].value, target);
        };
        check::equal(problem(row.min), "", row.key);
        check::equal(problem(row.max), "", row.key);
        check::that(!problem(row.min - 1).empty(), row.key);
        if (row.max < INT64_MAX) {
            check::that(!problem(row.max + 1).empty(), row.key);
        }
    }
}

void at_most_twenty_errors_are_listed_in_the_order_of_the_file(void**) {
    std::string toml = "[link]\n";
    for (int i = 0; i < 30; ++i) {
        toml += "nothing_of_that_kind_" + std::to_string(i) + " = 1\n";
    }
    const PlanResult result = parse_plan(toml, "s.toml");
    assert_int_equal(result.errors.size(), 21);
    check::that(result.errors[0].starts_with("s.toml:2:1: link.nothing"), result.errors[0]);
    check::equal(result.errors[20], "s.toml: and 10 more errors");
}

void files_that_cannot_be_read_are_named(void**) {
    check::equal(joined(load_plan("/nonexistent/s.toml").errors),
                 "/nonexistent/s.toml: cannot read the file: No such file or directory\n");
    check::equal(joined(load_scenario("/").errors), "/: cannot read the file: Is a directory\n");
    check::equal(joined(load_scenario("/dev/zero").errors), "/dev/zero: the file is larger than 1024 KiB\n");
}

void all_examples_are_read_and_say_what_they_answer_and_how_they_are_run(void**) {
    const std::vector<std::string> paths = examples();
    assert_true(paths.size() >= 8);
    for (const std::string& path : paths) {
        const PlanResult result = load_plan(path);
        check::that(result.plan.has_value(), joined(result.errors));
        check::that(load_scenario(path).scenario.has_value(), path);
        check::that(!result.plan->base.question.empty(), path);
        const std::string text = text_of(path);
        check::that(text.starts_with("# "), path);
        check::contains(text,
                        "#   mqttsn-sim examples/lossy/" + std::filesystem::path(path).filename().string());
        check::contains(text_of(DORMOUSE_SOURCE_DIR "/examples/lossy/README.md"),
                        "`" + std::filesystem::path(path).filename().string() + "`");
    }
}

void the_readme_of_the_examples_holds_the_table_of_all_keys(void**) {
    check::contains(text_of(DORMOUSE_SOURCE_DIR "/examples/lossy/README.md"), keys_as_markdown());
}

void damaged_files_give_errors_or_a_plan_and_nothing_else(void**) {
    const auto seed = static_cast<std::uint64_t>(std::time(nullptr));
    print_message("seed %llu\n", static_cast<unsigned long long>(seed));
    Random random(seed);
    const std::vector<std::string> paths = examples();
    for (int i = 0; i < 1500; ++i) {
        std::string text = text_of(paths[random.below(paths.size())]);
        for (std::uint64_t changes = 1 + random.below(6); changes > 0; --changes) {
            const std::size_t at = random.below(text.size());
            switch (random.below(4)) {
                case 0:
                    text[at] = static_cast<char>(random.below(256));
                    break;
                case 1:
                    text.erase(at, random.below(20));
                    break;
                case 2:
                    text.insert(at, text.substr(random.below(text.size()), random.below(20)));
                    break;
                default:
                    text.insert(at, std::to_string(random.next() >> random.below(64)));
            }
        }
        const PlanResult result = parse_plan(text, "s.toml");
        check::that(result.plan.has_value() == result.errors.empty(), text);
        check::that(result.errors.size() <= kScenarioErrorsMax + 1, text);
        for (const std::string& error : result.errors) {
            check::that(error.find('\n') == std::string::npos, error);
        }
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(every_default_of_the_table_passes_its_own_check),
        cmocka_unit_test(a_file_with_only_a_device_has_the_documented_defaults),
        cmocka_unit_test(a_preset_comes_first_wherever_it_stands_and_a_direction_wins_over_both),
        cmocka_unit_test(every_key_of_a_link_is_taken_from_the_table_of_links),
        cmocka_unit_test(a_group_of_devices_may_have_a_link_of_its_own_and_partitions_cut_all_links),
        cmocka_unit_test(qos_may_be_a_number_or_an_array),
        cmocka_unit_test(a_link_alone_is_a_scenario_for_the_proxy_but_not_for_the_simulator),
        cmocka_unit_test(a_sweep_makes_a_point_for_each_value_and_series),
        cmocka_unit_test(words_can_be_swept_too),
        cmocka_unit_test(all_points_of_a_sweep_send_their_last_message_at_the_same_time),
        cmocka_unit_test(an_error_in_a_swept_value_is_said_once_where_the_value_stands),
        cmocka_unit_test(set_changes_a_key_as_the_file_would),
        cmocka_unit_test(a_bad_set_is_named_in_the_error),
        cmocka_unit_test(every_kind_of_wrong_value_says_what_was_expected),
        cmocka_unit_test(what_does_not_go_together_is_refused_where_it_stands),
        cmocka_unit_test(every_integer_and_time_is_checked_against_its_range),
        cmocka_unit_test(at_most_twenty_errors_are_listed_in_the_order_of_the_file),
        cmocka_unit_test(files_that_cannot_be_read_are_named),
        cmocka_unit_test(all_examples_are_read_and_say_what_they_answer_and_how_they_are_run),
        cmocka_unit_test(the_readme_of_the_examples_holds_the_table_of_all_keys),
        cmocka_unit_test(damaged_files_give_errors_or_a_plan_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
