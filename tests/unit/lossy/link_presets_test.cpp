// SPDX-License-Identifier: BSD-3-Clause
//
// The named networks: they are complete, fit together, and behave as their sources say.
#include "lossy/link_presets.hpp"

#include <array>
#include <string>

#include "lossy/link_model.hpp"
#include "lossy/link_text.hpp"
#include "support/cmocka.hpp"

namespace {

using namespace mqttsn::lossy;

constexpr std::array<const char*, 6> kNames{"lan",    "wifi-bad",  "802.15.4",
                                            "nb-iot", "lora-like", "satellite"};

void there_are_six_presets_in_this_order(void**) {
    assert_int_equal(link_presets().size(), kNames.size());
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        assert_true(link_presets()[i].name == kNames.at(i));
    }
}

void a_preset_is_found_by_its_exact_name(void**) {
    for (const LinkPreset& preset : link_presets()) {
        assert_ptr_equal(find_link_preset(preset.name), &preset);
        assert_false(preset.summary.empty());
        assert_true(preset.summary.find('\n') == std::string_view::npos);
    }
    for (const char* name : {"", "LAN", "lan ", "wifi", "802.15.4x", "none"}) {
        assert_null(find_link_preset(name));
    }
}

void the_settings_of_every_preset_fit_together(void**) {
    for (const LinkPreset& preset : link_presets()) {
        assert_string_equal(check_link(preset.settings).c_str(), "");
    }
}

void every_preset_can_be_written_key_by_key(void**) {
    for (const LinkPreset& preset : link_presets()) {
        DirectionSettings up;
        DirectionSettings down;
        for (const LinkKey& key : link_keys()) {
            assert_true(key.set(up, key.show(preset.settings.up)));
            assert_true(key.set(down, key.show(preset.settings.down)));
        }
        assert_true(up == preset.settings.up);
        assert_true(down == preset.settings.down);
    }
}

/// How many of 10 000 datagrams of `octets` arrive, sent `every` apart.
std::uint64_t delivered(const LinkPreset& preset, std::size_t octets, Micros every) {
    LinkModel link(preset.settings, 1);
    for (int i = 0; i < 10'000; ++i) {
        link.send(Way::up, every * i, octets);
    }
    const LinkCounters& counters = link.counters(Way::up);
    return counters.delivered - counters.duplicated;
}

void most_small_datagrams_come_through_every_preset(void**) {
    for (const LinkPreset& preset : link_presets()) {
        const std::uint64_t share = delivered(preset, 40, std::chrono::minutes{1});
        assert_in_range(share, 8'500, 10'000);
        assert_true((share == 10'000) == (preset.name == "lan"));
    }
}

void a_long_datagram_is_lost_more_easily_on_802_15_4(void**) {
    const LinkPreset& preset = *find_link_preset("802.15.4");
    const std::uint64_t one_frame = delivered(preset, 72, std::chrono::seconds{1});
    const std::uint64_t seventeen = delivered(preset, 1200, std::chrono::seconds{1});
    assert_in_range(one_frame, 9'300, 9'800);
    assert_in_range(seventeen, 4'000, 7'500);
    assert_int_equal(delivered(preset, 1233, std::chrono::seconds{1}), 0);  // with its headers above 1280
}

void a_frame_of_802_15_4_is_at_most_127_octets_and_the_phy_header(void**) {
    const DirectionSettings& way = find_link_preset("802.15.4")->settings.up;
    assert_in_range(way.frame + way.overhead, 127 + 6 - 7, 127 + 6);  // fragments are multiples of 8
}

void lora_airtime_is_that_of_the_data_sheet(void**) {
    LinkModel link(find_link_preset("lora-like")->settings, 1);
    // Semtech AN1200.13 for SF9, 125 kHz, 4/5, 8 symbols of preamble, explicit header, CRC; 13 octets of
    // LoRaWAN.
    struct Row {
        std::size_t octets;
        std::int64_t us;
    };
    constexpr std::array<Row, 5> kRows{
        {{0, 164'864}, {20, 246'784}, {51, 390'144}, {80, 513'024}, {115, 676'864}}};
    Micros now{0};
    for (const Row& row : kRows) {
        const Verdict verdict = link.send(Way::up, now, row.octets);
        assert_in_range(verdict.airtime.count(), row.us * 95 / 100, row.us * 105 / 100);
        now += std::chrono::hours{1};
    }
    assert_int_equal(link.send(Way::up, now, 116).fate, Fate::too_long);
}

void lora_sends_one_hundredth_of_the_time(void**) {
    LinkModel link(find_link_preset("lora-like")->settings, 1);
    for (int i = 0; i < 3600; ++i) {
        link.send(Way::up, std::chrono::seconds{i}, 51);
    }
    // An hour's hundredth; the four that still wait and the last one that was sent are counted already.
    assert_in_range(link.counters(Way::up).airtime.count(), 36'000'000, 36'000'000 + 5 * 400'000);
}

void nb_iot_forgets_the_device_after_two_silent_minutes(void**) {
    LinkModel link(find_link_preset("nb-iot")->settings, 1);
    link.send(Way::up, Micros{0}, 20);
    assert_true(link.bound(0, std::chrono::seconds{119}));
    assert_false(link.bound(0, std::chrono::minutes{2}));
}

void a_geostationary_satellite_is_a_quarter_of_a_second_away(void**) {
    const LinkPreset& preset = *find_link_preset("satellite");
    for (const DirectionSettings& way : {preset.settings.up, preset.settings.down}) {
        assert_in_range(way.delay.count(), 239'600, 279'000);  // RFC 2488 section 2
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(there_are_six_presets_in_this_order),
        cmocka_unit_test(a_preset_is_found_by_its_exact_name),
        cmocka_unit_test(the_settings_of_every_preset_fit_together),
        cmocka_unit_test(every_preset_can_be_written_key_by_key),
        cmocka_unit_test(most_small_datagrams_come_through_every_preset),
        cmocka_unit_test(a_long_datagram_is_lost_more_easily_on_802_15_4),
        cmocka_unit_test(a_frame_of_802_15_4_is_at_most_127_octets_and_the_phy_header),
        cmocka_unit_test(lora_airtime_is_that_of_the_data_sheet),
        cmocka_unit_test(lora_sends_one_hundredth_of_the_time),
        cmocka_unit_test(nb_iot_forgets_the_device_after_two_silent_minutes),
        cmocka_unit_test(a_geostationary_satellite_is_a_quarter_of_a_second_away),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
