// SPDX-License-Identifier: BSD-3-Clause
//
// Discovery with real gateways and the real tools, over multicast and broadcast in a network of the test's
// own.
#include <algorithm>
#include <csignal>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "bed.hpp"
#include "support/multicast_peer.hpp"
#include "support/network_namespace.hpp"

namespace e2e {
namespace {

using test::GatewayProcess;
using test::Heard;
using test::kAnswerMs;
using test::kTestAddress;
using test::kTestBroadcast;
using test::kTestInterface;
using test::MulticastPeer;

constexpr const char* kGroup4 = "225.1.1.1";
constexpr const char* kGroup6 = "ff02::4d51";

MulticastPeer& peer_of(Bed& bed) {
    const auto peer = std::make_shared<MulticastPeer>();
    bed.kept.push_back(peer);
    return *peer;
}

MulticastPeer& hearing(Bed& bed, const std::string& group, std::uint16_t port) {
    MulticastPeer& peer = peer_of(bed);
    test::require(peer.listen(group, port, kTestInterface), "cannot listen to " + group);
    return peer;
}

MulticastPeer& speaking(Bed& bed, bool ipv6) {
    MulticastPeer& peer = peer_of(bed);
    test::require(peer.open(ipv6, kTestInterface, ipv6 ? "" : kTestAddress), "no socket");
    return peer;
}

std::string octets_of(const Heard& heard) {
    return test::to_hex(view(heard.octets));
}

/// [discovery] and the id. "{port}" is the gateway's: the groups have the port of the listener, as by
/// default.
void set_discovery(GatewayProcess& gateway, int id, const std::string& lines) {
    gateway.options.listen = {"udp://[::]:{port}"};
    gateway.options.sections = "[gateway]\nid = " + std::to_string(id) + "\n[discovery]\n" + lines;
}

constexpr const char* kAllGroups =
    "interface = \"dm0\"\ngroup = [\"225.1.1.1:{port}\", \"[ff02::4d51]:{port}\", \"10.45.0.255:{port}\", "
    "\"255.255.255.255:{port}\"]\n";

void start_with_own_session(GatewayProcess& gateway) {
    test::require(gateway.start(), "no gateway");
    test::require(gateway.wait_for_log("own session is up"), "no broker");
}

/// All answers to a SEARCHGW: waits for the first `wanted`, and a moment for one too many.
std::vector<Heard> search(const MulticastPeer& peer, const std::string& host, std::uint16_t port,
                          std::size_t wanted) {
    test::require(peer.send(std::string("\x03\x01\x01", 3), host, port), "not sent");
    std::vector<Heard> answers;
    Heard heard;
    while (answers.size() < wanted && peer.receive(heard, kAnswerMs)) {
        answers.push_back(heard);
    }
    while (peer.receive(heard, 150)) {
        answers.push_back(heard);
    }
    return answers;
}

/// mqttsn-pub or mqttsn-sub without -h and -p.
Tool& tool(Bed& bed, const std::string& program, const std::vector<std::string>& arguments) {
    bed.tools.push_back(std::make_unique<Tool>());
    Tool& one = *bed.tools.back();
    test::ProcessOptions options;
    options.command = {program};
    options.command.insert(options.command.end(), arguments.begin(), arguments.end());
    options.output_path = one.folder.file("output");
    options.error_path = one.folder.file("errors");
    test::require(one.process.start(options), "cannot start " + program);
    return one;
}

// SN12-29 SN12-53 D45: octets, period, source and hop limit on the wire, on every kind of group.
void gateway_advertises_on_every_group_from_its_listener(Bed& bed) {
    bed.start_broker();
    bed.gateway.choose_port();
    const std::uint16_t port = bed.gateway.port();
    set_discovery(bed.gateway, 5,
                  std::string(kAllGroups) + "advertise = true\ninterval = \"1s\"\nhop_limit = 3\n");
    bed.gateway.options.broker_url = bed.broker.url();
    MulticastPeer* const all[] = {&hearing(bed, kGroup4, port), &hearing(bed, kGroup6, port),
                                  &hearing(bed, kTestBroadcast, port),
                                  &hearing(bed, "255.255.255.255", port)};
    bed.start_gateway();
    for (int round = 0; round < 3; ++round) {
        for (const MulticastPeer* const peer : all) {
            Heard heard;
            assert_true(peer->receive(heard, kAnswerMs));
            assert_string_equal(octets_of(heard).c_str(), "05 00 05 00 01");
            assert_int_equal(heard.hops, 3);
            assert_int_equal(heard.port, port);
            assert_true(peer == all[1] ? heard.host.starts_with("fe80::") || heard.host == "fd45::1"
                                       : heard.host == kTestAddress);
        }
    }
    assert_int_equal(test::count_of(bed.gateway.log_text(), "another gateway"),
                     0);  // it does not hear itself
    assert_int_equal(test::count_of(bed.gateway.log_text(), "same id"), 0);
}

// SN12-30 SN12-31 SN12-57 D45: without a word in the config about it, but for the groups.
void search_is_answered_once_by_every_way(Bed& bed) {
    bed.start_broker();
    bed.gateway.options.broker_url = bed.broker.url();
    set_discovery(bed.gateway, 5, kAllGroups);
    start_with_own_session(bed.gateway);
    const std::uint16_t port = bed.gateway.port();
    struct Way {
        bool ipv6;
        const char* host;
    };
    for (const Way& way : {Way{false, kGroup4}, Way{true, kGroup6}, Way{false, kTestBroadcast},
                           Way{false, "255.255.255.255"}, Way{false, kTestAddress}, Way{true, "fd45::1"}}) {
        const std::vector<Heard> answers = search(speaking(bed, way.ipv6), way.host, port, 1);
        assert_int_equal(answers.size(), 1);
        assert_string_equal(octets_of(answers[0]).c_str(), "03 02 05");
        assert_int_equal(answers[0].port, port);  // D46: the source is the address to connect to
    }
}

// The default config as a whole: id 1, [::]:1883, 225.1.1.1:1883, advertise = false.
void gateway_without_a_config_of_discovery_is_found_by_the_tools(Bed& bed) {
    bed.start_broker();
    bed.gateway.options.broker_url = bed.broker.url();
    bed.gateway.options.listen = {"udp://[::]:1883"};
    Observer& witness = bed.observe({"#"});
    start_with_own_session(bed.gateway);
    assert_int_equal(tool(bed, DORMOUSE_PUB, {"--discover", "-q", "1", "-t", "a", "-m", "found"}).wait(), 0);
    assert_true(witness.wait_for(1));
    Tool& sub =
        tool(bed, DORMOUSE_SUB, {"-d", "--discover", "225.1.1.1:1883", "-i", "seeker", "-t", "b", "-C", "1"});
    assert_true(bed.gateway.wait_for_log("client=seeker"));
    assert_true(wait_until(kAnswerMs, [&] { return test::count_of(sub.errors(), "< SUBACK") == 1; }));
    assert_int_equal(test::count_of(sub.errors(), "> SEARCHGW"), 1);
    assert_int_equal(test::count_of(sub.errors(), "< GWINFO"), 1);
    bed.publish("b", "x", 1);
    assert_int_equal(sub.wait(), 0);
}

void tools_find_the_gateway_by_ipv6_and_by_broadcast(Bed& bed) {
    bed.start_broker();
    bed.gateway.options.broker_url = bed.broker.url();
    set_discovery(bed.gateway, 5, kAllGroups);
    Observer& witness = bed.observe({"#"});
    start_with_own_session(bed.gateway);
    const std::string port = ":" + std::to_string(bed.gateway.port());
    std::size_t count = 0;
    for (const std::vector<std::string>& how : {std::vector<std::string>{"[ff02::4d51%dm0]" + port},
                                                {"[ff02::4d51]" + port, "--interface", "dm0"},
                                                {"10.45.0.255" + port},
                                                {"255.255.255.255" + port},
                                                {"225.1.1.1" + port, "--radius", "0"}}) {
        std::vector<std::string> arguments{"-q", "1", "-t", "a", "-m", "found", "--discover"};
        arguments.insert(arguments.end(), how.begin(), how.end());
        assert_int_equal(tool(bed, DORMOUSE_PUB, arguments).wait(), 0);
        assert_true(witness.wait_for(++count));
    }
}

// SN12-27 SN12-59 D45: radius and hop limit on the wire, again and again; an ADVERTISE ends the search
// (SN12-55), and so does another device's GWINFO (SN12-58 D46).
void tool_asks_again_and_takes_what_the_group_says(Bed& bed) {
    bed.start_broker();
    bed.gateway.options.broker_url = bed.broker.url();
    bed.gateway.options.sections = "[discovery]\ngroup = []\n";  // it does not answer
    bed.gateway.options.listen = {"udp://10.45.0.1:{port}"};
    start_with_own_session(bed.gateway);
    MulticastPeer& group = hearing(bed, kGroup4, 1900);
    Observer& witness = bed.observe({"#"});
    Tool& pub = tool(bed, DORMOUSE_PUB,
                     {"--discover", "225.1.1.1:1900", "--radius", "5", "-q", "1", "-t", "a", "-m", "x"});
    Heard heard;
    for (int i = 0; i < 2; ++i) {
        assert_true(group.receive(heard, kAnswerMs));
        assert_string_equal(octets_of(heard).c_str(), "03 01 05");
        assert_int_equal(heard.hops, 5);
    }
    // A device that knows the gateway: 10.45.0.1 and its port.
    const std::uint16_t port = bed.gateway.port();
    std::string gwinfo("\x0A\x02\x01\x06\x0A\x2D\x00\x01", 8);
    gwinfo += static_cast<char>(port >> 8U);
    gwinfo += static_cast<char>(port & 0xFFU);
    assert_true(speaking(bed, false).send(gwinfo, heard.host, heard.port));
    assert_int_equal(pub.wait(), 0);
    assert_true(witness.wait_for(1));

    // ADVERTISE of the gateway itself: now it has that group.
    bed.gateway.kill();
    bed.gateway.options.sections =
        "[discovery]\ngroup = \"225.1.1.1:1900\"\nadvertise = true\ninterval = \"1s\"\n";
    bed.start_gateway();
    assert_int_equal(
        tool(bed, DORMOUSE_PUB, {"--discover", "225.1.1.1:1900", "-q", "1", "-t", "a", "-m", "y"}).wait(), 0);
    assert_true(witness.wait_for(2));
}

void tool_that_finds_nobody_says_so(Bed& bed) {
    bed.start_broker();
    struct Row {
        std::vector<std::string> how;
        int code;
        const char* says;
    };
    for (const Row& row :
         {Row{{"--discover", "225.1.1.1:1999", "-W", "1"}, 1, "no gateway answers at 225.1.1.1:1999"},
          Row{{"--discover", "225.1.1.1:1999", "--interface", "eth7"}, 1, "--interface eth7"},
          Row{{"--discover", "[ff02::1%eth7]:1999"}, 2, "is not ADDRESS:PORT"},
          Row{{"--discover", "localhost:1999"}, 2, "is not ADDRESS:PORT"},
          Row{{"--discover", "225.1.1.1"}, 2, "is not ADDRESS:PORT"}}) {
        std::vector<std::string> arguments{"-t", "a", "-m", "x"};
        arguments.insert(arguments.end(), row.how.begin(), row.how.end());
        Tool& pub = tool(bed, DORMOUSE_PUB, arguments);
        assert_int_equal(pub.wait(row.code), row.code);
        assert_int_equal(test::count_of(pub.errors(), "\n"), 1);
        if (pub.errors().find(row.says) == std::string::npos) {
            assert_string_equal(pub.errors().c_str(), row.says);
        }
    }
    Tool& waiting = tool(bed, DORMOUSE_SUB, {"-d", "--discover", "225.1.1.1:1999", "-t", "a"});
    assert_true(wait_until(kAnswerMs, [&] { return test::count_of(waiting.errors(), "SEARCHGW") > 0; }));
    waiting.process.signal(SIGTERM);
    assert_int_equal(waiting.wait(1), 1);
}

// Without a connection, and with the gateway of the run before it: no search at all.
void tools_find_the_gateway_for_qos_minus_one_and_remember_it_in_their_state(Bed& bed) {
    bed.start_broker();
    bed.gateway.options.broker_url = bed.broker.url();
    set_discovery(bed.gateway, 5,
                  "group = \"225.1.1.1:1900\"\n[[predefined_topic]]\nid = 7\ntopic = \"tools/seven\"\n");
    bed.gateway.options.listen_keys = "qos_minus_one = \"all\"";
    Observer& witness = bed.observe({"#"});
    start_with_own_session(bed.gateway);
    const std::vector<std::string> by_group{"-d", "--discover", "225.1.1.1:1900", "-m", "x"};
    std::vector<std::string> arguments{"-q", "-1", "--predefined", "7"};
    arguments.insert(arguments.end(), by_group.begin(), by_group.end());
    assert_int_equal(tool(bed, DORMOUSE_PUB, arguments).wait(), 0);
    assert_true(wait_until(kAnswerMs, [&] { return !witness.payloads("tools/seven").empty(); }));
    arguments = {"-q", "1", "-t", "a", "-i", "seeker", "--state", bed.folder.file("session")};
    arguments.insert(arguments.end(), by_group.begin(), by_group.end());
    for (const int searches : {1, 0}) {
        Tool& pub = tool(bed, DORMOUSE_PUB, arguments);
        assert_int_equal(pub.wait(), 0);
        assert_int_equal(test::count_of(pub.errors(), "> SEARCHGW"), searches);
    }
    assert_true(wait_until(kAnswerMs, [&] { return witness.payloads("a").size() == 2; }));
    // It is gone, and another one is there.
    bed.gateway.kill();
    GatewayProcess& other = bed.another_gateway();
    set_discovery(other, 6, "group = \"225.1.1.1:1900\"\n");
    start_with_own_session(other);
    arguments.insert(arguments.end(), {"--retry", "0.2", "--retries", "1"});
    assert_int_equal(tool(bed, DORMOUSE_PUB, arguments).wait(), 0);
    assert_true(wait_until(kAnswerMs, [&] { return witness.payloads("a").size() == 3; }));
}

// SN12-54: a device that knows several gateways goes to the next when its own is gone.
void tool_goes_on_with_the_other_gateway_when_the_first_is_killed(Bed& bed) {
    bed.start_broker();
    bed.gateway.options.broker_url = bed.broker.url();
    const std::string lines = "group = \"225.1.1.1:1900\"\nadvertise = true\ninterval = \"1s\"\n";
    set_discovery(bed.gateway, 5, lines);
    GatewayProcess& other = bed.another_gateway();
    set_discovery(other, 6, lines);
    start_with_own_session(bed.gateway);
    start_with_own_session(other);
    Tool& sub = tool(bed, DORMOUSE_SUB, {"-d",        "--discover", "225.1.1.1:1900",
                                         "-i",        "seeker",     "-k",
                                         "1",         "--retry",    "0.3",
                                         "--retries", "2",          "-c",
                                         "-q",        "1",          "-t",
                                         "a",         "-C",         "1",
                                         "-W",        "60"});
    bed.await_broker_log("Sending SUBACK to seeker");
    const bool first = test::count_of(bed.gateway.log_text(), "client=seeker") > 0;
    GatewayProcess& in_use = first ? bed.gateway : other;
    GatewayProcess& spare = first ? other : bed.gateway;
    assert_true(wait_until(kAnswerMs, [&] {
        return test::count_of(sub.errors(), "< ADVERTISE gateway=5") > 0 &&
               test::count_of(sub.errors(), "< ADVERTISE gateway=6") > 0;
    }));
    in_use.kill();
    assert_true(spare.wait_for_log("client=seeker", 1, 60000));
    bed.await_broker_log("Sending SUBACK to seeker", 2);
    bed.publish("a", "x", 1);
    assert_int_equal(sub.wait(), 0);
}

// SN12-54: several gateways, here on one host; each hears of the other and says so once.
void two_gateways_answer_and_hear_each_other(Bed& bed) {
    bed.start_broker();
    bed.gateway.options.broker_url = bed.broker.url();
    const std::string lines = "group = \"225.1.1.1:1900\"\nadvertise = true\ninterval = \"1s\"\n";
    set_discovery(bed.gateway, 5, lines);
    GatewayProcess& other = bed.another_gateway();
    set_discovery(other, 6, lines);
    start_with_own_session(bed.gateway);
    start_with_own_session(other);
    const std::vector<Heard> answers = search(speaking(bed, false), kGroup4, 1900, 2);
    assert_int_equal(answers.size(), 2);
    std::set<std::string> ids;
    for (const Heard& answer : answers) {
        ids.insert(octets_of(answer));
    }
    assert_true(ids == (std::set<std::string>{"03 02 05", "03 02 06"}));
    assert_true(bed.gateway.wait_for_log(
        "another gateway is there from=10.45.0.1:" + std::to_string(other.port()) + " gateway=6"));
    assert_true(other.wait_for_log(
        "another gateway is there from=10.45.0.1:" + std::to_string(bed.gateway.port()) + " gateway=5"));
    // A third one with an id that is taken.
    GatewayProcess& third = bed.another_gateway();
    set_discovery(third, 6, lines);
    third.options.sections = "[gateway]\nid = 6\nname = \"third\"\n[discovery]\n" + lines;
    start_with_own_session(third);
    assert_true(other.wait_for_log("two gateways have the same id"));
    assert_true(third.wait_for_log("two gateways have the same id"));
    assert_true(bed.gateway.wait_for_log("two gateways have the same id"));
    Heard heard;
    MulticastPeer& group = hearing(bed, kGroup4, 1900);
    for (int i = 0; i < 9; ++i) {
        assert_true(group.receive(heard, kAnswerMs));  // each goes on
    }
    for (GatewayProcess* const gateway : {&bed.gateway, &other, &third}) {
        assert_int_equal(test::count_of(gateway->log_text(), "two gateways have the same id"), 1);
    }
}

// SN12-55
void stand_by_gateway_takes_over_when_the_first_is_killed_and_gives_back(Bed& bed) {
    bed.start_broker();
    bed.gateway.options.broker_url = bed.broker.url();
    const std::string lines = "group = \"225.1.1.1:1900\"\nadvertise = true\ninterval = \"1s\"\n";
    set_discovery(bed.gateway, 5, lines);
    GatewayProcess& standby = bed.another_gateway();
    set_discovery(standby, 6, lines + "standby_for = 5\n");
    start_with_own_session(bed.gateway);
    start_with_own_session(standby);
    MulticastPeer& group = hearing(bed, kGroup4, 1900);
    const auto next_from = [&](const GatewayProcess& gateway) {
        Heard heard;
        return wait_until(kAnswerMs,
                          [&] { return group.receive(heard, 100) && heard.port == gateway.port(); });
    };
    assert_true(standby.wait_for_log("another gateway is there"));
    assert_true(next_from(bed.gateway));
    const std::vector<Heard> before = search(speaking(bed, false), kGroup4, 1900, 1);
    assert_int_equal(before.size(), 1);
    assert_int_equal(before[0].port, bed.gateway.port());

    bed.gateway.kill();
    assert_true(standby.wait_for_log("stand-by gateway takes over"));
    assert_true(next_from(standby));
    const std::vector<Heard> while_away = search(speaking(bed, false), kGroup4, 1900, 1);
    assert_int_equal(while_away.size(), 1);
    assert_string_equal(octets_of(while_away[0]).c_str(), "03 02 06");

    bed.start_gateway();
    assert_true(standby.wait_for_log("stand-by gateway is silent again"));
    assert_true(next_from(bed.gateway));
    const std::vector<Heard> after = search(speaking(bed, false), kGroup4, 1900, 1);
    assert_int_equal(after.size(), 1);
    assert_int_equal(after[0].port, bed.gateway.port());
}

// SN12-53
void gateway_without_its_broker_is_silent_until_it_is_back(Bed& bed) {
    bed.start_broker();
    bed.gateway.options.broker_url = bed.broker.url();
    set_discovery(bed.gateway, 5, "group = \"225.1.1.1:1900\"\nadvertise = true\ninterval = \"1s\"\n");
    start_with_own_session(bed.gateway);
    MulticastPeer& group = hearing(bed, kGroup4, 1900);
    Heard heard;
    assert_true(group.receive(heard, kAnswerMs));
    bed.broker.kill();
    assert_true(bed.gateway.wait_for_log("own session is down"));
    while (group.receive(heard, 0)) {
    }
    assert_int_equal(search(speaking(bed, false), kGroup4, 1900, 0).size(), 0);
    assert_false(group.receive(heard, 1500) && heard.port == bed.gateway.port());  // only our own SEARCHGW
    bed.start_broker();
    assert_true(bed.gateway.wait_for_log("own session is up", 2, 60000));
    assert_true(
        wait_until(kAnswerMs, [&] { return group.receive(heard, 100) && heard.port == bed.gateway.port(); }));
    assert_int_equal(search(speaking(bed, false), kGroup4, 1900, 1).size(), 1);
}

// A network that is not there: one line, and everything else goes on.
void group_that_cannot_be_joined_is_a_warning_and_the_gateway_runs_on(Bed& bed) {
    bed.start_broker();
    bed.gateway.options.broker_url = bed.broker.url();
    set_discovery(bed.gateway, 5,
                  "group = [\"225.1.1.1:1900\", \"10.99.0.255:1900\"]\ninterface = \"eth7\"\n"
                  "advertise = true\ninterval = \"1s\"\n");
    start_with_own_session(bed.gateway);
    assert_true(bed.gateway.wait_for_log("this host has no interface eth7", 2));
    UdpDevice& device = bed.device("d1");
    device.connect();
    device.ping();
    assert_int_equal(test::count_of(bed.gateway.log_text(), "no interface eth7"), 2);
}

}  // namespace
}  // namespace e2e

int main() {
    using namespace e2e;
    if (!test::enter_network_namespace()) {
        return 1;
    }
    const CMUnitTest tests[] = {
        BED_TEST(gateway_advertises_on_every_group_from_its_listener),
        BED_TEST(search_is_answered_once_by_every_way),
        BED_TEST(gateway_without_a_config_of_discovery_is_found_by_the_tools),
        BED_TEST(tools_find_the_gateway_by_ipv6_and_by_broadcast),
        BED_TEST(tool_asks_again_and_takes_what_the_group_says),
        BED_TEST(tool_that_finds_nobody_says_so),
        BED_TEST(tools_find_the_gateway_for_qos_minus_one_and_remember_it_in_their_state),
        BED_TEST(tool_goes_on_with_the_other_gateway_when_the_first_is_killed),
        BED_TEST(two_gateways_answer_and_hear_each_other),
        BED_TEST(stand_by_gateway_takes_over_when_the_first_is_killed_and_gives_back),
        BED_TEST(gateway_without_its_broker_is_silent_until_it_is_back),
        BED_TEST(group_that_cannot_be_joined_is_a_warning_and_the_gateway_runs_on),
    };
    return cmocka_run_group_tests_name("e2e.discovery", tests, nullptr, nullptr);
}
