// SPDX-License-Identifier: GPL-2.0-or-later
//
// What topic ids stand for: one table for each device (SN12-119), filled by REGISTER and SUBSCRIBE with their
// answers, beside the names that the user knows.
#ifndef DISSECTOR_STORY_TOPICS_HPP
#define DISSECTOR_STORY_TOPICS_HPP

#include "dissector/story_records.hpp"

namespace mqttsnx::story {

class Topics {
  public:
    explicit Topics(const StorySettings& settings) : settings_(settings) {}

    /// Names the topic of a PUBLISH, SUBSCRIBE, UNSUBSCRIBE, REGISTER or WILLTOPIC from its own octets, the
    /// table or the settings. A message that is a retransmission has it from the first one.
    void resolve(Scene& scene, const Endpoint& gateway);
    /// A gateway's REGISTER: the id is known, but not to be used before the REGACK.
    void announce(Scene& scene);
    /// The device has answered the gateway's REGISTER of this id.
    void confirm(Scene& scene, std::uint16_t id);
    /// The id stands for the topic of the message, which has just been accepted.
    void learn(Scene& scene, std::uint16_t id, TopicSource source);
    /// The id is not to be used any more: PUBACK 02, or a REGACK that refuses it.
    void forget(Scene& scene, std::uint16_t id);

    std::size_t memory() const { return entries_.memory() + texts_.memory(); }

  private:
    struct Entry {
        std::string_view name;  ///< empty: forgotten, or with a source: the capture has not all of it
        std::uint32_t frame = 0;
        std::uint32_t epoch = 0;
        TopicSource source = TopicSource::none;
        bool confirmed = false;
    };
    static std::uint64_t key_of(const Client& client, std::uint16_t id) {
        return std::uint64_t{client.number} << 16U | id;
    }
    void resolve_id(Scene& scene);
    void put(Scene& scene, std::uint16_t id, std::string_view name, TopicSource source, bool confirmed);

    const StorySettings& settings_;
    NumberMap<Entry> entries_;
    Texts texts_;
};

}  // namespace mqttsnx::story

#endif
