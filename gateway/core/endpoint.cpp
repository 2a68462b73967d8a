// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/endpoint.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace mqttsn::gateway {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

/// The longest run of zero groups (two or more), which "::" stands for (RFC 5952 section 4.2).
struct ZeroRun {
    int first = -1;
    int length = 0;
};

ZeroRun longest_zero_run(const std::array<unsigned, 8>& groups) {
    ZeroRun best;
    ZeroRun run;
    for (int i = 0; i < 8; ++i) {
        if (groups[static_cast<std::size_t>(i)] != 0) {
            run = ZeroRun{};
            continue;
        }
        if (run.length == 0) {
            run.first = i;
        }
        ++run.length;
        if (run.length > best.length && run.length > 1) {
            best = run;
        }
    }
    return best;
}

std::string ipv6_text(const Endpoint& endpoint) {
    std::array<unsigned, 8> groups{};
    for (std::size_t i = 0; i < 8; ++i) {
        groups[i] = (static_cast<unsigned>(endpoint.address[2 * i]) << 8U) | endpoint.address[2 * i + 1];
    }
    const ZeroRun zeros = longest_zero_run(groups);
    std::string text;
    for (int i = 0; i < 8; ++i) {
        if (i == zeros.first) {
            text += "::";
            i += zeros.length - 1;
            continue;
        }
        if (!text.empty() && text.back() != ':') {
            text += ':';
        }
        std::array<char, 8> group{};
        std::snprintf(group.data(), group.size(), "%x", groups[static_cast<std::size_t>(i)]);
        text += group.data();
    }
    if (endpoint.scope != 0) {
        text += '%' + std::to_string(endpoint.scope);
    }
    return text;
}

}  // namespace

bool is_mapped_ipv4(const Endpoint& endpoint) {
    return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), endpoint.address.begin());
}

bool is_loopback(const Endpoint& endpoint) {
    if (is_mapped_ipv4(endpoint)) {
        return endpoint.address[12] == 127;
    }
    std::array<std::uint8_t, 16> one{};
    one.back() = 1;
    return endpoint.address == one;
}

std::string to_string(const Endpoint& endpoint, Bytes node_id) {
    std::string text;
    if (is_mapped_ipv4(endpoint)) {
        std::array<char, 16> buffer{};
        std::snprintf(buffer.data(), buffer.size(), "%u.%u.%u.%u", endpoint.address[12], endpoint.address[13],
                      endpoint.address[14], endpoint.address[15]);
        text = buffer.data();
    } else {
        text = '[' + ipv6_text(endpoint) + ']';
    }
    text += ':' + std::to_string(endpoint.port);
    if (endpoint.node != 0) {
        text += node_id.empty() ? "/node -" : "/node ";
        for (std::size_t i = 0; i < node_id.size; ++i) {
            std::array<char, 3> octet{};
            std::snprintf(octet.data(), octet.size(), "%02x", node_id[i]);
            text += octet.data();
        }
    }
    return text;
}

}  // namespace mqttsn::gateway
