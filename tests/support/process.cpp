// SPDX-License-Identifier: BSD-3-Clause
#include "support/process.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace test {
namespace {

constexpr int kStepMs = 3;

void sleep_ms(int ms) {
    const timespec time{ms / 1000, (ms % 1000) * 1000000L};
    ::nanosleep(&time, nullptr);
}

int open_for_child(const std::string& path, int flags) {
    return ::open(path.empty() ? "/dev/null" : path.c_str(), flags | O_CLOEXEC, 0600);
}

/// mosquitto lives in /usr/sbin, which is not on everybody's PATH.
void extend_path() {
    const char* const old = std::getenv("PATH");
    const std::string path = old != nullptr ? old : "/usr/bin:/bin";
    if (path.find("/usr/sbin") == std::string::npos) {
        ::setenv("PATH", (path + ":/usr/local/sbin:/usr/sbin").c_str(), 1);
    }
}

[[noreturn]] void become(char* const* argv, pid_t parent, int in, int out, int err) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent || ::dup2(in, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(err, 2) < 0) {
        ::_exit(126);
    }
    ::execvp(argv[0], argv);
    ::_exit(127);
}

void close_if_open(int fd) {
    if (fd >= 0) {
        ::close(fd);
    }
}

}  // namespace

bool Process::start(const ProcessOptions& options) {
    kill();
    exit_code_.reset();
    extend_path();
    std::vector<std::string> words = options.command;
    std::vector<char*> argv;
    for (std::string& word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    int ends[2] = {-1, -1};
    if (options.with_input) {
        ::signal(SIGPIPE, SIG_IGN);
        if (::pipe2(ends, O_CLOEXEC) != 0) {
            std::perror("pipe2");
            return false;
        }
    }
    const int in = options.with_input ? ends[0] : open_for_child(options.input_path, O_RDONLY);
    const int out = open_for_child(options.output_path, O_WRONLY | O_CREAT | O_APPEND);
    const int err = open_for_child(options.error_path, O_WRONLY | O_CREAT | O_APPEND);
    const pid_t parent = ::getpid();
    const pid_t child = in < 0 || out < 0 || err < 0 ? -1 : ::fork();
    if (child == 0) {
        become(argv.data(), parent, in, out, err);
    }
    if (child < 0) {
        std::fprintf(stderr, "cannot start %s: %s\n", words[0].c_str(), std::strerror(errno));
    }
    close_if_open(in);
    close_if_open(out);
    close_if_open(err);
    input_ = ends[1];
    pid_ = child;
    return child > 0;
}

std::optional<int> Process::wait(int timeout_ms) {
    if (exit_code_ || pid_ <= 0) {
        return exit_code_;
    }
    wait_until(timeout_ms, [this] {
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG) != pid_) {
            return false;
        }
        exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return true;
    });
    if (exit_code_) {
        pid_ = -1;
        close_input();
    }
    return exit_code_;
}

bool Process::running() {
    return pid_ > 0 && !wait(0);
}

void Process::signal(int number) const {
    if (pid_ > 0) {
        ::kill(pid_, number);
    }
}

void Process::kill() {
    signal(SIGKILL);
    wait(10000);
    close_input();
}

bool Process::write(std::string_view text) const {
    while (!text.empty()) {
        const ssize_t count = ::write(input_, text.data(), text.size());
        if (count < 0 && errno != EINTR) {
            return false;
        }
        text.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : 0);
    }
    return true;
}

void Process::close_input() {
    close_if_open(input_);
    input_ = -1;
}

bool wait_until(int timeout_ms, const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= end) {
            return condition();  // the machine may have been busy elsewhere
        }
        sleep_ms(kStepMs);
    }
    return true;
}

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool write_file(const std::string& path, std::string_view text) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text;
    return file.flush().good();
}

std::size_t count_of(const std::string& text, const std::string& what) {
    std::size_t count = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size())) {
        ++count;
    }
    return count;
}

char process_state(pid_t pid) {
    const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
    const std::size_t name_end = stat.rfind(')');
    return name_end == std::string::npos || name_end + 2 >= stat.size() ? '?' : stat[name_end + 2];
}

void pause_process(pid_t pid) {
    ::kill(pid, SIGSTOP);
    wait_until(2000, [pid] { return process_state(pid) == 'T'; });
}

void resume_process(pid_t pid) {
    ::kill(pid, SIGCONT);
    wait_until(2000, [pid] { return process_state(pid) != 'T'; });
}

TemporaryFolder::TemporaryFolder() {
    const char* const base = std::getenv("TMPDIR");
    path_ = std::string(base != nullptr && *base != '\0' ? base : "/tmp") + "/dormouse-XXXXXX";
    if (::mkdtemp(path_.data()) == nullptr) {
        std::perror("mkdtemp");
        std::abort();
    }
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace test
