// SPDX-License-Identifier: BSD-3-Clause
//
// The system's side of mqttsn-load: addresses, sockets, epoll, the clock, the limit of open files. Linux.
// One thread.
#ifndef TESTS_BENCH_SOCKETS_HPP
#define TESTS_BENCH_SOCKETS_HPP

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bench/load_options.hpp"

namespace mqttsn::load {

/// Steady clock.
std::uint64_t steady_ns();

struct Address {
    sockaddr_storage storage{};
    socklen_t length = 0;

    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// The first address of the name; "localhost" is 127.0.0.1. Blocks while the name is looked up.
/// @return "" or a sentence that names the host
std::string resolve(const HostAndPort& at, Address& out);

/// Raises the limit of open files to what is allowed. @return how many descriptors the process may have
std::size_t raise_file_limit();

class Socket {
  public:
    Socket() = default;
    explicit Socket(int fd) : fd_(fd) {}
    Socket(Socket&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
    Socket& operator=(Socket&& other) noexcept;
    ~Socket();
    int fd() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

  private:
    int fd_ = -1;
};

/// A non-blocking UDP socket with a port of its own, connected to the gateway. Where that is on IPv4
/// loopback, socket `index` is on 127.0.0.1, .2, ... so that ports suffice for as many devices as files may
/// be open.
/// @return without a descriptor when there is none to be had: errno says why
Socket open_device_socket(const Address& gateway, std::size_t index);
/// A non-blocking TCP socket that is connecting, without Nagle's delay; addresses as above.
Socket open_mqtt_socket(const Address& broker, std::size_t index);

/// What has become ready: a tag that the caller chose, and epoll's events.
struct Ready {
    std::uint64_t tag = 0;
    std::uint32_t events = 0;
};

class Poller {
  public:
    Poller();

    bool usable() const { return static_cast<bool>(epoll_); }
    void add(int fd, std::uint64_t tag, std::uint32_t events = EPOLLIN);
    void change(int fd, std::uint64_t tag, std::uint32_t events);
    void remove(int fd);
    /// Waits until something is ready or the steady clock shows `until_ns`. The view lives until the next
    /// call.
    std::span<const Ready> wait(std::uint64_t until_ns);

  private:
    Socket epoll_;
    bool fine_ = true;  // the kernel can wait for less than a millisecond
    std::vector<epoll_event> events_;
    std::vector<Ready> ready_;
};

}  // namespace mqttsn::load

#endif
