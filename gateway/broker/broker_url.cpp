// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/broker/broker_url.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace mqttsn::gateway {
namespace {

struct SchemeRow {
    std::string_view name;
    BrokerScheme scheme;
    std::uint16_t port;
};
constexpr std::array<SchemeRow, 4> kSchemes{{{"mqtt", BrokerScheme::mqtt, 1883},
                                             {"mqtts", BrokerScheme::mqtts, 8883},
                                             {"ws", BrokerScheme::ws, 80},
                                             {"wss", BrokerScheme::wss, 443}}};
constexpr std::size_t kHostOctetsMax = 253;  // RFC 1035: a name of 255 octets on the wire
constexpr std::size_t kLabelOctetsMax = 63;

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
    return out;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_host_char(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

const char* scheme_error(std::string_view name) {
    if (name == "tcp") {
        return "the scheme must be mqtt, mqtts, ws or wss (write mqtt:// instead of tcp://)";
    }
    if (name == "ssl" || name == "tls" || name == "mqtt+ssl") {
        return "the scheme must be mqtt, mqtts, ws or wss (write mqtts:// for TLS)";
    }
    return "the scheme must be mqtt, mqtts, ws or wss";
}

bool is_ipv4(const std::string& host) {
    in_addr address{};
    return ::inet_pton(AF_INET, host.c_str(), &address) == 1;
}

/// With or without "%zone"; whether the interface exists is only known when it is used.
bool is_ipv6(const std::string& host) {
    const std::size_t zone = host.find('%');
    in6_addr address{};
    return ::inet_pton(AF_INET6, host.substr(0, zone).c_str(), &address) == 1 &&
           (zone == std::string::npos || zone + 1 < host.size());
}

const char* host_name_error(std::string_view host) {
    if (host.size() > kHostOctetsMax) {
        return "the host name is longer than 253 characters";
    }
    if (host.back() == '.') {
        host.remove_suffix(1);  // "example.com." is absolute, and fine
    }
    std::size_t label = 0;
    for (const char c : host) {
        if (c == '.') {
            if (label == 0) {
                return "the host name has an empty label";
            }
            label = 0;
        } else if (static_cast<unsigned char>(c) >= 0x80) {
            return "a host name with other than ASCII letters must be written in its xn-- form";
        } else if (!is_host_char(c)) {
            return "the host name has a character that is not allowed there";
        } else if (++label > kLabelOctetsMax) {
            return "a label of the host name is longer than 63 characters";
        }
    }
    return label == 0 ? "the host name has an empty label" : nullptr;
}

const char* parse_port(std::string_view text, std::uint16_t& port) {
    unsigned value = 0;
    if (text.empty() || text.size() > 5) {
        return "the port must be a number from 1 to 65535";
    }
    for (const char c : text) {
        if (!is_digit(c)) {
            return "the port must be a number from 1 to 65535";
        }
        value = value * 10 + static_cast<unsigned>(c - '0');
    }
    if (value < 1 || value > 65535) {
        return "the port must be a number from 1 to 65535";
    }
    port = static_cast<std::uint16_t>(value);
    return nullptr;
}

/// "host", "host:port", "[v6]", "[v6]:port"
const char* parse_authority(std::string_view text, BrokerUrl& url) {
    if (text.find('@') != std::string_view::npos) {
        return "user name and password do not belong into the URL: use broker.username and "
               "broker.password_file";
    }
    std::string_view rest;
    if (!text.empty() && text.front() == '[') {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) {
            return "']' is missing behind the IPv6 address";
        }
        url.host = std::string(text.substr(1, end - 1));
        rest = text.substr(end + 1);
        if (!is_ipv6(url.host)) {
            return "there must be an IPv6 address between '[' and ']'";
        }
        url.host_is_address = true;
    } else {
        const std::size_t colon = text.find(':');
        url.host = std::string(text.substr(0, colon));
        rest = colon == std::string_view::npos ? std::string_view{} : text.substr(colon);
        if (url.host.empty() && rest.size() < 2) {
            return "the host is missing";
        }
        if (rest.find(':', 1) != std::string_view::npos) {
            return "an IPv6 address must stand in brackets, as in mqtt://[::1]:1883";
        }
        if (url.host.empty()) {
            return "the host is missing";
        }
        url.host_is_address = is_ipv4(url.host);
        if (const char* problem = url.host_is_address ? nullptr : host_name_error(url.host)) {
            return problem;
        }
    }
    if (rest.empty()) {
        return nullptr;
    }
    return rest.front() == ':' ? parse_port(rest.substr(1), url.port)
                               : "':' and a port were expected behind ']'";
}

const char* parse_path(std::string_view text, BrokerUrl& url) {
    if (text.empty() || (!url.websocket() && text == "/")) {
        return nullptr;
    }
    if (!url.websocket()) {
        return "only ws:// and wss:// have a path";
    }
    if (text.find('#') != std::string_view::npos) {
        return "a fragment ('#') has no meaning here";
    }
    url.path = std::string(text);
    return nullptr;
}

const char* parse(std::string_view text, BrokerUrl& url) {
    if (std::any_of(text.begin(), text.end(),
                    [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; })) {
        return "spaces and control characters are not allowed";
    }
    const std::size_t colon = text.find("://");
    if (colon == std::string_view::npos) {
        return "expected scheme://host[:port], as in mqtt://127.0.0.1:1883";
    }
    const std::string name = lower(text.substr(0, colon));
    const auto row =
        std::find_if(kSchemes.begin(), kSchemes.end(), [&](const SchemeRow& r) { return r.name == name; });
    if (row == kSchemes.end()) {
        return scheme_error(name);
    }
    url.scheme = row->scheme;
    url.port = row->port;
    const std::string_view rest = text.substr(colon + 3);
    const std::size_t authority_end = std::min(rest.find_first_of("/?#"), rest.size());
    if (const char* problem = parse_authority(rest.substr(0, authority_end), url)) {
        return problem;
    }
    return parse_path(rest.substr(authority_end), url);
}

}  // namespace

std::optional<BrokerUrl> parse_broker_url(std::string_view text, std::string& error) {
    BrokerUrl url;
    if (const char* problem = parse(text, url)) {
        error = problem;
        return std::nullopt;
    }
    return url;
}

std::string host_and_port(const BrokerUrl& url) {
    const bool brackets = url.host.find(':') != std::string::npos;
    return (brackets ? "[" + url.host + "]" : url.host) + ":" + std::to_string(url.port);
}

std::string to_string(const BrokerUrl& url) {
    const auto row = std::find_if(kSchemes.begin(), kSchemes.end(),
                                  [&](const SchemeRow& r) { return r.scheme == url.scheme; });
    return std::string(row->name) + "://" + host_and_port(url) + url.path;
}

}  // namespace mqttsn::gateway
