// SPDX-License-Identifier: BSD-3-Clause
//
// sim_swarm: runs many seeds, or one with a trace. Prints one line per failure that reproduces it.
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "sim/swarm.hpp"

namespace {

using mqttsn::sim::draw_plan;
using mqttsn::sim::run_plan;
using mqttsn::sim::SwarmPlan;
using mqttsn::sim::SwarmResult;

constexpr const char* kUsage =
    "usage: sim_swarm [--seed N [--trace]] [--first N] [--count N] [--seconds N] [--threads N] [--list FILE] "
    "[SEED...]\n"
    "  --seed N     one run; --trace prints every datagram, packet and fault\n"
    "  --first N    first seed (default: a fresh one, printed)\n"
    "  --count N    how many seeds (default 1000)\n"
    "  --seconds N  as many seeds as fit, in place of --count\n"
    "  --threads N  default: one per core\n"
    "  --list FILE  the seeds at the beginnings of the lines of a file; '#' begins a comment\n"
    "  SEED...      exactly these seeds\n"
    "exit codes: 0 every promise held, 1 a failure, 2 bad usage\n";

struct Options {
    bool one = false;
    bool trace = false;
    bool fresh = true;
    std::uint64_t first = 0;
    std::uint64_t count = 1000;
    std::uint64_t seconds = 0;
    unsigned threads = std::max(1U, std::thread::hardware_concurrency());
    std::vector<std::uint64_t> seeds;
};

[[noreturn]] void bad_usage(const std::string& what) {
    std::fprintf(stderr, "sim_swarm: %s\n%s", what.c_str(), kUsage);
    std::exit(2);
}

std::uint64_t number(const char* text) {
    char* end = nullptr;
    errno = 0;
    const std::uint64_t value = text == nullptr ? 0 : std::strtoull(text, &end, 10);
    if (text == nullptr || *text < '0' || *text > '9' || *end != '\0' || errno != 0) {
        bad_usage(std::string("not a number: ") + (text == nullptr ? "(missing)" : text));
    }
    return value;
}

void read_list(const char* path, std::vector<std::uint64_t>& seeds) {
    std::ifstream file(path == nullptr ? "" : path);
    if (!file) {
        bad_usage(std::string("cannot read ") + (path == nullptr ? "(missing)" : path));
    }
    for (std::string line; std::getline(file, line);) {
        const std::string word = line.substr(0, line.find_first_of(" \t#"));
        if (!word.empty()) {
            seeds.push_back(number(word.c_str()));
        }
    }
    if (seeds.empty()) {
        bad_usage(std::string("no seeds in ") + path);
    }
}

Options read_options(char** argument) {
    Options options;
    while (*++argument != nullptr) {
        const std::string name = *argument;
        if (name == "--help" || name == "-h") {
            std::fputs(kUsage, stdout);
            std::exit(0);
        } else if (name == "--trace") {
            options.trace = true;
        } else if (name == "--seed") {
            options.one = true;
            options.first = number(*++argument);
        } else if (name == "--first") {
            options.fresh = false;
            options.first = number(*++argument);
        } else if (name == "--count") {
            options.count = number(*++argument);
            if (options.count == 0) {
                bad_usage("--count 0 would prove nothing");
            }
        } else if (name == "--seconds") {
            options.seconds = number(*++argument);
        } else if (name == "--list") {
            read_list(*++argument, options.seeds);
        } else if (name == "--threads") {
            options.threads = static_cast<unsigned>(
                std::min<std::uint64_t>(256, std::max<std::uint64_t>(1, number(*++argument))));
        } else {
            options.seeds.push_back(number(*argument));
        }
    }
    return options;
}

int run_one(const Options& options) {
    const SwarmPlan plan = draw_plan(options.first);
    std::fputs(mqttsn::sim::to_text(plan).c_str(), stdout);
    const SwarmResult result = run_plan(plan, options.trace ? stdout : nullptr);
    std::printf("%s\n", result.failure.empty() ? "every promise held" : result.failure.c_str());
    return result.failure.empty() ? 0 : 1;
}

/// For a crash: which run it was. The handler does only what a signal handler may.
thread_local char current_seed[64];

void on_crash(int signal) {
    (void)!write(STDOUT_FILENO, current_seed, strlen(current_seed));
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

int run_many(const Options& options) {
    for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL}) {
        std::signal(signal, on_crash);
    }
    const auto start = std::chrono::steady_clock::now();
    const auto elapsed = [&] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    const std::uint64_t count = options.seeds.empty() ? options.count : options.seeds.size();
    if (options.seeds.empty()) {
        std::printf("seeds from %llu\n", static_cast<unsigned long long>(options.first));
        std::fflush(stdout);
    }
    std::atomic<std::uint64_t> next{0};
    std::atomic<std::uint64_t> failures{0};
    std::atomic<std::uint64_t> messages{0};
    std::mutex output;
    const auto work = [&] {
        for (;;) {
            const std::uint64_t index = next++;
            if (options.seconds > 0 && options.seeds.empty()
                    ? elapsed() >= static_cast<double>(options.seconds)
                    : index >= count) {
                --next;
                return;
            }
            const std::uint64_t seed = options.seeds.empty() ? options.first + index : options.seeds[index];
            std::snprintf(current_seed, sizeof current_seed, "CRASHED: sim_swarm --seed %llu\n",
                          static_cast<unsigned long long>(seed));
            const SwarmResult result = run_plan(draw_plan(seed), nullptr);
            messages += result.messages;
            if (!result.failure.empty()) {
                ++failures;
                const std::lock_guard<std::mutex> lock(output);
                std::printf("FAILED: sim_swarm --seed %llu   # %s\n", static_cast<unsigned long long>(seed),
                            result.failure.c_str());
            }
        }
    };
    std::vector<std::thread> threads;
    for (unsigned index = 0; index < options.threads; ++index) {
        threads.emplace_back(work);
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    std::printf("%llu seeds, %llu messages, %llu failures, %.1f s, %.0f seeds a minute and thread\n",
                static_cast<unsigned long long>(next.load()),
                static_cast<unsigned long long>(messages.load()),
                static_cast<unsigned long long>(failures.load()), elapsed(),
                static_cast<double>(next.load()) / elapsed() * 60 / options.threads);
    return failures == 0 ? 0 : 1;
}

}  // namespace

int main(int, char** arguments) {
    Options options = read_options(arguments);
    if (options.one) {
        return run_one(options);
    }
    if (options.fresh) {
        options.first = std::random_device{}();
    }
    return run_many(options);
}
