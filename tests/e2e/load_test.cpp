// SPDX-License-Identifier: BSD-3-Clause
//
// mqttsn-load as a user runs it, against the real gateway and mosquitto: its counts are exact, and its checks
// fail when there is something to find.
#include <csignal>

#include "bed.hpp"
#include "load_tool.hpp"
#include "load_watcher.hpp"

namespace e2e {
namespace {

/// A gateway through which QoS -1 gets.
void start_for_qos_minus_one(Bed& bed) {
    bed.gateway.options.listen_keys = "qos_minus_one = \"all\"\n";
    bed.gateway.options.sections =
        "[[predefined_topic]]\nid = 12\ntopic = \"one/for/all\"\n"
        "[limits]\nqos_minus_one_per_source_per_second = 0\n";
    bed.start();
    assert_true(bed.gateway.wait_for_log("gateway's own session is up"));
}

// ---- counts are exact ----

void connect_counts_every_device(Bed& bed) {
    bed.start_broker();
    bed.start_gateway();
    const std::string json = load(bed, "connect", {"--devices", "30", "--connect-window", "7"});
    assert_true(same(json, "connected", 30));
    assert_true(same(json, "gave_up", 0));
    assert_true(number_of(json, "connect_rate") > 0);
    bed.await_broker_log("-29", 1);
}

void pub_counts_every_message_at_each_qos(Bed& bed) {
    bed.start();
    for (const char* qos : {"0", "1", "2"}) {
        const std::string json =
            load(bed, "pub", {"--devices", "10", "--count", "305", "--qos", qos, "--payload", "100"});
        assert_true(all_arrived(json, 305));
        assert_true(same(json, "connected", 10));
        assert_true((number_of(json, "ack_p50_us") > 0) == (qos[0] != '0'));
    }
}

void pub_by_short_and_predefined_topics_and_without_connection(Bed& bed) {
    start_for_qos_minus_one(bed);
    for (const char* qos : {"-1", "1"}) {
        assert_true(all_arrived(
            load(bed, "pub", {"--devices", "5", "--count", "100", "--qos", qos, "--topic-kind", "short"}),
            100));
        assert_true(all_arrived(load(bed, "pub",
                                     {"--devices", "5", "--count", "100", "--qos", qos, "--topic-kind",
                                      "predefined:12", "--topic", "one/for/all"}),
                                100));
    }
}

void a_burst_is_all_devices_at_once_and_again(Bed& bed) {
    bed.start();
    const std::string json = load(bed, "pub", {"--devices", "50", "--count", "200", "--burst"});
    assert_true(all_arrived(json, 200));
    assert_true(same(json, "bursts", 4));
}

void an_open_loop_sends_at_its_rate(Bed& bed) {
    bed.start();
    const std::string json =
        load(bed, "pub", {"--devices", "20", "--rate", "400", "--count", "400", "--qos", "0"});
    assert_true(all_arrived(json, 400));
    assert_true(number_of(json, "lag_max_us") >= 0);
    assert_true(number_of(json, "measured_s") > 399.0 / 400 - 0.001);  // never faster; slower is the machine
}

void sub_counts_every_message_at_each_qos(Bed& bed) {
    bed.start();
    for (const char* qos : {"0", "1", "2"}) {
        assert_true(all_arrived(load(bed, "sub", {"--devices", "10", "--count", "300", "--qos", qos}), 300));
    }
    assert_true(
        all_arrived(load(bed, "sub", {"--devices", "5", "--count", "100", "--topic-kind", "short"}), 100));
}

void fanout_counts_every_delivery(Bed& bed) {
    bed.start();
    for (const char* qos : {"0", "1", "2"}) {
        assert_true(
            all_arrived(load(bed, "fanout", {"--devices", "20", "--count", "10", "--qos", qos}), 200));
    }
}

void sleepers_get_everything_when_they_wake_up_and_nothing_before(Bed& bed) {
    bed.start();
    const std::string json = load(bed, "sleep", {"--devices", "10", "--count", "4"});
    assert_true(all_arrived(json, 40));
    assert_true(same(json, "in_first_wake_up", 40));
    assert_true(same(json, "while_asleep", 0));
    assert_true(same(json, "wake_ups", 10));
}

void idle_devices_keep_alive_and_memory_per_session_is_told(Bed& bed) {
    bed.start();
    const std::string pid = std::to_string(bed.gateway.pid());
    const std::string json =
        load(bed, "idle", {"--devices", "20", "--hold", "2.5", "--keep-alive", "1", "--pid", pid});
    assert_true(same(json, "connected", 20));
    assert_true(number_of(json, "pings") >= 40);
    assert_true(number_of(json, "gateway_rss_kb") > 0);
    assert_true(number_of(json, "gateway_cpu_percent") >= 0);
}

void pings_of_idle_devices_are_spread_over_the_keep_alive_interval(Bed& bed) {
    bed.start();
    const std::string json = load(bed, "idle", {"--devices", "40", "--hold", "2", "--keep-alive", "10"});
    assert_true(number_of(json, "pings") > 0);  // the last one's turn comes after 8 s
    assert_true(number_of(json, "pings") < 40);
}

void plain_mqtt_clients_are_counted_the_same_way(Bed& bed) {
    bed.start_broker();
    for (const char* qos : {"0", "1", "2"}) {
        assert_true(
            all_arrived(load(bed, "mqtt-pub", {"--devices", "10", "--count", "300", "--qos", qos}), 300));
    }
}

// ---- the checks can fail ----

// Nothing but PUBLISH is sent at QoS -1, so the proxy's count is the truth.
void what_the_network_loses_is_what_is_lost(Bed& bed) {
    start_for_qos_minus_one(bed);
    const Proxy proxy(bed, {"--up-loss", "20%"});
    Tool& tool = start_load(bed, "pub", {"--qos", "-1", "--devices", "10", "--count", "500"}, proxy.port);
    assert_int_equal(tool.wait(0, 60000), 0);
    const std::uint64_t lost = up_of(proxy.stop(), "lost");
    assert_true(lost > 50 && lost < 200);
    assert_true(same(tool.output(), "lost", static_cast<double>(lost)));
    assert_true(same(tool.output(), "sent", 500));
    assert_true(same(tool.output(), "arrived", 500 - static_cast<double>(lost)));
}

void at_qos_0_what_a_witness_did_not_see_is_lost(Bed& bed) {
    bed.start();
    const auto witness = std::make_unique<Watcher>();
    witness->start(bed);
    const Proxy proxy(bed, {"--up-loss", "20%"});
    Tool& tool = start_load(
        bed, "pub", {"--qos", "0", "--devices", "10", "--count", "500", "--retry", "0.1", "--retries", "50"},
        proxy.port);
    witness->watch(tool);
    assert_int_equal(tool.wait(0), 0);
    const std::string json = tool.output();
    assert_true(number_of(json, "lost") > 50);
    assert_true(same(json, "arrived", static_cast<double>(witness->seen)));
    assert_true(same(json, "lost", 500 - static_cast<double>(witness->seen)));
    assert_true(same(json, "sent", 500));
    assert_true(number_of(json, "retransmissions") > 0);
}

void what_the_network_doubles_and_reorders_is_counted(Bed& bed) {
    start_for_qos_minus_one(bed);
    const Proxy proxy(bed, {"--up-duplicate", "20%", "--up-reorder", "20%", "--up-reorder-by", "20ms"});
    Tool& tool = start_load(bed, "pub", {"--qos", "-1", "--devices", "2", "--count", "300"}, proxy.port);
    assert_int_equal(tool.wait(0, 60000), 0);
    const std::uint64_t doubled = up_of(proxy.stop(), "duplicated");
    assert_true(doubled > 20);
    const double duplicates = number_of(tool.output(), "duplicates");
    // A second copy of the last messages may come when the run is over.
    assert_true(duplicates <= static_cast<double>(doubled) && duplicates + 3 >= static_cast<double>(doubled));
    assert_true(same(tool.output(), "lost", 0));
    assert_true(number_of(tool.output(), "out_of_order") > 0);
}

void at_qos_1_and_2_nothing_is_lost_on_a_bad_network(Bed& bed) {
    bed.gateway.options.retry_interval = "150ms";
    bed.start();
    const Proxy proxy(bed, {"--loss", "15%"});
    for (const char* mode : {"pub", "sub"}) {
        for (const char* qos : {"1", "2"}) {
            Tool& tool = start_load(
                bed, mode,
                {"--qos", qos, "--devices", "10", "--count", "100", "--retry", "0.15", "--retries", "60"},
                proxy.port);
            assert_int_equal(tool.wait(0, 60000), 0);
            assert_true(same(tool.output(), "lost", 0));
            assert_true(same(tool.output(), "arrived", 100));
            assert_true(number_of(tool.output(), "retransmissions") > 0);
        }
    }
}

// Handshakes pass, then nothing does for longer than anybody waits.
void lost_messages_at_qos_1_are_a_failure_of_one_line(Bed& bed) {
    bed.start();
    const Proxy proxy(bed, {"--partition", "3s-120s"});
    Tool& tool = start_load(
        bed, "sub", {"--devices", "5", "--rate", "100", "--count", "600", "--settle", "1"}, proxy.port);
    assert_int_equal(tool.wait(1, 60000), 1);
    const double lost = number_of(tool.output(), "lost");
    assert_true(lost > 0);
    assert_true(same(tool.output(), "sent", 600));
    assert_true(same(tool.output(), "arrived", 600 - lost));
    assert_int_equal(test::count_of(tool.errors(), "\n"), 1);
    assert_int_equal(test::count_of(tool.errors(), " of 600 messages lost"), 1);
}

void devices_that_lose_the_gateway_for_good_end_the_run(Bed& bed) {
    bed.start();
    const Proxy proxy(bed, {"--up-partition", "3s-120s"});
    Tool& tool = start_load(
        bed, "pub", {"--devices", "5", "--rate", "100", "--seconds", "600", "--retry", "0.1"}, proxy.port);
    assert_int_equal(tool.wait(1, 60000), 1);
    const std::string json = tool.output();
    assert_true(number_of(json, "lost") > 0 && number_of(json, "gave_up") > 0);
    assert_int_equal(test::count_of(tool.errors(), "\n"), 1);
    assert_int_equal(test::count_of(tool.errors(), "the gateway does not answer any more ("), 1);
}

// Two kinds of death: the system answers for a killed process, nobody does for a stopped one.
void a_gateway_that_dies_is_told_in_every_mode(Bed& bed) {
    const Words devices{"--devices", "10", "--retry", "0.1", "--retries", "4", "--progress"};
    const std::pair<std::string, Words> runs[] = {
        {"pub", {"--qos", "1", "--seconds", "3"}},
        {"pub", {"--qos", "0", "--rate", "100", "--seconds", "3"}},
        {"sub", {"--qos", "1", "--rate", "100", "--seconds", "3", "--settle", "1"}},
        {"idle", {"--keep-alive", "60", "--hold", "3"}},
    };
    bed.start();
    for (const auto& [mode, more] : runs) {
        for (const bool killed : {false, true}) {
            Words words = devices;
            words.insert(words.end(), more.begin(), more.end());
            Tool& tool = start_load(bed, mode, words);
            assert_true(
                wait_until(test::kAnswerMs, [&] { return test::count_of(tool.errors(), "sent ") > 0; }));
            if (killed) {
                bed.gateway.kill();
            } else {
                bed.gateway.pause();
            }
            const int code = tool.wait(1, 60000);
            if (killed) {
                bed.restart_gateway();
            } else {
                bed.gateway.resume();
            }
            assert_int_equal(code, 1);
            assert_int_equal(
                test::count_of(tool.errors(),
                               "the gateway does not answer any more (10 of 10 devices gave up)"),
                1);
        }
    }
}

void sleepers_that_an_interrupt_kept_from_fetching_have_lost_nothing(Bed& bed) {
    bed.start();
    Tool& tool = start_load(bed, "sleep",
                            {"--devices", "1000", "--count", "60", "--connect-window", "1", "--progress"});
    assert_true(wait_until(60000, [&] { return test::count_of(tool.errors(), "sent 60000") > 0; }));
    // One signal ends the publishing, another one the fetching: which it is now is not known.
    for (int signals = 0; signals < 2; ++signals) {
        tool.process.signal(SIGINT);
        wait_until(300, [] { return false; });
    }
    assert_int_equal(tool.wait(0, 60000), 0);
    assert_int_equal(test::count_of(tool.output(), "\"interrupted\":true"), 1);
    assert_true(same(tool.output(), "lost", 0));
    assert_true(same(tool.output(), "cut_short", 60000 - number_of(tool.output(), "arrived")));
}

void an_interrupt_while_nobody_answers_is_no_success(Bed& bed) {
    bed.start();
    bed.gateway.pause();
    Tool& tool = start_load(bed, "connect", {"--retry", "60", "--progress"});
    const bool begun =
        wait_until(test::kAnswerMs, [&] { return test::count_of(tool.errors(), "0 of 100") > 0; });
    tool.process.signal(SIGINT);
    const int code = tool.wait(1, 30000);
    bed.gateway.resume();
    assert_true(begun);
    assert_int_equal(code, 1);
    assert_int_equal(test::count_of(tool.errors(), "interrupted before anything was shown to work"), 1);
}

void messages_that_are_refused_are_not_waited_for_and_the_code_is_told(Bed& bed) {
    bed.start();
    Tool& tool = start_load(
        bed, "pub", {"--devices", "5", "--count", "50", "--settle", "600", "--topic-kind", "predefined:99"});
    assert_int_equal(tool.wait(1, 60000), 1);
    assert_int_equal(test::count_of(tool.errors(), "does the gateway know predefined topic id 99?"), 1);
}

void a_message_of_somebody_else_on_our_topics_is_damage(Bed& bed) {
    bed.start();
    Tool& tool = start_load(bed, "pub", {"--devices", "5", "--rate", "100", "--count", "200"});
    assert_true(
        wait_until(test::kAnswerMs, [&] { return bed.broker.log_text().find("-4 ") != std::string::npos; }));
    bed.publish("load/x", "this is no payload of ours", 0);
    assert_int_equal(tool.wait(1, 60000), 1);
    assert_true(same(tool.output(), "damaged", 1));
    assert_true(same(tool.output(), "lost", 0));
    assert_int_equal(test::count_of(tool.errors(), "1 of 200 messages damaged"), 1);
}

void a_message_given_to_another_device_is_noticed_both_ways(Bed& bed) {
    bed.start();
    for (const char* mode : {"pub", "sub"}) {
        const auto mischief = std::make_unique<Watcher>();
        mischief->to_give = 3;
        mischief->start(bed);
        Tool& tool = start_load(bed, mode, {"--devices", "2", "--rate", "50", "--count", "100"});
        mischief->watch(tool);
        assert_int_equal(tool.wait(1), 1);
        assert_true(same(tool.output(), "wrong_recipient", 3));
        assert_true(same(tool.output(), "lost", 0));
        assert_int_equal(test::count_of(tool.errors(), "3 of 100 messages at the wrong recipient\n"), 1);
    }
}

// ---- what goes wrong before ----

void who_is_not_there_is_named_in_one_line(Bed& bed) {
    bed.start_broker();
    const std::string nobody = at(test::free_port());
    const std::string broker = at(bed.broker.port());
    const std::pair<Words, std::string> wrong[] = {
        {{"connect", "--gateway", nobody},
         "no gateway at " + nobody + ": the system says \"connection refused\"; check --gateway"},
        {{"pub", "--gateway", nobody, "--broker", broker}, "no gateway at " + nobody},
        {{"pub", "--gateway", nobody, "--broker", nobody}, "no connection to the broker " + nobody},
        {{"mqtt-pub", "--broker", nobody},
         "no connection to the broker " + nobody + ": Connection refused; start it or correct --broker"},
        {{"connect", "--gateway", "no-such-host.invalid"}, "cannot find the host \"no-such-host.invalid\""},
        {{"connect", "--pid", "4194304"}, "there is no process 4194304"},
    };
    for (const auto& [words, text] : wrong) {
        Words command{DORMOUSE_LOAD};
        command.insert(command.end(), words.begin(), words.end());
        Tool& tool = launch(bed, command);
        assert_int_equal(tool.wait(1, 30000), 1);
        assert_string_equal(tool.output().c_str(), "");
        assert_int_equal(test::count_of(tool.errors(), "\n"), 1);
        if (test::count_of(tool.errors(), "mqttsn-load: " + text) != 1) {
            print_error("\"%s\" is not in: %s\n", text.c_str(), tool.errors().c_str());
            assert_true(false);
        }
    }
}

void a_gateway_that_never_answers_is_told_after_the_last_retry(Bed& bed) {
    bed.start();
    bed.gateway.pause();
    Tool& tool = start_load(bed, "connect", {"--devices", "3", "--retry", "0.1", "--retries", "2"});
    const int code = tool.wait(1, 30000);
    bed.gateway.resume();
    assert_int_equal(code, 1);
    assert_int_equal(test::count_of(tool.errors(), "3 of 3 devices could not be set up"), 1);
    assert_true(same(tool.output(), "retransmissions", 6));
    assert_true(same(tool.output(), "gave_up", 3));
}

void more_devices_than_files_may_be_open_are_refused_at_once(Bed& bed) {
    Tool& tool = launch(bed, {"sh", "-c", "ulimit -n 100; exec " DORMOUSE_LOAD " connect --devices 90"});
    assert_int_equal(tool.wait(1, 30000), 1);
    assert_int_equal(
        test::count_of(tool.errors(), "--devices 90 does not fit: the limit of open files is 100"), 1);
    assert_int_equal(test::count_of(tool.errors(), "\n"), 1);
}

void bad_usage_is_exit_code_2(Bed& bed) {
    for (const Words& words : {Words{}, Words{"pub", "--qos", "3"}, Words{"idle", "--rate", "1"}}) {
        Words command{DORMOUSE_LOAD};
        command.insert(command.end(), words.begin(), words.end());
        Tool& tool = launch(bed, command);
        assert_int_equal(tool.wait(2, 30000), 2);
        assert_int_equal(test::count_of(tool.errors(), "\n"), 1);
    }
}

void a_signal_ends_a_run_with_its_result(Bed& bed) {
    bed.start();
    Tool& tool = start_load(bed, "pub", {"--devices", "5", "--seconds", "600", "--progress"});
    assert_true(wait_until(test::kAnswerMs, [&] { return test::count_of(tool.errors(), "arrived") > 0; }));
    tool.process.signal(SIGINT);
    assert_int_equal(tool.wait(0, 30000), 0);
    assert_int_equal(test::count_of(tool.output(), "\"interrupted\":true"), 1);
    assert_true(number_of(tool.output(), "arrived") > 0);
    assert_true(same(tool.output(), "lost", 0));
}

void devices_connect_again_when_the_gateway_forgot_them(Bed& bed) {
    bed.start();
    Tool& tool = start_load(bed, "pub",
                            {"--devices", "5", "--rate", "100", "--count", "600", "--retry", "0.2",
                             "--retries", "40", "--settle", "2", "--progress"});
    assert_true(wait_until(test::kAnswerMs, [&] { return test::count_of(tool.errors(), "arrived") > 0; }));
    bed.restart_gateway();
    // What was on its way when the gateway was killed may be lost; everything after it is not.
    const int code = tool.process.wait(60000).value_or(-1);
    assert_true(code == 0 || code == 1);
    const std::string json = tool.output();
    assert_true(same(json, "sent", 600));
    assert_true(number_of(json, "gateway_disconnects") > 0);
    assert_true(number_of(json, "lost") <= 5);
}

}  // namespace
}  // namespace e2e

int main() {
    using namespace e2e;
    const CMUnitTest tests[] = {
        BED_TEST(connect_counts_every_device),
        BED_TEST(pub_counts_every_message_at_each_qos),
        BED_TEST(pub_by_short_and_predefined_topics_and_without_connection),
        BED_TEST(a_burst_is_all_devices_at_once_and_again),
        BED_TEST(an_open_loop_sends_at_its_rate),
        BED_TEST(sub_counts_every_message_at_each_qos),
        BED_TEST(fanout_counts_every_delivery),
        BED_TEST(sleepers_get_everything_when_they_wake_up_and_nothing_before),
        BED_TEST(idle_devices_keep_alive_and_memory_per_session_is_told),
        BED_TEST(pings_of_idle_devices_are_spread_over_the_keep_alive_interval),
        BED_TEST(plain_mqtt_clients_are_counted_the_same_way),
        BED_TEST(what_the_network_loses_is_what_is_lost),
        BED_TEST(at_qos_0_what_a_witness_did_not_see_is_lost),
        BED_TEST(what_the_network_doubles_and_reorders_is_counted),
        BED_TEST(at_qos_1_and_2_nothing_is_lost_on_a_bad_network),
        BED_TEST(lost_messages_at_qos_1_are_a_failure_of_one_line),
        BED_TEST(devices_that_lose_the_gateway_for_good_end_the_run),
        BED_TEST(a_gateway_that_dies_is_told_in_every_mode),
        BED_TEST(sleepers_that_an_interrupt_kept_from_fetching_have_lost_nothing),
        BED_TEST(an_interrupt_while_nobody_answers_is_no_success),
        BED_TEST(messages_that_are_refused_are_not_waited_for_and_the_code_is_told),
        BED_TEST(a_message_of_somebody_else_on_our_topics_is_damage),
        BED_TEST(a_message_given_to_another_device_is_noticed_both_ways),
        BED_TEST(who_is_not_there_is_named_in_one_line),
        BED_TEST(a_gateway_that_never_answers_is_told_after_the_last_retry),
        BED_TEST(more_devices_than_files_may_be_open_are_refused_at_once),
        BED_TEST(bad_usage_is_exit_code_2),
        BED_TEST(a_signal_ends_a_run_with_its_result),
        BED_TEST(devices_connect_again_when_the_gateway_forgot_them),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
