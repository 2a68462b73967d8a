// SPDX-License-Identifier: BSD-3-Clause
//
// Scenarios in virtual time: devices that lose their RAM and go on from what they have saved. A device pulls
// events, writes its flash and sends; power fails once at every one of those moments of an exchange: before a
// write, in the middle of it, between the write and the datagram, behind the datagram. How they are read:
// script.hpp.
#include "sim/script.hpp"
#include "support/cmocka.hpp"

using namespace mqttsn;
using namespace mqttsn::sim;
using namespace std::chrono_literals;

namespace {

constexpr Micros kOff = 3s;
constexpr Micros kExchange = 30s;  // longer than any here with its repetitions and the time off
constexpr std::uint32_t kPointsMax = 200;

DeviceSettings saver(Pattern pattern) {
    DeviceSettings settings;
    settings.client_id = "s1";
    settings.subscribes = true;
    settings.saves = Saves::always;
    settings.pattern = pattern;
    settings.wake_every = 20s;
    settings.retry_interval_ms = 1000;
    return settings;
}

lossy::LinkSettings link_of(unsigned loss) {
    lossy::LinkSettings link;
    link.up.delay = link.down.delay = 20ms;
    link.up.loss = link.down.loss = lossy::percent(loss);
    return link;
}

struct Run {
    Script script;
    std::uint32_t device;
    Run(const DeviceSettings& settings, unsigned loss, std::uint64_t seed, Micros settled)
        : script(world_of(seed)), device(0) {
        script.use_links();
        device = script.self_driven(settings, link_of(loss));
        script.run_for(settled);
    }
    static WorldSettings world_of(std::uint64_t seed) {
        WorldSettings settings;
        settings.seed = seed;
        settings.gateway.retry.interval_ms = 1000;
        return settings;
    }
    void cut(std::uint32_t point) { script.world().cut_power(device, point, kOff, 1h); }
    std::uint64_t restored() { return script.world().statistics(device).restored; }
    void assert_came(std::uint32_t number, int qos, const std::string& which) {
        const unsigned arrivals = script.message(number).arrivals;
        script.assert_that(arrivals > 0 && (qos < 2 || arrivals == 1),
                           which + ": a message of QoS " + std::to_string(qos) + " came " +
                               std::to_string(arrivals) + " times");
    }
};

/// Power fails at each moment of what `begin` starts, one a run, and once more a little later; then
/// everything must settle, QoS 1 has come, and QoS 2 once. @param begin  returns the numbers of its messages
void at_each_moment(const DeviceSettings& settings, Micros settled, unsigned loss, int qos,
                    std::uint32_t points_min, const std::function<std::vector<std::uint32_t>(Run&)>& begin) {
    std::uint32_t point = 0;
    for (bool cut = true; cut; ++point) {
        for (const std::uint32_t again : {kPointsMax, 0U, 1U, 2U, 3U, 5U}) {
            Run run(settings, loss, 1 + point * 7 + again, settled);
            const std::uint64_t before = run.restored();
            run.cut(point);
            const std::vector<std::uint32_t> numbers = begin(run);
            run.script.run_for(kExchange);
            cut = run.restored() > before || (cut && again < kPointsMax);
            if (again < kPointsMax) {
                run.cut(again);
            }
            run.script.settle();
            run.script.run_for(60s);
            run.script.assert_promises_kept();
            for (const std::uint32_t number : numbers) {
                run.assert_came(number, qos,
                                "moment " + std::to_string(point) + ", then " + std::to_string(again));
            }
        }
        assert_in_range(point, 0, kPointsMax);
    }
    assert_in_range(point, points_min, kPointsMax);  // else the exchange was not the one that is meant
}

std::vector<std::uint32_t> one_up(Run& run, int qos) {
    return {run.script.publish_up(run.device, qos)};
}
std::vector<std::uint32_t> one_down(Run& run, int qos) {
    return {run.script.application_publishes(run.device, qos)};
}

void qos_1_up_survives_a_power_cut_at_any_moment(void**) {
    for (const unsigned loss : {0U, 30U}) {
        at_each_moment(saver(Pattern::active), 10s, loss, 1, 8, [](Run& run) { return one_up(run, 1); });
    }
}

void qos_2_up_is_exact_over_a_power_cut_at_any_moment(void**) {
    for (const unsigned loss : {0U, 30U}) {
        at_each_moment(saver(Pattern::active), 10s, loss, 2, 12, [](Run& run) { return one_up(run, 2); });
    }
}

void qos_1_down_survives_a_power_cut_at_any_moment(void**) {
    for (const unsigned loss : {0U, 30U}) {
        at_each_moment(saver(Pattern::active), 10s, loss, 1, 8, [](Run& run) { return one_down(run, 1); });
    }
}

void qos_2_down_is_exact_over_a_power_cut_at_any_moment(void**) {
    for (const unsigned loss : {0U, 30U}) {
        at_each_moment(saver(Pattern::active), 10s, loss, 2, 12, [](Run& run) { return one_down(run, 2); });
    }
}

void connecting_with_a_will_survives_a_power_cut_at_any_moment(void**) {
    for (const bool clean : {false, true}) {
        DeviceSettings settings = saver(Pattern::active);
        settings.will = true;
        settings.clean_session = clean;
        settings.start_at = 5s;
        at_each_moment(settings, 1s, 0, 1, 12, [](Run& run) {
            run.script.run_for(10s);
            return one_up(run, 1);
        });
    }
}

/// Messages both ways wait for a sleeper's wake-up.
void a_wake_up_is_exact_over_a_power_cut_at_any_moment(void**) {
    for (const int qos : {1, 2}) {
        at_each_moment(saver(Pattern::sleeper), 10s, 10, qos, 25, [qos](Run& run) {
            std::vector<std::uint32_t> numbers = one_down(run, qos);
            numbers.push_back(one_down(run, qos).front());
            numbers.push_back(one_up(run, qos).front());
            run.script.run_for(30s);
            return numbers;
        });
    }
}

void a_visitor_s_connection_is_exact_over_a_power_cut_at_any_moment(void**) {
    at_each_moment(saver(Pattern::visitor), 10s, 10, 2, 20, [](Run& run) {
        std::vector<std::uint32_t> numbers = one_up(run, 2);
        numbers.push_back(one_up(run, 2).front());
        run.script.run_for(30s);
        return numbers;
    });
}

void a_gateway_killed_while_the_power_is_off_costs_no_message(void**) {
    for (std::uint32_t point = 0; point < 14; ++point) {
        for (const Way way : {Way::up, Way::down}) {
            Run run(saver(Pattern::active), 0, point + 1, 10s);
            run.cut(point);
            const auto number = (way == Way::up ? one_up(run, 2) : one_down(run, 2)).front();
            run.script.run_for(1s);
            run.script.kill_gateway(1s);
            run.script.settle();
            run.script.assert_promises_kept();
            run.assert_came(number, 2, "moment " + std::to_string(point));
        }
    }
}

/// With a session saved before each sleep only, and its RAM off in between.
void a_deep_sleeper_goes_on_with_its_session_at_each_wake_up(void**) {
    for (const unsigned loss : {0U, 20U}) {
        DeviceSettings settings = saver(Pattern::sleeper);
        settings.saves = Saves::before_sleep;
        Run run(settings, loss, 1, 10s);
        std::vector<std::uint32_t> numbers;
        for (int turn = 0; turn < 20; ++turn) {
            numbers.push_back(one_up(run, turn % 2 + 1).front());
            numbers.push_back(one_down(run, turn % 2 + 1).front());
            run.script.run_for(20s);
        }
        run.script.settle();
        run.script.assert_promises_kept();
        for (const std::uint32_t number : numbers) {
            run.assert_came(number, run.script.message(number).qos, "deep sleeper");
            assert_int_equal(run.script.message(number).excuses, 0);
        }
        assert_in_range(run.restored(), 15, 60);
        assert_int_equal(run.script.world().statistics(run.device).refused_blobs, 0);
    }
}

/// It would have to begin anew without its flash; so it does, and what comes after is as good as ever.
void a_damaged_blob_makes_a_device_without_memory(void**) {
    for (const Saves saves : {Saves::always, Saves::before_sleep}) {
        for (std::uint64_t bit = 0; bit < 40; ++bit) {
            DeviceSettings settings = saver(Pattern::sleeper);
            settings.saves = saves;
            Run run(settings, 0, bit + 1, 15s);
            one_down(run, 2);
            if (saves == Saves::always) {
                run.script.world().cut_power(run.device, 3, kOff, 20s, bit * 101);
            } else {
                run.script.assert_that(run.script.world().damage_flash(run.device, bit * 101),
                                       "nothing is saved");
            }
            run.script.run_for(60s);
            assert_int_equal(run.script.world().statistics(run.device).refused_blobs, 1);
            const auto up = one_up(run, 2).front();
            const auto down = one_down(run, 2).front();
            run.script.settle();
            run.script.assert_promises_kept();
            run.assert_came(up, 2, "after the damage");
            run.assert_came(down, 2, "after the damage");
        }
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(qos_1_up_survives_a_power_cut_at_any_moment),
        cmocka_unit_test(qos_2_up_is_exact_over_a_power_cut_at_any_moment),
        cmocka_unit_test(qos_1_down_survives_a_power_cut_at_any_moment),
        cmocka_unit_test(qos_2_down_is_exact_over_a_power_cut_at_any_moment),
        cmocka_unit_test(connecting_with_a_will_survives_a_power_cut_at_any_moment),
        cmocka_unit_test(a_wake_up_is_exact_over_a_power_cut_at_any_moment),
        cmocka_unit_test(a_visitor_s_connection_is_exact_over_a_power_cut_at_any_moment),
        cmocka_unit_test(a_gateway_killed_while_the_power_is_off_costs_no_message),
        cmocka_unit_test(a_deep_sleeper_goes_on_with_its_session_at_each_wake_up),
        cmocka_unit_test(a_damaged_blob_makes_a_device_without_memory),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
