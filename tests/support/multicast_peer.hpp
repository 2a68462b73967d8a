// SPDX-License-Identifier: BSD-3-Clause
//
// A plain UDP socket that speaks to groups and listens to them, as a device or another gateway on the same
// network would; it tells where a datagram came from and with which hop limit it was on the wire. Uses
// nothing of ours. Owned by a fixture. One thread.
#ifndef TESTS_SUPPORT_MULTICAST_PEER_HPP
#define TESTS_SUPPORT_MULTICAST_PEER_HPP

#include <cstdint>
#include <string>

namespace test {

struct Heard {
    std::string octets;
    std::string host;  ///< numeric, without zone
    std::uint16_t port = 0;
    int hops = -1;
};

class MulticastPeer {
  public:
    MulticastPeer() = default;
    MulticastPeer(const MulticastPeer&) = delete;
    MulticastPeer& operator=(const MulticastPeer&) = delete;
    ~MulticastPeer() { close(); }

    /// A socket on a port of its own that sends by `interface`. @param address  to send from; "" = any
    [[nodiscard]] bool open(bool ipv6, const std::string& interface, const std::string& address = "");
    /// A socket that hears what comes to a multicast or broadcast address on `interface`.
    [[nodiscard]] bool listen(const std::string& group, std::uint16_t port, const std::string& interface);
    void close();

    bool send(const std::string& octets, const std::string& host, std::uint16_t port) const;
    /// The next datagram; false when none comes in time.
    bool receive(Heard& heard, int timeout_ms) const;
    std::uint16_t port() const;
    /// SO_REUSEADDR or not; false when the system refuses the address.
    static bool can_bind(const std::string& address, std::uint16_t port, bool reuse);

  private:
    void watch_hops() const;
    int socket_ = -1;
    unsigned interface_ = 0;
};

}  // namespace test

#endif
