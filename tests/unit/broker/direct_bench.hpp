// SPDX-License-Identifier: BSD-3-Clause
//
// What the tests of the engine `direct` share: a loop with an engine on it, a listener that writes down what
// it hears, and a TCP server on loopback whose every octet the test decides. One thread: run_until() turns
// the loop and polls the sockets in turn. Fixtures own all of it, and their end checks that the engine left
// no handle behind.
#ifndef TESTS_UNIT_BROKER_DIRECT_BENCH_HPP
#define TESTS_UNIT_BROKER_DIRECT_BENCH_HPP

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/broker/direct_engine.hpp"
#include "support/hex.hpp"

namespace test {

using mqttsn::Bytes;
using mqttsn::gateway::BrokerUrl;
using mqttsn::gateway::DirectEngine;
using mqttsn::gateway::DirectOptions;
using mqttsn::gateway::LinkCloseReason;
using mqttsn::gateway::LinkId;
namespace mqtt = mqttsn::gateway::mqtt;

/// A packet with its own memory.
struct Heard {
    LinkId link;
    mqtt::Packet packet;
    std::string topic;
    std::string payload;
};

class Recorder final : public mqttsn::gateway::EngineListener {
  public:
    std::vector<std::string>
        events;  ///< "opened 1.1", "refused 1.1 5", "closed 1.1 requested: ...", "congested 1.1"
    std::vector<Heard> packets;
    bool inside_engine = false;
    std::function<void(LinkId)> then_opened = [](LinkId) {};
    std::function<void(LinkId)> then_closed = [](LinkId) {};
    std::function<void(LinkId)> then_packet = [](LinkId) {};

    void on_link_opened(LinkId link, bool session_present) override {
        note("opened " + name(link) + (session_present ? " with session" : ""));
        then_opened(link);
    }
    void on_link_refused(LinkId link, std::uint8_t code) override {
        note("refused " + name(link) + " " + std::to_string(code));
    }
    void on_link_closed(LinkId link, LinkCloseReason reason, std::string_view detail) override {
        static constexpr const char* kReasons[] = {"unreachable",    "unanswered",     "closed_by_peer",
                                                   "protocol_error", "write_overflow", "requested"};
        note("closed " + name(link) + " " + kReasons[static_cast<int>(reason)] + ": " + std::string(detail));
        then_closed(link);
    }
    void on_packet(LinkId link, const mqtt::Packet& packet) override {
        packets.push_back(Heard{link, packet, str(packet.topic), str(packet.payload)});
        packets.back().packet.topic = packets.back().packet.payload = Bytes{};
        if (inside_engine) {
            note("called from inside the engine");
        }
        then_packet(link);
    }
    void on_link_congested(LinkId link, bool congested) override {
        note((congested ? "congested " : "flowing ") + name(link));
    }

    std::size_t count(const std::string& start) const {
        return static_cast<std::size_t>(std::count_if(
            events.begin(), events.end(),
            [&](const std::string& event) { return event.compare(0, start.size(), start) == 0; }));
    }
    bool has(const std::string& start) const { return count(start) > 0; }

    static std::string name(LinkId link) {
        return std::to_string(link.slot) + "." + std::to_string(link.generation);
    }

  private:
    void note(const std::string& event) {
        events.push_back(inside_engine ? "called from inside the engine" : event);
    }
};

/// One connection, seen from the server.
class Peer {
  public:
    explicit Peer(int fd) : fd_(fd) {}
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;
    ~Peer() { close(); }

    Octets received;
    bool ended = false;  ///< the engine closed its side, or reset
    bool reading = true;

    /// Takes what has arrived.
    void poll() {
        std::uint8_t buffer[65536];
        while (fd_ >= 0 && reading && !ended) {
            const ssize_t count = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
            if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
                return;
            }
            if (count <= 0) {
                ended = true;
                return;
            }
            received.insert(received.end(), buffer, buffer + count);
        }
    }
    /// Sends all of it; small enough for the socket's buffer, or the test says when to go on.
    bool send(const Octets& octets) const {
        return ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(octets.size());
    }
    void close() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
        fd_ = -1;
    }
    void reset() {
        const linger at_once{1, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close();
    }

  private:
    int fd_;
};

class Server {
  public:
    Server() {
        fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(fd_, reinterpret_cast<const sockaddr*>(&address), size) == 0 && ::listen(fd_, 128) == 0 &&
            ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
            port_ = ntohs(address.sin_port);
        }
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server() { stop(); }

    std::uint16_t port() const { return port_; }
    std::vector<std::unique_ptr<Peer>> peers;  ///< in the order of their connections
    Octets greeting;                           ///< sent at once to each new connection

    void poll() {
        for (int fd = -1; fd_ >= 0 && (fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
            peers.push_back(std::make_unique<Peer>(fd));
            if (!greeting.empty()) {
                peers.back()->send(greeting);
            }
        }
        for (const auto& peer : peers) {
            peer->poll();
        }
    }
    void stop() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
        fd_ = -1;
    }

  private:
    int fd_ = -1;
    std::uint16_t port_ = 0;
};

/// Loop, engine, listener, server. make_engine() comes first in a test, finish() in the tear-down.
class Bench {
  public:
    uv_loop_t loop{};
    Recorder heard;
    Server server;
    std::unique_ptr<DirectEngine> engine;
    DirectOptions options;
    std::vector<int> descriptors;  ///< whatever a test opens, closed with the bench

    ~Bench() {
        for (const int fd : descriptors) {
            ::close(fd);
        }
    }
    Bench() {
        uv_loop_init(&loop);
        options.url.port = server.port();
    }
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;

    std::string make_engine() {
        std::string error;
        engine = DirectEngine::create(&loop, heard, options, error);
        return error;
    }

    /// Turns the loop until `done`, at most 10 s.
    bool run_until(const std::function<bool()>& done, int timeout_ms = 10000) {
        const std::uint64_t end = uv_hrtime() + static_cast<std::uint64_t>(timeout_ms) * 1000000U;
        while (true) {
            uv_run(&loop, UV_RUN_NOWAIT);
            server.poll();
            if (done()) {
                return true;
            }
            if (uv_hrtime() > end) {
                for (const std::string& event : heard.events) {
                    std::fprintf(stderr, "heard: %s\n", event.c_str());
                }
                return false;
            }
            const timespec pause{0, 500000};
            ::nanosleep(&pause, nullptr);
        }
    }
    bool wait_for(const std::string& event, std::size_t times = 1) {
        return run_until([&] { return heard.count(event) >= times; });
    }
    bool wait_for_packets(std::size_t count) {
        return run_until([&] { return heard.packets.size() >= count; });
    }
    bool wait_for_octets(std::size_t peer, std::size_t count) {
        return run_until(
            [&] { return server.peers.size() > peer && server.peers[peer]->received.size() >= count; });
    }
    void run_ms(int ms) {
        const std::uint64_t end = uv_hrtime() + static_cast<std::uint64_t>(ms) * 1000000U;
        run_until([&] { return uv_hrtime() >= end; });
    }

    void open(LinkId link, const mqtt::Connect& connect) {
        heard.inside_engine = true;
        engine->open(link, connect);
        heard.inside_engine = false;
    }
    void open(LinkId link, std::string_view client_id = "c", bool clean = true) {
        mqtt::Connect connect;
        connect.client_id = view(client_id);
        connect.clean_session = clean;
        open(link, connect);
    }
    void send(LinkId link, const mqtt::Packet& packet) {
        heard.inside_engine = true;
        engine->send(link, packet);
        heard.inside_engine = false;
    }
    void flush() {
        heard.inside_engine = true;
        engine->flush();
        heard.inside_engine = false;
    }
    void close(LinkId link, bool with_disconnect) {
        heard.inside_engine = true;
        engine->close(link, with_disconnect);
        heard.inside_engine = false;
    }
    /// Opens a link to the scripted server and lets it say CONNACK. The new Peer is the last one.
    bool establish(LinkId link) {
        const std::size_t peers = server.peers.size();
        open(link);
        return wait_for_octets(peers, kConnectOctets) && server.peers[peers]->send(hex("20 02 00 00")) &&
               wait_for("opened " + Recorder::name(link));
    }
    Peer& peer() { return *server.peers.back(); }

    static constexpr std::size_t kConnectOctets = 15;  // what open(link) sends for the client id "c"

    /// Ends the engine and runs the loop dry. 0 when no handle is left.
    int finish() {
        if (engine != nullptr) {
            engine->shutdown();
        }
        uv_run(&loop, UV_RUN_DEFAULT);
        engine.reset();
        const int left = uv_loop_close(&loop);
        if (left != 0) {
            std::fprintf(stderr, "handles were left:\n");
            uv_print_all_handles(&loop, stderr);
        }
        return left;
    }
};

inline mqtt::Packet publish(std::string_view topic, std::string_view payload, std::uint8_t qos = 0,
                            std::uint16_t packet_id = 0) {
    mqtt::Packet packet;
    packet.type = mqtt::PacketType::publish;
    packet.topic = view(topic);
    packet.payload = view(payload);
    packet.qos = qos;
    packet.packet_id = packet_id;
    return packet;
}

inline mqtt::Packet with_id(mqtt::PacketType type, std::uint16_t packet_id, std::string_view topic = {},
                            std::uint8_t qos = 0) {
    mqtt::Packet packet;
    packet.type = type;
    packet.packet_id = packet_id;
    packet.topic = view(topic);
    packet.qos = qos;
    return packet;
}

inline int make_bench(void** state) {
    *state = new Bench;
    return 0;
}

inline int end_bench(void** state) {
    const std::unique_ptr<Bench> bench(static_cast<Bench*>(*state));
    return bench->finish();
}

}  // namespace test

#endif
