// SPDX-License-Identifier: BSD-3-Clause
#include <vector>

#include "fuzz/targets.hpp"
#include "mqttsn/codec.hpp"
#include "unit/common/message_checks.hpp"

using mqttsn::Bytes;
using mqttsn::DecodeError;
using mqttsn::Message;
using mqttsn::Sender;

namespace {

bool inside(Bytes part, Bytes whole) {
    return part.empty() || (part.data >= whole.data && part.data + part.size <= whole.data + whole.size);
}

void check_decoded(Bytes datagram, Sender sender, const Message& message) {
    FUZZ_CHECK(inside(message.data, datagram));
    const std::size_t size = encoded_size(message);
    // The same octets come back, but for a short message in the 3-octet Length form, which loses two.
    const bool shrinks = datagram[0] == 1 && datagram.size <= mqttsn::kShortFormOctetsMax + 2;
    FUZZ_CHECK(size + (shrinks ? 2 : 0) == datagram.size);

    std::vector<std::uint8_t> out(size);
    FUZZ_CHECK(encode(message, out.data(), size - 1) == 0);
    FUZZ_CHECK(encode(message, out.data(), size) == size);
    FUZZ_CHECK(shrinks || equal(Bytes{out.data(), size}, datagram));

    Message again;
    FUZZ_CHECK(decode(Bytes{out.data(), size}, sender, again) == DecodeError::none);
    FUZZ_CHECK(test::same(message, again));
}

void check_wrapper(Bytes datagram) {
    mqttsn::Envelope envelope;
    if (decode_envelope(datagram, envelope) != DecodeError::none) {
        return;
    }
    FUZZ_CHECK(is_envelope(datagram));
    FUZZ_CHECK(inside(envelope.node_id, datagram) && inside(envelope.message, datagram));
    FUZZ_CHECK(3 + envelope.node_id.size + envelope.message.size == datagram.size);
    std::uint8_t header[3 + mqttsn::kNodeIdOctetsMax];
    const std::size_t size = encode_envelope_header(envelope.radius, envelope.node_id, header, sizeof header);
    FUZZ_CHECK(size == 3 + envelope.node_id.size);
    header[2] = datagram[2];  // its reserved bits are not kept
    FUZZ_CHECK(equal(Bytes{header, size}, Bytes{datagram.data, size}));
    Message message;
    if (decode(envelope.message, Sender::device, message) == DecodeError::none) {
        check_decoded(envelope.message, Sender::device, message);
    }
}

}  // namespace

void fuzz_mqttsn_decode(const std::uint8_t* data, std::size_t size) {
    // A copy of exactly this size on the heap: one octet read outside it is an error in sanitizer builds.
    const std::vector<std::uint8_t> copy(data, data + size);
    const Bytes datagram{copy.data(), copy.size()};
    for (const Sender sender : {Sender::device, Sender::gateway}) {
        Message message;
        if (decode(datagram, sender, message) == DecodeError::none) {
            check_decoded(datagram, sender, message);
        }
    }
    check_wrapper(datagram);
}
