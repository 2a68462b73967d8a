// SPDX-License-Identifier: BSD-3-Clause
//
// bench_floor: the least that a program between MQTT-SN devices and a broker can do. It is no gateway: it
// exists to be measured beside one, so that what the kernel costs on a machine is told apart from what the
// gateway adds.
//
// A bare loop of epoll, recvmmsg and sendmmsg with one TCP connection a device, as the gateway has. Message
// ids pass through. There are no timers, no retransmission, no keep-alive, no wills, no sleep, no limits; the
// state of a session is not checked, REGACK is not waited for, a datagram that the kernel does not take is
// lost. What is shorter than its message type allows is dropped, so that nothing outside a buffer is read,
// and that is all. Numeric IPv4 addresses, one thread.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "bench/floor_wire.hpp"

namespace {

using namespace bench;

constexpr std::size_t kBatch = 64;          // datagrams a recvmmsg
constexpr int kBatchesPerTurn = 16;         // then the connections have their turn
constexpr std::size_t kDatagramMax = 2048;  // octets
constexpr std::size_t kSendBatch = 1024;    // datagrams a sendmmsg: the kernel takes no more
constexpr ssize_t kReadMax = 256 * 1024;    // octets a read from a broker connection
constexpr int kReceiveBuffer = 8 * 1024 * 1024;

struct Device {
    sockaddr_in address{};
    int fd = -1;                      // to the broker
    bool dirty = false;               // in the list of those with something to write
    bool closing = false;             // closed when that has been written
    std::uint16_t published_id = 0;   // topic id of the PUBLISH that a PUBACK from the broker answers
    std::uint16_t subscribed_id = 0;  // topic id that the next SUBACK carries
    Octets out;                       // to the broker
    Octets in;                        // the first part of a packet from it
    std::vector<std::string> topics;  // topic id - 1 -> name
};

std::uint64_t key_of(const sockaddr_in& address) {
    return std::uint64_t{address.sin_addr.s_addr} << 16 | address.sin_port;
}

mmsghdr header_of(sockaddr_in& peer, iovec& piece) {
    mmsghdr header{};
    header.msg_hdr.msg_name = &peer;
    header.msg_hdr.msg_namelen = sizeof peer;
    header.msg_hdr.msg_iov = &piece;
    header.msg_hdr.msg_iovlen = 1;
    return header;
}

[[noreturn]] void die(const std::string& what) {
    std::fprintf(stderr, "bench_floor: %s: %s\n", what.c_str(), std::strerror(errno));
    std::exit(1);
}

class Floor {
  public:
    Floor(const sockaddr_in& listen, const sockaddr_in& broker) : broker_(broker) {
        udp_ = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (setsockopt(udp_, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer) != 0) {
            setsockopt(udp_, SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer);
        }
        if (bind(udp_, reinterpret_cast<const sockaddr*>(&listen), sizeof listen) != 0) {
            die("cannot listen");
        }
        epoll_ = epoll_create1(EPOLL_CLOEXEC);
        watch(udp_, nullptr, EPOLLIN);
        for (std::size_t i = 0; i < kBatch; ++i) {
            pieces_[i] = {datagrams_.data() + i * kDatagramMax, kDatagramMax};
            received_[i] = header_of(from_[i], pieces_[i]);
        }
    }

    [[noreturn]] void run() {
        std::array<epoll_event, 1024> events{};
        for (;;) {
            const int count = epoll_wait(epoll_, events.data(), events.size(), -1);
            for (int i = 0; i < count; ++i) {
                const epoll_event& event = events[static_cast<std::size_t>(i)];
                if (event.data.ptr == nullptr) {
                    read_datagrams();
                } else {
                    read_broker(*static_cast<Device*>(event.data.ptr), event.events);
                }
            }
            write_brokers();
            send_datagrams();
        }
    }

  private:
    struct Leaving {
        std::size_t begin;
        std::size_t size;
        sockaddr_in to;
    };

    void watch(int fd, Device* device, std::uint32_t what) {
        epoll_event event{};
        event.events = what;
        event.data.ptr = device;
        if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
            die("epoll_ctl");
        }
    }

    // ---- devices to broker ----

    void read_datagrams() {
        std::size_t count = kBatch;
        for (int batch = 0; batch < kBatchesPerTurn && count == kBatch; ++batch) {
            const int got = recvmmsg(udp_, received_.data(), kBatch, MSG_DONTWAIT, nullptr);
            count = static_cast<std::size_t>(std::max(got, 0));
            for (std::size_t i = 0; i < count; ++i) {
                on_datagram(from_[i], datagrams_.data() + i * kDatagramMax, received_[i].msg_len);
            }
        }
    }

    void on_datagram(const sockaddr_in& from, const std::uint8_t* data, std::size_t size) {
        const std::size_t head = size > 0 && data[0] == 1 ? 4 : 2;
        if (size < head) {
            return;
        }
        const std::uint8_t type = data[head - 1];
        const std::uint8_t* const body = data + head;
        size -= head;
        if (type >= kLeastOctets.size() || size < kLeastOctets[type]) {
            return;
        }
        const std::uint64_t key = key_of(from);
        if (type == sn::connect) {
            on_connect(devices_[key], from, body, size);
        } else if (const auto found = devices_.find(key); found != devices_.end()) {
            on_message(*found->second, type, body, size);
        }
    }

    void on_connect(std::unique_ptr<Device>& place, const sockaddr_in& from, const std::uint8_t* body,
                    std::size_t size) {
        const bool dirty = place != nullptr && place->dirty;
        if (place != nullptr) {
            close(place->fd);  // connects again from the same port
            *place = Device{};
        } else {
            place = std::make_unique<Device>();
        }
        Device& device = *place;
        device.dirty = dirty;
        device.address = from;
        device.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (device.fd < 0) {
            die("socket");
        }
        const int on = 1;
        setsockopt(device.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (connect(device.fd, reinterpret_cast<const sockaddr*>(&broker_), sizeof broker_) != 0 &&
            errno != EINPROGRESS) {
            die("connect");
        }
        watch(device.fd, &device, EPOLLIN | EPOLLOUT | EPOLLET);
        const auto flags = static_cast<std::uint8_t>(body[0] >> 1 & 2);  // clean session
        Octets& out = begin(device, mqtt::connect, 12 + size - 4);
        out.insert(out.end(), {0, 4, 'M', 'Q', 'T', 'T', 4, flags});
        out.insert(out.end(), body + 2, body + 4);  // keep-alive
        put16(out, size - 4);
        out.insert(out.end(), body + 4, body + size);
    }

    void on_message(Device& device, std::uint8_t type, const std::uint8_t* body, std::size_t size) {
        switch (type) {
            case sn::reg: {
                const std::size_t id = add_topic(device, {reinterpret_cast<const char*>(body) + 4, size - 4});
                reply(device, {7, sn::regack, high(id), low(id), body[2], body[3], 0});
                break;
            }
            case sn::publish:
                publish_up(device, body, size);
                break;
            case sn::subscribe: {
                const std::string name(reinterpret_cast<const char*>(body) + 3, size - 3);
                device.subscribed_id = static_cast<std::uint16_t>(add_topic(device, name));
                Octets& out = begin(device, mqtt::subscribe, 5 + name.size());
                out.insert(out.end(), body + 1, body + 3);
                put16(out, name.size());
                out.insert(out.end(), name.begin(), name.end());
                out.push_back(body[0] >> 5 & 3);
                break;
            }
            case sn::puback:
                pass_up(device, mqtt::puback, body + 2);
                break;
            case sn::pingreq:
                begin(device, mqtt::pingreq, 0);
                break;
            case sn::disconnect:
                begin(device, mqtt::disconnect, 0);
                reply(device, {2, sn::disconnect});
                mark_dirty(device, true);
                break;
            default:
                for (const Acknowledgement& acknowledgement : kAcknowledgements) {
                    if (type == acknowledgement.device) {
                        pass_up(device, acknowledgement.broker, body);
                    }
                }
        }
    }

    void publish_up(Device& device, const std::uint8_t* body, std::size_t size) {
        const std::uint16_t id = get16(body + 1);
        if (id == 0 || id > device.topics.size()) {
            return;
        }
        const std::string& name = device.topics[id - 1U];
        const std::uint8_t qos = body[0] >> 5 & 3;
        device.published_id = id;
        const auto header =
            static_cast<std::uint8_t>(mqtt::publish | (body[0] >> 4 & 8) | qos << 1 | (body[0] >> 4 & 1));
        Octets& out = begin(device, header, 2 + name.size() + (qos > 0 ? 2U : 0U) + size - 5);
        put16(out, name.size());
        out.insert(out.end(), name.begin(), name.end());
        out.insert(out.end(), body + 3, body + (qos > 0 ? 5 : 3));
        out.insert(out.end(), body + 5, body + size);
    }

    static std::size_t add_topic(Device& device, const std::string& name) {
        const auto found = std::find(device.topics.begin(), device.topics.end(), name);
        const auto id = static_cast<std::size_t>(found - device.topics.begin()) + 1;
        if (found == device.topics.end()) {
            device.topics.push_back(name);
        }
        return id;
    }

    void pass_up(Device& device, std::uint8_t header, const std::uint8_t* id) {
        Octets& out = begin(device, header, 2);
        out.insert(out.end(), id, id + 2);
    }

    /// The fixed header of a packet that leaves at the end of the turn.
    Octets& begin(Device& device, std::uint8_t header, std::size_t remaining) {
        device.out.push_back(header);
        do {
            const bool more = remaining > 127;
            device.out.push_back(static_cast<std::uint8_t>((remaining & 127) | (more ? 128U : 0U)));
            remaining >>= 7;
        } while (remaining > 0);
        mark_dirty(device);
        return device.out;
    }

    void mark_dirty(Device& device, bool closing = false) {
        device.closing |= closing;
        if (!device.dirty) {
            device.dirty = true;
            dirty_.push_back(&device);
        }
    }

    void write_brokers() {
        for (Device* const device : dirty_) {
            device->dirty = false;
            write_broker(*device);
            if (device->closing) {
                close(device->fd);
                devices_.erase(key_of(device->address));
            }
        }
        dirty_.clear();
    }

    void write_broker(Device& device) {  // what does not fit waits for EPOLLOUT
        const ssize_t count = send(device.fd, device.out.data(), device.out.size(), MSG_NOSIGNAL);
        device.out.erase(device.out.begin(), device.out.begin() + std::max<ssize_t>(count, 0));
    }

    // ---- broker to devices ----

    void read_broker(Device& device, std::uint32_t events) {
        if (!device.out.empty()) {
            mark_dirty(device);
        }
        ssize_t count = (events & ~std::uint32_t{EPOLLOUT}) != 0 ? kReadMax : 0;
        while (count == kReadMax) {
            const std::size_t kept = device.in.size();
            std::copy(device.in.begin(), device.in.end(), read_.begin());
            count = recv(device.fd, read_.data() + kept, kReadMax, 0);
            if (count > 0) {
                const std::size_t size = kept + static_cast<std::size_t>(count);
                const std::size_t used = take_packets(device, size);
                device.in.assign(read_.data() + used, read_.data() + size);
            } else if (count == 0 || errno != EAGAIN) {
                mark_dirty(device, true);
            }
        }
    }

    /// @return how many of the `size` octets in read_ were whole packets
    std::size_t take_packets(Device& device, std::size_t size) {
        std::size_t used = 0;
        for (;;) {
            std::size_t at = used + 1;
            std::size_t remaining = 0;
            for (unsigned shift = 0; at < size && shift < 28; shift += 7) {
                remaining |= std::size_t{read_[at] & 127U} << shift;
                if (read_[at++] < 128) {
                    shift = 28;
                }
            }
            if (at > size || at == used + 1 || read_[at - 1] > 127 || size - at < remaining) {
                return size - used < std::size_t{kReadMax} ? used
                                                           : size;  // larger than any datagram: given up
            }
            on_packet(device, read_[used], read_.data() + at, remaining);
            used = at + remaining;
        }
    }

    void on_packet(Device& device, std::uint8_t header, const std::uint8_t* body, std::size_t size) {
        if (header >> 4 == 3) {
            publish_down(device, header, body, size);
            return;
        }
        if (size < 2) {
            if (header == mqtt::pingresp) {
                reply(device, {2, sn::pingresp});
            }
            return;
        }
        const std::uint16_t id = device.published_id;
        switch (header) {
            case mqtt::connack:
                reply(device, {3, sn::connack, body[1] == 0 ? std::uint8_t{0} : std::uint8_t{1}});
                break;
            case mqtt::puback:
                reply(device, {7, sn::puback, high(id), low(id), body[0], body[1], 0});
                break;
            case mqtt::suback: {
                const std::uint16_t topic = device.subscribed_id;
                const bool granted = size > 2 && body[2] <= 2;
                reply(device,
                      {8, sn::suback, static_cast<std::uint8_t>(granted ? body[2] << 5 : 0), high(topic),
                       low(topic), body[0], body[1], granted ? std::uint8_t{0} : std::uint8_t{3}});
                break;
            }
            default:
                for (const Acknowledgement& acknowledgement : kAcknowledgements) {
                    if (header == acknowledgement.broker) {
                        reply(device, {4, acknowledgement.device, body[0], body[1]});
                    }
                }
        }
    }

    void publish_down(Device& device, std::uint8_t header, const std::uint8_t* body, std::size_t size) {
        const std::uint8_t qos = header >> 1 & 3;
        const std::size_t name_size = size < 2 ? size : get16(body);
        const std::size_t fixed = 2 + name_size + (qos > 0 ? 2U : 0U);
        if (fixed > size || size - fixed > kDatagramMax) {
            return;
        }
        const std::size_t known = device.topics.size();
        const std::string name(reinterpret_cast<const char*>(body) + 2, name_size);
        const std::size_t id = add_topic(device, name);
        if (device.topics.size() != known) {
            Octets& out = datagram(sn::reg, 4 + name_size);
            put16(out, id);
            put16(out, id);  // message id; nobody waits for its REGACK
            out.insert(out.end(), name.begin(), name.end());
            leave(device);
        }
        Octets& out = datagram(sn::publish, 5 + size - fixed);
        out.push_back(static_cast<std::uint8_t>((header & 8) << 4 | qos << 5 | (header & 1) << 4));
        put16(out, id);
        put16(out, qos > 0 ? get16(body + 2 + name_size) : 0);
        out.insert(out.end(), body + fixed, body + size);
        leave(device);
    }

    // ---- datagrams that leave at the end of the turn ----

    void reply(Device& device, std::initializer_list<std::uint8_t> octets) {
        begin_ = octets_.size();
        octets_.insert(octets_.end(), octets);
        leave(device);
    }

    Octets& datagram(std::uint8_t type, std::size_t body_size) {
        begin_ = octets_.size();
        if (body_size + 2 > 255) {
            octets_.push_back(1);
            put16(octets_, body_size + 4);
        } else {
            octets_.push_back(static_cast<std::uint8_t>(body_size + 2));
        }
        octets_.push_back(type);
        return octets_;
    }

    void leave(const Device& device) {
        sends_.push_back({begin_, octets_.size() - begin_, device.address});
        if (sends_.size() == kSendBatch) {
            send_datagrams();
        }
    }

    void send_datagrams() {
        for (std::size_t i = 0; i < sends_.size(); ++i) {
            send_pieces_[i] = {octets_.data() + sends_[i].begin, sends_[i].size};
            sent_[i] = header_of(sends_[i].to, send_pieces_[i]);
        }
        for (std::size_t done = 0; done < sends_.size();) {
            const int count =
                sendmmsg(udp_, sent_.data() + done, static_cast<unsigned>(sends_.size() - done), 0);
            done += static_cast<std::size_t>(std::max(count, 1));  // one that cannot leave is lost
        }
        sends_.clear();
        octets_.clear();
    }

    sockaddr_in broker_;
    int udp_ = -1;
    int epoll_ = -1;
    std::unordered_map<std::uint64_t, std::unique_ptr<Device>> devices_;  // address and port -> device
    std::vector<Device*> dirty_;
    std::array<std::uint8_t, kBatch * kDatagramMax> datagrams_{};
    std::array<mmsghdr, kBatch> received_{};
    std::array<iovec, kBatch> pieces_{};
    std::array<sockaddr_in, kBatch> from_{};
    std::array<std::uint8_t, 2 * kReadMax> read_{};
    std::vector<Leaving> sends_;
    Octets octets_;          // of all sends_
    std::size_t begin_ = 0;  // of the datagram being made
    std::array<mmsghdr, kSendBatch> sent_{};
    std::array<iovec, kSendBatch> send_pieces_{};
};

bool parse(const char* text, sockaddr_in& out) {
    const char* const colon = std::strrchr(text, ':');
    const long port = colon == nullptr ? 0 : std::strtol(colon + 1, nullptr, 10);
    out.sin_family = AF_INET;
    out.sin_port = htons(static_cast<std::uint16_t>(port));
    return port > 0 && port < 65536 &&
           inet_pton(AF_INET, std::string(text, colon).c_str(), &out.sin_addr) == 1;
}

}  // namespace

int main(int argc, char** argv) {
    sockaddr_in listen{};
    sockaddr_in broker{};
    if (argc != 5 || std::strcmp(argv[1], "--listen") != 0 || !parse(argv[2], listen) ||
        std::strcmp(argv[3], "--broker") != 0 || !parse(argv[4], broker)) {
        std::fputs("usage: bench_floor --listen HOST:PORT --broker HOST:PORT  (numeric IPv4)\n", stderr);
        return 2;
    }
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    std::make_unique<Floor>(listen, broker)->run();
}
