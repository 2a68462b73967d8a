// SPDX-License-Identifier: BSD-3-Clause
//
// A child process of a test: started, watched and ended by its pid, with its output in files so that a test
// can wait for a line and show everything when it fails. The child ends with the program that started it.
// Owned by a fixture, never by a test body: a failed assert would leave the process behind. One thread.
#ifndef TESTS_SUPPORT_PROCESS_HPP
#define TESTS_SUPPORT_PROCESS_HPP

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace test {

struct ProcessOptions {
    std::vector<std::string> command{};  ///< [0] is looked up on PATH, /usr/sbin included
    std::string output_path{};           ///< appended to; "" = /dev/null
    std::string error_path{};            ///< appended to; "" = /dev/null
    std::string input_path{};            ///< "" = /dev/null, unless with_input
    bool with_input = false;             ///< the test writes to it with write() and close_input()
};

class Process {
  public:
    Process() = default;
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() { kill(); }

    /// False when there is no such program or no process to be had; says so on stderr.
    [[nodiscard]] bool start(const ProcessOptions& options);
    /// Reaps it when it has ended.
    bool running();
    /// The exit code, or 128 + the number of the signal that ended it; nothing when it still runs after
    /// `timeout_ms`.
    std::optional<int> wait(int timeout_ms);
    void signal(int number) const;
    /// SIGKILL, and waits until it is gone.
    void kill();
    pid_t pid() const { return pid_; }

    /// To its standard input. False when nobody reads it any more.
    bool write(std::string_view text) const;
    void close_input();

  private:
    pid_t pid_ = -1;
    int input_ = -1;
    std::optional<int> exit_code_;
};

/// Asks every few milliseconds until `condition` holds. False when it does not hold within `timeout_ms`.
bool wait_until(int timeout_ms, const std::function<bool()>& condition);
std::string read_file(const std::string& path);
/// False when it cannot be written.
[[nodiscard]] bool write_file(const std::string& path, std::string_view text);
std::size_t count_of(const std::string& text, const std::string& what);

/// 'R' runs, 'S' waits for something, 'T' is stopped; '?' when there is no such process.
char process_state(pid_t pid);
/// Stopped by SIGSTOP or SIGCONT again; waits until the kernel has done it.
void pause_process(pid_t pid);
void resume_process(pid_t pid);

/// A folder in TMPDIR, gone with the object.
class TemporaryFolder {
  public:
    TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder();
    const std::string& path() const { return path_; }
    std::string file(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

}  // namespace test

#endif
