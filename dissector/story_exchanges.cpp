// SPDX-License-Identifier: GPL-2.0-or-later
#include "dissector/story_exchanges.hpp"

namespace mqttsnx::story {

namespace {

constexpr std::int8_t kNoLine = -1;
constexpr std::size_t kPointer = sizeof(void*);

/// Kinds that share one limit of one without an answer: SN12-77, SN12-73, SN12-85.
std::int8_t line_of(Asked what) {
    switch (what) {
        case Asked::publish:
            return 0;
        case Asked::registration:
            return 1;
        case Asked::subscribe:
        case Asked::unsubscribe:
            return 2;
        default:
            return kNoLine;
    }
}

std::uint64_t key_of(const Client& client, std::size_t way, Asked what, std::uint16_t id) {
    return std::uint64_t{client.number} << 21U | std::uint64_t{way} << 20U |
           static_cast<std::uint64_t>(what) << 16U | id;
}

/// What must be the same in a repetition: all after MsgType, without DUP (D29).
std::uint64_t body_of(const Scene& scene) {
    const Message& message = scene.message;
    const bool has_dup = (flag_bits(message.type.value) & MQTTSN_FLAG_DUP) != 0 && message.flags.there();
    std::uint64_t hash = 0xCBF29CE484222325U;
    for (std::size_t at = message.type.where.end(); at < message.whole.end(); ++at) {
        std::uint8_t octet = scene.captured[at];
        if (has_dup && at == message.flags.where.at) {
            octet = static_cast<std::uint8_t>(octet & ~MQTTSN_FLAG_DUP);
        }
        hash = (hash ^ octet) * 0x100000001B3U;
    }
    return hash;
}

bool may_have_dup(const Scene& scene, Asked what) {
    return what == Asked::publish || (what == Asked::subscribe && scene.type() == Type::subscribe);
}

Line& line_at(std::array<Line, 3>& lines, std::int8_t number) {
    return lines[static_cast<std::uint8_t>(number)];
}

void unlink(std::array<Line, 3>& lines, Request& request) {
    if (request.line == kNoLine) {
        return;
    }
    Line& line = line_at(lines, request.line);
    (request.older != nullptr ? request.older->newer : line.oldest) = request.newer;
    (request.newer != nullptr ? request.newer->older : line.newest) = request.older;
    request.older = request.newer = nullptr;
    request.line = kNoLine;
}

void link(std::array<Line, 3>& lines, Request& request, std::int8_t number) {
    Line& line = line_at(lines, number);
    request.older = line.newest;
    request.newer = nullptr;
    (line.newest != nullptr ? line.newest->newer : line.oldest) = &request;
    line.newest = &request;
    request.line = number;
}

/// Whether the sender, who now asks for something else, has waited its T_retry for this one: as long as
/// between its transmissions, where there were several.
bool given_up(const Request& request, Nanoseconds now) {
    Nanoseconds wait = kShortestRetry;
    if (request.transmissions > 1) {
        const Nanoseconds gap = since(request.first_time, request.last_time) /
                                (static_cast<Nanoseconds>(request.transmissions) - 1);
        wait = gap - gap / 10;
    }
    return since(request.last_time, now) >= wait;
}

/// CONNACK and DISCONNECT answer the step before them, not what was in it.
bool speaks_of_topic(Type type) {
    return type != Type::connack && type != Type::will_msg_req && type != Type::will_msg &&
           type != Type::disconnect;
}

}  // namespace

void Exchanges::inherit_topic(Scene& scene, const Request& request) {
    const Telling& asked = *request.telling;
    Telling& telling = scene.telling;
    if (asked.topic_source == TopicSource::none || !speaks_of_topic(scene.type())) {
        return;
    }
    telling.topic = asked.topic;
    telling.topic_source = asked.topic_source;
    telling.topic_frame = asked.topic_frame;
    if (asked.topic_source == TopicSource::octets && !scene.again()) {
        telling.topic_frame = request.frame;
        const Type type = scene.type();
        if (type == Type::regack) {
            telling.topic_source = TopicSource::registered;
        } else if (type == Type::suback || type == Type::unsuback) {
            telling.topic_source = TopicSource::subscribed;
        }
    }
}

bool Exchanges::is_last(const Scene& scene, const Request& request, Asked what) {
    const std::size_t way = 1 - scene.way();
    return scene.client->last[way] == key_of(*scene.client, way, what, 0) &&
           since(request.last_time, scene.time()) < kRetrySpan;
}

bool Exchanges::is_repeated(const Scene& scene, Asked what, std::uint16_t id) const {
    const std::uint64_t key = key_of(*scene.client, scene.way(), what, id);
    Request* const* found = places_.find(key);
    return found != nullptr && (*found)->body == body_of(scene) && repeats(scene, **found, what, id, key);
}

/// The body is the same: is it the same request, or another that only looks like it?
bool Exchanges::repeats(const Scene& scene, const Request& request, Asked what, std::uint16_t id,
                        std::uint64_t key) const {
    const Client& client = *scene.client;
    const bool dup = may_have_dup(scene, what) && scene.message.dup();
    const bool resumed = (what == Asked::publish && dup) || what == Asked::release;
    if (request.frame == 0 || request.epoch < client.clean_epoch ||
        (request.epoch != client.epoch && !resumed)) {
        return false;
    }
    const Nanoseconds elapsed = since(request.last_time, scene.time());
    const bool last = client.last[scene.way()] == key;
    if (request.refused && has_msg_id(what) && !(last && elapsed < kCopySpan)) {
        return false;  // that exchange is over: whoever asks again hopes for another answer (SN12-76)
    }
    // Given up long ago: the MsgIds have gone round since (D28).
    const bool awaited =
        request.open && (request.line != kNoLine || line_of(what) == kNoLine || elapsed < kRetrySpan);
    switch (what) {
        case Asked::publish:
            return awaited || dup || elapsed < kCopySpan;
        case Asked::release:
        case Asked::registration:
        case Asked::subscribe:
        case Asked::unsubscribe:
            return awaited || dup ||
                   (client.newest[scene.way()][static_cast<std::size_t>(what)] == id && elapsed < kRetrySpan);
        case Asked::publish_unacked:
            return false;
        case Asked::connect:
            // New when that session is over, or the device has done other things in it (D09).
            return client.shown() == State::connecting
                       ? request.answer_frame == 0 || elapsed < kRetrySpan
                       : client.shown() == State::active && last && elapsed < kRetrySpan;
        case Asked::will_topic_request:
        case Asked::will_topic:
        case Asked::will_msg_request:
        case Asked::will_msg:
            return true;  // once in a CONNECT
        case Asked::ping:
            return request.open || elapsed < kCopySpan;
        case Asked::disconnect:
        case Asked::will_topic_update:
        case Asked::will_msg_update:
            return request.open ? last || elapsed < kRetrySpan : last && elapsed < kRetrySpan;
    }
    return false;
}

Request& Exchanges::ask(Scene& scene, Asked what, std::uint16_t id) {
    Client& client = *scene.client;
    const std::uint64_t key = key_of(client, scene.way(), what, id);
    Request*& place = places_[key];
    place = place != nullptr ? place : &requests_.make();
    Request& request = *place;
    const std::uint64_t body = body_of(scene);
    scene.telling.expects_answer = what != Asked::publish_unacked;
    scene.copied = what == Asked::publish_unacked && request.frame != 0 && request.body == body &&
                   since(request.last_time, scene.time()) < kCopySpan;
    if (request.body == body && repeats(scene, request, what, id, key)) {
        repeat(scene, request, what);
    } else {
        if (request.epoch == client.epoch && request.open && request.line != kNoLine) {
            scene.note(Expert::msg_id_reused, request.frame);
        } else if (may_have_dup(scene, what) && scene.message.dup() &&
                   !(request.refused && request.body == body)) {
            scene.note(Expert::dup_first_seen);
        }
        begin(scene, request, what, body);
    }
    request.last_time = scene.time();
    client.asked[scene.way()] |= static_cast<std::uint16_t>(1U << static_cast<unsigned>(what));
    client.last[scene.way()] = key;
    if (has_msg_id(what)) {
        client.newest[scene.way()][static_cast<std::size_t>(what)] = id;
    }
    if (scene.up()) {
        client.last_request = &request;
    }
    return request;
}

void Exchanges::repeat(Scene& scene, Request& request, Asked what) {
    Telling& telling = scene.telling;
    telling.retransmission_of = request.frame;
    telling.retransmission_number = request.transmissions++;
    telling.response_frame = request.answer_frame;
    telling.exchange = request.telling->exchange;
    inherit_topic(scene, request);
    if (request.answer_frame == 0) {
        if (request.repeats == nullptr) {
            request.repeats = std::make_unique<std::vector<Telling*>>();
        }
        request.repeats->push_back(&telling);
        ++repeats_;
    }
    scene.note(Expert::retransmission, request.frame);
    if (what == Asked::publish && !scene.message.dup() &&
        since(request.last_time, scene.time()) >= kCopySpan) {
        scene.note(Expert::retransmission_no_dup, request.frame);
    }
}

void Exchanges::begin(Scene& scene, Request& request, Asked what, std::uint64_t body) {
    std::array<Line, 3>& lines = scene.client->lines[scene.way()];
    unlink(lines, request);
    request = Request{};
    request.telling = &scene.telling;
    request.first_time = scene.time();
    request.body = body;
    request.frame = scene.frame();
    request.epoch = scene.client->epoch;
    request.transmissions = 1;
    request.topic_id = scene.topic_id();
    request.topic_form = scene.message.topic_form;
    request.qos = static_cast<std::int8_t>(scene.message.qos());
    request.open = what != Asked::publish_unacked;
    if (const std::int8_t line = line_of(what); line != kNoLine) {
        judge_line(scene, lines, line, true);
        link(lines, request, line);
    }
    if (what == Asked::publish) {
        Exchange& exchange = exchanges_.make();
        exchange.publish = scene.frame();
        scene.telling.exchange = request.exchange = &exchange;
    }
}

void Exchanges::judge_line(Scene& scene, std::array<Line, 3>& lines, std::int8_t number, bool count_others) {
    Line& line = line_at(lines, number);
    bool told = false;
    while (line.oldest != nullptr) {
        Request& oldest = *line.oldest;
        if (oldest.epoch == scene.client->epoch) {
            if (!given_up(oldest, scene.time())) {
                break;
            }
            if (!told) {
                scene.note(Expert::gave_up, oldest.frame);
                told = true;
            }
        }
        unlink(lines, oldest);
    }
    if (count_others && line.oldest != nullptr) {
        scene.note(Expert::too_many_outstanding, line.oldest->frame);
    }
}

void Exchanges::give_up_all(Scene& scene) {
    for (std::int8_t line = 0; line < 3; ++line) {
        judge_line(scene, scene.client->lines[scene.way()], line, false);
    }
}

/// Of a session that goes on.
Request* Exchanges::request_of(const Scene& scene, std::size_t way, Asked what, std::uint16_t id) const {
    Request* const* found = places_.find(key_of(*scene.client, way, what, id));
    const bool current =
        found != nullptr && (*found)->frame != 0 && (*found)->epoch >= scene.client->clean_epoch;
    return current ? *found : nullptr;
}

Request* Exchanges::find(const Scene& scene, Asked what, std::uint16_t id) const {
    return request_of(scene, 1 - scene.way(), what, id);
}

Request* Exchanges::find_own(const Scene& scene, Asked what, std::uint16_t id) const {
    return request_of(scene, scene.way(), what, id);
}

bool Exchanges::answer(Scene& scene, Request& request) {
    Telling& telling = scene.telling;
    scene.client->last[scene.way()] = 0;
    telling.request_frame = request.frame;
    telling.response_time = since(request.last_time, scene.time());
    telling.exchange_time = since(request.first_time, scene.time());
    telling.exchange = request.telling->exchange;
    inherit_topic(scene, request);
    if (request.answer_frame != 0) {
        if (request.answer_type == scene.message.type.value) {
            telling.duplicate_of = request.answer_frame;
            scene.note(Expert::response_duplicate, request.answer_frame);
        }
        return false;
    }
    request.answer_frame = scene.frame();
    request.refused = scene.message.return_code.there() && !scene.accepted();
    request.answer_type = static_cast<std::uint8_t>(scene.message.type.value);
    request.telling->response_frame = scene.frame();
    if (request.repeats != nullptr) {
        for (Telling* repeated : *request.repeats) {
            repeated->response_frame = scene.frame();
        }
        repeats_ -= request.repeats->size();
        request.repeats.reset();
    }
    return true;
}

Request* Exchanges::answer(Scene& scene, Asked what, std::uint16_t id, bool& first) {
    Request* request = find(scene, what, id);
    if (request == nullptr) {
        unexpected(scene, what);
        first = false;
        return nullptr;
    }
    first = answer(scene, *request);
    return request;
}

void Exchanges::unexpected(Scene& scene, Asked what) const {
    scene.client->last[scene.way()] = 0;
    const unsigned asked = scene.client->asked[1 - scene.way()];
    const bool began_before = !scene.client->connect_seen && (asked >> static_cast<unsigned>(what) & 1U) == 0;
    if (scene.sure && !began_before) {
        scene.note(Expert::response_unexpected);
    }
}

void Exchanges::finish(Scene& scene, Request& request, bool asked_by_sender) {
    request.open = false;
    unlink(scene.client->lines[asked_by_sender ? scene.way() : 1 - scene.way()], request);
}

std::size_t Exchanges::memory() const {
    return places_.memory() + requests_.memory() + exchanges_.memory() + repeats_ * kPointer;
}

}  // namespace mqttsnx::story
