// SPDX-License-Identifier: BSD-3-Clause
#include "lossy/sim_result.hpp"

#include <algorithm>
#include <vector>

#include "lossy/random.hpp"
#include "support/cmocka.hpp"

using namespace mqttsn::lossy;
namespace sim = mqttsn::sim;

namespace {

constexpr Micros kNoDeadline{0};

sim::MessageRecord message(Way way, int qos, int arrivals) {
    sim::MessageRecord record;
    record.way = way;
    record.qos = static_cast<std::int8_t>(qos);
    record.arrivals = static_cast<std::uint16_t>(arrivals);
    record.sent_at = Micros{1'000'000};
    record.arrived_at = arrivals > 0 ? Micros{3'000'000} : Micros{-1};
    record.transmissions = 1;
    return record;
}

void percentiles_are_nearest_rank_and_exact_for_small_values(void**) {
    Latencies latencies;
    assert_int_equal(latencies.percentile(500).count(), 0);
    for (int i = 1; i <= 100; ++i) {
        latencies.add(Micros{i});
    }
    assert_int_equal(latencies.percentile(0).count(), 1);
    assert_int_equal(latencies.percentile(500).count(), 50);
    assert_int_equal(latencies.percentile(501).count(), 51);
    assert_int_equal(latencies.percentile(950).count(), 95);
    assert_int_equal(latencies.percentile(1000).count(), 100);
    assert_int_equal(latencies.max().count(), 100);
    assert_int_equal(latencies.mean().count(), 50);
}

void percentiles_of_any_size_are_within_one_part_in_128(void**) {
    Random random(5);
    for (int round = 0; round < 50; ++round) {
        Latencies latencies;
        std::vector<std::int64_t> all;
        for (int i = 0; i < 1000; ++i) {
            all.push_back(static_cast<std::int64_t>(random.next() >> (12 + random.below(50))));
            latencies.add(Micros{all.back()});
        }
        std::sort(all.begin(), all.end());
        for (const std::uint32_t permille : {1U, 500U, 950U, 990U, 1000U}) {
            const std::int64_t exact = all[permille - 1];
            const std::int64_t got = latencies.percentile(permille).count();
            assert_true(std::abs(got - exact) <= exact / 128);
        }
    }
}

void adding_results_gives_the_same_in_any_order_and_as_one(void**) {
    Random random(6);
    std::vector<PointResult> parts(4);
    PointResult whole;
    for (int i = 0; i < 1000; ++i) {
        sim::MessageRecord record =
            message(random.below(2) == 0 ? Way::up : Way::down, static_cast<int>(random.below(4)) - 1,
                    static_cast<int>(random.below(3)));
        record.arrived_at = record.sent_at + Micros{static_cast<std::int64_t>(random.below(1'000'000'000))};
        parts[random.below(4)].count(record, Micros{500'000'000});
        whole.count(record, Micros{500'000'000});
    }
    PointResult forwards;
    PointResult backwards;
    for (std::size_t i = 0; i < 4; ++i) {
        forwards.add(parts[i]);
        backwards.add(parts[3 - i]);
    }
    assert_true(forwards.traffic == backwards.traffic);
    assert_true(forwards.traffic == whole.traffic);
}

void every_message_is_delivered_or_lost_or_waiting(void**) {
    PointResult result;
    result.count(message(Way::up, 1, 3), kNoDeadline);
    sim::MessageRecord open = message(Way::up, 1, 0);
    result.count(open, kNoDeadline);  // nobody has said how it ended
    open.done_at = Micros{5'000'000};
    result.count(open, kNoDeadline);  // ended, and did not arrive
    open.done_at = Micros{-1};
    open.excuses = sim::kMayBeLost;
    result.count(open, kNoDeadline);
    const Traffic& up = result.of(Way::up, 1);
    assert_int_equal(up.sent, 4);
    assert_int_equal(up.delivered, 1);
    assert_int_equal(up.extra, 2);
    assert_int_equal(up.waiting, 1);
    assert_int_equal(up.lost, 2);
    assert_int_equal(up.latency.count(), 1);

    sim::MessageRecord down = message(Way::down, 2, 0);
    result.count(down, kNoDeadline);  // the broker never had it for the device, or dropped it
    down.owed = true;
    result.count(down, kNoDeadline);
    down.qos = 0;
    result.count(down, kNoDeadline);  // nobody repeats it
    assert_int_equal(result.of(Way::down, 2).waiting, 1);
    assert_int_equal(result.of(Way::down, 2).lost, 1);
    assert_int_equal(result.of(Way::down, 0).lost, 1);
}

void a_message_at_the_deadline_is_in_time_and_one_after_it_is_late(void**) {
    PointResult result;
    sim::MessageRecord record = message(Way::up, 0, 1);  // takes 2 s
    result.count(record, Micros{2'000'000});
    result.count(record, Micros{1'999'999});
    result.count(record, kNoDeadline);
    result.count(message(Way::up, 0, 0), Micros{2'000'000});
    assert_int_equal(result.of(Way::up, 0).late, 1);
    assert_true(result.of(Way::up, 0).delivered_share() == 0.75);
    assert_true(result.of(Way::up, 0).in_time_share() == 0.5);
}

void transmissions_after_the_first_are_retransmissions(void**) {
    PointResult result;
    for (const std::uint32_t transmissions : {0U, 1U, 4U}) {
        sim::MessageRecord record = message(Way::up, 1, 1);
        record.transmissions = transmissions;
        result.count(record, kNoDeadline);
    }
    assert_int_equal(result.of(Way::up, 1).transmissions, 5);
    assert_int_equal(result.of(Way::up, 1).retransmissions, 3);
}

void energy_is_the_stated_formula(void**) {
    const RadioSettings radio{200'000'000, 50'000'000, 3'000, 3'600};  // 200 mA, 50 mA, 3 uA, 3.6 V
    constexpr Micros kHour{3'600'000'000};
    // 10 s on, 2 s of them sending: 3.6 V * (8 s * 50 mA + 2 s * 200 mA + 3590 s * 3 uA)
    assert_int_equal(energy_uj(radio, Micros{10'000'000}, Micros{2'000'000}, kHour), 2'918'772);
    // What still leaves when the radio goes off is sent with the radio on.
    assert_int_equal(energy_uj(radio, Micros{0}, Micros{1'000'000}, kHour), 3'600'000 * 200 / 1000 + 38'869);
    assert_int_equal(energy_uj(radio, kHour, Micros{0}, kHour), 648'000'000);
}

void figures_keep_the_sum_and_the_largest(void**) {
    PointResult result;
    sim::DeviceStatistics device;
    for (const std::uint64_t octets : {10U, 30U, 20U}) {
        device.octets_sent = octets;
        result.count(device, RadioSettings{}, Micros{1'000'000});
    }
    assert_int_equal(result.devices.devices, 3);
    assert_int_equal(result.devices.octets_sent.sum, 60);
    assert_int_equal(result.devices.octets_sent.max, 30);
    PointResult small;
    device.octets_sent = 1;
    small.count(device, RadioSettings{}, Micros{1'000'000});
    result.add(small);
    assert_int_equal(result.devices.octets_sent.sum, 61);
    assert_int_equal(result.devices.octets_sent.max, 30);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(percentiles_are_nearest_rank_and_exact_for_small_values),
        cmocka_unit_test(percentiles_of_any_size_are_within_one_part_in_128),
        cmocka_unit_test(adding_results_gives_the_same_in_any_order_and_as_one),
        cmocka_unit_test(every_message_is_delivered_or_lost_or_waiting),
        cmocka_unit_test(a_message_at_the_deadline_is_in_time_and_one_after_it_is_late),
        cmocka_unit_test(transmissions_after_the_first_are_retransmissions),
        cmocka_unit_test(energy_is_the_stated_formula),
        cmocka_unit_test(figures_keep_the_sum_and_the_largest),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
