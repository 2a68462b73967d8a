// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/app/open_files.hpp"

#include <sys/resource.h>

namespace mqttsn::gateway {

std::uint64_t raise_open_files() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 0;
    }
    if (limit.rlim_cur < limit.rlim_max) {
        rlimit raised = limit;
        raised.rlim_cur = limit.rlim_max;
        if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) {
            limit = raised;
        }
    }
    return limit.rlim_cur;
}

std::string too_few_open_files(std::uint64_t allowed, std::uint64_t sessions) {
    const std::uint64_t needed = sessions + kOwnOpenFiles;
    if (allowed == 0 || allowed >= needed) {
        return {};
    }
    const std::uint64_t possible = allowed > kOwnOpenFiles ? allowed - kOwnOpenFiles : 0;
    return "limits.sessions is " + std::to_string(sessions) + ", but " + std::to_string(allowed) +
           " open files are enough for " + std::to_string(possible) +
           " connections to the broker; more devices are told congestion: raise the limit (LimitNOFILE=" +
           std::to_string(needed) + " of the service, ulimit -Hn) or lower limits.sessions";
}

}  // namespace mqttsn::gateway
