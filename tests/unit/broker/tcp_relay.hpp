// SPDX-License-Identifier: BSD-3-Clause
//
// A TCP relay before a broker, so that a connection can die without the client's doing: on request, or at
// random moments. Octets pass as they are, so TLS does too. One thread of its own; owned by a fixture.
#ifndef TESTS_UNIT_BROKER_TCP_RELAY_HPP
#define TESTS_UNIT_BROKER_TCP_RELAY_HPP

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <list>
#include <random>
#include <thread>
#include <vector>

namespace test {

class TcpRelay {
  public:
    /// `reset_after_max`: each connection is reset after 1..n octets from the client; 0 = only by cut().
    TcpRelay(std::uint16_t target_port, std::size_t reset_after_max = 0, std::uint64_t seed = 1)
        : target_port_(target_port), reset_after_max_(reset_after_max), random_(seed) {}
    TcpRelay(const TcpRelay&) = delete;
    TcpRelay& operator=(const TcpRelay&) = delete;
    ~TcpRelay() { stop(); }

    /// After stop() it starts again with the same port.
    [[nodiscard]] bool start() {
        sockaddr_in address = loopback(port_);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int yes = 1;
        ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 16) != 0 ||
            ::getsockname(listener_, generic, &size) != 0 || ::pipe2(wake_, O_CLOEXEC) != 0) {
            return false;
        }
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { run(); });
        return true;
    }
    void stop() {
        if (thread_.joinable()) {
            ::close(wake_[1]);
            thread_.join();
            ::close(wake_[0]);
            ::close(listener_);
        }
    }
    std::uint16_t port() const { return port_; }
    /// Ends all connections, both sides with RST: for the broker the client is gone without a word.
    void cut() { signal('c'); }
    /// No more random resets.
    void calm_down() { calm_ = true; }
    std::uint64_t resets() const { return resets_; }
    /// From now on each connection ends in place of the broker's first answer.
    void lose_answers(bool lose) { lose_answers_ = lose; }
    std::uint64_t answers_lost() const { return answers_lost_; }

  private:
    struct Pair {
        int client = -1;
        int broker = -1;
        std::size_t octets_left = 0;  ///< until the reset; 0 = none planned
    };

    static sockaddr_in loopback(std::uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port);
        return address;
    }
    void signal(char what) const {
        if (::write(wake_[1], &what, 1) != 1) {
            std::abort();
        }
    }
    static void reset(const Pair& pair) {
        const linger now{1, 0};
        for (const int fd : {pair.client, pair.broker}) {
            ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
            ::close(fd);
        }
    }

    void run() {
        for (bool running = true; running;) {
            std::vector<pollfd> waiting{{wake_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
            for (const Pair& pair : pairs_) {
                waiting.push_back({pair.client, POLLIN, 0});
                waiting.push_back({pair.broker, POLLIN, 0});
            }
            ::poll(waiting.data(), waiting.size(), -1);
            char order = 0;
            if (waiting[0].revents != 0) {
                running = ::read(wake_[0], &order, 1) == 1;
            }
            auto pair = pairs_.begin();
            for (std::size_t i = 2; i < waiting.size(); i += 2) {
                const bool over = order == 'c' || (waiting[i].revents != 0 && !from_client(*pair)) ||
                                  (waiting[i + 1].revents != 0 && !from_broker(*pair));
                if (over) {
                    reset(*pair);
                }
                pair = over ? pairs_.erase(pair) : std::next(pair);
            }
            if (waiting[1].revents != 0) {
                take_connection();
            }
        }
        for (const Pair& pair : pairs_) {
            reset(pair);
        }
        pairs_.clear();
    }
    void take_connection() {
        Pair pair;
        pair.client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        pair.broker = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const sockaddr_in address = loopback(target_port_);
        if (::connect(pair.broker, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            reset(pair);
            return;
        }
        if (reset_after_max_ > 0 && !calm_) {
            pair.octets_left = std::uniform_int_distribution<std::size_t>(1, reset_after_max_)(random_);
        }
        pairs_.push_back(pair);
    }
    bool from_client(Pair& pair) {
        std::size_t passed = 0;
        if (!pass(pair.client, pair.broker, &passed)) {
            return false;
        }
        if (pair.octets_left == 0 || calm_) {
            return true;
        }
        pair.octets_left -= pair.octets_left > passed ? passed : pair.octets_left;
        resets_ += pair.octets_left == 0 ? 1 : 0;
        return pair.octets_left > 0;
    }
    bool from_broker(const Pair& pair) {
        if (lose_answers_) {
            ++answers_lost_;
            return false;
        }
        return pass(pair.broker, pair.client, nullptr);
    }
    static bool pass(int from, int to, std::size_t* passed) {
        char buffer[2048];
        const ssize_t size = ::recv(from, buffer, sizeof buffer, 0);
        if (passed != nullptr) {
            *passed = size > 0 ? static_cast<std::size_t>(size) : 0;
        }
        return size > 0 && ::send(to, buffer, static_cast<std::size_t>(size), MSG_NOSIGNAL) == size;
    }

    const std::uint16_t target_port_;
    const std::size_t reset_after_max_;
    std::mt19937_64 random_;
    std::thread thread_;
    int listener_ = -1;
    int wake_[2] = {-1, -1};
    std::uint16_t port_ = 0;
    std::list<Pair> pairs_;
    std::atomic<bool> calm_{false}, lose_answers_{false};
    std::atomic<std::uint64_t> answers_lost_{0};
    std::atomic<std::uint64_t> resets_{0};
};

}  // namespace test

#endif
