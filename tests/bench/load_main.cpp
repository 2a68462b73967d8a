// SPDX-License-Identifier: BSD-3-Clause
//
// mqttsn-load: command line -> run -> report. One thread.
#include <csignal>
#include <cstdio>
#include <memory>
#include <random>

#include "bench/load_options.hpp"
#include "bench/run.hpp"

using namespace mqttsn::load;

namespace {

std::unique_ptr<Run> make_run(Result& result) {
    switch (result.options.mode) {
        case Mode::connect:
            return make_connect_run(result);
        case Mode::pub:
            return make_pub_run(result);
        case Mode::sub:
            return make_sub_run(result);
        case Mode::fanout:
            return make_fanout_run(result);
        case Mode::sleep:
            return make_sleep_run(result);
        case Mode::idle:
            return make_idle_run(result);
        case Mode::mqtt_pub:
            break;
    }
    return make_mqtt_pub_run(result);
}

void on_signal(int) {
    Run::interrupt();
}

int run(const LoadOptions& options) {
    const auto result = std::make_unique<Result>();  // histograms are large for a stack
    result->options = options;
    result->run = std::random_device{}();
    make_run(*result)->execute();
    const std::string failed = verdict(*result);
    // Nothing was measured when nobody could be reached: one line says more than a table of zeros.
    if (failed.empty() || result->counters.connected > 0 || result->counters.sent > 0 || options.json) {
        const std::string text = options.json ? report_json(*result) : report_text(*result);
        if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
            std::fputs("mqttsn-load: cannot write the result to standard output\n", stderr);
            return kExitFailed;
        }
    }
    if (!failed.empty()) {
        std::fprintf(stderr, "mqttsn-load: %s\n", failed.c_str());
        return kExitFailed;
    }
    return kExitDone;
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);  // who reads the result may have gone
    std::signal(SIGINT, on_signal);
    std::signal(SIGTERM, on_signal);
    const LoadCommand command = parse_load_options(argc, argv);
    if (!command.options) {
        std::fputs(command.out.c_str(), stdout);
        std::fputs(command.err.c_str(), stderr);
        return command.exit_code;
    }
    return run(*command.options);
}
