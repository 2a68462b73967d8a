// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who talks to whom: which end of a conversation is the device, which device stands behind an address, and
// where it went when its address changed.
#ifndef DISSECTOR_STORY_PEERS_HPP
#define DISSECTOR_STORY_PEERS_HPP

#include "dissector/story_records.hpp"

namespace mqttsnx::story {

/// What a conversation speaks, once that is certain.
struct Version {
    bool version_2 = false;
    bool version_1 = false;  ///< a CONNECT or CONNACK of 1.2 was seen
};

/// Two endpoints that exchange datagrams. Numbers: 1 = the endpoint with the lower number is the device, -1 =
/// the other is, 0 = not known.
struct Pair {
    std::int8_t types = 0;  ///< what the message types say, with the weight of up to 4 messages
    std::int8_t ports = 0;  ///< what the ports say
    std::int8_t guess = 0;  ///< what messages say that usually come from one side
    std::int8_t first = 0;  ///< as if the first sender were the device
    Version version;        ///< of what is in no envelope
};

class Peers {
  public:
    /// A number for an endpoint, from 1.
    std::uint32_t number_of(const Endpoint& endpoint);
    const Endpoint& endpoint(std::uint32_t number) const { return *endpoints_[number - 1]; }
    /// Stays where it is until the next call.
    Pair& pair_of(std::uint32_t source, std::uint32_t destination);

    /// The version of a device behind forwarders at these two endpoints, in either direction.
    Version& version_behind(std::uint32_t source, std::uint32_t destination, const Datagram& datagram,
                            Octets captured);
    void speaks_version_2(std::uint32_t number) { speakers_of_2_.insert(number); }
    bool has_spoken_version_2(std::uint32_t number) const { return speakers_of_2_.count(number) != 0; }

    /// Decides the direction of the message. Types win over ports, and many messages over one that
    /// contradicts them: that one gets a note.
    /// @param whole  the message is what its type says
    static void orient(Scene& scene, Pair& pair, bool source_is_low, bool whole);

    /// The address of the device, made if need be.
    Peer& peer_of(std::uint32_t gateway, std::uint32_t device, const Datagram& datagram, Octets captured);
    /// The address if it is known, else nullptr.
    Peer* find_peer(std::uint32_t gateway, std::uint32_t device, const Datagram& datagram, Octets captured);
    /// scene.client: who is at scene.peer, someone without a name if need be.
    void meet(Scene& scene);
    /// CONNECT: the device at this address has this client id. Moves the record from another address, lets an
    /// unnamed one have its name, or makes one.
    void introduce(Scene& scene, std::string_view id, bool clean);
    /// PINGREQ with a client id.
    void recognise(Scene& scene, std::string_view id);

    std::uint32_t clients() const { return static_cast<std::uint32_t>(clients_.count()); }
    std::size_t memory() const;

  private:
    struct EndpointHash {
        std::size_t operator()(const Endpoint& endpoint) const;
    };
    struct PeerKey {
        std::uint32_t gateway, device;
        const char* node;  ///< of Texts, nullptr without a forwarder
        friend bool operator==(const PeerKey&, const PeerKey&) = default;
    };
    struct PeerHash {
        std::size_t operator()(const PeerKey& key) const;
    };
    struct NameKey {
        std::uint32_t gateway;
        const char* id;  ///< of Texts
        friend bool operator==(const NameKey&, const NameKey&) = default;
    };
    struct NameHash {
        std::size_t operator()(const NameKey& key) const;
    };
    Client& make_client(Peer& peer);
    Client* named(std::uint32_t gateway, std::string_view kept_id);
    static void leave(Scene& scene);
    static void move_here(Scene& scene, Client& client, bool tell);
    std::string_view node_of(const Datagram& datagram, Octets captured);

    std::unordered_map<Endpoint, std::uint32_t, EndpointHash> numbers_;
    std::vector<const Endpoint*> endpoints_;  ///< by number - 1: the keys of numbers_
    std::array<std::uint32_t, 2> recent_{};   ///< numbers of the endpoints of the last message
    NumberMap<Pair> pairs_;
    std::unordered_map<PeerKey, Peer, PeerHash> peers_;
    std::unordered_map<PeerKey, Version, PeerHash> versions_behind_;
    std::unordered_set<std::uint32_t> speakers_of_2_;  ///< numbers of endpoints
    PeerKey last_key_{};                               ///< of last_peer_
    Peer* last_peer_ = nullptr;
    std::unordered_map<NameKey, Client*, NameHash> names_;
    Pool<Client, 64> clients_;
    Texts texts_;  ///< client ids and node ids
};

}  // namespace mqttsnx::story

#endif
