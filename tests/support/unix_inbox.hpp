// SPDX-License-Identifier: BSD-3-Clause
//
// A datagram socket with a name in the file system, as the one that a service manager reads from. Owned by a
// fixture, never by a test body. One thread.
#ifndef TESTS_SUPPORT_UNIX_INBOX_HPP
#define TESTS_SUPPORT_UNIX_INBOX_HPP

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <string>

namespace test {

class UnixInbox {
  public:
    UnixInbox() = default;
    UnixInbox(const UnixInbox&) = delete;
    UnixInbox& operator=(const UnixInbox&) = delete;
    ~UnixInbox() {
        if (socket_ >= 0) {
            ::close(socket_);
        }
    }

    /// "@name" is abstract. False when it cannot be had.
    [[nodiscard]] bool open(const std::string& name) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (name.size() >= sizeof address.sun_path) {
            return false;
        }
        std::memcpy(address.sun_path, name.data(), name.size());
        if (name[0] == '@') {
            address.sun_path[0] = '\0';
        }
        socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
        return socket_ >= 0 && ::bind(socket_, reinterpret_cast<const sockaddr*>(&address), length) == 0;
    }
    /// The next datagram; "" when none comes within `timeout_ms`.
    std::string receive(int timeout_ms = 10000) const {
        const timeval patience{timeout_ms / 1000, timeout_ms % 1000 * 1000};
        setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        char buffer[256];
        const ssize_t count = ::recv(socket_, buffer, sizeof buffer, timeout_ms == 0 ? MSG_DONTWAIT : 0);
        return count > 0 ? std::string(buffer, static_cast<std::size_t>(count)) : "";
    }

  private:
    int socket_ = -1;
};

}  // namespace test

#endif
