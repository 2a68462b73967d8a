// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/net/udp_listener.hpp"

#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <random>
#include <utility>

#include "gateway/net/interfaces.hpp"
#include "gateway/net/socket_address.hpp"

namespace mqttsn::gateway {
namespace {

std::uint64_t random_seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32U) ^ device();
}

constexpr std::size_t kCacheLine = 64;
// After so many datagrams the rest of the loop has its turn.
constexpr int kBatchesPerTurn = 8;
constexpr std::size_t kAhead = 8;  // far enough for memory to answer, near enough to stay in the cache
// Ten thousand devices may speak in the same instant. Small datagrams cost about 770 octets each, and the
// default of 208 KiB holds about 250.
constexpr int kReceiveBuffer = 8 * 1024 * 1024;
constexpr int kSendBuffer = 1024 * 1024;

bool set_option(int descriptor, int level, int option, int value) {
    return setsockopt(descriptor, level, option, &value, sizeof value) == 0;
}

/// The kernel counts twice what it was asked for, to have room for its own notes.
int granted(int descriptor, int option) {
    int size = 0;
    socklen_t length = sizeof size;
    getsockopt(descriptor, SOL_SOCKET, option, &size, &length);
    return size / 2;
}

/// Beyond net.core.[rw]mem_max where this process may, which root may.
void set_buffer(int descriptor, int option, int forced_option, int size) {
    if (!set_option(descriptor, SOL_SOCKET, forced_option, size)) {
        set_option(descriptor, SOL_SOCKET, option, size);
    }
}

}  // namespace

/// Room for one call of the kernel.
struct UdpListener::Batch {
    static constexpr std::size_t kDatagrams = 64;

    explicit Batch(std::size_t datagram_max)
        : piece((datagram_max / kCacheLine + 1) * kCacheLine),  // one octet more shows what is larger
          octets(new std::uint8_t[piece * kDatagrams]) {        // not cleared: only what arrives is touched
        for (std::size_t i = 0; i < kDatagrams; ++i) {
            pieces[i] = iovec{octets.get() + i * piece, piece};
            messages[i].msg_hdr.msg_iov = &pieces[i];
            messages[i].msg_hdr.msg_iovlen = 1;
            messages[i].msg_hdr.msg_name = &from[i];
        }
    }
    const std::size_t piece;
    const std::unique_ptr<std::uint8_t[]> octets;
    std::array<sockaddr_in6, kDatagrams> from{};
    std::array<Endpoint, kDatagrams> source{};
    std::array<iovec, kDatagrams> pieces{};
    std::array<mmsghdr, kDatagrams> messages{};
};

void forbid_foreign_groups(int descriptor, bool ipv6) {
    constexpr int kIpv6MulticastAll = 29;  // Linux 4.20; not in glibc's headers
    set_option(descriptor, IPPROTO_IP, IP_MULTICAST_ALL, 0);
    if (ipv6) {
        set_option(descriptor, IPPROTO_IPV6, kIpv6MulticastAll, 0);
    }
}

UdpListener::UdpListener(uv_loop_t* loop, std::uint16_t index, DatagramReceiver& receiver,
                         std::size_t datagram_max, std::string where_to_set)
    : loop_(loop),
      index_(index),
      receiver_(receiver),
      where_to_set_(std::move(where_to_set)),
      batch_(std::make_unique<Batch>(datagram_max)),
      share_(random_seed()) {}

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
    set_buffer(descriptor, SO_RCVBUF, SO_RCVBUFFORCE, kReceiveBuffer);
    set_buffer(descriptor, SO_SNDBUF, SO_SNDBUFFORCE, kSendBuffer);
    error = bind_alone(descriptor, own);
    if (error != 0) {
        ::close(descriptor);
        return error;
    }
    receive_buffer_ = granted(descriptor, SO_RCVBUF);
    send_buffer_ = granted(descriptor, SO_SNDBUF);
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
    error = uv_poll_init(loop_, &poll_, descriptor);
    if (error != 0) {
        ::close(descriptor);
        return fail(address, error);
    }
    uv_prepare_init(loop_, &turn_);
    poll_.data = turn_.data = this;
    open_ = true;
    descriptor_ = descriptor;
    outbox_.attach(descriptor);
    uv_prepare_start(&turn_, [](uv_prepare_t* handle) { static_cast<UdpListener*>(handle->data)->flush(); });
    uv_unref(reinterpret_cast<uv_handle_t*>(&turn_));
    watch();
    return {};
}

std::vector<std::string> UdpListener::small_buffers() const {
    std::vector<std::string> out;
    const auto check = [&out](int size, int wanted, const char* which, const char* consequence,
                              const char* sysctl) {
        if (size < wanted) {
            out.push_back(std::string("the kernel grants a ") + which + " buffer of " + std::to_string(size) +
                          " octets, not " + std::to_string(wanted) + ": " + consequence +
                          "; allow more with sysctl -w " + sysctl + "=" + std::to_string(wanted));
        }
    };
    check(receive_buffer_, kReceiveBuffer, "receive",
          "when many devices speak at once it overflows and they must repeat", "net.core.rmem_max");
    check(send_buffer_, kSendBuffer, "send", "datagrams to many devices at once wait in the gateway",
          "net.core.wmem_max");
    return out;
}

/// For writing only while something waits: an idle socket is always writable.
void UdpListener::watch() {
    const int events = UV_READABLE | (outbox_.waiting() ? UV_WRITABLE : 0);
    if (events != watched_) {
        watched_ = events;
        uv_poll_start(&poll_, events, on_ready);
    }
}

void UdpListener::on_ready(uv_poll_t* handle, int status, int events) {
    auto& self = *static_cast<UdpListener*>(handle->data);
    if (status < 0) {
        self.watched_ = 0;  // an error of the socket: libuv has stopped, reading clears it
    }
    if (status < 0 || (events & UV_READABLE) != 0) {
        self.receive();
    }
    if (self.open_ && status < 0) {
        self.watch();
    }
    if (self.open_ && (events & UV_WRITABLE) != 0) {
        self.outbox_.flush_waiting();
        self.watch();
    }
}

void UdpListener::receive() {
    for (int i = 0; i < kBatchesPerTurn && open_; ++i) {
        for (mmsghdr& message : batch_->messages) {
            message.msg_hdr.msg_namelen = sizeof(sockaddr_in6);
        }
        const int count =
            ::recvmmsg(descriptor_, batch_->messages.data(), Batch::kDatagrams, MSG_DONTWAIT, nullptr);
        if (count < 0) {
            // Also ICMP errors: a stranger can forge them, so they end nothing.
            counters_.receive_errors += errno != EAGAIN && errno != EINTR ? 1U : 0U;
            end_receiving(false);
            return;
        }
        hand_over(static_cast<std::size_t>(count));
        if (static_cast<std::size_t>(count) < Batch::kDatagrams) {
            end_receiving(false);
            return;
        }
    }
    end_receiving(true);
}

void UdpListener::end_receiving(bool left_unread) {
    const auto spared = [this](const Endpoint& from) { return receiver_.speaks_for_many(from); };
    const std::optional<Endpoint> flooder = share_.end_turn(left_unread, now(), spared);
    if (flooder && open_) {
        receiver_.on_flood(*flooder);
    }
}

Instant UdpListener::now() const {
    return Instant{Millis{static_cast<std::int64_t>(uv_now(loop_))}};
}

/// The receiver may close the listener.
void UdpListener::hand_over(std::size_t count) {
    const Instant at = now();
    for (std::size_t i = 0; i < count; ++i) {
        batch_->source[i] = endpoint_of(reinterpret_cast<const sockaddr*>(&batch_->from[i]), index_);
    }
    for (std::size_t i = 0; i < count && open_; ++i) {
        const mmsghdr& message = batch_->messages[i];
        if (i + kAhead < count) {
            receiver_.on_datagram_ahead(batch_->source[i + kAhead]);
        }
        if ((message.msg_hdr.msg_flags & MSG_TRUNC) != 0) {
            ++counters_.truncated;
        }
        ++counters_.received;
        counters_.received_octets += message.msg_len;
        const Endpoint& from = batch_->source[i];
        if (!share_.admit(from, at)) {
            ++counters_.dropped_flood;
            continue;
        }
        receiver_.on_datagram(
            from, Bytes{static_cast<const std::uint8_t*>(batch_->pieces[i].iov_base), message.msg_len});
    }
}

void UdpListener::send(const Endpoint& to, Bytes datagram) {
    if (open_) {
        outbox_.add(socket_address(to, form()), datagram);
    }
}

void UdpListener::flush() {
    if (open_) {
        outbox_.flush();
        watch();
    }
}

UdpCounters UdpListener::counters() const {
    UdpCounters all = counters_;
    static_cast<SendCounters&>(all) = outbox_.counters();
    return all;
}

std::uint64_t UdpListener::dropped_by_kernel() {
    std::array<std::uint32_t, SK_MEMINFO_VARS> values{};
    socklen_t length = sizeof values;
    if (left_out_.empty() && getsockopt(descriptor_, SOL_SOCKET, SO_MEMINFO, values.data(), &length) == 0) {
        kernel_drops_ += values[SK_MEMINFO_DROPS] - static_cast<std::uint32_t>(kernel_drops_);
    }
    return kernel_drops_;
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
    outbox_.flush();
    open_ = false;
    outbox_.attach(-1);
    uv_close(reinterpret_cast<uv_handle_t*>(&poll_), nullptr);  // no longer polls from here on
    ::close(std::exchange(descriptor_, -1));
    uv_close(reinterpret_cast<uv_handle_t*>(&turn_), nullptr);
}

}  // namespace mqttsn::gateway
