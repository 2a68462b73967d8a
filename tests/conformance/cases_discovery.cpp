// SPDX-License-Identifier: BSD-3-Clause
//
// SEARCHGW, GWINFO and ADVERTISE (section 5.1; D45). Multicast needs --multicast.
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "conformance/sn_device.hpp"

namespace conformance {
namespace {

/// A device that listens to the group, and asks there from an address of its own.
class GroupSocket {
  public:
    explicit GroupSocket(Case& t) : case_(t) {
        t.need(t.options().multicast.has_value(), "--multicast was not given");
        const std::optional<Address> group = resolve(*t.options().multicast, SOCK_DGRAM);
        t.check(group.has_value(), "an address as --multicast", t.options().multicast->host);
        group_ = *group;
        fd_ = ::socket(group_.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
        own_ = ::socket(group_.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
        const int on = 1;
        static_cast<void>(::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
        const bool joined = group_.family() == AF_INET ? join_4() : join_6();
        if (!joined) {
            ::close(fd_);
            ::close(own_);
            t.fail("membership of the group " + to_text(group_), "none");
        }
    }
    GroupSocket(const GroupSocket&) = delete;
    GroupSocket& operator=(const GroupSocket&) = delete;
    ~GroupSocket() {
        ::close(fd_);
        ::close(own_);
    }

    void send(const Octets& message) {
        case_.note("group -> " + sn::describe(message));
        static_cast<void>(::sendto(own_, message.data(), message.size(), 0, group_.get(), group_.size));
    }

    /// The next message of this type that a gateway sends to the group or to us.
    std::optional<sn::Message> receive(sn::Type type, milliseconds timeout) {
        const Clock::time_point end = Clock::now() + timeout;
        for (;;) {
            const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now()).count();
            std::array<pollfd, 2> ready{pollfd{fd_, POLLIN, 0}, pollfd{own_, POLLIN, 0}};
            if (left <= 0 || ::poll(ready.data(), ready.size(), static_cast<int>(left)) <= 0) {
                return std::nullopt;
            }
            std::array<std::uint8_t, 2048> buffer{};
            const ssize_t count = ::recv(ready[0].revents != 0 ? fd_ : own_, buffer.data(), buffer.size(), 0);
            if (count <= 0) {
                continue;
            }
            const Octets datagram(buffer.begin(), buffer.begin() + count);
            case_.note("group <- " + sn::describe(datagram));
            sn::Message message = sn::parse(datagram);
            if (message.type == type) {
                return message;
            }
        }
    }

  private:
    bool join_4() {
        const auto& group = reinterpret_cast<const sockaddr_in&>(group_.storage);
        ip_mreq membership{};
        membership.imr_multiaddr = group.sin_addr;
        if (::inet_pton(AF_INET, case_.options().multicast_interface.c_str(), &membership.imr_interface) !=
            1) {
            return false;
        }
        return ::bind(fd_, group_.get(), group_.size) == 0 &&
               ::setsockopt(fd_, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof membership) == 0 &&
               ::setsockopt(own_, IPPROTO_IP, IP_MULTICAST_IF, &membership.imr_interface,
                            sizeof membership.imr_interface) == 0;
    }

    bool join_6() {
        const auto& group = reinterpret_cast<const sockaddr_in6&>(group_.storage);
        ipv6_mreq membership{};
        membership.ipv6mr_multiaddr = group.sin6_addr;
        membership.ipv6mr_interface = ::if_nametoindex(case_.options().multicast_interface.c_str());
        return ::bind(fd_, group_.get(), group_.size) == 0 &&
               ::setsockopt(fd_, IPPROTO_IPV6, IPV6_JOIN_GROUP, &membership, sizeof membership) == 0 &&
               ::setsockopt(own_, IPPROTO_IPV6, IPV6_MULTICAST_IF, &membership.ipv6mr_interface,
                            sizeof membership.ipv6mr_interface) == 0;
    }

    Case& case_;
    Address group_;
    int fd_ = -1;   ///< in the group
    int own_ = -1;  ///< to ask with
};

/// SEARCHGW until GWINFO comes: answers to strangers may be limited to one a second.
sn::Message found_by(Case& t, Device& device, const Octets& search) {
    for (int attempt = 0; attempt < 4; ++attempt) {
        device.send(search);
        const std::optional<sn::Message> answer = device.receive(milliseconds(1500));
        if (answer.has_value()) {
            t.check(answer->type == sn::GWINFO && answer->octets.size() == 3, "GWINFO of 3 octets",
                    sn::describe(answer->octets));
            return *answer;
        }
    }
    t.fail("GWINFO for SEARCHGW", "nothing");
}

void search(Case& t) {
    const sn::Message first = found_by(t, t.device(), sn::search_gateway(1));
    const sn::Message second = found_by(t, t.device(), sn::search_gateway(0));
    t.check(first.code == second.code, "one GwId", sn::describe(second.octets));
}

void search_in_long_form(Case& t) {
    found_by(t, t.device(), sn::long_form(sn::search_gateway(1)));
}

void search_while_connected(Case& t) {
    Device& device = t.connected();
    found_by(t, device, sn::search_gateway(1));
    device.expect_alive();
}

void search_flood(Case& t) {
    Device& stranger = t.device();
    constexpr int kSent = 50;
    for (int i = 0; i < kSent; ++i) {
        stranger.send(sn::search_gateway(1));
    }
    int answers = 0;
    while (stranger.receive(Case::kSilence).has_value()) {
        ++answers;
    }
    t.check(answers < kSent / 2, "far fewer answers than SEARCHGWs of one source",
            std::to_string(answers) + " for " + std::to_string(kSent));
}

void bad_search(Case& t) {
    Device& stranger = t.device();
    stranger.send(sn::frame(sn::SEARCHGW, {}));
    stranger.send(sn::frame(sn::SEARCHGW, {1, 2}));
    stranger.expect_silence();
}

void advertise(Case& t) {
    GroupSocket group(t);
    const std::optional<sn::Message> first = group.receive(sn::ADVERTISE, milliseconds(15000));
    t.check(first.has_value() && first->ok() && !first->long_form, "ADVERTISE of 5 octets within 15 s",
            first ? sn::describe(first->octets) : "nothing");
    t.check(first->duration > 0, "a Duration that says when the next one comes", sn::describe(first->octets));
    if (first->duration > 10) {
        return;  // the interval that the specification wants is too long to wait for
    }
    const Clock::time_point start = Clock::now();
    const std::optional<sn::Message> second =
        group.receive(sn::ADVERTISE, std::chrono::seconds(first->duration * 2) + t.answer());
    t.check(second.has_value() && second->octets == first->octets, "the next ADVERTISE, the same octets",
            second ? sn::describe(second->octets) : "nothing");
    const auto passed = std::chrono::duration_cast<milliseconds>(Clock::now() - start);
    t.check(passed >= std::chrono::seconds(first->duration) / 2, "no ADVERTISE long before its time",
            std::to_string(passed.count()) + " ms after the first");
}

void search_by_multicast(Case& t) {
    GroupSocket group(t);
    for (int attempt = 0; attempt < 4; ++attempt) {
        group.send(sn::search_gateway(1));
        const std::optional<sn::Message> answer = group.receive(sn::GWINFO, milliseconds(1500));
        if (answer.has_value()) {
            t.check(answer->ok() && answer->octets.size() == 3, "GWINFO of 3 octets",
                    sn::describe(answer->octets));
            return;
        }
    }
    t.fail("GWINFO for SEARCHGW to the group", "nothing");
}

}  // namespace

CaseTable discovery_cases() {
    return {
        {"SN12-57.searchgw_gets_gwinfo", "SN12-27 SN12-30 SN12-31 D45", search},
        {"SN12-57.searchgw_in_long_form", "SN12-09 SN12-30", search_in_long_form},
        {"SN12-57.searchgw_while_connected", "SN12-30", search_while_connected},
        {"D45.answers_to_searchgw_are_few", "SN12-57 FAULT-30", search_flood, true},
        {"D54.searchgw_of_a_wrong_size_is_dropped", "SN12-30 D53", bad_search},
        {"SN12-53.advertise_comes_in_its_interval", "SN12-29 SN12-111 D45", advertise, true},
        {"SN12-57.searchgw_to_the_group_gets_gwinfo", "SN12-30 D45", search_by_multicast, true},
    };
}

}  // namespace conformance
