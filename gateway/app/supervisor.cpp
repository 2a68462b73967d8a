// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/app/supervisor.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "gateway/app/arguments.hpp"

namespace mqttsn::gateway {
namespace {

constexpr std::uint64_t kUsecMax = 86'400'000'000;  // a day

std::string variable(const char* name) {
    const char* const value = std::getenv(name);
    return value != nullptr ? value : "";
}

/// A connected datagram socket, or -1.
int open_socket(const std::string& name) {
    sockaddr_un address{};
    if (name.size() < 2 || name.size() >= sizeof address.sun_path || (name[0] != '/' && name[0] != '@')) {
        return -1;
    }
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') {
        address.sun_path[0] = '\0';
    }
    const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    if (descriptor >= 0 && ::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), length) != 0) {
        ::close(descriptor);
        return -1;
    }
    return descriptor;
}

}  // namespace

SupervisorWish supervisor_wish() {
    return {variable("NOTIFY_SOCKET"), variable("WATCHDOG_USEC"), variable("WATCHDOG_PID")};
}

Supervisor::Supervisor(const SupervisorWish& wish) : socket_(open_socket(wish.notify_socket)) {
    const auto usec = parse_number(wish.watchdog_usec, 1, kUsecMax);
    const bool ours = wish.watchdog_pid.empty() || wish.watchdog_pid == std::to_string(::getpid());
    if (socket_ >= 0 && usec && ours) {
        alive_every_ms_ = std::max<std::uint64_t>(1, *usec / 2000);
    }
}

Supervisor::~Supervisor() {
    if (socket_ >= 0) {
        ::close(socket_);
    }
}

void Supervisor::say(std::string_view text) const {
    if (socket_ >= 0) {
        static_cast<void>(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL));
    }
}

}  // namespace mqttsn::gateway
