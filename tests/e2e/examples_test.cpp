// SPDX-License-Identifier: BSD-3-Clause
//
// The programs of examples/ with the real gateway and mosquitto.
#include "bed.hpp"

namespace e2e {
namespace {

/// An example; host and port come last.
Tool& example(Bed& bed, const std::string& program, const std::vector<std::string>& arguments) {
    bed.tools.push_back(std::make_unique<Tool>());
    Tool& one = *bed.tools.back();
    test::ProcessOptions options;
    options.command = {program};
    options.command.insert(options.command.end(), arguments.begin(), arguments.end());
    options.command.insert(options.command.end(), {"127.0.0.1", std::to_string(bed.gateway.port())});
    options.output_path = one.folder.file("output");
    options.error_path = one.folder.file("errors");
    test::require(one.process.start(options), "cannot start " + program);
    return one;
}

Tool& sensor(Bed& bed, const std::string& celsius) {
    return example(bed, EXAMPLE_SLEEPY_SENSOR, {celsius, bed.folder.file("session")});
}

void publish_example_delivers_its_reading(Bed& bed) {
    bed.start();
    Observer& witness = bed.observe({"#"});
    assert_int_equal(example(bed, EXAMPLE_PUBLISH, {}).wait(), 0);
    assert_true(witness.wait_for(1));
    assert_true(same_list(witness.payloads("sensors/1/temperature"), {"21.5"}));
}

// Each run is a wake-up: what came while the program did not even run is there, also after a kill of the
// gateway.
void sleepy_sensor_keeps_its_session_over_process_restarts(Bed& bed) {
    bed.start();
    Observer& witness = bed.observe({"sensors/#"});
    Tool& first = sensor(bed, "20.5");
    assert_int_equal(first.wait(), 0);
    assert_true(first.lines().empty());
    bed.publish("sensors/sleepy/settings", "period=5", 1);
    Tool& second = sensor(bed, "21.0");
    assert_int_equal(second.wait(), 0);
    assert_true(same_list(second.lines(), {"period=5"}));
    bed.restart_gateway();
    bed.publish("sensors/sleepy/settings", "period=6", 1);
    Tool& third = sensor(bed, "21.5");
    assert_int_equal(third.wait(), 0);
    assert_true(same_list(third.lines(), {"period=6"}));
    assert_true(witness.wait_for(5));
    assert_true(same_list(witness.payloads("sensors/sleepy/temperature"), {"20.5", "21.0", "21.5"}));
    // One subscription, made by the first run.
    bed.await_broker_log("Received SUBSCRIBE from sleepy-sensor");
    assert_int_equal(test::count_of(bed.broker.log_text(), "Received SUBSCRIBE from sleepy-sensor"), 1);
}

void sleepy_sensor_with_a_damaged_session_begins_a_new_one(Bed& bed) {
    bed.start();
    assert_int_equal(sensor(bed, "20.5").wait(), 0);
    std::string session = test::read_file(bed.folder.file("session"));
    assert_true(session.size() > 20);
    session[session.size() / 2] = static_cast<char>(session[session.size() / 2] ^ 1);
    assert_true(test::write_file(bed.folder.file("session"), session));
    Observer& witness = bed.observe({"sensors/sleepy/temperature"});
    assert_int_equal(sensor(bed, "21.0").wait(), 0);
    assert_true(wait_until(test::kAnswerMs, [&] { return has_all(witness.payloads(), {"21.0"}); }));
}

void actuator_receives_commands_at_each_wake_up(Bed& bed) {
    bed.start();
    Tool& actuator = example(bed, EXAMPLE_ACTUATOR, {"1"});
    assert_true(bed.gateway.wait_for_log("device asleep client=actuator"));
    bed.publish("actuator/command", "open", 2);
    bed.publish("actuator/command", "half", 2);
    assert_true(actuator.wait_for_lines(2));
    bed.publish("actuator/command", "close", 2);
    assert_true(actuator.wait_for_lines(3));
    bed.restart_gateway();  // it has forgotten the device
    bed.publish("actuator/command", "stop", 2);
    assert_int_equal(actuator.wait(0, 60000), 0);
    assert_true(same_list(actuator.lines(), {"open", "half", "close", "stop"}));
    bed.await_broker_log("Received DISCONNECT from actuator");
}

void examples_without_their_arguments_say_how_they_are_used(Bed& bed) {
    bed.gateway.choose_port();
    Tool& actuator = example(bed, EXAMPLE_ACTUATOR, {"0"});
    assert_int_equal(actuator.wait(2), 2);
    assert_int_equal(test::count_of(actuator.errors(), "usage: actuator PERIOD"), 1);
}

}  // namespace
}  // namespace e2e

int main() {
    using namespace e2e;
    const CMUnitTest tests[] = {
        BED_TEST(publish_example_delivers_its_reading),
        BED_TEST(sleepy_sensor_keeps_its_session_over_process_restarts),
        BED_TEST(sleepy_sensor_with_a_damaged_session_begins_a_new_one),
        BED_TEST(actuator_receives_commands_at_each_wake_up),
        BED_TEST(examples_without_their_arguments_say_how_they_are_used),
    };
    return cmocka_run_group_tests_name("e2e.examples", tests, nullptr, nullptr);
}
