// SPDX-License-Identifier: GPL-2.0-or-later
//
// The parts of the story together. Only story.cpp and story_messages.cpp include it.
#ifndef DISSECTOR_STORY_IMPL_HPP
#define DISSECTOR_STORY_IMPL_HPP

#include "dissector/story_discovery.hpp"
#include "dissector/story_exchanges.hpp"
#include "dissector/story_peers.hpp"
#include "dissector/story_sessions.hpp"
#include "dissector/story_topics.hpp"

namespace mqttsnx {

struct Story::Impl {
    explicit Impl(const StorySettings& given) : settings(given), topics(settings) {}

    StorySettings settings;
    story::Pool<Telling> tellings;
    story::Peers peers;
    story::Exchanges exchanges;
    story::Topics topics;
    story::Discovery discovery;

    // story.cpp
    bool is_version_2(story::Scene& scene, story::Pair& pair, std::uint32_t source, std::uint32_t destination,
                      std::uint32_t reported);
    void tell_discovery(story::Scene& scene, std::uint32_t source, std::uint32_t destination);
    void tell_minus_one(story::Scene& scene, std::uint32_t source, std::uint32_t destination);
    void tell_of_device(story::Scene& scene);
    void tell_beside(story::Scene& scene);
    void tell_type(story::Scene& scene);

    // story_messages.cpp: one for each type, or for those that are alike
    void connect(story::Scene& scene);
    void connack(story::Scene& scene);
    void will_request(story::Scene& scene);
    void will_data(story::Scene& scene);
    void will_update(story::Scene& scene);
    void register_topic(story::Scene& scene);
    void regack(story::Scene& scene);
    void publish(story::Scene& scene);
    void puback(story::Scene& scene);
    void pubrec(story::Scene& scene);
    void pubrel(story::Scene& scene);
    void pubcomp(story::Scene& scene);
    void subscribe(story::Scene& scene);
    void suback(story::Scene& scene);
    void ping(story::Scene& scene);
    void disconnect(story::Scene& scene);
    void disconnect_down(story::Scene& scene);
    void simple_answer(story::Scene& scene, story::Asked what, std::uint16_t id);

    const Endpoint& gateway_of(const story::Scene& scene) const {
        return scene.up() ? scene.sighting.destination : scene.sighting.source;
    }
};

}  // namespace mqttsnx

#endif
