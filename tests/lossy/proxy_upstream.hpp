// SPDX-License-Identifier: BSD-3-Clause
//
// One UDP socket from the proxy to the gateway: the source port that stands for one device (for one binding
// of its NAT). It is connected, so that only the gateway's datagrams come in. Octets only; what becomes of
// them decides proxy.cpp. Loop thread only.
#ifndef TESTS_LOSSY_PROXY_UPSTREAM_HPP
#define TESTS_LOSSY_PROXY_UPSTREAM_HPP

#include <uv.h>

#include <memory>

#include "gateway/core/endpoint.hpp"
#include "lossy/proxy_mappings.hpp"
#include "mqttsn/wire.hpp"

namespace mqttsn::lossy {

class Upstream;

/// Gets what comes from the gateway. The view lives until the call returns. No upstream is closed in a call.
class UpstreamReceiver {
  public:
    virtual void on_answer(const Upstream& upstream, Bytes datagram) = 0;
    /// The network said that the gateway cannot be reached. @param error  of libuv, negative
    virtual void on_unreachable(int error) = 0;

  protected:
    ~UpstreamReceiver() = default;
};

/// What all upstreams of a proxy have in common; outlives them.
struct UpstreamPort {
    UpstreamPort(uv_loop_t* on_loop, const Endpoint& to, UpstreamReceiver& for_whom);
    uv_loop_t* loop;
    Endpoint gateway;
    UpstreamReceiver& receiver;
    std::unique_ptr<char[]> buffer;  ///< one for all: only one receives at a time
};

class Upstream {
  public:
    struct Closer {
        void operator()(Upstream* upstream) const;
    };
    /// Closes the socket at once; the memory goes with the next turn of the loop.
    using Handle = std::unique_ptr<Upstream, Closer>;

    /// nullptr when there is no socket to be had; then `error` (of libuv) says why.
    static Handle open(UpstreamPort& port, MappingId mapping, std::uint32_t binding, int& error);

    /// False when the system did not take it (its buffers are full, it is too long): lost.
    bool send(Bytes datagram);

    MappingId mapping() const { return mapping_; }
    std::uint32_t binding() const { return binding_; }
    /// Its own address, as the gateway sees it.
    const Endpoint& local() const { return local_; }

  private:
    Upstream(UpstreamPort& port, MappingId mapping, std::uint32_t binding)
        : port_(port), mapping_(mapping), binding_(binding) {}
    int connect();
    static void on_alloc(uv_handle_t* handle, std::size_t suggested, uv_buf_t* buffer) noexcept;
    static void on_receive(uv_udp_t* handle, ssize_t count, const uv_buf_t* buffer, const sockaddr* from,
                           unsigned flags) noexcept;

    UpstreamPort& port_;
    const MappingId mapping_;
    const std::uint32_t binding_;
    uv_udp_t handle_{};
    Endpoint local_;
};

/// The address that this host uses towards `peer` (port 0); `peer`'s family with zeros when there is no way.
Endpoint local_address_towards(const Endpoint& peer);

}  // namespace mqttsn::lossy

#endif
