// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/net/group_socket.hpp"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "gateway/net/interfaces.hpp"
#include "gateway/net/socket_address.hpp"

namespace mqttsn::gateway {
namespace {

bool is_multicast(const Endpoint& group) {
    return is_ipv4(group) ? (group.address[12] & 0xF0U) == 0xE0U : group.address[0] == 0xFF;
}

/// ff01::/16 and ff02::/16, without regard to the flags: the system wants to know the interface.
bool needs_interface(const Endpoint& group) {
    return !is_ipv4(group) && (group.address[1] & 0x0FU) <= 2;
}

int set_option(int descriptor, int level, int option, int value) {
    return setsockopt(descriptor, level, option, &value, sizeof value);
}

// Room for a hop limit and the larger of the two packet infos.
constexpr std::size_t kControlOctets = CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(in6_pktinfo));

/// One control message behind the others.
template <typename Value>
void add_control(msghdr& header, int level, int type, const Value& value) {
    auto* const entry =
        reinterpret_cast<cmsghdr*>(static_cast<char*>(header.msg_control) + header.msg_controllen);
    entry->cmsg_level = level;
    entry->cmsg_type = type;
    entry->cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(CMSG_DATA(entry), &value, sizeof value);
    header.msg_controllen += CMSG_SPACE(sizeof value);
}

}  // namespace

GroupSocket::GroupSocket(uv_loop_t* loop, std::uint8_t index, UdpListener& listener, GroupReceiver& receiver)
    : loop_(loop), index_(index), listener_(listener), receiver_(receiver) {}

std::string GroupSocket::sentence(const std::string& what) const {
    return "no discovery by " + to_string(address_.at) + ": " + what;
}

/// @return "" or what is wrong
std::string GroupSocket::choose_interface() {
    interface_ = 0;
    for (const std::string* name : {&address_.interface, &address_.zone}) {
        if (!name->empty()) {
            interface_ = find_interface(*name);
            return interface_ != 0
                       ? ""
                       : "this host has no interface " + *name + " (ip address shows those it has)";
        }
    }
    if (!is_unspecified(listener_.local())) {
        interface_ = interface_with(listener_.local());
        if (interface_ == 0 && listener_.local().address[12] == 127) {
            interface_ = if_nametoindex("lo");  // all of 127.0.0.0/8
        }
    } else if (needs_interface(address_.at)) {
        interface_ = first_ipv6_interface();
        return interface_ != 0 ? "" : "no interface has IPv6 and multicast";
    }
    return "";
}

std::string GroupSocket::open_socket(int& descriptor) {
    Endpoint own = address_.at;
    own.scope = needs_interface(own) ? interface_ : 0;
    const SocketAddress name = socket_address(own);
    descriptor = ::socket(name.get()->sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        return uv_strerror(-errno);
    }
    // Others on this host may listen to the same group; and the listener may have the same port on all
    // addresses.
    set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
    set_option(descriptor, SOL_SOCKET, SO_REUSEPORT, 1);
    if (name.get()->sa_family == AF_INET6) {
        set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    }
    forbid_foreign_groups(descriptor, name.get()->sa_family == AF_INET6);
    if (::bind(descriptor, name.get(), name.length) == 0) {
        return "";
    }
    return errno == EADDRINUSE ? "another program has port " + std::to_string(address_.at.port) +
                                     " on all addresses and does not share it (ss -ulpn)"
                               : uv_strerror(-errno);
}

std::string GroupSocket::join(int descriptor) const {
    int result = 0;
    if (is_ipv4(address_.at)) {
        ip_mreqn request{};
        std::memcpy(&request.imr_multiaddr, address_.at.address.data() + 12, 4);
        request.imr_ifindex = static_cast<int>(interface_);
        result = setsockopt(descriptor, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request);
    } else {
        ipv6_mreq request{};
        std::memcpy(&request.ipv6mr_multiaddr, address_.at.address.data(), 16);
        request.ipv6mr_interface = interface_;
        result = setsockopt(descriptor, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof request);
    }
    if (result == 0) {
        return "";
    }
    return errno == ENODEV ? "there is no route for multicast; name the interface (discovery.interface)"
                           : uv_strerror(-errno);
}

std::string GroupSocket::start(int descriptor) {
    int error = uv_udp_init(loop_, &handle_);
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
        return uv_strerror(error);
    }
    return "";
}

std::string GroupSocket::open(const GroupAddress& address) {
    address_ = address;
    const bool multicast = is_multicast(address.at);
    std::string problem = choose_interface();
    if (problem.empty() && !multicast && !is_broadcast(address.at)) {
        problem = "it is no broadcast address of this host (ip address shows those it has, after brd)";
    }
    if (!problem.empty()) {
        return sentence(problem);
    }
    if (!multicast) {
        set_option(listener_.descriptor(), SOL_SOCKET, SO_BROADCAST, 1);
    }
    const bool same_port = listener_.port() == address.at.port;
    if (same_port) {
        listener_.share_port();
    }
    int descriptor = -1;
    problem = open_socket(descriptor);
    if (problem.empty() && multicast) {
        problem = join(descriptor);
    }
    if (!problem.empty()) {
        if (descriptor >= 0) {
            ::close(descriptor);
        }
        return sentence(problem);
    }
    problem = start(descriptor);
    if (!problem.empty()) {
        return sentence(problem);
    }
    if (same_port && !multicast) {
        listener_.leave_out(address.at);  // only now: until here it was the listener's to receive
    }
    return "";
}

/// The address a datagram by `interface_` is to come from. False: the system finds one.
bool GroupSocket::source_address(in_addr& out) const {
    if (is_unspecified(listener_.local())) {
        return ipv4_address_of(interface_, &out);  // asked each time: it may have changed
    }
    std::memcpy(&out, listener_.local().address.data() + 12, sizeof out);
    return true;
}

int GroupSocket::send(Bytes datagram, std::uint8_t hop_limit) {
    if (!open_) {
        return UV_EBADF;
    }
    Endpoint group = address_.at;
    group.scope = needs_interface(group) ? interface_ : 0;
    SocketAddress to = socket_address(group, listener_.form());
    iovec octets{const_cast<std::uint8_t*>(datagram.data), datagram.size};
    alignas(cmsghdr) std::array<char, kControlOctets> control{};
    msghdr header{};
    header.msg_name = to.get();
    header.msg_namelen = to.length;
    header.msg_iov = &octets;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    const int hops = hop_limit;
    if (is_ipv4(group)) {
        add_control(header, IPPROTO_IP, IP_TTL, hops);
        in_pktinfo info{};
        info.ipi_ifindex = static_cast<int>(interface_);
        if (interface_ != 0 && source_address(info.ipi_spec_dst)) {
            add_control(header, IPPROTO_IP, IP_PKTINFO, info);
        }
    } else {
        add_control(header, IPPROTO_IPV6, IPV6_HOPLIMIT, hops);
        in6_pktinfo info{};
        info.ipi6_ifindex = interface_;
        if (interface_ != 0) {
            add_control(header, IPPROTO_IPV6, IPV6_PKTINFO, info);
        }
    }
    if (::sendmsg(listener_.descriptor(), &header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        ++counters_.send_errors;
        return -errno;
    }
    ++counters_.sent;
    return 0;
}

void GroupSocket::on_alloc(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) noexcept {
    auto& self = *static_cast<GroupSocket*>(handle->data);
    *buffer = uv_buf_init(self.buffer_.data(), static_cast<unsigned>(self.buffer_.size()));
}

void GroupSocket::on_receive(uv_udp_t* handle, ssize_t count, const uv_buf_t* buffer, const sockaddr* from,
                             unsigned flags) noexcept {
    auto& self = *static_cast<GroupSocket*>(handle->data);
    if (count < 0) {
        ++self.counters_.receive_errors;
        return;
    }
    if (from == nullptr) {
        return;
    }
    if ((flags & UV_UDP_PARTIAL) != 0) {
        ++self.counters_.truncated;
        return;
    }
    const Endpoint source = endpoint_of(from, self.listener_.index());
    const bool own = self.is_own(source);
    ++(own ? self.counters_.own : self.counters_.received);
    self.receiver_.on_group_datagram(
        self.index_, source, own,
        Bytes{reinterpret_cast<const std::uint8_t*>(buffer->base), static_cast<std::size_t>(count)});
}

/// The listener has its port alone, on its address or on all of this host's.
bool GroupSocket::is_own(const Endpoint& from) const {
    if (from.port != listener_.port()) {
        return false;
    }
    return is_unspecified(listener_.local()) ? is_own_address(from)
                                             : from.address == listener_.local().address;
}

std::string GroupSocket::interface_name() const {
    std::array<char, IF_NAMESIZE> name{};
    return interface_ != 0 && if_indextoname(interface_, name.data()) != nullptr ? name.data() : "";
}

void GroupSocket::close() {
    if (!open_) {
        return;
    }
    open_ = false;
    uv_udp_recv_stop(&handle_);
    uv_close(reinterpret_cast<uv_handle_t*>(&handle_), nullptr);
}

}  // namespace mqttsn::gateway
