// SPDX-License-Identifier: BSD-3-Clause
#include "lossy/sim_options.hpp"

#include <string>
#include <vector>

#include "lossy/link_presets.hpp"
#include "lossy/scenario_schema.hpp"
#include "unit/app/check.hpp"

using namespace mqttsn::lossy;

namespace {

SimOptionsResult parse(const std::vector<const char*>& arguments) {
    std::vector<const char*> argv{"mqttsn-sim"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return parse_sim_options(static_cast<int>(argv.size()), argv.data());
}

void a_file_alone_is_enough(void**) {
    const SimOptionsResult result = parse({"s.toml"});
    assert_true(result.options.has_value());
    check::equal(result.options->file, "s.toml");
    assert_int_equal(result.options->threads, 0);
    assert_false(result.options->quiet);
    assert_false(result.options->overrides.seed.has_value());
}

void options_may_stand_before_and_after_the_file(void**) {
    const SimOptionsResult result =
        parse({"--seeds", "5", "s.toml", "--seed=7", "--threads", "3", "--json", "-", "--svg", "a.svg",
               "--set", "link.loss=1%", "--set=device.count=2", "-q", "--check"});
    assert_true(result.options.has_value());
    assert_int_equal(*result.options->overrides.seeds, 5);
    assert_int_equal(*result.options->overrides.seed, 7);
    assert_int_equal(result.options->threads, 3);
    check::equal(result.options->json, "-");
    check::equal(result.options->svg, "a.svg");
    assert_int_equal(result.options->overrides.set.size(), 2);
    check::equal(result.options->overrides.set[1], "device.count=2");
    assert_true(result.options->quiet && result.options->check);
}

void help_names_every_option_and_every_preset_and_fits_the_screen(void**) {
    const SimOptionsResult result = parse({"--help"});
    assert_false(result.options.has_value());
    assert_int_equal(result.exit_code, kExitDone);
    for (const char* option : {"--seeds", "--seed ", "--set", "--threads", "--json", "--svg", "--check",
                               "--quiet", "--list-keys", "--version"}) {
        check::contains(result.out, option);
    }
    for (const LinkPreset& preset : link_presets()) {
        check::contains(result.out, preset.name);
    }
    for (std::size_t begin = 0; begin < result.out.size();) {
        const std::size_t end = result.out.find('\n', begin);
        check::that(end - begin <= 120, result.out.substr(begin, end - begin));
        begin = end + 1;
    }
}

void the_keys_can_be_listed_without_a_file(void**) {
    const SimOptionsResult result = parse({"--list-keys"});
    assert_int_equal(result.exit_code, kExitDone);
    check::equal(result.out, keys_as_markdown());
    for (const KeyRow& row : scenario_keys()) {
        check::contains(result.out, "| `" + std::string(row.key) + "` | " + expectation(row));
    }
}

void bad_usage_is_two_lines_and_exit_2(void**) {
    const struct {
        std::vector<const char*> arguments;
        const char* says;
    } rows[] = {
        {{}, "expected a scenario file"},
        {{"a.toml", "b.toml"}, "expected one scenario file, got also \"b.toml\""},
        {{"s.toml", "--sead", "1"}, "unknown option \"--sead\"; did you mean --seed?"},
        {{"s.toml", "--seed"}, "--seed: expected a value"},
        {{"s.toml", "--seed", "-1"}, "--seed: expected"},
        {{"s.toml", "--seed", "x"}, "--seed: expected an integer from 0 to 9223372036854775807, got \"x\""},
        {{"s.toml", "--seed", "99999999999999999999"}, "--seed: expected an integer"},
        {{"s.toml", "--seed", "1", "--seed", "2"}, "--seed: may be given only once"},
        {{"s.toml", "--seeds", "0"}, "--seeds: expected an integer from 1 to 100000, got \"0\""},
        {{"s.toml", "--threads", "257"}, "--threads: expected an integer from 1 to 256, got \"257\""},
        {{"s.toml", "--threads", "2x"}, "--threads: expected"},
        {{"s.toml", "--json", ""}, "--json: expected the name of a file, got \"\""},
        {{"s.toml", "--json", "-", "--svg", "-"}, "--json and --svg: only one of them can go to stdout"},
    };
    for (const auto& row : rows) {
        const SimOptionsResult result = parse(row.arguments);
        check::that(!result.options && result.exit_code == kExitUsage && result.out.empty(), row.says);
        const std::string expected = "mqttsn-sim: " + std::string(row.says);
        check::equal(result.err.substr(0, expected.size()), expected);
        check::that(result.err.ends_with("\nTry: mqttsn-sim --help\n"), result.err);
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_file_alone_is_enough),
        cmocka_unit_test(options_may_stand_before_and_after_the_file),
        cmocka_unit_test(help_names_every_option_and_every_preset_and_fits_the_screen),
        cmocka_unit_test(the_keys_can_be_listed_without_a_file),
        cmocka_unit_test(bad_usage_is_two_lines_and_exit_2),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
