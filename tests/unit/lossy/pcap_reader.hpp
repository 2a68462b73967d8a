// SPDX-License-Identifier: BSD-3-Clause
//
// Reads what PcapWriter writes, by the file format's description and RFC 791, 8200 and 768, sharing no code
// with it; every length and checksum is verified. For tests; pure, any thread.
#ifndef TESTS_UNIT_LOSSY_PCAP_READER_HPP
#define TESTS_UNIT_LOSSY_PCAP_READER_HPP

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pcap_reader {

struct Packet {
    std::uint64_t time_us = 0;  ///< since 1970
    bool ipv6 = false;
    std::string source;  ///< the octets of the address: 4 or 16
    std::string destination;
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    std::string payload;
};

struct Capture {
    std::string problem;  ///< "" = the file is right in every octet
    std::vector<Packet> packets;
};

class Reader {
  public:
    explicit Reader(std::string_view file) : rest_(file) {}

    Capture read() {
        Capture capture;
        // Magic of microseconds in little-endian, version 2.4, no time zone, no accuracy.
        require(take(8) == std::string_view("\xD4\xC3\xB2\xA1\x02\x00\x04\x00", 8), "magic or version");
        require(little(4) == 0 && little(4) == 0, "zone or accuracy");
        require(little(4) >= 65535, "snapshot length");
        require(little(4) == 101, "link type");
        while (problem_.empty() && !rest_.empty()) {
            capture.packets.push_back(packet());
        }
        capture.problem = problem_;
        return capture;
    }

  private:
    void require(bool ok, const std::string& what) {
        if (!ok && problem_.empty()) {
            problem_ = what;
        }
    }
    std::string_view take(std::size_t count) {
        require(count <= rest_.size(), "cut short");
        const std::string_view taken = rest_.substr(0, count);
        rest_.remove_prefix(taken.size());
        return taken;
    }
    std::uint64_t little(std::size_t count) {
        std::uint64_t value = 0;
        std::uint64_t place = 1;
        for (const char octet : take(count)) {
            value += static_cast<std::uint8_t>(octet) * place;
            place *= 256;
        }
        return value;
    }
    std::uint64_t network(std::size_t count) {
        std::uint64_t value = 0;
        for (const char octet : take(count)) {
            value = value * 256 + static_cast<std::uint8_t>(octet);
        }
        return value;
    }
    /// The one's complement sum of 16 bit words: 0xFFFF over anything with its right checksum in it.
    static std::uint32_t ones_sum(std::string octets) {
        octets.append(octets.size() % 2, '\0');
        std::uint32_t sum = 0;
        for (std::size_t i = 0; i < octets.size(); i += 2) {
            sum += static_cast<std::uint32_t>(static_cast<std::uint8_t>(octets[i])) * 256 +
                   static_cast<std::uint8_t>(octets[i + 1]);
            sum = sum > 0xFFFF ? sum - 0xFFFF : sum;
        }
        return sum;
    }

    Packet packet() {
        Packet packet;
        packet.time_us = little(4) * 1'000'000;
        const std::uint64_t micros = little(4);
        require(micros < 1'000'000, "microseconds");
        packet.time_us += micros;
        const std::uint64_t captured = little(4);
        require(captured == little(4), "captured length");
        const std::string_view after = rest_.substr(std::min<std::size_t>(captured, rest_.size()));
        const std::string_view head = rest_;
        packet.ipv6 = network(1) >> 4U == 6;
        if (packet.ipv6) {
            take(3);  // traffic class and flow label
            require(network(2) + 40 == captured, "IPv6 payload length");
            require(network(1) == 17 && network(1) > 0, "IPv6 next header or hop limit");
        } else {
            require(head.substr(0, 1) == "\x45" && (take(1), network(2) == captured),
                    "IPv4 version or length");
            take(2);
            require(network(2) == 0, "IPv4 fragment");
            require(network(1) > 0 && network(1) == 17, "IPv4 time to live or protocol");
            take(2);
            require(ones_sum(std::string(head.substr(0, 20))) == 0xFFFF, "IPv4 checksum");
        }
        packet.source = take(packet.ipv6 ? 16 : 4);
        packet.destination = take(packet.ipv6 ? 16 : 4);
        udp(packet, captured - (packet.ipv6 ? 40 : 20));
        require(rest_.size() == after.size(), "length of the packet");
        return packet;
    }

    void udp(Packet& packet, std::uint64_t length) {
        const std::string_view segment = rest_.substr(0, std::min<std::size_t>(length, rest_.size()));
        packet.source_port = static_cast<std::uint16_t>(network(2));
        packet.destination_port = static_cast<std::uint16_t>(network(2));
        require(network(2) == length && length >= 8, "UDP length");
        require(network(2) != 0, "no UDP checksum");
        const std::string pseudo = packet.source + packet.destination + std::string("\0\x11", 2) +
                                   static_cast<char>(length / 256) + static_cast<char>(length % 256);
        require(ones_sum(pseudo + std::string(segment)) == 0xFFFF, "UDP checksum");
        packet.payload = take(length >= 8 ? length - 8 : 0);
    }

    std::string_view rest_;
    std::string problem_;
};

inline Capture read(std::string_view file) {
    return Reader(file).read();
}

}  // namespace pcap_reader

#endif
