// SPDX-License-Identifier: BSD-3-Clause
#include "lossy/proxy_upstream.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace mqttsn::lossy {
namespace {

// libuv hands the kernel pieces of this size and takes as many datagrams in one call as the buffer has
// pieces.
constexpr std::size_t kPiece = 64UL * 1024;
constexpr std::size_t kPieces = 16;
constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = sizeof(sockaddr_storage);
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress socket_address(const Endpoint& endpoint) {
    SocketAddress address;
    if (std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), endpoint.address.begin())) {
        sockaddr_in ipv4{};
        ipv4.sin_family = AF_INET;
        ipv4.sin_port = htons(endpoint.port);
        std::memcpy(&ipv4.sin_addr, endpoint.address.data() + 12, 4);
        std::memcpy(&address.storage, &ipv4, sizeof ipv4);
        address.length = sizeof ipv4;
    } else {
        sockaddr_in6 ipv6{};
        ipv6.sin6_family = AF_INET6;
        ipv6.sin6_port = htons(endpoint.port);
        ipv6.sin6_scope_id = endpoint.scope;
        std::memcpy(&ipv6.sin6_addr, endpoint.address.data(), 16);
        std::memcpy(&address.storage, &ipv6, sizeof ipv6);
        address.length = sizeof ipv6;
    }
    return address;
}

void on_closed(uv_handle_t* handle) noexcept;

}  // namespace

UpstreamPort::UpstreamPort(uv_loop_t* on_loop, const Endpoint& to, UpstreamReceiver& for_whom)
    : loop(on_loop), gateway(to), receiver(for_whom), buffer(std::make_unique<char[]>(kPiece * kPieces)) {}

int Upstream::connect() {
    SocketAddress to = socket_address(port_.gateway);
    int error = uv_udp_connect(&handle_, to.get());
    if (error == 0) {
        error = uv_udp_recv_start(&handle_, on_alloc, on_receive);
    }
    if (error == 0) {
        SocketAddress own;
        int length = static_cast<int>(own.length);
        error = uv_udp_getsockname(&handle_, own.get(), &length);
        local_ = endpoint_of_address(own.get());
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

Endpoint endpoint_of_address(const sockaddr* address) {
    Endpoint endpoint;
    if (address->sa_family == AF_INET) {
        sockaddr_in ipv4{};
        std::memcpy(&ipv4, address, sizeof ipv4);
        std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), endpoint.address.begin());
        std::memcpy(endpoint.address.data() + 12, &ipv4.sin_addr, 4);
        endpoint.port = ntohs(ipv4.sin_port);
    } else {
        sockaddr_in6 ipv6{};
        std::memcpy(&ipv6, address, sizeof ipv6);
        std::memcpy(endpoint.address.data(), &ipv6.sin6_addr, 16);
        endpoint.port = ntohs(ipv6.sin6_port);
        endpoint.scope = IN6_IS_ADDR_LINKLOCAL(&ipv6.sin6_addr) ? ipv6.sin6_scope_id : 0;
    }
    return endpoint;
}

Endpoint local_address_towards(const Endpoint& peer) {
    SocketAddress to = socket_address(peer);
    SocketAddress own;
    own.storage.ss_family = to.storage.ss_family;
    const int descriptor = ::socket(to.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor >= 0) {
        if (::connect(descriptor, to.get(), to.length) == 0) {
            ::getsockname(descriptor, own.get(), &own.length);
        }
        ::close(descriptor);
    }
    Endpoint endpoint = endpoint_of_address(own.get());
    endpoint.port = 0;
    return endpoint;
}

}  // namespace mqttsn::lossy
