// SPDX-License-Identifier: BSD-3-Clause
//
// How the gateway starts, and what it says when it cannot: port taken, config wrong, broker not there,
// password or certificate wrong. One line that says what to do; a broker that is not there does not stop it.
#include <sys/stat.h>

#include <cstring>
#include <sstream>

#include "bed.hpp"
#include "support/certificates.hpp"

namespace e2e {
namespace {

/// Lines of the gateway's log at level warn or error.
std::vector<std::string> complaints(const Bed& bed) {
    std::vector<std::string> all;
    std::istringstream text(bed.gateway.log_text());
    std::string line;
    while (std::getline(text, line)) {
        if (line.find("Z error ") != std::string::npos || line.find("Z warn ") != std::string::npos) {
            all.push_back(line);
        }
    }
    return all;
}

std::string lines_with(const Bed& bed, const std::string& text, std::size_t& count) {
    std::string found;
    count = 0;
    for (const std::string& line : complaints(bed)) {
        if (line.find(text) != std::string::npos) {
            found = line;
            ++count;
        }
    }
    return found;
}

void port_that_is_taken_ends_the_gateway_with_one_line_and_exit_1(Bed& bed) {
    bed.start();
    assert_true(bed.process().start(
        {.command = {DORMOUSE_GATEWAY, "--listen", "udp://127.0.0.1:" + std::to_string(bed.gateway.port()),
                     "--broker", bed.broker.url()},
         .output_path = bed.folder.file("out"),
         .error_path = bed.folder.file("err")}));
    assert_int_equal(bed.processes.back()->wait(test::kAnswerMs).value_or(-1), 1);
    const std::string said = test::read_file(bed.folder.file("err"));
    assert_int_equal(test::count_of(said, "\n"), 1);
    assert_non_null(std::strstr(said.c_str(), std::to_string(bed.gateway.port()).c_str()));
    UdpDevice& device = bed.device("dev");  // the first one has not noticed
    device.connect();
}

// FAULT-100
void config_error_is_told_with_file_line_and_column_and_exit_2(Bed& bed) {
    bed.gateway.options.broker_url = "mqtt://127.0.0.1:1883";
    bed.gateway.options.sections = "[limits]\nuplink_window = 0\nuplink_windwo = 3\n";
    assert_true(bed.gateway.launch());
    assert_int_equal(bed.gateway.wait(test::kAnswerMs).value_or(-1), 2);
    const std::string said = bed.gateway.log_text();
    const std::string config = test::read_file(bed.gateway.config_path());
    const std::string before = config.substr(0, config.find("uplink_window"));
    const std::string line = std::to_string(test::count_of(before, "\n") + 1);
    const std::string next = std::to_string(test::count_of(before, "\n") + 2);
    assert_non_null(std::strstr(
        said.c_str(), (bed.gateway.config_path() + ":" + line + ":17: limits.uplink_window: ").c_str()));
    assert_non_null(std::strstr(said.c_str(), (bed.gateway.config_path() + ":" + next + ":1: ").c_str()));
    assert_non_null(std::strstr(said.c_str(), "did you mean \"uplink_window\"?"));  // the suggestion
    assert_int_equal(test::count_of(said, "\n"), 2);
}

void config_that_is_not_there_and_unknown_options_are_usage_errors(Bed& bed) {
    const std::vector<std::vector<std::string>> wrong{{"-c", bed.folder.file("nothing.toml")},
                                                      {"--lissten", "udp://127.0.0.1:1"},
                                                      {"--broker", "http://x"},
                                                      {"--log-level", "loud"}};
    for (const auto& words : wrong) {
        test::ProcessOptions options;
        options.command = {DORMOUSE_GATEWAY};
        options.command.insert(options.command.end(), words.begin(), words.end());
        assert_true(bed.process().start(options));
        assert_int_equal(bed.processes.back()->wait(test::kAnswerMs).value_or(-1), 2);
    }
}

// FAULT-100
void check_config_says_ok_and_starts_nothing(Bed& bed) {
    bed.gateway.options.broker_url = "mqtt://127.0.0.1:1883";
    bed.gateway.options.arguments = {"--check-config"};
    assert_true(bed.gateway.launch());
    assert_int_equal(bed.gateway.wait(test::kAnswerMs).value_or(-1), 0);
}

// SN12-62, FAULT-72: congestion, because later it may work; and then it does, without a restart.
void unreachable_broker_does_not_stop_the_gateway(Bed& bed) {
    bed.start_broker();
    bed.broker.kill();  // now its port is known and closed
    bed.start_gateway();
    UdpDevice& device = bed.device("dev");
    assert_int_equal(device.try_connect({}), ReturnCode::congestion);
    std::size_t count = 0;
    lines_with(bed, bed.broker.url(), count);
    assert_true(count >= 1);
    bed.start_broker();
    device.connect();
    device.publish(1, device.register_topic("up/x"), "at last");
    assert_true(wait_until(
        20000, [&] { return test::retained_message(bed.broker, "mqttsn/gateway/1/status") == "online"; }));
}

void use_password(Bed& bed, const std::string& password) {
    const std::string path = bed.gateway.folder().file("password");
    assert_true(test::write_file(path, password + "\n"));
    ::chmod(path.c_str(), 0600);
    bed.gateway.options.broker_keys = "username = \"gateway\"\npassword_file = \"password\"";
}

// 4.2 of the protocol notes: trying again does not help, so CONNACK 03.
// FAULT-54, FAULT-75, TRAP-56
void bad_credentials_are_refused_with_not_supported_and_a_log_line(Bed& bed) {
    bed.broker.options.users = {{"gateway", "right"}};
    use_password(bed, "wrong");
    bed.start();
    UdpDevice& device = bed.device("dev");
    assert_int_equal(device.try_connect({}), ReturnCode::not_supported);
    std::size_t count = 0;
    const std::string line = lines_with(bed, "client=dev", count);
    assert_int_equal(count, 1);
    assert_non_null(std::strstr(line.c_str(), "broker.username"));
    assert_null(std::strstr(bed.gateway.log_text().c_str(), "wrong"));  // passwords are nobody's business
}

void good_credentials_work(Bed& bed) {
    bed.broker.options.users = {{"gateway", "right"}};
    use_password(bed, "right");
    bed.start();
    Observer& witness = bed.observe({"up/#"}, {.username = "gateway", .password = "right"});
    UdpDevice& device = bed.device("dev");
    device.connect();
    device.publish(1, device.register_topic("up/x"), "allowed");
    assert_true(witness.wait_for(1));
}

void make_tls_broker(Bed& bed, test::CertificateAuthority& authority) {
    assert_true(bed.broker.make_folder());
    const std::string base = bed.broker.folder();
    assert_true(authority.create(base + "/ca", "Right CA"));
    assert_true(authority.issue(base + "/server", {}));
    bed.broker.options.tls_certificate = base + "/server.crt";
    bed.broker.options.tls_key = base + "/server.key";
    bed.start_broker();
    bed.gateway.options.broker_url = bed.broker.tls_url();
}

void mqtts_with_the_right_authority_works_end_to_end(Bed& bed) {
    test::CertificateAuthority authority;
    make_tls_broker(bed, authority);
    bed.gateway.options.broker_keys = "ca_file = \"" + bed.broker.folder() + "/ca.crt\"";
    bed.start_gateway();
    Observer& witness = bed.observe({"up/#"});
    UdpDevice& device = bed.device("dev");
    device.connect({.clean = false});
    device.subscribe("down/x", 2);
    device.publish(2, device.register_topic("up/x"), "up by TLS");
    bed.publish("down/x", "down by TLS", 2);
    assert_string_equal(device.take().payload.c_str(), "down by TLS");
    assert_true(witness.wait_for(1));
    assert_true(same_list(witness.payloads(), {"up by TLS"}));
    assert_true(test::broker_publish_lines(bed.broker, "down/x", numbered("m", 200), 2));
    assert_true(device.collect(200));
    assert_true(same_list(payloads_of(device.inbox), numbered("m", 200)));
    assert_true(wait_until(test::kAnswerMs, [&] {
        return test::retained_message(bed.broker, "mqttsn/gateway/1/status") == "online";
    }));
}

// FAULT-79
void mqtts_with_the_wrong_authority_is_one_clear_line(Bed& bed) {
    test::CertificateAuthority authority;
    test::CertificateAuthority wrong;
    make_tls_broker(bed, authority);
    assert_true(wrong.create(bed.broker.folder() + "/wrong", "Wrong CA"));
    bed.gateway.options.broker_keys = "ca_file = \"" + bed.broker.folder() + "/wrong.crt\"";
    bed.start_gateway();
    UdpDevice& device = bed.device("dev");
    assert_int_equal(device.try_connect({}), ReturnCode::congestion);
    assert_int_equal(device.try_connect({}), ReturnCode::congestion);
    std::size_t count = 0;
    lines_with(bed, "ca_file", count);  // the key to set, once for two attempts
    assert_int_equal(count, 1);
    lines_with(bed, "certificate", count);  // and one line of the gateway's own session
    assert_true(count <= 2);
}

}  // namespace
}  // namespace e2e

int main() {
    using namespace e2e;
    const CMUnitTest tests[] = {
        BED_TEST(port_that_is_taken_ends_the_gateway_with_one_line_and_exit_1),
        BED_TEST(config_error_is_told_with_file_line_and_column_and_exit_2),
        BED_TEST(config_that_is_not_there_and_unknown_options_are_usage_errors),
        BED_TEST(check_config_says_ok_and_starts_nothing),
        BED_TEST(unreachable_broker_does_not_stop_the_gateway),
        BED_TEST(bad_credentials_are_refused_with_not_supported_and_a_log_line),
        BED_TEST(good_credentials_work),
        BED_TEST(mqtts_with_the_right_authority_works_end_to_end),
        BED_TEST(mqtts_with_the_wrong_authority_is_one_clear_line),
    };
    return cmocka_run_group_tests_name("e2e.startup", tests, nullptr, nullptr);
}
