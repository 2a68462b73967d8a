// SPDX-License-Identifier: BSD-3-Clause
//
// mqttsn-lossy: command line -> limits of the system -> loop -> summary. One thread.
#include <netdb.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <random>
#include <string>

#include "gateway/app/text.hpp"
#include "gateway/net/socket_address.hpp"
#include "lossy/link_text.hpp"
#include "lossy/lossy_options.hpp"
#include "lossy/pcap_writer.hpp"
#include "lossy/proxy.hpp"
#include "lossy/proxy_report.hpp"
#include "lossy/proxy_upstream.hpp"

using namespace mqttsn::lossy;

namespace {

constexpr std::size_t kSpareDescriptors = 32;  // standard streams, the loop's, the listener, the capture
constexpr std::uint64_t kLiveMs = 1000;

/// All that the loop's callbacks need.
struct Program {
    uv_loop_t loop{};
    uv_signal_t interrupt{};
    uv_signal_t terminate{};
    uv_timer_t end{};
    uv_timer_t live{};
    Proxy* proxy = nullptr;
    ProxyReport before;
    bool live_shown = false;

    void say(const std::string& text) {
        clear_live();
        std::fprintf(stderr, "mqttsn-lossy: %s\n", text.c_str());
    }
    void clear_live() {
        if (live_shown) {
            std::fputs("\r\x1b[K", stderr);
            live_shown = false;
        }
    }
};

/// The first address of the name. "" or a sentence.
std::string resolve(const LossyOptions& options, Endpoint& out) {
    // As in --listen: the gateway of one's own desk, whatever the order of /etc/hosts.
    const std::string host = options.to_host == "localhost" ? "127.0.0.1" : options.to_host;
    addrinfo hints{};
    hints.ai_socktype = SOCK_DGRAM;
    addrinfo* found = nullptr;
    const int error = getaddrinfo(host.c_str(), std::to_string(options.to_port).c_str(), &hints, &found);
    if (error != 0) {
        return "cannot find the gateway " + mqttsn::gateway::in_quotes(host) + ": " + gai_strerror(error) +
               "; check --to";
    }
    out = mqttsn::gateway::endpoint_of(found->ai_addr);
    freeaddrinfo(found);
    return "";
}

/// Raises the limit of open files to what is allowed. @return how many devices fit into it
std::size_t fit_mappings(const LossyOptions& options) {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return options.mappings_max;
    }
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    const std::size_t each = Proxy::sockets_for(options.link, 1);
    const rlim_t most = limit.rlim_cur > kSpareDescriptors ? (limit.rlim_cur - kSpareDescriptors) / each : 1;
    return static_cast<std::size_t>(std::clamp<rlim_t>(most, 1, options.mappings_max));
}

void show_live(uv_timer_t* timer) {
    Program& program = *static_cast<Program*>(timer->data);
    winsize size{};
    const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
    const ProxyReport report = program.proxy->report();
    std::fprintf(stderr, "\r%s\x1b[K",
                 live_line(report, program.before, known ? size.ws_col - 1U : 79).c_str());
    program.before = report;
    program.live_shown = true;
}

void stop(Program& program) {
    program.proxy->close();
    for (uv_handle_t* const handle :
         {reinterpret_cast<uv_handle_t*>(&program.interrupt),
          reinterpret_cast<uv_handle_t*>(&program.terminate), reinterpret_cast<uv_handle_t*>(&program.end),
          reinterpret_cast<uv_handle_t*>(&program.live)}) {
        if (uv_is_closing(handle) == 0) {
            uv_close(handle, nullptr);
        }
    }
}

void on_signal(uv_signal_t* handle, int) {
    stop(*static_cast<Program*>(handle->data));
}

void on_end(uv_timer_t* timer) {
    stop(*static_cast<Program*>(timer->data));
}

void start_handles(Program& program, const LossyOptions& options) {
    uv_signal_init(&program.loop, &program.interrupt);
    uv_signal_init(&program.loop, &program.terminate);
    uv_timer_init(&program.loop, &program.end);
    uv_timer_init(&program.loop, &program.live);
    program.interrupt.data = program.terminate.data = program.end.data = program.live.data = &program;
    uv_signal_start(&program.interrupt, on_signal, SIGINT);
    uv_signal_start(&program.terminate, on_signal, SIGTERM);
    if (options.duration.count() > 0) {
        uv_timer_start(&program.end, on_end, static_cast<std::uint64_t>(options.duration.count()) / 1000, 0);
    }
    if (!options.quiet && isatty(STDERR_FILENO) != 0) {
        uv_timer_start(&program.live, show_live, kLiveMs, kLiveMs);
    }
}

/// What is there once the port is open: who reads this knows the port and the seed.
void say_start(Program& program, const ProxySettings& settings) {
    const ProxyReport report = program.proxy->report();
    program.say("udp://" + report.listen + " to " + report.gateway + ", seed " + std::to_string(report.seed));
    std::fputs(describe_link(settings.link).c_str(), stderr);
    if (settings.link == LinkSettings{}) {
        std::fputs("  (--preset wifi-bad or --loss 10% make it worse; --help says what else)\n", stderr);
    }
}

int run(const LossyOptions& options) {
    Program program;
    ProxySettings settings;
    settings.listen = options.listen;
    settings.link = options.link;
    settings.seed = options.seed ? *options.seed : std::random_device{}();
    settings.expire = options.expire;
    settings.mappings_max = fit_mappings(options);
    if (settings.mappings_max < options.mappings_max) {
        program.say("at most " + std::to_string(settings.mappings_max) +
                    " devices: that is what the limit of open files (ulimit -Hn) leaves");
    }
    std::string problem = resolve(options, settings.gateway);
    PcapWriter capture;
    if (problem.empty() && !options.pcap.empty()) {
        const auto today = std::chrono::system_clock::now().time_since_epoch();
        problem = capture.open(options.pcap, std::chrono::duration_cast<Micros>(today));
    }
    uv_loop_init(&program.loop);
    int code = kExitDone;
    {
        Proxy proxy(&program.loop, settings, options.pcap.empty() ? nullptr : &capture,
                    [&program](const std::string& text) { program.say(text); });
        program.proxy = &proxy;
        problem = problem.empty() ? proxy.open() : problem;
        if (problem.empty()) {
            start_handles(program, options);
            say_start(program, settings);
        } else {
            program.say(problem);
            code = kExitFailed;
        }
        uv_run(&program.loop, UV_RUN_DEFAULT);
        program.clear_live();
        if (code == kExitDone) {
            const ProxyReport report = proxy.report();
            if (!options.json) {
                std::fputs(("mqttsn-lossy: " + summary_text(report)).c_str(), stderr);
            } else if (std::fputs(summary_json(report).c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
                program.say("cannot write the summary to standard output");
                code = kExitFailed;
            }
        }
    }
    uv_loop_close(&program.loop);
    return code;
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);  // who reads the summary or the capture may have gone
    std::signal(SIGXFSZ, SIG_IGN);  // a capture at the limit of a file's size: an error as any other
    const LossyCommand command = parse_lossy_options(argc, argv);
    if (!command.options) {
        std::fputs(command.out.c_str(), stdout);
        std::fputs(command.err.c_str(), stderr);
        return command.exit_code;
    }
    return run(*command.options);
}
