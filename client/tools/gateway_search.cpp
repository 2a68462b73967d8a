// SPDX-License-Identifier: BSD-3-Clause
#include "gateway_search.hpp"

#include <cstring>

#include "mqttsn/codec.hpp"

namespace mqttsn::tools {

namespace {

constexpr std::uint32_t kIntervalMaxMs = 64000;

}  // namespace

bool parse_gateway_address(Bytes gw_add, GatewayAddress& out) {
    // With a length octet the whole is odd. What exactly it counts is not clear (D46), and not needed.
    const std::size_t skip = gw_add.size % 2;
    const std::size_t rest = gw_add.size - skip;
    const bool ipv4 = rest == 4 || rest == 6;
    if (!ipv4 && rest != 16 && rest != 18) {
        return false;
    }
    out = GatewayAddress{};
    out.size = ipv4 ? 4 : 16;
    std::memcpy(out.octets, gw_add.data + skip, out.size);
    if (rest > out.size) {
        const std::uint8_t* const port = gw_add.data + skip + out.size;
        out.port = static_cast<std::uint16_t>(port[0] << 8U | port[1]);
    }
    return true;
}

void GatewaySearch::sent(std::uint32_t now) {
    first_sent_ = true;
    next_ = now + interval_ms_;
    interval_ms_ = interval_ms_ * 2 > kIntervalMaxMs ? kIntervalMaxMs : interval_ms_ * 2;  // SN12-59
}

std::size_t GatewaySearch::output(std::uint32_t now, std::uint8_t (&out)[kOctets]) {
    if (next_timeout(now) > 0) {
        return 0;
    }
    sent(now);
    return encode(make_search_gateway(radius_), out, kOctets);
}

std::uint32_t GatewaySearch::next_timeout(std::uint32_t now) const {
    const auto left = static_cast<std::int32_t>(next_ - now);
    return left > 0 ? static_cast<std::uint32_t>(left) : 0;
}

GatewaySearch::Answer GatewaySearch::input(std::uint32_t now, Bytes datagram, Gateway& out) {
    Message message;
    if (decode(datagram, Sender::gateway, message) != DecodeError::none &&
        decode(datagram, Sender::device, message) != DecodeError::none) {
        return Answer::none;
    }
    switch (message.type) {
        case MessageType::search_gateway:
            if (!first_sent_ && message.radius == radius_) {
                sent(now);
            }
            return Answer::none;
        case MessageType::advertise:
            out.id = message.gateway_id;
            return Answer::sender;
        case MessageType::gateway_info:
            out.id = message.gateway_id;
            if (message.data.empty()) {
                return Answer::sender;
            }
            return parse_gateway_address(message.data, out.address) ? Answer::other : Answer::none;
        default:
            return Answer::none;
    }
}

}  // namespace mqttsn::tools
