// SPDX-License-Identifier: BSD-3-Clause
#include "bench/sockets.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "gateway/app/open_files.hpp"
#include "gateway/app/text.hpp"

namespace mqttsn::load {
namespace {

constexpr std::size_t kPortsOfAnAddress = 20'000;  // of the 28,000 that Linux chooses from
constexpr std::size_t kEventsOfATurn = 512;

/// With the default slack of 50 us an open loop would send that late.
constexpr unsigned long kTimerSlackNs = 1000;

const sockaddr_in* as_loopback4(const Address& address) {
    const auto* const in = reinterpret_cast<const sockaddr_in*>(&address.storage);
    const bool loopback = address.storage.ss_family == AF_INET && ntohl(in->sin_addr.s_addr) >> 24U == 127;
    return loopback ? in : nullptr;
}

/// @param type  SOCK_DGRAM or SOCK_STREAM
Socket open_socket(const Address& to, std::size_t index, int type) {
    Socket socket(::socket(to.storage.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) {
        return socket;
    }
    if (as_loopback4(to) != nullptr && index >= kPortsOfAnAddress) {
        sockaddr_in own{};
        own.sin_family = AF_INET;
        own.sin_addr.s_addr = htonl(INADDR_LOOPBACK + static_cast<std::uint32_t>(index / kPortsOfAnAddress));
        if (::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0) {
            return {};
        }
    }
    if (::connect(socket.fd(), to.get(), to.length) != 0 && errno != EINPROGRESS) {
        return {};
    }
    return socket;
}

}  // namespace

std::uint64_t steady_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

std::string resolve(const HostAndPort& at, Address& out) {
    const std::string host = at.host == "localhost" ? "127.0.0.1" : at.host;
    addrinfo hints{};
    hints.ai_socktype = SOCK_DGRAM;
    addrinfo* found = nullptr;
    const int error = getaddrinfo(host.c_str(), std::to_string(at.port).c_str(), &hints, &found);
    if (error != 0) {
        return "cannot find the host " + gateway::in_quotes(at.host) + ": " + gai_strerror(error);
    }
    std::memcpy(&out.storage, found->ai_addr, found->ai_addrlen);
    out.length = found->ai_addrlen;
    freeaddrinfo(found);
    return "";
}

std::size_t raise_file_limit() {
    const std::uint64_t allowed = mqttsn::gateway::raise_open_files();
    return allowed != 0 ? static_cast<std::size_t>(allowed) : 1024;
}

Socket& Socket::operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

Socket::~Socket() {
    if (fd_ >= 0) {
        const int error = errno;  // open_socket() tells its caller by errno
        ::close(fd_);
        errno = error;
    }
}

Socket open_device_socket(const Address& gateway, std::size_t index) {
    return open_socket(gateway, index, SOCK_DGRAM);
}

Socket open_mqtt_socket(const Address& broker, std::size_t index) {
    Socket socket = open_socket(broker, index, SOCK_STREAM);
    const int on = 1;
    if (socket) {
        ::setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    return socket;
}

Poller::Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), events_(kEventsOfATurn) {
    ready_.reserve(kEventsOfATurn);
    ::prctl(PR_SET_TIMERSLACK, kTimerSlackNs, 0, 0, 0);
}

void Poller::add(int fd, std::uint64_t tag, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = tag;
    ::epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, fd, &event);
}

void Poller::change(int fd, std::uint64_t tag, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = tag;
    ::epoll_ctl(epoll_.fd(), EPOLL_CTL_MOD, fd, &event);
}

void Poller::remove(int fd) {
    ::epoll_ctl(epoll_.fd(), EPOLL_CTL_DEL, fd, nullptr);
}

std::span<const Ready> Poller::wait(std::uint64_t until_ns) {
    const std::uint64_t now = steady_ns();
    const std::uint64_t left = until_ns > now ? until_ns - now : 0;
    const int room = static_cast<int>(events_.size());
    int count = 0;
    if (left == 0 || !fine_) {
        const std::uint64_t left_ms = std::min<std::uint64_t>((left + 999'999) / 1'000'000, 1000);
        count = ::epoll_wait(epoll_.fd(), events_.data(), room, static_cast<int>(left_ms));
    } else {
        timespec time{};
        time.tv_sec = static_cast<time_t>(left / 1'000'000'000U);
        time.tv_nsec = static_cast<long>(left % 1'000'000'000U);
        count = ::epoll_pwait2(epoll_.fd(), events_.data(), room, &time, nullptr);
        fine_ = count >= 0 || errno != ENOSYS;  // Linux before 5.11
    }
    ready_.clear();
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events_[static_cast<std::size_t>(i)];
        ready_.push_back({event.data.u64, event.events});
    }
    return ready_;
}

}  // namespace mqttsn::load
