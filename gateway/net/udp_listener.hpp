// SPDX-License-Identifier: BSD-3-Clause
//
// One UDP socket towards the devices, on libuv. Dual stack where the address is [::]. It knows addresses and
// octets, not MQTT-SN. Loop thread only.
#ifndef GATEWAY_NET_UDP_LISTENER_HPP
#define GATEWAY_NET_UDP_LISTENER_HPP

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gateway/core/endpoint.hpp"
#include "gateway/net/datagram_outbox.hpp"
#include "gateway/net/socket_address.hpp"
#include "gateway/net/source_share.hpp"
#include "mqttsn/wire.hpp"

namespace mqttsn::gateway {

/// Gets what arrives. The view lives until the call returns.
class DatagramReceiver {
  public:
    virtual void on_datagram(const Endpoint& from, Bytes datagram) = 0;
    /// This source is slowed down from now on (SourceShare). Only for the operator.
    virtual void on_flood(const Endpoint& /*from*/) {}
    /// Many devices speak through this source, so it is not slowed down.
    virtual bool speaks_for_many(const Endpoint& /*from*/) const { return false; }
    /// A datagram from there is a few behind the one that is being handed over.
    virtual void on_datagram_ahead(const Endpoint& /*from*/) {}

  protected:
    ~DatagramReceiver() = default;
};

struct UdpAddress {
    std::string host = "::";    ///< numeric; IPv6 without brackets, with %zone where needed
    std::uint16_t port = 1883;  ///< 0: the system chooses
    bool ipv6 = true;
};

struct UdpCounters : SendCounters {
    std::uint64_t received = 0;
    std::uint64_t received_octets = 0;
    std::uint64_t truncated = 0;       ///< larger than `datagram_max`; handed over as far as there was room
    std::uint64_t dropped_flood = 0;   ///< received, but of a source that floods
    std::uint64_t receive_errors = 0;  ///< the kernel said no to one receive; the next one goes on
};

/// The socket gets what comes to groups that it has joined itself, not what some program on this host has.
void forbid_foreign_groups(int descriptor, bool ipv6);

class UdpListener {
  public:
    static constexpr std::size_t kDatagramMax = 65507;  ///< of UDP over IPv4

    /// `index` becomes Endpoint::listener of all that arrives. `loop` and `receiver` must outlive the
    /// listener.
    /// @param datagram_max  octets; of a larger datagram the receiver gets the beginning, which is larger
    /// than
    ///                      this, too
    /// @param where_to_set  where an operator chooses the address, for sentences about it
    UdpListener(uv_loop_t* loop, std::uint16_t index, DatagramReceiver& receiver,
                std::size_t datagram_max = kDatagramMax, std::string where_to_set = "listen.url, --listen");
    /// Only after close() and after the loop has run.
    ~UdpListener();
    UdpListener(const UdpListener&) = delete;
    UdpListener& operator=(const UdpListener&) = delete;

    /// Binds and starts to receive. [::] also takes IPv4; on a host without IPv6 it becomes 0.0.0.0.
    /// @return "" or one sentence for the operator.
    std::string open(const UdpAddress& address);
    /// One datagram; never blocks. The octets are copied and leave at the end of the loop's turn, or with
    /// flush(). Errors are counted: UDP promises nothing.
    void send(const Endpoint& to, Bytes datagram);
    /// Gives the kernel what send() has collected.
    void flush();
    /// Closes the socket; what the kernel does not take at once is dropped.
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
    /// The socket, for what is not datagrams of devices; -1 when it is closed.
    int descriptor() const { return descriptor_; }
    /// Octets of receive buffer the kernel granted.
    int receive_buffer() const { return receive_buffer_; }
    /// Where the kernel has granted less than was asked for: a sentence for the operator for each buffer.
    std::vector<std::string> small_buffers() const;
    UdpCounters counters() const;
    /// Datagrams that found the receive buffer full, since the socket was opened. One system call. Stands
    /// still after leave_out(): the kernel counts what its filter rejects in the same place.
    std::uint64_t dropped_by_kernel();

  private:
    struct Batch;
    static void on_ready(uv_poll_t* handle, int status, int events);
    void watch();
    void receive();
    void hand_over(std::size_t count);
    void end_receiving(bool left_unread);
    Instant now() const;
    std::string fail(const UdpAddress& address, int error) const;
    static int bind_alone(int descriptor, const SocketAddress& own);
    int open_socket(const UdpAddress& address, int& descriptor);

    uv_loop_t* const loop_;
    const std::uint16_t index_;
    DatagramReceiver& receiver_;
    const std::string where_to_set_;
    uv_poll_t poll_{};
    uv_prepare_t turn_{};  ///< its end; does not keep the loop alive
    int watched_ = 0;      ///< events
    bool open_ = false;
    bool ipv6_ = true;
    bool dual_stack_ = false;
    int descriptor_ = -1;
    Endpoint local_;
    std::vector<std::uint32_t> left_out_;  // host order
    int receive_buffer_ = 0;
    int send_buffer_ = 0;
    std::uint64_t kernel_drops_ = 0;
    std::unique_ptr<Batch> batch_;
    SourceShare share_;
    DatagramOutbox outbox_;
    UdpCounters counters_;
};

}  // namespace mqttsn::gateway

#endif
