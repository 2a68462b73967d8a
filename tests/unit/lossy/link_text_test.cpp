// SPDX-License-Identifier: BSD-3-Clause
//
// Link settings as text: what is written is read again, and nonsense is refused without a crash.
#include "lossy/link_text.hpp"

#include <array>
#include <string>
#include <string_view>

#include "lossy/random.hpp"
#include "support/cmocka.hpp"

namespace {

using namespace mqttsn::lossy;

constexpr std::uint64_t kSeed = 20240607;

/// What no parser of this file takes.
constexpr std::string_view kNonsense[] = {"",
                                          " ",
                                          "-",
                                          ".",
                                          "x",
                                          "%",
                                          "s",
                                          ":",
                                          "1",
                                          "-1%",
                                          "+1%",
                                          "-1s",
                                          "+1s",
                                          "1 %",
                                          " 1%",
                                          "1% ",
                                          "1%%",
                                          "1 s",
                                          " 1s",
                                          "1s ",
                                          "1ss",
                                          "1S",
                                          ".5%",
                                          "5.%",
                                          "5.s",
                                          ".5s",
                                          "1,5%",
                                          "1e3s",
                                          "0x1s",
                                          "1.2.3%",
                                          "1.2.3s",
                                          "inf%",
                                          "nan",
                                          "101%",
                                          "100.0001%",
                                          "0.00001%",
                                          "99999999999999999999%",
                                          "18446744073709551616s",
                                          "0.1us",
                                          "1.0000001s",
                                          "1.00000%",
                                          "1.0000000s",
                                          "1.0000000000000000000000000000000000%",
                                          "1.0000000kbit/s",
                                          "3651d",
                                          "87601h",
                                          "315360000.000001s",
                                          "99999999999999999999999s",
                                          "1min",
                                          "1w",
                                          "1y",
                                          "1 bit/s",
                                          "1bit",
                                          "1b/s",
                                          "1kbps",
                                          "1Kbit/s",
                                          "1mbit/s",
                                          "1Gbit/s",
                                          "0.5bit/s",
                                          "1.0001kbit/s",
                                          "1000001Mbit/s",
                                          "18446744073709551615bit/s",
                                          "99999999999999999999bit/s",
                                          "-1bit/s",
                                          "00",
                                          "1%:",
                                          ":1%",
                                          "1%:2%:3%:4%",
                                          "1%:2%:",
                                          "1%::2%",
                                          "1:2",
                                          "1%;2%",
                                          "1%: 2%",
                                          "101%:5%",
                                          "5%:101%",
                                          "1%:1%:101%",
                                          "\n",
                                          "1%\n",
                                          "1s\n",
                                          "\xC2\xB5s",
                                          "1\xC2\xB5s",
                                          "\xFF\xFE"};

void chances_are_read_exactly(void**) {
    struct Row {
        const char* text;
        std::uint32_t ppm;
    };
    for (const Row& row :
         {Row{"0%", 0}, Row{"20%", 200'000}, Row{"0.5%", 5'000}, Row{"100%", 1'000'000}, Row{"0.0001%", 1},
          Row{"33.3333%", 333'333}, Row{"100.0000%", 1'000'000}, Row{"007%", 70'000}}) {
        const auto chance = parse_chance(row.text);
        assert_true(chance.has_value());
        assert_int_equal(chance->ppm, row.ppm);
    }
}

void times_are_read_exactly(void**) {
    struct Row {
        const char* text;
        std::int64_t us;
    };
    for (const Row& row :
         {Row{"0s", 0}, Row{"250us", 250}, Row{"50ms", 50'000}, Row{"1.5s", 1'500'000},
          Row{"10m", 600'000'000}, Row{"1h", 3'600'000'000}, Row{"1d", 86'400'000'000},
          Row{"0.5d", 43'200'000'000}, Row{"0.000001s", 1}, Row{"1.001ms", 1001}, Row{"0.000001d", 86'400},
          Row{"3650d", 315'360'000'000'000}, Row{"87600h", 315'360'000'000'000}}) {
        const auto time = parse_time(row.text);
        assert_true(time.has_value());
        assert_int_equal(time->count(), row.us);
    }
}

void rates_are_read_exactly(void**) {
    struct Row {
        const char* text;
        std::uint64_t rate;
    };
    for (const Row& row :
         {Row{"0", 0}, Row{"0bit/s", 0}, Row{"9600bit/s", 9600}, Row{"250kbit/s", 250'000},
          Row{"1.5Mbit/s", 1'500'000}, Row{"0.001kbit/s", 1}, Row{"1000000Mbit/s", 1'000'000'000'000}}) {
        const auto rate = parse_rate(row.text);
        assert_true(rate.has_value());
        assert_int_equal(*rate, row.rate);
    }
}

void bursts_have_two_or_three_chances(void**) {
    assert_true(parse_burst("1%:25%") == (Burst{percent(1), percent(25), kCertain}));
    assert_true(parse_burst("0.1%:10%:50%") == (Burst{Chance{1000}, percent(10), percent(50)}));
    assert_true(parse_burst("0%:100%") == Burst{});
    assert_false(parse_burst("1%").has_value());
}

void every_parser_refuses_nonsense(void**) {
    for (const std::string_view text : kNonsense) {
        const bool chance_like = parse_chance(text).has_value();
        const bool rest =
            parse_time(text).has_value() || parse_rate(text).has_value() || parse_burst(text).has_value();
        if (chance_like || rest) {
            print_error("taken: '%s'\n", text.data());
        }
        assert_false(chance_like || rest);
    }
    // What is right for one is wrong for the others.
    for (const char* text : {"1s", "1bit/s", "1%:1%", "0"}) {
        assert_false(parse_chance(text).has_value());
    }
    for (const char* text : {"1%", "1bit/s", "1%:1%", "0"}) {
        assert_false(parse_time(text).has_value());
    }
    for (const char* text : {"1%", "1s", "1m", "1%:1%"}) {
        assert_false(parse_rate(text).has_value());
    }
    for (const char* text : {"1%", "1s", "1bit/s", "0"}) {
        assert_false(parse_burst(text).has_value());
    }
    assert_false(parse_chance(std::string_view("1%\0", 3)).has_value());
    assert_false(parse_time(std::string_view("1s\0", 3)).has_value());
}

void random_octets_crash_nothing(void**) {
    print_message("seed %llu\n", static_cast<unsigned long long>(kSeed));
    Random random(kSeed);
    constexpr std::string_view kAlphabet = "0123456789...:%%dhmsukMbit/ -+eE\n\xFF\x80";
    std::size_t taken = 0;
    for (int i = 0; i < 300'000; ++i) {
        std::string text;
        const std::uint64_t length = random.below(i % 100 == 0 ? 300 : 9);
        for (std::uint64_t k = 0; k < length; ++k) {
            text +=
                i % 3 == 0 ? static_cast<char>(random.below(256)) : kAlphabet[random.below(kAlphabet.size())];
        }
        const auto chance = parse_chance(text);
        const auto time = parse_time(text);
        const auto rate = parse_rate(text);
        const auto burst = parse_burst(text);
        assert_true(!chance || chance->ppm <= kCertain.ppm);
        assert_true(!time || (time->count() >= 0 && *time <= std::chrono::hours{24 * 3650}));
        assert_true(!rate || *rate <= 1'000'000'000'000);
        taken += chance || time || rate || burst ? 1 : 0;
        DirectionSettings settings;
        const LinkKey& key = link_keys()[random.below(link_keys().size())];
        if (key.set(settings, text)) {
            DirectionSettings again;
            assert_true(key.set(again, key.show(settings)));
            assert_true(again == settings);
        } else {
            assert_true(settings == DirectionSettings{});
        }
    }
    assert_in_range(taken, 100, 200'000);  // the loop does reach what is valid
}

void formats_use_the_largest_whole_unit(void**) {
    assert_string_equal(format_chance(Chance{0}).c_str(), "0%");
    assert_string_equal(format_chance(Chance{5'000}).c_str(), "0.5%");
    assert_string_equal(format_chance(Chance{333'333}).c_str(), "33.3333%");
    assert_string_equal(format_chance(Chance{100'001}).c_str(), "10.0001%");
    assert_string_equal(format_chance(kCertain).c_str(), "100%");
    assert_string_equal(format_time(Micros{0}).c_str(), "0s");
    assert_string_equal(format_time(Micros{250}).c_str(), "250us");
    assert_string_equal(format_time(Micros{1'500'000}).c_str(), "1500ms");
    assert_string_equal(format_time(Micros{90'000'000}).c_str(), "90s");
    assert_string_equal(format_time(Micros{7'200'000'000}).c_str(), "2h");
    assert_string_equal(format_time(Micros{172'800'000'000}).c_str(), "2d");
    assert_string_equal(format_time(Micros{-1'000'000}).c_str(), "-1s");
    assert_string_equal(format_time(Micros::min()).c_str(), "-9223372036854775808us");
    assert_string_equal(format_rate(0).c_str(), "0");
    assert_string_equal(format_rate(1760).c_str(), "1760bit/s");
    assert_string_equal(format_rate(250'000).c_str(), "250kbit/s");
    assert_string_equal(format_rate(100'000'000).c_str(), "100Mbit/s");
    assert_string_equal(format_burst(Burst{percent(1), percent(25), kCertain}).c_str(), "1%:25%");
    assert_string_equal(format_burst(Burst{percent(1), percent(25), percent(50)}).c_str(), "1%:25%:50%");
}

void what_is_formatted_is_read_again(void**) {
    print_message("seed %llu\n", static_cast<unsigned long long>(kSeed));
    Random random(kSeed);
    const auto chance = [&random] {
        // Of all magnitudes, with many and with few decimals.
        constexpr std::array<std::uint32_t, 4> kSteps{1, 10, 1000, 10'000};
        const std::uint32_t step = kSteps.at(random.below(kSteps.size()));
        return Chance{static_cast<std::uint32_t>(random.below(kCertain.ppm / step + 1)) * step};
    };
    for (int i = 0; i < 100'000; ++i) {
        const Chance one = chance();
        assert_true(parse_chance(format_chance(one)) == one);
        const std::uint64_t bits = random.below(49);
        const Micros time{static_cast<std::int64_t>(random.below(std::uint64_t{1} << bits))};
        assert_true(parse_time(format_time(time)) == time);
        assert_true(parse_time(format_time(time / 3600 * 3600)) == time / 3600 * 3600);
        const std::uint64_t rate = random.below(1'000'000'000'001ULL) >> random.below(40);
        assert_true(parse_rate(format_rate(rate)) == rate);
        const Burst burst{chance(), chance(), chance()};
        assert_true(parse_burst(format_burst(burst)) == burst);
    }
}

DirectionSettings random_settings(Random& random) {
    DirectionSettings settings;
    const auto chance = [&random] { return Chance{static_cast<std::uint32_t>(random.below(1'000'001))}; };
    settings.loss = chance();
    settings.burst = Burst{chance(), chance(), chance()};
    settings.duplicate = chance();
    settings.reorder = chance();
    settings.reorder_by = Micros{random.between(1, 3'600'000'000)};
    settings.delay = Micros{random.between(0, 3'600'000'000)};
    settings.jitter = Micros{random.between(0, 3'600'000'000)};
    settings.rate = random.below(1'000'000'000'001ULL);
    settings.queue = static_cast<std::uint32_t>(random.below(100'001));
    settings.duty_cycle = Chance{static_cast<std::uint32_t>(random.between(1, 1'000'000))};
    settings.mtu = static_cast<std::uint32_t>(random.below(65508));
    settings.frame = static_cast<std::uint32_t>(random.below(65508));
    settings.overhead = static_cast<std::uint32_t>(random.below(1001));
    return settings;
}

void all_settings_of_a_direction_survive_their_text(void**) {
    print_message("seed %llu\n", static_cast<unsigned long long>(kSeed));
    Random random(kSeed);
    for (int i = 0; i < 5'000; ++i) {
        const DirectionSettings settings = random_settings(random);
        DirectionSettings again;
        for (const LinkKey& key : link_keys()) {
            assert_true(key.set(again, key.show(settings)));
        }
        assert_true(again == settings);  // so there is a key for every member, too
    }
}

void keys_have_names_and_texts_and_are_found(void**) {
    constexpr std::array<const char*, 13> kNames{"loss",  "burst",  "duplicate", "reorder", "reorder_by",
                                                 "delay", "jitter", "rate",      "queue",   "duty_cycle",
                                                 "mtu",   "frame",  "overhead"};
    assert_int_equal(link_keys().size(), kNames.size());
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        const LinkKey& key = link_keys()[i];
        assert_true(key.name == kNames.at(i));
        assert_ptr_equal(find_link_key(key.name), &key);
        assert_false(key.expected.empty() || key.help.empty());
    }
    for (const char* name : {"", "los", "loss ", "Loss", "reorder-by", "partition"}) {
        assert_null(find_link_key(name));
    }
}

void a_refused_value_changes_nothing(void**) {
    Random random(kSeed);
    const DirectionSettings before = random_settings(random);
    for (const LinkKey& key : link_keys()) {
        for (const std::string_view text : kNonsense) {
            DirectionSettings settings = before;
            // "00" and "1" are numbers; "1" and the like are refused by the others.
            const bool number = text == "1" || text == "00";
            if (number && key.expected.substr(0, 8) == "a number") {
                continue;
            }
            assert_false(key.set(settings, text));
            assert_true(settings == before);
        }
    }
}

void ranges_of_keys_are_as_their_texts_say(void**) {
    struct Row {
        const char* key;
        const char* taken;
        const char* refused;
    };
    for (const Row& row :
         {Row{"reorder_by", "1h", "3601s"}, Row{"delay", "1h", "1.1h"}, Row{"jitter", "1h", "61m"},
          Row{"delay", "0s", "0"}, Row{"queue", "100000", "100001"}, Row{"queue", "0", "-1"},
          Row{"mtu", "65507", "65508"}, Row{"frame", "65507", "65508"}, Row{"overhead", "1000", "1001"},
          Row{"duty_cycle", "0.0001%", "0%"}, Row{"loss", "100%", "100.1%"},
          Row{"rate", "1000000Mbit/s", "1000000000001bit/s"}, Row{"queue", "1", "1 "},
          Row{"queue", "1", "1.0"}, Row{"mtu", "1", "4294967297"}}) {
        DirectionSettings settings;
        assert_true(find_link_key(row.key)->set(settings, row.taken));
        assert_false(find_link_key(row.key)->set(settings, row.refused));
    }
}

/// check_link() of settings that `change` has changed in both directions.
template <typename Change>
std::string check_both(Change change) {
    LinkSettings settings;
    change(settings.up);
    change(settings.down);
    return check_link(settings);
}

void settings_that_do_not_go_together_are_named(void**) {
    using D = DirectionSettings;
    assert_string_equal(check_link(LinkSettings{}).c_str(), "");
    assert_string_equal(check_both([](D& d) { d.duty_cycle = percent(1); }).c_str(),
                        "duty_cycle needs a rate");
    assert_string_equal(check_both([](D& d) { d.duty_cycle = Chance{0}; }).c_str(), "duty_cycle is above 0%");
    const std::array<std::string, 11> wrong{
        check_both([](D& d) { d.reorder = percent(1), d.reorder_by = Micros{0}; }),
        check_both([](D& d) {
            d.burst = Burst{percent(1), Chance{0}, kCertain};
        }),
        check_both([](D& d) { d.loss = Chance{1'000'001}; }),
        check_both([](D& d) { d.delay = Micros{-1}; }),
        check_both([](D& d) { d.jitter = std::chrono::hours{2}; }),
        check_both([](D& d) { d.rate = 1'000'000'000'001; }),
        check_both([](D& d) { d.queue = 100'001; }),
        check_both([](D& d) { d.mtu = 65508; }),
        check_both([](D& d) { d.frame = 65508; }),
        check_both([](D& d) { d.overhead = 1001; }),
        check_both([](D& d) { d.burst.loss = Chance{2'000'000}; }),
    };
    for (const std::string& text : wrong) {
        assert_false(text.empty());
        assert_true(text.find('\n') == std::string::npos);
        assert_true(text.find("up:") == std::string::npos);
    }
}

void the_direction_is_named_when_only_one_is_wrong(void**) {
    LinkSettings settings;
    settings.down.duty_cycle = percent(1);
    assert_string_equal(check_link(settings).c_str(), "down: duty_cycle needs a rate");
    settings.up.mtu = 70'000;
    assert_string_equal(check_link(settings).c_str(), "up: mtu and frame are at most 65507");
}

void partitions_and_rebinding_are_checked(void**) {
    const auto check = [](const Partition& partition) {
        LinkSettings settings;
        settings.partitions.push_back(partition);
        return check_link(settings);
    };
    assert_string_equal(check(Partition{Micros{0}, Micros{10}, Micros{11}}).c_str(), "");
    assert_string_equal(check(Partition{Micros{5}, Micros{10}, Micros{0}, false, true}).c_str(), "");
    assert_string_not_equal(check(Partition{Micros{0}, Micros{10}, Micros{10}}).c_str(), "");
    assert_string_not_equal(check(Partition{Micros{10}, Micros{10}}).c_str(), "");
    assert_string_not_equal(check(Partition{Micros{10}, Micros{5}}).c_str(), "");
    assert_string_not_equal(check(Partition{Micros{-1}, Micros{5}}).c_str(), "");
    assert_string_not_equal(check(Partition{Micros{0}, Micros::max()}).c_str(), "");
    assert_string_not_equal(check(Partition{Micros{0}, Micros{10}, Micros{0}, false, false}).c_str(), "");
    LinkSettings settings;
    settings.partitions.assign(100, Partition{Micros{0}, Micros{1}});
    assert_string_equal(check_link(settings).c_str(), "");
    settings.partitions.emplace_back(settings.partitions.front());
    assert_string_not_equal(check_link(settings).c_str(), "");
    settings = LinkSettings{};
    settings.rebind.every = Micros{-1};
    assert_string_not_equal(check_link(settings).c_str(), "");
    settings.rebind = RebindSettings{Micros{0}, Micros::max()};
    assert_string_not_equal(check_link(settings).c_str(), "");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(chances_are_read_exactly),
        cmocka_unit_test(times_are_read_exactly),
        cmocka_unit_test(rates_are_read_exactly),
        cmocka_unit_test(bursts_have_two_or_three_chances),
        cmocka_unit_test(every_parser_refuses_nonsense),
        cmocka_unit_test(random_octets_crash_nothing),
        cmocka_unit_test(formats_use_the_largest_whole_unit),
        cmocka_unit_test(what_is_formatted_is_read_again),
        cmocka_unit_test(all_settings_of_a_direction_survive_their_text),
        cmocka_unit_test(keys_have_names_and_texts_and_are_found),
        cmocka_unit_test(a_refused_value_changes_nothing),
        cmocka_unit_test(ranges_of_keys_are_as_their_texts_say),
        cmocka_unit_test(settings_that_do_not_go_together_are_named),
        cmocka_unit_test(the_direction_is_named_when_only_one_is_wrong),
        cmocka_unit_test(partitions_and_rebinding_are_checked),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
