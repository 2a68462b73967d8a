// SPDX-License-Identifier: BSD-3-Clause
//
// The two-file amalgamation and the example of each port, on stubs of the port's system, against the real
// gateway and broker. Zephyr and ESP-IDF run once per start, with a file for the memory that outlives it;
// Arduino and RIOT stay one process, which a line on standard input wakes.
#include "e2e/bed.hpp"

namespace e2e {
namespace {

void amalgamation_gets_its_message_back_at_qos2(Bed& bed) {
    bed.start();
    Observer& witness = bed.observe({"amalgamation/#"});
    assert_int_equal(bed.tool(AMALGAMATION_EXCHANGE, {}).wait(), 0);
    assert_true(witness.wait_for(1));
    assert_int_equal(witness.messages().size(), 1);
}

bool says(const Tool& tool, const std::string& text) {
    const bool found = tool.output().find(text) != std::string::npos;
    if (!found) {
        print_error("'%s' is not in:\n%s\n", text.c_str(), tool.output().c_str());
    }
    return found;
}

/// A device that loses its RAM between two starts.
void outlives_a_start(Bed& bed, const std::string& program, const std::string& name,
                      const std::string& command_line) {
    bed.start();
    Observer& witness = bed.observe({"sensors/#"});
    const std::vector<std::string> memory = {"-r", bed.folder.file("memory")};
    Tool& first = bed.tool(program, memory);
    assert_int_equal(first.wait(), 0);
    assert_false(first.output().find("session restored") != std::string::npos);
    assert_true(witness.wait_for(1));

    bed.publish("commands/" + name, "open", 1);
    Tool& second = bed.tool(program, memory);
    assert_int_equal(second.wait(), 0);
    assert_true(says(second, "session restored"));
    assert_true(says(second, command_line));
    assert_true(witness.wait_for(2));
    assert_true(same_list(witness.payloads("sensors/" + name), {"21.5", "21.5"}));
}

/// What was kept is spoilt: the device says nothing of it and begins anew.
void begins_anew_after_damage(Bed& bed, const std::string& program) {
    bed.start();
    Observer& witness = bed.observe({"sensors/#"});
    const std::string memory = bed.folder.file("memory");
    assert_int_equal(bed.tool(program, {"-r", memory}).wait(), 0);
    std::string octets = test::read_file(memory);
    for (std::size_t i = 0; i < octets.size(); i += 7) {
        octets[i] = static_cast<char>(octets[i] ^ 0x5A);
    }
    assert_true(test::write_file(memory, octets));
    Tool& second = bed.tool(program, {"-r", memory});
    assert_int_equal(second.wait(), 0);
    assert_false(second.output().find("session restored") != std::string::npos);
    assert_true(witness.wait_for(2));
}

/// A device that keeps its RAM: one process, two rounds.
void sleeps_and_wakes(Bed& bed, const std::string& program, const std::string& name) {
    bed.start();
    Observer& witness = bed.observe({"sensors/#"});
    Tool& tool = bed.tool(program, {}, true);
    assert_true(
        wait_until(test::kAnswerMs, [&] { return tool.output().find("sleeping") != std::string::npos; }));
    bed.publish("commands/" + name, "open", 1);
    assert_true(tool.process.write("wake\n"));
    assert_true(witness.wait_for(2));
    tool.process.close_input();
    assert_int_equal(tool.wait(), 0);
    assert_true(says(tool, "open"));
    assert_true(same_list(witness.payloads("sensors/" + name), {"21.5", "21.5"}));
}

void zephyr_sample_goes_on_with_its_session_after_losing_ram(Bed& bed) {
    outlives_a_start(bed, PORT_ZEPHYR, "zephyr-1", "message of 4 octets");
}
void esp_idf_example_goes_on_with_its_session_after_deep_sleep(Bed& bed) {
    outlives_a_start(bed, PORT_ESP_IDF, "esp-1", "message: open");
}
void zephyr_sample_begins_anew_when_its_retained_memory_is_damaged(Bed& bed) {
    begins_anew_after_damage(bed, PORT_ZEPHYR);
}
void esp_idf_example_begins_anew_when_its_rtc_memory_is_damaged(Bed& bed) {
    begins_anew_after_damage(bed, PORT_ESP_IDF);
}
void arduino_sketch_fetches_what_came_while_it_slept(Bed& bed) {
    sleeps_and_wakes(bed, PORT_ARDUINO, "arduino-1");
}
void riot_example_fetches_what_came_while_it_slept(Bed& bed) {
    sleeps_and_wakes(bed, PORT_RIOT, "riot-1");
}

}  // namespace
}  // namespace e2e

int main() {
    using namespace e2e;
    const CMUnitTest tests[] = {
        BED_TEST(amalgamation_gets_its_message_back_at_qos2),
        BED_TEST(zephyr_sample_goes_on_with_its_session_after_losing_ram),
        BED_TEST(esp_idf_example_goes_on_with_its_session_after_deep_sleep),
        BED_TEST(zephyr_sample_begins_anew_when_its_retained_memory_is_damaged),
        BED_TEST(esp_idf_example_begins_anew_when_its_rtc_memory_is_damaged),
        BED_TEST(arduino_sketch_fetches_what_came_while_it_slept),
        BED_TEST(riot_example_fetches_what_came_while_it_slept),
    };
    return cmocka_run_group_tests_name("e2e.ports", tests, nullptr, nullptr);
}
