// SPDX-License-Identifier: BSD-3-Clause
//
// The real mqttsn-gateway in front of a broker: its config file in a temporary folder, a UDP port of its own
// on loopback that stays the same over restarts, its log (stderr) in a file. Owned by a fixture, never by a
// test body. Each call that can fail says on stderr why, with the log. One thread.
#ifndef TESTS_SUPPORT_GATEWAY_PROCESS_HPP
#define TESTS_SUPPORT_GATEWAY_PROCESS_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "support/process.hpp"

namespace test {

/// What the config file says; text is TOML. "{port}" in any of it becomes the gateway's port.
struct GatewayOptions {
    std::string broker_url;
    std::vector<std::string> listen{"udp://127.0.0.1:{port}"};
    std::string listen_keys;  ///< more lines of each [[listen]]
    std::string broker_keys;  ///< more lines of [broker]
    std::string sections;     ///< whole sections
    std::string retry_interval = "2s";
    std::string log_level = "info";
    std::vector<std::string> arguments;  ///< more words of the command line
};

class GatewayProcess {
  public:
    GatewayOptions options;

    GatewayProcess() = default;

    /// Writes the config, starts the gateway and waits until its log says "started". The first start picks
    /// the port.
    [[nodiscard]] bool start();
    /// Writes the config and starts the gateway, for tests in which it ends by itself; see wait().
    [[nodiscard]] bool launch();
    /// Only writes the config, for SIGHUP.
    [[nodiscard]] bool write_config();

    /// SIGTERM. @return the exit code, or nothing when it is still there after `timeout_ms` (then it is
    /// killed).
    std::optional<int> stop(int timeout_ms = 15000);
    std::optional<int> wait(int timeout_ms) { return process_.wait(timeout_ms); }
    /// SIGKILL: as a crash or a power cut.
    void kill() { process_.kill(); }
    void hang_up() const;
    /// SIGSTOP: what is sent to it stays in the kernel, and is lost if it is killed before resume().
    void pause() const { pause_process(process_.pid()); }
    void resume() const { resume_process(process_.pid()); }
    /// Waits until it sleeps in its event loop: what it has received so far is dealt with and written.
    bool wait_until_idle() const;

    bool running() { return process_.running(); }
    pid_t pid() const { return process_.pid(); }
    std::uint16_t port() const { return port_; }
    /// Takes a port without starting anything.
    void choose_port();
    std::string config_path() const { return folder_.file("gateway.toml"); }
    const TemporaryFolder& folder() const { return folder_; }
    std::string log_text() const { return read_file(log_path()); }
    /// Waits until the log (of all starts) says `text` at least `count` times.
    bool wait_for_log(const std::string& text, std::size_t count = 1, int timeout_ms = 10000) const;
    /// File descriptors it has open.
    std::size_t descriptor_count() const;
    /// From now on it gets no new file descriptor, or again as many as before.
    void allow_new_descriptors(bool allow) const;
    /// From now on it gets so many new file descriptors, those below its highest one included.
    void allow_few_descriptors(std::size_t count) const;

  private:
    std::string config_text() const;
    std::string log_path() const { return folder_.file("gateway.log"); }
    std::string with_port(std::string text) const;
    bool wait_until_ready(std::size_t earlier);

    TemporaryFolder folder_;
    Process process_;
    std::uint16_t port_ = 0;
};

}  // namespace test

#endif
