// SPDX-License-Identifier: BSD-3-Clause
#include "lossy/pcap_writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "gateway/app/text.hpp"

namespace mqttsn::lossy {
namespace {

using gateway::Endpoint;
using Octets = std::vector<std::uint8_t>;

constexpr std::size_t kBufferOctets = 64UL * 1024;  // then it is written without waiting for flush()
constexpr std::uint32_t kMagic = 0xA1B2C3D4;        // microseconds
constexpr std::uint32_t kSnapLength = 262144;       // nothing is ever cut
constexpr std::uint32_t kLinkTypeRaw = 101;         // the packet begins with its IP header, version 4 or 6
constexpr std::size_t kRecordHead = 16;
constexpr std::size_t kIpv4Head = 20;
constexpr std::size_t kIpv6Head = 40;
constexpr std::size_t kUdpHead = 8;
constexpr std::uint8_t kProtocolUdp = 17;
constexpr std::uint8_t kHopLimit = 64;

// pcap has the order of the machine that wrote it, and the magic tells which; here it is always
// little-endian.
void put_little(Octets& out, std::uint32_t value, int octets) {
    for (int i = 0; i < octets; ++i) {
        out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    }
}

void put_network(Octets& out, std::uint32_t value, int octets) {
    for (int i = octets - 1; i >= 0; --i) {
        out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    }
}

bool is_ipv4(const Endpoint& endpoint) {
    return std::all_of(endpoint.address.begin(), endpoint.address.begin() + 10,
                       [](std::uint8_t octet) { return octet == 0; }) &&
           endpoint.address[10] == 0xFF && endpoint.address[11] == 0xFF;
}

/// RFC 1071: sums 16 bit words; an odd octet at the end is the high one of a word.
std::uint32_t sum_words(std::uint32_t sum, const std::uint8_t* octets, std::size_t count) {
    for (std::size_t i = 0; i + 1 < count; i += 2) {
        sum += (static_cast<std::uint32_t>(octets[i]) << 8U) | octets[i + 1];
    }
    return count % 2 == 0 ? sum : sum + (static_cast<std::uint32_t>(octets[count - 1]) << 8U);
}

std::uint16_t fold(std::uint32_t sum) {
    while (sum > 0xFFFF) {
        sum = (sum & 0xFFFFU) + (sum >> 16U);
    }
    return static_cast<std::uint16_t>(~sum);
}

std::uint16_t udp_checksum(const Endpoint& from, const Endpoint& to, Bytes payload) {
    // The pseudo header (RFC 768, RFC 8200 section 8.1). The prefix of a mapped IPv4 address is left out; the
    // order of the words makes no difference to the sum.
    const std::size_t skip = is_ipv4(from) ? 12 : 0;
    const auto length = static_cast<std::uint32_t>(payload.size + kUdpHead);
    std::uint32_t sum = sum_words(0, from.address.data() + skip, 16 - skip);
    sum = sum_words(sum, to.address.data() + skip, 16 - skip);
    sum += length + kProtocolUdp + from.port + to.port + length;
    const std::uint16_t checksum = fold(sum_words(sum, payload.data, payload.size));
    return checksum == 0 ? std::uint16_t{0xFFFF} : checksum;  // 0 would say that there is none
}

void put_ipv4_head(Octets& out, const Endpoint& from, const Endpoint& to, std::size_t udp_octets,
                   std::uint16_t id) {
    const std::size_t head = out.size();
    put_network(out, 0x4500, 2);  // version 4, five words
    put_network(out, static_cast<std::uint32_t>(kIpv4Head + udp_octets), 2);
    put_network(out, id, 2);
    put_network(out, 0, 2);  // not a fragment
    put_network(out, (static_cast<std::uint32_t>(kHopLimit) << 8U) | kProtocolUdp, 2);
    put_network(out, 0, 2);
    out.insert(out.end(), from.address.begin() + 12, from.address.end());
    out.insert(out.end(), to.address.begin() + 12, to.address.end());
    const std::uint16_t checksum = fold(sum_words(0, out.data() + head, kIpv4Head));
    out[head + 10] = static_cast<std::uint8_t>(checksum >> 8U);
    out[head + 11] = static_cast<std::uint8_t>(checksum);
}

void put_ipv6_head(Octets& out, const Endpoint& from, const Endpoint& to, std::size_t udp_octets) {
    put_network(out, 0x60000000, 4);
    put_network(out, static_cast<std::uint32_t>(udp_octets), 2);
    put_network(out, (static_cast<std::uint32_t>(kProtocolUdp) << 8U) | kHopLimit, 2);
    out.insert(out.end(), from.address.begin(), from.address.end());
    out.insert(out.end(), to.address.begin(), to.address.end());
}

}  // namespace

PcapWriter::~PcapWriter() {
    flush();
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

std::string PcapWriter::open(const std::string& path, Micros start, std::uint64_t octets_max) {
    path_ = path;
    start_ = start;
    octets_max_ = octets_max;
    descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (descriptor_ < 0) {
        return "cannot write " + gateway::in_quotes(path) + ": " + gateway::system_message(errno);
    }
    put_little(buffer_, kMagic, 4);
    put_little(buffer_, 2, 2);  // version 2.4
    put_little(buffer_, 4, 2);
    put_little(buffer_, 0, 4);
    put_little(buffer_, 0, 4);
    put_little(buffer_, kSnapLength, 4);
    put_little(buffer_, kLinkTypeRaw, 4);
    flush();
    return take_problem();
}

void PcapWriter::write(Micros at, const Endpoint& from, const Endpoint& to, Bytes payload) {
    if (!active()) {
        return;
    }
    const bool ipv4 = is_ipv4(from);
    const std::size_t udp_octets = kUdpHead + payload.size;
    const std::size_t packet = (ipv4 ? kIpv4Head : kIpv6Head) + udp_octets;
    if (written_ + buffer_.size() + kRecordHead + packet > octets_max_) {
        flush();
        stop("the capture " + gateway::in_quotes(path_) + " has " + std::to_string(written_) +
             " octets, no more are written");
        return;
    }
    const auto time = static_cast<std::uint64_t>((start_ + at).count());
    put_little(buffer_, static_cast<std::uint32_t>(time / 1'000'000), 4);
    put_little(buffer_, static_cast<std::uint32_t>(time % 1'000'000), 4);
    put_little(buffer_, static_cast<std::uint32_t>(packet), 4);
    put_little(buffer_, static_cast<std::uint32_t>(packet), 4);
    if (ipv4) {
        put_ipv4_head(buffer_, from, to, udp_octets, packet_id_++);
    } else {
        put_ipv6_head(buffer_, from, to, udp_octets);
    }
    put_network(buffer_, from.port, 2);
    put_network(buffer_, to.port, 2);
    put_network(buffer_, static_cast<std::uint32_t>(udp_octets), 2);
    put_network(buffer_, udp_checksum(from, to, payload), 2);
    buffer_.insert(buffer_.end(), payload.begin(), payload.end());
    ++datagrams_;
    if (buffer_.size() >= kBufferOctets) {
        flush();
    }
}

void PcapWriter::flush() {
    std::size_t done = 0;
    while (active() && done < buffer_.size()) {
        const ssize_t count = ::write(descriptor_, buffer_.data() + done, buffer_.size() - done);
        if (count >= 0) {
            done += static_cast<std::size_t>(count);
        } else if (errno != EINTR) {
            const int error = errno;
            // Half a record would make readers complain about the file.
            static_cast<void>(::ftruncate(descriptor_, static_cast<off_t>(written_)));
            stop("cannot write " + gateway::in_quotes(path_) + ": " + gateway::system_message(error) +
                 "; the capture has stopped");
            return;
        }
    }
    written_ += done;
    buffer_.clear();
}

void PcapWriter::stop(const std::string& problem) {
    ::close(descriptor_);
    descriptor_ = -1;
    buffer_.clear();
    problem_ = problem;
}

std::string PcapWriter::take_problem() {
    return std::exchange(problem_, std::string());
}

}  // namespace mqttsn::lossy
