// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/net/udp_listener.hpp"

#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "gateway/net/interfaces.hpp"
#include "gateway/net/socket_address.hpp"

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

void set_option(int descriptor, int level, int option, int value) {
    setsockopt(descriptor, level, option, &value, sizeof value);
}

}  // namespace

void forbid_foreign_groups(int descriptor, bool ipv6) {
    constexpr int kIpv6MulticastAll = 29;  // Linux 4.20; not in glibc's headers
    set_option(descriptor, IPPROTO_IP, IP_MULTICAST_ALL, 0);
    if (ipv6) {
        set_option(descriptor, IPPROTO_IPV6, kIpv6MulticastAll, 0);
    }
}

/// A datagram that could not leave at once.
struct UdpListener::Waiting {
    uv_udp_send_t request{};
    std::vector<std::uint8_t> octets;
};

UdpListener::UdpListener(uv_loop_t* loop, std::uint16_t index, DatagramReceiver& receiver,
                         std::string where_to_set)
    : loop_(loop),
      index_(index),
      receiver_(receiver),
      where_to_set_(std::move(where_to_set)),
      buffer_(std::make_unique<char[]>(kPiece * kPieces)) {}

UdpListener::~UdpListener() = default;

std::string UdpListener::fail(const UdpAddress& address, int error) const {
    const std::string where = "udp://" + (address.ipv6 ? "[" + address.host + "]" : address.host) + ":" +
                              std::to_string(address.port);
    if (error == UV_EADDRINUSE) {
        return "cannot listen on " + where +
               ": the port is taken; stop the program that has it (ss -ulpn) or choose another port (" +
               where_to_set_ + ")";
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
    SocketAddress own;
    int error = 0;
    if (address.ipv6) {
        error =
            uv_ip6_addr(address.host.c_str(), address.port, reinterpret_cast<sockaddr_in6*>(&own.storage));
        own.length = sizeof(sockaddr_in6);
    } else {
        error = uv_ip4_addr(address.host.c_str(), address.port, reinterpret_cast<sockaddr_in*>(&own.storage));
        own.length = sizeof(sockaddr_in);
    }
    if (error != 0) {
        return error;
    }
    descriptor = socket(own.storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        return -errno;
    }
    if (address.ipv6) {
        set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, address.host == "::" ? 0 : 1);
    }
    forbid_foreign_groups(descriptor, address.ipv6);
    set_option(descriptor, SOL_SOCKET, SO_RCVBUF, kReceiveBuffer);
    set_option(descriptor, SOL_SOCKET, SO_SNDBUF, kSendBuffer);
    error = bind_alone(descriptor, own);
    if (error != 0) {
        ::close(descriptor);
        return error;
    }
    socklen_t size = sizeof receive_buffer_;
    getsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receive_buffer_, &size);
    SocketAddress bound;
    getsockname(descriptor, bound.get(), &bound.length);
    local_ = endpoint_of(bound.get());
    ipv6_ = address.ipv6;
    dual_stack_ = address.ipv6 && address.host == "::";
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
        descriptor_ = descriptor;
        error = uv_udp_open(&handle_, descriptor);
        // libuv has allowed every user's programs to bind to the same port and take our datagrams: no.
        set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 0);
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
    const SocketAddress address = socket_address(to, form());
    uv_buf_t buffer = uv_buf_init(reinterpret_cast<char*>(const_cast<std::uint8_t*>(datagram.data)),
                                  static_cast<unsigned>(datagram.size));
    const int result = uv_udp_try_send(&handle_, &buffer, 1, address.get());
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
    if (uv_udp_send(&waiting->request, &handle_, &buffer, 1, address.get(), on_sent) != 0) {
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

void UdpListener::share_port() const {
    set_option(descriptor_, SOL_SOCKET, SO_REUSEPORT, 1);
}

bool UdpListener::reaches(const Endpoint& to) const {
    return is_ipv4(to) ? !ipv6_ || dual_stack_ : ipv6_;
}

/// The port is ours alone. But sockets of groups may be there already (of another gateway, of a tool that
/// searches one): with those it is shared, which asks for a word from both sides at the moment of bind().
int UdpListener::bind_alone(int descriptor, const SocketAddress& own) {
    if (bind(descriptor, own.get(), own.length) == 0) {
        return 0;
    }
    const int error = errno;
    const Endpoint address = endpoint_of(own.get());
    if (error != EADDRINUSE || !is_unspecified(address) || !is_free_on_every_address(address.port)) {
        return -error;
    }
    set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
    set_option(descriptor, SOL_SOCKET, SO_REUSEPORT, 1);
    return bind(descriptor, own.get(), own.length) == 0 ? 0 : -errno;
}

/// A filter in the kernel: all but IPv4 datagrams whose destination is one of those left out.
void UdpListener::leave_out(const Endpoint& broadcast) {
    constexpr auto kFromNetworkHeader = static_cast<std::uint32_t>(SKF_NET_OFF);
    constexpr std::uint32_t kDestination = 16;  // in an IPv4 header
    std::uint32_t address = 0;
    std::memcpy(&address, broadcast.address.data() + 12, sizeof address);
    left_out_.push_back(ntohl(address));
    const auto count = static_cast<std::uint8_t>(left_out_.size());
    std::vector<sock_filter> program{
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFromNetworkHeader),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xF0U),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x40U, 0, static_cast<std::uint8_t>(count + 1)),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kFromNetworkHeader + kDestination),
    };
    for (std::uint8_t i = 0; i < count; ++i) {
        program.push_back(
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, left_out_[i], static_cast<std::uint8_t>(count - i), 0));
    }
    program.push_back(BPF_STMT(BPF_RET | BPF_K, 0xFFFFFFFFU));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, 0U));
    const sock_fprog all{static_cast<unsigned short>(program.size()), program.data()};
    setsockopt(descriptor_, SOL_SOCKET, SO_ATTACH_FILTER, &all, sizeof all);
}

void UdpListener::close() {
    if (!open_) {
        return;
    }
    open_ = false;
    descriptor_ = -1;
    uv_udp_recv_stop(&handle_);
    uv_close(reinterpret_cast<uv_handle_t*>(&handle_), nullptr);
}

}  // namespace mqttsn::gateway
