// SPDX-License-Identifier: BSD-3-Clause
//
// One UDP socket towards the devices, on libuv. Dual stack where the address is [::]. It knows addresses and
// octets, not MQTT-SN. Loop thread only.
#ifndef GATEWAY_NET_UDP_LISTENER_HPP
#define GATEWAY_NET_UDP_LISTENER_HPP

#include <uv.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gateway/core/endpoint.hpp"
#include "gateway/net/socket_address.hpp"
#include "mqttsn/wire.hpp"

namespace mqttsn::gateway {

/// Gets what arrives. The view lives until the call returns.
class DatagramReceiver {
  public:
    virtual void on_datagram(const Endpoint& from, Bytes datagram) = 0;

  protected:
    ~DatagramReceiver() = default;
};

struct UdpAddress {
    std::string host = "::";    ///< numeric; IPv6 without brackets, with %zone where needed
    std::uint16_t port = 1883;  ///< 0: the system chooses
    bool ipv6 = true;
};

struct UdpCounters {
    std::uint64_t received = 0;
    std::uint64_t received_octets = 0;
    std::uint64_t truncated = 0;       ///< larger than any buffer: dropped
    std::uint64_t receive_errors = 0;  ///< the kernel said no to one receive; the next one goes on
    std::uint64_t sent = 0;
    std::uint64_t sent_octets = 0;
    std::uint64_t send_queued = 0;   ///< had to wait until the socket was writable
    std::uint64_t send_dropped = 0;  ///< waiting queue full: dropped, repetition covers it
    std::uint64_t send_errors = 0;   ///< unreachable, not permitted, too large for the interface
};

/// The socket gets what comes to groups that it has joined itself, not what some program on this host has.
void forbid_foreign_groups(int descriptor, bool ipv6);

class UdpListener {
  public:
    /// `index` becomes Endpoint::listener of all that arrives. `loop` and `receiver` must outlive the
    /// listener.
    /// @param where_to_set  where an operator chooses the address, for sentences about it
    UdpListener(uv_loop_t* loop, std::uint16_t index, DatagramReceiver& receiver,
                std::string where_to_set = "listen.url, --listen");
    /// Only after close() and after the loop has run.
    ~UdpListener();
    UdpListener(const UdpListener&) = delete;
    UdpListener& operator=(const UdpListener&) = delete;

    /// Binds and starts to receive. [::] also takes IPv4; on a host without IPv6 it becomes 0.0.0.0.
    /// @return "" or one sentence for the operator.
    std::string open(const UdpAddress& address);
    /// One datagram; never blocks. Octets are copied when they have to wait. Errors are counted: UDP promises
    /// nothing.
    void send(const Endpoint& to, Bytes datagram);
    /// Closes the socket; what still waits to be sent is dropped.
    void close();

    /// Lets group sockets of this user's programs have the same port: a group may have the port that the
    /// listener has on all addresses. Another listener still finds the port taken.
    void share_port() const;
    /// Datagrams to this IPv4 broadcast address, which come to every socket of the port, are for another one.
    void leave_out(const Endpoint& broadcast);

    std::uint16_t index() const { return index_; }
    /// The port in use, also when 0 was asked for.
    std::uint16_t port() const { return local_.port; }
    /// Address and port it is bound to; the address is zero when it listens on all.
    const Endpoint& local() const { return local_; }
    /// How its socket wants the addresses it sends to.
    AddressForm form() const { return ipv6_ ? AddressForm::ipv6 : AddressForm::ipv4; }
    bool reaches(const Endpoint& to) const;
    /// The socket, for what libuv has no call for; -1 when it is closed.
    int descriptor() const { return descriptor_; }
    /// Octets of receive buffer the kernel granted.
    int receive_buffer() const { return receive_buffer_; }
    const UdpCounters& counters() const { return counters_; }

  private:
    struct Waiting;
    static void on_alloc(uv_handle_t* handle, std::size_t suggested, uv_buf_t* buffer) noexcept;
    static void on_receive(uv_udp_t* handle, ssize_t count, const uv_buf_t* buffer, const sockaddr* from,
                           unsigned flags) noexcept;
    static void on_sent(uv_udp_send_t* request, int status) noexcept;
    std::string fail(const UdpAddress& address, int error) const;
    static int bind_alone(int descriptor, const SocketAddress& own);
    int open_socket(const UdpAddress& address, int& descriptor);

    uv_loop_t* const loop_;
    const std::uint16_t index_;
    DatagramReceiver& receiver_;
    const std::string where_to_set_;
    uv_udp_t handle_{};
    bool open_ = false;
    bool ipv6_ = true;
    bool dual_stack_ = false;
    int descriptor_ = -1;
    Endpoint local_;
    std::vector<std::uint32_t> left_out_;  // host order
    int receive_buffer_ = 0;
    std::unique_ptr<char[]> buffer_;
    UdpCounters counters_;
};

}  // namespace mqttsn::gateway

#endif
