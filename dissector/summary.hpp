// SPDX-License-Identifier: GPL-2.0-or-later
//
// One message in one line, as the Info column and the first line of its details say it:
// "PUBLISH [room/4/temp] Q1 id=3 DUP, 10 B". Knows nothing of Wireshark and allocates nothing.
#ifndef DISSECTOR_SUMMARY_HPP
#define DISSECTOR_SUMMARY_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dissector/decode.hpp"
#include "dissector/story.hpp"

namespace mqttsnx {

/// Text of bounded size. What does not fit is left out, and "..." says so. Has no destructor: an exception
/// of Wireshark may jump over it.
class Line {
  public:
    static constexpr std::size_t kOctetsMax = 512;

    /// Plain text of ours.
    Line& add(std::string_view text);
    Line& add(std::uint32_t number);
    Line& add_hex(Octets octets);
    /// Text from a packet, at most `octets_max` of it: what is not UTF-8, and control characters, as \xNN.
    Line& add_foreign(std::string_view text, std::size_t octets_max = kForeignMax);

    bool empty() const { return size_ == 0; }
    std::string_view view() const { return {text_.data(), size_}; }
    const char* c_str() const { return text_.data(); }

  private:
    static constexpr std::size_t kForeignMax = 200;
    static constexpr std::string_view kEllipsis = "...";

    void put(std::string_view text);

    std::array<char, kOctetsMax + kEllipsis.size() + 1> text_{};
    std::size_t size_ = 0;
    bool full_ = false;
};

/// Appends the line of `datagram`'s message: the envelopes, the message and what the story adds.
/// @param captured  the octets that `datagram` was read from
/// @param telling   nullptr if nothing is known
void summarize(Line& line, const Datagram& datagram, Octets captured, const Telling* telling);

/// MsgType's place and value in a message whose first octets are Length: for MQTT-SN 2.0, whose bodies
/// decode() does not know.
struct Header {
    Number length, type;
};
Header header_of(Octets captured, std::uint32_t at) noexcept;

}  // namespace mqttsnx

#endif
