// SPDX-License-Identifier: BSD-3-Clause
#include "unit/sim/broker_sides.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>

namespace test {

namespace {

/// How a CONNECT ended, as text.
std::string answer_text(unsigned code, bool present) {
    return code == 0 ? present ? "accepted, present" : "accepted" : "refused " + std::to_string(code);
}

int open_socket(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{10,
                           0};  // only so that a broker that says nothing fails a test instead of hanging it
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(fd);
        return -1;
    }
    return fd;
}

}  // namespace

// ---- The model

std::string ModelSide::connect(std::uint32_t connection, const mqtt::Connect& connect) {
    const auto answer = broker_.connect(connection, connect);
    taken_over_ = answer.taken_over;
    return answer_text(static_cast<unsigned>(answer.code), answer.session_present);
}

void ModelSide::send(std::uint32_t connection, const mqtt::Packet& packet) {
    broker_.handle(connection, packet);
}

void ModelSide::close(std::uint32_t connection, bool with_disconnect) {
    broker_.disconnected(connection, with_disconnect);
}

std::vector<std::string> ModelSide::got(std::uint32_t connection) {
    std::vector<std::string> out;
    for (mqttsn::sim::OwnedPacket owned; broker_.poll(connection, owned);) {
        out.push_back(text_of(owned.view()));
    }
    if (connection == taken_over_) {
        out.push_back("closed");
    }
    return out;
}

bool ModelSide::crash_and_restart() {
    broker_.crash(true);
    return true;
}

// ---- mosquitto

void MosquittoSide::write(const Socket& socket, const mqtt::OctetBuffer& octets) {
    for (std::size_t sent = 0; sent < octets.size();) {
        const ssize_t more = ::send(socket.fd, octets.data() + sent, octets.size() - sent, MSG_NOSIGNAL);
        if (more <= 0) {
            return;  // closed by the broker: reading says so
        }
        sent += static_cast<std::size_t>(more);
    }
}

mqtt::Packet MosquittoSide::numbered(Socket& socket, mqtt::Packet packet) {
    if (packet.type == PacketType::pubrel || (packet.type == PacketType::publish && packet.qos > 0)) {
        auto at = std::find(socket.ids->begin(), socket.ids->end(), packet.packet_id);
        if (at == socket.ids->end()) {
            at = socket.ids->insert(at, packet.packet_id);
        }
        packet.packet_id = static_cast<std::uint16_t>(at - socket.ids->begin() + 1);
    }
    return packet;
}

std::string MosquittoSide::read_packet(Socket& socket) {
    for (;;) {
        const mqtt::Decoded decoded = mqtt::decode(view(socket.in), 1000000);
        if (decoded.status == mqtt::DecodeStatus::error) {
            return std::string("not MQTT: ") + decoded.error;
        }
        if (decoded.status != mqtt::DecodeStatus::need_more) {
            std::string text = decoded.status == mqtt::DecodeStatus::connack
                                   ? answer_text(decoded.connect_code, decoded.session_present)
                                   : text_of(numbered(socket, decoded.packet));
            socket.in.erase(socket.in.begin(), socket.in.begin() + static_cast<std::ptrdiff_t>(decoded.size));
            return text;
        }
        std::uint8_t octets[4096];
        const ssize_t more = ::recv(socket.fd, octets, sizeof octets, 0);
        if (more <= 0) {
            return more == 0 || errno == ECONNRESET ? "closed" : "nothing for 10 s";
        }
        socket.in.insert(socket.in.end(), octets, octets + more);
    }
}

std::string MosquittoSide::connect(std::uint32_t connection, const mqtt::Connect& connect) {
    Socket& socket = sockets_[connection];
    socket.fd = open_socket(broker_.port());
    mqtt::OctetBuffer octets;
    if (socket.fd < 0 || !mqtt::encode_connect(connect, octets)) {
        return "cannot connect";
    }
    write(socket, octets);
    std::string answer = read_packet(socket);
    socket.ids = &sessions_[str(connect.client_id)];
    if (answer != "accepted, present") {
        socket.ids->clear();
    }
    return answer;
}

void MosquittoSide::send(std::uint32_t connection, const mqtt::Packet& packet) {
    const auto found = sockets_.find(connection);
    if (found == sockets_.end()) {
        return;  // the broker has closed it, which the transcript says
    }
    const Socket& socket = found->second;
    mqtt::Packet real = packet;
    const bool is_answer = packet.type == PacketType::puback || packet.type == PacketType::pubrec ||
                           packet.type == PacketType::pubcomp;
    if (is_answer && packet.packet_id <= socket.ids->size()) {
        real.packet_id = (*socket.ids)[packet.packet_id - 1U];
    }
    mqtt::OctetBuffer octets;
    if (mqtt::encode_packet(real, octets)) {
        write(socket, octets);
    }
}

void MosquittoSide::close(std::uint32_t connection, bool with_disconnect) {
    const auto at = sockets_.find(connection);
    if (at == sockets_.end()) {
        return;
    }
    if (with_disconnect) {
        mqtt::OctetBuffer octets;
        mqtt::encode_disconnect(octets);
        write(at->second, octets);
    }
    ::shutdown(at->second.fd, SHUT_WR);
    for (std::string text; text != "closed" && text != "nothing for 10 s";) {
        text = read_packet(at->second);  // the end of the stream says that the broker has dealt with it
    }
    ::close(at->second.fd);
    sockets_.erase(at);
}

std::vector<std::string> MosquittoSide::got(std::uint32_t connection) {
    Socket& socket = sockets_[connection];
    const std::size_t numbered_before = socket.ids->size();
    send(connection, pingreq());
    std::vector<std::string> out;
    for (;;) {
        std::string text = read_packet(socket);
        if (text == "PINGRESP") {
            return out;
        }
        out.push_back(std::move(text));
        if (out.back() == "closed" || out.back() == "nothing for 10 s") {
            ::close(socket.fd);
            socket.ids->resize(numbered_before);  // nobody reads what came before
            sockets_.erase(connection);
            return {out.back()};
        }
    }
}

bool MosquittoSide::crash_and_restart() {
    broker_.stop();
    close_all();
    return broker_.start();
}

void MosquittoSide::close_all() {
    for (const auto& [connection, socket] : sockets_) {
        ::close(socket.fd);
    }
    sockets_.clear();
}

// ---- Both

void Play::connect(std::uint32_t connection, const mqtt::Connect& connect) {
    remark("> " + std::to_string(connection) + " CONNECT " + str(connect.client_id) +
           (connect.clean_session ? " clean" : " kept") + (connect.has_will ? " with will" : ""));
    std::string answers[2];
    for (std::size_t side = 0; side < 2; ++side) {
        answers[side] = sides_[side]->connect(connection, connect);
        write(side, "< " + std::to_string(connection) + " " + answers[side]);
    }
    if (answers[0].rfind("accepted", 0) == 0 && answers[1].rfind("accepted", 0) == 0) {
        open_.push_back(connection);
    }
    settle(connection);
}

void Play::say(std::uint32_t connection, const mqtt::Packet& packet) {
    std::string text = text_of(packet);
    if (packet.type == PacketType::subscribe || packet.type == PacketType::unsubscribe) {
        text = (packet.type == PacketType::subscribe ? "SUBSCRIBE q" + std::to_string(packet.qos)
                                                     : "UNSUBSCRIBE") +
               " " + str(packet.topic);
    }
    remark("> " + std::to_string(connection) + " " + text);
    for (BrokerSide* side : sides_) {
        side->send(connection, packet);
    }
    settle(connection);
}

void Play::end(std::uint32_t connection, bool with_disconnect) {
    remark("> " + std::to_string(connection) + (with_disconnect ? " DISCONNECT" : " lost"));
    for (BrokerSide* side : sides_) {
        side->close(connection, with_disconnect);
    }
    open_.erase(std::remove(open_.begin(), open_.end(), connection), open_.end());
    settle(0);
}

void Play::crash() {
    remark("> crash");
    for (std::size_t side = 0; side < 2; ++side) {
        if (!sides_[side]->crash_and_restart()) {
            write(side, "< it did not start again");
        }
    }
    open_.clear();
    last_.clear();
}

void Play::remark(const std::string& text) {
    write(0, text);
    write(1, text);
}

/// The connection that acted comes first: when its barrier is back, the broker has dealt with the step.
void Play::settle(std::uint32_t first) {
    last_.clear();
    std::vector<std::uint32_t> order = open_;
    std::stable_partition(order.begin(), order.end(), [first](std::uint32_t one) { return one == first; });
    for (const std::uint32_t connection : order) {
        bool closed = false;
        for (std::size_t side = 0; side < 2; ++side) {
            const std::vector<std::string> texts = sides_[side]->got(connection);
            for (const std::string& text : texts) {
                write(side, "< " + std::to_string(connection) + " " + text);
            }
            closed = closed || (!texts.empty() && texts.back() == "closed");
            if (side == 0) {
                last_[connection] = texts;
            }
        }
        if (closed) {
            open_.erase(std::remove(open_.begin(), open_.end(), connection), open_.end());
        }
    }
}

std::vector<std::string> Play::last(std::uint32_t connection) const {
    const auto at = last_.find(connection);
    return at == last_.end() ? std::vector<std::string>{} : at->second;
}

}  // namespace test
