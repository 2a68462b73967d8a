// SPDX-License-Identifier: BSD-3-Clause
#include "lossy/proxy_upstream.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include "gateway/net/socket_address.hpp"

namespace mqttsn::lossy {

using gateway::endpoint_of;
using gateway::socket_address;
using gateway::SocketAddress;

namespace {

// libuv hands the kernel pieces of this size and takes as many datagrams in one call as the buffer has
// pieces.
constexpr std::size_t kPiece = 64UL * 1024;
constexpr std::size_t kPieces = 16;

void on_closed(uv_handle_t* handle) noexcept;

}  // namespace

UpstreamPort::UpstreamPort(uv_loop_t* on_loop, const Endpoint& to, UpstreamReceiver& for_whom)
    : loop(on_loop), gateway(to), receiver(for_whom), buffer(std::make_unique<char[]>(kPiece * kPieces)) {}

int Upstream::connect() {
    const SocketAddress to = socket_address(port_.gateway);
    int error = uv_udp_connect(&handle_, to.get());
    if (error == 0) {
        error = uv_udp_recv_start(&handle_, on_alloc, on_receive);
    }
    if (error == 0) {
        SocketAddress own;
        int length = static_cast<int>(own.length);
        error = uv_udp_getsockname(&handle_, own.get(), &length);
        local_ = endpoint_of(own.get());
    }
    return error;
}

Upstream::Handle Upstream::open(UpstreamPort& port, MappingId mapping, std::uint32_t binding, int& error) {
    std::unique_ptr<Upstream> fresh(new Upstream(port, mapping, binding));
    error = uv_udp_init_ex(port.loop, &fresh->handle_, AF_UNSPEC | UV_UDP_RECVMMSG);
    if (error != 0) {
        return nullptr;
    }
    fresh->handle_.data = fresh.get();
    Handle handle(fresh.release());  // from here on it must be closed
    error = handle->connect();
    return error == 0 ? std::move(handle) : nullptr;
}

void Upstream::Closer::operator()(Upstream* upstream) const {
    uv_udp_recv_stop(&upstream->handle_);
    uv_close(reinterpret_cast<uv_handle_t*>(&upstream->handle_), on_closed);
}

namespace {

void on_closed(uv_handle_t* handle) noexcept {
    delete static_cast<Upstream*>(handle->data);
}

}  // namespace

void Upstream::on_alloc(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) noexcept {
    const auto& self = *static_cast<Upstream*>(handle->data);
    *buffer = uv_buf_init(self.port_.buffer.get(), static_cast<unsigned>(kPiece * kPieces));
}

void Upstream::on_receive(uv_udp_t* handle, ssize_t count, const uv_buf_t* buffer, const sockaddr* from,
                          unsigned flags) noexcept {
    const auto& self = *static_cast<Upstream*>(handle->data);
    if (count < 0) {
        self.port_.receiver.on_unreachable(static_cast<int>(count));
    } else if (from != nullptr && (flags & UV_UDP_PARTIAL) == 0) {  // else: nothing more to read
        self.port_.receiver.on_answer(self, Bytes{reinterpret_cast<const std::uint8_t*>(buffer->base),
                                                  static_cast<std::size_t>(count)});
    }
}

bool Upstream::send(Bytes datagram) {
    uv_buf_t buffer = uv_buf_init(reinterpret_cast<char*>(const_cast<std::uint8_t*>(datagram.data)),
                                  static_cast<unsigned>(datagram.size));
    int result = uv_udp_try_send(&handle_, &buffer, 1, nullptr);
    if (result == UV_ECONNREFUSED) {  // what the kernel heard about an earlier one: this one has not left yet
        port_.receiver.on_unreachable(result);
        result = uv_udp_try_send(&handle_, &buffer, 1, nullptr);
    }
    if (result < 0 && result != UV_EAGAIN && result != UV_ENOBUFS && result != UV_EMSGSIZE) {
        port_.receiver.on_unreachable(result);
    }
    return result >= 0;
}

Endpoint local_address_towards(const Endpoint& peer) {
    const SocketAddress to = socket_address(peer);
    SocketAddress own;
    own.storage.ss_family = to.storage.ss_family;
    const int descriptor = ::socket(to.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor >= 0) {
        if (::connect(descriptor, to.get(), to.length) == 0) {
            ::getsockname(descriptor, own.get(), &own.length);
        }
        ::close(descriptor);
    }
    Endpoint endpoint = endpoint_of(own.get());
    endpoint.port = 0;
    return endpoint;
}

}  // namespace mqttsn::lossy
