// SPDX-License-Identifier: BSD-3-Clause
//
// mqttsn-sim: runs a scenario file in virtual time and says what arrived, how late and at what cost. Ctrl-C
// ends it at once (the signal's default action): nothing is written before the end.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <thread>

#include "gateway/app/text.hpp"
#include "lossy/sim_chart.hpp"
#include "lossy/sim_options.hpp"
#include "lossy/sim_report.hpp"
#include "lossy/sim_run.hpp"

namespace {

using namespace mqttsn::lossy;

class ProgressBar {
  public:
    void show(double share) {
        const double seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
        constexpr int kCells = 40;
        std::string bar(static_cast<std::size_t>(share * kCells), '#');
        bar.resize(kCells, '.');
        std::string left;
        if (share > 0.01 && seconds > 1) {
            left = ", " +
                   short_time(Micros{static_cast<std::int64_t>(seconds * (1 - share) / share) * 1'000'000 +
                                     1'000'000}) +
                   " left";
        }
        std::fprintf(stderr, "\r[%s] %3d%%%s\x1b[K", bar.c_str(), static_cast<int>(share * 100),
                     left.c_str());
        shown_ = true;
    }
    void clear() {
        if (shown_) {
            std::fprintf(stderr, "\r\x1b[K");
        }
    }

  private:
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
    bool shown_ = false;
};

int failed(const std::string& message) {
    std::fprintf(stderr, "mqttsn-sim: %s\n", message.c_str());
    return kExitFailed;
}

/// @returns "" or why not
std::string write_file(const std::string& path, const std::string& text) {
    std::FILE* const file = path == "-" ? stdout : std::fopen(path.c_str(), "wb");
    if (file == nullptr) {
        return path + ": cannot write: " + mqttsn::gateway::system_message(errno);
    }
    const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
    const bool done = path == "-" ? std::fflush(file) == 0 : std::fclose(file) == 0;
    const std::string name = path == "-" ? "standard output" : path;
    return written && done ? "" : name + ": cannot write: " + mqttsn::gateway::system_message(errno);
}

/// Better now than after all the runs. Leaves everything as it is. @returns "" or why the file cannot be
/// written
std::string try_file(const std::string& path) {
    const bool is_new = access(path.c_str(), F_OK) != 0;
    std::FILE* const file = std::fopen(path.c_str(), "ab");
    if (file == nullptr) {
        return path + ": cannot write: " + mqttsn::gateway::system_message(errno);
    }
    std::fclose(file);
    if (is_new) {
        std::remove(path.c_str());
    }
    return "";
}

int check_report(const SimOptions& options, const Plan& plan) {
    std::uint64_t runs = 0;
    std::uint64_t messages = 0;
    for (const SweepPoint& point : plan.points) {
        runs += point.scenario.seeds;
        messages = std::max(messages, expected_messages(point.scenario));
    }
    if (!options.quiet) {
        std::printf("%s: ok\n%s%llu runs of up to about %llu messages\n", options.file.c_str(),
                    plan_text(plan).c_str(), static_cast<unsigned long long>(runs),
                    static_cast<unsigned long long>(messages));
    }
    return kExitDone;
}

int write_results(const SimOptions& options, const Plan& plan, const std::vector<PointResult>& points) {
    if (!options.json.empty()) {
        const std::string problem = write_file(options.json, json_report(plan, points));
        if (!problem.empty()) {
            return failed(problem);
        }
    }
    if (!options.svg.empty()) {
        const std::string problem = write_file(options.svg, svg_chart(plan, points));
        if (!problem.empty()) {
            return failed(problem);
        }
    }
    if (!options.quiet && options.json != "-" && options.svg != "-") {
        const std::string problem = write_file("-", text_report(plan, points));
        if (!problem.empty()) {
            return failed(problem);
        }
    }
    return kExitDone;
}

int run(const SimOptions& options) {
    const PlanResult loaded = load_plan(options.file, options.overrides);
    for (const std::string& error : loaded.errors) {
        std::fprintf(stderr, "%s\n", error.c_str());
    }
    if (!loaded.plan) {
        return kExitUsage;
    }
    const Plan& plan = *loaded.plan;
    if (options.check) {
        return check_report(options, plan);
    }
    for (const std::string& path : {options.json, options.svg}) {
        const std::string problem = path.empty() || path == "-" ? "" : try_file(path);
        if (!problem.empty()) {
            return failed(problem);
        }
    }
    const unsigned threads =
        options.threads != 0 ? options.threads : std::max(std::thread::hardware_concurrency(), 1U);
    ProgressBar bar;
    const bool terminal = !options.quiet && isatty(STDERR_FILENO) == 1;
    const auto begin = std::chrono::steady_clock::now();
    const PlanRun done = run_plan(plan, threads, [&](double share) {
        if (terminal) {
            bar.show(share);
        }
    });
    bar.clear();
    if (!done.failure.empty()) {
        return failed(done.failure);
    }
    const int code = write_results(options, plan, done.points);
    if (terminal) {
        std::uint64_t events = 0;
        for (const PointResult& point : done.points) {
            events += point.events;
        }
        const double seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        std::fprintf(stderr, "%s events in %.1f s\n", short_count(static_cast<double>(events)).c_str(),
                     seconds);
    }
    return code;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const SimOptionsResult result = parse_sim_options(argc, argv);
        std::fputs(result.out.c_str(), stdout);
        std::fputs(result.err.c_str(), stderr);
        return result.options ? run(*result.options) : result.exit_code;
    } catch (const std::exception& error) {
        return failed(error.what());
    }
}
