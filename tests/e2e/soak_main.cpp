// SPDX-License-Identifier: BSD-3-Clause
//
// The soak: many devices of all kinds behind a bad network, the real gateway, a mosquitto that is restarted
// twice, for as long as one likes. Then the traffic stops, everything settles and all devices leave, and
// nothing may be lost that was promised, nothing left over, and the gateway's memory flat. Ends by itself.
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "soak_bed.hpp"
#include "soak_fleet.hpp"
#include "soak_plan.hpp"

namespace {

using namespace soak;

constexpr int kExitDone = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

constexpr Micros kSecond{1'000'000};
constexpr rlim_t kSpareDescriptors = 100;  // of each program, beside one for each device
constexpr int kStopMs = 30000;
constexpr Micros kWillHandshakeMax =
    7 * Micros{std::int64_t{kRetryMs} * 1000};  // N_retry of the gateway is 5

constexpr const char* kHelp =
    R"(soak: a gateway under many devices, a bad network and restarts of its broker

Usage: soak [OPTION]...

  --devices N    1 to 5000; default: 100
  --seconds N    length of the traffic, 20 to 86400; default: 40. Settling comes
                 on top
  --seed N       draws the devices; default: 1
  --growth N     percent by which the gateway's memory may grow from the second
                 to the last quarter; 0 = not judged; default: 10
  --trace FILE   a line for each datagram and message of each device
  --logs FOLDER  keep the logs of all programs there, mosquitto's with all packets
  -h, --help     print this and exit

Exit code: 0 all promises held, 1 something did not, 2 bad usage.
)";

bool number_in(const char* text, std::uint64_t least, std::uint64_t most, std::uint64_t& value) {
    char* end = nullptr;
    value = std::strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && value >= least && value <= most;
}

/// An exit code, or -1 to go on.
int parse(int argc, char** argv, Settings& settings) {
    for (int i = 1; i < argc; ++i) {
        const std::string option = argv[i];
        if (option == "-h" || option == "--help") {
            std::fputs(kHelp, stdout);
            return kExitDone;
        }
        const char* const value = i + 1 < argc ? argv[++i] : "";
        std::uint64_t number = 0;
        if (option == "--devices" && number_in(value, 1, 5000, number)) {
            settings.devices = static_cast<std::uint32_t>(number);
        } else if (option == "--seconds" && number_in(value, 20, 86400, number)) {
            settings.seconds = static_cast<std::uint32_t>(number);
        } else if (option == "--seed" && number_in(value, 0, UINT64_MAX, number)) {
            settings.seed = number;
        } else if (option == "--growth" && number_in(value, 0, 1000, number)) {
            settings.growth_percent = static_cast<std::uint32_t>(number);
        } else if (option == "--trace" && *value != '\0') {
            settings.trace = value;
        } else if (option == "--logs" && *value != '\0') {
            settings.logs = value;
        } else {
            std::fprintf(stderr, "soak: bad option or value: %s %s; see --help\n", option.c_str(), value);
            return kExitUsage;
        }
    }
    return -1;
}

/// As many descriptors as there may be; each program needs one per device.
bool enough_descriptors(std::uint32_t devices) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < devices + kSpareDescriptors) {
        std::fprintf(stderr, "soak: %u devices need %llu open files, ulimit -Hn is %llu\n", devices,
                     static_cast<unsigned long long>(devices + kSpareDescriptors),
                     static_cast<unsigned long long>(limit.rlim_max));
        return false;
    }
    return true;
}

void say(const Fleet& fleet, const std::string& text) {
    std::printf("%7.1f s  %s\n", static_cast<double>(fleet.now().count()) / 1e6, text.c_str());
    std::fflush(stdout);
}

/// One run; its parts are its steps.
class Soak {
  public:
    explicit Soak(const Settings& settings)
        : settings_(settings),
          times_(times_of(settings)),
          fleet_(settings, times_, draw_members(settings, times_)) {}

    int run() {
        if (!bed_.start(settings_) || !fleet_.meet_broker(bed_.broker.port())) {
            std::fprintf(stderr, "soak: the programs did not start\n");
            return kExitFailed;
        }
        sockets_ = bed_.gateway_sockets();
        if (!fleet_.begin(bed_.network_port())) {
            std::perror("soak: a socket for each device");
            return kExitFailed;
        }
        fleet_.broker_started(times_.broker_stops[0]);
        say(fleet_, "traffic begins");
        traffic();
        fleet_.stop_traffic();
        say(fleet_, "traffic has ended");
        settle();
        leave();
        stop();
        judge_memory();
        return report();
    }

  private:
    void traffic() {
        Micros sample_at = times_.memory_from;
        std::size_t restarts = 0;
        Micros start_at = Micros::max();
        while (fleet_.now() < times_.end || start_at != Micros::max()) {
            if (restarts < 2 && start_at == Micros::max() && fleet_.now() >= times_.broker_stops[restarts]) {
                say(fleet_, "broker stops");
                bed_.broker.stop();
                fleet_.broker_stopped();
                start_at = fleet_.now() + times_.broker_pause;
            }
            if (fleet_.now() >= start_at) {
                start_at = Micros::max();
                if (!bed_.broker.start()) {
                    fleet_.fail("the broker did not come back");
                    return;
                }
                ++restarts;
                fleet_.broker_started(restarts < 2 ? times_.broker_stops[restarts] : Micros::max());
                say(fleet_, "broker is back");
            }
            if (fleet_.now() >= sample_at) {
                memory_.sample(bed_.gateway.pid());
                sample_at += times_.memory_every;
            }
            fleet_.run_for(kSecond / 10);
        }
    }

    void settle() {
        const Micros until = fleet_.now() + times_.settle_budget;
        std::string why = fleet_.unsettled();
        while (!why.empty() && fleet_.now() < until) {
            fleet_.run_for(kSecond / 2);
            why = fleet_.unsettled();
        }
        if (!why.empty()) {
            fleet_.fail("it does not settle: " + why);
        }
        say(fleet_, "settled; waiting for what may come too often");
        fleet_.run_for(3 * Micros{std::int64_t{kRetryMs} * 1000});
        fleet_.judge_deliveries();
    }

    void leave() {
        fleet_.leave();
        const Micros until = fleet_.now() + times_.leave_budget;
        while (fleet_.still_there() > 0 && fleet_.now() < until) {
            fleet_.run_for(kSecond / 2);
        }
        // A late copy of the last CONNECT makes a session: with a will it waits for the will until the
        // gateway has asked often enough, else it ends when its keep-alive is over.
        fleet_.run_for(kWillHandshakeMax);
        while (bed_.gateway_sockets() > sockets_ && fleet_.now() < until) {
            fleet_.run_for(kSecond / 2);
        }
        if (fleet_.still_there() > 0) {
            fleet_.fail(std::to_string(fleet_.still_there()) + " devices could not leave");
        }
        say(fleet_, "all devices have left");
    }

    void stop() {
        const std::size_t sockets = bed_.gateway_sockets();
        if (sockets > sockets_) {
            fleet_.fail("all devices have left, and the gateway has " + std::to_string(sockets) +
                        " sockets open in place of " + std::to_string(sockets_));
        }
        const auto code = bed_.gateway.stop(kStopMs);
        if (code != std::optional<int>(0)) {
            fleet_.fail("the gateway ended with " + std::to_string(code.value_or(-1)));
        }
        for (const char* const field : {"sessions", "connections"}) {
            const auto count = bed_.logged("stopping", field);
            if (count != std::optional<std::uint64_t>(0)) {
                fleet_.fail("all devices have left, and the gateway says " + std::string(field) + "=" +
                            (count ? std::to_string(*count) : "?"));
            }
        }
        network_ = bed_.stop_network();
        fleet_.judge_wills(bed_.lost_devices());
        if (!settings_.logs.empty()) {
            bed_.keep_logs(settings_.logs);
        }
    }

    void judge_memory() {
        if (settings_.growth_percent > 0 &&
            memory_.quarter(3) > memory_.quarter(1) * (100 + settings_.growth_percent) / 100) {
            fleet_.fail("the gateway's memory grew by more than " + std::to_string(settings_.growth_percent) +
                        " % from the second to the last quarter");
        }
    }

    int report() {
        std::printf("%s%s%s\n%s", fleet_.report().c_str(), memory_.report().c_str(), bed_.counters().c_str(),
                    network_.c_str());
        const std::size_t failures = fleet_.failures().size();
        std::printf("soak: %u devices, %u s, seed %llu, 2 restarts of the broker: %s\n", settings_.devices,
                    settings_.seconds, static_cast<unsigned long long>(settings_.seed),
                    failures == 0 ? "all promises held" : (std::to_string(failures) + " failures").c_str());
        return failures == 0 ? kExitDone : kExitFailed;
    }

    Settings settings_;
    Times times_;
    Bed bed_;
    Fleet fleet_;
    MemorySeries memory_;
    std::size_t sockets_ = 0;
    std::string network_;
};

}  // namespace

int main(int argc, char** argv) {
    Settings settings;
    const int code = parse(argc, argv, settings);
    if (code >= 0) {
        return code;
    }
    if (!enough_descriptors(settings.devices)) {
        return kExitFailed;
    }
    try {
        return Soak(settings).run();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "soak: %s\n", error.what());
        return kExitFailed;
    }
}
