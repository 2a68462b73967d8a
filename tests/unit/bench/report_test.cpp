// SPDX-License-Identifier: BSD-3-Clause
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bench/result.hpp"
#include "support/cmocka.hpp"

namespace {

using namespace mqttsn::load;

/// A run in which everything arrived.
std::unique_ptr<Result> fine(Mode mode = Mode::pub, int qos = 1) {
    auto result = std::make_unique<Result>();
    result->options.mode = mode;
    result->options.qos = qos;
    result->counters.connected = 100;
    result->counters.sent = 1000;
    result->counters.arrived = 1000;
    result->measured_ns = result->usage_ns = 2'000'000'000;
    result->latency.record(1'500'000);
    return result;
}

/// And in which everything that can happen did.
std::unique_ptr<Result> eventful(Mode mode) {
    auto result = fine(mode);
    Counters& counters = result->counters;
    counters.refusals = {1, 2, 3, 4};
    counters.cut_short = 1;
    counters.foreign = counters.stalls = counters.gateway_disconnects = counters.dup_flags = 1;
    counters.registers = counters.pings = counters.malformed = counters.socket_errors = counters.bursts = 1;
    result->options.rate = 100;
    for (Histogram* histogram : {&result->acknowledgement, &result->connect, &result->wake_up}) {
        histogram->record(2'000'000);
    }
    result->connect_ns = 1'000'000'000;
    for (UsagePair* pair : {&result->gateway, &result->broker, &result->self, &result->gateway_connecting}) {
        pair->before = ProcessUsage{1'000'000, 1 << 20};
        pair->after = ProcessUsage{51'000'000, 3 << 20};
    }
    return result;
}

std::vector<std::string> keys_of(std::string_view json) {
    std::vector<std::string> keys;
    for (std::size_t at = json.find('"'); at != std::string_view::npos; at = json.find('"', at)) {
        const std::size_t end = json.find('"', at + 1);
        if (json[end + 1] == ':') {
            keys.emplace_back(json.substr(at + 1, end - at - 1));
        }
        at = end + 1;
    }
    return keys;
}

bool has(const std::string& text, std::string_view part) {
    const bool found = text.find(part) != std::string::npos;
    if (!found) {
        print_error("\"%s\" is not in: %s\n", std::string(part).c_str(), text.c_str());
    }
    return found;
}

void what_arrived_as_it_should_is_no_failure(void**) {
    for (const int qos : {-1, 0, 1, 2}) {
        assert_string_equal(verdict(*fine(Mode::pub, qos)).c_str(), "");
    }
}

void a_lost_message_fails_only_where_it_must_arrive(void**) {
    for (const int qos : {-1, 0, 1, 2}) {
        const auto result = fine(Mode::pub, qos);
        result->counters.arrived = 999;
        assert_string_equal(verdict(*result).c_str(), qos > 0 ? "1 of 1000 messages lost" : "");
        assert_true(has(report_json(*result), "\"lost\":1,"));
        assert_true(has(report_text(*result), qos > 0 ? "FAILED: 1 of 1000" : "may be lost at this QoS"));
    }
}

void nothing_at_all_is_a_failure_at_any_qos(void**) {
    const auto result = fine(Mode::pub, 0);
    result->counters.arrived = 0;
    result->counters.refusals[1] = 12;
    assert_string_equal(verdict(*result).c_str(),
                        "1000 of 1000 messages lost: none arrived; the gateway refused 12 times (return code "
                        "2, invalid topic id)");
}

void why_nothing_arrived_is_asked(void**) {
    const auto result = fine(Mode::pub, 1);
    result->counters.arrived = 0;
    assert_true(has(verdict(*result), "none arrived; is --broker the gateway's broker?"));
    for (int i = 0; i < 1000; ++i) {
        result->acknowledgement.record(1'000'000);
    }
    assert_true(has(verdict(*result), ", though all were acknowledged; is --broker the gateway's broker?"));
    result->options.topic_kind = TopicKind::predefined;
    result->options.predefined_id = 7;
    result->counters.refusals[1] = 1000;
    assert_true(has(verdict(*result), "does the gateway know predefined topic id 7?"));
    result->counters.refusals = {2000, 0, 0, 0};
    assert_true(has(verdict(*result), "return code 1, congestion: is the gateway's broker up?"));
}

void devices_without_an_answer_in_the_end_fail_at_any_qos(void**) {
    for (const int qos : {0, 1, 2}) {
        const auto result = fine(Mode::sub, qos);
        result->options.devices = 10;
        result->silent_devices = 10;
        assert_string_equal(verdict(*result).c_str(),
                            "the gateway does not answer any more (10 of 10 devices gave up)");
        result->counters.arrived = 920;
        assert_true(has(verdict(*result), "devices gave up); 80 of 1000 messages lost"));
    }
}

void what_an_interrupt_cut_short_is_not_lost(void**) {
    const auto result = fine(Mode::sleep, 1);
    result->interrupted = true;
    result->counters.arrived = 0;
    result->counters.cut_short = 1000;
    assert_string_equal(verdict(*result).c_str(), "");
    assert_true(has(report_json(*result), "\"lost\":0,\"cut_short\":1000,"));
    result->counters.cut_short = 999;
    assert_true(has(verdict(*result), "1 of 1000 messages lost"));
}

void an_interrupt_before_anything_worked_is_a_failure(void**) {
    const auto result = fine(Mode::connect);
    result->interrupted = true;
    result->counters.sent = result->counters.arrived = 0;
    assert_string_equal(verdict(*result).c_str(), "");
    result->counters.connected = 0;
    assert_string_equal(verdict(*result).c_str(), "interrupted before anything was shown to work");
}

void a_rate_that_was_not_reached_is_told(void**) {
    const auto result = fine(Mode::pub, 1);
    result->options.rate = 500;
    assert_true(report_text(*result).find("wanted") == std::string::npos);
    result->options.rate = 1000;
    assert_true(has(report_text(*result), "  --rate: wanted 1000/s, got 500/s\n"));
}

void damage_and_wrong_recipients_fail_at_any_qos(void**) {
    const auto damaged = fine(Mode::sub, 0);
    damaged->counters.damaged = 2;
    assert_string_equal(verdict(*damaged).c_str(), "2 of 1000 messages damaged");
    const auto wrong = fine(Mode::sub, 0);
    wrong->counters.wrong_recipient = 3;
    assert_string_equal(verdict(*wrong).c_str(), "3 of 1000 messages at the wrong recipient");
}

void duplicates_fail_at_qos_2_only(void**) {
    for (const int qos : {0, 1, 2}) {
        const auto result = fine(Mode::sub, qos);
        result->counters.duplicates = 4;
        assert_string_equal(verdict(*result).c_str(),
                            qos == 2 ? "4 of 1000 messages duplicated at QoS 2" : "");
    }
}

void a_problem_comes_first_and_is_escaped(void**) {
    const auto result = fine();
    result->counters.damaged = 2;
    result->problem = "no \"gateway\"";
    assert_string_equal(verdict(*result).c_str(), "no \"gateway\"");
    assert_true(has(report_json(*result), R"("ok":false,"problem":"no \"gateway\"")"));
}

void figures_are_what_they_say(void**) {
    const auto result = eventful(Mode::pub);
    const std::string json = report_json(*result);
    assert_true(has(json, "\"rate\":500,"));
    assert_true(has(json, "\"connect_rate\":100,"));
    assert_true(has(json, "\"latency_p50_us\":1500,"));
    assert_true(has(json, "\"gateway_cpu_us\":50.00,"));
    assert_true(has(json, "\"gateway_cpu_percent\":2.5,"));
    assert_true(has(json, "\"gateway_rss_kb\":3072,"));
    assert_true(has(json, "\"gateway_session_kb\":20.48,"));
    assert_true(has(json, "\"refused_other\":4,"));
}

void what_does_not_apply_is_left_out(void**) {
    const std::string json = report_json(*fine(Mode::connect));
    for (const char* key : {"sent", "rate", "gateway_cpu_us", "wake_ups", "stalls", "lag_max_us"}) {
        assert_true(json.find("\"" + std::string(key) + "\":") == std::string::npos);
    }
    assert_true(report_json(*fine(Mode::mqtt_pub)).find("retransmissions") == std::string::npos);
}

// Both ways: no key without a word in --help, and no word about a key that never comes.
void the_keys_of_json_are_those_in_help(void**) {
    std::set<std::string> seen;
    for (const Mode mode : {Mode::pub, Mode::sleep}) {
        const std::vector<std::string> keys = keys_of(report_json(*eventful(mode)));
        assert_int_equal(keys.size(), std::set<std::string>(keys.begin(), keys.end()).size());
        seen.insert(keys.begin(), keys.end());
    }
    for (const char* common : {"mode", "ok", "problem", "interrupted", "devices", "qos", "payload"}) {
        assert_int_equal(seen.erase(common), 1);
    }
    const std::string help = report_keys();
    std::size_t lines = 0;
    for (std::size_t at = 0; at < help.size(); at = help.find('\n', at) + 1) {
        lines += help.compare(at, 3, "   ") != 0 ? 1U : 0U;
    }
    assert_int_equal(lines, seen.size());
    for (const std::string& key : seen) {
        assert_true(has(help, "  " + key + " ") || has(help, "  " + key + "\n"));
    }
}

void the_text_is_aligned_with_the_unit_behind(void**) {
    const std::string text = report_text(*eventful(Mode::sleep));
    assert_true(has(text, "  latency p50                    1500 us\n"));
    assert_true(has(text, "  sent                           1000\n"));
    assert_true(has(text, "\ndone\n"));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(what_arrived_as_it_should_is_no_failure),
        cmocka_unit_test(a_lost_message_fails_only_where_it_must_arrive),
        cmocka_unit_test(nothing_at_all_is_a_failure_at_any_qos),
        cmocka_unit_test(why_nothing_arrived_is_asked),
        cmocka_unit_test(devices_without_an_answer_in_the_end_fail_at_any_qos),
        cmocka_unit_test(what_an_interrupt_cut_short_is_not_lost),
        cmocka_unit_test(an_interrupt_before_anything_worked_is_a_failure),
        cmocka_unit_test(a_rate_that_was_not_reached_is_told),
        cmocka_unit_test(damage_and_wrong_recipients_fail_at_any_qos),
        cmocka_unit_test(duplicates_fail_at_qos_2_only),
        cmocka_unit_test(a_problem_comes_first_and_is_escaped),
        cmocka_unit_test(figures_are_what_they_say),
        cmocka_unit_test(what_does_not_apply_is_left_out),
        cmocka_unit_test(the_keys_of_json_are_those_in_help),
        cmocka_unit_test(the_text_is_aligned_with_the_unit_behind),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
