// SPDX-License-Identifier: BSD-3-Clause
#include "lossy/sim_run.hpp"

#include <string>

#include "lossy/sim_chart.hpp"
#include "lossy/sim_report.hpp"
#include "unit/lossy/sim_sample.hpp"

using namespace mqttsn::lossy;

namespace {

constexpr std::string_view kTraffic =
    "[[device]]\nname = \"a\"\ncount = 5\npublish_every = \"10s\"\npublish_qos = [0, 1, 2]\nreceive_every = "
    "\"30s\"\nreceive_qos = [0, 1]\n";

Plan plan(const std::string& head, const std::string& tail = "") {
    return sample::plan(head + std::string(kTraffic) + tail);
}

Traffic all_of(const PointResult& point, Way way) {
    Traffic sum;
    for (int qos = -1; qos <= 2; ++qos) {
        sum.add(point.of(way, qos));
    }
    return sum;
}

void on_a_perfect_link_everything_arrives_once_and_is_sent_once(void**) {
    const PlanRun run = run_plan(plan("[scenario]\nduration = \"30m\"\n[link]\ndelay = \"10ms\"\n"), 2);
    check::equal(run.failure, "");
    for (const Way way : {Way::up, Way::down}) {
        const Traffic traffic = all_of(run.points[0], way);
        assert_true(traffic.sent > 100);
        assert_int_equal(traffic.delivered, traffic.sent);
        assert_int_equal(traffic.extra, 0);
        assert_int_equal(traffic.retransmissions, 0);
        assert_int_equal(traffic.transmissions, traffic.sent);
    }
    // 10 ms to the gateway and 1 ms to the broker; QoS 2 is published when its PUBREL comes. The gateway
    // counts in milliseconds.
    const Latencies& qos1 = run.points[0].of(Way::up, 1).latency;
    assert_true(qos1.percentile(500).count() >= 10'900 && qos1.percentile(500).count() <= 13'000);
    assert_int_equal(run.points[0].devices.connections_lost.sum, 0);
}

void on_a_dead_link_nothing_arrives_and_what_needs_a_connection_waits(void**) {
    const PlanRun run = run_plan(plan("[scenario]\nduration = \"30m\"\n[link]\nloss = \"100%\"\n"), 2);
    const Traffic up = all_of(run.points[0], Way::up);
    assert_true(up.sent > 100);
    assert_int_equal(up.delivered, 0);
    assert_int_equal(up.waiting, up.sent);
    assert_true(run.points[0].devices.connections_lost.sum > 0);
}

void qos0_loses_what_the_link_loses_and_qos1_nothing(void**) {
    const PlanRun run = run_plan(
        plan("[scenario]\nduration = \"3h\"\nseeds = 2\n[link.up]\nloss = \"20%\"\ndelay = \"10ms\"\n"), 2);
    const double share = run.points[0].of(Way::up, 0).delivered_share();
    assert_true(share > 0.74 && share < 0.86);
    assert_int_equal(run.points[0].of(Way::up, 1).lost, 0);
    assert_int_equal(run.points[0].of(Way::up, 2).delivered, run.points[0].of(Way::up, 2).sent);
    assert_int_equal(run.points[0].of(Way::up, 2).extra, 0);
    assert_true(run.points[0].of(Way::up, 1).retransmissions > 0);
}

void the_results_do_not_depend_on_the_number_of_threads(void**) {
    const Plan sweep = plan("[scenario]\nduration = \"20m\"\nseeds = 4\n[link]\npreset = \"802.15.4\"\n",
                            "[sweep]\nparameter = \"link.loss\"\nvalues = [\"0%\", \"10%\", \"25%\"]\n");
    const PlanRun one = run_plan(sweep, 1);
    const PlanRun many = run_plan(sweep, 7);
    check::equal(one.failure, "");
    check::equal(json_report(sweep, many.points), json_report(sweep, one.points));
    check::equal(text_report(sweep, many.points), text_report(sweep, one.points));
    check::equal(svg_chart(sweep, many.points), svg_chart(sweep, one.points));
}

void another_seed_is_another_run_and_the_same_seed_the_same(void**) {
    const Plan single = plan("[scenario]\nduration = \"20m\"\n[link]\nloss = \"10%\"\n");
    const auto json = [&](std::uint64_t seed) {
        return json_report(single, {run_once(single.points[0].scenario, seed)});
    };
    check::equal(json(5), json(5));
    assert_true(json(5) != json(6));
    PointResult sum = run_once(single.points[0].scenario, 5);
    sum.add(run_once(single.points[0].scenario, 6));
    Plan both = single;
    both.points[0].scenario.seed = 5;
    both.points[0].scenario.seeds = 2;
    check::equal(json_report(single, run_plan(both, 1).points), json_report(single, {sum}));
}

void sleepers_use_less_energy_and_receive_later(void**) {
    const PlanRun run = run_plan(
        sample::plan("[scenario]\nduration = \"6h\"\n[[device]]\nname = \"a\"\nreceive_every = "
                     "\"5m\"\nwake_every = \"10m\"\n"
                     "[sweep]\nparameter = \"device.pattern\"\nvalues = [\"active\", \"sleeper\"]\n"),
        2);
    check::equal(run.failure, "");
    assert_true(run.points[1].devices.energy_uj.sum * 10 < run.points[0].devices.energy_uj.sum);
    assert_true(run.points[1].devices.wake_ups.sum > 30);
    assert_true(run.points[0].of(Way::down, 1).latency.max() < Micros{1'000'000});
    assert_true(run.points[1].of(Way::down, 1).latency.percentile(500) > Micros{60'000'000});
    assert_int_equal(run.points[1].of(Way::down, 1).delivered, run.points[1].of(Way::down, 1).sent);
}

void faults_happen_and_messages_survive_them(void**) {
    for (const char* faults : {"gateway_every = \"20m\"\ngateway_outage = \"30s\"\n",
                               "broker_every = \"33m\"\nbroker_outage = \"40s\"\n"}) {
        const PlanRun run = run_plan(
            plan("[scenario]\nduration = \"3h\"\ndeadline = \"15s\"\n[faults]\n" + std::string(faults)), 2);
        check::equal(run.failure, "");
        const Traffic& up = run.points[0].of(Way::up, 1);
        assert_int_equal(up.delivered, up.sent);
        check::that(up.late > 0, faults);
    }
}

void the_energy_is_taken_from_the_currents(void**) {
    const Plan cheap = plan(
        "[scenario]\nduration = \"20m\"\n[radio]\nreceive = \"1mA\"\ntransmit = \"1mA\"\nsleep = "
        "\"0nA\"\nvoltage = \"1V\"\n");
    const PointResult result = run_once(cheap.points[0].scenario, 1);
    // 1 mW as long as the radio is on.
    const std::uint64_t expected = result.devices.radio_on_us.sum / 1000;
    assert_true(result.devices.energy_uj.sum >= expected - 5 && result.devices.energy_uj.sum <= expected + 5);
}

/// What no file can ask for, because it is checked there.
void a_run_that_fails_is_named_with_its_values_and_seed(void**) {
    Plan broken = plan("[scenario]\nduration = \"20m\"\nseeds = 5\nseed = 10\n",
                       "[sweep]\nparameter = \"link.loss\"\nvalues = [\"0%\", \"10%\"]\n");
    broken.points[1].scenario.devices[0].device.topics = 1'000'000;
    check::that(run_plan(broken, 1).failure.starts_with("link.loss = 10%, seed 10: "), "one thread");
    broken.points[0].scenario.devices[0].device.topics = 1'000'000;
    for (int i = 0; i < 50; ++i) {
        // All fail at about the same time; it is always the first that is named.
        const PlanRun run = run_plan(broken, 8);
        check::that(run.failure.starts_with("link.loss = 0%, seed 10: "), run.failure);
    }
}

void progress_ends_below_or_at_one(void**) {
    double last = 0;
    int calls = 0;
    run_plan(plan("[scenario]\nduration = \"6h\"\n[link]\nloss = \"5%\"\n"), 1, [&](double share) {
        assert_true(share >= last && share <= 1);
        last = share;
        ++calls;
    });
    assert_true(calls > 0);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(on_a_perfect_link_everything_arrives_once_and_is_sent_once),
        cmocka_unit_test(on_a_dead_link_nothing_arrives_and_what_needs_a_connection_waits),
        cmocka_unit_test(qos0_loses_what_the_link_loses_and_qos1_nothing),
        cmocka_unit_test(the_results_do_not_depend_on_the_number_of_threads),
        cmocka_unit_test(another_seed_is_another_run_and_the_same_seed_the_same),
        cmocka_unit_test(sleepers_use_less_energy_and_receive_later),
        cmocka_unit_test(faults_happen_and_messages_survive_them),
        cmocka_unit_test(the_energy_is_taken_from_the_currents),
        cmocka_unit_test(a_run_that_fails_is_named_with_its_values_and_seed),
        cmocka_unit_test(progress_ends_below_or_at_one),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
