// SPDX-License-Identifier: BSD-3-Clause
//
// The outputs of one input, in order, and the octets their views point to. Memory is kept from input to
// input, so that a steady flow allocates nothing.
#ifndef GATEWAY_CORE_OUTBOX_HPP
#define GATEWAY_CORE_OUTBOX_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "gateway/core/output.hpp"
#include "mqttsn/messages.hpp"

namespace mqttsn::gateway {

class Outbox {
  public:
    /// Forgets all outputs; their views die here.
    void clear();

    void push(const Output& output) { outputs_.push_back(output); }
    /// Encodes `message` into a datagram for `to`. @return false when the datagram is over `octets_max`:
    /// nothing was queued.
    /// @param wrapper  what stands in front of the message for a forwarder (SN12-114); copied
    bool push_message(const Endpoint& to, const Message& message, std::size_t octets_max,
                      Bytes wrapper = Bytes{});

    void push_to_group(std::uint8_t group, std::uint8_t hop_limit, const Message& message);

    /// Octets that live as long as the outputs.
    Bytes copy(Bytes octets);
    std::uint8_t* reserve(std::size_t size);

    /// The next output, or nullptr when all have been taken.
    const Output* poll() { return next_ < outputs_.size() ? &outputs_[next_++] : nullptr; }
    bool drained() const { return next_ == outputs_.size(); }

  private:
    Bytes encoded(const Message& message, std::size_t size);
    struct Chunk {
        std::unique_ptr<std::uint8_t[]> octets;
        std::size_t size = 0;
    };
    std::vector<Output> outputs_;
    std::size_t next_ = 0;
    std::vector<Chunk> chunks_;  // chunks never move, so views stay valid while more is reserved
    std::size_t chunk_ = 0;
    std::size_t used_ = 0;
};

}  // namespace mqttsn::gateway

#endif
