// SPDX-License-Identifier: BSD-3-Clause
//
// mqttsn-lossy as an operator uses it: our tools on one side, the gateway and mosquitto on the other. T_retry
// is short, so that a lost datagram costs little of the test's time.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <map>

#include "lossy_proxy.hpp"

namespace e2e {
namespace {

constexpr std::size_t kDevices = 20;
constexpr std::size_t kMessages = 25;  ///< of each device and QoS
constexpr const char* kRetry = "0.15";
constexpr const char* kRetries = "100";  ///< nobody gives up here

std::vector<std::string> bad_link() {
    return {"--loss", "20%", "--duplicate", "5%", "--reorder", "10%", "--seed", "1"};
}

/// A tool through the proxy.
Tool& tool_through(Bed& bed, const Proxy& proxy, const std::string& program,
                   std::vector<std::string> arguments, bool with_input = false) {
    arguments.insert(arguments.end(),
                     {"-p", std::to_string(proxy.port), "--retry", kRetry, "--retries", kRetries});
    // -p of the bed comes first and would be a second one: so the bed's is not used.
    bed.tools.push_back(std::make_unique<Tool>());
    Tool& tool = *bed.tools.back();
    test::ProcessOptions options;
    options.command = {program, "-h", "127.0.0.1"};
    options.command.insert(options.command.end(), arguments.begin(), arguments.end());
    options.output_path = tool.folder.file("output");
    options.error_path = tool.folder.file("errors");
    options.with_input = with_input;
    test::require(tool.process.start(options), "cannot start " + program);
    return tool;
}

std::string device_name(int qos, std::size_t index) {
    return "q" + std::to_string(qos) + "-" + std::to_string(index);
}

/// The publishers of one QoS, each with a topic of its own.
std::vector<Tool*> start_publishers(Bed& bed, const Proxy& proxy, int qos) {
    std::vector<Tool*> tools;
    for (std::size_t i = 0; i < kDevices; ++i) {
        const std::string name = device_name(qos, i);
        Tool& tool = tool_through(bed, proxy, DORMOUSE_PUB,
                                  {"-i", name, "-q", std::to_string(qos), "-t", "up/" + name, "-l"}, true);
        std::string lines;
        for (const std::string& line : numbered(name, kMessages)) {
            lines += line + "\n";
        }
        assert_true(tool.process.write(lines));
        tool.process.close_input();
        tools.push_back(&tool);
    }
    return tools;
}

void await_all(const std::vector<Tool*>& tools) {
    for (Tool* const tool : tools) {
        assert_int_equal(tool->wait(0, 60000), 0);
    }
}

// 500 messages of QoS 1 arrive each at least once, 500 of QoS 2 exactly once, in order.
void messages_500_of_each_qos_survive_20_percent_loss_upwards(Bed& bed) {
    bed.gateway.options.retry_interval = "150ms";
    bed.start();
    Observer& witness = bed.observe({"up/#"});
    std::vector<std::string> arguments = bad_link();
    arguments.push_back("--json");
    const Proxy proxy = start_proxy(bed, arguments);
    std::vector<Tool*> tools = start_publishers(bed, proxy, 1);
    const std::vector<Tool*> second = start_publishers(bed, proxy, 2);
    tools.insert(tools.end(), second.begin(), second.end());
    await_all(tools);
    assert_true(witness.wait_for(2 * kDevices * kMessages));
    for (std::size_t i = 0; i < kDevices; ++i) {
        const std::string once = device_name(1, i);
        assert_true(same_list(without_repeats(witness.payloads("up/" + once)), numbered(once, kMessages)));
        const std::string exactly = device_name(2, i);
        assert_true(same_list(witness.payloads("up/" + exactly), numbered(exactly, kMessages)));
    }
    const std::string json = stop_proxy(proxy);
    // The network was as bad as it was asked to be.
    for (const std::string way : {"up", "down"}) {
        const std::uint64_t datagrams = number_of(json, way + ".datagrams");
        assert_in_range(number_of(json, way + ".lost") * 100 / datagrams, 15, 25);
        assert_in_range(number_of(json, way + ".duplicated") * 1000 / datagrams, 20, 70);
        assert_in_range(number_of(json, way + ".reordered") * 100 / datagrams, 5, 11);
    }
    assert_int_equal(number_of(json, "devices"), 2 * kDevices);
    assert_int_equal(number_of(json, "evicted"), 0);
}

// The broker sends 100 messages of each QoS to devices behind a network that is as bad. It holds datagrams
// back for shorter than four messages take: a device remembers only so many, and takes an older copy for
// something new. N_retry is 5: a device that is lost notices it by its keep-alive and comes back to its
// session.
void messages_100_of_each_qos_survive_20_percent_loss_downwards(Bed& bed) {
    bed.gateway.options.retry_interval = "150ms";
    bed.start();
    std::vector<std::string> arguments = bad_link();
    arguments.insert(arguments.end(), {"--delay", "5ms", "--reorder-by", "20ms"});
    const Proxy proxy = start_proxy(bed, arguments);
    constexpr std::size_t kEach = 25;
    std::map<std::string, Tool*> subscribers;
    for (const int qos : {1, 2}) {
        for (std::size_t i = 0; i < 4; ++i) {
            const std::string name = device_name(qos, i);
            subscribers[name] =
                &tool_through(bed, proxy, DORMOUSE_SUB,
                              {"-i", name, "-c", "-k", "2", "-q", std::to_string(qos), "-t", "down/" + name});
        }
    }
    for (const auto& [name, tool] : subscribers) {
        bed.await_broker_log("Sending SUBACK to " + name);
        const int qos = name[1] - '0';
        assert_true(test::broker_publish_lines(bed.broker, "down/" + name, numbered(name, kEach), qos));
    }
    for (const auto& [name, tool] : subscribers) {
        const std::string last = numbered(name, kEach).back() + "\n";
        assert_true(wait_until(60000, [&, seen = tool] { return test::count_of(seen->output(), last) > 0; }));
        const bool exactly = name[1] == '2';
        assert_true(
            same_list(exactly ? tool->lines() : without_repeats(tool->lines()), numbered(name, kEach)));
    }
    stop_proxy(proxy);
}

// The device goes on although the gateway sees it under new source ports all the time: it is known by its
// client id when it connects again (D-bindings of the gateway: an unknown address gets DISCONNECT).
void a_device_goes_on_under_a_new_source_port(Bed& bed) {
    bed.gateway.options.retry_interval = "150ms";
    bed.start();
    Observer& witness = bed.observe({"up/#"});
    const Proxy proxy = start_proxy(bed, {"--rebind", "300ms", "--json"});
    UdpDevice& device = bed.device("dev");
    assert_true(device.open(proxy.port));
    device.connect({.clean = false});
    std::size_t sent = 0;
    std::size_t reconnects = 0;
    const auto publish_once = [&] {
        const std::string payload = numbered("r", 1, sent).front();
        const std::uint16_t topic_id = device.register_topic("up/x");
        device.publish(1, topic_id, payload);
        ++sent;
    };
    publish_once();
    while (sent < 6) {
        device.send(mqttsn::make_pingreq({}));
        const Message* const answer = device.receive(test::kAnswerMs);
        assert_non_null(answer);
        if (answer->type == MessageType::disconnect) {
            ++reconnects;
            device.connect_again();
            device.drain(0);
        } else {
            assert_int_equal(static_cast<int>(answer->type), static_cast<int>(MessageType::pingresp));
            ::usleep(100'000);
            continue;
        }
        publish_once();
    }
    assert_true(reconnects > 0);
    assert_true(witness.wait_for(sent));
    assert_true(has_all(witness.payloads("up/x"), numbered("r", sent)));
    const std::string json = stop_proxy(proxy);
    assert_true(number_of(json, "rebinds") >= reconnects);
    assert_int_equal(number_of(json, "devices"), 1);
}

void a_gateway_that_is_not_there_is_told_once_and_found_when_it_comes(Bed& bed) {
    bed.start_broker();
    bed.gateway.choose_port();
    const Proxy proxy = start_proxy(bed, {"--json"});
    UdpDevice& device = bed.device("dev");
    assert_true(device.open(proxy.port));
    const auto connect = mqttsn::make_connect(Flags{}.with_clean_session(true), 60, view("dev"));
    for (int i = 0; i < 5; ++i) {
        device.send(connect);
        assert_null(device.receive(20));
    }
    assert_true(wait_until(test::kAnswerMs, [&] {
        device.send(connect);
        return test::count_of(proxy.tool->errors(), "cannot be reached: connection refused") > 0;
    }));
    bed.start_gateway();
    device.repeat_until(connect, MessageType::connack, 300);
    const std::string json = stop_proxy(proxy);
    assert_true(number_of(json, "unreachable") >= 2);
    assert_int_equal(test::count_of(proxy.tool->errors(), "cannot be reached"), 1);
}

/// A CONNECT-like datagram from so many source ports, each closed at once.
void knock(std::uint16_t port, std::size_t count) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (std::size_t i = 0; i < count; ++i) {
        const int descriptor = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        static_cast<void>(
            ::sendto(descriptor, "\x02\x16", 2, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to));
        ::close(descriptor);
        if (i % 100 == 99) {
            ::usleep(2000);  // not faster than one core can take them
        }
    }
}

/// Local addresses of the sockets that are connected to a port of this machine. A set: the system's list is
/// read in pieces, and when others' sockets come and go meanwhile it can name one twice.
std::set<std::string> sockets_to(std::uint16_t port) {
    char remote[16];
    std::snprintf(remote, sizeof remote, ":%04X 01 ", port);
    std::istringstream lines(test::read_file("/proc/net/udp"));
    std::set<std::string> out;
    for (std::string line; std::getline(lines, line);) {
        if (line.find(remote) != std::string::npos) {
            std::istringstream words(line);
            std::string number;
            std::string local;
            words >> number >> local;
            out.insert(local);
        }
    }
    return out;
}

// The proxy stays small, and who speaks in between is not pushed out.
void many_source_ports_are_bounded_and_a_device_that_speaks_stays(Bed& bed) {
    bed.start();
    const Proxy proxy = start_proxy(bed, {"--mappings-max", "300", "--json"});
    UdpDevice& device = bed.device("dev");
    assert_true(device.open(proxy.port));
    device.connect();
    for (int i = 0; i < 10; ++i) {
        knock(proxy.port, 200);
        device.ping();
    }
    assert_in_range(sockets_to(bed.gateway.port()).size(), 1, 300);
    device.disconnect();
    const std::string json = stop_proxy(proxy);
    assert_true(number_of(json, "devices") > 1000);
    assert_int_equal(number_of(json, "devices_now"), 300);
    assert_int_equal(number_of(json, "evicted"), number_of(json, "devices") - 300);
    assert_int_equal(test::count_of(proxy.tool->errors(), "idle longest"), 1);
}

void a_port_that_is_taken_is_one_line_and_exit_1(Bed& bed) {
    bed.gateway.choose_port();
    const Proxy proxy = start_proxy(bed, {});
    const std::string url = "udp://127.0.0.1:" + std::to_string(proxy.port);
    Tool& second = launch(bed, {"--listen", url});
    assert_int_equal(second.wait(1), 1);
    assert_non_null(std::strstr(second.errors().c_str(), "the port is taken"));
    assert_int_equal(test::count_of(second.errors(), "\n"), 1);
}

void bad_usage_is_one_line_and_exit_2(Bed& bed) {
    Tool& bad = launch(bed, {"--loss", "much"});
    assert_int_equal(bad.wait(2), 2);
    assert_int_equal(test::count_of(bad.errors(), "\n"), 1);
    Tool& nobody = launch(bed, {"--to", "no-such-host.invalid"});
    assert_int_equal(nobody.wait(1), 1);
    assert_non_null(std::strstr(nobody.errors().c_str(), "no-such-host.invalid"));
    assert_int_equal(test::count_of(nobody.errors(), "\n"), 1);
}

void signals_and_the_end_of_the_time_end_it_with_a_summary(Bed& bed) {
    bed.gateway.choose_port();
    for (const int number : {SIGTERM, SIGINT}) {
        const Proxy proxy = start_proxy(bed, {"--pcap", bed.folder.file("capture")});
        proxy.tool->process.signal(number);
        assert_int_equal(proxy.tool->wait(0), 0);
        assert_non_null(std::strstr(proxy.tool->errors().c_str(), "datagrams "));
        assert_string_equal(proxy.tool->output().c_str(), "");
    }
    assert_int_equal(test::read_file(bed.folder.file("capture")).size(), 24);
    const Proxy timed = start_proxy(bed, {"--duration", "50ms", "--json"});
    assert_int_equal(timed.tool->wait(0), 0);
    assert_int_equal(number_of(timed.tool->output(), "up.datagrams"), 0);
    assert_null(std::strstr(timed.tool->errors().c_str(), "datagrams "));
}

}  // namespace
}  // namespace e2e

int main() {
    using namespace e2e;
    const CMUnitTest tests[] = {
        BED_TEST(messages_500_of_each_qos_survive_20_percent_loss_upwards),
        BED_TEST(messages_100_of_each_qos_survive_20_percent_loss_downwards),
        BED_TEST(a_device_goes_on_under_a_new_source_port),
        BED_TEST(a_gateway_that_is_not_there_is_told_once_and_found_when_it_comes),
        BED_TEST(many_source_ports_are_bounded_and_a_device_that_speaks_stays),
        BED_TEST(a_port_that_is_taken_is_one_line_and_exit_1),
        BED_TEST(bad_usage_is_one_line_and_exit_2),
        BED_TEST(signals_and_the_end_of_the_time_end_it_with_a_summary),
    };
    return cmocka_run_group_tests_name("e2e.lossy", tests, nullptr, nullptr);
}
