// SPDX-License-Identifier: GPL-2.0-or-later
#include "dissector/story.hpp"

#include "dissector/story_impl.hpp"

namespace mqttsnx {

using story::Asked;
using story::Scene;

namespace {

bool has_fault(const Datagram& datagram, Expert expert) {
    for (const Fault& fault : datagram.all_faults()) {
        if (fault.expert == expert) {
            return true;
        }
    }
    return false;
}

/// Whether all fixed fields are there and the receiver may have taken the message (D02, D54).
bool is_whole(const Datagram& datagram) {
    for (const Expert fatal : {Expert::length_too_small, Expert::length_beyond, Expert::message_cut_short,
                               Expert::extra_octets, Expert::envelopes_too_deep}) {
        if (has_fault(datagram, fatal)) {
            return false;
        }
    }
    return datagram.has_message && datagram.message.known();
}

/// The capture may have kept fewer octets than the fixed fields take.
bool has_fixed_fields(const Message& message) {
    switch (message.kind()) {
        case Type::advertise:
        case Type::connect:
            return message.duration.there();
        case Type::gateway_info:
            return message.gw_id.there();
        case Type::connack:
        case Type::regack:
        case Type::puback:
        case Type::suback:
        case Type::will_topic_resp:
        case Type::will_msg_resp:
            return message.return_code.there();
        case Type::register_topic:
        case Type::publish:
        case Type::pubrec:
        case Type::pubrel:
        case Type::pubcomp:
        case Type::subscribe:
        case Type::unsubscribe:
        case Type::unsuback:
            return message.msg_id.there();
        case Type::disconnect:  // Length tells whether it has a Duration
            return message.duration.there() || message.whole.size == message.length.value;
        default:
            return true;
    }
}

/// What only MQTT-SN 1.2 has: in 2.0 these numbers are answers of another form (D53).
bool is_connect_or_connack(Type type) {
    return type == Type::connect || type == Type::connack;
}

/// ADVERTISE, SEARCHGW and GWINFO of 2.0; in 1.2 PINGREQ, PINGRESP and DISCONNECT, which go to nobody's
/// group.
bool is_version_2_discovery(const Datagram& datagram) {
    return datagram.envelope_count == 0 && datagram.has_message && datagram.message.type.value >= 0x16 &&
           datagram.message.type.value <= 0x18;
}

bool is_discovery(Type type) {
    return type == Type::advertise || type == Type::search_gateway || type == Type::gateway_info;
}

}  // namespace

/// Only a CONNECT or its CONNACK decides, and for good: 2.0 gives other meanings to the numbers of 1.2 (D53),
/// and many a message of the one is faultless in the other.
bool Story::Impl::is_version_2(Scene& scene, story::Pair& pair, std::uint32_t source,
                               std::uint32_t destination, std::uint32_t reported) {
    if (settings.version != StorySettings::Version::automatic) {
        return settings.version == StorySettings::Version::v2_0;
    }
    const Datagram& datagram = scene.datagram;
    if (scene.sighting.destination.multicast && is_version_2_discovery(datagram) &&
        peers.has_spoken_version_2(source)) {
        return true;
    }
    const bool inside = datagram.envelope_count != 0 && datagram.has_message && !pair.version.version_2;
    story::Version& version =
        inside ? peers.version_behind(source, destination, datagram, scene.captured) : pair.version;
    if (!version.version_2 && !version.version_1) {
        const std::uint32_t at = inside ? datagram.message.whole.at : 0;
        version.version_2 = looks_like_version_2_connect(scene.captured.subspan(at), reported - at);
        version.version_1 = !version.version_2 && is_whole(datagram) && datagram.fault_count == 0 &&
                            is_connect_or_connack(datagram.message.kind());
        if (version.version_2 && !scene.sighting.destination.multicast) {
            peers.speaks_version_2(source);
            peers.speaks_version_2(destination);
        }
    }
    scene.telling.version_2_inside = version.version_2 && inside;
    return version.version_2;
}

void Story::Impl::tell_discovery(Scene& scene, std::uint32_t source, std::uint32_t destination) {
    if (scene.wrong) {
        return;
    }
    const bool answer = scene.type() == Type::gateway_info;
    if (answer) {  // with an address: from a device that knows one (SN12-58)
        scene.direction = scene.message.data.size != 0 && scene.sighting.by_port != Direction::down
                              ? Direction::up
                              : Direction::down;
    } else {
        scene.direction = scene.type() == Type::search_gateway ? Direction::up : Direction::down;
    }
    scene.sure = true;
    scene.telling.direction = scene.direction;
    if (!is_whole(scene.datagram) || !has_fixed_fields(scene.message)) {
        return;
    }
    const std::uint32_t device = answer ? destination : source;
    const story::Peer* searcher = answer ? peers.find_peer(0, device, scene.datagram, scene.captured)
                                         : &peers.peer_of(0, device, scene.datagram, scene.captured);
    discovery.tell(scene, source, destination, searcher);
}

/// QoS -1 needs no session, so it makes none; whose address is known has its name.
void Story::Impl::tell_minus_one(Scene& scene, std::uint32_t source, std::uint32_t destination) {
    scene.direction = scene.telling.direction = Direction::up;
    scene.sure = true;
    if (story::Peer* peer = peers.find_peer(destination, source, scene.datagram, scene.captured)) {
        scene.peer = peer;
        scene.client = peer->client;
    }
    if (scene.client != nullptr) {
        scene.telling.state_before = scene.client->shown();
        story::supervise(scene);
        story::heard_from_device(scene);
        scene.telling.client = scene.client->id;
        scene.telling.stream = scene.client->stream();
        scene.telling.state = scene.client->shown();
        scene.telling.connect_frame = scene.client->connect_frame;
    }
    topics.resolve(scene, scene.sighting.destination);
}

void Story::Impl::tell_of_device(Scene& scene) {
    const bool introduces = scene.sure && scene.up();
    if (introduces && scene.type() == Type::connect) {
        peers.introduce(scene, scene.text(), (scene.message.flags.value & MQTTSN_FLAG_CLEAN_SESSION) != 0);
    } else if (introduces && scene.type() == Type::pingreq && !scene.text().empty()) {
        peers.recognise(scene, scene.text());
    } else {
        peers.meet(scene);
    }
    story::Client& client = *scene.client;
    Telling& telling = scene.telling;
    telling.state_before = client.shown();
    if (introduces) {
        story::supervise(scene);
    } else if (scene.sure) {
        story::supervise_from_gateway(scene);
    }
    telling.connect_frame = client.connect_frame;
    tell_type(scene);
    if (introduces) {
        story::heard_from_device(scene);
    } else if (scene.sure && scene.type() != Type::disconnect && scene.type() != Type::connack) {
        story::heard_from_gateway(scene);
    }
    telling.client = client.id;
    telling.stream = client.stream();
    telling.state = client.shown();
}

/// What cannot be followed is shown with what is known of its device.
void Story::Impl::tell_beside(Scene& scene) {
    if (scene.peer == nullptr || scene.peer->client == nullptr) {
        return;
    }
    const story::Client& client = *scene.peer->client;
    scene.telling.client = client.id;
    scene.telling.stream = client.stream();
    scene.telling.state = scene.telling.state_before = client.shown();
    scene.telling.connect_frame = client.connect_frame;
}

void Story::Impl::tell_type(Scene& scene) {
    const std::uint16_t id = scene.msg_id();
    switch (scene.type()) {
        case Type::connect:
            return connect(scene);
        case Type::connack:
            return connack(scene);
        case Type::will_topic_req:
        case Type::will_msg_req:
            return will_request(scene);
        case Type::will_topic:
        case Type::will_msg:
            return will_data(scene);
        case Type::will_topic_upd:
        case Type::will_msg_upd:
            return will_update(scene);
        case Type::will_topic_resp:
            return simple_answer(scene, Asked::will_topic_update, 0);
        case Type::will_msg_resp:
            return simple_answer(scene, Asked::will_msg_update, 0);
        case Type::register_topic:
            return register_topic(scene);
        case Type::regack:
            return regack(scene);
        case Type::publish:
            return publish(scene);
        case Type::puback:
            return puback(scene);
        case Type::pubrec:
            return pubrec(scene);
        case Type::pubrel:
            return pubrel(scene);
        case Type::pubcomp:
            return pubcomp(scene);
        case Type::subscribe:
        case Type::unsubscribe:
            return subscribe(scene);
        case Type::suback:
            return suback(scene);
        case Type::unsuback:
            return simple_answer(scene, Asked::unsubscribe, id);
        case Type::pingreq:
            return ping(scene);
        case Type::pingresp:
            simple_answer(scene, Asked::ping, 0);
            return scene.sure && !scene.up() ? story::end_of_wake_up(scene) : void();
        case Type::disconnect:
            return scene.up() ? disconnect(scene) : disconnect_down(scene);
        case Type::advertise:
        case Type::search_gateway:
        case Type::gateway_info:
        case Type::envelope:
            return;
    }
}

Story::Story(const StorySettings& settings) : impl_(std::make_unique<Impl>(settings)) {}
Story::~Story() = default;

const Telling* Story::tell(const Sighting& sighting, const Datagram& datagram, Octets captured,
                           std::uint32_t reported) {
    Impl& impl = *impl_;
    Telling& telling = impl.tellings.make();
    const std::uint32_t source = impl.peers.number_of(sighting.source);
    const std::uint32_t destination = impl.peers.number_of(sighting.destination);
    story::Pair& pair = impl.peers.pair_of(source, destination);
    Scene scene{sighting, datagram, datagram.message, captured, telling};
    if (impl.is_version_2(scene, pair, source, destination, reported)) {
        telling.version_2 = true;
        return &telling;
    }
    scene.cut = has_fault(datagram, Expert::capture_cut);
    const bool readable = is_whole(datagram) && has_fixed_fields(datagram.message);
    story::Peers::orient(scene, pair, source <= destination, readable);
    const bool known = datagram.has_message && datagram.message.known();
    if (known && is_discovery(scene.type())) {
        impl.tell_discovery(scene, source, destination);
        return &telling;
    }
    const bool whole = readable && !scene.wrong;
    const bool to_many = sighting.destination.multicast;
    if (whole && scene.type() == Type::publish && scene.message.qos() < 0 && (scene.up() || to_many)) {
        impl.tell_minus_one(scene, source, destination);
        return &telling;
    }
    if (to_many || sighting.source.multicast) {
        return &telling;
    }
    const std::uint32_t gateway = scene.up() ? destination : source;
    const std::uint32_t device = scene.up() ? source : destination;
    if (whole) {
        scene.peer = &impl.peers.peer_of(gateway, device, datagram, captured);
        impl.tell_of_device(scene);
    } else {
        scene.peer = impl.peers.find_peer(gateway, device, datagram, captured);
        impl.tell_beside(scene);
    }
    return &telling;
}

std::uint32_t Story::streams() const {
    return impl_->peers.clients();
}

std::size_t Story::memory() const {
    const Impl& impl = *impl_;
    return impl.tellings.memory() + impl.peers.memory() + impl.exchanges.memory() + impl.topics.memory() +
           impl.discovery.memory();
}

const char* state_name(State state) noexcept {
    switch (state) {
        case State::unknown:
            return "unknown";
        case State::disconnected:
            return "disconnected";
        case State::connecting:
            return "connecting";
        case State::active:
            return "active";
        case State::asleep:
            return "asleep";
        case State::awake:
            return "awake";
        case State::lost:
            return "lost";
    }
    return "unknown";
}

const char* direction_name(Direction direction) noexcept {
    switch (direction) {
        case Direction::up:
            return "device to gateway";
        case Direction::down:
            return "gateway to device";
        case Direction::unknown:
            break;
    }
    return "unknown";
}

}  // namespace mqttsnx
