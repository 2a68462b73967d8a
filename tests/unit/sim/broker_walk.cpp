// SPDX-License-Identifier: BSD-3-Clause
//
// The random walk of broker_scripts.hpp: three clients do all that clients may do, in any order.
#include <cstdio>
#include <deque>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "unit/sim/broker_scripts.hpp"

namespace test {

namespace {

class Walk {
  public:
    Walk(Play& play, std::uint32_t seed, std::size_t unreleased_max)
        : play_(play), random_(seed), unreleased_max_(unreleased_max) {}

    void step() {
        Client& client = clients_[below(3)];
        if (client.connection == 0 || below(12) == 0) {
            return connect_or_close(client);
        }
        switch (below(8)) {
            case 0:
                return subscribe_or_unsubscribe(client);
            case 1:
            case 2:
            case 3:
                return acknowledge(client);
            case 4:
                return release(client);
            default:
                return publish_something(client);
        }
    }

  private:
    struct Client {
        Client(const char* client_id, unsigned qos) : id(client_id), granted(qos) {}
        const char* id;
        unsigned granted;  // for all its filters
        std::uint32_t connection = 0;
        bool clean = true;
        std::deque<mqtt::Packet> answers;      // it owes on this connection
        std::vector<mqtt::Packet> unreleased;  // of its session
    };

    std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_()) % limit; }
    std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }

    void connect_or_close(Client& client) {
        const bool open = client.connection != 0;
        const bool takes_over = open && below(3) == 0;
        if (open && !takes_over) {
            below(2) == 0 ? play_.lose(client.connection) : play_.disconnect(client.connection);
            client.connection = 0;
            client.answers.clear();
        } else {
            const bool clean = below(3) == 0;
            if (clean || client.clean) {
                client.unreleased.clear();
            }
            client.clean = clean;
            client.connection = ++connections_;
            client.answers.clear();
            play_.connect(client.connection, clean ? connect_with_will(client.id, true, below(3), "t/will",
                                                                       keep("gone " + next()))
                                                   : connect(client.id, false));
        }
        take_what_came();
    }

    void subscribe_or_unsubscribe(Client& client) {
        static constexpr const char* kFilters[] = {"t/0", "t/1", "t/+", "t/#", "#", "+", "r", "t/will"};
        const char* filter = kFilters[below(8)];
        say(client, below(3) == 0 ? unsubscribe(++ids_, filter) : subscribe(++ids_, client.granted, filter));
    }

    void publish_something(Client& client) {
        static constexpr const char* kTopics[] = {"t/0", "t/1", "t/2", "r", "t", "$t/0"};
        const char* topic = kTopics[below(6)];
        const unsigned qos = below(client.unreleased.size() < unreleased_max_ ? 3 : 2);
        const bool retain = *topic == 'r' && below(2) == 0;
        const auto id = static_cast<std::uint16_t>(qos == 0 ? 0 : ++ids_);
        const mqtt::Packet packet =
            publish(id, qos, topic, retain && below(3) == 0 ? std::string_view{} : keep(next()), retain);
        if (qos == 2) {
            client.unreleased.push_back(packet);
        }
        say(client, packet);
    }

    void release(Client& client) {
        if (client.unreleased.empty()) {
            return;
        }
        const std::uint32_t which = below(static_cast<std::uint32_t>(client.unreleased.size()));
        mqtt::Packet& packet = client.unreleased[which];
        if (!packet.dup && below(3) == 0) {
            packet.dup = true;  // once: the third copy is one too many for mosquitto
            return say(client, mqtt::Packet(packet));
        }
        const std::uint16_t id = packet.packet_id;
        client.unreleased.erase(client.unreleased.begin() + which);
        say(client, pubrel(id));
        if (client.connection != 0 && below(4) == 0) {
            say(client, pubrel(id));
        }
    }

    /// In the order of what came, as clients must (section 4.6).
    void acknowledge(Client& client) {
        if (client.answers.empty()) {
            return;
        }
        const mqtt::Packet answer = client.answers.front();
        client.answers.pop_front();
        say(client, answer);
    }

    void say(const Client& client, const mqtt::Packet& packet) {
        play_.say(client.connection, packet);
        take_what_came();
    }

    /// What the clients owe for what they got in the last step.
    void take_what_came() {
        for (Client& client : clients_) {
            for (const std::string& text : play_.last(client.connection)) {
                unsigned id = 0;
                unsigned qos = 0;
                if (std::sscanf(text.c_str(), "PUBLISH %u q%u", &id, &qos) == 2) {
                    client.answers.push_back(qos == 1 ? puback(static_cast<std::uint16_t>(id))
                                                      : pubrec(static_cast<std::uint16_t>(id)));
                } else if (std::sscanf(text.c_str(), "PUBREL %u", &id) == 1) {
                    client.answers.push_back(pubcomp(static_cast<std::uint16_t>(id)));
                }
            }
        }
    }
    std::string next() { return std::to_string(++payloads_); }

    Play& play_;
    std::mt19937 random_;
    std::size_t unreleased_max_;
    std::deque<std::string> texts_;
    Client clients_[3] = {Client("two", 2), Client("one", 1), Client("zero", 0)};
    std::uint32_t connections_ = 0;
    std::uint32_t payloads_ = 0;
    std::uint16_t ids_ = 0;
};

}  // namespace

void random_walk(Play& play, std::uint32_t seed, unsigned steps, std::size_t unreleased_max) {
    Walk walk(play, seed, unreleased_max);
    for (; steps > 0; --steps) {
        walk.step();
    }
}

}  // namespace test
