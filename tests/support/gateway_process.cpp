// SPDX-License-Identifier: BSD-3-Clause
#include "support/gateway_process.hpp"

#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "support/free_port.hpp"

namespace test {
namespace {

constexpr int kReadyMs = 20000;
constexpr const char* kReady = " started ";

}  // namespace

std::string GatewayProcess::with_port(std::string text) const {
    static const std::string kMark = "{port}";
    for (std::size_t at = text.find(kMark); at != std::string::npos; at = text.find(kMark, at)) {
        text.replace(at, kMark.size(), std::to_string(port_));
    }
    return text;
}

std::string GatewayProcess::config_text() const {
    std::string text;
    for (const std::string& url : options.listen) {
        text += "[[listen]]\nurl = \"" + url + "\"\n" + options.listen_keys + "\n";
        if (const char* sessions = std::getenv("DORMOUSE_TEST_SESSIONS")) {  // NOLINT(concurrency-mt-unsafe)
            text += "sessions = \"" + std::string(sessions) + "\"\n";
        }
    }
    text += "[broker]\nurl = \"" + options.broker_url + "\"\n" + options.broker_keys + "\n";
    // The same tests with another engine: see DORMOUSE_TEST_ENGINE in tests/e2e/CMakeLists.txt.
    if (const char* engine = std::getenv("DORMOUSE_TEST_ENGINE")) {  // NOLINT(concurrency-mt-unsafe)
        text += "engine = \"" + std::string(engine) + "\"\n";
    }
    if (const char* version = std::getenv("DORMOUSE_TEST_MQTT")) {  // NOLINT(concurrency-mt-unsafe)
        text += "version = \"" + std::string(version) + "\"\n";
    }
    text += "[retry]\ninterval = \"" + options.retry_interval + "\"\ncount = 5\n";
    text += "[log]\nlevel = \"" + options.log_level + "\"\n" + options.sections + "\n";
    return with_port(text);
}

bool GatewayProcess::write_config() {
    return write_file(config_path(), config_text());
}

void GatewayProcess::choose_port() {
    port_ = free_port();
}

bool GatewayProcess::launch() {
    if (port_ == 0) {
        choose_port();
    }
    ProcessOptions process;
    process.command = {DORMOUSE_GATEWAY, "-c", config_path()};
    for (const std::string& word : options.arguments) {
        process.command.push_back(with_port(word));
    }
    process.error_path = log_path();
    return write_config() && process_.start(process);
}

bool GatewayProcess::wait_until_ready(std::size_t earlier) {
    return wait_until(kReadyMs, [&] { return count_of(log_text(), kReady) > earlier || !running(); }) &&
           running();
}

bool GatewayProcess::start() {
    const bool port_fixed = port_ != 0;
    for (int attempt = 0; attempt < 3; ++attempt) {
        const std::size_t earlier = count_of(log_text(), kReady);
        if (launch() && wait_until_ready(earlier)) {
            return true;
        }
        process_.kill();
        if (!port_fixed) {
            choose_port();  // another process may have been quicker
        }
    }
    std::fprintf(stderr, "the gateway did not start:\n%s\nconfig:\n%s\n", log_text().c_str(),
                 read_file(config_path()).c_str());
    return false;
}

std::optional<int> GatewayProcess::stop(int timeout_ms) {
    process_.signal(SIGTERM);
    const std::optional<int> code = process_.wait(timeout_ms);
    process_.kill();
    return code;
}

void GatewayProcess::hang_up() const {
    process_.signal(SIGHUP);
}

bool GatewayProcess::wait_until_idle() const {
    return wait_until(5000, [this] { return process_state(process_.pid()) == 'S'; });
}

bool GatewayProcess::wait_for_log(const std::string& text, std::size_t count, int timeout_ms) const {
    if (wait_until(timeout_ms, [&] { return count_of(log_text(), text) >= count; })) {
        return true;
    }
    std::fprintf(stderr, "not in the gateway's log: \"%s\"\n", text.c_str());
    return false;
}

std::size_t GatewayProcess::descriptor_count() const {
    std::error_code ignored;
    std::filesystem::directory_iterator entries("/proc/" + std::to_string(process_.pid()) + "/fd", ignored);
    std::size_t count = 0;
    for (const auto& entry : entries) {
        static_cast<void>(entry);
        ++count;
    }
    return count;
}

void GatewayProcess::allow_new_descriptors(bool allow) const {
    rlimit limit{};
    ::prlimit(process_.pid(), RLIMIT_NOFILE, nullptr, &limit);
    limit.rlim_cur = limit.rlim_max;
    if (!allow) {  // the kernel gives the lowest free number, if that is below the limit
        const std::string folder = "/proc/" + std::to_string(process_.pid()) + "/fd/";
        limit.rlim_cur = 0;
        while (std::filesystem::is_symlink(folder + std::to_string(limit.rlim_cur))) {
            ++limit.rlim_cur;
        }
    }
    ::prlimit(process_.pid(), RLIMIT_NOFILE, &limit, nullptr);
}

void GatewayProcess::allow_few_descriptors(std::size_t count) const {
    rlimit limit{};
    ::prlimit(process_.pid(), RLIMIT_NOFILE, nullptr, &limit);
    const std::string folder = "/proc/" + std::to_string(process_.pid()) + "/fd/";
    for (limit.rlim_cur = 0; count > 0; ++limit.rlim_cur) {
        count -= std::filesystem::is_symlink(folder + std::to_string(limit.rlim_cur)) ? 0U : 1U;
    }
    ::prlimit(process_.pid(), RLIMIT_NOFILE, &limit, nullptr);
}

}  // namespace test
