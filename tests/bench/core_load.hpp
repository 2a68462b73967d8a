// SPDX-License-Identifier: BSD-3-Clause
//
// The gateway's core with N connected devices and a broker that answers at once, both without sockets: what
// benchmarks and the tests of memory drive. Time goes on by 10 s / N with each flow, as if every device did
// something every ten seconds, so that supervision and keep-alive cost what they cost in service.
// Loop thread only. Once the devices are connected nothing here allocates; the core may.
#ifndef BENCH_CORE_LOAD_HPP
#define BENCH_CORE_LOAD_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gateway/core/gateway.hpp"

namespace bench {

/// Where device number `who`, below 8 million, speaks from.
mqttsn::gateway::Endpoint endpoint_of(std::size_t who);

class CoreLoad {
  public:
    enum class Topic : std::uint8_t {
        none,
        registered,  ///< each device has the id of one topic, the same name for all
        subscribed,  ///< and has subscribed it
    };

    /// Connects all of them. @param devices  1 .. 1 000 000
    explicit CoreLoad(std::size_t devices, Topic topic = Topic::subscribed);

    std::size_t size() const { return links_.size(); }

    // One flow each, from the first datagram or packet to the last. `who` is below size(). They return false
    // when an answer is not what the protocol says.
    bool publish_up(std::size_t who, int qos);
    bool publish_down(std::size_t who, int qos);
    bool ping(std::size_t who);
    /// CONNECT (clean session) up to CONNACK, of a device that is not connected.
    bool connect(std::size_t who);
    /// DISCONNECT, and the connection to the broker closed: the session is forgotten.
    bool disconnect(std::size_t who);

    /// Says ahead that a datagram of this device comes soon, as the runner does for a batch of them.
    void expect(std::size_t who) const;

    const mqttsn::gateway::Counters& counters() const { return gateway_.counters(); }

    static constexpr std::size_t kPayloadOctets = 32;

  private:
    /// A datagram made once; only its MsgId changes.
    struct Datagram {
        std::vector<std::uint8_t> octets;
        std::size_t id_at = 0;  ///< offset of the MsgId, 0 = it has none
    };
    static Datagram made_of(const mqttsn::Message& message, std::size_t id_at = 0);

    mqttsn::gateway::Instant now() const {
        return mqttsn::gateway::Instant{mqttsn::gateway::Millis{now_ns_ / 1'000'000}};
    }
    void pass_time();
    bool add_topic(std::size_t who, Topic topic);
    // Inputs; each drains the outputs. The first two say whether the last datagram or packet out is this.
    bool sends(std::size_t who, Datagram& datagram, std::uint16_t id, mqttsn::MessageType answer);
    bool sends(std::size_t who, Datagram& datagram, std::uint16_t id, mqttsn::gateway::mqtt::PacketType up);
    void send(std::size_t who, Datagram& datagram, std::uint16_t id);
    void packet(std::size_t who, mqttsn::gateway::mqtt::PacketType type, std::uint16_t id);
    void drain();

    mqttsn::gateway::Gateway gateway_;
    std::vector<mqttsn::gateway::LinkId> links_;    // by device
    std::vector<mqttsn::gateway::LinkId> to_pong_;  // the gateway's MQTT PINGREQs that are not answered yet
    std::int64_t now_ns_ = 1'000'000'000'000;
    std::int64_t step_ns_;
    std::uint16_t next_id_ = 0;
    std::uint32_t messages_ = 0;
    std::vector<std::uint8_t> payload_;
    Datagram connect_, disconnect_, register_, subscribe_, publish_[3], puback_, pubrec_, pubrel_, pubcomp_,
        ping_;

    // What came out last.
    mqttsn::gateway::LinkId opened_{};
    mqttsn::MessageType to_device_{};
    mqttsn::gateway::mqtt::PacketType to_broker_{};
};

}  // namespace bench

#endif
