// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/app/listen_url.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstddef>
#include <optional>

#include "gateway/app/text.hpp"

namespace mqttsn::gateway {
namespace {

bool is_mapped_ipv4(const HostPort& value) {
    return std::all_of(value.address.begin(), value.address.begin() + 10,
                       [](std::uint8_t o) { return o == 0; }) &&
           value.address[10] == 0xFF && value.address[11] == 0xFF;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    if (text.empty() || text.size() > 5) {
        return std::nullopt;
    }
    std::uint32_t port = 0;
    for (const char digit : text) {
        if (digit < '0' || digit > '9') {
            return std::nullopt;
        }
        port = port * 10 + static_cast<std::uint32_t>(digit - '0');
    }
    if (port > 65535) {
        return std::nullopt;
    }
    return static_cast<std::uint16_t>(port);
}

/// Fills address, ipv6 and zone from host.
std::string parse_address(std::string_view host, bool bracketed, HostPort& out) {
    const std::size_t percent = host.find('%');
    const std::string plain(host.substr(0, percent));
    if (percent != std::string_view::npos) {
        out.zone = host.substr(percent + 1);
    }
    const bool zone_fits =
        percent == std::string_view::npos || (bracketed && !out.zone.empty() && out.zone.size() < 16);
    const bool whole =
        plain.find('\0') == std::string::npos && zone_fits &&
        std::none_of(out.zone.begin(), out.zone.end(), [](char c) { return c <= ' ' || c > '~'; });
    out.host = host;
    out.ipv6 = bracketed;
    std::uint8_t octets[16] = {};
    if (whole && bracketed && inet_pton(AF_INET6, plain.c_str(), octets) == 1) {
        std::copy(octets, octets + 16, out.address.begin());
        return "";
    }
    if (whole && !bracketed && inet_pton(AF_INET, plain.c_str(), octets) == 1) {
        out.address = {};
        out.address[10] = out.address[11] = 0xFF;
        std::copy(octets, octets + 4, out.address.begin() + 12);
        return "";
    }
    return in_quotes(host) + " is no IP" + (bracketed ? "v6" : "") + " address";
}

}  // namespace

bool ListenUrl::same_as(const ListenUrl& other) const {
    return at.port != 0 && at.port == other.at.port && at.address == other.at.address &&
           at.zone == other.at.zone;
}

std::string to_string(const HostPort& value) {
    std::string text = value.ipv6 ? "[" + value.host + "]" : value.host;
    text += ':';
    text += std::to_string(value.port);
    return text;
}

std::string to_string(const ListenUrl& url) {
    return "udp://" + to_string(url.at);
}

std::string parse_host_port(std::string_view text, std::uint16_t default_port, HostPort& out) {
    HostPort result;
    std::string_view host;
    std::string_view rest;
    const bool bracketed = text.starts_with('[');
    if (bracketed) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) {
            return "the ']' of the IPv6 address is missing";
        }
        host = text.substr(1, end - 1);
        rest = text.substr(end + 1);
    } else {
        if (std::count(text.begin(), text.end(), ':') > 1) {
            return "an IPv6 address needs brackets, as in [::1]:1883";
        }
        const std::size_t colon = text.find(':');
        host = text.substr(0, colon);
        rest = colon == std::string_view::npos ? std::string_view{} : text.substr(colon);
    }
    if (rest.empty()) {
        if (default_port == 0) {
            return "the port is missing";
        }
        result.port = default_port;
    } else {
        const std::optional<std::uint16_t> port = parse_port(rest.substr(1));
        if (rest[0] != ':' || !port) {
            return in_quotes(rest[0] == ':' ? rest.substr(1) : rest) + " is no port from 0 to 65535";
        }
        result.port = *port;
    }
    std::string problem = parse_address(host, bracketed, result);
    if (problem.empty()) {
        out = std::move(result);
    }
    return problem;
}

std::string parse_listen_url(std::string_view text, ListenUrl& out) {
    constexpr std::string_view kScheme = "udp://";
    constexpr const char* kExpected =
        "expected a URL like \"udp://[::]:1883\" or \"udp://192.0.2.1:1883\", got ";
    if (text.starts_with("dtls://") || text.starts_with("tcp://")) {
        return std::string(text.substr(0, text.find(':'))) +
               ":// is not something this version can listen on; " + kExpected + in_quotes(text);
    }
    if (!text.starts_with(kScheme)) {
        return kExpected + in_quotes(text);
    }
    std::string rest(text.substr(kScheme.size()));
    if (rest.ends_with('/')) {
        rest.pop_back();
    }
    for (const auto& [name, address] : {std::pair{"localhost", "127.0.0.1"}, std::pair{"*", "[::]"}}) {
        const std::string_view word = name;
        if (rest.starts_with(word) && (rest.size() == word.size() || rest[word.size()] == ':')) {
            rest.replace(0, word.size(), address);
            break;
        }
    }
    HostPort at;
    const std::string problem = parse_host_port(rest, kDefaultListenPort, at);
    if (!problem.empty()) {
        return kExpected + in_quotes(text) + " (" + problem + ")";
    }
    if (is_multicast(at)) {
        return "expected an address of this machine, got the multicast address in " + in_quotes(text);
    }
    out.at = std::move(at);
    return "";
}

bool is_multicast(const HostPort& value) {
    return is_mapped_ipv4(value) ? (value.address[12] & 0xF0U) == 0xE0U : value.address[0] == 0xFF;
}

}  // namespace mqttsn::gateway
