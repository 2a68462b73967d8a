// SPDX-License-Identifier: GPL-2.0-or-later
#include "dissector/story_peers.hpp"

#include <algorithm>

namespace mqttsnx::story {

namespace {

struct Evidence {
    Direction direction = Direction::unknown;
    bool sure = false;  ///< the message exists in this direction only
};

/// Who usually sends this, where both may.
Evidence evidence_of(const Message& message) {
    switch (sender_of(message.type.value)) {
        case MQTTSN_FROM_DEVICE:
            return {Direction::up, true};
        case MQTTSN_FROM_GATEWAY:
            return {Direction::down, true};
        case MQTTSN_FROM_BOTH:
            break;
        default:
            return {};
    }
    switch (message.kind()) {
        case Type::publish:
            return message.qos() < 0 ? Evidence{Direction::up} : Evidence{};
        case Type::register_topic:
            return {message.topic_id.value == 0 ? Direction::up : Direction::down};
        case Type::pingreq:
            return {Direction::up};
        case Type::pingresp:
            return {Direction::down};
        case Type::disconnect:
            return message.duration.there() ? Evidence{Direction::up} : Evidence{};
        default:
            return {};
    }
}

std::int8_t sign_of(Direction direction, bool source_is_low) {
    if (direction == Direction::unknown) {
        return 0;
    }
    return (direction == Direction::up) == source_is_low ? 1 : -1;
}

}  // namespace

std::size_t Peers::EndpointHash::operator()(const Endpoint& endpoint) const {
    std::uint64_t hash = 0xCBF29CE484222325U ^ endpoint.kind ^ (std::uint64_t{endpoint.port} << 16U);
    for (std::size_t i = 0; i < std::min<std::size_t>(endpoint.size, endpoint.octets.size()); ++i) {
        hash = (hash ^ endpoint.octets[i]) * 0x100000001B3U;
    }
    return mixed(hash);
}

std::size_t Peers::PeerHash::operator()(const PeerKey& key) const {
    return mixed((std::uint64_t{key.gateway} << 32U | key.device) ^
                 mixed(static_cast<std::uint64_t>(std::hash<const char*>{}(key.node))));
}

std::size_t Peers::NameHash::operator()(const NameKey& key) const {
    return mixed(key.gateway ^ mixed(static_cast<std::uint64_t>(std::hash<const char*>{}(key.id))));
}

std::uint32_t Peers::number_of(const Endpoint& endpoint) {
    for (const std::uint32_t number : recent_) {  // most captures go to and fro
        if (number != 0 && *endpoints_[number - 1] == endpoint) {
            return number;
        }
    }
    const auto [place, made] =
        numbers_.try_emplace(endpoint, static_cast<std::uint32_t>(endpoints_.size() + 1));
    if (made) {
        endpoints_.push_back(&place->first);
    }
    recent_ = {place->second, recent_[0]};
    return place->second;
}

Pair& Peers::pair_of(std::uint32_t source, std::uint32_t destination) {
    const auto [low, high] = std::minmax(source, destination);
    return pairs_[std::uint64_t{low} << 32U | high];
}

Version& Peers::version_behind(std::uint32_t source, std::uint32_t destination, const Datagram& datagram,
                               Octets captured) {
    const auto [low, high] = std::minmax(source, destination);
    return versions_behind_[{low, high, node_of(datagram, captured).data()}];
}

void Peers::orient(Scene& scene, Pair& pair, bool source_is_low, bool whole) {
    const Evidence evidence = whole ? evidence_of(scene.message) : Evidence{};
    const Sighting& sighting = scene.sighting;
    if (sighting.destination.multicast || sighting.source == sighting.destination) {
        // Nobody's conversation: each message has to tell for itself.
        const Direction direction =
            evidence.direction != Direction::unknown ? evidence.direction : sighting.by_port;
        scene.sure = direction != Direction::unknown;
        scene.telling.direction = direction;
        scene.direction = scene.sure ? direction : Direction::up;
        return;
    }
    const std::int8_t says = sign_of(evidence.direction, source_is_low);
    if (evidence.sure) {
        pair.types = static_cast<std::int8_t>(std::clamp(pair.types + says, -4, 4));
    } else if (pair.guess == 0) {
        pair.guess = says;
    }
    if (const std::int8_t ports = sign_of(sighting.by_port, source_is_low); ports != 0) {
        pair.ports = ports;
    }
    if (pair.first == 0) {
        pair.first = source_is_low ? 1 : -1;
    }
    std::int8_t device = pair.types;
    for (const std::int8_t next : {pair.ports, pair.guess}) {
        device = device != 0 ? device : next;
    }
    scene.sure = device != 0;
    device = device != 0 ? device : pair.first;
    scene.direction = (device > 0) == source_is_low ? Direction::up : Direction::down;
    scene.telling.direction = scene.sure ? scene.direction : Direction::unknown;
    if (evidence.sure && evidence.direction != scene.direction) {
        scene.wrong = true;
        scene.note(Expert::wrong_direction);
    }
}

/// All wireless node ids from the outside to the inside, each with its length before it.
std::string_view Peers::node_of(const Datagram& datagram, Octets captured) {
    if (datagram.envelope_count == 0) {
        return {};
    }
    std::string node;
    for (std::size_t i = 0; i < datagram.envelope_count; ++i) {
        const std::string_view id = text_of(captured, datagram.envelopes[i].node_id);
        node += static_cast<char>(id.size());  // at most 252 octets (SN12-115)
        node += id;
    }
    return texts_.keep(node);
}

Peer& Peers::peer_of(std::uint32_t gateway, std::uint32_t device, const Datagram& datagram, Octets captured) {
    const PeerKey key{gateway, device, node_of(datagram, captured).data()};
    if (last_peer_ == nullptr || key != last_key_) {
        last_key_ = key;
        last_peer_ = &peers_[key];
        last_peer_->gateway = gateway;
    }
    return *last_peer_;
}

Peer* Peers::find_peer(std::uint32_t gateway, std::uint32_t device, const Datagram& datagram,
                       Octets captured) {
    const auto found = peers_.find({gateway, device, node_of(datagram, captured).data()});
    return found == peers_.end() ? nullptr : &found->second;
}

Client& Peers::make_client(Peer& peer) {
    Client& client = clients_.make();
    client.number = static_cast<std::uint32_t>(clients_.count());
    client.gateway = peer.gateway;
    client.peer = &peer;
    peer.client = &client;
    return client;
}

Client* Peers::named(std::uint32_t gateway, std::string_view kept_id) {
    const auto found = names_.find({gateway, kept_id.data()});
    return found == names_.end() ? nullptr : found->second;
}

void Peers::meet(Scene& scene) {
    if (scene.peer->client == nullptr) {
        make_client(*scene.peer);
    }
    scene.client = scene.peer->client;
}

/// Whoever was at this address is there no more. A named session is lost by that (D11).
void Peers::leave(Scene& scene) {
    Client* before = scene.peer->client;
    if (before == nullptr) {
        return;
    }
    if (!before->id.empty() && before->state != State::disconnected) {
        before->state = State::lost;
        before->settled = false;
        before->ended_frame = scene.frame();
    }
    before->peer = nullptr;
    scene.peer->client = nullptr;
}

void Peers::move_here(Scene& scene, Client& client, bool tell) {
    leave(scene);
    if (client.peer != nullptr) {
        client.peer->client = nullptr;
    }
    if (tell) {
        scene.note(Expert::session_moved, client.last_up_frame);
    }
    client.peer = scene.peer;
    client.last = {};  // from a new address nothing is a repetition
    scene.peer->client = &client;
}

void Peers::introduce(Scene& scene, std::string_view id, bool clean) {
    const std::string_view kept = texts_.keep(id);
    Client* here = scene.peer->client;
    Client* known = kept.empty() ? nullptr : named(scene.peer->gateway, kept);
    if (known != nullptr && known != here) {
        const bool live = known->state != State::disconnected && known->state != State::lost;
        move_here(scene, *known, live || !clean);
    } else if (known == nullptr && here != nullptr && !here->id.empty()) {
        leave(scene);
    }
    meet(scene);
    if (scene.client->id.empty() && !kept.empty()) {
        scene.client->id = kept;
        names_[{scene.peer->gateway, kept.data()}] = scene.client;
    }
}

void Peers::recognise(Scene& scene, std::string_view id) {
    const std::string_view kept = texts_.keep(id);
    Client* here = scene.peer->client;
    Client* known = named(scene.peer->gateway, kept);
    if (known != nullptr) {
        if (known != here) {
            move_here(scene, *known, true);
        }
    } else if (here != nullptr && !here->id.empty() && here->connect_seen) {
        scene.note(Expert::ping_unknown_client, here->connect_frame);  // it connected as somebody else
    } else {
        if (here != nullptr && !here->id.empty()) {
            leave(scene);
        }
        meet(scene);
        scene.client->id = kept;
        names_[{scene.peer->gateway, kept.data()}] = scene.client;
    }
    meet(scene);
    if (scene.client->id == kept && scene.client->ping_refused) {
        scene.note(Expert::ping_unknown_client, scene.client->ended_frame);
    }
}

std::size_t Peers::memory() const {
    return memory_of(numbers_) + endpoints_.capacity() * sizeof(void*) + pairs_.memory() + memory_of(peers_) +
           memory_of(names_) + memory_of(versions_behind_) + memory_of(speakers_of_2_) + clients_.memory() +
           texts_.memory();
}

}  // namespace mqttsnx::story
