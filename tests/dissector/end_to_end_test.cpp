// SPDX-License-Identifier: BSD-3-Clause
//
// What the plugin tells of the real gateway's conversations: nothing to complain of in good ones, and in bad
// ones just what was done to them. A warning here is a mistake of the gateway, of the test's device, or of
// the plugin.
#include <arpa/inet.h>
#include <unistd.h>

#include <cstdio>

#include "dissector/told.hpp"
#include "e2e/bed.hpp"
#include "e2e/lossy_proxy.hpp"
#include "lossy/pcap_writer.hpp"
#include "support/multicast_peer.hpp"
#include "support/network_namespace.hpp"

namespace e2e {
namespace {

using dissector::Packet;
using Counts = std::map<std::string, int>;
using Packets = std::vector<Packet>;

constexpr const char* kPredefined = "[[predefined_topic]]\nid = 7\ntopic = \"fixed/seven\"\n";

struct Tap {
    Proxy proxy;
    std::string capture;
};

/// mqttsn-lossy between the devices and the gateway, which writes down what passes.
Tap start_tap(Bed& bed, std::vector<std::string> link = {}) {
    Tap tap;
    tap.capture = bed.folder.file("capture.pcap");
    link.insert(link.end(), {"--pcap", tap.capture, "--json"});
    tap.proxy = start_proxy(bed, link);
    return tap;
}

UdpDevice& device_at(Bed& bed, std::uint16_t port, const std::string& client_id) {
    UdpDevice& device = bed.device(client_id);
    test::require(device.open(port), "no socket");
    return device;
}

enum class Side { devices, gateway };

/// What was seen on one side of the proxy, which ends with this.
Packets seen(Bed& bed, const Tap& tap, Side side = Side::devices,
             const std::vector<std::string>& arguments = {}) {
    if (tap.proxy.tool->process.running()) {
        stop_proxy(tap.proxy);
    }
    Packets packets =
        dissector::told(tap.capture, side == Side::devices ? tap.proxy.port : bed.gateway.port(), arguments);
    test::require(!packets.empty(), "no packets");
    return packets;
}

std::string text_of(const Counts& counts) {
    std::string text;
    for (const auto& [expert, count] : counts) {
        text += expert + " x" + std::to_string(count) + " ";
    }
    return text;
}

void require_counts(const Packets& packets, const Counts& got, const Counts& wanted, Where where) {
    if (got != wanted) {
        std::fputs(dissector::show(packets).c_str(), stderr);  // longer than what a test may say at its end
        test::fail_at(where, "told is: " + text_of(got) + "; expected: " + text_of(wanted));
    }
}
/// Exactly these expert infos of any severity.
void require_experts(const Packets& packets, const Counts& wanted, Where where = Where::here()) {
    require_counts(packets, dissector::experts_of(packets), wanted, where);
}

/// No warning, no error, every request has its answer: but a PUBREL that meets the DISCONNECT of a device
/// that has its message and leaves.
void require_good(const Packets& packets, Where where = Where::here()) {
    require_counts(packets, dissector::warnings_of(packets), {}, where);
    for (const Packet& packet : packets) {
        const bool left = packet.at("type") == "0x10" && packet.at("state") == "1";
        test::require(left || !packet.has("unanswered"), "no answer to\n" + packet.text, where);
    }
}

/// Nobody is a stranger, every topic id has its name, every acknowledgement its request.
void require_told_in_full(const Packets& packets, Where where = Where::here()) {
    for (const Packet& packet : packets) {
        test::require(packet.has("client"), "whose is this?\n" + packet.text, where);
        const bool publish = packet.at("type") == "0x0c";
        test::require(!publish || packet.has("topic"), "which topic?\n" + packet.text, where);
        const std::string kind = packet.info.substr(0, packet.info.find(' '));
        for (const char* answer :
             {"CONNACK", "REGACK", "PUBACK", "PUBREC", "PUBCOMP", "SUBACK", "UNSUBACK", "PINGRESP"}) {
            test::require(kind != answer || packet.has("response_to"), "to what?\n" + packet.text, where);
        }
    }
}

/// Everything that a device does on a good day: all QoS both ways, will, all kinds of topics, sleep.
void live_a_day(Bed& bed, UdpDevice& device) {
    const std::string name = device.client_id();
    device.predefined[7] = "fixed/seven";
    device.connect({.clean = true, .will_topic = name + "/will", .will_payload = "gone", .will_qos = 1});
    const std::uint16_t topic = device.register_topic(name + "/up");
    for (const int qos : {0, 1, 2}) {
        device.publish(static_cast<mqttsn::Qos>(qos), topic, "up " + std::to_string(qos));
        device.publish(static_cast<mqttsn::Qos>(qos), 7, "x", TopicIdType::predefined);
        device.publish(static_cast<mqttsn::Qos>(qos), short_id("ab"), "x", TopicIdType::short_name);
    }
    device.ping();
    device.subscribe(name + "/down", 2);
    device.subscribe(name + "/many/#", 1);
    device.subscribe_id(TopicIdType::predefined, 7, 1);
    device.subscribe_id(TopicIdType::short_name, short_id("cd"), 1);
    for (const int qos : {0, 1, 2}) {
        bed.publish(name + "/down", "down " + std::to_string(qos), qos);
        bed.publish(name + "/many/" + std::to_string(qos), "x", qos);
    }
    bed.publish("fixed/seven", "x", 1);
    bed.publish("cd", "x", 1);
    test::require(device.collect(8), "messages are missing");
    device.unsubscribe(name + "/many/#");
    device.disconnect();
}

void sleep_and_wake(Bed& bed, UdpDevice& device) {
    const std::string name = device.client_id();
    device.connect({.clean = false});
    device.subscribe(name + "/down", 1);
    device.subscribe(name + "/new/+", 1);
    device.inbox.clear();
    for (int cycle = 0; cycle < 3; ++cycle) {
        device.sleep(600);
        bed.publish(name + "/down", "for the sleeper", cycle % 3);
        bed.publish(name + "/new/" + std::to_string(cycle), "x", 1);
        bed.await_broker_log("Sending PUBLISH to " + name + " (d0, q1", cycle + 1);
        device.send(mqttsn::make_pingreq(view(name)));
        device.await(MessageType::pingresp, 30000);
        ::usleep(50'000);
    }
    device.connect({.clean = false});
    device.disconnect();
}

void good_days_show_no_warning_and_all_names(Bed& bed) {
    bed.gateway.options.sections = kPredefined;
    bed.start();
    const Tap tap = start_tap(bed);
    live_a_day(bed, device_at(bed, tap.proxy.port, "ada"));
    live_a_day(bed, device_at(bed, tap.proxy.port, "bob"));
    sleep_and_wake(bed, device_at(bed, tap.proxy.port, "cid"));
    const std::string names = "uat:mqttsnx_predefined_topics:\"\",\"\",\"7\",\"fixed/seven\"";
    for (const Side side : {Side::devices, Side::gateway}) {
        const Packets packets = seen(bed, tap, side, {"-o", names});
        require_good(packets);
        require_told_in_full(packets);
    }
}

void devices_behind_a_forwarder_are_known_by_their_names(Bed& bed) {
    bed.gateway.options.sections = kPredefined;
    bed.start();
    const Tap tap = start_tap(bed);
    bed.forwarders.push_back(std::make_unique<test::Forwarder>(3));
    test::Forwarder& forwarder = *bed.forwarders.back();
    test::require(forwarder.start(tap.proxy.port), "no forwarder");
    live_a_day(bed, device_at(bed, forwarder.port(), "fay"));
    live_a_day(bed, device_at(bed, forwarder.port(), "gus"));
    const Packets packets = seen(bed, tap, Side::devices,
                                 {"-o", "uat:mqttsnx_predefined_topics:\"\",\"\",\"7\",\"fixed/seven\""});
    require_good(packets);
    require_told_in_full(packets);
    for (const Packet& packet : packets) {
        test::require(packet.has("envelope.node_id"), packet.text);
    }
}

void our_tools_show_no_warning(Bed& bed) {
    bed.start();
    const Tap tap = start_tap(bed);
    const std::string port = std::to_string(tap.proxy.port);
    const auto tool = [&](const std::string& program, std::vector<std::string> arguments) -> Tool& {
        arguments.insert(arguments.begin(), {program, "-h", "127.0.0.1", "-p", port});
        bed.tools.push_back(std::make_unique<Tool>());
        test::ProcessOptions options;
        options.command = arguments;
        options.output_path = bed.tools.back()->folder.file("output");
        options.error_path = bed.tools.back()->folder.file("errors");
        test::require(bed.tools.back()->process.start(options), "cannot start");
        return *bed.tools.back();
    };
    Tool& listener = tool(DORMOUSE_SUB, {"-i", "listener", "-q", "2", "-t", "tools/#", "-C", "3"});
    bed.await_broker_log("Sending SUBACK to listener");
    for (const char* qos : {"0", "1", "2"}) {
        assert_int_equal(tool(DORMOUSE_PUB, {"-i", std::string("speaker-") + qos, "-q", qos, "-t",
                                             std::string("tools/") + qos, "-m", "hello"})
                             .wait(),
                         0);
    }
    assert_int_equal(tool(DORMOUSE_PUB, {"-q", "-1", "--short", "-t", "ab", "-m", "no connection"}).wait(),
                     0);
    assert_int_equal(listener.wait(), 0);
    const Packets packets = seen(bed, tap);
    require_good(packets);
    int publishes = 0;
    for (const Packet& packet : packets) {
        publishes += packet.at("topic").starts_with("tools/") && packet.at("type") == "0x0c" ? 1 : 0;
    }
    test::require(publishes == 6, "three up, three down\n" + dissector::show(packets));
}

mqttsn::gateway::Endpoint endpoint(const std::string& ipv4, std::uint16_t port) {
    mqttsn::gateway::Endpoint out;
    test::require(::inet_pton(AF_INET6, ("::ffff:" + ipv4).c_str(), out.address.data()) == 1, ipv4);
    out.port = port;
    return out;
}

// What goes to a group passes no proxy: the test writes down what it hears and says.
void gateways_that_advertise_and_are_searched_show_no_warning(Bed& bed) {
    constexpr const char* kGroup = "225.1.1.1";
    bed.start_broker();
    bed.gateway.choose_port();
    const std::uint16_t port = bed.gateway.port();
    bed.gateway.options.listen = {"udp://0.0.0.0:{port}"};
    bed.gateway.options.sections =
        "[gateway]\nid = 5\n[discovery]\ninterface = \"dm0\"\ngroup = \"225.1.1.1:{port}\"\n"
        "advertise = true\ninterval = \"1s\"\n";
    const auto group = std::make_shared<test::MulticastPeer>();
    const auto device = std::make_shared<test::MulticastPeer>();
    bed.kept.insert(bed.kept.end(), {group, device});
    assert_true(group->listen(kGroup, port, test::kTestInterface));
    assert_true(device->open(false, test::kTestInterface, test::kTestAddress));
    bed.start_gateway();

    const auto capture = std::make_shared<mqttsn::lossy::PcapWriter>();
    bed.kept.push_back(capture);
    const std::string path = bed.folder.file("discovery.pcap");
    assert_string_equal(capture->open(path, mqttsn::lossy::Micros{0}).c_str(), "");
    std::int64_t seconds = 0;
    const auto write = [&](const mqttsn::gateway::Endpoint& from, const mqttsn::gateway::Endpoint& to,
                           const std::string& octets) {
        capture->write(std::chrono::seconds{++seconds}, from, to, view(octets));
    };
    test::Heard heard;
    const auto write_advertise = [&] {
        assert_true(group->receive(heard, test::kAnswerMs));
        write(endpoint(heard.host, heard.port), endpoint(kGroup, port), heard.octets);
    };
    write_advertise();
    write_advertise();
    const std::string search("\x03\x01\x01", 3);
    assert_true(device->send(search, kGroup, port));
    write(endpoint(test::kTestAddress, device->port()), endpoint(kGroup, port), search);
    assert_true(device->receive(heard, test::kAnswerMs));
    write(endpoint(heard.host, heard.port), endpoint(test::kTestAddress, device->port()), heard.octets);
    capture->flush();

    const Packets packets = dissector::told(path, port);
    assert_int_equal(packets.size(), 4);
    require_experts(packets, {});
    assert_string_equal(packets[2].at("response_in").c_str(), "4");
    assert_string_equal(packets[3].at("gw_id").c_str(), "5");
}

// ---- what is done to a conversation, and what is told of it

/// A device that is connected and has topic id `topic`.
UdpDevice& start_device(Bed& bed, const Tap& tap, std::uint16_t& topic) {
    UdpDevice& device = device_at(bed, tap.proxy.port, "dev");
    device.connect();
    topic = device.register_topic("t");
    return device;
}

void a_repeated_publish_and_its_two_answers(Bed& bed) {
    bed.start();
    const Tap tap = start_tap(bed);
    std::uint16_t topic = 0;
    UdpDevice& device = start_device(bed, tap, topic);
    device.send_publish(1, topic, 50, "x");
    device.expect(MessageType::puback);
    device.send_publish(1, topic, 50, "x", true);
    device.expect(MessageType::puback);
    device.disconnect();
    require_experts(seen(bed, tap), {{"retransmission", 1}, {"response_duplicate", 1}});
}

void a_device_that_is_slow_to_answer_gets_it_again(Bed& bed) {
    bed.gateway.options.retry_interval = "300ms";
    bed.start();
    const Tap tap = start_tap(bed);
    std::uint16_t topic = 0;
    UdpDevice& device = start_device(bed, tap, topic);
    device.subscribe("down", 1);
    bed.publish("down", "x", 1);
    device.expect(MessageType::publish);
    const mqttsn::Message again = device.expect(MessageType::publish);
    assert_true(again.flags.dup());
    device.answer(again);
    device.disconnect();
    require_experts(seen(bed, tap), {{"retransmission", 1}});
}

void what_is_lost_on_its_way_up_has_no_answer_on_the_devices_side_and_is_not_there_on_the_gateways(Bed& bed) {
    bed.start();
    const Tap tap = start_tap(bed, {"--up-loss", "100%"});
    UdpDevice& device = device_at(bed, tap.proxy.port, "dev");
    const auto connect = mqttsn::make_connect(Flags{}.with_clean_session(true), 60, view("dev"));
    device.send(connect);
    device.expect_nothing(50);
    device.send(connect);
    device.expect_nothing(50);
    const Packets packets = seen(bed, tap);
    assert_int_equal(packets.size(), 2);
    require_experts(packets, {{"retransmission", 1}, {"request_unanswered", 2}});
}

void an_unknown_topic_id_and_what_the_gateway_says_of_it(Bed& bed) {
    bed.start();
    const Tap tap = start_tap(bed);
    std::uint16_t topic = 0;
    UdpDevice& device = start_device(bed, tap, topic);
    device.send_publish(1, 4000, 50, "x");
    device.expect(MessageType::puback);
    device.disconnect();
    require_experts(seen(bed, tap), {{"topic_id_unknown", 1}, {"return_code_rejected", 1}});
}

void publishing_after_disconnect(Bed& bed) {
    bed.start();
    const Tap tap = start_tap(bed);
    std::uint16_t topic = 0;
    UdpDevice& device = start_device(bed, tap, topic);
    device.disconnect();
    device.send_publish(0, short_id("ab"), 0, "x", false, TopicIdType::short_name);
    device.expect(MessageType::disconnect);
    require_experts(seen(bed, tap), {{"not_connected", 1}});
}

void an_acknowledgement_of_another_topic_and_one_of_nothing(Bed& bed) {
    bed.start();
    const Tap tap = start_tap(bed);
    std::uint16_t topic = 0;
    UdpDevice& device = start_device(bed, tap, topic);
    const std::uint16_t down = device.subscribe("down", 1);
    bed.publish("down", "x", 1);
    const std::uint16_t message_id = device.expect(MessageType::publish).message_id;
    device.send(mqttsn::make_puback(static_cast<std::uint16_t>(down + 1), message_id, ReturnCode::accepted));
    device.register_topic("one");  // the acknowledgement has got there
    device.send(mqttsn::make_puback(down, static_cast<std::uint16_t>(message_id + 1), ReturnCode::accepted));
    device.register_topic("two");
    device.disconnect();
    require_experts(seen(bed, tap), {{"ack_topic_differs", 1}, {"response_unexpected", 1}});
}

void octets_after_the_message_and_types_that_do_not_exist(Bed& bed) {
    bed.start();
    const Tap tap = start_tap(bed);
    std::uint16_t topic = 0;
    UdpDevice& device = start_device(bed, tap, topic);
    device.send_octets(view(test::hex("02 16 FF")));  // PINGREQ and an octet
    device.send_octets(view(test::hex("03 03 00")));
    device.send_octets(view(test::hex("05 FE 00 00 01")));
    device.expect_nothing(100);
    device.disconnect();
    require_experts(
        seen(bed, tap),
        {{"trailing_octets", 1}, {"type_reserved", 1}, {"envelope_empty", 1}, {"request_unanswered", 1}});
}

// The gateway and our tools over a link that loses, doubles and reorders: whatever is told is a consequence
// of that.
void a_bad_link_is_no_fault_of_gateway_and_tools(Bed& bed) {
    bed.gateway.options.retry_interval = "200ms";
    bed.start();
    const Tap tap = start_tap(bed, {"--loss", "15%", "--duplicate", "5%", "--seed", "3"});
    std::vector<Tool*> tools;
    for (const char* qos : {"1", "2"}) {
        bed.tools.push_back(std::make_unique<Tool>());
        Tool& tool = *bed.tools.back();
        test::ProcessOptions options;
        options.command = {DORMOUSE_PUB,
                           "-h",
                           "127.0.0.1",
                           "-p",
                           std::to_string(tap.proxy.port),
                           "-i",
                           std::string("q") + qos,
                           "-q",
                           qos,
                           "-t",
                           std::string("lossy/") + qos,
                           "--retry",
                           "0.2",
                           "--retries",
                           "50",
                           "-l"};
        options.output_path = tool.folder.file("output");
        options.error_path = tool.folder.file("errors");
        options.with_input = true;
        test::require(tool.process.start(options), "cannot start mqttsn-pub");
        std::string lines;
        for (const std::string& line : numbered("m", 30)) {
            lines += line + "\n";
        }
        test::require(tool.process.write(lines), "it does not read");
        tool.process.close_input();
        tools.push_back(&tool);
    }
    for (Tool* tool : tools) {
        assert_int_equal(tool->wait(0, 60000), 0);
    }
    for (const Side side : {Side::devices, Side::gateway}) {
        const Packets packets = seen(bed, tap, side);
        const Counts warnings = dissector::warnings_of(packets);
        require_counts(packets, warnings, {}, Where::here());
        test::require(dissector::experts_of(packets)["retransmission"] > 5, "nothing was repeated");
    }
}

}  // namespace
}  // namespace e2e

int main() {
    using namespace e2e;
    if (!test::enter_network_namespace()) {
        return 1;
    }
    const CMUnitTest tests[] = {
        BED_TEST(good_days_show_no_warning_and_all_names),
        BED_TEST(devices_behind_a_forwarder_are_known_by_their_names),
        BED_TEST(our_tools_show_no_warning),
        BED_TEST(gateways_that_advertise_and_are_searched_show_no_warning),
        BED_TEST(a_repeated_publish_and_its_two_answers),
        BED_TEST(a_device_that_is_slow_to_answer_gets_it_again),
        BED_TEST(
            what_is_lost_on_its_way_up_has_no_answer_on_the_devices_side_and_is_not_there_on_the_gateways),
        BED_TEST(an_unknown_topic_id_and_what_the_gateway_says_of_it),
        BED_TEST(publishing_after_disconnect),
        BED_TEST(an_acknowledgement_of_another_topic_and_one_of_nothing),
        BED_TEST(octets_after_the_message_and_types_that_do_not_exist),
        BED_TEST(a_bad_link_is_no_fault_of_gateway_and_tools),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
