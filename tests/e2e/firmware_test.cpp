// SPDX-License-Identifier: BSD-3-Clause
//
// The firmware of examples/firmware in QEMU: an image of a Cortex-M3 with lwIP and an Ethernet driver, in
// front of the real gateway. Each start of QEMU is one wake-up of a device whose RAM was lost; its session is
// in a file. QEMU's network brings its datagrams to 127.0.0.1 as if they came from there.
#include "lossy_proxy.hpp"

namespace e2e {
namespace {

constexpr int kEndMs = 60000;  ///< the firmware ends by itself: bound-ms

/// One device: its name and the file that its session is in.
struct Board {
    Bed& bed;
    std::string id;
    std::uint16_t port = 0;              ///< of the gateway, or of what is in front of it
    std::vector<std::string> options{};  ///< of every start
    std::string cpu = "cortex-m3";       ///< what the image was built for

    std::string session_path() const { return bed.folder.file(id + ".session"); }
    std::string reading_topic() const { return "devices/" + id + "/temperature"; }
    std::string command_topic(const std::string& name) const { return "devices/" + id + "/command/" + name; }
};

/// What one start said, and how it ended.
struct Start {
    int code = -1;
    std::string log;

    bool says(const std::string& line) const {
        return log.find(line + "\n") != std::string::npos || log.find(line + "\r\n") != std::string::npos;
    }
    std::size_t count(const std::string& text) const { return test::count_of(log, text); }
};

/// "message: qos Q topic T payload P", as the firmware says it.
std::string message_line(const Board& board, int qos, const std::string& name, const std::string& payload) {
    return "message: qos " + std::to_string(qos) + " topic " + board.command_topic(name) + " payload " +
           payload;
}

/// Power on, until it is off again.
Start power_on(const Board& board, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words{"firmware", "id=" + board.id, "session=" + board.session_path(),
                                   "gateway=10.0.2.2:" + std::to_string(board.port)};
    words.insert(words.end(), board.options.begin(), board.options.end());
    words.insert(words.end(), more.begin(), more.end());
    std::string semihosting = "enable=on,target=native";
    for (const std::string& word : words) {
        semihosting += ",arg=" + word;
    }
    board.bed.tools.push_back(std::make_unique<Tool>());  // its log is shown when the test fails
    Tool& qemu = *board.bed.tools.back();
    test::ProcessOptions options;
    options.command = {DORMOUSE_QEMU,
                       "-M",
                       "mps2-an385",
                       "-kernel",
                       DORMOUSE_FIRMWARE "/" + board.cpu + "/firmware.elf",
                       "-nographic",
                       "-monitor",
                       "none",
                       "-serial",
                       "none",
                       "-semihosting-config",
                       semihosting,
                       "-nic",
                       "user,model=lan9118"};
    options.output_path = qemu.folder.file("output");
    options.error_path = options.output_path;
    test::require(qemu.process.start(options), "cannot start " DORMOUSE_QEMU);
    Start start;
    start.code = qemu.process.wait(kEndMs).value_or(-1);
    start.log = qemu.output();
    return start;
}

Board make_board(Bed& bed, const std::string& id = "board") {
    return Board{bed, id, bed.gateway.port()};
}

/// The gateway's sessions: how often a device connected.
std::size_t connections(const Bed& bed, const Board& board) {
    return test::count_of(bed.gateway.log_text(), "device connected client=" + board.id);
}

/// Published while the device is off; waits until the broker has given it to the gateway.
void command(const Board& board, const std::string& name, const std::string& payload, int qos) {
    const std::string sent = "Sending PUBLISH to " + board.id;
    const int before = static_cast<int>(test::count_of(board.bed.broker.log_text(), sent));
    board.bed.publish(board.command_topic(name), payload, qos);
    board.bed.await_broker_log(sent, before + 1);
}

void check_session_over_power_off(Bed& bed, const std::string& cpu) {
    bed.start();
    Board board = make_board(bed);
    board.cpu = cpu;
    Observer& witness = bed.observe({"devices/+/temperature"});
    const Start first = power_on(board, {"reading=20.5"});
    assert_int_equal(first.code, 0);
    assert_true(first.says("session: none saved"));
    assert_int_equal(first.count("message:"), 0);

    command(board, "valve", "open", 1);
    command(board, "lamp", "on", 2);
    const Start second = power_on(board, {"reading=21.5"});
    assert_int_equal(second.code, 0);
    assert_true(second.says("session: restored, asleep"));
    assert_int_equal(second.count("SUBSCRIBED"), 0);
    assert_true(second.says(message_line(board, 1, "valve", "open")));
    assert_true(second.says(message_line(board, 2, "lamp", "on")));
    assert_int_equal(second.count("message:"), 2);

    const Start third = power_on(board, {"reading=22.5"});
    assert_int_equal(third.code, 0);
    assert_int_equal(third.count("message:"), 0);
    assert_true(witness.wait_for(3));
    assert_true(same_list(witness.payloads(board.reading_topic()), {"20.5", "21.5", "22.5"}));
}

void session_goes_on_after_power_off_and_messages_of_qos1_and_qos2_come_once(Bed& bed) {
    check_session_over_power_off(bed, "cortex-m3");
}

// The core traps what a Cortex-M0+ could not do: startup.c.
void code_for_a_cortex_m0plus_does_the_same_without_unaligned_access(Bed& bed) {
    check_session_over_power_off(bed, "cortex-m0plus");
}

// SN12-105: PINGREQ with the client id.
void messages_are_fetched_without_a_new_connect(Bed& bed) {
    bed.start();
    const Board board = make_board(bed);
    assert_int_equal(power_on(board).code, 0);
    assert_int_equal(connections(bed, board), 1);
    for (const std::string name :
         {"a", "b", "a"}) {  // a new name each of the first two times, then a known one
        command(board, name, "fetch " + name, 2);
        const Start start = power_on(board);
        assert_int_equal(start.code, 0);
        assert_true(start.says(message_line(board, 2, name, "fetch " + name)));
        assert_int_equal(start.count("message:"), 1);
    }
    assert_int_equal(connections(bed, board), 1);
}

void twelve_messages_of_one_wake_up_come_once_and_in_order(Bed& bed) {
    bed.start();
    const Board board = make_board(bed);
    assert_int_equal(power_on(board).code, 0);
    const std::vector<std::string> payloads = numbered("m", 12);
    for (std::size_t i = 0; i < payloads.size(); ++i) {
        command(board, "list", payloads[i], 1 + static_cast<int>(i % 2));
    }
    const Start start = power_on(board);
    assert_int_equal(start.code, 0);
    std::size_t at = 0;
    for (std::size_t i = 0; i < payloads.size(); ++i) {
        at = start.log.find(message_line(board, 1 + static_cast<int>(i % 2), "list", payloads[i]), at);
        assert_true(at != std::string::npos);
    }
    assert_int_equal(start.count("message:"), payloads.size());
}

void link_that_loses_a_fifth_delays_but_neither_loses_nor_doubles(Bed& bed) {
    bed.gateway.options.retry_interval = "100ms";
    bed.start();
    Observer& witness = bed.observe({"devices/+/temperature"});
    const Proxy proxy = start_proxy(bed, {"--loss", "20%", "--seed", "1", "--json"});
    Board board = make_board(bed);
    board.port = proxy.port;
    board.options = {"retry-ms=50", "retries=100"};
    assert_int_equal(power_on(board, {"reading=r-0000"}).code, 0);
    std::vector<std::string> logs;
    constexpr std::size_t kStarts = 6;
    for (std::size_t i = 1; i < kStarts; ++i) {
        command(board, "once", numbered("once", 1, i)[0], 2);
        command(board, "least", numbered("least", 1, i)[0], 1);
        const Start start = power_on(board, {"reading=" + numbered("r", 1, i)[0]});
        assert_int_equal(start.code, 0);
        assert_true(start.says("session: restored, asleep"));
        logs.push_back(start.log);
    }
    std::string all;
    for (const std::string& log : logs) {
        all += log;
    }
    for (std::size_t i = 1; i < kStarts; ++i) {
        assert_int_equal(test::count_of(all, numbered("once", 1, i)[0]), 1);
        assert_true(test::count_of(all, numbered("least", 1, i)[0]) >= 1);
    }
    assert_true(witness.wait_for(kStarts));
    assert_true(same_list(without_repeats(witness.payloads(board.reading_topic())), numbered("r", kStarts)));
    assert_true(number_of(stop_proxy(proxy), "up.lost") > 0);
}

// Nearly every start is cut off by its bound while something is on its way, and goes on from there in the
// next one.
void device_that_is_switched_off_in_the_middle_goes_on_there(Bed& bed) {
    bed.gateway.options.retry_interval = "100ms";
    bed.start();
    Observer& witness = bed.observe({"devices/+/temperature"});
    const Proxy proxy = start_proxy(bed, {"--loss", "40%", "--seed", "1"});
    Board board = make_board(bed);
    assert_int_equal(power_on(board).code, 0);
    board.port = proxy.port;
    board.options = {"retry-ms=50", "retries=200"};
    std::string all;
    std::vector<std::string> readings;
    std::size_t cut_off = 0;
    constexpr std::size_t kStarts = 12;
    for (std::size_t i = 0; i < kStarts; ++i) {
        bed.publish(board.command_topic("once"), numbered("once", 1, i)[0], 2);
        const std::string reading = numbered("r", 1, i)[0];
        const Start start = power_on(board, {"reading=" + reading, "bound-ms=200"});
        assert_true(start.code == 0 || start.says("no end in the time allowed"));
        assert_int_equal(start.count("session: refused"), 0);
        cut_off += start.code == 0 ? 0 : 1;
        all += start.log;
        if (start.count("reading: not kept") == 0) {  // else there was no room for it, and it said so
            readings.push_back(reading);
        }
    }
    assert_true(cut_off > 0);
    for (int i = 0; i < 2; ++i) {  // the first one may only end what was begun
        const Start last = power_on(board);
        assert_int_equal(last.code, 0);
        all += last.log;
    }
    for (const std::string& payload : numbered("once", kStarts)) {
        assert_int_equal(test::count_of(all, payload), 1);
    }
    assert_true(witness.wait_for(readings.size()));
    assert_true(same_list(without_repeats(witness.payloads(board.reading_topic())), readings));
}

// An octet that is another, a file that was cut short, an empty one: connect, not clean, and nothing is lost.
void damaged_session_is_refused_and_the_device_connects_anew(Bed& bed) {
    bed.start();
    const Board board = make_board(bed);
    assert_int_equal(power_on(board).code, 0);
    const std::string good = test::read_file(board.session_path());
    assert_true(good.size() > 8);
    std::vector<std::string> damaged{"", good.substr(0, good.size() - 1), good.substr(0, 5)};
    for (const std::size_t at : {std::size_t{0}, good.size() / 2, good.size() - 1}) {
        damaged.push_back(good);
        damaged.back()[at] = static_cast<char>(damaged.back()[at] ^ 0x10);
    }
    for (std::size_t i = 0; i < damaged.size(); ++i) {
        assert_true(test::write_file(board.session_path(), damaged[i]));
        const std::string payload = numbered("m", 1, i)[0];
        command(board, "valve", payload, 2);
        const Start start = power_on(board);
        assert_int_equal(start.code, 0);
        assert_true(start.says("session: refused, MQTTSN_ERR_BLOB"));
        assert_true(start.says(message_line(board, 2, "valve", payload)));
        assert_int_equal(start.count("message:"), 1);
        assert_int_equal(connections(bed, board), i + 2);
    }
    assert_true(power_on(board).says("session: restored, asleep"));
}

void session_of_another_device_is_refused(Bed& bed) {
    bed.start();
    const Board one = make_board(bed, "board-1");
    const Board two = make_board(bed, "board-2");
    assert_int_equal(power_on(one).code, 0);
    assert_true(test::write_file(two.session_path(), test::read_file(one.session_path())));
    const Start start = power_on(two);
    assert_int_equal(start.code, 0);
    assert_true(start.says("session: refused, MQTTSN_ERR_BLOB"));
}

void without_a_gateway_it_gives_up_and_the_reading_waits_in_the_session(Bed& bed) {
    bed.start_broker();
    Observer& witness = bed.observe({"devices/+/temperature"});
    bed.gateway.choose_port();
    const Board board = make_board(bed);
    const Start first = power_on(board, {"reading=20.5", "retry-ms=50"});
    assert_int_equal(first.code, 4);
    assert_true(first.says("event: LOST 1"));
    const Start second = power_on(board, {"reading=21.5", "retry-ms=50"});
    assert_int_equal(second.code, 4);
    assert_true(second.says("session: restored, not asleep"));
    bed.start_gateway();
    const Start third = power_on(board, {"reading=22.5"});
    assert_int_equal(third.code, 0);
    assert_true(witness.wait_for(3));
    assert_true(same_list(witness.payloads(board.reading_topic()), {"20.5", "21.5", "22.5"}));
    command(board, "valve", "open", 1);  // the subscription waited, too
    assert_true(power_on(board).says(message_line(board, 1, "valve", "open")));
}

void its_own_bound_ends_it_when_nobody_has_given_up_yet(Bed& bed) {
    bed.gateway.choose_port();
    const Start start = power_on(make_board(bed), {"reading=20.5", "retry-ms=60000", "bound-ms=300"});
    assert_int_equal(start.code, 4);
    assert_true(start.says("no end in the time allowed"));
    assert_int_equal(start.count("LOST"), 0);
}

void gateway_that_was_restarted_meanwhile_loses_nothing(Bed& bed) {
    bed.start();
    const Board board = make_board(bed);
    Observer& witness = bed.observe({"devices/+/temperature"});
    assert_int_equal(power_on(board).code, 0);
    for (const std::string reading : {"", "21.5"}) {
        bed.restart_gateway();
        bed.publish(board.command_topic("valve"), "after restart",
                    2);  // the broker keeps it: nobody is connected
        const Start start = power_on(board, reading.empty() ? std::vector<std::string>{}
                                                            : std::vector<std::string>{"reading=" + reading});
        assert_int_equal(start.code, 0);
        assert_true(start.says("session: restored, asleep"));
        assert_true(start.says(message_line(board, 2, "valve", "after restart")));
        assert_int_equal(start.count("message:"), 1);
    }
    assert_true(witness.wait_for(1));
    assert_true(same_list(witness.payloads(board.reading_topic()), {"21.5"}));
}

void bad_options_are_named_and_nothing_is_sent(Bed& bed) {
    const Board board{bed, "board", 1};
    const std::vector<std::string> words{"gateway=10.0.2.2",
                                         "gateway=10.0.2.2:65536",
                                         "retry-ms=0",
                                         "retries=255",
                                         "sleep-s=x",
                                         "reading=",
                                         "reading=" + std::string(65, '1'),
                                         "what",
                                         "id=twenty-four-octets-longer",
                                         "bound-ms=99999999999999999999"};
    for (const std::string& bad : words) {
        const Start start = power_on(board, {bad});
        assert_int_equal(start.code, 2);
        assert_int_equal(start.count("not an option, or a bad value: "), 1);
    }
    assert_true(test::read_file(board.session_path()).empty());
}

}  // namespace
}  // namespace e2e

int main() {
    using namespace e2e;
    const CMUnitTest tests[] = {
        BED_TEST(session_goes_on_after_power_off_and_messages_of_qos1_and_qos2_come_once),
        BED_TEST(code_for_a_cortex_m0plus_does_the_same_without_unaligned_access),
        BED_TEST(messages_are_fetched_without_a_new_connect),
        BED_TEST(twelve_messages_of_one_wake_up_come_once_and_in_order),
        BED_TEST(link_that_loses_a_fifth_delays_but_neither_loses_nor_doubles),
        BED_TEST(device_that_is_switched_off_in_the_middle_goes_on_there),
        BED_TEST(damaged_session_is_refused_and_the_device_connects_anew),
        BED_TEST(session_of_another_device_is_refused),
        BED_TEST(without_a_gateway_it_gives_up_and_the_reading_waits_in_the_session),
        BED_TEST(its_own_bound_ends_it_when_nobody_has_given_up_yet),
        BED_TEST(gateway_that_was_restarted_meanwhile_loses_nothing),
        BED_TEST(bad_options_are_named_and_nothing_is_sent),
    };
    return cmocka_run_group_tests_name("firmware", tests, nullptr, nullptr);
}
