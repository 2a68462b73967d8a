// SPDX-License-Identifier: BSD-3-Clause
//
// A capture file that Wireshark and tcpdump read: classic pcap (microseconds), link type RAW (101). The IP
// and UDP headers are made up here, with right checksums, so that a dissector finds the ports. It knows
// octets and addresses, nothing of links. Writes block. One thread.
#ifndef TESTS_LOSSY_PCAP_WRITER_HPP
#define TESTS_LOSSY_PCAP_WRITER_HPP

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/core/endpoint.hpp"
#include "lossy/link_settings.hpp"
#include "mqttsn/wire.hpp"

namespace mqttsn::lossy {

constexpr std::uint64_t kPcapOctetsMax = std::uint64_t{1} << 30;  ///< of a file: more, nobody can open

class PcapWriter {
  public:
    PcapWriter() = default;
    /// Writes what is left; what goes wrong then, nobody hears.
    ~PcapWriter();
    PcapWriter(const PcapWriter&) = delete;
    PcapWriter& operator=(const PcapWriter&) = delete;

    /// Makes the file (an old one of this name goes) and writes its head.
    /// @param start  the time of day (since 1970) at which write()'s `at` is 0
    /// @returns "" or one sentence for the operator
    std::string open(const std::string& path, Micros start, std::uint64_t octets_max = kPcapOctetsMax);
    bool active() const { return descriptor_ >= 0; }
    /// One datagram. Both addresses are IPv4 or both IPv6. Does nothing when not active.
    void write(Micros at, const gateway::Endpoint& from, const gateway::Endpoint& to, Bytes payload);
    /// So that the file holds whole records up to now.
    void flush();
    /// Why the capture has stopped: a sentence for the operator, once; else "". It ends with a whole record.
    std::string take_problem();
    std::uint64_t datagrams() const { return datagrams_; }

  private:
    void stop(const std::string& problem);

    std::string path_;
    int descriptor_ = -1;
    Micros start_{0};
    std::uint64_t octets_max_ = 0;
    std::uint64_t written_ = 0;    ///< octets in the file
    std::uint64_t datagrams_ = 0;  ///< also those in buffer_
    std::uint16_t packet_id_ = 0;  ///< IPv4 identification
    std::string problem_;
    std::vector<std::uint8_t> buffer_;  ///< whole records
};

}  // namespace mqttsn::lossy

#endif
