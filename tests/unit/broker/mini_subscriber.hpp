// SPDX-License-Identifier: BSD-3-Clause
//
// A subscriber on a plain socket (MQTT 3.1.1, QoS 1), independent of the code under test: it shows what the
// broker really has. Not blocking after connect(), so that the loop under test can run meanwhile. One thread.
#ifndef TESTS_UNIT_BROKER_MINI_SUBSCRIBER_HPP
#define TESTS_UNIT_BROKER_MINI_SUBSCRIBER_HPP

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace test {

class MiniSubscriber {
  public:
    struct Message {
        std::string topic;
        std::string payload;
        int qos = 0;
        bool retained = false;
    };

    MiniSubscriber() = default;
    MiniSubscriber(const MiniSubscriber&) = delete;
    MiniSubscriber& operator=(const MiniSubscriber&) = delete;
    ~MiniSubscriber() { close(); }

    /// Connects with a clean session and subscribes; waits for both answers.
    [[nodiscard]] bool connect(std::uint16_t port, std::string_view filter) {
        close();
        messages.clear();
        in_.clear();
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port);
        fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const timeval limit{5, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            return false;
        }
        std::string subscribe("\x82", 1);
        subscribe += static_cast<char>(5 + filter.size());
        subscribe += std::string("\0\1\0", 3) + static_cast<char>(filter.size());
        subscribe += std::string(filter) + '\1';
        char answer[9];
        return send(std::string("\x10\x0c\0\4MQTT\4\2\0\0\0\0", 14)) && send(subscribe) &&
               ::recv(fd_, answer, sizeof answer, MSG_WAITALL) == 9 && answer[3] == 0 &&
               static_cast<std::uint8_t>(answer[8]) < 0x80;
    }
    void close() {
        if (fd_ >= 0) {
            ::close(fd_);
            fd_ = -1;
        }
    }

    /// Takes in what has come.
    void poll() {
        char buffer[4096];
        for (ssize_t size = 0; (size = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT)) > 0;) {
            in_.append(buffer, static_cast<std::size_t>(size));
        }
        while (take_packet()) {
        }
    }
    bool has(std::string_view topic, std::string_view payload) const {
        for (const Message& message : messages) {
            if (message.topic == topic && message.payload == payload) {
                return true;
            }
        }
        return false;
    }

    std::vector<Message> messages;

  private:
    bool send(const std::string& octets) const {
        return ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(octets.size());
    }
    std::size_t octet(std::size_t at) const { return static_cast<std::uint8_t>(in_[at]); }
    bool take_packet() {
        std::size_t length = 0;
        std::size_t used = 1;
        bool complete = false;
        for (; used < in_.size() && !complete; ++used) {
            length |= (octet(used) & 0x7FU) << (7 * (used - 1));
            complete = (octet(used) & 0x80U) == 0;
        }
        if (!complete || in_.size() < used + length) {
            return false;
        }
        if (octet(0) >> 4U == 3) {
            Message message;
            message.qos = static_cast<int>(octet(0) >> 1U & 3U);
            message.retained = (octet(0) & 1U) != 0;
            const std::size_t topic_size = octet(used) << 8U | octet(used + 1);
            message.topic = in_.substr(used + 2, topic_size);
            const std::size_t head = 2 + topic_size + (message.qos > 0 ? 2 : 0);
            message.payload = in_.substr(used + head, length - head);
            if (message.qos > 0) {
                send(std::string("\x40\x02", 2) + in_.substr(used + 2 + topic_size, 2));
            }
            messages.push_back(message);
        }
        in_.erase(0, used + length);
        return true;
    }

    int fd_ = -1;
    std::string in_;
};

}  // namespace test

#endif
