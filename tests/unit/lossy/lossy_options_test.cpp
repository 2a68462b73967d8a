// SPDX-License-Identifier: BSD-3-Clause
//
// The command line of mqttsn-lossy.
#include "lossy/lossy_options.hpp"

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "lossy/link_presets.hpp"
#include "lossy/link_text.hpp"
#include "support/cmocka.hpp"
#include "support/process.hpp"

namespace {

using namespace mqttsn::lossy;

using Words = std::vector<std::string>;

/// The fixture of the tests with a scenario file.
struct Files {
    test::TemporaryFolder folder;
    std::string scenario(std::string_view text) const {
        std::string path = folder.file("net.toml");
        assert_true(test::write_file(path, text));
        return path;
    }
};

int set_up(void** state) {
    *state = new Files;
    return 0;
}

int tear_down(void** state) {
    delete static_cast<Files*>(*state);
    return 0;
}

LossyCommand parse(const Words& words) {
    std::vector<const char*> argv{"mqttsn-lossy"};
    for (const std::string& word : words) {
        argv.push_back(word.c_str());
    }
    return parse_lossy_options(static_cast<int>(argv.size()), argv.data());
}

LossyOptions good(const Words& words) {
    const LossyCommand command = parse(words);
    assert_string_equal(command.err.c_str(), "");
    assert_true(command.options.has_value());
    return *command.options;
}

bool contains(const std::string& text, std::string_view part) {
    const bool found = text.find(part) != std::string::npos;
    if (!found) {
        print_error("\"%s\" is not in: %s\n", std::string(part).c_str(), text.c_str());
    }
    return found;
}

/// Exit code 2 and one line on stderr that contains all `parts`.
void bad(const Words& words, const Words& parts) {
    const LossyCommand command = parse(words);
    assert_false(command.options.has_value());
    assert_int_equal(command.exit_code, 2);
    assert_string_equal(command.out.c_str(), "");
    assert_int_equal(test::count_of(command.err, "\n"), 1);
    assert_true(contains(command.err, "mqttsn-lossy: "));
    for (const std::string& part : parts) {
        assert_true(contains(command.err, part));
    }
}

void nothing_given_is_a_perfect_link_on_this_host(void**) {
    const LossyOptions options = good({});
    assert_string_equal(options.listen.host.c_str(), "127.0.0.1");
    assert_int_equal(options.listen.port, 1985);
    assert_false(options.listen.ipv6);
    assert_string_equal(options.to_host.c_str(), "127.0.0.1");
    assert_int_equal(options.to_port, 1883);
    assert_true(options.link == LinkSettings{});
    assert_false(options.seed.has_value());
    assert_int_equal(options.mappings_max, 10'000);
    assert_true(options.expire == std::chrono::hours{24});
    assert_true(options.duration.count() == 0);
    assert_string_equal(options.pcap.c_str(), "");
    assert_false(options.json || options.quiet);
}

void every_option_is_read(void**) {
    const LossyOptions options =
        good({"--listen", "udp://[::]:0", "--to=[::1]:99", "--seed", "18446744073709551615", "--mappings-max",
              "25000", "--expire", "90s", "--duration", "1.5s", "--pcap", "x.pcap", "--json", "--quiet",
              "--rebind", "10m", "--rebind-idle", "2m"});
    assert_string_equal(options.listen.host.c_str(), "::");
    assert_int_equal(options.listen.port, 0);
    assert_true(options.listen.ipv6);
    assert_string_equal(options.to_host.c_str(), "::1");
    assert_int_equal(options.to_port, 99);
    assert_true(options.seed == ~std::uint64_t{0});
    assert_int_equal(options.mappings_max, 25'000);
    assert_true(options.expire == std::chrono::seconds{90});
    assert_true(options.duration == std::chrono::milliseconds{1500});
    assert_string_equal(options.pcap.c_str(), "x.pcap");
    assert_true(options.json && options.quiet);
    assert_true(options.link.rebind.every == std::chrono::minutes{10});
    assert_true(options.link.rebind.after_idle == std::chrono::minutes{2});
}

void the_gateway_is_a_name_or_an_address_with_or_without_a_port(void**) {
    const LossyOptions name = good({"--to", "gateway.example.com:5000"});
    assert_string_equal(name.to_host.c_str(), "gateway.example.com");
    assert_int_equal(name.to_port, 5000);
    assert_int_equal(good({"--to", "gateway"}).to_port, 1883);
    assert_string_equal(good({"--to", "192.0.2.7"}).to_host.c_str(), "192.0.2.7");
    assert_string_equal(good({"--to", "[fe80::1%eth0]"}).to_host.c_str(), "fe80::1%eth0");
    assert_string_equal(good({"--to", "[::1]"}).to_host.c_str(), "::1");
}

void every_key_of_a_link_is_an_option_for_both_directions_or_one(void**) {
    const std::pair<const char*, const char*> values[] = {
        {"loss", "20%"},        {"burst", "1%:25%"},  {"duplicate", "5%"}, {"reorder", "10%"},
        {"reorder_by", "70ms"}, {"delay", "50ms"},    {"jitter", "20ms"},  {"rate", "9600bit/s"},
        {"queue", "7"},         {"duty_cycle", "1%"}, {"mtu", "120"},      {"frame", "60"},
        {"overhead", "9"}};
    assert_int_equal(std::size(values), link_keys().size());
    for (const auto& [key, value] : values) {
        std::string option = key;
        for (char& c : option) {
            c = c == '_' ? '-' : c;
        }
        DirectionSettings wanted;
        assert_true(find_link_key(key)->set(wanted, value));
        const bool needs_rate = std::string_view(key) == "duty_cycle";
        wanted.rate = needs_rate ? 9600 : wanted.rate;
        const auto with_rate = [&, text = value](const std::string& prefix) -> Words {
            return needs_rate ? Words{prefix + option, text, prefix + "rate", "9600bit/s"}
                              : Words{prefix + option, text};
        };
        const LinkSettings both = good(with_rate("--")).link;
        assert_true(both.up == wanted && both.down == wanted);
        const LinkSettings up = good(with_rate("--up-")).link;
        assert_true(up.up == wanted && up.down == DirectionSettings{});
        const LinkSettings down = good(with_rate("--down-")).link;
        assert_true(down.up == DirectionSettings{} && down.down == wanted);
    }
}

void one_direction_overrides_both_wherever_it_stands(void**) {
    for (const Words& words :
         {Words{"--loss", "1%", "--up-loss", "2%"}, Words{"--up-loss", "2%", "--loss", "1%"}}) {
        const LinkSettings link = good(words).link;
        assert_int_equal(link.up.loss.ppm, 20'000);
        assert_int_equal(link.down.loss.ppm, 10'000);
    }
}

void numbers_override_the_preset(void**) {
    const LinkSettings link = good({"--delay", "7ms", "--preset", "satellite"}).link;
    LinkSettings wanted = find_link_preset("satellite")->settings;
    wanted.up.delay = wanted.down.delay = std::chrono::milliseconds{7};
    assert_true(link == wanted);
}

void partitions_are_windows_once_or_again_and_again(void**) {
    const auto seconds = [](int count) { return Micros{std::chrono::seconds{count}}; };
    const std::vector<Partition> partitions = good({"--down-partition", "5s-6s", "--partition", "10s-20s",
                                                    "--partition", "1m-90s@1h", "--up-partition", "0s-1s"})
                                                  .link.partitions;
    assert_int_equal(partitions.size(), 4);
    assert_true(partitions[0] == (Partition{seconds(10), seconds(20), seconds(0), true, true}));
    assert_true(partitions[1] == (Partition{seconds(60), seconds(90), seconds(3600), true, true}));
    assert_true(partitions[2] == (Partition{seconds(0), seconds(1), seconds(0), true, false}));
    assert_true(partitions[3] == (Partition{seconds(5), seconds(6), seconds(0), false, true}));
}

void bad_values_name_the_option_and_what_was_expected(void**) {
    bad({"--loss", "20"}, {"--loss: expected a chance such as \"20%\", got \"20\""});
    bad({"--up-loss", "101%"}, {"--up-loss: expected a chance"});
    bad({"--down-reorder-by", "2h"}, {"--down-reorder-by: expected a time from 0s to 1h"});
    bad({"--rate", "9600"}, {"--rate: expected a rate"});
    bad({"--preset", "lora"}, {"--preset: expected \"lan\", ", "or \"satellite\", got \"lora\""});
    bad({"--duty-cycle", "1%"}, {"duty_cycle needs a rate"});
    bad({"--listen", "127.0.0.1:1985"}, {"--listen: expected a URL like"});
    bad({"--listen", "udp://127.0.0.1"}, {"--listen: expected a port"});
    bad({"--listen", "udp://[::1]"}, {"--listen: expected a port"});
    bad({"--listen", "udp://224.0.0.1:1985"}, {"--listen: ", "multicast"});
    for (const char* const to :
         {"", ":1883", "1.2.3:1883", "::1", "a:b:c", "host:0", "host:65536", "host:", "host:x", "a b:1",
          "224.0.0.1:1883", "[ff02::1]:1883", "0.0.0.0:1883", "[::]:1883", "[::1"}) {
        bad({"--to", to}, {"--to: expected HOST:PORT", "got \"" + std::string(to) + "\""});
    }
    for (const char* const seed : {"", "-1", "0x1", "1.5", "18446744073709551616", "1 "}) {
        bad({"--seed=" + std::string(seed)}, {"--seed: expected a"});
    }
    bad({"--mappings-max", "0"}, {"--mappings-max: expected a number from 1 to 25000, got \"0\""});
    bad({"--mappings-max", "25001"}, {"--mappings-max: expected"});
    bad({"--expire", "1ms"}, {"--expire: expected a time of at least 1s"});
    bad({"--duration", "0s"}, {"--duration: expected a time of at least 1ms"});
    bad({"--rebind", "often"}, {"--rebind: expected a time"});
    bad({"--pcap="}, {"--pcap: expected"});
    for (const char* const window :
         {"", "10s", "10s-", "-20s", "10-20", "20s-10s", "10s-10s", "10s-20s@", "10s-20s@10s", "10s-20s@5s",
          "10s@20s-30s", "10s-20s-30s", "10s-20s@60s@70s"}) {
        bad({"--partition=" + std::string(window)}, {"--partition: expected "});
    }
    Words many;
    for (int i = 0; i < 101; ++i) {
        many.insert(many.end(), {"--partition", "1s-2s"});
    }
    bad(many, {"--partition: at most 100 times"});
}

void bad_usage_says_what_is_wrong_and_what_may_be_meant(void**) {
    bad({"--loss"}, {"--loss: expected a value"});
    bad({"--loss", "1%", "--loss", "2%"}, {"--loss: may be given only once"});
    bad({"--los", "1%"}, {"unknown option \"--los\"; did you mean --loss?"});
    bad({"--reorder_by", "1s"}, {"did you mean --reorder-by?"});
    bad({"--zzzzzzzz"}, {"unknown option \"--zzzzzzzz\" ("});
    bad({"127.0.0.1"}, {"unexpected argument \"127.0.0.1\""});
    bad({"--to", "\x1b[31m"}, {"--to: expected", "\\x1b"});
    bad({"\n"}, {"unexpected argument \"\\n\""});
}

void a_scenario_gives_link_and_seed_and_options_override_it(void** state) {
    const Files& files = *static_cast<Files*>(*state);
    const std::string path = files.scenario(
        "[scenario]\nseed = 11\n[link]\nloss = \"3%\"\ndelay = \"5ms\"\n[[partition]]\nfrom = \"1s\"\nto = "
        "\"2s\"\n");
    const LossyOptions plain = good({"--scenario", path});
    assert_true(plain.seed == 11U);
    assert_int_equal(plain.link.up.loss.ppm, 30'000);
    assert_true(plain.link.down.delay == std::chrono::milliseconds{5});
    assert_int_equal(plain.link.partitions.size(), 1);
    const LossyOptions other =
        good({"--scenario", path, "--seed", "12", "--up-loss", "4%", "--partition", "5s-6s"});
    assert_true(other.seed == 12U);
    assert_int_equal(other.link.up.loss.ppm, 40'000);
    assert_int_equal(other.link.down.loss.ppm, 30'000);
    assert_int_equal(other.link.partitions.size(), 1);
    assert_true(other.link.partitions[0].from == std::chrono::seconds{5});
    assert_true(good({"--scenario", path, "--preset", "lan"}).link == find_link_preset("lan")->settings);
}

void errors_of_a_scenario_come_with_file_line_and_column(void** state) {
    const Files& files = *static_cast<Files*>(*state);
    const std::string path = files.scenario("[link]\nloss = \"often\"\nrate = 3\n");
    const LossyCommand command = parse({"--scenario", path});
    assert_false(command.options.has_value());
    assert_int_equal(command.exit_code, 2);
    assert_true(contains(command.err, path + ":2:"));
    assert_true(contains(command.err, path + ":3:"));
    assert_true(contains(command.err, "loss"));
    assert_int_equal(test::count_of(command.err, "\n"), 2);
    const LossyCommand missing = parse({"--scenario", files.folder.file("none.toml")});
    assert_int_equal(missing.exit_code, 2);
    assert_true(contains(missing.err, "none.toml"));
}

void help_names_every_option_and_fits_a_terminal(void**) {
    const LossyCommand command = parse({"--help"});
    assert_int_equal(command.exit_code, 0);
    assert_string_equal(command.err.c_str(), "");
    for (const char* const part : {"--listen URL",
                                   "--to HOST",
                                   "--scenario FILE",
                                   "--preset NAME",
                                   "--list-presets",
                                   "--up-KEY",
                                   "--down-KEY",
                                   "--partition FROM-TO",
                                   "--up-partition",
                                   "--down-partition",
                                   "--rebind TIME",
                                   "--rebind-idle TIME",
                                   "--seed N",
                                   "--mappings-max N",
                                   "--expire TIME",
                                   "--pcap FILE",
                                   "--duration TIME",
                                   "--json",
                                   "--quiet",
                                   "--version",
                                   "-h, --help",
                                   "Examples:",
                                   "Exit code: 0 done, 1 failed",
                                   "2 bad usage",
                                   "--loss CHANCE",
                                   "--reorder-by TIME",
                                   "--rate RATE",
                                   "--queue N",
                                   "--burst ENTER:LEAVE"}) {
        assert_true(contains(command.out, part));
    }
    for (std::size_t start = 0; start < command.out.size();) {
        const std::size_t end = command.out.find('\n', start);
        assert_true(end - start <= 80);
        assert_true(end == start || command.out[end - 1] != ' ');
        start = end + 1;
    }
}

void version_and_presets_are_printed(void**) {
    const LossyCommand version = parse({"--version"});
    assert_int_equal(version.exit_code, 0);
    assert_true(version.out.starts_with("mqttsn-lossy ") && version.out.ends_with("\n"));
    const LossyCommand presets = parse({"--list-presets"});
    assert_int_equal(presets.exit_code, 0);
    for (const LinkPreset& preset : link_presets()) {
        assert_true(contains(presets.out, std::string(preset.name) + ": " + std::string(preset.summary)));
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(nothing_given_is_a_perfect_link_on_this_host),
        cmocka_unit_test(every_option_is_read),
        cmocka_unit_test(the_gateway_is_a_name_or_an_address_with_or_without_a_port),
        cmocka_unit_test(every_key_of_a_link_is_an_option_for_both_directions_or_one),
        cmocka_unit_test(one_direction_overrides_both_wherever_it_stands),
        cmocka_unit_test(numbers_override_the_preset),
        cmocka_unit_test(partitions_are_windows_once_or_again_and_again),
        cmocka_unit_test(bad_values_name_the_option_and_what_was_expected),
        cmocka_unit_test(bad_usage_says_what_is_wrong_and_what_may_be_meant),
        cmocka_unit_test_setup_teardown(a_scenario_gives_link_and_seed_and_options_override_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(errors_of_a_scenario_come_with_file_line_and_column, set_up,
                                        tear_down),
        cmocka_unit_test(help_names_every_option_and_fits_a_terminal),
        cmocka_unit_test(version_and_presets_are_printed),
    };
    return cmocka_run_group_tests_name("unit.lossy.lossy_options", tests, nullptr, nullptr);
}
