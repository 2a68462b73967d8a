// SPDX-License-Identifier: BSD-3-Clause
//
// What a process of this machine has used: CPU time of all its threads, and resident memory. Linux. Any
// thread.
#ifndef TESTS_BENCH_PROCESS_USAGE_HPP
#define TESTS_BENCH_PROCESS_USAGE_HPP

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace mqttsn::load {

struct ProcessUsage {
    std::uint64_t cpu_ns = 0;  ///< since its start; to the nanosecond where the system lets us
    std::uint64_t rss_octets = 0;
};

/// nullopt when there is no such process.
/// @param pid  0 = this one
std::optional<ProcessUsage> process_usage(pid_t pid);

}  // namespace mqttsn::load

#endif
