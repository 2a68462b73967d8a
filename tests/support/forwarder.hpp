// SPDX-License-Identifier: BSD-3-Clause
//
// A forwarder (SN12-113) between devices on UDP sockets and a gateway: what a device sends to it goes on in a
// wrapper, what the gateway wraps for a device comes out. It makes and reads the wrapper itself, with nothing
// of ours. A device's node id is its source port, so a device with a new socket has a new one. Owned by a
// fixture; it has a thread of its own.
#ifndef TESTS_SUPPORT_FORWARDER_HPP
#define TESTS_SUPPORT_FORWARDER_HPP

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>

namespace test {

class Forwarder {
  public:
    /// @param node_id_octets  2..252: the port in the last two, zeros before
    explicit Forwarder(std::size_t node_id_octets = 2) : node_id_octets_(node_id_octets) {}
    ~Forwarder();
    Forwarder(const Forwarder&) = delete;
    Forwarder& operator=(const Forwarder&) = delete;

    /// Two sockets on 127.0.0.1, and the thread.
    [[nodiscard]] bool start(std::uint16_t gateway_port);
    /// Where devices send to.
    std::uint16_t port() const { return port_; }
    /// Datagrams of the gateway that were no sound wrapper with Ctrl 0 for a node of ours: dropped.
    unsigned unsound() const { return unsound_; }
    unsigned forwarded() const { return forwarded_; }

  private:
    void run();
    void from_device();
    void from_gateway();

    std::size_t node_id_octets_;
    int devices_ = -1;  // sockets
    int gateway_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<unsigned> unsound_{0};
    std::atomic<unsigned> forwarded_{0};
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

}  // namespace test

#endif
