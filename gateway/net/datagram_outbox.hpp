// SPDX-License-Identifier: BSD-3-Clause
//
// What leaves through one UDP socket: collected, and given to the kernel many at a time. What the kernel does
// not take waits, in order and up to a limit. Nothing is allocated unless something has to wait. Loop thread
// only.
#ifndef GATEWAY_NET_DATAGRAM_OUTBOX_HPP
#define GATEWAY_NET_DATAGRAM_OUTBOX_HPP

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "gateway/net/socket_address.hpp"
#include "mqttsn/wire.hpp"

namespace mqttsn::gateway {

struct SendCounters {
    std::uint64_t sent = 0;
    std::uint64_t sent_octets = 0;
    std::uint64_t send_queued = 0;   ///< had to wait until the socket was writable
    std::uint64_t send_dropped = 0;  ///< waiting queue full: dropped, repetition covers it
    std::uint64_t send_errors = 0;   ///< unreachable, not permitted, too large for the interface
};

class DatagramOutbox {
  public:
    DatagramOutbox();
    DatagramOutbox(const DatagramOutbox&) = delete;
    DatagramOutbox& operator=(const DatagramOutbox&) = delete;

    /// The socket, which stays the caller's; -1 drops what has been collected.
    void attach(int descriptor);
    /// Copies the octets. Sends what has been collected when there is no room for more.
    void add(const SocketAddress& to, Bytes datagram);
    /// Gives the kernel all that has been collected.
    void flush();
    /// The socket takes datagrams again: sends what waits.
    void flush_waiting();
    /// Something waits until the socket is writable.
    bool waiting() const { return !waiting_.empty(); }
    const SendCounters& counters() const { return counters_; }

  private:
    static constexpr std::size_t kBatch = 64;
    static constexpr std::size_t kOctets = 128UL * 1024;
    static constexpr std::size_t kWaitingOctetsMax = 1024UL * 1024;
    static constexpr std::size_t kEntryOctets = 200;  ///< what one that waits costs beside its octets
    /// sockaddr_storage is five times as large.
    union Address {
        sockaddr_in ipv4;
        sockaddr_in6 ipv6;
    };
    struct Waiting {
        SocketAddress to;
        std::vector<std::uint8_t> octets;
    };
    void send(std::size_t count);
    void keep(const msghdr& message);

    int descriptor_ = -1;
    std::size_t count_ = 0;
    std::size_t used_ = 0;
    std::unique_ptr<std::uint8_t[]> octets_;
    std::array<Address, kBatch> addresses_{};
    std::array<iovec, kBatch> pieces_{};
    std::array<mmsghdr, kBatch> messages_{};
    std::deque<Waiting> waiting_;
    std::size_t waiting_octets_ = 0;
    SendCounters counters_;
};

}  // namespace mqttsn::gateway

#endif
