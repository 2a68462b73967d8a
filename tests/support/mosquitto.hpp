// SPDX-License-Identifier: BSD-3-Clause
//
// A real mosquitto on free loopback ports with a config, a log and a temporary folder of its own. Owned by a
// fixture (group or test set-up), never by a test body: a failed assert would leave the process behind. The
// process also ends with the program that started it. Needs the program mosquitto (and mosquitto_passwd for
// users). One thread.
//
//     test::Mosquitto broker;                        // in the fixture
//     broker.options.persistence = true;
//     if (!broker.start()) return -1;                // says on stderr what went wrong, with the log
//     ... broker.url() ... broker.kill(); ... broker.start(); ...   // same ports, same folder
//     broker.stop();
#ifndef TESTS_SUPPORT_MOSQUITTO_HPP
#define TESTS_SUPPORT_MOSQUITTO_HPP

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "support/free_port.hpp"

namespace test {

struct MosquittoOptions {
    bool persistence = false;          ///< sessions, subscriptions and retained messages survive a restart
    int autosave_interval_s = 1800;    ///< or the number of changes, with autosave_on_changes
    bool autosave_on_changes = false;  ///< with interval 1: written after each change, survives kill()
    std::vector<std::pair<std::string, std::string>> users;  ///< name, password; not empty = no anonymous
    std::string tls_certificate;  ///< PEM files; a certificate here adds the TLS listener
    std::string tls_key;
    std::string tls_client_ca;  ///< set = clients must show a certificate of this CA
    std::string extra_global;   ///< further lines of mosquitto.conf, before the listeners
};

class Mosquitto {
  public:
    MosquittoOptions options;

    Mosquitto() = default;
    Mosquitto(const Mosquitto&) = delete;
    Mosquitto& operator=(const Mosquitto&) = delete;
    ~Mosquitto() {
        kill();
        std::error_code ignored;
        if (!folder_.empty() && !keep_folder_) {
            std::filesystem::remove_all(folder_, ignored);
        }
    }

    /// Starts it and waits until each port answers. The first start picks the ports, later ones use them
    /// again. False when it does not come up; what is known about that is on stderr.
    [[nodiscard]] bool start() {
        if (pid_ > 0) {
            return true;
        }
        if (folder_.empty() && !make_folder()) {
            return false;
        }
        const bool ports_fixed = port_ != 0;
        for (int attempt = 0; attempt < 3; ++attempt) {
            if (!ports_fixed) {
                port_ = free_port();
                tls_port_ = has_tls() ? free_port() : std::uint16_t{0};
            }
            if (write_config() && spawn() && wait_until_it_answers()) {
                return true;
            }
            kill();
        }
        keep_folder_ = true;
        std::fprintf(stderr, "mosquitto did not start: config %s, log %s:\n%s\n", config_path().c_str(),
                     log_path().c_str(), log_text().c_str());
        return false;
    }

    /// SIGTERM: it saves its state and ends; SIGKILL when that takes longer than 10 s.
    void stop() { end(SIGTERM); }
    /// SIGKILL: nothing is saved.
    void kill() { end(SIGKILL); }
    /// Stops reading and answering without closing anything, and goes on with resume().
    void pause() const {
        if (pid_ > 0) {
            ::kill(pid_, SIGSTOP);
        }
    }
    void resume() const {
        if (pid_ > 0) {
            ::kill(pid_, SIGCONT);
        }
    }
    /// mosquitto writes its persistence file on SIGUSR1.
    void save_now() const {
        if (pid_ > 0) {
            ::kill(pid_, SIGUSR1);
        }
    }

    bool running() const { return pid_ > 0; }
    pid_t pid() const { return pid_; }
    std::uint16_t port() const { return port_; }
    std::uint16_t tls_port() const { return tls_port_; }
    std::string url() const { return "mqtt://127.0.0.1:" + std::to_string(port_); }
    /// By name: certificates carry names.
    std::string tls_url() const { return "mqtts://localhost:" + std::to_string(tls_port_); }
    /// Temporary folder, gone with this object. Empty before the first start (or make_folder()).
    const std::string& folder() const { return folder_; }
    std::string log_path() const { return folder_ + "/mosquitto.log"; }
    std::string config_path() const { return folder_ + "/mosquitto.conf"; }

    /// The whole log so far (all starts).
    std::string log_text() const {
        std::ifstream file(log_path(), std::ios::binary);
        return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    }

    /// Waits until the log says `text` at least `count` times.
    bool wait_for_log(const std::string& text, int count = 1, int timeout_ms = 5000) const {
        for (int waited_ms = 0;; waited_ms += 10) {
            const std::string log = log_text();
            int found = 0;
            for (std::size_t at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) {
                ++found;
            }
            if (found >= count) {
                return true;
            }
            if (waited_ms >= timeout_ms) {
                std::fprintf(stderr, "not in the mosquitto log (%s): \"%s\"\n%s\n", log_path().c_str(),
                             text.c_str(), log.c_str());
                return false;
            }
            sleep_ms(10);
        }
    }

    /// For files that must be there before the first start (certificates).
    bool make_folder() {
        if (!folder_.empty()) {
            return true;
        }
        const char* base = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe): one thread, see above
        std::string name = std::string(base != nullptr && *base != '\0' ? base : "/tmp") + "/dormouse-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) {
            std::perror("mkdtemp");
            return false;
        }
        folder_ = name;
        return true;
    }

    static void sleep_ms(int ms) {
        const timespec time{ms / 1000, (ms % 1000) * 1000000L};
        ::nanosleep(&time, nullptr);
    }

  private:
    bool has_tls() const { return !options.tls_certificate.empty(); }

    bool write_config() {
        std::ofstream file(config_path());
        if (::geteuid() == 0) {
            file << "user root\n";  // otherwise it becomes the user mosquitto and cannot read this folder
        }
        file << "per_listener_settings false\nlog_dest file " << log_path() << "\nlog_type all\n"
             << "log_timestamp_format %H:%M:%S\nsys_interval 0\nset_tcp_nodelay true\n"
             << "allow_anonymous " << (options.users.empty() ? "true" : "false") << "\n";
        if (options.persistence) {
            file << "persistence true\npersistence_location " << folder_ << "/\n"
                 << "autosave_interval " << options.autosave_interval_s << "\n"
                 << "autosave_on_changes " << (options.autosave_on_changes ? "true" : "false") << "\n";
        }
        if (!options.users.empty()) {
            if (!write_users()) {
                return false;
            }
            file << "password_file " << folder_ << "/users\n";
        }
        file << options.extra_global << "\nlistener " << port_ << " 127.0.0.1\n";
        if (has_tls()) {
            file << "listener " << tls_port_ << " 127.0.0.1\n"
                 << "certfile " << options.tls_certificate << "\nkeyfile " << options.tls_key << "\n";
            if (!options.tls_client_ca.empty()) {
                file << "cafile " << options.tls_client_ca << "\nrequire_certificate true\n";
            }
        }
        return file.flush().good();
    }

    bool write_users() {
        const std::string path = folder_ + "/users";
        std::ofstream(path, std::ios::trunc).flush();
        std::filesystem::permissions(
            path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
        return std::all_of(options.users.begin(), options.users.end(), [&](const auto& user) {
            const pid_t child = run({"mosquitto_passwd", "-b", path, user.first, user.second});
            int status = -1;
            return child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
        });
    }

    /// mosquitto lives in /usr/sbin, which is not on everybody's PATH.
    static pid_t run(std::vector<std::string> words) {
        std::string path = "/usr/local/sbin:/usr/sbin";
        if (const char* old = std::getenv("PATH")) {  // NOLINT(concurrency-mt-unsafe): one thread, see above
            path = std::string(old) + ":" + path;
        }
        std::vector<char*> argv;
        argv.reserve(words.size() + 1);
        for (std::string& word : words) {
            argv.push_back(word.data());
        }
        argv.push_back(nullptr);
        ::setenv("PATH", path.c_str(), 1);  // NOLINT(concurrency-mt-unsafe): one thread, see above
        const pid_t parent = ::getpid();
        const pid_t child = ::fork();
        if (child == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (::getppid() != parent) {
                ::_exit(126);
            }
            ::execvp(argv[0], argv.data());
            ::_exit(127);
        }
        return child;
    }

    bool spawn() {
        pid_ = run({"mosquitto", "-c", config_path()});
        return pid_ > 0;
    }

    static bool answers(std::uint16_t port) {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const bool ok = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
        ::close(fd);
        return ok;
    }

    bool wait_until_it_answers() {
        for (int waited_ms = 0; waited_ms < 10000; waited_ms += 10) {
            int status = 0;
            if (::waitpid(pid_, &status, WNOHANG) == pid_) {
                std::fprintf(stderr, "mosquitto ended at once, status %d\n", status);
                pid_ = -1;
                return false;
            }
            if (answers(port_) && (tls_port_ == 0 || answers(tls_port_))) {
                return true;
            }
            sleep_ms(10);
        }
        return false;
    }

    void end(int signal) {
        if (pid_ <= 0) {
            return;
        }
        ::kill(pid_, signal);
        ::kill(pid_, SIGCONT);  // a paused process does not see SIGTERM
        int status = 0;
        for (int waited_ms = 0; ::waitpid(pid_, &status, WNOHANG) == 0; waited_ms += 5) {
            if (waited_ms == 10000) {
                ::kill(pid_, SIGKILL);
            }
            sleep_ms(5);
        }
        pid_ = -1;
    }

    std::string folder_;
    pid_t pid_ = -1;
    std::uint16_t port_ = 0;
    std::uint16_t tls_port_ = 0;
    bool keep_folder_ = false;
};

}  // namespace test

#endif
