// SPDX-License-Identifier: BSD-3-Clause
//
// <mqttsn/udp.h> for C++17 and later: a socket with its buffer that closes itself. All inline; what functions
// mean is said at the C functions of the same name.
#ifndef MQTTSN_UDP_HPP
#define MQTTSN_UDP_HPP

#include <mqttsn/udp.h>
#include <mqttsn/client.hpp>

namespace mqttsn::device {

/// @tparam kBufferOctets  at least config.datagram_octets_max and the longest datagram to receive
template <size_t kBufferOctets = 1472>
class UdpSocket {
  public:
    /// What run() and wait() came back with.
    enum class Outcome : int { event = 1, time_over = 0, network_error = MQTTSN_ERR_NETWORK };

    UdpSocket() {
        udp_.fd = -1;
        udp_.group_fd = -1;
    }
    ~UdpSocket() { close(); }
    UdpSocket(const UdpSocket&) = delete;
    UdpSocket& operator=(const UdpSocket&) = delete;

    /// An open socket is closed first.
    [[nodiscard]] Status open(const char* host, const char* port) {
        close();
        return static_cast<Status>(mqttsn_udp_open(&udp_, host, port, buffer_, sizeof buffer_));
    }
#if MQTTSN_WITH_DISCOVERY
    [[nodiscard]] Status open_group(const char* group, const char* interface = nullptr, int hop_limit = 1) {
        close();
        return static_cast<Status>(
            mqttsn_udp_open_group(&udp_, group, interface, hop_limit, buffer_, sizeof buffer_));
    }
#endif
    void close() {
        mqttsn_udp_close(&udp_);
    }

    template <typename Client>
    Status send(Client& client) {
        return static_cast<Status>(mqttsn_udp_send(&udp_, client.c()));
    }
    template <typename Client>
    Status receive(Client& client) {
        return static_cast<Status>(mqttsn_udp_receive(&udp_, client.c()));
    }
    template <typename Client>
    Outcome run(Client& client, int timeout_ms, Event& event) {
        return static_cast<Outcome>(mqttsn_udp_run(&udp_, client.c(), timeout_ms, &event.c()));
    }
    /// time_over also when another event ended it: event.type() is then not `none`.
    template <typename Client>
    Outcome wait(Client& client, EventType wanted, int timeout_ms, Event& event) {
        return static_cast<Outcome>(mqttsn_udp_wait(&udp_, client.c(), static_cast<mqttsn_event_type>(wanted),
                                                    timeout_ms, &event.c()));
    }
    mqttsn_udp& c() {
        return udp_;
    }

  private:
    mqttsn_udp udp_{};
    uint8_t buffer_[kBufferOctets];
};

}  // namespace mqttsn::device

#endif
