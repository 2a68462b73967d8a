// SPDX-License-Identifier: BSD-3-Clause
//
// A long capture for measurements: make_traffic CAPTURE PACKETS DEVICES. Every device connects, registers,
// subscribes, and then publishes and receives with QoS 0, 1 and 2, pings, sleeps and wakes, each packet of
// one device followed by those of all others, as a gateway with many devices sees them. The same arguments
// make the same file.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "gateway/core/endpoint.hpp"
#include "lossy/pcap_writer.hpp"
#include "mqttsn/codec.hpp"

namespace {

using mqttsn::Bytes;
using mqttsn::Flags;
using mqttsn::Message;
using mqttsn::ReturnCode;
using mqttsn::gateway::Endpoint;
using mqttsn::lossy::Micros;

constexpr Micros kStart{1'767'225'600'000'000};
constexpr Micros kBetweenPackets{100};
constexpr int kOpening = 6;  // packets with which a device begins
constexpr int kCycle = 18;   // packets after which it begins again

Endpoint address(std::uint32_t host, std::uint16_t port) {
    Endpoint out;
    out.address[10] = out.address[11] = 0xFF;
    out.address[12] = 10;
    out.address[13] = static_cast<std::uint8_t>(host >> 16U);
    out.address[14] = static_cast<std::uint8_t>(host >> 8U);
    out.address[15] = static_cast<std::uint8_t>(host);
    out.port = port;
    return out;
}

Bytes view(const std::string& text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

struct Step {
    bool up;
    Message message;
};

/// The packet number `step` of a device; `texts` holds what the message borrows.
Step step_of(unsigned device, int step, std::array<std::string, 4>& texts) {
    texts = {"device-" + std::to_string(device), "building/" + std::to_string(device) + "/temperature",
             "building/" + std::to_string(device) + "/set", "21.5 degrees"};
    const Flags flags;
    const Bytes data = view(texts[3]);
    const bool again = step >= kOpening;
    const int cycle = again ? (step - kOpening) / kCycle : 0;
    const auto id = [&](int n) { return static_cast<std::uint16_t>(3 + cycle * 5 + n); };
    switch (again ? kOpening + (step - kOpening) % kCycle : step) {
        case 0:
            return {true, mqttsn::make_connect(flags.with_clean_session(true), 600, view(texts[0]))};
        case 1:
            return {false, mqttsn::make_connack(ReturnCode::accepted)};
        case 2:
            return {true, mqttsn::make_register(0, 1, view(texts[1]))};
        case 3:
            return {false, mqttsn::make_regack(1, 1, ReturnCode::accepted)};
        case 4:
            return {true, mqttsn::make_subscribe(flags.with_qos(2), 2, view(texts[2]))};
        case 5:
            return {false, mqttsn::make_suback(flags.with_qos(2), 2, 2, ReturnCode::accepted)};
        case 6:
            return {true, mqttsn::make_publish(flags, 1, 0, data)};
        case 7:
            return {true, mqttsn::make_publish(flags.with_qos(1), 1, id(0), data)};
        case 8:
            return {false, mqttsn::make_puback(1, id(0), ReturnCode::accepted)};
        case 9:
            return {false, mqttsn::make_publish(flags.with_qos(1), 2, id(0), data)};
        case 10:
            return {true, mqttsn::make_puback(2, id(0), ReturnCode::accepted)};
        case 11:
            return {true, mqttsn::make_publish(flags.with_qos(2), 1, id(1), data)};
        case 12:
            return {false, mqttsn::make_pubrec(id(1))};
        case 13:
            return {true, mqttsn::make_pubrel(id(1))};
        case 14:
            return {false, mqttsn::make_pubcomp(id(1))};
        case 15:
            return {true, mqttsn::make_publish(flags.with_qos(1), 1, id(2), data)};
        case 16:
            return {true, mqttsn::make_publish(flags.with_qos(1).with_dup(true), 1, id(2), data)};
        case 17:
            return {false, mqttsn::make_puback(1, id(2), ReturnCode::accepted)};
        case 18:
            return {true, mqttsn::make_disconnect_sleep(600)};
        case 19:
            return {false, mqttsn::make_disconnect()};
        case 20:
            return {true, mqttsn::make_pingreq(view(texts[0]))};
        case 21:
            return {false, mqttsn::make_publish(flags, 2, 0, data)};
        case 22:
            return {false, mqttsn::make_pingresp()};
        default:
            return {false, mqttsn::make_pingresp()};
    }
}

}  // namespace

int main(int argc, char** argv) {
    mqttsn::lossy::PcapWriter capture;
    if (argc != 4 || !capture.open(argv[1], kStart).empty()) {
        std::fprintf(stderr, "usage: make_traffic CAPTURE PACKETS DEVICES\n");
        return 2;
    }
    const unsigned long packets = std::strtoul(argv[2], nullptr, 10);
    const auto devices = static_cast<unsigned>(std::strtoul(argv[3], nullptr, 10));
    const Endpoint gateway = address(1, 1883);
    std::array<std::string, 4> texts;
    std::array<std::uint8_t, 1024> octets{};
    for (unsigned long packet = 0; packet < packets; ++packet) {
        const auto device = static_cast<unsigned>(packet % devices);
        const Step step = step_of(device, static_cast<int>(packet / devices), texts);
        const std::size_t size = mqttsn::encode(step.message, octets.data(), octets.size());
        const Endpoint peer = address(65536 + device, 50000);
        capture.write(kBetweenPackets * static_cast<std::int64_t>(packet), step.up ? peer : gateway,
                      step.up ? gateway : peer, {octets.data(), size});
    }
    capture.flush();
    return capture.take_problem().empty() ? 0 : 1;
}
