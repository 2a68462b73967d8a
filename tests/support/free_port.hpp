// SPDX-License-Identifier: BSD-3-Clause
//
// Ports on 127.0.0.1 that nobody uses right now, for TCP and UDP alike. They are taken below the range from
// which the kernel gives ports to outgoing connections, so that no client of a parallel test sits on one
// before the server does. Between the answer and the use another process may still take the port: who starts
// a server tries again.
#ifndef TESTS_SUPPORT_FREE_PORT_HPP
#define TESTS_SUPPORT_FREE_PORT_HPP

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <random>

namespace test {

inline bool can_bind(int type, std::uint16_t port) {
    const int fd = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool ok = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    return ok;
}

/// A port that can be bound on 127.0.0.1 with TCP and with UDP. Ends the program when there is none.
inline std::uint16_t free_port() {
    constexpr int kFirst = 20000;
    constexpr int kLast = 31999;  // Linux gives ports from 32768 to outgoing connections
    static std::mt19937 random{std::random_device{}()};
    std::uniform_int_distribution<int> pick(kFirst, kLast);
    for (int attempt = 0; attempt < 1000; ++attempt) {
        const auto port = static_cast<std::uint16_t>(pick(random));
        if (can_bind(SOCK_STREAM, port) && can_bind(SOCK_DGRAM, port)) {
            return port;
        }
    }
    std::abort();
}

}  // namespace test

#endif
