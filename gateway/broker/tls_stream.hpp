// SPDX-License-Identifier: BSD-3-Clause
//
// TLS for one connection as a filter between octets and octets (OpenSSL with memory BIOs): no socket, no
// loop, so that the engine's TCP code is the same with and without it. The peer's certificate and name are
// always checked and SNI is always sent. Loop thread only. Needs no OpenSSL header to use.
#ifndef GATEWAY_BROKER_TLS_STREAM_HPP
#define GATEWAY_BROKER_TLS_STREAM_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "mqttsn/wire.hpp"

struct ssl_ctx_st;
struct ssl_st;
struct bio_st;

namespace mqttsn::gateway {

struct TlsFiles {
    std::string ca_file;    ///< PEM; empty = the system's certificates
    std::string cert_file;  ///< PEM chain of the client certificate; empty = none
    std::string key_file;   ///< PEM, not encrypted; empty = the key is in cert_file
};

/// What all connections share. Made once.
class TlsContext {
  public:
    /// Reads the files. On failure nullptr, and `error` names the file and the reason.
    static std::unique_ptr<TlsContext> create(const TlsFiles& files, std::string& error);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    ssl_ctx_st* native() const { return context_; }

  private:
    TlsContext() = default;
    ssl_ctx_st* context_ = nullptr;
};

class TlsStream {
  public:
    enum class State : std::uint8_t {
        handshaking,
        ready,
        closed,  ///< the peer said close_notify
        failed,  ///< error() says why
    };

    /// `host` is what the certificate must be for: a name, or an address when host_is_address.
    TlsStream(const TlsContext& context, const std::string& host, bool host_is_address);
    ~TlsStream();
    TlsStream(const TlsStream&) = delete;
    TlsStream& operator=(const TlsStream&) = delete;

    /// Takes octets from the network, at most kFeedMax. What must be sent because of them (or to begin with:
    /// feed nothing once) is appended to `to_network`, also when it fails: that is the alert. Drain read()
    /// before the next feed.
    State feed(Bytes from_network, std::vector<std::uint8_t>& to_network);
    static constexpr std::size_t kFeedMax = 16384;

    /// Next run of decrypted octets, 0 when there are none (any more) or state() has changed to closed or
    /// failed.
    std::size_t read(std::uint8_t* buffer, std::size_t size, std::vector<std::uint8_t>& to_network);

    /// Encrypts all of it. False when the stream has failed. Only in State::ready.
    [[nodiscard]] bool write(Bytes plain, std::vector<std::uint8_t>& to_network);

    /// Appends close_notify.
    void close_notify(std::vector<std::uint8_t>& to_network);

    State state() const { return state_; }
    const std::string& error() const { return error_; }

  private:
    void handshake();
    void drain(std::vector<std::uint8_t>& to_network);
    void note_failure(int result);

    ssl_st* ssl_ = nullptr;
    bio_st* from_network_ = nullptr;  // owned by ssl_
    bio_st* to_network_ = nullptr;    // owned by ssl_
    State state_ = State::handshaking;
    std::string host_;
    std::string error_;
};

}  // namespace mqttsn::gateway

#endif
