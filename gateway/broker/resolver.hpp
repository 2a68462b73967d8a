// SPDX-License-Identifier: BSD-3-Clause
//
// The addresses behind the broker's name, looked up off the loop thread (uv_getaddrinfo uses libuv's thread
// pool) and shared by all links: ten thousand opens make one look-up. An answer is used for a while, then
// looked up again in the background; after a failed connection the next user waits for a fresh one. Loop
// thread only.
#ifndef GATEWAY_BROKER_RESOLVER_HPP
#define GATEWAY_BROKER_RESOLVER_HPP

#include <sys/socket.h>
#include <uv.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mqttsn::gateway {

struct ResolverOptions {
    std::string host;  ///< name or numeric address
    std::uint16_t port = 0;
    std::uint32_t refresh_ms = 60000;  ///< age from which an answer is looked up again
    std::uint32_t retry_ms = 1000;     ///< least time between two look-ups, whatever fails
};

using Addresses = std::vector<sockaddr_storage>;

class Resolver {
  public:
    enum class State : std::uint8_t { ready, looking, failed };

    /// `on_answer` is called from the loop when a look-up that somebody waits for has ended, well or not.
    Resolver(uv_loop_t* loop, ResolverOptions options, std::function<void()> on_answer);
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    /// What there is now; starts a look-up when one is due. Never calls back. `looking`: wait for on_answer.
    State request();
    /// Of the last answer that had any, the one that worked last first; not empty when request() said ready.
    /// Shared, so that who tries one after the other is not disturbed by a new answer.
    std::shared_ptr<const Addresses> addresses() const { return addresses_; }
    /// Why request() said failed.
    const std::string& error() const { return error_; }
    /// A connection to this address came up: it is the first to try from now on.
    void prefer(const sockaddr_storage& address);
    /// None of the addresses could be connected: look the name up again before the next try.
    void distrust() { distrusted_ = true; }
    /// No calls of on_answer any more. The loop must run until a running look-up has ended.
    void shutdown();

    std::uint64_t lookup_count() const { return lookup_count_; }

  private:
    static void on_done(uv_getaddrinfo_t* request, int status, addrinfo* result);
    bool numeric();
    void start(std::uint64_t now);
    void take(int status, const addrinfo* result);

    uv_loop_t* loop_;
    ResolverOptions options_;
    std::function<void()> on_answer_;
    std::shared_ptr<const Addresses> addresses_ = std::make_shared<const Addresses>();
    std::string error_;
    uv_getaddrinfo_t request_{};
    std::uint64_t started_ms_ = 0;
    std::uint64_t lookup_count_ = 0;
    bool numeric_ = false;
    bool running_ = false;
    bool ever_ = false;  ///< there was a look-up
    bool distrusted_ = false;
    bool shut_down_ = false;
};

/// "127.0.0.1:1883", "[::1]:1883"
std::string address_text(const sockaddr_storage& address);

}  // namespace mqttsn::gateway

#endif
