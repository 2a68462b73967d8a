// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/broker/resolver.hpp"

#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

namespace mqttsn::gateway {
namespace {

constexpr std::size_t kAddressesMax = 16;  // of one answer; more would only prolong a failure

/// `all` with `first` in front, if it is among them.
std::shared_ptr<const Addresses> in_front(Addresses all, const sockaddr_storage& first) {
    const auto at = std::find_if(all.begin(), all.end(), [&](const sockaddr_storage& a) {
        return std::memcmp(&a, &first, sizeof a) == 0;
    });
    if (at != all.end()) {
        std::rotate(all.begin(), at, at + 1);
    }
    return std::make_shared<const Addresses>(std::move(all));
}

}  // namespace

Resolver::Resolver(uv_loop_t* loop, ResolverOptions options, std::function<void()> on_answer)
    : loop_(loop), options_(std::move(options)), on_answer_(std::move(on_answer)) {
    request_.data = this;
    numeric_ = numeric();
}

/// An address needs no look-up, and therefore no thread.
bool Resolver::numeric() {
    sockaddr_storage storage{};
    if (uv_ip4_addr(options_.host.c_str(), options_.port, reinterpret_cast<sockaddr_in*>(&storage)) != 0 &&
        uv_ip6_addr(options_.host.c_str(), options_.port, reinterpret_cast<sockaddr_in6*>(&storage)) != 0) {
        return false;
    }
    addresses_ = std::make_shared<const Addresses>(1, storage);
    return true;
}

Resolver::State Resolver::request() {
    if (numeric_) {
        return State::ready;
    }
    const std::uint64_t now = uv_now(loop_);
    const std::uint64_t age = now - started_ms_;
    const bool due = !ever_ || (age >= options_.retry_ms &&
                                (distrusted_ || addresses_->empty() || age >= options_.refresh_ms));
    if (!running_ && due && !shut_down_) {
        start(now);
    }
    if (running_ && (addresses_->empty() || distrusted_)) {
        return State::looking;
    }
    return addresses_->empty() ? State::failed : State::ready;
}

void Resolver::start(std::uint64_t now) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_protocol = IPPROTO_TCP;
    ever_ = true;
    started_ms_ = now;
    ++lookup_count_;
    const int status = uv_getaddrinfo(loop_, &request_, on_done, options_.host.c_str(), nullptr, &hints);
    if (status != 0) {
        take(status, nullptr);
        return;
    }
    running_ = true;
}

void Resolver::take(int status, const addrinfo* result) {
    distrusted_ = false;
    Addresses found;
    for (const addrinfo* item = result; item != nullptr && found.size() < kAddressesMax;
         item = item->ai_next) {
        sockaddr_storage storage{};
        if (item->ai_family == AF_INET && item->ai_addrlen == sizeof(sockaddr_in)) {
            std::memcpy(&storage, item->ai_addr, sizeof(sockaddr_in));
            reinterpret_cast<sockaddr_in*>(&storage)->sin_port = htons(options_.port);
        } else if (item->ai_family == AF_INET6 && item->ai_addrlen == sizeof(sockaddr_in6)) {
            std::memcpy(&storage, item->ai_addr, sizeof(sockaddr_in6));
            reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port = htons(options_.port);
        } else {
            continue;
        }
        found.push_back(storage);
    }
    if (!found.empty()) {
        const sockaddr_storage first = addresses_->empty() ? found.front() : addresses_->front();
        addresses_ = in_front(std::move(found), first);
        return;
    }
    // A name server that does not answer is no reason to forget addresses that may still be good.
    error_ = "name look-up of " + options_.host +
             " failed: " + (status != 0 ? uv_strerror(status) : "no IPv4 or IPv6 address");
}

void Resolver::on_done(uv_getaddrinfo_t* request, int status, addrinfo* result) {
    auto& self = *static_cast<Resolver*>(request->data);
    self.running_ = false;
    if (status != UV_ECANCELED) {
        self.take(status, result);
    }
    uv_freeaddrinfo(result);
    if (!self.shut_down_) {
        self.on_answer_();
    }
}

void Resolver::prefer(const sockaddr_storage& address) {
    if (addresses_->size() > 1 && std::memcmp(&addresses_->front(), &address, sizeof address) != 0) {
        addresses_ = in_front(*addresses_, address);
    }
    distrusted_ = false;
}

void Resolver::shutdown() {
    shut_down_ = true;
    if (running_) {
        uv_cancel(reinterpret_cast<uv_req_t*>(
            &request_));  // fails when it already runs; then the loop waits for it
    }
}

std::string address_text(const sockaddr_storage& address) {
    char host[64] = "?";
    char text[96];
    std::uint16_t port = 0;
    if (address.ss_family == AF_INET6) {
        const auto* in6 = reinterpret_cast<const sockaddr_in6*>(&address);
        uv_ip6_name(in6, host, sizeof host);
        port = ntohs(in6->sin6_port);
    } else {
        const auto* in4 = reinterpret_cast<const sockaddr_in*>(&address);
        uv_ip4_name(in4, host, sizeof host);
        port = ntohs(in4->sin_port);
    }
    std::snprintf(text, sizeof text, address.ss_family == AF_INET6 ? "[%s]:%u" : "%s:%u", host,
                  unsigned{port});
    return text;
}

}  // namespace mqttsn::gateway
