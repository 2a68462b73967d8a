// SPDX-License-Identifier: BSD-3-Clause
//
// One multicast group or broadcast address of [discovery] (D45): a receiving socket of its own, bound to that
// address so that no unicast datagram comes in here, and sending by the listener's socket, because devices
// take the source of an ADVERTISE or GWINFO for the gateway's address (D46). Octets only.
// Loop thread only.
#ifndef GATEWAY_NET_GROUP_SOCKET_HPP
#define GATEWAY_NET_GROUP_SOCKET_HPP

#include <netinet/in.h>
#include <uv.h>

#include <array>
#include <cstdint>
#include <string>

#include "gateway/net/udp_listener.hpp"

namespace mqttsn::gateway {

/// Gets what comes to a group. The view lives until the call returns.
class GroupReceiver {
  public:
    /// @param own  it comes from the listener's address and port: the gateway itself has sent it and the
    /// system
    ///             brings it back, or a program on this host uses the group's port, which may be the same
    virtual void on_group_datagram(std::uint8_t group, const Endpoint& from, bool own, Bytes datagram) = 0;

  protected:
    ~GroupReceiver() = default;
};

struct GroupAddress {
    Endpoint at;            ///< multicast, or an IPv4 broadcast address; port > 0
    std::string zone;       ///< interface of an IPv6 group ("eth0" of "%eth0"), or ""
    std::string interface;  ///< name or address; "" = the zone's, the listener's, or the system's choice
};

struct GroupCounters {
    std::uint64_t received = 0;
    std::uint64_t own = 0;        ///< sent by this gateway's listener
    std::uint64_t truncated = 0;  ///< longer than any discovery message: dropped
    std::uint64_t receive_errors = 0;
    std::uint64_t sent = 0;
    std::uint64_t send_errors = 0;
};

class GroupSocket {
  public:
    /// `index` goes to the receiver. `listener` is open, and open for as long as this one; all must outlive
    /// it.
    GroupSocket(uv_loop_t* loop, std::uint8_t index, UdpListener& listener, GroupReceiver& receiver);
    /// Only after close() and after the loop has run.
    ~GroupSocket() = default;
    GroupSocket(const GroupSocket&) = delete;
    GroupSocket& operator=(const GroupSocket&) = delete;

    /// Binds, joins and starts to receive. May be called again after it has failed: a network may come later.
    /// @return "" or one sentence for the operator.
    std::string open(const GroupAddress& address);
    bool is_open() const { return open_; }
    /// One datagram to the group, from the listener's address. @param hop_limit  TTL or hop limit, 1..255
    /// @return 0 or an error of libuv; what the system does not take at once is not sent
    int send(Bytes datagram, std::uint8_t hop_limit);
    void close();

    /// The interface it has joined on, "" when that was left to the system.
    std::string interface_name() const;
    const GroupCounters& counters() const { return counters_; }

  private:
    static void on_alloc(uv_handle_t* handle, std::size_t suggested, uv_buf_t* buffer) noexcept;
    static void on_receive(uv_udp_t* handle, ssize_t count, const uv_buf_t* buffer, const sockaddr* from,
                           unsigned flags) noexcept;
    std::string choose_interface();
    std::string open_socket(int& descriptor);
    std::string join(int descriptor) const;
    std::string start(int descriptor);
    bool is_own(const Endpoint& from) const;
    bool source_address(in_addr& out) const;
    std::string sentence(const std::string& what) const;

    uv_loop_t* const loop_;
    const std::uint8_t index_;
    UdpListener& listener_;
    GroupReceiver& receiver_;
    GroupAddress address_;
    unsigned interface_ = 0;  ///< its index, 0 = the system chooses
    uv_udp_t handle_{};
    bool open_ = false;
    std::array<char, 2048> buffer_{};
    GroupCounters counters_;
};

}  // namespace mqttsn::gateway

#endif
