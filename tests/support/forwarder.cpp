// SPDX-License-Identifier: BSD-3-Clause
#include "support/forwarder.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <vector>

namespace test {

namespace {

constexpr int kLookUpMs = 50;  // how often the thread asks whether it should end
constexpr std::size_t kDatagramMax = 65536;

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

}  // namespace

Forwarder::~Forwarder() {
    stop_ = true;
    if (thread_.joinable()) {
        thread_.join();
    }
    for (const int socket : {devices_, gateway_}) {
        if (socket >= 0) {
            ::close(socket);
        }
    }
}

bool Forwarder::start(std::uint16_t gateway_port) {
    devices_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    gateway_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in here = loopback(0);
    const sockaddr_in there = loopback(gateway_port);
    socklen_t size = sizeof here;
    if (devices_ < 0 || gateway_ < 0 ||
        ::bind(devices_, reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0 ||
        ::getsockname(devices_, reinterpret_cast<sockaddr*>(&here), &size) != 0 ||
        ::connect(gateway_, reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0) {
        std::perror("forwarder");
        return false;
    }
    port_ = ntohs(here.sin_port);
    thread_ = std::thread([this] { run(); });
    return true;
}

void Forwarder::run() {
    while (!stop_) {
        std::array<pollfd, 2> entries{pollfd{devices_, POLLIN, 0}, pollfd{gateway_, POLLIN, 0}};
        if (::poll(entries.data(), entries.size(), kLookUpMs) <= 0) {
            continue;
        }
        if (entries[0].revents != 0) {
            from_device();
        }
        if (entries[1].revents != 0) {
            from_gateway();
        }
    }
}

void Forwarder::from_device() {
    std::vector<std::uint8_t> datagram(3 + node_id_octets_ + kDatagramMax);
    sockaddr_in device{};
    socklen_t size = sizeof device;
    const ssize_t count = ::recvfrom(devices_, datagram.data() + 3 + node_id_octets_, kDatagramMax,
                                     MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&device), &size);
    if (count < 0) {
        return;
    }
    const std::uint16_t node = ntohs(device.sin_port);
    datagram[0] = static_cast<std::uint8_t>(3 + node_id_octets_);
    datagram[1] = 0xFE;
    datagram[node_id_octets_ + 1] = static_cast<std::uint8_t>(node >> 8U);
    datagram[node_id_octets_ + 2] = static_cast<std::uint8_t>(node);
    // An error is what the kernel heard about an earlier datagram; as on the air, this one is lost.
    static_cast<void>(
        ::send(gateway_, datagram.data(), 3 + node_id_octets_ + static_cast<std::size_t>(count), 0));
    ++forwarded_;
}

void Forwarder::from_gateway() {
    std::vector<std::uint8_t> datagram(kDatagramMax);
    const ssize_t received = ::recv(gateway_, datagram.data(), datagram.size(), MSG_DONTWAIT);
    if (received < 0) {
        return;
    }
    const std::size_t header = 3 + node_id_octets_;
    const auto count = static_cast<std::size_t>(received);
    if (count < header || datagram[0] != header || datagram[1] != 0xFE || datagram[2] != 0) {
        ++unsound_;
        return;
    }
    const auto node = static_cast<std::uint16_t>(datagram[header - 2] << 8U | datagram[header - 1]);
    const sockaddr_in device = loopback(node);
    static_cast<void>(::sendto(devices_, datagram.data() + header, count - header, 0,
                               reinterpret_cast<const sockaddr*>(&device), sizeof device));
}

}  // namespace test
