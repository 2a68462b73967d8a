// SPDX-License-Identifier: BSD-3-Clause
#include "soak_bed.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <sstream>

#include "sim/device.hpp"

namespace soak {
namespace {

using mqttsn::lossy::Way;
using mqttsn::sim::Device;

constexpr int kStartMs = 20000;
constexpr int kEndMs = 10000;

std::string predefined_topics() {
    std::string text;
    const auto add = [&text](std::uint16_t id, const std::string& topic) {
        text += "[[predefined_topic]]\nid = " + std::to_string(id) + "\ntopic = \"" + topic + "\"\n";
    };
    for (std::uint32_t topic = 0; topic < kPredefinedTopics; ++topic) {
        const std::string number = std::to_string(topic);
        add(Device::topic_id(Way::up, topic, false), "up/{client_id}/" + number);
        add(Device::topic_id(Way::down, topic, false), "down/{client_id}/" + number);
        add(Device::topic_id(Way::up, topic, true), "anonymous/" + number);
    }
    return text;
}

/// The value behind " field=" in a line of the log, or nothing.
std::optional<std::string> field_of(const std::string& line, const std::string& field) {
    const std::string mark = " " + field + "=";
    const std::size_t at = line.find(mark);
    if (at == std::string::npos) {
        return std::nullopt;
    }
    const std::size_t from = at + mark.size();
    return line.substr(from, line.find(' ', from) - from);
}

/// The last line of the log with this text, "" = none.
std::string last_line_with(const std::string& log, const std::string& text) {
    const std::size_t at = log.rfind(text);
    if (at == std::string::npos) {
        return "";
    }
    const std::size_t from = log.rfind('\n', at);
    return log.substr(from == std::string::npos ? 0 : from + 1,
                      log.find('\n', at) - (from == std::string::npos ? 0 : from + 1));
}

}  // namespace

// ---------------------------------------------------------------- memory

void MemorySeries::sample(pid_t pid) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    std::string word;
    while (status >> word) {
        if (word == "VmRSS:") {
            std::uint64_t kilobytes = 0;
            if (status >> kilobytes) {
                kilobytes_.push_back(kilobytes);
            }
            return;
        }
    }
}

double MemorySeries::quarter(unsigned number) const {
    const std::size_t from = kilobytes_.size() * number / 4;
    const std::size_t to = kilobytes_.size() * (number + 1) / 4;
    const auto at = [this](std::size_t index) {
        return kilobytes_.begin() + static_cast<std::ptrdiff_t>(index);
    };
    return from == to ? 0.0 : std::accumulate(at(from), at(to), 0.0) / static_cast<double>(to - from);
}

std::string MemorySeries::report() const {
    if (kilobytes_.empty()) {
        return "no memory was read\n";
    }
    const auto [least, most] = std::minmax_element(kilobytes_.begin(), kilobytes_.end());
    char text[240];
    std::snprintf(
        text, sizeof text,
        "gateway's resident memory in KiB: %zu samples after the warm-up, min %llu, max %llu; means of "
        "the quarters %.0f %.0f %.0f %.0f\n",
        kilobytes_.size(), static_cast<unsigned long long>(*least), static_cast<unsigned long long>(*most),
        quarter(0), quarter(1), quarter(2), quarter(3));
    return text;
}

// ---------------------------------------------------------------- programs

bool Bed::start(const Settings& settings) {
    broker.options.persistence = true;
    // A clean end writes all sessions. Its log would have a line for each packet, on a disk that others need.
    broker.options.extra_global = "max_queued_messages 0\nmax_connections -1\n";
    if (settings.logs.empty()) {
        broker.options.extra_global += "log_type none\nlog_type error\nlog_type warning\nlog_type notice\n";
    }
    if (!broker.start()) {
        return false;
    }
    gateway.options.broker_url = broker.url();
    gateway.options.listen_keys = "qos_minus_one = \"all\"\nforwarders = \"any\"";
    gateway.options.retry_interval = std::to_string(kRetryMs) + "ms";
    gateway.options.sections = predefined_topics();
    return gateway.start() && gateway.wait_for_log("gateway's own session is up", 1, kStartMs) &&
           start_network();
}

bool Bed::start_network() {
    test::ProcessOptions options;
    options.command = {DORMOUSE_LOSSY,
                       "--listen",
                       "udp://127.0.0.1:0",
                       "--to",
                       "127.0.0.1:" + std::to_string(gateway.port()),
                       "--loss",
                       "5%",
                       "--duplicate",
                       "2%",
                       "--reorder",
                       "5%",
                       "--delay",
                       "5ms",
                       "--jitter",
                       "5ms",
                       "--seed",
                       "1",
                       "--quiet"};
    options.error_path = folder_.file("network.log");
    if (!network_.start(options)) {
        return false;
    }
    const std::string mark = "udp://127.0.0.1:";
    const bool up = test::wait_until(
        kStartMs, [&] { return test::count_of(test::read_file(folder_.file("network.log")), mark) > 0; });
    const std::string log = test::read_file(folder_.file("network.log"));
    if (!up) {
        std::fprintf(stderr, "mqttsn-lossy does not start: %s\n", log.c_str());
        return false;
    }
    network_port_ = static_cast<std::uint16_t>(std::stoi(log.substr(log.find(mark) + mark.size())));
    return true;
}

std::string Bed::stop_network() {
    network_.signal(SIGTERM);
    network_.wait(kEndMs);
    return test::read_file(folder_.file("network.log"));
}

// ---------------------------------------------------------------- what the gateway shows

std::size_t Bed::gateway_sockets() const {
    std::error_code error;
    std::size_t count = 0;
    const std::string folder = "/proc/" + std::to_string(gateway.pid()) + "/fd";
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const std::string target = std::filesystem::read_symlink(entry.path(), error).string();
        count += target.compare(0, 7, "socket:") == 0 ? 1U : 0U;
    }
    return count;
}

std::optional<std::uint64_t> Bed::logged(const std::string& event, const std::string& field) const {
    const auto value = field_of(last_line_with(gateway.log_text(), " " + event + " "), field);
    return value ? std::optional<std::uint64_t>(std::stoull(*value)) : std::nullopt;
}

std::string Bed::counters() const {
    std::string line = last_line_with(gateway.log_text(), "counted since the start");
    const std::size_t at = line.find("counted since the start");
    return at == std::string::npos ? "no counters in its log" : line.substr(at);
}

std::optional<std::map<std::string, std::uint32_t>> Bed::lost_devices() const {
    std::map<std::string, std::uint32_t> lost;
    std::istringstream lines(gateway.log_text());
    std::string line;
    while (std::getline(lines, line)) {
        if (line.find("suppressed") != std::string::npos && line.find("device lost") != std::string::npos) {
            return std::nullopt;
        }
        if (line.find(" device lost ") != std::string::npos) {
            ++lost[field_of(line, "client").value_or("")];
        }
    }
    return lost;
}

void Bed::keep_logs(const std::string& folder) const {
    std::error_code ignored;
    std::filesystem::create_directories(folder, ignored);
    const auto keep = [&folder](const std::string& from, const std::string& name) {
        std::error_code error;
        std::filesystem::copy_file(from, folder + "/" + name,
                                   std::filesystem::copy_options::overwrite_existing, error);
    };
    keep(broker.log_path(), "mosquitto.log");
    keep(gateway.folder().file("gateway.log"), "gateway.log");
    keep(folder_.file("network.log"), "network.log");
}

}  // namespace soak
