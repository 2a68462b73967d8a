// SPDX-License-Identifier: BSD-3-Clause
//
// broken_gateway LISTEN_PORT GATEWAY_PORT FAULT: stands between mqttsn-conformance and a gateway on 127.0.0.1
// and makes it look broken in one way. A conformance program that does not fail then is worthless: see
// can_fail.sh. One thread; ends by a signal.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "conformance/sn_packet.hpp"

namespace {

using conformance::Octets;
namespace sn = conformance::sn;

/// What becomes of one datagram: those that go on in its direction, and those that go back where it came
/// from.
struct Fate {
    std::vector<Octets> on;
    std::vector<Octets> back;
};

struct Fault {
    const char* name;
    Fate (*up)(const sn::Message&);
    Fate (*down)(const sn::Message&);
};

Fate unchanged(const sn::Message& message) {
    return {{message.octets}, {}};
}

Octets with(Octets octets, std::size_t at, std::uint8_t value) {
    octets.at(at) = value;
    return octets;
}

bool is_publish(const sn::Message& message, int qos) {
    return message.type == sn::PUBLISH && message.ok() && message.qos() == qos && !message.long_form;
}

/// A message of this type with the octet at `at` changed.
template <std::uint8_t Type, std::size_t At, std::uint8_t Value>
Fate changed(const sn::Message& message) {
    return message.type == Type && message.ok() && !message.long_form
               ? Fate{{with(message.octets, At, Value)}, {}}
               : unchanged(message);
}

template <std::uint8_t Type>
Fate swallowed(const sn::Message& message) {
    return message.type == Type && message.ok() ? Fate{} : unchanged(message);
}

Fate pingresp_first(const sn::Message& message) {
    return message.type == sn::PINGREQ && message.has_tail ? Fate{{message.octets}, {sn::pingresp()}}
                                                           : unchanged(message);
}

Fate everybody_is_known(const sn::Message& message) {
    return message.type == sn::PINGREQ ? Fate{{}, {sn::pingresp()}} : unchanged(message);
}

Fate qos_2_twice(const sn::Message& message) {
    if (!is_publish(message, 2)) {
        return unchanged(message);
    }
    // Also as QoS 0: what was to arrive exactly once arrives twice.
    return {{message.octets, with(with(with(message.octets, 2, message.topic_type()), 5, 0), 6, 0)}, {}};
}

Fate no_dup(const sn::Message& message) {
    return is_publish(message, 1)
               ? Fate{{with(message.octets, 2, static_cast<std::uint8_t>(message.flags & ~sn::kDup))}, {}}
               : unchanged(message);
}

Fate no_retain(const sn::Message& message) {
    return message.type == sn::PUBLISH && message.ok() && !message.long_form
               ? Fate{{with(message.octets, 2, static_cast<std::uint8_t>(message.flags & ~sn::kRetain))}, {}}
               : unchanged(message);
}

Fate always_long(const sn::Message& message) {
    return {{sn::long_form(message.octets)}, {}};
}

Fate trailing_octet(const sn::Message& message) {
    Octets longer = message.octets;
    longer.push_back(0);
    return {{longer}, {}};
}

Fate early_puback(const sn::Message& message) {
    return is_publish(message, 1) ? Fate{{}, {sn::puback(message.topic_id, message.msg_id, 0)}}
                                  : unchanged(message);
}

Fate register_and_publish(const sn::Message& message) {
    // The id is used without waiting for REGACK, which the gateway gets at once.
    return message.type == sn::REGISTER && message.ok()
               ? Fate{{message.octets}, {sn::regack(message.topic_id, message.msg_id, 0)}}
               : unchanged(message);
}

Fate silent(const sn::Message&) {
    return {};
}

constexpr std::array kFaults{
    Fault{"none", unchanged, unchanged},
    Fault{"silent", unchanged, silent},
    Fault{"connack-congestion", unchanged, changed<sn::CONNACK, 2, 1>},
    Fault{"regack-accepts-all", unchanged, changed<sn::REGACK, 6, 0>},
    Fault{"puback-accepts-all", unchanged, changed<sn::PUBACK, 6, 0>},
    Fault{"puback-topic-id-0", unchanged, changed<sn::PUBACK, 3, 0>},
    Fault{"suback-msg-id", unchanged, changed<sn::SUBACK, 6, 0xEE>},
    Fault{"suback-unused-flags", unchanged, changed<sn::SUBACK, 2, 0x9F>},
    Fault{"reserved-return-code", unchanged, changed<sn::REGACK, 6, 0x80>},
    Fault{"no-dup", unchanged, no_dup},
    Fault{"no-retain", unchanged, no_retain},
    Fault{"always-long", unchanged, always_long},
    Fault{"trailing-octet", unchanged, trailing_octet},
    Fault{"qos-2-twice", qos_2_twice, unchanged},
    Fault{"early-puback", early_puback, unchanged},
    Fault{"pingresp-first", pingresp_first, unchanged},
    Fault{"everybody-is-known", everybody_is_known, unchanged},
    Fault{"register-does-not-wait", unchanged, register_and_publish},
    Fault{"no-unsuback", unchanged, swallowed<sn::UNSUBACK>},
    Fault{"no-disconnect-reply", unchanged, swallowed<sn::DISCONNECT>},
    Fault{"no-will-prompt", unchanged, swallowed<sn::WILLTOPICREQ>},
    Fault{"unsubscribe-ignored", swallowed<sn::UNSUBSCRIBE>, unchanged},
};

sockaddr_in local(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/// Passes datagrams between devices and the gateway, with a socket of its own for each device.
class Relay {
  public:
    Relay(std::uint16_t port, std::uint16_t gateway, const Fault& fault)
        : fault_(fault), gateway_(local(gateway)), front_(::socket(AF_INET, SOCK_DGRAM, 0)) {
        const sockaddr_in here = local(port);
        if (::bind(front_, reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0) {
            std::perror("broken_gateway: bind");
            std::exit(1);
        }
    }

    [[noreturn]] void run() {
        for (;;) {
            std::vector<pollfd> all{{front_, POLLIN, 0}};
            for (const auto& [port, fd] : devices_) {
                all.push_back({fd, POLLIN, 0});
            }
            ::poll(all.data(), all.size(), -1);
            auto device = devices_.begin();
            for (std::size_t i = 1; i < all.size(); ++i, ++device) {
                if (all[i].revents != 0) {
                    from_gateway(device->first, device->second);
                }
            }
            if (all[0].revents != 0) {
                from_device();
            }
        }
    }

  private:
    void send(int fd, const sockaddr_in& to, const std::vector<Octets>& datagrams) const {
        for (const Octets& datagram : datagrams) {
            static_cast<void>(::sendto(fd, datagram.data(), datagram.size(), 0,
                                       reinterpret_cast<const sockaddr*>(&to), sizeof to));
        }
    }

    Octets receive(int fd, sockaddr_in& from) {
        static std::array<std::uint8_t, 65536> buffer;
        socklen_t size = sizeof from;
        const ssize_t count =
            ::recvfrom(fd, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
        return count > 0 ? Octets(buffer.begin(), buffer.begin() + count) : Octets{};
    }

    void from_device() {
        sockaddr_in from{};
        const Octets datagram = receive(front_, from);
        const auto found = devices_.try_emplace(ntohs(from.sin_port), -1).first;
        if (found->second < 0) {
            found->second = ::socket(AF_INET, SOCK_DGRAM, 0);
        }
        const Fate fate = fault_.up(sn::parse(datagram));
        send(found->second, gateway_, fate.on);
        send(front_, from, fate.back);
    }

    void from_gateway(std::uint16_t port, int fd) {
        sockaddr_in from{};
        const Octets datagram = receive(fd, from);
        const Fate fate = fault_.down(sn::parse(datagram));
        send(front_, local(port), fate.on);
        send(fd, gateway_, fate.back);
    }

    const Fault& fault_;
    sockaddr_in gateway_;
    int front_;
    std::map<std::uint16_t, int> devices_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc == 2 && std::strcmp(argv[1], "--list") == 0) {
        for (const Fault& fault : kFaults) {
            std::puts(fault.name);
        }
        return 0;
    }
    const auto port_of = [&](int i) { return static_cast<std::uint16_t>(argc > i ? std::atoi(argv[i]) : 0); };
    for (const Fault& fault : kFaults) {
        if (argc == 4 && std::strcmp(argv[3], fault.name) == 0 && port_of(1) != 0 && port_of(2) != 0) {
            Relay(port_of(1), port_of(2), fault).run();
        }
    }
    std::fputs("usage: broken_gateway LISTEN_PORT GATEWAY_PORT FAULT | --list\n", stderr);
    return 2;
}
