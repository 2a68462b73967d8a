// SPDX-License-Identifier: BSD-3-Clause
#include "bench/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include "support/cmocka.hpp"

namespace {

using mqttsn::load::Histogram;

constexpr double kPercents[] = {0.01, 1, 10, 50, 90, 99, 99.9, 100};

void nothing_recorded_is_zero(void**) {
    const Histogram histogram;
    assert_int_equal(histogram.count(), 0);
    assert_int_equal(histogram.max(), 0);
    assert_int_equal(histogram.percentile(50), 0);
    assert_true(histogram.mean() < 0.5);
}

void values_below_64_are_exact(void**) {
    Histogram histogram;
    for (std::uint64_t value = 1; value <= 50; ++value) {
        histogram.record(value);
    }
    assert_int_equal(histogram.percentile(2), 1);
    assert_int_equal(histogram.percentile(50), 25);
    assert_int_equal(histogram.percentile(100), 50);
    assert_true(std::abs(histogram.mean() - 25.5) < 1e-9);
}

// Against the sorted list, from nanoseconds to minutes.
void a_percentile_is_never_below_the_exact_one_and_at_most_a_64th_above(void**) {
    constexpr unsigned kSeed = 20261123;
    std::mt19937_64 random{kSeed};
    std::uniform_real_distribution<double> exponent(0, 39);
    std::vector<std::uint64_t> values;
    const auto histogram = std::make_unique<Histogram>();
    for (int i = 0; i < 20000; ++i) {
        values.push_back(static_cast<std::uint64_t>(std::exp2(exponent(random))));
        histogram->record(values.back());
    }
    std::sort(values.begin(), values.end());
    for (const double percent : kPercents) {
        const double rank = std::ceil(static_cast<double>(values.size()) * percent / 100);
        const std::uint64_t exact = values[static_cast<std::size_t>(std::max(1.0, rank)) - 1];
        const std::uint64_t got = histogram->percentile(percent);
        if (got < exact || got > exact + exact / 64) {
            print_error("percentile %g: %llu, exact %llu\n", percent, static_cast<unsigned long long>(got),
                        static_cast<unsigned long long>(exact));
            assert_true(false);
        }
    }
    assert_int_equal(histogram->max(), values.back());
}

void values_beyond_the_last_bucket_count_and_keep_the_maximum(void**) {
    Histogram histogram;
    histogram.record(5);
    histogram.record(std::uint64_t{1} << 40);
    histogram.record(std::uint64_t{1} << 50);
    histogram.record(UINT64_MAX);
    assert_int_equal(histogram.count(), 4);
    assert_int_equal(histogram.percentile(25), 5);
    assert_true(histogram.percentile(50) >= std::uint64_t{1} << 40);
    assert_true(histogram.max() == UINT64_MAX);
}

void the_same_value_again_and_again_is_every_percentile(void**) {
    Histogram histogram;
    for (int i = 0; i < 1000; ++i) {
        histogram.record(123456);
    }
    for (const double percent : kPercents) {
        assert_int_equal(histogram.percentile(percent), 123456);
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(nothing_recorded_is_zero),
        cmocka_unit_test(values_below_64_are_exact),
        cmocka_unit_test(a_percentile_is_never_below_the_exact_one_and_at_most_a_64th_above),
        cmocka_unit_test(values_beyond_the_last_bucket_count_and_keep_the_maximum),
        cmocka_unit_test(the_same_value_again_and_again_is_every_percentile),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
