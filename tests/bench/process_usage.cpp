// SPDX-License-Identifier: BSD-3-Clause
#include "bench/process_usage.hpp"

#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <fstream>
#include <string>

namespace mqttsn::load {

std::optional<ProcessUsage> process_usage(pid_t pid) {
    // The clock of a process counts all its threads, those that ended too, without the 10 ms steps of
    // /proc/PID/stat.
    clockid_t clock = CLOCK_PROCESS_CPUTIME_ID;
    timespec used{};
    if ((pid != 0 && clock_getcpuclockid(pid, &clock) != 0) || clock_gettime(clock, &used) != 0) {
        return std::nullopt;
    }
    ProcessUsage usage;
    usage.cpu_ns =
        static_cast<std::uint64_t>(used.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(used.tv_nsec);
    std::ifstream file("/proc/" + (pid == 0 ? std::string("self") : std::to_string(pid)) + "/statm");
    std::uint64_t pages = 0;
    std::uint64_t resident = 0;
    if (!(file >> pages >> resident)) {
        return std::nullopt;
    }
    usage.rss_octets = resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    return usage;
}

}  // namespace mqttsn::load
