// SPDX-License-Identifier: BSD-3-Clause
#include "lossy/sim_report.hpp"

#include <sstream>
#include <string>

#include "unit/lossy/sim_sample.hpp"

using namespace mqttsn::lossy;

namespace {

void times_have_three_digits_or_so(void**) {
    const struct {
        std::int64_t micros;
        const char* text;
    } rows[] = {{0, "0"},
                {7, "7us"},
                {999, "999us"},
                {1'000, "1.00ms"},
                {12'345, "12.3ms"},
                {999'499, "999ms"},
                {999'600, "1.00s"},
                {59'940'000, "59.9s"},
                {59'960'000, "1m00s"},
                {125'000'000, "2m05s"},
                {3'599'700'000, "1h00m"},
                {86'400'000'000, "24h00m"},
                {3 * 86'400'000'000LL + 4 * 3'600'000'000LL, "3d04h"}};
    for (const auto& row : rows) {
        check::equal(short_time(Micros{row.micros}), row.text);
    }
}

void shares_are_never_rounded_to_all_or_nothing(void**) {
    check::equal(short_share(1), "100%");
    check::equal(short_share(0), "0%");
    check::equal(short_share(0.99999999), "99.999%");
    check::equal(short_share(0.9995), "99.95%");
    check::equal(short_share(0.5), "50.0%");
    check::equal(short_share(1e-9), "0.001%");
}

void counts_are_short(void**) {
    check::equal(short_count(0), "0");
    check::equal(short_count(3.14159), "3.14");
    check::equal(short_count(1234), "1234");
    check::equal(short_count(12'345), "12.3k");
    check::equal(short_count(4'560'000), "4.56M");
}

void the_text_report_fits_100_columns_and_says_what_was_run(void**) {
    const Plan plan = sample::plan(sample::kSweep);
    const std::string report = text_report(plan, sample::results(plan));
    std::istringstream lines(report);
    for (std::string line; std::getline(lines, line);) {
        check::that(line.size() <= 100, line);
        check::that(line.empty() || line.back() != ' ', line);
    }
    for (const char* part :
         {"3 devices, 1h of virtual time", "seeds 1 to 2", "network  nb-iot", "link.loss = 0%, 5%, 20%",
          "retry_count = 1\n", "retry_count = 3\n", "up 1", "down 2", "p95"}) {
        check::contains(report, part);
    }
}

void every_point_has_a_row_for_each_direction_and_qos_that_was_used(void**) {
    const Plan plan = sample::plan(sample::kSweep);
    const std::string report = text_report(plan, sample::results(plan));
    std::size_t rows = 0;
    for (std::size_t at = report.find("down 1"); at != std::string::npos;
         at = report.find("down 1", at + 1)) {
        ++rows;
    }
    assert_int_equal(rows, 6);
    check::that(report.find("up 0") == std::string::npos, report);
}

void numbers_of_a_row_are_those_of_the_result(void**) {
    const Plan plan =
        sample::plan("[scenario]\nduration = \"12h\"\ndeadline = \"1s\"\n[[device]]\nname = \"a\"\n");
    std::vector<PointResult> points(1);
    for (int i = 0; i < 200; ++i) {
        mqttsn::sim::MessageRecord record;
        record.qos = 1;
        record.arrivals = i < 198 ? 2 : 0;
        record.arrived_at = Micros{i < 190 ? 250'000 : 4'000'000};
        record.done_at = Micros{1};
        record.transmissions = 3;
        points[0].count(record, plan.base.deadline);
    }
    mqttsn::sim::DeviceStatistics device;
    device.octets_sent = 1'000;
    device.radio_on = Micros{3'600'000'000};
    points[0].count(device, plan.base.radio, plan.base.duration);
    const std::string report = text_report(plan, points);
    check::contains(report, "up 1   200    99.0%    95.0%     2    198  250ms  250ms  4.00s  4.00s  3.00\n");
    check::contains(report, "in time = arrived within 1s");
    // Half a day was run, a day is reported.
    check::contains(report, "\n2000   0        0     2h00m  ");
}

void json_is_valid_and_holds_every_point(void**) {
    const Plan plan = sample::plan(sample::kSweep);
    const std::string json = json_report(plan, sample::results(plan));
    check::that(sample::Json(json).valid(), json);
    for (const char* part :
         {"\"format\": \"mqttsn-sim 1\"", "\"question\": \"Which <T> & \\\"N\\\"?\"",
          "\"value\": \"20%\", \"number\": 20, \"series\": \"3\"",
          "\"latency_us\": {\"mean\": ", "\"energy_uj\": {\"sum\": ", "\"link_down\": {\"datagrams\": 0"}) {
        check::contains(json, part);
    }
    const Plan single = sample::plan("[[device]]\nname = \"a\"\n");
    const std::string small = json_report(single, std::vector<PointResult>(1));
    check::that(sample::Json(small).valid(), small);
    check::that(!sample::Json(small + "]").valid(), "the reader takes anything");
}

void reports_of_nothing_are_reports(void**) {
    const Plan plan = sample::plan("[[device]]\nname = \"a\"\n");
    check::contains(text_report(plan, std::vector<PointResult>(1)), "no messages were sent\n");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(times_have_three_digits_or_so),
        cmocka_unit_test(shares_are_never_rounded_to_all_or_nothing),
        cmocka_unit_test(counts_are_short),
        cmocka_unit_test(the_text_report_fits_100_columns_and_says_what_was_run),
        cmocka_unit_test(every_point_has_a_row_for_each_direction_and_qos_that_was_used),
        cmocka_unit_test(numbers_of_a_row_are_those_of_the_result),
        cmocka_unit_test(json_is_valid_and_holds_every_point),
        cmocka_unit_test(reports_of_nothing_are_reports),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
