// SPDX-License-Identifier: BSD-3-Clause
#include "conformance/broker_relay.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <stdexcept>

namespace conformance {
namespace {

void no_delay(int fd) {
    const int on = 1;
    static_cast<void>(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
}

}  // namespace

BrokerRelay::BrokerRelay(std::uint16_t port, const Address& broker)
    : port_(port), broker_(broker), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (wake_ < 0 || !listen()) {
        throw std::runtime_error("cannot listen on 127.0.0.1:" + std::to_string(port));
    }
    thread_ = std::thread([this] { run(); });
}

BrokerRelay::~BrokerRelay() {
    become(State::ended);
    thread_.join();
    ::close(wake_);
}

void BrokerRelay::become(State state) {
    wanted_ = state;
    const std::uint64_t one = 1;
    static_cast<void>(!::write(wake_, &one, sizeof one));
    while (applied_ != state) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

bool BrokerRelay::listen() {
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_port = htons(port_);
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    static_cast<void>(::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
    return ::bind(listener_, reinterpret_cast<const sockaddr*>(&here), sizeof here) == 0 &&
           ::listen(listener_, 1024) == 0;
}

void BrokerRelay::apply() {
    const State state = wanted_;
    if (state == applied_) {
        return;
    }
    if (state == State::cut || state == State::ended) {
        for (const Pair& pair : pairs_) {
            close_both(pair);
        }
        pairs_.clear();
        if (listener_ >= 0) {
            ::close(listener_);
        }
        listener_ = -1;
    } else if (listener_ < 0) {
        static_cast<void>(listen());
    }
    applied_ = state;
}

void BrokerRelay::run() {
    while (applied_ != State::ended) {
        std::vector<pollfd> all;
        watch(all);
        ::poll(all.data(), all.size(), -1);
        std::uint64_t count = 0;
        static_cast<void>(!::read(wake_, &count, sizeof count));
        serve(all);
        apply();
    }
}

void BrokerRelay::watch(std::vector<pollfd>& all) const {
    const bool held = applied_ == State::held;
    all.push_back({wake_, POLLIN, 0});
    all.push_back({held ? -1 : listener_, POLLIN, 0});
    for (const Pair& pair : pairs_) {
        for (const int side : {0, 1}) {
            short wish = 0;
            if (!held && pair.waiting[1 - side].empty()) {
                wish = POLLIN;  // there is room in what waits for the other side
            }
            if (!held && !pair.waiting[side].empty()) {
                wish = static_cast<short>(wish | POLLOUT);
            }
            all.push_back({wish != 0 ? pair.fds[side] : -1, wish, 0});
        }
    }
}

void BrokerRelay::serve(const std::vector<pollfd>& all) {
    auto pair = pairs_.begin();
    for (std::size_t i = 2; i + 1 < all.size(); i += 2) {
        if (pass(*pair, 0, all[i].revents) && pass(*pair, 1, all[i + 1].revents)) {
            ++pair;
        } else {
            close_both(*pair);
            pair = pairs_.erase(pair);
        }
    }
    if (all[1].revents != 0) {
        accept_one();
    }
}

bool BrokerRelay::pass(Pair& pair, int side, short seen) {
    if ((seen & POLLOUT) != 0) {
        std::string& waiting = pair.waiting[side];
        const ssize_t count =
            ::send(pair.fds[side], waiting.data(), waiting.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count > 0) {
            waiting.erase(0, static_cast<std::size_t>(count));
        }
    }
    if ((seen & (POLLIN | POLLHUP | POLLERR)) != 0) {
        std::array<char, 16384> buffer{};
        const ssize_t count = ::recv(pair.fds[side], buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (count <= 0) {
            return false;
        }
        pair.waiting[1 - side].append(buffer.data(), static_cast<std::size_t>(count));
    }
    return true;
}

void BrokerRelay::accept_one() {
    Pair pair;
    pair.fds[0] = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (pair.fds[0] < 0) {
        return;
    }
    pair.fds[1] = ::socket(broker_.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (pair.fds[1] < 0 || ::connect(pair.fds[1], broker_.get(), broker_.size) != 0) {
        close_both(pair);
        return;
    }
    no_delay(pair.fds[0]);
    no_delay(pair.fds[1]);
    pairs_.push_back(pair);
    used_.store(true);
}

void BrokerRelay::close_both(const Pair& pair) {
    for (const int fd : pair.fds) {
        if (fd >= 0) {
            ::close(fd);
        }
    }
}

}  // namespace conformance
