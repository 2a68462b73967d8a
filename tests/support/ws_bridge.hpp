// SPDX-License-Identifier: BSD-3-Clause
//
// MQTT over WebSocket in front of a broker that has none: a server that takes WebSocket (RFC 6455), with or
// without TLS, and passes the octets on to a plain MQTT port. It is strict where MQTT is: subprotocol "mqtt",
// binary frames, masked by the client (MQTT 3.1.1 section 6). One thread per connection; owned by a fixture.
// Programs that include this link OpenSSL::SSL and Threads.
#ifndef TESTS_SUPPORT_WS_BRIDGE_HPP
#define TESTS_SUPPORT_WS_BRIDGE_HPP

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace test {

class WsBridge {
  public:
    WsBridge() = default;
    WsBridge(const WsBridge&) = delete;
    WsBridge& operator=(const WsBridge&) = delete;
    ~WsBridge() { stop(); }

    /// PEM files make it wss.
    [[nodiscard]] bool start(std::uint16_t broker_port, const std::string& path,
                             const std::string& certificate = "", const std::string& key = "") {
        broker_port_ = broker_port;
        path_ = path;
        if (!certificate.empty()) {
            context_ = SSL_CTX_new(TLS_server_method());
            if (SSL_CTX_use_certificate_chain_file(context_, certificate.c_str()) != 1 ||
                SSL_CTX_use_PrivateKey_file(context_, key.c_str(), SSL_FILETYPE_PEM) != 1) {
                return false;
            }
        }
        sockaddr_in address = loopback(0);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 64) != 0 ||
            ::getsockname(listener_, generic, &size) != 0) {
            return false;
        }
        port_ = ntohs(address.sin_port);
        acceptor_ = std::thread([this] { accept_all(); });
        return true;
    }
    void stop() {
        if (!acceptor_.joinable()) {
            return;
        }
        stopping_ = true;
        acceptor_.join();
        for (std::thread& thread : connections_) {
            thread.join();
        }
        ::close(listener_);
        SSL_CTX_free(context_);
    }
    std::uint16_t port() const { return port_; }
    int upgrades() const { return upgrades_; }  ///< connections that spoke WebSocket as they should
    int faults() const { return faults_; }      ///< frames or requests that MQTT does not allow

  private:
    struct Connection {
        int client = -1;
        int broker = -1;
        SSL* tls = nullptr;
        std::string in;
    };

    static sockaddr_in loopback(std::uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port);
        return address;
    }

    void accept_all() {
        while (!stopping_) {
            pollfd waiting{listener_, POLLIN, 0};
            if (::poll(&waiting, 1, 20) <= 0) {
                continue;
            }
            const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd >= 0) {
                connections_.emplace_back([this, fd] { serve(fd); });
            }
        }
    }

    void serve(int fd) {
        Connection connection;
        connection.client = fd;
        const int yes = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        connection.broker = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const sockaddr_in address = loopback(broker_port_);
        if (context_ != nullptr) {
            connection.tls = SSL_new(context_);
            SSL_set_fd(connection.tls, fd);
        }
        const bool ok =
            ::connect(connection.broker, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
            (connection.tls == nullptr || SSL_accept(connection.tls) == 1);
        if (ok && upgrade(connection)) {
            ++upgrades_;
            pass_octets(connection);
        }
        SSL_free(connection.tls);
        ::close(connection.broker);
        ::close(fd);
    }

    bool receive(Connection& connection) {
        char buffer[16384];
        const ssize_t size = connection.tls != nullptr ? SSL_read(connection.tls, buffer, sizeof buffer)
                                                       : ::recv(connection.client, buffer, sizeof buffer, 0);
        if (size > 0) {
            connection.in.append(buffer, static_cast<std::size_t>(size));
        }
        return size > 0;
    }
    static bool send(const Connection& connection, const std::string& octets) {
        const auto size = static_cast<ssize_t>(octets.size());
        return connection.tls != nullptr
                   ? SSL_write(connection.tls, octets.data(), static_cast<int>(size)) == size
                   : ::send(connection.client, octets.data(), octets.size(), MSG_NOSIGNAL) == size;
    }
    static std::string header(const std::string& request, const std::string& name) {
        const std::size_t at = request.find("\r\n" + name + ": ");
        if (at == std::string::npos) {
            return "";
        }
        const std::size_t from = at + name.size() + 4;
        return request.substr(from, request.find('\r', from) - from);
    }
    static std::string accept_of(const std::string& key) {
        const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 section 1.3
        unsigned char hash[SHA_DIGEST_LENGTH];
        SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash);
        unsigned char base64[2 * SHA_DIGEST_LENGTH];
        const int size = EVP_EncodeBlock(base64, hash, sizeof hash);
        return {reinterpret_cast<const char*>(base64), static_cast<std::size_t>(size)};
    }

    bool upgrade(Connection& connection) {
        std::size_t end = std::string::npos;
        while ((end = connection.in.find("\r\n\r\n")) == std::string::npos) {
            if (connection.in.size() > 8192 || !receive(connection)) {
                return false;
            }
        }
        const std::string request = connection.in.substr(0, end + 2);
        connection.in.erase(0, end + 4);
        const std::string key = header(request, "Sec-WebSocket-Key");
        if (request.rfind("GET " + path_ + " HTTP/1.1\r\n", 0) != 0 || key.empty() ||
            header(request, "Sec-WebSocket-Protocol") != "mqtt") {
            ++faults_;
            send(connection, "HTTP/1.1 404 Not Found\r\n\r\n");
            return false;
        }
        return send(connection,
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Accept: " +
                        accept_of(key) + "\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n");
    }

    void pass_octets(Connection& connection) {
        while (!stopping_ && take_frames(connection)) {
            if (connection.tls != nullptr && SSL_pending(connection.tls) > 0) {
                if (!receive(connection)) {
                    return;
                }
                continue;
            }
            pollfd waiting[2] = {{connection.client, POLLIN, 0}, {connection.broker, POLLIN, 0}};
            if (::poll(waiting, 2, 20) <= 0) {
                continue;
            }
            if ((waiting[0].revents != 0 && !receive(connection)) ||
                (waiting[1].revents != 0 && !from_broker(connection))) {
                return;
            }
        }
    }
    static bool from_broker(const Connection& connection) {
        char buffer[4096];
        const ssize_t size = ::recv(connection.broker, buffer, sizeof buffer, 0);
        if (size <= 0) {
            return false;
        }
        std::string frame("\x82", 1);
        if (size < 126) {
            frame += static_cast<char>(size);
        } else {
            frame += '\x7E';
            frame += static_cast<char>(size >> 8);
            frame += static_cast<char>(size & 0xFF);
        }
        return send(connection, frame.append(buffer, static_cast<std::size_t>(size)));
    }
    /// False when the connection is over.
    bool take_frames(Connection& connection) {
        std::string& in = connection.in;
        while (in.size() >= 2) {
            const auto octet = [&](std::size_t at) { return static_cast<std::uint8_t>(in[at]); };
            std::size_t length = octet(1) & 0x7FU;
            std::size_t head = 2;
            const std::size_t more = length == 126 ? 2 : length == 127 ? 8 : 0;
            if (in.size() < head + more + 4) {
                return true;
            }
            if (more > 0) {
                length = 0;
                for (std::size_t i = 0; i < more; ++i) {
                    length = length << 8U | octet(head++);
                }
            }
            const unsigned opcode = octet(0) & 0x0FU;
            if ((octet(1) & 0x80U) == 0 || (opcode != 0 && opcode != 2 && opcode < 8)) {
                ++faults_;
                return false;
            }
            if (in.size() < head + 4 + length) {
                return true;
            }
            std::string payload = in.substr(head + 4, length);
            for (std::size_t i = 0; i < length; ++i) {
                payload[i] = static_cast<char>(payload[i] ^ in[head + i % 4]);
            }
            in.erase(0, head + 4 + length);
            if (opcode == 8) {
                return false;
            }
            if (opcode < 8 && ::send(connection.broker, payload.data(), length, MSG_NOSIGNAL) !=
                                  static_cast<ssize_t>(length)) {
                return false;
            }
        }
        return true;
    }

    std::uint16_t broker_port_ = 0;
    std::string path_;
    SSL_CTX* context_ = nullptr;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::thread acceptor_;
    std::vector<std::thread> connections_;  ///< of the acceptor, until it has ended
    std::atomic<bool> stopping_{false};
    std::atomic<int> upgrades_{0}, faults_{0};
};

}  // namespace test

#endif
