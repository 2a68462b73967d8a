// SPDX-License-Identifier: BSD-3-Clause
#include "support/network_namespace.hpp"

#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "support/process.hpp"

namespace test {
namespace {

bool run(const std::string& words) {
    Process ip;
    ProcessOptions options;
    TemporaryFolder folder;
    options.error_path = folder.file("errors");
    std::string word;
    for (const char c : "ip " + words + " ") {
        if (c != ' ') {
            word += c;
        } else if (!word.empty()) {
            options.command.push_back(word);
            word.clear();
        }
    }
    if (!ip.start(options) || ip.wait(10000) != 0) {
        std::fprintf(stderr, "ip %s: %s\n", words.c_str(), read_file(options.error_path).c_str());
        return false;
    }
    return true;
}

/// Inside a user namespace of one's own one is root, of this network only.
bool become_root_of(uid_t user, gid_t group) {
    return write_file("/proc/self/setgroups", "deny") &&
           write_file("/proc/self/uid_map", "0 " + std::to_string(user) + " 1") &&
           write_file("/proc/self/gid_map", "0 " + std::to_string(group) + " 1");
}

}  // namespace

bool enter_network_namespace() {
    const uid_t user = ::getuid();
    const gid_t group = ::getgid();
    if (::unshare(CLONE_NEWNET) != 0 &&
        (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0 || !become_root_of(user, group))) {
        std::fprintf(stderr, "no network namespace (%s): this test needs root or user namespaces\n",
                     std::strerror(errno));
        return false;
    }
    const std::string name = kTestInterface;
    // A pair of interfaces; the other end only has to be up. Without duplicate address detection the
    // addresses are there at once.
    return run("link set lo up") && run("link add " + name + " type veth peer name " + name + "p") &&
           write_file("/proc/sys/net/ipv6/conf/" + name + "/accept_dad", "0") &&
           write_file("/proc/sys/net/ipv6/conf/" + name + "p/disable_ipv6", "1") &&
           run("addr add " + std::string(kTestAddress) + "/24 brd " + kTestBroadcast + " dev " + name) &&
           run("addr add fd45::1/64 dev " + name + " nodad") && run("link set " + name + "p up") &&
           run("link set " + name + " up") && run("route add multicast 224.0.0.0/4 dev " + name) &&
           run("route add default dev " + name);
}

}  // namespace test
