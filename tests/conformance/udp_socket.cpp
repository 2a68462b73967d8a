// SPDX-License-Identifier: BSD-3-Clause
//
// UdpSocket of sn_device.hpp.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <mutex>

#include "conformance/sn_device.hpp"

namespace conformance {
namespace {

constexpr std::size_t kDatagramMax = 65536;

/// Sockets of devices that are gone. A gateway may still say something to their addresses (DISCONNECT, when
/// one is lost), and the kernel would soon give the port of a closed socket to another device.
class RestingPorts {
  public:
    static constexpr std::size_t kMax = 300;

    ~RestingPorts() {
        for (const int fd : fds_) {
            ::close(fd);
        }
    }
    void add(int fd) {
        const std::lock_guard lock(mutex_);
        fds_.push_back(fd);
        if (fds_.size() > kMax) {
            ::close(fds_.front());
            fds_.pop_front();
        }
    }

  private:
    std::mutex mutex_;
    std::deque<int> fds_;
};

void rest(int fd) {
    static RestingPorts ports;
    ports.add(fd);
}

}  // namespace

UdpSocket::UdpSocket(const Address& gateway)
    : fd_(::socket(gateway.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0)), gateway_(gateway) {
    // Bound at once, so that it is one address from the first datagram on. The kernel picks the port.
    Address any;
    any.storage.ss_family = gateway.storage.ss_family;
    any.size = gateway.size;
    if (fd_ < 0 || ::bind(fd_, any.get(), any.size) != 0) {
        const std::string why = std::strerror(errno);  // NOLINT(concurrency-mt-unsafe): glibc's is safe
        if (fd_ >= 0) {
            ::close(fd_);
        }
        throw Failure{"a UDP socket of our own", why};
    }
}

UdpSocket::~UdpSocket() {
    rest(fd_);
}

void UdpSocket::send(const Octets& datagram) const {
    static constexpr std::uint8_t kNothing = 0;
    // An error is not the gateway's fault, and what it would have answered will be missed.
    static_cast<void>(::sendto(fd_, datagram.empty() ? &kNothing : datagram.data(), datagram.size(), 0,
                               gateway_.get(), gateway_.size));
}

void UdpSocket::sort_in(Octets datagram) {
    const std::optional<sn::Unwrapped> outer = sn::unwrap(datagram);
    if (!outer.has_value()) {
        waiting_[std::nullopt].push_back(std::move(datagram));
        return;
    }
    if ((outer->ctrl & 0xFC) != 0) {
        throw Failure{"a wrapper with the reserved bits of Ctrl 0 (SN12-116)", sn::describe(datagram)};
    }
    waiting_[outer->node].push_back(outer->inner);
}

std::optional<Octets> UdpSocket::receive(const std::optional<Octets>& node, milliseconds timeout) {
    const Clock::time_point end = Clock::now() + timeout;
    std::deque<Octets>& mine = waiting_[node];
    for (;;) {
        if (!mine.empty()) {
            Octets first = std::move(mine.front());
            mine.pop_front();
            return first;
        }
        const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now()).count();
        pollfd ready{fd_, POLLIN, 0};
        if (::poll(&ready, 1, left > 0 ? static_cast<int>(left) : 0) <= 0) {
            return std::nullopt;
        }
        static thread_local std::array<std::uint8_t, kDatagramMax> buffer;
        Address from;
        from.size = sizeof from.storage;
        const ssize_t count = ::recvfrom(fd_, buffer.data(), buffer.size(), 0,
                                         reinterpret_cast<sockaddr*>(&from.storage), &from.size);
        if (count < 0) {
            continue;  // an ICMP error of an earlier datagram
        }
        if (!(from == gateway_)) {
            throw Failure{"answers from " + to_text(gateway_), "a datagram from " + to_text(from)};
        }
        sort_in(Octets(buffer.begin(), buffer.begin() + count));
    }
}

}  // namespace conformance
