// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the messages of a capture mean together: who is the device and who the gateway, what a topic id stands
// for, which message answers which, what is a retransmission, whether the device is asleep. Fed once with
// every message in the order of the capture; what it found of a message is kept and looked up whenever the
// packet is shown again. Wireshark is not known here: times are nanoseconds, addresses are octets. One
// thread. A Story lives as long as a capture file is open and owns everything that its views and pointers
// show.
#ifndef DISSECTOR_STORY_HPP
#define DISSECTOR_STORY_HPP

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "dissector/decode.hpp"

namespace mqttsnx {

using Nanoseconds = std::int64_t;

/// An address of any network that Wireshark knows, and the port, 0 where there is none.
struct Endpoint {
    std::uint8_t kind = 0;  ///< Wireshark's address type; the story only compares it
    std::uint8_t size = 0;
    std::uint16_t port = 0;
    std::array<std::uint8_t, 20> octets{};
    bool multicast = false;  ///< an address of many: says nothing about who the peer is
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

enum class Direction : std::uint8_t { unknown, up, down };  ///< up: from the device; down: from the gateway

/// The session as the gateway sees it (SN12-101), and the two moments in which a capture cannot tell.
enum class State : std::uint8_t { unknown, disconnected, connecting, active, asleep, awake, lost };

/// Where a topic name was learned.
enum class TopicSource : std::uint8_t {
    none,        ///< the name is not known, or the message has no topic
    octets,      ///< it stands in the message itself
    registered,  ///< REGISTER and its REGACK
    subscribed,  ///< SUBSCRIBE and its SUBACK
    predefined,  ///< the user's table or the gateway's configuration
};

struct Sighting {
    std::uint32_t frame = 0;  ///< number in the capture, from 1
    Nanoseconds time = 0;     ///< of arrival; may go backwards in a merged capture
    Endpoint source, destination;
    Direction by_port = Direction::unknown;  ///< what the ports say, if just one of them is a gateway's
};

/// An expert info of the story, and the other frame that it speaks of (0: none).
struct Note {
    Expert expert;
    std::uint32_t frame = 0;
};

/// The four frames of a PUBLISH exchange; 0 = not seen (yet).
struct Exchange {
    std::uint32_t publish = 0;
    std::uint32_t puback = 0;  ///< QoS 1, or a refusal
    std::uint32_t pubrec = 0;
    std::uint32_t pubrel = 0;
    std::uint32_t pubcomp = 0;
};

/// No device has part in the message (ADVERTISE, SEARCHGW, GWINFO), or nobody knows which.
constexpr std::uint32_t kNoStream = 0xFFFFFFFF;

/// What the story knows of one message. Frames are 0 where there is none. Members marked (later) may still be
/// filled by messages that follow; all others are as they were when the message was seen, so that one pass
/// over a capture shows the same as two.
struct Telling {                    // small things first: there is one for each message
    bool version_2 = false;         ///< the conversation speaks MQTT-SN 2.0: nothing below is filled
    bool version_2_inside = false;  ///< ... in an envelope of 1.2
    Direction direction = Direction::unknown;
    State state_before = State::unknown;
    State state = State::unknown;  ///< after this message
    TopicSource topic_source = TopicSource::none;
    bool expects_answer = false;
    bool has_delivered = false;  ///< PINGRESP that ends a wake-up

    std::uint32_t delivered = 0;  ///< ... PUBLISHes to the device since its PINGREQ, without retransmissions
    std::uint32_t stream = kNoStream;  ///< number of the device, from 0 in the order of appearance
    std::string_view
        client;  ///< client id, empty if unknown; also behind forwarders and after a change of address
    std::string_view
        topic;  ///< name or filter that this message is about (PUBLISH, PUBACK, REGISTER, REGACK, SUBACK ...)
    std::uint32_t connect_frame = 0;  ///< where the session that goes on began; 0 in that CONNECT itself
    std::uint32_t topic_frame = 0;    ///< where the name was learned, if not here

    std::uint32_t response_frame = 0;  ///< (later) the first answer; of a repeated request too, which may
                                       ///< come after it
    std::uint32_t request_frame = 0;   ///< the request that this answers: its first transmission
    Nanoseconds response_time =
        -1;  ///< from the last transmission before it to this answer; -1: this is no answer
    Nanoseconds exchange_time =
        -1;  ///< from the first transmission of the exchange (PUBLISH of a PUBCOMP, CONNECT of a CONNACK)
    std::uint32_t retransmission_of = 0;      ///< the first transmission of the same
    std::uint32_t retransmission_number = 0;  ///< 1, 2, ...
    std::uint32_t duplicate_of = 0;           ///< the first answer, if this is another to the same request
    const Exchange* exchange = nullptr;       ///< (later) of PUBLISH QoS 1 and 2 and what belongs to it
    Nanoseconds silence =
        -1;  ///< of a device whose keep alive or sleep is supervised: since its last message; else -1
    std::vector<Note>
        notes;  ///< except Expert::request_unanswered, which the one who shows it adds when nothing came
};

struct StorySettings {
    enum class Version : std::uint8_t { automatic, v1_2, v2_0 };
    Version version = Version::automatic;
    /// Name of a pre-defined topic id, or an empty view. `client` is empty if unknown. The view lives as long
    /// as the Story.
    std::string_view (*predefined)(const Endpoint& gateway, std::string_view client, std::uint16_t id,
                                   void* context) = nullptr;
    void* context = nullptr;
};

class Story {
  public:
    explicit Story(const StorySettings& settings);
    ~Story();
    Story(const Story&) = delete;
    Story& operator=(const Story&) = delete;

    /// The next message of the capture. @param datagram  decode(captured, reported, 0)
    /// @returns what is known of it; the pointer lives as long as the Story. Whoever shows it takes
    /// request_unanswered
    ///          from expects_answer and response_frame when the whole capture has been read.
    const Telling* tell(const Sighting& sighting, const Datagram& datagram, Octets captured,
                        std::uint32_t reported);

    std::uint32_t streams() const;  ///< devices so far; Telling::stream is less

    /// Octets that the story holds, about: for tests and figures.
    std::size_t memory() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

const char* state_name(State state) noexcept;              ///< "asleep"
const char* direction_name(Direction direction) noexcept;  ///< "device to gateway"

}  // namespace mqttsnx

#endif
