// SPDX-License-Identifier: GPL-2.0-or-later
//
// What each message means for the exchanges, the topics and the session of its device.
#include "dissector/story_impl.hpp"

namespace mqttsnx {

using story::Asked;
using story::Client;
using story::Congested;
using story::Request;
using story::Scene;
using story::since;

namespace {

constexpr std::uint32_t kInvalidTopicId = 2;  ///< return code (SN12-28)

bool is_reserved(std::uint16_t id) {
    return id == 0 || id == 0xFFFF;
}

/// Messages of such a filter come under names that SUBACK cannot number (D51).
bool is_shared(std::string_view filter) {
    return filter.substr(0, 7) == "$share/";
}

void judge_request(Scene& scene) {
    if (!scene.sure) {
        return;
    }
    scene.up() ? story::judge_request_up(scene) : story::judge_request_down(scene);
}

void judge_request(Scene& scene, Congested kind) {
    judge_request(scene);
    if (scene.sure && scene.up()) {
        story::judge_congestion(scene, kind);
    }
}

void set_once(std::uint32_t& frame, const Scene& scene) {
    frame = frame == 0 ? scene.frame() : frame;
}

/// The request if it was sent in this connection.
Request* of_now(const Scene& scene, Request* request) {
    return request != nullptr && request->epoch == scene.client->epoch ? request : nullptr;
}

/// Links an answer inside the handshake, which is timed from its CONNECT. One that asks in turn and is
/// repeated for that is no duplicate.
void answer_handshake(story::Exchanges& exchanges, Scene& scene, Request& request) {
    if (scene.again() && request.answer_frame != 0) {
        scene.telling.request_frame = request.frame;
        return;
    }
    exchanges.answer(scene, request);
    scene.telling.exchange_time = since(scene.client->connect_time, scene.time());
}

}  // namespace

void Story::Impl::connect(Scene& scene) {
    Client& client = *scene.client;
    if (!exchanges.is_repeated(scene, Asked::connect, 0)) {
        if ((scene.message.flags.value & MQTTSN_FLAG_CLEAN_SESSION) != 0) {
            exchanges.give_up_all(scene);
        }
        story::begin_session(scene);
    }
    Request& request = exchanges.ask(scene, Asked::connect, 0);
    if (scene.again()) {
        return;
    }
    client.handshake = &request;
    scene.telling.connect_frame = 0;
    story::judge_congestion(scene, Congested::connect);
}

void Story::Impl::connack(Scene& scene) {
    Client& client = *scene.client;
    if (Request* step = of_now(scene, client.handshake)) {
        answer_handshake(exchanges, scene, *step);
        exchanges.finish(scene, *step, false);
    } else {
        exchanges.unexpected(scene);
    }
    if (scene.telling.duplicate_of != 0) {
        return;
    }
    scene.accepted() ? story::accept_session(scene) : story::refuse_session(scene);
    story::remember_congestion(scene, Congested::connect);
}

/// WILLTOPICREQ, WILLMSGREQ: answers of the gateway that ask in turn. A repetition is one of the question.
void Story::Impl::will_request(Scene& scene) {
    const bool topic = scene.type() == Type::will_topic_req;
    const Asked before = topic ? Asked::connect : Asked::will_topic;
    exchanges.ask(scene, topic ? Asked::will_topic_request : Asked::will_msg_request, 0);
    Request* step = of_now(scene, exchanges.find(scene, before, 0));
    if (step == nullptr) {
        exchanges.unexpected(scene);
    } else {
        answer_handshake(exchanges, scene, *step);
    }
    story::will_asked(scene);
}

/// WILLTOPIC, WILLMSG
void Story::Impl::will_data(Scene& scene) {
    const bool topic = scene.type() == Type::will_topic;
    Request& request = exchanges.ask(scene, topic ? Asked::will_topic : Asked::will_msg, 0);
    Request* step =
        of_now(scene, exchanges.find(scene, topic ? Asked::will_topic_request : Asked::will_msg_request, 0));
    if (step != nullptr) {
        answer_handshake(exchanges, scene, *step);
    }
    topics.resolve(scene, gateway_of(scene));
    story::will_given(scene);
    scene.client->handshake = &request;
}

/// WILLTOPICUPD, WILLMSGUPD
void Story::Impl::will_update(Scene& scene) {
    const bool topic = scene.type() == Type::will_topic_upd;
    exchanges.ask(scene, topic ? Asked::will_topic_update : Asked::will_msg_update, 0);
    topics.resolve(scene, gateway_of(scene));
    judge_request(scene);
}

void Story::Impl::simple_answer(Scene& scene, Asked what, std::uint16_t id) {
    bool first = false;
    if (Request* request = exchanges.answer(scene, what, id, first)) {
        exchanges.finish(scene, *request, false);
    }
}

void Story::Impl::register_topic(Scene& scene) {
    exchanges.ask(scene, Asked::registration, scene.msg_id());
    topics.resolve(scene, gateway_of(scene));
    judge_request(scene, Congested::registration);
    if (!scene.sure) {
        return;
    }
    if (scene.up()) {
        if (scene.topic_id() != 0) {
            scene.note(Expert::register_id_set);
        }
    } else if (is_reserved(scene.topic_id())) {
        scene.note(Expert::register_id_reserved);
    } else if (!scene.again()) {
        topics.announce(scene);
    }
}

void Story::Impl::regack(Scene& scene) {
    bool first = false;
    Request* request = exchanges.answer(scene, Asked::registration, scene.msg_id(), first);
    if (request == nullptr) {
        return;
    }
    exchanges.finish(scene, *request, false);
    if (!scene.up()) {
        story::remember_congestion(scene, Congested::registration);
        if (scene.accepted() && is_reserved(scene.topic_id())) {
            scene.note(Expert::accepted_id_reserved);
        } else if (scene.accepted() && first) {
            topics.learn(scene, scene.topic_id(), TopicSource::registered);
        }
        return;
    }
    if (!scene.accepted()) {
        if (first) {
            topics.forget(scene, request->topic_id);
        }
        return;
    }
    if (scene.topic_id() != request->topic_id) {
        scene.note(Expert::ack_topic_differs, request->frame);
    }
    topics.confirm(scene, request->topic_id);
}

void Story::Impl::publish(Scene& scene) {
    const int qos = scene.message.qos();
    if (qos < 0) {
        scene.note(Expert::qos_minus_one_down);
        return topics.resolve(scene, gateway_of(scene));
    }
    Request& request = qos == 0 ? exchanges.ask(scene, Asked::publish_unacked, scene.topic_id())
                                : exchanges.ask(scene, Asked::publish, scene.msg_id());
    if (qos != 0) {
        if (Request* release = exchanges.find_own(scene, Asked::release, scene.msg_id());
            release != nullptr && !scene.again()) {
            release->frame = 0;  // of the exchange that had this MsgId before
        }
    }
    topics.resolve(scene, gateway_of(scene));
    judge_request(scene, Congested::publish);
    Client& client = *scene.client;
    if (!scene.up() && client.state == State::awake &&
        (!scene.again() || request.wake_up != client.wake_frame)) {
        ++client.delivered;
        request.wake_up = client.wake_frame;
    }
}

void Story::Impl::puback(Scene& scene) {
    Request* request = exchanges.find(scene, Asked::publish, scene.msg_id());
    if (request == nullptr || (scene.msg_id() == 0 && !request->open)) {
        Request* unacked = exchanges.find(scene, Asked::publish_unacked, scene.topic_id());
        request = unacked != nullptr ? unacked : request;
    }
    if (request == nullptr) {
        return exchanges.unexpected(scene);
    }
    const bool first = exchanges.answer(scene, *request);
    exchanges.finish(scene, *request, false);
    if (request->exchange != nullptr) {
        set_once(request->exchange->puback, scene);
    }
    if (scene.topic_id() != request->topic_id) {
        scene.note(Expert::ack_topic_differs, request->frame);
    }
    if (scene.accepted() && request->qos != 1) {
        scene.note(Expert::ack_qos_differs, request->frame);
    }
    if (scene.up() && scene.accepted() && request->topic_form == TopicForm::id) {
        topics.confirm(scene, request->topic_id);
    }
    if (first && scene.message.return_code.value == kInvalidTopicId && request->topic_form == TopicForm::id) {
        topics.forget(scene, request->topic_id);
    }
    if (!scene.up()) {
        story::remember_congestion(scene, Congested::publish);
    }
}

void Story::Impl::pubrec(Scene& scene) {
    bool first = false;
    Request* request = exchanges.answer(scene, Asked::publish, scene.msg_id(), first);
    if (request == nullptr) {
        return;
    }
    set_once(request->exchange->pubrec, scene);
    if (scene.up() && request->topic_form == TopicForm::id) {
        topics.confirm(scene, request->topic_id);
    }
    if (request->qos != 2) {
        scene.note(Expert::ack_qos_differs, request->frame);
    }
}

void Story::Impl::pubrel(Scene& scene) {
    Request& release = exchanges.ask(scene, Asked::release, scene.msg_id());
    Request* publish = exchanges.find_own(scene, Asked::publish, scene.msg_id());
    if (!scene.up()) {
        judge_request(scene);
    }
    if (scene.again()) {
        scene.telling.exchange = release.exchange;
        return;
    }
    if (publish == nullptr) {
        if (scene.sure && scene.client->clean_seen) {
            scene.note(Expert::qos2_released_early);
        }
        return;
    }
    release.exchange = publish->exchange;
    scene.telling.exchange = publish->exchange;
    story::Exchanges::inherit_topic(scene, *publish);
    if (publish->exchange->pubrec == 0 && publish->epoch == scene.client->epoch) {
        scene.note(Expert::qos2_released_early, publish->frame);
    }
    set_once(publish->exchange->pubrel, scene);
    publish->last_time = scene.time();  // still under way
}

void Story::Impl::pubcomp(Scene& scene) {
    bool first = false;
    Request* release = exchanges.answer(scene, Asked::release, scene.msg_id(), first);
    Request* publish = exchanges.find(scene, Asked::publish, scene.msg_id());
    if (release != nullptr) {
        exchanges.finish(scene, *release, false);
    }
    if (publish == nullptr || publish->qos != 2) {
        return;
    }
    scene.telling.exchange = publish->exchange;
    scene.telling.exchange_time = release != nullptr ? since(publish->first_time, scene.time()) : -1;
    set_once(publish->exchange->pubcomp, scene);
    exchanges.finish(scene, *publish, false);
}

/// SUBSCRIBE, UNSUBSCRIBE
void Story::Impl::subscribe(Scene& scene) {
    const bool begins = scene.type() == Type::subscribe;
    exchanges.ask(scene, begins ? Asked::subscribe : Asked::unsubscribe, scene.msg_id());
    topics.resolve(scene, gateway_of(scene));
    judge_request(scene);
    if (begins) {
        story::judge_congestion(scene, Congested::subscribe);
    }
}

void Story::Impl::suback(Scene& scene) {
    bool first = false;
    Request* request = exchanges.answer(scene, Asked::subscribe, scene.msg_id(), first);
    if (request == nullptr) {
        return;
    }
    exchanges.finish(scene, *request, false);
    story::remember_congestion(scene, Congested::subscribe);
    if (!scene.accepted()) {
        return;
    }
    const int granted = scene.message.qos() < 0 ? 3 : scene.message.qos();
    if (request->qos >= 0 && granted != request->qos) {
        scene.note(granted > request->qos ? Expert::qos_granted_higher : Expert::qos_granted_lower,
                   request->frame);
    }
    const std::uint16_t id = scene.topic_id();
    if (request->topic_form == TopicForm::predefined && id != 0 && id != request->topic_id) {
        scene.note(Expert::ack_topic_differs, request->frame);
    }
    if (request->topic_form != TopicForm::name) {
        return;
    }
    if (scene.telling.topic.empty()) {  // the capture has not all of it: perhaps with wildcards
        return first ? topics.learn(scene, id, TopicSource::subscribed) : void();
    }
    if (has_wildcard(scene.telling.topic)) {
        if (id != 0) {
            scene.note(Expert::suback_id_not_zero, request->frame);
        }
    } else if (!is_shared(scene.telling.topic)) {
        if (is_reserved(id)) {
            scene.note(Expert::accepted_id_reserved, request->frame);
        } else if (first) {
            topics.learn(scene, id, TopicSource::subscribed);
        }
    }
}

void Story::Impl::ping(Scene& scene) {
    exchanges.ask(scene, Asked::ping, 0);
    if (!(scene.up() && scene.client->ping_refused)) {  // else that has been said
        judge_request(scene);
    }
    if (scene.sure && scene.up()) {
        story::ping_from_device(scene);
    }
}

void Story::Impl::disconnect(Scene& scene) {
    exchanges.ask(scene, Asked::disconnect, 0);
    if (!scene.sure || scene.again()) {
        return;
    }
    if (Request* ping = exchanges.find_own(scene, Asked::ping, 0)) {
        exchanges.finish(scene, *ping, true);
    }
    story::disconnect_from_device(scene);
}

/// The gateway's DISCONNECT confirms the device's, or refuses what the device has asked for, or ends the
/// session.
void Story::Impl::disconnect_down(Scene& scene) {
    Client& client = *scene.client;
    if (scene.sure && scene.message.duration.there()) {
        scene.note(Expert::duration_from_gateway);
    }
    Request* last = of_now(scene, client.last_request);
    if (last != nullptr && (!last->open || last->answer_frame != 0)) {
        last = nullptr;
    }
    Request* asked = of_now(scene, exchanges.find(scene, Asked::disconnect, 0));
    const bool confirms =
        asked != nullptr &&
        (asked->answer_frame == 0 ? last == nullptr || last == asked
                                  : story::Exchanges::is_last(scene, *asked, Asked::disconnect));
    if (confirms) {
        exchanges.answer(scene, *asked);
        exchanges.finish(scene, *asked, false);
        return story::disconnect_confirmed(scene);
    }
    bool unknown_client = false;
    if (last != nullptr && since(last->last_time, scene.time()) < story::kRetrySpan) {
        exchanges.answer(scene, *last);
        exchanges.finish(scene, *last, false);
        unknown_client =
            last == exchanges.find(scene, Asked::ping, 0) && !client.connect_seen && !client.id.empty();
    }
    if (!scene.sure) {
        return;
    }
    if (unknown_client) {
        if (!client.ping_refused) {
            scene.note(Expert::ping_unknown_client, last->frame);
        }
        client.ping_refused = true;
        story::refuse_session(scene);
    } else {
        story::disconnect_from_gateway(scene);
    }
}

}  // namespace mqttsnx
