// SPDX-License-Identifier: GPL-2.0-or-later
#include "dissector/story_topics.hpp"

namespace mqttsnx::story {

void Topics::resolve(Scene& scene, const Endpoint& gateway) {
    Telling& telling = scene.telling;
    if (scene.again() || telling.topic_source != TopicSource::none) {
        return;
    }
    const auto say = [&telling](std::string_view name, TopicSource source) {
        if (!name.empty()) {
            telling.topic = name;
            telling.topic_source = source;
        }
    };
    const std::uint16_t id = scene.topic_id();
    switch (scene.message.topic_form) {
        case TopicForm::name:
        case TopicForm::long_name:
            return say(texts_.keep(scene.text()), TopicSource::octets);
        case TopicForm::short_name: {
            if (!scene.message.topic_id.there()) {  // not two octets: no name at all
                return;
            }
            const char octets[] = {static_cast<char>(id >> 8U), static_cast<char>(id & 0xFFU)};
            return say(texts_.keep({octets, sizeof octets}), TopicSource::octets);
        }
        case TopicForm::predefined:
            if (settings_.predefined != nullptr) {
                const std::string_view client =
                    scene.client != nullptr ? scene.client->id : std::string_view{};
                say(settings_.predefined(gateway, client, id, settings_.context), TopicSource::predefined);
            }
            if (telling.topic_source == TopicSource::none) {
                scene.note(Expert::predefined_unknown);
            }
            return;
        case TopicForm::id:
            if (scene.client != nullptr) {
                resolve_id(scene);
            }
            return;
        case TopicForm::none:
        case TopicForm::reserved:
            return;
    }
}

void Topics::resolve_id(Scene& scene) {
    const Client& client = *scene.client;
    const std::uint16_t id = scene.topic_id();
    if (id == 0 || id == 0xFFFF) {
        return;  // has its own fault (SN12-25)
    }
    Entry* found = entries_.find(key_of(client, id));
    if (found == nullptr || found->epoch < client.clean_epoch) {
        if (scene.sure) {
            scene.note(client.clean_seen ? Expert::topic_id_unknown : Expert::topic_id_before);
        }
        return;
    }
    Entry& entry = *found;
    if (entry.name.empty() && entry.source == TopicSource::none) {
        scene.note(Expert::topic_id_unknown, entry.frame);
        return;
    }
    entry.epoch = client.epoch;  // in use in this connection
    if (!entry.name.empty()) {
        scene.telling.topic = entry.name;
        scene.telling.topic_source = entry.source;
        scene.telling.topic_frame = entry.frame;
    }
    if (!entry.confirmed && !scene.up()) {
        scene.note(Expert::topic_id_unconfirmed, entry.frame);
    }
}

void Topics::put(Scene& scene, std::uint16_t id, std::string_view name, TopicSource source, bool confirmed) {
    if (id == 0 || id == 0xFFFF) {
        return;
    }
    const Client& client = *scene.client;
    Entry& entry = entries_[key_of(client, id)];
    const bool there = entry.frame != 0 && !entry.name.empty() && entry.epoch >= client.clean_epoch;
    if (there && (entry.name == name || name.empty())) {
        entry.epoch = client.epoch;
        entry.confirmed = entry.confirmed || confirmed;
        return;
    }
    // After a CONNECT the gateway may number anew (SN12-74); within a connection the device would be misled.
    if (there && entry.epoch == client.epoch) {
        scene.note(Expert::topic_id_reassigned, entry.frame);
    }
    entry = Entry{name, scene.frame(), client.epoch, source, confirmed};
}

void Topics::announce(Scene& scene) {
    put(scene, scene.topic_id(), scene.telling.topic, TopicSource::registered, false);
}

void Topics::confirm(Scene& scene, std::uint16_t id) {
    if (Entry* entry = entries_.find(key_of(*scene.client, id))) {
        entry->confirmed = true;
    }
}

void Topics::learn(Scene& scene, std::uint16_t id, TopicSource source) {
    put(scene, id, scene.telling.topic, source, true);
}

void Topics::forget(Scene& scene, std::uint16_t id) {
    // Also where the capture has not seen it before: it is known now that it stands for nothing.
    entries_[key_of(*scene.client, id)] =
        Entry{{}, scene.frame(), scene.client->epoch, TopicSource::none, false};
}

}  // namespace mqttsnx::story
