// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/app/counter_log.hpp"

#include <string>
#include <vector>

#include "support/cmocka.hpp"

namespace {

using mqttsn::gateway::CounterLog;
using mqttsn::gateway::Counters;
using mqttsn::gateway::Log;
using mqttsn::gateway::LogOptions;

struct Lines {
    std::vector<std::string> seen;
    Log log{LogOptions{.sink = [this](std::string_view line) { seen.emplace_back(line); }}};
};

void refusals_are_said_once_and_only_when_there_are_new_ones(void**) {
    Lines lines;
    CounterLog counter_log;
    Counters counters;
    counters.uplink_published = 5;  // no refusal
    counter_log.write_refusals(lines.log, counters);
    assert_int_equal(lines.seen.size(), 0);
    counters.dropped_oversize = 3;
    counter_log.write_refusals(lines.log, counters);
    assert_int_equal(lines.seen.size(), 1);
    assert_true(lines.seen[0].find("dropped_oversize=3") != std::string::npos);
    assert_true(lines.seen[0].find("uplink_published") == std::string::npos);
    counter_log.write_refusals(lines.log, counters);
    assert_int_equal(lines.seen.size(), 1);
    counters.dropped_oversize = 4;
    counter_log.write_refusals(lines.log, counters);
    assert_int_equal(lines.seen.size(), 2);
    assert_true(lines.seen[1].find("dropped_oversize=1") != std::string::npos);
}

void everything_counted_is_said_at_the_end(void**) {
    Lines lines;
    Counters counters;
    counters.uplink_published = 5;
    counters.dropped_oversize = 3;
    CounterLog::write_all(lines.log, counters);
    assert_int_equal(lines.seen.size(), 1);
    assert_true(lines.seen[0].find("uplink_published=5") != std::string::npos);
    assert_true(lines.seen[0].find("dropped_oversize=3") != std::string::npos);
    assert_true(lines.seen[0].find("sessions_lost") == std::string::npos);
}

void losses_are_said_once_and_only_the_new_ones(void**) {
    Lines lines;
    CounterLog log;
    log.write_losses(lines.log, {});
    assert_int_equal(lines.seen.size(), 0);
    log.write_losses(lines.log, {2, 0, 1});
    log.write_losses(lines.log, {2, 0, 1});
    log.write_losses(lines.log, {7, 3, 1});
    assert_int_equal(lines.seen.size(), 2);
    assert_true(lines.seen[0].find("engine=2 own_session_down=0 own_session_up=1") != std::string::npos);
    assert_true(lines.seen[1].find("engine=5 own_session_down=3 own_session_up=0") != std::string::npos);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(refusals_are_said_once_and_only_when_there_are_new_ones),
        cmocka_unit_test(everything_counted_is_said_at_the_end),
        cmocka_unit_test(losses_are_said_once_and_only_the_new_ones),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
