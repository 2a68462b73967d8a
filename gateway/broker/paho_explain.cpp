// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/broker/paho_explain.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

namespace mqttsn::gateway {
namespace {

constexpr int kProbeTimeoutMs = 300;

std::string errno_text(int error) {
    return std::generic_category().message(error);
}

std::string address_text(const BrokerIdentity& broker) {
    const bool brackets = broker.host.find(':') != std::string_view::npos;
    const char* scheme =
        broker.websocket ? (broker.tls ? "wss://" : "ws://") : (broker.tls ? "mqtts://" : "mqtt://");
    return std::string(scheme) + (brackets ? "[" : "") + std::string(broker.host) + (brackets ? "]" : "") +
           ":" + std::to_string(broker.port);
}

int connect_for_a_moment(const addrinfo& address) {
    const int fd = ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return errno;
    }
    int error = 0;
    if (::connect(fd, address.ai_addr, address.ai_addrlen) != 0) {
        error = errno;
        if (error == EINPROGRESS) {
            pollfd waiting{fd, POLLOUT, 0};
            socklen_t size = sizeof error;
            if (::poll(&waiting, 1, kProbeTimeoutMs) != 1) {
                error = ETIMEDOUT;
            } else if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
                error = errno;
            }
        }
    }
    ::close(fd);
    return error;
}

/// OpenSSL's line ("140...:error:0A000086:SSL routines:...:certificate verify failed:../ssl/...") without the
/// noise.
std::string reason_in(std::string_view openssl_text) {
    const std::size_t error = openssl_text.find(":error:");
    if (error == std::string_view::npos) {
        return std::string(openssl_text.substr(0, openssl_text.find('\n')));
    }
    std::string_view rest = openssl_text.substr(error + 7);  // code:library:function:reason:file:line
    for (int field = 0; field < 3 && rest.find(':') != std::string_view::npos; ++field) {
        rest.remove_prefix(rest.find(':') + 1);
    }
    return std::string(rest.substr(0, rest.find(':')));
}

struct CodeText {
    int code;
    const char* text;
};

/// MQTT 3.1.1 table 3.1 and MQTT 5 section 3.2.2.2 / 3.14.2.1, with what to do.
constexpr CodeText kCodes[] = {
    {1, "it does not speak this MQTT version"},
    {2, "it does not accept the client id; change gateway.name or gateway.id"},
    {3, "the server is unavailable"},
    {4, "user name or password is wrong; check broker.username and broker.password_file"},
    {5, "this client is not authorized; give its user the rights it needs on the broker"},
    {0x81, "it calls our packet malformed"},
    {0x82, "it calls our packet a protocol error"},
    {0x84, "it does not speak this MQTT version"},
    {0x85, "it does not accept the client id; change gateway.name or gateway.id"},
    {0x86, "user name or password is wrong; check broker.username and broker.password_file"},
    {0x87, "this client is not authorized; give its user the rights it needs on the broker"},
    {0x88, "the server is unavailable"},
    {0x89, "the server is busy"},
    {0x8A, "this client is banned"},
    {0x8B, "the server is shutting down"},
    {0x8D, "it heard nothing from us within the keep-alive time"},
    {0x8E, "another client took over this client id; give each gateway its own gateway.id"},
    {0x90, "it does not accept the status topic; change gateway.status_topic"},
    {0x95, "our packet is larger than it allows"},
    {0x97, "a quota is exceeded"},
    {0x98, "an administrator ended the connection"},
    {0x9A, "it does not support retained messages; set gateway.status_topic = \"\""},
    {0x9B, "it does not support QoS 1"},
    {0x9C, "it says: use another server; change broker.url"},
    {0x9D, "the server has moved; change broker.url"},
    {0x9F, "we connect too often for its limits"},
};

std::string code_text(int code) {
    for (const CodeText& row : kCodes) {
        if (row.code == code) {
            return row.text;
        }
    }
    return "code " + std::to_string(code);
}

}  // namespace

std::string probe_tcp(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* list = nullptr;
    if (const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
        code != 0) {
        return code == EAI_SYSTEM ? errno_text(errno) : ::gai_strerror(code);
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
    int error = EADDRNOTAVAIL;
    for (const addrinfo* address = list; address != nullptr && error != 0; address = address->ai_next) {
        error = connect_for_a_moment(*address);
    }
    return error == 0 ? std::string() : errno_text(error);
}

bool is_version_refusal(int code) {
    return code == 1 || code == 0x84;
}

std::string explain_refusal(const BrokerIdentity& broker, int code) {
    return "the broker at " + address_text(broker) + " refused the gateway's own session (client id \"" +
           std::string(broker.client_id) + "\"): " + code_text(code);
}

std::string explain_tls_failure(const BrokerIdentity& broker, std::string_view openssl_text) {
    const std::string reason = reason_in(openssl_text);
    std::string line =
        "TLS with " + address_text(broker) + " failed: " + (reason.empty() ? "no reason given" : reason);
    if (reason.find("verify failed") != std::string::npos) {
        line += broker.ca_file.empty()
                    ? "; its certificate is not signed by an authority this system trusts, name the "
                      "right one in the CA file option"
                    : "; its certificate is not signed by, or not valid with, the authority in " +
                          std::string(broker.ca_file);
    } else if (reason.find("wrong version number") != std::string::npos) {
        line += "; that port does not speak TLS, use mqtt:// or the TLS port";
    } else {
        line += "; check the CA, certificate and key files";
    }
    return line;
}

std::string explain_unreachable(const BrokerIdentity& broker, std::string_view tcp_problem,
                                std::string_view paho_text) {
    const std::string address = address_text(broker);
    if (!tcp_problem.empty()) {
        return "cannot reach the broker at " + address + ": " + std::string(tcp_problem) +
               "; start it or correct broker.url";
    }
    if (broker.tls && paho_text == "TCP/TLS connect failure") {
        // Paho gives no text both when the name in the certificate is another and when the peer just closes.
        return "TLS with " + address + " failed: the broker's certificate is not made out to \"" +
               std::string(broker.host) + "\", or that port does not speak TLS; correct broker.url";
    }
    return "the broker at " + address + " accepts connections but does not answer CONNECT" +
           (paho_text.empty() ? std::string() : " (" + std::string(paho_text) + ")") +
           (broker.tls ? "" : ", is it a TLS or WebSocket port?") + "; check broker.url and the broker's log";
}

std::string explain_lost(const BrokerIdentity& broker, int disconnect_code) {
    std::string line = "lost the connection of the gateway's own session to " + address_text(broker);
    if (disconnect_code > 0) {
        line += ": " + code_text(disconnect_code);
    }
    return line + "; reconnecting";
}

}  // namespace mqttsn::gateway
