// SPDX-License-Identifier: GPL-2.0-or-later
#include "dissector/story_discovery.hpp"

#include <algorithm>

namespace mqttsnx::story {

namespace {

bool same_host(const Endpoint& one, const Endpoint& other) {
    return one.kind == other.kind && one.size == other.size && one.octets == other.octets;
}

}  // namespace

void Discovery::tell(Scene& scene, std::uint32_t source, std::uint32_t destination, const Peer* searcher) {
    switch (scene.type()) {
        case Type::advertise:
            return advertisement(scene, source, destination);
        case Type::search_gateway:
            return search(scene, searcher);
        case Type::gateway_info:
            return information(scene, source, destination, searcher);
        default:
            return;
    }
}

void Discovery::search(Scene& scene, const Peer* searcher) {
    Telling& telling = scene.telling;
    telling.expects_answer = true;
    Search& search = searches_[searcher];
    if (search.frame != 0 && search.answer_frame == 0) {
        telling.retransmission_of = search.frame;
        telling.retransmission_number = search.transmissions;
        scene.note(Expert::search_unanswered, search.frame);
    } else {
        search.frame = scene.frame();
        search.first_time = scene.time();
        search.answer_frame = search.answer_source = search.answer_destination = search.transmissions = 0;
    }
    ++search.transmissions;
    search.last_time = scene.time();
    search.waiting.push_back(&telling);
    if (!search.listed) {
        search.listed = true;
        open_.push_back(&search);
    }
}

void Discovery::point_to(Scene& scene, const Search& search) {
    scene.telling.request_frame = search.frame;
    scene.telling.response_time = since(search.last_time, scene.time());
    scene.telling.exchange_time = since(search.first_time, scene.time());
}

void Discovery::answer(Scene& scene, Search& search, std::uint32_t source, std::uint32_t destination) {
    Telling& telling = scene.telling;
    point_to(scene, search);
    if (search.answer_frame != 0) {
        // Another gateway, or the same to the group as well, tells something new.
        if (search.answer_source == source && search.answer_destination == destination) {
            telling.duplicate_of = search.answer_frame;
            scene.note(Expert::response_duplicate, search.answer_frame);
        }
        return;
    }
    search.answer_frame = scene.frame();
    search.answer_source = source;
    search.answer_destination = destination;
    for (Telling* waiting : search.waiting) {
        waiting->response_frame = scene.frame();
    }
    search.waiting.clear();
}

void Discovery::information(Scene& scene, std::uint32_t source, std::uint32_t destination,
                            const Peer* searcher) {
    if (!scene.up()) {
        gateway_seen(scene);
    }
    if (!scene.sighting.destination.multicast) {
        if (const auto found = searches_.find(searcher); found != searches_.end()) {
            answer(scene, found->second, source, destination);
        }
        return;
    }
    // To all: whoever searches has its answer. The message points to the search that began last.
    Search* last = nullptr;
    for (Search* open : open_) {
        open->listed = false;
        if (open->answer_frame == 0) {
            answer(scene, *open, source, destination);
            last = last == nullptr || open->frame > last->frame ? open : last;
        }
    }
    open_.clear();
    if (last != nullptr) {
        point_to(scene, *last);
        answered_ = last;
    } else if (answered_ != nullptr && since(answered_->last_time, scene.time()) < kRetrySpan) {
        answer(scene, *answered_, source, destination);
    }
}

void Discovery::gateway_seen(Scene& scene) {
    const std::uint32_t id = scene.message.gw_id.value;
    const Endpoint& source = scene.sighting.source;
    Gateway& gateway = gateways_[id | std::uint32_t{source.kind} << 8U];
    if (gateway.frame != 0 && !same_host(gateway.endpoint, source)) {
        scene.note(Expert::gw_id_conflict, gateway.frame);
    }
    gateway = {source, scene.frame()};
}

void Discovery::advertisement(Scene& scene, std::uint32_t source, std::uint32_t destination) {
    gateway_seen(scene);
    // A gateway may advertise to several groups, and each of them can lose one.
    Advertisement& before = advertisements_[std::uint64_t{source} << 40U ^ std::uint64_t{destination} << 8U ^
                                            scene.message.gw_id.value];
    if (before.frame != 0 && before.duration != 0 &&
        since(before.time, scene.time()) > with_tolerance(before.duration)) {
        scene.note(Expert::advertise_late, before.frame);
    }
    before = {scene.time(), scene.frame(), scene.message.duration.value};
}

std::size_t Discovery::memory() const {
    return memory_of(searches_) + open_.capacity() * sizeof(void*) + memory_of(gateways_) +
           memory_of(advertisements_);
}

}  // namespace mqttsnx::story
