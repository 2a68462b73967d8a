// SPDX-License-Identifier: BSD-3-Clause
#include "scripted_broker.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

namespace test {
namespace {

constexpr std::size_t kPacketMax = 1U << 20U;

bool send_all(int fd, const std::vector<std::uint8_t>& octets) {
    return ::send(fd, octets.data(), octets.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(octets.size());
}

std::size_t word_at(std::string_view body, std::size_t at) {
    return static_cast<std::size_t>(static_cast<std::uint8_t>(body[at])) << 8U |
           static_cast<std::uint8_t>(body[at + 1]);
}

}  // namespace

bool ScriptedBroker::start() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port_);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, generic, &size) != 0 || ::pipe(wake_) != 0) {
        return false;
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
    return true;
}

void ScriptedBroker::stop() {
    if (thread_.joinable()) {
        ::close(wake_[1]);  // the thread's end becomes readable
        thread_.join();
        ::close(wake_[0]);
        ::close(listener_);
    }
}

void ScriptedBroker::run() {
    for (;;) {
        std::vector<pollfd> waiting{{wake_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
        for (const Connection& connection : open_) {
            waiting.push_back({connection.fd, POLLIN, 0});
        }
        ::poll(waiting.data(), waiting.size(), -1);
        if (waiting[0].revents != 0) {
            break;
        }
        auto connection = open_.begin();
        for (std::size_t i = 2; i < waiting.size(); ++i) {
            const auto next = std::next(connection);
            if (waiting[i].revents != 0 && !serve(*connection)) {
                ::close(connection->fd);
                open_.erase(connection);
            }
            connection = next;
        }
        if (waiting[1].revents != 0) {
            take_connection();
        }
    }
    for (const Connection& connection : open_) {
        ::close(connection.fd);
    }
    open_.clear();
}

void ScriptedBroker::take_connection() {
    Connection connection;
    connection.fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection.fd < 0) {
        return;
    }
    const int yes = 1;
    ::setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (options_.resets_after_max > 0 && !calm_) {
        connection.packets_left =
            std::uniform_int_distribution<unsigned>(1, options_.resets_after_max)(random_);
    }
    open_.push_back(std::move(connection));
}

bool ScriptedBroker::serve(Connection& connection) {
    std::uint8_t buffer[4096];
    const ssize_t size = ::recv(connection.fd, buffer, sizeof buffer, 0);
    if (size <= 0) {
        return size < 0 && errno == EINTR;
    }
    std::vector<std::uint8_t>& in = connection.in;
    in.insert(in.end(), buffer, buffer + size);
    for (;;) {
        std::size_t length = 0;
        std::size_t used = 1;
        bool complete = false;
        for (; used < in.size() && used <= 4 && !complete; ++used) {
            length |= static_cast<std::size_t>(in[used] & 0x7FU) << (7 * (used - 1));
            complete = (in[used] & 0x80U) == 0;
        }
        if (length > kPacketMax || (!complete && used > 4)) {
            fault("a length that no packet of this test has");
            return false;
        }
        if (!complete || in.size() < used + length) {
            return true;
        }
        const std::string body(reinterpret_cast<const char*>(in.data()) + used, length);
        const std::uint8_t header = in[0];
        in.erase(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(used + length));
        if (!on_packet(connection, header, body)) {
            return false;
        }
        if (connection.packets_left > 0 && --connection.packets_left == 0 && !calm_) {
            reset(connection);
            return false;
        }
    }
}

bool ScriptedBroker::on_packet(Connection& connection, std::uint8_t header, std::string_view body) {
    const int type = header >> 4U;
    if ((type == 1) != (connection.version == 0)) {
        fault("CONNECT is missing or comes twice");
        return false;
    }
    switch (type) {
        case 1:
            return on_connect(connection, body);
        case 3:
            return on_publish(connection, header, body);
        case 6: {  // PUBREL
            if (body.size() < 2) {
                fault("a short PUBREL");
                return false;
            }
            connection.unacknowledged -= connection.unacknowledged > 0 ? 1 : 0;
            return send_all(connection.fd, {0x70, 2, static_cast<std::uint8_t>(body[0]),
                                            static_cast<std::uint8_t>(body[1])});
        }
        case 12:
            return send_all(connection.fd, {0xD0, 0});
        case 14:
            return false;
        default:
            fault("a packet of type " + std::to_string(type));
            return false;
    }
}

bool ScriptedBroker::on_connect(Connection& connection, std::string_view body) {
    if (body.size() < 10 || body.substr(2, 4) != "MQTT") {
        fault("a malformed CONNECT");
        return false;
    }
    connection.version = static_cast<std::uint8_t>(body[6]);
    last_version_ = connection.version;
    const bool five = connection.version == 5;
    if (five && options_.version5 == ScriptedBrokerOptions::Version5::close) {
        return false;
    }
    if (five && options_.version5 == ScriptedBrokerOptions::Version5::refuse) {
        send_all(connection.fd, {0x20, 2, 0, 1});  // as a broker does that only knows 3.1.1
        return false;
    }
    const auto code = static_cast<std::uint8_t>(options_.connack_refusal < 0 ? 0 : options_.connack_refusal);
    std::vector<std::uint8_t> connack{0x20, 2, 0, code};
    if (five) {
        connack = {0x20, 3, 0, code, 0};
        if (options_.receive_maximum != 0) {
            connack = {0x20,
                       6,
                       0,
                       code,
                       3,
                       0x21,
                       static_cast<std::uint8_t>(options_.receive_maximum >> 8U),
                       static_cast<std::uint8_t>(options_.receive_maximum & 0xFFU)};
        }
    }
    if (code != 0) {
        send_all(connection.fd, connack);
        return false;
    }
    ++connections_;
    return send_all(connection.fd, connack);
}

bool ScriptedBroker::on_publish(Connection& connection, std::uint8_t header, std::string_view body) {
    const unsigned qos = header >> 1U & 3U;
    const std::size_t topic_size = body.size() < 2 ? 0 : word_at(body, 0);
    std::size_t at = 2 + topic_size + (qos > 0 ? 2 : 0) + (connection.version == 5 ? 1 : 0);
    if (body.size() < at || qos == 3) {
        fault("a malformed PUBLISH");
        return false;
    }
    if (connection.version == 5 && body[at - 1] != 0) {
        fault("a PUBLISH with properties");
        return false;
    }
    ++publishes_;
    const std::string_view topic = body.substr(2, topic_size);
    if (options_.check) {
        if (std::string wrong = options_.check(topic, body.substr(at)); !wrong.empty()) {
            fault(std::move(wrong));
        }
    }
    if (qos == 0) {
        return true;
    }
    unacknowledged_max_ = std::max(unacknowledged_max_.load(), ++connection.unacknowledged);
    if (connection.version == 5 && options_.disconnect_reason >= 0) {
        send_all(connection.fd, {0xE0, 2, static_cast<std::uint8_t>(options_.disconnect_reason), 0});
        return false;
    }
    if (!options_.acknowledge) {
        return true;
    }
    const auto high = static_cast<std::uint8_t>(body[2 + topic_size]);
    const auto low = static_cast<std::uint8_t>(body[3 + topic_size]);
    const auto type = static_cast<std::uint8_t>(qos == 1 ? 0x40 : 0x50);
    connection.unacknowledged -= qos == 1 ? 1 : 0;
    if (connection.version == 5 && options_.puback_reason != 0) {
        return send_all(connection.fd, {type, 3, high, low, options_.puback_reason});
    }
    return send_all(connection.fd, {type, 2, high, low});
}

void ScriptedBroker::fault(std::string text) {
    const std::lock_guard lock(mutex_);
    if (faults_++ == 0) {
        first_fault_ = std::move(text);
    }
}

void ScriptedBroker::reset(const Connection& connection) {
    const linger now{1, 0};  // close() sends RST and throws away what was not read
    ::setsockopt(connection.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    ++resets_;
}

}  // namespace test
