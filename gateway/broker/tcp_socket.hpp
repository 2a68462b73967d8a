// SPDX-License-Identifier: BSD-3-Clause
//
// TCP sockets as connections to a broker want them.
#ifndef GATEWAY_BROKER_TCP_SOCKET_HPP
#define GATEWAY_BROKER_TCP_SOCKET_HPP

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <cerrno>

namespace mqttsn::gateway {

/// As uv_tcp_connect() on a handle without a socket. No packet waits for the acknowledgement of the one
/// before; and since ours is the first word on the connection, the last segment of TCP's handshake waits for
/// it and carries it: one segment less, and the broker finds CONNECT with the connection.
/// @return 0 and `done` is called later, or libuv's error code
inline int connect_tcp(uv_tcp_t& handle, uv_connect_t& request, const sockaddr_storage& address,
                       uv_connect_cb done) {
    const int descriptor =
        ::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (descriptor < 0) {
        return -errno;
    }
    constexpr int kOn = 1;
    constexpr int kOff = 0;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &kOn, sizeof kOn);
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_QUICKACK, &kOff, sizeof kOff);
    if (const int error = uv_tcp_open(&handle, descriptor); error != 0) {
        ::close(descriptor);
        return error;
    }
    return uv_tcp_connect(&request, &handle, reinterpret_cast<const sockaddr*>(&address), done);
}

}  // namespace mqttsn::gateway

#endif
