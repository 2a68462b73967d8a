// SPDX-License-Identifier: BSD-3-Clause
#include "bed.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <sstream>

namespace e2e {
namespace {

constexpr std::size_t kLogTailOctets = 12000;

std::string tail(const std::string& text) {
    return text.size() <= kLogTailOctets ? text : "...\n" + text.substr(text.size() - kLogTailOctets);
}

}  // namespace

std::vector<std::string> Tool::lines() const {
    std::vector<std::string> all;
    std::istringstream text(output());
    std::string line;
    while (std::getline(text, line) && !text.eof()) {
        all.push_back(line);
    }
    return all;
}

bool Tool::wait_for_lines(std::size_t count, int timeout_ms) const {
    return wait_until(timeout_ms, [&] { return test::count_of(output(), "\n") >= count; });
}

int Tool::wait(int wanted, int timeout_ms) {
    const int code = process.wait(timeout_ms).value_or(-1);
    if (code != wanted) {
        std::fprintf(stderr, "the tool ended with %d (-1: not at all), it says:\n%s%s\n", code,
                     tail(output()).c_str(), tail(errors()).c_str());
    }
    return code;
}

void Bed::start_broker(Where where) {
    test::require(broker.start(), "no broker", where);
}

void Bed::start_gateway(Where where) {
    if (gateway.options.broker_url.empty()) {
        gateway.options.broker_url = broker.url();
    }
    test::require(gateway.start(), "no gateway", where);
    if (shared()) {  // until then CONNECT is answered with congestion
        require(gateway.wait_for_log("gateway's own session is up"), "no session of its own", where);
    }
}

void Bed::start(Where where) {
    start_broker(where);
    start_gateway(where);
}

test::GatewayProcess& Bed::another_gateway() {
    more_gateways.push_back(std::make_unique<test::GatewayProcess>());
    more_gateways.back()->options.broker_url = broker.url();
    return *more_gateways.back();
}

void Bed::restart_gateway(Where where) {
    gateway.kill();
    start_gateway(where);
}

test::Forwarder& Bed::forwarder(std::size_t node_id_octets, Where where) {
    forwarders.push_back(std::make_unique<test::Forwarder>(node_id_octets));
    test::require(forwarders.back()->start(gateway.port()), "no forwarder", where);
    return *forwarders.back();
}

UdpDevice& Bed::device(const std::string& client_id, const std::string& host, Where where) {
    devices.push_back(std::make_unique<UdpDevice>(client_id));
    test::require(devices.back()->open(gateway.port(), host), "no socket", where);
    return *devices.back();
}

Observer& Bed::observe(const std::vector<std::string>& filters, const test::ObserverOptions& options,
                       Where where) {
    observers.push_back(std::make_unique<Observer>());
    test::require(observers.back()->start(broker, filters, options), "no mosquitto_sub", where);
    return *observers.back();
}

void Bed::publish(const std::string& topic, const std::string& payload, int qos, bool retain, Where where) {
    test::require(test::broker_publish(broker, topic, payload, qos, retain), "mosquitto_pub failed", where);
}

Tool& Bed::tool(const std::string& program, std::vector<std::string> arguments, bool with_input,
                Where where) {
    tools.push_back(std::make_unique<Tool>());
    Tool& tool = *tools.back();
    test::ProcessOptions options;
    options.command = {program, "-h", "127.0.0.1", "-p", std::to_string(gateway.port())};
    options.command.insert(options.command.end(), arguments.begin(), arguments.end());
    options.output_path = tool.folder.file("output");
    options.error_path = tool.folder.file("errors");
    options.with_input = with_input;
    test::require(tool.process.start(options), "cannot start " + program, where);
    return tool;
}

test::Process& Bed::process() {
    processes.push_back(std::make_unique<test::Process>());
    return *processes.back();
}

bool Bed::shared() {
    const char* sessions =
        std::getenv("DORMOUSE_TEST_SESSIONS");  // NOLINT(concurrency-mt-unsafe): one thread
    return sessions != nullptr && std::string_view(sessions) == "shared";
}

bool Bed::with_paho() {
    const char* engine = std::getenv("DORMOUSE_TEST_ENGINE");  // NOLINT(concurrency-mt-unsafe): one thread
    return engine != nullptr && std::string_view(engine) == "paho";
}

void Bed::await_broker_log(const std::string& text, int count, Where where) const {
    test::require(broker.wait_for_log(text, count, test::kAnswerMs), "the broker's log does not say " + text,
                  where);
}

std::string Bed::show() const {
    std::string text = "--- gateway\n" + tail(gateway.log_text()) + "--- broker\n" + tail(broker.log_text());
    for (const auto& another : more_gateways) {
        text += "--- another gateway\n" + tail(another->log_text());
    }
    for (const auto& tool : tools) {
        text += "--- tool\n" + tail(tool->output()) + tail(tool->errors());
    }
    return text;
}

std::vector<std::string> numbered(const std::string& prefix, std::size_t count, std::size_t first) {
    std::vector<std::string> all;
    for (std::size_t i = first; i < first + count; ++i) {
        const std::string digits = std::to_string(i);
        all.push_back(prefix + "-" + std::string(digits.size() < 4 ? 4 - digits.size() : 0, '0') + digits);
    }
    return all;
}

bool has_all(const std::vector<std::string>& got, const std::vector<std::string>& wanted) {
    const std::set<std::string> there(got.begin(), got.end());
    bool complete = true;
    for (const std::string& text : wanted) {
        if (there.count(text) == 0) {
            print_error("missing: %s\n", text.c_str());
            complete = false;
        }
    }
    return complete;
}

bool same_list(const std::vector<std::string>& got, const std::vector<std::string>& wanted) {
    for (std::size_t i = 0; i < std::max(got.size(), wanted.size()); ++i) {
        const std::string left = i < got.size() ? got[i] : "(nothing)";
        const std::string right = i < wanted.size() ? wanted[i] : "(nothing)";
        if (left != right) {
            print_error("at %zu of %zu: %s, wanted %s\n", i, wanted.size(), left.c_str(), right.c_str());
            return false;
        }
    }
    return true;
}

std::vector<std::string> without_repeats(const std::vector<std::string>& got) {
    std::set<std::string> seen;
    std::vector<std::string> first_copies;
    for (const std::string& text : got) {
        if (seen.insert(text).second) {
            first_copies.push_back(text);
        }
    }
    return first_copies;
}

std::vector<std::string> payloads_of(const std::vector<Delivery>& deliveries) {
    std::vector<std::string> all;
    for (const Delivery& delivery : deliveries) {
        all.push_back(delivery.payload);
    }
    return all;
}

int set_up(void** state) {
    *state = std::make_unique<Bed>().release();
    return 0;
}

int tear_down(void** state) {
    const std::unique_ptr<Bed> bed(static_cast<Bed*>(*state));
    for (const auto& tool : bed->tools) {
        tool->process.kill();
    }
    bool well = bed->passed;
    std::vector<test::GatewayProcess*> gateways{&bed->gateway};
    for (const auto& another : bed->more_gateways) {
        gateways.push_back(another.get());
    }
    for (test::GatewayProcess* const gateway : gateways) {
        if (!gateway->running()) {
            continue;
        }
        bed->broker.resume();
        const std::optional<int> code = gateway->stop();
        if (code != std::optional<int>(0)) {
            print_error("the gateway ended with %d (-1: not at all)\n", code.value_or(-1));
            well = false;
        }
    }
    for (const auto& device : bed->devices) {
        well = well && device->malformed_datagrams == 0;
    }
    if (!well) {
        std::fprintf(stderr, "%s\n", bed->show().c_str());  // print_error() ends after 1024 octets
    }
    return well == bed->passed ? 0 : -1;
}

}  // namespace e2e
