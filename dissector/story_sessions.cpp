// SPDX-License-Identifier: GPL-2.0-or-later
#include "dissector/story_sessions.hpp"

namespace mqttsnx::story {

namespace {

/// Seconds for which the device may be silent; 0 = not supervised.
std::uint32_t supervised_for(const Client& client) {
    switch (client.state) {
        case State::active:
            return client.keep_alive;
        case State::asleep:
        case State::awake:
            return client.sleep;
        default:
            return 0;
    }
}

void end(Scene& scene) {
    Client& client = *scene.client;
    client.state = State::disconnected;
    client.overdue = false;
    client.guessed = false;
    client.ended_frame = scene.frame();
    client.refused_time = scene.up() ? -1 : scene.time();
}

/// The device has sent this before it could know that the gateway has ended the session.
bool has_crossed(const Scene& scene) {
    const Nanoseconds refused = scene.client->refused_time;
    return refused != -1 && since(refused, scene.time()) < kCopySpan;
}

Client::Congestion& congestion_of(Client& client, Congested kind) {
    return client.congestion[static_cast<std::size_t>(kind)];
}

}  // namespace

void supervise(Scene& scene) {
    Client& client = *scene.client;
    const std::uint32_t span = supervised_for(client);
    if (span == 0 || !client.heard) {
        return;
    }
    scene.telling.silence = since(client.last_up, scene.time());
    if (!client.overdue && since(client.supervised_since, scene.time()) > with_tolerance(span)) {
        client.overdue = true;
        const bool active = client.state == State::active;
        scene.note(active ? Expert::keep_alive_exceeded : Expert::sleep_exceeded, client.last_up_frame);
    }
}

void supervise_from_gateway(Scene& scene) {
    Client& client = *scene.client;
    // Before the gateway has confirmed the state it may not count yet; a wake-up may take as long as it
    // likes.
    if (client.overdue || !client.settled || client.state == State::awake) {
        return;
    }
    supervise(scene);
    client.vanished = client.overdue;
    if (!client.overdue) {
        scene.telling.silence = -1;
    }
}

void heard_from_device(Scene& scene) {
    Client& client = *scene.client;
    client.vanished = false;
    client.heard = true;
    client.last_up = client.supervised_since = scene.time();
    client.last_up_frame = scene.frame();
}

void heard_from_gateway(Scene& scene) {
    Client& client = *scene.client;
    client.overdue = client.overdue && client.vanished;
    const bool answers_request = scene.telling.request_frame > client.connect_frame && scene.accepted() &&
                                 scene.type() != Type::will_topic_req && scene.type() != Type::will_msg_req;
    if (client.state == State::connecting && answers_request) {
        client.state = State::active;  // the capture has not got the CONNACK
        client.settled = true;
    }
}

void begin_session(Scene& scene) {
    Client& client = *scene.client;
    const Message& message = scene.message;
    if (client.shown() == State::active) {
        scene.note(Expert::connected_again, client.connect_frame);
    }
    ++client.epoch;
    if (client.state != State::connecting) {
        client.kept_epoch = client.clean_epoch;
        client.kept_clean_seen = client.clean_seen;
    }
    if ((message.flags.value & MQTTSN_FLAG_CLEAN_SESSION) != 0) {
        client.clean_epoch = client.epoch;
        client.clean_seen = true;
    }
    client.connect_seen = true;
    client.ping_refused = false;
    client.connect_frame = scene.frame();
    client.connect_time = scene.time();
    client.keep_alive = static_cast<std::uint16_t>(message.duration.value);
    client.sleep = 0;
    client.will_flag = (message.flags.value & MQTTSN_FLAG_WILL) != 0;
    client.will_done = !client.will_flag;
    client.will_topic_asked = client.will_msg_asked = false;
    client.state = State::connecting;
    client.overdue = client.settled = client.guessed = false;
    client.delivered = 0;
}

void accept_session(Scene& scene) {
    Client& client = *scene.client;
    if (client.state == State::connecting && !client.will_done) {
        scene.note(Expert::connack_before_will, client.connect_frame);
    }
    if (client.state == State::connecting || client.state == State::unknown) {
        client.state = State::active;
        client.settled = true;
    }
    client.overdue = false;
}

void refuse_session(Scene& scene) {
    Client& client = *scene.client;
    if (client.state == State::connecting) {  // nothing was begun, and nothing is forgotten
        client.clean_epoch = client.kept_epoch;
        client.clean_seen = client.kept_clean_seen;
    }
    end(scene);
    client.settled = true;
}

void will_asked(Scene& scene) {
    Client& client = *scene.client;
    if (client.state == State::connecting && !client.will_flag) {
        scene.note(Expert::will_not_asked, client.connect_frame);
    }
    (scene.type() == Type::will_topic_req ? client.will_topic_asked : client.will_msg_asked) = true;
}

void will_given(Scene& scene) {
    Client& client = *scene.client;
    const bool topic = scene.type() == Type::will_topic;
    const bool asked = topic ? client.will_topic_asked : client.will_msg_asked;
    const bool awaited = client.state == State::connecting && client.will_flag && asked;
    if (client.connect_seen && !awaited && !scene.again()) {
        scene.note(Expert::will_not_asked, client.connect_frame);
    }
    if (!topic || scene.message.text.size == 0) {  // without a topic there is no message (D42)
        client.will_done = true;
    }
}

void ping_from_device(Scene& scene) {
    Client& client = *scene.client;
    const bool named = scene.message.has_text && scene.message.text.size != 0;
    if (client.state == State::unknown && named) {
        client.guessed = true;  // only sleepers send their id (SN12-46), but some devices do it always
    } else if (client.state != State::asleep) {
        return;
    }
    client.state = State::awake;
    client.delivered = 0;
    client.wake_frame = scene.frame();
}

void end_of_wake_up(Scene& scene) {
    Client& client = *scene.client;
    if (client.state != State::awake) {
        return;
    }
    client.state = State::asleep;
    client.settled = true;
    client.supervised_since = scene.time();
    scene.telling.has_delivered = true;
    scene.telling.delivered = client.delivered;
}

void disconnect_from_device(Scene& scene) {
    Client& client = *scene.client;
    const std::uint32_t duration = scene.message.duration.value;
    client.settled = false;
    if (duration == 0) {  // also the long form with 0 (D22)
        if (client.state != State::disconnected) {
            end(scene);
        }
        return;
    }
    if (client.shown() == State::disconnected) {
        scene.note(Expert::not_connected, client.ended_frame);
        return;
    }
    client.state = State::asleep;
    client.guessed = false;
    client.sleep = static_cast<std::uint16_t>(duration);
}

void disconnect_confirmed(Scene& scene) {
    scene.client->settled = true;
}

void disconnect_from_gateway(Scene& scene) {
    Client& client = *scene.client;
    if (client.shown() != State::disconnected) {
        scene.note(Expert::session_lost, client.connect_frame);
        end(scene);
    }
    client.settled = true;
}

void judge_request_up(Scene& scene) {
    Client& client = *scene.client;
    const State state = client.shown();
    const bool ping = scene.type() == Type::pingreq;
    if (scene.again() || scene.copied) {
        return;
    }
    if ((state == State::disconnected && !has_crossed(scene)) || (state == State::connecting && !ping)) {
        scene.note(Expert::not_connected,
                   state == State::connecting ? client.connect_frame : client.ended_frame);
    } else if (state == State::asleep && !ping && !client.guessed) {
        scene.note(Expert::sent_while_asleep, client.last_up_frame);
    }
}

void judge_request_down(Scene& scene) {
    Client& client = *scene.client;
    if (!client.settled || client.guessed) {
        return;  // the gateway may have sent it before it knew
    }
    if (client.shown() == State::disconnected) {
        scene.note(Expert::not_connected, client.ended_frame);
    } else if (client.shown() == State::asleep) {
        scene.note(Expert::sent_to_asleep, client.last_up_frame);
    }
}

void judge_congestion(Scene& scene, Congested kind) {
    const Client::Congestion& congestion = congestion_of(*scene.client, kind);
    if (congestion.frame == 0) {
        return;
    }
    const Nanoseconds elapsed = since(congestion.time, scene.time());
    // A repetition may have been on its way when the refusal was.
    if (elapsed < kCongestionWait && !(scene.again() && elapsed < kCopySpan)) {
        scene.note(Expert::congestion_ignored, congestion.frame);
    }
}

void remember_congestion(Scene& scene, Congested kind) {
    constexpr std::uint32_t kRejectedCongestion = 1;
    Client::Congestion& congestion = congestion_of(*scene.client, kind);
    if (scene.message.return_code.value == kRejectedCongestion) {
        congestion = {scene.time(), scene.frame()};
    } else if (scene.accepted()) {
        congestion = {};
    }
}

}  // namespace mqttsnx::story
