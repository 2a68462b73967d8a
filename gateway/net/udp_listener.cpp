// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/net/udp_listener.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace mqttsn::gateway {
namespace {

// libuv hands the kernel pieces of this size and takes as many datagrams in one call as the buffer has
// pieces.
constexpr std::size_t kPiece = 64UL * 1024;
constexpr std::size_t kPieces = 16;
// A thousand devices may speak in the same instant; the default of 208 KiB holds about 250 small datagrams.
constexpr int kReceiveBuffer = 4 * 1024 * 1024;
constexpr int kSendBuffer = 1024 * 1024;
constexpr std::size_t kWaitingOctetsMax = 1024UL * 1024;
constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

Endpoint endpoint_of(const sockaddr* address, std::uint16_t listener) {
    Endpoint endpoint;
    endpoint.listener = listener;
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

sockaddr_storage sockaddr_of(const Endpoint& endpoint, bool ipv6_socket) {
    sockaddr_storage storage{};
    if (ipv6_socket) {
        sockaddr_in6 ipv6{};
        ipv6.sin6_family = AF_INET6;
        ipv6.sin6_port = htons(endpoint.port);
        ipv6.sin6_scope_id = endpoint.scope;
        std::memcpy(&ipv6.sin6_addr, endpoint.address.data(), 16);
        std::memcpy(&storage, &ipv6, sizeof ipv6);
    } else {
        sockaddr_in ipv4{};
        ipv4.sin_family = AF_INET;
        ipv4.sin_port = htons(endpoint.port);
        std::memcpy(&ipv4.sin_addr, endpoint.address.data() + 12, 4);
        std::memcpy(&storage, &ipv4, sizeof ipv4);
    }
    return storage;
}

const sockaddr* as_sockaddr(const sockaddr_storage& storage) {
    return reinterpret_cast<const sockaddr*>(&storage);
}

void set_buffer(int descriptor, int option, int octets) {
    setsockopt(descriptor, SOL_SOCKET, option, &octets, sizeof octets);
}

}  // namespace

/// A datagram that could not leave at once.
struct UdpListener::Waiting {
    uv_udp_send_t request{};
    std::vector<std::uint8_t> octets;
};

UdpListener::UdpListener(uv_loop_t* loop, std::uint16_t index, DatagramReceiver& receiver)
    : loop_(loop), index_(index), receiver_(receiver), buffer_(std::make_unique<char[]>(kPiece * kPieces)) {}

UdpListener::~UdpListener() = default;

std::string UdpListener::fail(const UdpAddress& address, int error) const {
    const std::string where = "udp://" + (address.ipv6 ? "[" + address.host + "]" : address.host) + ":" +
                              std::to_string(address.port);
    if (error == UV_EADDRINUSE) {
        return "cannot listen on " + where +
               ": the port is taken; stop the program that has it (ss -ulpn) or choose another port "
               "(listen.url, --listen)";
    }
    if (error == UV_EADDRNOTAVAIL) {
        return "cannot listen on " + where +
               ": this host does not have the address; ip address shows those it has";
    }
    if (error == UV_EACCES) {
        return "cannot listen on " + where + ": ports below 1024 need root or CAP_NET_BIND_SERVICE";
    }
    return "cannot listen on " + where + ": " + uv_strerror(error);
}

int UdpListener::open_socket(const UdpAddress& address, int& descriptor) {
    sockaddr_storage storage{};
    socklen_t length = sizeof(sockaddr_in6);
    int error = 0;
    if (address.ipv6) {
        error = uv_ip6_addr(address.host.c_str(), address.port, reinterpret_cast<sockaddr_in6*>(&storage));
    } else {
        error = uv_ip4_addr(address.host.c_str(), address.port, reinterpret_cast<sockaddr_in*>(&storage));
        length = sizeof(sockaddr_in);
    }
    if (error != 0) {
        return error;
    }
    descriptor = socket(storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        return -errno;
    }
    if (address.ipv6) {
        const int only_ipv6 = address.host == "::" ? 0 : 1;
        setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &only_ipv6, sizeof only_ipv6);
    }
    set_buffer(descriptor, SO_RCVBUF, kReceiveBuffer);
    set_buffer(descriptor, SO_SNDBUF, kSendBuffer);
    if (bind(descriptor, as_sockaddr(storage), length) != 0) {
        error = -errno;
        ::close(descriptor);
        return error;
    }
    socklen_t size = sizeof receive_buffer_;
    getsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receive_buffer_, &size);
    sockaddr_storage bound{};
    socklen_t bound_length = sizeof bound;
    getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound), &bound_length);
    port_ = endpoint_of(as_sockaddr(bound), 0).port;
    ipv6_ = address.ipv6;
    return 0;
}

std::string UdpListener::open(const UdpAddress& address) {
    int descriptor = -1;
    int error = open_socket(address, descriptor);
    if (error == UV_EAFNOSUPPORT && address.ipv6 && address.host == "::") {
        error = open_socket(UdpAddress{"0.0.0.0", address.port, false}, descriptor);
    }
    if (error != 0) {
        return fail(address, error);
    }
    error = uv_udp_init_ex(loop_, &handle_, AF_UNSPEC | UV_UDP_RECVMMSG);
    if (error == 0) {
        handle_.data = this;
        open_ = true;
        error = uv_udp_open(&handle_, descriptor);
    }
    if (error != 0) {
        ::close(descriptor);
    } else {
        error = uv_udp_recv_start(&handle_, on_alloc, on_receive);
    }
    if (error != 0) {
        close();
        return fail(address, error);
    }
    return {};
}

void UdpListener::on_alloc(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) noexcept {
    auto& self = *static_cast<UdpListener*>(handle->data);
    *buffer = uv_buf_init(self.buffer_.get(), static_cast<unsigned>(kPiece * kPieces));
}

void UdpListener::on_receive(uv_udp_t* handle, ssize_t count, const uv_buf_t* buffer, const sockaddr* from,
                             unsigned flags) noexcept {
    auto& self = *static_cast<UdpListener*>(handle->data);
    if (count < 0) {
        ++self.counters_.receive_errors;  // also ICMP errors: a stranger can forge them, so they end nothing
        return;
    }
    if (from == nullptr) {
        return;  // nothing more to read, or the buffer is given back
    }
    if ((flags & UV_UDP_PARTIAL) != 0) {
        ++self.counters_.truncated;
        return;
    }
    ++self.counters_.received;
    self.counters_.received_octets += static_cast<std::uint64_t>(count);
    self.receiver_.on_datagram(
        endpoint_of(from, self.index_),
        Bytes{reinterpret_cast<const std::uint8_t*>(buffer->base), static_cast<std::size_t>(count)});
}

void UdpListener::send(const Endpoint& to, Bytes datagram) {
    if (!open_) {
        return;
    }
    const sockaddr_storage storage = sockaddr_of(to, ipv6_);
    uv_buf_t buffer = uv_buf_init(reinterpret_cast<char*>(const_cast<std::uint8_t*>(datagram.data)),
                                  static_cast<unsigned>(datagram.size));
    const int result = uv_udp_try_send(&handle_, &buffer, 1, as_sockaddr(storage));
    if (result >= 0) {
        ++counters_.sent;
        counters_.sent_octets += datagram.size;
        return;
    }
    if (result != UV_EAGAIN && result != UV_ENOBUFS) {
        ++counters_.send_errors;
        return;
    }
    if (uv_udp_get_send_queue_size(&handle_) + datagram.size > kWaitingOctetsMax) {
        ++counters_.send_dropped;
        return;
    }
    auto waiting = std::make_unique<Waiting>();
    waiting->octets.assign(datagram.begin(), datagram.end());
    waiting->request.data = waiting.get();
    buffer =
        uv_buf_init(reinterpret_cast<char*>(waiting->octets.data()), static_cast<unsigned>(datagram.size));
    if (uv_udp_send(&waiting->request, &handle_, &buffer, 1, as_sockaddr(storage), on_sent) != 0) {
        ++counters_.send_errors;
        return;
    }
    ++counters_.send_queued;
    static_cast<void>(waiting.release());  // on_sent takes it back
}

void UdpListener::on_sent(uv_udp_send_t* request, int status) noexcept {
    const std::unique_ptr<Waiting> waiting(static_cast<Waiting*>(request->data));
    auto& self = *static_cast<UdpListener*>(request->handle->data);
    if (status == 0) {
        ++self.counters_.sent;
        self.counters_.sent_octets += waiting->octets.size();
    } else {
        ++self.counters_.send_errors;
    }
}

void UdpListener::close() {
    if (!open_) {
        return;
    }
    open_ = false;
    uv_udp_recv_stop(&handle_);
    uv_close(reinterpret_cast<uv_handle_t*>(&handle_), nullptr);
}

}  // namespace mqttsn::gateway
