// SPDX-License-Identifier: BSD-3-Clause
//
// mqttsn-pub and mqttsn-sub as an operator uses them, through the gateway, with mosquitto's tools at the
// other end; also while the gateway is killed and restarted.
#include <csignal>
#include <cstring>

#include "bed.hpp"

namespace e2e {
namespace {

constexpr const char* kPredefined = "[[predefined_topic]]\nid = 7\ntopic = \"tools/seven\"\n";
constexpr std::size_t kLines = 200;

int run_pub(Bed& bed, const std::vector<std::string>& arguments, int wanted = 0) {
    return bed.tool(DORMOUSE_PUB, arguments).wait(wanted);
}

/// mqttsn-sub, when the broker has its subscriptions.
Tool& start_sub(Bed& bed, const std::string& id, std::vector<std::string> arguments, int subscriptions = 1) {
    arguments.insert(arguments.begin(), {"-i", id});
    Tool& tool = bed.tool(DORMOUSE_SUB, std::move(arguments));
    bed.await_broker_log("Sending SUBACK to " + id, subscriptions);
    return tool;
}

void feed(Tool& tool, const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) {
        text += line + "\n";
    }
    assert_true(tool.process.write(text));
    tool.process.close_input();
}

void pub_sends_a_message_of_every_qos_and_kind_of_topic(Bed& bed) {
    bed.gateway.options.sections = kPredefined;
    bed.gateway.options.listen_keys = "qos_minus_one = \"all\"";
    bed.start();
    assert_true(bed.gateway.wait_for_log("gateway's own session is up"));
    Observer& witness = bed.observe({"tools/#", "ab"});
    for (const std::string qos : {"0", "1", "2"}) {
        assert_int_equal(run_pub(bed, {"-q", qos, "-t", "tools/name", "-m", "n" + qos}), 0);
    }
    for (const std::string qos : {"-1", "0", "1", "2"}) {
        assert_int_equal(run_pub(bed, {"-q", qos, "--predefined", "7", "-m", "p" + qos}), 0);
        assert_int_equal(run_pub(bed, {"-q", qos, "--short", "-t", "ab", "-m", "s" + qos}), 0);
    }
    assert_true(witness.wait_for(11));
    assert_true(same_list(witness.payloads("tools/name"), {"n0", "n1", "n2"}));
    assert_true(has_all(witness.payloads("tools/seven"), {"p-1", "p0", "p1", "p2"}));
    assert_true(has_all(witness.payloads("ab"), {"s-1", "s0", "s1", "s2"}));
    assert_int_equal(witness.messages().size(), 11);
}

void pub_takes_messages_from_file_standard_input_and_lines(Bed& bed) {
    bed.start();
    Observer& witness = bed.observe({"tools/#"});
    assert_true(test::write_file(bed.folder.file("payload"), "from a file"));
    assert_int_equal(run_pub(bed, {"-q", "1", "-t", "tools/f", "-f", bed.folder.file("payload")}), 0);
    Tool& whole = bed.tool(DORMOUSE_PUB, {"-q", "1", "-t", "tools/s", "-s"}, true);
    assert_true(whole.process.write("all of "));
    assert_true(whole.process.write("standard input"));
    whole.process.close_input();
    assert_int_equal(whole.wait(), 0);
    Tool& lines = bed.tool(DORMOUSE_PUB, {"-q", "1", "-t", "tools/l", "-l"}, true);
    assert_true(lines.process.write("one\n\ntwo\nthree"));  // a blank line, and a last one without its end
    lines.process.close_input();
    assert_int_equal(lines.wait(), 0);
    assert_int_equal(run_pub(bed, {"-q", "1", "-t", "tools/m", "-m", ""}), 0);
    assert_true(witness.wait_for(6));
    assert_true(same_list(witness.payloads("tools/f"), {"from a file"}));
    assert_true(same_list(witness.payloads("tools/s"), {"all of standard input"}));
    assert_true(same_list(witness.payloads("tools/l"), {"one", "two", "three"}));
    assert_true(same_list(witness.payloads("tools/m"), {""}));
}

void pub_retains_when_asked(Bed& bed) {
    bed.start();
    assert_int_equal(run_pub(bed, {"-q", "1", "-t", "tools/plain", "-m", "x"}), 0);
    assert_int_equal(run_pub(bed, {"-q", "1", "-t", "tools/kept", "-m", "kept", "-r"}), 0);
    assert_string_equal(test::retained_message(bed.broker, "tools/kept").c_str(), "kept");
    assert_string_equal(test::retained_message(bed.broker, "tools/plain").c_str(), "");
}

void sub_prints_messages_of_every_qos_and_kind_of_topic(Bed& bed) {
    bed.gateway.options.sections = kPredefined;
    bed.start();
    Tool& sub = start_sub(bed, "printer",
                          {"-v", "-q", "2", "-C", "12", "-W", "30", "-t", "tools/exact", "-t", "tools/+/wild",
                           "--predefined", "7"},
                          3);
    Tool& shorts = start_sub(bed, "shorts", {"-q", "1", "-C", "1", "-W", "30", "--short", "-t", "ab"});
    for (int qos = 0; qos <= 2; ++qos) {
        const std::string number = std::to_string(qos);
        bed.publish("tools/exact", "e" + number, qos);
        bed.publish("tools/a/wild", "a" + number, qos);
        bed.publish("tools/b/wild", "b" + number, qos);
        bed.publish("tools/seven", "p" + number, qos);
    }
    bed.publish("ab", "short", 1);
    assert_int_equal(sub.wait(), 0);
    assert_true(
        same_list(sub.lines(), {"tools/exact e0", "tools/a/wild a0", "tools/b/wild b0", "predefined:7 p0",
                                "tools/exact e1", "tools/a/wild a1", "tools/b/wild b1", "predefined:7 p1",
                                "tools/exact e2", "tools/a/wild a2", "tools/b/wild b2", "predefined:7 p2"}));
    assert_int_equal(shorts.wait(), 0);
    assert_true(same_list(shorts.lines(), {"short"}));
}

void sub_prints_the_retained_message_first(Bed& bed) {
    bed.start();
    bed.publish("tools/kept", "old", 1, true);
    Tool& sub = start_sub(bed, "printer", {"-q", "1", "-C", "2", "-W", "30", "-t", "tools/kept"});
    bed.publish("tools/kept", "new", 1);
    assert_int_equal(sub.wait(), 0);
    assert_true(same_list(sub.lines(), {"old", "new"}));
}

void sub_ends_by_count_time_and_signal_with_the_right_code(Bed& bed) {
    bed.start();
    Tool& counted = start_sub(bed, "counted", {"-C", "1", "-W", "1", "-t", "tools/none"});
    Tool& timed = start_sub(bed, "timed", {"-W", "1", "-t", "tools/none"});
    Tool& signalled = start_sub(bed, "signalled", {"-t", "tools/none"});
    signalled.process.signal(SIGINT);
    assert_int_equal(signalled.wait(), 0);
    assert_int_equal(counted.wait(27), 27);
    assert_int_equal(test::count_of(counted.errors(), "\n"), 1);
    assert_int_equal(timed.wait(27), 27);
    assert_int_equal(test::count_of(timed.errors(), "\n"), 1);
    bed.await_broker_log("Received DISCONNECT from signalled");
    bed.await_broker_log("Received DISCONNECT from timed");
}

void sub_with_a_kept_session_gets_what_came_while_it_was_away(Bed& bed) {
    bed.start();
    Tool& first = start_sub(bed, "keeper", {"-c", "-q", "2", "-t", "tools/x"});
    first.process.signal(SIGTERM);
    assert_int_equal(first.wait(), 0);
    assert_true(test::broker_publish_lines(bed.broker, "tools/x", numbered("m", 50), 2));
    Tool& second =
        bed.tool(DORMOUSE_SUB, {"-i", "keeper", "-c", "-q", "2", "-t", "tools/x", "-C", "50", "-W", "30"});
    assert_int_equal(second.wait(), 0);
    assert_true(same_list(second.lines(), numbered("m", 50)));
}

void sub_that_sleeps_gets_its_messages_when_it_wakes_up(Bed& bed) {
    bed.start();
    Tool& sub =
        start_sub(bed, "sleeper", {"--sleep", "1", "-q", "1", "-C", "60", "-W", "40", "-t", "tools/x"});
    assert_true(bed.gateway.wait_for_log("device asleep client=sleeper"));
    assert_true(test::broker_publish_lines(bed.broker, "tools/x", numbered("m", 30), 1));
    assert_true(sub.wait_for_lines(30));
    assert_true(test::broker_publish_lines(bed.broker, "tools/x", numbered("m", 30, 30), 1));
    assert_int_equal(sub.wait(), 0);
    assert_true(same_list(sub.lines(), numbered("m", 60)));
}

// The client connects again by itself, and every subscription is there again, one after the other.
void sub_that_sleeps_goes_on_after_a_kill_of_the_gateway(Bed& bed) {
    bed.start();
    Tool& sub = start_sub(bed, "sleeper",
                          {"--sleep", "1", "-c", "-q", "2", "-C", "4", "-W", "60", "--retry", "0.3",
                           "--retries", "60", "-t", "tools/x", "-t", "tools/y"},
                          2);
    assert_true(bed.gateway.wait_for_log("device asleep client=sleeper"));
    bed.publish("tools/x", "1", 2);
    assert_true(sub.wait_for_lines(1));
    bed.restart_gateway();
    bed.publish("tools/y", "2", 2);
    assert_true(sub.wait_for_lines(2));
    bed.gateway.kill();
    bed.publish("tools/x", "3", 2);
    bed.start_gateway();
    bed.publish("tools/y", "4", 2);
    assert_int_equal(sub.wait(0, 60000), 0);
    assert_true(same_list(sub.lines(), {"1", "2", "3", "4"}));
}

// kill -9 while it sleeps: the next run wakes up in the same session, without CONNECT.
void sub_with_a_state_goes_on_sleeping_in_another_process(Bed& bed) {
    bed.start();
    const std::vector<std::string> arguments{"-d", "-i", "sleeper", "--sleep", "3",
                                             "-q", "1",  "-t",      "tools/x", "-C",
                                             "3",  "-W", "40",      "--state", bed.folder.file("session")};
    Tool& first = bed.tool(DORMOUSE_SUB, arguments);
    assert_true(
        wait_until(test::kAnswerMs, [&] { return test::count_of(first.errors(), "< DISCONNECT") > 0; }));
    assert_true(test::broker_publish_lines(bed.broker, "tools/x", {"a", "b", "c"}, 1));
    first.process.kill();
    Tool& second = bed.tool(DORMOUSE_SUB, arguments);
    assert_int_equal(second.wait(), 0);
    assert_true(same_list(second.lines(), {"a", "b", "c"}));
    assert_int_equal(test::count_of(bed.gateway.log_text(), "device connected client=sleeper"), 1);
}

// At QoS 2 a kill can repeat at most the line that was printed and not yet noted.
void sub_with_a_state_loses_nothing_when_it_is_killed(Bed& bed) {
    bed.start();
    std::vector<std::string> printed;
    const auto lines = numbered("line", 120);
    const std::vector<std::string> arguments{
        "-i", "sub", "-q", "2", "-t", "tools/x", "--retry", "0.3", "--state", bed.folder.file("session")};
    constexpr std::size_t kKills = 4;
    for (std::size_t run = 0; run <= kKills; ++run) {
        Tool& sub = bed.tool(DORMOUSE_SUB, arguments);
        if (run == 0) {
            bed.await_broker_log("Sending SUBACK to sub");
            assert_true(test::broker_publish_lines(bed.broker, "tools/x", lines, 2));
        }
        if (run < kKills) {
            assert_true(sub.wait_for_lines(10));
            sub.process.kill();
        } else {
            assert_true(wait_until(
                30000, [&] { return !sub.lines().empty() && sub.lines().back() == lines.back(); }));
            sub.process.signal(SIGTERM);
            assert_int_equal(sub.wait(), 0);
        }
        const auto more = sub.lines();
        printed.insert(printed.end(), more.begin(), more.end());
    }
    assert_true(same_list(without_repeats(printed), lines));
    assert_true(printed.size() <= lines.size() + kKills);
}

// SN12-102, SN12-97
void will_of_a_tool_is_published_when_it_dies_and_not_when_it_ends(Bed& bed) {
    bed.start();
    Observer& witness = bed.observe({"will/#"});
    const std::vector<std::string> will{"-k",   "1",          "-t", "tools/x",       "--will-payload",
                                        "gone", "--will-qos", "1",  "--will-retain", "--will-topic"};
    const auto start = [&](const std::string& id) -> Tool& {
        std::vector<std::string> arguments = will;
        arguments.push_back("will/" + id);
        return start_sub(bed, id, arguments);
    };
    Tool& ends = start("ends");
    Tool& dies = start("dies");
    ends.process.signal(SIGTERM);
    assert_int_equal(ends.wait(), 0);
    dies.process.kill();
    assert_true(witness.wait_for(1));
    assert_int_equal(run_pub(bed, {"-q", "1", "-t", "will/marker", "-m", "marker"}), 0);
    assert_true(witness.wait_for(2));
    const auto seen = witness.messages();
    assert_int_equal(seen.size(), 2);
    assert_string_equal(seen[0].topic.c_str(), "will/dies");
    assert_string_equal(seen[0].payload.c_str(), "gone");
    assert_int_equal(seen[0].qos, 1);
    assert_string_equal(test::retained_message(bed.broker, "will/dies").c_str(), "gone");
}

void bad_usage_ends_with_2_and_says_what_is_wrong(Bed& bed) {
    bed.gateway.choose_port();
    struct Case {
        const char* program;
        std::vector<std::string> arguments;
        const char* says;
    };
    const std::vector<Case> cases{
        {DORMOUSE_PUB, {"-m", "x"}, "no topic"},
        {DORMOUSE_PUB, {"-t", "a"}, "nothing to send"},
        {DORMOUSE_PUB, {"-t", "a", "-m", "x", "-s"}, "only one of"},
        {DORMOUSE_PUB, {"-t", "a/+", "-m", "x"}, "wildcard"},
        {DORMOUSE_PUB, {"-t", "a", "-m", "x", "-q", "3"}, "-q"},
        {DORMOUSE_PUB, {"-t", "a/b", "-m", "x", "-q", "-1"}, "--predefined"},
        {DORMOUSE_PUB, {"-t", "abc", "--short", "-m", "x"}, "two octets"},
        {DORMOUSE_PUB, {"--predefined", "0", "-m", "x"}, "65534"},
        {DORMOUSE_PUB, {"-t", "a", "-m", "x", "-c"}, "-i"},
        {DORMOUSE_PUB, {"-t", "a", "-m", "x", "--will-payload", "w"}, "--will-topic"},
        {DORMOUSE_PUB, {"-t", "a", "-m", "x", "--no-such-option"}, "--no-such-option"},
        {DORMOUSE_SUB, {}, "no topic"},
        {DORMOUSE_SUB, {"-t", "a/#/b"}, "filter"},
        {DORMOUSE_SUB, {"-t", "a", "-q", "-1"}, "-q"},
        {DORMOUSE_SUB, {"-t", "a", "-C", "0"}, "-C"},
    };
    for (const Case& one : cases) {
        Tool& tool = bed.tool(one.program, one.arguments);
        assert_int_equal(tool.wait(2), 2);
        if (std::strstr(tool.errors().c_str(), one.says) == nullptr) {
            print_error("%s does not say \"%s\"\n", tool.errors().c_str(), one.says);
            assert_true(false);
        }
    }
}

void failures_end_with_1_and_one_line(Bed& bed) {
    bed.start();
    assert_int_equal(run_pub(bed, {"-q", "1", "--predefined", "99", "-m", "x"}, 1), 1);
    assert_int_equal(run_pub(bed, {"-q", "1", "-t", "a", "-f", bed.folder.file("nothing")}, 1), 1);
    assert_int_equal(run_pub(bed, {"-q", "1", "-t", "a", "-i", std::string(65, 'x'), "-m", "x"}, 1), 1);
    bed.gateway.kill();
    assert_int_equal(run_pub(bed, {"-t", "a", "-m", "x", "--retry", "0.1", "--retries", "2"}, 1), 1);
    for (const auto& tool : bed.tools) {
        assert_int_equal(test::count_of(tool->errors(), "\n"), 1);
    }
}

/// kill -9 and restart, each time the witness has seen so many more lines.
template <typename Seen>
void kill_gateway_while(Bed& bed, const Seen& seen) {
    for (const std::size_t count : {15U, 50U, 90U, 140U, 180U}) {
        assert_true(wait_until(30000, [&] { return seen() >= count; }));
        bed.restart_gateway();
    }
}

std::vector<std::string> pub_lines_through_kills(Bed& bed, const std::string& qos) {
    bed.start();
    Observer& witness = bed.observe({"tools/#"});
    Tool& pub = bed.tool(
        DORMOUSE_PUB,
        {"-i", "pub", "-c", "-q", qos, "-t", "tools/x", "-l", "--retry", "0.3", "--retries", "60"}, true);
    feed(pub, numbered("line", kLines));
    kill_gateway_while(bed, [&] { return witness.payloads().size(); });
    assert_int_equal(pub.wait(0, 60000), 0);
    assert_int_equal(run_pub(bed, {"-q", "1", "-t", "tools/end", "-m", "end"}), 0);
    assert_true(wait_until(test::kAnswerMs, [&] { return !witness.payloads("tools/end").empty(); }));
    return witness.payloads("tools/x");
}

void pub_of_200_lines_at_qos1_survives_kills_of_the_gateway_in_order(Bed& bed) {
    assert_true(same_list(without_repeats(pub_lines_through_kills(bed, "1")), numbered("line", kLines)));
}

void pub_of_200_lines_at_qos2_survives_kills_of_the_gateway_exactly_once(Bed& bed) {
    assert_true(same_list(pub_lines_through_kills(bed, "2"), numbered("line", kLines)));
}

/// The publisher is mosquitto_pub and runs while the gateway dies; -k 1 is how soon mqttsn-sub finds out.
std::vector<std::string> sub_through_kills(Bed& bed, const std::string& qos) {
    bed.start();
    Tool& sub = start_sub(bed, "sub",
                          {"-c", "-k", "1", "-q", qos, "-t", "tools/x", "--retry", "0.3", "--retries", "60"});
    const auto lines = numbered("line", kLines);
    for (std::size_t first = 0; first < kLines; first += 50) {
        assert_true(test::broker_publish_lines(bed.broker, "tools/x",
                                               {lines.begin() + static_cast<std::ptrdiff_t>(first),
                                                lines.begin() + static_cast<std::ptrdiff_t>(first) + 50},
                                               2));
        assert_true(sub.wait_for_lines(first + 10, 30000));
        if (first + 50 < kLines) {
            bed.restart_gateway();
        }
    }
    assert_true(
        wait_until(30000, [&] { return !sub.lines().empty() && sub.lines().back() == lines.back(); }));
    sub.process.signal(SIGTERM);
    assert_int_equal(sub.wait(), 0);
    return sub.lines();
}

void sub_at_qos2_survives_kills_of_the_gateway_exactly_once(Bed& bed) {
    assert_true(same_list(sub_through_kills(bed, "2"), numbered("line", kLines)));
}

void sub_at_qos1_survives_kills_of_the_gateway(Bed& bed) {
    assert_true(same_list(without_repeats(sub_through_kills(bed, "1")), numbered("line", kLines)));
}

}  // namespace
}  // namespace e2e

int main() {
    using namespace e2e;
    const CMUnitTest tests[] = {
        BED_TEST(pub_sends_a_message_of_every_qos_and_kind_of_topic),
        BED_TEST(pub_takes_messages_from_file_standard_input_and_lines),
        BED_TEST(pub_retains_when_asked),
        BED_TEST(sub_prints_messages_of_every_qos_and_kind_of_topic),
        BED_TEST(sub_prints_the_retained_message_first),
        BED_TEST(sub_ends_by_count_time_and_signal_with_the_right_code),
        BED_TEST(sub_with_a_kept_session_gets_what_came_while_it_was_away),
        BED_TEST(sub_that_sleeps_gets_its_messages_when_it_wakes_up),
        BED_TEST(sub_that_sleeps_goes_on_after_a_kill_of_the_gateway),
        BED_TEST(sub_with_a_state_goes_on_sleeping_in_another_process),
        BED_TEST(sub_with_a_state_loses_nothing_when_it_is_killed),
        BED_TEST(will_of_a_tool_is_published_when_it_dies_and_not_when_it_ends),
        BED_TEST(bad_usage_ends_with_2_and_says_what_is_wrong),
        BED_TEST(failures_end_with_1_and_one_line),
        BED_TEST(pub_of_200_lines_at_qos1_survives_kills_of_the_gateway_in_order),
        BED_TEST(pub_of_200_lines_at_qos2_survives_kills_of_the_gateway_exactly_once),
        BED_TEST(sub_at_qos2_survives_kills_of_the_gateway_exactly_once),
        BED_TEST(sub_at_qos1_survives_kills_of_the_gateway),
    };
    return cmocka_run_group_tests_name("e2e.tools", tests, nullptr, nullptr);
}
